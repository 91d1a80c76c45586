//! A second policy engine: what does AWS's user guide say, read from top to bottom? Slow and obvious on purpose: it works
//! on the JSON itself at every question, allocates as it likes and compiles nothing, so that a mistake in it is another
//! one than a mistake in `policy`. It words no refusals.
//!
//! The pages, in the order in which they are needed:
//! - how a request is decided: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
//!   and, for a key, <https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html>
//! - what a document may say: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod conditions;
mod decision;
mod glob;
pub mod grammar;
mod grants;
mod principals;
pub mod readings;
mod statements;
mod variables;

pub use decision::{Answer, Reason, Voice, decide};
pub use grammar::check;
