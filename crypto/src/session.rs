//! Session tokens: what STS gives with temporary credentials and gets back with every request. A token holds the whole
//! session, its secret included, so that no store row stands for it; what the bytes inside mean, and whether the
//! session is over, is for whoever opens it.
//!
//! Sealed as every wrapped key is (`wrap`), under a key derived from the store key.

use crate::aead::derive_key;
use crate::secret::{Key, SecretBytes};
use crate::wrap::{unwrap, wrap};
use crate::{Random, StoreKey, Unsealable};

const SESSIONS: &str = "trent session key v1";
const WRAP_SESSION: &str = "trent wrap v1 session token";

/// How many bytes a session may have. Its token comes with every request, in a header: 49 bytes more, and in base64 a
/// third more, it still leaves room among the 16 KiB that all headers share.
pub const MAX_SESSION_LEN: usize = 8 * 1024;

impl StoreKey {
    /// The key that seals session tokens.
    pub fn sessions(&self) -> SessionKey {
        SessionKey(derive_key(&self.0, SESSIONS, &[]))
    }
}

/// Seals session tokens. Tokens sealed under another store key do not open.
pub struct SessionKey(Key);

impl SessionKey {
    /// Seals a session: 49 bytes more than it has, different at every call.
    ///
    /// # Panics
    /// If the session has more than [`MAX_SESSION_LEN`] bytes: no client could hand the token back.
    pub fn seal(&self, session: &SecretBytes, random: &dyn Random) -> Vec<u8> {
        let len = session.expose().len();
        assert!(len <= MAX_SESSION_LEN, "no token has room for a session of {len} bytes");
        wrap(&self.0, WRAP_SESSION, session.expose(), b"", random)
    }

    /// Opens what [`SessionKey::seal`] sealed.
    ///
    /// # Errors
    /// [`Unsealable`] if these bytes are not to the byte a token that was sealed under this key.
    pub fn open(&self, token: &[u8]) -> Result<SecretBytes, Unsealable> {
        unwrap(&self.0, WRAP_SESSION, token, b"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant_token::GrantTokenKey;
    use crate::testing::{Seeded, Stuck};
    use crate::{Kek, Material};
    use proptest::prelude::*;
    use serde_json::Value;

    fn sessions(seed: u64) -> SessionKey {
        StoreKey::generate(&Seeded::new(seed)).sessions()
    }

    fn session(len: usize) -> SecretBytes {
        SecretBytes::random(len, &Seeded::new(len as u64))
    }

    #[test]
    fn a_token_gives_back_what_was_sealed_into_it() {
        for len in [0, 1, 600, MAX_SESSION_LEN] {
            let sealed = sessions(1).seal(&session(len), &Seeded::new(1));
            assert_eq!(sealed.len(), len + 49);
            assert!(sessions(1).open(&sealed).is_ok_and(|opened| opened.same_as(&session(len))), "{len} bytes");
        }
    }

    #[test]
    #[should_panic = "no token has room for a session of 8193 bytes"]
    fn no_token_is_made_that_no_client_could_send() {
        sessions(1).seal(&session(MAX_SESSION_LEN + 1), &Seeded::new(1));
    }

    #[test]
    fn a_token_that_another_library_sealed_opens_and_is_the_one_sealed_here() {
        let vector: Value =
            serde_json::from_str(include_str!("../tests/vectors/session-python.json")).expect("the vector is JSON");
        let bytes = |name: &str| {
            let text = vector[name].as_str().unwrap_or_else(|| panic!("there is no {name}"));
            hex::decode(text).unwrap_or_else(|_| panic!("{name} is not hexadecimal"))
        };
        let store_key = StoreKey(Key::from_secret(&SecretBytes::from(bytes("storeKey"))).expect("32 bytes"));
        let session = SecretBytes::from(bytes("session"));
        assert!(store_key.sessions().open(&bytes("token")).is_ok_and(|opened| opened.same_as(&session)));

        struct Nonce(Vec<u8>);
        impl Random for Nonce {
            fn fill(&self, out: &mut [u8]) {
                out.copy_from_slice(&self.0);
            }
        }
        assert_eq!(store_key.sessions().seal(&session, &Nonce(bytes("nonce"))), bytes("token"));
    }

    #[test]
    fn a_token_with_any_bit_flipped_does_not_open() {
        let (key, mut sealed) = (sessions(1), sessions(1).seal(&session(100), &Seeded::new(1)));
        for bit in 0..8 * sealed.len() {
            sealed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(&sealed).is_err(), "bit {bit}");
            sealed[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(key.open(&sealed).is_ok());
    }

    #[test]
    fn a_token_of_another_length_does_not_open() {
        let (key, sealed) = (sessions(1), sessions(1).seal(&session(100), &Seeded::new(1)));
        for len in 0..sealed.len() {
            assert!(key.open(&sealed[..len]).is_err(), "the first {len} bytes");
            assert!(key.open(&sealed[sealed.len() - len..]).is_err(), "the last {len} bytes");
        }
        assert!(key.open(&[&sealed[..], &[0]].concat()).is_err(), "one byte more");
    }

    #[test]
    fn a_token_of_another_store_or_of_another_kind_does_not_open() {
        let (key, random) = (Key::generate(&Stuck(1)), Seeded::new(1));
        let sessions = SessionKey(key);
        assert!(self::sessions(2).open(&self::sessions(1).seal(&session(9), &random)).is_err(), "another store's");
        let kek = Kek::generate(&Stuck(1));
        assert!(sessions.open(&kek.wrap(&Material::symmetric(&random), b"", &random)).is_err(), "a wrapped key");
        assert!(kek.unwrap(&sessions.seal(&session(32), &random), b"").is_err(), "a session is no key");
        let grants: GrantTokenKey = StoreKey::generate(&Seeded::new(1)).grant_tokens();
        assert!(self::sessions(1).open(&grants.seal(b"grant", &random)).is_err(), "a grant's");
    }

    #[test]
    fn sealing_the_same_session_twice_gives_two_tokens() {
        let (key, random) = (sessions(1), Seeded::new(1));
        assert_ne!(key.seal(&session(40), &random), key.seal(&session(40), &random));
    }

    proptest! {
        #[test]
        fn no_bytes_make_opening_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(sessions(1).open(&bytes).is_err());
        }
    }
}
