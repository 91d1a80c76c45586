//! Points in time as the protocol writes them: seconds since the epoch, with milliseconds.
//! What time it is, nobody here knows.

use time::OffsetDateTime;
use time::macros::format_description;

/// The seconds of 9999-12-31T23:59:59Z and their negation bound what counts as a time at all.
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// Milliseconds since the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Milliseconds since 1970-01-01T00:00:00Z, negative before.
    pub millis: i64,
}

impl Timestamp {
    /// From the number of a request, rounded to milliseconds; nothing if no calendar has it.
    pub(crate) fn from_seconds(seconds: f64) -> Option<Timestamp> {
        (seconds.abs() <= SECONDS_MAX).then(|| Timestamp { millis: (seconds * 1000.0).round() as i64 })
    }

    /// The JSON number that AWS writes: what Java's `Double.toString` makes of the seconds.
    pub(crate) fn to_java_double(self) -> String {
        java_double(self.millis as f64 / 1000.0)
    }

    /// The text of a date inside an audit record's parameters, `May 21, 2025, 5:47:45 AM`.
    pub(crate) fn to_audit_text(self) -> Option<String> {
        let format = format_description!(
            "[month repr:short] [day padding:none], [year], [hour repr:12 padding:none]:[minute]:[second] [period]"
        );
        OffsetDateTime::from_unix_timestamp(self.millis.div_euclid(1000)).ok()?.format(&format).ok()
    }
}

/// Java's notation of a finite double (java.lang.Double.toString): the shortest digits that mean this double, at
/// least one of them behind the point, and an exponent outside of 10^-3 to 10^7.
fn java_double(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{value:?}");
    }
    let scientific = format!("{value:E}");
    match scientific.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        Some(_) | None => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_written_as_java_writes_them() {
        // Printed by Java's Double.toString.
        let cases = [
            (0, "0.0"),
            (1, "0.001"),
            (9, "0.009"),
            (100, "0.1"),
            (999, "0.999"),
            (1_000, "1.0"),
            (1_500, "1.5"),
            (-1, "-0.001"),
            (-1_500, "-1.5"),
            (9_999_999_999, "9999999.999"),
            (9_999_999_000, "9999999.0"),
            (10_000_000_000, "1.0E7"),
            (12_345_678_900, "1.23456789E7"),
            (123_456_789_012, "1.23456789012E8"),
            (1_000_000_000_000, "1.0E9"),
            (1_592_412_018_521, "1.592412018521E9"),
            (1_592_412_018_520, "1.59241201852E9"),
            (1_592_412_018_000, "1.592412018E9"),
            (1_600_000_000_100, "1.6000000001E9"),
            (1_764_105_600_000, "1.7641056E9"),
            (1_764_105_600_999, "1.764105600999E9"),
            (253_402_300_799_999, "2.53402300799999E11"),
            (-62_135_596_800_000, "-6.21355968E10"),
        ];
        for (millis, text) in cases {
            assert_eq!(Timestamp { millis }.to_java_double(), text, "{millis} ms");
        }
        assert_eq!(java_double(0.0001), "1.0E-4");
    }

    #[test]
    fn a_written_time_reads_back_the_same() {
        for millis in (1_500_000_000_000..1_900_000_000_000).step_by(1_234_567_891) {
            let written: f64 = Timestamp { millis }.to_java_double().parse().expect("it is a number");
            assert_eq!(Timestamp::from_seconds(written), Some(Timestamp { millis }));
        }
    }

    #[test]
    fn what_no_calendar_has_is_no_time() {
        for seconds in [f64::NAN, f64::INFINITY, -f64::INFINITY, 1e300, SECONDS_MAX + 1.0, -SECONDS_MAX - 1.0] {
            assert_eq!(Timestamp::from_seconds(seconds), None, "{seconds}");
        }
    }

    #[test]
    fn audit_records_spell_dates_as_in_the_examples() {
        let cases = [
            (1_747_806_465_000, "May 21, 2025, 5:47:45 AM"),
            (1_609_531_200_000, "Jan 1, 2021, 8:00:00 PM"),
            (1_609_459_200_999, "Jan 1, 2021, 12:00:00 AM"),
            (-1, "Dec 31, 1969, 11:59:59 PM"),
        ];
        for (millis, text) in cases {
            assert_eq!(Timestamp { millis }.to_audit_text().as_deref(), Some(text));
        }
    }
}
