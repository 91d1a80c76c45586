//! `trent admin`, against a running `serve`: identities from their first word to their last, and where secrets go.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{Place, Running, credential};
use crate::signed::call;

const LISTS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:List*","Resource":"*"}}"#;

const ACCOUNT: &str = "123456789012";

fn serve() -> (Place, Running) {
    let place = Place::new();
    let running = place.serve(&["--account", ACCOUNT]);
    (place, running)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn secrets(place: &Place) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(place.path("trent-secrets"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_user_lives_from_its_creation_to_its_end() {
    let (place, serve) = serve();
    let asked = |words: &[&str]| place.asked(&serve, words);
    let made = asked(&["admin", "create-user", "--user-name", "ann", "--path", "/team/", "--tags", "a=1", "b=2"]);
    assert!(made.contains(&format!("arn:aws:iam::{ACCOUNT}:user/team/ann")) && made.contains("AIDA"), "{made}");
    let listed = asked(&["admin", "list-users"]);
    assert!(listed.starts_with("UserName  Arn ") && listed.lines().count() == 2, "{listed}");
    assert_eq!(asked(&["admin", "list-user-tags", "--user-name", "ann"]), "Key  Value\na    1\nb    2\n");
    let policy = ["--user-name", "ann", "--policy-name", "lists"];
    let put = asked(&[&["admin", "put-user-policy", "--policy-document", LISTS], &policy[..]].concat());
    assert_eq!(put, "the policy lists of the user ann counts from now on\n");
    assert_eq!(asked(&["admin", "list-user-policies", "--user-name", "ann"]), "lists\n");
    let shown = asked(&[&["admin", "get-user-policy"], &policy[..]].concat());
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), serde_json::from_str::<Value>(LISTS).unwrap());
    let user = ["admin", "delete-user", "--user-name", "ann"];
    place.refused(&serve, &user, &["DeleteConflict"]);
    asked(&[&["admin", "delete-user-policy"], &policy[..]].concat());
    assert_eq!(asked(&user), "the user ann is no more\n");
    place.refused(&serve, &["admin", "get-user", "--user-name", "ann"], &["NoSuchEntity", "ann"]);
}

#[test]
fn an_access_key_counts_as_long_as_it_is_active() {
    let (place, serve) = serve();
    let asked = |words: &[&str]| place.asked(&serve, words);
    asked(&["admin", "create-user", "--user-name", "ann"]);
    asked(&["admin", "put-user-policy", "--user-name", "ann", "--policy-name", "p", "--policy-document", LISTS]);
    let made = asked(&["admin", "create-access-key", "--user-name", "ann"]);
    let file = place.path(&format!("trent-secrets/{ACCOUNT}-ann.credentials"));
    assert!(made.contains(&file.display().to_string()), "{made}");
    assert_eq!(mode(&file), 0o600);
    let id = credential(&file, "aws_access_key_id").unwrap();
    let secret = credential(&file, "aws_secret_access_key").unwrap();
    assert!(made.contains(&id) && !made.contains(&secret), "{made}");
    let ann = ["--credentials-file", file.to_str().unwrap()];
    let as_ann = |words: &[&'static str]| [words, &ann].concat();
    assert!(asked(&as_ann(&["admin", "list-users"])).contains("ann"));
    place.refused(
        &serve,
        &as_ann(&["admin", "create-user", "--user-name", "bob"]),
        &["AccessDenied", "iam:CreateUser"],
    );
    let update =
        |status| ["admin", "update-access-key", "--user-name", "ann", "--access-key-id", &id, "--status", status];
    assert_eq!(asked(&update("Inactive")), format!("the access key {id} is Inactive\n"));
    place.refused(&serve, &as_ann(&["admin", "list-users"]), &["UnrecognizedClientException", "--credentials-file"]);
    asked(&update("Active"));
    asked(&as_ann(&["admin", "list-users"]));
    asked(&["admin", "delete-access-key", "--user-name", "ann", "--access-key-id", &id]);
    place.refused(&serve, &as_ann(&["admin", "list-users"]), &["UnrecognizedClientException"]);
}

#[test]
fn a_key_is_rotated_without_a_file_being_overwritten() {
    let (place, serve) = serve();
    place.asked(&serve, &["admin", "create-user", "--user-name", "ann"]);
    let create = ["admin", "create-access-key", "--user-name", "ann"];
    let first = place.path(&format!("trent-secrets/{ACCOUNT}-ann.credentials"));
    place.asked(&serve, &create);
    let before = fs::read(&first).unwrap();
    place.asked(&serve, &create);
    assert_eq!(fs::read(&first).unwrap(), before);
    let second: Vec<_> = secrets(&place).into_iter().filter(|name| name.contains("-ann.AKIA")).collect();
    assert_eq!(second.len(), 1, "{:?}", secrets(&place));
    assert_eq!(mode(&place.path("trent-secrets").join(&second[0])), 0o600);
    let listed = place.asked(&serve, &["admin", "list-access-keys", "--user-name", "ann"]);
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let there = secrets(&place);
    place.refused(&serve, &create, &["LimitExceeded"]);
    assert_eq!(secrets(&place), there, "a key that was not made left a file");
}

#[test]
fn a_secret_goes_where_it_is_told_and_nowhere_else() {
    let (place, serve) = serve();
    place.asked(&serve, &["admin", "create-user", "--user-name", "ann"]);
    let there = secrets(&place);
    let create = ["admin", "create-access-key", "--user-name", "ann"];
    fs::write(place.path("taken"), "mine").unwrap();
    place.refused(&serve, &[&create[..], &["--save-to", "taken"]].concat(), &["taken", "not overwritten"]);
    let none = place.asked(&serve, &["admin", "list-access-keys", "--user-name", "ann"]);
    assert_eq!(none.lines().count(), 1, "a key was made whose secret had no place: {none}");

    place.asked(&serve, &[&create[..], &["--save-to", "new/ann"]].concat());
    assert_eq!((mode(&place.path("new")), mode(&place.path("new/ann"))), (0o700, 0o600));
    let printed = place.asked(&serve, &[&create[..], &["--print-secret", "--json"]].concat());
    let printed: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(printed["AccessKey"]["SecretAccessKey"].as_str().unwrap().len(), 40, "{printed}");
    assert_eq!(secrets(&place), there);
}

#[test]
fn answers_can_be_read_by_programs() {
    let (place, serve) = serve();
    let asked = |words: &[&str]| -> Value {
        let said = place.asked(&serve, &[words, &["--json"]].concat());
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{words:?}: {error}: {said}"))
    };
    let user = asked(&["admin", "create-user", "--user-name", "ann"]);
    assert_eq!(user["User"]["UserName"], "ann", "{user}");
    assert_eq!(asked(&["admin", "list-users"])["Users"][0]["UserName"], "ann");
    let put =
        asked(&["admin", "put-user-policy", "--user-name", "ann", "--policy-name", "p", "--policy-document", LISTS]);
    assert_eq!(put, json!({}));
    let key = asked(&["admin", "create-access-key", "--user-name", "ann"]);
    assert!(key["AccessKey"].get("SecretAccessKey").is_none(), "the secret was printed");
    assert!(Path::new(key["CredentialsFile"].as_str().unwrap()).exists(), "{key}");
}

#[test]
fn a_list_of_several_pages_is_shown_whole() {
    let (place, serve) = serve();
    for number in 0..103 {
        place.asked(&serve, &["admin", "create-user", "--user-name", &format!("user-{number:03}")]);
    }
    let listed = place.asked(&serve, &["admin", "list-users"]);
    assert_eq!(listed.lines().count(), 104, "{listed}");
    let listed: Value = serde_json::from_str(&place.asked(&serve, &["admin", "list-users", "--json"])).unwrap();
    assert_eq!((listed["Users"].as_array().unwrap().len(), listed.get("Marker")), (103, None));
}

#[test]
fn a_role_is_made_and_changed() {
    let (place, serve) = serve();
    let asked = |words: &[&str]| place.asked(&serve, words);
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:AssumeRole"}}}}"#
    );
    fs::write(place.path("trust.json"), &trust).unwrap();
    let create = ["admin", "create-role", "--role-name", "ops", "--max-session-duration", "7200"];
    let made = asked(&[&create[..], &["--assume-role-policy-document", "trust.json"]].concat());
    assert!(made.contains(&format!("arn:aws:iam::{ACCOUNT}:role/ops")) && made.contains("7200"), "{made}");
    asked(&["admin", "update-role", "--role-name", "ops", "--description", "for the night"]);
    assert!(asked(&["admin", "get-role", "--role-name", "ops"]).contains("for the night"));
    asked(&["admin", "tag-role", "--role-name", "ops", "--tags", "Key=team,Value=x"]);
    assert_eq!(asked(&["admin", "list-role-tags", "--role-name", "ops"]), "Key   Value\nteam  x\n");
    asked(&["admin", "untag-role", "--role-name", "ops", "--tag-keys", "team"]);
    asked(&["admin", "put-role-policy", "--role-name", "ops", "--policy-name", "p", "--policy-document", LISTS]);
    assert_eq!(asked(&["admin", "list-role-policies", "--role-name", "ops"]), "p\n");
    let broken = ["admin", "put-role-policy", "--role-name", "ops", "--policy-name", "q", "--policy-document", "{}"];
    place.refused(&serve, &broken, &["MalformedPolicyDocument"]);
    asked(&["admin", "delete-role-policy", "--role-name", "ops", "--policy-name", "p"]);
    assert_eq!(asked(&["admin", "delete-role", "--role-name", "ops"]), "the role ops is no more\n");
}

#[test]
fn another_account_has_a_root_of_its_own() {
    let (place, serve) = serve();
    let made = place.asked(&serve, &["admin", "create-account", "--account-id", "210987654321"]);
    let file = place.path("trent-secrets/210987654321-root.credentials");
    assert!(made.contains("210987654321") && made.contains(&file.display().to_string()), "{made}");
    let other = ["--credentials-file", file.to_str().unwrap()];
    place.asked(&serve, &[&["admin", "create-user", "--user-name", "bob"], &other[..]].concat());
    assert!(!place.asked(&serve, &["admin", "list-users"]).contains("bob"), "accounts do not see each other's users");
    place.refused(&serve, &[&["admin", "list-accounts"], &other[..]].concat(), &["AccessDenied"]);
    assert_eq!(place.asked(&serve, &["admin", "list-accounts"]).lines().count(), 3);
    let (status, answer) = call(&serve, &file, "ListKeys", &json!({}));
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn whoever_cannot_ask_is_told_why_and_what_to_do() {
    let (place, serve) = serve();
    let list = ["admin", "list-users"];
    fs::write(place.path("other"), "[default]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n").unwrap();
    let with = |more: &[&'static str]| [&list[..], more].concat();
    place.refused(&serve, &with(&["--credentials-file", "other"]), &["UnrecognizedClientException", "other"]);
    place.refused(&serve, &with(&["--credentials-file", "absent"]), &["absent"]);
    place.refused(&serve, &with(&["--profile", "nobody"]), &["credentials"]);
    place.refused(&serve, &with(&["--endpoint-url", "http://127.0.0.1:1"]), &["http://127.0.0.1:1", "trent serve"]);
    let wrong = place.path("trent-secrets/credentials");
    let text = fs::read_to_string(&wrong).unwrap();
    let secret = credential(&wrong, "aws_secret_access_key").unwrap();
    fs::write(place.path("spoiled"), text.replace(&secret, &"x".repeat(40))).unwrap();
    place.refused(&serve, &with(&["--credentials-file", "spoiled"]), &["InvalidSignatureException", "clock"]);
}

#[test]
fn what_is_typed_wrongly_asks_nobody() {
    let place = Place::new();
    for (words, said) in [
        (&["admin"][..], "Usage: trent admin"),
        (&["admin", "create-usr"], "create-user"),
        (&["admin", "create-user"], "--user-name"),
        (&["admin", "list-users", "--endpoint-url", "https://127.0.0.1:4599"], "TLS"),
        (&["admin", "recover"], "--root-access-key"),
        (&["admin", "recover", "--root-access-key", "12"], "12 digits"),
        (&["admin", "apply"], "identities.toml"),
        (&["explain"], "--principal"),
    ] {
        let ended = place.ended(&mut place.command(words));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{words:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(said), "{words:?}: {said:?} is not in: {}", ended.stderr);
    }
}

/// The paths of all files that hold somebody's secret.
#[test]
fn everything_that_was_made_is_closed_to_others() {
    let (place, serve) = serve();
    place.asked(&serve, &["admin", "create-account"]);
    place.asked(&serve, &["admin", "create-access-key"]);
    let files: Vec<PathBuf> = secrets(&place).iter().map(|name| place.path("trent-secrets").join(name)).collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}
