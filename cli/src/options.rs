//! What can be typed: commands, flags and their variables. Nothing here has a default, because a file may come between;
//! the texts are what `trent --help` prints.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand};
use server::kms::home::Account;
use server::kms::{Enforcement, Quotas, RequestQuotas};
use tracing_subscriber::EnvFilter;

use crate::admin::Admin;
use crate::explain::Explain;

/// A key management service that speaks the AWS KMS API, on keys that you hold.
///
/// Every AWS client works with it: point it at the address that Trent prints.
#[derive(Debug, Parser)]
#[command(name = "trent", version, arg_required_else_help = true, after_help = AFTER)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER: &str = "\
Exit codes: 0 done or stopped as asked, 1 refused, failed or cut short, 2 an option or setting is not understood,
3 a dry run found something to change.";

const AFTER_SETTINGS: &str = "\
Each option can also be set by its variable or, as in no_create = true, in the file that --config names;
an option counts before its variable, and the variable before the file.

Exit codes: 0 stopped as asked, 1 refused to start or cut short, 2 an option or setting is not understood,
3 a dry run found something to change.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service: keys on disk, every signature verified
    ///
    /// The first start makes a store in the data directory and, apart from it, a seal key and the credentials of one
    /// account. Copy the seal key to another place: without it nothing in the store can ever be read.
    #[command(after_help = AFTER_SETTINGS)]
    Serve(Serve),
    /// Run the same service open, for development and tests: any credentials, keys in memory
    ///
    /// Nothing is checked about who is asking, unless --enforce says so. An access key id of 12 digits is the account,
    /// any other means account 000000000000.
    #[command(after_help = AFTER_SETTINGS)]
    Dev(Dev),
    /// Say who may: accounts, users, roles, their policies and access keys
    #[command(arg_required_else_help = true)]
    Admin(Admin),
    /// Ask why: which statement of which policy, or which grant, allows or denies
    ///
    /// It asks a running Trent and uses no key.
    Explain(Explain),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where the store lies [default: ./trent-data]
    #[arg(long, value_name = "DIR", env = "TRENT_DATA", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,

    /// Where the seal key and the first credentials lie [default: ./trent-secrets]
    #[arg(long, value_name = "DIR", env = "TRENT_SECRETS", hide_env_values = true)]
    pub(crate) secrets: Option<PathBuf>,

    /// The account that a first start makes, for ever [default: 12 random digits]
    #[arg(long, value_name = "12 DIGITS", env = "TRENT_ACCOUNT", hide_env_values = true, value_parser = account)]
    pub(crate) account: Option<Account>,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Keep the keys in this directory [default: in memory, gone at the end]
    #[arg(long, value_name = "DIR", env = "TRENT_DATA", hide_env_values = true)]
    pub(crate) data: Option<PathBuf>,

    /// Where the seal key of that directory lies [default: beside it, as DIR-secrets]
    #[arg(long, value_name = "DIR", env = "TRENT_SECRETS", hide_env_values = true)]
    pub(crate) secrets: Option<PathBuf>,

    /// Verify signatures and ask policies as `serve` does; with =log every call passes, and what would have been
    /// refused is logged [default: off]
    #[arg(long, value_name = "on|log|off", env = "TRENT_ENFORCE", hide_env_values = true, value_parser = enforce,
          num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    pub(crate) enforce: Option<Enforcement>,

    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Where to listen; port 0 takes a free one [default: 127.0.0.1:4599]
    #[arg(long, value_name = "ADDRESS:PORT", env = "TRENT_LISTEN", hide_env_values = true, value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,

    /// The Region that the credentials name and that an unsigned request is in [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "TRENT_REGION", hide_env_values = true, value_parser = region)]
    pub(crate) region: Option<String>,

    /// A file with settings, each a line such as `listen = "127.0.0.1:4599"`
    #[arg(long, value_name = "trent.toml", env = "TRENT_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// What to log to standard error: error, warn, info, debug, trace, or per part as in `info,server=debug`, which
    /// shows every call and is what `dev` logs [default: info]
    #[arg(long, value_name = "FILTER", env = "TRENT_LOG", hide_env_values = true, value_parser = log)]
    pub(crate) log: Option<String>,

    /// Refuse to start where there is no store, rather than make one
    #[arg(long, env = "TRENT_NO_CREATE", hide_env_values = true, value_parser = BoolishValueParser::new(),
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          hide_possible_values = true)]
    pub(crate) no_create: Option<bool>,

    /// Listen on an address that other machines reach, although nothing is encrypted yet
    #[arg(long, env = "TRENT_INSECURE_LISTEN", hide_env_values = true, value_parser = BoolishValueParser::new(),
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          hide_possible_values = true)]
    pub(crate) insecure_listen: Option<bool>,

    /// Accounts, users and roles that there shall be, a file that each start applies [default: none]
    #[arg(long, value_name = "identities.toml", env = "TRENT_IDENTITIES", hide_env_values = true)]
    pub(crate) identities: Option<PathBuf>,

    /// Only print what that file would change, change nothing, and end
    #[arg(long, env = "TRENT_IDENTITIES_DRY_RUN", hide_env_values = true, value_parser = BoolishValueParser::new(),
          num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL",
          hide_possible_values = true)]
    pub(crate) identities_dry_run: Option<bool>,

    /// An origin whose web pages may use keys, as in `https://app.example`; may be repeated [default: none]
    #[arg(long, value_name = "ORIGIN", env = "TRENT_CORS", hide_env_values = true, value_delimiter = ',',
          value_parser = origin)]
    pub(crate) cors: Option<Vec<String>>,

    /// How many keys an account may have in one Region [default: 100000; in the file `keys` under `[quotas]`]
    #[arg(long, value_name = "NUMBER", env = "TRENT_QUOTA_KEYS", hide_env_values = true)]
    pub(crate) quota_keys: Option<u32>,

    /// How many aliases a key may have, at most 200 [default: 50; in the file `aliases_per_key` under `[quotas]`]
    #[arg(long, value_name = "NUMBER", env = "TRENT_QUOTA_ALIASES_PER_KEY", hide_env_values = true,
          value_parser = aliases)]
    pub(crate) quota_aliases_per_key: Option<u32>,

    /// How many grants a key may have [default: 50000; in the file `grants_per_key` under `[quotas]`]
    #[arg(long, value_name = "NUMBER", env = "TRENT_QUOTA_GRANTS_PER_KEY", hide_env_values = true)]
    pub(crate) quota_grants_per_key: Option<u32>,

    /// How many requests of each kind an account may send a second to one Region: `aws` for AWS's rates, a number for
    /// all kinds, or off; what is beyond is told ThrottlingException [default: off]
    #[arg(long, value_name = "aws|NUMBER|off", env = "TRENT_REQUEST_QUOTAS", hide_env_values = true,
          value_parser = request_quotas)]
    pub(crate) request_quotas: Option<RequestQuotas>,
}

/// An address and a port; `localhost` is written so often that it is understood.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    let local = |port: &str| port.parse().ok().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let parsed = text.parse().ok().or_else(|| text.strip_prefix("localhost:").and_then(local));
    parsed.ok_or_else(|| "it must be an address and a port, as in 127.0.0.1:4599".to_owned())
}

/// An account id.
pub(crate) fn account(text: &str) -> Result<Account, String> {
    Account::parse(text).ok_or_else(|| "an account has 12 digits, as in 123456789012".to_owned())
}

/// A Region's name; it is written into a file that other programs read, so it has no other letters.
pub(crate) fn region(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_one = !text.is_empty() && text.len() <= REGION_BYTES && text.bytes().all(fits);
    is_one
        .then(|| text.to_owned())
        .ok_or_else(|| "a Region has small letters, digits and dashes, as in us-east-1".to_owned())
}

/// A filter for the log.
pub(crate) fn log(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{error}; a level such as info will do")),
    }
}

/// An origin as browsers send it (RFC 6454 section 6.2): scheme, host and port, nothing after them.
pub(crate) fn origin(text: &str) -> Result<String, String> {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    let is_one = text == "*" || rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '?', '#', ' ', '@']));
    let example = "an origin is scheme, host and port without a path, as in https://app.example";
    is_one.then(|| text.to_owned()).ok_or_else(|| example.to_owned())
}

/// How much `dev` enforces.
pub(crate) fn enforce(text: &str) -> Result<Enforcement, String> {
    match text {
        "on" | "true" | "1" | "yes" => Ok(Enforcement::On),
        "log" => Ok(Enforcement::Log),
        "off" | "false" | "0" | "no" => Ok(Enforcement::Off),
        _ => Err("it must be on, log or off".to_owned()),
    }
}

/// How many requests are answered a second.
pub(crate) fn request_quotas(text: &str) -> Result<RequestQuotas, String> {
    match text {
        "aws" => Ok(RequestQuotas::Aws),
        "off" => Ok(RequestQuotas::Off),
        number => number
            .parse()
            .map(RequestQuotas::Each)
            .map_err(|_| format!("it must be aws, off or a number from 1 to {}", u32::MAX)),
    }
}

/// How many aliases a key may have.
pub(crate) fn aliases(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number <= Quotas::MOST_ALIASES_PER_KEY);
    number.ok_or_else(|| format!("it must be a number from 0 to {}", Quotas::MOST_ALIASES_PER_KEY))
}

/// Where Trent listens unless somebody says otherwise.
pub(crate) const PORT: u16 = 4599;

/// The longest name of a Region that AWS has is 14 bytes.
const REGION_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Options::command().debug_assert();
    }

    #[test]
    fn values_are_understood_or_refused() {
        type Reads = fn(&str) -> bool;
        let table: [(&str, Reads, &[&str], &[&str]); 8] = [
            (
                "address",
                |text| address(text).is_ok(),
                &["127.0.0.1:0", "[::1]:4599", "localhost:4599"],
                &["", "4599", ":4599", "localhost", "kms.example:4599", "127.0.0.1", "127.0.0.1:65536"],
            ),
            (
                "account",
                |text| account(text).is_ok(),
                &["123456789012", "000000000001"],
                &["", "12345678901", "1234567890123", "12345678901a", "１２３４"],
            ),
            (
                "region",
                |text| region(text).is_ok(),
                &["us-east-1", "cn-north-1", "us-gov-west-1", "local"],
                &["", "US-EAST-1", "us east", "us-east-1\nx = y", "a/b"],
            ),
            ("log", |text| log(text).is_ok(), &["info", "off", "info,server=debug"], &["server=loud", "a=b=c"]),
            (
                "origin",
                |text| origin(text).is_ok(),
                &["*", "https://app.example", "http://localhost:3000", "http://[::1]:80"],
                &["", "app.example", "https://", "https://app.example/", "https://a@b"],
            ),
            ("enforce", |text| enforce(text).is_ok(), &["on", "true", "log", "off", "0"], &["", "On", "warn", "2"]),
            (
                "request quotas",
                |text| request_quotas(text).is_ok(),
                &["aws", "off", "1", "5", "4294967295"],
                &["", "AWS", "on", "0", "-1", "0.5", "4294967296", "5/s"],
            ),
            ("aliases", |text| aliases(text).is_ok(), &["0", "50", "200"], &["", "-1", "201", "many", "4294967297"]),
        ];
        for (what, reads, good, bad) in table {
            good.iter().for_each(|text| assert!(reads(text), "{what}: {text:?} is refused"));
            bad.iter().for_each(|text| assert!(!reads(text), "{what}: {text:?} is taken"));
        }
    }
}
