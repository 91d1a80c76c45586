//! Random documents: key policies, identity policies, session policies and grants that speak about the few principals,
//! actions and keys there are.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::conditions::{Place, Tested, condition};
use super::{ACCOUNTS, Chance};
use crate::common::{Constraint, Documents, Grant, Kind, ResourcePolicy};

/// Some of everything.
pub fn documents(chance: &mut Chance) -> Documents {
    let resource_policy = chance.percent(95).then(|| {
        let kind = if chance.percent(90) { Kind::Key } else { Kind::Trust };
        ResourcePolicy { kind, document: document(chance, kind), pins: pins(chance) }
    });
    let identity_policies = (0..chance.below(4)).map(|at| (format!("policy{at}"), document(chance, Kind::Identity)));
    Documents {
        resource_policy,
        identity_policies: identity_policies.collect(),
        session_policy: chance.percent(25).then(|| session_policy(chance)),
        grants: (0..chance.below(3)).map(|at| grant(chance, at)).collect(),
    }
}

/// One statement for everybody with one condition and nothing else: the answer to the owner's principals is the
/// condition's.
pub fn focussed(chance: &mut Chance) -> (Documents, Tested) {
    let (tested, key, values) = condition(chance, Place { kind: Kind::Key, has_variables: true });
    let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"});
    statement["Condition"] = json!({ tested.written.as_str(): { key: values } });
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    let resource_policy = ResourcePolicy { kind: Kind::Key, document, pins: BTreeMap::new() };
    (Documents { resource_policy: Some(resource_policy), ..Documents::default() }, tested)
}

pub fn session_policy(chance: &mut Chance) -> Json {
    document(chance, Kind::Session)
}

fn document(chance: &mut Chance, kind: Kind) -> Json {
    let version = match chance.below(10) {
        0 => None,
        1 => Some("2008-10-17"),
        _ => Some("2012-10-17"),
    };
    let place = Place { kind, has_variables: version == Some("2012-10-17") };
    let mut statements: Vec<Json> = (0..=chance.below(3)).map(|_| statement(chance, place)).collect();
    let mut document = Map::new();
    if let Some(version) = version {
        document.insert("Version".to_owned(), json!(version));
    }
    if chance.percent(10) && matches!(kind, Kind::Key | Kind::Trust) {
        document.insert("Id".to_owned(), json!("some id"));
    }
    let statement = if statements.len() == 1 && chance.percent(30) { statements.remove(0) } else { json!(statements) };
    document.insert("Statement".to_owned(), statement);
    Json::Object(document)
}

fn statement(chance: &mut Chance, place: Place) -> Json {
    let effect = if chance.percent(85) { "Allow" } else { "Deny" };
    statement_with(chance, place, effect)
}

/// For a document of any version.
pub fn deny_statement(chance: &mut Chance, kind: Kind) -> Json {
    statement_with(chance, Place { kind, has_variables: false }, "Deny")
}

fn statement_with(chance: &mut Chance, place: Place, effect: &str) -> Json {
    let kind = place.kind;
    let mut statement = Map::new();
    let mut set = |name: &str, value: Json| statement.insert(name.to_owned(), value);
    set("Effect", json!(effect));
    if matches!(kind, Kind::Key | Kind::Trust) {
        let excepting = kind == Kind::Key && effect == "Deny" && chance.percent(50);
        set(if excepting { "NotPrincipal" } else { "Principal" }, principal(chance, excepting));
    }
    if kind != Kind::Key || chance.percent(97) {
        let (name, actions) = match chance.percent(10) {
            true => ("NotAction", chance.some(&["kms:Encrypt", "kms:Decrypt", "kms:*Grant"], 2)),
            false => ("Action", chance.some(&ACTIONS, 3)),
        };
        set(name, one_or_list(chance, actions));
    }
    if kind != Kind::Trust && (kind != Kind::Key || chance.percent(97)) {
        let name = if chance.percent(8) { "NotResource" } else { "Resource" };
        let all = name == "Resource" && chance.percent(75);
        let resources = if all { vec!["*".to_owned()] } else { chance.some(&RESOURCES, 2) };
        set(name, one_or_list(chance, resources));
    }
    if chance.percent(if effect == "Allow" { 25 } else { 85 }) {
        set("Condition", conditions(chance, place));
    }
    Json::Object(statement)
}

fn conditions(chance: &mut Chance, place: Place) -> Json {
    let mut operators = Map::new();
    for _ in 0..=chance.below(2) {
        let (tested, key, values) = condition(chance, place);
        let keys = operators.entry(tested.written).or_insert_with(|| json!({}));
        let known = keys.as_object().is_some_and(|keys| keys.keys().any(|known| known.eq_ignore_ascii_case(&key)));
        if !known {
            keys[key] = values;
        }
    }
    Json::Object(operators)
}

/// Everybody, or a few of those there are in each form of naming them.
fn principal(chance: &mut Chance, excepting: bool) -> Json {
    if chance.percent(25) {
        return json!("*");
    }
    let mut names = chance.some(&PRINCIPALS, 3);
    if excepting && chance.percent(60) {
        // An exception names the whole chain, or nearly.
        names.push(ACCOUNTS[0].to_owned());
        names.push("arn:aws:iam::111122223333:role/app".to_owned());
        names.push("arn:aws:sts::111122223333:assumed-role/app/one".to_owned());
    }
    let mut types = json!({ "AWS": one_or_list(chance, names) });
    if chance.percent(5) {
        types["Service"] = json!("s3.amazonaws.com");
    }
    types
}

fn pins(chance: &mut Chance) -> BTreeMap<String, String> {
    let mut pins = BTreeMap::new();
    if chance.percent(10) {
        pins.insert(
            "arn:aws:iam::111122223333:user/alice".to_owned(),
            (*chance.pick(&["AIDAALICE", "AIDAOLD"])).to_owned(),
        );
    }
    let session = "arn:aws:sts::111122223333:assumed-role/app/one";
    if chance.percent(10) {
        pins.insert(session.to_owned(), (*chance.pick(&["AROAAPP", "AROAOLD"])).to_owned());
    }
    if chance.percent(10) {
        pins.insert(
            "arn:aws:iam::111122223333:role/app".to_owned(),
            (*chance.pick(&["AROAAPP", "AROAOLD"])).to_owned(),
        );
    }
    pins
}

fn grant(chance: &mut Chance, at: usize) -> Grant {
    let pairs = |chance: &mut Chance| {
        let names = chance.some(&["app", "env"], 2);
        names.into_iter().map(|name| (name, (*chance.pick(&["a", "b"])).to_owned())).collect()
    };
    let grantee = *chance.pick(&PRINCIPALS[..8]);
    // The one who has the name, or a former one; ids of the second account end in a 2.
    let ids: &[&str] = match grantee {
        "arn:aws:iam::111122223333:user/alice" => &["AIDAALICE", "AIDAOLD"],
        "arn:aws:iam::444455556666:user/alice" => &["AIDAALICE2", "AIDAOLD"],
        "arn:aws:iam::444455556666:role/app" => &["AROAAPP2", "AROAOLD"],
        "arn:aws:iam::111122223333:role/app" | "arn:aws:sts::111122223333:assumed-role/app/one" => {
            &["AROAAPP", "AROAOLD"]
        }
        _ => &[],
    };
    Grant {
        id: format!("grant{at}"),
        grantee: grantee.to_owned(),
        grantee_id: (!ids.is_empty() && chance.percent(30)).then(|| (*chance.pick(ids)).to_owned()),
        operations: chance
            .some(&["Encrypt", "Decrypt", "GenerateDataKey", "CreateGrant", "DescribeKey", "RetireGrant"], 4),
        constraint: match chance.below(3) {
            0 => None,
            1 => Some(Constraint::Equals(pairs(chance))),
            _ => Some(Constraint::Subset(pairs(chance))),
        },
        source_arn: chance.percent(15).then(|| "arn:aws:sns:eu-central-1:111122223333:topic".to_owned()),
    }
}

fn one_or_list(chance: &mut Chance, mut texts: Vec<String>) -> Json {
    if texts.len() == 1 && chance.percent(50) { json!(texts.remove(0)) } else { json!(texts) }
}

/// A document of this kind with one thing changed that may or may not make it unfit.
pub fn mutilated(chance: &mut Chance, kind: Kind) -> Json {
    let mut document = document(chance, kind);
    if chance.percent(20) {
        change(chance, &mut document);
    } else if matches!(kind, Kind::Key | Kind::Trust) && chance.percent(30) {
        let principal = json!({ "AWS": nearly_a_principal(chance) });
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "kms:*"});
        document["Statement"] = statement;
    } else {
        let statement = match &mut document["Statement"] {
            Json::Array(statements) => &mut statements[0],
            one => one,
        };
        change(chance, statement);
    }
    document
}

/// A principal of which a letter or two are lost, doubled or replaced.
fn nearly_a_principal(chance: &mut Chance) -> String {
    let mut text: Vec<char> = chance.pick(&PRINCIPALS).chars().collect();
    for _ in 0..chance.below(3) {
        let at = chance.below(text.len());
        match chance.below(3) {
            0 => text.insert(at, text[at]),
            1 => text[at] = *chance.pick(&[':', '/', '*', 'a', 'A', '1', ' ', '$', 'é']),
            _ => {
                text.remove(at);
            }
        }
    }
    text.into_iter().collect()
}

/// Takes a member away, puts one there, or gives one another value, mostly of those that belong to it.
fn change(chance: &mut Chance, object: &mut Json) {
    let Some(members) = object.as_object_mut() else { return };
    let odd = odd_values();
    let (name, values) = chance.pick(&odd);
    match chance.below(10) {
        0 => members.remove(*name),
        1 => {
            let (_, others) = chance.pick(&odd);
            members.insert((*name).to_owned(), chance.pick(others).clone())
        }
        _ => members.insert((*name).to_owned(), chance.pick(values).clone()),
    };
}

/// Members with values that are right or not quite, as often the one as the other.
fn odd_values() -> Vec<(&'static str, Vec<Json>)> {
    vec![
        ("Version", vec![json!("2012-10-17"), json!("2008-10-17"), json!("2012-10-18"), json!(2012), json!(null)]),
        ("Sid", vec![json!("Reader1"), json!(""), json!("with spaces"), json!(7), json!(["Reader"])]),
        ("Effect", vec![json!("Allow"), json!("Deny"), json!("deny"), json!(true), json!(["Allow"])]),
        ("Action", odd_actions()),
        ("NotAction", odd_actions()),
        ("Resource", odd_resources()),
        ("NotResource", odd_resources()),
        ("Principal", odd_principals()),
        ("NotPrincipal", odd_principals()),
        ("Condition", odd_conditions()),
        ("Condition", odd_conditions()),
        ("Condition", odd_conditions()),
        ("Id", vec![json!("an id"), json!(""), json!(7)]),
        ("effect", vec![json!("Allow")]),
        ("Comment", vec![json!("")]),
        ("Statement", vec![json!([]), json!({}), json!("*"), json!([[]])]),
    ]
}

fn odd_actions() -> Vec<Json> {
    vec![
        json!("*"),
        json!("kms:Encrypt"),
        json!(["kms:*", "*"]),
        json!("*:*"),
        json!("k?s:En*t"),
        json!("KMS:ENCRYPT"),
        json!(""),
        json!([]),
        json!({}),
        json!(null),
        json!(7),
        json!("Encrypt"),
        json!(["kms:*", 7]),
        json!([["*"]]),
        json!("kms:"),
        json!(":Encrypt"),
        json!("kms:En crypt"),
        json!("kms:${aws:username}"),
        json!("kms:a:b"),
    ]
}

fn odd_resources() -> Vec<Json> {
    vec![
        json!("*"),
        json!("arn:aws:kms:eu-central-1:111122223333:key/one"),
        json!("arn:aws:kms:*"),
        json!("${aws:username}"),
        json!(["*", "arn:aws:kms:*:*:key/${aws:username, 'one'}"]),
        json!("arn:${*}"),
        json!([]),
        json!({}),
        json!(null),
        json!(7),
        json!("key/one"),
        json!("arn:aws:kms:*:*:key/${"),
        json!("arn:aws:kms:*:*:key/${}"),
        json!(["*", {}]),
    ]
}

fn odd_principals() -> Vec<Json> {
    vec![
        json!("*"),
        json!({"AWS": "*"}),
        json!({"AWS": "111122223333"}),
        json!({"AWS": ["*", "AIDAALICE"]}),
        json!({"Service": "s3.amazonaws.com"}),
        json!({"Federated": "accounts.example.com", "AWS": "*"}),
        json!({"AWS": "arn:aws:iam::111122223333:root"}),
        json!({"AWS": "arn:aws:iam::111122223333:user/team/alice"}),
        json!({"AWS": "arn:aws:sts::111122223333:assumed-role/app/one"}),
        json!("alice"),
        json!({}),
        json!({"AWS": []}),
        json!({"AWS": "1111"}),
        json!({"AWS": ["*", {}]}),
        json!({"aws": "*"}),
        json!(["*"]),
        json!(null),
        json!({"AWS": "arn:aws:iam::111122223333:user/a*"}),
        json!({"AWS": "arn:aws:iam::111122223333:group/admins"}),
    ]
}

fn odd_conditions() -> Vec<Json> {
    vec![
        json!({}),
        json!({"StringEquals": {"aws:username": "alice"}}),
        json!({"StringEquals": {"aws:username": ["alice", 7, true]}}),
        json!({"StringEquals": {"aws:username": []}}),
        json!({"StringEquals": {}}),
        json!({"StringEquals": {"username": "alice"}}),
        json!({"StringEquals": "alice"}),
        json!({"StringEqual": {"aws:username": "alice"}}),
        json!({"stringequals": {"aws:username": "alice"}}),
        json!({"StringEquals": {"aws:username": null}}),
        json!({"StringEquals": {"aws:username": [["alice"]]}}),
        json!({"StringEquals": {"aws:username": "a", "AWS:UserName": "b"}}),
        json!({"StringEquals": {"aws:username": "a"}, "StringLike": {"AWS:UserName": "b"}}),
        json!({"NullIfExists": {"aws:username": true}}),
        json!({"ForAllValues:Null": {"aws:username": true}}),
        json!({"ForAnyValue:ArnNotLikeIfExists": {"aws:SourceArn": "arn:aws:s3:::*"}}),
        json!({"ForSomeValues:StringEquals": {"aws:username": "a"}}),
        json!({"ForAllValues:StringEquals": {"kms:EncryptionContext:app": "a"}}),
        json!({"ForAnyValue:StringEquals": {"kms:EncryptionContext:app": "a"}}),
        json!({"ForAllValues:StringLike": {"aws:RequestTag/env": "a"}}),
        json!({"ForAllValues:StringLike": {"aws:TagKeys": ["a", "b*"]}}),
        json!({"NumericEquals": {"aws:EpochTime": "soon"}}),
        json!({"NumericEquals": {"aws:EpochTime": ""}}),
        json!({"NumericEquals": {"aws:EpochTime": "1.5"}}),
        json!({"NumericEquals": {"aws:EpochTime": ["-7", 7]}}),
        json!({"NumericEquals": {"aws:EpochTime": "1e3"}}),
        json!({"NumericEquals": {"aws:EpochTime": "."}}),
        json!({"NumericEquals": {"aws:EpochTime": "${aws:EpochTime}"}}),
        json!({"DateEquals": {"aws:CurrentTime": "tomorrow"}}),
        json!({"DateEquals": {"aws:CurrentTime": "2026-02-29"}}),
        json!({"DateEquals": {"aws:CurrentTime": "2028-02-29T23:59:59.25-05:30"}}),
        json!({"DateEquals": {"aws:CurrentTime": "2026-01-01T24:00:00Z"}}),
        json!({"DateEquals": {"aws:CurrentTime": "2026-01-01T00:00:00"}}),
        json!({"DateEquals": {"aws:CurrentTime": 1767225600}}),
        json!({"Bool": {"aws:SecureTransport": "yes"}}),
        json!({"Bool": {"aws:SecureTransport": true}}),
        json!({"Null": {"aws:username": "maybe"}}),
        json!({"Null": {"aws:username": false}}),
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/33"}}),
        json!({"IpAddress": {"aws:SourceIp": "203.0.113"}}),
        json!({"IpAddress": {"aws:SourceIp": "203.0.113.0/"}}),
        json!({"IpAddress": {"aws:SourceIp": "2001:db8::/129"}}),
        json!({"IpAddress": {"aws:SourceIp": ["2001:db8::/128", "10.0.0.0/0", "10.1.2.3"]}}),
        json!({"BinaryEquals": {"aws:username": "a"}}),
        json!({"BinaryEquals": {"aws:username": "YQ=="}}),
        json!({"StringLike": {"aws:username": "${"}}),
        json!({"StringLike": {"aws:username": "${}"}}),
        json!({"StringLike": {"aws:username": "${aws:userid, anon}"}}),
        json!({"StringLike": {"aws:username": "${aws:userid, 'anon'}"}}),
        json!({"StringLike": {"aws:username": "$x{}$"}}),
        json!({"StringLike": {"aws:username": "${*}${?}${$}"}}),
    ]
}

const ACTIONS: [&str; 13] = [
    "kms:*",
    "kms:*",
    "kms:*",
    "*",
    "kms:Encrypt",
    "KMS:decrypt",
    "kms:GenerateDataKey*",
    "kms:?ncrypt",
    "kms:*Grant",
    "kms:DescribeKey",
    "kms:Create*",
    "s3:*",
    "kms:ScheduleKeyDeletion",
];

const RESOURCES: [&str; 8] = [
    "*",
    "arn:aws:kms:eu-central-1:111122223333:key/one",
    "arn:aws:kms:*:111122223333:key/*",
    "arn:aws:kms:*:*:key/t?o",
    "arn:aws:kms:eu-central-1:111122223333:key/${aws:PrincipalTag/team, 'one'}",
    "arn:aws:kms:*:*:key/a${*}b",
    "arn:aws:kms:eu-central-1:444455556666:key/*",
    "arn:aws:kms:eu-central-1:111122223333:key/${aws:username}",
];

/// The first eight can be grantees.
const PRINCIPALS: [&str; 13] = [
    "arn:aws:iam::111122223333:root",
    "arn:aws:iam::111122223333:user/alice",
    "arn:aws:iam::111122223333:user/bob",
    "arn:aws:iam::111122223333:role/app",
    "arn:aws:sts::111122223333:assumed-role/app/one",
    "arn:aws:iam::444455556666:root",
    "arn:aws:iam::444455556666:role/app",
    "arn:aws:iam::444455556666:user/alice",
    "111122223333",
    "444455556666",
    "AIDAALICE",
    "AROAAPP",
    "AROAAPP2",
];
