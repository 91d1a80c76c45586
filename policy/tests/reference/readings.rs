//! What does a text mean as a truth value, a number, a date, a range of addresses, or bytes?
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::net::IpAddr;

/// `true` and `false`.
pub fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// "An integer or decimal value", in units of the eighteenth digit behind the point.
pub fn number(text: &str) -> Option<i128> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |text: &str| !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || whole.trim_start_matches('0').len() > 19 || fraction.len() > 18 {
        return None;
    }
    let units: i128 = format!("{whole}{fraction:0<18}").parse().ok()?;
    Some(sign * units)
}

/// Milliseconds since 1970 of the date forms of W3C's note, or of seconds since 1970.
/// <https://www.w3.org/TR/NOTE-datetime>
pub fn date(text: &str) -> Option<i64> {
    if !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit()) {
        return text.parse::<i64>().ok()?.checked_mul(1000);
    }
    let (day, clock) = match text.split_once('T') {
        None => (text, "00:00:00Z"),
        Some((day, clock)) => (day, clock),
    };
    let mut day = day.split('-');
    let year = digits(day.next()?, 4)?;
    let month = day.next().map_or(Some(1), |month| digits(month, 2))?;
    let of_month = day.next().map_or(Some(1), |of_month| digits(of_month, 2))?;
    if day.next().is_some() || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&of_month) {
        return None;
    }
    Some(days_before(year, month, of_month) * 86_400_000 + time_of_day(clock)?)
}

/// Milliseconds since midnight in Greenwich, from `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s` and a zone.
fn time_of_day(clock: &str) -> Option<i64> {
    let (clock, zone_minutes) = match clock.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = clock.rfind(['+', '-'])?;
            let (hours, minutes) = clock[at + 1..].split_once(':')?;
            let (hours, minutes) = (digits(hours, 2)?, digits(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let east = if clock[at..].starts_with('+') { 1 } else { -1 };
            (&clock[..at], east * (hours * 60 + minutes))
        }
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (seconds, fraction) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, 0),
            Some((seconds, fraction)) => (digits(seconds, 2)?, milliseconds(fraction)?),
        },
    };
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(((hours * 60 + minutes - zone_minutes) * 60 + seconds) * 1000 + fraction)
}

fn milliseconds(fraction: &str) -> Option<i64> {
    let first_three: String = fraction.chars().chain("000".chars()).take(3).collect();
    digits(fraction, fraction.len()).filter(|_| !fraction.is_empty())?;
    digits(&first_three, 3)
}

fn digits(text: &str, length: usize) -> Option<i64> {
    let right = text.len() == length && text.chars().all(|digit| digit.is_ascii_digit());
    if right { text.parse().ok() } else { None }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970 to that day.
fn days_before(year: i64, month: i64, of_month: i64) -> i64 {
    let years: i64 = if year >= 1970 {
        (1970..year).map(|year| 365 + i64::from(is_leap(year))).sum()
    } else {
        -(year..1970).map(|year| 365 + i64::from(is_leap(year))).sum::<i64>()
    };
    years + (1..month).map(|month| days_in(year, month)).sum::<i64>() + of_month - 1
}

/// The time to the second, as AWS prints it.
pub fn date_text(at_ms: i64) -> String {
    let (mut days, second) = (at_ms.div_euclid(86_400_000), at_ms.rem_euclid(86_400_000) / 1000);
    let (mut year, mut month) = (1970, 1);
    while days < 0 {
        year -= 1;
        days += 365 + i64::from(is_leap(year));
    }
    while days >= 365 + i64::from(is_leap(year)) {
        days -= 365 + i64::from(is_leap(year));
        year += 1;
    }
    while days >= days_in(year, month) {
        days -= days_in(year, month);
        month += 1;
    }
    let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{:02}T{hours:02}:{minutes:02}:{seconds:02}Z", days + 1)
}

/// Whether the range, or the one address, has this address in it; `None` if it is no range.
pub fn range_contains(range: &str, address: IpAddr) -> Option<bool> {
    let bits = |address: IpAddr| -> String {
        match address {
            IpAddr::V4(address) => address.octets().iter().map(|octet| format!("{octet:08b}")).collect(),
            IpAddr::V6(address) => address.octets().iter().map(|octet| format!("{octet:08b}")).collect(),
        }
    };
    let (network, length) = match range.split_once('/') {
        None => (range, None),
        Some((network, length)) => (network, Some(length)),
    };
    let written: IpAddr = network.parse().ok()?;
    let mut length: usize = match length {
        None => bits(written).len(),
        Some(length) if !length.chars().all(|digit| digit.is_ascii_digit()) => return None,
        Some(length) => length.parse().ok().filter(|length| *length <= bits(written).len())?,
    };
    let mut network = bits(written);
    if written != written.to_canonical() && length >= 96 {
        (network, length) = (bits(written.to_canonical()), length - 96);
    }
    let address = bits(address);
    Some(network.len() == address.len() && network[..length] == address[..length])
}

/// The bytes of standard Base64 with padding.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let unpadded = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - unpadded.len() > 2 {
        return None;
    }
    let mut bits = String::new();
    for char in unpadded.chars() {
        bits.push_str(&format!("{:06b}", ALPHABET.find(char)?));
    }
    let whole = bits.len() / 8 * 8;
    let left_over = &bits[whole..];
    if left_over.contains('1') || left_over.len() >= 6 {
        return None;
    }
    Some((0..whole).step_by(8).map(|at| u8::from_str_radix(&bits[at..at + 8], 2).unwrap_or(0)).collect())
}
