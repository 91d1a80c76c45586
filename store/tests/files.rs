//! What do the files of SQLite's engine hold, and what if they are not what they were? Every case ends in an answer
//! that is right, a refusal that says what to do, or an unavailable row; never in a panic and never in a wrong row.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use store::{Batch, OpenError, Outcome, Revision, Sqlite, Store, Unread};

fn file(home: &Path) -> PathBuf {
    home.join("store.db")
}

async fn committed(store: &Sqlite, batch: Batch) -> Revision {
    match store.commit(batch).await {
        Ok(Outcome::Committed { revision }) => revision,
        other => panic!("this commit is in nobody's way: {other:?}"),
    }
}

fn put(key: &[u8], value: &[u8]) -> Batch {
    Batch { puts: vec![(key.to_vec(), value.into())], ..Batch::default() }
}

fn key(n: usize) -> Vec<u8> {
    format!("row {n:05}").into_bytes()
}

/// All rows, or why they cannot be read.
async fn rows(store: &Sqlite) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, Unread> {
    let at = store.revision().await?;
    let mut rows = BTreeMap::new();
    loop {
        let after = rows.last_key_value().map(|(key, _): (&Vec<u8>, _)| key.clone());
        let page = store.scan(at, b"", after.as_deref(), 256).await?;
        rows.extend(page.entries.into_iter().map(|row| (row.key, row.value.to_vec())));
        if !page.more {
            return Ok(rows);
        }
    }
}

/// The bytes of every file in the directory, one after the other.
fn everything_in(home: &Path) -> Vec<u8> {
    fs::read_dir(home).unwrap().flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

/// 40 bytes that nothing else contains.
fn mark(n: usize) -> [u8; 40] {
    let mut mark = [b'#'; 40];
    mark[..16].copy_from_slice(format!("<{:014}>", n * 7919).as_bytes());
    mark
}

/// The numbers of the marks that occur in `bytes`.
fn marks_in(bytes: &[u8]) -> Vec<usize> {
    let found = |place: usize| {
        let digits = std::str::from_utf8(bytes.get(place + 1..place + 15)?).ok()?;
        let number: usize = digits.parse().ok()?;
        (bytes.get(place + 15) == Some(&b'>')).then_some(number / 7919)
    };
    (0..bytes.len()).filter(|place| bytes[*place] == b'<').filter_map(found).collect()
}

#[tokio::test]
async fn what_was_overwritten_or_deleted_is_in_no_file_after_forget() {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    let mut present: BTreeMap<Vec<u8>, (usize, Revision)> = BTreeMap::new();
    // Values of many lengths, overwritten and deleted all over the tree: SQLite moves rows from page to page, and
    // leaves copies behind that `secure_delete` does not know of.
    for round in 0..600 {
        let mut batch = Batch::default();
        let written: BTreeMap<Vec<u8>, usize> =
            (round * 10..round * 10 + 10).map(|n| (key(n * 7919 % 1500), n)).collect();
        for (key, n) in &written {
            match present.get(key) {
                Some((_, revision)) if n % 5 == 4 => {
                    batch.expect.push((key.clone(), *revision));
                    batch.deletes.push(key.clone());
                }
                Some(_) | None => {
                    let value = [&mark(*n)[..], &vec![b'.'; n * 31 % 900]].concat();
                    batch.puts.push((key.clone(), value.into()));
                }
            }
        }
        let deletes = batch.deletes.clone();
        let revision = committed(&store, batch).await;
        present.extend(written.into_iter().map(|(key, n)| (key, (n, revision))));
        present.retain(|key, _| !deletes.contains(key));
    }
    let before = marks_in(&everything_in(home.path()));
    assert!(
        before.iter().any(|mark| !present.values().any(|(kept, _)| kept == mark)),
        "the scan finds what is left over"
    );

    store.forget(store.revision().await.unwrap()).await.unwrap();
    let mut found = marks_in(&everything_in(home.path()));
    found.sort_unstable();
    found.dedup();
    let mut expected: Vec<usize> = present.values().map(|(n, _)| *n).collect();
    expected.sort_unstable();
    assert!(found == expected, "exactly the rows that are there are in the files");
    assert_eq!(rows(&store).await.unwrap().len(), present.len());
}

#[tokio::test]
async fn a_store_goes_on_where_it_was_and_its_old_snapshots_are_expired() {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    let first = committed(&store, put(b"k", b"1")).await;
    let second = committed(&store, put(b"k", b"2")).await;
    drop(store);
    let store = Sqlite::open(&file(home.path())).unwrap();
    assert_eq!(store.revision().await, Ok(second));
    assert_eq!(store.get(first, b"k").await, Err(Unread::Expired { oldest: second }));
    assert_eq!(store.watch(first).await.map(|_| ()), Err(Unread::Expired { oldest: second }));
    assert_eq!(store.get(second, b"k").await.unwrap().unwrap().revision, second);
    assert_eq!(committed(&store, put(b"k", b"3")).await, second + 1);
}

/// A deleted newest row must not give its revision to another commit.
#[tokio::test]
async fn the_revision_survives_the_deletion_of_the_newest_row() {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    let born = committed(&store, put(b"k", b"1")).await;
    let delete = Batch { expect: vec![(b"k".to_vec(), born)], deletes: vec![b"k".to_vec()], ..Batch::default() };
    let gone = committed(&store, delete).await;
    drop(store);
    let store = Sqlite::open(&file(home.path())).unwrap();
    assert_eq!(committed(&store, put(b"k", b"1")).await, gone + 1);
}

#[tokio::test]
async fn a_watch_ends_when_its_store_is_closed() {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    let mut watch = store.watch(0).await.unwrap();
    committed(&store, put(b"k", b"1")).await;
    drop(store);
    assert_eq!(watch.next().await.unwrap().revision, 1, "what was committed is told");
    assert!(matches!(watch.next().await, Err(Unread::Unavailable(_))));
}

/// A log cut anywhere holds the first commits, each as a whole: what a power cut may leave of unacknowledged ones.
#[tokio::test]
async fn a_log_cut_anywhere_holds_whole_commits() {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    let commits = 12;
    for n in 0..commits {
        let row = |half: u8| ([&key(n)[..], &[half]].concat(), vec![n as u8; 900].into());
        committed(&store, Batch { puts: vec![row(b'a'), row(b'b')], ..Batch::default() }).await;
    }
    let whole = fs::read(home.path().join("store.db")).unwrap();
    let log = fs::read(home.path().join("store.db-wal")).unwrap();
    let mut last = 0;
    for length in (0..=log.len()).step_by(1031).chain([log.len()]) {
        let cut = tempfile::tempdir().unwrap();
        fs::write(file(cut.path()), &whole).unwrap();
        fs::write(cut.path().join("store.db-wal"), &log[..length]).unwrap();
        let store = Sqlite::open(&file(cut.path())).unwrap();
        let revision = store.revision().await.unwrap();
        assert_eq!(rows(&store).await.unwrap().len() as Revision, 2 * revision, "whole commits, {length} bytes of log");
        assert!(revision >= last, "a longer log holds no less");
        last = revision;
    }
    assert_eq!(last, commits as Revision);
}

/// A directory with a store of 400 rows in several levels of pages, closed; and its rows.
async fn a_closed_store() -> (tempfile::TempDir, BTreeMap<Vec<u8>, Vec<u8>>) {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    for first in (0..400).step_by(100) {
        let row = |n: usize| (key(n), mark(n).repeat(1 + n % 20).into());
        let puts = (first..first + 100).map(row).collect();
        committed(&store, Batch { puts, ..Batch::default() }).await;
    }
    let rows = rows(&store).await.unwrap();
    (home, rows)
}

#[tokio::test]
async fn a_file_that_is_cut_short_is_refused() {
    let (home, _) = a_closed_store().await;
    let whole = fs::read(file(home.path())).unwrap();
    for length in [0, 1, 99, 100, 512, 4095, 4096, 8192, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        fs::write(file(home.path()), &whole[..length]).unwrap();
        let refused = Sqlite::open(&file(home.path())).map(|_| ());
        assert!(matches!(refused, Err(OpenError::Damaged { .. })), "{length} of {} bytes: {refused:?}", whole.len());
    }
}

/// Structure that is damaged is noticed; what a row's bytes say is for the seal above the store to notice.
#[tokio::test]
async fn a_damaged_file_is_refused_or_its_rows_are_unavailable_or_right() {
    let (home, rows_before) = a_closed_store().await;
    let whole = fs::read(file(home.path())).unwrap();
    let pages = whole.len() / 4096;
    let (mut refused, mut unavailable) = (0, 0);
    let mut check = async |what: String, bytes: Vec<u8>| {
        fs::write(file(home.path()), bytes).unwrap();
        let store = match Sqlite::open(&file(home.path())) {
            Ok(store) => store,
            Err(error) => {
                assert!(error.to_string().contains("store.db"), "{what}: {error}");
                refused += 1;
                return;
            }
        };
        let at = store.revision().await.unwrap();
        for n in (0..400).step_by(13) {
            match store.get(at, &key(n)).await {
                Ok(row) => assert!(row.is_none_or(|row| row.key == key(n)), "{what}: another row's bytes"),
                Err(Unread::Unavailable(_)) => unavailable += 1,
                Err(Unread::Expired { .. }) => panic!("{what}: the newest revision is not expired"),
            }
        }
        if let Ok(found) = rows(&store).await {
            assert!(found.len() <= rows_before.len(), "{what}: rows that never were");
        }
        let _ = store.commit(put(&key(7), b"new")).await;
    };
    for page in 0..pages {
        let mut zeroed = whole.clone();
        zeroed[page * 4096..][..4096].fill(0);
        check(format!("page {page} zeroed"), zeroed).await;
        let mut swapped = whole.clone();
        swapped.copy_within((page + 1) % pages * 4096..((page + 1) % pages + 1) * 4096, page * 4096);
        check(format!("page {page} overwritten by the next"), swapped).await;
        for offset in [0, 2, 3, 5, 8, 13] {
            let mut flipped = whole.clone();
            flipped[page * 4096 + if page == 0 { 16 } else { 0 } + offset] ^= 0xa5;
            check(format!("page {page}, byte {offset} flipped"), flipped).await;
        }
    }
    assert!(refused > 0 && unavailable > 0, "{refused} refused, {unavailable} rows unavailable");
}

#[tokio::test]
async fn what_is_not_a_store_is_refused_and_left_as_it_is() {
    type Make = fn(&Path);
    type Says = fn(&OpenError) -> bool;
    let cases: [(&str, Make, Says, &str); 11] = [
        ("a text", |path| fs::write(path, "shopping list\n".repeat(50)).unwrap(), is_foreign, "is not a Trent store"),
        ("an empty file", |path| fs::write(path, "").unwrap(), is_damaged, "restore it from a backup"),
        ("another database", another_database, is_foreign, "is not a Trent store"),
        ("a newer format", |path| pragma(path, "user_version = 2"), is_newer, "made by a newer version"),
        ("no format", |path| pragma(path, "user_version = 0"), is_damaged, "restore it from a backup"),
        ("another schema", |path| pragma(path, "user_version = 1; CREATE TABLE more (a)"), is_damaged, "tables"),
        ("no log", |path| pragma(path, "journal_mode = DELETE"), is_damaged, "journal mode"),
        ("no head", |path| pragma(path, "user_version = 1; DELETE FROM head"), is_damaged, "head row"),
        (
            "a negative head",
            |path| pragma(path, "user_version = 1; UPDATE head SET revision = -1"),
            is_damaged,
            "head row",
        ),
        ("a directory", |path| fs::create_dir(path).unwrap(), is_denied, "cannot be opened"),
        ("only a log", |path| fs::write(path.with_extension("db-wal"), "log").unwrap(), is_missing, "is missing"),
    ];
    for (what, make, says, sentence) in cases {
        let home = tempfile::tempdir().unwrap();
        make(&file(home.path()));
        let before = everything_but_directories(home.path());
        let error = Sqlite::open(&file(home.path())).map(|_| ()).expect_err(what);
        assert!(says(&error), "{what}: {error:?}");
        assert!(error.to_string().contains(sentence), "{what}: {error}");
        assert!(everything_but_directories(home.path()) == before, "{what}: refused, yet changed");
    }
    let nowhere = Sqlite::open(Path::new("/nonexistent/store.db")).map(|_| ());
    assert!(matches!(nowhere, Err(OpenError::Denied { .. })), "{nowhere:?}");
}

fn is_foreign(error: &OpenError) -> bool {
    matches!(error, OpenError::Foreign { .. })
}
fn is_damaged(error: &OpenError) -> bool {
    matches!(error, OpenError::Damaged { .. })
}
fn is_newer(error: &OpenError) -> bool {
    matches!(error, OpenError::Newer { format: 2, .. })
}
fn is_denied(error: &OpenError) -> bool {
    matches!(error, OpenError::Denied { .. })
}
fn is_missing(error: &OpenError) -> bool {
    matches!(error, OpenError::Missing { .. })
}

fn another_database(path: &Path) {
    Connection::open(path).unwrap().execute_batch("CREATE TABLE rows (key, value, revision)").unwrap();
}

/// An empty store, changed with SQLite's own hand.
fn pragma(path: &Path, change: &str) {
    Sqlite::open(path).unwrap().close();
    let file = Connection::open(path).unwrap();
    // Some pragmas answer with a row, others with none.
    file.execute_batch(&format!("PRAGMA {change}")).unwrap();
}

fn everything_but_directories(home: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| (path.clone(), fs::read(&path).unwrap())).collect()
}

#[tokio::test]
async fn a_row_of_a_revision_that_never_was_is_unavailable() {
    let home = tempfile::tempdir().unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    committed(&store, put(b"k", b"1")).await;
    drop(store);
    Connection::open(file(home.path())).unwrap().execute_batch("UPDATE rows SET revision = 77").unwrap();
    let store = Sqlite::open(&file(home.path())).unwrap();
    assert!(matches!(store.get(1, b"k").await, Err(Unread::Unavailable(_))));
    assert!(matches!(store.scan(1, b"", None, 9).await, Err(Unread::Unavailable(_))));
}

#[tokio::test]
async fn a_start_that_was_interrupted_is_no_obstacle_to_the_next() {
    let home = tempfile::tempdir().unwrap();
    for name in ["store.db.new", "store.db.new-journal", "store.db.new-wal"] {
        fs::write(home.path().join(name), "half a file").unwrap();
    }
    let store = Sqlite::open(&file(home.path())).unwrap();
    committed(&store, put(b"k", b"1")).await;
    drop(store);
    let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["store.db"]);
}
