//! Randomness that is none, for tests: a stream that can be repeated and a source that is stuck.

use crate::{Random, sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// The same bytes for the same seed and the same order of draws.
pub struct Seeded {
    seed: u64,
    block: AtomicU64,
}

impl Seeded {
    /// A stream for `seed`.
    pub fn new(seed: u64) -> Seeded {
        Seeded { seed, block: AtomicU64::new(0) }
    }
}

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&self.block.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&sha256(&input)[..chunk.len()]);
        }
    }
}

/// A generator that has failed without anybody noticing: every byte is this one.
pub struct Stuck(pub u8);

impl Random for Stuck {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0);
    }
}
