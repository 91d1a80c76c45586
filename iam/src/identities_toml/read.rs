//! From a file's text to what it declares. The rules for names, paths, tags and policies are those of the verbs, which
//! are asked here before anything is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crypto::SecretBytes;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use toml::Spanned;

use super::step::{self, Of};
use super::{AccessKey, Account, Common, Desired, Role, User};
use crate::verb::{Asked, Speaker, Verb};

pub(super) fn read(text: &str, file: &mut dyn FnMut(&str) -> Result<String, String>) -> Result<Desired, String> {
    let declared: File = toml::from_str(text).map_err(|error| {
        // The error's own text shows the line, and a secret may stand there.
        let line = error.span().map_or(1, |span| line(text, span.start));
        format!("line {line}: {}", error.message())
    })?;
    let mut reader = Reader { text, file, ids: BTreeSet::new() };
    let mut accounts = Vec::new();
    let mut seen = BTreeSet::new();
    for account in declared.account {
        let at = account.span().start;
        if !seen.insert(account.get_ref().id.clone()) {
            return Err(reader.wrong(at, "this account is declared twice"));
        }
        accounts.push(reader.account(account)?);
    }
    Ok(Desired { prune: declared.prune, accounts })
}

struct Reader<'a> {
    text: &'a str,
    file: &'a mut dyn FnMut(&str) -> Result<String, String>,
    /// The access keys declared so far.
    ids: BTreeSet<String>,
}

impl Reader<'_> {
    fn account(&mut self, declared: Spanned<AccountToml>) -> Result<Account, String> {
        let at = declared.span().start;
        let AccountToml { id, name, access_key, user, role } = declared.into_inner();
        if let Some(id) = &id {
            self.check(at, Verb::CreateAccount, &step::account(id, name.as_deref()))?;
        }
        let access_keys = self.access_keys(access_key, Of::Root)?;
        let mut names = BTreeSet::new();
        let mut users = Vec::new();
        for user in user {
            let at = user.span().start;
            let UserToml { name, path, tags, policies, access_key } = user.into_inner();
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(self.wrong(at, &format!("the user {name} is declared twice")));
            }
            let common = self.common(at, name, path, tags, policies, Verb::PutUserPolicy)?;
            self.check(at, Verb::CreateUser, &step::create_user(&common))?;
            let access_keys = self.access_keys(access_key, Of::User(&common.name))?;
            users.push(User { common, access_keys });
        }
        let mut names = BTreeSet::new();
        let mut roles = Vec::new();
        for role in role {
            let at = role.span().start;
            let role = self.role(role)?;
            if !names.insert(role.common.name.to_ascii_lowercase()) {
                return Err(self.wrong(at, &format!("the role {} is declared twice", role.common.name)));
            }
            roles.push(role);
        }
        Ok(Account { id, name, access_keys, users, roles })
    }

    fn role(&mut self, declared: Spanned<RoleToml>) -> Result<Role, String> {
        let at = declared.span().start;
        let RoleToml { name, path, tags, policies, description, trust, max_session_duration } = declared.into_inner();
        let common = self.common(at, name, path, tags, policies, Verb::PutRolePolicy)?;
        let trust = self.document(at, trust)?;
        policy::Document::compile(&trust, policy::Kind::Trust)
            .map_err(|why| self.wrong(at, &format!("the trust policy of the role {}: {why}", common.name)))?;
        let role = Role { common, description, trust, max_session_seconds: max_session_duration };
        self.check(at, Verb::CreateRole, &step::create_role(&role, &role.trust))?;
        Ok(role)
    }

    fn common(
        &mut self,
        at: usize,
        name: String,
        path: String,
        tags: BTreeMap<String, String>,
        policies: BTreeMap<String, Source>,
        put: Verb,
    ) -> Result<Common, String> {
        let mut texts = BTreeMap::new();
        for (policy, source) in policies {
            let text = self.document(at, source)?;
            policy::Document::compile(&text, policy::Kind::Identity)
                .map_err(|why| self.wrong(at, &format!("the policy {policy} of {name}: {why}")))?;
            self.check(at, put, &step::put_policy(put, &name, &policy, &text))?;
            texts.insert(policy, text);
        }
        Ok(Common { name, path, tags, policies: texts })
    }

    fn access_keys(&mut self, declared: Vec<Spanned<AccessKeyToml>>, of: Of<'_>) -> Result<Vec<AccessKey>, String> {
        let mut keys = Vec::new();
        for key in declared {
            let at = key.span().start;
            let AccessKeyToml { id, secret: Secret(secret), status } = key.into_inner();
            let active = match status {
                Status::Active => true,
                Status::Inactive => false,
            };
            let key = AccessKey { id, secret, active };
            self.check(at, Verb::CreateAccessKey, &step::create_access_key(of, &key))?;
            if !self.ids.insert(key.id.clone()) {
                return Err(self.wrong(at, &format!("the access key {} is declared twice", key.id)));
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn document(&mut self, at: usize, source: Source) -> Result<String, String> {
        match source {
            Source::Text(text) => Ok(text),
            Source::File(name) => {
                (self.file)(&name).map_err(|why| self.wrong(at, &format!("the file {name} cannot be read: {why}")))
            }
        }
    }

    /// Asks the verb whether it would take this.
    fn check(&self, at: usize, verb: Verb, body: &SecretBytes) -> Result<(), String> {
        match Asked::parse(verb, body.expose(), Speaker::Root) {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.wrong(at, &refusal.message)),
        }
    }

    fn wrong(&self, at: usize, why: &str) -> String {
        format!("line {}: {why}", line(self.text, at))
    }
}

/// The number of the line that this byte is on.
fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    prune: bool,
    #[serde(default)]
    account: Vec<Spanned<AccountToml>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountToml {
    id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    access_key: Vec<Spanned<AccessKeyToml>>,
    #[serde(default)]
    user: Vec<Spanned<UserToml>>,
    #[serde(default)]
    role: Vec<Spanned<RoleToml>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserToml {
    name: String,
    #[serde(default = "root_path")]
    path: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    policies: BTreeMap<String, Source>,
    #[serde(default)]
    access_key: Vec<Spanned<AccessKeyToml>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleToml {
    name: String,
    #[serde(default = "root_path")]
    path: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    policies: BTreeMap<String, Source>,
    #[serde(default)]
    description: String,
    trust: Source,
    #[serde(default = "one_hour")]
    max_session_duration: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessKeyToml {
    id: String,
    secret: Secret,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
enum Status {
    #[default]
    Active,
    Inactive,
}

fn root_path() -> String {
    "/".to_owned()
}

/// IAM's default, in seconds.
fn one_hour() -> i64 {
    3600
}

/// A policy: its text, or `{ file = "…" }`.
enum Source {
    Text(String),
    File(String),
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Source, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Named {
            file: String,
        }
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Source;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a policy as text, or { file = \"…\" }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Source, E> {
                Ok(Source::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Source, A::Error> {
                Named::deserialize(MapAccessDeserializer::new(map)).map(|named| Source::File(named.file))
            }
        }
        from.deserialize_any(Reads)
    }
}

/// A secret in the file. No error repeats it.
struct Secret(SecretBytes);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        crate::verb::secret(from).map(Secret)
    }
}
