//! What the program does on its own account for whoever started it on its machine: the file of identities, the first
//! credentials of `dev --enforce`, recovery. It goes the way of every request and leaves its record; whoever can start
//! the program on this store has its seal key, so that no policy is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::SecretBytes;
use iam::record::Account;
use iam::verb::Verb;
use iam::{Shelf, Stored, rows as iam_rows};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::{Fault, fault_names};
use zeroize::Zeroizing;

use crate::Time;
use crate::audit::{Event, Seen};
use crate::caller;
use crate::error::Error;
use crate::journey::{Call, Drawn, Parts, View, Write};
use crate::pipeline::{self, Answer, Attempt, Errand};
use crate::records::PolicyRecord;
use crate::rows;
use crate::service::{Core, Origin};
use crate::world::World;

use super::shelf::Held;
use super::verbs::{self, fault};

/// A call by the program itself, as the root of this account.
pub(crate) fn call(core: &Core, account: &str, region: &str, now: Time) -> Call {
    let origin = Origin {
        request_id: core.uuid(),
        source_ip: "127.0.0.1".to_owned(),
        user_agent: Some(caller::OPERATOR.to_owned()),
    };
    Call { caller: Arc::new(caller::operator(account, region)), origin, now }
}

/// A new access key for the account's root, recorded under this name: its id and its secret. Where the root has two
/// already, the older one is deleted.
///
/// Errors: `NoSuchEntity` for an account that is not there.
pub(crate) async fn new_root_key(
    core: &Arc<Core>,
    call: &Call,
    recorded: &'static str,
) -> Result<(String, SecretBytes), Fault> {
    let account = core.record_of::<Account>(&iam_rows::account(call.caller.account())).await;
    let keys = account.map_err(|error| fault(&error))?.map(|account| account.access_keys.clone()).unwrap_or_default();
    let oldest = keys.iter().min_by_key(|(_, facts)| facts.created).filter(|_| keys.len() >= ROOT_KEYS);
    if let Some((id, _)) = oldest {
        let body = json!({ "AccessKeyId": id }).to_string();
        verbs::administer(core, call, Verb::DeleteAccessKey, body.as_bytes()).await?;
    }
    let made = verbs::administer_as(core, call, Verb::CreateAccessKey, recorded, b"{}").await?;
    let made = Zeroizing::new(made);
    let Made { access_key } = serde_json::from_slice(&made).map_err(|_| fault(&Error::internal("an odd answer")))?;
    Ok((access_key.access_key_id, SecretBytes::from(access_key.secret_access_key.as_bytes().to_vec())))
}

/// What CreateAccessKey answers, as far as it matters here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Made<'a> {
    #[serde(borrow)]
    access_key: MadeKey<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MadeKey<'a> {
    access_key_id: String,
    secret_access_key: &'a str,
}

/// Makes an account that is not there. If it is the store's first, others are then managed from it.
pub(crate) struct FirstAccount;

impl Errand for FirstAccount {
    fn event(&self) -> Event {
        Event { source: "organizations.amazonaws.com", name: "CreateAccount", read_only: false, resources: "" }
    }

    fn parameters(&self) -> Option<&Map<String, Value>> {
        None
    }

    fn fault(&self, error: &Error) -> Fault {
        fault(error)
    }

    async fn attempt(&self, core: &Arc<Core>, call: &Call, _: &Drawn) -> Result<Attempt, Error> {
        let view = View::newest(core, call.now).await?;
        let row = iam_rows::account(call.caller.account());
        let writes = match view.get::<Held<Account>>(row.clone()).await? {
            Some(_) => Vec::new(),
            None => {
                let (others, _) = Shelf::names(&view, iam_rows::accounts(), None, 1).await?;
                let management = others.is_empty();
                let account = Account { created: call.now.0, name: None, management, access_keys: BTreeMap::new() };
                vec![Write::Put { name: row, version: 1, encoded: account.encode() }]
            }
        };
        let outcome = Ok(Parts { answer: Vec::new(), writes, beside: None, used: Vec::new() });
        Ok(Attempt { outcome, seen: Seen::default(), read: view.into_expectations() })
    }
}

/// Puts the default policy in place of a key's own.
pub(crate) async fn default_policy(core: &Arc<Core>, key_arn: &str, now: Time) -> Answer {
    let Some((world, key_id)) = key(key_arn) else {
        return Err(Fault::client("InvalidArnException", format!("{key_arn} is not the ARN of a key")));
    };
    let call = call(core, &world.account, &world.region, now);
    pipeline::run(core, &call, &DefaultPolicy { parameters: recorded(key_arn), world, key_id }).await
}

struct DefaultPolicy {
    world: World,
    key_id: String,
    parameters: Map<String, Value>,
}

impl Errand for DefaultPolicy {
    fn event(&self) -> Event {
        Event { source: SOURCE, name: "RecoverKeyPolicy", read_only: false, resources: "AWS::KMS::Key" }
    }

    fn parameters(&self) -> Option<&Map<String, Value>> {
        Some(&self.parameters)
    }

    fn fault(&self, error: &Error) -> Fault {
        error.to_fault(wire::Op::PutKeyPolicy)
    }

    async fn attempt(&self, core: &Arc<Core>, call: &Call, _: &Drawn) -> Result<Attempt, Error> {
        let view = View::newest(core, call.now).await?;
        let arn = self.world.key_arn(&self.key_id);
        let outcome = match view.key(self.world.clone(), &self.key_id).await? {
            None => Err(self.fault(&Error::NoSuchKey { arn: arn.clone() })),
            // Its policy never locked anybody out: it lets nobody in.
            Some(key) if key.record().is_aws_managed() => Err(Fault::client(
                fault_names::ACCESS_DENIED_EXCEPTION,
                format!("{arn} is an AWS managed key: its policy is fixed"),
            )),
            Some(_) => {
                let row = rows::hanging_row(&self.world, &self.key_id, "policy");
                let version = view.get::<PolicyRecord>(row.clone()).await?.map_or(0, |row| row.version);
                let text = policy::default_key_policy(call.caller.partition(), &self.world.account);
                let write = Write::put(row, version + 1, &PolicyRecord::new(text, BTreeMap::new()))?;
                Ok(Parts { answer: Vec::new(), writes: vec![write], beside: None, used: Vec::new() })
            }
        };
        let seen = Seen {
            resources: vec![(self.world.account.clone(), arn.clone())],
            response: Some(json!({ "keyId": arn })),
            ..Seen::default()
        };
        Ok(Attempt { outcome, seen, read: view.into_expectations() })
    }
}

fn recorded(key_arn: &str) -> Map<String, Value> {
    Map::from_iter([("keyId".to_owned(), json!(key_arn))])
}

/// The world and the id of the key of this ARN.
fn key(arn: &str) -> Option<(World, String)> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "kms", region, account, resource] = parts[..] else { return None };
    let world = World { account: account.to_owned(), region: region.to_owned() };
    let id = resource.strip_prefix("key/")?;
    (world.key_arn(id) == arn && !arn.contains('\0')).then(|| (world, id.to_owned()))
}

/// What records name as the source of what no service of AWS's has.
pub(super) const SOURCE: &str = "trent";

/// How many access keys a root has at most.
const ROOT_KEYS: usize = 2;
