//! Accounts, users, roles, access keys and sessions, as far as they touch the store: their records in its rows, the
//! verbs that change them, and the credentials that prove a caller. What the verbs mean is `iam`'s.

mod credentials;
mod explain;
mod facts;
pub(crate) mod operator;
mod permit;
mod session;
mod shelf;
mod sts;
mod verbs;

use std::sync::Arc;

use iam::verb::Verb;

use crate::journey::Call;
use crate::pipeline::Answer;
use crate::service::Core;

pub use session::Session;

pub(crate) use credentials::Credentials;
pub(crate) use shelf::Held;
pub(crate) use sts::{refuse, speak};

use explain::EXPLAIN_VERB;

/// What can be asked about identities.
#[derive(Clone, Copy)]
pub(crate) enum Asking {
    /// One of the verbs.
    Verb(Verb),
    /// Why somebody may do something, or may not.
    Explain,
}

impl Asking {
    /// By its name.
    pub fn parse(name: &str) -> Option<Asking> {
        if name == EXPLAIN_VERB { Some(Asking::Explain) } else { Verb::parse(name).map(Asking::Verb) }
    }

    pub fn name(self) -> &'static str {
        match self {
            Asking::Verb(verb) => verb.name(),
            Asking::Explain => EXPLAIN_VERB,
        }
    }
}

/// The name of a verb of identities, as it stands in records; `None` if there is no such verb.
pub fn verb_named(name: &str) -> Option<&'static str> {
    Asking::parse(name).map(Asking::name)
}

/// One request about identities.
pub(crate) async fn administer(core: &Arc<Core>, call: &Call, asking: Asking, body: &[u8]) -> Answer {
    match asking {
        Asking::Verb(verb) => verbs::administer(core, call, verb, body).await,
        Asking::Explain => explain::answer(core, call, body).await,
    }
}
