//! Where records come from and where changes go: the seam to whoever holds the rows. No row is opened or written here.

use std::future::Future;
use std::sync::Arc;

use crypto::{Random, SecretBytes};

use crate::Stored;

/// Rows as one snapshot of them has them.
///
/// Whoever commits the [`Edit`]s of a verb must make the commit depend on every row that was read through `get` being
/// as it was, those that were absent included: a creation reads the rows that it makes, and relies on their absence.
pub trait Shelf: Send + Sync {
    /// Why a row could not be read: the caller's own error, handed through.
    type Unreadable: Send;

    /// The record in this row; `None` if there is no such row.
    ///
    /// # Errors
    /// A row that cannot be read, or holds no such record. It is never answered from.
    fn get<T: Stored>(&self, row: Vec<u8>) -> impl Future<Output = Result<Option<Kept<T>>, Self::Unreadable>> + Send;

    /// The names of at most `limit` rows that begin with `prefix` and come after the row `after`, in order, and whether
    /// there are more.
    ///
    /// # Errors
    /// As for `get`.
    fn names(
        &self,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> impl Future<Output = Result<(Vec<Vec<u8>>, bool), Self::Unreadable>> + Send;
}

/// A record that was read.
pub struct Kept<T> {
    /// What stands in the row.
    pub record: Arc<T>,
    /// How often the row has been written.
    pub version: u64,
}

/// One change that a verb wants. All edits of a verb are made together or none is.
pub enum Edit {
    /// The row is to hold these bytes.
    Put {
        /// The row's name.
        row: Vec<u8>,
        /// How often the row has then been written.
        version: u64,
        /// What [`Stored::encode`] gave.
        encoded: SecretBytes,
    },
    /// The row is to be no more.
    Delete {
        /// The row's name.
        row: Vec<u8>,
    },
}

/// Chance and time, as a verb is given them.
#[derive(Clone, Copy)]
pub struct Draw<'a> {
    /// What ids and secrets are drawn from.
    pub random: &'a dyn Random,
    /// Now, in milliseconds since the epoch.
    pub now_ms: i64,
}
