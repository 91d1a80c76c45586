//! Do the conditions of a statement hold?
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>, and for the
//! set operators
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>

use std::cmp::Ordering;
use std::net::IpAddr;

use serde_json::Value as Json;

use super::glob::{Piece, literal, matches};
use super::readings::{base64, date, date_text, number, range_contains, truth};
use super::statements::{Effect, Scene, effect, list};
use super::variables::replace;
use crate::common::{Datum, Fact};

/// An operator's name taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator<'a> {
    pub set: Option<Set>,
    /// Without `Not`.
    pub base: &'a str,
    pub negated: bool,
    pub if_exists: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    ForAllValues,
    ForAnyValue,
}

/// Every operator with the positive one that it is or negates.
pub const OPERATORS: [(&str, &str, bool); 27] = [
    ("StringEquals", "StringEquals", false),
    ("StringNotEquals", "StringEquals", true),
    ("StringEqualsIgnoreCase", "StringEqualsIgnoreCase", false),
    ("StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase", true),
    ("StringLike", "StringLike", false),
    ("StringNotLike", "StringLike", true),
    ("NumericEquals", "NumericEquals", false),
    ("NumericNotEquals", "NumericEquals", true),
    ("NumericLessThan", "NumericLessThan", false),
    ("NumericLessThanEquals", "NumericLessThanEquals", false),
    ("NumericGreaterThan", "NumericGreaterThan", false),
    ("NumericGreaterThanEquals", "NumericGreaterThanEquals", false),
    ("DateEquals", "DateEquals", false),
    ("DateNotEquals", "DateEquals", true),
    ("DateLessThan", "DateLessThan", false),
    ("DateLessThanEquals", "DateLessThanEquals", false),
    ("DateGreaterThan", "DateGreaterThan", false),
    ("DateGreaterThanEquals", "DateGreaterThanEquals", false),
    ("Bool", "Bool", false),
    ("BinaryEquals", "BinaryEquals", false),
    ("IpAddress", "IpAddress", false),
    ("NotIpAddress", "IpAddress", true),
    ("ArnEquals", "ArnLike", false),
    ("ArnLike", "ArnLike", false),
    ("ArnNotEquals", "ArnLike", true),
    ("ArnNotLike", "ArnLike", true),
    ("Null", "Null", false),
];

/// `None` for a name that is no operator.
pub fn operator(name: &str) -> Option<Operator<'_>> {
    let (set, name) = match name.split_once(':') {
        Some(("ForAllValues", name)) => (Some(Set::ForAllValues), name),
        Some(("ForAnyValue", name)) => (Some(Set::ForAnyValue), name),
        Some(_) => return None,
        None => (None, name),
    };
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let &(_, base, negated) = OPERATORS.iter().find(|(known, ..)| *known == name)?;
    // "You can add IfExists to the end of any condition operator name except the Null condition".
    if base == "Null" && (if_exists || set.is_some()) {
        return None;
    }
    Some(Operator { set, base, negated, if_exists })
}

/// Whether all of them hold; `None` if an Allow needs a variable that has no value, which makes the statement invalid.
pub fn hold(statement: &Json, scene: &Scene<'_>) -> Option<bool> {
    let mut all = true;
    for (name, keys) in statement.get("Condition").and_then(Json::as_object).into_iter().flatten() {
        let operator = operator(name)?;
        for (key, values) in keys.as_object().into_iter().flatten() {
            all &= holds(operator, key, values, effect(statement), scene)?;
        }
    }
    Some(all)
}

fn holds(operator: Operator<'_>, key: &str, values: &Json, effect: Effect, scene: &Scene<'_>) -> Option<bool> {
    let present: Vec<&Datum> = match scene.fact(key) {
        None => Vec::new(),
        Some(Fact::One(datum)) => vec![datum],
        Some(Fact::Many(data)) => data.iter().collect(),
    };
    if operator.base == "Null" {
        return Some(list(values).into_iter().any(|value| value_text(value) == present.is_empty().to_string()));
    }
    if present.is_empty() {
        return Some(match operator.set {
            _ if operator.if_exists => true,
            Some(Set::ForAllValues) => true,
            Some(Set::ForAnyValue) => false,
            None => operator.negated,
        });
    }
    let mut patterns = Vec::new();
    for value in list(values) {
        match replace(&value_text(value), scene) {
            Some(pattern) => patterns.push(pattern),
            None if effect == Effect::Allow => return None,
            None => {}
        }
    }
    // Several values in the policy: any of them, and none of them if the operator is negated.
    let any = |datum: &Datum| patterns.iter().any(|pattern| compare(operator.base, datum, pattern));
    Some(match operator.set {
        None => present.iter().any(|datum| any(datum)) != operator.negated,
        Some(Set::ForAllValues) => present.iter().all(|datum| any(datum) != operator.negated),
        Some(Set::ForAnyValue) => present.iter().any(|datum| any(datum) != operator.negated),
    })
}

/// "Quotation marks are optional for numeric and Boolean values."
pub fn value_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// One value of the request against one value of the policy.
fn compare(base: &str, datum: &Datum, pattern: &[Piece]) -> bool {
    let wanted = literal(pattern);
    match base {
        "StringEquals" => text_of(datum) == wanted,
        "StringEqualsIgnoreCase" => text_of(datum).to_lowercase() == wanted.to_lowercase(),
        "StringLike" => matches(pattern, &text_of(datum)),
        "ArnLike" => arn_matches(pattern, &text_of(datum)),
        "Bool" => truth(&text_of(datum)).is_some() && truth(&text_of(datum)) == truth(&wanted),
        "BinaryEquals" => base64(&wanted).is_some_and(|bytes| bytes == text_of(datum).as_bytes()),
        "IpAddress" => address(datum).is_some_and(|address| range_contains(&wanted, address) == Some(true)),
        _ => match ordering(base, datum, &wanted) {
            None => false,
            Some(ordering) if base.ends_with("LessThan") => ordering == Ordering::Less,
            Some(ordering) if base.ends_with("LessThanEquals") => ordering != Ordering::Greater,
            Some(ordering) if base.ends_with("GreaterThan") => ordering == Ordering::Greater,
            Some(ordering) if base.ends_with("GreaterThanEquals") => ordering != Ordering::Less,
            Some(ordering) => ordering == Ordering::Equal,
        },
    }
}

/// A value of the request as text, for the string operators and for variables.
pub fn text_of(datum: &Datum) -> String {
    match datum {
        Datum::Text(text) => text.clone(),
        Datum::Bool(value) => value.to_string(),
        Datum::Number(value) => value.to_string(),
        Datum::Time(at_ms) => date_text(*at_ms),
        Datum::Address(address) => address.to_string(),
    }
}

/// "Each of the six colon-delimited components of the ARN is checked separately."
fn arn_matches(pattern: &[Piece], actual: &str) -> bool {
    let patterns: Vec<&[Piece]> = pattern.splitn(6, |piece| piece.char() == ':').collect();
    let parts: Vec<&str> = actual.splitn(6, ':').collect();
    patterns.len() == 6 && parts.len() == 6 && patterns.iter().zip(parts).all(|(pattern, part)| matches(pattern, part))
}

fn ordering(base: &str, datum: &Datum, wanted: &str) -> Option<Ordering> {
    if base.starts_with("Date") {
        let actual = match datum {
            Datum::Time(at_ms) => *at_ms,
            Datum::Number(seconds) => seconds.checked_mul(1000)?,
            Datum::Text(text) => date(text)?,
            Datum::Bool(_) | Datum::Address(_) => return None,
        };
        return Some(actual.cmp(&date(wanted)?));
    }
    let actual = match datum {
        Datum::Number(value) => number(&value.to_string())?,
        Datum::Text(text) => number(text)?,
        // Unix time: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-valid-to
        Datum::Time(at_ms) => i128::from(*at_ms) * number("0.001")?,
        Datum::Bool(_) | Datum::Address(_) => return None,
    };
    Some(actual.cmp(&number(wanted)?))
}

/// An IPv4 address that an IPv6 socket reports is still one.
fn address(datum: &Datum) -> Option<IpAddr> {
    let address: IpAddr = match datum {
        Datum::Address(address) => *address,
        Datum::Text(text) => text.parse().ok()?,
        Datum::Bool(_) | Datum::Number(_) | Datum::Time(_) => return None,
    };
    Some(address.to_canonical())
}
