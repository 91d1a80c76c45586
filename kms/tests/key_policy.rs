//! The documents that say who may use a key: put, given back in AWS's layout, listed.

mod common;

use common::sample::{policy as policy_named, policy_of};
use common::{House, OWN, REGION, Refusal, arn, caller, name_of, refusal, text_at};
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
            r#"{"Statement":{"Effect":"Deny","NotPrincipal":"*","NotAction":[ "a" ],"NotResource":"*","Condition":{}}}"#,
            "{\n  \"Statement\" : {\n    \"Effect\" : \"Deny\",\n    \"NotPrincipal\" : \"*\",\n    \"NotAction\" : [ \"a\" ],\n    \"NotResource\" : \"*\",\n    \"Condition\" : { }\n  }\n}",
        ),
        (
            "{ \"Statement\":{\"Resource\":\"*\",\"Action\":[\"kms:Encrypt\",\"kms:Decrypt\"],\t\"Principal\":\"*\",\"Effect\":\"Allow\"},\r\n\"Id\":\"\u{e9}\\u0041\"}\n",
            "{\n  \"Statement\" : {\n    \"Resource\" : \"*\",\n    \"Action\" : [ \"kms:Encrypt\", \"kms:Decrypt\" ],\n    \"Principal\" : \"*\",\n    \"Effect\" : \"Allow\"\n  },\n  \"Id\" : \"\u{e9}\\u0041\"\n}",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"1"},"Action":"a","Resource":"*","Condition":{"NumericLessThan":{"x":1.0}}},{"Sid":"2","Effect":"Deny","Principal":"*","Action":"b","Resource":"*"}]}"#,
            "{\n  \"Version\" : \"2012-10-17\",\n  \"Statement\" : [ {\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \"AWS\" : \"1\"\n    },\n    \"Action\" : \"a\",\n    \"Resource\" : \"*\",\n    \"Condition\" : {\n      \"NumericLessThan\" : {\n        \"x\" : 1.0\n      }\n    }\n  }, {\n    \"Sid\" : \"2\",\n    \"Effect\" : \"Deny\",\n    \"Principal\" : \"*\",\n    \"Action\" : \"b\",\n    \"Resource\" : \"*\"\n  } ]\n}",
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
    assert!(house.row(&["x", OWN, REGION, &key, "policy"]).await.is_some());
}
