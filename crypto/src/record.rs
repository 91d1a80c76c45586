//! A row of the store, sealed: bound to its store, its row name, its version and the generation of the store key, so
//! that a record copied, swapped or edited does not open. Putting back an old record of the same row is not seen
//! here: whoever reads compares the version.
//!
//! ```text
//! format(1) = 1 ‖ generation(4) ‖ version(8) ‖ nonce(12) ‖ ciphertext ‖ tag(16)
//! ```

use crate::aead::{IV_LEN, TAG_LEN, derive_key, open, seal};
use crate::random::draw;
use crate::secret::Key;
use crate::{Random, Unsealable};

const FORMAT: u8 = 1;
const HEADER_LEN: usize = 1 + 4 + 8;
const STORE: &str = "trent records v1";
const ROW: &str = "trent record v1";

/// What seals the records of one store under one generation of its store key.
pub struct RecordKeys {
    root: Key,
    store_id: [u8; 16],
}

/// A record that opened: what was sealed, and the version it was sealed as.
#[derive(Debug, PartialEq, Eq)]
pub struct Record {
    /// How often the row has been written, as its writer counts.
    pub version: u64,
    /// The record itself.
    pub value: Vec<u8>,
}

impl RecordKeys {
    /// How many bytes a sealed record is longer than its value.
    pub const OVERHEAD: usize = HEADER_LEN + IV_LEN + TAG_LEN;

    pub(crate) fn derived_from(store_key: &Key, store_id: [u8; 16]) -> RecordKeys {
        RecordKeys { root: derive_key(store_key, STORE, &[&store_id]), store_id }
    }

    /// Seals `value` as the record of `row`: [`RecordKeys::OVERHEAD`] bytes longer, different at every call.
    ///
    /// `generation` is the generation of the store key that these keys come from: it stands in the clear, so that a
    /// reader knows which store key to take (see [`RecordKeys::generation`]).
    pub fn seal(&self, row: &[u8], version: u64, generation: u32, value: &[u8], random: &dyn Random) -> Vec<u8> {
        let nonce: [u8; IV_LEN] = draw(random);
        let mut sealed = Vec::with_capacity(value.len() + Self::OVERHEAD);
        sealed.push(FORMAT);
        sealed.extend_from_slice(&generation.to_be_bytes());
        sealed.extend_from_slice(&version.to_be_bytes());
        let associated = self.associated(row, &sealed);
        sealed.extend_from_slice(&nonce);
        let ciphertext_at = sealed.len();
        sealed.extend_from_slice(value);
        let tag = seal(self.key(row, version).expose(), nonce, &associated, &mut sealed[ciphertext_at..]);
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens the record of `row`.
    ///
    /// # Errors
    /// [`Unsealable`] if these bytes are not what was sealed for this row of this store under this store key.
    pub fn open(&self, row: &[u8], sealed: &[u8]) -> Result<Record, Unsealable> {
        let (header, rest) = header(sealed)?;
        let (nonce, ciphertext) = rest.split_first_chunk::<IV_LEN>().ok_or(Unsealable)?;
        let version = version(header);
        let opened =
            open(self.key(row, version).expose(), *nonce, &self.associated(row, header), ciphertext)?.into_vec();
        Ok(Record { version, value: opened })
    }

    /// The generation of the store key that `sealed` says it was sealed under. It is not authenticated before
    /// [`RecordKeys::open`] has succeeded.
    ///
    /// # Errors
    /// [`Unsealable`] if this is not a record of a format that this program knows.
    pub fn generation(sealed: &[u8]) -> Result<u32, Unsealable> {
        let (header, _) = header(sealed)?;
        let [_, a, b, c, d, ..] = *header;
        Ok(u32::from_be_bytes([a, b, c, d]))
    }

    /// A key per row and version. A head row is written with every group of commits: under one key its random 96-bit
    /// nonces would pass the 2^32 of SP 800-38D §8.3 within a year.
    fn key(&self, row: &[u8], version: u64) -> Key {
        derive_key(&self.root, ROW, &[&version.to_be_bytes(), row])
    }

    fn associated(&self, row: &[u8], header: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.store_id.len() + 8 + row.len() + HEADER_LEN);
        bytes.extend_from_slice(&self.store_id);
        bytes.extend_from_slice(&(row.len() as u64).to_be_bytes());
        bytes.extend_from_slice(row);
        bytes.extend_from_slice(header);
        bytes
    }
}

fn header(sealed: &[u8]) -> Result<(&[u8; HEADER_LEN], &[u8]), Unsealable> {
    let (header, rest) = sealed.split_first_chunk::<HEADER_LEN>().ok_or(Unsealable)?;
    if header[0] == FORMAT { Ok((header, rest)) } else { Err(Unsealable) }
}

fn version(header: &[u8; HEADER_LEN]) -> u64 {
    let [_, _, _, _, _, version @ ..] = *header;
    u64::from_be_bytes(version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreKey;
    use crate::testing::{Seeded, Stuck};
    use proptest::prelude::*;

    const STORE: [u8; 16] = [1; 16];

    fn keys(seed: u64) -> RecordKeys {
        StoreKey::generate(&Seeded::new(seed)).records(STORE)
    }

    fn opened(version: u64, value: &[u8]) -> Result<Record, Unsealable> {
        Ok(Record { version, value: value.to_vec() })
    }

    #[test]
    fn a_record_opens_in_its_row_with_its_version() {
        let (keys, random) = (keys(1), Seeded::new(2));
        for (row, version, value) in [(&b""[..], 0, &b""[..]), (b"k/1", 1, b"x"), (b"k/2", u64::MAX, &[7; 65536])] {
            let sealed = keys.seal(row, version, 3, value, &random);
            assert_eq!(sealed.len(), value.len() + RecordKeys::OVERHEAD);
            assert_eq!(keys.open(row, &sealed), opened(version, value));
        }
    }

    #[test]
    fn a_record_says_its_generation_before_it_is_opened() {
        let sealed = keys(1).seal(b"row", 1, 0xa1b2_c3d4, b"value", &Seeded::new(2));
        assert_eq!(RecordKeys::generation(&sealed), Ok(0xa1b2_c3d4));
        assert_eq!(RecordKeys::generation(b""), Err(Unsealable));
        assert_eq!(RecordKeys::generation(&[2; 60]), Err(Unsealable));
    }

    #[test]
    fn the_bytes_are_format_generation_version_nonce_ciphertext_tag() {
        let sealed = keys(1).seal(b"row", 0x0102_0304_0506_0708, 0x0a0b_0c0d, b"value", &Stuck(0xee));
        assert_eq!(sealed[..13], [1, 0x0a, 0x0b, 0x0c, 0x0d, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(sealed[13..25], [0xee; 12]);
        assert_eq!(sealed.len(), 25 + 5 + 16);
    }

    #[test]
    fn a_record_with_any_bit_flipped_does_not_open() {
        let (keys, mut sealed) = (keys(1), keys(1).seal(b"row", 5, 1, b"value", &Seeded::new(2)));
        for bit in 0..8 * sealed.len() {
            sealed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open(b"row", &sealed), Err(Unsealable), "bit {bit}");
            sealed[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(keys.open(b"row", &sealed).is_ok());
    }

    #[test]
    fn a_record_of_another_length_does_not_open() {
        let (keys, sealed) = (keys(1), keys(1).seal(b"row", 5, 1, b"value", &Seeded::new(2)));
        for len in 0..sealed.len() {
            assert_eq!(keys.open(b"row", &sealed[..len]), Err(Unsealable), "{len} bytes");
        }
        assert_eq!(keys.open(b"row", &[&sealed[..], &[0]].concat()), Err(Unsealable));
    }

    #[test]
    fn a_swapped_record_does_not_open() {
        let (keys, random) = (keys(1), Seeded::new(2));
        // Names that begin alike, and names that look like the end of one and the start of the value.
        let mut rows: Vec<Vec<u8>> = Vec::new();
        for (byte, len) in (0..10).flat_map(|byte| (0..10).map(move |len| (byte, len))) {
            rows.push([b"k/1234/".to_vec(), vec![byte; len]].concat());
        }
        rows.sort();
        rows.dedup();
        let sealed: Vec<_> = rows.iter().map(|row| keys.seal(row, 1, 1, b"the same value", &random)).collect();
        for (from, bytes) in rows.iter().zip(&sealed) {
            for to in &rows {
                assert_eq!(keys.open(to, bytes).is_ok(), from == to, "the record of {from:?} in the row {to:?}");
            }
        }
    }

    #[test]
    fn a_record_does_not_open_in_another_store_or_under_another_store_key() {
        let random = Seeded::new(2);
        let store_key = StoreKey::generate(&random);
        let sealed = store_key.records(STORE).seal(b"row", 1, 1, b"value", &random);
        assert!(store_key.records(STORE).open(b"row", &sealed).is_ok());
        assert_eq!(store_key.records([2; 16]).open(b"row", &sealed), Err(Unsealable));
        assert_eq!(StoreKey::generate(&random).records(STORE).open(b"row", &sealed), Err(Unsealable));
    }

    #[test]
    fn a_record_cannot_be_given_another_version_or_generation() {
        let (keys, random) = (keys(1), Seeded::new(2));
        let old = keys.seal(b"row", 1, 1, b"old", &random);
        let new = keys.seal(b"row", 2, 2, b"new", &random);
        for header in [1..5, 5..13, 1..13] {
            let mut mixed = old.clone();
            mixed[header.clone()].copy_from_slice(&new[header]);
            assert_eq!(keys.open(b"row", &mixed), Err(Unsealable));
        }
    }

    #[test]
    fn sealing_the_same_record_twice_gives_two_forms() {
        let (keys, random) = (keys(1), Seeded::new(2));
        assert_ne!(keys.seal(b"row", 1, 1, b"value", &random), keys.seal(b"row", 1, 1, b"value", &random));
    }

    #[test]
    fn a_stuck_random_source_uses_no_key_and_nonce_for_two_versions_of_a_row() {
        let keys = keys(1);
        let [a, b] = [1, 2].map(|version| keys.seal(b"row", version, 1, &[0; 32], &Stuck(0)));
        assert_eq!(a[13..25], b[13..25], "the nonces are the same");
        assert_ne!(a[25..57], b[25..57], "the key streams are not");
    }

    proptest! {
        #[test]
        fn no_bytes_make_opening_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(keys(1).open(b"row", &bytes), Err(Unsealable));
        }
    }
}
