//! An alias that is moved while it is used: the key that was asked about is the key that is used and the key that is
//! recorded, whichever of the two it is.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html>

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::{House, OWN, REGION, arn_of, base64, caller, text_at, unbase64, with};
use kms::{Caller, Origin};
use serde_json::{Value, json};
use wire::Op;

/// How many calls each of the clients makes in a house, and in how many houses: a trail in memory keeps the records of
/// some thousands.
const CALLS: usize = 250;
const CLIENTS: usize = 8;
const HOUSES: usize = 16;

/// How often each thing must have happened: fewer, and nothing raced.
const PLENTY: usize = 500;

/// One call, and what came of it: the key that the answer names and the one that the ciphertext is of.
struct Told {
    request_id: String,
    outcome: Result<(String, String), (String, String)>,
}

/// Somebody who calls by the alias.
struct Client {
    house: Arc<House>,
    caller: Caller,
    number: usize,
    /// The alias by its name or its ARN.
    named: String,
    /// A ciphertext of each of the keys.
    blobs: [String; 2],
}

impl Client {
    async fn call(&self, round: usize) -> Told {
        let request_id = format!("{:08x}-0000-4000-8000-{round:012x}", self.number + 1);
        let (op, body) = match round % 4 {
            0 | 1 => (Op::Encrypt, json!({ "KeyId": self.named, "Plaintext": base64("p") })),
            2 => (Op::GenerateDataKeyWithoutPlaintext, json!({ "KeyId": self.named, "KeySpec": "AES_256" })),
            _ => {
                let read = json!({ "CiphertextBlob": self.blobs[round / 4 % 2] });
                (Op::ReEncrypt, with(read, json!({ "DestinationKeyId": self.named })))
            }
        };
        let origin = Origin { request_id: request_id.clone(), source_ip: "192.0.2.7".into(), user_agent: None };
        let (house, body) = (&self.house, body.to_string().into_bytes());
        let told = house.service.call(op, self.caller.clone(), origin, body, house.now()).await;
        let outcome = told
            .map(|bytes| {
                let answer: Value = serde_json::from_slice(&bytes).expect("an answer is JSON");
                let key = text_at(&answer, "/KeyId");
                // The key's id stands in a ciphertext behind 1 byte of version and 12 of account.
                let blob = unbase64(&text_at(&answer, "/CiphertextBlob"));
                (key, String::from_utf8_lossy(&blob[13..49]).into_owned())
            })
            .map_err(|fault| (fault.name.to_owned(), fault.message.unwrap_or_default()));
        Told { request_id, outcome }
    }
}

/// Moves the alias from one key to the other and back until everybody is done.
async fn flip(house: Arc<House>, keys: [String; 2], done: Arc<AtomicBool>) -> usize {
    let mut flips = 0;
    while !done.load(Ordering::SeqCst) {
        flips += 1;
        let body = json!({ "AliasName": "alias/flip", "TargetKeyId": keys[flips % 2] });
        house.ok(Op::UpdateAlias, body).await;
        tokio::task::yield_now().await;
    }
    flips
}

type Counts = BTreeMap<&'static str, usize>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_that_the_caller_may_not_use_is_never_used_through_an_alias_on_its_way() {
    let mut counts = Counts::from([("first", 0), ("second", 0), ("refused", 0), ("flips", 0)]);
    for _ in 0..HOUSES {
        one_house(&mut counts).await;
    }
    assert!(counts.values().all(|times| *times >= PLENTY), "too little happened: {counts:?}");
}

async fn one_house(counts: &mut Counts) {
    let house = Arc::new(House::new().await);
    house.own_account().await;
    let keys = [house.key().await, house.key().await];
    let blobs = [house.encrypt(&keys[0], &base64("p")).await, house.encrypt(&keys[1], &base64("p")).await];
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/flip", "TargetKeyId": keys[0] })).await;
    // Reading under both keys, writing under the first alone.
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "kms:ReEncryptFrom", "Resource": "*" },
        { "Effect": "Allow", "Action": "kms:*", "Resource": arn_of(OWN, &keys[0]) },
    ] });
    let ann = house.sign_in(&house.user(OWN, "ann", Some(policy)).await).await;
    let done = Arc::new(AtomicBool::new(false));
    let flips = tokio::spawn(flip(house.clone(), keys.clone(), done.clone()));

    let clients = (0..CLIENTS).map(|number| {
        // Every fourth may use both: of those too, the record must name the key that was used.
        let caller = if number % 4 == 3 { caller(OWN, REGION) } else { ann.clone() };
        let named = match number % 2 {
            0 => "alias/flip".to_owned(),
            _ => format!("arn:aws:kms:{REGION}:{OWN}:alias/flip"),
        };
        let client = Client { house: house.clone(), caller, number, named, blobs: blobs.clone() };
        tokio::spawn(async move {
            let mut told = Vec::new();
            for round in 0..CALLS {
                told.push(client.call(round).await);
                tokio::task::yield_now().await;
            }
            (client.number % 4 == 3, told)
        })
    });
    let mut told = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        told.push(client.await.expect("every call is answered"));
    }
    done.store(true, Ordering::SeqCst);
    let flips = flips.await.expect("the alias is moved");

    let records: BTreeMap<String, Value> = house
        .records()
        .into_iter()
        .map(|record| (record["requestID"].as_str().unwrap_or_default().to_owned(), record))
        .collect();
    for (may_both, told) in &told {
        for Told { request_id, outcome } in told {
            let record = records.get(request_id).unwrap_or_else(|| panic!("no record of {request_id}: {outcome:?}"));
            match outcome {
                Ok((answered, used)) => {
                    assert_eq!(*answered, arn_of(OWN, used), "{record}");
                    assert!(*may_both || *used == keys[0], "a key that she may not use was used: {record}");
                    let named: Vec<_> =
                        record["resources"].as_array().expect("a key").iter().map(|key| &key["ARN"]).collect();
                    assert_eq!(
                        named.last().and_then(|arn| arn.as_str()),
                        Some(&**answered),
                        "another key is recorded: {record}"
                    );
                    assert!(record.get("errorCode").is_none(), "{record}");
                    *counts.entry(if *used == keys[0] { "first" } else { "second" }).or_default() += 1;
                }
                Err((name, message)) => {
                    assert_eq!(name, "AccessDeniedException", "{message}");
                    assert!(
                        !may_both && message.contains(&arn_of(OWN, &keys[1])),
                        "what she may use was refused: {message}"
                    );
                    assert_eq!(record["errorCode"], "AccessDeniedException", "{record}");
                    *counts.entry("refused").or_default() += 1;
                }
            }
        }
    }
    *counts.entry("flips").or_default() += flips;
}

/// A name beside a ciphertext is a claim about it: while the alias moves, the claim holds or is refused, and a key that
/// may not be used reads nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ciphertext_is_read_only_while_the_alias_names_its_key() {
    let house = Arc::new(House::new().await);
    house.own_account().await;
    let keys = [house.key().await, house.key().await];
    let blobs = [house.encrypt(&keys[0], &base64("p")).await, house.encrypt(&keys[1], &base64("p")).await];
    house.ok(Op::CreateAlias, json!({ "AliasName": "alias/flip", "TargetKeyId": keys[0] })).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn_of(OWN, &keys[0]) },
    ] });
    let ann = house.sign_in(&house.user(OWN, "ann", Some(policy)).await).await;
    let done = Arc::new(AtomicBool::new(false));
    let flips = tokio::spawn(flip(house.clone(), keys.clone(), done.clone()));
    let counts: Arc<[AtomicUsize; 3]> = Arc::default();
    let clients = (0..CLIENTS).map(|number| {
        let (house, ann, blobs, keys, counts) =
            (house.clone(), ann.clone(), blobs.clone(), keys.clone(), counts.clone());
        tokio::spawn(async move {
            for round in 0..CALLS * 4 {
                let which = (number + round) % 2;
                let body = json!({ "CiphertextBlob": blobs[which], "KeyId": "alias/flip" });
                let outcome = match house.call_as(&ann, Op::Decrypt, body).await {
                    Ok(answer) => {
                        assert_eq!(which, 0, "a ciphertext of a key that she may not use was read");
                        assert_eq!(text_at(&answer, "/KeyId"), arn_of(OWN, &keys[0]));
                        0
                    }
                    Err(told) if told.0 == "IncorrectKeyException" => {
                        assert_eq!(which, 1, "the alias named another key than was asked about");
                        1
                    }
                    Err(told) => {
                        assert_eq!(told.0, "AccessDeniedException", "{told:?}");
                        assert!(told.1.contains(&arn_of(OWN, &keys[1])), "{told:?}");
                        2
                    }
                };
                counts[outcome].fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("every call is as it must be");
    }
    done.store(true, Ordering::SeqCst);
    let flips = flips.await.expect("the alias is moved");
    let counts: Vec<usize> = counts.iter().map(|count| count.load(Ordering::SeqCst)).chain([flips]).collect();
    assert!(counts.iter().all(|times| *times >= PLENTY / 2), "read, incorrect, refused, flips: too little: {counts:?}");
}
