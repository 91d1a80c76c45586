//! What `/_trent/clock` understands and answers: the clock of `dev`, read, advanced, set and reset.
//! Turning it is the door's business, which also sees to what becomes due.

use serde_json::{Map, Number, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Clock;
use crate::clock::Turn;

/// Reads what a POST asks for: exactly one of the three members, and nothing else.
pub(crate) fn turn(body: &[u8]) -> Option<Turn> {
    let members: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let mut members = members.iter();
    let (Some((name, value)), None) = (members.next(), members.next()) else { return None };
    match (name.as_str(), value) {
        ("advance", Value::Number(seconds)) => millis(seconds).map(Turn::Advance),
        ("set", Value::Number(seconds)) => millis(seconds).map(Turn::Set),
        ("set", Value::String(text)) => moment(text).map(Turn::Set),
        ("reset", Value::Bool(true)) => Some(Turn::Reset),
        _ => None,
    }
}

/// Where the clock stands: `now`, and its distance from the wall clock in seconds.
pub(crate) fn reading(clock: &Clock) -> String {
    let offset = clock.offset();
    let seconds = if offset % 1000 == 0 { json!(offset / 1000) } else { json!(offset as f64 / 1000.0) };
    json!({ "now": clock.now().to_rfc3339(), "offset": seconds }).to_string()
}

/// What somebody who asked wrongly needs to know.
pub(crate) const USAGE: &str = "POST one of {\"advance\": SECONDS}, {\"set\": \"2030-01-31T12:00:00Z\"}, \
    {\"set\": SECONDS_SINCE_1970} and {\"reset\": true}; the years 1970 to 9999 can be reached.";

/// Milliseconds, where they are finite; the range is the clock's to check.
fn millis(seconds: &Number) -> Option<i64> {
    let millis = seconds.as_f64()? * 1000.0;
    (millis.abs() < i64::MAX as f64).then_some(millis.round() as i64)
}

fn moment(text: &str) -> Option<i64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(NANOS_A_MILLI)).ok()
}

const NANOS_A_MILLI: i128 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_asks_for_exactly_one_turn() {
        for (body, expected) in [
            (r#"{"advance": 86400}"#, Turn::Advance(86_400_000)),
            (r#"{"advance": 0.25}"#, Turn::Advance(250)),
            (r#"{"advance": -1}"#, Turn::Advance(-1000)),
            (r#"{"set": 1.5e9}"#, Turn::Set(1_500_000_000_000)),
            (r#"{"set": "2030-01-31T12:00:00Z"}"#, Turn::Set(1_896_091_200_000)),
            (r#"{"set": "2030-01-31T12:00:00.5+02:00"}"#, Turn::Set(1_896_084_000_500)),
            (r#" {"reset": true} "#, Turn::Reset),
        ] {
            assert_eq!(turn(body.as_bytes()), Some(expected), "{body}");
        }
    }

    #[test]
    fn anything_else_is_answered_with_the_usage() {
        for body in [
            "",
            "{}",
            "[]",
            "null",
            "86400",
            r#"{"advance": "1"}"#,
            r#"{"advance": 1e300}"#,
            r#"{"advance": null}"#,
            r#"{"advance": 1, "reset": true}"#,
            r#"{"advance": 1} {"advance": 1}"#,
            r#"{"Advance": 1}"#,
            r#"{"reset": false}"#,
            r#"{"set": "tomorrow"}"#,
            r#"{"set": "2030-01-31"}"#,
            "{\"advance\": 1",
            "\u{feff}{\"advance\": 1}",
        ] {
            assert_eq!(turn(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn the_reading_says_now_and_the_offset() {
        let clock = Clock::start();
        clock.turn(Turn::Advance(90_000)).unwrap();
        let reading: Value = serde_json::from_str(&reading(&clock)).unwrap();
        assert_eq!(reading["offset"], json!(90));
        assert!(reading["now"].as_str().unwrap().ends_with('Z'));
    }
}
