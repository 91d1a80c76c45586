//! Ids and secrets, drawn as AWS's look. That an id is new is for whoever writes its row to see.

use crypto::{Random, SecretBytes};

/// The letters of AWS's ids: base32's.
const ID_LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The letters of AWS's secrets: base64's.
const SECRET_LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// How many letters a secret has: 240 random bits.
pub(crate) const SECRET_LEN: usize = 40;

/// A user's unique id: `AIDA` and 17 letters.
pub(crate) fn user(random: &dyn Random) -> String {
    id::<17>("AIDA", random)
}

/// A role's unique id: `AROA` and 17 letters.
pub(crate) fn role(random: &dyn Random) -> String {
    id::<17>("AROA", random)
}

/// The id of an access key: `AKIA` and 16 letters.
pub(crate) fn access_key(random: &dyn Random) -> String {
    id::<16>("AKIA", random)
}

/// The id of a session's access key: `ASIA` and 16 letters.
pub(crate) fn session_key(random: &dyn Random) -> String {
    id::<16>("ASIA", random)
}

/// 12 digits, the first not zero, so that no program takes it for a number and drops a digit.
pub(crate) fn account(random: &dyn Random) -> String {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    (100_000_000_000 + u64::from_be_bytes(bytes) % 900_000_000_000).to_string()
}

/// A secret access key.
pub(crate) fn secret(random: &dyn Random) -> SecretBytes {
    let mut bytes = vec![0; SECRET_LEN];
    random.fill(&mut bytes);
    for byte in &mut bytes {
        *byte = SECRET_LETTERS[usize::from(*byte % 64)];
    }
    SecretBytes::from(bytes)
}

fn id<const LETTERS: usize>(kind: &str, random: &dyn Random) -> String {
    let mut bytes = [0; LETTERS];
    random.fill(&mut bytes);
    let letters = bytes.iter().map(|byte| char::from(ID_LETTERS[usize::from(byte % 32)]));
    kind.chars().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::testing::Seeded;

    #[test]
    fn ids_look_as_those_of_aws() {
        let random = Seeded::new(1);
        for (id, kind, len) in [
            (user(&random), "AIDA", 21),
            (role(&random), "AROA", 21),
            (access_key(&random), "AKIA", 20),
            (session_key(&random), "ASIA", 20),
        ] {
            assert!(id.starts_with(kind) && id.len() == len, "{id}");
            assert!(id.bytes().all(|byte| ID_LETTERS.contains(&byte)), "{id}");
        }
        for _ in 0..1000 {
            let account = account(&random);
            assert!(account.len() == 12 && !account.starts_with('0') && account.bytes().all(|b| b.is_ascii_digit()));
        }
        assert_eq!(secret(&random).expose().len(), SECRET_LEN);
    }
}
