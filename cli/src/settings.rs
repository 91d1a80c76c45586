//! What holds in the end: an option before its variable (which is clap's doing), that before the file, and that before
//! the default. Whether the settings can be carried out is found out by starting.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use server::kms::home::{Account, Home};
use server::kms::{Enforcement, Mode, Quotas};

use crate::file::File;
use crate::options::{Common, Dev, PORT, Serve};

/// Everything that a start needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) enforcement: Enforcement,
    pub(crate) listen: SocketAddr,
    pub(crate) insecure_listen: bool,
    /// Where the store lives; `None` is in memory, which only `dev` can.
    pub(crate) home: Option<Home>,
    pub(crate) account: Option<Account>,
    pub(crate) region: String,
    pub(crate) log: String,
    pub(crate) no_create: bool,
    pub(crate) cors: Vec<String>,
    pub(crate) quotas: Quotas,
    pub(crate) identities: Option<PathBuf>,
    /// Whether to end once it is told what the identities would change.
    pub(crate) identities_dry_run: bool,
}

impl Settings {
    /// What `trent serve` was told, and the file that it names.
    ///
    /// # Errors
    /// A sentence about the file.
    pub(crate) fn serve(serve: Serve) -> Result<Settings, String> {
        let file = file(&serve.common)?;
        if file.enforce.is_some() {
            return Err(
                "`enforce` in the settings file is for `trent dev`; `trent serve` always enforces: leave it out"
                    .to_owned(),
            );
        }
        complete(serve_with(serve, file))
    }

    /// What `trent dev` was told, and the file that it names.
    ///
    /// # Errors
    /// A sentence about the file.
    pub(crate) fn dev(dev: Dev) -> Result<Settings, String> {
        let file = file(&dev.common)?;
        if file.account.is_some() {
            return Err("`account` in the settings file is for `trent serve`; in `trent dev` an access key id of 12 \
                        digits is the account: leave it out"
                .to_owned());
        }
        complete(dev_with(dev, file)?)
    }
}

fn complete(settings: Settings) -> Result<Settings, String> {
    if settings.identities_dry_run && settings.identities.is_none() {
        return Err("a dry run needs a file: name it with --identities".to_owned());
    }
    Ok(settings)
}

fn file(common: &Common) -> Result<File, String> {
    common.config.as_deref().map_or_else(|| Ok(File::default()), File::read)
}

fn serve_with(serve: Serve, mut file: File) -> Settings {
    let data = serve.data.or(file.data.take()).unwrap_or_else(|| PathBuf::from("trent-data"));
    let secrets = serve.secrets.or(file.secrets.take()).unwrap_or_else(|| PathBuf::from("trent-secrets"));
    let account = serve.account.or(file.account.take());
    Settings { account, ..common_with(Mode::Serve, serve.common, file, Some(Home { data, secrets })) }
}

fn dev_with(dev: Dev, mut file: File) -> Result<Settings, String> {
    let (data, secrets) = (dev.data.or(file.data.take()), dev.secrets.or(file.secrets.take()));
    let home = match (data, secrets) {
        (Some(data), Some(secrets)) => Some(Home { data, secrets }),
        (Some(data), None) => Some(Home { secrets: beside(&data)?, data }),
        // A directory for secrets says nothing as long as there is no other; `serve` may share the file or the
        // variable.
        (None, _) => None,
    };
    let enforcement = dev.enforce.or(file.enforce).unwrap_or(Mode::Dev.enforcement());
    Ok(Settings { enforcement, ..common_with(Mode::Dev, dev.common, file, home) })
}

/// `keys` → `keys-secrets`: apart from the data, so that a copy of that alone opens nothing.
fn beside(data: &Path) -> Result<PathBuf, String> {
    let mut name = data
        .file_name()
        .ok_or_else(|| {
            format!("{} has no name to put the secrets beside: name their directory with --secrets", data.display())
        })?
        .to_owned();
    name.push("-secrets");
    Ok(data.with_file_name(name))
}

fn common_with(mode: Mode, common: Common, file: File, home: Option<Home>) -> Settings {
    let quotas = Quotas::default();
    Settings {
        mode,
        enforcement: mode.enforcement(),
        listen: common.listen.or(file.listen).unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
        insecure_listen: common.insecure_listen.or(file.insecure_listen).unwrap_or(false),
        home,
        account: None,
        region: common.region.or(file.region).unwrap_or_else(|| "us-east-1".to_owned()),
        log: common.log.or(file.log).unwrap_or_else(|| log_of(mode).to_owned()),
        no_create: common.no_create.or(file.no_create).unwrap_or(false),
        cors: common.cors.or(file.cors).unwrap_or_default(),
        quotas: Quotas {
            keys: common.quota_keys.or(file.quotas.keys).unwrap_or(quotas.keys),
            aliases_per_key: (common.quota_aliases_per_key.or(file.quotas.aliases_per_key))
                .unwrap_or(quotas.aliases_per_key),
            grants_per_key: common.quota_grants_per_key.or(file.quotas.grants_per_key).unwrap_or(quotas.grants_per_key),
            requests: common.request_quotas.or(file.request_quotas).unwrap_or(quotas.requests),
        },
        identities: common.identities.or(file.identities),
        identities_dry_run: common.identities_dry_run.or(file.identities_dry_run).unwrap_or(false),
    }
}

/// Who develops against it wants to see the calls; who operates it has the audit trail for those that went well.
fn log_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Serve => "info",
        Mode::Dev => "info,server=debug",
    }
}
