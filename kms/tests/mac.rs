//! GenerateMac and VerifyMac: authentication codes, whole and of the right key, or none.

mod common;

use common::kinds::{kinds, kinds_for};
use common::{House, Refusal, base64, refusal, text_at, unbase64, with, without};
use crypto::spec::{KeySpec, KeyUsage};
use serde_json::{Value, json};
use wire::Op;

const CODES: [(KeySpec, &str, usize); 4] = [
    (KeySpec::Hmac224, "HMAC_SHA_224", 28),
    (KeySpec::Hmac256, "HMAC_SHA_256", 32),
    (KeySpec::Hmac384, "HMAC_SHA_384", 48),
    (KeySpec::Hmac512, "HMAC_SHA_512", 64),
];

fn no_mac() -> Result<Value, Refusal> {
    refusal("KMSInvalidMacException", "")
}

fn request(algorithm: &str, message: impl AsRef<[u8]>) -> Value {
    json!({ "Message": base64(message), "MacAlgorithm": algorithm })
}

#[tokio::test]
async fn a_code_is_told_verified_and_refused_as_soon_as_anything_is_another() {
    let house = House::new().await;
    for (spec, algorithm, bytes) in CODES {
        let key = house.kept(spec, KeyUsage::GenerateVerifyMac).await;
        let other = house.kept(spec, KeyUsage::GenerateVerifyMac).await;
        for length in [1, 7, 64, 4096] {
            let body = request(algorithm, vec![0x6d; length]);
            let told = key.ok(&house, Op::GenerateMac, body.clone()).await;
            let mac = unbase64(&text_at(&told, "/Mac"));
            assert_eq!(told, json!({ "KeyId": key.arn, "Mac": base64(&mac), "MacAlgorithm": algorithm }));
            assert_eq!(mac.len(), bytes, "{algorithm}");
            assert_eq!(key.ok(&house, Op::GenerateMac, body.clone()).await, told, "the same message, the same code");

            let verify = async |body: &Value, mac: &[u8]| {
                key.call(&house, Op::VerifyMac, with(body.clone(), json!({ "Mac": base64(mac) }))).await
            };
            let valid = json!({ "KeyId": key.arn, "MacAlgorithm": algorithm, "MacValid": true });
            assert_eq!(verify(&body, &mac).await, Ok(valid));
            for at in 0..bytes {
                let mut flipped = mac.clone();
                flipped[at] ^= 0x80;
                assert_eq!(verify(&body, &flipped).await, no_mac(), "{algorithm}: the byte {at}");
            }
            for bytes in [1, bytes / 2, 16, bytes - 1] {
                assert_eq!(verify(&body, &mac[..bytes]).await, no_mac(), "{algorithm}: cut to {bytes}");
            }
            for (what, wrong) in [
                ("a byte longer", [&mac[..], &[0]].concat()),
                ("twice", mac.repeat(2)),
                ("the longest", vec![0; 6144]),
                ("another key's", unbase64(&text_at(&other.ok(&house, Op::GenerateMac, body.clone()).await, "/Mac"))),
            ] {
                assert_eq!(verify(&body, &wrong).await, no_mac(), "{algorithm}: {what}");
            }
            let mut message = vec![0x6d; length];
            message[length - 1] ^= 1;
            assert_eq!(verify(&request(algorithm, &message), &mac).await, no_mac(), "{algorithm}: another message");
        }
    }
}

/// Usage, state, algorithm: measured in this order.
#[tokio::test]
async fn a_key_s_usage_is_told_before_its_state_and_that_before_its_algorithm() {
    let house = House::new().await;
    for op in [Op::GenerateMac, Op::VerifyMac] {
        for (spec, usage) in kinds().filter(|(spec, _)| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
            let key = house.kept(spec, usage).await;
            key.ok(&house, Op::DisableKey, json!({})).await;
            let body = |algorithm: &str| with(request(algorithm, "m"), json!({ "Mac": base64([1; 28]) }));
            let told = key.call(&house, op, body("HMAC_SHA_256")).await;
            if usage != KeyUsage::GenerateVerifyMac {
                let text = format!("{} key usage is {usage} which is not valid for {}.", key.arn, op.name());
                assert_eq!(told, refusal("InvalidKeyUsageException", text));
                continue;
            }
            assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", key.arn)));
            key.ok(&house, Op::EnableKey, json!({})).await;
            for (of, algorithm, _) in CODES.iter().filter(|(of, ..)| *of != spec) {
                let text = format!("Algorithm {algorithm} is incompatible with key spec {spec}.");
                let told = key.call(&house, op, body(algorithm)).await;
                assert_eq!(told, refusal("InvalidKeyUsageException", text), "{of}");
            }
        }
    }
}

#[tokio::test]
async fn messages_and_codes_have_a_length_before_a_key_is_looked_for() {
    let house = House::new().await;
    let of = |bytes: usize| base64(vec![1; bytes]);
    let (short, long) = ("greater than or equal to 1", "less than or equal to");
    let cases = [
        (Op::GenerateMac, "Message", "message", of(0), short.to_owned()),
        (Op::GenerateMac, "Message", "message", of(4097), format!("{long} 4096")),
        (Op::VerifyMac, "Message", "message", of(0), short.to_owned()),
        (Op::VerifyMac, "Message", "message", of(4097), format!("{long} 4096")),
        (Op::VerifyMac, "Mac", "mac", of(0), short.to_owned()),
        (Op::VerifyMac, "Mac", "mac", of(6145), format!("{long} 6144")),
    ];
    for (op, member, shown, value, rule) in cases {
        let body = with(request("HMAC_SHA_256", "m"), json!({ "KeyId": "no key id", "Mac": of(1) }));
        let told = house.call(op, with(body, json!({ member: value }))).await;
        let text = format!(
            "1 validation error detected: Value at '{shown}' failed to satisfy constraint: Member must have length {rule}"
        );
        assert_eq!(told, refusal("ValidationException", text), "{op:?} {member}");
    }
    for op in [Op::GenerateMac, Op::VerifyMac] {
        let body = with(request("INVALID", "m"), json!({ "KeyId": "x", "Mac": of(1) }));
        let text = "1 validation error detected: Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint: Member \
                    must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]";
        assert_eq!(house.call(op, body).await, refusal("ValidationException", text));
        let body = with(request("HMAC_SHA_256", "m"), json!({ "KeyId": "x", "Mac": of(1) }));
        let text =
            "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must not be null";
        assert_eq!(house.call(op, without(body, "Message")).await, refusal("ValidationException", text));
    }
    let body = with(request("HMAC_SHA_256", "m"), json!({ "KeyId": "x" }));
    let text = "1 validation error detected: Value null at 'mac' failed to satisfy constraint: Member must not be null";
    assert_eq!(house.call(Op::VerifyMac, body).await, refusal("ValidationException", text));
}

#[tokio::test]
async fn a_dry_run_makes_no_code_and_does_not_say_whether_one_is_right() {
    let house = House::new().await;
    let would = refusal("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
    for spec in kinds_for(KeyUsage::GenerateVerifyMac) {
        let key = house.kept(spec, KeyUsage::GenerateVerifyMac).await;
        let algorithm = spec.algorithms(KeyUsage::GenerateVerifyMac)[0];
        let body = request(algorithm.as_str(), "m");
        let mac = text_at(&key.ok(&house, Op::GenerateMac, body.clone()).await, "/Mac");
        let dry = with(body, json!({ "DryRun": true }));
        assert_eq!(key.call(&house, Op::GenerateMac, dry.clone()).await, would);
        for mac in [mac, base64([0; 9])] {
            assert_eq!(key.call(&house, Op::VerifyMac, with(dry.clone(), json!({ "Mac": mac }))).await, would);
        }
    }
}
