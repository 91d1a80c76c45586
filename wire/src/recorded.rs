//! What an audit record's `requestParameters` are made of.
//! Blobs and sensitive types have no form here, so that recording one does not compile.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Timestamp;

/// Something that an audit record may hold.
pub trait Recorded {
    /// Its form there; nothing if it is absent or empty.
    fn recorded(&self) -> Option<Value>;
}

/// The members recorded so far.
#[derive(Default)]
pub(crate) struct Record(Map<String, Value>);

impl Record {
    pub(crate) fn with(mut self, name: &str, value: &impl Recorded) -> Record {
        if let Some(value) = value.recorded() {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    /// `dryRun` is recorded only where it changed what happened.
    pub(crate) fn with_dry_run(self, dry_run: bool) -> Record {
        if dry_run { self.with("dryRun", &true) } else { self }
    }

    pub(crate) fn members(self) -> Map<String, Value> {
        self.0
    }
}

impl Recorded for String {
    fn recorded(&self) -> Option<Value> {
        Some(self.as_str().into())
    }
}

impl Recorded for bool {
    fn recorded(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Recorded for i32 {
    fn recorded(&self) -> Option<Value> {
        Some((*self).into())
    }
}

impl Recorded for Timestamp {
    fn recorded(&self) -> Option<Value> {
        self.to_audit_text().map(Value::from)
    }
}

impl<T: Recorded> Recorded for Option<T> {
    fn recorded(&self) -> Option<Value> {
        self.as_ref().and_then(Recorded::recorded)
    }
}

impl<T: Recorded> Recorded for Vec<T> {
    fn recorded(&self) -> Option<Value> {
        let elements: Vec<Value> = self.iter().filter_map(Recorded::recorded).collect();
        (!elements.is_empty()).then(|| elements.into())
    }
}

impl Recorded for BTreeMap<String, String> {
    fn recorded(&self) -> Option<Value> {
        let entries: Map<String, Value> =
            self.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
        (!entries.is_empty()).then(|| entries.into())
    }
}
