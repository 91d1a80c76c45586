//! Material that another library wrapped (`tests/vectors/import.py`), and every way in which it can be wrong.

use super::*;
use crate::testing::wrapping_key;
use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

static KEYS: LazyLock<BTreeMap<WrappingKeySpec, WrappingKey>> =
    LazyLock::new(|| WrappingKeySpec::ALL.iter().map(|spec| (*spec, wrapping_key(*spec))).collect());
static VECTORS: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../tests/vectors/import-python.json")).expect("the vectors are JSON")
});

/// A key that takes what this algorithm wraps: the smallest.
fn key_for(algorithm: WrappingAlgorithm) -> &'static WrappingKey {
    KEYS.values().find(|key| key.spec().takes(algorithm)).expect("each algorithm has a key")
}

/// Every pair of spec and algorithm that there is.
fn pairs() -> impl Iterator<Item = (WrappingKeySpec, WrappingAlgorithm)> {
    let all = WrappingKeySpec::ALL.iter().flat_map(|spec| WrappingAlgorithm::ALL.iter().map(|of| (*spec, *of)));
    all.filter(|(spec, algorithm)| spec.takes(*algorithm))
}

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("the vector {case} has no text {name}"))
}

fn bytes(case: &Value, name: &str) -> Vec<u8> {
    hex::decode(text(case, name)).unwrap_or_else(|error| panic!("{name} of the vector {case}: {error}"))
}

fn cases(kind: &str) -> &'static Vec<Value> {
    VECTORS[kind].as_array().filter(|cases| !cases.is_empty()).expect("there are vectors of each kind")
}

fn key_of(case: &Value) -> &'static WrappingKey {
    &KEYS[&WrappingKeySpec::parse(text(case, "spec")).expect("a spec")]
}

fn algorithm_of(case: &Value) -> WrappingAlgorithm {
    WrappingAlgorithm::parse(text(case, "algorithm")).expect("an algorithm")
}

fn unwrapped(key: &WrappingKey, algorithm: WrappingAlgorithm, wrapped: &[u8]) -> Result<Vec<u8>, Unsealable> {
    Ok(key.unwrap(algorithm, wrapped)?.expose().to_vec())
}

#[test]
fn names_are_awss() {
    assert_eq!(
        WrappingKeySpec::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>(),
        ["RSA_2048", "RSA_3072", "RSA_4096", "SM2"]
    );
    let names =
        ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256", "SM2PKE"];
    assert_eq!(WrappingAlgorithm::ALL.iter().map(|a| a.as_str()).collect::<Vec<_>>(), names);
    assert_eq!(pairs().count(), 3 * 4 + 1, "SM2 and SM2PKE belong together, and to nobody else");
    for none in ["RSAES_PKCS1_V1_5", "SM2", ""] {
        assert_eq!(WrappingAlgorithm::parse(none), None);
    }
}

// --- another library

#[test]
fn material_that_another_library_wrapped_unwraps() {
    let mut seen = HashSet::new();
    for case in cases("opens") {
        let opened = unwrapped(key_of(case), algorithm_of(case), &bytes(case, "wrapped"));
        assert_eq!(opened, Ok(bytes(case, "material")), "{case}");
        seen.insert((text(case, "spec"), text(case, "algorithm")));
    }
    assert_eq!(seen.len(), pairs().count(), "every pair has a vector");
}

#[test]
fn what_no_algorithm_makes_does_not_unwrap() {
    for case in cases("refused") {
        assert_eq!(unwrapped(key_of(case), algorithm_of(case), &bytes(case, "wrapped")), Err(Unsealable), "{case}");
    }
}

#[test]
fn the_public_key_is_the_one_another_library_writes() {
    for (spec, key) in KEYS.iter() {
        assert_eq!(hex::encode(key.public_key()), text(&VECTORS["publicKeys"], spec.as_str()), "{spec}");
        assert_eq!(key.spec(), *spec);
    }
}

#[test]
fn what_is_no_wrapping_key_is_refused() {
    for pkcs8 in [WrappingKeySpec::Rsa2048, WrappingKeySpec::Sm2].map(|spec| KEYS[&spec].to_pkcs8()) {
        let pkcs8 = pkcs8.expose();
        assert!(WrappingKey::from_pkcs8(pkcs8).is_ok());
        assert!(WrappingKey::from_pkcs8(&[pkcs8, &[0]].concat()).is_err(), "a byte too many");
        for len in 0..pkcs8.len() {
            assert!(WrappingKey::from_pkcs8(&pkcs8[..len]).is_err(), "{len} bytes");
        }
    }
    let others = VECTORS["otherKeys"].as_object().expect("keys of other kinds");
    assert_eq!(others.keys().collect::<Vec<_>>(), ["P-256", "RSA_1024", "RSA_2560"]);
    for name in others.keys() {
        assert!(WrappingKey::from_pkcs8(&bytes(&VECTORS["otherKeys"], name)).is_err(), "{name}");
    }
}

// --- this library alone

#[test]
fn a_fresh_key_has_its_spec_and_unwraps() {
    for spec in WrappingKeySpec::ALL.iter().copied() {
        let key = WrappingKey::generate(spec).expect("a key");
        assert_eq!(key.spec(), spec);
        let public = key.public_key();
        assert_ne!(public, KEYS[&spec].public_key());
        assert_eq!(public.len(), KEYS[&spec].public_key().len());
        for (_, algorithm) in pairs().filter(|(of, _)| *of == spec) {
            let wrapped = wrap(&public, algorithm, &[7; 32]);
            assert_eq!(unwrapped(&key, algorithm, &wrapped), Ok(vec![7; 32]), "{spec} {algorithm}");
            assert_eq!(unwrapped(&KEYS[&spec], algorithm, &wrapped), Err(Unsealable), "under another key");
        }
    }
}

#[test]
fn material_of_every_small_length_unwraps() {
    for algorithm in WrappingAlgorithm::ALL.iter().copied() {
        let (key, public) = (key_for(algorithm), key_for(algorithm).public_key());
        for len in 0..=64_usize {
            let block = match algorithm.scheme() {
                Scheme::Oaep(_) => Some(256),
                Scheme::KeyWrap(_) => Some(256 + 8 + len.next_multiple_of(8)),
                // Two numbers in it are as long as they happen to be.
                Scheme::Sm2 => None,
            };
            if len == 0 && !matches!(algorithm.scheme(), Scheme::Oaep(_)) {
                continue;
            }
            let material: Vec<u8> = (1..=64).take(len).collect();
            let wrapped = wrap(&public, algorithm, &material);
            assert!(block.is_none_or(|block| wrapped.len() == block), "{algorithm} of {len} bytes");
            assert_eq!(unwrapped(key, algorithm, &wrapped), Ok(material), "{algorithm} of {len} bytes");
        }
    }
}

#[test]
fn material_wrapped_by_one_algorithm_does_not_unwrap_by_another() {
    for wrapped_by in WrappingAlgorithm::ALL {
        let key = key_for(*wrapped_by);
        let wrapped = wrap(&key.public_key(), *wrapped_by, &[7; 32]);
        for unwrapped_by in WrappingAlgorithm::ALL {
            for key in [key, key_for(*unwrapped_by)] {
                let opened = unwrapped(key, *unwrapped_by, &wrapped);
                assert_eq!(opened.is_ok(), wrapped_by == unwrapped_by, "{wrapped_by} as {unwrapped_by}");
            }
        }
    }
}

#[test]
fn material_wrapped_for_another_key_does_not_unwrap() {
    for (of, algorithm) in pairs() {
        let wrapped = wrap(&KEYS[&of].public_key(), algorithm, &[7; 32]);
        for (other, key) in KEYS.iter() {
            assert_eq!(unwrapped(key, algorithm, &wrapped).is_ok(), of == *other, "{algorithm}: {of} as {other}");
        }
    }
}

#[test]
fn wrapped_material_of_another_length_does_not_unwrap() {
    for algorithm in WrappingAlgorithm::ALL.iter().copied() {
        let key = key_for(algorithm);
        let wrapped = wrap(&key.public_key(), algorithm, &[7; 32]);
        for len in 0..wrapped.len() {
            assert_eq!(unwrapped(key, algorithm, &wrapped[..len]), Err(Unsealable), "{algorithm}: {len} bytes");
        }
        for extra in (1..=17).chain([256]) {
            for byte in [0, wrapped[0]] {
                let longer = [&wrapped[..], &vec![byte; extra]].concat();
                assert_eq!(unwrapped(key, algorithm, &longer), Err(Unsealable), "{algorithm}: {extra} bytes more");
            }
        }
        assert_eq!(unwrapped(key, algorithm, &wrapped[1..]), Err(Unsealable), "{algorithm}: without its first byte");
        let shifted = [&[0], &wrapped[..]].concat();
        assert_eq!(unwrapped(key, algorithm, &shifted), Err(Unsealable), "{algorithm}: a zero before it");
    }
}

#[test]
fn what_was_wrapped_does_not_unwrap_with_a_bit_of_any_byte_flipped() {
    for algorithm in WrappingAlgorithm::ALL.iter().copied() {
        let key = key_for(algorithm);
        let mut wrapped = wrap(&key.public_key(), algorithm, &[7; 32]);
        for at in 0..wrapped.len() {
            wrapped[at] ^= 1 << (at % 8);
            assert_eq!(unwrapped(key, algorithm, &wrapped), Err(Unsealable), "{algorithm}: byte {at}");
            wrapped[at] ^= 1 << (at % 8);
        }
        assert!(unwrapped(key, algorithm, &wrapped).is_ok());
    }
}

#[test]
fn padded_material_with_any_bit_flipped_does_not_unwrap() {
    let aes_key = SecretBytes::from(vec![5; 32]);
    for len in 1..=64 {
        let (mut padded, key) = (vec![0; len + 15], AesKek::new(&AES_256, aes_key.expose()).expect("32 bytes"));
        let mut wrapped = key.wrap_with_padding(&vec![7; len], &mut padded).expect("it wraps").to_vec();
        assert!(unwrap_padded(&aes_key, &wrapped).is_ok_and(|opened| opened.expose() == vec![7; len]));
        for bit in 0..8 * wrapped.len() {
            wrapped[bit / 8] ^= 1 << (bit % 8);
            assert!(unwrap_padded(&aes_key, &wrapped).is_err(), "{len} bytes, bit {bit}");
            wrapped[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn wrapping_the_same_material_twice_gives_two_forms() {
    for algorithm in WrappingAlgorithm::ALL.iter().copied() {
        let public = key_for(algorithm).public_key();
        assert_ne!(wrap(&public, algorithm, &[7; 32]), wrap(&public, algorithm, &[7; 32]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_unwrapping_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), number in 0..5_usize) {
        let algorithm = WrappingAlgorithm::ALL[number];
        prop_assert_eq!(unwrapped(key_for(algorithm), algorithm, &bytes), Err(Unsealable));
    }

    #[test]
    fn no_bytes_make_unwrapping_of_padded_material_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(unwrap_padded(&SecretBytes::from(vec![5; 32]), &bytes).is_err());
    }
}
