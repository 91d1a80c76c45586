//! A new key: what it is to be, and the rows that it begins with. Those of its material are `wrapped`'s, those of a set of
//! Regions `replica`'s.

use std::collections::BTreeMap;

use crypto::spec::{KeySpec, KeyUsage};
use wire::Op;

use crate::error::{Error, Quota};
use crate::keys::lifecycle::{Facts, KeyOrigin, RegionPart};
use crate::ops::Action;
use crate::quotas::COUNTERS;
use crate::records::{CounterRecord, KeyRecord, KeyRow, PolicyRecord, TagsRecord};
use crate::rows::{self, Row};
use crate::world::World;

use super::change::{Change, Write};
use super::cx::Cx;
use super::key_policy::{self, KeyPolicy};
use super::permit::Permit;
use super::replica::{multi_region_id, new_set};
use super::view::{Key, View};
use super::wrapped::{draw_material_id, put_material, put_public_half};

/// What a new key is to be.
pub struct NewKey {
    /// What it is made of.
    pub spec: KeySpec,
    /// What it is for, which its spec allows.
    pub usage: KeyUsage,
    /// Drawn here, or imported later.
    pub origin: KeyOrigin,
    /// Whether it is the primary of a set of Regions, or a replica.
    pub part: RegionPart,
    /// At most 8192 characters.
    pub description: String,
    /// None for the default one.
    pub policy: Option<KeyPolicy>,
    /// At most 50.
    pub tags: BTreeMap<String, String>,
}

impl<'r> Permit<'r> {
    /// A new key in the caller's account and Region, with material of its own if it is drawn here.
    ///
    /// Errors: `UnknownPrincipal` and `LockOut` for its policy; `LimitExceeded` where the world is full.
    pub async fn create_key(self, mut new: NewKey) -> Result<Change<'r>, Error> {
        self.begin(&[Action::Of(Op::CreateKey)])?;
        let cx = self.cx;
        let (world, view, now) = (cx.world(), cx.view(), cx.now());
        let several = new.part != RegionPart::SingleRegion;
        let key_id = if several { multi_region_id(&cx.drawn().key_id) } else { cx.drawn().key_id.clone() };
        let policy = key_policy::of_new(cx, &world, &world.key_arn(&key_id), &mut new).await?;
        let (counter, count) = free_counter(cx, &world).await?;
        let material_id = (new.origin != KeyOrigin::External).then(|| draw_material_id(&view.core));
        let facts = Facts::born(new.origin, material_id, now);
        let record = KeyRecord {
            description: new.description,
            multi_region: several,
            counter,
            ..KeyRecord::born(key_id.clone(), new.spec, new.usage, facts)
        };
        let mut writes = first_record(view, &world, &record).await?;
        writes.push(count);
        writes.extend(hung(&world, &key_id, &policy, new.tags)?);
        let (set, write) = several.then(|| new_set(&world, &record)).transpose()?.unzip();
        writes.extend(write);
        let key = Key { world, row: Row::first(record), set };
        if let Some(id) = material_id {
            let material = cx.drawn().material(&view.core, key.record().spec).await?;
            writes.extend(put_material(&view.core, &key.home(), &key_id, &id, material, [0, 0])?);
            writes.extend(put_public_half(&key.home(), &key_id, material)?);
        }
        Ok(Change::new(cx, key, writes))
    }
}

/// The writes of a new key's record. The commit expects that there is no key of its id, which is random.
pub(super) async fn first_record(view: &View, world: &World, record: &KeyRecord) -> Result<Vec<Write>, Error> {
    if view.get::<KeyRow>(rows::key_row(world, &record.key_id)).await?.is_some() {
        return Err(Error::internal("a key of this random id is there already"));
    }
    view.rewrite(None, world, record).await
}

/// The writes of what hangs on a new key.
pub(super) fn hung(
    world: &World,
    key_id: &str,
    policy: &PolicyRecord,
    tags: BTreeMap<String, String>,
) -> Result<Vec<Write>, Error> {
    let mut writes = vec![Write::put(rows::hanging_row(world, key_id, "policy"), 1, policy)?];
    if !tags.is_empty() {
        writes.push(Write::put(rows::hanging_row(world, key_id, "tags"), 1, &TagsRecord { tags })?);
    }
    Ok(writes)
}

/// A counter with room, and the write that counts one more. Sixteen of them, so that sixteen keys can be made at once.
pub(super) async fn free_counter(cx: &Cx, world: &World) -> Result<(u8, Write), Error> {
    let quotas = cx.view().core.quotas;
    if quotas.keys_were_lowered() && counted(cx, world).await? >= u64::from(quotas.keys) {
        return Err(Error::LimitExceeded(Quota::Keys));
    }
    for step in 0..COUNTERS as u8 {
        let counter = (cx.drawn().counter + step) % COUNTERS as u8;
        let name = rows::counter_row(world, counter);
        let row = cx.view().get::<CounterRecord>(name.clone()).await?;
        let (keys, version) = row.map_or((0, 0), |row| (row.value.keys, row.version));
        if keys < quotas.keys_of_counter(counter) {
            return Ok((counter, Write::put(name, version + 1, &CounterRecord { keys: keys + 1 })?));
        }
    }
    Err(Error::LimitExceeded(Quota::Keys))
}

/// How many keys the world has. Its counters are not expected unchanged: where no quota was lowered the share of one
/// counter says enough, and here a key too many among those that are made at this moment does no harm.
async fn counted(cx: &Cx, world: &World) -> Result<u64, Error> {
    let view = cx.view();
    let mut keys = 0;
    for counter in 0..COUNTERS as u8 {
        let row = view.core.rows.get::<CounterRecord>(view.at, &rows::counter_row(world, counter)).await?;
        keys += row.map_or(0, |row| u64::from(row.value.keys));
    }
    Ok(keys)
}
