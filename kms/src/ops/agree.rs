//! Secrets shared with others: DeriveSharedSecret, Encapsulate, Decapsulate.

use wire::Op;

use super::{Operation, Sheet, algorithm, plain};
use crate::error::Error;
use crate::journey::{Cx, Done};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html>
pub struct DeriveSharedSecret;

impl Operation for DeriveSharedSecret {
    const SHEET: Sheet =
        Sheet::of(Op::DeriveSharedSecret).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::DeriveSharedSecretRequest;
    type Response = wire::DeriveSharedSecretResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = cx.ask().algorithm(algorithm(request.key_agreement_algorithm.as_str())?);

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let secret = key.agree(&request.public_key).await?;
        let answer = wire::DeriveSharedSecretResponse {
            key_id: Some(key.arn()),
            shared_secret: plain(&secret),
            key_agreement_algorithm: Some(request.key_agreement_algorithm),
            key_origin: key.metadata().origin,
            ..wire::DeriveSharedSecretResponse::default()
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encapsulate.html>
pub struct Encapsulate;

impl Operation for Encapsulate {
    const SHEET: Sheet = Sheet::of(Op::Encapsulate).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::EncapsulateRequest;
    type Response = wire::EncapsulateResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = cx.ask().algorithm(algorithm(request.encapsulation_algorithm.as_str())?);

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let encapsulated = key.encapsulate().await?;
        let answer = wire::EncapsulateResponse {
            key_id: Some(key.arn()),
            shared_secret: plain(&encapsulated.shared_secret),
            shared_secret_ciphertext_blob: Some(encapsulated.ciphertext),
            encapsulation_algorithm: Some(request.encapsulation_algorithm),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decapsulate.html>
pub struct Decapsulate;

impl Operation for Decapsulate {
    const SHEET: Sheet = Sheet::of(Op::Decapsulate).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::DecapsulateRequest;
    type Response = wire::DecapsulateResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = cx.ask().algorithm(algorithm(request.encapsulation_algorithm.as_str())?);

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let secret = key.decapsulate(&request.shared_secret_ciphertext_blob).await?;
        let answer = wire::DecapsulateResponse {
            key_id: Some(key.arn()),
            shared_secret: plain(&secret),
            encapsulation_algorithm: Some(request.encapsulation_algorithm),
        };
        Ok(key.done(answer))
    }
}
