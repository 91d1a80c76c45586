//! The half of a key that anybody may know, and what it alone can do: verify, encrypt, encapsulate. It needs no secret,
//! so whoever keeps it beside a key need not open the key's material for any of these.

use crate::material::Family;
use crate::message::Message;
use crate::secret::SecretBytes;
use crate::spec::{Algorithm, KeySpec, KeyUsage};
use crate::{Random, Unfit, Unverified, der, ec, ed25519, ml_dsa, ml_kem, rsa, sm2};

/// A public key of a known spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    spec: KeySpec,
    spki: Vec<u8>,
}

impl PublicKey {
    /// The key of `spec` that a SubjectPublicKeyInfo (RFC 5280 §4.1) in DER is.
    ///
    /// # Errors
    /// [`Unfit`] for anything else: another algorithm or size, a curve that is not named, a point that is not on it,
    /// bytes around it, what is not DER.
    pub fn from_spki(spec: KeySpec, spki: &[u8]) -> Result<PublicKey, Unfit> {
        match spec.family() {
            Family::Symmetric | Family::Hmac(_) => return Err(Unfit),
            Family::Rsa(size) => rsa::check_public(size, spki)?,
            Family::Ec(curve) => ec::check_point(curve, der::of_spki(&curve.identifier(), spki)?)?,
            Family::Ed25519 => ed25519::check_public(der::of_spki(&ed25519::IDENTIFIER, spki)?)?,
            Family::MlDsa(set) => ml_dsa::check_public(set, der::of_spki(&set.identifier(), spki)?)?,
            Family::MlKem(set) => ml_kem::check_public(set, der::of_spki(&set.identifier(), spki)?)?,
        }
        Ok(PublicKey { spec, spki: spki.to_vec() })
    }

    /// The key that the material of `spec` says it has.
    pub(crate) fn of(spec: KeySpec, spki: Vec<u8>) -> PublicKey {
        PublicKey { spec, spki }
    }

    /// The spec it is of.
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The key as a SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Verifies a signature.
    ///
    /// # Errors
    /// [`Unverified`] if this is not a signature over the message by this key and algorithm, whatever it is instead.
    pub fn verify(&self, algorithm: Algorithm, message: Message<'_>, signature: &[u8]) -> Result<(), Unverified> {
        self.admit(KeyUsage::SignVerify, algorithm).map_err(|_| Unverified)?;
        let raw = self.raw().map_err(|_| Unverified)?;
        match self.spec.family() {
            Family::Rsa(_) => rsa::verify(raw, algorithm, message, signature),
            Family::Ec(curve) => ec::verify(curve, raw, message, signature),
            Family::Ed25519 => ed25519::verify(raw, algorithm, message, signature),
            Family::MlDsa(set) => ml_dsa::verify(set, raw, message, signature),
            Family::Symmetric | Family::Hmac(_) | Family::MlKem(_) => Err(Unverified),
        }
    }

    /// Encrypts under the key. The padding of RSA is drawn from the library's generator, which takes no other.
    ///
    /// # Errors
    /// [`Unfit`] if the key has no such algorithm, or `plaintext` is longer than [`KeySpec::max_plaintext`]; with SM2PKE
    /// also if it is empty.
    pub fn encrypt(&self, algorithm: Algorithm, plaintext: &[u8], random: &dyn Random) -> Result<Vec<u8>, Unfit> {
        self.admit(KeyUsage::EncryptDecrypt, algorithm)?;
        if self.spec.max_plaintext(algorithm).is_none_or(|max| plaintext.len() > max) {
            return Err(Unfit);
        }
        match self.spec.family() {
            Family::Rsa(_) => rsa::encrypt(&self.spki, algorithm, plaintext),
            Family::Ec(_) => sm2::encrypt(self.raw()?, plaintext, random),
            Family::Symmetric | Family::Hmac(_) | Family::Ed25519 | Family::MlDsa(_) | Family::MlKem(_) => Err(Unfit),
        }
    }

    /// A fresh shared secret, and the ciphertext that carries it to the owner of the key. Both are drawn from the
    /// library's generator.
    ///
    /// # Errors
    /// [`Unfit`] if the key has no such algorithm.
    pub fn encapsulate(&self, algorithm: Algorithm) -> Result<(Vec<u8>, SecretBytes), Unfit> {
        self.admit(KeyUsage::EncapsulateDecapsulate, algorithm)?;
        match self.spec.family() {
            Family::MlKem(set) => ml_kem::encapsulate(set, self.raw()?),
            Family::Symmetric | Family::Hmac(_) | Family::Rsa(_) => Err(Unfit),
            Family::Ec(_) | Family::Ed25519 | Family::MlDsa(_) => Err(Unfit),
        }
    }

    fn admit(&self, usage: KeyUsage, algorithm: Algorithm) -> Result<(), Unfit> {
        if self.spec.algorithms(usage).contains(&algorithm) { Ok(()) } else { Err(Unfit) }
    }

    /// The key as its algorithm writes it, which with RSA is all of it.
    pub(crate) fn raw(&self) -> Result<&[u8], Unfit> {
        match self.spec.family() {
            Family::Symmetric | Family::Hmac(_) => Err(Unfit),
            Family::Rsa(_) => Ok(&self.spki),
            Family::Ec(curve) => der::of_spki(&curve.identifier(), &self.spki),
            Family::Ed25519 => der::of_spki(&ed25519::IDENTIFIER, &self.spki),
            Family::MlDsa(set) => der::of_spki(&set.identifier(), &self.spki),
            Family::MlKem(set) => der::of_spki(&set.identifier(), &self.spki),
        }
    }
}
