//! Which bytes are a request at all, and what becomes of its members.

mod every;

use std::collections::BTreeMap;

use every::EVERY;
use proptest::prelude::*;
use wire::*;

#[test]
fn the_tests_walk_every_operation() {
    assert_eq!(EVERY.map(|(op, _)| op), Op::ALL);
}

#[test]
fn a_whole_request_arrives_member_by_member() {
    let body = br#" {"KeyId":"alias/\u0061","Plaintext":"cGxhaW4=","EncryptionContext":{"b":"2","a":"1"},
        "GrantTokens":["t"],"EncryptionAlgorithm":"RSAES_OAEP_SHA_256","DryRun":true} "#;
    let request = EncryptRequest::decode(body).expect("it is whole");
    assert_eq!(request.key_id, "alias/a");
    assert_eq!(request.plaintext.expose(), b"plain");
    let context = BTreeMap::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())]);
    assert_eq!(request.encryption_context, context);
    assert_eq!(request.encryption_algorithm, EncryptionAlgorithmSpec::RsaesOaepSha256);
    assert_eq!(request.grant_tokens(), ["t"]);
    assert!(request.dry_run());
    assert!(!request.has_recipient());
}

#[test]
fn absent_null_and_empty_members_mean_the_same() {
    for body in [
        r#"{"KeyId":"k","Plaintext":"AA=="}"#,
        r#"{"KeyId":"k","Plaintext":"AA==","EncryptionContext":{},"GrantTokens":[]}"#,
        r#"{"KeyId":"k","Plaintext":"AA==","EncryptionContext":null,"GrantTokens":null,"DryRun":null,"EncryptionAlgorithm":null}"#,
    ] {
        let request = EncryptRequest::decode(body.as_bytes()).expect(body);
        assert!(request.encryption_context.is_empty() && request.grant_tokens().is_empty(), "{body}");
        assert_eq!(request.encryption_algorithm, EncryptionAlgorithmSpec::SymmetricDefault, "{body}");
        assert!(!request.dry_run(), "{body}");
    }
}

#[test]
fn absent_members_count_as_what_aws_takes_them_for() {
    let key = CreateKeyRequest::decode(b"").expect("everything is optional");
    assert_eq!((key.description.as_str(), key.origin, key.multi_region), ("", OriginType::AwsKms, false));
    assert!(!key.bypass_policy_lockout_safety_check && key.policy.is_none() && key.tags.is_empty());
    assert!(key.key_spec.is_none() && key.key_usage.is_none() && key.customer_master_key_spec.is_none());
    let deletion = ScheduleKeyDeletionRequest::decode(br#"{"KeyId":"k"}"#).expect("the window is optional");
    assert_eq!(deletion.pending_window_in_days, 30);
    let sign = br#"{"KeyId":"k","Message":"AA==","SigningAlgorithm":"ECDSA_SHA_256"}"#;
    assert_eq!(SignRequest::decode(sign).expect("the type is optional").message_type, MessageType::Raw);
    let again = ReEncryptRequest::decode(br#"{"DestinationKeyId":"k"}"#).expect("so is all else");
    assert_eq!(again.source_encryption_algorithm, EncryptionAlgorithmSpec::SymmetricDefault);
    assert_eq!(again.destination_encryption_algorithm, EncryptionAlgorithmSpec::SymmetricDefault);
    assert_eq!(GetKeyPolicyRequest::decode(br#"{"KeyId":"k"}"#).expect("so is the name").policy_name, "default");
}

#[test]
fn an_empty_map_of_a_grant_is_told_from_an_absent_one() {
    let body = br#"{"KeyId":"k","Operations":["Decrypt"],"Constraints":{"EncryptionContextEquals":{}}}"#;
    let constraints = CreateGrantRequest::decode(body).expect("it is whole").constraints.expect("they were given");
    assert_eq!(constraints.encryption_context_equals, Some(BTreeMap::new()));
    assert_eq!(constraints.encryption_context_subset, None);
}

#[test]
fn a_recipient_is_noticed() {
    for body in [r#"{"Recipient":{}}"#, r#"{"Recipient":{"AttestationDocument":"AA=="}}"#] {
        assert!(GenerateRandomRequest::decode(body.as_bytes()).expect(body).has_recipient(), "{body}");
    }
    assert!(!GenerateRandomRequest::decode(b"{}").expect("everything is optional").has_recipient());
}

#[test]
fn bodies_of_another_kind_are_refused_without_a_reason() {
    let deep = |depth: usize| format!(r#"{{"KeyId":"k","X":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let deep_object =
        |depth: usize| format!(r#"{{"KeyId":"k","X":{}1{}}}"#, r#"{"a":"#.repeat(depth), "}".repeat(depth));
    assert!(DescribeKeyRequest::decode(deep(31).as_bytes()).is_ok(), "32 levels with the body");
    assert!(DescribeKeyRequest::decode(deep_object(31).as_bytes()).is_ok(), "32 levels with the body");
    let (too_deep, too_deep_object, far_too_deep) = (deep(32), deep_object(32), deep(200_000));
    let cases: &[&[u8]] = &[
        b"null",
        b"[]",
        b"\"text\"",
        b"1",
        b" ",
        b"{",
        b"{\"KeyId\":\"k\"",
        b"{\"KeyId\":\"k\"} x",
        b"{\"KeyId\":\"k\"}{}",
        b"{\"KeyId\":\"k\",}",
        b"{'KeyId':'k'}",
        b"{\"KeyId\":\"\xff\"}",
        b"{\"KeyId\":\"k\",\"\xff\":1}",
        b"{\"KeyId\":\"k\",\"X\":\"\xff\"}",
        b"{\"KeyId\":\"\\ud800\"}",
        b"{\"KeyId\":\"k\",\"KeyId\":\"k\"}",
        b"{\"KeyId\":\"k\",\"\\u004beyId\":\"k\"}",
        b"{\"KeyId\":null,\"KeyId\":\"k\"}",
        b"{\"KeyId\":1}",
        b"{\"KeyId\":true}",
        b"{\"KeyId\":[]}",
        b"{\"KeyId\":{}}",
        b"{\"KeyId\":\"k\",\"GrantTokens\":\"t\"}",
        b"{\"KeyId\":\"k\",\"GrantTokens\":{}}",
        b"{\"KeyId\":\"k\",\"GrantTokens\":[1]}",
        b"{\"KeyId\":\"k\",\"X\":NaN}",
        b"\xef\xbb\xbf{\"KeyId\":\"k\"}",
        too_deep.as_bytes(),
        too_deep_object.as_bytes(),
        far_too_deep.as_bytes(),
    ];
    for body in cases {
        let refused = DescribeKeyRequest::decode(body).map(|_| ());
        assert_eq!(refused, Err(Malformed::Serialization), "{:?}", String::from_utf8_lossy(body));
    }
}

#[test]
fn members_of_another_type_are_refused_without_a_reason() {
    let encrypt = [
        r#""Plaintext":"AA""#,
        r#""Plaintext":"AA= =""#,
        r#""Plaintext":"A-_=""#,
        r#""Plaintext":"AB==""#,
        r#""Plaintext":"AA==\n""#,
        r#""Plaintext":[0]"#,
        r#""Plaintext":"AA==","DryRun":"true""#,
        r#""Plaintext":"AA==","DryRun":1"#,
        r#""Plaintext":"AA==","EncryptionAlgorithm":1"#,
        r#""Plaintext":"AA==","EncryptionContext":[]"#,
        r#""Plaintext":"AA==","EncryptionContext":{"a":1}"#,
        r#""Plaintext":"AA==","EncryptionContext":{"a":{}}"#,
        r#""Plaintext":"AA==","EncryptionContext":{"a":"1","a":"1"}"#,
        r#""Plaintext":"AA==","EncryptionContext":{"a":"1","\u0061":"2"}"#,
    ];
    for rest in encrypt {
        let body = format!(r#"{{"KeyId":"k",{rest}}}"#);
        let refused = EncryptRequest::decode(body.as_bytes()).map(|_| ());
        assert_eq!(refused, Err(Malformed::Serialization), "{body}");
    }
    for number in ["1.0", "1e1", "0.5", "2147483648", "-2147483649", "1e400", "\"1\"", "true", "01", "+1", "[1]"] {
        let body = format!(r#"{{"NumberOfBytes":{number}}}"#);
        let refused = GenerateRandomRequest::decode(body.as_bytes()).map(|_| ());
        assert_eq!(refused, Err(Malformed::Serialization), "{body}");
    }
}

#[test]
fn times_are_numbers_with_or_without_fraction() {
    let import = |time: &str| {
        let body = format!(r#"{{"KeyId":"k","ImportToken":"AA==","EncryptedKeyMaterial":"AA==","ValidTo":{time}}}"#);
        ImportKeyMaterialRequest::decode(body.as_bytes()).map(|request| request.valid_to.map(|time| time.millis))
    };
    let cases = [
        ("1592412018", 1_592_412_018_000),
        ("1592412018.521", 1_592_412_018_521),
        ("1.592412018521E9", 1_592_412_018_521),
        ("1592412018.5219", 1_592_412_018_522),
        ("0", 0),
        ("-1.5", -1_500),
        ("253402300799", 253_402_300_799_000),
    ];
    for (time, millis) in cases {
        assert_eq!(import(time), Ok(Some(millis)), "{time}");
    }
    assert_eq!(import("null"), Ok(None));
    for time in ["\"2026-01-01\"", "\"1592412018\"", "1e12", "253402300800", "-253402300800", "true", "{}", "1e308"] {
        assert_eq!(import(time), Err(Malformed::Serialization), "{time}");
    }
}

#[test]
fn a_part_of_a_request_is_no_request() {
    let body = br#"{"KeyId":"k","Plaintext":"cGxhaW4=","EncryptionContext":{"a":"1"}}"#;
    for cut in 1..body.len() {
        let refused = EncryptRequest::decode(&body[..cut]).map(|_| ());
        assert_eq!(refused, Err(Malformed::Serialization), "{cut} bytes");
    }
}

/// JSON of all kinds with the names of real members, so that the reader gets somewhere.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|flag| flag.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        "[a-zA-Z0-9+/=]{0,8}".prop_map(|text| format!("{text:?}")),
        ".{0,8}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    let name = prop_oneof![
        Just("KeyId".to_owned()),
        Just("Plaintext".to_owned()),
        Just("CiphertextBlob".to_owned()),
        Just("EncryptionContext".to_owned()),
        Just("Tags".to_owned()),
        Just("Constraints".to_owned()),
        Just("ValidTo".to_owned()),
        Just("Limit".to_owned()),
        "[A-Z][a-z]{0,6}",
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(","))),
            prop::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.into_iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_decoder_panic(body in prop::collection::vec(any::<u8>(), 0..256), op in 0..Op::COUNT) {
        let _ = EVERY[op].1(&body);
    }

    #[test]
    fn no_json_makes_a_decoder_panic(body in json()) {
        for (_, decode) in EVERY {
            let _ = decode(body.as_bytes());
        }
    }
}
