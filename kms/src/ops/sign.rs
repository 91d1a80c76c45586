//! Sign, Verify and GetPublicKey.

use crypto::Message;
use wire::{MessageType, Op, Sensitive, SigningAlgorithmSpec};

use super::{Operation, Sheet, algorithm};
use crate::error::Error;
use crate::journey::{Ask, Asked, Cx, Done};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html>
pub struct Sign;

impl Operation for Sign {
    const SHEET: Sheet = Sheet::of(Op::Sign).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::SignRequest;
    type Response = wire::SignResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = ask(cx, request.signing_algorithm, request.message_type)?;

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let signature = key.sign(message(request.message_type, &request.message)).await?;
        let answer = wire::SignResponse {
            key_id: Some(key.arn()),
            signature: Some(signature),
            signing_algorithm: Some(request.signing_algorithm),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html>
pub struct Verify;

impl Operation for Verify {
    const SHEET: Sheet = Sheet::of(Op::Verify).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::VerifyRequest;
    type Response = wire::VerifyResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = ask(cx, request.signing_algorithm, request.message_type)?;

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        key.verify(message(request.message_type, &request.message), &request.signature).await?;
        let answer = wire::VerifyResponse {
            key_id: Some(key.arn()),
            // It is never false: what does not verify is refused.
            signature_valid: Some(true),
            signing_algorithm: Some(request.signing_algorithm),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html>
pub struct GetPublicKey;

impl Operation for GetPublicKey {
    const SHEET: Sheet = Sheet::of(Op::GetPublicKey).takes(Names::KeyOrAlias).cross_account().grantable();
    type Request = wire::GetPublicKeyRequest;
    type Response = wire::GetPublicKeyResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let public_key = key.public_key().await?;
        let metadata = key.metadata();
        let answer = wire::GetPublicKeyResponse {
            key_id: Some(key.arn()),
            public_key: Some(public_key.spki().to_vec()),
            customer_master_key_spec: metadata.customer_master_key_spec,
            key_spec: metadata.key_spec,
            key_usage: metadata.key_usage,
            encryption_algorithms: metadata.encryption_algorithms,
            signing_algorithms: metadata.signing_algorithms,
            key_agreement_algorithms: metadata.key_agreement_algorithms,
            encapsulation_algorithms: metadata.encapsulation_algorithms,
        };
        Ok(key.done(answer))
    }
}

fn ask(cx: &Cx, of: SigningAlgorithmSpec, message_type: MessageType) -> Result<Ask<'static>, Error> {
    let asked = Asked { message_type: Some(message_type.as_str()), ..Asked::default() };
    Ok(cx.ask().algorithm(algorithm(of.as_str())?).with(asked))
}

fn message(of: MessageType, bytes: &Sensitive) -> Message<'_> {
    match of {
        MessageType::Raw => Message::Raw(bytes.expose()),
        MessageType::Digest => Message::Digest(bytes.expose()),
        MessageType::ExternalMu => Message::ExternalMu(bytes.expose()),
    }
}
