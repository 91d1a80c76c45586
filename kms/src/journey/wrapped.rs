//! Where a key's material lies: wrapped by a key-encryption key of its own, in a row apart from that key's; the public half
//! in a third. What opens it is a backend's affair.

use crypto::spec::{KeySpec, Kind};
use crypto::{Kek, Material, PublicKey};

use crate::backend::Wrapped;
use crate::error::Error;
use crate::keys::lifecycle::MaterialId;
use crate::records::{PublicKeyRecord, WrappedKek, WrappedMaterial};
use crate::rows;
use crate::service::Core;
use crate::world::World;

use super::act::Usable;
use super::change::Write;

impl Usable<'_> {
    /// The material that is used where nothing names another.
    pub(super) fn current_material(&self) -> Result<MaterialId, Error> {
        let id = self.key.record().facts.current_material();
        id.ok_or_else(|| Error::internal("an admitted key has no material"))
    }

    /// The material of this id.
    pub(super) async fn wrapped(&self, id: &MaterialId) -> Result<Wrapped, Error> {
        let view = self.permit.cx.view();
        let (home, key_id) = (self.key.home(), &self.key.record().key_id);
        let id = hex::encode(id);
        let lost = |what: &str| Error::internal(format!("the {what} of {} is missing from the store", self.arn()));
        let material_row = rows::material_row(&home, key_id, &id);
        let kek_row = rows::kek_row(&home, key_id, &id);
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

    /// The material of a key that never has another one.
    pub(super) async fn only_material(&self) -> Result<Wrapped, Error> {
        self.wrapped(&self.current_material()?).await
    }

    /// The public half of the key.
    pub(super) async fn public_half(&self) -> Result<PublicKey, Error> {
        let row = rows::public_half_row(&self.key.home(), &self.key.record().key_id);
        let record = self.permit.cx.view().get::<PublicKeyRecord>(row).await?;
        let record = record.ok_or_else(|| Error::internal(format!("{} has lost its public key", self.arn())))?;
        PublicKey::from_spki(self.spec(), &record.value.spki)
            .map_err(|_| Error::internal(format!("the public key of {} is none of its spec", self.arn())))
    }
}

/// Material drawn here has a random id: it says nothing of the bytes.
pub(super) fn draw_material_id(core: &Core) -> MaterialId {
    let mut id = MaterialId::default();
    core.random.fill(&mut id);
    id
}

/// New symmetric material under an id that no row has yet.
pub(super) async fn draw_material(
    core: &Core,
    world: &World,
    key_id: &str,
    id: &MaterialId,
) -> Result<[Write; 2], Error> {
    let material = core.backend.draw(KeySpec::SymmetricDefault).await?;
    put_material(core, world, key_id, id, &material, [0, 0])
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

/// The row of the public half, if the material has one. It is written once in a key's life.
pub(super) fn put_public_half(world: &World, key_id: &str, material: &Material) -> Result<Option<Write>, Error> {
    match material.spec().kind() {
        Kind::Symmetric | Kind::Hmac => Ok(None),
        Kind::Asymmetric => {
            let spki = public_half_of(material)?.spki().to_vec();
            Ok(Some(Write::put(rows::public_half_row(world, key_id), 1, &PublicKeyRecord { spki })?))
        }
    }
}

/// The public half of material that has one.
pub(super) fn public_half_of(material: &Material) -> Result<PublicKey, Error> {
    material
        .public_key()
        .map_err(|_| Error::internal("material has no public half, or one that does not follow from it"))
}
