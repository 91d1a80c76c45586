//! A request's head, as it came: what may be said about it before anybody reads what it asks for.
//! It knows no operation and no credential.

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

/// The operation's name as `X-Amz-Target` has it: sent exactly once, and of this service.
pub(crate) fn operation(parts: &Parts) -> Option<wire::Op> {
    let mut targets = parts.headers.get_all("x-amz-target").iter();
    let (Some(target), None) = (targets.next(), targets.next()) else { return None };
    wire::Op::from_name(target.to_str().ok()?.strip_prefix("TrentService.")?)
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
