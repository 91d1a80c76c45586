//! The names of condition operators, taken apart. What they compare is asked in [`condition`](crate::condition).

/// An operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Operator {
    pub(crate) set: Set,
    pub(crate) compare: Compare,
    /// Whether it holds where the comparison does not.
    pub(crate) negated: bool,
    /// Whether it holds for a key that is not there.
    pub(crate) if_exists: bool,
}

/// Which of the request's values have to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// The operator has no prefix.
    Plain,
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    Text(Texts),
    Number(Order),
    Date(Order),
    Bool,
    Bytes,
    Address,
    Arn,
    Absence,
}

/// How texts are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    Equal,
    EqualIgnoringCase,
    Like,
}

/// How what has an order is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Order {
    /// Whether the request's value stands so to the listed one.
    pub(crate) fn holds<T: Ord>(self, given: &T, listed: &T) -> bool {
        match self {
            Order::Equal => given == listed,
            Order::Less => given < listed,
            Order::LessOrEqual => given <= listed,
            Order::Greater => given > listed,
            Order::GreaterOrEqual => given >= listed,
        }
    }
}

impl Operator {
    /// Reads an operator's name, its case included; `None` if there is no such operator.
    pub(crate) fn read(name: &str) -> Option<Operator> {
        if name == "Null" {
            return Some(Operator { set: Set::Plain, compare: Compare::Absence, negated: false, if_exists: false });
        }
        let prefixes = [("ForAllValues:", Set::All), ("ForAnyValue:", Set::Any)];
        let prefixed = prefixes.into_iter().find_map(|(prefix, set)| Some((name.strip_prefix(prefix)?, set)));
        let (name, set) = prefixed.unwrap_or((name, Set::Plain));
        let (bare, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |bare| (bare, true));
        let (compare, negated) = comparison(bare)?;
        Some(Operator { set, compare, negated, if_exists })
    }
}

fn comparison(name: &str) -> Option<(Compare, bool)> {
    if let Some(order) = name.strip_prefix("Numeric") {
        return ordered(order).map(|(order, negated)| (Compare::Number(order), negated));
    }
    if let Some(order) = name.strip_prefix("Date") {
        return ordered(order).map(|(order, negated)| (Compare::Date(order), negated));
    }
    Some(match name {
        "StringEquals" => (Compare::Text(Texts::Equal), false),
        "StringNotEquals" => (Compare::Text(Texts::Equal), true),
        "StringEqualsIgnoreCase" => (Compare::Text(Texts::EqualIgnoringCase), false),
        "StringNotEqualsIgnoreCase" => (Compare::Text(Texts::EqualIgnoringCase), true),
        "StringLike" => (Compare::Text(Texts::Like), false),
        "StringNotLike" => (Compare::Text(Texts::Like), true),
        "Bool" => (Compare::Bool, false),
        "BinaryEquals" => (Compare::Bytes, false),
        "IpAddress" => (Compare::Address, false),
        "NotIpAddress" => (Compare::Address, true),
        "ArnEquals" | "ArnLike" => (Compare::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (Compare::Arn, true),
        _ => return None,
    })
}

fn ordered(name: &str) -> Option<(Order, bool)> {
    Some(match name {
        "Equals" => (Order::Equal, false),
        "NotEquals" => (Order::Equal, true),
        "LessThan" => (Order::Less, false),
        "LessThanEquals" => (Order::LessOrEqual, false),
        "GreaterThan" => (Order::Greater, false),
        "GreaterThanEquals" => (Order::GreaterOrEqual, false),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_taken_apart() {
        let plain = |compare, negated| Operator { set: Set::Plain, compare, negated, if_exists: false };
        let operators = [
            ("StringEquals", plain(Compare::Text(Texts::Equal), false)),
            ("StringNotEquals", plain(Compare::Text(Texts::Equal), true)),
            ("StringEqualsIgnoreCase", plain(Compare::Text(Texts::EqualIgnoringCase), false)),
            ("StringNotEqualsIgnoreCase", plain(Compare::Text(Texts::EqualIgnoringCase), true)),
            ("StringLike", plain(Compare::Text(Texts::Like), false)),
            ("StringNotLike", plain(Compare::Text(Texts::Like), true)),
            ("NumericEquals", plain(Compare::Number(Order::Equal), false)),
            ("NumericNotEquals", plain(Compare::Number(Order::Equal), true)),
            ("NumericLessThan", plain(Compare::Number(Order::Less), false)),
            ("NumericLessThanEquals", plain(Compare::Number(Order::LessOrEqual), false)),
            ("NumericGreaterThan", plain(Compare::Number(Order::Greater), false)),
            ("NumericGreaterThanEquals", plain(Compare::Number(Order::GreaterOrEqual), false)),
            ("DateEquals", plain(Compare::Date(Order::Equal), false)),
            ("DateNotEquals", plain(Compare::Date(Order::Equal), true)),
            ("DateLessThan", plain(Compare::Date(Order::Less), false)),
            ("DateLessThanEquals", plain(Compare::Date(Order::LessOrEqual), false)),
            ("DateGreaterThan", plain(Compare::Date(Order::Greater), false)),
            ("DateGreaterThanEquals", plain(Compare::Date(Order::GreaterOrEqual), false)),
            ("Bool", plain(Compare::Bool, false)),
            ("BinaryEquals", plain(Compare::Bytes, false)),
            ("IpAddress", plain(Compare::Address, false)),
            ("NotIpAddress", plain(Compare::Address, true)),
            ("ArnEquals", plain(Compare::Arn, false)),
            ("ArnLike", plain(Compare::Arn, false)),
            ("ArnNotEquals", plain(Compare::Arn, true)),
            ("ArnNotLike", plain(Compare::Arn, true)),
        ];
        for (name, operator) in operators {
            assert_eq!(Operator::read(name), Some(operator), "{name}");
            for (prefix, set) in [("", Set::Plain), ("ForAllValues:", Set::All), ("ForAnyValue:", Set::Any)] {
                for (suffix, if_exists) in [("", false), ("IfExists", true)] {
                    let whole = format!("{prefix}{name}{suffix}");
                    assert_eq!(Operator::read(&whole), Some(Operator { set, if_exists, ..operator }), "{whole}");
                }
            }
        }
        assert_eq!(Operator::read("Null"), Some(plain(Compare::Absence, false)));
    }

    #[test]
    fn what_is_no_operator_is_none() {
        for name in [
            "",
            "stringEquals",
            "StringIs",
            "StringEqual",
            "StringEqualsIfExist",
            "StringEqualsIfExistsIfExists",
            "IfExists",
            "NullIfExists",
            "ForAllValues:Null",
            "ForAnyValue:Null",
            "ForAllValues:",
            "ForAllValues:ForAnyValue:StringEquals",
            "forAllValues:StringEquals",
            "NumericLike",
            "Numeric",
            "Date",
            "DateLess",
            "BoolNot",
            "BinaryNotEquals",
            " StringEquals",
        ] {
            assert_eq!(Operator::read(name), None, "{name}");
        }
    }
}
