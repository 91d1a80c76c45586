//! A pattern whose variables have been filled in, without memory of its own: what came from a variable is told from
//! wildcards by its place, never by its letters.

use crate::request::Facts;
use crate::steps::took;
use crate::text::{Piece, resolve};

/// Up to so many bytes of a pattern.
pub(crate) struct Filled<const BYTES: usize> {
    bytes: [u8; BYTES],
    /// Whether the byte is a wildcard.
    wild: [bool; BYTES],
    length: usize,
}

impl<const BYTES: usize> Filled<BYTES> {
    /// `None` if a variable has no value, or if it has more than `room` bytes, or than there are.
    pub(crate) fn new(pieces: &[Piece], room: usize, facts: &dyn Facts) -> Option<Filled<BYTES>> {
        took(BYTES);
        let mut filled = Filled { bytes: [0; BYTES], wild: [false; BYTES], length: 0 };
        for piece in pieces {
            match piece {
                Piece::Text(text) => filled.push(text, room, false)?,
                Piece::One => filled.push("?", room, true)?,
                Piece::Many => filled.push("*", room, true)?,
                Piece::Variable { key, default } => {
                    resolve(key, default.as_deref(), facts, |value| filled.push(value, room, false))??;
                }
            }
        }
        Some(filled)
    }

    fn push(&mut self, text: &str, room: usize, wild: bool) -> Option<()> {
        let end = Some(self.length + text.len()).filter(|end| *end <= room)?;
        self.bytes.get_mut(self.length..end)?.copy_from_slice(text.as_bytes());
        self.wild.get_mut(self.length..end)?.fill(wild);
        self.length = end;
        Some(())
    }

    /// Where it ends in `text`, where it stands there first. A `*` in it is the letter.
    pub(crate) fn end_of_first(&self, text: &str) -> Option<usize> {
        self.whole().end_of_first(text)
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Part<'_> {
        let (bytes, wild) = (self.bytes.get(..self.length), self.wild.get(..self.length));
        Part { bytes: bytes.unwrap_or_default(), wild: wild.unwrap_or_default() }
    }
}

/// A part of a filled pattern.
#[derive(Clone, Copy)]
pub(crate) struct Part<'a> {
    bytes: &'a [u8],
    /// Whether the byte is a wildcard.
    wild: &'a [bool],
}

impl<'a> Part<'a> {
    /// What stands before and after the first of these bytes; a wildcard only if `wild`, else whatever it is.
    pub(crate) fn cut(self, byte: u8, wild: bool) -> Option<(Part<'a>, Part<'a>)> {
        let here = |(given, is_wild): (&u8, &bool)| *given == byte && (*is_wild || !wild);
        let at = self.bytes.iter().zip(self.wild).inspect(|_| took(1)).position(here)?;
        let ((before, after), (wild_before, wild_after)) =
            (self.bytes.split_at_checked(at)?, self.wild.split_at_checked(at)?);
        let (after, wild_after) = (after.get(1..)?, wild_after.get(1..)?);
        Some((Part { bytes: before, wild: wild_before }, Part { bytes: after, wild: wild_after }))
    }

    /// What follows it at the beginning of `text`. A `*` in it is the letter, here and below.
    pub(crate) fn after(self, text: &str) -> Option<&str> {
        let mut rest = text.as_bytes();
        for (byte, wild) in self.bytes.iter().zip(self.wild).inspect(|_| took(1)) {
            let length = if *wild { next_character(rest, 0) } else { 1 };
            let (given, others) = rest.split_at_checked(length)?;
            if !*wild && given != [*byte] {
                return None;
            }
            rest = others;
        }
        text.get(text.len() - rest.len()..)
    }

    /// Whether `text` ends with it.
    pub(crate) fn ends(self, text: &str) -> bool {
        let mut rest = text.as_bytes();
        for (byte, wild) in self.bytes.iter().zip(self.wild).rev().inspect(|_| took(1)) {
            let continued = if *wild { rest.iter().rev().take_while(|byte| continues(**byte)).count() } else { 0 };
            let Some((others, given)) = rest.len().checked_sub(continued + 1).and_then(|at| rest.split_at_checked(at))
            else {
                return false;
            };
            if !*wild && given != [*byte] {
                return false;
            }
            rest = others;
        }
        true
    }

    /// Where it ends in `text`, where it stands there first.
    pub(crate) fn end_of_first(self, text: &str) -> Option<usize> {
        if self.bytes.len() > text.len() {
            return None;
        }
        if !self.wild.contains(&true) {
            let sought = std::str::from_utf8(self.bytes).ok()?;
            let start = text.find(sought);
            took(sought.len() + start.unwrap_or(text.len()));
            return start.map(|start| start + sought.len());
        }
        match self.bytes.len() {
            0..=64 => self.seek::<1>(text.as_bytes()),
            65..=2_048 => self.seek::<32>(text.as_bytes()),
            2_049..=4_096 => self.seek::<64>(text.as_bytes()),
            _ => self.seek::<128>(text.as_bytes()),
        }
    }

    /// Seeks at all places at once, as [`search`](crate::search) does, byte by byte: a bit says whether the text so far
    /// ends with the pattern so far. What `?` stands for may have more bytes, through which its bit stays.
    fn seek<const WORDS: usize>(self, text: &[u8]) -> Option<usize> {
        let last = self.bytes.len().checked_sub(1).filter(|last| last / BITS < WORDS)?;
        let (mut letters, mut any) = ([[0_u64; WORDS]; 256], [0_u64; WORDS]);
        took(256 * WORDS + self.bytes.len());
        for (place, (byte, wild)) in self.bytes.iter().zip(self.wild).enumerate() {
            let places = if *wild { &mut any } else { &mut letters[usize::from(*byte)] };
            places[place / BITS] |= 1 << (place % BITS);
        }
        let mut reached = [0_u64; WORDS];
        for (place, byte) in text.iter().enumerate() {
            let (letter, is_continued) = (&letters[usize::from(*byte)], continues(*byte));
            let mut carried = 1;
            took(last / BITS + 1);
            for word in 0..=last / BITS {
                let before = reached[word];
                let next = before << 1 | carried;
                carried = before >> (BITS - 1);
                let by_any = if is_continued { before & any[word] } else { next & any[word] };
                reached[word] = next & letter[word] | by_any;
            }
            let is_whole = text.get(place + 1).is_none_or(|next| !continues(*next));
            if is_whole && reached[last / BITS] >> (last % BITS) & 1 == 1 {
                return Some(place + 1);
            }
        }
        None
    }
}

const BITS: usize = u64::BITS as usize;

/// Whether a byte is of a character that began before it, in UTF-8.
fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// The place of the character after the one at `place`, in UTF-8.
fn next_character(text: &[u8], place: usize) -> usize {
    let continued = text.iter().skip(place + 1).take_while(|byte| continues(**byte)).count();
    place + 1 + continued
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part<'a>(pattern: &'a str, wild: &'a [bool]) -> Part<'a> {
        Part { bytes: pattern.as_bytes(), wild }
    }

    /// Where `pattern` ends first, looked for at every place.
    fn by_every_place(part: Part<'_>, text: &str) -> Option<usize> {
        let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
        starts.filter_map(|start| part.after(text.get(start..)?)).map(|rest| text.len() - rest.len()).next()
    }

    #[test]
    fn what_is_sought_at_all_places_at_once_is_found_where_it_is() {
        let (letters, mut seed) = (["a", "b", "?", "ä", "€", "𝄞"], 7_u64);
        let mut draw = |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % most
        };
        let mut found = 0;
        for case in 0..200_000 {
            let kinds = 2 + case % 5;
            let mut some = |most: u64| -> String {
                let length = draw(most);
                (0..length).filter_map(|_| letters.get(draw(kinds) as usize).copied()).collect()
            };
            let (pattern, text) = (some(8), some(90));
            // In every second pattern a `?` is only the letter.
            let wild: Vec<bool> = pattern.bytes().map(|byte| byte == b'?' && case % 2 == 0).collect();
            let sought = part(&pattern, &wild);
            let end = sought.end_of_first(&text);
            assert_eq!(end, by_every_place(sought, &text), "{pattern} in {text}");
            let ends =
                (0..=text.len()).filter_map(|start| text.get(start..)).any(|text| sought.after(text) == Some(""));
            assert_eq!(sought.ends(&text), ends, "{pattern} at the end of {text}");
            found += u32::from(end.is_some() && wild.contains(&true));
        }
        assert!(found > 10_000, "{found}");
    }

    #[test]
    fn a_pattern_of_many_words_is_found() {
        for length in [63, 64, 65, 127, 128, 129, 2_047, 2_048, 2_049, 8_190] {
            let pattern = format!("?{}?", "a".repeat(length - 2));
            let wild: Vec<bool> = pattern.bytes().map(|byte| byte == b'?').collect();
            let text = format!("b{}", "a".repeat(length));
            assert_eq!(part(&pattern, &wild).end_of_first(&text), Some(length), "{length}");
            let text = format!("{}b{}", "a".repeat(length / 2), "a".repeat(length / 2));
            assert_eq!(part(&pattern, &wild).end_of_first(&text), None, "{length}");
        }
    }
}
