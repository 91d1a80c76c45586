//! How an operation is found by its name; the list itself is generated.

use crate::Op;

impl Op {
    /// The operation of this name, as it stands behind the dot of `X-Amz-Target`; letters' case counts.
    pub fn from_name(name: &str) -> Option<Op> {
        Op::ALL.binary_search_by(|op| op.name().cmp(name)).ok().map(|index| Op::ALL[index])
    }
}
