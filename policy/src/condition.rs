//! Whether a condition holds: one operator, one condition key, and the values it is compared with. Which conditions a
//! statement has is not asked here.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::arn::ArnPattern;
use crate::date;
use crate::decide::Effect;
use crate::document::Kind;
use crate::key::{Key, as_text};
use crate::network::Network;
use crate::number::Decimal;
use crate::operator::{Compare, Operator, Order, Set, Texts};
use crate::request::{Facts, Value};
use crate::text::{Case, Dialect, Pattern, Wildcards};

/// One operator with one key.
#[derive(Clone)]
pub(crate) struct Condition {
    key: Key,
    operator: Operator,
    listed: Listed,
    has_variables: bool,
}

/// What the values of the request are compared with.
#[derive(Clone)]
enum Listed {
    Texts(Vec<Pattern>),
    Arns(Vec<ArnPattern>),
    Numbers(Order, Vec<Decimal>),
    Dates(Order, Vec<i64>),
    /// As the texts `true` and `false`.
    Booleans(Vec<Pattern>),
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<Network>),
    /// Whether the key is to be absent.
    Absent(Vec<bool>),
}

impl Condition {
    /// Compiles a condition with the texts of its values.
    ///
    /// # Errors
    /// A sentence about the key or the value that is none.
    pub(crate) fn read(operator: Operator, key: &str, values: &[&str], dialect: Dialect) -> Result<Condition, String> {
        if key.split_once(':').is_none_or(|(vendor, name)| vendor.is_empty() || name.is_empty()) {
            return Err(NO_VENDOR.to_owned());
        }
        let key = Key::new(key, dialect.kind);
        if dialect.kind == Kind::Key && operator.set == Set::All {
            refuse_overly_permissive(&key)?;
        }
        let listed = Listed::read(operator.compare, values, dialect)?;
        let has_variables = listed.with_variables().next().is_some();
        Ok(Condition { key, operator, listed, has_variables })
    }

    /// Whether the condition or a variable in it asks for this condition key; see [`Key::is`].
    pub(crate) fn asks(&self, name: &str) -> bool {
        self.key.is(name) || self.listed.with_variables().any(|pattern| pattern.asks(name))
    }

    /// Whether the condition holds.
    ///
    /// A value of which a variable has no value of its own is none of the request's. That would let a negated operator
    /// in an Allow say yes for want of a fact; there the condition does not hold at all, and AWS's rule is the same: a
    /// statement with such a variable does not apply. In a Deny, the doubt is held against the caller.
    pub(crate) fn holds(&self, effect: Effect, facts: &dyn Facts) -> bool {
        let Operator { set, negated, if_exists, compare: _ } = self.operator;
        let (mut any, mut all) = (false, true);
        let values = self.key.values(facts, &mut |value| {
            let hit = self.listed.has(value, facts);
            any |= hit;
            all &= hit;
        });
        if let Listed::Absent(wanted) = &self.listed {
            return wanted.contains(&values.none());
        }
        if values.none() {
            return if_exists
                || match set {
                    Set::Plain => negated,
                    Set::All => true,
                    Set::Any => false,
                };
        }
        let holds = match (set, negated) {
            (Set::Plain | Set::Any, false) => any,
            (Set::Plain | Set::All, true) => !any,
            (Set::All, false) => all,
            (Set::Any, true) => !all,
        };
        let doubtful = || !self.listed.with_variables().all(|pattern| pattern.resolves(facts));
        holds && !(self.has_variables && effect == Effect::Allow && doubtful())
    }
}

/// A condition that is for all values of a key holds if there are none; with a key that has one value at most, nobody
/// means that, and AWS refuses it in key policies.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context>
fn refuse_overly_permissive(key: &Key) -> Result<(), String> {
    let what = if key.is("kms:encryptioncontext:") {
        "encryption context"
    } else if key.is("aws:requesttag/") {
        "tag"
    } else {
        return Ok(());
    };
    Err(format!(
        "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches \
         requests without the specified {what} or with an unspecified {what}. To fix, remove ForAllValues."
    ))
}

impl Listed {
    fn read(compare: Compare, values: &[&str], dialect: Dialect) -> Result<Listed, String> {
        Ok(match compare {
            Compare::Text(texts) => {
                let (wildcards, case) = match texts {
                    Texts::Equal => (Wildcards::Plain, Case::Exact),
                    Texts::EqualIgnoringCase => (Wildcards::Plain, Case::Ignored),
                    Texts::Like => (Wildcards::Special, Case::Exact),
                };
                Listed::Texts(each(values, |text| Pattern::read(text, wildcards, case, dialect))?)
            }
            Compare::Arn => Listed::Arns(each(values, |text| ArnPattern::read(text, dialect))?),
            Compare::Number(order) => Listed::Numbers(order, each(values, |text| known(text, Decimal::read(text)))?),
            Compare::Date(order) => Listed::Dates(order, each(values, |text| known(text, date::read(text)))?),
            Compare::Bool => Listed::Booleans(each(values, |text| {
                let pattern = Pattern::read(text, Wildcards::Plain, Case::Ascii, dialect)?;
                known(text, (pattern.has_variables() || boolean(text).is_some()).then_some(pattern))
            })?),
            Compare::Bytes => Listed::Bytes(each(values, |text| known(text, STANDARD.decode(text).ok()))?),
            Compare::Address => Listed::Networks(each(values, |text| known(text, Network::read(text)))?),
            Compare::Absence => Listed::Absent(each(values, |text| known(text, boolean(text)))?),
        })
    }

    fn with_variables(&self) -> impl Iterator<Item = &Pattern> {
        let (texts, arns): (&[Pattern], &[ArnPattern]) = match self {
            Listed::Texts(texts) | Listed::Booleans(texts) => (texts, &[]),
            Listed::Arns(arns) => (&[], arns),
            Listed::Numbers(..) | Listed::Dates(..) | Listed::Bytes(_) | Listed::Networks(_) | Listed::Absent(_) => {
                (&[], &[])
            }
        };
        let texts = texts.iter().filter(|pattern| pattern.has_variables());
        texts.chain(arns.iter().filter_map(ArnPattern::with_variables))
    }

    /// Whether a value of the request is one of these. A value of another type is none of them.
    fn has(&self, value: Value<'_>, facts: &dyn Facts) -> bool {
        match self {
            Listed::Texts(listed) => as_text(value, |text| listed.iter().any(|one| one.matches(text, facts))),
            Listed::Arns(listed) => as_text(value, |text| listed.iter().any(|one| one.matches(text, facts))),
            Listed::Numbers(order, listed) => {
                number(value).is_some_and(|number| listed.iter().any(|one| order.holds(&number, one)))
            }
            Listed::Dates(order, listed) => {
                time(value).is_some_and(|time| listed.iter().any(|one| order.holds(&time, one)))
            }
            Listed::Booleans(listed) => truth(value).is_some_and(|truth| {
                let text = if truth { "true" } else { "false" };
                listed.iter().any(|one| one.matches(text, facts))
            }),
            Listed::Bytes(listed) => as_text(value, |text| listed.iter().any(|one| one == text.as_bytes())),
            Listed::Networks(listed) => match value {
                Value::Address(address) => listed.iter().any(|one| one.holds(address)),
                Value::Text(text) => text.parse().is_ok_and(|address| listed.iter().any(|one| one.holds(address))),
                Value::Bool(_) | Value::Number(_) | Value::Time(_) => false,
            },
            Listed::Absent(_) => false,
        }
    }
}

fn each<T>(values: &[&str], read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    values.iter().map(|text| read(text)).collect()
}

fn known<T>(text: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("a condition cannot compare with {text} by this operator"))
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A time is in seconds since 1970, as AWS's example of `kms:ValidTo` has it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-valid-to>
fn number(value: Value<'_>) -> Option<Decimal> {
    match value {
        Value::Number(number) => Some(Decimal::whole(number)),
        Value::Time(milliseconds) => Some(Decimal::seconds(milliseconds)),
        Value::Text(text) => Decimal::read(text),
        Value::Bool(_) | Value::Address(_) => None,
    }
}

/// In milliseconds since 1970; a number is in seconds.
fn time(value: Value<'_>) -> Option<i64> {
    match value {
        Value::Time(milliseconds) => Some(milliseconds),
        Value::Number(seconds) => seconds.checked_mul(1000),
        Value::Text(text) => date::read(text),
        Value::Bool(_) | Value::Address(_) => None,
    }
}

fn truth(value: Value<'_>) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(truth),
        Value::Text(text) => boolean(text),
        Value::Number(_) | Value::Time(_) | Value::Address(_) => None,
    }
}

/// AWS's sentence for actions and condition keys that do not say whose they are.
pub(crate) const NO_VENDOR: &str = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circumstances::Circumstances;

    const NEW: Dialect = Dialect { kind: Kind::Identity, variables: true };

    fn facts() -> Circumstances {
        Circumstances::default()
            .with("t:text", "Alpha")
            .with("t:number", "7.50")
            .with("t:arn", "arn:aws:iam::111122223333:user/ann")
            .with("t:date", "2026-01-02T03:04:05Z")
            .with("t:truth", "TRUE")
            .with("t:address", "203.0.113.7")
            .with("t:wild", "*")
            .with_value("v:bool", Value::Bool(true))
            .with_value("v:number", Value::Number(7))
            .with_value("v:time", Value::Time(1_767_323_045_500))
            .with_value("v:address", Value::Address([203, 0, 113, 7].into()))
            .with_many("m:some", &["a", "b"])
            .with_many("m:one", &["a"])
            .with_many("m:none", &[])
            .with_many("m:numbers", &["1", "x"])
    }

    fn read(operator: &str, key: &str, values: &[&str], dialect: Dialect) -> Result<Condition, String> {
        Condition::read(Operator::read(operator).expect(operator), key, values, dialect)
    }

    fn holds(effect: Effect, operator: &str, key: &str, values: &[&str]) -> bool {
        read(operator, key, values, NEW).expect(operator).holds(effect, &facts())
    }

    /// What both effects agree about.
    #[track_caller]
    fn check(cases: &[(&str, &str, &[&str], bool)]) {
        for (operator, key, values, is) in cases {
            for effect in [Effect::Allow, Effect::Deny] {
                assert_eq!(holds(effect, operator, key, values), *is, "{operator} {key} {values:?} in {effect:?}");
            }
        }
    }

    #[test]
    fn texts_are_compared_by_their_operator() {
        check(&[
            ("StringEquals", "t:text", &["Alpha"], true),
            ("StringEquals", "T:Text", &["Alpha"], true),
            ("StringEquals", "t:text", &["alpha"], false),
            ("StringEquals", "t:text", &["Al*"], false),
            ("StringEquals", "t:text", &["beta", "Alpha"], true),
            ("StringNotEquals", "t:text", &["beta", "Alpha"], false),
            ("StringNotEquals", "t:text", &["alpha", "beta"], true),
            ("StringEqualsIgnoreCase", "t:text", &["aLPHA"], true),
            ("StringEqualsIgnoreCase", "t:text", &["alph"], false),
            ("StringNotEqualsIgnoreCase", "t:text", &["aLPHA"], false),
            ("StringNotEqualsIgnoreCase", "t:text", &["b"], true),
            ("StringLike", "t:text", &["Al*"], true),
            ("StringLike", "t:text", &["al*"], false),
            ("StringNotLike", "t:text", &["A?pha"], false),
            ("StringNotLike", "t:text", &["A?ha"], true),
            ("StringLike", "t:wild", &["${t:wild}"], true),
            ("StringLike", "t:text", &["${t:wild}"], false),
            ("StringEquals", "v:bool", &["true"], true),
            ("StringEquals", "v:number", &["7"], true),
            ("StringEquals", "v:time", &["2026-01-02T03:04:05Z"], true),
            ("StringLike", "v:address", &["203.0.*"], true),
        ]);
    }

    #[test]
    fn numbers_dates_and_truths_are_compared_by_their_value() {
        check(&[
            ("NumericEquals", "t:number", &["7.5"], true),
            ("NumericEquals", "v:number", &["7.0"], true),
            ("NumericEquals", "v:number", &["8", "7"], true),
            ("NumericEquals", "v:time", &["1767323045.5"], true),
            ("NumericNotEquals", "v:number", &["7"], false),
            ("NumericNotEquals", "v:number", &["8"], true),
            ("NumericLessThan", "v:number", &["7"], false),
            ("NumericLessThan", "v:number", &["7.1"], true),
            ("NumericLessThanEquals", "v:number", &["7"], true),
            ("NumericLessThanEquals", "v:number", &["6.9"], false),
            ("NumericGreaterThan", "v:number", &["7"], false),
            ("NumericGreaterThan", "v:number", &["6"], true),
            ("NumericGreaterThanEquals", "v:number", &["7"], true),
            ("NumericGreaterThanEquals", "v:number", &["8"], false),
            ("NumericEquals", "t:text", &["7"], false),
            ("NumericNotEquals", "t:text", &["7"], true),
            ("NumericEquals", "v:bool", &["1"], false),
            ("DateEquals", "t:date", &["1767323045"], true),
            ("DateEquals", "v:time", &["2026-01-02T03:04:05.5Z"], true),
            ("DateNotEquals", "v:time", &["2026-01-02T03:04:05Z"], true),
            ("DateLessThan", "v:time", &["2026-01-03"], true),
            ("DateLessThan", "t:date", &["2026-01-02T03:04:05Z"], false),
            ("DateLessThanEquals", "t:date", &["2026-01-02T03:04:05Z"], true),
            ("DateGreaterThan", "v:time", &["2026"], true),
            ("DateGreaterThanEquals", "v:time", &["2027-01"], false),
            ("DateEquals", "v:number", &["7"], true),
            ("DateEquals", "v:number", &["8", "7"], true),
            ("DateEquals", "v:bool", &["7"], false),
            ("DateNotEquals", "t:text", &["7"], true),
            ("Bool", "v:bool", &["true"], true),
            ("Bool", "v:bool", &["False"], false),
            ("Bool", "v:bool", &["false", "TRUE"], true),
            ("Bool", "t:truth", &["true"], true),
            ("Bool", "t:text", &["true"], false),
            ("Bool", "v:number", &["true"], false),
            ("Bool", "v:bool", &["${t:truth}"], true),
            ("Bool", "v:bool", &["${t:text}"], false),
        ]);
    }

    #[test]
    fn bytes_addresses_and_arns_are_compared_as_such() {
        check(&[
            ("BinaryEquals", "t:text", &["QWxwaGE="], true),
            ("BinaryEquals", "t:text", &["YWxwaGE=", "QWxwaGE="], true),
            ("BinaryEquals", "t:text", &["YWxwaGE="], false),
            ("IpAddress", "v:address", &["203.0.113.0/24"], true),
            ("IpAddress", "t:address", &["10.0.0.0/8", "203.0.113.7"], true),
            ("IpAddress", "v:address", &["10.0.0.0/8", "203.0.113.0/24"], true),
            ("IpAddress", "v:address", &["10.0.0.0/8"], false),
            ("NotIpAddress", "v:address", &["203.0.113.0/24"], false),
            ("NotIpAddress", "v:address", &["10.0.0.0/8"], true),
            ("IpAddress", "t:text", &["0.0.0.0/0"], false),
            ("IpAddress", "v:number", &["0.0.0.0/0"], false),
            ("NotIpAddress", "t:text", &["0.0.0.0/0"], true),
            ("ArnEquals", "t:arn", &["arn:aws:iam::*:user/ann"], true),
            ("ArnLike", "t:arn", &["arn:aws:iam::*:user/bob", "arn:*:*:*:*:user/a*"], true),
            ("ArnLike", "t:arn", &["arn:aws:*:user/ann"], false),
            ("ArnNotLike", "t:arn", &["arn:aws:iam::*:*"], false),
            ("ArnNotEquals", "t:arn", &["arn:aws:iam::*:role/*"], true),
            ("ArnLike", "t:arn", &["${t:arn}"], true),
        ]);
    }

    #[test]
    fn a_key_that_is_not_there_is_answered_by_the_operator_alone() {
        for key in ["x:absent", "m:none"] {
            for values in [["a"], ["${x:absent}"]] {
                check(&[
                    ("StringEquals", key, &values, false),
                    ("StringNotEquals", key, &values, true),
                    ("StringEqualsIfExists", key, &values, true),
                    ("StringNotEqualsIfExists", key, &values, true),
                    ("ForAllValues:StringEquals", key, &values, true),
                    ("ForAllValues:StringNotEquals", key, &values, true),
                    ("ForAllValues:StringEqualsIfExists", key, &values, true),
                    ("ForAnyValue:StringEquals", key, &values, false),
                    ("ForAnyValue:StringNotEquals", key, &values, false),
                    ("ForAnyValue:StringEqualsIfExists", key, &values, true),
                ]);
            }
            check(&[
                ("Null", key, &["true"], true),
                ("Null", key, &["FALSE"], false),
                ("Null", key, &["true", "false"], true),
            ]);
        }
        check(&[
            ("Null", "t:text", &["true"], false),
            ("Null", "t:text", &["false"], true),
            ("Null", "m:one", &["false"], true),
            ("StringEqualsIfExists", "t:text", &["beta"], false),
            ("StringEqualsIfExists", "t:text", &["Alpha"], true),
            ("StringNotEqualsIfExists", "t:text", &["Alpha"], false),
        ]);
    }

    #[test]
    fn sets_are_compared_value_by_value() {
        check(&[
            ("ForAllValues:StringEquals", "m:some", &["a", "b", "c"], true),
            ("ForAllValues:StringEquals", "m:some", &["a", "c"], false),
            ("ForAllValues:StringNotEquals", "m:some", &["c"], true),
            ("ForAllValues:StringNotEquals", "m:some", &["a", "c"], false),
            ("ForAnyValue:StringEquals", "m:some", &["b", "c"], true),
            ("ForAnyValue:StringEquals", "m:some", &["c"], false),
            ("ForAnyValue:StringNotEquals", "m:some", &["a"], true),
            ("ForAnyValue:StringNotEquals", "m:some", &["a", "b"], false),
            ("ForAllValues:StringLike", "m:one", &["*"], true),
            ("ForAllValues:StringEquals", "t:text", &["Alpha"], true),
            ("ForAnyValue:StringEquals", "t:text", &["beta"], false),
            ("StringEquals", "m:some", &["b"], true),
            ("StringEquals", "m:some", &["c"], false),
            ("StringNotEquals", "m:some", &["b"], false),
            ("StringNotEquals", "m:some", &["c"], true),
            ("ForAllValues:NumericEquals", "m:numbers", &["1"], false),
            ("ForAnyValue:NumericEquals", "m:numbers", &["1"], true),
            ("ForAnyValue:NumericNotEquals", "m:numbers", &["1"], true),
        ]);
    }

    #[test]
    fn a_variable_without_a_value_is_held_against_the_caller() {
        for (operator, key, values, allow, deny) in [
            ("StringEquals", "t:text", vec!["${x:absent}"], false, false),
            ("StringEquals", "t:text", vec!["${m:one}"], false, false),
            ("StringEquals", "t:text", vec!["${x:absent}", "Alpha"], false, true),
            ("StringNotEquals", "t:text", vec!["${x:absent}"], false, true),
            ("StringNotEquals", "t:text", vec!["beta", "${x:absent}"], false, true),
            ("StringNotEquals", "t:text", vec!["${x:absent}", "Alpha"], false, false),
            ("ArnNotLike", "t:arn", vec!["${x:absent}"], false, true),
            ("ArnLike", "t:arn", vec!["${x:absent}"], false, false),
            ("ForAllValues:StringNotEquals", "m:some", vec!["${x:absent}"], false, true),
            ("ForAnyValue:StringNotEquals", "m:some", vec!["${x:absent}"], false, true),
            ("Bool", "v:bool", vec!["${x:absent}", "true"], false, true),
            ("StringNotEqualsIfExists", "t:text", vec!["${x:absent}"], false, true),
            ("StringNotEquals", "t:text", vec!["${x:absent, 'beta'}"], true, true),
            ("StringNotEquals", "t:text", vec!["${t:wild}"], true, true),
        ] {
            for (effect, is) in [(Effect::Allow, allow), (Effect::Deny, deny)] {
                assert_eq!(holds(effect, operator, key, &values), is, "{operator} {values:?} in {effect:?}");
            }
        }
    }

    #[test]
    fn what_cannot_be_compared_with_is_refused() {
        for (operator, key, value, reason) in [
            ("NumericEquals", "t:number", "seven", "cannot compare with seven"),
            ("NumericLessThan", "t:number", "${v:number}", "cannot compare"),
            ("DateEquals", "t:date", "today", "cannot compare with today"),
            ("Bool", "v:bool", "yes", "cannot compare with yes"),
            ("Null", "v:bool", "yes", "cannot compare with yes"),
            ("Null", "v:bool", "${v:bool}", "cannot compare"),
            ("BinaryEquals", "t:text", "QWxwaGE", "cannot compare"),
            ("BinaryEquals", "t:text", "a b", "cannot compare"),
            ("IpAddress", "v:address", "10.0.0.0/33", "cannot compare"),
            ("NotIpAddress", "v:address", "localhost", "cannot compare"),
            ("StringEquals", "t:text", "${", "variable"),
            ("ArnLike", "t:arn", "arn:${}", "variable"),
            ("Bool", "v:bool", "${}", "variable"),
            ("StringEquals", "text", "a", "prefaced by a vendor"),
            ("StringEquals", ":text", "a", "prefaced by a vendor"),
            ("StringEquals", "aws:", "a", "prefaced by a vendor"),
        ] {
            let told = read(operator, key, &[value], NEW).err().expect(value);
            assert!(told.contains(reason), "{operator} {value}: {told}");
            assert!(read(operator, key, &["1", value], NEW).is_err(), "one of two");
        }
    }

    #[test]
    fn no_condition_of_a_key_policy_is_for_all_values_of_what_has_one() {
        let policy = |kind| Dialect { kind, variables: true };
        let text = |what: &str| {
            format!(
                "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key \
                 matches requests without the specified {what} or with an unspecified {what}. To fix, remove \
                 ForAllValues."
            )
        };
        for (key, what) in [
            ("kms:EncryptionContext:app", Some("encryption context")),
            ("KMS:encryptioncontext:APP", Some("encryption context")),
            ("aws:RequestTag/team", Some("tag")),
            ("kms:EncryptionContextKeys", None),
            ("aws:TagKeys", None),
        ] {
            for operator in ["ForAllValues:StringEquals", "ForAllValues:StringNotLikeIfExists"] {
                assert_eq!(read(operator, key, &["a"], policy(Kind::Key)).err(), what.map(text), "{operator} {key}");
            }
            for kind in [Kind::Trust, Kind::Identity, Kind::Session] {
                assert!(read("ForAllValues:StringEquals", key, &["a"], policy(kind)).is_ok(), "{key}, {kind:?}");
            }
            for operator in ["StringEquals", "ForAnyValue:StringEquals"] {
                assert!(read(operator, key, &["a"], policy(Kind::Key)).is_ok(), "{operator} {key}");
            }
        }
    }

    #[test]
    fn it_is_known_which_keys_are_asked_for() {
        let condition = read("ArnLike", "aws:PrincipalArn", &["arn:*", "${aws:SourceArn}"], NEW).expect("it compiles");
        for (key, asks) in [
            ("aws:principalarn", true),
            ("aws:sourcearn", true),
            ("aws:sourceaccount", false),
            ("aws:principal", false),
        ] {
            assert_eq!(condition.asks(key), asks, "{key}");
        }
        let plain = read("StringEquals", "aws:PrincipalArn", &["a"], NEW).expect("it compiles");
        assert!(plain.asks("aws:principalarn") && !plain.asks("aws:sourcearn"));
        let tags = read("StringEquals", "t:text", &["${aws:ResourceTag/a}"], NEW).expect("it compiles");
        assert!(tags.asks("aws:resourcetag/") && tags.asks("aws:resourcetag/a") && !tags.asks("aws:resourcetag/b"));
        let key_policy = Dialect { kind: Kind::Key, ..NEW };
        let tags =
            read("StringEquals", "aws:ResourceTag/a", &["${aws:ResourceTag/a}"], key_policy).expect("it compiles");
        assert!(!tags.asks("aws:resourcetag/"), "key policies never see them");
    }
}
