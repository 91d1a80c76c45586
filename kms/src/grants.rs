//! Grants as voices: which grant of a key speaks for a caller, what a grant that a grant allowed may hold, and the tokens
//! that name grants. How grants come and go is in `journey::grant`, whether a voice decides in `policy`.

mod lists;

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::grant_token::GrantTokenKey;
use crypto::spec::{KeySpec, KeyUsage, Kind};
use crypto::{Blinder, StoreKey};
use policy::{Constraint, Request, Who};
use store::Revision;
use wire::GrantOperation;

use crate::error::Error;
use crate::journey::{Key, View};
use crate::records::{GrantCountRecord, GrantRecord, GrantTerms};
use crate::rows::{self, Row};
use crate::service::Core;
use crate::world::World;

pub(crate) use lists::Lists;

/// What grants are hashed and sealed with.
pub(crate) struct GrantKeys {
    tokens: GrantTokenKey,
    principals: Blinder,
    properties: Blinder,
}

impl GrantKeys {
    pub fn of(store_key: &StoreKey) -> GrantKeys {
        GrantKeys {
            tokens: store_key.grant_tokens(),
            principals: store_key.blinder("principal of a grant"),
            properties: store_key.blinder("properties of a grant"),
        }
    }

    /// What a principal is called in the rows of an index: ARNs are long, and nobody's business.
    pub fn principal(&self, arn: &str) -> String {
        hex::encode(self.principals.hash(arn.as_bytes()))
    }

    /// What a name with these properties is called in the rows of an index; none for a grant without a name. Whoever
    /// asks again for the same gets the same grant.
    pub fn properties(&self, grant: &GrantRecord) -> Option<String> {
        let GrantRecord { grant_id: _, name, grantee, retirer, operations, terms, issuer, created: _ } = grant;
        let GrantTerms { equals, subset, source_arn } = terms;
        let (name, retirer) = (name.as_ref()?, retirer.as_ref().map(|retirer| (&retirer.arn, &retirer.id)));
        let mut operations: Vec<&String> = operations.iter().collect();
        operations.sort_unstable();
        // A list of its own, so that no change of the record's form makes another grant of an old one.
        let text =
            serde_json::json!([name, grantee.arn, grantee.id, retirer, operations, equals, subset, source_arn, issuer])
                .to_string();
        Some(hex::encode(self.properties.hash(text.as_bytes())))
    }
}

/// The row that counts a key's grants is called so behind the key's name. [`Lists`] rest on that whoever adds a grant
/// writes it.
pub(crate) const COUNT: &str = "grants";

/// How many index entries are looked at before the next are fetched. A list that is one page is kept in memory.
const GRANTS_A_PAGE: usize = 64;

/// A grant of `key` that speaks for this request: one that names the caller, or else one that names its account. No
/// second one says more. The one that is returned is expected by the commit that follows.
///
/// However many grants the caller has, one page of their names is held at a time. `child` is the grant that is to be
/// made: only a grant that may have it as its child speaks then.
///
/// Errors: those of reading.
pub(crate) async fn voice(
    view: &View,
    key: &Key,
    request: &Request<'_>,
    child: Option<&Child>,
) -> Result<Option<Row<GrantRecord>>, Error> {
    let Some(count) = count(view, key).await?.filter(|count| count.value.grants > 0) else { return Ok(None) };
    let suits = |grant: &GrantRecord| {
        grant.as_voice().speaks_for(request) && child.is_none_or(|child| grant.may_have_child(child))
    };
    // A session's own grant first, which a session policy does not limit; then the role's, and last the account's, for
    // which its own policies have to speak too.
    let (own, role) = match request.principal.who {
        Who::Root => (None, None),
        Who::User { arn, .. } => (Some(arn), None),
        Who::Session { role_arn, arn, .. } => (Some(arn), Some(role_arn)),
    };
    let root = format!("arn:{}:iam::{}:root", request.principal.partition, request.principal.account);
    for name in [own, role, Some(&*root)].into_iter().flatten() {
        if let Some(voice) = first(view, key, name, count.revision, &suits).await? {
            return Ok(Some(voice));
        }
    }
    Ok(None)
}

/// How many grants the key has. It is not expected: that there are more or fewer takes nothing from one that speaks.
async fn count(view: &View, key: &Key) -> Result<Option<Row<GrantCountRecord>>, Error> {
    view.core.rows.get(view.at, &rows::hanging_row(&key.world, &key.record().key_id, COUNT)).await
}

/// The first grant to `grantee` that suits. `counted` is the revision of the key's count in this snapshot.
async fn first(
    view: &View,
    key: &Key,
    grantee: &str,
    counted: Revision,
    suits: &(impl Fn(&GrantRecord) -> bool + Sync),
) -> Result<Option<Row<GrantRecord>>, Error> {
    let (world, lists) = (&key.world, &view.core.grant_lists);
    let hash = view.core.grant_keys.principal(grantee);
    let within = rows::prefix(&["gp", &world.account, &world.region, &key.record().key_id, &hash]);
    if let Some(grants) = lists.get(&within, counted) {
        return first_of(view, key, grantee, &grants, suits).await;
    }
    let mut after: Option<rows::RowKey> = None;
    loop {
        let page = view.core.rows.store().scan(view.at, &within, after.as_deref(), GRANTS_A_PAGE).await;
        let page = page.map_err(rows::unreadable)?;
        let grants = page.entries.iter().map(|entry| Ok(last_part(&entry.key)?.to_owned()));
        let grants: Arc<[String]> = grants.collect::<Result<_, Error>>()?;
        if after.is_none() && !page.more {
            lists.keep(within.clone(), counted, grants.clone());
        }
        let found = first_of(view, key, grantee, &grants, suits).await?;
        if found.is_some() || !page.more {
            return Ok(found);
        }
        after = page.entries.last().map(|entry| entry.key.clone());
    }
}

/// The first of these grants that is to `grantee` and suits. The index is a hint: the grant itself, as it is in this
/// snapshot, says whether it is there and whose it is, and is expected by the commit that follows.
async fn first_of(
    view: &View,
    key: &Key,
    grantee: &str,
    grants: &[String],
    suits: &(impl Fn(&GrantRecord) -> bool + Sync),
) -> Result<Option<Row<GrantRecord>>, Error> {
    for id in grants {
        let name = rows::grant_row(&key.world, &key.record().key_id, id);
        let Some(row) = view.core.rows.get::<GrantRecord>(view.at, &name).await? else { continue };
        if row.value.grantee.arn == grantee && suits(&row.value) {
            view.note(name, row.revision);
            return Ok(Some(row));
        }
    }
    Ok(None)
}

/// The grant id at the end of a row's name.
pub(crate) fn last_part(name: &[u8]) -> Result<&str, Error> {
    let last = rows::parts(name).and_then(|parts| parts.last().copied());
    last.ok_or_else(|| Error::internal("a row of an index of grants has no grant in its name"))
}

/// A grant that is to be made: what of it may not be wider than the grant that allows its making.
#[derive(Clone, Debug)]
pub(crate) struct Child {
    /// In AWS's words.
    pub operations: Vec<String>,
    /// What it asks of requests.
    pub terms: GrantTerms,
}

impl GrantRecord {
    /// The grant as the policies' decision hears it.
    pub fn as_voice(&self) -> policy::Grant<'_> {
        let GrantTerms { equals, subset, source_arn } = &self.terms;
        policy::Grant {
            id: &self.grant_id,
            grantee: &self.grantee.arn,
            grantee_id: self.grantee.id.as_deref(),
            operations: &self.operations,
            constraint: match (equals, subset) {
                (Some(context), _) => Some(Constraint::Equals(context)),
                (None, Some(context)) => Some(Constraint::Subset(context)),
                (None, None) => None,
            },
            source_arn: source_arn.as_deref(),
        }
    }

    /// Whether a caller whom this grant allows to make grants may make that one: no operation more, and no constraint
    /// less. <https://docs.aws.amazon.com/kms/latest/developerguide/create-grant-overview.html#grant-creategrant>
    pub fn may_have_child(&self, child: &Child) -> bool {
        child.operations.iter().all(|operation| self.operations.contains(operation))
            && self.terms.are_no_wider_in(&child.terms)
    }
}

impl GrantTerms {
    /// Whether everything that satisfies `child` satisfies these terms.
    fn are_no_wider_in(&self, child: &GrantTerms) -> bool {
        let GrantTerms { equals, subset, source_arn } = self;
        let has = |pairs: &Option<BTreeMap<String, String>>, least: &BTreeMap<String, String>| {
            pairs.as_ref().is_some_and(|pairs| least.iter().all(|(key, value)| pairs.get(key) == Some(value)))
        };
        equals.as_ref().is_none_or(|_| child.equals == *equals)
            && subset.as_ref().is_none_or(|least| has(&child.equals, least) || has(&child.subset, least))
            && source_arn.as_ref().is_none_or(|_| child.source_arn == *source_arn)
    }
}

/// Which grant a token names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// The key's account and Region.
    pub world: World,
    /// The key's id.
    pub key_id: String,
    /// The grant's id.
    pub grant_id: String,
}

impl Named {
    /// A fresh token of this grant. All its tokens are worth the same.
    pub fn token(&self, core: &Core) -> String {
        let Named { world, key_id, grant_id } = self;
        let name = [&world.account, &world.region, key_id, grant_id].map(String::as_str).join("\0");
        URL_SAFE_NO_PAD.encode(core.grant_keys.tokens.seal(name.as_bytes(), &*core.random))
    }

    /// The grant that a token of this store names, whether or not it is there.
    ///
    /// Errors: `InvalidGrantToken` for anything that this store did not give out.
    pub fn read(core: &Core, token: &str) -> Result<Named, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::InvalidGrantToken)?;
        let name = core.grant_keys.tokens.open(&bytes).map_err(|_| Error::InvalidGrantToken)?;
        let parts = rows::parts(&name).and_then(|parts| <[&str; 4]>::try_from(parts).ok());
        let [account, region, key_id, grant_id] = parts.ok_or(Error::InvalidGrantToken)?.map(str::to_owned);
        Ok(Named { world: World { account, region }, key_id, grant_id })
    }
}

/// Whether all of these are tokens of this store. A token that is genuine gives nothing: grants speak as soon as they
/// are made, with or without one, and are silent as soon as they are gone.
///
/// Errors: `InvalidGrantToken`.
pub(crate) fn check_tokens(core: &Core, tokens: &[String]) -> Result<(), Error> {
    tokens.iter().try_for_each(|token| Named::read(core, token).map(|_| ()))
}

/// A grant's id: 64 hexadecimal digits in lower case.
pub(crate) fn is_grant_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The account of a principal that a grant can name: an account's root, a user, a role, or a session of a role. Nobody
/// is a federated user here.
///
/// Errors: `InvalidPrincipal`.
pub(crate) fn principal_account<'a>(arn: &'a str, region: &str) -> Result<&'a str, Error> {
    let refused = || Error::InvalidPrincipal { arn: arn.to_owned() };
    let parts: [&str; 6] = arn.splitn(6, ':').collect::<Vec<_>>().try_into().map_err(|_: Vec<&str>| refused())?;
    let ["arn", partition, service, "", account, resource] = parts else { return Err(refused()) };
    let is_named = match (service, resource.split_once('/')) {
        ("iam", None) => resource == "root",
        ("iam", Some(("user" | "role", name))) => !name.is_empty() && !name.ends_with('/'),
        ("sts", Some(("assumed-role", session))) => {
            session.split_once('/').is_some_and(|(role, name)| !role.is_empty() && !name.is_empty())
        }
        _ => false,
    };
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let here = partition == crate::place::partition(region);
    if is_named && is_account && here && !resource.contains(':') { Ok(account) } else { Err(refused()) }
}

/// The operations that can be granted on a key.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>
pub(crate) fn grantable(spec: KeySpec, usage: KeyUsage) -> Vec<GrantOperation> {
    use GrantOperation::*;
    let of_kind: &[GrantOperation] = match (usage, spec.kind()) {
        (KeyUsage::EncryptDecrypt, Kind::Symmetric) => &[
            Encrypt,
            Decrypt,
            ReEncryptFrom,
            ReEncryptTo,
            GenerateDataKey,
            GenerateDataKeyWithoutPlaintext,
            GenerateDataKeyPair,
            GenerateDataKeyPairWithoutPlaintext,
        ],
        (KeyUsage::EncryptDecrypt, Kind::Asymmetric | Kind::Hmac) => {
            &[Encrypt, Decrypt, ReEncryptFrom, ReEncryptTo, GetPublicKey]
        }
        (KeyUsage::SignVerify, _) => &[Sign, Verify, GetPublicKey],
        (KeyUsage::GenerateVerifyMac, _) => &[GenerateMac, VerifyMac],
        (KeyUsage::KeyAgreement, _) => &[DeriveSharedSecret, GetPublicKey],
        (KeyUsage::EncapsulateDecapsulate, _) => &[Encapsulate, Decapsulate, GetPublicKey],
    };
    [of_kind, &[CreateGrant, DescribeKey, RetireGrant]].concat()
}

#[cfg(test)]
mod tests;
