//! Access keys: two at most for a user and for an account's root. A key stands in a row of its own, and its facts in
//! the record of its owner beside the other's, so that two stay two however many ask at once.

use std::collections::BTreeMap;

use crypto::SecretBytes;
use serde_json::{Value, json};

use super::answer::Answer;
use super::asked::{GivenKey, Page, Whose};
use super::entity::{self, found, paged};
use super::run::Desk;
use crate::record::{AccessKey, AccessKeyFacts, Account, Holder, Owner, User};
use crate::{Halt, Kept, Refusal, Shelf, ids, rows, text};

/// Who has the keys.
enum Keyholder {
    Root(Kept<Account>),
    User(Kept<User>),
}

impl Keyholder {
    async fn found<S: Shelf>(desk: &Desk<'_, S>, whose: &Whose) -> Result<Keyholder, Halt<S::Unreadable>> {
        match whose {
            Whose::Root => desk.own_account().await.map(Keyholder::Root),
            Whose::User(name) => found::<User, S>(desk, name).await.map(Keyholder::User),
        }
    }

    fn keys(&self) -> &BTreeMap<String, AccessKeyFacts> {
        match self {
            Keyholder::Root(account) => &account.record.access_keys,
            Keyholder::User(user) => &user.record.access_keys,
        }
    }

    fn owner(&self) -> Owner {
        match self {
            Keyholder::Root(_) => Owner::Root,
            Keyholder::User(user) => Owner::User { name: user.record.name.clone(), id: user.record.id.clone() },
        }
    }

    fn rewrite<S: Shelf>(&self, desk: &mut Desk<'_, S>, keys: BTreeMap<String, AccessKeyFacts>) -> Result<(), Refusal> {
        match self {
            Keyholder::Root(kept) => {
                let changed = Account { access_keys: keys, ..Account::clone(&kept.record) };
                desk.put(rows::account(desk.account), kept.version, &changed, "account")
            }
            Keyholder::User(kept) => {
                entity::rewrite(desk, kept, &User { access_keys: keys, ..User::clone(&kept.record) })
            }
        }
    }
}

pub(super) async fn create<S: Shelf>(
    desk: &mut Desk<'_, S>,
    whose: &Whose,
    given: Option<&GivenKey>,
) -> Result<Answer, Halt<S::Unreadable>> {
    let holder = Keyholder::found(desk, whose).await?;
    let mut keys = holder.keys().clone();
    if keys.len() >= KEYS_AT_MOST {
        return Err(Refusal::quota("AccessKeysPerUser", KEYS_AT_MOST).into());
    }
    let (id, facts, secret) = make(desk, desk.account, holder.owner(), given).await?;
    let shown = shown(whose, &id, &facts);
    keys.insert(id, facts);
    holder.rewrite(desk, keys)?;
    Ok(Answer::of(json!({})).with_key(shown, secret))
}

/// Writes the rows of a new access key, drawn or given; the owner's record is the caller's to write.
pub(super) async fn make<S: Shelf>(
    desk: &mut Desk<'_, S>,
    account: &str,
    owner: Owner,
    given: Option<&GivenKey>,
) -> Result<(String, AccessKeyFacts, SecretBytes), Halt<S::Unreadable>> {
    let (id, secret) = match given {
        Some(GivenKey { id, secret }) => (id.clone(), copy(secret)),
        None => (ids::access_key(desk.draw.random), ids::secret(desk.draw.random)),
    };
    let taken = desk.get::<AccessKey>(rows::access_key(&id)).await?.is_some();
    if taken || desk.get::<Holder>(rows::given_access_key(&id)).await?.is_some() {
        return Err(Refusal::id_exists("Access Key", &id).into());
    }
    let facts = AccessKeyFacts { active: true, created: desk.draw.now_ms };
    let key = AccessKey {
        account: account.to_owned(),
        owner,
        secret: copy(&secret),
        created: facts.created,
        active: facts.active,
    };
    desk.put(rows::access_key(&id), 0, &key, "access key")?;
    desk.put(rows::given_access_key(&id), 0, &Holder::Key { account: account.to_owned() }, "access key")?;
    Ok((id, facts, secret))
}

pub(super) async fn list<S: Shelf>(
    desk: &Desk<'_, S>,
    whose: &Whose,
    page: &Page,
) -> Result<Answer, Halt<S::Unreadable>> {
    let holder = Keyholder::found(desk, whose).await?;
    Ok(paged("AccessKeyMetadata", holder.keys(), page, |id, facts| shown(whose, id, facts)))
}

pub(super) async fn update<S: Shelf>(
    desk: &mut Desk<'_, S>,
    whose: &Whose,
    id: &str,
    active: bool,
) -> Result<Answer, Halt<S::Unreadable>> {
    let holder = Keyholder::found(desk, whose).await?;
    let kept = held(desk, &holder, id).await?;
    let changed = AccessKey {
        account: kept.record.account.clone(),
        owner: kept.record.owner.clone(),
        secret: copy(&kept.record.secret),
        created: kept.record.created,
        active,
    };
    desk.put(rows::access_key(id), kept.version, &changed, "access key")?;
    let mut keys = holder.keys().clone();
    keys.insert(id.to_owned(), AccessKeyFacts { active, created: changed.created });
    holder.rewrite(desk, keys)?;
    Ok(Answer::of(json!({})))
}

pub(super) async fn delete<S: Shelf>(
    desk: &mut Desk<'_, S>,
    whose: &Whose,
    id: &str,
) -> Result<Answer, Halt<S::Unreadable>> {
    let holder = Keyholder::found(desk, whose).await?;
    held(desk, &holder, id).await?;
    desk.delete(rows::access_key(id));
    let mut keys = holder.keys().clone();
    keys.remove(id);
    holder.rewrite(desk, keys)?;
    Ok(Answer::of(json!({})))
}

/// The key of this id, if it is this holder's.
async fn held<S: Shelf>(
    desk: &Desk<'_, S>,
    holder: &Keyholder,
    id: &str,
) -> Result<Kept<AccessKey>, Halt<S::Unreadable>> {
    if !holder.keys().contains_key(id) {
        return Err(Refusal::no_such_access_key(id).into());
    }
    let kept = desk.get::<AccessKey>(rows::access_key(id)).await?;
    let kept = kept.filter(|kept| kept.record.account == desk.account && kept.record.owner == holder.owner());
    Ok(kept.ok_or_else(|| Refusal::no_such_access_key(id))?)
}

/// A key as lists show it.
fn shown(whose: &Whose, id: &str, facts: &AccessKeyFacts) -> Value {
    let mut shown = shown_root(id, facts);
    if let Whose::User(name) = whose {
        shown["UserName"] = json!(name.as_str());
    }
    shown
}

/// A root's key as lists show it.
pub(super) fn shown_root(id: &str, facts: &AccessKeyFacts) -> Value {
    json!({
        "AccessKeyId": id,
        "Status": if facts.active { "Active" } else { "Inactive" },
        "CreateDate": text::date(facts.created),
    })
}

fn copy(secret: &SecretBytes) -> SecretBytes {
    SecretBytes::from(secret.expose().to_vec())
}

/// How many access keys a user may have, and a root: AWS's number. Two, so that one can replace the other.
const KEYS_AT_MOST: usize = 2;
