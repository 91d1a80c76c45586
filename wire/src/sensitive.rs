//! Bytes and texts that the model marks sensitive: wiped when dropped, never printed.
//! They protect against accidents, not against someone who reads the process's memory.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A sensitive blob. There is no way to copy, compare or print it; [`Sensitive::expose`] is the one way out.
pub struct Sensitive(Zeroizing<Vec<u8>>);

impl Sensitive {
    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Decodes standard, padded base64 into a buffer that is wiped even if the text turns out wrong half way.
    pub(crate) fn from_base64(text: &str) -> Option<Sensitive> {
        let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
        let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
        bytes.truncate(length);
        Some(Sensitive(bytes))
    }

    /// Gives the bytes up, for a blob whose shape is not sensitive after all.
    pub(crate) fn into_plain(mut self) -> Vec<u8> {
        std::mem::take(&mut *self.0)
    }
}

impl From<Vec<u8>> for Sensitive {
    fn from(bytes: Vec<u8>) -> Sensitive {
        Sensitive(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sensitive({} bytes)", self.0.len())
    }
}

/// A sensitive text, such as a password. [`SensitiveText::expose`] is the one way out.
pub struct SensitiveText(Zeroizing<String>);

impl SensitiveText {
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for SensitiveText {
    fn from(text: String) -> SensitiveText {
        SensitiveText(Zeroizing::new(text))
    }
}

impl fmt::Debug for SensitiveText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SensitiveText({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_the_length_alone() {
        assert_eq!(format!("{:?}", Sensitive::from(b"canary".to_vec())), "Sensitive(6 bytes)");
        assert_eq!(format!("{:?}", SensitiveText::from("canary".to_owned())), "SensitiveText(6 bytes)");
    }

    #[test]
    fn only_canonical_base64_is_taken() {
        let taken: [(&str, &[u8]); 4] = [("", b""), ("AA==", b"\0"), ("cGxhaW4=", b"plain"), ("+/+/", b"\xfb\xff\xbf")];
        for (text, bytes) in taken {
            assert_eq!(Sensitive::from_base64(text).map(Sensitive::into_plain).as_deref(), Some(bytes), "{text}");
        }
        for text in ["A", "AA", "AA=", "AA===", "AB==", "-_-_", "AA==AA==", " AA==", "AA==\n", "ÄÄ=="] {
            assert!(Sensitive::from_base64(text).is_none(), "{text}");
        }
    }
}
