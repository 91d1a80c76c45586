//! DeriveSharedSecret, Encapsulate and Decapsulate: secrets that two share who never told them.

mod common;

use common::kinds::{kinds, kinds_for};
use common::{House, Refusal, base64, name_of, refusal, text_at, unbase64, with};
use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use crypto::{Material, SystemRandom};
use serde_json::{Value, json};
use wire::Op;

fn invalid(text: &str) -> Result<Value, Refusal> {
    refusal("ValidationException", text)
}

fn would() -> Result<Value, Refusal> {
    refusal("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.")
}

fn with_peer(peer: impl AsRef<[u8]>) -> Value {
    json!({ "PublicKey": base64(peer), "KeyAgreementAlgorithm": "ECDH" })
}

/// How many bytes the x-coordinate of a point has.
fn secret_bytes(spec: KeySpec) -> usize {
    match spec {
        KeySpec::EccNistP256 | KeySpec::Sm2 => 32,
        KeySpec::EccNistP384 => 48,
        KeySpec::EccNistP521 => 66,
        other => panic!("{other} agrees with nobody"),
    }
}

/// How long the ciphertexts are. FIPS 203, table 3.
const CIPHERTEXTS: [(KeySpec, usize); 3] =
    [(KeySpec::MlKem512, 768), (KeySpec::MlKem768, 1088), (KeySpec::MlKem1024, 1568)];

#[tokio::test]
async fn two_keys_agree_on_one_secret_here_and_outside() {
    let house = House::new().await;
    for spec in kinds_for(KeyUsage::KeyAgreement) {
        let (one, other) =
            (house.kept(spec, KeyUsage::KeyAgreement).await, house.kept(spec, KeyUsage::KeyAgreement).await);
        let (of_one, of_other) = (one.spki(&house).await, other.spki(&house).await);
        let told = one.ok(&house, Op::DeriveSharedSecret, with_peer(&of_other)).await;
        let secret = text_at(&told, "/SharedSecret");
        let expected = json!({
            "KeyAgreementAlgorithm": "ECDH", "KeyId": one.arn, "KeyOrigin": "AWS_KMS", "SharedSecret": secret,
        });
        assert_eq!(told, expected, "{spec}");
        assert_eq!(unbase64(&secret).len(), secret_bytes(spec), "{spec}: leading zeros stay");
        assert_eq!(
            other.ok(&house, Op::DeriveSharedSecret, with_peer(&of_one)).await["SharedSecret"],
            secret,
            "{spec}"
        );
        assert_eq!(one.ok(&house, Op::DeriveSharedSecret, with_peer(&of_other)).await, told, "the same each time");

        let outside = Material::generate(spec, &SystemRandom);
        let peer = outside.public_key().expect("a public half");
        let here = text_at(&one.ok(&house, Op::DeriveSharedSecret, with_peer(peer.spki())).await, "/SharedSecret");
        let there = outside.agree(Algorithm::Ecdh, &one.public_key(&house).await).expect("it agrees");
        assert_eq!(unbase64(&here), there.expose(), "{spec}");
        let dry = with(with_peer(&of_other), json!({ "DryRun": true }));
        assert_eq!(one.call(&house, Op::DeriveSharedSecret, dry).await, would());
    }
}

/// ValidationException without a word, whatever is wrong: so AWS was recorded.
#[tokio::test]
async fn a_public_key_that_is_none_of_the_curve_is_refused_without_a_word() {
    let house = House::new().await;
    for spec in kinds_for(KeyUsage::KeyAgreement) {
        let key = house.kept(spec, KeyUsage::KeyAgreement).await;
        let good = house.kept(spec, KeyUsage::KeyAgreement).await.spki(&house).await;
        let mut wrong: Vec<(String, Vec<u8>)> = vec![
            ("no key".into(), b"a public key".to_vec()),
            ("a byte".into(), vec![0]),
            ("the longest".into(), vec![0x30; 8192]),
            ("truncated".into(), good[..good.len() - 1].to_vec()),
            ("extended".into(), [&good[..], &[0]].concat()),
            ("PEM".into(), format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", base64(&good)).into()),
            ("the bare point".into(), good[good.len() - 2 * secret_bytes(spec) - 1..].to_vec()),
        ];
        // Another y, so that the point is on no curve; and the point at infinity, in a key of its own form.
        let mut off = good.clone();
        *off.last_mut().expect("a byte") ^= 1;
        wrong.push(("a point off the curve".into(), off));
        let mut zeros = good.clone();
        let point = zeros.len() - 2 * secret_bytes(spec);
        zeros[point..].fill(0);
        wrong.push(("zeros".into(), zeros));
        for other in KeySpec::ALL.iter().filter(|other| **other != spec) {
            let slow = matches!(other, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096);
            let Some(material) = (!slow).then(|| Material::generate(*other, &SystemRandom)) else { continue };
            if let Ok(public_key) = material.public_key() {
                wrong.push((format!("{other}'s"), public_key.spki().to_vec()));
            }
        }
        for (what, peer) in wrong {
            for dry in [false, true] {
                let body = with(with_peer(&peer), json!({ "DryRun": dry }));
                assert_eq!(key.call(&house, Op::DeriveSharedSecret, body).await, invalid(""), "{spec}: {what}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_encapsulated_is_decapsulated_by_the_owner_alone() {
    let house = House::new().await;
    for (spec, bytes) in CIPHERTEXTS {
        let key = house.kept(spec, KeyUsage::EncapsulateDecapsulate).await;
        let other = house.kept(spec, KeyUsage::EncapsulateDecapsulate).await;
        let told = key.ok(&house, Op::Encapsulate, json!({ "EncapsulationAlgorithm": "ML_KEM" })).await;
        let (secret, blob) = (text_at(&told, "/SharedSecret"), text_at(&told, "/SharedSecretCiphertextBlob"));
        let expected = json!({
            "EncapsulationAlgorithm": "ML_KEM", "KeyId": key.arn, "SharedSecret": secret,
            "SharedSecretCiphertextBlob": blob,
        });
        assert_eq!(told, expected, "{spec}");
        assert_eq!((unbase64(&secret).len(), unbase64(&blob).len()), (32, bytes), "{spec}");
        let again = key.ok(&house, Op::Encapsulate, json!({ "EncapsulationAlgorithm": "ML_KEM" })).await;
        assert_ne!((&again["SharedSecret"], &again["SharedSecretCiphertextBlob"]), (&json!(secret), &json!(blob)));

        let body =
            |blob: &[u8]| json!({ "SharedSecretCiphertextBlob": base64(blob), "EncapsulationAlgorithm": "ML_KEM" });
        let opened = key.ok(&house, Op::Decapsulate, body(&unbase64(&blob))).await;
        let expected = json!({ "EncapsulationAlgorithm": "ML_KEM", "KeyId": key.arn, "SharedSecret": secret });
        assert_eq!(opened, expected, "{spec}");
        // Nobody else learns it, and nobody is told so: whatever has the length is a ciphertext (FIPS 203, §6.3).
        let elsewhere = other.ok(&house, Op::Decapsulate, body(&unbase64(&blob))).await;
        assert_ne!(elsewhere["SharedSecret"], secret);

        let (ciphertext, outside) =
            key.public_key(&house).await.encapsulate(Algorithm::MlKem).expect("it encapsulates");
        let told = key.ok(&house, Op::Decapsulate, body(&ciphertext)).await;
        assert_eq!(unbase64(&text_at(&told, "/SharedSecret")), outside.expose(), "{spec}: what was made outside");
    }
}

#[tokio::test]
async fn a_ciphertext_that_nobody_made_gives_a_secret_that_nobody_knows_and_always_the_same() {
    let house = House::new().await;
    for (spec, bytes) in CIPHERTEXTS {
        let key = house.kept(spec, KeyUsage::EncapsulateDecapsulate).await;
        let told = key.ok(&house, Op::Encapsulate, json!({ "EncapsulationAlgorithm": "ML_KEM" })).await;
        let (secret, blob) =
            (text_at(&told, "/SharedSecret"), unbase64(&text_at(&told, "/SharedSecretCiphertextBlob")));
        let body =
            |blob: &[u8]| json!({ "SharedSecretCiphertextBlob": base64(blob), "EncapsulationAlgorithm": "ML_KEM" });
        let mut secrets = vec![secret];
        for at in [0, bytes / 2, bytes - 1] {
            let mut flipped = blob.clone();
            flipped[at] ^= 1;
            let told = key.ok(&house, Op::Decapsulate, body(&flipped)).await;
            let implicit = text_at(&told, "/SharedSecret");
            assert_eq!(unbase64(&implicit).len(), 32);
            assert_eq!(key.ok(&house, Op::Decapsulate, body(&flipped)).await, told, "{spec}: the same each time");
            assert!(!secrets.contains(&implicit), "{spec}: another for each ciphertext");
            secrets.push(implicit);
        }
        for length in [1, 767, 768, 769, 1087, 1088, 1089, 1567, 1568, 1569, 6144] {
            let told = key.call(&house, Op::Decapsulate, body(&vec![7; length])).await;
            if length == bytes {
                assert!(told.is_ok(), "{spec}: {told:?}");
            } else {
                assert_eq!(told, refusal("InvalidCiphertextException", ""), "{spec}: {length} bytes");
            }
        }
        for (op, body) in [
            (Op::Encapsulate, json!({ "EncapsulationAlgorithm": "ML_KEM", "DryRun": true })),
            (Op::Decapsulate, with(body(&blob), json!({ "DryRun": true }))),
            // It looks at no ciphertext.
            (Op::Decapsulate, with(body(&[7]), json!({ "DryRun": true }))),
        ] {
            assert_eq!(key.call(&house, op, body).await, would(), "{op:?} {spec}");
        }
    }
}

/// Usage, then state. The algorithms of these usages are one each, so that no other can be named.
#[tokio::test]
async fn a_key_s_usage_is_told_before_its_state() {
    let house = House::new().await;
    let kem = json!({ "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": base64([1; 3]) });
    for (op, wanted, body) in [
        (Op::DeriveSharedSecret, KeyUsage::KeyAgreement, with_peer("none")),
        (Op::Encapsulate, KeyUsage::EncapsulateDecapsulate, kem.clone()),
        (Op::Decapsulate, KeyUsage::EncapsulateDecapsulate, kem),
    ] {
        for (spec, usage) in kinds().filter(|(spec, _)| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
            let key = house.kept(spec, usage).await;
            key.ok(&house, Op::DisableKey, json!({})).await;
            let told = key.call(&house, op, body.clone()).await;
            if usage == wanted {
                assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", key.arn)), "{op:?}");
                key.ok(&house, Op::EnableKey, json!({})).await;
                let told = key.call(&house, op, body.clone()).await;
                assert_ne!(name_of(&told), "InvalidKeyUsageException", "{op:?} {spec}: {told:?}");
            } else {
                let text = format!("{} key usage is {usage} which is not valid for {}.", key.arn, op.name());
                assert_eq!(told, refusal("InvalidKeyUsageException", text));
            }
        }
    }
}

#[tokio::test]
async fn an_algorithm_that_is_none_is_refused_before_a_key_is_looked_for() {
    let house = House::new().await;
    let cases = [
        (Op::DeriveSharedSecret, "KeyAgreementAlgorithm", "keyAgreementAlgorithm", "ECDH"),
        (Op::Encapsulate, "EncapsulationAlgorithm", "encapsulationAlgorithm", "ML_KEM"),
        (Op::Decapsulate, "EncapsulationAlgorithm", "encapsulationAlgorithm", "ML_KEM"),
    ];
    for (op, member, shown, only) in cases {
        let body =
            json!({ "KeyId": "x", "PublicKey": "eA==", "SharedSecretCiphertextBlob": "eA==", member: "INVALID" });
        let text = format!(
            "1 validation error detected: Value 'INVALID' at '{shown}' failed to satisfy constraint: Member must satisfy \
             enum value set: [{only}]"
        );
        assert_eq!(house.call(op, body).await, invalid(&text));
    }
}
