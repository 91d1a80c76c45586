//! Does a grant allow this? <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

use std::collections::BTreeMap;

use super::principals::Naming;
use crate::common::{Caller, Constraint, Datum, Fact, Grant, Question, Who};

/// How the grant allows the request; `None` if it does not.
pub fn allows(grant: &Grant, question: &Question) -> Option<Naming> {
    let operation = question.action.strip_prefix("kms:")?;
    let fits = grant.operations.iter().any(|listed| listed == operation)
        && constraint_holds(grant, operation, question)
        && source_holds(grant, operation, question);
    if fits { grantee(grant, &question.caller) } else { None }
}

fn grantee(grant: &Grant, caller: &Caller) -> Option<Naming> {
    let is_its_id = |id: &str| grant.grantee_id.as_deref().is_none_or(|pin| pin == id);
    let account = format!("arn:aws:iam::{}:root", caller.account);
    match &caller.who {
        Who::Root => (grant.grantee == account).then_some(Naming::Principal),
        Who::User { arn, id } if grant.grantee == *arn && is_its_id(id) => Some(Naming::Principal),
        Who::Session { arn, role_id, .. } if grant.grantee == *arn && is_its_id(role_id) => Some(Naming::Session),
        Who::Session { role_arn, role_id, .. } if grant.grantee == *role_arn && is_its_id(role_id) => {
            Some(Naming::Principal)
        }
        Who::User { .. } | Who::Session { .. } => (grant.grantee == account).then_some(Naming::Account),
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>: not for DescribeKey and RetireGrant.
/// For CreateGrant it limits the constraint of the new grant, which is not decided here.
fn constraint_holds(grant: &Grant, operation: &str, question: &Question) -> bool {
    if ["DescribeKey", "RetireGrant", "CreateGrant"].contains(&operation) {
        return true;
    }
    let none = BTreeMap::new();
    let context = question.context.as_ref().unwrap_or(&none);
    match &grant.constraint {
        None => true,
        Some(Constraint::Equals(pairs)) => context == pairs,
        Some(Constraint::Subset(pairs)) => pairs.iter().all(|(name, value)| context.get(name) == Some(value)),
    }
}

/// A source constraint holds when a service calls for that very resource; RetireGrant does not ask.
fn source_holds(grant: &Grant, operation: &str, question: &Question) -> bool {
    let Some(wanted) = &grant.source_arn else { return true };
    let source = question.facts.0.get("aws:sourcearn");
    operation == "RetireGrant" || matches!(source, Some(Fact::One(Datum::Text(source))) if source == wanted)
}
