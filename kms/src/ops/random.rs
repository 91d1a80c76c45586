//! GenerateRandom.

use wire::Op;

use super::{Operation, Sheet, plain};
use crate::error::{Error, Invalid};
use crate::journey::{Cx, Done};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html>
pub struct GenerateRandom;

impl Operation for GenerateRandom {
    const SHEET: Sheet = Sheet::of(Op::GenerateRandom);
    type Request = wire::GenerateRandomRequest;
    type Response = wire::GenerateRandomResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let length = request.number_of_bytes.and_then(|bytes| usize::try_from(bytes).ok());
        let length = length.ok_or(Error::Invalid(Invalid::NumberOfBytesMissing))?;
        if request.custom_key_store_id.is_some() {
            return Err(Error::Unsupported("A custom key store is not supported by this version of Trent.".into()));
        }

        let permit = cx.permit(cx.ask()).await?;

        let random = permit.random_bytes(length)?;
        let plaintext = plain(&random);
        let answer = wire::GenerateRandomResponse { plaintext, ..wire::GenerateRandomResponse::default() };
        Ok(permit.done(answer))
    }
}
