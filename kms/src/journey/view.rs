//! One snapshot of the store, and what was read from it. Every row that a decision read, absent ones too, is expected
//! unchanged by the commit that follows: point reads are serialisable that way.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use store::Revision;

use crate::Time;
use crate::error::Error;
use crate::keys::lifecycle::{KeyOrigin, MaterialId, RegionPart, next_due};
use crate::records::{KeyRecord, KeyRow, Mark, Record, SetRecord, WrappedKek, WrappedMaterial};
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
    /// The set of Regions that it is in.
    pub set: Option<Row<SetRecord>>,
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

    /// Its part in a set of Regions.
    pub fn part(&self) -> RegionPart {
        self.set.as_ref().map_or(RegionPart::SingleRegion, |set| set.value.set.part_of(&self.world.region))
    }

    /// Whether it is a primary and another key of its set has a record, be it past its date.
    pub fn is_waited_for(&self) -> bool {
        let region = &self.world.region;
        self.part() == RegionPart::Primary
            && self.set.as_ref().is_some_and(|set| set.value.set.others(region).next().is_some())
    }

    /// Where its material lies. What was drawn for a set lies there once; what is imported lies in each Region that it
    /// was imported into.
    pub fn home(&self) -> Cow<'_, World> {
        let drawn = match self.record().facts.origin() {
            KeyOrigin::AwsKms => true,
            KeyOrigin::External | KeyOrigin::AwsCloudhsm | KeyOrigin::ExternalKeyStore => false,
        };
        if drawn && self.set.is_some() { Cow::Owned(self.world.of_all_regions()) } else { Cow::Borrowed(&self.world) }
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
        let key = self.key_or_remains(world, id).await?;
        Ok(key.filter(|key| !key.record().facts.is_gone(self.now)))
    }

    /// The same, or what is left of it past its deletion date.
    pub async fn key_or_remains(&self, world: World, id: &str) -> Result<Option<Key>, Error> {
        let name = rows::key_row(&world, id);
        let Some(Row { value, version, revision }) = self.get::<KeyRow>(name.clone()).await? else { return Ok(None) };
        let (value, set) = match &*value {
            KeyRow::Whole(record) => (record.clone(), None),
            KeyRow::Member(member) => {
                let set = self.get::<SetRecord>(rows::set_row(&world.account, id)).await?;
                let set = set.ok_or_else(|| rows::refused(&name, SETLESS))?;
                let key = set.value.key(&world.region, member, self.now).map_err(|why| rows::refused(&name, &why))?;
                (Arc::new(key), Some(set))
            }
        };
        Ok(Some(Key { world, row: Row { value, version, revision }, set }))
    }

    /// The id of a key that a scan read, unless its deletion date has passed. Nothing is noted: a list is of its moment.
    ///
    /// Errors: `Internal` for a key of a set that is missing.
    pub async fn id_of_what_is_there(&self, world: &World, row: &KeyRow) -> Result<Option<String>, Error> {
        match row {
            KeyRow::Whole(key) => Ok((!key.facts.is_gone(self.now)).then(|| key.key_id.clone())),
            KeyRow::Member(member) => {
                let set =
                    self.core.rows.get::<SetRecord>(self.at, &rows::set_row(&world.account, &member.key_id)).await?;
                let key = set.map(|set| set.value.key(&world.region, member, self.now));
                let name = rows::key_row(world, &member.key_id);
                let key = key.unwrap_or_else(|| Err(SETLESS.to_owned())).map_err(|why| rows::refused(&name, &why))?;
                Ok((!key.facts.is_gone(self.now)).then_some(key.key_id))
            }
        }
    }

    /// Notes a row that a scan read.
    pub fn note(&self, name: RowKey, revision: Revision) {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(name, revision);
    }

    /// The writes that destroy a material: its key-encryption key and its wrapped bytes, as far as they are there. With
    /// them goes [`View::forget`].
    pub async fn destroy(&self, world: &World, key_id: &str, id: &MaterialId) -> Result<Vec<Write>, Error> {
        let id = hex::encode(id);
        let (kek, material) = (rows::kek_row(world, key_id, &id), rows::material_row(world, key_id, &id));
        let mut writes = Vec::new();
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

    /// The writes that turn `before`, which is none for a new key, into `after`: the record, its one row in the index of
    /// what is due, and, if it changes what others of its set share or must know, the set's.
    pub async fn rewrite(&self, before: Option<&Key>, world: &World, after: &KeyRecord) -> Result<Vec<Write>, Error> {
        let mut writes = self.rewrite_alone(before, world, after).await?;
        if let Some(row) = before.and_then(|key| key.set.as_ref()) {
            let set = row.value.set.with(&world.region, &after.facts);
            let set = set.map_err(|why| Error::internal(why.to_string()))?;
            if set != row.value.set {
                let (name, record) = (rows::set_row(&world.account, &after.key_id), &*row.value);
                writes.push(Write::put(name, row.version + 1, &SetRecord { set, ..record.clone() })?);
            }
        }
        Ok(writes)
    }

    /// The same without the set.
    pub async fn rewrite_alone(
        &self,
        before: Option<&Key>,
        world: &World,
        after: &KeyRecord,
    ) -> Result<Vec<Write>, Error> {
        let version = before.map_or(1, |key| key.row.version + 1);
        let mut writes = vec![Write::put(rows::key_row(world, &after.key_id), version, &KeyRow::of(after))?];
        let old = before.and_then(|key| index_row(world, key.record()));
        let new = index_row(world, after);
        writes.extend(self.move_in_index(old, new).await?);
        Ok(writes)
    }

    /// The writes that move a key in the index of what is due.
    pub async fn move_in_index(&self, old: Option<RowKey>, new: Option<RowKey>) -> Result<Vec<Write>, Error> {
        let mut writes = Vec::new();
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

const SETLESS: &str = "is of a set of Regions whose record is missing";

/// Where a key stands in the index of what is due: among the doomed once its date has passed, else at its next date.
pub(crate) fn index_row(world: &World, record: &KeyRecord) -> Option<RowKey> {
    match record.destroy_at_uptime {
        Some(uptime) => Some(rows::doomed_row(uptime, world, &record.key_id)),
        None => next_due(&record.facts).map(|date| rows::due_row(date, world, &record.key_id)),
    }
}
