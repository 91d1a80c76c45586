//! The records of identities in the rows of the store: `iam` reads them through a snapshot, so that a commit expects
//! what it read, and its edits become writes. What the records mean is `iam`'s.

use std::sync::Arc;

use iam::{Edit, Kept, Shelf, Stored};

use crate::error::Error;
use crate::journey::{View, Write};
use crate::records::Record;
use crate::rows;

/// A record of `iam`'s, as the cache of rows keeps it.
pub(crate) struct Held<T>(pub Arc<T>);

impl<T: Stored> Record for Held<T> {
    fn encode(&self) -> Result<Vec<u8>, Error> {
        Ok(T::encode(&self.0).expose().to_vec())
    }

    fn decode(bytes: &[u8]) -> Result<Held<T>, String> {
        T::decode(bytes).map(|record| Held(Arc::new(record)))
    }
}

impl Shelf for View {
    type Unreadable = Error;

    async fn get<T: Stored>(&self, row: Vec<u8>) -> Result<Option<Kept<T>>, Error> {
        let row = View::get::<Held<T>>(self, row).await?;
        Ok(row.map(|row| Kept { record: row.value.0.clone(), version: row.version }))
    }

    async fn names(
        &self,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
        limit: usize,
    ) -> Result<(Vec<Vec<u8>>, bool), Error> {
        let page = self.core.rows.store().scan(self.at, &prefix, after.as_deref(), limit).await;
        let page = page.map_err(rows::unreadable)?;
        Ok((page.entries.into_iter().map(|entry| entry.key).collect(), page.more))
    }
}

/// What the pipeline is to commit. The rows were read before through [`Shelf::get`], so that the commit expects them.
pub(crate) fn writes(edits: Vec<Edit>) -> Vec<Write> {
    let write = |edit| match edit {
        Edit::Put { row, version, encoded } => Write::Put { name: row, version, encoded },
        Edit::Delete { row } => Write::Delete { name: row },
    };
    edits.into_iter().map(write).collect()
}
