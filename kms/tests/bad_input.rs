//! Requests that are wrong: for every operation, wherever it can be wrong. Types and required members are walked as the
//! model has them, names as AWS takes them, kinds of keys by AWS's table; what bytes do that only one operation reads
//! stands with that operation.

mod common;

use std::collections::BTreeMap;

use common::kinds::{CHINA, Kept, kinds};
use common::sample::{With, sample};
use common::{
    House, NOBODY, OWN, REGION, Refusal, STRANGER, arn, arn_of, base64, caller, name_of, refusal, text_at, with,
    without,
};
use crypto::spec::{KeySpec, KeyUsage, Kind};
use kms::ops::{OPERATIONS, Sheet};
use kms::{Mode, Names};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::{Fault, Op};

/// The operations that do something, which are all but those of custom key stores.
fn sheets() -> impl Iterator<Item = &'static Sheet> {
    OPERATIONS.iter().filter_map(|entry| entry.sheet)
}

// ---- what the model says of requests ----

#[derive(Deserialize)]
struct Model {
    operations: BTreeMap<String, Operation>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Deserialize)]
struct Operation {
    input: String,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: Vec<(String, String)>,
    member: Option<String>,
}

impl Model {
    fn read() -> Model {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../model/kms-2014-11-01.json");
        serde_json::from_slice(&std::fs::read(path).expect("the model is there")).expect("the model is JSON")
    }

    fn shape(&self, name: &str) -> &Shape {
        &self.shapes[name]
    }

    fn request(&self, op: Op) -> &Shape {
        self.shape(&self.operations[op.name()].input)
    }

    /// Values that are none of this shape, at every depth of it.
    fn misfits(&self, name: &str) -> Vec<Value> {
        let shape = self.shape(name);
        match shape.kind.as_str() {
            "string" => {
                vec![json!(7), json!(1.5), json!(true), json!([]), json!(["x"]), json!({}), json!({ "a": "b" })]
            }
            "blob" => vec![
                json!(7),
                json!(false),
                json!([]),
                json!([1, 2]),
                json!({}),
                // No base64: other letters, a lone digit, padding too much, too little and in between.
                json!("not base64!"),
                json!("\u{e9}"),
                json!("a"),
                json!("aaaaa"),
                json!("eA="),
                json!("eA==="),
                json!("e=A="),
                json!("===="),
            ],
            "integer" => {
                vec![json!("7"), json!(1.5), json!(true), json!([]), json!([7]), json!({}), json!(1_u64 << 40)]
            }
            "boolean" => vec![json!("true"), json!(1), json!(0), json!([]), json!({})],
            "timestamp" => vec![json!("2025-06-15T15:06:40Z"), json!("1750000000"), json!(true), json!([]), json!({})],
            "list" => {
                let of = self.misfits(shape.member.as_deref().expect("a list is of something"));
                let each = of.into_iter().map(|misfit| json!([misfit]));
                each.chain([json!({}), json!("x"), json!(7), json!(true)]).collect()
            }
            "map" => vec![json!([]), json!("x"), json!(7), json!(true), json!({ "a": 7 }), json!({ "a": {} })],
            "structure" => {
                let members = shape
                    .members
                    .iter()
                    .flat_map(|(member, of)| self.misfits(of).into_iter().map(move |misfit| json!({ member: misfit })));
                members.chain([json!([]), json!("x"), json!(7), json!(true)]).collect()
            }
            kind => panic!("a request holds a {kind}"),
        }
    }
}

// ---- wrong types, members too many and too few ----

#[tokio::test]
async fn a_member_of_another_type_makes_the_whole_request_unreadable_and_nothing_is_done() {
    let (house, model) = (House::new().await, Model::read());
    let me = caller(OWN, REGION);
    let mut asked = 0;
    for sheet in sheets() {
        let (key, blob) = house.made_for(sheet.op).await;
        let good = sample(sheet.op, &With { key: &key, blob: &blob });
        let before = house.everything().await;
        for (member, of) in &model.request(sheet.op).members {
            for misfit in model.misfits(of) {
                let body = with(good.clone(), json!({ member: misfit })).to_string();
                let told = house.bytes(&me, sheet.op, body.clone()).await;
                assert_eq!(told, Err(Fault::silent("SerializationException")), "{:?} {body}", sheet.op);
                asked += 1;
            }
            // Twice the same member: two readers could see two requests.
            let twice = format!("{{\"{member}\":null,{}", &good.to_string()[1..]);
            let once = good.get(member).is_none();
            let told = house.bytes(
                &me,
                sheet.op,
                if once { format!("{{\"{member}\":null,\"{member}\":null}}") } else { twice },
            );
            assert_eq!(told.await, Err(Fault::silent("SerializationException")), "{:?} {member}", sheet.op);
        }
        assert_eq!(house.everything().await, before, "{:?}", sheet.op);
    }
    assert!(asked > 1500, "{asked} values were tried");
}

#[tokio::test]
async fn each_required_member_that_is_missing_is_named() {
    let (house, model) = (House::new().await, Model::read());
    for sheet in sheets() {
        let (op, shape) = (sheet.op, model.request(sheet.op));
        let (key, blob) = house.made_for(op).await;
        let good = sample(op, &With { key: &key, blob: &blob });
        for member in &shape.required {
            let (_, of) = shape.members.iter().find(|(name, _)| name == member).expect("it is a member");
            let mut shown = member.clone();
            shown[..1].make_ascii_lowercase();
            // Of what is secret, not even that it is null.
            let value = if model.shape(of).sensitive { "" } else { "null " };
            let text = format!(
                "1 validation error detected: Value {value}at '{shown}' failed to satisfy constraint: Member must not be \
                 null"
            );
            let told = refusal("ValidationException", text);
            assert_eq!(house.call(op, without(good.clone(), member)).await, told, "{op:?}");
            assert_eq!(
                house.call(op, with(good.clone(), json!({ member: null }))).await,
                told,
                "{op:?}: null is absent"
            );
        }
        if shape.required.len() > 1 {
            let text = house.call(op, json!({})).await.expect_err("all are missing").1;
            let start = format!("{} validation errors detected: ", shape.required.len());
            assert!(text.starts_with(&start), "{op:?}: {text}");
        }
    }
}

/// What AWS's shape does not have is ignored, as AWS does: newer clients know more members.
#[tokio::test]
async fn a_member_that_the_operation_does_not_have_changes_nothing() {
    let (house, model) = (House::new().await, Model::read());
    let every: Vec<&String> =
        model.operations.values().flat_map(|of| &model.shape(&of.input).members).map(|(name, _)| name).collect();
    for sheet in sheets() {
        let op = sheet.op;
        let own: Vec<&String> = model.request(op).members.iter().map(|(name, _)| name).collect();
        let mut superfluous = Map::new();
        // Of no type that the member has elsewhere.
        superfluous.extend(
            every.iter().filter(|name| !own.contains(name)).map(|name| ((*name).clone(), json!([{ "x": 1.5 }]))),
        );
        superfluous.insert("Unheard".into(), json!({ "of": [null] }));
        superfluous.insert("keyId".into(), json!(7));
        superfluous.insert(String::new(), json!(""));
        let mut told = Vec::new();
        for more in [json!({}), Value::Object(superfluous)] {
            let house = House::new().await;
            let (key, blob) = house.made_for(op).await;
            let answer = house.call(op, with(sample(op, &With { key: &key, blob: &blob }), more)).await;
            told.push((name_of(&answer).to_owned(), answer.map(|answer| answer.as_object().map(Map::len))));
        }
        assert_eq!(told[0], told[1], "{op:?}");
    }
    drop(house);
}

/// Whatever is sent: an answer or an error of the client's, and never one of ours.
#[tokio::test]
async fn no_value_of_the_right_type_makes_the_server_fail() {
    let (house, model) = (House::new().await, Model::read());
    let texts = [
        "",
        " ",
        "\u{0}",
        "\u{7f}",
        "*",
        "../..",
        "arn:",
        "alias/",
        "\u{1f511}",
        "'\"\\%s${x}",
        "null",
        "AAAA",
        "eA==",
    ];
    let numbers = [i32::MIN, -1, 0, 1, 7, 1000, i32::MAX];
    let oddities = |kind: &str| -> Vec<Value> {
        match kind {
            "string" | "blob" => {
                let long = ["A".repeat(8192), "A".repeat(262_144)].map(Value::String);
                texts.iter().map(|text| json!(text)).chain(long).collect()
            }
            "integer" => numbers.iter().map(|number| json!(number)).collect(),
            "boolean" => vec![json!(true), json!(false)],
            "timestamp" => vec![json!(-1), json!(0), json!(1.5e9), json!(1e12), json!(1e300), json!(-1e300)],
            "list" => vec![json!([]), json!(["x"]), json!(vec!["x"; 1000]), json!([null]), json!([{}])],
            "map" => vec![json!({}), json!({ "": "" }), json!({ "\u{0}": "\u{0}" }), json!({ "a": null })],
            "structure" => vec![json!({}), json!({ "a": 1 })],
            kind => panic!("a request holds a {kind}"),
        }
    };
    let me = caller(OWN, REGION);
    for sheet in sheets() {
        let (key, blob) = house.made_for(sheet.op).await;
        for (member, of) in &model.request(sheet.op).members {
            for odd in oddities(&model.shape(of).kind) {
                let body = with(sample(sheet.op, &With { key: &key, blob: &blob }), json!({ member: odd }));
                if let Err(fault) = house.bytes(&me, sheet.op, body.to_string()).await {
                    let body: String = body.to_string().chars().take(300).collect();
                    assert_eq!(fault.status, 400, "{:?} {body}: {fault:?}", sheet.op);
                }
            }
        }
    }
}

// ---- names ----

/// The member that names the key, and what is told before it is looked for.
fn naming(op: Op) -> &'static str {
    match op {
        Op::CreateAlias | Op::UpdateAlias => "TargetKeyId",
        Op::ReEncrypt => "SourceKeyId",
        _ => "KeyId",
    }
}

/// The action that a refusal names first.
fn action_of(sheet: &Sheet) -> &'static str {
    match sheet.op {
        Op::ReEncrypt => "ReEncryptFrom",
        op => op.name(),
    }
}

fn not_found(text: impl Into<String>) -> Result<Value, Refusal> {
    refusal("NotFoundException", text)
}

/// Every form of a name that leads nowhere, for every operation that takes a key.
#[tokio::test]
async fn a_name_that_leads_nowhere_is_refused_in_the_same_words_by_every_operation() {
    let house = House::new().await;
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": house.key().await })).await;
    let elsewhere = format!("arn:aws:kms:eu-west-1:{OWN}:key/{NOBODY}");
    let malformed = arn("foo");
    let missing = not_found(format!("Key '{}' does not exist", arn(NOBODY)));
    for sheet in sheets().filter(|sheet| sheet.names != Names::None) {
        let op = sheet.op;
        let (_, blob) = house.made_for(op).await;
        let ask = async |key: &str| {
            let body = sample(op, &With { key, blob: &blob });
            assert_eq!(body[naming(op)], key, "{op:?} names its key otherwise");
            house.call(op, body).await
        };
        assert_eq!(ask(NOBODY).await, missing, "{op:?}");
        assert_eq!(ask(&arn(NOBODY)).await, missing, "{op:?}");
        assert_eq!(ask("no-key-id").await, not_found("Invalid keyId 'no-key-id'"), "{op:?}");
        assert_eq!(ask(&malformed).await, not_found("Invalid keyId foo"), "{op:?}");
        assert_eq!(ask(&elsewhere).await, not_found("Invalid arn eu-west-1"), "{op:?}");
        let (alias, alias_arn) = ("alias/none", format!("arn:aws:kms:{REGION}:{OWN}:alias/none"));
        for alias in [alias, &alias_arn] {
            let told = match (sheet.names, op) {
                (Names::KeyOrAlias, _) => not_found(format!("Alias {alias_arn} is not found.")),
                (_, Op::CreateAlias | Op::UpdateAlias) => {
                    refusal("ValidationException", "Aliases must refer to keys. Not aliases")
                }
                _ => refusal("InvalidArnException", "Key Aliases are not supported for this operation."),
            };
            assert_eq!(ask(alias).await, told, "{op:?}");
        }
    }
}

/// A key of another account, there or not, in `serve`.
#[tokio::test]
async fn a_key_of_another_account_is_refused_in_the_same_words_by_every_operation() {
    let house = House::new().await;
    let stranger = caller(STRANGER, REGION);
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": house.key().await })).await;
    let theirs = house.key_of(&stranger).await;
    for sheet in sheets().filter(|sheet| sheet.names != Names::None) {
        let (_, blob) = house.made_for(sheet.op).await;
        for key in [theirs.as_str(), NOBODY] {
            let told = house.call(sheet.op, sample(sheet.op, &With { key: &arn_of(STRANGER, key), blob: &blob })).await;
            assert_eq!(told, refusal("AccessDeniedException", denied(action_of(sheet))), "{:?} {key}", sheet.op);
        }
    }
}

fn denied(action: &str) -> String {
    format!(
        "User: arn:aws:iam::{OWN}:root is not authorized to perform: kms:{action} on this resource because the resource \
         does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly \
         denies access"
    )
}

/// In open `dev` no policy is asked; but what AWS lets nobody do on others' keys, nobody does here, in the same words.
#[tokio::test]
async fn an_operation_that_is_not_for_keys_of_others_refuses_them_in_dev_too() {
    let house = House::with(Mode::Dev, |store| store).await;
    let stranger = caller(STRANGER, REGION);
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": house.key().await })).await;
    let theirs = house.key_of(&stranger).await;
    let mut refused = 0;
    for sheet in sheets().filter(|sheet| sheet.names != Names::None) {
        let (_, blob) = house.made_for(sheet.op).await;
        let mut body = sample(sheet.op, &With { key: &arn_of(STRANGER, &theirs), blob: &blob });
        if body.get("GrantId").is_some() {
            let root = format!("arn:aws:iam::{OWN}:root");
            let grant = json!({
                "KeyId": theirs, "GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Decrypt"],
            });
            let made = house.call_as(&stranger, Op::CreateGrant, grant).await.expect("a grant");
            body["GrantId"] = made["GrantId"].clone();
        }
        let told = house.call(sheet.op, body).await;
        if sheet.cross_account {
            assert_ne!(name_of(&told), "AccessDeniedException", "{:?}: {told:?}", sheet.op);
        } else {
            assert_eq!(told, refusal("AccessDeniedException", denied(action_of(sheet))), "{:?}", sheet.op);
            refused += 1;
        }
    }
    assert!(refused > 20, "{refused} operations are for one's own keys alone");
    let described = house.call_as(&stranger, Op::DescribeKey, json!({ "KeyId": theirs })).await.expect("it is there");
    assert_eq!(described["KeyMetadata"]["KeyState"], "Enabled", "nothing was done to it");
}

// ---- kinds of keys ----

/// What an operation answers of a key of some kind that it is not for.
fn of_kind(op: Op, key: &Kept) -> Option<Result<Value, Refusal>> {
    let (symmetric, asymmetric) = (key.spec.kind() == Kind::Symmetric, key.spec.kind() == Kind::Asymmetric);
    let usage = |wanted: KeyUsage| {
        let text = format!("{} key usage is {} which is not valid for {}.", key.arn, key.usage, spoken(op));
        (key.usage != wanted).then(|| refusal("InvalidKeyUsageException", text))
    };
    let silent = || Some(refusal("UnsupportedOperationException", ""));
    let unsupported = |text: &str| Some(refusal("UnsupportedOperationException", format!("{} {text}", key.arn)));
    match op {
        Op::Encrypt | Op::Decrypt | Op::ReEncrypt => usage(KeyUsage::EncryptDecrypt),
        Op::GenerateDataKey
        | Op::GenerateDataKeyWithoutPlaintext
        | Op::GenerateDataKeyPair
        | Op::GenerateDataKeyPairWithoutPlaintext => usage(KeyUsage::EncryptDecrypt).or_else(|| {
            let text = "You cannot generate a data key with an asymmetric CMK";
            (!symmetric).then(|| refusal("InvalidKeyUsageException", text))
        }),
        Op::Sign | Op::Verify => usage(KeyUsage::SignVerify),
        Op::GenerateMac | Op::VerifyMac => usage(KeyUsage::GenerateVerifyMac),
        Op::DeriveSharedSecret => usage(KeyUsage::KeyAgreement),
        Op::Encapsulate | Op::Decapsulate => usage(KeyUsage::EncapsulateDecapsulate),
        Op::GetPublicKey if !asymmetric => silent(),
        Op::EnableKeyRotation | Op::RotateKeyOnDemand | Op::ListKeyRotations if !symmetric => silent(),
        Op::GetParametersForImport | Op::ImportKeyMaterial | Op::DeleteImportedKeyMaterial => {
            unsupported("origin is AWS_KMS which is not valid for this operation.")
        }
        Op::ReplicateKey | Op::UpdatePrimaryRegion => unsupported("is not a multi-region primary key."),
        Op::CancelKeyDeletion => {
            Some(refusal("KMSInvalidStateException", format!("{} is not pending deletion.", key.arn)))
        }
        _ => None,
    }
}

/// ReEncrypt by its half.
fn spoken(op: Op) -> &'static str {
    if op == Op::ReEncrypt { "ReEncryptFrom" } else { op.name() }
}

/// Every operation on every kind of key. A key of RSA's larger sizes is one of RSA.
#[tokio::test]
async fn an_operation_refuses_the_kinds_of_keys_that_it_is_not_for_in_awss_words() {
    let house = House::new().await;
    let mut refused = 0;
    for (spec, usage) in kinds().filter(|(spec, _)| !matches!(spec, KeySpec::Rsa3072 | KeySpec::Rsa4096)) {
        let key = house.kept(spec, usage).await;
        let near = house.kept_in(key.region, KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt).await;
        let blob = text_at(&near.ok(&house, Op::Encrypt, json!({ "Plaintext": "eA==" })).await, "/CiphertextBlob");
        for sheet in sheets().filter(|sheet| sheet.names != Names::None) {
            let op = sheet.op;
            // For the blob of another key that would be told first.
            let by = match (op, usage) {
                (Op::Decrypt, _) => json!({ "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" }),
                (Op::ReEncrypt, _) => json!({ "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_1" }),
                _ => json!({}),
            };
            let Some(told) = of_kind(op, &key) else { continue };
            let mut body = with(sample(op, &With { key: &key.id, blob: &blob }), by);
            if key.region == CHINA {
                // Another Region of the key's partition.
                let region = json!("cn-northwest-1");
                body = with(body, json!({ "ReplicaRegion": region, "PrimaryRegion": region }));
            }
            let dry = if sheet.dry_run { json!({ "DryRun": true }) } else { json!({}) };
            for body in [body.clone(), with(body, dry)] {
                assert_eq!(house.call_as(&key.who, op, body).await, told, "{op:?} of {spec} {usage}");
            }
            refused += 1;
        }
        assert_eq!(
            key.ok(&house, Op::DisableKeyRotation, json!({})).await,
            Value::Null,
            "{spec}: a key that never rotates may be told not to"
        );
        let status = key.ok(&house, Op::GetKeyRotationStatus, json!({})).await;
        assert_eq!(status, json!({ "KeyId": key.arn, "KeyRotationEnabled": false }), "{spec}");
    }
    assert!(refused > 400, "{refused} pairs of an operation and a kind were tried");
}

/// GetPublicKey and the rotations look at the state before the kind of key.
#[tokio::test]
async fn where_aws_looks_at_the_state_first_so_do_we() {
    let house = House::new().await;
    let hmac = house.kept(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac).await;
    let symmetric = house.external_key().await;
    let told = house.call(Op::GetPublicKey, json!({ "KeyId": symmetric })).await;
    assert_eq!(told, refusal("KMSInvalidStateException", format!("{} is pending import.", arn(&symmetric))));
    hmac.ok(&house, Op::DisableKey, json!({})).await;
    let disabled = refusal("DisabledException", format!("{} is disabled.", hmac.arn));
    for op in [Op::EnableKeyRotation, Op::DisableKeyRotation, Op::RotateKeyOnDemand] {
        assert_eq!(hmac.call(&house, op, json!({})).await, disabled, "{op:?}");
    }
    hmac.ok(&house, Op::ScheduleKeyDeletion, json!({})).await;
    let pending = refusal("KMSInvalidStateException", format!("{} is pending deletion.", hmac.arn));
    for op in [Op::GetPublicKey, Op::EnableKeyRotation, Op::DisableKeyRotation, Op::RotateKeyOnDemand] {
        assert_eq!(hmac.call(&house, op, json!({})).await, pending, "{op:?}");
    }
}

// ---- which of several things that are wrong is told ----

/// An operation that uses keys, an algorithm of another spec than its key's, and a content that is wrong: each with how
/// it is told, `<spec>` standing for the key's.
type Rung = (Op, Value, Option<(&'static str, &'static str)>, Value, (&'static str, &'static str));

fn rungs() -> Vec<Rung> {
    let usage = "InvalidKeyUsageException";
    let incompatible = |text: &'static str| Some((usage, text));
    let (oaep, ecdsa, hmac) = (
        "Algorithm RSAES_OAEP_SHA_1 is incompatible with key spec SYMMETRIC_DEFAULT.",
        "Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256.",
        "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.",
    );
    let digest = json!({ "MessageType": "DIGEST", "Message": base64([1; 31]) });
    let no_digest = ("ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.");
    let (good, bad) = (("", ""), ("InvalidCiphertextException", ""));
    let flipped = json!({ "EncryptionContext": { "another": "context" }, "SourceEncryptionContext": { "a": "b" } });
    let short = json!({ "SharedSecretCiphertextBlob": base64([1; 767]) });
    let by = |member: &str, algorithm: &str| json!({ member: algorithm });
    vec![
        (Op::Encrypt, by("EncryptionAlgorithm", "RSAES_OAEP_SHA_1"), incompatible(oaep), json!({}), good),
        (Op::Decrypt, by("EncryptionAlgorithm", "RSAES_OAEP_SHA_1"), incompatible(oaep), flipped.clone(), bad),
        (Op::ReEncrypt, by("SourceEncryptionAlgorithm", "RSAES_OAEP_SHA_1"), incompatible(oaep), flipped, bad),
        (Op::GenerateDataKey, json!({}), None, json!({}), good),
        (Op::GenerateDataKeyWithoutPlaintext, json!({}), None, json!({}), good),
        (Op::GenerateDataKeyPair, json!({}), None, json!({}), good),
        (Op::GenerateDataKeyPairWithoutPlaintext, json!({}), None, json!({}), good),
        (Op::Sign, by("SigningAlgorithm", "ECDSA_SHA_384"), incompatible(ecdsa), digest.clone(), no_digest),
        (Op::Verify, by("SigningAlgorithm", "ECDSA_SHA_384"), incompatible(ecdsa), digest, no_digest),
        (Op::GenerateMac, by("MacAlgorithm", "HMAC_SHA_512"), incompatible(hmac), json!({}), good),
        (
            Op::VerifyMac,
            by("MacAlgorithm", "HMAC_SHA_512"),
            incompatible(hmac),
            json!({ "Mac": base64([1; 31]) }),
            ("KMSInvalidMacException", ""),
        ),
        (Op::DeriveSharedSecret, json!({}), None, json!({ "PublicKey": base64("none") }), ("ValidationException", "")),
        (Op::Encapsulate, json!({}), None, json!({}), good),
        (Op::Decapsulate, json!({}), None, short, bad),
    ]
}

/// A request that is wrong in every way, mended step by step: constraints, the key's name, whether it is there, the
/// permission, tokens, usage, state, algorithm, content.
#[tokio::test]
async fn of_several_things_that_are_wrong_the_first_in_awss_order_is_told() {
    let house = House::new().await;
    let tokens = json!({ "GrantTokens": ["x"] });
    for (op, algorithm, incompatible, content, told) in rungs() {
        let sheet = sheets().find(|sheet| sheet.op == op).expect("it is here");
        let (right, blob) = house.made_for(op).await;
        let wrong_kind = match op {
            Op::Sign | Op::Verify => json!({ "KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC" }),
            _ => json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" }),
        };
        let wrong = house.key_as(wrong_kind.clone()).await;
        for key in [&right, &wrong] {
            house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
        }
        // Beside another key's ciphertext its name is wrong first of all.
        let foreign = match op {
            Op::Decrypt => json!({ "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" }),
            Op::ReEncrypt => json!({ "SourceEncryptionAlgorithm": "RSAES_OAEP_SHA_1" }),
            _ => json!({}),
        };
        // A context is for symmetric algorithms, and that needs no key.
        let content_of_all = if foreign == json!({}) { content.clone() } else { json!({}) };
        let all =
            |key: &str| with(with(sample(op, &With { key, blob: &blob }), algorithm.clone()), content_of_all.clone());
        let ask = async |body: Value| house.call(op, body).await;
        let with_tokens = |key: &str| with(with(all(key), foreign.clone()), tokens.clone());

        let constraint = ask(with_tokens("")).await;
        assert_eq!(name_of(&constraint), "ValidationException", "{op:?}: {constraint:?}");
        assert_eq!(ask(with_tokens("no-key-id")).await, not_found("Invalid keyId 'no-key-id'"), "{op:?}");
        let missing = not_found(format!("Key '{}' does not exist", arn(NOBODY)));
        assert_eq!(ask(with_tokens(NOBODY)).await, missing, "{op:?}");
        let theirs = ask(with_tokens(&arn_of(STRANGER, NOBODY))).await;
        assert_eq!(theirs, refusal("AccessDeniedException", denied(action_of(sheet))), "{op:?}");
        let token = refusal("InvalidGrantTokenException", "The grant token is not valid.");
        assert_eq!(ask(with_tokens(&wrong)).await, token, "{op:?}");
        let usage = wrong_kind["KeyUsage"].as_str().expect("a usage");
        let text = format!("{} key usage is {usage} which is not valid for {}.", arn(&wrong), spoken(op));
        let unfit = refusal("InvalidKeyUsageException", text);
        assert_eq!(ask(with(all(&wrong), foreign.clone())).await, unfit, "{op:?}");
        let disabled = refusal("DisabledException", format!("{} is disabled.", arn(&right)));
        assert_eq!(ask(with(all(&right), foreign)).await, disabled, "{op:?}");
        house.ok(Op::EnableKey, json!({ "KeyId": right })).await;
        if let Some((name, text)) = incompatible {
            assert_eq!(ask(all(&right)).await, refusal(name, text), "{op:?}");
        }
        let content = ask(with(sample(op, &With { key: &right, blob: &blob }), content)).await;
        let as_told = content.as_ref().map_or_else(|Refusal(name, text)| (name.as_str(), text.as_str()), |_| ("", ""));
        assert_eq!(as_told, told, "{op:?}");
    }
}

/// A ciphertext of ours that was cut or made longer at any place, wherever ciphertexts are read.
#[tokio::test]
async fn a_ciphertext_of_any_other_length_opens_nothing() {
    let house = House::new().await;
    let key = house.key().await;
    let blob = common::unbase64(&house.encrypt(&key, &base64("p")).await);
    let bad = refusal("InvalidCiphertextException", "");
    let mut wrong: Vec<Vec<u8>> = (1..blob.len()).map(|length| blob[..length].to_vec()).collect();
    wrong.extend((1..blob.len()).map(|from| blob[from..].to_vec()));
    wrong.extend([1, 16, 1000].map(|more| [&blob[..], &vec![0; more]].concat()));
    wrong.extend([blob.repeat(2), vec![0; 6144], vec![0xff; 6144], b"AQICAH".repeat(30)]);
    for wrong in wrong {
        let wrong = base64(wrong);
        for more in [json!({}), json!({ "KeyId": key, "SourceKeyId": key })] {
            let body = with(json!({ "CiphertextBlob": wrong, "DestinationKeyId": key }), more);
            for op in [Op::Decrypt, Op::ReEncrypt] {
                assert_eq!(house.call(op, body.clone()).await, bad, "{op:?} {wrong}");
            }
        }
    }
}
