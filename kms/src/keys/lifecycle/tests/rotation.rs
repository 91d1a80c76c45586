//! When keys rotate, how often, and what is told about it.

use super::*;

const PERIOD: u16 = 90;

fn after(days: i64) -> Time {
    BORN.plus_days(days)
}

fn rotating() -> Facts {
    plain().enable_rotation(BORN, PERIOD)
}

fn waiting() -> Facts {
    let next = ImportTerms { expires: Some(after(1)), description: None };
    imported(&[material(1, MaterialState::Current, true, None)])
        .import([2; 32], ImportKind::New, next, BORN)
        .expect("it is new")
}

/// Rotates whatever is due by `now`; the dates, and what is left.
fn rotate_all(mut facts: Facts, now: Time) -> (Vec<Time>, Facts) {
    let mut dates = Vec::new();
    while let Some((date, Due::Rotation(overdue))) = due(&facts, now) {
        dates.push(date);
        facts = facts.rotate(overdue, fresh(dates.len(), date)).expect("its own proof");
    }
    (dates, facts)
}

/// A material id that no other rotation of a test has.
fn fresh(number: usize, date: Time) -> MaterialId {
    let mut id = MaterialId::default();
    id[..8].copy_from_slice(&date.0.to_be_bytes());
    id[8..16].copy_from_slice(&(number as u64).to_be_bytes());
    id
}

fn next(facts: &Facts) -> Option<Time> {
    facts.rotation().map(|rotation| rotation.next)
}

#[test]
fn a_key_rotates_a_period_after_its_enabling_and_after_each_rotation() {
    for days in [90_i64, 365, 2560] {
        let facts = plain().enable_rotation(BORN, days as u16);
        let rotation = Rotation { period_days: days as u16, enabled_at: BORN, next: after(days) };
        assert_eq!((facts.rotation(), next_due(&facts)), (Some(rotation), Some(after(days))));
        assert_eq!(due(&facts, Time(after(days).0 - 1)), None);
        let (dates, facts) = rotate_all(facts, after(days));
        assert_eq!((dates, next(&facts)), (vec![after(days)], Some(after(2 * days))));
    }
}

#[test]
fn a_standstill_delays_rotations_and_leaves_them_their_dates() {
    let (dates, late) = rotate_all(rotating(), after(300));
    assert_eq!(dates, [after(90), after(180), after(270)]);
    let told: Vec<_> = late.materials().iter().map(|material| (material.state(), material.rotated())).collect();
    let rotated = |days| Some(Rotated { date: after(days), kind: RotationKind::Automatic });
    assert_eq!(
        told,
        [
            (MaterialState::NonCurrent, None),
            (MaterialState::NonCurrent, rotated(90)),
            (MaterialState::NonCurrent, rotated(180)),
            (MaterialState::Current, rotated(270)),
        ]
    );
    assert!(late.materials().iter().all(|material| material.is_here(after(300))), "old ones decrypt for ever");
    assert_eq!((next(&late), late.state(after(300))), (Some(after(360)), KeyState::Enabled));
}

#[test]
fn enabling_rotation_again_begins_its_period_anew() {
    let (_, rotated) = rotate_all(rotating(), after(90));
    let cases = [
        (rotating().enable_rotation(after(10), 100), after(110)),
        (rotating().disable_rotation().enable_rotation(after(50), PERIOD), after(140)),
        (rotated.enable_rotation(after(100), 365), after(465)),
    ];
    for (facts, expected) in cases {
        assert_eq!((next(&facts), next_due(&facts)), (Some(expected), Some(expected)));
    }
    let off = rotating().disable_rotation();
    assert_eq!((off.rotation(), next_due(&off)), (None, None));
}

#[test]
fn a_rotation_on_demand_leaves_the_dates_alone() {
    let facts = rotating().rotate_on_demand(Some([8; 32]), after(89)).expect("the first");
    assert_eq!((next(&facts), facts.current_material()), (Some(after(90)), Some([8; 32])));
    let (dates, facts) = rotate_all(facts, after(180));
    assert_eq!(dates, [after(90), after(180)]);
    assert_eq!(facts.on_demand_rotations(), 1);
}

#[test]
fn rotation_is_off_while_a_deletion_is_pending_and_as_before_once_that_is_cancelled() {
    for facts in [plain(), rotating(), rotating().disable(), rotating().disable_rotation()] {
        let doomed = facts.clone().schedule_deletion(BORN, 7);
        assert_eq!((doomed.rotation(), next_due(&doomed)), (None, Some(after(7))));
        let waiting = Facts { deletion: Some(Deletion::AfterReplicas { window_days: 7 }), ..facts.clone() };
        assert_eq!((waiting.rotation(), next_due(&waiting)), (None, None));
        assert_eq!(doomed.cancel_deletion().rotation(), facts.rotation());
    }
    assert_eq!(rotating().disable().rotation(), rotating().rotation(), "a disabled key says what it said");
}

#[test]
fn a_date_that_a_key_missed_is_made_good_once_and_at_once() {
    let missed = [rotating().disable(), rotating().schedule_deletion(after(80), 30).cancel_deletion()];
    let now = after(290);
    for facts in missed {
        assert_eq!((next_due(&facts), due(&facts, now)), (None, None));
        let enabled = facts.enable();
        assert_eq!(next_due(&enabled), Some(after(90)), "it is overdue");
        let (dates, facts) = rotate_all(enabled, now);
        assert_eq!((dates, next(&facts)), (vec![now], Some(now.plus_days(90))));
        // What was made good is forgotten: the next one comes on its date again, however late one looks.
        assert_eq!(rotate_all(facts, after(400)).0, [after(380)]);
    }
}

#[test]
fn a_key_that_is_enabled_again_before_its_date_missed_nothing() {
    let facts = rotating().disable().enable();
    assert_eq!((next_due(&facts), due(&facts, after(89))), (Some(after(90)), None));
    assert_eq!(rotate_all(facts.clone(), after(90)).0, [after(90)]);
    // Whether it missed some is not known to whoever looks late: one rotation, now, can be no mistake.
    assert_eq!(rotate_all(facts, after(200)).0, [after(200)]);
}

#[test]
fn a_key_rotates_by_itself_only_while_it_is_enabled() {
    for (origin, state, facts) in every_sample().filter(|(origin, ..)| *origin == KeyOrigin::AwsKms) {
        let facts = facts.enable_rotation(BORN, PERIOD);
        let rotates = matches!(due(&facts, after(90)), Some((_, Due::Rotation(_))));
        assert_eq!(rotates, state == KeyState::Enabled, "{origin:?} {state:?}");
        assert_eq!(next_due(&facts) == Some(after(90)), rotates, "{origin:?} {state:?}");
    }
}

#[test]
fn a_rotation_takes_only_its_own_proof() {
    let proof = || match due(&rotating(), after(90)) {
        Some((_, Due::Rotation(overdue))) => overdue,
        Some((_, Due::Deletion(_) | Due::Expiry(..) | Due::Settling(_))) | None => panic!("a rotation is due"),
    };
    let others = [
        plain(),
        rotating().disable(),
        rotating().disable_rotation(),
        rotating().schedule_deletion(BORN, 7),
        rotating().enable_rotation(BORN, 91),
        rotating().enable_rotation(BORN, 90).rotate(proof(), [9; 32]).expect("its own proof"),
    ];
    for facts in others {
        assert_eq!(facts.clone().rotate(proof(), [10; 32]), Err(facts));
    }
}

#[test]
fn a_key_is_rotated_on_demand_twenty_five_times_in_its_life() {
    let mut facts = rotating();
    for number in 1..=25 {
        facts = facts.rotate_on_demand(Some([100 + number; 32]), BORN).expect("not yet the limit");
        assert_eq!(facts.on_demand_rotations(), u32::from(number));
    }
    facts = rotate_all(facts, after(90)).1;
    assert_eq!(facts.clone().rotate_on_demand(Some([99; 32]), BORN), Err(RotationRefusal::LimitReached));
    assert_eq!(facts.on_demand_rotations(), 25, "the automatic one does not count");

    let mut facts = imported(&[material(1, MaterialState::Current, true, None)]);
    for number in 0..26 {
        let next = facts.import([100 + number; 32], ImportKind::New, ImportTerms::default(), BORN).expect("new");
        facts = match next.clone().rotate_on_demand(None, BORN) {
            Ok(facts) => facts,
            Err(refusal) => {
                assert_eq!((number, refusal), (25, RotationRefusal::LimitReached));
                next
            }
        };
    }
    assert_eq!(facts.on_demand_rotations(), 25);
    assert_eq!(facts.pending_material().map(MaterialFacts::id), Some([125; 32]));
}

#[test]
fn imported_material_rotates_onto_what_waits_and_is_here() {
    use MaterialState::*;
    let current = material(1, Current, true, None);
    let elsewhere = material(2, PendingMultiRegionImportAndRotation, true, None);
    let refused = [
        ("nothing waits", imported(std::slice::from_ref(&current)), BORN),
        ("a replica does not have it", imported(&[current, elsewhere]), BORN),
        ("it has expired", waiting(), after(1)),
        ("it was deleted", waiting().delete_material(Some(&[2; 32])).expect("it waits").0, BORN),
    ];
    for (name, facts, now) in refused {
        assert_eq!(facts.rotate_on_demand(None, now), Err(RotationRefusal::NothingPending), "{name}");
    }
    assert_eq!(plain().rotate_on_demand(None, BORN), Err(RotationRefusal::NothingPending), "nothing was drawn");

    let facts = waiting().rotate_on_demand(None, Time(BORN.0 + 5)).expect("it waits");
    let [old, new] = facts.materials() else { panic!("two materials") };
    assert_eq!((old.state(), old.rotated()), (NonCurrent, None));
    let rotated = Rotated { date: Time(BORN.0 + 5), kind: RotationKind::OnDemand };
    assert_eq!((new.state(), new.rotated(), new.expires()), (Current, Some(rotated), Some(after(1))));
    assert_eq!(facts.state(after(1)), KeyState::PendingImport, "now the key depends on it");
}

#[test]
fn rotations_are_listed_without_the_first_and_the_next_material_unless_all_are_asked_for() {
    use wire::IncludeKeyMaterial::{AllKeyMaterial, RotationsOnly};
    let list =
        |facts: &Facts, which, now| facts.listed(which, now).map(|material| material.id()[0]).collect::<Vec<_>>();
    let rotated = waiting().rotate_on_demand(None, BORN).expect("it waits");
    let third = rotated.clone().import(
        [3; 32],
        ImportKind::New,
        ImportTerms { expires: Some(after(2)), description: None },
        BORN,
    );
    let third = third.expect("it is new");
    let gone = third.clone().delete_material(Some(&[2; 32])).expect("it is current").0;
    let cases = [
        ("never imported", imported(&[]), vec![], vec![]),
        ("imported", imported(&[material(1, MaterialState::Current, true, None)]), vec![], vec![1]),
        ("the next waits", waiting(), vec![], vec![1, 2]),
        ("rotated", rotated, vec![2], vec![1, 2]),
        ("and the next waits", third.clone(), vec![2], vec![1, 2, 3]),
        ("one deleted", gone, vec![2], vec![1, 2, 3]),
    ];
    for (name, facts, rotations, all) in cases {
        assert_eq!(list(&facts, RotationsOnly, BORN), rotations, "{name}");
        assert_eq!(list(&facts, AllKeyMaterial, BORN), all, "{name}");
    }
    assert_eq!(list(&third, AllKeyMaterial, after(2)), [1, 2], "what waited has expired; what is permanent stays");
}

#[test]
fn the_longest_life_fits_into_half_a_row_of_a_store() {
    let mut facts = rotating();
    for number in 0..MOST_ON_DEMAND {
        facts = facts.rotate_on_demand(Some([100 + number as u8; 32]), BORN).expect("not yet the limit");
    }
    let (dates, facts) = rotate_all(facts, after(200 * i64::from(PERIOD)));
    assert_eq!(dates.len(), MOST_AUTOMATIC);
    assert_eq!((facts.rotation(), next_due(&facts)), (None, None), "it says that it does not rotate any more");
    let size = serde_json::to_vec(&facts).expect("no contradiction").len();
    assert!(size <= 32 * 1024, "{size} bytes");
}
