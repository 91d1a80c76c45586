//! What the rows hold, record by record. A record knows its version; what it looked like before stands in `Record`'s
//! implementations as long as any file may hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crypto::spec::{KeySpec, KeyUsage};
use policy::{Document, DocumentError, Kind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wire::KeyLastUsageTrackingOperation;

use crate::Time;
use crate::error::Error;
use crate::keys::lifecycle::{Due, Facts, Own, Set, due};

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
        let found = version(text)?;
        if found > T::VERSION {
            return Err(format!(
                "was written by a newer version of Trent (format {found}; this one reads {}): upgrade Trent",
                T::VERSION
            ));
        }
        let envelope: Envelope<T> = serde_json::from_slice(text).map_err(|why| format!("is no such record: {why}"))?;
        Ok(envelope.r)
    }
}

fn version(text: &[u8]) -> Result<u32, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let found: Version = serde_json::from_slice(text).map_err(|why| format!("has no version: {why}"))?;
    Ok(found.v)
}

/// What the row of a key holds.
pub(crate) enum KeyRow {
    /// All of a key of one Region.
    Whole(Arc<KeyRecord>),
    /// What is true of one key of a set alone.
    Member(Arc<MemberRecord>),
}

impl KeyRow {
    /// The row of this key.
    pub fn of(key: &KeyRecord) -> KeyRow {
        match key.multi_region {
            true => KeyRow::Member(Arc::new(MemberRecord::of(key))),
            false => KeyRow::Whole(Arc::new(key.clone())),
        }
    }
}

/// The two are told apart by their version. Only the second form has one that earlier programs do not read.
impl Record for KeyRow {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        match self {
            KeyRow::Whole(key) => key.encode(),
            KeyRow::Member(member) => member.encode(),
        }
    }

    fn decode(text: &[u8]) -> Result<KeyRow, String> {
        match version(text)? {
            ..=KeyRecord::VERSION => KeyRecord::decode(text).map(|key| KeyRow::Whole(Arc::new(key))),
            _ => MemberRecord::decode(text).map(|member| KeyRow::Member(Arc::new(member))),
        }
    }
}

/// A key: everything about it that is neither material nor hangs on it. That of a key in a set of Regions is made of two
/// rows, its own and the set's.
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
    /// Which of the sixteen counters counts it; none counts a key of AWS's own.
    pub counter: u8,
    /// Past a date of its: the observed uptime, in milliseconds, at which the key-encryption keys are destroyed that
    /// the date is of.
    pub destroy_at_uptime: Option<u64>,
    /// What the clock said when that was written: what becomes due later gets a grace of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doomed_by: Option<Time>,
    /// The service whose key it is, by its name behind `alias/aws/`; none for a customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managed_by: Option<String>,
}
impl Versioned for KeyRecord {}

impl KeyRecord {
    /// Whether it is a service's of AWS's, which nobody may change.
    pub fn is_aws_managed(&self) -> bool {
        self.managed_by.is_some()
    }

    /// A new key with these facts: of one Region, nameless, nobody's but its account's, and counted by the first counter.
    pub fn born(key_id: String, spec: KeySpec, usage: KeyUsage, facts: Facts) -> KeyRecord {
        KeyRecord {
            key_id,
            description: String::new(),
            spec,
            usage,
            multi_region: false,
            created: facts.created(),
            facts,
            counter: 0,
            destroy_at_uptime: None,
            doomed_by: None,
            managed_by: None,
        }
    }

    /// The same key with other facts. It stays doomed only as long as they still doom it.
    pub fn with_facts(&self, facts: Facts, now: Time) -> KeyRecord {
        let by = self.doomed_by.map_or(now, |by| by.min(now));
        let destroy_at_uptime = self.destroy_at_uptime.filter(|_| is_doomed(&facts, by));
        let doomed_by = destroy_at_uptime.and(self.doomed_by);
        KeyRecord { facts, destroy_at_uptime, doomed_by, ..self.clone() }
    }
}

/// The key of one Region in a set: what [`SetRecord`] does not say of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberRecord {
    pub key_id: String,
    pub description: String,
    pub own: Own,
    /// As in [`KeyRecord`].
    pub counter: u8,
    /// As in [`KeyRecord`].
    pub destroy_at_uptime: Option<u64>,
    /// As in [`KeyRecord`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doomed_by: Option<Time>,
}
impl Versioned for MemberRecord {
    const VERSION: u32 = KeyRecord::VERSION + 1;
}

impl MemberRecord {
    fn of(key: &KeyRecord) -> MemberRecord {
        MemberRecord {
            key_id: key.key_id.clone(),
            description: key.description.clone(),
            own: key.facts.own(),
            counter: key.counter,
            destroy_at_uptime: key.destroy_at_uptime,
            doomed_by: key.doomed_by,
        }
    }
}

/// What the keys of a set of Regions share, "shared properties" in AWS's words, which the primary alone changes. One row,
/// so that a rotation is one change, which no Region sees half of or before another.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>
///
/// All Regions lie in one store today. They could lie in several: a Region's own rows name no other Region, this row has
/// all that a new Region needs to know, and each of its parts has one writer. `set.shared` and the list of members are
/// the primary's, each member's line is its Region's own. Every store would have a copy of the row, and the primary's
/// would send `shared` to the others, as AWS does (SynchronizeMultiRegionKey). Material would go the same way, wrapped
/// anew for its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetRecord {
    #[serde(with = "spec_name")]
    pub spec: KeySpec,
    #[serde(with = "usage_name")]
    pub usage: KeyUsage,
    pub set: Set,
}
impl Versioned for SetRecord {}

impl SetRecord {
    /// The key of this Region as it is at `now`.
    ///
    /// Errors: why the two records are not of one key.
    pub fn key(&self, region: &str, member: &MemberRecord, now: Time) -> Result<KeyRecord, String> {
        let facts = self.set.facts(region, &member.own, now).map_err(|why| why.to_string())?;
        Ok(KeyRecord {
            key_id: member.key_id.clone(),
            description: member.description.clone(),
            spec: self.spec,
            usage: self.usage,
            multi_region: true,
            created: facts.created(),
            facts,
            counter: member.counter,
            destroy_at_uptime: member.destroy_at_uptime,
            doomed_by: member.doomed_by,
            managed_by: None,
        })
    }
}

/// Whether something was due by then that destroys, and waits for its grace.
pub(crate) fn is_doomed(facts: &Facts, by: Time) -> bool {
    match due(facts, by) {
        Some((_, Due::Deletion(_) | Due::Expiry(..))) => true,
        Some((_, Due::Rotation(_) | Due::Settling(_))) | None => false,
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

/// The public half of an asymmetric key: what needs it alone opens no material.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PublicKeyRecord {
    /// A SubjectPublicKeyInfo in DER, at most 2.6 kB (ML-DSA-87).
    #[serde(with = "hex::serde")]
    pub spki: Vec<u8>,
}
impl Versioned for PublicKeyRecord {}

/// One key-encryption key, wrapped by the key of its epoch. Destroying it destroys the material.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WrappedKek {
    pub epoch: u32,
    #[serde(with = "hex::serde")]
    pub wrapped: Vec<u8>,
}
impl Versioned for WrappedKek {}

/// A key policy: the document as it was given, who exactly the users and roles were that it names, and what it says.
pub(crate) struct PolicyRecord {
    text: String,
    /// The unique id that each of these principals had when the policy was put, by its ARN as the document has it.
    pins: BTreeMap<String, String>,
    said: Result<Document, DocumentError>,
}

impl PolicyRecord {
    pub fn new(text: String, pins: BTreeMap<String, String>) -> PolicyRecord {
        let said = Document::compile(&text, Kind::Key);
        PolicyRecord::of(text, pins, said)
    }

    fn of(text: String, pins: BTreeMap<String, String>, said: Result<Document, DocumentError>) -> PolicyRecord {
        let said = said.map(|document| document.pinned(&pins));
        PolicyRecord { text, pins, said }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn pins(&self) -> &BTreeMap<String, String> {
        &self.pins
    }

    /// What it says. Before policies decided, documents were kept that are none to this version; whoever reads them so
    /// may take nothing for allowed.
    pub fn said(&self) -> Result<&Document, &DocumentError> {
        self.said.as_ref()
    }
}

/// What stands before the document in its row.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyHead {
    /// One for each principal that the document names, in the order of their bytes; empty for those that have none.
    /// With their ARNs the row could be too long.
    pins: Vec<String>,
}
impl Versioned for PolicyHead {
    const VERSION: u32 = 2;
}

/// Version 1: a policy that named nobody by id.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyAlone {
    #[serde(with = "base64_text")]
    document: String,
}
impl Versioned for PolicyAlone {}

/// The document stands behind its head as it is: escapes could double its length.
impl Record for PolicyRecord {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        let pin = |name: &str| self.pins.get(name).cloned().unwrap_or_default();
        let pins = self.said().map(|document| named(document).into_iter().map(pin).collect()).unwrap_or_default();
        Ok([&PolicyHead { pins }.encode()?, "\n".as_bytes(), self.text.as_bytes()].concat())
    }

    fn decode(text: &[u8]) -> Result<PolicyRecord, String> {
        let text = std::str::from_utf8(text).map_err(|why| why.to_string())?;
        let Some((head, text)) = text.split_once('\n') else {
            return PolicyAlone::decode(text.as_bytes())
                .map(|alone| PolicyRecord::new(alone.document, BTreeMap::new()));
        };
        let PolicyHead { pins } = PolicyHead::decode(head.as_bytes())?;
        let said = Document::compile(text, Kind::Key);
        let names: Vec<String> = said.iter().flat_map(named).map(str::to_owned).collect();
        if names.len() != pins.len() && said.is_ok() {
            return Err("names other principals than it has ids of".to_owned());
        }
        let pins = names.into_iter().zip(pins).filter(|(_, id)| !id.is_empty()).collect();
        Ok(PolicyRecord::of(text.to_owned(), pins, said))
    }
}

/// The principals that a policy names, each once, in the order of their bytes.
fn named(document: &Document) -> BTreeSet<&str> {
    document.principals().collect()
}

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

/// A grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantRecord {
    /// 64 hexadecimal digits.
    pub grant_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub grantee: GrantPrincipal,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retirer: Option<GrantPrincipal>,
    /// In AWS's words and AWS's order, each once.
    pub operations: Vec<String>,
    #[serde(default, skip_serializing_if = "GrantTerms::are_none")]
    pub terms: GrantTerms,
    /// The account of the caller who made it.
    pub issuer: String,
    pub created: Time,
}
impl Versioned for GrantRecord {}

/// A principal that a grant names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantPrincipal {
    /// Of a user, a role, a session or an account's root.
    pub arn: String,
    /// The unique id that the user, or the role, had when the grant was made: a later one of the same name is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What a grant asks of the requests that it allows. Of the two maps a grant has one, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTerms {
    /// This encryption context, whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<BTreeMap<String, String>>,
    /// An encryption context with at least these pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subset: Option<BTreeMap<String, String>>,
    /// The resource that a service must ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_arn: Option<String>,
}

impl GrantTerms {
    /// Whether nothing is asked.
    pub fn are_none(&self) -> bool {
        let GrantTerms { equals, subset, source_arn } = self;
        equals.is_none() && subset.is_none() && source_arn.is_none()
    }
}

/// Which grant of a key has a name and properties.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantNameRecord {
    pub grant_id: String,
}
impl Versioned for GrantNameRecord {}

/// How many grants a key has. Every writer of a grant writes it too.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantCountRecord {
    pub grants: u32,
}
impl Versioned for GrantCountRecord {}

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

/// The last use of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UseRecord {
    #[serde(with = "operation_name")]
    pub operation: KeyLastUsageTrackingOperation,
    pub at: Time,
    /// The `eventID` of the call's audit record.
    pub event_id: String,
    /// Its `requestID`.
    pub request_id: String,
}
impl Versioned for UseRecord {}

/// Since when every use of a key has been noted.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackingRecord {
    pub began: Time,
}
impl Versioned for TrackingRecord {}

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

mod operation_name {
    use super::*;

    pub fn serialize<S: Serializer>(operation: &KeyLastUsageTrackingOperation, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(operation.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<KeyLastUsageTrackingOperation, D::Error> {
        let name = String::deserialize(from)?;
        KeyLastUsageTrackingOperation::parse(&name)
            .ok_or_else(|| serde::de::Error::custom(format!("no operation that uses keys is called {name:?}")))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As many users as a policy of 32 KiB can name, each with its id, fit into one row.
    #[test]
    fn the_policy_that_names_most_users_fits_its_row_and_comes_back_with_all_their_ids() {
        let (before, after) =
            (r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":["#, r#"]},"Action":"kms:*","Resource":"*"}}"#);
        let room = 32 * 1024 - before.len() - after.len();
        let mut names = String::new();
        let mut pins = BTreeMap::new();
        for n in 0_u32.. {
            let arn = format!("arn:aws:iam::111122223333:user/{n:x}");
            if names.len() + arn.len() + 3 > room {
                break;
            }
            names.push_str(&format!("{}\"{arn}\"", if n == 0 { "" } else { "," }));
            pins.insert(arn, format!("AIDA{n:017}"));
        }
        let text = format!("{before}{names}{after}");
        let kept = PolicyRecord::new(text.clone(), pins.clone());
        kept.said().unwrap_or_else(|why| panic!("{why}"));
        let encoded = kept.encode().expect("a record");
        assert!(encoded.len() + 1024 < store::limits::ROW_BYTES, "{} users, {} bytes", pins.len(), encoded.len());
        let read = PolicyRecord::decode(&encoded).expect("it is one");
        assert_eq!((read.text(), read.pins()), (text.as_str(), &pins));
    }

    #[test]
    fn a_policy_whose_ids_are_too_few_is_damaged_and_its_first_form_is_read_for_ever() {
        let text = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}"#;
        let kept = PolicyRecord::new(text.to_owned(), BTreeMap::new()).encode().expect("a record");
        let damaged = String::from_utf8(kept).expect("text").replace(r#""pins":[]"#, r#""pins":["AIDA"]"#);
        assert!(PolicyRecord::decode(damaged.as_bytes()).is_err(), "{damaged}");
        let first = br#"{"v":1,"r":{"document":"e30="}}"#;
        let read = PolicyRecord::decode(first).expect("the first version");
        assert_eq!(read.text(), "{}");
        assert!(read.said().is_err(), "it was kept, and says nothing");
        let newer = br#"{"v":3,"r":{"pins":[]}}
{}"#;
        assert!(PolicyRecord::decode(newer).is_err_and(|why| why.contains("upgrade Trent")));
    }
}
