//! Where the secret of a new access key goes: into a file of its own, or onto the screen if that is asked for, and
//! nowhere else. The file is made before the key, so that no key is made whose secret has no place.

use std::path::{Path, PathBuf};

use clap::Args;
use crypto::SecretBytes;
use serde_json::Value;

use super::verbs::Typed;
use super::{ask, indented};
use crate::client::Client;
use crate::secret_file::{self, Reserved};

/// Where a new secret goes.
#[derive(Debug, Args)]
pub(crate) struct Secret {
    /// The file to write the credentials to; it must not exist [default: one in the secrets directory]
    #[arg(long, value_name = "FILE")]
    save_to: Option<PathBuf>,

    /// Print the secret instead of writing a file
    #[arg(long, conflicts_with = "save_to")]
    print_secret: bool,
}

impl Secret {
    /// Asks for a verb that makes an access key, and says where its secret is.
    ///
    /// # Errors
    /// The sentence why no key was made, or why its secret has no file.
    pub(super) async fn make(&self, client: &Client, typed: &Typed) -> Result<String, String> {
        let secrets = typed.connection.secrets();
        let place = self.place(&secrets)?;
        let account = client.account().await.map_err(|failure| failure.to_string())?;
        let mut answer = ask(client, &typed.row.verb(), &typed.body).await?;
        let made = Made::of(&answer, &account);
        let told = match place {
            None => made.with_secret(&answer["AccessKey"]["SecretAccessKey"]),
            Some(place) => {
                let secret = taken(&mut answer["AccessKey"]).ok_or("the server answered without a secret")?;
                let path = self.kept(place, &made, &secret, client, &secrets)?;
                answer["CredentialsFile"] = Value::String(path.display().to_string());
                made.in_file(&path)
            }
        };
        Ok(if typed.connection.json { indented(&answer) } else { told })
    }

    /// The file, made and still empty.
    fn place(&self, secrets: &Path) -> Result<Option<Reserved>, String> {
        match &self.save_to {
            _ if self.print_secret => Ok(None),
            Some(path) => Reserved::at(path).map(Some),
            None => Reserved::within(secrets).map(Some),
        }
    }

    /// Writes the credentials, and gives the file its name if nobody has.
    fn kept(
        &self,
        place: Reserved,
        made: &Made,
        secret: &SecretBytes,
        client: &Client,
        secrets: &Path,
    ) -> Result<PathBuf, String> {
        let filled = place.fill(&client.credentials_file(&made.id, secret)).map_err(|why| {
            format!("{why}; the access key {} was made, and nobody has its secret: delete it", made.id)
        })?;
        Ok(if self.save_to.is_some() { filled } else { secret_file::name(filled, &made.names(secrets)) })
    }
}

/// The secret, out of the answer, so that nothing that is printed has it.
fn taken(access_key: &mut Value) -> Option<SecretBytes> {
    match access_key.as_object_mut()?.remove("SecretAccessKey")? {
        Value::String(secret) => Some(SecretBytes::from(secret.into_bytes())),
        _ => None,
    }
}

/// An access key that was made, without its secret.
struct Made {
    id: String,
    account: String,
    user: String,
    is_account_new: bool,
}

impl Made {
    fn of(answer: &Value, account: &str) -> Made {
        let text = |value: &Value| value.as_str().map(word);
        let new_account = text(&answer["Account"]["Id"]);
        Made {
            id: text(&answer["AccessKey"]["AccessKeyId"]).unwrap_or_default(),
            user: text(&answer["AccessKey"]["UserName"]).unwrap_or_else(|| "root".to_owned()),
            is_account_new: new_account.is_some(),
            account: new_account.unwrap_or_else(|| word(account)),
        }
    }

    /// What its file may be called, best first. The second has the key's id, which is nobody else's.
    fn names(&self, directory: &Path) -> [PathBuf; 2] {
        let Made { account, user, id, .. } = self;
        [format!("{account}-{user}.credentials"), format!("{account}-{user}.{id}.credentials")]
            .map(|name| directory.join(name))
    }

    fn sentence(&self) -> String {
        let account = if self.is_account_new { format!("account {} was made\n", self.account) } else { String::new() };
        format!("{account}access key {} of {} in account {} was made", self.id, self.user, self.account)
    }

    fn in_file(&self, path: &Path) -> String {
        format!("{}; its secret is in this file and nowhere else:\n    {}\n", self.sentence(), path.display())
    }

    fn with_secret(&self, secret: &Value) -> String {
        let secret = secret.as_str().unwrap_or_default();
        format!("{}; its secret is shown this once:\n    {secret}\n", self.sentence())
    }
}

/// A name as IAM allows it: what a server answers becomes part of a path and of a file, and nothing else may.
fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "+=,.@_-".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_servers_answer_names_no_other_file() {
        let answer = json!({ "AccessKey": { "AccessKeyId": "AKIA\n[x]", "UserName": "../../etc/ann" } });
        let made = Made::of(&answer, "12/34");
        let names = made.names(Path::new("secrets"));
        assert_eq!(names[0], Path::new("secrets/12_34-.._.._etc_ann.credentials"));
        assert_eq!(names[1], Path::new("secrets/12_34-.._.._etc_ann.AKIA__x_.credentials"));
    }

    #[test]
    fn a_secret_is_taken_out_of_what_is_printed() {
        let mut key = json!({ "AccessKeyId": "AKIA", "SecretAccessKey": "s3cret" });
        assert_eq!(taken(&mut key).unwrap().expose(), b"s3cret");
        assert_eq!(key, json!({ "AccessKeyId": "AKIA" }));
        assert!(taken(&mut json!({ "SecretAccessKey": 1 })).is_none());
    }
}
