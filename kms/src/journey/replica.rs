//! Keys of several Regions: a replica is made, and another key of a set becomes its primary. The acts that concern a set
//! and not one key alone; what a set is, is `keys::lifecycle`.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::{MultiRegionConfiguration, MultiRegionKey, MultiRegionKeyType, Op, OriginType};

use crate::Time;
use crate::error::{Error, Quota};
use crate::keys::lifecycle::{Facts, KeyOrigin, MaterialId, RegionPart, Set};
use crate::ops::Action;
use crate::records::{KeyRecord, KeyRow, SetRecord};
use crate::rows::{self, Row};
use crate::world::World;

use super::act::Usable;
use super::change::{Change, Echo, Write};
use super::create::{NewKey, free_counter, hung};
use super::cx::{Ask, Cx, Stage};
use super::facts::{Asked, AskedKey};
use super::find::{By, Found};
use super::key_policy::{self, KeyPolicy};
use super::permit::{Permitted, ask_without_resource};
use super::view::{Key, View};

/// What a replica has for itself. Everything else it shares with its primary.
pub struct NewReplica {
    /// The Region that it is made in.
    pub region: String,
    /// At most 8192 characters.
    pub description: String,
    /// None for the default one.
    pub policy: Option<KeyPolicy>,
    /// Whether that was to be taken even if its giver could not change it any more.
    pub bypass_policy_lockout_safety_check: bool,
    /// At most 50.
    pub tags: BTreeMap<String, String>,
}

impl<'r> Permitted<'r> {
    /// Asks, too, whether the caller may make such a key in the replica's Region, and tag it if it has tags.
    ///
    /// Errors: `Denied`.
    pub async fn and_to_make(self, new: &NewReplica) -> Result<Permitted<'r>, Error> {
        let (cx, record) = (self.permit.cx, self.key.record());
        cx.enter(Stage::Permit)?;
        let (spec, usage, origin) = (record.spec, record.usage, record.facts.origin());
        let asked = Asked {
            new_key: Some(AskedKey { spec, usage, origin, part: RegionPart::Replica }),
            tags: Some(&new.tags),
            bypass_policy_lockout_safety_check: new.bypass_policy_lockout_safety_check,
            ..Asked::default()
        };
        let ask = Ask::about(Action::Of(Op::CreateKey)).with(asked);
        let ask = ask.also_if(!new.tags.is_empty(), Action::Of(Op::TagResource));
        ask_without_resource(cx, &ask, &new.region).await?;
        Ok(self)
    }
}

/// The other key of a set, which may not be there. Whether it is, is told after everything was permitted.
pub struct Related<'r, K> {
    cx: &'r Cx,
    arn: String,
    key: Option<K>,
}

impl<'r> Found<'r> {
    /// The key of the same id in another Region.
    pub async fn in_region(&self, region: &str) -> Result<Related<'r, Found<'r>>, Error> {
        let cx = self.cx;
        cx.enter(Stage::Find)?;
        let Some(key) = &self.key else { return Ok(Related { cx, arn: String::new(), key: None }) };
        let (world, id) = (key.world.in_region(region), &key.record().key_id);
        let arn = world.key_arn(id);
        let other = if key.set.is_some() { cx.view().key(world, id).await? } else { None };
        Ok(Related { cx, arn, key: other.map(|other| cx.found(Some(other), By::Name)) })
    }
}

impl<'r> Related<'r, Found<'r>> {
    /// Asks as [`Found::permit`] does.
    ///
    /// Errors: as there.
    pub async fn permit(self, ask: Ask<'r>) -> Result<Related<'r, Permitted<'r>>, Error> {
        let Related { cx, arn, key } = self;
        let key = match key {
            Some(key) => Some(key.permit(ask).await?),
            None => None,
        };
        Ok(Related { cx, arn, key })
    }
}

impl<'r> Related<'r, Permitted<'r>> {
    /// Asks as [`Permitted::admit`] does, and for a key that may be made a primary.
    ///
    /// Errors: as there; `NoSuchKey`.
    pub fn admit_as_primary(self) -> Result<Usable<'r>, Error> {
        let missing = Error::NoSuchKey { arn: self.arn };
        self.cx.enter(Stage::Admit)?;
        self.key.ok_or(missing)?.admit_as(RegionPart::Primary)
    }
}

/// What was made, as ReplicateKey tells it beside the key.
pub struct Replicated {
    /// The document in AWS's layout.
    pub policy: String,
    /// In the order of their keys.
    pub tags: BTreeMap<String, String>,
}

impl<'r> Usable<'r> {
    /// A replica of this key in another Region of its partition. It is being created for a moment, and then is as enabled
    /// as a new key is, or waits for the import of its material.
    ///
    /// Errors: `ReplicaExists`; `LimitExceeded` where the set or the world is full; `UnknownPrincipal` and `LockOut` for
    /// its policy.
    pub async fn replicate(self, new: NewReplica) -> Result<(Change<'r>, Replicated), Error> {
        self.permit.begin(&[Action::Of(Op::ReplicateKey)])?;
        let (cx, now, primary) = (self.permit.cx, self.now(), self.key.record());
        let (view, row) = (cx.view(), self.set()?);
        let (world, key_id) = (self.key.world.in_region(&new.region), &primary.key_id);
        let arn = world.key_arn(key_id);
        // Past its date a key still has its record, until that is destroyed.
        if view.get::<KeyRow>(rows::key_row(&world, key_id)).await?.is_some() {
            return Err(Error::ReplicaExists { arn });
        }
        if row.value.set.is_full() {
            return Err(Error::LimitExceeded(Quota::Regions));
        }
        let created = as_created(primary, &new);
        let (spec, usage, origin) = (primary.spec, primary.usage, primary.facts.origin());
        let NewReplica { description, policy, tags, .. } = new;
        let mut new = NewKey { spec, usage, origin, part: RegionPart::Replica, description, policy, tags };
        let policy = key_policy::of_new(cx, &world, &arn, &mut new).await?;
        let (counter, count) = free_counter(cx, &world).await?;
        let (set, facts) = row.value.set.join(&world.region, now).map_err(contradiction)?;
        let record = KeyRecord {
            description: new.description,
            multi_region: true,
            counter,
            ..KeyRecord::born(key_id.clone(), spec, usage, facts)
        };
        let (set, write) = self.rewritten(set)?;
        let mut writes = view.rewrite(None, &world, &record).await?;
        writes.extend([write, count]);
        writes.extend(hung(&world, key_id, &policy, new.tags.clone())?);
        let told = Replicated { policy: policy::lay_out(policy.text()), tags: new.tags };
        let key = Key { world, row: Row::first(record), set: Some(set) };
        let echo = Echo::of(&key, &created);
        Ok((Change::new(cx, key, writes).echoed(echo), told))
    }

    /// This key becomes a replica, and `other`, which is of its set, the primary. Both are updating for a moment.
    ///
    /// Errors: `Unsupported` for the Region in which the primary is.
    pub async fn give_primary_to(self, other: Usable<'r>) -> Result<Change<'r>, Error> {
        for permit in [&self.permit, &other.permit] {
            permit.begin(&[Action::Of(Op::UpdatePrimaryRegion)])?;
        }
        let (cx, now) = (self.permit.cx, self.now());
        let (view, region) = (cx.view(), &other.key.world.region);
        if *region == self.key.world.region {
            return Err(Error::Unsupported(format!("{} is the primary key already.", self.arn())));
        }
        let set = self.set()?.value.set.promote(region);
        let mut writes = Vec::new();
        for key in [&self.key, &other.key] {
            let own = key.record().facts.clone().update(now).own();
            let facts = set.facts(&key.world.region, &own, now).map_err(contradiction)?;
            let after = key.record().with_facts(facts, now);
            writes.extend(view.rewrite_alone(Some(key), &key.world, &after).await?);
        }
        let (_, write) = self.rewritten(set)?;
        writes.push(write);
        let request = wire::UpdatePrimaryRegionRequest { key_id: other.arn(), primary_region: region.clone() };
        let echo = Echo::of(&other.key, &request);
        Ok(Change::new(cx, self.key, writes).echoed(echo))
    }

    fn set(&self) -> Result<&Row<SetRecord>, Error> {
        self.key.set.as_ref().ok_or_else(|| Error::internal("a key of one Region was admitted to what is for several"))
    }

    /// The row of the set with this set, and its write.
    fn rewritten(&self, set: Set) -> Result<(Row<SetRecord>, Write), Error> {
        let before = self.set()?;
        let (record, version) = (SetRecord { set, ..SetRecord::clone(&before.value) }, before.version + 1);
        let write = Write::put(rows::set_row(&self.key.world.account, &self.key.record().key_id), version, &record)?;
        Ok((Row { value: Arc::new(record), version, revision: before.revision }, write))
    }
}

/// The writes that destroy an imported material of this key, whose facts are `after` then. Of one that is the set's no
/// longer they destroy what its replicas have, too.
pub(super) async fn destroy(view: &View, key: &Key, after: &Facts, id: &MaterialId) -> Result<Vec<Write>, Error> {
    let key_id = &key.record().key_id;
    let mut writes = view.destroy(&key.world, key_id, id).await?;
    let Some(row) = key.set.as_ref().filter(|_| after.material(id).is_none()) else { return Ok(writes) };
    for region in row.value.set.others(&key.world.region) {
        let Some(replica) = view.key_or_remains(key.world.in_region(region), key_id).await? else { continue };
        let before = &replica.record().facts;
        let facts = before.clone().forget_pending(id);
        if facts.own() != before.own() {
            let record = replica.record().with_facts(facts, view.now);
            writes.extend(view.rewrite_alone(Some(&replica), &replica.world, &record).await?);
            writes.extend(view.destroy(&replica.world, key_id, id).await?);
        }
    }
    Ok(writes)
}

/// A new primary's set, which is in one Region, and its write.
pub(super) fn new_set(world: &World, primary: &KeyRecord) -> Result<(Row<SetRecord>, Write), Error> {
    let set = Set::born(&world.region, &primary.facts);
    let record = SetRecord { spec: primary.spec, usage: primary.usage, set };
    let write = Write::put(rows::set_row(&world.account, &primary.key_id), 1, &record)?;
    Ok((Row::first(record), write))
}

/// The id of a key of several Regions, by which clients know it for one: that of a key of one Region in another form.
pub(super) fn multi_region_id(uuid: &str) -> String {
    format!("mrk-{}", uuid.replace('-', ""))
}

/// What DescribeKey tells of a set: as every key of it tells it.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_MultiRegionConfiguration.html>
pub(super) fn configuration(key: &Key, now: Time) -> Option<MultiRegionConfiguration> {
    let set = &key.set.as_ref()?.value.set;
    let of = |region: &str| MultiRegionKey {
        arn: Some(key.world.in_region(region).key_arn(&key.record().key_id)),
        region: Some(region.to_owned()),
    };
    Some(MultiRegionConfiguration {
        multi_region_key_type: key.part().as_str().and_then(MultiRegionKeyType::parse),
        primary_key: Some(of(set.primary())),
        replica_keys: Some(set.replicas(now).map(of).collect()),
    })
}

/// What the record in a replica's Region tells of the request: that such a key was asked for there.
fn as_created(primary: &KeyRecord, new: &NewReplica) -> wire::CreateKeyRequest {
    let tag = |(key, value): (&String, &String)| wire::Tag { tag_key: key.clone(), tag_value: value.clone() };
    wire::CreateKeyRequest {
        policy: new.policy.as_ref().map(|policy| policy.text().to_owned()),
        description: new.description.clone(),
        key_usage: wire::KeyUsageType::parse(primary.usage.as_str()),
        customer_master_key_spec: wire::CustomerMasterKeySpec::parse(primary.spec.as_str()),
        key_spec: wire::KeySpec::parse(primary.spec.as_str()),
        origin: if primary.facts.origin() == KeyOrigin::External { OriginType::External } else { OriginType::AwsKms },
        custom_key_store_id: None,
        bypass_policy_lockout_safety_check: new.bypass_policy_lockout_safety_check,
        tags: new.tags.iter().map(tag).collect(),
        multi_region: true,
        xks_key_id: None,
    }
}

fn contradiction(why: impl std::fmt::Display) -> Error {
    Error::internal(why.to_string())
}
