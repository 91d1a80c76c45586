//! Keys of several Regions, and calls in each of them.

use crypto::wrapping::WrappingAlgorithm;
use serde_json::{Value, json};
use wire::Op;

use super::import::Envelope;
use super::{House, OWN, REGION, Refusal, caller, text_at, unbase64, with};

/// Where replicas are made.
pub const WEST: &str = "eu-west-1";
pub const SOUTH: &str = "ap-south-1";

/// How long a replica is being created, and a primary changed, in seconds.
pub const AT_WORK: i64 = 1;

/// The ARN of the key of this id in this Region.
pub fn arn_in(region: &str, key: &str) -> String {
    format!("arn:aws:kms:{region}:{OWN}:key/{key}")
}

impl House {
    /// One call of the account [`OWN`] in this Region.
    pub async fn call_in(&self, region: &str, op: Op, body: Value) -> Result<Value, Refusal> {
        self.call_as(&caller(OWN, region), op, body).await
    }

    /// A call that must succeed.
    pub async fn ok_in(&self, region: &str, op: Op, body: Value) -> Value {
        let told = self.call_in(region, op, body.clone()).await;
        told.unwrap_or_else(|refused| panic!("{op:?} {body} in {region}: {refused:?}"))
    }

    /// What DescribeKey tells of a key there.
    pub async fn metadata_in(&self, region: &str, key: &str) -> Value {
        self.ok_in(region, Op::DescribeKey, json!({ "KeyId": key })).await["KeyMetadata"].clone()
    }

    /// Its state there, or `None` where it is not.
    pub async fn state_in(&self, region: &str, key: &str) -> Option<String> {
        let told = self.call_in(region, Op::DescribeKey, json!({ "KeyId": key })).await;
        told.ok().map(|told| text_at(&told, "/KeyMetadata/KeyState"))
    }

    /// A new primary in [`REGION`], made as CreateKey is asked for it.
    pub async fn primary_as(&self, asked: Value) -> String {
        self.key_as(with(asked, json!({ "MultiRegion": true }))).await
    }

    /// The same with replicas in these Regions, whose creation is over.
    pub async fn key_in(&self, asked: Value, replicas: &[&str]) -> String {
        let key = self.primary_as(asked).await;
        for region in replicas {
            self.replicate(&key, region).await;
        }
        self.advance_seconds(AT_WORK);
        key
    }

    /// Makes a replica of a primary in [`REGION`].
    pub async fn replicate(&self, key: &str, region: &str) -> Value {
        self.ok(Op::ReplicateKey, json!({ "KeyId": key, "ReplicaRegion": region })).await
    }

    /// A key of several Regions without material in any: it gets its first one, so that it can be replicated.
    pub async fn imported_in(&self, material: &[u8], replicas: &[&str]) -> String {
        let key = self.primary_as(json!({ "Origin": "EXTERNAL" })).await;
        self.import_in(REGION, &key, material, json!({})).await.expect("its first material");
        for region in replicas {
            self.replicate(&key, region).await;
        }
        self.advance_seconds(AT_WORK);
        key
    }

    /// Imports material, for ever unless `members` say otherwise; the answer is its id.
    pub async fn import_in(&self, region: &str, key: &str, material: &[u8], members: Value) -> Result<String, Refusal> {
        let algorithm = WrappingAlgorithm::RsaesOaepSha256;
        let asked = json!({ "KeyId": key, "WrappingKeySpec": "RSA_2048", "WrappingAlgorithm": algorithm.as_str() });
        let told = self.call_in(region, Op::GetParametersForImport, asked).await?;
        let public_key = unbase64(&text_at(&told, "/PublicKey"));
        let envelope = Envelope { token: text_at(&told, "/ImportToken"), public_key, algorithm };
        let body = with(envelope.around(key, material), members);
        Ok(text_at(&self.call_in(region, Op::ImportKeyMaterial, body).await?, "/KeyMaterialId"))
    }

    /// Its materials there: id, `KeyMaterialState` and `ImportState`.
    pub async fn materials_in(&self, region: &str, key: &str) -> Vec<(String, String, String)> {
        let body = json!({ "KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL" });
        let told = self.ok_in(region, Op::ListKeyRotations, body).await;
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let of =
            |entry: &Value| (text(entry, "KeyMaterialId"), text(entry, "KeyMaterialState"), text(entry, "ImportState"));
        told["Rotations"].as_array().expect("a list").iter().map(of).collect()
    }
}
