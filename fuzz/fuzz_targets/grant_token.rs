//! A grant token, as a client could hand it in: what nobody sealed never opens, and what was sealed opens only as it was
//! made, and only in its own store.

#![no_main]

use std::sync::LazyLock;

use crypto::StoreKey;
use crypto::grant_token::{GrantTokenKey, MAX_GRANT_LEN, TOKEN_LEN};
use crypto::testing::Seeded;
use libfuzzer_sys::fuzz_target;

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static TOKENS: LazyLock<GrantTokenKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).grant_tokens());
static OTHERS: LazyLock<GrantTokenKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).grant_tokens());

fuzz_target!(|input: &[u8]| {
    let Some((header, rest)) = input.split_first_chunk::<2>() else { return };
    let at = usize::from(u16::from_be_bytes(*header));
    assert!(TOKENS.open(rest).is_err(), "bytes that nobody sealed have opened");

    let grant = &rest[..rest.len().min(MAX_GRANT_LEN)];
    let sealed = TOKENS.seal(grant, &*RANDOM);
    assert_eq!(sealed.len(), TOKEN_LEN, "a token has another length than all others");
    assert!(TOKENS.open(&sealed).is_ok_and(|opened| opened == grant), "a token does not open as it was made");
    assert!(OTHERS.open(&sealed).is_err(), "a token has opened under another store's key");
    let mut flipped = sealed.clone();
    flipped[at % TOKEN_LEN] ^= 1 << (at >> 13);
    let spliced = [&sealed[..at % TOKEN_LEN], &rest[..rest.len().min(TOKEN_LEN - at % TOKEN_LEN)]].concat();
    for wrong in [flipped, sealed[..at % TOKEN_LEN].to_vec(), [&sealed[..], &[0]].concat(), spliced] {
        assert!(wrong == sealed || TOKENS.open(&wrong).is_err(), "an edited token has opened");
    }
});
