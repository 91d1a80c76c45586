//! Where one Trent lives: a data directory (`store.db`, `lock`, `audit/`) and, apart from it, a secrets directory
//! (`seal.key`, `credentials`). This module decides whether a start opens what is there, makes it, or refuses; it never
//! makes a second KMS by accident.

mod files;
mod refusal;
mod rows;
#[cfg(test)]
mod tests;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crypto::{Random, SealKey, SecretBytes, StoreKey};
use store::{Memory, Sqlite, Store};

use crate::audit::trail::{FileTrail, MemoryTrail, Trail};
use crate::{Mode, Time};

pub use files::Lock;
pub use refusal::Refusal;

use rows::{Birth, StoreRow};

/// The two directories of one Trent. What opens the store lies apart from it, so that a copy of the data alone opens
/// nothing.
#[derive(Clone, Debug)]
pub struct Home {
    /// Holds `store.db`, `lock` and `audit/`.
    pub data: PathBuf,
    /// Holds `seal.key` and `credentials`.
    pub secrets: PathBuf,
}

/// What the person who starts a Trent asks for.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Who opens the store: one made by `serve` is never opened by `dev`, nor the other way round.
    pub mode: Mode,
    /// Whether a first start may make a store.
    pub create: bool,
    /// The account of a new store, 12 digits; an existing store must have the same.
    pub account: Option<Account>,
    /// The Region that the credentials file names.
    pub region: String,
    /// The `endpoint_url` of the credentials file; a port that changes at every start has none.
    pub endpoint: Option<String>,
}

/// An account id: 12 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account(String);

impl Account {
    /// `text` as an account id; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Account> {
        let is_one = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| Account(text.to_owned()))
    }

    /// The 12 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An opened store with everything that the service needs to use it.
pub struct Opened {
    /// The rows.
    pub store: Arc<dyn Store>,
    /// What the record keys and the epoch keys are derived from.
    pub store_key: StoreKey,
    /// Part of every record's associated data.
    pub store_id: [u8; 16],
    /// The generation of the store key, which every sealed record names.
    pub generation: u32,
    /// The account that the first start made, from which others are managed; in `dev`, where every request names its own, the one of a request that
    /// names none.
    pub account: String,
    /// Where audit records go.
    pub trail: Arc<dyn Trail>,
    /// Set if this start made the store, or finished making it.
    pub first_start: Option<FirstStart>,
    /// Keeps every other process out of the data directory as long as it lives; in memory there is nothing to keep.
    pub lock: Option<Lock>,
}

/// What only the first start has to tell.
#[derive(Clone, Debug)]
pub struct FirstStart {
    /// The access key id in the credentials file; `dev` makes none.
    pub access_key_id: Option<String>,
}

/// The account of `dev` for a request that names none.
pub const OPEN_ACCOUNT: &str = "000000000000";

/// The generation of every store key until store keys can be renewed.
const FIRST_GENERATION: u32 = 1;

impl Home {
    /// The same directories by absolute path, so that what is told about them is true from any directory.
    ///
    /// # Errors
    /// If the current directory is gone, or if one directory lies in the other: a copy of the one would take the other
    /// along.
    pub fn absolute(&self) -> Result<Home, Refusal> {
        let full = |path: &Path| std::path::absolute(path).map_err(|error| Refusal::io("find", path, error));
        let home = Home { data: full(&self.data)?, secrets: full(&self.secrets)? };
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let (data, secrets) = (real(&home.data), real(&home.secrets));
        if data.starts_with(&secrets) || secrets.starts_with(&data) {
            return Err(Refusal::NotApart { data: home.data, secrets: home.secrets });
        }
        Ok(home)
    }

    /// The store's file.
    pub fn store(&self) -> PathBuf {
        self.data.join("store.db")
    }

    /// The seal key's file. It has this name only when a store that it opens is on the disk.
    pub fn seal_key(&self) -> PathBuf {
        self.secrets.join("seal.key")
    }

    /// The credentials of the account's root, in the form of AWS's shared credentials file.
    pub fn credentials(&self) -> PathBuf {
        self.secrets.join("credentials")
    }

    fn unfinished_seal_key(&self) -> PathBuf {
        self.secrets.join("seal.key.new")
    }

    fn unfinished_credentials(&self) -> PathBuf {
        self.secrets.join("credentials.new")
    }

    fn lock(&self) -> PathBuf {
        self.data.join("lock")
    }

    fn audit(&self) -> PathBuf {
        self.data.join("audit")
    }
}

/// Opens the store of `home`, or makes it at a first start.
///
/// A first start that is cut anywhere either is finished by the next one or makes it refuse, naming what to remove:
/// `seal.key` is written as `seal.key.new` before the store exists, the store's first rows are one commit, and the key
/// gets its name after that.
///
/// # Errors
/// Every way in which these directories are not what `terms` asks for. A refused start has changed nothing, unless the
/// disk itself failed in the middle of a first start, or of bringing an older store to this version's form.
pub async fn open(home: &Home, terms: &Terms, random: &dyn Random, now: Time) -> Result<Opened, Refusal> {
    let home = home.absolute()?;
    let mut held = Lock::if_there(&home.lock(), &home.data)?;
    let mut plan = decide(&home, look(&home)?, terms.create);
    if held.is_none() && plan.is_err() {
        // What is half there may be another first start at work, and nobody must be told to remove its files.
        held = Lock::if_there(&home.lock(), &home.data)?;
        plan = decide(&home, look(&home)?, terms.create);
    }
    match plan? {
        Plan::Open(seal) => {
            let lock = held.map_or_else(|| Lock::take(&home.lock(), &home.data), Ok)?;
            open_existing(&home, terms, seal, lock, random).await
        }
        Plan::Create => create(&home, terms, random, now, held).await,
    }
}

/// A store that lives and dies with the process: no file is read or written.
pub fn in_memory(random: &dyn Random) -> Opened {
    let mut store_id = [0; 16];
    random.fill(&mut store_id);
    Opened {
        store: Arc::new(Memory::new()),
        store_key: StoreKey::generate(random),
        store_id,
        generation: FIRST_GENERATION,
        account: OPEN_ACCOUNT.to_owned(),
        trail: Arc::new(MemoryTrail::default()),
        first_start: None,
        lock: None,
    }
}

/// What the data directory looks like before it is touched.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Data {
    Absent,
    Empty,
    Store,
    Other(String),
}

/// What the secrets directory looks like before it is touched.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Secrets {
    Nothing,
    SealKey,
    /// `seal.key.new` alone: a first start was cut, before or after its store was there.
    Unfinished,
    /// Credentials without a seal key: not ours, or left when the seal key was taken away.
    Credentials(PathBuf),
}

#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Create,
    Open(Seal),
}

/// Which file opens the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seal {
    Named,
    Unfinished,
    Missing,
}

fn look(home: &Home) -> Result<(Data, Secrets), Refusal> {
    Ok((look_at_data(&home.data)?, look_at_secrets(home)?))
}

fn look_at_data(data: &Path) -> Result<Data, Refusal> {
    let unreadable = |error| Refusal::io("read the data directory", data, error);
    let entries = match std::fs::read_dir(data) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Data::Absent),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = Data::Empty;
    for entry in entries {
        let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
        match name.as_str() {
            // A log without its store is no empty directory: the engine says what became of it.
            "store.db" | "store.db-wal" => return Ok(Data::Store),
            // A lock may be left from a start that ended at once; a fresh volume has the file system's own directory.
            "lock" | "lost+found" => {}
            // What the engine was making when it was cut; it begins anew by itself.
            unfinished if unfinished.starts_with("store.db.new") => {}
            _ => found = Data::Other(name),
        }
    }
    Ok(found)
}

fn look_at_secrets(home: &Home) -> Result<Secrets, Refusal> {
    for (path, found) in [
        (home.seal_key(), Secrets::SealKey),
        (home.unfinished_seal_key(), Secrets::Unfinished),
        (home.credentials(), Secrets::Credentials(home.credentials())),
        (home.unfinished_credentials(), Secrets::Credentials(home.unfinished_credentials())),
    ] {
        if files::exists(&path)? {
            return Ok(found);
        }
    }
    Ok(Secrets::Nothing)
}

/// The whole table of starts.
fn decide(home: &Home, found: (Data, Secrets), may_create: bool) -> Result<Plan, Refusal> {
    let data = home.data.clone();
    match found {
        (Data::Store, Secrets::SealKey) => Ok(Plan::Open(Seal::Named)),
        (Data::Store, Secrets::Unfinished) => Ok(Plan::Open(Seal::Unfinished)),
        // Refused as well, but only the store can say first whether this is the right command for it.
        (Data::Store, Secrets::Nothing | Secrets::Credentials(_)) => Ok(Plan::Open(Seal::Missing)),
        (Data::Absent | Data::Empty, Secrets::Nothing) if may_create => Ok(Plan::Create),
        (Data::Absent | Data::Empty, Secrets::Nothing) => Err(Refusal::NoCreate { data }),
        (Data::Absent | Data::Empty, Secrets::SealKey) => {
            Err(Refusal::StoreMissing { data, seal_key: home.seal_key() })
        }
        (Data::Absent | Data::Empty, Secrets::Unfinished) => {
            Err(Refusal::CutShort { data, remove: vec![home.unfinished_seal_key()] })
        }
        (Data::Absent | Data::Empty, Secrets::Credentials(path)) => Err(Refusal::InTheWay { path }),
        (Data::Other(entry), Secrets::Nothing | Secrets::SealKey | Secrets::Unfinished | Secrets::Credentials(_)) => {
            Err(Refusal::NotEmpty { data, entry })
        }
    }
}

async fn open_existing(
    home: &Home,
    terms: &Terms,
    seal: Seal,
    lock: Lock,
    random: &dyn Random,
) -> Result<Opened, Refusal> {
    let store: Arc<dyn Store> = Arc::new(open_store(home)?);
    let Some(row) = rows::read_store_row(home, &*store).await? else {
        // Closed first, so that the engine's own files are gone before anybody is told what to remove.
        drop(store);
        return Err(empty_store(home, seal));
    };
    if row.mode != terms.mode {
        return Err(Refusal::OtherMode { store: home.store(), made_by: row.mode });
    }
    let seal_key_file = match seal {
        Seal::Named => home.seal_key(),
        Seal::Unfinished => home.unfinished_seal_key(),
        Seal::Missing => return Err(Refusal::SealKeyMissing { store: home.store(), seal_key: home.seal_key() }),
    };
    let store_key = read_seal_key(&seal_key_file)?
        .unwrap(&row.wrapped_store_key, &row.associated_data())
        .map_err(|_| Refusal::DoesNotFit { store: home.store(), seal_key: seal_key_file })?;
    let account = account_of(home, terms, &*store, &store_key, &row).await?;
    let first_start = match seal {
        Seal::Unfinished => Some(finish(home, terms, &*store, &store_key, &row).await?),
        Seal::Named | Seal::Missing => None,
    };
    if terms.mode == Mode::Serve {
        let keys = store_key.records(row.store_id);
        rows::list_first_access_key(home, &*store, &keys, row.generation, random).await?;
    }
    warn_of_loose_directories(home)?;
    opened(home, store, Ready { row, store_key, account, first_start, lock })
}

/// A store file in which nothing was ever committed, by what lies beside it. A copy that left the log behind looks the
/// same as one that was never used, so neither is written into.
fn empty_store(home: &Home, seal: Seal) -> Refusal {
    match seal {
        Seal::Named => Refusal::EmptyBesideSealKey { store: home.store(), seal_key: home.seal_key() },
        Seal::Unfinished => {
            Refusal::CutShort { data: home.data.clone(), remove: vec![home.unfinished_seal_key(), home.store()] }
        }
        Seal::Missing => Refusal::Empty { store: home.store() },
    }
}

async fn account_of(
    home: &Home,
    terms: &Terms,
    store: &dyn Store,
    store_key: &StoreKey,
    row: &StoreRow,
) -> Result<String, Refusal> {
    match terms.mode {
        Mode::Dev => Ok(OPEN_ACCOUNT.to_owned()),
        Mode::Serve => {
            let keys = store_key.records(row.store_id);
            let (stored, _) = rows::read_management_account(home, store, &keys).await?;
            match &terms.account {
                Some(asked) if asked.as_str() != stored => {
                    Err(Refusal::OtherAccount { store: home.store(), stored, asked: asked.as_str().to_owned() })
                }
                Some(_) | None => Ok(stored),
            }
        }
    }
}

async fn create(
    home: &Home,
    terms: &Terms,
    random: &dyn Random,
    now: Time,
    held: Option<Lock>,
) -> Result<Opened, Refusal> {
    files::make_dir(&home.data)?;
    cut::here(Cut::DataDirectory)?;
    let lock = held.map_or_else(|| Lock::take(&home.lock(), &home.data), Ok)?;
    cut::here(Cut::Lock)?;
    // Another first start may have come between the look and the lock.
    if decide(home, look(home)?, terms.create)? != Plan::Create {
        return Err(Refusal::Raced { data: home.data.clone() });
    }
    files::make_dir(&home.secrets)?;
    cut::here(Cut::SecretsDirectory)?;
    let seal_key = SealKey::generate(random);
    files::create_new(&home.unfinished_seal_key(), seal_key.to_file().expose())?;
    cut::here(Cut::SealKeyWritten)?;

    let store: Arc<dyn Store> = Arc::new(open_store(home)?);
    files::sync_dir(&home.data)?;
    cut::here(Cut::StoreFile)?;
    let (birth, store_key) = Birth::draw(terms, &seal_key, random, now);
    birth.commit(home, &*store).await?;
    cut::here(Cut::Committed)?;
    let first_start = Some(finish(home, terms, &*store, &store_key, &birth.row).await?);
    opened(home, store, Ready { row: birth.row, store_key, account: birth.account, first_start, lock })
}

/// Everything about an opened store but the store.
struct Ready {
    row: StoreRow,
    store_key: StoreKey,
    account: String,
    first_start: Option<FirstStart>,
    lock: Lock,
}

fn opened(home: &Home, store: Arc<dyn Store>, ready: Ready) -> Result<Opened, Refusal> {
    let trail =
        FileTrail::open(&home.audit()).map_err(|error| Refusal::io("open the audit trail in", &home.audit(), error))?;
    Ok(Opened {
        store,
        store_key: ready.store_key,
        store_id: ready.row.store_id,
        generation: ready.row.generation,
        account: ready.account,
        trail: Arc::new(trail),
        first_start: ready.first_start,
        lock: Some(ready.lock),
    })
}

/// What a first start does once its store is on the disk. The credentials come from the store, so that a start that was
/// cut can be finished.
async fn finish(
    home: &Home,
    terms: &Terms,
    store: &dyn Store,
    store_key: &StoreKey,
    row: &StoreRow,
) -> Result<FirstStart, Refusal> {
    let access_key_id = match row.mode {
        Mode::Dev => None,
        Mode::Serve => {
            let (id, key) = rows::read_first_access_key(home, store, &store_key.records(row.store_id)).await?;
            publish_credentials(home, &id, &credentials_text(terms, &id, &key))?;
            Some(id)
        }
    };
    cut::here(Cut::CredentialsNamed)?;
    files::publish(&home.unfinished_seal_key(), &home.seal_key())?;
    cut::here(Cut::SealKeyNamed)?;
    Ok(FirstStart { access_key_id })
}

/// `credentials` is whole from the moment it has that name; one that has it already was written by the same first
/// start, or is in the way.
fn publish_credentials(home: &Home, id: &str, text: &SecretBytes) -> Result<(), Refusal> {
    if files::exists(&home.credentials())? {
        let there = files::read(&home.credentials())?;
        return match there.expose().windows(id.len()).any(|part| part == id.as_bytes()) {
            true => Ok(()),
            false => Err(Refusal::InTheWay { path: home.credentials() }),
        };
    }
    // Only a first start that was cut leaves this one; it may be torn.
    files::remove_if_there(&home.unfinished_credentials())?;
    files::create_new(&home.unfinished_credentials(), text.expose())?;
    cut::here(Cut::CredentialsWritten)?;
    files::publish(&home.unfinished_credentials(), &home.credentials())
}

/// AWS's shared credentials file; every AWS client reads `region` and `endpoint_url` there too.
fn credentials_text(terms: &Terms, id: &str, key: &iam::record::AccessKey) -> SecretBytes {
    let mut text = b"[default]\naws_access_key_id = ".to_vec();
    // One allocation holds it all: growing would leave a copy of the secret behind.
    text.reserve_exact(512 + terms.region.len() + terms.endpoint.as_ref().map_or(0, String::len));
    text.extend_from_slice(id.as_bytes());
    text.extend_from_slice(b"\naws_secret_access_key = ");
    text.extend_from_slice(key.secret.expose());
    text.extend_from_slice(format!("\nregion = {}\n", terms.region).as_bytes());
    if let Some(endpoint) = &terms.endpoint {
        text.extend_from_slice(format!("endpoint_url = {endpoint}\n").as_bytes());
    }
    SecretBytes::from(text)
}

fn open_store(home: &Home) -> Result<Sqlite, Refusal> {
    Sqlite::open(&home.store()).map_err(|error| Refusal::Store(error.to_string()))
}

fn read_seal_key(path: &Path) -> Result<SealKey, Refusal> {
    let mode = files::mode(path)?;
    if mode & 0o077 != 0 {
        return Err(Refusal::Readable { path: path.to_path_buf(), mode });
    }
    SealKey::from_file(files::read(path)?.expose())
        .map_err(|error| Refusal::SealKeyFile { path: path.to_path_buf(), because: error.to_string() })
}

/// Directories that others may enter are somebody's choice (a volume's, a group's); the files in them are closed all
/// the same.
fn warn_of_loose_directories(home: &Home) -> Result<(), Refusal> {
    for path in [&home.data, &home.secrets] {
        let mode = files::mode(path)?;
        if mode & 0o077 != 0 {
            tracing::warn!("{} is open to others (mode {mode:04o}): chmod 700 it", path.display());
        }
    }
    Ok(())
}

/// The points where a first start may be cut by a crash, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    DataDirectory,
    Lock,
    SecretsDirectory,
    SealKeyWritten,
    StoreFile,
    Committed,
    CredentialsWritten,
    CredentialsNamed,
    SealKeyNamed,
}

#[cfg(not(test))]
mod cut {
    //! Outside of tests nothing cuts a first start but a real crash.
    use super::{Cut, Refusal};

    #[expect(clippy::unnecessary_wraps, reason = "its twin for tests refuses")]
    pub(super) fn here(_: Cut) -> Result<(), Refusal> {
        Ok(())
    }
}

#[cfg(test)]
mod cut {
    //! A test says where this thread's next first start is cut.
    use super::{Cut, Refusal};

    thread_local! {
        pub(super) static AT: std::cell::Cell<Option<Cut>> = const { std::cell::Cell::new(None) };
    }

    pub(super) fn here(point: Cut) -> Result<(), Refusal> {
        if AT.get() == Some(point) { Err(Refusal::Cut) } else { Ok(()) }
    }
}
