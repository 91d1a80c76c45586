//! Sessions as their tokens say, opened: what a caller is who has assumed a role, and which tokens were opened of late.
//! How a session begins is `sts`'s business, and what its token holds `iam`'s.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crypto::session::SessionKey;
use policy::{Document, Kind};

/// A role that somebody has assumed, for a while.
pub struct Session {
    /// All that its token says.
    pub(crate) token: iam::sts::Session,
    /// What limits it beyond its role's policies.
    pub(crate) policy: Option<Document>,
}

/// By its names alone, since it holds the secret that its requests are signed with.
impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.token.role, self.token.name)
    }
}

/// No two sessions have the same access key id.
impl PartialEq for Session {
    fn eq(&self, other: &Session) -> bool {
        self.token.access_key_id == other.token.access_key_id
    }
}

impl Eq for Session {}

impl Session {
    /// The session whose token this is, if it is one of this store. Whether it is over has not been asked.
    fn open(token: &str, key: &SessionKey) -> Option<Session> {
        let token = iam::sts::Session::open(token, key).ok()?;
        // It compiled when the session began; if it does not any more, the session is none.
        let policy = token.policy.as_deref().map(|text| Document::compile(text, Kind::Session)).transpose().ok()?;
        Some(Session { token, policy })
    }
}

/// Opened sessions by the digests of their tokens, so that a request neither decrypts nor compiles again what the one
/// before it did. Bounded; a token that this store did not seal is never kept.
pub(super) struct Sessions {
    key: SessionKey,
    opened: RwLock<HashMap<[u8; 32], Arc<Session>>>,
}

impl Sessions {
    pub fn new(key: SessionKey) -> Sessions {
        Sessions { key, opened: RwLock::default() }
    }

    /// What seals the tokens.
    pub fn key(&self) -> &SessionKey {
        &self.key
    }

    /// The session whose token this is.
    pub fn find(&self, token: &str) -> Option<Arc<Session>> {
        let digest = crypto::sha256(token.as_bytes());
        let kept = self.opened.read().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        kept.or_else(|| {
            let session = Arc::new(Session::open(token, &self.key)?);
            self.keep(digest, session.clone());
            Some(session)
        })
    }

    fn keep(&self, digest: [u8; 32], session: Arc<Session>) {
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        if opened.len() >= SESSIONS_AT_MOST
            && let Some(any) = opened.keys().next().copied()
        {
            opened.remove(&any);
        }
        opened.insert(digest, session);
    }
}

/// At most some megabytes: a token is below eleven kilobytes.
const SESSIONS_AT_MOST: usize = 512;
