//! The audit trail: what a record says, and its way to the trail. A state change carries its record in its own commit,
//! in a row of the outbox; the mover copies the row and deletes it later.

mod door;
mod mover;
mod record;
pub mod trail;
mod user_identity;

pub(crate) use door::Door;
pub(crate) use mover::{Mover, append, drain};
pub(crate) use record::{Entry, Event, Seen, ServiceEvent, door_record};
