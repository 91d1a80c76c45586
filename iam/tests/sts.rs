//! Sessions: what AssumeRole takes and refuses, what a session says of itself, and what its token gives back.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{ALLOW, OWN, trusting};
use crypto::StoreKey;
use crypto::testing::Seeded;
use iam::record::{Role, Trust};
use iam::sts::{AssumeRole, Parameters, Session};
use iam::{Draw, Refusal};
use policy::{Arity, Value};
use serde_json::json;

const ROLE: &str = "arn:aws:iam::111122223333:role/eng/ops";
const NOW: i64 = 1_700_000_000_000;

fn role() -> Role {
    Role {
        name: "ops".to_owned(),
        path: "/eng/".to_owned(),
        id: "AROACKCEVSQ6C2EXAMPLE".to_owned(),
        created: 0,
        description: String::new(),
        trust: Trust::compile(trusting(OWN)).expect("a trust policy"),
        max_session_seconds: 7200,
        tags: BTreeMap::from([("Team".to_owned(), "role".to_owned()), ("site".to_owned(), "x".to_owned())]),
        policies: BTreeMap::new(),
    }
}

/// These parameters beside the role and the session's name; `tag k` is the tag of the key `k`.
fn given(more: &[(&str, &str)]) -> Parameters {
    let (role_arn, role_session_name) = (ROLE.to_owned(), "s1".to_owned());
    let mut given = Parameters { role_arn, role_session_name, ..Parameters::default() };
    for (name, value) in more {
        let text = (*value).to_owned();
        match *name {
            "RoleArn" => given.role_arn = text,
            "RoleSessionName" => given.role_session_name = text,
            "DurationSeconds" => given.duration_seconds = Some(text.parse().expect("seconds")),
            "Policy" => given.policy = Some(text),
            "ExternalId" => given.external_id = Some(text),
            "SourceIdentity" => given.source_identity = Some(text),
            "TransitiveTagKey" => given.transitive_tag_keys.push(text),
            tag => given.tags.push((tag.strip_prefix("tag ").expect("a tag").to_owned(), text)),
        }
    }
    given
}

fn ask(more: &[(&str, &str)], caller: Option<&Session>) -> Result<AssumeRole, Refusal> {
    AssumeRole::check(given(more), caller)
}

fn session(more: &[(&str, &str)], caller: Option<&Session>) -> Session {
    let asked = ask(more, caller).unwrap_or_else(|refusal| panic!("{more:?}: {refusal}"));
    let random = Seeded::new(1);
    asked
        .session(&role(), Draw { random: &random, now_ms: NOW })
        .unwrap_or_else(|refusal| panic!("{more:?}: {refusal}"))
}

#[test]
fn a_session_is_called_as_aws_calls_it() {
    let session = session(&[], None);
    assert_eq!(session.arn("aws"), "arn:aws:sts::111122223333:assumed-role/ops/s1");
    assert_eq!(session.role_arn("aws"), ROLE);
    assert_eq!(session.assumed_role_id(), "AROACKCEVSQ6C2EXAMPLE:s1");
    assert!(session.access_key_id.starts_with("ASIA") && session.access_key_id.len() == 20);
    assert_eq!(session.secret.expose().len(), 40);
    assert_eq!((session.issued_ms, session.expires_ms), (NOW, NOW + 3_600_000));
    assert!(!session.is_over(session.expires_ms - 1) && session.is_over(session.expires_ms));
}

#[test]
fn a_request_knows_whose_role_it_means() {
    let asked = ask(&[], None).expect("it is asked");
    assert_eq!((asked.role_account(), asked.role_name(), asked.role_arn().as_str()), (OWN, "ops", ROLE));
    assert!(asked.means(&role(), "aws"));
    assert!(!asked.means(&role(), "aws-cn"));
    assert!(!asked.means(&Role { path: "/".to_owned(), ..role() }, "aws"));
    assert!(!asked.means(&Role { name: "Ops".to_owned(), ..role() }, "aws"));
}

#[test]
fn a_token_gives_the_whole_session_back() {
    let (key, random) = (StoreKey::generate(&Seeded::new(1)).sessions(), Seeded::new(2));
    let tags = [
        ("tag Team", "a team: x+y/z"),
        ("TransitiveTagKey", "team"),
        ("Policy", ALLOW),
        ("SourceIdentity", "ann"),
        ("DurationSeconds", "900"),
    ];
    let first = session(&tags, None);
    let token = first.seal(&key, &random);
    assert_ne!(token, first.seal(&key, &random), "each token is another");
    let opened = Session::open(&token, &key).expect("it opens");
    let said = |session: &Session| {
        (
            session.arn("aws"),
            session.role_arn("aws"),
            session.assumed_role_id(),
            session.access_key_id.clone(),
            session.secret.expose().to_vec(),
            (session.issued_ms, session.expires_ms, session.is_chained),
            session.policy.clone(),
            session.tags.clone(),
            session.transitive.clone(),
            session.source_identity.clone(),
        )
    };
    assert_eq!(said(&opened), said(&first));
    assert_eq!(opened.transitive, BTreeSet::from(["Team".to_owned()]), "under the key that the tag has");
    assert_eq!(opened.policy.as_deref(), Some(ALLOW));
}

#[test]
fn no_other_text_is_a_token() {
    let (key, other) = (StoreKey::generate(&Seeded::new(1)).sessions(), StoreKey::generate(&Seeded::new(2)).sessions());
    let token = session(&[], None).seal(&key, &Seeded::new(3));
    assert!(Session::open(&token, &key).is_ok());
    assert!(Session::open(&token, &other).is_err(), "another store's");
    let broken = [
        String::new(),
        token[1..].to_owned(),
        token[..token.len() - 4].to_owned(),
        format!("{token}AAAA"),
        format!("{token}="),
        format!(" {token}"),
        token.replace('=', ""),
        token.to_lowercase(),
    ];
    for text in broken.iter().filter(|text| **text != token) {
        assert!(Session::open(text, &key).is_err(), "{text}");
    }
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        assert!(Session::open(std::str::from_utf8(&bytes).expect("text"), &key).is_err(), "letter {at}");
    }
}

#[test]
fn a_session_lasts_as_long_as_its_role_lets_it() {
    let too_long = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
    let chained = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
    let caller = session(&[], None);
    let cases = [
        ("900", false, Ok(900)),
        ("7200", false, Ok(7200)),
        ("7201", false, Err(too_long)),
        ("43200", false, Err(too_long)),
        ("3600", true, Ok(3600)),
        ("3601", true, Err(chained)),
        ("43200", true, Err(chained)),
    ];
    for (seconds, is_chained, expected) in cases {
        let asked = ask(&[("DurationSeconds", seconds)], is_chained.then_some(&caller)).expect("it is asked");
        let random = Seeded::new(1);
        let made = asked.session(&role(), Draw { random: &random, now_ms: NOW });
        let made = made.map(|session| (session.expires_ms - session.issued_ms) / 1000);
        let made = made.map_err(|refusal| (refusal.name, refusal.message));
        assert_eq!(made, expected.map_err(|text| ("ValidationError", text.to_owned())), "{seconds} {is_chained}");
    }
    assert!(session(&[], Some(&caller)).is_chained);
}

#[test]
fn every_action_that_is_done_is_to_be_allowed() {
    let tag = [("tag k", "v")];
    let transitive = [tag[0], ("TransitiveTagKey", "k")];
    let named = [("SourceIdentity", "ann")];
    let (tagged, behind) = (session(&transitive, None), session(&named, None));
    type Members<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Members, Option<&Session>, &[&str]); 5] = [
        (&[], None, &["sts:AssumeRole"]),
        (&tag, None, &["sts:AssumeRole", "sts:TagSession"]),
        (&named, None, &["sts:AssumeRole", "sts:SetSourceIdentity"]),
        (&[], Some(&tagged), &["sts:AssumeRole", "sts:TagSession"]),
        (&[], Some(&behind), &["sts:AssumeRole", "sts:SetSourceIdentity"]),
    ];
    for (members, caller, actions) in cases {
        assert_eq!(ask(members, caller).expect("it is asked").actions(), actions, "{members:?}");
    }
}

#[test]
fn transitive_tags_and_the_source_identity_go_down_the_chain() {
    let tags = [("tag Team", "a"), ("tag own", "b"), ("TransitiveTagKey", "Team"), ("SourceIdentity", "ann")];
    let first = session(&tags, None);
    let second = session(&[("tag new", "c")], Some(&first));
    let pairs = |session: &Session| session.tags.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
    assert_eq!(pairs(&second), ["Team=a", "new=c"]);
    let third = session(&[], Some(&second));
    assert_eq!(pairs(&third), ["Team=a"]);
    assert_eq!(third.source_identity.as_deref(), Some("ann"));
    for (members, name) in
        [([("tag TEAM", "z")].as_slice(), "ValidationError"), (&[("SourceIdentity", "bob")], "AccessDenied")]
    {
        assert_eq!(ask(members, Some(&first)).err().expect("it is refused").name, name, "{members:?}");
    }
    assert!(ask(&[("SourceIdentity", "ann")], Some(&first)).is_ok(), "the same again");
}

#[test]
fn a_sessions_tags_stand_over_those_of_its_role() {
    let session = session(&[("tag team", "mine")], None);
    let tags = session.principal_tags(&role());
    assert_eq!(tags, BTreeMap::from([("site".to_owned(), "x".to_owned()), ("team".to_owned(), "mine".to_owned())]));
}

#[test]
fn conditions_see_what_was_asked() {
    let asked = ask(
        &[
            ("tag Team", "a"),
            ("tag cost", "b"),
            ("TransitiveTagKey", "cost"),
            ("ExternalId", "x:1"),
            ("SourceIdentity", "ann"),
        ],
        None,
    )
    .expect("it is asked");
    let plain = ask(&[], None).expect("it is asked");
    let seen = |asked: &AssumeRole, key: &str| {
        let mut values = Vec::new();
        let arity = asked.fact(key, &mut |value| {
            let Value::Text(text) = value else { panic!("{key} is text") };
            values.push(text.to_owned());
        });
        (arity, values.join(","))
    };
    let cases = [
        ("sts:rolesessionname", (Arity::One, "s1"), (Arity::One, "s1")),
        ("sts:externalid", (Arity::One, "x:1"), (Arity::Absent, "")),
        ("sts:sourceidentity", (Arity::One, "ann"), (Arity::Absent, "")),
        ("sts:transitivetagkeys", (Arity::Many, "cost"), (Arity::Many, "")),
        ("aws:tagkeys", (Arity::Many, "Team,cost"), (Arity::Many, "")),
        ("aws:requesttag/team", (Arity::One, "a"), (Arity::Absent, "")),
        ("aws:requesttag/cost", (Arity::One, "b"), (Arity::Absent, "")),
        ("aws:requesttag/none", (Arity::Absent, ""), (Arity::Absent, "")),
        ("aws:username", (Arity::Absent, ""), (Arity::Absent, "")),
    ];
    for (key, full, bare) in cases {
        let owned = |(arity, text): (Arity, &str)| (arity, text.to_owned());
        assert_eq!(seen(&asked, key), owned(full), "{key}");
        assert_eq!(seen(&plain, key), owned(bare), "{key}");
    }
}

#[test]
fn what_is_recorded_is_what_cloudtrail_records() {
    let asked = ask(&[("DurationSeconds", "900"), ("tag k", "v")], None);
    assert_eq!(
        asked.expect("it is asked").recorded(),
        &json!({
            "roleArn": ROLE,
            "roleSessionName": "s1",
            "durationSeconds": 900,
            "tags": [{ "key": "k", "value": "v" }],
        })
    );
}

#[test]
fn policy_and_tags_have_room_up_to_a_limit_and_say_how_much() {
    assert_eq!(ask(&[], None).expect("it is asked").packed_percent(), None);
    let percent = ask(&[("Policy", ALLOW)], None).expect("it is asked").packed_percent();
    assert_eq!(percent, Some(2));
    // A session with as much as it may have in every place still has a token.
    let names: Vec<String> = (1..=20).map(|at| format!("tag {at:0128}")).collect();
    let value = "v".repeat(150);
    let tags: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
    let (session_name, identity) = ("n".repeat(64), "i".repeat(64));
    let arn = format!("arn:aws:iam::111122223333:role/{}/{}", "p".repeat(510), "r".repeat(64));
    let long = [("RoleArn", arn.as_str()), ("RoleSessionName", &session_name), ("SourceIdentity", &identity)];
    let asked = ask(&[&long[..], &tags].concat(), None).expect("it fits");
    assert_eq!(asked.packed_percent(), Some(93));
    let role = Role { name: "r".repeat(64), path: format!("/{}/", "p".repeat(510)), ..role() };
    let random = Seeded::new(1);
    let Ok(made) = asked.session(&role, Draw { random: &random, now_ms: NOW }) else {
        panic!("an hour is not too long")
    };
    let key = StoreKey::generate(&Seeded::new(1)).sessions();
    let token = made.seal(&key, &random);
    assert!(token.len() < 11_000, "{} letters fit among the headers", token.len());
    assert!(Session::open(&token, &key).is_ok());

    let document = ALLOW.replace("kms:*", &format!("kms:{}", "x".repeat(1000)));
    let with_policy = [&tags[..], &[("Policy", document.as_str())]].concat();
    let refusal = ask(&with_policy, None).err().expect("it is too much");
    assert_eq!(refusal.name, "PackedPolicyTooLarge");
    assert_eq!(refusal.message, "Packed policy consumes 111% of allotted space, please use smaller policy.");
    let value = "ü".repeat(256);
    let many: Vec<_> = tags.iter().map(|(name, _)| (*name, value.as_str())).collect();
    let refusal = ask(&many, None).err().expect("it is too much");
    assert!(refusal.message.starts_with("Packed size of session tags consumes 2"), "{refusal}");
}

#[test]
fn what_is_refused_is_refused_in_the_words_of_sts() {
    let constraint = |value: &str, member: &str, rest: &str| {
        format!(
            "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {rest}"
        )
    };
    let long = "x".repeat(2049);
    type Members<'a> = Vec<(&'a str, &'a str)>;
    let cases: Vec<(Members, &str, String)> = vec![
        (
            vec![("RoleArn", "arn:aws:iam")],
            "ValidationError",
            constraint("'arn:aws:iam'", "roleArn", "have length greater than or equal to 20"),
        ),
        (
            vec![("RoleArn", "arn:aws:iam::111122223333:user/ops")],
            "ValidationError",
            "arn:aws:iam::111122223333:user/ops is invalid".into(),
        ),
        (
            vec![("RoleArn", "arn:aws:iam::1111:role/ops-and-more")],
            "ValidationError",
            "arn:aws:iam::1111:role/ops-and-more is invalid".into(),
        ),
        (
            vec![("RoleArn", "arn:aws:iam::111122223333:roleops")],
            "ValidationError",
            "arn:aws:iam::111122223333:roleops is invalid".into(),
        ),
        (
            vec![("RoleSessionName", "s")],
            "ValidationError",
            constraint("'s'", "roleSessionName", "have length greater than or equal to 2"),
        ),
        (
            vec![("RoleSessionName", "a b")],
            "ValidationError",
            constraint("'a b'", "roleSessionName", r"satisfy regular expression pattern: [\w+=,.@-]*"),
        ),
        (
            vec![("RoleSessionName", "a/b")],
            "ValidationError",
            constraint("'a/b'", "roleSessionName", r"satisfy regular expression pattern: [\w+=,.@-]*"),
        ),
        (
            vec![("DurationSeconds", "899")],
            "ValidationError",
            constraint("'899'", "durationSeconds", "have value greater than or equal to 900"),
        ),
        (
            vec![("DurationSeconds", "43201")],
            "ValidationError",
            constraint("'43201'", "durationSeconds", "have value less than or equal to 43200"),
        ),
        (
            vec![("Policy", &long)],
            "ValidationError",
            constraint(&format!("'{}'", "x".repeat(256)), "policy", "have length less than or equal to 2048"),
        ),
        (
            vec![("ExternalId", "a b")],
            "ValidationError",
            constraint("'a b'", "externalId", r"satisfy regular expression pattern: [\w+=,.@:\/-]*"),
        ),
        (
            vec![("TransitiveTagKey", "k")],
            "ValidationError",
            "The transitive tag key k is not among the session tags".into(),
        ),
        (
            vec![("tag k", ""), ("tag K", "")],
            "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.".into(),
        ),
    ];
    for (members, name, message) in cases {
        let refusal = ask(&members, None).err().unwrap_or_else(|| panic!("{members:?}"));
        assert_eq!((refusal.name, refusal.message), (name, message), "{members:?}");
    }
    let malformed = ask(&[("Policy", "{}")], None).err().expect("it is no policy");
    assert_eq!(malformed.name, "MalformedPolicyDocument");
    let named = ask(&[("Policy", &trusting(OWN))], None).err().expect("it names principals");
    assert_eq!(named.name, "MalformedPolicyDocument");
}
