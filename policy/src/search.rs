//! Where a part of a pattern stands first in a text: what stands between two `*`. How it is read, and what stands before
//! and after, is in [`text`](crate::text).

use crate::filled::Filled;
use crate::request::Facts;
use crate::steps::took;
use crate::text::{Case, Piece, after};

/// What is sought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Middle {
    /// Letters.
    Text(Box<str>),
    /// Letters and `?`.
    Letters(Letters),
    /// Variables too, or letters without case.
    Mixed(Box<[Piece]>),
}

impl Middle {
    pub(crate) fn new(pieces: &[Piece], case: Case) -> Middle {
        match pieces {
            [] => Middle::Text("".into()),
            [Piece::Text(text)] if case == Case::Exact => Middle::Text(text.clone()),
            _ => match Letters::new(pieces).filter(|_| case == Case::Exact) {
                Some(letters) => Middle::Letters(letters),
                None => Middle::Mixed(pieces.into()),
            },
        }
    }

    /// What follows it where it stands first in `text`.
    pub(crate) fn after_first<'t>(&self, text: &'t str, case: Case, facts: &dyn Facts) -> Option<&'t str> {
        match self {
            Middle::Text(sought) => {
                let start = text.find(&**sought);
                took(sought.len() + start.unwrap_or(text.len()));
                text.get(start? + sought.len()..)
            }
            Middle::Letters(letters) => text.get(letters.end_of_first(text)?..),
            // What is longer than the text is not in it, so that the values need no more room than the text.
            Middle::Mixed(pieces) if case == Case::Exact && text.len() <= TEXT_BYTES => {
                text.get(Filled::<TEXT_BYTES>::new(pieces, text.len(), facts)?.end_of_first(text)?..)
            }
            Middle::Mixed(pieces) => {
                let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
                starts.filter_map(|start| text.get(start..)).find_map(|text| after(pieces, text, case, facts))
            }
        }
    }

    /// The pieces, where there may be variables among them.
    pub(crate) fn pieces(&self) -> &[Piece] {
        match self {
            Middle::Text(_) | Middle::Letters(_) => &[],
            Middle::Mixed(pieces) => pieces,
        }
    }
}

/// Letters and `?`, sought at all places at once: a bit for each of them says whether the text so far ends with the
/// sought so far (R. Baeza-Yates and G. Gonnet, "A new approach to text searching", 1992). A policy of nothing but `?`
/// costs no more than one of letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Letters {
    length: usize,
    /// For each letter, in order, where it may stand.
    letters: Vec<(char, Box<[u64]>)>,
    /// Where every other letter may stand.
    others: Box<[u64]>,
}

impl Letters {
    /// `None` if there are variables, or nothing to seek, or too much.
    fn new(pieces: &[Piece]) -> Option<Letters> {
        let mut sought = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => sought.extend(text.chars().map(Some)),
                Piece::One => sought.push(None),
                Piece::Many | Piece::Variable { .. } => return None,
            }
        }
        if sought.is_empty() || sought.len() > WORDS * BITS {
            return None;
        }
        let places = |is: &dyn Fn(Option<char>) -> bool| {
            sought
                .chunks(BITS)
                .map(|chunk| chunk.iter().rev().fold(0, |bits, one| bits << 1 | u64::from(is(*one))))
                .collect()
        };
        let mut letters: Vec<char> = sought.iter().copied().flatten().collect();
        letters.sort_unstable();
        letters.dedup();
        let letters = letters.into_iter().map(|c| (c, places(&|one| one.is_none_or(|one| one == c)))).collect();
        Some(Letters { length: sought.len(), letters, others: places(&|one| one.is_none()) })
    }

    fn end_of_first(&self, text: &str) -> Option<usize> {
        if self.length <= BITS { self.seek(text, &mut [0]) } else { self.seek(text, &mut [0; WORDS]) }
    }

    fn seek(&self, text: &str, reached: &mut [u64]) -> Option<usize> {
        let last = self.length - 1;
        took(reached.len());
        for (start, c) in text.char_indices() {
            took(self.others.len());
            let known = self.letters.binary_search_by_key(&c, |(letter, _)| *letter);
            let places =
                known.ok().and_then(|place| self.letters.get(place)).map_or(&self.others, |(_, places)| places);
            let mut carried = 1;
            for (word, places) in reached.iter_mut().zip(places.iter()) {
                let next = *word << 1 | carried;
                carried = *word >> (BITS - 1);
                *word = next & places;
            }
            if reached.get(last / BITS).is_some_and(|word| word >> (last % BITS) & 1 == 1) {
                return Some(start + c.len_utf8());
            }
        }
        None
    }
}

const BITS: usize = u64::BITS as usize;
/// A key policy has 32 KiB.
const WORDS: usize = 32_768 / BITS;
/// An encryption context has 8 KiB, and no other text is longer.
const TEXT_BYTES: usize = 8_192;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circumstances::Circumstances;
    use crate::document::Kind;
    use crate::text::{Dialect, Wildcards, pieces};

    fn rest<'t>(sought: &str, text: &'t str, case: Case) -> Option<&'t str> {
        let facts = Circumstances::default().with("a:b", "ab").with("a:wild", "?").with("a:none", "");
        let dialect = Dialect { kind: Kind::Identity, variables: true };
        let pieces = pieces(sought, Wildcards::Special, dialect).expect(sought);
        Middle::new(&pieces, case).after_first(text, case, &facts)
    }

    #[test]
    fn the_first_place_is_found() {
        for (sought, text, left) in [
            ("", "abc", Some("abc")),
            ("", "", Some("")),
            ("b", "abcb", Some("cb")),
            ("b", "", None),
            ("b", "acd", None),
            ("?", "abc", Some("bc")),
            ("?", "ä", Some("")),
            ("?", "", None),
            ("a?c", "aacabc", Some("abc")),
            ("a?c", "abxabyc", None),
            ("?b", "bab", Some("")),
            ("ä?ö", "xäüö!", Some("!")),
            ("??", "a", None),
            ("a?", "xya", None),
            ("${a:b}", "xaby", Some("y")),
            ("${a:b}", "xa", None),
            ("${a:none}", "xy", Some("xy")),
            ("${a:none}", "", Some("")),
            ("${a:wild}", "xy?z", Some("z")),
            ("${a:wild}", "xyz", None),
            ("?${a:b}?", "abxabab!", Some("b!")),
            ("?${a:b}", "ab", None),
            ("?${a:b}", "äab", Some("")),
            ("${a:absent}", "x", None),
        ] {
            assert_eq!(rest(sought, text, Case::Exact), left, "{sought} in {text}");
            // The way of long texts, and of letters without case.
            assert_eq!(rest(sought, text, Case::Ascii), left, "{sought} in {text} without case");
            let long = "-".repeat(2 * TEXT_BYTES);
            if !sought.starts_with('?') && !sought.is_empty() && !sought.contains("none") {
                assert_eq!(rest(sought, &(long + text), Case::Exact), left, "{sought} far in {text}");
            }
        }
        assert_eq!(rest("A?C", "xabcd", Case::Ascii), Some("d"));
    }

    #[test]
    fn letters_are_found_across_every_border_of_words() {
        for length in [1, 2, 63, 64, 65, 127, 128, 129, 200] {
            let sought = format!("{}?", "a".repeat(length));
            for before in [0, 1, 64] {
                let text = format!("{}b{}xy", "a".repeat(before), "a".repeat(length));
                // Where the `b` may be the `?`, the text before it is the first place.
                let left = if before >= length { &text[length + 1..] } else { "y" };
                let left = if before == length { &text[length + 1..] } else { left };
                assert_eq!(rest(&sought, &text, Case::Exact), Some(left), "{length} after {before}");
                assert_eq!(rest(&sought, &text[..before + length + 1], Case::Exact).is_some(), before >= length);
            }
        }
    }
}
