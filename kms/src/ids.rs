//! Ids that nobody chooses: of requests, of audit records, of keys.

use crypto::Random;

/// A fresh version 4 UUID in lower case with its dashes (RFC 9562 §5.4).
pub fn uuid(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    as_uuid(bytes)
}

/// The version 4 UUID of bytes that were drawn before.
pub(crate) fn as_uuid(bytes: [u8; 16]) -> String {
    ::uuid::Builder::from_random_bytes(bytes).into_uuid().hyphenated().to_string()
}
