//! Does a text match a pattern with `*` and `?`? By trying everything, with a memory of what was tried.

/// One character of a pattern. What came out of a variable is never a wildcard:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands in the document.
    Written(char),
    /// From a variable, `${*}`, `${?}` and `${$}` among them.
    Substituted(char),
}

impl Piece {
    pub fn char(self) -> char {
        match self {
            Piece::Written(char) | Piece::Substituted(char) => char,
        }
    }
}

/// A pattern without variables.
pub fn written(pattern: &str) -> Vec<Piece> {
    pattern.chars().map(Piece::Written).collect()
}

/// The pattern as a text in which nothing is a wildcard.
pub fn literal(pattern: &[Piece]) -> String {
    pattern.iter().map(|piece| piece.char()).collect()
}

/// `*` is any number of characters, `?` exactly one.
pub fn matches(pattern: &[Piece], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut tried = vec![vec![None; text.len() + 1]; pattern.len() + 1];
    rest_matches(pattern, &text, &mut tried)
}

/// `tried` has what is known, by the lengths of the rests of pattern and text.
fn rest_matches(pattern: &[Piece], text: &[char], tried: &mut [Vec<Option<bool>>]) -> bool {
    if let Some(known) = tried[pattern.len()][text.len()] {
        return known;
    }
    let found = match pattern.first() {
        None => text.is_empty(),
        Some(Piece::Written('*')) => {
            rest_matches(&pattern[1..], text, tried) || (!text.is_empty() && rest_matches(pattern, &text[1..], tried))
        }
        Some(Piece::Written('?')) => !text.is_empty() && rest_matches(&pattern[1..], &text[1..], tried),
        Some(piece) => text.first() == Some(&piece.char()) && rest_matches(&pattern[1..], &text[1..], tried),
    };
    tried[pattern.len()][text.len()] = Some(found);
    found
}
