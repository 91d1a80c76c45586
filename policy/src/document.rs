//! Policy documents as text: the one a key gets when its creator gives none, and what a given one must at least be.
//! It does not read statements; see [`check_syntax`] for what that leaves out.

use std::fmt;

use serde_json::Value;

/// Why a text is no policy document. AWS answers MalformedPolicyDocumentException for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// It is not one JSON value. Line and column, from 1, are where reading stopped.
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1 (0 at the end of a line).
        column: usize,
    },
    /// It is JSON, but no object.
    NotAnObject,
    /// The object has no `Statement`.
    NoStatement,
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DocumentError::NotJson { line, column } => {
                write!(f, "the policy is not valid JSON: look at line {line}, column {column}")
            }
            DocumentError::NotAnObject => f.write_str("the policy must be a JSON object: { \"Statement\": [ ... ] }"),
            DocumentError::NoStatement => f.write_str("the policy has no Statement"),
        }
    }
}

impl std::error::Error for DocumentError {}

/// Checks that `text` is well-formed JSON (RFC 8259), nested at most 127 deep, and an object with a `Statement`.
///
/// It does **not** check yet: Version and Id, the members of a statement, names said twice, principals, actions,
/// resources, conditions, whether ARNs are well formed, or whether the document locks its owner out. The length is the
/// caller's to check.
///
/// # Errors
/// [`DocumentError`] says which of these failed, and where.
pub fn check_syntax(text: &str) -> Result<(), DocumentError> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| DocumentError::NotJson { line: error.line(), column: error.column() })?;
    let document = value.as_object().ok_or(DocumentError::NotAnObject)?;
    if document.contains_key("Statement") { Ok(()) } else { Err(DocumentError::NoStatement) }
}

/// The document AWS attaches to a key whose creator gave none, in AWS's own layout: it hands the key to the account,
/// whose policies then decide. `partition` is the `aws` of the ARN, `account` 12 digits.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
pub fn default_key_policy(partition: &str, account: &str) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_the_recorded_one_to_the_byte() {
        let recorded = "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \
                        \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \
                        \"AWS\" : \"arn:aws:iam::111122223333:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \
                        \"Resource\" : \"*\"\n  } ]\n}";
        assert_eq!(default_key_policy("aws", "111122223333"), recorded);
    }

    #[test]
    fn the_default_policy_names_the_partition_and_passes_its_own_check() {
        let policy = default_key_policy("aws-cn", "000000000000");
        assert!(policy.contains("\"arn:aws-cn:iam::000000000000:root\""), "{policy}");
        assert_eq!(check_syntax(&policy), Ok(()));
    }

    #[test]
    fn only_an_object_with_a_statement_is_a_document() {
        let too_deep = "[".repeat(200) + &"]".repeat(200);
        let deep_document = format!("{{\"Statement\":{too_deep}}}");
        let cases: &[(&str, Result<(), DocumentError>)] = &[
            (r#"{"Statement":[]}"#, Ok(())),
            (" \n{\"Version\":\"2012-10-17\",\"Statement\":{}}\t", Ok(())),
            ("", Err(DocumentError::NotJson { line: 1, column: 0 })),
            ("not json", Err(DocumentError::NotJson { line: 1, column: 2 })),
            ("{\"Statement\":[]", Err(DocumentError::NotJson { line: 1, column: 15 })),
            ("{\n\"Statement\":[],}", Err(DocumentError::NotJson { line: 2, column: 16 })),
            ("{\"Statement\":[]} x", Err(DocumentError::NotJson { line: 1, column: 18 })),
            ("{'Statement':[]}", Err(DocumentError::NotJson { line: 1, column: 2 })),
            ("{\"Statement\":NaN}", Err(DocumentError::NotJson { line: 1, column: 14 })),
            (&deep_document, Err(DocumentError::NotJson { line: 1, column: 140 })),
            ("null", Err(DocumentError::NotAnObject)),
            ("\"Statement\"", Err(DocumentError::NotAnObject)),
            (r#"[{"Statement":[]}]"#, Err(DocumentError::NotAnObject)),
            ("{}", Err(DocumentError::NoStatement)),
            (r#"{"statement":[]}"#, Err(DocumentError::NoStatement)),
            (r#"{"Version":"2012-10-17","Id":"Statement"}"#, Err(DocumentError::NoStatement)),
        ];
        for (text, expected) in cases {
            assert_eq!(&check_syntax(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_document_is_told_with_its_place() {
        let error = check_syntax("{\n\"Statement\":[],}").expect_err("a trailing comma");
        assert_eq!(error.to_string(), "the policy is not valid JSON: look at line 2, column 16");
    }
}
