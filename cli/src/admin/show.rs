//! Answers as a person reads them: a table, a few lines, a document, a sentence. Nothing is left out that a script would
//! need: for those there is `--json`.

use serde_json::{Map, Value};
use server::kms::Time;

use super::verbs::Show;

/// The answer to what was typed; what holds a secret is not shown here.
pub(super) fn answer(show: &Show, typed: &Map<String, Value>, answer: &Value) -> String {
    match show {
        Show::Table(list, columns) => table(answer[list].as_array().map_or(&[], Vec::as_slice), columns),
        Show::Facts(name) => facts(&answer[name]),
        Show::Document => document(&answer["PolicyDocument"]),
        Show::Done(sentence) => format!("{}\n", filled(sentence, typed)),
        Show::Secret => String::new(),
    }
}

/// Lines under their headings, as wide as they need to be; a list of words has no heading.
fn table(rows: &[Value], columns: &[&str]) -> String {
    if columns.is_empty() {
        return rows.iter().map(|word| text(word) + "\n").collect();
    }
    let heading = columns.iter().map(|column| (*column).to_owned()).collect();
    let cells = rows.iter().map(|row| columns.iter().map(|column| shown(column, &row[column])).collect());
    let lines: Vec<Vec<String>> = std::iter::once(heading).chain(cells).collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| lines.iter().map(|line: &Vec<String>| line[at].chars().count()).max().unwrap_or(0))
        .collect();
    lines.iter().map(|line| row_of(line, &widths)).collect()
}

fn row_of(cells: &[String], widths: &[usize]) -> String {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    format!("{}\n", padded.join("  ").trim_end())
}

/// One line for each member.
fn facts(thing: &Value) -> String {
    let members: Vec<(&String, String)> =
        thing.as_object().into_iter().flatten().map(|(name, value)| (name, shown(name, value))).collect();
    let width = members.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    members.iter().map(|(name, value)| format!("{name:<width$}  {value}").trim_end().to_owned() + "\n").collect()
}

/// A value in one line. Moments are numbers on the wire.
fn shown(name: &str, value: &Value) -> String {
    let is_moment = name.ends_with("Date") || name.ends_with("Timestamp");
    match value {
        Value::Number(seconds) if is_moment => {
            let millis = seconds.as_f64().map_or(0, |seconds| (seconds * 1000.0) as i64);
            Time(millis).to_rfc3339()
        }
        Value::Array(tags) if name == "Tags" => {
            let pair = |tag: &Value| format!("{}={}", text(&tag["Key"]), text(&tag["Value"]));
            tags.iter().map(pair).collect::<Vec<_>>().join(" ")
        }
        other => text(other),
    }
}

/// Texts without their quotes, and without what would move a terminal's cursor; nothing for what is absent.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        other => other.to_string(),
    }
}

/// A policy, indented if it is JSON.
fn document(value: &Value) -> String {
    let Value::String(text) = value else { return indented(value) };
    serde_json::from_str(text).map_or_else(|_| text.clone() + "\n", |document| indented(&document))
}

/// JSON over several lines.
pub(crate) fn indented(value: &Value) -> String {
    format!("{value:#}\n")
}

fn filled(sentence: &str, typed: &Map<String, Value>) -> String {
    let fill =
        |sentence: String, (name, value): (&String, &Value)| sentence.replace(&format!("{{{name}}}"), &text(value));
    typed.iter().fold(sentence.to_owned(), fill)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_read_well() {
        let users = json!({ "Users": [
            { "UserName": "ann", "UserId": "AIDA1", "CreateDate": 1_795_641_000 },
            { "UserName": "christopher", "CreateDate": "2026-11-25T21:10:00Z" },
        ] });
        let user = json!({ "User": { "UserName": "ann\u{1b}[2J", "CreateDate": 1_795_641_000, "Tags": [
            { "Key": "a", "Value": "1" }, { "Key": "b", "Value": "" } ] } });
        let typed = json!({ "UserName": "ann", "PolicyName": "p" });
        for (show, said, expected) in [
            (
                Show::Table("Users", &["UserName", "UserId", "CreateDate"]),
                &users,
                "UserName     UserId  CreateDate\n\
                 ann          AIDA1   2026-11-25T21:10:00Z\n\
                 christopher          2026-11-25T21:10:00Z\n",
            ),
            (Show::Table("PolicyNames", &[]), &json!({ "PolicyNames": ["a", "b"] }), "a\nb\n"),
            (Show::Facts("User"), &user, "CreateDate  2026-11-25T21:10:00Z\nTags        a=1 b=\nUserName    ann [2J\n"),
            (Show::Document, &json!({ "PolicyDocument": "{\"a\":[]}" }), "{\n  \"a\": []\n}\n"),
            (Show::Done("{PolicyName} of {UserName}"), &json!({}), "p of ann\n"),
        ] {
            assert_eq!(answer(&show, typed.as_object().unwrap(), said), expected, "{show:?}");
        }
    }
}
