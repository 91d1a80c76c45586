//! Policy documents as text: the one a key gets when its creator gives none, and whether a given one is written in the
//! language of policies. What its statements say is not asked here.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;

/// Why a text is no policy document, as a sentence with its place. AWS answers MalformedPolicyDocumentException.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentError(String);

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DocumentError {}

/// Checks that `text` is JSON (RFC 8259) and a key policy in the grammar of policies: known members, none twice, each of
/// its kind; in every statement an Effect and exactly one each of Principal and NotPrincipal, Action and NotAction,
/// Resource and NotResource; conditions with operators that exist.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
///
/// It does **not** check yet whether actions, principals and condition keys exist, whether ARNs are well formed, or
/// whether the document locks its owner out. The length is the caller's to check.
///
/// # Errors
/// [`DocumentError`] says what is wrong, and where.
pub fn check_syntax(text: &str) -> Result<(), DocumentError> {
    match serde_json::from_str::<Object<Document>>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(DocumentError(match error.classify() {
            Category::Syntax | Category::Eof | Category::Io => {
                format!("the policy is not valid JSON: look at line {}, column {}", error.line(), error.column())
            }
            Category::Data => format!("the policy is not written as policies are: {error}"),
        })),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Document {
    #[serde(default, rename = "Version")]
    _version: Option<Version>,
    #[serde(default, rename = "Id")]
    _id: Option<String>,
    #[serde(rename = "Statement")]
    _statement: OneOrMore<Object<Statement>>,
}

#[derive(Deserialize)]
enum Version {
    #[serde(rename = "2008-10-17")]
    Old,
    #[serde(rename = "2012-10-17")]
    Current,
}

#[derive(Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Deserialize)]
#[serde(try_from = "Members")]
struct Statement;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Members {
    #[serde(default, rename = "Sid")]
    _sid: Option<String>,
    #[serde(rename = "Effect")]
    _effect: Effect,
    principal: Option<Principal>,
    not_principal: Option<Principal>,
    action: Option<OneOrMore<String>>,
    not_action: Option<OneOrMore<String>>,
    resource: Option<OneOrMore<String>>,
    not_resource: Option<OneOrMore<String>>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, OneOrMore<Value>>>,
}

impl TryFrom<Members> for Statement {
    type Error = String;

    fn try_from(members: Members) -> Result<Statement, String> {
        let pairs = [
            ("Principal", members.principal.is_some(), members.not_principal.is_some()),
            ("Action", members.action.is_some(), members.not_action.is_some()),
            ("Resource", members.resource.is_some(), members.not_resource.is_some()),
        ];
        if let Some((name, ..)) = pairs.iter().find(|(_, one, other)| one == other) {
            return Err(format!("a statement has exactly one of {name} and Not{name}"));
        }
        match members.condition.keys().find(|operator| !is_operator(operator)) {
            Some(operator) => Err(format!("no condition operator is called {operator}")),
            None => Ok(Statement),
        }
    }
}

/// What is written as an object, and as nothing else: by itself a derived reading takes a list of values too.
struct Object<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Object<T>, D::Error> {
        struct Reads<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reads<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|_| Object(std::marker::PhantomData))
            }
        }
        from.deserialize_any(Reads(std::marker::PhantomData))
    }
}

/// `"*"`, or principals by their kind.
struct Principal;

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
enum PrincipalKind {
    #[serde(rename = "AWS")]
    Aws,
    Service,
    Federated,
    CanonicalUser,
}

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Principal, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Principal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"*\" or an object such as { \"AWS\": ... }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Principal, E> {
                if text == "*" { Ok(Principal) } else { Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)) }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Principal, A::Error> {
                let kinds = BTreeMap::<PrincipalKind, OneOrMore<String>>::deserialize(MapAccessDeserializer::new(map))?;
                if kinds.is_empty() {
                    Err(A::Error::custom("a principal has a kind, such as AWS"))
                } else {
                    Ok(Principal)
                }
            }
        }
        from.deserialize_any(Reads)
    }
}

/// What a condition compares with: a text, a number or a Boolean.
struct Value;

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Value, D::Error> {
        match serde_json::Value::deserialize(from)? {
            serde_json::Value::String(_) | serde_json::Value::Number(_) | serde_json::Value::Bool(_) => Ok(Value),
            serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                Err(D::Error::custom("a condition compares with texts, numbers and Booleans"))
            }
        }
    }
}

/// One, or a list of at least one.
struct OneOrMore<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMore<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<OneOrMore<T>, D::Error> {
        struct Reads<T>(std::marker::PhantomData<T>);
        impl<T> Reads<T> {
            fn one<E>(one: Result<T, E>) -> Result<OneOrMore<T>, E> {
                one.map(|_| OneOrMore(std::marker::PhantomData))
            }
        }
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reads<T> {
            type Value = OneOrMore<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("one, or a list of at least one")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<OneOrMore<T>, E> {
                Self::one(T::deserialize(serde::de::value::StrDeserializer::new(text)))
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<OneOrMore<T>, E> {
                Self::one(T::deserialize(serde::de::value::BoolDeserializer::new(value)))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<OneOrMore<T>, E> {
                Self::one(T::deserialize(serde::de::value::U64Deserializer::new(value)))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<OneOrMore<T>, E> {
                Self::one(T::deserialize(serde::de::value::I64Deserializer::new(value)))
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<OneOrMore<T>, E> {
                Self::one(T::deserialize(serde::de::value::F64Deserializer::new(value)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<OneOrMore<T>, A::Error> {
                Self::one(T::deserialize(MapAccessDeserializer::new(map)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<OneOrMore<T>, A::Error> {
                match Vec::<T>::deserialize(SeqAccessDeserializer::new(list))?.is_empty() {
                    true => Err(A::Error::custom("an empty list stands where at least one is needed")),
                    false => Ok(OneOrMore(std::marker::PhantomData)),
                }
            }
        }
        from.deserialize_any(Reads(std::marker::PhantomData))
    }
}

/// Whether a condition operator exists, with its prefix for many values and its suffix for absent keys.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>
fn is_operator(text: &str) -> bool {
    let one = text.strip_prefix("ForAllValues:").or(text.strip_prefix("ForAnyValue:")).unwrap_or(text);
    let bare = one.strip_suffix("IfExists").unwrap_or(one);
    // Null asks whether a key is there at all.
    OPERATORS.contains(&bare) || text == "Null"
}

const OPERATORS: [&str; 26] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnLike",
    "ArnNotEquals",
    "ArnNotLike",
];

/// The document AWS attaches to a key whose creator gave none, in AWS's own layout: it hands the key to the account,
/// whose policies then decide. `partition` is the `aws` of the ARN, `account` 12 digits.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html>
pub fn default_key_policy(partition: &str, account: &str) -> String {
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "arn:{partition}:iam::{account}:root"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_the_recorded_one_to_the_byte() {
        let recorded = "{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n  \"Statement\" : [ {\n    \
                        \"Sid\" : \"Enable IAM User Permissions\",\n    \"Effect\" : \"Allow\",\n    \"Principal\" : {\n      \
                        \"AWS\" : \"arn:aws:iam::111122223333:root\"\n    },\n    \"Action\" : \"kms:*\",\n    \
                        \"Resource\" : \"*\"\n  } ]\n}";
        assert_eq!(default_key_policy("aws", "111122223333"), recorded);
    }

    #[test]
    fn the_default_policy_names_the_partition_and_passes_its_own_check() {
        let policy = default_key_policy("aws-cn", "000000000000");
        assert!(policy.contains("\"arn:aws-cn:iam::000000000000:root\""), "{policy}");
        assert_eq!(check_syntax(&policy), Ok(()));
    }

    /// A document of one statement, which has `changes` instead of, or beside, its own members.
    fn statement(changes: &[(&str, Option<&str>)]) -> String {
        let mut members: BTreeMap<&str, &str> = BTreeMap::from([
            ("Effect", "\"Allow\""),
            ("Principal", r#"{"AWS":"arn:aws:iam::111122223333:root"}"#),
            ("Action", "\"kms:*\""),
            ("Resource", "\"*\""),
        ]);
        for (name, value) in changes {
            match value {
                Some(value) => members.insert(name, value),
                None => members.remove(name),
            };
        }
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#, members.join(","))
    }

    #[test]
    fn what_policies_may_say_passes() {
        let plain = statement(&[]);
        for (what, text) in [
            ("as AWS writes it", plain.clone()),
            ("one statement without a list", plain.replace("[{", "{").replace("}]", "}")),
            ("no version", plain.replace("\"Version\":\"2012-10-17\",", "")),
            ("the old version", plain.replace("2012-10-17", "2008-10-17")),
            ("ids", statement(&[("Sid", Some("\"s\""))]).replace("{\"Version\"", "{\"Id\":\"x\",\"Version\"")),
            ("everybody", statement(&[("Principal", Some("\"*\""))])),
            (
                "many",
                statement(&[
                    ("Principal", Some(r#"{"AWS":["a","b"],"Service":"s"}"#)),
                    ("Action", Some(r#"["a","b"]"#)),
                ]),
            ),
            ("the others", statement(&[("Action", None), ("NotAction", Some("\"kms:Get*\""))])),
            ("all but one", statement(&[("Principal", None), ("NotPrincipal", Some(r#"{"AWS":"a"}"#))])),
            (
                "conditions of every form",
                statement(&[(
                    "Condition",
                    Some(
                        r#"{"StringEqualsIfExists":{"k":"v"},"ForAllValues:StringLike":{"k":["a","b"]},
                            "ForAnyValue:StringEqualsIfExists":{"k":"v"},"Bool":{"k":true},"Null":{"k":"false"},
                            "NumericLessThan":{"k":7,"l":[1.5,-2]}}"#,
                    ),
                )]),
            ),
        ] {
            assert_eq!(check_syntax(&text), Ok(()), "{what}: {text}");
        }
    }

    #[test]
    fn what_policies_may_not_say_is_refused_with_its_reason() {
        let plain = statement(&[]);
        for (reason, text) in [
            ("exactly one of Principal", statement(&[("Principal", None)])),
            ("exactly one of Principal", statement(&[("NotPrincipal", Some("\"*\""))])),
            ("exactly one of Action", statement(&[("Action", None)])),
            ("exactly one of Action", statement(&[("NotAction", Some("\"*\""))])),
            ("exactly one of Resource", statement(&[("Resource", None)])),
            ("missing field `Effect`", statement(&[("Effect", None)])),
            ("unknown variant `allow`", statement(&[("Effect", Some("\"allow\""))])),
            ("unknown field `Effects`", statement(&[("Effects", Some("\"Allow\""))])),
            ("unknown variant `2013-10-17`", plain.replace("2012-10-17", "2013-10-17")),
            ("unknown field `Statements`", plain.replace("Statement", "Statements")),
            ("duplicate field", plain.replace("\"Effect\":", "\"Effect\":\"Deny\",\"Effect\":")),
            (
                "no condition operator is called StringIs",
                statement(&[("Condition", Some(r#"{"StringIs":{"k":"v"}}"#))]),
            ),
            (
                "no condition operator is called NullIfExists",
                statement(&[("Condition", Some(r#"{"NullIfExists":{"k":"true"}}"#))]),
            ),
            ("texts, numbers and Booleans", statement(&[("Condition", Some(r#"{"Bool":{"k":[null]}}"#))])),
            ("unknown variant `aws`", statement(&[("Principal", Some(r#"{"aws":"a"}"#))])),
            ("a principal has a kind", statement(&[("Principal", Some("{}"))])),
            ("expected \"*\"", statement(&[("Principal", Some("\"arn:aws:iam::111122223333:root\""))])),
            ("invalid type: integer", statement(&[("Action", Some("1"))])),
            ("at least one", statement(&[("Action", Some("[]"))])),
            ("at least one", r#"{"Statement":[]}"#.to_owned()),
            ("expected", r#"{"Statement":1}"#.to_owned()),
            ("missing field `Statement`", "{}".to_owned()),
            ("missing field `Statement`", r#"{"Version":"2012-10-17"}"#.to_owned()),
            ("invalid type: null, expected an object", "null".to_owned()),
            ("expected an object", "[]".to_owned()),
            ("expected an object", r#"["2012-10-17","x",{"Effect":"Allow"}]"#.to_owned()),
            ("expected an object", r#"{"Statement":[["s","Allow","*",null,"a",null,"*",null,{}]]}"#.to_owned()),
        ] {
            let told = check_syntax(&text).map_err(|error| error.to_string());
            assert!(told.as_ref().is_err_and(|told| told.contains(reason)), "{reason}: {told:?} of {text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        let too_deep = "[".repeat(200) + &"]".repeat(200);
        for (line, column, text) in [
            (1, 0, String::new()),
            (1, 2, "not json".to_owned()),
            (2, 16, "{\n\"Statement\":{},}".to_owned()),
            (1, 16, "{\"Statement\":{},}".to_owned()),
            (1, 2, "{'Statement':[]}".to_owned()),
        ] {
            let told = check_syntax(&text).expect_err("it is no JSON").to_string();
            assert!(told.contains("policy"), "{told}");
            if told.contains("not valid JSON") {
                assert!(told.contains(&format!("line {line}, column {column}")), "{told}: {text}");
            }
        }
        assert!(check_syntax(&format!("{{\"Id\":{too_deep}}}")).is_err());
    }
}
