//! Principals as policies and grants name them: whether they are there, and who exactly they are. What their records
//! say is `iam`'s.

use iam::{Kept, Shelf, Stored, Unknown};

use crate::error::Error;
use crate::identities::Held;

use super::view::View;

/// What a principal's name stands for.
pub(crate) enum Resolved {
    /// A user or a role, by its unique id.
    Pinned(String),
    /// An account, or somebody of an account that is not held here.
    Unpinned,
    /// Nobody.
    Missing,
}

/// Who the principal of this ARN is today.
///
/// Errors: a row that cannot be read.
pub(crate) async fn resolve(view: &View, arn: &str) -> Result<Resolved, Error> {
    // Only a bare unique id would need to know whose policy it stands in, and this is an ARN.
    match iam::pin(arn, "", &Glance(view)).await? {
        Ok(Some(id)) => Ok(Resolved::Pinned(id)),
        Ok(None) => Ok(Resolved::Unpinned),
        Err(Unknown(_)) => Ok(Resolved::Missing),
    }
}

/// A snapshot that is only looked at: the commit that follows expects nothing of it. A policy can name more principals
/// than a commit can expect rows, and if one of them goes in the same moment, its id goes with it for ever.
pub(crate) struct Glance<'a>(pub &'a View);

impl Shelf for Glance<'_> {
    type Unreadable = Error;

    async fn get<T: Stored>(&self, row: Vec<u8>) -> Result<Option<Kept<T>>, Error> {
        let row = self.0.core.rows.get::<Held<T>>(self.0.at, &row).await?;
        Ok(row.map(|row| Kept { record: row.value.0.clone(), version: row.version }))
    }

    async fn names(
        &self,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<(Vec<Vec<u8>>, bool), Error> {
        self.0.names(prefix, after, limit).await
    }
}
