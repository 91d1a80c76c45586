//! The service as its door sees it: who is asking, one call, what time makes due, whether it is well.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crypto::{EpochKey, Random, SecretBytes};
use iam::record::User;
use iam::verb::Verb;
use store::Outcome;
use wire::fault_names::{INVALID_SIGNATURE_EXCEPTION, UNKNOWN_OPERATION_EXCEPTION};
use wire::{Fault, Op, query};
use zeroize::Zeroizing;

use crate::audit::trail::Trail;
use crate::audit::{self, Door, Mover};
use crate::backend::{Backend, Local};
use crate::caller::{self, Caller, Scope, SigningKeyCache};
use crate::error::Error;
use crate::grants::{GrantKeys, Lists};
use crate::home::Opened;
use crate::identities::{self, Asking, Credentials, Held, operator};
use crate::ids::uuid;
use crate::journey::{Call, Overdue};
use crate::ops::entry_of;
use crate::pipeline;
use crate::place::partition;
use crate::planned::{Planned, Plans};
use crate::quotas::{Meter, Quotas};
use crate::records::{Mark, UptimeRecord};
use crate::rows::{self, Rows, uptime_row};
use crate::turns::Turns;
use crate::usage::{self, Uses};
use crate::{Enforcement, Mode, Time};

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
    /// What was planned about answers; in `dev` alone.
    plans: Option<Plans>,
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
    pub enforcement: Enforcement,
    /// The partition that the ARNs of identities are of, for whoever manages them.
    pub partition: &'static str,
    pub quotas: Quotas,
    pub meter: Meter,
    pub epoch: u32,
    pub epoch_key: Arc<EpochKey>,
    pub credentials: Credentials,
    pub grant_keys: GrantKeys,
    pub grant_lists: Lists,
    pub uses: Uses,
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
        enforcement: Enforcement,
        quotas: Quotas,
        default_region: String,
        random: Arc<dyn Random>,
        now: Time,
    ) -> Result<Arc<Service>, NotStarted> {
        let keys = opened.store_key.records(opened.store_id);
        let epoch_key = Arc::new(opened.store_key.epoch(FIRST_EPOCH));
        let grant_keys = GrantKeys::of(&opened.store_key);
        let credentials = Credentials::new(opened.store_key.sessions());
        let backend = Arc::new(Local::new(FIRST_EPOCH, epoch_key.clone(), opened.store_key, random.clone()));
        let rows = Arc::new(Rows::new(opened.store, keys, opened.generation, random.clone()));
        audit::drain(&rows, &*opened.trail).await?;
        let kept = uptime(&rows).await?.map_or(0, |row| row.value.millis);
        let uses = Uses::of(&rows, now).await?;
        let core = Core {
            mover: Mutex::new(Some(Mover::start(rows.clone(), opened.trail.clone()))),
            rows,
            backend,
            random,
            trail: opened.trail,
            turns: Turns::new(),
            mode,
            enforcement,
            partition: partition(&default_region),
            quotas,
            meter: Meter::new(quotas.requests),
            epoch: FIRST_EPOCH,
            epoch_key,
            grant_keys,
            grant_lists: Lists::new(),
            uses,
            credentials,
            // Sequences follow the clock from start to start, so that the outbox stays in order.
            sequence: AtomicU64::new((now.0.max(0) as u64) << 20),
        };
        if let Err(why) = usage::keep_tracking(&core).await {
            tracing::warn!(?why, "the store does not say yet since when the use of keys is noted; that is tried again");
        }
        Ok(Arc::new(Service {
            core: Arc::new(core),
            door: Door::new(),
            signing_keys: SigningKeyCache::new(),
            plans: mode.plans(),
            default_region,
            uptime: tokio::sync::Mutex::new(Uptime { kept, at: Duration::ZERO, clock: None }),
            _lock: opened.lock,
        }))
    }

    /// Who sent this request: who signed it, or, where nothing is enforced, who it says it is. `scope` is the service
    /// that the credential has to be scoped to, by the kind of the request.
    ///
    /// Errors: AWS's refusals of signatures; KMSInternalException if the access key cannot be read.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub async fn authenticate(
        &self,
        head: &wire::sigv4::Head<'_>,
        body: &[u8],
        scope: Scope,
        wall: Time,
    ) -> Result<Caller, Fault> {
        match self.core.enforcement {
            Enforcement::Off => Ok(caller::open(head, &self.default_region)),
            Enforcement::Log => Ok(self.verified(head, body, scope, wall).await.unwrap_or_else(|fault| {
                // What the fault of a malformed header repeats may be anybody's secret.
                let why = fault.message.as_deref().filter(|_| fault.name == INVALID_SIGNATURE_EXCEPTION);
                tracing::warn!(error = fault.name, why, "the signature of a call would have been refused");
                caller::open(head, &self.default_region)
            })),
            Enforcement::On => self.verified(head, body, scope, wall).await,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    async fn verified(
        &self,
        head: &wire::sigv4::Head<'_>,
        body: &[u8],
        scope: Scope,
        wall: Time,
    ) -> Result<Caller, Fault> {
        let unreadable = |error: Error| {
            tracing::error!(?error, "the record of a credential cannot be read");
            internal_failure()
        };
        let signed = wire::sigv4::parse(head)?;
        let key = self.core.credentials.find(&self.core, &signed).await.map_err(unreadable)?;
        let believed = caller::verify(head, body, key.as_ref(), &signed, scope, wall, &self.signing_keys)?;
        let user = match believed.user_row() {
            Some(row) => self.core.record_of::<User>(&row).await.map_err(unreadable)?,
            None => None,
        };
        believed.caller(user.as_deref())
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
        let call = Call { caller: Arc::new(caller), origin, now };
        self.apart(op.name(), move |core| async move {
            let body = Zeroizing::new(body);
            (entry_of(op).call)(&core, &call, &body).await
        })
        .await
    }

    /// What can be planned about answers; in `dev` alone.
    pub fn plans(&self) -> Option<&Plans> {
        self.plans.as_ref()
    }

    /// The same for a call that meets a plan: with the error that was planned, told and recorded in place of whatever
    /// the call would have come to, or else as if nothing had been planned. Late or lost is the door's to make it.
    ///
    /// Errors: what the client is to read.
    pub async fn call_as_planned(
        &self,
        planned: &Planned,
        op: Op,
        caller: Caller,
        origin: Origin,
        body: Vec<u8>,
        now: Time,
    ) -> Result<Vec<u8>, Fault> {
        let Some(fault) = planned.fault(op, &caller) else { return self.call(op, caller, origin, body, now).await };
        let call = Call { caller: Arc::new(caller), origin, now };
        let body = Zeroizing::new(body);
        let (entry, fails) = (entry_of(op), |error: &Error| error.to_fault(op));
        pipeline::refuse(&self.core, &call, &entry.event(), (entry.recorded)(&body).as_ref(), fault, &fails).await
    }

    /// One request to a verb of identities, by its name, in the same way.
    ///
    /// Errors: what the client is to read: UnknownOperationException, or IAM's own names.
    pub async fn administer(
        &self,
        verb: &str,
        caller: Caller,
        origin: Origin,
        body: Vec<u8>,
        now: Time,
    ) -> Result<Vec<u8>, Fault> {
        let verb = Asking::parse(verb).ok_or_else(|| Fault::silent(UNKNOWN_OPERATION_EXCEPTION))?;
        let call = Call { caller: Arc::new(caller), origin, now };
        self.apart(verb.name(), move |core| async move {
            let body = Zeroizing::new(body);
            identities::administer(&core, &call, verb, &body).await
        })
        .await
    }

    /// One call of STS, in the same way: the answer is its XML. `wall` is the wall clock, which rules sessions.
    ///
    /// Errors: what the client is to read, before `wire::query::fault`.
    pub async fn sts(
        &self,
        asked: query::Call,
        caller: Caller,
        origin: Origin,
        now: Time,
        wall: Time,
    ) -> Result<Vec<u8>, Fault> {
        let call = Call { caller: Arc::new(caller), origin, now };
        self.apart(asked.action(), move |core| async move { identities::speak(&core, &call, &asked, wall).await }).await
    }

    /// The refusal of a call of STS whose parameters are none, by somebody who was believed: it leaves a record as every
    /// call does.
    pub async fn refused_sts(
        &self,
        action: &'static str,
        caller: Caller,
        origin: Origin,
        refusal: Fault,
        now: Time,
    ) -> Fault {
        let call = Call { caller: Arc::new(caller), origin, now };
        identities::refuse(&self.core, &call, action, refusal).await
    }

    /// One verb by the program itself, as the root of `account`, for whoever started it: no policy is asked.
    ///
    /// Errors: as [`Service::administer`].
    pub async fn at_start(&self, account: &str, verb: Verb, body: &[u8], now: Time) -> Result<Vec<u8>, Fault> {
        let call = operator::call(&self.core, account, &self.default_region, now);
        identities::administer(&self.core, &call, Asking::Verb(verb), body).await
    }

    /// Makes `account` in a store that has no account of that name. If it is the first, others are then managed from it.
    ///
    /// Errors: a store that takes nothing.
    pub async fn first_account(&self, account: &str, now: Time) -> Result<(), Fault> {
        let call = operator::call(&self.core, account, &self.default_region, now);
        pipeline::run(&self.core, &call, &operator::FirstAccount).await.map(drop)
    }

    /// A new access key for the root of `account`, which is made as by [`Service::first_account`]. Where the root has two
    /// keys already, the older one is deleted.
    ///
    /// Errors: a store that takes nothing.
    pub async fn issue_root(&self, account: &str, now: Time) -> Result<(String, SecretBytes), Fault> {
        self.first_account(account, now).await?;
        let call = operator::call(&self.core, account, &self.default_region, now);
        operator::new_root_key(&self.core, &call, "IssueRootAccessKey").await
    }

    /// A new access key for the root of an account that is there.
    pub(crate) async fn recover_root(&self, account: &str, now: Time) -> Result<(String, SecretBytes), Fault> {
        let call = operator::call(&self.core, account, &self.default_region, now);
        operator::new_root_key(&self.core, &call, "RecoverRootAccessKey").await
    }

    /// The default policy in place of a key's own.
    pub(crate) async fn recover_policy(&self, key_arn: &str, now: Time) -> Result<(), Fault> {
        operator::default_policy(&self.core, key_arn, now).await.map(drop)
    }

    /// Runs in a task of its own, which nobody who waits can end.
    async fn apart<F>(&self, name: &'static str, run: impl FnOnce(Arc<Core>) -> F) -> Result<Vec<u8>, Fault>
    where
        F: Future<Output = Result<Vec<u8>, Fault>> + Send + 'static,
    {
        tokio::spawn(run(self.core.clone())).await.unwrap_or_else(|panic| {
            tracing::error!(operation = name, %panic, "an operation panicked");
            Err(internal_failure())
        })
    }

    /// A request that was refused before anybody was believed to have sent it leaves a short record, at a bounded rate.
    pub async fn refused_at_door(
        &self,
        origin: &Origin,
        scope: Scope,
        access_key_id: Option<&str>,
        fault: &Fault,
        now: Time,
    ) {
        let Some(unrecorded) = self.door.admits(now) else { return };
        let line = audit::door_record(&self.core.uuid(), origin, scope, access_key_id, fault, now, unrecorded);
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
        let written = usage::write_in_time(&self.core, observed).await;
        happened.and(self.forget_destroyed().await).and(written)
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
        if let Err(why) = usage::write_now(&self.core).await {
            tracing::error!(?why, "the last uses of keys may not be in the store");
        }
        if let Err(why) = self.core.trail.sync().await {
            tracing::error!(%why, "the audit trail may not be on the disk");
        }
    }
}

fn internal_failure() -> Fault {
    Fault::server("KMSInternalException", "An internal error occurred. The server's log has it under this request id.")
}

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

    /// A record of `iam`'s as it is now.
    pub async fn record_of<T: iam::Stored>(&self, row: &[u8]) -> Result<Option<Arc<T>>, Error> {
        let at = self.rows.newest().await?;
        Ok(self.rows.get::<Held<T>>(at, row).await?.map(|row| row.value.0.clone()))
    }

    pub fn mover_copied(&self, sequence: u64, certain: bool) {
        if let Some(mover) = &*self.mover.lock().unwrap_or_else(PoisonError::into_inner) {
            mover.copied(sequence, certain);
        }
    }
}
