//! The JSON reader: one pass over the body, led by the table of the request's shape.
//! It knows types, not constraints; whatever is of another type makes the whole body unreadable, without a reason,
//! because a reason would quote the body.

use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use crate::shape::{Shape, Structure};
use crate::value::{Entries, Slots, Value};
use crate::{Sensitive, Timestamp};

/// How deep objects and lists may lie in each other, the body itself included. The model needs 5.
const DEPTH_MAX: u32 = 32;

/// Reads a body as the object that the table describes; nothing if it is none. An empty body is an empty object.
pub(crate) fn object<'a>(shape: &'static Structure, body: &'a [u8]) -> Option<Slots<'a>> {
    let text = std::str::from_utf8(body).ok()?;
    let text = if text.is_empty() { "{}" } else { text };
    let mut json = serde_json::Deserializer::from_str(text);
    let slots = Members { shape, depth: 1 }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(slots)
}

/// The error of every wrong type. Its text is never shown.
fn unfit<E: Error>() -> E {
    E::custom("")
}

fn deeper<E: Error>(depth: u32) -> Result<u32, E> {
    if depth < DEPTH_MAX { Ok(depth + 1) } else { Err(unfit()) }
}

/// An object with the members of a table; members that it does not have are skipped.
#[derive(Clone, Copy)]
struct Members {
    shape: &'static Structure,
    depth: u32,
}

impl<'de> DeserializeSeed<'de> for Members {
    type Value = Slots<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Slots<'de>, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members {
    type Value = Slots<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slots<'de>, A::Error> {
        let members = self.shape.members;
        let mut slots: Vec<Value<'de>> = members.iter().map(|_| Value::Absent).collect();
        let mut seen = 0_u64;
        while let Some(Name(name)) = map.next_key()? {
            let Some(index) = members.iter().position(|member| member.name == name) else {
                map.next_value_seed(Skipped { depth: self.depth })?;
                continue;
            };
            // A member twice: two readers could take two different requests for one.
            if seen & (1 << index) != 0 {
                return Err(unfit());
            }
            seen |= 1 << index;
            slots[index] = map.next_value_seed(Member { shape: members[index].shape, depth: self.depth })?;
        }
        Ok(Slots(slots))
    }
}

/// A value of the shape that the table asks for, or `null`.
#[derive(Clone, Copy)]
struct Member {
    shape: &'static Shape,
    depth: u32,
}

impl Member {
    fn text<E: Error>(self, text: Cow<'_, str>) -> Result<Value<'_>, E> {
        match self.shape {
            Shape::Text(_) | Shape::Choice(_) => Ok(Value::Text(text)),
            Shape::Blob(_) => Sensitive::from_base64(&text).map(Value::Blob).ok_or_else(unfit),
            Shape::Integer(_)
            | Shape::Boolean
            | Shape::Timestamp
            | Shape::List(_)
            | Shape::Map(_)
            | Shape::Structure(_) => Err(unfit()),
        }
    }

    fn whole<E: Error, N: TryInto<i32>>(self, number: N, seconds: f64) -> Result<Value<'static>, E> {
        match self.shape {
            Shape::Integer(_) => number.try_into().map(Value::Integer).map_err(|_| unfit()),
            Shape::Timestamp => moment(seconds),
            Shape::Text(_)
            | Shape::Choice(_)
            | Shape::Blob(_)
            | Shape::Boolean
            | Shape::List(_)
            | Shape::Map(_)
            | Shape::Structure(_) => Err(unfit()),
        }
    }
}

fn moment<E: Error>(seconds: f64) -> Result<Value<'static>, E> {
    Timestamp::from_seconds(seconds).map(Value::Timestamp).ok_or_else(unfit)
}

impl<'de> DeserializeSeed<'de> for Member {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value<'de>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member {
    type Value = Value<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a member of the model's type")
    }

    fn visit_unit<E: Error>(self) -> Result<Value<'de>, E> {
        Ok(Value::Absent)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Value<'de>, E> {
        self.text(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value<'de>, E> {
        self.text(Cow::Owned(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value<'de>, E> {
        if matches!(self.shape, Shape::Boolean) { Ok(Value::Boolean(flag)) } else { Err(unfit()) }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value<'de>, E> {
        self.whole(number, number as f64)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value<'de>, E> {
        self.whole(number, number as f64)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value<'de>, E> {
        if matches!(self.shape, Shape::Timestamp) { moment(number) } else { Err(unfit()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        let Shape::List(shape) = self.shape else { return Err(unfit()) };
        let element = Member { shape: shape.element, depth: deeper(self.depth)? };
        let mut elements = Vec::new();
        while let Some(value) = list.next_element_seed(element)? {
            elements.push(value);
        }
        Ok(Value::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value<'de>, A::Error> {
        match self.shape {
            Shape::Structure(shape) => {
                Members { shape, depth: deeper(self.depth)? }.visit_map(map).map(Value::Structure)
            }
            Shape::Map(_) => entries(map).map(Value::Map),
            Shape::Text(_)
            | Shape::Choice(_)
            | Shape::Blob(_)
            | Shape::Integer(_)
            | Shape::Boolean
            | Shape::Timestamp
            | Shape::List(_) => Err(unfit()),
        }
    }
}

fn entries<'de, A: MapAccess<'de>>(mut map: A) -> Result<Entries<'de>, A::Error> {
    let mut entries = Entries::new();
    while let Some(Name(key)) = map.next_key()? {
        let value = map.next_value::<Option<Name<'de>>>()?;
        match entries.entry(key) {
            Entry::Vacant(entry) => entry.insert(value.map(|Name(text)| text)),
            Entry::Occupied(_) => return Err(unfit()),
        };
    }
    Ok(entries)
}

/// A text, borrowed from the body unless it has escapes.
#[derive(Default)]
struct Name<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Name<'de>, D::Error> {
        json.deserialize_str(Name::default())
    }
}

impl<'de> Visitor<'de> for Name<'de> {
    type Value = Name<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(text.to_owned())))
    }
}

/// The value of a member that the model does not have: any JSON that is not too deep.
#[derive(Clone, Copy)]
struct Skipped {
    depth: u32,
}

impl<'de> DeserializeSeed<'de> for Skipped {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skipped {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("any JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let element = Skipped { depth: deeper(self.depth)? };
        while list.next_element_seed(element)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let value = Skipped { depth: deeper(self.depth)? };
        while map.next_key::<Name<'de>>()?.is_some() {
            map.next_value_seed(value)?;
        }
        Ok(())
    }
}
