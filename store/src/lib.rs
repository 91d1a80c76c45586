//! What is a store? An ordered map of byte keys to byte values with compare-and-set commits and numbered snapshots.
//! It knows nothing of keys, accounts or secrets: whoever puts a row here has sealed it before.

#![forbid(unsafe_code)]

mod batch;
mod error;
mod history;
mod memory;
mod range;
mod sqlite;
#[cfg(feature = "suite")]
pub mod suite;
#[cfg(feature = "testing")]
pub mod testing;

pub use batch::{Batch, Commit};
pub use error::{OpenError, Outcome, Refused, Unread};
pub use memory::Memory;
pub use sqlite::Sqlite;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed future, so that the trait stays object-safe: the box is nothing beside a commit.
pub type Fut<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The number of a commit. Each commit's is greater than the one before; 0 stands for "no such row".
pub type Revision = u64;

/// What a row holds: shared, because the present, the past and a cache may all hold it.
pub type Value = Arc<[u8]>;

/// One row, as it was at some revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// 1 to [`limits::KEY_BYTES`] bytes.
    pub key: Vec<u8>,
    /// At most [`limits::ROW_BYTES`] together with the key.
    pub value: Value,
    /// The revision of the commit that wrote it.
    pub revision: Revision,
}

/// A part of a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The rows, in byte order of their keys.
    pub entries: Vec<Entry>,
    /// Whether rows follow after the last of `entries`.
    pub more: bool,
}

/// What every engine holds its callers to. The numbers are the ones that etcd has by default or that its message
/// sizes allow, so that a layout which works on one engine works on all.
pub mod limits {
    /// Expectations in one batch.
    pub const EXPECTATIONS: usize = 128;
    /// Puts and deletes in one batch.
    pub const WRITES: usize = 128;
    /// Keys and values of one batch together.
    pub const BATCH_BYTES: usize = 1024 * 1024;
    /// The longest key; the shortest has one byte.
    pub const KEY_BYTES: usize = 1024;
    /// Key and value of one row together.
    pub const ROW_BYTES: usize = 64 * 1024;
    /// Rows in one page, whatever limit the caller names.
    pub const PAGE_ROWS: usize = 256;
}

/// An engine. Used as `Arc<dyn Store>`; every call may come from any task.
pub trait Store: Send + Sync + 'static {
    /// The newest durable revision. Linearizable: it covers every commit that was answered before this call began.
    fn revision(&self) -> Fut<'_, Result<Revision, Unread>>;

    /// The row as it was at `at`. A snapshot is a number: it holds nothing open, may cross any await, and may be
    /// [`Unread::Expired`] at any read.
    fn get<'a>(&'a self, at: Revision, key: &'a [u8]) -> Fut<'a, Result<Option<Entry>, Unread>>;

    /// Rows under `prefix` after the key `after`, in byte order, as they were at `at`; at most `limit` and at most
    /// [`limits::PAGE_ROWS`]; `more` says whether any follow. Exact for its snapshot; about the range at the time
    /// of a later commit nothing is promised: who needs that expects a guard row that every writer of the range writes.
    fn scan<'a>(
        &'a self,
        at: Revision,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> Fut<'a, Result<Page, Unread>>;

    /// All or nothing, and durable before the answer. Every expectation is compared with the row's present revision;
    /// [`Outcome::Conflict`] names those that failed, and wrote nothing. [`Outcome::Unknown`]: it happened, did not,
    /// or may still happen. [`Refused`]: certainly nothing happened. Dropping the future cancels nothing.
    fn commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>>;

    /// Every commit after `after`, whole, in order, none left out.
    fn watch(&self, after: Revision) -> Fut<'_, Result<Box<dyn Watch>, Unread>>;

    /// Revisions before this one may go (compaction); `before` itself stays readable, and watchable from. When it
    /// returns, an embedded engine's files no longer hold a byte of the rows that were overwritten or deleted up to
    /// now. That may cost as much as writing the whole store anew: call it after a purge, not on a timer.
    fn forget(&self, before: Revision) -> Fut<'_, Result<(), Unread>>;
}

/// A stream of commits.
pub trait Watch: Send {
    /// The next commit. One without changes says "nothing more up to this revision". A watch never ends by itself:
    /// after [`Unread::Unavailable`] watch again from the last revision seen, after [`Unread::Expired`] scan again.
    fn next(&mut self) -> Fut<'_, Result<Commit, Unread>>;
}
