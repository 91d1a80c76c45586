//! Which credential a request names: a long-term one from its row, or a session's out of its token. Whether the request
//! was signed with it is `caller`'s question.

use std::sync::Arc;

use iam::record::{AccessKey as AccessKeyRecord, Owner as RecordedOwner};
use iam::rows;
use wire::sigv4::Signed;

use crypto::session::SessionKey;

use crate::caller::{AccessKey, Owner};
use crate::error::Error;
use crate::service::Core;

use super::session::{Session, Sessions};
use super::shelf::Held;

/// The credentials of a store.
pub(crate) struct Credentials {
    sessions: Sessions,
}

impl Credentials {
    pub fn new(key: SessionKey) -> Credentials {
        Credentials { sessions: Sessions::new(key) }
    }

    /// What seals the tokens of sessions.
    pub fn session_key(&self) -> &SessionKey {
        self.sessions.key()
    }

    /// The credential that a request names. Its row is read anew for every request, so that a key which was deleted or
    /// switched off is nobody's from then on.
    ///
    /// Errors: a row that cannot be read.
    pub async fn find(&self, core: &Core, signed: &Signed<'_>) -> Result<Option<AccessKey>, Error> {
        match signed.security_token {
            Some(token) => {
                let session = self.sessions.find(token);
                Ok(session.filter(|session| session.token.access_key_id == signed.access_key_id).map(of_session))
            }
            None => long_term(core, signed.access_key_id).await,
        }
    }
}

fn of_session(session: Arc<Session>) -> AccessKey {
    AccessKey {
        id: session.token.access_key_id.clone(),
        account: session.token.account.clone(),
        secret: session.token.secret.expose().to_vec().into(),
        owner: Owner::Session(session),
    }
}

async fn long_term(core: &Core, id: &str) -> Result<Option<AccessKey>, Error> {
    if id.contains('\0') || id.len() > MAX_ACCESS_KEY_ID {
        return Ok(None);
    }
    let at = core.rows.newest().await?;
    let row = core.rows.get::<Held<AccessKeyRecord>>(at, &rows::access_key(id)).await?;
    let record = row.map(|row| row.value.0.clone()).filter(|record| record.active);
    Ok(record.map(|record| AccessKey {
        id: id.to_owned(),
        account: record.account.clone(),
        secret: record.secret.expose().to_vec().into(),
        owner: match &record.owner {
            RecordedOwner::Root => Owner::Root,
            RecordedOwner::User { name, id } => Owner::User { name: name.clone(), id: id.clone() },
        },
    }))
}

/// No access key id is longer, in bytes.
const MAX_ACCESS_KEY_ID: usize = 128;
