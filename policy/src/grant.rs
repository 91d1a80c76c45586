//! Whether a grant speaks for a request: its grantee, its operations, its constraint. Whether that is enough is for
//! [`decide`](crate::decide()).

use std::collections::BTreeMap;

use crate::principal::{Form, Level};
use crate::request::{Arity, Request, Value};
use crate::voice::{Constraint, Grant};

impl Grant<'_> {
    /// Whether the grant is for this principal (or for its account), this operation and this encryption context. For a
    /// grantee that is an account, [`decide`](crate::decide()) asks the account's own policies too.
    pub fn speaks_for(&self, request: &Request<'_>) -> bool {
        self.reach(request).is_some()
    }

    /// How the grant reaches the caller; `None` if it does not speak for the request.
    pub(crate) fn reach(&self, request: &Request<'_>) -> Option<Level> {
        let operation = request.action.strip_prefix(SERVICE)?;
        if !self.operations.iter().any(|listed| listed == operation) {
            return None;
        }
        if !self.constraint_holds(operation, request) || !self.source_holds(operation, request) {
            return None;
        }
        let form = Form::read(self.grantee).ok()?;
        if !GRANTEES.contains(&form) {
            return None;
        }
        form.level(self.grantee, self.grantee_id, &request.principal)
    }

    fn constraint_holds(&self, operation: &str, request: &Request<'_>) -> bool {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        let given = request.context.unwrap_or(&NONE);
        WITHOUT_CONTEXT.contains(&operation)
            || match self.constraint {
                None => true,
                Some(Constraint::Equals(pairs)) => given == pairs,
                Some(Constraint::Subset(pairs)) => pairs.iter().all(|(name, value)| given.get(name) == Some(value)),
            }
    }

    /// A service that asks on behalf of a resource has it in the facts.
    fn source_holds(&self, operation: &str, request: &Request<'_>) -> bool {
        let Some(source) = self.source_arn else { return true };
        let mut same = false;
        let arity = request.facts.values("aws:sourcearn", &mut |value| same |= value == Value::Text(source));
        operation == "RetireGrant" || (arity == Arity::One && same)
    }
}

/// Who can have a grant. Everybody cannot.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>
const GRANTEES: [Form; 5] = [Form::Digits, Form::Root, Form::Lasting, Form::Session, Form::Id];

/// Grants are for keys.
const SERVICE: &str = "kms:";

/// Operations that constraints do not concern: two have no encryption context, and what a grant's child may be is
/// compared where it is made.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
const WITHOUT_CONTEXT: [&str; 3] = ["DescribeKey", "RetireGrant", "CreateGrant"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circumstances::Circumstances;
    use crate::request::{Principal, Resource, Who};

    const APP: Who<'_> = Who::Session {
        role_arn: "arn:aws:iam::111122223333:role/app",
        role_id: "AROAAPP",
        arn: "arn:aws:sts::111122223333:assumed-role/app/one",
    };
    const ANN: Who<'_> = Who::User { arn: "arn:aws:iam::111122223333:user/ann", id: "AIDAANN" };

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn reach(
        grant: &Grant<'_>,
        who: Who<'_>,
        action: &str,
        context: Option<&BTreeMap<String, String>>,
    ) -> Option<Level> {
        let principal = Principal { account: "111122223333", partition: "aws", who };
        let resource = Some(Resource { account: "111122223333", arn: "arn:aws:kms:us-east-1:111122223333:key/k" });
        let facts = Circumstances::default();
        let request = Request { principal, action, resource, across_accounts: true, context, facts: &facts };
        assert_eq!(grant.speaks_for(&request), grant.reach(&request).is_some());
        grant.reach(&request)
    }

    const GRANT: Grant<'_> =
        Grant { id: "g", grantee: "", grantee_id: None, operations: &[], constraint: None, source_arn: None };

    #[test]
    fn a_grant_speaks_for_its_grantee() {
        let operations = ["Encrypt".to_owned()];
        for (grantee, grantee_id, user, session) in [
            ("arn:aws:iam::111122223333:user/ann", None, Some(Level::Itself), None),
            ("arn:aws:iam::111122223333:user/ann", Some("AIDAANN"), Some(Level::Itself), None),
            ("arn:aws:iam::111122223333:user/ann", Some("AIDAOLD"), None, None),
            ("arn:aws:iam::111122223333:user/bob", None, None, None),
            ("arn:aws:iam::111122223333:role/app", None, None, Some(Level::Itself)),
            ("arn:aws:iam::111122223333:role/app", Some("AROAOLD"), None, None),
            ("arn:aws:sts::111122223333:assumed-role/app/one", None, None, Some(Level::Session)),
            ("arn:aws:sts::111122223333:assumed-role/app/one", Some("AROAAPP"), None, Some(Level::Session)),
            ("arn:aws:sts::111122223333:assumed-role/app/one", Some("AROAOLD"), None, None),
            ("arn:aws:sts::111122223333:assumed-role/app/two", None, None, None),
            ("arn:aws:iam::111122223333:root", None, Some(Level::Account), Some(Level::Account)),
            ("111122223333", None, Some(Level::Account), Some(Level::Account)),
            ("444455556666", None, None, None),
            ("*", None, None, None),
            ("", None, None, None),
            ("arn:aws:iam::111122223333:user/*", None, None, None),
        ] {
            let grant = Grant { grantee, grantee_id, operations: &operations, ..GRANT };
            assert_eq!(reach(&grant, ANN, "kms:Encrypt", None), user, "{grantee} {grantee_id:?}");
            assert_eq!(reach(&grant, APP, "kms:Encrypt", None), session, "{grantee} {grantee_id:?}");
        }
    }

    #[test]
    fn a_grant_is_for_its_operations() {
        let operations = ["Encrypt".to_owned(), "ReEncryptFrom".to_owned()];
        let grant = Grant { grantee: "arn:aws:iam::111122223333:user/ann", operations: &operations, ..GRANT };
        for (action, speaks) in [
            ("kms:Encrypt", true),
            ("kms:ReEncryptFrom", true),
            ("kms:ReEncryptTo", false),
            ("kms:Decrypt", false),
            ("kms:encrypt", false),
            ("Encrypt", false),
            ("s3:Encrypt", false),
            ("kms:", false),
        ] {
            assert_eq!(reach(&grant, ANN, action, None).is_some(), speaks, "{action}");
        }
    }

    #[test]
    fn a_constraint_is_for_encryption_contexts_to_the_letter() {
        let operations = ["Decrypt", "DescribeKey", "RetireGrant", "CreateGrant"].map(str::to_owned);
        let (ab, a, none) = (pairs(&[("a", "1"), ("b", "2")]), pairs(&[("a", "1")]), pairs(&[]));
        for (given, equals, subset) in [
            (Some(ab.clone()), false, true),
            (Some(a.clone()), true, true),
            (Some(pairs(&[("A", "1")])), false, false),
            (Some(pairs(&[("a", "2")])), false, false),
            (Some(pairs(&[("b", "1")])), false, false),
            (Some(none.clone()), false, false),
            (None, false, false),
        ] {
            for (constraint, is) in [(Constraint::Equals(&a), equals), (Constraint::Subset(&a), subset)] {
                let grantee = "arn:aws:iam::111122223333:user/ann";
                let grant = Grant { grantee, operations: &operations, constraint: Some(constraint), ..GRANT };
                let speaks = |action| reach(&grant, ANN, action, given.as_ref()).is_some();
                assert_eq!(speaks("kms:Decrypt"), is, "{constraint:?} of {given:?}");
                for action in ["kms:DescribeKey", "kms:RetireGrant", "kms:CreateGrant"] {
                    assert!(speaks(action), "{action} has no context: {constraint:?} of {given:?}");
                }
            }
        }
        let grant = Grant {
            grantee: "arn:aws:iam::111122223333:user/ann",
            operations: &operations,
            constraint: Some(Constraint::Equals(&none)),
            ..GRANT
        };
        assert!(reach(&grant, ANN, "kms:Decrypt", None).is_some(), "no context is an empty one");
    }

    #[test]
    fn a_grant_for_a_resource_is_for_services_that_ask_for_it() {
        let operations = ["Decrypt".to_owned(), "RetireGrant".to_owned(), "DescribeKey".to_owned()];
        let source = "arn:aws:sns:us-east-1:111122223333:topic";
        let grant = Grant {
            grantee: "arn:aws:iam::111122223333:user/ann",
            operations: &operations,
            source_arn: Some(source),
            ..GRANT
        };
        let principal = Principal { account: "111122223333", partition: "aws", who: ANN };
        for (facts, decrypts) in [
            (Circumstances::default(), false),
            (Circumstances::default().with("aws:sourcearn", source), true),
            (Circumstances::default().with("aws:sourcearn", "arn:aws:sns:us-east-1:111122223333:other"), false),
            (
                Circumstances::default().with_many("aws:sourcearn", &["x", "arn:aws:sns:us-east-1:111122223333:topic"]),
                false,
            ),
        ] {
            for (action, speaks) in
                [("kms:Decrypt", decrypts), ("kms:DescribeKey", decrypts), ("kms:RetireGrant", true)]
            {
                let request =
                    Request { principal, action, resource: None, across_accounts: true, context: None, facts: &facts };
                assert_eq!(grant.speaks_for(&request), speaks, "{action}");
            }
        }
    }
}
