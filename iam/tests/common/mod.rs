//! A shelf in memory, and a house that asks verbs of it as a store would: all edits of a verb or none, each with the
//! version that its row comes to, and only of rows that the verb has read.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use crypto::testing::Seeded;
use iam::record::{AccessKey, Account};
use iam::verb::{Answer, Asked, Speaker, Verb, run};
use iam::{Draw, Edit, Halt, Kept, Refusal, Shelf, Stored, rows};
use serde_json::Value;

pub const OWN: &str = "111122223333";
pub const OTHER: &str = "444455556666";
/// An account that no house holds.
pub const STRANGE: &str = "777788889999";

pub const ALLOW: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#;

/// A trust policy for one AWS principal.
pub fn trusting(principal: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"}}]}}"#
    )
}

pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

/// Rows by their names: how often each was written, and its bytes.
pub type Rows = BTreeMap<Vec<u8>, (u64, Vec<u8>)>;

#[derive(Default)]
pub struct Memory {
    pub rows: Mutex<Rows>,
    read: Mutex<BTreeSet<Vec<u8>>>,
}

impl Shelf for Memory {
    type Unreadable = String;

    async fn get<T: Stored>(&self, row: Vec<u8>) -> Result<Option<Kept<T>>, String> {
        self.read.lock().unwrap().insert(row.clone());
        let rows = self.rows.lock().unwrap();
        let Some((version, bytes)) = rows.get(&row) else { return Ok(None) };
        let record = T::decode(bytes).map_err(|why| format!("{} {why}", row.escape_ascii()))?;
        Ok(Some(Kept { record: record.into(), version: *version }))
    }

    async fn names(
        &self,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<(Vec<Vec<u8>>, bool), String> {
        let rows = self.rows.lock().unwrap();
        let mut names = rows.keys().filter(|row| row.starts_with(&prefix) && after.as_ref() < Some(*row));
        let page = names.by_ref().take(limit).cloned().collect();
        Ok((page, names.next().is_some()))
    }
}

/// A store with two accounts, of which the first manages.
pub struct House {
    pub memory: Memory,
    pub random: Seeded,
    pub now: AtomicI64,
}

impl House {
    pub fn new(seed: u64) -> House {
        let house =
            House { memory: Memory::default(), random: Seeded::new(seed), now: AtomicI64::new(1_700_000_000_000) };
        house.put(
            rows::account(OWN),
            &Account { created: 0, name: None, management: true, access_keys: BTreeMap::new() },
        );
        house.put(
            rows::account(OTHER),
            &Account { created: 0, name: Some("other".into()), management: false, access_keys: BTreeMap::new() },
        );
        house
    }

    pub fn put<T: Stored>(&self, row: Vec<u8>, record: &T) {
        self.memory.rows.lock().unwrap().insert(row, (1, record.encode().expose().to_vec()));
    }

    pub fn rows(&self) -> Rows {
        self.memory.rows.lock().unwrap().clone()
    }

    pub fn get<T: Stored>(&self, row: Vec<u8>) -> Option<std::sync::Arc<T>> {
        block_on(self.memory.get::<T>(row)).expect("it is readable").map(|kept| kept.record)
    }

    pub fn draw(&self) -> Draw<'_> {
        Draw { random: &self.random, now_ms: self.now.fetch_add(1000, Ordering::Relaxed) }
    }

    /// Asks as the account's root.
    pub fn ask(&self, account: &str, verb: Verb, body: Value) -> Result<Value, Refusal> {
        self.ask_as(Speaker::Root, account, verb, body)
    }

    pub fn ask_as(&self, speaker: Speaker<'_>, account: &str, verb: Verb, body: Value) -> Result<Value, Refusal> {
        let asked = Asked::parse(verb, body.to_string().as_bytes(), speaker)?;
        let answer = self.run(&asked, account)?;
        Ok(serde_json::from_slice(answer.to_json().expose()).expect("an answer is JSON"))
    }

    pub fn run(&self, asked: &Asked, account: &str) -> Result<Answer, Refusal> {
        self.memory.read.lock().unwrap().clear();
        match block_on(run(asked, &self.memory, account, "aws", self.draw())) {
            Ok((answer, edits)) => {
                assert!(edits.is_empty() || !asked.verb().is_read_only(), "{} edits", asked.verb().name());
                self.commit(edits);
                Ok(answer)
            }
            Err(Halt::Refused(refusal)) => Err(refusal),
            Err(Halt::Unreadable(why)) => panic!("{} read a row that was not readable: {why}", asked.verb().name()),
        }
    }

    fn commit(&self, edits: Vec<Edit>) {
        let (mut rows, read) = (self.memory.rows.lock().unwrap(), self.memory.read.lock().unwrap());
        for edit in edits {
            let (Edit::Put { row, .. } | Edit::Delete { row }) = &edit;
            assert!(read.contains(row), "{} was edited and not read: a commit would not expect it", row.escape_ascii());
            match edit {
                Edit::Put { row, version, encoded } => {
                    let before = rows.get(&row).map_or(0, |(version, _)| *version);
                    assert_eq!(version, before + 1, "the version of {}", row.escape_ascii());
                    rows.insert(row, (version, encoded.expose().to_vec()));
                }
                Edit::Delete { row } => assert!(rows.remove(&row).is_some(), "{} was not there", row.escape_ascii()),
            }
        }
    }

    /// The secret of an access key, as the store has it.
    pub fn secret(&self, id: &str) -> Option<Vec<u8>> {
        self.get::<AccessKey>(rows::access_key(id)).map(|key| key.secret.expose().to_vec())
    }
}
