//! The service: records, the life of a key, the pipeline, the operations.
//! It knows no HTTP and reads no clock: time, chance and the caller's proof are arguments.

pub mod audit;
pub mod backend;
pub mod caller;
mod error;
mod facts;
mod fault;
mod grants;
pub mod home;
mod identities;
mod identity;
mod ids;
pub mod journey;
pub mod keys;
mod managed;
mod marker;
mod names;
pub mod ops;
mod pipeline;
pub mod place;
mod planned;
mod quotas;
mod records;
pub mod recover;
mod rows;
mod service;
mod time;
mod turns;
mod usage;
mod world;

pub use caller::{Caller, Scope};
pub use error::{Because, Document, Error, GrantRule, Invalid, Quota, TagRule};
pub use iam;
pub use identities::verb_named;
pub use ids::uuid;
pub use names::Names;
pub use planned::{Answerable, Plan, Planned, Plans, Unplannable};
pub use quotas::{CountedBy, Quotas, RequestGroup, RequestQuotas};
pub use service::{NotStarted, Origin, Service};
pub use time::Time;

/// Who opens a store: `serve` verifies every signature, `dev` takes everybody at their word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Signatures are verified.
    Serve,
    /// Open to everybody, and its clock can be turned.
    Dev,
}

impl Mode {
    /// What is enforced where nobody says otherwise.
    pub fn enforcement(self) -> Enforcement {
        match self {
            Mode::Serve => Enforcement::On,
            Mode::Dev => Enforcement::Off,
        }
    }

    /// The list of what can be planned about answers: in `dev` alone there is one.
    pub(crate) fn plans(self) -> Option<Plans> {
        match self {
            Mode::Serve => None,
            Mode::Dev => Some(Plans::new()),
        }
    }
}

/// Whether signatures are verified and policies asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enforcement {
    /// Everybody is taken at their word, and nobody asks a policy.
    Off,
    /// Every call passes; what [`Enforcement::On`] would have refused is told to the log.
    Log,
    /// What is not signed and not allowed is refused.
    On,
}

/// The longest encryption context, keys and values together, in bytes. AWS states no limit; its interface to external
/// key stores carries 8192 bytes of associated data, so that no client depends on more.
pub const MAX_CONTEXT_BYTES: usize = 8192;
