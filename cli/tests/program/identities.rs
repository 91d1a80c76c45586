//! A file of identities: what it would change, what it changes, and that a second time changes nothing.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::harness::{Place, Running};
use crate::signed::call;

const FILE: &str = r#"
[[account]]

[[account.user]]
name = "ann"
path = "/team/"
tags = { team = "web" }
policies.lists = { file = "lists.json" }

[[account.role]]
name = "ops"
trust = { file = "trust.json" }
"#;

const KEY: &str = r#"
[[account]]
[[account.user]]
name = "ann"
[[account.user.access_key]]
id = "AKIAABCDEFGHIJKLMNOP"
secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
"#;

/// A place with the file, and the policies that it names beside it.
fn place(text: &str) -> Place {
    let place = Place::new();
    fs::create_dir(place.path("etc")).unwrap();
    let lists = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:ListKeys","Resource":"*"}}"#;
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:user/team/ann"},"Action":"sts:AssumeRole"}}"#;
    for (name, text) in [("lists.json", lists), ("trust.json", trust), ("identities.toml", text)] {
        fs::write(place.path("etc").join(name), text).unwrap();
    }
    set_mode(&place.path("etc/identities.toml"), 0o600);
    place
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

const IDENTITIES: [&str; 4] = ["--account", "123456789012", "--identities", "etc/identities.toml"];

fn assert_says(what: &str, said: &str, words: &[&str]) {
    words.iter().for_each(|word| assert!(said.contains(word), "{what}: {word:?} is not in: {said}"));
}

const CHANGES: [&str; 4] = ["+ user ", "ann", "+ role ", "ops"];

#[test]
fn a_start_makes_it_so_and_the_next_has_nothing_to_do() {
    let place = place(FILE);
    let serve = place.serve(&IDENTITIES);
    assert_says("first", &serve.stderr(), &CHANGES);
    assert_says("first", &serve.stderr(), &["changes were made", "etc/identities.toml"]);
    let listed = place.asked(&serve, &["admin", "list-users"]);
    assert!(listed.contains("user/team/ann"), "{listed}");
    assert_eq!(serve.stop(), Some(0));
    let again = place.serve(&IDENTITIES);
    assert_says("second", &again.stderr(), &["everything is as", "etc/identities.toml"]);
    assert!(!again.stderr().contains("+ "), "{}", again.stderr());
}

#[test]
fn the_file_is_named_as_any_other_setting() {
    let place = place(FILE);
    fs::write(place.path("etc/trent.toml"), "identities = \"identities.toml\"\naccount = \"123456789012\"\n").unwrap();
    let words = ["serve", "--listen", "127.0.0.1:0"];
    let by_file = place.start(&mut place.command(&[&words[..], &["--config", "etc/trent.toml"]].concat()));
    assert_says("by file", &by_file.stderr(), &CHANGES);
    assert_eq!(by_file.stop(), Some(0));
    let by_variable = place.start(place.command(&words).env("TRENT_IDENTITIES", "etc/identities.toml"));
    assert_says("by variable", &by_variable.stderr(), &["everything is as"]);
}

#[test]
fn it_is_applied_to_a_running_server_as_well() {
    let place = place(FILE);
    let serve = place.serve(&IDENTITIES[..2]);
    let apply = ["admin", "apply", "etc/identities.toml"];
    let dry = [&apply[..], &["--dry-run"]].concat();
    let told = place.ask(&serve, &dry);
    assert_eq!((told.code, told.stderr.as_str()), (Some(3), ""), "{}", told.stdout);
    assert_says("dry", &told.stdout, &CHANGES);
    assert_eq!(place.asked(&serve, &["admin", "list-users"]).lines().count(), 1, "a dry run made somebody");

    let done = place.asked(&serve, &apply);
    assert!(done.starts_with(&told.stdout), "what is done is what was told: {done}");
    assert_says("done", &done, &["changes were made"]);
    assert_says("dry again", &place.asked(&serve, &dry), &["everything is as"]);
    assert_says("again", &place.asked(&serve, &apply), &["everything is as"]);
    let json: serde_json::Value =
        serde_json::from_str(&place.asked(&serve, &[&dry[..], &["--json"]].concat())).unwrap();
    assert_eq!(json, json!({ "Applied": false, "Changes": [] }));
}

#[test]
fn a_dry_run_of_a_start_changes_nothing() {
    let place = place(FILE);
    assert_eq!(place.serve(&IDENTITIES[..2]).stop(), Some(0));
    let dry = |place: &Place| {
        place.ended(&mut place.command(&[&["serve", "--identities-dry-run"], &IDENTITIES[..]].concat()))
    };
    let store = || fs::read(place.path("trent-data/store.db")).unwrap();
    let before = store();
    let told = dry(&place);
    assert_eq!(told.code, Some(3), "{}", told.stderr);
    assert_says("dry", &told.stdout, &CHANGES);
    assert!(store() == before, "a dry run wrote into the store");
    assert_eq!(place.serve(&IDENTITIES).stop(), Some(0));
    let told = dry(&place);
    assert_eq!(told.code, Some(0), "{}", told.stderr);
    assert_says("dry again", &told.stdout, &["everything is as"]);

    let new = self::place(FILE);
    let told = dry(&new);
    assert_eq!((told.code, told.stdout.as_str()), (Some(1), ""), "{}", told.stderr);
    assert!(!new.path("trent-data").exists() && !new.path("trent-secrets").exists(), "a dry run made a store");
}

#[test]
fn a_key_that_the_file_gives_signs_at_once() {
    let place = place(KEY);
    let dev = place.dev(&["--enforce", "--identities", "etc/identities.toml"]);
    assert!(!dev.stderr().contains("wJalrXUtnFEMI"), "the secret was told: {}", dev.stderr());
    let ann = "[default]\naws_access_key_id = AKIAABCDEFGHIJKLMNOP\n\
               aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n";
    fs::write(place.path("ann"), ann).unwrap();
    let (status, answer) = call(&dev, &place.path("ann"), "ListKeys", &json!({}));
    assert_eq!((status, answer["__type"].as_str()), (400, Some("AccessDeniedException")), "{answer}");
    assert_says("denied", &answer.to_string(), &["user/ann"]);
}

#[test]
fn an_open_dev_has_them_too() {
    let text = FILE.to_owned() + "[[account]]\nid = \"210987654321\"\n[[account.user]]\nname = \"bob\"\n";
    let place = place(&text.replace("123456789012", "000000000000"));
    fs::write(
        place.path("etc/trust.json"),
        fs::read_to_string(place.path("etc/trust.json")).unwrap().replace("123456789012", "000000000000"),
    )
    .unwrap();
    let dev = place.dev(&["--identities", "etc/identities.toml"]);
    assert_says("open", &dev.stderr(), &["open to everybody", "+ user ann", "+ account 210987654321", "bob"]);
}

#[test]
fn a_file_with_secrets_is_its_owners_alone() {
    let place = place(KEY);
    let file = place.path("etc/identities.toml");
    for mode in [0o644, 0o640] {
        set_mode(&file, mode);
        let start = [&["serve", "--listen", "127.0.0.1:0"], &IDENTITIES[..]].concat();
        let ended = place.ended(&mut place.command(&start));
        assert_eq!(ended.code, Some(1), "{mode:o}");
        assert_says("open", &ended.stderr, &["chmod 600", "identities.toml"]);
    }
}

#[test]
fn a_broken_file_is_refused_before_anything_is_made() {
    let serving = |place: &Place| -> Running { place.serve(&IDENTITIES[..2]) };
    for (text, words) in [
        ("[[account]]\nnmae = 1\n", &["identities.toml, line 2", "nmae"][..]),
        ("[[account]]\n[[account.user]]\nname = \"a b\"\n", &["identities.toml, line", "userName"]),
        ("[[account]]\n[[account.user]]\nname = \"ann\"\npolicies.p = { file = \"absent.json\" }\n", &["absent.json"]),
        ("[[account]]\n[[account.user]]\nname = \"ann\"\npolicies.p = \"{}\"\n", &["identities.toml"]),
    ] {
        let place = place(text);
        let serve = serving(&place);
        place.refused(&serve, &["admin", "apply", "etc/identities.toml"], words);
        assert_eq!(place.asked(&serve, &["admin", "list-users"]).lines().count(), 1);
        assert_eq!(serve.stop(), Some(0));
        let ended = place.ended(&mut place.command(&[&["serve", "--listen", "127.0.0.1:0"], &IDENTITIES[..]].concat()));
        assert_eq!(ended.code, Some(1), "{text}");
        assert_says(text, &ended.stderr, words);
    }
    let nothing = Place::new();
    let ended =
        nothing.ended(&mut nothing.command(&["serve", "--listen", "127.0.0.1:0", "--identities", "absent.toml"]));
    assert_eq!(ended.code, Some(1), "{}", ended.stderr);
    assert_says("absent", &ended.stderr, &["absent.toml"]);
    assert!(nothing.tree().is_empty(), "a start that was refused made a store");
}

#[test]
fn another_account_needs_credentials_of_its_own_over_the_network() {
    let text = "[[account]]\nid = \"210987654321\"\n[[account.user]]\nname = \"bob\"\n";
    let place = place(text);
    let serve = place.serve(&IDENTITIES[..2]);
    let apply = ["admin", "apply", "etc/identities.toml"];
    let dry = place.ask(&serve, &[&apply[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, Some(3), "{}{}", dry.stdout, dry.stderr);
    assert_says("dry", &dry.stdout, &["+ account 210987654321", "bob"]);
    place.asked(&serve, &["admin", "create-account", "--account-id", "210987654321"]);
    place.asked(&serve, &apply);
    assert_says("done", &place.asked(&serve, &apply), &["everything is as"]);
    fs::remove_file(place.path("trent-secrets/210987654321-root.credentials")).unwrap();
    place.refused(&serve, &apply, &["210987654321-root.credentials", "create-account"]);
    assert_eq!(serve.stop(), Some(0));
    // A start needs none: it has the seal key.
    assert_says("start", &place.serve(&IDENTITIES).stderr(), &["everything is as"]);
}

#[test]
fn a_dry_run_without_a_file_is_not_understood() {
    let place = Place::new();
    let ended = place.ended(&mut place.command(&["serve", "--identities-dry-run"]));
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("--identities"), "{}", ended.stderr);
}
