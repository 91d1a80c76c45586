//! Condition keys as a client meets them: each brought about by a real request, once so that the condition holds and
//! once so that it does not. What the operators mean is tested with the policy engine.

mod common;

use common::sample::{self, With, sample};
use common::{House, OWN, REGION, base64, name_of, text_at, with};
use kms::Caller;
use serde_json::{Value, json};
use wire::Op;

/// What the cases are about: keys whose policies leave everything to the account, but for what is tested.
struct Scene {
    house: House,
    ann: Caller,
    key: String,
    other: String,
    external: String,
    signing: String,
    mac: String,
    agreeing: String,
    alias: &'static str,
    blob: String,
}

impl Scene {
    async fn new() -> Scene {
        let house = House::new().await;
        house.own_account().await;
        let ann = house.user(OWN, "ann", None).await;
        let dept = json!({ "UserName": "ann", "Tags": [{ "Key": "Dept", "Value": "eng" }] });
        house.manage(OWN, "TagUser", dept).await;
        let ann = house.sign_in(&ann).await;
        let (key, other, external) = (house.key().await, house.key().await, house.external_key().await);
        let signing = house.key_as(json!({ "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" })).await;
        let mac = house.key_as(sample::key_for(Op::GenerateMac)).await;
        let agreeing = house.key_as(sample::key_for(Op::DeriveSharedSecret)).await;
        for (alias, key) in [("alias/one", &key), ("alias/two", &other)] {
            house.ok(Op::CreateAlias, json!({ "AliasName": alias, "TargetKeyId": key })).await;
        }
        let tags = json!([{ "TagKey": "Stage", "TagValue": "test" }]);
        house.ok(Op::TagResource, json!({ "KeyId": key, "Tags": tags })).await;
        let context = json!({ "app": "x" });
        let sealed = json!({ "KeyId": key, "Plaintext": base64("p"), "EncryptionContext": context });
        let blob = text_at(&house.ok(Op::Encrypt, sealed).await, "/CiphertextBlob");
        Scene { house, ann, key, other, external, signing, mac, agreeing, alias: "alias/one", blob }
    }

    /// Gives every key a policy with this statement for Ann beside the root's.
    async fn put(&self, actions: &[String], effect: &str, condition: &Value) {
        let user = format!("arn:aws:iam::{OWN}:user/ann");
        let everything = json!({
            "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OWN}:root") }, "Action": "kms:*", "Resource": "*"
        });
        let mut statements = vec![
            everything,
            json!({
                "Effect": effect, "Principal": { "AWS": user }, "Action": actions, "Resource": "*", "Condition": condition
            }),
        ];
        if effect == "Deny" {
            statements.push(json!({
                "Effect": "Allow", "Principal": { "AWS": user }, "Action": "kms:*", "Resource": "*"
            }));
        }
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        for key in [&self.key, &self.other, &self.external, &self.signing, &self.mac, &self.agreeing] {
            self.house.ok(Op::PutKeyPolicy, json!({ "KeyId": key, "Policy": policy })).await;
        }
    }

    /// Gives Ann a policy with this statement, and for a Deny one that allows everything.
    async fn attach(&self, actions: &[String], effect: &str, condition: &Value) {
        let mut statements =
            vec![json!({ "Effect": effect, "Action": actions, "Resource": "*", "Condition": condition })];
        if effect == "Deny" {
            statements.push(json!({ "Effect": "Allow", "Action": "kms:*", "Resource": "*" }));
        }
        let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let body = json!({ "UserName": "ann", "PolicyName": "tested", "PolicyDocument": document });
        self.house.manage(OWN, "PutUserPolicy", body).await;
    }

    /// Whether Ann may. What ends for another reason than a denial was permitted.
    async fn may(&self, op: Op, body: &Value) -> bool {
        let told = self.house.call_as(&self.ann, op, body.clone()).await;
        match name_of(&told) {
            "AccessDeniedException" => false,
            // Refused before anybody was asked: such a case says nothing.
            "ValidationException" => panic!("{op:?} {body}: {told:?}"),
            _ => true,
        }
    }
}

/// A condition that holds of one request and not of another, or another condition that does not hold of the same.
struct Case {
    op: Op,
    holds: (Value, Value),
    fails: (Value, Value),
}

fn case(op: Op, condition: Value, holds: Value, fails: Value) -> Case {
    Case { op, holds: (condition.clone(), holds), fails: (condition, fails) }
}

/// The same request under two conditions.
fn either(op: Op, holds: Value, fails: Value, body: Value) -> Case {
    Case { op, holds: (holds, body.clone()), fails: (fails, body) }
}

fn equals(key: &str, value: &str) -> Value {
    json!({ "StringEquals": { key: value } })
}

fn bool_is(key: &str, value: bool) -> Value {
    json!({ "Bool": { key: value.to_string() } })
}

/// What a key policy can ask of requests to use a key.
fn of_use(scene: &Scene) -> Vec<Case> {
    let (key, alias) = (&scene.key, scene.alias);
    let encrypt = |context: Value| json!({ "KeyId": key, "Plaintext": base64("p"), "EncryptionContext": context });
    let describe = |key: &str| json!({ "KeyId": key });
    let re_encrypt = |to: &str| json!({ "CiphertextBlob": scene.blob, "SourceEncryptionContext": { "app": "x" }, "DestinationKeyId": to });
    let data_key = |context: Value| json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": context });
    vec![
        case(
            Op::Encrypt,
            equals("kms:EncryptionContext:app", "x"),
            encrypt(json!({ "app": "x" })),
            encrypt(json!({ "app": "y" })),
        ),
        // The name has no case in a condition.
        case(
            Op::GenerateDataKey,
            equals("kms:encryptioncontext:APP", "x"),
            data_key(json!({ "app": "x", "more": "z" })),
            data_key(json!({ "more": "x" })),
        ),
        case(
            Op::Decrypt,
            equals("kms:EncryptionContext:app", "x"),
            json!({ "CiphertextBlob": scene.blob, "KeyId": key, "EncryptionContext": { "app": "x" } }),
            json!({ "CiphertextBlob": scene.blob, "KeyId": key }),
        ),
        case(
            Op::GenerateDataKeyWithoutPlaintext,
            json!({ "ForAnyValue:StringEquals": { "kms:EncryptionContextKeys": "app" } }),
            data_key(json!({ "app": "x" })),
            data_key(json!({ "App": "x" })),
        ),
        case(
            Op::Encrypt,
            json!({ "Null": { "kms:EncryptionContextKeys": "false" } }),
            encrypt(json!({ "app": "x" })),
            encrypt(json!({})),
        ),
        case(
            Op::Encrypt,
            equals("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"),
            encrypt(json!({})),
            with(encrypt(json!({})), json!({ "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" })),
        ),
        case(Op::ReEncrypt, bool_is("kms:ReEncryptOnSameKey", true), re_encrypt(key), re_encrypt(&scene.other)),
        case(Op::DescribeKey, equals("kms:RequestAlias", "alias/one"), describe(alias), describe(key)),
        case(
            Op::DescribeKey,
            equals("kms:RequestAlias", "alias/one"),
            describe(&format!("arn:aws:kms:{REGION}:{OWN}:alias/one")),
            describe("alias/two"),
        ),
        case(Op::DescribeKey, equals("kms:KeyOrigin", "AWS_KMS"), describe(key), describe(&scene.external)),
    ]
}

/// What a key policy can ask of requests to use keys of other kinds, and of data key pairs.
fn of_use_of_other_kinds(scene: &Scene) -> Vec<Case> {
    let (key, signing) = (&scene.key, &scene.signing);
    let digest = base64([7; 32]);
    let sign = |algorithm: &str, more: Value| {
        with(json!({ "KeyId": signing, "Message": digest, "SigningAlgorithm": algorithm }), more)
    };
    let signed = |algorithm: &str, more: Value| with(sign(algorithm, more), json!({ "Signature": base64("s") }));
    let (pkcs1, pss) = ("RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PSS_SHA_256");
    let pair = |op, spec: &str| with(sample(op, &With { key, blob: "" }), json!({ "KeyPairSpec": spec }));
    let agree = sample(Op::DeriveSharedSecret, &With { key: &scene.agreeing, blob: "" });
    let mut cases = vec![
        case(Op::Sign, equals("kms:SigningAlgorithm", pss), sign(pss, json!({})), sign(pkcs1, json!({}))),
        case(Op::Verify, equals("kms:SigningAlgorithm", pss), signed(pss, json!({})), signed(pkcs1, json!({}))),
        case(
            Op::Sign,
            equals("kms:MessageType", "DIGEST"),
            sign(pss, json!({ "MessageType": "DIGEST" })),
            sign(pss, json!({ "MessageType": "RAW" })),
        ),
        // What is left out is there as what it counts as.
        case(
            Op::Verify,
            equals("kms:MessageType", "RAW"),
            signed(pss, json!({})),
            signed(pss, json!({ "MessageType": "DIGEST" })),
        ),
        either(
            Op::DeriveSharedSecret,
            equals("kms:KeyAgreementAlgorithm", "ECDH"),
            equals("kms:KeyAgreementAlgorithm", "X25519"),
            agree,
        ),
        either(
            Op::GetPublicKey,
            equals("kms:KeyUsage", "SIGN_VERIFY"),
            json!({ "Null": { "kms:SigningAlgorithm": "false" } }),
            json!({ "KeyId": signing }),
        ),
    ];
    for op in [Op::GenerateMac, Op::VerifyMac] {
        let body = sample(op, &With { key: &scene.mac, blob: "" });
        let other = with(body.clone(), json!({ "MacAlgorithm": "HMAC_SHA_512" }));
        cases.push(case(op, equals("kms:MacAlgorithm", "HMAC_SHA_256"), body, other));
    }
    for op in [Op::GenerateDataKeyPair, Op::GenerateDataKeyPairWithoutPlaintext] {
        let (p256, p384) = (pair(op, "ECC_NIST_P256"), pair(op, "ECC_NIST_P384"));
        cases.push(case(op, equals("kms:DataKeyPairSpec", "ECC_NIST_P256"), p256.clone(), p384));
        cases.push(either(
            op,
            equals("kms:EncryptionAlgorithm", "SYMMETRIC_DEFAULT"),
            equals("kms:EncryptionAlgorithm", "SM2PKE"),
            p256.clone(),
        ));
        let in_context = with(p256.clone(), json!({ "EncryptionContext": { "app": "x" } }));
        cases.push(case(op, equals("kms:EncryptionContext:app", "x"), in_context, p256));
    }
    cases
}

/// What a key policy can ask of the key and of the caller, whatever the request.
fn of_key_and_caller(scene: &Scene) -> Vec<Case> {
    let mut cases = Vec::new();
    for (key, value, other) in [
        ("kms:KeySpec", "SYMMETRIC_DEFAULT", "RSA_2048"),
        ("kms:CustomerMasterKeySpec", "SYMMETRIC_DEFAULT", "RSA_2048"),
        ("kms:KeyUsage", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
        ("kms:CustomerMasterKeyUsage", "ENCRYPT_DECRYPT", "SIGN_VERIFY"),
        ("kms:CallerAccount", OWN, "444455556666"),
        ("aws:PrincipalAccount", OWN, "444455556666"),
        ("aws:ResourceAccount", OWN, "444455556666"),
        ("aws:PrincipalType", "User", "Account"),
        ("aws:username", "ann", "bob"),
        ("aws:PrincipalTag/dept", "eng", "hr"),
        ("aws:RequestedRegion", REGION, "eu-west-1"),
    ] {
        cases.push(either(Op::DescribeKey, equals(key, value), equals(key, other), json!({ "KeyId": scene.key })));
    }
    let user = |name: &str| json!({ "ArnEquals": { "aws:PrincipalArn": format!("arn:aws:iam::{OWN}:user/{name}") } });
    let from = |block: &str| json!({ "IpAddress": { "aws:SourceIp": block } });
    let before = |time: &str| json!({ "DateLessThan": { "aws:CurrentTime": time } });
    let epoch = |seconds: &str| json!({ "NumericGreaterThan": { "aws:EpochTime": seconds } });
    let absent = |key: &str, absent: bool| json!({ "Null": { key: absent.to_string() } });
    for (holds, fails) in [
        (bool_is("kms:MultiRegion", false), bool_is("kms:MultiRegion", true)),
        (bool_is("aws:SecureTransport", false), bool_is("aws:SecureTransport", true)),
        (bool_is("aws:ViaAWSService", false), bool_is("aws:ViaAWSService", true)),
        (bool_is("aws:PrincipalIsAWSService", false), bool_is("aws:PrincipalIsAWSService", true)),
        (user("ann"), user("bob")),
        (from("192.0.2.0/24"), from("198.51.100.0/24")),
        (before("2025-06-15T15:06:41Z"), before("2025-06-15T15:06:40Z")),
        (epoch("1749999999"), epoch("1750000000")),
        (absent("kms:ViaService", true), absent("kms:ViaService", false)),
        // What a client only claims is no fact: this request has a User-Agent.
        (absent("aws:UserAgent", true), json!({ "StringLike": { "aws:UserAgent": "*" } })),
        (absent("aws:SourceVpce", true), json!({ "StringLike": { "aws:SourceVpce": "*" } })),
        (absent("kms:MultiRegionKeyType", true), equals("kms:MultiRegionKeyType", "PRIMARY")),
    ] {
        cases.push(either(Op::DescribeKey, holds, fails, json!({ "KeyId": scene.key })));
    }
    cases
}

/// What a key policy can ask of requests to change a key.
fn of_change(scene: &Scene) -> Vec<Case> {
    let (key, external) = (&scene.key, &scene.external);
    let put = |bypass: bool| {
        let policy = common::sample::policy("x");
        json!({ "KeyId": key, "Policy": policy, "BypassPolicyLockoutSafetyCheck": bypass })
    };
    let import = |more: Value| with(sample(Op::ImportKeyMaterial, &With { key: external, blob: "" }), more);
    let parameters = |algorithm: &str, spec: &str| json!({ "KeyId": external, "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec });
    let expires = |at: i64| import(json!({ "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": at }));
    let unsaid = common::without(expires(1_750_000_100), "ExpirationModel");
    let tags = |tag: &str, value: &str| json!({ "KeyId": key, "Tags": [{ "TagKey": tag, "TagValue": value }] });
    let trailing = |operator: &str| json!({ operator: { "kms:TrailingDaysWithoutKeyUsage": "90" } });
    vec![
        case(
            Op::PutKeyPolicy,
            json!({ "Null": { "kms:BypassPolicyLockoutSafetyCheck": "true" } }),
            put(false),
            put(true),
        ),
        case(Op::PutKeyPolicy, bool_is("kms:BypassPolicyLockoutSafetyCheck", true), put(true), put(false)),
        case(
            Op::GetKeyPolicy,
            equals("kms:PolicyName", "default"),
            json!({ "KeyId": key }),
            json!({ "KeyId": key, "PolicyName": "another" }),
        ),
        case(
            Op::ImportKeyMaterial,
            equals("kms:ExpirationModel", "KEY_MATERIAL_DOES_NOT_EXPIRE"),
            import(json!({})),
            expires(1_750_000_100),
        ),
        case(
            Op::ImportKeyMaterial,
            json!({ "Null": { "kms:ExpirationModel": "true" } }),
            unsaid,
            expires(1_750_000_100),
        ),
        case(
            Op::ImportKeyMaterial,
            json!({ "Null": { "kms:ValidTo": "true" } }),
            import(json!({})),
            expires(1_750_000_100),
        ),
        case(
            Op::ImportKeyMaterial,
            json!({ "NumericLessThanEquals": { "kms:ValidTo": "1750000100" } }),
            expires(1_750_000_100),
            expires(1_750_000_101),
        ),
        case(
            Op::ImportKeyMaterial,
            json!({ "DateLessThan": { "kms:ValidTo": "2025-06-15T16:00:00Z" } }),
            expires(1_750_000_100),
            expires(1_750_100_000),
        ),
        case(
            Op::GetParametersForImport,
            equals("kms:WrappingAlgorithm", "RSAES_OAEP_SHA_256"),
            parameters("RSAES_OAEP_SHA_256", "RSA_2048"),
            parameters("RSAES_OAEP_SHA_1", "RSA_2048"),
        ),
        case(
            Op::GetParametersForImport,
            equals("kms:WrappingKeySpec", "RSA_2048"),
            parameters("RSAES_OAEP_SHA_256", "RSA_2048"),
            parameters("RSAES_OAEP_SHA_256", "RSA_3072"),
        ),
        case(
            Op::EnableKeyRotation,
            json!({ "NumericLessThanEquals": { "kms:RotationPeriodInDays": "180" } }),
            json!({ "KeyId": key, "RotationPeriodInDays": 180 }),
            json!({ "KeyId": key }),
        ),
        case(
            Op::ScheduleKeyDeletion,
            json!({ "NumericGreaterThanEquals": { "kms:ScheduleKeyDeletionPendingWindowInDays": "30" } }),
            json!({ "KeyId": key }),
            json!({ "KeyId": key, "PendingWindowInDays": 7 }),
        ),
        // The key was made today. More of it stands in last_usage.rs.
        either(
            Op::ScheduleKeyDeletion,
            trailing("NumericLessThan"),
            trailing("NumericGreaterThanEquals"),
            json!({ "KeyId": key }),
        ),
        either(
            Op::DisableKey,
            trailing("NumericLessThan"),
            trailing("NumericGreaterThanEquals"),
            json!({ "KeyId": key }),
        ),
        case(
            Op::UpdatePrimaryRegion,
            equals("kms:PrimaryRegion", "eu-west-1"),
            json!({ "KeyId": key, "PrimaryRegion": "eu-west-1" }),
            json!({ "KeyId": key, "PrimaryRegion": "eu-west-2" }),
        ),
        case(Op::TagResource, equals("aws:RequestTag/purpose", "test"), tags("Purpose", "test"), tags("purpose", "x")),
        case(
            Op::TagResource,
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["a", "b"] } }),
            tags("b", "1"),
            tags("c", "1"),
        ),
        case(
            Op::UntagResource,
            json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }),
            json!({ "KeyId": key, "TagKeys": ["a", "b"] }),
            json!({ "KeyId": key, "TagKeys": ["b"] }),
        ),
    ]
}

/// What a key policy can ask of requests about grants.
fn of_grants(scene: &Scene) -> Vec<Case> {
    let key = &scene.key;
    let user = |name: &str| format!("arn:aws:iam::{OWN}:user/{name}");
    let grant = |more: Value| {
        with(json!({ "KeyId": key, "GranteePrincipal": user("ann"), "Operations": ["Encrypt", "Decrypt"] }), more)
    };
    let constraint = |kind: &str, app: &str| grant(json!({ "Constraints": { kind: { "app": app } } }));
    let plain = grant(json!({}));
    vec![
        case(
            Op::CreateGrant,
            equals("kms:GranteePrincipal", &user("ann")),
            plain.clone(),
            grant(json!({ "GranteePrincipal": format!("arn:aws:iam::{OWN}:root") })),
        ),
        case(
            Op::CreateGrant,
            equals("kms:RetiringPrincipal", &user("ann")),
            grant(json!({ "RetiringPrincipal": user("ann") })),
            plain.clone(),
        ),
        case(
            Op::CreateGrant,
            json!({ "ForAllValues:StringEquals": { "kms:GrantOperations": ["Encrypt", "Decrypt"] } }),
            plain.clone(),
            grant(json!({ "Operations": ["Encrypt", "DescribeKey"] })),
        ),
        case(
            Op::CreateGrant,
            equals("kms:GrantConstraintType", "EncryptionContextSubset"),
            constraint("EncryptionContextSubset", "x"),
            constraint("EncryptionContextEquals", "x"),
        ),
        case(
            Op::CreateGrant,
            equals("kms:EncryptionContext:app", "x"),
            constraint("EncryptionContextSubset", "x"),
            constraint("EncryptionContextSubset", "y"),
        ),
        case(
            Op::CreateGrant,
            json!({ "ArnLike": { "kms:GrantConstraintSourceArn": "arn:aws:sns:us-east-1:111122223333:mine*" } }),
            grant(json!({ "Constraints": { "SourceArn": "arn:aws:sns:us-east-1:111122223333:mine-1" } })),
            plain.clone(),
        ),
        either(
            Op::CreateGrant,
            bool_is("kms:GrantIsForAWSResource", false),
            bool_is("kms:GrantIsForAWSResource", true),
            plain,
        ),
        either(
            Op::ListGrants,
            bool_is("kms:GrantIsForAWSResource", false),
            bool_is("kms:GrantIsForAWSResource", true),
            json!({ "KeyId": key }),
        ),
    ]
}

/// The action that a statement has to name.
fn actions_of(op: Op) -> Vec<String> {
    match op {
        Op::ReEncrypt => vec!["kms:ReEncryptFrom".to_owned(), "kms:ReEncryptTo".to_owned()],
        op => vec![format!("kms:{}", op.name())],
    }
}

#[tokio::test]
async fn every_condition_of_a_key_policy_allows_and_denies_by_what_the_request_is() {
    let scene = Scene::new().await;
    let mut cases = of_use(&scene);
    cases.extend(of_use_of_other_kinds(&scene));
    cases.extend(of_key_and_caller(&scene));
    cases.extend(of_change(&scene));
    cases.extend(of_grants(&scene));
    for Case { op, holds, fails } in cases {
        let actions = actions_of(op);
        for (holds_here, (condition, body)) in [(true, &holds), (false, &fails)] {
            for (effect, allowed) in [("Allow", holds_here), ("Deny", !holds_here)] {
                scene.put(&actions, effect, condition).await;
                assert_eq!(scene.may(op, body).await, allowed, "{op:?} {body}: {effect} if {condition}");
            }
        }
    }
}

/// What only the caller's own policies can ask, of keys and of what has no key.
fn of_identity(scene: &Scene) -> Vec<Case> {
    let describe = |key: &str| json!({ "KeyId": key });
    let new = |more: Value| with(json!({ "Description": "x" }), more);
    let tagged = |tag: &str, value: &str| new(json!({ "Tags": [{ "TagKey": tag, "TagValue": value }] }));
    let aliases = |pattern: &str| json!({ "ForAnyValue:StringLike": { "kms:ResourceAliases": pattern } });
    vec![
        case(Op::DescribeKey, aliases("alias/o*"), describe(&scene.key), describe(&scene.other)),
        case(
            Op::DescribeKey,
            json!({ "Null": { "kms:ResourceAliases": "true" } }),
            describe(&scene.external),
            describe(&scene.key),
        ),
        case(Op::DescribeKey, equals("aws:ResourceTag/stage", "test"), describe(&scene.key), describe(&scene.other)),
        case(Op::CreateKey, equals("kms:KeyOrigin", "AWS_KMS"), new(json!({})), new(json!({ "Origin": "EXTERNAL" }))),
        either(Op::CreateKey, equals("kms:KeySpec", "SYMMETRIC_DEFAULT"), equals("kms:KeySpec", "SM2"), new(json!({}))),
        either(
            Op::CreateKey,
            equals("kms:KeyUsage", "ENCRYPT_DECRYPT"),
            equals("kms:KeyUsage", "SIGN_VERIFY"),
            new(json!({})),
        ),
        either(Op::CreateKey, bool_is("kms:MultiRegion", false), bool_is("kms:MultiRegion", true), new(json!({}))),
        case(
            Op::CreateKey,
            bool_is("kms:BypassPolicyLockoutSafetyCheck", true),
            new(json!({ "BypassPolicyLockoutSafetyCheck": true })),
            new(json!({})),
        ),
        case(Op::CreateKey, equals("aws:RequestTag/a", "1"), tagged("a", "1"), tagged("a", "2")),
        case(
            Op::CreateKey,
            json!({ "ForAnyValue:StringEquals": { "aws:TagKeys": "a" } }),
            tagged("a", "1"),
            tagged("b", "1"),
        ),
    ]
}

#[tokio::test]
async fn every_condition_of_an_identity_policy_allows_and_denies_by_what_the_request_is() {
    let scene = Scene::new().await;
    for Case { op, holds, fails } in of_identity(&scene) {
        let mut actions = actions_of(op);
        if op == Op::CreateKey {
            actions.push("kms:TagResource".to_owned());
        }
        for (holds_here, (condition, body)) in [(true, &holds), (false, &fails)] {
            for (effect, allowed) in [("Allow", holds_here), ("Deny", !holds_here)] {
                scene.attach(&actions, effect, condition).await;
                assert_eq!(scene.may(op, body).await, allowed, "{op:?} {body}: {effect} if {condition}");
            }
        }
    }
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>: these two are for IAM policies.
#[tokio::test]
async fn a_key_policy_cannot_ask_about_aliases_and_tags_of_the_key() {
    let scene = Scene::new().await;
    let body = json!({ "KeyId": scene.key });
    for condition in [
        json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/one" } }),
        equals("aws:ResourceTag/Stage", "test"),
    ] {
        scene.put(&actions_of(Op::DescribeKey), "Allow", &condition).await;
        assert!(!scene.may(Op::DescribeKey, &body).await, "{condition}");
    }
}

/// An alias has neither aliases nor tags nor a key spec: a condition on them does not hold of its half.
#[tokio::test]
async fn conditions_on_the_key_do_not_hold_of_an_alias() {
    let scene = Scene::new().await;
    let update = json!({ "AliasName": "alias/one", "TargetKeyId": scene.other });
    for condition in [
        equals("kms:KeySpec", "SYMMETRIC_DEFAULT"),
        equals("aws:ResourceTag/Stage", "test"),
        json!({ "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/one" } }),
    ] {
        scene.attach(&actions_of(Op::UpdateAlias), "Allow", &condition).await;
        assert!(!scene.may(Op::UpdateAlias, &update).await, "{condition}");
    }
    // A set of which nothing is there satisfies ForAllValues: such a Deny catches every alias.
    let all = json!({ "ForAllValues:StringEquals": { "kms:ResourceAliases": "alias/none" } });
    scene.attach(&actions_of(Op::UpdateAlias), "Deny", &all).await;
    assert!(!scene.may(Op::UpdateAlias, &update).await);
}
