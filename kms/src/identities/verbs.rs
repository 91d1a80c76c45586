//! The verbs of identities on their way through the pipeline: understood, permitted, done on a snapshot, committed with
//! their record. What each of them does, and in which words it refuses, is `iam`'s.

use std::sync::Arc;

use iam::verb::{Asked, Speaker, Verb};
use iam::{Draw, Halt, Refusal, verb};
use policy::Resource;
use serde_json::{Map, Value};
use wire::Fault;

use crate::audit::{self, Event};
use crate::caller::{Who, unrecognized};
use crate::error::Error;
use crate::identity::Identity;
use crate::journey::{Call, Drawn, Parts, View};
use crate::pipeline::{self, Answer, Attempt, Errand};
use crate::service::Core;

use super::facts::Circumstances;
use super::operator::SOURCE;
use super::permit::{Question, permit};
use super::shelf::writes;

/// One request to one verb.
pub(super) async fn administer(core: &Arc<Core>, call: &Call, verb: Verb, body: &[u8]) -> Answer {
    run(core, call, verb, event(verb), body).await
}

/// The same as something that is no verb of IAM's, and is recorded under a name of its own.
pub(super) async fn administer_as(
    core: &Arc<Core>,
    call: &Call,
    verb: Verb,
    name: &'static str,
    body: &[u8],
) -> Answer {
    run(core, call, verb, Event { source: SOURCE, name, ..event(verb) }, body).await
}

async fn run(core: &Arc<Core>, call: &Call, verb: Verb, event: Event, body: &[u8]) -> Answer {
    let speaker = match call.caller.who() {
        Who::Root | Who::Operator => Speaker::Root,
        Who::User { name, .. } => Speaker::User(name),
        Who::Session { .. } => Speaker::Session,
    };
    match Asked::parse(verb, body, speaker) {
        Ok(asked) => pipeline::run(core, call, &OnIdentities { asked, event }).await,
        Err(refusal) => pipeline::refuse(core, call, &event, None, told(refusal), &fault).await,
    }
}

/// A verb, as an errand.
struct OnIdentities {
    asked: Asked,
    event: Event,
}

impl Errand for OnIdentities {
    fn event(&self) -> Event {
        self.event
    }

    fn parameters(&self) -> Option<&Map<String, Value>> {
        self.asked.recorded().as_object()
    }

    fn fault(&self, error: &Error) -> Fault {
        fault(error)
    }

    async fn attempt(&self, core: &Arc<Core>, call: &Call, _: &Drawn) -> Result<Attempt, Error> {
        let view = View::newest(core, call.now).await?;
        let identity = Identity::of(&view, &call.caller).await?;
        let (outcome, response) = match self.run(core, call, &view, &identity).await {
            Ok((parts, response)) => (Ok(parts), response),
            Err(Halt::Refused(refusal)) => (Err(told(refusal)), None),
            Err(Halt::Unreadable(error)) => return Err(error),
        };
        let seen = audit::Seen { response, ..audit::Seen::default() };
        Ok(Attempt { outcome, seen, read: view.into_expectations() })
    }
}

impl OnIdentities {
    /// Does it, if the caller may: the answer with its edits, and what a record tells of the answer.
    async fn run(
        &self,
        core: &Core,
        call: &Call,
        view: &View,
        identity: &Identity,
    ) -> Result<(Parts, Option<Value>), Halt<Error>> {
        let (account, partition) = (call.caller.account(), call.caller.partition());
        let subject = verb::subject(&self.asked, view, account, partition).await.map_err(Halt::Unreadable)?;
        let circumstances = Circumstances {
            request_tags: self.asked.request_tags(),
            tag_keys: self.asked.tag_keys(),
            resource_tags: Some(&subject.tags),
            ..Circumstances::of(call, identity, account)
        };
        for action in self.asked.actions() {
            let resource = Resource { account, arn: &subject.arn };
            permit(core, call, identity, &Question { action, resource, trust: None, circumstances: &circumstances })?;
        }
        let draw = Draw { random: &*core.random, now_ms: call.now.0 };
        let (answer, edits) = verb::run(&self.asked, view, account, partition, draw).await?;
        let response = (!self.asked.verb().is_read_only()).then(|| as_recorded(answer.recorded()));
        let answer = answer.to_json().expose().to_vec();
        Ok((Parts { answer, writes: writes(edits), beside: None, used: Vec::new() }, response))
    }
}

/// What records call a verb.
fn event(verb: Verb) -> Event {
    let is_of_accounts = verb.action().starts_with("organizations:");
    let source = if is_of_accounts { "organizations.amazonaws.com" } else { "iam.amazonaws.com" };
    Event { source, name: verb.name(), read_only: verb.is_read_only(), resources: "" }
}

/// A refusal as the client reads it.
pub(super) fn told(refusal: Refusal) -> Fault {
    Fault { name: refusal.name, message: Some(refusal.message), status: refusal.status }
}

/// What the client of a verb reads of our own failures.
pub(super) fn fault(error: &Error) -> Fault {
    if matches!(error, Error::NoSuchCaller) {
        return unrecognized();
    }
    let message = if matches!(error, Error::Busy) {
        "The request met too many others that change the same records. Try again."
    } else if matches!(error, Error::Unknown) {
        "The store failed while it took the change: it may or may not have happened. Look before you try again."
    } else {
        "An internal error occurred. The server's log has it under this request id."
    };
    Fault::server("ServiceFailure", message)
}

/// Members as CloudTrail has them: the first letter of each in lower case.
pub(super) fn as_recorded(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| (lowered(&name), as_recorded(value));
            Value::Object(members.into_iter().map(member).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(as_recorded).collect()),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
    }
}

fn lowered(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
}
