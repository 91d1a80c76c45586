//! Do old files open? Every format that was ever released has a file here that opens for ever; none is ever changed.
//!
//! `format-1.db` was written by `what_format_1_holds` below: to make the file of a later format, write a function like
//! it and run it once on a new file.

use std::fs;
use std::path::Path;

use store::{Batch, Outcome, Revision, Sqlite, Store};

const FORMAT_1: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/format-1.db");

/// The commits of the file, as puts and deletes by key.
fn what_format_1_holds() -> Vec<Batch> {
    let put = |key: &[u8], value: &[u8]| Batch { puts: vec![(key.to_vec(), value.into())], ..Batch::default() };
    vec![
        put(b"k\x00000000000000\x00us-east-1\x00one", b"first"),
        put(b"\xff\x00", b""),
        put(b"long", &[7; 9000]),
        put(b"deleted", b"gone"),
        Batch {
            expect: vec![(b"deleted".to_vec(), 4)],
            deletes: vec![b"deleted".to_vec()],
            ..put(b"long", &[8; 9000])
        },
    ]
}

async fn write(path: &Path) {
    let store = Sqlite::open(path).unwrap();
    for batch in what_format_1_holds() {
        assert!(matches!(store.commit(batch).await, Ok(Outcome::Committed { .. })));
    }
}

async fn check(path: &Path) {
    let store = Sqlite::open(path).unwrap();
    assert_eq!(store.revision().await, Ok(5));
    let rows: Vec<(Vec<u8>, Vec<u8>, Revision)> = vec![
        (b"k\x00000000000000\x00us-east-1\x00one".to_vec(), b"first".to_vec(), 1),
        (b"long".to_vec(), vec![8; 9000], 5),
        (b"\xff\x00".to_vec(), Vec::new(), 2),
    ];
    let page = store.scan(5, b"", None, 10).await.unwrap();
    let found: Vec<_> = page.entries.into_iter().map(|row| (row.key, row.value.to_vec(), row.revision)).collect();
    assert_eq!(found, rows);
    let expect = vec![(b"long".to_vec(), 5)];
    let next = Batch { expect, puts: vec![(b"long".to_vec(), [9].as_slice().into())], ..Batch::default() };
    assert_eq!(store.commit(next).await, Ok(Outcome::Committed { revision: 6 }));
}

#[tokio::test]
async fn a_file_of_format_1_opens_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let copy = home.path().join("store.db");
    fs::copy(FORMAT_1, &copy).unwrap();
    check(&copy).await;
}

/// So that the file beside is what this version writes, as long as the format is the newest one.
#[tokio::test]
async fn what_is_written_now_is_format_1() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("store.db");
    write(&path).await;
    let header = |path: &Path| fs::read(path).unwrap()[56..72].to_vec();
    assert_eq!(header(&path), header(Path::new(FORMAT_1)), "encoding, format number and application id");
    check(&path).await;
}
