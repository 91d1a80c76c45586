use super::*;

const WEST: &str = "eu-west-1";
const EAST: &str = "us-east-1";
const SOUTH: &str = "ap-south-1";

fn later(seconds: i64) -> Time {
    BORN.plus_seconds(seconds)
}

fn primary(origin: KeyOrigin) -> (Set, Facts) {
    let facts = Facts::born(origin, Some([7; 32]), BORN);
    let set = Set::born(EAST, &facts);
    let facts = set.facts(EAST, &facts.own(), BORN).expect("they agree");
    (set, facts)
}

/// A set in two Regions, whose replica's creation is over.
fn pair(origin: KeyOrigin) -> (Set, Facts, Facts) {
    let (set, facts) = primary(origin);
    let (set, replica) = set.join(WEST, BORN).expect("they agree");
    let primary = set.facts(EAST, &facts.own(), BORN).expect("they agree");
    let Some((_, Due::Settling(overdue))) = due(&replica, later(1)) else { panic!("a second later") };
    let (replica, created) = replica.settle(overdue).expect("its own proof");
    assert!(created);
    (set.with(WEST, &replica).expect("it changes nothing shared"), primary, replica)
}

#[test]
fn a_set_is_at_work_on_a_key_for_a_second_and_no_clock_makes_it_longer() {
    for state in [KeyState::Creating, KeyState::Updating] {
        let facts = in_state(KeyOrigin::AwsKms, state).expect("it has this state");
        let millis = |millis| Time(BORN.0 + millis);
        for (now, expected) in [
            (millis(-1), KeyState::Enabled),
            (millis(0), state),
            (millis(999), state),
            (millis(1000), KeyState::Enabled),
            (BORN.plus_days(400), KeyState::Enabled),
        ] {
            assert_eq!(facts.state(now), expected, "{state:?} at {now:?}");
        }
        assert_eq!(next_due(&facts), Some(millis(1000)));
        assert_eq!(due(&facts, millis(999)), None);
        let settle = |at| match due(&facts, at) {
            Some((since, Due::Settling(overdue))) => (since, facts.clone().settle(overdue).expect("its own proof")),
            other => panic!("{other:?}"),
        };
        let (since, (settled, created)) = settle(BORN.plus_days(400));
        assert_eq!((since, created), (millis(1000), state == KeyState::Creating));
        assert_eq!((settled.state(BORN), next_due(&settled)), (KeyState::Enabled, None));
        let Some((_, Due::Settling(overdue))) = due(&facts, millis(1000)) else { panic!("it is over") };
        assert_eq!(settled.clone().settle(overdue), Err(settled), "nothing is at work on it");
    }
}

#[test]
fn a_replica_changes_nothing_that_is_shared() {
    let (set, primary, replica) = pair(KeyOrigin::AwsKms);
    let rotating = primary.enable_rotation(BORN, 90);
    let set = set.with(EAST, &rotating).expect("the primary may");
    let replica = set.facts(WEST, &replica.own(), later(1)).expect("they agree");
    assert_eq!(replica.rotation().map(|rotation| rotation.period_days), Some(90), "it sees what is shared");
    assert_eq!(next_due(&replica), None, "and does not do it");
    for edited in [
        replica.clone().disable(),
        replica.clone().disable().enable(),
        replica.clone().schedule_deletion(later(1), 7),
        replica.clone().update(later(1)),
    ] {
        let after = set.with(WEST, &edited).expect("it is its own");
        assert_eq!(after.facts(WEST, &edited.own(), later(1)), Ok(edited));
        let primary = after.facts(EAST, &rotating.own(), later(1)).expect("they agree");
        assert_eq!((primary.own(), primary.rotation()), (rotating.own(), rotating.rotation()), "the primary's stay");
    }
    for edited in [replica.clone().disable_rotation(), replica.clone().enable_rotation(later(1), 365)] {
        assert!(set.with(WEST, &edited).is_err());
    }
    let rotated = replica.rotate_on_demand(Some([8; 32]), later(1)).expect("the first");
    assert!(set.with(WEST, &rotated).is_err());
}

#[test]
fn what_the_primary_does_to_itself_leaves_the_replicas_alone() {
    let (set, primary, replica) = pair(KeyOrigin::AwsKms);
    for edited in [primary.clone().disable(), primary.clone().schedule_deletion(later(1), 7), primary.update(later(1))]
    {
        let after = set.with(EAST, &edited).expect("they agree");
        assert_eq!(after.facts(WEST, &replica.own(), later(1)), Ok(replica.clone()));
    }
}

#[test]
fn a_primary_with_a_replica_waits_and_its_window_begins_when_the_last_is_gone() {
    let (set, primary, replica) = pair(KeyOrigin::AwsKms);
    let waiting = primary.schedule_deletion(later(1), 10);
    assert_eq!(waiting.state(later(1)), KeyState::PendingReplicaDeletion);
    let set = set.with(EAST, &waiting).expect("they agree");
    let doomed = replica.schedule_deletion(later(2), 7);
    let set = set.with(WEST, &doomed).expect("they agree");
    let gone = later(2).plus_days(7);
    let at = |set: &Set, now: Time| set.facts(EAST, &waiting.own(), now).expect("they agree");
    assert_eq!(at(&set, Time(gone.0 - 1)).state(gone), KeyState::PendingReplicaDeletion);
    for set in [set.clone(), set.leave(WEST, gone)] {
        for now in [gone, gone.plus_days(9)] {
            let facts = at(&set, now);
            assert_eq!(
                (facts.state(now), facts.deletion_date()),
                (KeyState::PendingDeletion, Some(gone.plus_days(10)))
            );
        }
        assert!(at(&set, gone.plus_days(10)).is_gone(gone.plus_days(10)));
        assert_eq!(at(&set, gone).cancel_deletion().state(gone), KeyState::Disabled);
    }
    let known = set.with(EAST, &at(&set, gone)).expect("they agree");
    assert_eq!(at(&known, gone.plus_days(3)).deletion_date(), Some(gone.plus_days(10)), "written down or not");
    assert_eq!(at(&known, gone).own(), waiting.own(), "a clock that is set back finds it waiting");
    let saved = set.with(WEST, &doomed.cancel_deletion()).expect("they agree");
    assert_eq!(at(&saved, gone).state(gone), KeyState::PendingReplicaDeletion, "it waits on");
}

#[test]
fn the_next_material_waits_as_long_as_a_replica_that_is_there_lacks_it() {
    use MaterialState::*;
    let (set, primary, _) = pair(KeyOrigin::External);
    let (set, _) = set.join(SOUTH, BORN).expect("they agree");
    let next = primary.import([8; 32], ImportKind::New, ImportTerms::default(), later(1)).expect("it is new");
    let set = set.with(EAST, &next).expect("they agree");
    let state = |set: &Set, now: Time| {
        let facts = set.facts(EAST, &next.own(), now).expect("they agree");
        facts.material(&[8; 32]).expect("it is the set's").state()
    };
    assert_eq!(state(&set, later(2)), PendingMultiRegionImportAndRotation);
    let own = |set: &Set, region| {
        let phase = Phase::Settled;
        let own = Own { created: BORN, enabled: true, deletion: None, phase, here: Vec::new() };
        set.facts(region, &own, later(2)).expect("they agree")
    };
    let import = |facts: Facts, expires| {
        let terms = ImportTerms { expires, description: None };
        facts.import([8; 32], ImportKind::Existing, terms, later(2)).expect("it is the set's")
    };
    let west = import(own(&set, WEST), Some(later(100)));
    let set = set.with(WEST, &west).expect("they agree");
    assert_eq!(state(&set, later(3)), PendingMultiRegionImportAndRotation, "one lacks it");
    let south = own(&set, SOUTH);
    let imported = set.with(SOUTH, &import(south.clone(), None)).expect("they agree");
    assert_eq!(state(&imported, later(3)), PendingRotation);
    assert_eq!(state(&imported, later(100)), PendingMultiRegionImportAndRotation, "it has expired in one");
    let gone = set.with(SOUTH, &south.schedule_deletion(later(3), 7)).expect("they agree");
    assert_eq!(state(&gone, later(99)), PendingMultiRegionImportAndRotation);
    let gone = gone.with(WEST, &import(west, None)).expect("they agree");
    assert_eq!(state(&gone, later(3).plus_days(7)), PendingRotation, "whoever lacked it is not there");

    let facts = imported.facts(EAST, &next.own(), later(3)).expect("they agree");
    let rotated = facts.rotate_on_demand(None, later(3)).expect("it waits");
    let after = imported.with(EAST, &rotated).expect("they agree");
    assert_eq!(
        after.facts(WEST, &own(&set, WEST).own(), later(4)).map(|facts| facts.current_material()),
        Ok(Some([8; 32]))
    );
    let text = serde_json::to_string(&after).expect("encodes");
    assert!(!text.contains("pending"), "who has it does not matter any more: {text}");
}

#[test]
fn new_material_and_names_are_the_primarys_to_bring() {
    let (_, _, replica) = pair(KeyOrigin::External);
    let named = ImportTerms { expires: None, description: Some(String::new()) };
    for (id, kind, terms) in [
        ([8; 32], ImportKind::New, ImportTerms::default()),
        ([7; 32], ImportKind::New, ImportTerms::default()),
        ([7; 32], ImportKind::Existing, named),
    ] {
        assert_eq!(replica.clone().import(id, kind, terms, later(1)), Err(ImportRefusal::NotPrimary));
    }
    let terms = ImportTerms { expires: Some(later(9)), description: None };
    let here = replica.import([7; 32], ImportKind::Existing, terms, later(1)).expect("it is the set's");
    assert_eq!([later(8), later(9)].map(|now| here.state(now)), [KeyState::Enabled, KeyState::PendingImport]);
}

#[test]
fn a_set_and_a_key_that_contradict_each_other_are_no_facts() {
    let (set, primary, replica) = pair(KeyOrigin::AwsKms);
    let waits = Own { deletion: Some(Deletion::AfterReplicas { window_days: 7 }), ..replica.own() };
    let alone = self::primary(KeyOrigin::AwsKms).0;
    let waits_alone = Own { deletion: Some(Deletion::AfterReplicas { window_days: 7 }), ..primary.own() };
    for (set, region, own, why) in [
        (&set, SOUTH, replica.own(), "a Region that is none of its set's"),
        (&set, WEST, waits, "a wait for replicas that never were"),
        (&alone, EAST, waits_alone, "a wait for replicas that never were"),
    ] {
        let told = set.facts(region, &own, BORN).expect_err(why).to_string();
        assert!(told.contains(why), "{told}");
    }
}

/// As many materials as a key can have, with the longest names, waiting in as many Regions as there can be, and the
/// escapes that double each name.
#[test]
fn the_longest_set_fits_its_row() {
    let name = "\n".repeat(256);
    let mut facts = primary(KeyOrigin::External).1;
    for number in 0..=MOST_ON_DEMAND as u8 {
        let terms = ImportTerms { expires: None, description: Some(name.clone()) };
        facts = facts.import([100 + number; 32], ImportKind::New, terms, BORN).expect("it is new");
        if usize::from(number) < MOST_ON_DEMAND {
            facts = facts.rotate_on_demand(None, BORN).expect("not yet the limit");
        }
    }
    let mut set = Set::born(EAST, &facts);
    for number in 1..MOST_REGIONS {
        let region = format!("aaaaaaaaaaaaaa-bbbbbbbbbbbbbb-{number}");
        let replica = set.join(&region, BORN).expect("they agree").1;
        let terms = ImportTerms { expires: Some(later(9)), description: None };
        let pending = [100 + MOST_ON_DEMAND as u8; 32];
        let replica = replica.import(pending, ImportKind::Existing, terms, BORN).expect("it waits");
        let replica = replica.schedule_deletion(BORN, 30);
        set = set.join(&region, BORN).expect("they agree").0.with(&region, &replica).expect("they agree");
    }
    let size = serde_json::to_vec(&set).expect("encodes").len();
    assert!(size <= 32 * 1024, "{size} bytes");
}

#[test]
fn a_set_is_full_with_its_twentieth_region() {
    let (mut set, _) = primary(KeyOrigin::AwsKms);
    for number in 1..MOST_REGIONS {
        assert!(!set.is_full());
        set = set.join(&format!("eu-far-{number}"), BORN).expect("they agree").0;
    }
    assert!(set.is_full());
    assert!(!set.leave("eu-far-1", BORN).is_full());
}
