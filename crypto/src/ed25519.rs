//! Ed25519 and Ed25519ph (FIPS 186-5 §7, RFC 8032): keys are seeds of 32 bytes.

use crate::aws_lc::{ed25519ph_sign, ed25519ph_verify};
use crate::der::{self, Identifier};
use crate::message::Message;
use crate::secret::{SecretBytes, same};
use crate::spec::Algorithm;
use crate::{Unfit, Unverified};
use aws_lc_rs::digest::{SHA512, SHA512_OUTPUT_LEN, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use pkcs8::ObjectIdentifier;

/// Length of a seed, and of a public key.
pub(crate) const KEY_LEN: usize = 32;
/// RFC 8410 §3: without parameters.
pub(crate) const IDENTIFIER: Identifier = Identifier { oid: ObjectIdentifier::new_unwrap("1.3.101.112"), curve: None };

/// The seed in a client's PKCS#8 (RFC 8410 §7). The public key may be absent, and must be the seed's.
pub(crate) fn import(der: &[u8]) -> Result<SecretBytes, Unfit> {
    let (inner, given) = der::of_private_key(&IDENTIFIER, der)?;
    let seed = der::of_octets(inner)?;
    let public = public(seed)?;
    if given.is_none_or(|given| same(given, &public)) { Ok(SecretBytes::from(seed.to_vec())) } else { Err(Unfit) }
}

/// A seed as PKCS#8.
pub(crate) fn to_pkcs8(seed: &[u8]) -> SecretBytes {
    der::private_key(&IDENTIFIER, &der::octets(seed))
}

/// The public key of a seed.
pub(crate) fn public(seed: &[u8]) -> Result<Vec<u8>, Unfit> {
    Ok(pair(seed)?.public_key().as_ref().to_vec())
}

/// Whether these bytes have the length of a public key. That they are a point shows when something is verified.
pub(crate) fn check_public(public: &[u8]) -> Result<(), Unfit> {
    if public.len() == KEY_LEN { Ok(()) } else { Err(Unfit) }
}

/// Signs a message (Ed25519) or a hash (Ed25519ph).
pub(crate) fn sign(seed: &[u8], algorithm: Algorithm, message: Message<'_>) -> Result<Vec<u8>, Unfit> {
    let pair = pair(seed)?;
    match input(algorithm, message).ok_or(Unfit)? {
        Input::Message(message) => Ok(pair.sign(message).as_ref().to_vec()),
        Input::Hash(hash) => {
            let seed = seed.try_into().map_err(|_| Unfit)?;
            let public = pair.public_key().as_ref().try_into().map_err(|_| Unfit)?;
            Ok(ed25519ph_sign(seed, public, &hash).ok_or(Unfit)?.to_vec())
        }
    }
}

/// Verifies what [`sign`] made.
pub(crate) fn verify(
    public: &[u8],
    algorithm: Algorithm,
    message: Message<'_>,
    signature: &[u8],
) -> Result<(), Unverified> {
    let verified = match input(algorithm, message).ok_or(Unverified)? {
        Input::Message(message) => UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok(),
        Input::Hash(hash) => {
            let public = public.try_into().map_err(|_| Unverified)?;
            signature.try_into().is_ok_and(|signature| ed25519ph_verify(public, &hash, signature))
        }
    };
    if verified { Ok(()) } else { Err(Unverified) }
}

/// What goes into the signature.
enum Input<'a> {
    Message(&'a [u8]),
    Hash([u8; SHA512_OUTPUT_LEN]),
}

/// Ed25519 takes messages alone and Ed25519ph hashes alone. What a client calls the digest is to AWS the message of
/// Ed25519ph, and is hashed once more.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html#key-spec-ecc>
fn input(algorithm: Algorithm, message: Message<'_>) -> Option<Input<'_>> {
    match (algorithm, message) {
        (Algorithm::Ed25519Sha512, Message::Raw(message)) => Some(Input::Message(message)),
        (Algorithm::Ed25519PhSha512, Message::Digest(given)) if given.len() == SHA512_OUTPUT_LEN => {
            digest(&SHA512, given).as_ref().try_into().ok().map(Input::Hash)
        }
        _ => None,
    }
}

fn pair(seed: &[u8]) -> Result<Ed25519KeyPair, Unfit> {
    Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| Unfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 §7.3. Its message is none that AWS would take for a digest, so this is what is under [`sign`].
    #[test]
    fn ed25519ph_is_as_its_rfc_has_it() {
        let seed = hex::decode("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42").expect("hex");
        let public = public(&seed).expect("a key");
        let hash = digest(&SHA512, b"abc").as_ref().try_into().expect("64 bytes");
        let (seed, public) = (seed.try_into().expect("32 bytes"), public.try_into().expect("32 bytes"));
        let signature = ed25519ph_sign(&seed, &public, &hash).expect("a signature");
        assert_eq!(
            hex::encode(signature),
            "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41\
             31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
        );
        assert!(ed25519ph_verify(&public, &hash, &signature));
    }
}
