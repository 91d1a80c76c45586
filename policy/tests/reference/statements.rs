//! Does a statement speak about this request? Its action, its resource and its conditions; whom it names is in
//! `principals`.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html>

use serde_json::Value as Json;

use super::conditions;
use super::glob::{matches, written};
use super::variables::replace;
use crate::common::{Fact, Kind, Question};

/// One document and one request, seen together.
pub struct Scene<'a> {
    pub question: &'a Question,
    pub kind: Kind,
    /// Version 2012-10-17 has variables, the older one and none at all do not:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html>
    pub has_variables: bool,
}

impl<'a> Scene<'a> {
    pub fn of(document: &Json, kind: Kind, question: &'a Question) -> Scene<'a> {
        Scene { question, kind, has_variables: document["Version"] == "2012-10-17" }
    }

    /// What the request says about a condition key; its name has no case.
    pub fn fact(&self, key: &str) -> Option<&'a Fact> {
        let key = key.to_lowercase();
        // Two keys work in IAM policies alone:
        // https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-resource-aliases
        // https://docs.aws.amazon.com/kms/latest/developerguide/tag-authorization.html
        let iam_only = key == "kms:resourcealiases" || key.starts_with("aws:resourcetag/");
        if self.kind == Kind::Key && iam_only { None } else { self.question.facts.0.get(&key) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    Allow,
    Deny,
}

/// The statements of a document: one, or a list.
pub fn statements(document: &Json) -> Vec<&Json> {
    list(&document["Statement"])
}

/// One element stands for a list of one everywhere in the language.
pub fn list(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(values) => values.iter().collect(),
        one => vec![one],
    }
}

pub fn effect(statement: &Json) -> Effect {
    if statement["Effect"] == "Allow" { Effect::Allow } else { Effect::Deny }
}

/// Whether action, resource and conditions all fit.
pub fn applies(statement: &Json, scene: &Scene<'_>) -> bool {
    covers_action(statement, &scene.question.action)
        && covers_resource(statement, scene).unwrap_or(false)
        && conditions::hold(statement, scene).unwrap_or(false)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html>: names have no case. A
/// statement of a key policy without an action has no effect.
fn covers_action(statement: &Json, action: &str) -> bool {
    let any = |patterns: &Json| {
        list(patterns).iter().any(|pattern| {
            matches(&written(&pattern.as_str().unwrap_or("").to_ascii_lowercase()), &action.to_ascii_lowercase())
        })
    };
    if let Some(patterns) = statement.get("Action") {
        any(patterns)
    } else if let Some(patterns) = statement.get("NotAction") {
        !any(patterns)
    } else {
        false
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>. A statement of a key
/// policy without a resource has no effect:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html>. A trust policy has no resource: it
/// is about its role. `None` if an Allow needs a variable that has no value.
fn covers_resource(statement: &Json, scene: &Scene<'_>) -> Option<bool> {
    // An operation without a resource is asked on `*`.
    let arn = scene.question.resource.as_ref().map_or("*", |resource| resource.arn.as_str());
    let any = |patterns: &Json| {
        let mut any = false;
        for pattern in list(patterns) {
            match replace(pattern.as_str().unwrap_or(""), scene) {
                Some(pieces) => any |= matches(&pieces, arn),
                None if effect(statement) == Effect::Allow => return None,
                None => {}
            }
        }
        Some(any)
    };
    if let Some(patterns) = statement.get("Resource") {
        any(patterns)
    } else if let Some(patterns) = statement.get("NotResource") {
        any(patterns).map(|any| !any)
    } else {
        Some(scene.kind == Kind::Trust)
    }
}
