//! ARNs as conditions compare them: each of their six parts by itself, so that a wildcard in one of the first five
//! never reaches into the next. Other texts are compared in [`text`](crate::text).
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN>

use crate::filled::{Filled, Part};
use crate::request::Facts;
use crate::text::{Case, Dialect, Pattern, Piece, Wildcards, pieces};

/// An ARN with wildcards and variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArnPattern {
    /// The parts are known.
    Parts(Box<[Pattern; PARTS]>),
    /// The parts are known with the variables: a value may have several.
    Variable(Pattern, Box<[Piece]>),
    /// It has fewer parts than an ARN.
    Never,
}

impl ArnPattern {
    /// # Errors
    /// A sentence about a variable that is none.
    pub(crate) fn read(text: &str, dialect: Dialect) -> Result<ArnPattern, String> {
        let pieces = pieces(text, Wildcards::Special, dialect)?;
        let whole = Pattern::new(&pieces, Case::Exact);
        if whole.has_variables() {
            return Ok(ArnPattern::Variable(whole, pieces.into()));
        }
        let parts: Vec<_> = split(&pieces).iter().map(|part| Pattern::new(part, Case::Exact)).collect();
        Ok(parts.try_into().map_or(ArnPattern::Never, |parts| ArnPattern::Parts(Box::new(parts))))
    }

    /// Whether `text` is an ARN of this pattern.
    pub(crate) fn matches(&self, text: &str, facts: &dyn Facts) -> bool {
        match self {
            ArnPattern::Parts(parts) => {
                let mut given = text.splitn(PARTS, ':');
                parts.iter().all(|part| given.next().is_some_and(|given| part.matches(given, facts)))
            }
            ArnPattern::Variable(_, pieces) => {
                Filled::new(pieces, ARN_BYTES, facts).is_some_and(|filled| is_filled(&filled, text))
            }
            ArnPattern::Never => false,
        }
    }

    /// The pattern, if it has variables.
    pub(crate) fn with_variables(&self) -> Option<&Pattern> {
        match self {
            ArnPattern::Variable(pattern, _) => Some(pattern),
            ArnPattern::Parts(_) | ArnPattern::Never => None,
        }
    }
}

/// The parts of an ARN; the last holds the colons that are left.
fn split(pieces: &[Piece]) -> Vec<Vec<Piece>> {
    let mut parts = vec![Vec::new()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            parts.last_mut().expect("never empty").push(piece.clone());
            continue;
        };
        let left = PARTS + 1 - parts.len();
        for (place, part) in text.splitn(left, ':').enumerate() {
            if place > 0 {
                parts.push(Vec::new());
            }
            if !part.is_empty() {
                parts.last_mut().expect("never empty").push(Piece::Text(part.into()));
            }
        }
    }
    parts
}

/// Whether `text` is an ARN of the pattern, whose parts are those that it has with its values.
fn is_filled(pattern: &Filled<ARN_BYTES>, text: &str) -> bool {
    let mut rest = pattern.whole();
    let mut given = text.splitn(PARTS, ':');
    for _ in 1..PARTS {
        let (Some((part, after)), Some(text)) = (rest.cut(b':', false), given.next()) else { return false };
        if !glob(part, text) {
            return false;
        }
        rest = after;
    }
    given.next().is_some_and(|text| glob(rest, text))
}

/// What stands between two `*` is sought from left to right and never again, as in [`text`](crate::text).
fn glob(pattern: Part<'_>, text: &str) -> bool {
    let Some((first, mut rest)) = pattern.cut(b'*', true) else { return pattern.after(text) == Some("") };
    let Some(mut text) = first.after(text) else { return false };
    while let Some((part, after)) = rest.cut(b'*', true) {
        let Some(end) = part.end_of_first(text).and_then(|end| text.get(end..)) else { return false };
        (text, rest) = (end, after);
    }
    rest.ends(text)
}

const PARTS: usize = 6;
/// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_Role.html>: no ARN is longer.
const ARN_BYTES: usize = 2048;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circumstances::Circumstances;
    use crate::document::Kind;

    const ANN: &str = "arn:aws:iam::111122223333:user/team/ann";

    fn facts() -> Circumstances {
        Circumstances::default()
            .with("a:partition", "aws")
            .with("a:name", "ann")
            .with("a:whole", ANN)
            .with("a:wild", "arn:aws:iam::*:user/*")
            .with("a:tail", "iam::111122223333:user/team")
            .with("a:long", Box::leak("x".repeat(2_100).into_boxed_str()))
    }

    fn matches(pattern: &str, text: &str) -> bool {
        let dialect = Dialect { kind: Kind::Identity, variables: true };
        ArnPattern::read(pattern, dialect).expect(pattern).matches(text, &facts())
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        for (pattern, text, is) in [
            (ANN, ANN, true),
            (ANN, "arn:aws:iam::111122223333:user/team/Ann", false),
            ("arn:aws:iam::111122223333:user/*", ANN, true),
            ("arn:aws:iam::*:user/*", ANN, true),
            ("arn:*:iam::*:user/team/???", ANN, true),
            ("arn:*:*:*:*:*", ANN, true),
            ("*:*:*:*:*:*", ANN, true),
            ("arn:aws:*", ANN, false),
            ("arn:aws:*:user/team/ann", ANN, false),
            ("arn:aws:iam:*:user/team/ann", ANN, false),
            ("*", ANN, false),
            ("arn:aws:iam::111122223333", ANN, false),
            ("arn:aws:iam::?:*", ANN, false),
            ("arn:aws:iam:?:111122223333:*", ANN, false),
            ("arn:aws:sns:*:*:a:*", "arn:aws:sns:us-east-1:111122223333:a:b:c", true),
            ("arn:aws:sns:*:*:*:c", "arn:aws:sns:us-east-1:111122223333:a:b:c", true),
            ("arn:aws:sns:*:*:a:b:c", "arn:aws:sns:us-east-1:111122223333:a:b:c", true),
            ("arn:aws:sns:*:*:a:b", "arn:aws:sns:us-east-1:111122223333:a:b:c", false),
            ("arn:aws:iam::*:*", "no arn", false),
            ("arn:aws:iam::*:*", "", false),
            ("*:*:*:*:*:*", "a", false),
            ("*:*:*:*:*:*", "a:b:c:d:e", false),
            ("arn:aws:iam::*:*", "arn:aws:iam::111122223333", false),
            (":::::", ":::::", true),
            ("*:::::", "a:::::", true),
        ] {
            assert_eq!(matches(pattern, text), is, "{pattern} and {text}");
            // The same by the way that variables take, which fill in the partition.
            let variable = pattern.replacen("aws", "${a:partition}", 1);
            if variable != pattern {
                assert_eq!(matches(&variable, text), is, "{variable} and {text}");
            }
            let empty = format!("{pattern}${{a:none,''}}");
            assert_eq!(matches(&empty, text), is, "{empty} and {text}");
        }
    }

    #[test]
    fn variables_may_be_several_parts_and_never_wildcards() {
        for (pattern, text, is) in [
            ("${a:whole}", ANN, true),
            ("${a:whole}*", ANN, true),
            ("${a:whole}?", ANN, false),
            ("arn:aws:${a:tail}/${a:name}", ANN, true),
            ("arn:aws:${a:tail}/*", ANN, true),
            ("arn:*:${a:tail}/a*n", ANN, true),
            ("arn:*:${a:tail}/a*b", ANN, false),
            ("arn:*:${a:tail}/?n?", ANN, true),
            ("*:${a:tail}/*", ANN, false),
            ("${a:wild}", ANN, false),
            ("${a:wild}", "arn:aws:iam::*:user/*", true),
            ("${a:absent}", ANN, false),
            ("arn:aws:iam::*:user/${a:long}", ANN, false),
            ("arn:aws:iam::*:*${a:name}", "arn:aws:iam::1:annann", true),
            ("arn:aws:iam::*:*${a:name}x", "arn:aws:iam::1:annann", false),
            ("arn:aws:iam::*:*x${a:name}", "arn:aws:iam::1:ann", false),
            ("arn:aws:iam::*:?${a:name}", "arn:aws:iam::1:äann", true),
            ("arn:aws:iam::*:*ä${a:name}", "arn:aws:iam::1:öäann", true),
        ] {
            assert_eq!(matches(pattern, text), is, "{pattern} and {text}");
        }
    }
}
