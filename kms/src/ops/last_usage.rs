//! GetKeyLastUsage: when a key was last used, and by what.

use wire::Op;

use super::{Operation, Sheet};
use crate::error::Error;
use crate::journey::{Cx, Done};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>
pub struct GetKeyLastUsage;

impl Operation for GetKeyLastUsage {
    const SHEET: Sheet = Sheet::of(Op::GetKeyLastUsage).takes(Names::KeyOnly);
    type Request = wire::GetKeyLastUsageRequest;
    type Response = wire::GetKeyLastUsageResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let (usage, metadata) = (key.last_usage().await?, key.metadata());
        let answer = wire::GetKeyLastUsageResponse {
            key_id: metadata.key_id,
            // Of a key that was not used it is empty, and never absent.
            key_last_usage: Some(usage.last.unwrap_or_default()),
            tracking_start_date: Some(usage.tracked_since.into()),
            key_creation_date: metadata.creation_date,
        };
        Ok(key.done(answer))
    }
}
