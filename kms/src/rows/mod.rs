//! Records in their rows: what a row is called, and the way from a record to sealed bytes and back.
//! Bytes become a record only here, through a decode that distrusts the disk; what records mean is not asked.

mod cache;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crypto::{Random, RecordKeys};
use store::{Batch, Outcome, Refused, Revision, Store, Unread};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::error::Error;
use crate::records::Record;
use crate::world::World;

use cache::Cache;

/// A row's name: parts joined by a zero byte, which no part contains, so that ranges nest and order holds.
pub(crate) type RowKey = Vec<u8>;

/// Joins parts into a row's name.
pub(crate) fn row(parts: &[&str]) -> RowKey {
    debug_assert!(parts.iter().all(|part| !part.contains('\0')), "no part of a row's name may contain a zero byte");
    parts.join("\0").into_bytes()
}

/// The beginning that all rows share whose first parts these are.
pub(crate) fn prefix(parts: &[&str]) -> RowKey {
    let mut name = row(parts);
    name.push(0);
    name
}

/// A row's parts, for whoever has to take a name apart again. None if the name is not text.
pub(crate) fn parts(name: &[u8]) -> Option<Vec<&str>> {
    Some(std::str::from_utf8(name).ok()?.split('\0').collect())
}

/// `k ␀ account ␀ Region ␀ key id`: the key's record.
pub(crate) fn key_row(world: &World, key_id: &str) -> RowKey {
    row(&["k", &world.account, &world.region, key_id])
}

/// `s ␀ account ␀ key id`: what the keys of a set of Regions share. The material that was drawn for it lies in the rows of
/// [`World::of_all_regions`].
pub(crate) fn set_row(account: &str, key_id: &str) -> RowKey {
    row(&["s", account, key_id])
}

/// `x ␀ account ␀ Region ␀ key id ␀ what`: what hangs on the key: `policy`, `tags`, `aliases`, `grants`.
pub(crate) fn hanging_row(world: &World, key_id: &str, what: &str) -> RowKey {
    row(&["x", &world.account, &world.region, key_id, what])
}

/// `x ␀ account ␀ Region ␀ key id ␀ m ␀ material id`: one wrapped material.
pub(crate) fn material_row(world: &World, key_id: &str, material_id: &str) -> RowKey {
    row(&["x", &world.account, &world.region, key_id, "m", material_id])
}

/// `x ␀ account ␀ Region ␀ key id ␀ public`: the public half of the key's material.
pub(crate) fn public_half_row(world: &World, key_id: &str) -> RowKey {
    hanging_row(world, key_id, "public")
}

/// `e ␀ account ␀ Region ␀ key id ␀ material id`: the key-encryption key of one material, apart from it.
pub(crate) fn kek_row(world: &World, key_id: &str, material_id: &str) -> RowKey {
    row(&["e", &world.account, &world.region, key_id, material_id])
}

/// `a ␀ account ␀ Region ␀ alias/name`: where an alias points.
pub(crate) fn alias_row(world: &World, alias: &str) -> RowKey {
    row(&["a", &world.account, &world.region, alias])
}

/// `g ␀ account ␀ Region ␀ key id ␀ grant id`: a grant.
pub(crate) fn grant_row(world: &World, key_id: &str, grant_id: &str) -> RowKey {
    row(&["g", &world.account, &world.region, key_id, grant_id])
}

/// `gn ␀ account ␀ Region ␀ key id ␀ hash`: which grant has this name and these properties.
pub(crate) fn grant_name_row(world: &World, key_id: &str, hash: &str) -> RowKey {
    row(&["gn", &world.account, &world.region, key_id, hash])
}

/// `gp ␀ account ␀ Region ␀ key id ␀ hash of the grantee ␀ grant id`: the grants of one grantee on one key.
pub(crate) fn grantee_row(world: &World, key_id: &str, hash: &str, grant_id: &str) -> RowKey {
    row(&["gp", &world.account, &world.region, key_id, hash, grant_id])
}

/// `gr ␀ Region ␀ retirer's account ␀ hash of the retirer ␀ key's account ␀ key id ␀ grant id`: the grants that one
/// principal may retire, on keys of all accounts.
pub(crate) fn retirer_row(retirer: (&str, &str), world: &World, key_id: &str, grant_id: &str) -> RowKey {
    row(&["gr", &world.region, retirer.0, retirer.1, &world.account, key_id, grant_id])
}

/// `u ␀ account ␀ Region ␀ key id`: the key's last use.
pub(crate) fn use_row(world: &World, key_id: &str) -> RowKey {
    row(&["u", &world.account, &world.region, key_id])
}

/// The row of the key's record, by the row of its last use: they differ in their table alone.
pub(crate) fn key_row_of(use_row: &[u8]) -> RowKey {
    [b"k", use_row.strip_prefix(b"u").unwrap_or(use_row)].concat()
}

/// `n ␀ account ␀ Region ␀ keys ␀ 0…f`: one of the sixteen counters of a world's keys.
pub(crate) fn counter_row(world: &World, counter: u8) -> RowKey {
    row(&["n", &world.account, &world.region, "keys", &format!("{counter:x}")])
}

/// `d ␀ due time ␀ account ␀ Region ␀ key id`: what time makes due, in order.
pub(crate) fn due_row(at: crate::Time, world: &World, key_id: &str) -> RowKey {
    row(&["d", &order(at.0.max(0) as u64), &world.account, &world.region, key_id])
}

/// `t ␀ observed uptime ␀ account ␀ Region ␀ key id`: keys past their date, in the order of their destruction.
pub(crate) fn doomed_row(at_uptime: u64, world: &World, key_id: &str) -> RowKey {
    row(&["t", &order(at_uptime), &world.account, &world.region, key_id])
}

/// `o ␀ node ␀ sequence`: the audit outbox, in order.
pub(crate) fn outbox_row(sequence: u64) -> RowKey {
    row(&["o", NODE, &order(sequence)])
}

/// `h ␀ node`: how far the audit mover has come.
pub(crate) fn head_row() -> RowKey {
    row(&["h", NODE])
}

/// `h ␀ node ␀ uptime`: the uptime that this node has observed.
pub(crate) fn uptime_row() -> RowKey {
    row(&["h", NODE, "uptime"])
}

/// `h ␀ node ␀ tracking`: since when this node has noted every use of a key.
pub(crate) fn tracking_row() -> RowKey {
    row(&["h", NODE, "tracking"])
}

/// `h ␀ node ␀ forget`: rows were destroyed, and the store's files may still hold their bytes.
pub(crate) fn forget_row() -> RowKey {
    row(&["h", NODE, "forget"])
}

/// The one node that an embedded store has.
pub(crate) const NODE: &str = "1";

/// A number as text of fixed width, so that rows sort as numbers do.
pub(crate) fn order(number: u64) -> String {
    format!("{number:016x}")
}

/// A record as it stands in the store.
#[derive(Debug)]
pub(crate) struct Row<T> {
    /// What the row says, shared with whoever else reads it.
    pub value: Arc<T>,
    /// Our own count of this row's writings, from 1; sealed with it.
    pub version: u64,
    /// The store's revision that wrote it.
    pub revision: Revision,
}

impl<T> Row<T> {
    /// A record as it is once it has been written for the first time; no revision wrote it yet.
    pub fn first(value: T) -> Row<T> {
        Row { value: Arc::new(value), version: 1, revision: 0 }
    }
}

/// The store, the keys that open what is in it, and what was opened of late.
pub(crate) struct Rows {
    store: Arc<dyn Store>,
    keys: RecordKeys,
    generation: u32,
    random: Arc<dyn Random>,
    cache: Arc<Cache>,
    /// Whether the store took the last commit that it ended.
    well: AtomicBool,
    /// Follows the store's changes; it ends with the rows.
    follower: JoinHandle<()>,
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Rows {
    /// Must be called in a runtime, whose task follows the store's changes.
    pub fn new(store: Arc<dyn Store>, keys: RecordKeys, generation: u32, random: Arc<dyn Random>) -> Rows {
        let cache = Arc::new(Cache::new());
        let (followed, by) = (store.clone(), cache.clone());
        let follower = tokio::spawn(async move { by.follow(&*followed).await });
        Rows { store, keys, generation, random, cache, well: AtomicBool::new(true), follower }
    }

    /// The newest snapshot: it covers every commit that was answered before this call.
    pub async fn newest(&self) -> Result<Revision, Error> {
        Ok(self.cache.reach(self.store.revision().await.map_err(unreadable)?).await)
    }

    /// Commits, and notes what its end says of the store.
    ///
    /// Errors: what certainly did not happen.
    pub async fn commit(&self, batch: Batch) -> Result<Outcome, Error> {
        let outcome = self.store.commit(batch).await;
        let well = match &outcome {
            Ok(Outcome::Committed { .. }) => Some(true),
            // A full disk is no illness of the store's, but it takes nothing either.
            Ok(Outcome::Unknown) | Err(Refused::Stopped(_) | Refused::Full) => Some(false),
            Ok(Outcome::Conflict { .. }) | Err(Refused::Busy | Refused::Malformed(_) | Refused::TooBig(_)) => None,
        };
        if let Some(well) = well {
            self.well.store(well, Ordering::Relaxed);
        }
        outcome.map_err(|refused| match refused {
            Refused::Busy => Error::Busy,
            Refused::Malformed(why) | Refused::TooBig(why) => {
                Error::internal(format!("the store refused a commit: {why}"))
            }
            Refused::Full => Error::internal("the disk of the store is full: nothing was changed. Make room"),
            Refused::Stopped(why) => Error::internal(format!("the store has stopped: {why}. Restart Trent")),
        })
    }

    /// False from a commit that ended in an I/O error until one that did not.
    pub fn well(&self) -> bool {
        self.well.load(Ordering::Relaxed)
    }

    /// The store itself, for those who scan or forget.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The row called `name`, as it was at `at`, which [`Rows::newest`] gave out.
    pub async fn get<T: Record>(&self, at: Revision, name: &[u8]) -> Result<Option<Row<T>>, Error> {
        if let Some(row) = self.cache.get(at, name) {
            return Ok(Some(row));
        }
        let Some(entry) = self.store.get(at, name).await.map_err(unreadable)? else { return Ok(None) };
        let row = self.open(name, &entry.value, entry.revision)?;
        self.cache.keep(at, name, &row);
        Ok(Some(row))
    }

    /// What stands in a row's bytes. Bytes that do not open, or hold no record of this kind, are refused by the row's
    /// name: nothing is ever answered from them.
    pub fn open<T: Record>(&self, name: &[u8], sealed: &[u8], revision: Revision) -> Result<Row<T>, Error> {
        let record = self.unseal(name, sealed)?;
        let text = Zeroizing::new(record.value);
        let value = T::decode(&text).map_err(|why| refused(name, &why))?;
        Ok(Row { value: Arc::new(value), version: record.version, revision })
    }

    fn unseal(&self, name: &[u8], sealed: &[u8]) -> Result<crypto::Record, Error> {
        self.keys.open(name, sealed).map_err(|_| {
            refused(
                name,
                "does not open: it was damaged, moved or put there by somebody else. Restore the store from a copy",
            )
        })
    }

    /// The sealed bytes of the row called `name`, written for the `version`th time.
    pub fn seal<T: Record>(&self, name: &[u8], version: u64, value: &T) -> Result<Arc<[u8]>, Error> {
        self.seal_encoded(name, version, &value.encode()?)
    }

    /// The same for a record that was encoded before.
    pub fn seal_encoded(&self, name: &[u8], version: u64, encoded: &[u8]) -> Result<Arc<[u8]>, Error> {
        Ok(self.keys.seal(name, version, self.generation, encoded, &*self.random).into())
    }
}

/// A read that the store could not answer.
pub(crate) fn unreadable(unread: Unread) -> Error {
    match unread {
        // The snapshot went while the request ran: as with any conflict, a fresh one helps.
        Unread::Expired { .. } => Error::Busy,
        Unread::Unavailable(why) => Error::internal(format!("the store cannot be read: {why}")),
    }
}

/// A record that nothing is answered from, by its name.
pub(crate) fn refused(name: &[u8], why: &str) -> Error {
    Error::internal(format!("the record {} {why}", readable(name)))
}

/// A row's name for the log.
fn readable(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace('\0', "/")
}
