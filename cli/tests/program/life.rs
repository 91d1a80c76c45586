//! From the ready line to the end.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use rustix::process::Signal;

use crate::harness::{Place, Running};

fn ask(running: &Running, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", running.port())).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn whoever_saw_the_ready_line_gets_an_answer() {
    for running in [Place::new().dev(&[]), Place::new().serve(&[])] {
        assert_eq!(running.ready, format!("trent: listening on {}", running.url()));
        for path in ["/healthz", "/readyz"] {
            let answer = ask(&running, path);
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        }
    }
}

#[test]
fn either_signal_ends_it_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let place = Place::new();
        let mut running = place.serve(&[]);
        running.signal(signal);
        assert_eq!(running.end(), Some(0), "{signal:?}: {}", running.stderr());
    }
}

#[test]
fn an_ended_process_leaves_its_store_in_one_file() {
    let place = Place::new();
    for _ in 0..5 {
        assert_eq!(place.serve(&[]).stop(), Some(0));
        let mut names: Vec<_> = fs::read_dir(place.path("trent-data"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["audit", "lock", "store.db"], "whoever copies the directory now copies a whole store");
    }
}

#[test]
fn a_killed_process_leaves_a_directory_that_opens() {
    let place = Place::new();
    let mut running = place.serve(&[]);
    running.signal(Signal::KILL);
    assert_eq!(running.end(), None);
    assert_eq!(place.serve(&["--no-create"]).stop(), Some(0));
}

#[test]
fn both_directories_in_another_place_start() {
    let place = Place::used();
    let moved = Place::new();
    for name in ["trent-data", "trent-secrets"] {
        fs::rename(place.path(name), moved.path(name)).unwrap();
    }
    assert_eq!(moved.serve(&["--no-create"]).stop(), Some(0));
}

#[test]
fn dev_is_open_says_so_and_leaves_no_file() {
    let place = Place::new();
    let running = place.dev(&["--region", "eu-west-1"]);
    let said = running.stderr();
    for words in [
        "open to everybody",
        "in memory",
        &format!("AWS_ENDPOINT_URL_KMS={} ", running.url()),
        "AWS_ACCESS_KEY_ID=test",
        "AWS_SECRET_ACCESS_KEY=test",
        "AWS_REGION=eu-west-1",
        "AWS_DEFAULT_REGION=eu-west-1",
    ] {
        assert!(said.contains(words), "{words:?} is not in: {said}");
    }
    assert_eq!(running.stop(), Some(0));
    assert!(place.tree().is_empty());
}

#[test]
fn dev_keeps_its_keys_where_it_is_told_and_says_where() {
    let place = Place::new();
    let store = place.path("keys/store.db").display().to_string();
    for _ in 0..2 {
        let running = place.dev(&["--data", "keys"]);
        let said = running.stderr();
        assert!(said.contains("open to everybody") && said.contains(&store), "{said}");
        assert!(said.contains(&place.path("keys-secrets/seal.key").display().to_string()), "{said}");
        assert_eq!(running.stop(), Some(0));
    }
    assert!(!place.path("keys-secrets/credentials").exists(), "dev takes any credentials and makes none");
}

#[test]
fn an_address_that_others_reach_is_served_when_told_so_and_says_what_that_means() {
    let place = Place::new();
    let running = place.start(&mut place.command(&["serve", "--listen", "0.0.0.0:0", "--insecure-listen"]));
    assert!(running.stderr().contains("nothing is encrypted on the way"), "{}", running.stderr());
    assert!(running.ready.starts_with("trent: listening on http://0.0.0.0:"), "{}", running.ready);
}

#[test]
fn a_running_process_leaves_no_core() {
    let running = Place::new().dev(&[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.pid())).unwrap();
    let core: Vec<_> =
        limits.lines().find(|line| line.starts_with("Max core file size")).unwrap().split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"], "{limits}");
}
