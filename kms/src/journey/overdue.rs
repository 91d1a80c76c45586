//! What time makes due: it uses the edits and the commit that requests use, with a token that only `keys::due` makes.
//! Past its date a key or a material is refused at once; its bytes are destroyed only after 24 more hours of observed
//! uptime, so that a clock that jumps can delay destruction and never bring it about. A rotation destroys nothing, and
//! waits for nothing.

use std::sync::Arc;

use crypto::spec::Kind;
use serde_json::{Value, json};
use store::Outcome;

use crate::Mode;
use crate::Time;
use crate::audit::ServiceEvent;
use crate::error::Error;
use crate::keys::lifecycle::{Due, Overdue as Moment, RegionPart, RotationKind, due};
use crate::records::{CounterRecord, KeyRecord, Mark, OutboxRecord, SetRecord, UseRecord, is_doomed};
use crate::rows::{self, RowKey};
use crate::service::Core;
use crate::world::World;

use super::alias;
use super::change::Write;
use super::grant;
use super::replica;
use super::rotation;
use super::view::{Key, View, index_row};
use super::wrapped::{draw_material, draw_material_id};

/// The uptime that must be observed between a date and the destruction of the bytes that it is of, in milliseconds.
const GRACE_MILLIS: u64 = 24 * 60 * 60 * 1000;

/// Everything that is due at `now`, with this much uptime observed.
pub(crate) struct Overdue<'a> {
    pub core: &'a Arc<Core>,
    pub now: Time,
    pub uptime: u64,
    /// Whether the clock may have gone back since the last turn.
    pub set_back: bool,
}

/// What is done, key by key, to those that an index lists.
#[derive(Clone, Copy)]
enum Step {
    TakeBack,
    Doom,
    Destroy,
}

impl Overdue<'_> {
    /// Lets all of it happen.
    ///
    /// Errors: the first failure. One key that cannot be dealt with does not keep the others from their end.
    pub async fn happen(&self) -> Result<(), Error> {
        let (now, uptime) = (rows::order(self.now.0.max(0) as u64), rows::order(self.uptime));
        let taken_back = match self.set_back {
            true => self.each(Step::TakeBack, "t", &rows::order(u64::MAX)).await,
            false => Ok(()),
        };
        let doomed = self.each(Step::Doom, "d", &now).await;
        let destroyed = self.each(Step::Destroy, "t", &uptime).await;
        taken_back.and(doomed).and(destroyed)
    }

    /// Takes this step with every key that the index lists up to `until`, page by page and never twice.
    async fn each(&self, step: Step, index: &str, until: &str) -> Result<(), Error> {
        let mut failed = Ok(());
        let mut after: Option<RowKey> = None;
        loop {
            let at = self.core.rows.newest().await?;
            let (store, within) = (self.core.rows.store(), rows::prefix(&[index]));
            let page = store.scan(at, &within, after.as_deref(), store::limits::PAGE_ROWS).await;
            let page = page.map_err(rows::unreadable)?;
            after = page.entries.last().map(|entry| entry.key.clone());
            for entry in page.entries {
                let listed = Listed::read(entry.key)?;
                if listed.when.as_str() > until {
                    return failed;
                }
                if let Err(why) = self.until_settled(step, &listed).await {
                    tracing::error!(key_id = listed.key_id, ?why, "what time made due did not happen");
                    failed = failed.and(Err(why));
                }
            }
            if !page.more {
                return failed;
            }
        }
    }

    /// Tries on fresh snapshots until nobody else was faster, and as often as one thing follows upon another.
    async fn until_settled(&self, step: Step, listed: &Listed) -> Result<(), Error> {
        const ATTEMPTS: usize = 8;
        let mut listed = listed.clone();
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            match self.attempt(step, &listed).await? {
                Settled::Done => return Ok(()),
                Settled::Again => attempts += 1,
                Settled::More(row) => (listed.row, attempts) = (row, 0),
            }
        }
        Err(Error::Busy)
    }

    /// Takes the step with the key as it is now, if it still stands where it was listed.
    async fn attempt(&self, step: Step, listed: &Listed) -> Result<Settled, Error> {
        let view = View::newest(self.core, self.now).await?;
        let key = view.key_or_remains(listed.world.clone(), &listed.key_id).await?;
        let Some(key) = key.filter(|key| index_row(&key.world, key.record()).as_ref() == Some(&listed.row)) else {
            return self.strike(&view, &listed.row).await;
        };
        match step {
            Step::TakeBack => self.take_back(&view, &key).await,
            Step::Doom => self.come(&view, &key).await,
            Step::Destroy => self.destroy(&view, &key, &listed.row).await,
        }
    }

    /// A key's date has come: it rotates, its Regions are done with it, or it goes from the index of dates to the index of
    /// the doomed, which are destroyed at once where no grace is given.
    async fn come(&self, view: &View, key: &Key) -> Result<Settled, Error> {
        match due(&key.record().facts, self.now) {
            None => Ok(Settled::Done),
            Some((_, Due::Rotation(moment))) => self.rotate(view, key, moment).await,
            Some((_, Due::Settling(moment))) => self.end_work(view, key, moment).await,
            Some((_, Due::Deletion(_) | Due::Expiry(..))) => {
                let grace = match self.core.mode {
                    Mode::Serve => GRACE_MILLIS,
                    Mode::Dev => 0,
                };
                let (destroy_at_uptime, doomed_by) = (Some(self.uptime + grace), Some(self.now));
                let after = KeyRecord { destroy_at_uptime, doomed_by, ..key.record().clone() };
                let writes = view.rewrite(Some(key), &key.world, &after).await?;
                self.settle(view, &writes, None).await
            }
        }
    }

    /// A date of automatic rotation has come. After a standstill several have, and the next is looked at.
    async fn rotate(&self, view: &View, key: &Key, moment: Moment) -> Result<Settled, Error> {
        let (world, before) = (&key.world, key.record());
        let fresh = draw_material_id(self.core);
        let facts = before.facts.clone().rotate(moment, fresh).map_err(|_| not_this_key("rotation"))?;
        let details = rotation::details(RotationKind::Automatic, &before.facts, &facts);
        let after = before.with_facts(facts, self.now);
        let mut writes = view.rewrite(Some(key), world, &after).await?;
        writes.extend(draw_material(self.core, &key.home(), &before.key_id, &fresh).await?);
        let settled = self.settle(view, &writes, Some(self.event("RotateKey", key, details))).await?;
        Ok(settled.then(index_row(world, &after)))
    }

    /// Its set of Regions is no longer at work on the key. A replica then has what it shares with its primary.
    async fn end_work(&self, view: &View, key: &Key, moment: Moment) -> Result<Settled, Error> {
        let before = key.record();
        let (facts, created) = before.facts.clone().settle(moment).map_err(|_| not_this_key("end of work"))?;
        let after = before.with_facts(facts, self.now);
        let writes = view.rewrite(Some(key), &key.world, &after).await?;
        let event = created.then(|| self.event("SynchronizeMultiRegionKey", key, Value::Null));
        let settled = self.settle(view, &writes, event).await?;
        Ok(settled.then(index_row(&key.world, &after)))
    }

    /// The clock says now that the key's date has not come: it goes back to the index of dates, and the grace begins
    /// anew when the date comes in truth.
    async fn take_back(&self, view: &View, key: &Key) -> Result<Settled, Error> {
        let before = key.record();
        let after = if !is_doomed(&before.facts, self.now) {
            KeyRecord { destroy_at_uptime: None, doomed_by: None, ..before.clone() }
        } else if before.doomed_by.is_some_and(|by| by > self.now) {
            // Of several dates some have come in truth.
            KeyRecord { doomed_by: Some(self.now), ..before.clone() }
        } else {
            return Ok(Settled::Done);
        };
        let writes = view.rewrite(Some(key), &key.world, &after).await?;
        self.settle(view, &writes, None).await
    }

    /// The grace is over, of everything that was due when it began.
    async fn destroy(&self, view: &View, key: &Key, row: &RowKey) -> Result<Settled, Error> {
        let by = key.record().doomed_by.map_or(self.now, |by| by.min(self.now));
        match due(&key.record().facts, by) {
            Some((_, Due::Deletion(moment))) => self.delete(view, key, moment, row).await,
            Some((_, Due::Expiry(moment, _))) => self.expire(view, key, moment).await,
            Some((_, Due::Rotation(_) | Due::Settling(_))) | None => self.take_back(view, key).await,
        }
    }

    /// A material goes, with its key-encryption key, and the key stays.
    async fn expire(&self, view: &View, key: &Key, moment: Moment) -> Result<Settled, Error> {
        let (world, before) = (&key.world, key.record());
        let (facts, id) = before.facts.clone().expire(moment).map_err(|_| not_this_key("expiry"))?;
        let after = before.with_facts(facts, self.now);
        let mut writes = view.rewrite(Some(key), world, &after).await?;
        writes.extend(replica::destroy(view, key, &after.facts, &id).await?);
        writes.push(view.forget().await?);
        let details = match before.spec.kind() {
            Kind::Symmetric => json!({ "keyMaterialId": hex::encode(id) }),
            // Keys that never have a second material do not name theirs.
            Kind::Hmac | Kind::Asymmetric => json!({}),
        };
        let settled = self.settle(view, &writes, Some(self.event("DeleteExpiredKeyMaterial", key, details))).await?;
        if settled == Settled::Done {
            tracing::info!(key = key.arn(), material = hex::encode(id), "expired: its key-encryption key is destroyed");
        }
        Ok(settled.then(after.destroy_at_uptime.and_then(|_| index_row(world, &after))))
    }

    /// The key, its materials, their key-encryption keys and what hangs on it go, and the store is asked to forget them:
    /// in one commit, but for aliases, for grants, and for more materials than fit, which have commits of their own
    /// before it.
    async fn delete(&self, view: &View, key: &Key, moment: Moment, row: &RowKey) -> Result<Settled, Error> {
        let (world, record) = (&key.world, key.record());
        let remains = record.facts.clone().delete(moment).map_err(|_| not_this_key("deletion"))?;
        if key.is_waited_for() {
            // The primary goes last, as what the set shares goes with it. The next turn looks again.
            return Ok(Settled::Done);
        }
        let mut first = alias::sweep(view, world, &record.key_id).await?;
        if first.is_empty() {
            first = grant::sweep(view, world, &record.key_id).await?;
        }
        if !first.is_empty() {
            return Ok(self.settle(view, &first, None).await?.then(Some(row.clone())));
        }
        let (mut writes, more) = self.remains(view, key).await?;
        writes.push(view.forget().await?);
        if more {
            return Ok(self.settle(view, &writes, None).await?.then(Some(row.clone())));
        }
        writes.push(Write::Delete { name: rows::key_row(world, &record.key_id) });
        writes.extend(leave(view, key, remains.died()).await?);
        if view.get::<Mark>(row.clone()).await?.is_some() {
            writes.push(Write::Delete { name: row.clone() });
        }
        let last_use = rows::use_row(world, &record.key_id);
        if view.get::<UseRecord>(last_use.clone()).await?.is_some() {
            writes.push(Write::Delete { name: last_use });
        }
        let counter = rows::counter_row(world, record.counter);
        if let Some(row) = view.get::<CounterRecord>(counter.clone()).await? {
            let keys = row.value.keys.saturating_sub(1);
            writes.push(Write::put(counter, row.version + 1, &CounterRecord { keys })?);
        }
        let settled = self.settle(view, &writes, Some(self.event("DeleteKey", key, Value::Null))).await?;
        if settled == Settled::Done {
            tracing::info!(key = key.arn(), "deleted: its key-encryption keys are destroyed");
        }
        Ok(settled)
    }

    /// The deletions of rows that belong to the key alone, as many as go in one commit, and whether more are left.
    /// A scan is enough: the commit expects the key's record, without which nobody adds a row. With a primary goes what
    /// its set has in no Region.
    async fn remains(&self, view: &View, key: &Key) -> Result<(Vec<Write>, bool), Error> {
        let mut worlds = vec![key.world.clone()];
        if key.part() == RegionPart::Primary {
            worlds.push(key.world.of_all_regions());
        }
        let id = &key.record().key_id;
        let of =
            |World { account, region }: &World| ["e", "x"].map(|table| rows::prefix(&[table, account, region, id]));
        let mut writes = Vec::new();
        for within in worlds.iter().flat_map(of) {
            let room = ROWS_A_COMMIT - writes.len();
            let page = self.core.rows.store().scan(view.at, &within, None, room).await.map_err(rows::unreadable)?;
            for entry in page.entries {
                view.note(entry.key.clone(), entry.revision);
                writes.push(Write::Delete { name: entry.key });
            }
            if page.more || writes.len() == ROWS_A_COMMIT {
                return Ok((writes, true));
            }
        }
        Ok((writes, false))
    }

    /// An entry of the index that its key does not stand behind is struck out.
    async fn strike(&self, view: &View, row: &RowKey) -> Result<Settled, Error> {
        match view.get::<Mark>(row.clone()).await? {
            Some(_) => self.settle(view, &[Write::Delete { name: row.clone() }], None).await,
            None => Ok(Settled::Done),
        }
    }

    fn event(&self, name: &'static str, key: &Key, details: Value) -> OutboxRecord {
        let event = ServiceEvent { name, world: &key.world, key_id: &key.record().key_id, details, now: self.now };
        let event_id = self.core.uuid();
        OutboxRecord { attempt: 0, line: event.line(&event_id), event_id }
    }

    async fn settle(&self, view: &View, writes: &[Write], record: Option<OutboxRecord>) -> Result<Settled, Error> {
        let sequence = self.core.next_sequence();
        let records: Vec<_> = record.map(|record| (sequence, record)).into_iter().collect();
        let landed = match self.core.commit(view.expectations(), writes, &records).await? {
            Outcome::Committed { .. } => true,
            Outcome::Conflict { .. } => return Ok(Settled::Again),
            Outcome::Unknown => !records.is_empty() && self.core.landed(sequence).await.is_some(),
        };
        if !landed {
            // What is due stays due; the next turn finds out what has become of it.
            return Err(Error::Unknown);
        }
        for (sequence, record) in records {
            self.core.move_record(sequence, record.line, true).await;
        }
        Ok(Settled::Done)
    }
}

/// The writes by which a deleted key leaves its set: a primary takes the set's record along. Behind the last replica
/// the date of a primary that waited for it is listed, which is certain only now.
async fn leave(view: &View, key: &Key, died: Time) -> Result<Vec<Write>, Error> {
    let Some(row) = &key.set else { return Ok(Vec::new()) };
    let key_id = &key.record().key_id;
    let name = rows::set_row(&key.world.account, key_id);
    if key.part() == RegionPart::Primary {
        return Ok(vec![Write::Delete { name }]);
    }
    let set = row.value.set.leave(&key.world.region, died);
    let mut writes = Vec::new();
    let is_alone = set.others(set.primary()).next().is_none();
    let primary = view.key_or_remains(key.world.in_region(set.primary()), key_id).await?.filter(|_| is_alone);
    if let Some(primary) = primary.filter(|primary| primary.record().facts.deletion_date().is_some()) {
        writes.extend(view.move_in_index(None, index_row(&primary.world, primary.record())).await?);
    }
    writes.push(Write::put(name, row.version + 1, &SetRecord { set, ..SetRecord::clone(&row.value) })?);
    Ok(writes)
}

/// The most rows that a commit deletes beside what it writes, well below what a store takes.
const ROWS_A_COMMIT: usize = 100;

fn not_this_key(what: &str) -> Error {
    Error::internal(format!("a {what} was due and is not this key's"))
}

/// How one attempt ended.
#[derive(PartialEq, Eq)]
enum Settled {
    /// There is nothing more to do.
    Done,
    /// Somebody else was faster.
    Again,
    /// It is done, and more may be: the key stands here now.
    More(RowKey),
}

impl Settled {
    /// What follows, once this is done: a look at where the key stands now.
    fn then(self, row: Option<RowKey>) -> Settled {
        match (self, row) {
            (Settled::Done, Some(row)) => Settled::More(row),
            (settled, _) => settled,
        }
    }
}

/// One entry of an index: `index ␀ when ␀ account ␀ Region ␀ key id`.
#[derive(Clone)]
struct Listed {
    row: RowKey,
    when: String,
    world: World,
    key_id: String,
}

impl Listed {
    fn read(row: RowKey) -> Result<Listed, Error> {
        let parts = rows::parts(&row).and_then(|parts| <[&str; 5]>::try_from(parts).ok());
        let [_, when, account, region, key_id] =
            parts.ok_or_else(|| Error::internal("a row of an index has no key in its name"))?;
        let world = World { account: account.to_owned(), region: region.to_owned() };
        Ok(Listed { when: when.to_owned(), world, key_id: key_id.to_owned(), row })
    }
}
