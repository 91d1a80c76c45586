//! The decision: what is asked, who speaks, what came of it and why.
//! It reads only its arguments, so that the same question always has the same answer.

use std::collections::BTreeMap;

/// Condition keys and their values (`kms:EncryptionContext:Purpose` → `["backup"]`), as AWS names them.
pub type Facts = BTreeMap<String, Vec<String>>;

/// Who asks, as authentication found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal<'a> {
    /// The account, 12 digits.
    pub account: &'a str,
    /// The ARN by which policies name this principal.
    pub arn: &'a str,
    /// Whether the caller signed with the root credentials of `account`.
    pub is_root: bool,
}

/// What the action is on: a key, or an alias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The account that owns it, 12 digits.
    pub account: &'a str,
    /// Its ARN.
    pub arn: &'a str,
}

/// One question: may this principal do this, to this, under these circumstances?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: Principal<'a>,
    /// The action with its service's prefix: `kms:Encrypt`.
    pub action: &'a str,
    /// `None` for actions that have no resource of their own (`kms:CreateKey`, `kms:ListKeys`, `kms:GenerateRandom`).
    pub resource: Option<Resource<'a>>,
    /// What conditions may ask about; it may be empty.
    pub facts: &'a Facts,
}

/// A grant as a voice: it lets one principal use some operations of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The grant's id, by which a decision names it.
    pub id: &'a str,
    /// The principal that may use it.
    pub grantee: &'a str,
    /// The operations it allows, in AWS's words (`Encrypt`).
    pub operations: &'a [String],
}

/// Everything that has a say in one decision. [`decide`] carries these and does not evaluate them yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Voices<'a> {
    /// The document attached to the key; `None` if the action has no key.
    pub key_policy: Option<&'a str>,
    /// The grants of the key that could concern the principal.
    pub grants: &'a [Grant<'a>],
    /// The documents attached to the principal in its own account.
    pub identity_policies: &'a [&'a str],
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The caller may.
    Allow,
    /// The caller may not.
    Deny,
}

/// What settled the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The root of the account that owns the resource, or of the account in which an action without a resource acts.
    RootOfTheAccount,
    /// The resource belongs to another account than the principal, and no voice of that account allows this.
    AnotherAccount,
    /// No voice allows this; what nobody allows is denied.
    NothingAllows,
}

/// The answer and what settled it. Only [`decide`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    effect: Effect,
    because: Because,
}

impl Decision {
    /// Whether the caller may.
    pub fn effect(self) -> Effect {
        self.effect
    }

    /// What settled it, for the refusal's text and for the log.
    pub fn because(self) -> Because {
        self.because
    }

    fn of(because: Because) -> Decision {
        let effect = match because {
            Because::RootOfTheAccount => Effect::Allow,
            Because::AnotherAccount | Because::NothingAllows => Effect::Deny,
        };
        Decision { effect, because }
    }
}

/// Decides one request. It cannot fail: what is not allowed is denied, with the reason.
///
/// The rules of today: an account's root may do everything in its own account, to every resource of it, and nothing
/// in another one; nobody else may do anything. The documents and grants in `voices` and the facts of the request are
/// carried, **not evaluated**: neither an Allow for another principal nor a Deny for the root has any effect yet.
pub fn decide(request: &Request<'_>, _voices: &Voices<'_>) -> Decision {
    let principal = &request.principal;
    let owner = request.resource.map_or(principal.account, |resource| resource.account);
    Decision::of(match (owner == principal.account, principal.is_root) {
        (true, true) => Because::RootOfTheAccount,
        (true, false) => Because::NothingAllows,
        (false, true | false) => Because::AnotherAccount,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "111122223333";
    const THEIRS: &str = "444455556666";
    const ALLOWS_ALL: &str = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;
    const DENIES_ALL: &str = r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;

    fn arn(account: &str, name: &str) -> String {
        format!("arn:aws:iam::{account}:{name}")
    }

    #[test]
    fn root_may_in_its_own_account_and_nobody_else_may_anything() {
        let cases = [
            ("root", true, None, Because::RootOfTheAccount),
            ("root", true, Some(OURS), Because::RootOfTheAccount),
            ("root", true, Some(THEIRS), Because::AnotherAccount),
            ("user/ann", false, None, Because::NothingAllows),
            ("user/ann", false, Some(OURS), Because::NothingAllows),
            ("user/ann", false, Some(THEIRS), Because::AnotherAccount),
        ];
        let operations = ["Encrypt".to_owned()];
        for (name, is_root, owner, because) in cases {
            let principal_arn = arn(OURS, name);
            let grants = [Grant { id: "00", grantee: &principal_arn, operations: &operations }];
            let all = Voices { key_policy: Some(ALLOWS_ALL), grants: &grants, identity_policies: &[ALLOWS_ALL] };
            let none = Voices { key_policy: Some(DENIES_ALL), grants: &[], identity_policies: &[DENIES_ALL] };
            for voices in [Voices::default(), all, none] {
                let principal = Principal { account: OURS, arn: &principal_arn, is_root };
                let resource =
                    owner.map(|account| Resource { account, arn: "arn:aws:kms:us-east-1:111122223333:key/k" });
                let request = Request { principal, action: "kms:Encrypt", resource, facts: &Facts::new() };
                let decision = decide(&request, &voices);
                assert_eq!(decision.because(), because, "{name} on {owner:?} with {voices:?}");
                let allowed = because == Because::RootOfTheAccount;
                assert_eq!(decision.effect() == Effect::Allow, allowed, "{name} on {owner:?} with {voices:?}");
            }
        }
    }
}
