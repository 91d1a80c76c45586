//! Which web pages may call: none, unless `--cors` names their origin. It does not ask who is signed in.
//!
//! A browser sends `Origin` with every request that a page of another origin makes and could hurt by, and a page
//! whose name was made to resolve to 127.0.0.1 still sends its own. So the header decides, and never the Host.
//! <https://fetch.spec.whatwg.org/#origin-header>

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue, ORIGIN};

/// Where a request comes from, as far as browsers say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// From no page of another origin: SDKs, tools, an address that somebody typed.
    None,
    /// From a page whose origin `--cors` names.
    Named(HeaderValue),
    /// From any other page.
    Foreign,
}

impl Page {
    /// Reads `Origin`, against the origins that `--cors` names.
    pub(crate) fn of(headers: &HeaderMap, cors: &[String]) -> Page {
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Page::None,
            (Some(origin), None) if is_named(origin, cors) => Page::Named(origin.clone()),
            (Some(_), _) => Page::Foreign,
        }
    }

    /// What the browser must read before it shows the page its answer.
    pub(crate) fn grants(&self) -> Vec<(HeaderName, HeaderValue)> {
        match self {
            Page::None | Page::Foreign => Vec::new(),
            Page::Named(origin) => vec![
                (HeaderName::from_static("access-control-allow-origin"), origin.clone()),
                (
                    HeaderName::from_static("access-control-expose-headers"),
                    HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"),
                ),
                (HeaderName::from_static("vary"), HeaderValue::from_static("Origin")),
            ],
        }
    }
}

/// Whether a control endpoint must be silent: to every page but one of its own, whatever `--cors` names.
pub(crate) fn is_from_a_page(headers: &HeaderMap) -> bool {
    let elsewhere = |site: &HeaderValue| !matches!(site.as_bytes(), b"same-origin" | b"none");
    headers.contains_key(ORIGIN) || headers.get_all("sec-fetch-site").iter().any(elsewhere)
}

/// What a preflight of a named page is granted: the method and the headers it asks for.
pub(crate) fn preflight(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let asked = headers.get("access-control-request-headers").cloned();
    vec![
        (HeaderName::from_static("access-control-allow-methods"), HeaderValue::from_static("GET, POST, OPTIONS")),
        (
            HeaderName::from_static("access-control-allow-headers"),
            asked.unwrap_or(HeaderValue::from_static(SIGNED_HEADERS)),
        ),
        (HeaderName::from_static("access-control-max-age"), HeaderValue::from_static("172800")),
    ]
}

/// `null` is the origin of every sandboxed frame of any page, so it can be meant by `*` alone.
fn is_named(origin: &HeaderValue, cors: &[String]) -> bool {
    let is_origin = |named: &String| named == "*" || (named.as_bytes() == origin.as_bytes() && named != "null");
    cors.iter().any(is_origin)
}

const SIGNED_HEADERS: &str = "authorization,content-type,x-amz-date,x-amz-target,x-amz-security-token,\
    x-amz-user-agent,x-amz-content-sha256,amz-sdk-invocation-id,amz-sdk-request";

#[cfg(test)]
mod tests {
    use super::*;

    fn page(origins: &[&str], cors: &[&str]) -> Page {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(ORIGIN, HeaderValue::from_bytes(origin.as_bytes()).unwrap());
        }
        Page::of(&headers, &cors.iter().map(|named| (*named).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn only_an_origin_named_to_the_byte_may_call() {
        let app = "https://app.example";
        let refused: [(&[&str], &[&str]); 14] = [
            (&[app], &[]),
            (&[app], &["https://app.example:443"]),
            (&[app], &["http://app.example"]),
            (&[app], &["https://app.example/"]),
            (&[app], &["app.example"]),
            (&["https://app.example.evil.example"], &[app]),
            (&["https://evil.example/https://app.example"], &[app]),
            (&["https://APP.example"], &[app]),
            (&["null"], &[app]),
            (&["null"], &["null"]),
            (&[""], &[app]),
            (&["http://127.0.0.1:4599"], &[]),
            (&[app, app], &[app]),
            (&[app, app], &["*"]),
        ];
        for (origins, cors) in refused {
            assert_eq!(page(origins, cors), Page::Foreign, "{origins:?} under --cors {cors:?}");
        }
        for cors in [&[app][..], &["*"], &["https://other.example", app]] {
            assert_eq!(page(&[app], cors), Page::Named(HeaderValue::from_static(app)), "--cors {cors:?}");
        }
        assert_eq!(page(&["null"], &["*"]), Page::Named(HeaderValue::from_static("null")));
        assert_eq!(page(&[], &[]), Page::None);
    }
}
