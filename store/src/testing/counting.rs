//! How many calls does something make? This engine counts them and passes them on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Batch, Entry, Fut, Outcome, Page, Refused, Revision, Store, Unread, Watch};

/// Calls so far, by method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of `revision`.
    pub revision: usize,
    /// Calls of `get`.
    pub get: usize,
    /// Calls of `scan`.
    pub scan: usize,
    /// Calls of `commit`.
    pub commit: usize,
    /// Calls of `watch`.
    pub watch: usize,
    /// Calls of `forget`.
    pub forget: usize,
}

/// An engine that counts.
pub struct Counting {
    inner: Arc<dyn Store>,
    revision: AtomicUsize,
    get: AtomicUsize,
    scan: AtomicUsize,
    commit: AtomicUsize,
    watch: AtomicUsize,
    forget: AtomicUsize,
}

impl Counting {
    /// Counts the calls that go to `inner` through this engine, from 0.
    pub fn new(inner: Arc<dyn Store>) -> Arc<Counting> {
        Arc::new(Counting {
            inner,
            revision: AtomicUsize::default(),
            get: AtomicUsize::default(),
            scan: AtomicUsize::default(),
            commit: AtomicUsize::default(),
            watch: AtomicUsize::default(),
            forget: AtomicUsize::default(),
        })
    }

    /// The calls so far.
    pub fn counts(&self) -> Counts {
        Counts {
            revision: self.revision.load(Ordering::SeqCst),
            get: self.get.load(Ordering::SeqCst),
            scan: self.scan.load(Ordering::SeqCst),
            commit: self.commit.load(Ordering::SeqCst),
            watch: self.watch.load(Ordering::SeqCst),
            forget: self.forget.load(Ordering::SeqCst),
        }
    }
}

impl Store for Counting {
    fn revision(&self) -> Fut<'_, Result<Revision, Unread>> {
        self.revision.fetch_add(1, Ordering::SeqCst);
        self.inner.revision()
    }

    fn get<'a>(&'a self, at: Revision, key: &'a [u8]) -> Fut<'a, Result<Option<Entry>, Unread>> {
        self.get.fetch_add(1, Ordering::SeqCst);
        self.inner.get(at, key)
    }

    fn scan<'a>(
        &'a self,
        at: Revision,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> Fut<'a, Result<Page, Unread>> {
        self.scan.fetch_add(1, Ordering::SeqCst);
        self.inner.scan(at, prefix, after, limit)
    }

    fn commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        self.commit.fetch_add(1, Ordering::SeqCst);
        self.inner.commit(batch)
    }

    fn watch(&self, after: Revision) -> Fut<'_, Result<Box<dyn Watch>, Unread>> {
        self.watch.fetch_add(1, Ordering::SeqCst);
        self.inner.watch(after)
    }

    fn forget(&self, before: Revision) -> Fut<'_, Result<(), Unread>> {
        self.forget.fetch_add(1, Ordering::SeqCst);
        self.inner.forget(before)
    }
}
