//! The forms that names, paths, tags and dates have in IAM, and IAM's sentences where one is broken. A type here is
//! made by its check alone.

use std::collections::BTreeMap;

use serde::Deserialize;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::Refusal;

/// How many tags a user, a role or a session may have.
pub(crate) const TAGS_AT_MOST: usize = 50;
/// How many characters a tag's key may have.
pub(crate) const TAG_KEY_AT_MOST: usize = 128;
const TAG_VALUE_AT_MOST: usize = 256;
const NAME_AT_MOST: usize = 64;
const POLICY_NAME_AT_MOST: usize = 128;
const PATH_AT_MOST: usize = 512;

/// Whether this is an account's id: 12 digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `[\w+=,.@-]`, the letters of names.
pub(crate) fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

/// A user's, role's or policy's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// The name of a user or a role, for the member of this name.
    pub(crate) fn of_entity(text: Option<String>, member: &str) -> Result<Name, Refusal> {
        Name::check(text, member, NAME_AT_MOST)
    }

    pub(crate) fn of_policy(text: Option<String>) -> Result<Name, Refusal> {
        Name::check(text, "policyName", POLICY_NAME_AT_MOST)
    }

    fn check(text: Option<String>, member: &str, at_most: usize) -> Result<Name, Refusal> {
        let text = length(text, member, 1, at_most)?;
        if is_name(&text) {
            return Ok(Name(text));
        }
        Err(Refusal::invalid(format!(
            "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-"
        )))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A path: `/`, or printable ASCII between two slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(String);

impl Path {
    /// The path, `/` where none is given.
    pub(crate) fn check(text: Option<String>) -> Result<Path, Refusal> {
        let text = length(Some(text.unwrap_or_else(|| "/".to_owned())), "path", 1, PATH_AT_MOST)?;
        let letters = text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        // A path that a policy's pattern could not tell from a wildcard, or an ARN from its parts, is refused too.
        let plain = !text.contains(['*', '?', ':', '"', '\\']) && !text.contains("//");
        if text.starts_with('/') && text.ends_with('/') && letters && plain {
            return Ok(Path(text));
        }
        Err(Refusal::invalid(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ))
    }

    /// What paths are to begin with, everything where nothing is given.
    pub(crate) fn prefix(text: Option<String>) -> Result<Path, Refusal> {
        let text = length(Some(text.unwrap_or_else(|| "/".to_owned())), "pathPrefix", 1, PATH_AT_MOST)?;
        if text.starts_with('/') && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte)) {
            return Ok(Path(text));
        }
        Err(Refusal::invalid(
            "The specified value for pathPrefix is invalid. It must begin with the / character and contain only \
             alphanumeric characters and/or / characters.",
        ))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A tag as requests have it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Tags of a request: none twice, whatever the case of its key.
pub(crate) fn tags(given: Vec<Tag>) -> Result<BTreeMap<String, String>, Refusal> {
    if given.len() > TAGS_AT_MOST {
        let many = "Member must have length less than or equal to 50";
        return Err(Refusal::constraint(Some(&given.len().to_string()), "tags", many));
    }
    let mut tags = BTreeMap::<String, String>::new();
    for (at, Tag { key, value }) in given.into_iter().enumerate() {
        let key = tag_key(key, &format!("tags.{}.member.key", at + 1))?;
        let value = length(Some(value), &format!("tags.{}.member.value", at + 1), 0, TAG_VALUE_AT_MOST)?;
        if !value.chars().all(is_tag_letter) {
            return Err(tag_letters(&value, &format!("tags.{}.member.value", at + 1)));
        }
        if tags.keys().any(|other| same_key(other, &key)) {
            return Err(Refusal::input("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        tags.insert(key, value);
    }
    Ok(tags)
}

/// Whether two tag keys are one: their case does not count.
pub(crate) fn same_key(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// The key of a tag.
pub(crate) fn tag_key(key: String, member: &str) -> Result<String, Refusal> {
    let key = length(Some(key), member, 1, TAG_KEY_AT_MOST)?;
    if !key.chars().all(is_tag_letter) {
        return Err(tag_letters(&key, member));
    }
    if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
        return Err(Refusal::input("Tag keys that begin with aws: are reserved for AWS's own use."));
    }
    Ok(key)
}

fn tag_letters(value: &str, member: &str) -> Refusal {
    let pattern = r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+";
    Refusal::constraint(Some(value), member, pattern)
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`, as near as the standard library comes: letters, numbers, spaces, and those signs.
fn is_tag_letter(letter: char) -> bool {
    letter.is_alphanumeric() || (letter.is_whitespace() && !letter.is_control()) || "_.:/=+-@".contains(letter)
}

/// A text that has to be there, with a length within these bounds, in characters.
pub(crate) fn length(text: Option<String>, member: &str, least: usize, most: usize) -> Result<String, Refusal> {
    let text = text.ok_or_else(|| Refusal::missing(member))?;
    let length = text.chars().count();
    let bound = match length {
        short if short < least => format!("Member must have length greater than or equal to {least}"),
        long if long > most => format!("Member must have length less than or equal to {most}"),
        _ => return Ok(text),
    };
    // What is told of a text that is far too long is its beginning.
    Err(Refusal::constraint(Some(&text.chars().take(most.min(ECHO_AT_MOST)).collect::<String>()), member, &bound))
}

/// How many characters of a refused text are told again.
const ECHO_AT_MOST: usize = 256;

/// `2025-05-21T05:42:35Z`, as IAM writes dates; beyond the year 9999, the epoch's milliseconds.
pub(crate) fn date(ms: i64) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000))
        .ok()
        .and_then(|moment| moment.format(form).ok())
        .unwrap_or_else(|| ms.to_string())
}
