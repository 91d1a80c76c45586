//! Keys of every spec and usage, from their making to the last byte of their rows: what is told of them, what is kept
//! of them, and what is left. What they do is in the files of their operations.

mod common;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use common::kinds::{CHINA, Kept, kinds, region_of};
use common::{HOUR, House, OWN, REGION, base64, caller, found, refusal, text_at, with};
use crypto::spec::{Algorithm, KeySpec, KeyUsage, Kind};
use crypto::testing::KEY_SPECS;
use crypto::wrapping::{WrappingAlgorithm, WrappingKeySpec};
use kms::Mode;
use serde_json::{Map, Value, json};
use store::testing::Around;
use store::{Batch, Fut, Outcome, Refused, Store};
use wire::Op;

/// The one member of metadata that lists the algorithms of this usage.
fn list_of(usage: &str) -> &'static str {
    match usage {
        "ENCRYPT_DECRYPT" => "EncryptionAlgorithms",
        "SIGN_VERIFY" => "SigningAlgorithms",
        "GENERATE_VERIFY_MAC" => "MacAlgorithms",
        "KEY_AGREEMENT" => "KeyAgreementAlgorithms",
        "ENCAPSULATE_DECAPSULATE" => "EncapsulationAlgorithms",
        _ => panic!("AWS has no usage {usage}"),
    }
}

/// One house with a key of every kind, and a row of AWS's table to each: RSA takes its time.
async fn all(house: &House) -> Vec<(Kept, Vec<&'static str>)> {
    let rows: Vec<Vec<&str>> = KEY_SPECS.trim().lines().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), kinds().count());
    let mut all = Vec::new();
    for row in rows {
        let [spec, usage, algorithms @ ..] = row.as_slice() else { panic!("a row has a spec and a usage: {row:?}") };
        let spec = KeySpec::parse(spec).expect("a spec");
        let usage = KeyUsage::parse(usage).expect("a usage");
        all.push((house.kept(spec, usage).await, algorithms.to_vec()));
    }
    all
}

#[tokio::test]
async fn every_kind_of_key_is_made_told_kept_over_a_restart_and_destroyed_whole() {
    let house = House::new().await;
    let keys = all(&house).await;
    for (key, algorithms) in &keys {
        is_told_as_aws_tells_it(&house, key, algorithms).await;
        the_public_half_is_told_of_what_has_one(&house, key, algorithms).await;
        only_a_public_half_lies_beside_the_wrapped_material(&house, key).await;
    }
    let mut before = Vec::new();
    for (key, _) in &keys {
        before.push(made_with(&house, key).await);
    }
    let house = house.again().await;
    for ((key, _), made) in keys.iter().zip(&before) {
        is_good_for(&house, key, made).await;
    }
    for (key, _) in &keys {
        key.ok(&house, Op::ScheduleKeyDeletion, json!({ "PendingWindowInDays": 7 })).await;
        let told = key.call(&house, Op::GetPublicKey, json!({})).await;
        assert_eq!(told, refusal("KMSInvalidStateException", format!("{} is pending deletion.", key.arn)));
    }
    house.advance_days(7);
    // Doomed an hour after the start, destroyed a day later: so many keys take more than one turn.
    for uptime in [HOUR, 25 * HOUR] {
        for _ in 0..kinds().count() {
            house.turn(uptime).await;
        }
    }
    for (key, _) in &keys {
        nothing_is_left_of_its_secrets(&house, key).await;
    }
}

async fn is_told_as_aws_tells_it(house: &House, key: &Kept, algorithms: &[&str]) {
    let described = key.ok(house, Op::DescribeKey, json!({})).await;
    let mut expected = json!({
        "AWSAccountId": OWN, "Arn": key.arn, "CreationDate": 1.75e9, "CustomerMasterKeySpec": key.spec.as_str(),
        "Description": "", "Enabled": true, "KeyId": key.id, "KeyManager": "CUSTOMER", "KeySpec": key.spec.as_str(),
        "KeyState": "Enabled", "KeyUsage": key.usage.as_str(), "MultiRegion": false, "Origin": "AWS_KMS",
        list_of(key.usage.as_str()): algorithms,
    });
    if key.spec.kind() == Kind::Symmetric {
        let id = text_at(&described, "/KeyMetadata/CurrentKeyMaterialId");
        assert_eq!(id.len(), 64, "{id}");
        expected["CurrentKeyMaterialId"] = json!(id);
    }
    assert_eq!(described["KeyMetadata"], expected, "{} {}", key.spec, key.usage);
}

async fn the_public_half_is_told_of_what_has_one(house: &House, key: &Kept, algorithms: &[&str]) {
    let told = key.call(house, Op::GetPublicKey, json!({})).await;
    if key.spec.kind() != Kind::Asymmetric {
        assert_eq!(told, refusal("UnsupportedOperationException", ""), "{}", key.spec);
        return;
    }
    let told = told.expect("a public key");
    let public_key = text_at(&told, "/PublicKey");
    let expected = json!({
        "CustomerMasterKeySpec": key.spec.as_str(), "KeyId": key.arn, "KeySpec": key.spec.as_str(),
        "KeyUsage": key.usage.as_str(), "PublicKey": public_key, list_of(key.usage.as_str()): algorithms,
    });
    assert_eq!(told, expected, "{} {}", key.spec, key.usage);
    assert_eq!(common::unbase64(&public_key).len(), spki_bytes(key.spec), "{}", key.spec);
    key.ok(house, Op::DisableKey, json!({})).await;
    assert_eq!(key.ok(house, Op::GetPublicKey, json!({})).await, expected, "it may be told of a disabled key");
    key.ok(house, Op::EnableKey, json!({})).await;
}

/// RFC 5280's SubjectPublicKeyInfo, in DER: the sizes follow from the formats.
fn spki_bytes(spec: KeySpec) -> usize {
    match spec {
        KeySpec::Rsa2048 => 294,
        KeySpec::Rsa3072 => 422,
        KeySpec::Rsa4096 => 550,
        KeySpec::EccNistP256 | KeySpec::Sm2 => 91,
        KeySpec::EccNistP384 => 120,
        KeySpec::EccNistP521 => 158,
        KeySpec::EccSecgP256k1 => 88,
        KeySpec::EccNistEdwards25519 => 44,
        KeySpec::MlDsa44 => 1334,
        KeySpec::MlDsa65 => 1974,
        KeySpec::MlDsa87 => 2614,
        KeySpec::MlKem512 => 822,
        KeySpec::MlKem768 => 1206,
        KeySpec::MlKem1024 => 1590,
        KeySpec::SymmetricDefault | KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => 0,
    }
}

/// What the rows that hang on a key hold, but for those of every key.
async fn only_a_public_half_lies_beside_the_wrapped_material(house: &House, key: &Kept) {
    let row = house.row(&["x", OWN, key.region, &key.id, "public"]).await;
    match key.spec.kind() {
        Kind::Asymmetric => {
            let spki = hex::encode(key.spki(house).await);
            assert_eq!(row, Some(json!({ "spki": spki })), "{}", key.spec);
        }
        Kind::Symmetric | Kind::Hmac => assert_eq!(row, None, "{}", key.spec),
    }
}

/// What a key makes that it is good for after a restart: each usage's answer, and GetPublicKey's.
async fn made_with(house: &House, key: &Kept) -> Map<String, Value> {
    let algorithm = key.spec.algorithms(key.usage)[0].as_str();
    let message = base64([7; 32]);
    let (op, body) = match key.usage {
        KeyUsage::EncryptDecrypt => (Op::Encrypt, json!({ "Plaintext": message, "EncryptionAlgorithm": algorithm })),
        KeyUsage::SignVerify => (Op::Sign, json!({ "Message": message, "SigningAlgorithm": algorithm })),
        KeyUsage::GenerateVerifyMac => (Op::GenerateMac, json!({ "Message": message, "MacAlgorithm": algorithm })),
        KeyUsage::KeyAgreement => {
            let peer = house.kept(key.spec, key.usage).await.spki(house).await;
            (Op::DeriveSharedSecret, json!({ "PublicKey": base64(peer), "KeyAgreementAlgorithm": algorithm }))
        }
        KeyUsage::EncapsulateDecapsulate => (Op::Encapsulate, json!({ "EncapsulationAlgorithm": algorithm })),
    };
    let mut made = with(body.clone(), key.ok(house, op, body).await);
    if key.spec.kind() == Kind::Asymmetric {
        made["Spki"] = json!(base64(key.spki(house).await));
    }
    made.as_object().expect("an object").clone()
}

async fn is_good_for(house: &House, key: &Kept, made: &Map<String, Value>) {
    let body = |members: &[&str]| {
        let made = members.iter().map(|name| ((*name).to_owned(), made[*name].clone()));
        Value::Object(made.collect())
    };
    match key.usage {
        KeyUsage::EncryptDecrypt => {
            let told = key.ok(house, Op::Decrypt, body(&["CiphertextBlob", "EncryptionAlgorithm"])).await;
            assert_eq!(told["Plaintext"], made["Plaintext"], "{}", key.spec);
        }
        KeyUsage::SignVerify => {
            let told = key.ok(house, Op::Verify, body(&["Message", "Signature", "SigningAlgorithm"])).await;
            assert_eq!(told["SignatureValid"], true);
            key.ok(house, Op::Sign, body(&["Message", "SigningAlgorithm"])).await;
        }
        KeyUsage::GenerateVerifyMac => {
            let told = key.ok(house, Op::VerifyMac, body(&["Message", "Mac", "MacAlgorithm"])).await;
            assert_eq!(told["MacValid"], true);
        }
        KeyUsage::KeyAgreement => {
            let told = key.ok(house, Op::DeriveSharedSecret, body(&["PublicKey", "KeyAgreementAlgorithm"])).await;
            assert_eq!(told["SharedSecret"], made["SharedSecret"], "{}", key.spec);
        }
        KeyUsage::EncapsulateDecapsulate => {
            let told =
                key.ok(house, Op::Decapsulate, body(&["SharedSecretCiphertextBlob", "EncapsulationAlgorithm"])).await;
            assert_eq!(told["SharedSecret"], made["SharedSecret"], "{}", key.spec);
        }
    }
    if let Some(spki) = made.get("Spki") {
        assert_eq!(base64(key.spki(house).await), *spki, "{}", key.spec);
    }
}

async fn nothing_is_left_of_its_secrets(house: &House, key: &Kept) {
    for table in ["x", "e"] {
        let rows = house.rows([table, OWN, key.region, &key.id].join("\0").as_bytes()).await;
        let names: Vec<String> = rows.iter().map(|row| common::readable(&row.key)).collect();
        assert_eq!(names, [""; 0], "{} {}", key.spec, key.usage);
    }
    let told = key.call(house, Op::DescribeKey, json!({})).await;
    assert_eq!(told, refusal("NotFoundException", format!("Key '{}' does not exist", key.arn)));
}

#[tokio::test]
async fn a_usage_that_a_spec_does_not_have_is_refused_in_awss_words() {
    let house = House::new().await;
    let mut refused = 0;
    for spec in KeySpec::ALL {
        let who = caller(OWN, region_of(*spec));
        for usage in KeyUsage::ALL.iter().filter(|usage| !spec.allows(**usage)) {
            let body = json!({ "KeySpec": spec.as_str(), "KeyUsage": usage.as_str() });
            let told = house.call_as(&who, Op::CreateKey, body);
            let text = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
            assert_eq!(told.await, refusal("ValidationException", text));
            refused += 1;
        }
        if spec.requires_usage() {
            let told = house.call_as(&who, Op::CreateKey, json!({ "KeySpec": spec.as_str() }));
            let text = "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
            assert_eq!(told.await, refusal("ValidationException", text));
        }
    }
    assert_eq!(refused, KeySpec::ALL.len() * KeyUsage::ALL.len() - kinds().count());
    assert!(house.everything().await.is_empty(), "nothing was made");
}

/// SM2 is China's alone, ML-KEM is everybody's but China's, and everything else is everywhere.
#[tokio::test]
async fn a_spec_is_made_only_in_the_regions_that_have_it() {
    let house = House::new().await;
    for region in [REGION, "us-gov-west-1", "eusc-de-east-1", CHINA, "cn-northwest-1"] {
        let china = region.starts_with("cn-");
        for (spec, usage) in kinds() {
            let of_china = spec == KeySpec::Sm2;
            let not_of_china = matches!(spec, KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024);
            if matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096) {
                continue; // as RSA_2048, and slow
            }
            let body = json!({ "KeySpec": spec.as_str(), "KeyUsage": usage.as_str() });
            let told = house.call_as(&caller(OWN, region), Op::CreateKey, body).await;
            if of_china && !china || not_of_china && china {
                let text = format!("KeySpec {spec} is not supported in this Region");
                assert_eq!(told, refusal("UnsupportedOperationException", text), "{region}");
            } else {
                assert!(told.is_ok(), "{spec} in {region}: {told:?}");
            }
        }
    }
}

#[tokio::test]
async fn no_two_keys_are_alike() {
    let house = House::new().await;
    for spec in KeySpec::ALL.iter().copied().filter(|spec| spec.kind() == Kind::Asymmetric) {
        if matches!(spec, KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096) {
            continue; // drawn by the same search
        }
        let usage = spec.usages().next().expect("a usage");
        let mut seen = BTreeSet::new();
        for _ in 0..4 {
            assert!(seen.insert(house.kept(spec, usage).await.spki(&house).await), "{spec} twice");
        }
    }
}

/// The private half of a key that was imported, so that the test knows it, is in no file and no row.
#[tokio::test]
async fn the_store_holds_no_private_half_in_the_clear() {
    let place = tempfile::tempdir().expect("a directory");
    let house = House::on_disk(Mode::Serve, place.path()).await;
    let mut secrets: Vec<(String, Vec<u8>)> = Vec::new();
    let rsa = crypto::testing::rsa_material(WrappingKeySpec::Rsa2048).to_pkcs8().expect("it has a form");
    for (spec, usage, wrapped, material) in [
        ("RSA_2048", "SIGN_VERIFY", WrappingAlgorithm::RsaAesKeyWrapSha256, rsa.expose().to_vec()),
        ("HMAC_512", "GENERATE_VERIFY_MAC", WrappingAlgorithm::RsaesOaepSha256, vec![0x5a; 64]),
    ] {
        let asked = json!({ "KeySpec": spec, "KeyUsage": usage, "Origin": "EXTERNAL" });
        let key = house.key_as(asked).await;
        let envelope = house.envelope_of(&key, "RSA_2048", wrapped).await;
        house.ok(Op::ImportKeyMaterial, envelope.around(&key, &material)).await;
        secrets.push((format!("imported {spec}"), material[material.len() / 2..][..32].to_vec()));
    }
    for spec in ["ECC_NIST_P256", "ML_KEM_768", "RSA_2048"] {
        let key = house.key().await;
        let pair = house.ok(Op::GenerateDataKeyPair, json!({ "KeyId": key, "KeyPairSpec": spec })).await;
        let private = common::unbase64(&text_at(&pair, "/PrivateKeyPlaintext"));
        secrets.push((format!("a data key pair of {spec}"), private[private.len() / 2..][..16].to_vec()));
    }
    for (what, secret) in secrets {
        assert_eq!(found(place.path(), &secret), [""; 0], "{what} lies in the clear");
        for (name, row) in house.everything().await {
            assert!(!row.windows(secret.len()).any(|part| part == secret), "{what} is in the row {name}");
        }
    }
}

/// Rows by name.
type Rows = Vec<(String, Vec<u8>)>;

/// An engine that tells every first commit of a call that it conflicts, and keeps what the commits would have put.
struct Conflicting {
    inner: Arc<dyn Store>,
    left: Mutex<u32>,
    attempts: Mutex<Vec<Rows>>,
}

impl Around for Conflicting {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn take_commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        let makes_a_key = batch.puts.iter().any(|(name, _)| name.starts_with(b"k\0"));
        let mut left = self.left.lock().expect("no panic");
        if !makes_a_key {
            return self.inner.commit(batch);
        }
        let puts = batch.puts.iter().map(|(name, value)| (common::readable(name), value.to_vec()));
        self.attempts.lock().expect("no panic").push(puts.collect());
        if *left == 0 {
            return self.inner.commit(batch);
        }
        *left -= 1;
        // Somebody else changed what the call relied on.
        Box::pin(async move { Ok(Outcome::Conflict { which: vec![0] }) })
    }
}

/// RSA's primes take seconds to find: a request that meets others does not look for new ones.
#[tokio::test]
async fn material_is_drawn_once_however_often_a_request_runs() {
    let mut engine = None;
    let house = House::with(Mode::Serve, |inner| {
        let conflicting = Conflicting { inner, left: Mutex::new(3), attempts: Mutex::default() };
        let conflicting = Arc::new(conflicting);
        engine = Some(conflicting.clone());
        conflicting
    })
    .await;
    let engine = engine.expect("an engine");
    for spec in [KeySpec::Rsa2048, KeySpec::EccNistP256] {
        *engine.left.lock().expect("no panic") = 3;
        engine.attempts.lock().expect("no panic").clear();
        let key = house.kept(spec, KeyUsage::SignVerify).await;
        let attempts = engine.attempts.lock().expect("no panic").clone();
        assert_eq!(attempts.len(), 4, "three conflicts and a success");
        let mut public = BTreeSet::new();
        for attempt in &attempts {
            let row =
                attempt.iter().find(|(name, _)| name.ends_with("/public")).expect("a public half in each attempt");
            public.insert(text_at(&house.open_row(&["x", OWN, REGION, &key.id, "public"], &row.1), "/spki"));
        }
        assert_eq!(public.len(), 1, "{spec}: one key, whatever happens");
        assert!(public.contains(&hex::encode(key.spki(&house).await)));
    }
}

/// What KeyMetadata lists is what works: each algorithm of each kind is in the table, once.
#[test]
fn every_algorithm_has_a_key_that_lists_it() {
    for algorithm in Algorithm::ALL {
        assert!(KEY_SPECS.split_whitespace().any(|word| word == algorithm.as_str()), "{algorithm}");
    }
}
