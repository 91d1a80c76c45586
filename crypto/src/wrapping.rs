//! How key material comes in from outside: a key made for the purpose, and what a client wraps under its public half.
//! Which material a KMS key takes is not decided here, nor how long a wrapping key is good for (`token`).
//!
//! ```text
//! RSAES_OAEP_SHA_x        RSA-OAEP(material)
//! RSA_AES_KEY_WRAP_SHA_x  RSA-OAEP(AES key(32)) ‖ AES-KWP(AES key, material)
//! SM2PKE                  SM2 encryption(material), as KMS's SM2 keys decrypt it
//! ```
//!
//! OAEP is RFC 8017 §7.1 with the same hash in OAEP and in MGF1 and no label, one block as long as the modulus; KWP is
//! RFC 5649; SM2PKE is what China's Regions have beside OAEP.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html>

use crate::ec::{self, Curve};
use crate::secret::{SecretBytes, same};
use crate::spec::names;
use crate::{SystemRandom, Unsealable, der, sm2};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};

/// How many bytes KWP adds to a material that needs no padding (RFC 5649 §4.1).
const KWP_OVERHEAD: usize = 8;

names! {
    /// What a wrapping key is made of.
    WrappingKeySpec {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        Sm2 = "SM2",
    }
}

names! {
    /// How a client wraps material under a wrapping key.
    WrappingAlgorithm {
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
        RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
        Sm2Pke = "SM2PKE",
    }
}

impl WrappingKeySpec {
    /// Whether keys of this spec unwrap what `algorithm` wraps.
    pub const fn takes(self, algorithm: WrappingAlgorithm) -> bool {
        match (self.size(), algorithm.scheme()) {
            (Some(_), Scheme::Oaep(_) | Scheme::KeyWrap(_)) | (None, Scheme::Sm2) => true,
            (Some(_), Scheme::Sm2) | (None, Scheme::Oaep(_) | Scheme::KeyWrap(_)) => false,
        }
    }

    /// How large the key is, if it is RSA's.
    const fn size(self) -> Option<KeySize> {
        match self {
            WrappingKeySpec::Rsa2048 => Some(KeySize::Rsa2048),
            WrappingKeySpec::Rsa3072 => Some(KeySize::Rsa3072),
            WrappingKeySpec::Rsa4096 => Some(KeySize::Rsa4096),
            WrappingKeySpec::Sm2 => None,
        }
    }
}

/// What an algorithm does.
#[derive(Clone, Copy)]
enum Scheme {
    /// RSA wraps the material.
    Oaep(&'static OaepAlgorithm),
    /// RSA wraps an AES key, and that the material.
    KeyWrap(&'static OaepAlgorithm),
    /// SM2 encrypts the material.
    Sm2,
}

impl WrappingAlgorithm {
    const fn scheme(self) -> Scheme {
        match self {
            WrappingAlgorithm::RsaesOaepSha1 => Scheme::Oaep(&OAEP_SHA1_MGF1SHA1),
            WrappingAlgorithm::RsaesOaepSha256 => Scheme::Oaep(&OAEP_SHA256_MGF1SHA256),
            WrappingAlgorithm::RsaAesKeyWrapSha1 => Scheme::KeyWrap(&OAEP_SHA1_MGF1SHA1),
            WrappingAlgorithm::RsaAesKeyWrapSha256 => Scheme::KeyWrap(&OAEP_SHA256_MGF1SHA256),
            WrappingAlgorithm::Sm2Pke => Scheme::Sm2,
        }
    }
}

/// A private key that unwraps what a client wrapped. It has nothing to do with the KMS key that the material is for, and
/// leaves this crate only sealed into a token.
pub struct WrappingKey {
    spec: WrappingKeySpec,
    key: Private,
}

enum Private {
    Rsa(PrivateDecryptingKey),
    /// The scalar, and its point.
    Sm2(SecretBytes, Vec<u8>),
}

impl WrappingKey {
    /// A fresh key. It draws from the library's generator, as [`SystemRandom`] does, because the library makes no RSA
    /// key from another source.
    ///
    /// Slow if it is RSA's: primes are searched for, so keep it off the threads that answer requests.
    ///
    /// # Errors
    /// [`Unsealable`] if the library makes none, which nothing that a client sends can bring about.
    pub fn generate(spec: WrappingKeySpec) -> Result<WrappingKey, Unsealable> {
        match spec.size() {
            Some(size) => {
                let key = PrivateDecryptingKey::generate(size).map_err(|_| Unsealable)?;
                Ok(WrappingKey { spec, key: Private::Rsa(key) })
            }
            None => WrappingKey::sm2(ec::generate(Curve::Sm2, &SystemRandom)),
        }
    }

    /// What the key is made of.
    pub fn spec(&self) -> WrappingKeySpec {
        self.spec
    }

    /// The public half, which a client wraps under: a SubjectPublicKeyInfo (RFC 5280 §4.1) in DER.
    pub fn public_key(&self) -> Vec<u8> {
        match &self.key {
            Private::Rsa(key) => {
                let der: PublicKeyX509Der<'_> = key.public_key().as_der().expect("an RSA key has a DER form");
                der.as_ref().to_vec()
            }
            Private::Sm2(_, point) => der::spki(&Curve::Sm2.identifier(), point),
        }
    }

    /// Unwraps what a client wrapped under [`WrappingKey::public_key`]. With OAEP alone the material may be empty, with
    /// the other algorithms it has at least one byte.
    ///
    /// # Errors
    /// [`Unsealable`] if `wrapped` was wrapped under another key or by another algorithm, was edited, or is not to the
    /// byte what the algorithm makes: an AES key of another length, a byte too few or too many.
    pub fn unwrap(&self, algorithm: WrappingAlgorithm, wrapped: &[u8]) -> Result<SecretBytes, Unsealable> {
        match (&self.key, algorithm.scheme()) {
            (Private::Rsa(key), Scheme::Oaep(oaep)) => match block(key, wrapped)? {
                (block, []) => open(key, oaep, block),
                (_, [_, ..]) => Err(Unsealable),
            },
            (Private::Rsa(key), Scheme::KeyWrap(oaep)) => match block(key, wrapped)? {
                (_, []) => Err(Unsealable),
                (block, rest) => unwrap_padded(&open(key, oaep, block)?, rest),
            },
            (Private::Sm2(scalar, _), Scheme::Sm2) => sm2::decrypt(scalar.expose(), wrapped),
            (Private::Rsa(_), Scheme::Sm2) | (Private::Sm2(..), Scheme::Oaep(_) | Scheme::KeyWrap(_)) => {
                Err(Unsealable)
            }
        }
    }

    /// The key that `pkcs8` is, if it is to the byte what [`WrappingKey::to_pkcs8`] makes.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<WrappingKey, Unsealable> {
        let key = match ec::import(Curve::Sm2, pkcs8) {
            Ok(scalar) => WrappingKey::sm2(scalar)?,
            Err(_) => WrappingKey::rsa(pkcs8)?,
        };
        if same(key.to_pkcs8().expose(), pkcs8) { Ok(key) } else { Err(Unsealable) }
    }

    /// The key as a PKCS#8 document (RFC 5208).
    pub(crate) fn to_pkcs8(&self) -> SecretBytes {
        match &self.key {
            Private::Rsa(key) => {
                // The library's buffer erases itself.
                let der: Pkcs8V1Der<'_> = key.as_der().expect("an RSA key has a DER form");
                SecretBytes::from(der.as_ref().to_vec())
            }
            Private::Sm2(scalar, _) => ec::to_pkcs8(Curve::Sm2, scalar.expose()).expect("it is a scalar"),
        }
    }

    fn rsa(pkcs8: &[u8]) -> Result<WrappingKey, Unsealable> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| Unsealable)?;
        let fits = |spec: &&WrappingKeySpec| spec.size().is_some_and(|size| 8 * size.len() == key.key_size_bits());
        let spec = *WrappingKeySpec::ALL.iter().find(fits).ok_or(Unsealable)?;
        Ok(WrappingKey { spec, key: Private::Rsa(key) })
    }

    fn sm2(scalar: SecretBytes) -> Result<WrappingKey, Unsealable> {
        let point = ec::point(Curve::Sm2, scalar.expose()).map_err(|_| Unsealable)?;
        Ok(WrappingKey { spec: WrappingKeySpec::Sm2, key: Private::Sm2(scalar, point) })
    }
}

/// The one block that RSA made, as long as the modulus, and what follows it.
fn block<'a>(key: &PrivateDecryptingKey, wrapped: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), Unsealable> {
    wrapped.split_at_checked(key.key_size_bytes()).ok_or(Unsealable)
}

/// Opens one OAEP block. The library looks at all of the padding before it refuses any: a caller learns whether it is
/// right, but not which part is wrong, which is what Manger's attack needs (CRYPTO 2001).
fn open(
    key: &PrivateDecryptingKey,
    algorithm: &'static OaepAlgorithm,
    block: &[u8],
) -> Result<SecretBytes, Unsealable> {
    let key = OaepPrivateDecryptingKey::new(key.clone()).map_err(|_| Unsealable)?;
    SecretBytes::written_by(key.min_output_size(), |out| {
        key.decrypt(algorithm, block, out, None).map(|opened| opened.len()).map_err(|_| Unsealable)
    })
}

/// Opens KWP under an AES-256 key; an AES key of another length is refused, as AWS does.
fn unwrap_padded(aes_key: &SecretBytes, wrapped: &[u8]) -> Result<SecretBytes, Unsealable> {
    let key = AesKek::new(&AES_256, aes_key.expose()).map_err(|_| Unsealable)?;
    // The library writes the padding too, and takes it off afterwards.
    SecretBytes::written_by(wrapped.len().saturating_sub(KWP_OVERHEAD), |out| {
        key.unwrap_with_padding(wrapped, out).map(|opened| opened.len()).map_err(|_| Unsealable)
    })
}

/// Wraps `material` as a client does, for tests.
///
/// # Panics
/// If `public_key` is not a key of the algorithm's kind in DER, or the algorithm cannot wrap material of this length.
#[cfg(any(test, feature = "testing"))]
pub fn wrap(public_key: &[u8], algorithm: WrappingAlgorithm, material: &[u8]) -> Vec<u8> {
    use crate::Random;
    match algorithm.scheme() {
        Scheme::Oaep(oaep) => wrap_oaep(public_key, oaep, material),
        Scheme::KeyWrap(oaep) => {
            let mut aes_key = [0; 32];
            SystemRandom.fill(&mut aes_key);
            let mut wrapped = wrap_oaep(public_key, oaep, &aes_key);
            let mut padded = vec![0; material.len() + 15];
            let key = AesKek::new(&AES_256, &aes_key).expect("the key has 32 bytes");
            wrapped
                .extend_from_slice(key.wrap_with_padding(material, &mut padded).expect("KWP wraps at least one byte"));
            wrapped
        }
        Scheme::Sm2 => {
            let point = der::of_spki(&Curve::Sm2.identifier(), public_key).expect("an SM2 public key in DER");
            sm2::encrypt(point, material, &SystemRandom).expect("SM2 encrypts at least one byte")
        }
    }
}

#[cfg(any(test, feature = "testing"))]
fn wrap_oaep(public_key: &[u8], algorithm: &'static OaepAlgorithm, secret: &[u8]) -> Vec<u8> {
    use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
    let key = PublicEncryptingKey::from_der(public_key).expect("an RSA public key in DER");
    let key = OaepPublicEncryptingKey::new(key).expect("an RSA key can do OAEP");
    let mut wrapped = vec![0; key.ciphertext_size()];
    key.encrypt(algorithm, secret, &mut wrapped, None).expect("one block has room for the material");
    wrapped
}

#[cfg(test)]
mod tests;
