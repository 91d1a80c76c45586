//! The life of a key through the AWS SDK for Rust, with its typed exceptions; with `story` the one that `../story.md` tells.
//! Reads `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; prints one line per claim, `ok CLAIM` or `FAIL CLAIM: WHAT`.

mod story;

use aws_sdk_kms::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeyState};
use aws_sdk_kms::{Client, Config};
use std::error::Error;

/// Why a claim does not hold, in words for the person who reads the report.
type Held = Result<(), String>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let url = std::env::args().nth(1).expect("usage: trent-conformance-rust http://127.0.0.1:PORT [story]");
    let kms = client(&url);
    let held =
        if std::env::args().nth(2).as_deref() == Some("story") { story::told(&kms).await } else { claims(&kms).await };
    let mut failed = false;
    for (claim, held) in held {
        failed |= held.is_err();
        match held {
            Ok(()) => println!("ok {claim}"),
            Err(why) => println!("FAIL {claim}: {}", why.replace('\n', " ")),
        }
    }
    std::process::exit(i32::from(failed));
}

async fn claims(kms: &Client) -> Vec<(&'static str, Held)> {
    vec![
        ("a_created_key_is_enabled", created(kms).await),
        ("what_was_encrypted_decrypts_with_its_context_alone", round_trip(kms).await),
        ("a_data_key_decrypts_to_its_plaintext", data_key(kms).await),
        ("random_bytes_are_as_many_as_asked", random(kms).await),
        ("an_unknown_key_is_NotFoundException", not_found(kms).await),
        ("a_disabled_key_is_DisabledException", disabled(kms).await),
        ("a_key_pending_deletion_is_KmsInvalidStateException", pending(kms).await),
        ("altered_bytes_are_InvalidCiphertextException", altered(kms).await),
        ("another_key_is_IncorrectKeyException", incorrect(kms).await),
        ("the_paginator_sees_every_key_once", pages(kms).await),
        ("an_error_carries_its_request_id", request_id(kms).await),
    ]
}

// docs: client
fn client(url: &str) -> Client {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let credentials =
        Credentials::new(variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"), None, None, "conformance");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials)
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http()) // no TLS: for http://127.0.0.1
        .build();
    Client::from_conf(config)
}
// docs: end

async fn created(kms: &Client) -> Held {
    let made = kms.create_key().description("rust").send().await.map_err(unexpected)?;
    let made = made.key_metadata().ok_or("CreateKey answered no KeyMetadata")?;
    same("the state", made.key_state(), Some(&KeyState::Enabled))?;
    let told = kms.describe_key().key_id(made.key_id()).send().await.map_err(unexpected)?;
    same("DescribeKey's metadata", told.key_metadata(), Some(made))
}

async fn round_trip(kms: &Client) -> Held {
    let key = new_key(kms).await?;
    let sealed = kms.encrypt().key_id(&key).plaintext(blob(b"rust")).encryption_context("ab", "c");
    let sealed = sealed.send().await.map_err(unexpected)?.ciphertext_blob.ok_or("no CiphertextBlob")?;
    let opened = kms.decrypt().ciphertext_blob(sealed.clone()).encryption_context("ab", "c");
    let opened = opened.send().await.map_err(unexpected)?;
    same("the plaintext", opened.plaintext(), Some(&blob(b"rust")))?;
    let other = kms.decrypt().ciphertext_blob(sealed).encryption_context("a", "bc").send().await;
    refused(other, "InvalidCiphertextException", |e| e.is_invalid_ciphertext_exception())
}

async fn data_key(kms: &Client) -> Held {
    let key = new_key(kms).await?;
    let made = kms.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256).send().await.map_err(unexpected)?;
    let sealed = made.ciphertext_blob.ok_or("no CiphertextBlob")?;
    let opened = kms.decrypt().ciphertext_blob(sealed).key_id(&key).send().await.map_err(unexpected)?;
    same("the length", opened.plaintext().map(|p| p.as_ref().len()), Some(32))?;
    same("the plaintext", opened.plaintext(), made.plaintext.as_ref())
}

async fn random(kms: &Client) -> Held {
    let drawn = kms.generate_random().number_of_bytes(21).send().await.map_err(unexpected)?;
    same("the length", drawn.plaintext().map(|p| p.as_ref().len()), Some(21))
}

async fn not_found(kms: &Client) -> Held {
    let answer = kms.describe_key().key_id("1234abcd-12ab-34cd-56ef-1234567890ab").send().await;
    refused(answer, "NotFoundException", |e| e.is_not_found_exception())
}

async fn disabled(kms: &Client) -> Held {
    let key = new_key(kms).await?;
    kms.disable_key().key_id(&key).send().await.map_err(unexpected)?;
    let answer = kms.encrypt().key_id(&key).plaintext(blob(b"x")).send().await;
    refused(answer, "DisabledException", |e| e.is_disabled_exception())
}

async fn pending(kms: &Client) -> Held {
    let key = new_key(kms).await?;
    let told = kms.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.map_err(unexpected)?;
    same("the state", told.key_state(), Some(&KeyState::PendingDeletion))?;
    let answer = kms.encrypt().key_id(&key).plaintext(blob(b"x")).send().await;
    refused(answer, "KmsInvalidStateException", |e| e.is_kms_invalid_state_exception())?;
    kms.cancel_key_deletion().key_id(&key).send().await.map_err(unexpected)?;
    kms.enable_key().key_id(&key).send().await.map_err(unexpected)?;
    kms.encrypt().key_id(&key).plaintext(blob(b"x")).send().await.map_err(unexpected).map(|_| ())
}

async fn altered(kms: &Client) -> Held {
    let key = new_key(kms).await?;
    let sealed = kms.encrypt().key_id(&key).plaintext(blob(b"x")).send().await.map_err(unexpected)?;
    let mut bytes = sealed.ciphertext_blob.ok_or("no CiphertextBlob")?.into_inner();
    *bytes.last_mut().ok_or("an empty CiphertextBlob")? ^= 1;
    let answer = kms.decrypt().ciphertext_blob(Blob::new(bytes)).send().await;
    refused(answer, "InvalidCiphertextException", |e| e.is_invalid_ciphertext_exception())
}

async fn incorrect(kms: &Client) -> Held {
    let (key, other) = (new_key(kms).await?, new_key(kms).await?);
    let sealed = kms.encrypt().key_id(&key).plaintext(blob(b"x")).send().await.map_err(unexpected)?;
    let answer = kms.decrypt().ciphertext_blob(sealed.ciphertext_blob.unwrap()).key_id(&other).send().await;
    refused(answer, "IncorrectKeyException", |e| e.is_incorrect_key_exception())
}

async fn pages(kms: &Client) -> Held {
    let keys: Result<Vec<_>, _> = kms.list_keys().into_paginator().page_size(3).items().send().collect().await;
    let mut ids: Vec<_> = keys.map_err(unexpected)?.iter().filter_map(|k| k.key_id().map(str::to_owned)).collect();
    let seen = ids.len();
    ids.sort();
    ids.dedup();
    same("the number of different ids", ids.len(), seen)?;
    if seen < 8 { Err(format!("only {seen} keys were listed; the story made at least 8")) } else { Ok(()) }
}

async fn request_id(kms: &Client) -> Held {
    use aws_sdk_kms::operation::RequestId;
    match kms.describe_key().key_id("no-such-key").send().await {
        Ok(_) => Err("DescribeKey of `no-such-key` succeeded".to_owned()),
        Err(e) if e.request_id().is_some_and(|id| id.len() == 36) => {
            same("the message", e.message(), Some("Invalid keyId 'no-such-key'"))
        }
        Err(e) => Err(format!("the request id is {:?}", e.request_id())),
    }
}

async fn new_key(kms: &Client) -> Result<String, String> {
    let made = kms.create_key().send().await.map_err(unexpected)?;
    Ok(made.key_metadata().ok_or("CreateKey answered no KeyMetadata")?.key_id().to_owned())
}

/// Holds if the call failed with the SDK's own type for `name`.
fn refused<T, E, R>(answer: Result<T, SdkError<E, R>>, name: &str, is: impl Fn(&E) -> bool) -> Held
where
    E: Error + ProvideErrorMetadata + 'static,
    R: std::fmt::Debug,
{
    match answer {
        Ok(_) => Err(format!("expected {name}, but the call succeeded")),
        Err(SdkError::ServiceError(e)) if is(e.err()) => Ok(()),
        Err(e) => Err(format!("expected {name}, got {:?}: {}", e.code(), e.message().unwrap_or("no message"))),
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Held {
    if got == want { Ok(()) } else { Err(format!("{what} is {got:?}, not {want:?}")) }
}

fn unexpected(e: impl Error) -> String {
    format!("the call failed: {}", DisplayErrorContext(&e))
}

fn blob(bytes: &[u8]) -> Blob {
    Blob::new(bytes)
}
