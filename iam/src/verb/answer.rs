//! What a verb answers: IAM's members, as JSON. A secret stands beside them, so that what is logged cannot hold it.

use crypto::SecretBytes;
use serde::Serialize;
use serde_json::{Map, Value};

/// An answer. It has no `Debug`, since it may hold a new access key's secret.
pub struct Answer {
    members: Map<String, Value>,
    key: Option<Key>,
}

/// A new access key.
struct Key {
    facts: Map<String, Value>,
    secret: SecretBytes,
}

/// How many bytes an access key takes beside its answer's other members.
const KEY_AT_MOST: usize = 4096;

impl Answer {
    /// An answer of these members; anything but an object has none.
    pub(crate) fn of(members: Value) -> Answer {
        Answer { members: object(members), key: None }
    }

    /// The same with a new access key in its `AccessKey`.
    pub(crate) fn with_key(self, facts: Value, secret: SecretBytes) -> Answer {
        Answer { key: Some(Key { facts: object(facts), secret }), ..self }
    }

    /// The answer as a body. It is the only way to a new secret, and it comes once.
    pub fn to_json(&self) -> SecretBytes {
        let body = Body {
            members: &self.members,
            access_key: self.key.as_ref().map(|key| WithSecret {
                facts: &key.facts,
                secret: std::str::from_utf8(key.secret.expose()).expect("an access key's secret is text"),
            }),
        };
        if self.key.is_none() {
            return serde_json::to_vec(&body).expect("texts and numbers are JSON").into();
        }
        // One allocation: growing would leave copies of the secret behind.
        let mut bytes = Vec::with_capacity(KEY_AT_MOST);
        serde_json::to_writer(&mut bytes, &body).expect("texts and numbers are JSON");
        SecretBytes::from(bytes)
    }

    /// The answer without a secret: what a record of the call may hold.
    pub fn recorded(&self) -> Value {
        let mut members = self.members.clone();
        if let Some(key) = &self.key {
            members.insert("AccessKey".to_owned(), Value::Object(key.facts.clone()));
        }
        Value::Object(members)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    members: &'a Map<String, Value>,
    #[serde(rename = "AccessKey", skip_serializing_if = "Option::is_none")]
    access_key: Option<WithSecret<'a>>,
}

#[derive(Serialize)]
struct WithSecret<'a> {
    #[serde(flatten)]
    facts: &'a Map<String, Value>,
    #[serde(rename = "SecretAccessKey")]
    secret: &'a str,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}
