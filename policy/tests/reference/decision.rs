//! What comes out of all documents and grants together?
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use serde_json::Value as Json;

use super::grants;
use super::principals::{Naming, naming};
use super::statements::{Effect, Scene, applies, effect, statements};
use crate::common::{Documents, Kind, Question, ResourcePolicy, Who};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    Allow(Reason),
    Deny(Reason),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    Allowed(Voice),
    RootOfTheAccount,
    ExplicitDeny(Voice),
    NothingAllows(Voice),
    AnotherAccount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Voice {
    Resource,
    Identity,
    Session,
    Grant,
}

/// The answer to a question.
pub fn decide(question: &Question, documents: &Documents) -> Answer {
    // 1. An explicit deny in any policy ends it.
    if let Some(voice) = explicit_deny(question, documents) {
        return Answer::Deny(Reason::ExplicitDeny(voice));
    }
    // 2. Whose resource is it? One's own, another account's, or none at all.
    let Some(resource) = &question.resource else { return identity_decides(question, documents) };
    if resource.account != question.caller.account {
        return across_accounts(question, documents);
    }
    within_the_account(question, documents)
}

fn explicit_deny(question: &Question, documents: &Documents) -> Option<Voice> {
    let denies = |document: &Json, kind: Kind| speaks(Effect::Deny, document, kind, question);
    if resource_namings(Effect::Deny, question, documents).is_some() {
        return Some(Voice::Resource);
    }
    if documents.identity_policies.iter().any(|(_, document)| denies(document, Kind::Identity)) {
        return Some(Voice::Identity);
    }
    documents.session_policy.as_ref().filter(|document| denies(document, Kind::Session)).map(|_| Voice::Session)
}

/// Operations without a resource.
fn identity_decides(question: &Question, documents: &Documents) -> Answer {
    match identity_allows(question, documents) {
        None => Answer::Deny(Reason::NothingAllows(Voice::Identity)),
        Some(_) if !session_allows(question, documents) => Answer::Deny(Reason::NothingAllows(Voice::Session)),
        Some(reason) => Answer::Allow(reason),
    }
}

/// The account of the key: its policy alone is enough if it names the principal, and hands over to IAM if it names the
/// account; a grant is enough by itself.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html>
fn within_the_account(question: &Question, documents: &Documents) -> Answer {
    let by_policy = resource_namings(Effect::Allow, question, documents);
    let identity = identity_allows(question, documents);
    let mut yes = Vec::new();
    match by_policy {
        Some(Naming::Session) => yes.push((Reason::Allowed(Voice::Resource), Naming::Session)),
        Some(Naming::Principal) => yes.push((Reason::Allowed(Voice::Resource), Naming::Principal)),
        Some(Naming::Account) => yes.extend(identity.map(|reason| (reason, Naming::Principal))),
        None => {}
    }
    if documents.resource_policy.is_none() {
        yes.extend(identity.map(|reason| (reason, Naming::Principal)));
    }
    yes.extend(grants_allow(question, documents));
    let identity_was_asked = by_policy.is_some() || documents.resource_policy.is_none();
    limited_by_session(&yes, identity_was_asked, question, documents)
}

/// Another account: the key's policy and the caller's own must both allow, or a grant.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
fn across_accounts(question: &Question, documents: &Documents) -> Answer {
    if !question.across_accounts {
        return Answer::Deny(Reason::AnotherAccount);
    }
    let by_policy = resource_namings(Effect::Allow, question, documents);
    let mut yes = Vec::new();
    if by_policy.is_some() && identity_allows(question, documents).is_some() {
        // The caller's own account says yes to the role, so what limits the role's session counts in any case.
        yes.push((Reason::Allowed(Voice::Resource), Naming::Principal));
    }
    yes.extend(grants_allow(question, documents));
    limited_by_session(&yes, by_policy.is_some(), question, documents)
}

/// A session policy must allow as well, unless the yes is to that very session.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>
fn limited_by_session(
    yes: &[(Reason, Naming)],
    identity_was_asked: bool,
    question: &Question,
    documents: &Documents,
) -> Answer {
    let session_allows = session_allows(question, documents);
    let first = yes.iter().find(|(_, naming)| session_allows || *naming == Naming::Session);
    match first {
        Some((reason, _)) => Answer::Allow(*reason),
        None if !yes.is_empty() => Answer::Deny(Reason::NothingAllows(Voice::Session)),
        None if identity_was_asked || grants_to_the_account(question, documents) => {
            Answer::Deny(Reason::NothingAllows(Voice::Identity))
        }
        None => Answer::Deny(Reason::NothingAllows(Voice::Resource)),
    }
}

/// The strongest way in which a statement with this effect in the resource's policy names the caller.
fn resource_namings(wanted: Effect, question: &Question, documents: &Documents) -> Option<Naming> {
    let ResourcePolicy { kind, document, pins } = documents.resource_policy.as_ref()?;
    let scene = Scene::of(document, *kind, question);
    let speaking = statements(document).into_iter().filter(|one| effect(one) == wanted && applies(one, &scene));
    speaking.filter_map(|statement| naming(statement, &question.caller, pins)).max()
}

/// What the caller's own account says: its root needs no policy.
fn identity_allows(question: &Question, documents: &Documents) -> Option<Reason> {
    let mut policies = documents.identity_policies.iter();
    if policies.any(|(_, document)| speaks(Effect::Allow, document, Kind::Identity, question)) {
        return Some(Reason::Allowed(Voice::Identity));
    }
    matches!(question.caller.who, Who::Root).then_some(Reason::RootOfTheAccount)
}

fn session_allows(question: &Question, documents: &Documents) -> bool {
    let session = documents.session_policy.as_ref();
    session.is_none_or(|document| speaks(Effect::Allow, document, Kind::Session, question))
}

/// Every grant that says yes; one to an account says it to those whom the account's own policies allow.
fn grants_allow(question: &Question, documents: &Documents) -> Vec<(Reason, Naming)> {
    let namings = documents.grants.iter().filter_map(|grant| grants::allows(grant, question));
    let enough = namings.filter(|naming| *naming > Naming::Account || identity_allows(question, documents).is_some());
    enough.map(|naming| (Reason::Allowed(Voice::Grant), naming)).collect()
}

fn grants_to_the_account(question: &Question, documents: &Documents) -> bool {
    documents.grants.iter().any(|grant| grants::allows(grant, question) == Some(Naming::Account))
}

fn speaks(wanted: Effect, document: &Json, kind: Kind, question: &Question) -> bool {
    let scene = Scene::of(document, kind, question);
    statements(document).into_iter().any(|statement| effect(statement) == wanted && applies(statement, &scene))
}
