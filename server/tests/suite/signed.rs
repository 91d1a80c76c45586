//! A signed request through the whole door, against the credentials that a first start wrote.

use std::path::Path;

use crypto::{SecretBytes, SigningKey, SystemRandom};
use kms::Mode;
use kms::home::{self, Home, Terms};
use server::{Clock, Config, Limits};
use wire::sigv4::{self, Head};

use crate::support::Running;

/// What a client has read from its credentials file.
pub struct Credentials {
    pub id: String,
    pub secret: SecretBytes,
}

/// A client's request, signed now, in parts that a case may exchange.
struct Sent {
    line: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Credentials {
    fn read(path: &Path) -> Credentials {
        let text = std::fs::read_to_string(path).unwrap();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name)).expect("the file has it");
            line.split_once('=').expect("a setting").1.trim().to_owned()
        };
        Credentials { id: value("aws_access_key_id"), secret: value("aws_secret_access_key").into_bytes().into() }
    }

    fn sign(&self, target: &str, body: &str) -> Sent {
        self.sign_for("kms", ("x-amz-target", &format!("TrentService.{target}")), body)
    }

    /// Signed for this service, with one header of its own.
    fn sign_for(&self, service: &str, own: (&str, &str), body: &str) -> Sent {
        let mut names = ["host", "x-amz-date", own.0];
        names.sort_unstable();
        let names = names.join(";");
        let date = sigv4::format_amz_date(Clock::start().wall().0);
        let authorization = |signature: &str| {
            let scope = format!("{}/{}/eu-west-1/{service}/aws4_request", self.id, &date[..8]);
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}")
        };
        let headers = |signature: &str| {
            [
                ("host", "localhost".to_owned()),
                ("x-amz-date", date.clone()),
                (own.0, own.1.to_owned()),
                ("authorization", authorization(signature)),
            ]
            .map(|(name, value)| (name.to_owned(), value.into_bytes()))
            .to_vec()
        };
        let unsigned = headers("0");
        let head = Head { method: "POST", path: "/", query: "", headers: &unsigned };
        let signed = sigv4::parse(&head).unwrap();
        let canonical = sigv4::canonical_request(&head, &signed, &hex::encode(crypto::sha256(body.as_bytes())));
        let text = sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)));
        let signature = SigningKey::derive(&self.secret, &date[..8], "eu-west-1", service).sign_hex(&text);
        Sent { line: "POST / HTTP/1.1".to_owned(), headers: headers(&signature), body: body.as_bytes().to_vec() }
    }
}

impl Sent {
    fn head(&self, more: &str) -> Vec<u8> {
        let mut bytes = format!("{}\r\n{more}", self.line).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        bytes.extend(b"\r\n");
        bytes
    }

    fn plain(&self) -> Vec<u8> {
        [self.head(&format!("Content-Length: {}\r\n", self.body.len())), self.body.clone()].concat()
    }

    fn chunked(&self) -> Vec<u8> {
        let mut bytes = self.head("Transfer-Encoding: chunked\r\n");
        for byte in &self.body {
            bytes.extend([b"1\r\n", std::slice::from_ref(byte), b"\r\n"].concat());
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    }
}

pub async fn first_start(directory: &Path) -> (Running, Credentials) {
    let home = Home { data: directory.join("data"), secrets: directory.join("secrets") };
    let terms =
        Terms { mode: Mode::Serve, create: true, account: None, region: "us-east-1".to_owned(), endpoint: None };
    let opened = home::open(&home, &terms, &SystemRandom, Clock::start().wall()).await;
    let opened = opened.unwrap_or_else(|refusal| panic!("the first start was refused: {refusal}"));
    let config = Config { mode: Mode::Serve, cors: Vec::new(), limits: Limits::default() };
    (Running::on(opened, config).await, Credentials::read(&home.credentials()))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_signed_is_answered_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let (serve, root) = first_start(directory.path()).await;
    let sent = || root.sign("ListKeys", "{\"Limit\":7}");
    for bytes in [sent().plain(), sent().chunked(), sent().plain()] {
        let answer = serve.ask(&bytes).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    type Spoil = fn(&mut Sent);
    let cases: [(&str, Spoil, &str); 8] = [
        ("another body", |sent| sent.body = b"{}".to_vec(), "InvalidSignatureException"),
        (
            "another operation",
            |sent| sent.headers[2].1 = b"TrentService.CreateKey".to_vec(),
            "InvalidSignatureException",
        ),
        ("another host", |sent| sent.headers[0].1 = b"evil.example".to_vec(), "InvalidSignatureException"),
        ("a query", |sent| sent.line = "POST /?x=1 HTTP/1.1".to_owned(), "InvalidSignatureException"),
        ("no signature", |sent| sent.headers.truncate(3), "MissingAuthenticationTokenException"),
        ("no operation", |sent| sent.headers[2].1 = b"TrentService.".to_vec(), "UnknownOperationException"),
        ("another key", |sent| sent.headers[3].1[29] ^= 1, "UnrecognizedClientException"),
        ("half a header", |sent| sent.headers[3].1.truncate(60), "IncompleteSignatureException"),
    ];
    for (what, spoil, expected) in cases {
        let mut spoiled = sent();
        spoil(&mut spoiled);
        let answer = serve.ask(&spoiled.plain()).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, expected), "{what}: {}", answer.body);
    }
}

/// Each kind of request is signed for its own service, and for no other.
#[tokio::test(flavor = "multi_thread")]
async fn a_signature_counts_for_one_kind_of_request() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let directory = tempfile::tempdir().unwrap();
    let (serve, root) = first_start(directory.path()).await;
    let who = "Action=GetCallerIdentity&Version=2011-06-15";
    for (own, body, service, refused_as) in [
        (("x-amz-target", "TrentService.ListKeys"), "{}", "kms", "InvalidSignatureException"),
        (("x-amz-target", "TrentIdentity.ListUsers"), "{}", "iam", "InvalidSignatureException"),
        (("content-type", FORM), who, "sts", "SignatureDoesNotMatch"),
    ] {
        for signed_for in ["kms", "iam", "sts", "s3"] {
            let answer = serve.ask(&root.sign_for(signed_for, own, body).plain()).await;
            if signed_for == service {
                assert_eq!(answer.status, 200, "{own:?}: {}", answer.body);
                continue;
            }
            let wrong = format!("Credential should be scoped to correct service: '{service}'. ");
            let said = answer.body.replace("&apos;", "'").replace("&#39;", "'");
            assert!(said.contains(&wrong) && said.contains(refused_as), "{own:?} for {signed_for}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_signed_to_the_last_byte() {
    let directory = tempfile::tempdir().unwrap();
    let (serve, root) = first_start(directory.path()).await;
    let who = "Action=GetCallerIdentity&Version=2011-06-15";
    let sent = || root.sign_for("sts", ("content-type", "application/x-www-form-urlencoded"), who);
    for bytes in [sent().plain(), sent().chunked()] {
        let answer = serve.ask(&bytes).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    type Spoil = fn(&mut Sent);
    let cases: [(Spoil, &str); 4] = [
        (|sent| sent.body.extend(b"&x=y"), "SignatureDoesNotMatch"),
        (|sent| sent.headers[0].1 = b"evil.example".to_vec(), "SignatureDoesNotMatch"),
        (|sent| sent.headers[3].1[29] ^= 1, "InvalidClientTokenId"),
        (|sent| sent.headers.truncate(3), "MissingAuthenticationToken"),
    ];
    for (spoil, code) in cases {
        let mut spoiled = sent();
        spoil(&mut spoiled);
        let answer = serve.ask(&spoiled.plain()).await;
        assert!(answer.status == 403 && answer.body.contains(&format!("<Code>{code}</Code>")), "{}", answer.body);
    }
    let audit = std::fs::read_dir(directory.path().join("data/audit")).unwrap();
    let records: String =
        audit.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default()).collect();
    for (code, times) in [("SignatureDoesNotMatch", 2), ("InvalidClientTokenId", 1), ("MissingAuthenticationToken", 1)]
    {
        let told = records.lines().filter(|record| record.contains(&format!("\"{code}\""))).count();
        assert_eq!(told, times, "{code} is not recorded as it was told: {records}");
    }
}
