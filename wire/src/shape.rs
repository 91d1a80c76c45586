//! What a table of a shape can say; the tables themselves are generated.
//! The reader and the checker walk the same table, so a member cannot be read by one rule and checked by another.

use crate::pattern::Pattern;

/// A structure's members, in the model's order.
pub struct Structure {
    pub(crate) members: &'static [Member],
}

/// One member of a structure.
pub(crate) struct Member {
    /// As it is written in a request.
    pub(crate) name: &'static str,
    /// As error texts name it.
    pub(crate) shown: &'static str,
    pub(crate) required: bool,
    pub(crate) shape: &'static Shape,
}

/// The type of a member and its constraints.
pub(crate) enum Shape {
    Text(Text),
    Choice(Choice),
    Blob(Blob),
    Integer(Range),
    Boolean,
    Timestamp,
    List(List),
    Map(Map),
    Structure(&'static Structure),
}

/// Both ends included; an absent end is no constraint.
pub(crate) struct Range {
    pub(crate) min: Option<u32>,
    pub(crate) max: Option<u32>,
}

pub(crate) struct Text {
    /// In characters.
    pub(crate) length: Range,
    pub(crate) pattern: Option<&'static Pattern>,
    /// Whether no error text may show the value.
    pub(crate) secret: bool,
}

pub(crate) struct Blob {
    /// In bytes.
    pub(crate) length: Range,
    pub(crate) secret: bool,
}

/// An enum.
pub(crate) struct Choice {
    /// The values that pass.
    pub(crate) taken: &'static [&'static str],
    /// The values that the error text lists, in its order.
    pub(crate) told: &'static [&'static str],
}

pub(crate) struct List {
    pub(crate) length: Range,
    pub(crate) element: &'static Shape,
}

/// A map of texts to texts: the model has no other.
pub(crate) struct Map {
    pub(crate) length: Range,
    pub(crate) key: &'static Shape,
    pub(crate) value: &'static Shape,
}
