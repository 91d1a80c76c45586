//! What does a text of a document mean once its variables are replaced?
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use super::conditions::text_of;
use super::glob::{Piece, written};
use super::statements::Scene;
use crate::common::Fact;

/// The pieces of `text`; `None` if a variable in it has no value in this request and no default.
pub fn replace(text: &str, scene: &Scene<'_>) -> Option<Vec<Piece>> {
    if !scene.has_variables {
        return Some(written(text));
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start + 2..].find('}') else { break };
        pieces.extend(written(&rest[..start]));
        let value = value_of(&rest[start + 2..start + 2 + length], scene)?;
        pieces.extend(value.chars().map(Piece::Substituted));
        rest = &rest[start + 2 + length + 1..];
    }
    pieces.extend(written(rest));
    Some(pieces)
}

/// Whether every `${` begins a variable that can be read.
pub fn are_well_formed(text: &str) -> bool {
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let Some(length) = rest[start + 2..].find('}') else { return false };
        let inner = &rest[start + 2..start + 2 + length];
        let (key, default) = inner.split_once(',').map_or((inner, "''"), |(key, default)| (key, default.trim()));
        let quoted = default.len() >= 2 && default.starts_with('\'') && default.ends_with('\'');
        let default_fits = quoted && !default[1..default.len() - 1].contains(['\'', '{', '$']);
        let special = ["*", "?", "$"].contains(&inner);
        if !special && (key.trim().is_empty() || key.contains(['{', '\'', '$', '"']) || !default_fits) {
            return false;
        }
        rest = &rest[start + 2 + length + 1..];
    }
    true
}

/// The value of what stands between the braces: a special character, a key, or a key, a comma, a space and a default
/// between single quotes.
fn value_of(inner: &str, scene: &Scene<'_>) -> Option<String> {
    if ["*", "?", "$"].contains(&inner) {
        return Some(inner.to_owned());
    }
    let (key, default) = match inner.split_once(',') {
        None => (inner, None),
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
    };
    match scene.fact(key.trim()) {
        Some(Fact::One(datum)) => Some(text_of(datum)),
        // A key that can have several values cannot be a variable:
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        Some(Fact::Many(data)) if !data.is_empty() => None,
        Some(Fact::Many(_)) | None => default,
    }
}
