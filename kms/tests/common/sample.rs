//! A valid request for every operation. A new operation does not compile without one.

use serde_json::{Value, json};
use wire::Op;

use super::regions::{AT_WORK, WEST};
use super::{House, base64};

/// What requests are made with.
pub struct With<'a> {
    /// Whatever names the key.
    pub key: &'a str,
    /// A ciphertext of that key, in base64.
    pub blob: &'a str,
}

/// The shortest statement that a policy may have.
pub const STATEMENT: &str = r#"{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}"#;

/// A key policy that is called so.
pub fn policy(id: &str) -> String {
    format!(r#"{{"Statement":{STATEMENT},"Id":"{id}"}}"#)
}

/// A key policy of so many bytes.
pub fn policy_of(bytes: usize) -> String {
    policy(&"x".repeat(bytes - policy("").len()))
}

/// Secrets that no audit record and no log line may hold. Their lengths fit their members' constraints.
pub const PLAINTEXT: &str = "canary-plaintext-Qm9";
pub const TOKEN: &str = "canary-grant-token-XyZ0";
pub const PASSWORD: &str = "canary-password-77";
pub const XKS_ID: &str = "CANARYXKSACCESSKEYID";
pub const XKS_SECRET: &str = "canary+xks+secret+access+key+canary+xks+secret+x=";
pub const SIGNATURE: &str = "canary-signature-bytes";
pub const MAC: &str = "canary-mac-bytes";
pub const IMPORT_TOKEN: &str = "canary-import-token";
pub const MATERIAL: &str = "canary-encrypted-material";
pub const CIPHERTEXT: &str = "canary-kem-ciphertext";

/// How long a ciphertext of ML-KEM-512 is, which any bytes are.
const KEM_CIPHERTEXT_BYTES: usize = 768;

/// Somebody's public key on P-256, as a SubjectPublicKeyInfo: its base point, so that nobody's private key is 1.
pub const PEER: &str = "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d81\
                        2deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";

/// The id of a grant that only [`super::House::plant_grant`] makes.
pub const GRANT: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

pub const SECRETS: [&str; 10] =
    [PLAINTEXT, TOKEN, PASSWORD, XKS_ID, XKS_SECRET, SIGNATURE, MAC, IMPORT_TOKEN, MATERIAL, CIPHERTEXT];

/// CreateKey's request for a key that [`sample`]'s request of `op` can be made of.
pub fn key_for(op: Op) -> Value {
    let kind = |spec: &str, usage: &str| json!({ "KeySpec": spec, "KeyUsage": usage });
    match op {
        Op::Sign | Op::Verify | Op::GetPublicKey => kind("ECC_NIST_P256", "SIGN_VERIFY"),
        Op::GenerateMac | Op::VerifyMac => kind("HMAC_256", "GENERATE_VERIFY_MAC"),
        Op::DeriveSharedSecret => kind("ECC_NIST_P256", "KEY_AGREEMENT"),
        Op::Encapsulate | Op::Decapsulate => kind("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
        Op::GetParametersForImport | Op::ImportKeyMaterial | Op::DeleteImportedKeyMaterial => {
            json!({ "Origin": "EXTERNAL" })
        }
        Op::ReplicateKey | Op::UpdatePrimaryRegion => json!({ "MultiRegion": true }),
        Op::CancelKeyDeletion
        | Op::ConnectCustomKeyStore
        | Op::CreateAlias
        | Op::CreateCustomKeyStore
        | Op::CreateGrant
        | Op::CreateKey
        | Op::Decrypt
        | Op::DeleteAlias
        | Op::DeleteCustomKeyStore
        | Op::DescribeCustomKeyStores
        | Op::DescribeKey
        | Op::DisableKey
        | Op::DisableKeyRotation
        | Op::DisconnectCustomKeyStore
        | Op::EnableKey
        | Op::EnableKeyRotation
        | Op::Encrypt
        | Op::GenerateDataKey
        | Op::GenerateDataKeyPair
        | Op::GenerateDataKeyPairWithoutPlaintext
        | Op::GenerateDataKeyWithoutPlaintext
        | Op::GenerateRandom
        | Op::GetKeyLastUsage
        | Op::GetKeyPolicy
        | Op::GetKeyRotationStatus
        | Op::ListAliases
        | Op::ListGrants
        | Op::ListKeyPolicies
        | Op::ListKeyRotations
        | Op::ListKeys
        | Op::ListResourceTags
        | Op::ListRetirableGrants
        | Op::PutKeyPolicy
        | Op::ReEncrypt
        | Op::RetireGrant
        | Op::RevokeGrant
        | Op::RotateKeyOnDemand
        | Op::ScheduleKeyDeletion
        | Op::TagResource
        | Op::UntagResource
        | Op::UpdateAlias
        | Op::UpdateCustomKeyStore
        | Op::UpdateKeyDescription => json!({}),
    }
}

/// A request that breaks no constraint of the model, with every secret that the operation takes but for `GrantTokens`,
/// which are of no grant, and `Recipient`, which is not taken.
pub fn sample(op: Op, with: &With<'_>) -> Value {
    let (key, blob) = (with.key, with.blob);
    let material_id = "ab".repeat(32);
    match op {
        Op::CancelKeyDeletion
        | Op::DeleteImportedKeyMaterial
        | Op::DescribeKey
        | Op::DisableKey
        | Op::DisableKeyRotation
        | Op::EnableKey
        | Op::GetKeyLastUsage
        | Op::GetKeyPolicy
        | Op::GetKeyRotationStatus
        | Op::GetPublicKey
        | Op::ListGrants
        | Op::ListKeyPolicies
        | Op::ListKeyRotations
        | Op::ListResourceTags
        | Op::RotateKeyOnDemand => json!({ "KeyId": key }),
        Op::ConnectCustomKeyStore | Op::DeleteCustomKeyStore | Op::DisconnectCustomKeyStore => {
            json!({ "CustomKeyStoreId": "cks-1234567890abcdef0" })
        }
        Op::CreateAlias | Op::UpdateAlias => json!({ "AliasName": "alias/sample", "TargetKeyId": key }),
        Op::CreateCustomKeyStore => json!({
            "CustomKeyStoreName": "sample",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
            "KeyStorePassword": PASSWORD,
            "XksProxyUriEndpoint": "https://proxy.example.com",
            "XksProxyUriPath": "/kms/xks/v1",
            "XksProxyConnectivity": "PUBLIC_ENDPOINT",
            "XksProxyAuthenticationCredential": { "AccessKeyId": XKS_ID, "RawSecretAccessKey": XKS_SECRET },
        }),
        Op::CreateGrant => json!({
            "KeyId": key,
            "GranteePrincipal": "arn:aws:iam::111122223333:root",
            "Operations": ["Encrypt", "Decrypt"],
            "Name": "sample",
        }),
        Op::CreateKey => json!({ "Description": "sample", "Tags": [{ "TagKey": "purpose", "TagValue": "sample" }] }),
        Op::Decapsulate => json!({
            "KeyId": key,
            "SharedSecretCiphertextBlob": base64(&CIPHERTEXT.repeat(KEM_CIPHERTEXT_BYTES)[..KEM_CIPHERTEXT_BYTES]),
            "EncapsulationAlgorithm": "ML_KEM",
        }),
        Op::Decrypt => json!({ "KeyId": key, "CiphertextBlob": blob }),
        Op::DeleteAlias => json!({ "AliasName": "alias/sample" }),
        Op::DeriveSharedSecret => json!({
            "KeyId": key,
            "KeyAgreementAlgorithm": "ECDH",
            "PublicKey": base64(hex::decode(PEER).expect("hex")),
        }),
        Op::DescribeCustomKeyStores | Op::ListKeys => json!({ "Limit": 10 }),
        Op::EnableKeyRotation => json!({ "KeyId": key, "RotationPeriodInDays": 365 }),
        Op::Encapsulate => json!({ "KeyId": key, "EncapsulationAlgorithm": "ML_KEM" }),
        Op::Encrypt => json!({ "KeyId": key, "Plaintext": base64(PLAINTEXT) }),
        Op::GenerateDataKey | Op::GenerateDataKeyWithoutPlaintext => json!({ "KeyId": key, "KeySpec": "AES_256" }),
        Op::GenerateDataKeyPair | Op::GenerateDataKeyPairWithoutPlaintext => {
            json!({ "KeyId": key, "KeyPairSpec": "ECC_NIST_P256" })
        }
        Op::GenerateMac => json!({ "KeyId": key, "Message": base64(PLAINTEXT), "MacAlgorithm": "HMAC_SHA_256" }),
        Op::GenerateRandom => json!({ "NumberOfBytes": 32 }),
        Op::GetParametersForImport => json!({
            "KeyId": key,
            "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
            "WrappingKeySpec": "RSA_2048",
        }),
        Op::ImportKeyMaterial => json!({
            "KeyId": key,
            "ImportToken": base64(IMPORT_TOKEN),
            "EncryptedKeyMaterial": base64(MATERIAL),
            "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
            "KeyMaterialId": material_id,
        }),
        Op::ListAliases => json!({ "KeyId": key, "Limit": 10 }),
        Op::ListRetirableGrants => json!({ "RetiringPrincipal": "arn:aws:iam::111122223333:role/sample" }),
        Op::PutKeyPolicy => json!({ "KeyId": key, "Policy": policy("sample") }),
        Op::ReEncrypt => json!({ "CiphertextBlob": blob, "SourceKeyId": key, "DestinationKeyId": key }),
        Op::ReplicateKey => json!({ "KeyId": key, "ReplicaRegion": "eu-west-1" }),
        Op::RetireGrant | Op::RevokeGrant => json!({ "KeyId": key, "GrantId": GRANT }),
        Op::ScheduleKeyDeletion => json!({ "KeyId": key, "PendingWindowInDays": 7 }),
        Op::Sign => json!({ "KeyId": key, "Message": base64(PLAINTEXT), "SigningAlgorithm": "ECDSA_SHA_256" }),
        Op::TagResource => json!({ "KeyId": key, "Tags": [{ "TagKey": "purpose", "TagValue": "sample" }] }),
        Op::UntagResource => json!({ "KeyId": key, "TagKeys": ["purpose"] }),
        Op::UpdateCustomKeyStore => json!({
            "CustomKeyStoreId": "cks-1234567890abcdef0",
            "KeyStorePassword": PASSWORD,
            "XksProxyAuthenticationCredential": { "AccessKeyId": XKS_ID, "RawSecretAccessKey": XKS_SECRET },
        }),
        Op::UpdateKeyDescription => json!({ "KeyId": key, "Description": "sample" }),
        Op::UpdatePrimaryRegion => json!({ "KeyId": key, "PrimaryRegion": "eu-west-1" }),
        Op::Verify => json!({
            "KeyId": key,
            "Message": base64(PLAINTEXT),
            "Signature": base64(SIGNATURE),
            "SigningAlgorithm": "ECDSA_SHA_256",
        }),
        Op::VerifyMac => json!({
            "KeyId": key,
            "Message": base64(PLAINTEXT),
            "Mac": base64(MAC),
            "MacAlgorithm": "HMAC_SHA_256",
        }),
    }
}

impl House {
    /// A key of the kind and in the state that `op` wants, and a ciphertext: of that key, if it makes any.
    pub async fn made_for(&self, op: Op) -> (String, String) {
        let key = self.key().await;
        let blob = self.encrypt(&key, &base64("of the sample")).await;
        let kind = key_for(op);
        if kind != json!({}) {
            let key = self.key_as(kind).await;
            if op == Op::UpdatePrimaryRegion {
                // The replica was created a moment ago.
                self.advance_seconds(-AT_WORK);
                self.replicate(&key, WEST).await;
                self.advance_seconds(AT_WORK);
            }
            return (key, blob);
        }
        if op == Op::CancelKeyDeletion {
            self.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key })).await;
        }
        if [Op::RetireGrant, Op::RevokeGrant].contains(&op) {
            self.plant_grant(&key).await;
        }
        (key, blob)
    }
}
