//! Whatever happens to a key in whatever order, its facts agree with each other and with the history that led to them.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Enable,
    Disable,
    Schedule { days: u16 },
    Cancel,
    Import { id: u8, kind: ImportKind, lasts_days: Option<u8>, named: bool },
    Delete { id: Option<u8> },
    EnableRotation { days: u16 },
    DisableRotation,
    RotateOnDemand,
    Wait { days: u16 },
}

/// A key, what time it is, and what was ever current.
struct Story {
    facts: Facts,
    now: Time,
    permanent: BTreeSet<MaterialId>,
    drawn: u32,
}

impl Story {
    fn begins(origin: KeyOrigin) -> Story {
        let first = (origin == KeyOrigin::AwsKms).then_some([255; 32]);
        let facts = Facts::born(origin, first, BORN);
        Story { facts, now: BORN, permanent: first.into_iter().collect(), drawn: 0 }
    }

    fn imports(&self) -> bool {
        self.facts.origin() == KeyOrigin::External
    }

    fn fresh(&mut self) -> MaterialId {
        self.drawn += 1;
        let mut id = [254; 32];
        id[..4].copy_from_slice(&self.drawn.to_be_bytes());
        id
    }

    /// What a step makes of the facts. What the key's origin does not have changes nothing.
    fn edited(&mut self, step: &Step) -> Facts {
        let (facts, now) = (self.facts.clone(), self.now);
        match *step {
            Step::Enable => facts.enable(),
            Step::Disable => facts.disable(),
            Step::Schedule { days } => facts.schedule_deletion(now, days),
            Step::Cancel => facts.cancel_deletion(),
            Step::Import { id, kind, lasts_days, named } if self.imports() => {
                let expires = lasts_days.map(|days| now.plus_days(i64::from(days)));
                let terms = ImportTerms { expires, description: named.then(|| "a name".to_owned()) };
                facts.clone().import([id; 32], kind, terms, now).unwrap_or(facts)
            }
            Step::Delete { id } if self.imports() => {
                facts.clone().delete_material(id.map(|id| [id; 32]).as_ref()).map_or(facts, |(after, _)| after)
            }
            Step::EnableRotation { days } if !self.imports() => facts.enable_rotation(now, days),
            Step::RotateOnDemand => {
                let fresh = (!self.imports()).then(|| self.fresh());
                facts.clone().rotate_on_demand(fresh, now).unwrap_or(facts)
            }
            Step::DisableRotation => facts.disable_rotation(),
            Step::Import { .. } | Step::Delete { .. } | Step::EnableRotation { .. } | Step::Wait { .. } => facts,
        }
    }

    fn takes(&mut self, step: &Step) {
        self.facts = self.edited(step);
        if let Step::Wait { days } = *step {
            self.now = self.now.plus_days(i64::from(days));
        }
        self.permanent.extend(self.facts.current_material());
    }

    /// Lets everything happen that is due; true if that is the key's end.
    fn turns(&mut self) -> bool {
        let mut last = BORN;
        while let Some((date, due)) = due(&self.facts, self.now) {
            assert!(last <= date && date <= self.now, "in their order, none before its time");
            last = date;
            let facts = self.facts.clone();
            self.facts = match due {
                Due::Deletion(overdue) => {
                    let remains = facts.delete(overdue).expect("its own proof");
                    assert!(self.permanent.iter().all(|id| remains.materials().contains(id)));
                    return true;
                }
                Due::Expiry(overdue, _) => facts.expire(overdue).expect("its own proof").0,
                Due::Settling(_) => panic!("a key of one Region has nothing to settle"),
                Due::Rotation(overdue) => {
                    let fresh = self.fresh();
                    facts.rotate(overdue, fresh).expect("its own proof")
                }
            };
            self.permanent.extend(self.facts.current_material());
        }
        false
    }

    fn holds(&self) {
        let (facts, now) = (&self.facts, self.now);
        let text = serde_json::to_string(facts).expect("no contradiction");
        assert_eq!(&serde_json::from_str::<Facts>(&text).expect("no contradiction"), facts);

        let has: BTreeSet<MaterialId> = facts
            .materials()
            .iter()
            .filter(|material| material.state().is_permanent())
            .map(MaterialFacts::id)
            .collect();
        assert_eq!(has, self.permanent, "what was ever current stays the key's, and nothing else does");

        let complete = !has.is_empty() && has.iter().all(|id| facts.material(id).is_some_and(|m| m.is_here(now)));
        let expected = match (facts.deletion_date(), complete, facts.enabled()) {
            (Some(_), _, _) => KeyState::PendingDeletion,
            (None, false, _) => KeyState::PendingImport,
            (None, true, false) => KeyState::Disabled,
            (None, true, true) => KeyState::Enabled,
        };
        assert_eq!(facts.state(now), expected);

        if let Some(date) = next_due(facts) {
            assert!(due(facts, date).is_some(), "an entry of the index has something behind it");
            assert_eq!(due(facts, Time(date.0 - 1)), None, "and nothing before");
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let id = 1..6_u8;
    let kind = prop_oneof![Just(ImportKind::New), Just(ImportKind::Existing)];
    let step = prop_oneof![
        Just(Step::Enable),
        Just(Step::Disable),
        (7..=30_u16).prop_map(|days| Step::Schedule { days }),
        Just(Step::Cancel),
        (id.clone(), kind, proptest::option::of(1..60_u8), any::<bool>())
            .prop_map(|(id, kind, lasts_days, named)| Step::Import { id, kind, lasts_days, named }),
        proptest::option::of(id).prop_map(|id| Step::Delete { id }),
        (90..=400_u16).prop_map(|days| Step::EnableRotation { days }),
        Just(Step::DisableRotation),
        Just(Step::RotateOnDemand),
        (0..=20_u16).prop_map(|days| Step::Wait { days }),
        (90..=900_u16).prop_map(|days| Step::Wait { days }),
    ];
    proptest::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_edits_contradicts_itself_or_its_history(
        origin in prop_oneof![Just(KeyOrigin::AwsKms), Just(KeyOrigin::External)],
        steps in steps(),
        sees in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let mut story = Story::begins(origin);
        for (step, sees) in steps.iter().zip(sees) {
            story.takes(step);
            story.holds();
            // The server may be down when something becomes due.
            if sees && story.turns() {
                return Ok(());
            }
            story.holds();
        }
    }
}
