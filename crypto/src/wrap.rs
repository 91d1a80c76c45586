//! A secret sealed under a key: `version(1) = 1 ‖ nonce(32) ‖ ciphertext ‖ tag(16)`, 81 bytes for a key. Which secret it
//! is and where it belongs is the caller's label and associated data; what may be wrapped is in `keys` and `token`.

use crate::aead::{IV_LEN, TAG_LEN, derive, open, seal};
use crate::random::draw;
use crate::secret::{KEY_LEN, Key, SecretBytes};
use crate::{Random, Unsealable};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const NONCE_LEN: usize = 32;
/// How many bytes the sealed form is longer than the secret.
pub(crate) const OVERHEAD: usize = 1 + NONCE_LEN + TAG_LEN;

/// Seals `inner` under `outer`. `label` says what it is, so that no wrapped secret is taken for one of another kind.
pub(crate) fn wrap(outer: &Key, label: &str, inner: &[u8], associated: &[u8], random: &dyn Random) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = draw(random);
    let mut wrapped = Vec::with_capacity(OVERHEAD + inner.len());
    wrapped.push(VERSION);
    wrapped.extend_from_slice(&nonce);
    let ciphertext_at = wrapped.len();
    wrapped.extend_from_slice(inner);
    let (key, iv) = once(outer, label, &nonce);
    let tag = seal(&key, iv, &authenticated(associated), &mut wrapped[ciphertext_at..]);
    wrapped.extend_from_slice(&tag);
    wrapped
}

/// Opens what [`wrap`] made with the same key, label and associated data.
pub(crate) fn unwrap(outer: &Key, label: &str, wrapped: &[u8], associated: &[u8]) -> Result<SecretBytes, Unsealable> {
    let (&version, rest) = wrapped.split_first().ok_or(Unsealable)?;
    if version != VERSION {
        return Err(Unsealable);
    }
    let (nonce, sealed) = rest.split_first_chunk().ok_or(Unsealable)?;
    let (key, iv) = once(outer, label, nonce);
    open(&key, iv, &authenticated(associated), sealed)
}

/// The key and IV of this one sealing. A fresh key for each leaves no limit to how often `outer` may be used, where
/// one GCM key with random 96-bit IVs would end at 2^32 (SP 800-38D §8.3).
fn once(outer: &Key, label: &str, nonce: &[u8; NONCE_LEN]) -> (Zeroizing<[u8; KEY_LEN]>, [u8; IV_LEN]) {
    let mut derived = Zeroizing::new([0; KEY_LEN + IV_LEN]);
    derive(outer, label, &[nonce], derived.as_mut());
    let (mut key, mut iv) = (Zeroizing::new([0; KEY_LEN]), [0; IV_LEN]);
    key.copy_from_slice(&derived[..KEY_LEN]);
    iv.copy_from_slice(&derived[KEY_LEN..]);
    (key, iv)
}

fn authenticated(associated: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1 + associated.len());
    bytes.push(VERSION);
    bytes.extend_from_slice(associated);
    bytes
}
