//! Material that its owner brings, takes away and brings again: only the same, only wrapped as agreed, and only in time.

mod common;

use common::import::{A, B, C, EXISTING, Envelope, FOR_EVER, NEW, for_days};
use common::{House, NOBODY, OWN, REGION, Refusal, arn, base64, name_of, refusal, text_at, unbase64, with, without};
use crypto::wrapping::WrappingAlgorithm;
use kms::{Mode, Time};
use serde_json::{Value, json};
use store::testing::{Fate, Faulty};
use wire::Op;

fn pending_import(key: &str) -> Result<Value, Refusal> {
    refusal("KMSInvalidStateException", format!("{} is pending import.", arn(key)))
}

fn incorrect() -> Refusal {
    refusal(
        "IncorrectKeyMaterialException",
        "The key material is not what the key takes: it has another length, form, size or curve, or is an \
         EXISTING_KEY_MATERIAL that was never imported into this key, or a NEW_KEY_MATERIAL that was.",
    )
    .expect_err("a refusal")
}

async fn opens(house: &House, blob: &str) -> bool {
    house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await.is_ok()
}

/// What AWS's pages on DeleteImportedKeyMaterial and CancelKeyDeletion tell, from beginning to end.
#[tokio::test]
async fn material_comes_goes_and_comes_again_and_its_ciphertexts_with_it() {
    let house = House::new().await;
    let key = house.external_key().await;
    assert_eq!(house.state(&key).await, "PendingImport");
    let envelope = house.envelope(&key).await;
    let id = house.import(&key, &envelope, &A, json!({})).await.expect("the first material");
    let blob = house.encrypt(&key, "c2VjcmV0").await;
    let opened = house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
    assert_eq!((&opened["KeyMaterialId"], &opened["Plaintext"]), (&json!(id), &json!("c2VjcmV0")));
    assert_eq!(opened["KeyOrigin"], "EXTERNAL");

    let told = house.text(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key })).await;
    assert_eq!(told, format!(r#"{{"KeyId":"{}","KeyMaterialId":"{id}"}}"#, arn(&key)));
    assert_eq!(house.state(&key).await, "PendingImport");
    assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": blob })).await, pending_import(&key));
    assert_eq!(house.import(&key, &envelope, &B, json!({})).await, Err(incorrect()));
    assert_eq!(house.import(&key, &envelope, &A, json!({})).await, Ok(id));
    assert!(opens(&house, &blob).await);

    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key })).await;
    assert_eq!(house.state(&key).await, "PendingDeletion");
    assert_eq!(house.ok(Op::CancelKeyDeletion, json!({ "KeyId": key })).await, json!({ "KeyId": arn(&key) }));
    assert_eq!(house.state(&key).await, "PendingImport");
    for op in [Op::EnableKey, Op::DisableKey] {
        assert_eq!(house.call(op, json!({ "KeyId": key })).await, pending_import(&key));
    }
    house.import(&key, &envelope, &A, json!({})).await.expect("the same again");
    assert_eq!(house.state(&key).await, "Enabled");
    assert!(opens(&house, &blob).await);
}

#[tokio::test]
async fn a_saved_key_with_its_material_is_disabled_and_can_be_enabled() {
    let house = House::new().await;
    let (key, _) = house.imported_key(&A).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
    house.ok(Op::CancelKeyDeletion, json!({ "KeyId": key })).await;
    assert_eq!(house.state(&key).await, "Disabled");
    house.ok(Op::EnableKey, json!({ "KeyId": key })).await;
    assert_eq!(house.state(&key).await, "Enabled");
}

/// The members that come and go. The others are `key.rs`'s.
fn shown(metadata: &Value) -> Value {
    let members = ["KeyState", "Enabled", "CurrentKeyMaterialId", "ExpirationModel", "ValidTo", "Origin"];
    let members = members.iter().filter_map(|name| Some(((*name).to_owned(), metadata.get(*name)?.clone())));
    Value::Object(members.collect())
}

#[tokio::test]
async fn described_is_what_is_there_and_the_id_of_what_was() {
    let house = House::new().await;
    let made = house.ok(Op::CreateKey, json!({ "Origin": "EXTERNAL" })).await;
    let key = text_at(&made, "/KeyMetadata/KeyId");
    let born = json!({ "KeyState": "PendingImport", "Enabled": false, "Origin": "EXTERNAL" });
    assert_eq!(shown(&made["KeyMetadata"]), born);
    assert_eq!(house.metadata(&key).await, made["KeyMetadata"]);
    assert!(house.rows(["e", OWN, REGION, &key].join("\0").as_bytes()).await.is_empty(), "no material is drawn for it");

    let envelope = house.envelope(&key).await;
    let id = house.import(&key, &envelope, &A, json!({})).await.expect("it is taken");
    let here = json!({ "KeyState": "Enabled", "Enabled": true, "Origin": "EXTERNAL", "CurrentKeyMaterialId": id });
    let for_ever = with(here.clone(), json!({ "ExpirationModel": FOR_EVER }));
    assert_eq!(shown(&house.metadata(&key).await), for_ever);

    house.import(&key, &envelope, &A, for_days(house.now(), 9)).await.expect("the same, for a while");
    let while_it_lasts = json!({ "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": 1_750_777_600.0 });
    assert_eq!(shown(&house.metadata(&key).await), with(here, while_it_lasts));

    house.import(&key, &envelope, &A, json!({})).await.expect("the same, for ever");
    assert_eq!(shown(&house.metadata(&key).await), for_ever, "the date is gone, and the id is the same");
    house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key })).await;
    assert_eq!(shown(&house.metadata(&key).await), with(born, json!({ "CurrentKeyMaterialId": id })));
}

#[tokio::test]
async fn parameters_are_an_rsa_key_of_the_size_asked_for_and_a_token_for_a_day() {
    let house = House::new().await;
    let key = house.external_key().await;
    for (spec, der_length, wrapped_length) in [("RSA_2048", 294, 256), ("RSA_3072", 422, 384), ("RSA_4096", 550, 512)] {
        for algorithm in [WrappingAlgorithm::RsaesOaepSha1, WrappingAlgorithm::RsaesOaepSha256] {
            let asked = json!({ "KeyId": arn(&key), "WrappingKeySpec": spec, "WrappingAlgorithm": algorithm.as_str() });
            let told = house.ok(Op::GetParametersForImport, asked).await;
            assert_eq!(told["KeyId"], arn(&key));
            assert_eq!(told["ParametersValidTo"], 1_750_086_400.0, "24 hours");
            let public_key = unbase64(&text_at(&told, "/PublicKey"));
            assert_eq!(public_key.len(), der_length, "{spec}: a SubjectPublicKeyInfo in DER");
            let token = text_at(&told, "/ImportToken");
            assert!((1..=6144).contains(&unbase64(&token).len()), "{spec}");
            let envelope = Envelope { token, public_key, algorithm };
            let sent = envelope.around(&key, &A);
            assert_eq!(unbase64(&text_at(&sent, "/EncryptedKeyMaterial")).len(), wrapped_length);
            house.ok(Op::ImportKeyMaterial, sent).await;
        }
    }
    assert_eq!(house.materials(&key).await.len(), 1, "one material, however it was wrapped");
}

#[tokio::test]
async fn what_does_not_wrap_symmetric_material_is_not_supported() {
    let house = House::new().await;
    let key = house.external_key().await;
    let before = house.everything().await;
    let of_symmetric = |how: &str| format!("{how} does not wrap key material of KeySpec SYMMETRIC_DEFAULT.");
    for (spec, algorithm, text) in [
        ("RSA_2048", "RSA_AES_KEY_WRAP_SHA_1", of_symmetric("RSA_AES_KEY_WRAP_SHA_1 under RSA_2048")),
        ("RSA_4096", "RSA_AES_KEY_WRAP_SHA_256", of_symmetric("RSA_AES_KEY_WRAP_SHA_256 under RSA_4096")),
        ("RSA_2048", "RSAES_PKCS1_V1_5", "WrappingAlgorithm RSAES_PKCS1_V1_5 is not supported.".into()),
        ("RSA_2048", "SM2PKE", "WrappingAlgorithm SM2PKE is not supported in this Region".into()),
        ("SM2", "SM2PKE", "WrappingAlgorithm SM2PKE is not supported in this Region".into()),
        ("SM2", "RSAES_OAEP_SHA_256", "WrappingKeySpec SM2 is not supported in this Region".into()),
    ] {
        let asked = json!({ "KeyId": key, "WrappingKeySpec": spec, "WrappingAlgorithm": algorithm });
        let told = house.call(Op::GetParametersForImport, asked).await;
        assert_eq!(told, refusal("UnsupportedOperationException", text), "{spec} {algorithm}");
    }
    for (spec, algorithm) in [("RSA_1024", "RSAES_OAEP_SHA_256"), ("RSA_2048", "RSAES_OAEP_SHA_512")] {
        let asked = json!({ "KeyId": key, "WrappingKeySpec": spec, "WrappingAlgorithm": algorithm });
        assert_eq!(name_of(&house.call(Op::GetParametersForImport, asked).await), "ValidationException");
    }
    assert_eq!(house.everything().await, before);
}

/// On the one thread of this test: were a key made there, all eight would be done before anybody else's turn.
#[tokio::test]
async fn who_asks_for_wrapping_keys_keeps_nobody_else_waiting() {
    let house = House::new().await;
    let key = house.external_key().await;
    let asked = json!({ "KeyId": key, "WrappingKeySpec": "RSA_4096", "WrappingAlgorithm": "RSAES_OAEP_SHA_256" });
    let mut calls = Vec::new();
    for _ in 0..8 {
        let (service, origin, now) = (house.service.clone(), house.origin(), house.now());
        let (me, body) = (common::caller(OWN, REGION), asked.to_string().into_bytes());
        calls.push(tokio::spawn(async move { service.call(Op::GetParametersForImport, me, origin, body, now).await }));
    }
    assert_eq!(house.state(&key).await, "PendingImport");
    assert!(calls.iter().any(|call| !call.is_finished()), "they are still being made");
}

/// A client may ask twice and use either answer, as often as it likes, for a day.
#[tokio::test]
async fn several_sets_of_parameters_are_good_at_once_and_more_than_once() {
    let house = House::new().await;
    let key = house.external_key().await;
    let (one, other) = (house.envelope(&key).await, house.envelope(&key).await);
    assert_ne!(one.public_key, other.public_key);
    for envelope in [&other, &one, &one, &other] {
        house.import(&key, envelope, &A, json!({})).await.expect("either is good");
    }
    let mixed = Envelope { token: one.token, ..other };
    let told = house.call(Op::ImportKeyMaterial, mixed.around(&key, &A)).await;
    assert_eq!(told, refusal("InvalidCiphertextException", ""), "public key and token belong together");
}

#[tokio::test]
async fn a_token_is_good_for_24_hours_to_the_millisecond() {
    let house = House::new().await;
    let key = house.external_key().await;
    let envelope = house.envelope(&key).await;
    let expired = Err(wire::Fault::client(
        "ExpiredImportTokenException",
        format!("Parameters for key material import have expired. Key '{}'", arn(&key)),
    ));
    let day = 24 * 60 * 60 * 1000;
    let me = common::caller(OWN, REGION);
    for (after, good) in
        [(day - 1000, true), (day - 1, true), (day, false), (day + 1000, false), (day + 3_600_000, false)]
    {
        let body = envelope.around(&key, &A).to_string().into_bytes();
        let now = Time(house.now().0 + after);
        let told = house.service.call(Op::ImportKeyMaterial, me.clone(), house.origin(), body, now).await;
        match good {
            true => assert!(told.is_ok(), "{after} ms later: {told:?}"),
            false => assert_eq!(told, expired, "{after} ms later"),
        }
    }
}

#[tokio::test]
async fn a_token_with_any_bit_changed_is_none() {
    let house = House::new().await;
    let key = house.external_key().await;
    let envelope = house.envelope(&key).await;
    let body = envelope.around(&key, &A);
    let token = unbase64(&envelope.token);
    let before = house.everything().await;
    for at in 0..token.len() {
        let mut bent = token.clone();
        bent[at] ^= 1 << (at % 8);
        let told = house.call(Op::ImportKeyMaterial, with(body.clone(), json!({ "ImportToken": base64(bent) }))).await;
        assert_eq!(name_of(&told), "InvalidImportTokenException", "byte {at}: {told:?}");
    }
    for other in [&token[1..], &token[..token.len() - 1], &[&token[..], &[0]].concat(), &[0], &[0; 6144]] {
        let told = house.call(Op::ImportKeyMaterial, with(body.clone(), json!({ "ImportToken": base64(other) }))).await;
        assert_eq!(name_of(&told), "InvalidImportTokenException", "{} bytes", other.len());
    }
    assert_eq!(house.everything().await, before);
}

/// Everything that can be wrong with an import of material into a key that has some: what is told, and that no row has
/// changed.
#[tokio::test]
async fn a_wrong_import_is_told_in_aws_s_words_and_changes_nothing() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let (other, others_envelope) = house.imported_key(&B).await;
    let id = text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId");
    let others_id = text_at(&house.metadata(&other).await, "/CurrentKeyMaterialId");
    let sha1 = Envelope { algorithm: WrappingAlgorithm::RsaesOaepSha1, ..house.envelope(&key).await };
    let key_wrap = Envelope { algorithm: WrappingAlgorithm::RsaAesKeyWrapSha256, ..house.envelope(&key).await };
    let wrong_key = Envelope { token: envelope.token.clone(), ..house.envelope(&key).await };
    let right = |material: &[u8]| envelope.around(&key, material);
    let bend = |body: Value, at: usize| {
        let mut wrapped = unbase64(&text_at(&body, "/EncryptedKeyMaterial"));
        let at = at.min(wrapped.len() - 1);
        wrapped[at] ^= 1;
        with(body, json!({ "EncryptedKeyMaterial": base64(wrapped) }))
    };
    let cut = |body: Value| {
        let wrapped = unbase64(&text_at(&body, "/EncryptedKeyMaterial"));
        with(body, json!({ "EncryptedKeyMaterial": base64(&wrapped[1..]) }))
    };
    let seconds = |days: i64| json!(house.now().plus_days(days).0 / 1000);
    let expiring = |valid_to: Value| without(with(right(&A), json!({ "ValidTo": valid_to })), "ExpirationModel");
    let invalid = "ValidationException";
    let (ciphertext, material) = ("InvalidCiphertextException", "IncorrectKeyMaterialException");
    let missing = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES";
    let superfluous = "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE";
    let too_far = "ValidTo must be at most 365 days from the time of the request";
    let no_id_yet = "KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL: new material has no id yet";
    let not_this_one = incorrect().1;
    let no_token = "The import token is not one of this key. Get new parameters with GetParametersForImport.";
    let cases = [
        ("no date", without(right(&A), "ExpirationModel"), invalid, missing),
        ("no date, said", with(right(&A), json!({ "ExpirationModel": "KEY_MATERIAL_EXPIRES" })), invalid, missing),
        ("a date now", expiring(seconds(0)), invalid, "ValidTo must be in the future"),
        ("a date in the past", expiring(seconds(-1)), invalid, "ValidTo must be in the future"),
        ("a date before the epoch", expiring(json!(-1)), invalid, "ValidTo must be in the future"),
        ("a date too far", expiring(json!(house.now().plus_days(365).0 / 1000 + 1)), invalid, too_far),
        ("a date too many", with(right(&A), json!({ "ValidTo": seconds(1) })), invalid, superfluous),
        ("an id of new", with(right(&B), json!({ "ImportType": NEW, "KeyMaterialId": id })), invalid, no_id_yet),
        (
            "another key's token",
            with(right(&A), json!({ "ImportToken": others_envelope.token })),
            "InvalidImportTokenException",
            no_token,
        ),
        (
            "a token for another key",
            with(right(&A), json!({ "KeyId": other })),
            "InvalidImportTokenException",
            no_token,
        ),
        ("another hash", sha1.around(&key, &A), ciphertext, ""),
        ("another algorithm", key_wrap.around(&key, &A), ciphertext, ""),
        ("another public key", wrong_key.around(&key, &A), ciphertext, ""),
        ("a bit at the front", bend(right(&A), 0), ciphertext, ""),
        ("a bit in the middle", bend(right(&A), 100), ciphertext, ""),
        ("a bit at the end", bend(right(&A), 5000), ciphertext, ""),
        ("a byte less", cut(right(&A)), ciphertext, ""),
        ("not wrapped", with(right(&A), json!({ "EncryptedKeyMaterial": base64(A) })), ciphertext, ""),
        ("a byte short", right(&A[..31]), material, &not_this_one),
        ("a byte long", right(&[0xa1; 33]), material, &not_this_one),
        ("empty", right(&[]), material, &not_this_one),
        ("half", right(&A[..16]), material, &not_this_one),
        ("other material", right(&B), material, &not_this_one),
        ("other existing", with(right(&B), json!({ "ImportType": EXISTING })), material, &not_this_one),
        ("new that is known", with(right(&A), json!({ "ImportType": NEW })), material, &not_this_one),
        ("the id of another", with(right(&A), json!({ "KeyMaterialId": others_id })), material, &not_this_one),
        ("the id, other material", with(right(&B), json!({ "KeyMaterialId": id })), material, &not_this_one),
        (
            "an id of nothing",
            with(right(&B), json!({ "ImportType": EXISTING, "KeyMaterialId": "0".repeat(64) })),
            material,
            &not_this_one,
        ),
    ];
    let before = house.everything().await;
    for (what, body, name, message) in cases {
        assert_eq!(house.call(Op::ImportKeyMaterial, body).await, refusal(name, message), "{what}");
        assert!(house.everything().await == before, "{what}: nothing changes");
    }
    for (what, members) in [
        ("a word for a date", json!({ "ValidTo": "tomorrow" })),
        ("an id of another form", json!({ "KeyMaterialId": "AB".repeat(32) })),
        ("an id too short", json!({ "KeyMaterialId": "ab" })),
        ("another type", json!({ "ImportType": "OLD_KEY_MATERIAL" })),
        ("a description of other characters", json!({ "KeyMaterialDescription": "§" })),
        ("a description too long", json!({ "KeyMaterialDescription": "x".repeat(257) })),
        ("no material", json!({ "EncryptedKeyMaterial": "" })),
        ("too much material", json!({ "EncryptedKeyMaterial": base64([0; 6145]) })),
        ("no token", json!({ "ImportToken": "" })),
    ] {
        let told = house.call(Op::ImportKeyMaterial, with(right(&A), members)).await;
        assert!(["ValidationException", "SerializationException"].contains(&name_of(&told)), "{what}: {told:?}");
        assert!(house.everything().await == before, "{what}: nothing changes");
    }
    house.ok(Op::ImportKeyMaterial, right(&A)).await;
}

#[tokio::test]
async fn a_first_import_takes_no_id_and_material_of_32_bytes_only() {
    let house = House::new().await;
    let key = house.external_key().await;
    let envelope = house.envelope(&key).await;
    let before = house.everything().await;
    for (material, members) in [
        (&A[..31], json!({})),
        (&[0xa1; 33], json!({})),
        (&A, json!({ "KeyMaterialId": "0".repeat(64) })),
        (&A, json!({ "KeyMaterialId": "0".repeat(64), "ImportType": EXISTING })),
    ] {
        assert_eq!(house.import(&key, &envelope, material, members.clone()).await, Err(incorrect()), "{members}");
    }
    assert_eq!(house.everything().await, before);
    let born = house.rows(["k", OWN, REGION, &key].join("\0").as_bytes()).await.remove(0);
    let id = house.import(&key, &envelope, &A, json!({ "ImportType": NEW })).await.expect("the first is new");
    assert_eq!(house.materials(&key).await[0]["KeyMaterialState"], "CURRENT");
    // Nor does it take the id that the material is going to have.
    house.put(born.key, born.value.to_vec()).await;
    assert_eq!(house.import(&key, &envelope, &A, json!({ "KeyMaterialId": id })).await, Err(incorrect()));
    assert_eq!(house.import(&key, &envelope, &A, json!({})).await, Ok(id));
}

#[tokio::test]
async fn a_key_with_material_of_its_own_takes_none() {
    let house = House::new().await;
    let (key, off, doomed) = (house.key().await, house.disabled_key().await, house.pending_key().await);
    let own = |key: &str| {
        let text = format!("{} origin is AWS_KMS which is not valid for this operation.", arn(key));
        refusal("UnsupportedOperationException", text)
    };
    let token = json!({ "ImportToken": "eA==", "EncryptedKeyMaterial": "eA==", "ExpirationModel": FOR_EVER });
    let wrapping = json!({ "WrappingKeySpec": "RSA_2048", "WrappingAlgorithm": "RSAES_OAEP_SHA_256" });
    for key in [&key, &off, &doomed] {
        let named = json!({ "KeyId": key });
        assert_eq!(house.call(Op::GetParametersForImport, with(named.clone(), wrapping.clone())).await, own(key));
        assert_eq!(house.call(Op::ImportKeyMaterial, with(named.clone(), token.clone())).await, own(key));
        assert_eq!(house.call(Op::DeleteImportedKeyMaterial, named).await, own(key));
    }
    // What needs no key comes first, then the key, and the token last.
    let no_date = without(with(token.clone(), json!({ "KeyId": NOBODY })), "ExpirationModel");
    assert_eq!(name_of(&house.call(Op::ImportKeyMaterial, no_date).await), "ValidationException");
    let nobody = with(token.clone(), json!({ "KeyId": NOBODY }));
    assert_eq!(name_of(&house.call(Op::ImportKeyMaterial, nobody).await), "NotFoundException");
    let external = house.external_key().await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": external })).await;
    let going = refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&external)));
    assert_eq!(house.call(Op::ImportKeyMaterial, with(token, json!({ "KeyId": external }))).await, going);
    assert_eq!(house.call(Op::GetParametersForImport, with(wrapping, json!({ "KeyId": external }))).await, going);
}

#[tokio::test]
async fn without_its_material_a_key_does_nothing_and_can_be_managed() {
    let house = House::new().await;
    let (with_material, _) = house.imported_key(&B).await;
    let blob = house.encrypt(&with_material, "eA==").await;
    house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": with_material })).await;
    for key in [house.external_key().await, with_material.clone()] {
        for (op, body) in [
            (Op::Encrypt, json!({ "KeyId": key, "Plaintext": "eA==" })),
            (Op::Decrypt, json!({ "CiphertextBlob": blob, "KeyId": with_material })),
            (Op::GenerateDataKey, json!({ "KeyId": key, "KeySpec": "AES_256" })),
            (Op::GenerateDataKeyWithoutPlaintext, json!({ "KeyId": key, "KeySpec": "AES_256" })),
            (Op::EnableKey, json!({ "KeyId": key })),
            (Op::DisableKey, json!({ "KeyId": key })),
            (Op::RotateKeyOnDemand, json!({ "KeyId": key })),
        ] {
            let key = if op == Op::Decrypt { &with_material } else { &key };
            assert_eq!(house.call(op, body).await, pending_import(key), "{op:?}");
        }
        house.ok(Op::UpdateKeyDescription, json!({ "KeyId": key, "Description": "waits" })).await;
        house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
        house.ok(Op::CancelKeyDeletion, json!({ "KeyId": key })).await;
        assert_eq!(house.state(&key).await, "PendingImport");
    }
}

#[tokio::test]
async fn an_id_says_which_material_of_which_key_and_is_the_same_for_ever() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let (other, _) = house.imported_key(&A).await;
    let (id, others) = (house.metadata(&key).await, house.metadata(&other).await);
    let (id, others) = (text_at(&id, "/CurrentKeyMaterialId"), text_at(&others, "/CurrentKeyMaterialId"));
    assert_ne!(id, others, "the same bytes in two keys are two materials");
    assert_ne!(id, hex::encode(crypto::sha256(&A)), "and the id is no hash that anybody could make");
    let blob = house.encrypt(&key, "eA==").await;
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": blob, "KeyId": other })).await;
    assert_eq!(name_of(&told), "IncorrectKeyException");

    let again = house.again().await;
    let same = again.import(&key, &envelope, &A, json!({ "KeyMaterialId": id })).await;
    assert_eq!(same, Ok(id), "after a restart too, with a token of before it");
}

#[tokio::test]
async fn a_second_material_waits_and_a_third_is_refused_until_it_has_been_rotated() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let a = text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId");
    let old = house.encrypt(&key, "b2xk").await;
    let described = json!({ "ImportType": NEW, "KeyMaterialDescription": "the second: 2/3" });
    let b = house.import(&key, &envelope, &B, described).await.expect("a second material");
    assert_eq!(text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId"), a, "it waits");
    let told = house.import(&key, &envelope, &C, json!({ "ImportType": NEW })).await.expect_err("one at a time");
    let c = told.1.split_once("(id: ").and_then(|(_, rest)| rest.get(..64)).expect("an id").to_owned();
    let text = format!(
        "New key material (id: {c}) cannot be imported into KMS key {}, because another key material (id: {b}) is \
         pending rotation.",
        arn(&key)
    );
    assert_eq!(told, Refusal("KMSInvalidStateException".into(), text));
    let states: Vec<_> = house.materials(&key).await.iter().map(|one| text_at(one, "/KeyMaterialState")).collect();
    assert_eq!(states, ["CURRENT", "PENDING_ROTATION"]);

    assert_eq!(house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await, json!({ "KeyId": arn(&key) }));
    let new = house.encrypt(&key, "bmV3").await;
    for (blob, material, plaintext) in [(&old, &a, "b2xk"), (&new, &b, "bmV3")] {
        let opened = house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
        assert_eq!((&opened["KeyMaterialId"], &opened["Plaintext"]), (&json!(material), &json!(plaintext)));
    }
    let none = format!("No available key material pending rotation for the key: {}.", arn(&key));
    let told = house.call(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    assert_eq!(told, refusal("KMSInvalidStateException", none));
    assert_eq!(house.import(&key, &envelope, &C, json!({ "ImportType": NEW })).await, Ok(c), "its id was told before");
}

#[tokio::test]
async fn a_key_needs_all_the_materials_that_ever_were_current() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let a = text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId");
    let old = house.encrypt(&key, "b2xk").await;
    let b = house.import(&key, &envelope, &B, json!({ "ImportType": NEW })).await.expect("a second");
    house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    for (gone, material) in [(&a, &A), (&b, &B)] {
        let told = house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key, "KeyMaterialId": gone })).await;
        assert_eq!(told["KeyMaterialId"], **gone);
        assert_eq!(house.state(&key).await, "PendingImport");
        assert_eq!(house.call(Op::Decrypt, json!({ "CiphertextBlob": old })).await, pending_import(&key));
        assert_eq!(text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId"), b, "the current one stays current");
        let back = house.import(&key, &envelope, material, json!({ "KeyMaterialId": gone })).await;
        assert_eq!(back.as_ref(), Ok(gone));
        assert_eq!(house.state(&key).await, "Enabled");
        assert!(opens(&house, &old).await);
    }
    for id in [&a, &b] {
        house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key, "KeyMaterialId": id })).await;
    }
    house.import(&key, &envelope, &B, json!({})).await.expect("one of two");
    assert_eq!(house.state(&key).await, "PendingImport", "the other is still missing");
    house.import(&key, &envelope, &A, json!({})).await.expect("the other");
    assert_eq!(house.state(&key).await, "Enabled");
}

#[tokio::test]
async fn a_material_that_waits_may_be_deleted_and_another_one_takes_its_place() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    let b = house.import(&key, &envelope, &B, json!({ "ImportType": NEW })).await.expect("a second");
    house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key, "KeyMaterialId": b })).await;
    assert_eq!(house.state(&key).await, "Enabled", "the key did not depend on it");
    assert_eq!(house.materials(&key).await.len(), 1);
    let unknown = refusal("NotFoundException", format!("Key material '{b}' of key '{}' does not exist", arn(&key)));
    let body = json!({ "KeyId": key, "KeyMaterialId": b });
    let before = house.everything().await;
    assert_eq!(house.call(Op::DeleteImportedKeyMaterial, body).await, unknown);
    assert_eq!(house.everything().await, before);
    house.import(&key, &envelope, &C, json!({ "ImportType": NEW })).await.expect("another one waits now");
    assert_eq!(house.import(&key, &envelope, &B, json!({})).await, Err(incorrect()), "the deleted one is unknown");
}

#[tokio::test]
async fn deleting_what_is_not_there_succeeds_and_tells_the_id_if_there_was_one() {
    let house = House::new().await;
    let never = house.external_key().await;
    let told = house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": never })).await;
    assert_eq!(told, json!({ "KeyId": arn(&never), "KeyMaterialId": "" }));
    let (key, _) = house.imported_key(&A).await;
    let id = text_at(&house.metadata(&key).await, "/CurrentKeyMaterialId");
    for _ in 0..3 {
        let told = house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key })).await;
        assert_eq!(told, json!({ "KeyId": arn(&key), "KeyMaterialId": id }));
    }
    for key in [&never, &key] {
        assert_eq!(house.state(key).await, "PendingImport");
    }
}

#[tokio::test]
async fn an_import_enables_a_key_that_was_disabled_before_it_lost_its_material() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    house.ok(Op::DisableKey, json!({ "KeyId": key })).await;
    house.import(&key, &envelope, &A, json!({})).await.expect("a disabled key takes material");
    assert_eq!(house.state(&key).await, "Disabled", "nothing was missing, so nothing is enabled");
    house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key })).await;
    house.import(&key, &envelope, &A, json!({})).await.expect("the same");
    assert_eq!(house.state(&key).await, "Enabled");
}

#[tokio::test]
async fn a_description_stays_until_another_is_given() {
    let house = House::new().await;
    let (key, envelope) = house.imported_key(&A).await;
    for (given, told) in [
        (json!({}), Value::Null),
        (json!({ "KeyMaterialDescription": "one" }), json!("one")),
        (json!({}), json!("one")),
    ] {
        house.import(&key, &envelope, &A, given).await.expect("the same");
        assert_eq!(house.materials(&key).await[0]["KeyMaterialDescription"], told);
    }
}

#[tokio::test]
async fn records_name_terms_and_material_and_hold_no_secret() {
    let house = House::new().await;
    let key = house.external_key().await;
    let asked = json!({ "KeyId": key, "WrappingKeySpec": "RSA_2048", "WrappingAlgorithm": "RSAES_OAEP_SHA_256" });
    let parameters = house.ok(Op::GetParametersForImport, asked).await;
    let token = text_at(&parameters, "/ImportToken");
    let public_key = unbase64(&text_at(&parameters, "/PublicKey"));
    let envelope = Envelope { token: token.clone(), public_key, algorithm: WrappingAlgorithm::RsaesOaepSha256 };
    let terms = with(for_days(house.now(), 1), json!({ "KeyMaterialDescription": "first" }));
    // The record tells what an absent model counts as.
    let body = without(with(envelope.around(&key, &A), terms), "ExpirationModel");
    let id = text_at(&house.ok(Op::ImportKeyMaterial, body.clone()).await, "/KeyMaterialId");
    house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key, "KeyMaterialId": id })).await;
    let records = house.records();
    let record = |name: &str| records.iter().find(|record| record["eventName"] == name).expect("a record");
    let changed = json!({ "keyId": arn(&key), "keyMaterialId": id });

    let read = record("GetParametersForImport");
    let wrapping = json!({ "keyId": key, "wrappingAlgorithm": "RSAES_OAEP_SHA_256", "wrappingKeySpec": "RSA_2048" });
    assert_eq!((&read["requestParameters"], &read["responseElements"]), (&wrapping, &Value::Null));
    let imported = record("ImportKeyMaterial");
    let terms = json!({
        "keyId": key,
        "expirationModel": "KEY_MATERIAL_EXPIRES",
        "validTo": "Jun 16, 2025, 3:06:40 PM",
        "keyMaterialDescription": "first",
    });
    assert_eq!((&imported["requestParameters"], &imported["responseElements"]), (&terms, &changed));
    let deleted = record("DeleteImportedKeyMaterial");
    let named = json!({ "keyId": key, "keyMaterialId": id });
    assert_eq!((&deleted["requestParameters"], &deleted["responseElements"]), (&named, &changed));

    let wrapped = text_at(&body, "/EncryptedKeyMaterial");
    for record in &records {
        let line = record.to_string();
        for secret in [&token, &wrapped, &base64(A), &hex::encode(A)] {
            assert!(!line.contains(secret.trim_end_matches('=')), "a secret is in {line}");
        }
    }
}

#[tokio::test]
async fn of_deleted_material_no_byte_is_left_on_the_disk_after_the_next_turn() {
    let place = tempfile::tempdir().expect("a directory");
    let house = House::on_disk(Mode::Serve, place.path()).await;
    let (key, envelope) = house.imported_key(&A).await;
    let (other, _) = house.imported_key(&A).await;
    let sealed = async |key: &str| {
        let mut rows = house.rows(["e", OWN, REGION, key].join("\0").as_bytes()).await;
        rows.extend(house.rows(["x", OWN, REGION, key, "m"].join("\0").as_bytes()).await);
        rows.into_iter().map(|row| row.value.to_vec()).collect::<Vec<_>>()
    };
    let first = sealed(&key).await;
    // Once more, so that the bytes of the first import are history before they are deleted.
    house.import(&key, &envelope, &A, json!({})).await.expect("the same");
    let second = sealed(&key).await;
    assert_eq!((first.len(), second.len()), (2, 2), "a material and its key-encryption key");
    assert_ne!(first, second);
    for bytes in &second {
        assert!(!common::found(place.path(), bytes).is_empty(), "sealed, it is on the disk");
    }
    house.ok(Op::DeleteImportedKeyMaterial, json!({ "KeyId": key })).await;
    assert!(sealed(&key).await.is_empty(), "the rows go with the answer");
    house.turn(std::time::Duration::ZERO).await;
    for bytes in first.iter().chain(&second) {
        assert_eq!(common::found(place.path(), bytes), [""; 0]);
    }
    for bytes in sealed(&other).await {
        assert!(!common::found(place.path(), &bytes).is_empty(), "the other key's are there");
    }
    assert!(house.row(&["h", "1", "forget"]).await.is_none(), "and nothing is left to be forgotten");
}

#[tokio::test]
async fn many_deletions_at_once_all_succeed_and_are_forgotten_together() {
    let house = House::new().await;
    let mut keys = Vec::new();
    for n in 0..24 {
        keys.push(house.imported_key(&[n; 32]).await.0);
    }
    let mut calls = tokio::task::JoinSet::new();
    for key in &keys {
        let (service, origin, now) = (house.service.clone(), house.origin(), house.now());
        let body = json!({ "KeyId": key }).to_string().into_bytes();
        let me = common::caller(OWN, REGION);
        calls.spawn(async move { service.call(Op::DeleteImportedKeyMaterial, me, origin, body, now).await });
    }
    for told in calls.join_all().await {
        assert!(told.is_ok(), "{told:?}");
    }
    assert!(house.rows(b"e\0").await.is_empty());
    assert!(house.row(&["h", "1", "forget"]).await.is_some());
    house.turn(std::time::Duration::ZERO).await;
    assert!(house.row(&["h", "1", "forget"]).await.is_none());
}

#[tokio::test]
async fn an_import_whose_commit_is_in_doubt_happens_once_and_is_recorded_once() {
    for fate in [Fate::Landed, Fate::Lost, Fate::Late] {
        let mut faulty = None;
        let house = House::with(Mode::Serve, |store| faulty.insert(Faulty::new(store)).clone()).await;
        let faulty = faulty.expect("an engine");
        let key = house.external_key().await;
        let envelope = house.envelope(&key).await;
        faulty.next_where(fate.clone(), |batch| batch.puts.iter().any(|(name, _)| name.starts_with(b"e\0")));
        house.import(&key, &envelope, &A, json!({})).await.expect("it is taken");
        let _ = faulty.land().await;
        let blob = house.encrypt(&key, "eA==").await;
        assert!(opens(&house, &blob).await, "{fate:?}: the material and its key-encryption key fit");
        assert_eq!(house.count("ImportKeyMaterial"), 1, "{fate:?}");
        assert_eq!(house.materials(&key).await.len(), 1, "{fate:?}");
    }
}
