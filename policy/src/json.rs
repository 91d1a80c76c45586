//! JSON (RFC 8259) as policies need it: members in their order and none twice, numbers as the text of their value. What
//! the members mean is not asked here.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    /// Its value in plain decimal digits.
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a whole text. What nests deeper than serde_json follows (128 levels) is refused.
    ///
    /// # Errors
    /// A sentence, with the place of what is wrong.
    pub(crate) fn read(text: &str) -> Result<Json, String> {
        serde_json::from_str(text).map_err(|error| match error.classify() {
            Category::Syntax | Category::Eof | Category::Io => {
                format!("the policy is not valid JSON: look at line {}, column {}", error.line(), error.column())
            }
            Category::Data => format!("the policy is not written as policies are: {error}"),
        })
    }

    /// What kind of value it is, for a sentence.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "a Boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "a text",
            Json::List(_) => "a list",
            Json::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Json, D::Error> {
        from.deserialize_any(Reads)
    }
}

struct Reads;

impl<'de> Visitor<'de> for Reads {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.to_string()))
    }

    /// Fractions, and numbers too great to be kept exactly; the latter are no numbers of policies.
    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        if value.abs() > EXACT { Err(E::custom("a number is too great")) } else { Ok(Json::Number(value.to_string())) }
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut names = BTreeSet::new();
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(A::Error::custom(format_args!("{name} stands twice in one object")));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

/// Up to here a double holds every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_text_and_their_order() {
        let number = |text: &str| Json::Number(text.to_owned());
        let text = |text: &str| Json::Text(text.to_owned());
        for (given, read) in [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("18446744073709551615", number("18446744073709551615")),
            ("-9223372036854775808", number("-9223372036854775808")),
            ("9007199254740993", number("9007199254740993")),
            ("1.50", number("1.5")),
            ("1e3", number("1000")),
            ("-0.000001", number("-0.000001")),
            (r#""a\u0062""#, text("ab")),
            (r#"[1,"a",[]]"#, Json::List(vec![number("1"), text("a"), Json::List(vec![])])),
            (r#"{"b":1,"a":{}}"#, Json::Object(vec![("b".into(), number("1")), ("a".into(), Json::Object(vec![]))])),
        ] {
            assert_eq!(Json::read(given), Ok(read), "{given}");
        }
    }

    #[test]
    fn what_is_no_json_or_has_a_member_twice_is_told_with_its_place() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for (reason, text) in [
            ("not valid JSON: look at line 1, column 0", ""),
            ("not valid JSON: look at line 1, column 2", "not json"),
            ("not valid JSON: look at line 2, column 16", "{\n\"Statement\":{},}"),
            ("not valid JSON: look at line 1, column 2", "{'Statement':[]}"),
            ("not valid JSON: look at line 1, column 4", "{} {}"),
            ("not valid JSON: look at line 1, column 128", &deep),
            ("a stands twice in one object at line 1, column 8", "{\"a\":1,\"a\":2}"),
            ("a stands twice in one object", r#"[{"b":{"a":1,"\u0061":1}}]"#),
            ("a number is too great", "18446744073709551616"),
            ("a number is too great", "-1e300"),
        ] {
            let told = Json::read(text).expect_err(reason);
            let column = told.contains("column");
            assert!(told.contains(reason.split(" at line").next().unwrap_or(reason)) && column, "{reason}: {told}");
            assert!(!told.contains("valid JSON") || told.ends_with(reason), "{reason}: {told}");
        }
    }
}
