//! Secrets: key bytes, what seals them, and the ciphertext a client is given. This crate knows no network, no store
//! and no ARN, and it is the only one that names a cryptographic library.
//!
//! The ladder, each step sealed under the one above it:
//!
//! ```text
//! SealKey          a file of its own, apart from the store
//!   └ StoreKey     one per store and generation
//!       ├ RecordKeys   derived; seal every row of the store
//!       ├ TokenKey     derived; seals import tokens, and in each the key that unwraps what comes in with it
//!       ├ GrantTokenKey  derived; seals grant tokens
//!       ├ Blinder      derived; hashes for index rows
//!       ├ SessionKey   derived; seals session tokens
//!       └ EpochKey     derived; seals the key-encryption keys
//!           └ Kek      one per material, so that destroying one destroys the material
//!               └ Material   a KMS key's bytes; seals a client's blobs
//! ```

mod aead;
pub mod blob;
pub mod grant_token;
mod keys;
mod random;
mod record;
mod seal_file;
mod secret;
pub mod session;
mod sigv4;
pub mod spec;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod token;
mod wrap;
pub mod wrapping;

pub use keys::{Blinder, EpochKey, Kek, Material, SealKey, StoreKey};
pub use random::{Random, SystemRandom};
pub use record::{Record, RecordKeys};
pub use seal_file::SealKeyFileError;
pub use secret::SecretBytes;
pub use sigv4::SigningKey;

use std::fmt;

/// The one error for every way in which sealed bytes can be wrong: another key, another place, another context, an
/// edited bit, a missing byte. It says no more on purpose, because each distinction would be an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsealable;

impl fmt::Display for Unsealable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sealed bytes do not open")
    }
}

impl std::error::Error for Unsealable {}

/// SHA-256 of `data` (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    use aws_lc_rs::digest;
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}
