//! Imported material: its way in, and its way out. The acts on keys whose material comes from their owners; what follows
//! from it for a key's state is `keys::lifecycle`, how it is unwrapped `backend`.

use crypto::spec::{KeySpec, Kind};
use crypto::wrapping::{WrappingAlgorithm, WrappingKeySpec};
use wire::Op;

use crate::backend::{Incoming, Parameters, Parcel};
use crate::error::Error;
use crate::keys::lifecycle::{ImportKind, ImportRefusal, ImportTerms, MaterialId};
use crate::keys::refusal::Refusal;
use crate::ops::Action;
use crate::place;
use crate::records::{PublicKeyRecord, WrappedKek, WrappedMaterial};
use crate::rows;

use super::act::Usable;
use super::change::{Change, Write};
use super::replica;
use super::wrapped::{put_material, put_public_half};

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
    /// Errors: `Unsupported` for an algorithm that does not wrap material of this key's spec, not under such a wrapping
    /// key, or not in this Region.
    pub async fn import_parameters(
        &self,
        spec: WrappingKeySpec,
        algorithm: WrappingAlgorithm,
    ) -> Result<Parameters, Error> {
        self.permit.begin(&[Action::Of(Op::GetParametersForImport)])?;
        wraps(algorithm, spec, self.key.record().spec, place::partition(&self.key.world.region))?;
        self.backend().import_parameters(&self.arn(), spec, algorithm, self.now()).await
    }

    /// Takes material in, and tells its id, if it is one of those that have names.
    ///
    /// Errors: `Unsupported` for what can only be said of material with a name; as [`crate::backend::Backend::take_in`];
    /// `IncorrectKeyMaterial` for material that is not what it is said to be; `AnotherMaterialPending`.
    pub async fn import(self, import: Import<'_>) -> Result<(Change<'r>, Option<MaterialId>), Error> {
        self.permit.begin(&[Action::Of(Op::ImportKeyMaterial)])?;
        self.may_name("ImportType", import.kind.is_some())?;
        self.may_name("KeyMaterialId", import.id.is_some())?;
        self.may_name("KeyMaterialDescription", import.terms.description.is_some())?;
        let (arn, now, facts) = (self.arn(), self.now(), &self.key.record().facts);
        let key_id = &self.key.record().key_id;
        let spec = self.key.record().spec;
        let parcel = Parcel { key_arn: &arn, key_id, spec, token: import.token, wrapped: import.wrapped };
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
        let mut writes: Vec<Write> = put_material(&view.core, world, key_id, &id, &material, versions)?.into();
        // Another material never comes to an asymmetric key, so its public half is written once.
        if view.get::<PublicKeyRecord>(rows::public_half_row(world, key_id)).await?.is_none() {
            writes.extend(put_public_half(world, key_id, &material)?);
        }
        let name = self.named(id);
        Ok((self.with_facts(facts, writes).await?, name))
    }

    /// Destroys imported material: the one of this id, or the current one. Tells which, if it is one of those that have
    /// names; none if the key never had any.
    ///
    /// Errors: `Unsupported` for an id of what has none; `NoSuchMaterial`.
    pub async fn delete_material(self, id: Option<MaterialId>) -> Result<(Change<'r>, Option<MaterialId>), Error> {
        self.permit.begin(&[Action::Of(Op::DeleteImportedKeyMaterial)])?;
        self.may_name("KeyMaterialId", id.is_some())?;
        let facts = &self.key.record().facts;
        let meant = id.or(facts.current_material());
        let missing = |_| Error::NoSuchMaterial { arn: self.arn(), id: meant.map(hex::encode).unwrap_or_default() };
        let (facts, _) = facts.clone().delete_material(id.as_ref()).map_err(missing)?;
        let view = self.permit.cx.view();
        let mut writes: Vec<Write> = match &meant {
            Some(id) => replica::destroy(view, &self.key, &facts, id).await?,
            None => Vec::new(),
        };
        if !writes.is_empty() {
            writes.push(view.forget().await?);
        }
        let name = meant.and_then(|id| self.named(id));
        Ok((self.with_facts(facts, writes).await?, name))
    }

    /// The id as clients and audit records are to see it: keys that never have a second material do not name theirs.
    fn named(&self, id: MaterialId) -> Option<MaterialId> {
        let name = self.names_material().then_some(id);
        if let Some(id) = &name {
            self.permit.cx.note_material(id);
        }
        name
    }

    /// Whether a request may have `member`, which speaks of one material among several.
    fn may_name(&self, member: &str, given: bool) -> Result<(), Error> {
        match given && !self.names_material() {
            true => Err(Error::Unsupported(format!("{member} is supported for symmetric encryption keys only."))),
            false => Ok(()),
        }
    }

    fn names_material(&self) -> bool {
        match self.key.record().spec.kind() {
            Kind::Symmetric => true,
            Kind::Hmac | Kind::Asymmetric => false,
        }
    }
}

/// What wraps what: material of which keys, by which algorithms, under which wrapping keys, in which Regions.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html#select-wrapping-algorithm>
///
/// Errors: `Unsupported`.
fn wraps(algorithm: WrappingAlgorithm, key: WrappingKeySpec, of: KeySpec, partition: &str) -> Result<(), Error> {
    let unsupported = |text: String| Err(Error::Unsupported(text));
    let (china, way) = (partition == "aws-cn", Way::of(algorithm));
    if !way.is_there(china) {
        return unsupported(format!("WrappingAlgorithm {algorithm} is not supported in this Region"));
    }
    if key == WrappingKeySpec::Sm2 && !china {
        return unsupported(format!("WrappingKeySpec {key} is not supported in this Region"));
    }
    if !key.takes(algorithm) {
        return unsupported(format!("WrappingAlgorithm {algorithm} is incompatible with WrappingKeySpec {key}."));
    }
    if !way.takes(of, key) {
        return unsupported(format!("{algorithm} under {key} does not wrap key material of KeySpec {of}."));
    }
    Ok(())
}

/// What wraps the material itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// One block of RSA.
    Oaep,
    /// An AES key, which RSA wraps.
    Aes,
    /// SM2.
    Sm2,
}

impl Way {
    const fn of(algorithm: WrappingAlgorithm) -> Way {
        match algorithm {
            WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256 => Way::Oaep,
            WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256 => Way::Aes,
            WrappingAlgorithm::Sm2Pke => Way::Sm2,
        }
    }

    const fn is_there(self, china: bool) -> bool {
        match self {
            Way::Oaep => true,
            Way::Aes => !china,
            Way::Sm2 => china,
        }
    }

    fn takes(self, of: KeySpec, key: WrappingKeySpec) -> bool {
        use KeySpec as S;
        match of {
            S::SymmetricDefault | S::Hmac224 | S::Hmac256 | S::Hmac384 | S::Hmac512 | S::Sm2 => self != Way::Aes,
            S::EccNistP256 | S::EccNistP384 | S::EccSecgP256k1 | S::EccNistEdwards25519 => true,
            // A private key of P-521 is longer than a block of this size can be.
            S::EccNistP521 => self != Way::Oaep || key != WrappingKeySpec::Rsa2048,
            // So is RSA's, of any size.
            S::Rsa2048 | S::Rsa3072 | S::Rsa4096 => self != Way::Oaep,
            S::MlDsa44 | S::MlDsa65 | S::MlDsa87 | S::MlKem512 | S::MlKem768 | S::MlKem1024 => false,
        }
    }
}

fn refused(refusal: ImportRefusal, arn: &str, new: &MaterialId) -> Error {
    match refusal {
        ImportRefusal::AlreadyAssociated | ImportRefusal::NotAssociated => Error::IncorrectKeyMaterial,
        ImportRefusal::NotPrimary => Error::Refused { arn: arn.to_owned(), refusal: Refusal::NotPrimary },
        ImportRefusal::AnotherPending(pending) => {
            Error::AnotherMaterialPending { arn: arn.to_owned(), new: hex::encode(new), pending: hex::encode(pending) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// AWS's pages "Select a wrapping algorithm" and "Encrypt the key material", as rows: key spec, and what wraps it
    /// under RSA_2048, under RSA_3072 or RSA_4096, and under SM2. `O` is RSAES_OAEP_SHA_x, `A` RSA_AES_KEY_WRAP_SHA_x,
    /// `S` SM2PKE.
    const AWS: &str = "
        SYMMETRIC_DEFAULT     O  O  S
        RSA_2048              A  A  S
        RSA_3072              A  A  S
        RSA_4096              A  A  S
        ECC_NIST_P256         OA OA S
        ECC_NIST_P384         OA OA S
        ECC_NIST_P521         A  OA S
        ECC_SECG_P256K1       OA OA S
        ECC_NIST_EDWARDS25519 OA OA S
        SM2                   O  O  S
        HMAC_224              O  O  S
        HMAC_256              O  O  S
        HMAC_384              O  O  S
        HMAC_512              O  O  S
        ML_DSA_44             -  -  -
        ML_DSA_65             -  -  -
        ML_DSA_87             -  -  -
        ML_KEM_512            -  -  -
        ML_KEM_768            -  -  -
        ML_KEM_1024           -  -  -
    ";

    #[test]
    fn what_wraps_what_is_aws_s_table_cell_by_cell() {
        let rows: Vec<Vec<&str>> = AWS.trim().lines().map(|row| row.split_whitespace().collect()).collect();
        assert_eq!(rows.len(), KeySpec::ALL.len());
        for row in rows {
            let of = KeySpec::parse(row[0]).expect("a key spec");
            for key in WrappingKeySpec::ALL {
                let column = match key {
                    WrappingKeySpec::Rsa2048 => row[1],
                    WrappingKeySpec::Rsa3072 | WrappingKeySpec::Rsa4096 => row[2],
                    WrappingKeySpec::Sm2 => row[3],
                };
                for algorithm in WrappingAlgorithm::ALL {
                    let (letter, elsewhere, in_china) = match algorithm {
                        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256 => ('O', true, true),
                        WrappingAlgorithm::RsaAesKeyWrapSha1 | WrappingAlgorithm::RsaAesKeyWrapSha256 => {
                            ('A', true, false)
                        }
                        WrappingAlgorithm::Sm2Pke => ('S', false, true),
                    };
                    for (partition, there) in [("aws", elsewhere), ("aws-us-gov", elsewhere), ("aws-cn", in_china)] {
                        let told = wraps(*algorithm, *key, of, partition);
                        let right = there && column.contains(letter);
                        assert_eq!(told.is_ok(), right, "{of} by {algorithm} under {key} in {partition}");
                    }
                }
            }
        }
    }
}
