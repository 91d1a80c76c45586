//! AWS managed keys: DescribeKey of a predefined alias makes the key of that service, once, and tells it like any other.
//! What is fixed about such a key, and for which services there is one, is in `crate::managed`.
//!
//! The four steps are those of every key. Whether the caller may describe the key is decided before it is there, by the
//! policy that it will have: whoever may not makes nothing.

use crypto::spec::{KeySpec, KeyUsage};
use wire::{Op, Response};

use crate::error::Error;
use crate::keys::lifecycle::{Facts, KeyOrigin, MaterialId};
use crate::managed::{ROTATION_PERIOD_DAYS, Service};
use crate::names::KeyName;
use crate::ops::Action;
use crate::records::{AliasRecord, AliasesRecord, KeyRecord, PolicyRecord};
use crate::rows::{self, Row};

use super::act::Usable;
use super::change::{Change, Done, Write};
use super::create::first_record;
use super::cx::{Ask, Cx, Stage};
use super::find::Found;
use super::permit::{Permit, Permitted, ask_unmade};
use super::view::Key;
use super::wrapped::{draw_material_id, put_material};

/// A key that is to be described. The only way on is [`ToDescribe::permit`].
pub struct ToDescribe<'r>(Way<Found<'r>, (&'r Cx, Unmade)>);

/// A key that the caller may have described. The only way on is [`Described::admit`].
pub struct Described<'r>(Way<Permitted<'r>, (Permit<'r>, Unmade)>);

/// A key that can be described.
pub struct Describable<'r>(Way<Usable<'r>, (Permit<'r>, Unmade)>);

/// What DescribeKey tells, and the change that makes it true, if there is one.
#[must_use]
pub struct Told<'r>(Way<Usable<'r>, Change<'r>>);

/// One of two ways to the same answer.
enum Way<There, ToMake> {
    There(There),
    ToMake(ToMake),
}

/// The key of a service as it is to be made.
struct Unmade {
    service: &'static Service,
    key: Key,
    material_id: MaterialId,
    policy: PolicyRecord,
}

impl Cx {
    /// Finds the key that is to be described: by a predefined alias of the caller's own world even one that is not there
    /// yet.
    ///
    /// Errors: as [`Cx::find`].
    pub async fn find_described(&self, name: &str) -> Result<ToDescribe<'_>, Error> {
        self.enter(Stage::Find)?;
        let name = KeyName::parse(name, &self.world(), self.sheet().names)?;
        if let KeyName::Alias { world, alias } = &name
            && *world == self.world()
            && let Some(service) = Service::of_alias(alias)
            && self.view().get::<AliasRecord>(rows::alias_row(world, alias)).await?.is_none()
        {
            return Ok(ToDescribe(Way::ToMake((self, Unmade::new(self, service)))));
        }
        Ok(ToDescribe(Way::There(self.find_name(name).await?)))
    }
}

impl<'r> ToDescribe<'r> {
    /// Asks whether the caller may have the key described; one that is not there yet, by the policy that it will have.
    ///
    /// Errors: as [`Found::permit`].
    pub async fn permit(self, ask: Ask<'r>) -> Result<Described<'r>, Error> {
        Ok(Described(match self.0 {
            Way::There(found) => Way::There(found.permit(ask).await?),
            Way::ToMake((cx, unmade)) => {
                cx.enter(Stage::Permit)?;
                let Unmade { service, key, policy, .. } = &unmade;
                let policy = policy.said().map_err(|why| Error::internal(format!("a policy of AWS's: {why}")))?;
                ask_unmade(cx, &ask, key, &service.alias(), policy).await?;
                Way::ToMake((Permit::granted(cx, ask), unmade))
            }
        }))
    }
}

impl<'r> Described<'r> {
    /// Asks whether the key's state admits it; that of a new key does.
    ///
    /// Errors: as [`Permitted::admit`].
    pub fn admit(self) -> Result<Describable<'r>, Error> {
        Ok(Describable(match self.0 {
            Way::There(permitted) => Way::There(permitted.admit()?),
            Way::ToMake((permit, unmade)) => {
                permit.cx.enter(Stage::Admit)?;
                Way::ToMake((permit, unmade))
            }
        }))
    }
}

impl<'r> Describable<'r> {
    /// The key as it is, made if it was not there.
    pub async fn told(self) -> Result<Told<'r>, Error> {
        Ok(Told(match self.0 {
            Way::There(key) => Way::There(key),
            Way::ToMake((permit, unmade)) => Way::ToMake(unmade.make(permit).await?),
        }))
    }
}

impl Told<'_> {
    /// What DescribeKey tells of it.
    pub fn metadata(&self) -> wire::KeyMetadata {
        match &self.0 {
            Way::There(key) => key.metadata(),
            Way::ToMake(change) => change.metadata(),
        }
    }

    /// The answer.
    pub fn done<R: Response>(self, answer: R) -> Done<R> {
        match self.0 {
            Way::There(key) => key.done(answer),
            Way::ToMake(change) => change.done(answer),
        }
    }
}

impl Unmade {
    fn new(cx: &Cx, service: &'static Service) -> Unmade {
        let (world, now) = (cx.world(), cx.now());
        let material_id = draw_material_id(&cx.view().core);
        let facts = Facts::born(KeyOrigin::AwsKms, Some(material_id), now).enable_rotation(now, ROTATION_PERIOD_DAYS);
        let (key_id, spec, usage) = (cx.drawn().key_id.clone(), KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt);
        let record = KeyRecord {
            description: service.description(),
            managed_by: Some(service.name.to_owned()),
            ..KeyRecord::born(key_id, spec, usage, facts)
        };
        let policy = PolicyRecord::new(service.key_policy(&world, cx.caller().partition()), Default::default());
        let key = Key { world, row: Row::first(record), set: None };
        Unmade { service, key, material_id, policy }
    }

    /// Makes the key, with its policy and its alias. The commit expects that there still is no such alias: of two who
    /// describe the key at once, the second finds that of the first.
    async fn make<'r>(self, permit: Permit<'r>) -> Result<Change<'r>, Error> {
        permit.begin(&[Action::Of(Op::DescribeKey)])?;
        let Unmade { service, key, material_id, policy } = self;
        let (cx, world, record) = (permit.cx, &key.world, key.record());
        let (view, key_id, alias) = (cx.view(), &record.key_id, service.alias());
        let mut writes = first_record(view, world, record).await?;
        writes.push(Write::put(rows::hanging_row(world, key_id, "policy"), 1, &policy)?);
        let names = AliasesRecord { names: [alias.clone()].into() };
        writes.push(Write::put(rows::hanging_row(world, key_id, "aliases"), 1, &names)?);
        let leads = AliasRecord { key_id: key_id.clone(), created: cx.now(), updated: cx.now() };
        writes.push(Write::put(rows::alias_row(world, &alias), 1, &leads)?);
        let material = cx.drawn().material(&view.core, record.spec).await?;
        writes.extend(put_material(&view.core, world, key_id, &material_id, material, [0, 0])?);
        Ok(Change::new(cx, key, writes))
    }
}
