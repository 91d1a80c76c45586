//! The rows that a start reads and a first start writes: what wraps the store key, the account from which others are
//! managed, and its root's access key. The first is plain, because it is read before any key is there; its associated
//! data makes an edited one useless. The others are sealed, and their records are `iam`'s.

use std::sync::Arc;

use crypto::{Random, RecordKeys, SealKey, SecretBytes, StoreKey};
use iam::record::{AccessKey, AccessKeyFacts, Account as AccountRecord, Holder, Owner};
use iam::{Stored, rows};
use serde::{Deserialize, Serialize};
use store::{Batch, Entry, Outcome, Page, Store};

use super::{Account, FIRST_GENERATION, Home, OPEN_ACCOUNT, Refusal, Terms};
use crate::{Mode, Time};

/// The store format that this program makes and reads.
pub(super) const FORMAT: u32 = 1;

/// The record version of a row's first writing; each rewriting adds one.
const FIRST_VERSION: u64 = 1;

/// How many accounts are looked at in one read of the store.
const ROWS_A_PAGE: usize = 256;

const STORE_ROW: &[u8] = b"y\0store";

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
        let damaged = || damaged(home, STORE_ROW);
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

/// The account that the first start made, from which others are managed: its id and its record.
pub(super) async fn read_management_account(
    home: &Home,
    store: &dyn Store,
    keys: &RecordKeys,
) -> Result<(String, AccountRecord), Refusal> {
    let accounts = rows::accounts();
    let mut after = None;
    loop {
        let page = page(home, store, &accounts, after.as_deref(), ROWS_A_PAGE).await?;
        for entry in &page.entries {
            let (account, record) = opened::<AccountRecord>(home, keys, &accounts, entry)?;
            if Account::parse(&account).is_none() {
                return Err(damaged(home, &entry.key));
            }
            if record.management {
                return Ok((account, record));
            }
        }
        match page.entries.last().filter(|_| page.more) {
            Some(last) => after = Some(last.key.clone()),
            None => return Err(damaged(home, &accounts)),
        }
    }
}

/// The access key that the first start made. It is for finishing that start, before anybody else could make one: a
/// store of the first format, whose account does not list its keys, has this one alone.
pub(super) async fn read_first_access_key(
    home: &Home,
    store: &dyn Store,
    keys: &RecordKeys,
) -> Result<(String, AccessKey), Refusal> {
    let (_, account) = read_management_account(home, store, keys).await?;
    let prefix = rows::access_key(account.access_keys.keys().next().map_or("", String::as_str));
    let page = page(home, store, &prefix, None, 1).await?;
    let entry = page.entries.first().ok_or_else(|| damaged(home, &prefix))?;
    opened(home, keys, &rows::access_key(""), entry)
}

/// Makes an account of the first format list the access key of its root, as all later ones do. What was done before,
/// or needs not be done, is left as it is.
pub(super) async fn list_first_access_key(
    home: &Home,
    store: &dyn Store,
    keys: &RecordKeys,
    generation: u32,
    random: &dyn Random,
) -> Result<(), Refusal> {
    let (account, mut record) = read_management_account(home, store, keys).await?;
    let all = rows::access_key("");
    let first = page(home, store, &all, None, 1).await?;
    let Some(entry) = first.entries.first().filter(|_| record.access_keys.is_empty()) else { return Ok(()) };
    let (id, key) = opened::<AccessKey>(home, keys, &all, entry)?;
    if key.owner != Owner::Root || key.account != account {
        return Ok(());
    }
    record.access_keys.insert(id.clone(), AccessKeyFacts { active: key.active, created: key.created });
    let (row, given) = (rows::account(&account), rows::given_access_key(&id));
    let before = page(home, store, &row, None, 1).await?;
    let before = before.entries.first().ok_or_else(|| damaged(home, &row))?;
    let version = keys.open(&row, &before.value).map_err(|_| damaged(home, &row))?.version;
    let holder = Holder::Key { account };
    let batch = Batch {
        expect: vec![(row.clone(), before.revision), (given.clone(), 0)],
        puts: vec![
            (row.clone(), keys.seal(&row, version + 1, generation, record.encode().expose(), random).into()),
            (given.clone(), keys.seal(&given, FIRST_VERSION, generation, holder.encode().expose(), random).into()),
        ],
        deletes: Vec::new(),
    };
    match store.commit(batch).await {
        Ok(Outcome::Committed { .. }) => Ok(()),
        ended => Err(Refusal::Store(format!(
            "{}: the account of its first start could not be brought to this version's form ({ended:?}). Start again",
            home.store().display()
        ))),
    }
}

async fn page(
    home: &Home,
    store: &dyn Store,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Page, Refusal> {
    let unread = |error: store::Unread| Refusal::Store(format!("{}: {error}", home.store().display()));
    let at = store.revision().await.map_err(unread)?;
    store.scan(at, prefix, after, limit).await.map_err(unread)
}

/// What stands in a row, and what its name has behind the prefix.
fn opened<T: Stored>(home: &Home, keys: &RecordKeys, prefix: &[u8], entry: &Entry) -> Result<(String, T), Refusal> {
    let record = keys.open(&entry.key, &entry.value).map_err(|_| damaged(home, &entry.key))?;
    let value = SecretBytes::from(record.value);
    let rest = String::from_utf8(entry.key[prefix.len()..].to_vec()).map_err(|_| damaged(home, &entry.key))?;
    Ok((rest, T::decode(value.expose()).map_err(|_| damaged(home, &entry.key))?))
}

fn damaged(home: &Home, row: &[u8]) -> Refusal {
    Refusal::Damaged { store: home.store(), record: name(row) }
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
        let (id, account) = (draw_access_key_id(random), self.account.clone());
        let facts = AccessKeyFacts { active: true, created: now.0 };
        let record =
            AccountRecord { created: now.0, name: None, management: true, access_keys: [(id.clone(), facts)].into() };
        let key = AccessKey {
            account: account.clone(),
            owner: Owner::Root,
            secret: draw_secret(random),
            created: now.0,
            active: true,
        };
        let keys = store_key.records(self.row.store_id);
        let mut put = |row: Vec<u8>, value: SecretBytes| {
            let sealed = keys.seal(&row, FIRST_VERSION, self.row.generation, value.expose(), random);
            self.puts.push((row, sealed.into()));
        };
        put(rows::account(&account), record.encode());
        put(rows::given_access_key(&id), Holder::Key { account }.encode());
        put(rows::access_key(&id), key.encode());
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
