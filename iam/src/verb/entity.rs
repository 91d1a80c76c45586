//! What is the same for users and for roles: names, paths, tags and inline policies.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::Answer;
use super::asked::Page;
use super::run::Desk;
use crate::record::{Policy, Role, User};
use crate::text::{self, Name, Path};
use crate::{Halt, Kept, Refusal, Shelf, Stored, rows};

/// A user or a role.
pub(super) trait Entity: Stored + Clone {
    /// As it begins IAM's sentences; in lower case as it stands in them.
    const TITLE: &'static str;

    fn row(account: &str, name: &str) -> Vec<u8>;
    fn rows(account: &str) -> Vec<u8>;
    fn name(&self) -> &str;
    fn path(&self) -> &str;
    fn arn(&self, account: &str, partition: &str) -> String;
    fn tags(&self) -> &BTreeMap<String, String>;
    fn tags_mut(&mut self) -> &mut BTreeMap<String, String>;
    fn policies(&self) -> &BTreeMap<String, Policy>;
    fn policies_mut(&mut self) -> &mut BTreeMap<String, Policy>;
    /// What has to be deleted before it can be.
    fn holds(&self) -> Option<&'static str>;
    /// As lists show it: without its tags.
    fn listed(&self, account: &str, partition: &str) -> Value;
}

/// What lies in both under the same names.
macro_rules! fields {
    ($entity:ident) => {
        fn name(&self) -> &str {
            &self.name
        }
        fn path(&self) -> &str {
            &self.path
        }
        fn arn(&self, account: &str, partition: &str) -> String {
            $entity::arn(self, account, partition)
        }
        fn tags(&self) -> &BTreeMap<String, String> {
            &self.tags
        }
        fn tags_mut(&mut self) -> &mut BTreeMap<String, String> {
            &mut self.tags
        }
        fn policies(&self) -> &BTreeMap<String, Policy> {
            &self.policies
        }
        fn policies_mut(&mut self) -> &mut BTreeMap<String, Policy> {
            &mut self.policies
        }
    };
}

impl Entity for User {
    const TITLE: &'static str = "User";

    fn row(account: &str, name: &str) -> Vec<u8> {
        rows::user(account, name)
    }
    fn rows(account: &str) -> Vec<u8> {
        rows::users(account)
    }
    fields!(User);

    fn holds(&self) -> Option<&'static str> {
        match (self.policies.is_empty(), self.access_keys.is_empty()) {
            (false, true | false) => Some("policies"),
            (true, false) => Some("access keys"),
            (true, true) => None,
        }
    }

    fn listed(&self, account: &str, partition: &str) -> Value {
        json!({
            "Path": self.path,
            "UserName": self.name,
            "UserId": self.id,
            "Arn": User::arn(self, account, partition),
            "CreateDate": text::date(self.created),
        })
    }
}

impl Entity for Role {
    const TITLE: &'static str = "Role";

    fn row(account: &str, name: &str) -> Vec<u8> {
        rows::role(account, name)
    }
    fn rows(account: &str) -> Vec<u8> {
        rows::roles(account)
    }
    fields!(Role);

    fn holds(&self) -> Option<&'static str> {
        (!self.policies.is_empty()).then_some("policies")
    }

    fn listed(&self, account: &str, partition: &str) -> Value {
        let mut role = json!({
            "Path": self.path,
            "RoleName": self.name,
            "RoleId": self.id,
            "Arn": Role::arn(self, account, partition),
            "CreateDate": text::date(self.created),
            "AssumeRolePolicyDocument": self.trust.text(),
            "MaxSessionDuration": self.max_session_seconds,
        });
        if !self.description.is_empty() {
            role["Description"] = json!(self.description);
        }
        role
    }
}

/// `{"User": …}` or `{"Role": …}`.
pub(super) fn described<E: Entity, S: Shelf>(desk: &Desk<'_, S>, entity: &E) -> Answer {
    Answer::of(json!({ E::TITLE: shown(desk, entity) }))
}

/// As it is shown by itself: with its tags, where there are any.
pub(super) fn shown<E: Entity, S: Shelf>(desk: &Desk<'_, S>, entity: &E) -> Value {
    let mut shown = entity.listed(desk.account, desk.partition);
    if !entity.tags().is_empty() {
        shown["Tags"] = tag_list(entity.tags().iter());
    }
    shown
}

/// The user or role of this name, to the letter.
pub(super) async fn found<E: Entity, S: Shelf>(
    desk: &Desk<'_, S>,
    name: &Name,
) -> Result<Kept<E>, Halt<S::Unreadable>> {
    let kept = desk.get::<E>(E::row(desk.account, name.as_str())).await?;
    let kept = kept.filter(|kept| kept.record.name() == name.as_str());
    Ok(kept.ok_or_else(|| Refusal::no_such(&E::TITLE.to_ascii_lowercase(), name.as_str()))?)
}

/// Writes `changed` where `kept` was.
pub(super) fn rewrite<E: Entity, S: Shelf>(desk: &mut Desk<'_, S>, kept: &Kept<E>, changed: &E) -> Result<(), Refusal> {
    let of = format!("{} {}", E::TITLE.to_ascii_lowercase(), changed.name());
    desk.put(E::row(desk.account, changed.name()), kept.version, changed, &of)
}

pub(super) async fn list<E: Entity, S: Shelf>(
    desk: &Desk<'_, S>,
    prefix: &Path,
    page: &Page,
) -> Result<Answer, Halt<S::Unreadable>> {
    let (names, more) = desk.names(E::rows(desk.account), page).await?;
    let mut shown = Vec::new();
    for row in &names {
        // Whatever was deleted since the names were read is not there.
        if let Some(kept) = desk.get::<E>(row.clone()).await?
            && kept.record.path().starts_with(prefix.as_str())
        {
            shown.push(kept.record.listed(desk.account, desk.partition));
        }
    }
    let mut answer = json!({ format!("{}s", E::TITLE): shown, "IsTruncated": more });
    if let (true, Some(last)) = (more, names.last().and_then(|row| rows::last_part(row))) {
        answer["Marker"] = json!(last);
    }
    Ok(Answer::of(answer))
}

pub(super) async fn delete<E: Entity, S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    if let Some(first) = kept.record.holds() {
        return Err(Refusal::delete_first(first).into());
    }
    desk.delete(E::row(desk.account, name.as_str()));
    Ok(Answer::of(json!({})))
}

pub(super) async fn tag<E: Entity, S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
    tags: &BTreeMap<String, String>,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    let mut changed = E::clone(&kept.record);
    for (key, value) in tags {
        changed.tags_mut().retain(|other, _| !text::same_key(other, key));
        changed.tags_mut().insert(key.clone(), value.clone());
    }
    if changed.tags().len() > text::TAGS_AT_MOST {
        return Err(Refusal::quota(&format!("TagsPer{}", E::TITLE), text::TAGS_AT_MOST).into());
    }
    rewrite(desk, &kept, &changed)?;
    Ok(Answer::of(json!({})))
}

pub(super) async fn untag<E: Entity, S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
    keys: &[String],
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    let mut changed = E::clone(&kept.record);
    changed.tags_mut().retain(|key, _| !keys.iter().any(|gone| text::same_key(gone, key)));
    rewrite(desk, &kept, &changed)?;
    Ok(Answer::of(json!({})))
}

pub(super) async fn list_tags<E: Entity, S: Shelf>(
    desk: &Desk<'_, S>,
    name: &Name,
    page: &Page,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    Ok(paged("Tags", kept.record.tags(), page, |key, value| json!({ "Key": key, "Value": value })))
}

pub(super) async fn put_policy<E: Entity, S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
    policy: &Name,
    document: &str,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    let compiled = Policy::compile(document.to_owned()).map_err(|why| Refusal::malformed(why.to_string()))?;
    let mut changed = E::clone(&kept.record);
    changed.policies_mut().insert(policy.as_str().to_owned(), compiled);
    if changed.policies().values().map(|policy| size(policy.text())).sum::<usize>() > POLICIES_AT_MOST {
        let what = E::TITLE.to_ascii_lowercase();
        let message = format!("Maximum policy size of {POLICIES_AT_MOST} bytes exceeded for {what} {}", name.as_str());
        return Err(Refusal::too_large(message).into());
    }
    rewrite(desk, &kept, &changed)?;
    Ok(Answer::of(json!({})))
}

pub(super) async fn get_policy<E: Entity, S: Shelf>(
    desk: &Desk<'_, S>,
    name: &Name,
    policy: &Name,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    let document = kept.record.policies().get(policy.as_str()).ok_or_else(|| no_such_policy::<E>(policy))?;
    Ok(Answer::of(json!({
        format!("{}Name", E::TITLE): name.as_str(),
        "PolicyName": policy.as_str(),
        "PolicyDocument": document.text(),
    })))
}

pub(super) async fn list_policies<E: Entity, S: Shelf>(
    desk: &Desk<'_, S>,
    name: &Name,
    page: &Page,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    Ok(paged("PolicyNames", kept.record.policies(), page, |name, _| json!(name)))
}

pub(super) async fn delete_policy<E: Entity, S: Shelf>(
    desk: &mut Desk<'_, S>,
    name: &Name,
    policy: &Name,
) -> Result<Answer, Halt<S::Unreadable>> {
    let kept = found::<E, S>(desk, name).await?;
    let mut changed = E::clone(&kept.record);
    if changed.policies_mut().remove(policy.as_str()).is_none() {
        return Err(no_such_policy::<E>(policy).into());
    }
    rewrite(desk, &kept, &changed)?;
    Ok(Answer::of(json!({})))
}

fn no_such_policy<E: Entity>(policy: &Name) -> Refusal {
    Refusal::no_such(&format!("{} policy", E::TITLE.to_ascii_lowercase()), policy.as_str())
}

/// A page of a map that a record holds.
pub(super) fn paged<V>(
    member: &str,
    all: &BTreeMap<String, V>,
    page: &Page,
    show: impl Fn(&str, &V) -> Value,
) -> Answer {
    let rest = || all.iter().filter(|(key, _)| page.after.as_ref().is_none_or(|after| after < *key));
    let shown: Vec<Value> = rest().take(page.at_most).map(|(key, value)| show(key, value)).collect();
    let more = rest().nth(page.at_most).is_some();
    let mut answer = json!({ member: shown, "IsTruncated": more });
    if let (true, Some((last, _))) = (more, rest().nth(page.at_most - 1)) {
        answer["Marker"] = json!(last);
    }
    Answer::of(answer)
}

pub(super) fn tag_list<'a>(tags: impl Iterator<Item = (&'a String, &'a String)>) -> Value {
    tags.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The size of a document as IAM's quotas count it: white space is free.
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|letter| !letter.is_ascii_whitespace()).count()
}

/// How much all inline policies of one user or role may be together: AWS's quota for a role.
const POLICIES_AT_MOST: usize = 10_240;
