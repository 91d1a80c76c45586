//! Where unpredictable bytes come from: an argument everywhere, so that a test can hand in a source that repeats
//! itself. Nothing in this crate draws from anywhere else, except where the library takes no source: it makes RSA keys,
//! and what is random in RSA's paddings, ECDSA on NIST's curves, ML-DSA and ML-KEM's encapsulation.

use k256::ecdsa::signature::rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;

/// A source of bytes that nobody can predict.
pub trait Random: Send + Sync {
    /// Overwrites all of `out`. Returns only when every byte is drawn; there is no error to handle.
    fn fill(&self, out: &mut [u8]);
}

/// The library's generator: AES-256-CTR_DRBG per thread (SP 800-90A), seeded from the kernel and CPU jitter.
///
/// The first draw of a process takes 20–30 ms of CPU, because the jitter source is collected then; later draws take
/// about 0.4 µs whatever their length up to some hundred bytes, and a new thread's first one some microseconds. So
/// draw once, beside the rest of the start, before the first request, and take all that a message needs in one call.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// If the machine has no randomness to give: nothing may go on without it.
    fn fill(&self, out: &mut [u8]) {
        aws_lc_rs::rand::fill(out).expect("the operating system gives random bytes");
    }
}

/// A source for the libraries that ask for one of their own kind: for one operation, because they draw until they like
/// what comes, without end if it is always the same.
pub(crate) struct Drawn<'a> {
    random: &'a dyn Random,
    left: usize,
}

/// How often one operation draws before the source of randomness counts as broken. SM2 encrypts a single byte at the
/// second attempt in one of 256 cases; all else is rarer.
const DRAWS: usize = 64;

impl<'a> Drawn<'a> {
    pub(crate) fn from(random: &'a dyn Random) -> Drawn<'a> {
        Drawn { random, left: DRAWS }
    }

    /// # Panics
    /// After [`DRAWS`] draws.
    fn source(&mut self) -> &'a dyn Random {
        self.left =
            self.left.checked_sub(1).unwrap_or_else(|| panic!("the source of randomness is broken: {DRAWS} draws"));
        self.random
    }
}

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_ne_bytes(draw(self.source())))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_ne_bytes(draw(self.source())))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.source().fill(out);
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}

/// `N` bytes in one draw.
pub(crate) fn draw<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_never_draws_the_same_32_bytes_twice() {
        let drawn: std::collections::HashSet<[u8; 32]> = (0..1000).map(|_| draw(&SystemRandom)).collect();
        assert_eq!(drawn.len(), 1000);
    }
}
