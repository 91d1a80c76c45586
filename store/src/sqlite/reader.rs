//! What does the file say now? Each question is one short statement, so no read holds back the log or a writer.
//! What it said at an earlier revision is the history's part.

use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::{mpsc, oneshot};

use crate::history::History;
use crate::range::Range;
use crate::{Entry, Page, Revision, Unread};

/// One read, and where its answer goes.
pub(super) enum Query {
    Get { at: Revision, key: Vec<u8>, reply: oneshot::Sender<Result<Option<Entry>, Unread>> },
    Scan { at: Revision, range: Range, limit: usize, reply: oneshot::Sender<Result<Page, Unread>> },
}

/// Answers queries until nobody can ask any more.
pub(super) fn run(file: &Connection, history: &History, waiting: &Mutex<mpsc::Receiver<Query>>) {
    while let Some(query) = next(waiting) {
        // Who no longer waits for the answer does not miss it.
        match query {
            Query::Get { at, key, reply } => {
                let row = || row(file, &key).map_err(unavailable);
                let _ = reply.send(history.get(at, &key, row));
            }
            Query::Scan { at, range, limit, reply } => {
                let rows = |range: &Range, limit| rows(file, range, limit).map_err(unavailable);
                let _ = reply.send(history.scan(at, range, limit, rows));
            }
        }
    }
}

/// The reader that holds the lock waits for the next query; the others wait for the lock.
fn next(waiting: &Mutex<mpsc::Receiver<Query>>) -> Option<Query> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
}

fn row(file: &Connection, key: &[u8]) -> rusqlite::Result<Option<Entry>> {
    let mut statement = file.prepare_cached("SELECT key, value, revision FROM rows WHERE key = ?1")?;
    statement.query_row([key], entry).optional()
}

fn rows(file: &Connection, range: &Range, limit: usize) -> rusqlite::Result<Vec<Entry>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    match &range.to {
        Some(to) => file
            .prepare_cached("SELECT key, value, revision FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3")?
            .query_map(params![range.from, to, limit], entry)?
            .collect(),
        None => file
            .prepare_cached("SELECT key, value, revision FROM rows WHERE key >= ?1 ORDER BY key LIMIT ?2")?
            .query_map(params![range.from, limit], entry)?
            .collect(),
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let value: Vec<u8> = row.get(1)?;
    let revision: i64 = row.get(2)?;
    Ok(Entry { key: row.get(0)?, value: value.into(), revision: revision.cast_unsigned() })
}

pub(super) fn unavailable(error: rusqlite::Error) -> Unread {
    Unread::Unavailable(format!("{error}: check the disk; if the file is damaged, restore it from a backup"))
}
