//! Imported key material: GetParametersForImport, ImportKeyMaterial, DeleteImportedKeyMaterial.

use crypto::wrapping::{WrappingAlgorithm, WrappingKeySpec};
use serde_json::{Map, Value};
use wire::{AlgorithmSpec, ExpirationModelType, ImportType, Op, Request, Sensitive, Timestamp};

use super::{Operation, Sheet};
use crate::Time;
use crate::error::{Error, Invalid};
use crate::journey::{Asked, Cx, Done, Import};
use crate::keys::lifecycle::{ImportKind, ImportTerms, MaterialId};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html>
pub struct GetParametersForImport;

impl Operation for GetParametersForImport {
    const SHEET: Sheet = Sheet::of(Op::GetParametersForImport).takes(Names::KeyOnly);
    type Request = wire::GetParametersForImportRequest;
    type Response = wire::GetParametersForImportResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = cx.ask().with(Asked {
            wrapping_algorithm: Some(request.wrapping_algorithm.as_str()),
            wrapping_key_spec: Some(request.wrapping_key_spec.as_str()),
            ..Asked::default()
        });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let spec = wrapping_key_spec(request.wrapping_key_spec)?;
        let parameters = key.import_parameters(spec, wrapping_algorithm(request.wrapping_algorithm)?).await?;
        let answer = wire::GetParametersForImportResponse {
            key_id: Some(key.arn()),
            import_token: Some(parameters.token),
            public_key: Some(Sensitive::from(parameters.public_key)),
            parameters_valid_to: Some(parameters.valid_to.into()),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html>
pub struct ImportKeyMaterial;

impl Operation for ImportKeyMaterial {
    const SHEET: Sheet = Sheet::of(Op::ImportKeyMaterial).takes(Names::KeyOnly);
    type Request = wire::ImportKeyMaterialRequest;
    type Response = wire::ImportKeyMaterialResponse;

    fn parameters(request: &Self::Request) -> Map<String, Value> {
        let mut parameters = request.recorded();
        parameters.entry("expirationModel").or_insert_with(|| DEFAULT_MODEL.as_str().into());
        parameters
    }

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let expires = expires(request.expiration_model.unwrap_or(DEFAULT_MODEL), request.valid_to, cx.now())?;
        let kind = request.import_type.map(kind);
        if kind == Some(ImportKind::New) && request.key_material_id.is_some() {
            return Err(Error::Invalid(Invalid::IdOfNewMaterial));
        }
        let import = Import {
            token: &request.import_token,
            wrapped: &request.encrypted_key_material,
            kind,
            id: request.key_material_id.as_deref().map(material_id).transpose()?,
            terms: ImportTerms { expires, description: request.key_material_description.clone() },
        };

        let ask = cx.ask().with(Asked {
            expiration_model: request.expiration_model.map(ExpirationModelType::as_str),
            valid_to: expires,
            ..Asked::default()
        });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let (change, id) = key.import(import).await?;
        let answer =
            wire::ImportKeyMaterialResponse { key_id: Some(change.arn()), key_material_id: id.map(hex::encode) };
        Ok(change.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html>
pub struct DeleteImportedKeyMaterial;

impl Operation for DeleteImportedKeyMaterial {
    const SHEET: Sheet = Sheet::of(Op::DeleteImportedKeyMaterial).takes(Names::KeyOnly);
    type Request = wire::DeleteImportedKeyMaterialRequest;
    type Response = wire::DeleteImportedKeyMaterialResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let id = request.key_material_id.as_deref().map(material_id).transpose()?;

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let (change, id) = key.delete_material(id).await?;
        let answer = wire::DeleteImportedKeyMaterialResponse {
            key_id: Some(change.arn()),
            // Empty for a key that never had any, or whose material has no name: only this answer's type allows it to be.
            key_material_id: Some(id.map(hex::encode).unwrap_or_default()),
        };
        Ok(change.done(answer))
    }
}

/// How far ahead `ValidTo` may lie, in days.
const MAX_VALID_DAYS: i64 = 365;

/// What an absent ExpirationModel counts as. Conditions see it absent: AWS's page of `kms:ExpirationModel` asks about it
/// with `Null`. <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
const DEFAULT_MODEL: ExpirationModelType = ExpirationModelType::KeyMaterialExpires;

/// When the material expires. If it does, the date must be given.
fn expires(model: ExpirationModelType, valid_to: Option<Timestamp>, now: Time) -> Result<Option<Time>, Error> {
    let invalid = |rule| Err(Error::Invalid(rule));
    match (model, valid_to.map(|date| Time(date.millis))) {
        (ExpirationModelType::KeyMaterialDoesNotExpire, None) => Ok(None),
        (ExpirationModelType::KeyMaterialDoesNotExpire, Some(_)) => invalid(Invalid::ValidToSuperfluous),
        (ExpirationModelType::KeyMaterialExpires, None) => invalid(Invalid::ValidToMissing),
        (ExpirationModelType::KeyMaterialExpires, Some(date)) if date <= now => invalid(Invalid::ValidToPast),
        (ExpirationModelType::KeyMaterialExpires, Some(date)) if date > now.plus_days(MAX_VALID_DAYS) => {
            invalid(Invalid::ValidToTooFar)
        }
        (ExpirationModelType::KeyMaterialExpires, Some(date)) => Ok(Some(date)),
    }
}

const fn kind(of: ImportType) -> ImportKind {
    match of {
        ImportType::NewKeyMaterial => ImportKind::New,
        ImportType::ExistingKeyMaterial => ImportKind::Existing,
    }
}

/// An id whose form the model's constraints have checked.
fn material_id(text: &str) -> Result<MaterialId, Error> {
    let mut id = MaterialId::default();
    hex::decode_to_slice(text, &mut id).map_err(|_| Error::internal("a material id passed its constraints"))?;
    Ok(id)
}

/// The padding of RSAES_PKCS1_V1_5 tells attackers too much: AWS ended its support in October 2023.
fn wrapping_algorithm(of: AlgorithmSpec) -> Result<WrappingAlgorithm, Error> {
    let of = of.as_str();
    WrappingAlgorithm::parse(of).ok_or_else(|| Error::Unsupported(format!("WrappingAlgorithm {of} is not supported.")))
}

fn wrapping_key_spec(of: wire::WrappingKeySpec) -> Result<WrappingKeySpec, Error> {
    let of = of.as_str();
    WrappingKeySpec::parse(of).ok_or_else(|| Error::Unsupported(format!("WrappingKeySpec {of} is not supported.")))
}
