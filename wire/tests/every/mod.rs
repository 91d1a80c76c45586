//! Every request of the service behind one signature, for tests that walk the list.

use serde_json::{Map, Value};
use wire::*;

/// Decodes a body as the request of one operation and gives what an audit record would hold of it.
pub type Decode = fn(&[u8]) -> Result<Map<String, Value>, Malformed>;

macro_rules! every {
    ($($op:ident: $request:ident,)+) => {
        &[$({
            assert!($request::OP as u8 == Op::$op as u8);
            (Op::$op, |body| $request::decode(body).map(|request| request.recorded()))
        },)+]
    };
}

pub const EVERY: &[(Op, Decode); Op::COUNT] = every! {
    CancelKeyDeletion: CancelKeyDeletionRequest,
    ConnectCustomKeyStore: ConnectCustomKeyStoreRequest,
    CreateAlias: CreateAliasRequest,
    CreateCustomKeyStore: CreateCustomKeyStoreRequest,
    CreateGrant: CreateGrantRequest,
    CreateKey: CreateKeyRequest,
    Decapsulate: DecapsulateRequest,
    Decrypt: DecryptRequest,
    DeleteAlias: DeleteAliasRequest,
    DeleteCustomKeyStore: DeleteCustomKeyStoreRequest,
    DeleteImportedKeyMaterial: DeleteImportedKeyMaterialRequest,
    DeriveSharedSecret: DeriveSharedSecretRequest,
    DescribeCustomKeyStores: DescribeCustomKeyStoresRequest,
    DescribeKey: DescribeKeyRequest,
    DisableKey: DisableKeyRequest,
    DisableKeyRotation: DisableKeyRotationRequest,
    DisconnectCustomKeyStore: DisconnectCustomKeyStoreRequest,
    EnableKey: EnableKeyRequest,
    EnableKeyRotation: EnableKeyRotationRequest,
    Encapsulate: EncapsulateRequest,
    Encrypt: EncryptRequest,
    GenerateDataKey: GenerateDataKeyRequest,
    GenerateDataKeyPair: GenerateDataKeyPairRequest,
    GenerateDataKeyPairWithoutPlaintext: GenerateDataKeyPairWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintext: GenerateDataKeyWithoutPlaintextRequest,
    GenerateMac: GenerateMacRequest,
    GenerateRandom: GenerateRandomRequest,
    GetKeyLastUsage: GetKeyLastUsageRequest,
    GetKeyPolicy: GetKeyPolicyRequest,
    GetKeyRotationStatus: GetKeyRotationStatusRequest,
    GetParametersForImport: GetParametersForImportRequest,
    GetPublicKey: GetPublicKeyRequest,
    ImportKeyMaterial: ImportKeyMaterialRequest,
    ListAliases: ListAliasesRequest,
    ListGrants: ListGrantsRequest,
    ListKeyPolicies: ListKeyPoliciesRequest,
    ListKeyRotations: ListKeyRotationsRequest,
    ListKeys: ListKeysRequest,
    ListResourceTags: ListResourceTagsRequest,
    ListRetirableGrants: ListRetirableGrantsRequest,
    PutKeyPolicy: PutKeyPolicyRequest,
    ReEncrypt: ReEncryptRequest,
    ReplicateKey: ReplicateKeyRequest,
    RetireGrant: RetireGrantRequest,
    RevokeGrant: RevokeGrantRequest,
    RotateKeyOnDemand: RotateKeyOnDemandRequest,
    ScheduleKeyDeletion: ScheduleKeyDeletionRequest,
    Sign: SignRequest,
    TagResource: TagResourceRequest,
    UntagResource: UntagResourceRequest,
    UpdateAlias: UpdateAliasRequest,
    UpdateCustomKeyStore: UpdateCustomKeyStoreRequest,
    UpdateKeyDescription: UpdateKeyDescriptionRequest,
    UpdatePrimaryRegion: UpdatePrimaryRegionRequest,
    Verify: VerifyRequest,
    VerifyMac: VerifyMacRequest,
};
