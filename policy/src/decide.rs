//! The decision: from what every voice says about a request to one answer and its reason. What a document says is asked
//! in [`document`](crate::document), what a grant says in [`grant`](crate::grant).

use crate::document::Document;
use crate::patience::Patience;
use crate::principal::Level;
use crate::request::{Request, Who};
use crate::voice::{Grant, Voices};

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The caller may.
    Allow,
    /// The caller may not.
    Deny,
}

/// What settled the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// This voice allows it, and every voice that had to agree did.
    Allowed(Voice),
    /// The root of an account may do in it what no document of the resource speaks about.
    RootOfTheAccount,
    /// A statement of this voice denies it.
    ExplicitDeny(Voice),
    /// No voice denies it, and the yes of this one is missing.
    NothingAllows(Voice),
    /// The resource belongs to another account, and the operation is for the account's own.
    AnotherAccount,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// The key's policy, or the role's trust policy.
    Resource,
    /// A policy attached to the principal.
    Identity,
    /// The session's policy.
    Session,
    /// A grant.
    Grant,
}

/// The statement or the grant that settled an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source<'a> {
    /// Who speaks.
    pub voice: Voice,
    /// The name of an attached policy, the id of a grant, and nothing for the documents of which there is one.
    pub document: &'a str,
    /// The place of the statement in its document, from 0; 0 for a grant.
    pub statement: usize,
    /// The statement's Sid.
    pub sid: Option<&'a str>,
}

/// The answer and what settled it. Only [`decide`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decision<'a> {
    because: Because,
    source: Option<Source<'a>>,
}

impl<'a> Decision<'a> {
    /// Whether the caller may.
    pub fn effect(&self) -> Effect {
        match self.because {
            Because::Allowed(_) | Because::RootOfTheAccount => Effect::Allow,
            Because::ExplicitDeny(_) | Because::NothingAllows(_) | Because::AnotherAccount => Effect::Deny,
        }
    }

    /// What settled it, for the refusal's text and for the log.
    pub fn because(&self) -> Because {
        self.because
    }

    /// The statement or the grant that settled it; `None` where nothing that was written did.
    pub fn source(&self) -> Option<Source<'a>> {
        self.source
    }
}

/// Decides one request. It cannot fail: what is not allowed is denied, with the reason. It allocates nothing. Where
/// documents and request go together so badly that it would take too long, nothing is allowed.
///
/// The rules are in the documentation of [the crate](crate).
pub fn decide<'a>(request: &Request<'_>, voices: &Voices<'a>) -> Decision<'a> {
    let facts = Patience::with(request.facts);
    let request = Request { facts: &facts, ..*request };
    let decision = match Heard::all(&request, voices) {
        Ok(heard) => heard.decision(&request, voices),
        Err(denied) => Decision { because: Because::ExplicitDeny(denied.voice), source: Some(denied) },
    };
    // What was not asked to its end may have been a Deny.
    if facts.is_lost() && decision.effect() == Effect::Allow { UNDECIDED } else { decision }
}

/// Of what could not be brought to its end.
const UNDECIDED: Decision<'static> = Decision { because: Because::NothingAllows(Voice::Resource), source: None };

/// What the documents say about a request that none of them denies.
struct Heard<'a> {
    resource: Option<(Level, Source<'a>)>,
    identity: Option<Source<'a>>,
    session: Option<Source<'a>>,
}

impl<'a> Heard<'a> {
    /// Listens to every document; the first Deny is the error.
    fn all(request: &Request<'_>, voices: &Voices<'a>) -> Result<Heard<'a>, Source<'a>> {
        let resource = match voices.resource_policy {
            Some(document) => listen(request, document, Voice::Resource, "")?,
            None => None,
        };
        let mut identity = None;
        for attached in voices.identity_policies {
            let allows = listen(request, attached.document, Voice::Identity, attached.name)?;
            identity = identity.or(allows.map(|(_, source)| source));
        }
        let session = match voices.session_policy {
            Some(document) => listen(request, document, Voice::Session, "")?.map(|(_, source)| source),
            None => None,
        };
        Ok(Heard { resource, identity, session })
    }

    fn decision(&self, request: &Request<'_>, voices: &Voices<'a>) -> Decision<'a> {
        let own = request.resource.is_none_or(|resource| resource.account == request.principal.account);
        if !own && !request.across_accounts {
            return Decision { because: Because::AnotherAccount, source: None };
        }
        let by_identity = Route { source: self.identity, asks_identity: true, free_of_session: false };
        if request.resource.is_none() {
            return self.walk(&by_identity, request, voices).decision();
        }
        // Where the owner has no document that could speak, the caller's account is enough, if it is the owner.
        let unowned = own && voices.resource_policy.is_none();
        let routes = [unowned.then_some(by_identity), self.by_resource_policy(own)];
        let grants = voices.grants.iter().map(|grant| by_grant(request, grant));
        let mut best = Outcome::Missing(Voice::Resource);
        for route in routes.into_iter().chain(grants).flatten() {
            best = best.or(self.walk(&route, request, voices));
        }
        best.decision()
    }

    /// The key policy's yes is whole for the principal itself at home; for its account, and abroad, it hands the
    /// question to the caller's account. At home it is that answer that decides.
    fn by_resource_policy(&self, own: bool) -> Option<Route<'a>> {
        let (level, source) = self.resource?;
        Some(match level {
            Level::Account => {
                let source = if own { self.identity.or(Some(source)) } else { Some(source) };
                Route { source, asks_identity: true, free_of_session: false }
            }
            Level::Itself => Route { source: Some(source), asks_identity: !own, free_of_session: false },
            Level::Session => Route { source: Some(source), asks_identity: !own, free_of_session: own },
        })
    }

    fn walk(&self, route: &Route<'a>, request: &Request<'_>, voices: &Voices<'a>) -> Outcome<'a> {
        let identity = self.identity.is_some() || request.principal.who == Who::Root;
        let session = self.session.is_some() || voices.session_policy.is_none();
        if route.asks_identity && !identity {
            Outcome::Missing(Voice::Identity)
        } else if !route.free_of_session && !session {
            Outcome::Missing(Voice::Session)
        } else {
            Outcome::Yes(route.source)
        }
    }
}

fn by_grant<'a>(request: &Request<'_>, grant: &Grant<'a>) -> Option<Route<'a>> {
    let source = Some(Source { voice: Voice::Grant, document: grant.id, statement: 0, sid: None });
    Some(match grant.reach(request)? {
        Level::Account => Route { source, asks_identity: true, free_of_session: false },
        Level::Itself => Route { source, asks_identity: false, free_of_session: false },
        Level::Session => Route { source, asks_identity: false, free_of_session: true },
    })
}

/// What one document says: the Deny that matches as an error, or the Allow that reaches furthest.
fn listen<'a>(
    request: &Request<'_>,
    document: &'a Document,
    voice: Voice,
    name: &'a str,
) -> Result<Option<(Level, Source<'a>)>, Source<'a>> {
    let source = |statement| Source { voice, document: name, statement, sid: document.sid(statement) };
    match document.verdict(request) {
        Err(denied) => Err(source(denied)),
        Ok(allowed) => Ok(allowed.map(|(level, statement)| (level, source(statement)))),
    }
}

/// One way to a yes: whose yes it would be, and who else has to agree.
struct Route<'a> {
    source: Option<Source<'a>>,
    /// Whether the caller's own account has to agree.
    asks_identity: bool,
    /// Whether it goes past the session's policy.
    free_of_session: bool,
}

/// How far a request has come.
enum Outcome<'a> {
    /// Allowed, by this; by nothing that was written if the root of the account asks.
    Yes(Option<Source<'a>>),
    /// All but this voice agreed.
    Missing(Voice),
}

impl<'a> Outcome<'a> {
    /// The better of two; of two refusals the one that came further.
    fn or(self, other: Outcome<'a>) -> Outcome<'a> {
        match (&self, &other) {
            (Outcome::Yes(_), Outcome::Yes(_) | Outcome::Missing(_)) => self,
            (Outcome::Missing(_), Outcome::Yes(_)) => other,
            (Outcome::Missing(mine), Outcome::Missing(others)) if way(*mine) >= way(*others) => self,
            (Outcome::Missing(_), Outcome::Missing(_)) => other,
        }
    }

    fn decision(self) -> Decision<'a> {
        match self {
            Outcome::Yes(Some(source)) => Decision { because: Because::Allowed(source.voice), source: Some(source) },
            Outcome::Yes(None) => Decision { because: Because::RootOfTheAccount, source: None },
            Outcome::Missing(voice) => Decision { because: Because::NothingAllows(voice), source: None },
        }
    }
}

/// How far a request has come that lacks only this voice.
fn way(missing: Voice) -> u8 {
    match missing {
        Voice::Resource | Voice::Grant => 0,
        Voice::Identity => 1,
        Voice::Session => 2,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::circumstances::Circumstances;
    use crate::document::Kind;
    use crate::request::{Principal, Resource};
    use crate::voice::Attached;

    const OURS: &str = "111122223333";
    const THEIRS: &str = "444455556666";
    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/k";
    const ANN: &str = "arn:aws:iam::111122223333:user/ann";
    const ROLE: &str = "arn:aws:iam::111122223333:role/app";
    const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/one";
    const USER: Who<'_> = Who::User { arn: ANN, id: "AIDAANN" };
    const APP: Who<'_> = Who::Session { role_arn: ROLE, role_id: "AROAAPP", arn: SESSION };

    /// A document of statements `effect principal action`; the principal is left out where the kind has none.
    fn document(kind: Kind, statements: &[(&str, &str, &str)]) -> Document {
        let statements: Vec<_> = statements
            .iter()
            .enumerate()
            .map(|(place, (effect, principal, action))| {
                let principal = match kind {
                    Kind::Key | Kind::Trust => format!(r#""Principal":{{"AWS":"{principal}"}},"#),
                    Kind::Identity | Kind::Session => String::new(),
                };
                format!(r#"{{"Sid":"s{place}","Effect":"{effect}",{principal}"Action":"{action}","Resource":"*"}}"#)
            })
            .collect();
        let text = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","));
        Document::compile(&text, kind).expect("it compiles")
    }

    fn key(statements: &[(&str, &str, &str)]) -> Document {
        document(Kind::Key, statements)
    }

    fn identity(effect: &str, action: &str) -> Document {
        document(Kind::Identity, &[(effect, "", action)])
    }

    struct House {
        resource_policy: Option<Document>,
        identity_policies: Vec<Document>,
        session_policy: Option<Document>,
        grants: Vec<(&'static str, &'static str)>,
    }

    /// Where a question is asked from, and about what.
    #[derive(Clone, Copy, Debug)]
    enum Place {
        Home,
        Abroad,
        AbroadNotAllowed,
        Nowhere,
    }

    impl House {
        fn ask(&self, who: Who<'_>, place: Place) -> (Because, Option<(Voice, String, usize)>) {
            let (owner, across_accounts) = match place {
                Place::Home => (Some(OURS), false),
                Place::Abroad => (Some(THEIRS), true),
                Place::AbroadNotAllowed => (Some(THEIRS), false),
                Place::Nowhere => (None, false),
            };
            let request = Request {
                principal: Principal { account: OURS, partition: "aws", who },
                action: "kms:Encrypt",
                resource: owner.map(|account| Resource { account, arn: KEY }),
                across_accounts,
                context: None,
                facts: &Circumstances::default(),
            };
            let operations = ["Encrypt".to_owned()];
            let grants: Vec<_> = self
                .grants
                .iter()
                .map(|(id, grantee)| Grant {
                    id,
                    grantee,
                    grantee_id: None,
                    operations: &operations,
                    constraint: None,
                    source_arn: None,
                })
                .collect();
            let names: Vec<_> = (0..self.identity_policies.len()).map(|number| format!("p{number}")).collect();
            let attached = names.iter().zip(&self.identity_policies);
            let attached: Vec<_> = attached.map(|(name, document)| Attached { name, document }).collect();
            let voices = Voices {
                resource_policy: self.resource_policy.as_ref(),
                grants: &grants,
                identity_policies: &attached,
                session_policy: self.session_policy.as_ref(),
            };
            let decision = decide(&request, &voices);
            let source = decision.source().map(|source| {
                let sid = (source.voice != Voice::Grant).then(|| format!("s{}", source.statement));
                assert_eq!(source.sid, sid.as_deref(), "the source has its statement's Sid");
                (source.voice, source.document.to_owned(), source.statement)
            });
            let allowed = matches!(decision.because(), Because::Allowed(_) | Because::RootOfTheAccount);
            assert_eq!(decision.effect() == Effect::Allow, allowed, "the effect is that of the reason");
            (decision.because(), source)
        }
    }

    const EMPTY: House =
        House { resource_policy: None, identity_policies: vec![], session_policy: None, grants: vec![] };

    #[test]
    fn a_resource_with_a_policy_is_its_owner_s_to_share() {
        use Because::{Allowed, ExplicitDeny, NothingAllows};
        let account = "arn:aws:iam::111122223333:root";
        let may = || vec![identity("Allow", "kms:*")];
        for (policy, identity_policies, user, root, session) in [
            // A name of the principal is enough, a name of its account is half.
            (
                key(&[("Allow", ANN, "kms:*")]),
                vec![],
                Allowed(Voice::Resource),
                NothingAllows(Voice::Resource),
                NothingAllows(Voice::Resource),
            ),
            (
                key(&[("Allow", ROLE, "kms:*")]),
                may(),
                NothingAllows(Voice::Resource),
                NothingAllows(Voice::Resource),
                Allowed(Voice::Resource),
            ),
            (
                key(&[("Allow", SESSION, "kms:*")]),
                vec![],
                NothingAllows(Voice::Resource),
                NothingAllows(Voice::Resource),
                Allowed(Voice::Resource),
            ),
            (
                key(&[("Allow", "*", "kms:*")]),
                vec![],
                Allowed(Voice::Resource),
                Allowed(Voice::Resource),
                Allowed(Voice::Resource),
            ),
            (
                key(&[("Allow", account, "kms:*")]),
                vec![],
                NothingAllows(Voice::Identity),
                Allowed(Voice::Resource),
                NothingAllows(Voice::Identity),
            ),
            (
                key(&[("Allow", OURS, "kms:*")]),
                may(),
                Allowed(Voice::Identity),
                Allowed(Voice::Resource),
                Allowed(Voice::Identity),
            ),
            (
                key(&[("Allow", THEIRS, "kms:*")]),
                may(),
                NothingAllows(Voice::Resource),
                NothingAllows(Voice::Resource),
                NothingAllows(Voice::Resource),
            ),
            (
                key(&[("Allow", OURS, "kms:Decrypt")]),
                may(),
                NothingAllows(Voice::Resource),
                NothingAllows(Voice::Resource),
                NothingAllows(Voice::Resource),
            ),
            // A Deny wins wherever it stands.
            (
                key(&[("Allow", "*", "kms:*"), ("Deny", OURS, "kms:Encrypt")]),
                may(),
                ExplicitDeny(Voice::Resource),
                ExplicitDeny(Voice::Resource),
                ExplicitDeny(Voice::Resource),
            ),
            (
                key(&[("Deny", ANN, "*"), ("Allow", "*", "kms:*")]),
                vec![],
                ExplicitDeny(Voice::Resource),
                Allowed(Voice::Resource),
                Allowed(Voice::Resource),
            ),
            (
                key(&[("Allow", "*", "kms:*")]),
                vec![identity("Allow", "*"), identity("Deny", "kms:E*")],
                ExplicitDeny(Voice::Identity),
                ExplicitDeny(Voice::Identity),
                ExplicitDeny(Voice::Identity),
            ),
            (
                key(&[("Allow", "*", "kms:*"), ("Deny", "*", "kms:Decrypt")]),
                vec![],
                Allowed(Voice::Resource),
                Allowed(Voice::Resource),
                Allowed(Voice::Resource),
            ),
        ] {
            let house = House { resource_policy: Some(policy), identity_policies, ..EMPTY };
            for (who, because) in [(USER, user), (Who::Root, root), (APP, session)] {
                assert_eq!(house.ask(who, Place::Home).0, because, "{who:?}");
            }
        }
    }

    #[test]
    fn of_several_names_the_one_that_reaches_furthest_counts() {
        let names = [OURS, ANN, ROLE, SESSION];
        for turned in [false, true] {
            let mut names = names.map(|name| format!("\"{name}\""));
            if turned {
                names.reverse();
            }
            let text = format!(
                r#"{{"Statement":{{"Sid":"s0","Effect":"Allow","Principal":{{"AWS":[{}]}},"Action":"*","Resource":"*"}}}}"#,
                names.join(",")
            );
            let house =
                House { resource_policy: Some(Document::compile(&text, Kind::Key).expect("it compiles")), ..EMPTY };
            let limited = House { session_policy: Some(document(Kind::Session, &[("Allow", "", "s3:*")])), ..house };
            for (who, because) in [
                (USER, Because::NothingAllows(Voice::Session)),
                (APP, Because::Allowed(Voice::Resource)),
                (Who::Root, Because::NothingAllows(Voice::Session)),
            ] {
                assert_eq!(limited.ask(who, Place::Home).0, because, "{who:?}, turned: {turned}");
            }
            let unlimited = House { session_policy: None, ..limited };
            assert_eq!(unlimited.ask(USER, Place::Home).0, Because::Allowed(Voice::Resource), "turned: {turned}");
        }
    }

    #[test]
    fn another_account_s_resource_needs_both_sides() {
        use Because::{Allowed, AnotherAccount, ExplicitDeny, NothingAllows};
        let may = || vec![identity("Allow", "kms:Encrypt")];
        for (names, identity_policies, user, root) in [
            (Some(ANN), vec![], NothingAllows(Voice::Identity), NothingAllows(Voice::Resource)),
            (Some(ANN), may(), Allowed(Voice::Resource), NothingAllows(Voice::Resource)),
            (Some(OURS), may(), Allowed(Voice::Resource), Allowed(Voice::Resource)),
            (Some(OURS), vec![], NothingAllows(Voice::Identity), Allowed(Voice::Resource)),
            (Some("*"), may(), Allowed(Voice::Resource), Allowed(Voice::Resource)),
            (Some("*"), vec![], NothingAllows(Voice::Identity), Allowed(Voice::Resource)),
            (Some(THEIRS), may(), NothingAllows(Voice::Resource), NothingAllows(Voice::Resource)),
            (None, may(), NothingAllows(Voice::Resource), NothingAllows(Voice::Resource)),
            (Some("*"), vec![identity("Deny", "*")], ExplicitDeny(Voice::Identity), ExplicitDeny(Voice::Identity)),
        ] {
            let resource_policy = names.map(|name| key(&[("Allow", name, "kms:*")]));
            let house = House { resource_policy, identity_policies, ..EMPTY };
            for (who, because) in [(USER, user), (Who::Root, root)] {
                assert_eq!(house.ask(who, Place::Abroad).0, because, "{names:?} for {who:?}");
                let not_allowed = match because {
                    ExplicitDeny(voice) => ExplicitDeny(voice),
                    Allowed(_) | NothingAllows(_) | AnotherAccount | Because::RootOfTheAccount => AnotherAccount,
                };
                assert_eq!(house.ask(who, Place::AbroadNotAllowed).0, not_allowed, "{names:?} for {who:?}");
            }
        }
    }

    #[test]
    fn what_has_no_policy_of_its_own_is_the_account_s() {
        use Because::{Allowed, AnotherAccount, ExplicitDeny, NothingAllows, RootOfTheAccount};
        for (identity_policies, user, root) in [
            (vec![], NothingAllows(Voice::Identity), RootOfTheAccount),
            (vec![identity("Allow", "kms:Encrypt")], Allowed(Voice::Identity), Allowed(Voice::Identity)),
            (vec![identity("Allow", "kms:Decrypt")], NothingAllows(Voice::Identity), RootOfTheAccount),
            (vec![identity("Deny", "kms:Encrypt")], ExplicitDeny(Voice::Identity), ExplicitDeny(Voice::Identity)),
        ] {
            let house = House { identity_policies, ..EMPTY };
            for place in [Place::Home, Place::Nowhere] {
                assert_eq!(house.ask(USER, place).0, user, "{place:?}");
                assert_eq!(house.ask(Who::Root, place).0, root, "{place:?}");
            }
        }
        assert_eq!(EMPTY.ask(Who::Root, Place::Abroad).0, NothingAllows(Voice::Resource));
        assert_eq!(EMPTY.ask(Who::Root, Place::AbroadNotAllowed).0, AnotherAccount);
        // Without a resource, no policy of one can allow; it can deny.
        let allows = House { resource_policy: Some(key(&[("Allow", "*", "*")])), grants: vec![("g", ANN)], ..EMPTY };
        assert_eq!(allows.ask(USER, Place::Nowhere).0, NothingAllows(Voice::Identity));
        let denies = House { resource_policy: Some(key(&[("Deny", "*", "*")])), ..EMPTY };
        assert_eq!(denies.ask(Who::Root, Place::Nowhere).0, ExplicitDeny(Voice::Resource));
    }

    #[test]
    fn a_grant_to_somebody_is_enough_and_one_to_an_account_is_half() {
        use Because::{Allowed, NothingAllows};
        let may = || vec![identity("Allow", "kms:*")];
        for (grantee, identity_policies, because) in [
            (ANN, vec![], Allowed(Voice::Grant)),
            (ROLE, may(), NothingAllows(Voice::Resource)),
            (OURS, vec![], NothingAllows(Voice::Identity)),
            (OURS, may(), Allowed(Voice::Grant)),
            ("arn:aws:iam::111122223333:root", may(), Allowed(Voice::Grant)),
            (THEIRS, may(), NothingAllows(Voice::Resource)),
        ] {
            let resource_policy = Some(key(&[("Allow", THEIRS, "*")]));
            let house = House { resource_policy, identity_policies, grants: vec![("g", grantee)], ..EMPTY };
            for place in [Place::Home, Place::Abroad] {
                assert_eq!(house.ask(USER, place).0, because, "{grantee} {place:?}");
            }
            assert_eq!(house.ask(USER, Place::AbroadNotAllowed).0, Because::AnotherAccount, "{grantee}");
        }
        let denied = House { identity_policies: vec![identity("Deny", "*")], grants: vec![("g", ANN)], ..EMPTY };
        assert_eq!(denied.ask(USER, Place::Home).0, Because::ExplicitDeny(Voice::Identity));
        let account =
            House { grants: vec![("g", OURS)], resource_policy: Some(key(&[("Allow", THEIRS, "*")])), ..EMPTY };
        assert_eq!(account.ask(Who::Root, Place::Home).0, Allowed(Voice::Grant), "the root is its account");
    }

    #[test]
    fn a_session_policy_limits_all_but_what_names_the_session() {
        use Because::{Allowed, ExplicitDeny, NothingAllows};
        let may = |action| Some(document(Kind::Session, &[("Allow", "", action)]));
        let limited = NothingAllows(Voice::Session);
        for (name, grantee, home, abroad) in [
            (Some("*"), None, limited, limited),
            (Some(ROLE), None, limited, limited),
            (Some(OURS), None, limited, limited),
            (Some(SESSION), None, Allowed(Voice::Resource), limited),
            (Some(THEIRS), Some(ROLE), limited, limited),
            (Some(THEIRS), Some(OURS), limited, limited),
            (Some(THEIRS), Some(SESSION), Allowed(Voice::Grant), Allowed(Voice::Grant)),
            (Some(OURS), Some(SESSION), Allowed(Voice::Grant), Allowed(Voice::Grant)),
            (Some(THEIRS), None, NothingAllows(Voice::Resource), NothingAllows(Voice::Resource)),
            (None, None, limited, NothingAllows(Voice::Resource)),
        ] {
            let mut house = House {
                resource_policy: name.map(|name| key(&[("Allow", name, "*")])),
                identity_policies: vec![identity("Allow", "*")],
                session_policy: may("kms:Decrypt"),
                grants: grantee.map(|grantee| ("g", grantee)).into_iter().collect(),
            };
            assert_eq!(house.ask(APP, Place::Home).0, home, "{name:?} {grantee:?} at home");
            assert_eq!(house.ask(APP, Place::Abroad).0, abroad, "{name:?} {grantee:?} abroad");
            assert_eq!(house.ask(APP, Place::Nowhere).0, limited, "{name:?} {grantee:?} nowhere");
            // With its yes, all is as without it; with its no, nothing is.
            for place in [Place::Home, Place::Abroad, Place::Nowhere] {
                house.session_policy = None;
                let without = house.ask(APP, place);
                house.session_policy = may("kms:*");
                assert_eq!(house.ask(APP, place), without, "{name:?} {grantee:?} {place:?}");
                house.session_policy =
                    Some(document(Kind::Session, &[("Allow", "", "*"), ("Deny", "", "kms:Encrypt")]));
                assert_eq!(house.ask(APP, place).0, ExplicitDeny(Voice::Session), "{name:?} {grantee:?} {place:?}");
            }
        }
    }

    #[test]
    fn of_several_refusals_the_one_that_came_furthest_is_told() {
        let session_policy = || Some(document(Kind::Session, &[("Allow", "", "kms:Decrypt")]));
        for (name, grantees, because) in [
            (OURS, vec![ROLE], Voice::Session),
            (ROLE, vec![OURS], Voice::Session),
            (OURS, vec![THEIRS], Voice::Identity),
            (THEIRS, vec![OURS, ROLE], Voice::Session),
            (THEIRS, vec![ROLE, OURS], Voice::Session),
            (THEIRS, vec![THEIRS], Voice::Resource),
        ] {
            let grants = grantees.iter().map(|grantee| ("g", *grantee)).collect();
            let resource_policy = Some(key(&[("Allow", name, "*")]));
            let house = House { resource_policy, session_policy: session_policy(), grants, ..EMPTY };
            assert_eq!(house.ask(APP, Place::Home).0, Because::NothingAllows(because), "{name} {grantees:?}");
        }
    }

    #[test]
    fn the_source_is_what_settled_it() {
        let policy = || Some(key(&[("Allow", OURS, "kms:*"), ("Allow", ANN, "kms:Encrypt"), ("Deny", ROLE, "*")]));
        let delegating = || Some(key(&[("Allow", THEIRS, "*"), ("Allow", OURS, "kms:*")]));
        let twice = || Some(key(&[("Allow", ANN, "kms:*"), ("Allow", ANN, "*"), ("Allow", OURS, "*")]));
        let policies = || vec![identity("Allow", "kms:Decrypt"), identity("Allow", "kms:E*"), identity("Allow", "*")];
        let source = |voice, document: &str, statement| Some((voice, document.to_owned(), statement));
        for (resource_policy, identity_policies, grants, who, place, expected) in [
            (policy(), policies(), vec![("g", ANN)], USER, Place::Home, source(Voice::Resource, "", 1)),
            (policy(), policies(), vec![], APP, Place::Home, source(Voice::Resource, "", 2)),
            (policy(), policies(), vec![], Who::Root, Place::Abroad, source(Voice::Resource, "", 0)),
            (delegating(), policies(), vec![], USER, Place::Home, source(Voice::Identity, "p1", 0)),
            (delegating(), vec![], vec![], Who::Root, Place::Home, source(Voice::Resource, "", 1)),
            (twice(), vec![], vec![], USER, Place::Home, source(Voice::Resource, "", 0)),
            (delegating(), vec![], vec![], USER, Place::Home, None),
            (delegating(), vec![], vec![("f", ROLE), ("g", ANN)], USER, Place::Home, source(Voice::Grant, "g", 0)),
            (None, policies(), vec![], USER, Place::Nowhere, source(Voice::Identity, "p1", 0)),
            (None, vec![], vec![], Who::Root, Place::Nowhere, None),
            (
                None,
                vec![identity("Allow", "*"), identity("Deny", "*")],
                vec![],
                USER,
                Place::Home,
                source(Voice::Identity, "p1", 0),
            ),
            (policy(), policies(), vec![], USER, Place::AbroadNotAllowed, None),
        ] {
            let house = House { resource_policy, identity_policies, session_policy: None, grants };
            assert_eq!(house.ask(who, place).1, expected, "{who:?} {place:?}");
        }
    }

    /// Statements of a small world, in which most meet the question.
    fn statements(kind: Kind) -> impl Strategy<Value = Vec<(&'static str, &'static str, &'static str)>> {
        let effect = prop_oneof![4 => Just("Allow"), 1 => Just("Deny")];
        let principals = match kind {
            Kind::Key | Kind::Trust => vec![ANN, ROLE, SESSION, OURS, THEIRS, "*"],
            Kind::Identity | Kind::Session => vec![""],
        };
        let action = prop::sample::select(vec!["kms:Encrypt", "kms:*", "*", "kms:Decrypt", "kms:En?rypt"]);
        prop::collection::vec((effect, prop::sample::select(principals), action), 1..4)
    }

    #[derive(Clone, Debug)]
    struct World {
        resource: Option<Vec<(&'static str, &'static str, &'static str)>>,
        identity: Vec<Vec<(&'static str, &'static str, &'static str)>>,
        session: Option<Vec<(&'static str, &'static str, &'static str)>>,
        grants: Vec<(&'static str, &'static str)>,
    }

    impl World {
        fn any() -> impl Strategy<Value = World> {
            let grantee = prop::sample::select(vec![ANN, ROLE, SESSION, OURS, THEIRS]);
            (
                prop::option::weighted(0.9, statements(Kind::Key)),
                prop::collection::vec(statements(Kind::Identity), 0..3),
                prop::option::weighted(0.3, statements(Kind::Session)),
                prop::collection::vec((Just("g"), grantee), 0..3),
            )
                .prop_map(|(resource, identity, session, grants)| World {
                    resource,
                    identity,
                    session,
                    grants,
                })
        }

        fn house(&self) -> House {
            House {
                resource_policy: self.resource.as_ref().map(|statements| key(statements)),
                identity_policies: self.identity.iter().map(|it| document(Kind::Identity, it)).collect(),
                session_policy: self.session.as_ref().map(|statements| document(Kind::Session, statements)),
                grants: self.grants.clone(),
            }
        }

        fn because(&self, who: Who<'_>, place: Place) -> Because {
            self.house().ask(who, place).0
        }

        fn allows(&self, who: Who<'_>, place: Place) -> bool {
            matches!(self.because(who, place), Because::Allowed(_) | Because::RootOfTheAccount)
        }
    }

    fn question() -> impl Strategy<Value = (Who<'static>, Place)> {
        let who = prop::sample::select(vec![USER, APP, Who::Root]);
        let place = prop::sample::select(vec![Place::Home, Place::Abroad, Place::AbroadNotAllowed, Place::Nowhere]);
        (who, place)
    }

    const DENY: (&str, &str, &str) = ("Deny", "*", "kms:Encrypt");

    proptest! {
        #[test]
        fn a_deny_dominates_wherever_it_stands(world in World::any(), (who, place) in question(), at in 0..3_usize) {
            let mut denied = world.clone();
            match at {
                0 => denied.resource.get_or_insert_default().push(DENY),
                1 => denied.identity.push(vec![DENY]),
                _ => denied.session.get_or_insert_default().insert(0, DENY),
            }
            prop_assert!(matches!(denied.because(who, place), Because::ExplicitDeny(_)));
        }

        #[test]
        fn order_never_matters(world in World::any(), (who, place) in question()) {
            let mut turned = world.clone();
            turned.resource.iter_mut().for_each(|statements| statements.reverse());
            turned.session.iter_mut().for_each(|statements| statements.reverse());
            turned.identity.iter_mut().for_each(|statements| statements.reverse());
            turned.identity.reverse();
            turned.grants.reverse();
            prop_assert_eq!(turned.because(who, place), world.because(who, place));
        }

        #[test]
        fn a_deny_more_or_a_session_policy_never_adds_a_right(
            world in World::any(), (who, place) in question(), more in statements(Kind::Key), session in statements(Kind::Session)
        ) {
            let mut less = world.clone();
            if let Some(statements) = &mut less.resource {
                statements.extend(more.iter().map(|(_, principal, action)| ("Deny", *principal, *action)));
            }
            prop_assert!(world.allows(who, place) || !less.allows(who, place));
            let without = World { session: None, ..world.clone() };
            let limited = World { session: Some(session), ..world };
            prop_assert!(without.allows(who, place) || !limited.allows(who, place));
        }

        #[test]
        fn an_allow_or_a_grant_more_never_takes_a_right(
            world in World::any(), (who, place) in question(), more in statements(Kind::Key), grantee in prop::sample::select(vec![ANN, SESSION, OURS])
        ) {
            let mut greater = world.clone();
            if let Some(statements) = &mut greater.resource {
                statements.extend(more.iter().map(|(_, principal, action)| ("Allow", *principal, *action)));
            }
            greater.identity.push(vec![("Allow", "", "kms:Encrypt")]);
            greater.grants.push(("h", grantee));
            prop_assert!(!world.allows(who, place) || greater.allows(who, place));
        }
    }
}
