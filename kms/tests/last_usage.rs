//! When a key was last used: which calls count and which do not, what is told of them, what they cost the store, and
//! what a policy makes of keys that nobody uses.

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::log::Log;
use common::sample::{With, key_for, sample};
use common::{House, NOON, OWN, REGION, Refusal, STRANGER, arn, arn_of, base64, caller, name_of, refusal, with};
use kms::ops::OPERATIONS;
use kms::{Caller, Mode, Time};
use serde_json::{Value, json};
use store::testing::{Counting, Fate, Faulty, Held};
use store::{Batch, Outcome, Refused};
use wire::{KeyLastUsageTrackingOperation, Op};

/// How much uptime lies between two writings at least.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);
const SECOND: Duration = Duration::from_secs(1);

/// As many keys as one commit can write of, which expects two rows of each.
const KEYS_A_COMMIT: usize = store::limits::EXPECTATIONS / 2;

impl House {
    async fn usage(&self, key: &str) -> Value {
        self.ok(Op::GetKeyLastUsage, json!({ "KeyId": key })).await
    }

    async fn last_use(&self, key: &str) -> Value {
        self.usage(key).await["KeyLastUsage"].clone()
    }

    /// What GetKeyLastUsage is to say of a use that the newest audit record is of.
    fn newest(&self, operation: &str) -> Value {
        let record = self.records().pop().expect("a record");
        assert_eq!(record["eventName"], operation);
        json!({
            "Operation": operation,
            "Timestamp": self.now().0 as f64 / 1000.0,
            "CloudTrailEventId": record["eventID"],
            "KmsRequestId": record["requestID"],
        })
    }

    /// Uses a key and says what is then to be told of it.
    async fn encrypted(&self, key: &str) -> Value {
        self.encrypt(key, "eA==").await;
        self.newest("Encrypt")
    }

    /// Makes the store one of an earlier version, which noted nothing.
    async fn forget_tracking(&self) {
        let row = self.rows(b"h\x001\0tracking").await.remove(0);
        let (expect, deletes) = (vec![(row.key.clone(), row.revision)], vec![row.key]);
        self.commit(Batch { expect, deletes, ..Batch::default() }).await;
    }

    /// Waits until the records of changes have gone to the trail: what the store commits from now on is not of them.
    async fn settled(&self) {
        while !self.rows(b"o\0").await.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// What stands in the store of a key's last use.
    async fn written_of(&self, key: &str) -> Option<Value> {
        self.row(&["u", OWN, REGION, key]).await
    }
}

#[tokio::test]
async fn of_a_key_that_nobody_used_it_is_told_since_when_that_is_known() {
    let house = House::new().await;
    house.advance_days(1);
    let key = house.key().await;
    house.advance_days(1);
    let told = house.text(Op::GetKeyLastUsage, json!({ "KeyId": arn(&key) })).await;
    let date = "1.7500864E9";
    let expected =
        format!(r#"{{"KeyCreationDate":{date},"KeyId":"{key}","KeyLastUsage":{{}},"TrackingStartDate":{date}}}"#);
    assert_eq!(told, expected);
}

/// A cryptographic call that succeeds.
struct Use {
    key: String,
    op: Op,
    body: Value,
}

/// One use by each operation, and what they need to succeed.
async fn uses(house: &House) -> Vec<Use> {
    let of = |key: &str, op, body: Value| Use { key: key.to_owned(), op, body: with(body, json!({ "KeyId": key })) };
    let blob_at = async |op, body: Value, member: &str| house.ok(op, body).await[member].clone();
    let symmetric = house.key().await;
    let blob = house.encrypt(&symmetric, "eA==").await;
    let [signing, mac, agreeing, kem] = [
        house.key_as(key_for(Op::Sign)).await,
        house.key_as(key_for(Op::GenerateMac)).await,
        house.key_as(key_for(Op::DeriveSharedSecret)).await,
        house.key_as(key_for(Op::Encapsulate)).await,
    ];
    let to_sign = json!({ "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256" });
    let to_mac = json!({ "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256" });
    let ml_kem = json!({ "EncapsulationAlgorithm": "ML_KEM" });
    let signed = blob_at(Op::Sign, with(to_sign.clone(), json!({ "KeyId": signing })), "Signature").await;
    let maced = blob_at(Op::GenerateMac, with(to_mac.clone(), json!({ "KeyId": mac })), "Mac").await;
    let peer = blob_at(Op::GetPublicKey, json!({ "KeyId": agreeing }), "PublicKey").await;
    let to_kem = with(ml_kem.clone(), json!({ "KeyId": kem }));
    let encapsulated = blob_at(Op::Encapsulate, to_kem, "SharedSecretCiphertextBlob").await;
    let pair = json!({ "KeyPairSpec": "ECC_NIST_P256" });
    let re_encrypt = json!({ "CiphertextBlob": blob, "DestinationKeyId": symmetric });
    vec![
        of(&symmetric, Op::Encrypt, json!({ "Plaintext": "eA==" })),
        of(&symmetric, Op::Decrypt, json!({ "CiphertextBlob": blob })),
        Use { key: symmetric.clone(), op: Op::ReEncrypt, body: re_encrypt },
        of(&symmetric, Op::GenerateDataKey, json!({ "KeySpec": "AES_256" })),
        of(&symmetric, Op::GenerateDataKeyWithoutPlaintext, json!({ "NumberOfBytes": 9 })),
        of(&symmetric, Op::GenerateDataKeyPair, pair.clone()),
        of(&symmetric, Op::GenerateDataKeyPairWithoutPlaintext, pair),
        of(&signing, Op::Sign, to_sign.clone()),
        of(&signing, Op::Verify, with(to_sign, json!({ "Signature": signed }))),
        of(&mac, Op::GenerateMac, to_mac.clone()),
        of(&mac, Op::VerifyMac, with(to_mac, json!({ "Mac": maced }))),
        of(&agreeing, Op::DeriveSharedSecret, json!({ "KeyAgreementAlgorithm": "ECDH", "PublicKey": peer })),
        of(&kem, Op::Encapsulate, ml_kem.clone()),
        of(&kem, Op::Decapsulate, with(ml_kem, json!({ "SharedSecretCiphertextBlob": encapsulated }))),
    ]
}

#[tokio::test]
async fn every_operation_that_aws_tracks_counts_under_the_ids_of_its_audit_record() {
    let house = House::new().await;
    let mut seen = Vec::new();
    for Use { key, op, body } in uses(&house).await {
        house.advance_seconds(1);
        house.ok(op, body).await;
        let expected = house.newest(op.name());
        assert_eq!(house.last_use(&key).await, expected, "{op:?}");
        house.turn(HALF_A_MINUTE * (seen.len() as u32 + 1)).await;
        assert_eq!(house.last_use(&key).await, expected, "{op:?}, once it is in the store");
        seen.push(op.name());
    }
    seen.sort_unstable();
    let mut tracked: Vec<_> = KeyLastUsageTrackingOperation::ALL.iter().map(|operation| operation.as_str()).collect();
    tracked.sort_unstable();
    assert_eq!(seen, tracked, "each operation that is tracked needs a use in `uses`");
}

#[tokio::test]
async fn a_dry_run_of_a_use_does_not_count() {
    let house = House::new().await;
    for Use { key, op, body } in uses(&house).await {
        let before = house.last_use(&key).await;
        let told = house.call(op, with(body, json!({ "DryRun": true }))).await;
        assert_eq!(name_of(&told), "DryRunOperationException", "{op:?}");
        assert_eq!(house.last_use(&key).await, before, "{op:?}");
    }
}

/// Every operation that AWS does not track, whatever comes of it.
#[tokio::test]
async fn no_other_operation_counts() {
    let house = House::new().await;
    for entry in &OPERATIONS {
        if KeyLastUsageTrackingOperation::parse(entry.op.name()).is_some() {
            continue;
        }
        let key = house.key_as(key_for(entry.op)).await;
        let told = house.call(entry.op, sample(entry.op, &With { key: &key, blob: "" })).await;
        assert!(told.is_ok() || entry.op != Op::GetPublicKey, "{told:?}");
        let told = house.call(Op::GetKeyLastUsage, json!({ "KeyId": key })).await;
        assert_eq!(told.map(|told| told["KeyLastUsage"].clone()), Ok(json!({})), "{:?}", entry.op);
    }
}

#[tokio::test]
async fn both_keys_of_a_reencrypt_are_used() {
    let house = House::new().await;
    let (from, to) = (house.key().await, house.key().await);
    let blob = house.encrypt(&from, "eA==").await;
    house.ok(Op::ReEncrypt, json!({ "CiphertextBlob": blob, "DestinationKeyId": to })).await;
    let expected = house.newest("ReEncrypt");
    assert_eq!(house.last_use(&from).await, expected);
    assert_eq!(house.last_use(&to).await, expected);
}

#[tokio::test]
async fn what_does_not_succeed_does_not_count() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    let blob = house.encrypt(&other, "eA==").await;
    let before = house.encrypted(&key).await;
    let denied = caller(STRANGER, REGION);
    let context = json!({ "EncryptionContext": { "a": "b" } });
    let plain = json!({ "KeyId": key, "Plaintext": "eA==" });
    for (who, op, body, expected) in [
        (None, Op::Encrypt, with(plain.clone(), json!({ "DryRun": true })), "DryRunOperationException"),
        (
            None,
            Op::GenerateDataKey,
            json!({ "KeyId": key, "KeySpec": "AES_256", "DryRun": true }),
            "DryRunOperationException",
        ),
        (None, Op::Decrypt, json!({ "KeyId": key, "CiphertextBlob": blob }), "IncorrectKeyException"),
        (
            None,
            Op::Decrypt,
            with(json!({ "CiphertextBlob": house.encrypt(&key, "eA==").await }), context),
            "InvalidCiphertextException",
        ),
        (
            None,
            Op::ReEncrypt,
            json!({ "CiphertextBlob": blob, "SourceKeyId": key, "DestinationKeyId": key }),
            "IncorrectKeyException",
        ),
        (None, Op::Encrypt, with(plain.clone(), json!({ "GrantTokens": ["x"] })), "InvalidGrantTokenException"),
        (None, Op::Encrypt, json!({ "KeyId": key }), "ValidationException"),
        (
            None,
            Op::Encrypt,
            with(plain.clone(), json!({ "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" })),
            "InvalidKeyUsageException",
        ),
        (Some(&denied), Op::Encrypt, with(plain.clone(), json!({ "KeyId": arn(&key) })), "AccessDeniedException"),
    ] {
        // The row of the wrong context encrypts first, so that its ciphertext is the key's own.
        let before = house.last_use(&key).await;
        let told = house.call_as(who.unwrap_or(&caller(OWN, REGION)), op, body.clone()).await;
        assert_eq!(name_of(&told), expected, "{op:?} {body}");
        assert_eq!(house.last_use(&key).await, before, "{op:?} {body}");
    }
    assert_ne!(before, json!({}));
    let unused = house.key().await;
    house.ok(Op::DisableKey, json!({ "KeyId": unused })).await;
    let told = house.call(Op::Encrypt, json!({ "KeyId": unused, "Plaintext": "eA==" })).await;
    assert_eq!(name_of(&told), "DisabledException");
    let told = house.call(Op::ReEncrypt, json!({ "CiphertextBlob": blob, "DestinationKeyId": unused })).await;
    assert_eq!(name_of(&told), "DisabledException");
    assert_eq!(house.last_use(&unused).await, json!({}));
    assert_ne!(house.last_use(&other).await["Operation"], "ReEncrypt", "the source is not used if the other is not");
}

#[tokio::test]
async fn a_signature_or_a_mac_that_is_wrong_does_not_count() {
    let house = House::new().await;
    let wrong = base64([7; 32]);
    for (of, op, more, expected) in [
        (
            Op::Sign,
            Op::Verify,
            json!({ "SigningAlgorithm": "ECDSA_SHA_256", "Signature": wrong }),
            "KMSInvalidSignatureException",
        ),
        (
            Op::GenerateMac,
            Op::VerifyMac,
            json!({ "MacAlgorithm": "HMAC_SHA_256", "Mac": wrong }),
            "KMSInvalidMacException",
        ),
    ] {
        let key = house.key_as(key_for(of)).await;
        let told = house.call(op, with(more, json!({ "KeyId": key, "Message": "eA==" }))).await;
        assert_eq!(name_of(&told), expected);
        assert_eq!(house.last_use(&key).await, json!({}), "{op:?}");
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_is_refused_and_does_not_count() {
    let house = House::new().await;
    let key = house.key().await;
    house.trail.broken.store(true, Ordering::Relaxed);
    let told = house.call(Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })).await;
    assert_eq!(name_of(&told), "KMSInternalException");
    house.trail.broken.store(false, Ordering::Relaxed);
    assert_eq!(house.last_use(&key).await, json!({}));
}

#[tokio::test]
async fn a_use_by_an_alias_or_by_another_account_is_a_use_of_the_owner_s_key() {
    let house = House::with(Mode::Dev, |store| store).await;
    let key = house.key().await;
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/used", "TargetKeyId": key })).await;
    house.ok(Op::Encrypt, json!({ "KeyId": "alias/used", "Plaintext": "eA==" })).await;
    let expected = house.newest("Encrypt");
    assert_eq!(house.last_use(&key).await, expected);
    let stranger = caller(STRANGER, "eu-west-1");
    let stranger_here = caller(STRANGER, REGION);
    let body = json!({ "KeyId": arn(&key), "KeySpec": "AES_128" });
    house.call_as(&stranger_here, Op::GenerateDataKey, body.clone()).await.expect("dev asks no policy");
    let expected = house.newest("GenerateDataKey");
    assert_eq!(house.last_use(&key).await, expected);
    assert!(house.call_as(&stranger, Op::GenerateDataKey, body).await.is_err(), "another Region's key");
    assert_eq!(house.last_use(&key).await, expected);
    for from in [stranger_here, stranger] {
        let told = house.call_as(&from, Op::GetKeyLastUsage, json!({ "KeyId": arn(&key) })).await;
        assert_ne!(name_of(&told), "", "it is no operation on keys of others: {told:?}");
    }
}

#[tokio::test]
async fn it_is_told_in_every_state_and_by_key_id_and_key_arn_alone() {
    let house = House::new().await;
    let (disabled, pending) = (house.key().await, house.key().await);
    for (key, op) in [(&disabled, Op::DisableKey), (&pending, Op::ScheduleKeyDeletion)] {
        let used = house.encrypted(key).await;
        house.ok(op, json!({ "KeyId": key })).await;
        assert_eq!(house.last_use(key).await, used, "after {op:?}");
    }
    let external = house.external_key().await;
    assert_eq!(house.last_use(&external).await, json!({}));
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/used", "TargetKeyId": disabled })).await;
    for name in ["alias/used".to_owned(), format!("arn:aws:kms:{REGION}:{OWN}:alias/used")] {
        let told = house.call(Op::GetKeyLastUsage, json!({ "KeyId": name })).await;
        assert_eq!(told, refusal("InvalidArnException", "Key Aliases are not supported for this operation."), "{name}");
    }
    let theirs = arn_of(STRANGER, &disabled);
    assert_eq!(name_of(&house.call(Op::GetKeyLastUsage, json!({ "KeyId": theirs })).await), "AccessDeniedException");
}

#[tokio::test]
async fn thousands_of_calls_cost_one_commit_in_half_a_minute() {
    let mut counting = None;
    let house = House::with(Mode::Serve, |store| counting.insert(Counting::new(store)).clone()).await;
    let commits = move || counting.as_ref().expect("an engine").counts().commit;
    let key = house.key().await;
    let blob = house.encrypt(&key, "eA==").await;
    house.settled().await;
    house.turn(SECOND).await;
    let before = commits();
    for second in 2..=30 {
        for _ in 0..50 {
            house.ok(Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })).await;
            house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        }
        house.turn(SECOND * second).await;
    }
    assert_eq!(commits(), before, "2,900 calls and 29 turns");
    house.turn(SECOND + HALF_A_MINUTE).await;
    assert_eq!(commits(), before + 1);
    assert_eq!(house.written_of(&key).await.expect("a row")["operation"], "Decrypt");
    for times in 3..=10 {
        house.turn(HALF_A_MINUTE * times).await;
    }
    let uptime = 5; // its own row, once a minute
    assert_eq!(commits(), before + 1 + uptime - 1, "while nothing is used nothing is written of it");
}

#[tokio::test]
async fn a_use_is_in_the_store_within_a_minute_of_uptime_whatever_the_clock_does() {
    for days in [0, 40, -40] {
        let house = House::new().await;
        let key = house.key().await;
        let mut uptime = SECOND;
        for rest in 0..40 {
            let used = house.encrypted(&key).await;
            house.advance_days(days);
            for _ in 0..=30 {
                house.turn(uptime).await;
                uptime += SECOND;
            }
            let kept = house.written_of(&key).await.expect("a row");
            assert_eq!(kept["event_id"], used["CloudTrailEventId"], "{rest} s after others were written");
            house.advance_days(-days);
            uptime += SECOND * rest;
        }
    }
}

#[tokio::test]
async fn many_keys_go_into_as_few_commits_as_the_store_takes() {
    let mut counting = None;
    let house = House::with(Mode::Serve, |store| counting.insert(Counting::new(store)).clone()).await;
    let mut used = Vec::new();
    for _ in 0..3 * KEYS_A_COMMIT + 1 {
        let key = house.key().await;
        used.push((house.encrypted(&key).await, key));
    }
    house.settled().await;
    let before = counting.as_ref().expect("an engine").counts().commit;
    house.turn(SECOND).await;
    assert_eq!(counting.as_ref().expect("an engine").counts().commit, before + 4);
    let house = house.again().await;
    for (used, key) in used {
        assert_eq!(house.last_use(&key).await, used);
    }
}

#[tokio::test]
async fn a_crash_loses_what_was_not_written_and_nothing_else() {
    let house = House::new().await;
    let (one, other) = (house.key().await, house.key().await);
    let written = house.encrypted(&one).await;
    house.turn(SECOND).await;
    house.encrypted(&one).await;
    house.encrypted(&other).await;
    house.turn(SECOND * 2).await;
    // Without a word to the service.
    let house = house.again().await;
    assert_eq!(house.last_use(&one).await, written);
    assert_eq!(house.last_use(&other).await, json!({}));
}

#[tokio::test]
async fn a_service_that_is_closed_has_written_everything() {
    let house = House::new().await;
    let key = house.key().await;
    house.turn(SECOND).await;
    house.encrypted(&key).await;
    house.turn(SECOND * 2).await;
    let last = house.encrypted(&key).await;
    house.service.close().await;
    assert_eq!(house.again().await.last_use(&key).await, last);
}

fn is_of_a_use(batch: &Batch) -> bool {
    batch.puts.iter().any(|(name, _)| name.starts_with(b"u\0"))
}

#[tokio::test]
async fn what_could_not_be_written_is_told_all_the_same_and_written_later() {
    for fate in [Fate::Refused(Refused::Full), Fate::Refused(Refused::Busy), Fate::Lost, Fate::Landed, Fate::Late] {
        let mut faulty = None;
        let house = House::with(Mode::Serve, |store| faulty.insert(Faulty::new(store)).clone()).await;
        let faulty = faulty.expect("an engine");
        let key = house.key().await;
        let used = house.encrypted(&key).await;
        let busy = fate == Fate::Refused(Refused::Busy);
        if let Fate::Refused(Refused::Full) = fate {
            faulty.next_where(fate.clone(), is_of_a_use); // each key is tried by itself then
        }
        faulty.next_where(fate.clone(), is_of_a_use);
        let turned = house.service.turn(house.now(), SECOND).await;
        assert_eq!(turned.is_ok(), busy, "{fate:?}: who is only busy is asked again");
        assert_eq!(house.last_use(&key).await, used, "{fate:?}");
        let newer = house.encrypted(&key).await;
        house.turn(SECOND * 2).await;
        assert_ne!(
            house.written_of(&key).await.map(|kept| kept["event_id"].clone()),
            Some(newer["CloudTrailEventId"].clone())
        );
        house.turn(SECOND + HALF_A_MINUTE).await;
        assert_eq!(house.written_of(&key).await.expect("a row")["event_id"], newer["CloudTrailEventId"], "{fate:?}");
        for landed in faulty.land().await {
            assert!(matches!(landed, Ok(Outcome::Conflict { .. })), "an old use would outdo a newer: {landed:?}");
        }
        assert_eq!(house.again().await.last_use(&key).await, newer, "{fate:?}");
    }
}

#[tokio::test]
async fn one_row_that_does_not_open_keeps_no_other_from_being_written() {
    let house = House::new().await;
    let (bad, good) = (house.key().await, house.key().await);
    house.encrypted(&bad).await;
    house.turn(SECOND).await;
    house.put(["u", OWN, REGION, &bad].join("\0").into_bytes(), vec![0; 60]).await;
    let (unwritten, used) = (house.encrypted(&bad).await, house.encrypted(&good).await);
    assert!(house.service.turn(house.now(), SECOND + HALF_A_MINUTE).await.is_err());
    assert_eq!(house.written_of(&good).await.expect("a row")["event_id"], used["CloudTrailEventId"]);
    assert_eq!(house.last_use(&bad).await, unwritten, "what is noted is known");
    let house = house.again().await;
    let log = Log::listen();
    let told = house.call(Op::GetKeyLastUsage, json!({ "KeyId": bad })).await;
    assert_eq!(name_of(&told), "KMSInternalException", "nothing is answered from it");
    assert!(log.says(&format!("the record u/{OWN}/{REGION}/{bad}")), "{:?}", log.lines());
    house.encrypt(&bad, "eA==").await;
}

/// Gives the key's policy another statement in front of the account's.
async fn forbid(house: &House, key: &str, action: &str, condition: Value) {
    let statement = |effect: &str, action: &str, condition: Value| {
        json!({
            "Effect": effect, "Principal": { "AWS": format!("arn:aws:iam::{OWN}:root") }, "Action": action, "Resource": "*", "Condition": condition
        })
    };
    let statements = [statement("Deny", action, condition), statement("Allow", "kms:*", json!({}))];
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    house.ok(Op::PutKeyPolicy, json!({ "KeyId": key, "Policy": policy })).await;
}

#[tokio::test]
async fn a_policy_that_spares_keys_of_late_use_knows_the_last_use_written_or_not() {
    for (op, action) in [(Op::DisableKey, "kms:DisableKey"), (Op::ScheduleKeyDeletion, "kms:ScheduleKeyDeletion")] {
        let house = House::new().await;
        let key = house.key().await;
        let busy = json!({ "NumericLessThan": { "kms:TrailingDaysWithoutKeyUsage": "90" } });
        forbid(&house, &key, action, busy).await;
        let may = async |days: i64| {
            house.advance_days(days);
            house.call(op, json!({ "KeyId": key })).await.map_err(|Refusal(name, _)| name)
        };
        let denied = Err("AccessDeniedException".to_owned());
        assert_eq!(may(0).await, denied, "{op:?}: it was made today");
        assert_eq!(may(89).await, denied, "{op:?}: 89 days ago");
        house.encrypt(&key, "eA==").await;
        assert_eq!(may(1).await, denied, "{op:?}: it is 90 days old, and was used yesterday");
        house.turn(SECOND).await;
        assert_eq!(may(88).await, denied, "{op:?}: it was used 89 days ago, as the store has it");
        house.advance_seconds(24 * 3600 - 1);
        assert_eq!(may(0).await, denied, "{op:?}: days are whole");
        house.advance_seconds(1);
        assert!(may(0).await.is_ok(), "{op:?}: 90 days ago");
    }
}

#[tokio::test]
async fn a_key_that_nobody_uses_is_idle_since_it_was_made() {
    let house = House::new().await;
    let key = house.key().await;
    let idle = json!({ "NumericGreaterThanEquals": { "kms:TrailingDaysWithoutKeyUsage": "1" } });
    forbid(&house, &key, "kms:DisableKey", idle).await;
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
    house.advance_days(1);
    let denied = house.call(Op::DisableKey, json!({ "KeyId": key })).await;
    assert_eq!(name_of(&denied), "AccessDeniedException");
    house.advance_days(-2);
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
}

#[tokio::test]
async fn tracking_began_at_the_first_start_that_noted_uses_or_when_the_key_was_made() {
    let house = House::new().await;
    let tracked =
        async |house: &House, key: &str| house.usage(key).await["TrackingStartDate"].as_f64().expect("a date");
    let date = |time: Time| time.0 as f64 / 1000.0;
    let old = house.key().await;
    assert_eq!(tracked(&house, &old).await, date(NOON));
    house.advance_days(3);
    let house = house.again().await;
    let young = house.key().await;
    assert_eq!(tracked(&house, &old).await, date(NOON), "another start begins nothing");
    assert_eq!(tracked(&house, &young).await, date(NOON.plus_days(3)));

    house.forget_tracking().await;
    house.advance_days(4);
    let house = house.again().await;
    let (began, told) = (NOON.plus_days(7), tracked(&house, &old).await);
    assert!(told >= date(began) && told < date(began.plus_seconds(1)), "{told}");
    assert_eq!(tracked(&house, &young).await, told);
    house.advance_days(1);
    let newest = house.key().await;
    assert_eq!(tracked(&house, &newest).await, date(NOON.plus_days(8)));
    let house = house.again().await;
    assert_eq!(tracked(&house, &old).await, told);
}

#[tokio::test]
async fn a_store_that_takes_nothing_at_a_start_learns_later_since_when_uses_are_noted() {
    let house = House::new().await;
    let key = house.key().await;
    house.forget_tracking().await;
    let faulty = Faulty::new(house.store.clone());
    faulty.next_where(Fate::Refused(Refused::Full), |batch| {
        batch.puts.iter().any(|(name, _)| name.ends_with(b"tracking"))
    });
    let log = Log::listen();
    let full = house.try_again(faulty).await.expect("it starts");
    assert!(log.says("since when the use of keys is noted"), "{:?}", log.lines());
    let began = full.usage(&key).await["TrackingStartDate"].clone();
    full.turn(SECOND).await;
    full.advance_days(1);
    assert_eq!(full.again().await.usage(&key).await["TrackingStartDate"], began);
}

/// The rows of last uses that name the key.
async fn rows_of(house: &House, key: &str) -> usize {
    house.everything().await.keys().filter(|name| name.starts_with("u/") && name.ends_with(key)).count()
}

#[tokio::test]
async fn a_key_s_last_use_goes_with_the_key_and_does_not_come_back() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (written, noted) = (house.key().await, house.key().await);
    house.encrypted(&written).await;
    house.turn(SECOND).await;
    assert_eq!(rows_of(&house, &written).await, 1);
    for key in [&written, &noted] {
        house.encrypted(key).await;
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    }
    house.advance_days(7);
    house.turn(SECOND * 2).await;
    for turns in 1..4 {
        for key in [&written, &noted] {
            assert!(house.everything().await.keys().all(|name| !name.contains(key.as_str())), "after {turns} turns");
        }
        house.turn(SECOND * 2 + HALF_A_MINUTE * turns).await;
    }
    house.service.close().await;
    assert_eq!(house.rows(b"u\0").await.len(), 0);
}

/// The commit of a use that is on its way while its key is destroyed, however late it comes.
#[tokio::test]
async fn a_use_that_comes_late_brings_no_row_of_a_key_that_is_gone() {
    let mut faulty = None;
    let house = House::with(Mode::Dev, |store| faulty.insert(Faulty::new(store)).clone()).await;
    let faulty = faulty.expect("an engine");
    let key = house.key().await;
    house.encrypted(&key).await;
    faulty.next_where(Fate::Late, is_of_a_use);
    assert!(house.service.turn(house.now(), SECOND).await.is_err());
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(7);
    house.turn(SECOND * 2).await;
    let landed = faulty.land().await;
    assert!(matches!(landed[..], [Ok(Outcome::Conflict { .. })]), "{landed:?}");
    house.turn(HALF_A_MINUTE * 2).await;
    assert_eq!(house.rows(b"u\0").await.len(), 0);
}

/// A writing that meets a change of its key, again and again, neither loses the use nor keeps the change from happening.
#[tokio::test]
async fn uses_are_written_beside_changes_of_their_keys() {
    let mut held = None;
    let house = House::with(Mode::Serve, |store| held.insert(Held::new(store)).clone()).await;
    let (house, held) = (Arc::new(house), held.expect("an engine"));
    let key = house.key().await;
    let used = house.encrypted(&key).await;
    held.hold();
    let change = {
        let (house, key) = (house.clone(), key.clone());
        tokio::spawn(
            async move { house.ok(Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": "x" })).await },
        )
    };
    held.waiting(1).await;
    let turn = {
        let house = house.clone();
        tokio::spawn(async move { house.turn(SECOND).await })
    };
    held.waiting(2).await;
    assert_eq!(house.last_use(&key).await, used, "it is told while it is written");
    held.release();
    change.await.expect("the change");
    turn.await.expect("the turn");
    assert_eq!(house.written_of(&key).await.expect("a row")["event_id"], used["CloudTrailEventId"]);
}

/// Between what is noted and what is written nothing gets lost for those who ask meanwhile.
#[tokio::test]
async fn who_asks_while_uses_are_written_is_never_told_of_an_older_one() {
    let house = Arc::new(House::new().await);
    let key = house.key().await;
    let asking = {
        let (house, key) = (house.clone(), key.clone());
        tokio::spawn(async move {
            let mut last = -1;
            for _ in 0..500 {
                let told = house.last_use(&key).await;
                let at = told.get("Timestamp").map_or(-1, |at| (at.as_f64().expect("a date") * 1000.0).round() as i64);
                assert!(at >= last, "{at} after {last}");
                last = at;
                tokio::task::yield_now().await;
            }
        })
    };
    let mut uptime = SECOND;
    while !asking.is_finished() {
        house.advance_seconds(1);
        house.encrypt(&key, "eA==").await;
        uptime += HALF_A_MINUTE;
        house.turn(uptime).await;
    }
    asking.await.expect("nobody was told of an older use");
}

/// The keys of a set are one key to those who encrypt, and as many as it has Regions to those who ask what is used.
#[tokio::test]
async fn a_multi_region_key_is_used_in_the_region_that_is_called() {
    let house = House::new().await;
    let (here, there) = (caller(OWN, REGION), caller(OWN, "eu-west-1"));
    let key = house.key_as(json!({ "MultiRegion": true })).await;
    house.advance_days(1);
    house.ok(Op::ReplicateKey, json!({ "KeyId": key, "ReplicaRegion": "eu-west-1" })).await;
    house.advance_days(1);
    house.turn(SECOND).await;
    let asked = async |caller: &Caller| {
        house.call_as(caller, Op::GetKeyLastUsage, json!({ "KeyId": key })).await.expect("it is told")
    };
    let body = json!({ "KeyId": key, "Plaintext": "eA==" });
    let blob = house.call_as(&there, Op::Encrypt, body).await.expect("it encrypts")["CiphertextBlob"].clone();
    let used = house.newest("Encrypt");
    let began = asked(&there).await["TrackingStartDate"].clone();
    for turns in 1..3 {
        assert_eq!(asked(&here).await["KeyLastUsage"], json!({}), "after {turns} turns");
        assert_eq!(asked(&there).await["KeyLastUsage"], used, "after {turns} turns");
        house.turn(SECOND + HALF_A_MINUTE * turns).await;
    }
    house.call_as(&here, Op::Decrypt, json!({ "CiphertextBlob": blob })).await.expect("it decrypts");
    let decrypted = house.newest("Decrypt");
    assert_eq!(asked(&here).await["KeyLastUsage"], decrypted);
    assert_eq!(asked(&there).await["KeyLastUsage"], used);
    house.turn(HALF_A_MINUTE * 4).await;
    for (region, rows) in [(REGION, 1), ("eu-west-1", 1)] {
        assert_eq!(house.rows(["u", OWN, region, ""].join("\0").as_bytes()).await.len(), rows, "{region}");
    }
    let replicated = NOON.plus_days(1).0 as f64 / 1000.0;
    assert_eq!(began.as_f64(), Some(replicated), "it is tracked since the replica was made");
}

#[tokio::test]
async fn the_last_use_outlives_clocks_that_are_set_back() {
    let house = House::new().await;
    let key = house.key().await;
    house.advance_days(40);
    house.encrypted(&key).await;
    house.turn(SECOND).await;
    house.advance_days(-40);
    let last = house.encrypted(&key).await;
    assert_eq!(house.last_use(&key).await, last, "the last one is the last, whatever the clock said");
    house.turn(SECOND + HALF_A_MINUTE).await;
    assert_eq!(house.last_use(&key).await, last);
}
