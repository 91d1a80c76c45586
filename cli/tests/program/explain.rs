//! `trent explain`: which statement, or what is missing.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Place, Running};
use crate::signed::call;

const ANN: &str = "arn:aws:iam::123456789012:user/ann";

/// A server with a key of the default policy and a user who has a policy of two statements.
fn place() -> (Place, Running, String) {
    let place = Place::new();
    let serve = place.serve(&["--account", "123456789012"]);
    place.asked(&serve, &["admin", "create-user", "--user-name", "ann"]);
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Sid": "Reads", "Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*",
          "Condition": { "StringEqualsIfExists": { "kms:EncryptionContext:app": "web" } } },
        { "Sid": "NotFromThere", "Effect": "Deny", "Action": "kms:*", "Resource": "*",
          "Condition": { "IpAddress": { "aws:SourceIp": "192.0.2.0/24" } } },
    ] });
    fs::write(place.path("policy.json"), policy.to_string()).unwrap();
    let put = ["admin", "put-user-policy", "--user-name", "ann", "--policy-name", "web"];
    place.asked(&serve, &[&put[..], &["--policy-document", "policy.json"]].concat());
    let (status, key) = call(&serve, &place.path("trent-secrets/credentials"), "CreateKey", &json!({}));
    assert_eq!(status, 200, "{key}");
    (place, serve, key["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned())
}

#[test]
fn what_decides_is_named() {
    let (place, serve, key) = place();
    for (more, allowed, words) in [
        (&["--operation", "Decrypt"][..], true, &["Statement 1", "(Reads)", "web"][..]),
        (&["--operation", "Decrypt", "--context", "app=web"], true, &["(Reads)"]),
        (&["--operation", "Decrypt", "--context", "app=batch"], false, &["No policy of the principal allows it"]),
        (&["--operation", "Encrypt"], false, &["No policy of the principal allows it"]),
        (
            &["--operation", "Decrypt", "--fact", "aws:SourceIp=192.0.2.7"],
            false,
            &["Statement 2", "(NotFromThere)", "Deny"],
        ),
    ] {
        let words_typed = [&["explain", "--principal", ANN, "--key", &key], more].concat();
        let said = place.asked(&serve, &words_typed);
        let may = if allowed { " may " } else { " may not " };
        assert!(said.starts_with(&format!("{ANN}{may}{}", more[1])) && said.lines().count() == 2, "{more:?}: {said}");
        words.iter().for_each(|word| assert!(said.contains(word), "{more:?}: {word:?} is not in: {said}"));
    }
}

#[test]
fn programs_read_the_same() {
    let (place, serve, key) = place();
    let said = place.asked(&serve, &["explain", "--principal", ANN, "--operation", "Decrypt", "--key", &key, "--json"]);
    let answer: Value = serde_json::from_str(&said).unwrap();
    let told = ["Allowed", "Source", "PolicyName", "Statement", "Sid"].map(|name| answer[name].clone());
    assert_eq!(json!(told), json!([true, "IdentityPolicy", "web", 1, "Reads"]), "{said}");
}

#[test]
fn a_question_about_nobody_or_nothing_is_refused() {
    let (place, serve, key) = place();
    let nobody = "arn:aws:iam::123456789012:user/nobody";
    place.refused(&serve, &["explain", "--principal", nobody, "--operation", "Decrypt", "--key", &key], &["nobody"]);
    place.refused(&serve, &["explain", "--principal", ANN, "--operation", "Nope", "--key", &key], &["Nope"]);
    let absent = "00000000-0000-4000-8000-000000000000";
    place.refused(&serve, &["explain", "--principal", ANN, "--operation", "Decrypt", "--key", absent], &[absent]);
}

#[test]
fn whoever_may_not_ask_is_told_nothing() {
    let (place, serve, key) = place();
    place.asked(&serve, &["admin", "create-access-key", "--user-name", "ann", "--save-to", "ann"]);
    let question =
        ["explain", "--principal", ANN, "--operation", "Decrypt", "--key", &key, "--credentials-file", "ann"];
    place.refused(&serve, &question, &["AccessDenied", "iam:SimulatePrincipalPolicy"]);
}
