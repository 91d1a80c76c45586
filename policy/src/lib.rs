//! Who may? One pure function over a request and the voices that speak about it, without I/O and without a clock.
//! It does not find keys, check their state or word refusals; and as yet it evaluates no document: see [`decide()`].

mod decide;
mod document;
mod layout;

pub use decide::{Because, Decision, Effect, Facts, Grant, Principal, Request, Resource, Voices, decide};
pub use document::{DocumentError, check_syntax, default_key_policy};
pub use layout::lay_out;
