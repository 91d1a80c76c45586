//! A set of Regions: one key in several of them. What its keys share, what each has for itself, and how the two make the
//! facts that everything else works on, so that an edit does not ask whether its key has relatives.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::rotation::Schedule;
use super::{
    Contradiction, Deletion, Facts, KeyOrigin, MaterialFacts, MaterialId, MaterialState, Overdue, Phase, Rotated,
};
use crate::Time;

/// In how many Regions a key can be: what is taken from all of them at once is one commit.
pub const MOST_REGIONS: usize = 20;

/// A key's part in a set of Regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegionPart {
    /// It has no part in any.
    SingleRegion,
    /// The one that is replicated.
    Primary,
    /// A replica.
    Replica,
}

impl RegionPart {
    /// AWS's word for it (`MultiRegionKeyType`); none for a key of one Region.
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            RegionPart::SingleRegion => None,
            RegionPart::Primary => Some("PRIMARY"),
            RegionPart::Replica => Some("REPLICA"),
        }
    }
}

/// What a key's part means for what may happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Primary(Replicas),
    Replica,
}

/// Whether a primary has replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replicas {
    There,
    /// Not since the last one's deletion date.
    Gone(Time),
    NeverWere,
}

/// A set of Regions: which they are, which one has the primary, and what is true of all their keys.
///
/// What is shared is the primary's to change, and changes once for all. A member's line is its own Region's to change,
/// and has what the others must know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// The Region of the primary.
    primary: String,
    /// Every Region whose key's record is there, those past its deletion date among them.
    members: BTreeMap<String, Member>,
    /// The latest date on which a key went that is no member any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_gone: Option<Time>,
    shared: Shared,
}

/// What the other Regions have to know of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    /// The date on which its key will be gone, or was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gone: Option<Time>,
    /// The material that waits for its rotation, if it was imported there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Here>,
}

/// What is true of every key of a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shared {
    origin: KeyOrigin,
    materials: Vec<SharedMaterial>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
}

/// What is true of a material in every Region. Whether one that waits for its rotation waits for an import too follows
/// from the members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedMaterial {
    #[serde(with = "super::hex_id")]
    id: MaterialId,
    state: MaterialState,
    created: Time,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rotated: Option<Rotated>,
}

/// What is true of the key of one Region and of no other of its set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Own {
    pub(super) created: Time,
    pub(super) enabled: bool,
    #[serde(deserialize_with = "Option::deserialize")]
    pub(super) deletion: Option<Deletion>,
    pub(super) phase: Phase,
    /// The imported materials that are here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) here: Vec<Here>,
}

/// An imported material that is in a Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Here {
    #[serde(with = "super::hex_id")]
    id: MaterialId,
    #[serde(deserialize_with = "Option::deserialize")]
    expires: Option<Time>,
}

/// Reading.
impl Set {
    /// The Region of the primary.
    pub fn primary(&self) -> &str {
        &self.primary
    }

    /// The Regions of the replicas that are there at `now`, in order.
    pub fn replicas(&self, now: Time) -> impl Iterator<Item = &str> {
        let there = move |member: &Member| member.gone.is_none_or(|date| date > now);
        let replicas = self.members.iter().filter(move |(region, member)| **region != self.primary && there(member));
        replicas.map(|(region, _)| region.as_str())
    }

    /// All Regions but this one, those among them whose key's date has passed and whose record is still there.
    pub fn others<'a>(&'a self, region: &'a str) -> impl Iterator<Item = &'a str> {
        self.members.keys().map(String::as_str).filter(move |other| *other != region)
    }

    /// Whether this Region has a record of the key, be it past its deletion date.
    pub fn has(&self, region: &str) -> bool {
        self.members.contains_key(region)
    }

    /// Whether no Region more can join.
    pub fn is_full(&self) -> bool {
        self.members.len() >= MOST_REGIONS
    }

    /// The part of this Region's key.
    pub fn part_of(&self, region: &str) -> RegionPart {
        if region == self.primary { RegionPart::Primary } else { RegionPart::Replica }
    }

    /// The facts of this Region's key at `now`: what it shares, and what it has for itself.
    ///
    /// # Errors
    /// The two contradict each other.
    pub fn facts(&self, region: &str, own: &Own, now: Time) -> Result<Facts, Contradiction> {
        if !self.has(region) {
            return Err(Contradiction("a Region that is none of its set's"));
        }
        let part = match self.part_of(region) {
            RegionPart::SingleRegion | RegionPart::Replica => Part::Replica,
            RegionPart::Primary => Part::Primary(self.has_replicas(now)),
        };
        match (own.deletion, part) {
            (Some(Deletion::AfterReplicas { .. }), Part::Replica | Part::Primary(Replicas::NeverWere)) => {
                return Err(Contradiction("a wait for replicas that never were"));
            }
            (Some(Deletion::AfterReplicas { .. }), Part::Primary(Replicas::There | Replicas::Gone(_))) => {}
            (Some(Deletion::On { .. }) | None, Part::Primary(_) | Part::Replica) => {}
        }
        let facts = Facts {
            created: own.created,
            origin: self.shared.origin,
            enabled: own.enabled,
            deletion: own.deletion,
            phase: own.phase,
            materials: self.shared.materials.iter().map(|material| self.material(material, own, now)).collect(),
            custom_store: None,
            schedule: self.shared.schedule,
            part: Some(part),
        };
        facts.check()?;
        Ok(facts)
    }

    fn has_replicas(&self, now: Time) -> Replicas {
        if self.replicas(now).next().is_some() {
            return Replicas::There;
        }
        let replicas = self.members.iter().filter(|(region, _)| **region != self.primary);
        let last = replicas.filter_map(|(_, member)| member.gone).chain(self.last_gone).max();
        last.map_or(Replicas::NeverWere, Replicas::Gone)
    }

    fn material(&self, shared: &SharedMaterial, own: &Own, now: Time) -> MaterialFacts {
        let here = own.here.iter().find(|here| here.id == shared.id);
        let state = match shared.state {
            MaterialState::Current | MaterialState::NonCurrent => shared.state,
            MaterialState::PendingRotation | MaterialState::PendingMultiRegionImportAndRotation => {
                self.pending_state(&shared.id, now)
            }
        };
        MaterialFacts {
            id: shared.id,
            state,
            present: here.is_some() || self.shared.origin != KeyOrigin::External,
            expires: here.and_then(|here| here.expires),
            created: shared.created,
            description: shared.description.clone(),
            rotated: shared.rotated,
        }
    }

    /// A material waits for its rotation alone once every replica has it, and again for an import when one has lost it.
    fn pending_state(&self, id: &MaterialId, now: Time) -> MaterialState {
        let lasts = |here: &Here| here.id == *id && here.expires.is_none_or(|expiry| expiry > now);
        let has = |region: &str| self.members[region].pending.as_ref().is_some_and(lasts);
        match self.replicas(now).all(has) {
            true => MaterialState::PendingRotation,
            false => MaterialState::PendingMultiRegionImportAndRotation,
        }
    }
}

/// The edits. Each gives the set as it is afterwards.
impl Set {
    /// A new set with the primary alone, whose facts these are.
    pub fn born(region: &str, facts: &Facts) -> Set {
        let members = BTreeMap::from([(region.to_owned(), Member::of(facts))]);
        Set { primary: region.to_owned(), members, last_gone: None, shared: facts.shared() }
    }

    /// With these facts of this Region's key in the place of those that it had.
    ///
    /// # Errors
    /// They contradict each other, or are a replica's and change what is shared.
    pub fn with(&self, region: &str, facts: &Facts) -> Result<Set, Contradiction> {
        facts.check()?;
        let shared = facts.shared();
        if self.part_of(region) == RegionPart::Replica && shared != self.shared {
            return Err(Contradiction("a replica would change what is its primary's to change"));
        }
        let mut set = Set { shared, ..self.clone() };
        set.members.insert(region.to_owned(), Member::of(facts));
        // Of a material that waits no more, nobody needs to know where it is.
        let pending = facts.pending_material().map(|material| material.id);
        for member in set.members.values_mut() {
            member.pending = member.pending.take().filter(|here| Some(here.id) == pending);
        }
        Ok(set)
    }

    /// With a replica in this Region, and that replica's facts: it is created at `now`, enabled, and has imported nothing.
    ///
    /// # Errors
    /// The facts contradict each other.
    pub fn join(&self, region: &str, now: Time) -> Result<(Set, Facts), Contradiction> {
        let mut set = self.clone();
        set.members.insert(region.to_owned(), Member::default());
        let phase = Phase::Creating { since: now };
        let own = Own { created: now, enabled: true, deletion: None, phase, here: Vec::new() };
        let facts = set.facts(region, &own, now)?;
        Ok((set, facts))
    }

    /// With the primary in this Region, which is a member.
    pub fn promote(&self, region: &str) -> Set {
        Set { primary: region.to_owned(), ..self.clone() }
    }

    /// Without this Region, whose key went on this date.
    pub fn leave(&self, region: &str, died: Time) -> Set {
        let mut set = self.clone();
        set.members.remove(region);
        set.last_gone = set.last_gone.max(Some(died));
        set
    }
}

impl Member {
    fn of(facts: &Facts) -> Member {
        let pending = facts.pending_material().filter(|material| material.present);
        Member { gone: facts.deletion_date(), pending: pending.map(Here::of) }
    }
}

impl Here {
    fn of(material: &MaterialFacts) -> Here {
        Here { id: material.id, expires: material.expires }
    }
}

/// What a key of a set has of its own, and what it shares.
impl Facts {
    /// What is true of this Region's key alone.
    pub fn own(&self) -> Own {
        let here = self.materials.iter().filter(|material| material.present && self.origin == KeyOrigin::External);
        Own {
            created: self.created,
            enabled: self.enabled,
            deletion: self.deletion,
            phase: self.phase,
            here: here.map(Here::of).collect(),
        }
    }

    fn shared(&self) -> Shared {
        let materials = self.materials.iter().map(|material| SharedMaterial {
            id: material.id,
            state: match material.state {
                MaterialState::Current | MaterialState::NonCurrent => material.state,
                MaterialState::PendingRotation | MaterialState::PendingMultiRegionImportAndRotation => {
                    MaterialState::PendingRotation
                }
            },
            created: material.created,
            description: material.description.clone(),
            rotated: material.rotated,
        });
        Shared { origin: self.origin, materials: materials.collect(), schedule: self.schedule }
    }

    /// Its set is changing its primary, and it is the old one or the new one.
    pub fn update(self, now: Time) -> Facts {
        Facts { phase: Phase::Updating { since: now }, ..self }
    }

    /// The set is no longer at work on the key: tells whether it was being created.
    ///
    /// # Errors
    /// The facts come back unchanged if `overdue` speaks of another moment than the end of that work.
    pub fn settle(self, overdue: Overdue) -> Result<(Facts, bool), Facts> {
        if self.phase.end() != Some(overdue.since) {
            return Err(self);
        }
        let created = match self.phase {
            Phase::Creating { .. } => true,
            Phase::Updating { .. } | Phase::Settled => false,
        };
        Ok((Facts { phase: Phase::Settled, ..self }, created))
    }

    /// A replica whose primary has given up the material that waited for its rotation.
    pub fn forget_pending(mut self, id: &MaterialId) -> Facts {
        self.materials.retain(|material| material.id != *id || material.state.is_permanent());
        self
    }
}
