//! Rotation: EnableKeyRotation, DisableKeyRotation, GetKeyRotationStatus, RotateKeyOnDemand, ListKeyRotations.

use wire::{Empty, Op};

use super::{Operation, Sheet};
use crate::error::Error;
use crate::journey::{Asked, Cx, Done};
use crate::marker::{Marker, a_page};
use crate::names::Names;

/// The period of automatic rotation in days, if the caller does not say.
const PERIOD_DAYS: i32 = 365;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>
pub struct EnableKeyRotation;

impl Operation for EnableKeyRotation {
    const SHEET: Sheet = Sheet::of(Op::EnableKeyRotation).takes(Names::KeyOnly);
    type Request = wire::EnableKeyRotationRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        // An earlier period does not stay: whoever does not say gets the default.
        let period = u16::try_from(request.rotation_period_in_days.unwrap_or(PERIOD_DAYS));
        let period = period.map_err(|_| Error::internal("a rotation period passed its constraints"))?;

        let ask = cx.ask().with(Asked { rotation_period_in_days: Some(period), ..Asked::default() });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        Ok(key.enable_rotation(period).await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html>
pub struct DisableKeyRotation;

impl Operation for DisableKeyRotation {
    const SHEET: Sheet = Sheet::of(Op::DisableKeyRotation).takes(Names::KeyOnly);
    type Request = wire::DisableKeyRotationRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        Ok(key.disable_rotation().await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>
pub struct GetKeyRotationStatus;

impl Operation for GetKeyRotationStatus {
    const SHEET: Sheet = Sheet::of(Op::GetKeyRotationStatus).takes(Names::KeyOnly).cross_account();
    type Request = wire::GetKeyRotationStatusRequest;
    type Response = wire::GetKeyRotationStatusResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let rotation = key.rotation();
        let answer = wire::GetKeyRotationStatusResponse {
            key_rotation_enabled: Some(rotation.is_some()),
            key_id: Some(key.arn()),
            rotation_period_in_days: rotation.map(|rotation| rotation.period_days.into()),
            next_rotation_date: rotation.map(|rotation| rotation.next.into()),
            // A rotation on demand is over when its call is answered: none is ever under way.
            on_demand_rotation_start_date: None,
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>
pub struct RotateKeyOnDemand;

impl Operation for RotateKeyOnDemand {
    const SHEET: Sheet = Sheet::of(Op::RotateKeyOnDemand).takes(Names::KeyOnly);
    type Request = wire::RotateKeyOnDemandRequest;
    type Response = wire::RotateKeyOnDemandResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let change = key.rotate_on_demand().await?;
        let answer = wire::RotateKeyOnDemandResponse { key_id: Some(change.arn()) };
        Ok(change.done(answer))
    }
}

/// How many entries a page of ListKeyRotations has if the caller does not say, and at most.
const ROTATIONS_A_PAGE: (usize, usize) = (100, 1000);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html>
pub struct ListKeyRotations;

impl Operation for ListKeyRotations {
    const SHEET: Sheet = Sheet::of(Op::ListKeyRotations).takes(Names::KeyOnly);
    type Request = wire::ListKeyRotationsRequest;
    type Response = wire::ListKeyRotationsResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let limit = a_page(request.limit, ROTATIONS_A_PAGE);

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let mut rotations = key.rotations(request.include_key_material);
        let list = format!("{} {}", request.include_key_material, key.arn());
        let marker = Marker::of(Op::ListKeyRotations, &cx.world(), &list);
        if let Some(text) = &request.marker {
            // Materials are listed in the order of their coming, and what a page can end with never leaves its key.
            let last = Some(marker.read(text)?);
            let at = rotations.iter().position(|entry| entry.key_material_id == last).ok_or(Error::InvalidMarker)?;
            rotations.drain(..=at);
        }
        let more = rotations.len() > limit;
        rotations.truncate(limit);
        let last = rotations.last().filter(|_| more).and_then(|entry| entry.key_material_id.as_deref());
        let answer = wire::ListKeyRotationsResponse {
            next_marker: last.map(|last| marker.write(last)),
            rotations: Some(rotations),
            truncated: Some(more),
        };
        Ok(key.done(answer))
    }
}
