//! SM2 (GB/T 32918, GM/T 0009), China's curve and what is done on it: signing, encrypting, agreeing. The one library
//! for it has had no audit, leaves copies of scalars in the memory it used, and is asked for no other curve.

use crate::message::Message;
use crate::random::Drawn;
use crate::secret::SecretBytes;
use crate::{Random, Unfit, Unsealable, Unverified};
use sm2::dsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use sm2::dsa::signature::{RandomizedSigner, Verifier};
use sm2::dsa::{Signature, SigningKey, VerifyingKey};
use sm2::elliptic_curve::point::AffineCoordinates;
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm2::pke::{DecryptingKey, EncryptingKey};
use sm2::{NonZeroScalar, ProjectivePoint, PublicKey, Scalar};

/// Who signs, as far as AWS is concerned, where a message is not hashed by the caller.
const DISTINGUISHING_ID: &str = "1234567812345678";

/// The point of a scalar, uncompressed. SM2's scalars end at n-2: with n-1 nothing can be signed.
pub(crate) fn point(scalar: &[u8]) -> Result<Vec<u8>, Unfit> {
    let scalar = checked(scalar)?;
    Ok(PublicKey::from_secret_scalar(&scalar).to_sec1_point(false).as_bytes().to_vec())
}

/// Whether these bytes are a point of the curve.
pub(crate) fn check_point(point: &[u8]) -> Result<(), Unfit> {
    PublicKey::from_sec1_bytes(point).map(|_| ()).map_err(|_| Unfit)
}

/// SM2DSA in DER. The nonce is that of RFC 6979 with fresh bytes added, by SM3.
pub(crate) fn sign(scalar: &[u8], message: Message<'_>, random: &dyn Random) -> Result<Vec<u8>, Unfit> {
    let key = SigningKey::from_nonzero_scalar(DISTINGUISHING_ID, checked(scalar)?).map_err(|_| Unfit)?;
    let signature: Result<Signature, _> = match message {
        Message::Raw(message) => key.try_sign_with_rng(&mut Drawn::from(random), message),
        Message::Digest(digest) => key.sign_prehash_with_rng(&mut Drawn::from(random), digest),
        Message::ExternalMu(_) => return Err(Unfit),
    };
    Ok(signature.map_err(|_| Unfit)?.to_der().as_bytes().to_vec())
}

/// Verifies what [`sign`] made.
pub(crate) fn verify(point: &[u8], message: Message<'_>, signature: &[u8]) -> Result<(), Unverified> {
    let key = VerifyingKey::from_sec1_bytes(DISTINGUISHING_ID, point).map_err(|_| Unverified)?;
    let signature = Signature::from_der(signature).map_err(|_| Unverified)?;
    let verified = match message {
        Message::Raw(message) => key.verify(message, &signature),
        Message::Digest(digest) => key.verify_prehash(digest, &signature),
        Message::ExternalMu(_) => return Err(Unverified),
    };
    verified.map_err(|_| Unverified)
}

/// The x-coordinate of the product of `scalar` and a peer's point.
pub(crate) fn agree(scalar: &[u8], peer: &[u8]) -> Result<SecretBytes, Unfit> {
    let (scalar, peer) = (checked(scalar)?, PublicKey::from_sec1_bytes(peer).map_err(|_| Unfit)?);
    let product = (ProjectivePoint::from(*peer.as_affine()) * *scalar).to_affine();
    Ok(SecretBytes::from(product.x().to_vec()))
}

/// Encrypts: `SEQUENCE { x, y, SM3(…), ciphertext }`. Nothing cannot be encrypted.
pub(crate) fn encrypt(point: &[u8], plaintext: &[u8], random: &dyn Random) -> Result<Vec<u8>, Unfit> {
    let key = EncryptingKey::from_sec1_bytes(point).map_err(|_| Unfit)?;
    key.encrypt_der(&mut Drawn::from(random), plaintext).map_err(|_| Unfit)
}

/// Decrypts what [`encrypt`] made.
pub(crate) fn decrypt(scalar: &[u8], ciphertext: &[u8]) -> Result<SecretBytes, Unsealable> {
    let key = DecryptingKey::from_nonzero_scalar(checked(scalar).map_err(|_| Unsealable)?).map_err(|_| Unsealable)?;
    let plaintext = SecretBytes::from(key.decrypt_der(ciphertext).map_err(|_| Unsealable)?);
    if plaintext.expose().is_empty() { Err(Unsealable) } else { Ok(plaintext) }
}

fn checked(scalar: &[u8]) -> Result<NonZeroScalar, Unfit> {
    let scalar = NonZeroScalar::try_from(scalar).map_err(|_| Unfit)?;
    if bool::from((*scalar + Scalar::ONE).is_zero()) { Err(Unfit) } else { Ok(scalar) }
}
