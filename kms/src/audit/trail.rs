//! Where does the audit record of a call go? One JSON line each into files that only grow, written before the answer.
//! What a record says is decided elsewhere; here a line is bytes, and nothing is ever deleted or read back but a tail.
//!
//! The directory holds `audit-000001.jsonl`, `audit-000002.jsonl`, …; the one with the greatest number grows until it
//! would pass 256 MiB. Old ones are the operator's to move away; the newest must stay. At a start only the names are
//! listed and the last 1 MiB is read, however much there is.
//!
//! *Every line stands alone.* A crash can tear the last line; the next start ends it with a newline, so that every
//! other line parses and one, which no caller was told of, does not. *A line may stand twice*, with one `eventID`:
//! when a file fails to sync, what was not known to be on the disk is written once more into a new one.
//!
//! *Closed, not lossy.* A line that cannot be written is an error for its caller, who must then refuse the call; the
//! next line is tried again, so that a disk that was full recovers by itself.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;
use store::Fut;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Where the lines go.
pub trait Trail: Send + Sync {
    /// Writes one line, given without its newline. When it returns, the operating system has the line: it survives the
    /// end of this process, and at the latest a second later the end of the machine. Once its turn has come, dropping
    /// the future does not take the line back.
    ///
    /// # Errors
    /// The line is not in the trail, and the call it records must be refused.
    fn append(&self, line: Vec<u8>) -> Fut<'_, Result<(), TrailError>>;

    /// Returns when every line that was appended before is on the disk.
    ///
    /// # Errors
    /// Some may not be; the trail keeps them in memory and tries again.
    fn sync(&self) -> Fut<'_, Result<(), TrailError>>;

    /// The `eventID`s of the newest lines when the trail was opened, as far as the last 1 MiB reaches, all of them on
    /// the disk: who brings records here that a crash may have interrupted asks whether they came before.
    fn recent_event_ids(&self) -> HashSet<String>;
}

/// Why a line is not in the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrailError {
    /// Empty, or it contains a newline: it would not be one line.
    NotALine,
    /// Longer than 1 MiB.
    TooLong,
    /// The file system refused.
    Io {
        /// What was tried, and where.
        doing: String,
        /// What it answered.
        kind: io::ErrorKind,
        /// The same in its words.
        message: String,
    },
    /// The trail's thread has ended.
    Stopped,
}

impl fmt::Display for TrailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrailError::NotALine => f.write_str("an audit record must be one line"),
            TrailError::TooLong => write!(f, "an audit record is longer than {LINE_BYTES} bytes"),
            TrailError::Io { doing, message, .. } => {
                write!(f, "cannot {doing}: {message}; calls are refused until their audit records can be written")
            }
            TrailError::Stopped => f.write_str("the audit trail is closed"),
        }
    }
}

impl std::error::Error for TrailError {}

/// The trail in a directory. One thread writes; dropping the trail ends it, after a last sync.
pub struct FileTrail {
    jobs: Option<Sender<Job>>,
    room: Arc<Semaphore>,
    recent: HashSet<String>,
    thread: Option<JoinHandle<()>>,
}

impl FileTrail {
    /// Opens the trail in `dir`, which is made if it is absent (its parent must exist). Files are 0600 and a directory
    /// made here is 0700, under any umask; what exists keeps its mode. The caller sees to it that no other process
    /// writes here.
    ///
    /// # Errors
    /// What the file system answered.
    pub fn open(dir: &Path) -> io::Result<FileTrail> {
        FileTrail::start(dir, FILE_BYTES, RealDisk)
    }

    fn start(dir: &Path, file_bytes: u64, mut disk: impl Disk) -> io::Result<FileTrail> {
        make_directory(dir)?;
        let newest = newest(dir)?;
        let recent = newest.map_or(Ok(HashSet::new()), |number| event_ids(dir, number))?;
        let current = match newest {
            Some(number) => Numbered::reopen(dir, number)?,
            None => Numbered::create(dir, 1)?,
        };
        // Whoever finds a record among the recent ones may forget it elsewhere, so they must be on the disk by then. A
        // page turns only after the one before it was synced.
        current.sync(&mut disk)?;
        sync_names(dir)?;
        let writer = Writer {
            dir: dir.to_owned(),
            file_bytes,
            disk,
            last: current.number,
            current: Some(current),
            unsynced: Vec::new(),
            sync_at: None,
        };
        let (jobs, todo) = mpsc::channel();
        let thread = thread::Builder::new().name("audit-trail".to_owned()).spawn(move || writer.run(&todo))?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        Ok(FileTrail { jobs: Some(jobs), room, recent, thread: Some(thread) })
    }

    /// Waits for room in the queue, hands the job over and waits for its answer.
    async fn ask(&self, weight: u32, job: impl FnOnce(Answer) -> Job) -> Result<(), TrailError> {
        let room = Arc::clone(&self.room).acquire_many_owned(weight).await.map_err(|_| TrailError::Stopped)?;
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or(TrailError::Stopped)?;
        jobs.send(job(Answer { reply, _room: room })).map_err(|_| TrailError::Stopped)?;
        answer.await.map_err(|_| TrailError::Stopped)?
    }
}

impl Trail for FileTrail {
    fn append(&self, line: Vec<u8>) -> Fut<'_, Result<(), TrailError>> {
        Box::pin(async move {
            let weight = weight(&line)?;
            self.ask(weight, |answer| Job::Line(line, answer)).await
        })
    }

    fn sync(&self) -> Fut<'_, Result<(), TrailError>> {
        Box::pin(self.ask(JOB_BYTES, Job::Sync))
    }

    fn recent_event_ids(&self) -> HashSet<String> {
        self.recent.clone()
    }
}

impl Drop for FileTrail {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!("the audit trail's thread had panicked");
        }
    }
}

/// What a line takes of the queue, if it is one.
fn weight(line: &[u8]) -> Result<u32, TrailError> {
    if line.is_empty() || line.contains(&b'\n') {
        return Err(TrailError::NotALine);
    }
    let bytes = u32::try_from(line.len()).ok().filter(|bytes| *bytes <= LINE_BYTES).ok_or(TrailError::TooLong)?;
    Ok(bytes + JOB_BYTES)
}

enum Job {
    Line(Vec<u8>, Answer),
    Sync(Answer),
}

/// Who waits, and the room that the job took in the queue until it is answered.
struct Answer {
    reply: oneshot::Sender<Result<(), TrailError>>,
    _room: OwnedSemaphorePermit,
}

/// Whoever has gone away needs no answer.
fn tell(answers: Vec<Answer>, result: &Result<(), TrailError>) {
    for answer in answers {
        let _ = answer.reply.send(result.clone());
    }
}

/// What the writer asks of the disk, apart so that tests can let it fail.
trait Disk: Send + 'static {
    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self, file: &File) -> io::Result<()>;
}

struct RealDisk;

impl Disk for RealDisk {
    fn write(&mut self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

/// The thread's own.
struct Writer<D> {
    dir: PathBuf,
    file_bytes: u64,
    disk: D,
    /// The greatest number used so far.
    last: u64,
    /// `None` after a failed sync, until a new file has taken over what the old one may have lost.
    current: Option<Numbered>,
    /// The lines whose callers were answered and that are not known to be on the disk.
    unsynced: Vec<u8>,
    /// When they shall be at the latest. The clock only paces; no record takes its time from it.
    sync_at: Option<Instant>,
}

impl<D: Disk> Writer<D> {
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            match self.wait(jobs) {
                Ok(first) => self.serve(group(first, jobs)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.sync_at.is_some_and(|due| due <= Instant::now()) {
                self.sync_unasked();
            }
        }
        if self.sync_at.is_some() {
            self.sync_unasked();
        }
    }

    fn wait(&self, jobs: &Receiver<Job>) -> Result<Job, RecvTimeoutError> {
        match self.sync_at {
            Some(due) => jobs.recv_timeout(due.saturating_duration_since(Instant::now())),
            None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    /// All lines in one write, answered; then one sync for all who asked.
    fn serve(&mut self, group: Vec<Job>) {
        let (mut lines, mut writers, mut syncers) = (Vec::new(), Vec::new(), Vec::new());
        for job in group {
            match job {
                Job::Line(line, answer) => {
                    lines.extend_from_slice(&line);
                    lines.push(b'\n');
                    writers.push(answer);
                }
                Job::Sync(answer) => syncers.push(answer),
            }
        }
        if !writers.is_empty() {
            let written = self.write(&lines);
            tell(writers, &written);
        }
        if !syncers.is_empty() {
            let synced = self.sync();
            tell(syncers, &synced);
        }
    }

    fn write(&mut self, lines: &[u8]) -> Result<(), TrailError> {
        if self.current.is_none() || self.unsynced.len() + lines.len() > UNSYNCED_BYTES {
            self.sync()?;
        }
        let full = |current: &Numbered| current.bytes > 0 && current.bytes + lines.len() as u64 > self.file_bytes;
        if self.current.as_ref().is_some_and(full) {
            self.sync()?;
            self.turn_page()?;
        }
        let current = self.current.as_mut().ok_or(TrailError::Stopped)?;
        current.append(&mut self.disk, lines).map_err(|error| doing("write", &current.path, &error))?;
        self.unsynced.extend_from_slice(lines);
        self.sync_at.get_or_insert_with(|| Instant::now() + SYNC_EVERY);
        Ok(())
    }

    /// After a failed sync the kernel may have forgotten what it could not write, and a second sync of that file would
    /// promise what nobody keeps. So the lines are written once more, into a new file. The same goes for a file that
    /// somebody has deleted.
    fn sync(&mut self) -> Result<(), TrailError> {
        if self.current.is_some() && self.unsynced.is_empty() {
            return Ok(());
        }
        match self.current.as_ref().map(|current| (current.sync(&mut self.disk), &current.path)) {
            Some((Ok(()), _)) => {}
            Some((Err(error), path)) => {
                tracing::error!(%error, path = %path.display(), "an audit file cannot be synced; a new one takes over");
                self.current = None;
                self.turn_page()?;
            }
            None => self.turn_page()?,
        }
        self.unsynced.clear();
        self.sync_at = None;
        Ok(())
    }

    /// A new file, which begins with every line that is not known to be on the disk.
    fn turn_page(&mut self) -> Result<(), TrailError> {
        let next = self.next_page().map_err(|error| doing("begin a new audit file in", &self.dir, &error))?;
        self.last = next.number;
        self.current = Some(next);
        Ok(())
    }

    fn next_page(&mut self) -> io::Result<Numbered> {
        make_directory(&self.dir)?;
        let last = newest(&self.dir)?.map_or(self.last, |newest| newest.max(self.last));
        let mut next = Numbered::create(&self.dir, last + 1)?;
        if self.unsynced.is_empty() {
            return Ok(next);
        }
        let kept = next.append(&mut self.disk, &self.unsynced).and_then(|()| next.sync(&mut self.disk));
        match kept {
            Ok(()) => Ok(next),
            Err(error) => {
                // Nobody was told of this file; what is in it stays in `unsynced`.
                let _ = fs::remove_file(&next.path);
                Err(error)
            }
        }
    }

    /// Nobody waits for this one, so only the log hears of a failure; the next line's caller meets it.
    fn sync_unasked(&mut self) {
        if let Err(error) = self.sync() {
            tracing::error!(%error, "the audit trail cannot be synced");
            self.sync_at = Some(Instant::now() + SYNC_EVERY);
        }
    }
}

/// The first job and what waits behind it, within bounds: while one group is written, the next one gathers.
fn group(first: Job, jobs: &Receiver<Job>) -> Vec<Job> {
    let bytes = |job: &Job| match job {
        Job::Line(line, _) => line.len(),
        Job::Sync(_) => 0,
    };
    let mut total = bytes(&first);
    let mut group = vec![first];
    while total < GROUP_BYTES
        && let Ok(job) = jobs.try_recv()
    {
        total += bytes(&job);
        group.push(job);
    }
    group
}

/// One file of the trail.
struct Numbered {
    number: u64,
    path: PathBuf,
    file: File,
    /// Its length: whole lines.
    bytes: u64,
    /// A failed write left a part of a line that could not be cut off.
    torn: bool,
}

impl Numbered {
    /// A new file, whose name is on the disk when this returns.
    fn create(dir: &Path, number: u64) -> io::Result<Numbered> {
        let path = file_path(dir, number);
        let file = OpenOptions::new().append(true).create_new(true).mode(FILE_MODE).open(&path)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        sync_names(dir)?;
        Ok(Numbered { number, path, file, bytes: 0, torn: false })
    }

    /// The file an earlier process ended in. If that tore the last line, it ends here.
    fn reopen(dir: &Path, number: u64) -> io::Result<Numbered> {
        let path = file_path(dir, number);
        let mut file = OpenOptions::new().read(true).append(true).open(&path)?;
        let mut bytes = file.metadata()?.len();
        if bytes > 0 {
            let mut last = [0];
            file.seek(SeekFrom::Start(bytes - 1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                file.write_all(b"\n")?;
                bytes += 1;
            }
        }
        Ok(Numbered { number, path, file, bytes, torn: false })
    }

    /// All of `lines`, or none: what a failed write left is cut off, or at least ended before the next line.
    fn append(&mut self, disk: &mut impl Disk, lines: &[u8]) -> io::Result<()> {
        let ended = if self.torn { [b"\n", lines].concat() } else { Vec::new() };
        let bytes = if self.torn { &ended } else { lines };
        match disk.write(&mut self.file, bytes) {
            Ok(()) => {
                self.bytes += bytes.len() as u64;
                self.torn = false;
                Ok(())
            }
            Err(error) => {
                self.torn |= self.file.set_len(self.bytes).is_err();
                Err(error)
            }
        }
    }

    /// A file without a name keeps nothing, however well it syncs.
    fn sync(&self, disk: &mut impl Disk) -> io::Result<()> {
        if self.file.metadata()?.nlink() == 0 {
            return Err(io::Error::new(io::ErrorKind::NotFound, "somebody has deleted it"));
        }
        disk.sync(&self.file)
    }
}

fn doing(verb: &str, path: &Path, error: &io::Error) -> TrailError {
    TrailError::Io { doing: format!("{verb} {}", path.display()), kind: error.kind(), message: error.to_string() }
}

fn make_directory(dir: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(DIRECTORY_MODE).create(dir) {
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(DIRECTORY_MODE)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && dir.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// A new file is on the disk when its name is.
fn sync_names(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn file_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("audit-{number:06}.jsonl"))
}

/// The greatest number among the names in `dir`. Names of another form are not ours and stay as they are.
fn newest(dir: &Path) -> io::Result<Option<u64>> {
    let mut newest = None;
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("audit-")?.strip_suffix(".jsonl"));
        let number =
            digits.and_then(|digits| digits.parse().ok()).filter(|number| *file_path(dir, *number) == *dir.join(&name));
        newest = newest.max(number);
    }
    Ok(newest)
}

/// The `eventID`s of the last [`TAIL_BYTES`] of the trail, from its newest file backwards.
fn event_ids(dir: &Path, newest: u64) -> io::Result<HashSet<String>> {
    let mut ids = HashSet::new();
    let mut left = TAIL_BYTES;
    for number in (1..=newest).rev() {
        let mut file = match File::open(file_path(dir, number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            file => file?,
        };
        let bytes = file.metadata()?.len();
        file.seek(SeekFrom::Start(bytes.saturating_sub(left)))?;
        let mut tail = Vec::new();
        file.take(left).read_to_end(&mut tail)?;
        ids.extend(tail.split(|byte| *byte == b'\n').filter_map(event_id));
        left = left.saturating_sub(bytes);
        if left == 0 {
            break;
        }
    }
    Ok(ids)
}

/// A line that was cut in two, by a crash or by the bound of the tail, has none.
fn event_id(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Record<'a> {
        #[serde(rename = "eventID", borrow)]
        event_id: Cow<'a, str>,
    }
    serde_json::from_slice::<Record<'_>>(line).ok().map(|record| record.event_id.into_owned())
}

/// The trail in memory, for tests and for a `dev` that has no directory. It keeps the newest 16 MiB.
#[derive(Default)]
pub struct MemoryTrail {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl MemoryTrail {
    /// The lines it has, the oldest first.
    pub fn lines(&self) -> Vec<Vec<u8>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).lines.iter().cloned().collect()
    }

    fn keep(&self, line: Vec<u8>) -> Result<(), TrailError> {
        weight(&line)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += line.len();
        kept.lines.push_back(line);
        while kept.bytes > MEMORY_BYTES
            && let Some(oldest) = kept.lines.pop_front()
        {
            kept.bytes -= oldest.len();
        }
        Ok(())
    }
}

impl Trail for MemoryTrail {
    fn append(&self, line: Vec<u8>) -> Fut<'_, Result<(), TrailError>> {
        Box::pin(async move { self.keep(line) })
    }

    fn sync(&self) -> Fut<'_, Result<(), TrailError>> {
        Box::pin(async { Ok(()) })
    }

    /// Of the lines it has now: in memory, nothing is opened again.
    fn recent_event_ids(&self) -> HashSet<String> {
        self.lines().iter().filter_map(|line| event_id(line)).collect()
    }
}

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// A file is easy to copy and to search, and a terabyte is 4,096 names.
const FILE_BYTES: u64 = 256 << 20;
/// Far above the largest record: a key policy of 128 KiB with every character escaped.
const LINE_BYTES: u32 = 1 << 20;
/// What waits to be written; who comes then waits before the queue.
const QUEUE_BYTES: usize = 8 << 20;
/// What a job takes in the queue beside its line.
const JOB_BYTES: u32 = 256;
/// One write takes milliseconds at most, so that an answer does not wait long for its neighbours.
const GROUP_BYTES: usize = 1 << 20;
/// Kept in memory until it is on the disk; more than a second brings at 10,000 calls a second.
const UNSYNCED_BYTES: usize = 16 << 20;
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// At a kilobyte a record, the last thousand.
const TAIL_BYTES: u64 = 1 << 20;
const MEMORY_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests;
