//! Never a second KMS by accident: each refusal with what leads to it. All of them leave everything as it was.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::harness::{Ended, Place};

struct Row {
    name: &'static str,
    place: fn() -> Place,
    arrange: fn(&Place),
    words: &'static [&'static str],
    said: &'static [&'static str],
}

const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0"];

const ROWS: &[Row] = &[
    Row {
        name: "no store may be made",
        place: Place::new,
        arrange: |_| {},
        words: &["serve", "--listen", "127.0.0.1:0", "--no-create"],
        said: &["no store in", "trent-data", "--no-create"],
    },
    Row {
        name: "nor in an empty directory",
        place: Place::new,
        arrange: |place| fs::create_dir(place.path("trent-data")).unwrap(),
        words: &["serve", "--listen", "127.0.0.1:0", "--no-create"],
        said: &["no store in", "--no-create"],
    },
    Row {
        name: "an absent store beside a seal key",
        place: Place::used,
        arrange: |place| fs::remove_dir_all(place.path("trent-data")).unwrap(),
        words: SERVE,
        said: &["volume may not be mounted", "seal.key", "trent-data"],
    },
    Row {
        name: "an empty directory beside a seal key",
        place: Place::used,
        arrange: |place| {
            fs::remove_dir_all(place.path("trent-data")).unwrap();
            fs::create_dir(place.path("trent-data")).unwrap();
        },
        words: SERVE,
        said: &["volume may not be mounted", "seal.key"],
    },
    Row {
        name: "a store without its seal key",
        place: Place::used,
        arrange: |place| fs::remove_file(place.path("trent-secrets/seal.key")).unwrap(),
        words: SERVE,
        said: &["seal key", "missing", "copy"],
    },
    Row {
        name: "another store's seal key",
        place: Place::used,
        arrange: |place| {
            let other = Place::used();
            fs::copy(other.path("trent-secrets/seal.key"), place.path("trent-secrets/seal.key")).unwrap();
        },
        words: SERVE,
        said: &["seal.key does not open", "store.db"],
    },
    Row {
        name: "another store's data",
        place: Place::used,
        arrange: |place| {
            let other = Place::used();
            fs::remove_dir_all(place.path("trent-data")).unwrap();
            fs::rename(other.path("trent-data"), place.path("trent-data")).unwrap();
        },
        words: SERVE,
        said: &["seal.key does not open", "store.db"],
    },
    Row {
        name: "a store file cut short",
        place: Place::used,
        arrange: |place| {
            let store = place.path("trent-data/store.db");
            let bytes = fs::read(&store).unwrap();
            fs::write(&store, &bytes[..bytes.len() / 2]).unwrap();
        },
        words: SERVE,
        said: &["store.db", "damaged"],
    },
    Row {
        name: "a store file that is something else",
        place: Place::used,
        arrange: |place| fs::write(place.path("trent-data/store.db"), b"not a database, but long enough").unwrap(),
        words: SERVE,
        said: &["store.db"],
    },
    Row {
        name: "a directory with other files",
        place: Place::new,
        arrange: |place| {
            fs::create_dir(place.path("trent-data")).unwrap();
            fs::write(place.path("trent-data/letter.txt"), b"dear").unwrap();
        },
        words: SERVE,
        said: &["letter.txt", "not empty"],
    },
    Row {
        name: "somebody's credentials",
        place: Place::new,
        arrange: |place| {
            fs::create_dir(place.path("trent-secrets")).unwrap();
            fs::write(place.path("trent-secrets/credentials"), b"[default]\n").unwrap();
        },
        words: SERVE,
        said: &["credentials exists", "overwritten"],
    },
    Row {
        name: "a first start that was cut",
        place: Place::new,
        arrange: |place| {
            fs::create_dir(place.path("trent-secrets")).unwrap();
            fs::write(place.path("trent-secrets/seal.key.new"), b"trent se").unwrap();
        },
        words: SERVE,
        said: &["cut short", "remove", "seal.key.new", "start again"],
    },
    Row {
        name: "a data directory that is a file",
        place: Place::new,
        arrange: |place| fs::write(place.path("trent-data"), b"").unwrap(),
        words: SERVE,
        said: &["trent-data", "directory"],
    },
    Row {
        name: "another account",
        place: Place::used,
        arrange: |_| {},
        words: &["serve", "--listen", "127.0.0.1:0", "--account", "000000000001"],
        said: &["000000000001", "never changes", "--account"],
    },
    Row {
        name: "dev on a store of serve",
        place: Place::used,
        arrange: |_| {},
        words: &["dev", "--listen", "127.0.0.1:0", "--data", "trent-data"],
        said: &["made by `trent serve`", "--data"],
    },
    Row {
        name: "dev on a store of serve with its secrets",
        place: Place::used,
        arrange: |_| {},
        words: &["dev", "--listen", "127.0.0.1:0", "--data", "trent-data", "--secrets", "trent-secrets"],
        said: &["made by `trent serve`", "--data"],
    },
    Row {
        name: "serve on a store of dev",
        place: || {
            let place = Place::new();
            assert_eq!(place.dev(&["--data", "trent-data", "--secrets", "trent-secrets"]).stop(), Some(0));
            place
        },
        arrange: |_| {},
        words: SERVE,
        said: &["made by `trent dev`", "--data"],
    },
    Row {
        name: "dev with a store of no seal key",
        place: || {
            let place = Place::new();
            assert_eq!(place.dev(&["--data", "keys"]).stop(), Some(0));
            place
        },
        arrange: |place| fs::remove_dir_all(place.path("keys-secrets")).unwrap(),
        words: &["dev", "--listen", "127.0.0.1:0", "--data", "keys"],
        said: &["seal key", "missing", "keys-secrets"],
    },
    Row {
        name: "secrets inside the data",
        place: Place::new,
        arrange: |_| {},
        words: &["serve", "--listen", "127.0.0.1:0", "--secrets", "trent-data/secrets"],
        said: &["one copy would take both"],
    },
    Row {
        name: "an address that others reach",
        place: Place::new,
        arrange: |_| {},
        words: &["serve", "--listen", "0.0.0.0:0"],
        said: &["0.0.0.0:0", "TLS is still to come", "--insecure-listen"],
    },
    Row {
        name: "an address that others reach, in dev",
        place: Place::new,
        arrange: |_| {},
        words: &["dev", "--listen", "[::]:0"],
        said: &["[::]:0", "TLS is still to come", "--insecure-listen"],
    },
];

#[test]
fn a_refused_start_is_one_sentence_and_changes_nothing() {
    for row in ROWS {
        let place = (row.place)();
        (row.arrange)(&place);
        let before = place.tree();
        assert_refused(row.name, &place.ended(&mut place.command(row.words)), row.said);
        assert!(before == place.tree(), "{}: something was changed, made or removed", row.name);
    }
}

fn assert_refused(name: &str, ended: &Ended, said: &[&str]) {
    assert_eq!(ended.code, Some(1), "{name}: {}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.stdout, "", "{name}");
    let sentence = ended.stderr.strip_prefix("trent: ").unwrap_or_else(|| panic!("{name}: {}", ended.stderr));
    assert_eq!(sentence.matches('\n').count(), 1, "{name}: not one line: {sentence}");
    for words in said {
        assert!(sentence.contains(words), "{name}: {words:?} is not in: {sentence}");
    }
}

#[test]
fn a_seal_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::used();
    fs::set_permissions(place.path("trent-secrets/seal.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert_refused("readable", &place.ended(&mut place.command(SERVE)), &["mode 0644", "chmod 600"]);
}

#[test]
fn a_directory_in_use_is_refused_naming_the_process() {
    let place = Place::new();
    let first = place.serve(&[]);
    let before = place.tree();
    let pid = format!("process {}", first.pid());
    assert_refused("in use", &place.ended(&mut place.command(SERVE)), &["trent-data", &pid]);
    let dev = ["dev", "--listen", "127.0.0.1:0", "--data", "trent-data"];
    assert_refused("in use, dev", &place.ended(&mut place.command(&dev)), &["trent-data", &pid]);
    assert_eq!(before.keys().collect::<Vec<_>>(), place.tree().keys().collect::<Vec<_>>());
    assert_eq!(first.stop(), Some(0));
    assert_eq!(place.serve(&[]).stop(), Some(0));
}

#[test]
fn a_port_in_use_is_named_and_leaves_nothing_behind() {
    let taken = Place::new().dev(&[]);
    let address = format!("127.0.0.1:{}", taken.port());
    let place = Place::new();
    let ended = place.ended(&mut place.command(&["serve", "--listen", &address]));
    assert_refused("port in use", &ended, &[&taken.port().to_string(), "in use", "--listen"]);
    assert!(place.tree().is_empty(), "a start that did not get its port made files");
}

#[test]
fn of_many_first_starts_at_once_one_makes_the_store() {
    let place = Place::new();
    let (place, words) = (&place, &[SERVE, &["--log", "off"]].concat());
    let start = || {
        let mut child = place.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        (child, ready)
    };
    let ended: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let mut ready = 0;
    for (mut child, line) in ended {
        if line.starts_with("trent: listening") {
            ready += 1;
            child.kill().unwrap();
            child.wait().unwrap();
        } else {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("in use by process") || said.contains("another first start"), "{said}");
        }
    }
    assert_eq!(ready, 1, "one store has one process");
    assert_eq!(place.serve(&["--no-create"]).stop(), Some(0));
}
