//! `trent explain`: which statement of which document, or which grant, decides. The server finds the answer; here it
//! becomes a sentence.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Map, Value, json};

use crate::admin::{Connection, ask, indented, waiting_for};
use crate::say;

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Who would ask: the ARN of a user, a role, a session of a role, or an account's root
    #[arg(long, value_name = "ARN")]
    principal: String,

    /// What they would ask for, as in Encrypt
    #[arg(long, value_name = "NAME")]
    operation: String,

    /// The key: its id, ARN, alias, or an alias's ARN
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// The encryption context
    #[arg(long, value_name = "NAME=VALUE", num_args = 1.., value_parser = pair)]
    context: Vec<(String, String)>,

    /// What else conditions are to find, as in aws:SourceIp=192.0.2.1; a key with several values is repeated
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., value_parser = pair)]
    fact: Vec<(String, String)>,

    /// A grant token that they would send; grants count here without one
    #[arg(long, value_name = "TOKEN")]
    grant_token: Vec<String>,

    #[command(flatten)]
    connection: Connection,
}

/// Asks and tells.
///
/// # Errors
/// The sentence why there is no answer.
pub(crate) fn run(explain: Explain) -> Result<ExitCode, String> {
    let answer = waiting_for(async {
        let client = explain.connection.client()?;
        ask(&client, "Explain", &explain.question()).await
    })?;
    say::answer(&if explain.connection.json { indented(&answer) } else { explain.told(&answer) });
    Ok(ExitCode::SUCCESS)
}

impl Explain {
    fn question(&self) -> Map<String, Value> {
        let context: Map<String, Value> =
            (self.context.iter()).map(|(name, value)| (name.clone(), json!(value))).collect();
        let mut facts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (key, value) in &self.fact {
            facts.entry(key).or_default().push(value);
        }
        let mut question = Map::new();
        let mut say = |name: &str, value: Value, is_said: bool| {
            if is_said {
                question.insert(name.to_owned(), value);
            }
        };
        say("Principal", json!(self.principal), true);
        say("Operation", json!(self.operation), true);
        say("KeyId", json!(self.key), self.key.is_some());
        say("EncryptionContext", Value::Object(context), !self.context.is_empty());
        say("Facts", json!(facts), !facts.is_empty());
        say("GrantTokens", json!(self.grant_token), !self.grant_token.is_empty());
        question
    }

    /// What they may, and the server's reason.
    fn told(&self, answer: &Value) -> String {
        let may = if answer["Allowed"] == true { "may" } else { "may not" };
        let because = answer["Because"].as_str().unwrap_or("The server did not say why.");
        let key = self.key.as_deref().map_or_else(String::new, |key| format!(" with {key}"));
        format!("{} {may} {}{key}.\n{because}\n", self.principal, self.operation)
    }
}

/// `name=value`; the value may have the sign itself.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must be a name, = and a value")?;
    Ok((name.to_owned(), value.to_owned()))
}
