//! What an audit record may hold of a request, shown by requests that are filled to the last member.
//! The bodies are made from the service model, the lists of what must stay out are written here.

mod every;

use std::collections::BTreeSet;

use every::EVERY;
use serde_json::{Map, Value, json};
use wire::{Malformed, Op};

/// What must appear in no record and no error text, in any spelling it travels in.
const SECRET: &str = "canary";
const SECRET_UPPER: &str = "CANARYCANARYCANARY22";

/// Members that are never recorded, whatever an operation makes of them.
const NEVER: &[&str] = &[
    "AttestationDocument",
    "CiphertextBlob",
    "EncryptedKeyMaterial",
    "GrantToken",
    "GrantTokens",
    "ImportToken",
    "KeyStorePassword",
    "Mac",
    "Message",
    "Plaintext",
    "PublicKey",
    "Recipient",
    "SharedSecretCiphertextBlob",
    "Signature",
    "XksProxyAuthenticationCredential",
];

fn model() -> Value {
    serde_json::from_str(include_str!("../../model/kms-2014-11-01.json")).expect("the extract is JSON")
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// A value of the shape within its constraints: a canary where it is secret, otherwise something to be recorded.
fn filled(model: &Value, name: &str) -> Value {
    let shape = &model["shapes"][name];
    let text = |key: &str| shape[key].as_str().unwrap_or_default();
    match text("type") {
        "structure" => filled_structure(model, name).into(),
        "list" => json!([filled(model, text("member"))]),
        "map" => json!({"context-kept": "kept"}),
        "blob" => base64(SECRET).into(),
        "boolean" => true.into(),
        "timestamp" => json!(1_747_806_465),
        "integer" => shape["min"].clone(),
        "string" if shape["enum"].is_array() => shape["enum"][0].clone(),
        "string" => filled_text(name).into(),
        other => panic!("{name} has the unknown type {other}"),
    }
}

fn filled_text(name: &str) -> String {
    match name {
        "GrantTokenType" | "KeyStorePasswordType" => format!("{SECRET}-{SECRET}"),
        "XksProxyAuthenticationAccessKeyIdType" => SECRET_UPPER.to_owned(),
        "XksProxyAuthenticationRawSecretAccessKeyType" => SECRET.repeat(8),
        "AccountIdType" => "123456789012".to_owned(),
        "BackingKeyIdType" => "ab".repeat(32),
        "CloudHsmClusterIdType" => "cluster-keptkeptkept".to_owned(),
        "GrantConstraintSourceArnType" => "arn:aws:kms:us-east-1:123456789012:kept".to_owned(),
        "RegionType" => "eu-kept-1".to_owned(),
        "ServicePrincipalType" => "kept.amazonaws.com".to_owned(),
        "XksProxyUriEndpointType" => "https://kept.example".to_owned(),
        "XksProxyUriPathType" => "/kept/kms/xks/v1".to_owned(),
        "XksProxyVpcEndpointServiceNameType" => "com.amazonaws.vpce.eu-kept-1.vpce-svc-kept".to_owned(),
        _ => "kept".to_owned(),
    }
}

fn filled_structure(model: &Value, name: &str) -> Map<String, Value> {
    let members = model["shapes"][name]["members"].as_array().expect("a structure has members");
    let pair = |pair: &Value| {
        let (member, of) = (pair[0].as_str().expect("a name"), pair[1].as_str().expect("a shape"));
        (member.to_owned(), filled(model, of))
    };
    members.iter().map(pair).collect()
}

fn full_request(model: &Value, op: Op) -> Map<String, Value> {
    filled_structure(model, model["operations"][op.name()]["input"].as_str().expect("an input"))
}

fn lower_first(name: &str) -> String {
    format!("{}{}", name[..1].to_lowercase(), &name[1..])
}

#[test]
fn a_full_request_is_recorded_by_the_allow_list_and_nothing_else() {
    let model = model();
    let overlay: toml::Table = toml::from_str(include_str!("../../model/overlay.toml")).expect("the overlay is TOML");
    for (op, decode) in EVERY {
        let request = full_request(&model, *op);
        let record = decode(Value::from(request.clone()).to_string().as_bytes())
            .unwrap_or_else(|malformed| panic!("the full {op:?} is refused: {malformed:?}"));
        let allowed = overlay["recorded"][op.name()].as_array().expect("a list");
        let allowed = allowed.iter().map(|member| lower_first(member.as_str().expect("a name")));
        let dry_run = request.contains_key("DryRun").then(|| "dryRun".to_owned());
        let wanted: BTreeSet<String> = allowed.chain(dry_run).collect();
        let found: BTreeSet<String> = record.keys().cloned().collect();
        assert_eq!(found, wanted, "{op:?}");
    }
}

#[test]
fn no_record_holds_a_blob_a_token_or_a_password() {
    let model = model();
    let never: BTreeSet<String> = NEVER.iter().map(|member| lower_first(member)).collect();
    let mut hidden = BTreeSet::new();
    for (op, decode) in EVERY {
        let request = full_request(&model, *op);
        hidden.extend(request.keys().filter(|member| NEVER.contains(&member.as_str())).cloned());
        let record = decode(Value::from(request).to_string().as_bytes()).expect("it is whole");
        assert!(record.keys().all(|member| !never.contains(member)), "{op:?} records {record:?}");
        let text = Value::from(record).to_string();
        assert!(!holds_secret(&text), "{op:?} records {text}");
    }
    // Otherwise the list has a name that no request has, and proves nothing.
    let nested = ["AttestationDocument"];
    let wanted: BTreeSet<String> =
        NEVER.iter().filter(|member| !nested.contains(member)).map(|member| (*member).to_owned()).collect();
    assert_eq!(hidden, wanted);
}

#[test]
fn no_error_text_holds_a_blob_a_token_or_a_password() {
    let model = model();
    for (op, decode) in EVERY {
        for spoil in [too_long, too_short] {
            let request = spoil(&Value::from(full_request(&model, *op)));
            match decode(request.to_string().as_bytes()) {
                Err(Malformed::Constraint(text)) => assert!(!holds_secret(&text), "{op:?} tells {text}"),
                Err(Malformed::Serialization) => panic!("the spoiled {op:?} should still be JSON of the right types"),
                // Some requests have no member that this spoils.
                Ok(_) => {}
            }
        }
    }
}

/// Secrets beyond every length that the model allows them.
fn too_long(value: &Value) -> Value {
    spoiled(value, &|secret| {
        if secret == base64(SECRET) { base64(&SECRET.repeat(100_000)) } else { secret.repeat(1_000) }
    })
}

/// Secrets below every length but the one of a single byte, in a list that is too long.
fn too_short(value: &Value) -> Value {
    let spoiled = spoiled(value, &|_| String::new());
    match spoiled {
        Value::Object(mut members) => {
            if members.contains_key("GrantTokens") {
                members.insert("GrantTokens".to_owned(), json!(vec![SECRET; 11]));
            }
            members.into()
        }
        other => other,
    }
}

fn spoiled(value: &Value, spoil: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) if holds_secret(text) => spoil(text).into(),
        Value::Array(elements) => elements.iter().map(|element| spoiled(element, spoil)).collect(),
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), spoiled(value, spoil))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn holds_secret(text: &str) -> bool {
    let encoded = base64(SECRET);
    text.to_lowercase().contains(SECRET) || text.contains(encoded.trim_end_matches('='))
}

#[test]
fn records_read_as_in_the_examples() {
    let cases = [
        (
            Op::Encrypt,
            json!({"KeyId": "alias/a", "Plaintext": "AA==", "EncryptionContext": {"a": "b"}}),
            json!({"keyId": "alias/a", "encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": {"a": "b"}}),
        ),
        (Op::Decrypt, json!({"CiphertextBlob": "AA=="}), json!({"encryptionAlgorithm": "SYMMETRIC_DEFAULT"})),
        (
            Op::CreateKey,
            json!({"Tags": [{"TagKey": "a", "TagValue": ""}]}),
            json!({
                "description": "", "origin": "AWS_KMS", "multiRegion": false,
                "bypassPolicyLockoutSafetyCheck": false, "tags": [{"tagKey": "a", "tagValue": ""}]
            }),
        ),
        (
            Op::ImportKeyMaterial,
            json!({"KeyId": "k", "ImportToken": "AA==", "EncryptedKeyMaterial": "AA==", "ValidTo": 1_747_806_465}),
            json!({"keyId": "k", "validTo": "May 21, 2025, 5:47:45 AM"}),
        ),
        (Op::GenerateRandom, json!({"NumberOfBytes": 32}), json!({})),
        (Op::RetireGrant, json!({"GrantToken": "t"}), json!({})),
        (
            Op::RevokeGrant,
            json!({"KeyId": "k", "GrantId": "g", "DryRun": true}),
            json!({"keyId": "k", "grantId": "g", "dryRun": true}),
        ),
        (
            Op::CreateGrant,
            json!({"KeyId": "k", "Operations": ["Encrypt"], "Constraints": {"EncryptionContextSubset": {"a": "b"}}}),
            json!({
                "keyId": "k", "operations": ["Encrypt"], "constraints": {"encryptionContextSubset": {"a": "b"}}
            }),
        ),
    ];
    for (op, body, wanted) in cases {
        let (_, decode) = EVERY.iter().find(|(listed, _)| *listed == op).expect("every operation is listed");
        let record = decode(body.to_string().as_bytes()).expect("it is whole");
        assert_eq!(Value::from(record), wanted, "{op:?}");
    }
}
