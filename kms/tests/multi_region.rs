//! Keys of several Regions: how they come to be, what they share, which one is the primary, and how they end.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use common::identities::{Keys, allow};
use common::import::{A, B, C, EXISTING, FOR_EVER, NEW, for_days};
use common::regions::{AT_WORK, SOUTH, WEST, arn_in};
use common::{House, NOON, OWN, REGION, Refusal, base64, name_of, refusal, text_at, with};
use kms::{Caller, Mode, Quotas, Scope};
use serde_json::{Value, json};
use store::testing::{Fate, Faulty};
use wire::Op;
use wire::sigv4::Head;

const GRACE: Duration = Duration::from_secs(24 * 3600);

fn of(key: &str) -> Value {
    json!({ "KeyId": key })
}

fn into(key: &str, region: &str) -> Value {
    json!({ "KeyId": key, "ReplicaRegion": region })
}

fn promote(key: &str, region: &str) -> Value {
    json!({ "KeyId": key, "PrimaryRegion": region })
}

fn missing(region: &str, key: &str) -> Result<Value, Refusal> {
    refusal("NotFoundException", format!("Key '{}' does not exist", arn_in(region, key)))
}

fn not_primary(region: &str, key: &str) -> Result<Value, Refusal> {
    refusal("UnsupportedOperationException", format!("{} is not a multi-region primary key.", arn_in(region, key)))
}

fn in_state(region: &str, key: &str, is: &str) -> Result<Value, Refusal> {
    refusal("KMSInvalidStateException", format!("{} is {is}.", arn_in(region, key)))
}

/// `MultiRegionConfiguration` as AWS has it.
fn configuration(key: &str, kind: &str, primary: &str, replicas: &[&str]) -> Value {
    let of = |region: &str| json!({ "Arn": arn_in(region, key), "Region": region });
    let replicas: Vec<_> = replicas.iter().map(|region| of(region)).collect();
    json!({ "MultiRegionKeyType": kind, "PrimaryKey": of(primary), "ReplicaKeys": replicas })
}

async fn encrypt(house: &House, region: &str, key: &str, plaintext: &str) -> String {
    let sealed = house.ok_in(region, Op::Encrypt, json!({ "KeyId": key, "Plaintext": plaintext })).await;
    text_at(&sealed, "/CiphertextBlob")
}

/// The plaintext and the material of a ciphertext, opened there without naming a key.
async fn opened(house: &House, region: &str, blob: &str) -> (String, String) {
    let told = house.ok_in(region, Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
    (text_at(&told, "/Plaintext"), text_at(&told, "/KeyMaterialId"))
}

async fn current(house: &House, region: &str, key: &str) -> String {
    text_at(&house.metadata_in(region, key).await, "/CurrentKeyMaterialId")
}

/// The names of the rows that differ between two moments, or are in one of them alone.
async fn written(house: &House, before: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let after = house.everything().await;
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect()
}

#[tokio::test]
async fn a_key_of_several_regions_begins_as_a_primary_and_its_id_says_so() {
    let house = House::new().await;
    let made = house.ok(Op::CreateKey, json!({ "MultiRegion": true })).await["KeyMetadata"].clone();
    let key = text_at(&made, "/KeyId");
    let digits = key.strip_prefix("mrk-").expect("the prefix that clients know such keys by");
    assert_eq!((digits.len(), hex::decode(digits).is_ok(), digits.to_lowercase() == digits), (32, true, true), "{key}");
    assert_eq!(made["MultiRegion"], true);
    assert_eq!(made["MultiRegionConfiguration"], configuration(&key, "PRIMARY", REGION, &[]));
    assert_eq!(house.metadata_in(REGION, &key).await, made, "CreateKey and DescribeKey tell the same");
    assert_eq!(house.ids().await, std::slice::from_ref(&key));
    assert_eq!(house.call_in(WEST, Op::DescribeKey, of(&key)).await, missing(WEST, &key), "it is there alone");

    let other = house.ok(Op::CreateKey, json!({ "MultiRegion": false })).await["KeyMetadata"].clone();
    assert_eq!(other["MultiRegion"], false);
    assert_eq!(other.get("MultiRegionConfiguration"), None);
    assert!(!text_at(&other, "/KeyId").starts_with("mrk-"));
}

#[tokio::test]
async fn a_replica_is_told_as_it_was_recorded_and_is_creating_for_a_moment() {
    let house = House::new().await;
    let key = house.primary_as(json!({ "Description": "the primary's own" })).await;
    let told = house.replicate(&key, WEST).await;
    let made = &told["ReplicaKeyMetadata"];
    for (member, value) in [
        ("KeyState", json!("Creating")),
        ("Enabled", json!(false)),
        ("Description", json!("")),
        ("Arn", json!(arn_in(WEST, &key))),
        ("KeyId", json!(key)),
        ("MultiRegion", json!(true)),
        ("MultiRegionConfiguration", configuration(&key, "REPLICA", REGION, &[WEST])),
        ("Origin", json!("AWS_KMS")),
        ("KeySpec", json!("SYMMETRIC_DEFAULT")),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert_eq!(made.get("CurrentKeyMaterialId"), None);
    let policy = house.ok_in(WEST, Op::GetKeyPolicy, of(&key)).await["Policy"].clone();
    assert_eq!((&told["ReplicaPolicy"], told.get("ReplicaTags")), (&policy, None));
    assert_eq!(policy, house.ok(Op::GetKeyPolicy, of(&key)).await["Policy"], "the default one");

    assert_eq!(house.metadata_in(WEST, &key).await, *made);
    let used = house.call_in(WEST, Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })).await;
    assert_eq!(used, in_state(WEST, &key, "creating"));
    house.advance_seconds(AT_WORK);
    let after = house.metadata_in(WEST, &key).await;
    assert_eq!((&after["KeyState"], &after["Enabled"]), (&json!("Enabled"), &json!(true)));
    assert_eq!(text_at(&after, "/CurrentKeyMaterialId"), current(&house, REGION, &key).await);
    let primary = house.metadata_in(REGION, &key).await;
    assert_eq!(primary["MultiRegionConfiguration"], configuration(&key, "PRIMARY", REGION, &[WEST]));
    assert_eq!((&primary["Description"], &primary["KeyState"]), (&json!("the primary's own"), &json!("Enabled")));
}

#[tokio::test]
async fn a_replica_has_the_policy_the_tags_and_the_description_that_it_was_made_with() {
    let house = House::new().await;
    let key = house.primary_as(json!({ "Tags": [{ "TagKey": "of", "TagValue": "primary" }] })).await;
    let (tags, policy) = (json!([{ "TagKey": "of", "TagValue": "replica" }]), common::sample::policy("replica"));
    let body = with(into(&key, WEST), json!({ "Description": "its own", "Tags": tags, "Policy": policy }));
    let told = house.ok(Op::ReplicateKey, body).await;
    assert_eq!((&told["ReplicaTags"], &told["ReplicaKeyMetadata"]["Description"]), (&tags, &json!("its own")));
    assert_eq!(told["ReplicaPolicy"], house.ok_in(WEST, Op::GetKeyPolicy, of(&key)).await["Policy"]);
    assert!(text_at(&told, "/ReplicaPolicy").contains(r#""Id" : "replica""#), "{told}");
    assert_eq!(house.ok_in(WEST, Op::ListResourceTags, of(&key)).await["Tags"], tags);
    assert_eq!(house.ok(Op::ListResourceTags, of(&key)).await["Tags"][0]["TagValue"], "primary");
}

#[tokio::test]
async fn what_one_region_encrypts_every_other_decrypts() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST, SOUTH]).await;
    for from in [REGION, WEST, SOUTH] {
        let blob = encrypt(&house, from, &key, "eA==").await;
        for to in [REGION, WEST, SOUTH] {
            assert_eq!(opened(&house, to, &blob).await.0, "eA==", "from {from} to {to}");
            let told = house.ok_in(to, Op::Decrypt, json!({ "CiphertextBlob": blob, "KeyId": key })).await;
            assert_eq!(text_at(&told, "/KeyId"), arn_in(to, &key), "the key that was used is the one there");
        }
        let told = house.call_in("eu-west-2", Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        assert_eq!(name_of(&told), "AccessDeniedException", "it is not there");
    }
}

/// Each with a call in one Region and what another makes of the answer.
#[tokio::test]
async fn keys_of_every_kind_have_one_material_in_all_regions() {
    let house = House::new().await;
    let kind = |spec: &str, usage: &str| json!({ "KeySpec": spec, "KeyUsage": usage });
    let message = base64("a message");

    let key = house.key_in(kind("ECC_NIST_P256", "SIGN_VERIFY"), &[WEST]).await;
    let sign = json!({ "KeyId": key, "Message": message, "SigningAlgorithm": "ECDSA_SHA_256" });
    let signed = house.ok_in(WEST, Op::Sign, sign.clone()).await;
    let verify = with(sign, json!({ "Signature": signed["Signature"] }));
    assert_eq!(house.ok(Op::Verify, verify).await["SignatureValid"], true);
    let public = house.ok(Op::GetPublicKey, of(&key)).await["PublicKey"].clone();
    assert_eq!(house.ok_in(WEST, Op::GetPublicKey, of(&key)).await["PublicKey"], public);
    assert_eq!(house.metadata_in(WEST, &key).await.get("CurrentKeyMaterialId"), None);

    let key = house.key_in(kind("HMAC_256", "GENERATE_VERIFY_MAC"), &[WEST]).await;
    let asked = json!({ "KeyId": key, "Message": message, "MacAlgorithm": "HMAC_SHA_256" });
    let mac = house.ok(Op::GenerateMac, asked.clone()).await["Mac"].clone();
    assert_eq!(house.ok_in(WEST, Op::GenerateMac, asked).await["Mac"], mac);

    let key = house.key_in(kind("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"), &[WEST]).await;
    let asked = json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" });
    let made = house.ok(Op::Encapsulate, asked.clone()).await;
    let blob = json!({ "SharedSecretCiphertextBlob": made["SharedSecretCiphertextBlob"] });
    assert_eq!(house.ok_in(WEST, Op::Decapsulate, with(asked, blob)).await["SharedSecret"], made["SharedSecret"]);
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>: what is not shared.
#[tokio::test]
async fn what_is_done_to_one_key_of_a_set_is_not_done_to_the_others() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let tag = json!([{ "TagKey": "stage", "TagValue": "test" }]);
    let grantee = format!("arn:aws:iam::{OWN}:root");
    for (here, there) in [(REGION, WEST), (WEST, REGION)] {
        for (op, members) in [
            (Op::UpdateKeyDescription, json!({ "Description": here })),
            (Op::TagResource, json!({ "Tags": tag })),
            (Op::PutKeyPolicy, json!({ "Policy": common::sample::policy(here) })),
            (Op::CreateGrant, json!({ "GranteePrincipal": grantee, "Operations": ["Encrypt"] })),
            (Op::DisableKey, json!({})),
        ] {
            house.ok_in(here, op, with(of(&key), members)).await;
        }
        house.ok_in(here, Op::CreateAlias, json!({ "AliasName": "alias/a", "TargetKeyId": key })).await;
        let after = house.metadata_in(there, &key).await;
        assert_eq!((&after["Description"], &after["KeyState"]), (&json!(""), &json!("Enabled")), "{there}");
        assert_eq!(house.ok_in(there, Op::ListResourceTags, of(&key)).await["Tags"], json!([]));
        assert_eq!(house.ok_in(there, Op::ListGrants, of(&key)).await["Grants"], json!([]));
        assert_eq!(house.ok_in(there, Op::ListAliases, of(&key)).await["Aliases"], json!([]));
        assert!(!text_at(&house.ok_in(there, Op::GetKeyPolicy, of(&key)).await, "/Policy").contains(here));
        // And undone, for the other way round.
        for (op, members) in [
            (Op::EnableKey, json!({})),
            (Op::UpdateKeyDescription, json!({ "Description": "" })),
            (Op::UntagResource, json!({ "TagKeys": ["stage"] })),
            (Op::PutKeyPolicy, json!({ "Policy": common::sample::policy("x") })),
        ] {
            house.ok_in(here, op, with(of(&key), members)).await;
        }
        house.ok_in(here, Op::DeleteAlias, json!({ "AliasName": "alias/a" })).await;
        let grant = text_at(&house.ok_in(here, Op::ListGrants, of(&key)).await, "/Grants/0/GrantId");
        house.ok_in(here, Op::RevokeGrant, with(of(&key), json!({ "GrantId": grant }))).await;
    }
}

#[tokio::test]
async fn what_a_region_has_for_itself_is_written_there_alone() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    house.ok(Op::EnableKeyRotation, of(&key)).await;
    house.turn(Duration::ZERO).await;
    let own = |region: &str| format!("k/{OWN}/{region}/{key}");
    let set = format!("s/{OWN}/{key}");
    let description = json!({ "Description": "another" });
    for (region, op, members, also) in [
        (REGION, Op::UpdateKeyDescription, description.clone(), None),
        (WEST, Op::UpdateKeyDescription, description, None),
        (WEST, Op::DisableKey, json!({}), None),
        (WEST, Op::EnableKey, json!({}), None),
        // A date of the primary's rotation may be missed from here on, which is the set's to know.
        (REGION, Op::DisableKey, json!({}), Some(&set)),
        // Others wait for its end.
        (WEST, Op::ScheduleKeyDeletion, json!({}), Some(&set)),
    ] {
        let before = house.everything().await;
        house.ok_in(region, op, with(of(&key), members)).await;
        let mut names = written(&house, &before).await;
        names.retain(|name| !name.starts_with("d/"));
        let expected: Vec<_> = [own(region)].into_iter().chain(also.cloned()).collect();
        assert_eq!(names, expected, "{op:?} in {region}");
    }
}

#[tokio::test]
async fn a_rotation_of_the_primary_is_one_change_that_every_region_sees() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST, SOUTH]).await;
    let old = (encrypt(&house, WEST, &key, "b2xk").await, current(&house, REGION, &key).await);
    let before = house.everything().await;
    house.ok(Op::RotateKeyOnDemand, of(&key)).await;
    let new = current(&house, REGION, &key).await;
    let names = written(&house, &before).await;
    let expected = [
        format!("e/{OWN}/*/{key}/{new}"),
        format!("k/{OWN}/{REGION}/{key}"),
        format!("s/{OWN}/{key}"),
        format!("x/{OWN}/*/{key}/m/{new}"),
    ];
    assert_eq!(names, expected, "the material, the set, and one record of a key");
    for region in [REGION, WEST, SOUTH] {
        assert_eq!(current(&house, region, &key).await, new, "{region}");
        assert_eq!(opened(&house, region, &old.0).await, ("b2xk".to_owned(), old.1.clone()), "{region}");
        let blob = encrypt(&house, region, &key, "bmV3").await;
        assert_eq!(opened(&house, WEST, &blob).await, ("bmV3".to_owned(), new.clone()), "{region}");
        let told = house.ok_in(region, Op::ListKeyRotations, of(&key)).await;
        assert_eq!(told["Rotations"].as_array().map(Vec::len), Some(1), "{region}");
        assert_eq!(told["Rotations"][0]["KeyId"], arn_in(region, &key));
    }
    house.replicate(&key, "eu-west-2").await;
    house.advance_seconds(AT_WORK);
    assert_eq!(opened(&house, "eu-west-2", &old.0).await.0, "b2xk", "a new replica has every material");
}

#[tokio::test]
async fn automatic_rotation_is_the_primarys_and_its_date_the_sets() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    house.ok(Op::EnableKeyRotation, with(of(&key), json!({ "RotationPeriodInDays": 90 }))).await;
    house.turn(Duration::ZERO).await;
    let status = |region| house.ok_in(region, Op::GetKeyRotationStatus, of(&key));
    let primary = status(REGION).await;
    assert_eq!((&primary["KeyRotationEnabled"], &primary["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    assert_eq!(status(WEST).await["NextRotationDate"], primary["NextRotationDate"]);
    let due: Vec<_> = house.rows(b"d\0").await.iter().map(|row| common::readable(&row.key)).collect();
    assert_eq!(due.len(), 1, "{due:?}");
    assert!(due[0].ends_with(&format!("{REGION}/{key}")), "only the primary has a date to rotate on: {due:?}");

    // A replica that is disabled holds nothing up, and the date is kept to the day.
    house.ok_in(WEST, Op::DisableKey, of(&key)).await;
    let old = current(&house, REGION, &key).await;
    house.advance_days(100);
    house.turn(Duration::ZERO).await;
    assert_ne!(current(&house, REGION, &key).await, old);
    assert_eq!(current(&house, REGION, &key).await, current(&house, WEST, &key).await);
    let rotation = house.ok_in(WEST, Op::ListKeyRotations, of(&key)).await["Rotations"][0].clone();
    let date = NOON.plus_seconds(AT_WORK).plus_days(90).0 as f64 / 1000.0;
    assert_eq!((&rotation["RotationType"], &rotation["RotationDate"]), (&json!("AUTOMATIC"), &json!(date)));
    assert_eq!(house.count("RotateKey"), 1, "once, whatever Regions there are");

    house.ok(Op::DisableKeyRotation, of(&key)).await;
    assert_eq!(status(WEST).await["KeyRotationEnabled"], false);
}

#[tokio::test]
async fn what_is_the_primarys_to_do_is_refused_to_all_others() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let single = house.key().await;
    for (op, members) in [
        (Op::EnableKeyRotation, json!({})),
        (Op::DisableKeyRotation, json!({})),
        (Op::RotateKeyOnDemand, json!({})),
        (Op::ReplicateKey, json!({ "ReplicaRegion": SOUTH })),
        (Op::UpdatePrimaryRegion, json!({ "PrimaryRegion": WEST })),
    ] {
        let before = house.everything().await;
        let told = house.call_in(WEST, op, with(of(&key), members.clone())).await;
        assert_eq!(told, not_primary(WEST, &key), "{op:?} of a replica");
        if matches!(op, Op::ReplicateKey | Op::UpdatePrimaryRegion) {
            let told = house.call(op, with(of(&single), members)).await;
            assert_eq!(told, not_primary(REGION, &single), "{op:?} of a key of one Region");
        }
        assert_eq!(house.everything().await, before, "{op:?} changed something");
    }
}

#[tokio::test]
async fn a_replica_is_made_where_none_is_and_in_the_partition_of_its_primary() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let exists = |region| {
        let text = format!("A key with the ARN {} already exists", arn_in(region, &key));
        refusal("AlreadyExistsException", text)
    };
    let elsewhere = |region: &str| {
        let text = format!("{region} is not in the partition of this key: a key has replicas in its own only.");
        refusal("UnsupportedOperationException", text)
    };
    let before = house.everything().await;
    for (region, expected) in [
        (REGION, exists(REGION)),
        (WEST, exists(WEST)),
        ("cn-north-1", elsewhere("cn-north-1")),
        ("us-gov-west-1", elsewhere("us-gov-west-1")),
    ] {
        assert_eq!(house.call(Op::ReplicateKey, into(&key, region)).await, expected, "{region}");
    }
    let told = house.call(Op::ReplicateKey, into(&key, "Mars")).await;
    assert_eq!(name_of(&told), "ValidationException");
    for (body, name) in [
        (with(into(&key, SOUTH), json!({ "Policy": "{}" })), "MalformedPolicyDocumentException"),
        (with(into(&key, SOUTH), json!({ "Policy": common::sample::policy_of(40_000) })), "LimitExceededException"),
        (with(into(&key, SOUTH), json!({ "Tags": [{ "TagKey": "aws:x", "TagValue": "" }] })), "TagException"),
        (into("alias/x", SOUTH), "InvalidArnException"),
        (into(&arn_in(WEST, &key), SOUTH), "NotFoundException"),
        (into(common::NOBODY, SOUTH), "NotFoundException"),
    ] {
        assert_eq!(name_of(&house.call(Op::ReplicateKey, body.clone()).await), name, "{body}");
    }
    assert_eq!(house.everything().await, before, "nothing was written");
    house.replicate(&arn_in(REGION, &key), SOUTH).await;
    assert_eq!(house.state_in(SOUTH, &key).await.as_deref(), Some("Creating"), "the ARN of the primary names it too");
}

#[tokio::test]
async fn a_primary_that_cannot_be_used_cannot_be_replicated() {
    let house = House::new().await;
    let key = house.primary_as(json!({})).await;
    house.ok(Op::DisableKey, of(&key)).await;
    let told = house.call(Op::ReplicateKey, into(&key, WEST)).await;
    assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", arn_in(REGION, &key))));
    house.ok(Op::ScheduleKeyDeletion, of(&key)).await;
    assert_eq!(house.call(Op::ReplicateKey, into(&key, WEST)).await, in_state(REGION, &key, "pending deletion"));
    let empty = house.primary_as(json!({ "Origin": "EXTERNAL" })).await;
    assert_eq!(house.call(Op::ReplicateKey, into(&empty, WEST)).await, in_state(REGION, &empty, "pending import"));
}

#[tokio::test]
async fn a_key_is_in_twenty_regions_at_most_and_a_quota_counts_it_in_each() {
    let house = House::new().await;
    let key = house.primary_as(json!({})).await;
    for number in 1..20 {
        house.replicate(&key, &format!("eu-far-{number}")).await;
    }
    let told = house.call(Op::ReplicateKey, into(&key, "eu-far-20")).await;
    let text = "The limit of Regions of this key has been reached.";
    assert_eq!(told, refusal("LimitExceededException", text));

    let house = house.again_with(Quotas { keys: 1, ..Quotas::default() }).await;
    let key = house.call_in("eu-north-1", Op::CreateKey, json!({ "MultiRegion": true })).await.expect("the first");
    let key = text_at(&key, "/KeyMetadata/KeyId");
    let told = house.call_in("eu-north-1", Op::ReplicateKey, into(&key, "eu-far-1")).await;
    let text = "The limit of keys in this account and Region has been reached.";
    assert_eq!(told, refusal("LimitExceededException", text));
    house.ok_in("eu-north-1", Op::ReplicateKey, into(&key, "eu-north-2")).await;
    let told = house.call_in("eu-north-2", Op::CreateKey, json!({})).await;
    assert_eq!(told, refusal("LimitExceededException", text), "the replica is the one key there");
}

#[tokio::test]
async fn another_region_becomes_the_primary_and_both_are_updating_for_a_moment() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST, SOUTH]).await;
    let blob = encrypt(&house, SOUTH, &key, "eA==").await;
    assert_eq!(house.ok(Op::UpdatePrimaryRegion, promote(&key, WEST)).await, Value::Null);
    let expected = |kind| configuration(&key, kind, WEST, &[SOUTH, REGION]);
    for (region, state, kind) in
        [(REGION, "Updating", "REPLICA"), (WEST, "Updating", "PRIMARY"), (SOUTH, "Enabled", "REPLICA")]
    {
        let told = house.metadata_in(region, &key).await;
        assert_eq!(told["KeyState"], state, "{region}");
        assert_eq!(told["Enabled"], state == "Enabled", "{region}");
        assert_eq!(told["MultiRegionConfiguration"], expected(kind), "{region}");
        assert_eq!(opened(&house, region, &blob).await.0, "eA==", "{region}: updating keys are used");
        encrypt(&house, region, &key, "eA==").await;
    }
    for (region, op, members) in [
        (REGION, Op::DisableKey, json!({})),
        (WEST, Op::EnableKey, json!({})),
        (WEST, Op::ScheduleKeyDeletion, json!({})),
        (WEST, Op::ReplicateKey, json!({ "ReplicaRegion": "eu-west-2" })),
    ] {
        let told = house.call_in(region, op, with(of(&key), members)).await;
        assert_eq!(told, in_state(region, &key, "updating"), "{op:?} in {region}");
    }
    house.advance_seconds(AT_WORK);
    for region in [REGION, WEST, SOUTH] {
        assert_eq!(house.state_in(region, &key).await.as_deref(), Some("Enabled"), "{region}");
    }
    assert_eq!(house.call(Op::ReplicateKey, into(&key, "eu-west-2")).await, not_primary(REGION, &key));
    house.ok_in(WEST, Op::ReplicateKey, into(&key, "eu-west-2")).await;
    house.ok_in(WEST, Op::RotateKeyOnDemand, of(&key)).await;
    assert_eq!(current(&house, REGION, &key).await, current(&house, WEST, &key).await);
}

#[tokio::test]
async fn rotation_goes_on_at_its_date_in_the_new_primary() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    house.ok(Op::EnableKeyRotation, with(of(&key), json!({ "RotationPeriodInDays": 90 }))).await;
    let date = house.ok(Op::GetKeyRotationStatus, of(&key)).await["NextRotationDate"].clone();
    house.ok(Op::UpdatePrimaryRegion, promote(&key, WEST)).await;
    house.advance_seconds(AT_WORK);
    house.turn(Duration::ZERO).await;
    let due: Vec<_> = house.rows(b"d\0").await.iter().map(|row| common::readable(&row.key)).collect();
    assert!(due.len() == 1 && due[0].ends_with(&format!("{WEST}/{key}")), "{due:?}");
    // The old primary is a replica like any other now: what happens to it holds up nothing.
    house.ok(Op::DisableKey, of(&key)).await;
    house.advance_days(91);
    house.turn(Duration::ZERO).await;
    let rotation = house.ok_in(WEST, Op::ListKeyRotations, of(&key)).await["Rotations"][0].clone();
    assert_eq!(rotation["RotationDate"], date);
    let event = house.records().into_iter().find(|record| record["eventName"] == "RotateKey").expect("an event");
    assert_eq!(event["awsRegion"], WEST);
}

#[tokio::test]
async fn a_primary_is_changed_for_an_enabled_replica_that_is_there() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let told = house.call(Op::UpdatePrimaryRegion, promote(&key, SOUTH)).await;
    assert_eq!(told, missing(SOUTH, &key));
    let told = house.call(Op::UpdatePrimaryRegion, promote(&key, REGION)).await;
    let text = format!("{} is the primary key already.", arn_in(REGION, &key));
    assert_eq!(told, refusal("UnsupportedOperationException", text));
    house.replicate(&key, SOUTH).await;
    let told = house.call(Op::UpdatePrimaryRegion, promote(&key, SOUTH)).await;
    assert_eq!(told, in_state(SOUTH, &key, "creating"));
    house.ok_in(WEST, Op::DisableKey, of(&key)).await;
    let told = house.call(Op::UpdatePrimaryRegion, promote(&key, WEST)).await;
    assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", arn_in(WEST, &key))));
    house.ok_in(WEST, Op::ScheduleKeyDeletion, of(&key)).await;
    let told = house.call(Op::UpdatePrimaryRegion, promote(&key, WEST)).await;
    assert_eq!(told, in_state(WEST, &key, "pending deletion"));
    house.ok(Op::DisableKey, of(&key)).await;
    let told = house.call(Op::UpdatePrimaryRegion, promote(&key, WEST)).await;
    assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", arn_in(REGION, &key))));
}

#[tokio::test]
async fn a_primary_waits_for_its_last_replica_and_then_its_own_days() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST, SOUTH]).await;
    let days = |days: i64| with(of(&key), json!({ "PendingWindowInDays": days }));
    let date = |days: i64| json!(house.now().plus_days(days).0 as f64 / 1000.0);
    let told = house.ok(Op::ScheduleKeyDeletion, days(10)).await;
    let expected = json!({
        "KeyId": arn_in(REGION, &key), "KeyState": "PendingReplicaDeletion", "PendingWindowInDays": 10
    });
    assert_eq!(told, expected);
    let waiting = house.metadata_in(REGION, &key).await;
    assert_eq!(waiting["PendingDeletionWindowInDays"], 10);
    assert_eq!((waiting.get("DeletionDate"), &waiting["Enabled"]), (None, &json!(false)));
    assert_eq!(house.state_in(WEST, &key).await.as_deref(), Some("Enabled"), "a replica has its own state");
    encrypt(&house, WEST, &key, "eA==").await;
    assert_eq!(house.call(Op::ScheduleKeyDeletion, days(7)).await, in_state(REGION, &key, "pending deletion"));

    let told = house.ok_in(WEST, Op::ScheduleKeyDeletion, days(7)).await;
    assert_eq!((&told["KeyState"], &told["DeletionDate"]), (&json!("PendingDeletion"), &date(7)));
    house.ok_in(SOUTH, Op::ScheduleKeyDeletion, days(8)).await;
    house.advance_days(7);
    assert_eq!(house.call_in(WEST, Op::DescribeKey, of(&key)).await, missing(WEST, &key));
    let waiting = house.metadata_in(REGION, &key).await;
    assert_eq!(waiting["MultiRegionConfiguration"], configuration(&key, "PRIMARY", REGION, &[SOUTH]));
    assert_eq!(waiting["KeyState"], "PendingReplicaDeletion", "one is still there");
    // The last replica is promised a longer life, and the primary waits on.
    house.ok_in(SOUTH, Op::CancelKeyDeletion, of(&key)).await;
    house.advance_days(10);
    assert_eq!(house.state_in(REGION, &key).await.as_deref(), Some("PendingReplicaDeletion"));
    let end = date(7 + 10);
    house.ok_in(SOUTH, Op::ScheduleKeyDeletion, days(7)).await;
    house.advance_days(7);
    // Nobody has turned anything: the state follows from the dates.
    let pending = house.metadata_in(REGION, &key).await;
    assert_eq!((&pending["KeyState"], &pending["DeletionDate"]), (&json!("PendingDeletion"), &end));
    assert_eq!(pending.get("PendingDeletionWindowInDays"), None);
    assert_eq!(pending["MultiRegionConfiguration"], configuration(&key, "PRIMARY", REGION, &[]));
    house.advance_days(10);
    assert_eq!(house.call(Op::DescribeKey, of(&key)).await, missing(REGION, &key));
}

/// Whether or not a turn of time writes down what has happened.
#[tokio::test]
async fn the_last_of_a_set_takes_everything_along_and_no_replica_does() {
    for turns in [false, true] {
        let house = House::with(Mode::Dev, |store| store).await;
        let key = house.key_in(json!({}), &[WEST]).await;
        house.ok(Op::RotateKeyOnDemand, of(&key)).await;
        let blob = encrypt(&house, WEST, &key, "eA==").await;
        for region in [REGION, WEST] {
            let body = with(of(&key), json!({ "PendingWindowInDays": 7 }));
            house.ok_in(region, Op::ScheduleKeyDeletion, body).await;
        }
        house.advance_days(7);
        if turns {
            house.turn(Duration::ZERO).await;
            assert!(house.rows(&[b"k\0", OWN.as_bytes(), b"\0", WEST.as_bytes()].concat()).await.is_empty());
            assert_eq!(house.rows(format!("e\0{OWN}\0*\0{key}").as_bytes()).await.len(), 2, "the set's materials");
            assert_eq!(house.rows(b"d\0").await.len(), 1, "the primary's date is listed");
        }
        assert_eq!(house.state_in(REGION, &key).await.as_deref(), Some("PendingDeletion"));
        house.advance_days(7);
        // One turn destroys the replica if that was not done, and the next the primary.
        house.turn(Duration::ZERO).await;
        house.turn(Duration::ZERO).await;
        let left: Vec<_> = house.everything().await.into_keys().filter(|name| name.contains(&key)).collect();
        assert_eq!(left, [""; 0], "turned before: {turns}");
        assert_eq!(name_of(&house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await), "AccessDeniedException");
        assert_eq!(house.count("DeleteKey"), 2, "one of each Region");
    }
}

/// After a standstill both are due at once, and the primary stands first in every index.
#[tokio::test]
async fn a_primary_goes_after_its_replicas_wherever_they_are() {
    let house = House::with(Mode::Dev, |store| store).await;
    let far = "us-west-2";
    let key = house.key_in(json!({}), &[far]).await;
    let body = with(of(&key), json!({ "PendingWindowInDays": 7 }));
    house.ok_in(far, Op::ScheduleKeyDeletion, body.clone()).await;
    house.advance_days(8);
    let told = house.ok(Op::ScheduleKeyDeletion, body).await;
    assert_eq!(told["KeyState"], "PendingDeletion", "its replica is gone, and nobody has cleared it away");
    house.advance_days(8);
    for _ in 0..2 {
        house.turn(Duration::ZERO).await;
    }
    let left: Vec<_> = house.everything().await.into_keys().filter(|name| name.contains(&key)).collect();
    assert_eq!(left, [""; 0]);
    assert_eq!(house.count("DeleteKey"), 2);
}

#[tokio::test]
async fn a_primary_comes_back_from_its_deletion_disabled_and_its_replicas_are_as_they_were() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    house.ok(Op::ScheduleKeyDeletion, of(&key)).await;
    house.ok(Op::CancelKeyDeletion, of(&key)).await;
    let back = house.metadata_in(REGION, &key).await;
    assert_eq!((&back["KeyState"], back.get("PendingDeletionWindowInDays")), (&json!("Disabled"), None));
    assert_eq!(house.state_in(WEST, &key).await.as_deref(), Some("Enabled"));
    // Also while its own days run already.
    for region in [REGION, WEST] {
        house.ok_in(region, Op::ScheduleKeyDeletion, with(of(&key), json!({ "PendingWindowInDays": 7 }))).await;
    }
    house.advance_days(8);
    assert_eq!(house.state_in(REGION, &key).await.as_deref(), Some("PendingDeletion"));
    house.ok(Op::CancelKeyDeletion, of(&key)).await;
    house.ok(Op::EnableKey, of(&key)).await;
    let told = house.ok(Op::ScheduleKeyDeletion, with(of(&key), json!({ "PendingWindowInDays": 7 }))).await;
    assert_eq!(told["KeyState"], "PendingDeletion", "it has no replica to wait for");
}

#[tokio::test]
async fn a_replica_is_made_again_once_the_last_one_is_really_gone_and_has_its_material() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let blob = encrypt(&house, WEST, &key, "eA==").await;
    let body = with(of(&key), json!({ "PendingWindowInDays": 7 }));
    house.ok_in(WEST, Op::UpdateKeyDescription, with(of(&key), json!({ "Description": "the first" }))).await;
    house.ok_in(WEST, Op::ScheduleKeyDeletion, body).await;
    let again = || house.call(Op::ReplicateKey, into(&key, WEST));
    assert_eq!(name_of(&again().await), "AlreadyExistsException", "it is pending deletion");
    house.advance_days(8);
    house.turn(Duration::ZERO).await;
    assert_eq!(name_of(&again().await), "AlreadyExistsException", "it waits for its destruction");
    house.turn(GRACE).await;
    let told = again().await.expect("nothing of it is left");
    assert_eq!(told["ReplicaKeyMetadata"]["Description"], "");
    house.advance_seconds(AT_WORK);
    assert_eq!(opened(&house, WEST, &blob).await.0, "eA==", "the same key id and the same material");
}

#[tokio::test]
async fn a_clock_that_is_set_back_holds_no_replica_in_its_creation() {
    let house = House::new().await;
    let key = house.primary_as(json!({})).await;
    house.replicate(&key, WEST).await;
    house.advance_days(-30);
    assert_eq!(house.state_in(WEST, &key).await.as_deref(), Some("Enabled"));
    encrypt(&house, WEST, &key, "eA==").await;
}

#[tokio::test]
async fn a_primary_waits_for_its_replicas_whatever_a_clock_said_meanwhile() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let blob = encrypt(&house, WEST, &key, "eA==").await;
    for region in [REGION, WEST] {
        house.ok_in(region, Op::ScheduleKeyDeletion, with(of(&key), json!({ "PendingWindowInDays": 7 }))).await;
    }
    house.advance_days(60);
    house.turn(Duration::ZERO).await;
    assert_eq!(house.call(Op::DescribeKey, of(&key)).await, missing(REGION, &key), "both seem to be gone");
    house.advance_days(-60);
    house.turn(Duration::from_secs(60)).await;
    assert_eq!(house.state_in(REGION, &key).await.as_deref(), Some("PendingReplicaDeletion"));
    house.ok_in(WEST, Op::CancelKeyDeletion, of(&key)).await;
    house.ok_in(WEST, Op::EnableKey, of(&key)).await;
    house.advance_days(60);
    house.turn(2 * GRACE).await;
    assert_eq!(house.state_in(REGION, &key).await.as_deref(), Some("PendingReplicaDeletion"));
    assert_eq!(opened(&house, WEST, &blob).await.0, "eA==");
}

#[tokio::test]
async fn imported_material_is_imported_into_every_region_and_has_one_id() {
    let house = House::new().await;
    let key = house.imported_in(&A, &[WEST]).await;
    let id = current(&house, REGION, &key).await;
    let replica = house.metadata_in(WEST, &key).await;
    assert_eq!((&replica["KeyState"], &replica["Origin"]), (&json!("PendingImport"), &json!("EXTERNAL")));
    assert_eq!(replica["CurrentKeyMaterialId"], id, "known before it is there");
    let told = house.call_in(WEST, Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })).await;
    assert_eq!(told, in_state(WEST, &key, "pending import"));
    let told = house.import_in(WEST, &key, &B, json!({})).await;
    assert_eq!(told.expect_err("another").0, "IncorrectKeyMaterialException");
    assert_eq!(house.import_in(WEST, &key, &A, for_days(house.now(), 5)).await, Ok(id.clone()));
    let blob = encrypt(&house, WEST, &key, "eA==").await;
    assert_eq!(opened(&house, REGION, &blob).await, ("eA==".to_owned(), id.clone()));
    // Presence and expiry are each Region's own.
    assert_eq!(house.metadata_in(REGION, &key).await["ExpirationModel"], FOR_EVER);
    house.advance_days(6);
    assert_eq!(house.state_in(WEST, &key).await.as_deref(), Some("PendingImport"));
    assert_eq!(opened(&house, REGION, &blob).await.0, "eA==");
    house.import_in(WEST, &key, &A, json!({})).await.expect("it comes back");
    house.ok(Op::DeleteImportedKeyMaterial, of(&key)).await;
    assert_eq!(house.state_in(REGION, &key).await.as_deref(), Some("PendingImport"));
    assert_eq!(opened(&house, WEST, &blob).await.0, "eA==", "what was deleted is that Region's alone");
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html#rotating-keys-imported>, step by step.
#[tokio::test]
async fn the_next_material_waits_until_every_replica_has_imported_it() {
    let house = House::new().await;
    let key = house.imported_in(&A, &[WEST, SOUTH]).await;
    for region in [WEST, SOUTH] {
        house.import_in(region, &key, &A, json!({})).await.expect("the first");
    }
    let first = current(&house, REGION, &key).await;
    let named = json!({ "ImportType": NEW, "KeyMaterialDescription": "the next" });
    let next = house.import_in(REGION, &key, &B, named).await.expect("new");
    let (multi, waits, here, not) =
        ("PENDING_MULTI_REGION_IMPORT_AND_ROTATION", "PENDING_ROTATION", "IMPORTED", "PENDING_IMPORT");
    let seen = |region| {
        let (house, key, next) = (&house, &key, &next);
        async move {
            let (id, state, import) = house.materials_in(region, key).await.pop().expect("two materials");
            assert_eq!(id, *next, "{region}");
            (state, import)
        }
    };
    let none = format!("No available key material pending rotation for the key: {}.", arn_in(REGION, &key));
    for (imported, expected) in [
        (None, [(REGION, multi, here), (WEST, multi, not), (SOUTH, multi, not)]),
        (Some(WEST), [(REGION, multi, here), (WEST, multi, here), (SOUTH, multi, not)]),
        (Some(SOUTH), [(REGION, waits, here), (WEST, waits, here), (SOUTH, waits, here)]),
    ] {
        if let Some(region) = imported {
            let told = house.call(Op::RotateKeyOnDemand, of(&key)).await;
            assert_eq!(told, refusal("KMSInvalidStateException", none.clone()));
            let members = json!({ "ImportType": EXISTING, "KeyMaterialId": next });
            assert_eq!(house.import_in(region, &key, &B, members).await, Ok(next.clone()));
        }
        for (region, state, import) in expected {
            assert_eq!(seen(region).await, (state.to_owned(), import.to_owned()), "{region} after {imported:?}");
            assert_eq!(house.state_in(region, &key).await.as_deref(), Some("Enabled"), "it is not needed yet");
            assert_eq!(current(&house, region, &key).await, first);
        }
    }
    let body = with(of(&key), json!({ "IncludeKeyMaterial": "ALL_KEY_MATERIAL" }));
    let listed = house.ok_in(SOUTH, Op::ListKeyRotations, body).await;
    assert_eq!(listed["Rotations"][1]["KeyMaterialDescription"], "the next", "named for all");

    let blob = encrypt(&house, SOUTH, &key, "eA==").await;
    house.ok(Op::RotateKeyOnDemand, of(&key)).await;
    for region in [REGION, WEST, SOUTH] {
        assert_eq!(current(&house, region, &key).await, next);
        assert_eq!(opened(&house, region, &blob).await, ("eA==".to_owned(), first.clone()));
        let blob = encrypt(&house, region, &key, "eQ==").await;
        assert_eq!(opened(&house, WEST, &blob).await, ("eQ==".to_owned(), next.clone()));
    }
    // A new replica needs both.
    house.replicate(&key, "eu-west-2").await;
    house.advance_seconds(AT_WORK);
    for (material, state) in [(B, "PendingImport"), (A, "Enabled")] {
        house.import_in("eu-west-2", &key, &material, json!({})).await.expect("one of the key's");
        assert_eq!(house.state_in("eu-west-2", &key).await.as_deref(), Some(state));
    }
}

#[tokio::test]
async fn new_material_and_names_come_through_the_primary() {
    let house = House::new().await;
    let key = house.imported_in(&A, &[WEST]).await;
    let refused = not_primary(WEST, &key).expect_err("a refusal");
    for (material, members) in [
        (B, json!({ "ImportType": NEW })),
        (A, json!({ "ImportType": NEW })),
        (A, json!({ "ImportType": EXISTING, "KeyMaterialDescription": "a name" })),
    ] {
        let told = house.import_in(WEST, &key, &material, members.clone()).await;
        assert_eq!(told, Err(Refusal(refused.0.clone(), refused.1.clone())), "{members}");
    }
    assert_eq!(house.state_in(WEST, &key).await.as_deref(), Some("PendingImport"));
    let named = json!({ "ImportType": EXISTING, "KeyMaterialDescription": "a name" });
    house.import_in(REGION, &key, &A, named).await.expect("a new name");
    let body = with(of(&key), json!({ "IncludeKeyMaterial": "ALL_KEY_MATERIAL" }));
    let listed = house.ok_in(WEST, Op::ListKeyRotations, body).await;
    assert_eq!(listed["Rotations"][0]["KeyMaterialDescription"], "a name");
    let told = house.import_in(REGION, &key, &B, json!({ "ImportType": NEW })).await;
    let told = (told.is_ok(), house.import_in(REGION, &key, &C, json!({ "ImportType": NEW })).await);
    assert!(told.0 && told.1.is_err_and(|refused| refused.1.contains("is pending rotation")));
}

#[tokio::test]
async fn what_waits_and_is_deleted_in_the_primary_is_taken_from_the_replicas() {
    let house = House::new().await;
    let key = house.imported_in(&A, &[WEST, SOUTH]).await;
    for region in [WEST, SOUTH] {
        house.import_in(region, &key, &A, json!({})).await.expect("the first");
    }
    let next = house.import_in(REGION, &key, &B, json!({ "ImportType": NEW })).await.expect("new");
    let lasting = with(for_days(house.now(), 30), json!({ "ImportType": EXISTING }));
    house.import_in(WEST, &key, &B, lasting).await.expect("the next");
    // A replica gives up its own copy alone.
    house.import_in(SOUTH, &key, &B, json!({})).await.expect("the next");
    let named = json!({ "KeyId": key, "KeyMaterialId": next });
    house.ok_in(SOUTH, Op::DeleteImportedKeyMaterial, named.clone()).await;
    let states = house.materials_in(SOUTH, &key).await;
    assert_eq!((states.len(), states[1].2.as_str()), (2, "PENDING_IMPORT"));
    assert_eq!(house.materials_in(REGION, &key).await[1].1, "PENDING_MULTI_REGION_IMPORT_AND_ROTATION");

    let rows = || async {
        let names = house.everything().await.into_keys();
        names.filter(|name| name.contains(&next)).collect::<Vec<_>>()
    };
    assert_eq!(rows().await.len(), 4, "bytes and key-encryption keys in two Regions");
    house.ok(Op::DeleteImportedKeyMaterial, named).await;
    assert_eq!(rows().await, [""; 0], "the bytes are destroyed everywhere");
    for region in [REGION, WEST, SOUTH] {
        assert_eq!(house.materials_in(region, &key).await.len(), 1, "{region}");
        assert_eq!(house.state_in(region, &key).await.as_deref(), Some("Enabled"), "{region}");
    }
    // The same bytes are new again, and nobody has them but the primary.
    house.import_in(REGION, &key, &B, json!({ "ImportType": NEW })).await.expect("new again");
    let imports: Vec<_> = [REGION, WEST, SOUTH].map(|region| house.materials_in(region, &key)).into();
    let mut told = Vec::new();
    for materials in imports {
        told.push(materials.await[1].2.clone());
    }
    assert_eq!(told, ["IMPORTED", "PENDING_IMPORT", "PENDING_IMPORT"]);
}

#[tokio::test]
async fn what_waits_and_expires_in_the_primary_goes_from_the_replicas_too() {
    let house = House::with(Mode::Dev, |store| store).await;
    let key = house.imported_in(&A, &[WEST]).await;
    house.import_in(WEST, &key, &A, json!({})).await.expect("the first");
    let short = with(for_days(house.now(), 5), json!({ "ImportType": NEW }));
    let next = house.import_in(REGION, &key, &B, short).await.expect("new");
    house.import_in(WEST, &key, &B, json!({})).await.expect("the next");
    house.advance_days(6);
    house.turn(Duration::ZERO).await;
    for region in [REGION, WEST] {
        assert_eq!(house.materials_in(region, &key).await.len(), 1, "{region}");
    }
    assert!(house.everything().await.into_keys().all(|name| !name.contains(&next)));
}

#[tokio::test]
async fn a_set_whose_last_replica_lacks_the_next_material_rotates_once_that_replica_is_gone() {
    let house = House::new().await;
    let key = house.imported_in(&A, &[WEST]).await;
    house.import_in(REGION, &key, &B, json!({ "ImportType": NEW })).await.expect("new");
    assert_eq!(house.materials_in(REGION, &key).await[1].1, "PENDING_MULTI_REGION_IMPORT_AND_ROTATION");
    house.ok_in(WEST, Op::ScheduleKeyDeletion, with(of(&key), json!({ "PendingWindowInDays": 7 }))).await;
    assert_eq!(name_of(&house.call(Op::RotateKeyOnDemand, of(&key)).await), "KMSInvalidStateException");
    house.advance_days(7);
    assert_eq!(house.materials_in(REGION, &key).await[1].1, "PENDING_ROTATION");
    house.ok(Op::RotateKeyOnDemand, of(&key)).await;
}

#[tokio::test]
async fn imported_asymmetric_and_hmac_keys_are_imported_region_by_region() {
    let house = House::new().await;
    let key =
        house.primary_as(json!({ "Origin": "EXTERNAL", "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }));
    let key = key.await;
    let import = |region, material: [u8; 32]| {
        let (house, key) = (&house, &key);
        async move {
            let asked = json!({
                "KeyId": key, "WrappingKeySpec": "RSA_2048", "WrappingAlgorithm": "RSAES_OAEP_SHA_256"
            });
            let told = house.ok_in(region, Op::GetParametersForImport, asked).await;
            let envelope = common::import::Envelope {
                token: text_at(&told, "/ImportToken"),
                public_key: common::unbase64(&text_at(&told, "/PublicKey")),
                algorithm: crypto::wrapping::WrappingAlgorithm::RsaesOaepSha256,
            };
            house.call_in(region, Op::ImportKeyMaterial, envelope.around(key, &material)).await
        }
    };
    import(REGION, A).await.expect("its material");
    house.replicate(&key, WEST).await;
    house.advance_seconds(AT_WORK);
    assert_eq!(house.state_in(WEST, &key).await.as_deref(), Some("PendingImport"));
    assert_eq!(name_of(&import(WEST, B).await), "IncorrectKeyMaterialException", "only the same material is taken");
    import(WEST, A).await.expect("the same");
    let asked = json!({ "KeyId": key, "Message": base64("m"), "MacAlgorithm": "HMAC_SHA_256" });
    let mac = house.ok(Op::GenerateMac, asked.clone()).await["Mac"].clone();
    assert_eq!(house.ok_in(WEST, Op::GenerateMac, asked).await["Mac"], mac);
}

#[tokio::test]
async fn every_region_that_a_call_concerns_records_it() {
    let house = House::new().await;
    let key = house.primary_as(json!({})).await;
    let seen = house.trail.lines().len();
    let body = with(into(&key, WEST), json!({ "Description": "d", "Tags": [{ "TagKey": "a", "TagValue": "b" }] }));
    house.ok(Op::ReplicateKey, body).await;
    house.turn(Duration::ZERO).await;
    assert_eq!(house.records_from(seen).len(), 2, "it is still being created");
    house.advance_seconds(AT_WORK);
    house.turn(Duration::ZERO).await;
    house.ok(Op::UpdatePrimaryRegion, promote(&key, WEST)).await;
    house.advance_seconds(AT_WORK);
    house.turn(Duration::ZERO).await;
    let records = house.records_from(seen);
    let told: Vec<_> = records
        .iter()
        .map(|record| (text_at(record, "/eventName"), text_at(record, "/awsRegion"), text_at(record, "/eventType")))
        .collect();
    let expected = [
        ("ReplicateKey", REGION, "AwsApiCall"),
        ("CreateKey", WEST, "AwsApiCall"),
        ("SynchronizeMultiRegionKey", WEST, "AwsServiceEvent"),
        ("UpdatePrimaryRegion", REGION, "AwsApiCall"),
        ("UpdatePrimaryRegion", WEST, "AwsApiCall"),
    ];
    assert_eq!(told, expected.map(|(name, region, kind)| (name.into(), region.into(), kind.into())));
    let resource = |region| json!({ "accountId": OWN, "type": "AWS::KMS::Key", "ARN": arn_in(region, &key) });
    let [replicated, created, synchronized, updated, elsewhere] = &records[..] else { panic!("five") };
    assert_eq!(replicated["requestParameters"]["replicaRegion"], WEST);
    assert_eq!(replicated["responseElements"]["keyId"], arn_in(WEST, &key));
    assert_eq!(replicated["resources"], json!([resource(REGION), resource(WEST)]));
    assert_eq!(created["requestParameters"]["multiRegion"], true);
    assert_eq!(created["requestParameters"]["description"], "d");
    assert_eq!(created["responseElements"]["keyId"], arn_in(WEST, &key));
    assert_eq!(created["requestID"], replicated["requestID"]);
    assert_eq!(created["userIdentity"], replicated["userIdentity"]);
    assert_eq!(synchronized["resources"], json!([resource(WEST)]));
    assert_eq!(updated["requestParameters"], json!({ "keyId": key, "primaryRegion": WEST }));
    assert_eq!(elsewhere["requestParameters"], json!({ "keyId": arn_in(WEST, &key), "primaryRegion": WEST }));
    let ids: BTreeSet<_> = records.iter().map(|record| text_at(record, "/eventID")).collect();
    assert_eq!(ids.len(), records.len());
}

/// Somebody in another Region than [`REGION`].
async fn sign_in_at(house: &House, keys: &Keys, region: &str) -> Caller {
    let headers = keys.sign(b"{}", house.now(), region, Scope::Kms.as_str());
    let head = Head { method: "POST", path: "/", query: "", headers: &headers };
    let told = house.service.authenticate(&head, b"{}", Scope::Kms, house.now()).await;
    told.unwrap_or_else(|fault| panic!("{fault:?}"))
}

#[tokio::test]
async fn whoever_replicates_may_do_so_and_may_make_keys_in_the_other_region() {
    let house = House::new().await;
    house.own_account().await;
    let key = house.primary_as(json!({})).await;
    let denied = |told: Result<Value, Refusal>, action: &str| {
        let text = told.expect_err(action).1;
        assert!(text.contains(&format!("is not authorized to perform: kms:{action} ")), "{action}: {text}");
        text
    };
    let attach = |name: &'static str, document: Value| {
        let house = &house;
        async move {
            let body = json!({ "UserName": name, "PolicyName": "mine", "PolicyDocument": document.to_string() });
            house.manage(OWN, "PutUserPolicy", body).await;
        }
    };
    let ann = house.user(OWN, "ann", None).await;
    let ann = house.sign_in(&ann).await;
    let tagged = with(into(&key, WEST), json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] }));
    denied(house.call_as(&ann, Op::ReplicateKey, tagged.clone()).await, "ReplicateKey");
    attach("ann", allow(json!(["kms:ReplicateKey"]))).await;
    let text = denied(house.call_as(&ann, Op::ReplicateKey, tagged.clone()).await, "CreateKey");
    assert!(text.contains("on resource: *"), "{text}");
    let make = |conditions: Value, actions: Value| {
        json!({ "Statement": [
            { "Effect": "Allow", "Action": "kms:ReplicateKey", "Resource": "*" },
            { "Effect": "Allow", "Action": actions, "Resource": "*", "Condition": conditions },
        ] })
    };
    for (key_name, right, wrong) in [
        ("aws:RequestedRegion", WEST, REGION),
        ("kms:MultiRegionKeyType", "REPLICA", "PRIMARY"),
        ("kms:MultiRegion", "true", "false"),
        ("kms:KeySpec", "SYMMETRIC_DEFAULT", "RSA_2048"),
        ("kms:KeyOrigin", "AWS_KMS", "EXTERNAL"),
    ] {
        let operator = if key_name == "kms:MultiRegion" { "Bool" } else { "StringEquals" };
        let condition = |value: &str| json!({ operator: { key_name: value } });
        attach("ann", make(condition(wrong), json!(["kms:CreateKey", "kms:TagResource"]))).await;
        denied(house.call_as(&ann, Op::ReplicateKey, tagged.clone()).await, "CreateKey");
        attach("ann", make(condition(right), json!(["kms:CreateKey"]))).await;
        let told = house.call_as(&ann, Op::ReplicateKey, tagged.clone()).await.expect_err("it has tags").1;
        assert!(told.contains("kms:TagResource"), "{key_name}: {told}");
    }
    let replica = json!({ "StringEquals": { "aws:RequestedRegion": WEST } });
    attach("ann", make(replica, json!(["kms:CreateKey", "kms:TagResource"]))).await;
    house.call_as(&ann, Op::ReplicateKey, tagged).await.expect("she may do all of it");
    let told = house.call_as(&ann, Op::ReplicateKey, into(&key, SOUTH)).await;
    denied(told, "CreateKey");
    // The key's policy has the first word, and can ask which Region it is.
    attach("ann", allow(json!(["kms:CreateKey"]))).await;
    let root = format!("arn:aws:iam::{OWN}:root");
    let policy = json!({ "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" },
        {
            "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OWN}:user/ann") },
            "Action": "kms:ReplicateKey", "Resource": "*",
            "Condition": { "StringEquals": { "kms:ReplicaRegion": SOUTH } },
        },
    ] });
    house.ok(Op::PutKeyPolicy, with(of(&key), json!({ "Policy": policy.to_string() }))).await;
    denied(house.call_as(&ann, Op::ReplicateKey, into(&key, "eu-west-2")).await, "ReplicateKey");
    house.call_as(&ann, Op::ReplicateKey, into(&key, SOUTH)).await.expect("it names that Region");
}

#[tokio::test]
async fn a_replicas_policy_may_not_lock_out_who_gives_it() {
    let house = House::new().await;
    house.own_account().await;
    let key = house.primary_as(json!({})).await;
    let forced = json!({ "Statement": [
        { "Effect": "Allow", "Action": ["kms:ReplicateKey", "kms:CreateKey"], "Resource": "*" },
        {
            "Effect": "Deny", "Action": "kms:CreateKey", "Resource": "*",
            "Condition": { "Bool": { "kms:BypassPolicyLockoutSafetyCheck": "true" } },
        },
    ] });
    let (ann, bob) =
        (house.user(OWN, "ann", Some(allow(json!("kms:*")))).await, house.user(OWN, "bob", Some(forced)).await);
    let (ann, bob) = (house.sign_in(&ann).await, house.sign_in(&bob).await);
    let policy = |user: &str, regions: Value| {
        let arn = format!("arn:aws:iam::{OWN}:user/{user}");
        let statement = json!({
            "Effect": "Allow", "Principal": { "AWS": arn }, "Action": "kms:*", "Resource": "*",
            "Condition": { "StringEquals": { "aws:RequestedRegion": regions } },
        });
        json!({ "Policy": json!({ "Statement": [statement] }).to_string() })
    };
    let text = "The new key policy will not allow you to update the key policy in the future.";
    let refused = refusal("MalformedPolicyDocumentException", text);
    for (user, region) in [("bob", WEST), ("ann", REGION)] {
        let body = with(into(&key, WEST), policy(user, json!(region)));
        assert_eq!(house.call_as(&ann, Op::ReplicateKey, body).await, refused, "{user} in {region}");
    }
    let nobody = with(into(&key, WEST), policy("nobody", json!(WEST)));
    let told = house.call_as(&ann, Op::ReplicateKey, nobody).await;
    assert_eq!(name_of(&told), "MalformedPolicyDocumentException", "there is no such user");
    let body = with(into(&key, WEST), policy("bob", json!(WEST)));
    let forced = with(body.clone(), json!({ "BypassPolicyLockoutSafetyCheck": true }));
    assert_eq!(name_of(&house.call_as(&bob, Op::ReplicateKey, forced.clone()).await), "AccessDeniedException");
    house.call_as(&ann, Op::ReplicateKey, forced).await.expect("she insists");
    let own = with(into(&key, SOUTH), policy("ann", json!(SOUTH)));
    house.call_as(&ann, Op::ReplicateKey, own).await.expect("it is asked of the replica's own Region");
}

#[tokio::test]
async fn whoever_changes_the_primary_may_do_so_to_both_keys() {
    let house = House::new().await;
    house.own_account().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let ann = house.user(OWN, "ann", None).await;
    let (here, there) = (house.sign_in(&ann).await, sign_in_at(&house, &ann, WEST).await);
    let only = |region: &str| {
        let arn = arn_in(region, &key);
        json!({ "Statement": { "Effect": "Allow", "Action": "kms:UpdatePrimaryRegion", "Resource": arn } })
    };
    for (allowed, missing) in [(REGION, WEST), (WEST, REGION)] {
        let document = only(allowed).to_string();
        let body = json!({ "UserName": "ann", "PolicyName": "mine", "PolicyDocument": document });
        house.manage(OWN, "PutUserPolicy", body).await;
        let text =
            house.call_as(&here, Op::UpdatePrimaryRegion, promote(&key, WEST)).await.expect_err("one is missing");
        assert!(text.1.contains(&format!("resource: {}", arn_in(missing, &key))), "{text:?}");
    }
    let document = json!({ "Statement": {
        "Effect": "Allow", "Action": "kms:UpdatePrimaryRegion", "Resource": "*",
        "Condition": { "StringEquals": { "aws:RequestedRegion": REGION } },
    } });
    let body = json!({ "UserName": "ann", "PolicyName": "mine", "PolicyDocument": document.to_string() });
    house.manage(OWN, "PutUserPolicy", body).await;
    let text = house.call_as(&here, Op::UpdatePrimaryRegion, promote(&key, WEST)).await.expect_err("one is elsewhere");
    assert!(text.1.contains(&format!("resource: {}", arn_in(WEST, &key))), "{text:?}");
    let document = json!({ "Statement": {
        "Effect": "Allow", "Action": "kms:UpdatePrimaryRegion", "Resource": "*",
        "Condition": { "StringEquals": { "kms:PrimaryRegion": WEST } },
    } });
    let body = json!({ "UserName": "ann", "PolicyName": "mine", "PolicyDocument": document.to_string() });
    house.manage(OWN, "PutUserPolicy", body).await;
    house.call_as(&here, Op::UpdatePrimaryRegion, promote(&key, WEST)).await.expect("both are allowed");
    house.advance_seconds(AT_WORK);
    let told = house.call_as(&there, Op::UpdatePrimaryRegion, promote(&key, REGION)).await;
    assert_eq!(name_of(&told), "AccessDeniedException", "not back: the condition names the other Region");
}

/// A key policy of the primary's decides of the primary, and the replica's of the replica.
#[tokio::test]
async fn a_policy_can_ask_which_part_a_key_has() {
    let house = House::new().await;
    house.own_account().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let replicas = json!({ "Statement": {
        "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*",
        "Condition": { "StringEquals": { "kms:MultiRegionKeyType": "REPLICA" }, "Bool": { "kms:MultiRegion": "true" } },
    } });
    let ann = house.user(OWN, "ann", Some(replicas)).await;
    let (here, there) = (house.sign_in(&ann).await, sign_in_at(&house, &ann, WEST).await);
    assert_eq!(name_of(&house.call_as(&here, Op::DescribeKey, of(&key)).await), "AccessDeniedException");
    house.call_as(&there, Op::DescribeKey, of(&key)).await.expect("it is a replica");
    house.ok(Op::UpdatePrimaryRegion, promote(&key, WEST)).await;
    assert_eq!(name_of(&house.call_as(&there, Op::DescribeKey, of(&key)).await), "AccessDeniedException");
    house.call_as(&here, Op::DescribeKey, of(&key)).await.expect("the parts have changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_replicate_into_one_region_at_once_one_does() {
    const CLIENTS: usize = 8;
    let house = Arc::new(House::new().await);
    let key = house.primary_as(json!({})).await;
    let calls = (0..CLIENTS).map(|client| {
        let (house, key) = (house.clone(), key.clone());
        tokio::spawn(async move {
            let body = with(into(&key, WEST), json!({ "Description": client.to_string() }));
            house.call(Op::ReplicateKey, body).await
        })
    });
    let mut told = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        told.push(call.await.expect("no panic"));
    }
    let made: Vec<_> = told.iter().filter_map(|told| told.as_ref().ok()).collect();
    assert_eq!(made.len(), 1, "{told:?}");
    assert!(told.iter().all(|told| told.is_ok() || name_of(told) == "AlreadyExistsException"), "{told:?}");
    let replica = house.metadata_in(WEST, &key).await;
    assert_eq!(replica["Description"], made[0]["ReplicaKeyMetadata"]["Description"]);
    assert_eq!(house.rows(b"n\0").await.len(), 2, "each Region counts one key");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rotation_and_a_replication_that_race_both_happen() {
    for _ in 0..8 {
        let house = Arc::new(House::new().await);
        let key = house.primary_as(json!({})).await;
        let old = (house.encrypt(&key, "eA==").await, current(&house, REGION, &key).await);
        let rotate = tokio::spawn({
            let (house, key) = (house.clone(), key.clone());
            async move { house.call(Op::RotateKeyOnDemand, of(&key)).await }
        });
        let others = [WEST, SOUTH].map(|region| {
            let (house, key) = (house.clone(), key.clone());
            tokio::spawn(async move { house.call(Op::ReplicateKey, into(&key, region)).await })
        });
        rotate.await.expect("no panic").expect("it rotates");
        for other in others {
            other.await.expect("no panic").expect("it is made");
        }
        house.advance_seconds(AT_WORK);
        let new = current(&house, REGION, &key).await;
        assert_ne!(new, old.1);
        for region in [WEST, SOUTH] {
            assert_eq!(current(&house, region, &key).await, new, "{region}");
            assert_eq!(opened(&house, region, &old.0).await, ("eA==".to_owned(), old.1.clone()), "{region}");
        }
    }
}

#[tokio::test]
async fn a_replication_whose_commit_is_in_doubt_happens_once_and_is_recorded_once_in_both_regions() {
    for fate in [Fate::Landed, Fate::Lost, Fate::Late] {
        let mut faulty = None;
        let house = House::with(Mode::Serve, |store| faulty.insert(Faulty::new(store)).clone()).await;
        let faulty = faulty.expect("an engine");
        let key = house.primary_as(json!({})).await;
        faulty.next_where(fate.clone(), |batch| batch.puts.iter().any(|(name, _)| name.starts_with(b"s\0")));
        let told = house.replicate(&key, WEST).await;
        assert_eq!(told["ReplicaKeyMetadata"]["KeyState"], "Creating", "{fate:?}");
        let _ = faulty.land().await;
        let primary = house.metadata_in(REGION, &key).await;
        assert_eq!(primary["MultiRegionConfiguration"], configuration(&key, "PRIMARY", REGION, &[WEST]), "{fate:?}");
        house.service.close().await;
        let again = house.again().await;
        assert_eq!((again.count("ReplicateKey"), again.count("CreateKey")), (1, 2), "{fate:?}: after a restart");
        again.advance_seconds(AT_WORK);
        encrypt(&again, WEST, &key, "eA==").await;
    }
}

#[tokio::test]
async fn the_two_rows_of_a_key_are_read_as_they_were_first_written() {
    let house = House::new().await;
    let key = house.imported_in(&A, &[WEST]).await;
    let id = current(&house, REGION, &key).await;
    house.turn(Duration::ZERO).await;
    let made = NOON.0;
    let set = house.row(&["s", OWN, &key]).await.expect("the set");
    let expected = json!({
        "spec": "SYMMETRIC_DEFAULT",
        "usage": "ENCRYPT_DECRYPT",
        "set": {
            "primary": REGION,
            "members": { WEST: {}, REGION: {} },
            "shared": { "origin": "EXTERNAL", "materials": [{ "id": id, "state": "CURRENT", "created": made }] },
        },
    });
    assert_eq!(set, expected);
    let mut replica = house.row(&["k", OWN, WEST, &key]).await.expect("the replica");
    replica["counter"] = json!(0);
    let expected = json!({
        "key_id": key,
        "description": "",
        "own": { "created": made, "enabled": true, "deletion": null, "phase": "settled" },
        "counter": 0,
        "destroy_at_uptime": null,
    });
    assert_eq!(replica, expected);
    house.import_in(WEST, &key, &A, json!({})).await.expect("its material");
    let replica = house.row(&["k", OWN, WEST, &key]).await.expect("the replica");
    assert_eq!(replica["own"]["here"], json!([{ "id": id, "expires": null }]));

    // And what was put there in those forms is such a key.
    let planted = "mrk-0123456789abcdef0123456789abcdef";
    let material = "ab".repeat(32);
    house
        .plant(
            &["s", OWN, planted],
            json!({ "v": 1, "r": {
                "spec": "SYMMETRIC_DEFAULT",
                "usage": "ENCRYPT_DECRYPT",
                "set": {
                    "primary": WEST,
                    "members": { REGION: {}, WEST: { "gone": NOON.plus_days(20).0 } },
                    "last_gone": NOON.0,
                    "shared": {
                        "origin": "AWS_KMS",
                        "materials": [{ "id": material, "state": "CURRENT", "created": NOON.0 }],
                        "schedule": { "period_days": 365, "enabled_at": NOON.0, "interrupted": false },
                    },
                },
            } }),
        )
        .await;
    let own = json!({ "created": NOON.0, "enabled": false, "deletion": null, "phase": { "updating": { "since": 0 } } });
    let record =
        json!({ "key_id": planted, "description": "old", "own": own, "counter": 3, "destroy_at_uptime": null });
    house.plant(&["k", OWN, REGION, planted], json!({ "v": 2, "r": record })).await;
    house.plant_policy(planted).await;
    let told = house.metadata_in(REGION, planted).await;
    assert_eq!((&told["KeyState"], &told["Description"]), (&json!("Disabled"), &json!("old")));
    assert_eq!(told["MultiRegionConfiguration"], configuration(planted, "REPLICA", WEST, &[REGION]));
    assert_eq!(house.ok(Op::GetKeyRotationStatus, of(planted)).await["RotationPeriodInDays"], 365);
}

/// Each edit makes two records that are not of one key.
#[tokio::test]
async fn a_key_whose_set_does_not_know_it_is_not_read() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let set = house.row(&["s", OWN, &key]).await.expect("the set");
    let edit = |pointer: &str, value: Value| {
        let mut edited = set.clone();
        *edited.pointer_mut(pointer).expect("such a member") = value;
        edited
    };
    for edited in [
        edit("/set/members", json!({ REGION: {} })),
        edit("/set/shared/materials", json!([])),
        edit("/set/shared/origin", json!("AWS_CLOUDHSM")),
        edit("/set/shared/materials/0/state", json!("NON_CURRENT")),
    ] {
        house.plant(&["s", OWN, &key], json!({ "v": 1, "r": edited })).await;
        let told = house.call_in(WEST, Op::DescribeKey, of(&key)).await;
        assert_eq!(name_of(&told), "KMSInternalException", "{edited}");
    }
    house.plant(&["s", OWN, &key], json!({ "v": 1, "r": set })).await;
    house.metadata_in(WEST, &key).await;
    let row = house.rows(b"s\0").await.remove(0);
    let expect = vec![(row.key.clone(), row.revision)];
    house.commit(store::Batch { expect, deletes: vec![row.key], ..store::Batch::default() }).await;
    assert_eq!(name_of(&house.call_in(WEST, Op::DescribeKey, of(&key)).await), "KMSInternalException", "no set");
    assert_eq!(name_of(&house.call_in(WEST, Op::ListKeys, json!({})).await), "KMSInternalException");
}

#[tokio::test]
async fn the_keys_of_one_region_have_the_rows_that_they_had() {
    let house = House::new().await;
    let before = house.everything().await;
    let key = house.key().await;
    let names: Vec<_> = written(&house, &before).await.into_iter().filter(|name| !name.starts_with("n/")).collect();
    let id = current(&house, REGION, &key).await;
    let expected = [
        format!("e/{OWN}/{REGION}/{key}/{id}"),
        format!("k/{OWN}/{REGION}/{key}"),
        format!("x/{OWN}/{REGION}/{key}/m/{id}"),
        format!("x/{OWN}/{REGION}/{key}/policy"),
    ];
    assert_eq!(names, expected);
    assert!(house.row(&["k", OWN, REGION, &key]).await.expect("a record")["facts"].is_object());
}
