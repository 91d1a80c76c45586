//! Whom does a statement of a key policy or a trust policy name?
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::statements::{Effect, effect, list};
use crate::common::{Caller, Who};

/// How an Allow names a caller, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// It names the caller's account, whose own policies then decide.
    Account,
    /// It names the user, the role, or everybody.
    Principal,
    /// It names this very session of a role, which a session policy then does not limit.
    Session,
}

/// How the statement names the caller; `None` if it does not.
pub fn naming(statement: &Json, caller: &Caller, pins: &BTreeMap<String, String>) -> Option<Naming> {
    if let Some(principal) = statement.get("Principal") {
        let namings = listed(principal).into_iter().filter_map(|written| one(&written, caller, pins));
        return namings.max();
    }
    let others = statement.get("NotPrincipal")?;
    let excepted = excepted(&listed(others), caller, pins);
    match effect(statement) {
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html: "not supported".
        Effect::Allow => None,
        Effect::Deny => (!excepted).then_some(Naming::Principal),
    }
}

/// "You must also specify the account ARN of the not-denied principal", and of a session its role and its own:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn excepted(others: &[String], caller: &Caller, pins: &BTreeMap<String, String>) -> bool {
    let everyone = others.iter().any(|other| other == "*");
    let account = others.iter().any(|other| names_account(other, &caller.account));
    let itself = match &caller.who {
        Who::Root => true,
        Who::User { arn, id } => others.iter().any(|other| names_entity(other, arn, id, pins)),
        Who::Session { role_arn, role_id, arn } => {
            let by_arn = |other: &String| other == arn && names_entity(other, arn, role_id, pins);
            others.iter().any(by_arn) && others.iter().any(|other| names_entity(other, role_arn, role_id, pins))
        }
    };
    everyone || (account && itself)
}

/// The AWS principals of the element; the other types name nobody whom we know.
fn listed(principal: &Json) -> Vec<String> {
    let values = if principal.is_string() { principal } else { &principal["AWS"] };
    list(values).into_iter().filter_map(|value| value.as_str()).map(str::to_owned).collect()
}

fn one(written: &str, caller: &Caller, pins: &BTreeMap<String, String>) -> Option<Naming> {
    if written == "*" {
        return Some(Naming::Principal);
    }
    if names_account(written, &caller.account) {
        return Some(match caller.who {
            // "The account principal represents the account and its administrators, including the account root user":
            // https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
            Who::Root => Naming::Principal,
            Who::User { .. } | Who::Session { .. } => Naming::Account,
        });
    }
    match &caller.who {
        Who::Root => None,
        Who::User { arn, id } => names_entity(written, arn, id, pins).then_some(Naming::Principal),
        Who::Session { arn, role_id, .. } if names_entity(written, arn, role_id, pins) && written == arn => {
            Some(Naming::Session)
        }
        Who::Session { role_arn, role_id, .. } => {
            names_entity(written, role_arn, role_id, pins).then_some(Naming::Principal)
        }
    }
}

/// The account's root ARN or its twelve digits.
fn names_account(written: &str, account: &str) -> bool {
    written == account || written == format!("arn:aws:iam::{account}:root")
}

/// A user or role by its ARN, or by its unique id, which is what becomes of the ARN of one that was deleted.
fn names_entity(written: &str, arn: &str, id: &str, pins: &BTreeMap<String, String>) -> bool {
    let pinned_to_another = pins.get(written).is_some_and(|pin| pin != id);
    (written == arn && !pinned_to_another) || written == id
}
