//! What a review of all operations asked: what once went wrong, and what must not.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::engines::{Blind, Read};
use common::import::{EXISTING, NEW};
use common::kinds::CHINA;
use common::regions::WEST;
use common::{House, OWN, Refusal, caller, text_at, unbase64, with};
use crypto::Random;
use crypto::spec::{KeySpec, KeyUsage};
use crypto::testing::Seeded;
use crypto::wrapping::{WrappingAlgorithm, wrap};
use kms::Mode;
use kms::home::{self, Opened};
use proptest::prelude::*;
use serde_json::{Value, json};
use store::Unread;
use wire::Op;

/// Regions of China, where wrapping keys are made in no time.
const REGIONS: [&str; 3] = ["cn-north-1", "cn-northwest-1", "cn-south-1"];
const MATERIALS: [[u8; 32]; 6] = [[1; 32], [2; 32], [3; 32], [4; 32], [5; 32], [6; 32]];

/// Which key of the set: the primary, or the one of this Region.
type At = Option<usize>;

#[derive(Clone, Debug)]
enum Step {
    Enable(At),
    Disable(At),
    /// In so many days.
    Schedule(At, u16),
    Cancel(At),
    Replicate(At, usize),
    Promote(At, usize),
    /// This material, as new or existing, for so many hours.
    Import(At, usize, Option<bool>, Option<i64>),
    /// What waits for its rotation comes to every Region.
    ImportAll(usize, Option<i64>),
    DeleteMaterial(At, Option<usize>),
    Rotate(At),
    Periodic(At, bool),
    Hours(i64),
    Back(i64),
    /// After so many hours of uptime.
    Turn(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let region = || 0..REGIONS.len();
    let at = || prop_oneof![Just(None), region().prop_map(Some)];
    let material = || 0..MATERIALS.len();
    let hours = || prop::option::of(1_i64..100);
    prop_oneof![
        3 => at().prop_map(Step::Enable),
        1 => at().prop_map(Step::Disable),
        1 => (at(), 7_u16..=9).prop_map(|(at, days)| Step::Schedule(at, days)),
        3 => at().prop_map(Step::Cancel),
        4 => (at(), region()).prop_map(|(at, to)| Step::Replicate(at, to)),
        6 => (at(), region()).prop_map(|(at, to)| Step::Promote(at, to)),
        6 => (at(), material(), prop::option::of(any::<bool>()), hours())
            .prop_map(|(at, which, kind, hours)| Step::Import(at, which, kind, hours)),
        4 => (material(), hours()).prop_map(|(which, hours)| Step::ImportAll(which, hours)),
        1 => (at(), prop::option::of(material())).prop_map(|(at, which)| Step::DeleteMaterial(at, which)),
        6 => at().prop_map(Step::Rotate),
        1 => (at(), any::<bool>()).prop_map(|(at, on)| Step::Periodic(at, on)),
        4 => (0_i64..=100).prop_map(Step::Hours),
        2 => (0_i64..=200).prop_map(Step::Back),
        4 => (0_u64..=30).prop_map(Step::Turn),
    ]
}

/// One set of Regions, and what happened to it.
struct Life {
    house: House,
    id: String,
    imported: bool,
    /// What was encrypted, whenever and wherever.
    blobs: Vec<String>,
    /// In seconds.
    uptime: u64,
    /// The id of each material that was ever imported.
    ids: BTreeMap<usize, String>,
}

/// So many ciphertexts are kept and tried again.
const BLOBS: usize = 20;

impl Life {
    async fn call(&self, at: usize, op: Op, body: Value) -> Result<Value, Refusal> {
        let told =
            self.house.call_as(&caller(OWN, REGIONS[at]), op, with(json!({ "KeyId": self.id }), body.clone())).await;
        if let Err(refused) = &told {
            assert_ne!(refused.0, "KMSInternalException", "{op:?} {body} in {}: {refused:?}", REGIONS[at]);
        }
        told
    }

    /// The Region that is meant.
    async fn at(&self, at: At) -> usize {
        let set = self.house.row(&["s", OWN, &self.id]).await;
        let primary = set.map_or(String::new(), |set| text_at(&set, "/set/primary"));
        at.or_else(|| REGIONS.iter().position(|region| *region == primary)).unwrap_or(0)
    }

    /// Whether a call is refused makes no difference here, but a mistake of the server's does.
    async fn take(&mut self, step: &Step) {
        let told = match *step {
            Step::Enable(at) => self.call(self.at(at).await, Op::EnableKey, json!({})).await,
            Step::Disable(at) => self.call(self.at(at).await, Op::DisableKey, json!({})).await,
            Step::Schedule(at, days) => {
                let body = json!({ "PendingWindowInDays": days });
                self.call(self.at(at).await, Op::ScheduleKeyDeletion, body).await
            }
            Step::Cancel(at) => self.call(self.at(at).await, Op::CancelKeyDeletion, json!({})).await,
            Step::Replicate(at, to) => {
                let body = json!({ "ReplicaRegion": REGIONS[to] });
                self.call(self.at(at).await, Op::ReplicateKey, body).await
            }
            Step::Promote(at, to) => {
                let body = json!({ "PrimaryRegion": REGIONS[to] });
                self.call(self.at(at).await, Op::UpdatePrimaryRegion, body).await
            }
            Step::Import(at, which, kind, hours) => self.import(self.at(at).await, which, kind, hours).await,
            Step::ImportAll(which, hours) => {
                let primary = self.at(None).await;
                let _ = self.import(primary, which, Some(true), hours).await;
                for at in (0..REGIONS.len()).filter(|at| *at != primary) {
                    let _ = self.import(at, which, None, hours).await;
                }
                return;
            }
            Step::DeleteMaterial(at, which) => {
                let body = match which.map(|which| self.ids.get(&which)) {
                    None => json!({}),
                    Some(Some(id)) => json!({ "KeyMaterialId": id }),
                    Some(None) => return,
                };
                self.call(self.at(at).await, Op::DeleteImportedKeyMaterial, body).await
            }
            Step::Rotate(at) => self.call(self.at(at).await, Op::RotateKeyOnDemand, json!({})).await,
            Step::Periodic(at, true) => {
                let body = json!({ "RotationPeriodInDays": 90 });
                self.call(self.at(at).await, Op::EnableKeyRotation, body).await
            }
            Step::Periodic(at, false) => self.call(self.at(at).await, Op::DisableKeyRotation, json!({})).await,
            Step::Hours(hours) => return self.house.advance_seconds(hours * 3600 + 2),
            Step::Back(hours) => return self.house.advance_seconds(-hours * 3600),
            Step::Turn(hours) => return self.turn(hours).await,
        };
        drop(told);
    }

    async fn turn(&mut self, hours: u64) {
        self.uptime += hours * 3600;
        self.house.turn(Duration::from_secs(self.uptime)).await;
    }

    async fn import(
        &mut self,
        at: usize,
        which: usize,
        kind: Option<bool>,
        hours: Option<i64>,
    ) -> Result<Value, Refusal> {
        let algorithm = WrappingAlgorithm::Sm2Pke;
        let asked = json!({ "WrappingKeySpec": "SM2", "WrappingAlgorithm": algorithm.as_str() });
        let told = self.call(at, Op::GetParametersForImport, asked).await?;
        let wrapped = wrap(&unbase64(&text_at(&told, "/PublicKey")), algorithm, &MATERIALS[which]);
        let mut body =
            json!({ "ImportToken": text_at(&told, "/ImportToken"), "EncryptedKeyMaterial": common::base64(wrapped) });
        body = with(
            body,
            match hours {
                None => json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" }),
                Some(hours) => json!({ "ValidTo": self.house.now().plus_seconds(hours * 3600).0 / 1000 }),
            },
        );
        if let Some(new) = kind {
            body = with(body, json!({ "ImportType": if new { NEW } else { EXISTING } }));
        }
        let told = self.call(at, Op::ImportKeyMaterial, body).await?;
        let id = text_at(&told, "/KeyMaterialId");
        assert_eq!(*self.ids.entry(which).or_insert(id.clone()), id);
        Ok(told)
    }

    /// Whoever is enabled opens everything, all encrypt with one material, and no bytes lie where no key knows of them.
    async fn check(&mut self) {
        let (mut open, mut current, mut sealed) = (Vec::new(), BTreeSet::new(), Vec::new());
        for at in 0..REGIONS.len() {
            let Ok(told) = self.call(at, Op::DescribeKey, json!({})).await else { continue };
            if matches!(text_at(&told, "/KeyMetadata/KeyState").as_str(), "Enabled" | "Updating") {
                open.push(at);
                current.insert(text_at(&told, "/KeyMetadata/CurrentKeyMaterialId"));
                let told = self.call(at, Op::Encrypt, json!({ "Plaintext": "eA==" })).await.expect("it encrypts");
                sealed.push(text_at(&told, "/CiphertextBlob"));
            }
        }
        assert!(current.len() <= 1, "{current:?}");
        for at in open {
            for blob in self.blobs.iter().chain(&sealed) {
                let told = self.call(at, Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
                assert_eq!(told.map(|told| text_at(&told, "/Plaintext")), Ok("eA==".to_owned()), "{}", REGIONS[at]);
            }
        }
        self.blobs.extend(sealed);
        self.blobs.truncate(BLOBS);
        for region in REGIONS.iter().filter(|_| self.imported) {
            let row = self.house.row(&["k", OWN, region, &self.id]).await.unwrap_or_default();
            let here = row["own"]["here"].as_array().cloned().unwrap_or_default();
            let here: BTreeSet<String> = here.iter().map(|here| text_at(here, "/id")).collect();
            for table in ["x", "e"] {
                assert_eq!(self.materials_in(table, region).await, here, "{table} in {region}");
            }
        }
    }

    /// The ids of the materials whose rows are there.
    async fn materials_in(&self, table: &str, region: &str) -> BTreeSet<String> {
        let within = match table {
            "x" => format!("x\0{OWN}\0{region}\0{}\0m\0", self.id),
            _ => format!("{table}\0{OWN}\0{region}\0{}\0", self.id),
        };
        let rows = self.house.rows(within.as_bytes()).await;
        rows.iter().map(|row| String::from_utf8_lossy(&row.key[within.len()..]).into_owned()).collect()
    }

    /// All its keys are deleted, and nothing of it is left.
    async fn end(&mut self) {
        // A primary that was told to go before its replicas is told again.
        for _ in 0..REGIONS.len() + 1 {
            for at in 0..REGIONS.len() {
                let _ = self.call(at, Op::CancelKeyDeletion, json!({})).await;
                let _ = self.call(at, Op::ScheduleKeyDeletion, json!({ "PendingWindowInDays": 7 })).await;
            }
            for _ in 0..8 {
                self.house.advance_days(20);
                self.turn(25).await;
                self.turn(0).await;
            }
        }
        let left: Vec<_> = self.house.everything().await.into_keys().filter(|name| name.contains(&self.id)).collect();
        assert_eq!(left, [""; 0]);
    }
}

async fn live(imported: bool, steps: &[Step]) {
    let house = House::with(Mode::Serve, |store| store).await;
    let origin = if imported { "EXTERNAL" } else { "AWS_KMS" };
    let asked = json!({ "MultiRegion": true, "Origin": origin });
    let made = house.call_as(&caller(OWN, REGIONS[0]), Op::CreateKey, asked).await.expect("a key");
    let id = text_at(&made, "/KeyMetadata/KeyId");
    let mut life = Life { house, id, imported, blobs: Vec::new(), uptime: 0, ids: BTreeMap::new() };
    if imported {
        life.import(0, 0, None, None).await.expect("its first");
    }
    for to in 1..REGIONS.len() {
        life.take(&Step::Replicate(None, to)).await;
        if imported {
            life.take(&Step::Hours(0)).await;
            life.import(to, 0, None, None).await.expect("the same");
        }
    }
    life.take(&Step::Hours(0)).await;
    for step in steps {
        life.take(step).await;
        life.check().await;
    }
    life.end().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_region_ever_loses_what_it_needs_and_nothing_outlives_its_key(
        imported in any::<bool>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(live(imported, &steps));
    }
}

/// Random bytes, and how often some were drawn.
struct Counting(Seeded, AtomicUsize);

impl Random for Counting {
    fn fill(&self, out: &mut [u8]) {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.fill(out);
    }
}

/// RSA takes seconds: whoever has to look again at what was read before would otherwise draw anew each time.
#[tokio::test]
async fn a_data_key_pair_is_drawn_once_however_often_its_request_has_to_look_again() {
    let random = Arc::new(Counting(Seeded::new(1), AtomicUsize::new(0)));
    let opened = home::in_memory(&*random);
    let blind = Blind::new(opened.store.clone(), Unread::Expired { oldest: 1 });
    let house = House::open(Mode::Serve, Opened { store: blind.clone(), ..opened }, random.clone()).await;
    let mut draws = Vec::new();
    for expired in [0, 3] {
        let key = house.key().await;
        // What is read before the draw is known from now on, so that it is the material that is read too late.
        house.ok(Op::DescribeKey, json!({ "KeyId": key })).await;
        let before = random.1.load(Ordering::Relaxed);
        blind.fail(Read::Get, expired);
        house.ok(Op::GenerateDataKeyPair, json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" })).await;
        draws.push(random.1.load(Ordering::Relaxed) - before);
    }
    assert_eq!(draws[0], draws[1]);
}

/// Requests go on when their clients are gone, and hold their connections: a queue without end would be the end of all
/// other requests.
#[tokio::test]
async fn only_so_many_wait_for_an_rsa_key_and_others_are_not_kept_waiting() {
    let house = Arc::new(House::new().await);
    let key = house.key().await;
    let mut asked = tokio::task::JoinSet::new();
    let threads = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
    let (waiting, more) = (64, 10);
    for _ in 0..threads + waiting + more {
        let (house, key) = (house.clone(), key.clone());
        asked.spawn(async move {
            house.call(Op::GenerateDataKeyPair, json!({ "KeyId": key, "KeyPairSpec": "RSA_4096" })).await
        });
    }
    let mut refused = 0;
    while refused < more {
        match asked.join_next().await.expect("somebody is refused").expect("no panic") {
            Ok(_) => {}
            Err(Refusal(name, _)) => {
                assert_eq!(name, "ThrottlingException");
                refused += 1;
            }
        }
    }
    house.encrypt(&key, "eA==").await;
    house.ok(Op::CreateKey, json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" })).await;
}

#[tokio::test]
async fn what_is_taken_from_as_many_regions_as_there_can_be_is_one_change() {
    let house = House::with(Mode::Serve, |store| store).await;
    let regions: Vec<String> = (1..=20).map(|n| format!("cn-north-{n}")).collect();
    let asked = json!({ "MultiRegion": true, "Origin": "EXTERNAL" });
    let made = house.call_as(&caller(OWN, &regions[0]), Op::CreateKey, asked).await.expect("a key");
    let id = text_at(&made, "/KeyMetadata/KeyId");
    let import = async |region: &str, material: &[u8; 32], more: Value| {
        let algorithm = WrappingAlgorithm::Sm2Pke;
        let who = caller(OWN, region);
        let asked = json!({ "KeyId": id, "WrappingKeySpec": "SM2", "WrappingAlgorithm": algorithm.as_str() });
        let told = house.call_as(&who, Op::GetParametersForImport, asked).await.expect("parameters");
        let wrapped = wrap(&unbase64(&text_at(&told, "/PublicKey")), algorithm, material);
        let (token, wrapped) = (text_at(&told, "/ImportToken"), common::base64(wrapped));
        let body = json!({ "KeyId": id, "ImportToken": token, "EncryptedKeyMaterial": wrapped });
        let told = house.call_as(&who, Op::ImportKeyMaterial, with(body, more)).await.expect("an import");
        text_at(&told, "/KeyMaterialId")
    };
    let for_ever = json!({ "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE" });
    import(&regions[0], &MATERIALS[0], for_ever.clone()).await;
    for region in &regions[1..] {
        let body = json!({ "KeyId": id, "ReplicaRegion": region });
        house.call_as(&caller(OWN, &regions[0]), Op::ReplicateKey, body).await.expect("a replica");
    }
    house.advance_seconds(2);
    for region in &regions[1..] {
        import(region, &MATERIALS[0], for_ever.clone()).await;
    }
    let mut uptime = 1;
    house.turn(Duration::from_secs(uptime)).await;
    for (round, material) in MATERIALS[1..].iter().enumerate() {
        let expires = json!({ "ValidTo": house.now().plus_days(2).0 / 1000 });
        let mut pending = String::new();
        for (at, region) in regions.iter().enumerate() {
            let kind = if at == 0 { NEW } else { EXISTING };
            pending = import(region, material, with(expires.clone(), json!({ "ImportType": kind }))).await;
        }
        if round == 0 {
            let body = json!({ "KeyId": id, "KeyMaterialId": pending });
            house.call_as(&caller(OWN, &regions[0]), Op::DeleteImportedKeyMaterial, body).await.expect("it goes");
        } else {
            house.advance_days(3);
            for _ in 0..3 {
                uptime += 25 * 3600;
                house.turn(Duration::from_secs(uptime)).await;
            }
        }
        let left: Vec<_> = house.everything().await.into_keys().filter(|name| name.contains(&pending)).collect();
        assert_eq!(left, [""; 0], "{round}");
        let is_date = |name: &String| name.starts_with("d/") || name.starts_with("t/");
        let dates: Vec<_> = house.everything().await.into_keys().filter(is_date).collect();
        assert_eq!(dates, [""; 0], "{round}");
    }
}

#[tokio::test]
async fn a_set_with_more_materials_than_one_commit_deletes_leaves_none_behind() {
    let house = House::with(Mode::Serve, |store| store).await;
    let id = house.key_in(json!({}), &[WEST]).await;
    house.turn(Duration::from_secs(1)).await;
    house.ok(Op::EnableKeyRotation, json!({ "KeyId": id, "RotationPeriodInDays": 90 })).await;
    house.advance_days(90 * 127 + 1);
    house.turn(Duration::from_secs(2)).await;
    house.ok(Op::UpdatePrimaryRegion, json!({ "KeyId": id, "PrimaryRegion": "eu-west-1" })).await;
    house.advance_seconds(2);
    let who = caller(OWN, "eu-west-1");
    let sealed =
        house.call_as(&who, Op::Encrypt, json!({ "KeyId": id, "Plaintext": "eA==" })).await.expect("it encrypts");
    house.ok(Op::Decrypt, json!({ "CiphertextBlob": sealed["CiphertextBlob"] })).await;
    assert!(house.rows(format!("e\0{OWN}\0*\0{id}\0").as_bytes()).await.len() > 120);
    let body = json!({ "KeyId": id, "PendingWindowInDays": 7 });
    house.call_as(&who, Op::ScheduleKeyDeletion, body.clone()).await.expect("it waits");
    house.ok(Op::ScheduleKeyDeletion, body).await;
    let mut uptime = 10;
    for _ in 0..6 {
        house.advance_days(8);
        uptime += 25 * 3600;
        house.turn(Duration::from_secs(uptime)).await;
    }
    let left: Vec<_> = house.everything().await.into_keys().filter(|name| name.contains(&id)).collect();
    assert_eq!(left, [""; 0]);
}

/// What a set has drawn lies in a world whose Region is called `*`.
#[tokio::test]
async fn no_client_can_name_the_region_in_which_a_sets_material_lies() {
    let house = House::new().await;
    let key = house.key_in(json!({}), &[WEST]).await;
    let before = house.everything().await;
    for region in ["*", "", "us-east-1\u{0}", "\u{0}*", "eu-west-1/*", "EU-WEST-1", "eu-*-1", "eu-west-*"] {
        for (op, member) in [(Op::ReplicateKey, "ReplicaRegion"), (Op::UpdatePrimaryRegion, "PrimaryRegion")] {
            let told = house.call(op, json!({ "KeyId": key, member: region })).await.expect_err("no Region");
            assert_eq!(told.0, "ValidationException", "{op:?} {region:?}: {told:?}");
        }
        let arn = format!("arn:aws:kms:{region}:{OWN}:key/{key}");
        let told = house.call(Op::DescribeKey, json!({ "KeyId": arn })).await.expect_err("no key");
        assert!(["NotFoundException", "ValidationException"].contains(&told.0.as_str()), "{arn}: {told:?}");
    }
    assert_eq!(house.everything().await, before);
}

/// Everybody changes the set at once, and meanwhile it is used: whoever is refused is refused by a state, and what was
/// encrypted opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_change_a_set_of_regions_at_once_do_not_break_it() {
    const CLIENTS: usize = 8;
    const CALLS: usize = 40;
    let house = Arc::new(House::with(Mode::Serve, |store| store).await);
    let made = house.call_as(&caller(OWN, REGIONS[0]), Op::CreateKey, json!({ "MultiRegion": true })).await;
    let id = text_at(&made.expect("a key"), "/KeyMetadata/KeyId");
    let blob = house.call_as(&caller(OWN, REGIONS[0]), Op::Encrypt, json!({ "KeyId": id, "Plaintext": "eA==" })).await;
    let blob = text_at(&blob.expect("it encrypts"), "/CiphertextBlob");
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (house, id, blob) = (house.clone(), id.clone(), blob.clone());
        clients.spawn(async move {
            for call in 0..CALLS {
                let (region, other) = (REGIONS[(client + call) % 3], REGIONS[(client * call + 1) % 3]);
                let (op, body) = match (client * 7 + call * 5) % 11 {
                    0 | 1 => (Op::ReplicateKey, json!({ "KeyId": id, "ReplicaRegion": other })),
                    2 | 3 => (Op::UpdatePrimaryRegion, json!({ "KeyId": id, "PrimaryRegion": other })),
                    4 => (Op::RotateKeyOnDemand, json!({ "KeyId": id })),
                    5 => (Op::DisableKey, json!({ "KeyId": id })),
                    6 | 7 => (Op::EnableKey, json!({ "KeyId": id })),
                    8 => (Op::EnableKeyRotation, json!({ "KeyId": id, "RotationPeriodInDays": 90 })),
                    9 => (Op::ScheduleKeyDeletion, json!({ "KeyId": id, "PendingWindowInDays": 7 })),
                    _ => (Op::CancelKeyDeletion, json!({ "KeyId": id })),
                };
                let told = house.call_as(&caller(OWN, region), op, body.clone()).await;
                let refusals = [
                    "AlreadyExistsException",
                    "DisabledException",
                    "KMSInvalidStateException",
                    "LimitExceededException",
                    "NotFoundException",
                    "UnsupportedOperationException",
                ];
                if let Err(Refusal(name, why)) = told {
                    let met_others = why.contains("met too many others");
                    assert!(met_others || refusals.contains(&name.as_str()), "{op:?} {body} in {region}: {name} {why}");
                }
                if let Err(Refusal(name, why)) =
                    house.call_as(&caller(OWN, region), Op::Decrypt, json!({ "CiphertextBlob": blob })).await
                {
                    let closed = ["AccessDeniedException", "DisabledException", "KMSInvalidStateException"];
                    assert!(closed.contains(&name.as_str()), "in {region}: {name} {why}");
                }
                if call % 4 == 0 {
                    house.advance_seconds(1);
                    house.turn(Duration::from_secs(1)).await;
                }
            }
        });
    }
    while let Some(ended) = clients.join_next().await {
        ended.expect("no client is told what nobody should be");
    }
    house.advance_seconds(2);
    let house = Arc::into_inner(house).expect("all have ended");
    let mut life = Life { house, id, imported: false, blobs: vec![blob], uptime: 2, ids: BTreeMap::new() };
    life.check().await;
    life.end().await;
}

/// AWS's model has no plaintext of nothing and none of more than 4096 bytes, but who has the public half of a key can make
/// ciphertexts of both. What is sealed anew from them nobody could hand back, or SM2 does not encrypt.
#[tokio::test]
async fn what_no_answer_can_hold_is_not_decrypted() {
    let house = House::new().await;
    let rsa = house.kept_in(CHINA, KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).await;
    let sm2 = house.kept_in(CHINA, KeySpec::Sm2, KeyUsage::EncryptDecrypt).await;
    let symmetric = house.kept_in(CHINA, KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt).await;
    let (oaep, pke) = (WrappingAlgorithm::RsaesOaepSha256, WrappingAlgorithm::Sm2Pke);
    for (key, algorithm, length, right) in [
        (&rsa, oaep, 0, false),
        (&rsa, oaep, 1, true),
        (&sm2, pke, 1, true),
        (&sm2, pke, 4096, true),
        (&sm2, pke, 4097, false),
        (&sm2, pke, 6000, false),
    ] {
        let blob = common::base64(wrap(&key.spki(&house).await, algorithm, &vec![7; length]));
        let decrypt = json!({ "CiphertextBlob": blob, "EncryptionAlgorithm": algorithm.as_str() });
        let told = key.call(&house, Op::Decrypt, decrypt).await;
        let refused = Err(Refusal("InvalidCiphertextException".to_owned(), String::new()));
        match right {
            true => assert_eq!(unbase64(&text_at(&told.expect("it opens"), "/Plaintext")).len(), length),
            false => assert_eq!(told, refused, "{algorithm} {length}"),
        }
        for (to, by) in [(&symmetric, "SYMMETRIC_DEFAULT"), (&sm2, "SM2PKE")] {
            let body = json!({
                "CiphertextBlob": blob, "SourceKeyId": key.id, "SourceEncryptionAlgorithm": algorithm.as_str(),
                "DestinationKeyId": to.id, "DestinationEncryptionAlgorithm": by,
            });
            let told = house.call_as(&key.who, Op::ReEncrypt, body).await;
            if !right {
                assert_eq!(told, refused, "{algorithm} {length} to {by}");
            }
        }
    }
}
