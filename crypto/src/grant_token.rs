//! Grant tokens: what CreateGrant gives beside a grant's id. A token proves that this store once gave it out for one
//! grant, and nothing else; whether that grant is still there and whom it is for, is for whoever opens it to ask.
//!
//! Sealed as every wrapped key is (`wrap`), under a key derived from the store key, behind three bytes that never
//! change. Inside, padded with zeros so that every token has the same length:
//!
//! ```text
//! len(grant)(2) ‖ grant ‖ 00 …
//! ```

use crate::aead::derive_key;
use crate::secret::{Key, SecretBytes};
use crate::wrap::{unwrap, wrap};
use crate::{Random, StoreKey, Unsealable};

const GRANT_TOKENS: &str = "trent grant token key v1";
const WRAP_GRANT_TOKEN: &str = "trent wrap v1 grant token";

/// What every token begins with: `AQpA` in base64, as the tokens of AWS do.
const HEAD: [u8; 3] = [0x01, 0x0a, 0x40];

/// How many bytes a token has: 491 characters of base64 without padding, as AWS's was recorded.
pub const TOKEN_LEN: usize = 368;

/// What is sealed: a token without its head and without what sealing adds.
const INNER_LEN: usize = TOKEN_LEN - HEAD.len() - crate::wrap::OVERHEAD;

/// How many bytes may name a grant in a token.
pub const MAX_GRANT_LEN: usize = INNER_LEN - 2;

impl StoreKey {
    /// The key that seals grant tokens.
    pub fn grant_tokens(&self) -> GrantTokenKey {
        GrantTokenKey(derive_key(&self.0, GRANT_TOKENS, &[]))
    }
}

/// Seals grant tokens. Tokens sealed under another store key do not open.
pub struct GrantTokenKey(Key);

impl GrantTokenKey {
    /// A token for what `grant` names: [`TOKEN_LEN`] bytes, different at every call.
    ///
    /// # Panics
    /// If the name has more than [`MAX_GRANT_LEN`] bytes.
    pub fn seal(&self, grant: &[u8], random: &dyn Random) -> Vec<u8> {
        assert!(grant.len() <= MAX_GRANT_LEN, "no token has room for a grant's name of {} bytes", grant.len());
        let mut inner = vec![0; INNER_LEN];
        let (length, rest) = inner.split_at_mut(2);
        length.copy_from_slice(&u16::try_from(grant.len()).expect("the limit is below 2^16").to_be_bytes());
        rest[..grant.len()].copy_from_slice(grant);
        let mut token = HEAD.to_vec();
        token.extend(wrap(&self.0, WRAP_GRANT_TOKEN, &inner, &HEAD, random));
        token
    }

    /// The name that [`GrantTokenKey::seal`] sealed. The tag is compared in constant time, and nothing is read before.
    ///
    /// # Errors
    /// [`Unsealable`] if these bytes are not to the byte a token that was sealed under this key.
    pub fn open(&self, token: &[u8]) -> Result<Vec<u8>, Unsealable> {
        // A client's bytes may be many; those of another length are none of ours.
        if token.len() != TOKEN_LEN {
            return Err(Unsealable);
        }
        let sealed = token.strip_prefix(&HEAD).ok_or(Unsealable)?;
        let inner: SecretBytes = unwrap(&self.0, WRAP_GRANT_TOKEN, sealed, &HEAD)?;
        let (length, rest) = inner.expose().split_first_chunk().ok_or(Unsealable)?;
        let (grant, padding) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(Unsealable)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Unsealable);
        }
        Ok(grant.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Seeded, Stuck};
    use crate::{Kek, Material};

    const GRANT: &[u8] = b"the name of a grant, of any bytes: \xab\xcd\0\xff";

    fn tokens(seed: u64) -> GrantTokenKey {
        StoreKey::generate(&Seeded::new(seed)).grant_tokens()
    }

    #[test]
    fn a_token_names_what_was_sealed_into_it_and_always_has_one_length() {
        let random = Seeded::new(1);
        for grant in [b"".as_slice(), GRANT, &[0; 7], &[0xff; MAX_GRANT_LEN]] {
            let token = tokens(1).seal(grant, &random);
            assert_eq!(token.len(), TOKEN_LEN);
            assert_eq!(token[..3], HEAD);
            assert_eq!(tokens(1).open(&token), Ok(grant.to_vec()));
        }
        assert_eq!((TOKEN_LEN * 4).div_ceil(3), 491, "characters of base64 without padding");
    }

    #[test]
    #[should_panic = "no token has room for a grant's name of 315 bytes"]
    fn no_token_is_made_for_a_name_that_it_has_no_room_for() {
        tokens(1).seal(&[1; MAX_GRANT_LEN + 1], &Seeded::new(1));
    }

    #[test]
    fn a_token_with_any_bit_flipped_does_not_open() {
        let (tokens, mut token) = (tokens(1), tokens(1).seal(GRANT, &Seeded::new(1)));
        for bit in 0..8 * token.len() {
            token[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(tokens.open(&token), Err(Unsealable), "bit {bit}");
            token[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(tokens.open(&token).is_ok());
    }

    #[test]
    fn a_token_of_another_length_does_not_open() {
        let (tokens, token) = (tokens(1), tokens(1).seal(GRANT, &Seeded::new(1)));
        for len in 0..token.len() {
            assert!(tokens.open(&token[..len]).is_err(), "the first {len} bytes");
            let (mut longer, mut shorter) = (token.clone(), token.clone());
            longer.insert(len, token[len]);
            shorter.remove(len);
            assert!(tokens.open(&longer).is_err(), "one byte more at {len}");
            assert!(tokens.open(&shorter).is_err(), "one byte less at {len}");
        }
        assert!(tokens.open(&[&token[..], &token[..]].concat()).is_err(), "twice");
    }

    #[test]
    fn no_part_of_one_token_fits_into_another() {
        let (tokens, random) = (tokens(1), Seeded::new(1));
        let [a, b] = [(); 2].map(|()| tokens.seal(GRANT, &random));
        assert_ne!(a, b, "a token is different at every call");
        let end = a.len();
        for (part, range) in [("nonce", 4..36), ("ciphertext", 36..end - 16), ("tag", end - 16..end)] {
            let mut mixed = a.clone();
            mixed[range.clone()].copy_from_slice(&b[range]);
            assert!(tokens.open(&mixed).is_err(), "{part}");
        }
    }

    #[test]
    fn a_token_of_another_store_does_not_open() {
        let token = tokens(1).seal(GRANT, &Seeded::new(1));
        assert!(tokens(1).open(&token).is_ok());
        assert!(tokens(2).open(&token).is_err());
    }

    #[test]
    fn bytes_sealed_for_something_else_under_the_same_key_are_no_token() {
        let (tokens, kek) = (GrantTokenKey(Key::generate(&Stuck(1))), Kek::generate(&Stuck(1)));
        let random = Seeded::new(1);
        let wrapped = kek.wrap(&Material::symmetric(&random), b"", &random);
        assert!(tokens.open(&wrapped).is_err());
        let key = Key::generate(&Stuck(1));
        let mislabelled =
            [&HEAD[..], &wrap(&key, "trent wrap v1 import token", &[0; INNER_LEN], &HEAD, &random)].concat();
        assert!(tokens.open(&mislabelled).is_err());
    }

    #[test]
    fn what_is_sealed_but_of_another_form_is_no_token() {
        let (tokens, random) = (tokens(1), Seeded::new(1));
        let sealed = |inner: &[u8]| [&HEAD[..], &wrap(&tokens.0, WRAP_GRANT_TOKEN, inner, &HEAD, &random)].concat();
        let mut padded = [0; INNER_LEN];
        assert_eq!(tokens.open(&sealed(&padded)), Ok(Vec::new()));
        padded[INNER_LEN - 1] = 1;
        assert!(tokens.open(&sealed(&padded)).is_err(), "what follows the name is not zero");
        let mut too_long = [0; INNER_LEN];
        too_long[..2].copy_from_slice(&u16::try_from(MAX_GRANT_LEN + 1).expect("small").to_be_bytes());
        assert!(tokens.open(&sealed(&too_long)).is_err(), "the name is longer than the token");
    }

    #[test]
    fn the_key_of_grant_tokens_is_no_other_key_of_the_store() {
        let store_key = StoreKey::generate(&Seeded::new(1));
        let derived =
            [derive_key(&store_key.0, GRANT_TOKENS, &[]), derive_key(&store_key.0, "trent token key v1", &[])];
        assert_ne!(derived[0].expose(), derived[1].expose());
    }
}
