//! Aliases: names for keys, in the world of their keys. Three steps as for keys: a name is found or new, permitted, and
//! then made, moved or removed. An alias whose key is gone is gone with it, whether or not anybody has written so.

use policy::Resource;
use wire::{AliasListEntry, Op};

use crate::error::{Error, Invalid, Quota};
use crate::managed::{SERVICES, Service};
use crate::names::AliasName;
use crate::ops::Action;
use crate::records::{AliasRecord, AliasesRecord, KeyRecord};
use crate::rows::{self, Row};
use crate::world::World;

use super::act::Usable;
use super::change::{Change, Write};
use super::cx::{Ask, Cx, Stage};
use super::find::{By, Found};
use super::permit::{Permit, Permitted, ask_policies, not_there};
use super::view::{Key, View};

/// An alias that was named. The only way on is [`FoundAlias::permit`].
pub struct FoundAlias<'r> {
    cx: &'r Cx,
    alias: Alias,
}

/// An alias that the caller may make, move or remove. What it leads to, and is to lead to, has its own permit.
pub struct PermittedAlias<'r> {
    permit: Permit<'r>,
    alias: Alias,
}

/// A name in the caller's world, and what stands under it.
struct Alias {
    world: World,
    /// With its prefix `alias/`.
    name: String,
    row: Option<Row<AliasRecord>>,
}

impl Cx {
    /// Finds an alias of the caller's, and the key that it leads to.
    ///
    /// Errors: what [`AliasName::parse`] refuses; `NoSuchAlias`, also where its key is gone.
    pub async fn find_alias(&self, name: &str) -> Result<(FoundAlias<'_>, Found<'_>), Error> {
        let alias = self.named_alias(name).await?;
        let key = match &alias.row {
            Some(row) => self.view().key(alias.world.clone(), &row.value.key_id).await?,
            None => None,
        };
        let key = key.ok_or_else(|| Error::NoSuchAlias { arn: alias.arn() })?;
        self.note_alias(&alias);
        Ok((FoundAlias { cx: self, alias }, self.found(Some(key), By::Name)))
    }

    /// An alias that is to be made. Whether the name is taken is told to those who may make it.
    ///
    /// Errors: what [`AliasName::parse`] refuses; `NamelessAlias`.
    pub async fn new_alias(&self, name: &str) -> Result<FoundAlias<'_>, Error> {
        let alias = self.named_alias(name).await?;
        if alias.name == AliasName::PREFIX {
            return Err(Error::NamelessAlias);
        }
        Ok(FoundAlias { cx: self, alias })
    }

    async fn named_alias(&self, name: &str) -> Result<Alias, Error> {
        self.enter(Stage::Find)?;
        let (AliasName(name), world) = (AliasName::parse(name)?, self.world());
        let row = self.view().get(rows::alias_row(&world, &name)).await?;
        Ok(Alias { world, name, row })
    }

    fn note_alias(&self, alias: &Alias) {
        self.note(alias.world.account.clone(), alias.arn());
    }
}

impl<'r> FoundAlias<'r> {
    /// Asks whether the caller may do this to the alias.
    ///
    /// Errors: `Denied`.
    pub async fn permit(self, ask: Ask<'r>) -> Result<PermittedAlias<'r>, Error> {
        let FoundAlias { cx, alias } = self;
        cx.enter(Stage::Permit)?;
        cx.note_alias(&alias);
        let arn = alias.arn();
        // Its owner's policies alone speak about an alias: it has none of its own.
        ask_policies(cx, &ask, Resource { account: &alias.world.account, arn: &arn })?;
        Ok(PermittedAlias { permit: Permit::granted(cx, ask), alias })
    }
}

impl<'r> PermittedAlias<'r> {
    /// Makes the alias, which leads to `key` from now on.
    ///
    /// Errors: `AliasExists`; `LimitExceeded` where the key has as many as it may.
    pub async fn create(self, key: Usable<'r>) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::CreateAlias)])?;
        let PermittedAlias { permit, alias } = self;
        let (view, now) = (permit.cx.view(), permit.cx.now());
        let mut writes = Vec::new();
        if let Some(row) = &alias.row {
            if view.key(alias.world.clone(), &row.value.key_id).await?.is_some() {
                return Err(Error::AliasExists { arn: alias.arn() });
            }
            writes.extend(alias.leave(view, &row.value.key_id).await?);
        }
        writes.push(alias.join(view, &key.key).await?);
        let key_id = key.key.record().key_id.clone();
        writes.push(alias.put(&AliasRecord { key_id, created: now, updated: now })?);
        Ok(Change::new(permit.cx, key.key, writes))
    }

    /// Lets the alias lead to `new` instead of `old`, which may be the same and may be in any state.
    ///
    /// Errors: the `AliasKeyType` and `AliasKeyUsage` of `Invalid`; `LimitExceeded` where the new key has as many as
    /// it may.
    pub async fn point_at(self, old: Permitted<'r>, new: Usable<'r>) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::UpdateAlias)])?;
        let PermittedAlias { permit, alias } = self;
        let before = alias.leads_to(&old.key)?;
        alike(&alias.name, old.key.record(), new.key.record())?;
        let view = permit.cx.view();
        let (from, to) = (&old.key.record().key_id, &new.key.record().key_id);
        let record = AliasRecord { key_id: to.clone(), created: before.created, updated: permit.cx.now() };
        let mut writes = vec![alias.put(&record)?];
        if from != to {
            writes.push(alias.join(view, &new.key).await?);
            writes.extend(alias.leave(view, from).await?);
        }
        Ok(Change::new(permit.cx, new.key, writes))
    }

    /// Removes the alias from `key`.
    pub async fn delete(self, key: Usable<'r>) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::DeleteAlias)])?;
        let PermittedAlias { permit, alias } = self;
        alias.leads_to(&key.key)?;
        let mut writes = vec![Write::Delete { name: rows::alias_row(&alias.world, &alias.name) }];
        writes.extend(alias.leave(permit.cx.view(), &key.key.record().key_id).await?);
        Ok(Change::new(permit.cx, key.key, writes))
    }
}

impl Alias {
    fn arn(&self) -> String {
        self.world.alias_arn(&self.name)
    }

    /// What stands under the name, if it is this key.
    fn leads_to(&self, key: &Key) -> Result<&AliasRecord, Error> {
        let record = self.row.as_ref().map(|row| &*row.value);
        let leads = |record: &&AliasRecord| record.key_id == key.record().key_id && key.world == self.world;
        record.filter(leads).ok_or_else(|| Error::internal("an alias was to leave a key that it does not lead to"))
    }

    fn put(&self, record: &AliasRecord) -> Result<Write, Error> {
        let version = self.row.as_ref().map_or(0, |row| row.version);
        Write::put(rows::alias_row(&self.world, &self.name), version + 1, record)
    }

    /// The key's list with this alias. Every alias of a key is counted there: the row is list, quota and guard.
    async fn join(&self, view: &View, key: &Key) -> Result<Write, Error> {
        if key.world != self.world {
            return Err(Error::internal("an alias was to lead into another world"));
        }
        let list = rows::hanging_row(&self.world, &key.record().key_id, LIST);
        let row = view.get::<AliasesRecord>(list.clone()).await?;
        let (mut names, version) = row.map_or_else(Default::default, |row| (row.value.names.clone(), row.version));
        if names.len() >= view.core.quotas.aliases() {
            return Err(Error::LimitExceeded(Quota::Aliases));
        }
        names.insert(self.name.clone());
        Write::put(list, version + 1, &AliasesRecord { names })
    }

    /// The list of a key without this alias, if it has one.
    async fn leave(&self, view: &View, key_id: &str) -> Result<Option<Write>, Error> {
        let list = rows::hanging_row(&self.world, key_id, LIST);
        let Some(row) = view.get::<AliasesRecord>(list.clone()).await? else { return Ok(None) };
        let mut names = row.value.names.clone();
        names.remove(&self.name);
        Write::put(list, row.version + 1, &AliasesRecord { names }).map(Some)
    }
}

/// What the row of a key's aliases is called behind the key's name.
const LIST: &str = "aliases";

/// Whether an alias may go from one key to the other: whoever uses it must not notice.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>
fn alike(alias: &str, old: &KeyRecord, new: &KeyRecord) -> Result<(), Error> {
    let alias = alias.to_owned();
    let (from, to) = (old.spec.kind(), new.spec.kind());
    if from != to {
        return Err(Error::Invalid(Invalid::AliasKeyType { alias, from, to }));
    }
    let (from, to) = (old.usage, new.usage);
    if from != to {
        return Err(Error::Invalid(Invalid::AliasKeyUsage { alias, from, to }));
    }
    Ok(())
}

/// Listing.
impl<'r> Cx {
    /// Finds the key whose aliases are to be listed. It is no resource of the call: nothing is asked about it, and
    /// AWS's records do not name it.
    ///
    /// Errors: as [`Cx::find`].
    pub async fn find_listed(&'r self, name: &str) -> Result<Listed<'r>, Error> {
        Ok(Listed { cx: self, key: self.look(name).await? })
    }
}

/// The key whose aliases are to be listed. None: another account's, which is not there.
pub struct Listed<'r> {
    cx: &'r Cx,
    key: Option<Key>,
}

impl<'r> Permit<'r> {
    /// The aliases of the world, AWS's predefined ones among them, or of one of its keys, after `after`, in the order of their names, at most `limit`, and
    /// whether more follow.
    ///
    /// Errors: `Denied` for a key of another account, there or not.
    pub async fn aliases(
        &self,
        of: Option<Listed<'r>>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<AliasListEntry>, bool), Error> {
        self.begin(&[Action::Of(Op::ListAliases)])?;
        let world = self.cx.world();
        match of {
            None => self.all_aliases(&world, after, limit).await,
            Some(Listed { key: Some(key), .. }) if key.world == world => self.aliases_of(&key, after, limit).await,
            Some(Listed { cx, .. }) => Err(not_there(cx, self.action)),
        }
    }

    /// The world's aliases and AWS's predefined ones in one list.
    async fn all_aliases(
        &self,
        world: &World,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<AliasListEntry>, bool), Error> {
        let view = self.cx.view();
        let within = rows::prefix(&["a", &world.account, &world.region]);
        let mut last = after.map(|name| rows::alias_row(world, name));
        let predefined = SERVICES.iter().map(Service::alias);
        let mut predefined = predefined.filter(|name| after.is_none_or(|after| name.as_str() > after)).peekable();
        let mut listed = Vec::new();
        loop {
            let page = view.core.rows.store().scan(view.at, &within, last.as_deref(), store::limits::PAGE_ROWS).await;
            let page = page.map_err(rows::unreadable)?;
            for entry in &page.entries {
                let row = view.core.rows.open::<AliasRecord>(&entry.key, &entry.value, entry.revision)?;
                if view.key(world.clone(), &row.value.key_id).await?.is_none() {
                    continue;
                }
                let name = rows::parts(&entry.key).and_then(|parts| parts.last().copied());
                let name = name.ok_or_else(|| Error::internal("a row of an alias has no name"))?;
                while let Some(before) = predefined.next_if(|predefined| predefined.as_str() < name) {
                    listed.push(without_key(world, before));
                }
                predefined.next_if(|predefined| predefined == name);
                listed.push(told(world, name, &row.value));
                if listed.len() > limit {
                    return Ok(first(listed, limit));
                }
            }
            last = page.entries.last().map(|entry| entry.key.clone());
            if !page.more {
                listed.extend(predefined.map(|name| without_key(world, name)));
                return Ok(first(listed, limit));
            }
        }
    }

    async fn aliases_of(
        &self,
        key: &Key,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<AliasListEntry>, bool), Error> {
        let (view, world, key_id) = (self.cx.view(), &key.world, &key.record().key_id);
        let list = view.get::<AliasesRecord>(rows::hanging_row(world, key_id, LIST)).await?;
        let mut listed = Vec::new();
        for name in list.iter().flat_map(|row| &row.value.names) {
            if after.is_some_and(|after| name.as_str() <= after) {
                continue;
            }
            if listed.len() == limit {
                return Ok((listed, true));
            }
            let row = view.get::<AliasRecord>(rows::alias_row(world, name)).await?;
            listed.extend(row.map(|row| told(world, name, &row.value)));
        }
        Ok((listed, false))
    }
}

/// The first of these, and whether there are more.
fn first(mut listed: Vec<AliasListEntry>, limit: usize) -> (Vec<AliasListEntry>, bool) {
    let more = listed.len() > limit;
    listed.truncate(limit);
    (listed, more)
}

/// A predefined alias of AWS's whose key is not made yet.
fn without_key(world: &World, name: String) -> AliasListEntry {
    AliasListEntry { alias_arn: Some(world.alias_arn(&name)), alias_name: Some(name), ..AliasListEntry::default() }
}

fn told(world: &World, name: &str, record: &AliasRecord) -> AliasListEntry {
    AliasListEntry {
        alias_arn: Some(world.alias_arn(name)),
        alias_name: Some(name.to_owned()),
        creation_date: Some(record.created.into()),
        last_updated_date: Some(record.updated.into()),
        target_key_id: Some(record.key_id.clone()),
    }
}

/// How many aliases go in one commit: with the list and the key they stay within what a commit may expect and write.
const ALIASES_A_SWEEP: usize = 100;

/// The writes that take the next aliases of a key that is about to be destroyed; none once it has no list.
pub(super) async fn sweep(view: &View, world: &World, key_id: &str) -> Result<Vec<Write>, Error> {
    let list = rows::hanging_row(world, key_id, LIST);
    let Some(row) = view.get::<AliasesRecord>(list.clone()).await? else { return Ok(Vec::new()) };
    let mut names = row.value.names.clone();
    let later = names.iter().nth(ALIASES_A_SWEEP).cloned();
    let later = later.map(|name| names.split_off(&name)).unwrap_or_default();
    let mut writes = Vec::new();
    for name in names {
        let name = rows::alias_row(world, &name);
        let alias = view.get::<AliasRecord>(name.clone()).await?;
        if alias.is_some_and(|alias| alias.value.key_id == key_id) {
            writes.push(Write::Delete { name });
        }
    }
    writes.push(match later.is_empty() {
        true => Write::Delete { name: list },
        false => Write::put(list, row.version + 1, &AliasesRecord { names: later })?,
    });
    Ok(writes)
}
