//! What the rows hold, record by record. A record knows its version; what it looked like before stands in `Record`'s
//! implementations as long as any file may hold it.

use std::collections::{BTreeMap, BTreeSet};

use crypto::spec::{KeySpec, KeyUsage};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Time;
use crate::error::Error;
use crate::home::AccessKeyRecord;
use crate::keys::lifecycle::{Due, Facts, due};

/// Something that a row can hold.
pub(crate) trait Record: Sized + Send + Sync + 'static {
    /// The record as text.
    fn encode(&self) -> Result<Vec<u8>, Error>;

    /// The record that stands in opened bytes, or why there is none.
    fn decode(text: &[u8]) -> Result<Self, String>;
}

/// A record whose text is JSON with its version beside it, so that a newer one is refused by name and an older one can
/// be brought forward.
pub(crate) trait Versioned: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The version that this program writes. It reads this one and all before it.
    const VERSION: u32 = 1;
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    v: u32,
    r: T,
}

impl<T: Versioned> Record for T {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(&Envelope { v: T::VERSION, r: self }).map_err(|why| Error::internal(why.to_string()))
    }

    fn decode(text: &[u8]) -> Result<T, String> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let found: Version = serde_json::from_slice(text).map_err(|why| format!("has no version: {why}"))?;
        if found.v > T::VERSION {
            return Err(format!(
                "was written by a newer version of Trent (format {}; this one reads {}): upgrade Trent",
                found.v,
                T::VERSION
            ));
        }
        let envelope: Envelope<T> = serde_json::from_slice(text).map_err(|why| format!("is no such record: {why}"))?;
        Ok(envelope.r)
    }
}

/// An access key decodes itself, so that its secret is never in a buffer that nobody wipes.
impl Record for AccessKeyRecord {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        Ok(AccessKeyRecord::encode(self).expose().to_vec())
    }

    fn decode(text: &[u8]) -> Result<AccessKeyRecord, String> {
        AccessKeyRecord::decode(text).map_err(|_| "is no access key".to_owned())
    }
}

/// A key: everything about it that is neither material nor hangs on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRecord {
    pub key_id: String,
    pub description: String,
    #[serde(with = "spec_name")]
    pub spec: KeySpec,
    #[serde(with = "usage_name")]
    pub usage: KeyUsage,
    pub multi_region: bool,
    pub created: Time,
    /// What the key's state follows from.
    pub facts: Facts,
    /// Which of the sixteen counters counts it.
    pub counter: u8,
    /// Past a date of its: the observed uptime, in milliseconds, at which the key-encryption keys are destroyed that
    /// the date is of.
    pub destroy_at_uptime: Option<u64>,
    /// What the clock said when that was written: what becomes due later gets a grace of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doomed_by: Option<Time>,
}
impl Versioned for KeyRecord {}

impl KeyRecord {
    /// The same key with other facts. It stays doomed only as long as they still doom it.
    pub fn with_facts(&self, facts: Facts, now: Time) -> KeyRecord {
        let by = self.doomed_by.map_or(now, |by| by.min(now));
        let destroy_at_uptime = self.destroy_at_uptime.filter(|_| is_doomed(&facts, by));
        let doomed_by = destroy_at_uptime.and(self.doomed_by);
        KeyRecord { facts, destroy_at_uptime, doomed_by, ..self.clone() }
    }
}

/// Whether something was due by then that destroys, and waits for its grace.
pub(crate) fn is_doomed(facts: &Facts, by: Time) -> bool {
    match due(facts, by) {
        Some((_, Due::Deletion(_) | Due::Expiry(..))) => true,
        Some((_, Due::Rotation(_))) | None => false,
    }
}

/// One material, wrapped by its own key-encryption key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrappedMaterial {
    #[serde(with = "hex::serde")]
    pub wrapped: Vec<u8>,
}
impl Versioned for WrappedMaterial {}

/// One key-encryption key, wrapped by the key of its epoch. Destroying it destroys the material.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrappedKek {
    pub epoch: u32,
    #[serde(with = "hex::serde")]
    pub wrapped: Vec<u8>,
}
impl Versioned for WrappedKek {}

/// A key policy, as it was given.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyRecord {
    /// In base64: a row's length is limited, and escapes could double the document's.
    #[serde(with = "base64_text")]
    pub document: String,
}
impl Versioned for PolicyRecord {}

/// All tags of a key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagsRecord {
    pub tags: BTreeMap<String, String>,
}
impl Versioned for TagsRecord {}

/// Where an alias points.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasRecord {
    pub key_id: String,
    pub created: Time,
    /// When it last came to a key, be it the same.
    pub updated: Time,
}
impl Versioned for AliasRecord {}

/// All aliases that lead to a key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AliasesRecord {
    /// Their names, with the prefix `alias/`.
    pub names: BTreeSet<String>,
}
impl Versioned for AliasesRecord {}

/// How many keys one counter counts.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CounterRecord {
    pub keys: u32,
}
impl Versioned for CounterRecord {}

/// A row that says all by its name.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mark {}
impl Versioned for Mark {}

/// An audit record that waits for its way to the audit file.
pub(crate) struct OutboxRecord {
    /// Which attempt of its request put it there.
    pub attempt: u32,
    pub event_id: String,
    /// The line, without its end.
    pub line: String,
}

/// What stands before the line in its row.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutboxHead {
    attempt: u32,
    event_id: String,
    /// What this commit changes in the sum over all rows; nobody sums yet.
    sum: Option<String>,
}
impl Versioned for OutboxHead {}

/// The line stands behind its head as it is, since escaped once more a long one would not fit its row.
impl Record for OutboxRecord {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let head = OutboxHead { attempt: self.attempt, event_id: self.event_id.clone(), sum: None };
        Ok([&head.encode()?, "\n".as_bytes(), self.line.as_bytes()].concat())
    }

    fn decode(text: &[u8]) -> Result<OutboxRecord, String> {
        let text = std::str::from_utf8(text).map_err(|why| why.to_string())?;
        let (head, line) = text.split_once('\n').ok_or("has no line")?;
        let head = OutboxHead::decode(head.as_bytes())?;
        Ok(OutboxRecord { attempt: head.attempt, event_id: head.event_id, line: line.to_owned() })
    }
}

/// How far this node's audit mover has come.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadRecord {
    /// The newest sequence that was copied and deleted.
    pub moved: u64,
    /// The sum over all rows, in as many buckets as it will have; nobody sums yet.
    pub sum: Option<Vec<String>>,
}
impl Versioned for HeadRecord {}

/// The uptime that this node has observed, over all its starts.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UptimeRecord {
    pub millis: u64,
}
impl Versioned for UptimeRecord {}

mod base64_text {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    pub fn serialize<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(text))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        let bytes = STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)?;
        String::from_utf8(bytes).map_err(serde::de::Error::custom)
    }
}

mod spec_name {
    use super::*;

    pub fn serialize<S: Serializer>(spec: &KeySpec, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(spec.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<KeySpec, D::Error> {
        let name = String::deserialize(from)?;
        KeySpec::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("no key spec is called {name:?}")))
    }
}

mod usage_name {
    use super::*;

    pub fn serialize<S: Serializer>(usage: &KeyUsage, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(usage.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<KeyUsage, D::Error> {
        let name = String::deserialize(from)?;
        KeyUsage::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("no key usage is called {name:?}")))
    }
}
