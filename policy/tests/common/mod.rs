//! A question with everything that bears on it, as plain owned data: what do both engines get to see? The corpus is read
//! into it, the random cases are made of it. [`subject`] asks it of `policy`.

pub mod subject;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value as Json;

/// Who asks what, of what, under which circumstances.
#[derive(Clone, Debug)]
pub struct Question {
    pub caller: Caller,
    pub action: String,
    pub resource: Option<Resource>,
    /// May the operation be used on keys of other accounts at all?
    pub across_accounts: bool,
    /// The encryption context, which constraints of grants are about.
    pub context: Option<BTreeMap<String, String>>,
    pub facts: Facts,
}

/// A principal with valid credentials.
#[derive(Clone, Debug)]
pub struct Caller {
    pub account: String,
    pub who: Who,
}

#[derive(Clone, Debug)]
pub enum Who {
    Root,
    User { arn: String, id: String },
    Session { role_arn: String, role_id: String, arn: String },
}

#[derive(Clone, Debug)]
pub struct Resource {
    pub account: String,
    pub arn: String,
}

/// Condition keys in lower case with what is known about them.
#[derive(Clone, Debug, Default)]
pub struct Facts(pub BTreeMap<String, Fact>);

#[derive(Clone, Debug)]
pub enum Fact {
    One(Datum),
    Many(Vec<Datum>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Datum {
    Text(String),
    Bool(bool),
    Number(i64),
    /// Milliseconds since 1970.
    Time(i64),
    Address(IpAddr),
}

/// The documents and grants that speak about a question.
#[derive(Clone, Debug, Default)]
pub struct Documents {
    pub resource_policy: Option<ResourcePolicy>,
    /// By name.
    pub identity_policies: Vec<(String, Json)>,
    pub session_policy: Option<Json>,
    pub grants: Vec<Grant>,
}

/// A key policy or a role's trust policy.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    pub kind: Kind,
    pub document: Json,
    /// ARNs of the document that stand for the principal with this unique id and no other.
    pub pins: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Key,
    Trust,
    Identity,
    Session,
}

#[derive(Clone, Debug)]
pub struct Grant {
    pub id: String,
    pub grantee: String,
    pub grantee_id: Option<String>,
    pub operations: Vec<String>,
    pub constraint: Option<Constraint>,
    pub source_arn: Option<String>,
}

#[derive(Clone, Debug)]
pub enum Constraint {
    Equals(BTreeMap<String, String>),
    Subset(BTreeMap<String, String>),
}
