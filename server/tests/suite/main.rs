//! The server from outside, byte by byte, on a service in memory. What real clients see is tested with real clients.

mod confused_deputy;
mod door;
mod faults;
mod kinds;
mod limits;
mod log;
mod signed;
mod support;
