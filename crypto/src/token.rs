//! Import tokens: what a client is given beside a wrapping key's public half and hands back with the material. A token
//! holds the private half, so that no store row stands for it; whether its time is over and whose it is, is for whoever
//! opens it to compare.
//!
//! Sealed as every wrapped key is (`wrap`), under a key derived from the store key; inside:
//!
//! ```text
//! issued(8) ‖ expires(8) ‖ algorithm(1) ‖ len(place)(2) ‖ place ‖ PKCS#8
//! ```
//!
//! Numbers are big-endian, times in milliseconds since the epoch, and the algorithms are numbered 1 to 5. PKCS#8 says
//! itself of which kind the key is.

use crate::aead::derive_key;
use crate::secret::{Key, SecretBytes};
use crate::wrap::{unwrap, wrap};
use crate::wrapping::{WrappingAlgorithm, WrappingKey};
use crate::{Random, StoreKey, Unsealable};

const TOKENS: &str = "trent token key v1";
const WRAP_TOKEN: &str = "trent wrap v1 import token";
/// All that stands before the place.
const HEAD_LEN: usize = 8 + 8 + 1 + 2;

/// How many bytes a place may have: AWS's limit for an ARN. With an RSA_4096 key this makes a token of less than the
/// 6144 bytes that ImportKeyMaterial takes.
pub const MAX_PLACE_LEN: usize = 2048;

impl StoreKey {
    /// The key that seals import tokens.
    pub fn tokens(&self) -> TokenKey {
        TokenKey(derive_key(&self.0, TOKENS, &[]))
    }
}

/// Seals import tokens. Tokens sealed under another store key do not open.
pub struct TokenKey(Key);

/// What a token says.
pub struct Token {
    /// The KMS key that the material is for: its ARN.
    pub place: String,
    /// How the material is to be wrapped.
    pub algorithm: WrappingAlgorithm,
    /// When the token was made, in milliseconds since the epoch.
    pub issued_at_ms: i64,
    /// When it ceases to be good.
    pub expires_at_ms: i64,
    /// What unwraps the material.
    pub key: WrappingKey,
}

impl TokenKey {
    /// Seals `token`: at most 6144 bytes, different at every call.
    ///
    /// # Panics
    /// If the place has more than [`MAX_PLACE_LEN`] bytes, or the key does not take the algorithm
    /// ([`WrappingKeySpec::takes`](crate::wrapping::WrappingKeySpec::takes)): no client could use the token.
    pub fn seal(&self, token: &Token, random: &dyn Random) -> Vec<u8> {
        wrap(&self.0, WRAP_TOKEN, token.to_secret().expose(), b"", random)
    }

    /// Opens what [`TokenKey::seal`] sealed. Nothing in it has been compared yet: not the place, not the time.
    ///
    /// # Errors
    /// [`Unsealable`] if these bytes are not to the byte a token that was sealed under this key.
    pub fn open(&self, bytes: &[u8]) -> Result<Token, Unsealable> {
        let secret = unwrap(&self.0, WRAP_TOKEN, bytes, b"")?;
        Token::from_secret(&secret)
    }
}

impl Token {
    fn to_secret(&self) -> SecretBytes {
        assert!(self.place.len() <= MAX_PLACE_LEN, "no token has room for a place of {} bytes", self.place.len());
        let (spec, algorithm) = (self.key.spec(), self.algorithm);
        assert!(spec.takes(algorithm), "a wrapping key of {spec} does not take {algorithm}");
        let pkcs8 = self.key.to_pkcs8();
        let place_len = u16::try_from(self.place.len()).expect("the limit is below 2^16");
        // All the room at once: a vector that grows leaves copies of the key behind.
        let mut bytes = Vec::with_capacity(HEAD_LEN + self.place.len() + pkcs8.expose().len());
        bytes.extend_from_slice(&self.issued_at_ms.to_be_bytes());
        bytes.extend_from_slice(&self.expires_at_ms.to_be_bytes());
        bytes.push(number(self.algorithm));
        bytes.extend_from_slice(&place_len.to_be_bytes());
        bytes.extend_from_slice(self.place.as_bytes());
        bytes.extend_from_slice(pkcs8.expose());
        SecretBytes::from(bytes)
    }

    fn from_secret(secret: &SecretBytes) -> Result<Token, Unsealable> {
        let (issued, rest) = secret.expose().split_first_chunk().ok_or(Unsealable)?;
        let (expires, rest) = rest.split_first_chunk().ok_or(Unsealable)?;
        let (&[algorithm], rest) = rest.split_first_chunk().ok_or(Unsealable)?;
        let (place_len, rest) = rest.split_first_chunk().ok_or(Unsealable)?;
        let (place, pkcs8) = rest.split_at_checked(u16::from_be_bytes(*place_len).into()).ok_or(Unsealable)?;
        let (algorithm, key) = (numbered(algorithm).ok_or(Unsealable)?, WrappingKey::from_pkcs8(pkcs8)?);
        if !key.spec().takes(algorithm) {
            return Err(Unsealable);
        }
        Ok(Token {
            place: std::str::from_utf8(place).map_err(|_| Unsealable)?.to_owned(),
            algorithm,
            issued_at_ms: i64::from_be_bytes(*issued),
            expires_at_ms: i64::from_be_bytes(*expires),
            key,
        })
    }
}

/// The number of an algorithm in a token, which never changes.
const fn number(algorithm: WrappingAlgorithm) -> u8 {
    match algorithm {
        WrappingAlgorithm::RsaesOaepSha1 => 1,
        WrappingAlgorithm::RsaesOaepSha256 => 2,
        WrappingAlgorithm::RsaAesKeyWrapSha1 => 3,
        WrappingAlgorithm::RsaAesKeyWrapSha256 => 4,
        WrappingAlgorithm::Sm2Pke => 5,
    }
}

fn numbered(number_read: u8) -> Option<WrappingAlgorithm> {
    WrappingAlgorithm::ALL.iter().copied().find(|algorithm| number(*algorithm) == number_read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Seeded, Stuck, wrapping_key};
    use crate::wrapping::{WrappingKeySpec, wrap as wrap_material};
    use crate::{Kek, Material};
    use proptest::prelude::*;
    use serde_json::Value;

    const PLACE: &str = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    /// AWS's limit for a token that comes back.
    const LONGEST: usize = 6144;

    fn tokens(seed: u64) -> TokenKey {
        StoreKey::generate(&Seeded::new(seed)).tokens()
    }

    fn token(place: &str, algorithm: WrappingAlgorithm, spec: WrappingKeySpec) -> Token {
        let (issued_at_ms, expires_at_ms) = (1_789_000_000_123, 1_789_086_400_123);
        Token { place: place.to_owned(), algorithm, issued_at_ms, expires_at_ms, key: wrapping_key(spec) }
    }

    fn a_token() -> Token {
        token(PLACE, WrappingAlgorithm::RsaesOaepSha256, WrappingKeySpec::Rsa2048)
    }

    /// What a token says, in a form that can be compared.
    fn said(token: &Token) -> (&str, WrappingAlgorithm, i64, i64, Vec<u8>) {
        (&token.place, token.algorithm, token.issued_at_ms, token.expires_at_ms, token.key.public_key())
    }

    #[test]
    fn a_token_says_what_was_sealed_into_it() {
        let random = Seeded::new(1);
        for spec in WrappingKeySpec::ALL.iter().copied() {
            for algorithm in WrappingAlgorithm::ALL.iter().copied().filter(|algorithm| spec.takes(*algorithm)) {
                for place in ["", PLACE, "arn:ü", &"a".repeat(MAX_PLACE_LEN)] {
                    let mut token = token(place, algorithm, spec);
                    (token.issued_at_ms, token.expires_at_ms) = (i64::MIN, i64::MAX - place.len() as i64);
                    let sealed = tokens(1).seal(&token, &random);
                    let opened = tokens(1).open(&sealed).unwrap_or_else(|_| panic!("{spec} {algorithm} {place}"));
                    assert_eq!(said(&opened), said(&token));
                }
            }
        }
    }

    #[test]
    fn the_key_of_a_token_unwraps_what_was_wrapped_for_it() {
        for (algorithm, spec) in [
            (WrappingAlgorithm::RsaAesKeyWrapSha256, WrappingKeySpec::Rsa3072),
            (WrappingAlgorithm::Sm2Pke, WrappingKeySpec::Sm2),
        ] {
            let token = token(PLACE, algorithm, spec);
            let wrapped = wrap_material(&token.key.public_key(), token.algorithm, &[7; 32]);
            let opened = tokens(1).open(&tokens(1).seal(&token, &Seeded::new(1))).expect("it opens");
            assert!(opened.key.unwrap(opened.algorithm, &wrapped).is_ok_and(|material| material.expose() == [7; 32]));
        }
    }

    #[test]
    #[should_panic = "a wrapping key of RSA_2048 does not take SM2PKE"]
    fn no_token_is_made_whose_key_does_not_take_its_algorithm() {
        tokens(1).seal(&token(PLACE, WrappingAlgorithm::Sm2Pke, WrappingKeySpec::Rsa2048), &Seeded::new(1));
    }

    #[test]
    fn the_longest_token_is_one_that_a_client_can_send() {
        let place = "a".repeat(MAX_PLACE_LEN);
        let token = token(&place, WrappingAlgorithm::RsaAesKeyWrapSha256, WrappingKeySpec::Rsa4096);
        let len = tokens(1).seal(&token, &Seeded::new(1)).len();
        assert!(len <= LONGEST, "{len} bytes");
    }

    #[test]
    #[should_panic = "no token has room for a place of 2049 bytes"]
    fn no_token_is_made_that_no_client_could_send() {
        let place = "a".repeat(MAX_PLACE_LEN + 1);
        let token = token(&place, WrappingAlgorithm::RsaesOaepSha1, WrappingKeySpec::Rsa2048);
        tokens(1).seal(&token, &Seeded::new(1));
    }

    #[test]
    fn a_token_that_another_library_sealed_opens_and_is_the_one_sealed_here() {
        let vectors: Value =
            serde_json::from_str(include_str!("../tests/vectors/import-python.json")).expect("the vectors are JSON");
        let text = |name: &str| vectors["token"][name].as_str().unwrap_or_else(|| panic!("there is no {name}"));
        let bytes = |name: &str| hex::decode(text(name)).unwrap_or_else(|_| panic!("{name} is not hexadecimal"));
        let store_key = StoreKey(Key::from_secret(&SecretBytes::from(bytes("storeKey"))).expect("32 bytes"));
        let token = Token {
            place: text("place").to_owned(),
            algorithm: WrappingAlgorithm::parse(text("algorithm")).expect("an algorithm"),
            issued_at_ms: vectors["token"]["issued"].as_i64().expect("a time"),
            expires_at_ms: vectors["token"]["expires"].as_i64().expect("a time"),
            key: wrapping_key(WrappingKeySpec::parse(text("spec")).expect("a spec")),
        };
        let opened = store_key.tokens().open(&bytes("token")).expect("it opens");
        assert_eq!(said(&opened), said(&token));

        struct Nonce(Vec<u8>);
        impl Random for Nonce {
            fn fill(&self, out: &mut [u8]) {
                out.copy_from_slice(&self.0);
            }
        }
        assert_eq!(hex::encode(store_key.tokens().seal(&token, &Nonce(bytes("nonce")))), text("token"));
    }

    #[test]
    fn a_token_with_any_bit_flipped_does_not_open() {
        let (tokens, mut sealed) = (tokens(1), tokens(1).seal(&a_token(), &Seeded::new(1)));
        for bit in 0..8 * sealed.len() {
            sealed[bit / 8] ^= 1 << (bit % 8);
            assert!(tokens.open(&sealed).is_err(), "bit {bit}");
            sealed[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(tokens.open(&sealed).is_ok());
    }

    #[test]
    fn a_token_of_another_length_does_not_open() {
        let (tokens, sealed) = (tokens(1), tokens(1).seal(&a_token(), &Seeded::new(1)));
        for len in 0..sealed.len() {
            assert!(tokens.open(&sealed[..len]).is_err(), "the first {len} bytes");
            assert!(tokens.open(&sealed[sealed.len() - len..]).is_err(), "the last {len} bytes");
            let (mut longer, mut shorter) = (sealed.clone(), sealed.clone());
            longer.insert(len, sealed[len]);
            shorter.remove(len);
            assert!(tokens.open(&longer).is_err(), "one byte more at {len}");
            assert!(tokens.open(&shorter).is_err(), "one byte less at {len}");
        }
        assert!(tokens.open(&[&sealed[..], &[0]].concat()).is_err(), "one byte more at the end");
        assert!(tokens.open(&[&sealed[..], &sealed[..]].concat()).is_err(), "twice");
    }

    #[test]
    fn no_part_of_one_token_fits_into_another() {
        let (tokens, random) = (tokens(1), Seeded::new(1));
        let [a, b] = [(); 2].map(|()| tokens.seal(&a_token(), &random));
        let end = a.len();
        for (part, range) in [("nonce", 1..33), ("ciphertext", 33..end - 16), ("tag", end - 16..end)] {
            let mut mixed = a.clone();
            mixed[range.clone()].copy_from_slice(&b[range]);
            assert!(tokens.open(&mixed).is_err(), "{part}");
        }
    }

    #[test]
    fn a_token_of_another_store_does_not_open() {
        let sealed = tokens(1).seal(&a_token(), &Seeded::new(1));
        assert!(tokens(1).open(&sealed).is_ok());
        assert!(tokens(2).open(&sealed).is_err());
    }

    #[test]
    fn a_key_wrapped_under_the_same_bytes_is_no_token() {
        let (tokens, kek) = (TokenKey(Key::generate(&Stuck(1))), Kek::generate(&Stuck(1)));
        let random = Seeded::new(1);
        assert!(tokens.open(&kek.wrap(&Material::symmetric(&random), b"", &random)).is_err());
        assert!(kek.unwrap(&tokens.seal(&a_token(), &random), b"").is_err());
    }

    #[test]
    fn sealing_the_same_token_twice_gives_two_forms() {
        let (tokens, random) = (tokens(1), Seeded::new(1));
        assert_ne!(tokens.seal(&a_token(), &random), tokens.seal(&a_token(), &random));
    }

    #[test]
    fn what_is_sealed_but_of_another_form_is_no_token() {
        let secret = a_token().to_secret();
        let secret = secret.expose();
        let opens = |bytes: &[u8]| Token::from_secret(&SecretBytes::from(bytes.to_vec())).is_ok();
        let with = |at: usize, byte: u8| {
            let mut bytes = secret.to_vec();
            bytes[at] = byte;
            bytes
        };
        assert!(opens(secret));
        for len in 0..secret.len() {
            assert!(!opens(&secret[..len]), "{len} bytes");
        }
        assert!(!opens(&[secret, &[0]].concat()), "a byte too many");
        for number in (0..=255).filter(|number| !(1..=4).contains(number)) {
            assert!(!opens(&with(16, number)), "algorithm {number}, which is none of RSA's");
        }
        for (place_len, at) in [(PLACE.len() - 1, 18), (PLACE.len() + 1, 18), (255, 17)] {
            assert!(!opens(&with(at, place_len as u8)), "byte {at} is {place_len}");
        }
        assert!(!opens(&with(HEAD_LEN, 0xff)), "a place that is not UTF-8");
    }

    proptest! {
        #[test]
        fn no_bytes_make_opening_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(tokens(1).open(&bytes).is_err());
            prop_assert!(Token::from_secret(&SecretBytes::from(bytes)).is_err());
        }
    }
}
