//! The mover takes records from the outbox to the trail. Copying is part of the call, before its answer; deleting is
//! the mover's own task, in batches, and only once no attempt of that request can still land.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use store::{Batch, Outcome};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::error::Error;
use crate::records::{HeadRecord, OutboxRecord};
use crate::rows::{self, RowKey, Rows, head_row, outbox_row};

use super::trail::Trail;

/// Rows deleted in one commit, well below the store's limit of 128 writes.
const ROWS_A_COMMIT: usize = 100;

/// How long rows wait for company before they are deleted.
const COMPANY: Duration = Duration::from_millis(200);

/// How long a row stays whose commit nobody could tell the end of: a straggling attempt must still find it.
const STRAGGLERS: Duration = Duration::from_secs(600);

/// A row whose record is in the trail.
struct Copied {
    sequence: u64,
    not_before: Option<Instant>,
}

/// The task that deletes what was copied.
pub(crate) struct Mover {
    copied: mpsc::UnboundedSender<Copied>,
    task: JoinHandle<()>,
}

impl Mover {
    pub fn start(rows: Arc<Rows>, trail: Arc<dyn Trail>) -> Mover {
        let (copied, inbox) = mpsc::unbounded_channel();
        Mover { copied, task: tokio::spawn(sweep(rows, trail, inbox)) }
    }

    /// Tells that the record of this row is in the trail. `certain`: no other attempt of its request can still land.
    pub fn copied(&self, sequence: u64, certain: bool) {
        let not_before = (!certain).then(|| Instant::now() + STRAGGLERS);
        // Without a task the row stays, and the next start finds it in the trail.
        let _ = self.copied.send(Copied { sequence, not_before });
    }

    /// Deletes what may be deleted, and ends.
    pub async fn finish(self) {
        drop(self.copied);
        if self.task.await.is_err() {
            tracing::error!("the audit mover panicked; the next start finishes its work");
        }
    }
}

async fn sweep(rows: Arc<Rows>, trail: Arc<dyn Trail>, mut inbox: mpsc::UnboundedReceiver<Copied>) {
    let mut waiting = VecDeque::new();
    while let Some(first) = inbox.recv().await {
        let mut group = Vec::new();
        sort(first, &mut group, &mut waiting);
        let company = tokio::time::sleep(COMPANY);
        tokio::pin!(company);
        while group.len() < ROWS_A_COMMIT {
            tokio::select! {
                next = inbox.recv() => match next {
                    Some(next) => sort(next, &mut group, &mut waiting),
                    None => break,
                },
                () = &mut company => break,
            }
        }
        let now = Instant::now();
        while waiting.front().is_some_and(|(_, not_before)| *not_before <= now) {
            group.extend(waiting.pop_front().map(|(sequence, _)| sequence));
        }
        for group in group.chunks(ROWS_A_COMMIT) {
            if let Err(why) = delete_kept(&rows, &*trail, group).await {
                tracing::warn!(?why, "audit records stay in the outbox until the next start; they are in the trail");
            }
        }
    }
}

fn sort(copied: Copied, group: &mut Vec<u64>, waiting: &mut VecDeque<(u64, Instant)>) {
    match copied.not_before {
        None => group.push(copied.sequence),
        Some(not_before) => waiting.push_back((copied.sequence, not_before)),
    }
}

/// Deletes these rows once their lines are on the disk: a deletion is durable, and must not outlive its copy.
async fn delete_kept(rows: &Rows, trail: &dyn Trail, sequences: &[u64]) -> Result<(), Error> {
    trail.sync().await.map_err(|why| Error::internal(why.to_string()))?;
    delete(rows, sequences).await
}

/// Deletes these rows and moves the head on, in one commit.
async fn delete(rows: &Rows, sequences: &[u64]) -> Result<(), Error> {
    let store = rows.store();
    let at = rows.newest().await?;
    let mut batch = Batch::default();
    for sequence in sequences {
        let name = outbox_row(*sequence);
        if let Some(entry) = store.get(at, &name).await.map_err(rows::unreadable)? {
            batch.expect.push((name.clone(), entry.revision));
            batch.deletes.push(name);
        }
    }
    let head: Option<rows::Row<HeadRecord>> = rows.get(at, &head_row()).await?;
    let (version, revision) = head.as_ref().map_or((0, 0), |row| (row.version, row.revision));
    let before = head.map(|row| row.value).unwrap_or_default();
    let moved = sequences.iter().copied().max().unwrap_or(0).max(before.moved);
    let after = HeadRecord { moved, sum: before.sum.clone() };
    batch.expect.push((head_row(), revision));
    batch.puts.push((head_row(), rows.seal(&head_row(), version + 1, &after)?));
    match rows.commit(batch).await? {
        Outcome::Committed { .. } => Ok(()),
        Outcome::Conflict { .. } => Err(Error::Busy),
        Outcome::Unknown => Err(Error::Unknown),
    }
}

/// At the start: what an earlier process left in the outbox goes to the trail, if it is not there already. No attempt
/// of that process can still land.
///
/// Errors: an unreadable record, or a trail that takes nothing; the service must not start without its records.
pub(crate) async fn drain(rows: &Rows, trail: &dyn Trail) -> Result<(), Error> {
    let recent = trail.recent_event_ids();
    let outbox = rows::prefix(&["o", rows::NODE]);
    loop {
        let at = rows.newest().await?;
        let page = rows.store().scan(at, &outbox, None, ROWS_A_COMMIT).await.map_err(rows::unreadable)?;
        let mut sequences = Vec::new();
        for entry in &page.entries {
            let record = rows.open::<OutboxRecord>(&entry.key, &entry.value, entry.revision)?.value;
            if !recent.contains(&record.event_id) {
                append(trail, record.line.clone()).await?;
            }
            sequences.push(sequence_of(&entry.key)?);
        }
        if sequences.is_empty() {
            return Ok(());
        }
        delete_kept(rows, trail, &sequences).await?;
    }
}

/// One line to the trail.
pub(crate) async fn append(trail: &dyn Trail, line: String) -> Result<(), Error> {
    trail
        .append(line.into_bytes())
        .await
        .map_err(|why| Error::internal(format!("the audit trail takes nothing: {why}")))
}

fn sequence_of(name: &RowKey) -> Result<u64, Error> {
    let last = rows::parts(name).and_then(|parts| parts.last().and_then(|text| u64::from_str_radix(text, 16).ok()));
    last.ok_or_else(|| Error::internal("a row of the outbox has no sequence"))
}
