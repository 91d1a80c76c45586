//! What does `policy` say to a question? Compiles the documents once and hands the question over in its words.

use policy::{
    Arity, Attached, Because, Constraint as PolicyConstraint, Document, DocumentError, Effect, Facts as PolicyFacts,
    Grant as PolicyGrant, Kind as PolicyKind, Principal, Request, Resource as PolicyResource, Value,
    Voice as PolicyVoice, Voices, Who as PolicyWho, decide,
};

use super::{Constraint, Datum, Documents, Fact, Facts, Grant, Kind, Question, Who};
use crate::reference::{Answer, Reason, Voice};

/// The documents as `policy` keeps them.
pub struct Compiled<'a> {
    resource_policy: Option<Document>,
    identity_policies: Vec<(&'a str, Document)>,
    session_policy: Option<Document>,
    grants: &'a [Grant],
}

impl<'a> Compiled<'a> {
    /// Compiles them; what is refused is an error of the test.
    pub fn of(documents: &'a Documents) -> Result<Compiled<'a>, String> {
        let resource_policy = match &documents.resource_policy {
            None => None,
            Some(policy) => Some(compile(&policy.document.to_string(), policy.kind)?.pinned(&policy.pins)),
        };
        let mut identity_policies = Vec::new();
        for (name, document) in &documents.identity_policies {
            identity_policies.push((name.as_str(), compile(&document.to_string(), Kind::Identity)?));
        }
        let session_policy = match &documents.session_policy {
            None => None,
            Some(document) => Some(compile(&document.to_string(), Kind::Session)?),
        };
        Ok(Compiled { resource_policy, identity_policies, session_policy, grants: &documents.grants })
    }

    /// The answer of `policy`.
    pub fn decide(&self, question: &Question) -> Answer {
        let identity_policies: Vec<Attached<'_>> =
            self.identity_policies.iter().map(|(name, document)| Attached { name, document }).collect();
        let grants: Vec<PolicyGrant<'_>> = self.grants.iter().map(grant).collect();
        let voices = Voices {
            resource_policy: self.resource_policy.as_ref(),
            grants: &grants,
            identity_policies: &identity_policies,
            session_policy: self.session_policy.as_ref(),
        };
        let decision = decide(&request(question), &voices);
        match decision.effect() {
            Effect::Allow => Answer::Allow(reason(decision.because())),
            Effect::Deny => Answer::Deny(reason(decision.because())),
        }
    }
}

fn compile(text: &str, kind: Kind) -> Result<Document, String> {
    Document::compile(text, policy_kind(kind)).map_err(|error| match error {
        DocumentError::Malformed(why) => format!("Malformed: {why}: {text}"),
        DocumentError::InvalidArn(why) => format!("InvalidArn: {why}: {text}"),
    })
}

pub fn policy_kind(kind: Kind) -> PolicyKind {
    match kind {
        Kind::Key => PolicyKind::Key,
        Kind::Trust => PolicyKind::Trust,
        Kind::Identity => PolicyKind::Identity,
        Kind::Session => PolicyKind::Session,
    }
}

fn request(question: &Question) -> Request<'_> {
    let who = match &question.caller.who {
        Who::Root => PolicyWho::Root,
        Who::User { arn, id } => PolicyWho::User { arn, id },
        Who::Session { role_arn, role_id, arn } => PolicyWho::Session { role_arn, role_id, arn },
    };
    Request {
        principal: Principal { account: &question.caller.account, partition: "aws", who },
        action: &question.action,
        resource: question
            .resource
            .as_ref()
            .map(|resource| PolicyResource { account: &resource.account, arn: &resource.arn }),
        across_accounts: question.across_accounts,
        context: question.context.as_ref(),
        facts: &question.facts,
    }
}

fn grant(grant: &Grant) -> PolicyGrant<'_> {
    PolicyGrant {
        id: &grant.id,
        grantee: &grant.grantee,
        grantee_id: grant.grantee_id.as_deref(),
        operations: &grant.operations,
        constraint: grant.constraint.as_ref().map(|constraint| match constraint {
            Constraint::Equals(pairs) => PolicyConstraint::Equals(pairs),
            Constraint::Subset(pairs) => PolicyConstraint::Subset(pairs),
        }),
        source_arn: grant.source_arn.as_deref(),
    }
}

impl PolicyFacts for Facts {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        match self.0.get(key) {
            None => Arity::Absent,
            Some(Fact::One(datum)) => {
                visit(value(datum));
                Arity::One
            }
            Some(Fact::Many(data)) => {
                data.iter().for_each(|datum| visit(value(datum)));
                Arity::Many
            }
        }
    }
}

fn value(datum: &Datum) -> Value<'_> {
    match datum {
        Datum::Text(text) => Value::Text(text),
        Datum::Bool(value) => Value::Bool(*value),
        Datum::Number(value) => Value::Number(*value),
        Datum::Time(at_ms) => Value::Time(*at_ms),
        Datum::Address(address) => Value::Address(*address),
    }
}

fn reason(because: Because) -> Reason {
    match because {
        Because::Allowed(said) => Reason::Allowed(voice(said)),
        Because::RootOfTheAccount => Reason::RootOfTheAccount,
        Because::ExplicitDeny(said) => Reason::ExplicitDeny(voice(said)),
        Because::NothingAllows(said) => Reason::NothingAllows(voice(said)),
        Because::AnotherAccount => Reason::AnotherAccount,
    }
}

fn voice(voice: PolicyVoice) -> Voice {
    match voice {
        PolicyVoice::Resource => Voice::Resource,
        PolicyVoice::Identity => Voice::Identity,
        PolicyVoice::Session => Voice::Session,
        PolicyVoice::Grant => Voice::Grant,
    }
}
