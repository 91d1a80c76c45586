//! The two primitives everything is sealed with: a key derivation (SP 800-108r1 §4.1, counter mode, HMAC-SHA256) and
//! AES-256-GCM (SP 800-38D). What is derived and what is authenticated is decided by the callers.

use crate::Unsealable;
use crate::secret::{KEY_LEN, Key, SecretBytes};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};

/// Length of a GCM nonce in bytes.
pub(crate) const IV_LEN: usize = 12;
/// Length of a GCM tag in bytes.
pub(crate) const TAG_LEN: usize = 16;

/// Fills `out` from `key` with SP 800-108's fixed input `label ‖ 00 ‖ context ‖ [bits of out]`.
///
/// Labels are constants of this crate that contain no zero byte, and each label has one layout of `context`, so no two
/// uses share an input.
pub(crate) fn derive(key: &Key, label: &str, context: &[&[u8]], out: &mut [u8]) {
    let bits = u32::try_from(out.len() * 8).expect("no output of this crate is longer than a hundred bytes");
    let mut fixed = Vec::with_capacity(label.len() + 1 + context.iter().map(|part| part.len()).sum::<usize>() + 4);
    fixed.extend_from_slice(label.as_bytes());
    fixed.push(0);
    for part in context {
        fixed.extend_from_slice(part);
    }
    fixed.extend_from_slice(&bits.to_be_bytes());
    derive_from(key, &fixed, out);
}

/// Fills `out` from `key` with this fixed input. The counter has 32 bits and stands before it.
pub(crate) fn derive_from(key: &Key, fixed: &[u8], out: &mut [u8]) {
    let algorithm = get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).expect("always compiled in");
    kbkdf_ctr_hmac(algorithm, key.expose(), fixed, out).expect("neither the key nor the output is empty");
}

/// A 256-bit key derived from `key`.
pub(crate) fn derive_key(key: &Key, label: &str, context: &[&[u8]]) -> Key {
    Key::written_by(|out| derive(key, label, context, out))
}

/// Encrypts `buffer` in place and returns its tag. The pair (`key`, `iv`) must never have sealed anything else.
pub(crate) fn seal(key: &[u8; KEY_LEN], iv: [u8; IV_LEN], associated: &[u8], buffer: &mut [u8]) -> [u8; TAG_LEN] {
    let tag = gcm(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(iv), Aad::from(associated), buffer)
        .expect("no buffer of ours comes near GCM's 64 GiB");
    let mut out = [0; TAG_LEN];
    out.copy_from_slice(tag.as_ref());
    out
}

/// Decrypts `sealed` = ciphertext ‖ tag.
pub(crate) fn open(
    key: &[u8; KEY_LEN],
    iv: [u8; IV_LEN],
    associated: &[u8],
    sealed: &[u8],
) -> Result<SecretBytes, Unsealable> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG_LEN>().ok_or(Unsealable)?;
    // A secret from the start: the library may have written into it when the tag turns out wrong.
    let mut plaintext = SecretBytes::zeros(ciphertext.len());
    gcm(key)
        .open_separate_gather(
            Nonce::assume_unique_for_key(iv),
            Aad::from(associated),
            ciphertext,
            tag,
            plaintext.expose_mut(),
        )
        .map_err(|_| Unsealable)?;
    Ok(plaintext)
}

fn gcm(key: &[u8; KEY_LEN]) -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("the key has the length of the algorithm"))
}
