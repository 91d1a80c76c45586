//! `dev --enforce`: the rules of `serve` for whoever develops, and their trial.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::harness::{Place, Running};
use crate::signed::{call, unsigned};

/// The credentials file that a `dev` says it made.
fn credentials(dev: &Running) -> PathBuf {
    let said = dev.stderr();
    let line = said.lines().find_map(|line| line.trim().strip_prefix("credentials  "));
    PathBuf::from(line.unwrap_or_else(|| panic!("no credentials are named: {said}")))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What somebody without a signature is answered.
fn stranger(dev: &Running) -> (u16, String) {
    let (status, answer) = unsigned(dev, "ListKeys", &json!({}));
    (status, answer["__type"].as_str().unwrap_or_default().to_owned())
}

const REFUSED: &str = "MissingAuthenticationTokenException";

#[test]
fn dev_enforces_when_it_is_told_so() {
    let place = Place::new();
    fs::write(place.path("on.toml"), "enforce = true\n").unwrap();
    fs::write(place.path("log.toml"), "enforce = \"log\"\n").unwrap();
    let words = ["dev", "--listen", "127.0.0.1:0"];
    let with = |more: &[&str]| place.command(&[&words[..], more].concat());
    let mut by_variable = with(&[]);
    by_variable.env("TRENT_ENFORCE", "true");
    for (mut command, enforces) in [
        (with(&[]), false),
        (with(&["--enforce"]), true),
        (with(&["--enforce=on"]), true),
        (with(&["--enforce=off"]), false),
        (with(&["--config", "on.toml"]), true),
        (with(&["--config", "on.toml", "--enforce=off"]), false),
        (with(&["--config", "log.toml"]), false),
        (by_variable, true),
    ] {
        let dev = place.start(&mut command);
        let expected = if enforces { (400, REFUSED.to_owned()) } else { (200, String::new()) };
        assert_eq!(stranger(&dev), expected, "{command:?}");
        assert_eq!(dev.stderr().contains("open to everybody"), !dev.stderr().contains("credentials  "), "{command:?}");
    }
}

#[test]
fn the_credentials_of_a_dev_in_memory_go_with_it() {
    let place = Place::new();
    let dev = place.dev(&["--enforce"]);
    let said = dev.stderr();
    let file = credentials(&dev);
    let directory = file.parent().unwrap();
    assert!(!file.starts_with(place.path("")), "it lies in nobody's way: {}", file.display());
    assert_eq!((mode(&file), mode(directory)), (0o600, 0o700));
    for words in
        ["enforces signatures and policies", "in memory", &format!("AWS_SHARED_CREDENTIALS_FILE={}", file.display())]
    {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
    let (status, answer) = call(&dev, &file, "CreateKey", &json!({}));
    assert_eq!(status, 200, "{answer}");
    assert!(answer["KeyMetadata"]["Arn"].as_str().unwrap().contains(":000000000000:"), "{answer}");
    assert_eq!(dev.stop(), Some(0));
    assert!(!directory.exists(), "the credentials outlived what they open");
    assert!(place.tree().is_empty());
}

#[test]
fn a_policy_decides_in_dev_as_in_serve() {
    let place = Place::new();
    let dev = place.dev(&["--enforce"]);
    let root = credentials(&dev).display().to_string();
    let as_root = ["--credentials-file", &root];
    let asked = |words: &[&str]| place.asked(&dev, &[words, &as_root[..]].concat());
    asked(&["admin", "create-user", "--user-name", "ann"]);
    asked(&["admin", "create-access-key", "--user-name", "ann", "--save-to", "ann"]);
    let list = || call(&dev, &place.path("ann"), "ListKeys", &json!({}));
    let (status, answer) = list();
    assert_eq!((status, answer["__type"].as_str()), (400, Some("AccessDeniedException")), "{answer}");
    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:ListKeys","Resource":"*"}}"#;
    asked(&["admin", "put-user-policy", "--user-name", "ann", "--policy-name", "p", "--policy-document", policy]);
    let (status, answer) = list();
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn a_trial_lets_everything_pass_and_logs_what_would_have_been_refused() {
    let place = Place::new();
    let dev = place.dev(&["--enforce=log"]);
    assert!(dev.stderr().contains("lets every call pass"), "{}", dev.stderr());
    assert_eq!(stranger(&dev).0, 200);
    assert!(dev.stderr().contains(REFUSED), "{}", dev.stderr());

    let root = credentials(&dev).display().to_string();
    let as_root = ["--credentials-file", &root];
    let asked = |words: &[&str]| place.asked(&dev, &[words, &as_root[..]].concat());
    asked(&["admin", "create-user", "--user-name", "ann"]);
    asked(&["admin", "create-access-key", "--user-name", "ann", "--save-to", "ann"]);
    let (status, answer) = call(&dev, &place.path("ann"), "ListKeys", &json!({}));
    assert_eq!(status, 200, "{answer}");
    let said = dev.stderr();
    assert!(said.contains("kms:ListKeys") && said.contains("user/ann"), "{said}");
}

#[test]
fn the_credentials_of_a_kept_dev_are_made_once() {
    let place = Place::new();
    let file = place.path("keys-secrets/credentials");
    let mut before = None;
    for _ in 0..3 {
        let dev = place.dev(&["--data", "keys", "--enforce"]);
        assert_eq!(credentials(&dev), file);
        assert_eq!(mode(&file), 0o600);
        let now = fs::read(&file).unwrap();
        assert_eq!(before.get_or_insert(now.clone()), &now, "credentials changed under their users");
        let (status, answer) = call(&dev, &file, "ListKeys", &json!({}));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(dev.stop(), Some(0));
    }
}

#[test]
fn serve_always_enforces() {
    let place = Place::new();
    fs::write(place.path("trent.toml"), "enforce = \"log\"\n").unwrap();
    let ended = place.ended(&mut place.command(&["serve", "--config", "trent.toml"]));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("`enforce`") && ended.stderr.contains("trent dev"), "{}", ended.stderr);
    let ended = place.ended(&mut place.command(&["serve", "--enforce=off"]));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    let mut command = place.command(&["serve", "--listen", "127.0.0.1:0"]);
    let serve = place.start(command.env("TRENT_ENFORCE", "off"));
    assert_eq!(stranger(&serve), (400, REFUSED.to_owned()));
}
