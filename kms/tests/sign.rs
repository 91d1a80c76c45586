//! Sign and Verify: which key signs which message in which form, and every way in which a signature is none.

mod common;

use common::kinds::{Kept, kinds, kinds_for};
use common::{House, Refusal, base64, refusal, text_at, unbase64, with};
use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use crypto::{Message, sha256};
use serde_json::{Value, json};
use wire::Op;

const RAW: &str = "RAW";
const DIGEST: &str = "DIGEST";
const EXTERNAL_MU: &str = "EXTERNAL_MU";

/// What Sign takes of a message that fits the algorithm: its type, and how many bytes it has.
fn forms(algorithm: Algorithm) -> Vec<(&'static str, usize)> {
    let raw = algorithm.takes_raw().then_some((RAW, 4096));
    let digest = algorithm.digest_len().map(|bytes| (DIGEST, bytes));
    let mu = algorithm.mu_len().map(|bytes| (EXTERNAL_MU, bytes));
    raw.into_iter().chain(digest).chain(mu).collect()
}

fn request(algorithm: &str, message_type: &str, message: impl AsRef<[u8]>) -> Value {
    json!({ "Message": base64(message), "MessageType": message_type, "SigningAlgorithm": algorithm })
}

fn invalid(text: &str) -> Result<Value, Refusal> {
    refusal("ValidationException", text)
}

fn no_signature() -> Result<Value, Refusal> {
    refusal("KMSInvalidSignatureException", "")
}

/// How long a signature is; none where DER makes it shorter at times.
fn signature_bytes(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::Rsa2048 => Some(256),
        KeySpec::Rsa3072 => Some(384),
        KeySpec::Rsa4096 => Some(512),
        KeySpec::EccNistEdwards25519 => Some(64),
        KeySpec::MlDsa44 => Some(2420),
        KeySpec::MlDsa65 => Some(3309),
        KeySpec::MlDsa87 => Some(4627),
        KeySpec::EccNistP256 | KeySpec::EccNistP384 | KeySpec::EccNistP521 | KeySpec::EccSecgP256k1 | KeySpec::Sm2 => {
            None
        }
        KeySpec::SymmetricDefault
        | KeySpec::Hmac224
        | KeySpec::Hmac256
        | KeySpec::Hmac384
        | KeySpec::Hmac512
        | KeySpec::MlKem512
        | KeySpec::MlKem768
        | KeySpec::MlKem1024 => panic!("{spec} signs nothing"),
    }
}

/// Which algorithms sign the same bytes alike each time.
fn is_deterministic(algorithm: Algorithm) -> bool {
    use Algorithm as A;
    matches!(
        algorithm,
        A::RsassaPkcs1V15Sha256
            | A::RsassaPkcs1V15Sha384
            | A::RsassaPkcs1V15Sha512
            | A::Ed25519Sha512
            | A::Ed25519PhSha512
    )
}

async fn sign(house: &House, key: &Kept, body: &Value) -> Vec<u8> {
    unbase64(&text_at(&key.ok(house, Op::Sign, body.clone()).await, "/Signature"))
}

async fn verify(house: &House, key: &Kept, body: &Value, signature: &[u8]) -> Result<Value, Refusal> {
    key.call(house, Op::Verify, with(body.clone(), json!({ "Signature": base64(signature) }))).await
}

/// Every signing key, every algorithm of it, every form of message: signed, verified here and by who has the public
/// half alone, and refused as soon as one thing is another.
#[tokio::test]
async fn what_a_key_signs_it_verifies_and_nothing_else() {
    let house = House::new().await;
    for spec in kinds_for(KeyUsage::SignVerify) {
        let key = house.kept(spec, KeyUsage::SignVerify).await;
        let public_key = key.public_key(&house).await;
        for algorithm in spec.algorithms(KeyUsage::SignVerify) {
            let name = algorithm.as_str();
            for (message_type, bytes) in forms(*algorithm) {
                let message = vec![0x6d; bytes];
                let body = request(name, message_type, &message);
                let told = key.ok(&house, Op::Sign, body.clone()).await;
                let signature = unbase64(&text_at(&told, "/Signature"));
                let expected = json!({ "KeyId": key.arn, "Signature": base64(&signature), "SigningAlgorithm": name });
                assert_eq!(told, expected, "{spec} {name} {message_type}");
                assert!(signature_bytes(spec).is_none_or(|bytes| bytes == signature.len()), "{spec} {name}");
                let told = verify(&house, &key, &body, &signature).await;
                let expected = json!({ "KeyId": key.arn, "SignatureValid": true, "SigningAlgorithm": name });
                assert_eq!(told, Ok(expected), "{spec} {name} {message_type}");

                let outside = match message_type {
                    RAW => Message::Raw(&message),
                    DIGEST => Message::Digest(&message),
                    _ => Message::ExternalMu(&message),
                };
                assert!(public_key.verify(*algorithm, outside, &signature).is_ok(), "{spec} {name} {message_type}");
                let again = sign(&house, &key, &body).await;
                assert_eq!(again == signature, is_deterministic(*algorithm), "{spec} {name}");

                let mut other = message.clone();
                other[bytes / 2] ^= 1;
                let told = verify(&house, &key, &request(name, message_type, &other), &signature).await;
                assert_eq!(told, no_signature(), "{spec} {name} {message_type}: another message");
            }
        }
    }
}

/// What is wrong with a signature is told with one word, whatever it is.
#[tokio::test]
async fn a_signature_that_is_none_is_refused_alike_whatever_is_wrong_with_it() {
    let house = House::new().await;
    for spec in kinds_for(KeyUsage::SignVerify).filter(|spec| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
        let key = house.kept(spec, KeyUsage::SignVerify).await;
        let other = house.kept(spec, KeyUsage::SignVerify).await;
        let algorithms = spec.algorithms(KeyUsage::SignVerify);
        for algorithm in algorithms {
            let (message_type, bytes) = forms(*algorithm)[0];
            let body = request(algorithm.as_str(), message_type, vec![3; bytes.min(64)]);
            let signature = sign(&house, &key, &body).await;
            let mut wrong: Vec<(String, Vec<u8>)> = Vec::new();
            for at in [0, 1, signature.len() / 2, signature.len() - 1] {
                let mut flipped = signature.clone();
                flipped[at] ^= 1;
                wrong.push((format!("the byte {at} of {}", signature.len()), flipped));
            }
            for bytes in [1, signature.len() / 2, signature.len() - 1] {
                wrong.push((format!("cut to {bytes}"), signature[..bytes].to_vec()));
            }
            wrong.push(("a byte longer".into(), [&signature[..], &[0]].concat()));
            wrong.push(("a byte before".into(), [&[0], &signature[..]].concat()));
            wrong.push(("twice".into(), signature.repeat(if signature.len() * 2 > 6144 { 1 } else { 2 })));
            wrong.retain(|(_, wrong)| *wrong != signature);
            wrong.push(("the longest".into(), vec![0xff; 6144]));
            wrong.push(("zeros".into(), vec![0; signature.len()]));
            wrong.push(("another key's".into(), sign(&house, &other, &body).await));
            for another in algorithms.iter().filter(|another| *another != algorithm) {
                let (message_type, bytes) = forms(*another)[0];
                let by_another = request(another.as_str(), message_type, vec![3; bytes.min(64)]);
                wrong.push((format!("one by {another}"), sign(&house, &key, &by_another).await));
            }
            for (what, wrong) in wrong {
                let told = verify(&house, &key, &body, &wrong).await;
                assert_eq!(told, no_signature(), "{spec} {algorithm}: {what}");
            }
            assert!(verify(&house, &key, &body, &signature).await.is_ok());
        }
    }
}

/// RAW and DIGEST of the same hash are one signature; so are RAW and µ.
#[tokio::test]
async fn a_message_and_its_digest_have_the_same_signatures() {
    let house = House::new().await;
    let message = b"attack at dawn";
    let digest = sha256(message);
    for (spec, algorithm) in [
        (KeySpec::Rsa2048, "RSASSA_PKCS1_V1_5_SHA_256"),
        (KeySpec::Rsa2048, "RSASSA_PSS_SHA_256"),
        (KeySpec::EccNistP256, "ECDSA_SHA_256"),
        (KeySpec::EccSecgP256k1, "ECDSA_SHA_256"),
    ] {
        let key = house.kept(spec, KeyUsage::SignVerify).await;
        let (raw, hashed) = (request(algorithm, RAW, message), request(algorithm, DIGEST, digest));
        let unsaid = common::without(raw.clone(), "MessageType");
        let by_digest = sign(&house, &key, &hashed).await;
        for body in [&raw, &unsaid] {
            let by_message = sign(&house, &key, body).await;
            assert!(verify(&house, &key, &hashed, &by_message).await.is_ok(), "{spec} {algorithm}");
            assert!(verify(&house, &key, body, &by_digest).await.is_ok(), "{spec} {algorithm}");
            // A digest that is given as the message is hashed once more.
            let twice = request(algorithm, RAW, digest);
            assert_eq!(verify(&house, &key, &twice, &by_message).await, no_signature());
        }
    }
    // Ed25519ph hashes what it is given, and pure Ed25519 is no Ed25519ph of it.
    let key = house.kept(KeySpec::EccNistEdwards25519, KeyUsage::SignVerify).await;
    let given = [5; 64];
    let pure = sign(&house, &key, &request("ED25519_SHA_512", RAW, given)).await;
    let prehashed = sign(&house, &key, &request("ED25519_PH_SHA_512", DIGEST, given)).await;
    assert_ne!(pure, prehashed);
    let told = verify(&house, &key, &request("ED25519_PH_SHA_512", DIGEST, given), &pure).await;
    assert_eq!(told, no_signature());
}

/// The table of AWS's page of Sign, and its words where they were recorded.
const TYPES: [(&str, &str, [&str; 3]); 13] = [
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", ["", "32", "spec"]),
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", ["", "48", "spec"]),
    ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", ["", "64", "spec"]),
    ("RSA_2048", "RSASSA_PSS_SHA_256", ["", "32", "spec"]),
    ("RSA_2048", "RSASSA_PSS_SHA_384", ["", "48", "spec"]),
    ("RSA_2048", "RSASSA_PSS_SHA_512", ["", "64", "spec"]),
    ("ECC_NIST_P256", "ECDSA_SHA_256", ["", "32", "spec"]),
    ("ECC_NIST_P384", "ECDSA_SHA_384", ["", "48", "spec"]),
    ("ECC_NIST_P521", "ECDSA_SHA_512", ["", "64", "spec"]),
    ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", ["", "algorithm", "spec"]),
    ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", ["algorithm", "64", "spec"]),
    ("SM2", "SM2DSA", ["", "32", "spec"]),
    ("ML_DSA_44", "ML_DSA_SHAKE_256", ["", "spec", "64"]),
];

#[tokio::test]
async fn a_message_of_another_type_or_length_than_the_algorithm_s_is_refused_in_awss_words() {
    let house = House::new().await;
    for (spec, algorithm, forms) in TYPES {
        let key = house.kept(KeySpec::parse(spec).expect("a spec"), KeyUsage::SignVerify).await;
        for (message_type, form) in [RAW, DIGEST, EXTERNAL_MU].into_iter().zip(forms) {
            for op in [Op::Sign, Op::Verify] {
                let ask = async |bytes: usize, dry: bool| {
                    let more = json!({ "Signature": base64([1; 64]), "DryRun": dry });
                    key.call(&house, op, with(request(algorithm, message_type, vec![1; bytes]), more)).await
                };
                let taken = |told: &Result<Value, Refusal>| match op {
                    Op::Verify => *told == no_signature(),
                    _ => told.is_ok(),
                };
                let told = match form {
                    "algorithm" => {
                        Some(format!("Message type {message_type} is incompatible with algorithm {algorithm}."))
                    }
                    "spec" => Some(format!("Message type {message_type} is incompatible with key spec {spec}.")),
                    _ => None,
                };
                if let Some(told) = told {
                    for (bytes, dry) in [(32, false), (64, false), (1, true)] {
                        assert_eq!(ask(bytes, dry).await, invalid(&told), "{op:?} {algorithm} {message_type}");
                    }
                    continue;
                }
                let Ok(right) = form.parse::<usize>() else {
                    for bytes in [1, 4096] {
                        assert!(taken(&ask(bytes, false).await), "{op:?} {algorithm} {bytes}");
                    }
                    continue;
                };
                assert!(taken(&ask(right, false).await), "{op:?} {algorithm} {message_type}");
                let text = format!("Digest is invalid length for algorithm {algorithm}.");
                for bytes in [1, right - 1, right + 1, 4096] {
                    for dry in [false, true] {
                        assert_eq!(ask(bytes, dry).await, invalid(&text), "{op:?} {algorithm} {bytes}");
                    }
                }
            }
        }
    }
}

/// Usage, state, algorithm, digest: measured in this order.
#[tokio::test]
async fn a_key_s_usage_is_told_before_its_state_that_before_its_algorithm_and_that_before_the_message() {
    let house = House::new().await;
    let all_wrong = || request("RSASSA_PSS_SHA_256", DIGEST, [1; 5]);
    for op in [Op::Sign, Op::Verify] {
        let body = || with(all_wrong(), json!({ "Signature": base64([1; 64]) }));
        for (spec, usage) in kinds().filter(|(spec, _)| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
            let key = house.kept(spec, usage).await;
            key.ok(&house, Op::DisableKey, json!({})).await;
            let told = key.call(&house, op, body()).await;
            if usage != KeyUsage::SignVerify {
                let text = format!("{} key usage is {usage} which is not valid for {}.", key.arn, op.name());
                assert_eq!(told, refusal("InvalidKeyUsageException", text));
                continue;
            }
            assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", key.arn)));
            key.ok(&house, Op::EnableKey, json!({})).await;
            for algorithm in Algorithm::ALL {
                let signs = kinds_for(KeyUsage::SignVerify).any(|of| of.algorithms(usage).contains(algorithm));
                let body = with(body(), json!({ "SigningAlgorithm": algorithm.as_str() }));
                let told = key.call(&house, op, body).await;
                if spec.algorithms(usage).contains(algorithm) {
                    assert_eq!(common::name_of(&told), "ValidationException", "{spec} {algorithm}: {told:?}");
                } else if signs || *algorithm == Algorithm::SymmetricDefault {
                    let text = format!("Algorithm {algorithm} is incompatible with key spec {spec}.");
                    assert_eq!(told, refusal("InvalidKeyUsageException", text));
                } else {
                    let text = told.expect_err("it is in no list").1;
                    assert!(text.contains("at 'signingAlgorithm' failed to satisfy constraint"), "{text}");
                }
            }
            key.ok(&house, Op::ScheduleKeyDeletion, json!({})).await;
            let told = key.call(&house, op, body()).await;
            assert_eq!(told, refusal("KMSInvalidStateException", format!("{} is pending deletion.", key.arn)));
        }
    }
}

#[tokio::test]
async fn messages_and_signatures_have_a_length_before_a_key_is_looked_for() {
    let house = House::new().await;
    let of = |bytes: usize| base64(vec![1; bytes]);
    let cases = [
        (Op::Sign, "Message", "message", of(0), "greater than or equal to 1"),
        (Op::Sign, "Message", "message", of(4097), "less than or equal to 4096"),
        (Op::Verify, "Message", "message", of(0), "greater than or equal to 1"),
        (Op::Verify, "Message", "message", of(4097), "less than or equal to 4096"),
        (Op::Verify, "Signature", "signature", of(0), "greater than or equal to 1"),
        (Op::Verify, "Signature", "signature", of(6145), "less than or equal to 6144"),
    ];
    for (op, member, shown, value, rule) in cases {
        let body = with(request("ECDSA_SHA_256", RAW, "m"), json!({ "KeyId": "no key id", "Signature": of(1) }));
        let told = house.call(op, with(body, json!({ member: value }))).await;
        let text = format!(
            "1 validation error detected: Value at '{shown}' failed to satisfy constraint: Member must have length {rule}"
        );
        assert_eq!(told, invalid(&text), "{op:?} {member}");
    }
    let told = house.call(Op::Sign, with(request("ECDSA_SHA_256", "INVALID", "m"), json!({ "KeyId": "x" }))).await;
    let text = "1 validation error detected: Value 'INVALID' at 'messageType' failed to satisfy constraint: Member must \
                satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]";
    assert_eq!(told, invalid(text));
}
