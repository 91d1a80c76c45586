use super::samples::{BORN, in_state};
use super::*;

mod import;
mod model;
mod rotation;
mod set;

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
    MaterialFacts { present, expires, ..MaterialFacts::new([id; 32], state, BORN) }
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
    let ends = [KeyState::PendingDeletion, KeyState::Creating, KeyState::Updating];
    for (origin, state, facts) in every_sample().filter(|(_, state, _)| !ends.contains(state)) {
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
        Some((_, Due::Expiry(..) | Due::Rotation(_) | Due::Settling(_))) | None => {
            panic!("nine days later both deletions are due")
        }
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
        assert_eq!(back == facts, !origin.in_custom_store() || state == KeyState::Unavailable, "{origin:?} {state:?}");
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

/// A rotating key after a rotation and a short disabling, and an imported one whose next material waits.
const WRITTEN_SINCE: [&str; 2] = [
    r#"{"created":1700000000000,"origin":"AWS_KMS","enabled":true,"deletion":null,"phase":"settled","materials":[{"id":"0707070707070707070707070707070707070707070707070707070707070707","state":"NON_CURRENT","present":true,"expires":null,"created":1700000000000},{"id":"0808080808080808080808080808080808080808080808080808080808080808","state":"CURRENT","present":true,"expires":null,"created":1700000000000,"rotated":{"date":1700000000000,"kind":"ON_DEMAND"}}],"custom_store":null,"schedule":{"period_days":365,"enabled_at":1700000000000,"interrupted":true}}"#,
    r#"{"created":1700000000000,"origin":"EXTERNAL","enabled":true,"deletion":null,"phase":"settled","materials":[{"id":"0101010101010101010101010101010101010101010101010101010101010101","state":"CURRENT","present":true,"expires":null,"created":1700000000000},{"id":"0202020202020202020202020202020202020202020202020202020202020202","state":"PENDING_ROTATION","present":true,"expires":1700000000001,"created":1700000000000,"description":"the next"}],"custom_store":null}"#,
];

#[test]
fn rotations_and_imports_are_written_in_this_form_and_read_back_as_they_were() {
    let rotating = plain().enable_rotation(BORN, 365).rotate_on_demand(Some([8; 32]), BORN).expect("the first");
    let next = ImportTerms { expires: Some(Time(BORN.0 + 1)), description: Some("the next".to_owned()) };
    let waiting = imported(&[material(1, MaterialState::Current, true, None)]);
    let waiting = waiting.import([2; 32], ImportKind::New, next, BORN).expect("it is new");
    for (facts, written) in [rotating.disable().enable(), waiting].into_iter().zip(WRITTEN_SINCE) {
        assert_eq!(serde_json::to_string(&facts).expect("encodes"), written);
        assert_eq!(serde_json::from_str::<Facts>(written).expect("decodes"), facts);
    }
}

#[test]
fn what_is_not_exactly_a_rotation_or_an_import_does_not_decode() {
    let [rotating, waiting] = WRITTEN_SINCE;
    let edits = [
        (rotating, r#""interrupted":true"#, r#""interrupted":true,"more":1"#, "unknown field `more`"),
        (rotating, r#""kind":"ON_DEMAND""#, r#""kind":"ON_DEMAND","more":1"#, "unknown field `more`"),
        (rotating, "ON_DEMAND", "on_demand", "unknown variant `on_demand`"),
        (rotating, r#","interrupted":true"#, "", "missing field `interrupted`"),
        (rotating, r#""period_days":365"#, r#""period_days":89"#, "a rotation that no key has"),
        (rotating, r#""period_days":365"#, r#""period_days":2561"#, "a rotation that no key has"),
        (rotating, r#","rotated":{"date":1700000000000,"kind":"ON_DEMAND"}"#, "", "its materials and its rotations"),
        (rotating, r#""CURRENT""#, r#""PENDING_ROTATION""#, "materials, but no current one"),
        (waiting, "EXTERNAL", "AWS_KMS", "material lost, not imported"),
        (rotating, r#","rotated""#, r#","description":"","rotated""#, "an import of what is not imported"),
        (
            waiting,
            r#","description":"the next""#,
            r#","rotated":{"date":1,"kind":"ON_DEMAND"}"#,
            "its materials and its",
        ),
        (
            waiting,
            r#""custom_store":null"#,
            r#""custom_store":null,"schedule":{"period_days":365,"enabled_at":1,"interrupted":false}"#,
            "automatic rotation of what is not drawn here",
        ),
    ];
    for (written, from, to, why) in edits {
        assert!(written.contains(from), "{from}");
        let error = serde_json::from_str::<Facts>(&written.replace(from, to)).expect_err(to).to_string();
        assert!(error.contains(why), "{to}: {error}");
    }
}

#[test]
fn facts_that_contradict_each_other_are_not_written() {
    use MaterialState::*;
    let rotated = |id: u8, kind| MaterialFacts {
        rotated: Some(Rotated { date: BORN, kind }),
        ..material(id, NonCurrent, true, None)
    };
    let rotated = |origin, kind, times: u8| {
        let mut facts = Facts::born(origin, Some([255; 32]), BORN);
        facts.materials.extend((0..times).map(|id| rotated(id, kind)));
        facts
    };
    let pending = [material(1, Current, true, None), material(2, PendingRotation, true, None)];
    let three = [pending.to_vec(), vec![material(3, PendingMultiRegionImportAndRotation, false, None)]].concat();
    let two = [material(1, Current, true, None), material(2, Current, true, None)];
    let twice = [material(1, NonCurrent, true, None), material(1, Current, true, None)];
    let cases = [
        (imported(&two), "two current materials"),
        (imported(&twice), "one material twice"),
        (Facts { materials: pending.to_vec(), ..plain() }, "an import of what is not imported"),
        (imported(&three), "two materials that wait for one rotation"),
        (imported(&pending[1..]), "a rotation awaited, and nothing to rotate"),
        (imported(&[material(1, Current, false, Some(BORN))]), "an expiry of nothing"),
        (rotated(KeyOrigin::External, RotationKind::OnDemand, 26), "a rotation that no key has"),
        (rotated(KeyOrigin::AwsKms, RotationKind::Automatic, 129), "a rotation that no key has"),
        (rotated(KeyOrigin::External, RotationKind::Automatic, 1), "automatic rotation of what is not drawn here"),
        (Facts::born(KeyOrigin::AwsKms, None, BORN), "no material of its own"),
        (Facts::born(KeyOrigin::ExternalKeyStore, Some([7; 32]), BORN), "its origin and its custom store"),
    ];
    for (facts, why) in cases {
        let error = serde_json::to_string(&facts).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
}
