//! Accounts, users, roles, access keys and sessions through the service: who is believed, what they may change, and what
//! their records say. What each verb does to a record is tested where the verbs are.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;

use common::engines::Meddler;
use common::identities::{Keys, allow, element};
use common::log::Log;
use common::{House, OWN, Refusal, STRANGER, home_in, text_at};
use iam::rows;
use kms::{Caller, Enforcement, Mode, Scope, Time, recover};
use serde_json::{Value, json};
use store::testing::{Fate, Faulty};
use wire::Op;

const HOUR_MS: i64 = 3_600_000;

/// The account [`OWN`] and its root.
async fn owned() -> (House, Keys) {
    let house = House::new().await;
    let root = house.own_account().await;
    (house, root)
}

fn unrecognized<T>() -> Result<T, Refusal> {
    refuse("UnrecognizedClientException", "The security token included in the request is invalid.")
}

fn expired<T>() -> Result<T, Refusal> {
    refuse("ExpiredTokenException", "The security token included in the request is expired")
}

fn refuse<T>(name: &str, message: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(name.to_owned(), message.into()))
}

fn denied<T>(message: impl Into<String>) -> Result<T, Refusal> {
    refuse("AccessDenied", message)
}

/// Whether this caller gets through to their own account's keys.
async fn random(house: &House, caller: &Caller) -> Result<(), Refusal> {
    house.call_as(caller, Op::GenerateRandom, json!({ "NumberOfBytes": 1 })).await.map(drop)
}

fn arn_of_user(name: &str) -> String {
    format!("arn:aws:iam::{OWN}:user/{name}")
}

// ---- verbs ----

#[tokio::test]
async fn a_root_makes_a_user_who_signs_in_and_is_somebody_else() {
    let (house, root) = owned().await;
    let root = house.sign_in(&root).await;
    let told = house.administer(&root, "CreateUser", json!({ "UserName": "ann", "Path": "/eng/" })).await.unwrap();
    assert_eq!(told["User"]["Arn"], format!("arn:aws:iam::{OWN}:user/eng/ann"));
    let keys = Keys::of(&house.administer(&root, "CreateAccessKey", json!({ "UserName": "ann" })).await.unwrap());
    let ann = house.sign_in(&keys).await;
    assert_eq!(ann.arn(), format!("arn:aws:iam::{OWN}:user/eng/ann"));
    assert_eq!((ann.account(), ann.access_key_id()), (OWN, Some(keys.id.as_str())));
    assert_ne!(ann, root);
}

#[tokio::test]
async fn verbs_ask_the_policies_of_whoever_asks() {
    let (house, _) = owned().await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iam:CreateUser", "Resource": format!("arn:aws:iam::{OWN}:user/team/*") },
        { "Effect": "Allow", "Action": "iam:*User", "Resource": "*",
          "Condition": { "StringEquals": { "aws:ResourceTag/owner": "${aws:username}" } } },
        { "Effect": "Allow", "Action": "iam:TagUser", "Resource": "*",
          "Condition": { "ForAllValues:StringEquals": { "aws:TagKeys": ["owner"] },
                         "StringEquals": { "aws:RequestTag/owner": "ann" } } },
        { "Effect": "Deny", "Action": "iam:DeleteUser", "Resource": format!("arn:aws:iam::{OWN}:user/team/bob") },
    ] });
    let ann = house.user(OWN, "ann", Some(policy)).await;
    let ann = house.sign_in(&ann).await;
    let (user, who) = (|name: &str| format!("arn:aws:iam::{OWN}:user/{name}"), arn_of_user("ann"));
    let lacks = |action: &str, resource: String| {
        denied(format!(
            "User: {who} is not authorized to perform: {action} on resource: {resource} because no identity-based \
             policy allows the {action} action"
        ))
    };
    let owner = |name: &str| json!([{ "Key": "owner", "Value": name }]);
    for (verb, body, expected) in [
        ("CreateUser", json!({ "UserName": "bob" }), lacks("iam:CreateUser", user("bob"))),
        ("CreateUser", json!({ "UserName": "bob", "Path": "/team/" }), Ok(())),
        ("GetUser", json!({ "UserName": "bob" }), lacks("iam:GetUser", user("team/bob"))),
        ("TagUser", json!({ "UserName": "bob", "Tags": owner("eve") }), lacks("iam:TagUser", user("team/bob"))),
        ("TagUser", json!({ "UserName": "bob", "Tags": owner("ann") }), Ok(())),
        ("GetUser", json!({ "UserName": "bob" }), Ok(())),
        (
            "CreateUser",
            json!({ "UserName": "cat", "Path": "/team/", "Tags": owner("eve") }),
            lacks("iam:TagUser", user("team/cat")),
        ),
        ("CreateUser", json!({ "UserName": "cat", "Path": "/team/", "Tags": owner("ann") }), Ok(())),
        (
            "DeleteUser",
            json!({ "UserName": "bob" }),
            denied(format!(
                "User: {who} is not authorized to perform: iam:DeleteUser on resource: {} with an explicit deny in an \
                 identity-based policy",
                user("team/bob")
            )),
        ),
        ("DeleteUser", json!({ "UserName": "cat" }), Ok(())),
        ("CreateAccessKey", json!({}), lacks("iam:CreateAccessKey", user("ann"))),
        ("DeleteUser", json!({ "UserName": "nobody" }), lacks("iam:DeleteUser", user("nobody"))),
    ] {
        let told = house.administer(&ann, verb, body.clone()).await.map(drop);
        assert_eq!(told, expected, "{verb} {body}");
    }
}

#[tokio::test]
async fn accounts_are_apart_and_managed_from_one_alone() {
    let (house, own) = owned().await;
    let stranger = house.another_account(STRANGER).await;
    let (own, stranger) = (house.sign_in(&own).await, house.sign_in(&stranger).await);
    house.administer(&own, "CreateUser", json!({ "UserName": "ann" })).await.expect("ours");
    let told = house.administer(&stranger, "GetUser", json!({ "UserName": "ann" })).await;
    assert_eq!(told, refuse("NoSuchEntity", "The user with name ann cannot be found."));
    house.administer(&stranger, "CreateUser", json!({ "UserName": "ann" })).await.expect("another one, theirs");
    for verb in ["CreateAccount", "ListAccounts"] {
        let told = house.administer(&stranger, verb, json!({})).await;
        assert_eq!(common::name_of(&told), "AccessDenied", "{verb}: {told:?}");
    }
    let listed = house.administer(&own, "ListAccounts", json!({})).await.expect("the managing account lists them");
    let ids = listed["Accounts"].as_array().unwrap().iter().map(|account| text_at(account, "/Id"));
    assert_eq!(ids.collect::<Vec<_>>(), [OWN, STRANGER]);
    let bob = house.user(OWN, "bob", Some(allow(json!(["iam:*"])))).await;
    let told = house.administer(&house.sign_in(&bob).await, "CreateAccount", json!({})).await;
    assert_eq!(
        told,
        denied(format!(
            "User: {} is not authorized to perform: organizations:CreateAccount on resource: * because no \
             identity-based policy allows the organizations:CreateAccount action",
            arn_of_user("bob")
        ))
    );
}

#[tokio::test]
async fn what_is_no_verb_or_no_body_is_refused_and_recorded() {
    let (house, root) = owned().await;
    let root = house.sign_in(&root).await;
    assert_eq!(house.administer(&root, "CreateGroup", json!({})).await, refuse("UnknownOperationException", ""));
    for body in [json!([]), json!({ "UserName": 1 }), json!({ "UserNam": "ann" }), json!({ "UserName": "a b" })] {
        let before = house.records().len();
        let told = house.administer(&root, "CreateUser", body.clone()).await;
        let name = common::name_of(&told);
        assert!(["SerializationException", "ValidationError"].contains(&name), "{body}: {told:?}");
        let [record] = &house.records_from(before)[..] else { panic!("{body} left no record") };
        assert_eq!((&record["eventName"], &record["errorCode"]), (&json!("CreateUser"), &json!(name)));
    }
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_makes_the_user_and_no_user_gets_a_third_key() {
    let (house, root) = owned().await;
    let root = house.sign_in(&root).await;
    let house = Arc::new(house);
    let all = |verb: &'static str| {
        let (house, root) = (house.clone(), root.clone());
        async move {
            let mut tasks = Vec::new();
            for _ in 0..12 {
                let (house, root) = (house.clone(), root.clone());
                tasks.push(tokio::spawn(async move {
                    house.administer(&root, verb, json!({ "UserName": "ann" })).await.map_err(|refused| refused.0)
                }));
            }
            let mut told = Vec::new();
            for task in tasks {
                told.push(task.await.expect("no panic"));
            }
            told
        }
    };
    let made = all("CreateUser").await;
    assert_eq!(made.iter().filter(|told| told.is_ok()).count(), 1, "{made:?}");
    let made = all("CreateAccessKey").await;
    let keys: Vec<_> = made.iter().filter_map(|told| told.as_ref().ok()).map(Keys::of).collect();
    assert_eq!(keys.len(), 2, "{made:?}");
    for keys in &keys {
        assert_eq!(house.sign_in(keys).await.arn(), arn_of_user("ann"));
    }
}

#[tokio::test]
async fn the_key_that_was_answered_is_the_one_that_is_there_whatever_the_commits_end() {
    let fates: [&[Fate]; 4] =
        [&[Fate::Landed], &[Fate::Lost], &[Fate::Lost, Fate::Lost, Fate::Landed], &[Fate::Lost, Fate::Landed]];
    for fates in fates {
        let mut faulty = None;
        let house = House::with(Mode::Serve, |store| faulty.insert(Faulty::new(store)).clone()).await;
        let root = house.own_account().await;
        let root = house.sign_in(&root).await;
        house.administer(&root, "CreateUser", json!({ "UserName": "ann" })).await.expect("a user");
        let before = house.records().len();
        for fate in fates {
            let of_a_call = |batch: &store::Batch| batch.puts.iter().any(|(name, _)| name.starts_with(b"o\0"));
            faulty.as_ref().expect("an engine").next_where(fate.clone(), of_a_call);
        }
        let keys = Keys::of(&house.administer(&root, "CreateAccessKey", json!({ "UserName": "ann" })).await.unwrap());
        assert_eq!(house.sign_in(&keys).await.arn(), arn_of_user("ann"), "{fates:?}");
        assert_eq!(house.records_from(before).len(), 1, "{fates:?}: it is recorded once");
    }
}

// ---- access keys ----

#[tokio::test]
async fn a_key_that_was_switched_off_or_deleted_is_nobodys_from_the_next_request_on() {
    let (house, _) = owned().await;
    let keys = house.user(OWN, "ann", Some(allow(json!(["kms:*"])))).await;
    random(&house, &house.sign_in(&keys).await).await.expect("she may");
    let set = async |status: &str| {
        let body = json!({ "UserName": "ann", "AccessKeyId": keys.id, "Status": status });
        house.manage(OWN, "UpdateAccessKey", body).await;
    };
    set("Inactive").await;
    assert_eq!(house.try_sign_in(&keys, Scope::Kms).await, unrecognized());
    set("Active").await;
    assert!(house.try_sign_in(&keys, Scope::Kms).await.is_ok());
    house.manage(OWN, "DeleteAccessKey", json!({ "UserName": "ann", "AccessKeyId": keys.id })).await;
    assert_eq!(house.try_sign_in(&keys, Scope::Kms).await, unrecognized());
    let never = Keys { id: "AKIANEVERTHEREAAAAAA".to_owned(), ..keys.clone() };
    assert_eq!(house.try_sign_in(&never, Scope::Kms).await, unrecognized(), "in the same words");
}

#[tokio::test]
async fn a_credential_is_for_the_service_that_it_is_scoped_to() {
    let (house, root) = owned().await;
    for asked in [Scope::Kms, Scope::Iam, Scope::Sts] {
        for signed in [Scope::Kms, Scope::Iam, Scope::Sts] {
            let headers = root.sign(b"{}", house.now(), common::REGION, signed.as_str());
            let head = wire::sigv4::Head { method: "POST", path: "/", query: "", headers: &headers };
            let told = house.service.authenticate(&head, b"{}", asked, house.now()).await;
            let told = told.map(drop).map_err(|fault| fault.message.unwrap_or_default());
            let text = format!("Credential should be scoped to correct service: '{}'. ", asked.as_str());
            assert_eq!(told, if asked == signed { Ok(()) } else { Err(text) }, "{signed:?} for {asked:?}");
        }
    }
}

/// A service proves a caller and another request deletes them before this one runs.
#[tokio::test]
async fn a_user_who_is_gone_and_comes_again_by_the_same_name_is_somebody_else() {
    let (house, _) = owned().await;
    let old = house.user(OWN, "ann", Some(allow(json!(["kms:*", "iam:*"])))).await;
    let proven = house.sign_in(&old).await;
    random(&house, &proven).await.expect("she may");
    let forget = async || {
        let listed = house.manage(OWN, "ListAccessKeys", json!({ "UserName": "ann" })).await;
        for key in listed["AccessKeyMetadata"].as_array().expect("a list") {
            let body = json!({ "UserName": "ann", "AccessKeyId": key["AccessKeyId"] });
            house.manage(OWN, "DeleteAccessKey", body).await;
        }
        house.manage(OWN, "DeleteUserPolicy", json!({ "UserName": "ann", "PolicyName": "mine" })).await;
        house.manage(OWN, "DeleteUser", json!({ "UserName": "ann" })).await;
    };
    forget().await;
    assert_eq!(random(&house, &proven).await, unrecognized());
    let new = house.user(OWN, "ann", Some(allow(json!(["kms:*", "iam:*"])))).await;
    assert_eq!(random(&house, &proven).await, unrecognized(), "another ann may, and this one is not her");
    let told = house.administer(&proven, "GetUser", json!({ "UserName": "ann" })).await;
    assert_eq!(told, unrecognized());
    assert_eq!(house.sts(&proven, "Action=GetCallerIdentity&Version=2011-06-15").await, unrecognized());
    assert_eq!(house.try_sign_in(&old, Scope::Kms).await, unrecognized());
    random(&house, &house.sign_in(&new).await).await.expect("the new one may");
}

/// An access key whose row was put back, as from a copy, does not bring back the user who had it.
#[tokio::test]
async fn an_access_key_does_not_outlive_its_user() {
    let (house, _) = owned().await;
    let keys = house.user(OWN, "ann", None).await;
    let row = house.rows(&rows::access_key(&keys.id)).await.remove(0);
    house.manage(OWN, "DeleteAccessKey", json!({ "UserName": "ann", "AccessKeyId": keys.id })).await;
    house.manage(OWN, "DeleteUser", json!({ "UserName": "ann" })).await;
    house.put(row.key.clone(), row.value.to_vec()).await;
    assert_eq!(house.try_sign_in(&keys, Scope::Kms).await, unrecognized());
    house.manage(OWN, "CreateUser", json!({ "UserName": "ann" })).await;
    assert_eq!(house.try_sign_in(&keys, Scope::Kms).await, unrecognized());
}

/// A user's rights go while a request of theirs is about to commit: it is run again, and refused.
#[tokio::test]
async fn a_commit_expects_the_rights_that_it_relied_on() {
    let mut meddler = None;
    let house = House::with(Mode::Serve, |store| meddler.insert(Meddler::new(store)).clone()).await;
    let meddler = meddler.expect("an engine");
    house.own_account().await;
    let keys = house.user(OWN, "ann", None).await;
    let powerless = house.rows(&rows::user(OWN, "ann")).await.remove(0);
    let body =
        json!({ "UserName": "ann", "PolicyName": "mine", "PolicyDocument": allow(json!(["iam:*"])).to_string() });
    house.manage(OWN, "PutUserPolicy", body).await;
    let ann = house.sign_in(&keys).await;
    meddler.meddle_with(powerless);
    let told = house.administer(&ann, "CreateUser", json!({ "UserName": "bob" })).await;
    assert!(meddler.stop() > 0, "the commit expected the user's row");
    assert_eq!(common::name_of(&told), "AccessDenied", "{told:?}");
    assert!(house.rows(&rows::user(OWN, "bob")).await.is_empty());
}

// ---- sessions ----

/// An account, a user who may assume everything, and a role that she may assume.
async fn with_role(policy: Option<Value>) -> (House, Caller, String) {
    let (house, _) = owned().await;
    let keys = house.user(OWN, "ann", Some(allow(json!(["sts:*"])))).await;
    let role = house.role(OWN, "ops", json!(arn_of_user("ann")), policy).await;
    let ann = house.sign_in(&keys).await;
    (house, ann, role)
}

#[tokio::test]
async fn a_session_is_its_role_for_as_long_as_it_lasts() {
    let (house, ann, role) = with_role(Some(allow(json!(["kms:*"])))).await;
    let keys = house.assume(&ann, &role, "shift", "&DurationSeconds=900").await.expect("she may");
    assert!(keys.id.starts_with("ASIA"), "{}", keys.id);
    let session = house.sign_in(&keys).await;
    assert_eq!(session.arn(), format!("arn:aws:sts::{OWN}:assumed-role/ops/shift"));
    random(&house, &session).await.expect("the role may");
    let begun = house.now().0;
    for (millis, believed) in [(0, true), (899_999, true), (900_000, false), (HOUR_MS, false)] {
        let told = house.sign_in_at(&keys, Scope::Kms, Time(begun + millis)).await;
        assert_eq!(told.map(drop), if believed { Ok(()) } else { expired() }, "after {millis} ms");
    }
}

#[tokio::test]
async fn who_am_i() {
    let (house, root) = owned().await;
    let ann = house.user(OWN, "ann", Some(allow(json!(["sts:AssumeRole"])))).await;
    let role = house.role(OWN, "ops", json!(arn_of_user("ann")), None).await;
    let (root, ann) = (house.sign_in(&root).await, house.sign_in(&ann).await);
    let session = house.sign_in(&house.assume(&ann, &role, "shift", "").await.unwrap()).await;
    let user_id = text_at(&house.manage(OWN, "GetUser", json!({ "UserName": "ann" })).await, "/User/UserId");
    let role_id = text_at(&house.manage(OWN, "GetRole", json!({ "RoleName": "ops" })).await, "/Role/RoleId");
    for (caller, arn, id) in [
        (root, format!("arn:aws:iam::{OWN}:root"), OWN.to_owned()),
        (ann, arn_of_user("ann"), user_id),
        (session, format!("arn:aws:sts::{OWN}:assumed-role/ops/shift"), format!("{role_id}:shift")),
    ] {
        let xml = house.sts(&caller, "Action=GetCallerIdentity&Version=2011-06-15").await.expect("everybody may ask");
        let told = (element(&xml, "Arn"), element(&xml, "UserId"), element(&xml, "Account"));
        assert_eq!(told, (arn, id, OWN.to_owned()));
    }
}

#[tokio::test]
async fn a_token_is_only_good_whole_with_its_own_key_id_and_in_its_own_store() {
    let (house, ann, role) = with_role(None).await;
    let keys = house.assume(&ann, &role, "shift", "").await.expect("she may");
    let other = house.assume(&ann, &role, "shift", "").await.expect("she may again");
    assert_ne!((&keys.id, &keys.secret, &keys.token), (&other.id, &other.secret, &other.token));
    assert!(house.try_sign_in(&keys, Scope::Kms).await.is_ok());
    let token = keys.token.clone().expect("a session has a token");
    let long_term = house.user(OWN, "bob", None).await;
    let with = |token: &str| Keys { token: Some(token.to_owned()), ..keys.clone() };
    let mut wrong = vec![
        ("no token", Keys { token: None, ..keys.clone() }),
        ("another session's token", Keys { token: other.token.clone(), ..keys.clone() }),
        ("another session's key id", Keys { id: other.id.clone(), ..keys.clone() }),
        ("a long-term key with a token", Keys { token: Some(token.clone()), ..long_term.clone() }),
        ("a token and no key of its own", Keys { id: "ASIAAAAAAAAAAAAAAAAA".to_owned(), ..keys.clone() }),
        ("a longer token", with(&format!("{token}A"))),
        ("half a token", with(&token[..token.len() / 2])),
        ("no base64", with("not a token")),
        ("a token of zeros", with(&"A".repeat(token.len()))),
    ];
    for at in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        wrong.push(("a token with one letter changed", with(&String::from_utf8(bytes).unwrap())));
    }
    for (what, keys) in &wrong {
        assert_eq!(house.try_sign_in(keys, Scope::Kms).await, unrecognized(), "{what}: {:?}", keys.token);
    }
    let mismatch = Keys { secret: other.secret.clone(), ..keys.clone() };
    let told = house.try_sign_in(&mismatch, Scope::Kms).await.expect_err("another session's secret");
    assert_eq!(told.0, "InvalidSignatureException");
    let dir = tempfile::tempdir().expect("a directory");
    let elsewhere = House::on_disk(Mode::Serve, dir.path()).await;
    assert_eq!(elsewhere.sign_in_at(&keys, Scope::Kms, house.now()).await, unrecognized());
    let again = house.again().await;
    assert!(again.try_sign_in(&keys, Scope::Kms).await.is_ok(), "a restart ends no session");
}

#[tokio::test]
async fn a_session_ends_with_its_role_even_if_there_is_another_by_that_name() {
    let (house, ann, role) = with_role(Some(allow(json!(["kms:*"])))).await;
    let keys = house.assume(&ann, &role, "shift", "").await.expect("she may");
    let session = house.sign_in(&keys).await;
    random(&house, &session).await.expect("the role may");
    house.manage(OWN, "DeleteRolePolicy", json!({ "RoleName": "ops", "PolicyName": "mine" })).await;
    assert_eq!(common::name_of(&random(&house, &session).await.map(|()| Value::Null)), "AccessDeniedException");
    house.manage(OWN, "DeleteRole", json!({ "RoleName": "ops" })).await;
    assert_eq!(random(&house, &session).await, unrecognized());
    house.role(OWN, "ops", json!(arn_of_user("ann")), Some(allow(json!(["kms:*"])))).await;
    assert_eq!(random(&house, &session).await, unrecognized());
}

#[tokio::test]
async fn who_may_not_assume_a_role_does_not_learn_whether_it_is_there() {
    let (house, root) = owned().await;
    let stranger = house.another_account(STRANGER).await;
    let ann = house.user(OWN, "ann", Some(allow(json!(["sts:*"])))).await;
    let bob = house.user(OWN, "bob", None).await;
    let eve = house.user(STRANGER, "eve", Some(allow(json!(["sts:*"])))).await;
    let role = house.role(OWN, "ops", json!(arn_of_user("ann")), None).await;
    let missing = format!("arn:aws:iam::{OWN}:role/none");
    for keys in [&bob, &eve] {
        let caller = house.sign_in(keys).await;
        for arn in [&role, &missing] {
            let expected =
                format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", caller.arn());
            assert_eq!(house.assume(&caller, arn, "x1", "").await, denied(expected));
        }
    }
    for keys in [&root, &stranger] {
        let told = house.assume(&house.sign_in(keys).await, &role, "x1", "").await;
        assert_eq!(told, denied("Roles may not be assumed by root accounts."));
    }
    let pathless = format!("arn:aws:iam::{OWN}:role/elsewhere/ops");
    let told = house.assume(&house.sign_in(&ann).await, &pathless, "x1", "").await;
    assert_eq!(told.map_err(|refused| refused.0), Err("AccessDenied".to_owned()), "the path is part of the name");
}

#[tokio::test]
async fn a_role_in_another_account_needs_both_sides() {
    let (house, _) = owned().await;
    house.another_account(STRANGER).await;
    let role =
        house.role(OWN, "ops", json!(format!("arn:aws:iam::{STRANGER}:root")), Some(allow(json!(["kms:*"])))).await;
    let eve = house.user(STRANGER, "eve", Some(allow(json!(["sts:AssumeRole"])))).await;
    let mallory = house.user(STRANGER, "mallory", None).await;
    let ann = house.user(OWN, "ann", Some(allow(json!(["sts:AssumeRole"])))).await;
    let keys = house.assume(&house.sign_in(&eve).await, &role, "visit", "").await.expect("trusted and allowed");
    let session = house.sign_in(&keys).await;
    assert_eq!(session.account(), OWN);
    random(&house, &session).await.expect("it is a principal of the role's account");
    for (who, keys) in [("not allowed", &mallory), ("not trusted", &ann)] {
        let told = house.assume(&house.sign_in(keys).await, &role, "visit", "").await;
        assert_eq!(told.map_err(|refused| refused.0), Err("AccessDenied".to_owned()), "{who}");
    }
}

/// Trust is in this principal, and not in whoever has the name later.
#[tokio::test]
async fn a_role_does_not_trust_whoever_comes_by_the_name() {
    let (house, ann, role) = with_role(None).await;
    house.assume(&ann, &role, "shift", "").await.expect("she may");
    let keys = ann.access_key_id().expect("she signs").to_owned();
    house.manage(OWN, "DeleteAccessKey", json!({ "UserName": "ann", "AccessKeyId": keys })).await;
    house.manage(OWN, "DeleteUserPolicy", json!({ "UserName": "ann", "PolicyName": "mine" })).await;
    house.manage(OWN, "DeleteUser", json!({ "UserName": "ann" })).await;
    let another = house.user(OWN, "ann", Some(allow(json!(["sts:*"])))).await;
    let told = house.assume(&house.sign_in(&another).await, &role, "shift", "").await;
    assert_eq!(told.map_err(|refused| refused.0), Err("AccessDenied".to_owned()));
}

#[tokio::test]
async fn a_session_policy_only_takes_away() {
    let (house, ann, role) = with_role(Some(allow(json!(["kms:GenerateRandom", "kms:ListKeys"])))).await;
    let limited = async |actions: Value| {
        let policy = allow(actions).to_string().bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let keys = house.assume(&ann, &role, "shift", &format!("&Policy={policy}")).await.expect("she may");
        house.sign_in(&keys).await
    };
    let may = async |caller: &Caller, op: Op, body: Value| house.call_as(caller, op, body).await.is_ok();
    let (one, other) = (limited(json!(["kms:GenerateRandom"])).await, limited(json!(["kms:*"])).await);
    assert!(random(&house, &one).await.is_ok());
    assert!(!may(&one, Op::ListKeys, json!({})).await, "the session policy does not allow it");
    assert!(may(&other, Op::ListKeys, json!({})).await);
    assert!(!may(&other, Op::ListAliases, json!({})).await, "the role does not allow it");
}

#[tokio::test]
async fn session_tags_outweigh_the_roles_and_external_ids_and_names_can_be_asked_for() {
    let (house, _) = owned().await;
    let ann = house.user(OWN, "ann", Some(allow(json!(["sts:*"])))).await;
    let ann = house.sign_in(&ann).await;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": OWN }, "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": { "StringEquals": { "sts:ExternalId": "secret-handshake", "sts:RoleSessionName": "${aws:username}" } },
    }] });
    let body = json!({ "RoleName": "ops", "AssumeRolePolicyDocument": trust.to_string(),
                       "Tags": [{ "Key": "Team", "Value": "red" }, { "Key": "site", "Value": "x" }] });
    let role = text_at(&house.manage(OWN, "CreateRole", body).await, "/Role/Arn");
    let policy = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*",
        "Condition": { "StringEquals": { "aws:PrincipalTag/team": "blue", "aws:PrincipalTag/site": "x",
                                         "aws:PrincipalType": "AssumedRole", "aws:PrincipalArn": role },
                       "Bool": { "aws:MultiFactorAuthPresent": "false" },
                       "DateLessThanEquals": { "aws:TokenIssueTime": "2025-06-15T15:06:40Z" } },
    }] });
    let body = json!({ "RoleName": "ops", "PolicyName": "mine", "PolicyDocument": policy.to_string() });
    house.manage(OWN, "PutRolePolicy", body).await;
    let handshake = "&ExternalId=secret-handshake";
    let tagged = format!("{handshake}&Tags.member.1.Key=team&Tags.member.1.Value=blue");
    for (name, more, goes, may) in [
        ("ann", tagged.as_str(), true, true),
        ("ann", handshake, true, false),
        ("ann", "", false, false),
        ("ann", "&ExternalId=wrong", false, false),
        ("bob", handshake, false, false),
    ] {
        let assumed = house.assume(&ann, &role, name, more).await;
        assert_eq!(assumed.is_ok(), goes, "{name} {more}: {assumed:?}");
        if let Ok(keys) = assumed {
            assert_eq!(random(&house, &house.sign_in(&keys).await).await.is_ok(), may, "{name} {more}");
        }
    }
}

/// Every condition key about a principal, as a user and as a session have it.
#[tokio::test]
async fn conditions_find_who_it_is() {
    let (house, _) = owned().await;
    let keys = house.user(OWN, "ann", None).await;
    house.manage(OWN, "TagUser", json!({ "UserName": "ann", "Tags": [{ "Key": "Team", "Value": "red" }] })).await;
    let role = house.role(OWN, "ops", json!(arn_of_user("ann")), None).await;
    let ann = house.sign_in(&keys).await;
    let session = house.sign_in(&house.assume(&ann, &role, "shift", "").await.expect("she is trusted")).await;
    let equals = |key: &str, value: &str| json!({ "StringEquals": { key: value } });
    let absent = |key: &str| json!({ "Null": { key: "true" } });
    for (condition, of_user, of_session) in [
        (equals("aws:PrincipalArn", &arn_of_user("ann")), true, false),
        (equals("aws:PrincipalArn", &role), false, true),
        (equals("aws:PrincipalAccount", OWN), true, true),
        (equals("aws:PrincipalAccount", STRANGER), false, false),
        (equals("aws:PrincipalType", "User"), true, false),
        (equals("aws:PrincipalType", "AssumedRole"), false, true),
        (equals("aws:username", "ann"), true, false),
        (absent("aws:username"), false, true),
        (json!({ "StringLike": { "aws:userid": "AIDA*" } }), true, false),
        (json!({ "StringLike": { "aws:userid": "AROA*:shift" } }), false, true),
        (equals("aws:PrincipalTag/team", "red"), true, false),
        (absent("aws:PrincipalTag/team"), false, true),
        (absent("aws:TokenIssueTime"), true, false),
        (absent("aws:MultiFactorAuthPresent"), true, false),
        (json!({ "Bool": { "aws:MultiFactorAuthPresent": "false" } }), false, true),
        (absent("aws:MultiFactorAuthAge"), true, true),
        (absent("aws:SourceIdentity"), true, true),
        (json!({ "Bool": { "aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false" } }), true, true),
        (absent("aws:PrincipalOrgID"), true, true),
    ] {
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": "kms:GenerateRandom", "Resource": "*", "Condition": condition },
        ] });
        for (verb, whose, name) in [("PutUserPolicy", "UserName", "ann"), ("PutRolePolicy", "RoleName", "ops")] {
            let body = json!({ whose: name, "PolicyName": "mine", "PolicyDocument": policy.to_string() });
            house.manage(OWN, verb, body).await;
        }
        let told = [random(&house, &ann).await.is_ok(), random(&house, &session).await.is_ok()];
        assert_eq!(told, [of_user, of_session], "{condition}");
    }
}

#[tokio::test]
async fn a_session_of_a_session_lasts_an_hour_at_most() {
    let (house, ann, role) = with_role(Some(allow(json!(["sts:*"])))).await;
    let next = house.role(OWN, "next", json!(role), None).await;
    house.manage(OWN, "UpdateRole", json!({ "RoleName": "next", "MaxSessionDuration": 43200 })).await;
    let session = house.sign_in(&house.assume(&ann, &role, "one", "").await.unwrap()).await;
    let chained = house.assume(&session, &next, "two", "&DurationSeconds=3600").await.expect("a chain");
    assert_eq!(house.sign_in(&chained).await.arn(), format!("arn:aws:sts::{OWN}:assumed-role/next/two"));
    let told = house.assume(&session, &next, "two", "&DurationSeconds=3601").await;
    assert_eq!(told.map_err(|refused| refused.0), Err("ValidationError".to_owned()));
    let told = house.assume(&ann, &role, "one", "&DurationSeconds=3601").await;
    assert_eq!(told.map_err(|refused| refused.0), Err("ValidationError".to_owned()), "the role's own bound");
}

/// The clock that `dev` can turn rules keys, and sessions no more than signatures.
#[tokio::test]
async fn sessions_keep_to_the_wall_clock() {
    let (house, ann, role) = with_role(None).await;
    let wall = house.now();
    house.advance_days(400);
    let form = wire::query::Call::read(
        format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=shift").as_bytes(),
    );
    let told = house.service.sts(form.expect("a form"), ann, house.origin(), house.now(), wall).await;
    let xml = String::from_utf8(told.expect("she may")).expect("text");
    assert_eq!(element(&xml, "Expiration"), "2025-06-15T16:06:40Z");
}

// ---- records ----

#[tokio::test]
async fn records_say_who_it_was() {
    let (house, ann, role) = with_role(Some(allow(json!(["kms:*"])))).await;
    random(&house, &ann).await.expect_err("she may not");
    let keys = house.assume(&ann, &role, "shift", "&SourceIdentity=ann").await;
    assert_eq!(keys.map_err(|refused| refused.0), Err("AccessDenied".to_owned()), "nobody trusts her with a name");
    let keys = house.assume(&ann, &role, "shift", "").await.expect("she may");
    let session = house.sign_in(&keys).await;
    random(&house, &session).await.expect("the role may");
    let user_id = text_at(&house.manage(OWN, "GetUser", json!({ "UserName": "ann" })).await, "/User/UserId");
    let role_id = text_at(&house.manage(OWN, "GetRole", json!({ "RoleName": "ops" })).await, "/Role/RoleId");
    let records = house.records();
    let of = |name: &str| records.iter().filter(|record| record["eventName"] == name).cloned().collect::<Vec<_>>();
    let by_ann = json!({
        "type": "IAMUser", "principalId": user_id, "arn": arn_of_user("ann"), "accountId": OWN,
        "accessKeyId": ann.access_key_id(), "userName": "ann",
    });
    let by_session = json!({
        "type": "AssumedRole", "principalId": format!("{role_id}:shift"), "arn": session.arn(), "accountId": OWN,
        "accessKeyId": keys.id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role", "principalId": role_id, "arn": role, "accountId": OWN, "userName": "ops",
            },
            "attributes": { "creationDate": "2025-06-15T15:06:40Z", "mfaAuthenticated": "false" },
        },
    });
    let calls = of("GenerateRandom");
    assert_eq!([&calls[0]["userIdentity"], &calls[1]["userIdentity"]], [&by_ann, &by_session]);
    let [refused, assumed] = &of("AssumeRole")[..] else { panic!("two were asked for") };
    assert_eq!((&refused["errorCode"], &refused["responseElements"]), (&json!("AccessDenied"), &Value::Null));
    assert_eq!(assumed["eventSource"], "sts.amazonaws.com");
    assert_eq!(assumed["requestParameters"], json!({ "roleArn": role, "roleSessionName": "shift" }));
    assert_eq!(
        assumed["responseElements"],
        json!({
            "credentials": { "accessKeyId": keys.id, "expiration": "2025-06-15T16:06:40Z" },
            "assumedRoleUser": { "arn": session.arn(), "assumedRoleId": format!("{role_id}:shift") },
        })
    );
    assert_eq!(assumed["resources"], json!([{ "accountId": OWN, "type": "AWS::IAM::Role", "ARN": role }]));
    let [made] = &of("CreateAccessKey")[..] else { panic!("one was made") };
    assert_eq!(made["eventSource"], "iam.amazonaws.com");
    assert_eq!(made["userIdentity"]["invokedBy"], "trent", "the program did this for its operator");
    assert_eq!(made["responseElements"]["accessKey"]["accessKeyId"], json!(ann.access_key_id()));
    assert_eq!(made["readOnly"], false);
    assert_eq!(of("GetUser")[0]["responseElements"], Value::Null);
}

#[tokio::test]
async fn no_record_and_no_line_of_the_log_holds_a_secret_or_a_token() {
    let log = Log::listen();
    let (house, root) = owned().await;
    let stranger = house.another_account(STRANGER).await;
    let ann = house.user(OWN, "ann", Some(allow(json!(["sts:*", "iam:*"])))).await;
    let role = house.role(OWN, "ops", json!(arn_of_user("ann")), None).await;
    let session = house.assume(&house.sign_in(&ann).await, &role, "shift", "").await.expect("she may");
    let caller = house.sign_in(&session).await;
    let given = json!({ "UserName": "ann", "AccessKeyId": "AKIAGIVENGIVENGIVENA", "SecretAccessKey": "s3cret".repeat(7)[..40] });
    house.administer(&house.sign_in(&ann).await, "CreateAccessKey", given.clone()).await.expect("a given key");
    house.administer(&caller, "CreateAccessKey", given.clone()).await.expect_err("the session may not");
    house.try_sign_in(&Keys { secret: root.secret.clone(), ..session.clone() }, Scope::Kms).await.expect_err("wrong");
    let mut secrets = BTreeSet::from(["s3crets3cret".to_owned()]);
    for keys in [&root, &stranger, &ann, &session] {
        secrets.insert(keys.secret.clone());
        secrets.extend(keys.token.clone());
    }
    let all =
        log.lines().into_iter().chain(house.trail.lines().into_iter().map(|line| String::from_utf8(line).unwrap()));
    let all: Vec<_> = all.chain([format!("{caller:?}")]).collect();
    assert!(all.len() > 10);
    for secret in secrets {
        assert_eq!(all.iter().find(|line| line.contains(&secret)), None);
    }
}

// ---- enforcement ----

#[tokio::test]
async fn where_nothing_is_enforced_everybody_may_and_where_it_is_logged_the_log_says_who_would_not() {
    for enforcement in [Enforcement::Off, Enforcement::Log, Enforcement::On] {
        let house = House::enforcing(Mode::Dev, enforcement).await;
        house.own_account().await;
        let ann = house.user(OWN, "ann", None).await;
        let log = Log::listen();
        let caller = house.try_sign_in(&ann, Scope::Kms).await.expect("a good signature");
        let told = house.administer(&caller, "CreateUser", json!({ "UserName": "bob" })).await;
        assert_eq!(told.is_ok(), enforcement != Enforcement::On, "{enforcement:?}: {told:?}");
        let says = log.says("the policies would have refused a call");
        assert_eq!(says, enforcement == Enforcement::Log, "{enforcement:?}: {:?}", log.lines());
        let told = house.try_sign_in(&Keys { secret: "wrong".to_owned(), ..ann.clone() }, Scope::Kms).await;
        assert_eq!(told.is_ok(), enforcement != Enforcement::On, "{enforcement:?}: {told:?}");
        let says = log.says("the signature of a call would have been refused");
        assert_eq!(says, enforcement == Enforcement::Log, "{enforcement:?}: {:?}", log.lines());
    }
}

// ---- the program's own acts ----

#[tokio::test]
async fn a_root_has_two_keys_at_most_and_a_third_takes_the_place_of_the_first() {
    let house = House::new().await;
    let first = house.own_account().await;
    let second = house.own_account().await;
    house.advance_days(1);
    assert!(
        house.try_sign_in(&first, Scope::Kms).await.is_ok() && house.try_sign_in(&second, Scope::Kms).await.is_ok()
    );
    let third = house.own_account().await;
    let good = async |keys: &Keys| house.try_sign_in(keys, Scope::Kms).await.is_ok();
    assert!(good(&third).await);
    assert_eq!(u8::from(good(&first).await) + u8::from(good(&second).await), 1, "one of the older two is gone");
    assert_eq!(house.count("IssueRootAccessKey"), 3);
    assert_eq!(house.count("DeleteAccessKey"), 1);
}

#[tokio::test]
async fn the_first_account_of_a_store_is_the_one_that_manages() {
    let house = House::new().await;
    for (account, manages) in [(OWN, true), (STRANGER, false)] {
        let (id, secret) = house.service.issue_root(account, house.now()).await.expect("a key");
        let secret = String::from_utf8(secret.expose().to_vec()).expect("text");
        let root = house.sign_in(&Keys { id, secret, token: None }).await;
        assert_eq!(root.arn(), format!("arn:aws:iam::{account}:root"));
        assert_eq!(house.administer(&root, "ListAccounts", json!({})).await.is_ok(), manages, "{account}");
    }
}

#[tokio::test]
async fn a_store_of_dev_is_recovered_too() {
    let dir = tempfile::tempdir().expect("a directory");
    let house = House::on_disk(Mode::Dev, dir.path()).await;
    house.service.first_account(OWN, house.now()).await.expect("an account");
    house.service.close().await;
    let now = house.now();
    drop(house);
    let random = Arc::new(crypto::SystemRandom);
    let (id, _) = recover::root_access_key(&home_in(dir.path()), OWN, random, now).await.expect("a new key");
    let house = House::on_disk(Mode::Dev, dir.path()).await;
    assert_eq!(house.rows(&rows::access_key(&id)).await.len(), 1);
}

#[tokio::test]
async fn whoever_has_the_seal_key_gets_back_in_while_no_server_runs() {
    let dir = tempfile::tempdir().expect("a directory");
    let home = home_in(dir.path());
    let house = House::on_disk(Mode::Serve, dir.path()).await;
    let account = text_of_account(&house).await;
    let root = common::caller(&account, common::REGION);
    let key = house.key_of(&root).await;
    let arn = common::arn_of(&account, &key);
    let nobody = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": account }, "Action": "kms:Encrypt", "Resource": "*" },
    ] });
    let put = json!({ "KeyId": key, "Policy": nobody.to_string(), "BypassPolicyLockoutSafetyCheck": true });
    house.call_as(&root, Op::PutKeyPolicy, put).await.expect("whoever bypasses the check is locked out");
    let describe = json!({ "KeyId": key });
    let told = house.call_as(&root, Op::DescribeKey, describe.clone()).await;
    assert_eq!(common::name_of(&told), "AccessDeniedException", "{told:?}");

    let random = || Arc::new(crypto::SystemRandom);
    let told = recover::root_access_key(&home, &account, random(), house.now()).await;
    let text = told.map(drop).expect_err("a server runs").to_string();
    assert!(text.contains("data"), "{text}");
    house.service.close().await;
    drop(house);

    let now = common::NOON;
    let told = recover::root_access_key(&home, "999999999999", random(), now).await.map(drop);
    assert!(told.expect_err("no such account").to_string().contains("999999999999"));
    let told = recover::default_key_policy(&home, &common::arn_of(&account, common::NOBODY), random(), now).await;
    assert!(told.expect_err("no such key").to_string().contains(common::NOBODY));
    let (id, secret) = recover::root_access_key(&home, &account, random(), now).await.expect("a new key");
    recover::default_key_policy(&home, &arn, random(), now).await.expect("the policy is put");

    let house = House::on_disk(Mode::Serve, dir.path()).await;
    let secret = String::from_utf8(secret.expose().to_vec()).expect("text");
    let root = house.sign_in(&Keys { id, secret, token: None }).await;
    house.call_as(&root, Op::DescribeKey, describe).await.expect("the root is back in");
    let trail = std::fs::read_dir(home.data.join("audit")).expect("the trail");
    let trail: String = trail.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    for name in ["RecoverRootAccessKey", "RecoverKeyPolicy"] {
        let line = trail.lines().find(|line| line.contains(&format!("\"eventName\":\"{name}\"")));
        let record: Value = serde_json::from_str(line.unwrap_or_else(|| panic!("no {name}"))).expect("JSON");
        assert_eq!((&record["eventSource"], &record["userIdentity"]["invokedBy"]), (&json!("trent"), &json!("trent")));
    }
}

async fn text_of_account(house: &House) -> String {
    let row = house.rows(&rows::accounts()).await.remove(0);
    rows::last_part(&row.key).expect("text").to_owned()
}

#[tokio::test]
async fn why_is_answered_to_who_may_ask() {
    let (house, root) = owned().await;
    let stranger = house.another_account(STRANGER).await;
    let ann = house.user(OWN, "ann", Some(allow(json!(["kms:Encrypt"])))).await;
    let (root, stranger, ann) = (house.sign_in(&root).await, house.sign_in(&stranger).await, house.sign_in(&ann).await);
    let key = house.key_of(&root).await;
    let asked = |operation: &str| json!({ "Principal": arn_of_user("ann"), "Operation": operation, "KeyId": key });
    let told = house.administer(&root, "Explain", asked("Encrypt")).await.expect("the root may ask");
    assert_eq!((&told["Allowed"], &told["PolicyName"]), (&json!(true), &json!("mine")), "{told}");
    let told = house.administer(&root, "Explain", asked("Decrypt")).await.expect("the root may ask");
    assert_eq!(told["Allowed"], false, "{told}");
    let told = house.administer(&ann, "Explain", asked("Encrypt")).await;
    assert_eq!(common::name_of(&told), "AccessDenied", "{told:?}");
    let told = house.administer(&stranger, "Explain", asked("Encrypt")).await;
    assert_eq!(common::name_of(&told), "AccessDenied", "another account learns nothing: {told:?}");
}
