//! How imported material comes, goes and expires. Keys are written as their materials: `A old, B current gone, C next`.

use super::*;

const DAY: Time = Time(BORN.0 + 24 * 60 * 60 * 1000);

fn id(letter: &str) -> MaterialId {
    [letter.bytes().next().expect("a letter"); 32]
}

/// An EXTERNAL key with these materials.
fn key(text: &str) -> Facts {
    let materials = text.split(", ").filter(|text| !text.is_empty()).enumerate().map(|(at, text)| {
        let words: Vec<&str> = text.split(' ').collect();
        let (state, present) = (word_state(words[1]), words.get(2) != Some(&"gone"));
        let rotated = (at > 0 && state.is_permanent()).then_some(Rotated { date: BORN, kind: RotationKind::OnDemand });
        MaterialFacts { present, rotated, ..MaterialFacts::new(id(words[0]), state, BORN) }
    });
    imported(&materials.collect::<Vec<_>>())
}

fn word_state(word: &str) -> MaterialState {
    match word {
        "current" => MaterialState::Current,
        "old" => MaterialState::NonCurrent,
        "next" => MaterialState::PendingRotation,
        "elsewhere" => MaterialState::PendingMultiRegionImportAndRotation,
        _ => panic!("{word} is no state of a material"),
    }
}

/// The other way round.
fn text(facts: &Facts) -> String {
    let words = facts.materials().iter().map(|material| {
        let state = match material.state() {
            MaterialState::Current => "current",
            MaterialState::NonCurrent => "old",
            MaterialState::PendingRotation => "next",
            MaterialState::PendingMultiRegionImportAndRotation => "elsewhere",
        };
        let gone = if material.present { "" } else { " gone" };
        format!("{} {state}{gone}", char::from(material.id()[0]))
    });
    words.collect::<Vec<_>>().join(", ")
}

fn until(expires: Time) -> ImportTerms {
    ImportTerms { expires: Some(expires), description: None }
}

fn import(facts: Facts, letter: &str, terms: ImportTerms) -> Facts {
    let known = facts.material(&id(letter)).is_some();
    let kind = if known { ImportKind::Existing } else { ImportKind::New };
    facts.import(id(letter), kind, terms, BORN).expect("an import that is allowed")
}

fn delete(facts: Facts, letter: &str) -> Facts {
    facts.delete_material(Some(&id(letter))).expect("a material of the key").0
}

/// Everything that is due by `now`, with the facts that are left.
fn expire_all(mut facts: Facts, now: Time) -> (Vec<(Time, MaterialId)>, Facts) {
    let mut expired = Vec::new();
    while let Some((date, Due::Expiry(overdue, of))) = due(&facts, now) {
        let (after, gone) = facts.expire(overdue).expect("its own proof");
        assert_eq!(of, gone, "what is due is what expires");
        expired.push((date, gone));
        facts = after;
    }
    (expired, facts)
}

#[test]
fn an_import_is_one_of_something_new_or_of_something_known() {
    use ImportKind::{Existing, New};
    use ImportRefusal::{AlreadyAssociated, AnotherPending, NotAssociated};
    let cases = [
        ("", New, "A", Ok("A current")),
        ("", Existing, "A", Ok("A current")),
        ("A current", New, "A", Err(AlreadyAssociated)),
        ("A current", New, "B", Ok("A current, B next")),
        ("A current", Existing, "A", Ok("A current")),
        ("A current", Existing, "B", Err(NotAssociated)),
        ("A current gone", New, "A", Err(AlreadyAssociated)),
        ("A current gone", New, "B", Ok("A current gone, B next")),
        ("A current gone", Existing, "A", Ok("A current")),
        ("A current gone", Existing, "B", Err(NotAssociated)),
        ("A current, B next", New, "A", Err(AlreadyAssociated)),
        ("A current, B next", New, "B", Err(AlreadyAssociated)),
        ("A current, B next", New, "C", Err(AnotherPending(id("B")))),
        ("A current, B next", Existing, "A", Ok("A current, B next")),
        ("A current, B next", Existing, "B", Ok("A current, B next")),
        ("A current, B next", Existing, "C", Err(NotAssociated)),
        ("A current, B elsewhere", New, "B", Err(AlreadyAssociated)),
        ("A current, B elsewhere", New, "C", Err(AnotherPending(id("B")))),
        ("A current, B elsewhere gone", Existing, "B", Ok("A current, B elsewhere")),
        ("A old gone, B current", New, "A", Err(AlreadyAssociated)),
        ("A old gone, B current", New, "C", Ok("A old gone, B current, C next")),
        ("A old gone, B current", Existing, "A", Ok("A old, B current")),
        ("A old gone, B current gone", Existing, "B", Ok("A old gone, B current")),
        ("A old, B current, C next", Existing, "A", Ok("A old, B current, C next")),
    ];
    for (before, kind, letter, expected) in cases {
        let after = key(before).import(id(letter), kind, ImportTerms::default(), DAY);
        let after = after.map(|facts| text(&facts));
        assert_eq!(after, expected.map(str::to_owned), "{kind:?} {letter} into a key with {before:?}");
    }
}

#[test]
fn only_the_first_import_ever_is_new_by_itself() {
    assert_eq!(key("").default_import_kind(), ImportKind::New);
    for text in ["A current", "A current gone", "A current, B next", "A old gone, B current gone"] {
        assert_eq!(key(text).default_import_kind(), ImportKind::Existing, "{text}");
    }
}

#[test]
fn an_import_that_ends_pending_import_enables_the_key_and_no_other_does() {
    let disabled_states = [
        ("", "A", KeyState::Enabled),
        ("A current", "A", KeyState::Disabled),
        ("A current", "B", KeyState::Disabled),
        ("A current, B next", "B", KeyState::Disabled),
        ("A current gone", "A", KeyState::Enabled),
        ("A current gone", "B", KeyState::PendingImport),
        ("A old gone, B current", "A", KeyState::Enabled),
        ("A old gone, B current gone", "A", KeyState::PendingImport),
        ("A old gone, B current gone", "B", KeyState::PendingImport),
    ];
    for (before, letter, disabled) in disabled_states {
        let enabled = if disabled == KeyState::Disabled { KeyState::Enabled } else { disabled };
        for (facts, state) in [(key(before), enabled), (key(before).disable(), disabled)] {
            let was_enabled = facts.enabled();
            let after = import(facts, letter, ImportTerms::default());
            assert_eq!(after.state(BORN), state, "{letter} into a key with {before:?}");
            assert_eq!(after.enabled(), was_enabled || state == KeyState::Enabled, "{letter} into {before:?}");
        }
    }
}

#[test]
fn a_key_whose_material_expired_unseen_is_enabled_by_its_import() {
    let facts = import(key(""), "A", until(DAY)).disable();
    assert_eq!([BORN, DAY].map(|now| facts.state(now)), [KeyState::Disabled, KeyState::PendingImport]);
    let again = facts.import(id("A"), ImportKind::Existing, ImportTerms::default(), DAY).expect("it is the key's");
    assert_eq!(again.state(DAY), KeyState::Enabled);
}

#[test]
fn a_second_import_of_a_material_changes_its_terms_and_nothing_else() {
    let named = |text: &str, expires| ImportTerms { expires, description: Some(text.to_owned()) };
    let first = import(key(""), "A", named("the first", Some(DAY)));
    let cases = [
        (named("renamed", None), None, "renamed"),
        (until(DAY.plus_days(1)), Some(DAY.plus_days(1)), "the first"),
        (ImportTerms::default(), None, "the first"),
    ];
    for (terms, expires, description) in cases {
        for before in [first.clone(), delete(first.clone(), "A")] {
            let after = before.import(id("A"), ImportKind::Existing, terms.clone(), DAY).expect("it is the key's");
            let [material] = after.materials() else { panic!("one material") };
            assert_eq!((material.expires(), material.description()), (expires, Some(description)));
            assert_eq!((material.id(), material.created(), material.is_here(BORN)), (id("A"), BORN, true));
        }
    }
}

#[test]
fn what_is_deleted_is_missing_or_leaves_the_key() {
    let cases = [
        ("", None, Ok(("", None))),
        ("", Some("A"), Err(NoSuchMaterial)),
        ("A current", None, Ok(("A current gone", Some("A")))),
        ("A current", Some("A"), Ok(("A current gone", Some("A")))),
        ("A current", Some("B"), Err(NoSuchMaterial)),
        ("A current gone", None, Ok(("A current gone", None))),
        ("A current gone", Some("A"), Ok(("A current gone", None))),
        ("A old, B current", None, Ok(("A old, B current gone", Some("B")))),
        ("A old, B current", Some("A"), Ok(("A old gone, B current", Some("A")))),
        ("A old gone, B current", Some("A"), Ok(("A old gone, B current", None))),
        ("A current, B next", None, Ok(("A current gone, B next", Some("A")))),
        ("A current, B next", Some("B"), Ok(("A current", Some("B")))),
        ("A current, B elsewhere", Some("B"), Ok(("A current", Some("B")))),
        ("A current, B elsewhere gone", Some("B"), Ok(("A current", None))),
        ("A current, B next", Some("C"), Err(NoSuchMaterial)),
    ];
    for (before, letter, expected) in cases {
        let after = key(before).delete_material(letter.map(id).as_ref());
        let after = after.map(|(facts, destroyed)| (text(&facts), destroyed));
        let expected = expected.map(|(text, destroyed): (&str, Option<&str>)| (text.to_owned(), destroyed.map(id)));
        assert_eq!(after, expected, "{letter:?} of a key with {before:?}");
    }
}

#[test]
fn a_deletion_takes_the_expiry_along_and_leaves_the_name() {
    let terms = ImportTerms { expires: Some(DAY), description: Some("the first".to_owned()) };
    let facts = delete(import(key(""), "A", terms), "A");
    let material = facts.material(&id("A")).expect("permanently associated");
    assert_eq!((material.expires(), material.description()), (None, Some("the first")));
    assert_eq!((next_due(&facts), facts.expiration(BORN)), (None, None));
}

#[test]
fn a_key_is_usable_once_every_permanent_material_is_back() {
    let both = key("A old, B current");
    let without = delete(both.clone(), "A");
    assert_eq!((both.state(BORN), without.state(BORN)), (KeyState::Enabled, KeyState::PendingImport));
    let back = import(without, "A", ImportTerms::default());
    assert_eq!((back.state(BORN), text(&back).as_str()), (KeyState::Enabled, "A old, B current"));
    assert_eq!(delete(import(back, "C", ImportTerms::default()), "C").state(BORN), KeyState::Enabled);
}

#[test]
fn a_key_pending_deletion_stays_so_without_its_material_and_reads_pending_import_once_that_is_cancelled() {
    let doomed = import(key(""), "A", until(DAY)).schedule_deletion(BORN, 7);
    let (expired, after) = expire_all(doomed.clone(), DAY);
    assert_eq!(expired, [(DAY, id("A"))]);
    for facts in [delete(doomed, "A"), after] {
        assert_eq!(facts.state(DAY), KeyState::PendingDeletion);
        let back = facts.cancel_deletion();
        assert_eq!(
            (back.state(DAY), back.clone().enable().state(DAY)),
            (KeyState::PendingImport, KeyState::PendingImport)
        );
        assert_eq!(import(back, "A", ImportTerms::default()).state(DAY), KeyState::Enabled);
    }
}

#[test]
fn a_keys_material_lasts_as_long_as_the_first_of_its_permanent_materials() {
    let later = DAY.plus_days(1);
    let lasting = |terms: &[(&str, Option<Time>)], text: &str| {
        terms.iter().fold(key(text), |facts, (letter, expires)| {
            import(facts, letter, ImportTerms { expires: *expires, description: None })
        })
    };
    let on = |time| Some(Expiration::On(time));
    let cases = [
        ("never imported", key(""), None),
        ("for ever", key("A current"), Some(Expiration::Never)),
        ("deleted", key("A current gone"), None),
        ("until then", lasting(&[("A", Some(DAY))], ""), on(DAY)),
        ("the earlier", lasting(&[("A", Some(later)), ("B", Some(DAY))], "A old, B current"), on(DAY)),
        ("the only", lasting(&[("A", None), ("B", Some(later))], "A old, B current"), on(later)),
        ("the one that is here", lasting(&[("A", Some(later))], "A old, B current gone"), on(later)),
        ("not the next one", lasting(&[("B", Some(DAY))], "A current"), Some(Expiration::Never)),
        ("not imported", Facts::born(KeyOrigin::AwsKms, Some([7; 32]), BORN), None),
    ];
    for (name, facts, expected) in cases {
        assert_eq!(facts.expiration(BORN), expected, "{name}");
        if let Some(Expiration::On(date)) = expected {
            assert_ne!(facts.expiration(date), expected, "{name}: it is over");
        }
    }
}

#[test]
fn expiries_happen_in_their_order_each_at_its_own_time() {
    let (second, third) = (DAY.plus_days(1), DAY.plus_days(2));
    let facts = [("A", second), ("B", DAY), ("C", DAY), ("D", third)]
        .into_iter()
        .fold(key("A old, B old, C current, D next"), |facts, (letter, date)| import(facts, letter, until(date)));
    assert_eq!(next_due(&facts), Some(DAY));
    assert_eq!(due(&facts, Time(DAY.0 - 1)), None);

    let (expired, after) = expire_all(facts.clone(), third);
    assert_eq!(expired, [(DAY, id("B")), (DAY, id("C")), (second, id("A")), (third, id("D"))]);
    assert_eq!(text(&after), "A old gone, B old gone, C current gone", "what waited has left the key");
    assert_eq!(next_due(&after), None);

    let (expired, after) = expire_all(facts, DAY);
    assert_eq!((expired.len(), next_due(&after)), (2, Some(second)));
}

#[test]
fn an_expiry_takes_only_its_own_proof() {
    let (sooner, later) = (import(key(""), "A", until(DAY)), import(key(""), "A", until(DAY.plus_days(1))));
    let Some((_, Due::Expiry(overdue, _))) = due(&later, DAY.plus_days(1)) else { panic!("it has expired") };
    assert_eq!(sooner.clone().expire(overdue), Err(sooner));
    let Some((_, Due::Expiry(overdue, _))) = due(&later, DAY.plus_days(1)) else { panic!("it has expired") };
    let never = key("A current");
    assert_eq!(never.clone().expire(overdue), Err(never));
}

#[test]
fn a_key_is_deleted_after_what_expired_before_and_instead_of_what_expires_then() {
    let date = BORN.plus_days(7);
    let facts = import(import(key("A old, B current"), "A", until(DAY)), "B", until(date)).schedule_deletion(BORN, 7);
    let (expired, after) = expire_all(facts, date);
    assert_eq!(expired, [(DAY, id("A"))]);
    let Some((since, Due::Deletion(overdue))) = due(&after, date) else { panic!("a deletion") };
    let remains = after.delete(overdue).expect("its own proof");
    assert_eq!((since, remains.materials()), (date, &[id("A"), id("B")][..]));
}

#[test]
fn the_life_of_an_imported_key_reads_as_aws_recorded_it() {
    type Step = fn(Facts) -> Facts;
    let steps: [(&str, Step, KeyState, Option<&str>, bool); 7] = [
        ("created", |facts| facts, KeyState::PendingImport, None, false),
        ("A imported", |facts| import(facts, "A", until(DAY)), KeyState::Enabled, Some("A"), true),
        ("B imported", |facts| import(facts, "B", ImportTerms::default()), KeyState::Enabled, Some("A"), true),
        ("rotated", |facts| facts.rotate_on_demand(None, BORN).expect("B waits"), KeyState::Enabled, Some("B"), true),
        ("B deleted", |facts| delete(facts, "B"), KeyState::PendingImport, Some("B"), true),
        ("A deleted", |facts| delete(facts, "A"), KeyState::PendingImport, Some("B"), false),
        (
            "both again",
            |facts| import(import(facts, "B", ImportTerms::default()), "A", ImportTerms::default()),
            KeyState::Enabled,
            Some("B"),
            true,
        ),
    ];
    let mut facts = Facts::born(KeyOrigin::External, None, BORN);
    for (moment, step, state, current, lasts) in steps {
        facts = step(facts);
        assert_eq!(facts.state(BORN), state, "{moment}");
        assert_eq!(facts.current_material(), current.map(id), "{moment}");
        assert_eq!(facts.expiration(BORN).is_some(), lasts, "{moment}");
    }
}
