//! What is asked: who, what, on what, and where the answers to conditions are to be had. Who has a say in it is in
//! [`voice`](crate::voice).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Who asks, as authentication found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Principal<'a> {
    /// The account, 12 digits.
    pub account: &'a str,
    /// The `aws` of its ARN.
    pub partition: &'a str,
    /// Which principal of the account.
    pub who: Who<'a>,
}

/// Which principal of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who<'a> {
    /// The account's root.
    Root,
    /// A user.
    User {
        /// `arn:aws:iam::111122223333:user/path/name`
        arn: &'a str,
        /// Its unique id, `AIDA…`.
        id: &'a str,
    },
    /// Somebody who has assumed a role.
    Session {
        /// `arn:aws:iam::111122223333:role/path/name`
        role_arn: &'a str,
        /// The role's unique id, `AROA…`.
        role_id: &'a str,
        /// `arn:aws:sts::111122223333:assumed-role/name/session`
        arn: &'a str,
    },
}

impl<'a> Principal<'a> {
    /// The ARN by which refusals and records name this principal: a session's own, not its role's.
    pub fn arn(&self) -> Cow<'a, str> {
        match self.who {
            Who::Root => Cow::Owned(format!("arn:{}:iam::{}:root", self.partition, self.account)),
            Who::User { arn, .. } | Who::Session { arn, .. } => Cow::Borrowed(arn),
        }
    }
}

/// What the action is on: a key, an alias, a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The account that owns it, 12 digits.
    pub account: &'a str,
    /// Its ARN.
    pub arn: &'a str,
}

/// One question: may this principal do this, to this, under these circumstances?
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Who asks.
    pub principal: Principal<'a>,
    /// The action with its service's prefix: `kms:Encrypt`.
    pub action: &'a str,
    /// `None` for actions that have no resource of their own (`kms:CreateKey`, `kms:ListKeys`, `kms:GenerateRandom`).
    pub resource: Option<Resource<'a>>,
    /// Whether the operation may be used on resources of other accounts at all.
    pub across_accounts: bool,
    /// The encryption context, which grants may constrain; none counts as an empty one.
    pub context: Option<&'a BTreeMap<String, String>>,
    /// What conditions and variables may ask about.
    pub facts: &'a dyn Facts,
}

/// The values of condition keys in one request. Only what was verified belongs here.
pub trait Facts: Sync {
    /// Gives each value of `key` to `visit`, and says how many there can be.
    ///
    /// `key` is lower case and whole (`kms:encryptioncontext:app`). It may be called again from within `visit`: a
    /// condition may compare with the value of another key.
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity;
}

/// One value of a condition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A text, an ARN among them.
    Text(&'a str),
    /// True or false.
    Bool(bool),
    /// A whole number.
    Number(i64),
    /// A point in time, in milliseconds since 1970.
    Time(i64),
    /// Where a request came from.
    Address(IpAddr),
}

impl Value<'_> {
    /// The point in time that a text stands for where a date condition has it; `None` for no date.
    pub fn time(text: &str) -> Option<Value<'static>> {
        crate::date::read(text).map(Value::Time)
    }
}

/// How many values a condition key has in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// The request does not have the key.
    Absent,
    /// A key that has one value.
    One,
    /// A key that can have many, even if this request has one of them, or none.
    Many,
}
