//! The errors of the model that Trent does not answer, each with the reason.

use wire::Op;

/// An error that no request can bring about.
pub struct Never {
    pub error: &'static str,
    pub ops: &'static [Op],
    pub because: &'static str,
}

const NO_STORES: &str = "custom key stores are not here yet";
const EVERY_STATE: &str = "no state of a key refuses it";

const fn never(error: &'static str, ops: &'static [Op], because: &'static str) -> Never {
    Never { error, ops, because }
}

/// All of them.
pub const NEVER: &[Never] = &[
    never("CloudHsmClusterInUseException", &[Op::CreateCustomKeyStore], NO_STORES),
    never(
        "CloudHsmClusterInvalidConfigurationException",
        &[Op::ConnectCustomKeyStore, Op::CreateCustomKeyStore, Op::CreateKey, Op::UpdateCustomKeyStore],
        NO_STORES,
    ),
    never(
        "CloudHsmClusterNotActiveException",
        &[Op::ConnectCustomKeyStore, Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore],
        NO_STORES,
    ),
    never("CloudHsmClusterNotFoundException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never("CloudHsmClusterNotRelatedException", &[Op::UpdateCustomKeyStore], NO_STORES),
    never(
        "ConflictException",
        &[Op::RotateKeyOnDemand],
        "a rotation, on demand or by its date, is done at once: there is none to meet",
    ),
    never("CustomKeyStoreHasCMKsException", &[Op::DeleteCustomKeyStore], NO_STORES),
    never(
        "CustomKeyStoreInvalidStateException",
        &[
            Op::ConnectCustomKeyStore,
            Op::CreateKey,
            Op::DeleteCustomKeyStore,
            Op::DisconnectCustomKeyStore,
            Op::GenerateRandom,
            Op::UpdateCustomKeyStore,
        ],
        NO_STORES,
    ),
    never("CustomKeyStoreNameInUseException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never(
        "CustomKeyStoreNotFoundException",
        &[
            Op::ConnectCustomKeyStore,
            Op::CreateKey,
            Op::DeleteCustomKeyStore,
            Op::DescribeCustomKeyStores,
            Op::DisconnectCustomKeyStore,
            Op::GenerateRandom,
            Op::UpdateCustomKeyStore,
        ],
        NO_STORES,
    ),
    never(
        "DisabledException",
        &[Op::GetPublicKey],
        "AWS's table of key states allows it for a disabled key, and so does Trent",
    ),
    never("IncorrectTrustAnchorException", &[Op::CreateCustomKeyStore], NO_STORES),
    never(
        "InvalidKeyUsageException",
        &[Op::GetPublicKey],
        "every key with a public half shows it, whatever its usage; for others it is UnsupportedOperationException",
    ),
    never("InvalidMarkerException", &[Op::DescribeCustomKeyStores], NO_STORES),
    never(
        "KMSInvalidStateException",
        &[
            Op::DeleteAlias,
            Op::GetKeyPolicy,
            Op::ListGrants,
            Op::ListKeyPolicies,
            Op::PutKeyPolicy,
            Op::RetireGrant,
            Op::RevokeGrant,
        ],
        EVERY_STATE,
    ),
    never(
        "KMSInvalidStateException",
        &[Op::GetKeyRotationStatus, Op::ListKeyRotations],
        "no state refuses it: a key that cannot rotate is told UnsupportedOperationException",
    ),
    never("LimitExceededException", &[Op::CreateCustomKeyStore], NO_STORES),
    never(
        "LimitExceededException",
        &[Op::EnableKey],
        "AWS once counted enabled keys; now every key counts when it is made",
    ),
    never(
        "NotFoundException",
        &[Op::ListRetirableGrants],
        "it names no key; a principal that nobody can be is InvalidArnException, and who has no grants to retire gets an \
         empty list",
    ),
    never(
        "TagException",
        &[Op::UntagResource],
        "a tag that is not there is ignored, and none that is there breaks a rule",
    ),
    never(
        "UnsupportedOperationException",
        &[Op::PutKeyPolicy],
        "a customer's key has a policy that can be changed; who would change that of AWS's own is told AccessDeniedException",
    ),
    never("XksKeyAlreadyInUseException", &[Op::CreateKey], NO_STORES),
    never("XksKeyInvalidConfigurationException", &[Op::CreateKey], NO_STORES),
    never("XksKeyNotFoundException", &[Op::CreateKey], NO_STORES),
    never(
        "XksProxyIncorrectAuthenticationCredentialException",
        &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore],
        NO_STORES,
    ),
    never("XksProxyInvalidConfigurationException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never("XksProxyInvalidResponseException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never("XksProxyUriEndpointInUseException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never("XksProxyUriInUseException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never("XksProxyUriUnreachableException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never("XksProxyVpcEndpointServiceInUseException", &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore], NO_STORES),
    never(
        "XksProxyVpcEndpointServiceInvalidConfigurationException",
        &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore],
        NO_STORES,
    ),
    never(
        "XksProxyVpcEndpointServiceNotFoundException",
        &[Op::CreateCustomKeyStore, Op::UpdateCustomKeyStore],
        NO_STORES,
    ),
];
