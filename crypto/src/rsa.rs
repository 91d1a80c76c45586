//! RSA keys of KMS: what comes in, what goes out, and the two things they do, encrypting and signing (RFC 8017). The RSA
//! keys that import tokens carry are `wrapping`'s.

use crate::message::Message;
use crate::secret::SecretBytes;
use crate::spec::Algorithm;
use crate::{Unfit, Unsealable, Unverified, der};
use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{self, RsaEncoding, RsaParameters, UnparsedPublicKey};

/// How large a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Rsa2048,
    Rsa3072,
    Rsa4096,
}

impl Size {
    const fn bits(self) -> usize {
        match self {
            Size::Rsa2048 => 2048,
            Size::Rsa3072 => 3072,
            Size::Rsa4096 => 4096,
        }
    }

    const fn library(self) -> KeySize {
        match self {
            Size::Rsa2048 => KeySize::Rsa2048,
            Size::Rsa3072 => KeySize::Rsa3072,
            Size::Rsa4096 => KeySize::Rsa4096,
        }
    }
}

/// A fresh key, as PKCS#8. Slow: primes are searched for.
pub(crate) fn generate(size: Size) -> SecretBytes {
    let key = PrivateDecryptingKey::generate(size.library()).expect("the library makes RSA keys of these sizes");
    pkcs8(&key).expect("a key that the library made has a DER form")
}

/// The key of `size` that a client's PKCS#8 is, as ours. The library takes keys of two primes alone, and only if all
/// of their numbers belong together.
pub(crate) fn import(size: Size, der: &[u8]) -> Result<SecretBytes, Unfit> {
    // The library does not look at what follows a key.
    der::check_rsa_private_key(der)?;
    pkcs8(&private(size, der)?)
}

/// The public half, as a SubjectPublicKeyInfo.
pub(crate) fn public(size: Size, der: &[u8]) -> Result<Vec<u8>, Unfit> {
    spki(&private(size, der)?.public_key())
}

/// Whether these bytes are a public key of this size, as the library itself would write it.
pub(crate) fn check_public(size: Size, der: &[u8]) -> Result<(), Unfit> {
    let key = PublicEncryptingKey::from_der(der).map_err(|_| Unfit)?;
    if key.key_size_bits() == size.bits() && spki(&key)? == der { Ok(()) } else { Err(Unfit) }
}

/// How many bytes fit into one block (RFC 8017 §7.1.1).
pub(crate) fn max_plaintext(size: Size, algorithm: Algorithm) -> Option<usize> {
    oaep(algorithm).map(|(_, hash_len)| size.bits() / 8 - 2 * hash_len - 2)
}

/// Encrypts under a public key. The padding is drawn from the library's generator.
pub(crate) fn encrypt(public: &[u8], algorithm: Algorithm, plaintext: &[u8]) -> Result<Vec<u8>, Unfit> {
    let (oaep, _) = oaep(algorithm).ok_or(Unfit)?;
    let key = PublicEncryptingKey::from_der(public).and_then(|key| Ok(OaepPublicEncryptingKey::new(key)?));
    let key = key.map_err(|_| Unfit)?;
    let mut ciphertext = vec![0; key.ciphertext_size()];
    key.encrypt(oaep, plaintext, &mut ciphertext, None).map_err(|_| Unfit)?;
    Ok(ciphertext)
}

/// Decrypts. The library looks at all of the padding before it refuses any (Manger, CRYPTO 2001).
pub(crate) fn decrypt(der: &[u8], algorithm: Algorithm, ciphertext: &[u8]) -> Result<SecretBytes, Unsealable> {
    let (oaep, _) = oaep(algorithm).ok_or(Unsealable)?;
    let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Unsealable)?;
    let key = OaepPrivateDecryptingKey::new(key).map_err(|_| Unsealable)?;
    SecretBytes::written_by(key.min_output_size(), |out| {
        key.decrypt(oaep, ciphertext, out, None).map(|opened| opened.len()).map_err(|_| Unsealable)
    })
}

/// Signs. The salt of PSS is as long as the hash, and drawn from the library's generator.
pub(crate) fn sign(der: &[u8], algorithm: Algorithm, message: Message<'_>) -> Result<Vec<u8>, Unfit> {
    let scheme = scheme(algorithm).ok_or(Unfit)?;
    let digest = message.hashed(scheme.hash)?;
    let key = KeyPair::from_pkcs8(der).map_err(|_| Unfit)?;
    // To the byte: the library panics at a buffer of another length.
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign_digest(scheme.signing, &digest, &mut signature).map_err(|_| Unfit)?;
    Ok(signature)
}

/// Verifies what [`sign`] made.
pub(crate) fn verify(
    public: &[u8],
    algorithm: Algorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), Unverified> {
    let scheme = scheme(algorithm).ok_or(Unverified)?;
    let digest = message.hashed(scheme.hash).map_err(|_| Unverified)?;
    UnparsedPublicKey::new(scheme.verifying, public).verify_digest(&digest, signature).map_err(|_| Unverified)
}

/// The library's words for one signature algorithm.
struct Scheme {
    signing: &'static dyn RsaEncoding,
    verifying: &'static RsaParameters,
    hash: &'static digest::Algorithm,
}

fn scheme(algorithm: Algorithm) -> Option<Scheme> {
    use Algorithm::*;
    let (signing, verifying, hash): (&'static dyn RsaEncoding, _, _) = match algorithm {
        RsassaPkcs1V15Sha256 => (&signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256, &SHA256),
        RsassaPkcs1V15Sha384 => (&signature::RSA_PKCS1_SHA384, &signature::RSA_PKCS1_2048_8192_SHA384, &SHA384),
        RsassaPkcs1V15Sha512 => (&signature::RSA_PKCS1_SHA512, &signature::RSA_PKCS1_2048_8192_SHA512, &SHA512),
        RsassaPssSha256 => (&signature::RSA_PSS_SHA256, &signature::RSA_PSS_2048_8192_SHA256, &SHA256),
        RsassaPssSha384 => (&signature::RSA_PSS_SHA384, &signature::RSA_PSS_2048_8192_SHA384, &SHA384),
        RsassaPssSha512 => (&signature::RSA_PSS_SHA512, &signature::RSA_PSS_2048_8192_SHA512, &SHA512),
        SymmetricDefault | RsaesOaepSha1 | RsaesOaepSha256 | Sm2Pke => return None,
        EcdsaSha256 | EcdsaSha384 | EcdsaSha512 | Ed25519Sha512 | Ed25519PhSha512 => return None,
        Sm2Dsa | MlDsaShake256 | Ecdh | MlKem => return None,
        HmacSha224 | HmacSha256 | HmacSha384 | HmacSha512 => return None,
    };
    Some(Scheme { signing, verifying, hash })
}

/// The library's word for an algorithm, and the length of its hash.
fn oaep(algorithm: Algorithm) -> Option<(&'static OaepAlgorithm, usize)> {
    use Algorithm::*;
    match algorithm {
        RsaesOaepSha1 => Some((&OAEP_SHA1_MGF1SHA1, 20)),
        RsaesOaepSha256 => Some((&OAEP_SHA256_MGF1SHA256, 32)),
        RsassaPkcs1V15Sha256 | RsassaPkcs1V15Sha384 | RsassaPkcs1V15Sha512 => None,
        RsassaPssSha256 | RsassaPssSha384 | RsassaPssSha512 => None,
        SymmetricDefault | Sm2Pke | Sm2Dsa | MlDsaShake256 | Ecdh | MlKem => None,
        EcdsaSha256 | EcdsaSha384 | EcdsaSha512 | Ed25519Sha512 | Ed25519PhSha512 => None,
        HmacSha224 | HmacSha256 | HmacSha384 | HmacSha512 => None,
    }
}

fn private(size: Size, der: &[u8]) -> Result<PrivateDecryptingKey, Unfit> {
    let key = PrivateDecryptingKey::from_pkcs8(der).map_err(|_| Unfit)?;
    if key.key_size_bits() == size.bits() { Ok(key) } else { Err(Unfit) }
}

/// The library reads keys that are for PSS alone (RFC 4055 §3.1), which AWS does not have, and does not write them.
fn pkcs8(key: &PrivateDecryptingKey) -> Result<SecretBytes, Unfit> {
    // The library's buffer erases itself.
    let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| Unfit)?;
    Ok(SecretBytes::from(der.as_ref().to_vec()))
}

fn spki(key: &PublicEncryptingKey) -> Result<Vec<u8>, Unfit> {
    let der: PublicKeyX509Der<'_> = key.as_der().map_err(|_| Unfit)?;
    Ok(der.as_ref().to_vec())
}
