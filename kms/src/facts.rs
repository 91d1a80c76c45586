//! What the condition keys of a policy say of every call alike, whatever it asks for, and how a value is told. What they
//! say of a key is the journey's, of an identity `identities`'.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::BTreeMap;
use std::net::IpAddr;

use policy::{Arity, Value};

use crate::Time;
use crate::identity::Identity;

/// Who asks, from where, and when.
#[derive(Clone, Copy)]
pub(crate) struct Situation<'a> {
    pub identity: &'a Identity,
    /// The address of the peer, as its socket says.
    pub source_ip: Option<IpAddr>,
    pub now: Time,
    pub region: &'a str,
}

impl Situation<'_> {
    /// The values of a condition key about it, in lower case; `None` for every other key.
    pub fn fact(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Option<Arity> {
        if let Some(arity) = self.identity.fact(key, visit) {
            return Some(arity);
        }
        match key {
            "aws:currenttime" => Some(one(Value::Time(self.now.0), visit)),
            "aws:epochtime" => Some(one(Value::Number(self.now.0.div_euclid(1000)), visit)),
            "aws:requestedregion" => Some(one(Value::Text(self.region), visit)),
            "aws:sourceip" => Some(maybe(self.source_ip.map(Value::Address), visit)),
            // No connection is encrypted, so that policies that insist on it refuse.
            "aws:securetransport" => Some(one(Value::Bool(false), visit)),
            "aws:viaawsservice" => Some(one(Value::Bool(false), visit)),
            _ => None,
        }
    }
}

pub(crate) fn one(value: Value<'_>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    visit(value);
    Arity::One
}

pub(crate) fn maybe(value: Option<Value<'_>>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    value.map_or(Arity::Absent, |value| one(value, visit))
}

pub(crate) fn text(value: Option<&str>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    maybe(value.map(Value::Text), visit)
}

/// A list; an empty one counts as none.
pub(crate) fn many<'v>(values: impl Iterator<Item = impl AsRef<str> + 'v>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    let mut arity = Arity::Absent;
    for value in values {
        visit(Value::Text(value.as_ref()));
        arity = Arity::Many;
    }
    arity
}

/// The value that stands under a name. Names in condition keys have no case, those in the map do: where two differ in
/// nothing else, both values are told.
pub(crate) fn pairs(map: Option<&BTreeMap<String, String>>, name: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    let mut arity = Arity::Absent;
    for (key, value) in map.into_iter().flatten() {
        let same = if key.is_ascii() { key.eq_ignore_ascii_case(name) } else { key.to_lowercase() == name };
        if same {
            visit(Value::Text(value));
            arity = if matches!(arity, Arity::Absent) { Arity::One } else { Arity::Many };
        }
    }
    arity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_alone_are_one_name_with_two_values() {
        let map =
            [("App", "x"), ("app", "y"), ("Ä", "z")].map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let told = |name: &str| {
            let mut values = Vec::new();
            let arity = pairs(Some(&map), name, &mut |value| values.push(format!("{value:?}")));
            (arity, values)
        };
        assert_eq!(told("app"), (Arity::Many, vec!["Text(\"x\")".into(), "Text(\"y\")".into()]));
        assert_eq!(told("ä"), (Arity::One, vec!["Text(\"z\")".into()]));
        assert_eq!(told("ap"), (Arity::Absent, vec![]));
    }
}
