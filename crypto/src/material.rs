//! A KMS key's secret bytes, whatever the key is: how they come to be, how they are stored, and what only they can do.
//! What the public half does is in `public_key`, what symmetric material seals in `blob`; each algorithm has a file of
//! its own.
//!
//! ```text
//! symmetric     the key(32), wrapped under a label of its own
//! all others    version(1) = 1 ‖ spec(1) ‖ the secret
//! the secret    RSA: PKCS#8 · curves: the scalar · Ed25519, ML-DSA, ML-KEM: the seed · HMAC: the key
//! ```

use crate::keys::Blinder;
use crate::message::Message;
use crate::public_key::PublicKey;
use crate::secret::{Key, SecretBytes};
use crate::spec::{Algorithm, KeySpec, KeyUsage};
use crate::{Random, Unfit, Unsealable, Unverified, der, ec, ed25519, mac, ml_dsa, ml_kem, rsa, sm2};
use ec::{Curve, Nist};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const HEAD_LEN: usize = 2;
/// The longest key that HMAC specs take from outside; `docs/decisions/crypto.md` says why.
const HMAC_MAX_LEN: usize = 128;

/// The secret bytes of a KMS key, of the spec that they say. Whoever holds them can do all that the key can.
pub struct Material(Inner);

enum Inner {
    /// 256 bits, from which every blob derives a key of its own.
    Symmetric(Key),
    /// The whole stored form, so that storing it makes no copy.
    Other(KeySpec, SecretBytes),
}

/// What the specs of one family have in common is the code.
pub(crate) enum Family {
    Symmetric,
    /// With the length of the codes, which is that of a fresh key and the least of one from outside.
    Hmac(usize),
    Rsa(rsa::Size),
    Ec(Curve),
    Ed25519,
    MlDsa(ml_dsa::Set),
    MlKem(ml_kem::Set),
}

impl KeySpec {
    pub(crate) const fn family(self) -> Family {
        match self {
            KeySpec::SymmetricDefault => Family::Symmetric,
            KeySpec::Rsa2048 => Family::Rsa(rsa::Size::Rsa2048),
            KeySpec::Rsa3072 => Family::Rsa(rsa::Size::Rsa3072),
            KeySpec::Rsa4096 => Family::Rsa(rsa::Size::Rsa4096),
            KeySpec::EccNistP256 => Family::Ec(Curve::Nist(Nist::P256)),
            KeySpec::EccNistP384 => Family::Ec(Curve::Nist(Nist::P384)),
            KeySpec::EccNistP521 => Family::Ec(Curve::Nist(Nist::P521)),
            KeySpec::EccSecgP256k1 => Family::Ec(Curve::Secp256k1),
            KeySpec::EccNistEdwards25519 => Family::Ed25519,
            KeySpec::Sm2 => Family::Ec(Curve::Sm2),
            KeySpec::Hmac224 => Family::Hmac(28),
            KeySpec::Hmac256 => Family::Hmac(32),
            KeySpec::Hmac384 => Family::Hmac(48),
            KeySpec::Hmac512 => Family::Hmac(64),
            KeySpec::MlDsa44 => Family::MlDsa(ml_dsa::Set::MlDsa44),
            KeySpec::MlDsa65 => Family::MlDsa(ml_dsa::Set::MlDsa65),
            KeySpec::MlDsa87 => Family::MlDsa(ml_dsa::Set::MlDsa87),
            KeySpec::MlKem512 => Family::MlKem(ml_kem::Set::MlKem512),
            KeySpec::MlKem768 => Family::MlKem(ml_kem::Set::MlKem768),
            KeySpec::MlKem1024 => Family::MlKem(ml_kem::Set::MlKem1024),
        }
    }

    /// The spec in the stored form. A number that was given is never given again.
    const fn number(self) -> u8 {
        match self {
            KeySpec::SymmetricDefault => 0,
            KeySpec::Rsa2048 => 1,
            KeySpec::Rsa3072 => 2,
            KeySpec::Rsa4096 => 3,
            KeySpec::EccNistP256 => 4,
            KeySpec::EccNistP384 => 5,
            KeySpec::EccNistP521 => 6,
            KeySpec::EccSecgP256k1 => 7,
            KeySpec::EccNistEdwards25519 => 8,
            KeySpec::Sm2 => 9,
            KeySpec::Hmac224 => 10,
            KeySpec::Hmac256 => 11,
            KeySpec::Hmac384 => 12,
            KeySpec::Hmac512 => 13,
            KeySpec::MlDsa44 => 14,
            KeySpec::MlDsa65 => 15,
            KeySpec::MlDsa87 => 16,
            KeySpec::MlKem512 => 17,
            KeySpec::MlKem768 => 18,
            KeySpec::MlKem1024 => 19,
        }
    }
}

impl Material {
    /// Fresh material of any spec. RSA's is drawn from the library's generator, which takes no other, and is slow:
    /// primes are searched for, so keep it off the threads that answer requests.
    ///
    /// # Panics
    /// If the source of randomness is broken: nothing may go on without it.
    pub fn generate(spec: KeySpec, random: &dyn Random) -> Material {
        let secret = match spec.family() {
            Family::Symmetric => return Material::symmetric(random),
            Family::Hmac(len) => SecretBytes::random(len, random),
            Family::Rsa(size) => rsa::generate(size),
            Family::Ec(curve) => ec::generate(curve, random),
            Family::Ed25519 => SecretBytes::random(ed25519::KEY_LEN, random),
            Family::MlDsa(_) => SecretBytes::random(ml_dsa::SEED_LEN, random),
            Family::MlKem(_) => SecretBytes::random(ml_kem::SEED_LEN, random),
        };
        Material::other(spec, secret.expose())
    }

    /// Fresh symmetric material.
    pub fn symmetric(random: &dyn Random) -> Material {
        Material(Inner::Symmetric(Key::generate(random)))
    }

    /// The symmetric material that `bytes` are, or `None` if there are not exactly 32 of them.
    pub fn from_secret(bytes: &SecretBytes) -> Option<Material> {
        Key::from_secret(bytes).map(Inner::Symmetric).map(Material)
    }

    /// The material of `spec` that comes from outside: the key itself for symmetric and HMAC specs (with HMAC from the
    /// length of the codes to 128 bytes), PKCS#8 (RFC 5208, RFC 5958) in BER or DER for the others.
    ///
    /// # Errors
    /// [`Unfit`] for a key of another spec, length, curve or size, a curve that is not named, more than two primes, a
    /// public half that is not the private one's, bytes around it; and for every spec that is not
    /// [`KeySpec::importable`].
    pub fn import(spec: KeySpec, bytes: &SecretBytes) -> Result<Material, Unfit> {
        let secret = match spec.family() {
            Family::Symmetric => return Material::from_secret(bytes).ok_or(Unfit),
            Family::Hmac(least) if (least..=HMAC_MAX_LEN).contains(&bytes.expose().len()) => {
                return Ok(Material::other(spec, bytes.expose()));
            }
            Family::Hmac(_) => return Err(Unfit),
            Family::Rsa(size) => rsa::import(size, der::from_ber(bytes.expose())?.expose())?,
            Family::Ec(curve) => ec::import(curve, der::from_ber(bytes.expose())?.expose())?,
            Family::Ed25519 => ed25519::import(der::from_ber(bytes.expose())?.expose())?,
            Family::MlDsa(_) | Family::MlKem(_) => return Err(Unfit),
        };
        Ok(Material::other(spec, secret.expose()))
    }

    /// The spec it is of.
    pub fn spec(&self) -> KeySpec {
        match &self.0 {
            Inner::Symmetric(_) => KeySpec::SymmetricDefault,
            Inner::Other(spec, _) => *spec,
        }
    }

    /// What tells this material from every other, and nothing to whoever lacks the store key: a keyed hash, equal for
    /// the same key however it was written when it came in. `owner` is hashed with it, so that one material under two
    /// owners has two.
    pub fn fingerprint(&self, owner: &[u8], blinder: &Blinder) -> Result<[u8; 32], Unfit> {
        let hash = |identity: &[u8]| blinder.hash(&Zeroizing::new([owner, b"\0", identity].concat()));
        match self.spec().family() {
            // One RSA key has many private exponents, and one public half.
            Family::Rsa(_) => Ok(hash(self.public_key()?.spki())),
            Family::Symmetric | Family::Hmac(_) | Family::Ec(_) => Ok(hash(self.stored())),
            Family::Ed25519 | Family::MlDsa(_) | Family::MlKem(_) => Ok(hash(self.stored())),
        }
    }

    /// The public half.
    ///
    /// # Errors
    /// [`Unfit`] for symmetric and HMAC material, which has none.
    pub fn public_key(&self) -> Result<PublicKey, Unfit> {
        let secret = self.secret();
        let spki = match self.spec().family() {
            Family::Symmetric | Family::Hmac(_) => return Err(Unfit),
            Family::Rsa(size) => rsa::public(size, secret)?,
            Family::Ec(curve) => der::spki(&curve.identifier(), &ec::point(curve, secret)?),
            Family::Ed25519 => der::spki(&ed25519::IDENTIFIER, &ed25519::public(secret)?),
            Family::MlDsa(set) => der::spki(&set.identifier(), &ml_dsa::public(set, secret)?),
            Family::MlKem(set) => der::spki(&set.identifier(), &ml_kem::public(set, secret)?),
        };
        Ok(PublicKey::of(self.spec(), spki))
    }

    /// The private key as PKCS#8 (RFC 5958) in DER, as a data key pair is given out: curves with the point, ML-KEM as
    /// the seed.
    ///
    /// # Errors
    /// [`Unfit`] for the specs of which there are no data key pairs: symmetric, HMAC and ML-DSA.
    pub fn to_pkcs8(&self) -> Result<SecretBytes, Unfit> {
        let secret = self.secret();
        match self.spec().family() {
            Family::Symmetric | Family::Hmac(_) | Family::MlDsa(_) => Err(Unfit),
            Family::Rsa(_) => Ok(SecretBytes::from(secret.to_vec())),
            Family::Ec(curve) => ec::to_pkcs8(curve, secret),
            Family::Ed25519 => Ok(ed25519::to_pkcs8(secret)),
            Family::MlKem(set) => Ok(ml_kem::to_pkcs8(set, secret)),
        }
    }

    /// Signs. What is random in signatures of secp256k1 and SM2 comes from `random`; the other algorithms draw it from
    /// the library's generator, which takes no other.
    ///
    /// # Errors
    /// [`Unfit`] if the key has no such algorithm, or the algorithm does not take such a message: see
    /// [`Algorithm::digest_len`].
    pub fn sign(&self, algorithm: Algorithm, message: Message<'_>, random: &dyn Random) -> Result<Vec<u8>, Unfit> {
        self.admit(KeyUsage::SignVerify, algorithm)?;
        let secret = self.secret();
        match self.spec().family() {
            Family::Rsa(_) => rsa::sign(secret, algorithm, message),
            Family::Ec(curve) => ec::sign(curve, secret, message, random),
            Family::Ed25519 => ed25519::sign(secret, algorithm, message),
            Family::MlDsa(set) => ml_dsa::sign(set, secret, message),
            Family::Symmetric | Family::Hmac(_) | Family::MlKem(_) => Err(Unfit),
        }
    }

    /// Decrypts what was encrypted under the public half, here or elsewhere.
    ///
    /// # Errors
    /// [`Unsealable`] for every way in which key, algorithm and ciphertext do not belong together.
    pub fn decrypt(&self, algorithm: Algorithm, ciphertext: &[u8]) -> Result<SecretBytes, Unsealable> {
        self.admit(KeyUsage::EncryptDecrypt, algorithm).map_err(|_| Unsealable)?;
        match self.spec().family() {
            Family::Rsa(_) => rsa::decrypt(self.secret(), algorithm, ciphertext),
            Family::Ec(_) => sm2::decrypt(self.secret(), ciphertext),
            Family::Symmetric | Family::Hmac(_) => Err(Unsealable),
            Family::Ed25519 | Family::MlDsa(_) | Family::MlKem(_) => Err(Unsealable),
        }
    }

    /// The code of a message.
    ///
    /// # Errors
    /// [`Unfit`] if the key has no such algorithm.
    pub fn mac(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, Unfit> {
        self.admit(KeyUsage::GenerateVerifyMac, algorithm)?;
        mac::make(self.secret(), algorithm, message)
    }

    /// Verifies a code, in constant time.
    ///
    /// # Errors
    /// [`Unverified`] if this is not the code of the message by this key and algorithm, to the last byte.
    pub fn verify_mac(&self, algorithm: Algorithm, message: &[u8], mac: &[u8]) -> Result<(), Unverified> {
        self.admit(KeyUsage::GenerateVerifyMac, algorithm).map_err(|_| Unverified)?;
        mac::verify(self.secret(), algorithm, message, mac)
    }

    /// The secret shared with the owner of `peer`: the x-coordinate, as long as the field.
    ///
    /// # Errors
    /// [`Unfit`] if the key does not agree with others, or `peer` is of another spec.
    pub fn agree(&self, algorithm: Algorithm, peer: &PublicKey) -> Result<SecretBytes, Unfit> {
        self.admit(KeyUsage::KeyAgreement, algorithm)?;
        if peer.spec() != self.spec() {
            return Err(Unfit);
        }
        match self.spec().family() {
            Family::Ec(curve) => ec::agree(curve, self.secret(), peer.raw()?),
            Family::Symmetric | Family::Hmac(_) | Family::Rsa(_) => Err(Unfit),
            Family::Ed25519 | Family::MlDsa(_) | Family::MlKem(_) => Err(Unfit),
        }
    }

    /// The shared secret that a ciphertext carries. One that nobody made carries one too, always the same.
    ///
    /// # Errors
    /// [`Unsealable`] if the key has no such algorithm, or for a ciphertext of another length.
    pub fn decapsulate(&self, algorithm: Algorithm, ciphertext: &[u8]) -> Result<SecretBytes, Unsealable> {
        self.admit(KeyUsage::EncapsulateDecapsulate, algorithm).map_err(|_| Unsealable)?;
        match self.spec().family() {
            Family::MlKem(set) => ml_kem::decapsulate(set, self.secret(), ciphertext),
            Family::Symmetric | Family::Hmac(_) | Family::Rsa(_) => Err(Unsealable),
            Family::Ec(_) | Family::Ed25519 | Family::MlDsa(_) => Err(Unsealable),
        }
    }

    /// The key from which blobs derive theirs, if this is symmetric material.
    pub(crate) fn symmetric_key(&self) -> Option<&Key> {
        match &self.0 {
            Inner::Symmetric(key) => Some(key),
            Inner::Other(..) => None,
        }
    }

    /// What is wrapped to be stored.
    pub(crate) fn stored(&self) -> &[u8] {
        match &self.0 {
            Inner::Symmetric(key) => key.expose(),
            Inner::Other(_, stored) => stored.expose(),
        }
    }

    /// The material that was stored, if it is not symmetric. It was authenticated, so it is ours; that it is a key shows
    /// when it is used.
    pub(crate) fn from_stored(stored: SecretBytes) -> Result<Material, Unsealable> {
        let ([VERSION, number], secret) = stored.expose().split_first_chunk::<HEAD_LEN>().ok_or(Unsealable)? else {
            return Err(Unsealable);
        };
        let spec = *KeySpec::ALL.iter().find(|spec| spec.number() == *number).ok_or(Unsealable)?;
        let len = secret.len();
        let fits = match spec.family() {
            Family::Symmetric => false,
            Family::Hmac(least) => (least..=HMAC_MAX_LEN).contains(&len),
            Family::Rsa(_) => len > 0,
            Family::Ec(curve) => len == curve.len(),
            Family::Ed25519 => len == ed25519::KEY_LEN,
            Family::MlDsa(_) => len == ml_dsa::SEED_LEN,
            Family::MlKem(_) => len == ml_kem::SEED_LEN,
        };
        if fits { Ok(Material(Inner::Other(spec, stored))) } else { Err(Unsealable) }
    }

    pub(crate) fn other(spec: KeySpec, secret: &[u8]) -> Material {
        let mut stored = SecretBytes::zeros(HEAD_LEN + secret.len());
        stored.expose_mut()[..HEAD_LEN].copy_from_slice(&[VERSION, spec.number()]);
        stored.expose_mut()[HEAD_LEN..].copy_from_slice(secret);
        Material(Inner::Other(spec, stored))
    }

    fn secret(&self) -> &[u8] {
        match &self.0 {
            Inner::Symmetric(key) => key.expose(),
            Inner::Other(_, stored) => &stored.expose()[HEAD_LEN..],
        }
    }

    fn admit(&self, usage: KeyUsage, algorithm: Algorithm) -> Result<(), Unfit> {
        if self.spec().algorithms(usage).contains(&algorithm) { Ok(()) } else { Err(Unfit) }
    }
}

#[cfg(test)]
mod tests;
