//! Labels on keys: TagResource, UntagResource, ListResourceTags.

use std::collections::BTreeMap;
use std::ops::Bound;

use wire::{Empty, Op, Tag};

use super::{Operation, Sheet};
use crate::error::{Error, TagRule};
use crate::journey::{Asked, Cx, Done};
use crate::marker::{Marker, a_page};
use crate::names::Names;
use crate::quotas::tags_fit;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html>
pub struct TagResource;

impl Operation for TagResource {
    const SHEET: Sheet = Sheet::of(Op::TagResource).takes(Names::KeyOnly);
    type Request = wire::TagResourceRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let tags = given(&request.tags)?;

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask().with(Asked { tags: Some(&tags), ..Asked::default() })).await?;
        let key = key.admit()?;

        Ok(key.tag(&tags).await?.done(Empty))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html>
pub struct UntagResource;

impl Operation for UntagResource {
    const SHEET: Sheet = Sheet::of(Op::UntagResource).takes(Names::KeyOnly);
    type Request = wire::UntagResourceRequest;
    type Response = Empty;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Empty>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask().with(Asked { tag_keys: Some(&request.tag_keys), ..Asked::default() })).await?;
        let key = key.admit()?;

        Ok(key.untag(&request.tag_keys).await?.done(Empty))
    }
}

/// How many tags a page has, if the caller does not say, and at most.
const TAGS_A_PAGE: (usize, usize) = (50, 50);

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>
pub struct ListResourceTags;

impl Operation for ListResourceTags {
    const SHEET: Sheet = Sheet::of(Op::ListResourceTags).takes(Names::KeyOnly);
    type Request = wire::ListResourceTagsRequest;
    type Response = wire::ListResourceTagsResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let key = cx.find(&request.key_id).await?;
        let key = key.permit(cx.ask()).await?;
        let key = key.admit()?;

        let marker = Marker::of(Op::ListResourceTags, &cx.world(), &key.arn());
        let after = request.marker.as_deref().map(|text| marker.read_any(text)).transpose()?;
        let all = key.tags().await?;
        let limit = a_page(request.limit, TAGS_A_PAGE);
        let mut rest =
            all.range::<str, _>((after.as_deref().map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded));
        let tags: Vec<Tag> = rest.by_ref().take(limit).map(|(key, value)| tag(key, value)).collect();
        let more = rest.next().is_some();
        let answer = wire::ListResourceTagsResponse {
            next_marker: tags.last().filter(|_| more).map(|last| marker.write(&last.tag_key)),
            tags: Some(tags),
            truncated: Some(more),
        };
        Ok(key.done(answer))
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag { tag_key: key.to_owned(), tag_value: value.to_owned() }
}

/// The tags of a request, by their keys. <https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html>
///
/// Errors: `Tag`; `LimitExceeded`.
pub(super) fn given(tags: &[Tag]) -> Result<BTreeMap<String, String>, Error> {
    let mut by_key = BTreeMap::new();
    for tag in tags {
        let (key, value) = (&tag.tag_key, &tag.tag_value);
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(Error::Tag(TagRule::Reserved));
        }
        if by_key.insert(key.clone(), value.clone()).is_some() {
            return Err(Error::Tag(TagRule::Duplicate));
        }
    }
    tags_fit(&by_key)?;
    Ok(by_key)
}
