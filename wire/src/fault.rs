//! What a refusal looks like to a client: a name, perhaps a sentence, an HTTP status.
//! Which refusal is due, and in which words, is decided where it is made.

use crate::fault_names;
use crate::write::Object;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// AWS's name of it, without a namespace.
    pub name: &'static str,
    /// The sentence; some faults have none by AWS's choice, and then the body has no such member.
    pub message: Option<String>,
    /// The HTTP status: 400 for nearly everything, denied access included.
    pub status: u16,
}

impl Fault {
    /// A mistake of the client, HTTP 400.
    pub fn client(name: &'static str, message: impl Into<String>) -> Fault {
        Fault { name, message: Some(message.into()), status: 400 }
    }

    /// A mistake of the client of which AWS says nothing but the name, HTTP 400.
    pub fn silent(name: &'static str) -> Fault {
        Fault { name, message: None, status: 400 }
    }

    /// A failure of ours, HTTP 500.
    pub fn server(name: &'static str, message: impl Into<String>) -> Fault {
        Fault { name, message: Some(message.into()), status: 500 }
    }

    /// The body: `{"__type":"NotFoundException","message":"..."}`.
    pub fn body(&self) -> Vec<u8> {
        // Recorded 2019-2021 and fitting later lengths: this one alone has a capital M.
        let message = if self.name == fault_names::ACCESS_DENIED_EXCEPTION { "Message" } else { "message" };
        let mut body = Vec::new();
        Object::open(&mut body).member("__type", &self.name).member(message, &self.message).close();
        body
    }
}
