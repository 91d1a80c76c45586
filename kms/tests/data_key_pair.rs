//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext: a key pair to use elsewhere, its private half sealed.

mod common;

use std::collections::BTreeSet;

use common::kinds::{CHINA, region_of};
use common::{House, OWN, REGION, caller, refusal, text_at, unbase64};
use crypto::spec::{KeySpec, KeyUsage, Kind};
use crypto::{Material, SecretBytes};
use serde_json::json;
use wire::Op;

const OPS: [Op; 2] = [Op::GenerateDataKeyPair, Op::GenerateDataKeyPairWithoutPlaintext];

/// Every spec of pairs, with the bytes of the private half where they are always as many, and of the public half.
const PAIRS: [(KeySpec, Option<usize>, usize); 12] = [
    (KeySpec::Rsa2048, None, 294),
    (KeySpec::Rsa3072, None, 422),
    (KeySpec::Rsa4096, None, 550),
    (KeySpec::EccNistP256, Some(138), 91),
    (KeySpec::EccNistP384, Some(185), 120),
    (KeySpec::EccNistP521, Some(241), 158),
    (KeySpec::EccSecgP256k1, Some(135), 88),
    (KeySpec::EccNistEdwards25519, Some(48), 44),
    (KeySpec::Sm2, Some(138), 91),
    // The seed, whatever its key's size is.
    (KeySpec::MlKem512, Some(86), 822),
    (KeySpec::MlKem768, Some(86), 1206),
    (KeySpec::MlKem1024, Some(86), 1590),
];

#[tokio::test]
async fn the_two_halves_belong_together_and_the_ciphertext_opens_to_exactly_the_private_one() {
    let house = House::new().await;
    for (spec, private_bytes, public_bytes) in PAIRS {
        let who = caller(OWN, region_of(spec));
        let made = house.call_as(&who, Op::CreateKey, json!({})).await.expect("a key is made");
        let (arn, material) = (text_at(&made, "/KeyMetadata/Arn"), text_at(&made, "/KeyMetadata/CurrentKeyMaterialId"));
        let context = json!({ "for": spec.as_str() });
        let body = json!({ "KeyId": arn, "KeyPairSpec": spec.as_str(), "EncryptionContext": context });
        let told = house.call_as(&who, Op::GenerateDataKeyPair, body.clone()).await.expect("a pair");
        let private = text_at(&told, "/PrivateKeyPlaintext");
        let expected = json!({
            "KeyId": arn, "KeyMaterialId": material, "KeyPairSpec": spec.as_str(),
            "PrivateKeyCiphertextBlob": told["PrivateKeyCiphertextBlob"], "PrivateKeyPlaintext": private,
            "PublicKey": told["PublicKey"],
        });
        assert_eq!(told, expected, "{spec}");
        let bytes = unbase64(&private);
        assert!(private_bytes.is_none_or(|expected| expected == bytes.len()), "{spec}: {} bytes", bytes.len());
        assert!(bytes.len() <= 4096, "{spec}: Encrypt could have made its ciphertext");
        let public_key = unbase64(&text_at(&told, "/PublicKey"));
        assert_eq!(public_key.len(), public_bytes, "{spec}");
        if !matches!(spec, KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024) {
            let material = Material::import(spec, &SecretBytes::from(bytes)).expect("PKCS#8 of its spec");
            assert_eq!(material.public_key().expect("a public half").spki(), public_key, "{spec}");
        }

        let without = house.call_as(&who, OPS[1], body).await.expect("a pair");
        let expected = json!({
            "KeyId": arn, "KeyMaterialId": material, "KeyPairSpec": spec.as_str(),
            "PrivateKeyCiphertextBlob": without["PrivateKeyCiphertextBlob"], "PublicKey": without["PublicKey"],
        });
        assert_eq!(without, expected, "{spec}");
        assert_ne!(without["PublicKey"], told["PublicKey"], "{spec}: a new pair each time");

        for (pair, private) in [(&told, Some(&private)), (&without, None)] {
            let blob = &pair["PrivateKeyCiphertextBlob"];
            let opened = json!({ "CiphertextBlob": blob, "EncryptionContext": context });
            let opened = house.call_as(&who, Op::Decrypt, opened).await.expect("it opens");
            assert!(private.is_none_or(|private| opened["Plaintext"] == **private), "{spec}: byte for byte");
            assert_eq!(opened["KeyMaterialId"], material);
            let told = house.call_as(&who, Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
            assert_eq!(told, refusal("InvalidCiphertextException", ""), "{spec}: without its context");
        }
    }
}

/// What the pair of ML-KEM is good for, whose private half only the seed tells.
#[tokio::test]
async fn an_ml_kem_pair_is_the_seed_and_the_key_that_follows_from_it() {
    let house = House::new().await;
    let key = house.key().await;
    // RFC 5958's head with the OID, and in its octet string the seed under the tag [0].
    let head = hex::decode("3054020100300b06096086480165030404").expect("hex");
    for (spec, oid) in [(KeySpec::MlKem512, 1), (KeySpec::MlKem768, 2), (KeySpec::MlKem1024, 3)] {
        let told = house.ok(Op::GenerateDataKeyPair, json!({ "KeyId": key, "KeyPairSpec": spec.as_str() })).await;
        let private = unbase64(&text_at(&told, "/PrivateKeyPlaintext"));
        let seed = &private[22..];
        assert_eq!((&private[..17], private[17], &private[18..22]), (&head[..], oid, &[4, 66, 0x80, 64][..]), "{spec}");
        let material = crypto::testing::material(spec, seed).expect("a seed of 64 bytes");
        let public_key = material.public_key().expect("a public half");
        assert_eq!(public_key.spki(), unbase64(&text_at(&told, "/PublicKey")), "{spec}");
    }
}

#[tokio::test]
async fn a_pair_that_is_of_no_spec_or_not_of_this_region_is_refused() {
    let house = House::new().await;
    for op in OPS {
        for region in [REGION, CHINA] {
            let who = caller(OWN, region);
            let made = house.call_as(&who, Op::CreateKey, json!({})).await.expect("a key is made");
            let key = text_at(&made, "/KeyMetadata/KeyId");
            for (spec, ..) in PAIRS {
                if matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096) {
                    continue;
                }
                let told = house.call_as(&who, op, json!({ "KeyId": key, "KeyPairSpec": spec.as_str() })).await;
                match spec.offered_in(if region == CHINA { "aws-cn" } else { "aws" }) {
                    true => assert!(told.is_ok(), "{spec} in {region}: {told:?}"),
                    false => {
                        let text = format!("KeyPairSpec {spec} is not supported in this Region");
                        assert_eq!(told, refusal("UnsupportedOperationException", text));
                    }
                }
            }
            let known: BTreeSet<_> = PAIRS.iter().map(|(spec, ..)| *spec).collect();
            for spec in KeySpec::ALL.iter().filter(|spec| !known.contains(spec)) {
                let told = house.call_as(&who, op, json!({ "KeyId": key, "KeyPairSpec": spec.as_str() })).await;
                let text = told.expect_err("AWS has no such pairs").1;
                let start = format!(
                    "1 validation error detected: Value '{spec}' at 'keyPairSpec' failed to satisfy constraint: Member \
                     must satisfy enum value set: ["
                );
                assert!(text.starts_with(&start), "{text}");
            }
        }
    }
}

/// Usage, state, then whether the key can seal a data key at all.
#[tokio::test]
async fn only_symmetric_keys_seal_pairs() {
    let house = House::new().await;
    for op in OPS {
        for (spec, usage) in common::kinds::kinds() {
            if matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096) || spec.kind() == Kind::Symmetric {
                continue;
            }
            let key = house.kept(spec, usage).await;
            key.ok(&house, Op::DisableKey, json!({})).await;
            let body = json!({ "KeyPairSpec": "ECC_NIST_P256" });
            let told = key.call(&house, op, body.clone()).await;
            if usage == KeyUsage::EncryptDecrypt {
                assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", key.arn)));
                key.ok(&house, Op::EnableKey, json!({})).await;
                let text = "You cannot generate a data key with an asymmetric CMK";
                assert_eq!(key.call(&house, op, body).await, refusal("InvalidKeyUsageException", text));
            } else {
                let text = format!("{} key usage is {usage} which is not valid for {}.", key.arn, op.name());
                assert_eq!(told, refusal("InvalidKeyUsageException", text));
            }
        }
    }
}

#[tokio::test]
async fn a_dry_run_draws_no_pair() {
    let house = House::new().await;
    let key = house.key().await;
    for op in OPS {
        // Were it drawn, the test would take as long as it takes to find the primes.
        for spec in ["RSA_4096", "ECC_NIST_P256"] {
            let body = json!({ "KeyId": key, "KeyPairSpec": spec, "DryRun": true });
            let text = "The request would have succeeded, but the DryRun option is set.";
            assert_eq!(house.call(op, body).await, refusal("DryRunOperationException", text));
        }
        let long = json!({ "a": "x".repeat(kms::MAX_CONTEXT_BYTES) });
        let body = json!({ "KeyId": "no key id", "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": long });
        let text = "EncryptionContext must not be longer than 8192 bytes.";
        assert_eq!(house.call(op, body).await, refusal("ValidationException", text));
    }
}

/// A pair outlives rotations of its key as every ciphertext does.
#[tokio::test]
async fn a_pair_opens_after_its_key_was_rotated() {
    let house = House::new().await;
    let key = house.key().await;
    let body = json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" });
    let old = house.ok(Op::GenerateDataKeyPair, body.clone()).await;
    house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    let new = house.ok(Op::GenerateDataKeyPair, body).await;
    assert_ne!(old["KeyMaterialId"], new["KeyMaterialId"]);
    for pair in [old, new] {
        let opened = house.ok(Op::Decrypt, json!({ "CiphertextBlob": pair["PrivateKeyCiphertextBlob"] })).await;
        assert_eq!(opened["Plaintext"], pair["PrivateKeyPlaintext"]);
        assert_eq!(opened["KeyMaterialId"], pair["KeyMaterialId"]);
    }
}
