//! A condition key as a document uses it: its name in lower case, and its values in a request, as texts where texts are
//! compared. What the values are compared with is not asked here.

use std::fmt::{self, Write as _};

use crate::date;
use crate::document::Kind;
use crate::request::{Arity, Facts, Value};

/// A condition key, of which the document it stands in may never see a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    name: Box<str>,
    hidden: bool,
}

impl Key {
    pub(crate) fn new(name: &str, kind: Kind) -> Key {
        let name = name.to_lowercase();
        let hidden = kind == Kind::Key && (name == ALIASES_OF_RESOURCE || name.starts_with(TAG_OF_RESOURCE));
        Key { name: name.into(), hidden }
    }

    /// Whether this is the key `name`; or one of its family, if `name` ends with the `/` or `:` before their own names.
    pub(crate) fn is(&self, name: &str) -> bool {
        let family = name.ends_with(['/', ':']);
        !self.hidden && (*self.name == *name || (family && self.name.starts_with(name)))
    }

    /// Gives the values to `visit`, and says how many they were.
    pub(crate) fn values(&self, facts: &dyn Facts, visit: &mut dyn FnMut(Value<'_>)) -> Values {
        if self.hidden {
            return Values { arity: Arity::Absent, count: 0 };
        }
        let mut count = 0;
        let arity = facts.values(&self.name, &mut |value| {
            count += 1;
            visit(value);
        });
        Values { arity, count }
    }
}

/// How many values a key has and could have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Values {
    arity: Arity,
    count: usize,
}

impl Values {
    /// A key without a value is not there.
    pub(crate) fn none(self) -> bool {
        self.arity == Arity::Absent || self.count == 0
    }

    /// Whether the value can stand in a variable's place.
    pub(crate) fn one(self) -> bool {
        self.arity == Arity::One && self.count == 1
    }
}

/// Shows a value as the text that texts are compared with.
pub(crate) fn as_text<R>(value: Value<'_>, show: impl FnOnce(&str) -> R) -> R {
    let mut line = Line { bytes: [0; Line::BYTES], length: 0 };
    let written = match value {
        Value::Text(text) => return show(text),
        Value::Bool(true) => return show("true"),
        Value::Bool(false) => return show("false"),
        Value::Number(number) => write!(line, "{number}"),
        Value::Time(milliseconds) => write!(line, "{}", date::Written(milliseconds)),
        Value::Address(address) => write!(line, "{address}"),
    };
    debug_assert!(written.is_ok(), "a line holds every number, date and address");
    show(line.text())
}

/// A short text that needs no memory of its own.
struct Line {
    bytes: [u8; Line::BYTES],
    length: usize,
}

impl Line {
    /// The longest is an IPv6 address with 39 characters; with its IPv4 part 45.
    const BYTES: usize = 64;

    fn text(&self) -> &str {
        std::str::from_utf8(self.bytes.get(..self.length).unwrap_or_default()).unwrap_or_default()
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// Both are for identity policies alone.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-resource-aliases>,
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-aws.html>
const ALIASES_OF_RESOURCE: &str = "kms:resourcealiases";
const TAG_OF_RESOURCE: &str = "aws:resourcetag/";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circumstances::Circumstances;

    #[test]
    fn every_value_has_its_text() {
        for (value, text) in [
            (Value::Text("Ab"), "Ab"),
            (Value::Bool(true), "true"),
            (Value::Bool(false), "false"),
            (Value::Number(i64::MIN), "-9223372036854775808"),
            (Value::Time(1_767_323_045_999), "2026-01-02T03:04:05Z"),
            (Value::Time(i64::MAX), "292278994-08-17T07:12:55Z"),
            (Value::Time(i64::MIN), "-292275055-05-16T16:47:04Z"),
            (Value::Address([192, 0, 2, 1].into()), "192.0.2.1"),
            (Value::Address([0x2001, 0xdb8, 1, 2, 3, 4, 5, 0xffff].into()), "2001:db8:1:2:3:4:5:ffff"),
        ] {
            assert_eq!(as_text(value, str::to_owned), text);
        }
    }

    #[test]
    fn key_policies_do_not_see_tags_and_aliases_of_the_key() {
        let facts = Circumstances::default()
            .with("aws:resourcetag/team", "a")
            .with_many("kms:resourcealiases", &["alias/a"])
            .with("aws:requesttag/team", "a");
        for (name, kind, seen) in [
            ("aws:ResourceTag/team", Kind::Key, false),
            ("aws:ResourceTag/team", Kind::Identity, true),
            ("kms:ResourceAliases", Kind::Key, false),
            ("KMS:RESOURCEALIASES", Kind::Key, false),
            ("kms:ResourceAliases", Kind::Session, true),
            ("kms:ResourceAliases", Kind::Trust, true),
            ("aws:RequestTag/team", Kind::Key, true),
        ] {
            let key = Key::new(name, kind);
            assert_eq!(!key.values(&facts, &mut |_| ()).none(), seen, "{name} in a document of kind {kind:?}");
            assert_eq!(key.is(&name.to_lowercase()), seen, "{name} in a document of kind {kind:?}");
        }
    }

    #[test]
    fn a_family_is_asked_for_by_its_beginning() {
        let key = Key::new("kms:EncryptionContext:App", Kind::Key);
        for (name, is) in [
            ("kms:encryptioncontext:app", true),
            ("kms:encryptioncontext:", true),
            ("kms:", true),
            ("kms:encryptioncontext:ap", false),
            ("kms:encryptioncontext", false),
            ("kms:encryptioncontext:app:", false),
            ("", false),
        ] {
            assert_eq!(key.is(name), is, "{name}");
        }
    }
}
