//! What AssumeRole is given, checked, and the session that it makes.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::collections::{BTreeMap, BTreeSet};

use policy::{Arity, Document, Kind, Value};
use serde_json::json;

use super::Session;
use super::session::packed_len;
use crate::record::Role;
use crate::text::{self, Tag};
use crate::{Draw, Refusal, ids};

/// The parameters of AssumeRole as they were given; nothing of them has been checked yet.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    /// Whose session is asked for.
    pub role_arn: String,
    /// What the session is to be called.
    pub role_session_name: String,
    /// How long it is to last.
    pub duration_seconds: Option<i64>,
    /// A policy of the session's own.
    pub policy: Option<String>,
    /// What the role's trust policy may ask for.
    pub external_id: Option<String>,
    /// Who stands behind the session.
    pub source_identity: Option<String>,
    /// Keys and values.
    pub tags: Vec<(String, String)>,
    /// The keys of those tags that sessions of the session inherit.
    pub transitive_tag_keys: Vec<String>,
}

/// A request for a session, checked, with what is inherited from the session that asks.
pub struct AssumeRole {
    partition: String,
    account: String,
    path: String,
    role: String,
    session_name: String,
    duration_seconds: Option<i64>,
    policy: Option<String>,
    tags: BTreeMap<String, String>,
    transitive: BTreeSet<String>,
    source_identity: Option<String>,
    external_id: Option<String>,
    is_chained: bool,
    recorded: serde_json::Value,
}

impl AssumeRole {
    /// What is asked for with these parameters; `caller` is the session that asks, if it is one.
    ///
    /// From the caller's session come its transitive tags, and its source identity. Tags may not replace those.
    ///
    /// # Errors
    /// [`Refusal`] with STS's names: `ValidationError`, `MalformedPolicyDocument`, `PackedPolicyTooLarge`.
    pub fn check(given: Parameters, caller: Option<&Session>) -> Result<AssumeRole, Refusal> {
        let [partition, account, path, role] = role_arn(&given.role_arn)?;
        let session_name = name(&given.role_session_name, "roleSessionName")?;
        let mut tags = text::tags(given.tags())?;
        let mut transitive = transitive(&given.transitive_tag_keys, &tags)?;
        for (key, value) in caller.into_iter().flat_map(Session::transitive_tags) {
            if tags.keys().any(|other| text::same_key(other, key)) {
                let message = "One of the specified transitive tag keys can't be set because it conflicts with a \
                               transitive tag key from the calling session.";
                return Err(Refusal::invalid(message));
            }
            tags.insert(key.to_owned(), value.to_owned());
            transitive.insert(key.to_owned());
        }
        if tags.len() > text::TAGS_AT_MOST {
            let many = "Member must have length less than or equal to 50";
            return Err(Refusal::constraint(Some(&tags.len().to_string()), "tags", many));
        }
        let asked = AssumeRole {
            source_identity: source_identity(given.source_identity.as_deref(), caller)?,
            duration_seconds: duration(given.duration_seconds)?,
            policy: session_policy(given.policy.as_deref())?,
            external_id: external_id(given.external_id.as_deref())?,
            recorded: given.recorded(),
            is_chained: caller.is_some(),
            partition,
            account,
            path,
            role,
            session_name,
            tags,
            transitive,
        };
        asked.fits()?;
        Ok(asked)
    }

    /// The account whose role it is.
    pub fn role_account(&self) -> &str {
        &self.account
    }

    /// The role's name, without its path.
    pub fn role_name(&self) -> &str {
        &self.role
    }

    /// The role's ARN, as it was given.
    pub fn role_arn(&self) -> String {
        format!("arn:{}:iam::{}:role{}{}", self.partition, self.account, self.path, self.role)
    }

    /// Whether `role`, of the account and under the name that are asked for, is the one: to the letter, path included.
    pub fn means(&self, role: &Role, partition: &str) -> bool {
        self.partition == partition && self.path == role.path && self.role == role.name
    }

    /// Every action that has to be allowed, by the role's trust policy and by the caller's policies.
    pub fn actions(&self) -> Vec<&'static str> {
        let tagging = (!self.tags.is_empty()).then_some("sts:TagSession");
        let naming = self.source_identity.is_some().then_some("sts:SetSourceIdentity");
        ["sts:AssumeRole"].into_iter().chain(tagging).chain(naming).collect()
    }

    /// The values of a condition key that only this request knows: `sts:RoleSessionName`, `sts:ExternalId`,
    /// `sts:SourceIdentity`, `sts:TransitiveTagKeys`, `aws:RequestTag/…`, `aws:TagKeys`. The key is in lower case.
    pub fn fact(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        let mut one = |value: Option<&str>| match value {
            Some(value) => {
                visit(Value::Text(value));
                Arity::One
            }
            None => Arity::Absent,
        };
        match key {
            "sts:rolesessionname" => one(Some(&self.session_name)),
            "sts:externalid" => one(self.external_id.as_deref()),
            "sts:sourceidentity" => one(self.source_identity.as_deref()),
            "aws:tagkeys" => many(self.tags.keys(), visit),
            "sts:transitivetagkeys" => many(self.transitive.iter(), visit),
            _ => match key.strip_prefix("aws:requesttag/") {
                Some(tag) => one(tag_value(&self.tags, tag)),
                None => Arity::Absent,
            },
        }
    }

    /// The parameters as a record of the call may hold them, named as CloudTrail names them.
    pub fn recorded(&self) -> &serde_json::Value {
        &self.recorded
    }

    /// The session of `role` that is asked for, from `draw`'s time on.
    ///
    /// # Errors
    /// A duration beyond the role's, or beyond an hour for a session that a session asks for.
    pub fn session(&self, role: &Role, draw: Draw<'_>) -> Result<Session, Refusal> {
        let seconds = self.duration_seconds.unwrap_or(DURATION);
        if self.is_chained && seconds > CHAINED_AT_MOST {
            let message =
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.";
            return Err(Refusal::invalid(message));
        }
        if seconds > i64::from(role.max_session_seconds) {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(Refusal::invalid(message));
        }
        Ok(Session {
            account: self.account.clone(),
            role: role.name.clone(),
            path: role.path.clone(),
            role_id: role.id.clone(),
            name: self.session_name.clone(),
            access_key_id: ids::session_key(draw.random),
            secret: ids::secret(draw.random),
            issued_ms: draw.now_ms,
            expires_ms: draw.now_ms.saturating_add(seconds * 1000),
            policy: self.policy.clone(),
            tags: self.tags.clone(),
            transitive: self.transitive.clone(),
            source_identity: self.source_identity.clone(),
            is_chained: self.is_chained,
        })
    }

    /// How much of the room for a session's policy and tags is used, in percent: `PackedPolicySize`. `None` if it has
    /// neither.
    pub fn packed_percent(&self) -> Option<usize> {
        let is_plain = self.policy.is_none() && self.tags.is_empty();
        (!is_plain).then(|| (self.packed() * 100).div_ceil(PACKED_AT_MOST))
    }

    fn packed(&self) -> usize {
        packed_len(self.policy.as_deref(), &self.tags, &self.transitive)
    }

    fn fits(&self) -> Result<(), Refusal> {
        match self.packed_percent() {
            Some(percent) if percent > 100 => Err(Refusal::packed(percent, self.policy.is_some())),
            Some(_) | None => Ok(()),
        }
    }
}

fn many<'a>(values: impl Iterator<Item = &'a String>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    values.for_each(|value| visit(Value::Text(value)));
    Arity::Many
}

/// A tag's value by its key, whose case does not count.
fn tag_value<'a>(tags: &'a BTreeMap<String, String>, key: &str) -> Option<&'a str> {
    tags.iter().find(|(other, _)| other.to_lowercase() == key).map(|(_, value)| value.as_str())
}

impl Parameters {
    fn tags(&self) -> Vec<Tag> {
        self.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect()
    }

    /// As a record of the call may hold them, named as CloudTrail names them.
    fn recorded(&self) -> serde_json::Value {
        let tags: Vec<_> = self.tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        let all = [
            ("roleArn", json!(self.role_arn)),
            ("roleSessionName", json!(self.role_session_name)),
            ("durationSeconds", json!(self.duration_seconds)),
            ("policy", json!(self.policy)),
            ("externalId", json!(self.external_id)),
            ("sourceIdentity", json!(self.source_identity)),
            ("tags", json!(Some(tags).filter(|tags| !tags.is_empty()))),
            ("transitiveTagKeys", json!(Some(&self.transitive_tag_keys).filter(|keys| !keys.is_empty()))),
        ];
        let present = all.into_iter().filter(|(_, value)| !value.is_null());
        serde_json::Value::Object(present.map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

/// Partition, account, path and name of a role's ARN.
fn role_arn(arn: &str) -> Result<[String; 4], Refusal> {
    let arn = text::length(Some(arn.to_owned()), "roleArn", 20, 2048)?;
    let invalid = || Refusal::invalid(format!("{arn} is invalid"));
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else { return Err(invalid()) };
    let rest = resource.strip_prefix("role").ok_or_else(invalid)?;
    let (path, name) = rest.split_at(rest.rfind('/').ok_or_else(invalid)? + 1);
    let is_role = !name.is_empty() && text::is_name(name) && text::is_account(account) && path.starts_with('/');
    if !is_role || arn.chars().any(|letter| !letter.is_ascii_graphic()) {
        return Err(invalid());
    }
    Ok([partition, account, path, name].map(str::to_owned))
}

/// A session's name, or a source identity.
fn name(text: &str, member: &str) -> Result<String, Refusal> {
    let text = text::length(Some(text.to_owned()), member, 2, 64)?;
    if text::is_name(&text) {
        return Ok(text);
    }
    Err(Refusal::constraint(Some(&text), member, r"Member must satisfy regular expression pattern: [\w+=,.@-]*"))
}

fn external_id(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let text = text::length(Some(text.to_owned()), "externalId", 2, 1224)?;
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&byte);
    if text.bytes().all(is_letter) {
        return Ok(Some(text));
    }
    let pattern = r"Member must satisfy regular expression pattern: [\w+=,.@:\/-]*";
    Err(Refusal::constraint(Some(&text), "externalId", pattern))
}

/// Who stands behind a chain of sessions: said once, and the same from then on.
fn source_identity(given: Option<&str>, caller: Option<&Session>) -> Result<Option<String>, Refusal> {
    let given = given.map(|text| name(text, "sourceIdentity")).transpose()?;
    match (given, caller.and_then(|session| session.source_identity.clone())) {
        (Some(given), Some(set)) if given != set => {
            Err(Refusal::denied("The source identity of the calling session cannot be changed."))
        }
        (given, set) => Ok(set.or(given)),
    }
}

fn duration(seconds: Option<i64>) -> Result<Option<i64>, Refusal> {
    let bound = |seconds: i64, bound| Err(Refusal::constraint(Some(&seconds.to_string()), "durationSeconds", bound));
    match seconds {
        None | Some(DURATION_LEAST..=DURATION_MOST) => Ok(seconds),
        Some(few @ ..DURATION_LEAST) => bound(few, "Member must have value greater than or equal to 900"),
        Some(many) => bound(many, "Member must have value less than or equal to 43200"),
    }
}

fn session_policy(text: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let text = text::length(Some(text.to_owned()), "policy", 1, POLICY_AT_MOST)?;
    Document::compile(&text, Kind::Session).map_err(|why| Refusal::malformed(why.to_string()))?;
    Ok(Some(text))
}

/// Which of the request's tags sessions of sessions inherit.
fn transitive(keys: &[String], tags: &BTreeMap<String, String>) -> Result<BTreeSet<String>, Refusal> {
    let own = |key: &String| {
        tags.keys().find(|other| text::same_key(other, key)).cloned().ok_or_else(|| {
            let key: String = key.chars().take(128).collect();
            Refusal::invalid(format!("The transitive tag key {key} is not among the session tags"))
        })
    };
    keys.iter().map(own).collect()
}

/// How long a session lasts if nobody says, in seconds.
const DURATION: i64 = 3600;
const DURATION_LEAST: i64 = 900;
const DURATION_MOST: i64 = 43_200;
/// How long a session may last that a session asks for.
const CHAINED_AT_MOST: i64 = 3600;
/// How many characters a session policy may have.
const POLICY_AT_MOST: usize = 2048;
/// How many bytes a session's policy and tags may take in its token, together: what leaves the rest of a session room
/// within [`crypto::session::MAX_SESSION_LEN`].
pub(super) const PACKED_AT_MOST: usize = 6 * 1024;
