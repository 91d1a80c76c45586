//! The curve of Bitcoin and Ethereum (SEC 2 §2.4.1), by a library of its own: the other one takes seven times as long.

use crate::message::Message;
use crate::random::Drawn;
use crate::{Random, Unfit, Unverified};
use aws_lc_rs::digest::SHA256;
use k256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use k256::ecdsa::{Signature, SigningKey, VerifyingKey};

/// The point of a scalar, uncompressed.
pub(crate) fn point(scalar: &[u8]) -> Result<Vec<u8>, Unfit> {
    let key = SigningKey::from_slice(scalar).map_err(|_| Unfit)?;
    Ok(key.verifying_key().to_sec1_point(false).as_bytes().to_vec())
}

/// Whether these bytes are a point of the curve.
pub(crate) fn check_point(point: &[u8]) -> Result<(), Unfit> {
    VerifyingKey::from_sec1_bytes(point).map(|_| ()).map_err(|_| Unfit)
}

/// ECDSA in DER. The nonce is that of RFC 6979 with fresh bytes added (its §3.6): a generator that repeats itself gives
/// nothing away. S is the smaller one, which Bitcoin and Ethereum ask for.
pub(crate) fn sign(scalar: &[u8], message: Message<'_>, random: &dyn Random) -> Result<Vec<u8>, Unfit> {
    let digest = message.hashed(&SHA256)?;
    let key = SigningKey::from_slice(scalar).map_err(|_| Unfit)?;
    let signature: Signature =
        key.sign_prehash_with_rng(&mut Drawn::from(random), digest.as_ref()).map_err(|_| Unfit)?;
    Ok(signature.to_der().as_bytes().to_vec())
}

/// Verifies ECDSA in DER. The library takes only the smaller S, but both are signatures.
pub(crate) fn verify(point: &[u8], message: Message<'_>, signature: &[u8]) -> Result<(), Unverified> {
    let digest = message.hashed(&SHA256).map_err(|_| Unverified)?;
    let key = VerifyingKey::from_sec1_bytes(point).map_err(|_| Unverified)?;
    let signature = Signature::from_der(signature).map_err(|_| Unverified)?.normalize_s();
    key.verify_prehash(digest.as_ref(), &signature).map_err(|_| Unverified)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;
    use crate::ec::{Curve, generate};
    use aws_lc_rs::signature::{
        ECDSA_P256K1_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
    };

    #[test]
    fn the_other_library_has_the_same_keys_and_takes_the_same_signatures() {
        for number in 0..64_u8 {
            let (scalar, message) = (generate(Curve::Secp256k1, &SystemRandom), vec![number; number.into()]);
            let point = point(scalar.expose()).expect("a scalar");
            let theirs = EcdsaKeyPair::from_private_key_and_public_key(
                &ECDSA_P256K1_SHA256_ASN1_SIGNING,
                scalar.expose(),
                &point,
            )
            .expect("a key");
            assert_eq!(theirs.public_key().as_ref(), point);
            let ours = sign(scalar.expose(), Message::Raw(&message), &SystemRandom).expect("a signature");
            assert!(UnparsedPublicKey::new(&ECDSA_P256K1_SHA256_ASN1, &point).verify(&message, &ours).is_ok());
            // Half of these have the larger S.
            let theirs = theirs.sign(&aws_lc_rs::rand::SystemRandom::new(), &message).expect("a signature");
            assert_eq!(verify(&point, Message::Raw(&message), theirs.as_ref()), Ok(()));
        }
    }
}
