//! What if one machine has to keep the rows? Then SQLite does, behind one thread that writes and two that read.
//! No query runs on the caller's thread: a disk that hangs stops cold reads and commits, never an async worker.

mod file;
mod reader;
mod writer;

use std::future::ready;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use self::reader::Query;
use self::writer::{Forget, Job, Pending, Writer};
use crate::history::{HISTORY_BYTES, History};
use crate::range::Range;
use crate::{Batch, Entry, Fut, OpenError, Outcome, Page, Refused, Revision, Store, Unread, Watch};

/// Two, so that a slow page does not hold up every point read; more would only wait for the same disk.
const READERS: usize = 2;

/// Commits that may wait: 16 full groups, more than any one second needs; beyond that, callers had better hear `Busy`.
const WAITING_COMMITS: usize = 1024;

/// Reads that may wait; beyond that, callers wait to queue.
const WAITING_READS: usize = 1024;

/// A store in one SQLite file (format 1), with its write-ahead log beside it.
///
/// One process at a time: whoever opens it holds the directory by a lock of its own. Dropping it finishes the commits
/// and reads that wait, checkpoints the log into the file and closes it; that blocks while the disk works.
pub struct Sqlite {
    history: Arc<History>,
    jobs: Option<mpsc::Sender<Job>>,
    queries: Option<mpsc::Sender<Query>>,
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
}

impl Sqlite {
    /// Opens the store at `path`, or makes an empty one if there is no such file; its directory must exist. The file
    /// and its companions (`-wal`, `-shm`) are for their owner only, whatever the umask.
    ///
    /// Nothing is scanned: a million rows open as fast as none. A file that is not a whole store of a format we know
    /// is refused without being changed. Snapshots and watches begin at the present revision.
    pub fn open(path: &Path) -> Result<Sqlite, OpenError> {
        let denied = |error: std::io::Error| OpenError::Denied { path: path.to_owned(), detail: error.to_string() };
        let path = std::path::absolute(path).map_err(denied)?;
        let (file, revision) = file::open(&path)?;
        let history = History::new(revision, HISTORY_BYTES);

        let mut store = Sqlite { history, jobs: None, queries: None, writer: None, readers: Vec::new() };
        store.start_writer(file).map_err(denied)?;
        let (queries, waiting) = mpsc::channel(WAITING_READS);
        store.queries = Some(queries);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..READERS {
            store.start_reader(file::open_reader(&path)?, waiting.clone()).map_err(denied)?;
        }
        Ok(store)
    }

    /// Finishes what waits and closes the file. The same as dropping it, for those who want to say so.
    pub fn close(self) {}

    fn start_writer(&mut self, file: Connection) -> std::io::Result<()> {
        let (jobs, waiting) = mpsc::channel(WAITING_COMMITS);
        let writer = Writer::new(file, self.history.clone());
        self.writer = Some(Builder::new().name("store-writer".to_owned()).spawn(move || writer.run(waiting))?);
        self.jobs = Some(jobs);
        Ok(())
    }

    fn start_reader(&mut self, file: Connection, waiting: Arc<Mutex<mpsc::Receiver<Query>>>) -> std::io::Result<()> {
        let history = self.history.clone();
        let run = move || reader::run(&file, &history, &waiting);
        self.readers.push(Builder::new().name("store-reader".to_owned()).spawn(run)?);
        Ok(())
    }

    async fn ask<T>(&self, query: impl FnOnce(oneshot::Sender<Result<T, Unread>>) -> Query) -> Result<T, Unread> {
        let ended = || Unread::Unavailable("its reader has ended: restart".to_owned());
        let (reply, answer) = oneshot::channel();
        let queries = self.queries.as_ref().ok_or_else(ended)?;
        queries.send(query(reply)).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    fn submit(&self, job: Job) -> Result<(), Refused> {
        let ended = || Refused::Stopped("its writer has ended".to_owned());
        let jobs = self.jobs.as_ref().ok_or_else(ended)?;
        jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Busy,
            TrySendError::Closed(_) => ended(),
        })
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // The readers first: SQLite checkpoints and removes the log when its last connection closes, and only the
        // writer's may write.
        drop(self.queries.take());
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        self.history.close();
    }
}

impl Store for Sqlite {
    fn revision(&self) -> Fut<'_, Result<Revision, Unread>> {
        Box::pin(ready(Ok(self.history.revision())))
    }

    fn get<'a>(&'a self, at: Revision, key: &'a [u8]) -> Fut<'a, Result<Option<Entry>, Unread>> {
        Box::pin(self.ask(move |reply| Query::Get { at, key: key.to_vec(), reply }))
    }

    fn scan<'a>(
        &'a self,
        at: Revision,
        prefix: &'a [u8],
        after: Option<&'a [u8]>,
        limit: usize,
    ) -> Fut<'a, Result<Page, Unread>> {
        let range = Range::under(prefix, after);
        Box::pin(self.ask(move |reply| Query::Scan { at, range, limit, reply }))
    }

    fn commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        // Queued now and not when first polled: from here on a caller who vanishes takes only the answer along.
        let (reply, answer) = oneshot::channel();
        let queued = batch.check().and_then(|()| self.submit(Job::Commit(Pending { batch, reply })));
        Box::pin(async move {
            queued?;
            // A writer that ended without an answer may have committed before it did.
            answer.await.unwrap_or(Ok(Outcome::Unknown))
        })
    }

    fn watch(&self, after: Revision) -> Fut<'_, Result<Box<dyn Watch>, Unread>> {
        Box::pin(ready(self.history.watch(after)))
    }

    fn forget(&self, before: Revision) -> Fut<'_, Result<(), Unread>> {
        let (reply, answer) = oneshot::channel();
        let queued = self.submit(Job::Forget(Forget { before, reply }));
        Box::pin(async move {
            queued.map_err(|refused| Unread::Unavailable(refused.to_string()))?;
            answer.await.map_err(|_| Unread::Unavailable("its writer has ended: restart".to_owned()))?
        })
    }
}
