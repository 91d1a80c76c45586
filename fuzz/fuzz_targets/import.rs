//! An import token and wrapped material, as a client could hand them in: what nobody sealed or wrapped never opens, and
//! what was made opens only as it was made.

#![no_main]

use std::sync::LazyLock;

use crypto::StoreKey;
use crypto::testing::{Seeded, wrapping_key};
use crypto::token::{MAX_PLACE_LEN, Token, TokenKey};
use crypto::wrapping::{WrappingAlgorithm, WrappingKey, WrappingKeySpec, wrap};
use libfuzzer_sys::fuzz_target;

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static TOKENS: LazyLock<TokenKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).tokens());
static OTHERS: LazyLock<TokenKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).tokens());
static RSA: LazyLock<WrappingKey> = LazyLock::new(|| wrapping_key(WrappingKeySpec::Rsa2048));
static SM2: LazyLock<WrappingKey> = LazyLock::new(|| wrapping_key(WrappingKeySpec::Sm2));

/// What OAEP with SHA-256 can wrap under the RSA key, the least of all algorithms.
const LONGEST_MATERIAL: usize = 190;

fuzz_target!(|input: &[u8]| {
    let Some((header, rest)) = input.split_first_chunk::<3>() else { return };
    let [algorithm, at_high, at_low] = *header;
    let algorithm = WrappingAlgorithm::ALL[usize::from(algorithm) % WrappingAlgorithm::ALL.len()];
    let at = usize::from(u16::from_be_bytes([at_high, at_low]));
    assert!(TOKENS.open(rest).is_err(), "bytes that nobody sealed have opened");
    assert!(key_for(algorithm).unwrap(algorithm, rest).is_err(), "bytes that nobody wrapped have opened");
    edited_token(algorithm, rest, at);
    edited_material(algorithm, rest, at);
});

/// Seals a token whose place and times are the input's, and edits it.
fn edited_token(algorithm: WrappingAlgorithm, input: &[u8], at: usize) {
    let text = String::from_utf8_lossy(input);
    let place: String = text.chars().take(MAX_PLACE_LEN / 4).collect();
    let times = input.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
    let key = wrapping_key(key_for(algorithm).spec());
    let token = Token { place, algorithm, issued_at_ms: times, expires_at_ms: !times, key };
    let sealed = TOKENS.seal(&token, &*RANDOM);
    let opened = TOKENS.open(&sealed).expect("a token opens");
    assert!(opened.place == token.place && opened.algorithm == algorithm, "a token does not open as it was made");
    assert!((opened.issued_at_ms, opened.expires_at_ms) == (times, !times), "nor with its times");
    assert!(opened.key.public_key() == key_for(algorithm).public_key(), "nor with its key");
    for wrong in edits(&sealed, at) {
        assert!(TOKENS.open(&wrong).is_err(), "an edited token has opened");
    }
    assert!(OTHERS.open(&sealed).is_err(), "a token has opened under another store's key");
}

/// Wraps the input as material, and edits it.
fn edited_material(algorithm: WrappingAlgorithm, input: &[u8], at: usize) {
    let material = &input[..input.len().min(LONGEST_MATERIAL)];
    if material.is_empty() {
        return;
    }
    let key = key_for(algorithm);
    let wrapped = wrap(&key.public_key(), algorithm, material);
    let opened = key.unwrap(algorithm, &wrapped).map(|opened| opened.expose() == material);
    assert_eq!(opened, Ok(true), "material does not unwrap as it was wrapped");
    for wrong in edits(&wrapped, at) {
        assert!(key.unwrap(algorithm, &wrong).is_err(), "edited material has unwrapped");
    }
    for other in WrappingAlgorithm::ALL.iter().copied().filter(|other| *other != algorithm) {
        for key in [&*RSA, &*SM2] {
            assert!(key.unwrap(other, &wrapped).is_err(), "material has unwrapped by another algorithm");
        }
    }
}

/// The key that takes what this algorithm wraps.
fn key_for(algorithm: WrappingAlgorithm) -> &'static WrappingKey {
    if WrappingKeySpec::Sm2.takes(algorithm) { &SM2 } else { &RSA }
}

/// One bit flipped, the end cut off, one byte too many.
fn edits(bytes: &[u8], at: usize) -> [Vec<u8>; 3] {
    let mut flipped = bytes.to_vec();
    flipped[at % bytes.len()] ^= 1 << (at >> 13);
    [flipped, bytes[..at % bytes.len()].to_vec(), [bytes, &[0]].concat()]
}
