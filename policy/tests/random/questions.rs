//! Random questions: who asks what of what, and what is known about it.

use std::collections::BTreeMap;

use super::{ACCOUNTS, Chance};
use crate::common::{Caller, Datum, Fact, Facts, Question, Resource, Who};

/// Of no resource, of a key of the first account (mostly), or of one of the second.
pub fn question(chance: &mut Chance) -> Question {
    let caller = caller(chance);
    let owner = ACCOUNTS[usize::from(chance.percent(10))];
    let action = *chance.pick(&[
        "kms:Encrypt",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:CreateGrant",
        "kms:DescribeKey",
        "kms:RetireGrant",
        "kms:ScheduleKeyDeletion",
    ]);
    let has_resource = chance.percent(95);
    let resource = has_resource.then(|| Resource {
        account: owner.to_owned(),
        arn: format!("arn:aws:kms:eu-central-1:{owner}:key/{}", chance.pick(&["one", "two", "a*b"])),
    });
    let facts = facts(chance, &caller);
    Question {
        action: if resource.is_some() { action.to_owned() } else { "kms:CreateKey".to_owned() },
        resource,
        across_accounts: action != "kms:ScheduleKeyDeletion",
        context: chance.percent(70).then(|| context(chance)),
        facts,
        caller,
    }
}

fn caller(chance: &mut Chance) -> Caller {
    let elsewhere = chance.percent(25);
    let account = ACCOUNTS[usize::from(elsewhere)];
    // Unique ids are unique in the world.
    let world = if elsewhere { "2" } else { "" };
    let who = match chance.below(10) {
        0 => Who::Root,
        1..5 => {
            let name = *chance.pick(&["alice", "bob"]);
            Who::User {
                arn: format!("arn:aws:iam::{account}:user/{name}"),
                id: format!("AIDA{}{world}", name.to_uppercase()),
            }
        }
        _ => {
            let session = *chance.pick(&["one", "two"]);
            Who::Session {
                role_arn: format!("arn:aws:iam::{account}:role/app"),
                role_id: format!("AROAAPP{world}"),
                arn: format!("arn:aws:sts::{account}:assumed-role/app/{session}"),
            }
        }
    };
    Caller { account: account.to_owned(), who }
}

fn context(chance: &mut Chance) -> BTreeMap<String, String> {
    let mut context = BTreeMap::new();
    for name in ["app", "env"] {
        if chance.percent(60) {
            context.insert(name.to_owned(), (*chance.pick(&["a", "b"])).to_owned());
        }
    }
    context
}

/// Each key is known more often than not; those that can have several values have none to three.
fn facts(chance: &mut Chance, caller: &Caller) -> Facts {
    let mut facts = BTreeMap::new();
    let mut one = |key: &str, datum: Datum| facts.insert(key.to_owned(), Fact::One(datum));
    let text = |text: &str| Datum::Text(text.to_owned());
    let tags = ["a", "b", "A", "ab", "a*", "true", "7", "203.0.113.9", "2026-01-01T00:00:00Z", "alice", ""];
    if chance.percent(70) {
        one("aws:principaltag/team", one_of(chance, &tags));
    }
    if let Who::User { arn, .. } = &caller.who {
        one("aws:username", text(arn.rsplit('/').next().unwrap_or("")));
        one("aws:principalarn", text(arn));
    }
    if let Who::Session { role_arn, .. } = &caller.who {
        one("aws:principalarn", text(role_arn));
        one("aws:tokenissuetime", Datum::Time(*chance.pick(&TIMES_MS)));
    }
    one("kms:calleraccount", text(&caller.account));
    if chance.percent(60) {
        one("kms:encryptioncontext:app", one_of(chance, &["a", "b", "A", "ab", "7"]));
    }
    if chance.percent(50) {
        one("kms:viaservice", one_of(chance, &["s3.eu-central-1.amazonaws.com", "ec2.eu-central-1.amazonaws.com"]));
    }
    if chance.percent(60) {
        one("aws:resourcetag/env", one_of(chance, &["a", "b"]));
    }
    for key in ["kms:rotationperiodindays", "kms:schedulekeydeletionpendingwindowindays", "aws:multifactorauthage"] {
        if chance.percent(70) {
            one(key, Datum::Number(*chance.pick(&[7, 8, 30, 0, -1, 90])));
        }
    }
    for key in ["kms:multiregion", "aws:securetransport", "kms:grantisforawsresource", "aws:multifactorauthpresent"] {
        if chance.percent(70) {
            one(key, Datum::Bool(chance.percent(50)));
        }
    }
    one("aws:currenttime", Datum::Time(*chance.pick(&TIMES_MS)));
    one("aws:epochtime", Datum::Number(*chance.pick(&TIMES_MS) / 1000));
    if chance.percent(60) {
        one("kms:validto", Datum::Time(*chance.pick(&TIMES_MS)));
    }
    if chance.percent(80) {
        one("kms:recipientattestation:pcr0", one_of(chance, &["a", "b", "ab", ""]));
    }
    for key in ["aws:sourceip", "aws:vpcsourceip"] {
        if chance.percent(80) {
            let address = *chance.pick(&["203.0.113.7", "203.0.113.8", "10.9.8.7", "2001:db8::1", "::1"]);
            one(key, address.parse().map_or_else(|_| text(address), Datum::Address));
        }
    }
    for key in ["aws:sourcearn", "kms:grantconstraintsourcearn"] {
        if chance.percent(70) {
            one(key, one_of(chance, &SOURCES));
        }
    }
    several(chance, &mut facts);
    Facts(facts)
}

fn one_of(chance: &mut Chance, texts: &[&str]) -> Datum {
    Datum::Text((*chance.pick(texts)).to_owned())
}

fn several(chance: &mut Chance, facts: &mut BTreeMap<String, Fact>) {
    for key in ["kms:resourcealiases", "aws:tagkeys", "kms:encryptioncontextkeys", "kms:grantoperations"] {
        if chance.percent(75) {
            let values = (0..chance.below(4))
                .map(|_| Datum::Text((*chance.pick(&["a", "b", "A", "ab", "app", "Decrypt", "7"])).to_owned()));
            facts.insert(key.to_owned(), Fact::Many(values.collect()));
        }
    }
}

/// Around the turn of 2026, which conditions compare with.
const TIMES_MS: [i64; 5] =
    [1_767_225_600_000, 1_767_225_599_500, 1_767_225_601_000, 1_767_222_000_000, 1_900_000_000_000];

const SOURCES: [&str; 6] = [
    "arn:aws:sns:eu-central-1:111122223333:topic",
    "arn:aws:sns:us-east-1:444455556666:topic",
    "arn:aws:s3:::111122223333:bucket",
    "arn:aws:sqs:eu-central-1:111122223333:a:b",
    "topic",
    "arn:aws:iam::111122223333:user/alice",
];
