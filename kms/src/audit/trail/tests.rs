//! The trail on real files, and on a disk that fails when told to.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use tempfile::TempDir;

use super::*;

fn directory() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let dir = parent.path().join("audit");
    (parent, dir)
}

fn open(dir: &Path) -> FileTrail {
    FileTrail::open(dir).expect("the trail opens")
}

fn record(number: usize) -> Vec<u8> {
    format!(r#"{{"eventName":"Encrypt","eventID":"event-{number}"}}"#).into_bytes()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .expect("the directory")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    names
}

/// The lines of all files, each of which must end with a newline.
fn lines(dir: &Path) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    for name in names(dir) {
        let bytes = fs::read(dir.join(&name)).expect("a file of the trail");
        assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "{name} ends within a line");
        lines.extend(bytes.split_terminator_lines());
    }
    lines
}

trait Lines {
    fn split_terminator_lines(&self) -> Vec<Vec<u8>>;
}

impl Lines for Vec<u8> {
    fn split_terminator_lines(&self) -> Vec<Vec<u8>> {
        self.strip_suffix(b"\n")
            .map_or(Vec::new(), |all| all.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect())
    }
}

fn records(numbers: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    numbers.into_iter().map(record).collect()
}

fn kind(result: Result<(), TrailError>) -> Option<io::ErrorKind> {
    match result {
        Err(TrailError::Io { kind, .. }) => Some(kind),
        Err(TrailError::NotALine | TrailError::TooLong | TrailError::Stopped) | Ok(()) => None,
    }
}

/// A disk that fails when told to, and tells of every sync.
#[derive(Clone, Default)]
struct Faults {
    full: Arc<AtomicBool>,
    syncs_fail: Arc<AtomicBool>,
    syncs_panic: Arc<AtomicBool>,
}

struct FaultyDisk {
    faults: Faults,
    synced: Sender<()>,
}

impl FaultyDisk {
    fn new() -> (FaultyDisk, Faults, Receiver<()>) {
        let faults = Faults::default();
        let (synced, heard) = mpsc::channel();
        (FaultyDisk { faults: faults.clone(), synced }, faults, heard)
    }
}

impl Disk for FaultyDisk {
    /// A full disk takes the first half.
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        if self.faults.full.load(SeqCst) {
            file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        assert!(!self.faults.syncs_panic.load(SeqCst), "a bug in a sync");
        if self.faults.syncs_fail.load(SeqCst) {
            return Err(io::Error::other("the platter is scratched"));
        }
        file.sync_data()?;
        let _ = self.synced.send(());
        Ok(())
    }
}

/// The umask is the whole process's, so this test has one of its own.
#[test]
fn files_are_0600_in_a_0700_directory_under_any_umask() {
    const ALONE: &str = "TRENT_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return modes_under_every_umask();
    }
    let (_, module) = module_path!().split_once("::").expect("a module of a crate");
    let name = format!("{module}::files_are_0600_in_a_0700_directory_under_any_umask");
    let program = std::env::current_exe().expect("this program");
    let run = std::process::Command::new(program).args(["--exact", &name]).env(ALONE, "1").output().expect("it runs");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && said.contains("1 passed"), "{said}");
}

fn modes_under_every_umask() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for umask in [0, 0o022, 0o077, 0o777] {
        let (_parent, dir) = directory();
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(umask));
        let trail = FileTrail::start(&dir, 10, RealDisk).expect("the trail opens");
        for number in 0..2 {
            runtime.block_on(trail.append(record(number))).expect("written");
        }
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));

        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
        let files: Vec<_> = names(&dir).iter().map(|name| mode(&dir.join(name))).collect();
        assert_eq!((mode(&dir), files), (0o700, vec![0o600, 0o600]), "under umask {umask:o}");
    }
}

#[tokio::test]
async fn a_line_is_in_the_file_when_its_caller_is_answered() {
    let (_parent, dir) = directory();
    let trail = open(&dir);
    for number in 0..10 {
        trail.append(record(number)).await.expect("written");
        assert_eq!(lines(&dir), records(0..=number));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_callers_leave_whole_lines_each_once() {
    let (_parent, dir) = directory();
    let trail = Arc::new(FileTrail::start(&dir, 4096, RealDisk).expect("the trail opens"));
    let line = |task: usize, number: usize| format!("{task}/{number}/{}", "x".repeat(task * 7 + number)).into_bytes();
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let trail = Arc::clone(&trail);
            tokio::spawn(async move {
                for number in 0..50 {
                    trail.append(line(task, number)).await.expect("written");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }

    let mut found = lines(&dir);
    let mut expected: Vec<_> = (0..32).flat_map(|task| (0..50).map(move |number| line(task, number))).collect();
    found.sort();
    expected.sort();
    assert!(found == expected, "{} lines found, {} written", found.len(), expected.len());
}

#[tokio::test]
async fn a_file_that_would_grow_too_long_is_followed_by_the_next() {
    let (_parent, dir) = directory();
    let trail = FileTrail::start(&dir, 100, RealDisk).expect("the trail opens");
    let long = vec![b'x'; 300];
    for line in [record(0), record(1), record(2), long.clone(), record(3)] {
        trail.append(line).await.expect("written");
    }
    let expected = [records([0, 1]), records([2]), vec![long], records([3])];
    for (name, expected) in names(&dir).iter().zip(&expected) {
        assert_eq!(&fs::read(dir.join(name)).expect("a file").split_terminator_lines(), expected, "{name}");
    }
    assert_eq!(names(&dir).len(), expected.len());
}

#[tokio::test]
async fn a_trail_goes_on_in_its_newest_file_and_leaves_other_names_alone() {
    let (_parent, dir) = directory();
    fs::create_dir(&dir).expect("made");
    for (name, text) in [
        ("audit-000002.jsonl", "old\n"),
        ("audit-1000000.jsonl", "newest\n"),
        ("audit-999999.jsonl", "newer\n"),
        ("audit-2000000.jsonl.gz", "other"),
        ("audit-02000000.jsonl", "other"),
        ("audit-+2000000.jsonl", "other"),
        ("audit-7.jsonl", "other"),
        ("audit-.jsonl", "other"),
    ] {
        fs::write(dir.join(name), text).expect("written");
    }
    let before = names(&dir);
    open(&dir).append(record(1)).await.expect("written");
    assert_eq!(names(&dir), before);
    let newest = fs::read(dir.join("audit-1000000.jsonl")).expect("the newest");
    assert_eq!(newest.split_terminator_lines(), [b"newest".to_vec(), record(1)]);
}

#[tokio::test]
async fn a_line_torn_by_a_crash_spoils_no_other() {
    let (_parent, dir) = directory();
    drop(open(&dir));
    let whole = [record(0), b"\n".to_vec()].concat();
    for (torn, expected) in [(0, records([0, 2])), (1, vec![record(0), record(1)[..1].to_vec(), record(2)])] {
        let text = [whole.clone(), record(1)[..torn].to_vec()].concat();
        fs::write(dir.join("audit-000001.jsonl"), text).expect("written");
        let trail = open(&dir);
        trail.append(record(2)).await.expect("written");
        assert_eq!(lines(&dir), expected);
        assert_eq!(trail.recent_event_ids(), HashSet::from(["event-0".to_owned()]));
    }
}

#[tokio::test]
async fn what_is_not_one_line_is_refused_and_not_written() {
    let (_parent, dir) = directory();
    let (file, memory) = (open(&dir), MemoryTrail::default());
    let longest = vec![b'x'; LINE_BYTES as usize];
    let cases = [
        (vec![], Err(TrailError::NotALine)),
        (b"\n".to_vec(), Err(TrailError::NotALine)),
        (b"{}\n".to_vec(), Err(TrailError::NotALine)),
        ([&longest[..], b"x"].concat(), Err(TrailError::TooLong)),
        (longest.clone(), Ok(())),
    ];
    for (line, expected) in cases {
        assert_eq!(file.append(line.clone()).await, expected);
        assert_eq!(memory.append(line).await, expected);
    }
    assert!(lines(&dir) == [longest.clone()]);
    assert!(memory.lines() == [longest]);
}

#[tokio::test]
async fn a_full_disk_refuses_every_caller_and_recovers_by_itself() {
    let (_parent, dir) = directory();
    let (disk, faults, _heard) = FaultyDisk::new();
    let trail = FileTrail::start(&dir, FILE_BYTES, disk).expect("the trail opens");
    trail.append(record(0)).await.expect("written");

    faults.full.store(true, SeqCst);
    for number in 1..4 {
        assert_eq!(kind(trail.append(record(number)).await), Some(io::ErrorKind::StorageFull));
        assert_eq!(lines(&dir), records([0]), "nothing of a refused line stays");
    }
    faults.full.store(false, SeqCst);
    trail.append(record(4)).await.expect("written");
    trail.sync().await.expect("synced");
    assert_eq!(lines(&dir), records([0, 4]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_error_reaches_everybody_who_waits() {
    let (_parent, dir) = directory();
    let (disk, faults, _heard) = FaultyDisk::new();
    let trail = Arc::new(FileTrail::start(&dir, FILE_BYTES, disk).expect("the trail opens"));
    faults.full.store(true, SeqCst);
    let callers: Vec<_> = (0..100)
        .map(|number| {
            let trail = Arc::clone(&trail);
            tokio::spawn(async move { trail.append(record(number)).await })
        })
        .collect();
    for caller in callers {
        let error = caller.await.expect("no panic").expect_err("the disk is full");
        assert!(error.to_string().contains("audit-000001.jsonl"), "{error}");
        assert_eq!(kind(Err(error)), Some(io::ErrorKind::StorageFull));
    }
    assert!(lines(&dir).is_empty());
}

#[tokio::test]
async fn what_an_earlier_process_wrote_is_on_the_disk_before_it_counts_as_recent() {
    let (_parent, dir) = directory();
    fs::create_dir(&dir).expect("made");
    fs::write(dir.join("audit-000001.jsonl"), [record(0), b"\n".to_vec()].concat()).expect("written, not synced");
    let (disk, _faults, heard) = FaultyDisk::new();
    let trail = FileTrail::start(&dir, FILE_BYTES, disk).expect("the trail opens");
    assert_eq!(heard.try_iter().count(), 1);
    assert_eq!(trail.recent_event_ids().len(), 1);

    let (disk, faults, _heard) = FaultyDisk::new();
    faults.syncs_fail.store(true, SeqCst);
    assert!(FileTrail::start(&dir, FILE_BYTES, disk).is_err(), "and a trail that cannot be synced does not open");
}

#[tokio::test]
async fn after_a_failed_sync_a_new_file_has_what_the_old_one_may_have_lost() {
    let (_parent, dir) = directory();
    let (disk, faults, _heard) = FaultyDisk::new();
    let trail = FileTrail::start(&dir, FILE_BYTES, disk).expect("the trail opens");
    trail.append(record(0)).await.expect("written");
    trail.sync().await.expect("synced");
    faults.syncs_fail.store(true, SeqCst);
    trail.append(record(1)).await.expect("written");
    for _ in 0..3 {
        assert_eq!(kind(trail.sync().await), Some(io::ErrorKind::Other));
        assert_eq!(kind(trail.append(record(2)).await), Some(io::ErrorKind::Other), "closed while nothing can be kept");
    }
    assert_eq!(names(&dir), ["audit-000001.jsonl"], "what could not be kept is not left lying about");

    faults.syncs_fail.store(false, SeqCst);
    trail.append(record(3)).await.expect("written");
    trail.sync().await.expect("synced");
    assert_eq!(names(&dir), ["audit-000001.jsonl", "audit-000002.jsonl"]);
    let second = fs::read(dir.join("audit-000002.jsonl")).expect("the new file");
    assert_eq!(second.split_terminator_lines(), records([1, 3]));
}

#[tokio::test]
async fn a_deleted_directory_is_made_anew_with_what_was_not_yet_synced() {
    let (parent, dir) = directory();
    let trail = open(&dir);
    fs::remove_dir_all(&dir).expect("removed");
    trail.append(record(0)).await.expect("written, to a file without a name");
    trail.sync().await.expect("synced, elsewhere");
    assert_eq!(lines(&dir), records([0]));

    fs::remove_dir_all(parent.path()).expect("removed");
    trail.append(record(1)).await.expect("written, to a file without a name");
    assert_eq!(kind(trail.sync().await), Some(io::ErrorKind::NotFound));
    assert_eq!(kind(trail.append(record(2)).await), Some(io::ErrorKind::NotFound));
    fs::create_dir(parent.path()).expect("made");
    trail.append(record(3)).await.expect("written");
    assert_eq!(lines(&dir), records([1, 3]));
}

/// Long enough for any machine; a test that comes to it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for what other threads are about to bring.
fn until(it_is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !it_is_so() {
        assert!(begun.elapsed() < PATIENCE);
        thread::yield_now();
    }
}

#[tokio::test]
async fn lines_reach_the_disk_without_anybody_asking() {
    let (_parent, dir) = directory();
    let (disk, _faults, heard) = FaultyDisk::new();
    let trail = FileTrail::start(&dir, FILE_BYTES, disk).expect("the trail opens");
    heard.recv_timeout(PATIENCE).expect("the one of the start");
    for number in 0..2 {
        trail.append(record(number)).await.expect("written");
        heard.recv_timeout(PATIENCE).expect("a sync that nobody asked for");
    }
}

#[tokio::test]
async fn closing_the_trail_syncs_what_is_left() {
    let (_parent, dir) = directory();
    let (disk, _faults, heard) = FaultyDisk::new();
    let trail = FileTrail::start(&dir, FILE_BYTES, disk).expect("the trail opens");
    heard.recv_timeout(PATIENCE).expect("the one of the start");
    trail.append(record(0)).await.expect("written");
    drop(trail);
    // The writer and its disk are gone: what was not told by now is never told.
    assert!(heard.try_iter().count() > 0);
}

#[tokio::test]
async fn a_caller_who_leaves_after_its_turn_came_still_leaves_its_line() {
    let (_parent, dir) = directory();
    let trail = open(&dir);
    {
        let mut append = pin!(trail.append(record(0)));
        let polled = append.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending | Poll::Ready(Ok(()))));
    }
    trail.sync().await.expect("synced");
    assert_eq!(lines(&dir), records([0]));
}

/// Where a disk stops: it says that it came, and goes on when it is told to, or when nobody can tell it any more.
struct Gate {
    came: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl Gate {
    fn new() -> (Gate, Receiver<()>, Sender<()>) {
        let ((came, coming), (go, go_on)) = (mpsc::channel(), mpsc::channel());
        (Gate { came, go_on: Mutex::new(go_on) }, coming, go)
    }

    fn pass(&self) {
        let _ = self.came.send(());
        let _ = self.go_on.lock().expect("no panic").recv();
    }
}

/// A disk with a gate before every write. It does not sync: these tests ask what is written.
struct GatedWrites(Gate);

impl Disk for GatedWrites {
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        self.0.pass();
        file.write_all(bytes)
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

/// A disk with a gate before every sync, the first of which may fail after it.
struct GatedSyncs {
    gate: Gate,
    fails_once: Arc<AtomicBool>,
}

impl Disk for GatedSyncs {
    fn write(&self, mut file: &File, bytes: &[u8]) -> io::Result<()> {
        file.write_all(bytes)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.gate.pass();
        if self.fails_once.swap(false, SeqCst) { Err(io::Error::other("scratched")) } else { file.sync_data() }
    }
}

type Append<'a> = Fut<'a, Result<(), TrailError>>;

fn poll(append: &mut Append<'_>) -> Poll<Result<(), TrailError>> {
    append.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// A leader in its first write, in a thread of its own, while `meanwhile` runs.
fn with_a_leader<T>(trail: &FileTrail, line: Vec<u8>, meanwhile: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let leader = scope.spawn(|| poll(&mut trail.append(line)));
        let result = meanwhile();
        assert_eq!(leader.join().expect("no panic"), Poll::Ready(Ok(())), "one poll writes and is answered");
        result
    })
}

fn waiting(trail: &FileTrail) -> usize {
    trail.desk.locked_queue().waiting.len()
}

#[test]
fn what_waits_to_be_written_is_bounded() {
    let (_parent, dir) = directory();
    let (gate, coming, go) = Gate::new();
    let trail = FileTrail::start(&dir, FILE_BYTES, GatedWrites(gate)).expect("the trail opens");
    let line = vec![b'x'; LINE_BYTES as usize];
    let mut appends: Vec<_> = (1..20).map(|_| trail.append(line.clone())).collect();
    with_a_leader(&trail, line.clone(), || {
        coming.recv_timeout(PATIENCE).expect("a write");
        assert!(appends.iter_mut().all(|append| poll(append).is_pending()));
        assert!(trail.room.available_permits() < line.len(), "some of the twenty wait before the queue");
        assert_eq!(waiting(&trail), 6);
        drop(go);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for append in appends {
        runtime.block_on(append).expect("written");
    }
    assert_eq!(lines(&dir).len(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lines_that_pile_up_share_a_write_and_none_comes_before_one_that_was_answered_earlier() {
    const TASKS: usize = 8;
    const EACH: usize = 25;
    let (_parent, dir) = directory();
    let (gate, writes, go) = Gate::new();
    let trail = Arc::new(FileTrail::start(&dir, FILE_BYTES, GatedWrites(gate)).expect("the trail opens"));
    let answered = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (trail, answered) = (Arc::clone(&trail), Arc::clone(&answered));
            tokio::spawn(async move {
                let mut begun = Vec::new();
                for number in task * EACH..(task + 1) * EACH {
                    begun.push((number, answered.lock().expect("no panic").len()));
                    trail.append(record(number)).await.expect("written");
                    answered.lock().expect("no panic").push(number);
                }
                begun
            })
        })
        .collect();
    until(|| waiting(&trail) == TASKS - 1);
    drop(go);
    let mut begun = Vec::new();
    for task in tasks {
        begun.extend(task.await.expect("no panic"));
    }

    let found = lines(&dir);
    let place = |number: usize| found.iter().position(|line| *line == record(number)).expect("in the file");
    let answered = answered.lock().expect("no panic");
    for (number, before) in begun {
        assert!(answered[..before].iter().all(|earlier| place(*earlier) < place(number)), "line {number}");
    }
    assert_eq!(found.len(), TASKS * EACH);
    let writes = writes.try_iter().count();
    assert!(writes <= found.len() - (TASKS - 2), "{writes} writes: the seven that waited took one");
}

#[test]
fn a_leader_hands_over_to_one_that_was_answered_and_a_dropped_heir_leads_too() {
    for heir_is_dropped in [false, true] {
        let (_parent, dir) = directory();
        let (gate, coming, go) = Gate::new();
        let trail = FileTrail::start(&dir, FILE_BYTES, GatedWrites(gate)).expect("the trail opens");
        let mut appends: Vec<_> = (1..=6).map(|number| trail.append(record(number))).collect();
        with_a_leader(&trail, record(0), || {
            for append in &mut appends[..ROUNDS as usize] {
                coming.recv_timeout(PATIENCE).expect("a write");
                assert!(poll(append).is_pending());
                go.send(()).expect("a leader");
            }
        });
        assert_eq!(lines(&dir), records(0..4), "one for each round");
        assert_eq!(waiting(&trail), 1);
        assert!(appends[4..].iter_mut().all(|append| poll(append).is_pending()), "somebody else has the lead");
        drop(go);

        let heir = appends.remove(2);
        if heir_is_dropped {
            drop(heir);
        } else {
            assert_eq!(poll(&mut { heir }), Poll::Ready(Ok(())));
        }
        assert_eq!(lines(&dir), records(0..7));
        assert!(appends.iter_mut().all(|append| poll(append) == Poll::Ready(Ok(()))));
        assert!(!trail.desk.locked_queue().led);
    }
}

/// Eight callers queue, two in each round of a leader, who then hands over. Any two of them leave, or all, at any point.
#[test]
fn whoever_leaves_at_any_point_takes_no_line_along_and_holds_nobody_up() {
    #[derive(Clone, Copy, PartialEq, Debug)]
    enum Leaves {
        WhileTheLeaderWrites,
        WhenTheLeaderIsDone,
        AfterItsSecondPoll,
    }
    let moments = [Leaves::WhileTheLeaderWrites, Leaves::WhenTheLeaderIsDone, Leaves::AfterItsSecondPoll];
    for leaves in moments {
        for leavers in (0..1_usize << 8).filter(|leavers| matches!(leavers.count_ones(), 0..=2 | 8)) {
            let (_parent, dir) = directory();
            let (gate, coming, go) = Gate::new();
            let trail = FileTrail::start(&dir, FILE_BYTES, GatedWrites(gate)).expect("the trail opens");
            let mut appends: Vec<Option<Append<'_>>> = (1..=8).map(|n| Some(trail.append(record(n)))).collect();
            let leave = |at: Leaves, first: usize, appends: &mut [Option<Append<'_>>]| {
                for (number, append) in (first..).zip(appends) {
                    if at == leaves && leavers & (1 << number) != 0 {
                        *append = None;
                    }
                }
            };
            with_a_leader(&trail, record(0), || {
                for round in 0..ROUNDS as usize {
                    coming.recv_timeout(PATIENCE).expect("a write");
                    let pair = &mut appends[2 * round..2 * round + 2];
                    assert!(pair.iter_mut().flatten().all(|append| poll(append).is_pending()));
                    leave(Leaves::WhileTheLeaderWrites, 2 * round, pair);
                    if round + 1 == ROUNDS as usize {
                        break;
                    }
                    go.send(()).expect("a leader");
                }
                drop(go);
            });
            leave(Leaves::WhenTheLeaderIsDone, 0, &mut appends);
            for (number, append) in appends.iter_mut().enumerate() {
                if append.as_mut().is_some_and(|append| poll(append) == Poll::Ready(Ok(()))) {
                    *append = None;
                }
                leave(Leaves::AfterItsSecondPoll, number, std::slice::from_mut(append));
            }
            for append in appends.iter_mut().flatten() {
                assert_eq!(poll(append), Poll::Ready(Ok(())), "{leaves:?} {leavers:08b}");
            }
            drop(appends);
            assert_eq!(lines(&dir), records(0..=8), "{leaves:?} {leavers:08b}");
            assert!(!trail.desk.locked_queue().led, "{leaves:?} {leavers:08b}");
        }
    }
}

#[tokio::test]
async fn lines_are_written_while_a_sync_waits_for_the_disk() {
    for fails in [false, true] {
        let (_parent, dir) = directory();
        let (gate, coming, go) = Gate::new();
        go.send(()).expect("the sync of the start may pass");
        let disk = GatedSyncs { gate, fails_once: Arc::default() };
        let fails_once = Arc::clone(&disk.fails_once);
        let trail = FileTrail::start(&dir, FILE_BYTES, disk).expect("the trail opens");
        coming.recv_timeout(PATIENCE).expect("the sync of the start");
        fails_once.store(fails, SeqCst);

        trail.append(record(0)).await.expect("written");
        let mut sync = trail.sync();
        assert!(poll(&mut sync).is_pending());
        coming.recv_timeout(PATIENCE).expect("a sync");
        trail.append(record(1)).await.expect("written, though the sync is held");
        assert_eq!(lines(&dir), records([0, 1]));
        assert!(poll(&mut sync).is_pending());
        drop(go);
        sync.await.expect("synced, in the first file or in a second");
        trail.sync().await.expect("and so is the other line");
        assert!(lock(&trail.desk.writer).expect("no panic").unsynced.is_empty());
        let second = fs::read(dir.join("audit-000002.jsonl")).ok().map(|bytes| bytes.split_terminator_lines());
        assert_eq!(
            second,
            fails.then(|| records([0, 1])),
            "a sync that fails is nobody's: both lines go into a new file"
        );
        assert!(coming.try_iter().count() > 0, "the line that came meanwhile had a sync of its own");
    }
}

#[tokio::test]
async fn after_a_sync_little_memory_stays_reserved() {
    let (_parent, dir) = directory();
    let trail = open(&dir);
    trail.append(vec![b'x'; LINE_BYTES as usize]).await.expect("written");
    trail.sync().await.expect("synced");
    assert!(lock(&trail.desk.writer).expect("no panic").unsynced.capacity() <= UNSYNCED_KEPT_BYTES);
}

/// A disk with a bug in its writes, behind a gate.
struct PanickingWrites(Gate);

impl Disk for PanickingWrites {
    fn write(&self, _: &File, _: &[u8]) -> io::Result<()> {
        self.0.pass();
        panic!("a bug in a write");
    }

    fn sync(&self, _: &File) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_leader_that_panics_leaves_nobody_waiting_and_closes_the_trail() {
    let (_parent, dir) = directory();
    let (gate, coming, go) = Gate::new();
    let trail = FileTrail::start(&dir, FILE_BYTES, PanickingWrites(gate)).expect("the trail opens");
    let mut appends: Vec<_> = (1..=3).map(|number| trail.append(record(number))).collect();
    thread::scope(|scope| {
        let leader = scope.spawn(|| poll(&mut trail.append(record(0))));
        coming.recv_timeout(PATIENCE).expect("a write");
        assert!(appends.iter_mut().all(|append| poll(append).is_pending()));
        drop(go);
        assert_eq!(leader.join().expect("the panic ends in the trail"), Poll::Ready(Err(TrailError::Stopped)));
    });
    assert!(appends.iter_mut().all(|append| poll(append) == Poll::Ready(Err(TrailError::Stopped))));
    assert_eq!(poll(&mut trail.append(record(4))), Poll::Ready(Err(TrailError::Stopped)));
}

#[tokio::test]
async fn a_trail_whose_sync_panicked_takes_no_more_lines() {
    for in_the_leader in [false, true] {
        let (_parent, dir) = directory();
        let (disk, faults, _heard) = FaultyDisk::new();
        let trail = FileTrail::start(&dir, 100, disk).expect("the trail opens");
        trail.append(record(0)).await.expect("written");
        faults.syncs_panic.store(true, SeqCst);
        if in_the_leader {
            assert_eq!(trail.append(vec![b'x'; 100]).await, Err(TrailError::Stopped), "it would begin a new file");
        }
        assert_eq!(trail.sync().await, Err(TrailError::Stopped));
        until(|| trail.thread.as_ref().is_some_and(JoinHandle::is_finished));
        assert_eq!(trail.append(b"there is room for this".to_vec()).await, Err(TrailError::Stopped));
    }
}

#[tokio::test]
async fn the_newest_event_ids_are_known_after_a_start_as_far_as_the_tail_reaches() {
    let (_parent, dir) = directory();
    let id = |number: usize| format!("event-{number}");
    {
        let trail = FileTrail::start(&dir, 100, RealDisk).expect("the trail opens");
        for number in 0..5 {
            trail.append(record(number)).await.expect("written");
        }
        trail.append(b"not json".to_vec()).await.expect("written");
        trail.append(br#"{"eventName":"without an id"}"#.to_vec()).await.expect("written");
        assert!(trail.recent_event_ids().is_empty(), "nothing was there when it was opened");
    }
    assert!(names(&dir).len() > 2, "over several files");
    let trail = open(&dir);
    assert_eq!(trail.recent_event_ids(), (0..5).map(id).collect());

    let padding = vec![b'x'; TAIL_BYTES as usize - 2 * record(5).len()];
    trail.append(record(5)).await.expect("written");
    trail.append(padding).await.expect("written");
    trail.append(record(6)).await.expect("written");
    drop(trail);
    assert_eq!(open(&dir).recent_event_ids(), HashSet::from([id(6)]), "the fifth is cut by the bound");
}

#[tokio::test]
async fn memory_keeps_the_newest_lines_within_its_bound() {
    let trail = MemoryTrail::default();
    trail.append(record(0)).await.expect("kept");
    trail.append(record(1)).await.expect("kept");
    trail.sync().await.expect("nothing to do");
    assert_eq!(trail.lines(), records([0, 1]));
    assert_eq!(trail.recent_event_ids(), HashSet::from(["event-0".to_owned(), "event-1".to_owned()]));
    for number in 0..16 {
        trail.append(vec![b'a' + number; LINE_BYTES as usize]).await.expect("kept");
    }
    let kept = trail.lines();
    assert_eq!(kept.iter().map(Vec::len).sum::<usize>(), MEMORY_BYTES);
    assert_eq!((kept.len(), kept[0][0], kept[15][0]), (16, b'a', b'p'));
}
