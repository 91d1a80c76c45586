//! Rotation: another material encrypts, and whatever the older ones sealed opens for ever.

mod common;

use common::import::{A, B, C, NEW, for_days};
use common::{House, OWN, REGION, arn, name_of, refusal, text_at, with};
use kms::{Mode, Time};
use serde_json::{Value, json};
use std::time::Duration;
use store::testing::{Fate, Faulty};
use wire::Op;

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// `days` after the house's first day, as AWS writes it.
fn in_days(days: i64) -> f64 {
    common::NOON.plus_days(days).0 as f64 / 1000.0
}

async fn current(house: &House, key: &str) -> String {
    text_at(&house.metadata(key).await, "/CurrentKeyMaterialId")
}

async fn status(house: &House, key: &str) -> Value {
    house.ok(Op::GetKeyRotationStatus, json!({ "KeyId": key })).await
}

async fn rotations(house: &House, key: &str) -> Vec<Value> {
    let told = house.ok(Op::ListKeyRotations, json!({ "KeyId": key })).await;
    assert_eq!(told["Truncated"], false);
    told["Rotations"].as_array().expect("a list").clone()
}

/// The dates and types of the rotations, the oldest first.
async fn dates(house: &House, key: &str) -> Vec<(f64, String)> {
    let list = rotations(house, key).await;
    let date = |one: &Value| (one["RotationDate"].as_f64().expect("a date"), text_at(one, "/RotationType"));
    list.iter().map(date).collect()
}

fn automatic(days: i64) -> (f64, String) {
    (in_days(days), "AUTOMATIC".to_owned())
}

async fn opens(house: &House, blob: &str, plaintext: &str, material: &str) {
    let opened = house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
    assert_eq!((&opened["Plaintext"], &opened["KeyMaterialId"]), (&json!(plaintext), &json!(material)));
}

#[tokio::test]
async fn the_status_tells_period_and_date_while_rotation_is_on_and_two_members_while_it_is_off() {
    let house = House::new().await;
    let key = house.key().await;
    let off = format!(r#"{{"KeyId":"{}","KeyRotationEnabled":false}}"#, arn(&key));
    assert_eq!(house.text(Op::GetKeyRotationStatus, json!({ "KeyId": key })).await, off);
    for (asked, period, date) in [
        (json!({}), 365, "1.781536E9"),
        (json!({ "RotationPeriodInDays": 90 }), 90, "1.757776E9"),
        (json!({ "RotationPeriodInDays": 2560 }), 2560, "1.971184E9"),
        (json!({}), 365, "1.781536E9"),
    ] {
        let told = house.text(Op::EnableKeyRotation, with(asked, json!({ "KeyId": arn(&key) }))).await;
        assert_eq!(told, "");
        let on = format!(
            r#"{{"KeyId":"{}","KeyRotationEnabled":true,"NextRotationDate":{date},"RotationPeriodInDays":{period}}}"#,
            arn(&key)
        );
        assert_eq!(house.text(Op::GetKeyRotationStatus, json!({ "KeyId": key })).await, on);
    }
    for _ in 0..2 {
        house.ok(Op::DisableKeyRotation, json!({ "KeyId": key })).await;
        assert_eq!(house.text(Op::GetKeyRotationStatus, json!({ "KeyId": key })).await, off);
    }
    assert!(house.rows(b"d\0").await.is_empty(), "nothing is due any more");
}

#[tokio::test]
async fn a_period_outside_of_90_to_2560_days_breaks_a_constraint() {
    let house = House::new().await;
    let key = house.key().await;
    for (days, rule) in [(89, "greater than or equal to 90"), (2561, "less than or equal to 2560"), (-1, "greater")] {
        let told = house.call(Op::EnableKeyRotation, json!({ "KeyId": key, "RotationPeriodInDays": days })).await;
        assert_eq!(name_of(&told), "ValidationException");
        assert!(told.as_ref().is_err_and(|refused| refused.1.contains(rule)), "{told:?}");
    }
    assert_eq!(status(&house, &key).await["KeyRotationEnabled"], false);
}

#[tokio::test]
async fn a_rotation_on_demand_changes_the_material_and_leaves_the_date_alone() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": key, "RotationPeriodInDays": 180 })).await;
    let before = status(&house, &key).await;
    let mut sealed = vec![(house.encrypt(&key, "MA==").await, "MA==", current(&house, &key).await)];
    for plaintext in ["MQ==", "Mg==", "Mw=="] {
        let told = house.text(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
        assert_eq!(told, format!(r#"{{"KeyId":"{}"}}"#, arn(&key)));
        sealed.push((house.encrypt(&key, plaintext).await, plaintext, current(&house, &key).await));
    }
    assert_eq!(status(&house, &key).await, before);
    for (at, (blob, plaintext, material)) in sealed.iter().enumerate() {
        opens(&house, blob, plaintext, material).await;
        assert!(sealed[..at].iter().all(|(_, _, other)| other != material), "every material is another");
    }
    let told = house.ok(Op::ReEncrypt, json!({ "CiphertextBlob": sealed[0].0, "DestinationKeyId": key })).await;
    opens(&house, &text_at(&told, "/CiphertextBlob"), "MA==", &sealed[3].2).await;
}

#[tokio::test]
async fn a_rotation_on_demand_is_recorded_as_a_call_and_as_what_it_set_going() {
    let house = House::new().await;
    let key = house.key().await;
    let before = current(&house, &key).await;
    let seen = house.trail.lines().len();
    house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    let records = house.records_from(seen);
    let names: Vec<_> = records.iter().map(|record| record["eventName"].clone()).collect();
    assert_eq!(names, ["RotateKeyOnDemand", "RotateKey"]);
    assert_eq!(records[0]["responseElements"], json!({ "keyId": arn(&key) }));
    let event = &records[1];
    assert_eq!(event["eventType"], "AwsServiceEvent");
    assert_eq!(
        event["serviceEventDetails"],
        json!({
            "keyId": key,
            "keyOrigin": "AWS_KMS",
            "rotationType": "ON_DEMAND",
            "previousKeyMaterialId": before,
            "currentKeyMaterialId": current(&house, &key).await,
        })
    );
    assert_eq!(event["resources"], json!([{ "accountId": OWN, "type": "AWS::KMS::Key", "ARN": arn(&key) }]));
    assert_eq!(event["userIdentity"], json!({ "accountId": OWN, "invokedBy": "AWS Internal" }));
    assert!(event.get("requestID").is_none());
    assert_ne!(event["eventID"], records[0]["eventID"]);
}

#[tokio::test]
async fn a_rotation_whose_commit_is_in_doubt_happens_once_and_both_records_are_written_once() {
    for fate in [Fate::Landed, Fate::Lost, Fate::Late] {
        let mut faulty = None;
        let house = House::with(Mode::Serve, |store| faulty.insert(Faulty::new(store)).clone()).await;
        let faulty = faulty.expect("an engine");
        let key = house.key().await;
        faulty.next_where(fate.clone(), |batch| batch.puts.iter().any(|(name, _)| name.starts_with(b"e\0")));
        house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
        let _ = faulty.land().await;
        assert_eq!(rotations(&house, &key).await.len(), 1, "{fate:?}");
        assert_eq!((house.count("RotateKeyOnDemand"), house.count("RotateKey")), (1, 1), "{fate:?}");
        let blob = house.encrypt(&key, "eA==").await;
        opens(&house, &blob, "eA==", &current(&house, &key).await).await;
        house.service.close().await;
        let again = house.again().await;
        assert_eq!((again.count("RotateKeyOnDemand"), again.count("RotateKey")), (1, 1), "{fate:?}: after a restart");
    }
}

#[tokio::test]
async fn a_key_is_rotated_on_demand_25_times_in_its_life() {
    let house = House::new().await;
    let key = house.key().await;
    let first = house.encrypt(&key, "eA==").await;
    for _ in 0..25 {
        house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
        house.advance_days(1);
    }
    let text = format!(
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
         performed for this key: {}",
        arn(&key)
    );
    let before = house.everything().await;
    let told = house.call(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    assert_eq!(told, refusal("LimitExceededException", text));
    assert_eq!(house.everything().await, before);
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": first })).await["Plaintext"], "eA==");
    // By itself it still rotates.
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await;
    house.advance_days(90);
    house.turn(Duration::ZERO).await;
    assert_eq!(rotations(&house, &key).await.len(), 26);
}

#[tokio::test]
async fn a_key_rotates_by_itself_on_its_date_and_not_before() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    let (blob, first) = (house.encrypt(&key, "eA==").await, current(&house, &key).await);
    let others = current(&house, &other).await;
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await;
    house.service.turn(Time(house.now().0 + 90 * DAY_MILLIS - 1), Duration::ZERO).await.expect("a turn");
    assert_eq!(current(&house, &key).await, first, "a millisecond early");
    house.advance_days(90);
    house.turn(Duration::ZERO).await;
    let second = current(&house, &key).await;
    assert_ne!(second, first);
    assert_eq!(current(&house, &other).await, others);
    opens(&house, &blob, "eA==", &first).await;
    assert_eq!(dates(&house, &key).await, [automatic(90)]);
    assert_eq!(status(&house, &key).await["NextRotationDate"], in_days(180));
    let event = house.records().into_iter().find(|record| record["eventName"] == "RotateKey").expect("a record");
    assert_eq!(event["eventTime"], "2025-09-13T15:06:40Z");
    assert_eq!(
        event["serviceEventDetails"],
        json!({
            "keyId": key,
            "keyOrigin": "AWS_KMS",
            "rotationType": "AUTOMATIC",
            "previousKeyMaterialId": first,
            "currentKeyMaterialId": second,
        })
    );
    house.turn(Duration::ZERO).await;
    assert_eq!(house.count("RotateKey"), 1, "once");
}

/// Nobody looked at the clock for 800 days: each rotation is made good for its own date, in one turn.
#[tokio::test]
async fn after_a_standstill_every_missed_rotation_is_made_good_for_its_own_date() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": key })).await;
    let sealed = house.encrypt(&key, "eA==").await;
    house.advance_days(800);
    let house = house.again().await;
    house.turn(Duration::ZERO).await;
    assert_eq!(dates(&house, &key).await, [automatic(365), automatic(730)]);
    assert_eq!(status(&house, &key).await["NextRotationDate"], in_days(1095));
    assert_eq!(house.count("RotateKey"), 2);
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": sealed })).await["Plaintext"], "eA==");
}

#[tokio::test]
async fn a_disabled_key_waits_and_rotates_once_it_is_enabled() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await;
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
    house.advance_days(200);
    house.turn(Duration::ZERO).await;
    assert_eq!(dates(&house, &key).await, []);
    assert_eq!(status(&house, &key).await["KeyRotationEnabled"], true, "its value is unchanged");
    house.ok(Op::EnableKey, json!({ "KeyId": key })).await;
    house.turn(Duration::ZERO).await;
    assert_eq!(dates(&house, &key).await, [automatic(200)], "once, however many it missed");
    assert_eq!(status(&house, &key).await["NextRotationDate"], in_days(290));
}

#[tokio::test]
async fn a_key_that_is_going_says_that_it_does_not_rotate_and_a_saved_one_says_what_it_said() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await;
    let before = status(&house, &key).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
    assert_eq!(status(&house, &key).await, json!({ "KeyId": arn(&key), "KeyRotationEnabled": false }));
    house.ok(Op::CancelKeyDeletion, json!({ "KeyId": key })).await;
    assert_eq!(status(&house, &key).await, before);
}

#[tokio::test]
async fn a_disabled_key_and_one_that_is_going_are_told_so_first() {
    let house = House::new().await;
    let (off, going) = (house.disabled_key().await, house.pending_key().await);
    let disabled = refusal("DisabledException", format!("{} is disabled.", arn(&off)));
    let pending = refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&going)));
    for op in [Op::EnableKeyRotation, Op::DisableKeyRotation, Op::RotateKeyOnDemand] {
        assert_eq!(house.call(op, json!({ "KeyId": off })).await, disabled, "{op:?}");
        assert_eq!(house.call(op, json!({ "KeyId": going })).await, pending, "{op:?}");
    }
    for key in [&off, &going] {
        house.ok(Op::GetKeyRotationStatus, json!({ "KeyId": key })).await;
        house.ok(Op::ListKeyRotations, json!({ "KeyId": key })).await;
    }
}

#[tokio::test]
async fn imported_material_does_not_rotate_by_itself_whether_or_not_it_is_there() {
    let house = House::new().await;
    let (key, _) = house.imported_key(&A).await;
    for key in [key, house.external_key().await] {
        let text = format!("{} origin is EXTERNAL which is not valid for this operation.", arn(&key));
        let own = refusal("UnsupportedOperationException", text);
        for op in [Op::EnableKeyRotation, Op::DisableKeyRotation, Op::GetKeyRotationStatus] {
            assert_eq!(house.call(op, json!({ "KeyId": key })).await, own, "{op:?}");
        }
        assert_eq!(rotations(&house, &key).await, [] as [Value; 0], "a first material is no rotation");
    }
}

#[tokio::test]
async fn the_list_tells_of_drawn_material_what_is_to_be_told() {
    let house = House::new().await;
    let key = house.key().await;
    let first = current(&house, &key).await;
    house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    let second = current(&house, &key).await;
    let told = house.text(Op::ListKeyRotations, json!({ "KeyId": key })).await;
    let rotated = format!(
        r#"{{"KeyId":"{}","KeyMaterialId":"{second}","KeyMaterialState":"CURRENT","RotationDate":1.75E9,"RotationType":"ON_DEMAND"}}"#,
        arn(&key)
    );
    assert_eq!(told, format!(r#"{{"Rotations":[{rotated}],"Truncated":false}}"#));
    let whole = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
    let born = format!(r#"{{"KeyId":"{}","KeyMaterialId":"{first}","KeyMaterialState":"NON_CURRENT"}}"#, arn(&key));
    let told = house.text(Op::ListKeyRotations, whole).await;
    assert_eq!(told, format!(r#"{{"Rotations":[{born},{rotated}],"Truncated":false}}"#));
}

#[tokio::test]
async fn the_list_tells_of_imported_material_how_long_it_lasts_and_what_it_is_called() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let a = current(&house, &key).await;
    let terms = with(for_days(house.now(), 9), json!({ "ImportType": NEW, "KeyMaterialDescription": "second" }));
    let b = house.import(&key, &envelope, &B, terms).await.expect("a second");
    let entry = |id: &str, state: &str, more: Value| {
        with(json!({ "KeyId": arn(&key), "KeyMaterialId": id, "KeyMaterialState": state }), more)
    };
    let for_ever = json!({ "ImportState": "IMPORTED", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" });
    let named = json!({
        "KeyMaterialDescription": "second",
        "ImportState": "IMPORTED",
        "ExpirationModel": "KEY_MATERIAL_EXPIRES",
        "ValidTo": in_days(9),
    });
    let rotated = json!({ "RotationDate": in_days(0), "RotationType": "ON_DEMAND" });
    assert_eq!(
        house.materials(&key).await,
        [entry(&a, "CURRENT", for_ever.clone()), entry(&b, "PENDING_ROTATION", named.clone())]
    );
    house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    assert_eq!(
        house.materials(&key).await,
        [entry(&a, "NON_CURRENT", for_ever.clone()), entry(&b, "CURRENT", with(named, rotated.clone())),]
    );
    house.advance_days(9);
    let gone = json!({ "KeyMaterialDescription": "second", "ImportState": "PENDING_IMPORT" });
    let expected = [entry(&a, "NON_CURRENT", for_ever), entry(&b, "CURRENT", with(gone, rotated))];
    assert_eq!(house.materials(&key).await, expected, "expired, whether or not anybody has written so");
    let event = house.records().into_iter().find(|record| record["eventName"] == "RotateKey").expect("a record");
    assert_eq!(event["serviceEventDetails"]["keyOrigin"], "EXTERNAL");
}

#[tokio::test]
async fn material_that_expired_while_it_waited_is_rotated_to_by_nobody() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let terms = with(for_days(house.now(), 9), json!({ "ImportType": NEW }));
    house.import(&key, &envelope, &B, terms).await.expect("a second");
    house.advance_days(9);
    assert_eq!(house.state(&key).await, "Enabled");
    let none = format!("No available key material pending rotation for the key: {}.", arn(&key));
    let told = house.call(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    assert_eq!(told, refusal("KMSInvalidStateException", none));
    assert_eq!(house.materials(&key).await.len(), 1);
}

#[tokio::test]
async fn pages_tell_every_material_once_while_others_come() {
    let house = House::new().await;
    let key = house.key().await;
    for _ in 0..9 {
        house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    }
    for limit in [1, 3, 4, 10, 1000] {
        let mut body = json!({ "KeyId": key, "Limit": limit, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let before = house.materials(&key).await;
        let mut seen = Vec::new();
        loop {
            let page = house.ok(Op::ListKeyRotations, body.clone()).await;
            let entries = page["Rotations"].as_array().expect("a list");
            assert!(entries.len() <= limit);
            seen.extend(entries.iter().map(|entry| entry["KeyMaterialId"].clone()));
            if seen.len() == limit {
                house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
            }
            let Some(marker) = page.get("NextMarker") else { break };
            assert_eq!(page["Truncated"], true);
            body = with(body, json!({ "Marker": marker }));
        }
        for entry in &before {
            assert_eq!(seen.iter().filter(|id| **id == entry["KeyMaterialId"]).count(), 1, "{limit}");
        }
    }
}

#[tokio::test]
async fn a_marker_is_good_for_its_own_list_only() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    for key in [&key, &key, &other, &other] {
        house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    }
    let page = house.ok(Op::ListKeyRotations, json!({ "KeyId": key, "Limit": 1 })).await;
    let marker = text_at(&page, "/NextMarker");
    assert!(marker.len() <= 1024);
    let keys = house.ok(Op::ListKeys, json!({ "Limit": 1 })).await;
    for body in [
        json!({ "KeyId": other, "Marker": marker }),
        json!({ "KeyId": key, "Marker": marker, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" }),
        json!({ "KeyId": key, "Marker": keys["NextMarker"] }),
        json!({ "KeyId": key, "Marker": "x" }),
        json!({ "KeyId": key, "Marker": marker[1..] }),
    ] {
        let told = house.call(Op::ListKeyRotations, body.clone()).await;
        assert_eq!(told, refusal("InvalidMarkerException", "The marker is not valid."), "{body}");
    }
    let rest = house.ok(Op::ListKeyRotations, json!({ "KeyId": key, "Marker": marker })).await;
    assert_eq!(rest["Rotations"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn imported_material_takes_its_turns_and_every_ciphertext_opens() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let mut sealed = vec![(house.encrypt(&key, "MA==").await, "MA==", current(&house, &key).await)];
    for (material, plaintext) in [(&B, "MQ=="), (&C, "Mg==")] {
        house.import(&key, &envelope, material, json!({ "ImportType": NEW })).await.expect("a new one");
        let blob = house.encrypt(&key, plaintext).await;
        opens(&house, &blob, plaintext, &sealed.last().expect("one").2).await;
        house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
        sealed.push((house.encrypt(&key, plaintext).await, plaintext, current(&house, &key).await));
    }
    for (blob, plaintext, material) in &sealed {
        opens(&house, blob, plaintext, material).await;
    }
    assert_eq!(house.rows(["e", OWN, REGION, &key].join("\0").as_bytes()).await.len(), 3);
}
