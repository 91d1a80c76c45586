//! The documents that say who may use a key: put, given back in AWS's layout, listed.

mod common;

use common::identities::allow;
use common::log::Log;
use common::sample::{STATEMENT, policy as policy_named, policy_of};
use common::{House, OWN, REGION, Refusal, STRANGER, arn, base64, caller, name_of, refusal, text_at};
use kms::{Enforcement, Mode};
use serde_json::{Value, json};
use wire::Op;

async fn policy(house: &House, key: &str) -> String {
    let told = house.ok(Op::GetKeyPolicy, json!({ "KeyId": key })).await;
    assert_eq!(told["PolicyName"], "default");
    text_at(&told, "/Policy")
}

fn put(key: &str, policy: &str) -> Value {
    json!({ "KeyId": key, "Policy": policy })
}

fn no_such_policy() -> Result<Value, Refusal> {
    refusal("NotFoundException", "No such policy exists")
}

#[tokio::test]
async fn a_key_has_the_default_policy_to_the_byte() {
    let house = House::new().await;
    let key = house.key().await;
    let told = house.text(Op::GetKeyPolicy, json!({ "KeyId": key })).await;
    let expected = concat!(
        r#"{"Policy":"{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    "#,
        r#"\"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      "#,
        r#"\"AWS\" : \"arn:aws:iam::111122223333:root\"\n    },\n    \"Action\" : \"kms:*\",\n    "#,
        r#"\"Resource\" : \"*\"\n  } ]\n}","PolicyName":"default"}"#,
    );
    assert_eq!(told, expected);
    let there = caller(OWN, "cn-north-1");
    let key = house.key_of(&there).await;
    let told = house.call_as(&there, Op::GetKeyPolicy, json!({ "KeyId": key })).await.expect("a policy");
    assert!(text_at(&told, "/Policy").contains("arn:aws-cn:iam::111122223333:root"));
}

#[tokio::test]
async fn a_policy_comes_back_in_awss_layout_with_its_members_in_the_order_given() {
    let house = House::new().await;
    let key = house.key().await;
    for (given, told) in [
        (
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","NotAction":[ "kms:a" ],"Resource":"*","Condition":{}},{"Effect":"Deny","NotPrincipal":{"AWS":"111122223333"},"Action":"kms:*","NotResource":"*"}]}"#,
            "{\n  \"Statement\" : [ {\n    \"Effect\" : \"Allow\",\n    \"Principal\" : \"*\",\n    \"NotAction\" : [ \"kms:a\" ],\n    \"Resource\" : \"*\",\n    \"Condition\" : { }\n  }, {\n    \"Effect\" : \"Deny\",\n    \"NotPrincipal\" : {\n      \"AWS\" : \"111122223333\"\n    },\n    \"Action\" : \"kms:*\",\n    \"NotResource\" : \"*\"\n  } ]\n}",
        ),
        (
            "{ \"Statement\":{\"Resource\":\"*\",\"Action\":[\"kms:*\",\"kms:Decrypt\"],\t\"Principal\":\"*\",\"Effect\":\"Allow\"},\r\n\"Id\":\"\u{e9}\\u0041\"}\n",
            "{\n  \"Statement\" : {\n    \"Resource\" : \"*\",\n    \"Action\" : [ \"kms:*\", \"kms:Decrypt\" ],\n    \"Principal\" : \"*\",\n    \"Effect\" : \"Allow\"\n  },\n  \"Id\" : \"\u{e9}\\u0041\"\n}",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"kms:*","Resource":"*"},{"Sid":"2","Effect":"Deny","Principal":"*","Action":"kms:b","Resource":"*","Condition":{"NumericLessThan":{"kms:x":1.0}}}]}"#,
            "{\n  \"Version\" : \"2012-10-17\",\n  \"Statement\" : [ {\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \"111122223333\"\n    },\n    \"Action\" : \"kms:*\",\n    \"Resource\" : \"*\"\n  }, {\n    \"Sid\" : \"2\",\n    \"Effect\" : \"Deny\",\n    \"Principal\" : \"*\",\n    \"Action\" : \"kms:b\",\n    \"Resource\" : \"*\",\n    \"Condition\" : {\n      \"NumericLessThan\" : {\n        \"kms:x\" : 1.0\n      }\n    }\n  } ]\n}",
        ),
    ] {
        assert_eq!(house.text(Op::PutKeyPolicy, put(&key, given)).await, "", "no output is an empty body");
        assert_eq!(policy(&house, &key).await, told, "{given}");
        house.ok(Op::PutKeyPolicy, put(&arn(&key), told)).await;
        assert_eq!(policy(&house, &key).await, told, "what was laid out stays so");
        let made = house.ok(Op::CreateKey, json!({ "Policy": given })).await;
        assert_eq!(policy(&house, &text_at(&made, "/KeyMetadata/KeyId")).await, told);
    }
}

#[tokio::test]
async fn there_is_one_policy_and_it_is_called_default() {
    let house = House::new().await;
    let key = house.key().await;
    let document = policy_named("x");
    let ram = "The AWS_RAM policy can only be managed by the RAM service.";
    let pattern = "1 validation error detected: Value 'invalid-name' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w]+";
    for (name, put, get) in [
        ("AWS_RAM", refusal("ValidationException", ram), no_such_policy()),
        ("other", no_such_policy(), no_such_policy()),
        ("Default", no_such_policy(), no_such_policy()),
        ("invalid-name", refusal("ValidationException", pattern), refusal("ValidationException", pattern)),
    ] {
        let body = json!({ "KeyId": key, "PolicyName": name, "Policy": document });
        assert_eq!(house.call(Op::PutKeyPolicy, body.clone()).await, put, "{name}");
        assert_eq!(house.call(Op::GetKeyPolicy, body).await, get, "{name}");
    }
    assert_eq!(policy(&house, &key).await, policy::default_key_policy("aws", OWN), "nothing was changed");
    for bypass in [true, false] {
        let body = json!({ "KeyId": key, "PolicyName": "default", "Policy": document, "BypassPolicyLockoutSafetyCheck": bypass });
        house.ok(Op::PutKeyPolicy, body).await;
    }
    house.ok(Op::GetKeyPolicy, json!({ "KeyId": key, "PolicyName": "default" })).await;
    let told = r#"{"PolicyNames":["default"],"Truncated":false}"#;
    for limit in [Value::Null, json!(1), json!(1000)] {
        assert_eq!(house.text(Op::ListKeyPolicies, json!({ "KeyId": key, "Limit": limit })).await, told);
    }
    let told = house.call(Op::ListKeyPolicies, json!({ "KeyId": key, "Marker": "x" })).await;
    assert_eq!(told, refusal("InvalidMarkerException", "The marker is not valid."), "none was ever given out");
    let told = house.call(Op::ListKeyPolicies, json!({ "KeyId": key, "Limit": 0 })).await;
    assert_eq!(name_of(&told), "ValidationException");
}

#[tokio::test]
async fn a_document_that_is_none_or_too_long_is_refused_and_the_old_one_stays() {
    let house = House::new().await;
    let key = house.key().await;
    let malformed = |text: &str| refusal("MalformedPolicyDocumentException", text);
    let null =
        "1 validation error detected: Value null at 'policy' failed to satisfy constraint: Member must not be null";
    for (policy, told) in [
        (json!("{"), malformed("the policy is not valid JSON: look at line 1, column 1")),
        (json!(policy_of(32_769)), refusal("LimitExceededException", "The key policy is longer than 32768 bytes.")),
        (Value::Null, refusal("ValidationException", null)),
    ] {
        let body = json!({ "KeyId": key, "Policy": policy });
        assert_eq!(house.call(Op::PutKeyPolicy, body.clone()).await, told, "{body}");
    }
    for policy in ["[]", "{}", "{\"Statement\":[]}", "{\"Statement\":7}"] {
        let told = house.call(Op::PutKeyPolicy, put(&key, policy)).await;
        assert_eq!(name_of(&told), "MalformedPolicyDocumentException", "{policy}: {told:?}");
    }
    let told = house.call(Op::PutKeyPolicy, put(&key, &policy_of(131_073))).await;
    assert_eq!(name_of(&told), "ValidationException");
    assert_eq!(policy(&house, &key).await, policy::default_key_policy("aws", OWN));
    house.ok(Op::PutKeyPolicy, put(&key, &policy_of(32_768))).await;
    assert!(policy(&house, &key).await.len() > 32_768, "the layout's own space does not count");
}

#[tokio::test]
async fn a_policy_is_read_and_replaced_in_every_state_of_its_key() {
    let house = House::new().await;
    for key in [house.key().await, house.disabled_key().await, house.pending_key().await] {
        house.ok(Op::PutKeyPolicy, put(&key, &policy_named("another"))).await;
        assert_eq!(policy(&house, &key).await, policy::lay_out(&policy_named("another")));
        house.ok(Op::ListKeyPolicies, json!({ "KeyId": key })).await;
    }
}

#[tokio::test]
async fn a_record_holds_the_policy_that_was_put_and_none_that_was_read() {
    let house = House::new().await;
    let key = house.key().await;
    let document = &policy_named("a-policy-that-was-put");
    let before = house.trail.lines().len();
    house.ok(Op::PutKeyPolicy, put(&key, document)).await;
    house.ok(Op::GetKeyPolicy, json!({ "KeyId": key })).await;
    let records = house.records_from(before);
    let parameters = json!({
        "bypassPolicyLockoutSafetyCheck": false, "keyId": key, "policy": document, "policyName": "default"
    });
    assert_eq!(records[0]["requestParameters"], parameters);
    assert_eq!(records[1]["requestParameters"], json!({ "keyId": key, "policyName": "default" }));
    assert!(!records[1].to_string().contains("a-policy-that-was-put"));
    assert_eq!(house.policy_in(REGION, &key).await, *document);
}

fn malformed(text: &str) -> Result<Value, Refusal> {
    refusal("MalformedPolicyDocumentException", text)
}

fn lock_out() -> Result<Value, Refusal> {
    malformed("The new key policy will not allow you to update the key policy in the future.")
}

fn nobody_there() -> Result<Value, Refusal> {
    malformed("Policy contains a statement with one or more invalid principals.")
}

/// A policy that leaves everything to the account and gives these principals the rest.
fn naming(principals: &[&str]) -> String {
    let statement =
        json!({ "Effect": "Allow", "Principal": { "AWS": principals }, "Action": "kms:Decrypt", "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [serde_json::from_str::<Value>(STATEMENT).expect("JSON"), statement] })
        .to_string()
}

/// What both operations refuse, and the key keeps the policy that it has.
#[tokio::test]
async fn a_policy_that_breaks_a_rule_is_refused_by_create_key_and_put_key_policy_alike() {
    let house = House::new().await;
    house.own_account().await;
    house.user(OWN, "ann", None).await;
    house.role(OWN, "app", json!(format!("arn:aws:iam::{OWN}:root")), None).await;
    let key = house.key().await;
    let only = |action: &str, principal: &str| {
        json!({ "Statement": { "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" } })
            .to_string()
    };
    let over_permissive = json!({ "Statement": {
        "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*",
        "Condition": { "ForAllValues:StringEquals": { "kms:EncryptionContext:app": "x" } }
    } });
    let own = |what: &str| format!("arn:aws:iam::{OWN}:{what}");
    for (policy, told) in [
        (only("kms:Decrypt", "*"), Some(lock_out())),
        (r#"{"Statement":{"Effect":"Allow","Principal":"*"}}"#.to_owned(), Some(lock_out())),
        (naming(&[&own("user/nobody")]), Some(nobody_there())),
        (naming(&[&own("user/Ann")]), Some(nobody_there())),
        (naming(&[&own("user/path/ann")]), Some(nobody_there())),
        (naming(&[&own("role/nobody")]), Some(nobody_there())),
        (naming(&[&own("role/ann")]), Some(nobody_there())),
        (naming(&["AIDAAAAAAAAAAAAAAAAAA"]), Some(nobody_there())),
        (naming(&["arn:aws:sts::111122223333:assumed-role/nobody/session"]), Some(nobody_there())),
        // Of an account that is not held here only the form is known.
        (naming(&["arn:aws:iam::999988887777:user/anybody", "999988887777"]), None),
        (naming(&[&own("user/ann"), &own("role/app"), &own("root"), OWN]), None),
        (naming(&["arn:aws:sts::111122223333:assumed-role/app/session"]), None),
    ] {
        let put = house.call(Op::PutKeyPolicy, put(&key, &policy)).await;
        let made = house.call(Op::CreateKey, json!({ "Policy": policy })).await;
        match told {
            Some(told) => {
                assert_eq!(put, told, "{policy}");
                assert_eq!(made, told, "{policy}");
            }
            None => assert!(put.is_ok() && made.is_ok(), "{policy}: {put:?} {made:?}"),
        }
    }
    for policy in [
        over_permissive.to_string(),
        only("kms:*", "nobody"),
        r#"{"Statement":{"Effect":"Allow","Action":"kms:*"}}"#.into(),
    ] {
        for told in [
            house.call(Op::PutKeyPolicy, put(&key, &policy)).await,
            house.call(Op::CreateKey, json!({ "Policy": policy })).await,
        ] {
            assert_eq!(name_of(&told), "MalformedPolicyDocumentException", "{policy}: {told:?}");
        }
    }
    let told = house.call(Op::PutKeyPolicy, put(&key, &naming(&["arn:aws:iam:no:arn"]))).await;
    assert_eq!(name_of(&told), "InvalidArnException", "{told:?}");
    // Well formed, and of nobody that a policy can name.
    let told = house.call(Op::PutKeyPolicy, put(&key, &naming(&[&own("somebody/ann")]))).await;
    assert_eq!(told, nobody_there());
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html#KMS-PutKeyPolicy-request-BypassPolicyLockoutSafetyCheck>
#[tokio::test]
async fn whoever_would_lock_themselves_out_has_to_say_that_they_mean_it() {
    let house = House::new().await;
    house.own_account().await;
    let ann = house.user(OWN, "ann", Some(allow(json!(["kms:PutKeyPolicy", "kms:CreateKey"])))).await;
    let ann = house.sign_in(&ann).await;
    let key = house.key().await;
    let statement = |principal: &str, action: &str| {
        let principal = json!({ "AWS": format!("arn:aws:iam::{OWN}:{principal}") });
        json!({ "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" })
    };
    let of = |statements: Value| json!({ "Statement": statements }).to_string();
    let root = of(json!([statement("root", "kms:*")]));
    let hers = of(json!([statement("user/ann", "kms:PutKeyPolicy")]));
    let mut refusing = json!([statement("root", "kms:*"), statement("user/ann", "kms:PutKeyPolicy")]);
    refusing[1]["Effect"] = json!("Deny");
    let refusing = of(refusing);
    let body = |policy: &str, bypass: bool| json!({ "KeyId": key, "Policy": policy, "BypassPolicyLockoutSafetyCheck": bypass });
    house.call_as(&ann, Op::PutKeyPolicy, body(&root, false)).await.expect("the account may, and her policy says so");
    assert_eq!(house.call_as(&ann, Op::PutKeyPolicy, body(&refusing, false)).await, lock_out(), "she could not again");
    assert_eq!(house.call_as(&ann, Op::CreateKey, json!({ "Policy": refusing })).await, lock_out());
    assert_eq!(house.call(Op::PutKeyPolicy, body(&hers, false)).await, lock_out(), "the root could not again");
    house.call_as(&ann, Op::PutKeyPolicy, body(&hers, false)).await.expect("she could");
    let told = house.call(Op::PutKeyPolicy, body(&root, true)).await;
    assert_eq!(name_of(&told), "AccessDeniedException", "now the root is out: {told:?}");
    house.call_as(&ann, Op::PutKeyPolicy, body(&refusing, true)).await.expect("she means it");
    let told = house.call_as(&ann, Op::PutKeyPolicy, body(&root, false)).await;
    assert_eq!(name_of(&told), "AccessDeniedException", "{told:?}");
    house.ok(Op::PutKeyPolicy, body(&root, false)).await;
}

/// More principals than one commit may expect rows to be as they were.
#[tokio::test]
async fn a_policy_can_name_hundreds_of_users_and_knows_each_by_its_id() {
    let house = House::new().await;
    house.own_account().await;
    let names: Vec<String> = (0..300).map(|n| format!("u{n}")).collect();
    for name in &names {
        house.manage(OWN, "CreateUser", json!({ "UserName": name })).await;
    }
    let arns: Vec<String> = names.iter().map(|name| format!("arn:aws:iam::{OWN}:user/{name}")).collect();
    let key = house.key().await;
    house.ok(Op::PutKeyPolicy, put(&key, &naming(&arns.iter().map(String::as_str).collect::<Vec<_>>()))).await;
    house.manage(OWN, "DeleteUser", json!({ "UserName": "u7" })).await;
    let told = policy(&house, &key).await;
    assert!(!told.contains("user/u7\"") && told.contains("user/u8\""), "{told}");
    assert_eq!(told.matches("\"AIDA").count(), 1, "who is no more is told by its id");
}

#[tokio::test]
async fn a_policy_of_the_first_version_is_read_and_one_that_is_none_lets_nobody_in() {
    let house = House::new().await;
    let key = house.key().await;
    house.plant_policy(&key).await;
    assert_eq!(policy(&house, &key).await, policy::default_key_policy("aws", OWN));
    // The grammar of then took this one.
    let document = base64(r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"1"},"Action":"a","Resource":"*"}}"#);
    house.plant(&["x", OWN, REGION, &key, "policy"], json!({ "v": 1, "r": { "document": document } })).await;
    let log = Log::listen();
    let told = house.call(Op::DescribeKey, json!({ "KeyId": key })).await;
    let text = format!(
        "User: arn:aws:iam::{OWN}:root is not authorized to perform: kms:DescribeKey on resource: {} with an explicit \
         deny in a resource-based policy",
        arn(&key)
    );
    assert_eq!(told, refusal("AccessDeniedException", text));
    assert!(log.says("trent admin recover"), "{:?}", log.lines());
}

#[tokio::test]
async fn where_nothing_is_enforced_no_policy_is_asked_but_its_form_and_the_lock_out_are_checked() {
    let house = House::enforcing(Mode::Dev, Enforcement::Off).await;
    let key = house.key().await;
    let nobody = json!({ "Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" });
    let all: Value = serde_json::from_str(STATEMENT).expect("JSON");
    let named = json!({ "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OWN}:user/nobody") }, "Action": "kms:*", "Resource": "*" });
    let document = json!({ "Statement": [all, nobody, named] }).to_string();
    house.ok(Op::PutKeyPolicy, put(&key, &document)).await;
    house.encrypt(&key, "eA==").await;
    let locking =
        json!({ "Statement": { "Effect": "Allow", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*" } });
    assert_eq!(house.call(Op::PutKeyPolicy, put(&key, &locking.to_string())).await, lock_out());
    // Keys of other accounts: only where AWS lets them be used, and of one that is not there nothing is told.
    let stranger = caller(STRANGER, REGION);
    let theirs = json!({ "KeyId": arn(&key) });
    house.call_as(&stranger, Op::DescribeKey, theirs.clone()).await.expect("nobody is asked");
    let told = house.call_as(&stranger, Op::DisableKey, theirs).await;
    assert_eq!(name_of(&told), "AccessDeniedException", "{told:?}");
    let told = house.call_as(&stranger, Op::DescribeKey, json!({ "KeyId": arn(common::NOBODY) })).await;
    assert_eq!(name_of(&told), "AccessDeniedException", "{told:?}");
}

#[tokio::test]
async fn where_refusals_are_logged_a_call_passes_and_the_log_says_what_would_have_refused_it() {
    let house = House::enforcing(Mode::Dev, Enforcement::Log).await;
    house.own_account().await;
    let ann = house.user(OWN, "ann", None).await;
    let ann = house.sign_in(&ann).await;
    let key = house.key().await;
    let log = Log::listen();
    house.call_as(&ann, Op::DisableKey, json!({ "KeyId": key })).await.expect("it passes");
    let why = "because no identity-based policy allows the kms:DisableKey action";
    assert!(log.says(why), "{:?}", log.lines());
    let told = house.call_as(&ann, Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })).await;
    assert_eq!(name_of(&told), "DisabledException", "it was really done");
    house.ok(Op::PutKeyPolicy, put(&key, &naming(&["arn:aws:iam::111122223333:user/nobody"]))).await;
    assert!(log.says("its principal does not exist"), "{:?}", log.lines());
}
