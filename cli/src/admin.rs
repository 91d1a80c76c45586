//! `trent admin`: who may use keys, told to a running Trent by signed calls, and the way back in when nobody may. Each
//! command is one page below this one; what they share is here: the connection, and how a verb is asked.

mod apply;
mod recover;
mod secret;
mod show;
mod verbs;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use crypto::SecretBytes;
use serde_json::{Map, Value};

use crate::client::{Client, Endpoint};
use crate::credentials::Search;
use crate::options;
use crate::say;
pub(crate) use show::indented;
use verbs::{Show, Typed};

#[derive(Debug, Args)]
pub(crate) struct Admin {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make accounts, users and roles be as a file says
    ///
    /// What the file does not name stays as it is, unless it says prune = true. A second run changes nothing.
    Apply(apply::Apply),
    /// The way back in, without a server: after lost credentials, or a key policy that locks everybody out
    ///
    /// Stop the server first. It needs the data directory and the seal key, and leaves an audit record.
    Recover(recover::Recover),
    #[command(flatten)]
    Verb(Typed),
}

/// Which server, and who asks.
#[derive(Debug, Args)]
pub(crate) struct Connection {
    /// Where Trent listens [default: as the credentials file says, else http://127.0.0.1:4599]
    #[arg(long, value_name = "URL", env = "TRENT_ENDPOINT_URL", hide_env_values = true, value_parser = Endpoint::parse,
          help_heading = HEADING)]
    endpoint_url: Option<Endpoint>,

    /// Whose credentials sign [default: ./trent-secrets/credentials, else AWS's variables, else ~/.aws/credentials]
    #[arg(long, value_name = "FILE", env = "TRENT_CREDENTIALS_FILE", hide_env_values = true, help_heading = HEADING)]
    credentials_file: Option<PathBuf>,

    /// The profile in that file [default: default]
    #[arg(long, value_name = "NAME", env = "TRENT_PROFILE", hide_env_values = true, help_heading = HEADING)]
    profile: Option<String>,

    /// Where credentials lie and new ones go [default: ./trent-secrets]
    #[arg(long, value_name = "DIR", env = "TRENT_SECRETS", hide_env_values = true, help_heading = HEADING)]
    secrets: Option<PathBuf>,

    /// The Region to sign for [default: as the credentials file says, else us-east-1]
    #[arg(long, value_name = "REGION", env = "TRENT_REGION", hide_env_values = true, value_parser = options::region,
          help_heading = HEADING)]
    region: Option<String>,

    /// Answer in JSON, with the members of the API
    #[arg(long, help_heading = HEADING)]
    pub(crate) json: bool,
}

const HEADING: &str = "Connection";

impl Connection {
    /// The client that these options describe.
    ///
    /// # Errors
    /// A sentence about the credentials.
    pub(crate) fn client(&self) -> Result<Client, String> {
        let search = Search {
            file: self.credentials_file.as_deref(),
            profile: self.profile.as_deref(),
            secrets: &self.secrets(),
            variable: &|name| std::env::var(name).ok(),
        };
        let found = search.find()?;
        let endpoint = self.endpoint_url.clone().or(found.endpoint).unwrap_or_else(Endpoint::usual);
        if !endpoint.is_local() {
            say::on_the_way(&endpoint);
        }
        let region = self.region.clone().or(found.region).unwrap_or_else(|| "us-east-1".to_owned());
        Ok(Client { endpoint, credentials: found.credentials, region })
    }

    /// By its absolute path, so that what is told about it is true from any directory.
    fn secrets(&self) -> PathBuf {
        let secrets = self.secrets.as_deref().unwrap_or(Path::new("trent-secrets"));
        std::path::absolute(secrets).unwrap_or_else(|_| secrets.to_owned())
    }
}

/// Does what was asked, and says how it went.
pub(crate) fn run(admin: Admin) -> ExitCode {
    match admin.what {
        What::Apply(apply) => ended(apply::run(apply)),
        What::Recover(recover) => ended(recover::run(recover)),
        What::Verb(typed) => ended(waiting_for(call(typed)).map(|said| {
            say::answer(&said);
            ExitCode::SUCCESS
        })),
    }
}

/// What was refused is a sentence and the exit code of a refusal.
pub(crate) fn ended(ended: Result<ExitCode, String>) -> ExitCode {
    ended.unwrap_or_else(|sentence| say::refusal(&sentence))
}

/// Runs one command to its end.
pub(crate) fn waiting_for<T>(command: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| format!("cannot start: {error}"))?.block_on(command)
}

/// One verb, from what was typed to what is printed.
async fn call(typed: Typed) -> Result<String, String> {
    let client = typed.connection.client()?;
    let answer = match &typed.secret {
        Some(secret) => return secret.make(&client, &typed).await,
        None => whole(&client, &typed).await?,
    };
    Ok(match typed.connection.json {
        true => indented(&answer),
        false => show::answer(&typed.row.show, &typed.body, &answer),
    })
}

/// The answer, with all pages of a list as one.
async fn whole(client: &Client, typed: &Typed) -> Result<Value, String> {
    let mut body = typed.body.clone();
    let mut answer = ask(client, &typed.row.verb(), &body).await?;
    let Show::Table(list, _) = typed.row.show else { return Ok(answer) };
    let mut all = answer[list].take();
    for _ in 0..PAGES_AT_MOST {
        let Some((name, marker)) = next_page(&mut answer) else {
            answer[list] = all;
            return Ok(answer);
        };
        body.insert(name.to_owned(), marker);
        answer = ask(client, &typed.row.verb(), &body).await?;
        if let (Some(all), Some(more)) = (all.as_array_mut(), answer[list].as_array_mut()) {
            all.append(more);
        }
    }
    Err("the list does not end: ask for less of it".to_owned())
}

/// The member that asks for the next page, and its value, both taken out of the answer.
fn next_page(answer: &mut Value) -> Option<(&'static str, Value)> {
    let members = answer.as_object_mut()?;
    members.remove("IsTruncated");
    ["Marker", "NextToken"].into_iter().find_map(|name| members.remove(name).map(|marker| (name, marker)))
}

/// One call of the identities' protocol.
///
/// # Errors
/// The sentence of the failure.
pub(crate) async fn ask(client: &Client, verb: &str, body: &Map<String, Value>) -> Result<Value, String> {
    let body = serde_json::to_vec(body).map_err(|error| error.to_string())?;
    let answer = client.ask(verb, &body).await.map_err(|failure| failure.to_string())?;
    read(client, &answer)
}

fn read(client: &Client, answer: &SecretBytes) -> Result<Value, String> {
    match answer.expose() {
        [] => Ok(Value::Object(Map::new())),
        bytes => serde_json::from_slice(bytes).map_err(|_| format!("{} did not answer in JSON", client.endpoint)),
    }
}

/// A list of 100 to a page: no account has that many principals.
const PAGES_AT_MOST: usize = 10_000;
