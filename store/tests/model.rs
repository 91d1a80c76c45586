//! Is an engine a map? Random commits and reads on every engine and on a `BTreeMap` must agree, conflict by conflict.
//! SQLite is moreover closed and reopened in between.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use store::{Batch, Memory, Outcome, Refused, Revision, Sqlite, Store, Unread};

type Rows = BTreeMap<Vec<u8>, (Vec<u8>, Revision)>;

#[derive(Clone, Debug)]
enum Step {
    Commit { expect: Vec<Expect>, puts: Vec<(Vec<u8>, Vec<u8>)>, deletes: Vec<Index> },
    Get { at: Index, key: Vec<u8> },
    Scan { at: Index, prefix: Vec<u8>, after: Option<Vec<u8>>, limit: usize },
    Forget { before: Index },
    Reopen,
}

#[derive(Clone, Debug)]
enum Expect {
    /// What is true, so that batches with many expectations also pass.
    Truth(Vec<u8>),
    Revision(Vec<u8>, Revision),
}

fn keys() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop::sample::select(vec![0, 1, b'a', b'b', 0xfe, 0xff]), 1..4)
}

fn steps() -> impl Strategy<Value = Step> {
    let expect = prop_oneof![
        9 => keys().prop_map(Expect::Truth),
        1 => (keys(), 0..40_u64).prop_map(|(key, revision)| Expect::Revision(key, revision)),
    ];
    let value = prop_oneof![
        8 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 0..9000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    let puts = prop::collection::vec((keys(), value), 0..5);
    let commit = (prop::collection::vec(expect, 0..3), puts, prop::collection::vec(any::<Index>(), 0..3));
    let prefix = prop_oneof![Just(Vec::new()), keys()];
    prop_oneof![
        8 => commit.prop_map(|(expect, puts, deletes)| Step::Commit { expect, puts, deletes }),
        4 => (any::<Index>(), keys()).prop_map(|(at, key)| Step::Get { at, key }),
        4 => (any::<Index>(), prefix, prop::option::of(keys()), 0..12_usize)
            .prop_map(|(at, prefix, after, limit)| Step::Scan { at, prefix, after, limit }),
        1 => any::<Index>().prop_map(|before| Step::Forget { before }),
        1 => Just(Step::Reopen),
    ]
}

/// The rows at every revision from 0 on, and the oldest that may still be read.
struct Model {
    snapshots: Vec<Rows>,
    oldest: usize,
}

impl Model {
    fn newest(&self) -> &Rows {
        self.snapshots.last().expect("there is always revision 0")
    }

    fn revision(&self, key: &[u8]) -> Revision {
        self.newest().get(key).map_or(0, |(_, revision)| *revision)
    }

    fn batch(&self, expect: Vec<Expect>, puts: Vec<(Vec<u8>, Vec<u8>)>, deletes: Vec<Index>) -> Batch {
        let mut expected: BTreeMap<Vec<u8>, Revision> = BTreeMap::new();
        for expect in expect {
            match expect {
                Expect::Truth(key) => expected.insert(key.clone(), self.revision(&key)),
                Expect::Revision(key, revision) => expected.insert(key, revision),
            };
        }
        let keys: Vec<&Vec<u8>> = self.newest().keys().collect();
        let deletes: BTreeSet<Vec<u8>> =
            deletes.iter().filter(|_| !keys.is_empty()).map(|index| (*index.get(&keys)).clone()).collect();
        for key in &deletes {
            expected.insert(key.clone(), self.revision(key));
        }
        let puts: BTreeMap<Vec<u8>, Vec<u8>> = puts.into_iter().filter(|(key, _)| !deletes.contains(key)).collect();
        Batch {
            expect: expected.into_iter().collect(),
            puts: puts.into_iter().map(|(key, value)| (key, value.into())).collect(),
            deletes: deletes.into_iter().collect(),
        }
    }

    fn commit(&mut self, batch: &Batch) -> Result<Outcome, Refused> {
        batch.check()?;
        let holds = |place: &usize| self.revision(&batch.expect[*place].0) == batch.expect[*place].1;
        let which: Vec<usize> = (0..batch.expect.len()).filter(|place| !holds(place)).collect();
        if !which.is_empty() {
            return Ok(Outcome::Conflict { which });
        }
        let revision = self.snapshots.len() as Revision;
        let mut rows = self.newest().clone();
        for key in &batch.deletes {
            rows.remove(key);
        }
        for (key, value) in &batch.puts {
            rows.insert(key.clone(), (value.to_vec(), revision));
        }
        self.snapshots.push(rows);
        Ok(Outcome::Committed { revision })
    }

    fn at(&self, at: usize) -> Result<&Rows, Unread> {
        if at < self.oldest {
            Err(Unread::Expired { oldest: self.oldest as Revision })
        } else {
            Ok(&self.snapshots[at])
        }
    }

    fn scan(&self, at: usize, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<(Rows, bool), Unread> {
        let follows = |key: &[u8]| key.starts_with(prefix) && after.is_none_or(|after| key > after);
        let rows: Rows =
            self.at(at)?.iter().filter(|(key, _)| follows(key)).map(|(key, row)| (key.clone(), row.clone())).collect();
        let more = rows.len() > limit;
        Ok((rows.into_iter().take(limit).collect(), more))
    }
}

/// Runs the steps; `open` gives the engine, anew at every reopening.
async fn agree(steps: Vec<Step>, open: impl Fn() -> Arc<dyn Store>) {
    let mut store = Some(open());
    let mut model = Model { snapshots: vec![Rows::new()], oldest: 0 };
    for step in steps {
        let engine = store.as_ref().expect("it is open");
        match step {
            Step::Commit { expect, puts, deletes } => {
                let batch = model.batch(expect, puts, deletes);
                assert_eq!(engine.commit(batch.clone()).await, model.commit(&batch));
                assert_eq!(engine.revision().await, Ok(model.snapshots.len() as Revision - 1));
            }
            Step::Get { at, key } => {
                let at = at.index(model.snapshots.len());
                let found = engine.get(at as Revision, &key).await;
                let found = found.map(|row| row.map(|row| (row.value.to_vec(), row.revision)));
                assert_eq!(found, model.at(at).map(|rows| rows.get(&key).cloned()), "{key:?} at {at}");
            }
            Step::Scan { at, prefix, after, limit } => {
                let at = at.index(model.snapshots.len());
                let page = engine.scan(at as Revision, &prefix, after.as_deref(), limit).await;
                let found = page.map(|page| {
                    let rows = page.entries.into_iter().map(|row| (row.key, (row.value.to_vec(), row.revision)));
                    (rows.collect(), page.more)
                });
                assert_eq!(found, model.scan(at, &prefix, after.as_deref(), limit), "{prefix:?} {after:?} at {at}");
            }
            Step::Forget { before } => {
                let before = before.index(model.snapshots.len());
                engine.forget(before as Revision).await.unwrap();
                model.oldest = model.oldest.max(before);
            }
            Step::Reopen => {
                drop(store.take());
                store = Some(open());
                model.oldest = model.snapshots.len() - 1;
            }
        }
    }
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sqlite_is_a_map(steps in prop::collection::vec(steps(), 1..60)) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("store.db");
        run(agree(steps, || Arc::new(Sqlite::open(&path).unwrap())));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn memory_is_a_map(steps in prop::collection::vec(steps(), 1..120)) {
        let steps = steps.into_iter().filter(|step| !matches!(step, Step::Reopen)).collect();
        run(agree(steps, || Arc::new(Memory::new())));
    }
}
