//! Rotation: which material became current when and why, and when the next one does by itself. It draws no material;
//! what a rotation makes current is handed to it.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use wire::IncludeKeyMaterial;

use super::{Facts, KeyOrigin, MaterialFacts, MaterialId, MaterialState, Overdue, Part};
use crate::Time;

/// How often a key is rotated on demand in all its life.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>
pub const MOST_ON_DEMAND: usize = 25;

/// How often a key rotates by itself in all its life, so that its record stays small whatever the clock does: 31 years
/// of the shortest period, 128 of the usual one. Then automatic rotation is off.
pub const MOST_AUTOMATIC: usize = 128;

/// The periods of automatic rotation, in days.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>
pub const PERIOD_DAYS: RangeInclusive<u16> = 90..=2560;

/// How a material became current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotated {
    /// When.
    pub date: Time,
    /// Why.
    pub kind: RotationKind,
}

/// Why a key was rotated (`RotationType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RotationKind {
    /// Its date had come.
    Automatic,
    /// Somebody asked for it.
    OnDemand,
}

impl RotationKind {
    /// AWS's word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            RotationKind::Automatic => "AUTOMATIC",
            RotationKind::OnDemand => "ON_DEMAND",
        }
    }
}

/// Automatic rotation as a key's owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The days from one rotation to the next.
    pub period_days: u16,
    /// When it was last enabled.
    pub enabled_at: Time,
    /// The next date. It lies in the past while a disabled key waits to be enabled.
    pub next: Time,
}

/// Why a key may not be rotated on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationRefusal {
    /// No material is here that waits for it.
    NothingPending,
    /// It was rotated on demand as often as a key may be.
    LimitReached,
}

/// Automatic rotation as it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schedule {
    pub(super) period_days: u16,
    pub(super) enabled_at: Time,
    /// Since its last automatic rotation the key was disabled or pending deletion for a while, so that it may have
    /// missed a date.
    pub(super) interrupted: bool,
}

/// Reading.
impl Facts {
    /// Automatic rotation, if it is on.
    ///
    /// A key pending deletion says that it is off, and what it said before once the deletion is cancelled; a disabled
    /// key says what it said before.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>
    pub fn rotation(&self) -> Option<Rotation> {
        let Schedule { period_days, enabled_at, .. } = self.schedule.filter(|_| self.deletion.is_none())?;
        let automatic = self.rotation_dates(RotationKind::Automatic);
        let next = automatic.clone().fold(enabled_at, Time::max).plus_days(i64::from(period_days));
        (automatic.count() < MOST_AUTOMATIC).then_some(Rotation { period_days, enabled_at, next })
    }

    /// How often it was rotated on demand: a material that a rotation made current never leaves its key.
    pub fn on_demand_rotations(&self) -> u32 {
        self.rotation_dates(RotationKind::OnDemand).count() as u32
    }

    /// What ListKeyRotations lists, the oldest first: the materials that a rotation made current, or all of them. One
    /// that waits for its rotation and has expired is in neither list.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html>
    pub fn listed(&self, which: IncludeKeyMaterial, now: Time) -> impl Iterator<Item = &MaterialFacts> {
        self.materials.iter().filter(move |material| match which {
            IncludeKeyMaterial::RotationsOnly => material.rotated.is_some(),
            IncludeKeyMaterial::AllKeyMaterial => material.state.is_permanent() || !material.has_expired(now),
        })
    }

    /// Whether it has rotated by itself, or is to.
    pub(super) fn rotates_by_itself(&self) -> bool {
        self.schedule.is_some() || self.rotation_dates(RotationKind::Automatic).next().is_some()
    }

    /// Whether its period or the number of its rotations is none that a key can have.
    pub(super) fn has_odd_rotations(&self) -> bool {
        self.schedule.is_some_and(|schedule| !PERIOD_DAYS.contains(&schedule.period_days))
            || self.rotation_dates(RotationKind::OnDemand).count() > MOST_ON_DEMAND
            || self.rotation_dates(RotationKind::Automatic).count() > MOST_AUTOMATIC
    }

    fn rotation_dates(&self, kind: RotationKind) -> impl Iterator<Item = Time> + Clone {
        let rotated = self.materials.iter().filter_map(MaterialFacts::rotated);
        rotated.filter(move |rotated| rotated.kind == kind).map(|rotated| rotated.date)
    }

    /// The date on which the key rotates by itself, as it is now: not while it is disabled or pending deletion. A
    /// replica never does: its primary rotates all its set.
    pub(super) fn next_rotation(&self) -> Option<Time> {
        let rotates = self.origin == KeyOrigin::AwsKms && self.enabled && self.part != Some(Part::Replica);
        self.rotation().filter(|_| rotates).map(|rotation| rotation.next)
    }

    /// When the rotation that is due at `now` became due.
    ///
    /// A date on which the key was disabled or pending deletion is missed, and made good as soon as it is enabled again,
    /// once however many were missed; the period then runs from there. If only this server was not running, every
    /// rotation is made good on its own date. That there was an interruption is remembered until the next rotation, and
    /// not how long it was: that one has the moment in which it is done for its date, even if it missed none.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html>
    pub(super) fn rotation_since(&self, now: Time) -> Option<Time> {
        let date = self.next_rotation().filter(|date| *date <= now)?;
        let interrupted = self.schedule.is_some_and(|schedule| schedule.interrupted);
        Some(if interrupted { now } else { date })
    }
}

/// The edits.
impl Facts {
    /// The key rotates by itself, `period_days` days of 24 hours from `now` and every so many days thereafter; a
    /// period that it had before begins anew.
    pub fn enable_rotation(self, now: Time, period_days: u16) -> Facts {
        Facts { schedule: Some(Schedule { period_days, enabled_at: now, interrupted: false }), ..self }
    }

    /// The key does not rotate by itself.
    pub fn disable_rotation(self) -> Facts {
        Facts { schedule: None, ..self }
    }

    /// The key gets another current material because somebody asked for it: `fresh`, just drawn, if its material is
    /// drawn here; if it is imported, the one that waits. The dates of automatic rotation stay as they are.
    ///
    /// # Errors
    /// It was rotated on demand as often as a key may be, or nothing waits that is here.
    pub fn rotate_on_demand(self, fresh: Option<MaterialId>, now: Time) -> Result<Facts, RotationRefusal> {
        if self.rotation_dates(RotationKind::OnDemand).count() >= MOST_ON_DEMAND {
            return Err(RotationRefusal::LimitReached);
        }
        let rotated = Rotated { date: now, kind: RotationKind::OnDemand };
        if let Some(id) = fresh {
            return Ok(self.with_fresh(id, rotated));
        }
        let waits =
            |material: &&MaterialFacts| material.state == MaterialState::PendingRotation && material.is_here(now);
        let id = self.pending_material().filter(waits).ok_or(RotationRefusal::NothingPending)?.id;
        Ok(self.with_current(id, rotated))
    }

    /// The key gets a fresh current material because the date of its automatic rotation has come.
    ///
    /// # Errors
    /// The facts come back unchanged if `overdue` speaks of another moment than that of this key's next rotation.
    pub fn rotate(self, overdue: Overdue, fresh: MaterialId) -> Result<Facts, Facts> {
        if self.rotation_since(overdue.since) != Some(overdue.since) {
            return Err(self);
        }
        let rotated = Rotated { date: overdue.since, kind: RotationKind::Automatic };
        let schedule = self.schedule.map(|schedule| Schedule { interrupted: false, ..schedule });
        Ok(Facts { schedule, ..self }.with_fresh(fresh, rotated))
    }

    /// A date of automatic rotation may be missed from here on: a replica has none to miss.
    pub(super) fn interrupted(self) -> Facts {
        if self.part == Some(Part::Replica) {
            return self;
        }
        let schedule = self.schedule.map(|schedule| Schedule { interrupted: true, ..schedule });
        Facts { schedule, ..self }
    }

    fn with_fresh(self, id: MaterialId, rotated: Rotated) -> Facts {
        self.associate(id, MaterialState::PendingRotation, rotated.date).with_current(id, rotated)
    }

    fn with_current(self, id: MaterialId, rotated: Rotated) -> Facts {
        let facts = match self.current_material() {
            Some(old) => self.with_material(old, |old| old.state = MaterialState::NonCurrent),
            None => self,
        };
        facts.with_material(id, |new| {
            new.state = MaterialState::Current;
            new.rotated = Some(rotated);
        })
    }
}
