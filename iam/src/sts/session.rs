//! A session of a role: all that is known of it stands in its token, sealed, and nowhere else. Whether the role is
//! still the one it was, is for whoever opens a token to look up by the role's unique id.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::session::SessionKey;
use crypto::{Random, SecretBytes, Unsealable};
use serde::{Deserialize, Serialize};

use crate::record::Role;
use crate::text;

/// A session. It has no `Debug`, since it holds the secret that its requests are signed with.
pub struct Session {
    /// The account whose role it is of.
    pub account: String,
    /// The role's name.
    pub role: String,
    /// The role's path.
    pub path: String,
    /// The role's unique id, `AROA…`.
    pub role_id: String,
    /// What the session was called by whoever asked for it.
    pub name: String,
    /// `ASIA…`
    pub access_key_id: String,
    /// What its requests are signed with.
    pub secret: SecretBytes,
    /// When it began, in milliseconds since the epoch.
    pub issued_ms: i64,
    /// When it ends.
    pub expires_ms: i64,
    /// The text of the policy that limits it beyond its role's. It has been compiled once.
    pub policy: Option<String>,
    /// Its tags, which stand over its role's.
    pub tags: BTreeMap<String, String>,
    /// The keys of the tags that a session which it asks for inherits.
    pub transitive: BTreeSet<String>,
    /// Who stands behind it.
    pub source_identity: Option<String>,
    /// Whether a session asked for it.
    pub is_chained: bool,
}

impl Session {
    /// `arn:aws:sts::111122223333:assumed-role/Role/Session`.
    pub fn arn(&self, partition: &str) -> String {
        format!("arn:{partition}:sts::{}:assumed-role/{}/{}", self.account, self.role, self.name)
    }

    /// `arn:aws:iam::111122223333:role/path/Role`.
    pub fn role_arn(&self, partition: &str) -> String {
        format!("arn:{partition}:iam::{}:role{}{}", self.account, self.path, self.role)
    }

    /// `AROA…:Session`, which is also the session's `aws:userid`.
    pub fn assumed_role_id(&self) -> String {
        format!("{}:{}", self.role_id, self.name)
    }

    /// Whether it has ended. It ends at its date, not after it.
    pub fn is_over(&self, now_ms: i64) -> bool {
        now_ms >= self.expires_ms
    }

    /// The tags of whoever speaks in this session: its own over those of its role, whatever the case of their keys.
    pub fn principal_tags(&self, role: &Role) -> BTreeMap<String, String> {
        let is_own = |key: &str| self.tags.keys().any(|own| text::same_key(own, key));
        let of_role = role.tags.iter().filter(|(key, _)| !is_own(key));
        of_role.chain(&self.tags).map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    pub(super) fn transitive_tags(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_transitive = |(key, _): &(&String, &String)| self.transitive.contains(*key);
        self.tags.iter().filter(is_transitive).map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// The session's token, different at every call.
    pub fn seal(&self, key: &SessionKey, random: &dyn Random) -> String {
        STANDARD.encode(key.seal(&self.encode(), random))
    }

    /// The session whose token this is. Whether it is over has not been asked yet.
    ///
    /// # Errors
    /// [`Unsealable`] if `token` is not to the letter what [`Session::seal`] gave under this key.
    pub fn open(token: &str, key: &SessionKey) -> Result<Session, Unsealable> {
        let sealed = STANDARD.decode(token).map_err(|_| Unsealable)?;
        Session::decode(key.open(&sealed)?.expose())
    }

    fn encode(&self) -> SecretBytes {
        let json = SessionJson {
            v: VERSION,
            account: self.account.clone(),
            role: self.role.clone(),
            path: self.path.clone(),
            role_id: self.role_id.clone(),
            name: self.name.clone(),
            access_key_id: self.access_key_id.clone(),
            secret: std::str::from_utf8(self.secret.expose()).expect("a session's secret is text"),
            issued: self.issued_ms,
            expires: self.expires_ms,
            policy: self.policy.clone(),
            tags: self.tags.clone(),
            transitive: self.transitive.clone(),
            source_identity: self.source_identity.clone(),
            chained: self.is_chained,
        };
        // One allocation: growing would leave copies of the secret behind.
        let mut bytes = Vec::with_capacity(crypto::session::MAX_SESSION_LEN);
        serde_json::to_writer(&mut bytes, &json).expect("texts and numbers are JSON");
        SecretBytes::from(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Session, Unsealable> {
        let json: SessionJson<'_> = serde_json::from_slice(bytes).map_err(|_| Unsealable)?;
        if json.v != VERSION {
            return Err(Unsealable);
        }
        Ok(Session {
            account: json.account,
            role: json.role,
            path: json.path,
            role_id: json.role_id,
            name: json.name,
            access_key_id: json.access_key_id,
            secret: SecretBytes::from(json.secret.as_bytes().to_vec()),
            issued_ms: json.issued,
            expires_ms: json.expires,
            policy: json.policy,
            tags: json.tags,
            transitive: json.transitive,
            source_identity: json.source_identity,
            is_chained: json.chained,
        })
    }
}

/// The one form of what a token holds. A token lives for twelve hours at most, so older forms need not be read long.
const VERSION: u32 = 1;

/// Borrows the secret, so that it is in memory once.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionJson<'a> {
    v: u32,
    account: String,
    role: String,
    path: String,
    role_id: String,
    name: String,
    access_key_id: String,
    secret: &'a str,
    issued: i64,
    expires: i64,
    policy: Option<String>,
    tags: BTreeMap<String, String>,
    transitive: BTreeSet<String>,
    source_identity: Option<String>,
    chained: bool,
}

/// How many bytes policy and tags take in a token.
pub(super) fn packed_len(
    policy: Option<&str>,
    tags: &BTreeMap<String, String>,
    transitive: &BTreeSet<String>,
) -> usize {
    serde_json::to_vec(&(policy, tags, transitive)).expect("texts are JSON").len()
}
