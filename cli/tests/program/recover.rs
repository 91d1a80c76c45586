//! The way back in: lost credentials, and a key that nobody may use.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Ended, Place, credential};
use crate::signed::call;

const ACCOUNT: &str = "123456789012";

fn recover(place: &Place, words: &[&str]) -> Ended {
    place.ended(&mut place.command(&[&["admin", "recover"], words].concat()))
}

/// All audit records of a place that name this event.
fn audited(place: &Place, event: &str) -> Vec<Value> {
    let files = fs::read_dir(place.path("trent-data/audit")).unwrap();
    let text: String = files.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap_or_default()).collect();
    let records = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    records.filter(|record| record["eventName"] == event).collect()
}

#[test]
fn lost_credentials_are_replaced() {
    let place = Place::new();
    assert_eq!(place.serve(&["--account", ACCOUNT]).stop(), Some(0));
    fs::remove_file(place.path("trent-secrets/credentials")).unwrap();
    let ended = recover(&place, &["--root-access-key", ACCOUNT]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    let file = place.path(&format!("trent-secrets/{ACCOUNT}-root.credentials"));
    let secret = credential(&file, "aws_secret_access_key").unwrap();
    assert!(ended.stdout.contains(&file.display().to_string()) && !ended.stdout.contains(&secret), "{}", ended.stdout);
    assert_eq!(audited(&place, "RecoverRootAccessKey").len(), 1);
    let serve = place.serve(&[]);
    let (status, answer) = call(&serve, &file, "ListKeys", &json!({}));
    assert_eq!(status, 200, "{answer}");
    let keys = place.asked(&serve, &["admin", "list-access-keys", "--credentials-file", file.to_str().unwrap()]);
    assert_eq!(keys.lines().count(), 3, "the lost one is there to be deleted: {keys}");
}

#[test]
fn a_key_that_nobody_may_use_is_given_the_default_policy() {
    let place = Place::new();
    let serve = place.serve(&["--account", ACCOUNT]);
    let root = place.path("trent-secrets/credentials");
    let locked = json!({ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "kms:DescribeKey",
        "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Resource": "*" } });
    let create = json!({ "Policy": locked.to_string(), "BypassPolicyLockoutSafetyCheck": true });
    let (status, key) = call(&serve, &root, "CreateKey", &create);
    assert_eq!(status, 200, "{key}");
    let arn = key["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let encrypt = json!({ "KeyId": arn, "Plaintext": "aGVsbG8=" });
    let (status, answer) = call(&serve, &root, "Encrypt", &encrypt);
    assert_eq!((status, answer["__type"].as_str()), (400, Some("AccessDeniedException")), "{answer}");

    let held = recover(&place, &["--default-key-policy", &arn]);
    assert_eq!(held.code, Some(1));
    assert!(held.stderr.contains("in use by process"), "{}", held.stderr);
    assert_eq!(serve.stop(), Some(0));

    let ended = recover(&place, &["--default-key-policy", &arn]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(ended.stdout.contains(&arn), "{}", ended.stdout);
    assert_eq!(audited(&place, "RecoverKeyPolicy").len(), 1);
    let serve = place.serve(&[]);
    let (status, answer) = call(&serve, &root, "Encrypt", &encrypt);
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn a_recovery_that_is_refused_changes_nothing() {
    let place = Place::new();
    assert_eq!(place.serve(&["--account", ACCOUNT]).stop(), Some(0));
    let empty = Place::new();
    let no_seal = Place::new();
    assert_eq!(no_seal.serve(&["--account", ACCOUNT]).stop(), Some(0));
    fs::remove_file(no_seal.path("trent-secrets/seal.key")).unwrap();
    let key = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-4000-8000-000000000000");
    for (place, words, said) in [
        (&place, ["--root-access-key", "210987654321"], "210987654321"),
        (&place, ["--default-key-policy", &key], "00000000-0000-4000-8000-000000000000"),
        (&place, ["--default-key-policy", "alias/x"], "alias/x"),
        (&empty, ["--root-access-key", ACCOUNT], "seal.key"),
        (&empty, ["--default-key-policy", &key], "trent-data"),
        (&no_seal, ["--root-access-key", ACCOUNT], "seal.key"),
        (&no_seal, ["--default-key-policy", &key], "seal key"),
    ] {
        let secrets = place.tree();
        let ended = recover(place, &words);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{words:?}: {}", ended.stderr);
        assert!(ended.stderr.starts_with("trent: ") && ended.stderr.contains(said), "{words:?}: {}", ended.stderr);
        assert!(secrets.keys().eq(place.tree().keys()), "{words:?}: a file was made or removed");
    }
}
