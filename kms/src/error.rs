//! Why a call was refused or failed, by meaning and with data. The sentences that clients read stand in `fault.rs`,
//! next to the names they go with.

use crypto::spec::{KeyUsage, Kind};

use crate::keys::refusal::Refusal;

/// Every way a call can end other than well.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant's sentence says what its data is")]
pub enum Error {
    /// The body is not JSON of the operation's shape, or breaks constraints of the model.
    Malformed(wire::Malformed),
    /// Members that are well formed each, but do not go together.
    Invalid(Invalid),
    /// The operation is in the API and not yet in this version.
    NotYet(wire::Op),
    /// A value that this version, this Region or this kind of key does not support; the text tells which.
    Unsupported(String),

    /// A key id that is none, as the caller wrote it.
    MalformedKeyId { given: String, in_arn: bool },
    /// An ARN that is none, or of another service or partition.
    MalformedArn { given: String },
    /// An alias where only a key id or key ARN is taken.
    AliasNotTaken,
    /// An ARN of another Region than the one the request was signed for.
    OtherRegion { region: String },
    /// No such key in this world.
    NoSuchKey { arn: String },
    /// No such alias in this world.
    NoSuchAlias { arn: String },
    /// A name that begins like those of AWS's own aliases.
    ReservedAlias,
    /// The prefix of an alias alone.
    NamelessAlias,
    /// An alias of this name is there already.
    AliasExists { arn: String },
    /// A key policy of another name than the one that every key has.
    NoSuchPolicy,

    /// The user or the role of the caller is no more, or is another one by now.
    NoSuchCaller,
    /// The caller may not, or the key is another account's and not there: the same words for both. The resource is
    /// named where it is the caller's account's, or `*`.
    Denied { caller: String, action: &'static str, resource: Option<String>, because: Because },
    /// A ciphertext whose key is not there, or not the caller's to use.
    CiphertextOfNoKey,
    /// The key that was named is not the one in the ciphertext.
    IncorrectKey,
    /// A grant token that this store did not give out, or gave out in another Region.
    InvalidGrantToken,
    /// A grant id that is none.
    InvalidGrantId,
    /// The key has no such grant.
    NoSuchGrant { id: String },
    /// An ARN that is not of a principal that a grant can name, or of one that is not there.
    InvalidPrincipal { arn: String },

    /// The key's usage, origin, state or spec does not admit the operation.
    Refused { arn: String, refusal: Refusal },
    /// A ciphertext that is wrong in any way whatever.
    InvalidCiphertext,
    /// A signature that is not one of this message by this key.
    InvalidSignature,
    /// An authentication code that is not the one of this message by this key.
    InvalidMac,
    /// A token that is no import token, or another key's.
    InvalidImportToken,
    /// An import token whose time is over.
    ExpiredImportToken { arn: String },
    /// Material of another length than the key takes, or other material than it has, or the one that it has already.
    IncorrectKeyMaterial,
    /// New material for a key in which other material waits for its rotation.
    AnotherMaterialPending { arn: String, new: String, pending: String },
    /// A replica in a Region that has the key already, or still.
    ReplicaExists { arn: String },
    /// A replica in a Region of another partition.
    AnotherPartition { region: String },
    /// A material that is not the key's.
    NoSuchMaterial { arn: String, id: String },
    /// A rotation onto imported material, and none waits for one.
    NoMaterialPending { arn: String },
    /// The key was rotated on demand as often as a key can be.
    RotationsUsedUp { arn: String },
    /// The key's material is for the moment out of reach.
    KeyUnavailable,
    /// Everything was asked and the call would have succeeded.
    DryRun,

    /// A key policy that is not a policy document.
    MalformedPolicy(String),
    /// A key policy with an ARN that is none; the text is AWS's.
    PolicyArn(String),
    /// A key policy that names somebody who is not there.
    UnknownPrincipal,
    /// A key policy that its giver could not change any more.
    LockOut,
    /// More than a quota allows.
    LimitExceeded(Quota),
    /// Tags that break AWS's rules for tags.
    Tag(TagRule),
    /// A marker that this operation did not give out.
    InvalidMarker,

    /// More calls than a quota of requests allows, or than can wait for slow mathematics.
    Throttled,
    /// Too many calls change the same records at once.
    Busy,
    /// The store may have taken the change, or may still; nobody can say.
    Unknown,
    /// Something that should not be. The text is for the log, never for a client.
    Internal(String),
}

/// Members that do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant's sentence says what its data is")]
pub enum Invalid {
    /// Neither or both of `KeySpec` and `NumberOfBytes`.
    DataKeyLength,
    /// `GenerateRandom` without `NumberOfBytes`.
    NumberOfBytesMissing,
    /// `PendingWindowInDays` outside 7 to 30.
    PendingWindow,
    /// A key spec without a usage, where only symmetric encryption keys have a default.
    KeyUsageMissing,
    /// A usage that the key spec does not have.
    KeyUsage { usage: &'static str, spec: &'static str },
    /// A key spec of which no material comes from there.
    SpecOfOrigin { spec: &'static str, origin: &'static str },
    /// `KeySpec` and its deprecated twin together.
    TwoKeySpecs,
    /// `Recipient`, as long as attestation documents are not verified.
    Recipient,
    /// `DryRunModifiers` without `DryRun`.
    ModifiersWithoutDryRun,
    /// A name of an alias without the prefix that all have.
    AliasPrefix,
    /// A name of an alias with a character that the model takes and AWS does not.
    AliasCharacters { alias: String },
    /// An alias that would go to a key of another family.
    AliasKeyType { alias: String, from: Kind, to: Kind },
    /// An alias that would go to a key that is for something else.
    AliasKeyUsage { alias: String, from: KeyUsage, to: KeyUsage },
    /// A key policy that is for AWS's Resource Access Manager to put.
    RamPolicy,
    /// A required member that the model does not mark so, with its first letter in lower case.
    Missing(&'static str),
    /// No `ValidTo` for material that is to expire.
    ValidToMissing,
    /// A `ValidTo` that is over.
    ValidToPast,
    /// A `ValidTo` more than 365 days ahead.
    ValidToTooFar,
    /// A `ValidTo` for material that is not to expire.
    ValidToSuperfluous,
    /// A `KeyMaterialId` for new material.
    IdOfNewMaterial,
    /// An encryption context longer than [`crate::MAX_CONTEXT_BYTES`].
    ContextTooLong,
    /// An encryption context beside an algorithm that has none.
    ContextOfAlgorithm { algorithm: &'static str },
    /// More to encrypt than the key can.
    PlaintextTooLong { algorithm: &'static str, spec: &'static str, most: usize },
    /// A digest, or a µ, of another length than the algorithm's.
    DigestLength { algorithm: &'static str },
    /// A type of message that the algorithm does not sign.
    MessageTypeOfAlgorithm { message_type: &'static str, algorithm: &'static str },
    /// A type of message that keys of this spec do not sign.
    MessageTypeOfSpec { message_type: &'static str, spec: &'static str },
    /// A public key that is none of the curve of the key that was to agree with it.
    PublicKey,
    /// A word that is no action of this service.
    Action { given: String },
    /// Members about grants that do not go together, or not with the key.
    Grant(GrantRule),
}

/// A rule about grants. <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant's sentence says what its data is")]
pub enum GrantRule {
    /// Not exactly one grantee.
    OneGrantee,
    /// More than one retirer.
    AtMostOneRetirer,
    /// Not exactly one retirer, where the grants of one are listed.
    OneRetirer,
    /// More than one grantee to list the grants to.
    AtMostOneGrantee,
    /// Neither a token alone nor a key with a grant id.
    OneName,
    /// No operation.
    NoOperations,
    /// CreateGrant and no other operation.
    OnlyCreateGrant,
    /// Operations that no grant on a key of this kind can allow.
    Operations { operations: Vec<String>, spec: &'static str, usage: &'static str },
    /// A constraint on encryption contexts beside another.
    TwoConstraints,
    /// A constraint on encryption contexts for a key that knows none.
    ConstraintOnKey,
    /// A constraint with more pairs than AWS takes.
    ConstraintPairs,
    /// A constraint with a value that is longer than AWS takes.
    ConstraintValue,
}

/// Why a caller may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Because {
    /// Of another account's resource: it is not there, or nothing says that the caller may, or something forbids it.
    NothingAllowsOrNotThere,
    /// No document of this kind allows it.
    NothingAllows(Document),
    /// A document of this kind denies it.
    ExplicitDeny(Document),
}

/// A kind of document, as refusals name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A key's policy.
    Resource,
    /// A policy attached to the caller.
    Identity,
    /// The policy that limits a session.
    Session,
}

/// A quota, as AWS counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quota {
    /// Keys in one account and Region.
    Keys,
    /// Aliases of one key.
    Aliases,
    /// Grants of one key.
    Grants,
    /// Regions of one key.
    Regions,
    /// Bytes of a key policy.
    PolicyLength,
    /// Bytes of all tags of a key.
    TagLength,
}

/// A rule about tags. <https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagRule {
    /// One key twice in a request.
    Duplicate,
    /// More than 50 on a key.
    TooMany,
    /// A key beginning with `aws:` in any case.
    Reserved,
}

impl From<wire::Malformed> for Error {
    fn from(malformed: wire::Malformed) -> Self {
        Error::Malformed(malformed)
    }
}

impl From<crypto::Unsealable> for Error {
    /// What does not open is, to a client, a wrong ciphertext. Records that do not open never come this way.
    fn from(_: crypto::Unsealable) -> Self {
        Error::InvalidCiphertext
    }
}

impl Error {
    /// Something that should not be, told to the log.
    pub(crate) fn internal(what: impl Into<String>) -> Error {
        Error::Internal(what.into())
    }
}
