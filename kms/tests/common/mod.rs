//! A service on a store of the test's choice, a clock that the test turns, and calls as JSON in and out: no sockets.

#![allow(dead_code, reason = "every test file uses its own part of this")]

pub mod engines;
pub mod identities;
pub mod import;
pub mod kinds;
pub mod log;
pub mod regions;
pub mod sample;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto::testing::Seeded;
use crypto::{Random, RecordKeys};
use kms::audit::trail::{MemoryTrail, Trail, TrailError};
use kms::home::{self, Home, Opened, Terms};
use kms::{Caller, Enforcement, Mode, Origin, Quotas, Service, Time};
use serde_json::{Value, json};
use store::{Batch, Entry, Fut, Outcome, Store};
use wire::{Fault, Op};

/// 15:06:40 UTC of an ordinary day, and the round number that AWS would write as `1.75E9`.
pub const NOON: Time = Time(1_750_000_000_000);

pub const OWN: &str = "111122223333";
pub const STRANGER: &str = "444455556666";
pub const REGION: &str = "us-east-1";

/// A key id that no key has.
pub const NOBODY: &str = "00000000-0000-4000-8000-00000000dead";

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3600);

/// From this seed comes the store key of every store in memory, so that a test can start a service on it again.
const SEED: u64 = 7;

/// A house to call.
pub struct House {
    pub service: Arc<Service>,
    pub store: Arc<dyn Store>,
    pub trail: Arc<Tape>,
    keys: RecordKeys,
    mode: Mode,
    enforcement: Enforcement,
    now: AtomicI64,
    requests: Arc<AtomicU64>,
    /// How many services the store has had: each has its own sequences and its own random numbers.
    starts: Arc<AtomicI64>,
}

/// A refusal as a client reads it: name and message.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal(pub String, pub String);

/// A trail that outlives its services, and takes nothing while it is broken.
#[derive(Default)]
pub struct Tape {
    kept: MemoryTrail,
    pub broken: AtomicBool,
}

impl Tape {
    pub fn lines(&self) -> Vec<Vec<u8>> {
        self.kept.lines()
    }
}

impl Trail for Tape {
    fn append(&self, line: Vec<u8>) -> Fut<'_, Result<(), TrailError>> {
        match self.broken.load(Ordering::Relaxed) {
            true => Box::pin(async { Err(TrailError::Stopped) }),
            false => self.kept.append(line),
        }
    }

    fn sync(&self) -> Fut<'_, Result<(), TrailError>> {
        self.kept.sync()
    }

    fn recent_event_ids(&self) -> HashSet<String> {
        self.kept.recent_event_ids()
    }
}

impl House {
    /// In memory, with nothing in between.
    pub async fn new() -> House {
        House::with(Mode::Serve, |store| store).await
    }

    /// In memory, behind whatever `wrap` puts around the engine.
    pub async fn with(mode: Mode, wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> House {
        let random: Arc<dyn Random> = Arc::new(Seeded::new(SEED));
        let opened = home::in_memory(&*random);
        House::open(mode, Opened { store: wrap(opened.store.clone()), ..opened }, random).await
    }

    /// In memory, with this enforcement instead of the mode's own.
    pub async fn enforcing(mode: Mode, enforcement: Enforcement) -> House {
        let random: Arc<dyn Random> = Arc::new(Seeded::new(SEED));
        let opened = home::in_memory(&*random);
        let start = House::start((mode, enforcement), opened, random, Arc::default(), Quotas::default(), NOON);
        start.await.expect("the service starts")
    }

    /// On disk under `place`, made at the first start.
    pub async fn on_disk(mode: Mode, place: &Path) -> House {
        House::on_disk_behind(mode, place, |store| store).await
    }

    /// On disk, behind whatever `wrap` puts around the engine.
    pub async fn on_disk_behind(
        mode: Mode,
        place: &Path,
        wrap: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>,
    ) -> House {
        let random: Arc<dyn Random> = Arc::new(crypto::SystemRandom);
        let opened = home::open(&home_in(place), &terms(mode), &*random, NOON).await.expect("the store opens");
        House::open(mode, Opened { store: wrap(opened.store.clone()), ..opened }, random).await
    }

    /// On an opened store.
    pub async fn open(mode: Mode, opened: Opened, random: Arc<dyn Random>) -> House {
        let rules = (mode, mode.enforcement());
        House::start(rules, opened, random, Arc::default(), Quotas::default(), NOON).await.expect("the service starts")
    }

    /// One more service on this house's store in memory and its trail: after a restart, or as another process that
    /// should not be there.
    pub async fn again(&self) -> House {
        self.try_again(self.store.clone()).await.expect("the service starts again")
    }

    /// The same with other quotas.
    pub async fn again_with(&self, quotas: Quotas) -> House {
        self.restart(self.store.clone(), quotas).await.expect("the service starts again")
    }

    /// The same through another engine around the store.
    pub async fn try_again(&self, store: Arc<dyn Store>) -> Result<House, kms::NotStarted> {
        self.restart(store, Quotas::default()).await
    }

    async fn restart(&self, store: Arc<dyn Store>, quotas: Quotas) -> Result<House, kms::NotStarted> {
        let opened = Opened { store, ..home::in_memory(&Seeded::new(SEED)) };
        let start = 1 + self.starts.fetch_add(1, Ordering::Relaxed);
        let random = Arc::new(Seeded::new(SEED + start as u64));
        let now = Time(self.now().0 + start);
        let rules = (self.mode, self.enforcement);
        let house = House::start(rules, opened, random, self.trail.clone(), quotas, now).await?;
        house.now.store(self.now().0, Ordering::Relaxed);
        Ok(House { requests: self.requests.clone(), starts: self.starts.clone(), ..house })
    }

    async fn start(
        (mode, enforcement): (Mode, Enforcement),
        opened: Opened,
        random: Arc<dyn Random>,
        trail: Arc<Tape>,
        quotas: Quotas,
        now: Time,
    ) -> Result<House, kms::NotStarted> {
        let keys = opened.store_key.records(opened.store_id);
        let store = opened.store.clone();
        let opened = Opened { trail: trail.clone(), ..opened };
        let service = Service::start(opened, mode, enforcement, quotas, REGION.into(), random, now).await?;
        let now = AtomicI64::new(now.0);
        Ok(House {
            service,
            store,
            trail,
            keys,
            mode,
            enforcement,
            now,
            requests: Arc::default(),
            starts: Arc::default(),
        })
    }

    pub fn now(&self) -> Time {
        Time(self.now.load(Ordering::Relaxed))
    }

    /// Sets the clock forward, or back.
    pub fn advance_days(&self, days: i64) {
        self.now.store(self.now().plus_days(days).0, Ordering::Relaxed);
    }

    pub fn advance_millis(&self, millis: i64) {
        self.now.store(self.now().0 + millis, Ordering::Relaxed);
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.now.store(self.now().plus_seconds(seconds).0, Ordering::Relaxed);
    }

    /// Lets everything happen that is due, after this much uptime.
    pub async fn turn(&self, uptime: Duration) {
        self.service.turn(self.now(), uptime).await.expect("a turn of time");
    }

    /// One call of the account [`OWN`] in us-east-1.
    pub async fn call(&self, op: Op, body: Value) -> Result<Value, Refusal> {
        self.call_as(&caller(OWN, REGION), op, body).await
    }

    pub async fn call_as(&self, caller: &Caller, op: Op, body: Value) -> Result<Value, Refusal> {
        match self.bytes(caller, op, body.to_string()).await {
            Ok(bytes) if bytes.is_empty() => Ok(Value::Null),
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).expect("an answer is JSON")),
            Err(fault) => Err(Refusal(fault.name.to_owned(), fault.message.unwrap_or_default())),
        }
    }

    /// The answer as it goes over the wire.
    pub async fn bytes(&self, caller: &Caller, op: Op, body: impl Into<Vec<u8>>) -> Result<Vec<u8>, Fault> {
        self.service.call(op, caller.clone(), self.origin(), body.into(), self.now()).await
    }

    /// The whole text of a call that must succeed.
    pub async fn text(&self, op: Op, body: Value) -> String {
        let bytes = self.bytes(&caller(OWN, REGION), op, body.to_string()).await;
        String::from_utf8(bytes.unwrap_or_else(|fault| panic!("{op:?} {body}: {fault:?}"))).expect("text")
    }

    /// A call that must succeed.
    pub async fn ok(&self, op: Op, body: Value) -> Value {
        self.call(op, body.clone()).await.unwrap_or_else(|refused| panic!("{op:?} {body}: {refused:?}"))
    }

    pub fn origin(&self) -> Origin {
        let request = self.requests.fetch_add(1, Ordering::Relaxed);
        Origin {
            request_id: format!("00000000-0000-4000-8000-{request:012}"),
            source_ip: "192.0.2.7".into(),
            user_agent: Some("test".into()),
        }
    }

    /// A new key's id.
    pub async fn key(&self) -> String {
        self.key_of(&caller(OWN, REGION)).await
    }

    pub async fn key_of(&self, caller: &Caller) -> String {
        let made = self.call_as(caller, Op::CreateKey, json!({})).await.expect("a key is made");
        text_at(&made, "/KeyMetadata/KeyId")
    }

    /// A new key of this account, as CreateKey is asked for it.
    pub async fn key_as(&self, asked: Value) -> String {
        text_at(&self.ok(Op::CreateKey, asked).await, "/KeyMetadata/KeyId")
    }

    pub async fn disabled_key(&self) -> String {
        let key = self.key().await;
        self.ok(Op::DisableKey, json!({ "KeyId": key })).await;
        key
    }

    /// A new key that is deleted in 7 days.
    pub async fn pending_key(&self) -> String {
        let key = self.key().await;
        self.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
        key
    }

    pub async fn state(&self, key: &str) -> String {
        text_at(&self.ok(Op::DescribeKey, json!({ "KeyId": key })).await, "/KeyMetadata/KeyState")
    }

    /// The ids that ListKeys tells, from page to page.
    pub async fn ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut body = json!({});
        loop {
            let page = self.ok(Op::ListKeys, body).await;
            ids.extend(page["Keys"].as_array().expect("a list").iter().map(|key| text_at(key, "/KeyId")));
            match page.get("NextMarker") {
                Some(marker) => body = json!({ "Marker": marker }),
                None => return ids,
            }
        }
    }

    /// A ciphertext of `plaintext`, both in base64.
    pub async fn encrypt(&self, key: &str, plaintext: &str) -> String {
        let sealed = self.ok(Op::Encrypt, json!({ "KeyId": key, "Plaintext": plaintext })).await;
        text_at(&sealed, "/CiphertextBlob")
    }

    /// The audit records so far.
    pub fn records(&self) -> Vec<Value> {
        self.records_from(0)
    }

    /// The audit records after the first `before`.
    pub fn records_from(&self, before: usize) -> Vec<Value> {
        let lines = self.trail.lines();
        let lines = lines.iter().skip(before);
        lines.map(|line| serde_json::from_slice(line).expect("a record is one JSON object")).collect()
    }

    /// How many calls there are audit records of, and not of what time has set going. A replica that a call makes has a
    /// record of its own.
    pub fn calls(&self) -> u64 {
        let records = self.records();
        let calls = records.iter().filter(|record| is_of_a_call(record)).map(|record| record["requestID"].as_str());
        calls.collect::<HashSet<_>>().len() as u64
    }

    /// The names of the audit records so far.
    pub fn recorded(&self) -> Vec<String> {
        self.records().iter().map(|record| record["eventName"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// How many audit records have this name.
    pub fn count(&self, name: &str) -> usize {
        self.recorded().iter().filter(|recorded| *recorded == name).count()
    }

    /// The rows whose names begin with `prefix`, sealed as they are.
    pub async fn rows(&self, prefix: &[u8]) -> Vec<Entry> {
        let at = self.store.revision().await.expect("a revision");
        let mut rows: Vec<Entry> = Vec::new();
        loop {
            let after = rows.last().map(|row| row.key.clone());
            let page = self.store.scan(at, prefix, after.as_deref(), 256).await.expect("a page");
            rows.extend(page.entries);
            if !page.more {
                return rows;
            }
        }
    }

    /// All rows by name, but for the audit's own (outbox and head).
    pub async fn everything(&self) -> BTreeMap<String, Vec<u8>> {
        let rows = self.rows(b"").await.into_iter().map(|row| (readable(&row.key), row.value.to_vec()));
        rows.filter(|(name, _)| !name.starts_with("o/") && !name.starts_with("h/")).collect()
    }

    /// What stands in the row whose name has these parts.
    pub async fn row(&self, name: &[&str]) -> Option<Value> {
        let text = self.opened(name).await?;
        let mut text: Value = serde_json::from_slice(&text).expect("a record is JSON");
        Some(text["r"].take())
    }

    /// The document in the row of a key's policy, which stands behind a line of its own.
    pub async fn policy_in(&self, region: &str, key: &str) -> String {
        let text = self.opened(&["x", OWN, region, key, "policy"]).await.expect("a key has a policy");
        let text = String::from_utf8(text).expect("text");
        text.split_once('\n').expect("a head and a document").1.to_owned()
    }

    async fn opened(&self, name: &[&str]) -> Option<Vec<u8>> {
        let name = name.join("\0").into_bytes();
        let at = self.store.revision().await.expect("a revision");
        let entry = self.store.get(at, &name).await.expect("a read")?;
        Some(self.open_value(&name, &entry.value))
    }

    /// What stands in a row of this name with this value, whether or not it is in the store.
    pub fn open_row(&self, name: &[&str], value: &[u8]) -> Value {
        let text = self.open_value(&name.join("\0").into_bytes(), value);
        let mut text: Value = serde_json::from_slice(&text).expect("a record is JSON");
        text["r"].take()
    }

    fn open_value(&self, name: &[u8], value: &[u8]) -> Vec<u8> {
        self.keys.open(name, value).unwrap_or_else(|_| panic!("{} opens", readable(name))).value
    }

    /// Gives a planted key a policy that leaves everything to its account, as the first version kept it.
    pub async fn plant_policy(&self, key: &str) {
        let document = base64(policy::default_key_policy("aws", OWN));
        self.plant(&["x", OWN, REGION, key, "policy"], json!({ "v": 1, "r": { "document": document } })).await;
    }

    /// Writes a row as the service would, of any content.
    pub async fn plant(&self, name: &[&str], envelope: Value) {
        let name = name.join("\0").into_bytes();
        let text = envelope.to_string();
        let sealed = self.keys.seal(&name, 1, 1, text.as_bytes(), &Seeded::new(1));
        self.put(name, sealed).await;
    }

    /// Puts the grant called [`sample::GRANT`] on a key of [`OWN`]'s, with nothing that leads to it.
    pub async fn plant_grant(&self, key: &str) {
        let grant = json!({
            "grant_id": sample::GRANT,
            "grantee": { "arn": format!("arn:aws:iam::{OWN}:root") },
            "operations": ["Encrypt"],
            "issuer": OWN,
            "created": NOON.0,
        });
        self.plant(&["g", OWN, REGION, key, sample::GRANT], json!({ "v": 1, "r": grant })).await;
    }

    /// Puts bytes into a row, past the service.
    pub async fn put(&self, name: Vec<u8>, value: Vec<u8>) {
        self.commit(Batch { puts: vec![(name, value.into())], ..Batch::default() }).await;
    }

    /// Writes and deletes rows, past the service.
    pub async fn commit(&self, batch: Batch) {
        let outcome = self.store.commit(batch).await.expect("the store takes the rows");
        assert!(matches!(outcome, Outcome::Committed { .. }), "{outcome:?}");
    }
}

/// Whether a record is of a call, and not of what a call or time has set going.
pub fn is_of_a_call(record: &Value) -> bool {
    record["eventType"] == "AwsApiCall"
}

/// Where a house on disk lies under `place`.
pub fn home_in(place: &Path) -> Home {
    Home { data: place.join("data"), secrets: place.join("secrets") }
}

fn terms(mode: Mode) -> Terms {
    Terms { mode, create: true, account: None, region: REGION.into(), endpoint: None }
}

/// Who signs for this account and Region.
#[expect(clippy::disallowed_methods, reason = "no door stands before these calls")]
pub fn caller(account: &str, region: &str) -> Caller {
    let authorization = format!("AWS4-HMAC-SHA256 Credential={account}/20250615/{region}/kms/aws4_request, x");
    let headers = [("authorization".to_owned(), authorization.into_bytes())];
    let head = wire::sigv4::Head { method: "POST", path: "/", query: "", headers: &headers };
    kms::caller::open(&head, REGION)
}

pub fn arn(key: &str) -> String {
    arn_of(OWN, key)
}

pub fn arn_of(account: &str, key: &str) -> String {
    format!("arn:aws:kms:{REGION}:{account}:key/{key}")
}

pub fn refusal(name: &str, message: impl Into<String>) -> Result<Value, Refusal> {
    Err(Refusal(name.to_owned(), message.into()))
}

pub fn name_of(told: &Result<Value, Refusal>) -> &str {
    told.as_ref().map_or_else(|refused| refused.0.as_str(), |_| "")
}

/// A row's name with slashes for its zero bytes.
pub fn readable(name: &[u8]) -> String {
    String::from_utf8_lossy(name).replace('\0', "/")
}

pub fn text_at(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no text at {pointer} of {value}"))
        .to_owned()
}

pub fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub fn unbase64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).expect("base64")
}

/// `body` with these members put in.
pub fn with(mut body: Value, members: Value) -> Value {
    let into = body.as_object_mut().expect("a body is an object");
    into.extend(members.as_object().expect("members are an object").clone());
    body
}

/// `body` without a member.
pub fn without(mut body: Value, member: &str) -> Value {
    body.as_object_mut().expect("a body is an object").remove(member);
    body
}

/// Whether any file under `place` holds these bytes.
pub fn found(place: &Path, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(place).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(self::found(&path, bytes));
        } else {
            let file = std::fs::read(&path).expect("a file");
            if file.windows(bytes.len()).any(|part| part == bytes) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
