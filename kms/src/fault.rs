//! Which errors reach the wire, and in which words: one exhaustive match from meaning to AWS's name and text.
//! Clients compare these texts, so each stands next to its name; where AWS was recorded, it is AWS's.

use wire::{Fault, Op};

use crate::error::{Because, Error, Invalid, Quota, TagRule};

impl Error {
    /// What the client of `op` reads.
    pub fn to_fault(&self, op: Op) -> Fault {
        match self {
            Error::Malformed(malformed) => Fault::from(malformed.clone()),
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
            Error::AliasNotTaken => {
                Fault::client("InvalidArnException", "Key Aliases are not supported for this operation.")
            }
            Error::OtherRegion { region } => not_found(format!("Invalid arn {region}")),
            Error::NoSuchKey { arn } => not_found(format!("Key '{arn}' does not exist")),
            Error::NoSuchAlias { arn } => not_found(format!("Alias {arn} is not found.")),

            Error::Denied { caller, action, because } => {
                Fault::client("AccessDeniedException", denied(caller, action, *because))
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

            Error::Refused { arn, refusal } => refusal.fault(arn),
            Error::InvalidCiphertext => Fault::silent("InvalidCiphertextException"),
            Error::KeyUnavailable => {
                Fault::server("KeyUnavailableException", "The key material is not available at the moment. Try again.")
            }
            Error::DryRun => Fault::client(
                "DryRunOperationException",
                "The request would have succeeded, but the DryRun option is set.",
            ),

            Error::MalformedPolicy(why) => Fault::client("MalformedPolicyDocumentException", why.clone()),
            Error::LimitExceeded(quota) => Fault::client("LimitExceededException", limit(*quota)),
            Error::Tag(rule) => Fault::client("TagException", tag(*rule)),
            Error::InvalidMarker => Fault::client("InvalidMarkerException", "The marker is not valid."),

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
        Invalid::TwoKeySpecs => "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. \
                                 CustomerMasterKeySpec is deprecated."
            .into(),
        Invalid::Recipient => "Recipient is not supported: this server does not verify attestation documents, and \
                               does not give a plaintext to who asked for one that only an enclave can read."
            .into(),
        Invalid::ModifiersWithoutDryRun => "DryRunModifiers can be used only with DryRun.".into(),
        Invalid::Missing(member) => format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ),
        Invalid::ContextTooLong => {
            format!("EncryptionContext must not be longer than {} bytes.", crate::MAX_CONTEXT_BYTES)
        }
    }
}

fn denied(caller: &str, action: &str, because: Because) -> String {
    match because {
        Because::NothingAllowsOrNotThere => format!(
            "User: {caller} is not authorized to perform: {action} on this resource because the resource does not \
             exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly \
             denies access"
        ),
        Because::NoIdentityPolicy => format!(
            "User: {caller} is not authorized to perform: {action} because no identity-based policy allows the \
             {action} action"
        ),
    }
}

fn limit(quota: Quota) -> &'static str {
    match quota {
        Quota::Keys => "The limit of keys in this account and Region has been reached.",
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
