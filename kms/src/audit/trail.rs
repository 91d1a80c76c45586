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
//! *Callers write.* Who comes while nobody writes takes the lead and writes at once; who comes meanwhile queues, and
//! the leader takes all of them along in its next write. So a line wakes no other thread. A write goes to the page
//! cache; if it hangs all the same, or waits for a sync before a new file, it holds one worker thread and never a
//! second: everybody else waits as a future. Syncing has a thread of its own, and lines are written meanwhile.
//!
//! *Closed, not lossy.* A line that cannot be written is an error for its caller, who must then refuse the call; the
//! next line is tried again, so that a disk that was full recovers by itself.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde::Deserialize;
use store::Fut;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Where the lines go.
pub trait Trail: Send + Sync {
    /// Writes one line, given without its newline. When it returns, the operating system has the line: it survives the
    /// end of this process, and at the latest a second later the end of the machine. Once its turn has come, dropping
    /// the future does not take the line back. A future that was polled is polled on or dropped: put aside, it may hold
    /// up the others.
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
    /// A bug ended it: writing or syncing has panicked.
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

/// The trail in a directory. Its callers write and one thread syncs; dropping the trail ends that, after a last sync.
pub struct FileTrail {
    desk: Arc<Desk>,
    room: Arc<Semaphore>,
    recent: HashSet<String>,
    syncs: Option<Sender<Reply>>,
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

    fn start(dir: &Path, file_bytes: u64, disk: impl Disk) -> io::Result<FileTrail> {
        make_directory(dir)?;
        let newest = newest(dir)?;
        let recent = newest.map_or(Ok(HashSet::new()), |number| event_ids(dir, number))?;
        let current = match newest {
            Some(number) => Numbered::reopen(dir, number)?,
            None => Numbered::create(dir, 1)?,
        };
        // Whoever finds a record among the recent ones may forget it elsewhere, so they must be on the disk by then. A
        // page turns only after the one before it was synced.
        sync_file(&disk, &current.file)?;
        sync_names(dir)?;
        let writer = Writer {
            dir: dir.to_owned(),
            file_bytes,
            last: current.number,
            current: Some(current),
            unsynced: Vec::new(),
        };
        let desk = Arc::new(Desk {
            queue: Mutex::default(),
            writer: Mutex::new(writer),
            syncing: Mutex::new(()),
            disk: Box::new(disk),
        });
        let (syncs, asked) = mpsc::channel();
        let syncer = Arc::clone(&desk);
        let thread = thread::Builder::new().name("audit-trail".to_owned()).spawn(move || syncer.keep_synced(&asked))?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        Ok(FileTrail { desk, room, recent, syncs: Some(syncs), thread: Some(thread) })
    }
}

impl Trail for FileTrail {
    fn append(&self, line: Vec<u8>) -> Fut<'_, Result<(), TrailError>> {
        Box::pin(async move {
            let weight = weight(&line)?;
            let room = Arc::clone(&self.room).acquire_many_owned(weight).await.map_err(|_| TrailError::Stopped)?;
            // Without its thread nothing would be synced any more.
            if self.thread.as_ref().is_none_or(JoinHandle::is_finished) {
                return Err(TrailError::Stopped);
            }
            let (reply, told) = oneshot::channel();
            // Here and below: who gets the lead uses it by letting it go.
            drop(self.desk.queue(Waiting { line, answer: Answer { reply, _room: room } }));
            let Told { written, lead } = told.await.map_err(|_| TrailError::Stopped)?;
            drop(lead);
            written
        })
    }

    fn sync(&self) -> Fut<'_, Result<(), TrailError>> {
        Box::pin(async move {
            let (reply, synced) = oneshot::channel();
            let syncs = self.syncs.as_ref().ok_or(TrailError::Stopped)?;
            syncs.send(reply).map_err(|_| TrailError::Stopped)?;
            synced.await.map_err(|_| TrailError::Stopped)?
        })
    }

    fn recent_event_ids(&self) -> HashSet<String> {
        self.recent.clone()
    }
}

impl Drop for FileTrail {
    fn drop(&mut self) {
        self.syncs = None;
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
    Ok(bytes + WAITING_BYTES)
}

/// What the trail asks of the disk, apart so that tests can let it fail.
trait Disk: Send + Sync + 'static {
    fn write(&self, file: &File, bytes: &[u8]) -> io::Result<()>;
    fn sync(&self, file: &File) -> io::Result<()>;
}

struct RealDisk;

impl Disk for RealDisk {
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }
}

type Reply = oneshot::Sender<Result<(), TrailError>>;

/// A line whose turn has come. It is written whether or not its caller is still there.
struct Waiting {
    line: Vec<u8>,
    answer: Answer,
}

/// Who waits, and the room that the line took in the queue until it is answered.
struct Answer {
    reply: oneshot::Sender<Told>,
    _room: OwnedSemaphorePermit,
}

impl Answer {
    /// Whoever has gone away needs no answer, and lets the lead go.
    fn tell(self, written: Result<(), TrailError>, lead: Option<Lead>) {
        let _ = self.reply.send(Told { written, lead });
    }
}

/// What became of a line; and perhaps its caller leads now.
struct Told {
    written: Result<(), TrailError>,
    lead: Option<Lead>,
}

/// The lead: to be the one who writes. To let it go is to use it, so that it cannot be lost in the hands of a caller
/// whose future is dropped.
struct Lead(Arc<Desk>);

impl Drop for Lead {
    fn drop(&mut self) {
        self.0.lead();
    }
}

/// What the callers and the thread share. Who needs two of the locks takes `syncing` before `writer`; `queue` is taken
/// alone, and for moments.
struct Desk {
    queue: Mutex<Queue>,
    /// One sync at a time: of two at once, the one that went well could hide that the other failed.
    syncing: Mutex<()>,
    writer: Mutex<Writer>,
    disk: Box<dyn Disk>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// Somebody has the lead. INVARIANT: while nobody has, nothing waits.
    led: bool,
}

impl Desk {
    /// The lead, if nobody has it.
    fn queue(self: &Arc<Self>, waiting: Waiting) -> Option<Lead> {
        let mut queue = self.locked_queue();
        queue.waiting.push_back(waiting);
        let led = mem::replace(&mut queue.led, true);
        drop(queue);
        (!led).then(|| Lead(Arc::clone(self)))
    }

    /// Writes what waits, round after round, and ends when nothing does; or, so that no caller waits long for strangers,
    /// when one that was just answered takes over. To the runtime this is one step: no dropped future cuts it short.
    fn lead(self: &Arc<Self>) {
        for round in 1_u64.. {
            let group = self.next_group();
            if group.is_empty() {
                return;
            }
            let (lines, mut answers) = joined(group);
            // A panic poisons the lock it went through, which closes the trail; but nobody waits for ever.
            let written = catch_unwind(AssertUnwindSafe(|| self.write(&lines))).unwrap_or(Err(TrailError::Stopped));
            let heir = if round >= ROUNDS && self.somebody_waits() { take_heir(&mut answers) } else { None };
            for answer in answers {
                answer.tell(written.clone(), None);
            }
            if let Some(heir) = heir {
                return heir.tell(written, Some(Lead(Arc::clone(self))));
            }
        }
    }

    /// What waits, within bounds: while one group is written, the next one gathers. If there is nothing, the lead is
    /// given up, in the same moment.
    fn next_group(&self) -> Vec<Waiting> {
        let mut queue = self.locked_queue();
        let (mut group, mut bytes) = (Vec::new(), 0);
        while bytes < GROUP_BYTES
            && let Some(waiting) = queue.waiting.pop_front()
        {
            bytes += waiting.line.len();
            group.push(waiting);
        }
        queue.led = !group.is_empty();
        group
    }

    fn somebody_waits(&self) -> bool {
        !self.locked_queue().waiting.is_empty()
    }

    /// Nothing that is done under this lock leaves the queue half changed.
    fn locked_queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The leader's write. No other line comes between its sync and its write, so after the sync there is room.
    fn write(&self, lines: &[u8]) -> Result<(), TrailError> {
        let mut writer = lock(&self.writer)?;
        if writer.must_sync_before(lines) {
            drop(writer);
            self.sync()?;
            writer = lock(&self.writer)?;
        }
        writer.write(&*self.disk, lines)
    }

    /// Every line that was written before is on the disk when this returns; others are written while it waits for that.
    ///
    /// After a failed sync the kernel may have forgotten what it could not write, and a second sync of that file would
    /// promise what nobody keeps. So the lines are written once more, into a new file, together with those that came
    /// meanwhile. The same goes for a file that somebody has deleted.
    fn sync(&self) -> Result<(), TrailError> {
        let _alone = lock(&self.syncing)?;
        let mut writer = lock(&self.writer)?;
        let Some(current) = &writer.current else { return writer.turn_page(&*self.disk) };
        let (file, bytes) = (Arc::clone(&current.file), writer.unsynced.len());
        if bytes == 0 {
            return Ok(());
        }
        drop(writer);
        let synced = sync_file(&*self.disk, &file);
        writer = lock(&self.writer)?;
        if let Err(error) = synced {
            writer.distrust_current(&error);
            return writer.turn_page(&*self.disk);
        }
        writer.forget(bytes);
        Ok(())
    }

    /// The thread's work: syncs when asked, and [`SYNC_EVERY`] unasked; once more when nobody can ask any longer. The
    /// clock only paces; no record takes its time from it.
    fn keep_synced(&self, asked: &Receiver<Reply>) {
        let mut due = Instant::now() + SYNC_EVERY;
        let mut open = true;
        while open {
            let first = asked.recv_timeout(due.saturating_duration_since(Instant::now()));
            due = Instant::now() + SYNC_EVERY;
            open = !matches!(first, Err(RecvTimeoutError::Disconnected));
            // One sync serves all who have asked before it begins.
            let replies: Vec<Reply> = first.into_iter().chain(asked.try_iter()).collect();
            let synced = self.sync();
            if let Err(error) = &synced {
                tracing::error!(%error, "the audit trail cannot be synced");
                open &= *error != TrailError::Stopped;
            }
            for reply in replies {
                let _ = reply.send(synced.clone());
            }
        }
    }
}

/// The lines of a group, each with its newline, and who waits for them.
fn joined(group: Vec<Waiting>) -> (Vec<u8>, Vec<Answer>) {
    let mut lines = Vec::with_capacity(group.iter().map(|waiting| waiting.line.len() + 1).sum());
    let mut answers = Vec::with_capacity(group.len());
    for Waiting { line, answer } in group {
        lines.extend_from_slice(&line);
        lines.push(b'\n');
        answers.push(answer);
    }
    (lines, answers)
}

/// One who is still there.
fn take_heir(answers: &mut Vec<Answer>) -> Option<Answer> {
    let heir = answers.iter().position(|answer| !answer.reply.is_closed())?;
    Some(answers.swap_remove(heir))
}

/// Whoever held it panicked: what it guards may be half changed.
fn lock<T>(mutex: &Mutex<T>) -> Result<MutexGuard<'_, T>, TrailError> {
    mutex.lock().map_err(|_| TrailError::Stopped)
}

/// Where the lines go, in order.
struct Writer {
    dir: PathBuf,
    file_bytes: u64,
    /// The greatest number used so far.
    last: u64,
    /// `None` after a failed sync, until a new file has taken over what the old one may have lost.
    current: Option<Numbered>,
    /// The lines whose callers were answered and that are not known to be on the disk.
    unsynced: Vec<u8>,
}

impl Writer {
    fn must_sync_before(&self, lines: &[u8]) -> bool {
        self.current.is_none() || self.unsynced.len() + lines.len() > UNSYNCED_BYTES || self.is_full(lines)
    }

    fn is_full(&self, lines: &[u8]) -> bool {
        let full = |current: &Numbered| current.bytes > 0 && current.bytes + lines.len() as u64 > self.file_bytes;
        self.current.as_ref().is_some_and(full)
    }

    fn write(&mut self, disk: &dyn Disk, lines: &[u8]) -> Result<(), TrailError> {
        if self.is_full(lines) {
            self.turn_page(disk)?;
        }
        let current = self.current.as_mut().ok_or(TrailError::Stopped)?;
        current.append(disk, lines).map_err(|error| doing("write", &current.path, &error))?;
        self.unsynced.extend_from_slice(lines);
        Ok(())
    }

    /// The first `bytes` of what was not known to be on the disk are there.
    fn forget(&mut self, bytes: usize) {
        self.unsynced.drain(..bytes);
        self.unsynced.shrink_to(UNSYNCED_KEPT_BYTES);
    }

    fn distrust_current(&mut self, error: &io::Error) {
        if let Some(current) = self.current.take() {
            tracing::error!(%error, path = %current.path.display(), "an audit file cannot be synced; a new one takes over");
        }
    }

    /// A new file, which begins with every line that is not known to be on the disk. When this returns they are.
    fn turn_page(&mut self, disk: &dyn Disk) -> Result<(), TrailError> {
        let next = self.next_page(disk).map_err(|error| doing("begin a new audit file in", &self.dir, &error))?;
        self.last = next.number;
        self.current = Some(next);
        self.forget(self.unsynced.len());
        Ok(())
    }

    fn next_page(&self, disk: &dyn Disk) -> io::Result<Numbered> {
        make_directory(&self.dir)?;
        let last = newest(&self.dir)?.map_or(self.last, |newest| newest.max(self.last));
        let mut next = Numbered::create(&self.dir, last + 1)?;
        if self.unsynced.is_empty() {
            return Ok(next);
        }
        let kept = next.append(disk, &self.unsynced).and_then(|()| sync_file(disk, &next.file));
        match kept {
            Ok(()) => Ok(next),
            Err(error) => {
                // Nobody was told of this file; what is in it stays in `unsynced`.
                let _ = fs::remove_file(&next.path);
                Err(error)
            }
        }
    }
}

/// One file of the trail.
struct Numbered {
    number: u64,
    path: PathBuf,
    file: Arc<File>,
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
        Ok(Numbered { number, path, file: Arc::new(file), bytes: 0, torn: false })
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
        Ok(Numbered { number, path, file: Arc::new(file), bytes, torn: false })
    }

    /// All of `lines`, or none: what a failed write left is cut off, or at least ended before the next line.
    fn append(&mut self, disk: &dyn Disk, lines: &[u8]) -> io::Result<()> {
        let ended = if self.torn { [b"\n", lines].concat() } else { Vec::new() };
        let bytes = if self.torn { &ended } else { lines };
        match disk.write(&self.file, bytes) {
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
}

/// A file without a name keeps nothing, however well it syncs.
fn sync_file(disk: &dyn Disk, file: &File) -> io::Result<()> {
    if file.metadata()?.nlink() == 0 {
        return Err(io::Error::new(io::ErrorKind::NotFound, "somebody has deleted it"));
    }
    disk.sync(file)
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
/// What a line takes in the queue beside its bytes.
const WAITING_BYTES: u32 = 256;
/// One write takes milliseconds at most, so that an answer does not wait long for its neighbours.
const GROUP_BYTES: usize = 1 << 20;
/// Writes that a caller makes before it looks for an heir. One is its own; it is rare that a second does not end it.
const ROUNDS: u64 = 4;
/// Kept in memory until it is on the disk; more than a second brings at 10,000 calls a second.
const UNSYNCED_BYTES: usize = 16 << 20;
/// Of that, what stays reserved after a sync: a busy second's worth is asked for again soon enough.
const UNSYNCED_KEPT_BYTES: usize = 64 << 10;
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// At a kilobyte a record, the last thousand.
const TAIL_BYTES: u64 = 1 << 20;
const MEMORY_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests;
