//! May a text be stored as a policy?
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>, and for key policies
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html>

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::conditions::{Operator, Set, operator, value_text};
use super::readings::{base64, date, number, range_contains, truth};
use super::statements::{list, statements};
use super::variables::are_well_formed;
use crate::common::Kind;

/// Which of AWS's two errors the text gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Malformed,
    InvalidArn,
}

type Checked = Result<(), Refusal>;

/// Whether the text is a policy of this kind.
pub fn check(text: &str, kind: Kind) -> Checked {
    let Ok(Strict(document)) = serde_json::from_str(text) else { return Err(Refusal::Malformed) };
    let Some(members) = document.as_object() else { return Err(Refusal::Malformed) };
    // "The id_block is allowed in resource-based policies, but not in identity-based policies."
    let known: &[&str] = match kind {
        Kind::Key | Kind::Trust => &["Version", "Id", "Statement"],
        Kind::Identity | Kind::Session => &["Version", "Statement"],
    };
    only(members, known)?;
    need(members.get("Version").is_none_or(|version| version == "2012-10-17" || version == "2008-10-17"))?;
    need(members.get("Id").is_none_or(Json::is_string))?;
    need(members.contains_key("Statement") && !statements(&document).is_empty())?;
    if kind != Kind::Key {
        let sids: Vec<&str> = statements(&document).iter().filter_map(|statement| statement["Sid"].as_str()).collect();
        need(sids.iter().collect::<HashSet<_>>().len() == sids.len())?;
    }
    let has_variables = document["Version"] == "2012-10-17";
    statements(&document).into_iter().try_for_each(|statement| check_statement(statement, kind, has_variables))
}

fn check_statement(statement: &Json, kind: Kind, has_variables: bool) -> Checked {
    let Some(members) = statement.as_object() else { return Err(Refusal::Malformed) };
    only(
        members,
        &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"],
    )?;
    need(members.get("Effect").is_some_and(|effect| effect == "Allow" || effect == "Deny"))?;
    need(members.get("Sid").is_none_or(|sid| sid_fits(sid, kind)))?;
    for (one, other) in [("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")] {
        need(!(members.contains_key(one) && members.contains_key(other)))?;
    }
    check_elements(members, kind, has_variables)?;
    check_principals(members, kind)?;
    check_conditions(members, kind, has_variables)
}

/// "For IAM policies, basic alphanumeric characters are the only allowed characters in the Sid value"; a key policy's
/// may have spaces.
fn sid_fits(sid: &Json, kind: Kind) -> bool {
    sid.as_str().is_some_and(|sid| kind == Kind::Key || sid.chars().all(|char| char.is_ascii_alphanumeric()))
}

/// Actions and resources: both are needed, but for a key policy, where a statement without has no effect, and a trust
/// policy, which is about its role.
fn check_elements(members: &Map<String, Json>, kind: Kind, has_variables: bool) -> Checked {
    let action = members.get("Action").or(members.get("NotAction"));
    let resource = members.get("Resource").or(members.get("NotResource"));
    need(action.is_some() || kind == Kind::Key)?;
    need(match kind {
        Kind::Key => true,
        Kind::Trust => resource.is_none(),
        Kind::Identity | Kind::Session => resource.is_some(),
    })?;
    need(action.is_none_or(|action| all_texts(action, |text| text == "*" || is_action(text))))?;
    need(resource.is_none_or(|resource| {
        all_texts(resource, |text| {
            (kind == Kind::Key || is_resource(text)) && (!has_variables || are_well_formed(text))
        })
    }))
}

/// "Consists of a service namespace, a colon, and the name of an action."
fn is_action(text: &str) -> bool {
    let made_of = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|char| char.is_ascii_alphanumeric() || more.contains(char))
    };
    text.split_once(':').is_some_and(|(service, name)| made_of(service, "-*?") && made_of(name, "-*?_"))
}

fn is_resource(text: &str) -> bool {
    ["arn:", "*", "${"].iter().any(|start| text.starts_with(start))
}

/// A principal is named where a resource has the policy, and only there. Nobody is excepted from an Allow.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
fn check_principals(members: &Map<String, Json>, kind: Kind) -> Checked {
    let (named, excepted) = (members.get("Principal"), members.get("NotPrincipal"));
    match kind {
        Kind::Identity | Kind::Session => return need(named.is_none() && excepted.is_none()),
        Kind::Key => need(excepted.is_none() || members["Effect"] == "Deny")?,
        Kind::Trust => need(excepted.is_none())?,
    }
    match named.or(excepted) {
        None => Err(Refusal::Malformed),
        Some(Json::String(everyone)) => need(everyone == "*"),
        Some(Json::Object(types)) => {
            need(!types.is_empty())?;
            only(types, &["AWS", "Federated", "Service", "CanonicalUser"])?;
            need(types.values().all(|names| all_texts(names, |name| !name.is_empty())))?;
            let mut names = types.get("AWS").into_iter().flat_map(list);
            let checked = names.try_for_each(|name| check_principal(name.as_str().unwrap_or("")));
            // InvalidArnException is an error of KMS; IAM, to which trust policies belong, has none like it.
            if kind == Kind::Trust { checked.map_err(|_| Refusal::Malformed) } else { checked }
        }
        Some(_) => Err(Refusal::Malformed),
    }
}

/// "You cannot use a wildcard to match part of a principal name or ARN."
fn check_principal(name: &str) -> Checked {
    let is_id = |prefix: &str| {
        name.starts_with(prefix) && name.chars().all(|char| char.is_ascii_uppercase() || char.is_ascii_digit())
    };
    if name == "*" || is_account(name) || is_id("AIDA") || is_id("AROA") {
        return Ok(());
    }
    let Some(rest) = name.strip_prefix("arn:") else { return Err(Refusal::Malformed) };
    let parts: Vec<&str> = rest.splitn(5, ':').collect();
    let [partition, service, "", account, entity] = parts[..] else { return Err(Refusal::InvalidArn) };
    if !is_account(account) || !is_partition(partition) {
        return Err(Refusal::InvalidArn);
    }
    let right = match (service, entity.split_once('/')) {
        ("iam", None) => entity == "root",
        ("iam", Some(("user" | "role", rest))) => rest.split('/').all(is_name),
        ("sts", Some(("assumed-role", rest))) => rest.split('/').count() == 2 && rest.split('/').all(is_name),
        ("sts", Some(("federated-user", rest))) => is_name(rest),
        _ => false,
    };
    match right && !name.contains(['*', '?']) {
        true => Ok(()),
        false => Err(Refusal::Malformed),
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names>
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_ascii_alphanumeric() || "+=,.@_-".contains(char))
}

/// `aws`, `aws-cn`, `aws-us-gov` and the like.
fn is_partition(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-')
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.chars().all(|digit| digit.is_ascii_digit())
}

fn check_conditions(members: &Map<String, Json>, kind: Kind, has_variables: bool) -> Checked {
    let operators = match members.get("Condition") {
        None => return Ok(()),
        Some(Json::Object(operators)) => operators,
        Some(_) => return Err(Refusal::Malformed),
    };
    for (name, keys) in operators {
        let (Some(operator), Some(keys)) = (operator(name), keys.as_object()) else { return Err(Refusal::Malformed) };
        need(!keys.is_empty())?;
        let names: HashSet<String> = keys.keys().map(|key| key.to_lowercase()).collect();
        need(names.len() == keys.len())?;
        for (key, values) in keys {
            need(key.split_once(':').is_some_and(|(vendor, name)| !vendor.is_empty() && !name.is_empty()))?;
            check_condition(operator, key, values, kind, has_variables)?;
        }
    }
    Ok(())
}

fn check_condition(operator: Operator<'_>, key: &str, values: &Json, kind: Kind, has_variables: bool) -> Checked {
    // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
    let key = key.to_lowercase();
    let single = key.starts_with("kms:encryptioncontext:") || key.starts_with("aws:requesttag/");
    need(!(kind == Kind::Key && single && operator.set == Some(Set::ForAllValues)))?;
    let values = list(values);
    need(!values.is_empty())?;
    values.into_iter().try_for_each(|value| {
        need(value.is_string() || value.is_number() || value.is_boolean())?;
        need(reads_as(operator.base, &value_text(value), has_variables))
    })
}

/// Whether the operator can read such a value. The pages of the operators say which can have a policy variable: those
/// about text and ARNs, and Bool.
fn reads_as(base: &str, text: &str, has_variables: bool) -> bool {
    match base {
        "Bool" if has_variables && text.contains("${") => are_well_formed(text),
        "Bool" | "Null" => truth(text).is_some(),
        "BinaryEquals" => base64(text).is_some(),
        "IpAddress" => range_contains(text, std::net::IpAddr::from([0, 0, 0, 0])).is_some(),
        _ if base.starts_with("Numeric") => number(text).is_some(),
        _ if base.starts_with("Date") => date(text).is_some(),
        _ => !has_variables || are_well_formed(text),
    }
}

fn only(members: &Map<String, Json>, known: &[&str]) -> Checked {
    need(members.keys().all(|member| known.contains(&member.as_str())))
}

/// One text or a list of at least one.
fn all_texts(value: &Json, fits: impl Fn(&str) -> bool) -> bool {
    let values = list(value);
    !values.is_empty() && values.into_iter().all(|value| value.as_str().is_some_and(&fits))
}

fn need(fact: bool) -> Checked {
    if fact { Ok(()) } else { Err(Refusal::Malformed) }
}

/// JSON of which no object has a member twice: "individual elements must not contain multiple instances of the same key".
struct Strict(Json);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(StrictVisitor)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Strict;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Strict, E> {
        Ok(Strict(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Strict, E> {
        Ok(Strict(Json::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Strict, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Strict(Json::Array(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Strict, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(serde::de::Error::custom("a member twice"));
            }
        }
        Ok(Strict(Json::Object(map)))
    }
}
