//! One step from what there is to what should be: a verb with its body, and the line that tells a person of it.

use std::collections::BTreeMap;
use std::fmt;

use crypto::SecretBytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::{AccessKey, Common, Role};
use crate::verb::Verb;

/// One verb to be asked. Its `Display` is its line in a dry run, and holds no secret.
pub struct Step {
    /// The account it is to be asked in.
    pub account: String,
    /// What is to be asked.
    pub verb: Verb,
    /// The request's body. It holds a secret where the file gives an access key.
    pub body: SecretBytes,
    pub(super) phase: Phase,
    line: String,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// The order of steps: what is named comes before what names it, and what is deleted goes last, from the inside out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Accounts,
    Users,
    Roles,
    Trust,
    Policies,
    AccessKeys,
    Less,
    Gone,
}

impl Step {
    pub(super) fn new(phase: Phase, account: &str, verb: Verb, body: SecretBytes, line: String) -> Step {
        Step { account: account.to_owned(), verb, body, phase, line }
    }
}

/// Whose access key it is.
#[derive(Clone, Copy)]
pub(super) enum Of<'a> {
    Root,
    User(&'a str),
}

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Of::Root => f.write_str("the root"),
            Of::User(name) => write!(f, "user {name}"),
        }
    }
}

/// The body that these members make.
pub(super) fn body(members: &Value) -> SecretBytes {
    serde_json::to_vec(members).expect("texts and numbers are JSON").into()
}

/// An account of this id. Its root gets no access key but one that the file gives: nobody would hear its secret.
pub(super) fn account(id: &str, name: Option<&str>) -> SecretBytes {
    let mut members = json!({ "AccountId": id, "RootAccessKey": false });
    if let Some(name) = name {
        members["AccountName"] = json!(name);
    }
    body(&members)
}

pub(super) fn create_user(user: &Common) -> SecretBytes {
    body(&json!({ "UserName": user.name, "Path": user.path, "Tags": tag_list(&user.tags) }))
}

pub(super) fn create_role(role: &Role, trust: &str) -> SecretBytes {
    body(&json!({
        "RoleName": role.common.name,
        "Path": role.common.path,
        "AssumeRolePolicyDocument": trust,
        "Description": role.description,
        "MaxSessionDuration": role.max_session_seconds,
        "Tags": tag_list(&role.common.tags),
    }))
}

pub(super) fn put_policy(verb: Verb, name: &str, policy: &str, document: &str) -> SecretBytes {
    let member = if verb == Verb::PutUserPolicy { "UserName" } else { "RoleName" };
    body(&json!({ member: name, "PolicyName": policy, "PolicyDocument": document }))
}

pub(super) fn create_access_key(of: Of<'_>, key: &AccessKey) -> SecretBytes {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Members<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        user_name: Option<&'a str>,
        access_key_id: &'a str,
        secret_access_key: &'a str,
    }
    let user_name = match of {
        Of::Root => None,
        Of::User(name) => Some(name),
    };
    let secret_access_key = std::str::from_utf8(key.secret.expose()).expect("a secret from a file is text");
    // One allocation: growing would leave copies of the secret behind. JSON at its longest has six letters for one.
    let mut bytes = Vec::with_capacity(256 + 6 * (key.secret.expose().len() + key.id.len()));
    serde_json::to_writer(&mut bytes, &Members { user_name, access_key_id: &key.id, secret_access_key })
        .expect("texts are JSON");
    SecretBytes::from(bytes)
}

pub(super) fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
