//! Whether a caller may do something to an identity: the policies are asked, and a no is worded as IAM words it.

use iam::Refusal;
use policy::{Because, Document, Effect, Request, Resource, Voice, Voices};

use crate::Enforcement;
use crate::caller::Who;
use crate::identity::Identity;
use crate::journey::Call;
use crate::service::Core;

use super::facts::Circumstances;

/// One question to the policies.
pub(super) struct Question<'a> {
    pub action: &'a str,
    pub resource: Resource<'a>,
    /// Of a role that is to be assumed, its trust policy; it may let other accounts in.
    pub trust: Option<&'a Document>,
    pub circumstances: &'a Circumstances<'a>,
}

/// Asks it. Identities are the same in every Region, and their ARNs begin as those of the Region do that a request is
/// signed for: what a policy says of an ARN would say nothing in a Region of another partition, so that nobody is let
/// through there.
///
/// # Errors
/// AccessDenied, where policies are enforced.
pub(super) fn permit(core: &Core, call: &Call, identity: &Identity, question: &Question<'_>) -> Result<(), Refusal> {
    if core.enforcement == Enforcement::Off {
        return Ok(());
    }
    if call.caller.partition() != core.partition {
        return enforce(core, call, away(core, identity, question));
    }
    match refused(identity, question) {
        Some(because) => enforce(core, call, denied(identity, question, because)),
        None => Ok(()),
    }
}

/// Refuses, where policies are enforced and the program does not act itself.
///
/// # Errors
/// The refusal.
pub(super) fn enforce(core: &Core, call: &Call, refusal: Refusal) -> Result<(), Refusal> {
    if matches!(call.caller.who(), Who::Operator) {
        return Ok(());
    }
    match core.enforcement {
        Enforcement::Off => Ok(()),
        Enforcement::On => Err(refusal),
        Enforcement::Log => {
            let (request_id, why) = (&call.origin.request_id, &refusal.message);
            tracing::warn!(request_id, why, "the policies would have refused a call");
            Ok(())
        }
    }
}

/// A refusal in a sentence.
pub(super) fn access_denied(message: impl Into<String>) -> Refusal {
    Refusal { name: "AccessDenied", message: message.into(), status: 403 }
}

/// The refusal in a Region of another partition; of a role that is to be assumed it tells no more than any other.
fn away(core: &Core, identity: &Identity, question: &Question<'_>) -> Refusal {
    let Refusal { message, .. } = denied(identity, question, Because::AnotherAccount);
    match question.trust {
        Some(_) => access_denied(message),
        None => access_denied(format!("{message}: sign for a Region of the partition {}", core.partition)),
    }
}

/// Why not; `None` for a yes.
fn refused(identity: &Identity, question: &Question<'_>) -> Option<Because> {
    let attached = identity.attached();
    let request = Request {
        principal: identity.principal(),
        action: question.action,
        resource: Some(question.resource),
        across_accounts: question.trust.is_some(),
        context: None,
        facts: question.circumstances,
    };
    let voices = Voices {
        resource_policy: question.trust,
        grants: &[],
        identity_policies: &attached,
        session_policy: identity.session_policy(),
    };
    let decision = policy::decide(&request, &voices);
    match decision.effect() {
        Effect::Allow => None,
        Effect::Deny => Some(decision.because()),
    }
}

/// In IAM's words. Of a role that is to be assumed nothing is told but that it may not: who is not trusted does not
/// learn whether it is there.
fn denied(identity: &Identity, question: &Question<'_>, because: Because) -> Refusal {
    let (caller, action, resource) = (identity.arn(), question.action, question.resource.arn);
    let told = format!("User: {caller} is not authorized to perform: {action} on resource: {resource}");
    if question.trust.is_some() {
        return access_denied(told);
    }
    let message = match because {
        Because::ExplicitDeny(voice) => {
            let (article, policy) = policy_of(voice);
            format!("{told} with an explicit deny in {article} {policy}")
        }
        Because::NothingAllows(voice) => {
            format!("{told} because no {} allows the {action} action", policy_of(voice).1)
        }
        Because::AnotherAccount | Because::Allowed(_) | Because::RootOfTheAccount => told,
    };
    access_denied(message)
}

/// With its article, which IAM's texts have in one place and not in the other.
fn policy_of(voice: Voice) -> (&'static str, &'static str) {
    match voice {
        Voice::Session => ("a", "session policy"),
        Voice::Identity | Voice::Resource | Voice::Grant => ("an", "identity-based policy"),
    }
}

/// The same refusal for a role that is not there.
pub(super) fn no_such_role(identity: &Identity, arn: &str) -> Refusal {
    access_denied(format!("User: {} is not authorized to perform: sts:AssumeRole on resource: {arn}", identity.arn()))
}
