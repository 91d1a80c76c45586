//! Imported material: how it comes, how it goes, and when it expires. It knows materials by their ids and never sees
//! one, so whether two are the same is told by the id alone.

use super::{Facts, KeyOrigin, MaterialFacts, MaterialId, MaterialState, Overdue, Part};
use crate::Time;

/// Which material an import brings (`ImportType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportKind {
    /// One that the key has not had yet.
    New,
    /// One of those that it has, to be here (again) or to last otherwise.
    Existing,
}

/// What an import says about its material.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportTerms {
    /// When it expires; `None` for never.
    pub expires: Option<Time>,
    /// What it is called; `None` leaves the name that it has.
    pub description: Option<String>,
}

/// Why a material may not be imported as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImportRefusal {
    /// It was to be new, and is one of the key's.
    AlreadyAssociated,
    /// It was to be one of the key's, and is none.
    NotAssociated,
    /// This one waits for its rotation, and only one can.
    AnotherPending(MaterialId),
    /// New material and new names come to a set of Regions through its primary alone.
    NotPrimary,
}

/// The key has no material of that id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoSuchMaterial;

/// How long imported material lasts (`ExpirationModel` with `ValidTo`). What ends sooner is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expiration {
    /// Until then.
    On(Time),
    /// Until its owner deletes it.
    Never,
}

impl MaterialFacts {
    /// How long it lasts; `None` while it is not here.
    pub fn expiration(&self, now: Time) -> Option<Expiration> {
        self.is_here(now).then(|| self.expires.map_or(Expiration::Never, Expiration::On))
    }

    fn go(&mut self) {
        self.present = false;
        self.expires = None;
    }
}

/// Reading.
impl Facts {
    /// What an import is that does not say what it is: the first one ever brings something new, every other one brings
    /// back.
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html#KMS-ImportKeyMaterial-request-ImportType>
    pub fn default_import_kind(&self) -> ImportKind {
        if self.current_material().is_none() { ImportKind::New } else { ImportKind::Existing }
    }

    /// How long the key's imported material lasts: that of its permanent materials which ends first. `None` while none
    /// is here, and for keys whose material is not imported.
    pub fn expiration(&self, now: Time) -> Option<Expiration> {
        let imported = self.origin == KeyOrigin::External;
        let permanent = self.materials.iter().filter(|material| imported && material.state.is_permanent());
        permanent.filter_map(|material| material.expiration(now)).min()
    }

    /// The material that waits for its rotation.
    pub fn pending_material(&self) -> Option<&MaterialFacts> {
        self.materials.iter().find(|material| !material.state.is_permanent())
    }

    /// The first expiry that nobody has written yet, and of which material; of several on one date, of the oldest.
    pub(super) fn next_expiry(&self) -> Option<(Time, MaterialId)> {
        let here = self.materials.iter().filter(|material| material.present);
        here.filter_map(|material| Some((material.expires?, material.id))).min_by_key(|(date, _)| *date)
    }
}

/// The edits.
impl Facts {
    /// A material is imported. The first one ever becomes current, whatever `kind` says; after it a new one waits for
    /// its rotation, and an existing one is here (again) until `terms.expires`.
    ///
    /// A key that this ends being PendingImport is enabled, even if it was disabled before it lost its material:
    /// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html> ("the state changes to Enabled").
    ///
    /// # Errors
    /// A new material that is already the key's, or beside one that waits (until its expiry has been written down, so
    /// that its bytes are not forgotten); an existing one that is not the key's; into a replica a new one, or a name.
    pub fn import(
        self,
        id: MaterialId,
        kind: ImportKind,
        terms: ImportTerms,
        now: Time,
    ) -> Result<Facts, ImportRefusal> {
        if self.part == Some(Part::Replica) && (kind == ImportKind::New || terms.description.is_some()) {
            return Err(ImportRefusal::NotPrimary);
        }
        let was_missing = !self.has_its_materials(now);
        let after = match (kind, self.default_import_kind()) {
            (ImportKind::New | ImportKind::Existing, ImportKind::New) => {
                self.associate(id, MaterialState::Current, now)
            }
            (ImportKind::New, ImportKind::Existing) => self.associate_another(id, now)?,
            (ImportKind::Existing, ImportKind::Existing) if self.material(&id).is_none() => {
                return Err(ImportRefusal::NotAssociated);
            }
            (ImportKind::Existing, ImportKind::Existing) => self,
        };
        let after = after.with_material(id, |material| {
            material.present = true;
            material.expires = terms.expires;
            material.description = terms.description.or(material.description.take());
        });
        let enabled = after.enabled || (was_missing && after.has_its_materials(now));
        Ok(Facts { enabled, ..after })
    }

    /// The bytes of a material are to go: of the one of this id, or of the current one. A permanent one stays the key's
    /// and is missing until it is imported again; one that waits for its rotation leaves the key, but for a replica, whose
    /// primary has it. Answers whose bytes are to be destroyed: `None` if they were not here.
    ///
    /// # Errors
    /// The key has no material of this id.
    pub fn delete_material(self, id: Option<&MaterialId>) -> Result<(Facts, Option<MaterialId>), NoSuchMaterial> {
        let Some(id) = id.copied().or(self.current_material()) else { return Ok((self, None)) };
        let here = self.material(&id).ok_or(NoSuchMaterial)?.present;
        Ok((self.without_material(id), here.then_some(id)))
    }

    /// The time of a material is over: as if it had been deleted, which is what has to happen to its bytes.
    ///
    /// # Errors
    /// The facts come back unchanged if `overdue` speaks of another date than this key's next expiry.
    pub fn expire(self, overdue: Overdue) -> Result<(Facts, MaterialId), Facts> {
        match self.next_expiry() {
            Some((date, id)) if date == overdue.since => Ok((self.without_material(id), id)),
            Some(_) | None => Err(self),
        }
    }

    fn associate_another(self, id: MaterialId, now: Time) -> Result<Facts, ImportRefusal> {
        match (self.material(&id), self.pending_material()) {
            (Some(_), _) => Err(ImportRefusal::AlreadyAssociated),
            (None, Some(pending)) => Err(ImportRefusal::AnotherPending(pending.id)),
            (None, None) => Ok(self.associate(id, MaterialState::PendingRotation, now)),
        }
    }

    /// One more material, the youngest.
    pub(super) fn associate(mut self, id: MaterialId, state: MaterialState, now: Time) -> Facts {
        self.materials.push(MaterialFacts::new(id, state, now));
        self
    }

    fn without_material(mut self, id: MaterialId) -> Facts {
        let stays = self.part == Some(Part::Replica);
        self.materials.retain(|material| material.id != id || material.state.is_permanent() || stays);
        self.with_material(id, MaterialFacts::go)
    }

    /// The same with the material of this id edited.
    pub(super) fn with_material(mut self, id: MaterialId, edit: impl FnOnce(&mut MaterialFacts)) -> Facts {
        self.materials.iter_mut().find(|material| material.id == id).map(edit);
        self
    }
}
