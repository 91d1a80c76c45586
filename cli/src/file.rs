//! The settings file: what `--config` names. A name that it does not know is refused, because a setting that has no
//! effect is worse than none; values are read by the same functions that read the options.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use server::kms::home::Account;
use server::kms::{Enforcement, RequestQuotas};

use crate::options;

/// One member per option, of the same name with `_` for `-`; those of the quotas in a table.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct File {
    #[serde(deserialize_with = "address")]
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) secrets: Option<PathBuf>,
    #[serde(deserialize_with = "account")]
    pub(crate) account: Option<Account>,
    #[serde(deserialize_with = "region")]
    pub(crate) region: Option<String>,
    #[serde(deserialize_with = "log")]
    pub(crate) log: Option<String>,
    pub(crate) no_create: Option<bool>,
    pub(crate) insecure_listen: Option<bool>,
    #[serde(deserialize_with = "origins")]
    pub(crate) cors: Option<Vec<String>>,
    #[serde(deserialize_with = "enforce")]
    pub(crate) enforce: Option<Enforcement>,
    pub(crate) identities: Option<PathBuf>,
    pub(crate) identities_dry_run: Option<bool>,
    #[serde(deserialize_with = "request_quotas")]
    pub(crate) request_quotas: Option<RequestQuotas>,
    pub(crate) quotas: Quotas,
}

/// The options that begin with `--quota-`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Quotas {
    pub(crate) keys: Option<u32>,
    #[serde(deserialize_with = "aliases")]
    pub(crate) aliases_per_key: Option<u32>,
    pub(crate) grants_per_key: Option<u32>,
}

impl File {
    /// Reads the file. Paths in it are relative to its own directory, so that it means the same wherever Trent is started.
    ///
    /// # Errors
    /// A sentence that names the file, the line and what is wrong.
    pub(crate) fn read(path: &Path) -> Result<File, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read the settings file {}: {error}", path.display()))?;
        let mut file = File::parse(&text).map_err(|error| format!("{}, {error}", path.display()))?;
        let beside = path.parent().unwrap_or(Path::new(""));
        for path in [&mut file.data, &mut file.secrets, &mut file.identities].into_iter().flatten() {
            *path = beside.join(&*path);
        }
        Ok(file)
    }

    fn parse(text: &str) -> Result<File, String> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            format!("line {line}: {}", error.message().replace('\n', " "))
        })
    }
}

/// Makes a member out of the function that reads its option.
macro_rules! read_as_option {
    ($($name:ident -> $type:ty),*) => {
        $(fn $name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<$type>, D::Error> {
            options::$name(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
        })*
    };
}

read_as_option!(address -> SocketAddr, account -> Account, region -> String, log -> String);

fn aliases<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    options::aliases(&u64::deserialize(deserializer)?.to_string()).map(Some).map_err(D::Error::custom)
}

/// `true` and `false` as a switch has them, or the word.
fn enforce<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Enforcement>, D::Error> {
    options::enforce(&word(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// The word, or the number as numbers are written in a file.
fn request_quotas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<RequestQuotas>, D::Error> {
    options::request_quotas(&word(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// A value as its option has it, with or without quotation marks.
fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    })
}

fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| options::origin(text)).collect::<Result<_, _>>().map(Some).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_can_be_set_in_a_file() {
        let file = File::parse(
            "listen = \"127.0.0.1:4600\"\ndata = \"d\"\nsecrets = \"/s\"\n\
             account = \"123456789012\"\nregion = \"eu-west-1\"\n\
             log = \"debug\"\nno_create = true\ninsecure_listen = false\n\
             cors = [\"https://a.example\", \"https://b.example\"]\n\
             enforce = \"log\"\nidentities = \"i.toml\"\nidentities_dry_run = true\n\
             request_quotas = 5\n\
             [quotas]\nkeys = 7\naliases_per_key = 200\ngrants_per_key = 3\n",
        )
        .unwrap();
        assert_eq!(file.listen.unwrap().port(), 4600);
        assert_eq!(file.account.unwrap().as_str(), "123456789012");
        assert_eq!((file.no_create, file.insecure_listen), (Some(true), Some(false)));
        assert_eq!(file.cors.unwrap().len(), 2);
        assert_eq!((file.quotas.keys, file.quotas.aliases_per_key), (Some(7), Some(200)));
        assert_eq!(file.quotas.grants_per_key, Some(3));
        assert_eq!((file.enforce, file.identities_dry_run), (Some(Enforcement::Log), Some(true)));
        assert_eq!(file.identities.as_deref(), Some(Path::new("i.toml")));
        assert_eq!(file.request_quotas, options::request_quotas("5").ok());
        assert_eq!(File::parse("request_quotas = \"aws\"").unwrap().request_quotas, Some(RequestQuotas::Aws));
    }

    #[test]
    fn what_a_file_says_wrongly_is_named_with_its_line() {
        for (text, words) in [
            ("region = \"eu-west-1\"\nlisten_on = 1\n", &["line 2", "unknown field `listen_on`"][..]),
            ("\n\nlisten = \"4599\"\n", &["line 3", "127.0.0.1:4599"]),
            ("account = 123456789012\n", &["line 1", "expected a string"]),
            ("no_create = \"maybe\"\n", &["line 1", "expected a boolean"]),
            ("cors = \"https://a.example\"\n", &["line 1"]),
            ("enforce = 2\n", &["line 1", "on, log or off"]),
            ("request_quotas = 0\n", &["line 1", "aws, off or a number"]),
            ("[serve]\ndata = \"d\"\n", &["line 1", "unknown field `serve`"]),
            ("data = \n", &["line 1"]),
            ("[quotas]\nkeys = -1\n", &["line 2"]),
            ("[quotas]\naliases_per_key = 201\n", &["line 2", "from 0 to 200"]),
            ("[quotas]\ntags = 51\n", &["line 2", "unknown field `tags`"]),
        ] {
            let said = File::parse(text).unwrap_err();
            words.iter().for_each(|word| assert!(said.contains(word), "{text:?}: {word:?} is not in: {said}"));
            assert!(!said.contains('\n'), "{said}");
        }
    }
}
