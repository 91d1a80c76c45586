//! Whatever happens to a key of several Regions in whatever order: every Region answers as a model of a page says, which
//! knows nothing of rows, dates in an index, or who writes what down when.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::regions::{SOUTH, WEST, arn_in};
use common::{House, NOON, REGION, text_at};
use kms::{Mode, Time};
use proptest::prelude::*;
use serde_json::{Value, json};
use wire::Op;

const REGIONS: [&str; 3] = [REGION, WEST, SOUTH];

const SECOND: i64 = 1000;

#[derive(Clone, Debug)]
enum Step {
    Enable(usize),
    Disable(usize),
    Schedule(usize, u16),
    Cancel(usize),
    Replicate(usize, usize),
    Promote(usize, usize),
    Rotate(usize),
    /// In seconds.
    Wait(i64),
    Days(i64),
    /// What is due happens. Whether it does makes a difference only to what can be made again.
    Turn,
}

fn step() -> impl Strategy<Value = Step> {
    let region = || 0..REGIONS.len();
    prop_oneof![
        2 => region().prop_map(Step::Enable),
        2 => region().prop_map(Step::Disable),
        3 => (region(), 7_u16..=12).prop_map(|(at, days)| Step::Schedule(at, days)),
        2 => region().prop_map(Step::Cancel),
        5 => (region(), region()).prop_map(|(at, to)| Step::Replicate(at, to)),
        4 => (region(), region()).prop_map(|(at, to)| Step::Promote(at, to)),
        2 => region().prop_map(Step::Rotate),
        4 => (0_i64..=2).prop_map(Step::Wait),
        3 => (1_i64..=14).prop_map(Step::Days),
        3 => Just(Step::Turn),
    ]
}

#[derive(Clone, Copy, PartialEq)]
enum Deletion {
    No,
    On(Time),
    AfterReplicas(u16),
}

struct Key {
    enabled: bool,
    deletion: Deletion,
    creating: Option<Time>,
    updating: Option<Time>,
}

/// A set of Regions as its owner has it in mind.
struct Model {
    now: Time,
    primary: &'static str,
    keys: BTreeMap<&'static str, Key>,
    /// Where a key has gone and nobody has cleared it away.
    remains: BTreeSet<&'static str>,
    last_gone: Option<Time>,
    rotations: usize,
}

impl Model {
    fn new() -> Model {
        let key = Key { enabled: true, deletion: Deletion::No, creating: None, updating: None };
        let keys = BTreeMap::from([(REGION, key)]);
        Model { now: NOON, primary: REGION, keys, remains: BTreeSet::new(), last_gone: None, rotations: 0 }
    }

    fn is_over(&self) -> bool {
        self.keys.is_empty()
    }

    fn state(&self, region: &str) -> Option<&'static str> {
        let key = self.keys.get(region)?;
        let at_work = |since: Option<Time>| since.is_some_and(|since| self.now < Time(since.0 + SECOND));
        Some(match key.deletion {
            Deletion::On(_) => "PendingDeletion",
            Deletion::AfterReplicas(_) => "PendingReplicaDeletion",
            Deletion::No if at_work(key.creating) => "Creating",
            Deletion::No if at_work(key.updating) => "Updating",
            Deletion::No if key.enabled => "Enabled",
            Deletion::No => "Disabled",
        })
    }

    fn replicas(&self) -> Vec<&'static str> {
        self.keys.keys().copied().filter(|region| *region != self.primary).collect()
    }

    /// Keys go on their dates, and the primary's days begin with the last replica's end.
    fn time_passes(&mut self, millis: i64) {
        self.now = Time(self.now.0 + millis);
        for region in self.replicas() {
            if let Deletion::On(date) = self.keys[region].deletion
                && date <= self.now
            {
                self.keys.remove(region);
                self.remains.insert(region);
                self.last_gone = self.last_gone.max(Some(date));
            }
        }
        let alone = self.replicas().is_empty();
        let last_gone = self.last_gone;
        if let Some(key) = self.keys.get_mut(self.primary) {
            if let (Deletion::AfterReplicas(days), true) = (key.deletion, alone) {
                key.deletion = Deletion::On(last_gone.expect("it waited for one").plus_days(days.into()));
            }
            if matches!(key.deletion, Deletion::On(date) if date <= self.now) {
                self.keys.clear();
            }
        }
    }

    /// What a call is told that this state does not admit.
    fn refused(&self, region: &str, admitted: &[&str]) -> Option<&'static str> {
        match self.state(region) {
            None => Some("NotFoundException"),
            Some(state) if admitted.contains(&state) => None,
            Some("Disabled") => Some("DisabledException"),
            Some(_) => Some("KMSInvalidStateException"),
        }
    }

    fn unless(refused: Option<&'static str>, or: impl FnOnce() -> Option<&'static str>) -> Option<&'static str> {
        refused.or_else(or)
    }

    /// The call, where it is made, and the name of its refusal, or what it changes.
    fn takes(&mut self, step: &Step, id: &str) -> Option<(&'static str, Op, Value, Option<&'static str>)> {
        let not_primary = |model: &Model, at: &str| (at != model.primary).then_some("UnsupportedOperationException");
        let body = json!({ "KeyId": id });
        Some(match *step {
            Step::Enable(at) | Step::Disable(at) => {
                let (at, enabled) = (REGIONS[at], matches!(step, Step::Enable(_)));
                let refused = self.refused(at, &["Enabled", "Disabled"]);
                if refused.is_none() {
                    self.keys.get_mut(at).expect("it is there").enabled = enabled;
                }
                (at, if enabled { Op::EnableKey } else { Op::DisableKey }, body, refused)
            }
            Step::Schedule(at, days) => {
                let at = REGIONS[at];
                let refused = self.refused(at, &["Enabled", "Disabled", "Creating"]);
                if refused.is_none() {
                    let waits = at == self.primary && !self.replicas().is_empty();
                    let on = Deletion::On(self.now.plus_days(days.into()));
                    let key = self.keys.get_mut(at).expect("it is there");
                    key.deletion = if waits { Deletion::AfterReplicas(days) } else { on };
                }
                (at, Op::ScheduleKeyDeletion, json!({ "KeyId": id, "PendingWindowInDays": days }), refused)
            }
            Step::Cancel(at) => {
                let at = REGIONS[at];
                let refused = match self.refused(at, &["PendingDeletion", "PendingReplicaDeletion"]) {
                    Some("DisabledException") => Some("KMSInvalidStateException"),
                    other => other,
                };
                if refused.is_none() {
                    let key = self.keys.get_mut(at).expect("it is there");
                    (key.deletion, key.enabled) = (Deletion::No, false);
                }
                (at, Op::CancelKeyDeletion, body, refused)
            }
            Step::Replicate(at, to) => {
                let (at, to) = (REGIONS[at], REGIONS[to]);
                let exists = self.keys.contains_key(to) || self.remains.contains(to);
                let refused = Self::unless(self.refused(at, &["Enabled"]), || {
                    not_primary(self, at).or(exists.then_some("AlreadyExistsException"))
                });
                if refused.is_none() {
                    let creating = Some(self.now);
                    self.keys.insert(to, Key { enabled: true, deletion: Deletion::No, creating, updating: None });
                }
                (at, Op::ReplicateKey, json!({ "KeyId": id, "ReplicaRegion": to }), refused)
            }
            Step::Promote(at, to) => {
                let (at, to) = (REGIONS[at], REGIONS[to]);
                let usable = ["Enabled", "Updating"];
                let refused = Self::unless(self.refused(at, &usable), || {
                    let same = (at == to).then_some("UnsupportedOperationException");
                    not_primary(self, at).or_else(|| self.refused(to, &usable)).or(same)
                });
                if refused.is_none() {
                    self.primary = to;
                    for region in [at, to] {
                        self.keys.get_mut(region).expect("it is there").updating = Some(self.now);
                    }
                }
                (at, Op::UpdatePrimaryRegion, json!({ "KeyId": id, "PrimaryRegion": to }), refused)
            }
            Step::Rotate(at) => {
                let at = REGIONS[at];
                let refused = Self::unless(self.refused(at, &["Enabled", "Updating"]), || not_primary(self, at));
                self.rotations += usize::from(refused.is_none());
                (at, Op::RotateKeyOnDemand, body, refused)
            }
            Step::Wait(seconds) => {
                self.time_passes(seconds * SECOND);
                return None;
            }
            Step::Days(days) => {
                self.time_passes(days * 24 * 3600 * SECOND);
                return None;
            }
            Step::Turn => {
                self.remains.clear();
                return None;
            }
        })
    }
}

/// What every Region says of the key is what the model says.
async fn agree(house: &House, model: &Model, id: &str, blobs: &[(String, String)]) {
    let replicas = model.replicas();
    let mut current = BTreeSet::new();
    for region in REGIONS {
        let told = house.call_in(region, Op::DescribeKey, json!({ "KeyId": id })).await;
        let Some(state) = model.state(region) else {
            assert_eq!(told.expect_err("it is not there").0, "NotFoundException", "{region}");
            continue;
        };
        let told = told.unwrap_or_else(|refused| panic!("{region}: {refused:?}"))["KeyMetadata"].clone();
        assert_eq!(told["KeyState"], state, "{region}");
        let of = |region: &str| json!({ "Arn": arn_in(region, id), "Region": region });
        let kind = if region == model.primary { "PRIMARY" } else { "REPLICA" };
        let expected = json!({
            "MultiRegionKeyType": kind,
            "PrimaryKey": of(model.primary),
            "ReplicaKeys": replicas.iter().map(|region| of(region)).collect::<Vec<_>>(),
        });
        assert_eq!(told["MultiRegionConfiguration"], expected, "{region}");
        let date = told["DeletionDate"].as_f64().map(|seconds| (seconds * 1000.0) as i64);
        let expected = match model.keys[region].deletion {
            Deletion::On(date) => Some(date.0),
            Deletion::No | Deletion::AfterReplicas(_) => None,
        };
        assert_eq!(date, expected, "{region}");
        if state != "Creating" {
            current.insert(text_at(&told, "/CurrentKeyMaterialId"));
        }
        let rotated = house.ok_in(region, Op::ListKeyRotations, json!({ "KeyId": id })).await;
        assert_eq!(rotated["Rotations"].as_array().map(Vec::len), Some(model.rotations), "{region}");
        for (blob, plaintext) in blobs {
            let told = house.call_in(region, Op::Decrypt, json!({ "CiphertextBlob": blob })).await;
            match state {
                "Enabled" | "Updating" => assert_eq!(told.expect("it opens")["Plaintext"], *plaintext, "{region}"),
                _ => assert!(told.is_err(), "{region} is {state}"),
            }
        }
    }
    assert!(current.len() <= 1, "one material encrypts in all Regions: {current:?}");
}

async fn live(steps: &[Step]) {
    let house = House::with(Mode::Dev, |store| store).await;
    let id = house.primary_as(json!({})).await;
    let (mut model, mut blobs) = (Model::new(), Vec::new());
    for step in steps {
        let before = house.everything().await;
        let call = model.takes(step, &id);
        if let Some((region, op, body, refused)) = call {
            let told = house.call_in(region, op, body.clone()).await;
            let name = told.as_ref().err().map(|refused| refused.0.as_str());
            assert_eq!(name, refused, "{op:?} {body} in {region}: {told:?}");
            if refused.is_some() {
                assert_eq!(house.everything().await, before, "{op:?} {body} was refused and wrote");
            }
        }
        match step {
            Step::Wait(seconds) => house.advance_seconds(*seconds),
            Step::Days(days) => house.advance_days(*days),
            // Twice: a primary goes in the turn after its last replica.
            Step::Turn => {
                house.turn(Duration::ZERO).await;
                house.turn(Duration::ZERO).await;
            }
            Step::Rotate(at) if model.state(REGIONS[*at]) == Some("Enabled") && blobs.len() < 4 => {
                let body = json!({ "KeyId": id, "Plaintext": "eA==" });
                let sealed = house.ok_in(REGIONS[*at], Op::Encrypt, body).await;
                blobs.push((text_at(&sealed, "/CiphertextBlob"), "eA==".to_owned()));
            }
            _ => {}
        }
        agree(&house, &model, &id, &blobs).await;
        if model.is_over() {
            break;
        }
    }
    // Nothing of a set outlives it.
    if model.is_over() {
        house.advance_days(60);
        for _ in 0..3 {
            house.turn(Duration::ZERO).await;
        }
        let left: Vec<_> = house.everything().await.into_keys().filter(|name| name.contains(&id)).collect();
        assert_eq!(left, [""; 0]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_region_tells_of_a_key_what_a_simple_model_tells(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(live(&steps));
    }
}
