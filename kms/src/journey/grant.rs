//! Grants: made, listed, retired and revoked. A grant that is to be retired is found and permitted by rules of its own,
//! because it may be named by a token alone and says itself who may retire it. Which grants speak for a caller is in
//! `crate::grants`.

use std::sync::{Arc, LazyLock};

use policy::{Grant, Resource};
use wire::{CreateGrantResponse, GrantConstraints, GrantListEntry, GrantOperation, Op};

use crate::error::{Error, GrantRule, Invalid, Quota};
use crate::grants::{COUNT, Child, Named, is_grant_id, last_part, principal_account};
use crate::ops::Action;
use crate::place::partition;
use crate::records::{GrantCountRecord, GrantNameRecord, GrantPrincipal, GrantRecord, GrantTerms, Mark};
use crate::rows::{self, Row, RowKey};
use crate::world::World;

use super::act::Usable;
use super::change::{Change, Done, Write};
use super::cx::{Ask, Cx, Stage};
use super::facts::{Asked, AskedGrant};
use super::permit::{Permit, Permitted, ask_grants, ask_policies, not_there};
use super::principals::{Resolved, resolve};
use super::view::{Key, View};

/// What a new grant is to be.
pub(crate) struct NewGrant {
    /// An ARN of a form that a grant can name.
    pub grantee: String,
    /// Another, or none.
    pub retirer: Option<String>,
    /// The name that makes asking twice the same as asking once.
    pub name: Option<String>,
    /// What it allows.
    pub child: Child,
}

/// A grant that was made, or that was there already under its name.
#[must_use = "a grant that is not handed over with the answer is never made"]
pub struct Granted<'r> {
    named: Named,
    cx: &'r Cx,
    change: Option<Change<'r>>,
}

impl Granted<'_> {
    /// The answer, with a token that nobody has had before.
    pub fn done(self) -> Done<CreateGrantResponse> {
        let token = self.named.token(&self.cx.view().core);
        let answer = CreateGrantResponse { grant_id: Some(self.named.grant_id), grant_token: Some(token) };
        match self.change {
            Some(change) => change.done(answer),
            None => Done::unchanged(answer),
        }
    }
}

/// Making and taking back.
impl<'r> Usable<'r> {
    /// Makes a grant on the key, unless it has this very one under this name.
    ///
    /// Errors: the `Operations` and `ConstraintOnKey` of `GrantRule`; `InvalidPrincipal` for one that is not there;
    /// `LimitExceeded` where the key has as many grants as it may.
    pub(crate) async fn create_grant(self, new: NewGrant) -> Result<Granted<'r>, Error> {
        fits(&new.child, &self.key)?;
        let cx = self.permit.cx;
        let (view, world, key_id) = (cx.view(), self.key.world.clone(), self.key.record().key_id.clone());
        let record = GrantRecord {
            grant_id: cx.drawn().grant_id.clone(),
            name: new.name,
            grantee: pinned(view, new.grantee).await?,
            retirer: match new.retirer {
                Some(arn) => Some(pinned(view, arn).await?),
                None => None,
            },
            operations: new.child.operations,
            terms: new.child.terms,
            issuer: cx.caller().account().to_owned(),
            created: cx.now(),
        };
        let place = Place { view, world: &world, key_id: &key_id };
        let there = place.same(&record).await?;
        let writes = match &there {
            Some(_) => Vec::new(),
            None => place.join(&record).await?,
        };
        self.permit.begin(&[Action::Of(Op::CreateGrant)])?;
        let is_new = there.is_none();
        let grant_id = there.unwrap_or(record.grant_id);
        cx.note_grant(&self.key, &grant_id);
        let change = is_new.then(|| Change::new(cx, self.key, writes));
        Ok(Granted { named: Named { world, key_id, grant_id }, cx, change })
    }

    /// Takes back a grant of the key.
    ///
    /// Errors: `NoSuchGrant`.
    pub async fn revoke_grant(self, grant_id: &str) -> Result<Change<'r>, Error> {
        let cx = self.permit.cx;
        let place = Place::of(cx.view(), &self.key);
        let grant = place.grant(grant_id).await?.ok_or_else(|| no_such_grant(grant_id))?;
        let writes = place.leave(&grant.value).await?;
        self.permit.begin(&[Action::Of(Op::RevokeGrant)])?;
        cx.note_grant(&self.key, grant_id);
        Ok(Change::new(cx, self.key, writes))
    }
}

/// Which grants of a key are listed.
#[derive(Clone, Copy, Default)]
pub struct Choice<'a> {
    /// Only the one of this id.
    pub id: Option<&'a str>,
    /// Only those to this principal.
    pub grantee: Option<&'a str>,
}

/// Listing.
impl Usable<'_> {
    /// The grants of the key after `after`, in the order of their ids, at most `limit`, and whether more follow.
    pub async fn grants(
        &self,
        choice: Choice<'_>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<GrantListEntry>, bool), Error> {
        self.permit.begin(&[Action::Of(Op::ListGrants)])?;
        let place = Place::of(self.permit.cx.view(), &self.key);
        match choice {
            Choice { id: Some(id), grantee } => {
                let found = place.grant(id).await?.filter(|_| after.is_none_or(|after| after < id));
                let entry = match found {
                    Some(grant) => Some(place.told(&grant.value).await?),
                    None => None,
                };
                Ok((entry.into_iter().filter(|entry| is_to(entry, grantee)).collect(), false))
            }
            Choice { id: None, grantee: Some(grantee) } => place.grants_to(grantee, after, limit).await,
            Choice { id: None, grantee: None } => place.all(after, limit).await,
        }
    }
}

fn is_to(entry: &GrantListEntry, grantee: Option<&str>) -> bool {
    grantee.is_none_or(|grantee| entry.grantee_principal.as_deref() == Some(grantee))
}

/// How a grant that is to be retired is named.
pub enum GrantName<'a> {
    /// By any of its tokens.
    Token(&'a str),
    /// By its key and its id.
    Id {
        /// A key id or key ARN.
        key: &'a str,
        /// The grant's id.
        grant: &'a str,
    },
}

/// A grant that was named to be retired. The only way on is [`FoundGrant::permit`]:
///
/// ```
/// # use kms::journey::{Cx, GrantName, UsableGrant};
/// async fn retire<'r>(cx: &'r Cx, token: &str) -> Result<UsableGrant<'r>, kms::Error> {
///     cx.find_grant(GrantName::Token(token)).await?.permit().await?.admit()
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use kms::journey::{Cx, GrantName, UsableGrant};
/// async fn retire<'r>(cx: &'r Cx, token: &str) -> Result<UsableGrant<'r>, kms::Error> {
///     cx.find_grant(GrantName::Token(token)).await?.admit()
/// }
/// ```
pub struct FoundGrant<'r> {
    cx: &'r Cx,
    /// None: another account's key that is not there, or that has no such grant.
    there: Option<(Key, Row<GrantRecord>)>,
}

/// A grant that the caller may retire.
pub struct PermittedGrant<'r> {
    key: Permitted<'r>,
    grant: Arc<GrantRecord>,
}

/// A grant that the caller may retire and that can be retired.
pub struct UsableGrant<'r> {
    key: Usable<'r>,
    grant: Arc<GrantRecord>,
}

impl Cx {
    /// Finds a grant that is to be retired.
    ///
    /// Errors: `InvalidGrantToken`; as [`Cx::find`] for a key by name; `NoSuchGrant` to whoever has a token of it, and
    /// in the caller's own account.
    pub async fn find_grant(&self, name: GrantName<'_>) -> Result<FoundGrant<'_>, Error> {
        self.enter(Stage::Find)?;
        let (key, id, told) = match name {
            GrantName::Token(token) => {
                let named = Named::read(&self.view().core, token)?;
                if named.world.region != self.world().region {
                    return Err(Error::InvalidGrantToken);
                }
                (self.view().key(named.world, &named.key_id).await?, named.grant_id, true)
            }
            GrantName::Id { key, grant } => {
                let key = self.look(key).await?;
                let own = key.as_ref().is_some_and(|key| key.world == self.world());
                (key, grant.to_owned(), own)
            }
        };
        if let Some(key) = &key {
            self.note_resource(key);
        }
        let grant = match &key {
            Some(key) => Place::of(self.view(), key).grant(&id).await?,
            None => None,
        };
        match key.zip(grant) {
            None if told => Err(no_such_grant(&id)),
            there => Ok(FoundGrant { cx: self, there }),
        }
    }
}

/// What the grants that stand for the right to retire one allow.
static RETIRES: LazyLock<[String; 1]> = LazyLock::new(|| [Op::RetireGrant.name().to_owned()]);

impl<'r> FoundGrant<'r> {
    /// Asks whether the caller may retire the grant: its retiring principal; its grantee, if RetireGrant is among its
    /// operations; the root of the account that made it; and, by identity policies, whoever the key's account or a
    /// retiring account lets. Key policies have no say, a Deny of the caller's own does.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
    ///
    /// Errors: `Denied`.
    pub async fn permit(self) -> Result<PermittedGrant<'r>, Error> {
        let FoundGrant { cx, there } = self;
        cx.enter(Stage::Permit)?;
        let Some((key, grant)) = there else {
            return Err(not_there(cx, Action::Of(Op::RetireGrant)));
        };
        let root = root_of(&key.world.region, &grant.value.issuer);
        let may_retire = |arn, id| Grant {
            id: &grant.value.grant_id,
            grantee: arn,
            grantee_id: id,
            operations: &*RETIRES,
            constraint: None,
            source_arn: None,
        };
        let of = |principal: &'_ GrantPrincipal| (principal.arn.clone(), principal.id.clone());
        let mut retirers: Vec<(String, Option<String>)> = grant.value.retirer.iter().map(of).collect();
        if grant.value.operations.contains(&RETIRES[0]) {
            retirers.push(of(&grant.value.grantee));
        }
        if cx.caller().arn() == root {
            retirers.push((root, None));
        }
        let voices: Vec<Grant<'_>> = retirers.iter().map(|(arn, id)| may_retire(arn, id.as_deref())).collect();
        let child = Child { operations: Vec::new(), terms: grant.value.terms.clone() };
        let asked = Asked {
            grant: Some(AskedGrant {
                grantee_principal: None,
                grantee_service_principal: None,
                retiring_principal: None,
                retiring_service_principal: None,
                child: &child,
            }),
            ..Asked::default()
        };
        ask_grants(cx, &cx.ask().with(asked), &key, &voices).await?;
        let grant = grant.value.clone();
        Ok(PermittedGrant { key: Permitted { permit: Permit::granted(cx, cx.ask()), key }, grant })
    }
}

impl<'r> PermittedGrant<'r> {
    /// Asks whether the key admits it.
    ///
    /// Errors: as [`Permitted::admit`].
    pub fn admit(self) -> Result<UsableGrant<'r>, Error> {
        Ok(UsableGrant { key: self.key.admit()?, grant: self.grant })
    }
}

impl<'r> UsableGrant<'r> {
    /// Retires the grant.
    pub async fn retire(self) -> Result<Change<'r>, Error> {
        let UsableGrant { key, grant } = self;
        let cx = key.permit.cx;
        let writes = Place::of(cx.view(), &key.key).leave(&grant).await?;
        key.permit.begin(&[Action::Of(Op::RetireGrant)])?;
        cx.note_grant(&key.key, &grant.grant_id);
        Ok(Change::new(cx, key.key, writes))
    }
}

/// Listing what one principal may retire, on the keys of all accounts.
impl Cx {
    /// Asks whether the caller may list the grants that this principal may retire.
    ///
    /// Errors: `InvalidPrincipal`; `Denied`, also for a principal of another account.
    pub async fn permit_retirable(&self, retirer: &str) -> Result<Permit<'_>, Error> {
        self.enter(Stage::Permit)?;
        let account = principal_account(retirer, &self.world().region)?;
        let ask: Ask<'_> = self.ask();
        ask_policies(self, &ask, Resource { account, arn: retirer })?;
        Ok(Permit::granted(self, ask))
    }
}

impl Permit<'_> {
    /// The grants that this principal may retire after `after`, at most `limit`, and where the next page begins.
    pub async fn retirable(
        &self,
        retirer: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<GrantListEntry>, Option<String>), Error> {
        self.begin(&[Action::Of(Op::ListRetirableGrants)])?;
        let (view, region) = (self.cx.view(), self.cx.world().region);
        let hash = view.core.grant_keys.principal(retirer);
        let within = rows::prefix(&["gr", &region, principal_account(retirer, &region)?, &hash]);
        let mut last = after.map(|after| [&within, after.as_bytes()].concat());
        let (mut listed, mut end) = (Vec::new(), None);
        loop {
            let page = view.core.rows.store().scan(view.at, &within, last.as_deref(), store::limits::PAGE_ROWS).await;
            let page = page.map_err(rows::unreadable)?;
            for entry in &page.entries {
                let found = retirable(view, &region, &entry.key).await?;
                let Some(told) = found.filter(|told| told.retiring_principal.as_deref() == Some(retirer)) else {
                    continue;
                };
                if listed.len() == limit {
                    return Ok((listed, end));
                }
                listed.push(told);
                end = Some(String::from_utf8_lossy(&entry.key[within.len()..]).into_owned());
            }
            last = page.entries.last().map(|entry| entry.key.clone());
            if !page.more {
                return Ok((listed, None));
            }
        }
    }
}

/// The grant behind a row of the index of retirers, if it and its key are there.
async fn retirable(view: &View, region: &str, row: &[u8]) -> Result<Option<GrantListEntry>, Error> {
    let parts = rows::parts(row).and_then(|parts| <[&str; 7]>::try_from(parts).ok());
    let [.., account, key_id, grant_id] =
        parts.ok_or_else(|| Error::internal("a row of the index of retirers names no grant"))?;
    let world = World { account: account.to_owned(), region: region.to_owned() };
    let Some(key) = view.key(world, key_id).await? else { return Ok(None) };
    let place = Place::of(view, &key);
    match place.grant(grant_id).await? {
        Some(grant) => Ok(Some(place.told(&grant.value).await?)),
        None => Ok(None),
    }
}

/// Where the grants of one key lie.
struct Place<'a> {
    view: &'a View,
    world: &'a World,
    key_id: &'a str,
}

impl<'a> Place<'a> {
    fn of(view: &'a View, key: &'a Key) -> Place<'a> {
        Place { view, world: &key.world, key_id: &key.record().key_id }
    }

    async fn grant(&self, id: &str) -> Result<Option<Row<GrantRecord>>, Error> {
        if !is_grant_id(id) {
            return Ok(None);
        }
        self.view.get(rows::grant_row(self.world, self.key_id, id)).await
    }

    /// The id of the grant that has this one's name and properties.
    async fn same(&self, record: &GrantRecord) -> Result<Option<String>, Error> {
        let Some(row) = self.name_row(record) else { return Ok(None) };
        let Some(name) = self.view.get::<GrantNameRecord>(row).await? else { return Ok(None) };
        let grant = self.grant(&name.value.grant_id).await?;
        Ok(grant.map(|grant| grant.value.grant_id.clone()))
    }

    /// The writes that add a grant: itself, what leads to it, and the count, which every grant of the key is in.
    async fn join(&self, record: &GrantRecord) -> Result<Vec<Write>, Error> {
        let (count, version) = self.count().await?;
        if count >= self.view.core.quotas.grants_per_key {
            return Err(Error::LimitExceeded(Quota::Grants));
        }
        let name = rows::grant_row(self.world, self.key_id, &record.grant_id);
        if self.view.get::<GrantRecord>(name.clone()).await?.is_some() {
            return Err(Error::internal("a grant of this random id is there already"));
        }
        let mut writes = vec![Write::put(name, 1, record)?, self.put_count(count + 1, version)?];
        if let Some(row) = self.name_row(record) {
            let version = self.view.get::<GrantNameRecord>(row.clone()).await?.map_or(0, |row| row.version);
            let grant_id = record.grant_id.clone();
            writes.push(Write::put(row, version + 1, &GrantNameRecord { grant_id })?);
        }
        for row in self.index_rows(record)? {
            let version = self.view.get::<Mark>(row.clone()).await?.map_or(0, |row| row.version);
            writes.push(Write::put(row, version + 1, &Mark {})?);
        }
        Ok(writes)
    }

    /// The writes that take a grant away.
    async fn leave(&self, record: &GrantRecord) -> Result<Vec<Write>, Error> {
        let (count, version) = self.count().await?;
        let mut writes = self.remove(record).await?;
        writes.push(self.put_count(count.saturating_sub(1), version)?);
        Ok(writes)
    }

    /// The deletions of a grant's own rows.
    async fn remove(&self, record: &GrantRecord) -> Result<Vec<Write>, Error> {
        let name = rows::grant_row(self.world, self.key_id, &record.grant_id);
        let mut writes = vec![Write::Delete { name }];
        if let Some(name) = self.name_row(record) {
            let row = self.view.get::<GrantNameRecord>(name.clone()).await?;
            if row.is_some_and(|row| row.value.grant_id == record.grant_id) {
                writes.push(Write::Delete { name });
            }
        }
        for name in self.index_rows(record)? {
            if self.view.get::<Mark>(name.clone()).await?.is_some() {
                writes.push(Write::Delete { name });
            }
        }
        Ok(writes)
    }

    fn name_row(&self, record: &GrantRecord) -> Option<RowKey> {
        let hash = self.view.core.grant_keys.properties(record)?;
        Some(rows::grant_name_row(self.world, self.key_id, &hash))
    }

    /// The rows that lead to the grant from its grantee and its retirer.
    fn index_rows(&self, record: &GrantRecord) -> Result<Vec<RowKey>, Error> {
        let keys = &self.view.core.grant_keys;
        let grantee = keys.principal(&record.grantee.arn);
        let mut indexed = vec![rows::grantee_row(self.world, self.key_id, &grantee, &record.grant_id)];
        if let Some(retirer) = &record.retirer {
            let account = principal_account(&retirer.arn, &self.world.region)?;
            let retirer = (account, keys.principal(&retirer.arn));
            indexed.push(rows::retirer_row((retirer.0, &retirer.1), self.world, self.key_id, &record.grant_id));
        }
        Ok(indexed)
    }

    fn count_row(&self) -> RowKey {
        rows::hanging_row(self.world, self.key_id, COUNT)
    }

    async fn count(&self) -> Result<(u32, u64), Error> {
        let row = self.view.get::<GrantCountRecord>(self.count_row()).await?;
        Ok(row.map_or((0, 0), |row| (row.value.grants, row.version)))
    }

    fn put_count(&self, grants: u32, version: u64) -> Result<Write, Error> {
        Write::put(self.count_row(), version + 1, &GrantCountRecord { grants })
    }

    async fn all(&self, after: Option<&str>, limit: usize) -> Result<(Vec<GrantListEntry>, bool), Error> {
        let World { account, region } = self.world;
        let within = rows::prefix(&["g", account, region, self.key_id]);
        let after = after.map(|id| rows::grant_row(self.world, self.key_id, id));
        let rows = &self.view.core.rows;
        let page = rows.store().scan(self.view.at, &within, after.as_deref(), limit).await.map_err(rows::unreadable)?;
        let mut listed = Vec::new();
        for entry in &page.entries {
            let grant = rows.open::<GrantRecord>(&entry.key, &entry.value, entry.revision)?;
            listed.push(self.told(&grant.value).await?);
        }
        Ok((listed, page.more))
    }

    async fn grants_to(
        &self,
        grantee: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<GrantListEntry>, bool), Error> {
        let (view, World { account, region }) = (self.view, self.world);
        let hash = view.core.grant_keys.principal(grantee);
        let within = rows::prefix(&["gp", account, region, self.key_id, &hash]);
        let mut last = after.map(|id| rows::grantee_row(self.world, self.key_id, &hash, id));
        let mut listed = Vec::new();
        loop {
            let page = view.core.rows.store().scan(view.at, &within, last.as_deref(), store::limits::PAGE_ROWS).await;
            let page = page.map_err(rows::unreadable)?;
            for entry in &page.entries {
                let Some(grant) = self.grant(last_part(&entry.key)?).await? else { continue };
                let told = self.told(&grant.value).await?;
                if !is_to(&told, Some(grantee)) {
                    continue;
                }
                if listed.len() == limit {
                    return Ok((listed, true));
                }
                listed.push(told);
            }
            last = page.entries.last().map(|entry| entry.key.clone());
            if !page.more {
                return Ok((listed, false));
            }
        }
    }

    async fn told(&self, grant: &GrantRecord) -> Result<GrantListEntry, Error> {
        let retiring_principal = match &grant.retirer {
            Some(retirer) => Some(shown(self.view, retirer).await?),
            None => None,
        };
        let operation = |word: &String| GrantOperation::parse(word);
        Ok(GrantListEntry {
            key_id: Some(self.world.key_arn(self.key_id)),
            grant_id: Some(grant.grant_id.clone()),
            name: grant.name.clone(),
            creation_date: Some(grant.created.into()),
            grantee_principal: Some(shown(self.view, &grant.grantee).await?),
            retiring_principal,
            issuing_account: Some(root_of(&self.world.region, &grant.issuer)),
            operations: Some(grant.operations.iter().filter_map(operation).collect()),
            constraints: constraints(&grant.terms),
            grantee_service_principal: None,
            retiring_service_principal: None,
        })
    }
}

/// A principal as lists show it: one that is no more, or is another by now, by its unique id.
async fn shown(view: &View, principal: &GrantPrincipal) -> Result<String, Error> {
    let Some(id) = &principal.id else { return Ok(principal.arn.clone()) };
    let is_still = matches!(resolve(view, &principal.arn).await?, Resolved::Pinned(now) if now == *id);
    Ok(if is_still { principal.arn.clone() } else { id.clone() })
}

/// A principal as a grant stores it: with the unique id that it has today.
async fn pinned(view: &View, arn: String) -> Result<GrantPrincipal, Error> {
    let id = match resolve(view, &arn).await? {
        Resolved::Pinned(id) => Some(id),
        Resolved::Unpinned => None,
        Resolved::Missing => return Err(Error::InvalidPrincipal { arn }),
    };
    Ok(GrantPrincipal { arn, id })
}

fn constraints(terms: &GrantTerms) -> Option<GrantConstraints> {
    let GrantTerms { equals, subset, source_arn } = terms.clone();
    let constraints =
        GrantConstraints { encryption_context_equals: equals, encryption_context_subset: subset, source_arn };
    (!terms.are_none()).then_some(constraints)
}

fn root_of(region: &str, account: &str) -> String {
    format!("arn:{}:iam::{account}:root", partition(region))
}

fn no_such_grant(id: &str) -> Error {
    Error::NoSuchGrant { id: id.to_owned() }
}

/// Whether a grant of this kind can be on this key.
fn fits(child: &Child, key: &Key) -> Result<(), Error> {
    let (spec, usage) = (key.record().spec, key.record().usage);
    let grantable = crate::grants::grantable(spec, usage);
    let not: Vec<&String> =
        child.operations.iter().filter(|word| !grantable.iter().any(|op| op.as_str() == **word)).collect();
    if !not.is_empty() {
        let operations = not.into_iter().cloned().collect();
        return Err(Error::Invalid(Invalid::Grant(GrantRule::Operations {
            operations,
            spec: spec.as_str(),
            usage: usage.as_str(),
        })));
    }
    let constrained = child.terms.equals.is_some() || child.terms.subset.is_some();
    if constrained && spec.kind() != crypto::spec::Kind::Symmetric {
        return Err(Error::Invalid(Invalid::Grant(GrantRule::ConstraintOnKey)));
    }
    Ok(())
}

/// How many grants go in one commit: each has up to four rows, and with the key and its count they stay within what a
/// commit may expect and write.
const GRANTS_A_SWEEP: usize = 25;

/// The writes that take the next grants of a key that is about to be destroyed; none once it has no more. The count is
/// read, so that the commit expects it: every writer of a grant writes it too.
pub(super) async fn sweep(view: &View, world: &World, key_id: &str) -> Result<Vec<Write>, Error> {
    let place = Place { view, world, key_id };
    place.count().await?;
    let within = rows::prefix(&["g", &world.account, &world.region, key_id]);
    let page = view.core.rows.store().scan(view.at, &within, None, GRANTS_A_SWEEP).await.map_err(rows::unreadable)?;
    let mut writes = Vec::new();
    for entry in &page.entries {
        let grant = view.core.rows.open::<GrantRecord>(&entry.key, &entry.value, entry.revision)?;
        view.note(entry.key.clone(), entry.revision);
        writes.extend(place.remove(&grant.value).await?);
    }
    Ok(writes)
}
