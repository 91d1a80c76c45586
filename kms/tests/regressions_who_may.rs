//! Ways around a decision that somebody once found, each closed.

mod common;

use common::identities::{Keys, allow};
use common::{House, OWN, Refusal, STRANGER, name_of, text_at};
use kms::{Caller, Scope};
use serde_json::json;
use wire::Op;
use wire::sigv4::Head;

/// Whoever signs for this Region.
async fn signed_for(house: &House, keys: &Keys, region: &str, scope: Scope) -> Result<Caller, Refusal> {
    let headers = keys.sign(b"{}", house.now(), region, scope.as_str());
    let head = Head { method: "POST", path: "/", query: "", headers: &headers };
    let told = house.service.authenticate(&head, b"{}", scope, house.now()).await;
    told.map_err(common::identities::refused)
}

/// Users and roles are the same in every Region, and their ARNs begin as the Region's do: a Deny on such an ARN would
/// say nothing about one in a Region of another partition.
#[tokio::test]
async fn no_region_leads_around_a_deny() {
    let house = House::new().await;
    house.own_account().await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "*",
          "Resource": [format!("arn:aws:iam::{OWN}:user/admin"), format!("arn:aws:iam::{OWN}:role/admin")] },
    ] });
    let ann = house.user(OWN, "ann", Some(deny)).await;
    house.user(OWN, "admin", Some(allow(json!(["*"])))).await;
    let role = house.role(OWN, "admin", json!([format!("arn:aws:iam::{OWN}:user/ann")]), None).await;
    for region in ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"] {
        let role = role.replace("arn:aws:", &format!("arn:{}:", kms::place::partition(region)));
        if let Ok(caller) = signed_for(&house, &ann, region, Scope::Iam).await {
            let told = house.administer(&caller, "CreateAccessKey", json!({ "UserName": "admin" })).await;
            assert!(told.is_err(), "{region}: {told:?}");
        }
        if let Ok(caller) = signed_for(&house, &ann, region, Scope::Sts).await {
            let told = house.assume(&caller, &role, "one", "").await;
            assert!(told.is_err(), "{region}: {told:?}");
        }
    }
}

#[tokio::test]
async fn explaining_a_name_with_a_zero_byte_is_explaining_nobody() {
    let house = House::new().await;
    let root = house.own_account().await;
    let root = house.sign_in(&root).await;
    for principal in [format!("arn:aws:iam::{OWN}:user/a\0b"), format!("arn:aws:iam::{OWN}:role/a\0u\0b")] {
        let body = json!({ "Principal": principal, "Operation": "ListKeys" });
        let told = house.administer(&root, "Explain", body).await;
        assert_eq!(told.unwrap_err().0, "InvalidArnException", "{principal:?}");
    }
}

/// A Deny of somebody who is called by another partition's name would deny nobody.
#[tokio::test]
async fn policies_name_nobody_by_the_arn_of_another_partition() {
    let house = House::new().await;
    let root = house.own_account().await;
    let root = house.sign_in(&root).await;
    house.user(OWN, "ann", None).await;
    for (principal, is) in [
        (format!("arn:aws:iam::{STRANGER}:root"), true),
        (format!("arn:aws:iam::{OWN}:user/ann"), true),
        (STRANGER.to_owned(), true),
        ("*".to_owned(), true),
        (format!("arn:aws-cn:iam::{STRANGER}:root"), false),
        (format!("arn:aws-cn:iam::{OWN}:user/ann"), false),
        (format!("arn:aws-us-gov:sts::{STRANGER}:assumed-role/r/s"), false),
    ] {
        let statement = |effect: &str, principal: &str, action: &str| json!({ "Effect": effect, "Principal": { "AWS": principal }, "Action": action, "Resource": "*" });
        let policy = json!({ "Version": "2012-10-17", "Statement": [
            statement("Allow", OWN, "kms:*"), statement("Deny", &principal, "kms:Decrypt"),
        ] });
        let told = house.call_as(&root, Op::CreateKey, json!({ "Policy": policy.to_string() })).await;
        let name = if is { "" } else { "MalformedPolicyDocumentException" };
        assert_eq!(if told.is_ok() { "" } else { name_of(&told) }, name, "{principal}: {told:?}");
        let mut trust = statement("Deny", &principal, "sts:AssumeRole");
        trust.as_object_mut().expect("an object").remove("Resource");
        let trust = json!({ "Version": "2012-10-17", "Statement": [trust] });
        let body =
            json!({ "RoleName": format!("r{}", principal.len()), "AssumeRolePolicyDocument": trust.to_string() });
        let told = house.administer(&root, "CreateRole", body).await;
        let name = if is { "" } else { "MalformedPolicyDocument" };
        assert_eq!(told.as_ref().map_or_else(|refusal| refusal.0.as_str(), |_| ""), name, "{principal}: {told:?}");
    }
}

/// Who may retire a grant stands in the grant; a key's policy has no say, and an explanation may not claim one.
#[tokio::test]
async fn a_key_policy_explains_no_right_to_retire_a_grant() {
    let house = House::new().await;
    let root = house.own_account().await;
    let root = house.sign_in(&root).await;
    house.user(OWN, "ann", None).await;
    house.user(OWN, "bob", Some(allow(json!("kms:RetireGrant")))).await;
    let [ann, bob] = ["ann", "bob"].map(|name| format!("arn:aws:iam::{OWN}:user/{name}"));
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": [OWN, ann] }, "Action": "kms:*", "Resource": "*" },
    ] });
    let made = house.call_as(&root, Op::CreateKey, json!({ "Policy": policy.to_string() })).await.expect("a key");
    let key = text_at(&made, "/KeyMetadata/Arn");
    for (principal, allowed) in [(&ann, false), (&bob, true)] {
        let body = json!({ "Principal": principal, "Operation": "kms:RetireGrant", "KeyId": key });
        let told = house.administer(&root, "Explain", body).await.expect("an explanation");
        assert_eq!(told["Allowed"], allowed, "{principal}: {told}");
        assert_eq!(told["Because"].as_str().expect("a sentence").contains("a grant itself"), !allowed, "{told}");
    }
    let facts = json!({ "Principal": ann, "Operation": "ListKeys", "Facts": { "aws:x": "a".repeat(17_000) } });
    assert_eq!(house.administer(&root, "Explain", facts).await.expect_err("too long").0, "ValidationError");
}

/// A secret that stands in another member's place is told to nobody.
#[tokio::test]
async fn a_misplaced_secret_is_not_repeated() {
    let house = House::new().await;
    let root = house.own_account().await;
    let root = house.sign_in(&root).await;
    let secret = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00";
    for body in [
        json!({ "RootAccessKey": secret }),
        json!({ "Tags": secret }),
        json!({ "MaxItems": secret }),
        json!({ "SecretAccessKey": [secret] }),
        json!({ "Tags": [{ "Key": "a", "Value": { secret: 1 } }] }),
    ] {
        let told = house.administer(&root, "CreateAccount", body.clone()).await.expect_err("no such body");
        assert_eq!(told.0, "SerializationException", "{body}");
        assert!(!told.1.contains(secret), "{body}: {}", told.1);
    }
    assert!(house.records().iter().all(|record| !record.to_string().contains(secret)));
}

/// Every call of somebody who was believed leaves a record, one whose parameters are none too.
#[tokio::test]
async fn a_refused_form_leaves_a_record() {
    let house = House::new().await;
    let root = house.own_account().await;
    let root = house.sign_in(&root).await;
    for action in ["AssumeRole", "GetCallerIdentity"] {
        let body = format!("Action={action}&Version=2011-06-15&SerialNumber=x");
        let refusal = wire::query::Call::read(body.as_bytes()).expect_err("a parameter that is none");
        assert_eq!(wire::query::Call::named(body.as_bytes()), Some(action));
        let told = house.service.refused_sts(action, root.clone(), house.origin(), refusal.clone(), house.now()).await;
        assert_eq!((told.name, &told.message), (refusal.name, &refusal.message));
        let record = house.records().pop().expect("a record");
        assert_eq!((&record["eventName"], &record["errorCode"]), (&json!(action), &json!("ValidationError")));
    }
}
