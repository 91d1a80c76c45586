//! One signed call to a running Trent, and its answer: Signature Version 4 over HTTP/1.1, as any AWS client makes it.
//! What is asked, and what the answer means, is the caller's business.

use std::fmt;
use std::time::Duration;

use crypto::{SecretBytes, SigningKey};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use server::Clock;
use tokio::net::TcpStream;
use wire::sigv4::{self, Head};

use crate::credentials::{self, Credentials};
use crate::options;

/// Where a Trent listens: `http://host:port`, and nothing behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    host: String,
    port: u16,
    authority: String,
}

impl Endpoint {
    /// Reads a URL as it is typed, or as a credentials file has it.
    ///
    /// # Errors
    /// A sentence that says what it should be.
    pub(crate) fn parse(text: &str) -> Result<Endpoint, String> {
        let wrong = || "an endpoint is http://, a host and a port, as in http://127.0.0.1:4599".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        if uri.scheme_str() == Some("https") {
            return Err("TLS is still to come: an endpoint begins with http://".to_owned());
        }
        let authority = uri.authority().ok_or_else(wrong)?;
        let is_bare = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
        if uri.scheme_str() != Some("http") || !is_bare {
            return Err(wrong());
        }
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        Ok(Endpoint { host, port: authority.port_u16().unwrap_or(80), authority: authority.as_str().to_owned() })
    }

    /// Where Trent listens unless somebody says otherwise.
    pub(crate) fn usual() -> Endpoint {
        let (host, port) = ("127.0.0.1".to_owned(), options::PORT);
        Endpoint { authority: format!("{host}:{port}"), host, port }
    }

    /// Whether what is sent there stays on this machine.
    pub(crate) fn is_local(&self) -> bool {
        let is_loopback = |ip: std::net::IpAddr| ip.to_canonical().is_loopback();
        self.host == "localhost" || self.host.parse().is_ok_and(is_loopback)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.authority)
    }
}

/// Who asks, and whom.
pub(crate) struct Client {
    pub(crate) endpoint: Endpoint,
    pub(crate) credentials: Credentials,
    pub(crate) region: String,
}

/// Why there is no answer to work with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nobody listens there, or the connection broke.
    Unreachable {
        /// Where it was tried.
        endpoint: String,
        /// The system's words.
        why: String,
    },
    /// What answered is no Trent, or not one that has this verb.
    Strange {
        /// Where it was.
        endpoint: String,
        /// Its HTTP status.
        status: u16,
    },
    /// The server refused, in its own words.
    Refused {
        /// The error's name.
        name: String,
        /// Its sentence; some errors have none.
        message: Option<String>,
        /// Where the credentials came from.
        credentials: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Unreachable { endpoint, why } => {
                write!(f, "no answer from {endpoint}: {why}; start `trent serve`, or name another --endpoint-url")
            }
            Failure::Strange { endpoint, status } => {
                write!(f, "{endpoint} answered with status {status}, not as Trent does: name another --endpoint-url")
            }
            Failure::Refused { name, message, credentials } => {
                let message = message.as_deref().unwrap_or("the server refused").trim_end_matches(['.', ' ']);
                write!(f, "{message} ({name}){}", what_next(name, credentials))
            }
        }
    }
}

/// What helps against an error that concerns who asks; the others say it themselves.
fn what_next(name: &str, credentials: &str) -> String {
    match name {
        "AccessDeniedException" | "AccessDenied" => format!(
            "; the credentials of {credentials} may not do this: allow it in an identity policy, or use those of the \
             account's root"
        ),
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch" => format!(
            "; the credentials are those of {credentials}: name others with --credentials-file or --profile, and look \
             whether this machine's clock is right"
        ),
        "ExpiredTokenException" | "ExpiredToken" => {
            format!("; the credentials of {credentials} have expired: ask for new ones")
        }
        "UnknownOperationException" => "; the server may be of an older version than this program".to_owned(),
        _ => String::new(),
    }
}

impl Client {
    /// Asks for one verb of identities, with a JSON body.
    ///
    /// # Errors
    /// [`Failure`]: nobody there, a stranger, or a refusal.
    pub(crate) async fn ask(&self, verb: &str, body: &[u8]) -> Result<SecretBytes, Failure> {
        let request = self.signed(&[("content-type", AMZ_JSON), ("x-amz-target", &target(verb))], IAM, body);
        match self.exchanged(request).await? {
            (200, answer) => Ok(answer),
            (status, answer) => Err(self.refusal(status, answer.expose())),
        }
    }

    /// The account that these credentials are of: STS's GetCallerIdentity, which everybody may ask for.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub(crate) async fn account(&self) -> Result<String, Failure> {
        let request = self.signed(&[("content-type", FORM)], STS, WHO_AM_I);
        let (status, answer) = self.exchanged(request).await?;
        let text = String::from_utf8_lossy(answer.expose());
        match between(&text, "<Account>", "</Account>") {
            Some(account) if status == 200 => Ok(account),
            Some(_) | None => Err(match between(&text, "<Code>", "</Code>") {
                Some(name) => self.refused(name, between(&text, "<Message>", "</Message>")),
                None => self.strange(status),
            }),
        }
    }

    /// A credentials file for the same server.
    pub(crate) fn credentials_file(&self, access_key_id: &str, secret: &SecretBytes) -> SecretBytes {
        credentials::text(access_key_id, secret, &self.region, Some(&self.endpoint.to_string()))
    }

    async fn exchanged(&self, request: Request<Full<Bytes>>) -> Result<(u16, SecretBytes), Failure> {
        match tokio::time::timeout(ANSWER_TIMEOUT, self.exchange(request)).await {
            Ok(exchanged) => exchanged.map_err(|why| self.unreachable(why)),
            Err(_) => Err(self.unreachable("it took longer than a minute".to_owned())),
        }
    }

    fn unreachable(&self, why: String) -> Failure {
        Failure::Unreachable { endpoint: self.endpoint.to_string(), why }
    }

    fn refusal(&self, status: u16, body: &[u8]) -> Failure {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        match text("__type") {
            Some(name) => self.refused(name, text("message").or_else(|| text("Message"))),
            None => self.strange(status),
        }
    }

    fn refused(&self, name: String, message: Option<String>) -> Failure {
        // A terminal obeys control characters, and a sentence is one line.
        let plain = |text: String| text.replace(char::is_control, " ");
        Failure::Refused {
            name: plain(name),
            message: message.map(plain),
            credentials: self.credentials.source.clone(),
        }
    }

    fn strange(&self, status: u16) -> Failure {
        Failure::Strange { endpoint: self.endpoint.to_string(), status }
    }

    /// A request with these headers, and its signature over everything it has.
    fn signed(&self, headers: &[(&str, &str)], service: &str, body: &[u8]) -> Request<Full<Bytes>> {
        let date = sigv4::format_amz_date(Clock::start().wall().0);
        let own = [("host", self.endpoint.authority.as_str()), ("x-amz-date", &date)];
        let token = self.credentials.session_token.as_deref().map(|token| ("x-amz-security-token", token));
        let mut headers: Vec<_> = (headers.iter().chain(&own).copied().chain(token))
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .collect();
        headers.sort();
        let authorization = self.authorization(&headers, &date, service, body);
        headers.push(("authorization".to_owned(), authorization.into_bytes()));
        headers.push(("user-agent".to_owned(), USER_AGENT.as_bytes().to_vec()));
        let mut request = Request::post("/");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.body(Full::new(Bytes::copy_from_slice(body))).expect("names and values were checked where they came in")
    }

    /// The header that says who signed what: of all headers there are, each in its order.
    fn authorization(&self, headers: &[(String, Vec<u8>)], date: &str, service: &str, body: &[u8]) -> String {
        let Credentials { access_key_id, secret, .. } = &self.credentials;
        let day = &date[..DAY];
        let signed = sigv4::Signed {
            access_key_id,
            scope_date: day,
            region: &self.region,
            service,
            signed_headers: headers.iter().map(|(name, _)| name.as_str()).collect(),
            signature: "",
            amz_date: date,
            security_token: None,
            content_sha256: None,
        };
        let head = Head { method: "POST", path: "/", query: "", headers };
        let canonical = sigv4::canonical_request(&head, &signed, &hex::encode(crypto::sha256(body)));
        let text = sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)));
        let signature = SigningKey::derive(secret, day, &self.region, service).sign_hex(&text);
        format!(
            "AWS4-HMAC-SHA256 Credential={access_key_id}/{day}/{}/{service}/aws4_request, SignedHeaders={}, \
             Signature={signature}",
            self.region,
            signed.signed_headers.join(";")
        )
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<(u16, SecretBytes), String> {
        let stream = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port));
        let stream = tokio::time::timeout(CONNECT_TIMEOUT, stream)
            .await
            .map_err(|_| "nobody answers there".to_owned())?
            .map_err(|error| error.to_string())?;
        let broken = |error: hyper::Error| format!("the connection broke: {error}");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // It ends with the sender; what goes wrong there, the request is told as well.
        tokio::spawn(connection);
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_AT_MOST).collect().await;
        let body = body.map_err(|error| format!("its answer broke off: {error}"))?.to_bytes();
        Ok((status, SecretBytes::from(body.to_vec())))
    }
}

fn target(verb: &str) -> String {
    format!("TrentIdentity.{verb}")
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found.to_owned())
}

const AMZ_JSON: &str = "application/x-amz-json-1.1";
const FORM: &str = "application/x-www-form-urlencoded";
const WHO_AM_I: &[u8] = b"Action=GetCallerIdentity&Version=2011-06-15";

/// The services that a credential is scoped to.
const IAM: &str = "iam";
const STS: &str = "sts";

const USER_AGENT: &str = concat!("trent/", env!("CARGO_PKG_VERSION"));

/// The bytes of `20260901` in `20260901T120000Z`.
const DAY: usize = 8;

/// A machine that is not there says nothing at all.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A verb takes milliseconds; a disk may take its time.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// An answer, in bytes: a page of a list is far below 1 MiB.
const ANSWER_AT_MOST: usize = 8 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_and_a_port() {
        for (text, host, port, local) in [
            ("http://127.0.0.1:4599", "127.0.0.1", 4599, true),
            ("http://localhost:4599/", "localhost", 4599, true),
            ("http://[::1]:4599", "::1", 4599, true),
            ("http://kms.example", "kms.example", 80, false),
            ("http://192.0.2.1:80", "192.0.2.1", 80, false),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.host.as_str(), endpoint.port, endpoint.is_local()), (host, port, local), "{text}");
        }
        for text in [
            "",
            "4599",
            "127.0.0.1:4599",
            "ftp://h",
            "http://",
            "http://h/x",
            "http://h/?x",
            "http://a:b@h",
            "http://h h",
        ] {
            assert!(Endpoint::parse(text).unwrap_err().contains("http://127.0.0.1:4599"), "{text}");
        }
        assert!(Endpoint::parse("https://127.0.0.1:4599").unwrap_err().contains("TLS"));
    }

    /// The server's own reader and arithmetic accept what is sent, and the signature covers every `x-amz-` header.
    #[test]
    fn a_request_is_signed_as_the_server_reads_it() {
        let secret = || SecretBytes::from(b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_vec());
        for session_token in [None, Some("token==".to_owned())] {
            let credentials = Credentials {
                access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                secret: secret(),
                session_token: session_token.clone(),
                source: "a test".to_owned(),
            };
            let endpoint = Endpoint::parse("http://127.0.0.1:4599").unwrap();
            let client = Client { endpoint, credentials, region: "eu-west-1".to_owned() };
            let request =
                client.signed(&[("x-amz-target", "TrentIdentity.ListUsers"), ("content-type", AMZ_JSON)], IAM, b"{}");
            let headers: Vec<_> = (request.headers().iter())
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect();
            let head = Head { method: "POST", path: "/", query: "", headers: &headers };
            let signed = sigv4::parse(&head).unwrap();
            assert_eq!((signed.region, signed.service), ("eu-west-1", "iam"));
            assert_eq!(signed.security_token, session_token.as_deref());
            let canonical = sigv4::canonical_request(&head, &signed, &hex::encode(crypto::sha256(b"{}")));
            let text = sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)));
            let key = SigningKey::derive(&secret(), signed.scope_date, "eu-west-1", "iam");
            assert!(key.verify(&text, signed.signature), "the signature is not the request's");
        }
    }

    #[test]
    fn what_a_server_says_moves_no_cursor() {
        let source = "a test".to_owned();
        let secret = SecretBytes::from(b"s".to_vec());
        let credentials = Credentials { access_key_id: "A".to_owned(), secret, session_token: None, source };
        let client = Client { endpoint: Endpoint::usual(), credentials, region: "us-east-1".to_owned() };
        let said = client.refusal(400, br#"{"__type":"A\u001bB","message":"first\nsecond\u001b[2J"}"#).to_string();
        assert_eq!(said, "first second [2J (A B)");
        assert_eq!(
            client.refusal(502, b"<html>"),
            Failure::Strange { endpoint: Endpoint::usual().to_string(), status: 502 }
        );
    }

    #[test]
    fn a_failure_says_what_to_do_next() {
        let refused = |name: &str| Failure::Refused {
            name: name.to_owned(),
            message: Some("No.".to_owned()),
            credentials: "trent-secrets/credentials".to_owned(),
        };
        for (failure, words) in [
            (Failure::Unreachable { endpoint: "http://h".into(), why: "refused".into() }, "start `trent serve`"),
            (Failure::Strange { endpoint: "http://h".into(), status: 502 }, "status 502"),
            (
                refused("AccessDeniedException"),
                "No (AccessDeniedException); the credentials of trent-secrets/credentials",
            ),
            (refused("InvalidSignatureException"), "--profile"),
            (refused("ExpiredTokenException"), "have expired"),
            (refused("NoSuchEntityException"), "No (NoSuchEntityException)"),
        ] {
            let said = failure.to_string();
            assert!(said.contains(words) && !said.contains('\n'), "{said}");
        }
    }
}
