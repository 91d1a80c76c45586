//! What a verb is given, checked: from a request's JSON body to arguments that IAM would take. Whether what they name
//! exists is asked in `run`.

use std::collections::BTreeMap;
use std::fmt;

use crypto::SecretBytes;
use serde::Deserialize;
use serde::de::{Deserializer, Visitor};
use serde_json::{Value, json};

use super::Verb;
use crate::Refusal;
use crate::ids::SECRET_LEN;
use crate::text::{self, Name, Path, Tag};

/// Who speaks: the user that verbs mean which name none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker<'a> {
    /// The account's root.
    Root,
    /// The user of this name.
    User(&'a str),
    /// Somebody who has assumed a role, and is no user.
    Session,
}

/// One request, checked.
pub struct Asked {
    pub(super) verb: Verb,
    pub(super) arguments: Arguments,
    recorded: Value,
}

/// A user, or a role: what many verbs are the same for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    User,
    Role,
}

impl Kind {
    /// As it begins the last part of an ARN.
    pub(super) fn part(self) -> &'static str {
        match self {
            Kind::User => "user",
            Kind::Role => "role",
        }
    }
}

/// Whose access keys a verb is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Root,
    User(Name),
}

/// A page of a list: what comes after a marker.
pub(super) struct Page {
    pub(super) after: Option<String>,
    pub(super) at_most: usize,
}

/// An access key that the request brings along, where none is to be drawn.
pub(super) struct GivenKey {
    pub(super) id: String,
    pub(super) secret: SecretBytes,
}

/// The access key that a new account's root gets.
pub(super) enum RootKey {
    Drawn,
    Given(GivenKey),
    None,
}

pub(super) enum Arguments {
    CreateAccount { id: Option<String>, name: Option<String>, key: RootKey },
    ListAccounts(Page),
    CreateUser { name: Name, path: Path, tags: BTreeMap<String, String> },
    GetUser(Whose),
    CreateRole(NewRole),
    GetRole(Name),
    List(Kind, Path, Page),
    UpdateRole { name: Name, description: Option<String>, max_session_seconds: Option<u32> },
    UpdateAssumeRolePolicy { name: Name, document: String },
    Delete(Kind, Name),
    Tag(Kind, Name, BTreeMap<String, String>),
    Untag(Kind, Name, Vec<String>),
    ListTags(Kind, Name, Page),
    PutPolicy(Kind, Name, Name, String),
    GetPolicy(Kind, Name, Name),
    ListPolicies(Kind, Name, Page),
    DeletePolicy(Kind, Name, Name),
    CreateAccessKey(Whose, Option<GivenKey>),
    ListAccessKeys(Whose, Page),
    UpdateAccessKey { whose: Whose, id: String, active: bool },
    DeleteAccessKey { whose: Whose, id: String },
}

pub(super) struct NewRole {
    pub(super) name: Name,
    pub(super) path: Path,
    pub(super) document: String,
    pub(super) description: String,
    pub(super) max_session_seconds: u32,
    pub(super) tags: BTreeMap<String, String>,
}

impl Asked {
    /// What `body` asks of `verb`, where `speaker` is who asks.
    ///
    /// The body is a JSON object with IAM's parameters; `{}` where there are none to give. CreateAccessKey takes an
    /// `AccessKeyId` and a `SecretAccessKey` beside them, for keys that are given rather than drawn; CreateAccount, for
    /// its root's key, takes them too, and `"RootAccessKey": false` for none. A parameter that the verb does not have
    /// is refused: whoever misspelt one would otherwise get something else than asked for.
    ///
    /// # Errors
    /// [`Refusal`] with IAM's name and text for what is missing or malformed. It repeats no secret.
    pub fn parse(verb: Verb, body: &[u8], speaker: Speaker<'_>) -> Result<Asked, Refusal> {
        let mut given = Members::read(body)?;
        let recorded = given.recorded();
        let arguments = Arguments::take(verb, &mut given, speaker)?;
        match given.left_over() {
            None => Ok(Asked { verb, arguments, recorded }),
            Some(member) => Err(Refusal::invalid(format!("{} has no parameter {member}", verb.name()))),
        }
    }

    /// What is asked.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Every action that policies have to allow: the verb's own, and that of tagging where something is made with tags.
    pub fn actions(&self) -> Vec<&'static str> {
        let tagging = match &self.arguments {
            Arguments::CreateUser { tags, .. } if !tags.is_empty() => Some(Verb::TagUser),
            Arguments::CreateRole(role) if !role.tags.is_empty() => Some(Verb::TagRole),
            _ => None,
        };
        std::iter::once(self.verb).chain(tagging).map(Verb::action).collect()
    }

    /// The tags of the request, for `aws:RequestTag/…`.
    pub fn request_tags(&self) -> Option<&BTreeMap<String, String>> {
        match &self.arguments {
            Arguments::CreateUser { tags, .. } | Arguments::Tag(_, _, tags) => Some(tags),
            Arguments::CreateRole(role) => Some(&role.tags),
            _ => None,
        }
    }

    /// The tag keys of the request, for `aws:TagKeys`.
    pub fn tag_keys(&self) -> Vec<&str> {
        match &self.arguments {
            Arguments::Untag(_, _, keys) => keys.iter().map(String::as_str).collect(),
            _ => self.request_tags().into_iter().flatten().map(|(key, _)| key.as_str()).collect(),
        }
    }

    /// The parameters as a record of the call may hold them, named as CloudTrail names them (`userName`): no secret.
    pub fn recorded(&self) -> &Value {
        &self.recorded
    }
}

/// All parameters that any verb has. Each verb takes its own out; what is left over then is too much.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase", default)]
struct Members {
    account_id: Option<String>,
    account_name: Option<String>,
    user_name: Option<String>,
    role_name: Option<String>,
    path: Option<String>,
    path_prefix: Option<String>,
    description: Option<String>,
    max_session_duration: Option<i64>,
    tags: Option<Vec<Tag>>,
    tag_keys: Option<Vec<String>>,
    policy_name: Option<String>,
    policy_document: Option<String>,
    assume_role_policy_document: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    root_access_key: Option<bool>,
    status: Option<String>,
    marker: Option<String>,
    max_items: Option<i64>,
}

impl Members {
    fn read(body: &[u8]) -> Result<Members, Refusal> {
        // A body is an object; a derived reading by itself takes a list of values too.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(Refusal::unreadable_body("The request body is not a JSON object"));
        }
        serde_json::from_slice(body).map_err(|why| Refusal::unreadable_body(unreadable(&why)))
    }

    fn left_over(&self) -> Option<&'static str> {
        self.presence().into_iter().find(|(_, present)| *present).map(|(name, _)| name)
    }

    fn presence(&self) -> [(&'static str, bool); 19] {
        [
            ("AccountId", self.account_id.is_some()),
            ("AccountName", self.account_name.is_some()),
            ("UserName", self.user_name.is_some()),
            ("RoleName", self.role_name.is_some()),
            ("Path", self.path.is_some()),
            ("PathPrefix", self.path_prefix.is_some()),
            ("Description", self.description.is_some()),
            ("MaxSessionDuration", self.max_session_duration.is_some()),
            ("Tags", self.tags.is_some()),
            ("TagKeys", self.tag_keys.is_some()),
            ("PolicyName", self.policy_name.is_some()),
            ("PolicyDocument", self.policy_document.is_some()),
            ("AssumeRolePolicyDocument", self.assume_role_policy_document.is_some()),
            ("AccessKeyId", self.access_key_id.is_some()),
            ("SecretAccessKey", self.secret_access_key.is_some()),
            ("RootAccessKey", self.root_access_key.is_some()),
            ("Status", self.status.is_some()),
            ("Marker", self.marker.is_some()),
            ("MaxItems", self.max_items.is_some()),
        ]
    }

    /// Every member but the secret, in CloudTrail's letters.
    fn recorded(&self) -> Value {
        let tags = self.tags.as_ref().map(|tags| {
            tags.iter().map(|Tag { key, value }| json!({ "key": key, "value": value })).collect::<Vec<_>>()
        });
        let all = [
            ("accountId", json!(self.account_id)),
            ("accountName", json!(self.account_name)),
            ("userName", json!(self.user_name)),
            ("roleName", json!(self.role_name)),
            ("path", json!(self.path)),
            ("pathPrefix", json!(self.path_prefix)),
            ("description", json!(self.description)),
            ("maxSessionDuration", json!(self.max_session_duration)),
            ("tags", json!(tags)),
            ("tagKeys", json!(self.tag_keys)),
            ("policyName", json!(self.policy_name)),
            ("policyDocument", json!(self.policy_document)),
            ("assumeRolePolicyDocument", json!(self.assume_role_policy_document)),
            ("accessKeyId", json!(self.access_key_id)),
            ("rootAccessKey", json!(self.root_access_key)),
            ("status", json!(self.status)),
            ("marker", json!(self.marker)),
            ("maxItems", json!(self.max_items)),
        ];
        let present = all.into_iter().filter(|(_, value)| !value.is_null());
        Value::Object(present.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn name(&mut self, kind: Kind) -> Result<Name, Refusal> {
        match kind {
            Kind::User => Name::of_entity(self.user_name.take(), "userName"),
            Kind::Role => Name::of_entity(self.role_name.take(), "roleName"),
        }
    }

    /// The user that is named, or else whoever speaks.
    fn whose(&mut self, speaker: Speaker<'_>) -> Result<Whose, Refusal> {
        if self.user_name.is_some() {
            return self.name(Kind::User).map(Whose::User);
        }
        match speaker {
            Speaker::Root => Ok(Whose::Root),
            Speaker::User(name) => Name::of_entity(Some(name.to_owned()), "userName").map(Whose::User),
            Speaker::Session => Err(Refusal::invalid("Must specify userName when calling with non-User credentials")),
        }
    }

    fn page(&mut self) -> Result<Page, Refusal> {
        let after = self.marker.take().map(|marker| text::length(Some(marker), "marker", 1, MARKER_AT_MOST));
        let after = after.transpose()?;
        // A marker becomes the end of a row's name, which has a limit in bytes.
        let is_no_marker = |marker: &str| marker.len() > MARKER_BYTES_AT_MOST || marker.chars().any(char::is_control);
        if after.as_deref().is_some_and(is_no_marker) {
            return Err(Refusal::invalid("Invalid Marker."));
        }
        let at_most = self.max_items.take().unwrap_or(PAGE);
        let bound = |bound| Err(Refusal::constraint(Some(&at_most.to_string()), "maxItems", bound));
        match usize::try_from(at_most) {
            Ok(0) | Err(_) => bound("Member must have value greater than or equal to 1"),
            Ok(1001..) => bound("Member must have value less than or equal to 1000"),
            Ok(at_most) => Ok(Page { after, at_most }),
        }
    }

    fn tags(&mut self) -> Result<BTreeMap<String, String>, Refusal> {
        text::tags(self.tags.take().unwrap_or_default())
    }

    fn max_session_seconds(&mut self) -> Result<Option<u32>, Refusal> {
        let Some(seconds) = self.max_session_duration.take() else { return Ok(None) };
        let bound = |bound| Err(Refusal::constraint(Some(&seconds.to_string()), "maxSessionDuration", bound));
        match u32::try_from(seconds) {
            Ok(SESSION_LEAST..=SESSION_MOST) => Ok(Some(seconds as u32)),
            Ok(..SESSION_LEAST) => bound("Member must have value greater than or equal to 3600"),
            Ok(_) => bound("Member must have value less than or equal to 43200"),
            Err(_) if seconds < 0 => bound("Member must have value greater than or equal to 3600"),
            Err(_) => bound("Member must have value less than or equal to 43200"),
        }
    }

    fn access_key_id(&mut self) -> Result<String, Refusal> {
        let id = text::length(self.access_key_id.take(), "accessKeyId", 16, 128)?;
        if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Ok(id);
        }
        let pattern = r"Member must satisfy regular expression pattern: [\w]+";
        Err(Refusal::constraint(Some(&id), "accessKeyId", pattern))
    }

    /// An access key that is not to be drawn. It has to look like one that was.
    fn given_key(&mut self) -> Result<Option<GivenKey>, Refusal> {
        let (id, secret) = (self.access_key_id.take(), self.secret_access_key.take());
        let (Some(id), Some(Secret(secret))) = (&id, &secret) else {
            return match (id, secret) {
                (None, None) => Ok(None),
                (Some(_), _) => Err(Refusal::missing("secretAccessKey")),
                (None, Some(_)) => Err(Refusal::missing("accessKeyId")),
            };
        };
        let letters = |letters: &str| letters.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'));
        if !id.strip_prefix("AKIA").is_some_and(|rest| rest.len() == 16 && letters(rest)) {
            return Err(Refusal::invalid("AccessKeyId must be AKIA and 16 of A-Z and 0-9"));
        }
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
        if secret.expose().len() != SECRET_LEN || !secret.expose().iter().all(is_letter) {
            return Err(Refusal::invalid("SecretAccessKey must be 40 of A-Z, a-z, 0-9, + and /"));
        }
        let secret = SecretBytes::from(secret.expose().to_vec());
        Ok(Some(GivenKey { id: id.clone(), secret }))
    }
}

/// Why a body cannot be read. Of a value that stands where another kind of value should, only the place is told: it may
/// be a secret.
fn unreadable(why: &serde_json::Error) -> String {
    let said = why.to_string();
    let repeats_a_value = why.is_data() && ["invalid type", "invalid value"].iter().any(|form| said.starts_with(form));
    match repeats_a_value {
        true => format!("The request body: a value of another type at line {} column {}", why.line(), why.column()),
        false => format!("The request body: {said}"),
    }
}

impl Arguments {
    fn take(verb: Verb, given: &mut Members, speaker: Speaker<'_>) -> Result<Arguments, Refusal> {
        use Kind::{Role, User};
        Ok(match verb {
            Verb::CreateAccount => Arguments::CreateAccount {
                id: account_id(given.account_id.take())?,
                name: account_name(given)?,
                key: root_key(given)?,
            },
            Verb::ListAccounts => Arguments::ListAccounts(given.page()?),
            Verb::CreateUser => Arguments::CreateUser {
                name: given.name(User)?,
                path: Path::check(given.path.take())?,
                tags: given.tags()?,
            },
            Verb::GetUser => Arguments::GetUser(given.whose(speaker)?),
            Verb::ListUsers => Arguments::List(User, Path::prefix(given.path_prefix.take())?, given.page()?),
            Verb::ListRoles => Arguments::List(Role, Path::prefix(given.path_prefix.take())?, given.page()?),
            Verb::DeleteUser => Arguments::Delete(User, given.name(User)?),
            Verb::DeleteRole => Arguments::Delete(Role, given.name(Role)?),
            Verb::CreateRole => Arguments::CreateRole(NewRole {
                name: given.name(Role)?,
                path: Path::check(given.path.take())?,
                document: document(given.assume_role_policy_document.take(), "assumeRolePolicyDocument")?,
                description: description(given.description.take())?.unwrap_or_default(),
                max_session_seconds: given.max_session_seconds()?.unwrap_or(SESSION_LEAST),
                tags: given.tags()?,
            }),
            Verb::GetRole => Arguments::GetRole(given.name(Role)?),
            Verb::UpdateRole => Arguments::UpdateRole {
                name: given.name(Role)?,
                description: description(given.description.take())?,
                max_session_seconds: given.max_session_seconds()?,
            },
            Verb::UpdateAssumeRolePolicy => Arguments::UpdateAssumeRolePolicy {
                name: given.name(Role)?,
                document: document(given.policy_document.take(), "policyDocument")?,
            },
            Verb::TagUser => tag(User, given)?,
            Verb::TagRole => tag(Role, given)?,
            Verb::UntagUser => untag(User, given)?,
            Verb::UntagRole => untag(Role, given)?,
            Verb::ListUserTags => Arguments::ListTags(User, given.name(User)?, given.page()?),
            Verb::ListRoleTags => Arguments::ListTags(Role, given.name(Role)?, given.page()?),
            Verb::PutUserPolicy => put_policy(User, given)?,
            Verb::PutRolePolicy => put_policy(Role, given)?,
            Verb::GetUserPolicy => Arguments::GetPolicy(User, given.name(User)?, policy_name(given)?),
            Verb::GetRolePolicy => Arguments::GetPolicy(Role, given.name(Role)?, policy_name(given)?),
            Verb::ListUserPolicies => Arguments::ListPolicies(User, given.name(User)?, given.page()?),
            Verb::ListRolePolicies => Arguments::ListPolicies(Role, given.name(Role)?, given.page()?),
            Verb::DeleteUserPolicy => Arguments::DeletePolicy(User, given.name(User)?, policy_name(given)?),
            Verb::DeleteRolePolicy => Arguments::DeletePolicy(Role, given.name(Role)?, policy_name(given)?),
            Verb::CreateAccessKey => Arguments::CreateAccessKey(given.whose(speaker)?, given.given_key()?),
            Verb::ListAccessKeys => Arguments::ListAccessKeys(given.whose(speaker)?, given.page()?),
            Verb::UpdateAccessKey => Arguments::UpdateAccessKey {
                whose: given.whose(speaker)?,
                id: given.access_key_id()?,
                active: status(given.status.take())?,
            },
            Verb::DeleteAccessKey => {
                Arguments::DeleteAccessKey { whose: given.whose(speaker)?, id: given.access_key_id()? }
            }
        })
    }
}

fn tag(kind: Kind, given: &mut Members) -> Result<Arguments, Refusal> {
    if given.tags.is_none() {
        return Err(Refusal::missing("tags"));
    }
    Ok(Arguments::Tag(kind, given.name(kind)?, given.tags()?))
}

fn untag(kind: Kind, given: &mut Members) -> Result<Arguments, Refusal> {
    let keys = given.tag_keys.take().ok_or_else(|| Refusal::missing("tagKeys"))?;
    if keys.len() > text::TAGS_AT_MOST {
        let many = "Member must have length less than or equal to 50";
        return Err(Refusal::constraint(Some(&keys.len().to_string()), "tagKeys", many));
    }
    let key = |(at, key)| text::length(Some(key), &format!("tagKeys.{}.member", at + 1), 1, text::TAG_KEY_AT_MOST);
    let keys = keys.into_iter().enumerate().map(key).collect::<Result<_, _>>()?;
    Ok(Arguments::Untag(kind, given.name(kind)?, keys))
}

fn put_policy(kind: Kind, given: &mut Members) -> Result<Arguments, Refusal> {
    let (name, policy) = (given.name(kind)?, policy_name(given)?);
    Ok(Arguments::PutPolicy(kind, name, policy, document(given.policy_document.take(), "policyDocument")?))
}

fn policy_name(given: &mut Members) -> Result<Name, Refusal> {
    Name::of_policy(given.policy_name.take())
}

/// A policy document's length and letters; its grammar is asked when it is compiled.
fn document(text: Option<String>, member: &str) -> Result<String, Refusal> {
    let text = text::length(text, member, 1, DOCUMENT_AT_MOST)?;
    let is_letter = |letter: char| matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
    if text.chars().all(is_letter) {
        return Ok(text);
    }
    let pattern = r"Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+";
    Err(Refusal::invalid(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: {pattern}"
    )))
}

fn description(text: Option<String>) -> Result<Option<String>, Refusal> {
    let text = text.map(|text| text::length(Some(text), "description", 0, DESCRIPTION_AT_MOST)).transpose()?;
    let is_letter = |letter| matches!(letter, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{a1}'..='\u{ff}');
    match text {
        Some(text) if !text.chars().all(is_letter) => {
            let pattern = "Member must satisfy regular expression pattern: \
                           [\\u0009\\u000A\\u000D\\u0020-\\u007E\\u00A1-\\u00FF]*";
            Err(Refusal::constraint(Some(&text), "description", pattern))
        }
        text => Ok(text),
    }
}

fn account_id(id: Option<String>) -> Result<Option<String>, Refusal> {
    match id {
        Some(id) if !text::is_account(&id) => {
            let pattern = r"Member must satisfy regular expression pattern: ^\d{12}$";
            Err(Refusal::constraint(Some(&id), "accountId", pattern))
        }
        id => Ok(id),
    }
}

fn account_name(given: &mut Members) -> Result<Option<String>, Refusal> {
    let name = given.account_name.take();
    let name = name.map(|name| text::length(Some(name), "accountName", 1, ACCOUNT_NAME_AT_MOST)).transpose()?;
    match name {
        Some(name) if !name.bytes().all(|byte| matches!(byte, b' '..=b'~')) => {
            let pattern = r"Member must satisfy regular expression pattern: [\u0020-\u007E]+";
            Err(Refusal::constraint(Some(&name), "accountName", pattern))
        }
        name => Ok(name),
    }
}

fn root_key(given: &mut Members) -> Result<RootKey, Refusal> {
    match (given.root_access_key.take().unwrap_or(true), given.given_key()?) {
        (true, None) => Ok(RootKey::Drawn),
        (true, Some(key)) => Ok(RootKey::Given(key)),
        (false, None) => Ok(RootKey::None),
        (false, Some(_)) => Err(Refusal::invalid("RootAccessKey is false, and AccessKeyId names one")),
    }
}

fn status(status: Option<String>) -> Result<bool, Refusal> {
    match status.as_deref() {
        Some("Active") => Ok(true),
        Some("Inactive") => Ok(false),
        None => Err(Refusal::missing("status")),
        other => Err(Refusal::constraint(other, "status", "Member must satisfy enum value set: [Active, Inactive]")),
    }
}

/// A secret in a body. No error repeats it.
struct Secret(SecretBytes);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
        secret(from).map(Secret)
    }
}

/// Reads a secret access key, which stands in quotes; whatever else stands there is not repeated by an error.
pub(crate) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretBytes, D::Error> {
    struct Reads;
    impl Reads {
        fn refuse<E: serde::de::Error>() -> Result<SecretBytes, E> {
            Err(E::custom("a secret access key stands in quotes"))
        }
    }
    impl Visitor<'_> for Reads {
        type Value = SecretBytes;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a secret access key in quotes")
        }
        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretBytes, E> {
            Ok(SecretBytes::from(text.as_bytes().to_vec()))
        }
        fn visit_string<E: serde::de::Error>(self, text: String) -> Result<SecretBytes, E> {
            Ok(SecretBytes::from(text.into_bytes()))
        }
        fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<SecretBytes, E> {
            Reads::refuse()
        }
        fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<SecretBytes, E> {
            Reads::refuse()
        }
        fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<SecretBytes, E> {
            Reads::refuse()
        }
    }
    from.deserialize_any(Reads)
}

const PAGE: i64 = 100;
const MARKER_AT_MOST: usize = 320;
const MARKER_BYTES_AT_MOST: usize = 512;
/// IAM's bounds for MaxSessionDuration; the least is also what counts where none is given.
const SESSION_LEAST: u32 = 3600;
const SESSION_MOST: u32 = 43_200;
const DOCUMENT_AT_MOST: usize = 131_072;
const DESCRIPTION_AT_MOST: usize = 1000;
const ACCOUNT_NAME_AT_MOST: usize = 50;
