//! ML-DSA (FIPS 204), pure, with an empty context and hedged signing. Keys are seeds of 32 bytes; other forms of a key
//! are neither taken nor given.

use crate::aws_lc::{MlDsaSet, ml_dsa_sign, ml_dsa_verify};
use crate::der::Identifier;
use crate::message::Message;
use crate::{Unfit, Unverified};
use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87, ML_DSA_87_SIGNING, PqdsaKeyPair,
    PqdsaSigningAlgorithm, PqdsaVerificationAlgorithm, UnparsedPublicKey,
};
use pkcs8::ObjectIdentifier;

/// Length of a seed.
pub(crate) const SEED_LEN: usize = 32;

/// A parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

/// The libraries' words for one parameter set.
struct Words {
    signing: &'static PqdsaSigningAlgorithm,
    verifying: &'static PqdsaVerificationAlgorithm,
    c: MlDsaSet,
}

impl Set {
    /// RFC 9881 §2: without parameters.
    pub(crate) const fn identifier(self) -> Identifier {
        let oid = match self {
            Set::MlDsa44 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"),
            Set::MlDsa65 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"),
            Set::MlDsa87 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"),
        };
        Identifier { oid, curve: None }
    }

    fn words(self) -> Words {
        match self {
            Set::MlDsa44 => Words { signing: &ML_DSA_44_SIGNING, verifying: &ML_DSA_44, c: MlDsaSet::ML_DSA_44 },
            Set::MlDsa65 => Words { signing: &ML_DSA_65_SIGNING, verifying: &ML_DSA_65, c: MlDsaSet::ML_DSA_65 },
            Set::MlDsa87 => Words { signing: &ML_DSA_87_SIGNING, verifying: &ML_DSA_87, c: MlDsaSet::ML_DSA_87 },
        }
    }
}

/// The public key of a seed.
pub(crate) fn public(set: Set, seed: &[u8]) -> Result<Vec<u8>, Unfit> {
    Ok(pair(set, seed)?.public_key().as_ref().to_vec())
}

/// Whether these bytes have the length of a public key, which is all that FIPS 204 asks of one.
pub(crate) fn check_public(set: Set, public: &[u8]) -> Result<(), Unfit> {
    if public.len() == set.words().signing.public_key_len() { Ok(()) } else { Err(Unfit) }
}

/// Signs a message, or what a client made of one.
pub(crate) fn sign(set: Set, seed: &[u8], message: Message<'_>) -> Result<Vec<u8>, Unfit> {
    let words = set.words();
    let len = words.signing.signature_len();
    match message {
        Message::Raw(message) => {
            let mut signature = vec![0; len];
            let written = pair(set, seed)?.sign(message, &mut signature).map_err(|_| Unfit)?;
            if written == len { Ok(signature) } else { Err(Unfit) }
        }
        Message::ExternalMu(mu) => {
            let (seed, mu) = (seed.try_into().map_err(|_| Unfit)?, mu.try_into().map_err(|_| Unfit)?);
            ml_dsa_sign(words.c, seed, mu, len).ok_or(Unfit)
        }
        Message::Digest(_) => Err(Unfit),
    }
}

/// Verifies what [`sign`] made.
pub(crate) fn verify(set: Set, public: &[u8], message: Message<'_>, signature: &[u8]) -> Result<(), Unverified> {
    let words = set.words();
    let verified = match message {
        Message::Raw(message) => UnparsedPublicKey::new(words.verifying, public).verify(message, signature).is_ok(),
        Message::ExternalMu(mu) => mu.try_into().is_ok_and(|mu| ml_dsa_verify(words.c, public, mu, signature)),
        Message::Digest(_) => false,
    };
    if verified { Ok(()) } else { Err(Unverified) }
}

fn pair(set: Set, seed: &[u8]) -> Result<PqdsaKeyPair, Unfit> {
    PqdsaKeyPair::from_seed(set.words().signing, seed).map_err(|_| Unfit)
}
