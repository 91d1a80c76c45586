//! GenerateDataKey and GenerateDataKeyWithoutPlaintext.

use std::collections::BTreeMap;

use crypto::SecretBytes;
use crypto::spec::Algorithm;
use wire::{DataKeySpec, Op};

use super::{Operation, Sheet, plain, within_limit};
use crate::error::{Error, Invalid};
use crate::journey::{Cx, Done, Sealed, Usable};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>
pub struct GenerateDataKey;

impl Operation for GenerateDataKey {
    const SHEET: Sheet = Sheet::of(Op::GenerateDataKey).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::GenerateDataKeyRequest;
    type Response = wire::GenerateDataKeyResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let length = length(request.key_spec, request.number_of_bytes)?;
        let (key, data_key, sealed) = draw(cx, &request.key_id, length, &request.encryption_context).await?;

        let answer = wire::GenerateDataKeyResponse {
            ciphertext_blob: Some(sealed.blob),
            key_id: Some(key.arn()),
            key_material_id: Some(sealed.material_id),
            plaintext: plain(&data_key),
            ..wire::GenerateDataKeyResponse::default()
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html>
pub struct GenerateDataKeyWithoutPlaintext;

impl Operation for GenerateDataKeyWithoutPlaintext {
    const SHEET: Sheet =
        Sheet::of(Op::GenerateDataKeyWithoutPlaintext).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::GenerateDataKeyWithoutPlaintextRequest;
    type Response = wire::GenerateDataKeyWithoutPlaintextResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let length = length(request.key_spec, request.number_of_bytes)?;
        let (key, _, sealed) = draw(cx, &request.key_id, length, &request.encryption_context).await?;

        let answer = wire::GenerateDataKeyWithoutPlaintextResponse {
            ciphertext_blob: Some(sealed.blob),
            key_id: Some(key.arn()),
            key_material_id: Some(sealed.material_id),
        };
        Ok(key.done(answer))
    }
}

/// A new data key of `length` bytes, sealed under the key that was named.
async fn draw<'r>(
    cx: &'r Cx,
    key_id: &str,
    length: usize,
    context: &'r BTreeMap<String, String>,
) -> Result<(Usable<'r>, SecretBytes, Sealed), Error> {
    within_limit(context)?;
    let ask = cx.ask().algorithm(Algorithm::SymmetricDefault).context(context);

    let key = cx.find(key_id).await?;
    let key = key.permit(ask).await?;
    let key = key.admit()?;

    let data_key = key.draw_data_key(length)?;
    let sealed = key.seal(data_key.expose()).await?;
    Ok((key, data_key, sealed))
}

/// A data key's length in bytes: said by exactly one of the two members.
fn length(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<usize, Error> {
    match (spec, bytes) {
        (Some(DataKeySpec::Aes128), None) => Ok(16),
        (Some(DataKeySpec::Aes256), None) => Ok(32),
        (None, Some(bytes)) => usize::try_from(bytes).map_err(|_| Error::Invalid(Invalid::DataKeyLength)),
        (None, None) | (Some(_), Some(_)) => Err(Error::Invalid(Invalid::DataKeyLength)),
    }
}
