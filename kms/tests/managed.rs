//! AWS managed keys: listed before they are there, made by being described, theirs to look at and nobody's to use or to
//! change.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::identities::allow;
use common::sample::{With, sample};
use common::{
    HOUR, House, NOBODY, OWN, REGION, Refusal, STRANGER, arn, arn_of, base64, caller, home_in, name_of, readable,
    refusal, text_at, with,
};
use kms::ops::OPERATIONS;
use kms::{Enforcement, Mode, Names, Quotas, recover};
use serde_json::{Value, json};
use store::testing::Held;
use wire::Op;

/// The services whose aliases AWS was recorded to list, in that order, and what it says of their keys.
const SERVICES: [(&str, &str); 13] = [
    ("dynamodb", "DynamoDB data"),
    ("ebs", "EBS volumes"),
    ("elasticfilesystem", "EFS filesystems"),
    ("es", "Amazon OpenSearch Service (successor to Amazon Elasticsearch Service) data"),
    ("glue", "Glue data"),
    ("kinesisvideo", "Kinesis Video Streams data"),
    ("rds", "RDS database volumes"),
    ("redshift", "Redshift clusters"),
    ("redshifttest", "RedshiftTest clusters"),
    ("s3", "S3 objects"),
    ("secretsmanager", "Secrets Manager data"),
    ("ssm", "SSM parameters"),
    ("xray", "X-Ray data"),
];

/// The two ways to run: with the rules, and open.
const MODES: [Mode; 2] = [Mode::Serve, Mode::Dev];

async fn in_mode(mode: Mode) -> House {
    House::with(mode, |store| store).await
}

fn alias(service: &str) -> String {
    format!("alias/aws/{service}")
}

fn alias_arn(name: &str) -> String {
    format!("arn:aws:kms:{REGION}:{OWN}:{name}")
}

fn this(key: &str) -> Value {
    json!({ "KeyId": key })
}

/// The key of a service, made if it is not there.
async fn key_of(house: &House, service: &str) -> String {
    text_at(&house.ok(Op::DescribeKey, this(&alias(service))).await, "/KeyMetadata/KeyId")
}

/// What AWS answers where the key's policy allows nobody what was asked.
fn closed(caller: &str, action: &str, key: &str) -> Result<Value, Refusal> {
    let text = format!(
        "User: {caller} is not authorized to perform: kms:{action} on resource: {} because no resource-based policy \
         allows the kms:{action} action",
        arn(key)
    );
    refusal("AccessDeniedException", text)
}

fn root_arn() -> String {
    format!("arn:aws:iam::{OWN}:root")
}

/// The action that a refusal of this operation names.
fn action(op: Op) -> &'static str {
    if op == Op::ReEncrypt { "ReEncryptFrom" } else { op.name() }
}

/// Every operation that is here and takes a key.
fn on_keys() -> impl Iterator<Item = &'static kms::ops::Sheet> {
    OPERATIONS.iter().filter_map(|entry| entry.sheet).filter(|sheet| sheet.names != Names::None)
}

/// The operations that leave a key as it is: AWS allows them to the account on its managed keys.
const LOOKS: [Op; 9] = [
    Op::DescribeKey,
    Op::GetKeyLastUsage,
    Op::GetKeyPolicy,
    Op::GetKeyRotationStatus,
    Op::ListAliases,
    Op::ListGrants,
    Op::ListKeyPolicies,
    Op::ListKeyRotations,
    Op::ListResourceTags,
];

/// The operations that its kind of key cannot do, and that say so to whoever may ask.
const NOT_OF_ITS_KIND: [Op; 2] = [Op::GetParametersForImport, Op::GetPublicKey];

/// The operations that change a key or what hangs on it: nobody may, not even where no policy is asked.
const WRITES: [Op; 18] = [
    Op::CancelKeyDeletion,
    Op::CreateAlias,
    Op::CreateGrant,
    Op::DeleteImportedKeyMaterial,
    Op::DisableKey,
    Op::DisableKeyRotation,
    Op::EnableKey,
    Op::EnableKeyRotation,
    Op::ImportKeyMaterial,
    Op::PutKeyPolicy,
    Op::ReplicateKey,
    Op::RotateKeyOnDemand,
    Op::ScheduleKeyDeletion,
    Op::TagResource,
    Op::UntagResource,
    Op::UpdateAlias,
    Op::UpdateKeyDescription,
    Op::UpdatePrimaryRegion,
];

/// The ends of a grant: it is looked for, and is not there.
const ENDS: [Op; 2] = [Op::RetireGrant, Op::RevokeGrant];

#[tokio::test]
async fn describing_a_predefined_alias_makes_the_key_once_and_tells_it_in_awss_words() {
    for mode in MODES {
        let house = in_mode(mode).await;
        for (service, keeps) in SERVICES {
            let told = house.text(Op::DescribeKey, this(&alias(service))).await;
            let parsed: Value = serde_json::from_str(&told).expect("JSON");
            let key = text_at(&parsed, "/KeyMetadata/KeyId");
            let material = text_at(&parsed, "/KeyMetadata/CurrentKeyMaterialId");
            let expected = format!(
                r#"{{"KeyMetadata":{{"AWSAccountId":"{OWN}","Arn":"{}","CreationDate":1.75E9,"CurrentKeyMaterialId":"{material}","CustomerMasterKeySpec":"SYMMETRIC_DEFAULT","Description":"Default key that protects my {keeps} when no other key is defined","Enabled":true,"EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"KeyId":"{key}","KeyManager":"AWS","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT","MultiRegion":false,"Origin":"AWS_KMS"}}}}"#,
                arn(&key)
            );
            assert_eq!(told, expected);
            for name in [alias(service), alias_arn(&alias(service)), key.clone(), arn(&key)] {
                assert_eq!(house.text(Op::DescribeKey, this(&name)).await, expected, "{mode:?}: one key: {name}");
            }
            let named = house.ok(Op::ListAliases, this(&key)).await;
            assert_eq!(named["AliasCount"], 1);
            assert_eq!(
                named["Aliases"][0],
                json!({
                    "AliasArn": alias_arn(&alias(service)),
                    "AliasName": alias(service),
                    "CreationDate": 1.75e9,
                    "LastUpdatedDate": 1.75e9,
                    "TargetKeyId": key,
                })
            );
            let status = house.ok(Op::GetKeyRotationStatus, this(&key)).await;
            let rotates = json!({
                "KeyId": arn(&key),
                "KeyRotationEnabled": true,
                "NextRotationDate": 1.75e9 + 365.0 * 86_400.0,
                "RotationPeriodInDays": 365,
            });
            assert_eq!(status, rotates, "{mode:?} {service}");
            assert_eq!(house.ok(Op::ListResourceTags, this(&key)).await, json!({ "Tags": [], "Truncated": false }));
            assert_eq!(house.ok(Op::ListGrants, this(&key)).await, json!({ "Grants": [], "Truncated": false }));
            let policies = house.ok(Op::ListKeyPolicies, this(&key)).await;
            assert_eq!(policies, json!({ "PolicyNames": ["default"], "Truncated": false }));
        }
        assert_eq!(house.ids().await.len(), SERVICES.len(), "ListKeys tells them, each once");
    }
}

/// <https://docs.aws.amazon.com/ebs/latest/userguide/how-ebs-encryption-works.html>: who may use a managed key.
#[tokio::test]
async fn its_policy_is_the_published_one_in_awss_layout() {
    let house = House::new().await;
    let key = key_of(&house, "s3").await;
    let policy = text_at(&house.ok(Op::GetKeyPolicy, this(&key)).await, "/Policy");
    let published = format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "auto-s3-2",
  "Statement" : [ {{
    "Sid" : "Allow access through S3 for all principals in the account that are authorized to use S3",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "*"
    }},
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {{
      "StringEquals" : {{
        "kms:CallerAccount" : "{OWN}",
        "kms:ViaService" : "s3.{REGION}.amazonaws.com"
      }}
    }}
  }}, {{
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:aws:iam::{OWN}:root"
    }},
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*" ],
    "Resource" : "*"
  }} ]
}}"#
    );
    assert_eq!(policy, published);
}

#[tokio::test]
async fn a_name_of_no_service_has_no_key_and_only_describing_makes_one() {
    for mode in MODES {
        let house = in_mode(mode).await;
        let absent = |name: &str| refusal("NotFoundException", format!("Alias {} is not found.", alias_arn(name)));
        for name in ["alias/aws/foo", "alias/aws/", "alias/aws/S3", "alias/aws/s3/x", "alias/aws/lambda"] {
            assert_eq!(house.call(Op::DescribeKey, this(name)).await, absent(name), "{mode:?}");
        }
        for sheet in on_keys().filter(|sheet| sheet.names == Names::KeyOrAlias && sheet.op != Op::DescribeKey) {
            let blob = house.encrypt(&house.key().await, &base64("x")).await;
            let body = sample(sheet.op, &With { key: "alias/aws/s3", blob: &blob });
            assert_eq!(house.call(sheet.op, body).await, absent("alias/aws/s3"), "{mode:?} {:?}", sheet.op);
        }
        let theirs = format!("arn:aws:kms:{REGION}:{STRANGER}:alias/aws/s3");
        assert_eq!(name_of(&house.call(Op::DescribeKey, this(&theirs)).await), "AccessDeniedException");
        let told = house.call_as(&caller(STRANGER, REGION), Op::ListAliases, json!({ "Limit": 100 })).await;
        let told = told.expect("a list");
        assert!(told["Aliases"].as_array().expect("a list").iter().all(|entry| entry.get("TargetKeyId").is_none()));
    }
}

#[tokio::test]
async fn who_may_not_describe_it_makes_nothing_and_learns_no_id() {
    let house = House::new().await;
    house.own_account().await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "kms:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "kms:DescribeKey", "Resource": "*",
          "Condition": { "StringEquals": { "kms:RequestAlias": "alias/aws/s3" } } },
    ] });
    let elsewhere = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "kms:DescribeKey", "Resource": "*",
          "Condition": { "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/aws/ebs" } } },
    ] });
    let nothing = " because no identity-based policy allows the kms:DescribeKey action";
    let denied = " with an explicit deny in an identity-based policy";
    for (name, policy, because) in [
        ("none", None, nothing),
        ("other", Some(allow(json!(["kms:Encrypt", "kms:CreateKey"]))), nothing),
        ("denied", Some(deny), denied),
        ("elsewhere", Some(elsewhere), nothing),
    ] {
        let keys = house.user(OWN, name, policy).await;
        let ann = house.sign_in(&keys).await;
        let told = house.call_as(&ann, Op::DescribeKey, this("alias/aws/s3")).await;
        let text = format!(
            "User: arn:aws:iam::{OWN}:user/{name} is not authorized to perform: kms:DescribeKey on resource: \
             {}{because}",
            alias_arn("alias/aws/s3")
        );
        assert_eq!(told, refusal("AccessDeniedException", text));
        assert_eq!(house.ids().await, Vec::<String>::new(), "{name} made nothing");
    }
    let keys = house.user(OWN, "reader", Some(allow(json!("kms:DescribeKey")))).await;
    let reader = house.sign_in(&keys).await;
    let told =
        house.call_as(&reader, Op::DescribeKey, this("alias/aws/s3")).await.expect("the policy leaves it to them");
    assert_eq!(told["KeyMetadata"]["KeyManager"], "AWS");
    assert_eq!(house.ids().await.len(), 1);
}

#[tokio::test]
async fn nobody_may_use_it_or_change_it_where_policies_decide_and_its_account_may_look() {
    let house = House::new().await;
    house.own_account().await;
    let key = key_of(&house, "ebs").await;
    let keys = house.user(OWN, "admin", Some(allow(json!("kms:*")))).await;
    let admin = house.sign_in(&keys).await;
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": house.key().await })).await;
    let blob = house.encrypt("alias/sample", &base64("of the sample")).await;
    let before = house.rows(b"k").await;
    let mut seen = BTreeSet::new();
    for sheet in on_keys() {
        let op = sheet.op;
        let body = sample(op, &With { key: &key, blob: &blob });
        for (who, name) in
            [(caller(OWN, REGION), root_arn()), (admin.clone(), format!("arn:aws:iam::{OWN}:user/admin"))]
        {
            let told = house.call_as(&who, op, body.clone()).await;
            match op {
                op if LOOKS.contains(&op) => assert!(told.is_ok(), "{op:?}: {told:?}"),
                op if NOT_OF_ITS_KIND.contains(&op) => assert_eq!(name_of(&told), "UnsupportedOperationException"),
                // Grants of EBS's key are the account's to revoke: there is none.
                op if ENDS.contains(&op) => assert_eq!(name_of(&told), "NotFoundException", "{op:?}: {told:?}"),
                op => assert_eq!(told, closed(&name, action(op), &key), "{op:?}"),
            }
        }
        seen.insert(op);
    }
    for op in WRITES.into_iter().filter(|op| OPERATIONS[*op as usize].sheet.is_some()) {
        assert!(seen.contains(&op), "{op:?} was asked");
    }
    assert_eq!(house.rows(b"k").await, before, "it is as it was");
}

#[tokio::test]
async fn where_no_policy_is_asked_it_may_be_used_and_still_not_be_changed() {
    for enforcement in [Enforcement::Off, Enforcement::Log] {
        let house = House::enforcing(Mode::Dev, enforcement).await;
        let key = key_of(&house, "s3").await;
        let customers = house.key().await;
        house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": customers })).await;
        let blob = house.encrypt("alias/aws/s3", &base64("of the sample")).await;
        let told = house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        assert_eq!(text_at(&told, "/KeyId"), arn(&key));
        house.ok(Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_256" })).await;
        let before = house.everything().await;
        for sheet in on_keys().filter(|sheet| WRITES.contains(&sheet.op)) {
            let body = sample(sheet.op, &With { key: &key, blob: &blob });
            let told = house.call(sheet.op, body).await;
            let Err(Refusal(name, text)) = &told else { panic!("{:?}: {told:?}", sheet.op) };
            assert_eq!(name, "AccessDeniedException", "{enforcement:?} {:?}", sheet.op);
            assert!(text.ends_with(&format!("no resource-based policy allows the kms:{} action", sheet.op.name())));
        }
        let after = house.everything().await;
        let of_keys = |rows: &BTreeMap<String, Vec<u8>>| {
            rows.iter().filter(|(name, _)| name.contains(&key)).map(|row| format!("{row:?}")).collect::<Vec<_>>()
        };
        assert_eq!(of_keys(&after), of_keys(&before), "{enforcement:?}: no row of it was touched");
        for op in ENDS {
            let told = house.call(op, sample(op, &With { key: &key, blob: &blob })).await;
            assert_eq!(name_of(&told), "NotFoundException", "{op:?}: it has no grant");
        }
    }
}

#[tokio::test]
async fn its_alias_is_nobodys_to_make_to_move_or_to_delete() {
    for mode in MODES {
        let house = in_mode(mode).await;
        let customers = house.key().await;
        for there in [false, true] {
            if there {
                key_of(&house, "s3").await;
            }
            let named = json!({ "AliasName": "alias/aws/s3", "TargetKeyId": customers });
            for (op, body) in [
                (Op::CreateAlias, named.clone()),
                (Op::UpdateAlias, named),
                (Op::DeleteAlias, json!({ "AliasName": "alias/aws/s3" })),
            ] {
                assert_eq!(house.call(op, body).await, refusal("NotAuthorizedException", ""), "{mode:?} {op:?}");
            }
        }
    }
}

#[tokio::test]
async fn all_predefined_aliases_are_listed_among_the_customers_and_page_at_every_size() {
    let house = House::new().await;
    let bare = |service: &str| json!({ "AliasArn": alias_arn(&alias(service)), "AliasName": alias(service) });
    let all = house.ok(Op::ListAliases, json!({})).await;
    let recorded: Vec<Value> = SERVICES.iter().map(|(service, _)| bare(service)).collect();
    assert_eq!(all, json!({ "AliasCount": 13, "Aliases": recorded, "Truncated": false }), "only ARN and name");

    // Before, between, behind, and by bytes: capitals come first.
    let key = house.key().await;
    let customers =
        ["alias/Z", "alias/a", "alias/aws", "alias/aws-x", "alias/awt", "alias/b", "alias/zz"].map(str::to_owned);
    for name in &customers {
        house.ok(Op::CreateAlias, json!({ "AliasName": name, "TargetKeyId": key })).await;
    }
    let mut made = Vec::new();
    for service in ["dynamodb", "rds", "xray"] {
        made.push((alias(service), key_of(&house, service).await));
    }
    let mut names: Vec<String> = customers.iter().cloned().chain(SERVICES.map(|(service, _)| alias(service))).collect();
    names.sort();
    for limit in 1..=names.len() + 1 {
        let (mut told, mut pages, mut body) = (Vec::new(), 0, json!({ "Limit": limit }));
        loop {
            let page = house.ok(Op::ListAliases, body).await;
            let entries = page["Aliases"].as_array().expect("a list").clone();
            assert_eq!(page["AliasCount"], entries.len());
            assert!(entries.len() == limit || page["Truncated"] == false, "only the last page is shorter");
            told.extend(entries);
            pages += 1;
            let Some(marker) = page.get("NextMarker") else { break };
            body = json!({ "Limit": limit, "Marker": marker });
        }
        assert_eq!(pages, names.len().div_ceil(limit), "Limit {limit}: no page too many");
        assert_eq!(told.iter().map(|entry| text_at(entry, "/AliasName")).collect::<Vec<_>>(), names, "Limit {limit}");
        for entry in &told {
            let name = text_at(entry, "/AliasName");
            let target = entry.get("TargetKeyId").map(|id| id.as_str().unwrap_or_default().to_owned());
            let of_service = made.iter().find(|(made, _)| *made == name).map(|(_, key)| key.clone());
            let expected = if customers.contains(&name) { Some(key.clone()) } else { of_service };
            assert_eq!(target, expected, "{name}");
        }
    }
    let own = house.ok(Op::ListAliases, this(&key)).await;
    assert_eq!(own["AliasCount"], customers.len(), "those of a customer's key are the customer's");
}

#[tokio::test]
async fn each_account_and_region_has_a_key_of_its_own() {
    let house = in_mode(Mode::Dev).await;
    let mut ids = BTreeSet::new();
    for (account, region) in [(OWN, REGION), (OWN, "eu-west-1"), (STRANGER, REGION), (OWN, "cn-north-1")] {
        let who = caller(account, region);
        let told = house.call_as(&who, Op::DescribeKey, this("alias/aws/rds")).await.expect("it is made");
        ids.insert(text_at(&told, "/KeyMetadata/KeyId"));
        let policy = house.call_as(&who, Op::GetKeyPolicy, this(&text_at(&told, "/KeyMetadata/KeyId"))).await;
        let policy = text_at(&policy.expect("its policy"), "/Policy");
        assert!(policy.contains(&format!("\"rds.{region}.amazonaws.com\"")), "{policy}");
        assert!(policy.contains(account), "{policy}");
    }
    assert_eq!(ids.len(), 4);
}

/// How many describe one key at once.
const CLIENTS: usize = 20;

#[tokio::test]
async fn two_who_describe_it_at_once_are_told_one_key() {
    for service in ["s3", "ebs", "ssm"] {
        let mut held = None;
        let house = House::with(Mode::Serve, |store| held.insert(Held::new(store)).clone()).await;
        let (house, held) = (Arc::new(house), held.expect("an engine that can be held"));
        held.hold();
        let calls: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let house = house.clone();
                tokio::spawn(async move { key_of(&house, service).await })
            })
            .collect();
        // Each has seen that there is none.
        held.waiting(CLIENTS).await;
        held.release();
        let mut ids = BTreeSet::new();
        for call in calls {
            ids.insert(call.await.expect("it ends"));
        }
        assert_eq!(ids.len(), 1, "{service}: {ids:?}");
        assert_eq!(house.ids().await, ids.into_iter().collect::<Vec<_>>());
        assert_eq!(house.rows(b"k").await.len(), 1, "and no row is left of those that were not made");
    }
}

#[tokio::test]
async fn it_counts_for_no_quota_and_is_made_where_the_quota_is_used_up() {
    let house = House::new().await;
    let house = house.again_with(Quotas { keys: 2, ..Quotas::default() }).await;
    for (service, _) in SERVICES {
        key_of(&house, service).await;
    }
    house.key().await;
    house.key().await;
    assert_eq!(name_of(&house.call(Op::CreateKey, json!({})).await), "LimitExceededException");
    assert_eq!(house.ids().await.len(), SERVICES.len() + 2);
}

/// Nobody calls on a service's behalf here. That the policy would let such a call through is asked of the decision alone.
#[tokio::test]
async fn its_policy_lets_whoever_the_service_calls_for_use_it_and_nobody_else() {
    let house = House::new().await;
    let root = house.own_account().await;
    let root = house.sign_in(&root).await;
    house.another_account(STRANGER).await;
    house.user(OWN, "ann", None).await;
    house.user(STRANGER, "eve", Some(allow(json!("kms:*")))).await;
    let key = key_of(&house, "ebs").await;
    let (ann, eve) = (format!("arn:aws:iam::{OWN}:user/ann"), format!("arn:aws:iam::{STRANGER}:user/eve"));
    let (ec2, s3) = (format!("ec2.{REGION}.amazonaws.com"), format!("s3.{REGION}.amazonaws.com"));
    for (who, operation, via, may) in [
        (&ann, "Decrypt", Some(&ec2), true),
        (&ann, "CreateGrant", Some(&ec2), true),
        (&ann, "Decrypt", Some(&s3), false),
        (&ann, "Decrypt", None, false),
        (&ann, "DescribeKey", None, false),
        (&ann, "PutKeyPolicy", Some(&ec2), false),
        (&eve, "Decrypt", Some(&ec2), false),
        (&root_arn(), "Decrypt", None, false),
        (&root_arn(), "DescribeKey", None, true),
        (&root_arn(), "ScheduleKeyDeletion", None, false),
    ] {
        let facts = via.map_or(json!({}), |via| json!({ "kms:viaservice": via }));
        let question = json!({ "Principal": who, "Operation": operation, "KeyId": arn(&key), "Facts": facts });
        let told = house.administer(&root, "Explain", question).await.expect("an answer");
        assert_eq!(told["Allowed"], may, "{who} {operation} {via:?}: {told}");
    }
}

#[tokio::test]
async fn all_of_it_is_made_in_one_commit_and_a_customers_key_is_kept_as_ever() {
    let house = House::new().await;
    let customers = house.key().await;
    let record = house.row(&["k", OWN, REGION, &customers]).await.expect("its record");
    assert!(record.get("managed_by").is_none(), "what older programs wrote is what is written: {record}");
    let key = key_of(&house, "ssm").await;
    let record = house.row(&["k", OWN, REGION, &key]).await.expect("its record");
    assert_eq!(record["managed_by"], "ssm");
    let mut commits = BTreeMap::new();
    for row in house.rows(b"").await {
        let name = readable(&row.key);
        if name.contains(&key) || name.ends_with("alias/aws/ssm") {
            commits.insert(name, row.revision);
        }
    }
    let revisions: BTreeSet<u64> = commits.values().copied().collect();
    assert_eq!(revisions.len(), 1, "{commits:?}");
    for of in ["k/", "a/", "/policy", "/aliases"] {
        assert!(commits.keys().any(|name| name.starts_with(of) || name.ends_with(of)), "{of} is missing: {commits:?}");
    }
}

#[tokio::test]
async fn it_rotates_by_itself_once_a_year_and_old_ciphertexts_open() {
    let house = in_mode(Mode::Dev).await;
    let key = key_of(&house, "s3").await;
    let blob = house.encrypt(&key, &base64("kept")).await;
    let first = text_at(&house.ok(Op::DescribeKey, this(&key)).await, "/KeyMetadata/CurrentKeyMaterialId");
    house.advance_days(365);
    house.turn(HOUR).await;
    let now = text_at(&house.ok(Op::DescribeKey, this("alias/aws/s3")).await, "/KeyMetadata/CurrentKeyMaterialId");
    assert_ne!(first, now);
    let told = house.ok(Op::ListKeyRotations, this(&key)).await;
    assert_eq!(told["Rotations"][0]["RotationType"], "AUTOMATIC");
    assert_eq!(house.ok(Op::GetKeyRotationStatus, this(&key)).await["KeyRotationEnabled"], true);
    let opened = house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
    assert_eq!(text_at(&opened, "/Plaintext"), base64("kept"));
}

#[tokio::test]
async fn it_is_the_same_key_after_a_restart() {
    for mode in MODES {
        let place = tempfile::tempdir().expect("a directory");
        let house = House::on_disk(mode, place.path()).await;
        let told = house.text(Op::DescribeKey, this("alias/aws/glue")).await;
        house.service.close().await;
        drop(house);
        let house = House::on_disk(mode, place.path()).await;
        assert_eq!(house.text(Op::DescribeKey, this("alias/aws/glue")).await, told);
        assert_eq!(house.ids().await.len(), 1);
        house.service.close().await;
    }
}

#[tokio::test]
async fn recovery_leaves_its_policy_as_it_is() {
    let place = tempfile::tempdir().expect("a directory");
    let house = House::on_disk(Mode::Dev, place.path()).await;
    let key = key_of(&house, "s3").await;
    let policy = house.ok(Op::GetKeyPolicy, this(&key)).await;
    let now = house.now();
    house.service.close().await;
    drop(house);
    let random = Arc::new(crypto::SystemRandom);
    let told = recover::default_key_policy(&home_in(place.path()), &arn(&key), random, now).await;
    let why = told.expect_err("it is refused").to_string();
    assert_eq!(why, format!("{} is an AWS managed key: its policy is fixed", arn(&key)));
    let house = House::on_disk(Mode::Dev, place.path()).await;
    assert_eq!(house.ok(Op::GetKeyPolicy, this(&key)).await, policy);
    house.service.close().await;
}

#[tokio::test]
async fn its_making_stands_in_the_record_of_the_call_that_described_it() {
    let house = House::new().await;
    let key = key_of(&house, "s3").await;
    key_of(&house, "s3").await;
    let told = house.call(Op::DescribeKey, this("alias/aws/nothing")).await;
    assert!(told.is_err());
    let records = house.records();
    assert_eq!(records.len(), 3, "one of each call: {records:?}");
    for record in &records[..2] {
        assert_eq!(record["eventName"], "DescribeKey");
        assert_eq!(record["resources"][0]["ARN"], arn(&key));
    }
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
#[tokio::test]
async fn an_operation_for_ones_own_keys_alone_refuses_anothers_in_every_mode_and_in_the_same_words() {
    const BECAUSE: &str = "on this resource because the resource does not exist in this Region, no resource-based \
                           policies allow access, or a resource-based policy explicitly denies access";
    for (mode, enforcement) in [
        (Mode::Dev, Enforcement::Off),
        (Mode::Dev, Enforcement::Log),
        (Mode::Dev, Enforcement::On),
        (Mode::Serve, Enforcement::On),
    ] {
        let house = House::enforcing(mode, enforcement).await;
        let there = caller(STRANGER, REGION);
        let theirs = house.key_of(&there).await;
        let managed = house.call_as(&there, Op::DescribeKey, this("alias/aws/s3")).await.expect("it is made");
        let managed = text_at(&managed, "/KeyMetadata/KeyId");
        house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": house.key().await })).await;
        // What the key policy says to us changes nothing.
        let policy = json!({ "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": [STRANGER, OWN] }, "Action": "kms:*", "Resource": "*" },
        ] });
        let open = json!({ "KeyId": theirs, "Policy": policy.to_string() });
        house.call_as(&there, Op::PutKeyPolicy, open).await.expect("it is theirs");
        let mut refused = BTreeSet::new();
        for sheet in on_keys().filter(|sheet| !sheet.cross_account) {
            let op = sheet.op;
            for key in [theirs.as_str(), managed.as_str(), NOBODY, "mrk-00000000000000000000000000000000"] {
                let mut body = sample(op, &With { key: &arn_of(STRANGER, key), blob: "eA==" });
                if op == Op::CreateAlias {
                    body = with(body, json!({ "AliasName": "alias/new" }));
                }
                let told = house.call(op, body).await;
                let text = format!("User: {} is not authorized to perform: kms:{} {BECAUSE}", root_arn(), op.name());
                assert_eq!(told, refusal("AccessDeniedException", text), "{mode:?} {enforcement:?} {op:?} {key}");
            }
            refused.insert(op);
        }
        for op in OWN_KEYS_ONLY.into_iter().filter(|op| OPERATIONS[*op as usize].sheet.is_some()) {
            assert!(refused.contains(&op), "{op:?} is for one's own keys alone");
        }
    }
}

/// The operations of which AWS's reference says "Cross-account use: No" and that name a key.
const OWN_KEYS_ONLY: [Op; 24] = [
    Op::CancelKeyDeletion,
    Op::CreateAlias,
    Op::DeleteImportedKeyMaterial,
    Op::DisableKey,
    Op::DisableKeyRotation,
    Op::EnableKey,
    Op::EnableKeyRotation,
    Op::GetKeyLastUsage,
    Op::GetKeyPolicy,
    Op::GetParametersForImport,
    Op::ImportKeyMaterial,
    Op::ListAliases,
    Op::ListKeyPolicies,
    Op::ListKeyRotations,
    Op::ListResourceTags,
    Op::PutKeyPolicy,
    Op::ReplicateKey,
    Op::RotateKeyOnDemand,
    Op::ScheduleKeyDeletion,
    Op::TagResource,
    Op::UntagResource,
    Op::UpdateAlias,
    Op::UpdateKeyDescription,
    Op::UpdatePrimaryRegion,
];
