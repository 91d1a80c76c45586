//! Points in time, as the service is told them. It reads no clock: only the server knows what time it is.

use ::time::OffsetDateTime;
use ::time::macros::format_description;
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(pub i64);

const SECOND: i64 = 1000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

impl Time {
    /// This point, `days` whole days of 24 hours later.
    pub fn plus_days(self, days: i64) -> Time {
        Time(self.0.saturating_add(days.saturating_mul(DAY)))
    }

    /// This point, `seconds` later.
    pub fn plus_seconds(self, seconds: i64) -> Time {
        Time(self.0.saturating_add(seconds.saturating_mul(SECOND)))
    }

    /// How many whole days of 24 hours have passed since `earlier`; none or fewer than none if it is no earlier.
    pub fn days_since(self, earlier: Time) -> i64 {
        self.0.saturating_sub(earlier.0) / DAY
    }

    /// `2025-05-21T05:42:35Z`, the form of an audit record's `eventTime`; beyond the year 9999, the epoch's milliseconds.
    pub fn to_rfc3339(self) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        OffsetDateTime::from_unix_timestamp(self.0.div_euclid(SECOND))
            .ok()
            .and_then(|moment| moment.format(form).ok())
            .unwrap_or_else(|| self.0.to_string())
    }
}

impl From<Time> for wire::Timestamp {
    fn from(time: Time) -> Self {
        wire::Timestamp { millis: time.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_cloudtrail_writes_them() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (1_747_806_155_999, "2025-05-21T05:42:35Z"),
            (951_782_400_000, "2000-02-29T00:00:00Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59Z"),
            (-1_000, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Time(millis).to_rfc3339(), text);
        }
    }
}
