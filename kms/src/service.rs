//! The service as its door sees it: who is asking, one call, what time makes due, whether it is well.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::{EpochKey, Random};
use store::Outcome;
use wire::{Fault, Op};

use crate::audit::trail::Trail;
use crate::audit::{self, Door, Mover};
use crate::backend::{Backend, Local};
use crate::caller::{self, AccessKey, Caller, SigningKeyCache};
use crate::error::Error;
use crate::home::{AccessKeyRecord, Opened, access_key_row};
use crate::ids::uuid;
use crate::journey::{Call, Overdue};
use crate::ops::entry_of;
use crate::quotas::Quotas;
use crate::records::{Mark, UptimeRecord};
use crate::rows::{self, Rows, uptime_row};
use crate::turns::Turns;
use crate::{Mode, Time};

/// Where a request came from, for its records.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The `x-amzn-RequestId` of the answer, a UUID.
    pub request_id: String,
    /// The peer's address, as its socket says.
    pub source_ip: String,
    /// What the client calls itself.
    pub user_agent: Option<String>,
}

/// Why a service does not start, in a sentence for whoever started it.
#[derive(Debug)]
pub struct NotStarted(Error);

impl std::fmt::Display for NotStarted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Error::Internal(why) => f.write_str(why),
            other => write!(f, "the records of an earlier run could not be brought to the audit trail: {other:?}"),
        }
    }
}

impl From<Error> for NotStarted {
    fn from(error: Error) -> Self {
        NotStarted(error)
    }
}

/// One key management service on one store.
pub struct Service {
    core: Arc<Core>,
    door: Door,
    signing_keys: SigningKeyCache,
    default_region: String,
    /// The uptime that was observed in this process and is not yet in the store.
    uptime: tokio::sync::Mutex<Uptime>,
    /// Keeps every other process out of the data directory.
    _lock: Option<crate::home::Lock>,
}

/// What every attempt at every request shares.
pub(crate) struct Core {
    pub rows: Arc<Rows>,
    pub backend: Arc<dyn Backend>,
    pub random: Arc<dyn Random>,
    pub trail: Arc<dyn Trail>,
    pub turns: Turns,
    pub mode: Mode,
    pub quotas: Quotas,
    pub epoch: u32,
    pub epoch_key: Arc<EpochKey>,
    mover: Mutex<Option<Mover>>,
    sequence: AtomicU64,
}

struct Uptime {
    /// What the store says.
    kept: u64,
    /// The door's own count when that was written.
    at: Duration,
    /// What the clock said at the last turn of this process that did all that was due.
    clock: Option<Time>,
}

/// The epoch of every key-encryption key, until epochs can be renewed.
const FIRST_EPOCH: u32 = 1;

/// How much uptime may be forgotten by a crash.
const UPTIME_STEP: Duration = Duration::from_secs(60);

impl Service {
    /// The service of an opened store. Records that an earlier process left in the audit outbox go to the trail first.
    ///
    /// Errors: [`NotStarted`] for a store or a trail that does not answer.
    pub async fn start(
        opened: Opened,
        mode: Mode,
        quotas: Quotas,
        default_region: String,
        random: Arc<dyn Random>,
        now: Time,
    ) -> Result<Arc<Service>, NotStarted> {
        let keys = opened.store_key.records(opened.store_id);
        let epoch_key = Arc::new(opened.store_key.epoch(FIRST_EPOCH));
        let backend = Arc::new(Local::new(FIRST_EPOCH, epoch_key.clone(), opened.store_key, random.clone()));
        let rows = Arc::new(Rows::new(opened.store, keys, opened.generation, random.clone()));
        audit::drain(&rows, &*opened.trail).await?;
        let kept = uptime(&rows).await?.map_or(0, |row| row.value.millis);
        let core = Core {
            mover: Mutex::new(Some(Mover::start(rows.clone(), opened.trail.clone()))),
            rows,
            backend,
            random,
            trail: opened.trail,
            turns: Turns::new(),
            mode,
            quotas,
            epoch: FIRST_EPOCH,
            epoch_key,
            // Sequences follow the clock from start to start, so that the outbox stays in order.
            sequence: AtomicU64::new((now.0.max(0) as u64) << 20),
        };
        Ok(Arc::new(Service {
            core: Arc::new(core),
            door: Door::new(),
            signing_keys: SigningKeyCache::new(),
            default_region,
            uptime: tokio::sync::Mutex::new(Uptime { kept, at: Duration::ZERO, clock: None }),
            _lock: opened.lock,
        }))
    }

    /// Who sent this request: in `serve` who signed it, in `dev` who it says it is.
    ///
    /// Errors: AWS's refusals of signatures; KMSInternalException if the access key cannot be read.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub async fn authenticate(&self, head: &wire::sigv4::Head<'_>, body: &[u8], wall: Time) -> Result<Caller, Fault> {
        match self.core.mode {
            Mode::Dev => Ok(caller::open(head, &self.default_region)),
            Mode::Serve => {
                let signed = wire::sigv4::parse(head)?;
                let key = self.access_key(signed.access_key_id).await.map_err(|error| {
                    tracing::error!(?error, "an access key cannot be read");
                    internal_failure()
                })?;
                caller::verify(head, body, key.as_ref(), &signed, wall, &self.signing_keys)
            }
        }
    }

    async fn access_key(&self, id: &str) -> Result<Option<AccessKey>, Error> {
        if id.contains('\0') || id.len() > MAX_ACCESS_KEY_ID {
            return Ok(None);
        }
        let at = self.core.rows.newest().await?;
        let row = self.core.rows.get::<AccessKeyRecord>(at, &access_key_row(id)).await?;
        let record = row.map(|row| row.value).filter(|record| record.active);
        Ok(record.map(|record| AccessKey {
            id: id.to_owned(),
            account: record.account.clone(),
            secret: record.secret.expose().to_vec().into(),
        }))
    }

    /// One call, whoever waits for it: it runs in a task of its own, so that a client that vanishes leaves the whole
    /// change with its record, or nothing.
    ///
    /// Errors: what the client is to read.
    pub async fn call(
        &self,
        op: Op,
        caller: Caller,
        origin: Origin,
        body: Vec<u8>,
        now: Time,
    ) -> Result<Vec<u8>, Fault> {
        let core = self.core.clone();
        let call = Call { caller, origin, now };
        let task = tokio::spawn(async move {
            let body = zeroize::Zeroizing::new(body);
            (entry_of(op).call)(&core, &call, &body).await
        });
        task.await.unwrap_or_else(|panic| {
            tracing::error!(operation = op.name(), %panic, "an operation panicked");
            Err(internal_failure())
        })
    }

    /// A request that was refused before anybody was believed to have sent it leaves a short record, at a bounded rate.
    pub async fn refused_at_door(&self, origin: &Origin, access_key_id: Option<&str>, fault: &Fault, now: Time) {
        let Some(unrecorded) = self.door.admits(now) else { return };
        let line = audit::door_record(&self.core.uuid(), origin, access_key_id, fault, now, unrecorded);
        if let Err(why) = self.core.record(line).await {
            tracing::error!(?why, "a failed authentication could not be recorded");
        }
    }

    /// Lets everything happen that is due at `now`. `observed` is how long this process has been up, by a clock that
    /// nobody turns.
    ///
    /// Errors: a store that does not answer; what is due stays due.
    pub async fn turn(&self, now: Time, observed: Duration) -> Result<(), Error> {
        let mut uptime = self.uptime.lock().await;
        let fresh = observed.saturating_sub(uptime.at);
        if fresh >= UPTIME_STEP {
            self.keep_uptime(&mut uptime, observed).await?;
        }
        // Only uptime that the store has counts: a crash may delay destruction, never hasten it.
        let set_back = uptime.clock.is_none_or(|clock| now < clock);
        let happened = Overdue { core: &self.core, now, uptime: uptime.kept, set_back }.happen().await;
        if happened.is_ok() {
            uptime.clock = Some(now);
        }
        happened.and(self.forget_destroyed().await)
    }

    /// Makes the store forget what was destroyed, if anything was since it last did: by this process, or by one that
    /// ended before it came to it.
    async fn forget_destroyed(&self) -> Result<(), Error> {
        let (rows, row) = (&self.core.rows, rows::forget_row());
        let newest = rows.newest().await?;
        let Some(asked) = rows.get::<Mark>(newest, &row).await? else { return Ok(()) };
        rows.store().forget(newest).await.map_err(rows::unreadable)?;
        let done = crate::journey::Write::Delete { name: row.clone() };
        match self.core.commit([(row, asked.revision)].into(), &[done], &[]).await? {
            // In a conflict more was destroyed meanwhile, and the next turn sees to it.
            Outcome::Committed { .. } | Outcome::Conflict { .. } => Ok(()),
            Outcome::Unknown => Err(Error::Unknown),
        }
    }

    async fn keep_uptime(&self, uptime: &mut Uptime, observed: Duration) -> Result<(), Error> {
        let row = uptime_row();
        let before = self::uptime(&self.core.rows).await?;
        let (version, revision) = before.map_or((0, 0), |row| (row.version, row.revision));
        let millis = uptime.kept + u64::try_from(observed.saturating_sub(uptime.at).as_millis()).unwrap_or(0);
        let write = crate::journey::Write::put(row.clone(), version + 1, &UptimeRecord { millis })?;
        match self.core.commit([(row, revision)].into(), &[write], &[]).await? {
            Outcome::Committed { .. } => {
                *uptime = Uptime { kept: millis, at: observed, ..*uptime };
                Ok(())
            }
            Outcome::Conflict { .. } => Err(Error::internal("somebody else writes this node's uptime")),
            Outcome::Unknown => Err(Error::Unknown),
        }
    }

    /// Whether it can be asked: false from a commit that ended in an I/O error until one that did not.
    pub fn ready(&self) -> bool {
        self.core.rows.well()
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Finishes what was begun: copied records leave the outbox, and the trail is on the disk.
    pub async fn close(&self) {
        let mover = self.core.mover.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mover) = mover {
            mover.finish().await;
        }
        if let Err(why) = self.core.trail.sync().await {
            tracing::error!(%why, "the audit trail may not be on the disk");
        }
    }
}

fn internal_failure() -> Fault {
    Fault::server("KMSInternalException", "An internal error occurred. The server's log has it under this request id.")
}

/// No access key id is longer, in bytes.
const MAX_ACCESS_KEY_ID: usize = 128;

async fn uptime(rows: &Rows) -> Result<Option<rows::Row<UptimeRecord>>, Error> {
    let at = rows.newest().await?;
    rows.get(at, &uptime_row()).await
}

impl Core {
    /// A place in the audit outbox that no other request of this process gets.
    pub fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    pub fn uuid(&self) -> String {
        uuid(&*self.random)
    }

    pub fn mover_copied(&self, sequence: u64, certain: bool) {
        if let Some(mover) = &*self.mover.lock().unwrap_or_else(PoisonError::into_inner) {
            mover.copied(sequence, certain);
        }
    }
}
