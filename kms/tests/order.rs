//! Which of several things that are wrong is told: AWS's order, from the constraints to the act.

mod common;

use common::sample::{With, sample};
use common::{House, NOBODY, OWN, REGION, STRANGER, arn, arn_of, base64, name_of, refusal, text_at, unbase64};
use kms::Names;
use kms::ops::OPERATIONS;
use serde_json::{Value, json};
use wire::Op;

/// One thing wrong, and how it is told.
struct Wrong {
    name: &'static str,
    message: String,
}

fn wrong(name: &'static str, message: impl Into<String>) -> Wrong {
    Wrong { name, message: message.into() }
}

async fn expect(house: &House, cases: impl IntoIterator<Item = (Op, Value, Wrong)>) {
    for (op, body, wrong) in cases {
        let told = house.call(op, body.clone()).await;
        assert_eq!(told, refusal(wrong.name, wrong.message), "{op:?} {body}");
    }
}

fn constraint(text: &str) -> Wrong {
    wrong("ValidationException", format!("1 validation error detected: {text}"))
}

fn no_key(id: &str) -> Wrong {
    wrong("NotFoundException", format!("Key '{}' does not exist", arn(id)))
}

fn denied(action: &str) -> Wrong {
    wrong(
        "AccessDeniedException",
        format!(
            "User: arn:aws:iam::{OWN}:root is not authorized to perform: kms:{action} on this resource because the \
             resource does not exist in this Region, no resource-based policies allow access, or a resource-based \
             policy explicitly denies access"
        ),
    )
}

fn disabled(id: &str) -> Wrong {
    wrong("DisabledException", format!("{} is disabled.", arn(id)))
}

fn pending(id: &str) -> Wrong {
    wrong("KMSInvalidStateException", format!("{} is pending deletion.", arn(id)))
}

fn incompatible() -> Wrong {
    wrong("InvalidKeyUsageException", "Algorithm RSAES_OAEP_SHA_256 is incompatible with key spec SYMMETRIC_DEFAULT.")
}

fn incorrect() -> Wrong {
    wrong("IncorrectKeyException", "The key ID in the request does not identify a CMK that can perform this operation.")
}

fn neither_or_both() -> Wrong {
    wrong("ValidationException", "Please specify either number of bytes or key spec.")
}

fn bad_blob() -> Wrong {
    wrong("InvalidCiphertextException", "")
}

fn token() -> Wrong {
    wrong("InvalidGrantTokenException", "The grant token is not valid.")
}

#[tokio::test]
async fn encrypt_tells_constraint_name_existence_permission_token_state_algorithm() {
    let house = House::new().await;
    let (key, off, doomed) = (house.key().await, house.disabled_key().await, house.pending_key().await);
    let theirs = arn_of(STRANGER, NOBODY);
    let all_wrong = |id: &str, plaintext: &str| json!({ "KeyId": id, "Plaintext": plaintext, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256", "GrantTokens": ["x"] });
    let no_token = |id: &str| json!({ "KeyId": id, "Plaintext": "eA==", "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    let too_short =
        "Value at 'plaintext' failed to satisfy constraint: Member must have length greater than or equal to 1";
    expect(
        &house,
        [
            (Op::Encrypt, all_wrong("no key id", ""), constraint(too_short)),
            (Op::Encrypt, all_wrong("no key id", "eA=="), wrong("NotFoundException", "Invalid keyId 'no key id'")),
            (Op::Encrypt, all_wrong(NOBODY, "eA=="), no_key(NOBODY)),
            (Op::Encrypt, all_wrong(&theirs, "eA=="), denied("Encrypt")),
            (Op::Encrypt, all_wrong(&off, "eA=="), token()),
            (Op::Encrypt, no_token(&off), disabled(&off)),
            (Op::Encrypt, no_token(&doomed), pending(&doomed)),
            (Op::Encrypt, no_token(&key), incompatible()),
        ],
    )
    .await;
}

#[tokio::test]
async fn decrypt_reads_the_blob_before_it_looks_for_a_key_and_the_key_s_name_before_its_state() {
    let house = House::new().await;
    let (key, off) = (house.key().await, house.key().await);
    let blob = house.encrypt(&key, "eA==").await;
    let off_blob = house.encrypt(&off, "eA==").await;
    house.ok(Op::DisableKey, json!({ "KeyId": off })).await;
    let doomed = house.pending_key().await;
    let mut flipped = unbase64(&off_blob);
    *flipped.last_mut().expect("a byte") ^= 1;
    let rsa = "RSAES_OAEP_SHA_256";
    let null = "Value null at 'ciphertextBlob' failed to satisfy constraint: Member must not be null";
    expect(
        &house,
        [
            (Op::Decrypt, json!({ "KeyId": "no key id" }), constraint(null)),
            (Op::Decrypt, json!({ "KeyId": "no key id", "CiphertextBlob": "eA==" }), bad_blob()),
            (Op::Decrypt, json!({ "KeyId": NOBODY, "CiphertextBlob": "eA==" }), bad_blob()),
            (
                Op::Decrypt,
                json!({ "KeyId": "no key id", "CiphertextBlob": blob }),
                wrong("NotFoundException", "Invalid keyId 'no key id'"),
            ),
            (Op::Decrypt, json!({ "KeyId": NOBODY, "CiphertextBlob": blob }), no_key(NOBODY)),
            // The wrong key in a wrong state is first of all the wrong key; the right one's state comes before its blob.
            (Op::Decrypt, json!({ "KeyId": off, "CiphertextBlob": blob }), incorrect()),
            (Op::Decrypt, json!({ "KeyId": doomed, "CiphertextBlob": blob }), incorrect()),
            (Op::Decrypt, json!({ "KeyId": key, "CiphertextBlob": off_blob }), incorrect()),
            (Op::Decrypt, json!({ "CiphertextBlob": off_blob }), disabled(&off)),
            (Op::Decrypt, json!({ "CiphertextBlob": base64(&flipped) }), disabled(&off)),
            // A stranger's key is denied before it is found to be the wrong one.
            (Op::Decrypt, json!({ "KeyId": arn_of(STRANGER, NOBODY), "CiphertextBlob": blob }), denied("Decrypt")),
            // Another algorithm's ciphertext does not say its key.
            (Op::Decrypt, json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": rsa }), bad_blob()),
            (Op::Decrypt, json!({ "KeyId": off, "CiphertextBlob": blob, "EncryptionAlgorithm": rsa }), disabled(&off)),
            (Op::Decrypt, json!({ "KeyId": key, "CiphertextBlob": blob, "EncryptionAlgorithm": rsa }), incompatible()),
        ],
    )
    .await;
}

#[tokio::test]
async fn re_encrypt_finds_both_keys_then_permits_both_then_admits_both() {
    let house = House::new().await;
    let (key, off, doomed) = (house.key().await, house.key().await, house.pending_key().await);
    let blob = house.encrypt(&off, "eA==").await;
    let good = house.encrypt(&key, "eA==").await;
    house.ok(Op::DisableKey, json!({ "KeyId": off })).await;
    let theirs = arn_of(STRANGER, NOBODY);
    let from_to = |blob: &str, to: &str| json!({ "CiphertextBlob": blob, "DestinationKeyId": to });
    let null = "Value null at 'destinationKeyId' failed to satisfy constraint: Member must not be null";
    expect(
        &house,
        [
            (Op::ReEncrypt, json!({ "CiphertextBlob": "eA==" }), constraint(null)),
            (Op::ReEncrypt, from_to("eA==", "no key id"), bad_blob()),
            (Op::ReEncrypt, from_to(&blob, "no key id"), wrong("NotFoundException", "Invalid keyId 'no key id'")),
            (Op::ReEncrypt, from_to(&blob, NOBODY), no_key(NOBODY)),
            (Op::ReEncrypt, from_to(&blob, &theirs), denied("ReEncryptTo")),
            (Op::ReEncrypt, from_to(&blob, &doomed), disabled(&off)),
            (Op::ReEncrypt, from_to(&good, &doomed), pending(&doomed)),
            (
                Op::ReEncrypt,
                json!({ "CiphertextBlob": good, "SourceKeyId": off, "DestinationKeyId": doomed }),
                incorrect(),
            ),
            (
                Op::ReEncrypt,
                json!({ "CiphertextBlob": good, "SourceKeyId": theirs, "DestinationKeyId": doomed }),
                denied("ReEncryptFrom"),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_data_key_s_length_is_asked_for_before_its_key() {
    let house = House::new().await;
    let (off, doomed) = (house.disabled_key().await, house.pending_key().await);
    for op in [Op::GenerateDataKey, Op::GenerateDataKeyWithoutPlaintext] {
        let (both, neither) = (json!({ "KeySpec": "AES_256", "NumberOfBytes": 32 }), json!({}));
        for length in [both, neither] {
            for id in ["no key id", "alias/none", NOBODY, &off, &doomed, &arn_of(STRANGER, NOBODY)] {
                let body = common::with(length.clone(), json!({ "KeyId": id }));
                expect(&house, [(op, body, neither_or_both())]).await;
            }
        }
        let bytes = |id: &str| json!({ "KeyId": id, "NumberOfBytes": 16 });
        let range = "Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024";
        expect(
            &house,
            [
                (op, json!({ "KeyId": "no key id", "NumberOfBytes": 1025 }), constraint(range)),
                (op, bytes("no key id"), wrong("NotFoundException", "Invalid keyId 'no key id'")),
                (op, bytes(NOBODY), no_key(NOBODY)),
                (op, bytes(&off), disabled(&off)),
                (op, bytes(&doomed), pending(&doomed)),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn what_needs_no_key_is_told_before_the_key_is_looked_for() {
    let house = House::new().await;
    let window = || wrong("ValidationException", "PendingWindowInDays must be between 7 and 30");
    let long = "x".repeat(kms::MAX_CONTEXT_BYTES);
    let context = json!({ "a": long });
    let too_long = || wrong("ValidationException", "EncryptionContext must not be longer than 8192 bytes.");
    expect(
        &house,
        [
            (Op::ScheduleKeyDeletion, json!({ "KeyId": "no key id", "PendingWindowInDays": 6 }), window()),
            (Op::ScheduleKeyDeletion, json!({ "KeyId": "no key id", "PendingWindowInDays": 31 }), window()),
            (
                Op::Encrypt,
                json!({ "KeyId": "no key id", "Plaintext": "eA==", "EncryptionContext": context }),
                too_long(),
            ),
            (
                Op::Decrypt,
                json!({ "KeyId": "no key id", "CiphertextBlob": "eA==", "EncryptionContext": context }),
                too_long(),
            ),
            (
                Op::GenerateDataKey,
                json!({ "KeyId": "no key id", "NumberOfBytes": 1, "EncryptionContext": context }),
                too_long(),
            ),
        ],
    )
    .await;
}

/// Each form of a name that leads nowhere, for the operations that take aliases and those that do not.
#[tokio::test]
async fn every_form_of_a_key_s_name_is_taken_or_refused_in_awss_words() {
    let house = House::new().await;
    let key = house.key().await;
    let upper = key.to_uppercase();
    let mrk = format!("mrk-{}", "0a".repeat(16));
    let not_found = |message: String| wrong("NotFoundException", message);
    let no_alias = || wrong("InvalidArnException", "Key Aliases are not supported for this operation.");
    let elsewhere = format!("arn:aws:kms:eu-west-1:{OWN}:key/{key}");
    let s3 = format!("arn:aws:s3:{REGION}:{OWN}:key/{key}");
    let chinese = format!("arn:aws-cn:kms:{REGION}:{OWN}:key/{key}");
    let (alias, alias_arn) = ("alias/none", format!("arn:aws:kms:{REGION}:{OWN}:alias/none"));
    let alias_elsewhere = format!("arn:aws:kms:eu-west-1:{OWN}:alias/none");
    let alias_theirs = format!("arn:aws:kms:{REGION}:{STRANGER}:alias/none");

    let both: Vec<(&str, Wrong)> = vec![
        ("fake-key-id", not_found("Invalid keyId 'fake-key-id'".into())),
        ("134f2428cec14b25a1ae9048164dba47", not_found("Invalid keyId '134f2428cec14b25a1ae9048164dba47'".into())),
        ("mrk-fake-key-id", not_found("Invalid keyId 'mrk-fake-key-id'".into())),
        ("auto", not_found("Invalid keyId 'auto'".into())),
        (NOBODY, no_key(NOBODY)),
        (&mrk, no_key(&mrk)),
        // Well formed, printed as given, and no key's id, as ids are lower-case.
        (&upper, no_key(&upper)),
        (&elsewhere, not_found("Invalid arn eu-west-1".into())),
    ];
    for (id, wrong) in both {
        for op in [Op::DescribeKey, Op::DisableKey] {
            let told = house.call(op, json!({ "KeyId": id })).await;
            assert_eq!(told, refusal(wrong.name, wrong.message.clone()), "{op:?} {id}");
        }
    }
    let foo = arn("foo");
    expect(
        &house,
        [
            (Op::DescribeKey, json!({ "KeyId": foo }), not_found("Invalid keyId foo".into())),
            (Op::DescribeKey, json!({ "KeyId": arn(NOBODY) }), no_key(NOBODY)),
            (Op::DescribeKey, json!({ "KeyId": arn(&upper) }), no_key(&upper)),
            (Op::DescribeKey, json!({ "KeyId": s3 }), wrong("InvalidArnException", format!("Invalid arn {s3}"))),
            (
                Op::DescribeKey,
                json!({ "KeyId": chinese }),
                wrong("InvalidArnException", format!("Invalid arn {chinese}")),
            ),
            // Encrypt does not model InvalidArnException.
            (Op::Encrypt, json!({ "KeyId": s3, "Plaintext": "eA==" }), not_found(format!("Invalid arn {s3}"))),
            (Op::DescribeKey, json!({ "KeyId": alias }), not_found(format!("Alias {alias_arn} is not found."))),
            (Op::DescribeKey, json!({ "KeyId": alias_arn }), not_found(format!("Alias {alias_arn} is not found."))),
            (Op::DescribeKey, json!({ "KeyId": alias_elsewhere }), not_found("Invalid arn eu-west-1".into())),
        ],
    )
    .await;
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/sample", "TargetKeyId": key })).await;
    for op in OPERATIONS.iter().filter(|entry| entry.sheet.is_some_and(|sheet| sheet.names == Names::KeyOnly)) {
        for alias in [alias, &alias_arn, &alias_elsewhere, &alias_theirs] {
            let told = match op.op {
                Op::CreateAlias | Op::UpdateAlias => {
                    wrong("ValidationException", "Aliases must refer to keys. Not aliases")
                }
                _ => no_alias(),
            };
            expect(&house, [(op.op, sample(op.op, &With { key: alias, blob: "" }), told)]).await;
        }
    }
    for id in [key.clone(), arn(&key)] {
        let told = house.ok(Op::DescribeKey, json!({ "KeyId": id })).await;
        assert_eq!(text_at(&told, "/KeyMetadata/KeyId"), key);
    }
}

#[tokio::test]
async fn an_empty_name_breaks_two_constraints_told_in_one_message() {
    let house = House::new().await;
    let told = house.call(Op::DescribeKey, json!({ "KeyId": "" })).await;
    let text = "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length \
                greater than or equal to 1; Value '' at 'keyId' failed to satisfy constraint: Member must satisfy regular \
                expression pattern: ^\\p{ASCII}+$";
    assert_eq!(told, refusal("ValidationException", text));
}

#[tokio::test]
async fn a_name_with_every_kind_of_odd_byte_is_refused_and_harms_nothing() {
    let house = House::new().await;
    let key = house.key().await;
    let odd = [
        "\u{0}",
        "alias/\u{0}",
        "alias/",
        "alias/ ",
        "arn:",
        "arn:::::",
        "arn:aws:kms:us-east-1:111122223333:",
        "arn:aws:kms:us-east-1:111122223333:key/",
        "arn:aws:kms:us-east-1:111122223333:alias/",
        "arn:aws:kms:us-east-1:111122223333:alias/\u{0}x",
        "arn:aws:kms:us-east-1:11112222333\u{0}:key/x",
        "arn:aws:kms::111122223333:key/x",
        "../../etc/passwd",
        " ",
        &format!(" {key}"),
        &format!("{key}\n"),
        &format!("{}/x", arn(&key)),
        &"a".repeat(2048),
        &format!("alias/{}", "a".repeat(2042)),
    ];
    for id in odd {
        for op in [Op::DescribeKey, Op::DisableKey] {
            let told = house.call(op, json!({ "KeyId": id })).await;
            let client = ["NotFoundException", "InvalidArnException", "ValidationException", "AccessDeniedException"];
            assert!(client.contains(&name_of(&told)), "{op:?} {id:?}: {told:?}");
        }
    }
    assert_eq!(house.state(&key).await, "Enabled");
}

#[tokio::test]
async fn an_alias_leads_to_its_key_where_one_is_taken_and_is_gone_with_it() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/app", "TargetKeyId": key })).await;
    let alias_arn = format!("arn:aws:kms:{REGION}:{OWN}:alias/app");
    let blob = house.encrypt("alias/app", "eA==").await;
    for name in ["alias/app", &alias_arn] {
        assert_eq!(house.ok(Op::DescribeKey, json!({ "KeyId": name })).await["KeyMetadata"]["KeyId"], key);
        let opened = house.ok(Op::Decrypt, json!({ "KeyId": name, "CiphertextBlob": blob })).await;
        assert_eq!((&opened["Plaintext"], &opened["KeyId"]), (&json!("eA=="), &json!(arn(&key))), "{name}");
        house.ok(Op::GenerateDataKey, json!({ "KeyId": name, "KeySpec": "AES_256" })).await;
        house.ok(Op::ReEncrypt, json!({ "SourceKeyId": name, "CiphertextBlob": blob, "DestinationKeyId": name })).await;
    }
    let other = house.key().await;
    let others = house.encrypt(&other, "eA==").await;
    expect(&house, [(Op::Decrypt, json!({ "KeyId": "alias/app", "CiphertextBlob": others }), incorrect())]).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(7);
    let gone = || wrong("NotFoundException", format!("Alias {alias_arn} is not found."));
    for name in ["alias/app", &alias_arn] {
        expect(&house, [(Op::DescribeKey, json!({ "KeyId": name }), gone())]).await;
    }
}
