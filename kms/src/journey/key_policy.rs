//! Key policies as they come and go: what a document must keep to before a key has it, and how it is given back.
//! What it says is asked by `voices`, whether a principal exists by `iam`.
//!
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html>

use std::collections::BTreeMap;

use policy::{Document, DocumentError, Effect, Kind, Resource};
use wire::Op;

use crate::Enforcement;
use crate::error::Error;
use crate::ops::Action;
use crate::quotas::policy_fits;
use crate::records::PolicyRecord;
use crate::world::World;

use super::act::Usable;
use super::change::{Change, Write};
use super::create::NewKey;
use super::cx::{Ask, Cx};
use super::facts::{Asked, AskedKey};
use super::principals::{Glance, Resolved, resolve};
use super::voices::{Hearing, Named, Parties};

/// The one policy that a key has.
pub const DEFAULT_POLICY: &str = "default";

/// A document that keeps the grammar of key policies and is not too long.
pub struct KeyPolicy {
    text: String,
    document: Document,
    /// Whether its giver wants it even if they could not change it any more.
    bypass: bool,
}

impl KeyPolicy {
    /// The document as it was given.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Reads a document as it was given.
    ///
    /// Errors: `LimitExceeded`, `MalformedPolicy`, `PolicyArn`.
    pub fn read(text: &str, bypass: bool) -> Result<KeyPolicy, Error> {
        policy_fits(text)?;
        let document = Document::compile(text, Kind::Key).map_err(|why| match why {
            DocumentError::Malformed(why) => Error::MalformedPolicy(why),
            DocumentError::InvalidArn(why) => Error::PolicyArn(why),
        })?;
        Ok(KeyPolicy { text: text.to_owned(), document, bypass })
    }

    /// The record of it, for a key of this account, if its principals are there and whoever gives it could give the
    /// next one: `hearing` is theirs before that key.
    async fn checked(self, cx: &Cx, account: &str, ask: Ask<'_>, hearing: Hearing<'_>) -> Result<PolicyRecord, Error> {
        let KeyPolicy { text, document, bypass } = self;
        let pins = pins(cx, &document, account).await?;
        let put = Action::Of(Op::PutKeyPolicy);
        let may = hearing.proposing(&document).decide_with(&Ask { action: put, ..ask }, &[], |said| said.effect());
        if !bypass && may == Effect::Deny {
            return Err(Error::LockOut);
        }
        Ok(PolicyRecord::new(text, pins))
    }
}

/// Who the principals are that a document names. Where nothing is enforced, its form is all that counts.
async fn pins(cx: &Cx, document: &Document, account: &str) -> Result<BTreeMap<String, String>, Error> {
    if cx.enforcement() == Enforcement::Off {
        return Ok(BTreeMap::new());
    }
    // Nobody of another partition is called so here: a Deny of theirs would deny nobody.
    let partition = cx.caller().partition();
    let elsewhere = document.principals().find(|written| !iam::is_of_partition(written, partition));
    let pinned = match elsewhere {
        Some(written) => Err(iam::Unknown(written.to_owned())),
        None => iam::pins(document, account, &Glance(cx.view())).await?,
    };
    match (pinned, cx.enforcement()) {
        (Ok(pins), _) => Ok(pins),
        (Err(iam::Unknown(written)), Enforcement::Log) => {
            tracing::warn!(
                request_id = cx.request_id(),
                principal = written,
                "a policy would have been refused: its principal does not exist"
            );
            Ok(BTreeMap::new())
        }
        (Err(iam::Unknown(_)), Enforcement::Off | Enforcement::On) => Err(Error::UnknownPrincipal),
    }
}

impl<'r> Usable<'r> {
    /// The policy document in AWS's layout. Where a user or a role that it names is no more, it shows the unique id.
    pub async fn policy(&self) -> Result<String, Error> {
        self.permit.begin(&[Action::Of(Op::GetKeyPolicy)])?;
        let view = self.permit.cx.view();
        let row = view.get::<PolicyRecord>(self.hanging("policy")).await?;
        let row =
            row.ok_or_else(|| Error::internal(format!("the policy of {} is missing from the store", self.arn())))?;
        let mut gone = BTreeMap::new();
        for (written, id) in row.value.pins() {
            if !matches!(resolve(view, written).await?, Resolved::Pinned(now) if now == *id) {
                gone.insert(written, id);
            }
        }
        Ok(policy::lay_out_with(row.value.text(), &|written| gone.get(&written.to_owned()).map(|id| (*id).clone())))
    }

    /// Another policy in the place of the one that the key has.
    ///
    /// Errors: `UnknownPrincipal`; `LockOut`.
    pub async fn put_policy(self, policy: KeyPolicy) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::PutKeyPolicy)])?;
        let (cx, arn, account) = (self.permit.cx, self.arn(), self.key.world.account.clone());
        let hearing = Hearing::about_key(Parties::of(cx), &self.key, &arn, Named::default()).await?;
        let ask = cx.ask().with(Asked { policy_name: Some(DEFAULT_POLICY), ..Asked::default() });
        let record = policy.checked(cx, &account, ask, hearing).await?;
        let version = self.version::<PolicyRecord>("policy").await?;
        let write = Write::put(self.hanging("policy"), version + 1, &record)?;
        Ok(Change::new(self.permit.cx, self.key, vec![write]))
    }
}

/// The policy of a key that is to be made: the one that was given, or AWS's default one.
pub(super) async fn of_new(cx: &Cx, world: &World, arn: &str, new: &mut NewKey) -> Result<PolicyRecord, Error> {
    let Some(policy) = new.policy.take() else {
        let text = policy::default_key_policy(cx.caller().partition(), &world.account);
        return Ok(PolicyRecord::new(text, BTreeMap::new()));
    };
    let resource = Resource { account: &world.account, arn };
    let hearing = Hearing::about_new(Parties::of(cx).in_region(&world.region), resource, new.tags.clone());
    let asked = Asked { policy_name: Some(DEFAULT_POLICY), new_key: Some(AskedKey::of(new)), ..Asked::default() };
    policy.checked(cx, &world.account, cx.ask().with(asked), hearing).await
}
