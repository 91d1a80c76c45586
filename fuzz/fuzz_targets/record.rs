//! A row of the store, as a thief or a broken disk could have left it: what nobody sealed for this row never opens.

#![no_main]

use std::sync::LazyLock;

use crypto::testing::Seeded;
use crypto::{RecordKeys, StoreKey};
use libfuzzer_sys::fuzz_target;

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static KEYS: LazyLock<RecordKeys> = LazyLock::new(|| StoreKey::generate(&*RANDOM).records([7; 16]));
static OTHERS: LazyLock<RecordKeys> = LazyLock::new(|| StoreKey::generate(&*RANDOM).records([7; 16]));

fuzz_target!(|input: &[u8]| {
    let _ = RecordKeys::generation(input);
    let Some((header, rest)) = input.split_first_chunk::<4>() else { return };
    let [row_len, version, at_high, at_low] = *header;
    let (row, value) = rest.split_at(usize::from(row_len).min(rest.len()));
    assert!(KEYS.open(row, value).is_err(), "bytes that nobody sealed have opened");
    let at = usize::from(u16::from_be_bytes([at_high, at_low]));
    edited(row, u64::from(version), value, at);
});

fn edited(row: &[u8], version: u64, value: &[u8], at: usize) {
    let sealed = KEYS.seal(row, version, 3, value, &*RANDOM);
    assert_eq!(RecordKeys::generation(&sealed), Ok(3));
    let opened = KEYS.open(row, &sealed).map(|record| record.version == version && record.value == value);
    assert_eq!(opened.ok(), Some(true), "a record does not open as it was made");
    let mut flipped = sealed.clone();
    flipped[at % sealed.len()] ^= 1 << (at >> 13);
    for wrong in [flipped, sealed[..at % sealed.len()].to_vec(), [&sealed[..], &[0]].concat()] {
        assert!(KEYS.open(row, &wrong).is_err(), "an edited record has opened");
    }
    assert!(KEYS.open(&[row, &[0]].concat(), &sealed).is_err(), "a record has opened as another row's");
    assert!(OTHERS.open(row, &sealed).is_err(), "a record has opened under another store's key");
}
