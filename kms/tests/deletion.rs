//! Scheduling a key's end, and second thoughts. What time then does is `time.rs`.

mod common;

use common::{House, arn, name_of, refusal};
use kms::Time;
use serde_json::json;
use wire::Op;

#[tokio::test]
async fn a_deletion_tells_its_date_its_window_and_the_key_s_arn() {
    let house = House::new().await;
    for (body, days, date) in [
        (json!({}), 30, "1.752592E9"),
        (json!({ "PendingWindowInDays": 7 }), 7, "1.7506048E9"),
        (json!({ "PendingWindowInDays": 30 }), 30, "1.752592E9"),
        (json!({ "PendingWindowInDays": 8 }), 8, "1.7506912E9"),
    ] {
        for key in [house.key().await, house.disabled_key().await] {
            let body = common::with(body.clone(), json!({ "KeyId": key }));
            let told = house.text(Op::ScheduleKeyDeletion, body).await;
            let expected = format!(
                r#"{{"DeletionDate":{date},"KeyId":"{}","KeyState":"PendingDeletion","PendingWindowInDays":{days}}}"#,
                arn(&key)
            );
            assert_eq!(told, expected);
            let due = format!("{:016x}", house.now().plus_days(days).0);
            let row = house.row(&["d", &due, common::OWN, common::REGION, &key]).await;
            assert!(row.is_some(), "it stands in the index of what is due, at its date");
        }
    }
}

#[tokio::test]
async fn a_window_outside_of_7_to_30_days_is_refused() {
    let house = House::new().await;
    let key = house.key().await;
    for days in [1, 6, 31, 365] {
        let told = house.call(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": days })).await;
        assert_eq!(told, refusal("ValidationException", "PendingWindowInDays must be between 7 and 30"), "{days}");
    }
    for days in [0, 366, -7] {
        let told = house.call(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": days })).await;
        assert!(told.as_ref().is_err_and(|refused| refused.1.contains("at 'pendingWindowInDays' failed")), "{told:?}");
    }
    assert_eq!(house.state(&key).await, "Enabled");
}

#[tokio::test]
async fn a_key_that_is_going_may_be_described_and_saved_and_nothing_else() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    let blob = house.encrypt(&key, "eA==").await;
    let others = house.encrypt(&other, "eA==").await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
    let pending = refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&key)));
    for (op, body) in [
        (Op::ScheduleKeyDeletion, json!({ "KeyId": key })),
        (Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })),
        (Op::Decrypt, json!({ "CiphertextBlob": blob })),
        (Op::ReEncrypt, json!({ "CiphertextBlob": blob, "DestinationKeyId": other })),
        (Op::ReEncrypt, json!({ "CiphertextBlob": others, "DestinationKeyId": key })),
        (Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_128" })),
        (Op::GenerateDataKeyWithoutPlaintext, json!({ "KeyId": key, "KeySpec": "AES_128" })),
        (Op::EnableKey, json!({ "KeyId": key })),
        (Op::DisableKey, json!({ "KeyId": key })),
        (Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": "" })),
    ] {
        assert_eq!(house.call(op, body).await, pending, "{op:?}");
    }
    assert_eq!(house.state(&key).await, "PendingDeletion");
    assert!(house.ids().await.contains(&key));
}

#[tokio::test]
async fn a_key_that_is_saved_comes_back_disabled_and_without_a_date() {
    let house = House::new().await;
    for key in [house.key().await, house.disabled_key().await] {
        let blob_key = house.key().await;
        assert_ne!(key, blob_key);
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
        let told = house.text(Op::CancelKeyDeletion, json!({ "KeyId": arn(&key) })).await;
        assert_eq!(told, format!(r#"{{"KeyId":"{}"}}"#, arn(&key)));
        let metadata = house.ok(Op::DescribeKey, json!({ "KeyId": key })).await["KeyMetadata"].clone();
        assert_eq!(metadata["KeyState"], "Disabled");
        assert_eq!(metadata["Enabled"], false);
        assert!(metadata.get("DeletionDate").is_none());
        let told = house.call(Op::CancelKeyDeletion, json!({ "KeyId": key })).await;
        assert_eq!(told, refusal("KMSInvalidStateException", format!("{} is not pending deletion.", arn(&key))));
    }
    assert!(house.rows(b"d\0").await.is_empty(), "nothing is due any more");
}

#[tokio::test]
async fn only_what_is_pending_deletion_can_be_saved() {
    let house = House::new().await;
    for key in [house.key().await, house.disabled_key().await] {
        let told = house.call(Op::CancelKeyDeletion, json!({ "KeyId": key })).await;
        assert_eq!(told, refusal("KMSInvalidStateException", format!("{} is not pending deletion.", arn(&key))));
    }
}

#[tokio::test]
async fn a_saved_key_opens_what_it_sealed_before() {
    let house = House::new().await;
    let key = house.key().await;
    let blob = house.encrypt(&key, "c2F2ZWQ=").await;
    for _ in 0..3 {
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
        house.advance_days(6);
        house.ok(Op::CancelKeyDeletion, json!({ "KeyId": key })).await;
    }
    house.ok(Op::EnableKey, json!({ "KeyId": key })).await;
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["Plaintext"], "c2F2ZWQ=");
    assert!(house.rows(b"d\0").await.is_empty());
}

#[tokio::test]
async fn a_key_is_there_to_the_last_millisecond_of_its_window() {
    let house = House::new().await;
    let key = house.pending_key().await;
    let date = house.now().plus_days(7);
    for (now, there) in [(Time(date.0 - 1), true), (date, false), (Time(date.0 + 1), false)] {
        let body = json!({ "KeyId": key }).to_string();
        let caller = common::caller(common::OWN, common::REGION);
        let told = house.service.call(Op::DescribeKey, caller, house.origin(), body.into(), now).await;
        assert_eq!(told.is_ok(), there, "{now:?}: {told:?}");
    }
    house.advance_days(7);
    assert_eq!(name_of(&house.call(Op::CancelKeyDeletion, json!({ "KeyId": key })).await), "NotFoundException");
}
