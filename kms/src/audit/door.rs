//! Records of refused strangers, at a rate that cannot fill a disk: what is too much is counted, and the next record
//! tells the count.

use std::sync::{Mutex, PoisonError};

use crate::Time;

/// How many records strangers can cause at once.
const BURST: i64 = 20;

/// How long it takes until one more may be written, in milliseconds.
const MILLIS_A_RECORD: i64 = 1000;

/// The one gauge of all strangers together: a stranger can choose addresses and names, but not be many gauges.
pub(crate) struct Door(Mutex<Gauge>);

struct Gauge {
    /// When the burst would be whole again.
    whole_at: Time,
    unrecorded: u64,
}

impl Door {
    pub fn new() -> Door {
        Door(Mutex::new(Gauge { whole_at: Time(i64::MIN), unrecorded: 0 }))
    }

    /// Whether a failure at `now` is recorded; if so, how many before it were not.
    pub fn admits(&self, now: Time) -> Option<u64> {
        let mut gauge = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let start = gauge.whole_at.max(now);
        if start.0 - now.0 > (BURST - 1) * MILLIS_A_RECORD {
            gauge.unrecorded += 1;
            return None;
        }
        gauge.whole_at = Time(start.0 + MILLIS_A_RECORD);
        Some(std::mem::take(&mut gauge.unrecorded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_recorded_at_a_bounded_rate_and_counted_beyond_it() {
        let door = Door::new();
        let start = Time(1_000_000);
        let recorded = (0..1000).filter(|_| door.admits(start).is_some()).count();
        assert_eq!(recorded, BURST as usize);
        assert_eq!(
            door.admits(Time(start.0 + MILLIS_A_RECORD)),
            Some(1000 - BURST as u64),
            "the rest are told as a count"
        );
        assert_eq!(door.admits(Time(start.0 + MILLIS_A_RECORD)), None);
    }
}
