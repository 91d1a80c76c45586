//! The keys that the cases are asked about, in the states that they need, and what lies on them.

use std::collections::BTreeMap;

use kms::{Mode, Quotas};
use serde_json::{Value, json};
use wire::Op;

use super::common::import::Envelope;
use super::common::sample::{With, key_for, sample};
use super::common::{House, MINUTE, OWN, arn, base64, caller, with};

/// How a key is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum State {
    Enabled,
    Disabled,
    Pending,
}

/// Everything that is there before a case is asked.
pub struct Stage {
    pub house: House,
    pub full: Full,
    /// The keys, by the request that made them and by their state.
    keys: BTreeMap<(String, State), String>,
    /// Ciphertexts of those that encrypt without more.
    blobs: BTreeMap<String, String>,
    /// A key of origin EXTERNAL with material, and parameters for more.
    pub imported: (String, Envelope),
    /// A key of origin EXTERNAL, and parameters for it that are over.
    pub late: (String, Envelope),
    /// A key that was rotated as often as a key can be.
    pub rotated: String,
    /// A key that can be imported into, whose replica is not ready yet.
    pub creating: String,
    /// A key whose replica is.
    pub replica: String,
    /// A key that encrypts, and has two halves.
    pub rsa: String,
}

/// A house whose quotas are used up: of keys, in two Regions, and one alias and one grant to a key.
pub struct Full {
    pub house: House,
    /// A key with an alias and a grant.
    pub one: String,
    /// A key that could be replicated.
    pub multi_region: String,
}

/// Where replicas are.
pub const ELSEWHERE: &str = "eu-west-1";

/// How often a key can be rotated on demand.
const ROTATIONS: usize = 25;

/// The alias that is there, of an enabled symmetric key.
pub const ALIAS: &str = "alias/sample";

/// The material of imported keys.
pub const MATERIAL: [u8; 32] = [7; 32];

impl Stage {
    pub async fn set() -> Stage {
        let house = House::new().await;
        house.service.first_account(OWN, house.now()).await.expect("an account whose people are known");
        let (late, replica) = (late(&house).await, replica(&house).await);
        let (mut keys, mut blobs) = (BTreeMap::new(), BTreeMap::new());
        for kind in Op::ALL.map(key_for) {
            for state in [State::Enabled, State::Disabled, State::Pending] {
                // A key without material cannot be disabled.
                let cannot_be = state == State::Disabled && kind["Origin"] == "EXTERNAL";
                if cannot_be || keys.contains_key(&(kind.to_string(), state)) {
                    continue;
                }
                let key = house.key_as(kind.clone()).await;
                if kind["MultiRegion"] == true {
                    house.ok(Op::ReplicateKey, json!({ "KeyId": key, "ReplicaRegion": ELSEWHERE })).await;
                }
                if kind == json!({}) {
                    blobs.insert(key.clone(), house.encrypt(&key, &base64("of the stage")).await);
                    house.plant_grant(&key).await;
                }
                match state {
                    State::Enabled => {}
                    State::Disabled => drop(house.ok(Op::DisableKey, json!({ "KeyId": key })).await),
                    State::Pending => drop(house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await),
                }
                keys.insert((kind.to_string(), state), key);
            }
        }
        let mut stage = Stage {
            imported: house.imported_key(&MATERIAL).await,
            late,
            replica,
            rsa: house.key_as(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" })).await,
            rotated: rotated(&house).await,
            creating: creating(&house).await,
            full: full().await,
            house,
            keys,
            blobs,
        };
        let named = json!({ "AliasName": ALIAS, "TargetKeyId": stage.symmetric(State::Enabled) });
        stage.house.ok(Op::CreateAlias, named).await;
        stage.blobs.insert(String::new(), stage.blobs[stage.symmetric(State::Enabled)].clone());
        stage
    }

    /// A key such as `op` wants, in this state.
    pub fn key(&self, op: Op, state: State) -> &str {
        &self.keys[&(key_for(op).to_string(), state)]
    }

    /// A symmetric encryption key.
    pub fn symmetric(&self, state: State) -> &str {
        self.key(Op::Encrypt, state)
    }

    /// A key that signs.
    pub fn signing(&self) -> &str {
        self.key(Op::Sign, State::Enabled)
    }

    /// A request of `op` for this key, which nothing is wrong with but what may be with the key.
    pub fn ask(&self, op: Op, key: &str) -> Value {
        let blob = self.blobs.get(key).unwrap_or(&self.blobs[""]);
        let body = sample(op, &With { key, blob });
        // The sample's is taken.
        if op == Op::CreateAlias { with(body, json!({ "AliasName": "alias/new" })) } else { body }
    }

    /// The same for an enabled key such as the operation wants.
    pub fn good(&self, op: Op) -> Value {
        self.ask(op, self.key(op, State::Enabled))
    }

    /// The ARN in refusals: of the key of this state.
    pub fn arn(&self, op: Op, state: State) -> String {
        arn(self.key(op, state))
    }
}

/// Import parameters that were good for a day, and the day is over.
async fn late(house: &House) -> (String, Envelope) {
    let key = house.external_key().await;
    let envelope = house.envelope(&key).await;
    house.advance_days(2);
    (key, envelope)
}

async fn rotated(house: &House) -> String {
    let key = house.key().await;
    for _ in 0..ROTATIONS {
        house.ok(Op::RotateKeyOnDemand, json!({ "KeyId": key })).await;
    }
    key
}

/// The id of a key whose replica is ready.
async fn replica(house: &House) -> String {
    let key = house.key_as(json!({ "MultiRegion": true })).await;
    house.ok(Op::ReplicateKey, json!({ "KeyId": key, "ReplicaRegion": ELSEWHERE })).await;
    house.advance_days(1);
    house.turn(MINUTE).await;
    key
}

/// The id of a key whose replica nobody has waited for.
async fn creating(house: &House) -> String {
    let key = house.key_as(json!({ "Origin": "EXTERNAL", "MultiRegion": true })).await;
    let envelope = house.envelope(&key).await;
    house.import(&key, &envelope, &MATERIAL, json!({})).await.expect("it takes its first material");
    house.ok(Op::ReplicateKey, json!({ "KeyId": key, "ReplicaRegion": ELSEWHERE })).await;
    key
}

/// Three keys in each of two Regions, and no room for more; two of them have all the aliases that they may have, and the
/// first one all its grants.
async fn full() -> Full {
    let quotas = Quotas { keys: 3, aliases_per_key: 1, grants_per_key: 1, ..Quotas::default() };
    let house = House::with(Mode::Serve, |store| store).await.again_with(quotas).await;
    let (one, two) = (house.key().await, house.key().await);
    for (alias, key) in [("alias/one", &one), ("alias/two", &two)] {
        house.ok(Op::CreateAlias, json!({ "AliasName": alias, "TargetKeyId": key })).await;
    }
    house.ok(Op::CreateGrant, sample(Op::CreateGrant, &With { key: &one, blob: "" })).await;
    let multi_region = house.key_as(json!({ "MultiRegion": true })).await;
    for _ in 0..3 {
        house.key_of(&caller(OWN, ELSEWHERE)).await;
    }
    Full { house, one, multi_region }
}
