//! Which material the keys of each spec take, and by which way: everything else is refused in the same words, and what
//! came in once is the key's for ever. The keys are other libraries', `crypto/tests/vectors/keys.py` made them.

mod common;

use std::sync::LazyLock;

use common::import::{Envelope, FOR_EVER, NEW, for_days};
use common::{HOUR, House, OWN, REGION, Refusal, base64, caller, name_of, refusal, text_at, unbase64, with};
use crypto::spec::{Algorithm, KeySpec, KeyUsage, Kind};
use crypto::wrapping::{WrappingAlgorithm, WrappingKeySpec};
use crypto::{Material, Message, PublicKey, SecretBytes, SystemRandom};
use serde_json::{Value, json};
use wire::Op;

const CHINA: &str = "cn-north-1";

static KEYS: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../crypto/tests/vectors/keys-python.json");
    let text = std::fs::read(path).expect("the vectors of crypto are there");
    serde_json::from_slice(&text).expect("they are JSON")
});

/// What a test knows of a key: its material and, if it has one, its public half, both as clients see them.
struct Known {
    spec: KeySpec,
    bytes: Vec<u8>,
    spki: Option<Vec<u8>>,
}

impl Known {
    fn of(case: &Value) -> Known {
        let decoded = |name: &str| hex::decode(text_at(case, name)).expect("hex");
        let spec = KeySpec::parse(&text_at(case, "/spec")).expect("a spec");
        Known { spec, bytes: decoded("/pkcs8"), spki: Some(decoded("/spki")) }
    }

    fn secret(spec: KeySpec, bytes: Vec<u8>) -> Known {
        Known { spec, bytes, spki: None }
    }

    fn material(&self) -> Material {
        Material::import(self.spec, &SecretBytes::from(self.bytes.clone())).expect("a key of its spec")
    }
}

fn cases(kind: &str) -> &'static [Value] {
    KEYS[kind].as_array().expect("a list")
}

/// How long a fresh HMAC key is, and the shortest that comes from outside.
fn hmac_len(spec: KeySpec) -> usize {
    spec.as_str().strip_prefix("HMAC_").and_then(|bits| bits.parse::<usize>().ok()).expect("an HMAC spec") / 8
}

/// One key of every spec that takes material.
fn one_of_each() -> Vec<Known> {
    let importable = KeySpec::ALL.iter().filter(|spec| spec.importable());
    let known = importable.map(|spec| match spec.kind() {
        Kind::Symmetric => Known::secret(*spec, vec![0xa1; 32]),
        Kind::Hmac => Known::secret(*spec, vec![0xa1; hmac_len(*spec)]),
        Kind::Asymmetric => {
            let mut of_spec = cases("keys").iter().filter(|case| case["spec"] == spec.as_str());
            Known::of(of_spec.next().expect("every asymmetric spec has a vector"))
        }
    });
    known.collect()
}

/// Another key of the same spec, if one is quickly made.
fn another(spec: KeySpec) -> Option<Vec<u8>> {
    match spec.kind() {
        Kind::Symmetric => Some(vec![0xb2; 32]),
        Kind::Hmac => Some(vec![0xb2; hmac_len(spec)]),
        Kind::Asymmetric if spec.as_str().starts_with("RSA") => None,
        Kind::Asymmetric => Some(Material::generate(spec, &SystemRandom).to_pkcs8().expect("PKCS#8").expose().to_vec()),
    }
}

/// The way that takes the least time. China's Regions have it, and every spec that takes material.
const QUICK: WrappingAlgorithm = WrappingAlgorithm::Sm2Pke;

fn incorrect() -> Result<Value, Refusal> {
    refusal(
        "IncorrectKeyMaterialException",
        "The key material is not what the key takes: it has another length, form, size or curve, or is an \
         EXISTING_KEY_MATERIAL that was never imported into this key, or a NEW_KEY_MATERIAL that was.",
    )
}

/// A key without material in a Region, and what to say to it.
struct External<'a> {
    house: &'a House,
    region: &'static str,
    id: String,
}

impl<'a> External<'a> {
    async fn new(house: &'a House, region: &'static str, spec: KeySpec, usage: KeyUsage) -> External<'a> {
        let body = json!({ "Origin": "EXTERNAL", "KeySpec": spec.as_str(), "KeyUsage": usage.as_str() });
        let made = house.call_as(&caller(OWN, region), Op::CreateKey, body.clone()).await;
        let made = made.unwrap_or_else(|refused| panic!("{body}: {refused:?}"));
        assert_eq!(made["KeyMetadata"]["KeyState"], "PendingImport");
        External { house, region, id: text_at(&made, "/KeyMetadata/KeyId") }
    }

    /// In China, with the spec's first usage.
    async fn of(house: &'a House, spec: KeySpec) -> External<'a> {
        let usage = spec.usages().next().expect("a usage");
        External::new(house, CHINA, spec, usage).await
    }

    /// The same with this material, and its parameters.
    async fn with(house: &'a House, known: &Known) -> (External<'a>, Envelope) {
        let key = External::of(house, known.spec).await;
        let envelope = key.quick_envelope().await;
        let told = key.import(&envelope, &known.bytes, json!({})).await;
        assert!(told.is_ok(), "{}: {told:?}", known.spec);
        (key, envelope)
    }

    fn arn(&self) -> String {
        let partition = if self.region == CHINA { "aws-cn" } else { "aws" };
        format!("arn:{partition}:kms:{}:{OWN}:key/{}", self.region, self.id)
    }

    async fn call(&self, op: Op, members: Value) -> Result<Value, Refusal> {
        let body = with(json!({ "KeyId": self.id }), members);
        self.house.call_as(&caller(OWN, self.region), op, body).await
    }

    async fn ok(&self, op: Op, members: Value) -> Value {
        let told = self.call(op, members.clone()).await;
        told.unwrap_or_else(|refused| panic!("{op:?} {members}: {refused:?}"))
    }

    async fn ask(&self, algorithm: &str, key: &str) -> Result<Value, Refusal> {
        let members = json!({ "WrappingAlgorithm": algorithm, "WrappingKeySpec": key });
        self.call(Op::GetParametersForImport, members).await
    }

    async fn envelope(&self, algorithm: WrappingAlgorithm, key: &WrappingKeySpec) -> Envelope {
        let told = self.ask(algorithm.as_str(), key.as_str()).await;
        let told = told.unwrap_or_else(|refused| panic!("{algorithm} {key}: {refused:?}"));
        let public_key = unbase64(&text_at(&told, "/PublicKey"));
        Envelope { token: text_at(&told, "/ImportToken"), public_key, algorithm }
    }

    async fn quick_envelope(&self) -> Envelope {
        self.envelope(QUICK, &WrappingKeySpec::Sm2).await
    }

    async fn import(&self, envelope: &Envelope, bytes: &[u8], members: Value) -> Result<Value, Refusal> {
        self.call(Op::ImportKeyMaterial, with(envelope.around(&self.id, bytes), members)).await
    }

    async fn described(&self) -> Value {
        self.ok(Op::DescribeKey, json!({})).await["KeyMetadata"].clone()
    }

    async fn state(&self) -> String {
        text_at(&self.described().await, "/KeyState")
    }
}

/// The smallest wrapping key that a way has for material of a spec.
fn smallest(algorithm: WrappingAlgorithm, spec: KeySpec) -> WrappingKeySpec {
    match algorithm {
        WrappingAlgorithm::Sm2Pke => WrappingKeySpec::Sm2,
        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256 if spec == KeySpec::EccNistP521 => {
            WrappingKeySpec::Rsa3072
        }
        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256 => WrappingKeySpec::Rsa2048,
        WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256 => WrappingKeySpec::Rsa2048,
    }
}

/// Every spec, and by which algorithms its material comes in: in China's Regions, and everywhere else. Which wrapping
/// keys each takes is a table beside the code (`journey/import.rs`).
const WAYS: [(&str, &str, &str); 14] = [
    ("SYMMETRIC_DEFAULT", "oaep", "oaep sm2"),
    ("RSA_2048", "aes", "sm2"),
    ("RSA_3072", "aes", "sm2"),
    ("RSA_4096", "aes", "sm2"),
    ("ECC_NIST_P256", "oaep aes", "oaep sm2"),
    ("ECC_NIST_P384", "oaep aes", "oaep sm2"),
    ("ECC_NIST_P521", "oaep aes", "oaep sm2"),
    ("ECC_SECG_P256K1", "oaep aes", "oaep sm2"),
    ("ECC_NIST_EDWARDS25519", "oaep aes", "oaep sm2"),
    ("SM2", "", "oaep sm2"),
    ("HMAC_224", "oaep", "oaep sm2"),
    ("HMAC_256", "oaep", "oaep sm2"),
    ("HMAC_384", "oaep", "oaep sm2"),
    ("HMAC_512", "oaep", "oaep sm2"),
];

const fn way(algorithm: WrappingAlgorithm) -> &'static str {
    match algorithm {
        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256 => "oaep",
        WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256 => "aes",
        WrappingAlgorithm::Sm2Pke => "sm2",
    }
}

#[tokio::test]
async fn every_spec_takes_its_material_by_every_algorithm_that_wraps_it_and_by_no_other() {
    let house = House::new().await;
    let everyone = one_of_each();
    assert_eq!(everyone.iter().map(|known| known.spec.as_str()).collect::<Vec<_>>(), WAYS.map(|(spec, ..)| spec));
    for (known, (_, elsewhere, in_china)) in everyone.iter().zip(WAYS) {
        for (region, ways) in [(REGION, elsewhere), (CHINA, in_china)] {
            if ways.is_empty() {
                continue;
            }
            let usage = known.spec.usages().next().expect("a usage");
            let key = External::new(&house, region, known.spec, usage).await;
            for algorithm in WrappingAlgorithm::ALL {
                let (what, wrapping) =
                    (format!("{} {algorithm} in {region}", known.spec), smallest(*algorithm, known.spec));
                if !ways.contains(way(*algorithm)) {
                    let told = key.ask(algorithm.as_str(), wrapping.as_str()).await;
                    assert_eq!(name_of(&told), "UnsupportedOperationException", "{what}");
                    continue;
                }
                let envelope = key.envelope(*algorithm, &wrapping).await;
                let told = key.import(&envelope, &known.bytes, json!({})).await;
                assert!(told.is_ok(), "{what}: {told:?}");
                assert_eq!(key.state().await, "Enabled", "{what}");
                is_the_key(&key, known, &what).await;
                key.ok(Op::DeleteImportedKeyMaterial, json!({})).await;
            }
        }
    }
}

/// The longest material that each way takes, under the wrapping keys that the tests around do not ask for. Every size with
/// every algorithm is `conformance/suites/foreign`'s.
#[tokio::test]
async fn larger_wrapping_keys_have_room_for_the_longest_material_they_take() {
    let house = House::new().await;
    let everyone = one_of_each();
    for (spec, algorithm, wrapping) in [
        (KeySpec::EccNistP384, WrappingAlgorithm::RsaesOaepSha256, WrappingKeySpec::Rsa2048),
        (KeySpec::EccNistP521, WrappingAlgorithm::RsaesOaepSha256, WrappingKeySpec::Rsa3072),
        (KeySpec::EccNistP521, WrappingAlgorithm::RsaesOaepSha1, WrappingKeySpec::Rsa4096),
        (KeySpec::Rsa4096, WrappingAlgorithm::RsaAesKeyWrapSha1, WrappingKeySpec::Rsa3072),
        (KeySpec::Rsa4096, WrappingAlgorithm::RsaAesKeyWrapSha256, WrappingKeySpec::Rsa4096),
    ] {
        let known = everyone.iter().find(|known| known.spec == spec).expect("every spec has a key");
        let key = External::new(&house, REGION, spec, spec.usages().next().expect("a usage")).await;
        let envelope = key.envelope(algorithm, &wrapping).await;
        let told = key.import(&envelope, &known.bytes, json!({})).await;
        assert!(told.is_ok(), "{spec} {algorithm} {wrapping}: {told:?}");
    }
}

/// Whatever the usage, what the key does is what the material does.
async fn is_the_key(key: &External<'_>, known: &Known, what: &str) {
    if let Some(spki) = &known.spki {
        let told = key.ok(Op::GetPublicKey, json!({})).await;
        assert_eq!(unbase64(&text_at(&told, "/PublicKey")), *spki, "{what}");
    }
    let usage = KeyUsage::parse(&text_at(&key.described().await, "/KeyUsage")).expect("a usage");
    for algorithm in known.spec.algorithms(usage) {
        does_the_same(key, known, *algorithm, what).await;
    }
}

async fn does_the_same(key: &External<'_>, known: &Known, algorithm: Algorithm, what: &str) {
    let (what, message, material) = (format!("{what} {algorithm}"), base64("a message"), known.material());
    let public = || PublicKey::from_spki(known.spec, known.spki.as_deref().expect("a public half")).expect("a key");
    match known.spec.usages().find(|usage| known.spec.algorithms(*usage).contains(&algorithm)).expect("a usage") {
        KeyUsage::EncryptDecrypt if algorithm == Algorithm::SymmetricDefault => {
            let sealed = key.ok(Op::Encrypt, json!({ "Plaintext": message })).await;
            let told = key.ok(Op::Decrypt, json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await;
            assert_eq!(told["Plaintext"], message, "{what}");
        }
        KeyUsage::EncryptDecrypt => {
            let members = json!({ "Plaintext": message, "EncryptionAlgorithm": algorithm.as_str() });
            let sealed = unbase64(&text_at(&key.ok(Op::Encrypt, members).await, "/CiphertextBlob"));
            assert_eq!(material.decrypt(algorithm, &sealed).expect("it opens").expose(), b"a message", "{what}");
            let ours = public().encrypt(algorithm, b"a message", &SystemRandom).expect("it encrypts");
            let members = json!({ "CiphertextBlob": base64(ours), "EncryptionAlgorithm": algorithm.as_str() });
            assert_eq!(key.ok(Op::Decrypt, members).await["Plaintext"], message, "{what}");
        }
        KeyUsage::SignVerify => {
            let (kind, signed) =
                if algorithm.takes_raw() { ("RAW", b"a message".to_vec()) } else { ("DIGEST", vec![7; 64]) };
            let members =
                json!({ "Message": base64(&signed), "MessageType": kind, "SigningAlgorithm": algorithm.as_str() });
            let signature = unbase64(&text_at(&key.ok(Op::Sign, members).await, "/Signature"));
            let as_signed = if algorithm.takes_raw() { Message::Raw(&signed) } else { Message::Digest(&signed) };
            assert_eq!(public().verify(algorithm, as_signed, &signature), Ok(()), "{what}");
        }
        KeyUsage::GenerateVerifyMac => {
            let members = json!({ "Message": message, "MacAlgorithm": algorithm.as_str() });
            let told = unbase64(&text_at(&key.ok(Op::GenerateMac, members).await, "/Mac"));
            assert_eq!(Ok(told), material.mac(algorithm, b"a message"), "{what}");
        }
        KeyUsage::KeyAgreement => {
            let peer = Material::generate(known.spec, &SystemRandom);
            let spki = peer.public_key().expect("a public half");
            let members = json!({ "PublicKey": base64(spki.spki()), "KeyAgreementAlgorithm": algorithm.as_str() });
            let told = unbase64(&text_at(&key.ok(Op::DeriveSharedSecret, members).await, "/SharedSecret"));
            assert_eq!(told, peer.agree(algorithm, &public()).expect("they agree").expose(), "{what}");
        }
        KeyUsage::EncapsulateDecapsulate => panic!("{what}: no such material comes from outside"),
    }
}

#[tokio::test]
async fn an_imported_key_of_any_usage_does_what_its_material_does() {
    let house = House::new().await;
    for known in one_of_each() {
        for usage in known.spec.usages() {
            let key = External::new(&house, CHINA, known.spec, usage).await;
            let envelope = key.quick_envelope().await;
            key.import(&envelope, &known.bytes, json!({})).await.expect("it is taken");
            is_the_key(&key, &known, &format!("{} {usage}", known.spec)).await;
        }
    }
}

#[tokio::test]
async fn an_hmac_key_may_be_longer_than_its_codes_up_to_128_bytes() {
    let house = House::new().await;
    for known in one_of_each().iter().filter(|known| known.spec.kind() == Kind::Hmac) {
        for length in [hmac_len(known.spec) + 1, 128] {
            let known = Known::secret(known.spec, vec![0x5a; length]);
            let (key, _) = External::with(&house, &known).await;
            is_the_key(&key, &known, &format!("{} of {length} bytes", known.spec)).await;
        }
    }
}

/// What no key of the spec is: by the spec's own rules, or because it is a key of another.
fn no_keys_of(spec: KeySpec, everyone: &[Known]) -> Vec<(String, Vec<u8>)> {
    let mut wrong = Vec::new();
    let own = everyone.iter().find(|known| known.spec == spec).expect("every spec has a key");
    if spec.kind() == Kind::Hmac {
        wrong.extend([1, hmac_len(spec) - 1, 129, 160].map(|length| (format!("{length} bytes"), vec![0xa1; length])));
        return wrong;
    }
    let bytes = &own.bytes;
    wrong.push(("a byte less".into(), bytes[..bytes.len() - 1].to_vec()));
    wrong.push(("a byte less at the front".into(), bytes[1..].to_vec()));
    wrong.push(("a byte more".into(), [&bytes[..], &[0]].concat()));
    wrong.push(("one byte".into(), vec![0x30]));
    if spec.kind() == Kind::Symmetric {
        return wrong;
    }
    wrong.push(("twice".into(), [&bytes[..], bytes].concat()));
    wrong.push(("32 bytes".into(), vec![0xa1; 32]));
    wrong.push(("its public half".into(), own.spki.clone().expect("a public half")));
    let others = everyone.iter().filter(|other| other.spec != spec);
    wrong.extend(others.map(|other| (format!("a key of {}", other.spec), other.bytes.clone())));
    let vectors = cases("refused").iter().filter(|case| case["spec"] == spec.as_str());
    wrong.extend(vectors.map(|case| (text_at(case, "/comment"), hex::decode(text_at(case, "/pkcs8")).expect("hex"))));
    wrong
}

#[tokio::test]
async fn what_is_no_key_of_the_spec_is_refused_in_the_same_words_and_changes_nothing() {
    let house = House::new().await;
    let everyone = one_of_each();
    for known in &everyone {
        let key = External::of(&house, known.spec).await;
        let envelope = key.quick_envelope().await;
        let before = house.everything().await;
        for (what, wrong) in no_keys_of(known.spec, &everyone) {
            let told = key.import(&envelope, &wrong, json!({})).await;
            assert_eq!(told, incorrect(), "{}: {what}", known.spec);
        }
        assert!(house.everything().await == before, "{}: nothing changes", known.spec);
        key.import(&envelope, &known.bytes, json!({})).await.expect("the right one is still taken");
    }
}

/// PKCS#8 with a wrong bit, without a byte, with one more: in a key that has its material already, each is refused as any
/// other material is, or is another way to write the same key. Every byte of every spec is `crypto`'s to try.
#[tokio::test]
async fn of_a_thousand_bent_keys_none_comes_in_as_another() {
    /// At how many places each key is bent, in three ways.
    const PLACES: usize = 40;
    let house = House::new().await;
    let mut refused = 0;
    for known in one_of_each().iter().filter(|known| known.spec.kind() == Kind::Asymmetric) {
        let (key, envelope) = External::with(&house, known).await;
        let bytes = &known.bytes;
        for at in (0..PLACES).map(|place| place * bytes.len() / PLACES) {
            let (front, back) = bytes.split_at(at);
            let bent = [&[back[0] ^ (1 << (at % 8))], &back[1..]].concat();
            let (absent, more) = (&back[1..], [&[back[0]], back].concat());
            for back in [&bent[..], absent, &more] {
                match key.import(&envelope, &[front, back].concat(), json!({})).await {
                    Ok(_) => {}
                    told => {
                        assert_eq!(told, incorrect(), "{} at byte {at}", known.spec);
                        refused += 1;
                    }
                }
            }
        }
        is_the_key(&key, known, "after all").await;
    }
    assert!(refused > 1000, "only {refused} were refused");
}

#[tokio::test]
async fn the_first_material_of_a_key_without_rotation_is_its_only_one() {
    let house = House::new().await;
    for known in one_of_each().iter().filter(|known| known.spec.kind() != Kind::Symmetric) {
        let (key, envelope) = External::with(&house, known).await;
        let told = key.import(&envelope, &known.bytes, json!({})).await;
        assert_eq!(told, Ok(json!({ "KeyId": key.arn() })), "{}: its material has no name", known.spec);
        let other = another(known.spec);
        if let Some(other) = &other {
            assert_eq!(key.import(&envelope, other, json!({})).await, incorrect(), "{}", known.spec);
        }
        let described = key.described().await;
        assert_eq!((&described["KeyState"], &described["ExpirationModel"]), (&json!("Enabled"), &json!(FOR_EVER)));
        assert_eq!(described.get("CurrentKeyMaterialId"), None, "{}", known.spec);

        let told = key.ok(Op::DeleteImportedKeyMaterial, json!({})).await;
        assert_eq!(told, json!({ "KeyId": key.arn(), "KeyMaterialId": "" }), "{}", known.spec);
        let described = key.described().await;
        assert_eq!((&described["KeyState"], described.get("ExpirationModel")), (&json!("PendingImport"), None));
        if known.spec.kind() == Kind::Asymmetric {
            let pending = refusal("KMSInvalidStateException", format!("{} is pending import.", key.arn()));
            assert_eq!(key.call(Op::GetPublicKey, json!({})).await, pending, "{}", known.spec);
        }
        if let Some(other) = &other {
            assert_eq!(key.import(&envelope, other, json!({})).await, incorrect(), "{}", known.spec);
        }
        key.import(&envelope, &known.bytes, json!({})).await.expect("the same comes back");
        is_the_key(&key, known, known.spec.as_str()).await;
    }
}

/// With its point, without, compressed: one key.
#[tokio::test]
async fn one_private_key_is_the_same_material_however_it_is_written() {
    let house = House::new().await;
    let mut seen = 0;
    for known in one_of_each().iter().filter(|known| known.spec.kind() == Kind::Asymmetric) {
        let (key, envelope) = External::with(&house, known).await;
        for case in cases("keys").iter().filter(|case| case["spec"] == known.spec.as_str()).skip(1) {
            let written = Known::of(case);
            let told = key.import(&envelope, &written.bytes, json!({})).await;
            // The vectors have keys of their own for each way to write one.
            match written.spki == known.spki {
                true => assert!(told.is_ok(), "{}: {told:?}", known.spec),
                false => assert_eq!(told, incorrect(), "{}", known.spec),
            }
        }
        if let Ok(ours) = known.material().to_pkcs8() {
            let told = key.import(&envelope, ours.expose(), json!({})).await;
            assert!(told.is_ok(), "{}: {told:?}", known.spec);
            seen += 1;
        }
    }
    assert_eq!(seen, 9, "every asymmetric spec that takes material");
}

#[tokio::test]
async fn members_that_tell_one_material_from_another_are_for_symmetric_encryption_keys() {
    let house = House::new().await;
    let id = "0".repeat(64);
    for known in one_of_each().iter().filter(|known| known.spec.kind() != Kind::Symmetric) {
        let (key, envelope) = External::with(&house, known).await;
        let before = house.everything().await;
        for (member, value) in [
            ("ImportType", NEW),
            ("ImportType", "EXISTING_KEY_MATERIAL"),
            ("KeyMaterialId", &id),
            ("KeyMaterialDescription", "the first"),
        ] {
            let text = format!("{member} is supported for symmetric encryption keys only.");
            let unsupported = refusal("UnsupportedOperationException", text);
            let told = key.import(&envelope, &known.bytes, json!({ member: value })).await;
            assert_eq!(told, unsupported, "{} {member}", known.spec);
        }
        let text = "KeyMaterialId is supported for symmetric encryption keys only.";
        let told = key.call(Op::DeleteImportedKeyMaterial, json!({ "KeyMaterialId": id })).await;
        assert_eq!(told, refusal("UnsupportedOperationException", text), "{}", known.spec);
        for op in [Op::ListKeyRotations, Op::RotateKeyOnDemand] {
            let told = key.call(op, json!({})).await;
            assert_eq!(told, refusal("UnsupportedOperationException", ""), "{} {op:?}", known.spec);
        }
        assert!(house.everything().await == before, "{}: nothing changes", known.spec);
    }
}

#[tokio::test]
async fn material_of_every_kind_expires_and_the_same_comes_back() {
    let house = House::new().await;
    let start = house.now();
    let mut keys = Vec::new();
    for known in one_of_each().into_iter().filter(|known| known.spec.kind() != Kind::Symmetric) {
        let (key, envelope) = External::with(&house, &known).await;
        key.import(&envelope, &known.bytes, for_days(start, 3)).await.expect("the same, for three days");
        let described = key.described().await;
        assert_eq!(described["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
        assert_eq!(described["ValidTo"], start.plus_days(3).0 as f64 / 1000.0);
        keys.push((known, key));
    }
    house.advance_days(3);
    for (known, key) in &keys {
        assert_eq!(key.state().await, "PendingImport", "{}", known.spec);
    }
    for days in 0..3 {
        house.turn(24 * days * HOUR).await;
    }
    let gone = house.rows(b"e\0").await;
    let left: Vec<String> = gone.iter().map(|row| common::readable(&row.key)).collect();
    assert_eq!(left, [""; 0], "their key-encryption keys are destroyed");
    let records = house.records();
    let expired: Vec<&Value> =
        records.iter().filter(|record| record["eventName"] == "DeleteExpiredKeyMaterial").collect();
    assert_eq!(expired.len(), keys.len());
    for record in expired {
        assert!(!record.to_string().contains("keyMaterialId"), "{record}");
    }
    for (known, key) in &keys {
        let envelope = key.quick_envelope().await;
        if let Some(other) = another(known.spec) {
            assert_eq!(key.import(&envelope, &other, json!({})).await, incorrect(), "{}", known.spec);
        }
        key.import(&envelope, &known.bytes, json!({})).await.expect("the same comes back");
        is_the_key(key, known, known.spec.as_str()).await;
    }
}

#[tokio::test]
async fn records_name_material_of_symmetric_encryption_keys_alone() {
    let house = House::new().await;
    for known in one_of_each() {
        let before = house.records().len();
        let (key, _) = External::with(&house, &known).await;
        let id = key.ok(Op::DeleteImportedKeyMaterial, json!({})).await["KeyMaterialId"].clone();
        let records = house.records_from(before);
        for name in ["ImportKeyMaterial", "DeleteImportedKeyMaterial"] {
            let record = records.iter().find(|record| record["eventName"] == name).expect("a record");
            let expected = match known.spec.kind() {
                Kind::Symmetric => json!({ "keyId": key.arn(), "keyMaterialId": id }),
                Kind::Hmac | Kind::Asymmetric => json!({ "keyId": key.arn() }),
            };
            assert_eq!(record["responseElements"], expected, "{} {name}", known.spec);
        }
        let secrets = [base64(&known.bytes), hex::encode(&known.bytes)];
        for record in &records {
            let line = record.to_string();
            assert!(secrets.iter().all(|secret| !line.contains(secret.trim_end_matches('='))), "a secret is in {line}");
        }
    }
}

#[tokio::test]
async fn a_key_that_takes_no_material_is_not_made_to_wait_for_some() {
    let house = House::new().await;
    for spec in KeySpec::ALL.iter().filter(|spec| !spec.importable()) {
        let usage = spec.usages().next().expect("a usage");
        let body = json!({ "Origin": "EXTERNAL", "KeySpec": spec.as_str(), "KeyUsage": usage.as_str() });
        let text = format!("KeySpec {spec} is not supported for Origin EXTERNAL");
        assert_eq!(house.call(Op::CreateKey, body).await, refusal("ValidationException", text));
    }
    let body = json!({ "Origin": "EXTERNAL", "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" });
    let text = "KeySpec SM2 is not supported in this Region";
    assert_eq!(house.call(Op::CreateKey, body).await, refusal("UnsupportedOperationException", text));
    assert!(house.ids().await.is_empty());
}

/// What does not wrap is told after the key's state, and before a wrapping key is made.
#[tokio::test]
async fn a_way_that_does_not_fit_is_named() {
    let house = House::new().await;
    let key_in = |region, spec: KeySpec| {
        let usage = spec.usages().next().expect("a usage");
        External::new(&house, region, spec, usage)
    };
    for (key, algorithm, wrapping, text) in [
        (
            key_in(REGION, KeySpec::Rsa2048).await,
            "RSAES_OAEP_SHA_256",
            "RSA_4096",
            "RSAES_OAEP_SHA_256 under RSA_4096 does not wrap key material of KeySpec RSA_2048.",
        ),
        (
            key_in(REGION, KeySpec::EccNistP521).await,
            "RSAES_OAEP_SHA_1",
            "RSA_2048",
            "RSAES_OAEP_SHA_1 under RSA_2048 does not wrap key material of KeySpec ECC_NIST_P521.",
        ),
        (
            key_in(REGION, KeySpec::Hmac256).await,
            "RSA_AES_KEY_WRAP_SHA_1",
            "RSA_2048",
            "RSA_AES_KEY_WRAP_SHA_1 under RSA_2048 does not wrap key material of KeySpec HMAC_256.",
        ),
        (
            key_in(REGION, KeySpec::Rsa2048).await,
            "RSAES_PKCS1_V1_5",
            "RSA_2048",
            "WrappingAlgorithm RSAES_PKCS1_V1_5 is not supported.",
        ),
        (
            key_in(REGION, KeySpec::Rsa2048).await,
            "SM2PKE",
            "SM2",
            "WrappingAlgorithm SM2PKE is not supported in this Region",
        ),
        (
            key_in(CHINA, KeySpec::Sm2).await,
            "RSAES_OAEP_SHA_256",
            "SM2",
            "WrappingAlgorithm RSAES_OAEP_SHA_256 is incompatible with WrappingKeySpec SM2.",
        ),
        (
            key_in(CHINA, KeySpec::Sm2).await,
            "SM2PKE",
            "RSA_2048",
            "WrappingAlgorithm SM2PKE is incompatible with WrappingKeySpec RSA_2048.",
        ),
        (
            key_in(CHINA, KeySpec::Rsa2048).await,
            "RSA_AES_KEY_WRAP_SHA_256",
            "RSA_2048",
            "WrappingAlgorithm RSA_AES_KEY_WRAP_SHA_256 is not supported in this Region",
        ),
    ] {
        assert_eq!(key.ask(algorithm, wrapping).await, refusal("UnsupportedOperationException", text));
        key.ok(Op::ScheduleKeyDeletion, json!({})).await;
        let going = refusal("KMSInvalidStateException", format!("{} is pending deletion.", key.arn()));
        assert_eq!(key.ask(algorithm, wrapping).await, going);
    }
}
