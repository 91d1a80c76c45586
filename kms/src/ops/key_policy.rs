//! The documents that say who may use a key: PutKeyPolicy, GetKeyPolicy, ListKeyPolicies.

use wire::{Empty, Op};

use super::{Operation, Sheet};
use crate::error::{Error, Invalid};
use crate::journey::{Asked, Cx, DEFAULT_POLICY as DEFAULT, Done, KeyPolicy};
use crate::names::Names;

/// The policy that AWS's Resource Access Manager puts beside it, where keys are shared through that.
const RAM: &str = "AWS_RAM";

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>
pub struct PutKeyPolicy;

impl Operation for PutKeyPolicy {
    const SHEET: Sheet = Sheet::of(Op::PutKeyPolicy).takes(Names::KeyOnly);
    type Request = wire::PutKeyPolicyRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        if request.policy_name == RAM {
            return Err(Error::Invalid(Invalid::RamPolicy));
        }
        let bypass = request.bypass_policy_lockout_safety_check;
        let policy = KeyPolicy::read(&request.policy, bypass)?;
        let ask = cx.ask().with(Asked {
            policy_name: Some(&request.policy_name),
            bypass_policy_lockout_safety_check: bypass,
            ..Asked::default()
        });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        is_there(&request.policy_name)?;
        Ok(key.put_policy(policy).await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html>
pub struct GetKeyPolicy;

impl Operation for GetKeyPolicy {
    const SHEET: Sheet = Sheet::of(Op::GetKeyPolicy).takes(Names::KeyOnly);
    type Request = wire::GetKeyPolicyRequest;
    type Response = wire::GetKeyPolicyResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = cx.ask().with(Asked { policy_name: Some(&request.policy_name), ..Asked::default() });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        is_there(&request.policy_name)?;
        let answer =
            wire::GetKeyPolicyResponse { policy: Some(key.policy().await?), policy_name: Some(DEFAULT.to_owned()) };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html>
pub struct ListKeyPolicies;

impl Operation for ListKeyPolicies {
    const SHEET: Sheet = Sheet::of(Op::ListKeyPolicies).takes(Names::KeyOnly);
    type Request = wire::ListKeyPoliciesRequest;
    type Response = wire::ListKeyPoliciesResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        // One name fits every page, so that no marker was ever given out.
        if request.marker.is_some() {
            return Err(Error::InvalidMarker);
        }
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let answer = wire::ListKeyPoliciesResponse {
            policy_names: Some(vec![DEFAULT.to_owned()]),
            truncated: Some(false),
            ..Default::default()
        };
        Ok(key.done(answer))
    }
}

fn is_there(name: &str) -> Result<(), Error> {
    if name == DEFAULT { Ok(()) } else { Err(Error::NoSuchPolicy) }
}
