//! Which errors reach the wire, and in which words: one exhaustive match from meaning to AWS's name and text.
//! Clients compare these texts, so each stands next to its name; where AWS was recorded, it is AWS's.

use crypto::spec::Kind;
use wire::{Fault, Op};

use crate::error::{Because, Document, Error, GrantRule, Invalid, Quota, TagRule};

impl Error {
    /// What the client of `op` reads.
    pub fn to_fault(&self, op: Op) -> Fault {
        match self {
            Error::Malformed(malformed) => Fault::from(malformed.clone()),
            Error::Invalid(Invalid::PublicKey) => Fault::silent("ValidationException"),
            Error::Invalid(rule) => Fault::client("ValidationException", invalid(rule)),
            Error::NotYet(op) => unsupported(format!("{} is not supported by this version of Trent.", op.name())),
            Error::Unsupported(what) => unsupported(what.clone()),

            Error::MalformedKeyId { given, in_arn: true } => not_found(format!("Invalid keyId {given}")),
            Error::MalformedKeyId { given, in_arn: false } => not_found(format!("Invalid keyId '{given}'")),
            // Not every operation models InvalidArnException; to the clients of the others a bad ARN names nothing.
            Error::MalformedArn { given } if op.faults().contains(&"InvalidArnException") => {
                Fault::client("InvalidArnException", format!("Invalid arn {given}"))
            }
            Error::MalformedArn { given } => not_found(format!("Invalid arn {given}")),
            Error::AliasNotTaken if matches!(op, Op::CreateAlias | Op::UpdateAlias) => {
                Fault::client("ValidationException", "Aliases must refer to keys. Not aliases")
            }
            Error::AliasNotTaken => {
                Fault::client("InvalidArnException", "Key Aliases are not supported for this operation.")
            }
            Error::OtherRegion { region } => not_found(format!("Invalid arn {region}")),
            Error::NoSuchKey { arn } => not_found(format!("Key '{arn}' does not exist")),
            Error::NoSuchAlias { arn } => not_found(format!("Alias {arn} is not found.")),
            Error::ReservedAlias => Fault::silent("NotAuthorizedException"),
            Error::NamelessAlias => {
                Fault::client("InvalidAliasNameException", "The alias must have a name after alias/")
            }
            Error::AliasExists { arn } => {
                Fault::client("AlreadyExistsException", format!("An alias with the name {arn} already exists"))
            }
            Error::NoSuchPolicy => not_found("No such policy exists".into()),

            // As where no credential is known: of the caller nothing is left.
            Error::NoSuchCaller => {
                Fault::client("UnrecognizedClientException", "The security token included in the request is invalid.")
            }
            Error::Denied { caller, action, resource, because } => {
                Fault::client("AccessDeniedException", denied(caller, action, resource.as_deref(), *because))
            }
            Error::CiphertextOfNoKey => Fault::client(
                "AccessDeniedException",
                "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or \
                 you are not allowed to access.",
            ),
            Error::IncorrectKey => Fault::client(
                "IncorrectKeyException",
                "The key ID in the request does not identify a CMK that can perform this operation.",
            ),
            Error::InvalidGrantToken => Fault::client("InvalidGrantTokenException", "The grant token is not valid."),
            Error::InvalidGrantId => Fault::client("InvalidGrantIdException", "The grant ID is not valid."),
            Error::NoSuchGrant { id } => not_found(format!("Grant ID {id} not found")),
            Error::InvalidPrincipal { arn } => {
                Fault::client("InvalidArnException", format!("ARN does not refer to a valid principal: {arn}"))
            }

            Error::Refused { arn, refusal } => refusal.fault(arn),
            Error::InvalidCiphertext => Fault::silent("InvalidCiphertextException"),
            Error::InvalidSignature => Fault::silent("KMSInvalidSignatureException"),
            Error::InvalidMac => Fault::silent("KMSInvalidMacException"),
            Error::InvalidImportToken => Fault::client(
                "InvalidImportTokenException",
                "The import token is not one of this key. Get new parameters with GetParametersForImport.",
            ),
            Error::ExpiredImportToken { arn } => Fault::client(
                "ExpiredImportTokenException",
                format!("Parameters for key material import have expired. Key '{arn}'"),
            ),
            Error::IncorrectKeyMaterial => Fault::client(
                "IncorrectKeyMaterialException",
                "The key material is not what the key takes: it has another length, form, size or curve, or is an \
                 EXISTING_KEY_MATERIAL that was never imported into this key, or a NEW_KEY_MATERIAL that was.",
            ),
            Error::AnotherMaterialPending { arn, new, pending } => invalid_state(format!(
                "New key material (id: {new}) cannot be imported into KMS key {arn}, because another key material \
                 (id: {pending}) is pending rotation."
            )),
            Error::ReplicaExists { arn } => {
                Fault::client("AlreadyExistsException", format!("A key with the ARN {arn} already exists"))
            }
            Error::AnotherPartition { region } => unsupported(format!(
                "{region} is not in the partition of this key: a key has replicas in its own only."
            )),
            Error::NoSuchMaterial { arn, id } => {
                not_found(format!("Key material '{id}' of key '{arn}' does not exist"))
            }
            Error::NoMaterialPending { arn } => {
                invalid_state(format!("No available key material pending rotation for the key: {arn}."))
            }
            Error::RotationsUsedUp { arn } => Fault::client(
                "LimitExceededException",
                format!(
                    "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations \
                     can be performed for this key: {arn}"
                ),
            ),
            Error::KeyUnavailable => {
                Fault::server("KeyUnavailableException", "The key material is not available at the moment. Try again.")
            }
            Error::DryRun => Fault::client(
                "DryRunOperationException",
                "The request would have succeeded, but the DryRun option is set.",
            ),

            Error::MalformedPolicy(why) => malformed_policy(why),
            Error::PolicyArn(why) => Fault::client("InvalidArnException", why.clone()),
            Error::UnknownPrincipal => {
                malformed_policy("Policy contains a statement with one or more invalid principals.")
            }
            Error::LockOut => {
                malformed_policy("The new key policy will not allow you to update the key policy in the future.")
            }
            Error::LimitExceeded(quota) => Fault::client("LimitExceededException", limit(*quota)),
            Error::Tag(rule) => Fault::client("TagException", tag(*rule)),
            Error::InvalidMarker => Fault::client("InvalidMarkerException", "The marker is not valid."),

            Error::Throttled => Fault::client(
                "ThrottlingException",
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
            ),
            Error::Busy => internal("The request met too many others that change the same key. Try again."),
            Error::Unknown => internal(
                "The store failed while it took the change: it may or may not have happened. Describe the key before \
                 you try again.",
            ),
            Error::Internal(_) => {
                internal("An internal error occurred. The server's log has it under this request id.")
            }
        }
    }
}

fn not_found(text: String) -> Fault {
    Fault::client("NotFoundException", text)
}

fn unsupported(text: String) -> Fault {
    Fault::client("UnsupportedOperationException", text)
}

fn invalid_state(text: String) -> Fault {
    Fault::client("KMSInvalidStateException", text)
}

fn malformed_policy(text: &str) -> Fault {
    Fault::client("MalformedPolicyDocumentException", text)
}

fn internal(text: &str) -> Fault {
    Fault::server("KMSInternalException", text)
}

fn invalid(rule: &Invalid) -> String {
    match rule {
        Invalid::DataKeyLength => "Please specify either number of bytes or key spec.".into(),
        Invalid::NumberOfBytesMissing => "NumberOfBytes is required.".into(),
        Invalid::PendingWindow => "PendingWindowInDays must be between 7 and 30".into(),
        Invalid::KeyUsageMissing => {
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.".into()
        }
        Invalid::KeyUsage { usage, spec } => format!("KeyUsage {usage} is not compatible with KeySpec {spec}"),
        Invalid::SpecOfOrigin { spec, origin } => format!("KeySpec {spec} is not supported for Origin {origin}"),
        Invalid::TwoKeySpecs => "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
                                 CustomerMasterKeySpec is deprecated."
            .into(),
        Invalid::Recipient => "Recipient is not supported: this server does not verify attestation documents, and \
                               does not give a plaintext to who asked for one that only an enclave can read."
            .into(),
        Invalid::ModifiersWithoutDryRun => "DryRunModifiers can be used only with DryRun.".into(),
        Invalid::AliasPrefix => "Alias must start with the prefix \"alias/\". Please see \
                                 https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
            .into(),
        Invalid::AliasCharacters { alias } => format!("{alias} contains invalid characters for an alias"),
        Invalid::AliasKeyType { alias, from, to } => unlike(alias, "key type", key_type(*from), key_type(*to)),
        Invalid::AliasKeyUsage { alias, from, to } => unlike(alias, "key usage", from.as_str(), to.as_str()),
        Invalid::RamPolicy => "The AWS_RAM policy can only be managed by the RAM service.".into(),
        Invalid::Missing(member) => format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ),
        Invalid::ValidToMissing => "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES".into(),
        Invalid::ValidToPast => "ValidTo must be in the future".into(),
        Invalid::ValidToTooFar => "ValidTo must be at most 365 days from the time of the request".into(),
        Invalid::ValidToSuperfluous => {
            "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE".into()
        }
        Invalid::IdOfNewMaterial => {
            "KeyMaterialId must not be set if the ImportType is NEW_KEY_MATERIAL: new material has no id yet".into()
        }
        Invalid::Action { given } => format!("{given} is not an action of this service"),
        Invalid::Grant(rule) => grant(rule),
        Invalid::ContextTooLong => {
            format!("EncryptionContext must not be longer than {} bytes.", crate::MAX_CONTEXT_BYTES)
        }
        Invalid::ContextOfAlgorithm { algorithm } => {
            format!("EncryptionContext is not supported with algorithm {algorithm}.")
        }
        Invalid::PlaintextTooLong { algorithm, spec, most } => {
            format!("Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.")
        }
        Invalid::DigestLength { algorithm } => format!("Digest is invalid length for algorithm {algorithm}."),
        Invalid::MessageTypeOfAlgorithm { message_type, algorithm } => {
            format!("Message type {message_type} is incompatible with algorithm {algorithm}.")
        }
        Invalid::MessageTypeOfSpec { message_type, spec } => {
            format!("Message type {message_type} is incompatible with key spec {spec}.")
        }
        // It has no words: AWS was recorded to say none.
        Invalid::PublicKey => String::new(),
    }
}

/// The words for an alias that would go to a key unlike the one that it has.
fn unlike(alias: &str, what: &str, from: &str, to: &str) -> String {
    format!(
        "Alias {alias} cannot be changed from a CMK with {what} {from} to a CMK with {what} {to}. The {what} of the \
         current CMK and the new CMK must be the same."
    )
}

fn grant(rule: &GrantRule) -> String {
    let text = match rule {
        GrantRule::OneGrantee => "Specify exactly one of GranteePrincipal and GranteeServicePrincipal.",
        GrantRule::AtMostOneRetirer => "Specify at most one of RetiringPrincipal and RetiringServicePrincipal.",
        GrantRule::OneRetirer => "Specify exactly one of RetiringPrincipal and RetiringServicePrincipal.",
        GrantRule::AtMostOneGrantee => "Specify at most one of GranteePrincipal and GranteeServicePrincipal.",
        GrantRule::OneName => "Specify either GrantToken, or KeyId and GrantId.",
        GrantRule::NoOperations => "Grants must contain at least one operation.",
        GrantRule::OnlyCreateGrant => "Grants must not contain only the CreateGrant operation.",
        GrantRule::Operations { operations, spec, usage } => {
            let operations = operations.join(", ");
            return format!(
                "The operations [{operations}] cannot be granted on a key with KeySpec {spec} and KeyUsage {usage}."
            );
        }
        GrantRule::TwoConstraints => "More than one constraint supplied",
        GrantRule::ConstraintOnKey => {
            "EncryptionContextEquals and EncryptionContextSubset are valid only for symmetric encryption keys."
        }
        GrantRule::ConstraintPairs => "The encryption context of a grant constraint has at most 8 pairs.",
        GrantRule::ConstraintValue => {
            "The values in the encryption context of a grant constraint have at most 384 characters."
        }
    };
    text.into()
}

fn key_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Symmetric => "SYMMETRIC",
        Kind::Asymmetric => "ASYMMETRIC",
        Kind::Hmac => "HMAC",
    }
}

fn denied(caller: &str, action: &str, resource: Option<&str>, because: Because) -> String {
    let on = resource.map(|arn| format!(" on resource: {arn}")).unwrap_or_default();
    let asked = format!("User: {caller} is not authorized to perform: {action}{on}");
    match because {
        Because::NothingAllowsOrNotThere => format!(
            "{asked} on this resource because the resource does not exist in this Region, no resource-based policies \
             allow access, or a resource-based policy explicitly denies access"
        ),
        Because::NothingAllows(document) => {
            format!("{asked} because no {} allows the {action} action", kind_of(document))
        }
        Because::ExplicitDeny(Document::Identity) => {
            format!("{asked} with an explicit deny in an identity-based policy")
        }
        Because::ExplicitDeny(document) => format!("{asked} with an explicit deny in a {}", kind_of(document)),
    }
}

fn kind_of(document: Document) -> &'static str {
    match document {
        Document::Resource => "resource-based policy",
        Document::Identity => "identity-based policy",
        Document::Session => "session policy",
    }
}

fn limit(quota: Quota) -> &'static str {
    match quota {
        Quota::Keys => "The limit of keys in this account and Region has been reached.",
        Quota::Aliases => "The limit of aliases of this key has been reached.",
        Quota::Regions => "The limit of Regions of this key has been reached.",
        Quota::Grants => "The limit of grants of this key has been reached.",
        Quota::PolicyLength => "The key policy is longer than 32768 bytes.",
        Quota::TagLength => "The tags of the key are together longer than 61440 bytes.",
    }
}

fn tag(rule: TagRule) -> &'static str {
    match rule {
        TagRule::Duplicate => "Duplicate tag keys",
        TagRule::TooMany => "Too many tags",
        TagRule::Reserved => "Tags beginning with aws: are reserved",
    }
}
