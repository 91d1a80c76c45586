//! What may be committed at once? A batch within limits that are the same for every engine.
//! Whether its expectations hold is the engine's question, not this file's.

use std::collections::{HashMap, HashSet};

use crate::limits::{BATCH_BYTES, EXPECTATIONS, KEY_BYTES, ROW_BYTES, WRITES};
use crate::{Refused, Revision, Value};

/// What one commit expects and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// The revision that each of these rows must have; 0: there must be no such row.
    pub expect: Vec<(Vec<u8>, Revision)>,
    /// Rows to write, whether they exist or not.
    pub puts: Vec<(Vec<u8>, Value)>,
    /// Rows to delete. Each must also be expected to exist, at its revision.
    pub deletes: Vec<Vec<u8>>,
}

/// What one commit changed, as a watch tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The commit's revision.
    pub revision: Revision,
    /// The rows it put, with their values, and the rows it deleted (`None`).
    pub changes: Vec<(Vec<u8>, Option<Value>)>,
}

impl Batch {
    /// Refuses what no engine may be asked to do: too many or too large parts ([`Refused::TooBig`]), or a batch that
    /// engines would understand differently ([`Refused::Malformed`]).
    pub fn check(&self) -> Result<(), Refused> {
        self.check_counts()?;
        self.check_sizes()?;
        self.check_keys()
    }

    /// Bytes of all keys and values, those of the expectations included.
    pub fn bytes(&self) -> usize {
        let expect: usize = self.expect.iter().map(|(key, _)| key.len()).sum();
        let puts: usize = self.puts.iter().map(|(key, value)| key.len() + value.len()).sum();
        let deletes: usize = self.deletes.iter().map(Vec::len).sum();
        expect + puts + deletes
    }

    fn check_counts(&self) -> Result<(), Refused> {
        let writes = self.puts.len() + self.deletes.len();
        if self.expect.len() > EXPECTATIONS {
            return Err(Refused::TooBig("a batch has at most 128 expectations"));
        }
        if writes > WRITES {
            return Err(Refused::TooBig("a batch has at most 128 puts and deletes"));
        }
        if writes == 0 {
            return Err(Refused::Malformed("a batch has something to write"));
        }
        Ok(())
    }

    fn check_sizes(&self) -> Result<(), Refused> {
        let expected = self.expect.iter().map(|(key, _)| key);
        for key in expected.chain(self.written()) {
            if key.is_empty() {
                return Err(Refused::Malformed("a key has at least one byte"));
            }
            if key.len() > KEY_BYTES {
                return Err(Refused::TooBig("a key has at most 1024 bytes"));
            }
        }
        if self.puts.iter().any(|(key, value)| key.len() + value.len() > ROW_BYTES) {
            return Err(Refused::TooBig("a row has at most 64 KiB, its key included"));
        }
        if self.bytes() > BATCH_BYTES {
            return Err(Refused::TooBig("a batch has at most 1 MiB of keys and values"));
        }
        Ok(())
    }

    fn check_keys(&self) -> Result<(), Refused> {
        let mut expected = HashMap::with_capacity(self.expect.len());
        for (key, revision) in &self.expect {
            if expected.insert(key, *revision).is_some() {
                return Err(Refused::Malformed("a key is expected only once"));
            }
        }
        let mut written = HashSet::new();
        if !self.written().all(|key| written.insert(key)) {
            return Err(Refused::Malformed("a key is written only once"));
        }
        // Engines differ about deleting nothing: in etcd it makes no revision.
        if self.deletes.iter().any(|key| expected.get(key).is_none_or(|revision| *revision == 0)) {
            return Err(Refused::Malformed("a delete names a row that the batch expects to exist"));
        }
        Ok(())
    }

    fn written(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.puts.iter().map(|(key, _)| key).chain(&self.deletes)
    }
}
