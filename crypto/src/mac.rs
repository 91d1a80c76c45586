//! Message authentication codes (FIPS 198-1). They are never truncated, and compared in constant time.

use crate::spec::Algorithm;
use crate::{Unfit, Unverified};
use aws_lc_rs::hmac;

/// The code of `message` under `key`.
pub(crate) fn make(key: &[u8], algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Unfit> {
    let algorithm = words(algorithm).ok_or(Unfit)?;
    Ok(hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec())
}

/// Verifies what [`make`] made.
pub(crate) fn verify(key: &[u8], algorithm: Algorithm, message: &[u8], mac: &[u8]) -> Result<(), Unverified> {
    let algorithm = words(algorithm).ok_or(Unverified)?;
    hmac::verify(&hmac::Key::new(algorithm, key), message, mac).map_err(|_| Unverified)
}

fn words(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    use Algorithm::*;
    match algorithm {
        HmacSha224 => Some(hmac::HMAC_SHA224),
        HmacSha256 => Some(hmac::HMAC_SHA256),
        HmacSha384 => Some(hmac::HMAC_SHA384),
        HmacSha512 => Some(hmac::HMAC_SHA512),
        SymmetricDefault | RsaesOaepSha1 | RsaesOaepSha256 | Sm2Pke => None,
        RsassaPkcs1V15Sha256 | RsassaPkcs1V15Sha384 | RsassaPkcs1V15Sha512 => None,
        RsassaPssSha256 | RsassaPssSha384 | RsassaPssSha512 => None,
        EcdsaSha256 | EcdsaSha384 | EcdsaSha512 | Ed25519Sha512 | Ed25519PhSha512 => None,
        Sm2Dsa | MlDsaShake256 | Ecdh | MlKem => None,
    }
}
