//! The door: HTTP, limits, who may knock from a browser, the two clocks, signals and the end of the process.
//! What a request means is not its business: it hands the head and the body to `kms` and tells the answer.
//!
//! HTTP/1.1 only, without TLS: `cli` refuses addresses off loopback unless told otherwise.

mod answer;
mod body;
mod clock;
mod connection;
mod control;
mod door;
mod faults;
mod head;
mod limits;
mod listen;
mod origin;
mod run;
mod socket;
mod waiting;

/// The service behind the door, for whoever opens its store and hands it over.
pub use ::kms;
pub use clock::Clock;
pub use limits::Limits;
pub use listen::{BindError, Listener, bind};
pub use run::{Config, ExitKind, run, stop_signal};
pub use waiting::while_opening;
