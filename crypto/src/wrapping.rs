//! How key material comes in from outside: an RSA key made for the purpose, and what a client wraps under its public
//! half. Which material a KMS key takes is not decided here, nor how long a wrapping key is good for (`token`).
//!
//! ```text
//! RSAES_OAEP_SHA_x        RSA-OAEP(material)
//! RSA_AES_KEY_WRAP_SHA_x  RSA-OAEP(AES key(32)) ‖ AES-KWP(AES key, material)
//! ```
//!
//! OAEP is RFC 8017 §7.1 with the same hash in OAEP and in MGF1 and no label, one block as long as the modulus; KWP is
//! RFC 5649. <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-encrypt-key-material.html>

use crate::Unsealable;
use crate::secret::{SecretBytes, same};
use crate::spec::names;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey, PrivateDecryptingKey,
};

/// How many bytes KWP adds to a material that needs no padding (RFC 5649 §4.1).
const KWP_OVERHEAD: usize = 8;

names! {
    /// How large a wrapping key is.
    WrappingKeySpec {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
    }
}

names! {
    /// How a client wraps material under a wrapping key.
    WrappingAlgorithm {
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
        RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
    }
}

impl WrappingKeySpec {
    /// Length of the modulus in bytes, and of what OAEP makes.
    pub const fn modulus_len(self) -> usize {
        match self {
            WrappingKeySpec::Rsa2048 => 256,
            WrappingKeySpec::Rsa3072 => 384,
            WrappingKeySpec::Rsa4096 => 512,
        }
    }

    const fn size(self) -> KeySize {
        match self {
            WrappingKeySpec::Rsa2048 => KeySize::Rsa2048,
            WrappingKeySpec::Rsa3072 => KeySize::Rsa3072,
            WrappingKeySpec::Rsa4096 => KeySize::Rsa4096,
        }
    }
}

impl WrappingAlgorithm {
    const fn oaep(self) -> &'static OaepAlgorithm {
        match self {
            WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaAesKeyWrapSha1 => &OAEP_SHA1_MGF1SHA1,
            WrappingAlgorithm::RsaesOaepSha256 | WrappingAlgorithm::RsaAesKeyWrapSha256 => &OAEP_SHA256_MGF1SHA256,
        }
    }

    /// Whether RSA wraps an AES key, and only that the material.
    const fn has_aes_key(self) -> bool {
        match self {
            WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256 => false,
            WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256 => true,
        }
    }
}

/// An RSA private key that unwraps what a client wrapped. It has nothing to do with the KMS key that the material is
/// for, and leaves this crate only sealed into a token.
pub struct WrappingKey {
    spec: WrappingKeySpec,
    key: PrivateDecryptingKey,
}

impl WrappingKey {
    /// A fresh key. It draws from the library's generator, as [`SystemRandom`](crate::SystemRandom) does, because the
    /// library makes no RSA key from another source.
    ///
    /// Slow: primes are searched for, so keep it off the threads that answer requests.
    ///
    /// # Errors
    /// [`Unsealable`] if the library makes none, which nothing that a client sends can bring about.
    pub fn generate(spec: WrappingKeySpec) -> Result<WrappingKey, Unsealable> {
        let key = PrivateDecryptingKey::generate(spec.size()).map_err(|_| Unsealable)?;
        Ok(WrappingKey { spec, key })
    }

    /// How large the key is.
    pub fn spec(&self) -> WrappingKeySpec {
        self.spec
    }

    /// The public half, which a client wraps under: a SubjectPublicKeyInfo (RFC 5280 §4.1) in DER.
    pub fn public_key(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = self.key.public_key().as_der().expect("an RSA key has a DER form");
        der.as_ref().to_vec()
    }

    /// Unwraps what a client wrapped under [`WrappingKey::public_key`]. With OAEP alone the material may be empty, with
    /// an AES key it has at least one byte.
    ///
    /// # Errors
    /// [`Unsealable`] if `wrapped` was wrapped under another key or by another algorithm, was edited, or is not to the
    /// byte what the algorithm makes: an AES key of another length, a byte too few or too many.
    pub fn unwrap(&self, algorithm: WrappingAlgorithm, wrapped: &[u8]) -> Result<SecretBytes, Unsealable> {
        let (block, rest) = wrapped.split_at_checked(self.spec.modulus_len()).ok_or(Unsealable)?;
        if algorithm.has_aes_key() == rest.is_empty() {
            return Err(Unsealable);
        }
        let opened = self.open(algorithm.oaep(), block)?;
        if algorithm.has_aes_key() { unwrap_padded(&opened, rest) } else { Ok(opened) }
    }

    /// The key that `pkcs8` is, if it is to the byte what [`WrappingKey::to_pkcs8`] makes.
    pub(crate) fn from_pkcs8(pkcs8: &[u8]) -> Result<WrappingKey, Unsealable> {
        let key = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| Unsealable)?;
        let fits = |spec: &&WrappingKeySpec| 8 * spec.modulus_len() == key.key_size_bits();
        let spec = *WrappingKeySpec::ALL.iter().find(fits).ok_or(Unsealable)?;
        let key = WrappingKey { spec, key };
        if same(key.to_pkcs8().as_ref(), pkcs8) { Ok(key) } else { Err(Unsealable) }
    }

    /// The key as a PKCS#8 document (RFC 5208). The library's buffer erases itself.
    pub(crate) fn to_pkcs8(&self) -> Pkcs8V1Der<'static> {
        self.key.as_der().expect("an RSA key has a DER form")
    }

    /// Opens one OAEP block. The library looks at all of the padding before it refuses any: a caller learns whether it
    /// is right, but not which part is wrong, which is what Manger's attack needs (CRYPTO 2001).
    fn open(&self, algorithm: &'static OaepAlgorithm, block: &[u8]) -> Result<SecretBytes, Unsealable> {
        let key = OaepPrivateDecryptingKey::new(self.key.clone()).map_err(|_| Unsealable)?;
        SecretBytes::written_by(key.min_output_size(), |out| {
            key.decrypt(algorithm, block, out, None).map(|opened| opened.len()).map_err(|_| Unsealable)
        })
    }
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
/// If `public_key` is not an RSA key in DER, or the algorithm cannot wrap material of this length.
#[cfg(any(test, feature = "testing"))]
pub fn wrap(public_key: &[u8], algorithm: WrappingAlgorithm, material: &[u8]) -> Vec<u8> {
    use crate::{Random, SystemRandom};
    if !algorithm.has_aes_key() {
        return wrap_oaep(public_key, algorithm, material);
    }
    let mut aes_key = [0; 32];
    SystemRandom.fill(&mut aes_key);
    let mut wrapped = wrap_oaep(public_key, algorithm, &aes_key);
    let mut padded = vec![0; material.len() + 15];
    let key = AesKek::new(&AES_256, &aes_key).expect("the key has 32 bytes");
    wrapped.extend_from_slice(key.wrap_with_padding(material, &mut padded).expect("KWP wraps at least one byte"));
    wrapped
}

#[cfg(any(test, feature = "testing"))]
fn wrap_oaep(public_key: &[u8], algorithm: WrappingAlgorithm, secret: &[u8]) -> Vec<u8> {
    use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
    let key = PublicEncryptingKey::from_der(public_key).expect("an RSA public key in DER");
    let key = OaepPublicEncryptingKey::new(key).expect("an RSA key can do OAEP");
    let mut wrapped = vec![0; key.ciphertext_size()];
    key.encrypt(algorithm.oaep(), secret, &mut wrapped, None).expect("one block has room for the material");
    wrapped
}

#[cfg(test)]
mod tests;
