//! Where unpredictable bytes come from: an argument everywhere, so that a test can hand in a source that repeats
//! itself. Nothing in this crate draws from anywhere else, except what makes an RSA key: the library takes no source
//! for that.

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
