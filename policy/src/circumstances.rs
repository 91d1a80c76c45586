//! Facts for the tests of this crate: what a test says, and nothing else.

use std::collections::BTreeMap;

use crate::request::{Arity, Facts, Value};

#[derive(Default)]
pub(crate) struct Circumstances(BTreeMap<&'static str, (Arity, Vec<Value<'static>>)>);

impl Circumstances {
    pub(crate) fn with(self, key: &'static str, text: &'static str) -> Circumstances {
        self.with_value(key, Value::Text(text))
    }

    pub(crate) fn with_value(mut self, key: &'static str, value: Value<'static>) -> Circumstances {
        self.0.insert(key, (Arity::One, vec![value]));
        self
    }

    pub(crate) fn with_many(mut self, key: &'static str, texts: &[&'static str]) -> Circumstances {
        self.0.insert(key, (Arity::Many, texts.iter().map(|text| Value::Text(text)).collect()));
        self
    }
}

impl Facts for Circumstances {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        let Some((arity, values)) = self.0.get(key) else { return Arity::Absent };
        values.iter().for_each(|value| visit(*value));
        *arity
    }
}
