//! The only two clocks. The wall clock rules signatures and `Date`; `now` rules keys, and `dev` can turn it.
//! Neither decides anything here: points in time are arguments everywhere else.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kms::Time;

/// The process's clocks, from the moment it started them.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    /// `now` minus the wall clock, in milliseconds.
    offset: AtomicI64,
}

/// How far a turn would have to go beyond what `now` can be: 1970 to 9999, the years that RFC 3339 can write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutOfRange;

/// One turn of the clock, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// From where it stands, forward or back.
    Advance(i64),
    /// To a point in time.
    Set(i64),
    /// Back to the wall clock.
    Reset,
}

impl Clock {
    /// Starts both clocks, together.
    pub fn start() -> Clock {
        Clock { started: Instant::now(), offset: AtomicI64::new(0) }
    }

    /// The wall clock.
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is told")]
    pub fn wall(&self) -> Time {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_millis() as i64,
            Err(before) => -(before.duration().as_millis() as i64),
        };
        Time(millis)
    }

    /// The time that keys live by: the wall clock, and in `dev` what it was turned by.
    pub fn now(&self) -> Time {
        Time(self.wall().0.saturating_add(self.offset()))
    }

    /// How long the process has been observing time, by a clock that nobody can turn.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// `now` minus the wall clock, in milliseconds.
    pub(crate) fn offset(&self) -> i64 {
        self.offset.load(Ordering::Relaxed)
    }

    /// Turns `now`, and nothing else. Whoever calls it sees to what becomes due, and calls it one at a time.
    pub(crate) fn turn(&self, turn: Turn) -> Result<(), OutOfRange> {
        let wall = self.wall().0;
        let offset = match turn {
            Turn::Advance(by) => self.offset().checked_add(by),
            Turn::Set(to) => to.checked_sub(wall),
            Turn::Reset => Some(0),
        };
        let offset = offset.ok_or(OutOfRange)?;
        let now = wall.checked_add(offset).ok_or(OutOfRange)?;
        if !(FIRST_MS..=LAST_MS).contains(&now) {
            return Err(OutOfRange);
        }
        self.offset.store(offset, Ordering::Relaxed);
        Ok(())
    }
}

/// 1970-01-01T00:00:00Z.
const FIRST_MS: i64 = 0;
/// 9999-12-31T23:59:59Z.
const LAST_MS: i64 = 253_402_300_799_000;

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    #[test]
    fn turning_now_leaves_the_wall_clock_alone() {
        let clock = Clock::start();
        clock.turn(Turn::Advance(7 * DAY)).unwrap();
        let (before, now, after) = (clock.wall().0, clock.now().0, clock.wall().0);
        assert!((before + 7 * DAY..=after + 7 * DAY).contains(&now));
        clock.turn(Turn::Advance(-8 * DAY)).unwrap();
        assert_eq!(clock.offset(), -DAY);
        clock.turn(Turn::Set(4_000_000_000_000)).unwrap();
        assert!((4_000_000_000_000..4_000_000_000_000 + DAY).contains(&clock.now().0));
        clock.turn(Turn::Reset).unwrap();
        assert_eq!(clock.offset(), 0);
    }

    #[test]
    fn a_turn_beyond_the_years_that_can_be_written_changes_nothing() {
        let clock = Clock::start();
        clock.turn(Turn::Advance(DAY)).unwrap();
        let too_far = [
            Turn::Advance(i64::MAX),
            Turn::Advance(i64::MIN),
            Turn::Advance(LAST_MS),
            Turn::Set(i64::MIN),
            Turn::Set(-1),
            Turn::Set(i64::MAX),
        ];
        for turn in too_far {
            assert_eq!(clock.turn(turn), Err(OutOfRange), "{turn:?}");
            assert_eq!(clock.offset(), DAY, "{turn:?}");
        }
    }
}
