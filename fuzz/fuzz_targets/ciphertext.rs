//! A ciphertext under a public key, as a client could hand it in: what nobody encrypted never opens, what was encrypted
//! opens only as it was made, and ML-KEM's carries its own secret alone.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use crypto::testing::{Seeded, rsa_material};
use crypto::wrapping::WrappingKeySpec;
use crypto::{Material, PublicKey};
use libfuzzer_sys::fuzz_target;

const SPECS: [KeySpec; 5] = [KeySpec::Sm2, KeySpec::Rsa2048, KeySpec::MlKem512, KeySpec::MlKem768, KeySpec::MlKem1024];

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static KEYS: LazyLock<BTreeMap<KeySpec, (Material, PublicKey)>> =
    LazyLock::new(|| SPECS.iter().map(|spec| (*spec, key(*spec))).collect());

fuzz_target!(|input: &[u8]| {
    let Some((header, rest)) = input.split_first_chunk::<3>() else { return };
    let [spec, at_high, at_low] = *header;
    let spec = SPECS[usize::from(spec) % SPECS.len()];
    let at = usize::from(u16::from_be_bytes([at_high, at_low]));
    let (material, public) = &KEYS[&spec];
    for algorithm in spec.algorithms(KeyUsage::EncryptDecrypt).iter().copied() {
        encrypted(material, public, algorithm, rest, at);
    }
    for algorithm in spec.algorithms(KeyUsage::EncapsulateDecapsulate).iter().copied() {
        encapsulated(material, public, algorithm, rest, at);
    }
});

fn encrypted(material: &Material, public: &PublicKey, algorithm: Algorithm, input: &[u8], at: usize) {
    assert!(material.decrypt(algorithm, input).is_err(), "bytes that nobody encrypted have opened");
    let max = public.spec().max_plaintext(algorithm).expect("an algorithm that encrypts");
    let plaintext = &input[..input.len().min(max)];
    let Ok(ciphertext) = public.encrypt(algorithm, plaintext, &*RANDOM) else {
        assert!(plaintext.is_empty() && algorithm == Algorithm::Sm2Pke, "only SM2 refuses, and only nothing");
        return;
    };
    let opened = material.decrypt(algorithm, &ciphertext).map(|opened| opened.expose() == plaintext);
    assert_eq!(opened, Ok(true), "a ciphertext does not open as it was made");
    for wrong in edits(&ciphertext, input, at) {
        assert!(material.decrypt(algorithm, &wrong).is_err(), "an edited ciphertext has opened");
    }
}

fn encapsulated(material: &Material, public: &PublicKey, algorithm: Algorithm, input: &[u8], at: usize) {
    let (ciphertext, shared) = public.encapsulate(algorithm).expect("an algorithm that encapsulates");
    let opened = material.decapsulate(algorithm, &ciphertext);
    assert!(
        opened.is_ok_and(|opened| opened.same_as(&shared)),
        "a ciphertext carries another secret than it was given"
    );
    for wrong in edits(&ciphertext, input, at).into_iter().chain([input.to_vec()]) {
        let [first, second] = [(); 2].map(|()| material.decapsulate(algorithm, &wrong));
        assert_eq!(first.is_ok(), wrong.len() == ciphertext.len(), "length alone decides");
        if let (Ok(first), Ok(second)) = (first, second) {
            assert!(first.same_as(&second) && !first.same_as(&shared), "an edited ciphertext has a secret of its own");
        }
    }
}

/// The ciphertext with one bit flipped, cut off, a byte longer, and with the input over a part of it.
fn edits(ciphertext: &[u8], input: &[u8], at: usize) -> Vec<Vec<u8>> {
    let (mut flipped, place) = (ciphertext.to_vec(), at % ciphertext.len());
    flipped[place] ^= 1 << (at >> 13);
    let end = ciphertext.len().min(place + input.len());
    let spliced = [&ciphertext[..place], input, &ciphertext[end..]].concat();
    let all = [flipped, ciphertext[..place].to_vec(), [ciphertext, &[0]].concat(), spliced];
    all.into_iter().filter(|wrong| wrong != ciphertext).collect()
}

/// A key and its public half. RSA's takes too long to make.
fn key(spec: KeySpec) -> (Material, PublicKey) {
    let material = match WrappingKeySpec::parse(spec.as_str()) {
        Some(size) => rsa_material(size),
        None => Material::generate(spec, &*RANDOM),
    };
    let public = material.public_key().expect("it has a public half");
    (material, public)
}
