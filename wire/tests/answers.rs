//! The bytes of answers, as AWS was recorded to send them.

use wire::*;

#[test]
fn encrypt_answers_three_members_in_order() {
    let answer = EncryptResponse {
        key_id: Some("arn:aws:kms:us-east-1:123456789012:key/1".to_owned()),
        ciphertext_blob: Some(vec![1, 2, 2, 0, 0x78]),
        encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
    };
    assert_eq!(
        text(&answer),
        r#"{"CiphertextBlob":"AQICAHg=","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"arn:aws:kms:us-east-1:123456789012:key/1"}"#
    );
}

#[test]
fn decrypt_answers_its_origin_too() {
    let answer = DecryptResponse {
        key_id: Some("k".to_owned()),
        plaintext: Some(b"plain?>".to_vec().into()),
        encryption_algorithm: Some(EncryptionAlgorithmSpec::SymmetricDefault),
        key_material_id: Some("ab".to_owned()),
        key_origin: Some(OriginType::AwsKms),
        ..Default::default()
    };
    assert_eq!(
        text(&answer),
        r#"{"EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"k","KeyMaterialId":"ab","KeyOrigin":"AWS_KMS","Plaintext":"cGxhaW4/Pg=="}"#
    );
    assert_eq!(format!("{answer:?}"), "DecryptResponse { .. }");
}

#[test]
fn list_aliases_begins_with_its_count() {
    let at = Some(Timestamp { millis: 1_592_412_018_521 });
    let answer = ListAliasesResponse {
        aliases: Some(vec![
            AliasListEntry {
                alias_name: Some("alias/aws/s3".to_owned()),
                alias_arn: Some("arn:3".to_owned()),
                ..Default::default()
            },
            AliasListEntry {
                alias_name: Some("alias/x".to_owned()),
                alias_arn: Some("arn:x".to_owned()),
                target_key_id: Some("1".to_owned()),
                creation_date: at,
                last_updated_date: at,
            },
        ]),
        truncated: Some(false),
        alias_count: Some(2),
        ..Default::default()
    };
    assert_eq!(
        text(&answer),
        concat!(
            r#"{"AliasCount":2,"Aliases":[{"AliasArn":"arn:3","AliasName":"alias/aws/s3"},"#,
            r#"{"AliasArn":"arn:x","AliasName":"alias/x","CreationDate":1.592412018521E9,"#,
            r#""LastUpdatedDate":1.592412018521E9,"TargetKeyId":"1"}],"Truncated":false}"#
        )
    );
}

#[test]
fn list_keys_begins_with_its_count() {
    let answer =
        ListKeysResponse { keys: Some(vec![]), truncated: Some(false), key_count: Some(0), ..Default::default() };
    assert_eq!(text(&answer), r#"{"KeyCount":0,"Keys":[],"Truncated":false}"#);
}

#[test]
fn key_metadata_is_in_the_order_of_its_bytes() {
    let metadata = KeyMetadata {
        aws_account_id: Some("123456789012".to_owned()),
        arn: Some("arn".to_owned()),
        enabled: Some(true),
        description: Some("a \"b\"\n\u{1} ü".to_owned()),
        signing_algorithms: Some(vec![SigningAlgorithmSpec::Ed25519Sha512, SigningAlgorithmSpec::Ed25519PhSha512]),
        pending_deletion_window_in_days: Some(7),
        multi_region_configuration: Some(MultiRegionConfiguration { replica_keys: Some(vec![]), ..Default::default() }),
        ..Default::default()
    };
    assert_eq!(
        text(&DescribeKeyResponse { key_metadata: Some(metadata) }),
        concat!(
            r#"{"KeyMetadata":{"AWSAccountId":"123456789012","Arn":"arn","Description":"a \"b\"\n\u0001 ü","Enabled":true,"#,
            r#""MultiRegionConfiguration":{"ReplicaKeys":[]},"PendingDeletionWindowInDays":7,"#,
            r#""SigningAlgorithms":["ED25519_SHA_512","ED25519_PH_SHA_512"]}}"#
        )
    );
}

#[test]
fn an_operation_without_output_answers_nothing_and_one_without_members_an_object() {
    assert_eq!(text(&Empty), "");
    assert_eq!(text(&ConnectCustomKeyStoreResponse::default()), "{}");
}

#[test]
fn every_written_text_reads_back_the_same() {
    let all: String = (0..=0x2FF_u32).filter_map(char::from_u32).chain(['\u{2028}', '\u{FFFF}', '😀']).collect();
    let answer = GetKeyPolicyResponse { policy: Some(all.clone()), ..Default::default() };
    let read: serde_json::Value = serde_json::from_slice(&answer.encode()).expect("it is JSON");
    assert_eq!(read["Policy"], serde_json::Value::from(all));
}

#[test]
fn answers_have_the_members_that_the_model_and_the_measurements_have() {
    let tags = ListResourceTagsResponse {
        tags: Some(vec![Tag { tag_key: "k".to_owned(), tag_value: String::new() }]),
        truncated: Some(true),
        next_marker: Some("m".to_owned()),
    };
    assert_eq!(text(&tags), r#"{"NextMarker":"m","Tags":[{"TagKey":"k","TagValue":""}],"Truncated":true}"#);
    let used = GetKeyLastUsageResponse { key_last_usage: Some(KeyLastUsageData::default()), ..Default::default() };
    assert_eq!(text(&used), r#"{"KeyLastUsage":{}}"#);
}

#[test]
fn faults_have_two_members_at_most() {
    let cases = [
        (Fault::silent(fault_names::INVALID_CIPHERTEXT_EXCEPTION), r#"{"__type":"InvalidCiphertextException"}"#, 400),
        (
            Fault::client(fault_names::NOT_FOUND_EXCEPTION, "Invalid keyId 'x'"),
            r#"{"__type":"NotFoundException","message":"Invalid keyId 'x'"}"#,
            400,
        ),
        (
            Fault::client(fault_names::ACCESS_DENIED_EXCEPTION, "no"),
            r#"{"__type":"AccessDeniedException","Message":"no"}"#,
            400,
        ),
        (
            Fault::server(fault_names::KMS_INTERNAL_EXCEPTION, "a \"b\""),
            r#"{"__type":"KMSInternalException","message":"a \"b\""}"#,
            500,
        ),
    ];
    for (fault, body, status) in cases {
        assert_eq!((String::from_utf8_lossy(&fault.body()).as_ref(), fault.status), (body, status));
    }
}

#[test]
fn operations_are_found_by_their_exact_name() {
    for op in Op::ALL {
        assert_eq!(Op::from_name(op.name()), Some(op));
    }
    for name in ["", "encrypt", "Encrypt ", "Nope", "ENCRYPT", "Zzz"] {
        assert_eq!(Op::from_name(name), None, "{name}");
    }
    assert!(Op::ALL.is_sorted_by_key(|op| op.name()));
}

#[test]
fn every_fault_of_an_operation_is_in_the_list_with_its_status() {
    for op in Op::ALL {
        for fault in op.faults() {
            assert!(fault_names::MODELLED.iter().any(|(name, _)| name == fault), "{op:?} {fault}");
        }
    }
    let of_ours: Vec<&str> =
        fault_names::MODELLED.iter().filter(|(_, status)| *status == 500).map(|(name, _)| *name).collect();
    assert_eq!(of_ours, ["DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"]);
}

fn text(answer: &impl Response) -> String {
    String::from_utf8(answer.encode()).expect("answers are text")
}
