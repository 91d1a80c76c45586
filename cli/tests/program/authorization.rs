//! The worked examples of `docs/authorization.md`: what the page says is answered, is answered.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Place, Running};
use crate::signed::call;

/// A server as the page describes it: a user without a policy, and a key with the default policy and an alias.
fn place() -> (Place, Running, String) {
    let place = Place::new();
    let serve = place.serve(&["--account", "123456789012"]);
    place.asked(&serve, &["admin", "create-user", "--user-name", "ann"]);
    let key = ok(&place, &serve, "CreateKey", &json!({}))["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
    ok(&place, &serve, "CreateAlias", &json!({ "AliasName": "alias/app", "TargetKeyId": key }));
    (place, serve, key)
}

fn ok(place: &Place, serve: &Running, operation: &str, body: &Value) -> Value {
    let (status, answer) = call(serve, &place.path("trent-secrets/credentials"), operation, body);
    assert_eq!(status, 200, "{operation} {body}: {answer}");
    answer
}

/// What a comment above a block of the page asks for.
fn set_up(place: &Place, serve: &Running, key: &str, what: &str, document: &str) {
    match what.split(' ').collect::<Vec<_>>()[..] {
        ["key", "policy"] => {
            ok(place, serve, "PutKeyPolicy", &json!({ "KeyId": key, "Policy": document }));
        }
        ["identity", "policy", policy, "of", user] => {
            let named = ["--user-name", user, "--policy-name", policy, "--policy-document", document];
            place.asked(serve, &[&["admin", "put-user-policy"], &named[..]].concat());
        }
        ["role", role] => {
            let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"sts:AssumeRole"}}"#;
            let named = ["--role-name", role, "--assume-role-policy-document", trust];
            place.asked(serve, &[&["admin", "create-role"], &named[..]].concat());
        }
        _ => panic!("the page asks for {what:?}, which nobody knows"),
    }
}

#[test]
fn the_worked_examples_of_the_page_are_true() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/authorization.md");
    let page = fs::read_to_string(page).expect("the page is there");
    let (place, serve, key) = place();
    let (mut wanted, mut checked) = (Vec::new(), 0);
    for (before, block) in blocks(&page) {
        wanted.extend(before);
        if block.starts_with("$ ") {
            for command in block.split("$ ").skip(1) {
                let (words, answer) = command.split_once('\n').expect("an answer stands below its command");
                let words: Vec<_> = words.split(' ').skip(1).collect();
                assert_eq!(place.asked(&serve, &words), answer, "{words:?}");
                checked += 1;
            }
        }
        for what in wanted.drain(..) {
            set_up(&place, &serve, &key, what, block);
        }
    }
    assert!(checked >= 8, "the page has only {checked} examples");
}

/// The page's blocks of code, each with the comments above it that say what it is for.
fn blocks(page: &str) -> Vec<(Vec<&str>, &str)> {
    let mut parts = page.split("```");
    let mut found = Vec::new();
    while let (Some(text), Some(block)) = (parts.next(), parts.next()) {
        let comments = text.lines().rev().map_while(|line| line.strip_prefix("<!-- ")?.strip_suffix(" -->"));
        let mut comments: Vec<_> = comments.collect();
        comments.reverse();
        found.push((comments, block.split_once('\n').expect("a block has lines").1));
    }
    found
}
