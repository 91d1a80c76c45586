//! The seal key as a file a person can copy, print and type in again: three lines, with a checksum so that a damaged
//! copy is recognised before a store is tried with it. Where the file lies and who may read it is the caller's business.
//!
//! ```text
//! trent seal key v1
//! key 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
//! sum 121b36c8ec3ee321
//! ```
//!
//! `key` is the 32 bytes in lower-case hexadecimal; `sum` the first 8 bytes of the SHA-256 of the two lines above it,
//! line ends included. Every line ends in one line feed, and nothing follows.

use crate::keys::SealKey;
use crate::secret::{KEY_LEN, Key, SecretBytes, all_hex, same};
use crate::sha256;
use std::fmt;
use zeroize::Zeroizing;

const HEADER_START: &[u8] = b"trent seal key v";
const KEY: &[u8] = b"key ";
const SUM: &[u8] = b"\nsum ";
/// Hexadecimal digits of the key.
const DIGITS: usize = 2 * KEY_LEN;
/// Hexadecimal digits of the checksum.
const SUM_DIGITS: usize = 16;
const FILE_LEN: usize = HEADER_START.len() + 2 + KEY.len() + DIGITS + SUM.len() + SUM_DIGITS + 1;

/// Why a file is not a seal key. Each text says what to do; the caller adds which file it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealKeyFileError {
    /// There is nothing in it.
    Empty,
    /// It does not begin like a seal key file.
    Unknown,
    /// It is a seal key file of a version that this program does not know.
    Newer,
    /// It begins like a seal key file, but the lines that follow are not of its form.
    Malformed,
    /// The key and its checksum do not fit together.
    Checksum,
}

impl fmt::Display for SealKeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SealKeyFileError::Empty => "the seal key file is empty; put the copy you made of it in its place",
            SealKeyFileError::Unknown => {
                "this is not a seal key file, its first line is not `trent seal key v1`; name the right file or put \
                 the copy you made of it in its place"
            }
            SealKeyFileError::Newer => {
                "the seal key file was written by a newer version of trent; start that version, or a later one"
            }
            SealKeyFileError::Malformed => {
                "the seal key file is damaged: after `trent seal key v1` must stand exactly `key ` with 64 and `sum ` \
                 with 16 lower-case hexadecimal digits, each line ended by one line feed; put the copy you made of it \
                 in its place"
            }
            SealKeyFileError::Checksum => {
                "the seal key file is damaged: its key does not fit its checksum; put the copy you made of it in its \
                 place"
            }
        })
    }
}

impl std::error::Error for SealKeyFileError {}

impl SealKey {
    /// The file's text, 108 bytes, to be written readable for its owner alone.
    pub fn to_file(&self) -> SecretBytes {
        // All the room at once: a vector that grows leaves copies of the key behind.
        let mut text = Vec::with_capacity(FILE_LEN);
        text.extend_from_slice(HEADER_START);
        text.extend_from_slice(b"1\n");
        text.extend_from_slice(KEY);
        let key_at = text.len();
        text.resize(key_at + DIGITS, 0);
        hex::encode_to_slice(self.0.expose(), &mut text[key_at..]).expect("there is room for the digits");
        // The line end belongs to the lines that the sum is over.
        text.push(b'\n');
        let sum = hex::encode(&sha256(&text)[..SUM_DIGITS / 2]);
        text.extend_from_slice(&SUM[1..]);
        text.extend_from_slice(sum.as_bytes());
        text.push(b'\n');
        SecretBytes::from(text)
    }

    /// Reads what [`SealKey::to_file`] wrote, and nothing else: no blank line, no capital digit, no missing line feed.
    ///
    /// # Errors
    /// Says what is wrong with the file and what to do about it.
    pub fn from_file(file: &[u8]) -> Result<SealKey, SealKeyFileError> {
        let digits = key_digits(body(file)?).ok_or(SealKeyFileError::Malformed)?;
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        hex::decode_to_slice(digits, bytes.as_mut()).map_err(|_| SealKeyFileError::Malformed)?;
        let key = SealKey(Key::written_by(|out| out.copy_from_slice(bytes.as_ref())));
        // Written again, the key must give the same file, checksum included.
        if same(file, key.to_file().expose()) { Ok(key) } else { Err(SealKeyFileError::Checksum) }
    }
}

/// What follows the first line, if that is the first line of a seal key file of this version.
fn body(file: &[u8]) -> Result<&[u8], SealKeyFileError> {
    if file.is_empty() {
        return Err(SealKeyFileError::Empty);
    }
    let (line, rest) = match file.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&file[..end], &file[end + 1..]),
        None => (file, &[][..]),
    };
    match line.strip_prefix(HEADER_START).ok_or(SealKeyFileError::Unknown)? {
        b"1" => Ok(rest),
        [] => Err(SealKeyFileError::Malformed),
        version if version.iter().all(u8::is_ascii_digit) => Err(SealKeyFileError::Newer),
        _ => Err(SealKeyFileError::Malformed),
    }
}

/// The digits of the key, if the second and third line have their form.
fn key_digits(body: &[u8]) -> Option<&[u8; DIGITS]> {
    let (key, rest) = body.strip_prefix(KEY)?.split_first_chunk()?;
    let (sum, rest) = rest.strip_prefix(SUM)?.split_first_chunk::<SUM_DIGITS>()?;
    (rest == b"\n" && all_hex(key) && all_hex(sum)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{StoreKey, SystemRandom};
    use SealKeyFileError::*;

    const FILE: &str = "trent seal key v1\n\
        key 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n\
        sum 121b36c8ec3ee321\n";

    fn error(file: impl AsRef<[u8]>) -> Option<SealKeyFileError> {
        SealKey::from_file(file.as_ref()).err()
    }

    #[test]
    fn a_seal_key_written_and_read_opens_what_it_sealed() {
        let key = SealKey::generate(&SystemRandom);
        let read = SealKey::from_file(key.to_file().expose()).expect("what was written reads");
        let wrapped = key.wrap(&StoreKey::generate(&SystemRandom), b"", &SystemRandom);
        assert!(read.unwrap(&wrapped, b"").is_ok());
    }

    #[test]
    fn the_file_is_three_lines() {
        let key = SealKey(Key::written_by(|out| *out = std::array::from_fn(|at| at as u8)));
        assert_eq!(std::str::from_utf8(key.to_file().expose()), Ok(FILE));
        assert_eq!(FILE.len(), FILE_LEN);
        assert_eq!(error(FILE), None);
    }

    #[test]
    fn a_damaged_file_is_called_what_it_is() {
        let cases = [
            ("an empty file", String::new(), Empty),
            ("another file", "[default]\naws_access_key_id = AKIA\n".into(), Unknown),
            ("a blank line before it", format!("\n{FILE}"), Unknown),
            ("a byte-order mark before it", format!("\u{feff}{FILE}"), Unknown),
            ("capitals", FILE.replace("trent", "Trent"), Unknown),
            ("a first line cut short", "trent seal ke".into(), Unknown),
            ("the next version", FILE.replace("v1", "v2"), Newer),
            ("a much later version", FILE.replace("v1", "v10"), Newer),
            ("no version", FILE.replace("v1", "v"), Malformed),
            ("no number", FILE.replace("v1", "vi"), Malformed),
            ("the first line alone", "trent seal key v1\n".into(), Malformed),
            ("the first line without its end", "trent seal key v1".into(), Malformed),
            ("Windows line ends", FILE.replace('\n', "\r\n"), Malformed),
            ("no line end at the end", FILE.trim_end().into(), Malformed),
            ("a blank line at the end", format!("{FILE}\n"), Malformed),
            ("twice the same", format!("{FILE}{FILE}"), Malformed),
            ("no checksum", FILE.split("sum").next().unwrap().into(), Malformed),
            ("half a checksum", FILE.replace("ec3ee321", ""), Malformed),
            ("half a key", FILE.replace("101112131415161718191a1b1c1d1e1f", ""), Malformed),
            ("a key digit too many", FILE.replace("1e1f", "1e1f0"), Malformed),
            ("no digits", FILE.replace("0001", "zzzz"), Malformed),
            ("capital digits", FILE.replace("1b1c1d", "1B1C1D"), Malformed),
            ("a capital checksum", FILE.replace("3ee321", "3EE321"), Malformed),
            ("two spaces", FILE.replace("key 0", "key  0"), Malformed),
            ("the lines in another order", lines_swapped(), Malformed),
            ("a key digit changed", FILE.replace("0001", "0011"), Checksum),
            ("two key digits swapped", FILE.replace("0102", "0120"), Checksum),
            ("a checksum digit changed", FILE.replace("e321", "e322"), Checksum),
        ];
        for (what, file, expected) in cases {
            assert_eq!(error(file), Some(expected), "{what}");
        }
        assert_eq!(error([0xff; 109]), Some(Unknown), "bytes that are no text");
    }

    fn lines_swapped() -> String {
        let lines: Vec<&str> = FILE.split_inclusive('\n').collect();
        [lines[0], lines[2], lines[1]].concat()
    }

    #[test]
    fn no_other_byte_anywhere_makes_a_key() {
        for at in 0..FILE.len() {
            for byte in 0..=255 {
                let mut file = FILE.as_bytes().to_vec();
                if file[at] != byte {
                    file[at] = byte;
                    assert!(error(&file).is_some(), "byte {byte} at {at}");
                }
            }
            assert!(error(&FILE[..at]).is_some(), "the first {at} bytes");
        }
    }

    #[test]
    fn every_error_says_what_to_do() {
        for error in [Empty, Unknown, Newer, Malformed, Checksum] {
            let text = error.to_string();
            let next = text.rsplit("; ").next().unwrap();
            assert!(next.starts_with("put ") || next.starts_with("name ") || next.starts_with("start "), "{text}");
        }
    }
}
