//! Calls on keys, signed with a credentials file as any client signs them: what the program itself has no command for.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use crypto::{SecretBytes, SigningKey};
use serde_json::Value;
use server::Clock;
use wire::sigv4::{self, Head};

use crate::harness::{Running, credential};

/// Calls an operation on keys; tells the status and what was answered.
pub fn call(running: &Running, credentials: &Path, operation: &str, body: &Value) -> (u16, Value) {
    let (target, body) = (format!("TrentService.{operation}"), body.to_string());
    let date = sigv4::format_amz_date(Clock::start().wall().0);
    let headers = [("host", "localhost"), ("x-amz-date", &date), ("x-amz-target", &target)];
    let authorization = authorization(credentials, &headers, &date, body.as_bytes());
    let head: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    exchange(running, &format!("{head}authorization: {authorization}\r\n"), &body)
}

/// The same without a signature.
pub fn unsigned(running: &Running, operation: &str, body: &Value) -> (u16, Value) {
    exchange(running, &format!("host: localhost\r\nx-amz-target: TrentService.{operation}\r\n"), &body.to_string())
}

fn authorization(credentials: &Path, headers: &[(&str, &str)], date: &str, body: &[u8]) -> String {
    let id = credential(credentials, "aws_access_key_id").expect("the file has an id");
    let secret = credential(credentials, "aws_secret_access_key").expect("the file has a secret");
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    let signed = sigv4::Signed {
        access_key_id: &id,
        scope_date: &date[..8],
        region: "us-east-1",
        service: "kms",
        signed_headers: headers.iter().map(|(name, _)| name.as_str()).collect(),
        signature: "",
        amz_date: date,
        security_token: None,
        content_sha256: None,
    };
    let head = Head { method: "POST", path: "/", query: "", headers: &headers };
    let canonical = sigv4::canonical_request(&head, &signed, &hex::encode(crypto::sha256(body)));
    let text = sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)));
    let key = SigningKey::derive(&SecretBytes::from(secret.into_bytes()), &date[..8], "us-east-1", "kms");
    format!(
        "AWS4-HMAC-SHA256 Credential={id}/{}/us-east-1/kms/aws4_request, SignedHeaders={}, Signature={}",
        &date[..8],
        signed.signed_headers.join(";"),
        key.sign_hex(&text)
    )
}

fn exchange(running: &Running, head: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(("127.0.0.1", running.port())).unwrap();
    let length = body.len();
    write!(stream, "POST / HTTP/1.1\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, serde_json::from_str(body).unwrap_or_default())
}
