//! A pattern whose variables have been filled in, without memory of its own: what came from a variable is told from
//! wildcards by its place, never by its letters.

use crate::request::Facts;
use crate::text::{Piece, resolve};

/// Up to so many bytes of a pattern.
pub(crate) struct Filled<const BYTES: usize> {
    bytes: [u8; BYTES],
    /// Whether the byte is a wildcard.
    wild: [bool; BYTES],
    length: usize,
    any_wild: bool,
}

impl<const BYTES: usize> Filled<BYTES> {
    /// `None` if a variable has no value, or if there is no room.
    pub(crate) fn new(pieces: &[Piece], facts: &dyn Facts) -> Option<Filled<BYTES>> {
        let mut filled = Filled { bytes: [0; BYTES], wild: [false; BYTES], length: 0, any_wild: false };
        for piece in pieces {
            match piece {
                Piece::Text(text) => filled.push(text, false)?,
                Piece::One => filled.push("?", true)?,
                Piece::Many => filled.push("*", true)?,
                Piece::Variable { key, default } => {
                    resolve(key, default.as_deref(), facts, |value| filled.push(value, false))??;
                }
            }
        }
        Some(filled)
    }

    fn push(&mut self, text: &str, wild: bool) -> Option<()> {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end)?.copy_from_slice(text.as_bytes());
        self.wild.get_mut(self.length..end)?.fill(wild);
        self.length = end;
        self.any_wild |= wild;
        Some(())
    }

    /// The bytes, and which of them are wildcards.
    pub(crate) fn parts(&self) -> (&[u8], &[bool]) {
        (self.bytes.get(..self.length).unwrap_or_default(), self.wild.get(..self.length).unwrap_or_default())
    }

    /// Where it ends in `text`, where it stands there first. A `*` in it is the letter.
    pub(crate) fn end_of_first(&self, text: &str) -> Option<usize> {
        let (bytes, wild) = self.parts();
        if !self.any_wild {
            let sought = std::str::from_utf8(bytes).ok()?;
            return text.find(sought).map(|start| start + sought.len());
        }
        text.char_indices().find_map(|(start, _)| end(bytes, wild, text.as_bytes(), start))
    }
}

fn end(bytes: &[u8], wild: &[bool], text: &[u8], start: usize) -> Option<usize> {
    bytes.iter().zip(wild).try_fold(start, |place, (byte, wild)| match (wild, text.get(place)?) {
        (true, _) => Some(next_character(text, place)),
        (false, given) => (given == byte).then_some(place + 1),
    })
}

/// The place of the character after the one at `place`, in UTF-8.
pub(crate) fn next_character(text: &[u8], place: usize) -> usize {
    let continued = text.iter().skip(place + 1).take_while(|byte| **byte & 0xc0 == 0x80).count();
    place + 1 + continued
}
