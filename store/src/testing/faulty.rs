//! What if a commit's answer is lost? This engine gives chosen commits a fate: answered, unknown, late or refused.
//! Reads and watches pass; only what the test asked for goes wrong.

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Around;
use crate::{Batch, Fut, Outcome, Refused, Store};

/// What happens to a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is committed and answered as usual.
    Answered,
    /// It is committed, and the answer is `Unknown`.
    Landed,
    /// It is not committed, and the answer is `Unknown`.
    Lost,
    /// The answer is `Unknown`; it is committed when the test calls [`Faulty::land`].
    Late,
    /// It is not committed, and this is the answer.
    Refused(Refused),
}

/// An engine whose commits go wrong as told.
pub struct Faulty {
    inner: Arc<dyn Store>,
    plan: Mutex<Vec<Planned>>,
    late: Mutex<Vec<Batch>>,
}

struct Planned {
    applies: Box<dyn Fn(&Batch) -> bool + Send>,
    fate: Fate,
}

impl Faulty {
    /// Passes everything on, until told otherwise.
    pub fn new(inner: Arc<dyn Store>) -> Arc<Faulty> {
        Arc::new(Faulty { inner, plan: Mutex::default(), late: Mutex::default() })
    }

    /// Gives the next commit that has no fate yet this one; called again, the one after it.
    pub fn next(&self, fate: Fate) {
        self.next_where(fate, |_| true);
    }

    /// Gives the next commit for which `applies` says yes this fate. Each plan serves once; the oldest that applies
    /// is taken.
    pub fn next_where(&self, fate: Fate, applies: impl Fn(&Batch) -> bool + Send + 'static) {
        lock(&self.plan).push(Planned { applies: Box::new(applies), fate });
    }

    /// Fates that no commit has met yet.
    pub fn planned(&self) -> usize {
        lock(&self.plan).len()
    }

    /// Commits what is late, in order, and says how each ended: most often as a conflict, if it was run again since.
    pub async fn land(&self) -> Vec<Result<Outcome, Refused>> {
        let late = std::mem::take(&mut *lock(&self.late));
        let mut ends = Vec::with_capacity(late.len());
        for batch in late {
            ends.push(self.inner.commit(batch).await);
        }
        ends
    }

    fn fate_of(&self, batch: &Batch) -> Fate {
        let mut plan = lock(&self.plan);
        match plan.iter().position(|planned| (planned.applies)(batch)) {
            Some(place) => plan.remove(place).fate,
            None => Fate::Answered,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Around for Faulty {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn take_commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        let unknown = || Box::pin(ready(Ok(Outcome::Unknown)));
        match self.fate_of(&batch) {
            Fate::Answered => self.inner.commit(batch),
            Fate::Landed => {
                let commit = self.inner.commit(batch);
                Box::pin(async move {
                    // A conflict did not land, but whoever lost the answer cannot know that either.
                    commit.await.map(|_| Outcome::Unknown)
                })
            }
            Fate::Lost => unknown(),
            Fate::Late => {
                lock(&self.late).push(batch);
                unknown()
            }
            Fate::Refused(refused) => Box::pin(ready(Err(refused))),
        }
    }
}
