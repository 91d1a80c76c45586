//! What the first start of `serve` makes and says, and that no later one does it again.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Place, credential};

#[test]
fn the_first_start_says_where_everything_is_and_what_to_do() {
    let place = Place::new();
    let running = place.serve(&[]);
    let said = running.stderr();
    let (secrets, data) = (place.path("trent-secrets"), place.path("trent-data"));
    for words in [
        data.join("store.db").display().to_string(),
        secrets.join("seal.key").display().to_string(),
        secrets.join("credentials").display().to_string(),
        "Without the seal key nothing in the store can ever be read: copy it to another place now.".to_owned(),
        format!("export AWS_SHARED_CREDENTIALS_FILE={}", secrets.join("credentials").display()),
        format!("aws --endpoint-url {} kms list-keys", running.url()),
    ] {
        assert!(said.contains(&words), "{words:?} is not in: {said}");
    }
    let secret = credential(&secrets.join("credentials"), "aws_secret_access_key").unwrap();
    assert!(!said.contains(&secret), "the secret was printed");
    assert_eq!(running.stop(), Some(0));

    let again = place.serve(&[]);
    assert!(!again.stderr().contains("first start"), "{}", again.stderr());
}

#[test]
fn everything_is_closed_to_others_under_any_umask() {
    for umask in ["000", "022", "077", "777"] {
        let place = Place::new();
        let program = place.command(&[]);
        let mut command = std::process::Command::new("sh");
        command.arg("-c").arg(format!("umask {umask}; exec \"$0\" serve --listen 127.0.0.1:0"));
        command.arg(program.get_program()).current_dir(place.path(""));
        let running = place.start(&mut command);
        for name in ["trent-data", "trent-secrets"] {
            let mode = fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o7777;
            assert_eq!(mode, 0o700, "{name} under umask {umask}");
        }
        for (path, (mode, _)) in place.tree() {
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, expected, "{} under umask {umask}", path.display());
        }
        assert_eq!(running.stop(), Some(0));
    }
}

#[test]
fn the_account_is_drawn_once_and_kept() {
    let place = Place::new();
    let first = place.serve(&[]);
    let said = first.stderr();
    let account = said.split("account ").nth(1).unwrap()[..12].to_owned();
    assert!(account.bytes().all(|byte| byte.is_ascii_digit()), "{said}");
    assert_eq!(first.stop(), Some(0));
    // Naming the account that is there is no request for another one.
    assert_eq!(place.serve(&["--account", &account, "--no-create"]).stop(), Some(0));
}

#[test]
fn the_account_may_be_chosen_at_the_first_start() {
    let place = Place::new();
    let running = place.serve(&["--account", "123456789012"]);
    assert!(running.stderr().contains("account 123456789012 was made"), "{}", running.stderr());
}

#[test]
fn the_credentials_name_region_and_a_fixed_port() {
    let place = Place::new();
    let running = place.serve(&["--region", "eu-central-1"]);
    let file = place.path("trent-secrets/credentials");
    assert_eq!(credential(&file, "region").as_deref(), Some("eu-central-1"));
    assert_eq!(credential(&file, "endpoint_url"), None, "this port is another one next time");
    let port = running.port().to_string();
    assert_eq!(running.stop(), Some(0));

    let fixed = Place::new();
    let address = format!("127.0.0.1:{port}");
    let running = fixed.start(&mut fixed.command(&["serve", "--listen", &address]));
    assert_eq!(running.ready, format!("trent: listening on http://{address}"));
    let file = fixed.path("trent-secrets/credentials");
    assert_eq!(credential(&file, "region").as_deref(), Some("us-east-1"));
    assert_eq!(credential(&file, "endpoint_url"), Some(format!("http://{address}")));
}

#[test]
fn a_later_start_changes_no_secret() {
    let place = Place::used();
    let before = place.tree();
    assert_eq!(place.serve(&["--region", "eu-west-3"]).stop(), Some(0));
    for name in ["trent-secrets/seal.key", "trent-secrets/credentials"] {
        assert_eq!(place.tree()[&place.path(name)], before[&place.path(name)], "{name}");
    }
}
