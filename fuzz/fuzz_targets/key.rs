//! A key from outside, private or public: what is taken is whole, and the same however it is written; whatever is made of
//! a key that is known, nothing panics.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crypto::spec::{Algorithm, KeySpec, KeyUsage, Kind};
use crypto::testing::{Seeded, rsa_material};
use crypto::wrapping::WrappingKeySpec;
use crypto::{Blinder, Material, Message, PublicKey, SecretBytes, StoreKey};
use libfuzzer_sys::fuzz_target;

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static BLINDER: LazyLock<Blinder> = LazyLock::new(|| StoreKey::generate(&*RANDOM).blinder("material"));
static KEYS: LazyLock<BTreeMap<KeySpec, Material>> =
    LazyLock::new(|| KeySpec::ALL.iter().map(|spec| (*spec, key(*spec))).collect());

fuzz_target!(|input: &[u8]| {
    let Some((header, rest)) = input.split_first_chunk::<3>() else { return };
    let [spec, at_high, at_low] = *header;
    let spec = KeySpec::ALL[usize::from(spec) % KeySpec::ALL.len()];
    let at = usize::from(u16::from_be_bytes([at_high, at_low]));

    private(spec, rest);
    public(spec, rest);
    if let Ok(pkcs8) = KEYS[&spec].to_pkcs8() {
        private(spec, &spliced(pkcs8.expose(), rest, at));
    }
    if let Ok(key) = KEYS[&spec].public_key() {
        public(spec, &spliced(key.spki(), rest, at));
    }
});

/// What comes in as material.
fn private(spec: KeySpec, bytes: &[u8]) {
    let Ok(material) = Material::import(spec, &SecretBytes::from(bytes.to_vec())) else { return };
    assert!(material.spec() == spec && spec.importable(), "material of another spec, or of one that is not imported");
    let fingerprint = material.fingerprint(b"owner", &BLINDER).expect("a key has a fingerprint");
    if spec.kind() == Kind::Asymmetric {
        let public = material.public_key().expect("a private key that was taken has a public half");
        assert_eq!(PublicKey::from_spki(spec, public.spki()).as_ref(), Ok(&public), "which is read as it is written");
        let again = Material::import(spec, &material.to_pkcs8().expect("it goes out")).expect("and comes in again");
        assert!(again.fingerprint(b"owner", &BLINDER) == Ok(fingerprint), "as the same key");
    }
}

/// What is taken for a public key, which nobody knows the private half of.
fn public(spec: KeySpec, bytes: &[u8]) {
    let Ok(key) = PublicKey::from_spki(spec, bytes) else { return };
    assert!(key.spec() == spec && key.spki() == bytes, "a key is not as it was written");
    for algorithm in Algorithm::ALL.iter().copied() {
        let has = |usage| spec.algorithms(usage).contains(&algorithm);
        for message in [Message::Raw(bytes), Message::Digest(&bytes[..32]), Message::ExternalMu(&bytes[..32])] {
            assert!(key.verify(algorithm, message, bytes).is_err(), "the key itself is a signature");
        }
        assert!(key.encrypt(algorithm, b"plaintext", &*RANDOM).is_err() || has(KeyUsage::EncryptDecrypt));
        assert!(key.encapsulate(algorithm).is_ok() == has(KeyUsage::EncapsulateDecapsulate));
        assert!(KEYS[&spec].agree(algorithm, &key).is_ok() == has(KeyUsage::KeyAgreement));
    }
}

/// A key of the spec. RSA's takes too long to make.
fn key(spec: KeySpec) -> Material {
    match WrappingKeySpec::parse(spec.as_str()) {
        Some(size) => rsa_material(size),
        None => Material::generate(spec, &*RANDOM),
    }
}

/// The document with these bytes over its own.
fn spliced(document: &[u8], bytes: &[u8], at: usize) -> Vec<u8> {
    let at = at % document.len();
    let end = document.len().min(at + bytes.len());
    [&document[..at], bytes, &document[end..]].concat()
}
