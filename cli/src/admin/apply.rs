//! `trent admin apply`: a file of identities, against a running server. It has no rights of its own: each change is a
//! verb, signed with the credentials of the account that it is about.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use server::kms::iam::identities_toml::{Refused, Verbs};
use server::kms::iam::verb::Verb;

use super::{Connection, indented, read, waiting_for};
use crate::client::{Client, Failure};
use crate::credentials::Search;
use crate::identities::{self, Difference};
use crate::say;

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The file
    #[arg(value_name = "identities.toml")]
    file: PathBuf,

    /// Only print what would change; exit code 3 if that is anything
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    connection: Connection,
}

/// Does it, and says what was done.
///
/// # Errors
/// The sentence why not.
pub(super) fn run(apply: Apply) -> Result<ExitCode, String> {
    let desired = identities::read(&apply.file)?;
    waiting_for(async {
        let own = apply.connection.client()?;
        let account = own.account().await.map_err(|failure| failure.to_string())?;
        let mut clients = BTreeMap::new();
        for other in desired.accounts().into_iter().flatten().filter(|other| *other != account) {
            if let Some(client) = client_of(&apply.connection.secrets(), other, &own)? {
                clients.insert(other.to_owned(), client);
            }
        }
        let verbs = Signed { account: account.clone(), own, others: clients };
        let difference = Difference::find(&apply.file, &desired, &account, &verbs).await?;
        if apply.dry_run {
            say::answer(&apply.told(&difference, false));
            return Ok(ExitCode::from(if difference.is_none() { 0 } else { say::DIFFERENT }));
        }
        difference.carry_out(&verbs).await?;
        say::answer(&apply.told(&difference, true));
        Ok(ExitCode::SUCCESS)
    })
}

impl Apply {
    fn told(&self, difference: &Difference, is_done: bool) -> String {
        let lines = difference.lines();
        match (self.connection.json, is_done || difference.is_none()) {
            (true, _) => indented(&json!({ "Changes": lines.lines().collect::<Vec<_>>(), "Applied": is_done })),
            (false, true) => format!("{lines}{}\n", difference.done()),
            (false, false) => lines,
        }
    }
}

/// The clients of all accounts that the file is about.
struct Signed {
    account: String,
    own: Client,
    others: BTreeMap<String, Client>,
}

impl Verbs for Signed {
    async fn ask(&self, account: &str, verb: Verb, body: &[u8]) -> Result<Value, Refused> {
        let refused = |name: &str, message: String| Refused { name: name.to_owned(), message };
        let client = if account == self.account { Some(&self.own) } else { self.others.get(account) };
        let client = client.ok_or_else(|| {
            refused(
                "NoCredentials",
                format!(
                    "these credentials are of account {}, and there is no {account}-root.credentials in the secrets \
                     directory: put it there, or make the account first with `trent admin create-account --account-id \
                     {account}`, which does",
                    self.account
                ),
            )
        })?;
        let answer = client.ask(verb.name(), body).await.map_err(|failure| match failure {
            Failure::Refused { name, message, .. } => refused(&name, message.unwrap_or_default()),
            other => refused("NoAnswer", other.to_string()),
        })?;
        read(client, &answer).map_err(|why| refused("NoAnswer", why))
    }
}

/// The client of another account's root, if its credentials lie where a command puts them.
fn client_of(secrets: &Path, account: &str, own: &Client) -> Result<Option<Client>, String> {
    let file = secrets.join(format!("{account}-root.credentials"));
    if !file.exists() {
        return Ok(None);
    }
    let search = Search { file: Some(&file), profile: None, secrets, variable: &|_| None };
    let credentials = search.find()?.credentials;
    Ok(Some(Client { endpoint: own.endpoint.clone(), credentials, region: own.region.clone() }))
}
