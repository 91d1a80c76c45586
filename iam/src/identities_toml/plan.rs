//! What there is, what should be, and the steps between. What there is, is asked of the same verbs that the steps are,
//! so that a plan can be made beside the store as well as over the network.
//!
//! Without `prune` nothing is ever deleted. With it, the accounts of the file keep no user and no role that the file
//! does not have, and the file's users and roles no policy and no tag. Access keys go only with their users: they are
//! made and replaced without the file, too. Accounts are never deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;

use serde_json::{Value, json};

use super::step::{self, Of, Phase, Step};
use super::{AccessKey, Account, Common, Desired, Role, User};
use crate::text;
use crate::verb::Verb;

/// Whoever can ask verbs.
pub trait Verbs: Sync {
    /// Asks `verb` in `account` with this body, and gives the answer's members.
    ///
    /// # Errors
    /// [`Refused`], with the name that the service or the way to it gave.
    fn ask(&self, account: &str, verb: Verb, body: &[u8]) -> impl Future<Output = Result<Value, Refused>> + Send;
}

/// A verb that was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The error's name, such as `NoSuchEntity`.
    pub name: String,
    /// The sentence beside it.
    pub message: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

/// The steps that make what there is as `desired` has it, in the order in which they are to be asked. `own` is the
/// account of whoever applies the file: that of accounts without an id.
///
/// After they were all answered there are none left. A step that fails ends an application, and a new plan goes on from
/// there.
///
/// # Errors
/// A sentence: a verb was refused, or something would have to change that cannot, such as a path.
pub async fn plan<V: Verbs>(desired: &Desired, own: &str, verbs: &V) -> Result<Vec<Step>, String> {
    let reader = Reader { verbs };
    let mut known: Option<BTreeSet<String>> = None;
    let (mut steps, mut seen) = (Vec::new(), BTreeSet::new());
    let new = Names::new(desired, own);
    for account in &desired.accounts {
        let id = account.id.as_deref().unwrap_or(own);
        if !seen.insert(id) {
            return Err(format!("the account {id} is declared twice: once by its id, once without one"));
        }
        if id != own && known.is_none() {
            known = Some(reader.accounts(own).await?);
        }
        let there = id == own || known.as_ref().is_some_and(|known| known.contains(id));
        let actual = if there { reader.account(id, account, desired.prune).await? } else { Actual::default() };
        if !there {
            let line = format!("+ account {id}");
            let body = step::account(id, account.name.as_deref());
            steps.push(Step::new(Phase::Accounts, own, Verb::CreateAccount, body, line));
        }
        diff(&mut steps, id, account, &actual, desired.prune, &new)?;
    }
    steps.sort_by_key(|step| step.phase);
    Ok(steps)
}

/// What there is of one account.
#[derive(Default)]
struct Actual {
    access_keys: BTreeMap<String, bool>,
    users: BTreeMap<String, ActualUser>,
    roles: BTreeMap<String, ActualRole>,
}

struct ActualUser {
    common: Common,
    access_keys: BTreeMap<String, bool>,
}

struct ActualRole {
    common: Common,
    description: String,
    trust: String,
    max_session_seconds: i64,
}

struct Reader<'a, V> {
    verbs: &'a V,
}

impl<V: Verbs> Reader<'_, V> {
    /// The answer; `None` if what is asked about is not there.
    async fn found(&self, account: &str, verb: Verb, members: &Value) -> Result<Option<Value>, String> {
        match self.verbs.ask(account, verb, step::body(members).expose()).await {
            Ok(answer) => Ok(Some(answer)),
            Err(refused) if refused.name == "NoSuchEntity" => Ok(None),
            Err(refused) => Err(format!("{} in account {account}: {refused}", verb.name())),
        }
    }

    /// All members of a list, over all its pages.
    async fn list(&self, account: &str, verb: Verb, mut members: Value, list: &str) -> Result<Vec<Value>, String> {
        members["MaxItems"] = json!(1000);
        let mut all = Vec::new();
        for _ in 0..PAGES_AT_MOST {
            let Some(mut page) = self.found(account, verb, &members).await? else { return Ok(all) };
            if let Value::Array(some) = page[list].take() {
                all.extend(some);
            }
            match page["Marker"].take() {
                marker @ Value::String(_) => members["Marker"] = marker,
                _ => return Ok(all),
            }
        }
        Err(format!("{} in account {account} has more than {PAGES_AT_MOST} pages", verb.name()))
    }

    async fn accounts(&self, own: &str) -> Result<BTreeSet<String>, String> {
        let all = self.list(own, Verb::ListAccounts, json!({}), "Accounts").await?;
        Ok(all.iter().map(|account| as_text(&account["Id"])).collect())
    }

    async fn account(&self, id: &str, desired: &Account, prune: bool) -> Result<Actual, String> {
        let mut users: BTreeSet<String> = desired.users.iter().map(|user| user.common.name.clone()).collect();
        let mut roles: BTreeSet<String> = desired.roles.iter().map(|role| role.common.name.clone()).collect();
        if prune {
            let all = self.list(id, Verb::ListUsers, json!({}), "Users").await?;
            users.extend(all.iter().map(|user| as_text(&user["UserName"])));
            let all = self.list(id, Verb::ListRoles, json!({}), "Roles").await?;
            roles.extend(all.iter().map(|role| as_text(&role["RoleName"])));
        }
        let mut actual = Actual::default();
        if !desired.access_keys.is_empty() {
            actual.access_keys = self.access_keys(id, json!({})).await?;
        }
        for name in users {
            if let Some(user) = self.user(id, &name).await? {
                actual.users.insert(name, user);
            }
        }
        for name in roles {
            if let Some(role) = self.role(id, &name).await? {
                actual.roles.insert(name, role);
            }
        }
        Ok(actual)
    }

    async fn user(&self, account: &str, name: &str) -> Result<Option<ActualUser>, String> {
        let Some(answer) = self.found(account, Verb::GetUser, &json!({ "UserName": name })).await? else {
            return Ok(None);
        };
        let policies = [Verb::ListUserPolicies, Verb::GetUserPolicy];
        let common = self.common(account, name, "UserName", &answer["User"], policies).await?;
        let access_keys = self.access_keys(account, json!({ "UserName": name })).await?;
        Ok(Some(ActualUser { common, access_keys }))
    }

    async fn role(&self, account: &str, name: &str) -> Result<Option<ActualRole>, String> {
        let Some(answer) = self.found(account, Verb::GetRole, &json!({ "RoleName": name })).await? else {
            return Ok(None);
        };
        let role = &answer["Role"];
        let policies = [Verb::ListRolePolicies, Verb::GetRolePolicy];
        Ok(Some(ActualRole {
            common: self.common(account, name, "RoleName", role, policies).await?,
            description: as_text(&role["Description"]),
            trust: as_text(&role["AssumeRolePolicyDocument"]),
            max_session_seconds: role["MaxSessionDuration"].as_i64().unwrap_or_default(),
        }))
    }

    async fn common(
        &self,
        account: &str,
        name: &str,
        member: &str,
        shown: &Value,
        [list, get]: [Verb; 2],
    ) -> Result<Common, String> {
        let mut policies = BTreeMap::new();
        for policy in self.list(account, list, json!({ member: name }), "PolicyNames").await? {
            let members = json!({ member: name, "PolicyName": policy });
            if let Some(answer) = self.found(account, get, &members).await? {
                policies.insert(as_text(&policy), as_text(&answer["PolicyDocument"]));
            }
        }
        let tags = shown["Tags"].as_array().into_iter().flatten();
        let tags = tags.map(|tag| (as_text(&tag["Key"]), as_text(&tag["Value"]))).collect();
        Ok(Common { name: name.to_owned(), path: as_text(&shown["Path"]), tags, policies })
    }

    async fn access_keys(&self, account: &str, members: Value) -> Result<BTreeMap<String, bool>, String> {
        let all = self.list(account, Verb::ListAccessKeys, members, "AccessKeyMetadata").await?;
        Ok(all.iter().map(|key| (as_text(&key["AccessKeyId"]), key["Status"] == "Active")).collect())
    }
}

fn as_text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The roles of the file, as trust policies name them behind `arn:aws`.
struct Names {
    roles: BTreeSet<String>,
    sessions: BTreeSet<String>,
}

impl Names {
    fn new(desired: &Desired, own: &str) -> Names {
        let (mut roles, mut sessions) = (BTreeSet::new(), BTreeSet::new());
        for account in &desired.accounts {
            let id = account.id.as_deref().unwrap_or(own);
            for Role { common: Common { name, path, .. }, .. } in &account.roles {
                roles.insert(format!("iam::{id}:role{path}{name}"));
                sessions.insert(format!("sts::{id}:assumed-role/{name}"));
            }
        }
        Names { roles, sessions }
    }

    /// Whether this trust policy names a role of the file, which may not be there yet when its own role is made.
    fn are_in(&self, trust: &str) -> bool {
        let Ok(document) = policy::Document::compile(trust, policy::Kind::Trust) else { return false };
        document.principals().any(|principal| {
            let name = principal.splitn(3, ':').last().unwrap_or_default();
            let session_of = name.rsplit_once('/').map_or("", |(role, _)| role);
            self.roles.contains(name) || self.sessions.contains(session_of)
        })
    }
}

fn diff(
    steps: &mut Vec<Step>,
    id: &str,
    desired: &Account,
    actual: &Actual,
    prune: bool,
    new: &Names,
) -> Result<(), String> {
    access_keys(steps, id, Of::Root, &desired.access_keys, &actual.access_keys);
    for user in &desired.users {
        user_steps(steps, id, user, actual.users.get(&user.common.name), prune)?;
    }
    for role in &desired.roles {
        role_steps(steps, id, role, actual.roles.get(&role.common.name), prune, new)?;
    }
    // Pruning alone reads others than those of the file.
    let has_user = |name: &str| desired.users.iter().any(|user| user.common.name == name);
    for (name, user) in actual.users.iter().filter(|(name, _)| !has_user(name)) {
        for key in user.access_keys.keys() {
            let line = format!("- access key {key} of user {name} in {id}");
            let members = json!({ "UserName": name, "AccessKeyId": key });
            steps.push(Step::new(Phase::Less, id, Verb::DeleteAccessKey, step::body(&members), line));
        }
        no_entity(steps, id, Entity::User, &user.common);
    }
    let has_role = |name: &str| desired.roles.iter().any(|role| role.common.name == name);
    for (_, role) in actual.roles.iter().filter(|(name, _)| !has_role(name)) {
        no_entity(steps, id, Entity::Role, &role.common);
    }
    Ok(())
}

fn user_steps(
    steps: &mut Vec<Step>,
    id: &str,
    user: &User,
    actual: Option<&ActualUser>,
    prune: bool,
) -> Result<(), String> {
    let name = &user.common.name;
    if actual.is_none() {
        let line = format!("+ user {name} in {id}");
        steps.push(Step::new(Phase::Users, id, Verb::CreateUser, step::create_user(&user.common), line));
    }
    common_steps(steps, id, Entity::User, &user.common, actual.map(|user| &user.common), prune)?;
    let none = BTreeMap::new();
    access_keys(steps, id, Of::User(name), &user.access_keys, actual.map_or(&none, |user| &user.access_keys));
    Ok(())
}

fn role_steps(
    steps: &mut Vec<Step>,
    id: &str,
    role: &Role,
    actual: Option<&ActualRole>,
    prune: bool,
    new: &Names,
) -> Result<(), String> {
    let name = &role.common.name;
    let mut has_trust = actual.is_some_and(|actual| actual.trust == role.trust);
    match actual {
        None => {
            has_trust = !new.are_in(&role.trust);
            let trust = if has_trust { &role.trust } else { CLOSED };
            let line = format!("+ role {name} in {id}");
            steps.push(Step::new(Phase::Roles, id, Verb::CreateRole, step::create_role(role, trust), line));
        }
        Some(actual) => {
            let is_same =
                actual.description == role.description && actual.max_session_seconds == role.max_session_seconds;
            if !is_same {
                let line = format!("~ role {name} in {id}");
                let members = json!({
                    "RoleName": name,
                    "Description": role.description,
                    "MaxSessionDuration": role.max_session_seconds,
                });
                steps.push(Step::new(Phase::Roles, id, Verb::UpdateRole, step::body(&members), line));
            }
        }
    }
    if !has_trust {
        let line = format!("~ trust policy of role {name} in {id}");
        let members = json!({ "RoleName": name, "PolicyDocument": role.trust });
        steps.push(Step::new(Phase::Trust, id, Verb::UpdateAssumeRolePolicy, step::body(&members), line));
    }
    common_steps(steps, id, Entity::Role, &role.common, actual.map(|role| &role.common), prune)
}

/// What verbs call a user or a role.
#[derive(Clone, Copy)]
enum Entity {
    User,
    Role,
}

impl Entity {
    /// As a line has it, and the member that names it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Entity::User => ("user", "UserName"),
            Entity::Role => ("role", "RoleName"),
        }
    }

    /// How one of them is tagged, untagged, given a policy, taken one, and deleted.
    fn verbs(self) -> [Verb; 5] {
        match self {
            Entity::User => {
                [Verb::TagUser, Verb::UntagUser, Verb::PutUserPolicy, Verb::DeleteUserPolicy, Verb::DeleteUser]
            }
            Entity::Role => {
                [Verb::TagRole, Verb::UntagRole, Verb::PutRolePolicy, Verb::DeleteRolePolicy, Verb::DeleteRole]
            }
        }
    }
}

/// The steps for tags and policies.
fn common_steps(
    steps: &mut Vec<Step>,
    id: &str,
    entity: Entity,
    desired: &Common,
    actual: Option<&Common>,
    prune: bool,
) -> Result<(), String> {
    let ((what, member), [tag, untag, put, delete, _]) = (entity.names(), entity.verbs());
    let name = &desired.name;
    let none = BTreeMap::new();
    if let Some(actual) = actual {
        if actual.path != desired.path {
            return Err(format!(
                "the path of {what} {name} in {id} is {} and cannot become {}, since its ARN would be another: delete \
                 the {what} first, or give it its path",
                actual.path, desired.path
            ));
        }
        let phase = if what == "user" { Phase::Users } else { Phase::Roles };
        // A key in another case is replaced by setting it.
        let is_kept = |key: &&String| desired.tags.keys().any(|kept| text::same_key(kept, key));
        let extra: Vec<&String> = actual.tags.keys().filter(|key| prune && !is_kept(key)).collect();
        if !extra.is_empty() {
            let line = format!("- tags of {what} {name} in {id}: {}", joined(extra.iter().copied()));
            let members = json!({ member: name, "TagKeys": extra });
            steps.push(Step::new(phase, id, untag, step::body(&members), line));
        }
        let set: BTreeMap<_, _> =
            desired.tags.iter().filter(|(key, value)| actual.tags.get(*key) != Some(value)).collect();
        if !set.is_empty() {
            let line = format!("~ tags of {what} {name} in {id}: {}", joined(set.keys().copied()));
            let tags: Vec<_> = set.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
            steps.push(Step::new(phase, id, tag, step::body(&json!({ member: name, "Tags": tags })), line));
        }
    }
    let there = actual.map_or(&none, |actual| &actual.policies);
    // Before the others, since all of them together have a limit.
    for policy in there.keys().filter(|policy| prune && !desired.policies.contains_key(*policy)) {
        steps.push(no_policy(id, entity, name, policy, Phase::Policies, delete));
    }
    for (policy, document) in &desired.policies {
        let sign = match there.get(policy) {
            None => '+',
            Some(there) if there != document => '~',
            Some(_) => continue,
        };
        let line = format!("{sign} policy {policy} of {what} {name} in {id}");
        steps.push(Step::new(Phase::Policies, id, put, step::put_policy(put, name, policy, document), line));
    }
    Ok(())
}

fn access_keys(steps: &mut Vec<Step>, id: &str, of: Of<'_>, desired: &[AccessKey], actual: &BTreeMap<String, bool>) {
    for key in desired {
        let there = actual.get(&key.id);
        if there.is_none() {
            let line = format!("+ access key {} of {of} in {id}", key.id);
            let body = step::create_access_key(of, key);
            steps.push(Step::new(Phase::AccessKeys, id, Verb::CreateAccessKey, body, line));
        }
        // A new key is active.
        if *there.unwrap_or(&true) != key.active {
            let status = if key.active { "Active" } else { "Inactive" };
            let mut members = json!({ "AccessKeyId": key.id, "Status": status });
            if let Of::User(name) = of {
                members["UserName"] = json!(name);
            }
            let line = format!("~ access key {} of {of} in {id}: {status}", key.id);
            steps.push(Step::new(Phase::AccessKeys, id, Verb::UpdateAccessKey, step::body(&members), line));
        }
    }
}

/// The steps that leave nothing of a user or a role.
fn no_entity(steps: &mut Vec<Step>, id: &str, entity: Entity, common: &Common) {
    let ((what, member), [.., delete_policy, delete]) = (entity.names(), entity.verbs());
    for policy in common.policies.keys() {
        steps.push(no_policy(id, entity, &common.name, policy, Phase::Less, delete_policy));
    }
    let line = format!("- {what} {} in {id}", common.name);
    steps.push(Step::new(Phase::Gone, id, delete, step::body(&json!({ member: common.name })), line));
}

fn no_policy(id: &str, entity: Entity, name: &str, policy: &str, phase: Phase, delete: Verb) -> Step {
    let (what, member) = entity.names();
    let line = format!("- policy {policy} of {what} {name} in {id}");
    Step::new(phase, id, delete, step::body(&json!({ member: name, "PolicyName": policy })), line)
}

fn joined<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// What trusts nobody: a role whose own trust policy names roles that are not there yet starts with it.
const CLOSED: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;
/// How many pages of a thousand a list may have: a million users.
const PAGES_AT_MOST: usize = 1000;
