//! Starts of every kind in directories of their own. A start is compared with what it left on the disk, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crypto::SystemRandom;
use store::{Batch, Outcome};
use tempfile::TempDir;

use super::*;

const NOW: Time = Time(1_764_000_000_000);

struct Place {
    _root: TempDir,
    home: Home,
}

impl Place {
    fn new() -> Place {
        let root = TempDir::new().unwrap();
        let home = Home { data: root.path().join("trent-data"), secrets: root.path().join("trent-secrets") };
        Place { _root: root, home }
    }

    /// A place where `serve` was started and stopped.
    fn used() -> Place {
        let place = Place::new();
        place.start(&serve()).unwrap();
        place
    }

    fn start(&self, terms: &Terms) -> Result<Opened, Refusal> {
        now(open(&self.home, terms, &SystemRandom, NOW))
    }

    fn refusal(&self, terms: &Terms) -> String {
        self.start(terms).err().expect("this start must be refused").to_string()
    }

    /// Everything that is there, with its mode, but for what is in the lock.
    fn snapshot(&self) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let mut found = BTreeMap::new();
        walk(self.home.data.parent().unwrap(), &mut found);
        found
    }

    fn store_row(&self) -> serde_json::Value {
        let store = Sqlite::open(&self.home.store()).unwrap();
        now(async {
            let at = store.revision().await.unwrap();
            serde_json::from_slice(&store.get(at, b"y\0store").await.unwrap().unwrap().value).unwrap()
        })
    }

    /// Writes a row behind Trent's back, as somebody who has the disk can.
    fn overwrite(&self, row: &[u8], value: Option<Vec<u8>>) {
        let store = Sqlite::open(&self.home.store()).unwrap();
        now(async {
            let at = store.revision().await.unwrap();
            let revision = store.get(at, row).await.unwrap().map_or(0, |entry| entry.revision);
            let expect = vec![(row.to_vec(), revision)];
            let batch = match value {
                Some(value) => Batch { expect, puts: vec![(row.to_vec(), value.into())], deletes: vec![] },
                None => Batch { expect, puts: vec![], deletes: vec![row.to_vec()] },
            };
            assert!(matches!(store.commit(batch).await, Ok(Outcome::Committed { .. })));
        });
    }

    fn edit_store_row(&self, member: &str, value: serde_json::Value) {
        let mut row = self.store_row();
        row[member] = value;
        self.overwrite(b"y\0store", Some(serde_json::to_vec(&row).unwrap()));
    }

    fn rows_under(&self, prefix: &[u8]) -> Vec<Vec<u8>> {
        let store = Sqlite::open(&self.home.store()).unwrap();
        now(async {
            let at = store.revision().await.unwrap();
            let page = store.scan(at, prefix, None, 10).await.unwrap();
            page.entries.iter().map(|entry| entry.key.clone()).collect()
        })
    }
}

fn walk(path: &Path, found: &mut BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let mode = path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
        if path.is_dir() {
            found.insert(path.clone(), (mode, Vec::new()));
            walk(&path, found);
        } else if path.file_name().unwrap() == "lock" {
            found.insert(path, (mode, Vec::new()));
        } else if !path.to_string_lossy().ends_with("-shm") {
            found.insert(path.clone(), (mode, fs::read(&path).unwrap()));
        }
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn serve() -> Terms {
    Terms { mode: Mode::Serve, create: true, account: None, region: "us-east-1".to_owned(), endpoint: None }
}

fn dev() -> Terms {
    Terms { mode: Mode::Dev, ..serve() }
}

fn no_create() -> Terms {
    Terms { create: false, ..serve() }
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_first_start_makes_one_account_that_every_later_start_has() {
    let place = Place::new();
    let first = place.start(&serve()).unwrap();
    let (account, store_id) = (first.account.clone(), first.store_id);
    let id = first.first_start.as_ref().unwrap().access_key_id.clone().unwrap();
    assert!(Account::parse(&account).is_some() && !account.starts_with('0'), "{account}");
    drop(first);

    let second = place.start(&no_create()).unwrap();
    assert_eq!((second.account.as_str(), second.store_id), (account.as_str(), store_id));
    assert!(second.first_start.is_none());

    let keys = second.store_key.records(store_id);
    let (stored, record) = now(rows::read_first_access_key(&place.home, &*second.store, &keys)).unwrap();
    assert_eq!((stored, record.account.as_str(), record.active, record.created), (id, account.as_str(), true, NOW.0));
}

#[test]
fn the_account_may_be_chosen_once() {
    let place = Place::new();
    let chosen = |account: &str| Terms { account: Account::parse(account), ..serve() };
    assert_eq!(place.start(&chosen("012345678901")).unwrap().account, "012345678901");
    assert_eq!(place.start(&chosen("012345678901")).unwrap().account, "012345678901");
    let refused = place.refusal(&chosen("111122223333"));
    assert!(refused.contains("012345678901, not 111122223333"), "{refused}");
}

#[test]
fn the_credentials_file_is_one_that_aws_clients_read() {
    let place = Place::new();
    let terms = Terms { region: "eu-north-1".into(), endpoint: Some("http://127.0.0.1:4599".into()), ..serve() };
    let id = place.start(&terms).unwrap().first_start.unwrap().access_key_id.unwrap();
    let text = fs::read_to_string(place.home.credentials()).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "[default]");
    assert_eq!(lines[1], format!("aws_access_key_id = {id}"));
    assert!(
        id.len() == 20 && id.starts_with("AKIA") && id[4..].bytes().all(|c| matches!(c, b'A'..=b'Z' | b'2'..=b'7'))
    );
    let secret = lines[2].strip_prefix("aws_secret_access_key = ").unwrap();
    assert!(secret.len() == 40 && secret.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/')));
    assert_eq!(lines[3..], ["region = eu-north-1", "endpoint_url = http://127.0.0.1:4599"]);
}

#[test]
fn a_port_that_changes_is_not_in_the_credentials() {
    let place = Place::used();
    assert!(!fs::read_to_string(place.home.credentials()).unwrap().contains("endpoint_url"));
}

#[test]
fn everything_that_a_first_start_makes_is_closed_to_others() {
    for terms in [serve(), dev()] {
        let place = Place::new();
        let home = Home { data: place.home.data.join("deep/down"), secrets: place.home.secrets.clone() };
        let opened = now(open(&home, &terms, &SystemRandom, NOW)).unwrap();
        for (path, (mode, _)) in place.snapshot() {
            assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        }
        drop(opened);
    }
}

#[test]
fn an_empty_directory_is_closed_when_a_store_is_made_in_it() {
    let place = Place::new();
    fs::create_dir_all(place.home.data.join("lost+found")).unwrap();
    fs::create_dir(&place.home.secrets).unwrap();
    chmod(&place.home.data, 0o755);
    chmod(&place.home.secrets, 0o755);
    place.start(&serve()).unwrap();
    assert_eq!(files::mode(&place.home.data).unwrap(), 0o700);
    assert_eq!(files::mode(&place.home.secrets).unwrap(), 0o700);
}

#[test]
fn dev_makes_a_seal_key_and_no_credentials() {
    let place = Place::new();
    let opened = place.start(&dev()).unwrap();
    assert_eq!(opened.account, OPEN_ACCOUNT);
    assert!(opened.first_start.unwrap().access_key_id.is_none());
    assert_eq!(names(&place.home.secrets), ["seal.key"]);
}

#[test]
fn two_stores_have_nothing_in_common() {
    let (a, b) = (in_memory(&SystemRandom), in_memory(&SystemRandom));
    assert_ne!(a.store_id, b.store_id);
    assert_ne!(a.store_key.blind("test", b"same"), b.store_key.blind("test", b"same"));
}

/// The table of starts, cell by cell.
#[test]
fn every_finding_has_its_decision() {
    let place = Place::new();
    let credentials = Secrets::Credentials(place.home.credentials());
    let entry = Data::Other("photos".to_owned());
    let table = [
        (Data::Absent, Secrets::Nothing, "create"),
        (Data::Absent, Secrets::SealKey, "may not be mounted"),
        (Data::Absent, Secrets::Unfinished, "seal.key.new and start again"),
        (Data::Absent, credentials.clone(), "no secret is ever overwritten"),
        (Data::Empty, Secrets::Nothing, "create"),
        (Data::Empty, Secrets::SealKey, "may not be mounted"),
        (Data::Empty, Secrets::Unfinished, "seal.key.new and start again"),
        (Data::Empty, credentials.clone(), "no secret is ever overwritten"),
        (Data::Store, Secrets::Nothing, "open, its seal key missing"),
        (Data::Store, Secrets::SealKey, "open"),
        (Data::Store, Secrets::Unfinished, "open and finish"),
        (Data::Store, credentials.clone(), "open, its seal key missing"),
        (entry.clone(), Secrets::Nothing, "is not empty (it has \"photos\")"),
        (entry.clone(), Secrets::SealKey, "is not empty (it has \"photos\")"),
        (entry.clone(), Secrets::Unfinished, "is not empty (it has \"photos\")"),
        (entry, credentials, "is not empty (it has \"photos\")"),
    ];
    for (data, secrets, decision) in table {
        for may_create in [true, false] {
            let found = (data.clone(), secrets.clone());
            let (expected, decided) = match decide(&place.home, found, may_create) {
                Ok(Plan::Create) => (decision, "create".to_owned()),
                Ok(Plan::Open(Seal::Named)) => (decision, "open".to_owned()),
                Ok(Plan::Open(Seal::Unfinished)) => (decision, "open and finish".to_owned()),
                Ok(Plan::Open(Seal::Missing)) => (decision, "open, its seal key missing".to_owned()),
                Err(Refusal::NoCreate { .. }) if !may_create && decision == "create" => continue,
                Err(refusal) => (decision, refusal.to_string()),
            };
            assert!(decided.contains(expected), "{data:?}, {secrets:?}, may create: {may_create}: {decided}");
            assert!(may_create || decided != "create", "--no-create made a store: {data:?}, {secrets:?}");
        }
    }
}

/// Each refusal with what leads to it. What it must not do is the same for all: change anything.
#[test]
fn a_refused_start_says_what_to_do_and_changes_nothing() {
    type Arrange = fn(&Place);
    let table: [(&str, Arrange, Terms, &[&str]); 23] = [
        ("no store and none allowed", |_| {}, no_create(), &["no store in", "--no-create"]),
        (
            "an empty directory and none allowed",
            |place| fs::create_dir(&place.home.data).unwrap(),
            no_create(),
            &["no store in", "--no-create"],
        ),
        (
            "absent store",
            |place| fs::remove_dir_all(&place.home.data).unwrap(),
            serve(),
            &["may not be mounted", "seal.key", "trent-data"],
        ),
        (
            "empty directory",
            |place| {
                fs::remove_dir_all(&place.home.data).unwrap();
                fs::create_dir(&place.home.data).unwrap();
            },
            serve(),
            &["may not be mounted", "--secrets"],
        ),
        (
            "store file of no bytes",
            |place| {
                remove_store(place);
                fs::write(place.home.store(), b"").unwrap();
            },
            serve(),
            &["store.db is damaged", "cut short"],
        ),
        (
            "store in which nothing was ever written",
            |place| {
                remove_store(place);
                drop(Sqlite::open(&place.home.store()).unwrap());
            },
            serve(),
            &["is empty although there is a seal key", "from a copy"],
        ),
        (
            "store in which nothing was ever written, no seal key",
            |place| {
                remove_store(place);
                drop(Sqlite::open(&place.home.store()).unwrap());
                fs::remove_file(place.home.seal_key()).unwrap();
            },
            serve(),
            &["store.db is empty", "remove it"],
        ),
        (
            "log whose store is gone",
            |place| fs::rename(place.home.store(), place.home.data.join("store.db-wal")).unwrap(),
            serve(),
            &["store.db is missing", "log"],
        ),
        (
            "no store among other files",
            |place| {
                fs::create_dir_all(&place.home.data).unwrap();
                fs::write(place.home.data.join("notes.txt"), b"mine").unwrap();
            },
            serve(),
            &["notes.txt", "not empty", "--data"],
        ),
        ("an audit trail whose store is gone", |place| remove_store(place), serve(), &["audit", "not empty"]),
        (
            "credentials that somebody keeps there",
            |place| {
                fs::create_dir(&place.home.secrets).unwrap();
                fs::write(place.home.credentials(), b"[default]\n").unwrap();
            },
            serve(),
            &["credentials", "no secret is ever overwritten"],
        ),
        (
            "missing seal key",
            |place| fs::remove_file(place.home.seal_key()).unwrap(),
            serve(),
            &["the seal key of", "store.db is missing", "seal.key"],
        ),
        (
            "seal key of another store",
            |place| {
                let other = Place::used();
                fs::copy(other.home.seal_key(), place.home.seal_key()).unwrap();
            },
            serve(),
            &["seal.key does not open", "store.db"],
        ),
        (
            "damaged seal key",
            |place| fs::write(place.home.seal_key(), b"not a key\n").unwrap(),
            serve(),
            &["seal.key: ", "seal key file"],
        ),
        (
            "seal key that others may read",
            |place| chmod(&place.home.seal_key(), 0o640),
            serve(),
            &["mode 0640", "chmod 600"],
        ),
        ("dev on a store of serve", |_| {}, dev(), &["made by `trent serve`", "--data"]),
        (
            "dev on a store of serve whose key lies elsewhere",
            |place| fs::remove_dir_all(&place.home.secrets).unwrap(),
            dev(),
            &["made by `trent serve`"],
        ),
        (
            "newer format",
            |place| place.edit_store_row("format", 2.into()),
            serve(),
            &["newer version of Trent", "format 2; this one reads 1", "upgrade"],
        ),
        (
            "newer format with members of its own",
            |place| {
                place.edit_store_row("format", 7.into());
                place.edit_store_row("quorum", 3.into());
            },
            serve(),
            &["newer version of Trent", "format 7"],
        ),
        ("unknown member", |place| place.edit_store_row("quorum", 3.into()), serve(), &["record y/store", "damaged"]),
        ("first row gone", |place| place.overwrite(b"y\0store", None), serve(), &["record y/store", "damaged"]),
        (
            "damaged account",
            |place| place.overwrite(&place.rows_under(b"y\0account\0")[0], Some(vec![1; 40])),
            serve(),
            &["record y/account/", "damaged"],
        ),
        (
            "a file where the data directory should be",
            |place| {
                fs::remove_dir_all(&place.home.data).unwrap();
                fs::write(&place.home.data, b"").unwrap();
            },
            serve(),
            &["cannot", "trent-data"],
        ),
    ];
    let fresh = [
        "no store and none allowed",
        "an empty directory and none allowed",
        "no store among other files",
        "credentials that somebody keeps there",
    ];
    for (name, arrange, terms, words) in table {
        let place = if fresh.contains(&name) { Place::new() } else { Place::used() };
        arrange(&place);
        let before = place.snapshot();
        let said = place.refusal(&terms);
        for word in words {
            assert!(said.contains(word), "{name}: {word:?} is not in: {said}");
        }
        assert!(!said.contains('\n'), "{name}: more than a sentence: {said}");
        assert_unchanged(name, &before, &place.snapshot());
    }
}

fn remove_store(place: &Place) {
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", place.home.store().display()));
    }
}

fn assert_unchanged(name: &str, before: &BTreeMap<PathBuf, (u32, Vec<u8>)>, after: &BTreeMap<PathBuf, (u32, Vec<u8>)>) {
    let empty_wal = |path: &Path, bytes: &[u8]| path.to_string_lossy().ends_with("-wal") && bytes.is_empty();
    let paths = |tree: &BTreeMap<PathBuf, (u32, Vec<u8>)>| {
        tree.iter()
            .filter(|(path, (_, bytes))| !empty_wal(path, bytes) && !path.ends_with("lock"))
            .map(|(path, found)| (path.clone(), found.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    let (before, after) = (paths(before), paths(after));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{name}: files came or went");
    for (path, found) in before {
        assert!(after[&path] == found, "{name}: {} was changed", path.display());
    }
}

#[test]
fn serve_refuses_what_dev_made() {
    let place = Place::new();
    place.start(&dev()).unwrap();
    let said = place.refusal(&serve());
    assert!(said.contains("made by `trent dev`"), "{said}");
    place.start(&dev()).unwrap();
}

#[test]
fn an_edited_row_does_not_open_with_the_right_key() {
    for (member, value) in [
        ("store_id", serde_json::json!("00000000000000000000000000000000")),
        ("generation", serde_json::json!(2)),
        ("wrapped_store_key", serde_json::json!("00".repeat(60))),
    ] {
        let place = Place::used();
        place.edit_store_row(member, value);
        let said = place.refusal(&serve());
        assert!(said.contains("does not open"), "{member}: {said}");
    }
    let place = Place::used();
    place.edit_store_row("mode", "dev".into());
    let said = place.refusal(&dev());
    assert!(said.contains("does not open"), "mode: {said}");
}

#[test]
fn a_held_directory_is_refused_naming_who_holds_it() {
    let place = Place::new();
    let first = place.start(&serve()).unwrap();
    let before = place.snapshot();
    let lock = fs::read_to_string(place.home.data.join("lock")).unwrap();
    assert_eq!(lock.trim(), std::process::id().to_string());
    for terms in [serve(), dev(), no_create()] {
        let said = place.refusal(&terms);
        assert!(said.contains(&format!("in use by process {}", std::process::id())), "{said}");
    }
    assert_unchanged("held", &before, &place.snapshot());
    assert_eq!(fs::read_to_string(place.home.data.join("lock")).unwrap(), lock);
    drop(first);
    place.start(&serve()).unwrap();
}

#[test]
fn directories_that_hold_one_another_are_refused() {
    let root = TempDir::new().unwrap();
    for (data, secrets) in [("a", "a"), ("a", "a/b"), ("a/b", "a")] {
        let home = Home { data: root.path().join(data), secrets: root.path().join(secrets) };
        let said = now(open(&home, &serve(), &SystemRandom, NOW)).err().unwrap().to_string();
        assert!(said.contains("one copy would take both"), "{said}");
    }
    assert!(names(root.path()).is_empty());
}

#[test]
fn both_directories_in_another_place_open() {
    let place = Place::used();
    let account = place.start(&serve()).unwrap().account;
    let moved = Place::new();
    fs::rename(&place.home.data, &moved.home.data).unwrap();
    fs::rename(&place.home.secrets, &moved.home.secrets).unwrap();
    assert_eq!(moved.start(&no_create()).unwrap().account, account);
}

const CUTS: [Cut; 9] = [
    Cut::DataDirectory,
    Cut::Lock,
    Cut::SecretsDirectory,
    Cut::SealKeyWritten,
    Cut::StoreFile,
    Cut::Committed,
    Cut::CredentialsWritten,
    Cut::CredentialsNamed,
    Cut::SealKeyNamed,
];

/// How a start goes on after a first start was cut at some point.
#[derive(Debug, PartialEq)]
enum After {
    /// It begins anew: nothing had been made.
    Anew,
    /// It is refused until the files that it names are removed.
    Refused(&'static [&'static str]),
    /// It finishes what was begun.
    Finished,
    /// There was nothing left to do.
    Opened,
}

fn after(cut: Cut) -> After {
    match cut {
        Cut::DataDirectory | Cut::Lock | Cut::SecretsDirectory => After::Anew,
        Cut::SealKeyWritten => After::Refused(&["seal.key.new"]),
        Cut::StoreFile => After::Refused(&["seal.key.new", "store.db"]),
        Cut::Committed | Cut::CredentialsWritten | Cut::CredentialsNamed => After::Finished,
        Cut::SealKeyNamed => After::Opened,
    }
}

fn cut_at(place: &Place, terms: &Terms, cut: Cut) {
    cut::AT.set(Some(cut));
    let outcome = place.start(terms);
    cut::AT.set(None);
    assert!(matches!(outcome, Err(Refusal::Cut)), "the first start does not pass {cut:?}");
}

#[test]
fn a_first_start_cut_anywhere_is_finished_or_refused_and_never_a_second_kms() {
    for cut in CUTS {
        let place = Place::new();
        cut_at(&place, &serve(), cut);
        let begun = matches!(after(cut), After::Finished | After::Opened).then(|| place.store_row());
        if let After::Refused(remove) = after(cut) {
            let Err(Refusal::CutShort { remove: named, .. }) = place.start(&serve()) else {
                panic!("{cut:?}: the next start must name what to remove");
            };
            let said = place.refusal(&serve());
            assert!(remove.iter().all(|file| said.contains(file)), "{cut:?}: {said}");
            named.iter().for_each(|file| fs::remove_file(file).unwrap());
        }
        let opened = place.start(&serve()).unwrap_or_else(|refusal| panic!("{cut:?}: {refusal}"));
        assert_eq!(opened.first_start.is_some(), after(cut) != After::Opened, "{cut:?}");
        assert_eq!(names(&place.home.secrets), ["credentials", "seal.key"], "{cut:?}");
        drop(opened);
        assert!(begun.is_none_or(|row| row == place.store_row()), "{cut:?}: another store was made");
        place.start(&no_create()).unwrap();
    }
}

#[test]
fn a_store_file_that_was_never_finished_is_no_store() {
    let place = Place::new();
    cut_at(&place, &serve(), Cut::SealKeyWritten);
    for name in ["store.db.new", "store.db.new-journal"] {
        fs::write(place.home.data.join(name), b"torn").unwrap();
    }
    let said = place.refusal(&serve());
    assert!(said.contains("cut short") && said.contains("remove") && said.contains("seal.key.new"), "{said}");
    fs::remove_file(place.home.secrets.join("seal.key.new")).unwrap();
    place.start(&serve()).unwrap();
    assert_eq!(names(&place.home.data), ["audit", "lock", "store.db"]);
}

#[test]
fn the_credentials_of_a_finished_start_are_those_of_its_store() {
    for (cut, torn) in [(Cut::Committed, false), (Cut::CredentialsWritten, true), (Cut::CredentialsNamed, false)] {
        let place = Place::new();
        cut_at(&place, &serve(), cut);
        if torn {
            fs::write(place.home.secrets.join("credentials.new"), b"[defau").unwrap();
        }
        let opened = place.start(&Terms { region: "eu-west-1".into(), ..serve() }).unwrap();
        let keys = opened.store_key.records(opened.store_id);
        let (id, record) = now(rows::read_first_access_key(&place.home, &*opened.store, &keys)).unwrap();
        let text = fs::read_to_string(place.home.credentials()).unwrap();
        let secret = String::from_utf8(record.secret.expose().to_vec()).unwrap();
        assert!(text.contains(&id) && text.contains(&secret), "{cut:?}: {text}");
        assert_eq!(opened.first_start.unwrap().access_key_id.unwrap(), id);
    }
}

#[test]
fn an_unfinished_seal_key_of_another_store_finishes_nothing() {
    let (place, other) = (Place::new(), Place::new());
    cut_at(&place, &serve(), Cut::Committed);
    cut_at(&other, &serve(), Cut::Committed);
    let unfinished = place.home.secrets.join("seal.key.new");
    fs::copy(other.home.secrets.join("seal.key.new"), &unfinished).unwrap();
    let before = place.snapshot();
    let said = place.refusal(&serve());
    assert!(said.contains("seal.key.new does not open"), "{said}");
    assert_unchanged("foreign seal.key.new", &before, &place.snapshot());
}

#[test]
fn foreign_credentials_are_in_the_way_of_finishing() {
    let place = Place::new();
    cut_at(&place, &serve(), Cut::Committed);
    fs::write(place.home.credentials(), b"[default]\naws_access_key_id = AKIAFOREIGN\n").unwrap();
    let said = place.refusal(&serve());
    assert!(said.contains("credentials exists"), "{said}");
    fs::remove_file(place.home.credentials()).unwrap();
    place.start(&serve()).unwrap();
}

/// Rows as the first version of the program wrote them, whose one account was its only one.
#[test]
fn a_store_of_the_first_format_opens() {
    let place = Place::used();
    let opened = place.start(&no_create()).unwrap();
    let (account, keys) = (opened.account.clone(), opened.store_key.records(opened.store_id));
    drop(opened);
    let account_text = r#"{"v":1,"created":1764000000000}"#.to_owned();
    let key_text =
        format!(r#"{{"v":1,"account":"{account}","secret":"wJalr/+","created":1764000000000,"active":true}}"#);
    for (row, text) in [
        (iam::rows::account(&account), Some(account_text)),
        (iam::rows::access_key("AKIAOLDER"), Some(key_text)),
        (place.rows_under(b"ia\0")[0].clone(), None),
        (place.rows_under(b"ii\0")[0].clone(), None),
    ] {
        place.overwrite(&row, text.map(|text| keys.seal(&row, 1, FIRST_GENERATION, text.as_bytes(), &SystemRandom)));
    }
    let opened = place.start(&no_create()).unwrap();
    assert_eq!(opened.account, account);
    let (id, key) = now(rows::read_first_access_key(&place.home, &*opened.store, &keys)).unwrap();
    assert_eq!((id.as_str(), key.secret.expose(), key.owner), ("AKIAOLDER", &b"wJalr/+"[..], iam::record::Owner::Root));
    let (_, record) = now(rows::read_management_account(&place.home, &*opened.store, &keys)).unwrap();
    let facts = iam::record::AccessKeyFacts { active: true, created: 1_764_000_000_000 };
    assert!(record.management);
    assert_eq!(record.access_keys, [("AKIAOLDER".to_owned(), facts)].into(), "the account lists its key from now on");
    let at = now(opened.store.revision()).unwrap();
    drop(opened);
    let again = place.start(&no_create()).unwrap();
    assert_eq!(now(again.store.revision()).unwrap(), at, "once is enough");
}

/// Other accounts and access keys sort before and after those of the first start.
#[test]
fn the_account_of_a_store_is_the_one_that_others_are_managed_from() {
    use iam::Stored;
    let place = Place::used();
    let opened = place.start(&no_create()).unwrap();
    let (account, keys) = (opened.account.clone(), opened.store_key.records(opened.store_id));
    let (id, _) = now(rows::read_first_access_key(&place.home, &*opened.store, &keys)).unwrap();
    drop(opened);
    let other = iam::record::Account { created: 0, name: None, management: false, access_keys: BTreeMap::new() };
    let key = |account: &str| iam::record::AccessKey {
        account: account.to_owned(),
        owner: iam::record::Owner::Root,
        secret: SecretBytes::from(b"wJalr/+".to_vec()),
        created: 0,
        active: true,
    };
    for (account, id) in [("000000000000", "AKIA"), ("999999999999", "AKIAZZZZZZZZZZZZZZZZZZZZ")] {
        for (row, record) in
            [(iam::rows::account(account), other.encode()), (iam::rows::access_key(id), key(account).encode())]
        {
            let sealed = keys.seal(&row, 1, FIRST_GENERATION, record.expose(), &SystemRandom);
            place.overwrite(&row, Some(sealed));
        }
    }
    let opened = place.start(&no_create()).unwrap();
    assert_eq!(opened.account, account);
    let (found, _) = now(rows::read_first_access_key(&place.home, &*opened.store, &keys)).unwrap();
    assert_eq!(found, id);
}
