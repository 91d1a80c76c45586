//! Keys and what is told of them: CreateKey, DescribeKey, ListKeys, UpdateKeyDescription, EnableKey, DisableKey.

use crypto::spec::{KeySpec, KeyUsage};
use serde_json::{Map, Value};
use wire::{Empty, KeyListEntry, Op, OriginType, Request};

use super::{Action, Operation, Sheet, tag};
use crate::error::{Error, Invalid};
use crate::journey::{Asked, AskedKey, Cx, Done, KeyPolicy, NewKey};
use crate::keys::lifecycle::{KeyOrigin, RegionPart};
use crate::marker::Marker;
use crate::names::Names;
use crate::place;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>
pub struct CreateKey;

impl Operation for CreateKey {
    const SHEET: Sheet = Sheet::of(Op::CreateKey).needs(&[Action::Of(Op::CreateKey), Action::Of(Op::TagResource)]);
    type Request = wire::CreateKeyRequest;
    type Response = wire::CreateKeyResponse;

    fn parameters(request: &Self::Request) -> Map<String, Value> {
        let mut parameters = request.recorded();
        let spec = (request.key_spec.as_ref().map(|spec| spec.as_str()))
            .or(request.customer_master_key_spec.as_ref().map(|spec| spec.as_str()))
            .unwrap_or(KeySpec::SymmetricDefault.as_str());
        for member in ["keySpec", "customerMasterKeySpec"] {
            parameters.entry(member).or_insert_with(|| spec.into());
        }
        if spec == KeySpec::SymmetricDefault.as_str() {
            parameters.entry("keyUsage").or_insert_with(|| KeyUsage::EncryptDecrypt.as_str().into());
        }
        parameters
    }

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let (spec, usage) = spec_and_usage(request, place::partition(&cx.world().region))?;
        let origin = origin(request, spec)?;
        let part = if request.multi_region { RegionPart::Primary } else { RegionPart::SingleRegion };
        let tags = tag::given(&request.tags)?;
        let bypass = request.bypass_policy_lockout_safety_check;
        let policy = request.policy.as_deref().map(|text| KeyPolicy::read(text, bypass)).transpose()?;
        let ask = cx.ask().also_if(!tags.is_empty(), Action::Of(Op::TagResource)).with(Asked {
            new_key: Some(AskedKey { spec, usage, origin, part }),
            tags: Some(&tags),
            bypass_policy_lockout_safety_check: bypass,
            ..Asked::default()
        });
        let permit = cx.permit(ask).await?;

        let (description, tags) = (request.description.clone(), tags.clone());
        let new = NewKey { spec, usage, origin, part, description, policy, tags };
        let change = permit.create_key(new).await?;
        let answer = wire::CreateKeyResponse { key_metadata: Some(change.metadata()) };
        Ok(change.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html>
pub struct DescribeKey;

impl Operation for DescribeKey {
    const SHEET: Sheet = Sheet::of(Op::DescribeKey).takes(Names::KeyOrAlias).cross_account().grantable();
    type Request = wire::DescribeKeyRequest;
    type Response = wire::DescribeKeyResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let key = cx.find_described(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let told = key.told().await?;
        let answer = wire::DescribeKeyResponse { key_metadata: Some(told.metadata()) };
        Ok(told.done(answer))
    }
}

/// How many keys a page of ListKeys has, if the caller does not say.
const KEYS_A_PAGE: i32 = 100;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>
pub struct ListKeys;

impl Operation for ListKeys {
    const SHEET: Sheet = Sheet::of(Op::ListKeys);
    type Request = wire::ListKeysRequest;
    type Response = wire::ListKeysResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let limit = usize::try_from(request.limit.unwrap_or(KEYS_A_PAGE)).unwrap_or(0);
        let owners: Vec<_> = request.resource_owners.iter().map(|owner| owner.as_str()).collect();
        let marker = Marker::of(Op::ListKeys, &cx.world(), &owners.join(","));
        let after = request.marker.as_deref().map(|text| marker.read(text)).transpose()?;
        // Nobody shares keys with this account, so that a list of others' keys is empty.
        let own = owners.is_empty() || owners.contains(&"SELF");

        let permit = cx.permit(cx.ask()).await?;

        let (ids, more) = if own { permit.key_ids(after.as_deref(), limit).await? } else { (Vec::new(), false) };
        let next_marker = ids.last().filter(|_| more).map(|last| marker.write(last));
        let keys: Vec<_> = ids
            .into_iter()
            .map(|id| KeyListEntry { key_arn: Some(cx.world().key_arn(&id)), key_id: Some(id) })
            .collect();
        let answer = wire::ListKeysResponse {
            key_count: i32::try_from(keys.len()).ok(),
            keys: Some(keys),
            next_marker,
            truncated: Some(more),
        };
        Ok(permit.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html>
pub struct UpdateKeyDescription;

impl Operation for UpdateKeyDescription {
    const SHEET: Sheet = Sheet::of(Op::UpdateKeyDescription).takes(Names::KeyOnly);
    type Request = wire::UpdateKeyDescriptionRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        Ok(key.describe(&request.description)?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html>
pub struct EnableKey;

impl Operation for EnableKey {
    const SHEET: Sheet = Sheet::of(Op::EnableKey).takes(Names::KeyOnly);
    type Request = wire::EnableKeyRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        Ok(key.enable().await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html>
pub struct DisableKey;

impl Operation for DisableKey {
    const SHEET: Sheet = Sheet::of(Op::DisableKey).takes(Names::KeyOnly);
    type Request = wire::DisableKeyRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        Ok(key.disable().await?.done(Empty))
    }
}

/// Which kind of key is asked for. First what does not go together, then what cannot be made here yet: nothing that
/// was asked for is ever dropped in silence.
fn spec_and_usage(request: &wire::CreateKeyRequest, partition: &str) -> Result<(KeySpec, KeyUsage), Error> {
    let name = match (&request.key_spec, &request.customer_master_key_spec) {
        (Some(_), Some(_)) => return Err(Error::Invalid(Invalid::TwoKeySpecs)),
        (Some(spec), None) => spec.as_str(),
        (None, Some(spec)) => spec.as_str(),
        (None, None) => KeySpec::SymmetricDefault.as_str(),
    };
    let spec = KeySpec::parse(name).ok_or_else(|| Error::Unsupported(format!("KeySpec {name} is not supported")))?;
    let usage = match &request.key_usage {
        Some(usage) => KeyUsage::parse(usage.as_str())
            .ok_or_else(|| Error::Unsupported(format!("KeyUsage {} is not supported", usage.as_str())))?,
        None if spec.requires_usage() => return Err(Error::Invalid(Invalid::KeyUsageMissing)),
        None => KeyUsage::EncryptDecrypt,
    };
    if !spec.allows(usage) {
        return Err(Error::Invalid(Invalid::KeyUsage { usage: usage.as_str(), spec: spec.as_str() }));
    }
    if !spec.offered_in(partition) {
        return Err(Error::Unsupported(format!("KeySpec {spec} is not supported in this Region")));
    }
    Ok((spec, usage))
}

/// Where its material comes from, and what of that cannot be had here yet.
fn origin(request: &wire::CreateKeyRequest, spec: KeySpec) -> Result<KeyOrigin, Error> {
    let origin = match request.origin {
        OriginType::AwsKms => KeyOrigin::AwsKms,
        OriginType::External => KeyOrigin::External,
        OriginType::AwsCloudhsm | OriginType::ExternalKeyStore => {
            return not_yet(format!("Origin {}", request.origin.as_str()));
        }
    };
    if origin == KeyOrigin::External && !spec.importable() {
        return Err(Error::Invalid(Invalid::SpecOfOrigin { spec: spec.as_str(), origin: origin.as_str() }));
    }
    if request.custom_key_store_id.is_some() || request.xks_key_id.is_some() {
        return not_yet("A custom key store".into());
    }
    Ok(origin)
}

fn not_yet<T>(what: String) -> Result<T, Error> {
    Err(Error::Unsupported(format!("{what} is not supported by this version of Trent.")))
}
