//! What a verb does: it reads rows, and answers with its edits. Nothing is written here, and a verb that is refused
//! edits nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Answer;
use super::asked::{Arguments, Asked, GivenKey, Kind, NewRole, Page, RootKey, Whose};
use super::entity::{self, Entity, described, found, rewrite, shown};
use super::keys;
use crate::record::{Account, Holder, Owner, Role, Trust, User};
use crate::text::{self, Name, Path};
use crate::{Draw, Edit, Halt, Kept, Refusal, Shelf, Stored, Unknown, ids, is_of_partition, pin, pins, rows};
use policy::{Document, Kind as DocumentKind};

/// Does what is asked in `account`, whose ARNs have this partition: the answer, and the edits that make it true.
///
/// The edits rely on every row that was read being as it was, as [`Shelf`] says. Whether whoever asks may is not asked
/// here, but that accounts are made and listed from the managing account alone.
///
/// # Errors
/// [`Halt::Refused`] with IAM's name and text, or whatever the shelf could not read.
pub async fn run<S: Shelf>(
    asked: &Asked,
    shelf: &S,
    account: &str,
    partition: &str,
    draw: Draw<'_>,
) -> Result<(Answer, Vec<Edit>), Halt<S::Unreadable>> {
    let mut desk = Desk { shelf, account, partition, draw, edits: Vec::new() };
    let answer = answer(&mut desk, &asked.arguments).await?;
    Ok((answer, desk.edits))
}

/// What a verb is about, for policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its ARN, or `*`.
    pub arn: String,
    /// Its tags, for `aws:ResourceTag/…` and `iam:ResourceTag/…`.
    pub tags: BTreeMap<String, String>,
}

/// What `asked` is about: the user or role it names, as it is, or as it would be called if it is not there.
///
/// # Errors
/// What the shelf could not read.
pub async fn subject<S: Shelf>(
    asked: &Asked,
    shelf: &S,
    account: &str,
    partition: &str,
) -> Result<Subject, S::Unreadable> {
    let arn = |rest: String| Subject { arn: format!("arn:{partition}:iam::{account}:{rest}"), tags: BTreeMap::new() };
    let (kind, name) = match &asked.arguments {
        Arguments::CreateAccount { .. } | Arguments::ListAccounts(_) => {
            return Ok(Subject { arn: "*".to_owned(), tags: BTreeMap::new() });
        }
        Arguments::CreateUser { name, path, .. } => return Ok(arn(format!("user{}{}", path.as_str(), name.as_str()))),
        Arguments::CreateRole(NewRole { name, path, .. }) => {
            return Ok(arn(format!("role{}{}", path.as_str(), name.as_str())));
        }
        Arguments::List(kind, prefix, _) => return Ok(arn(format!("{}{}", kind.part(), prefix.as_str()))),
        Arguments::GetUser(whose)
        | Arguments::CreateAccessKey(whose, _)
        | Arguments::ListAccessKeys(whose, _)
        | Arguments::UpdateAccessKey { whose, .. }
        | Arguments::DeleteAccessKey { whose, .. } => match whose {
            Whose::Root => return Ok(arn("root".to_owned())),
            Whose::User(name) => (Kind::User, name),
        },
        Arguments::GetRole(name)
        | Arguments::UpdateRole { name, .. }
        | Arguments::UpdateAssumeRolePolicy { name, .. } => (Kind::Role, name),
        Arguments::Delete(kind, name)
        | Arguments::Tag(kind, name, _)
        | Arguments::Untag(kind, name, _)
        | Arguments::ListTags(kind, name, _)
        | Arguments::PutPolicy(kind, name, _, _)
        | Arguments::GetPolicy(kind, name, _)
        | Arguments::ListPolicies(kind, name, _)
        | Arguments::DeletePolicy(kind, name, _) => (*kind, name),
    };
    let known = match kind {
        Kind::User => known::<User, S>(shelf, account, partition, name).await?,
        Kind::Role => known::<Role, S>(shelf, account, partition, name).await?,
    };
    Ok(known.unwrap_or_else(|| arn(format!("{}/{}", kind.part(), name.as_str()))))
}

async fn known<E: Entity, S: Shelf>(
    shelf: &S,
    account: &str,
    partition: &str,
    name: &Name,
) -> Result<Option<Subject>, S::Unreadable> {
    let kept = shelf.get::<E>(E::row(account, name.as_str())).await?;
    Ok(kept
        .filter(|kept| kept.record.name() == name.as_str())
        .map(|kept| Subject { arn: kept.record.arn(account, partition), tags: kept.record.tags().clone() }))
}

/// The place where one verb works: what it reads from, and the edits that it has made so far.
pub(super) struct Desk<'a, S: Shelf> {
    shelf: &'a S,
    pub(super) account: &'a str,
    pub(super) partition: &'a str,
    pub(super) draw: Draw<'a>,
    edits: Vec<Edit>,
}

impl<S: Shelf> Desk<'_, S> {
    pub(super) async fn get<T: Stored>(&self, row: Vec<u8>) -> Result<Option<Kept<T>>, Halt<S::Unreadable>> {
        self.shelf.get(row).await.map_err(Halt::Unreadable)
    }

    /// The names of a page of rows, and whether more come after them.
    pub(super) async fn names(
        &self,
        prefix: Vec<u8>,
        page: &Page,
    ) -> Result<(Vec<Vec<u8>>, bool), Halt<S::Unreadable>> {
        let after = page.after.as_ref().map(|after| [&prefix, after.as_bytes()].concat());
        self.shelf.names(prefix, after, page.at_most).await.map_err(Halt::Unreadable)
    }

    /// The record of the account that the verb acts in.
    pub(super) async fn own_account(&self) -> Result<Kept<Account>, Halt<S::Unreadable>> {
        let kept = self.get::<Account>(rows::account(self.account)).await?;
        Ok(kept.ok_or_else(|| Refusal::no_such("account", self.account))?)
    }

    /// Wants `record` in its row, which has been written `version` times so far. `of` is what a client knows it as.
    pub(super) fn put<T: Stored>(&mut self, row: Vec<u8>, version: u64, record: &T, of: &str) -> Result<(), Refusal> {
        let encoded = record.encode();
        if encoded.expose().len() > RECORD_AT_MOST {
            let message = format!("The policies and tags of {of} take more than {RECORD_AT_MOST} bytes");
            return Err(Refusal::too_large(message));
        }
        self.edits.push(Edit::Put { row, version: version + 1, encoded });
        Ok(())
    }

    pub(super) fn delete(&mut self, row: Vec<u8>) {
        self.edits.push(Edit::Delete { row });
    }

    /// Gives `id` to `holder`, for ever.
    async fn give(&mut self, id: &str, holder: &Holder) -> Result<(), Halt<S::Unreadable>> {
        let row = rows::by_id(self.account, id);
        if self.get::<Holder>(row.clone()).await?.is_some() {
            // Nobody draws 85 bits twice from a generator that works.
            let message = "The request processing has failed: a unique id was drawn a second time.".to_owned();
            return Err(Refusal { name: "ServiceFailure", message, status: 500 }.into());
        }
        Ok(self.put(row, 0, holder, "id")?)
    }
}

/// One function for users and one for roles is the same function.
macro_rules! of_kind {
    ($kind:expr, $module:ident::$verb:ident($($argument:expr),*)) => {
        match $kind {
            Kind::User => $module::$verb::<User, S>($($argument),*).await,
            Kind::Role => $module::$verb::<Role, S>($($argument),*).await,
        }
    };
}

async fn answer<S: Shelf>(desk: &mut Desk<'_, S>, arguments: &Arguments) -> Result<Answer, Halt<S::Unreadable>> {
    match arguments {
        Arguments::CreateAccount { id, name, key } => create_account(desk, id.as_deref(), name.as_deref(), key).await,
        Arguments::ListAccounts(page) => list_accounts(desk, page).await,
        Arguments::CreateUser { name, path, tags } => create_user(desk, name, path, tags).await,
        Arguments::GetUser(whose) => get_user(desk, whose).await,
        Arguments::CreateRole(role) => create_role(desk, role).await,
        Arguments::GetRole(name) => get_role(desk, name).await,
        Arguments::UpdateRole { name, description, max_session_seconds } => {
            update_role(desk, name, description.as_deref(), *max_session_seconds).await
        }
        Arguments::UpdateAssumeRolePolicy { name, document } => update_trust(desk, name, document).await,
        Arguments::List(kind, prefix, page) => of_kind!(kind, entity::list(desk, prefix, page)),
        Arguments::Delete(kind, name) => of_kind!(kind, entity::delete(desk, name)),
        Arguments::Tag(kind, name, tags) => of_kind!(kind, entity::tag(desk, name, tags)),
        Arguments::Untag(kind, name, keys) => of_kind!(kind, entity::untag(desk, name, keys)),
        Arguments::ListTags(kind, name, page) => of_kind!(kind, entity::list_tags(desk, name, page)),
        Arguments::PutPolicy(kind, name, policy, document) => {
            of_kind!(kind, entity::put_policy(desk, name, policy, document))
        }
        Arguments::GetPolicy(kind, name, policy) => of_kind!(kind, entity::get_policy(desk, name, policy)),
        Arguments::ListPolicies(kind, name, page) => of_kind!(kind, entity::list_policies(desk, name, page)),
        Arguments::DeletePolicy(kind, name, policy) => of_kind!(kind, entity::delete_policy(desk, name, policy)),
        Arguments::CreateAccessKey(whose, given) => keys::create(desk, whose, given.as_ref()).await,
        Arguments::ListAccessKeys(whose, page) => keys::list(desk, whose, page).await,
        Arguments::UpdateAccessKey { whose, id, active } => keys::update(desk, whose, id, *active).await,
        Arguments::DeleteAccessKey { whose, id } => keys::delete(desk, whose, id).await,
    }
}

async fn create_account<S: Shelf>(
    desk: &mut Desk<'_, S>,
    id: Option<&str>,
    name: Option<&str>,
    key: &RootKey,
) -> Result<Answer, Halt<S::Unreadable>> {
    manages(desk).await?;
    let id = id.map_or_else(|| ids::account(desk.draw.random), str::to_owned);
    let row = rows::account(&id);
    if desk.get::<Account>(row.clone()).await?.is_some() {
        return Err(Refusal::id_exists("Account", &id).into());
    }
    let given: Option<Option<&GivenKey>> = match key {
        RootKey::Drawn => Some(None),
        RootKey::Given(given) => Some(Some(given)),
        RootKey::None => None,
    };
    let mut account = Account {
        created: desk.draw.now_ms,
        name: name.map(str::to_owned),
        management: false,
        access_keys: BTreeMap::new(),
    };
    let mut answer = Answer::of(json!({ "Account": shown_account(&id, &account) }));
    if let Some(given) = given {
        let (key, facts, secret) = keys::make(desk, &id, Owner::Root, given).await?;
        answer = answer.with_key(keys::shown_root(&key, &facts), secret);
        account.access_keys.insert(key, facts);
    }
    desk.put(row, 0, &account, "account")?;
    Ok(answer)
}

async fn list_accounts<S: Shelf>(desk: &Desk<'_, S>, page: &Page) -> Result<Answer, Halt<S::Unreadable>> {
    manages(desk).await?;
    let (names, more) = desk.names(rows::accounts(), page).await?;
    let mut shown = Vec::new();
    for row in &names {
        if let (Some(id), Some(kept)) = (rows::last_part(row), desk.get::<Account>(row.clone()).await?) {
            shown.push(shown_account(id, &kept.record));
        }
    }
    let mut answer = json!({ "Accounts": shown, "IsTruncated": more });
    if let (true, Some(last)) = (more, names.last().and_then(|row| rows::last_part(row))) {
        answer["Marker"] = json!(last);
    }
    Ok(Answer::of(answer))
}

/// Refuses whoever does not act in the managing account.
async fn manages<S: Shelf>(desk: &Desk<'_, S>) -> Result<(), Halt<S::Unreadable>> {
    if desk.own_account().await?.record.management {
        return Ok(());
    }
    let message = "You don't have permissions to access this resource: accounts are managed from the account that the \
                   first start made";
    Err(Refusal::denied(message).into())
}

fn shown_account(id: &str, account: &Account) -> Value {
    let mut shown = json!({
        "Id": id,
        "Management": account.management,
        "CreateDate": text::date(account.created),
    });
    if let Some(name) = &account.name {
        shown["Name"] = json!(name);
    }
    shown
}

async fn create_user<S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
    path: &Path,
    tags: &BTreeMap<String, String>,
) -> Result<Answer, Halt<S::Unreadable>> {
    absent::<User, S>(desk, name).await?;
    let user = User {
        name: name.as_str().to_owned(),
        path: path.as_str().to_owned(),
        id: ids::user(desk.draw.random),
        created: desk.draw.now_ms,
        tags: tags.clone(),
        policies: BTreeMap::new(),
        access_keys: BTreeMap::new(),
    };
    desk.give(&user.id, &Holder::User { name: user.name.clone() }).await?;
    desk.put(rows::user(desk.account, &user.name), 0, &user, &format!("user {}", user.name))?;
    Ok(described(desk, &user))
}

async fn get_user<S: Shelf>(desk: &Desk<'_, S>, whose: &Whose) -> Result<Answer, Halt<S::Unreadable>> {
    match whose {
        Whose::User(name) => {
            let kept = found::<User, S>(desk, name).await?;
            Ok(described(desk, &*kept.record))
        }
        Whose::Root => {
            let account = desk.own_account().await?;
            Ok(Answer::of(json!({ "User": {
                "UserId": desk.account,
                "Arn": format!("arn:{}:iam::{}:root", desk.partition, desk.account),
                "CreateDate": text::date(account.record.created),
            } })))
        }
    }
}

async fn create_role<S: Shelf>(desk: &mut Desk<'_, S>, new: &NewRole) -> Result<Answer, Halt<S::Unreadable>> {
    absent::<Role, S>(desk, &new.name).await?;
    let role = Role {
        name: new.name.as_str().to_owned(),
        path: new.path.as_str().to_owned(),
        id: ids::role(desk.draw.random),
        created: desk.draw.now_ms,
        description: new.description.clone(),
        trust: trust(desk, &new.document).await?,
        max_session_seconds: new.max_session_seconds,
        tags: new.tags.clone(),
        policies: BTreeMap::new(),
    };
    desk.give(&role.id, &Holder::Role { name: role.name.clone() }).await?;
    desk.put(rows::role(desk.account, &role.name), 0, &role, &format!("role {}", role.name))?;
    Ok(described(desk, &role))
}

/// Where a user or a role that its trust policy names is no more, that shows the unique id, as AWS's does.
async fn get_role<S: Shelf>(desk: &Desk<'_, S>, name: &Name) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<Role, S>(desk, name).await?;
    let trust = &kept.record.trust;
    let mut gone = BTreeMap::new();
    for (written, id) in trust.pins() {
        let now = pin(written, desk.account, desk.shelf).await.map_err(Halt::Unreadable)?;
        if now.ok().flatten().as_ref() != Some(id) {
            gone.insert(written.as_str(), id);
        }
    }
    let mut role = shown(desk, &*kept.record);
    if !gone.is_empty() {
        let named = policy::lay_out_with(trust.text(), &|written| gone.get(written).map(|id| (*id).clone()));
        role["AssumeRolePolicyDocument"] = json!(named);
    }
    Ok(Answer::of(json!({ "Role": role })))
}

async fn update_role<S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
    description: Option<&str>,
    max_session_seconds: Option<u32>,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<Role, S>(desk, name).await?;
    let mut changed = Role::clone(&kept.record);
    if let Some(description) = description {
        description.clone_into(&mut changed.description);
    }
    changed.max_session_seconds = max_session_seconds.unwrap_or(changed.max_session_seconds);
    rewrite(desk, &kept, &changed)?;
    Ok(Answer::of(json!({})))
}

async fn update_trust<S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
    document: &str,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<Role, S>(desk, name).await?;
    let changed = Role { trust: trust(desk, document).await?, ..Role::clone(&kept.record) };
    rewrite(desk, &kept, &changed)?;
    Ok(Answer::of(json!({})))
}

/// The trust policy that `document` is, bound to those who have its principals' names now.
async fn trust<S: Shelf>(desk: &Desk<'_, S>, document: &str) -> Result<Trust, Halt<S::Unreadable>> {
    let malformed = |why: policy::DocumentError| Refusal::malformed(why.to_string());
    if entity::size(document) > TRUST_AT_MOST {
        return Err(Refusal::quota("ACLSizePerRole", TRUST_AT_MOST).into());
    }
    let compiled = Document::compile(document, DocumentKind::Trust).map_err(malformed)?;
    if compiled.principals().count() > PRINCIPALS_AT_MOST {
        return Err(Refusal::quota("PrincipalsPerTrustPolicy", PRINCIPALS_AT_MOST).into());
    }
    let nobody = |principal| Refusal::malformed(format!("Invalid principal in policy: \"AWS\":\"{principal}\""));
    // Nobody is called so here: a Deny of theirs would deny nobody.
    if let Some(written) = compiled.principals().find(|written| !is_of_partition(written, desk.partition)) {
        return Err(nobody(written.to_owned()).into());
    }
    match pins(&compiled, desk.account, desk.shelf).await.map_err(Halt::Unreadable)? {
        Ok(pins) => Ok(Trust::pinned(document.to_owned(), pins).map_err(malformed)?),
        Err(Unknown(principal)) => Err(nobody(principal).into()),
    }
}

/// Refuses a name that is taken, in whichever case.
async fn absent<E: Entity, S: Shelf>(desk: &Desk<'_, S>, name: &Name) -> Result<(), Halt<S::Unreadable>> {
    match desk.get::<E>(E::row(desk.account, name.as_str())).await? {
        Some(_) => Err(Refusal::exists(E::TITLE, name.as_str()).into()),
        None => Ok(()),
    }
}

/// How much a role's trust policy may be: as far as AWS raises its quota.
const TRUST_AT_MOST: usize = 4096;
/// How many principals a trust policy may name: each takes a row or two of those that one commit can rely on.
const PRINCIPALS_AT_MOST: usize = 50;
/// How many bytes a record may have: below the 64 KiB that a sealed row may take.
const RECORD_AT_MOST: usize = 60 * 1024;
