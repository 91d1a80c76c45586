//! Who is there? Accounts, users, roles and access keys: their records, the verbs that change them, with IAM's words,
//! names and texts, and what STS makes of them. It does not decide who may, and it knows neither a store nor HTTP: rows
//! come from a [`Shelf`], and a verb answers with its [`Edit`]s, which the caller commits or does not.

pub mod identities_toml;
mod ids;
mod principals;
pub mod record;
mod refusal;
pub mod rows;
mod shelf;
pub mod sts;
mod text;
pub mod verb;

pub use principals::{Unknown, is_of_partition, pin, pins};
pub use record::Stored;
pub use refusal::{Halt, Refusal};
pub use shelf::{Draw, Edit, Kept, Shelf};
