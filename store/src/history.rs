//! What did the rows look like before the last commits? Kept in memory, bounded, and shared by the embedded engines.
//! It turns an engine that holds only the present into one with numbered snapshots and a watch; it stores nothing.
//!
//! The writer stages what a commit overwrites *before* the commit can be seen and publishes it after it is durable.
//! A reader takes the present row first and asks here second. Whatever it saw was staged before, so the first change
//! after its snapshot, if there is one, says what was there; otherwise the row it saw is the row of its snapshot.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::limits::PAGE_ROWS;
use crate::range::Range;
use crate::{Commit, Entry, Fut, Page, Revision, Unread, Value, Watch};

/// Enough for hours of usual load; at 6,700 creates a second it is the last 2.5 s.
pub(crate) const HISTORY_BYTES: usize = 32 * 1024 * 1024;

/// What a change costs beside its bytes: map and list nodes, counted roughly.
const CHANGE_BYTES: usize = 160;

/// What a row held, or holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) value: Value,
    pub(crate) revision: Revision,
}

/// What a commit does to one row.
pub(crate) struct Change {
    pub(crate) key: Arc<[u8]>,
    pub(crate) before: Option<Stored>,
    pub(crate) after: Option<Value>,
}

/// The last commits, and the newest revision that is durable.
pub(crate) struct History {
    past: Mutex<Past>,
    published: AtomicU64,
    /// Wakes the watchers; false once the engine is closed.
    open: watch::Sender<bool>,
}

struct Past {
    /// The oldest revision that can be read.
    oldest: Revision,
    /// Oldest first, without a gap: the revisions from `oldest + 1` to the newest staged.
    commits: VecDeque<Recorded>,
    /// The changes of those commits by row, oldest first.
    rows: BTreeMap<Arc<[u8]>, VecDeque<Overwritten>>,
    bytes: usize,
    limit: usize,
}

struct Recorded {
    revision: Revision,
    changes: Vec<(Arc<[u8]>, Option<Value>)>,
    bytes: usize,
}

struct Overwritten {
    revision: Revision,
    before: Option<Stored>,
}

impl History {
    /// Begins at `revision`: nothing older can be read.
    pub(crate) fn new(revision: Revision, limit: usize) -> Arc<History> {
        let past = Past { oldest: revision, commits: VecDeque::new(), rows: BTreeMap::new(), bytes: 0, limit };
        let open = watch::Sender::new(true);
        Arc::new(History { past: Mutex::new(past), published: AtomicU64::new(revision), open })
    }

    /// The newest published revision: one atomic load.
    pub(crate) fn revision(&self) -> Revision {
        self.published.load(Ordering::Acquire)
    }

    /// Notes what the commit `revision` is about to do. Must come before any reader can see the commit.
    pub(crate) fn stage(&self, revision: Revision, changes: Vec<Change>) {
        self.lock().stage(revision, changes);
    }

    /// Makes all staged commits up to `revision` visible: they are durable now.
    pub(crate) fn publish(&self, revision: Revision) {
        let mut past = self.lock();
        self.published.store(revision, Ordering::Release);
        past.prune(|oldest, over| over && oldest <= revision);
        drop(past);
        self.open.send_modify(|_| {});
    }

    /// Takes back everything staged and not published: it was rolled back.
    pub(crate) fn unstage(&self) {
        self.lock().unstage(self.revision());
    }

    /// Drops what only snapshots before `before` need.
    pub(crate) fn forget(&self, before: Revision) {
        let before = before.min(self.revision());
        self.lock().prune(|oldest, _| oldest <= before);
    }

    /// Ends every watch, once it has told what was published.
    pub(crate) fn close(&self) {
        self.open.send_replace(false);
    }

    /// The row as it was at `at`, given a way to read the present one.
    pub(crate) fn get(
        &self,
        at: Revision,
        key: &[u8],
        present: impl FnOnce() -> Result<Option<Entry>, Unread>,
    ) -> Result<Option<Entry>, Unread> {
        let row = present()?;
        let past = self.lock();
        self.readable(&past, at)?;
        past.plausible(row.as_slice())?;
        Ok(match past.first_change_after(at, key) {
            Some(change) => change.entry(key),
            None => row,
        })
    }

    /// A page as it was at `at`, given a way to read the first present rows of a range.
    pub(crate) fn scan(
        &self,
        at: Revision,
        range: Range,
        limit: usize,
        mut present: impl FnMut(&Range, usize) -> Result<Vec<Entry>, Unread>,
    ) -> Result<Page, Unread> {
        let limit = limit.min(PAGE_ROWS);
        let mut entries = Vec::new();
        let mut rest = range;
        // Rows born after the snapshot fill the page with what it must not show; then the next rows are read.
        while entries.len() <= limit {
            let rows = present(&rest, limit + 1)?;
            let last = rows.get(limit).map(|row| row.key.clone());
            let Some(last) = last else {
                entries.extend(self.as_of(at, &rest, rows)?);
                break;
            };
            entries.extend(self.as_of(at, &rest.up_to(&last), rows)?);
            rest = rest.beyond(&last);
        }
        let more = entries.len() > limit;
        entries.truncate(limit);
        Ok(Page { entries, more })
    }

    /// Every commit after `after`.
    pub(crate) fn watch(self: &Arc<Self>, after: Revision) -> Result<Box<dyn Watch>, Unread> {
        self.readable(&self.lock(), after)?;
        Ok(Box::new(Watching { history: self.clone(), open: self.open.subscribe(), after }))
    }

    /// All rows of `range` at `at`, given all present ones.
    fn as_of(&self, at: Revision, range: &Range, rows: Vec<Entry>) -> Result<Vec<Entry>, Unread> {
        let past = self.lock();
        self.readable(&past, at)?;
        past.plausible(&rows)?;
        let mut rows: BTreeMap<Vec<u8>, Entry> = rows.into_iter().map(|row| (row.key.clone(), row)).collect();
        for (key, change) in past.first_changes_after(at, range) {
            match change.entry(key) {
                Some(entry) => rows.insert(key.to_vec(), entry),
                None => rows.remove(key),
            };
        }
        Ok(rows.into_values().collect())
    }

    fn readable(&self, past: &Past, at: Revision) -> Result<(), Unread> {
        if at < past.oldest {
            return Err(Unread::Expired { oldest: past.oldest });
        }
        if at > self.revision() {
            return Err(Unread::Unavailable(format!(
                "revision {at} is yet to come, the newest is {}",
                self.revision()
            )));
        }
        Ok(())
    }

    fn commit_after(&self, after: Revision) -> Result<Option<Commit>, Unread> {
        let past = self.lock();
        self.readable(&past, after)?;
        if after == self.revision() {
            return Ok(None);
        }
        // INVARIANT: `commits` has no gap and begins at `oldest + 1`, so the place is the difference.
        let place = (after - past.oldest) as usize;
        Ok(past.commits.get(place).map(Recorded::commit))
    }

    /// A panic elsewhere leaves nothing half done here: no function below can fail between two changes.
    fn lock(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn stage(&mut self, revision: Revision, changes: Vec<Change>) {
        debug_assert_eq!(revision, self.newest() + 1, "commits are staged in order, without a gap");
        let bytes = changes.iter().map(Change::bytes).sum();
        let mut recorded = Vec::with_capacity(changes.len());
        for Change { key, before, after } in changes {
            self.rows.entry(key.clone()).or_default().push_back(Overwritten { revision, before });
            recorded.push((key, after));
        }
        self.bytes += bytes;
        self.commits.push_back(Recorded { revision, changes: recorded, bytes });
    }

    fn unstage(&mut self, published: Revision) {
        while let Some(last) = self.commits.pop_back_if(|last| last.revision > published) {
            self.bytes -= last.bytes;
            for (key, _) in last.changes {
                self.drop_change(&key, VecDeque::pop_back);
            }
        }
    }

    /// Drops the oldest commits while `unneeded` says so, given a commit's revision and whether the bound is passed.
    fn prune(&mut self, unneeded: impl Fn(Revision, bool) -> bool) {
        loop {
            let over = self.bytes > self.limit;
            let Some(first) = self.commits.pop_front_if(|first| unneeded(first.revision, over)) else { return };
            self.oldest = first.revision;
            self.bytes -= first.bytes;
            for (key, _) in first.changes {
                self.drop_change(&key, VecDeque::pop_front);
            }
        }
    }

    fn drop_change(&mut self, key: &[u8], pop: fn(&mut VecDeque<Overwritten>) -> Option<Overwritten>) {
        let Some(changes) = self.rows.get_mut(key) else { return };
        pop(changes);
        if changes.is_empty() {
            self.rows.remove(key);
        }
    }

    fn newest(&self) -> Revision {
        self.commits.back().map_or(self.oldest, |last| last.revision)
    }

    /// No row can come from a commit that was never staged: one that says so was not written by us.
    fn plausible(&self, rows: &[Entry]) -> Result<(), Unread> {
        match rows.iter().find(|row| row.revision == 0 || row.revision > self.newest()) {
            None => Ok(()),
            Some(row) => Err(Unread::Unavailable(format!(
                "a row claims revision {}, the newest is {}: the file is damaged, restore it from a backup",
                row.revision,
                self.newest()
            ))),
        }
    }

    fn first_change_after(&self, at: Revision, key: &[u8]) -> Option<&Overwritten> {
        self.rows.get(key).and_then(|changes| first_after(at, changes))
    }

    fn first_changes_after(&self, at: Revision, range: &Range) -> impl Iterator<Item = (&[u8], &Overwritten)> {
        let rows = range.bounds().map(|bounds| self.rows.range::<[u8], _>(bounds));
        rows.into_iter().flatten().filter_map(move |(key, changes)| Some((&**key, first_after(at, changes)?)))
    }
}

impl Change {
    fn bytes(&self) -> usize {
        let before = self.before.as_ref().map_or(0, |stored| stored.value.len());
        CHANGE_BYTES + self.key.len() + before + self.after.as_ref().map_or(0, |value| value.len())
    }
}

impl Recorded {
    fn commit(&self) -> Commit {
        let changes = self.changes.iter().map(|(key, after)| (key.to_vec(), after.clone())).collect();
        Commit { revision: self.revision, changes }
    }
}

impl Overwritten {
    fn entry(&self, key: &[u8]) -> Option<Entry> {
        let Stored { value, revision } = self.before.clone()?;
        Some(Entry { key: key.to_vec(), value, revision })
    }
}

fn first_after(at: Revision, changes: &VecDeque<Overwritten>) -> Option<&Overwritten> {
    changes.get(changes.partition_point(|change| change.revision <= at))
}

struct Watching {
    history: Arc<History>,
    open: watch::Receiver<bool>,
    after: Revision,
}

impl Watch for Watching {
    fn next(&mut self) -> Fut<'_, Result<Commit, Unread>> {
        Box::pin(async move {
            loop {
                // Seen before looking: news that comes while we look wakes us at once.
                let open = *self.open.borrow_and_update();
                if let Some(commit) = self.history.commit_after(self.after)? {
                    self.after = commit.revision;
                    return Ok(commit);
                }
                if !open || self.open.changed().await.is_err() {
                    return Err(Unread::Unavailable("it is closed".to_owned()));
                }
            }
        })
    }
}
