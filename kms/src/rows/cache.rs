//! Opened records, kept so that the hot path touches no disk. The cache answers only for snapshots that it has proved
//! to cover: it follows the store's watch, and whoever wants the newest waits until the watch has passed it.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use store::{Revision, Store, Unread};
use tokio::sync::Notify;

use super::{Row, RowKey};
use crate::records::Record;

/// No lock is shared by all: two requests meet only on the shard of a row that both need, and then to read.
const SHARDS: usize = 64;

/// At most 65,536 records in all, of about a kilobyte each.
const ROWS_A_SHARD: usize = 1024;

/// The records of rows as they are now.
pub(super) struct Cache {
    shards: Vec<RwLock<Shard>>,
    hasher: RandomState,
    /// Every change up to this revision has left the cache.
    applied: AtomicU64,
    /// Whether it will hear of the next one. While it does not, it answers for nothing new, and nobody waits for it.
    follows: AtomicBool,
    moved: Notify,
}

#[derive(Default)]
struct Shard {
    rows: HashMap<RowKey, Kept>,
    /// The newest revision that changed a row of this shard: what was read before it is not kept any more.
    changed: Revision,
}

struct Kept {
    record: Arc<dyn Any + Send + Sync>,
    version: u64,
    revision: Revision,
}

impl Cache {
    pub fn new() -> Cache {
        Cache {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            applied: AtomicU64::new(0),
            follows: AtomicBool::new(true),
            moved: Notify::new(),
        }
    }

    /// The row as it was at `at`. None says nothing about the row.
    pub fn get<T: Record>(&self, at: Revision, name: &[u8]) -> Option<Row<T>> {
        if at > self.applied.load(Ordering::Acquire) {
            return None;
        }
        let shard = self.shard(name).read().unwrap_or_else(PoisonError::into_inner);
        // What is kept is the newest there is. If it was written after the snapshot, the store knows what was before.
        let kept = shard.rows.get(name).filter(|kept| kept.revision <= at)?;
        let value = kept.record.clone().downcast::<T>().ok()?;
        Some(Row { value, version: kept.version, revision: kept.revision })
    }

    /// Keeps a row that was read at `at`, unless something in its shard has changed since.
    pub fn keep<T: Record>(&self, at: Revision, name: &[u8], row: &Row<T>) {
        let mut shard = self.shard(name).write().unwrap_or_else(PoisonError::into_inner);
        if shard.changed > at {
            return;
        }
        if shard.rows.len() >= ROWS_A_SHARD
            && let Some(any) = shard.rows.keys().next().cloned()
        {
            shard.rows.remove(&any);
        }
        let kept = Kept { record: row.value.clone(), version: row.version, revision: row.revision };
        shard.rows.insert(name.to_vec(), kept);
    }

    /// A snapshot at least as new as `newest`, which the cache answers for if it follows the store.
    pub async fn reach(&self, newest: Revision) -> Revision {
        loop {
            let moved = self.moved.notified();
            let applied = self.applied.load(Ordering::Acquire);
            if applied >= newest {
                return applied;
            }
            if !self.follows.load(Ordering::Acquire) {
                return newest;
            }
            moved.await;
        }
    }

    /// Follows the store for as long as it lives.
    pub async fn follow(&self, store: &dyn Store) {
        loop {
            let lost = self.follow_from_now(store).await;
            self.follows.store(false, Ordering::Release);
            self.moved.notify_waiters();
            if let Err(Unread::Unavailable(why)) = lost {
                tracing::warn!(
                    why,
                    "the store's changes cannot be followed, so that every read goes to it; trying again"
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    async fn follow_from_now(&self, store: &dyn Store) -> Result<(), Unread> {
        let newest = store.revision().await?;
        let mut changes = store.watch(newest).await?;
        // What was kept before may have changed unseen.
        for shard in &self.shards {
            *shard.write().unwrap_or_else(PoisonError::into_inner) = Shard { changed: newest, ..Shard::default() };
        }
        self.move_to(newest);
        self.follows.store(true, Ordering::Release);
        loop {
            let commit = changes.next().await?;
            for (name, _) in &commit.changes {
                let mut shard = self.shard(name).write().unwrap_or_else(PoisonError::into_inner);
                shard.rows.remove(name);
                shard.changed = commit.revision;
            }
            self.move_to(commit.revision);
        }
    }

    fn move_to(&self, revision: Revision) {
        self.applied.store(revision, Ordering::Release);
        self.moved.notify_waiters();
    }

    fn shard(&self, name: &[u8]) -> &RwLock<Shard> {
        &self.shards[self.hasher.hash_one(name) as usize % SHARDS]
    }
}

/// How long a store that cannot be followed is left alone.
const RETRY: std::time::Duration = std::time::Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::CounterRecord;

    fn row(keys: u32, revision: Revision) -> Row<CounterRecord> {
        Row { value: Arc::new(CounterRecord { keys }), version: 1, revision }
    }

    fn cache_at(applied: Revision) -> Cache {
        let cache = Cache::new();
        cache.applied.store(applied, Ordering::Release);
        cache
    }

    fn told(cache: &Cache, at: Revision) -> Option<u32> {
        cache.get::<CounterRecord>(at, b"n").map(|row| row.value.keys)
    }

    #[test]
    fn a_row_is_told_only_to_snapshots_that_are_not_older_than_it() {
        let cache = cache_at(9);
        cache.keep(5, b"n", &row(1, 3));
        assert_eq!(told(&cache, 2), None, "the row of revision 3 was not there at 2");
        assert_eq!(told(&cache, 3), Some(1));
        assert_eq!(told(&cache, 9), Some(1));
        assert_eq!(told(&cache, 10), None, "of revision 10 the cache has not heard");
    }

    #[test]
    fn a_row_read_before_a_change_is_not_kept_after_it() {
        let cache = cache_at(9);
        cache.shard(b"n").write().expect("no panic").changed = 6;
        cache.keep(5, b"n", &row(1, 3));
        assert_eq!(told(&cache, 9), None);
        cache.keep(6, b"n", &row(2, 6));
        assert_eq!(told(&cache, 9), Some(2));
    }

    #[tokio::test]
    async fn nobody_waits_for_a_cache_that_has_lost_the_store() {
        let cache = cache_at(5);
        assert_eq!(cache.reach(4).await, 5);
        cache.follows.store(false, Ordering::Release);
        assert_eq!(cache.reach(7).await, 7);
    }

    #[test]
    fn a_full_shard_forgets_something_to_keep_more() {
        let cache = Cache::new();
        for n in 0..200_000_u32 {
            cache.keep(1, &n.to_be_bytes(), &row(n, 1));
        }
        let kept: usize = cache.shards.iter().map(|shard| shard.read().expect("no panic").rows.len()).sum();
        assert!(kept <= SHARDS * ROWS_A_SHARD, "{kept}");
    }
}
