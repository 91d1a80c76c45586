//! From a request's bytes to its answer: run, record, commit once, and run again if somebody else was first.
//! It knows no operation and no verb by name. This is the one place that commits a request's changes and writes its
//! audit record.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use store::{Batch, Outcome};
use wire::{Fault, Op, Request};

use crate::audit::{self, Event};
use crate::error::{Error, Invalid};
use crate::journey::{Beside, Call, Cx, Drawn, Echo, Parts, Write};
use crate::ops::{Operation, Sheet};
use crate::records::OutboxRecord;
use crate::rows::{self, RowKey};
use crate::service::Core;
use crate::turns::Held;

/// How often a request is run before it is told that it met too many others. With turns, the second run is the rule
/// even under load; this bounds what no queue sees.
const ATTEMPTS: u32 = 8;

pub(crate) type Answer = Result<Vec<u8>, Fault>;

/// A request that was understood: what it is called, and how it is run once.
pub(crate) trait Errand: Sync {
    /// What its record calls it.
    fn event(&self) -> Event;

    /// What its record may tell of the request.
    fn parameters(&self) -> Option<&Map<String, Value>>;

    /// What the client reads of a failure.
    fn fault(&self, error: &Error) -> Fault;

    /// Runs it on a fresh snapshot. It commits nothing.
    ///
    /// Errors: `Busy` where another attempt may fare better; anything else for an attempt that came to nothing that a
    /// record could tell of.
    fn attempt(
        &self,
        core: &Arc<Core>,
        call: &Call,
        drawn: &Drawn,
    ) -> impl Future<Output = Result<Attempt, Error>> + Send;
}

/// How one attempt went.
pub(crate) struct Attempt {
    /// The answer and what makes it true, or what the client is to read.
    pub outcome: Result<Parts, Fault>,
    /// What it came to know, for its record.
    pub seen: audit::Seen,
    /// Every row that was read, with its revision: what a commit must find unchanged.
    pub read: BTreeMap<RowKey, store::Revision>,
}

/// One request to one operation.
pub(crate) async fn serve<O: Operation>(core: &Arc<Core>, call: &Call, body: &[u8]) -> Answer {
    let (event, fault) = (Event::of(&O::SHEET), |error: &Error| error.to_fault(O::SHEET.op));
    let request = match O::Request::decode(body) {
        Ok(request) => request,
        Err(malformed) => return refuse(core, call, &event, None, fault(&malformed.into()), &fault).await,
    };
    let parameters = O::parameters(&request);
    if core.meter.counts()
        && let Err(throttled) = core.meter.count(&call.caller, &O::charges(&request), call.now)
    {
        return refuse(core, call, &event, Some(&parameters), fault(&throttled), &fault).await;
    }
    if request.has_recipient() {
        let refusal = fault(&Error::Invalid(Invalid::Recipient));
        return refuse(core, call, &event, Some(&parameters), refusal, &fault).await;
    }
    run(core, call, &OnKeys::<O> { request, parameters }).await
}

/// An operation on keys, as an errand.
struct OnKeys<O: Operation> {
    request: O::Request,
    parameters: Map<String, Value>,
}

impl<O: Operation> Errand for OnKeys<O> {
    fn event(&self) -> Event {
        Event::of(&O::SHEET)
    }

    fn parameters(&self) -> Option<&Map<String, Value>> {
        Some(&self.parameters)
    }

    fn fault(&self, error: &Error) -> Fault {
        error.to_fault(O::SHEET.op)
    }

    async fn attempt(&self, core: &Arc<Core>, call: &Call, drawn: &Drawn) -> Result<Attempt, Error> {
        let cx = Cx::begin(core, call, const { &O::SHEET }, &self.request, drawn).await?;
        let outcome = match O::run(&cx, &self.request).await.and_then(|done| done.into_parts(&cx)) {
            Err(Error::Busy) => return Err(Error::Busy),
            outcome => outcome.map_err(|error| logged(self.fault(&error), &error, &self.event(), call)),
        };
        let seen = audit::Seen { resources: cx.resources(), response: response(&cx), additional: additional(&cx) };
        Ok(Attempt { outcome, seen, read: cx.into_expectations() })
    }
}

/// What a record tells of an operation's answer: the key that was changed, the material that came or went, and the grant
/// that was asked for, be it new or there already.
fn response(cx: &Cx) -> Option<Value> {
    let granted = cx.grant().filter(|_| cx.sheet().op == Op::CreateGrant);
    let key = cx.changed().or_else(|| granted.as_ref().map(|grant| grant.key.clone()))?;
    let mut response = Map::from_iter([("keyId".to_owned(), Value::from(key))]);
    response.extend(cx.material().map(|material| ("keyMaterialId".to_owned(), material.into())));
    response.extend(granted.map(|grant| ("grantId".to_owned(), grant.id.into())));
    Some(Value::Object(response))
}

/// What a record tells beside request and answer: which grant was retired, as the request may name it by a token alone.
fn additional(cx: &Cx) -> Option<Value> {
    let retired = cx.grant().filter(|_| cx.sheet().op == Op::RetireGrant)?;
    Some(serde_json::json!({ "grantId": retired.id }))
}

/// Runs an errand until one attempt has ended for good.
pub(crate) async fn run<E: Errand>(core: &Arc<Core>, call: &Call, errand: &E) -> Answer {
    let event = errand.event();
    let told = |error: &Error| logged(errand.fault(error), error, &event, call);
    let drawn = Drawn::new(core);
    let mut doubtful: BTreeMap<u32, Answer> = BTreeMap::new();
    let mut turns = Held::default();
    let mut failed = Error::Busy;
    for attempt in 0..ATTEMPTS {
        let Attempt { outcome, seen, read } = match errand.attempt(core, call, &drawn).await {
            Ok(attempt) => attempt,
            Err(Error::Busy) => continue, // the snapshot went while it was read: a fresh one
            Err(error) => {
                failed = error;
                break;
            }
        };
        let (answer, writes, beside, used) = match outcome {
            Ok(Parts { answer, writes, beside, used }) => (Ok(answer), writes, beside, used),
            Err(fault) => (Err(fault), Vec::new(), None, Vec::new()),
        };
        let line = line(call, &event, errand.parameters(), &drawn.event_id, seen, answer.as_ref().err());
        if writes.is_empty() && doubtful.is_empty() {
            return match core.record(line).await {
                Ok(()) => {
                    core.uses.note(used, call.now, &drawn.event_id, &call.origin.request_id);
                    answer
                }
                Err(error) => Err(told(&error)),
            };
        }
        let rewritten = writes.iter().filter(|write| write.rewrites()).map(|write| write.name().as_slice());
        if core.turns.take(&mut turns, rewritten).await {
            continue; // somebody was before us: look again
        }
        let record = OutboxRecord { attempt, event_id: drawn.event_id.clone(), line };
        let mut records = vec![(drawn.sequence, record)];
        records.extend(beside.map(|beside| (drawn.event_sequence, record_beside(core, call, beside))));
        match core.commit(read, &writes, &records).await {
            Ok(Outcome::Committed { .. }) => {
                for (sequence, record) in records {
                    core.move_record(sequence, record.line, doubtful.is_empty()).await;
                }
                return answer;
            }
            Ok(Outcome::Conflict { .. }) => {}
            Ok(Outcome::Unknown) => {
                doubtful.insert(attempt, answer);
            }
            Err(error) => {
                failed = error;
                break;
            }
        }
        if !doubtful.is_empty()
            && let Some(landed) = core.landed(drawn.sequence).await
        {
            core.move_record(drawn.sequence, landed.line.clone(), false).await;
            if let Some(event) = core.landed(drawn.event_sequence).await {
                core.move_record(drawn.event_sequence, event.line.clone(), false).await;
            }
            return doubtful
                .remove(&landed.attempt)
                .unwrap_or_else(|| Err(told(&Error::internal("an attempt landed that never was"))));
        }
    }
    // While an earlier attempt may still land, nothing else is known: only a commit could rule that out.
    let error = if doubtful.is_empty() { failed } else { Error::Unknown };
    refuse(core, call, &event, errand.parameters(), told(&error), &|error| errand.fault(error)).await
}

/// A request to an operation that is not there yet: its shape is checked, and it is refused and recorded.
pub(crate) async fn refuse_later<R: Request>(core: &Arc<Core>, call: &Call, body: &[u8]) -> Answer {
    let (parameters, error) = match R::decode(body) {
        Ok(request) if request.has_recipient() => (Some(request.recorded()), Error::Invalid(Invalid::Recipient)),
        Ok(request) => (Some(request.recorded()), Error::NotYet(R::OP)),
        Err(malformed) => (None, malformed.into()),
    };
    let (event, fault) = (Event::of(&Sheet::of(R::OP)), |error: &Error| error.to_fault(R::OP));
    refuse(core, call, &event, parameters.as_ref(), fault(&error), &fault).await
}

/// A refusal that never came to a snapshot, or ended there: recorded, then told. `fault` words a failure to record it.
pub(crate) async fn refuse(
    core: &Core,
    call: &Call,
    event: &Event,
    parameters: Option<&Map<String, Value>>,
    refusal: Fault,
    fault: &(dyn Fn(&Error) -> Fault + Sync),
) -> Answer {
    let line = line(call, event, parameters, &core.uuid(), audit::Seen::default(), Some(&refusal));
    match core.record(line).await {
        Ok(()) => Err(refusal),
        Err(error) => Err(logged(fault(&error), &error, event, call)),
    }
}

/// What the client is not told of our own failures goes to the log.
pub(crate) fn logged(fault: Fault, error: &Error, event: &Event, call: &Call) -> Fault {
    if fault.status >= 500 {
        tracing::error!(request_id = call.origin.request_id, operation = event.name, ?error, "a call failed");
    }
    fault
}

/// What a call leaves in the trail beside its record.
fn record_beside(core: &Core, call: &Call, beside: Beside) -> OutboxRecord {
    match beside {
        Beside::Event(record) => record,
        Beside::Echo(Echo { op, region, parameters, resource }) => {
            let response = serde_json::json!({ "keyId": resource.1 });
            let entry = audit::Entry {
                event: &Event::of(&Sheet::of(op)),
                event_id: &core.uuid(),
                caller: &call.caller,
                origin: &call.origin,
                now: call.now,
                region: &region,
                parameters: Some(&parameters),
                seen: audit::Seen { resources: vec![resource], response: Some(response), additional: None },
                refused: None,
            };
            OutboxRecord { attempt: 0, event_id: entry.event_id.to_owned(), line: entry.line() }
        }
    }
}

/// The audit record of one call.
fn line(
    call: &Call,
    event: &Event,
    parameters: Option<&Map<String, Value>>,
    event_id: &str,
    seen: audit::Seen,
    refused: Option<&Fault>,
) -> String {
    let entry = audit::Entry {
        event,
        event_id,
        caller: &call.caller,
        origin: &call.origin,
        now: call.now,
        region: call.caller.region(),
        parameters: parameters.filter(|parameters| !parameters.is_empty()),
        seen,
        refused,
    };
    entry.line()
}

impl Core {
    /// Commits these writes, expecting what was read, and with them the records, whose rows must be absent: the fence
    /// against a commit that comes late.
    ///
    /// Errors: what certainly did not happen.
    pub(crate) async fn commit(
        &self,
        expectations: BTreeMap<RowKey, store::Revision>,
        writes: &[Write],
        records: &[(u64, OutboxRecord)],
    ) -> Result<Outcome, Error> {
        let mut batch = Batch { expect: expectations.into_iter().collect(), ..Batch::default() };
        for write in writes {
            match write {
                Write::Put { name, version, encoded } => {
                    batch.puts.push((name.clone(), self.rows.seal_encoded(name, *version, encoded.expose())?));
                }
                Write::Delete { name } => batch.deletes.push(name.clone()),
            }
        }
        for (sequence, record) in records {
            let name = rows::outbox_row(*sequence);
            batch.expect.push((name.clone(), 0));
            batch.puts.push((name.clone(), self.rows.seal(&name, 1, record)?));
        }
        self.rows.commit(batch).await
    }

    /// After a commit whose end nobody could tell: the outbox says which attempt landed, if one did. Its absence proves
    /// nothing; the next attempt's own commit does, for of all attempts at most one lands.
    pub(crate) async fn landed(&self, sequence: u64) -> Option<Arc<OutboxRecord>> {
        let at = self.rows.newest().await.ok()?;
        self.rows.get::<OutboxRecord>(at, &rows::outbox_row(sequence)).await.ok()?.map(|row| row.value)
    }

    /// The record of a call that changed nothing.
    pub(crate) async fn record(&self, line: String) -> Result<(), Error> {
        audit::append(&*self.trail, line).await
    }

    /// The record of a change is durable in the outbox; here it goes to the trail. If the trail fails, the change has
    /// happened all the same and the record is kept: the next start moves it.
    pub(crate) async fn move_record(&self, sequence: u64, line: String, certain: bool) {
        match self.record(line).await {
            Ok(()) => self.mover_copied(sequence, certain),
            Err(why) => tracing::error!(?why, "a record stays in the audit outbox until the next start"),
        }
    }
}

#[cfg(test)]
mod tests;
