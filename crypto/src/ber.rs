//! BER (X.690 §8), in which AWS takes PKCS#8 as well: the values of DER, with lengths and strings that may be written
//! in other ways. Here they become DER. What they mean is not known here, and `der` reads the outcome as strictly
//! as ever.

use crate::Unfit;
use zeroize::Zeroizing;

/// What is longer is no key: a client sends at most 6144 bytes. Below 64 KiB DER is never longer than the BER it was.
const MAX_LEN: usize = 8192;
/// How deep values may lie in each other. A private key has three levels, and a string may be in pieces.
const MAX_DEPTH: usize = 8;

const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
/// The number of a tag that goes on behind its first byte. No key has one.
const LONG_TAG: u8 = 0x1f;
/// In a length's first byte: that as many bytes of length follow as the other bits say.
const LONG_LENGTH: u8 = 0x80;
/// A length's first byte where none follows: the contents go on to [`END`].
const INDEFINITE: u8 = 0x80;
const END: &[u8] = &[0, 0];

/// Bytes that erase themselves, in a vector that never grows: growing leaves copies behind.
type Erased = Zeroizing<Vec<u8>>;

/// The one value that `ber` is, as DER. What is DER stays as it is; what is wrong in another way than in how lengths and
/// strings are written stays wrong.
///
/// # Errors
/// [`Unfit`] for bytes that are not one value, or one too large or too deep.
pub(crate) fn to_der(ber: &[u8]) -> Result<Erased, Unfit> {
    if ber.len() > MAX_LEN {
        return Err(Unfit);
    }
    let (value, rest) = value(ber, MAX_DEPTH)?;
    let mut der = room(ber.len());
    value.write(&mut der);
    if rest.is_empty() { Ok(der) } else { Err(Unfit) }
}

/// A value whose contents are DER.
struct Value {
    tag: u8,
    contents: Erased,
}

impl Value {
    fn write(&self, der: &mut Erased) {
        let len = self.contents.len();
        let [.., high, low] = len.to_be_bytes();
        der.push(self.tag);
        match len {
            ..0x80 => der.push(low),
            0x80..0x100 => der.extend_from_slice(&[LONG_LENGTH | 1, low]),
            _ => der.extend_from_slice(&[LONG_LENGTH | 2, high, low]),
        }
        der.extend_from_slice(&self.contents);
    }
}

/// The first value in `ber`, and what follows it.
fn value(ber: &[u8], depth: usize) -> Result<(Value, &[u8]), Unfit> {
    let depth = depth.checked_sub(1).ok_or(Unfit)?;
    let (&tag, rest) = ber.split_first().ok_or(Unfit)?;
    let (len, rest) = length(rest)?;
    if tag & LONG_TAG == LONG_TAG {
        return Err(Unfit);
    }
    match len {
        Some(len) => {
            let (contents, rest) = rest.split_at_checked(len).ok_or(Unfit)?;
            if tag & CONSTRUCTED == 0 {
                return Ok((Value { tag, contents: Zeroizing::new(contents.to_vec()) }, rest));
            }
            let (value, left) = constructed(tag, contents, b"", depth)?;
            if left.is_empty() { Ok((value, rest)) } else { Err(Unfit) }
        }
        None if tag & CONSTRUCTED == 0 => Err(Unfit),
        None => constructed(tag, rest, END, depth),
    }
}

/// The value of this tag whose contents are the values in `ber` as far as `end`, and what follows that. No end is the end
/// of `ber`.
fn constructed<'a>(tag: u8, mut ber: &'a [u8], end: &[u8], depth: usize) -> Result<(Value, &'a [u8]), Unfit> {
    let string = [BIT_STRING, OCTET_STRING].into_iter().find(|string| tag == string | CONSTRUCTED);
    let mut contents = room(ber.len());
    if string == Some(BIT_STRING) {
        contents.push(0);
    }
    loop {
        match ber.strip_prefix(end) {
            Some(rest) if rest.is_empty() || !end.is_empty() => {
                return Ok((Value { tag: string.unwrap_or(tag), contents }, rest));
            }
            Some(_) | None => {}
        }
        let (inner, rest) = value(ber, depth)?;
        match string {
            Some(string) if string == inner.tag => piece(string, &inner.contents, &mut contents)?,
            Some(_) => return Err(Unfit),
            None => inner.write(&mut contents),
        }
        ber = rest;
    }
}

/// Appends a piece of a string. The first byte of a bit string counts the bits of its last one that are none, which only
/// the last piece may have (X.690 §8.6.4).
fn piece(string: u8, piece: &[u8], contents: &mut Erased) -> Result<(), Unfit> {
    let mut piece = piece;
    if string == BIT_STRING {
        let (unused, bits) = piece.split_first().ok_or(Unfit)?;
        if contents[0] != 0 {
            return Err(Unfit);
        }
        (contents[0], piece) = (*unused, bits);
    }
    contents.extend_from_slice(piece);
    Ok(())
}

/// A length, which may be indefinite, and what follows it.
fn length(ber: &[u8]) -> Result<(Option<usize>, &[u8]), Unfit> {
    let (&first, rest) = ber.split_first().ok_or(Unfit)?;
    if first == INDEFINITE {
        return Ok((None, rest));
    }
    if first & LONG_LENGTH == 0 {
        return Ok((Some(first.into()), rest));
    }
    let (bytes, rest) = rest.split_at_checked((first & !LONG_LENGTH).into()).ok_or(Unfit)?;
    let add = |len: usize, byte: &u8| Some(len.checked_mul(256)? + usize::from(*byte));
    let len = bytes.iter().try_fold(0, add).ok_or(Unfit)?;
    Ok((Some(len), rest))
}

fn room(len: usize) -> Erased {
    Zeroizing::new(Vec::with_capacity(len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn der(ber: &str) -> Option<String> {
        to_der(&hex::decode(ber).expect("hex")).ok().map(|der| hex::encode(&*der))
    }

    #[test]
    fn what_is_written_otherwise_becomes_der() {
        for (ber, expected) in [
            ("3000", "3000"),
            ("30800000", "3000"),
            ("308100", "3000"),
            ("30880000000000000000", "3000"),
            ("3080020101040107 0000", "3006020101040107"),
            ("3082000602010104 0107", "3006020101040107"),
            ("0481020102", "04020102"),
            ("248004010104020203 0000", "0403010203"),
            ("2407040101 04020203", "0403010203"),
            ("2480 2480 040101 0000 2403 040102 0000", "04020102"),
            ("24800000", "0400"),
            ("2380 03020001 03020502 0000", "0303050102"),
            ("2380 0000", "030100"),
            // An explicit tag keeps its own.
            ("a080 2480 040101 0000 0000", "a003040101"),
        ] {
            assert_eq!(der(&ber.replace(' ', "")).as_deref(), Some(expected), "{ber}");
        }
    }

    #[test]
    fn lengths_are_written_as_der_writes_them() {
        for (len, head) in
            [(0, "0400"), (127, "047f"), (128, "048180"), (255, "0481ff"), (256, "04820100"), (4096, "04821000")]
        {
            let long = [&[0x04, 0x84][..], &u32::try_from(len).expect("short").to_be_bytes(), &vec![7; len]].concat();
            let expected = [&hex::decode(head).expect("hex")[..], &vec![7; len]].concat();
            for ber in [&long, &expected] {
                assert_eq!(to_der(ber).as_deref(), Ok(&expected), "{len} bytes");
            }
        }
    }

    #[test]
    fn what_is_not_one_value_is_refused() {
        for (wrong, why) in [
            ("", "nothing"),
            ("30", "no length"),
            ("3001", "contents missing"),
            ("300000", "a byte more"),
            ("3080", "no end"),
            ("308000", "half an end"),
            ("3080000000", "a byte behind the end"),
            ("04800401010000", "a string that is not in pieces, without a length"),
            ("3081", "no byte of length"),
            ("3089ffffffffffffffffff", "a length that no number holds"),
            ("30880fffffffffffffff", "a length that nothing has"),
            ("3003020101ff", "a byte more"),
            ("2403020101", "a piece that is no octet string"),
            ("2480a003040101 0000", "a piece in a tag"),
            ("2403030100", "a piece that is a bit string"),
            ("2380 03020501 03020002 0000", "bits that are none, in the middle"),
            ("2380 0300 0000", "a piece that does not count such bits"),
            ("3003020201", "a value that is longer than what it is in"),
            ("1f8100", "a tag of two bytes"),
            ("3f8100", "the same, constructed"),
        ] {
            assert_eq!(der(&wrong.replace(' ', "")), None, "{why}: {wrong}");
        }
    }

    #[test]
    fn what_is_too_deep_or_too_large_is_refused() {
        let nested = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(to_der(&nested(MAX_DEPTH)).is_ok());
        assert!(to_der(&nested(MAX_DEPTH + 1)).is_err());
        assert!(to_der(&nested(MAX_LEN / 4)).is_err());
        let large = |len: u16| [&[0x04, 0x82][..], &len.to_be_bytes(), &vec![0; len.into()]].concat();
        assert!(to_der(&large(8188)).is_ok());
        assert!(to_der(&large(8189)).is_err());
    }

    proptest! {
        #[test]
        fn what_became_der_is_der_and_no_bytes_make_reading_panic(ber in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(der) = to_der(&ber) {
                prop_assert!(der.len() <= ber.len());
                prop_assert!(to_der(&der) == Ok(der));
            }
        }
    }
}
