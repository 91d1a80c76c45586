//! The store's own rows: what wraps the store key, the account, and access keys. The first is plain, because it is read
//! before any key is there; its associated data makes an edited one useless. All others are sealed.

use std::sync::Arc;

use crypto::{Random, RecordKeys, SealKey, SecretBytes, StoreKey};
use serde::{Deserialize, Serialize};
use store::{Batch, Outcome, Store};

use super::{Account, FIRST_GENERATION, Home, OPEN_ACCOUNT, Refusal, Terms};
use crate::{Mode, Time};

/// The store format that this program makes and reads.
pub(super) const FORMAT: u32 = 1;

/// The record version of a row's first writing; each rewriting adds one.
const FIRST_VERSION: u64 = 1;

/// The version of the JSON in accounts and access keys.
const RECORD_FORMAT: u32 = 1;

const STORE_ROW: &[u8] = b"y\0store";
const ACCOUNTS: &[u8] = b"y\0account\0";
const ACCESS_KEYS: &[u8] = b"ia\0";

/// The row of an access key. Neither account nor Region is part of it: a request names only the id.
pub(crate) fn access_key_row(id: &str) -> Vec<u8> {
    [ACCESS_KEYS, id.as_bytes()].concat()
}

fn account_row(account: &str) -> Vec<u8> {
    [ACCOUNTS, account.as_bytes()].concat()
}

/// What the store keeps of an access key, sealed.
pub(crate) struct AccessKeyRecord {
    /// The account whose root it is.
    pub(crate) account: String,
    /// The secret that signatures are made with.
    pub(crate) secret: SecretBytes,
    /// When it was made.
    pub(crate) created: Time,
    /// Whether a signature made with it counts.
    pub(crate) active: bool,
}

/// A record's bytes that do not read as that record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

/// Borrows, so that the secret is in memory once; neither text has anything that JSON escapes.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessKeyJson<'a> {
    v: u32,
    account: &'a str,
    secret: &'a str,
    created: Time,
    active: bool,
}

impl AccessKeyRecord {
    /// The bytes to seal.
    pub(crate) fn encode(&self) -> SecretBytes {
        let json = AccessKeyJson {
            v: RECORD_FORMAT,
            account: &self.account,
            secret: std::str::from_utf8(self.secret.expose()).expect("an access key's secret is text"),
            created: self.created,
            active: self.active,
        };
        // One allocation: growing would leave copies of the secret behind.
        let mut bytes = Vec::with_capacity(1024);
        serde_json::to_writer(&mut bytes, &json).expect("strings and numbers are JSON");
        SecretBytes::from(bytes)
    }

    /// The record that was sealed.
    ///
    /// # Errors
    /// Bytes that are not exactly such a record.
    pub(crate) fn decode(bytes: &[u8]) -> Result<AccessKeyRecord, Damaged> {
        let json: AccessKeyJson = serde_json::from_slice(bytes).map_err(|_| Damaged)?;
        if json.v != RECORD_FORMAT || Account::parse(json.account).is_none() {
            return Err(Damaged);
        }
        let secret = SecretBytes::from(json.secret.as_bytes().to_vec());
        Ok(AccessKeyRecord { account: json.account.to_owned(), secret, created: json.created, active: json.active })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountJson {
    v: u32,
    created: Time,
}

/// The plain row that a store is opened by.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct StoreRow {
    pub(super) store_id: [u8; 16],
    pub(super) mode: Mode,
    pub(super) generation: u32,
    pub(super) wrapped_store_key: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreRowJson {
    format: u32,
    store_id: String,
    mode: ModeJson,
    generation: u32,
    wrapped_store_key: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ModeJson {
    Serve,
    Dev,
}

/// All that is read of a row before its format is known.
#[derive(Deserialize)]
struct AnyFormat {
    format: u64,
}

impl StoreRow {
    /// What the wrapped store key is bound to: a row edited in any of this does not unwrap.
    pub(super) fn associated_data(&self) -> Vec<u8> {
        let mode = match self.mode {
            Mode::Serve => 1,
            Mode::Dev => 2,
        };
        [b"trent store row".as_slice(), &FORMAT.to_be_bytes(), &self.store_id, &[mode], &self.generation.to_be_bytes()]
            .concat()
    }

    fn encode(&self) -> Vec<u8> {
        let mode = match self.mode {
            Mode::Serve => ModeJson::Serve,
            Mode::Dev => ModeJson::Dev,
        };
        let json = StoreRowJson {
            format: FORMAT,
            store_id: hex::encode(self.store_id),
            mode,
            generation: self.generation,
            wrapped_store_key: hex::encode(&self.wrapped_store_key),
        };
        serde_json::to_vec(&json).expect("strings and numbers are JSON")
    }

    fn decode(home: &Home, bytes: &[u8]) -> Result<StoreRow, Refusal> {
        let damaged = || Refusal::Damaged { store: home.store(), record: name(STORE_ROW) };
        let AnyFormat { format } = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        if format > u64::from(FORMAT) {
            return Err(Refusal::Newer { store: home.store(), format });
        }
        let json: StoreRowJson = serde_json::from_slice(bytes).map_err(|_| damaged())?;
        let mut store_id = [0; 16];
        hex::decode_to_slice(&json.store_id, &mut store_id).map_err(|_| damaged())?;
        let mode = match json.mode {
            ModeJson::Serve => Mode::Serve,
            ModeJson::Dev => Mode::Dev,
        };
        let wrapped_store_key = hex::decode(&json.wrapped_store_key).map_err(|_| damaged())?;
        if json.format != FORMAT {
            return Err(damaged());
        }
        Ok(StoreRow { store_id, mode, generation: json.generation, wrapped_store_key })
    }
}

/// The plain row; `None` in a store where nothing was ever written.
pub(super) async fn read_store_row(home: &Home, store: &dyn Store) -> Result<Option<StoreRow>, Refusal> {
    let unread = |error: store::Unread| Refusal::Store(format!("{}: {error}", home.store().display()));
    let at = store.revision().await.map_err(unread)?;
    match store.get(at, STORE_ROW).await.map_err(unread)? {
        Some(entry) => StoreRow::decode(home, &entry.value).map(Some),
        None if at == 0 => Ok(None),
        None => Err(Refusal::Damaged { store: home.store(), record: name(STORE_ROW) }),
    }
}

/// The account that the first start made.
pub(super) async fn read_account(home: &Home, store: &dyn Store, keys: &RecordKeys) -> Result<String, Refusal> {
    let (account, value) = first_sealed(home, store, keys, ACCOUNTS).await?;
    match serde_json::from_slice(value.expose()) {
        Ok(AccountJson { v: RECORD_FORMAT, created: _ }) if Account::parse(&account).is_some() => Ok(account),
        Ok(_) | Err(_) => Err(Refusal::Damaged { store: home.store(), record: name(&account_row(&account)) }),
    }
}

/// The access key that the first start made; right only while there is no other one.
pub(super) async fn read_first_access_key(
    home: &Home,
    store: &dyn Store,
    keys: &RecordKeys,
) -> Result<(String, AccessKeyRecord), Refusal> {
    let (id, value) = first_sealed(home, store, keys, ACCESS_KEYS).await?;
    match AccessKeyRecord::decode(value.expose()) {
        Ok(record) => Ok((id, record)),
        Err(Damaged) => Err(Refusal::Damaged { store: home.store(), record: name(&access_key_row(&id)) }),
    }
}

/// The first row under a prefix: the rest of its name, and its value opened.
async fn first_sealed(
    home: &Home,
    store: &dyn Store,
    keys: &RecordKeys,
    prefix: &[u8],
) -> Result<(String, SecretBytes), Refusal> {
    let unread = |error: store::Unread| Refusal::Store(format!("{}: {error}", home.store().display()));
    let damaged = |row: &[u8]| Refusal::Damaged { store: home.store(), record: name(row) };
    let at = store.revision().await.map_err(unread)?;
    let page = store.scan(at, prefix, None, 1).await.map_err(unread)?;
    let entry = page.entries.first().ok_or_else(|| damaged(prefix))?;
    let record = keys.open(&entry.key, &entry.value).map_err(|_| damaged(&entry.key))?;
    let rest = String::from_utf8(entry.key[prefix.len()..].to_vec()).map_err(|_| damaged(&entry.key))?;
    Ok((rest, SecretBytes::from(record.value)))
}

/// A row's name as people may read it.
fn name(row: &[u8]) -> String {
    row.split(|byte| *byte == 0).map(|part| part.escape_ascii().to_string()).collect::<Vec<_>>().join("/")
}

/// Everything that a first start writes into a store, drawn before anything is written.
pub(super) struct Birth {
    pub(super) row: StoreRow,
    pub(super) account: String,
    puts: Vec<(Vec<u8>, Arc<[u8]>)>,
}

impl Birth {
    /// Draws the store's id, its key and, for `serve`, an account with its root's access key.
    pub(super) fn draw(terms: &Terms, seal_key: &SealKey, random: &dyn Random, now: Time) -> (Birth, StoreKey) {
        let store_key = StoreKey::generate(random);
        let mut row = StoreRow {
            store_id: [0; 16],
            mode: terms.mode,
            generation: FIRST_GENERATION,
            wrapped_store_key: Vec::new(),
        };
        random.fill(&mut row.store_id);
        row.wrapped_store_key = seal_key.wrap(&store_key, &row.associated_data(), random);
        let mut birth =
            Birth { puts: vec![(STORE_ROW.to_vec(), row.encode().into())], row, account: OPEN_ACCOUNT.to_owned() };
        match terms.mode {
            Mode::Dev => {}
            Mode::Serve => birth.add_root(terms, &store_key, random, now),
        }
        (birth, store_key)
    }

    fn add_root(&mut self, terms: &Terms, store_key: &StoreKey, random: &dyn Random, now: Time) {
        self.account =
            terms.account.as_ref().map_or_else(|| draw_account(random), |account| account.as_str().to_owned());
        let account = serde_json::to_vec(&AccountJson { v: RECORD_FORMAT, created: now }).expect("numbers are JSON");
        let key =
            AccessKeyRecord { account: self.account.clone(), secret: draw_secret(random), created: now, active: true };
        let keys = store_key.records(self.row.store_id);
        let mut put = |row: Vec<u8>, value: &[u8]| {
            let sealed = keys.seal(&row, FIRST_VERSION, self.row.generation, value, random);
            self.puts.push((row, sealed.into()));
        };
        put(account_row(&self.account), &account);
        put(access_key_row(&draw_access_key_id(random)), key.encode().expose());
    }

    /// Writes it all, or nothing, into a store that has nothing.
    pub(super) async fn commit(&self, home: &Home, store: &dyn Store) -> Result<(), Refusal> {
        let not_made = |because: &str| Refusal::NotMade { store: home.store(), because: because.to_owned() };
        let batch = Batch {
            expect: self.puts.iter().map(|(row, _)| (row.clone(), 0)).collect(),
            puts: self.puts.clone(),
            deletes: Vec::new(),
        };
        match store.commit(batch).await {
            Ok(Outcome::Committed { revision: _ }) => Ok(()),
            Ok(Outcome::Conflict { which: _ }) => Err(not_made("it is not empty, so name another --data")),
            Ok(Outcome::Unknown) => Err(not_made("the disk did not confirm it, so check the disk and start again")),
            Err(refused) => Err(not_made(&refused.to_string())),
        }
    }
}

/// 12 digits, the first not zero, so that no program takes it for a number and drops a digit.
fn draw_account(random: &dyn Random) -> String {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    (100_000_000_000 + u64::from_be_bytes(bytes) % 900_000_000_000).to_string()
}

/// `AKIA` and 16 of the 32 letters that AWS's ids have: 80 random bits.
fn draw_access_key_id(random: &dyn Random) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    bytes
        .iter()
        .fold("AKIA".to_owned(), |id, byte| id + char::from(LETTERS[usize::from(byte % 32)]).encode_utf8(&mut [0; 4]))
}

/// 40 letters of base64's alphabet, as AWS's secrets have: 240 random bits.
fn draw_secret(random: &dyn Random) -> SecretBytes {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = vec![0; 40];
    random.fill(&mut bytes);
    for byte in &mut bytes {
        *byte = LETTERS[usize::from(*byte % 64)];
    }
    SecretBytes::from(bytes)
}
