//! Keys whose material comes from outside, and how a client brings it.

use crypto::wrapping::{WrappingAlgorithm, wrap};
use serde_json::{Value, json};
use wire::Op;

use super::{House, Refusal, base64, text_at, unbase64, with};

/// What GetParametersForImport answers: good for a day, and for as many imports as one likes.
pub struct Envelope {
    pub token: String,
    pub public_key: Vec<u8>,
    pub algorithm: WrappingAlgorithm,
}

pub const A: [u8; 32] = [0xa1; 32];
pub const B: [u8; 32] = [0xb2; 32];
pub const C: [u8; 32] = [0xc3; 32];

pub const FOR_EVER: &str = "KEY_MATERIAL_DOES_NOT_EXPIRE";
pub const NEW: &str = "NEW_KEY_MATERIAL";
pub const EXISTING: &str = "EXISTING_KEY_MATERIAL";

impl Envelope {
    /// `material` as ImportKeyMaterial takes it, never to expire.
    pub fn around(&self, key: &str, material: &[u8]) -> Value {
        json!({
            "KeyId": key,
            "ImportToken": self.token,
            "EncryptedKeyMaterial": base64(wrap(&self.public_key, self.algorithm, material)),
            "ExpirationModel": FOR_EVER,
        })
    }
}

impl House {
    /// A new key without material.
    pub async fn external_key(&self) -> String {
        text_at(&self.ok(Op::CreateKey, json!({ "Origin": "EXTERNAL" })).await, "/KeyMetadata/KeyId")
    }

    /// New parameters for a key, by the hash and the size that are quickest.
    pub async fn envelope(&self, key: &str) -> Envelope {
        self.envelope_of(key, "RSA_2048", WrappingAlgorithm::RsaesOaepSha256).await
    }

    pub async fn envelope_of(&self, key: &str, spec: &str, algorithm: WrappingAlgorithm) -> Envelope {
        let asked = json!({ "KeyId": key, "WrappingKeySpec": spec, "WrappingAlgorithm": algorithm.as_str() });
        let told = self.ok(Op::GetParametersForImport, asked).await;
        let public_key = unbase64(&text_at(&told, "/PublicKey"));
        Envelope { token: text_at(&told, "/ImportToken"), public_key, algorithm }
    }

    /// A new key with this material, for ever, and its parameters.
    pub async fn imported_key(&self, material: &[u8]) -> (String, Envelope) {
        let key = self.external_key().await;
        let envelope = self.envelope(&key).await;
        self.import(&key, &envelope, material, json!({})).await.expect("it takes its first material");
        (key, envelope)
    }

    /// Imports; the answer is the material's id.
    pub async fn import(
        &self,
        key: &str,
        envelope: &Envelope,
        material: &[u8],
        members: Value,
    ) -> Result<String, Refusal> {
        let told = self.call(Op::ImportKeyMaterial, with(envelope.around(key, material), members)).await?;
        Ok(text_at(&told, "/KeyMaterialId"))
    }

    /// What DescribeKey tells.
    pub async fn metadata(&self, key: &str) -> Value {
        self.ok(Op::DescribeKey, json!({ "KeyId": key })).await["KeyMetadata"].clone()
    }

    /// All the key's materials, as ListKeyRotations tells of them.
    pub async fn materials(&self, key: &str) -> Vec<Value> {
        let body = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        self.ok(Op::ListKeyRotations, body).await["Rotations"].as_array().expect("a list").clone()
    }
}

/// Members that let material expire so many days after `now`.
pub fn for_days(now: kms::Time, days: i64) -> Value {
    json!({ "ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": now.plus_days(days).0 / 1000 })
}
