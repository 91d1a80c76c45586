//! When was each key last used, and by what? Noted in memory after every call that used a key's material, and written to
//! rows of their own as time goes by: no call commits anything for it. Who may ask is the journey's affair.
//!
//! A crash loses what was noted and not written: the uses of the last half minute. Nothing else is ever lost silently:
//! where a use cannot be noted, tracking begins anew.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use store::Outcome;
use wire::{KeyLastUsageTrackingOperation, Op};

use crate::Time;
use crate::error::Error;
use crate::journey::Write;
use crate::records::{KeyRow, TrackingRecord, UseRecord};
use crate::rows::{self, RowKey, Rows};
use crate::service::Core;

/// How AWS tracks an operation that uses a key's material; none for all others. The model has the list.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyLastUsageData.html>
pub(crate) fn tracked(op: Op) -> Option<KeyLastUsageTrackingOperation> {
    TRACKED[op as usize]
}

/// Looked up once: every call on a key asks.
static TRACKED: LazyLock<[Option<KeyLastUsageTrackingOperation>; Op::COUNT]> =
    LazyLock::new(|| Op::ALL.map(|op| KeyLastUsageTrackingOperation::parse(op.name())));

/// A key that a call used.
pub(crate) struct Used {
    /// The row of its last use.
    pub row: RowKey,
    /// What used it.
    pub operation: KeyLastUsageTrackingOperation,
}

/// The last uses that no row has yet.
pub(crate) struct Uses {
    shards: Vec<Mutex<HashMap<RowKey, UseRecord>>>,
    hasher: RandomState,
    /// Whether so many keys wait that they should be written before it is time.
    crowded: AtomicBool,
    tracking: Mutex<Tracking>,
    /// The uptime that was observed when they were last written, held by whoever writes.
    written: tokio::sync::Mutex<Option<Duration>>,
}

#[derive(Clone, Copy)]
struct Tracking {
    began: Time,
    /// Whether the store says so.
    kept: bool,
}

/// How much uptime lies between two writings at least.
const WRITE_EVERY: Duration = Duration::from_secs(30);

/// Two calls meet only on the shard of a key that both use.
const SHARDS: usize = 64;

/// At most 65,536 keys that wait in all: 20 MB, and more than a machine uses between two turns.
const KEYS_A_SHARD: usize = 1024;

/// From here on a shard counts as crowded, and the next turn writes.
const CROWD: usize = KEYS_A_SHARD / 2;

/// A commit expects two rows for each key that it writes, of the 128 that it may expect.
const KEYS_A_COMMIT: usize = store::limits::EXPECTATIONS / 2;

/// How often a commit is tried against changes of its keys.
const ATTEMPTS: usize = 8;

impl Uses {
    /// What a start begins with: `now` is when tracking began, unless the store says that it began before.
    ///
    /// Errors: a store that cannot be read.
    pub async fn of(rows: &Rows, now: Time) -> Result<Uses, Error> {
        let kept = rows.get::<TrackingRecord>(rows.newest().await?, &rows::tracking_row()).await?;
        let tracking = match kept {
            Some(row) => Tracking { began: row.value.began, kept: true },
            None => Tracking { began: now, kept: false },
        };
        Ok(Uses::tracking(tracking))
    }

    fn tracking(tracking: Tracking) -> Uses {
        Uses {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            crowded: AtomicBool::new(false),
            tracking: Mutex::new(tracking),
            written: tokio::sync::Mutex::default(),
        }
    }

    /// Notes that a call used these keys, once its record is written and under the ids that the record has. Of two
    /// calls the one that is noted last is the last one, whatever the clock said.
    pub fn note(&self, used: Vec<Used>, at: Time, event_id: &str, request_id: &str) {
        for Used { row, operation } in used {
            let mut shard = self.shard(&row);
            if let Some(last) = shard.get_mut(&row) {
                (last.operation, last.at) = (operation, at);
                last.event_id.replace_range(.., event_id);
                last.request_id.replace_range(.., request_id);
                continue;
            }
            if shard.len() >= CROWD {
                self.crowded.store(true, Ordering::Relaxed);
            }
            if shard.len() < KEYS_A_SHARD {
                let (event_id, request_id) = (event_id.to_owned(), request_id.to_owned());
                shard.insert(row, UseRecord { operation, at, event_id, request_id });
            } else {
                self.begin_anew(at);
            }
        }
    }

    /// The use in this row that no store has yet.
    pub fn unwritten(&self, row: &[u8]) -> Option<UseRecord> {
        self.shard(row).get(row).cloned()
    }

    /// Since when every use has been noted.
    pub fn began(&self) -> Time {
        self.tracked_since().began
    }

    /// A use could not be noted. No key may count as idle for that, so that tracking begins here.
    fn begin_anew(&self, at: Time) {
        let mut tracking = self.tracked_since();
        if tracking.kept {
            tracing::warn!(
                "more keys are used than can be noted: of all keys it counts from here on when they were used"
            );
        }
        *tracking = Tracking { began: tracking.began.max(at), kept: false };
    }

    fn all(&self) -> Vec<(RowKey, UseRecord)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().map(|(row, last)| (row.clone(), last.clone())));
        }
        all
    }

    /// Forgets what was written, unless the key was used since.
    fn forget(&self, written: &[(RowKey, UseRecord)]) {
        for (row, last) in written {
            let mut shard = self.shard(row);
            if shard.get(row).is_some_and(|now| now.event_id == last.event_id) {
                shard.remove(row);
            }
        }
    }

    fn tracked_since(&self) -> MutexGuard<'_, Tracking> {
        self.tracking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard(&self, row: &[u8]) -> MutexGuard<'_, HashMap<RowKey, UseRecord>> {
        let shard = &self.shards[self.hasher.hash_one(row) as usize % SHARDS];
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what was noted if it is time: at most every half minute of `observed` uptime, but for a crowd.
///
/// Errors: the first failure. What was not written stays noted, for the next time.
pub(crate) async fn write_in_time(core: &Core, observed: Duration) -> Result<(), Error> {
    let mut last = core.uses.written.lock().await;
    let rests = last.is_some_and(|at| observed.saturating_sub(at) < WRITE_EVERY);
    if rests && !core.uses.crowded.load(Ordering::Relaxed) {
        return Ok(());
    }
    let noted = core.uses.all();
    if !noted.is_empty() || !core.uses.tracked_since().kept {
        *last = Some(observed);
    }
    write(core, &noted).await
}

/// Writes all that was noted, at the end.
///
/// Errors: the first failure.
pub(crate) async fn write_now(core: &Core) -> Result<(), Error> {
    let _alone = core.uses.written.lock().await;
    write(core, &core.uses.all()).await
}

async fn write(core: &Core, noted: &[(RowKey, UseRecord)]) -> Result<(), Error> {
    core.uses.crowded.store(false, Ordering::Relaxed);
    let mut all = keep_tracking(core).await;
    for some in noted.chunks(KEYS_A_COMMIT) {
        let mut written = write_some(core, some).await;
        if matches!(written, Err(Error::Internal(_))) {
            // It may be one row that cannot be read, and it keeps no other from being written.
            written = Ok(());
            for one in some.chunks(1) {
                written = written.and(write_some(core, one).await);
            }
        }
        all = all.and(written);
    }
    all
}

/// Writes these in one commit, on fresh snapshots until nobody else has changed a key of theirs.
async fn write_some(core: &Core, some: &[(RowKey, UseRecord)]) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        match attempt(core, some).await {
            Ok(Outcome::Committed { .. }) => {
                core.uses.forget(some);
                return Ok(());
            }
            Ok(Outcome::Conflict { .. }) | Err(Error::Busy) => {}
            // They are written again, above whatever has become of this.
            Ok(Outcome::Unknown) => return Err(Error::Unknown),
            Err(why) => return Err(why),
        }
    }
    Err(Error::Busy)
}

/// A key that is gone has no row any more, and gets none: the commit expects the record of every key that it writes of.
async fn attempt(core: &Core, some: &[(RowKey, UseRecord)]) -> Result<Outcome, Error> {
    let at = core.rows.newest().await?;
    let (mut expected, mut writes) = (BTreeMap::new(), Vec::new());
    for (row, last) in some {
        let key = rows::key_row_of(row);
        let Some(there) = core.rows.get::<KeyRow>(at, &key).await? else { continue };
        let before = core.rows.get::<UseRecord>(at, row).await?;
        let (version, revision) = before.map_or((0, 0), |before| (before.version, before.revision));
        expected.extend([(key, there.revision), (row.clone(), revision)]);
        writes.push(Write::put(row.clone(), version + 1, last)?);
    }
    match writes.is_empty() {
        true => Ok(Outcome::Committed { revision: at }),
        false => core.commit(expected, &writes, &[]).await,
    }
}

/// Makes the store say since when uses are noted, if it does not say so yet.
///
/// Errors: it still does not.
pub(crate) async fn keep_tracking(core: &Core) -> Result<(), Error> {
    let Tracking { began, kept } = *core.uses.tracked_since();
    if kept {
        return Ok(());
    }
    let row = rows::tracking_row();
    let before = core.rows.get::<TrackingRecord>(core.rows.newest().await?, &row).await?;
    let (version, revision) = before.map_or((0, 0), |before| (before.version, before.revision));
    let write = Write::put(row.clone(), version + 1, &TrackingRecord { began })?;
    match core.commit([(row, revision)].into(), &[write], &[]).await? {
        Outcome::Committed { .. } => {
            let mut tracking = core.uses.tracked_since();
            tracking.kept = tracking.began == began;
            Ok(())
        }
        Outcome::Conflict { .. } => Err(Error::internal("somebody else writes since when this node tracks uses")),
        Outcome::Unknown => Err(Error::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crypto::testing::Seeded;

    use super::*;
    use crate::{Enforcement, Mode, Quotas, Service, home};

    const OPERATION: KeyLastUsageTrackingOperation = KeyLastUsageTrackingOperation::Encrypt;

    fn fresh() -> Uses {
        Uses::tracking(Tracking { began: Time(5), kept: true })
    }

    fn use_it(uses: &Uses, row: &str, at: i64, event_id: &str) {
        uses.note(vec![Used { row: row.into(), operation: OPERATION }], Time(at), event_id, "r");
    }

    fn use_many(uses: &Uses, keys: usize, at: i64) {
        for key in 0..keys {
            use_it(uses, &key.to_string(), at, "e");
        }
    }

    #[test]
    fn every_operation_that_aws_tracks_is_one_of_ours() {
        let ours: Vec<_> = Op::ALL.into_iter().filter_map(tracked).collect();
        assert_eq!(ours.len(), KeyLastUsageTrackingOperation::ALL.len(), "{ours:?}");
        assert_eq!(tracked(Op::GetPublicKey), None);
    }

    #[test]
    fn beyond_its_bound_it_notes_no_key_and_counts_every_key_as_used() {
        let uses = fresh();
        use_many(&uses, SHARDS * CROWD / 2, 9);
        assert!(!uses.crowded.load(Ordering::Relaxed));
        assert_eq!(uses.began(), Time(5));
        use_many(&uses, SHARDS * KEYS_A_SHARD * 2, 10);
        assert_eq!(uses.all().len(), SHARDS * KEYS_A_SHARD, "no more than that");
        assert!(uses.crowded.load(Ordering::Relaxed));
        assert_eq!((uses.began(), uses.tracked_since().kept), (Time(10), false), "the store is to say so, too");
        use_it(&uses, "0", 12, "e");
        assert_eq!(uses.unwritten(b"0").map(|last| last.at), Some(Time(12)), "who is there has room");
        assert_eq!(uses.began(), Time(10));
    }

    #[test]
    fn what_was_written_is_forgotten_unless_the_key_was_used_since() {
        let uses = fresh();
        use_it(&uses, "one", 6, "first");
        use_it(&uses, "other", 6, "second");
        let written = uses.all();
        use_it(&uses, "one", 7, "third");
        uses.forget(&written);
        assert_eq!(uses.unwritten(b"one").map(|last| last.event_id), Some("third".to_owned()));
        assert_eq!(uses.unwritten(b"other"), None);
    }

    #[tokio::test]
    async fn a_crowd_is_written_before_it_is_time() {
        let random = Arc::new(Seeded::new(1));
        let opened = home::in_memory(&*random);
        let (rules, region) = ((Mode::Dev, Enforcement::Off), "us-east-1".to_owned());
        let service = Service::start(opened, rules.0, rules.1, Quotas::default(), region, random, Time(0)).await;
        let service = service.expect("it starts");
        let core = service.core();
        let written = async |seconds: u64| {
            write_in_time(core, Duration::from_secs(seconds)).await.expect("it is written");
            core.uses.all().is_empty()
        };
        use_many(&core.uses, 1, 1);
        assert!(written(1).await, "nothing was written for long");
        use_many(&core.uses, 1, 1);
        assert!(!written(2).await, "it is not time yet");
        use_many(&core.uses, SHARDS * KEYS_A_SHARD, 1);
        assert!(written(3).await, "so many do not wait");
        use_many(&core.uses, 1, 1);
        assert!(!written(4).await, "they are no crowd any more");
        assert!(!written(32).await);
        assert!(written(33).await);
    }
}
