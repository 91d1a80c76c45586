//! A client's ciphertext: bytes that nobody sealed never open, and a sealed blob opens only as it was made.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crypto::Material;
use crypto::blob::{self, Blob, Place, Sealer};
use crypto::testing::Seeded;
use libfuzzer_sys::fuzz_target;

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static MATERIAL: LazyLock<Material> = LazyLock::new(|| Material::symmetric(&*RANDOM));
static SEALER: LazyLock<Sealer> = LazyLock::new(|| Sealer::new(&*RANDOM));

const PLACE: Place<'_> =
    Place { account: "123456789012", key_id: "1234abcd-12ab-34cd-56ef-1234567890ab", material_id: [7; 32] };

fuzz_target!(|input: &[u8]| {
    unsealed(input);
    if let Some((at, rest)) = input.split_first_chunk::<2>() {
        edited(usize::from(u16::from_be_bytes(*at)), rest);
    }
});

/// Whatever has the form of a blob says so in ASCII, and does not open.
fn unsealed(bytes: &[u8]) {
    let Ok(blob) = Blob::parse(bytes) else { return };
    assert!(blob.account().len() == 12 && blob.key_id().len() == 36);
    assert!(blob::open(&MATERIAL, &blob, &context(bytes)).is_err(), "bytes that nobody sealed have opened");
}

/// Seals the rest of the input, changes one byte, cuts or adds one: opens as it was made, and never otherwise.
fn edited(at: usize, plaintext: &[u8]) {
    let context = context(plaintext);
    let sealed = SEALER.seal(&MATERIAL, &PLACE, &context, plaintext, &*RANDOM);
    let opened =
        Blob::parse(&sealed).and_then(|blob| blob::open(&MATERIAL, &blob, &context).map(|p| p.expose() == plaintext));
    assert_eq!(opened, Ok(true), "a blob does not open as it was made");
    let mut flipped = sealed.clone();
    flipped[at % sealed.len()] ^= 1 << (at >> 13);
    for wrong in [flipped, sealed[..at % sealed.len()].to_vec(), [&sealed[..], &[0]].concat()] {
        let opened = Blob::parse(&wrong).and_then(|blob| blob::open(&MATERIAL, &blob, &context));
        assert!(opened.is_err(), "an edited blob has opened");
    }
    let mut other = context;
    other.insert(format!("{at}"), String::new());
    let opened = Blob::parse(&sealed).and_then(|blob| blob::open(&MATERIAL, &blob, &other));
    assert!(opened.is_err(), "a blob has opened under another context");
}

/// A context made of the input, so that its borders move with it.
fn context(bytes: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(bytes);
    text.split('&')
        .take(8)
        .filter_map(|pair| pair.split_once('='))
        .map(|(k, v)| (format!("={k}"), v.to_owned()))
        .collect()
}
