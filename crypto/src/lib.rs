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
//!               └ Material   a KMS key's secret; seals a client's blobs, signs, decrypts, agrees
//! ```

mod aead;
mod aws_lc;
mod ber;
pub mod blob;
mod der;
mod ec;
mod ed25519;
pub mod grant_token;
mod keys;
mod mac;
mod material;
mod message;
mod ml_dsa;
mod ml_kem;
mod public_key;
mod random;
mod record;
mod rsa;
mod seal_file;
mod secp256k1;
mod secret;
pub mod session;
mod sigv4;
mod sm2;
pub mod spec;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod token;
mod wrap;
pub mod wrapping;

pub use keys::{Blinder, EpochKey, Kek, SealKey, StoreKey};
pub use material::Material;
pub use message::Message;
pub use public_key::PublicKey;
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

/// The one error for what does not fit together: a key of another spec, an algorithm that the key does not have, a
/// message that the algorithm does not take. Whoever asks knows which, because the tables in [`spec`] say so before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key, the algorithm and the input do not fit together")
    }
}

impl std::error::Error for Unfit {}

/// The one error for every way in which a signature or an authentication code can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unverified;

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature or authentication code does not verify")
    }
}

impl std::error::Error for Unverified {}

/// SHA-256 of `data` (FIPS 180-4).
pub fn sha256(data: &[u8]) -> [u8; 32] {
    use aws_lc_rs::digest;
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    out
}
