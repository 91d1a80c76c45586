//! What time makes due: a key is refused from its date on, and destroyed only after a day of uptime beyond it, so that
//! a clock that jumps can delay destruction and never bring it about.

mod common;

use std::time::Duration;

use common::found;
use common::import::{A, B, Envelope, NEW, for_days};
use common::{HOUR, House, MINUTE, OWN, REGION, arn, name_of, refusal, text_at};
use kms::Mode;
use serde_json::{Value, json};
use store::testing::{Fate, Faulty};
use wire::Op;

const GRACE: Duration = Duration::from_secs(24 * 3600);

fn missing(key: &str) -> Result<Value, common::Refusal> {
    refusal("NotFoundException", format!("Key '{}' does not exist", arn(key)))
}

/// The rows that make a key usable: its record, its material, its key-encryption key.
async fn is_whole(house: &House, key: &str) -> bool {
    let mut whole = true;
    for table in ["k", "x", "e"] {
        whole &= !house.rows([table, OWN, REGION, key].join("\0").as_bytes()).await.is_empty();
    }
    whole
}

/// No row names the key any more.
async fn is_destroyed(house: &House, key: &str) -> bool {
    house.everything().await.keys().all(|name| !name.contains(key))
}

async fn keys_counted(house: &House) -> u64 {
    let mut sum = 0;
    for counter in 0..16 {
        let row = house.row(&["n", OWN, REGION, "keys", &format!("{counter:x}")]).await;
        sum += row.map_or(0, |row| row["keys"].as_u64().expect("a number"));
    }
    sum
}

#[tokio::test]
async fn past_its_date_a_key_is_not_there_before_anybody_has_written_so() {
    let house = House::new().await;
    let key = house.key().await;
    let blob = house.encrypt(&key, "eA==").await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    let before = house.everything().await;
    house.advance_days(7);
    for (op, body) in [
        (Op::DescribeKey, json!({ "KeyId": key })),
        (Op::DescribeKey, json!({ "KeyId": arn(&key) })),
        (Op::EnableKey, json!({ "KeyId": key })),
        (Op::CancelKeyDeletion, json!({ "KeyId": key })),
        (Op::ScheduleKeyDeletion, json!({ "KeyId": key })),
        (Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": "" })),
        (Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })),
        (Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_256" })),
        (Op::Decrypt, json!({ "KeyId": key, "CiphertextBlob": blob })),
        (Op::ReEncrypt, json!({ "CiphertextBlob": blob, "SourceKeyId": key, "DestinationKeyId": key })),
    ] {
        assert_eq!(house.call(op, body).await, missing(&key), "{op:?}");
    }
    let gone = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you \
                are not allowed to access.";
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
    assert_eq!(told, refusal("AccessDeniedException", gone));
    assert_eq!(house.ids().await, [""; 0]);
    assert_eq!(house.everything().await, before, "nothing was written");
}

#[tokio::test]
async fn a_clock_that_jumps_destroys_nothing_before_a_day_of_uptime() {
    let house = House::new().await;
    let key = house.pending_key().await;
    house.advance_days(40);
    house.turn(HOUR).await;
    for uptime in [HOUR, 2 * HOUR, HOUR + GRACE - MINUTE] {
        house.turn(uptime).await;
        assert_eq!(house.call(Op::DescribeKey, json!({ "KeyId": key })).await, missing(&key));
        assert!(is_whole(&house, &key).await, "{uptime:?} of uptime are not enough");
    }
    house.advance_days(400);
    house.turn(HOUR + GRACE - MINUTE).await;
    assert!(is_whole(&house, &key).await, "only uptime counts, whatever the clock says");
    house.turn(HOUR + GRACE).await;
    assert!(is_destroyed(&house, &key).await);
}

#[tokio::test]
async fn a_clock_that_is_set_back_gives_the_key_back() {
    let house = House::new().await;
    let key = house.key().await;
    let blob = house.encrypt(&key, "c2F2ZWQ=").await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(40);
    house.turn(HOUR).await;
    assert_eq!(house.rows(b"t\0").await.len(), 1, "it waits among the doomed");
    house.advance_days(-40);
    assert_eq!(house.state(&key).await, "PendingDeletion");
    house.ok(Op::CancelKeyDeletion, json!({ "KeyId": key })).await;
    assert!(
        house.rows(b"t\0").await.is_empty() && house.rows(b"d\0").await.is_empty(),
        "no index speaks of it any more"
    );
    house.ok(Op::EnableKey, json!({ "KeyId": key })).await;
    house.advance_days(40);
    house.turn(40 * GRACE).await;
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["Plaintext"], "c2F2ZWQ=");
}

/// A day of uptime is a day beyond the date: what was observed while the clock was wrong does not count, when the date
/// comes in truth.
#[tokio::test]
async fn the_day_of_uptime_begins_anew_after_a_clock_was_set_back() {
    let house = House::new().await;
    let key = house.pending_key().await;
    house.advance_days(40);
    house.turn(HOUR).await;
    house.advance_days(-40);
    house.turn(2 * HOUR).await;
    assert_eq!(house.rows(b"d\0").await.len(), 1, "it waits for its date again");
    // It jumps a second time when the first jump's day is nearly over.
    house.advance_days(40);
    house.turn(HOUR + GRACE).await;
    assert!(is_whole(&house, &key).await, "the first jump's day does not count");
    house.turn(HOUR + 2 * GRACE - MINUTE).await;
    assert!(is_whole(&house, &key).await);
    house.turn(HOUR + 2 * GRACE).await;
    assert!(is_destroyed(&house, &key).await);
}

#[tokio::test]
async fn a_start_with_an_honest_clock_takes_back_what_a_wrong_one_doomed() {
    let house = House::new().await;
    let key = house.pending_key().await;
    house.advance_days(40);
    house.turn(HOUR).await;
    house.service.close().await;
    house.advance_days(-40);
    let house = house.again().await;
    house.turn(MINUTE).await;
    assert_eq!(house.rows(b"d\0").await.len(), 1, "it waits for its date again");
    assert_eq!(house.rows(b"t\0").await.len(), 0);
    assert_eq!(house.state(&key).await, "PendingDeletion");
}

#[tokio::test]
async fn observed_uptime_outlives_restarts_and_a_crash_loses_a_minute_at_most() {
    let house = House::new().await;
    let key = house.pending_key().await;
    house.advance_days(7);
    house.turn(MINUTE).await; // doomed: a day from the first minute
    house.turn(GRACE).await;
    house.turn(GRACE + Duration::from_secs(59)).await; // 59 s that nobody wrote down
    assert!(is_whole(&house, &key).await);

    let house = house.again().await;
    assert_eq!(house.row(&["h", "1", "uptime"]).await, Some(json!({ "millis": GRACE.as_millis() as u64 })));
    house.turn(Duration::from_secs(59)).await;
    assert!(is_whole(&house, &key).await, "uptime that may be lost does not count yet");
    house.turn(MINUTE).await;
    assert!(is_destroyed(&house, &key).await, "and the rest was kept");
}

#[tokio::test]
async fn in_dev_a_key_is_destroyed_by_the_turn_that_its_date_comes_in() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, other) = (house.pending_key().await, house.key().await);
    house.advance_days(6);
    house.turn(Duration::ZERO).await;
    assert_eq!(house.state(&key).await, "PendingDeletion");
    house.advance_days(1);
    house.turn(Duration::ZERO).await;
    assert!(is_destroyed(&house, &key).await);
    assert!(is_whole(&house, &other).await);
}

#[tokio::test]
async fn everything_of_a_key_is_destroyed_and_recorded_once_and_nothing_else_is_touched() {
    let house = House::with(Mode::Dev, |store| store).await;
    let made = house
        .ok(
            Op::CreateKey,
            json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }], "Policy": common::sample::policy("x") }),
        )
        .await;
    let key = text_at(&made, "/KeyMetadata/KeyId");
    let blob = house.encrypt(&key, "eA==").await;
    let other = house.key().await;
    let others = house.encrypt(&other, "eA==").await;
    assert_eq!(keys_counted(&house).await, 2);
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(7);
    for _ in 0..3 {
        house.turn(HOUR).await;
    }
    assert!(is_destroyed(&house, &key).await, "{:?}", house.everything().await.keys());
    assert_eq!(keys_counted(&house).await, 1, "it is not counted any more");
    assert_eq!(house.count("DeleteKey"), 1);
    let record = house.records().into_iter().find(|record| record["eventName"] == "DeleteKey").expect("a record");
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["userIdentity"], json!({ "accountId": OWN, "invokedBy": "AWS Internal" }));
    assert_eq!(record["sourceIPAddress"], "AWS Internal");
    assert_eq!(record["responseElements"], json!({ "keyId": arn(&key) }));
    assert_eq!(record["resources"], json!([{ "accountId": OWN, "type": "AWS::KMS::Key", "ARN": arn(&key) }]));
    assert_eq!(record["eventTime"], "2025-06-22T15:06:40Z");
    assert_eq!(record["awsRegion"], REGION);
    assert_eq!(record["readOnly"], false);
    assert!(record["requestParameters"].is_null());
    uuid::Uuid::parse_str(&text_at(&record, "/eventID")).expect("an eventID");

    assert_eq!(name_of(&house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await), "AccessDeniedException");
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": blob, "KeyId": key })).await, missing(&key));
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": others })).await["Plaintext"], "eA==");
}

#[tokio::test]
async fn more_than_a_page_of_keys_that_are_due_at_once_all_go_in_one_turn() {
    let house = House::with(Mode::Dev, |store| store).await;
    let stays = house.key().await;
    for n in 0..300 {
        let key = house.key().await;
        let days = if n % 2 == 0 { 7 } else { 8 };
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": days })).await;
    }
    house.advance_days(8);
    house.turn(MINUTE).await;
    assert_eq!(house.rows(b"k\0").await.len(), 1);
    assert_eq!(house.rows(b"e\0").await.len(), 1);
    assert!(house.rows(b"d\0").await.is_empty() && house.rows(b"t\0").await.is_empty());
    assert_eq!(house.count("DeleteKey"), 300);
    assert_eq!(house.ids().await, [stays]);
}

#[tokio::test]
async fn one_damaged_record_does_not_keep_the_other_keys_from_their_end() {
    let house = House::with(Mode::Dev, |store| store).await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(house.pending_key().await);
    }
    keys.sort();
    let row = house.rows(["k", OWN, REGION, &keys[0]].join("\0").as_bytes()).await.remove(0);
    let mut damaged = row.value.to_vec();
    damaged[40] ^= 1;
    house.put(row.key, damaged).await;
    house.advance_days(7);
    let told = house.service.turn(house.now(), HOUR).await;
    assert!(format!("{told:?}").contains(&keys[0]), "the damaged record is named: {told:?}");
    assert!(!is_destroyed(&house, &keys[0]).await);
    for key in &keys[1..] {
        assert!(is_destroyed(&house, key).await, "{key} was due too");
    }
}

#[tokio::test]
async fn a_destruction_whose_end_is_in_doubt_happens_once_and_is_recorded_once() {
    for fate in [Fate::Landed, Fate::Lost, Fate::Late] {
        let mut faulty = None;
        let house = House::with(Mode::Dev, |store| faulty.insert(Faulty::new(store)).clone()).await;
        let faulty = faulty.expect("an engine");
        let key = house.pending_key().await;
        house.advance_days(7);
        faulty.next_where(fate.clone(), |batch| batch.deletes.iter().any(|name| name.starts_with(b"k\0")));
        let told = house.service.turn(house.now(), HOUR).await;
        assert_eq!(told.is_ok(), fate == Fate::Landed, "{fate:?}: {told:?}");
        house.turn(HOUR).await;
        let _ = faulty.land().await;
        house.turn(HOUR).await;
        assert!(is_destroyed(&house, &key).await, "{fate:?}");
        assert_eq!(house.count("DeleteKey"), 1, "{fate:?}");
        assert_eq!(keys_counted(&house).await, 0, "{fate:?}");
        assert!(house.row(&["h", "1", "forget"]).await.is_none(), "{fate:?}: and the store has forgotten it");
    }
}

#[tokio::test]
async fn of_a_destroyed_key_no_byte_is_left_on_the_disk() {
    let place = tempfile::tempdir().expect("a directory");
    let house = House::on_disk(Mode::Serve, place.path()).await;
    let (key, other) = (house.key().await, house.key().await);
    let mut secrets = Vec::new();
    for table in ["k", "x", "e"] {
        for row in house.rows([table, OWN, REGION, &key].join("\0").as_bytes()).await {
            secrets.push((common::readable(&row.key), row.value.to_vec()));
        }
    }
    assert_eq!(secrets.len(), 4, "record, policy, material, key-encryption key");
    let kept = house.rows(["e", OWN, REGION, &other].join("\0").as_bytes()).await.remove(0);
    for (name, sealed) in &secrets {
        assert!(!found(place.path(), sealed).is_empty(), "{name} is on the disk, sealed");
    }
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(7);
    house.turn(HOUR).await;
    let kek = &secrets.iter().find(|(name, _)| name.starts_with("e/")).expect("a key-encryption key").1;
    assert!(!found(place.path(), kek).is_empty(), "nothing is destroyed early");
    house.turn(HOUR + GRACE).await;
    for (name, sealed) in &secrets {
        assert_eq!(found(place.path(), sealed), [""; 0], "{name} is still on the disk");
    }
    assert!(!found(place.path(), &kept.value).is_empty(), "the other key's is there");
}

#[tokio::test]
async fn a_process_that_ended_between_destruction_and_forgetting_is_made_up_for_by_the_next() {
    let place = tempfile::tempdir().expect("a directory");
    let kek = {
        let house = House::on_disk_behind(Mode::Dev, place.path(), common::engines::Unforgetting::wrap).await;
        let key = house.pending_key().await;
        let kek = house.rows(["e", OWN, REGION, &key].join("\0").as_bytes()).await.remove(0).value.to_vec();
        house.advance_days(7);
        assert!(house.service.turn(house.now(), HOUR).await.is_err(), "what was not forgotten is told");
        assert!(is_destroyed(&house, &key).await);
        house.service.close().await;
        kek
    };
    assert!(!found(place.path(), &kek).is_empty(), "deleted, and still in the file");
    let house = House::on_disk(Mode::Dev, place.path()).await;
    house.turn(Duration::ZERO).await;
    assert_eq!(found(place.path(), &kek), [""; 0]);
}

fn pending_import(key: &str) -> Result<Value, common::Refusal> {
    refusal("KMSInvalidStateException", format!("{} is pending import.", arn(key)))
}

/// A key whose material expires after so many days, its parameters, and a ciphertext of it.
async fn expiring_key(house: &House, days: i64) -> (String, Envelope, String) {
    let key = house.external_key().await;
    let envelope = house.envelope(&key).await;
    house.import(&key, &envelope, &A, for_days(house.now(), days)).await.expect("it takes material");
    let blob = house.encrypt(&key, "eA==").await;
    (key, envelope, blob)
}

/// How many materials of the key have bytes in the store.
async fn kept(house: &House, key: &str) -> usize {
    let keks = house.rows(["e", OWN, REGION, key].join("\0").as_bytes()).await.len();
    assert_eq!(house.rows(["x", OWN, REGION, key, "m"].join("\0").as_bytes()).await.len(), keks, "both rows or none");
    keks
}

#[tokio::test]
async fn expired_material_is_refused_at_once_and_destroyed_after_a_day_of_uptime() {
    let house = House::new().await;
    let (key, envelope, blob) = expiring_key(&house, 9).await;
    let id = text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId");
    house.advance_days(8);
    house.turn(HOUR).await;
    assert_eq!(house.state(&key).await, "Enabled");
    house.advance_days(1);
    let before = house.everything().await;
    assert_eq!(house.state(&key).await, "PendingImport");
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await, pending_import(&key));
    let metadata = house.metadata(&key).await;
    assert!(metadata.get("ValidTo").is_none() && metadata.get("ExpirationModel").is_none());
    assert_eq!(house.everything().await, before, "before anybody has written so");
    for uptime in [HOUR, 2 * HOUR, HOUR + GRACE - MINUTE] {
        house.turn(uptime).await;
        assert_eq!(kept(&house, &key).await, 1, "{uptime:?} of uptime are not enough");
        assert_eq!(house.state(&key).await, "PendingImport");
    }
    house.turn(HOUR + GRACE).await;
    assert_eq!(kept(&house, &key).await, 0);
    for _ in 0..2 {
        house.turn(3 * GRACE).await;
    }
    assert_eq!(house.count("DeleteExpiredKeyMaterial"), 1);
    let record = house.records().into_iter().find(|record| record["eventName"] == "DeleteExpiredKeyMaterial");
    let record = record.expect("a record");
    assert_eq!(record["eventType"], "AwsServiceEvent");
    assert_eq!(record["serviceEventDetails"], json!({ "keyId": key, "keyMaterialId": id }));
    assert_eq!(record["resources"], json!([{ "accountId": OWN, "type": "AWS::KMS::Key", "ARN": arn(&key) }]));
    assert!(house.rows(b"d\0").await.is_empty() && house.rows(b"t\0").await.is_empty(), "nothing more is due");
    assert_eq!(text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId"), id, "the id stays");

    let fresh = house.envelope(&key).await;
    assert!(house.import(&key, &envelope, &A, json!({})).await.is_err(), "those parameters are over");
    house.import(&key, &fresh, &A, json!({})).await.expect("the same material");
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["Plaintext"], "eA==");
}

#[tokio::test]
async fn in_dev_material_is_destroyed_by_the_turn_that_its_date_comes_in() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, _, blob) = expiring_key(&house, 9).await;
    house.advance_days(9);
    house.turn(Duration::ZERO).await;
    assert_eq!(kept(&house, &key).await, 0);
    assert_eq!(house.count("DeleteExpiredKeyMaterial"), 1);
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await, pending_import(&key));
    assert!(house.row(&["h", "1", "forget"]).await.is_none(), "and forgotten");
}

#[tokio::test]
async fn material_that_is_imported_again_before_its_destruction_is_not_destroyed() {
    let house = House::new().await;
    let (key, _, blob) = expiring_key(&house, 9).await;
    house.advance_days(9);
    house.turn(HOUR).await;
    assert_eq!(house.rows(b"t\0").await.len(), 1, "it waits among the doomed");
    let envelope = house.envelope(&key).await;
    house.import(&key, &envelope, &A, for_days(house.now(), 100)).await.expect("the same, for longer");
    assert_eq!(house.rows(b"t\0").await.len(), 0, "it is doomed no more");
    assert_eq!(house.rows(b"d\0").await.len(), 1, "and has another date");
    house.turn(HOUR + 2 * GRACE).await;
    assert_eq!(kept(&house, &key).await, 1);
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["Plaintext"], "eA==");
    assert_eq!(house.count("DeleteExpiredKeyMaterial"), 0);
}

/// One material is doomed, and before its day is over a clock that jumps makes another one's date pass.
#[tokio::test]
async fn what_becomes_due_during_one_material_s_grace_gets_a_grace_of_its_own() {
    let house = House::new().await;
    let (key, envelope, _) = expiring_key(&house, 9).await;
    let terms = common::with(for_days(house.now(), 20), json!({ "ImportType": NEW }));
    house.import(&key, &envelope, &B, terms).await.expect("a second");
    house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    house.advance_days(9);
    house.turn(HOUR).await;
    house.advance_days(300);
    house.turn(HOUR + GRACE).await;
    house.turn(HOUR + GRACE).await;
    assert_eq!(kept(&house, &key).await, 1, "only the first one's day is over");
    house.turn(HOUR + 2 * GRACE - MINUTE).await;
    assert_eq!(kept(&house, &key).await, 1);
    house.turn(HOUR + 2 * GRACE).await;
    assert_eq!(kept(&house, &key).await, 0);
    assert_eq!(house.count("DeleteExpiredKeyMaterial"), 2);
}

#[tokio::test]
async fn materials_that_expired_before_one_turn_go_together() {
    let house = House::new().await;
    let (key, envelope, _) = expiring_key(&house, 9).await;
    let terms = common::with(for_days(house.now(), 20), json!({ "ImportType": NEW }));
    house.import(&key, &envelope, &B, terms).await.expect("a second, which waits");
    house.advance_days(30);
    house.turn(HOUR).await;
    assert_eq!(kept(&house, &key).await, 2);
    house.turn(HOUR + GRACE).await;
    assert_eq!(kept(&house, &key).await, 0);
    assert_eq!(house.materials(&key).await.len(), 1, "the one that waited has left the key");
    assert_eq!(house.count("DeleteExpiredKeyMaterial"), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_gives_the_material_back_and_its_grace_begins_anew() {
    let house = House::new().await;
    let (key, _, blob) = expiring_key(&house, 9).await;
    house.advance_days(40);
    house.turn(HOUR).await;
    house.advance_days(-40);
    house.turn(2 * HOUR).await;
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["Plaintext"], "eA==");
    assert_eq!((house.rows(b"d\0").await.len(), house.rows(b"t\0").await.len()), (1, 0));
    house.advance_days(40);
    house.turn(HOUR + GRACE).await;
    assert_eq!(kept(&house, &key).await, 1, "the first jump's day does not count");
    house.turn(HOUR + 2 * GRACE).await;
    assert_eq!(kept(&house, &key).await, 0);
}

/// Two dates passed while the clock was wrong; set back, one of them has still come.
#[tokio::test]
async fn of_two_dates_that_a_wrong_clock_passed_the_one_that_has_not_come_begins_anew() {
    let house = House::new().await;
    let (key, envelope, _) = expiring_key(&house, 9).await;
    let terms = common::with(for_days(house.now(), 20), json!({ "ImportType": NEW }));
    house.import(&key, &envelope, &B, terms).await.expect("a second");
    house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    house.advance_days(40);
    house.turn(HOUR).await;
    house.advance_days(-30);
    house.turn(2 * HOUR).await; // ten days on: the first has expired, the second not
    house.advance_days(30);
    house.turn(HOUR + GRACE).await;
    house.turn(HOUR + GRACE).await;
    assert_eq!(kept(&house, &key).await, 1, "the second one's day does not count");
    house.turn(HOUR + 2 * GRACE).await;
    assert_eq!(kept(&house, &key).await, 0);
}

#[tokio::test]
async fn material_expires_in_a_key_that_is_going_and_the_key_goes_all_the_same() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, _, _) = expiring_key(&house, 5).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(5);
    house.turn(Duration::ZERO).await;
    assert_eq!(house.state(&key).await, "PendingDeletion");
    assert_eq!(kept(&house, &key).await, 0);
    house.advance_days(2);
    house.turn(Duration::ZERO).await;
    assert!(is_destroyed(&house, &key).await);
    assert_eq!((house.count("DeleteExpiredKeyMaterial"), house.count("DeleteKey")), (1, 1));
}

#[tokio::test]
async fn an_expiry_and_a_deletion_that_nobody_looked_at_happen_in_their_order() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, _, _) = expiring_key(&house, 5).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(30);
    house.turn(Duration::ZERO).await;
    assert!(is_destroyed(&house, &key).await);
    let told: Vec<_> = house.recorded().into_iter().rev().take(2).collect();
    assert_eq!(told, ["DeleteKey", "DeleteExpiredKeyMaterial"]);
}

#[tokio::test]
async fn a_key_of_more_materials_than_a_commit_takes_is_destroyed_whole() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, stays) = (house.key().await, house.key().await);
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": key, "RotationPeriodInDays": 90 })).await;
    house.advance_days(70 * 90);
    house.turn(Duration::ZERO).await;
    assert_eq!(kept(&house, &key).await, 71, "142 rows, and a commit deletes a hundred");
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(7);
    house.turn(Duration::ZERO).await;
    assert!(is_destroyed(&house, &key).await);
    assert_eq!(house.count("DeleteKey"), 1);
    assert_eq!(keys_counted(&house).await, 1);
    assert!(is_whole(&house, &stays).await);
}

#[tokio::test]
async fn an_expiry_whose_end_is_in_doubt_happens_once_and_is_recorded_once() {
    for fate in [Fate::Landed, Fate::Lost, Fate::Late] {
        let mut faulty = None;
        let house = House::with(Mode::Dev, |store| faulty.insert(Faulty::new(store)).clone()).await;
        let faulty = faulty.expect("an engine");
        let (key, _, _) = expiring_key(&house, 5).await;
        house.advance_days(5);
        faulty.next_where(fate.clone(), |batch| batch.deletes.iter().any(|name| name.starts_with(b"e\0")));
        let told = house.service.turn(house.now(), HOUR).await;
        assert_eq!(told.is_ok(), fate == Fate::Landed, "{fate:?}: {told:?}");
        house.turn(HOUR).await;
        let _ = faulty.land().await;
        house.turn(HOUR).await;
        assert_eq!(kept(&house, &key).await, 0, "{fate:?}");
        assert_eq!(house.count("DeleteExpiredKeyMaterial"), 1, "{fate:?}");
    }
}
