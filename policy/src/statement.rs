//! Whether a statement applies to a request: whom, what and on what it speaks of, and when. What follows is not asked
//! here.

use std::collections::BTreeMap;

use crate::condition::Condition;
use crate::decide::Effect;
use crate::principal::{Level, Listed};
use crate::request::{Facts, Request};
use crate::text::Pattern;

/// A compiled statement.
#[derive(Clone)]
pub(crate) struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    pub(crate) principals: Principals,
    pub(crate) actions: Scope,
    pub(crate) resources: Scope,
    pub(crate) conditions: Vec<Condition>,
}

/// Whom a statement speaks of.
#[derive(Clone)]
pub(crate) enum Principals {
    /// Those to whom the document is attached.
    Holder,
    /// `Principal`
    These(Vec<Listed>),
    /// `NotPrincipal`, which only a Deny has.
    AllBut(Vec<Listed>),
}

/// Of which actions, or of which resources.
#[derive(Clone)]
pub(crate) enum Scope {
    /// The element is missing, and may be: the statement has no effect.
    Nothing,
    /// The element is missing, and has to be.
    Everything,
    /// `Action`, `Resource`
    These(Vec<Pattern>),
    /// `NotAction`, `NotResource`
    AllBut(Vec<Pattern>),
}

impl Statement {
    /// How the statement reaches the caller; `None` if it does not apply.
    pub(crate) fn applies(&self, request: &Request<'_>) -> Option<Level> {
        let level = self.principals.level(request)?;
        // An action without a resource of its own is on everything.
        let resource = request.resource.map_or("*", |resource| resource.arn);
        let applies = self.actions.holds(self.effect, request.action, request.facts)
            && self.resources.holds(self.effect, resource, request.facts)
            && self.conditions.iter().all(|condition| condition.holds(self.effect, request.facts));
        applies.then_some(level)
    }

    /// See [`Document::asks`](crate::Document::asks).
    pub(crate) fn asks(&self, name: &str) -> bool {
        let scopes = [&self.actions, &self.resources];
        scopes.into_iter().flat_map(|scope| scope.patterns()).any(|pattern| pattern.asks(name))
            || self.conditions.iter().any(|condition| condition.asks(name))
    }

    pub(crate) fn principals(&self) -> impl Iterator<Item = &Listed> {
        match &self.principals {
            Principals::Holder => [].iter(),
            Principals::These(listed) | Principals::AllBut(listed) => listed.iter(),
        }
    }

    pub(crate) fn pin(&mut self, ids: &BTreeMap<String, String>) {
        match &mut self.principals {
            Principals::Holder => {}
            Principals::These(listed) | Principals::AllBut(listed) => listed.iter_mut().for_each(|one| one.pin(ids)),
        }
    }
}

impl Principals {
    fn level(&self, request: &Request<'_>) -> Option<Level> {
        let caller = &request.principal;
        match self {
            Principals::Holder => Some(Level::Itself),
            Principals::These(listed) => listed.iter().filter_map(|one| one.level(caller)).max(),
            Principals::AllBut(listed) => (!Listed::exempt(listed, caller)).then_some(Level::Itself),
        }
    }
}

impl Scope {
    /// Whether `text` is within. A variable without a value is held against the caller, as in
    /// [`Condition::holds`].
    fn holds(&self, effect: Effect, text: &str, facts: &dyn Facts) -> bool {
        let within = match self {
            Scope::Nothing => false,
            Scope::Everything => true,
            Scope::These(patterns) => patterns.iter().any(|pattern| pattern.matches(text, facts)),
            Scope::AllBut(patterns) => !patterns.iter().any(|pattern| pattern.matches(text, facts)),
        };
        within && (effect == Effect::Deny || self.patterns().iter().all(|pattern| pattern.resolves(facts)))
    }

    fn patterns(&self) -> &[Pattern] {
        match self {
            Scope::Nothing | Scope::Everything => &[],
            Scope::These(patterns) | Scope::AllBut(patterns) => patterns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circumstances::Circumstances;
    use crate::document::{Document, Kind};
    use crate::request::{Principal, Resource, Who};

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k1";

    /// Whether a document of one statement with these members applies to `kms:Encrypt` on `resource`.
    fn applies(kind: Kind, effect: &str, members: &str, resource: Option<&str>) -> bool {
        let text = format!(r#"{{"Version":"2012-10-17","Statement":{{"Effect":"{effect}",{members}}}}}"#);
        let document = Document::compile(&text, kind).expect(&text);
        let request = Request {
            principal: Principal {
                account: "111122223333",
                partition: "aws",
                who: Who::User { arn: "arn:aws:iam::111122223333:user/ann", id: "AIDAANN" },
            },
            action: "kms:Encrypt",
            resource: resource.map(|arn| Resource { account: "111122223333", arn }),
            across_accounts: false,
            context: None,
            facts: &Circumstances::default().with("aws:username", "k1"),
        };
        match (effect, document.verdict(&request)) {
            ("Deny", Err(place)) => place == 0,
            ("Allow", Ok(allowed)) => allowed.is_some(),
            (_, other) => {
                assert_eq!(other, Ok(None), "an Allow never denies, a Deny never allows");
                false
            }
        }
    }

    #[test]
    fn a_statement_applies_to_its_actions_and_resources() {
        for (members, on_key, on_nothing) in [
            (r#""Action":"kms:Encrypt","Resource":"*""#, true, true),
            (r#""Action":["kms:Decrypt","KMS:ENC*"],"Resource":"*""#, true, true),
            (r#""Action":"*","Resource":"*""#, true, true),
            (r#""Action":"kms:Decrypt","Resource":"*""#, false, false),
            (r#""Action":"s3:*","Resource":"*""#, false, false),
            (r#""NotAction":"kms:Decrypt","Resource":"*""#, true, true),
            (r#""NotAction":["kms:Decrypt","kms:encrypt"],"Resource":"*""#, false, false),
            (r#""Action":"kms:*","Resource":"arn:aws:kms:*:key/k1""#, true, false),
            (r#""Action":"kms:*","Resource":"arn:aws:kms:*:key/K1""#, false, false),
            (r#""Action":"kms:*","Resource":["arn:aws:s3:::a","arn:*"]"#, true, false),
            (r#""Action":"kms:*","Resource":"arn:aws:kms:*:*:key/${aws:username}""#, true, false),
            (r#""Action":"kms:*","NotResource":"arn:aws:kms:*:*:key/k1""#, false, true),
            (r#""Action":"kms:*","NotResource":["arn:aws:kms:*:*:key/k2","arn:aws:s3:::a"]"#, true, true),
            (r#""Action":"kms:*","Resource":"*","Condition":{"Null":{"aws:username":"true"}}"#, false, false),
            (
                r#""Action":"kms:*","Resource":"*","Condition":{"Null":{"aws:username":"false","aws:userid":"true"}}"#,
                true,
                true,
            ),
            (
                r#""Action":"kms:*","Resource":"*","Condition":{"Null":{"aws:username":"false"},"Bool":{"a:b":true}}"#,
                false,
                false,
            ),
        ] {
            for effect in ["Allow", "Deny"] {
                for kind in [Kind::Identity, Kind::Session] {
                    assert_eq!(applies(kind, effect, members, Some(KEY)), on_key, "{effect} {members}");
                    assert_eq!(applies(kind, effect, members, None), on_nothing, "{effect} {members} on nothing");
                }
            }
        }
    }

    #[test]
    fn a_resource_without_a_value_is_held_against_the_caller() {
        for (members, allow, deny) in [
            (r#""Action":"*","Resource":"arn:aws:kms:*:key/${aws:nobody}""#, false, false),
            (r#""Action":"*","Resource":["*","arn:aws:kms:*:key/${aws:nobody}"]"#, false, true),
            (r#""Action":"*","NotResource":"arn:aws:kms:*:key/${aws:nobody}""#, false, true),
            (r#""Action":"*","NotResource":["arn:aws:kms:*:key/k1","${aws:nobody}"]"#, false, false),
            (r#""Action":"*","Resource":"arn:aws:kms:*:key/${aws:nobody, 'k1'}""#, true, true),
        ] {
            assert_eq!(applies(Kind::Identity, "Allow", members, Some(KEY)), allow, "Allow {members}");
            assert_eq!(applies(Kind::Identity, "Deny", members, Some(KEY)), deny, "Deny {members}");
        }
    }

    #[test]
    fn a_statement_of_a_key_without_action_or_resource_has_no_effect() {
        for effect in ["Allow", "Deny"] {
            for (members, is) in [
                (r#""Principal":"*","Action":"*","Resource":"*""#, true),
                (r#""Principal":"*","Action":"*""#, false),
                (r#""Principal":"*","Resource":"*""#, false),
                (r#""Principal":"*""#, false),
                (r#""Principal":"*","NotAction":"kms:Decrypt""#, false),
                (r#""Principal":"*","Action":"*","Resource":"k1""#, false),
                (r#""Principal":{"AWS":"444455556666"},"Action":"*","Resource":"*""#, false),
                (r#""Principal":{"AWS":["444455556666","111122223333"]},"Action":"*","Resource":"*""#, true),
                (r#""Principal":{"Service":"*"},"Action":"*","Resource":"*""#, false),
            ] {
                assert_eq!(applies(Kind::Key, effect, members, Some(KEY)), is, "{effect} {members}");
            }
        }
        for (members, is) in [
            (r#""NotPrincipal":{"AWS":"111122223333"},"Action":"*","Resource":"*""#, true),
            (r#""NotPrincipal":{"AWS":["111122223333","AIDAANN"]},"Action":"*","Resource":"*""#, false),
            (r#""NotPrincipal":{"Service":"s3.amazonaws.com"},"Action":"*","Resource":"*""#, true),
        ] {
            assert_eq!(applies(Kind::Key, "Deny", members, Some(KEY)), is, "{members}");
        }
    }

    #[test]
    fn a_trust_policy_is_about_its_role_whatever_it_is_called() {
        for (members, is) in [
            (r#""Principal":{"AWS":"111122223333"},"Action":"kms:*""#, true),
            (r#""Principal":{"AWS":"111122223333"},"Action":"sts:*""#, false),
        ] {
            for effect in ["Allow", "Deny"] {
                assert_eq!(applies(Kind::Trust, effect, members, Some("arn:aws:iam::111122223333:role/r")), is);
            }
        }
    }

    #[test]
    fn a_document_knows_whom_it_names_and_what_it_asks() {
        let text = r#"{"Version":"2012-10-17","Statement":[
            {"Sid":"a","Effect":"Allow","Principal":{"AWS":["*","111122223333","arn:aws:iam::111122223333:user/ann"],
             "Service":"s3.amazonaws.com"},"Action":"*","Resource":"${aws:PrincipalTag/x}"},
            {"Effect":"Deny","NotPrincipal":{"AWS":["AROAAPP","arn:aws:iam::111122223333:user/ann"]},"Action":"*",
             "Resource":"*","Condition":{"StringEquals":{"aws:SourceIp":"${aws:UserId}"}}}]}"#;
        let document = Document::compile(text, Kind::Key).expect("it compiles");
        let ann = "arn:aws:iam::111122223333:user/ann";
        assert_eq!(document.principals().collect::<Vec<_>>(), ["111122223333", ann, "AROAAPP", ann]);
        assert_eq!([0, 1, 2].map(|statement| document.sid(statement)), [Some("a"), None, None]);
        for (key, asks) in [
            ("aws:principaltag/", true),
            ("aws:principaltag/x", true),
            ("aws:sourceip", true),
            ("aws:userid", true),
            ("aws:username", false),
            ("aws:resourcetag/", false),
        ] {
            assert_eq!(document.asks(key), asks, "{key}");
        }
    }

    #[test]
    fn a_pinned_document_means_whom_it_meant() {
        let ann = "arn:aws:iam::111122223333:user/ann";
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{ann}"}},"Action":"*","Resource":"*"}},
              {{"Effect":"Deny","NotPrincipal":{{"AWS":["{ann}","111122223333"]}},"Action":"*","Resource":"*"}}]}}"#
        );
        for (id, now, verdict) in
            [(Some("AIDAOLD"), "AIDAOLD", Ok(true)), (Some("AIDAOLD"), "AIDANEW", Err(1)), (None, "AIDANEW", Ok(true))]
        {
            let ids = id.map(|id| (ann.to_owned(), id.to_owned())).into_iter().collect();
            let document = Document::compile(&text, Kind::Key).expect("it compiles").pinned(&ids);
            let request = Request {
                principal: Principal {
                    account: "111122223333",
                    partition: "aws",
                    who: Who::User { arn: ann, id: now },
                },
                action: "kms:Encrypt",
                resource: None,
                across_accounts: false,
                context: None,
                facts: &Circumstances::default(),
            };
            assert_eq!(document.verdict(&request).map(|allowed| allowed.is_some()), verdict, "{id:?} and {now}");
        }
    }
}
