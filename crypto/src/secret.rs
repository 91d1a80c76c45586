//! Bytes that erase themselves. A type here never prints, compares, copies or serializes what it holds; the only way
//! to the bytes is called `expose`, so that every place that takes them can be searched for.

use crate::Random;
use zeroize::{Zeroize, Zeroizing};

/// A key of this crate: 256 bits.
pub(crate) const KEY_LEN: usize = 32;

/// Secret bytes of any length, overwritten with zeros when dropped (the spare capacity of the vector included).
///
/// They can be looked at:
///
/// ```
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// assert_eq!(secret.expose().len(), 7);
/// ```
///
/// They cannot be printed:
///
/// ```compile_fail
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// format!("{:?}", secret);
/// ```
/// ```
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// format!("{:?}", secret.expose());
/// ```
///
/// nor copied:
///
/// ```compile_fail
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// let _copy: crypto::SecretBytes = secret.clone();
/// ```
/// ```
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// let _moved: crypto::SecretBytes = secret;
/// ```
///
/// nor compared by `==`, whose time would tell where they differ:
///
/// ```compile_fail
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// assert!(secret == crypto::SecretBytes::from(b"hunter2".to_vec()));
/// ```
/// ```
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// assert!(secret.same_as(&crypto::SecretBytes::from(b"hunter2".to_vec())));
/// ```
///
/// nor serialized:
///
/// ```compile_fail
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// serde_json::to_string(&secret).unwrap();
/// ```
/// ```
/// let secret = crypto::SecretBytes::from(b"hunter2".to_vec());
/// serde_json::to_string(secret.expose()).unwrap();
/// ```
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// The one way out. Whoever calls it answers for where the bytes go.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// `len` fresh random bytes.
    pub fn random(len: usize, random: &dyn Random) -> SecretBytes {
        let mut bytes = SecretBytes::zeros(len);
        random.fill(bytes.expose_mut());
        bytes
    }

    /// Whether both hold the same bytes, in a time that depends on their lengths alone.
    pub fn same_as(&self, other: &SecretBytes) -> bool {
        same(self.expose(), other.expose())
    }

    /// Room for a secret that is about to be written.
    pub(crate) fn zeros(len: usize) -> SecretBytes {
        SecretBytes(Zeroizing::new(vec![0; len]))
    }

    /// A secret that `write` puts straight in its place: it is given `room` bytes and says how many it wrote. The rest
    /// is erased with the secret.
    pub(crate) fn written_by<E>(
        room: usize,
        write: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<SecretBytes, E> {
        let mut secret = SecretBytes::zeros(room);
        let len = write(secret.expose_mut())?;
        secret.0.truncate(len);
        Ok(secret)
    }

    /// The bytes, no longer secret. For what was sealed to be intact rather than to be hidden.
    pub(crate) fn into_vec(mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl From<Vec<u8>> for SecretBytes {
    /// Takes the vector over without copying it.
    fn from(bytes: Vec<u8>) -> SecretBytes {
        SecretBytes(Zeroizing::new(bytes))
    }
}

/// A 256-bit key, erased when dropped. It lives on the heap so that moving its owner leaves no copy behind.
pub(crate) struct Key(Box<[u8; KEY_LEN]>);

impl Key {
    pub(crate) fn generate(random: &dyn Random) -> Key {
        Key::written_by(|out| random.fill(out))
    }

    /// A key that `write` puts straight in its place.
    pub(crate) fn written_by(write: impl FnOnce(&mut [u8; KEY_LEN])) -> Key {
        let mut key = Key(Box::new([0; KEY_LEN]));
        write(&mut key.0);
        key
    }

    /// The key that these bytes are, if there are 32 of them.
    pub(crate) fn from_secret(bytes: &SecretBytes) -> Option<Key> {
        let bytes: &[u8; KEY_LEN] = bytes.expose().try_into().ok()?;
        Some(Key::written_by(|out| out.copy_from_slice(bytes)))
    }

    pub(crate) fn expose(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Whether `a` and `b` are equal, in a time that depends on their lengths alone.
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// Whether all of `digits` are lower-case hexadecimal digits, the only ones our formats know.
pub(crate) fn all_hex(digits: &[u8]) -> bool {
    digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}
