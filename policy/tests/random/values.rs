//! Random values of conditions and of requests, right ones and nearly right ones.

use super::Chance;
use crate::common::{Datum, Fact};

/// An operator, texts that it can read, and what these are made of.
struct Reading {
    operator: &'static str,
    texts: &'static [&'static str],
    letters: &'static str,
}

const READINGS: [Reading; 9] = [
    Reading { operator: "StringLike", texts: &["*a*b", "a?b", "**", "é*", "a*a*b", "${*}?"], letters: "ab*?é$" },
    Reading { operator: "StringEqualsIgnoreCase", texts: &["aé", "AÉ", "ß", "SS", "İ"], letters: "aAéÉß" },
    Reading {
        operator: "StringEquals",
        texts: &["${aws:username}", "x${aws:username, 'a'}y", "${$}${?}", "$a", "${aws:userid , ' a '}", "${a}"],
        letters: "${}',: a*",
    },
    Reading {
        operator: "ArnLike",
        texts: &["arn:aws:s3:::a", "arn:*:s3:*:*:a:b", "a:b:c:d:e:f", "arn:aws:s?:::*", "*:*:*:*:*:*"],
        letters: "ab:*?",
    },
    Reading {
        operator: "NumericLessThan",
        texts: &["7", "-7.50", "+0.125", "007", "1000000000000000000", "0.000000000000000001", "9999999999999999999"],
        letters: "0197.+-e ",
    },
    Reading {
        operator: "DateLessThan",
        texts: &[
            "2026-02-28T23:59:59Z",
            "2024-02-29",
            "2026-12",
            "2026",
            "1767225600",
            "2026-01-01T00:00+01:00",
            "1969-12-31T23:59:59.999999-00:01",
            "0001-01-01T00:00:00.1Z",
        ],
        letters: "0123459-:T.Z+",
    },
    Reading {
        operator: "IpAddress",
        texts: &["203.0.113.0/24", "10.0.0.1", "0.0.0.0/0", "2001:db8::/32", "::ffff:203.0.113.7", "::1/128", "::/0"],
        letters: "0123.:/f",
    },
    Reading { operator: "BinaryEquals", texts: &["YQ==", "YWI=", "YWJj", "", "AAECAw=="], letters: "YQWJjA=+/_-" },
    Reading { operator: "Bool", texts: &["true", "false", "True", "FALSE"], letters: "truefalsTF" },
];

/// An operator and a value for it that it may or may not read.
pub fn value(chance: &mut Chance) -> (&'static str, String) {
    let reading = chance.pick(&READINGS);
    (reading.operator, text(chance, reading))
}

/// What a request may have where the policy has this value: the same text, one like it, or something of another type.
pub fn fact(chance: &mut Chance, operator: &str, value: &str) -> Fact {
    let reading = READINGS.iter().find(|reading| reading.operator == operator).unwrap_or(&READINGS[0]);
    let text = match operator {
        "BinaryEquals" if chance.percent(80) => (*chance.pick(&["a", "ab", "abc", ""])).to_owned(),
        _ if chance.percent(30) => value.to_owned(),
        _ => text(chance, reading),
    };
    Fact::One(match (operator, chance.below(3)) {
        ("NumericLessThan", 0) => Datum::Number(*chance.pick(&[-8, -7, 0, 7, 1_767_225_600, i64::MAX, i64::MIN])),
        ("NumericLessThan", 1) => Datum::Time(*chance.pick(&[0, -1, 1, 500, 7_000, i64::MAX])),
        ("DateLessThan", 0) => Datum::Time(*chance.pick(&[0, -1, 1_767_225_600_000, -62_135_596_800_000])),
        ("DateLessThan", 1) => Datum::Number(*chance.pick(&[0, -1, 1_767_225_600, i64::MAX, i64::MIN])),
        ("IpAddress", 0 | 1) => text.parse().map_or(Datum::Text(text), Datum::Address),
        ("Bool", 0) => Datum::Bool(chance.percent(50)),
        _ => Datum::Text(text),
    })
}

/// One of its texts, half of the time with a letter or two less, more or other.
fn text(chance: &mut Chance, reading: &Reading) -> String {
    let mut text: Vec<char> = chance.pick(reading.texts).chars().collect();
    let letters: Vec<char> = reading.letters.chars().collect();
    for _ in 0..[0, 0, 1, 2][chance.below(4)] {
        let at = chance.below(text.len() + 1);
        match chance.below(3) {
            0 => text.insert(at, *chance.pick(&letters)),
            1 if at < text.len() => text[at] = *chance.pick(&letters),
            _ if at < text.len() => {
                text.remove(at);
            }
            _ => {}
        }
    }
    text.into_iter().collect()
}
