//! Encrypt, Decrypt and ReEncrypt: what is sealed opens again, under the same key and the same context only.

mod common;

use common::{House, OWN, REGION, arn, base64, caller, name_of, refusal, text_at, unbase64};
use serde_json::{Value, json};
use wire::Op;

fn bad_blob() -> Result<Value, common::Refusal> {
    refusal("InvalidCiphertextException", "")
}

#[tokio::test]
async fn what_is_encrypted_is_decrypted_and_both_tell_exactly_what_aws_tells() {
    let house = House::new().await;
    let key = house.key().await;
    let plaintext = base64("attack at dawn");
    let told = house.text(Op::Encrypt, json!({ "KeyId": key, "Plaintext": plaintext })).await;
    let blob = text_at(&serde_json::from_str(&told).expect("JSON"), "/CiphertextBlob");
    assert_eq!(
        told,
        format!(r#"{{"CiphertextBlob":"{blob}","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{}"}}"#, arn(&key))
    );
    let described = house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
    let material = text_at(&described, "/KeyMetadata/CurrentKeyMaterialId");
    for body in
        [json!({}), json!({ "KeyId": key }), json!({ "KeyId": arn(&key), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" })]
    {
        let told = house.text(Op::Decrypt, common::with(body, json!({ "CiphertextBlob": blob }))).await;
        let expected = format!(
            r#"{{"EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{}","KeyMaterialId":"{material}","KeyOrigin":"AWS_KMS","Plaintext":"{plaintext}"}}"#,
            arn(&key)
        );
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn plaintexts_of_every_allowed_length_come_back() {
    let house = House::new().await;
    let key = house.key().await;
    for length in [1, 2, 15, 16, 17, 31, 32, 33, 4095, 4096] {
        let plaintext = base64(vec![0xa5; length]);
        let blob = house.encrypt(&key, &plaintext).await;
        assert_eq!(unbase64(&blob).len(), length + crypto::blob::OVERHEAD);
        assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["Plaintext"], plaintext, "{length}");
    }
    for (plaintext, rule) in
        [(String::new(), "greater than or equal to 1"), (base64(vec![0; 4097]), "less than or equal to 4096")]
    {
        let told = house.call(Op::Encrypt, json!({ "KeyId": key, "Plaintext": plaintext })).await;
        let text = format!(
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length {rule}"
        );
        assert_eq!(told, refusal("ValidationException", text));
    }
}

#[tokio::test]
async fn no_two_ciphertexts_are_alike() {
    let house = House::new().await;
    let key = house.key().await;
    let one = house.encrypt(&key, "c2FtZQ==").await;
    let other = house.encrypt(&key, "c2FtZQ==").await;
    assert_ne!(one, other);
}

#[tokio::test]
async fn a_context_is_compared_whole_and_its_order_does_not_count() {
    let house = House::new().await;
    let key = house.key().await;
    let seal = async |context: &str| {
        let body = format!(r#"{{"KeyId":"{key}","Plaintext":"eA==","EncryptionContext":{context}}}"#);
        let told = house.bytes(&caller(OWN, REGION), Op::Encrypt, body).await.expect("it encrypts");
        text_at(&serde_json::from_slice(&told).expect("JSON"), "/CiphertextBlob")
    };
    let open = async |blob: &str, context: &str| {
        let body = format!(r#"{{"CiphertextBlob":"{blob}","EncryptionContext":{context}}}"#);
        let told = house.bytes(&caller(OWN, REGION), Op::Decrypt, body).await;
        told.map(|_| ()).map_err(|fault| (fault.name, fault.message))
    };
    let wrong = Err(("InvalidCiphertextException", None));
    let two = seal(r#"{"a":"1","b":"2"}"#).await;
    for right in [r#"{"a":"1","b":"2"}"#, r#"{"b":"2","a":"1"}"#] {
        assert_eq!(open(&two, right).await, Ok(()), "{right}");
    }
    let others = [
        "null",
        "{}",
        r#"{"a":"1"}"#,
        r#"{"a":"1","b":"3"}"#,
        r#"{"a":"1","b":"2","c":""}"#,
        r#"{"A":"1","b":"2"}"#,
        r#"{"a":"12","b":""}"#,
        r#"{"a":"1b","":"2"}"#,
    ];
    for other in others {
        assert_eq!(open(&two, other).await, wrong, "{other}");
    }
    let none = seal("{}").await;
    for none_too in ["{}", "null"] {
        assert_eq!(open(&none, none_too).await, Ok(()), "an empty context counts as absent");
    }
    assert_eq!(open(&none, r#"{"a":""}"#).await, wrong);
    let odd = seal(r#"{"é":"\u0000","":"","\ud83d\ude00":"𐍈"}"#).await;
    assert_eq!(open(&odd, r#"{"":"","é":"\u0000","😀":"𐍈"}"#).await, Ok(()));
}

#[tokio::test]
async fn a_context_may_be_8192_bytes_long_and_no_longer() {
    let house = House::new().await;
    let key = house.key().await;
    let context = |length: usize| json!({ "k": "v".repeat(length - 1) });
    let body = |length| json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionContext": context(length) });
    let blob = text_at(&house.ok(Op::Encrypt, body(8192)).await, "/CiphertextBlob");
    house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob, "EncryptionContext": context(8192) })).await;
    let told = house.call(Op::Encrypt, body(8193)).await;
    assert_eq!(told, refusal("ValidationException", "EncryptionContext must not be longer than 8192 bytes."));
    let told = house.call(Op::Encrypt, body(900_000)).await;
    assert_eq!(told, refusal("ValidationException", "EncryptionContext must not be longer than 8192 bytes."));
}

#[tokio::test]
async fn a_ciphertext_with_any_byte_changed_opens_nothing() {
    let house = House::new().await;
    let key = house.key().await;
    let blob = unbase64(&house.encrypt(&key, "eA==").await);
    let gone = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you \
                are not allowed to access.";
    for at in 0..blob.len() {
        for flip in [0x01, 0x80] {
            let mut other = blob.clone();
            other[at] ^= flip;
            let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(&other) })).await;
            // Account and key id, 48 bytes behind the version, may name a key that is not there.
            let names_another = (1..49).contains(&at) && told == refusal("AccessDeniedException", gone);
            assert!(told == bad_blob() || names_another, "byte {at} ^ {flip:#x}: {told:?}");
            let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(&other), "KeyId": key })).await;
            let names_another =
                (1..49).contains(&at) && ["IncorrectKeyException", "AccessDeniedException"].contains(&name_of(&told));
            assert!(told == bad_blob() || names_another, "byte {at} ^ {flip:#x}, with its key: {told:?}");
        }
    }
    for cut in 1..blob.len() {
        assert_eq!(
            house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(&blob[..cut]) })).await,
            bad_blob(),
            "{cut}"
        );
    }
    for tail in [&b"\0"[..], b"x", &blob] {
        let longer = base64([&blob[..], tail].concat());
        assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": longer })).await, bad_blob());
    }
    // What AWS's own ciphertexts begin with.
    let foreign = [&[1, 2, 2, 0, 0x78][..], &[7; 168]].concat();
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(foreign) })).await, bad_blob());
}

#[tokio::test]
async fn a_ciphertext_belongs_to_its_key_account_and_region() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    let blob = house.encrypt(&key, "eA==").await;
    let incorrect = "The key ID in the request does not identify a CMK that can perform this operation.";
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": blob, "KeyId": other })).await;
    assert_eq!(told, refusal("IncorrectKeyException", incorrect));
    // The bytes of one key's blob under another's name: what stands in the clear is authenticated.
    let mut moved = unbase64(&blob);
    moved[13..49].copy_from_slice(other.as_bytes());
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(moved) })).await, bad_blob());
    // The same id in another account is another key.
    let mut moved = unbase64(&blob);
    moved[1..13].copy_from_slice(common::STRANGER.as_bytes());
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(moved), "KeyId": arn(&key) })).await;
    assert_eq!(told, refusal("IncorrectKeyException", incorrect));
    let gone = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you \
                are not allowed to access.";
    for elsewhere in [caller(OWN, "eu-west-1"), caller(common::STRANGER, REGION)] {
        let told = house.call_as(&elsewhere, Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        assert_eq!(told, refusal("AccessDeniedException", gone));
    }
}

#[tokio::test]
async fn a_disabled_key_neither_seals_nor_opens_until_it_is_enabled() {
    let house = House::new().await;
    let key = house.key().await;
    let blob = house.encrypt(&key, "eA==").await;
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
    let disabled = refusal("DisabledException", format!("{} is disabled.", arn(&key)));
    assert_eq!(house.call(Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })).await, disabled);
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await, disabled);
    house.ok(Op::EnableKey, json!({ "KeyId": key })).await;
    house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
}

#[tokio::test]
async fn another_algorithm_than_the_key_s_is_incompatible() {
    let house = House::new().await;
    let key = house.key().await;
    for algorithm in ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"] {
        let told = house
            .call(Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==", "EncryptionAlgorithm": algorithm }))
            .await;
        let text = format!("Algorithm {algorithm} is incompatible with key spec SYMMETRIC_DEFAULT.");
        assert_eq!(told, refusal("InvalidKeyUsageException", text));
    }
}

#[tokio::test]
async fn a_ciphertext_moves_to_another_key_without_its_plaintext_being_told() {
    let house = House::new().await;
    let (from, to) = (house.key().await, house.key().await);
    let sealed = house
        .ok(Op::Encrypt, json!({ "KeyId": from, "Plaintext": "bW92ZWQ=", "EncryptionContext": { "a": "1" } }))
        .await;
    let blob = text_at(&sealed, "/CiphertextBlob");
    let material = async |key: &str| {
        let told = house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
        text_at(&told, "/KeyMetadata/CurrentKeyMaterialId")
    };
    let body = json!({
        "CiphertextBlob": blob,
        "SourceEncryptionContext": { "a": "1" },
        "DestinationKeyId": to,
        "DestinationEncryptionContext": { "b": "2" },
    });
    let told = house.text(Op::ReEncrypt, body.clone()).await;
    let moved = text_at(&serde_json::from_str(&told).expect("JSON"), "/CiphertextBlob");
    let expected = format!(
        r#"{{"CiphertextBlob":"{moved}","DestinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT","DestinationKeyMaterialId":"{}","KeyId":"{}","SourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT","SourceKeyId":"{}","SourceKeyMaterialId":"{}"}}"#,
        material(&to).await,
        arn(&to),
        arn(&from),
        material(&from).await
    );
    assert_eq!(told, expected);
    let opened = house.ok(Op::Decrypt, json!({ "CiphertextBlob": moved, "EncryptionContext": { "b": "2" } })).await;
    assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!("bW92ZWQ="), &json!(arn(&to))));
    for context in [json!({}), json!({ "b": "2" })] {
        let body = common::with(body.clone(), json!({ "SourceEncryptionContext": context }));
        assert_eq!(house.call(Op::ReEncrypt, body).await, bad_blob(), "the source's context counts");
    }
    // To the same key, under another context.
    let same = json!({ "CiphertextBlob": moved, "SourceKeyId": to, "SourceEncryptionContext": { "b": "2" }, "DestinationKeyId": to });
    let again = text_at(&house.ok(Op::ReEncrypt, same).await, "/CiphertextBlob");
    assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": again })).await["Plaintext"], "bW92ZWQ=");
}

#[tokio::test]
async fn re_encryption_asks_for_the_state_of_both_keys() {
    let house = House::new().await;
    let (from, to) = (house.key().await, house.key().await);
    let blob = house.encrypt(&from, "eA==").await;
    let body = json!({ "CiphertextBlob": blob, "DestinationKeyId": to });
    for key in [&from, &to] {
        house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
        let told = house.call(Op::ReEncrypt, body.clone()).await;
        assert_eq!(told, refusal("DisabledException", format!("{} is disabled.", arn(key))));
        house.ok(Op::EnableKey, json!({ "KeyId": key })).await;
    }
    house.ok(Op::ReEncrypt, body).await;
}

#[tokio::test]
async fn a_longest_ciphertext_is_taken_and_a_longer_one_is_not() {
    let house = House::new().await;
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(vec![1; 6144]) })).await;
    assert_eq!(told, bad_blob());
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": base64(vec![1; 6145]) })).await;
    let text = "1 validation error detected: Value at 'ciphertextBlob' failed to satisfy constraint: Member must have \
                length less than or equal to 6144";
    assert_eq!(told, refusal("ValidationException", text));
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": "no base64!" })).await;
    assert_eq!(told, refusal("SerializationException", ""));
}
