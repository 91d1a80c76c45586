//! What the condition keys of a policy say of a verb or of the assumption of a role. What a client only claims is no
//! fact and stays absent.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html>

use std::collections::BTreeMap;

use iam::sts::AssumeRole;
use policy::{Arity, Facts, Value};

use crate::facts::{Situation, many, one, pairs};
use crate::identity::Identity;
use crate::journey::Call;

/// The circumstances of one question about identities.
pub(super) struct Circumstances<'a> {
    pub situation: Situation<'a>,
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
        let source_ip = call.origin.source_ip.parse().ok();
        Circumstances {
            situation: Situation { identity, source_ip, now: call.now, region: call.caller.region() },
            resource_account,
            request_tags: None,
            tag_keys: Vec::new(),
            resource_tags: None,
            session: None,
        }
    }

    /// The keys about what is asked for.
    fn asked(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        if let Some(name) = key.strip_prefix("aws:requesttag/") {
            return pairs(self.request_tags, name, visit);
        }
        if let Some(name) = key.strip_prefix("aws:resourcetag/").or_else(|| key.strip_prefix("iam:resourcetag/")) {
            return pairs(self.resource_tags, name, visit);
        }
        match key {
            "aws:resourceaccount" => one(Value::Text(self.resource_account), visit),
            "aws:tagkeys" => many(self.tag_keys.iter(), visit),
            _ => Arity::Absent,
        }
    }
}

impl Facts for Circumstances<'_> {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        if let Some(arity) = self.situation.fact(key, visit) {
            return arity;
        }
        match self.asked(key, visit) {
            Arity::Absent => self.session.map_or(Arity::Absent, |session| session.fact(key, visit)),
            present => present,
        }
    }
}
