//! Who may read the files of SQLite's engine? Their owner, whatever the umask says.
//! One test in a program of its own: the umask is the whole process's.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::Mode;
use store::{Batch, Outcome, Sqlite, Store};

#[tokio::test]
async fn all_files_are_their_owners_only_under_any_umask() {
    let home = tempfile::tempdir().unwrap();
    for umask in [0o000, 0o022, 0o077, 0o777] {
        rustix::process::umask(Mode::from_raw_mode(umask));
        let path = home.path().join(format!("{umask:o}.db"));
        let store = Sqlite::open(&path).unwrap();
        let batch = Batch { puts: vec![(b"k".to_vec(), b"1".as_slice().into())], ..Batch::default() };
        assert!(matches!(store.commit(batch).await, Ok(Outcome::Committed { .. })));
        for suffix in ["", "-wal", "-shm"] {
            let name = format!("{}{suffix}", path.display());
            let mode = fs::metadata(&name).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{name} under umask {umask:o}");
        }
    }
}
