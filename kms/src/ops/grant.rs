//! Grants: CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.

use std::collections::BTreeMap;

use wire::{Empty, GrantConstraints, GrantOperation, ListGrantsResponse, Op};

use super::{Operation, Sheet, within_limit};
use crate::error::{Error, GrantRule, Invalid};
use crate::grants::{Child, is_grant_id, principal_account};
use crate::journey::{Asked, AskedGrant, Choice, Cx, Done, GrantName, NewGrant};
use crate::marker::{Marker, a_page};
use crate::names::Names;
use crate::records::GrantTerms;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>
pub struct CreateGrant;

impl Operation for CreateGrant {
    const SHEET: Sheet = Sheet::of(Op::CreateGrant).takes(Names::KeyOnly).cross_account().grantable().dry_run();
    type Request = wire::CreateGrantRequest;
    type Response = wire::CreateGrantResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let (grantee, retirer) = principals(request, &cx.world().region)?;
        let child = Child { operations: operations(&request.operations)?, terms: terms(request.constraints.as_ref())? };
        let ask = cx.ask().with(Asked {
            grant: Some(AskedGrant {
                grantee_principal: Some(grantee),
                grantee_service_principal: None,
                retiring_principal: retirer,
                retiring_service_principal: None,
                child: &child,
            }),
            ..Asked::default()
        });

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let (grantee, retirer) = (grantee.to_owned(), retirer.map(str::to_owned));
        let new = NewGrant { grantee, retirer, name: request.name.clone(), child: child.clone() };
        Ok(key.create_grant(new).await?.done())
    }
}

/// Grantee and retirer, both of a form that a grant can name.
fn principals<'a>(request: &'a wire::CreateGrantRequest, region: &str) -> Result<(&'a str, Option<&'a str>), Error> {
    let (grantee, service) = (&request.grantee_principal, &request.grantee_service_principal);
    let (retirer, retiring_service) = (&request.retiring_principal, &request.retiring_service_principal);
    if grantee.is_some() == service.is_some() {
        return Err(Error::Invalid(Invalid::Grant(GrantRule::OneGrantee)));
    }
    if retirer.is_some() && retiring_service.is_some() {
        return Err(Error::Invalid(Invalid::Grant(GrantRule::AtMostOneRetirer)));
    }
    let Some(grantee) = grantee.as_deref().filter(|_| retiring_service.is_none()) else {
        return Err(no_services());
    };
    for arn in [Some(grantee), retirer.as_deref()].into_iter().flatten() {
        principal_account(arn, region)?;
    }
    Ok((grantee, retirer.as_deref()))
}

/// AWS's services do not call here, so that a grant to one would be to nobody.
fn no_services() -> Error {
    Error::Unsupported("Grants to service principals are not supported: no AWS service calls this server.".to_owned())
}

/// The operations of a grant, each once, in the order of the API.
fn operations(asked: &[GrantOperation]) -> Result<Vec<String>, Error> {
    match asked {
        [] => return Err(Error::Invalid(Invalid::Grant(GrantRule::NoOperations))),
        asked if asked.iter().all(|operation| *operation == GrantOperation::CreateGrant) => {
            return Err(Error::Invalid(Invalid::Grant(GrantRule::OnlyCreateGrant)));
        }
        _ => {}
    }
    let each_once = GrantOperation::ALL.iter().filter(|operation| asked.contains(operation));
    Ok(each_once.map(|operation| operation.as_str().to_owned()).collect())
}

/// How many pairs the encryption context of a constraint has at most, and how many characters each value.
/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_GrantConstraints.html>
const CONSTRAINT_PAIRS: usize = 8;
const CONSTRAINT_VALUE_CHARACTERS: usize = 384;

fn terms(constraints: Option<&GrantConstraints>) -> Result<GrantTerms, Error> {
    let Some(constraints) = constraints.cloned() else { return Ok(GrantTerms::default()) };
    let GrantConstraints { encryption_context_equals: equals, encryption_context_subset: subset, source_arn } =
        constraints;
    if equals.is_some() && subset.is_some() {
        return Err(Error::Invalid(Invalid::Grant(GrantRule::TwoConstraints)));
    }
    [&equals, &subset].into_iter().flatten().try_for_each(constraint_fits)?;
    Ok(GrantTerms { equals, subset, source_arn })
}

fn constraint_fits(context: &BTreeMap<String, String>) -> Result<(), Error> {
    if context.len() > CONSTRAINT_PAIRS {
        return Err(Error::Invalid(Invalid::Grant(GrantRule::ConstraintPairs)));
    }
    if context.values().any(|value| value.chars().count() > CONSTRAINT_VALUE_CHARACTERS) {
        return Err(Error::Invalid(Invalid::Grant(GrantRule::ConstraintValue)));
    }
    within_limit(context)
}

/// How many grants a page has, if the caller does not say, and at most.
const GRANTS_A_PAGE: (usize, usize) = (50, 100);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html>
pub struct ListGrants;

impl Operation for ListGrants {
    const SHEET: Sheet = Sheet::of(Op::ListGrants).takes(Names::KeyOnly).cross_account();
    type Request = wire::ListGrantsRequest;
    type Response = ListGrantsResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let (id, grantee) = (request.grant_id.as_deref(), request.grantee_principal.as_deref());
        match (grantee, &request.grantee_service_principal) {
            (Some(_), Some(_)) => return Err(Error::Invalid(Invalid::Grant(GrantRule::AtMostOneGrantee))),
            (None, Some(_)) => return Err(no_services()),
            (Some(_) | None, None) => {}
        }
        id.map_or(Ok(()), well_formed)?;
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let chosen = format!("{}\0{}\0{}", key.arn(), id.unwrap_or_default(), grantee.unwrap_or_default());
        let marker = Marker::of(Op::ListGrants, &cx.world(), &chosen);
        let after = request.marker.as_deref().map(|text| marker.read(text)).transpose()?;
        let limit = a_page(request.limit, GRANTS_A_PAGE);
        let (grants, more) = key.grants(Choice { id, grantee }, after.as_deref(), limit).await?;
        let last = grants.last().filter(|_| more).and_then(|last| last.grant_id.as_deref());
        let answer = ListGrantsResponse {
            next_marker: last.map(|last| marker.write(last)),
            truncated: Some(more),
            grants: Some(grants),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html>
pub struct ListRetirableGrants;

impl Operation for ListRetirableGrants {
    const SHEET: Sheet = Sheet::of(Op::ListRetirableGrants);
    type Request = wire::ListRetirableGrantsRequest;
    type Response = ListGrantsResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let retirer = match (&request.retiring_principal, &request.retiring_service_principal) {
            (Some(retirer), None) => retirer,
            (None, Some(_)) => return Err(no_services()),
            (None, None) | (Some(_), Some(_)) => return Err(Error::Invalid(Invalid::Grant(GrantRule::OneRetirer))),
        };
        let permit = cx.permit_retirable(retirer).await?;

        let marker = Marker::of(Op::ListRetirableGrants, &cx.world(), retirer);
        let after = request.marker.as_deref().map(|text| marker.read_any(text)).transpose()?;
        let limit = a_page(request.limit, GRANTS_A_PAGE);
        let (grants, next) = permit.retirable(retirer, after.as_deref(), limit).await?;
        let answer = ListGrantsResponse {
            truncated: Some(next.is_some()),
            next_marker: next.map(|last| marker.write(&last)),
            grants: Some(grants),
        };
        Ok(permit.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html>
pub struct RetireGrant;

impl Operation for RetireGrant {
    const SHEET: Sheet = Sheet::of(Op::RetireGrant).takes(Names::KeyOnly).cross_account().dry_run();
    type Request = wire::RetireGrantRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let name = match (&request.grant_token, &request.key_id, &request.grant_id) {
            (Some(token), None, None) => GrantName::Token(token),
            (None, Some(key), Some(grant)) => {
                well_formed(grant)?;
                GrantName::Id { key, grant }
            }
            (Some(_), _, _) | (None, None, _) | (None, _, None) => {
                return Err(Error::Invalid(Invalid::Grant(GrantRule::OneName)));
            }
        };

        let grant = cx.find_grant(name).await?;
        let grant = grant.permit().await?;
        let grant = grant.admit()?;

        Ok(grant.retire().await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html>
pub struct RevokeGrant;

impl Operation for RevokeGrant {
    const SHEET: Sheet = Sheet::of(Op::RevokeGrant).takes(Names::KeyOnly).cross_account().dry_run();
    type Request = wire::RevokeGrantRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        well_formed(&request.grant_id)?;
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        Ok(key.revoke_grant(&request.grant_id).await?.done(Empty))
    }
}

fn well_formed(grant_id: &str) -> Result<(), Error> {
    if is_grant_id(grant_id) { Ok(()) } else { Err(Error::InvalidGrantId) }
}
