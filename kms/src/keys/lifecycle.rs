//! What is true of a key, what state follows from it, and how it changes: with its parts, imports, rotations and sets of
//! Regions, the only code that assigns lifecycle fields. It decides neither who may change a key nor whether its state allows it
//! (`admission`), and it writes nothing.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wire::KeyState;

pub use self::import::{Expiration, ImportKind, ImportRefusal, ImportTerms, NoSuchMaterial};
use self::rotation::Schedule;
pub use self::rotation::{
    MOST_AUTOMATIC, MOST_ON_DEMAND, PERIOD_DAYS, Rotated, Rotation, RotationKind, RotationRefusal,
};
pub use self::set::{MOST_REGIONS, Own, RegionPart, Set};
use self::set::{Part, Replicas};
use crate::Time;

mod import;
mod rotation;
mod set;

/// The name of one key material: a digest, shown to clients as 64 hex digits.
pub type MaterialId = [u8; 32];

/// The facts of one key's life. Its state is derived ([`Facts::state`]), never stored, so it cannot contradict them.
///
/// Fields are private: a key is born, edited by the edits below, and read back through a decode that refuses unknown
/// and missing fields and facts that contradict each other.
///
/// A key is enabled by the edit:
/// ```
/// use kms::{Time, keys::lifecycle::{Facts, KeyOrigin}};
/// let facts = Facts::born(KeyOrigin::AwsKms, Some([7; 32]), Time(0)).disable();
/// assert!(facts.enable().enabled());
/// ```
/// and by nothing else:
/// ```compile_fail,E0616
/// use kms::{Time, keys::lifecycle::{Facts, KeyOrigin}};
/// let mut facts = Facts::born(KeyOrigin::AwsKms, Some([7; 32]), Time(0)).disable();
/// facts.enabled = true;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Facts {
    created: Time,
    origin: KeyOrigin,
    enabled: bool,
    #[serde(deserialize_with = "Option::deserialize")]
    deletion: Option<Deletion>,
    phase: Phase,
    materials: Vec<MaterialFacts>,
    #[serde(deserialize_with = "Option::deserialize")]
    /// Apart, as few keys have one.
    custom_store: Option<Box<StoreLink>>,
    /// Automatic rotation, while it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
    /// Its part in a set of Regions. A fact of the set's record: these facts were made of both.
    #[serde(skip)]
    part: Option<Part>,
}

/// Where a key's material comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum KeyOrigin {
    /// Drawn here.
    AwsKms,
    /// Imported by the key's owner, who may delete it and import it again.
    External,
    /// It lives in a custom store backed by an HSM cluster.
    AwsCloudhsm,
    /// It lives behind an external key store proxy.
    ExternalKeyStore,
}

impl KeyOrigin {
    /// Every origin, in AWS's order.
    pub const ALL: [KeyOrigin; 4] =
        [KeyOrigin::AwsKms, KeyOrigin::External, KeyOrigin::AwsCloudhsm, KeyOrigin::ExternalKeyStore];

    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            KeyOrigin::AwsKms => "AWS_KMS",
            KeyOrigin::External => "EXTERNAL",
            KeyOrigin::AwsCloudhsm => "AWS_CLOUDHSM",
            KeyOrigin::ExternalKeyStore => "EXTERNAL_KEY_STORE",
        }
    }

    /// Whether keys of this origin live in a custom store.
    pub const fn in_custom_store(self) -> bool {
        match self {
            KeyOrigin::AwsKms | KeyOrigin::External => false,
            KeyOrigin::AwsCloudhsm | KeyOrigin::ExternalKeyStore => true,
        }
    }
}

/// A deletion that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Deletion {
    On {
        date: Time,
        window_days: u16,
    },
    /// A multi-Region primary whose window begins when its last replica is gone.
    AfterReplicas {
        window_days: u16,
    },
}

/// Whether the set of Regions that a key belongs to is at work on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Phase {
    Settled,
    Creating { since: Time },
    Updating { since: Time },
}

impl Phase {
    /// What it is at `now`: it ends by itself, [`AT_WORK_SECONDS`] after it began. Nor has it begun before it did, so that
    /// a clock that is set back holds up no key.
    fn at(self, now: Time) -> Phase {
        match self {
            Phase::Creating { since } | Phase::Updating { since }
                if (since..since.plus_seconds(AT_WORK_SECONDS)).contains(&now) =>
            {
                self
            }
            Phase::Creating { .. } | Phase::Updating { .. } | Phase::Settled => Phase::Settled,
        }
    }

    fn end(self) -> Option<Time> {
        match self {
            Phase::Creating { since } | Phase::Updating { since } => Some(since.plus_seconds(AT_WORK_SECONDS)),
            Phase::Settled => None,
        }
    }
}

/// How long a replica is being created and a primary changed, in seconds. Nothing is copied meanwhile: AWS takes a
/// while, so that whoever works with it waits for the end, and here is one to wait for.
const AT_WORK_SECONDS: i64 = 1;

/// The custom store in which a key lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreLink {
    id: String,
    /// A fact of the store's record, not of this one: disconnecting a store must not rewrite a thousand keys. Until
    /// that record has been read the key is Unavailable.
    #[serde(skip)]
    connected: bool,
}

/// What is true of one material of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialFacts {
    #[serde(with = "hex_id")]
    id: MaterialId,
    state: MaterialState,
    present: bool,
    #[serde(deserialize_with = "Option::deserialize")]
    expires: Option<Time>,
    created: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated: Option<Rotated>,
}

/// A material's place in its key (`KeyMaterialState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MaterialState {
    /// Encrypts and decrypts.
    Current,
    /// Decrypts only: a rotation put another one in its place.
    NonCurrent,
    /// Imported for the next rotation; the key does not depend on it yet.
    PendingRotation,
    /// As `PendingRotation`, but some replica has not imported it yet.
    PendingMultiRegionImportAndRotation,
}

impl MaterialState {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            MaterialState::Current => "CURRENT",
            MaterialState::NonCurrent => "NON_CURRENT",
            MaterialState::PendingRotation => "PENDING_ROTATION",
            MaterialState::PendingMultiRegionImportAndRotation => "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
        }
    }

    /// Whether the key needs this material to be usable ("permanently associated" in AWS's words).
    pub const fn is_permanent(self) -> bool {
        match self {
            MaterialState::Current | MaterialState::NonCurrent => true,
            MaterialState::PendingRotation | MaterialState::PendingMultiRegionImportAndRotation => false,
        }
    }
}

impl MaterialFacts {
    /// A material that is here, for good and nameless.
    fn new(id: MaterialId, state: MaterialState, created: Time) -> MaterialFacts {
        MaterialFacts { id, state, present: true, expires: None, created, description: None, rotated: None }
    }

    /// Its id.
    pub fn id(&self) -> MaterialId {
        self.id
    }

    /// Its place in the key.
    pub fn state(&self) -> MaterialState {
        self.state
    }

    /// When it was drawn or first imported.
    pub fn created(&self) -> Time {
        self.created
    }

    /// When it expires, if it does.
    pub fn expires(&self) -> Option<Time> {
        self.expires
    }

    /// What its owner calls it (`KeyMaterialDescription`).
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The rotation that made it current; `None` for a key's first material, and for one that waits for its rotation.
    pub fn rotated(&self) -> Option<Rotated> {
        self.rotated
    }

    /// Whether it may be used at `now` (`ImportState` IMPORTED): it is here, and it has not expired. Expiry needs no
    /// writer.
    pub fn is_here(&self, now: Time) -> bool {
        self.present && !self.has_expired(now)
    }

    fn has_expired(&self, now: Time) -> bool {
        self.expires.is_some_and(|expiry| expiry <= now)
    }
}

/// Reading.
impl Facts {
    /// The state of the key at `now`. The order of the arms is the precedence.
    ///
    /// A deletion comes before everything: a key may be given up while it is being created, while its material is
    /// missing and while its store is disconnected, and then shows nothing else (`PendingDeletion` even when the store
    /// is disconnected: footnote 13 of AWS's table).
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html>
    pub fn state(&self, now: Time) -> KeyState {
        let phase = self.phase.at(now);
        match (self.deletion(), phase, self.is_reachable(), self.has_its_materials(now), self.enabled) {
            (Some(Deletion::On { .. }), _, _, _, _) => KeyState::PendingDeletion,
            (Some(Deletion::AfterReplicas { .. }), _, _, _, _) => KeyState::PendingReplicaDeletion,
            (None, Phase::Creating { .. }, _, _, _) => KeyState::Creating,
            (None, Phase::Updating { .. }, _, _, _) => KeyState::Updating,
            (None, Phase::Settled, false, _, _) => KeyState::Unavailable,
            (None, Phase::Settled, true, false, _) => KeyState::PendingImport,
            (None, Phase::Settled, true, true, false) => KeyState::Disabled,
            (None, Phase::Settled, true, true, true) => KeyState::Enabled,
        }
    }

    /// Whether the key's deletion date has come: from then on it does not exist, whether or not anybody has written so.
    pub fn is_gone(&self, now: Time) -> bool {
        self.deletion_date().is_some_and(|date| date <= now)
    }

    /// When the key was created.
    pub fn created(&self) -> Time {
        self.created
    }

    /// Where its material comes from.
    pub fn origin(&self) -> KeyOrigin {
        self.origin
    }

    /// What its owner last wished. A key that is enabled here may be in any state; `Enabled` in `KeyMetadata` is
    /// whether its *state* is Enabled.
    pub fn enabled(&self) -> bool {
        self.enabled
    }

    /// The date on which it is deleted; `None` also while it waits for its replicas.
    pub fn deletion_date(&self) -> Option<Time> {
        match self.deletion() {
            Some(Deletion::On { date, .. }) => Some(date),
            Some(Deletion::AfterReplicas { .. }) | None => None,
        }
    }

    /// The waiting period in days that its deletion was asked with, running or not.
    pub fn deletion_window_days(&self) -> Option<u16> {
        match self.deletion {
            Some(Deletion::On { window_days, .. } | Deletion::AfterReplicas { window_days }) => Some(window_days),
            None => None,
        }
    }

    /// The material that encrypts; it stays current when it is deleted or has expired. `None` before the first import.
    pub fn current_material(&self) -> Option<MaterialId> {
        self.materials.iter().find(|material| material.state == MaterialState::Current).map(MaterialFacts::id)
    }

    /// The material of this id, if it is this key's.
    pub fn material(&self, id: &MaterialId) -> Option<&MaterialFacts> {
        self.materials.iter().find(|material| material.id == *id)
    }

    /// All its materials, the oldest first.
    pub fn materials(&self) -> &[MaterialFacts] {
        &self.materials
    }

    /// The custom store in which it lives.
    pub fn custom_store(&self) -> Option<&str> {
        self.custom_store.as_ref().map(|store| store.id.as_str())
    }

    /// The deletion as it has become: the window of a primary that waits for its replicas begins when the last of them is
    /// gone, whether or not anybody has written so.
    fn deletion(&self) -> Option<Deletion> {
        match (self.deletion, self.part) {
            (Some(Deletion::AfterReplicas { window_days }), Some(Part::Primary(Replicas::Gone(since)))) => {
                Some(Deletion::On { date: since.plus_days(i64::from(window_days)), window_days })
            }
            (asked, Some(Part::Primary(_) | Part::Replica) | None) => asked,
        }
    }

    fn is_reachable(&self) -> bool {
        self.custom_store.as_ref().is_none_or(|store| store.connected)
    }

    /// Only imported material can be missing: usable are keys whose permanent materials are *all* here.
    fn has_its_materials(&self, now: Time) -> bool {
        let mut permanent = self.materials.iter().filter(|material| material.state.is_permanent()).peekable();
        match self.origin {
            KeyOrigin::External => permanent.peek().is_some() && permanent.all(|material| material.is_here(now)),
            KeyOrigin::AwsKms | KeyOrigin::AwsCloudhsm | KeyOrigin::ExternalKeyStore => true,
        }
    }
}

/// Birth, the edits that keep a key from use, and its end. Each changes one or two facts; whether the key's state allows
/// it was asked before (`admission`), so they cannot fail.
impl Facts {
    /// A new key, enabled and settled. Without material it is PendingImport if its origin is EXTERNAL; a key of any
    /// other origin needs material, and one of a custom store its link too: facts without them do not encode.
    pub fn born(origin: KeyOrigin, first_material: Option<MaterialId>, now: Time) -> Facts {
        let first = first_material.map(|id| MaterialFacts::new(id, MaterialState::Current, now));
        Facts {
            created: now,
            origin,
            enabled: true,
            deletion: None,
            phase: Phase::Settled,
            materials: first.into_iter().collect(),
            custom_store: None,
            schedule: None,
            part: None,
        }
    }

    /// The key may be used (again), once nothing else keeps it.
    pub fn enable(self) -> Facts {
        Facts { enabled: true, ..self }
    }

    /// The key may not be used until it is enabled.
    pub fn disable(self) -> Facts {
        Facts { enabled: false, ..self.interrupted() }
    }

    /// The key is deleted `window_days` days of 24 hours from `now`, or, if it is a primary that has replicas, from the
    /// moment in which the last of them is gone.
    pub fn schedule_deletion(self, now: Time, window_days: u16) -> Facts {
        let deletion = match self.part {
            Some(Part::Primary(Replicas::There)) => Deletion::AfterReplicas { window_days },
            Some(Part::Primary(Replicas::Gone(_) | Replicas::NeverWere) | Part::Replica) | None => {
                Deletion::On { date: now.plus_days(i64::from(window_days)), window_days }
            }
        };
        Facts { deletion: Some(deletion), ..self.interrupted() }
    }

    /// The key is not deleted. It comes back disabled, whatever it was before.
    pub fn cancel_deletion(self) -> Facts {
        Facts { deletion: None, enabled: false, ..self }
    }

    /// The end of a key whose date has come: what is left is what must be destroyed.
    ///
    /// # Errors
    /// The facts come back unchanged if `overdue` speaks of another date than this key's deletion.
    pub fn delete(self, overdue: Overdue) -> Result<Remains, Facts> {
        if self.deletion_date() != Some(overdue.since) {
            return Err(self);
        }
        Ok(Remains { died: overdue.since, materials: self.materials.iter().map(MaterialFacts::id).collect() })
    }
}

/// What a deleted key leaves behind. Only [`Facts::delete`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remains {
    died: Time,
    materials: Vec<MaterialId>,
}

impl Remains {
    /// The deletion date: the moment from which the key did not exist, however late it was written down.
    pub fn died(&self) -> Time {
        self.died
    }

    /// The materials whose key-encryption keys are to be destroyed.
    pub fn materials(&self) -> &[MaterialId] {
        &self.materials
    }
}

/// Something that time made due.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    /// The waiting period of a deletion is over: [`Facts::delete`].
    Deletion(Overdue),
    /// The time of this imported material is over: [`Facts::expire`].
    Expiry(Overdue, MaterialId),
    /// The date of an automatic rotation has come: [`Facts::rotate`].
    Rotation(Overdue),
    /// Its set of Regions is no longer at work on the key: [`Facts::settle`].
    Settling(Overdue),
}

/// The proof that a moment has passed, asked for by the edits that only time may make. Only [`due`] makes one.
///
/// A deletion waits for its date:
/// ```
/// use kms::{Time, keys::lifecycle::{Due, Facts, KeyOrigin, due}};
/// let facts = Facts::born(KeyOrigin::AwsKms, Some([7; 32]), Time(0)).schedule_deletion(Time(0), 7);
/// assert_eq!(due(&facts, Time(0)), None);
/// let Some((_, Due::Deletion(overdue))) = due(&facts, Time(0).plus_days(7)) else { panic!("a week later") };
/// assert!(facts.delete(overdue).is_ok());
/// ```
/// Nobody else can say that it has come:
/// ```compile_fail,E0451
/// use kms::{Time, keys::lifecycle::{Facts, KeyOrigin, Overdue}};
/// let facts = Facts::born(KeyOrigin::AwsKms, Some([7; 32]), Time(0)).schedule_deletion(Time(0), 7);
/// let overdue = Overdue { since: Time(0).plus_days(7) };
/// assert!(facts.delete(overdue).is_ok());
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Overdue {
    since: Time,
}

/// The earliest of what has become due by `now`, and when it did. After a standstill apply it and ask again until
/// `None`: everything then happens in its order and at its own time.
///
/// A key that is deleted takes its materials with it: of what falls on one moment, the deletion comes first.
pub fn due(facts: &Facts, now: Time) -> Option<(Time, Due)> {
    let past = |(date, what): (Time, What)| (date <= now).then_some((date, what));
    let (date, what) = next(facts).and_then(past)?;
    // A rotation that was held up happens now, not on the date that it missed.
    let since = if what == What::Rotation { facts.rotation_since(now)? } else { date };
    let overdue = Overdue { since };
    let due = match what {
        What::Deletion => Due::Deletion(overdue),
        What::Expiry(id) => Due::Expiry(overdue, id),
        What::Rotation => Due::Rotation(overdue),
        What::Settling => Due::Settling(overdue),
    };
    Some((since, due))
}

/// When the next thing becomes due: the key's row in the index of due dates. On that date, and not before it, [`due`]
/// has something to do.
pub fn next_due(facts: &Facts) -> Option<Time> {
    next(facts).map(|(date, _)| date)
}

/// What [`Due`] will be once its date has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Deletion,
    Expiry(MaterialId),
    Rotation,
    Settling,
}

fn next(facts: &Facts) -> Option<(Time, What)> {
    let deletion = facts.deletion_date().map(|date| (date, What::Deletion));
    let expiry = facts.next_expiry().map(|(date, id)| (date, What::Expiry(id)));
    let rotation = facts.next_rotation().map(|date| (date, What::Rotation));
    let settling = facts.phase.end().map(|date| (date, What::Settling));
    // Of equals, the first.
    [deletion, settling, expiry, rotation].into_iter().flatten().min_by_key(|(date, _)| *date)
}

/// Facts that cannot be true together: the record was not written by this code, or not for this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contradiction(&'static str);

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key's facts contradict each other: {}", self.0)
    }
}

impl Facts {
    fn check(&self) -> Result<(), Contradiction> {
        let count = |of: fn(&MaterialFacts) -> bool| self.materials.iter().filter(|material| of(material)).count();
        let current = count(|material| material.state == MaterialState::Current);
        let permanent = count(|material| material.state.is_permanent());
        let pending = self.materials.len() - permanent;
        let twice = |(at, material): (usize, &MaterialFacts)| self.materials[..at].iter().any(|m| m.id == material.id);
        let lost = count(|material| !material.present || material.expires.is_some());
        let imported = count(|material| material.description.is_some()) + pending;
        // Every material but the first became current by a rotation, unless it still waits for it.
        let unrotated = |(at, material): (usize, &MaterialFacts)| {
            material.rotated.is_some() != (at > 0 && material.state.is_permanent())
        };
        let rules = [
            (current > 1, "two current materials"),
            (permanent > 0 && current == 0, "materials, but no current one"),
            (self.materials.iter().enumerate().any(twice), "one material twice"),
            (self.origin == KeyOrigin::AwsKms && current == 0, "no material of its own"),
            (self.origin != KeyOrigin::External && lost > 0, "material lost, not imported"),
            (self.origin != KeyOrigin::External && imported > 0, "an import of what is not imported"),
            (self.origin.in_custom_store() != self.custom_store.is_some(), "its origin and its custom store"),
            (pending > 1, "two materials that wait for one rotation"),
            (pending > 0 && current == 0, "a rotation awaited, and nothing to rotate"),
            (count(|material| !material.present && material.expires.is_some()) > 0, "an expiry of nothing"),
            (self.materials.iter().enumerate().any(unrotated), "its materials and its rotations"),
            (
                self.origin != KeyOrigin::AwsKms && self.rotates_by_itself(),
                "automatic rotation of what is not drawn here",
            ),
            (self.has_odd_rotations(), "a rotation that no key has"),
        ];
        rules.into_iter().find(|(broken, _)| *broken).map_or(Ok(()), |(_, what)| Err(Contradiction(what)))
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.check().map_err(serde::ser::Error::custom)?;
        Facts::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Facts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Facts, D::Error> {
        let facts = Facts::deserialize(deserializer)?;
        facts.check().map_err(serde::de::Error::custom)?;
        Ok(facts)
    }
}

mod hex_id {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::MaterialId;

    pub(super) fn serialize<S: Serializer>(id: &MaterialId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(id))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<MaterialId, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut id = MaterialId::default();
        hex::decode_to_slice(&text, &mut id).map_err(serde::de::Error::custom)?;
        Ok(id)
    }
}

/// Keys in every state, for the tests of whoever asks about states.
#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    pub(crate) const BORN: Time = Time(1_700_000_000_000);

    /// A key that is in `state` from its birth until a week later, or for a second if its Regions are at work on it;
    /// `None` where keys of that origin never are.
    pub(crate) fn in_state(origin: KeyOrigin, state: KeyState) -> Option<Facts> {
        let link = StoreLink { id: "cks-1234567890abcdef0".to_owned(), connected: true };
        let custom_store = origin.in_custom_store().then(|| Box::new(link));
        let key = Facts { custom_store, ..Facts::born(origin, Some([7; 32]), BORN) };
        match state {
            KeyState::Enabled => Some(key),
            KeyState::Disabled => Some(key.disable()),
            KeyState::PendingDeletion => Some(key.schedule_deletion(BORN, 7)),
            KeyState::PendingReplicaDeletion => {
                Some(Facts { deletion: Some(Deletion::AfterReplicas { window_days: 7 }), ..key })
            }
            KeyState::Creating => Some(Facts { phase: Phase::Creating { since: BORN }, ..key }),
            KeyState::Updating => Some(Facts { phase: Phase::Updating { since: BORN }, ..key }),
            KeyState::PendingImport => (origin == KeyOrigin::External).then(|| Facts { materials: Vec::new(), ..key }),
            KeyState::Unavailable => key.custom_store.clone().map(|link| {
                let custom_store = Some(Box::new(StoreLink { connected: false, ..*link }));
                Facts { custom_store, ..key }
            }),
        }
    }
}

#[cfg(test)]
mod tests;
