//! The operations: one list that dispatcher, audit names, metrics labels, docs and tests walk. An operation reads like
//! its page in AWS's API reference: arguments, find, permit, admit, do, answer. No store, policy or cipher is named here.

mod agree;
mod alias;
mod data_key;
mod data_key_pair;
mod deletion;
mod encrypt;
mod grant;
mod import;
mod key;
mod key_policy;
mod last_usage;
mod mac;
mod random;
mod replica;
mod rotation;
mod sign;
mod tag;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};

use crypto::SecretBytes;
use crypto::spec::Algorithm;
use serde_json::{Map, Value};
use wire::{Fault, Op, Request, Response, Sensitive};

use crate::audit::Event;
use crate::error::Error;
use crate::journey::{Call, Cx, Done};
use crate::names::Names;
use crate::pipeline;
use crate::quotas::Charge;
use crate::service::Core;

/// One operation.
///
/// `run` computes an answer and changes; it commits nothing, so that the pipeline may run it again on a fresh snapshot.
pub trait Operation: 'static {
    /// What is true of the operation whatever the request.
    const SHEET: Sheet;
    /// What it takes, checked against the model's constraints.
    type Request: Request;
    /// What it answers.
    type Response: Response;
    /// What the audit record tells of the request, with the defaults that AWS fills in.
    fn parameters(request: &Self::Request) -> Map<String, Value> {
        request.recorded()
    }

    /// What the request counts for where requests have quotas, as far as its key does not decide that.
    fn charges(_: &Self::Request) -> Vec<Charge> {
        Charge::of(Self::SHEET.op).into_iter().collect()
    }

    /// One attempt.
    fn run(cx: &Cx, request: &Self::Request) -> impl Future<Output = Result<Done<Self::Response>, Error>> + Send;
}

/// Something a policy may allow: the operation itself, but for ReEncrypt, which asks for one action on each key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The action named as the operation.
    Of(Op),
    /// Reading under the source key.
    ReEncryptFrom,
    /// Writing under the destination key.
    ReEncryptTo,
}

impl Action {
    /// Its word without the service's prefix: `Encrypt`.
    pub const fn word(self) -> &'static str {
        match self {
            Action::Of(op) => op.name(),
            Action::ReEncryptFrom => "ReEncryptFrom",
            Action::ReEncryptTo => "ReEncryptTo",
        }
    }

    /// As policies name it: `kms:Encrypt`.
    pub fn name(self) -> &'static str {
        match self {
            Action::Of(op) => &NAMES[op as usize],
            Action::ReEncryptFrom => "kms:ReEncryptFrom",
            Action::ReEncryptTo => "kms:ReEncryptTo",
        }
    }

    /// Whether a policy can allow it only on `*`. TagResource is among them while CreateKey asks for it: there is no
    /// key yet.
    pub(crate) fn has_no_resource(self) -> bool {
        matches!(
            self,
            Action::Of(Op::CreateKey | Op::GenerateRandom | Op::ListAliases | Op::ListKeys | Op::TagResource)
        )
    }
}

/// Written once: a decision asks for one of them.
static NAMES: LazyLock<[String; Op::COUNT]> = LazyLock::new(|| Op::ALL.map(|op| format!("kms:{}", op.name())));

/// What is true of an operation whatever the request. Everything starts at "no".
#[derive(Debug)]
pub struct Sheet {
    /// The operation.
    pub op: Op,
    /// What the caller must be allowed, the operation's own action first.
    pub actions: &'static [Action],
    /// Which names of keys it takes.
    pub names: Names,
    /// Whether keys of other accounts can be used.
    pub cross_account: bool,
    /// Whether a grant can allow it.
    pub grantable: bool,
    /// Whether it has `DryRun`.
    pub dry_run: bool,
    /// Whether CloudTrail calls it read-only.
    pub read_only: bool,
}

impl Sheet {
    /// An operation that needs its own action, names no key, and may nothing else.
    pub const fn of(op: Op) -> Sheet {
        let (actions, read_only) = (&OWN[op as usize], is_read_only(op));
        Sheet { op, actions, names: Names::None, cross_account: false, grantable: false, dry_run: false, read_only }
    }

    /// Needs these actions instead of its own alone.
    pub const fn needs(self, actions: &'static [Action]) -> Sheet {
        Sheet { actions, ..self }
    }

    /// Names keys this way.
    pub const fn takes(self, names: Names) -> Sheet {
        Sheet { names, ..self }
    }

    /// Uses keys of other accounts.
    pub const fn cross_account(self) -> Sheet {
        Sheet { cross_account: true, ..self }
    }

    /// Can be granted.
    pub const fn grantable(self) -> Sheet {
        Sheet { grantable: true, ..self }
    }

    /// Has `DryRun`.
    pub const fn dry_run(self) -> Sheet {
        Sheet { dry_run: true, ..self }
    }

    /// The operation's page in AWS's API reference.
    pub fn page(&self) -> String {
        format!("https://docs.aws.amazon.com/kms/latest/APIReference/API_{}.html", self.op.name())
    }
}

/// Each operation's own action.
const OWN: &[[Action; 1]; Op::COUNT] = &{
    let (mut own, mut at) = ([[Action::Of(Op::ALL[0])]; Op::COUNT], 0);
    while at < Op::COUNT {
        own[at] = [Action::Of(Op::ALL[at])];
        at += 1;
    }
    own
};

/// Whether CloudTrail calls an operation read-only: whether it leaves every key as it is.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/logging-using-cloudtrail.html>
const fn is_read_only(op: Op) -> bool {
    match op {
        Op::Decapsulate
        | Op::Decrypt
        | Op::DeriveSharedSecret
        | Op::DescribeCustomKeyStores
        | Op::DescribeKey
        | Op::Encapsulate
        | Op::Encrypt
        | Op::GenerateDataKey
        | Op::GenerateDataKeyPair
        | Op::GenerateDataKeyPairWithoutPlaintext
        | Op::GenerateDataKeyWithoutPlaintext
        | Op::GenerateMac
        | Op::GenerateRandom
        | Op::GetKeyLastUsage
        | Op::GetKeyPolicy
        | Op::GetKeyRotationStatus
        | Op::GetParametersForImport
        | Op::GetPublicKey
        | Op::ListAliases
        | Op::ListGrants
        | Op::ListKeyPolicies
        | Op::ListKeyRotations
        | Op::ListKeys
        | Op::ListResourceTags
        | Op::ListRetirableGrants
        | Op::ReEncrypt
        | Op::Sign
        | Op::Verify
        | Op::VerifyMac => true,
        Op::CancelKeyDeletion
        | Op::ConnectCustomKeyStore
        | Op::CreateAlias
        | Op::CreateCustomKeyStore
        | Op::CreateGrant
        | Op::CreateKey
        | Op::DeleteAlias
        | Op::DeleteCustomKeyStore
        | Op::DeleteImportedKeyMaterial
        | Op::DisableKey
        | Op::DisableKeyRotation
        | Op::DisconnectCustomKeyStore
        | Op::EnableKey
        | Op::EnableKeyRotation
        | Op::ImportKeyMaterial
        | Op::PutKeyPolicy
        | Op::ReplicateKey
        | Op::RetireGrant
        | Op::RevokeGrant
        | Op::RotateKeyOnDemand
        | Op::ScheduleKeyDeletion
        | Op::TagResource
        | Op::UntagResource
        | Op::UpdateAlias
        | Op::UpdateCustomKeyStore
        | Op::UpdateKeyDescription
        | Op::UpdatePrimaryRegion => false,
    }
}

pub(crate) type Answering<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Fault>> + Send + 'a>>;

/// One line of the list.
pub struct Entry {
    /// The operation.
    pub op: Op,
    /// Its sheet; none as long as the operation answers UnsupportedOperationException.
    pub sheet: Option<&'static Sheet>,
    pub(crate) call: for<'a> fn(&'a Arc<Core>, &'a Call, &'a [u8]) -> Answering<'a>,
    /// What an audit record tells of a request that is well formed.
    pub(crate) recorded: fn(&[u8]) -> Option<Map<String, Value>>,
}

impl Entry {
    /// What an audit record calls it.
    pub(crate) fn event(&self) -> Event {
        self.sheet.map_or_else(|| Event::of(&Sheet::of(self.op)), Event::of)
    }
}

const fn entry<O: Operation>() -> Entry {
    Entry {
        op: O::SHEET.op,
        sheet: Some(const { &O::SHEET }),
        call: |core, call, body| Box::pin(pipeline::serve::<O>(core, call, body)),
        recorded: |body| O::Request::decode(body).ok().map(|request| O::parameters(&request)),
    }
}

/// An operation whose shapes are known and checked, and which nobody can do yet.
const fn later<R: Request>() -> Entry {
    Entry {
        op: R::OP,
        sheet: None,
        call: |core, call, body| Box::pin(pipeline::refuse_later::<R>(core, call, body)),
        recorded: |body| R::decode(body).ok().map(|request| request.recorded()),
    }
}

/// Every operation of the API, in the order of [`Op`].
pub static OPERATIONS: [Entry; Op::COUNT] = in_order([
    entry::<deletion::CancelKeyDeletion>(),
    later::<wire::ConnectCustomKeyStoreRequest>(),
    entry::<alias::CreateAlias>(),
    later::<wire::CreateCustomKeyStoreRequest>(),
    entry::<grant::CreateGrant>(),
    entry::<key::CreateKey>(),
    entry::<agree::Decapsulate>(),
    entry::<encrypt::Decrypt>(),
    entry::<alias::DeleteAlias>(),
    later::<wire::DeleteCustomKeyStoreRequest>(),
    entry::<import::DeleteImportedKeyMaterial>(),
    entry::<agree::DeriveSharedSecret>(),
    later::<wire::DescribeCustomKeyStoresRequest>(),
    entry::<key::DescribeKey>(),
    entry::<key::DisableKey>(),
    entry::<rotation::DisableKeyRotation>(),
    later::<wire::DisconnectCustomKeyStoreRequest>(),
    entry::<key::EnableKey>(),
    entry::<rotation::EnableKeyRotation>(),
    entry::<agree::Encapsulate>(),
    entry::<encrypt::Encrypt>(),
    entry::<data_key::GenerateDataKey>(),
    entry::<data_key_pair::GenerateDataKeyPair>(),
    entry::<data_key_pair::GenerateDataKeyPairWithoutPlaintext>(),
    entry::<data_key::GenerateDataKeyWithoutPlaintext>(),
    entry::<mac::GenerateMac>(),
    entry::<random::GenerateRandom>(),
    entry::<last_usage::GetKeyLastUsage>(),
    entry::<key_policy::GetKeyPolicy>(),
    entry::<rotation::GetKeyRotationStatus>(),
    entry::<import::GetParametersForImport>(),
    entry::<sign::GetPublicKey>(),
    entry::<import::ImportKeyMaterial>(),
    entry::<alias::ListAliases>(),
    entry::<grant::ListGrants>(),
    entry::<key_policy::ListKeyPolicies>(),
    entry::<rotation::ListKeyRotations>(),
    entry::<key::ListKeys>(),
    entry::<tag::ListResourceTags>(),
    entry::<grant::ListRetirableGrants>(),
    entry::<key_policy::PutKeyPolicy>(),
    entry::<encrypt::ReEncrypt>(),
    entry::<replica::ReplicateKey>(),
    entry::<grant::RetireGrant>(),
    entry::<grant::RevokeGrant>(),
    entry::<rotation::RotateKeyOnDemand>(),
    entry::<deletion::ScheduleKeyDeletion>(),
    entry::<sign::Sign>(),
    entry::<tag::TagResource>(),
    entry::<tag::UntagResource>(),
    entry::<alias::UpdateAlias>(),
    later::<wire::UpdateCustomKeyStoreRequest>(),
    entry::<key::UpdateKeyDescription>(),
    entry::<replica::UpdatePrimaryRegion>(),
    entry::<sign::Verify>(),
    entry::<mac::VerifyMac>(),
]);

/// Refuses, when it is compiled, a list with an operation in another's place.
const fn in_order(list: [Entry; Op::COUNT]) -> [Entry; Op::COUNT] {
    let mut at = 0;
    while at < Op::COUNT {
        assert!(list[at].op as usize == at, "an operation stands in another's place");
        at += 1;
    }
    list
}

/// The line of `op`.
pub(crate) fn entry_of(op: Op) -> &'static Entry {
    &OPERATIONS[op as usize]
}

/// The algorithm that AWS calls so.
fn algorithm(name: &str) -> Result<Algorithm, Error> {
    Algorithm::parse(name).ok_or_else(|| Error::internal(format!("no algorithm is called {name}")))
}

/// A secret as the caller is told it: in the clear.
fn plain(secret: &SecretBytes) -> Option<Sensitive> {
    Some(Sensitive::from(secret.expose().to_vec()))
}

/// An encryption context that is not longer than [`crate::MAX_CONTEXT_BYTES`].
fn within_limit(context: &std::collections::BTreeMap<String, String>) -> Result<(), Error> {
    let length: usize = context.iter().map(|(key, value)| key.len() + value.len()).sum();
    if length > crate::MAX_CONTEXT_BYTES {
        return Err(Error::Invalid(crate::error::Invalid::ContextTooLong));
    }
    Ok(())
}
