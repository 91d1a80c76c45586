//! A policy document: reading it, and what it says about a request. Its grammar is in [`grammar`], what
//! follows from several documents in [`decide`](crate::decide()).

use std::collections::BTreeMap;
use std::fmt;

use crate::decide::Effect;
use crate::grammar;
use crate::json::Json;
use crate::principal::{Level, Listed};
use crate::request::Request;
use crate::statement::Statement;

/// What a document is attached to, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A key policy. Its statements name principals; one without an action or a resource has no effect. It never sees
    /// the tags and aliases of the key.
    Key,
    /// A role's trust policy. Its statements name principals and no resource.
    Trust,
    /// A policy attached to a principal. Its statements name no principal.
    Identity,
    /// The policy that a session is limited by; it is written as [`Kind::Identity`] is.
    Session,
}

/// Why a text is no policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// It is not written in the language of policies; AWS answers MalformedPolicyDocumentException with this sentence.
    Malformed(String),
    /// It names a principal by something that begins like an ARN and is none; AWS answers InvalidArnException.
    InvalidArn(String),
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentError::Malformed(why) | DocumentError::InvalidArn(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for DocumentError {}

/// A policy document, ready to be asked.
#[derive(Clone)]
pub struct Document {
    statements: Box<[Statement]>,
}

impl Document {
    /// Reads a document and compiles it: JSON (RFC 8259) in the grammar of policies, and nothing beside it.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
    ///
    /// Its length, and whether the principals that it names exist, are the caller's to check.
    ///
    /// # Errors
    /// [`DocumentError`] says what is wrong.
    pub fn compile(text: &str, kind: Kind) -> Result<Document, DocumentError> {
        let json = Json::read(text).map_err(DocumentError::Malformed)?;
        Ok(Document { statements: grammar::statements(&json, kind)?.into() })
    }

    /// Every principal of the kind `AWS` as it is written (ARNs, accounts of 12 digits, unique ids), but `*`. One that
    /// stands twice comes twice.
    pub fn principals(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().flat_map(Statement::principals).filter_map(Listed::name)
    }

    /// The same document, in which a name of `ids` means the principal with this unique id and no other: who gets the
    /// name later is somebody else. A session's ARN goes with the id of its role.
    #[must_use]
    pub fn pinned(mut self, ids: &BTreeMap<String, String>) -> Document {
        self.statements.iter_mut().for_each(|statement| statement.pin(ids));
        self
    }

    /// Whether a condition or a variable asks for this condition key, which is lower case; for one of a family, if it
    /// ends before the member's own name (`aws:resourcetag/`, `kms:encryptioncontext:`).
    pub fn asks(&self, key: &str) -> bool {
        self.statements.iter().any(|statement| statement.asks(key))
    }

    pub(crate) fn sid(&self, statement: usize) -> Option<&str> {
        self.statements.get(statement)?.sid.as_deref()
    }

    /// What the document says: of the statements that apply, the first Deny as an error, or the first Allow among those
    /// that reach furthest.
    pub(crate) fn verdict(&self, request: &Request<'_>) -> Result<Option<(Level, usize)>, usize> {
        let mut allowed = None;
        for (place, statement) in self.statements.iter().enumerate() {
            match (statement.effect, statement.applies(request)) {
                (Effect::Deny, Some(_)) => return Err(place),
                (Effect::Allow, Some(level)) if allowed.is_none_or(|(best, _)| level > best) => {
                    allowed = Some((level, place));
                }
                (Effect::Allow, Some(_)) | (Effect::Allow | Effect::Deny, None) => {}
            }
        }
        Ok(allowed)
    }
}
