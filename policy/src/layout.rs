//! The layout in which AWS gives policy documents back: ` : ` between name and value, a line for each member of an
//! object, two spaces a step, lists on the line they begin on. Only the space between tokens changes.

/// Lays out a document that [`Document::compile`](crate::Document::compile) took. Members stay in their order; names,
/// strings and numbers keep the text that they were given in, so that no reader can take them for others.
///
/// A text that is no JSON gives some text of the same tokens.
pub fn lay_out(document: &str) -> String {
    lay_out_with(document, &|_| None)
}

/// [`lay_out`], in which principals are called by other names: every text that stands for a principal in a `Principal`
/// or `NotPrincipal`, and for which `name` has another, gives way to it. `name` is asked with the text that is meant,
/// without its escapes.
pub fn lay_out_with(document: &str, name: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(2 * document.len());
    let mut open = Vec::new();
    // Where there is one, how many containers are open around the member that holds principals.
    let mut principals = None;
    let mut tokens = Tokens(document).peekable();
    while let Some(token) = tokens.next() {
        if matches!(token, "," | "}") && principals == Some(open.len()) {
            principals = None;
        }
        match token {
            "{" | "[" => {
                out.push_str(token);
                if let Some(close) = tokens.next_if(|next| matches!(*next, "}" | "]")) {
                    out.push(' ');
                    out.push_str(close);
                } else {
                    open.push(token);
                    next_item(&mut out, &open);
                }
            }
            "}" => {
                open.pop();
                new_line(&mut out, &open);
                out.push('}');
            }
            "]" => {
                open.pop();
                out.push_str(" ]");
            }
            "," => {
                out.push(',');
                next_item(&mut out, &open);
            }
            ":" => out.push_str(" : "),
            text if tokens.peek() == Some(&":") => {
                let holds_principals = meant(text).is_some_and(|text| PRINCIPALS.contains(&text.as_str()));
                principals = principals.or(holds_principals.then_some(open.len()));
                out.push_str(text);
            }
            text => match principals.and_then(|_| name(&meant(text)?)) {
                Some(name) => out.push_str(&serde_json::Value::String(name).to_string()),
                None => out.push_str(text),
            },
        }
    }
    out
}

/// The text that a token means, if it is a string.
fn meant(token: &str) -> Option<String> {
    serde_json::from_str(token).ok()
}

/// What stands before an item of the innermost container.
fn next_item(out: &mut String, open: &[&str]) {
    match open.last() {
        Some(&"{") => new_line(out, open),
        Some(_) | None => out.push(' '),
    }
}

/// Lists make no step.
fn new_line(out: &mut String, open: &[&str]) {
    out.push('\n');
    open.iter().filter(|container| **container == "{").for_each(|_| out.push_str("  "));
}

/// The tokens of a JSON text (RFC 8259 section 2), each as it is written.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start_matches([' ', '\t', '\n', '\r']);
        let length = match rest.bytes().next()? {
            b'{' | b'}' | b'[' | b']' | b':' | b',' => 1,
            b'"' => string(rest),
            _ => rest.find(|c: char| " \t\n\r{}[]:,\"".contains(c)).unwrap_or(rest.len()),
        };
        let (token, rest) = rest.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

/// The length of the string that `text` begins with, quotes included, in bytes.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            _ => escaped = byte == b'\\' && !escaped,
        }
    }
    text.len()
}

const PRINCIPALS: [&str; 2] = ["Principal", "NotPrincipal"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::default_key_policy;

    #[test]
    fn the_default_policy_is_laid_out_already() {
        let policy = default_key_policy("aws", "111122223333");
        assert_eq!(lay_out(&policy), policy);
        let compact: String = policy.replace(['\n'], "").replace("  ", "").replace(" : ", ":");
        assert_eq!(lay_out(&compact), policy);
    }

    #[test]
    fn only_the_space_between_tokens_changes() {
        let cases = [
            ("{}", "{ }"),
            (" [ ] ", "[ ]"),
            (r#"{"Statement":[]}"#, "{\n  \"Statement\" : [ ]\n}"),
            (r#"{"b":{},"a":1.50E+2,"b":-0}"#, "{\n  \"b\" : { },\n  \"a\" : 1.50E+2,\n  \"b\" : -0\n}"),
            (
                "{\"Statement\"\t:{\"Action\":[\"kms:*\" ,\"kms:Encrypt\"],\r\n\"x\":[[1,null],[true]]}}",
                "{\n  \"Statement\" : {\n    \"Action\" : [ \"kms:*\", \"kms:Encrypt\" ],\n    \"x\" : [ [ 1, null ], [ true ] ]\n  }\n}",
            ),
            (
                r#"{"Statement":[{"a":{"b":"c"}},{}, {"d":1}]}"#,
                "{\n  \"Statement\" : [ {\n    \"a\" : {\n      \"b\" : \"c\"\n    }\n  }, { }, {\n    \"d\" : 1\n  } ]\n}",
            ),
            (
                r#"{"a, \"b\" : {[":"\\","\u0041\/":"é  \\\" } ]"}"#,
                "{\n  \"a, \\\"b\\\" : {[\" : \"\\\\\",\n  \"\\u0041\\/\" : \"é  \\\\\\\" } ]\"\n}",
            ),
        ];
        for (given, laid_out) in cases {
            assert_eq!(lay_out(given), laid_out, "{given}");
            assert_eq!(lay_out(laid_out), laid_out, "laid out again it stays");
            let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
            assert_eq!(same(given), same(laid_out));
        }
    }

    #[test]
    fn principals_are_called_by_other_names_and_nothing_else_is() {
        let other = |text: &str| (text == "a" || text == "\"").then(|| format!("{text}!"));
        for (given, laid_out) in [
            (r#"{"Principal":"a"}"#, "{\n  \"Principal\" : \"a!\"\n}"),
            (
                r#"{"Principal":{"a":"a"},"Sid":"a"}"#,
                "{\n  \"Principal\" : {\n    \"a\" : \"a!\"\n  },\n  \"Sid\" : \"a\"\n}",
            ),
            (
                r#"{"NotPrincipal":{"AWS":["b","\u0061","\""],"a":[]},"a":"a"}"#,
                "{\n  \"NotPrincipal\" : {\n    \"AWS\" : [ \"b\", \"a!\", \"\\\"!\" ],\n    \"a\" : [ ]\n  },\n  \"a\" : \"a\"\n}",
            ),
            (
                r#"[{"Princip\u0061l":{"AWS":"a"}},{"Action":"a"}]"#,
                "[ {\n  \"Princip\\u0061l\" : {\n    \"AWS\" : \"a!\"\n  }\n}, {\n  \"Action\" : \"a\"\n} ]",
            ),
            (r#"{"Action":"Principal","Sid":"a"}"#, "{\n  \"Action\" : \"Principal\",\n  \"Sid\" : \"a\"\n}"),
        ] {
            let told = lay_out_with(given, &other);
            assert_eq!(told, laid_out, "{given}");
        }
    }

    #[test]
    fn what_is_no_json_harms_nothing() {
        for text in ["", "\"", "\"\\", "{", "[", "}", "]]", ",", "{\"a\":", "\u{e9}{", "[}", "a\"b\"c"] {
            let tokens: Vec<&str> = Tokens(text).collect();
            assert_eq!(Tokens(&lay_out(text)).collect::<Vec<_>>(), tokens, "{text}");
        }
    }
}
