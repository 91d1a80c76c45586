//! Who has a say in a decision: the documents and grants that the caller of [`decide`](crate::decide()) has found. What
//! they say is asked elsewhere.

use std::collections::BTreeMap;

use crate::document::Document;

/// Everything that has a say in one decision.
#[derive(Clone, Copy, Default)]
pub struct Voices<'a> {
    /// The key's policy, or a role's trust policy; `None` for a kind of resource that has none.
    pub resource_policy: Option<&'a Document>,
    /// The grants of the key that could concern the principal.
    pub grants: &'a [Grant<'a>],
    /// The documents attached to the principal in its own account.
    pub identity_policies: &'a [Attached<'a>],
    /// The document that limits a session beyond its role's.
    pub session_policy: Option<&'a Document>,
}

/// A document and the name under which it is attached.
#[derive(Clone, Copy)]
pub struct Attached<'a> {
    /// The policy's name, by which a decision cites it.
    pub name: &'a str,
    /// What it says.
    pub document: &'a Document,
}

/// A grant as a voice: it lets one principal use some operations of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The grant's id, by which a decision names it.
    pub id: &'a str,
    /// The ARN of the principal that may use it: a user, a role (all its sessions), a session, an account's root (the
    /// account); or an account's 12 digits.
    pub grantee: &'a str,
    /// The unique id that the grantee, or the role of a session, had when the grant was made: a later one of the same
    /// name is another.
    pub grantee_id: Option<&'a str>,
    /// The operations it allows, in AWS's words (`Encrypt`).
    pub operations: &'a [String],
    /// Which encryption contexts it is for.
    pub constraint: Option<Constraint<'a>>,
    /// The resource on whose behalf a service must ask; direct callers ask on behalf of none.
    pub source_arn: Option<&'a str>,
}

/// Which encryption contexts a grant is for. Names and values are compared to the letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint<'a> {
    /// This one, whole.
    Equals(&'a BTreeMap<String, String>),
    /// Those that have at least these pairs.
    Subset(&'a BTreeMap<String, String>),
}
