//! Does SQLite's engine keep its promises when the disk does not? A file system between SQLite and the disk holds
//! back, fails and fills up on command. What the files hold afterwards stands in `files.rs`.

mod vfs;

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::Connection;
use store::{Batch, Outcome, Refused, Revision, Sqlite, Store, Unread};
use tempfile::TempDir;

use self::vfs::Disk;

/// A store on a disk of its own.
struct Stage {
    home: TempDir,
    disk: &'static Disk,
    store: Sqlite,
}

impl Stage {
    fn set() -> Stage {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::under(home.path());
        let store = Sqlite::open(&file(home.path())).unwrap();
        Stage { home, disk, store }
    }

    /// What another process would find now: the files are copied as they are, then opened.
    fn as_found_by_the_next(&self) -> (Sqlite, TempDir) {
        let home = tempfile::tempdir().unwrap();
        for name in ["store.db", "store.db-wal"] {
            fs::copy(self.home.path().join(name), home.path().join(name)).unwrap();
        }
        (Sqlite::open(&file(home.path())).unwrap(), home)
    }
}

fn file(home: &Path) -> PathBuf {
    home.join("store.db")
}

fn put(n: usize) -> Batch {
    // Each commit puts two rows, so that half a commit would show.
    let row = |half: &str| (key(n, half), vec![n as u8; 500].into());
    Batch { expect: vec![(key(n, "a"), 0)], puts: vec![row("a"), row("b")], ..Batch::default() }
}

fn key(n: usize, half: &str) -> Vec<u8> {
    format!("row {n:05}{half}").into_bytes()
}

/// Whether commit `n` is there, which it is as a whole or not at all.
async fn is_there(store: &Sqlite, n: usize) -> bool {
    let at = store.revision().await.unwrap();
    let [first, second] = [store.get(at, &key(n, "a")).await.unwrap(), store.get(at, &key(n, "b")).await.unwrap()];
    assert_eq!(first.is_some(), second.is_some(), "commit {n} is there as a whole or not at all");
    first.is_some()
}

fn is_pending<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
    matches!(future.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
}

fn revision_of(answer: Result<Outcome, Refused>) -> Revision {
    match answer {
        Ok(Outcome::Committed { revision }) => revision,
        other => panic!("this commit is in nobody's way: {other:?}"),
    }
}

#[tokio::test]
async fn nothing_is_acknowledged_before_its_fsync_has_returned() {
    let Stage { disk, store, home: _home } = Stage::set();
    revision_of(store.commit(put(0)).await);
    let before = store.revision().await.unwrap();

    let held = disk.hold_syncs();
    let mut commits: Vec<_> = (1..=80).map(|n| store.commit(put(n))).collect();
    // From here on the writer is inside the sync: whatever it answers before, it has answered.
    disk.wait_for_a_held_sync();
    let syncs = disk.counts().syncs;
    for commit in &mut commits {
        assert!(is_pending(pin!(commit)), "answered while the disk still writes");
    }
    assert_eq!(store.revision().await, Ok(before), "not even the revision is to be seen");
    assert!(is_there(&store, 0).await, "a hanging commit does not hold up reads");
    assert!(!is_there(&store, 1).await);

    drop(held);
    for (place, commit) in commits.into_iter().enumerate() {
        assert_eq!(revision_of(commit.await), before + 1 + place as Revision, "in the order of arrival");
    }
    assert!(disk.counts().syncs - syncs <= 2, "commits that arrive during a sync share the next one");
}

#[tokio::test]
async fn after_a_failed_fsync_nothing_acknowledged_is_lost_and_nothing_else_is_claimed() {
    for good in 0..6 {
        let stage = Stage::set();
        stage.disk.fail_syncs_after(good);
        let mut acknowledged = Vec::new();
        let mut unknown = Vec::new();
        for n in 0.. {
            // Two at a time, so that a group has more than one commit in hand.
            let (one, two) = (stage.store.commit(put(2 * n)), stage.store.commit(put(2 * n + 1)));
            for (n, answer) in [(2 * n, one.await), (2 * n + 1, two.await)] {
                match answer {
                    Ok(Outcome::Committed { .. }) => acknowledged.push(n),
                    Ok(Outcome::Unknown) => unknown.push(n),
                    Err(Refused::Stopped(_)) => assert!(!unknown.is_empty(), "it stops after a commit failed"),
                    other => panic!("{other:?}"),
                }
            }
            if !unknown.is_empty() {
                break;
            }
        }
        let refused = 1000;
        assert!(matches!(stage.store.commit(put(refused)).await, Err(Refused::Stopped(_))), "it never goes on");

        let (next, _home) = stage.as_found_by_the_next();
        for n in acknowledged {
            assert!(is_there(&next, n).await, "commit {n} was acknowledged, after {good} good syncs");
        }
        for n in unknown {
            is_there(&next, n).await;
        }
        assert!(!is_there(&next, refused).await, "what was refused is not there");
    }
}

#[tokio::test]
async fn every_commit_in_a_failed_group_is_unknown() {
    let Stage { disk, store, home: _home } = Stage::set();
    let held = disk.hold_syncs();
    let first = store.commit(put(0));
    disk.wait_for_a_held_sync();
    let group: Vec<_> = (1..=20).map(|n| store.commit(put(n))).collect();
    let sync_of_header_and_of_first_group = 2;
    disk.fail_syncs_after(sync_of_header_and_of_first_group);
    drop(held);
    revision_of(first.await);
    for commit in group {
        assert_eq!(commit.await, Ok(Outcome::Unknown));
    }
    assert!(is_there(&store, 0).await, "what was durable can still be read");
    assert!(!is_there(&store, 1).await, "what is unknown is not shown");
}

#[tokio::test]
async fn after_a_failed_fsync_the_file_is_never_touched_again() {
    let Stage { disk, store, home } = Stage::set();
    revision_of(store.commit(put(0)).await);
    disk.fail_syncs_after(0);
    assert_eq!(store.commit(put(1)).await, Ok(Outcome::Unknown));
    let before = disk.counts();
    let files = || ["store.db", "store.db-wal"].map(|name| fs::read(home.path().join(name)).unwrap());
    let bytes = files();
    assert!(matches!(store.commit(put(2)).await, Err(Refused::Stopped(_))));
    assert!(matches!(store.forget(1).await, Err(Unread::Unavailable(_))));
    drop(store);
    assert_eq!((disk.counts().writes, disk.counts().syncs), (before.writes, before.syncs));
    assert!(files() == bytes, "not even closing changes a byte");
}

#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room() {
    let stage = Stage::set();
    revision_of(stage.store.commit(put(0)).await);
    for round in 1..=6 {
        stage.disk.fill(true);
        for n in 0..3 {
            assert_eq!(stage.store.commit(put(round * 100 + n)).await, Err(Refused::Full));
        }
        assert!(is_there(&stage.store, 0).await, "a full disk can still be read");
        stage.disk.fill(false);
        revision_of(stage.store.commit(put(round)).await);
    }
    let (next, _home) = stage.as_found_by_the_next();
    for round in 1..=6 {
        assert!(is_there(&next, round).await, "what was acknowledged is there");
        assert!(!is_there(&next, round * 100).await, "what was refused is not");
    }
}

#[tokio::test]
async fn a_disk_that_cannot_be_read_makes_rows_unavailable_until_it_can() {
    let Stage { disk, store, home } = Stage::set();
    for n in 0..50 {
        revision_of(store.commit(put(n)).await);
    }
    drop(store);
    let store = Sqlite::open(&file(home.path())).unwrap();
    let at = store.revision().await.unwrap();
    disk.break_reads(true);
    assert!(matches!(store.get(at, &key(7, "a")).await, Err(Unread::Unavailable(_))));
    assert!(matches!(store.scan(at, b"row", None, 10).await, Err(Unread::Unavailable(_))));
    assert!(matches!(store.commit(put(900)).await, Err(Refused::Stopped(_))), "certain: nothing was committed");
    disk.break_reads(false);
    assert!(is_there(&store, 7).await);
    revision_of(store.commit(put(901)).await);
}

#[tokio::test]
async fn opening_reads_as_much_of_a_large_store_as_of_an_empty_one() {
    async fn reads_to_open(rows: i64) -> usize {
        let Stage { disk, store, home } = Stage::set();
        drop(store);
        let fill = "INSERT INTO rows
            WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)
            SELECT CAST(printf('row %07da', n * 7919 % 1000003) AS BLOB), zeroblob(100), 1 FROM n LIMIT ?1";
        let connection = Connection::open(file(home.path())).unwrap();
        connection.execute(fill, [rows]).unwrap();
        connection.execute("UPDATE head SET revision = 1", []).unwrap();
        connection.close().unwrap();

        let before = disk.counts().reads;
        let store = Sqlite::open(&file(home.path())).unwrap();
        assert_eq!(store.revision().await, Ok(1));
        let reads = disk.counts().reads - before;
        assert_eq!(store.get(1, b"row 0007919a").await.unwrap().is_some(), rows > 0);
        reads
    }
    assert_eq!(reads_to_open(0).await, reads_to_open(100_000).await);
}

#[tokio::test]
async fn closing_finishes_what_waits_and_leaves_one_file() {
    let Stage { disk, store, home } = Stage::set();
    let held = disk.hold_syncs();
    for n in 0..20 {
        drop(store.commit(put(n)));
    }
    disk.wait_for_a_held_sync();
    let closing = std::thread::spawn(move || store.close());
    drop(held);
    closing.join().unwrap();
    let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["store.db"], "the log is in the file");
    let store = Sqlite::open(&file(home.path())).unwrap();
    for n in 0..20 {
        assert!(is_there(&store, n).await);
    }
}

#[tokio::test]
async fn a_compaction_that_fails_says_so() {
    let Stage { disk, store, home: _home } = Stage::set();
    let revision = revision_of(store.commit(put(0)).await);
    disk.fill(true);
    assert!(matches!(store.forget(revision).await, Err(Unread::Unavailable(_))));
    disk.fill(false);
    store.forget(revision).await.unwrap();
    revision_of(store.commit(put(1)).await);
    disk.fail_syncs_after(0);
    assert!(matches!(store.forget(revision).await, Err(Unread::Unavailable(_))));
    assert!(matches!(store.commit(put(2)).await, Err(Refused::Stopped(_))));
    assert!(is_there(&store, 1).await);
}
