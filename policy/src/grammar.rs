//! The grammar of policy documents: which elements they have, of which kind each is, and which statement that makes.
//! What a statement means is not asked here.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::collections::BTreeSet;

use crate::condition::{Condition, NO_VENDOR};
use crate::decide::Effect;
use crate::document::{DocumentError, Kind};
use crate::json::Json;
use crate::operator::Operator;
use crate::principal::{Listed, NameError};
use crate::statement::{Principals, Scope, Statement};
use crate::text::{Case, Dialect, Pattern, Wildcards};

/// Reads a document's statements.
///
/// # Errors
/// [`DocumentError`]: the first thing that is wrong.
pub(crate) fn statements(document: &Json, kind: Kind) -> Result<Vec<Statement>, DocumentError> {
    let members = Members::of(document, "the policy", &["Version", "Id", "Statement"])?;
    let variables = match members.text("Version")? {
        None | Some("2008-10-17") => false,
        Some("2012-10-17") => true,
        Some(version) => return malformed(format!("the Version is 2012-10-17 or 2008-10-17, not {version}")),
    };
    if members.text("Id")?.is_some() && !names_principals(kind) {
        return malformed("only policies of resources have an Id");
    }
    let statements = items(members.required("Statement")?, "Statement")?;
    let dialect = Dialect { kind, variables };
    let statements = statements.iter().map(|json| statement(json, dialect)).collect::<Result<Vec<_>, _>>()?;
    let sids: Vec<_> = statements.iter().filter_map(|statement| statement.sid.as_deref()).collect();
    if kind != Kind::Key && sids.iter().collect::<BTreeSet<_>>().len() < sids.len() {
        return malformed("Statement IDs (SID) in a single policy must be unique.");
    }
    Ok(statements)
}

fn statement(json: &Json, dialect: Dialect) -> Result<Statement, DocumentError> {
    let members = Members::of(json, "a statement", &STATEMENT)?;
    let effect = match members.text("Effect")? {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        Some(effect) => return malformed(format!("an Effect is Allow or Deny, not {effect}")),
        None => return malformed("a statement has an Effect"),
    };
    Ok(Statement {
        sid: sid(&members, dialect.kind)?,
        effect,
        principals: principals(&members, effect, dialect.kind)?,
        actions: actions(&members, dialect)?,
        resources: resources(&members, dialect)?,
        conditions: members.get("Condition").map_or(Ok(Vec::new()), |json| conditions(json, dialect))?,
    })
}

fn sid(members: &Members<'_>, kind: Kind) -> Result<Option<String>, DocumentError> {
    let sid = members.text("Sid")?;
    match sid {
        Some(sid) if kind != Kind::Key && !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            malformed(STRANGE_SID)
        }
        Some(_) | None => Ok(sid.map(str::to_owned)),
    }
}

fn principals(members: &Members<'_>, effect: Effect, kind: Kind) -> Result<Principals, DocumentError> {
    let one = members.either("Principal", "NotPrincipal")?;
    match (names_principals(kind), one) {
        (false, None) => Ok(Principals::Holder),
        (false, Some(_)) => malformed("Policy document should not specify a principal."),
        (true, None) => malformed("a statement has exactly one of Principal and NotPrincipal"),
        (true, Some(Element::These(json))) => Ok(Principals::These(listed(json, kind)?)),
        (true, Some(Element::AllBut(json))) => match (kind, effect) {
            (Kind::Key, Effect::Deny) => Ok(Principals::AllBut(listed(json, kind)?)),
            (Kind::Key | Kind::Trust | Kind::Identity | Kind::Session, Effect::Allow | Effect::Deny) => {
                malformed("NotPrincipal is for a Deny in the policy of a key")
            }
        },
    }
}

fn listed(json: &Json, kind: Kind) -> Result<Vec<Listed>, DocumentError> {
    let kinds = match json {
        Json::Text(text) if text == "*" => return aws(text, kind).map(|everybody| vec![everybody]),
        Json::Object(kinds) if !kinds.is_empty() => kinds,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => {
            return malformed("a principal is \"*\" or an object such as { \"AWS\": ... }");
        }
    };
    let mut principals = Vec::new();
    for (name, json) in kinds {
        for text in texts(json, name)? {
            principals.push(match name.as_str() {
                "AWS" => aws(text, kind)?,
                "Service" | "Federated" | "CanonicalUser" if !text.is_empty() => Listed::elsewhere(text),
                _ => return malformed(format!("no principal is a {name} called {text}")),
            });
        }
    }
    Ok(principals)
}

fn aws(text: &str, kind: Kind) -> Result<Listed, DocumentError> {
    Listed::aws(text).map_err(|error| match (kind, error) {
        (Kind::Key, NameError::NoArn) => DocumentError::InvalidArn(format!("{text} is not a valid ARN.")),
        (Kind::Key, NameError::NoPrincipal) => DocumentError::Malformed(INVALID_PRINCIPALS.to_owned()),
        (Kind::Trust | Kind::Identity | Kind::Session, NameError::NoArn | NameError::NoPrincipal) => {
            DocumentError::Malformed(format!("Invalid principal in policy: \"AWS\":\"{text}\""))
        }
    })
}

fn actions(members: &Members<'_>, dialect: Dialect) -> Result<Scope, DocumentError> {
    let scope = scope(members, ["Action", "NotAction"], |text| action(text, dialect))?;
    match (scope, dialect.kind) {
        (Some(scope), Kind::Key | Kind::Trust | Kind::Identity | Kind::Session) => Ok(scope),
        (None, Kind::Key) => Ok(Scope::Nothing),
        (None, Kind::Trust | Kind::Identity | Kind::Session) => malformed("Policy statement must contain actions."),
    }
}

/// `*`, or `service:Name` with wildcards, without the letters of a variable. Actions have no case.
fn action(text: &str, dialect: Dialect) -> Result<Pattern, DocumentError> {
    let of = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "*?-".contains(c) || more.contains(c))
    };
    match text.split_once(':') {
        None if text != "*" => return malformed(NO_VENDOR),
        Some((service, name)) if !of(service, "") || !of(name, "_") => {
            return malformed(format!("no action is called {text}"));
        }
        Some(_) | None => {}
    }
    pattern(text, Case::Ascii, dialect)
}

fn resources(members: &Members<'_>, dialect: Dialect) -> Result<Scope, DocumentError> {
    let scope = scope(members, ["Resource", "NotResource"], |text| resource(text, dialect))?;
    match (scope, dialect.kind) {
        (Some(_), Kind::Trust) => malformed("Has prohibited field Resource"),
        (None, Kind::Trust) => Ok(Scope::Everything),
        (Some(scope), Kind::Key | Kind::Identity | Kind::Session) => Ok(scope),
        (None, Kind::Key) => Ok(Scope::Nothing),
        (None, Kind::Identity | Kind::Session) => malformed("Policy statement must contain resources."),
    }
}

/// A key policy keeps what else it is given, which is no ARN of a key.
fn resource(text: &str, dialect: Dialect) -> Result<Pattern, DocumentError> {
    let like_an_arn = text.starts_with("arn:") || text.starts_with(['*', '$']);
    if dialect.kind != Kind::Key && !like_an_arn {
        return malformed(format!("Resource {text} must be in ARN format or \"*\"."));
    }
    pattern(text, Case::Exact, dialect)
}

fn pattern(text: &str, case: Case, dialect: Dialect) -> Result<Pattern, DocumentError> {
    Pattern::read(text, Wildcards::Special, case, dialect).map_err(DocumentError::Malformed)
}

fn scope(
    members: &Members<'_>,
    names: [&'static str; 2],
    read: impl Fn(&str) -> Result<Pattern, DocumentError>,
) -> Result<Option<Scope>, DocumentError> {
    let [these, all_but] = names;
    let patterns = |json, name| texts(json, name)?.into_iter().map(&read).collect::<Result<Vec<_>, _>>();
    Ok(match members.either(these, all_but)? {
        Some(Element::These(json)) => Some(Scope::These(patterns(json, these)?)),
        Some(Element::AllBut(json)) => Some(Scope::AllBut(patterns(json, all_but)?)),
        None => None,
    })
}

fn conditions(json: &Json, dialect: Dialect) -> Result<Vec<Condition>, DocumentError> {
    let mut conditions = Vec::new();
    for (name, keys) in object(json, "a Condition")? {
        let operator = Operator::read(name)
            .ok_or_else(|| DocumentError::Malformed(format!("no condition operator is called {name}")))?;
        let keys = object(keys, name)?;
        if keys.is_empty() {
            return malformed(format!("{name} has no condition key"));
        }
        let mut names = BTreeSet::new();
        for (key, values) in keys {
            if !names.insert(key.to_lowercase()) {
                return malformed(format!("{key} stands twice in {name}, whose keys have no case"));
            }
            let values = items(values, key)?.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            let condition = Condition::read(operator, key, &values, dialect).map_err(DocumentError::Malformed)?;
            conditions.push(condition);
        }
    }
    Ok(conditions)
}

fn value(json: &Json) -> Result<&str, DocumentError> {
    match json {
        Json::Text(text) | Json::Number(text) => Ok(text),
        Json::Bool(true) => Ok("true"),
        Json::Bool(false) => Ok("false"),
        Json::Null | Json::List(_) | Json::Object(_) => {
            malformed(format!("a condition compares with texts, numbers and Booleans, not with {}", json.kind()))
        }
    }
}

/// The members of an object, all of which are known.
struct Members<'a>(&'a [(String, Json)]);

/// Which of two elements a statement has, one being the opposite of the other.
enum Element<'a> {
    These(&'a Json),
    AllBut(&'a Json),
}

impl<'a> Members<'a> {
    fn of(json: &'a Json, what: &str, known: &[&str]) -> Result<Members<'a>, DocumentError> {
        let members = object(json, what)?;
        match members.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => malformed(format!("{what} has no element {name}")),
            None => Ok(Members(members)),
        }
    }

    fn get(&self, name: &str) -> Option<&'a Json> {
        self.0.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    fn required(&self, name: &str) -> Result<&'a Json, DocumentError> {
        self.get(name).ok_or_else(|| DocumentError::Malformed(format!("the policy has no {name}")))
    }

    fn text(&self, name: &str) -> Result<Option<&'a str>, DocumentError> {
        match self.get(name) {
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(other) => malformed(format!("{name} is a text, not {}", other.kind())),
            None => Ok(None),
        }
    }

    fn either(&self, these: &str, all_but: &str) -> Result<Option<Element<'a>>, DocumentError> {
        match (self.get(these), self.get(all_but)) {
            (Some(_), Some(_)) => malformed(format!("a statement has exactly one of {these} and {all_but}")),
            (Some(json), None) => Ok(Some(Element::These(json))),
            (None, Some(json)) => Ok(Some(Element::AllBut(json))),
            (None, None) => Ok(None),
        }
    }
}

fn object<'a>(json: &'a Json, what: &str) -> Result<&'a [(String, Json)], DocumentError> {
    match json {
        Json::Object(members) => Ok(members),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
            malformed(format!("{what} is an object, not {}", json.kind()))
        }
    }
}

/// One, or a list of at least one.
fn items<'a>(json: &'a Json, what: &str) -> Result<&'a [Json], DocumentError> {
    match json {
        Json::List(items) if items.is_empty() => {
            malformed(format!("{what} is an empty list: it has at least one item"))
        }
        Json::List(items) => Ok(items),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
            Ok(std::slice::from_ref(json))
        }
    }
}

fn texts<'a>(json: &'a Json, what: &str) -> Result<Vec<&'a str>, DocumentError> {
    let text = |item: &'a Json| match item {
        Json::Text(text) => Ok(text.as_str()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
            malformed(format!("{what} is a text or a list of texts, without {}", item.kind()))
        }
    };
    items(json, what)?.iter().map(text).collect()
}

fn malformed<T>(why: impl Into<String>) -> Result<T, DocumentError> {
    Err(DocumentError::Malformed(why.into()))
}

/// Whether a document says of whom it speaks.
fn names_principals(kind: Kind) -> bool {
    match kind {
        Kind::Key | Kind::Trust => true,
        Kind::Identity | Kind::Session => false,
    }
}

const STATEMENT: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// AWS's sentences.
const STRANGE_SID: &str =
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
const INVALID_PRINCIPALS: &str = "Policy contains a statement with one or more invalid principals.";

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KINDS: [Kind; 4] = [Kind::Key, Kind::Trust, Kind::Identity, Kind::Session];
    const ACCOUNT: &str = r#"{"AWS":"arn:aws:iam::111122223333:root"}"#;

    /// A document of one statement as its kind has it, with `changes` instead of, or beside, its own members.
    fn document(kind: Kind, changes: &[(&str, Option<&str>)]) -> String {
        let mut members = BTreeMap::from([("Effect", "\"Allow\""), ("Action", "\"kms:*\"")]);
        if names_principals(kind) {
            members.insert("Principal", ACCOUNT);
        }
        if kind != Kind::Trust {
            members.insert("Resource", "\"*\"");
        }
        for (name, value) in changes {
            match value {
                Some(value) => members.insert(name, value),
                None => members.remove(name),
            };
        }
        let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!(r#"{{"Version":"2012-10-17","Statement":[{{{}}}]}}"#, members.join(","))
    }

    fn read(text: &str, kind: Kind) -> Result<Vec<Statement>, DocumentError> {
        statements(&Json::read(text).map_err(DocumentError::Malformed)?, kind)
    }

    fn passes(what: &str, text: &str, kind: Kind) {
        assert_eq!(read(text, kind).err(), None, "{what}, {kind:?}: {text}");
    }

    #[track_caller]
    fn refused(reason: &str, text: &str, kind: Kind) {
        let told = read(text, kind).err();
        let says = matches!(&told, Some(DocumentError::Malformed(told)) if told.contains(reason));
        assert!(says, "{reason}, {kind:?}: {told:?} of {text}");
    }

    #[test]
    fn what_policies_may_say_passes() {
        for kind in KINDS {
            let plain = document(kind, &[]);
            passes("as AWS writes it", &plain, kind);
            passes("no list", &plain.replace("[{", "{").replace("}]", "}"), kind);
            passes("no version", &plain.replace("\"Version\":\"2012-10-17\",", ""), kind);
            passes("the old version", &plain.replace("2012-10-17", "2008-10-17"), kind);
            passes("a Sid", &document(kind, &[("Sid", Some("\"AllowAll1\""))]), kind);
            passes("an empty Sid", &document(kind, &[("Sid", Some("\"\""))]), kind);
            passes("all actions", &document(kind, &[("Action", Some("\"*\""))]), kind);
            passes("actions", &document(kind, &[("Action", Some(r#"["kms:?ncrypt","s3:*","iam:A_b-1"]"#))]), kind);
            passes("the others", &document(kind, &[("Action", None), ("NotAction", Some("\"kms:Get*\""))]), kind);
            passes("no conditions", &document(kind, &[("Condition", Some("{}"))]), kind);
            passes(
                "conditions of every form",
                &document(
                    kind,
                    &[(
                        "Condition",
                        Some(
                            r#"{"StringEqualsIfExists":{"a:k":"v","a:l":true},"ForAllValues:StringLike":{"a:k":["a","b"]},
                            "ForAnyValue:StringEqualsIfExists":{"a:k":"v"},"Bool":{"a:k":true},"Null":{"a:k":"false"},
                            "NumericLessThan":{"a:k":7,"a:l":[1.5,-2,"3"]},"DateEquals":{"a:k":1700000000}}"#,
                        ),
                    )],
                ),
                kind,
            );
        }
    }

    #[test]
    fn what_only_some_kinds_may_say() {
        let twice = |kind| document(kind, &[("Sid", Some("\"a\""))]).replace("}]", "},STATEMENT]");
        let doubled = |kind| {
            let one = document(kind, &[("Sid", Some("\"a\""))]);
            let statement = one.split_once('[').and_then(|(_, rest)| rest.rsplit_once(']')).expect("a list").0;
            twice(kind).replace("STATEMENT", statement)
        };
        let id = |kind| document(kind, &[]).replace("{\"Version\"", "{\"Id\":\"key default 1\",\"Version\"");
        for (what, kinds, text) in [
            ("an Id", vec![Kind::Key, Kind::Trust], &id as &dyn Fn(Kind) -> String),
            ("a Sid of words", vec![Kind::Key], &|kind| document(kind, &[("Sid", Some("\"two words\""))])),
            ("a Sid twice", vec![Kind::Key], &doubled),
            ("no action", vec![Kind::Key], &|kind| document(kind, &[("Action", None)])),
            ("no resource", vec![Kind::Key, Kind::Trust], &|kind| document(kind, &[("Resource", None)])),
            ("a resource", vec![Kind::Key, Kind::Identity, Kind::Session], &|kind| {
                document(kind, &[("Resource", Some("[\"*\",\"arn:aws:kms:*:*:key/${aws:username}\",\"${a:b}\"]"))])
            }),
            ("other resources", vec![Kind::Key, Kind::Identity, Kind::Session], &|kind| {
                document(kind, &[("Resource", None), ("NotResource", Some("\"arn:aws:kms:*:*:key/a\""))])
            }),
            ("a resource that is no ARN", vec![Kind::Key], &|kind| document(kind, &[("Resource", Some("\"key/a\""))])),
            ("a principal", vec![Kind::Key, Kind::Trust], &|kind| document(kind, &[("Principal", Some("\"*\""))])),
            ("no principal", vec![Kind::Identity, Kind::Session], &|kind| document(kind, &[("Principal", None)])),
            ("principals of every kind", vec![Kind::Key, Kind::Trust], &|kind| {
                let all = r#"{"AWS":["*","111122223333","AIDAANN","arn:aws:iam::111122223333:user/ann"],
                    "Service":["a.amazonaws.com"],"Federated":"accounts.google.com","CanonicalUser":"79a5"}"#;
                document(kind, &[("Principal", Some(all))])
            }),
            ("a Deny for other principals", vec![Kind::Key], &|kind| {
                let changes = [
                    ("Effect", Some("\"Deny\"")),
                    ("Principal", None),
                    ("NotPrincipal", Some(r#"{"AWS":"111122223333"}"#)),
                ];
                document(kind, &changes)
            }),
            ("an Allow for other principals", vec![], &|kind| {
                document(kind, &[("Principal", None), ("NotPrincipal", Some(r#"{"AWS":"111122223333"}"#))])
            }),
        ] {
            for kind in KINDS {
                let text = text(kind);
                assert_eq!(read(&text, kind).err().is_none(), kinds.contains(&kind), "{what}, {kind:?}: {text}");
            }
        }
    }

    #[test]
    fn what_no_policy_may_say_is_refused_with_its_reason() {
        for kind in KINDS {
            let plain = document(kind, &[]);
            for (reason, changes) in [
                ("has an Effect", vec![("Effect", None)]),
                ("Allow or Deny, not allow", vec![("Effect", Some("\"allow\""))]),
                ("Effect is a text, not a list", vec![("Effect", Some("[\"Allow\"]"))]),
                ("no element Effects", vec![("Effects", Some("\"Allow\""))]),
                ("no element action", vec![("action", Some("\"kms:*\""))]),
                ("exactly one of Action", vec![("NotAction", Some("\"kms:*\""))]),
                ("Sid is a text, not a number", vec![("Sid", Some("1"))]),
                ("Sid is a text, not null", vec![("Sid", Some("null"))]),
                ("text or a list of texts, without a number", vec![("Action", Some("1"))]),
                ("text or a list of texts, without null", vec![("Action", Some("null"))]),
                ("text or a list of texts, without a list", vec![("Action", Some("[[\"kms:*\"]]"))]),
                ("text or a list of texts, without an object", vec![("Action", Some("{}"))]),
                ("Action is an empty list", vec![("Action", Some("[]"))]),
                ("prefaced by a vendor", vec![("Action", Some("\"Encrypt\""))]),
                ("prefaced by a vendor", vec![("Action", Some("[\"kms:*\",\"\"]"))]),
                ("prefaced by a vendor", vec![("Action", Some("\"kms*\""))]),
                ("no action is called kms:", vec![("Action", Some("\"kms:\""))]),
                ("no action is called :Encrypt", vec![("Action", Some("\":Encrypt\""))]),
                ("no action is called kms:En crypt", vec![("Action", Some("\"kms:En crypt\""))]),
                ("no action is called kms:a:b", vec![("Action", Some("\"kms:a:b\""))]),
                ("no action is called kms:${a}", vec![("Action", Some("\"kms:${a}\""))]),
                ("no action is called k_s:a", vec![("Action", Some("\"k_s:a\""))]),
                ("a Condition is an object, not a list", vec![("Condition", Some("[]"))]),
                ("a Condition is an object, not null", vec![("Condition", Some("null"))]),
                ("no condition operator is called StringIs", vec![("Condition", Some(r#"{"StringIs":{"a:k":"v"}}"#))]),
                ("Bool is an object, not a Boolean", vec![("Condition", Some(r#"{"Bool":true}"#))]),
                ("Bool has no condition key", vec![("Condition", Some(r#"{"Bool":{}}"#))]),
                ("a:k is an empty list", vec![("Condition", Some(r#"{"Bool":{"a:k":[]}}"#))]),
                ("not with null", vec![("Condition", Some(r#"{"Bool":{"a:k":[null]}}"#))]),
                ("not with a list", vec![("Condition", Some(r#"{"Bool":{"a:k":[["true"]]}}"#))]),
                ("not with an object", vec![("Condition", Some(r#"{"Bool":{"a:k":{}}}"#))]),
                ("A:K stands twice in Bool", vec![("Condition", Some(r#"{"Bool":{"a:k":true,"A:K":true}}"#))]),
                ("stands twice in one object", vec![("Condition", Some(r#"{"Bool":{"a:k":true,"a:k":true}}"#))]),
                ("prefaced by a vendor", vec![("Condition", Some(r#"{"Bool":{"k":true}}"#))]),
                ("cannot compare with maybe", vec![("Condition", Some(r#"{"Bool":{"a:k":"maybe"}}"#))]),
            ] {
                refused(reason, &document(kind, &changes), kind);
            }
            refused("not 2013-10-17", &plain.replace("2012-10-17", "2013-10-17"), kind);
            refused("Version is a text, not a number", &plain.replace("\"2012-10-17\"", "2012"), kind);
            refused("no element Statements", &plain.replace("Statement", "Statements"), kind);
            refused("stands twice", &plain.replace("\"Effect\":", "\"Effect\":\"Deny\",\"Effect\":"), kind);
            refused("the policy has no Statement", "{}", kind);
            refused("the policy has no Statement", r#"{"Version":"2012-10-17"}"#, kind);
            refused("Statement is an empty list", r#"{"Statement":[]}"#, kind);
            refused("a statement is an object, not a number", r#"{"Statement":1}"#, kind);
            refused("a statement is an object, not a list", r#"{"Statement":[["Allow"]]}"#, kind);
            refused("the policy is an object, not null", "null", kind);
            refused("the policy is an object, not a list", "[]", kind);
            refused("the policy is an object, not a text", "\"*\"", kind);
        }
    }

    #[test]
    fn what_one_kind_may_not_say_is_refused_in_aws_s_words() {
        let text = |changes: &[_], kind| read(&document(kind, changes), kind).err().map(|error| error.to_string());
        for kind in [Kind::Identity, Kind::Session] {
            for (changes, words) in [
                (("Principal", Some("\"*\"")), "Policy document should not specify a principal."),
                (("NotPrincipal", Some("\"*\"")), "Policy document should not specify a principal."),
                (("Action", None), "Policy statement must contain actions."),
                (("Resource", None), "Policy statement must contain resources."),
                (("Resource", Some("\"key/a\"")), "Resource key/a must be in ARN format or \"*\"."),
                (("Sid", Some("\"a b\"")), STRANGE_SID),
            ] {
                assert_eq!(text(&[changes], kind).as_deref(), Some(words), "{changes:?}, {kind:?}");
            }
        }
        let trust = text(&[("Resource", Some("\"*\""))], Kind::Trust);
        assert_eq!(trust.as_deref(), Some("Has prohibited field Resource"));
        let ann = Some(r#"{"AWS":"ann"}"#);
        let trust = text(&[("Principal", ann)], Kind::Trust);
        assert_eq!(trust.as_deref(), Some("Invalid principal in policy: \"AWS\":\"ann\""));
        assert_eq!(text(&[("Principal", ann)], Kind::Key).as_deref(), Some(INVALID_PRINCIPALS));
    }

    #[test]
    fn principals_that_are_none_are_refused() {
        for (reason, principal) in [
            ("a principal is \"*\"", "\"arn:aws:iam::111122223333:root\""),
            ("a principal is \"*\"", "\"111122223333\""),
            ("a principal is \"*\"", "[\"*\"]"),
            ("a principal is \"*\"", "{}"),
            ("a principal is \"*\"", "null"),
            ("no principal is a aws", r#"{"aws":"111122223333"}"#),
            ("no principal is a *", r#"{"*":"*"}"#),
            ("no principal is a Service", r#"{"Service":""}"#),
            ("AWS is an empty list", r#"{"AWS":[]}"#),
            ("without a number", r#"{"AWS":111122223333}"#),
            ("invalid principals", r#"{"AWS":["*","ann"]}"#),
            ("invalid principals", r#"{"AWS":"arn:aws:iam::111122223333:user/*"}"#),
            ("stands twice", r#"{"AWS":"*","AWS":"*"}"#),
        ] {
            refused(reason, &document(Kind::Key, &[("Principal", Some(principal))]), Kind::Key);
            let denies = [("Effect", Some("\"Deny\"")), ("Principal", None), ("NotPrincipal", Some(principal))];
            refused(reason, &document(Kind::Key, &denies), Kind::Key);
        }
        refused("exactly one of Principal", &document(Kind::Key, &[("Principal", None)]), Kind::Key);
        refused("exactly one of Principal", &document(Kind::Key, &[("NotPrincipal", Some(ACCOUNT))]), Kind::Key);
        let no_arn = document(Kind::Key, &[("Principal", Some(r#"{"AWS":"arn:aws:iam::1:root"}"#))]);
        let told = DocumentError::InvalidArn("arn:aws:iam::1:root is not a valid ARN.".to_owned());
        assert_eq!(read(&no_arn, Kind::Key).err(), Some(told));
        let trust = document(Kind::Trust, &[("Principal", Some(r#"{"AWS":"arn:aws:iam::1:root"}"#))]);
        refused("Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:root\"", &trust, Kind::Trust);
    }

    #[test]
    fn depth_and_length_are_borne() {
        for nested in ["[", "{\"a\":"] {
            let deep = nested.repeat(10_000);
            for text in [deep.clone(), document(Kind::Key, &[("Condition", Some(&deep))])] {
                assert!(read(&text, Kind::Key).is_err());
            }
        }
        let many = format!("[{}\"kms:*\"]", "\"kms:?*a*\",".repeat(3_000));
        passes("3,000 actions", &document(Kind::Key, &[("Action", Some(&many))]), Kind::Key);
    }
}
