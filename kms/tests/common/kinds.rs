//! Keys of every spec and usage, each in a Region that has them.

use crypto::PublicKey;
use crypto::spec::{KeySpec, KeyUsage};
use kms::Caller;
use serde_json::{Value, json};
use wire::Op;

use super::{House, OWN, REGION, Refusal, caller, text_at, unbase64, with};

/// A Region of China, where SM2 is and ML-KEM is not.
pub const CHINA: &str = "cn-north-1";

/// A key, and who uses it there.
pub struct Kept {
    pub who: Caller,
    pub spec: KeySpec,
    pub usage: KeyUsage,
    pub region: &'static str,
    pub id: String,
    pub arn: String,
}

/// Every kind of key that there is.
pub fn kinds() -> impl Iterator<Item = (KeySpec, KeyUsage)> {
    KeySpec::ALL.iter().flat_map(|spec| spec.usages().map(move |usage| (*spec, usage)))
}

/// The kinds with this usage.
pub fn kinds_for(usage: KeyUsage) -> impl Iterator<Item = KeySpec> {
    KeySpec::ALL.iter().copied().filter(move |spec| spec.allows(usage))
}

/// Where keys of this spec are made.
pub fn region_of(spec: KeySpec) -> &'static str {
    if spec == KeySpec::Sm2 { CHINA } else { REGION }
}

impl House {
    /// A new key of this kind.
    pub async fn kept(&self, spec: KeySpec, usage: KeyUsage) -> Kept {
        self.kept_in(region_of(spec), spec, usage).await
    }

    pub async fn kept_in(&self, region: &'static str, spec: KeySpec, usage: KeyUsage) -> Kept {
        let who = caller(OWN, region);
        let asked = json!({ "KeySpec": spec.as_str(), "KeyUsage": usage.as_str() });
        let made = self.call_as(&who, Op::CreateKey, asked).await;
        let made = made.unwrap_or_else(|refused| panic!("{spec} {usage}: {refused:?}"));
        let (id, arn) = (text_at(&made, "/KeyMetadata/KeyId"), text_at(&made, "/KeyMetadata/Arn"));
        Kept { who, spec, usage, region, id, arn }
    }
}

impl Kept {
    /// A call about this key.
    pub async fn call(&self, house: &House, op: Op, body: Value) -> Result<Value, Refusal> {
        house.call_as(&self.who, op, with(json!({ "KeyId": self.id }), body)).await
    }

    /// A call about this key that must succeed.
    pub async fn ok(&self, house: &House, op: Op, body: Value) -> Value {
        let told = self.call(house, op, body.clone()).await;
        told.unwrap_or_else(|refused| panic!("{op:?} {body} of {} {}: {refused:?}", self.spec, self.usage))
    }

    /// The public half, as GetPublicKey tells it.
    pub async fn spki(&self, house: &House) -> Vec<u8> {
        unbase64(&text_at(&self.ok(house, Op::GetPublicKey, json!({})).await, "/PublicKey"))
    }

    /// The same, ready for use outside.
    pub async fn public_key(&self, house: &House) -> PublicKey {
        PublicKey::from_spki(self.spec, &self.spki(house).await).expect("a public key of the key's spec")
    }
}
