//! Random conditions: every operator in every form over keys that requests have, lack, or have several times.

use serde_json::{Value as Json, json};

use super::Chance;
use crate::common::Kind;

/// An operator in the form in which a condition has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tested {
    pub base: &'static str,
    /// As written, with set operator and `IfExists`.
    pub written: String,
}

const TEXT: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const NUMBER: [&str; 6] = [
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE: [&str; 6] =
    ["DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"];
const ADDRESS: [&str; 2] = ["IpAddress", "NotIpAddress"];
const ARN: [&str; 4] = ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"];

/// What kind of values an operator compares, and keys whose values are of it.
struct Family {
    operators: &'static [&'static str],
    keys: &'static [&'static str],
    values: &'static [&'static str],
}

const FAMILIES: [Family; 8] = [
    Family {
        operators: &TEXT,
        keys: &[
            "aws:PrincipalTag/team",
            "kms:EncryptionContext:app",
            "kms:encryptioncontext:APP",
            "aws:username",
            "kms:ViaService",
            "aws:ResourceTag/env",
            "kms:ResourceAliases",
            "aws:TagKeys",
            "kms:EncryptionContextKeys",
            "kms:GrantOperations",
            "kms:CallerAccount",
        ],
        values: &[
            "a",
            "b",
            "A",
            "ab",
            "a*",
            "?",
            "*",
            "*b",
            "a?",
            "",
            "Decrypt",
            "app",
            "alice",
            "${aws:username}",
            "${aws:PrincipalTag/team}",
            "${AWS:principaltag/TEAM, 'a'}",
            "x${aws:username, 'b'}",
            "${aws:TagKeys, 'a'}",
            "${kms:ResourceAliases}",
            "${*}",
            "${?}*",
            "a${*}",
            "${$}",
            "${aws:MultiFactorAuthAge}",
            "${aws:ResourceTag/env, 'b'}",
            "true",
            "7",
            "111122223333",
            "s3.*.amazonaws.com",
        ],
    },
    Family {
        operators: &NUMBER,
        keys: &[
            "kms:RotationPeriodInDays",
            "kms:ScheduleKeyDeletionPendingWindowInDays",
            "aws:MultiFactorAuthAge",
            "aws:EpochTime",
            "kms:ValidTo",
            "aws:PrincipalTag/team",
            "aws:TagKeys",
        ],
        values: &["7", "30", "7.5", "-1", "7.0", "90", "1767225600", "1767225599.5", "0"],
    },
    Family {
        operators: &DATE,
        keys: &["aws:CurrentTime", "aws:EpochTime", "kms:ValidTo", "aws:TokenIssueTime", "aws:PrincipalTag/team"],
        values: &[
            "2026-01-01T00:00:00Z",
            "2026-01-01",
            "2026-01",
            "1767225600",
            "2026-01-01T01:00:00+01:00",
            "2025-12-31T23:59:59.500Z",
            "2026-01-01T00:00Z",
            "2027-06-30T12:00:00Z",
        ],
    },
    Family {
        operators: &["Bool"],
        keys: &[
            "kms:MultiRegion",
            "aws:SecureTransport",
            "kms:GrantIsForAWSResource",
            "aws:MultiFactorAuthPresent",
            "aws:PrincipalTag/team",
        ],
        values: &["true", "false", "${aws:PrincipalTag/team, 'true'}", "${aws:SecureTransport}"],
    },
    Family {
        operators: &["BinaryEquals"],
        keys: &["kms:RecipientAttestation:PCR0", "aws:PrincipalTag/team", "aws:TagKeys"],
        values: &["YQ==", "Yg==", "YWI=", "", "AAEC"],
    },
    Family {
        operators: &ADDRESS,
        keys: &["aws:SourceIp", "aws:VpcSourceIp", "aws:PrincipalTag/team"],
        values: &[
            "203.0.113.0/24",
            "203.0.113.7",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "2001:db8::/32",
            "::/0",
            "203.0.113.9/30",
        ],
    },
    Family {
        operators: &ARN,
        keys: &["aws:SourceArn", "aws:PrincipalArn", "kms:GrantConstraintSourceArn", "aws:PrincipalTag/team"],
        values: &[
            "arn:aws:sns:eu-central-1:111122223333:topic",
            "arn:aws:sns:*:111122223333:*",
            "arn:*:111122223333:*",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "arn:aws:iam::*:role/app",
            "arn:aws:iam::111122223333:*",
            "${aws:PrincipalArn}",
            "*",
            "arn:aws:s??:*:*:top?c",
            "arn:aws:iam::111122223333:user/${aws:PrincipalTag/team, 'alice'}",
        ],
    },
    Family {
        operators: &["Null"],
        keys: &[
            "aws:TokenIssueTime",
            "kms:EncryptionContext:app",
            "kms:ResourceAliases",
            "aws:TagKeys",
            "aws:ResourceTag/env",
        ],
        values: &["true", "false"],
    },
];

/// The document that a condition is for.
#[derive(Clone, Copy)]
pub struct Place {
    pub kind: Kind,
    pub has_variables: bool,
}

/// One operator with one key, and which operator it is.
pub fn condition(chance: &mut Chance, place: Place) -> (Tested, String, Json) {
    // The families have one to six operators: each operator is to be as frequent as the others.
    let all: usize = FAMILIES.iter().map(|family| family.operators.len()).sum();
    let mut at = chance.below(all);
    let family = FAMILIES.iter().find(|family| {
        let here = at < family.operators.len();
        if !here {
            at -= family.operators.len();
        }
        here
    });
    let family = family.unwrap_or(&FAMILIES[0]);
    let base = family.operators[at];
    let mut key = *chance.pick(family.keys);
    if chance.percent(10) && base != "Null" {
        let other = chance.below(FAMILIES.len());
        key = *chance.pick(FAMILIES[other].keys);
    }
    let written = decorated(chance, base, key, place);
    // Where there are no variables, they are no truth values.
    let plain = family.values.iter().copied().filter(|value| !value.contains("${"));
    let plain: Vec<&str> = plain.collect();
    let choices = if base == "Bool" && !place.has_variables { &plain } else { family.values };
    (Tested { base, written }, key.to_owned(), values(chance, choices))
}

/// The operator with or without set operator and `IfExists`. Key policies refuse `ForAllValues` on some keys.
fn decorated(chance: &mut Chance, base: &str, key: &str, place: Place) -> String {
    if base == "Null" {
        return base.to_owned();
    }
    let refuses = place.kind == Kind::Key && key.to_ascii_lowercase().starts_with("kms:encryptioncontext:");
    let set = match chance.below(4) {
        0 => "ForAnyValue:",
        1 if !refuses => "ForAllValues:",
        _ => "",
    };
    let if_exists = if chance.percent(30) { "IfExists" } else { "" };
    format!("{set}{base}{if_exists}")
}

/// One value, bare, or a list of some; numbers and truth values sometimes without quotation marks.
fn values(chance: &mut Chance, choices: &[&str]) -> Json {
    let bare = |chance: &mut Chance, text: &str| match (text, chance.percent(20)) {
        ("true", true) => json!(true),
        ("false", true) => json!(false),
        ("7", true) => json!(7),
        ("30", true) => json!(30),
        _ => json!(text),
    };
    let some = chance.some(choices, 3);
    if some.len() == 1 && chance.percent(70) {
        return bare(chance, &some[0]);
    }
    some.iter().map(|text| bare(chance, text)).collect()
}
