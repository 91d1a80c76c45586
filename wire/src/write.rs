//! The JSON writer: compact, absent members absent, nothing in between.
//! The order of the members is the caller's; the generated callers give them alphabetically, as AWS does.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::value::Listed;
use crate::{Sensitive, SensitiveText, Timestamp};

/// Something that has a JSON form.
pub trait Encode {
    /// Appends it.
    fn write(&self, out: &mut Vec<u8>);

    /// Whether a member with this value is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// An object being written.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    separator: &'static [u8],
}

impl<'a> Object<'a> {
    pub(crate) fn open(out: &'a mut Vec<u8>) -> Object<'a> {
        out.push(b'{');
        Object { out, separator: b"" }
    }

    pub(crate) fn member(mut self, name: &str, value: &impl Encode) -> Object<'a> {
        if !value.is_absent() {
            self.name(name);
            value.write(self.out);
        }
        self
    }

    pub(crate) fn close(self) {
        self.out.push(b'}');
    }

    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(self.separator);
        self.separator = b",";
        text(name, self.out);
        self.out.push(b':');
    }
}

/// Appends a JSON string: quote, backslash and control characters escaped (RFC 8259 §7), all else as it is.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| needs_escape(*byte)) {
        out.extend_from_slice(&rest[..at]);
        escape(rest[at], out);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    match byte {
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0x08 => out.extend_from_slice(b"\\b"),
        0x0c => out.extend_from_slice(b"\\f"),
        0..0x20 => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        _ => out.extend_from_slice(&[b'\\', byte]),
    }
}

/// Appends base64 in place, without an intermediate copy that nobody would wipe.
fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = STANDARD.encode_slice(bytes, &mut out[start..]);
    debug_assert_eq!(written.ok(), Some(out.len() - start));
    out.push(b'"');
}

impl Encode for String {
    fn write(&self, out: &mut Vec<u8>) {
        text(self, out);
    }
}

impl Encode for &str {
    fn write(&self, out: &mut Vec<u8>) {
        text(self, out);
    }
}

impl Encode for SensitiveText {
    fn write(&self, out: &mut Vec<u8>) {
        text(self.expose(), out);
    }
}

impl Encode for Sensitive {
    fn write(&self, out: &mut Vec<u8>) {
        base64(self.expose(), out);
    }
}

impl Encode for Vec<u8> {
    fn write(&self, out: &mut Vec<u8>) {
        base64(self, out);
    }
}

impl Encode for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Encode for i32 {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

impl Encode for Timestamp {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_java_double().as_bytes());
    }
}

impl Encode for BTreeMap<String, String> {
    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        for (name, value) in self {
            object = object.member(name, value);
        }
        object.close();
    }
}

impl<T: Encode + Listed> Encode for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, element) in self.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            element.write(out);
        }
        out.push(b']');
    }
}

impl<T: Encode> Encode for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }
}
