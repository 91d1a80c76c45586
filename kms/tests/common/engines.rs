//! Engines that do not see, do not forget, or are not alone, as the test says.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use store::testing::Around;
use store::{Batch, Commit, Entry, Fut, Outcome, Page, Refused, Revision, Store, Unread, Watch};

/// A kind of read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    Revision,
    Get,
    Scan,
}

/// An engine whose reads fail, so many of one kind, with one answer; and whose watches can be broken.
pub struct Blind {
    inner: Arc<dyn Store>,
    left: [AtomicU32; 3],
    answer: Unread,
    broken: tokio::sync::watch::Sender<u32>,
}

impl Blind {
    pub fn new(inner: Arc<dyn Store>, answer: Unread) -> Arc<Blind> {
        Arc::new(Blind { inner, left: Default::default(), answer, broken: tokio::sync::watch::Sender::new(0) })
    }

    /// Every watch that is there ends in an error before it tells anything more.
    pub fn break_watches(&self) {
        self.broken.send_modify(|times| *times += 1);
    }

    /// The next `count` reads of this kind fail; 0 gives the sight back.
    pub fn fail(&self, read: Read, count: u32) {
        self.left[read as usize].store(count, Ordering::SeqCst);
    }

    fn check(&self, read: Read) -> Result<(), Unread> {
        let left = &self.left[read as usize];
        match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Err(self.answer.clone()),
            Err(_) => Ok(()),
        }
    }
}

impl Around for Blind {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn take_revision(&self) -> Fut<'_, Result<Revision, Unread>> {
        Box::pin(async move {
            self.check(Read::Revision)?;
            self.inner.revision().await
        })
    }

    fn take_get<'a>(&'a self, at: Revision, key: &'a [u8]) -> Fut<'a, Result<Option<Entry>, Unread>> {
        Box::pin(async move {
            self.check(Read::Get)?;
            self.inner.get(at, key).await
        })
    }

    fn take_scan<'a>(
        &'a self,
        at: Revision,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> Fut<'a, Result<Page, Unread>> {
        Box::pin(async move {
            self.check(Read::Scan)?;
            self.inner.scan(at, prefix, after, limit).await
        })
    }

    fn take_watch(&self, after: Revision) -> Fut<'_, Result<Box<dyn Watch>, Unread>> {
        let broken = self.broken.subscribe();
        Box::pin(async move {
            let inner = self.inner.watch(after).await?;
            Ok(Box::new(Breakable { inner, broken, answer: self.answer.clone() }) as Box<dyn Watch>)
        })
    }
}

struct Breakable {
    inner: Box<dyn Watch>,
    broken: tokio::sync::watch::Receiver<u32>,
    answer: Unread,
}

impl Watch for Breakable {
    fn next(&mut self) -> Fut<'_, Result<Commit, Unread>> {
        Box::pin(async {
            tokio::select! {
                biased;
                _ = self.broken.changed() => Err(self.answer.clone()),
                next = self.inner.next() => next,
            }
        })
    }
}

/// An engine that cannot forget: what was deleted stays in its file.
pub struct Unforgetting(Arc<dyn Store>);

impl Unforgetting {
    pub fn wrap(inner: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Unforgetting(inner))
    }
}

impl Around for Unforgetting {
    fn inner(&self) -> &dyn Store {
        &*self.0
    }

    fn take_forget(&self, _: Revision) -> Fut<'_, Result<(), Unread>> {
        Box::pin(async { Err(Unread::Unavailable("it cannot forget".into())) })
    }
}

/// An engine that others use too: before every commit somebody writes one row again.
pub struct Meddler {
    inner: Arc<dyn Store>,
    row: Mutex<Option<Entry>>,
    times: AtomicU32,
}

impl Meddler {
    pub fn new(inner: Arc<dyn Store>) -> Arc<Meddler> {
        Arc::new(Meddler { inner, row: Mutex::default(), times: AtomicU32::new(0) })
    }

    pub fn meddle_with(&self, row: Entry) {
        *self.row.lock().unwrap_or_else(PoisonError::into_inner) = Some(row);
    }

    /// Ends it, and says how often it was done.
    pub fn stop(&self) -> u32 {
        *self.row.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.times.load(Ordering::SeqCst)
    }

    /// The commits of calls alone: those that expect the row.
    fn meddles(&self, batch: &Batch) -> Option<Batch> {
        let row = self.row.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        batch.expect.iter().any(|(name, _)| *name == row.key).then(|| {
            self.times.fetch_add(1, Ordering::SeqCst);
            Batch { puts: vec![(row.key, row.value)], ..Batch::default() }
        })
    }
}

impl Around for Meddler {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn take_commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        Box::pin(async move {
            if let Some(first) = self.meddles(&batch) {
                let _ = self.inner.commit(first).await?;
            }
            self.inner.commit(batch).await
        })
    }
}
