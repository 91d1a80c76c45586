//! One snapshot of the store, and what was read from it. Every row that a decision read, absent ones too, is expected
//! unchanged by the commit that follows: point reads are serialisable that way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::Revision;

use crate::Time;
use crate::error::Error;
use crate::keys::lifecycle::{MaterialId, next_due};
use crate::records::{KeyRecord, Mark, Record, WrappedKek, WrappedMaterial};
use crate::rows::{self, Row, RowKey};
use crate::service::Core;
use crate::world::World;

use super::change::Write;

/// A snapshot: a revision number, the time that the work is done at, and the notes of what was read.
pub struct View {
    pub(crate) core: Arc<Core>,
    pub(crate) at: Revision,
    pub(crate) now: Time,
    read: Mutex<BTreeMap<RowKey, Revision>>,
}

/// A key that is there: where it lies and what its record says.
pub(crate) struct Key {
    pub world: World,
    pub row: Row<KeyRecord>,
}

impl Key {
    pub fn record(&self) -> &KeyRecord {
        &self.row.value
    }

    pub fn arn(&self) -> String {
        self.world.key_arn(&self.record().key_id)
    }

    pub fn state(&self, now: Time) -> wire::KeyState {
        self.record().facts.state(now)
    }
}

impl View {
    /// The newest snapshot.
    pub async fn newest(core: &Arc<Core>, now: Time) -> Result<View, Error> {
        let at = core.rows.newest().await?;
        Ok(View { core: core.clone(), at, now, read: Mutex::default() })
    }

    /// Reads a row and notes that it was read.
    pub async fn get<T: Record>(&self, name: RowKey) -> Result<Option<Row<T>>, Error> {
        let row = self.core.rows.get(self.at, &name).await?;
        let revision = row.as_ref().map_or(0, |row: &Row<T>| row.revision);
        self.note(name, revision);
        Ok(row)
    }

    /// The key of this id in this world. What is past its deletion date is not there.
    pub async fn key(&self, world: World, id: &str) -> Result<Option<Key>, Error> {
        let row = self.get::<KeyRecord>(rows::key_row(&world, id)).await?;
        Ok(row.filter(|row| !row.value.facts.is_gone(self.now)).map(|row| Key { world, row }))
    }

    /// Notes a row that a scan read.
    pub fn note(&self, name: RowKey, revision: Revision) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name, revision);
    }

    /// The writes that destroy a material: its key-encryption key and its wrapped bytes, as far as they are there, and
    /// the wish that the store forget them.
    pub async fn destroy(&self, world: &World, key_id: &str, id: &MaterialId) -> Result<Vec<Write>, Error> {
        let id = hex::encode(id);
        let (kek, material) = (rows::kek_row(world, key_id, &id), rows::material_row(world, key_id, &id));
        let mut writes = vec![self.forget().await?];
        if self.get::<WrappedKek>(kek.clone()).await?.is_some() {
            writes.push(Write::Delete { name: kek });
        }
        if self.get::<WrappedMaterial>(material.clone()).await?.is_some() {
            writes.push(Write::Delete { name: material });
        }
        Ok(writes)
    }

    /// The write that makes the next turn have the store forget what is deleted: once, however many ask for it.
    pub async fn forget(&self) -> Result<Write, Error> {
        let asked = self.get::<Mark>(rows::forget_row()).await?.map_or(0, |row| row.version);
        Write::put(rows::forget_row(), asked + 1, &Mark {})
    }

    /// Everything that was read, with its revision: what a commit must find unchanged.
    pub fn expectations(&self) -> BTreeMap<RowKey, Revision> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The same, at the end of all reading.
    pub fn into_expectations(self) -> BTreeMap<RowKey, Revision> {
        self.read.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writes that turn `before`, which is none for a new key, into `after`: the record, and its one row in the
    /// index of what is due.
    pub async fn rewrite(&self, before: Option<&Key>, world: &World, after: &KeyRecord) -> Result<Vec<Write>, Error> {
        let version = before.map_or(1, |key| key.row.version + 1);
        let mut writes = vec![Write::put(rows::key_row(world, &after.key_id), version, after)?];
        let old = before.and_then(|key| index_row(world, key.record()));
        let new = index_row(world, after);
        if old != new {
            if let Some(name) = old {
                // A hint may be missing; the record is the truth. Reading it makes the commit expect it.
                if self.get::<Mark>(name.clone()).await?.is_some() {
                    writes.push(Write::Delete { name });
                }
            }
            if let Some(name) = new {
                let version = self.get::<Mark>(name.clone()).await?.map_or(1, |row| row.version + 1);
                writes.push(Write::put(name, version, &Mark {})?);
            }
        }
        Ok(writes)
    }
}

/// Where a key stands in the index of what is due: among the doomed once its date has passed, else at its next date.
pub(crate) fn index_row(world: &World, record: &KeyRecord) -> Option<RowKey> {
    match record.destroy_at_uptime {
        Some(uptime) => Some(rows::doomed_row(uptime, world, &record.key_id)),
        None => next_due(&record.facts).map(|date| rows::due_row(date, world, &record.key_id)),
    }
}
