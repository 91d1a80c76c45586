//! What the condition keys of a policy say of a verb or of the assumption of a role. What a client only claims is no
//! fact and stays absent.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>

use std::collections::BTreeMap;
use std::net::IpAddr;

use iam::sts::AssumeRole;
use policy::{Arity, Facts, Value};

use crate::Time;
use crate::identity::Identity;
use crate::journey::Call;

/// The circumstances of one question about identities.
pub(super) struct Circumstances<'a> {
    pub identity: &'a Identity,
    pub source_ip: Option<IpAddr>,
    pub now: Time,
    pub region: &'a str,
    /// The account of what is asked about.
    pub resource_account: &'a str,
    /// The tags that a verb brings.
    pub request_tags: Option<&'a BTreeMap<String, String>>,
    /// The keys of the tags that a verb brings or takes away.
    pub tag_keys: Vec<&'a str>,
    /// The tags of what is asked about.
    pub resource_tags: Option<&'a BTreeMap<String, String>>,
    /// The session that is to begin.
    pub session: Option<&'a AssumeRole>,
}

impl<'a> Circumstances<'a> {
    /// Of a call that brings no tags and is about something of this account that has none.
    pub fn of(call: &'a Call, identity: &'a Identity, resource_account: &'a str) -> Circumstances<'a> {
        Circumstances {
            identity,
            source_ip: call.origin.source_ip.parse().ok(),
            now: call.now,
            region: call.caller.region(),
            resource_account,
            request_tags: None,
            tag_keys: Vec::new(),
            resource_tags: None,
            session: None,
        }
    }

    /// The global keys that are not the principal's, whole.
    fn global(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        if let Some(name) = key.strip_prefix("aws:requesttag/") {
            return tagged(self.request_tags, name, visit);
        }
        if let Some(name) = key.strip_prefix("aws:resourcetag/").or_else(|| key.strip_prefix("iam:resourcetag/")) {
            return tagged(self.resource_tags, name, visit);
        }
        match key {
            "aws:currenttime" => one(Some(Value::Time(self.now.0)), visit),
            "aws:epochtime" => one(Some(Value::Number(self.now.0.div_euclid(1000))), visit),
            "aws:requestedregion" => one(Some(Value::Text(self.region)), visit),
            "aws:sourceip" => one(self.source_ip.map(Value::Address), visit),
            // No connection is encrypted, so that policies that insist on it refuse.
            "aws:securetransport" | "aws:viaawsservice" => one(Some(Value::Bool(false)), visit),
            "aws:resourceaccount" => one(Some(Value::Text(self.resource_account)), visit),
            "aws:tagkeys" => many(self.tag_keys.iter().copied(), visit),
            _ => Arity::Absent,
        }
    }
}

impl Facts for Circumstances<'_> {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        if let Some(arity) = self.identity.fact(key, visit) {
            return arity;
        }
        match self.global(key, visit) {
            Arity::Absent => self.session.map_or(Arity::Absent, |session| session.fact(key, visit)),
            present => present,
        }
    }
}

fn one(value: Option<Value<'_>>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    let Some(value) = value else { return Arity::Absent };
    visit(value);
    Arity::One
}

/// A list; an empty one counts as none.
fn many<'v>(values: impl Iterator<Item = &'v str>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    let mut arity = Arity::Absent;
    for value in values {
        visit(Value::Text(value));
        arity = Arity::Many;
    }
    arity
}

/// The value of the tag of this name; the names of one map differ by more than their case.
fn tagged(tags: Option<&BTreeMap<String, String>>, name: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    one(tags.and_then(|tags| crate::identity::tag(tags, name)).map(Value::Text), visit)
}
