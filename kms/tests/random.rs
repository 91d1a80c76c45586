//! GenerateRandom: bytes, and nothing else.

mod common;

use std::collections::BTreeSet;

use common::{House, refusal, text_at, unbase64};
use serde_json::json;
use wire::Op;

#[tokio::test]
async fn as_many_bytes_come_as_were_asked_for_and_never_the_same() {
    let house = House::new().await;
    let mut seen = BTreeSet::new();
    for length in [16, 32, 1023, 1024, 16, 16] {
        let told = house.text(Op::GenerateRandom, json!({ "NumberOfBytes": length })).await;
        let plaintext = text_at(&serde_json::from_str(&told).expect("JSON"), "/Plaintext");
        assert_eq!(told, format!(r#"{{"Plaintext":"{plaintext}"}}"#));
        assert_eq!(unbase64(&plaintext).len(), length);
        assert!(seen.insert(plaintext));
    }
    let one = house.ok(Op::GenerateRandom, json!({ "NumberOfBytes": 1 })).await;
    assert_eq!(unbase64(&text_at(&one, "/Plaintext")).len(), 1);
}

#[tokio::test]
async fn how_many_has_to_be_said_and_is_1_to_1024() {
    let house = House::new().await;
    let out_of_range = |value: i32, rule: &str| {
        let text = format!(
            "1 validation error detected: Value '{value}' at 'numberOfBytes' failed to satisfy constraint: Member must \
             have value {rule}"
        );
        refusal("ValidationException", text)
    };
    for (body, told) in [
        (json!({}), refusal("ValidationException", "NumberOfBytes is required.")),
        (json!({ "NumberOfBytes": null }), refusal("ValidationException", "NumberOfBytes is required.")),
        (json!({ "NumberOfBytes": 0 }), out_of_range(0, "greater than or equal to 1")),
        (json!({ "NumberOfBytes": 1025 }), out_of_range(1025, "less than or equal to 1024")),
        (json!({ "NumberOfBytes": "16" }), refusal("SerializationException", "")),
        (
            json!({ "NumberOfBytes": 16, "CustomKeyStoreId": "cks-1" }),
            refusal("UnsupportedOperationException", "A custom key store is not supported by this version of Trent."),
        ),
    ] {
        assert_eq!(house.call(Op::GenerateRandom, body.clone()).await, told, "{body}");
    }
}
