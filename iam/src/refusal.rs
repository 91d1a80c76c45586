//! Why a verb was refused: IAM's error names and texts, written once. What clients match on is the name.

use std::fmt;

/// A refusal, as IAM words it. It never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// IAM's error code, such as `NoSuchEntity`.
    pub name: &'static str,
    /// The sentence beside it.
    pub message: String,
    /// The HTTP status that AWS gives it.
    pub status: u16,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for Refusal {}

/// Why a verb ended without an answer: it was refused, or a row was not readable.
#[derive(Debug, PartialEq, Eq)]
pub enum Halt<U> {
    /// The verb is not done, and the client is told why.
    Refused(Refusal),
    /// The shelf's own error.
    Unreadable(U),
}

impl<U> From<Refusal> for Halt<U> {
    fn from(refusal: Refusal) -> Halt<U> {
        Halt::Refused(refusal)
    }
}

impl Refusal {
    /// An argument that breaks a constraint, in whichever words.
    pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
        Refusal { name: "ValidationError", message: message.into(), status: 400 }
    }

    /// An argument that breaks a constraint, in the words that AWS has for all of them. The value is told, so it must
    /// not be a secret.
    pub(crate) fn constraint(value: Option<&str>, member: &str, constraint: &str) -> Refusal {
        let value = value.map_or_else(|| "null".to_owned(), |value| format!("'{value}'"));
        Refusal::invalid(format!(
            "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {constraint}"
        ))
    }

    /// A member that must be there and is not.
    pub(crate) fn missing(member: &str) -> Refusal {
        Refusal::constraint(None, member, "Member must not be null")
    }

    pub(crate) fn input(message: impl Into<String>) -> Refusal {
        Refusal { name: "InvalidInput", message: message.into(), status: 400 }
    }

    pub(crate) fn unreadable_body(message: impl Into<String>) -> Refusal {
        Refusal { name: "SerializationException", message: message.into(), status: 400 }
    }

    /// `what` as IAM's sentences have it: `user`, `role`, `user policy`.
    pub(crate) fn no_such(what: &str, name: &str) -> Refusal {
        let message = format!("The {what} with name {name} cannot be found.");
        Refusal { name: "NoSuchEntity", message, status: 404 }
    }

    pub(crate) fn no_such_access_key(id: &str) -> Refusal {
        let message = format!("The Access Key with id {id} cannot be found.");
        Refusal { name: "NoSuchEntity", message, status: 404 }
    }

    /// `what` as IAM's sentences have it: `User`, `Role`.
    pub(crate) fn exists(what: &str, name: &str) -> Refusal {
        let message = format!("{what} with name {name} already exists.");
        Refusal { name: "EntityAlreadyExists", message, status: 409 }
    }

    pub(crate) fn id_exists(what: &str, id: &str) -> Refusal {
        let message = format!("{what} with id {id} already exists.");
        Refusal { name: "EntityAlreadyExists", message, status: 409 }
    }

    pub(crate) fn quota(quota: &str, limit: usize) -> Refusal {
        let message = format!("Cannot exceed quota for {quota}: {limit}");
        Refusal { name: "LimitExceeded", message, status: 409 }
    }

    pub(crate) fn too_large(message: String) -> Refusal {
        Refusal { name: "LimitExceeded", message, status: 409 }
    }

    /// `first`: what has to go before, such as `access keys`.
    pub(crate) fn delete_first(first: &str) -> Refusal {
        let message = format!("Cannot delete entity, must delete {first} first.");
        Refusal { name: "DeleteConflict", message, status: 409 }
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Refusal {
        Refusal { name: "MalformedPolicyDocument", message: message.into(), status: 400 }
    }

    pub(crate) fn denied(message: impl Into<String>) -> Refusal {
        Refusal { name: "AccessDenied", message: message.into(), status: 403 }
    }

    pub(crate) fn packed(percent: usize, has_policy: bool) -> Refusal {
        let message = match has_policy {
            true => format!("Packed policy consumes {percent}% of allotted space, please use smaller policy."),
            false => format!("Packed size of session tags consumes {percent}% of allotted space."),
        };
        Refusal { name: "PackedPolicyTooLarge", message, status: 400 }
    }
}
