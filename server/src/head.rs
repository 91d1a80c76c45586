//! A request's head, as it came: which kind of request it is, and what is refused before anybody is asked who they are.
//! It does not read what is asked, and knows no credential.

use hyper::http::Version;
use hyper::http::request::Parts;
use wire::Fault;
use wire::fault_names::SERIALIZATION_EXCEPTION;

use crate::limits::USER_AGENT_AT_MOST;

/// A head in the form `wire::sigv4` reads: the one copy that a request makes of its headers.
pub(crate) struct Head {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
}

impl Head {
    /// Copies what came, names in lower case, values as the bytes they were.
    pub(crate) fn of(parts: &Parts) -> Head {
        let copy = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            (name.as_str().to_owned(), value.as_bytes().to_vec())
        };
        Head {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.iter().map(copy).collect(),
        }
    }

    /// The same, as `wire` and `kms` take it.
    pub(crate) fn view(&self) -> wire::sigv4::Head<'_> {
        wire::sigv4::Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }
}

/// Refuses a head that two readers could read differently: a header doubled whose first or last could be meant, and
/// no host, or two (RFC 9112 sections 3.2 and 3.2.2).
pub(crate) fn refuse_ambiguous(parts: &Parts) -> Result<(), Fault> {
    if let Some(name) = ONCE_AT_MOST.iter().find(|name| parts.headers.get_all(**name).iter().count() > 1) {
        return Err(malformed(format!("The header {name} may be sent once only.")));
    }
    // Codings that were not undone would be taken for the body (RFC 9112 section 6.1 and 7.1): only one is.
    let codings: Vec<_> = parts.headers.get_all("transfer-encoding").iter().collect();
    if !matches!(codings[..], []) && !matches!(codings[..], [only] if only.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        return Err(malformed("The only transfer coding that is understood is chunked, once.".to_owned()));
    }
    let host = parts.headers.get("host").map(|host| host.as_bytes());
    if host.is_none() && parts.version == Version::HTTP_11 {
        return Err(malformed("The header host is missing.".to_owned()));
    }
    match parts.uri.authority() {
        Some(target) if host.is_some_and(|host| !host.eq_ignore_ascii_case(target.as_str().as_bytes())) => {
            Err(malformed("The request target names another host than the header host.".to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// What a request asks for, as far as its head says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What a target names, in JSON.
    Target(Target),
    /// A form of the Query protocol; what it asks for stands in its body.
    Form,
    /// Nothing that there is.
    Nothing,
}

/// What a target names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// An operation on keys.
    Operation(wire::Op),
    /// A verb of identities, by its name.
    Verb(&'static str),
}

impl Kind {
    /// By `X-Amz-Target`, sent exactly once; only a request without any can be a form. `curl -d` calls every body a
    /// form, so that word alone says nothing.
    pub(crate) fn of(parts: &Parts) -> Kind {
        let mut targets = parts.headers.get_all("x-amz-target").iter();
        match (targets.next(), targets.next()) {
            (Some(target), None) => target.to_str().ok().and_then(Target::read).map_or(Kind::Nothing, Kind::Target),
            (None, _) if is_form(parts) => Kind::Form,
            (None | Some(_), _) => Kind::Nothing,
        }
    }

    /// What the log calls it, where it has a name of its own.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Kind::Target(Target::Operation(operation)) => Some(operation.name()),
            Kind::Target(Target::Verb(verb)) => Some(verb),
            Kind::Form => Some("form"),
            Kind::Nothing => None,
        }
    }
}

impl Target {
    fn read(text: &str) -> Option<Target> {
        match text.split_once('.')? {
            ("TrentService", name) => wire::Op::from_name(name).map(Target::Operation),
            ("TrentIdentity", name) => kms::verb_named(name).map(Target::Verb),
            _ => None,
        }
    }
}

/// Whether the body is said to be a form.
fn is_form(parts: &Parts) -> bool {
    let said = parts.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Refuses a request that asks in two ways at once: by its target and, in a form, by an action. A JSON body begins
/// with a brace, which no form does that has a name to read.
pub(crate) fn refuse_two_questions(parts: &Parts, body: &[u8]) -> Result<(), Fault> {
    let is_json = body.trim_ascii_start().first().is_none_or(|byte| *byte == b'{');
    let is_action = |pair: &[u8]| pair.starts_with(b"Action=");
    if !is_json && is_form(parts) && body.split(|byte| *byte == b'&').any(is_action) {
        return Err(malformed("X-Amz-Target and Action ask for two things: send one of them.".to_owned()));
    }
    Ok(())
}

/// Refuses parameters of a form that stand in the URL, where they are not read.
pub(crate) fn refuse_parameters_in_url(parts: &Parts) -> Result<(), Fault> {
    match parts.uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Err(parameters_in_url()),
    }
}

/// What is told about them.
pub(crate) fn parameters_in_url() -> Fault {
    malformed("The parameters of a form are read from the body of a POST alone.".to_owned())
}

/// Whether the URL names an action, as the Query protocol's GET does.
pub(crate) fn names_action_in_url(parts: &Parts) -> bool {
    parts.uri.query().unwrap_or_default().split('&').any(|pair| pair.starts_with("Action="))
}

/// What the client calls itself, shortened, with anything that is no UTF-8 replaced.
pub(crate) fn user_agent(parts: &Parts) -> Option<String> {
    let value = parts.headers.get("user-agent")?.as_bytes();
    Some(String::from_utf8_lossy(&value[..value.len().min(USER_AGENT_AT_MOST)]).into_owned())
}

/// What is no valid HTTP request, in the form of AWS's own word for what does not parse.
pub(crate) fn malformed(message: String) -> Fault {
    Fault::client(SERIALIZATION_EXCEPTION, message)
}

/// X-Amz-Target is not among them: doubled, it names no operation, and that is its own answer.
const ONCE_AT_MOST: [&str; 5] = ["host", "authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"];
