//! Which keys does a scan cover? Always a half-open range of byte strings, so that no code meets a bound's kind twice.

use std::ops::Bound;

/// What `BTreeMap::range` takes.
type Bounds<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The keys from `from` on, up to and without `to` (`None`: to the end).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Option<Vec<u8>>,
}

impl Range {
    /// The keys under `prefix` that come after `after`.
    pub(crate) fn under(prefix: &[u8], after: Option<&[u8]>) -> Range {
        let from = match after {
            Some(after) if after >= prefix => just_after(after),
            Some(_) | None => prefix.to_vec(),
        };
        Range { from, to: end_of(prefix) }
    }

    /// The part up to `key`, this one included.
    pub(crate) fn up_to(&self, key: &[u8]) -> Range {
        Range { from: self.from.clone(), to: Some(just_after(key)) }
    }

    /// The part after `key`.
    pub(crate) fn beyond(&self, key: &[u8]) -> Range {
        Range { from: just_after(key), to: self.to.clone() }
    }

    /// As `BTreeMap::range` wants it; `None` where there is nothing to look for, which that method answers by a panic.
    pub(crate) fn bounds(&self) -> Option<Bounds<'_>> {
        let from = Bound::Included(self.from.as_slice());
        match &self.to {
            None => Some((from, Bound::Unbounded)),
            Some(to) if *to > self.from => Some((from, Bound::Excluded(to.as_slice()))),
            Some(_) => None,
        }
    }
}

/// The smallest byte string greater than `key`.
fn just_after(key: &[u8]) -> Vec<u8> {
    [key, &[0]].concat()
}

/// The smallest byte string greater than everything under `prefix`; `None` if there is none.
fn end_of(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_covers_what_the_prefix_and_the_marker_say() {
        type Case = (&'static [u8], Option<&'static [u8]>);
        let cases: [(Case, Case); 6] = [
            ((b"k", None), (b"k", Some(b"l"))),
            ((b"k", Some(b"k/1")), (b"k/1\0", Some(b"l"))),
            ((b"k", Some(b"a")), (b"k", Some(b"l"))),
            ((b"k\xff", None), (b"k\xff", Some(b"l"))),
            ((b"\xff", None), (b"\xff", None)),
            ((b"", Some(b"k")), (b"k\0", None)),
        ];
        for ((prefix, after), (from, to)) in cases {
            let expected = Range { from: from.to_vec(), to: to.map(<[u8]>::to_vec) };
            assert_eq!(Range::under(prefix, after), expected, "{prefix:?} after {after:?}");
        }
    }

    #[test]
    fn a_marker_beyond_the_prefix_leaves_nothing() {
        assert!(Range::under(b"k", Some(b"z")).bounds().is_none());
    }
}
