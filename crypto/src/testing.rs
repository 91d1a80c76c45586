//! What is secret to nobody, for tests: AWS's table of key specs, randomness that can be repeated or is stuck, RSA keys that took no time to make,
//! keys from the bytes that test vectors have, and the primitives of `aead` without what is built on them.

use crate::aead::{IV_LEN, TAG_LEN};
use crate::material::Family;
use crate::secret::{KEY_LEN, Key};
use crate::spec::KeySpec;
use crate::wrapping::{WrappingKey, WrappingKeySpec};
use crate::{Material, Random, SecretBytes, Unsealable, aead, der, ed25519, sha256};
use std::sync::atomic::{AtomicU64, Ordering};

/// AWS's page "Key spec reference", and the order in which DescribeKey lists the algorithms: spec, usage and
/// algorithms of every key there can be.
pub const KEY_SPECS: &str = "
    SYMMETRIC_DEFAULT       ENCRYPT_DECRYPT         SYMMETRIC_DEFAULT
    RSA_2048                ENCRYPT_DECRYPT         RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256
    RSA_2048                SIGN_VERIFY             RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512
    RSA_3072                ENCRYPT_DECRYPT         RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256
    RSA_3072                SIGN_VERIFY             RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512
    RSA_4096                ENCRYPT_DECRYPT         RSAES_OAEP_SHA_1 RSAES_OAEP_SHA_256
    RSA_4096                SIGN_VERIFY             RSASSA_PKCS1_V1_5_SHA_256 RSASSA_PKCS1_V1_5_SHA_384 RSASSA_PKCS1_V1_5_SHA_512 RSASSA_PSS_SHA_256 RSASSA_PSS_SHA_384 RSASSA_PSS_SHA_512
    ECC_NIST_P256           SIGN_VERIFY             ECDSA_SHA_256
    ECC_NIST_P256           KEY_AGREEMENT           ECDH
    ECC_NIST_P384           SIGN_VERIFY             ECDSA_SHA_384
    ECC_NIST_P384           KEY_AGREEMENT           ECDH
    ECC_NIST_P521           SIGN_VERIFY             ECDSA_SHA_512
    ECC_NIST_P521           KEY_AGREEMENT           ECDH
    ECC_SECG_P256K1         SIGN_VERIFY             ECDSA_SHA_256
    ECC_NIST_EDWARDS25519   SIGN_VERIFY             ED25519_SHA_512 ED25519_PH_SHA_512
    SM2                     ENCRYPT_DECRYPT         SM2PKE
    SM2                     SIGN_VERIFY             SM2DSA
    SM2                     KEY_AGREEMENT           ECDH
    HMAC_224                GENERATE_VERIFY_MAC     HMAC_SHA_224
    HMAC_256                GENERATE_VERIFY_MAC     HMAC_SHA_256
    HMAC_384                GENERATE_VERIFY_MAC     HMAC_SHA_384
    HMAC_512                GENERATE_VERIFY_MAC     HMAC_SHA_512
    ML_DSA_44               SIGN_VERIFY             ML_DSA_SHAKE_256
    ML_DSA_65               SIGN_VERIFY             ML_DSA_SHAKE_256
    ML_DSA_87               SIGN_VERIFY             ML_DSA_SHAKE_256
    ML_KEM_512              ENCAPSULATE_DECAPSULATE ML_KEM
    ML_KEM_768              ENCAPSULATE_DECAPSULATE ML_KEM
    ML_KEM_1024             ENCAPSULATE_DECAPSULATE ML_KEM
";

/// The same bytes for the same seed and the same order of draws.
pub struct Seeded {
    seed: u64,
    block: AtomicU64,
}

impl Seeded {
    /// A stream for `seed`.
    pub fn new(seed: u64) -> Seeded {
        Seeded { seed, block: AtomicU64::new(0) }
    }
}

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            let mut input = [0; 16];
            input[..8].copy_from_slice(&self.seed.to_be_bytes());
            input[8..].copy_from_slice(&self.block.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            chunk.copy_from_slice(&sha256(&input)[..chunk.len()]);
        }
    }
}

/// A generator that has failed without anybody noticing: every byte is this one.
pub struct Stuck(pub u8);

impl Random for Stuck {
    fn fill(&self, out: &mut [u8]) {
        out.fill(self.0);
    }
}

/// The same wrapping key for the same spec, always.
pub fn wrapping_key(spec: WrappingKeySpec) -> WrappingKey {
    let pkcs8: &[u8] = match spec {
        WrappingKeySpec::Rsa2048 => include_bytes!("../tests/vectors/rsa-2048.pk8"),
        WrappingKeySpec::Rsa3072 => include_bytes!("../tests/vectors/rsa-3072.pk8"),
        WrappingKeySpec::Rsa4096 => include_bytes!("../tests/vectors/rsa-4096.pk8"),
        WrappingKeySpec::Sm2 => include_bytes!("../tests/vectors/sm2.pk8"),
    };
    WrappingKey::from_pkcs8(pkcs8).expect("it is a key of this spec")
}

/// The keys of [`wrapping_key`], as KMS keys.
pub fn rsa_material(spec: WrappingKeySpec) -> Material {
    let of = KeySpec::parse(spec.as_str()).expect("a KMS key can have every size of a wrapping key");
    Material::import(of, &wrapping_key(spec).to_pkcs8()).expect("it is a key of this spec")
}

/// Material from the secret that it stores: a scalar, a seed, a key, PKCS#8 with RSA.
///
/// # Errors
/// [`Unsealable`] for a secret of another length.
pub fn material(spec: KeySpec, secret: &[u8]) -> Result<Material, Unsealable> {
    Material::from_stored(SecretBytes::from(Material::other(spec, secret).stored().to_vec()))
}

/// A SubjectPublicKeyInfo around `raw`, whatever that is.
///
/// # Panics
/// If `spec` has no public key, or RSA's, which is more than its bytes.
pub fn spki(spec: KeySpec, raw: &[u8]) -> Vec<u8> {
    match spec.family() {
        Family::Ec(curve) => der::spki(&curve.identifier(), raw),
        Family::Ed25519 => der::spki(&ed25519::IDENTIFIER, raw),
        Family::MlDsa(set) => der::spki(&set.identifier(), raw),
        Family::MlKem(set) => der::spki(&set.identifier(), raw),
        Family::Symmetric | Family::Hmac(_) | Family::Rsa(_) => panic!("{spec} has no raw public key"),
    }
}

/// AES-256-GCM: ciphertext ‖ tag.
pub fn gcm_seal(key: &[u8; KEY_LEN], iv: [u8; IV_LEN], associated: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = plaintext.to_vec();
    let tag: [u8; TAG_LEN] = aead::seal(key, iv, associated, &mut sealed);
    sealed.extend_from_slice(&tag);
    sealed
}

/// Opens what [`gcm_seal`] made.
///
/// # Errors
/// [`Unsealable`] for what it did not make.
pub fn gcm_open(
    key: &[u8; KEY_LEN],
    iv: [u8; IV_LEN],
    associated: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, Unsealable> {
    aead::open(key, iv, associated, sealed)
}

/// `len` bytes by SP 800-108 in counter mode with HMAC-SHA256, from a fixed input of any form.
pub fn derive(key: &[u8; KEY_LEN], fixed: &[u8], len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    aead::derive_from(&Key::written_by(|bytes| *bytes = *key), fixed, &mut out);
    out
}
