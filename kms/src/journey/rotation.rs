//! Rotation: a key gets another current material, and what the older ones sealed still opens. The acts on a key's
//! rotations; what happens by itself at its date is `overdue`.

use serde_json::{Value, json};
use wire::{ImportState, IncludeKeyMaterial, KeyMaterialState, Op, RotationType, RotationsListEntry};

use crate::Time;
use crate::audit::ServiceEvent;
use crate::error::Error;
use crate::keys::lifecycle::{Facts, KeyOrigin, MaterialFacts, Rotation, RotationKind, RotationRefusal};
use crate::ops::Action;
use crate::records::OutboxRecord;

use super::act::Usable;
use super::change::Change;
use super::metadata::{expiration_model, valid_to};
use super::view::Key;
use super::wrapped::{draw_material, draw_material_id};

/// Reading.
impl Usable<'_> {
    /// Automatic rotation, as it is told now: none where it is off.
    pub fn rotation(&self) -> Option<Rotation> {
        self.key.record().facts.rotation()
    }

    /// The key's materials, the oldest first, as ListKeyRotations tells of them.
    pub fn rotations(&self, which: IncludeKeyMaterial) -> Vec<RotationsListEntry> {
        let (key, now) = (&self.key, self.now());
        key.record().facts.listed(which, now).map(|material| entry(key, material, now)).collect()
    }
}

/// The edits.
impl<'r> Usable<'r> {
    /// The key rotates by itself from now on, every `period_days` days.
    pub async fn enable_rotation(self, period_days: u16) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::EnableKeyRotation)])?;
        self.edit_facts(|facts, now| facts.enable_rotation(now, period_days)).await
    }

    /// The key does not rotate by itself any more.
    pub async fn disable_rotation(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::DisableKeyRotation)])?;
        self.edit_facts(|facts, _| facts.disable_rotation()).await
    }

    /// The key gets another current material at once: fresh, or the imported one that waits.
    ///
    /// Errors: `NoMaterialPending`; `RotationsUsedUp`.
    pub async fn rotate_on_demand(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::RotateKeyOnDemand)])?;
        let (cx, now, arn) = (self.permit.cx, self.now(), self.arn());
        let (core, world, record) = (&cx.view().core, &self.key.world, self.key.record());
        let home = self.key.home();
        let fresh = (record.facts.origin() != KeyOrigin::External).then(|| draw_material_id(core));
        let facts = record.facts.clone().rotate_on_demand(fresh, now).map_err(|refusal| match refusal {
            RotationRefusal::NothingPending => Error::NoMaterialPending { arn },
            RotationRefusal::LimitReached => Error::RotationsUsedUp { arn },
        })?;
        let writes = match &fresh {
            Some(id) => draw_material(core, &home, &record.key_id, id).await?.into(),
            None => Vec::new(),
        };
        let details = details(RotationKind::OnDemand, &record.facts, &facts);
        let event = ServiceEvent { name: "RotateKey", world, key_id: &record.key_id, details, now };
        let event_id = core.uuid();
        let event = OutboxRecord { attempt: 0, line: event.line(&event_id), event_id };
        Ok(self.with_facts(facts, writes).await?.with_event(event))
    }
}

/// What the record of a rotation tells of it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/ct-rotatekey.html>
pub(super) fn details(kind: RotationKind, before: &Facts, after: &Facts) -> Value {
    json!({
        "rotationType": kind.as_str(),
        "keyOrigin": after.origin().as_str(),
        "previousKeyMaterialId": before.current_material().map(hex::encode),
        "currentKeyMaterialId": after.current_material().map(hex::encode),
    })
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotationsListEntry.html>
fn entry(key: &Key, material: &MaterialFacts, now: Time) -> RotationsListEntry {
    let imported = key.record().facts.origin() == KeyOrigin::External;
    let expiration = material.expiration(now).filter(|_| imported);
    let rotated = material.rotated();
    RotationsListEntry {
        key_id: Some(key.arn()),
        key_material_id: Some(hex::encode(material.id())),
        key_material_description: material.description().map(str::to_owned),
        import_state: imported.then(|| match material.is_here(now) {
            true => ImportState::Imported,
            false => ImportState::PendingImport,
        }),
        key_material_state: KeyMaterialState::parse(material.state().as_str()),
        expiration_model: expiration.map(expiration_model),
        valid_to: expiration.and_then(valid_to),
        rotation_date: rotated.map(|rotated| rotated.date.into()),
        rotation_type: rotated.and_then(|rotated| RotationType::parse(rotated.kind.as_str())),
    }
}
