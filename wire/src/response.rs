//! How an answer becomes a body: compact JSON with its members in alphabetical order, as AWS sends it.
//! Status and headers are the server's business.

use crate::write::Encode;

/// Room for the largest answer with a secret in it, a pair of RSA-4096 keys, so that the buffer never moves and
/// leaves a copy behind.
const BODY_BYTES: usize = 8 * 1024;

/// The answer of one operation.
pub trait Response: Encode + Send {
    /// The body. An operation with an output shape answers an object, even an empty one.
    fn encode(&self) -> Vec<u8> {
        let mut body = Vec::with_capacity(BODY_BYTES);
        self.write(&mut body);
        body
    }
}

/// The answer of every operation without an output shape: an empty body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Empty;

impl Encode for Empty {
    fn write(&self, _: &mut Vec<u8>) {}
}

impl Response for Empty {
    fn encode(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// Prints of an answer its name alone.
macro_rules! never_shown {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use never_shown;
