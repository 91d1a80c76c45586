//! What if nothing has to outlive the process? Then a map in memory is the whole engine.
//! It keeps every other promise of a store, so that what passes its tests here passes them on a disk.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::history::{Change, HISTORY_BYTES, History, Stored};
use crate::range::Range;
use crate::{Batch, Entry, Fut, Outcome, Page, Refused, Revision, Store, Unread, Watch};

/// A store that ends with its process.
pub struct Memory {
    rows: Mutex<Rows>,
    history: Arc<History>,
}

type Rows = BTreeMap<Arc<[u8]>, Stored>;

impl Memory {
    /// An empty store.
    pub fn new() -> Memory {
        Memory { rows: Mutex::default(), history: History::new(0, HISTORY_BYTES) }
    }

    /// Nothing below can fail between two changes, so a panic elsewhere leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply(&self, batch: Batch) -> Result<Outcome, Refused> {
        batch.check()?;
        let mut rows = self.lock();
        let holds = |(key, revision): &(Vec<u8>, Revision)| rows.get(&**key).map_or(0, |row| row.revision) == *revision;
        let which: Vec<usize> = (0..batch.expect.len()).filter(|place| !holds(&batch.expect[*place])).collect();
        if !which.is_empty() {
            return Ok(Outcome::Conflict { which });
        }
        let revision = self.history.revision() + 1;
        let mut changes = Vec::with_capacity(batch.puts.len() + batch.deletes.len());
        for (key, value) in batch.puts {
            let key: Arc<[u8]> = key.into();
            let before = rows.insert(key.clone(), Stored { value: value.clone(), revision });
            changes.push(Change { key, before, after: Some(value) });
        }
        for key in batch.deletes {
            let before = rows.remove(&*key);
            changes.push(Change { key: key.into(), before, after: None });
        }
        self.history.stage(revision, changes);
        self.history.publish(revision);
        Ok(Outcome::Committed { revision })
    }
}

impl Default for Memory {
    fn default() -> Memory {
        Memory::new()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.history.close();
    }
}

impl Store for Memory {
    fn revision(&self) -> Fut<'_, Result<Revision, Unread>> {
        Box::pin(ready(Ok(self.history.revision())))
    }

    fn get<'a>(&'a self, at: Revision, key: &'a [u8]) -> Fut<'a, Result<Option<Entry>, Unread>> {
        let rows = self.lock();
        let present = || Ok(rows.get(key).map(|row| entry(key, row)));
        Box::pin(ready(self.history.get(at, key, present)))
    }

    fn scan<'a>(
        &'a self,
        at: Revision,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> Fut<'a, Result<Page, Unread>> {
        let rows = self.lock();
        let present = |range: &Range, limit| {
            let rows = range.bounds().map(|bounds| rows.range::<[u8], _>(bounds));
            Ok(rows.into_iter().flatten().take(limit).map(|(key, row)| entry(key, row)).collect())
        };
        Box::pin(ready(self.history.scan(at, Range::under(prefix, after), limit, present)))
    }

    fn commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        let result = self.apply(batch);
        Box::pin(async move {
            // Tasks that retry on a conflict would otherwise never give their worker back: with as many of them as
            // workers, no timer and no other task would run again.
            tokio::task::yield_now().await;
            result
        })
    }

    fn watch(&self, after: Revision) -> Fut<'_, Result<Box<dyn Watch>, Unread>> {
        Box::pin(ready(self.history.watch(after)))
    }

    fn forget(&self, before: Revision) -> Fut<'_, Result<(), Unread>> {
        self.history.forget(before);
        Box::pin(ready(Ok(())))
    }
}

fn entry(key: &[u8], row: &Stored) -> Entry {
    Entry { key: key.to_vec(), value: row.value.clone(), revision: row.revision }
}
