//! How a request is made from a body: JSON, then constraints, then its struct.
//! What a well-formed request means is not decided here.

use serde_json::{Map, Value};

use crate::value::{FromSlots, Slots};
use crate::{Fault, Op, check, fault_names, read};

/// The request of one operation, decoded and within every constraint of the model.
pub trait Request: FromSlots + Send + Sync + 'static {
    /// The operation that it asks for.
    const OP: Op;

    /// Reads a body; an empty one counts as `{}`, unknown members are ignored, `null` is an absent member.
    ///
    /// # Errors
    /// [`Malformed::Serialization`] if the body is not JSON of the request's types, otherwise
    /// [`Malformed::Constraint`] with all violations in AWS's words.
    fn decode(body: &[u8]) -> Result<Self, Malformed> {
        let mut slots = checked(Self::OP, body)?;
        // What the check let pass fits the struct: table and struct are made from the same model.
        Self::from_slots(&mut slots).ok_or(Malformed::Serialization)
    }

    /// Whether the caller only asks if the operation would succeed; `false` where the operation has no DryRun.
    fn dry_run(&self) -> bool {
        false
    }

    /// The grant tokens that came with it; none where the operation takes none.
    fn grant_tokens(&self) -> &[String] {
        &[]
    }

    /// Whether the answer is meant for an enclave only; `false` where the operation has no Recipient.
    fn has_recipient(&self) -> bool {
        false
    }

    /// The `requestParameters` of its audit record, by the allow-list of the operation: never a plaintext,
    /// message, ciphertext, token or password. Absent members are absent, defaults are filled in.
    fn recorded(&self) -> Map<String, Value>;
}

/// Why a body is no request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Malformed {
    /// Not JSON, or not of the types that the members have. AWS gives no reason, and none is kept: it would quote
    /// the body.
    Serialization,
    /// Constraints of the model are violated; the text is the whole message. It may echo as much as the body held.
    Constraint(String),
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Fault {
        match malformed {
            Malformed::Serialization => Fault::silent(fault_names::SERIALIZATION_EXCEPTION),
            Malformed::Constraint(text) => Fault::client(fault_names::VALIDATION_EXCEPTION, text),
        }
    }
}

fn checked(op: Op, body: &[u8]) -> Result<Slots<'_>, Malformed> {
    let shape = op.request_shape();
    let slots = read::object(shape, body).ok_or(Malformed::Serialization)?;
    match check::violations(shape, &slots) {
        None => Ok(slots),
        Some(text) => Err(Malformed::Constraint(text)),
    }
}

/// Prints of a request what its audit record may hold, so that no log can hold more.
macro_rules! shown_as_recorded {
    ($name:ident) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(out, "{} {}", stringify!($name), serde_json::Value::Object(crate::Request::recorded(self)))
            }
        }
    };
}

pub(crate) use shown_as_recorded;
