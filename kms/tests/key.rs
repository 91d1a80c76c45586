//! Making keys, telling of them, listing them, switching them on and off.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::sample::{STATEMENT, policy, policy_of};
use common::{House, NOBODY, OWN, REGION, STRANGER, arn, caller, name_of, refusal, text_at};
use kms::Mode;
use serde_json::{Value, json};
use wire::Op;

fn invalid(text: &str) -> Result<Value, common::Refusal> {
    refusal("ValidationException", text)
}

fn unsupported(text: &str) -> Result<Value, common::Refusal> {
    refusal("UnsupportedOperationException", text)
}

#[tokio::test]
async fn metadata_has_exactly_the_recorded_members_in_awss_order() {
    let house = House::new().await;
    let made = house.text(Op::CreateKey, json!({ "Description": "for \"tests\" \u{e9}" })).await;
    let parsed: Value = serde_json::from_str(&made).expect("JSON");
    let key = text_at(&parsed, "/KeyMetadata/KeyId");
    let material = text_at(&parsed, "/KeyMetadata/CurrentKeyMaterialId");
    assert!(material.len() == 64 && material.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{material}");
    let metadata = |deletion: &str, enabled: bool, state: &str| {
        format!(
            r#"{{"KeyMetadata":{{"AWSAccountId":"{OWN}","Arn":"{}","CreationDate":1.75E9,"CurrentKeyMaterialId":"{material}","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT",{deletion}"Description":"for \"tests\" é","Enabled":{enabled},"EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"KeyId":"{key}","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"{state}","KeyUsage":"ENCRYPT_DECRYPT","MultiRegion":false,"Origin":"AWS_KMS"}}}}"#,
            arn(&key)
        )
    };
    assert_eq!(made, metadata("", true, "Enabled"));
    let this = json!({ "KeyId": key });
    assert_eq!(house.text(Op::DescribeKey, this.clone()).await, made, "DescribeKey tells what CreateKey told");
    assert_eq!(house.text(Op::DisableKey, this.clone()).await, "", "no output is an empty body");
    assert_eq!(house.text(Op::DescribeKey, this.clone()).await, metadata("", false, "Disabled"));
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    let deletion = r#""DeletionDate":1.7506048E9,"#;
    assert_eq!(house.text(Op::DescribeKey, this).await, metadata(deletion, false, "PendingDeletion"));
}

#[tokio::test]
async fn a_key_id_is_a_lower_case_uuid_and_never_the_same() {
    let house = House::new().await;
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        let key = house.key().await;
        let parsed = uuid::Uuid::parse_str(&key).expect("a UUID");
        assert_eq!((parsed.get_version_num(), parsed.hyphenated().to_string()), (4, key.clone()));
        assert!(seen.insert(key));
    }
}

#[tokio::test]
async fn a_key_lives_in_the_partition_of_its_region() {
    let house = House::new().await;
    for (region, partition) in [("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov"), ("eu-central-1", "aws")] {
        let made = house.call_as(&caller(OWN, region), Op::CreateKey, json!({})).await.expect("a key is made");
        let key = text_at(&made, "/KeyMetadata/KeyId");
        assert_eq!(made["KeyMetadata"]["Arn"], format!("arn:{partition}:kms:{region}:{OWN}:key/{key}"));
        let document = house.policy_in(region, &key).await;
        assert!(document.contains(&format!("\"AWS\" : \"arn:{partition}:iam::{OWN}:root\"")), "{document}");
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_made_is_refused_in_awss_words() {
    let house = House::new().await;
    let usage_missing = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
    let not_yet = |what: &str| unsupported(&format!("{what} is not supported by this version of Trent."));
    let cases = [
        (json!({ "KeySpec": "RSA_2048" }), invalid(usage_missing)),
        (json!({ "KeySpec": "HMAC_256" }), invalid(usage_missing)),
        (json!({ "CustomerMasterKeySpec": "ECC_NIST_P256" }), invalid(usage_missing)),
        (
            json!({ "KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT" }),
            invalid(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is \
                 deprecated.",
            ),
        ),
        (
            json!({ "KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT" }),
            invalid("KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"),
        ),
        (
            json!({ "CustomerMasterKeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT" }),
            invalid("KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256"),
        ),
        (
            json!({ "KeyUsage": "SIGN_VERIFY" }),
            invalid("KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"),
        ),
        (
            json!({ "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" }),
            unsupported("KeySpec SM2 is not supported in this Region"),
        ),
        (json!({ "Origin": "AWS_CLOUDHSM" }), not_yet("Origin AWS_CLOUDHSM")),
        (json!({ "Origin": "EXTERNAL_KEY_STORE" }), not_yet("Origin EXTERNAL_KEY_STORE")),
        (json!({ "CustomKeyStoreId": "cks-1" }), not_yet("A custom key store")),
        (json!({ "XksKeyId": "x" }), not_yet("A custom key store")),
    ];
    for (body, told) in cases {
        assert_eq!(house.call(Op::CreateKey, body.clone()).await, told, "{body}");
    }
    assert_eq!(house.ids().await, [""; 0], "nothing was made");
    assert!(house.everything().await.is_empty());
}

#[tokio::test]
async fn what_a_default_says_may_also_be_said() {
    let house = House::new().await;
    for body in [
        json!({ "KeySpec": "SYMMETRIC_DEFAULT" }),
        json!({ "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT" }),
        json!({ "Origin": "AWS_KMS", "MultiRegion": false, "BypassPolicyLockoutSafetyCheck": true, "Tags": [] }),
        json!({ "Description": null, "Policy": null, "KeySpec": null }),
    ] {
        assert_eq!(house.ok(Op::CreateKey, body).await["KeyMetadata"]["KeyState"], "Enabled");
    }
}

#[tokio::test]
async fn tags_are_kept_and_bad_ones_refused() {
    let house = House::new().await;
    let tag = |key: &str| json!({ "TagKey": key, "TagValue": "v" });
    let tags = |count: usize| (0..count).map(|n| tag(&format!("key{n}"))).collect::<Vec<_>>();
    let cases = [
        (vec![tag("a"), tag("a")], "Duplicate tag keys"),
        (tags(51), "Too many tags"),
        (vec![tag("aws:key1")], "Tags beginning with aws: are reserved"),
        (vec![tag("a"), tag("AWS:key1")], "Tags beginning with aws: are reserved"),
        (vec![tag("aWs:")], "Tags beginning with aws: are reserved"),
    ];
    for (tags, text) in cases {
        assert_eq!(house.call(Op::CreateKey, json!({ "Tags": tags })).await, refusal("TagException", text));
    }
    let long = "v".repeat(257);
    let told = house.call(Op::CreateKey, json!({ "Tags": [{ "TagKey": "k", "TagValue": long }] })).await;
    let text = format!(
        "1 validation error detected: Value '{long}' at 'tags.1.member.tagValue' failed to satisfy constraint: Member \
         must have length less than or equal to 256"
    );
    assert_eq!(told, invalid(&text));

    let kept = json!([
        { "TagKey": "aw", "TagValue": "" },
        { "TagKey": "awß:not reserved", "TagValue": "x".repeat(256) },
        { "TagKey": "é", "TagValue": "ü" },
    ]);
    let made = house.ok(Op::CreateKey, json!({ "Tags": kept })).await;
    let key = text_at(&made, "/KeyMetadata/KeyId");
    let row = house.row(&["x", OWN, REGION, &key, "tags"]).await.expect("the tags' row");
    assert_eq!(row["tags"], json!({ "aw": "", "awß:not reserved": "x".repeat(256), "é": "ü" }));
    house.ok(Op::CreateKey, json!({ "Tags": tags(50) })).await;
}

#[tokio::test]
async fn a_policy_is_kept_as_it_was_given_and_what_is_none_is_refused() {
    let house = House::new().await;
    let told = house.call(Op::CreateKey, json!({ "Policy": "{" })).await;
    let text = "the policy is not valid JSON: look at line 1, column 1";
    assert_eq!(told, refusal("MalformedPolicyDocumentException", text));
    for policy in ["[]", "{\"Version\":\"2012-10-17\"}", "{\"Statement\":[]}"] {
        let told = house.call(Op::CreateKey, json!({ "Policy": policy })).await;
        assert_eq!(name_of(&told), "MalformedPolicyDocumentException", "{policy}: {told:?}");
    }
    let told = house.call(Op::CreateKey, json!({ "Policy": policy_of(32_769) })).await;
    assert_eq!(told, refusal("LimitExceededException", "The key policy is longer than 32768 bytes."));
    let told = house.call(Op::CreateKey, json!({ "Policy": policy_of(131_073) })).await;
    assert_eq!(name_of(&told), "ValidationException");
    assert_eq!(house.ids().await, [""; 0], "nothing was made");

    let spaced = format!(" {{\n \"Statement\" :\t[{STATEMENT}] , \"Id\":\"\u{e9}\" }}\n");
    for policy in [policy_of(32_768), spaced] {
        let made = house.ok(Op::CreateKey, json!({ "Policy": policy })).await;
        let key = text_at(&made, "/KeyMetadata/KeyId");
        assert_eq!(house.policy_in(REGION, &key).await, policy);
    }
    let key = house.key().await;
    assert_eq!(house.policy_in(REGION, &key).await, policy::default_key_policy("aws", OWN));
}

/// Everything at its longest, and of the characters that take most room when they are written.
#[tokio::test]
async fn the_longest_request_that_aws_takes_is_taken_and_recorded() {
    let house = House::new().await;
    let policy = policy("x") + &"\n".repeat(32_768 - policy("x").len());
    let quotes = format!("{{\"Statement\":{STATEMENT},\"Id\":\"{}\"}}", "\\\"".repeat(16_300));
    assert!(quotes.len() <= 32_768, "{}", quotes.len());
    let tags: Vec<Value> = (0..50)
        .map(|n| json!({ "TagKey": format!("{n:02}{}", "\u{4e00}".repeat(126)), "TagValue": "\u{4e00}".repeat(256) }))
        .collect();
    for description in ["\u{1}".repeat(8192), "\u{1f600}".repeat(8192), "\"\\".repeat(4096)] {
        for policy in [&policy, &quotes] {
            let body = json!({ "Description": description, "Policy": policy, "Tags": tags });
            let made = house.ok(Op::CreateKey, body).await;
            let key = text_at(&made, "/KeyMetadata/KeyId");
            let told = house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
            assert_eq!(told["KeyMetadata"]["Description"], description);
            house.ok(Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": description })).await;
        }
    }
    assert_eq!(house.count("CreateKey"), 6, "each is recorded");
    assert_eq!(house.count("UpdateKeyDescription"), 6, "each is recorded");
    house.service.close().await;
    assert!(house.rows(b"o\0").await.is_empty(), "and its record has left the outbox");
}

#[tokio::test]
async fn a_world_that_is_full_takes_no_more_keys_until_one_is_gone() {
    let house = House::with(Mode::Dev, |store| store).await;
    let first = house.key().await;
    for counter in 0..16 {
        let name = format!("{counter:x}");
        house.plant(&["n", OWN, REGION, "keys", &name], json!({ "v": 1, "r": { "keys": 100_000 / 16 } })).await;
    }
    let told = house.call(Op::CreateKey, json!({})).await;
    let full = refusal("LimitExceededException", "The limit of keys in this account and Region has been reached.");
    assert_eq!(told, full);
    house.key_of(&caller(OWN, "eu-west-1")).await;
    house.key_of(&caller(STRANGER, REGION)).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": first, "PendingWindowInDays": 7 })).await;
    assert_eq!(house.call(Op::CreateKey, json!({})).await, full, "a key that is pending deletion counts");
    house.advance_days(7);
    house.turn(common::MINUTE).await;
    house.key().await;
    assert_eq!(house.call(Op::CreateKey, json!({})).await, full);
}

#[tokio::test]
async fn a_description_is_replaced_but_not_of_a_key_that_is_going() {
    let house = House::new().await;
    let key = house.key().await;
    for description in ["one", "", "two \u{1f511}"] {
        let told = house.ok(Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": description })).await;
        assert_eq!(told, Value::Null);
        let told = house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
        assert_eq!(told["KeyMetadata"]["Description"], description);
    }
    let off = house.disabled_key().await;
    house.ok(Op::UpdateKeyDescription, json!({ "KeyId": off, "Description": "disabled keys have descriptions" })).await;
    let doomed = house.pending_key().await;
    let told = house.call(Op::UpdateKeyDescription, json!({ "KeyId": doomed, "Description": "no" })).await;
    assert_eq!(told, refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&doomed))));
    let told = house.call(Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": "x".repeat(8193) })).await;
    assert_eq!(name_of(&told), "ValidationException");
}

#[tokio::test]
async fn enabling_and_disabling_again_changes_nothing_and_succeeds() {
    let house = House::new().await;
    let key = house.key().await;
    for (op, state) in [
        (Op::EnableKey, "Enabled"),
        (Op::DisableKey, "Disabled"),
        (Op::DisableKey, "Disabled"),
        (Op::EnableKey, "Enabled"),
        (Op::EnableKey, "Enabled"),
    ] {
        assert_eq!(house.ok(op, json!({ "KeyId": arn(&key) })).await, Value::Null);
        assert_eq!(house.state(&key).await, state);
    }
    let doomed = house.pending_key().await;
    for op in [Op::EnableKey, Op::DisableKey] {
        let told = house.call(op, json!({ "KeyId": doomed })).await;
        assert_eq!(told, refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&doomed))));
    }
}

#[tokio::test]
async fn keys_are_listed_whole_and_in_order_whatever_the_page() {
    let house = House::with(Mode::Dev, |store| store).await;
    assert_eq!(
        house.text(Op::ListKeys, json!({})).await,
        r#"{"KeyCount":0,"Keys":[],"Truncated":false}"#,
        "an empty list is told"
    );
    let key = house.key().await;
    let entry = format!(r#"{{"KeyArn":"{}","KeyId":"{key}"}}"#, arn(&key));
    assert_eq!(
        house.text(Op::ListKeys, json!({})).await,
        format!(r#"{{"KeyCount":1,"Keys":[{entry}],"Truncated":false}}"#)
    );
    let mut keys = vec![key];
    for _ in 1..300 {
        keys.push(house.key().await);
    }
    keys.sort();
    for limit in [1, 7, 100, 255, 256, 257, 299, 300, 301, 1000] {
        let (mut listed, mut body) = (Vec::new(), json!({ "Limit": limit }));
        loop {
            let page = house.ok(Op::ListKeys, body).await;
            let told = page["Keys"].as_array().expect("a list");
            assert_eq!(page["KeyCount"], told.len());
            let truncated = page["Truncated"].as_bool().expect("always told");
            assert_eq!(page.get("NextMarker").is_some(), truncated, "a marker only where more follows");
            assert!(told.len() == limit || !truncated, "Limit {limit}: {} keys on a page", told.len());
            listed.extend(told.iter().map(|key| text_at(key, "/KeyId")));
            match page.get("NextMarker") {
                Some(marker) => body = json!({ "Limit": limit, "Marker": marker }),
                None => break,
            }
        }
        assert_eq!(listed, keys, "Limit {limit}");
    }
    assert_eq!(house.ok(Op::ListKeys, json!({})).await["Keys"].as_array().map(Vec::len), Some(100), "by default 100");
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_paged_leaves_out_nobody_who_was_always_there() {
    let house = House::with(Mode::Dev, |store| store).await;
    let mut keys: Vec<String> = Vec::new();
    for _ in 0..40 {
        keys.push(house.key().await);
    }
    keys.sort();
    let gone: Vec<String> = keys.iter().step_by(3).cloned().collect();
    for key in &gone {
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    }
    let first = house.ok(Op::ListKeys, json!({ "Limit": 10 })).await;
    let mut listed: Vec<String> =
        first["Keys"].as_array().expect("a list").iter().map(|key| text_at(key, "/KeyId")).collect();
    assert_eq!(listed, keys[..10], "keys pending deletion are listed");
    // The last key of the page goes, with others, and new ones come.
    house.advance_days(7);
    house.turn(common::MINUTE).await;
    let fresh: Vec<String> = [house.key().await, house.key().await].into();
    let mut marker = first["NextMarker"].clone();
    while !marker.is_null() {
        let page = house.ok(Op::ListKeys, json!({ "Limit": 10, "Marker": marker })).await;
        listed.extend(page["Keys"].as_array().expect("a list").iter().map(|key| text_at(key, "/KeyId")));
        marker = page["NextMarker"].clone();
    }
    let unique: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(unique.len(), listed.len(), "nobody is listed twice");
    let stayed: Vec<&String> = keys.iter().filter(|key| !gone.contains(key)).collect();
    assert!(stayed.iter().all(|key| unique.contains(key)), "whoever was always there is listed");
    let late = listed[10..].iter().filter(|key| gone.contains(key)).count();
    assert_eq!(late, 0, "who was gone before a page was asked for is not on it");
    assert!(listed.iter().all(|key| keys.contains(key) || fresh.contains(key)));
}

#[tokio::test]
async fn a_marker_is_good_for_its_own_list_and_nothing_else_is_a_marker() {
    let house = House::new().await;
    for _ in 0..3 {
        house.key().await;
    }
    let marker = house.ok(Op::ListKeys, json!({ "Limit": 1 })).await["NextMarker"].clone();
    let bad = refusal("InvalidMarkerException", "The marker is not valid.");
    let owners = json!(["SELF"]);
    assert_eq!(house.call(Op::ListKeys, json!({ "Marker": marker, "ResourceOwners": owners })).await, bad);
    for caller in [caller(STRANGER, REGION), caller(OWN, "eu-west-1")] {
        assert_eq!(house.call_as(&caller, Op::ListKeys, json!({ "Marker": marker })).await, bad, "another world's");
    }
    for marker in ["x", "00", NOBODY, &"f".repeat(1024), "ÿÿ"] {
        assert_eq!(house.call(Op::ListKeys, json!({ "Marker": marker })).await, bad, "{marker}");
    }
    for (body, rule) in [
        (
            json!({ "Limit": 0 }),
            "Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            json!({ "Limit": 1001 }),
            "Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000",
        ),
    ] {
        let told = house.call(Op::ListKeys, body).await;
        assert_eq!(told, invalid(&format!("1 validation error detected: {rule}")));
    }
}

#[tokio::test]
async fn resource_owners_choose_whose_keys_are_listed() {
    let house = House::new().await;
    let key = house.key().await;
    for (owners, keys) in [
        (json!(["SELF"]), vec![key.clone()]),
        (json!(["SELF", "OTHER_ACCOUNTS_VIA_RAM"]), vec![key.clone()]),
        (json!(["OTHER_ACCOUNTS_VIA_RAM"]), vec![]),
        (Value::Null, vec![key.clone()]),
    ] {
        let told = house.ok(Op::ListKeys, json!({ "ResourceOwners": owners })).await;
        let told: Vec<String> =
            told["Keys"].as_array().expect("a list").iter().map(|key| text_at(key, "/KeyId")).collect();
        assert_eq!(told, keys, "{owners}");
    }
    for owners in [json!([]), json!(["SELF", "SELF", "SELF"]), json!(["ELSE"])] {
        let told = house.call(Op::ListKeys, json!({ "ResourceOwners": owners })).await;
        assert_eq!(name_of(&told), "ValidationException", "{owners}");
    }
}

#[tokio::test]
async fn a_hundred_clients_that_make_and_switch_keys_at_once_all_succeed() {
    let house = Arc::new(House::new().await);
    let shared = house.key().await;
    let clients: Vec<_> = (0..100)
        .map(|n| {
            let (house, shared) = (house.clone(), shared.clone());
            tokio::spawn(async move {
                let own = house.key().await;
                house.ok(if n % 2 == 0 { Op::DisableKey } else { Op::EnableKey }, json!({ "KeyId": shared })).await;
                house.ok(Op::DisableKey, json!({ "KeyId": own })).await;
                assert_eq!(house.state(&own).await, "Disabled");
            })
        })
        .collect();
    for client in clients {
        client.await.expect("nobody was refused");
    }
    assert_eq!(house.ids().await.len(), 101);
}
