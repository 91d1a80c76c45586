//! ML-KEM (FIPS 203). Keys are seeds `d ‖ z` of 64 bytes, and both halves are made from them anew each time: the
//! library would take an expanded key whose halves do not belong together.

use crate::aws_lc::ml_kem_keys;
use crate::der::{self, Identifier};
use crate::secret::SecretBytes;
use crate::{Unfit, Unsealable};
use aws_lc_rs::kem::{Algorithm, Ciphertext, DecapsulationKey, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024};
use pkcs8::ObjectIdentifier;

/// Length of a seed.
pub(crate) const SEED_LEN: usize = 64;
/// What stands before the seed in PKCS#8: `seed [0] OCTET STRING (SIZE (64))` (RFC 9935 §6).
const SEED_HEAD: [u8; 2] = [0x80, 64];

/// A parameter set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    MlKem512,
    MlKem768,
    MlKem1024,
}

impl Set {
    /// RFC 9935 §3: without parameters.
    pub(crate) const fn identifier(self) -> Identifier {
        let oid = match self {
            Set::MlKem512 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.1"),
            Set::MlKem768 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.2"),
            Set::MlKem1024 => ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.3"),
        };
        Identifier { oid, curve: None }
    }

    /// Length of the key that decapsulates, of the one that encapsulates and of what that makes (FIPS 203, table 3).
    const fn lens(self) -> [usize; 3] {
        match self {
            Set::MlKem512 => [1632, 800, 768],
            Set::MlKem768 => [2400, 1184, 1088],
            Set::MlKem1024 => [3168, 1568, 1568],
        }
    }

    const fn algorithm(self) -> &'static Algorithm {
        match self {
            Set::MlKem512 => &ML_KEM_512,
            Set::MlKem768 => &ML_KEM_768,
            Set::MlKem1024 => &ML_KEM_1024,
        }
    }
}

/// A seed as PKCS#8.
pub(crate) fn to_pkcs8(set: Set, seed: &[u8]) -> SecretBytes {
    let mut inner = SecretBytes::zeros(SEED_HEAD.len() + seed.len());
    inner.expose_mut()[..SEED_HEAD.len()].copy_from_slice(&SEED_HEAD);
    inner.expose_mut()[SEED_HEAD.len()..].copy_from_slice(seed);
    der::private_key(&set.identifier(), &inner)
}

/// The public key of a seed: the one that encapsulates.
pub(crate) fn public(set: Set, seed: &[u8]) -> Result<Vec<u8>, Unfit> {
    Ok(keys(set, seed)?.1)
}

/// Whether these bytes are a key that encapsulates (FIPS 203 §7.2: its length, and every number below q).
pub(crate) fn check_public(set: Set, public: &[u8]) -> Result<(), Unfit> {
    encapsulate(set, public).map(|_| ())
}

/// A shared secret and its ciphertext, drawn from the library's generator.
pub(crate) fn encapsulate(set: Set, public: &[u8]) -> Result<(Vec<u8>, SecretBytes), Unfit> {
    let key = EncapsulationKey::new(set.algorithm(), public).map_err(|_| Unfit)?;
    let (ciphertext, shared) = key.encapsulate().map_err(|_| Unfit)?;
    Ok((ciphertext.as_ref().to_vec(), SecretBytes::from(shared.as_ref().to_vec())))
}

/// The shared secret in a ciphertext. Only its length can be wrong: any other ciphertext has a secret, which nobody
/// else knows if nobody made it (FIPS 203 §6.3).
pub(crate) fn decapsulate(set: Set, seed: &[u8], ciphertext: &[u8]) -> Result<SecretBytes, Unsealable> {
    let [_, _, len] = set.lens();
    if ciphertext.len() != len {
        return Err(Unsealable);
    }
    let (key, _) = keys(set, seed).map_err(|_| Unsealable)?;
    let key = DecapsulationKey::new(set.algorithm(), key.expose()).map_err(|_| Unsealable)?;
    let shared = key.decapsulate(Ciphertext::from(ciphertext)).map_err(|_| Unsealable)?;
    Ok(SecretBytes::from(shared.as_ref().to_vec()))
}

fn keys(set: Set, seed: &[u8]) -> Result<(SecretBytes, Vec<u8>), Unfit> {
    let [decapsulation_len, encapsulation_len, _] = set.lens();
    ml_kem_keys(&to_pkcs8(set, seed), decapsulation_len, encapsulation_len).ok_or(Unfit)
}
