//! What is signed: a message, or what was already made of one. Which of the two an algorithm takes is `spec`'s table,
//! and the hashing of RSA and ECDSA is here.

use crate::Unfit;
use aws_lc_rs::digest::{self, Digest};

/// What a signature is over. AWS calls the three MessageType.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message itself. Who signs hashes it.
    Raw(&'a [u8]),
    /// The hash of the message, made by the hash function of the algorithm.
    Digest(&'a [u8]),
    /// µ of ML-DSA (FIPS 204 §6.2), 64 bytes.
    ExternalMu(&'a [u8]),
}

impl Message<'_> {
    /// The hash, unless it was already made.
    ///
    /// # Errors
    /// [`Unfit`] for a hash of another length, and for µ.
    pub(crate) fn hashed(self, by: &'static digest::Algorithm) -> Result<Digest, Unfit> {
        match self {
            Message::Raw(message) => Ok(digest::digest(by, message)),
            Message::Digest(hash) => Digest::import_less_safe(hash, by).map_err(|_| Unfit),
            Message::ExternalMu(_) => Err(Unfit),
        }
    }
}
