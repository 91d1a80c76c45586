//! Imported material: its way in, and its way out. The acts on keys whose material comes from their owners; what follows
//! from it for a key's state is `keys::lifecycle`, how it is unwrapped `backend`.

use crypto::spec::{KeySpec, Kind};
use crypto::wrapping::{WrappingAlgorithm, WrappingKeySpec};
use wire::Op;

use crate::backend::{Incoming, Parameters, Parcel};
use crate::error::Error;
use crate::keys::lifecycle::{ImportKind, ImportRefusal, ImportTerms, MaterialId};
use crate::ops::Action;
use crate::records::{WrappedKek, WrappedMaterial};
use crate::rows;

use super::act::{Usable, put_material};
use super::change::{Change, Write};

/// Material as it was sent, and what it is said to be.
pub struct Import<'a> {
    /// The token that came with the wrapping key.
    pub token: &'a [u8],
    /// The material, wrapped.
    pub wrapped: &'a [u8],
    /// New or existing; none for what it can only be.
    pub kind: Option<ImportKind>,
    /// The id that the caller expects it to have.
    pub id: Option<MaterialId>,
    /// How long it lasts, and what it is called.
    pub terms: ImportTerms,
}

impl<'r> Usable<'r> {
    /// A new wrapping key and its token.
    ///
    /// Errors: `Unsupported` for an algorithm that does not wrap material of this key's spec.
    pub async fn import_parameters(
        &self,
        spec: WrappingKeySpec,
        algorithm: WrappingAlgorithm,
    ) -> Result<Parameters, Error> {
        self.permit.begin(&[Action::Of(Op::GetParametersForImport)])?;
        let of = self.key.record().spec;
        if !spec.takes(algorithm) || !wraps(algorithm, of) {
            return Err(Error::Unsupported(format!("{algorithm} does not wrap key material of KeySpec {of}.")));
        }
        self.backend().import_parameters(&self.arn(), spec, algorithm, self.now()).await
    }

    /// Takes material in, and tells its id.
    ///
    /// Errors: as [`crate::backend::Backend::take_in`]; `IncorrectKeyMaterial` for material that is not what it is said
    /// to be; `AnotherMaterialPending`.
    pub async fn import(self, import: Import<'_>) -> Result<(Change<'r>, MaterialId), Error> {
        self.permit.begin(&[Action::Of(Op::ImportKeyMaterial)])?;
        let (arn, now, facts) = (self.arn(), self.now(), &self.key.record().facts);
        let key_id = &self.key.record().key_id;
        let parcel = Parcel { key_arn: &arn, key_id, token: import.token, wrapped: import.wrapped };
        let Incoming { id, material } = self.backend().take_in(parcel, now).await?;
        if import.id.is_some_and(|expected| expected != id || facts.material(&id).is_none()) {
            return Err(Error::IncorrectKeyMaterial);
        }
        let kind = import.kind.unwrap_or(facts.default_import_kind());
        let refused = |refusal| refused(refusal, &arn, &id);
        let facts = facts.clone().import(id, kind, import.terms, now).map_err(refused)?;

        let cx = self.permit.cx;
        let (view, world) = (cx.view(), &self.key.world);
        let name = hex::encode(id);
        let before = view.get::<WrappedMaterial>(rows::material_row(world, key_id, &name)).await?;
        let kek_before = view.get::<WrappedKek>(rows::kek_row(world, key_id, &name)).await?;
        let versions = [before.map_or(0, |row| row.version), kek_before.map_or(0, |row| row.version)];
        let rows = put_material(&view.core, world, key_id, &id, &material, versions)?;
        cx.note_material(&id);
        Ok((self.with_facts(facts, rows.into()).await?, id))
    }

    /// Destroys imported material: the one of this id, or the current one. Tells which; none if the key never had any.
    ///
    /// Errors: `NoSuchMaterial`.
    pub async fn delete_material(self, id: Option<MaterialId>) -> Result<(Change<'r>, Option<MaterialId>), Error> {
        self.permit.begin(&[Action::Of(Op::DeleteImportedKeyMaterial)])?;
        let facts = &self.key.record().facts;
        let meant = id.or(facts.current_material());
        let missing = |_| Error::NoSuchMaterial { arn: self.arn(), id: meant.map(hex::encode).unwrap_or_default() };
        let (facts, destroyed) = facts.clone().delete_material(id.as_ref()).map_err(missing)?;
        let cx = self.permit.cx;
        let writes: Vec<Write> = match &destroyed {
            Some(id) => cx.view().destroy(&self.key.world, &self.key.record().key_id, id).await?,
            None => Vec::new(),
        };
        if let Some(id) = &meant {
            cx.note_material(id);
        }
        Ok((self.with_facts(facts, writes).await?, meant))
    }
}

/// Which algorithms wrap the material of which keys.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html#select-wrapping-algorithm>
fn wraps(algorithm: WrappingAlgorithm, of: KeySpec) -> bool {
    let private_keys = match algorithm {
        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256 => false,
        WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256 => true,
        WrappingAlgorithm::Sm2Pke => return false,
    };
    match of.kind() {
        Kind::Symmetric | Kind::Hmac => !private_keys,
        Kind::Asymmetric => private_keys,
    }
}

fn refused(refusal: ImportRefusal, arn: &str, new: &MaterialId) -> Error {
    match refusal {
        ImportRefusal::AlreadyAssociated | ImportRefusal::NotAssociated => Error::IncorrectKeyMaterial,
        ImportRefusal::AnotherPending(pending) => {
            Error::AnotherMaterialPending { arn: arn.to_owned(), new: hex::encode(new), pending: hex::encode(pending) }
        }
    }
}
