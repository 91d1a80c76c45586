//! What a request that breaks the model's constraints is told, in AWS's words.

mod every;

use every::EVERY;
use wire::{Fault, Malformed, Op, Request};

fn decode(op: Op, body: &str) -> Result<(), Malformed> {
    let (_, decode) = EVERY.iter().find(|(listed, _)| *listed == op).expect("every operation is listed");
    decode(body.as_bytes()).map(|_| ())
}

/// The message of a refusal behind its opening; a test of a request that passes fails here.
fn told(op: Op, body: &str) -> String {
    match decode(op, body) {
        Err(Malformed::Constraint(text)) => text,
        other => panic!("{op:?} {body} is no constraint error but {other:?}"),
    }
}

const LENGTH: &str = "failed to satisfy constraint: Member must have length";
const VALUE: &str = "failed to satisfy constraint: Member must have value";
const PATTERN: &str = "failed to satisfy constraint: Member must satisfy regular expression pattern:";
const ENUM: &str = "failed to satisfy constraint: Member must satisfy enum value set:";
const NULL: &str = "failed to satisfy constraint: Member must not be null";

#[test]
fn recorded_texts_are_told_word_for_word() {
    let blob = |bytes: usize| base64(&vec![7; bytes]);
    let (a129, v257) = ("a".repeat(129), "v".repeat(257));
    let cases: Vec<(Op, String, String)> = vec![
        (
            Op::Encrypt,
            r#"{"KeyId":"k","Plaintext":""}"#.into(),
            format!("Value at 'plaintext' {LENGTH} greater than or equal to 1"),
        ),
        (
            Op::Encrypt,
            format!(r#"{{"KeyId":"k","Plaintext":"{}"}}"#, blob(4097)),
            format!("Value at 'plaintext' {LENGTH} less than or equal to 4096"),
        ),
        (Op::Encrypt, r#"{"KeyId":"k"}"#.into(), format!("Value at 'plaintext' {NULL}")),
        (
            Op::Encrypt,
            r#"{"KeyId":"k","Plaintext":"AA==","EncryptionAlgorithm":"X"}"#.into(),
            format!(
                "Value 'X' at 'encryptionAlgorithm' {ENUM} [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]"
            ),
        ),
        (
            Op::Decrypt,
            r#"{"CiphertextBlob":""}"#.into(),
            format!("Value at 'ciphertextBlob' {LENGTH} greater than or equal to 1"),
        ),
        (
            Op::GenerateRandom,
            r#"{"NumberOfBytes":0}"#.into(),
            format!("Value '0' at 'numberOfBytes' {VALUE} greater than or equal to 1"),
        ),
        (
            Op::GenerateRandom,
            r#"{"NumberOfBytes":1025}"#.into(),
            format!("Value '1025' at 'numberOfBytes' {VALUE} less than or equal to 1024"),
        ),
        (
            Op::CreateKey,
            r#"{"KeyUsage":"RANDOM"}"#.into(),
            format!(
                "Value 'RANDOM' at 'keyUsage' {ENUM} [ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE]"
            ),
        ),
        (
            Op::CreateKey,
            r#"{"CustomerMasterKeySpec":"ECC_NIST_P128"}"#.into(),
            format!(
                "Value 'ECC_NIST_P128' at 'customerMasterKeySpec' {ENUM} [RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2]"
            ),
        ),
        (
            Op::CreateKey,
            r#"{"KeySpec":"HMAC_random"}"#.into(),
            format!(
                "Value 'HMAC_random' at 'keySpec' {ENUM} [RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ECC_NIST_EDWARDS25519, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87, ML_KEM_512, ML_KEM_768, ML_KEM_1024]"
            ),
        ),
        (
            Op::CreateKey,
            format!(r#"{{"Tags":[{{"TagKey":"{a129}","TagValue":"v"}}]}}"#),
            format!("Value '{a129}' at 'tags.1.member.tagKey' {LENGTH} less than or equal to 128"),
        ),
        (
            Op::CreateKey,
            format!(r#"{{"Tags":[{{"TagKey":"a","TagValue":"{v257}"}}]}}"#),
            format!("Value '{v257}' at 'tags.1.member.tagValue' {LENGTH} less than or equal to 256"),
        ),
        (Op::TagResource, r#"{"KeyId":"k"}"#.into(), format!("Value null at 'tags' {NULL}")),
        (
            Op::TagResource,
            r#"{"KeyId":"k","Tags":[{"TagKey":"a","TagValue":""},{"TagKey":"","TagValue":"b"}]}"#.into(),
            format!("Value '' at 'tags.2.member.tagKey' {LENGTH} greater than or equal to 1"),
        ),
        (Op::PutKeyPolicy, r#"{"KeyId":"k"}"#.into(), format!("Value null at 'policy' {NULL}")),
        (
            Op::PutKeyPolicy,
            r#"{"KeyId":"k","Policy":"{}","PolicyName":"invalid-name"}"#.into(),
            format!(r"Value 'invalid-name' at 'policyName' {PATTERN} [\w]+"),
        ),
        (
            Op::CreateAlias,
            r#"{"AliasName":"alias/my-alias!","TargetKeyId":"k"}"#.into(),
            format!("Value 'alias/my-alias!' at 'aliasName' {PATTERN} ^[a-zA-Z0-9:/_-]+$"),
        ),
        (
            Op::Sign,
            r#"{"KeyId":"k","Message":"AA==","SigningAlgorithm":"ECDSA_SHA_256","MessageType":"INVALID"}"#.into(),
            format!("Value 'INVALID' at 'messageType' {ENUM} [RAW, DIGEST, EXTERNAL_MU]"),
        ),
        (
            Op::Sign,
            r#"{"KeyId":"k","Message":"AA==","SigningAlgorithm":"INVALID"}"#.into(),
            format!(
                "Value 'INVALID' at 'signingAlgorithm' {ENUM} [RSASSA_PSS_SHA_256, RSASSA_PSS_SHA_384, RSASSA_PSS_SHA_512, RSASSA_PKCS1_V1_5_SHA_256, RSASSA_PKCS1_V1_5_SHA_384, RSASSA_PKCS1_V1_5_SHA_512, ECDSA_SHA_256, ECDSA_SHA_384, ECDSA_SHA_512, ED25519_SHA_512, ED25519_PH_SHA_512, SM2DSA, ML_DSA_SHAKE_256]"
            ),
        ),
        (
            Op::GenerateMac,
            r#"{"KeyId":"k","Message":"AA==","MacAlgorithm":"INVALID"}"#.into(),
            format!(
                "Value 'INVALID' at 'macAlgorithm' {ENUM} [HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]"
            ),
        ),
        (
            Op::DeriveSharedSecret,
            r#"{"KeyId":"k","PublicKey":"AA==","KeyAgreementAlgorithm":"INVALID"}"#.into(),
            format!("Value 'INVALID' at 'keyAgreementAlgorithm' {ENUM} [ECDH]"),
        ),
        (
            Op::GenerateDataKey,
            r#"{"KeyId":"k","KeySpec":"AES_512"}"#.into(),
            format!(
                "Value 'AES_512' at 'keySpec' {ENUM} [RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ECC_NIST_EDWARDS25519, SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87]"
            ),
        ),
    ];
    for (op, body, rest) in cases {
        assert_eq!(told(op, &body), format!("1 validation error detected: {rest}"), "{op:?}");
    }
}

#[test]
fn an_empty_key_id_breaks_length_and_pattern_in_one_message() {
    assert_eq!(
        told(Op::DescribeKey, r#"{"KeyId":""}"#),
        format!(
            r"2 validation errors detected: Value '' at 'keyId' {LENGTH} greater than or equal to 1; Value '' at 'keyId' {PATTERN} ^\p{{ASCII}}+$"
        )
    );
    assert_eq!(
        told(Op::DescribeKey, r#"{"KeyId":"schlüssel"}"#),
        format!(r"1 validation error detected: Value 'schlüssel' at 'keyId' {PATTERN} ^\p{{ASCII}}+$")
    );
}

#[test]
fn every_request_tells_all_its_missing_members() {
    let table = include_str!("data/required-members.txt");
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    for op in Op::ALL {
        let mut words = lines.next().expect("a line for every operation").split(' ');
        assert_eq!(words.next(), Some(op.name()));
        let items: Vec<String> = words
            .map(|member| match member.strip_suffix('*') {
                Some(secret) => format!("Value at '{secret}' {NULL}"),
                None => format!("Value null at '{member}' {NULL}"),
            })
            .collect();
        let plural = if items.len() == 1 { "" } else { "s" };
        let wanted = format!("{} validation error{plural} detected: {}", items.len(), items.join("; "));
        for body in ["{}", "", r#"{"Unknown":[{"a":null}],"KeyID":"k"}"#] {
            match decode(op, body) {
                Ok(()) => assert!(items.is_empty(), "{op:?} decodes {body:?} although it requires {items:?}"),
                Err(malformed) => assert_eq!(malformed, Malformed::Constraint(wanted.clone()), "{op:?} {body:?}"),
            }
        }
    }
    assert_eq!(lines.next(), None, "the table lists an operation that does not exist");
}

#[test]
fn lists_of_texts_are_told_as_a_whole() {
    let (eleven, long) = ([r#""t""#; 11].join(","), "t".repeat(8193));
    let cases = [
        (
            Op::UntagResource,
            r#"{"KeyId":"k","TagKeys":["a",""]}"#.to_owned(),
            "Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]".to_owned(),
        ),
        (
            Op::UntagResource,
            r#"{"KeyId":"k","TagKeys":[null]}"#.to_owned(),
            "Value '[null]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]".to_owned(),
        ),
        (
            Op::ListKeys,
            r#"{"ResourceOwners":["SELF","NOBODY"]}"#.to_owned(),
            "Value '[SELF, NOBODY]' at 'resourceOwners' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]]".to_owned(),
        ),
        (
            Op::ListKeys,
            r#"{"ResourceOwners":[]}"#.to_owned(),
            format!("Value '[]' at 'resourceOwners' {LENGTH} greater than or equal to 1"),
        ),
        (
            Op::DescribeKey,
            format!(r#"{{"KeyId":"k","GrantTokens":[{eleven}]}}"#),
            format!("Value at 'grantTokens' {LENGTH} less than or equal to 10"),
        ),
        (
            Op::RetireGrant,
            format!(r#"{{"GrantToken":"{long}"}}"#),
            format!("Value at 'grantToken' {LENGTH} less than or equal to 8192"),
        ),
    ];
    for (op, body, rest) in cases {
        assert_eq!(told(op, &body), format!("1 validation error detected: {rest}"), "{op:?}");
    }
}

#[test]
fn a_null_inside_a_list_or_map_is_refused() {
    assert_eq!(
        told(Op::TagResource, r#"{"KeyId":"k","Tags":[null,{"TagValue":null}]}"#),
        format!(
            "3 validation errors detected: Value null at 'tags.1.member' {NULL}; Value null at 'tags.2.member.tagKey' {NULL}; Value null at 'tags.2.member.tagValue' {NULL}"
        )
    );
    assert_eq!(
        told(Op::Encrypt, r#"{"KeyId":"k","Plaintext":"AA==","EncryptionContext":{"a":"b","c":null}}"#),
        "1 validation error detected: Value '{a=b, c=null}' at 'encryptionContext' failed to satisfy constraint: Map value must satisfy constraint: [Member must not be null]"
    );
}

#[test]
fn nested_members_are_named_with_dots() {
    assert_eq!(
        told(
            Op::CreateGrant,
            r#"{"KeyId":"k","Operations":["Encrypt"],"Constraints":{"SourceArn":"arn:aws:s3:::bucket-of-nobody"}}"#
        ),
        format!(
            "1 validation error detected: Value 'arn:aws:s3:::bucket-of-nobody' at 'constraints.sourceArn' {PATTERN} ^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{{12}}:.+$"
        )
    );
}

#[test]
fn lengths_of_texts_count_characters_and_ends_are_included() {
    let two_hundred_fifty_six = "ä".repeat(256);
    let body = format!(r#"{{"Tags":[{{"TagKey":"k","TagValue":"{two_hundred_fifty_six}"}}]}}"#);
    assert_eq!(decode(Op::CreateKey, &body), Ok(()));
    assert_eq!(decode(Op::GenerateRandom, r#"{"NumberOfBytes":1024}"#), Ok(()));
    assert_eq!(decode(Op::GenerateRandom, r#"{"NumberOfBytes":1}"#), Ok(()));
    assert_eq!(decode(Op::UpdateKeyDescription, r#"{"KeyId":"k","Description":""}"#), Ok(()));
}

#[test]
fn a_symmetric_algorithm_passes_sign_although_no_list_names_it() {
    let body = r#"{"KeyId":"k","Message":"AA==","SigningAlgorithm":"SYMMETRIC_DEFAULT"}"#;
    let request = wire::SignRequest::decode(body.as_bytes()).expect("it is refused later, by the key's usage");
    assert_eq!(request.signing_algorithm, wire::SigningAlgorithmSpec::SymmetricDefault);
}

#[test]
fn a_message_stays_in_proportion_to_its_body() {
    let tags = vec!["{}"; 300_000].join(",");
    let text = told(Op::TagResource, &format!(r#"{{"KeyId":"k","Tags":[{tags}]}}"#));
    assert!(text.starts_with("600000 validation errors detected: Value null at 'tags.1.member.tagKey'"));
    assert!(text.len() < 16 * 1024, "{} bytes", text.len());
}

#[test]
fn malformed_bodies_become_the_faults_of_aws() {
    let serialization = Fault::from(Malformed::Serialization);
    assert_eq!(serialization.body(), br#"{"__type":"SerializationException"}"#);
    assert_eq!(serialization.status, 400);
    let constraint = Fault::from(Malformed::Constraint("it".to_owned()));
    assert_eq!(constraint.body(), br#"{"__type":"ValidationException","message":"it"}"#);
    assert_eq!(constraint.status, 400);
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
