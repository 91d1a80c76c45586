//! Who the caller is to the policies: the principal with what is attached to it, as one snapshot of the store has them,
//! and the facts about it that conditions may ask for. What follows from them is `policy`'s.
//!
//! A principal is its unique id: where there is another user or role by the same name, the caller is nobody any more.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use iam::record::{Policy, Role, User};
use iam::rows;
use policy::{Arity, Attached, Document, Principal, Value};

use crate::caller::{Caller, Who};
use crate::error::Error;
use crate::identities::{Held, Session};
use crate::journey::View;

/// The principal of one attempt at one request.
pub(crate) struct Identity {
    account: String,
    partition: Cow<'static, str>,
    arn: String,
    kind: Kind,
}

enum Kind {
    Root,
    User(Arc<User>),
    /// Somebody who has assumed a role; none of the session is known where one is only imagined.
    Session {
        role: Arc<Role>,
        role_arn: String,
        name: String,
        session: Option<Arc<Session>>,
    },
}

impl Identity {
    /// The caller, as this snapshot has them. The commit expects what was read here.
    ///
    /// Errors: `NoSuchCaller` if their user or role is gone, even if there is another one by that name.
    pub async fn of(view: &View, caller: &Caller) -> Result<Identity, Error> {
        let (account, partition) = (caller.account().to_owned(), Cow::Borrowed(caller.partition()));
        let kind = match caller.who() {
            Who::Root | Who::Operator => Kind::Root,
            Who::User { name, id, .. } => {
                let user = record::<User>(view, rows::user(&account, name)).await?;
                Kind::User(user.filter(|user| user.id == *id).ok_or(Error::NoSuchCaller)?)
            }
            Who::Session { role_arn, session, .. } => {
                let role = record::<Role>(view, rows::role(&account, &session.token.role)).await?;
                let role = role.filter(|role| role.id == session.token.role_id).ok_or(Error::NoSuchCaller)?;
                let (role_arn, name) = (role_arn.clone(), session.token.name.clone());
                Kind::Session { role, role_arn, name, session: Some(session.clone()) }
            }
        };
        Ok(Identity { account, partition, arn: caller.arn(), kind })
    }

    /// The principal that this ARN names, as it is stored: an account's root, a user, or a session of a role, by its own
    /// ARN or by the role's. A session has neither tags nor a policy of its own here. None: nobody has this name.
    pub async fn imagine(view: &View, arn: &str) -> Result<Option<Identity>, Error> {
        let mut parts = arn.splitn(6, ':');
        let ["arn", partition, service, "", account, resource] =
            std::array::from_fn(|_| parts.next().unwrap_or_default())
        else {
            return Ok(None);
        };
        let (kind, rest) = resource.split_at(resource.find('/').map_or(resource.len(), |slash| slash + 1));
        let name = rest.rsplit('/').next().unwrap_or_default();
        let kind = match (service, kind) {
            ("iam", "root") => Some(Kind::Root),
            ("iam", "user/") => record::<User>(view, rows::user(account, name)).await?.map(Kind::User),
            ("iam", "role/") => role_of(view, account, partition, name, IMAGINED).await?,
            ("sts", "assumed-role/") => {
                let (role, session) = rest.split_once('/').unwrap_or((rest, IMAGINED));
                role_of(view, account, partition, role, session).await?
            }
            (_, _) => None,
        };
        let Some(kind) = kind else { return Ok(None) };
        let partition = Cow::Owned(partition.to_owned());
        let identity = Identity { account: account.to_owned(), partition, arn: String::new(), kind };
        let own = identity.own_arn();
        // A name in another case, or under another path, is another name.
        let named = match &identity.kind {
            Kind::Session { role_arn, .. } => arn == own || arn == role_arn,
            Kind::Root | Kind::User(_) => arn == own,
        };
        Ok(named.then_some(Identity { arn: own, ..identity }))
    }

    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// By which refusals and records name the caller: a session's own ARN, not its role's.
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Whether it is an account's root.
    pub fn is_root(&self) -> bool {
        matches!(self.kind, Kind::Root)
    }

    /// `AIDA…`, `AROA…:session`, or for the root its account.
    pub fn user_id(&self) -> String {
        match &self.kind {
            Kind::Root => self.account.clone(),
            Kind::User(user) => user.id.clone(),
            Kind::Session { role, name, .. } => format!("{}:{name}", role.id),
        }
    }

    /// As the policies name it.
    pub fn principal(&self) -> Principal<'_> {
        let who = match &self.kind {
            Kind::Root => policy::Who::Root,
            Kind::User(user) => policy::Who::User { arn: &self.arn, id: &user.id },
            Kind::Session { role, role_arn, .. } => {
                policy::Who::Session { role_arn, role_id: &role.id, arn: &self.arn }
            }
        };
        Principal { account: &self.account, partition: &self.partition, who }
    }

    /// The documents attached to it; to a session, its role's.
    pub fn attached(&self) -> Vec<Attached<'_>> {
        match &self.kind {
            Kind::Root => Vec::new(),
            Kind::User(user) => attached(&user.policies),
            Kind::Session { role, .. } => attached(&role.policies),
        }
    }

    /// The document that limits this session beyond its role's.
    pub fn session_policy(&self) -> Option<&Document> {
        match &self.kind {
            Kind::Session { session, .. } => session.as_ref()?.policy.as_ref(),
            Kind::Root | Kind::User(_) => None,
        }
    }

    /// The values of a condition key about the principal, in lower case; `None` for every other key.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
    pub fn fact(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Option<Arity> {
        let mut told = |value: Option<Value<'_>>| {
            Some(value.map_or(Arity::Absent, |value| {
                visit(value);
                Arity::One
            }))
        };
        if let Some(name) = key.strip_prefix("aws:principaltag/") {
            return told(self.tag(name).map(Value::Text));
        }
        match key {
            "aws:principalarn" => told(Some(Value::Text(self.role_arn().unwrap_or(&self.arn)))),
            "aws:principalaccount" => told(Some(Value::Text(&self.account))),
            "aws:principaltype" => told(Some(Value::Text(self.kind_name()))),
            "aws:userid" => told(Some(Value::Text(&self.user_id()))),
            "aws:username" => told(self.user_name().map(Value::Text)),
            "aws:tokenissuetime" => told(self.session().map(|session| Value::Time(session.token.issued_ms))),
            // Nobody has a second factor here, and long-term keys have no such member at AWS either.
            "aws:multifactorauthpresent" => told(self.is_session().then_some(Value::Bool(false))),
            "aws:multifactorauthage" => told(None),
            "aws:sourceidentity" => {
                told(self.session().and_then(|session| session.token.source_identity.as_deref()).map(Value::Text))
            }
            "aws:principalisawsservice" => told(Some(Value::Bool(false))),
            _ => None,
        }
    }

    /// A tag of the principal; names differ by more than their case. A session's own outweigh its role's.
    fn tag(&self, name: &str) -> Option<&str> {
        match &self.kind {
            Kind::Root => None,
            Kind::User(user) => tag(&user.tags, name),
            Kind::Session { role, session, .. } => {
                session.as_ref().and_then(|session| tag(&session.token.tags, name)).or_else(|| tag(&role.tags, name))
            }
        }
    }

    fn own_arn(&self) -> String {
        let Identity { account, partition, .. } = self;
        match &self.kind {
            Kind::Root => format!("arn:{partition}:iam::{account}:root"),
            Kind::User(user) => user.arn(account, partition),
            Kind::Session { role, name, .. } => {
                format!("arn:{partition}:sts::{account}:assumed-role/{}/{name}", role.name)
            }
        }
    }

    fn role_arn(&self) -> Option<&str> {
        match &self.kind {
            Kind::Session { role_arn, .. } => Some(role_arn),
            Kind::Root | Kind::User(_) => None,
        }
    }

    fn session(&self) -> Option<&Session> {
        match &self.kind {
            Kind::Session { session, .. } => session.as_deref(),
            Kind::Root | Kind::User(_) => None,
        }
    }

    fn is_session(&self) -> bool {
        matches!(self.kind, Kind::Session { .. })
    }

    fn user_name(&self) -> Option<&str> {
        match &self.kind {
            Kind::User(user) => Some(&user.name),
            Kind::Root | Kind::Session { .. } => None,
        }
    }

    /// In the words of `aws:PrincipalType`.
    fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Root => "Account",
            Kind::User(_) => "User",
            Kind::Session { .. } => "AssumedRole",
        }
    }
}

async fn record<T: iam::Stored>(view: &View, row: Vec<u8>) -> Result<Option<Arc<T>>, Error> {
    Ok(view.get::<Held<T>>(row).await?.map(|row| row.value.0.clone()))
}

async fn role_of(
    view: &View,
    account: &str,
    partition: &str,
    role: &str,
    session: &str,
) -> Result<Option<Kind>, Error> {
    let role = record::<Role>(view, rows::role(account, role)).await?;
    Ok(role.map(|role| {
        let role_arn = role.arn(account, partition);
        Kind::Session { role, role_arn, name: session.to_owned(), session: None }
    }))
}

fn attached(policies: &BTreeMap<String, Policy>) -> Vec<Attached<'_>> {
    policies.iter().map(|(name, policy)| Attached { name, document: policy.document() }).collect()
}

/// The value of the tag of this name, in lower case; the names of one map differ by more than their case.
pub(crate) fn tag<'a>(tags: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    tags.iter().find(|(key, _)| key.to_lowercase() == name).map(|(_, value)| value.as_str())
}

/// What a session is called that nobody has.
const IMAGINED: &str = "explain";
