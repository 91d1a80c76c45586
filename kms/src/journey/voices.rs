//! Who has a say: the documents and grants that speak about a caller and a key, read once from one snapshot, and the
//! decision that they come to. What is done with it, and in which words it is told, is the permit's.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use policy::{Attached, Because, Decision, Document, Kind, Request, Resource, Voices};
use wire::Op;

use crate::Time;
use crate::error::Error;
use crate::facts::Situation;
use crate::grants;
use crate::ops::{Action, Sheet};
use crate::records::{AliasesRecord, PolicyRecord, TagsRecord};
use crate::rows::{self, Row, RowKey};

use super::cx::{Ask, Cx};
use super::facts::Circumstances;
use super::view::{Key, View};

/// One caller before one resource, or before none, and everything that has a say between them but for grants, which
/// are asked last.
pub(super) struct Hearing<'a> {
    of: Parties<'a>,
    about: About<'a>,
    attached: Vec<Attached<'a>>,
}

/// Who asks, from where, and what is true of the operation.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub view: &'a View,
    pub situation: Situation<'a>,
    pub sheet: &'a Sheet,
    /// What conditions are to find where nobody really calls.
    pub given: Option<&'a BTreeMap<String, Vec<String>>>,
}

/// How a request came to a key: what conditions may ask beside the key itself.
#[derive(Clone, Copy, Default)]
pub(super) struct Named<'a> {
    /// The alias that it was called by, with its prefix.
    pub alias: Option<&'a str>,
    /// Whether the two keys of a ReEncrypt are one.
    pub on_same_key: Option<bool>,
}

/// What is asked about.
struct About<'a> {
    resource: Option<Resource<'a>>,
    /// None for an alias, and for a key that is to be made.
    key: Option<&'a Key>,
    named: Named<'a>,
    policy: Policy<'a>,
    looks: Looks,
}

enum Policy<'a> {
    /// Only keys have policies.
    None,
    Kept(Row<PolicyRecord>),
    Proposed(&'a Document),
}

/// Rows that only few documents ask about, or about few operations.
#[derive(Default)]
struct Looks {
    aliases: Option<Arc<AliasesRecord>>,
    tags: Option<Arc<TagsRecord>>,
    /// Since when the key has not been used.
    idle_since: Option<Time>,
}

impl<'a> Parties<'a> {
    /// Who asks in this attempt.
    pub fn of(cx: &'a Cx) -> Parties<'a> {
        let (identity, source_ip, region) = (cx.identity(), cx.source_ip(), cx.caller().region());
        let situation = Situation { identity, source_ip, now: cx.now(), region };
        Parties { view: cx.view(), situation, sheet: cx.sheet(), given: None }
    }

    /// The same, asking for something in this Region.
    pub fn in_region(self, region: &'a str) -> Parties<'a> {
        Parties { situation: Situation { region, ..self.situation }, ..self }
    }
}

impl<'a> Hearing<'a> {
    /// About a key, whose policy is read.
    ///
    /// Errors: `Internal` for a key without a policy.
    pub async fn about_key(
        of: Parties<'a>,
        key: &'a Key,
        arn: &'a str,
        named: Named<'a>,
    ) -> Result<Hearing<'a>, Error> {
        let policy = of.view.get::<PolicyRecord>(hanging(key, "policy")).await?;
        let policy = policy.ok_or_else(|| Error::internal(format!("the policy of {arn} is missing from the store")))?;
        if let Err(why) = policy.value.said() {
            tracing::error!(key = arn, %why, "{UNREADABLE}");
        }
        let hearing = Hearing::about_key_alone(of, key, arn).await?;
        Ok(Hearing { about: About { named, policy: Policy::Kept(policy), ..hearing.about }, ..hearing })
    }

    /// About a key that is made if this is allowed, with the policy and the one alias that it then has.
    pub async fn about_unmade(
        of: Parties<'a>,
        key: &'a Key,
        arn: &'a str,
        alias: &'a str,
        policy: &'a Document,
    ) -> Result<Hearing<'a>, Error> {
        let mut hearing = Hearing::about_key_alone(of, key, arn).await?;
        hearing.about.named.alias = Some(alias);
        hearing.about.looks.aliases = Some(Arc::new(AliasesRecord { names: [alias.to_owned()].into() }));
        hearing.about.policy = Policy::Proposed(policy);
        Ok(hearing)
    }

    /// About a key for something that its policy has no say in.
    pub async fn about_key_alone(of: Parties<'a>, key: &'a Key, arn: &'a str) -> Result<Hearing<'a>, Error> {
        let mut hearing = Hearing::about(of, Some(Resource { account: &key.world.account, arn }));
        hearing.about.key = Some(key);
        // Key policies cannot ask about these two.
        if hearing.asks("kms:resourcealiases") {
            hearing.about.looks.aliases = of.view.get(hanging(key, "aliases")).await?.map(|row| row.value);
        }
        if hearing.asks("aws:resourcetag/") {
            hearing.about.looks.tags = of.view.get(hanging(key, "tags")).await?.map(|row| row.value);
        }
        if matches!(of.sheet.op, Op::DisableKey | Op::ScheduleKeyDeletion) {
            hearing.about.looks.idle_since = Some(of.view.idle_since(key).await?);
        }
        Ok(hearing)
    }

    /// About a resource that has no policy of its own, or about none.
    pub fn about(of: Parties<'a>, resource: Option<Resource<'a>>) -> Hearing<'a> {
        let (named, looks) = (Named::default(), Looks::default());
        let about = About { resource, key: None, named, policy: Policy::None, looks };
        Hearing { of, about, attached: of.situation.identity.attached() }
    }

    /// About a key that is to be made, with these tags.
    pub fn about_new(of: Parties<'a>, resource: Resource<'a>, tags: BTreeMap<String, String>) -> Hearing<'a> {
        let mut hearing = Hearing::about(of, Some(resource));
        hearing.about.looks.tags = Some(Arc::new(TagsRecord { tags }));
        hearing
    }

    /// The same with this policy in the place of the key's.
    pub fn proposing(self, document: &'a Document) -> Hearing<'a> {
        Hearing { about: About { policy: Policy::Proposed(document), ..self.about }, ..self }
    }

    /// What the documents say, and, where they say neither yes nor no, the grants of the key.
    pub async fn decide<T>(
        &self,
        ask: &Ask<'_>,
        action: Action,
        tell: impl FnOnce(&Decision<'_>) -> T,
    ) -> Result<T, Error> {
        let facts = self.circumstances(ask, action);
        let request = self.request(ask, action, &facts);
        let voices = self.voices();
        let decision = policy::decide(&request, &voices);
        let open = match decision.because() {
            Because::NothingAllows(_) => self.of.sheet.grantable,
            Because::Allowed(_) | Because::RootOfTheAccount | Because::ExplicitDeny(_) | Because::AnotherAccount => {
                false
            }
        };
        let Some(key) = self.about.key.filter(|_| open) else { return Ok(tell(&decision)) };
        let child = ask.asked.grant.map(|grant| grant.child);
        let grant = grants::voice(self.of.view, key, &request, child).await?;
        let grants: Vec<_> = grant.iter().map(|row| row.value.as_voice()).collect();
        Ok(tell(&policy::decide(&request, &Voices { grants: &grants, ..voices })))
    }

    /// What the documents say if these grants are all that the resource has.
    pub fn decide_with<T>(
        &self,
        ask: &Ask<'_>,
        grants: &[policy::Grant<'_>],
        tell: impl FnOnce(&Decision<'_>) -> T,
    ) -> T {
        let facts = self.circumstances(ask, ask.action);
        tell(&policy::decide(&self.request(ask, ask.action, &facts), &Voices { grants, ..self.voices() }))
    }

    /// Whether a document of the caller's asks about this condition key.
    fn asks(&self, key: &str) -> bool {
        let session = self.of.situation.identity.session_policy();
        self.attached.iter().map(|attached| attached.document).chain(session).any(|document| document.asks(key))
    }

    fn request<'q>(&'q self, ask: &'q Ask<'_>, action: Action, facts: &'q Circumstances<'_>) -> Request<'q> {
        Request {
            principal: self.of.situation.identity.principal(),
            action: action.name(),
            resource: self.about.resource,
            across_accounts: self.of.sheet.cross_account,
            context: ask.context,
            facts,
        }
    }

    fn voices(&self) -> Voices<'_> {
        Voices {
            resource_policy: match &self.about.policy {
                Policy::None => None,
                Policy::Kept(row) => Some(row.value.said().unwrap_or(&CLOSED)),
                Policy::Proposed(document) => Some(document),
            },
            grants: &[],
            identity_policies: &self.attached,
            session_policy: self.of.situation.identity.session_policy(),
        }
    }

    fn circumstances<'q>(&'q self, ask: &'q Ask<'_>, action: Action) -> Circumstances<'q> {
        Circumstances {
            situation: self.of.situation,
            ask,
            action,
            given: self.of.given,
            key: self.about.key,
            named: self.about.named,
            aliases: self.about.looks.aliases.as_ref().map(|record| &record.names),
            tags: self.about.looks.tags.as_ref().map(|record| &record.tags),
            idle_since: self.about.looks.idle_since,
        }
    }
}

fn hanging(key: &Key, what: &str) -> RowKey {
    rows::hanging_row(&key.world, &key.record().key_id, what)
}

/// What a document says that is none: whoever may not be told from it may not.
static CLOSED: LazyLock<Document> = LazyLock::new(|| {
    let text = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}"#;
    Document::compile(text, Kind::Key).expect("this document keeps the grammar")
});

const UNREADABLE: &str = "the key's policy does not keep the grammar of policies, so that nobody may use the key: \
                          replace it with 'trent admin recover'";
