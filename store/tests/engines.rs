//! Do our engines keep the promises of a store? The suite asks each of them.
//! What only SQLite can be asked stands in `disk.rs` and `files.rs`.

use std::sync::Arc;

use store::{Batch, Memory, Outcome, Sqlite, Store};

mod memory {
    use super::*;

    fn fresh() -> (Arc<dyn Store>, ()) {
        (Arc::new(Memory::new()), ())
    }

    store::hold_to_suite!(fresh);

    #[tokio::test]
    async fn a_commit_gives_the_worker_back() {
        let store = Arc::new(Memory::new());
        let other = tokio::spawn(async {});
        let mut commits = 0;
        while !other.is_finished() && commits < 1000 {
            let batch = Batch { puts: vec![(b"k".to_vec(), [].as_slice().into())], ..Batch::default() };
            assert!(matches!(store.commit(batch).await, Ok(Outcome::Committed { .. })));
            commits += 1;
        }
        assert!(commits < 1000, "the only worker never ran the other task: a commit has to yield");
    }
}

mod sqlite {
    use super::*;

    fn fresh() -> (Arc<dyn Store>, tempfile::TempDir) {
        let home = tempfile::tempdir().expect("a directory for the test");
        let store = Sqlite::open(&home.path().join("store.db")).expect("an empty store opens");
        (Arc::new(store), home)
    }

    store::hold_to_suite!(fresh);
}
