//! What holds for every operation, whatever it does: it is in the list, closed to strangers, recorded once, and silent
//! about secrets.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::log::Log;
use common::sample::{self, SECRETS, TOKEN, With, policy, sample};
use common::{
    House, NOBODY, OWN, REGION, Refusal, STRANGER, arn, arn_of, base64, caller, is_of_a_call, name_of, refusal,
    text_at, unbase64, with,
};
use kms::Names;
use kms::ops::OPERATIONS;
use serde_json::{Value, json};
use wire::Op;

/// The operations whose shapes are checked and that answer UnsupportedOperationException until they come.
const LATER: [Op; 6] = [
    Op::ConnectCustomKeyStore,
    Op::CreateCustomKeyStore,
    Op::DeleteCustomKeyStore,
    Op::DescribeCustomKeyStores,
    Op::DisconnectCustomKeyStore,
    Op::UpdateCustomKeyStore,
];

/// The operations that no member has to be given to.
const NOTHING_REQUIRED: [Op; 4] = [Op::CreateKey, Op::DescribeCustomKeyStores, Op::ListAliases, Op::ListKeys];

/// The operations that have `DryRun`: AWS's API reference, at each.
const DRY: [Op; 17] = [
    Op::CreateGrant,
    Op::Decapsulate,
    Op::Decrypt,
    Op::DeriveSharedSecret,
    Op::Encapsulate,
    Op::Encrypt,
    Op::GenerateDataKey,
    Op::GenerateDataKeyPair,
    Op::GenerateDataKeyPairWithoutPlaintext,
    Op::GenerateDataKeyWithoutPlaintext,
    Op::GenerateMac,
    Op::ReEncrypt,
    Op::RetireGrant,
    Op::RevokeGrant,
    Op::Sign,
    Op::Verify,
    Op::VerifyMac,
];

/// The operations that take `GrantTokens`.
const TAKE_TOKENS: [Op; 17] = [
    Op::CreateGrant,
    Op::Decapsulate,
    Op::Decrypt,
    Op::DeriveSharedSecret,
    Op::DescribeKey,
    Op::Encapsulate,
    Op::Encrypt,
    Op::GenerateDataKey,
    Op::GenerateDataKeyPair,
    Op::GenerateDataKeyPairWithoutPlaintext,
    Op::GenerateDataKeyWithoutPlaintext,
    Op::GenerateMac,
    Op::GetPublicKey,
    Op::ReEncrypt,
    Op::Sign,
    Op::Verify,
    Op::VerifyMac,
];

/// The operations that take `Recipient`.
const ATTESTED: [Op; 5] =
    [Op::Decrypt, Op::DeriveSharedSecret, Op::GenerateDataKey, Op::GenerateDataKeyPair, Op::GenerateRandom];

/// The operations of which AWS's records say `"readOnly": false`.
const WRITES: [Op; 27] = [
    Op::CancelKeyDeletion,
    Op::ConnectCustomKeyStore,
    Op::CreateAlias,
    Op::CreateCustomKeyStore,
    Op::CreateGrant,
    Op::CreateKey,
    Op::DeleteAlias,
    Op::DeleteCustomKeyStore,
    Op::DeleteImportedKeyMaterial,
    Op::DisableKey,
    Op::DisableKeyRotation,
    Op::DisconnectCustomKeyStore,
    Op::EnableKey,
    Op::EnableKeyRotation,
    Op::ImportKeyMaterial,
    Op::PutKeyPolicy,
    Op::ReplicateKey,
    Op::RetireGrant,
    Op::RevokeGrant,
    Op::RotateKeyOnDemand,
    Op::ScheduleKeyDeletion,
    Op::TagResource,
    Op::UntagResource,
    Op::UpdateAlias,
    Op::UpdateCustomKeyStore,
    Op::UpdateKeyDescription,
    Op::UpdatePrimaryRegion,
];

fn is_later(op: Op) -> bool {
    LATER.contains(&op)
}

fn not_yet(op: Op) -> Result<Value, Refusal> {
    refusal("UnsupportedOperationException", format!("{} is not supported by this version of Trent.", op.name()))
}

/// A key for `op`, and a ciphertext.
async fn key_for(house: &House, op: Op) -> (String, String) {
    house.made_for(op).await
}

#[test]
fn the_list_holds_every_operation_once_in_order() {
    assert_eq!(OPERATIONS.each_ref().map(|entry| entry.op), Op::ALL);
    for entry in &OPERATIONS {
        let Some(sheet) = entry.sheet else { continue };
        assert_eq!(sheet.op, entry.op);
        assert!(!sheet.actions.is_empty(), "{:?} asks no policy", entry.op);
        assert!(sheet.page().ends_with(&format!("API_{}.html", entry.op.name())));
    }
}

#[test]
fn exactly_these_operations_are_not_here_yet() {
    let later: Vec<Op> = OPERATIONS.iter().filter(|entry| entry.sheet.is_none()).map(|entry| entry.op).collect();
    assert_eq!(later, LATER, "an operation that has come leaves the list; a new one is never added to it");
}

#[test]
fn sheets_say_what_aws_says_of_dry_runs_tokens_and_reading() {
    for sheet in OPERATIONS.iter().filter_map(|entry| entry.sheet) {
        assert_eq!(sheet.dry_run, DRY.contains(&sheet.op), "{:?}", sheet.op);
        assert_eq!(sheet.grantable, TAKE_TOKENS.contains(&sheet.op), "{:?}", sheet.op);
        assert_eq!(sheet.read_only, !WRITES.contains(&sheet.op), "{:?}", sheet.op);
    }
}

#[tokio::test]
async fn an_operation_that_is_not_here_yet_checks_its_constraints_and_then_says_so() {
    let house = House::new().await;
    let (key, blob) = key_for(&house, Op::Sign).await;
    for op in LATER {
        assert_eq!(house.call(op, sample(op, &With { key: &key, blob: &blob })).await, not_yet(op), "{op:?}");
    }
}

#[tokio::test]
async fn what_has_to_be_given_is_asked_for_first() {
    let house = House::new().await;
    for op in Op::ALL {
        let told = house.call(op, json!({})).await;
        match NOTHING_REQUIRED.contains(&op) {
            true if is_later(op) => assert_eq!(told, not_yet(op)),
            true => assert!(told.is_ok(), "{op:?}: {told:?}"),
            false => assert_eq!(name_of(&told), "ValidationException", "{op:?}: {told:?}"),
        }
    }
}

#[tokio::test]
async fn what_is_not_json_of_its_shape_is_told_without_a_word() {
    let house = House::new().await;
    let me = caller(OWN, REGION);
    for op in Op::ALL {
        for body in ["[]", "7", "{\"KeyId\":", "nul", "{}{}", "\"{}\""] {
            let told = house.bytes(&me, op, body).await;
            assert_eq!(told, Err(wire::Fault::silent("SerializationException")), "{op:?} {body}");
        }
    }
}

/// The same request for a key that a stranger has in every state, and for one that nobody has: what is told may not
/// differ by a byte, or it would tell which keys a stranger has.
#[tokio::test]
async fn every_operation_is_closed_to_strangers_and_does_not_tell_whether_their_key_is_there() {
    let house = House::new().await;
    let stranger = caller(STRANGER, REGION);
    let (own, own_blob) = key_for(&house, Op::Encrypt).await;
    let mut theirs = Vec::new();
    for change in [None, Some(Op::DisableKey), Some(Op::ScheduleKeyDeletion)] {
        let key = house.key_of(&stranger).await;
        let sealed = json!({ "KeyId": key, "Plaintext": base64("theirs") });
        let sealed = house.call_as(&stranger, Op::Encrypt, sealed).await.expect("it encrypts");
        if let Some(op) = change {
            house.call_as(&stranger, op, json!({ "KeyId": key })).await.expect("the state changes");
        }
        theirs.push((key, text_at(&sealed, "/CiphertextBlob")));
    }
    // Of another kind, it has no ciphertexts of ours.
    let mac = sample::key_for(Op::GenerateMac);
    let mac = house.call_as(&stranger, Op::CreateKey, mac).await.expect("a key is made");
    let mac = text_at(&mac, "/KeyMetadata/KeyId");
    // A blob in which another key id stands: 1 byte of version and 12 of account come before it.
    let as_if_of = |id: &str| {
        let mut blob = unbase64(&theirs[0].1);
        blob[13..49].copy_from_slice(id.as_bytes());
        (id.to_owned(), base64(blob))
    };
    let (macs, nobodys) = (as_if_of(&mac), as_if_of(NOBODY));
    theirs.push(macs);
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": own })).await;

    for entry in OPERATIONS.iter().filter(|entry| entry.sheet.is_some_and(|sheet| sheet.names != Names::None)) {
        let op = entry.op;
        let ask = async |(key, blob): &(String, String)| {
            let arn = arn_of(STRANGER, key);
            let mut told = vec![house.call(op, sample(op, &With { key: &arn, blob })).await];
            if op == Op::Decrypt || op == Op::ReEncrypt {
                // By the ciphertext alone; by a name that is not the ciphertext's; towards and from their key.
                let to = json!({ "DestinationKeyId": own });
                told.push(house.call(op, with(json!({ "CiphertextBlob": blob }), to.clone())).await);
                told.push(
                    house
                        .call(op, with(json!({ "CiphertextBlob": blob, "KeyId": key, "SourceKeyId": key }), to.clone()))
                        .await,
                );
                told.push(
                    house
                        .call(op, with(json!({ "CiphertextBlob": own_blob, "KeyId": arn, "SourceKeyId": arn }), to))
                        .await,
                );
                let to = json!({ "CiphertextBlob": own_blob, "KeyId": arn, "DestinationKeyId": arn });
                told.push(house.call(op, to).await);
            }
            told
        };
        let nobody = ask(&nobodys).await;
        for told in &nobody {
            assert_eq!(name_of(told), "AccessDeniedException", "{op:?}: {told:?}");
            assert!(!told.as_ref().is_err_and(|refused| refused.1.contains(NOBODY)), "{op:?}: {told:?}");
        }
        for key in &theirs {
            assert_eq!(ask(key).await, nobody, "{op:?} tells whether a stranger has a key");
        }
    }
    for (key, _) in &theirs {
        let metadata = house.call_as(&stranger, Op::DescribeKey, json!({ "KeyId": key })).await.expect("it is there");
        assert_eq!(metadata["KeyMetadata"]["Description"], "", "nothing was done to it");
    }
}

#[tokio::test]
async fn an_alias_of_a_stranger_is_refused_alike_whether_or_not_it_is_there() {
    let house = House::new().await;
    let stranger = caller(STRANGER, REGION);
    let key = house.key_of(&stranger).await;
    let alias = |name: &str| format!("arn:aws:kms:{REGION}:{STRANGER}:alias/{name}");
    let there = json!({ "AliasName": "alias/there", "TargetKeyId": key });
    house.call_as(&stranger, Op::CreateAlias, there).await.expect("a stranger has an alias");
    for entry in OPERATIONS.iter().filter(|entry| entry.sheet.is_some_and(|sheet| sheet.names == Names::KeyOrAlias)) {
        let op = entry.op;
        let blob = house.encrypt(&house.key().await, &base64("mine")).await;
        let there = house.call(op, sample(op, &With { key: &alias("there"), blob: &blob })).await;
        let absent = house.call(op, sample(op, &With { key: &alias("absent"), blob: &blob })).await;
        assert_eq!(name_of(&there), "AccessDeniedException", "{op:?}");
        assert_eq!(there, absent, "{op:?} tells whether a stranger has an alias");
    }
}

/// One call, and the one record that it must leave.
async fn recorded_call(house: &House, op: Op, body: Value) -> (Result<Value, Refusal>, Value) {
    let before = house.trail.lines().len();
    let told = house.call(op, body).await;
    let mut records: Vec<Value> = house.records_from(before).into_iter().filter(is_of_a_call).collect();
    // What concerns another Region, too, is recorded there beside it.
    records.retain(|record| record["awsRegion"] == REGION);
    assert_eq!(records.len(), 1, "{op:?} leaves one record: {records:?}");
    (told, records.remove(0))
}

/// What every record must say of itself.
fn check(op: Op, request: u64, told: &Result<Value, Refusal>, record: &Value) {
    assert_eq!(record["eventVersion"], "1.11");
    assert_eq!(record["eventTime"], "2025-06-15T15:06:40Z", "{op:?}");
    assert_eq!(record["eventName"], op.name());
    assert_eq!(record["eventSource"], "kms.amazonaws.com");
    assert_eq!(record["requestID"], format!("00000000-0000-4000-8000-{request:012}"), "{op:?}: it is the answer's");
    assert_eq!(record["userIdentity"]["arn"], format!("arn:aws:iam::{OWN}:root"));
    assert_eq!(record["userIdentity"]["accountId"], OWN);
    assert_eq!(record["awsRegion"], REGION);
    assert_eq!(record["sourceIPAddress"], "192.0.2.7");
    assert_eq!(record["userAgent"], "test");
    assert_eq!(record["readOnly"], !WRITES.contains(&op), "{op:?}");
    assert!(record["resources"].is_array(), "{op:?}");
    match told {
        Ok(_) => assert!(record.get("errorCode").is_none() && record.get("errorMessage").is_none(), "{op:?}: {record}"),
        Err(Refusal(name, message)) => {
            assert_eq!(record["errorCode"], *name, "{op:?}");
            let said = record.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
            assert_eq!(said, message, "{op:?}: as told");
            assert!(record["responseElements"].is_null(), "{op:?}");
        }
    }
}

#[tokio::test]
async fn every_call_leaves_one_record_that_says_who_what_when_where_and_how_it_ended() {
    let house = House::new().await;
    let mut event_ids = BTreeSet::new();
    for op in Op::ALL {
        let (key, blob) = key_for(&house, op).await;
        let bodies = [
            sample(op, &With { key: &key, blob: &blob }),
            sample(op, &With { key: &arn_of(STRANGER, NOBODY), blob: &blob }),
            sample(op, &With { key: NOBODY, blob: &blob }),
            json!({ "KeyId": 7, "AliasName": 7, "Limit": "7", "NumberOfBytes": "7", "Description": 7, "CustomKeyStoreId": 7 }),
            json!({ "KeyId": "", "Limit": 0, "KeySpec": "NONE", "NumberOfBytes": 0 }),
        ];
        for body in bodies {
            let request = house.calls();
            let (told, record) = recorded_call(&house, op, body).await;
            check(op, request, &told, &record);
            assert!(event_ids.insert(text_at(&record, "/eventID")), "an eventID twice: {record}");
        }
    }
}

/// What stands in a record beyond what every record says: CloudTrail's examples of each operation.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-examples.html>
#[tokio::test]
async fn records_name_what_was_asked_for_and_the_keys_it_was_about() {
    let house = House::new().await;
    let key = house.key().await;
    let other = house.key().await;
    let blob = house.encrypt(&key, &base64("x")).await;
    let resource = |key: &str| json!({ "accountId": OWN, "type": "AWS::KMS::Key", "ARN": arn(key) });
    let (mine, both) = (json!([resource(&key)]), json!([resource(&key), resource(&other)]));
    let named = format!("arn:aws:kms:{REGION}:{OWN}:alias/a");
    let named = json!({ "accountId": OWN, "type": "AWS::KMS::Key", "ARN": named });
    let document = policy("recorded");
    let changed = json!({ "keyId": arn(&key) });
    let context = json!({ "department": "10103" });
    let cases = [
        (
            Op::Encrypt,
            json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionContext": context }),
            json!({ "keyId": key, "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": context }),
            Value::Null,
            &mine,
        ),
        (
            Op::Decrypt,
            json!({ "CiphertextBlob": blob }),
            json!({ "encryptionAlgorithm": "SYMMETRIC_DEFAULT" }),
            Value::Null,
            &mine,
        ),
        (
            Op::ReEncrypt,
            json!({ "CiphertextBlob": blob, "DestinationKeyId": arn(&other), "DestinationEncryptionContext": context }),
            json!({
                "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "destinationKeyId": arn(&other),
                "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
                "destinationEncryptionContext": context,
            }),
            Value::Null,
            &both,
        ),
        (
            Op::GenerateDataKey,
            json!({ "KeyId": key, "NumberOfBytes": 7 }),
            json!({ "keyId": key, "numberOfBytes": 7 }),
            Value::Null,
            &mine,
        ),
        (Op::DescribeKey, json!({ "KeyId": arn(&key) }), json!({ "keyId": arn(&key) }), Value::Null, &mine),
        (Op::DisableKey, json!({ "KeyId": key }), json!({ "keyId": key }), changed.clone(), &mine),
        (Op::EnableKey, json!({ "KeyId": key }), json!({ "keyId": key }), changed.clone(), &mine),
        (
            Op::ScheduleKeyDeletion,
            json!({ "KeyId": key }),
            json!({ "keyId": key, "pendingWindowInDays": 30 }),
            changed.clone(),
            &mine,
        ),
        // Denied by its state, and the key is named all the same.
        (Op::DisableKey, json!({ "KeyId": key }), json!({ "keyId": key }), Value::Null, &mine),
        (Op::CancelKeyDeletion, json!({ "KeyId": key }), json!({ "keyId": key }), changed.clone(), &mine),
        (
            Op::CreateAlias,
            json!({ "AliasName": "alias/a", "TargetKeyId": key }),
            json!({ "aliasName": "alias/a", "targetKeyId": key }),
            changed.clone(),
            &json!([resource(&key), named]),
        ),
        // Refused, and both are named.
        (
            Op::CreateAlias,
            json!({ "AliasName": "alias/a", "TargetKeyId": other }),
            json!({ "aliasName": "alias/a", "targetKeyId": other }),
            Value::Null,
            &json!([resource(&other), named]),
        ),
        (
            Op::UpdateAlias,
            json!({ "AliasName": "alias/a", "TargetKeyId": arn(&other) }),
            json!({ "aliasName": "alias/a", "targetKeyId": arn(&other) }),
            json!({ "keyId": arn(&other) }),
            &json!([named, resource(&key), resource(&other)]),
        ),
        (
            Op::DeleteAlias,
            json!({ "AliasName": "alias/a" }),
            json!({ "aliasName": "alias/a" }),
            json!({ "keyId": arn(&other) }),
            &json!([named, resource(&other)]),
        ),
        (
            Op::ListAliases,
            json!({ "KeyId": key, "Limit": 9 }),
            json!({ "keyId": key, "limit": 9 }),
            Value::Null,
            &json!([]),
        ),
        (
            Op::TagResource,
            json!({ "KeyId": key, "Tags": [{ "TagKey": "a", "TagValue": "b" }] }),
            json!({ "keyId": key, "tags": [{ "tagKey": "a", "tagValue": "b" }] }),
            changed.clone(),
            &mine,
        ),
        (
            Op::UntagResource,
            json!({ "KeyId": key, "TagKeys": ["a", "c"] }),
            json!({ "keyId": key, "tagKeys": ["a", "c"] }),
            changed.clone(),
            &mine,
        ),
        (
            Op::ListResourceTags,
            json!({ "KeyId": key, "Limit": 9 }),
            json!({ "keyId": key, "limit": 9 }),
            Value::Null,
            &mine,
        ),
        (
            Op::PutKeyPolicy,
            json!({ "KeyId": key, "Policy": document }),
            json!({
                "bypassPolicyLockoutSafetyCheck": false,
                "keyId": key,
                "policy": document,
                "policyName": "default",
            }),
            changed,
            &mine,
        ),
        (
            Op::GetKeyPolicy,
            json!({ "KeyId": key }),
            json!({ "keyId": key, "policyName": "default" }),
            Value::Null,
            &mine,
        ),
        (Op::ListKeyPolicies, json!({ "KeyId": key }), json!({ "keyId": key }), Value::Null, &mine),
        (Op::GenerateRandom, json!({ "NumberOfBytes": 9 }), Value::Null, Value::Null, &json!([])),
        (Op::ListKeys, json!({ "Limit": 9 }), json!({ "limit": 9 }), Value::Null, &json!([])),
    ];
    for (op, body, parameters, response, resources) in cases {
        let (_, record) = recorded_call(&house, op, body).await;
        assert_eq!(record["requestParameters"], parameters, "{op:?}");
        assert_eq!(record["responseElements"], response, "{op:?}");
        assert_eq!(record["resources"], *resources, "{op:?}");
    }
    for (op, parameters) in [
        (Op::Sign, json!({ "messageType": "RAW", "signingAlgorithm": "ECDSA_SHA_256" })),
        (Op::Verify, json!({ "messageType": "RAW", "signingAlgorithm": "ECDSA_SHA_256" })),
        (Op::GetPublicKey, json!({})),
        (Op::GenerateMac, json!({ "macAlgorithm": "HMAC_SHA_256" })),
        (Op::VerifyMac, json!({ "macAlgorithm": "HMAC_SHA_256" })),
        (Op::DeriveSharedSecret, json!({ "keyAgreementAlgorithm": "ECDH" })),
        (Op::Encapsulate, json!({ "encapsulationAlgorithm": "ML_KEM" })),
        (Op::Decapsulate, json!({ "encapsulationAlgorithm": "ML_KEM" })),
        (Op::GenerateDataKeyPair, json!({ "keyPairSpec": "ECC_NIST_P256" })),
        (Op::GenerateDataKeyPairWithoutPlaintext, json!({ "keyPairSpec": "ECC_NIST_P256" })),
    ] {
        let (key, blob) = key_for(&house, op).await;
        let (_, record) = recorded_call(&house, op, sample(op, &With { key: &key, blob: &blob })).await;
        assert_eq!(record["requestParameters"], with(parameters, json!({ "keyId": key })), "{op:?}");
        assert_eq!(record["responseElements"], Value::Null, "{op:?}");
        assert_eq!(record["resources"], json!([resource(&key)]), "{op:?}");
    }
    let (made, record) =
        recorded_call(&house, Op::CreateKey, json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] })).await;
    let made = text_at(&made.expect("a key is made"), "/KeyMetadata/KeyId");
    assert_eq!(
        record["requestParameters"],
        json!({
            "bypassPolicyLockoutSafetyCheck": false,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "description": "",
            "keySpec": "SYMMETRIC_DEFAULT",
            "keyUsage": "ENCRYPT_DECRYPT",
            "multiRegion": false,
            "origin": "AWS_KMS",
            "tags": [{ "tagKey": "a", "tagValue": "b" }],
        }),
        "defaults are filled in"
    );
    assert_eq!(record["resources"], json!([resource(&made)]));
}

/// A secret as it was sent, and as it might be written. A record is text: it cannot hold other bytes as they are.
fn forms(secret: &[u8]) -> Vec<String> {
    let base64 = base64(secret);
    let mut forms = vec![hex::encode(secret), hex::encode_upper(secret), base64.trim_end_matches('=').to_owned()];
    forms.extend(String::from_utf8(secret.to_vec()));
    forms
}

fn holds(text: &str, forms: &[String]) -> bool {
    forms.iter().any(|form| text.contains(form))
}

/// The members of answers that no record may hold.
const TOLD: [&str; 8] = [
    "CiphertextBlob",
    "ImportToken",
    "Mac",
    "Plaintext",
    "PrivateKeyCiphertextBlob",
    "PrivateKeyPlaintext",
    "SharedSecret",
    "Signature",
];

#[tokio::test]
async fn no_record_and_no_line_of_the_log_holds_a_secret() {
    let log = Log::listen();
    let house = House::new().await;
    let mut secrets: BTreeMap<String, Vec<u8>> =
        SECRETS.iter().map(|secret| ((*secret).to_owned(), secret.as_bytes().to_vec())).collect();
    for op in Op::ALL {
        let (key, blob) = key_for(&house, op).await;
        secrets.insert(format!("{op:?}'s ciphertext"), unbase64(&blob));
        let body = sample(op, &With { key: &key, blob: &blob });
        let long_token = TOKEN.repeat(1000);
        let recipient = json!({ "AttestationDocument": base64(SECRETS[0]) });
        let answers = [
            house.call(op, body.clone()).await,
            // What is refused is recorded too: for its tokens, for a constraint that echoes values, for its state.
            house.call(op, with(body.clone(), json!({ "GrantTokens": [TOKEN] }))).await,
            house
                .call(op, with(body.clone(), json!({ "GrantTokens": [TOKEN, long_token], "GrantToken": long_token })))
                .await,
            house.call(op, with(body.clone(), json!({ "KeyId": "", "TargetKeyId": "", "CustomKeyStoreId": "" }))).await,
            house.call(op, with(body.clone(), json!({ "Recipient": recipient }))).await,
            house.call(op, with(body.clone(), json!({ "DryRun": true }))).await,
            house.call(op, json!({ "GrantToken": TOKEN })).await,
            house.call(op, with(body, json!({ "KeyId": arn_of(STRANGER, NOBODY) }))).await,
        ];
        for answer in answers.into_iter().flatten() {
            for member in TOLD {
                let Some(secret) = answer.get(member).and_then(Value::as_str) else { continue };
                secrets.insert(format!("{op:?} answered {member} {secret}"), unbase64(secret));
            }
        }
    }
    let lines: Vec<String> = house.records().iter().map(Value::to_string).chain(log.lines()).collect();
    assert!(lines.len() > 9 * Op::COUNT, "the calls were recorded");
    for (what, secret) in &secrets {
        let forms = forms(secret);
        for line in &lines {
            assert!(!holds(line, &forms), "{what} is in {line}");
        }
    }
}

#[test]
fn a_canary_would_be_seen_in_each_of_its_forms() {
    for form in forms(b"canary!") {
        assert!(holds(&json!({ "x": form }).to_string(), &forms(b"canary!")));
    }
}

#[tokio::test]
async fn who_asks_for_an_enclave_never_gets_a_plaintext_and_no_key_is_looked_for() {
    let house = House::new().await;
    let mut keys = Vec::new();
    for op in ATTESTED {
        keys.push((op, key_for(&house, op).await));
    }
    let before = house.everything().await;
    let mut texts = BTreeSet::new();
    for (op, (key, blob)) in keys {
        for recipient in [
            json!({}),
            json!({ "AttestationDocument": base64("document"), "KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256" }),
        ] {
            for key in [key.as_str(), NOBODY, "alias/none", "no key id"] {
                let body = with(sample(op, &With { key, blob: &blob }), json!({ "Recipient": recipient }));
                let told = house.call(op, body).await;
                assert_eq!(name_of(&told), "ValidationException", "{op:?} {key}: {told:?}");
                texts.extend(told.err().map(|refused| refused.1));
            }
        }
        let body = with(sample(op, &With { key: &key, blob: &blob }), json!({ "Recipient": null }));
        let told = house.call(op, body).await;
        assert!(told.is_ok() || told == not_yet(op), "{op:?}: null is absent: {told:?}");
    }
    assert_eq!(texts.len(), 1, "the same words for all: {texts:?}");
    assert_eq!(house.everything().await, before);
}

#[tokio::test]
async fn a_dry_run_says_that_it_would_have_worked_and_changes_nothing() {
    let house = House::new().await;
    let mut keys = Vec::new();
    for op in DRY {
        let (key, blob) = key_for(&house, op).await;
        let (disabled, pending) = (house.key_as(sample::key_for(op)).await, house.key_as(sample::key_for(op)).await);
        house.ok(Op::DisableKey, json!({ "KeyId": disabled })).await;
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": pending })).await;
        keys.push((op, key, blob, disabled, pending));
    }
    let before = house.everything().await;
    for (op, key, blob, disabled, pending) in keys {
        let dry = |op, key: &str| with(sample(op, &With { key, blob: &blob }), json!({ "DryRun": true }));
        let would =
            refusal("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
        assert_eq!(house.call(op, dry(op, &key)).await, would, "{op:?}");
        // What would have been refused is refused, in the same words.
        for key in [disabled.as_str(), pending.as_str(), NOBODY, "alias/none", &arn_of(STRANGER, NOBODY), ""] {
            let dry = house.call(op, dry(op, key)).await;
            assert!(dry.is_err());
            assert_eq!(dry, house.call(op, sample(op, &With { key, blob: &blob })).await, "{op:?} {key}");
        }
        let (_, record) = recorded_call(&house, op, dry(op, &key)).await;
        assert_eq!(record["requestParameters"]["dryRun"], true, "{op:?}");
    }
    assert_eq!(house.everything().await, before);
}

#[tokio::test]
async fn a_dry_run_of_an_operation_that_has_none_is_the_operation() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::DisableKey, json!({ "KeyId": key, "DryRun": true })).await;
    assert_eq!(house.state(&key).await, "Disabled", "a member that the shape does not have is ignored, as AWS does");
}

#[tokio::test]
async fn a_token_of_no_grant_is_refused_by_every_operation_that_takes_tokens() {
    let house = House::new().await;
    for op in TAKE_TOKENS {
        let (key, blob) = key_for(&house, op).await;
        let told =
            house.call(op, with(sample(op, &With { key: &key, blob: &blob }), json!({ "GrantTokens": [TOKEN] }))).await;
        assert_eq!(told, refusal("InvalidGrantTokenException", "The grant token is not valid."), "{op:?}");
        let none =
            house.call(op, with(sample(op, &With { key: &key, blob: &blob }), json!({ "GrantTokens": [] }))).await;
        let reached = match op {
            // What the sample has is a signature of nobody.
            Op::Verify => "KMSInvalidSignatureException",
            Op::VerifyMac => "KMSInvalidMacException",
            _ => "",
        };
        assert_eq!(name_of(&none), reached, "{op:?}: an empty list counts as absent: {none:?}");
    }
}

#[tokio::test]
async fn accounts_and_regions_are_worlds_apart() {
    let house = House::new().await;
    let key = house.key().await;
    let log = Log::listen();
    for (account, region, partition) in [
        (OWN, "eu-west-1", "aws"),
        (STRANGER, REGION, "aws"),
        (OWN, "cn-north-1", "aws-cn"),
        (OWN, "us-gov-west-1", "aws-us-gov"),
    ] {
        let elsewhere = caller(account, region);
        let told = house.call_as(&elsewhere, Op::DescribeKey, json!({ "KeyId": key })).await;
        let missing = format!("Key 'arn:{partition}:kms:{region}:{account}:key/{key}' does not exist");
        assert_eq!(told, refusal("NotFoundException", missing), "{account} {region}");
        let listed = house.call_as(&elsewhere, Op::ListKeys, json!({})).await.expect("a list");
        assert_eq!(listed["Keys"], json!([]), "{account} {region}");
    }
    assert!(log.says(&format!("account=\"{OWN}\" region=\"{REGION}\"")), "the log says where it is: {:?}", log.lines());
}
