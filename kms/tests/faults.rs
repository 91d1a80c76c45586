//! A store that does not answer, records that were damaged or moved, a trail that takes nothing: never a wrong answer.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use common::engines::{Blind, Read};
use common::log::Log;
use common::sample::{With, sample};
use common::{House, OWN, REGION, Refusal, name_of, readable, refusal};
use kms::ops::OPERATIONS;
use serde_json::json;
use store::testing::{Counting, Counts};
use store::{Batch, Unread};
use wire::Op;

const INTERNAL: &str = "An internal error occurred. The server's log has it under this request id.";

fn internal() -> Result<serde_json::Value, Refusal> {
    refusal("KMSInternalException", INTERNAL)
}

/// A service on the house's store that has read nothing yet, so that no cache answers for the store.
async fn blinded(house: &House, answer: Unread) -> (House, Arc<Blind>) {
    let blind = Blind::new(house.store.clone(), answer);
    (house.try_again(blind.clone()).await.expect("it starts"), blind)
}

/// The operations that do something.
fn present() -> impl Iterator<Item = Op> {
    OPERATIONS.iter().filter(|entry| entry.sheet.is_some()).map(|entry| entry.op)
}

#[tokio::test]
async fn a_store_that_cannot_be_read_is_told_as_an_internal_error_and_logged_with_its_request() {
    let unavailable = Unread::Unavailable("its disk is on holiday".into());
    let house = House::new().await;
    for op in present() {
        for read in [Read::Revision, Read::Get, Read::Scan] {
            let key = house.key().await;
            let blob = house.encrypt(&key, "eA==").await;
            if op == Op::CancelKeyDeletion {
                house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
            }
            house.plant_grant(&key).await;
            let reads_so = match read {
                Read::Revision => true,
                Read::Get => !matches!(op, Op::ListKeys | Op::ListRetirableGrants | Op::GenerateRandom),
                Read::Scan => matches!(op, Op::ListKeys | Op::ListGrants | Op::ListRetirableGrants),
            };
            let (before, records) = (house.everything().await, house.calls());
            let (house, blind) = blinded(&house, unavailable.clone()).await;
            let log = Log::listen();
            blind.fail(read, u32::MAX);
            let told = house.call(op, sample(op, &With { key: &key, blob: &blob })).await;
            blind.fail(read, 0);
            assert_eq!(told == internal(), reads_so, "{op:?} without {read:?}: {told:?}");
            assert_eq!(house.calls(), records + 1, "{op:?}: recorded");
            if reads_so {
                let request = format!("request_id=\"00000000-0000-4000-8000-{records:012}\"");
                let line = log.lines().into_iter().find(|line| line.contains("its disk is on holiday"));
                assert!(line.is_some_and(|line| line.contains(&request)), "{op:?}: {:?}", log.lines());
                assert_eq!(house.everything().await, before, "{op:?} changed something");
            }
        }
    }
}

#[tokio::test]
async fn a_snapshot_that_expires_is_a_conflict_like_any_other() {
    let house = House::new().await;
    let key = house.key().await;
    let expired = Unread::Expired { oldest: 7 };
    for (expiries, well) in [(1, true), (7, true), (8, false)] {
        let (house, blind) = blinded(&house, expired.clone()).await;
        blind.fail(Read::Get, expiries);
        let told = house.call(Op::DescribeKey, json!({ "KeyId": key })).await;
        assert_eq!(told.is_ok(), well, "{expiries} snapshots expired: {told:?}");
        assert!(well || name_of(&told) == "KMSInternalException");
    }
    let (house, blind) = blinded(&house, expired).await;
    blind.fail(Read::Get, 2);
    house.key().await;
    assert_eq!(house.count("CreateKey"), 2, "each call is recorded once");
}

#[tokio::test]
async fn a_damaged_record_is_refused_by_its_name_and_never_answered_from() {
    let house = House::new().await;
    for table in ["k", "e", "x"] {
        let key = house.key().await;
        let blob = house.encrypt(&key, "eA==").await;
        let rows = house.rows([table, OWN, REGION, &key].join("\0").as_bytes()).await;
        let row = rows.into_iter().find(|row| !row.key.ends_with(b"policy")).expect("a row");
        let damages: [(&str, Vec<u8>); 4] = [
            ("one bit", row.value.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 30)).collect()),
            ("a version", row.value.iter().enumerate().map(|(at, byte)| byte ^ u8::from(at == 12)).collect()),
            ("cut short", row.value[..row.value.len() - 1].to_vec()),
            ("emptied", Vec::new()),
        ];
        for (how, damaged) in damages {
            house.put(row.key.clone(), damaged).await;
            let log = Log::listen();
            let ops: &[Op] = if table == "k" {
                &[Op::DescribeKey, Op::DisableKey, Op::Encrypt, Op::Decrypt]
            } else {
                &[Op::Encrypt, Op::Decrypt]
            };
            for op in ops {
                let told = house.call(*op, sample(*op, &With { key: &key, blob: &blob })).await;
                assert_eq!(told, internal(), "{op:?} of a {table} row with {how}");
            }
            assert!(log.says(&format!("the record {}", readable(&row.key))), "{how}: {:?}", log.lines());
        }
        house.put(row.key.clone(), row.value.to_vec()).await;
        house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
    }
}

#[tokio::test]
async fn a_record_put_in_another_s_place_does_not_open() {
    let house = House::new().await;
    let (one, other) = (house.key().await, house.disabled_key().await);
    let blob = house.encrypt(&one, "eA==").await;
    for table in ["k", "e", "x"] {
        let of = async |key: &str| {
            let rows = house.rows([table, OWN, REGION, key].join("\0").as_bytes()).await;
            rows.into_iter().find(|row| !row.key.ends_with(b"policy")).expect("a row")
        };
        let (mine, theirs) = (of(&one).await, of(&other).await);
        house.put(theirs.key.clone(), mine.value.to_vec()).await;
        house.put(mine.key.clone(), theirs.value.to_vec()).await;
        let log = Log::listen();
        let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        assert_eq!(told, internal(), "{table}");
        assert!(log.says(&format!("the record {}", readable(&mine.key))), "{:?}", log.lines());
        house.put(mine.key, mine.value.to_vec()).await;
        house.put(theirs.key, theirs.value.to_vec()).await;
        house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
    }
    // A list does not skip what it cannot read.
    let row = house.rows(["k", OWN, REGION, &one].join("\0").as_bytes()).await.remove(0);
    house.put(row.key, vec![0; 60]).await;
    assert_eq!(house.call(Op::ListKeys, json!({})).await, internal());
}

#[tokio::test]
async fn a_record_of_a_newer_version_is_refused_and_says_so() {
    let house = House::new().await;
    let key = house.key().await;
    let row = house.row(&["k", OWN, REGION, &key]).await.expect("a record");
    let log = Log::listen();
    for (envelope, why) in [
        (
            json!({ "v": 3, "r": row }),
            "was written by a newer version of Trent (format 3; this one reads 2): upgrade Trent",
        ),
        (json!({ "v": 2, "r": row }), "is no such record"),
        (json!({ "r": row }), "has no version"),
        (json!({ "v": 1, "r": row, "x": 1 }), "is no such record"),
        (json!({ "v": 1, "r": { "key_id": key } }), "is no such record"),
        (json!({ "v": 1, "r": common::with(row.clone(), json!({ "unheard": 1 })) }), "is no such record"),
    ] {
        house.plant(&["k", OWN, REGION, &key], envelope).await;
        assert_eq!(house.call(Op::DescribeKey, json!({ "KeyId": key })).await, internal());
        assert!(log.says(&format!("the record k/{OWN}/{REGION}/{key} {why}")), "{why}: {:?}", log.lines());
    }
}

#[tokio::test]
async fn a_key_whose_material_is_missing_is_named_and_not_used() {
    for table in ["x", "e"] {
        let house = House::new().await;
        let key = house.key().await;
        let mut rows = house.rows([table, OWN, REGION, &key].join("\0").as_bytes()).await;
        rows.retain(|row| !row.key.ends_with(b"policy"));
        let batch = Batch {
            expect: rows.iter().map(|row| (row.key.clone(), row.revision)).collect(),
            deletes: rows.into_iter().map(|row| row.key).collect(),
            ..Batch::default()
        };
        house.commit(batch).await;
        let log = Log::listen();
        assert_eq!(house.call(Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })).await, internal());
        assert!(log.says(&format!("of {} is missing from the store", common::arn(&key))), "{:?}", log.lines());
        house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
    }
}

#[tokio::test]
async fn starting_reads_as_much_of_a_hundred_thousand_keys_as_of_none() {
    let house = House::new().await;
    house.service.close().await;
    let reads = async || {
        let counting = Counting::new(house.store.clone());
        let _house = house.try_again(counting.clone()).await.expect("it starts");
        while counting.counts().watch == 0 {
            tokio::task::yield_now().await; // it follows the store's changes in a task of its own
        }
        counting.counts()
    };
    let of_none = reads().await;
    let value: store::Value = vec![0; 64].into();
    for batch in 0..1000 {
        let row = |n| {
            let id = format!("{batch:08x}-0000-4000-8000-{n:012x}");
            ([if n % 2 == 0 { "k" } else { "d" }, OWN, REGION, &id].join("\0").into_bytes(), value.clone())
        };
        let batch = Batch { puts: (0..100).map(row).collect(), ..Batch::default() };
        house.commit(batch).await;
    }
    assert_eq!(reads().await, of_none);
    assert!(of_none.get + of_none.scan + of_none.revision < 10, "{of_none:?}");
    assert_ne!(of_none, Counts::default(), "it was counted");
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_answered() {
    let house = House::new().await;
    let key = house.key().await;
    let blob = house.encrypt(&key, "eA==").await;
    house.trail.broken.store(true, Ordering::Relaxed);
    let before = house.trail.lines().len();
    for (op, body) in [
        (Op::DescribeKey, json!({ "KeyId": key })),
        (Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })),
        (Op::Decrypt, json!({ "CiphertextBlob": blob })),
        (Op::GenerateRandom, json!({ "NumberOfBytes": 1 })),
        (Op::ListKeys, json!({})),
        // Refusals, too: of a name, of a constraint, of an operation that is not here yet, of no JSON.
        (Op::DescribeKey, json!({ "KeyId": common::NOBODY })),
        (Op::DescribeKey, json!({})),
        (Op::ListAliases, json!({})),
        (Op::Decrypt, json!([])),
    ] {
        assert_eq!(house.call(op, body.clone()).await, internal(), "{op:?} {body}");
    }
    assert_eq!(house.trail.lines().len(), before);
    house.trail.broken.store(false, Ordering::Relaxed);
    house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
}

#[tokio::test]
async fn a_change_whose_record_could_not_be_copied_is_recorded_once_by_the_next_start() {
    let house = House::new().await;
    let key = house.key().await;
    house.trail.broken.store(true, Ordering::Relaxed);
    let log = Log::listen();
    // It has happened, and its record is as durable as it is: it is told so.
    assert_eq!(house.call(Op::DisableKey, json!({ "KeyId": key })).await, Ok(serde_json::Value::Null));
    assert!(log.says("a record stays in the audit outbox until the next start"), "{:?}", log.lines());
    assert_eq!(house.count("DisableKey"), 0);
    house.service.close().await;
    assert_eq!(house.rows(b"o\0").await.len(), 1);
    assert!(house.try_again(house.store.clone()).await.is_err(), "without a trail nothing starts");

    house.trail.broken.store(false, Ordering::Relaxed);
    let house = house.again().await;
    assert_eq!(house.count("DisableKey"), 1);
    assert_eq!(house.state(&key).await, "Disabled");
    let house = house.again().await;
    assert_eq!(house.count("DisableKey"), 1, "and not again by the one after it");
    assert!(house.rows(b"o\0").await.is_empty());
}

#[tokio::test]
async fn a_record_that_the_trail_has_already_is_not_written_again() {
    let house = House::new().await;
    house.key().await;
    assert_eq!(house.rows(b"o\0").await.len(), 1, "copied, and not yet deleted");
    let house = house.again().await;
    assert_eq!(house.count("CreateKey"), 1);
    assert!(house.rows(b"o\0").await.is_empty());
}

#[tokio::test]
async fn hundreds_of_records_that_a_crash_left_behind_are_moved_in_order() {
    let house = House::new().await;
    house.trail.broken.store(true, Ordering::Relaxed);
    let mut made = Vec::new();
    for _ in 0..250 {
        made.push(common::arn(&house.key().await));
    }
    house.trail.broken.store(false, Ordering::Relaxed);
    let house = house.again().await;
    let recorded: Vec<String> =
        house.records().iter().map(|record| common::text_at(record, "/responseElements/keyId")).collect();
    assert_eq!(recorded, made);
    assert!(house.rows(b"o\0").await.is_empty());
}

#[tokio::test]
async fn a_damaged_record_in_the_outbox_keeps_the_service_from_starting() {
    let house = House::new().await;
    house.key().await;
    let row = house.rows(b"o\0").await.remove(0);
    house.put(row.key.clone(), vec![1; 80]).await;
    let told =
        house.try_again(house.store.clone()).await.err().expect("a record that cannot be moved is not passed over");
    assert!(format!("{told:?}").contains(&readable(&row.key)), "{told:?}");
}

/// What clients send may be long; what is written of it is not, and the refusal is AWS's.
#[tokio::test]
async fn the_longest_body_is_refused_in_awss_words_and_recorded() {
    let house = House::new().await;
    let key = house.key().await;
    const MIB: usize = 1 << 20;
    let bodies = [
        (Op::DescribeKey, json!({ "KeyId": "k".repeat(MIB) }), "ValidationException"),
        (Op::DescribeKey, json!({ "KeyId": "\u{1}".repeat(MIB / 6) }), "ValidationException"),
        (Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": "\"".repeat(MIB / 2) }), "ValidationException"),
        (Op::CreateKey, json!({ "Tags": vec![json!({ "TagKey": "k", "TagValue": "v" }); MIB / 31] }), "TagException"),
        (
            Op::Encrypt,
            json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionContext": { "k": "\u{1}".repeat(MIB / 6) } }),
            "ValidationException",
        ),
        (
            Op::Sign,
            json!({ "KeyId": "\\".repeat(MIB / 2), "Message": "eA==", "SigningAlgorithm": "x" }),
            "ValidationException",
        ),
    ];
    for (op, body, name) in bodies {
        let before = house.trail.lines().len();
        let told = house.call(op, body).await;
        assert_eq!(name_of(&told), name, "{op:?}");
        let records = house.records_from(before);
        assert_eq!(records.len(), 1, "{op:?}");
        assert_eq!(records[0]["errorCode"], name);
        assert!(records[0].to_string().len() < 256 * 1024, "CloudTrail's records are no longer than 256 KiB");
    }
}

#[tokio::test]
async fn strangers_at_the_door_are_recorded_shortly_and_at_a_bounded_rate() {
    let house = House::new().await;
    let fault = wire::Fault::client("InvalidSignatureException", "whatever");
    let (iam, kms, claimed) = (kms::Scope::Iam, kms::Scope::Kms, Some("AKIAIOSFODNN7EXAMPLE"));
    for _ in 0..1000 {
        house.service.refused_at_door(&house.origin(), iam, claimed, &fault, house.now()).await;
    }
    let records = house.records();
    assert_eq!(records.len(), 20);
    let first = &records[0];
    assert_eq!(first["errorCode"], "InvalidSignatureException");
    assert_eq!(first["eventSource"], "iam.amazonaws.com");
    assert_eq!(first["eventTime"], "2025-06-15T15:06:40Z");
    assert_eq!(first["sourceIPAddress"], "192.0.2.7");
    assert_eq!(first["userIdentity"]["accessKeyId"], "AKIAIOSFODNN7EXAMPLE");
    let later = house.now().plus_seconds(1);
    house.service.refused_at_door(&house.origin(), kms, None, &fault, later).await;
    assert_eq!(house.records()[20]["unrecordedFailures"], 980, "the others are told as a count");
}

#[tokio::test]
async fn two_services_on_one_store_see_each_other_s_changes_at_once() {
    let one = House::new().await;
    let other = one.again().await;
    let key = one.key().await;
    for round in 0..50 {
        let (writer, reader) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        for (op, state) in [(Op::DisableKey, "Disabled"), (Op::EnableKey, "Enabled")] {
            writer.ok(op, json!({ "KeyId": key })).await;
            assert_eq!(reader.state(&key).await, state, "round {round}");
        }
    }
}

/// A cache that has lost sight of the store for a while may answer nothing from before.
#[tokio::test]
async fn what_changed_while_the_store_could_not_be_watched_is_seen_all_the_same() {
    let other = House::new().await;
    let key = other.key().await;
    let blind = Blind::new(other.store.clone(), Unread::Unavailable("not now".into()));
    let house = other.try_again(blind.clone()).await.expect("it starts");
    assert_eq!(house.state(&key).await, "Enabled");
    for round in 0..3 {
        blind.break_watches();
        other.ok(Op::DisableKey, json!({ "KeyId": key })).await;
        other.ok(Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": format!("{round}") })).await;
        let told = house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
        assert_eq!(told["KeyMetadata"]["KeyState"], "Disabled", "round {round}");
        assert_eq!(told["KeyMetadata"]["Description"], format!("{round}"));
        other.ok(Op::EnableKey, json!({ "KeyId": key })).await;
        assert_eq!(house.state(&key).await, "Enabled", "round {round}");
    }
}
