//! Who am I, and the assumption of roles: the two calls of STS on their way through the pipeline. What a session may be
//! is `iam`'s, the form of request and answer `wire`'s.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::sync::Arc;

use crypto::SecretBytes;
use iam::record::Role;
use iam::sts::{AssumeRole, Parameters};
use iam::{Draw, Halt, rows};
use policy::Resource;
use serde_json::{Map, Value, json};
use wire::query;
use wire::xml::{Answer as Told, AssumedRole, CallerIdentity};
use wire::{Fault, SensitiveText};

use crate::Time;
use crate::audit::{Event, Seen};
use crate::caller::Who;
use crate::error::Error;
use crate::identity::Identity;
use crate::journey::{Call, Drawn, Parts, View};
use crate::pipeline::{self, Answer, Attempt, Errand};
use crate::service::Core;

use super::facts::Circumstances;
use super::permit::{Question, access_denied, enforce, no_such_role, permit};
use super::shelf::Held;
use super::verbs::{fault, told};

/// One call of STS. `wall` is the wall clock, which rules sessions as it rules signatures.
pub(crate) async fn speak(core: &Arc<Core>, call: &Call, asked: &query::Call, wall: Time) -> Answer {
    match asked {
        query::Call::GetCallerIdentity => pipeline::run(core, call, &WhoAmI).await,
        query::Call::AssumeRole(form) => {
            let session = match call.caller.who() {
                Who::Session { session, .. } => Some(&session.token),
                Who::Root | Who::Operator | Who::User { .. } => None,
            };
            match AssumeRole::check(parameters(form), session) {
                Ok(asked) => pipeline::run(core, call, &Assumption { asked, wall }).await,
                Err(refusal) => pipeline::refuse(core, call, &ASSUME_ROLE, None, told(refusal), &fault).await,
            }
        }
    }
}

/// A refusal for the parameters of an action, recorded; or why it could not be.
pub(crate) async fn refuse(core: &Core, call: &Call, action: &str, refusal: Fault) -> Fault {
    let event = if action == ASSUME_ROLE.name { ASSUME_ROLE } else { GET_CALLER_IDENTITY };
    let told = pipeline::refuse(core, call, &event, None, refusal.clone(), &fault).await;
    told.err().unwrap_or(refusal)
}

/// GetCallerIdentity, which nobody has to be allowed.
struct WhoAmI;

impl Errand for WhoAmI {
    fn event(&self) -> Event {
        GET_CALLER_IDENTITY
    }

    fn parameters(&self) -> Option<&Map<String, Value>> {
        None
    }

    fn fault(&self, error: &Error) -> Fault {
        fault(error)
    }

    async fn attempt(&self, core: &Arc<Core>, call: &Call, _: &Drawn) -> Result<Attempt, Error> {
        let view = View::newest(core, call.now).await?;
        let identity = Identity::of(&view, &call.caller).await?;
        let answer = Told::GetCallerIdentity(CallerIdentity {
            user_id: identity.user_id(),
            account: identity.account().to_owned(),
            arn: identity.arn().to_owned(),
        });
        Ok(Attempt { outcome: Ok(parts(&answer, call)), seen: Seen::default(), read: view.into_expectations() })
    }
}

/// AssumeRole.
struct Assumption {
    asked: AssumeRole,
    wall: Time,
}

impl Errand for Assumption {
    fn event(&self) -> Event {
        ASSUME_ROLE
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
        let (outcome, response) = match self.assume(core, call, &view, &identity).await {
            Ok(assumed) => {
                let response = response(&assumed);
                (Ok(parts(&Told::AssumeRole(Box::new(assumed)), call)), Some(response))
            }
            Err(Halt::Refused(refusal)) => (Err(told(refusal)), None),
            Err(Halt::Unreadable(error)) => return Err(error),
        };
        let role = (self.asked.role_account().to_owned(), self.asked.role_arn());
        let seen = Seen { resources: vec![role], response, ..Seen::default() };
        Ok(Attempt { outcome, seen, read: view.into_expectations() })
    }
}

impl Assumption {
    async fn assume(
        &self,
        core: &Core,
        call: &Call,
        view: &View,
        identity: &Identity,
    ) -> Result<AssumedRole, Halt<Error>> {
        let (account, arn, partition) = (self.asked.role_account(), self.asked.role_arn(), call.caller.partition());
        if identity.is_root() {
            enforce(core, call, access_denied("Roles may not be assumed by root accounts."))?;
        }
        let row = view.get::<Held<Role>>(rows::role(account, self.asked.role_name())).await;
        let role = row.map_err(Halt::Unreadable)?.map(|row| row.value.0.clone());
        let Some(role) = role.filter(|role| self.asked.means(role, partition)) else {
            return Err(no_such_role(identity, &arn).into());
        };
        let circumstances = Circumstances {
            resource_tags: Some(&role.tags),
            session: Some(&self.asked),
            ..Circumstances::of(call, identity, account)
        };
        for action in self.asked.actions() {
            let resource = Resource { account, arn: &arn };
            let trust = Some(&**role.trust.document());
            permit(core, call, identity, &Question { action, resource, trust, circumstances: &circumstances })?;
        }
        let draw = Draw { random: &*core.random, now_ms: self.wall.0 };
        let session = self.asked.session(&role, draw)?;
        let token = session.seal(core.credentials.session_key(), &*core.random);
        Ok(AssumedRole {
            arn: session.arn(partition),
            assumed_role_id: session.assumed_role_id(),
            access_key_id: session.access_key_id.clone(),
            secret_access_key: sensitive(&session.secret),
            session_token: SensitiveText::from(token),
            expiration: Time(session.expires_ms).into(),
            packed_policy_size: self.asked.packed_percent().and_then(|percent| u32::try_from(percent).ok()),
            source_identity: session.source_identity.clone(),
        })
    }
}

/// A session's secret, which is text.
fn sensitive(secret: &SecretBytes) -> SensitiveText {
    SensitiveText::from(String::from_utf8_lossy(secret.expose()).into_owned())
}

/// What a record tells of a session: neither its secret nor its token.
fn response(assumed: &AssumedRole) -> Value {
    json!({
        "credentials": { "accessKeyId": assumed.access_key_id, "expiration": Time(assumed.expiration.millis).to_rfc3339() },
        "assumedRoleUser": { "assumedRoleId": assumed.assumed_role_id, "arn": assumed.arn },
    })
}

fn parts(answer: &Told, call: &Call) -> Parts {
    Parts { answer: answer.encode(&call.origin.request_id), writes: Vec::new(), beside: None, used: Vec::new() }
}

/// The parameters of the form, for `iam` to check.
fn parameters(form: &query::AssumeRole) -> Parameters {
    Parameters {
        role_arn: form.role_arn.clone(),
        role_session_name: form.role_session_name.clone(),
        duration_seconds: form.duration_seconds.map(i64::from),
        policy: form.policy.clone(),
        external_id: form.external_id.clone(),
        source_identity: form.source_identity.clone(),
        tags: form.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect(),
        transitive_tag_keys: form.transitive_tag_keys.clone(),
    }
}

const GET_CALLER_IDENTITY: Event =
    Event { source: "sts.amazonaws.com", name: "GetCallerIdentity", read_only: true, resources: "" };
const ASSUME_ROLE: Event =
    Event { source: "sts.amazonaws.com", name: "AssumeRole", read_only: true, resources: "AWS::IAM::Role" };
