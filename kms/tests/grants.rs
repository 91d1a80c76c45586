//! Grants: what they say, whom they let do what and until when, who may take them back, and that none widens another.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::identities::{Keys, allow};
use common::kinds::kinds;
use common::sample::{self, With};
use common::{
    House, MINUTE, NOBODY, OWN, REGION, Refusal, STRANGER, arn, arn_of, base64, caller, name_of, refusal, text_at,
    with, without,
};
use crypto::Random;
use crypto::spec::{KeySpec, KeyUsage};
use crypto::testing::Seeded;
use kms::{Caller, Mode, Quotas};
use serde_json::{Value, json};
use store::Store;
use store::testing::{Counting, Held};
use wire::Op;

fn root_of(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn user_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

/// A grant of Encrypt and Decrypt to whoever this is.
fn to(key: &str, grantee: &str) -> Value {
    json!({ "KeyId": key, "GranteePrincipal": grantee, "Operations": ["Encrypt", "Decrypt"] })
}

/// The id and the token of a new grant.
async fn granted(house: &House, body: Value) -> (String, String) {
    let made = house.ok(Op::CreateGrant, body).await;
    (text_at(&made, "/GrantId"), text_at(&made, "/GrantToken"))
}

/// The grants that a list tells with these members, from page to page.
async fn listed_as(house: &House, by: &Caller, op: Op, members: Value) -> Vec<Value> {
    let (mut all, mut body) = (Vec::new(), members.clone());
    loop {
        let page = house.call_as(by, op, body).await.unwrap_or_else(|told| panic!("{op:?} {members}: {told:?}"));
        all.extend(page["Grants"].as_array().expect("a list").clone());
        let marker = page.get("NextMarker");
        assert_eq!(page["Truncated"].as_bool(), Some(marker.is_some()), "a marker only where more follow");
        match marker {
            Some(marker) => body = with(members.clone(), json!({ "Marker": marker })),
            None => return all,
        }
    }
}

async fn listed(house: &House, members: Value) -> Vec<Value> {
    listed_as(house, &caller(OWN, REGION), Op::ListGrants, members).await
}

fn ids(grants: &[Value]) -> BTreeSet<String> {
    grants.iter().map(|grant| text_at(grant, "/GrantId")).collect()
}

fn invalid(text: &str) -> Result<Value, Refusal> {
    refusal("ValidationException", text)
}

fn no_principal(arn: &str) -> Result<Value, Refusal> {
    refusal("InvalidArnException", format!("ARN does not refer to a valid principal: {arn}"))
}

fn no_grant(id: &str) -> Result<Value, Refusal> {
    refusal("NotFoundException", format!("Grant ID {id} not found"))
}

const DENIED: &str = "AccessDeniedException";

/// A key policy under which this principal may do everything, and nobody else anything.
fn all_to(principal: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": principal }, "Action": "kms:*", "Resource": "*" },
    ] })
}

/// A house in which the accounts [`OWN`] and [`STRANGER`] have users without any policy.
struct Town {
    house: House,
    root: Caller,
    /// Of [`OWN`].
    ann: Caller,
    bob: Caller,
    /// Two sessions of the role `app` of [`OWN`], called `one` and `two`.
    one: Caller,
    two: Caller,
    foreign_root: Caller,
    /// Of [`STRANGER`].
    carl: Caller,
}

impl Town {
    async fn new() -> Town {
        Town::of(House::new().await).await
    }

    async fn of(house: House) -> Town {
        let own = house.own_account().await;
        let stranger = house.another_account(STRANGER).await;
        let root = house.sign_in(&own).await;
        let assumes = house.user(OWN, "assumes", Some(allow(json!(["sts:AssumeRole"])))).await;
        let assumes = house.sign_in(&assumes).await;
        house.role(OWN, "app", json!(root_of(OWN)), None).await;
        Town {
            ann: signed_in(&house, OWN, "ann").await,
            bob: signed_in(&house, OWN, "bob").await,
            one: session(&house, &assumes, "one", "").await,
            two: session(&house, &assumes, "two", "").await,
            foreign_root: house.sign_in(&stranger).await,
            carl: signed_in(&house, STRANGER, "carl").await,
            root,
            house,
        }
    }

    /// A new key of [`OWN`] with AWS's default policy.
    async fn key(&self) -> String {
        arn(&self.house.key_of(&self.root).await)
    }

    /// A new key of [`OWN`] with this policy.
    async fn key_with(&self, policy: Value) -> String {
        let body = json!({ "Policy": policy.to_string(), "BypassPolicyLockoutSafetyCheck": true });
        let made = self.house.call_as(&self.root, Op::CreateKey, body).await.expect("a key is made");
        text_at(&made, "/KeyMetadata/Arn")
    }

    /// The id and the token of a new grant by the root of [`OWN`].
    async fn grant(&self, body: Value) -> (String, String) {
        self.grant_by(&self.root, body).await
    }

    async fn grant_by(&self, by: &Caller, body: Value) -> (String, String) {
        let made = self.house.call_as(by, Op::CreateGrant, body.clone()).await;
        let made = made.unwrap_or_else(|refused| panic!("{body}: {refused:?}"));
        (text_at(&made, "/GrantId"), text_at(&made, "/GrantToken"))
    }

    async fn call(&self, by: &Caller, op: Op, body: Value) -> Result<Value, Refusal> {
        self.house.call_as(by, op, body).await
    }

    /// Whether this caller may encrypt under this key and encryption context; anything but yes and AWS's no fails.
    async fn encrypts_under(&self, by: &Caller, key: &str, context: Value) -> bool {
        let body = json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionContext": context });
        self.may(by, Op::Encrypt, body).await
    }

    async fn encrypts(&self, by: &Caller, key: &str) -> bool {
        self.encrypts_under(by, key, json!({})).await
    }

    async fn may(&self, by: &Caller, op: Op, body: Value) -> bool {
        match self.call(by, op, body.clone()).await {
            Ok(_) => true,
            Err(Refusal(name, _)) if name == DENIED => false,
            Err(other) => panic!("{op:?} {body}: {other:?}"),
        }
    }

    async fn attach(&self, account: &str, user: &str, policy: Value) {
        let body = json!({ "UserName": user, "PolicyName": "theirs", "PolicyDocument": policy.to_string() });
        self.house.manage(account, "PutUserPolicy", body).await;
    }
}

async fn signed_in(house: &House, account: &str, name: &str) -> Caller {
    let keys: Keys = house.user(account, name, None).await;
    house.sign_in(&keys).await
}

async fn session(house: &House, by: &Caller, name: &str, more: &str) -> Caller {
    let role = format!("arn:aws:iam::{OWN}:role/app");
    let keys = house.assume(by, &role, name, more).await.expect("the role is assumed");
    house.sign_in(&keys).await
}

fn role_arn() -> String {
    format!("arn:aws:iam::{OWN}:role/app")
}

fn session_arn(name: &str) -> String {
    format!("arn:aws:sts::{OWN}:assumed-role/app/{name}")
}

#[tokio::test]
async fn a_grant_is_told_with_the_recorded_members_in_awss_order() {
    let house = House::new().await;
    let key = house.key().await;
    let empty = r#"{"Grants":[],"Truncated":false}"#;
    assert_eq!(house.text(Op::ListGrants, json!({ "KeyId": key })).await, empty, "an empty list is told");
    let made = house.text(Op::CreateGrant, to(&key, &root_of(OWN))).await;
    let made: Value = serde_json::from_str(&made).expect("an answer");
    assert_eq!(made.as_object().expect("an object").len(), 2);
    let (id, token) = (text_at(&made, "/GrantId"), text_at(&made, "/GrantToken"));
    assert!(id.len() == 64 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{id}");
    assert!(token.starts_with("AQpA") && token.len() == 491, "{token}");
    assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'), "{token}");
    let told = house.text(Op::ListGrants, json!({ "KeyId": key })).await;
    let expected = format!(
        r#"{{"Grants":[{{"CreationDate":1.75E9,"GrantId":"{id}","GranteePrincipal":"{root}","IssuingAccount":"{root}","KeyId":"{arn}","Operations":["Decrypt","Encrypt"]}}],"Truncated":false}}"#,
        root = root_of(OWN),
        arn = arn(&key)
    );
    assert_eq!(told, expected, "name, retirer and constraints only if they were given");

    let full = with(
        to(&key, &root_of(OWN)),
        json!({
            "Name": "app:/_-1",
            "RetiringPrincipal": root_of(STRANGER),
            "Constraints": { "EncryptionContextSubset": { "b": "2", "a": "1" } },
        }),
    );
    let (id, _) = granted(&house, full).await;
    let told = &listed(&house, json!({ "KeyId": key, "GrantId": id })).await[0];
    assert_eq!(told["Name"], "app:/_-1");
    assert_eq!(told["RetiringPrincipal"], root_of(STRANGER));
    assert_eq!(told["Constraints"], json!({ "EncryptionContextSubset": { "a": "1", "b": "2" } }));
    for (op, body) in
        [(Op::RevokeGrant, json!({ "KeyId": key, "GrantId": id })), (Op::RetireGrant, json!({ "GrantToken": token }))]
    {
        assert_eq!(house.text(op, body).await, "", "no output is an empty body");
    }
    assert_eq!(house.text(Op::ListGrants, json!({ "KeyId": key })).await, empty);
}

#[tokio::test]
async fn what_a_grant_cannot_say_is_refused_before_its_key_is_looked_for() {
    let house = House::new().await;
    let own = root_of(OWN);
    let nine: BTreeMap<String, String> = (0..9).map(|n| (format!("k{n}"), "v".to_owned())).collect();
    let eight: BTreeMap<String, String> = nine.clone().into_iter().take(8).collect();
    let (longest, too_long) = ("é".repeat(384), "é".repeat(385));
    let one = json!({ "a": "1" });
    let grantee = "Specify exactly one of GranteePrincipal and GranteeServicePrincipal.";
    let services = || {
        let text = "Grants to service principals are not supported: no AWS service calls this server.";
        refusal("UnsupportedOperationException", text)
    };
    let two = || invalid("More than one constraint supplied");
    let pairs = || invalid("The encryption context of a grant constraint has at most 8 pairs.");
    let value = "The values in the encryption context of a grant constraint have at most 384 characters.";
    let unknown = || refusal("NotFoundException", format!("Key '{}' does not exist", arn(NOBODY)));
    let cases = [
        (json!({ "GranteePrincipal": null }), invalid(grantee)),
        (json!({ "GranteeServicePrincipal": "a.amazonaws.com" }), invalid(grantee)),
        (json!({ "GranteePrincipal": null, "GranteeServicePrincipal": "a.amazonaws.com" }), services()),
        (json!({ "RetiringServicePrincipal": "a.amazonaws.com" }), services()),
        (
            json!({ "RetiringServicePrincipal": "a.amazonaws.com", "RetiringPrincipal": own }),
            invalid("Specify at most one of RetiringPrincipal and RetiringServicePrincipal."),
        ),
        (json!({ "GranteePrincipal": OWN }), no_principal(OWN)),
        (json!({ "GranteePrincipal": "s3.amazonaws.com" }), no_principal("s3.amazonaws.com")),
        (
            json!({ "GranteePrincipal": "arn:aws:iam::111122223333:group/x" }),
            no_principal("arn:aws:iam::111122223333:group/x"),
        ),
        (json!({ "RetiringPrincipal": "x" }), no_principal("x")),
        (json!({ "Operations": [] }), invalid("Grants must contain at least one operation.")),
        (json!({ "Operations": ["CreateGrant"] }), invalid("Grants must not contain only the CreateGrant operation.")),
        (
            json!({ "Operations": ["CreateGrant", "CreateGrant"] }),
            invalid("Grants must not contain only the CreateGrant operation."),
        ),
        (json!({ "Constraints": { "EncryptionContextEquals": one, "EncryptionContextSubset": one } }), two()),
        (json!({ "Constraints": { "EncryptionContextEquals": one, "EncryptionContextSubset": {} } }), two()),
        (json!({ "Constraints": { "EncryptionContextEquals": {}, "EncryptionContextSubset": one } }), two()),
        (json!({ "Constraints": { "EncryptionContextEquals": nine } }), pairs()),
        (json!({ "Constraints": { "EncryptionContextSubset": nine } }), pairs()),
        (json!({ "Constraints": { "EncryptionContextSubset": { "a": too_long } } }), invalid(value)),
        (json!({ "Constraints": { "EncryptionContextSubset": { "a": longest } } }), unknown()),
        (json!({ "Constraints": { "EncryptionContextEquals": eight } }), unknown()),
        (json!({ "Constraints": {} }), unknown()),
        (json!({}), unknown()),
    ];
    for (members, told) in cases {
        let body = with(to(NOBODY, &own), members.clone());
        assert_eq!(house.call(Op::CreateGrant, body).await, told, "{members}");
    }
    for (members, name) in [
        (json!({ "GranteePrincipal": "arn:aws:iam::111122223333:user/*" }), "ValidationException"),
        (json!({ "Name": "no spaces" }), "ValidationException"),
        (json!({ "Operations": ["Encrypt", "PutKeyPolicy"] }), "ValidationException"),
        (json!({ "Operations": ["encrypt"] }), "ValidationException"),
        (json!({ "Constraints": { "SourceArn": "x" } }), "ValidationException"),
    ] {
        let told = house.call(Op::CreateGrant, with(to(NOBODY, &own), members.clone())).await;
        assert_eq!(name_of(&told), name, "{members}: {told:?}");
    }
    for (op, body, told) in [
        (Op::ListGrants, json!({ "GranteePrincipal": own, "GranteeServicePrincipal": "a.amazonaws.com" }), None),
        (Op::ListGrants, json!({ "GranteeServicePrincipal": "a.amazonaws.com" }), Some(services())),
        (
            Op::ListGrants,
            json!({ "GrantId": "x" }),
            Some(refusal("InvalidGrantIdException", "The grant ID is not valid.")),
        ),
        (
            Op::RevokeGrant,
            json!({ "GrantId": "AB".repeat(32) }),
            Some(refusal("InvalidGrantIdException", "The grant ID is not valid.")),
        ),
        (
            Op::RetireGrant,
            json!({ "GrantId": "ab".repeat(31) }),
            Some(refusal("InvalidGrantIdException", "The grant ID is not valid.")),
        ),
    ] {
        let told_now = house.call(op, with(body.clone(), json!({ "KeyId": NOBODY }))).await;
        let expected =
            told.unwrap_or_else(|| invalid("Specify at most one of GranteePrincipal and GranteeServicePrincipal."));
        assert_eq!(told_now, expected, "{op:?} {body}");
    }
    let either = || invalid("Specify either GrantToken, or KeyId and GrantId.");
    let id = "ab".repeat(32);
    for body in [
        json!({}),
        json!({ "KeyId": NOBODY }),
        json!({ "GrantId": id }),
        json!({ "GrantToken": "x", "GrantId": id }),
        json!({ "GrantToken": "x", "KeyId": NOBODY, "GrantId": id }),
    ] {
        assert_eq!(house.call(Op::RetireGrant, body.clone()).await, either(), "{body}");
    }
    let one = || invalid("Specify exactly one of RetiringPrincipal and RetiringServicePrincipal.");
    let both = json!({ "RetiringPrincipal": own, "RetiringServicePrincipal": "a.amazonaws.com" });
    for (body, told) in [
        (json!({}), one()),
        (both, one()),
        (json!({ "RetiringServicePrincipal": "a.amazonaws.com" }), services()),
        (json!({ "RetiringPrincipal": "x" }), no_principal("x")),
    ] {
        assert_eq!(house.call(Op::ListRetirableGrants, body.clone()).await, told, "{body}");
    }
}

/// What a grant on a key of this kind can hold, beside what every grant can.
fn grantable(spec: KeySpec, usage: KeyUsage) -> &'static [&'static str] {
    match usage {
        KeyUsage::EncryptDecrypt if spec == KeySpec::SymmetricDefault => &[
            "Decrypt",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "ReEncryptFrom",
            "ReEncryptTo",
        ],
        KeyUsage::EncryptDecrypt => &["Decrypt", "Encrypt", "GetPublicKey", "ReEncryptFrom", "ReEncryptTo"],
        KeyUsage::SignVerify => &["GetPublicKey", "Sign", "Verify"],
        KeyUsage::GenerateVerifyMac => &["GenerateMac", "VerifyMac"],
        KeyUsage::KeyAgreement => &["DeriveSharedSecret", "GetPublicKey"],
        KeyUsage::EncapsulateDecapsulate => &["Decapsulate", "Encapsulate", "GetPublicKey"],
    }
}

/// Every kind of key; those of RSA's larger sizes are as the smallest.
fn quick_kinds() -> impl Iterator<Item = (KeySpec, KeyUsage)> {
    kinds().filter(|(spec, _)| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096))
}

#[tokio::test]
async fn a_grant_has_only_operations_and_constraints_that_its_key_knows() {
    let house = House::new().await;
    let all: BTreeSet<&str> = quick_kinds().flat_map(|(spec, usage)| grantable(spec, usage)).copied().collect();
    for (spec, usage) in quick_kinds() {
        let key = house.kept(spec, usage).await;
        let root = root_of(OWN).replace("arn:aws:", if key.region == REGION { "arn:aws:" } else { "arn:aws-cn:" });
        let grant = |operations: Value, constraints: Value| {
            let body = with(to(&key.id, &root), json!({ "Operations": operations }));
            if constraints.is_null() { body } else { with(body, json!({ "Constraints": constraints })) }
        };
        for operation in &all {
            let told = key.call(&house, Op::CreateGrant, grant(json!([operation]), Value::Null)).await;
            if grantable(spec, usage).contains(operation) {
                assert!(told.is_ok(), "{spec} {usage} {operation}: {told:?}");
                continue;
            }
            let text = format!(
                "The operations [{operation}] cannot be granted on a key with KeySpec {spec} and KeyUsage {usage}."
            );
            assert_eq!(told, invalid(&text), "{spec} {usage} {operation}");
        }
        for operation in ["DescribeKey", "RetireGrant"] {
            key.ok(&house, Op::CreateGrant, grant(json!([operation, "CreateGrant"]), Value::Null)).await;
        }
        let on_context = json!({ "EncryptionContextSubset": { "a": "1" } });
        let told = key.call(&house, Op::CreateGrant, grant(json!(["DescribeKey"]), on_context)).await;
        if spec == KeySpec::SymmetricDefault {
            assert!(told.is_ok(), "{told:?}");
        } else {
            let text =
                "EncryptionContextEquals and EncryptionContextSubset are valid only for symmetric encryption keys.";
            assert_eq!(told, invalid(text), "{spec} {usage}");
        }
        let source = json!({ "SourceArn": "arn:aws:s3:us-east-1:111122223333:x" });
        key.ok(&house, Op::CreateGrant, grant(json!(["DescribeKey"]), source)).await;
    }
}

/// Whoever has nothing but a grant does what it is of, and nothing else that such keys do.
#[tokio::test]
async fn a_grant_of_one_operation_allows_that_one_on_every_kind_of_key() {
    let house = House::new().await;
    house.own_account().await;
    let keys = house.user(OWN, "granted", None).await;
    let granted = house.sign_in(&keys).await;
    let user = format!("arn:aws:iam::{OWN}:user/granted");
    for op in Op::ALL {
        let (word, kind) = (op.name(), sample::key_for(op));
        let spec = kind["KeySpec"].as_str().and_then(KeySpec::parse).unwrap_or(KeySpec::SymmetricDefault);
        let usage = kind["KeyUsage"].as_str().and_then(KeyUsage::parse).unwrap_or(KeyUsage::EncryptDecrypt);
        if !grantable(spec, usage).contains(&word) {
            continue;
        }
        let key = house.key_as(kind).await;
        let blob = house.encrypt(&house.key().await, &base64("p")).await;
        let body = sample::sample(op, &With { key: &key, blob: &blob });
        let before = house.call_as(&granted, op, body.clone()).await;
        assert_eq!(name_of(&before), "AccessDeniedException", "{op:?}: {before:?}");
        let told = house.call(Op::CreateGrant, with(to(&key, &user), json!({ "Operations": [word] }))).await;
        assert!(told.is_ok(), "{op:?} on {spec} {usage}: {told:?}");
        let told = house.call_as(&granted, op, body).await;
        assert_ne!(name_of(&told), "AccessDeniedException", "{op:?}: {told:?}");
        for other in Op::ALL.into_iter().filter(|other| *other != op && grantable(spec, usage).contains(&other.name()))
        {
            let body = sample::sample(other, &With { key: &key, blob: &blob });
            let told = house.call_as(&granted, other, body).await;
            assert_eq!(name_of(&told), "AccessDeniedException", "a grant of {op:?} allows {other:?}: {told:?}");
        }
    }
}

#[tokio::test]
async fn who_asks_twice_for_one_name_gets_one_grant_and_two_tokens() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    let body = with(to(&key, &root_of(OWN)), json!({ "Name": "app" }));
    let (first, token) = granted(&house, body.clone()).await;
    house.advance_days(1);
    let (again, fresh) = granted(&house, body.clone()).await;
    assert_eq!((&first, listed(&house, json!({ "KeyId": key })).await.len()), (&again, 1));
    assert_ne!(token, fresh, "a token is new in every answer");
    let turned = with(body.clone(), json!({ "Operations": ["Decrypt", "Encrypt", "Decrypt"] }));
    assert_eq!(granted(&house, turned).await.0, first, "the order of the operations does not matter");
    let mut different = BTreeSet::from([first.clone()]);
    for members in [
        json!({ "Name": "app2" }),
        json!({ "GranteePrincipal": root_of(STRANGER) }),
        json!({ "RetiringPrincipal": root_of(OWN) }),
        json!({ "Operations": ["Encrypt"] }),
        json!({ "Constraints": { "EncryptionContextEquals": { "a": "1" } } }),
        json!({ "Constraints": { "EncryptionContextSubset": { "a": "1" } } }),
        json!({ "KeyId": other }),
    ] {
        let id = granted(&house, with(body.clone(), members.clone())).await.0;
        assert!(different.insert(id), "{members} is another grant");
    }
    for _ in 0..3 {
        let id = granted(&house, without(body.clone(), "Name")).await.0;
        assert!(different.insert(id), "without a name every call makes a new one");
    }
    house.ok(Op::RevokeGrant, json!({ "KeyId": key, "GrantId": first })).await;
    let (anew, _) = granted(&house, body).await;
    assert!(different.insert(anew), "what is gone is not there any more");
}

/// A house whose commits can be held back, and the store behind it.
async fn held() -> (Arc<House>, Arc<Held>, Arc<dyn Store>) {
    let (mut held, mut behind) = (None, None);
    let house = House::with(Mode::Serve, |store| {
        behind = Some(store.clone());
        held.insert(Held::new(store)).clone()
    })
    .await;
    (Arc::new(house), held.expect("an engine that can be held"), behind.expect("a store"))
}

#[tokio::test]
async fn two_hundred_clients_that_ask_for_one_name_at_once_get_one_grant() {
    let (house, held, _) = held().await;
    let key = house.key().await;
    let body = with(to(&key, &root_of(OWN)), json!({ "Name": "app" }));
    held.hold();
    let clients: Vec<_> = (0..200)
        .map(|_| {
            let (house, body) = (house.clone(), body.clone());
            tokio::spawn(async move { granted(&house, body).await })
        })
        .collect();
    // Each has seen a key without grants.
    held.waiting(200).await;
    held.release();
    let (mut one, mut tokens) = (BTreeSet::new(), BTreeSet::new());
    for client in clients {
        let (id, token) = client.await.expect("a client");
        one.insert(id);
        tokens.insert(token);
    }
    assert_eq!((one.len(), tokens.len()), (1, 200));
    assert_eq!(ids(&listed(&house, json!({ "KeyId": key })).await), one);
    assert_eq!(house.row(&["x", OWN, REGION, &key, "grants"]).await, Some(json!({ "grants": 1 })));
}

#[tokio::test]
async fn a_key_has_as_many_grants_as_the_quota_says_and_not_one_more() {
    let quota = Quotas { grants_per_key: 7, ..Quotas::default() };
    let house = Arc::new(House::new().await.again_with(quota).await);
    let key = house.key().await;
    let full = || refusal("LimitExceededException", "The limit of grants of this key has been reached.");
    let clients: Vec<_> = (0..40)
        .map(|n| {
            let (house, body) = (house.clone(), with(to(&key, &root_of(OWN)), json!({ "Name": format!("n{n}") })));
            tokio::spawn(async move { house.call(Op::CreateGrant, body).await })
        })
        .collect();
    let mut made = 0;
    for client in clients {
        match client.await.expect("a client") {
            Ok(_) => made += 1,
            told => assert_eq!(told, full()),
        }
    }
    assert_eq!(made, 7);
    let all = listed(&house, json!({ "KeyId": key })).await;
    assert_eq!(all.len(), 7);
    assert_eq!(house.call(Op::CreateGrant, with(to(&key, &root_of(OWN)), json!({ "DryRun": true }))).await, full());
    let same = json!({ "Name": all[0]["Name"] });
    let again = granted(&house, with(to(&key, &root_of(OWN)), same)).await.0;
    assert_eq!(again, text_at(&all[0], "/GrantId"), "what is there is told, however full the key is");
    house.ok(Op::RevokeGrant, json!({ "KeyId": key, "GrantId": again })).await;
    granted(&house, to(&key, &root_of(OWN))).await;
    assert_eq!(house.call(Op::CreateGrant, to(&key, &root_of(OWN))).await, full());
    granted(&house, to(&house.key().await, &root_of(OWN))).await;
}

#[tokio::test]
async fn grants_are_listed_in_pages_by_key_by_id_and_by_grantee() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    let (mut mine, mut theirs) = (BTreeSet::new(), BTreeSet::new());
    for n in 0..60 {
        let (grantee, into) = match n % 3 {
            0 => (root_of(STRANGER), &mut theirs),
            _ => (root_of(OWN), &mut mine),
        };
        into.insert(granted(&house, to(&key, &grantee)).await.0);
    }
    granted(&house, to(&other, &root_of(OWN))).await;
    let all: BTreeSet<String> = mine.union(&theirs).cloned().collect();
    for limit in [1, 7, 50, 59, 60, 61, 100, 1000] {
        let told = listed(&house, json!({ "KeyId": key, "Limit": limit })).await;
        assert_eq!((told.len(), ids(&told)), (60, all.clone()), "{limit} a page");
        for (grantee, expected) in [(root_of(OWN), &mine), (root_of(STRANGER), &theirs)] {
            let told = listed(&house, json!({ "KeyId": key, "Limit": limit, "GranteePrincipal": grantee })).await;
            assert_eq!((told.len(), &ids(&told)), (expected.len(), expected), "{limit} a page to {grantee}");
        }
    }
    let page = house.ok(Op::ListGrants, json!({ "KeyId": key })).await;
    assert_eq!(page["Grants"].as_array().expect("a list").len(), 50, "by default");
    let page = house.ok(Op::ListGrants, json!({ "KeyId": key, "Limit": 1000 })).await;
    assert_eq!(page["Grants"].as_array().expect("a list").len(), 60);
    let one = mine.first().expect("there is one");
    for (members, expected) in [
        (json!({ "GrantId": one }), BTreeSet::from([one.clone()])),
        (json!({ "GrantId": one, "GranteePrincipal": root_of(OWN) }), BTreeSet::from([one.clone()])),
        (json!({ "GrantId": one, "GranteePrincipal": root_of(STRANGER) }), BTreeSet::new()),
        (json!({ "GrantId": "ab".repeat(32) }), BTreeSet::new()),
        (json!({ "GranteePrincipal": user_arn(OWN, "nobody") }), BTreeSet::new()),
    ] {
        assert_eq!(ids(&listed(&house, with(members.clone(), json!({ "KeyId": key }))).await), expected, "{members}");
    }
    assert_eq!(listed(&house, json!({ "KeyId": other, "GrantId": one })).await, Vec::<Value>::new());

    let marker = &house.ok(Op::ListGrants, json!({ "KeyId": arn(&key), "Limit": 1 })).await["NextMarker"];
    house.ok(Op::ListGrants, json!({ "KeyId": key, "Marker": marker })).await;
    let wrong = || refusal("InvalidMarkerException", "The marker is not valid.");
    for members in [
        json!({ "KeyId": other, "Marker": marker }),
        json!({ "KeyId": key, "Marker": marker, "GranteePrincipal": root_of(OWN) }),
        json!({ "KeyId": key, "Marker": marker, "GrantId": one }),
        json!({ "KeyId": key, "Marker": "x" }),
    ] {
        assert_eq!(house.call(Op::ListGrants, members.clone()).await, wrong(), "{members}");
    }
}

#[tokio::test]
async fn what_one_may_retire_is_listed_across_the_keys_of_all_accounts_of_the_region() {
    let house = House::new().await;
    let (own, stranger) = (caller(OWN, REGION), caller(STRANGER, REGION));
    let retirer = root_of(OWN);
    let mut expected = BTreeMap::new();
    for n in 0..6 {
        let by = if n % 2 == 0 { &own } else { &stranger };
        let key = house.key_of(by).await;
        for _ in 0..5 {
            let body = with(to(&key, &root_of(STRANGER)), json!({ "RetiringPrincipal": retirer }));
            let made = house.call_as(by, Op::CreateGrant, body).await.expect("a grant");
            expected.insert(text_at(&made, "/GrantId"), key.clone());
        }
        let other = with(to(&key, &retirer), json!({ "RetiringPrincipal": root_of(STRANGER) }));
        house.call_as(by, Op::CreateGrant, other).await.expect("a grant that somebody else may retire");
        house.call_as(by, Op::CreateGrant, to(&key, &retirer)).await.expect("a grant that nobody may retire");
    }
    let elsewhere = caller(OWN, "eu-west-1");
    let key = house.key_of(&elsewhere).await;
    let body = with(to(&key, &retirer), json!({ "RetiringPrincipal": retirer }));
    house.call_as(&elsewhere, Op::CreateGrant, body).await.expect("a grant in another Region");

    let all: BTreeSet<String> = expected.keys().cloned().collect();
    for limit in [1, 4, 29, 30, 31, 100, 1000] {
        let members = json!({ "RetiringPrincipal": retirer, "Limit": limit });
        let told = listed_as(&house, &own, Op::ListRetirableGrants, members).await;
        assert_eq!((told.len(), ids(&told)), (30, all.clone()), "{limit} a page");
        for grant in told {
            let key = &expected[&text_at(&grant, "/GrantId")];
            assert!(text_at(&grant, "/KeyId").ends_with(key.as_str()), "{grant}");
        }
    }
    let told = house.call_as(&stranger, Op::ListRetirableGrants, json!({ "RetiringPrincipal": retirer })).await;
    assert_eq!(name_of(&told), DENIED, "of a principal of another account nothing is told");
    let there = listed_as(&house, &elsewhere, Op::ListRetirableGrants, json!({ "RetiringPrincipal": retirer })).await;
    assert_eq!(there.len(), 1, "each Region has its own");

    let gone = expected.values().next().expect("a key").clone();
    let by = if house.call(Op::DescribeKey, json!({ "KeyId": gone })).await.is_ok() { &own } else { &stranger };
    let soon = json!({ "KeyId": gone, "PendingWindowInDays": 7 });
    house.call_as(by, Op::ScheduleKeyDeletion, soon).await.expect("it goes");
    house.advance_days(8);
    let told = listed_as(&house, &own, Op::ListRetirableGrants, json!({ "RetiringPrincipal": retirer })).await;
    assert_eq!(told.len(), 25, "the grants of a key that is gone are gone with it");
}

#[tokio::test]
async fn a_grantee_may_do_at_once_what_the_grant_lists_and_nobody_else_may() {
    let town = Town::new().await;
    let everybody =
        [("ann", &town.ann), ("bob", &town.bob), ("one", &town.one), ("two", &town.two), ("carl", &town.carl)];
    let nobody: [&str; 0] = [];
    for (grantee, may) in [
        (user_arn(OWN, "ann"), &["ann"][..]),
        (role_arn(), &["one", "two"]),
        (session_arn("one"), &["one"]),
        (session_arn("three"), &nobody),
        (user_arn(STRANGER, "carl"), &["carl"]),
        (root_of(OWN), &nobody),
        (root_of(STRANGER), &nobody),
    ] {
        let key = town.key().await;
        for (who, caller) in everybody {
            assert!(!town.encrypts(caller, &key).await, "{who} before");
        }
        let body = json!({ "KeyId": key, "GranteePrincipal": grantee, "Operations": ["Encrypt"] });
        let (id, token) = town.grant(body).await;
        for (who, caller) in everybody {
            assert_eq!(town.encrypts(caller, &key).await, may.contains(&who), "{who} by a grant to {grantee}");
            for with_token in [json!([token]), json!([])] {
                let body = json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": with_token });
                let told = town.may(caller, Op::Encrypt, body).await;
                assert_eq!(told, may.contains(&who), "{who}: a token gives nothing and takes nothing");
            }
            for (op, body) in [
                (Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_256" })),
                (Op::DescribeKey, json!({ "KeyId": key })),
                (Op::ListGrants, json!({ "KeyId": key })),
                (Op::RevokeGrant, json!({ "KeyId": key, "GrantId": id })),
                (Op::CreateGrant, to(&key, &root_of(OWN))),
            ] {
                assert!(!town.may(caller, op, body).await, "{who}: {op:?} was not granted");
            }
        }
    }
}

#[tokio::test]
async fn a_grant_to_an_account_is_the_accounts_to_give_on() {
    let town = Town::new().await;
    for (account, root, user, name) in
        [(OWN, &town.root, &town.ann, "ann"), (STRANGER, &town.foreign_root, &town.carl, "carl")]
    {
        let key = town.key_with(all_to(&user_arn(OWN, "bob"))).await;
        assert!(!town.encrypts(root, &key).await, "the policy names neither the account nor its root");
        let body = json!({ "KeyId": key, "GranteePrincipal": root_of(account), "Operations": ["Encrypt"] });
        town.grant_by(&town.bob, body).await;
        assert!(town.encrypts(root, &key).await, "{account}: its root needs no more");
        assert!(!town.encrypts(user, &key).await, "{account}: a user needs the account's own word");
        town.attach(account, name, allow(json!(["kms:Encrypt"]))).await;
        assert!(town.encrypts(user, &key).await, "{account}: and has it now");
        town.attach(account, name, allow(json!(["kms:Decrypt"]))).await;
        assert!(!town.encrypts(user, &key).await, "{account}: for this operation");
    }
}

#[tokio::test]
async fn a_deny_beats_a_grant() {
    let town = Town::new().await;
    let key = town.key().await;
    town.grant(to(&key, &user_arn(OWN, "ann"))).await;
    town.grant(to(&key, &user_arn(OWN, "bob"))).await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*" },
    ] });
    town.attach(OWN, "ann", deny).await;
    assert!(!town.encrypts(&town.ann, &key).await, "by an identity policy");
    assert!(town.encrypts(&town.bob, &key).await);
    let mut policy = all_to(&root_of(OWN));
    policy["Statement"].as_array_mut().expect("statements").push(json!({
        "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*",
    }));
    let body = json!({ "KeyId": key, "Policy": policy.to_string() });
    town.call(&town.root, Op::PutKeyPolicy, body).await.expect("a policy");
    assert!(!town.encrypts(&town.bob, &key).await, "by the key policy");
}

#[tokio::test]
async fn the_call_after_a_grant_is_gone_is_denied() {
    let town = Town::new().await;
    let key = town.key().await;
    for n in 0..30 {
        let ann = user_arn(OWN, "ann");
        let (id, token) = town.grant(with(to(&key, &ann), json!({ "RetiringPrincipal": ann, "Name": "n" }))).await;
        assert!(town.encrypts(&town.ann, &key).await);
        let (by, op, body) = match n % 3 {
            0 => (&town.root, Op::RevokeGrant, json!({ "KeyId": key, "GrantId": id })),
            1 => (&town.ann, Op::RetireGrant, json!({ "GrantToken": token })),
            _ => (&town.ann, Op::RetireGrant, json!({ "KeyId": key, "GrantId": id })),
        };
        town.call(by, op, body.clone()).await.expect("it goes");
        let with_token = json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": [token] });
        assert!(!town.may(&town.ann, Op::Encrypt, with_token).await, "{op:?}: not with its token either");
        assert!(!town.encrypts(&town.ann, &key).await, "{op:?}");
        for by_name in [json!({ "GrantToken": token }), json!({ "KeyId": key, "GrantId": id })] {
            let again = town.call(&town.root, Op::RetireGrant, by_name.clone()).await;
            assert_eq!(again, no_grant(&id), "{by_name}: twice is once too often");
        }
        let again = town.call(&town.root, Op::RevokeGrant, json!({ "KeyId": key, "GrantId": id })).await;
        assert_eq!(again, no_grant(&id));
    }
    assert_eq!(town.house.rows(b"g").await.len(), 0, "and nothing of them is left in the store");
}

#[tokio::test]
async fn a_constraint_is_for_every_call_that_has_an_encryption_context() {
    let town = Town::new().await;
    let contexts = [
        json!({}),
        json!({ "a": "1" }),
        json!({ "a": "1", "b": "2" }),
        json!({ "b": "2", "a": "1", "c": "3" }),
        json!({ "a": "2" }),
        json!({ "A": "1" }),
        json!({ "a": "x" }),
        json!({ "a": "X" }),
    ];
    for (constraint, holds) in [
        (Value::Null, [true; 8]),
        (json!({}), [true; 8]),
        (json!({ "EncryptionContextSubset": {} }), [true; 8]),
        (json!({ "EncryptionContextSubset": { "a": "1" } }), [false, true, true, true, false, false, false, false]),
        (
            json!({ "EncryptionContextSubset": { "b": "2", "a": "1" } }),
            [false, false, true, true, false, false, false, false],
        ),
        (json!({ "EncryptionContextEquals": { "a": "1" } }), [false, true, false, false, false, false, false, false]),
        (
            json!({ "EncryptionContextEquals": { "a": "1", "b": "2" } }),
            [false, false, true, false, false, false, false, false],
        ),
        (json!({ "EncryptionContextEquals": {} }), [true, false, false, false, false, false, false, false]),
        (json!({ "EncryptionContextSubset": { "a": "X" } }), [false, false, false, false, false, false, false, true]),
        (json!({ "SourceArn": "arn:aws:s3:us-east-1:111122223333:x" }), [false; 8]),
    ] {
        let key = town.key().await;
        let words = ["Encrypt", "Decrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo", "DescribeKey"];
        let mut body = with(to(&key, &user_arn(OWN, "ann")), json!({ "Operations": words }));
        if !constraint.is_null() {
            body["Constraints"] = constraint.clone();
        }
        town.grant(body).await;
        for (context, holds) in contexts.iter().zip(holds) {
            let sealed = json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionContext": context });
            let sealed = town.call(&town.root, Op::Encrypt, sealed).await.expect("the root encrypts");
            let blob = &sealed["CiphertextBlob"];
            for (op, body) in [
                (Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionContext": context })),
                (Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_128", "EncryptionContext": context })),
                (Op::Decrypt, json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionContext": context })),
                (
                    Op::ReEncrypt,
                    json!({
                        "CiphertextBlob": blob, "DestinationKeyId": key, "SourceKeyId": key,
                        "SourceEncryptionContext": context, "DestinationEncryptionContext": context,
                    }),
                ),
            ] {
                assert_eq!(town.may(&town.ann, op, body).await, holds, "{op:?} under {context} by {constraint}");
            }
        }
        let from_services = constraint.get("SourceArn").is_some();
        let described = town.may(&town.ann, Op::DescribeKey, json!({ "KeyId": key })).await;
        assert_eq!(described, !from_services, "DescribeKey knows no context: {constraint}");
    }
}

#[tokio::test]
async fn a_token_is_genuine_or_invalid_and_helps_nobody() {
    let town = Town::new().await;
    let key = town.key().await;
    let (_, token) = town.grant(to(&key, &user_arn(OWN, "ann"))).await;
    let random: Arc<dyn Random> = Arc::new(Seeded::new(99));
    let elsewhere = House::open(Mode::Serve, kms::home::in_memory(&*random), random).await;
    let foreign = granted(&elsewhere, to(&elsewhere.key().await, &root_of(OWN))).await.1;
    let other_region = caller(OWN, "eu-west-1");
    let there = town.house.key_of(&other_region).await;
    let there = text_at(
        &town.call(&other_region, Op::CreateGrant, to(&there, &root_of(OWN))).await.expect("a grant"),
        "/GrantToken",
    );
    let invalid = || refusal("InvalidGrantTokenException", "The grant token is not valid.");
    let flipped = |at: usize| {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
        String::from_utf8(bytes).expect("text")
    };
    let mut forged: Vec<String> = (0..token.len()).step_by(7).map(flipped).collect();
    forged.extend(["x".into(), "AQpA".into(), "x".repeat(8192), format!("{token}="), format!("{token}A"), foreign]);
    forged.extend([token[..490].to_owned(), token.to_uppercase(), format!(" {token}"), "\u{e9}".repeat(491)]);
    for token in &forged {
        let body = |tokens: Value| json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": tokens });
        for by in [&town.root, &town.ann] {
            let told = town.call(by, Op::Encrypt, body(json!([token]))).await;
            assert_eq!(told, invalid(), "{token}");
        }
        let told = town.call(&town.root, Op::Encrypt, body(json!([there, token]))).await;
        assert_eq!(told, invalid(), "one of several: {token}");
        assert_eq!(town.call(&town.root, Op::RetireGrant, json!({ "GrantToken": token })).await, invalid(), "{token}");
        let told = town.call(&town.bob, Op::Encrypt, body(json!([token]))).await;
        assert_eq!(name_of(&told), DENIED, "who may not is told that first");
    }
    assert_eq!(town.call(&town.root, Op::RetireGrant, json!({ "GrantToken": there })).await, invalid(), "of eu-west-1");
    for by in [&town.bob, &town.one, &town.carl] {
        let body = json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": [token, there] });
        assert!(!town.may(by, Op::Encrypt, body).await, "somebody else's token");
    }
    let eleven = json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": vec![&token; 11] });
    assert_eq!(name_of(&town.call(&town.ann, Op::Encrypt, eleven).await), "ValidationException");
    let ten = json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": vec![&token; 10] });
    assert!(town.may(&town.ann, Op::Encrypt, ten).await);
    for line in town.house.trail.lines() {
        let line = String::from_utf8(line).expect("text");
        for token in [&token, &there].into_iter().chain(&forged).filter(|token| token.len() > 20) {
            assert!(!line.contains(token.as_str()), "a token in {line}");
        }
    }
}

/// Every row: who may retire which grant. A grant is made anew for every question, to ann, on a key of [`OWN`].
#[tokio::test]
async fn a_grant_is_retired_by_those_whom_it_names_and_those_whom_accounts_let() {
    let town = Town::new().await;
    let retires = allow(json!(["kms:RetireGrant"]));
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Deny", "Action": "kms:RetireGrant", "Resource": "*" },
    ] });
    let assumes = town.house.user(OWN, "assumes2", Some(allow(json!(["sts:AssumeRole"])))).await;
    let assumes = town.house.sign_in(&assumes).await;
    let limit = "&Policy=".to_owned() + &percent(&allow(json!(["kms:Encrypt"])).to_string());
    let limited = session(&town.house, &assumes, "limited", &limit).await;
    let dora = town.house.user(OWN, "dora", Some(retires.clone())).await;
    let dora = town.house.sign_in(&dora).await;
    let denied = town.house.user(OWN, "denied", Some(deny)).await;
    let denied = town.house.sign_in(&denied).await;
    let fred = town.house.user(STRANGER, "fred", Some(retires)).await;
    let fred = town.house.sign_in(&fred).await;
    let named = user_arn(OWN, "bob");
    let mut policy = all_to(&root_of(OWN));
    policy["Statement"].as_array_mut().expect("statements").extend([
        json!({ "Effect": "Allow", "Principal": { "AWS": root_of(STRANGER) }, "Action": "kms:CreateGrant", "Resource": "*" }),
        // Neither has a say about RetireGrant.
        json!({ "Effect": "Allow", "Principal": { "AWS": user_arn(OWN, "ann") }, "Action": "kms:RetireGrant", "Resource": "*" }),
        json!({ "Effect": "Deny", "Principal": { "AWS": named }, "Action": "kms:RetireGrant", "Resource": "*" }),
    ]);
    let key = town.key_with(policy).await;
    let (own_root, foreign_root) = (root_of(OWN), root_of(STRANGER));
    let nobody = String::new();
    let (may, may_not) = (true, false);
    let (by_own, by_foreign) = (&town.root, &town.foreign_root);
    let cases = [
        ("the root of the key's account", &town.root, by_own, false, &nobody, may),
        ("a user whom the key's account lets", &dora, by_own, false, &nobody, may),
        ("a user whom nobody lets, the key policy apart", &town.ann, by_own, false, &nobody, may_not),
        ("the grantee, with RetireGrant among the operations", &town.ann, by_own, true, &nobody, may),
        ("another user then", &town.bob, by_own, true, &nobody, may_not),
        ("the retiring user, the key policy apart", &town.bob, by_own, false, &named, may),
        ("somebody else then", &town.carl, by_own, false, &named, may_not),
        ("the grantee then", &town.one, by_own, false, &named, may_not),
        ("a retiring user with a Deny", &denied, by_own, false, &user_arn(OWN, "denied"), may_not),
        ("a session of the retiring role", &town.one, by_own, false, &role_arn(), may),
        ("the retiring session", &town.one, by_own, false, &session_arn("one"), may),
        ("another session of its role", &town.two, by_own, false, &session_arn("one"), may_not),
        ("a session of the retiring role that may only encrypt", &limited, by_own, false, &role_arn(), may_not),
        ("a retiring session that may only encrypt", &limited, by_own, false, &session_arn("limited"), may),
        ("a retiring user of another account", &town.carl, by_own, false, &user_arn(STRANGER, "carl"), may),
        ("a stranger whom the wrong account lets", &fred, by_own, false, &nobody, may_not),
        ("another account's root", &town.foreign_root, by_own, false, &nobody, may_not),
        ("the retiring account's root", &town.foreign_root, by_own, false, &foreign_root, may),
        ("a user whom the retiring account lets", &fred, by_own, false, &foreign_root, may),
        ("a user whom the retiring account does not let", &town.carl, by_own, false, &foreign_root, may_not),
        ("the root of the account that made it", &town.foreign_root, by_foreign, false, &nobody, may),
        ("a user whom the account that made it lets", &fred, by_foreign, false, &nobody, may_not),
        ("the root of the key's account, though another made it", &town.root, by_foreign, false, &own_root, may),
    ];
    for (who, by, made_by, with_retire, retirer, may) in cases {
        for by_token in [true, false] {
            let mut body = to(&key, &user_arn(OWN, "ann"));
            if with_retire {
                body["Operations"] = json!(["Encrypt", "RetireGrant"]);
            }
            if !retirer.is_empty() {
                body["RetiringPrincipal"] = json!(retirer);
            }
            let (id, token) = town.grant_by(made_by, body).await;
            let name = match by_token {
                true => json!({ "GrantToken": token }),
                false => json!({ "KeyId": key, "GrantId": id }),
            };
            let dry = town.call(by, Op::RetireGrant, with(name.clone(), json!({ "DryRun": true }))).await;
            let retired = town.call(by, Op::RetireGrant, name).await;
            let (dry, real) = (name_of(&dry).to_owned(), name_of(&retired).to_owned());
            match may {
                true => {
                    assert_eq!((dry.as_str(), real.as_str()), ("DryRunOperationException", ""), "{who}: {retired:?}")
                }
                false => assert_eq!((dry.as_str(), real.as_str()), (DENIED, DENIED), "{who}: {retired:?}"),
            }
            let there = json!({ "KeyId": key, "GrantId": id });
            let told = town.call(&town.root, Op::ListGrants, there).await.expect("a list");
            assert_eq!(told["Grants"].as_array().expect("a list").is_empty(), may, "{who}");
        }
    }
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[tokio::test]
async fn a_stranger_does_not_learn_which_keys_and_grants_there_are() {
    let town = Town::new().await;
    let key = town.key().await;
    let (id, _) = town.grant(to(&key, &user_arn(OWN, "ann"))).await;
    let absent = "ab".repeat(32);
    let nobodys = arn_of(OWN, NOBODY);
    for op in [Op::RetireGrant, Op::RevokeGrant, Op::ListGrants] {
        let mut told = BTreeSet::new();
        for (key, id) in [(&key, &id), (&key, &absent), (&nobodys, &id), (&nobodys, &absent)] {
            let refused = town.call(&town.carl, op, json!({ "KeyId": key, "GrantId": id })).await;
            assert_eq!(name_of(&refused), DENIED, "{op:?}");
            told.insert(format!("{refused:?}"));
        }
        assert_eq!(told.len(), 1, "{op:?}: {told:?}");
    }
}

#[tokio::test]
async fn who_may_make_grants_by_a_grant_gives_on_no_more_than_it_has() {
    let town = Town::new().await;
    let key = town.key().await;
    let ann = user_arn(OWN, "ann");
    let parents = [
        json!({ "Operations": ["Encrypt", "CreateGrant"], "Constraints": { "EncryptionContextSubset": { "a": "1", "b": "2" } } }),
        json!({ "Operations": ["Decrypt", "GenerateDataKey", "CreateGrant"], "Constraints": { "EncryptionContextEquals": { "a": "1" } } }),
        json!({ "Operations": ["DescribeKey", "RetireGrant", "CreateGrant"] }),
        json!({ "Operations": ["Encrypt", "Decrypt", "GenerateDataKeyWithoutPlaintext"] }),
    ];
    let mut made = Vec::new();
    for parent in parents {
        made.push(town.grant(with(to(&key, &ann), parent)).await);
    }
    let subset = |pairs: Value| json!({ "EncryptionContextSubset": pairs });
    let equals = |pairs: Value| json!({ "EncryptionContextEquals": pairs });
    let both = json!({ "a": "1", "b": "2" });
    let cases = [
        (json!(["Encrypt"]), subset(both.clone()), true),
        (json!(["Encrypt"]), subset(json!({ "a": "1", "b": "2", "c": "3" })), true),
        (json!(["Encrypt"]), equals(both.clone()), true),
        (json!(["Encrypt", "CreateGrant"]), subset(both.clone()), true),
        (json!(["Encrypt"]), subset(json!({ "a": "1" })), false),
        (json!(["Encrypt"]), subset(json!({ "a": "1", "b": "3" })), false),
        (json!(["Encrypt"]), Value::Null, false),
        (json!(["Encrypt"]), equals(json!({ "a": "1" })), false),
        (json!(["Decrypt"]), equals(json!({ "a": "1" })), true),
        (json!(["Decrypt", "GenerateDataKey"]), equals(json!({ "a": "1" })), true),
        (json!(["Decrypt"]), equals(both.clone()), false),
        (json!(["Decrypt"]), subset(json!({ "a": "1" })), false),
        (json!(["Encrypt", "Decrypt"]), equals(json!({ "a": "1" })), false),
        (json!(["GenerateDataKeyWithoutPlaintext"]), subset(both.clone()), false),
        (json!(["DescribeKey"]), Value::Null, true),
        (json!(["DescribeKey", "RetireGrant"]), subset(json!({ "x": "y" })), true),
        (json!(["DescribeKey"]), json!({ "SourceArn": "arn:aws:s3:us-east-1:111122223333:x" }), true),
        (json!(["DescribeKey", "Encrypt"]), Value::Null, false),
    ];
    for (operations, constraints, may) in cases {
        let mut body = with(to(&key, &user_arn(OWN, "bob")), json!({ "Operations": operations }));
        if !constraints.is_null() {
            body["Constraints"] = constraints.clone();
        }
        let told = town.may(&town.ann, Op::CreateGrant, body.clone()).await;
        assert_eq!(told, may, "{operations} {constraints}");
        assert!(!town.may(&town.carl, Op::CreateGrant, body.clone()).await, "who has no grant makes none");
        let dry = town.call(&town.ann, Op::CreateGrant, with(body, json!({ "DryRun": true }))).await;
        let expected = if may { "DryRunOperationException" } else { DENIED };
        assert_eq!(name_of(&dry), expected, "{operations} {constraints}");
    }
    let mut child = with(to(&key, &user_arn(STRANGER, "carl")), json!({ "Operations": ["Encrypt"] }));
    child["Constraints"] = equals(both.clone());
    town.grant_by(&town.ann, child.clone()).await;
    assert!(town.encrypts_under(&town.carl, &key, both.clone()).await);
    town.call(&town.root, Op::RevokeGrant, json!({ "KeyId": key, "GrantId": made[0].0 })).await.expect("it goes");
    assert!(!town.may(&town.ann, Op::CreateGrant, child).await, "and with it what it allowed");
    assert!(town.encrypts_under(&town.carl, &key, both).await, "what was made by it stays, as AWS has it");
}

/// A hundred trees, grown by users who have nothing but the grants that others give on: what each may do is what the
/// grants above allow, at the wire.
#[tokio::test]
async fn grown_by_many_hands_a_tree_of_grants_stays_within_its_root() {
    const WORDS: [&str; 4] = ["Encrypt", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"];
    let town = Town::new().await;
    let mut users = Vec::new();
    for n in 0..6 {
        let name = format!("u{n}");
        users.push((user_arn(OWN, &name), signed_in(&town.house, OWN, &name).await));
    }
    let contexts = [json!({}), json!({ "a": "1" }), json!({ "a": "1", "b": "2" }), json!({ "b": "2" })];
    let random = Seeded::new(11);
    let roll = |sides: u8| {
        let mut byte = [0];
        random.fill(&mut byte);
        byte[0] % sides
    };
    let wish = || {
        let mut operations: Vec<&str> = WORDS.into_iter().filter(|_| roll(3) > 0).collect();
        if operations.is_empty() || operations == ["CreateGrant"] {
            operations = vec!["Encrypt"];
        }
        let pairs = contexts[usize::from(roll(4))].clone();
        let constraints = match roll(4) {
            0 => Value::Null,
            1 => json!({ "EncryptionContextEquals": pairs }),
            _ => json!({ "EncryptionContextSubset": pairs }),
        };
        (operations, constraints)
    };
    let allows = |grant: &(Vec<&str>, Value), operation: &str, context: &Value| {
        let pair = |pairs: &Value, name: &str| pairs.get(name).cloned();
        let names = ["a", "b"];
        grant.0.contains(&operation)
            && match (grant.1.get("EncryptionContextEquals"), grant.1.get("EncryptionContextSubset")) {
                (Some(whole), _) => names.iter().all(|name| pair(whole, name) == pair(context, name)),
                (_, Some(part)) => {
                    names.iter().all(|name| pair(part, name).is_none() || pair(part, name) == pair(context, name))
                }
                (None, None) => true,
            }
    };
    let (mut grown, mut refused) = (0, 0);
    for _ in 0..100 {
        let key = town.key().await;
        let body_of = |to: &str, (operations, constraints): &(Vec<&str>, Value)| {
            let mut body = json!({ "KeyId": key, "GranteePrincipal": to, "Operations": operations });
            if !constraints.is_null() {
                body["Constraints"] = constraints.clone();
            }
            body
        };
        let mut tree: Vec<(usize, (Vec<&str>, Value))> = vec![(0, wish())];
        let root = loop {
            let wished = wish();
            if wished.0.contains(&"CreateGrant") && wished.0.len() > 1 {
                break wished;
            }
        };
        tree[0].1 = root.clone();
        town.grant(body_of(&users[0].0, &root)).await;
        for _ in 0..8 {
            // Mostly by somebody who has a grant already.
            let holder = tree[usize::from(roll(8)) % tree.len()].0;
            let (by, to, wished) =
                (if roll(4) > 0 { holder } else { usize::from(roll(6)) }, usize::from(roll(6)), wish());
            match town.may(&users[by].1, Op::CreateGrant, body_of(&users[to].0, &wished)).await {
                true => tree.push((to, wished)),
                false => refused += 1,
            }
        }
        grown += tree.len();
        for (at, (_, user)) in users.iter().enumerate() {
            for context in &contexts {
                let may = town.encrypts_under(user, &key, context.clone()).await;
                let held = tree.iter().filter(|(holder, _)| *holder == at);
                let by_its_own = held.clone().any(|(_, grant)| allows(grant, "Encrypt", context));
                assert_eq!(may, by_its_own, "user {at} under {context}: {tree:?}");
                assert!(!may || allows(&root, "Encrypt", context), "user {at} under {context} exceeds {root:?}");
            }
        }
    }
    assert!(grown > 130 && refused > 100, "the trees are neither bare nor wild: {grown} grown, {refused} refused");
}

#[tokio::test]
async fn a_dry_run_asks_everything_and_changes_nothing() {
    let town = Town::new().await;
    let key = town.key().await;
    let (id, token) = town.grant(to(&key, &user_arn(OWN, "ann"))).await;
    let before = town.house.everything().await;
    let dry = json!({ "DryRun": true });
    let well = |told: Result<Value, Refusal>| assert_eq!(name_of(&told), "DryRunOperationException", "{told:?}");
    for (op, body) in [
        (Op::CreateGrant, to(&key, &user_arn(OWN, "bob"))),
        (Op::RevokeGrant, json!({ "KeyId": key, "GrantId": id })),
        (Op::RetireGrant, json!({ "KeyId": key, "GrantId": id })),
        (Op::RetireGrant, json!({ "GrantToken": token })),
    ] {
        well(town.call(&town.root, op, with(body.clone(), dry.clone())).await);
        if op != Op::RetireGrant {
            assert_eq!(name_of(&town.call(&town.bob, op, with(body, dry.clone())).await), DENIED, "{op:?}");
        }
    }
    let absent = json!({ "KeyId": key, "GrantId": "ab".repeat(32), "DryRun": true });
    for op in [Op::RevokeGrant, Op::RetireGrant] {
        assert_eq!(town.call(&town.root, op, absent.clone()).await, no_grant(&"ab".repeat(32)));
    }
    let unfit = with(to(&key, &user_arn(OWN, "bob")), json!({ "Operations": ["Sign"], "DryRun": true }));
    assert_eq!(name_of(&town.call(&town.root, Op::CreateGrant, unfit).await), "ValidationException");
    assert_eq!(town.house.everything().await, before);
}

#[tokio::test]
async fn a_principal_that_is_not_there_gets_no_grant_and_one_of_the_same_name_inherits_none() {
    let town = Town::new().await;
    let key = town.key().await;
    for absent in [
        user_arn(OWN, "nobody"),
        user_arn(STRANGER, "nobody"),
        format!("arn:aws:iam::{OWN}:role/nobody"),
        format!("arn:aws:iam::{OWN}:user/path/ann"),
        format!("arn:aws:sts::{OWN}:assumed-role/nobody/session"),
    ] {
        assert_eq!(town.call(&town.root, Op::CreateGrant, to(&key, &absent)).await, no_principal(&absent));
        let body = with(to(&key, &root_of(OWN)), json!({ "RetiringPrincipal": absent }));
        assert_eq!(town.call(&town.root, Op::CreateGrant, body).await, no_principal(&absent));
    }
    town.grant(to(&key, &user_arn("777788889999", "far"))).await;

    let ann = user_arn(OWN, "ann");
    let body = with(to(&key, &ann), json!({ "RetiringPrincipal": ann, "Name": "anns" }));
    let (id, token) = town.grant(body.clone()).await;
    let record = town.house.row(&["g", OWN, REGION, key.rsplit('/').next().expect("an id"), &id]).await;
    let pinned = text_at(&record.expect("the grant"), "/grantee/id");
    assert!(town.encrypts(&town.ann, &key).await);
    for access_key in town.house.manage(OWN, "ListAccessKeys", json!({ "UserName": "ann" })).await["AccessKeyMetadata"]
        .as_array()
        .expect("keys")
    {
        let gone = json!({ "UserName": "ann", "AccessKeyId": access_key["AccessKeyId"] });
        town.house.manage(OWN, "DeleteAccessKey", gone).await;
    }
    town.house.manage(OWN, "DeleteUser", json!({ "UserName": "ann" })).await;
    let told = listed_as(&town.house, &town.root, Op::ListGrants, json!({ "KeyId": key, "GrantId": id })).await;
    assert_eq!((&told[0]["GranteePrincipal"], &told[0]["RetiringPrincipal"]), (&json!(pinned), &json!(pinned)));

    let again = signed_in(&town.house, OWN, "ann").await;
    assert!(!town.encrypts(&again, &key).await, "somebody else of the same name");
    assert!(!town.may(&again, Op::RetireGrant, json!({ "GrantToken": token })).await);
    let members = json!({ "KeyId": key, "GranteePrincipal": ann });
    assert_eq!(listed_as(&town.house, &town.root, Op::ListGrants, members.clone()).await.len(), 0);
    let retirable = json!({ "RetiringPrincipal": ann });
    assert_eq!(listed_as(&town.house, &town.root, Op::ListRetirableGrants, retirable.clone()).await.len(), 0);
    assert_ne!(town.grant(body).await.0, id, "and the same name with the same words is another grant");
    assert!(town.encrypts(&again, &key).await);
    assert_eq!(listed_as(&town.house, &town.root, Op::ListGrants, members).await.len(), 1);
    assert_eq!(listed_as(&town.house, &town.root, Op::ListRetirableGrants, retirable).await.len(), 1);
}

#[tokio::test]
async fn grants_go_with_their_key_however_many_they_are() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, other) = (house.key().await, house.key().await);
    let mut last = String::new();
    for n in 0..60 {
        let body = with(to(&key, &root_of(OWN)), json!({ "Name": format!("n{n}"), "RetiringPrincipal": root_of(OWN) }));
        last = granted(&house, body).await.1;
    }
    let body = with(to(&other, &root_of(OWN)), json!({ "Name": "n", "RetiringPrincipal": root_of(OWN) }));
    let (stays, _) = granted(&house, body).await;
    assert_eq!(house.rows(b"g").await.len(), 61 * 4);
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    let pending = refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&key)));
    assert_eq!(house.call(Op::CreateGrant, to(&key, &root_of(OWN))).await, pending);
    assert_eq!(listed(&house, json!({ "KeyId": key })).await.len(), 60, "until then they are listed");
    let one = text_at(&listed(&house, json!({ "KeyId": key })).await[0], "/GrantId");
    house.ok(Op::RevokeGrant, json!({ "KeyId": key, "GrantId": one })).await;
    house.advance_days(8);
    let gone = refusal("NotFoundException", format!("Key '{}' does not exist", arn(&key)));
    assert_eq!(house.call(Op::ListGrants, json!({ "KeyId": key })).await, gone);
    let told = house.call(Op::RetireGrant, json!({ "GrantToken": last })).await;
    assert_eq!(name_of(&told), "NotFoundException");
    let retirable = json!({ "RetiringPrincipal": root_of(OWN) });
    let told = listed_as(&house, &caller(OWN, REGION), Op::ListRetirableGrants, retirable).await;
    assert_eq!(ids(&told), BTreeSet::from([stays]));
    house.turn(MINUTE).await;
    assert_eq!(house.rows(b"g").await.len(), 4, "the other key's grant alone is left");
    assert_eq!(house.row(&["x", OWN, REGION, &key, "grants"]).await, None);
    assert_eq!(house.count("DeleteKey"), 1);
}

#[tokio::test]
async fn grants_are_made_for_keys_that_can_be_used_and_are_taken_from_all() {
    let house = House::new().await;
    let key = house.key().await;
    let (id, _) = granted(&house, to(&key, &root_of(OWN))).await;
    let (_, token) = granted(&house, to(&key, &root_of(OWN))).await;
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
    assert_eq!(name_of(&house.call(Op::CreateGrant, to(&key, &root_of(OWN))).await), "DisabledException");
    assert_eq!(listed(&house, json!({ "KeyId": key })).await.len(), 2);
    house.ok(Op::RevokeGrant, json!({ "KeyId": key, "GrantId": id })).await;
    house.ok(Op::RetireGrant, json!({ "GrantToken": token })).await;
    let alias = "Key Aliases are not supported for this operation.";
    for (op, body) in [
        (Op::CreateGrant, to("alias/x", &root_of(OWN))),
        (Op::ListGrants, json!({ "KeyId": "alias/x" })),
        (Op::RevokeGrant, json!({ "KeyId": "alias/x", "GrantId": id })),
        (Op::RetireGrant, json!({ "KeyId": "alias/x", "GrantId": id })),
    ] {
        assert_eq!(house.call(op, body).await, refusal("InvalidArnException", alias), "{op:?}");
    }
}

#[tokio::test]
async fn records_tell_of_grants_and_never_of_tokens() {
    let town = Town::new().await;
    let key = town.key().await;
    let last = || town.house.records().into_iter().rfind(common::is_of_a_call).expect("a record");
    let key_alone = json!([{ "accountId": OWN, "type": "AWS::KMS::Key", "ARN": key }]);
    let body = with(
        to(&key, &user_arn(OWN, "ann")),
        json!({
            "Name": "app", "RetiringPrincipal": user_arn(OWN, "bob"),
            "Constraints": { "EncryptionContextSubset": { "a": "1" } },
        }),
    );
    let mut tokens = Vec::new();
    let mut id = String::new();
    for what in ["made", "there already"] {
        let token;
        (id, token) = town.grant(with(body.clone(), json!({ "GrantTokens": tokens }))).await;
        let record = last();
        assert_eq!(record["responseElements"], json!({ "grantId": id, "keyId": key }), "{what}");
        let expected = json!({
            "keyId": key, "granteePrincipal": user_arn(OWN, "ann"), "retiringPrincipal": user_arn(OWN, "bob"),
            "operations": ["Encrypt", "Decrypt"], "name": "app",
            "constraints": { "encryptionContextSubset": { "a": "1" } },
        });
        assert_eq!(record["requestParameters"], expected);
        assert_eq!(record["resources"], key_alone);
        tokens.push(token);
    }
    town.call(&town.root, Op::ListRetirableGrants, json!({ "RetiringPrincipal": user_arn(OWN, "bob") }))
        .await
        .expect("a list");
    assert_eq!((&last()["responseElements"], &last()["resources"]), (&Value::Null, &json!([])));
    town.call(&town.bob, Op::RetireGrant, json!({ "GrantToken": tokens[0] })).await.expect("it goes");
    let record = last();
    assert_eq!(record["requestParameters"], Value::Null, "the token is not shown");
    assert_eq!(record["additionalEventData"], json!({ "grantId": id }), "but which grant it was");
    assert_eq!(record["resources"], key_alone);
    town.call(&town.bob, Op::RetireGrant, json!({ "KeyId": key, "GrantId": id })).await.expect_err("it is gone");
    assert_eq!(last()["requestParameters"], json!({ "keyId": key, "grantId": id }));
    assert_eq!(last().get("additionalEventData"), None);
    let lines: Vec<String> = town.house.records().iter().map(Value::to_string).collect();
    for token in &tokens {
        assert!(!lines.iter().any(|line| line.contains(token.as_str())));
    }
}

#[tokio::test]
async fn conditions_can_ask_what_a_grant_is_to_say() {
    let town = Town::new().await;
    let ann = user_arn(OWN, "ann");
    let plain = json!({});
    let full = json!({
        "Operations": ["Encrypt", "Decrypt"],
        "RetiringPrincipal": root_of(OWN),
        "Constraints": { "EncryptionContextSubset": { "App": "x" } },
    });
    let sourced = json!({ "Constraints": { "SourceArn": "arn:aws:s3:us-east-1:111122223333:x" } });
    for (condition, of_plain, of_full, of_sourced) in [
        (json!({ "StringEquals": { "kms:GranteePrincipal": user_arn(OWN, "bob") } }), true, true, true),
        (json!({ "StringEquals": { "kms:GranteePrincipal": ann } }), false, false, false),
        (json!({ "StringEquals": { "kms:RetiringPrincipal": root_of(OWN) } }), false, true, false),
        (json!({ "ForAllValues:StringEquals": { "kms:GrantOperations": ["Encrypt", "Decrypt"] } }), true, true, true),
        (json!({ "ForAllValues:StringEquals": { "kms:GrantOperations": ["Encrypt"] } }), false, false, false),
        (json!({ "ForAnyValue:StringEquals": { "kms:GrantOperations": ["Sign", "Encrypt"] } }), true, true, true),
        (json!({ "StringEquals": { "kms:GrantConstraintType": "EncryptionContextSubset" } }), false, true, false),
        (json!({ "Null": { "kms:GrantConstraintType": "true" } }), true, false, true),
        (json!({ "StringEquals": { "kms:EncryptionContext:app": "x" } }), false, true, false),
        (json!({ "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "App" } }), false, true, false),
        (json!({ "ArnLike": { "kms:GrantConstraintSourceArn": "arn:aws:s3:*:*:*" } }), false, false, true),
        (json!({ "Bool": { "kms:GrantIsForAWSResource": "false" } }), true, true, true),
        (json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } }), false, false, false),
    ] {
        let mut policy = all_to(&root_of(OWN));
        policy["Statement"].as_array_mut().expect("statements").push(json!({
            "Effect": "Allow", "Principal": { "AWS": ann }, "Action": "kms:CreateGrant", "Resource": "*",
            "Condition": condition,
        }));
        let key = town.key_with(policy).await;
        for (members, may) in [(&plain, of_plain), (&full, of_full), (&sourced, of_sourced)] {
            let body = with(to(&key, &user_arn(OWN, "bob")), members.clone());
            assert_eq!(town.may(&town.ann, Op::CreateGrant, body).await, may, "{condition} of {members}");
        }
    }
}

#[tokio::test]
async fn keys_of_other_accounts_have_grants_too() {
    let town = Town::new().await;
    let mut policy = all_to(&root_of(OWN));
    policy["Statement"].as_array_mut().expect("statements").push(json!({
        "Effect": "Allow", "Principal": { "AWS": root_of(STRANGER) },
        "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"], "Resource": "*",
    }));
    let key = town.key_with(policy).await;
    let (id, _) = town.grant_by(&town.foreign_root, to(&key, &user_arn(STRANGER, "carl"))).await;
    assert!(town.encrypts(&town.carl, &key).await);
    let told = listed_as(&town.house, &town.foreign_root, Op::ListGrants, json!({ "KeyId": key })).await;
    assert_eq!(told[0]["IssuingAccount"], root_of(STRANGER));
    town.call(&town.foreign_root, Op::RevokeGrant, json!({ "KeyId": key, "GrantId": id })).await.expect("it goes");
    assert!(!town.encrypts(&town.carl, &key).await);
}

#[tokio::test]
async fn of_hundreds_of_grants_to_one_grantee_the_one_that_fits_is_found() {
    let town = Town::new().await;
    let key = town.key().await;
    let mut last = String::new();
    for n in 0..350 {
        let mut body = to(&key, &user_arn(OWN, "ann"));
        body["Constraints"] = json!({ "EncryptionContextEquals": { "n": n.to_string() } });
        last = town.grant(body).await.0;
    }
    for n in [0, 1, 63, 64, 65, 128, 349] {
        assert!(town.encrypts_under(&town.ann, &key, json!({ "n": n.to_string() })).await, "{n}");
    }
    assert!(!town.encrypts_under(&town.ann, &key, json!({ "n": "350" })).await);
    town.call(&town.root, Op::RevokeGrant, json!({ "KeyId": key, "GrantId": last })).await.expect("it goes");
    assert!(!town.encrypts_under(&town.ann, &key, json!({ "n": "349" })).await);
    assert!(town.encrypts_under(&town.ann, &key, json!({ "n": "348" })).await);
    // Whoever makes grants by one of hundreds commits no more rows than by one of one.
    town.grant(with(to(&key, &user_arn(OWN, "ann")), json!({ "Operations": ["DescribeKey", "CreateGrant"] }))).await;
    town.grant_by(&town.ann, with(to(&key, &user_arn(OWN, "bob")), json!({ "Operations": ["DescribeKey"] }))).await;
}

/// A town whose store counts what is asked of it.
async fn counted_town() -> (Town, Arc<Counting>) {
    let mut counting = None;
    let wrap = |store: Arc<dyn Store>| -> Arc<dyn Store> {
        let counted = Counting::new(store);
        counting = Some(counted.clone());
        counted
    };
    let town = Town::of(House::with(Mode::Serve, wrap).await).await;
    (town, counting.expect("a store was wrapped"))
}

/// The hot path: grants are looked for only where the policies let nobody in, and only on keys that have some; and what
/// was found is known until the grants of that key are others.
#[tokio::test]
async fn grants_are_looked_for_once_and_only_for_those_who_need_one() {
    let (town, counting) = counted_town().await;
    town.attach(OWN, "bob", allow(json!(["kms:Encrypt"]))).await;
    let (with, without) = (town.key().await, town.key().await);
    let ann = user_arn(OWN, "ann");
    town.grant(to(&with, &ann)).await;
    let scans_of = async |by: &Caller, key: &str, may: bool, who: &str| {
        let before = counting.counts().scan;
        assert_eq!(town.encrypts(by, key).await, may, "{who}");
        counting.counts().scan - before
    };
    let cases = [
        ("whom policies let", &town.bob, &with, true, 0),
        ("whom policies let, where there are no grants", &town.bob, &without, true, 0),
        ("whom nobody lets, where there are no grants", &town.ann, &without, false, 0),
        ("whom a grant lets", &town.ann, &with, true, 1),
        ("whom nobody lets, where there are grants", &town.one, &with, false, 3),
    ];
    for (who, by, key, may, scans) in cases {
        assert_eq!(scans_of(by, key, may, who).await, scans, "{who}: scans of the first call");
        for _ in 0..10 {
            assert_eq!(scans_of(by, key, may, who).await, 0, "{who}: scans of the next");
        }
    }
    town.grant(to(&without, &ann)).await;
    for (who, by, key, may, _) in &cases[3..] {
        assert_eq!(scans_of(by, key, *may, who).await, 0, "{who}: another key's grants are no matter");
    }
    let (id, _) = town.grant(to(&with, &user_arn(OWN, "bob"))).await;
    for (who, by, key, may, scans) in &cases[3..] {
        assert_eq!(scans_of(by, key, *may, who).await, *scans, "{who}: the key's grants are others");
        assert_eq!(scans_of(by, key, *may, who).await, 0, "{who}: and known again");
    }
    town.call(&town.root, Op::RevokeGrant, json!({ "KeyId": with, "GrantId": id })).await.expect("it goes");
    assert_eq!(scans_of(&town.ann, &with, true, "whom a grant lets").await, 1, "after another's is gone");
}

/// Lists of at most one page are known; whoever has more grants on a key has them looked for at every call.
#[tokio::test]
async fn only_short_lists_of_grants_are_kept() {
    let (town, counting) = counted_town().await;
    let key = town.key().await;
    let body = with(to(&key, &user_arn(OWN, "ann")), json!({ "Operations": ["Decrypt"] }));
    for (more, scans) in [(64, 0), (1, 2)] {
        for _ in 0..more {
            town.grant(body.clone()).await;
        }
        assert!(!town.encrypts(&town.ann, &key).await);
        let before = counting.counts().scan;
        assert!(!town.encrypts(&town.ann, &key).await);
        assert_eq!(counting.counts().scan - before, scans, "with {more} more");
    }
}

/// A grant counts from its answer on and not an instant longer than it is there, whoever else asks meanwhile, and
/// through whichever service of the store it came and went.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grants_that_come_and_go_count_at_once() {
    const ROUNDS: usize = 60;
    const CLIENTS: usize = 4;
    let town = Arc::new(Town::new().await);
    let other = town.house.again().await;
    let key = town.key().await;
    let done = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (town, key, done) = (town.clone(), key.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    town.encrypts(&town.ann, &key).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..ROUNDS {
        let by = if round % 2 == 0 { &town.house } else { &other };
        let made = by.call_as(&town.root, Op::CreateGrant, to(&key, &user_arn(OWN, "ann"))).await.expect("it is made");
        assert!(town.encrypts(&town.ann, &key).await, "round {round}: it counts");
        let gone = json!({ "KeyId": key, "GrantId": made["GrantId"] });
        by.call_as(&town.root, Op::RevokeGrant, gone).await.expect("it goes");
        assert!(!town.encrypts(&town.ann, &key).await, "round {round}: it is gone");
    }
    done.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.expect("a client");
    }
}

#[tokio::test]
async fn grants_and_their_tokens_outlive_the_process() {
    let place = tempfile::tempdir().expect("a directory");
    let house = House::on_disk(Mode::Dev, place.path()).await;
    let key = house.key().await;
    let body = with(to(&key, &root_of(OWN)), json!({ "Name": "app" }));
    let (id, token) = granted(&house, body.clone()).await;
    let told = listed(&house, json!({ "KeyId": key })).await;
    house.service.close().await;
    drop(house);
    let house = House::on_disk(Mode::Dev, place.path()).await;
    assert_eq!(listed(&house, json!({ "KeyId": key })).await, told);
    let (again, fresh) = granted(&house, body).await;
    assert_eq!(again, id, "the name is still taken");
    for token in [token, fresh] {
        let tokens = json!({ "KeyId": key, "Plaintext": "eA==", "GrantTokens": [token] });
        house.ok(Op::Encrypt, tokens).await;
    }
}

/// What a grant allowed is not done once the grant is gone, even if it was asked for before.
#[tokio::test]
async fn a_grant_that_goes_while_it_is_used_allows_nothing_any_more() {
    let (house, held, behind) = held().await;
    let house = Arc::into_inner(house).expect("nobody else has it");
    let town = Arc::new(Town::of(house).await);
    let key = town.key().await;
    let words = json!({ "Operations": ["Encrypt", "CreateGrant"] });
    let (parent, _) = town.grant(with(to(&key, &user_arn(OWN, "ann")), words)).await;
    let other = town.house.try_again(behind).await.expect("another service on the same store");
    held.hold();
    let making = {
        let town = town.clone();
        let child = with(to(&key, &user_arn(OWN, "bob")), json!({ "Operations": ["Encrypt"] }));
        tokio::spawn(async move { town.call(&town.ann, Op::CreateGrant, child).await })
    };
    held.waiting(1).await;
    let gone = json!({ "KeyId": key, "GrantId": parent });
    other.call_as(&town.root, Op::RevokeGrant, gone).await.expect("it goes");
    held.release();
    let made = making.await.expect("a client");
    assert_eq!(name_of(&made), DENIED, "{made:?}");
    assert!(!town.encrypts(&town.bob, &key).await);
    assert_eq!(town.house.rows(b"g").await.len(), 0);
}
