//! What the document says about the format, held against this code, against vectors made by another program
//! (`conformance/ciphertext/blob.py`) and against every kind of damage.

use super::*;
use crate::SystemRandom;
use crate::testing::{Seeded, Stuck};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Mutex;

const OURS: &str = include_str!("../../tests/vectors/blob.json");
const PYTHONS: &str = include_str!("../../tests/vectors/blob-python.json");

const UUID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const MRK: &str = "mrk-1234abcd12ab34cd56ef1234567890ab";
const PLACE: Place<'static> = Place { account: "123456789012", key_id: UUID, material_id: [7; 32] };

fn context(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

/// Blobs of several lengths, places and contexts, each with what opens it.
fn samples() -> Vec<(Material, BTreeMap<String, String>, Vec<u8>)> {
    let random = Seeded::new(1);
    let sealer = Sealer::new(&random);
    let contexts = [context(&[]), context(&[("purpose", "test")]), context(&[("a", "1"), ("b", "2"), ("ü", "")])];
    let mut samples = Vec::new();
    for (number, len) in [0, 1, 15, 16, 17, 32, 64, 100].into_iter().enumerate() {
        for context in &contexts {
            let material = Material::symmetric(&random);
            let place = Place { key_id: [UUID, MRK][number % 2], ..PLACE };
            let blob = sealer.seal(&material, &place, context, &vec![0xa5; len], &random);
            samples.push((material, context.clone(), blob));
        }
    }
    samples
}

fn opens(material: &Material, context: &BTreeMap<String, String>, blob: &[u8]) -> Result<Vec<u8>, Unsealable> {
    Ok(open(material, &Blob::parse(blob)?, context)?.expose().to_vec())
}

// --- vectors

fn text<'a>(case: &'a Value, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_else(|| panic!("the vector {case} has no text {name}"))
}

fn bytes(case: &Value, name: &str) -> Vec<u8> {
    hex::decode(text(case, name)).unwrap_or_else(|error| panic!("{name} of the vector {case}: {error}"))
}

fn array(case: &Value, name: &str) -> [u8; 32] {
    bytes(case, name).try_into().unwrap_or_else(|_| panic!("{name} of the vector {case} is not 32 bytes long"))
}

fn material_of(case: &Value) -> Material {
    Material::from_secret(&SecretBytes::from(bytes(case, "material"))).expect("the material of a vector has 32 bytes")
}

fn context_of(case: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(case["context"].clone()).expect("a vector has a context")
}

fn cases(file: &str, kind: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(file).expect("the vectors are JSON");
    let cases = vectors[kind].as_array().expect("a file of vectors has both kinds").clone();
    assert!(!cases.is_empty());
    cases
}

fn key_of(material: &Material) -> &Key {
    material.symmetric_key().expect("it is symmetric")
}

#[test]
fn every_vector_opens_whoever_made_it() {
    for case in cases(OURS, "opens").into_iter().chain(cases(PYTHONS, "opens")) {
        let blob = bytes(&case, "blob");
        let parsed = Blob::parse(&blob).unwrap_or_else(|_| panic!("{}: does not parse", case["comment"]));
        assert_eq!(parsed.account(), text(&case, "account"));
        assert_eq!(parsed.key_id(), text(&case, "keyId"));
        assert_eq!(parsed.material_id(), array(&case, "materialId"));
        let opened = opens(&material_of(&case), &context_of(&case), &blob);
        assert_eq!(opened.as_ref(), Ok(&bytes(&case, "plaintext")), "{}", case["comment"]);
    }
}

#[test]
fn every_vector_comes_out_of_its_inputs_byte_by_byte() {
    for case in cases(OURS, "opens").into_iter().chain(cases(PYTHONS, "opens")) {
        let place = Place {
            account: text(&case, "account"),
            key_id: text(&case, "keyId"),
            material_id: array(&case, "materialId"),
        };
        let (plaintext, nonce) = (bytes(&case, "plaintext"), array(&case, "nonce"));
        let blob = begin(&place, plaintext.len());
        let made = finish(blob, key_of(&material_of(&case)), &canonical(&context_of(&case)), &nonce, &plaintext);
        assert_eq!(hex::encode(made), text(&case, "blob"), "{}", case["comment"]);
    }
}

#[test]
fn the_document_shows_the_first_vector() {
    let document: String = include_str!("../../../docs/ciphertext.md").split_whitespace().collect();
    let example = &cases(OURS, "opens")[0];
    for name in ["material", "materialId", "plaintext", "nonce", "bound", "key", "iv", "commitment", "blob"] {
        assert!(document.contains(text(example, name)), "{name} in docs/ciphertext.md is not that of the first vector");
    }
    assert!(document.contains(&hex::encode(canonical(&context_of(example)))), "nor is the canonical context");
}

#[test]
fn every_vector_that_must_be_refused_is_refused() {
    for case in cases(OURS, "refused").into_iter().chain(cases(PYTHONS, "refused")) {
        let refused = opens(&material_of(&case), &context_of(&case), &bytes(&case, "blob"));
        assert_eq!(refused, Err(Unsealable), "{}", case["comment"]);
    }
}

#[test]
fn a_ciphertext_that_gcm_accepts_under_two_keys_opens_under_the_one_it_commits_to() {
    let mut seen = 0;
    for case in cases(PYTHONS, "refused") {
        let (material, context, blob) = (material_of(&case), context_of(&case), bytes(&case, "blob"));
        let parsed = Blob::parse(&blob).expect("it has the form of a blob");
        let once = Once::derive(key_of(&material), parsed.nonce, &parsed.head[..PLACE_LEN], &canonical(&context));
        seen += usize::from(open_sealed(once.key(), once.iv(), parsed.head, parsed.sealed).is_ok());
        assert_eq!(opens(&material, &context, &blob), Err(Unsealable));
    }
    assert_eq!(seen, 1, "one of the vectors made elsewhere is a ciphertext for two keys");
}

// --- damage

#[test]
fn a_blob_with_any_bit_flipped_does_not_open() {
    for (material, context, mut blob) in samples() {
        assert!(opens(&material, &context, &blob).is_ok());
        for bit in 0..8 * blob.len() {
            blob[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(opens(&material, &context, &blob), Err(Unsealable), "bit {bit}");
            blob[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_blob_of_another_length_does_not_open() {
    for (material, context, blob) in samples() {
        for len in 0..blob.len() {
            assert_eq!(opens(&material, &context, &blob[..len]), Err(Unsealable), "the first {len} bytes");
            assert_eq!(opens(&material, &context, &blob[blob.len() - len..]), Err(Unsealable), "the last {len} bytes");
        }
        for extra in 1..=64 {
            for tail in [vec![0; extra], blob[blob.len() - extra..].to_vec()] {
                assert_eq!(opens(&material, &context, &[blob.clone(), tail].concat()), Err(Unsealable));
            }
        }
    }
}

#[test]
fn a_blob_with_a_byte_put_in_or_taken_out_anywhere_does_not_open() {
    for (material, context, blob) in samples() {
        for at in 0..blob.len() {
            let mut longer = blob.clone();
            longer.insert(at, blob[at]);
            let mut shorter = blob.clone();
            shorter.remove(at);
            assert_eq!(opens(&material, &context, &longer), Err(Unsealable), "one byte more at {at}");
            assert_eq!(opens(&material, &context, &shorter), Err(Unsealable), "one byte less at {at}");
        }
    }
}

#[test]
fn no_part_of_one_blob_fits_into_another() {
    let random = Seeded::new(2);
    let sealer = Sealer::new(&random);
    let material = Material::symmetric(&random);
    let (a, b) = ([0xaa; 40], [0xbb; 40]);
    let blobs = [&a, &b].map(|text| sealer.seal(&material, &PLACE, &context(&[]), text, &random));
    for (part, range) in [
        ("N", PLACE_LEN..PLACE_LEN + 32),
        ("commitment", PLACE_LEN + 32..HEAD_LEN),
        ("N and commitment", PLACE_LEN..HEAD_LEN),
        ("ciphertext", HEAD_LEN..HEAD_LEN + 40),
        ("tag", HEAD_LEN + 40..HEAD_LEN + 56),
    ] {
        let mut mixed = blobs[0].clone();
        mixed[range.clone()].copy_from_slice(&blobs[1][range]);
        assert_eq!(opens(&material, &context(&[]), &mixed), Err(Unsealable), "{part}");
    }
}

#[test]
fn a_blob_does_not_open_in_another_place() {
    let random = Seeded::new(3);
    let sealer = Sealer::new(&random);
    let material = Material::symmetric(&random);
    let blob = sealer.seal(&material, &PLACE, &context(&[]), b"plaintext", &random);
    for elsewhere in [
        Place { account: "123456789013", ..PLACE },
        Place { key_id: MRK, ..PLACE },
        Place { key_id: "1234abcd-12ab-34cd-56ef-1234567890ac", ..PLACE },
        Place { material_id: [8; 32], ..PLACE },
    ] {
        let mut moved = blob.clone();
        moved[..PLACE_LEN].copy_from_slice(&begin(&elsewhere, 0));
        assert_eq!(Blob::parse(&moved).map(|blob| blob.place), Ok(elsewhere));
        assert_eq!(opens(&material, &context(&[]), &moved), Err(Unsealable), "{elsewhere:?}");
    }
}

#[test]
fn a_blob_whose_commitment_is_of_another_material_is_refused_although_gcm_would_open_it() {
    let random = Seeded::new(4);
    let (mine, other) = (Material::symmetric(&random), Material::symmetric(&random));
    let (nonce, no_context) = ([9; 32], canonical(&context(&[])));
    let mut blob = begin(&PLACE, 0);
    let [once, foreign] = [&mine, &other].map(|material| Once::derive(key_of(material), &nonce, &blob, &no_context));
    blob.extend_from_slice(&nonce);
    blob.extend_from_slice(foreign.commitment());
    let mut ciphertext = b"plaintext".to_vec();
    let tag = seal(once.key(), once.iv(), &blob, &mut ciphertext);
    blob.extend_from_slice(&ciphertext);
    blob.extend_from_slice(&tag);

    let parsed = Blob::parse(&blob).expect("it has the form of a blob");
    assert!(open_sealed(once.key(), once.iv(), parsed.head, parsed.sealed).is_ok());
    assert_eq!(opens(&mine, &context(&[]), &blob), Err(Unsealable));
    assert_eq!(opens(&other, &context(&[]), &blob), Err(Unsealable));
}

#[test]
fn what_is_not_a_blob_of_ours_does_not_parse() {
    let whole = [begin(&PLACE, 0), vec![0; 32 + 32 + TAG_LEN]].concat();
    assert!(Blob::parse(&whole).is_ok());
    let with = |at: usize, text: &[u8]| {
        let mut blob = whole.clone();
        blob[at..at + text.len()].copy_from_slice(text);
        blob
    };
    let cases: &[(&str, Vec<u8>)] = &[
        ("nothing", vec![]),
        ("one byte short", whole[..whole.len() - 1].to_vec()),
        ("version 0", with(0, &[0])),
        ("version 2", with(0, &[2])),
        ("a letter in the account", with(1, b"12345678901a")),
        ("a space in the account", with(1, b" 23456789012")),
        ("an Arabic digit in the account", with(1, "\u{661}".as_bytes())),
        ("a capital in the key id", with(13, b"1234ABCD-12ab-34cd-56ef-1234567890ab")),
        ("a key id of digits alone", with(13, &[b'1'; 36])),
        ("a key id with hyphens elsewhere", with(13, b"1234abcd1-2ab-34cd-56ef-1234567890ab")),
        ("a key id with a hyphen more", with(13, b"1234abcd-12ab-34cd-56ef-1234567-90ab")),
        ("a multi-Region id with a letter beyond f", with(13, b"mrk-1234abcd12ab34cd56ef1234567890ag")),
        ("a multi-Region id with a hyphen", with(13, b"mrk-1234abcd-2ab34cd56ef1234567890ab")),
        ("a capital prefix", with(13, b"MRK-1234abcd12ab34cd56ef1234567890ab")),
        ("an AWS blob", [&[1, 2, 2, 0, 0x78][..], &[0x5a; 180]].concat()),
    ];
    for (what, bytes) in cases {
        assert!(Blob::parse(bytes).is_err(), "{what} parses");
    }
}

#[test]
fn an_open_that_fails_says_nothing_more_than_that() {
    assert_eq!(Unsealable.to_string(), "the sealed bytes do not open");
    assert_eq!(size_of::<Unsealable>(), 0);
}

// --- context

#[test]
fn another_context_does_not_open() {
    let sealed_with = [
        context(&[]),
        context(&[("a", "b")]),
        context(&[("ab", "c")]),
        context(&[("a", "bc")]),
        context(&[("abc", "")]),
        context(&[("", "abc")]),
        context(&[("", "")]),
        context(&[("A", "b")]),
        context(&[("a", "B")]),
        context(&[("a", "b"), ("c", "d")]),
        context(&[("a", "d"), ("c", "b")]),
        context(&[("a", "b\0")]),
        context(&[("e\u{301}", "b")]),
        context(&[("\u{e9}", "b")]),
        // Bytes that look like the framing of two pairs.
        context(&[("a", "b\0\0\0\0\0\0\0\u{1}c\0\0\0\0\0\0\0\u{1}d")]),
    ];
    let random = Seeded::new(5);
    let sealer = Sealer::new(&random);
    let material = Material::symmetric(&random);
    for ours in &sealed_with {
        let blob = sealer.seal(&material, &PLACE, ours, b"plaintext", &random);
        for given in &sealed_with {
            assert_eq!(opens(&material, given, &blob).is_ok(), ours == given, "sealed with {ours:?}, given {given:?}");
        }
    }
}

#[test]
fn the_canonical_form_is_counted_sorted_and_length_prefixed() {
    let form = canonical(&context(&[("b", "22"), ("a", ""), ("\u{1f511}", "k"), ("\u{ffee}", "o")]));
    let expected: Vec<u8> = [
        &[0, 0, 0, 0, 0, 0, 0, 4][..],
        &[0, 0, 0, 0, 0, 0, 0, 1],
        b"a",
        &[0, 0, 0, 0, 0, 0, 0, 0],
        &[0, 0, 0, 0, 0, 0, 0, 1],
        b"b",
        &[0, 0, 0, 0, 0, 0, 0, 2],
        b"22",
        &[0, 0, 0, 0, 0, 0, 0, 3],
        "\u{ffee}".as_bytes(),
        &[0, 0, 0, 0, 0, 0, 0, 1],
        b"o",
        &[0, 0, 0, 0, 0, 0, 0, 4],
        "\u{1f511}".as_bytes(),
        &[0, 0, 0, 0, 0, 0, 0, 1],
        b"k",
    ]
    .concat();
    assert_eq!(form, expected);
    assert_eq!(canonical(&context(&[])), [0; 8]);
}

// --- N

/// Counts the draws and the bytes of each.
struct Counting(Mutex<Vec<usize>>);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        self.0.lock().unwrap().push(out.len());
        out.fill(1);
    }
}

#[test]
fn a_message_costs_one_draw() {
    let random = Counting(Mutex::new(Vec::new()));
    let sealer = Sealer::new(&SystemRandom);
    sealer.seal(&Material::symmetric(&SystemRandom), &PLACE, &context(&[]), b"plaintext", &random);
    assert_eq!(*random.0.lock().unwrap(), [32]);
}

#[test]
fn the_same_message_sealed_twice_gives_two_blobs_that_both_open() {
    let sealer = Sealer::new(&SystemRandom);
    let material = Material::symmetric(&SystemRandom);
    let blobs = [(); 2].map(|()| sealer.seal(&material, &PLACE, &context(&[]), b"plaintext", &SystemRandom));
    assert_ne!(blobs[0], blobs[1]);
    for blob in &blobs {
        assert_eq!(opens(&material, &context(&[]), blob), Ok(b"plaintext".to_vec()));
    }
}

#[test]
fn a_random_source_that_is_stuck_repeats_no_n_in_100_000_messages() {
    let (sealer, place, no_context) = (Sealer::new(&Stuck(0)), begin(&PLACE, 0), canonical(&context(&[])));
    let mut seen = HashSet::new();
    for number in 0..100_000_u32 {
        // Every second message is the same one.
        let plaintext = if number % 2 == 0 { [0; 4] } else { number.to_be_bytes() };
        assert!(seen.insert(sealer.nonce(&place, &no_context, &plaintext, &Stuck(0))), "message {number}");
    }
}

#[test]
fn two_processes_from_one_memory_image_share_n_only_for_the_same_message() {
    let material = Material::symmetric(&Seeded::new(6));
    let contexts = [context(&[]), context(&[("a", "b")])];
    let mut messages = Vec::new();
    for key_id in [UUID, MRK] {
        for context in &contexts {
            for plaintext in [&b"x"[..], b"y", b"xx"] {
                messages.push((Place { key_id, ..PLACE }, context, plaintext));
            }
        }
    }
    // Each clone has the same process secret, the same counter and the same random bytes.
    let sealed = |(place, context, plaintext): &(Place<'_>, &BTreeMap<String, String>, &[u8])| {
        let blob = Sealer::new(&Stuck(7)).seal(&material, place, context, plaintext, &Stuck(7));
        *Blob::parse(&blob).expect("a blob of ours").nonce
    };
    let all: HashSet<[u8; 32]> = messages.iter().map(sealed).collect();
    assert_eq!(all.len(), messages.len());
    assert_eq!(sealed(&messages[0]), sealed(&messages[0]));
}

#[test]
fn another_process_secret_or_another_draw_gives_another_n() {
    let (place, no_context) = (begin(&PLACE, 0), canonical(&context(&[])));
    let n = [(1, 0), (2, 0), (1, 1)]
        .map(|(secret, drawn)| Sealer::new(&Stuck(secret)).nonce(&place, &no_context, b"plaintext", &Stuck(drawn)));
    assert_eq!(HashSet::from(n).len(), 3);
}

// --- the whole way

#[test]
#[should_panic(expected = "could never be opened")]
fn a_place_that_would_not_parse_is_never_sealed() {
    let place = Place { account: "1", ..PLACE };
    Sealer::new(&Stuck(0)).seal(&Material::symmetric(&Stuck(1)), &place, &context(&[]), b"plaintext", &Stuck(0));
}

#[test]
fn the_longest_plaintext_fits_into_the_longest_blob_a_caller_may_send() {
    let sealer = Sealer::new(&SystemRandom);
    let material = Material::symmetric(&SystemRandom);
    let blob = sealer.seal(&material, &PLACE, &context(&[]), &[1; 4096], &SystemRandom);
    assert_eq!(blob.len(), 4096 + OVERHEAD);
    assert!(blob.len() <= 6144);
    assert_eq!(OVERHEAD, 161);
}

proptest! {
    #[test]
    fn whatever_is_sealed_opens(
        plaintext in prop::collection::vec(any::<u8>(), 0..4097),
        context in prop::collection::btree_map(any::<String>(), any::<String>(), 0..8),
    ) {
        let sealer = Sealer::new(&SystemRandom);
        let material = Material::symmetric(&SystemRandom);
        let blob = sealer.seal(&material, &PLACE, &context, &plaintext, &SystemRandom);
        prop_assert_eq!(blob.len(), plaintext.len() + OVERHEAD);
        prop_assert_eq!(opens(&material, &context, &blob), Ok(plaintext));
    }

    #[test]
    fn no_bytes_make_parsing_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let material = Material::symmetric(&Stuck(1));
        prop_assert_eq!(opens(&material, &BTreeMap::new(), &bytes), Err(Unsealable));
    }
}
