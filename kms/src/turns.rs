//! Turns: those who would rewrite the same row wait for each other instead of running into each other.
//! It makes retries rare; that nothing is lost is the commit's doing alone.

use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use tokio::sync::{Mutex, OwnedMutexGuard};

/// Enough that two different rows seldom share one, few enough to be nothing.
const QUEUES: u64 = 64;

/// The queues, shared by all requests.
pub(crate) struct Turns {
    queues: Vec<Arc<Mutex<()>>>,
    hasher: RandomState,
}

/// The turns that one request holds; dropping them lets the next ones in.
#[derive(Default)]
pub(crate) struct Held {
    queues: BTreeSet<u64>,
    guards: Vec<OwnedMutexGuard<()>>,
}

impl Turns {
    pub fn new() -> Turns {
        Turns { queues: (0..QUEUES).map(|_| Arc::default()).collect(), hasher: RandomState::new() }
    }

    /// Makes sure that `held` has the turn of every row in `rows`. True if it had to wait for one: somebody may have
    /// changed a row meanwhile, and the attempt must look again.
    pub async fn take<'a>(&self, held: &mut Held, rows: impl Iterator<Item = &'a [u8]>) -> bool {
        let wanted: BTreeSet<u64> = rows.map(|row| self.hasher.hash_one(row) % QUEUES).collect();
        if wanted.is_subset(&held.queues) {
            return false;
        }
        // All are taken anew in one order, so that no two requests wait for each other in a ring.
        *held = Held::default();
        let mut waited = false;
        for queue in &wanted {
            let turn = self.queues[*queue as usize].clone();
            let guard = match turn.clone().try_lock_owned() {
                Ok(guard) => guard,
                Err(_) => {
                    waited = true;
                    turn.lock_owned().await
                }
            };
            held.guards.push(guard);
        }
        held.queues = wanted;
        waited
    }
}
