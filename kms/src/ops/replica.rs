//! Keys of several Regions: ReplicateKey, UpdatePrimaryRegion.

use wire::{Empty, Op, Tag};

use super::{Action, Operation, Sheet, tag};
use crate::error::Error;
use crate::journey::{Asked, Cx, Done, KeyPolicy, NewReplica};
use crate::names::Names;
use crate::place::partition;
use crate::quotas::Charge;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html>
pub struct ReplicateKey;

impl Operation for ReplicateKey {
    const SHEET: Sheet = Sheet::of(Op::ReplicateKey)
        .needs(&[Action::Of(Op::ReplicateKey), Action::Of(Op::CreateKey), Action::Of(Op::TagResource)])
        .takes(Names::KeyOnly);
    type Request = wire::ReplicateKeyRequest;
    type Response = wire::ReplicateKeyResponse;

    fn charges(request: &Self::Request) -> Vec<Charge> {
        let keys = Charge::elsewhere(Op::CreateKey, &request.replica_region, KEYS_A_REPLICA_COUNTS_FOR);
        Charge::of(Op::ReplicateKey).into_iter().chain(keys).collect()
    }

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let region = &request.replica_region;
        if partition(region) != partition(&cx.world().region) {
            return Err(Error::AnotherPartition { region: region.clone() });
        }
        let bypass_policy_lockout_safety_check = request.bypass_policy_lockout_safety_check;
        let new = NewReplica {
            region: region.clone(),
            description: request.description.clone(),
            policy: (request.policy.as_deref())
                .map(|text| KeyPolicy::read(text, bypass_policy_lockout_safety_check))
                .transpose()?,
            bypass_policy_lockout_safety_check,
            tags: tag::given(&request.tags)?,
        };
        let ask = cx.ask().with(Asked { replica_region: Some(region), ..Asked::default() });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.and_to_make(&new).await?;
        let key = key.admit()?;

        let (change, replica) = key.replicate(new).await?;
        let tags = replica.tags.into_iter().map(|(tag_key, tag_value)| Tag { tag_key, tag_value });
        let answer = wire::ReplicateKeyResponse {
            replica_key_metadata: Some(change.metadata()),
            replica_policy: Some(replica.policy),
            replica_tags: Some(tags.collect()).filter(|tags: &Vec<_>| !tags.is_empty()),
        };
        Ok(change.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html>
pub struct UpdatePrimaryRegion;

impl Operation for UpdatePrimaryRegion {
    const SHEET: Sheet = Sheet::of(Op::UpdatePrimaryRegion).takes(Names::KeyOnly);
    type Request = wire::UpdatePrimaryRegionRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let region = &request.primary_region;
        let ask = cx.ask().with(Asked { primary_region: Some(region), ..Asked::default() });

        let primary = cx.find(&request.key_id).await?;
        let replica = primary.in_region(region).await?;
        let primary = primary.permit(ask).await?;
        let replica = replica.permit(ask).await?;
        let primary = primary.admit()?;
        let replica = replica.admit_as_primary()?;

        Ok(primary.give_primary_to(replica).await?.done(Empty))
    }
}

/// A replica counts for so many CreateKey in its Region.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>
const KEYS_A_REPLICA_COUNTS_FOR: u32 = 2;
