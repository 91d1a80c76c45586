//! What if the disk takes its time? This engine holds commits back until the test lets them through.
//! A held commit is neither durable nor visible nor answered, like one that waits for its fsync.

use std::sync::Arc;

use tokio::sync::{oneshot, watch};

use super::Around;
use crate::{Batch, Fut, Outcome, Refused, Store};

/// An engine that can be held.
pub struct Held {
    inner: Arc<dyn Store>,
    gate: Arc<watch::Sender<Gate>>,
}

#[derive(Clone, Copy)]
struct Gate {
    closed: bool,
    waiting: usize,
}

impl Held {
    /// Lets everything through, until [`Held::hold`].
    pub fn new(inner: Arc<dyn Store>) -> Arc<Held> {
        Arc::new(Held { inner, gate: Arc::new(watch::Sender::new(Gate { closed: false, waiting: 0 })) })
    }

    /// From now on commits wait.
    pub fn hold(&self) {
        self.gate.send_modify(|gate| gate.closed = true);
    }

    /// Lets through what waits, and what comes.
    pub fn release(&self) {
        self.gate.send_modify(|gate| gate.closed = false);
    }

    /// Returns when at least `count` commits are held.
    pub async fn waiting(&self, count: usize) {
        let held = |gate: &Gate| gate.waiting >= count;
        // The sender is ours, so the wait cannot end otherwise.
        let _ = self.gate.subscribe().wait_for(held).await;
    }
}

impl Around for Held {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn take_commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        let (inner, gate, (reply, answer)) = (self.inner.clone(), self.gate.clone(), oneshot::channel());
        // In a task of its own: a caller who gives up while it is held takes only the answer along.
        tokio::spawn(async move {
            gate.send_modify(|gate| gate.waiting += 1);
            let _ = gate.subscribe().wait_for(|gate| !gate.closed).await;
            gate.send_modify(|gate| gate.waiting -= 1);
            let _ = reply.send(inner.commit(batch).await);
        });
        Box::pin(async move { answer.await.unwrap_or(Ok(Outcome::Unknown)) })
    }
}
