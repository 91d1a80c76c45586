//! What time makes due: it uses the edits and the commit that requests use, with a token that only `keys::due` makes.
//! Past its date a key is refused at once; its bytes are destroyed only after 24 more hours of observed uptime, so that
//! a clock that jumps can delay destruction and never bring it about.

use std::sync::Arc;

use store::Outcome;

use crate::Mode;
use crate::Time;
use crate::audit;
use crate::error::Error;
use crate::keys::lifecycle::{Due, due};
use crate::records::{
    CounterRecord, KeyRecord, Mark, OutboxRecord, PolicyRecord, TagsRecord, WrappedKek, WrappedMaterial,
};
use crate::rows::{self, RowKey};
use crate::service::Core;
use crate::world::World;

use super::change::Write;
use super::view::{Key, View, index_row};

/// The uptime that must be observed between a key's date and the destruction of its bytes, in milliseconds.
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

    /// Tries on fresh snapshots until nobody else was faster.
    async fn until_settled(&self, step: Step, listed: &Listed) -> Result<(), Error> {
        const ATTEMPTS: usize = 8;
        for _ in 0..ATTEMPTS {
            let settled = match step {
                Step::TakeBack => self.take_back(listed).await?,
                Step::Doom => self.doom(listed).await?,
                Step::Destroy => self.destroy(listed).await?,
            };
            match settled {
                Settled::Done => return Ok(()),
                Settled::Again => {}
            }
        }
        Err(Error::Busy)
    }

    /// A key's date has come: from the index of dates it goes to the index of the doomed, or is destroyed where no
    /// grace is given.
    async fn doom(&self, listed: &Listed) -> Result<Settled, Error> {
        let view = View::newest(self.core, self.now).await?;
        let Some(key) = self.key(&view, listed).await? else { return self.strike(&view, listed).await };
        if index_row(&key.world, key.record()) != Some(listed.row.clone()) {
            return self.strike(&view, listed).await;
        }
        let Some((_, Due::Deletion(_))) = due(&key.record().facts, self.now) else { return Ok(Settled::Done) };
        let grace = match self.core.mode {
            Mode::Serve => GRACE_MILLIS,
            Mode::Dev => 0,
        };
        let after = KeyRecord { destroy_at_uptime: Some(self.uptime + grace), ..key.record().clone() };
        let writes = view.rewrite(Some(&key), &key.world, &after).await?;
        self.settle(&view, &writes, None).await
    }

    /// The clock says now that the key's date has not come: it goes back to the index of dates, and the grace begins
    /// anew when the date comes in truth.
    async fn take_back(&self, listed: &Listed) -> Result<Settled, Error> {
        let view = View::newest(self.core, self.now).await?;
        let Some(key) = self.key(&view, listed).await? else { return self.strike(&view, listed).await };
        if index_row(&key.world, key.record()) != Some(listed.row.clone()) {
            return self.strike(&view, listed).await;
        }
        if due(&key.record().facts, self.now).is_some() {
            return Ok(Settled::Done);
        }
        let after = KeyRecord { destroy_at_uptime: None, ..key.record().clone() };
        let writes = view.rewrite(Some(&key), &key.world, &after).await?;
        self.settle(&view, &writes, None).await
    }

    /// The grace is over: the key, its material, its key-encryption keys and what hangs on it go in one commit, which
    /// also asks for them to be forgotten.
    async fn destroy(&self, listed: &Listed) -> Result<Settled, Error> {
        let view = View::newest(self.core, self.now).await?;
        let Some(key) = self.key(&view, listed).await? else { return self.strike(&view, listed).await };
        if index_row(&key.world, key.record()) != Some(listed.row.clone()) {
            return self.strike(&view, listed).await;
        }
        let Some((_, Due::Deletion(overdue))) = due(&key.record().facts, self.now) else {
            return self.take_back(listed).await;
        };
        let remains = key.record().facts.clone().delete(overdue);
        let remains = remains.map_err(|_| Error::internal("a deletion was due and is not this key's"))?;
        let (world, id) = (&key.world, &key.record().key_id);
        let mut doomed = Doomed { view: &view, writes: Vec::new() };
        doomed.delete::<KeyRecord>(rows::key_row(world, id)).await?;
        doomed.delete::<Mark>(listed.row.clone()).await?;
        doomed.delete::<PolicyRecord>(rows::hanging_row(world, id, "policy")).await?;
        doomed.delete::<TagsRecord>(rows::hanging_row(world, id, "tags")).await?;
        for material in remains.materials() {
            let material = hex::encode(material);
            doomed.delete::<WrappedKek>(rows::kek_row(world, id, &material)).await?;
            doomed.delete::<WrappedMaterial>(rows::material_row(world, id, &material)).await?;
        }
        let counter = rows::counter_row(world, key.record().counter);
        if let Some(row) = view.get::<CounterRecord>(counter.clone()).await? {
            let keys = row.value.keys.saturating_sub(1);
            doomed.writes.push(Write::put(counter, row.version + 1, &CounterRecord { keys })?);
        }
        let asked = view.get::<Mark>(rows::forget_row()).await?.map_or(0, |row| row.version);
        doomed.writes.push(Write::put(rows::forget_row(), asked + 1, &Mark {})?);
        let event_id = self.core.uuid();
        let line = audit::service_record(&event_id, "DeleteKey", &world.account, &world.region, &key.arn(), self.now);
        let record = OutboxRecord { attempt: 0, event_id, line };
        let settled = self.settle(&view, &doomed.writes, Some(&record)).await?;
        if settled == Settled::Done {
            tracing::info!(key = key.arn(), "deleted: its key-encryption keys are destroyed");
        }
        Ok(settled)
    }

    /// An entry of the index that its key does not stand behind is struck out.
    async fn strike(&self, view: &View, listed: &Listed) -> Result<Settled, Error> {
        let mut doomed = Doomed { view, writes: Vec::new() };
        doomed.delete::<Mark>(listed.row.clone()).await?;
        if doomed.writes.is_empty() {
            return Ok(Settled::Done);
        }
        self.settle(view, &doomed.writes, None).await
    }

    /// The key as its record says, gone or not.
    async fn key(&self, view: &View, listed: &Listed) -> Result<Option<Key>, Error> {
        let row = view.get::<KeyRecord>(rows::key_row(&listed.world, &listed.key_id)).await?;
        Ok(row.map(|row| Key { world: listed.world.clone(), row }))
    }

    async fn settle(&self, view: &View, writes: &[Write], record: Option<&OutboxRecord>) -> Result<Settled, Error> {
        let sequence = self.core.next_sequence();
        let outcome = self.core.commit(view.expectations(), writes, record.map(|record| (sequence, record))).await?;
        let landed = match (outcome, record) {
            (Outcome::Committed { .. }, _) => true,
            (Outcome::Conflict { .. }, _) => return Ok(Settled::Again),
            (Outcome::Unknown, Some(_)) => self.core.landed(sequence).await.is_some(),
            (Outcome::Unknown, None) => false,
        };
        if !landed {
            // What is due stays due; the next turn finds out what has become of it.
            return Err(Error::Unknown);
        }
        if let Some(record) = record {
            self.core.move_record(sequence, record.line.clone(), true).await;
        }
        Ok(Settled::Done)
    }
}

/// How one attempt ended.
#[derive(PartialEq, Eq)]
enum Settled {
    /// There is nothing more to do.
    Done,
    /// Somebody else was faster.
    Again,
}

/// One entry of an index: `index ␀ when ␀ account ␀ Region ␀ key id`.
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

/// Rows that are to go, each read first so that the commit expects it.
struct Doomed<'a> {
    view: &'a View,
    writes: Vec<Write>,
}

impl Doomed<'_> {
    async fn delete<T: crate::records::Record>(&mut self, name: RowKey) -> Result<(), Error> {
        if self.view.get::<T>(name.clone()).await?.is_some() {
            self.writes.push(Write::Delete { name });
        }
        Ok(())
    }
}
