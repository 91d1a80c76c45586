//! The ciphertext a client is given: which material opens it, and the plaintext under a key that no other message
//! has. `docs/ciphertext.md` specifies it to the byte; who may open it is not asked here.
//!
//! ```text
//! version(1) = 1 ‖ account(12) ‖ key id(36) ‖ material id(32) ‖ N(32) ‖ commitment(32) ‖ ciphertext ‖ tag(16)
//! ```

use crate::aead::{IV_LEN, TAG_LEN, derive, open as open_sealed, seal};
use crate::material::Material;
use crate::random::draw;
use crate::secret::{KEY_LEN, Key, SecretBytes, all_hex, same};
use crate::{Random, Unsealable, sha256};
use aws_lc_rs::hmac;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const ACCOUNT_LEN: usize = 12;
const KEY_ID_LEN: usize = 36;
const MATERIAL_ID_LEN: usize = 32;
const NONCE_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;
/// Version, account, key id and material id: what says where a blob belongs.
const PLACE_LEN: usize = 1 + ACCOUNT_LEN + KEY_ID_LEN + MATERIAL_ID_LEN;
/// All that stands before the ciphertext.
const HEAD_LEN: usize = PLACE_LEN + NONCE_LEN + COMMITMENT_LEN;
const LABEL: &str = "trent blob v1";

/// How many bytes a blob is longer than its plaintext.
pub const OVERHEAD: usize = HEAD_LEN + TAG_LEN;

/// Where a blob belongs: the key and the material that open it. It stands in the blob in the clear, authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The 12 digits of the account that owns the key.
    pub account: &'a str,
    /// The key's id, 36 bytes: a lower-case UUID, or `mrk-` and 32 lower-case hexadecimal digits.
    pub key_id: &'a str,
    /// The id of the material, which outlives its rotation.
    pub material_id: [u8; MATERIAL_ID_LEN],
}

/// A blob taken apart. It has the form of a blob; nothing in it is authenticated before [`open`] has succeeded.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a> {
    place: Place<'a>,
    head: &'a [u8; HEAD_LEN],
    nonce: &'a [u8; NONCE_LEN],
    commitment: &'a [u8; COMMITMENT_LEN],
    sealed: &'a [u8],
}

impl<'a> Blob<'a> {
    /// Takes a blob apart, strictly: a version, account or key id that [`Sealer::seal`] would not have written is
    /// refused.
    ///
    /// # Errors
    /// [`Unsealable`] if these bytes are not a blob of ours.
    pub fn parse(bytes: &'a [u8]) -> Result<Blob<'a>, Unsealable> {
        let (head, sealed) = bytes.split_first_chunk::<HEAD_LEN>().ok_or(Unsealable)?;
        let (&version, rest) = head.split_first().ok_or(Unsealable)?;
        let (account, rest) = rest.split_first_chunk::<ACCOUNT_LEN>().ok_or(Unsealable)?;
        let (key_id, rest) = rest.split_first_chunk::<KEY_ID_LEN>().ok_or(Unsealable)?;
        let (material_id, rest) = rest.split_first_chunk().ok_or(Unsealable)?;
        let (nonce, rest) = rest.split_first_chunk().ok_or(Unsealable)?;
        let commitment = rest.try_into().map_err(|_| Unsealable)?;
        if version != VERSION || !is_account(account) || !is_key_id(key_id) || sealed.len() < TAG_LEN {
            return Err(Unsealable);
        }
        let place = Place {
            account: std::str::from_utf8(account).map_err(|_| Unsealable)?,
            key_id: std::str::from_utf8(key_id).map_err(|_| Unsealable)?,
            material_id: *material_id,
        };
        Ok(Blob { place, head, nonce, commitment, sealed })
    }

    /// The account that owns the key.
    pub fn account(&self) -> &'a str {
        self.place.account
    }

    /// The id of the key.
    pub fn key_id(&self) -> &'a str {
        self.place.key_id
    }

    /// The id of the material.
    pub fn material_id(&self) -> [u8; MATERIAL_ID_LEN] {
        self.place.material_id
    }
}

/// Makes blobs. One per process: it holds the secret and the counter that keep N from repeating when the random
/// source does (a broken generator, a cloned virtual machine).
pub struct Sealer {
    hedge: hmac::Key,
    sealed: AtomicU64,
}

impl Sealer {
    /// A sealer with a process secret of its own.
    pub fn new(random: &dyn Random) -> Sealer {
        let secret = Key::generate(random);
        Sealer { hedge: hmac::Key::new(hmac::HMAC_SHA256, secret.expose()), sealed: AtomicU64::new(0) }
    }

    /// Seals `plaintext` under a key of its own: [`OVERHEAD`] bytes longer, different at every call.
    ///
    /// # Panics
    /// If `place` is not of the form that [`Place`] promises, or `material` is not symmetric: such a blob could never be
    /// opened again.
    pub fn seal(
        &self,
        material: &Material,
        place: &Place<'_>,
        context: &BTreeMap<String, String>,
        plaintext: &[u8],
        random: &dyn Random,
    ) -> Vec<u8> {
        let blob = begin(place, plaintext.len());
        let context = canonical(context);
        let nonce = self.nonce(&blob, &context, plaintext, random);
        let key = material.symmetric_key().expect("only symmetric material seals blobs");
        finish(blob, key, &context, &nonce, plaintext)
    }

    /// N = HMAC(process secret, random(32) ‖ counter(8) ‖ SHA-256(plaintext) ‖ place ‖ context). A clone of this process
    /// has the secret, the counter and perhaps the random bytes; then two messages share N only if they are the same
    /// message.
    fn nonce(&self, place: &[u8], context: &[u8], plaintext: &[u8], random: &dyn Random) -> [u8; NONCE_LEN] {
        let drawn: [u8; 32] = draw(random);
        let counter = self.sealed.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let input = Zeroizing::new([&drawn[..], &counter, &sha256(plaintext), place, context].concat());
        let mut nonce = [0; NONCE_LEN];
        hmac::sign_to_buffer(&self.hedge, &input, &mut nonce).expect("the buffer has the length of the tag");
        nonce
    }
}

/// Opens a blob with the material it names and the context it was sealed with.
///
/// # Errors
/// [`Unsealable`] for every way in which material, context and blob do not belong together.
pub fn open(
    material: &Material,
    blob: &Blob<'_>,
    context: &BTreeMap<String, String>,
) -> Result<SecretBytes, Unsealable> {
    let key = material.symmetric_key().ok_or(Unsealable)?;
    let once = Once::derive(key, blob.nonce, &blob.head[..PLACE_LEN], &canonical(context));
    // First, because GCM alone can be made to open one ciphertext under two keys (Dodis, Grubbs, Ristenpart,
    // Woodage: "Fast Message Franking", 2018).
    if !same(once.commitment(), blob.commitment) {
        return Err(Unsealable);
    }
    open_sealed(once.key(), once.iv(), blob.head, blob.sealed)
}

/// Version and place, with room for all that follows.
fn begin(place: &Place<'_>, plaintext_len: usize) -> Vec<u8> {
    assert!(
        is_account(place.account.as_bytes()) && is_key_id(place.key_id.as_bytes()),
        "a blob for account {:?} and key id {:?} could never be opened",
        place.account,
        place.key_id
    );
    let mut blob = Vec::with_capacity(OVERHEAD + plaintext_len);
    blob.push(VERSION);
    blob.extend_from_slice(place.account.as_bytes());
    blob.extend_from_slice(place.key_id.as_bytes());
    blob.extend_from_slice(&place.material_id);
    blob
}

/// What follows version and place.
fn finish(mut blob: Vec<u8>, key: &Key, context: &[u8], nonce: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    let once = Once::derive(key, nonce, &blob, context);
    blob.extend_from_slice(nonce);
    blob.extend_from_slice(once.commitment());
    blob.extend_from_slice(plaintext);
    let (head, buffer) = blob.split_at_mut(HEAD_LEN);
    let tag = seal(once.key(), once.iv(), head, buffer);
    blob.extend_from_slice(&tag);
    blob
}

/// What one message has for itself: key(32) ‖ IV(12) ‖ commitment(32).
struct Once(Zeroizing<[u8; KEY_LEN + IV_LEN + COMMITMENT_LEN]>);

impl Once {
    /// All that the message is bound to enters as one hash: SHA-256(N ‖ place ‖ context), where N and place have fixed
    /// lengths, so that the three cannot run into each other.
    fn derive(key: &Key, nonce: &[u8; NONCE_LEN], place: &[u8], context: &[u8]) -> Once {
        let bound = sha256(&[nonce, place, context].concat());
        let mut once = Once(Zeroizing::new([0; KEY_LEN + IV_LEN + COMMITMENT_LEN]));
        derive(key, LABEL, &[&bound], once.0.as_mut());
        once
    }

    fn key(&self) -> &[u8; KEY_LEN] {
        self.0.first_chunk().expect("76 bytes begin with 32")
    }

    fn iv(&self) -> [u8; IV_LEN] {
        *self.0[KEY_LEN..].first_chunk().expect("76 bytes have 12 after the first 32")
    }

    fn commitment(&self) -> &[u8; COMMITMENT_LEN] {
        self.0.last_chunk().expect("76 bytes end with 32")
    }
}

/// The canonical form of an encryption context: the number of pairs, then the pairs sorted by the UTF-8 bytes of their
/// keys, key and value each after its length. All numbers are 8 bytes, big-endian. No context is the empty context.
///
/// INVARIANT: the order of a `BTreeMap<String, _>` is the order of the UTF-8 bytes.
fn canonical(context: &BTreeMap<String, String>) -> Vec<u8> {
    let texts = || context.iter().flat_map(|(key, value)| [key, value]);
    let mut form = Vec::with_capacity(8 + texts().map(|text| 8 + text.len()).sum::<usize>());
    form.extend_from_slice(&(context.len() as u64).to_be_bytes());
    for text in texts() {
        form.extend_from_slice(&(text.len() as u64).to_be_bytes());
        form.extend_from_slice(text.as_bytes());
    }
    form
}

fn is_account(bytes: &[u8]) -> bool {
    bytes.len() == ACCOUNT_LEN && bytes.iter().all(u8::is_ascii_digit)
}

fn is_key_id(bytes: &[u8]) -> bool {
    bytes.len() == KEY_ID_LEN && (bytes.strip_prefix(b"mrk-").is_some_and(all_hex) || is_uuid(bytes))
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.split(|byte| *byte == b'-').map(<[u8]>::len).eq([8, 4, 4, 4, 12])
        && bytes.split(|byte| *byte == b'-').all(all_hex)
}

#[cfg(test)]
mod tests;
