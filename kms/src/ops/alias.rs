//! Names for keys: CreateAlias, UpdateAlias, DeleteAlias, ListAliases.

use wire::{Empty, Op};

use super::{Operation, Sheet};
use crate::error::Error;
use crate::journey::{Cx, Done};
use crate::marker::{Marker, a_page};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
pub struct CreateAlias;

impl Operation for CreateAlias {
    const SHEET: Sheet = Sheet::of(Op::CreateAlias).takes(Names::KeyOnly);
    type Request = wire::CreateAliasRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let alias = cx.new_alias(&request.alias_name).await?;
        let key = cx.find(&request.target_key_id).await?;

        let alias = alias.permit(cx.ask()).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        Ok(alias.create(key).await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html>
pub struct UpdateAlias;

impl Operation for UpdateAlias {
    const SHEET: Sheet = Sheet::of(Op::UpdateAlias).takes(Names::KeyOnly);
    type Request = wire::UpdateAliasRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let (alias, old) = cx.find_alias(&request.alias_name).await?;
        let new = cx.find(&request.target_key_id).await?;

        let alias = alias.permit(cx.ask()).await?;
        let old = old.permit(cx.ask()).await?;
        let new = new.permit(cx.ask()).await?;
        let new = new.admit()?; // the old key may be in any state

        Ok(alias.point_at(old, new).await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html>
pub struct DeleteAlias;

impl Operation for DeleteAlias {
    const SHEET: Sheet = Sheet::of(Op::DeleteAlias);
    type Request = wire::DeleteAliasRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let (alias, key) = cx.find_alias(&request.alias_name).await?;
        let alias = alias.permit(cx.ask()).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        Ok(alias.delete(key).await?.done(Empty))
    }
}

/// How many aliases a page has, if the caller does not say, and at most.
const ALIASES_A_PAGE: (usize, usize) = (50, 100);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>
pub struct ListAliases;

impl Operation for ListAliases {
    const SHEET: Sheet = Sheet::of(Op::ListAliases).takes(Names::KeyOnly);
    type Request = wire::ListAliasesRequest;
    type Response = wire::ListAliasesResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        // A key's ARN ends in its id, so that the two choose the same list.
        let key_id = request.key_id.as_deref().and_then(|name| name.rsplit('/').next());
        let marker = Marker::of(Op::ListAliases, &cx.world(), key_id.unwrap_or_default());
        let after = request.marker.as_deref().map(|text| marker.read(text)).transpose()?;
        let of = match &request.key_id {
            Some(name) => Some(cx.find_listed(name).await?),
            None => None,
        };
        let permit = cx.permit(cx.ask()).await?;

        let limit = a_page(request.limit, ALIASES_A_PAGE);
        let (aliases, more) = permit.aliases(of, after.as_deref(), limit).await?;
        let last = aliases.last().filter(|_| more).and_then(|last| last.alias_name.as_deref());
        let answer = wire::ListAliasesResponse {
            alias_count: i32::try_from(aliases.len()).ok(),
            next_marker: last.map(|last| marker.write(last)),
            truncated: Some(more),
            aliases: Some(aliases),
        };
        Ok(permit.done(answer))
    }
}
