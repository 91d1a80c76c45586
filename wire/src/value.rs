//! What was read of a request, before it is checked and while it turns into its struct.
//! Values borrow from the body where they can; blobs are decoded already, into buffers that wipe themselves.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::{Sensitive, SensitiveText, Timestamp};

/// A value of the type that its shape asks for, not yet within the constraints.
pub enum Value<'a> {
    /// Not there, or `null`.
    Absent,
    /// Also the value of an enum.
    Text(Cow<'a, str>),
    /// Decoded.
    Blob(Sensitive),
    /// JSON number without fraction.
    Integer(i32),
    /// `true` or `false`.
    Boolean(bool),
    /// JSON number of seconds.
    Timestamp(Timestamp),
    /// The elements, `null` ones included.
    List(Vec<Value<'a>>),
    /// `None` where the value is `null`.
    Map(Entries<'a>),
    /// One slot a member, in the order of the table.
    Structure(Slots<'a>),
}

/// The entries of a map, by key.
pub type Entries<'a> = BTreeMap<Cow<'a, str>, Option<Cow<'a, str>>>;

impl<'a> Value<'a> {
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Value::Text(text) => Some(text),
            Value::Absent
            | Value::Blob(_)
            | Value::Integer(_)
            | Value::Boolean(_)
            | Value::Timestamp(_)
            | Value::List(_)
            | Value::Map(_)
            | Value::Structure(_) => None,
        }
    }
}

/// The members of a structure, in the order of its table.
pub struct Slots<'a>(pub(crate) Vec<Value<'a>>);

impl Slots<'_> {
    /// The member at this place, once; nothing if it is absent.
    pub fn take<T: FromValue>(&mut self, index: usize) -> Option<T> {
        T::from_value(std::mem::replace(self.0.get_mut(index)?, Value::Absent))
    }
}

/// A structure of the model that requests hold.
pub trait FromSlots: Sized {
    /// Nothing if a required member is absent, which a checked value never lacks.
    fn from_slots(slots: &mut Slots<'_>) -> Option<Self>;
}

/// A type that a member can have.
pub trait FromValue: Sized {
    /// Nothing if the value is of another type.
    fn from_value(value: Value<'_>) -> Option<Self>;
}

/// One type, one variant of [`Value`].
macro_rules! from_variant {
    ($type:ty, $variant:ident, $inner:ident => $made:expr) => {
        impl FromValue for $type {
            fn from_value(value: Value<'_>) -> Option<$type> {
                if let Value::$variant($inner) = value { $made } else { None }
            }
        }
    };
}

from_variant!(String, Text, text => Some(text.into_owned()));
from_variant!(SensitiveText, Text, text => Some(text.into_owned().into()));
from_variant!(Sensitive, Blob, bytes => Some(bytes));
from_variant!(Vec<u8>, Blob, bytes => Some(bytes.into_plain()));
from_variant!(i32, Integer, number => Some(number));
from_variant!(bool, Boolean, flag => Some(flag));
from_variant!(Timestamp, Timestamp, at => Some(at));
from_variant!(BTreeMap<String, String>, Map, entries => {
    entries.into_iter().map(|(key, value)| Some((key.into_owned(), value?.into_owned()))).collect()
});

/// What lists are made of: texts, enums and structures. Bytes are not, so that a `Vec<u8>` is a blob.
pub trait Listed {}

impl Listed for String {}

impl<T: FromValue + Listed> FromValue for Vec<T> {
    fn from_value(value: Value<'_>) -> Option<Vec<T>> {
        if let Value::List(elements) = value { elements.into_iter().map(T::from_value).collect() } else { None }
    }
}

/// Makes a structure a type that a member can have.
macro_rules! structure {
    ($name:ident) => {
        impl crate::value::FromValue for $name {
            fn from_value(value: crate::value::Value<'_>) -> Option<$name> {
                if let crate::value::Value::Structure(mut slots) = value {
                    crate::value::FromSlots::from_slots(&mut slots)
                } else {
                    None
                }
            }
        }
    };
}

pub(crate) use structure;
