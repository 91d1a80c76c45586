//! How does a commit reach the disk? One thread takes what waits, writes it as one transaction, and answers after the
//! log is synced. While one group syncs, the next one gathers: no timer is needed.
//!
//! After a COMMIT that failed nobody can say what the disk holds: the kernel may have dropped pages that it could not
//! write, and a second fsync would call them clean (<https://lwn.net/Articles/752063/>). So this process then never
//! touches the file again; the next one reads what is really there.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use tokio::sync::{mpsc, oneshot};

use super::reader::unavailable;
use crate::history::{Change, History, Stored};
use crate::{Batch, Outcome, Refused, Revision, Unread};

/// Commits in one transaction: with 64 callers at once, all of them.
const GROUP_JOBS: usize = 64;

/// Bytes in one transaction, after which no further commit joins; a bound for the log and for the wait.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Up to this size a store is rewritten in memory; beyond, in the system's directory for temporary files.
const REWRITE_IN_MEMORY_BYTES: i64 = 64 * 1024 * 1024;

/// What the writer is asked to do.
pub(super) enum Job {
    Commit(Pending),
    Forget(Forget),
}

/// A commit that waits for its answer.
pub(super) struct Pending {
    pub(super) batch: Batch,
    pub(super) reply: oneshot::Sender<Result<Outcome, Refused>>,
}

/// A compaction that waits for its answer.
pub(super) struct Forget {
    pub(super) before: Revision,
    pub(super) reply: oneshot::Sender<Result<(), Unread>>,
}

/// The only hand that writes.
pub(super) struct Writer {
    state: State,
    history: Arc<History>,
    /// Whether the file may hold bytes of rows that are no longer there. After opening nobody knows.
    residue: bool,
}

enum State {
    Open(Connection),
    /// The reason. The connection is leaked: closing it would checkpoint.
    Stopped(String),
}

/// How a transaction ended, for all its commits alike.
enum End {
    /// Durable, as far as there was anything to write.
    Done(Vec<Outcome>),
    RolledBack(Refused),
    Unknown,
}

impl Writer {
    pub(super) fn new(file: Connection, history: Arc<History>) -> Writer {
        Writer { state: State::Open(file), history, residue: true }
    }

    /// Works until nobody can ask any more and everything asked is answered.
    pub(super) fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            let (group, forget) = gather(first, &mut jobs);
            if !group.is_empty() {
                self.commit(group);
            }
            if let Some(Forget { before, reply }) = forget {
                let _ = reply.send(self.forget(before));
            }
        }
    }

    fn commit(&mut self, group: Vec<Pending>) {
        let (end, failed) = match &self.state {
            State::Open(file) => self.transact(file, &group),
            State::Stopped(why) => (End::RolledBack(Refused::Stopped(why.clone())), None),
        };
        if let Some(error) = failed {
            self.stop(&error);
        }
        self.residue = true;
        answer(group, end);
    }

    /// Writes the group as one transaction. An error beside the end says that the file must not be touched again.
    fn transact(&self, file: &Connection, group: &[Pending]) -> (End, Option<rusqlite::Error>) {
        let published = self.history.revision();
        let (outcomes, revision) = match self.write(file, group, published) {
            Ok(written) => written,
            Err(error) => return (End::RolledBack(refusal(&error)), self.roll_back(file).err()),
        };
        if revision == published {
            return (End::Done(outcomes), self.roll_back(file).err());
        }
        match execute(file, "COMMIT") {
            Ok(()) => {
                self.history.publish(revision);
                (End::Done(outcomes), None)
            }
            Err(error) if code(&error) == Some(ErrorCode::DiskFull) => {
                (End::RolledBack(Refused::Full), self.roll_back(file).err())
            }
            // What was staged stays: a reader may see it, and must be able to look behind it.
            Err(error) => (End::Unknown, Some(error)),
        }
    }

    /// Everything but the COMMIT. Each commit sees the earlier ones of its group.
    fn write(
        &self,
        file: &Connection,
        group: &[Pending],
        published: Revision,
    ) -> rusqlite::Result<(Vec<Outcome>, Revision)> {
        execute(file, "BEGIN IMMEDIATE")?;
        let mut newest = published;
        let mut outcomes = Vec::with_capacity(group.len());
        for Pending { batch, .. } in group {
            let which = conflicts(file, batch)?;
            if which.is_empty() {
                newest += 1;
                self.history.stage(newest, write_batch(file, batch, newest)?);
                outcomes.push(Outcome::Committed { revision: newest });
            } else {
                outcomes.push(Outcome::Conflict { which });
            }
        }
        if newest > published {
            file.prepare_cached("UPDATE head SET revision = ?1")?.execute([newest.cast_signed()])?;
        }
        Ok((outcomes, newest))
    }

    fn roll_back(&self, file: &Connection) -> rusqlite::Result<()> {
        self.history.unstage();
        // SQLite has sometimes rolled back by itself (https://sqlite.org/lang_transaction.html, section 3).
        if file.is_autocommit() { Ok(()) } else { execute(file, "ROLLBACK") }
    }

    fn stop(&mut self, why: &rusqlite::Error) {
        let stopped = State::Stopped(format!("the disk failed: {why}"));
        if let State::Open(file) = std::mem::replace(&mut self.state, stopped) {
            // Leaked on purpose: closing it would checkpoint.
            std::mem::forget(file);
        }
    }

    fn forget(&mut self, before: Revision) -> Result<(), Unread> {
        self.history.forget(before);
        let cleaned = match &self.state {
            State::Open(file) => clean(file, self.residue),
            State::Stopped(why) => return Err(Unread::Unavailable(why.clone())),
        };
        cleaned.map_err(|error| {
            if code(&error) == Some(ErrorCode::SystemIoFailure) {
                self.stop(&error);
            }
            unavailable(error)
        })?;
        self.residue = false;
        Ok(())
    }
}

/// What waits, up to a group's size. A compaction ends the group, so that it comes after what was asked before it.
fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>) -> (Vec<Pending>, Option<Forget>) {
    let mut group = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(job) = next {
        match job {
            Job::Commit(pending) => {
                bytes += pending.batch.bytes();
                group.push(pending);
            }
            Job::Forget(forget) => return (group, Some(forget)),
        }
        let room = group.len() < GROUP_JOBS && bytes < GROUP_BYTES;
        next = if room { jobs.try_recv().ok() } else { None };
    }
    (group, None)
}

/// Conflicts are answered with the rest: a conflict with a commit that is not durable yet is none.
fn answer(group: Vec<Pending>, end: End) {
    let results: Vec<Result<Outcome, Refused>> = match end {
        End::Done(outcomes) => outcomes.into_iter().map(Ok).collect(),
        End::RolledBack(refused) => group.iter().map(|_| Err(refused.clone())).collect(),
        End::Unknown => group.iter().map(|_| Ok(Outcome::Unknown)).collect(),
    };
    for (Pending { reply, .. }, result) in group.into_iter().zip(results) {
        // Who no longer waits has lost the answer, not the change.
        let _ = reply.send(result);
    }
}

/// The places of the expectations that do not hold.
fn conflicts(file: &Connection, batch: &Batch) -> rusqlite::Result<Vec<usize>> {
    let mut statement = file.prepare_cached("SELECT revision FROM rows WHERE key = ?1")?;
    let mut which = Vec::new();
    for (place, (key, expected)) in batch.expect.iter().enumerate() {
        let found: Option<i64> = statement.query_row([key], |row| row.get(0)).optional()?;
        if found.unwrap_or(0).cast_unsigned() != *expected {
            which.push(place);
        }
    }
    Ok(which)
}

/// Writes the rows and says what that overwrites.
fn write_batch(file: &Connection, batch: &Batch, revision: Revision) -> rusqlite::Result<Vec<Change>> {
    let absent: HashSet<&[u8]> =
        batch.expect.iter().filter(|(_, expected)| *expected == 0).map(|(key, _)| key.as_slice()).collect();
    let mut changes = Vec::with_capacity(batch.puts.len() + batch.deletes.len());
    for (key, value) in &batch.puts {
        // An expected absence was just seen: no need to look again.
        let before = if absent.contains(key.as_slice()) { None } else { stored(file, key)? };
        put(file, key, value, revision)?;
        changes.push(Change { key: key.as_slice().into(), before, after: Some(value.clone()) });
    }
    for key in &batch.deletes {
        let before = stored(file, key)?;
        file.prepare_cached("DELETE FROM rows WHERE key = ?1")?.execute([key])?;
        changes.push(Change { key: key.as_slice().into(), before, after: None });
    }
    Ok(changes)
}

fn put(file: &Connection, key: &[u8], value: &[u8], revision: Revision) -> rusqlite::Result<()> {
    let mut statement = file.prepare_cached(
        "INSERT INTO rows (key, value, revision) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, revision = excluded.revision",
    )?;
    statement.execute(params![key, value, revision.cast_signed()])?;
    Ok(())
}

fn stored(file: &Connection, key: &[u8]) -> rusqlite::Result<Option<Stored>> {
    let mut statement = file.prepare_cached("SELECT value, revision FROM rows WHERE key = ?1")?;
    let stored = statement.query_row([key], |row| {
        let value: Vec<u8> = row.get(0)?;
        let revision: i64 = row.get(1)?;
        Ok(Stored { value: value.into(), revision: revision.cast_unsigned() })
    });
    stored.optional()
}

/// Leaves no byte of an overwritten or deleted row in the file or its log.
///
/// `secure_delete` alone does not: when SQLite balances its pages it copies rows to other pages and leaves the old
/// copies in the unused middle of a page, where they outlive the row. VACUUM writes every page anew; the checkpoint
/// then moves them from the log into the file and empties the log.
fn clean(file: &Connection, residue: bool) -> rusqlite::Result<()> {
    if residue {
        let bytes: i64 =
            file.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| {
                row.get(0)
            })?;
        let store = if bytes <= REWRITE_IN_MEMORY_BYTES { "MEMORY" } else { "FILE" };
        file.execute_batch(&format!("PRAGMA temp_store = {store}; VACUUM;"))?;
    }
    let busy: bool = file.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None))
    } else {
        Ok(())
    }
}

fn execute(file: &Connection, statement: &str) -> rusqlite::Result<()> {
    file.prepare_cached(statement)?.execute([]).map(|_| ())
}

fn refusal(error: &rusqlite::Error) -> Refused {
    match code(error) {
        Some(ErrorCode::DiskFull) => Refused::Full,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Refused::Busy,
        _ => Refused::Stopped(error.to_string()),
    }
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    error.sqlite_error_code()
}
