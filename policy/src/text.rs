//! Texts as policies write them, with wildcards and variables, and whether a text of the request is one of them. A
//! variable's value is compared in its place: it is never a wildcard, and nothing is put together first.
//!
//! What stands between two `*` is sought from left to right and never again ([`search`](crate::search)), so that the time
//! is bounded, however the wildcards stand.

use crate::document::Kind;
use crate::key::{Key, as_text};
use crate::request::Facts;
use crate::search::Middle;
use crate::steps::took;

/// Which language a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dialect {
    pub(crate) kind: Kind,
    /// Since version 2012-10-17.
    pub(crate) variables: bool,
}

/// Which letters are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Exact,
    /// Upper and lower case of ASCII.
    Ascii,
    /// Upper and lower case of all characters.
    Ignored,
}

/// What `*` and `?` are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Special,
    Plain,
}

/// A text with wildcards and variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// What stands before the first `*`.
    first: Box<[Piece]>,
    between: Box<[Middle]>,
    /// What stands after the last `*`; `None` if there is none.
    last: Option<Box<[Piece]>>,
    case: Case,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(Box<str>),
    /// `?`
    One,
    /// `*`
    Many,
    Variable {
        key: Key,
        default: Option<Box<str>>,
    },
}

impl Pattern {
    /// # Errors
    /// A sentence about a variable that is none.
    pub(crate) fn read(text: &str, wildcards: Wildcards, case: Case, dialect: Dialect) -> Result<Pattern, String> {
        Ok(Pattern::new(&pieces(text, wildcards, dialect)?, case))
    }

    pub(crate) fn new(pieces: &[Piece], case: Case) -> Pattern {
        let mut segments = pieces.split(|piece| *piece == Piece::Many);
        let first = segments.next().unwrap_or_default().into();
        let last = segments.next_back().map(Box::from);
        let between = segments.map(|segment| Middle::new(segment, case)).collect();
        Pattern { first, between, last, case }
    }

    /// Whether it has variables, whose values [`Pattern::resolves`] asks for.
    pub(crate) fn has_variables(&self) -> bool {
        self.pieces().any(|piece| matches!(piece, Piece::Variable { .. }))
    }

    /// Whether every variable has a value.
    pub(crate) fn resolves(&self, facts: &dyn Facts) -> bool {
        self.pieces().all(|piece| match piece {
            Piece::Variable { key, default } => resolve(key, default.as_deref(), facts, |_| ()).is_some(),
            Piece::Text(_) | Piece::One | Piece::Many => true,
        })
    }

    /// Whether it asks for this condition key; see [`Key::is`].
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.pieces().any(|piece| matches!(piece, Piece::Variable { key, .. } if key.is(name)))
    }

    fn pieces(&self) -> impl Iterator<Item = &Piece> {
        let between = self.between.iter().flat_map(Middle::pieces);
        self.first.iter().chain(between).chain(self.last.iter().flatten())
    }

    /// Whether `text` is this. A variable without a value is no text at all.
    pub(crate) fn matches(&self, text: &str, facts: &dyn Facts) -> bool {
        let Some(text) = after(&self.first, text, self.case, facts) else { return false };
        let Some(last) = &self.last else { return text.is_empty() };
        let rest = self.between.iter().try_fold(text, |text, middle| middle.after_first(text, self.case, facts));
        rest.is_some_and(|rest| ends(last, rest, self.case, facts))
    }
}

/// What follows the pieces at the beginning of `text`.
pub(crate) fn after<'t>(pieces: &[Piece], text: &'t str, case: Case, facts: &dyn Facts) -> Option<&'t str> {
    pieces.iter().inspect(|_| took(1)).try_fold(text, |text, piece| match piece {
        Piece::Text(piece) => strip_prefix(text, piece, case),
        Piece::One => text.get(text.chars().next()?.len_utf8()..),
        Piece::Many => None,
        Piece::Variable { key, default } => {
            resolve(key, default.as_deref(), facts, |value| strip_prefix(text, value, case).map(str::len))
                .flatten()
                .and_then(|left| text.get(text.len() - left..))
        }
    })
}

/// Whether `text` ends with the pieces.
fn ends(pieces: &[Piece], text: &str, case: Case, facts: &dyn Facts) -> bool {
    let start = pieces.iter().rev().inspect(|_| took(1)).try_fold(text, |text, piece| match piece {
        Piece::Text(piece) => strip_suffix(text, piece, case),
        Piece::One => text.get(..text.len() - text.chars().next_back()?.len_utf8()),
        Piece::Many => None,
        Piece::Variable { key, default } => {
            resolve(key, default.as_deref(), facts, |value| strip_suffix(text, value, case).map(str::len))
                .flatten()
                .and_then(|left| text.get(..left))
        }
    });
    start.is_some()
}

fn strip_prefix<'t>(text: &'t str, piece: &str, case: Case) -> Option<&'t str> {
    took(piece.len().min(text.len()));
    match case {
        Case::Exact => text.strip_prefix(piece),
        Case::Ascii => {
            let (head, rest) = text.split_at_checked(piece.len())?;
            head.eq_ignore_ascii_case(piece).then_some(rest)
        }
        Case::Ignored => {
            let mut rest = text.chars();
            piece.chars().all(|c| rest.next().is_some_and(|other| same_letter(c, other))).then_some(rest.as_str())
        }
    }
}

fn strip_suffix<'t>(text: &'t str, piece: &str, case: Case) -> Option<&'t str> {
    took(piece.len().min(text.len()));
    match case {
        Case::Exact => text.strip_suffix(piece),
        Case::Ascii => {
            let (rest, tail) = text.split_at_checked(text.len().checked_sub(piece.len())?)?;
            tail.eq_ignore_ascii_case(piece).then_some(rest)
        }
        Case::Ignored => {
            let mut rest = text.chars();
            piece
                .chars()
                .rev()
                .all(|c| rest.next_back().is_some_and(|other| same_letter(c, other)))
                .then_some(rest.as_str())
        }
    }
}

fn same_letter(one: char, other: char) -> bool {
    one == other || one.to_lowercase().eq(other.to_lowercase())
}

/// Shows the value of a variable; its default, if the key is not there. A key that can have many values has no value
/// that could stand for it.
pub(crate) fn resolve<R>(
    key: &Key,
    default: Option<&str>,
    facts: &dyn Facts,
    show: impl FnOnce(&str) -> R,
) -> Option<R> {
    let mut show = Some(show);
    let mut shown = None;
    let values = key.values(facts, &mut |value| {
        if let Some(show) = show.take_if(|_| shown.is_none()) {
            shown = Some(as_text(value, show));
        }
    });
    if values.none() {
        return default.and_then(|default| show.map(|show| show(default)));
    }
    shown.filter(|_| values.one())
}

/// Cuts a text into its pieces.
///
/// # Errors
/// A sentence about a variable that is none.
pub(crate) fn pieces(text: &str, wildcards: Wildcards, dialect: Dialect) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (piece, length) = match c {
            '*' if wildcards == Wildcards::Special => (Some(Piece::Many), 1),
            '?' if wildcards == Wildcards::Special => (Some(Piece::One), 1),
            '$' if dialect.variables && rest.starts_with("${") => {
                let (inside, length) = inside(rest).ok_or_else(|| no_variable(text))?;
                match inside {
                    "*" | "?" | "$" => {
                        plain.push_str(inside);
                        (None, length)
                    }
                    _ => (Some(variable(inside, dialect.kind).ok_or_else(|| no_variable(text))?), length),
                }
            }
            c => {
                plain.push(c);
                (None, c.len_utf8())
            }
        };
        if let Some(piece) = piece {
            push_text(&mut pieces, &mut plain);
            pieces.push(piece);
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    push_text(&mut pieces, &mut plain);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, plain: &mut String) {
    if !plain.is_empty() {
        pieces.push(Piece::Text(std::mem::take(plain).into()));
    }
}

/// What stands in the braces that `text` begins with, and how long all of it is.
fn inside(text: &str) -> Option<(&str, usize)> {
    let end = text.find('}')?;
    Some((text.get("${".len()..end)?, end + 1))
}

/// `key`, or `key, 'default'`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
fn variable(inside: &str, kind: Kind) -> Option<Piece> {
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().strip_prefix('\'')?.strip_suffix('\'')?)),
        None => (inside, None),
    };
    let key = key.trim();
    let strange = |text: &str| text.contains(['{', '\'', '$', '"']);
    if key.is_empty() || strange(key) || default.is_some_and(strange) {
        return None;
    }
    Some(Piece::Variable { key: Key::new(key, kind), default: default.map(Box::from) })
}

fn no_variable(text: &str) -> String {
    format!("a variable is written ${{key}} or ${{key, 'default'}}: look at {text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circumstances::Circumstances;
    use crate::request::Value;

    const NEW: Dialect = Dialect { kind: Kind::Identity, variables: true };
    const OLD: Dialect = Dialect { kind: Kind::Identity, variables: false };

    fn facts() -> Circumstances {
        Circumstances::default()
            .with("aws:username", "ann")
            .with("aws:wild", "*")
            .with("aws:one", "?")
            .with("aws:empty", "")
            .with("aws:umlaut", "Ä")
            .with("aws:principaltag/cost centre", "7 a")
            .with_value("aws:number", Value::Number(7))
            .with_many("aws:many", &["ann"])
            .with_many("aws:nothing", &[])
    }

    fn matches(pattern: &str, text: &str, case: Case, dialect: Dialect) -> bool {
        Pattern::read(pattern, Wildcards::Special, case, dialect).expect(pattern).matches(text, &facts())
    }

    #[test]
    fn wildcards_stand_for_what_they_may() {
        for (pattern, inside, outside) in [
            ("", vec![""], vec!["a"]),
            ("a", vec!["a"], vec!["", "A", "aa", "ab"]),
            ("*", vec!["", "a", "a:b/c", "ä\n"], vec![]),
            ("**", vec!["", "a"], vec![]),
            ("?", vec!["a", "ä", "*", "𝄞"], vec!["", "ab"]),
            ("??", vec!["ab", "äö"], vec!["a", "ä", "abc"]),
            ("a*", vec!["a", "ab", "a*"], vec!["", "ba"]),
            ("*a", vec!["a", "ba", "aa", "aba"], vec!["", "ab"]),
            ("a*a", vec!["aa", "aba", "aaa"], vec!["a", "ab", "aab"]),
            ("a*b*c", vec!["abc", "aXbYc", "abbcc", "acbc"], vec!["ab", "acb", "abcd", "ac"]),
            ("*ab*ab*", vec!["abab", "xabyabz"], vec!["ab", "aba", "xaby"]),
            ("*aab", vec!["aab", "aaab", "aabaab"], vec!["ab", "aaba"]),
            ("*a?c*", vec!["abc", "aabc", "xabcx", "aaac"], vec!["ac", "abbc"]),
            ("*?b", vec!["ab", "aab", "bb"], vec!["b", "ba"]),
            ("a?*", vec!["ab", "abc"], vec!["a"]),
            ("*??*", vec!["ab", "abc"], vec!["", "a"]),
            ("a*?", vec!["ab", "abc", "aä"], vec!["a"]),
            ("*?a?*", vec!["bab", "xbabx", "aaa"], vec!["ab", "ba", "a"]),
            ("[a-z]", vec!["[a-z]"], vec!["b"]),
            ("\\*", vec!["\\", "\\x"], vec!["*"]),
        ] {
            for text in inside {
                assert!(matches(pattern, text, Case::Exact, NEW), "{pattern} is {text}");
            }
            for text in outside {
                assert!(!matches(pattern, text, Case::Exact, NEW), "{pattern} is not {text}");
            }
        }
    }

    #[test]
    fn case_matters_where_it_should() {
        for (pattern, text, exact, ascii, ignored) in [
            ("kms:*", "kms:Encrypt", true, true, true),
            ("KMS:enc*", "kms:Encrypt", false, true, true),
            ("*CRYPT", "kms:Encrypt", false, true, true),
            ("*:ENC*", "kms:Encrypt", false, true, true),
            ("*ÄB", "xäb", false, false, true),
            ("ÄB", "äb", false, false, true),
            ("Ä*", "äb", false, false, true),
            ("a", "ä", false, false, false),
            ("ab", "a", false, false, false),
            ("*ab", "b", false, false, false),
            ("ä", "a", false, false, false),
        ] {
            for (case, is) in [(Case::Exact, exact), (Case::Ascii, ascii), (Case::Ignored, ignored)] {
                assert_eq!(matches(pattern, text, case, NEW), is, "{pattern} and {text} with {case:?}");
            }
        }
    }

    #[test]
    fn variables_stand_for_their_value_and_never_for_a_wildcard() {
        for (pattern, inside, outside) in [
            ("${aws:username}", vec!["ann"], vec!["Ann", "", "${aws:username}", "annn"]),
            ("${AWS:UserName}", vec!["ann"], vec![]),
            ("${ aws:username }", vec!["ann"], vec![]),
            ("a/${aws:username}/*", vec!["a/ann/", "a/ann/b"], vec!["a/bob/b", "a/ann"]),
            ("*${aws:username}", vec!["ann", "annann", "x/ann"], vec!["anna"]),
            ("*${aws:username}*", vec!["ann", "xannx", "aann"], vec!["an"]),
            ("*/${aws:username}?", vec!["/anna"], vec!["/ann", "/annab"]),
            ("${aws:wild}", vec!["*"], vec!["", "a", "**"]),
            ("*${aws:wild}*", vec!["*", "a*b"], vec!["", "a"]),
            ("*${aws:wild}", vec!["*", "a*"], vec!["a"]),
            ("${aws:one}", vec!["?"], vec!["a"]),
            ("a${aws:empty}b", vec!["ab"], vec!["a", "aXb"]),
            ("*${aws:empty}*", vec!["", "x"], vec![]),
            ("${aws:number}", vec!["7"], vec!["07"]),
            ("${aws:PrincipalTag/cost centre}", vec!["7 a"], vec!["7"]),
            ("${aws:PrincipalTag/team, 'all'}", vec!["all"], vec!["'all'", ""]),
            ("${aws:PrincipalTag/team,'*'}", vec!["*"], vec!["a"]),
            ("*${aws:PrincipalTag/team,''}*", vec!["", "a"], vec![]),
            ("${aws:username,'bob'}", vec!["ann"], vec!["bob"]),
            ("${aws:nothing,'none'}", vec!["none"], vec!["ann"]),
            ("${aws:many,'none'}", vec![], vec!["none", "ann"]),
            ("${aws:many}", vec![], vec!["ann", "", "${aws:many}"]),
            ("${aws:absent}", vec![], vec!["", "${aws:absent}", "ann"]),
            ("*${aws:absent}*", vec![], vec!["", "${aws:absent}", "ann"]),
            ("*${aws:absent}", vec![], vec!["", "ann"]),
            ("${*}${?}${$}", vec!["*?$"], vec!["a?$", "*b$"]),
            ("$", vec!["$"], vec![""]),
            ("$a}{$", vec!["$a}{$"], vec![]),
            ("a$*", vec!["a$", "a$b"], vec!["a"]),
        ] {
            for text in inside {
                assert!(matches(pattern, text, Case::Exact, NEW), "{pattern} is {text}");
            }
            for text in outside {
                assert!(!matches(pattern, text, Case::Exact, NEW), "{pattern} is not {text}");
            }
        }
        assert!(matches("${aws:umlaut}", "ä", Case::Ignored, NEW), "a variable's case is ignored too");
        assert!(matches("*${aws:username}", "xANN", Case::Ascii, NEW), "a variable's case is ignored too");
    }

    #[test]
    fn old_documents_have_no_variables() {
        for (pattern, text, is) in [
            ("${aws:username}", "${aws:username}", true),
            ("${aws:username}", "ann", false),
            ("${*}", "${anything}", true),
            ("${*}", "*", false),
            ("${", "${", true),
            ("${}", "${}", true),
        ] {
            assert_eq!(matches(pattern, text, Case::Exact, OLD), is, "{pattern} and {text}");
        }
        assert!(!Pattern::read("${a:b}", Wildcards::Special, Case::Exact, OLD).expect("text").has_variables());
    }

    #[test]
    fn where_wildcards_are_plain_they_are_letters() {
        for (pattern, text, is) in [
            ("a*", "a*", true),
            ("a*", "ab", false),
            ("?", "a", false),
            ("?", "?", true),
            ("${*}", "*", true),
            ("${aws:username}*", "ann*", true),
        ] {
            let pattern = Pattern::read(pattern, Wildcards::Plain, Case::Exact, NEW).expect(pattern);
            assert_eq!(pattern.matches(text, &facts()), is, "{pattern:?} and {text}");
        }
    }

    #[test]
    fn what_has_no_value_is_known() {
        for (pattern, has, resolves) in [
            ("a*?", false, true),
            ("${*}", false, true),
            ("${aws:username}", true, true),
            ("${aws:username}*${aws:absent}", true, false),
            ("${aws:absent,'x'}", true, true),
            ("${aws:many}", true, false),
            ("${aws:many,'x'}", true, false),
            ("${aws:nothing}", true, false),
            ("${aws:nothing,'x'}", true, true),
        ] {
            let read = Pattern::read(pattern, Wildcards::Special, Case::Exact, NEW).expect(pattern);
            assert_eq!((read.has_variables(), read.resolves(&facts())), (has, resolves), "{pattern}");
        }
        let asks = Pattern::read("a${aws:PrincipalTag/x}", Wildcards::Special, Case::Exact, NEW).expect("text");
        assert!(asks.asks("aws:principaltag/") && asks.asks("aws:principaltag/x") && !asks.asks("aws:username"));
    }

    #[test]
    fn variables_that_are_none_are_refused() {
        for text in [
            "${",
            "a${aws:username",
            "${}",
            "${ }",
            "${,'a'}",
            "${a:b,}",
            "${a:b,c}",
            "${a:b,'c}",
            "${a:b,c'}",
            "${a:b,'}",
            "${a'b}",
            "${${a:b}}",
            "${a\"b}",
            "${a:b,'c$d'}",
            "${a:b,'c'd'}",
            "${a:b,'c','d'}",
        ] {
            let told = Pattern::read(text, Wildcards::Special, Case::Exact, NEW).expect_err(text);
            assert!(told.contains(text) && told.contains("variable"), "{told}");
        }
    }

    /// Linear or not is seen by the size that it can bear: with backtracking, these would not end in a lifetime.
    #[test]
    fn wildcards_by_the_thousand_are_decided() {
        let many_a = "a".repeat(4096);
        for (pattern, is) in [
            ("*a".repeat(16_384), false),
            ("*a".repeat(4_096), true),
            ("*a".repeat(2_048) + "b", false),
            ("*a".repeat(2_048) + "*b", false),
            ("*".repeat(32_768), true),
            ("?*".repeat(4_096), true),
            ("?*".repeat(4_097), false),
            ("*a?".repeat(1_365), true),
            ("*".to_owned() + &"?a".repeat(2_000) + "b*", false),
        ] {
            assert_eq!(matches(&pattern, &many_a, Case::Exact, NEW), is, "{} characters", pattern.len());
        }
    }
}
