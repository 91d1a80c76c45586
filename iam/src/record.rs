//! What the rows hold, record by record: JSON with its version beside it, so that a newer one is refused by name and an
//! older one stays readable. What rows are called is in `rows`; what may be written into them is the verbs' business.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::SecretBytes;
use policy::{Document, DocumentError, Kind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Something that a row can hold.
pub trait Stored: Sized + Send + Sync + 'static {
    /// The record's bytes, to be sealed.
    fn encode(&self) -> SecretBytes;

    /// The record that stands in opened bytes.
    ///
    /// # Errors
    /// Why there is no such record in them, as the rest of a sentence that begins with the row's name.
    fn decode(bytes: &[u8]) -> Result<Self, String>;
}

/// An account that this store holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// When it was made, in milliseconds since the epoch.
    pub created: i64,
    /// What people call it.
    pub name: Option<String>,
    /// Whether accounts are managed from it: the one that the first start made.
    pub management: bool,
    /// The access keys of its root, by their ids.
    pub access_keys: BTreeMap<String, AccessKeyFacts>,
}

/// What everybody who lists access keys may know of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKeyFacts {
    /// Whether a signature made with it counts.
    pub active: bool,
    /// When it was made, in milliseconds since the epoch.
    pub created: i64,
}

/// A user.
#[derive(Clone)]
pub struct User {
    /// Its name, as it was given.
    pub name: String,
    /// `/`, or `/part/part/`.
    pub path: String,
    /// `AIDA…`, given to nobody else ever.
    pub id: String,
    /// When it was made, in milliseconds since the epoch.
    pub created: i64,
    /// Its tags; keys differ by more than their case.
    pub tags: BTreeMap<String, String>,
    /// Its inline policies by their names.
    pub policies: BTreeMap<String, Policy>,
    /// Its access keys by their ids.
    pub access_keys: BTreeMap<String, AccessKeyFacts>,
}

/// A role.
#[derive(Clone)]
pub struct Role {
    /// Its name, as it was given.
    pub name: String,
    /// `/`, or `/part/part/`.
    pub path: String,
    /// `AROA…`, given to nobody else ever.
    pub id: String,
    /// When it was made, in milliseconds since the epoch.
    pub created: i64,
    /// What people say of it.
    pub description: String,
    /// Who may assume it.
    pub trust: Trust,
    /// How long its sessions may last, in seconds.
    pub max_session_seconds: u32,
    /// Its tags; keys differ by more than their case.
    pub tags: BTreeMap<String, String>,
    /// Its inline policies by their names.
    pub policies: BTreeMap<String, Policy>,
}

impl User {
    /// `arn:aws:iam::111122223333:user/path/name`.
    pub fn arn(&self, account: &str, partition: &str) -> String {
        format!("arn:{partition}:iam::{account}:user{}{}", self.path, self.name)
    }
}

impl Role {
    /// `arn:aws:iam::111122223333:role/path/name`.
    pub fn arn(&self, account: &str, partition: &str) -> String {
        format!("arn:{partition}:iam::{account}:role{}{}", self.path, self.name)
    }
}

/// An identity policy: the text as it was given, and what it says.
#[derive(Clone)]
pub struct Policy {
    text: String,
    document: Arc<Document>,
}

impl Policy {
    /// The policy that `text` is.
    ///
    /// # Errors
    /// [`DocumentError`] if it is none.
    pub fn compile(text: String) -> Result<Policy, DocumentError> {
        let document = Arc::new(Document::compile(&text, Kind::Identity)?);
        Ok(Policy { text, document })
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it says.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }
}

/// A trust policy: the text as it was given, and what it says of the principals who had these names when it was given.
#[derive(Clone)]
pub struct Trust {
    text: String,
    pins: BTreeMap<String, String>,
    document: Arc<Document>,
}

impl Trust {
    /// The trust policy that `text` is, its principals not pinned yet.
    ///
    /// # Errors
    /// [`DocumentError`] if it is none.
    pub fn compile(text: String) -> Result<Trust, DocumentError> {
        Trust::pinned(text, BTreeMap::new())
    }

    /// The same with the unique ids of its principals, by their ARNs as they stand in the text.
    ///
    /// # Errors
    /// [`DocumentError`] if `text` is no trust policy.
    pub fn pinned(text: String, pins: BTreeMap<String, String>) -> Result<Trust, DocumentError> {
        let document = Arc::new(Document::compile(&text, Kind::Trust)?.pinned(&pins));
        Ok(Trust { text, pins, document })
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The unique ids of its users and roles, by their ARNs as they stand in the text.
    pub fn pins(&self) -> &BTreeMap<String, String> {
        &self.pins
    }

    /// What it says, of the pinned principals alone.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }
}

/// An access key with its secret.
pub struct AccessKey {
    /// The account that it belongs to.
    pub account: String,
    /// Who signs with it.
    pub owner: Owner,
    /// What signatures are made with.
    pub secret: SecretBytes,
    /// When it was made, in milliseconds since the epoch.
    pub created: i64,
    /// Whether a signature made with it counts.
    pub active: bool,
}

/// Whose access key it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Owner {
    /// The account's root.
    Root,
    /// A user, who is this one only as long as the user of this name has this unique id.
    User {
        /// The user's name.
        name: String,
        /// The user's unique id.
        id: String,
    },
}

/// Whose a unique id is, or was: it is never given to anybody else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Holder {
    /// A user of this name.
    User {
        /// The name it had when it was made.
        name: String,
    },
    /// A role of this name.
    Role {
        /// The name it had when it was made.
        name: String,
    },
    /// An access key of this account.
    Key {
        /// The account.
        account: String,
    },
}

/// The version of users, roles and holders that this program writes.
const VERSION: u32 = 1;
/// The version of accounts and access keys; the first had neither names nor owners, and stood beside its version.
const SECOND_VERSION: u32 = 2;
/// How many bytes an access key's record may have. A buffer of this size never grows, and so leaves no copy of the
/// secret behind.
const ACCESS_KEY_AT_MOST: usize = 1024;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    v: u32,
    r: T,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountJson {
    created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    management: bool,
    access_keys: BTreeMap<String, AccessKeyFacts>,
}

/// What the first version of an account was. There was one account in a store, and it is the managing one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstAccountJson {
    #[serde(rename = "v")]
    _v: u32,
    created: i64,
}

impl Stored for Account {
    fn encode(&self) -> SecretBytes {
        let Account { created, name, management, access_keys } = self.clone();
        enveloped(SECOND_VERSION, &AccountJson { created, name, management, access_keys })
    }

    fn decode(bytes: &[u8]) -> Result<Account, String> {
        if version(bytes, SECOND_VERSION)? < SECOND_VERSION {
            let FirstAccountJson { _v: _, created } = read(bytes)?;
            return Ok(Account { created, name: None, management: true, access_keys: BTreeMap::new() });
        }
        let AccountJson { created, name, management, access_keys } = opened(bytes)?;
        Ok(Account { created, name, management, access_keys })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserJson {
    name: String,
    path: String,
    id: String,
    created: i64,
    tags: BTreeMap<String, String>,
    policies: BTreeMap<String, String>,
    access_keys: BTreeMap<String, AccessKeyFacts>,
}

impl Stored for User {
    fn encode(&self) -> SecretBytes {
        let User { name, path, id, created, tags, policies, access_keys } = self.clone();
        let json = UserJson { name, path, id, created, tags, policies: texts(&policies), access_keys };
        enveloped(VERSION, &json)
    }

    fn decode(bytes: &[u8]) -> Result<User, String> {
        version(bytes, VERSION)?;
        let UserJson { name, path, id, created, tags, policies, access_keys } = opened(bytes)?;
        Ok(User { name, path, id, created, tags, policies: compiled(policies)?, access_keys })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleJson {
    name: String,
    path: String,
    id: String,
    created: i64,
    description: String,
    trust: TrustJson,
    max_session_seconds: u32,
    tags: BTreeMap<String, String>,
    policies: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TrustJson {
    text: String,
    pins: BTreeMap<String, String>,
}

impl Stored for Role {
    fn encode(&self) -> SecretBytes {
        let Role { name, path, id, created, description, trust, max_session_seconds, tags, policies } = self.clone();
        let Trust { text, pins, document: _ } = trust;
        let (trust, policies) = (TrustJson { text, pins }, texts(&policies));
        let json = RoleJson { name, path, id, created, description, trust, max_session_seconds, tags, policies };
        enveloped(VERSION, &json)
    }

    fn decode(bytes: &[u8]) -> Result<Role, String> {
        version(bytes, VERSION)?;
        let RoleJson { name, path, id, created, description, trust, max_session_seconds, tags, policies } =
            opened(bytes)?;
        let trust = Trust::pinned(trust.text, trust.pins)
            .map_err(|why| format!("holds a trust policy that does not read: {why}"))?;
        let policies = compiled(policies)?;
        Ok(Role { name, path, id, created, description, trust, max_session_seconds, tags, policies })
    }
}

impl Stored for Holder {
    fn encode(&self) -> SecretBytes {
        enveloped(VERSION, self)
    }

    fn decode(bytes: &[u8]) -> Result<Holder, String> {
        version(bytes, VERSION)?;
        opened(bytes)
    }
}

/// Borrows, so that the secret is in memory once; no text in it has anything that JSON escapes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessKeyJson<'a> {
    account: &'a str,
    owner: Owner,
    secret: &'a str,
    created: i64,
    active: bool,
}

/// What the first version of an access key was: always the root's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstAccessKeyJson<'a> {
    #[serde(rename = "v")]
    _v: u32,
    account: &'a str,
    secret: &'a str,
    created: i64,
    active: bool,
}

impl Stored for AccessKey {
    fn encode(&self) -> SecretBytes {
        let json = AccessKeyJson {
            account: &self.account,
            owner: self.owner.clone(),
            secret: std::str::from_utf8(self.secret.expose()).expect("an access key's secret is text"),
            created: self.created,
            active: self.active,
        };
        // One allocation: growing would leave copies of the secret behind.
        let mut bytes = Vec::with_capacity(ACCESS_KEY_AT_MOST);
        serde_json::to_writer(&mut bytes, &Envelope { v: SECOND_VERSION, r: json })
            .expect("strings and numbers are JSON");
        debug_assert!(bytes.len() <= ACCESS_KEY_AT_MOST, "the buffer of an access key has grown");
        SecretBytes::from(bytes)
    }

    /// # Errors
    /// Without a word of what stands in the bytes, since that is a secret.
    fn decode(bytes: &[u8]) -> Result<AccessKey, String> {
        let damaged = |_| "is no access key".to_owned();
        let (json, owner): (FirstAccessKeyJson<'_>, Owner) = if version(bytes, SECOND_VERSION)? < SECOND_VERSION {
            (serde_json::from_slice(bytes).map_err(damaged)?, Owner::Root)
        } else {
            let Envelope::<AccessKeyJson> { v, r } = serde_json::from_slice(bytes).map_err(damaged)?;
            let AccessKeyJson { account, owner, secret, created, active } = r;
            (FirstAccessKeyJson { _v: v, account, secret, created, active }, owner)
        };
        if !crate::text::is_account(json.account) {
            return Err("names no account".to_owned());
        }
        let secret = SecretBytes::from(json.secret.as_bytes().to_vec());
        let account = json.account.to_owned();
        Ok(AccessKey { account, owner, secret, created: json.created, active: json.active })
    }
}

fn texts(policies: &BTreeMap<String, Policy>) -> BTreeMap<String, String> {
    policies.iter().map(|(name, policy)| (name.clone(), policy.text.clone())).collect()
}

fn compiled(texts: BTreeMap<String, String>) -> Result<BTreeMap<String, Policy>, String> {
    let compile = |(name, text)| match Policy::compile(text) {
        Ok(policy) => Ok((name, policy)),
        Err(why) => Err(format!("holds a policy {name} that does not read: {why}")),
    };
    texts.into_iter().map(compile).collect()
}

fn enveloped<T: Serialize>(version: u32, record: &T) -> SecretBytes {
    serde_json::to_vec(&Envelope { v: version, r: record }).expect("texts, numbers and maps of texts are JSON").into()
}

fn opened<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let Envelope { v: _, r } = read(bytes)?;
    Ok(r)
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|why| format!("is no such record: {why}"))
}

/// The version of the record in these bytes, at most `newest`.
fn version(bytes: &[u8], newest: u32) -> Result<u32, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    match serde_json::from_slice(bytes) {
        Ok(Version { v }) if v > newest => {
            Err(format!("was written by a newer version of Trent (format {v}; this one reads {newest}): upgrade Trent"))
        }
        Ok(Version { v: 0 }) | Err(_) => Err("has no version".to_owned()),
        Ok(Version { v }) => Ok(v),
    }
}
