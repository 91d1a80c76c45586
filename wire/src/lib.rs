//! What clients see of the service: its 56 operations with their shapes and constraints, the JSON 1.1 they travel
//! in, the faults, and the text of SigV4. It holds no key, reaches no network and computes no cryptography.

mod check;
mod enumeration;
mod fault;
mod generated;
mod op;
mod pattern;
pub mod query;
mod read;
mod recorded;
mod request;
mod response;
mod sensitive;
mod shape;
pub mod sigv4;
mod timestamp;
mod value;
mod write;
pub mod xml;

pub use fault::Fault;
pub use generated::*;
pub use request::{Malformed, Request};
pub use response::{Empty, Response};
pub use sensitive::{Sensitive, SensitiveText};
pub use timestamp::Timestamp;
