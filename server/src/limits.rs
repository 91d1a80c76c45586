//! What a stranger may cost before we know who it is: every bound of the door, in one place.
//! The bounds of what a request may say are `wire`'s.

use std::time::Duration;

/// The numbers of the door. [`Limits::default`] is what the program runs with; tests shorten the waits.
#[derive(Clone, Debug)]
pub struct Limits {
    /// From a head's first byte to its last.
    pub head_timeout: Duration,
    /// From a body's first wait to its last byte.
    pub body_timeout: Duration,
    /// How long a connection may stay open and ask nothing.
    pub idle_timeout: Duration,
    /// How long requests in hand may take once the process was told to stop.
    pub stop_timeout: Duration,
    /// Connections at a time; further ones wait in the kernel's queue. Fewer where the process may open fewer files.
    pub connections: usize,
    /// What all bodies that are not small may hold together, in KiB.
    pub bodies_kib: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            stop_timeout: Duration::from_secs(10),
            connections: 10_000,
            bodies_kib: 128 * 1024,
        }
    }
}

/// A request's head, in bytes: SDKs send about 1 KiB, and the longest session token is shorter than 12 KiB.
pub(crate) const HEAD_AT_MOST: usize = 16 * 1024;

/// The headers of one head: SDKs send up to 15.
pub(crate) const HEADERS_AT_MOST: usize = 64;

/// A body, in bytes: the model's largest request (a key policy of 131,072 characters, each escaped) needs 786 KiB.
pub(crate) const BODY_AT_MOST: usize = 1024 * 1024;

/// Bodies up to here, in bytes, are held without asking for room: 10,000 of them fit in 160 MiB.
pub(crate) const SMALL_BODY: usize = 16 * 1024;

/// What is read and thrown away after a refusal, in bytes, so that a client that is still sending reads its answer
/// rather than a reset (RFC 9112 section 9.6).
pub(crate) const LINGER_AT_MOST: usize = 8 * 1024 * 1024;

/// How long that may take.
pub(crate) const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the accept loop rests when the process has run out of descriptors or memory.
pub(crate) const ACCEPT_REST: Duration = Duration::from_millis(100);

/// Descriptors kept back from connections: the store, its journal, the audit file, standard streams.
pub(crate) const OTHER_FILES: usize = 128;

/// How often what became due is looked for.
pub(crate) const TURN_EVERY: Duration = Duration::from_secs(1);

/// What of a User-Agent is kept, in bytes.
pub(crate) const USER_AGENT_AT_MOST: usize = 1024;

/// How long a connection may take that is told it came too early.
pub(crate) const EARLY_TIMEOUT: Duration = Duration::from_secs(5);
