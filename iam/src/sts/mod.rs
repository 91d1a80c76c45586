//! What STS gives: sessions of roles. What is asked for one is in `assume_role`, what a session is in `session`. The
//! protocol's form and XML are not known here, nor who may assume what.

mod assume_role;
mod session;

pub use assume_role::{AssumeRole, Parameters};
pub use session::Session;
