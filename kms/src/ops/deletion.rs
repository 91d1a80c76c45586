//! The end of a key, and second thoughts: ScheduleKeyDeletion, CancelKeyDeletion.

use wire::Op;

use super::{Operation, Sheet};
use crate::error::{Error, Invalid};
use crate::journey::{Asked, Cx, Done};
use crate::names::Names;

/// The waiting periods that a caller may choose, in days.
const WINDOW_DAYS: std::ops::RangeInclusive<i32> = 7..=30;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>
pub struct ScheduleKeyDeletion;

impl Operation for ScheduleKeyDeletion {
    const SHEET: Sheet = Sheet::of(Op::ScheduleKeyDeletion).takes(Names::KeyOnly);
    type Request = wire::ScheduleKeyDeletionRequest;
    type Response = wire::ScheduleKeyDeletionResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let days = request.pending_window_in_days;
        let window = u16::try_from(days).ok().filter(|_| WINDOW_DAYS.contains(&days));
        let window = window.ok_or(Error::Invalid(Invalid::PendingWindow))?;

        let ask = cx.ask().with(Asked { pending_window_in_days: Some(window), ..Asked::default() });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let change = key.schedule_deletion(window).await?;
        let metadata = change.metadata();
        let answer = wire::ScheduleKeyDeletionResponse {
            key_id: Some(change.arn()),
            deletion_date: metadata.deletion_date,
            key_state: metadata.key_state,
            pending_window_in_days: Some(days),
        };
        Ok(change.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>
pub struct CancelKeyDeletion;

impl Operation for CancelKeyDeletion {
    const SHEET: Sheet = Sheet::of(Op::CancelKeyDeletion).takes(Names::KeyOnly);
    type Request = wire::CancelKeyDeletionRequest;
    type Response = wire::CancelKeyDeletionResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let change = key.cancel_deletion().await?;
        let answer = wire::CancelKeyDeletionResponse { key_id: Some(change.arn()) };
        Ok(change.done(answer))
    }
}
