//! Points in time as date conditions write them, and as text where a condition compares texts. What time it is, nobody
//! is asked.

use std::fmt;

/// Reads a date in one of the forms of <https://www.w3.org/TR/NOTE-datetime>, or, in digits alone, the seconds since
/// 1970 (four digits too). It is in milliseconds since 1970; what is finer is dropped.
pub(crate) fn read(text: &str) -> Option<i64> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(1000);
    }
    let (day, time) = match text.split_once('T') {
        Some((day, time)) if day.len() == "2026-01-02".len() => (day, Some(time)),
        Some(_) => return None,
        None => (text, None),
    };
    let mut steps = day.splitn(3, '-');
    let year = digits(steps.next()?, 4)?;
    let month = digits(steps.next()?, 2)?;
    let day = steps.next().map_or(Some(1), |day| digits(day, 2))?;
    if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let time = time.map_or(Some(0), milliseconds_of)?;
    Some(days_before(year, month, day) * DAY + time)
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.f` with its zone, as milliseconds since midnight in Greenwich.
fn milliseconds_of(text: &str) -> Option<i64> {
    let (clock, zone) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let offset = minutes_of(text.get(at + 1..)?)?;
            (text.get(..at)?, if text.get(at..)?.starts_with('-') { -offset } else { offset })
        }
    };
    let (minutes, seconds) = match clock.split_at_checked("hh:mm".len())? {
        (minutes, "") => (minutes, 0),
        (minutes, seconds) => (minutes, seconds_of(seconds.strip_prefix(':')?)?),
    };
    Some((minutes_of(minutes)? - zone) * 60_000 + seconds)
}

fn minutes_of(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
    (hours < 24 && minutes < 60).then_some(60 * hours + minutes)
}

/// `ss` or `ss.f`, in milliseconds.
fn seconds_of(text: &str) -> Option<i64> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !(1..=9).contains(&fraction.len()) || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let milliseconds =
        fraction.bytes().chain([b'0'; 2]).take(3).fold(0, |sum, digit| 10 * sum + i64::from(digit - b'0'));
    let seconds = digits(seconds, 2)?;
    (seconds < 60).then_some(1000 * seconds + milliseconds)
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<i64> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to this one. The year is counted from March, so that the leap day ends it.
fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - MARCH_OF_YEAR_0
}

/// A time (milliseconds since 1970) as `2026-01-02T03:04:05Z`, seconds being the finest.
pub(crate) struct Written(pub(crate) i64);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.0.div_euclid(DAY) + MARCH_OF_YEAR_0;
        let seconds = self.0.rem_euclid(DAY) / 1000;
        let mut year = (days * 400).div_euclid(DAYS_OF_400_YEARS);
        // The estimate is at most one year off.
        if days_from_march(year + 1) <= days {
            year += 1;
        } else if days_from_march(year) > days {
            year -= 1;
        }
        let of_year = days - days_from_march(year);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Days from the first of March of year 0 to that of `year`.
fn days_from_march(year: i64) -> i64 {
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400)
}

const DAY: i64 = 86_400_000;
/// Days from the first of March of year 0 to 1970-01-01.
const MARCH_OF_YEAR_0: i64 = 719_468;
const DAYS_OF_400_YEARS: i64 = 146_097;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_every_form() {
        for (text, milliseconds) in [
            ("0", 0),
            ("1700000000", 1_700_000_000_000),
            ("2020", 2_020_000),
            ("1970-01", 0),
            ("1970-01-01", 0),
            ("1969-12-31", -DAY),
            ("2000-02-29", 951_782_400_000),
            ("2026-11-26", 1_795_651_200_000),
            ("2026-11", 1_795_651_200_000 - 25 * DAY),
            ("2026-11-26T00:05Z", 1_795_651_500_000),
            ("2026-11-26T01:02:03Z", 1_795_654_923_000),
            ("2026-11-26T01:02:03.5Z", 1_795_654_923_500),
            ("2026-11-26T01:02:03.123456789Z", 1_795_654_923_123),
            ("2026-11-26T01:02:03+01:30", 1_795_649_523_000),
            ("2026-11-26T01:02:03.007-01:30", 1_795_660_323_007),
            ("2026-11-26T23:59:59+00:00", 1_795_737_599_000),
            ("0000-03-01", -MARCH_OF_YEAR_0 * DAY),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000),
        ] {
            assert_eq!(read(text), Some(milliseconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "today",
            "+026-01-01",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-01-32",
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "26-01-01",
            "2026-1-1",
            "2026-01-02T",
            "2026-01-02T03:04",
            "2026-01-02T03:04:05",
            "2026-01-02T24:00Z",
            "2026-01-02T03:60Z",
            "2026-01-02T03:04:60Z",
            "2026-01-02T03:04:05.Z",
            "2026-01-02T03:04:05.1234567890Z",
            "2026-01-02 03:04:05Z",
            "2026-01-02t03:04:05z",
            "2026-01-02T03:04:05+25:00",
            "2026-01-02T03:04:05+0100",
            "2026-01T03:04Z",
            "-5",
            "1.5",
            "20260102T030405Z",
            "2026-01-02T03Z",
            "2026-01-02T03:04:5Z",
            "2026-01-02T03:04é5Z",
            "99999999999999999999",
            "9223372036854775807",
            "2026-01-02T03:04:05ZZ",
            "2026-01-02-03",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "1600-03-01T00:00:00Z", "2026-11-26T01:02:03Z"] {
            assert_eq!(Written(read(text).expect(text)).to_string(), text);
        }
        // Every day of four centuries, at its last second, with a millisecond that is dropped.
        for day in -140_000..10_000 {
            let milliseconds = day * DAY + DAY - 1;
            let written = Written(milliseconds).to_string();
            assert_eq!(read(&written), Some(milliseconds - 999), "{written}");
        }
    }
}
