//! A session token, as a client could hand it in: what nobody sealed never opens, what was sealed opens only as it was
//! made and only in its own store, and what is sealed and no session is none.

#![no_main]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto::session::{MAX_SESSION_LEN, SessionKey};
use crypto::testing::Seeded;
use crypto::{SecretBytes, StoreKey};
use iam::sts::Session;
use libfuzzer_sys::fuzz_target;

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static SESSIONS: LazyLock<SessionKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).sessions());
/// Seals nothing: the fuzzer learns short tokens of the others by watching them compared.
static UNUSED: LazyLock<SessionKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).sessions());
static OTHERS: LazyLock<SessionKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).sessions());

fuzz_target!(|input: &[u8]| {
    let Some((header, rest)) = input.split_first_chunk::<2>() else { return };
    let at = usize::from(u16::from_be_bytes(*header));
    assert!(UNUSED.open(rest).is_err(), "bytes that nobody sealed have opened");
    let text = String::from_utf8_lossy(rest);
    assert!(Session::open(&text, &UNUSED).is_err(), "a text that nobody sealed has opened");

    let session = SecretBytes::from(rest[..rest.len().min(MAX_SESSION_LEN)].to_vec());
    let sealed = SESSIONS.seal(&session, &*RANDOM);
    assert!(SESSIONS.open(&sealed).is_ok_and(|opened| opened.same_as(&session)), "it does not open as it was made");
    assert!(OTHERS.open(&sealed).is_err(), "a token has opened under another store's key");
    let again = SESSIONS.seal(&session, &*RANDOM);
    for wrong in edits(&sealed, &again, at) {
        assert!(wrong == sealed || wrong == again || SESSIONS.open(&wrong).is_err(), "an edited token has opened");
    }
    resealed(&STANDARD.encode(&sealed));
});

/// One bit flipped, the end cut off, one byte too many, and the end of another token of the same session.
fn edits(sealed: &[u8], another: &[u8], at: usize) -> [Vec<u8>; 4] {
    let mut flipped = sealed.to_vec();
    flipped[at % sealed.len()] ^= 1 << (at >> 13);
    let start = &sealed[..at % sealed.len()];
    let spliced = [start, &another[start.len()..]].concat();
    [flipped, start.to_vec(), [sealed, &[0]].concat(), spliced]
}

/// Whoever holds the key may seal anything; if it is a session, it is the same after another journey.
fn resealed(token: &str) {
    let Ok(session) = Session::open(token, &SESSIONS) else { return };
    let again = Session::open(&session.seal(&SESSIONS, &*RANDOM), &SESSIONS).expect("a session opens");
    assert!(again.arn("aws") == session.arn("aws") && again.secret.same_as(&session.secret));
    assert!(again.policy == session.policy && again.tags == session.tags && again.transitive == session.transitive);
    assert_eq!(again.is_over(0), session.is_over(0));
}
