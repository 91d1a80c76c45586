//! From settings to a running service, and to its end. The order is the promise: the port is taken before a file is
//! made, so that a port in use leaves nothing behind, and nothing is answered before the store is open.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crypto::SystemRandom;
use serde_json::Value;
use server::kms::home::{self, FirstStart, Home, Opened, Terms};
use server::kms::iam::identities_toml::{Refused, Verbs};
use server::kms::iam::verb::Verb;
use server::kms::{Enforcement, Mode, Service, Time};
use server::{Clock, Config, ExitKind, Limits};
use tracing_subscriber::EnvFilter;
use wire::Fault;

use crate::identities::{self, Difference};
use crate::secret_file::{Reserved, Temporary};
use crate::settings::Settings;
use crate::{credentials, say};

/// Runs until the service was told to stop.
///
/// # Errors
/// The sentence why it did not start.
pub(crate) fn start(settings: Settings) -> Result<ExitCode, String> {
    refuse_to_be_reached(&settings)?;
    log_to_stderr(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}; raise the limit of processes and start again"))?;
    if settings.identities_dry_run {
        return runtime.block_on(dry_run(settings));
    }
    let ended = runtime.block_on(run(settings));
    match ended {
        Ok(ExitKind::Finished) => {
            // Tasks that have nothing more to do let go of the store, so that its file is closed and whole by itself.
            runtime.shutdown_timeout(CLOSE_TIMEOUT);
            Ok(ExitCode::SUCCESS)
        }
        Ok(ExitKind::Cut) => {
            // What was cut is not waited for a second time.
            runtime.shutdown_background();
            Err("stopped before every request in hand was answered; nothing acknowledged is lost".to_owned())
        }
        Err(refused) => Err(refused),
    }
}

/// Closing a store takes milliseconds; a disk that hangs must not keep the process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Without TLS an address that other machines reach gives away every plaintext.
fn refuse_to_be_reached(settings: &Settings) -> Result<(), String> {
    if is_loopback(settings.listen) || settings.insecure_listen {
        return Ok(());
    }
    Err(format!(
        "{} is reachable from other machines, and TLS is still to come: listen on 127.0.0.1, or add --insecure-listen \
        to send everything unencrypted",
        settings.listen
    ))
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn log_to_stderr(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // It would complain on standard error that standard error takes nothing, and panic over that.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| format!("cannot log: {error}"))
}

async fn run(settings: Settings) -> Result<ExitKind, String> {
    let listener = server::bind(settings.listen).await.map_err(|error| error.to_string())?;
    let clock = Clock::start();
    let config = Config { mode: settings.mode, cors: settings.cors.clone(), limits: Limits::default() };
    // A task of its own: opening may wait for the disk, and whoever asks meanwhile is told that it is too early.
    let opening = tokio::spawn(begin(settings, say::url(listener.address()), clock.wall()));
    let opened = server::while_opening(&listener, opening).await;
    let begun = opened.map_err(|error| format!("opening the store failed: {error}; the log says where"))??;
    let Begun { service, _credentials } = begun;
    // Before the ready line, so that whoever waits for that may stop the process in order.
    let stop = server::stop_signal().map_err(|error| format!("cannot listen to signals: {error}"))?;
    say::ready(&format!("http://{}", listener.address()));
    Ok(server::run(listener, config, service, clock, stop).await)
}

/// A service that can be asked.
struct Begun {
    service: Arc<Service>,
    /// The credentials of a store in memory, which are worth nothing after it.
    _credentials: Option<Temporary>,
}

/// From the directories to a service that can be asked.
async fn begin(settings: Settings, url: String, now: Time) -> Result<Begun, String> {
    // What was written wrongly is found before anything is made.
    let desired = settings.identities.as_deref().map(identities::read).transpose()?;
    let home = absolute(&settings)?;
    let opened = open(&settings, home.as_ref(), &url, now).await?;
    let account = opened.account.clone();
    tell(&settings, home.as_ref(), &opened, &url);
    let service = service(&settings, opened, now).await?;
    let credentials = match (settings.mode, settings.enforcement) {
        (Mode::Serve, _) | (Mode::Dev, Enforcement::Off) => None,
        (Mode::Dev, Enforcement::Log | Enforcement::On) => {
            let (file, directory) = root_credentials(&settings, home.as_ref(), &service, &account, &url, now).await?;
            say::dev_enforces(settings.enforcement, home.as_ref(), &file, &url);
            directory
        }
    };
    if let (Some(file), Some(desired)) = (&settings.identities, &desired) {
        let verbs = InProcess { service: &service, now };
        if settings.mode == Mode::Dev {
            // It has no account before somebody wants one.
            service.first_account(&account, now).await.map_err(|fault| said(&fault))?;
        }
        let difference = Difference::find(file, desired, &account, &verbs).await?;
        difference.carry_out(&verbs).await?;
        say::identities(&difference.lines(), &difference.done());
    }
    Ok(Begun { service, _credentials: credentials })
}

/// Says what a start would change because of its file of identities, and ends. It makes no store.
async fn dry_run(settings: Settings) -> Result<ExitCode, String> {
    let settings = Settings { no_create: true, ..settings };
    let Some(file) = &settings.identities else { return Ok(ExitCode::SUCCESS) };
    let desired = identities::read(file)?;
    let (home, now) = (absolute(&settings)?, Clock::start().wall());
    let opened = open(&settings, home.as_ref(), &say::url(settings.listen), now).await?;
    let account = opened.account.clone();
    let service = service(&settings, opened, now).await?;
    let verbs = InProcess { service: &service, now };
    let difference = Difference::find(file, &desired, &account, &verbs).await;
    service.close().await;
    let difference = difference?;
    say::answer(&if difference.is_none() { difference.done() + "\n" } else { difference.lines() });
    Ok(if difference.is_none() { ExitCode::SUCCESS } else { ExitCode::from(say::DIFFERENT) })
}

fn absolute(settings: &Settings) -> Result<Option<Home>, String> {
    settings.home.as_ref().map(Home::absolute).transpose().map_err(|refusal| refusal.to_string())
}

async fn service(settings: &Settings, opened: Opened, now: Time) -> Result<Arc<Service>, String> {
    let Settings { mode, enforcement, quotas, region, .. } = settings;
    let random = Arc::new(SystemRandom);
    let started = Service::start(opened, *mode, *enforcement, *quotas, region.clone(), random, now).await;
    started.map_err(|error| error.to_string())
}

/// The file with the credentials of the account's root in a `dev` that asks for them: beside the seal key, where it
/// stays, or for a store in memory in a directory that goes with it.
async fn root_credentials(
    settings: &Settings,
    home: Option<&Home>,
    service: &Service,
    account: &str,
    url: &str,
    now: Time,
) -> Result<(PathBuf, Option<Temporary>), String> {
    let directory = if home.is_none() { Some(Temporary::make()?) } else { None };
    let file = match (home, &directory) {
        (Some(home), _) => home.credentials(),
        (None, directory) => directory.as_ref().map_or_else(PathBuf::new, |made| made.path().join("credentials")),
    };
    if file.exists() {
        return Ok((file, directory));
    }
    let place = Reserved::at(&file)?;
    let (id, secret) = service
        .issue_root(account, now)
        .await
        .map_err(|fault| format!("no credentials could be made for {}: {}", file.display(), said(&fault)))?;
    // A port that the system chose is another one next time.
    let endpoint = (settings.listen.port() != 0 || home.is_none()).then_some(url);
    place.fill(&credentials::text(&id, &secret, &settings.region, endpoint))?;
    Ok((file, directory))
}

/// Verbs that the start itself sends, as the root of the account that each is about.
struct InProcess<'a> {
    service: &'a Service,
    now: Time,
}

impl Verbs for InProcess<'_> {
    async fn ask(&self, account: &str, verb: Verb, body: &[u8]) -> Result<Value, Refused> {
        let refused = |fault: Fault| Refused { name: fault.name.to_owned(), message: said(&fault) };
        let answer = self.service.at_start(account, verb, body, self.now).await.map_err(refused)?;
        Ok(serde_json::from_slice(&answer).unwrap_or_default())
    }
}

/// A fault's sentence, or its name where it has none.
fn said(fault: &Fault) -> String {
    fault.message.clone().unwrap_or_else(|| fault.name.to_owned())
}

async fn open(settings: &Settings, home: Option<&Home>, url: &str, now: Time) -> Result<Opened, String> {
    let terms = Terms {
        mode: settings.mode,
        create: !settings.no_create,
        account: settings.account.clone(),
        region: settings.region.clone(),
        // A port that the system chose is another one next time.
        endpoint: (settings.listen.port() != 0).then(|| url.to_owned()),
    };
    match home {
        None => Ok(home::in_memory(&SystemRandom)),
        Some(home) => home::open(home, &terms, &SystemRandom, now).await.map_err(|refusal| refusal.to_string()),
    }
}

/// What every start says, and what only the first one does.
fn tell(settings: &Settings, home: Option<&Home>, opened: &Opened, url: &str) {
    match (settings.mode, home, &opened.first_start) {
        (Mode::Serve, Some(home), Some(FirstStart { access_key_id: _ })) => {
            say::first_start(home, &opened.account, url);
        }
        (Mode::Dev, home, _) if settings.enforcement == Enforcement::Off => {
            say::dev_is_open(home, url, &settings.region);
        }
        (Mode::Serve | Mode::Dev, _, _) => {}
    }
    if !is_loopback(settings.listen) {
        say::reachable(settings.listen);
    }
}
