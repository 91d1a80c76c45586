//! Which grants one grantee has on one key, kept so that the hot path scans no index. What a grant says, and whether it
//! is still there, is read from its own row every time.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use store::Revision;

use crate::rows::RowKey;

/// Ids of grants by the beginning of their rows in the index of grantees, which names a key and a grantee.
///
/// A list is worth something to exactly those snapshots that have the same revision of the key's count as the one that
/// it was scanned at: whoever adds a grant writes the count in the same commit. Hence nothing has to be struck out.
pub(crate) struct Lists {
    shards: Vec<RwLock<HashMap<RowKey, Kept>>>,
    hasher: RandomState,
}

struct Kept {
    /// The revision of the key's count.
    counted: Revision,
    grants: Arc<[String]>,
}

impl Lists {
    pub fn new() -> Lists {
        Lists { shards: (0..SHARDS).map(|_| RwLock::default()).collect(), hasher: RandomState::new() }
    }

    /// The grants in this part of the index while the key's count is of this revision. None says nothing about them.
    pub fn get(&self, within: &[u8], counted: Revision) -> Option<Arc<[String]>> {
        let shard = self.shard(within).read().unwrap_or_else(PoisonError::into_inner);
        shard.get(within).filter(|kept| kept.counted == counted).map(|kept| kept.grants.clone())
    }

    /// Keeps a whole list from a snapshot in which the key's count is of this revision. The caller bounds its length.
    pub fn keep(&self, within: RowKey, counted: Revision, grants: Arc<[String]>) {
        let mut shard = self.shard(&within).write().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= LISTS_A_SHARD
            && !shard.contains_key(&within)
            && let Some(any) = shard.keys().next().cloned()
        {
            shard.remove(&any);
        }
        shard.insert(within, Kept { counted, grants });
    }

    fn shard(&self, within: &[u8]) -> &RwLock<HashMap<RowKey, Kept>> {
        &self.shards[self.hasher.hash_one(within) as usize % SHARDS]
    }
}

/// No lock is shared by all.
const SHARDS: usize = 64;

/// At most 8,192 lists in all: a few megabytes while grantees have a grant or two on a key, 50 at the very most.
const LISTS_A_SHARD: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lists: &Lists, within: &[u8], counted: Revision) -> Option<Vec<String>> {
        lists.get(within, counted).map(|grants| grants.to_vec())
    }

    fn ids(of: &[&str]) -> Arc<[String]> {
        of.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn a_list_is_told_only_while_the_count_is_the_one_that_it_was_scanned_with() {
        let lists = Lists::new();
        lists.keep(b"ann".to_vec(), 5, ids(&["a"]));
        assert_eq!(told(&lists, b"ann", 5), Some(vec!["a".to_owned()]));
        assert_eq!(told(&lists, b"ann", 4), None, "an older snapshot");
        assert_eq!(told(&lists, b"ann", 6), None, "a newer one");
        assert_eq!(told(&lists, b"bob", 5), None, "another grantee");
        lists.keep(b"ann".to_vec(), 6, ids(&[]));
        assert_eq!(told(&lists, b"ann", 6), Some(Vec::new()), "that there is none is known, too");
        assert_eq!(told(&lists, b"ann", 5), None);
    }

    #[test]
    fn a_full_shard_forgets_something_to_keep_more() {
        let lists = Lists::new();
        for n in 0..50_000_u32 {
            let within = n.to_be_bytes();
            lists.keep(within.to_vec(), 1, ids(&["a"]));
            assert!(told(&lists, &within, 1).is_some(), "the newest is kept");
        }
        let kept: usize = lists.shards.iter().map(|shard| shard.read().expect("no panic").len()).sum();
        assert_eq!(kept, SHARDS * LISTS_A_SHARD);
    }
}
