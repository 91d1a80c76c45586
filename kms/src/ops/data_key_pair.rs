//! GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext.

use std::collections::BTreeMap;

use crypto::spec::{Algorithm, KeySpec};
use wire::{DataKeyPairSpec, Op};

use super::{Operation, Sheet, plain, within_limit};
use crate::error::Error;
use crate::journey::{Asked, Cx, DataKeyPair, Done, Usable};
use crate::names::Names;
use crate::place;
use crate::quotas::{Charge, RequestGroup};

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html>
pub struct GenerateDataKeyPair;

impl Operation for GenerateDataKeyPair {
    const SHEET: Sheet =
        Sheet::of(Op::GenerateDataKeyPair).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::GenerateDataKeyPairRequest;
    type Response = wire::GenerateDataKeyPairResponse;

    fn charges(request: &Self::Request) -> Vec<Charge> {
        vec![Charge::one(RequestGroup::Pair(request.key_pair_spec))]
    }

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let spec = request.key_pair_spec;
        let (key, pair) = draw(cx, &request.key_id, spec, &request.encryption_context).await?;

        let answer = wire::GenerateDataKeyPairResponse {
            key_id: Some(key.arn()),
            key_material_id: Some(pair.sealed.material_id),
            key_pair_spec: Some(spec),
            private_key_ciphertext_blob: Some(pair.sealed.blob),
            private_key_plaintext: plain(&pair.private_key),
            public_key: Some(pair.public_key),
            ..wire::GenerateDataKeyPairResponse::default()
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html>
pub struct GenerateDataKeyPairWithoutPlaintext;

impl Operation for GenerateDataKeyPairWithoutPlaintext {
    const SHEET: Sheet = Sheet::of(Op::GenerateDataKeyPairWithoutPlaintext)
        .takes(Names::KeyOrAlias)
        .cross_account()
        .grantable()
        .dry_run();
    type Request = wire::GenerateDataKeyPairWithoutPlaintextRequest;
    type Response = wire::GenerateDataKeyPairWithoutPlaintextResponse;

    fn charges(request: &Self::Request) -> Vec<Charge> {
        vec![Charge::one(RequestGroup::Pair(request.key_pair_spec))]
    }

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let spec = request.key_pair_spec;
        let (key, pair) = draw(cx, &request.key_id, spec, &request.encryption_context).await?;

        let answer = wire::GenerateDataKeyPairWithoutPlaintextResponse {
            key_id: Some(key.arn()),
            key_material_id: Some(pair.sealed.material_id),
            key_pair_spec: Some(spec),
            private_key_ciphertext_blob: Some(pair.sealed.blob),
            public_key: Some(pair.public_key),
        };
        Ok(key.done(answer))
    }
}

/// A new data key pair, its private half sealed under the key that was named.
///
/// Errors: `Unsupported` for a spec that the Regions of this partition do not have.
async fn draw<'r>(
    cx: &'r Cx,
    key_id: &str,
    spec: DataKeyPairSpec,
    context: &'r BTreeMap<String, String>,
) -> Result<(Usable<'r>, DataKeyPair), Error> {
    within_limit(context)?;
    let asked = Asked { data_key_pair_spec: Some(spec.as_str()), ..Asked::default() };
    let ask = cx.ask().algorithm(Algorithm::SymmetricDefault).context(context).with(asked);
    let name = spec.as_str();
    let unsupported = || Error::Unsupported(format!("KeyPairSpec {name} is not supported in this Region"));
    let spec = KeySpec::parse(name).filter(|spec| spec.offered_in(place::partition(&cx.world().region)));
    let spec = spec.ok_or_else(unsupported)?;

    let key = cx.find(key_id).await?;
    let key = key.permit(ask).await?;
    let key = key.admit()?;

    let pair = key.draw_data_key_pair(spec).await?;
    Ok((key, pair))
}
