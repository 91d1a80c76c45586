//! `trent admin recover`: the way back in, with the seal key and without a server. What is done to the store is the
//! service's; here is what was typed, and where the new secret goes.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use crypto::SystemRandom;
use server::Clock;
use server::kms::home::{Account, Home};
use server::kms::recover;

use super::waiting_for;
use crate::secret_file::{self, Reserved};
use crate::{credentials, options, say};

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// Where the store lies [default: ./trent-data]
    #[arg(long, value_name = "DIR", env = "TRENT_DATA", hide_env_values = true)]
    data: Option<PathBuf>,

    /// Where the seal key lies, and the new credentials go [default: ./trent-secrets]
    #[arg(long, value_name = "DIR", env = "TRENT_SECRETS", hide_env_values = true)]
    secrets: Option<PathBuf>,

    /// The Region that the new credentials name [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "TRENT_REGION", hide_env_values = true, value_parser = options::region)]
    region: Option<String>,

    #[command(flatten)]
    what: What,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Make an access key of this account's root; of two that it has already, the older one is deleted
    #[arg(long, value_name = "ACCOUNT", value_parser = options::account)]
    root_access_key: Option<Account>,

    /// Give this key the policy that new keys have, so that its account's root may use and change it again
    #[arg(long, value_name = "KEY_ARN")]
    default_key_policy: Option<String>,
}

/// Does it, and says what was done.
///
/// # Errors
/// The sentence why not.
pub(super) fn run(recover: Recover) -> Result<ExitCode, String> {
    let Recover { data, secrets, region, what } = recover;
    let data = data.unwrap_or_else(|| PathBuf::from("trent-data"));
    let home = Home { data, secrets: secrets.unwrap_or_else(|| PathBuf::from("trent-secrets")) };
    let home = home.absolute().map_err(|refusal| refusal.to_string())?;
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    let said = waiting_for(async {
        match what {
            What { root_access_key: Some(account), .. } => root_access_key(&home, &account, &region).await,
            What { default_key_policy: Some(key), .. } => default_key_policy(&home, &key).await,
            What { root_access_key: None, default_key_policy: None } => Ok(String::new()),
        }
    })?;
    say::answer(&said);
    Ok(ExitCode::SUCCESS)
}

/// The place for the secret is made first, so that no key is made whose secret has none.
async fn root_access_key(home: &Home, account: &Account, region: &str) -> Result<String, String> {
    let account = account.as_str();
    if !home.seal_key().exists() {
        return Err(format!("{} is missing: without the seal key nothing can be recovered", home.seal_key().display()));
    }
    let place = Reserved::within(&home.secrets)?;
    let made = recover::root_access_key(home, account, Arc::new(SystemRandom), Clock::start().wall()).await;
    let (id, secret) = made.map_err(|why| why.to_string())?;
    let filled = place.fill(&credentials::text(&id, &secret, region, None))?;
    let names = [format!("{account}-root.credentials"), format!("{account}-root.{id}.credentials")];
    let path = secret_file::name(filled, &names.map(|name| home.secrets.join(name)));
    Ok(format!(
        "access key {id} of root in account {account} was made; its secret is in this file and nowhere else:\n    \
         {}\nAn older key of root may still count: start `trent serve`, see `trent admin list-access-keys`, and delete \
         what is lost.\n",
        path.display()
    ))
}

async fn default_key_policy(home: &Home, key: &str) -> Result<String, String> {
    let done = recover::default_key_policy(home, key, Arc::new(SystemRandom), Clock::start().wall()).await;
    done.map_err(|why| why.to_string())?;
    Ok(format!("the policy of {key} is the one that new keys have: its account's root may use and change it\n"))
}
