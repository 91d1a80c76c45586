//! GenerateDataKey and GenerateDataKeyWithoutPlaintext: a key to encrypt with elsewhere, and the same key sealed.

mod common;

use std::collections::BTreeSet;

use common::{House, arn, name_of, refusal, text_at, unbase64};
use serde_json::json;
use wire::Op;

const LENGTHS: [(&str, usize); 6] = [
    (r#"{"KeySpec":"AES_128"}"#, 16),
    (r#"{"KeySpec":"AES_256"}"#, 32),
    (r#"{"NumberOfBytes":1}"#, 1),
    (r#"{"NumberOfBytes":32}"#, 32),
    (r#"{"NumberOfBytes":64}"#, 64),
    (r#"{"NumberOfBytes":1024}"#, 1024),
];

#[tokio::test]
async fn a_data_key_is_as_long_as_was_asked_and_its_ciphertext_opens_to_it() {
    let house = House::new().await;
    let key = house.key().await;
    let described = house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
    let material = text_at(&described, "/KeyMetadata/CurrentKeyMaterialId");
    for (length, bytes) in LENGTHS {
        let body = common::with(serde_json::from_str(length).expect("JSON"), json!({ "KeyId": key }));
        let told = house.text(Op::GenerateDataKey, body.clone()).await;
        let answer = serde_json::from_str(&told).expect("JSON");
        let (blob, plaintext) = (text_at(&answer, "/CiphertextBlob"), text_at(&answer, "/Plaintext"));
        let expected = format!(
            r#"{{"CiphertextBlob":"{blob}","KeyId":"{}","KeyMaterialId":"{material}","Plaintext":"{plaintext}"}}"#,
            arn(&key)
        );
        assert_eq!(told, expected, "{length}");
        assert_eq!(unbase64(&plaintext).len(), bytes, "{length}");
        assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["Plaintext"], plaintext);

        let told = house.text(Op::GenerateDataKeyWithoutPlaintext, body).await;
        let blob = text_at(&serde_json::from_str(&told).expect("JSON"), "/CiphertextBlob");
        let expected = format!(r#"{{"CiphertextBlob":"{blob}","KeyId":"{}","KeyMaterialId":"{material}"}}"#, arn(&key));
        assert_eq!(told, expected, "{length}");
        let opened = house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        assert_eq!(unbase64(&text_at(&opened, "/Plaintext")).len(), bytes, "{length}");
    }
}

#[tokio::test]
async fn no_two_data_keys_are_alike() {
    let house = House::new().await;
    let key = house.key().await;
    let mut seen = BTreeSet::new();
    for _ in 0..100 {
        let told = house.ok(Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_128" })).await;
        assert!(seen.insert(text_at(&told, "/Plaintext")));
    }
}

#[tokio::test]
async fn exactly_one_of_key_spec_and_number_of_bytes_says_the_length() {
    let house = House::new().await;
    let key = house.key().await;
    for op in [Op::GenerateDataKey, Op::GenerateDataKeyWithoutPlaintext] {
        for body in [json!({}), json!({ "KeySpec": "AES_256", "NumberOfBytes": 32 })] {
            let told = house.call(op, common::with(body, json!({ "KeyId": key }))).await;
            assert_eq!(told, refusal("ValidationException", "Please specify either number of bytes or key spec."));
        }
        for body in [json!({ "NumberOfBytes": 0 }), json!({ "NumberOfBytes": 1025 }), json!({ "KeySpec": "AES_512" })] {
            let told = house.call(op, common::with(body, json!({ "KeyId": key }))).await;
            assert_eq!(name_of(&told), "ValidationException", "{op:?}: {told:?}");
        }
    }
}

#[tokio::test]
async fn a_data_key_s_context_has_to_be_told_to_open_it() {
    let house = House::new().await;
    let key = house.key().await;
    for op in [Op::GenerateDataKey, Op::GenerateDataKeyWithoutPlaintext] {
        let body = json!({ "KeyId": key, "KeySpec": "AES_256", "EncryptionContext": { "a": "1" } });
        let blob = text_at(&house.ok(op, body).await, "/CiphertextBlob");
        let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        assert_eq!(told, refusal("InvalidCiphertextException", ""));
        house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob, "EncryptionContext": { "a": "1" } })).await;
    }
}

#[tokio::test]
async fn a_disabled_key_makes_no_data_keys() {
    let house = House::new().await;
    let key = house.disabled_key().await;
    for op in [Op::GenerateDataKey, Op::GenerateDataKeyWithoutPlaintext] {
        let told = house.call(op, json!({ "KeyId": key, "KeySpec": "AES_256" })).await;
        assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", arn(&key))));
    }
}
