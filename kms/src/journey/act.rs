//! Acts: everything that can be done to a key or without one. An act consumes or borrows the token that allows it,
//! takes algorithm and encryption context from there, and returns; nothing here writes.

use std::sync::Arc;

use crypto::blob::Blob;
use crypto::spec::{KeySpec, KeyUsage};
use crypto::{Kek, Material, SecretBytes};
use wire::{Op, Response};

use crate::Time;
use crate::backend::Wrapped;
use crate::error::{Error, Quota};
use crate::keys::lifecycle::{Expiration, Facts, KeyOrigin, MaterialId};
use crate::ops::Action;
use crate::quotas::COUNTERS;
use crate::records::{CounterRecord, KeyRecord, TagsRecord, WrappedKek, WrappedMaterial};
use crate::rows::{self, Row};
use crate::service::Core;
use crate::world::World;

use super::change::{Change, Done, Write};
use super::cx::Cx;
use super::key_policy::{self, KeyPolicy};
use super::permit::Permit;
use super::view::Key;

/// A key that the caller may use and that may be used: everything starts here.
///
/// It does not outlive its request:
///
/// ```compile_fail,E0521
/// # use kms::journey::Usable;
/// # use std::sync::Mutex;
/// static KEPT: Mutex<Option<Usable<'static>>> = Mutex::new(None);
/// fn keep<'r>(key: Usable<'r>) {
///     *KEPT.lock().unwrap() = Some(key);
/// }
/// ```
///
/// ```
/// # use kms::journey::Usable;
/// # use std::sync::Mutex;
/// static KEPT: Mutex<Option<String>> = Mutex::new(None);
/// fn keep<'r>(key: Usable<'r>) {
///     *KEPT.lock().unwrap() = Some(key.arn());
/// }
/// ```
///
/// And an edit consumes it:
///
/// ```
/// # use kms::journey::{Change, Usable};
/// async fn twice<'r>(key: Usable<'r>, other: Usable<'r>) -> Result<(Change<'r>, Change<'r>), kms::Error> {
///     Ok((key.disable().await?, other.enable().await?))
/// }
/// ```
///
/// ```compile_fail,E0382
/// # use kms::journey::{Change, Usable};
/// async fn twice<'r>(key: Usable<'r>) -> Result<(Change<'r>, Change<'r>), kms::Error> {
///     Ok((key.disable().await?, key.enable().await?))
/// }
/// ```
pub struct Usable<'r> {
    pub(super) permit: Permit<'r>,
    pub(super) key: Key,
}

/// A ciphertext, and the id of the material that sealed it, as 64 hexadecimal digits.
pub struct Sealed {
    /// The blob, [`crypto::blob::OVERHEAD`] bytes longer than its plaintext.
    pub blob: Vec<u8>,
    /// The material's id.
    pub material_id: String,
}

/// What a new key is to be.
pub struct NewKey {
    /// What it is made of.
    pub spec: KeySpec,
    /// What it is for, which its spec allows.
    pub usage: KeyUsage,
    /// Drawn here, or imported later.
    pub origin: KeyOrigin,
    /// At most 8192 characters.
    pub description: String,
    /// None for the default one.
    pub policy: Option<KeyPolicy>,
    /// At most 50.
    pub tags: std::collections::BTreeMap<String, String>,
}

/// Reading.
impl<'r> Usable<'r> {
    pub(super) fn admitted(permit: Permit<'r>, key: Key) -> Usable<'r> {
        Usable { permit, key }
    }

    /// The key's ARN.
    pub fn arn(&self) -> String {
        self.key.arn()
    }

    /// What DescribeKey tells of it.
    pub fn metadata(&self) -> wire::KeyMetadata {
        metadata(&self.key, self.permit.cx.now())
    }

    /// An answer that changes nothing.
    pub fn done<R: Response>(self, answer: R) -> Done<R> {
        Done::unchanged(answer)
    }
}

/// Using the material.
impl Usable<'_> {
    /// Seals `plaintext` with the current material, under the encryption context that was permitted.
    pub async fn seal(&self, plaintext: &[u8]) -> Result<Sealed, Error> {
        const ACTS: [Action; 4] = [
            Action::Of(Op::Encrypt),
            Action::ReEncryptTo,
            Action::Of(Op::GenerateDataKey),
            Action::Of(Op::GenerateDataKeyWithoutPlaintext),
        ];
        self.permit.begin(&ACTS)?;
        let record = self.key.record();
        let id = record.facts.current_material().ok_or_else(|| Error::internal("an admitted key has no material"))?;
        let wrapped = self.wrapped(&id).await?;
        let place = crypto::blob::Place { account: &self.key.world.account, key_id: &record.key_id, material_id: id };
        let blob = self.backend().seal(&wrapped, &place, self.permit.context, plaintext).await?;
        Ok(Sealed { blob, material_id: hex::encode(id) })
    }

    /// Opens a ciphertext with the material that it names, under the encryption context that was permitted.
    ///
    /// Errors: `InvalidCiphertext`, whatever is wrong with it.
    pub async fn open(&self, blob: &Blob<'_>) -> Result<SecretBytes, Error> {
        self.permit.begin(&[Action::Of(Op::Decrypt), Action::ReEncryptFrom])?;
        let id = blob.material_id();
        let known = self.key.record().facts.material(&id).is_some_and(|material| material.is_here(self.now()));
        if !known {
            return Err(Error::InvalidCiphertext);
        }
        let wrapped = self.wrapped(&id).await?;
        self.backend().open(&wrapped, blob, self.permit.context).await
    }

    /// How a call ends that brings no ciphertext because it is a dry run.
    pub fn opens_nothing(&self) -> Error {
        match self.permit.begin(&[Action::Of(Op::Decrypt), Action::ReEncryptFrom]) {
            Err(end) => end,
            Ok(()) => Error::internal("a ciphertext was left out of what was no dry run"),
        }
    }

    /// A new data key of `length` bytes.
    pub fn draw_data_key(&self, length: usize) -> Result<SecretBytes, Error> {
        self.permit.begin(&[Action::Of(Op::GenerateDataKey), Action::Of(Op::GenerateDataKeyWithoutPlaintext)])?;
        Ok(SecretBytes::random(length, self.permit.cx.random()))
    }

    async fn wrapped(&self, id: &MaterialId) -> Result<Wrapped, Error> {
        let view = self.permit.cx.view();
        let (world, key_id) = (&self.key.world, &self.key.record().key_id);
        let id = hex::encode(id);
        let lost = |what: &str| Error::internal(format!("the {what} of {} is missing from the store", self.arn()));
        let material_row = rows::material_row(world, key_id, &id);
        let kek_row = rows::kek_row(world, key_id, &id);
        let material = view.get::<WrappedMaterial>(material_row.clone()).await?.ok_or_else(|| lost("material"))?;
        let kek = view.get::<WrappedKek>(kek_row.clone()).await?.ok_or_else(|| lost("key-encryption key"))?;
        Ok(Wrapped {
            epoch: kek.value.epoch,
            kek: kek.value.wrapped.clone(),
            kek_place: kek_row,
            material: material.value.wrapped.clone(),
            material_place: material_row,
        })
    }

    pub(super) fn backend(&self) -> &dyn crate::backend::Backend {
        &*self.permit.cx.view().core.backend
    }

    pub(super) fn now(&self) -> Time {
        self.permit.cx.now()
    }
}

/// The edits. Each consumes the token and gives the change to that key alone.
impl<'r> Usable<'r> {
    /// The key may be used again.
    pub async fn enable(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::EnableKey)])?;
        self.edit_facts(|facts, _| facts.enable()).await
    }

    /// The key may not be used until it is enabled.
    pub async fn disable(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::DisableKey)])?;
        self.edit_facts(|facts, _| facts.disable()).await
    }

    /// Another description, of at most 8192 characters.
    pub fn describe(self, description: &str) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::UpdateKeyDescription)])?;
        let after = KeyRecord { description: description.to_owned(), ..self.key.record().clone() };
        let name = rows::key_row(&self.key.world, &after.key_id);
        let writes = vec![Write::put(name, self.key.row.version + 1, &after)?];
        Ok(self.changed(after, writes))
    }

    /// The key is deleted `days` days from now.
    pub async fn schedule_deletion(self, days: u16) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::ScheduleKeyDeletion)])?;
        self.edit_facts(|facts, now| facts.schedule_deletion(now, days)).await
    }

    /// The key is not deleted; it comes back disabled.
    pub async fn cancel_deletion(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::CancelKeyDeletion)])?;
        self.edit_facts(|facts, _| facts.cancel_deletion()).await
    }

    /// An edit of the facts, and with them of what is due when.
    pub(super) async fn edit_facts(self, edit: impl FnOnce(Facts, Time) -> Facts) -> Result<Change<'r>, Error> {
        let after = edit(self.key.record().facts.clone(), self.now());
        self.with_facts(after, Vec::new()).await
    }

    /// The key with these facts: its record, its row in the index of what is due, and these other rows.
    pub(super) async fn with_facts(self, facts: Facts, others: Vec<Write>) -> Result<Change<'r>, Error> {
        let after = self.key.record().with_facts(facts, self.now());
        let mut writes = self.permit.cx.view().rewrite(Some(&self.key), &self.key.world, &after).await?;
        writes.extend(others);
        Ok(self.changed(after, writes))
    }

    fn changed(self, after: KeyRecord, writes: Vec<Write>) -> Change<'r> {
        let Key { world, row } = self.key;
        Change::new(self.permit.cx, Key { world, row: Row { value: Arc::new(after), ..row } }, writes)
    }
}

/// What is done without a key.
impl<'r> Permit<'r> {
    /// A new key in the caller's account and Region, with material of its own if it is drawn here.
    ///
    /// Errors: `UnknownPrincipal` and `LockOut` for its policy; `LimitExceeded` where the world is full.
    pub async fn create_key(self, mut new: NewKey) -> Result<Change<'r>, Error> {
        self.begin(&[Action::Of(Op::CreateKey)])?;
        let cx = self.cx;
        let (world, view, now) = (cx.world(), cx.view(), cx.now());
        let key_id = cx.drawn().key_id.clone();
        let policy = key_policy::of_new(cx, &world, &world.key_arn(&key_id), &mut new).await?;
        let (counter, count) = free_counter(cx, &world).await?;
        let material_id = (new.origin != KeyOrigin::External).then(|| draw_material_id(&view.core));
        let record = KeyRecord {
            key_id: key_id.clone(),
            description: new.description,
            spec: new.spec,
            usage: new.usage,
            multi_region: false,
            created: now,
            facts: Facts::born(new.origin, material_id, now),
            counter,
            destroy_at_uptime: None,
            doomed_by: None,
        };
        if view.get::<KeyRecord>(rows::key_row(&world, &key_id)).await?.is_some() {
            return Err(Error::internal("a key of this random id is there already"));
        }
        let mut writes = view.rewrite(None, &world, &record).await?;
        writes.push(Write::put(rows::hanging_row(&world, &key_id, "policy"), 1, &policy)?);
        if !new.tags.is_empty() {
            writes.push(Write::put(rows::hanging_row(&world, &key_id, "tags"), 1, &TagsRecord { tags: new.tags })?);
        }
        if let Some(id) = material_id {
            writes.extend(draw_material(&view.core, &world, &key_id, &id)?);
        }
        writes.push(count);
        let row = Row { value: Arc::new(record), version: 1, revision: 0 };
        Ok(Change::new(cx, Key { world, row }, writes))
    }

    /// `length` random bytes.
    pub fn random_bytes(&self, length: usize) -> Result<SecretBytes, Error> {
        self.begin(&[Action::Of(Op::GenerateRandom)])?;
        Ok(SecretBytes::random(length, self.cx.random()))
    }

    /// The ids of the world's keys after `after`, in order, at most `limit`, and whether more follow.
    pub async fn key_ids(&self, after: Option<&str>, limit: usize) -> Result<(Vec<String>, bool), Error> {
        self.begin(&[Action::Of(Op::ListKeys)])?;
        let (view, world) = (self.cx.view(), self.cx.world());
        let within = rows::prefix(&["k", &world.account, &world.region]);
        let mut last = after.map(|id| rows::key_row(&world, id));
        let mut ids = Vec::new();
        loop {
            let page = view.core.rows.store().scan(view.at, &within, last.as_deref(), store::limits::PAGE_ROWS).await;
            let page = page.map_err(rows::unreadable)?;
            for entry in &page.entries {
                let row = view.core.rows.open::<KeyRecord>(&entry.key, &entry.value, entry.revision)?;
                if row.value.facts.is_gone(self.cx.now()) {
                    continue;
                }
                if ids.len() == limit {
                    return Ok((ids, true));
                }
                ids.push(row.value.key_id.clone());
            }
            last = page.entries.last().map(|entry| entry.key.clone());
            if !page.more {
                return Ok((ids, false));
            }
        }
    }
}

/// A counter with room, and the write that counts one more. Sixteen of them, so that sixteen keys can be made at once.
async fn free_counter(cx: &Cx, world: &World) -> Result<(u8, Write), Error> {
    let quotas = cx.view().core.quotas;
    if quotas.keys_were_lowered() && counted(cx, world).await? >= u64::from(quotas.keys) {
        return Err(Error::LimitExceeded(Quota::Keys));
    }
    for step in 0..16 {
        let counter = (cx.drawn().counter + step) % 16;
        let name = rows::counter_row(world, counter);
        let row = cx.view().get::<CounterRecord>(name.clone()).await?;
        let (keys, version) = row.map_or((0, 0), |row| (row.value.keys, row.version));
        if keys < quotas.keys_of_counter(counter) {
            return Ok((counter, Write::put(name, version + 1, &CounterRecord { keys: keys + 1 })?));
        }
    }
    Err(Error::LimitExceeded(Quota::Keys))
}

/// How many keys the world has. Its counters are not expected unchanged: where no quota was lowered the share of one
/// counter says enough, and here a key too many among those that are made at this moment does no harm.
async fn counted(cx: &Cx, world: &World) -> Result<u64, Error> {
    let view = cx.view();
    let mut keys = 0;
    for counter in 0..COUNTERS as u8 {
        let row = view.core.rows.get::<CounterRecord>(view.at, &rows::counter_row(world, counter)).await?;
        keys += row.map_or(0, |row| u64::from(row.value.keys));
    }
    Ok(keys)
}

/// Material drawn here has a random id: it says nothing of the bytes.
pub(super) fn draw_material_id(core: &Core) -> MaterialId {
    let mut id = MaterialId::default();
    core.random.fill(&mut id);
    id
}

/// New symmetric material under an id that no row has yet.
pub(super) fn draw_material(core: &Core, world: &World, key_id: &str, id: &MaterialId) -> Result<[Write; 2], Error> {
    put_material(core, world, key_id, id, &Material::symmetric(&*core.random), [0, 0])
}

/// The rows of a material: it is wrapped by a key-encryption key of its own, which lies apart from it. `versions` says
/// how often the rows were written before, the material's and the other.
pub(super) fn put_material(
    core: &Core,
    world: &World,
    key_id: &str,
    id: &MaterialId,
    material: &Material,
    versions: [u64; 2],
) -> Result<[Write; 2], Error> {
    let (id, random) = (hex::encode(id), &*core.random);
    let (material_row, kek_row) = (rows::material_row(world, key_id, &id), rows::kek_row(world, key_id, &id));
    let kek = Kek::generate(random);
    let material = WrappedMaterial { wrapped: kek.wrap(material, &material_row, random) };
    let kek = WrappedKek { epoch: core.epoch, wrapped: core.epoch_key.wrap(&kek, &kek_row, random) };
    Ok([Write::put(material_row, versions[0] + 1, &material)?, Write::put(kek_row, versions[1] + 1, &kek)?])
}

/// What DescribeKey tells of a key.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>
pub(super) fn metadata(key: &Key, now: Time) -> wire::KeyMetadata {
    let record = key.record();
    let state = key.state(now);
    let expiration = record.facts.expiration(now);
    let spec = wire::KeySpec::parse(record.spec.as_str());
    let algorithms = record.spec.algorithms(record.usage).iter().map(|algorithm| algorithm.as_str());
    let encryption = (record.usage == KeyUsage::EncryptDecrypt)
        .then(|| algorithms.clone().filter_map(wire::EncryptionAlgorithmSpec::parse).collect());
    wire::KeyMetadata {
        aws_account_id: Some(key.world.account.clone()),
        arn: Some(key.arn()),
        creation_date: Some(record.created.into()),
        current_key_material_id: record.facts.current_material().map(hex::encode),
        customer_master_key_spec: wire::CustomerMasterKeySpec::parse(record.spec.as_str()),
        deletion_date: record.facts.deletion_date().map(Into::into),
        description: Some(record.description.clone()),
        enabled: Some(state == wire::KeyState::Enabled),
        encryption_algorithms: encryption,
        expiration_model: expiration.map(expiration_model),
        key_id: Some(record.key_id.clone()),
        key_manager: Some(wire::KeyManagerType::Customer),
        key_spec: spec,
        key_state: Some(state),
        key_usage: wire::KeyUsageType::parse(record.usage.as_str()),
        multi_region: Some(record.multi_region),
        origin: wire::OriginType::parse(record.facts.origin().as_str()),
        valid_to: expiration.and_then(valid_to),
        ..wire::KeyMetadata::default()
    }
}

/// How long material lasts, in AWS's word for it.
pub(super) fn expiration_model(expiration: Expiration) -> wire::ExpirationModelType {
    match expiration {
        Expiration::Never => wire::ExpirationModelType::KeyMaterialDoesNotExpire,
        Expiration::On(_) => wire::ExpirationModelType::KeyMaterialExpires,
    }
}

/// The date on which material expires, if it does.
pub(super) fn valid_to(expiration: Expiration) -> Option<wire::Timestamp> {
    match expiration {
        Expiration::Never => None,
        Expiration::On(date) => Some(date.into()),
    }
}
