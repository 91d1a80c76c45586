//! From a request's bytes to its answer: run, record, commit once, and run again if somebody else was first.
//! It knows no operation by name. This is the one place that commits a request's changes and writes its audit record.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};
use store::{Batch, Outcome};
use wire::{Fault, Request};

use crate::audit;
use crate::error::{Error, Invalid};
use crate::journey::{Call, Cx, Drawn, Parts, Write};
use crate::ops::{Operation, Sheet};
use crate::records::OutboxRecord;
use crate::rows::{self, RowKey};
use crate::service::Core;
use crate::turns::Held;

/// How often a request is run before it is told that it met too many others. With turns, the second run is the rule
/// even under load; this bounds what no queue sees.
const ATTEMPTS: u32 = 8;

type Answer = Result<Vec<u8>, Fault>;

/// One request to one operation.
pub(crate) async fn serve<O: Operation>(core: &Arc<Core>, call: &Call, body: &[u8]) -> Answer {
    let request = match O::Request::decode(body) {
        Ok(request) => request,
        Err(malformed) => return refuse(core, call, &O::SHEET, None, malformed.into()).await,
    };
    let parameters = O::parameters(&request);
    if request.has_recipient() {
        return refuse(core, call, &O::SHEET, Some(parameters), Error::Invalid(Invalid::Recipient)).await;
    }
    let drawn = Drawn::new(core);
    let mut doubtful: BTreeMap<u32, Answer> = BTreeMap::new();
    let mut turns = Held::default();
    for attempt in 0..ATTEMPTS {
        let cx = match Cx::begin(core, call, const { &O::SHEET }, &request, &drawn).await {
            Ok(cx) => cx,
            Err(error) if doubtful.is_empty() => return refuse(core, call, &O::SHEET, Some(parameters), error).await,
            Err(_) => break, // an earlier attempt may still land: only a commit could rule that out
        };
        let outcome = O::run(&cx, &request).await.and_then(|done| done.into_parts(&cx));
        if matches!(outcome, Err(Error::Busy)) {
            continue; // the snapshot went while it was read: a fresh one
        }
        let (answer, writes, event) = match outcome {
            Ok(Parts { answer, writes, event }) => (Ok(answer), writes, event),
            Err(error) => (Err(told(&error, O::SHEET.op, call)), Vec::new(), None),
        };
        let ended = match &answer {
            Ok(_) => audit::Outcome::Done { changed: cx.changed(), material: cx.material() },
            Err(fault) => audit::Outcome::Refused(fault),
        };
        let line = line(call, &O::SHEET, Some(&parameters), &drawn.event_id, cx.resources(), ended);
        if writes.is_empty() && doubtful.is_empty() {
            return match core.record(line).await {
                Ok(()) => answer,
                Err(error) => Err(told(&error, O::SHEET.op, call)),
            };
        }
        let rewritten = writes.iter().filter(|write| write.rewrites()).map(|write| write.name().as_slice());
        if core.turns.take(&mut turns, rewritten).await {
            continue; // somebody was before us: look again
        }
        let record = OutboxRecord { attempt, event_id: drawn.event_id.clone(), line };
        let mut records = vec![(drawn.sequence, record)];
        records.extend(event.map(|event| (drawn.event_sequence, event)));
        match core.commit(cx.expectations(), &writes, &records).await {
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
            Err(error) if doubtful.is_empty() => return refuse(core, call, &O::SHEET, Some(parameters), error).await,
            Err(_) => break,
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
                .unwrap_or_else(|| Err(told(&Error::internal("an attempt landed that never was"), O::SHEET.op, call)));
        }
    }
    let error = if doubtful.is_empty() { Error::Busy } else { Error::Unknown };
    refuse(core, call, &O::SHEET, Some(parameters), error).await
}

/// A request to an operation that is not there yet: its shape is checked, and it is refused and recorded.
pub(crate) async fn refuse_later<R: Request>(core: &Arc<Core>, call: &Call, body: &[u8]) -> Answer {
    let (parameters, error) = match R::decode(body) {
        Ok(request) if request.has_recipient() => (Some(request.recorded()), Error::Invalid(Invalid::Recipient)),
        Ok(request) => (Some(request.recorded()), Error::NotYet(R::OP)),
        Err(malformed) => (None, malformed.into()),
    };
    let sheet = Sheet::of(R::OP, &[]);
    refuse(core, call, &sheet, parameters, error).await
}

/// A refusal that never came to a snapshot, or ended there: recorded, then told.
async fn refuse(
    core: &Core,
    call: &Call,
    sheet: &Sheet,
    parameters: Option<Map<String, Value>>,
    error: Error,
) -> Answer {
    let fault = told(&error, sheet.op, call);
    let outcome = audit::Outcome::Refused(&fault);
    let line = line(call, sheet, parameters.as_ref(), &core.uuid(), Vec::new(), outcome);
    match core.record(line).await {
        Ok(()) => Err(fault),
        Err(error) => Err(told(&error, sheet.op, call)),
    }
}

/// What the client is told; what it is not told of our own failures goes to the log.
fn told(error: &Error, op: wire::Op, call: &Call) -> Fault {
    let fault = error.to_fault(op);
    if fault.status >= 500 {
        tracing::error!(request_id = call.origin.request_id, operation = op.name(), ?error, "a call failed");
    }
    fault
}

/// The audit record of one call.
fn line(
    call: &Call,
    sheet: &Sheet,
    parameters: Option<&Map<String, Value>>,
    event_id: &str,
    resources: Vec<(String, String)>,
    outcome: audit::Outcome<'_>,
) -> String {
    let entry = audit::Entry {
        op: sheet.op,
        read_only: sheet.read_only,
        event_id,
        caller: &call.caller,
        origin: &call.origin,
        now: call.now,
        parameters: parameters.filter(|parameters| !parameters.is_empty()),
        resources,
        outcome,
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
                    batch.puts.push((name.clone(), self.rows.seal_encoded(name, *version, encoded)?));
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
