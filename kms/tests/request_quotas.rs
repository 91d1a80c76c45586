//! How many requests a second are answered, where that is limited: which are counted together, how many each group may
//! have, whose they are, and what one too many is told.

mod common;

use std::num::NonZeroU32;

use common::sample::{With, sample};
use common::{House, OWN, REGION, Refusal, STRANGER, arn, caller, name_of, refusal, text_at};
use crypto::spec::KeySpec;
use kms::{Caller, CountedBy, Mode, Quotas, RequestGroup, RequestQuotas};
use serde_json::{Value, json};
use wire::{DataKeyPairSpec, Op};

/// So many calls are more than any quota here.
const ENOUGH: usize = 100;

fn throttled() -> Result<Value, Refusal> {
    let text = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.";
    refusal("ThrottlingException", text)
}

/// A house that answers so many requests of each group a second.
async fn each(number: u32) -> House {
    let requests = RequestQuotas::Each(NonZeroU32::new(number).expect("a quota"));
    House::with(Mode::Dev, |store| store).await.again_with(Quotas { requests, ..Quotas::default() }).await
}

/// Keys and what a house without quotas made with them, for one that has some.
async fn with_keys(number: u32, specs: &[(&str, &str)]) -> (House, Vec<String>) {
    let house = House::with(Mode::Dev, |store| store).await;
    let mut keys = Vec::new();
    for (spec, usage) in specs {
        let made = house.ok(Op::CreateKey, json!({ "KeySpec": spec, "KeyUsage": usage })).await;
        keys.push(text_at(&made, "/KeyMetadata/KeyId"));
    }
    let requests = RequestQuotas::Each(NonZeroU32::new(number).expect("a quota"));
    (house.again_with(Quotas { requests, ..Quotas::default() }).await, keys)
}

/// How many of these calls are answered, or refused for another reason, before one is one too many.
async fn answered(house: &House, caller: &Caller, op: Op, body: Value) -> usize {
    for number in 0..ENOUGH {
        if house.call_as(caller, op, body.clone()).await == throttled() {
            return number;
        }
    }
    ENOUGH
}

#[test]
fn every_operation_is_counted_as_aws_counts_it() {
    let operation = |op, rate| CountedBy::Operation(RequestGroup::Alone { op, rate });
    for op in Op::ALL {
        let expected = match op {
            Op::Decapsulate
            | Op::Decrypt
            | Op::DeriveSharedSecret
            | Op::Encapsulate
            | Op::Encrypt
            | Op::GenerateDataKey
            | Op::GenerateDataKeyWithoutPlaintext
            | Op::GenerateMac
            | Op::ReEncrypt
            | Op::Sign
            | Op::Verify
            | Op::VerifyMac => CountedBy::Key,
            Op::GenerateDataKeyPair | Op::GenerateDataKeyPairWithoutPlaintext => CountedBy::Pair,
            Op::GenerateRandom => CountedBy::Operation(RequestGroup::Symmetric),
            Op::CancelKeyDeletion => operation(op, 5),
            Op::ConnectCustomKeyStore => operation(op, 5),
            Op::CreateAlias => operation(op, 5),
            Op::CreateCustomKeyStore => operation(op, 5),
            Op::CreateGrant => operation(op, 50),
            Op::CreateKey => operation(op, 5),
            Op::DeleteAlias => operation(op, 15),
            Op::DeleteCustomKeyStore => operation(op, 5),
            Op::DeleteImportedKeyMaterial => operation(op, 15),
            Op::DescribeCustomKeyStores => operation(op, 5),
            Op::DescribeKey => operation(op, 2_000),
            Op::DisableKey => operation(op, 5),
            Op::DisableKeyRotation => operation(op, 5),
            Op::DisconnectCustomKeyStore => operation(op, 5),
            Op::EnableKey => operation(op, 5),
            Op::EnableKeyRotation => operation(op, 15),
            Op::GetKeyLastUsage => operation(op, 5),
            Op::GetKeyPolicy => operation(op, 1_000),
            Op::GetKeyRotationStatus => operation(op, 1_000),
            Op::GetParametersForImport => operation(op, 1),
            Op::GetPublicKey => operation(op, 2_000),
            Op::ImportKeyMaterial => operation(op, 15),
            Op::ListAliases => operation(op, 500),
            Op::ListGrants => operation(op, 100),
            Op::ListKeyPolicies => operation(op, 100),
            Op::ListKeyRotations => operation(op, 100),
            Op::ListKeys => operation(op, 500),
            Op::ListResourceTags => operation(op, 2_000),
            Op::ListRetirableGrants => operation(op, 100),
            Op::PutKeyPolicy => operation(op, 15),
            Op::ReplicateKey => operation(op, 5),
            Op::RetireGrant => operation(op, 50),
            Op::RevokeGrant => operation(op, 50),
            Op::RotateKeyOnDemand => operation(op, 5),
            Op::ScheduleKeyDeletion => operation(op, 15),
            Op::TagResource => operation(op, 10),
            Op::UntagResource => operation(op, 5),
            Op::UpdateAlias => operation(op, 5),
            Op::UpdateCustomKeyStore => operation(op, 5),
            Op::UpdateKeyDescription => operation(op, 5),
            Op::UpdatePrimaryRegion => operation(op, 5),
        };
        assert_eq!(CountedBy::of(op), expected, "{op:?}");
    }
}

#[test]
fn each_group_has_the_rate_that_aws_publishes() {
    for (region, rate) in [
        ("us-east-1", 100_000),
        ("us-west-2", 100_000),
        ("eu-west-1", 100_000),
        ("us-east-2", 20_000),
        ("eu-central-1", 20_000),
        ("eu-north-1", 10_000),
        ("cn-north-1", 10_000),
        ("local", 10_000),
    ] {
        assert_eq!(RequestGroup::Symmetric.rate_on_aws(region), rate, "{region}");
        for group in [RequestGroup::Rsa, RequestGroup::Ecc, RequestGroup::MlDsa, RequestGroup::MlKem] {
            assert_eq!(group.rate_on_aws(region), 1_000, "{group:?} in {region}");
        }
    }
    for spec in DataKeyPairSpec::ALL {
        let rate = match spec.as_str() {
            "RSA_2048" => 20,
            "RSA_3072" => 4,
            "RSA_4096" => 1,
            "SM2" => 25,
            _ => 100,
        };
        assert_eq!(RequestGroup::Pair(*spec).rate_on_aws(REGION), rate, "{spec}");
    }
    for spec in KeySpec::ALL {
        let group = match spec.as_str().split('_').next() {
            Some("SYMMETRIC" | "HMAC") => RequestGroup::Symmetric,
            Some("RSA") => RequestGroup::Rsa,
            Some("ECC" | "SM2") => RequestGroup::Ecc,
            Some("ML") if spec.as_str().starts_with("ML_DSA") => RequestGroup::MlDsa,
            Some("ML") => RequestGroup::MlKem,
            other => panic!("{other:?} begins the name of no spec"),
        };
        assert_eq!(RequestGroup::of_key(*spec), group, "{spec}");
    }
}

#[tokio::test]
async fn every_operation_that_works_is_counted_whatever_it_comes_to() {
    let house = House::with(Mode::Dev, |store| store).await;
    let key = house.key().await;
    let blob = house.encrypt(&key, "eA==").await;
    let requests = RequestQuotas::Each(NonZeroU32::new(3).expect("a quota"));
    let house = house.again_with(Quotas { requests, ..Quotas::default() }).await;
    for entry in &kms::ops::OPERATIONS {
        let op = entry.op;
        house.advance_seconds(1);
        let answered = answered(&house, &caller(OWN, REGION), op, sample(op, &With { key: &key, blob: &blob })).await;
        // A replica counts for two keys made in its Region; what is not there yet is not counted.
        let of_those_there_are = if op == Op::ReplicateKey { 1 } else { 3 };
        let expected = if entry.sheet.is_some() { of_those_there_are } else { ENOUGH };
        assert_eq!(answered, expected, "{op:?}");
    }
}

#[tokio::test]
async fn as_many_as_the_quota_says_are_answered_at_once_and_then_as_many_as_time_brings() {
    let house = each(5).await;
    let me = caller(OWN, REGION);
    for (millis, expected) in [(0, 5), (0, 0), (199, 0), (1, 1), (400, 2), (1_000, 5), (60_000, 5)] {
        house.advance_millis(millis);
        assert_eq!(answered(&house, &me, Op::ListKeys, json!({})).await, expected, "after {millis} ms");
    }
}

#[tokio::test]
async fn each_account_and_each_region_has_its_own() {
    let house = each(2).await;
    for account in [OWN, STRANGER] {
        for region in [REGION, "eu-west-1"] {
            assert_eq!(
                answered(&house, &caller(account, region), Op::ListKeys, json!({})).await,
                2,
                "{account} {region}"
            );
        }
    }
}

#[tokio::test]
async fn a_key_of_another_account_is_used_on_the_callers_own_account() {
    let (house, keys) = with_keys(2, &[("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")]).await;
    let ask = json!({ "KeyId": arn(&keys[0]), "NumberOfBytes": 8 });
    assert_eq!(answered(&house, &caller(STRANGER, REGION), Op::GenerateDataKey, ask.clone()).await, 2);
    assert_eq!(answered(&house, &caller(OWN, REGION), Op::GenerateDataKey, ask).await, 2);
}

#[tokio::test]
async fn operations_under_keys_of_one_kind_share_a_quota_and_others_have_their_own() {
    let (house, keys) = with_keys(
        4,
        &[
            ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
            ("HMAC_256", "GENERATE_VERIFY_MAC"),
            ("RSA_2048", "SIGN_VERIFY"),
            ("RSA_3072", "ENCRYPT_DECRYPT"),
            ("ECC_NIST_P256", "SIGN_VERIFY"),
            ("ECC_NIST_P384", "KEY_AGREEMENT"),
            ("ML_DSA_44", "SIGN_VERIFY"),
            ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
        ],
    )
    .await;
    let [symmetric, hmac, rsa, rsa_too, ecc, agreement, ml_dsa, ml_kem] = &keys[..] else { panic!("eight keys") };
    let me = caller(OWN, REGION);
    let sign = |key: &str, algorithm: &str| json!({ "KeyId": key, "Message": "eA==", "SigningAlgorithm": algorithm });
    let random = json!({ "NumberOfBytes": 1 });
    let mac = json!({ "KeyId": hmac, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256" });
    // Each row: a call that is answered, and how many more of a second call are then.
    let encrypt =
        |key: &str, algorithm: &str| json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionAlgorithm": algorithm });
    let dry = json!({ "KeyId": symmetric, "Plaintext": "eA==", "DryRun": true });
    let derive = json!({ "KeyId": agreement, "KeyAgreementAlgorithm": "ECDH", "PublicKey": "eA==" });
    let kem = json!({ "KeyId": ml_kem, "EncapsulationAlgorithm": "ML_KEM" });
    for (first, second, left) in [
        ((Op::GenerateRandom, random.clone()), (Op::Encrypt, encrypt(symmetric, "SYMMETRIC_DEFAULT")), 3),
        ((Op::Encrypt, dry), (Op::GenerateMac, mac.clone()), 3),
        ((Op::GenerateMac, mac), (Op::GenerateRandom, random.clone()), 3),
        ((Op::Sign, sign(rsa, "RSASSA_PSS_SHA_256")), (Op::Encrypt, encrypt(rsa_too, "RSAES_OAEP_SHA_256")), 3),
        ((Op::Sign, sign(ecc, "ECDSA_SHA_256")), (Op::DeriveSharedSecret, derive), 3),
        ((Op::Sign, sign(ecc, "ECDSA_SHA_256")), (Op::Sign, sign(rsa, "RSASSA_PSS_SHA_256")), 4),
        ((Op::Sign, sign(ml_dsa, "ML_DSA_SHAKE_256")), (Op::Sign, sign(ecc, "ECDSA_SHA_256")), 4),
        ((Op::Encapsulate, kem.clone()), (Op::Sign, sign(ml_dsa, "ML_DSA_SHAKE_256")), 4),
        ((Op::Encapsulate, kem), (Op::GenerateRandom, random), 4),
    ] {
        house.advance_millis(1_000);
        assert_ne!(house.call_as(&me, first.0, first.1.clone()).await, throttled());
        assert_eq!(answered(&house, &me, second.0, second.1.clone()).await, left, "{first:?}, then {second:?}");
    }
}

#[tokio::test]
async fn reencrypt_counts_once_under_each_kind_of_key() {
    let house = House::with(Mode::Dev, |store| store).await;
    let symmetric = house.key().await;
    let blob = house.encrypt(&symmetric, "eA==").await;
    let rsa = house.ok(Op::CreateKey, json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" })).await;
    let rsa = text_at(&rsa, "/KeyMetadata/KeyId");
    let requests = RequestQuotas::Each(NonZeroU32::new(2).expect("a quota"));
    let house = house.again_with(Quotas { requests, ..Quotas::default() }).await;
    let to = |key: &str, algorithm: &str| json!({ "CiphertextBlob": blob, "DestinationKeyId": key, "DestinationEncryptionAlgorithm": algorithm });
    let me = caller(OWN, REGION);
    assert_eq!(answered(&house, &me, Op::ReEncrypt, to(&symmetric, "SYMMETRIC_DEFAULT")).await, 2);
    house.advance_millis(1_000);
    assert_eq!(answered(&house, &me, Op::ReEncrypt, to(&rsa, "RSAES_OAEP_SHA_256")).await, 2);
    let encrypt = json!({ "KeyId": rsa, "Plaintext": "eA==", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    assert_eq!(house.call_as(&me, Op::Encrypt, encrypt).await, throttled());
}

#[tokio::test]
async fn data_key_pairs_are_counted_by_their_spec_and_not_by_their_key() {
    let (house, keys) = with_keys(2, &[("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")]).await;
    let me = caller(OWN, REGION);
    let pair = |spec: &str| json!({ "KeyId": keys[0], "KeyPairSpec": spec });
    assert_eq!(answered(&house, &me, Op::GenerateDataKeyPair, pair("ECC_NIST_P256")).await, 2);
    let without = Op::GenerateDataKeyPairWithoutPlaintext;
    assert_eq!(house.call_as(&me, without, pair("ECC_NIST_P256")).await, throttled());
    assert_eq!(answered(&house, &me, without, pair("ECC_NIST_P384")).await, 2);
    assert_eq!(answered(&house, &me, Op::GenerateRandom, json!({ "NumberOfBytes": 1 })).await, 2);
}

#[tokio::test]
async fn who_may_not_learn_what_a_key_is_does_not_learn_it_from_a_quota() {
    let house = House::new().await;
    let key = house.key().await;
    let requests = RequestQuotas::Each(NonZeroU32::new(1).expect("a quota"));
    let house = house.again_with(Quotas { requests, ..Quotas::default() }).await;
    let stranger = caller(STRANGER, REGION);
    house.call_as(&stranger, Op::GenerateRandom, json!({ "NumberOfBytes": 1 })).await.expect("random bytes");
    for name in [arn(&key), arn(common::NOBODY)] {
        for _ in 0..3 {
            let told = house.call_as(&stranger, Op::Encrypt, json!({ "KeyId": name, "Plaintext": "eA==" })).await;
            assert_eq!(name_of(&told), "AccessDeniedException", "{name}");
        }
    }
}

#[tokio::test]
async fn what_is_one_too_many_changes_nothing_and_is_recorded() {
    let house = each(1).await;
    house.ok(Op::CreateKey, json!({})).await;
    assert_eq!(house.call(Op::CreateKey, json!({ "Description": "second" })).await, throttled());
    assert_eq!(house.ids().await.len(), 1);
    let record = house.records().into_iter().find(|record| record["errorCode"] == "ThrottlingException");
    let record = record.expect("the refusal is recorded");
    assert_eq!(
        (&record["eventName"], &record["requestParameters"]["description"]),
        (&json!("CreateKey"), &json!("second"))
    );
}

#[tokio::test]
async fn without_quotas_nothing_is_counted() {
    let house = House::new().await;
    assert_eq!(answered(&house, &caller(OWN, REGION), Op::ListKeys, json!({})).await, ENOUGH);
}
