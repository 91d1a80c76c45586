//! What if one thing about an engine were different? Who says so here says that one thing: all other calls pass.
//! What does nothing else than pass is no engine of its own.

use crate::{Batch, Entry, Fut, Outcome, Page, Refused, Revision, Store, Unread, Watch};

/// An engine around another, to whose calls all calls go that it does not take itself. Every such is a [`Store`].
pub trait Around: Send + Sync + 'static {
    /// The engine inside.
    fn inner(&self) -> &dyn Store;

    /// In place of [`Store::revision`].
    fn take_revision(&self) -> Fut<'_, Result<Revision, Unread>> {
        self.inner().revision()
    }

    /// In place of [`Store::get`].
    fn take_get<'a>(&'a self, at: Revision, key: &'a [u8]) -> Fut<'a, Result<Option<Entry>, Unread>> {
        self.inner().get(at, key)
    }

    /// In place of [`Store::scan`].
    fn take_scan<'a>(
        &'a self,
        at: Revision,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> Fut<'a, Result<Page, Unread>> {
        self.inner().scan(at, prefix, after, limit)
    }

    /// In place of [`Store::commit`].
    fn take_commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        self.inner().commit(batch)
    }

    /// In place of [`Store::watch`].
    fn take_watch(&self, after: Revision) -> Fut<'_, Result<Box<dyn Watch>, Unread>> {
        self.inner().watch(after)
    }

    /// In place of [`Store::forget`].
    fn take_forget(&self, before: Revision) -> Fut<'_, Result<(), Unread>> {
        self.inner().forget(before)
    }
}

impl<T: Around> Store for T {
    fn revision(&self) -> Fut<'_, Result<Revision, Unread>> {
        self.take_revision()
    }

    fn get<'a>(&'a self, at: Revision, key: &'a [u8]) -> Fut<'a, Result<Option<Entry>, Unread>> {
        self.take_get(at, key)
    }

    fn scan<'a>(
        &'a self,
        at: Revision,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> Fut<'a, Result<Page, Unread>> {
        self.take_scan(at, prefix, after, limit)
    }

    fn commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        self.take_commit(batch)
    }

    fn watch(&self, after: Revision) -> Fut<'_, Result<Box<dyn Watch>, Unread>> {
        self.take_watch(after)
    }

    fn forget(&self, before: Revision) -> Fut<'_, Result<(), Unread>> {
        self.take_forget(before)
    }
}
