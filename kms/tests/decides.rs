//! Who may: every operation, asked by everybody who may not, about keys in every state. A refusal is the same whatever
//! there is to find out, and nothing is changed by asking.

mod common;

use std::sync::{Arc, Mutex};

use common::identities::{Keys, allow};
use common::sample::{self, With, sample};
use common::{House, MINUTE, NOBODY, OWN, REGION, Refusal, STRANGER, arn_of, base64, caller, name_of, text_at, with};
use kms::ops::OPERATIONS;
use kms::{Caller, Mode, Names, Scope, Time};
use serde_json::{Value, json};
use store::testing::Around;
use store::{Batch, Fut, Outcome, Refused, Store};
use wire::Op;

/// What an operation asks the policies about: a new one does not compile without its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asks {
    /// A key.
    Key,
    /// A key and an alias.
    Alias,
    /// A grant, which says itself who may.
    Grant,
    /// Nothing that has a policy: only the caller's own policies say.
    Nothing,
    /// Nothing yet: it is not here.
    Later,
}

fn asks(op: Op) -> Asks {
    match op {
        Op::CancelKeyDeletion
        | Op::CreateGrant
        | Op::Decapsulate
        | Op::Decrypt
        | Op::DeleteImportedKeyMaterial
        | Op::DeriveSharedSecret
        | Op::DescribeKey
        | Op::DisableKey
        | Op::DisableKeyRotation
        | Op::EnableKey
        | Op::EnableKeyRotation
        | Op::Encapsulate
        | Op::Encrypt
        | Op::GenerateDataKey
        | Op::GenerateDataKeyPair
        | Op::GenerateDataKeyPairWithoutPlaintext
        | Op::GenerateDataKeyWithoutPlaintext
        | Op::GenerateMac
        | Op::GetKeyLastUsage
        | Op::GetKeyPolicy
        | Op::GetKeyRotationStatus
        | Op::GetParametersForImport
        | Op::GetPublicKey
        | Op::ImportKeyMaterial
        | Op::ListGrants
        | Op::ListKeyPolicies
        | Op::ListKeyRotations
        | Op::ListResourceTags
        | Op::PutKeyPolicy
        | Op::ReEncrypt
        | Op::ReplicateKey
        | Op::RevokeGrant
        | Op::RotateKeyOnDemand
        | Op::ScheduleKeyDeletion
        | Op::Sign
        | Op::TagResource
        | Op::UntagResource
        | Op::UpdateKeyDescription
        | Op::UpdatePrimaryRegion
        | Op::Verify
        | Op::VerifyMac => Asks::Key,
        Op::CreateAlias | Op::DeleteAlias | Op::UpdateAlias => Asks::Alias,
        Op::RetireGrant => Asks::Grant,
        Op::CreateKey | Op::GenerateRandom | Op::ListAliases | Op::ListKeys | Op::ListRetirableGrants => Asks::Nothing,
        Op::ConnectCustomKeyStore
        | Op::CreateCustomKeyStore
        | Op::DeleteCustomKeyStore
        | Op::DescribeCustomKeyStores
        | Op::DisconnectCustomKeyStore
        | Op::UpdateCustomKeyStore => Asks::Later,
    }
}

/// The operations that may be used on keys of other accounts.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
const ACROSS: [Op; 21] = [
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
    Op::GetKeyRotationStatus,
    Op::GetPublicKey,
    Op::ListGrants,
    Op::ReEncrypt,
    Op::RetireGrant,
    Op::RevokeGrant,
    Op::Sign,
    Op::Verify,
    Op::VerifyMac,
];

fn here() -> impl Iterator<Item = Op> {
    Op::ALL.into_iter().filter(|op| asks(*op) != Asks::Later)
}

#[test]
fn the_list_of_cases_is_the_list_of_operations() {
    for entry in &OPERATIONS {
        let Some(sheet) = entry.sheet else {
            assert_eq!(asks(entry.op), Asks::Later, "{:?}", entry.op);
            continue;
        };
        let names_a_key = sheet.names != Names::None;
        match asks(entry.op) {
            Asks::Key | Asks::Grant | Asks::Alias => {
                assert!(names_a_key || entry.op == Op::DeleteAlias, "{:?}", entry.op)
            }
            Asks::Nothing => assert!(!names_a_key || entry.op == Op::ListAliases, "{:?}", entry.op),
            Asks::Later => panic!("{:?} is here: say what it asks about", entry.op),
        }
        assert_eq!(sheet.cross_account, ACROSS.contains(&entry.op), "{:?}", entry.op);
    }
}

/// A key in one state, and a ciphertext of it.
struct Sample {
    state: &'static str,
    key: String,
    blob: String,
}

/// One key of every state, in this account.
async fn in_every_state(house: &House, owner: &Caller) -> Vec<Sample> {
    let mut samples = Vec::new();
    for (state, change) in
        [("Enabled", None), ("Disabled", Some(Op::DisableKey)), ("PendingDeletion", Some(Op::ScheduleKeyDeletion))]
    {
        let key = house.key_of(owner).await;
        let sealed = json!({ "KeyId": key, "Plaintext": base64("p") });
        let blob = text_at(&house.call_as(owner, Op::Encrypt, sealed).await.expect("it encrypts"), "/CiphertextBlob");
        if let Some(op) = change {
            house.call_as(owner, op, json!({ "KeyId": key })).await.expect("the state changes");
        }
        samples.push(Sample { state, key, blob });
    }
    let made = house.call_as(owner, Op::CreateKey, json!({ "Origin": "EXTERNAL" })).await.expect("a key");
    let key = text_at(&made, "/KeyMetadata/KeyId");
    let blob = samples[0].blob.clone();
    samples.push(Sample { state: "PendingImport", key, blob });
    samples
}

async fn put_policy(house: &House, key: &str, statements: Value) {
    let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    house.ok(Op::PutKeyPolicy, json!({ "KeyId": key, "Policy": policy })).await;
}

fn root_allows(account: &str) -> Value {
    let root = format!("arn:aws:iam::{account}:root");
    json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" })
}

fn user_arn(account: &str, name: &str) -> String {
    format!("arn:aws:iam::{account}:user/{name}")
}

/// What is told, with the key's id left out.
fn about(told: Result<Value, Refusal>, key: &str) -> Result<Value, Refusal> {
    told.map_err(|Refusal(name, text)| Refusal(name, text.replace(key, "<key>")))
}

async fn member(house: &House, account: &str, name: &str, policy: Option<Value>) -> Caller {
    let keys: Keys = house.user(account, name, policy).await;
    house.sign_in(&keys).await
}

/// Everybody who may not: a user without any right, one whose policy allows everything where the key's policy allows
/// the account nothing, one whom the key's policy denies; and the words that each is refused with.
#[tokio::test]
async fn nobody_without_a_right_learns_the_state_of_a_key_of_their_own_account() {
    let house = House::new().await;
    house.own_account().await;
    let nobody = member(&house, OWN, "nobody", None).await;
    let everything = member(&house, OWN, "everything", Some(allow(json!("*")))).await;
    let limited = member(&house, OWN, "limited", Some(allow(json!("*")))).await;
    let root = caller(OWN, REGION);
    let samples = in_every_state(&house, &root).await;
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": samples[0].key })).await;
    for sample in &samples {
        // The root itself, not its account, by a condition that only the root satisfies.
        let root = json!({
            "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OWN}:root") }, "Action": "kms:*",
            "Resource": "*", "Condition": { "ArnEquals": { "aws:PrincipalArn": format!("arn:aws:iam::{OWN}:root") } }
        });
        let deny = json!({
            "Effect": "Deny", "Principal": { "AWS": user_arn(OWN, "limited") }, "Action": "kms:*", "Resource": "*"
        });
        put_policy(&house, &sample.key, json!([root, deny])).await;
        house.plant_grant(&sample.key).await;
    }
    let before = house.everything().await;
    for op in here().filter(|op| asks(*op) == Asks::Key) {
        for (who, name, because) in [
            (&nobody, "nobody", " because no resource-based policy allows the {action} action"),
            (&everything, "everything", " because no resource-based policy allows the {action} action"),
            (&limited, "limited", " with an explicit deny in a resource-based policy"),
        ] {
            let action = if op == Op::ReEncrypt { "kms:ReEncryptFrom".into() } else { format!("kms:{}", op.name()) };
            let text = format!(
                "User: {} is not authorized to perform: {action} on resource: {}{}",
                user_arn(OWN, name),
                arn_of(OWN, "<key>"),
                because.replace("{action}", &action)
            );
            for Sample { state, key, blob } in &samples {
                let told = house.call_as(who, op, sample(op, &With { key, blob })).await;
                let expected = Err(Refusal("AccessDeniedException".into(), text.clone()));
                assert_eq!(about(told, key), expected, "{op:?} by {name} on a key that is {state}");
                // Where there are dry runs, they ask the same: elsewhere the member is none.
                let dry = with(sample(op, &With { key, blob }), json!({ "DryRun": true }));
                let told = house.call_as(who, op, dry).await;
                assert_eq!(about(told, key), expected, "a dry run of {op:?} by {name} on a key that is {state}");
            }
        }
    }
    assert_eq!(house.everything().await, before, "whoever may nothing changes nothing");
}

#[tokio::test]
async fn who_has_no_policy_may_do_nothing_that_only_policies_of_their_own_allow() {
    let house = House::new().await;
    house.own_account().await;
    let nobody = member(&house, OWN, "nobody", None).await;
    let key = house.key().await;
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": key })).await;
    let me = user_arn(OWN, "nobody");
    for op in here().filter(|op| matches!(asks(*op), Asks::Nothing | Asks::Alias)) {
        let (action, on) = match (asks(op), op) {
            (Asks::Alias, _) => (op.name(), format!("arn:aws:kms:{REGION}:{OWN}:alias/sample")),
            (_, Op::ListRetirableGrants) => (op.name(), format!("arn:aws:iam::{OWN}:role/sample")),
            _ => (op.name(), "*".to_owned()),
        };
        let told = house.call_as(&nobody, op, sample(op, &With { key: &key, blob: "" })).await;
        let text = format!(
            "User: {me} is not authorized to perform: kms:{action} on resource: {on} because no identity-based policy \
             allows the kms:{action} action"
        );
        assert_eq!(told, Err(Refusal("AccessDeniedException".into(), text)), "{op:?}");
    }
    // Tagging a key while it is made is an action of its own, and then no resource is named.
    let maker = member(&house, OWN, "maker", Some(allow(json!("kms:CreateKey")))).await;
    house.call_as(&maker, Op::CreateKey, json!({})).await.expect("a key is made");
    let tags = json!({ "Tags": [{ "TagKey": "a", "TagValue": "b" }] });
    let told = house.call_as(&maker, Op::CreateKey, tags).await;
    let text = format!(
        "User: {} is not authorized to perform: kms:TagResource because no identity-based policy allows the \
         kms:TagResource action",
        user_arn(OWN, "maker")
    );
    assert_eq!(told, Err(Refusal("AccessDeniedException".into(), text)));
    assert_eq!(house.ids().await.len(), 2, "the one that was there, and the one without tags");
}

/// The same words for keys of another account in every state and for one that is not there, whatever half of the
/// permission is missing.
#[tokio::test]
async fn a_key_of_another_account_and_none_are_refused_alike() {
    let house = House::new().await;
    house.own_account().await;
    house.another_account(STRANGER).await;
    let owner = caller(OWN, REGION);
    let samples = in_every_state(&house, &owner).await;
    let willing = member(&house, STRANGER, "willing", Some(allow(json!("kms:*")))).await;
    let unwilling = member(&house, STRANGER, "unwilling", None).await;
    let root = caller(STRANGER, REGION);
    let mine = house.key_of(&root).await;
    let everybody = json!({ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" });
    for (shared, who, name) in
        [(false, &willing, "user/willing"), (true, &unwilling, "user/unwilling"), (false, &root, "root")]
    {
        for Sample { key, .. } in &samples {
            let statements = if shared { json!([root_allows(OWN), everybody]) } else { json!([root_allows(OWN)]) };
            put_policy(&house, key, statements).await;
        }
        let before = house.everything().await;
        for op in here().filter(|op| asks(*op) == Asks::Key) {
            let ask = async |key: &str, blob: &str| {
                let arn = arn_of(OWN, key);
                about(house.call_as(who, op, sample(op, &With { key: &arn, blob })).await, key)
            };
            // A blob in which another key id stands: 1 byte of version and 12 of account come before it.
            let mut blob = common::unbase64(&samples[0].blob);
            blob[13..49].copy_from_slice(NOBODY.as_bytes());
            let nobodys = ask(NOBODY, &base64(blob)).await;
            assert_eq!(name_of(&nobodys), "AccessDeniedException", "{op:?} by {name}: {nobodys:?}");
            for Sample { state, key, blob } in &samples {
                assert_eq!(ask(key, blob).await, nobodys, "{op:?} by {name} on a key that is {state}");
            }
        }
        assert_eq!(house.everything().await, before);
    }
    let told = house.call_as(&willing, Op::DescribeKey, json!({ "KeyId": mine })).await;
    assert!(told.is_ok(), "and in one's own account one may: {told:?}");
}

/// Both sides allow it: then every operation that works across accounts works, and no other does.
#[tokio::test]
async fn across_accounts_both_sides_must_allow_and_only_some_operations_work() {
    let house = House::new().await;
    house.own_account().await;
    house.another_account(STRANGER).await;
    let guest = member(&house, STRANGER, "guest", Some(allow(json!("kms:*")))).await;
    for op in here().filter(|op| asks(*op) == Asks::Key) {
        let blob = house.encrypt(&house.key().await, &base64("p")).await;
        let key = house.key_as(sample::key_for(op)).await;
        let blob = match sample::key_for(op) == json!({}) {
            true => house.encrypt(&key, &base64("p")).await,
            false => blob,
        };
        let guests = json!({
            "Effect": "Allow", "Principal": { "AWS": user_arn(STRANGER, "guest") }, "Action": "kms:*", "Resource": "*"
        });
        put_policy(&house, &key, json!([root_allows(OWN), guests])).await;
        house.plant_grant(&key).await;
        let told = house.call_as(&guest, op, sample(op, &With { key: &arn_of(OWN, &key), blob: &blob })).await;
        match ACROSS.contains(&op) {
            true => assert_ne!(name_of(&told), "AccessDeniedException", "{op:?}: {told:?}"),
            false => assert_eq!(name_of(&told), "AccessDeniedException", "{op:?}: {told:?}"),
        }
    }
}

#[tokio::test]
async fn the_policy_of_a_key_alone_is_enough_for_a_user_of_its_own_account() {
    let house = House::new().await;
    house.own_account().await;
    let named = member(&house, OWN, "named", None).await;
    let key = house.key().await;
    let describe = json!({ "KeyId": key });
    let told = house.call_as(&named, Op::DescribeKey, describe.clone()).await;
    let text = format!(
        "User: {} is not authorized to perform: kms:DescribeKey on resource: {} because no identity-based policy allows \
         the kms:DescribeKey action",
        user_arn(OWN, "named"),
        arn_of(OWN, &key)
    );
    assert_eq!(told, Err(Refusal("AccessDeniedException".into(), text)), "the account may, but its policies do not");
    let user = user_arn(OWN, "named");
    let direct = json!({ "Effect": "Allow", "Principal": { "AWS": user }, "Action": "kms:Describe*", "Resource": "*" });
    put_policy(&house, &key, json!([root_allows(OWN), direct])).await;
    house.call_as(&named, Op::DescribeKey, describe).await.expect("the key's policy names the user");
}

#[tokio::test]
async fn a_deny_in_the_callers_own_policies_outweighs_the_keys_allow() {
    let house = House::new().await;
    house.own_account().await;
    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "kms:DisableKey", "Resource": "*" },
    ] });
    let denied = member(&house, OWN, "denied", Some(deny)).await;
    let key = house.key().await;
    put_policy(&house, &key, json!([{ "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" }]))
        .await;
    let told = house.call_as(&denied, Op::DisableKey, json!({ "KeyId": key })).await;
    let text = format!(
        "User: {} is not authorized to perform: kms:DisableKey on resource: {} with an explicit deny in an \
         identity-based policy",
        user_arn(OWN, "denied"),
        arn_of(OWN, &key)
    );
    assert_eq!(told, Err(Refusal("AccessDeniedException".into(), text)));
    house.call_as(&denied, Op::DescribeKey, json!({ "KeyId": key })).await.expect("the rest is allowed");
}

/// A session: what its role may, less what its own policy leaves out, until it ends.
#[tokio::test]
async fn a_session_may_what_its_role_and_its_policy_both_allow_and_nothing_once_it_is_over() {
    let house = House::new().await;
    house.own_account().await;
    let ann = member(&house, OWN, "ann", None).await;
    let role = house.role(OWN, "worker", json!(user_arn(OWN, "ann")), Some(allow(json!("kms:*")))).await;
    let key = house.key().await;
    let only = allow(json!("kms:DescribeKey")).to_string();
    let only: String = only.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let keys = house.assume(&ann, &role, "limited", &format!("&DurationSeconds=900&Policy={only}")).await;
    let keys = keys.expect("the role trusts her");
    let session = house.sign_in(&keys).await;
    house.call_as(&session, Op::DescribeKey, json!({ "KeyId": key })).await.expect("all of them allow it");
    let me = format!("arn:aws:sts::{OWN}:assumed-role/worker/limited");
    for op in here().filter(|op| asks(*op) == Asks::Key && *op != Op::DescribeKey && *op != Op::ReEncrypt) {
        let blob = house.encrypt(&key, &base64("p")).await;
        let told = house.call_as(&session, op, sample(op, &With { key: &key, blob: &blob })).await;
        let text = format!(
            "User: {me} is not authorized to perform: kms:{} on resource: {} because no session policy allows the kms:{} \
             action",
            op.name(),
            arn_of(OWN, &key),
            op.name()
        );
        assert_eq!(told, Err(Refusal("AccessDeniedException".into(), text)), "{op:?}");
    }
    let later = Time(house.now().0 + 15 * MINUTE.as_millis() as i64 + 1000);
    let told = house.sign_in_at(&keys, Scope::Kms, later).await;
    assert_eq!(told.expect_err("it is over").0, "ExpiredTokenException", "before any operation is looked at");
}

#[tokio::test]
async fn both_keys_of_an_alias_and_the_alias_itself_must_be_allowed() {
    let house = House::new().await;
    house.own_account().await;
    let aliases = |actions: Value| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": actions, "Resource": format!("arn:aws:kms:{REGION}:{OWN}:alias/*"),
        }] })
    };
    let ann = member(&house, OWN, "ann", Some(aliases(json!("kms:*Alias")))).await;
    let (old, new) = (house.key().await, house.key().await);
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/a", "TargetKeyId": old })).await;
    let update = json!({ "AliasName": "alias/a", "TargetKeyId": new });
    let hers = json!({
        "Effect": "Allow", "Principal": { "AWS": user_arn(OWN, "ann") }, "Action": "kms:*Alias", "Resource": "*"
    });
    let denied_on = |told: Result<Value, Refusal>, key: &str| {
        let text = told.expect_err("something is missing").1;
        assert!(text.contains(&format!("on resource: {}", arn_of(OWN, key))), "{text}");
    };
    denied_on(house.call_as(&ann, Op::UpdateAlias, update.clone()).await, &old);
    put_policy(&house, &old, json!([root_allows(OWN), hers])).await;
    denied_on(house.call_as(&ann, Op::UpdateAlias, update.clone()).await, &new);
    put_policy(&house, &new, json!([root_allows(OWN), hers])).await;
    house.call_as(&ann, Op::UpdateAlias, update).await.expect("alias and both keys are allowed");
    let told = house.call_as(&ann, Op::DescribeKey, json!({ "KeyId": "alias/a" })).await;
    denied_on(told, &new); // An alias's ARN in a policy is the alias and never its key.
}

/// An identity is its unique id: one of the same name that comes later has none of its rights.
#[tokio::test]
async fn a_user_that_was_made_again_has_no_right_that_a_policy_gave_the_earlier_one() {
    let house = House::new().await;
    house.own_account().await;
    let first = house.user(OWN, "ann", None).await;
    let key = house.key().await;
    let hers = json!({
        "Effect": "Allow", "Principal": { "AWS": user_arn(OWN, "ann") }, "Action": "kms:DescribeKey", "Resource": "*"
    });
    put_policy(&house, &key, json!([root_allows(OWN), hers])).await;
    let ann = house.sign_in(&first).await;
    house.call_as(&ann, Op::DescribeKey, json!({ "KeyId": key })).await.expect("she is named");
    let policy = text_at(&house.ok(Op::GetKeyPolicy, json!({ "KeyId": key })).await, "/Policy");
    assert!(policy.contains(&user_arn(OWN, "ann")), "{policy}");

    house.manage(OWN, "DeleteAccessKey", json!({ "UserName": "ann", "AccessKeyId": first.id })).await;
    house.manage(OWN, "DeleteUser", json!({ "UserName": "ann" })).await;
    let told = house.call_as(&ann, Op::DescribeKey, json!({ "KeyId": key })).await;
    assert_eq!(name_of(&told), "UnrecognizedClientException", "who was believed a moment ago is no more: {told:?}");
    let second = house.user(OWN, "ann", None).await;
    let again = house.sign_in(&second).await;
    let told = house.call_as(&again, Op::DescribeKey, json!({ "KeyId": key })).await;
    assert_eq!(name_of(&told), "AccessDeniedException", "{told:?}");
    let policy = text_at(&house.ok(Op::GetKeyPolicy, json!({ "KeyId": key })).await, "/Policy");
    assert!(!policy.contains(&user_arn(OWN, "ann")) && policy.contains("\"AIDA"), "{policy}");
}

#[tokio::test]
async fn a_dry_run_without_a_ciphertext_asks_for_the_permission_alone() {
    let house = House::new().await;
    house.own_account().await;
    let nobody = member(&house, OWN, "nobody", None).await;
    let (key, disabled) = (house.key().await, house.disabled_key().await);
    let blob = house.encrypt(&key, &base64("p")).await;
    let dry = json!({ "DryRun": true, "DryRunModifiers": ["IGNORE_CIPHERTEXT"] });
    let before = house.everything().await;
    for (op, named) in [(Op::Decrypt, "KeyId"), (Op::ReEncrypt, "SourceKeyId")] {
        let ask =
            |key: &str, more: Value| with(with(json!({ named: key, "DestinationKeyId": key }), dry.clone()), more);
        for more in [json!({}), json!({ "CiphertextBlob": base64("no ciphertext") })] {
            let told = house.call(op, ask(&key, more)).await;
            assert_eq!(name_of(&told), "DryRunOperationException", "{op:?}: {told:?}");
        }
        let told = house.call(op, ask(&disabled, json!({}))).await;
        assert_eq!(name_of(&told), "DisabledException", "{op:?}: {told:?}");
        let told = house.call_as(&nobody, op, ask(&key, json!({}))).await;
        assert_eq!(name_of(&told), "AccessDeniedException", "{op:?}: {told:?}");
        let unnamed = with(json!({ "CiphertextBlob": blob, "DestinationKeyId": key }), dry.clone());
        let told = house.call(op, unnamed).await;
        let member = if op == Op::Decrypt { "keyId" } else { "sourceKeyId" };
        let text = format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        );
        assert_eq!(told, Err(Refusal("ValidationException".into(), text)), "{op:?}");
        let told = house.call(op, ask(&key, json!({ "DryRun": false }))).await;
        assert_eq!(name_of(&told), "ValidationException", "{op:?}: {told:?}");
    }
    assert_eq!(house.everything().await, before);
}

#[tokio::test]
async fn a_ciphertext_leads_nobody_to_a_key_that_they_may_not_use() {
    let house = House::new().await;
    house.own_account().await;
    let nobody = member(&house, OWN, "nobody", None).await;
    let sealer = member(&house, OWN, "sealer", Some(allow(json!("kms:ReEncryptFrom")))).await;
    let (from, to) = (house.key().await, house.key().await);
    let blob = house.encrypt(&from, &base64("p")).await;
    let unknown = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or \
                   you are not allowed to access.";
    for body in [json!({ "CiphertextBlob": blob }), json!({ "CiphertextBlob": blob, "DestinationKeyId": to })] {
        let op = if body.get("DestinationKeyId").is_some() { Op::ReEncrypt } else { Op::Decrypt };
        let told = house.call_as(&nobody, op, body).await;
        assert_eq!(told, Err(Refusal("AccessDeniedException".into(), unknown.into())), "{op:?}");
    }
    let told = house.call_as(&sealer, Op::ReEncrypt, json!({ "CiphertextBlob": blob, "DestinationKeyId": to })).await;
    let text = format!(
        "User: {} is not authorized to perform: kms:ReEncryptTo on resource: {} because no identity-based policy allows \
         the kms:ReEncryptTo action",
        user_arn(OWN, "sealer"),
        arn_of(OWN, &to)
    );
    assert_eq!(told, Err(Refusal("AccessDeniedException".into(), text)), "each key is asked about");
}

/// An engine that remembers what the last commit expected to find unchanged.
struct Noting {
    inner: Arc<dyn Store>,
    expected: Mutex<Vec<String>>,
}

impl Around for Noting {
    fn inner(&self) -> &dyn Store {
        &*self.inner
    }

    fn take_commit(&self, batch: Batch) -> Fut<'_, Result<Outcome, Refused>> {
        let names = batch.expect.iter().map(|(name, _)| common::readable(name)).collect();
        // The mover's commits are about the outbox alone.
        if !batch.puts.is_empty() {
            *self.expected.lock().expect("no panic") = names;
        }
        self.inner.commit(batch)
    }
}

/// Whoever loses a right between the decision and the commit loses the commit: everything that the decision was made
/// from is expected unchanged.
#[tokio::test]
async fn a_change_relies_on_every_document_that_allowed_it() {
    let mut noting = None;
    let house = House::with(Mode::Serve, |inner| {
        let engine = Arc::new(Noting { inner, expected: Mutex::default() });
        noting = Some(engine.clone());
        engine
    })
    .await;
    let noting = noting.expect("an engine");
    house.own_account().await;
    let tagged = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "kms:*", "Resource": "*",
        "Condition": { "StringNotEquals": { "aws:ResourceTag/closed": "yes", "kms:ResourceAliases": "alias/closed" } },
    }] });
    let ann = member(&house, OWN, "ann", Some(tagged)).await;
    let key = house.key().await;
    house.call_as(&ann, Op::DisableKey, json!({ "KeyId": key })).await.expect("she may");
    let expected = noting.expected.lock().expect("no panic").clone();
    let hanging = |what: &str| format!("x/{OWN}/{REGION}/{key}/{what}");
    for row in [format!("i/{OWN}/u/ann"), hanging("policy"), hanging("tags"), hanging("aliases")] {
        assert!(expected.contains(&row), "{row} is not among {expected:?}");
    }
}
