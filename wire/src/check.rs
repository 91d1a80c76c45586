//! The constraints of the model, and AWS's words for every one that is violated.
//! All violations are told in one message, in the order of the model's members; a value is echoed whole, unless it
//! is a blob or secret.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::pattern::Pattern;
use crate::shape::{Choice, Range, Shape, Structure};
use crate::value::{Entries, Slots, Value};

/// Of more violations than this only the number is told. A body of one MiB can hold half a million of them, and
/// their text would be a hundred times its size.
const TOLD_MAX: usize = 100;

/// The message for all violations, or nothing if there are none.
pub(crate) fn violations(shape: &'static Structure, slots: &Slots<'_>) -> Option<String> {
    let mut found = Found::default();
    found.structure(shape, slots, None);
    let plural = match found.count {
        0 => return None,
        1 => "",
        _ => "s",
    };
    Some(format!("{} validation error{plural} detected: {}", found.count, found.told))
}

#[derive(Default)]
struct Found {
    count: usize,
    told: String,
}

impl Found {
    fn structure(&mut self, shape: &'static Structure, slots: &Slots<'_>, at: Option<&Path<'_>>) {
        for (member, value) in shape.members.iter().zip(&slots.0) {
            let path = Path { of: at, step: Step::Member(member.shown) };
            if member.required || !matches!(value, Value::Absent) {
                self.value(member.shape, value, &path);
            }
        }
    }

    fn value(&mut self, shape: &'static Shape, value: &Value<'_>, at: &Path<'_>) {
        match value {
            Value::Absent => self.violation(shape, value, at, &Rule::NotNull.text()),
            Value::Text(_) | Value::Blob(_) | Value::Integer(_) | Value::Boolean(_) | Value::Timestamp(_) => {
                self.whole(shape, value, at);
            }
            Value::List(elements) => {
                self.whole(shape, value, at);
                self.elements(elements, shape, value, at);
            }
            Value::Map(entries) => {
                self.whole(shape, value, at);
                self.entries(entries, shape, value, at);
            }
            Value::Structure(slots) => {
                let Shape::Structure(members) = shape else { return };
                self.structure(members, slots, Some(at));
            }
        }
    }

    /// What can be said of the value as a whole.
    fn whole(&mut self, shape: &'static Shape, value: &Value<'_>, at: &Path<'_>) {
        for rule in rules(shape).into_iter().flatten().filter(|rule| !rule.holds(value)) {
            self.violation(shape, value, at, &rule.text());
        }
    }

    /// Structures in a list are told one by one, other elements as one violation of the list.
    fn elements(&mut self, elements: &[Value<'_>], shape: &'static Shape, value: &Value<'_>, at: &Path<'_>) {
        let Shape::List(list) = shape else { return };
        if matches!(list.element, Shape::Structure(_)) {
            for (index, element) in elements.iter().enumerate() {
                self.value(list.element, element, &Path { of: Some(at), step: Step::Element(index) });
            }
        } else if elements.iter().any(|element| !hold(list.element, element)) {
            self.violation(shape, value, at, &format!("Member must satisfy constraint: [{}]", all(list.element)));
        }
    }

    fn entries(&mut self, entries: &Entries<'_>, shape: &'static Shape, value: &Value<'_>, at: &Path<'_>) {
        let Shape::Map(map) = shape else { return };
        let fits = |of, text: &str| hold(of, &Value::Text(Cow::Borrowed(text)));
        if !entries.keys().all(|key| fits(map.key, key)) {
            self.violation(shape, value, at, &format!("Map keys must satisfy constraint: [{}]", all(map.key)));
        }
        if !entries.values().all(|entry| entry.as_deref().is_some_and(|text| fits(map.value, text))) {
            self.violation(shape, value, at, &format!("Map value must satisfy constraint: [{}]", all(map.value)));
        }
    }

    fn violation(&mut self, shape: &'static Shape, value: &Value<'_>, at: &Path<'_>, rule: &str) {
        self.count += 1;
        if self.count > TOLD_MAX {
            return;
        }
        let separator = if self.count == 1 { "" } else { "; " };
        let (value, path) = (echo(shape, value), at.text());
        let _ = write!(self.told, "{separator}Value{value} at '{path}' failed to satisfy constraint: {rule}");
    }
}

/// Where a value stands; written out only if something is wrong with it.
struct Path<'a> {
    of: Option<&'a Path<'a>>,
    step: Step,
}

enum Step {
    Member(&'static str),
    /// Counted from 0 here and from 1 in the text.
    Element(usize),
}

impl Path<'_> {
    fn text(&self) -> String {
        let step = match self.step {
            Step::Member(shown) => shown.to_owned(),
            Step::Element(index) => format!("{}.member", index + 1),
        };
        self.of.map_or(step.clone(), |of| format!("{}.{step}", of.text()))
    }
}

/// One constraint.
enum Rule {
    NotNull,
    LengthMax(u32),
    LengthMin(u32),
    ValueMax(u32),
    ValueMin(u32),
    Pattern(&'static Pattern),
    OneOf(&'static Choice),
}

/// The constraints of a shape, in the order in which AWS lists them.
fn rules(shape: &'static Shape) -> [Option<Rule>; 3] {
    let length = |range: &Range| [range.max.map(Rule::LengthMax), range.min.map(Rule::LengthMin), None];
    match shape {
        Shape::Text(text) => {
            let [max, min, _] = length(&text.length);
            [max, min, text.pattern.map(Rule::Pattern)]
        }
        Shape::Choice(choice) => [Some(Rule::OneOf(choice)), None, None],
        Shape::Blob(blob) => length(&blob.length),
        Shape::Integer(range) => [range.max.map(Rule::ValueMax), range.min.map(Rule::ValueMin), None],
        Shape::List(list) => length(&list.length),
        Shape::Map(map) => length(&map.length),
        Shape::Boolean | Shape::Timestamp | Shape::Structure(_) => [None, None, None],
    }
}

impl Rule {
    fn holds(&self, value: &Value<'_>) -> bool {
        match self {
            Rule::NotNull => !matches!(value, Value::Absent),
            Rule::LengthMax(max) => length(value) <= u64::from(*max),
            Rule::LengthMin(min) => length(value) >= u64::from(*min),
            Rule::ValueMax(max) => number(value) <= i64::from(*max),
            Rule::ValueMin(min) => number(value) >= i64::from(*min),
            Rule::Pattern(pattern) => (pattern.matches)(text(value)),
            Rule::OneOf(choice) => choice.taken.contains(&text(value)),
        }
    }

    fn text(&self) -> String {
        match self {
            Rule::NotNull => "Member must not be null".to_owned(),
            Rule::LengthMax(max) => format!("Member must have length less than or equal to {max}"),
            Rule::LengthMin(min) => format!("Member must have length greater than or equal to {min}"),
            Rule::ValueMax(max) => format!("Member must have value less than or equal to {max}"),
            Rule::ValueMin(min) => format!("Member must have value greater than or equal to {min}"),
            Rule::Pattern(pattern) => format!("Member must satisfy regular expression pattern: {}", pattern.text),
            Rule::OneOf(choice) => format!("Member must satisfy enum value set: [{}]", choice.told.join(", ")),
        }
    }
}

fn hold(shape: &'static Shape, value: &Value<'_>) -> bool {
    Rule::NotNull.holds(value) && rules(shape).iter().flatten().all(|rule| rule.holds(value))
}

/// All constraints of what a list or map holds; one without any can only have been null.
fn all(shape: &'static Shape) -> String {
    let texts: Vec<String> = rules(shape).iter().flatten().map(Rule::text).collect();
    if texts.is_empty() { Rule::NotNull.text() } else { texts.join(", ") }
}

/// Texts have their length in characters, blobs in bytes.
fn length(value: &Value<'_>) -> u64 {
    let length = match value {
        Value::Text(text) => text.chars().count(),
        Value::Blob(bytes) => bytes.expose().len(),
        Value::List(elements) => elements.len(),
        Value::Map(entries) => entries.len(),
        Value::Absent | Value::Integer(_) | Value::Boolean(_) | Value::Timestamp(_) | Value::Structure(_) => 0,
    };
    length as u64
}

fn number(value: &Value<'_>) -> i64 {
    if let Value::Integer(number) = value { i64::from(*number) } else { 0 }
}

fn text<'a>(value: &'a Value<'_>) -> &'a str {
    if let Value::Text(text) = value { text } else { "" }
}

/// The value as a violation shows it, with the space before it. What is secret shows not even its `null` (measured
/// for Plaintext and Message), what is a blob shows only that.
fn echo(shape: &Shape, value: &Value<'_>) -> String {
    if is_secret(shape) || matches!(value, Value::Blob(_)) {
        return String::new();
    }
    if matches!(value, Value::Absent) {
        return " null".to_owned();
    }
    format!(" '{}'", plain(value))
}

fn is_secret(shape: &Shape) -> bool {
    match shape {
        Shape::Text(text) => text.secret,
        Shape::Blob(blob) => blob.secret,
        Shape::List(list) => is_secret(list.element),
        Shape::Map(map) => is_secret(map.key) || is_secret(map.value),
        Shape::Choice(_) | Shape::Integer(_) | Shape::Boolean | Shape::Timestamp | Shape::Structure(_) => false,
    }
}

/// As Java prints it.
fn plain<'a>(value: &'a Value<'_>) -> Cow<'a, str> {
    match value {
        Value::Text(text) => Cow::Borrowed(text),
        Value::Integer(number) => number.to_string().into(),
        Value::Boolean(flag) => flag.to_string().into(),
        Value::List(elements) => {
            let elements: Vec<Cow<'_, str>> = elements.iter().map(plain).collect();
            format!("[{}]", elements.join(", ")).into()
        }
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key}={}", value.as_deref().unwrap_or("null"))).collect();
            format!("{{{}}}", entries.join(", ")).into()
        }
        Value::Absent => Cow::Borrowed("null"),
        // Neither has a constraint that could show it.
        Value::Blob(_) | Value::Timestamp(_) | Value::Structure(_) => Cow::Borrowed(""),
    }
}
