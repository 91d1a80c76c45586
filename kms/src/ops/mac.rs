//! GenerateMac and VerifyMac.

use wire::Op;

use super::{Operation, Sheet, algorithm};
use crate::error::Error;
use crate::journey::{Cx, Done};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html>
pub struct GenerateMac;

impl Operation for GenerateMac {
    const SHEET: Sheet = Sheet::of(Op::GenerateMac).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::GenerateMacRequest;
    type Response = wire::GenerateMacResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = cx.ask().algorithm(algorithm(request.mac_algorithm.as_str())?);

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let mac = key.mac(request.message.expose()).await?;
        let answer = wire::GenerateMacResponse {
            key_id: Some(key.arn()),
            mac: Some(mac),
            mac_algorithm: Some(request.mac_algorithm),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html>
pub struct VerifyMac;

impl Operation for VerifyMac {
    const SHEET: Sheet = Sheet::of(Op::VerifyMac).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::VerifyMacRequest;
    type Response = wire::VerifyMacResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = cx.ask().algorithm(algorithm(request.mac_algorithm.as_str())?);

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        key.verify_mac(request.message.expose(), &request.mac).await?;
        let answer = wire::VerifyMacResponse {
            key_id: Some(key.arn()),
            mac_algorithm: Some(request.mac_algorithm),
            // It is never false: what does not verify is refused.
            mac_valid: Some(true),
        };
        Ok(key.done(answer))
    }
}
