//! What is true of a key, what state follows from it, and how it changes: the only code that assigns lifecycle fields.
//! It decides neither who may change a key nor whether its state allows it (`admission`), and it writes nothing.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wire::KeyState;

use crate::Time;

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
    custom_store: Option<StoreLink>,
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
    Creating,
    Updating,
}

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
    /// Whether the key needs this material to be usable ("permanently associated" in AWS's words).
    pub const fn is_permanent(self) -> bool {
        match self {
            MaterialState::Current | MaterialState::NonCurrent => true,
            MaterialState::PendingRotation | MaterialState::PendingMultiRegionImportAndRotation => false,
        }
    }
}

impl MaterialFacts {
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

    /// Whether it may be used at `now`: it is here, and it has not expired. Expiry needs no writer.
    pub fn is_here(&self, now: Time) -> bool {
        self.present && self.expires.is_none_or(|expiry| now < expiry)
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
        match (self.deletion, self.phase, self.is_reachable(), self.has_its_materials(now), self.enabled) {
            (Some(Deletion::On { .. }), _, _, _, _) => KeyState::PendingDeletion,
            (Some(Deletion::AfterReplicas { .. }), _, _, _, _) => KeyState::PendingReplicaDeletion,
            (None, Phase::Creating, _, _, _) => KeyState::Creating,
            (None, Phase::Updating, _, _, _) => KeyState::Updating,
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
        match self.deletion {
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

/// Birth and the edits. Each changes one or two facts; whether the key's state allows it was asked before
/// (`admission`), so they cannot fail.
impl Facts {
    /// A new key, enabled and settled. Without material it is PendingImport if its origin is EXTERNAL; a key of any
    /// other origin needs material, and one of a custom store its link too: facts without them do not encode.
    pub fn born(origin: KeyOrigin, first_material: Option<MaterialId>, now: Time) -> Facts {
        let first = first_material.map(|id| MaterialFacts {
            id,
            state: MaterialState::Current,
            present: true,
            expires: None,
            created: now,
        });
        Facts {
            created: now,
            origin,
            enabled: true,
            deletion: None,
            phase: Phase::Settled,
            materials: first.into_iter().collect(),
            custom_store: None,
        }
    }

    /// The key may be used (again), once nothing else keeps it.
    pub fn enable(self) -> Facts {
        Facts { enabled: true, ..self }
    }

    /// The key may not be used until it is enabled.
    pub fn disable(self) -> Facts {
        Facts { enabled: false, ..self }
    }

    /// The key is deleted `window_days` days of 24 hours from `now`.
    pub fn schedule_deletion(self, now: Time, window_days: u16) -> Facts {
        let date = now.plus_days(i64::from(window_days));
        Facts { deletion: Some(Deletion::On { date, window_days }), ..self }
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
    /// The waiting period of a deletion is over.
    Deletion(Overdue),
}

/// The proof that a moment has passed, asked for by the edits that only time may make. Only [`due`] makes one.
///
/// A deletion waits for its date:
/// ```
/// use kms::{Time, keys::lifecycle::{Due, Facts, KeyOrigin, due}};
/// let facts = Facts::born(KeyOrigin::AwsKms, Some([7; 32]), Time(0)).schedule_deletion(Time(0), 7);
/// assert_eq!(due(&facts, Time(0)), None);
/// let (_, Due::Deletion(overdue)) = due(&facts, Time(0).plus_days(7)).expect("a week later");
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
pub fn due(facts: &Facts, now: Time) -> Option<(Time, Due)> {
    let since = next_due(facts).filter(|date| *date <= now)?;
    Some((since, Due::Deletion(Overdue { since })))
}

/// When the next thing becomes due: the key's row in the index of due dates.
pub fn next_due(facts: &Facts) -> Option<Time> {
    facts.deletion_date()
}

/// Facts that cannot be true together: the record was not written by this code, or not for this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Contradiction(&'static str);

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a key's facts contradict each other: {}", self.0)
    }
}

impl Facts {
    fn check(&self) -> Result<(), Contradiction> {
        let current = self.materials.iter().filter(|material| material.state == MaterialState::Current).count();
        let permanent = self.materials.iter().filter(|material| material.state.is_permanent()).count();
        let twice = |(at, material): (usize, &MaterialFacts)| self.materials[..at].iter().any(|m| m.id == material.id);
        let own_missing = |material: &MaterialFacts| !material.present || material.expires.is_some();
        let rules = [
            (current > 1, "two current materials"),
            (permanent > 0 && current == 0, "materials, but no current one"),
            (self.materials.iter().enumerate().any(twice), "one material twice"),
            (
                self.origin == KeyOrigin::AwsKms && current == 0 && self.phase == Phase::Settled,
                "no material of its own",
            ),
            (
                self.origin != KeyOrigin::External && self.materials.iter().any(own_missing),
                "material lost, not imported",
            ),
            (self.origin.in_custom_store() != self.custom_store.is_some(), "its origin and its custom store"),
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

/// Keys in states that no edit leads to yet, for the tests of whoever asks about states.
#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    pub(crate) const BORN: Time = Time(1_700_000_000_000);

    /// A key that is in `state` from its birth until a week later; `None` where keys of that origin never are.
    pub(crate) fn in_state(origin: KeyOrigin, state: KeyState) -> Option<Facts> {
        let link = StoreLink { id: "cks-1234567890abcdef0".to_owned(), connected: true };
        let custom_store = origin.in_custom_store().then_some(link);
        let key = Facts { custom_store, ..Facts::born(origin, Some([7; 32]), BORN) };
        match state {
            KeyState::Enabled => Some(key),
            KeyState::Disabled => Some(key.disable()),
            KeyState::PendingDeletion => Some(key.schedule_deletion(BORN, 7)),
            KeyState::PendingReplicaDeletion => {
                Some(Facts { deletion: Some(Deletion::AfterReplicas { window_days: 7 }), ..key })
            }
            KeyState::Creating => Some(Facts { phase: Phase::Creating, ..key }),
            KeyState::Updating => Some(Facts { phase: Phase::Updating, ..key }),
            KeyState::PendingImport => (origin == KeyOrigin::External).then(|| Facts { materials: Vec::new(), ..key }),
            KeyState::Unavailable => key.custom_store.clone().map(|link| {
                let custom_store = Some(StoreLink { connected: false, ..link });
                Facts { custom_store, ..key }
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{BORN, in_state};
    use super::*;

    const STATES: [KeyState; 8] = [
        KeyState::Creating,
        KeyState::Disabled,
        KeyState::Enabled,
        KeyState::PendingDeletion,
        KeyState::PendingImport,
        KeyState::PendingReplicaDeletion,
        KeyState::Unavailable,
        KeyState::Updating,
    ];

    fn every_sample() -> impl Iterator<Item = (KeyOrigin, KeyState, Facts)> {
        KeyOrigin::ALL.into_iter().flat_map(|origin| {
            STATES.into_iter().filter_map(move |state| in_state(origin, state).map(|facts| (origin, state, facts)))
        })
    }

    fn plain() -> Facts {
        Facts::born(KeyOrigin::AwsKms, Some([7; 32]), BORN)
    }

    fn material(id: u8, state: MaterialState, present: bool, expires: Option<Time>) -> MaterialFacts {
        MaterialFacts { id: [id; 32], state, present, expires, created: BORN }
    }

    fn imported(materials: &[MaterialFacts]) -> Facts {
        Facts { materials: materials.to_vec(), ..Facts::born(KeyOrigin::External, None, BORN) }
    }

    #[test]
    fn each_sample_is_in_its_state() {
        let mut seen = 0;
        for (origin, state, facts) in every_sample() {
            assert_eq!(facts.state(BORN), state, "{origin:?}");
            seen += 1;
        }
        assert_eq!(seen, 6 * 4 + 1 + 2, "six states for every origin, PendingImport for one, Unavailable for two");
    }

    #[test]
    fn a_new_key_is_enabled_unless_its_material_is_still_to_come() {
        assert_eq!(plain().state(BORN), KeyState::Enabled);
        assert_eq!(Facts::born(KeyOrigin::External, None, BORN).state(BORN), KeyState::PendingImport);
        assert_eq!(Facts::born(KeyOrigin::External, Some([7; 32]), BORN).state(BORN), KeyState::Enabled);
    }

    #[test]
    fn a_pending_deletion_hides_every_other_state() {
        for (origin, state, facts) in every_sample() {
            let doomed = facts.clone().schedule_deletion(BORN, 7);
            assert_eq!(doomed.state(BORN), KeyState::PendingDeletion, "{origin:?} {state:?}");
            let waiting = Facts { deletion: Some(Deletion::AfterReplicas { window_days: 7 }), ..facts };
            assert_eq!(waiting.state(BORN), KeyState::PendingReplicaDeletion, "{origin:?} {state:?}");
        }
    }

    #[test]
    fn a_cancelled_deletion_leaves_the_key_disabled_or_in_what_keeps_it_from_being_so() {
        for (origin, state, facts) in every_sample() {
            let back = facts.schedule_deletion(BORN, 7).cancel_deletion();
            let expected = match state {
                KeyState::Enabled | KeyState::Disabled => KeyState::Disabled,
                KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => KeyState::Disabled,
                KeyState::Creating => KeyState::Creating,
                KeyState::Updating => KeyState::Updating,
                KeyState::PendingImport => KeyState::PendingImport,
                KeyState::Unavailable => KeyState::Unavailable,
            };
            assert_eq!(back.state(BORN), expected, "{origin:?} {state:?}");
            assert_eq!((back.enabled(), back.deletion_date(), back.deletion_window_days()), (false, None, None));
        }
    }

    #[test]
    fn what_enable_and_disable_wished_is_kept_behind_the_state_that_hides_it() {
        for (origin, state, facts) in every_sample() {
            let (on, off) = (facts.clone().enable(), facts.disable());
            assert_eq!((on.enabled(), off.enabled()), (true, false), "{origin:?} {state:?}");
            let toggles = matches!(state, KeyState::Enabled | KeyState::Disabled);
            assert_eq!(on.state(BORN) != off.state(BORN), toggles, "{origin:?} {state:?}");
        }
    }

    #[test]
    fn a_deletion_comes_due_at_its_date_and_not_a_millisecond_sooner() {
        let day = 24 * 60 * 60 * 1000;
        for days in [7, 30] {
            let facts = plain().schedule_deletion(BORN, days);
            let date = Time(BORN.0 + i64::from(days) * day);
            let before = Time(date.0 - 1);
            assert_eq!((facts.deletion_date(), facts.deletion_window_days()), (Some(date), Some(days)));
            assert_eq!(next_due(&facts), Some(date));
            assert_eq!((facts.is_gone(before), due(&facts, before)), (false, None));
            for now in [date, Time(date.0 + 400 * day)] {
                assert!(facts.is_gone(now));
                assert_eq!(due(&facts, now), Some((date, Due::Deletion(Overdue { since: date }))));
            }
        }
    }

    #[test]
    fn nothing_becomes_due_for_a_key_that_nobody_deletes() {
        let late = Time(i64::MAX);
        for (origin, state, facts) in every_sample().filter(|(_, state, _)| *state != KeyState::PendingDeletion) {
            assert_eq!((next_due(&facts), due(&facts, late)), (None, None), "{origin:?} {state:?}");
            assert!(!facts.is_gone(late), "{origin:?} {state:?}");
        }
        assert_eq!(due(&plain().schedule_deletion(BORN, 7).cancel_deletion(), late), None);
    }

    #[test]
    fn only_a_deletion_of_this_date_deletes_and_it_names_all_materials() {
        let materials =
            [material(1, MaterialState::NonCurrent, true, None), material(2, MaterialState::Current, true, None)];
        let facts = Facts { materials: materials.to_vec(), ..plain() }.schedule_deletion(BORN, 7);
        let other = plain().schedule_deletion(BORN, 8);
        let proof = |facts: &Facts| match due(facts, BORN.plus_days(9)) {
            Some((_, Due::Deletion(overdue))) => overdue,
            None => panic!("nine days later both are due"),
        };

        assert_eq!(facts.clone().delete(proof(&other)), Err(facts.clone()));
        assert_eq!(plain().delete(proof(&facts)), Err(plain()));
        let remains = facts.clone().delete(proof(&facts)).expect("its own proof");
        assert_eq!((remains.died(), remains.materials()), (BORN.plus_days(7), &[[1; 32], [2; 32]][..]));
    }

    #[test]
    fn a_key_needs_all_its_permanent_materials_and_no_other() {
        use MaterialState::*;
        let soon = Time(BORN.0 + 10);
        let current = material(1, Current, true, None);
        let cases = [
            ("present", vec![current.clone()], [true, true]),
            ("never imported", vec![], [false, false]),
            ("deleted", vec![material(1, Current, false, None)], [false, false]),
            ("expiring", vec![material(1, Current, true, Some(soon))], [true, false]),
            ("old one gone", vec![material(0, NonCurrent, false, None), current.clone()], [false, false]),
            ("old one expiring", vec![material(0, NonCurrent, true, Some(soon)), current.clone()], [true, false]),
            ("next one not here", vec![current.clone(), material(2, PendingRotation, false, None)], [true, true]),
            ("next one only", vec![material(2, PendingRotation, true, None)], [false, false]),
            (
                "next one elsewhere",
                vec![current, material(2, PendingMultiRegionImportAndRotation, false, None)],
                [true, true],
            ),
        ];
        for (name, materials, usable) in cases {
            let facts = imported(&materials);
            for (now, usable) in [Time(soon.0 - 1), soon].into_iter().zip(usable) {
                let expected = if usable { KeyState::Enabled } else { KeyState::PendingImport };
                assert_eq!(facts.state(now), expected, "{name} at {now:?}");
                assert_eq!(facts.clone().disable().state(now) == KeyState::Disabled, usable, "{name} at {now:?}");
            }
        }
    }

    #[test]
    fn the_current_material_stays_current_when_it_is_gone() {
        let deleted = imported(&[
            material(1, MaterialState::NonCurrent, true, None),
            material(2, MaterialState::Current, false, None),
        ]);
        assert_eq!(deleted.current_material(), Some([2; 32]));
        assert_eq!(deleted.material(&[1; 32]).map(MaterialFacts::state), Some(MaterialState::NonCurrent));
        assert_eq!(deleted.material(&[3; 32]), None);
        assert_eq!(imported(&[]).current_material(), None);
    }

    const WRITTEN: &str = r#"{"created":1700000000000,"origin":"AWS_KMS","enabled":true,"deletion":{"on":{"date":1700604800000,"window_days":7}},"phase":"settled","materials":[{"id":"0707070707070707070707070707070707070707070707070707070707070707","state":"CURRENT","present":true,"expires":null,"created":1700000000000}],"custom_store":null}"#;

    #[test]
    fn facts_are_written_in_this_form_and_read_back_as_they_were() {
        let facts = plain().schedule_deletion(BORN, 7);
        assert_eq!(serde_json::to_string(&facts).expect("encodes"), WRITTEN);
        for (origin, state, facts) in every_sample() {
            let text = serde_json::to_vec(&facts).expect("encodes");
            let back: Facts = serde_json::from_slice(&text).expect("decodes");
            // A link is read as disconnected until the store's own record says otherwise.
            let expected = if origin.in_custom_store() && back.deletion.is_none() && back.phase == Phase::Settled {
                KeyState::Unavailable
            } else {
                state
            };
            assert_eq!(back.state(BORN), expected, "{origin:?}");
            assert_eq!(
                back == facts,
                !origin.in_custom_store() || state == KeyState::Unavailable,
                "{origin:?} {state:?}"
            );
        }
    }

    #[test]
    fn what_is_not_exactly_a_record_of_facts_does_not_decode() {
        let edits = [
            (r#"{"created""#, r#"{"more":1,"created""#, "unknown field `more`"),
            (r#""window_days":7"#, r#""window_days":7,"more":1"#, "unknown field `more`"),
            (r#""present":true"#, r#""present":true,"more":1"#, "unknown field `more`"),
            (r#""enabled":true,"#, "", "missing field `enabled`"),
            (r#","custom_store":null"#, "", "missing field `custom_store`"),
            (r#""expires":null,"#, "", "missing field `expires`"),
            (r#""deletion":{"on":{"date":1700604800000,"window_days":7}},"#, "", "missing field `deletion`"),
            (r#""enabled":true"#, r#""enabled":true,"enabled":true"#, "duplicate field `enabled`"),
            ("AWS_KMS", "aws_kms", "unknown variant `aws_kms`"),
            ("0707\"", "07\"", "Invalid string length"),
            ("0707\"", "07zz\"", "Invalid character"),
            (r#""CURRENT""#, r#""NON_CURRENT""#, "materials, but no current one"),
            (r#""CURRENT""#, r#""PENDING_ROTATION""#, "no material of its own"),
            (r#""present":true"#, r#""present":false"#, "material lost, not imported"),
            (r#""expires":null"#, r#""expires":1700000000001"#, "material lost, not imported"),
            (r#""custom_store":null"#, r#""custom_store":{"id":"cks-1"}"#, "its origin and its custom store"),
            ("AWS_KMS", "AWS_CLOUDHSM", "its origin and its custom store"),
        ];
        for (from, to, why) in edits {
            assert!(WRITTEN.contains(from), "{from}");
            let error = serde_json::from_str::<Facts>(&WRITTEN.replace(from, to)).expect_err(to).to_string();
            assert!(error.contains(why), "{to}: {error}");
        }
    }

    #[test]
    fn facts_that_contradict_each_other_are_not_written() {
        use MaterialState::*;
        let two = [material(1, Current, true, None), material(2, Current, true, None)];
        let twice = [material(1, NonCurrent, true, None), material(1, Current, true, None)];
        let cases = [
            (imported(&two), "two current materials"),
            (imported(&twice), "one material twice"),
            (Facts::born(KeyOrigin::AwsKms, None, BORN), "no material of its own"),
            (Facts::born(KeyOrigin::ExternalKeyStore, Some([7; 32]), BORN), "its origin and its custom store"),
        ];
        for (facts, why) in cases {
            let error = serde_json::to_string(&facts).expect_err(why).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
