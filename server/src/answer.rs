//! What the door says: a status, a body, and the headers that every answer of AWS KMS was recorded with.
//! Which answer it is was decided before.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, EXPIRES, HeaderName, HeaderValue, PRAGMA,
    X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Response, StatusCode};
use wire::Fault;

/// One answer, before it is given its request id.
pub(crate) struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: Vec<u8>,
    headers: Vec<(HeaderName, HeaderValue)>,
    error: Option<&'static str>,
    operation: Option<&'static str>,
    closes: bool,
    is_lost: bool,
}

impl Answer {
    /// What an operation answered: its output, or nothing at all.
    pub(crate) fn output(body: Vec<u8>) -> Answer {
        Answer {
            status: StatusCode::OK,
            content_type: AMZ_JSON,
            body,
            headers: Vec::new(),
            error: None,
            operation: None,
            closes: false,
            is_lost: false,
        }
    }

    /// A fault, in its own status.
    pub(crate) fn fault(fault: &Fault) -> Answer {
        let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Answer { status, error: Some(fault.name), ..Answer::output(fault.body()) }
    }

    /// What the Query protocol answers.
    pub(crate) fn xml(body: Vec<u8>) -> Answer {
        Answer { content_type: XML, ..Answer::output(body) }
    }

    /// A fault in the Query protocol's names and form.
    pub(crate) fn xml_fault(fault: Fault, request_id: &str) -> Answer {
        let fault = wire::query::fault(fault);
        Answer { content_type: XML, body: wire::xml::error(&fault, request_id), ..Answer::fault(&fault) }
    }

    /// For a person's eyes, or a probe's.
    pub(crate) fn text(status: StatusCode, content_type: &'static str, body: String) -> Answer {
        let headers = vec![
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
        ];
        Answer { status, content_type, headers, ..Answer::output(body.into_bytes()) }
    }

    /// The same answer, with more headers.
    pub(crate) fn with(mut self, headers: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> Answer {
        self.headers.extend(headers);
        self
    }

    /// The same answer, after which the connection is closed.
    pub(crate) fn and_close(self) -> Answer {
        Answer { closes: true, ..self }
    }

    /// The same answer, which nobody will read.
    pub(crate) fn and_lost(self) -> Answer {
        Answer { is_lost: true, ..self }
    }

    /// Whether nobody will read it.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The same answer, to an operation that only the body named.
    pub(crate) fn to(self, operation: &'static str) -> Answer {
        Answer { operation: Some(operation), ..self }
    }

    /// The operation that the body named.
    pub(crate) fn operation(&self) -> Option<&'static str> {
        self.operation
    }

    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The fault's name, if it is one.
    pub(crate) fn error(&self) -> Option<&'static str> {
        self.error
    }

    /// The answer as it goes out. `Content-Length` and `Date` are the HTTP library's.
    pub(crate) fn into_response(self, request_id: &str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.body)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        for (name, value) in RECORDED {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        headers.extend(self.headers);
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// There is an answer, and it does not go out: the connection is closed in its place.
#[derive(Debug)]
pub(crate) struct Lost;

impl std::fmt::Display for Lost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an answer was lost, as it was planned")
    }
}

impl std::error::Error for Lost {}

/// The name under which the answer, the log and the audit record have one id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The content type of every answer of the API, faults included.
pub(crate) const AMZ_JSON: &str = "application/x-amz-json-1.1";

/// The content type of the Query protocol's answers.
const XML: &str = "text/xml";

/// On every answer of AWS KMS, success and error alike, as recorded in March 2026.
pub(crate) const RECORDED: [(HeaderName, &str); 3] =
    [(CACHE_CONTROL, "no-cache, no-store, must-revalidate, private"), (EXPIRES, "0"), (PRAGMA, "no-cache")];
