//! May they, and why: the question that an administrator asks about somebody else. It is asked like a verb, and needs
//! `iam:SimulatePrincipalPolicy` on the principal; the answer is the journey's.

use std::collections::BTreeMap;
use std::sync::Arc;

use iam::record::Account;
use iam::{Halt, Refusal, rows};
use policy::Resource;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use wire::{Fault, Op};

use crate::audit::{Event, Seen};
use crate::caller::unrecognized;
use crate::error::Error;
use crate::identity::Identity;
use crate::journey::{Call, Drawn, Parts, Question, View, explain};
use crate::pipeline::{self, Answer, Attempt, Errand};
use crate::service::Core;
use crate::world::World;

use super::facts::Circumstances;
use super::permit::{self, access_denied, enforce, permit};
use super::shelf::Held;
use super::verbs::told;

/// One question.
pub(crate) async fn answer(core: &Arc<Core>, call: &Call, body: &[u8]) -> Answer {
    match Asked::read(body) {
        Ok(asked) => pipeline::run(core, call, &Explanation::of(call, asked)).await,
        Err(refusal) => pipeline::refuse(core, call, &EXPLAIN, None, told(refusal), &fault).await,
    }
}

/// The request's members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Asked {
    principal: String,
    operation: String,
    key_id: Option<String>,
    #[serde(default)]
    encryption_context: BTreeMap<String, String>,
    #[serde(default)]
    facts: BTreeMap<String, OneOrMany>,
    /// They make a new grant count at once, and here every grant does.
    #[serde(default, rename = "GrantTokens")]
    _grant_tokens: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Asked {
    fn read(body: &[u8]) -> Result<Asked, Refusal> {
        let asked: Asked = serde_json::from_slice(body).map_err(|why| Refusal {
            name: "SerializationException",
            message: format!("The request body: {why}"),
            status: 400,
        })?;
        if asked.length() > BYTES_AT_MOST {
            let message =
                format!("EncryptionContext and Facts must not be longer than {BYTES_AT_MOST} bytes together.");
            return Err(Refusal { name: "ValidationError", message, status: 400 });
        }
        Ok(asked)
    }

    /// How much conditions could be held against, in bytes.
    fn length(&self) -> usize {
        let context = self.encryption_context.iter().map(|(name, value)| name.len() + value.len());
        let fact = |values: &OneOrMany| match values {
            OneOrMany::One(value) => value.len(),
            OneOrMany::Many(values) => values.iter().map(String::len).sum(),
        };
        context.chain(self.facts.iter().map(|(key, values)| key.len() + fact(values))).sum()
    }
}

/// The question, as an errand.
struct Explanation {
    question: Question,
    parameters: Map<String, Value>,
}

impl Explanation {
    fn of(call: &Call, asked: Asked) -> Explanation {
        let parameters = [
            ("principal", json!(asked.principal)),
            ("operation", json!(asked.operation)),
            ("keyId", json!(asked.key_id)),
        ];
        let present = parameters.into_iter().filter(|(_, value)| !value.is_null());
        let fact = |(key, values): (String, OneOrMany)| match values {
            OneOrMany::One(value) => (key, vec![value]),
            OneOrMany::Many(values) => (key, values),
        };
        let (account, region) = (call.caller.account().to_owned(), call.caller.region().to_owned());
        Explanation {
            parameters: present.map(|(name, value)| (name.to_owned(), value)).collect(),
            question: Question {
                world: World { account, region },
                principal: asked.principal,
                action: asked.operation,
                key: asked.key_id,
                context: asked.encryption_context,
                facts: asked.facts.into_iter().map(fact).collect(),
            },
        }
    }

    /// Whether the principal is called as nobody is here. An ARN of another partition would be another one to policies.
    fn is_about_nobody(&self, call: &Call) -> bool {
        let principal = &self.question.principal;
        !principal.starts_with(&format!("arn:{}:", call.caller.partition())) || principal.contains('\0')
    }

    /// Whether the answer would tell of another account: of its principals, or of its keys.
    fn is_about_others(&self) -> bool {
        let own = self.question.world.account.as_str();
        let account = |arn: &str| arn.split(':').nth(4).map(str::to_owned);
        let names = [Some(&self.question.principal), self.question.key.as_ref()];
        names.into_iter().flatten().filter_map(|name| account(name)).any(|account| account != own)
    }

    async fn permitted(&self, core: &Core, call: &Call, view: &View, identity: &Identity) -> Result<(), Halt<Error>> {
        let account = identity.account();
        let circumstances = Circumstances::of(call, identity, account);
        let resource = Resource { account, arn: &self.question.principal };
        let question = permit::Question {
            action: "iam:SimulatePrincipalPolicy",
            resource,
            trust: None,
            circumstances: &circumstances,
        };
        permit(core, call, identity, &question)?;
        if !self.is_about_others() {
            return Ok(());
        }
        let own = view.get::<Held<Account>>(rows::account(account)).await.map_err(Halt::Unreadable)?;
        if own.is_some_and(|row| row.value.0.management) {
            return Ok(());
        }
        let message = "Principals and keys of other accounts are explained to the account that manages them.";
        Ok(enforce(core, call, access_denied(message))?)
    }
}

impl Errand for Explanation {
    fn event(&self) -> Event {
        EXPLAIN
    }

    fn parameters(&self) -> Option<&Map<String, Value>> {
        Some(&self.parameters)
    }

    fn fault(&self, error: &Error) -> Fault {
        fault(error)
    }

    async fn attempt(&self, core: &Arc<Core>, call: &Call, _: &Drawn) -> Result<Attempt, Error> {
        let view = View::newest(core, call.now).await?;
        let identity = Identity::of(&view, &call.caller).await?;
        let outcome = match self.permitted(core, call, &view, &identity).await {
            Err(Halt::Refused(refusal)) => Err(told(refusal)),
            Err(Halt::Unreadable(error)) => return Err(error),
            Ok(()) if self.is_about_nobody(call) => {
                Err(fault(&Error::InvalidPrincipal { arn: self.question.principal.clone() }))
            }
            Ok(()) => match explain(core, &self.question, call.now).await {
                Err(Error::Busy) => return Err(Error::Busy),
                Err(error) => Err(pipeline::logged(fault(&error), &error, &EXPLAIN, call)),
                Ok(explained) => {
                    let answer = serde_json::to_vec(&explained).expect("texts and numbers are JSON");
                    Ok(Parts { answer, writes: Vec::new(), beside: None, used: Vec::new() })
                }
            },
        };
        Ok(Attempt { outcome, seen: Seen::default(), read: view.into_expectations() })
    }
}

/// It asks about an operation on keys, and is refused in the words of one.
fn fault(error: &Error) -> Fault {
    if matches!(error, Error::NoSuchCaller) { unrecognized() } else { error.to_fault(Op::DescribeKey) }
}

const EXPLAIN: Event = Event { source: "iam.amazonaws.com", name: EXPLAIN_VERB, read_only: true, resources: "" };

/// What a call could bring along.
const BYTES_AT_MOST: usize = 2 * crate::MAX_CONTEXT_BYTES;

/// Ours alone: AWS has no verb that says this much.
pub(crate) const EXPLAIN_VERB: &str = "Explain";
