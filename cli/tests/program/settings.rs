//! An option counts before its variable, the variable before the file, the file before the default.

use std::fs;

use serde_json::json;

use crate::harness::{Place, Running, credential};
use crate::signed::unsigned;

/// Starts with a file that says `region`, perhaps a variable, perhaps an option; tells the Region that counted.
fn region(file: Option<&str>, variable: Option<&str>, option: Option<&str>) -> String {
    let place = Place::new();
    let mut words = vec!["serve", "--listen", "127.0.0.1:0"];
    if let Some(region) = file {
        fs::write(place.path("trent.toml"), format!("region = \"{region}\"\n")).unwrap();
        words.extend(["--config", "trent.toml"]);
    }
    words.extend(option.iter().flat_map(|region| ["--region", region]));
    let mut command = place.command(&words);
    command.envs(variable.map(|region| ("TRENT_REGION", region)));
    let running = place.start(&mut command);
    let counted = credential(&place.path("trent-secrets/credentials"), "region").unwrap();
    assert_eq!(running.stop(), Some(0));
    counted
}

#[test]
fn the_nearest_word_counts() {
    let (file, variable, option) = (Some("in-file"), Some("in-variable"), Some("in-option"));
    for (given, counts) in [
        ((None, None, None), "us-east-1"),
        ((file, None, None), "in-file"),
        ((file, variable, None), "in-variable"),
        ((file, variable, option), "in-option"),
        ((None, variable, option), "in-option"),
        ((file, None, option), "in-option"),
    ] {
        assert_eq!(region(given.0, given.1, given.2), counts, "{given:?}");
    }
}

#[test]
fn a_file_is_only_read_when_it_is_named() {
    let place = Place::new();
    fs::write(place.path("trent.toml"), "region = \"eu-west-1\"\n").unwrap();
    let running = place.serve(&[]);
    assert_eq!(credential(&place.path("trent-secrets/credentials"), "region").as_deref(), Some("us-east-1"));
    drop(running);
}

#[test]
fn directories_in_a_file_are_relative_to_it() {
    let place = Place::new();
    fs::create_dir(place.path("etc")).unwrap();
    fs::write(place.path("etc/trent.toml"), "data = \"../d\"\nsecrets = \"s\"\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let mut command = place.command(&["serve"]);
    let running: Running = place.start(command.env("TRENT_CONFIG", "etc/trent.toml"));
    assert!(place.path("d/store.db").exists() && place.path("etc/s/seal.key").exists());
    drop(running);
}

#[test]
fn an_option_overrides_a_file_in_both_directions() {
    let place = Place::new();
    fs::write(place.path("trent.toml"), "no_create = true\n").unwrap();
    let file = ["serve", "--listen", "127.0.0.1:0", "--config", "trent.toml"];
    assert_eq!(place.ended(&mut place.command(&file)).code, Some(1));
    let mut allowed = place.command(&[&file[..], &["--no-create=false"]].concat());
    assert_eq!(place.start(&mut allowed).stop(), Some(0));
}

#[test]
fn the_log_is_silent_when_told_so_and_notices_are_not_part_of_it() {
    let place = Place::new();
    let running = place.dev(&["--log", "off"]);
    assert!(running.stderr().contains("open to everybody"));
    assert!(!running.stderr().contains("INFO"), "{}", running.stderr());
}

#[test]
fn what_is_not_understood_is_named_with_exit_code_2() {
    let place = Place::new();
    fs::write(place.path("unknown.toml"), "region = \"eu-west-1\"\nlisten_on = 4599\n").unwrap();
    fs::write(place.path("account.toml"), "account = \"123456789012\"\n").unwrap();
    let table: &[(&[&str], &[&str])] = &[
        (&["serve", "--lisen", "x"], &["--lisen", "--listen"]),
        (&["serve", "--listen", "4599"], &["4599", "127.0.0.1:4599"]),
        (&["serve", "--account", "1234"], &["1234", "12 digits"]),
        (&["serve", "--region", "US East"], &["US East", "us-east-1"]),
        (&["serve", "--log", "server=loud"], &["server=loud", "info"]),
        (&["serve", "--cors", "https://app.example/"], &["https://app.example/", "without a path"]),
        (&["serve", "--no-create=perhaps"], &["perhaps", "--no-create"]),
        (&["serve", "--quota-keys", "many"], &["many", "--quota-keys"]),
        (&["dev", "--quota-grants-per-key", "many"], &["many", "--quota-grants-per-key"]),
        (&["serve", "--request-quotas", "0"], &["--request-quotas", "aws, off or a number from 1"]),
        (&["dev", "--enforce=loud"], &["loud", "on, log or off"]),
        (&["dev", "--quota-aliases-per-key", "201"], &["201", "from 0 to 200"]),
        (&["serve", "--config", "absent.toml"], &["absent.toml", "cannot read"]),
        (&["serve", "--config", "unknown.toml"], &["unknown.toml, line 2", "unknown field `listen_on`", "`listen`"]),
        (&["dev", "--config", "account.toml"], &["`account`", "trent serve"]),
        (&["dev", "--account", "123456789012"], &["--account"]),
        (&["dev", "--data", ".."], &["--secrets"]),
        (&["sevre"], &["sevre", "serve"]),
        (&[], &["Usage: trent <COMMAND>"]),
    ];
    let before = place.tree();
    for (words, said) in table {
        let ended = place.ended(&mut place.command(words));
        assert_eq!(ended.code, Some(2), "{words:?}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stdout, "", "{words:?}");
        for part in *said {
            assert!(ended.stderr.contains(part), "{words:?}: {part:?} is not in: {}", ended.stderr);
        }
    }
    assert!(before == place.tree(), "a start that was not understood made files");
}

#[test]
fn a_variable_that_is_not_understood_is_refused_like_its_option() {
    let place = Place::new();
    for (name, value) in [("TRENT_LISTEN", "4599"), ("TRENT_NO_CREATE", "perhaps"), ("TRENT_ACCOUNT", "12")] {
        let ended = place.ended(place.command(&["serve"]).env(name, value));
        assert_eq!(ended.code, Some(2), "{name}: {}", ended.stderr);
        assert!(ended.stderr.contains(value), "{name}: {}", ended.stderr);
    }
}

#[test]
fn a_quota_holds_wherever_it_is_set() {
    let place = Place::new();
    fs::write(place.path("trent.toml"), "[quotas]\nkeys = 1\n").unwrap();
    let words = ["dev", "--listen", "127.0.0.1:0"];
    let by_file = [&words[..], &["--config", "trent.toml"]].concat();
    let by_option = [&words[..], &["--quota-keys", "1"]].concat();
    let mut by_variable = place.command(&words);
    by_variable.env("TRENT_QUOTA_KEYS", "1");
    for mut command in [place.command(&by_file), place.command(&by_option), by_variable] {
        let running = place.start(&mut command);
        assert_eq!(unsigned(&running, "CreateKey", &json!({})).0, 200);
        let (status, second) = unsigned(&running, "CreateKey", &json!({}));
        assert_eq!((status, second["__type"].as_str()), (400, Some("LimitExceededException")), "{second}");
    }
}

#[test]
fn a_quota_of_requests_holds_wherever_it_is_set() {
    let place = Place::new();
    fs::write(place.path("trent.toml"), "request_quotas = 1\n").unwrap();
    let words = ["dev", "--listen", "127.0.0.1:0"];
    let by_file = [&words[..], &["--config", "trent.toml"]].concat();
    let by_option = [&words[..], &["--request-quotas", "1"]].concat();
    let mut by_variable = place.command(&words);
    by_variable.env("TRENT_REQUEST_QUOTAS", "1");
    for mut command in [place.command(&by_file), place.command(&by_option), by_variable] {
        let running = place.start(&mut command);
        // One a second: sooner or later two come in the same one.
        let told = (0..100_000).map(|_| unsigned(&running, "ListKeys", &json!({}))).find(|(status, _)| *status != 200);
        let (status, told) = told.expect("a request is one too many");
        assert_eq!((status, told["__type"].as_str()), (400, Some("ThrottlingException")), "{told}");
    }
}

#[test]
fn the_quota_of_grants_holds_wherever_it_is_set() {
    let place = Place::new();
    fs::write(place.path("trent.toml"), "[quotas]\ngrants_per_key = 1\n").unwrap();
    let words = ["dev", "--listen", "127.0.0.1:0"];
    let by_file = [&words[..], &["--config", "trent.toml"]].concat();
    let by_option = [&words[..], &["--quota-grants-per-key", "1"]].concat();
    let mut by_variable = place.command(&words);
    by_variable.env("TRENT_QUOTA_GRANTS_PER_KEY", "1");
    for mut command in [place.command(&by_file), place.command(&by_option), by_variable] {
        let running = place.start(&mut command);
        let (status, key) = unsigned(&running, "CreateKey", &json!({}));
        assert_eq!(status, 200, "{key}");
        let grant = |operation: &str| {
            let grantee = "arn:aws:iam::000000000000:root";
            let asked =
                json!({ "KeyId": key["KeyMetadata"]["KeyId"], "GranteePrincipal": grantee, "Operations": [operation] });
            unsigned(&running, "CreateGrant", &asked)
        };
        let (status, first) = grant("Encrypt");
        assert_eq!(status, 200, "{first}");
        let (status, second) = grant("Decrypt");
        assert_eq!((status, second["__type"].as_str()), (400, Some("LimitExceededException")), "{second}");
    }
}
