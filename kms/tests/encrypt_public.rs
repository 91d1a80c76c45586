//! Encrypt, Decrypt and ReEncrypt with the public halves of RSA and SM2 keys, beside and across symmetric ones.

mod common;

use common::kinds::{CHINA, Kept, kinds};
use common::{House, OWN, REGION, Refusal, base64, caller, name_of, refusal, text_at, unbase64, with};
use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use crypto::{Material, SystemRandom};
use serde_json::{Value, json};
use wire::Op;

const OAEP_1: &str = "RSAES_OAEP_SHA_1";
const OAEP_256: &str = "RSAES_OAEP_SHA_256";

/// How much each key encrypts: AWS's table, and for RSA its recorded texts.
const LIMITS: [(KeySpec, &str, usize); 7] = [
    (KeySpec::Rsa2048, OAEP_1, 214),
    (KeySpec::Rsa2048, OAEP_256, 190),
    (KeySpec::Rsa3072, OAEP_1, 342),
    (KeySpec::Rsa3072, OAEP_256, 318),
    (KeySpec::Rsa4096, OAEP_1, 470),
    (KeySpec::Rsa4096, OAEP_256, 446),
    (KeySpec::Sm2, "SM2PKE", 1024),
];

fn bad_ciphertext() -> Result<Value, Refusal> {
    refusal("InvalidCiphertextException", "")
}

fn incompatible(algorithm: &str, spec: KeySpec) -> Result<Value, Refusal> {
    refusal("InvalidKeyUsageException", format!("Algorithm {algorithm} is incompatible with key spec {spec}."))
}

async fn encrypting_keys(house: &House) -> Vec<Kept> {
    let mut keys = Vec::new();
    for spec in [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096, KeySpec::Sm2] {
        keys.push(house.kept(spec, KeyUsage::EncryptDecrypt).await);
    }
    keys
}

#[tokio::test]
async fn each_key_encrypts_as_much_as_aws_says_and_not_a_byte_more() {
    let house = House::new().await;
    let keys = encrypting_keys(&house).await;
    for (spec, name, most) in LIMITS {
        let key = keys.iter().find(|key| key.spec == spec).expect("a key");
        let algorithm = Algorithm::parse(name).expect("an algorithm");
        for bytes in [1, most] {
            let plaintext = base64(vec![0x70; bytes]);
            let told =
                key.ok(&house, Op::Encrypt, json!({ "Plaintext": plaintext, "EncryptionAlgorithm": name })).await;
            let blob = text_at(&told, "/CiphertextBlob");
            assert_eq!(told, json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": name, "KeyId": key.arn }));
            let told =
                key.ok(&house, Op::Decrypt, json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": name })).await;
            let expected = json!({
                "EncryptionAlgorithm": name, "KeyId": key.arn, "KeyOrigin": "AWS_KMS", "Plaintext": plaintext,
            });
            assert_eq!(told, expected, "{spec} {name}: no material's id");
            let again =
                key.ok(&house, Op::Encrypt, json!({ "Plaintext": plaintext, "EncryptionAlgorithm": name })).await;
            assert_ne!(again["CiphertextBlob"], blob, "{spec} {name}: never twice the same");
        }
        for (bytes, dry) in [(most + 1, false), (4096, false), (most + 1, true)] {
            let body = json!({ "Plaintext": base64(vec![0; bytes]), "EncryptionAlgorithm": name, "DryRun": dry });
            let text = format!("Algorithm {name} and key spec {spec} cannot encrypt data larger than {most} bytes.");
            assert_eq!(key.call(&house, Op::Encrypt, body).await, refusal("ValidationException", text));
        }
        // What is encrypted outside is decrypted here.
        let outside = key.public_key(&house).await.encrypt(algorithm, b"from outside", &SystemRandom);
        let body = json!({ "CiphertextBlob": base64(outside.expect("it encrypts")), "EncryptionAlgorithm": name });
        assert_eq!(key.ok(&house, Op::Decrypt, body).await["Plaintext"], base64("from outside"));
    }
}

/// One error for every kind of bad ciphertext, and it has no words.
#[tokio::test]
async fn a_ciphertext_that_is_wrong_in_any_way_is_refused_alike() {
    let house = House::new().await;
    for (spec, algorithms) in [(KeySpec::Rsa2048, &[OAEP_1, OAEP_256][..]), (KeySpec::Sm2, &["SM2PKE"][..])] {
        let key = house.kept(spec, KeyUsage::EncryptDecrypt).await;
        let other = house.kept(spec, KeyUsage::EncryptDecrypt).await;
        for algorithm in algorithms {
            let encrypt = json!({ "Plaintext": base64("p"), "EncryptionAlgorithm": algorithm });
            let blob = unbase64(&text_at(&key.ok(&house, Op::Encrypt, encrypt.clone()).await, "/CiphertextBlob"));
            let others = unbase64(&text_at(&other.ok(&house, Op::Encrypt, encrypt.clone()).await, "/CiphertextBlob"));
            let mut wrong = vec![
                ("truncated".to_owned(), blob[..blob.len() - 1].to_vec()),
                ("without its first byte".to_owned(), blob[1..].to_vec()),
                ("extended".to_owned(), [&blob[..], &[0]].concat()),
                ("a byte before".to_owned(), [&[0], &blob[..]].concat()),
                ("another key's".to_owned(), others),
                ("a byte".to_owned(), vec![1]),
                ("zeros".to_owned(), vec![0; blob.len()]),
                ("the largest number".to_owned(), vec![0xff; blob.len()]),
                ("the longest".to_owned(), vec![0x30; 6144]),
            ];
            for at in [0, 1, 2, blob.len() / 2, blob.len() - 1] {
                let mut flipped = blob.clone();
                flipped[at] ^= 1;
                wrong.push((format!("the byte {at} of {}", blob.len()), flipped));
            }
            for another in algorithms.iter().filter(|another| *another != algorithm) {
                let by_another = with(encrypt.clone(), json!({ "EncryptionAlgorithm": another }));
                let blob = key.ok(&house, Op::Encrypt, by_another).await;
                wrong.push((format!("by {another}"), unbase64(&text_at(&blob, "/CiphertextBlob"))));
            }
            for (what, wrong) in wrong {
                let body = json!({ "CiphertextBlob": base64(wrong), "EncryptionAlgorithm": algorithm });
                assert_eq!(key.call(&house, Op::Decrypt, body).await, bad_ciphertext(), "{spec} {algorithm}: {what}");
            }
            // A dry run does not say whether it opens.
            let body = json!({ "CiphertextBlob": base64("x"), "EncryptionAlgorithm": algorithm, "DryRun": true });
            assert_eq!(name_of(&key.call(&house, Op::Decrypt, body).await), "DryRunOperationException");
        }
    }
}

#[tokio::test]
async fn the_algorithm_has_to_be_named_and_to_be_the_key_s() {
    let house = House::new().await;
    let key = house.kept(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).await;
    let symmetric = house.key().await;
    let blob = unbase64(&house.encrypt(&symmetric, &base64("p")).await);
    // Left out, it counts as the symmetric one: the key has none such, and a ciphertext is parsed as ours first.
    let told = key.call(&house, Op::Encrypt, json!({ "Plaintext": "eA==" })).await;
    assert_eq!(told, incompatible("SYMMETRIC_DEFAULT", KeySpec::Rsa2048));
    let by_rsa = json!({ "Plaintext": "eA==", "EncryptionAlgorithm": OAEP_256 });
    let by_rsa = text_at(&key.ok(&house, Op::Encrypt, by_rsa).await, "/CiphertextBlob");
    assert_eq!(key.call(&house, Op::Decrypt, json!({ "CiphertextBlob": by_rsa })).await, bad_ciphertext());
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": by_rsa })).await, bad_ciphertext());
    // A ciphertext of RSA does not say its key.
    let unnamed = json!({ "CiphertextBlob": by_rsa, "EncryptionAlgorithm": OAEP_256 });
    assert_eq!(house.call(Op::Decrypt, unnamed).await, bad_ciphertext());
    // One of ours does, and it is another than the one that is named.
    let told = key.call(&house, Op::Decrypt, json!({ "CiphertextBlob": base64(&blob) })).await;
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    assert_eq!(told, refusal("IncorrectKeyException", text));
    let told = key.call(&house, Op::Decrypt, json!({ "CiphertextBlob": base64(&blob), "EncryptionAlgorithm": OAEP_1 }));
    assert_eq!(told.await, bad_ciphertext());

    for (spec, usage) in kinds().filter(|(_, usage)| *usage == KeyUsage::EncryptDecrypt) {
        let key = house.kept(spec, usage).await;
        for algorithm in ["SYMMETRIC_DEFAULT", OAEP_1, OAEP_256, "SM2PKE"] {
            if spec.algorithms(usage).iter().any(|of| of.as_str() == algorithm) {
                continue;
            }
            let told =
                key.call(&house, Op::Encrypt, json!({ "Plaintext": "eA==", "EncryptionAlgorithm": algorithm })).await;
            assert_eq!(told, incompatible(algorithm, spec));
            if algorithm != "SYMMETRIC_DEFAULT" {
                let body = json!({ "CiphertextBlob": by_rsa, "EncryptionAlgorithm": algorithm });
                assert_eq!(key.call(&house, Op::Decrypt, body).await, incompatible(algorithm, spec));
            }
        }
    }
}

/// Usage, state, algorithm, then the length of the plaintext.
#[tokio::test]
async fn a_key_s_usage_is_told_before_its_state_that_before_its_algorithm_and_that_before_the_length() {
    let house = House::new().await;
    let blob = base64([7; 256]);
    for (spec, usage) in kinds().filter(|(spec, _)| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
        let key = house.kept(spec, usage).await;
        key.ok(&house, Op::DisableKey, json!({})).await;
        let wrong = if spec == KeySpec::Sm2 { OAEP_1 } else { "SM2PKE" };
        let long = json!({ "Plaintext": base64([1; 1025]), "CiphertextBlob": blob, "EncryptionAlgorithm": wrong });
        for op in [Op::Encrypt, Op::Decrypt] {
            let told = key.call(&house, op, long.clone()).await;
            if usage == KeyUsage::EncryptDecrypt {
                assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", key.arn)), "{op:?} {spec}");
            } else {
                let text = format!("{} key usage is {usage} which is not valid for {}.", key.arn, op.name());
                assert_eq!(told, refusal("InvalidKeyUsageException", text));
            }
        }
        if usage == KeyUsage::EncryptDecrypt {
            key.ok(&house, Op::EnableKey, json!({})).await;
            assert_eq!(key.call(&house, Op::Encrypt, long.clone()).await, incompatible(wrong, spec));
            let right = spec.algorithms(usage)[0].as_str();
            let long = with(long, json!({ "EncryptionAlgorithm": right }));
            let told = key.call(&house, Op::Encrypt, long).await;
            let refused = spec.max_plaintext(spec.algorithms(usage)[0]).expect("a limit") < 1025;
            assert_eq!(name_of(&told), if refused { "ValidationException" } else { "" }, "{spec}: {told:?}");
        }
    }
}

#[tokio::test]
async fn only_symmetric_encryption_has_a_context() {
    let house = House::new().await;
    let context = json!({ "a": "1" });
    for algorithm in [OAEP_1, OAEP_256, "SM2PKE"] {
        let text = format!("EncryptionContext is not supported with algorithm {algorithm}.");
        let refused = refusal("ValidationException", text);
        // No key is looked for.
        let with_algorithm =
            json!({ "KeyId": "no key id", "EncryptionAlgorithm": algorithm, "EncryptionContext": context });
        let encrypt = with(with_algorithm.clone(), json!({ "Plaintext": "eA==" }));
        assert_eq!(house.call(Op::Encrypt, encrypt).await, refused);
        let decrypt = with(with_algorithm, json!({ "CiphertextBlob": "eA==" }));
        assert_eq!(house.call(Op::Decrypt, decrypt).await, refused);
        for (of_algorithm, of_context) in [
            ("SourceEncryptionAlgorithm", "SourceEncryptionContext"),
            ("DestinationEncryptionAlgorithm", "DestinationEncryptionContext"),
        ] {
            let body = json!({
                "CiphertextBlob": "eA==", "SourceKeyId": "no key id", "DestinationKeyId": "no key id",
                of_algorithm: algorithm, of_context: context,
            });
            assert_eq!(house.call(Op::ReEncrypt, body).await, refused);
        }
    }
    // An empty one is none.
    let key = house.kept(KeySpec::Sm2, KeyUsage::EncryptDecrypt).await;
    let body = json!({ "Plaintext": "eA==", "EncryptionAlgorithm": "SM2PKE", "EncryptionContext": {} });
    key.ok(&house, Op::Encrypt, body).await;
}

/// Every way from one kind of key to another, and what is told of the materials: of symmetric ones alone.
#[tokio::test]
async fn what_is_encrypted_under_one_kind_of_key_is_encrypted_anew_under_every_other() {
    let house = House::new().await;
    let kinds = [
        (KeySpec::SymmetricDefault, "SYMMETRIC_DEFAULT"),
        (KeySpec::SymmetricDefault, "SYMMETRIC_DEFAULT"),
        (KeySpec::Rsa2048, OAEP_1),
        (KeySpec::Rsa3072, OAEP_256),
        (KeySpec::Sm2, "SM2PKE"),
    ];
    let mut keys = Vec::new();
    for (spec, algorithm) in kinds {
        // China has all of them.
        keys.push((house.kept_in(CHINA, spec, KeyUsage::EncryptDecrypt).await, algorithm));
    }
    let who = caller(OWN, CHINA);
    let mut materials = Vec::new();
    for (key, _) in &keys {
        let told = key.ok(&house, Op::DescribeKey, json!({})).await;
        materials.push(told["KeyMetadata"].get("CurrentKeyMaterialId").cloned());
    }
    let plaintext = base64("carried over");
    for ((from, from_algorithm), from_material) in keys.iter().zip(&materials) {
        let sealed = json!({ "Plaintext": plaintext, "EncryptionAlgorithm": from_algorithm });
        let blob = from.ok(&house, Op::Encrypt, sealed).await["CiphertextBlob"].clone();
        for ((to, to_algorithm), to_material) in keys.iter().zip(&materials) {
            let body = json!({
                "CiphertextBlob": blob, "SourceKeyId": from.id, "SourceEncryptionAlgorithm": from_algorithm,
                "DestinationKeyId": to.id, "DestinationEncryptionAlgorithm": to_algorithm,
            });
            let told = house.call_as(&who, Op::ReEncrypt, body.clone()).await.expect("it is encrypted anew");
            let mut expected = json!({
                "CiphertextBlob": told["CiphertextBlob"], "DestinationEncryptionAlgorithm": to_algorithm,
                "KeyId": to.arn, "SourceEncryptionAlgorithm": from_algorithm, "SourceKeyId": from.arn,
            });
            for (member, material) in
                [("SourceKeyMaterialId", from_material), ("DestinationKeyMaterialId", to_material)]
            {
                if let Some(material) = material {
                    expected[member] = material.clone();
                }
            }
            assert_eq!(told, expected, "{from_algorithm} to {to_algorithm}");
            let opened = json!({ "CiphertextBlob": told["CiphertextBlob"], "EncryptionAlgorithm": to_algorithm });
            assert_eq!(to.ok(&house, Op::Decrypt, opened).await["Plaintext"], plaintext);
            let dry = house.call_as(&who, Op::ReEncrypt, with(body, json!({ "DryRun": true }))).await;
            assert_eq!(name_of(&dry), "DryRunOperationException");
        }
    }
}

#[tokio::test]
async fn re_encrypt_refuses_what_either_side_would_refuse() {
    let house = House::new().await;
    let symmetric = house.key().await;
    let rsa = house.kept(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).await;
    let signing = house.kept(KeySpec::EccNistP256, KeyUsage::SignVerify).await;
    let long = house.encrypt(&symmetric, &base64([1; 191])).await;
    let short = house.encrypt(&symmetric, "eA==").await;
    let to =
        |blob: &str, key: &str, more: Value| with(json!({ "CiphertextBlob": blob, "DestinationKeyId": key }), more);
    let by_oaep = json!({ "DestinationEncryptionAlgorithm": OAEP_256 });
    let too_long = format!("Algorithm {OAEP_256} and key spec RSA_2048 cannot encrypt data larger than 190 bytes.");
    let usage = |operation: &str| {
        let text = format!("{} key usage is SIGN_VERIFY which is not valid for {operation}.", signing.arn);
        refusal("InvalidKeyUsageException", text)
    };
    let from_rsa = json!({ "SourceKeyId": rsa.id, "SourceEncryptionAlgorithm": OAEP_256 });
    let from_signing = json!({ "SourceKeyId": signing.id, "SourceEncryptionAlgorithm": OAEP_256 });
    for (body, told) in [
        (to(&long, &rsa.id, by_oaep.clone()), refusal("ValidationException", too_long)),
        (to(&short, &rsa.id, json!({})), incompatible("SYMMETRIC_DEFAULT", KeySpec::Rsa2048)),
        (to(&short, &symmetric, by_oaep), incompatible(OAEP_256, KeySpec::SymmetricDefault)),
        (to(&short, &signing.id, json!({})), usage("ReEncryptTo")),
        (to(&short, &symmetric, from_signing), usage("ReEncryptFrom")),
        (to(&short, &symmetric, from_rsa.clone()), bad_ciphertext()),
        (to(&short, &symmetric, common::without(from_rsa, "SourceKeyId")), bad_ciphertext()),
    ] {
        assert_eq!(house.call(Op::ReEncrypt, body.clone()).await, told, "{body}");
    }
}

/// RSA and SM2 keys of other Regions are not here, and what another key of the same kind has made does not open.
#[tokio::test]
async fn a_public_key_taken_outside_encrypts_for_its_owner_alone() {
    let house = House::new().await;
    let key = house.kept(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).await;
    let stranger = Material::generate(KeySpec::EccNistP256, &SystemRandom).public_key().expect("a public half");
    assert_ne!(stranger.spki(), key.spki(&house).await);
    let body = json!({ "KeyId": key.arn, "Plaintext": "eA==", "EncryptionAlgorithm": OAEP_256 });
    let told = house.call_as(&caller(OWN, CHINA), Op::Encrypt, body).await;
    assert_eq!(name_of(&told), "NotFoundException", "{told:?}");
    assert_eq!(key.region, REGION);
}
