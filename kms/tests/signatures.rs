//! Does a signature count for exactly the request that it was made for? Requests as clients send them, thousands of
//! changes to each, and every one is refused in AWS's words; the few changes that leave a request what it was are
//! listed, and it stays believed. How signatures are computed is compared with others' in `conformance/signatures`.

mod common;

use std::collections::BTreeMap;

use common::identities::{Keys, allow};
use common::{House, NOON, OWN};
use crypto::{SecretBytes, SigningKey};
use iam::verb::Verb;
use kms::{Caller, Scope, Time};
use serde_json::json;
use wire::Fault;
use wire::sigv4::{self, Head};

const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const UNKNOWN_ID: &str = "AKIAIOSFODNN8EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// 2025-06-15T15:06:40Z.
const NOW: Time = NOON;
const TODAY: &str = "20250615";
const REGION: &str = "eu-central-1";

/// When a session of an hour that began at [`NOW`] is over.
const AFTER_THE_SESSION: Time = Time(NOON.0 + 3_600_000);

/// How many changed requests are refused, at the least.
const REFUSED_AT_LEAST: usize = 25_000;

/// What a header of 128 KiB has in bytes.
const HUGE_BYTES: usize = 128 * 1024;

/// A request, which a case may change.
#[derive(Clone)]
struct Sent {
    scope: Scope,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sent {
    fn new(scope: Scope, headers: &[(&str, &str)], body: &str) -> Sent {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        let (method, path) = ("POST".to_owned(), "/".to_owned());
        Sent { scope, method, path, query: String::new(), headers, body: body.as_bytes().to_vec() }
    }

    fn head(&self) -> Head<'_> {
        Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }

    /// Signs these headers as a client does that has this access key.
    fn signed(mut self, key_id: &str, secret: &str, credential_scope: &str, signed_headers: &str) -> Sent {
        let header = |signature: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential={key_id}/{credential_scope}, SignedHeaders={signed_headers}, \
                 Signature={signature}"
            )
            .into_bytes()
        };
        self.headers.push(("authorization".to_owned(), header("0")));
        let signature = {
            let head = self.head();
            let signed = sigv4::parse(&head).expect("the request is well formed");
            let payload = hex::encode(crypto::sha256(&self.body));
            let canonical = hex::encode(crypto::sha256(&sigv4::canonical_request(&head, &signed, &payload)));
            let secret = SecretBytes::from(secret.as_bytes().to_vec());
            let key = SigningKey::derive(&secret, signed.scope_date, signed.region, signed.service);
            key.sign_hex(&sigv4::string_to_sign(&signed, &canonical))
        };
        *self.value_mut("authorization") = header(&signature);
        self
    }

    fn value_mut(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.headers.iter_mut().find(|(sent, _)| sent == name).expect("the header is there").1
    }

    fn text(&self, name: &str) -> &str {
        let (_, value) = self.headers.iter().find(|(sent, _)| sent == name).expect("the header is there");
        std::str::from_utf8(value).expect("the header is text")
    }

    /// The same with a header's text changed.
    fn with(&self, name: &str, from: &str, to: &str) -> Sent {
        let text = self.text(name);
        assert!(text.contains(from), "{name} is {text}");
        self.with_value(name, text.replacen(from, to, 1))
    }

    fn with_value(&self, name: &str, value: impl Into<Vec<u8>>) -> Sent {
        let mut sent = self.clone();
        *sent.value_mut(name) = value.into();
        sent
    }

    fn and(&self, name: &str, value: impl Into<Vec<u8>>) -> Sent {
        let mut sent = self.clone();
        sent.headers.push((name.to_owned(), value.into()));
        sent
    }

    fn changed(&self, change: impl FnOnce(&mut Sent)) -> Sent {
        let mut sent = self.clone();
        change(&mut sent);
        sent
    }

    fn signed_headers(&self) -> Vec<String> {
        let (_, rest) = self.text("authorization").split_once("SignedHeaders=").expect("it is signed");
        rest.split(',').next().unwrap_or_default().split(';').map(str::to_owned).collect()
    }

    async fn believed_by(&self, house: &House, wall: Time) -> Result<Caller, Fault> {
        house.service.authenticate(&self.head(), &self.body, self.scope, wall).await
    }
}

/// A house with an access key that is known, as stores have kept it from the first on.
async fn house() -> House {
    let house = House::new().await;
    house.own_account().await;
    let key = json!({ "v": 1, "account": OWN, "secret": SECRET, "created": NOW.0, "active": true });
    house.plant(&["ia", KEY_ID], key).await;
    house
}

/// The keys of a session that began at [`NOW`] and is over after an hour.
async fn session(house: &House, name: &str) -> Keys {
    let keys = house.user(OWN, name, Some(allow(json!("sts:*")))).await;
    let role = house.role(OWN, &format!("{name}s-role"), json!(OWN), None).await;
    let caller = house.sign_in(&keys).await;
    house.assume(&caller, &role, name, "&DurationSeconds=3600").await.expect("the role can be assumed")
}

/// A request of a session, with this token.
fn of_session(keys: &Keys, token: Option<&str>) -> Sent {
    let mut headers =
        vec![("host", "127.0.0.1:4599"), ("x-amz-target", "TrentService.Encrypt"), ("x-amz-date", "20250615T150640Z")];
    headers.extend(token.map(|token| ("x-amz-security-token", token)));
    let mut signed: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    signed.sort_unstable();
    let scope = credential_scope(Scope::Kms);
    Sent::new(Scope::Kms, &headers, "{}").signed(&keys.id, &keys.secret, &scope, &signed.join(";"))
}

fn credential_scope(scope: Scope) -> String {
    format!("{TODAY}/{REGION}/{}/aws4_request", scope.as_str())
}

/// One request of each kind, as a client of each sort sends it.
fn requests(key_id: &str) -> Vec<(&'static str, Sent)> {
    let body = r#"{"KeyId":"alias/mine","Plaintext":"aGVsbG8=","EncryptionContext":{"app":"shop"}}"#;
    let payload = hex::encode(crypto::sha256(body.as_bytes()));
    let python = Sent::new(
        Scope::Kms,
        &[
            ("host", "127.0.0.1:4599"),
            ("accept-encoding", "identity"),
            ("x-amz-target", "TrentService.Encrypt"),
            ("content-type", "application/x-amz-json-1.1"),
            ("user-agent", "Boto3/1.43.1 md/Botocore#1.43.1"),
            ("x-amz-date", "20250615T150640Z"),
            ("content-length", "83"),
        ],
        body,
    );
    let java = Sent::new(
        Scope::Iam,
        &[
            ("amz-sdk-invocation-id", "3f1d2a6e-6ee4-4b0c-8d1b-3c1a7f1d8b11"),
            ("amz-sdk-request", "attempt=1; max=3"),
            ("content-length", "83"),
            ("content-type", "application/x-amz-json-1.1"),
            ("host", "trent.example.com"),
            ("x-amz-content-sha256", &payload),
            ("x-amz-date", "20250615T150910Z"),
            ("x-amz-target", "TrentIdentity.CreateUser"),
        ],
        body,
    );
    let form = Sent::new(
        Scope::Sts,
        &[
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "localhost"),
            ("x-amz-date", "20250615T150340Z"),
        ],
        "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Freader&RoleSessionName=a+b",
    );
    let all = "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date;\
               x-amz-target";
    [
        ("python", python, "content-type;host;x-amz-date;x-amz-target"),
        ("java", java, all),
        ("form", form, "content-type;host;x-amz-date"),
    ]
    .map(|(name, sent, headers)| {
        let scope = credential_scope(sent.scope);
        (name, sent.signed(key_id, SECRET, &scope, headers))
    })
    .into()
}

// ---- changes ----

type Case = (String, Sent);

/// Every change of one byte of `bytes`: each bit the other way, the byte gone, one more before it, cut there. What
/// `leaves_it` says of a place where a byte would go is left out: there the text would mean the same.
fn of_each_byte(bytes: &[u8], leaves_it: impl Fn(usize) -> bool) -> Vec<(String, Vec<u8>)> {
    let mut changed = Vec::new();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << bit;
            changed.push((format!("byte {at}, bit {bit}"), flipped));
        }
        if !leaves_it(at) {
            let mut shorter = bytes.to_vec();
            shorter.remove(at);
            changed.push((format!("byte {at} gone"), shorter));
        }
        let mut longer = bytes.to_vec();
        longer.insert(at, b'x');
        changed.push((format!("one more before byte {at}"), longer));
        changed.push((format!("cut at {at}"), bytes[..at].to_vec()));
    }
    changed.push(("one more at the end".to_owned(), [bytes, b"x"].concat()));
    changed
}

fn of_headers(sent: &Sent) -> Vec<Case> {
    let mut cases = Vec::new();
    for name in sent.signed_headers() {
        let value = sent.text(&name).to_owned();
        let of_bytes = of_each_byte(value.as_bytes(), |_| false);
        cases.extend(
            of_bytes.into_iter().map(|(what, value)| (format!("{name}: {what}"), sent.with_value(&name, value))),
        );
        cases.push((format!("{name} gone"), sent.changed(|sent| sent.headers.retain(|(sent, _)| *sent != name))));
        cases.push((format!("{name} twice"), sent.and(&name, value.clone())));
        cases.push((format!("{name} twice, once empty"), sent.and(&name, "")));
        cases.push((
            format!("{name} twice, another first"),
            sent.changed(|sent| sent.headers.insert(0, (name.clone(), b"other".to_vec()))),
        ));
        cases.push((
            format!("{name} by another name"),
            sent.changed(|sent| {
                for (sent, _) in &mut sent.headers {
                    if *sent == name {
                        sent.push('x');
                    }
                }
            }),
        ));
        cases.push((format!("{name} in capitals"), sent.with_value(&name, flipped_case(&value))));
    }
    cases.push(("an unsigned x-amz- header".to_owned(), sent.and("x-amz-meta", "1")));
    cases.push(("an unsigned token".to_owned(), sent.and("x-amz-security-token", "FwoGZXIvYXdzE")));
    cases
}

/// Other than it was, whatever it was.
fn flipped_case(text: &str) -> String {
    let flip = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    let flipped: String = text.chars().map(flip).collect();
    if flipped == text { format!("{text}0") } else { flipped }
}

/// The header as a whole, byte by byte, and what it says, part by part.
fn of_authorization(sent: &Sent) -> Vec<Case> {
    let text = sent.text("authorization").to_owned();
    // A space after a comma may be there or not.
    let of_bytes = of_each_byte(text.as_bytes(), |at| at > 0 && text.as_bytes()[at - 1] == b',');
    let mut cases: Vec<Case> = of_bytes
        .into_iter()
        .map(|(what, value)| (format!("authorization: {what}"), sent.with_value("authorization", value)))
        .collect();
    let mut becomes = |from: &str, to: &str| {
        cases.push((format!("{from} becomes {to}"), sent.with("authorization", from, to)));
    };
    becomes(TODAY, "20250614");
    becomes(TODAY, "20250616");
    becomes(TODAY, "");
    becomes(REGION, "us-east-1");
    becomes(REGION, "EU-CENTRAL-1");
    becomes(REGION, "");
    for other in ["kms", "iam", "sts", "s3", "KMS", ""] {
        if other != sent.scope.as_str() {
            becomes(&format!("/{}/", sent.scope.as_str()), &format!("/{other}/"));
        }
    }
    becomes("aws4_request", "aws4_Request");
    becomes("aws4_request", "");
    becomes("/aws4_request", "");
    becomes("Credential=", "Credential=x/");
    becomes("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    becomes("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA512");
    becomes("AWS4-HMAC-SHA256", "aws4-hmac-sha256");
    becomes("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256,");
    becomes("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256");
    becomes(", Signature", ", Signature=0, Signature");
    becomes(", Signature", " Signature");
    becomes("Credential=", "credential=");
    cases.extend(of_signed_headers(sent));
    cases.extend(of_signature(sent, &text));
    let bad = text.replace("Signature=", "Signature=0");
    for (what, first, second) in
        [("good twice", &text, &text), ("good and bad", &text, &bad), ("bad and good", &bad, &text)]
    {
        cases.push((
            format!("two: {what}"),
            sent.with_value("authorization", first.as_bytes()).and("authorization", second.as_bytes()),
        ));
        cases.push((format!("two in one: {what}"), sent.with_value("authorization", format!("{first}, {second}"))));
    }
    cases
}

fn of_signed_headers(sent: &Sent) -> Vec<Case> {
    let signed = sent.signed_headers();
    let listed = signed.join(";");
    let mut cases = Vec::new();
    let mut list = |what: String, list: Vec<String>| {
        cases.push((what, sent.with("authorization", &listed, &list.join(";"))));
    };
    for (at, name) in signed.iter().enumerate() {
        let without = [&signed[..at], &signed[at + 1..]].concat();
        list(format!("{name} no longer signed"), without.clone());
        list(format!("{name} signed twice"), [&signed[..=at], &signed[at..]].concat());
        list(
            format!("{name} signed last"),
            if at + 1 == signed.len() { vec![] } else { [without.clone(), vec![name.clone()]].concat() },
        );
        list(
            format!("{name} in capitals"),
            signed.iter().map(|other| if other == name { other.to_uppercase() } else { other.clone() }).collect(),
        );
        list(format!("a name before {name}"), [&signed[..at], &[String::new()], &signed[at..]].concat());
    }
    for (name, _) in &sent.headers {
        if !signed.contains(name) {
            let mut more = [signed.clone(), vec![name.clone()]].concat();
            more.sort();
            list(format!("{name} signed afterwards"), more);
        }
    }
    list("a header that is not there".to_owned(), [signed.clone(), vec!["zzz".to_owned()]].concat());
    list("commas".to_owned(), vec![signed.join(",")]);
    cases
}

fn of_signature(sent: &Sent, authorization: &str) -> Vec<Case> {
    let (start, signature) = authorization.split_once("Signature=").expect("it is signed");
    let mut cases = Vec::new();
    let mut becomes = |what: String, signature: String| {
        cases.push((what, sent.with_value("authorization", format!("{start}Signature={signature}"))));
    };
    for (at, digit) in signature.char_indices() {
        for other in "0123456789abcdef".chars().filter(|other| *other != digit) {
            becomes(format!("digit {at} is {other}"), format!("{}{other}{}", &signature[..at], &signature[at + 1..]));
        }
        if digit.is_ascii_lowercase() {
            let capital = digit.to_ascii_uppercase();
            becomes(
                format!("digit {at} in capitals"),
                format!("{}{capital}{}", &signature[..at], &signature[at + 1..]),
            );
        }
    }
    becomes("all in capitals".to_owned(), signature.to_uppercase());
    becomes("twice".to_owned(), format!("{signature}{signature}"));
    becomes("reversed".to_owned(), signature.chars().rev().collect());
    becomes("a prefix".to_owned(), format!("0x{signature}"));
    becomes("base64".to_owned(), common::base64(hex::decode(signature).expect("it is hexadecimal")));
    becomes("of nothing".to_owned(), hex::encode(crypto::sha256(b"")));
    becomes("zeros".to_owned(), "0".repeat(64));
    cases
}

fn of_the_rest(sent: &Sent) -> Vec<Case> {
    let of_bytes = of_each_byte(&sent.body, |_| false);
    let mut cases: Vec<Case> = of_bytes
        .into_iter()
        .map(|(what, body)| (format!("body: {what}"), sent.changed(|sent| sent.body = body)))
        .collect();
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "post", "POS", "POSTT", ""] {
        cases.push((format!("method {method:?}"), sent.changed(|sent| sent.method = method.to_owned())));
    }
    for path in ["/x", "/x/", "/%2F", "/%2e", "/..x", "/.x", "/;", "/ ", "/\u{fc}", "x"] {
        cases.push((format!("path {path:?}"), sent.changed(|sent| sent.path = path.to_owned())));
    }
    for query in ["x", "x=", "x=1", "=", "%26", "Action=AssumeRole", "&x&", "+"] {
        cases.push((format!("query {query:?}"), sent.changed(|sent| sent.query = query.to_owned())));
    }
    for scope in [Scope::Kms, Scope::Iam, Scope::Sts] {
        if scope != sent.scope {
            cases.push((format!("asked as {}", scope.as_str()), sent.changed(|sent| sent.scope = scope)));
        }
    }
    cases
}

/// Every changed request.
fn changed(sent: &Sent) -> Vec<Case> {
    [of_headers(sent), of_authorization(sent), of_the_rest(sent)].concat()
}

/// What AWS calls the refusals of a signature.
const NAMES: [&str; 4] = [
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
];

// ---- claims ----

#[tokio::test]
async fn what_was_signed_is_believed() {
    let house = house().await;
    for (name, sent) in requests(KEY_ID) {
        let caller = sent.believed_by(&house, NOW).await.unwrap_or_else(|fault| panic!("{name}: {fault:?}"));
        assert_eq!((caller.account(), caller.region(), caller.access_key_id()), (OWN, REGION, Some(KEY_ID)), "{name}");
    }
}

#[tokio::test]
async fn no_byte_of_a_signed_request_can_be_changed() {
    let house = house().await;
    let keys = session(&house, "ann").await;
    let mut requests = requests(KEY_ID);
    requests.push(("session", of_session(&keys, keys.token.as_deref())));
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, sent) in requests {
        assert!(sent.believed_by(&house, NOW).await.is_ok(), "{name}: unchanged, it is believed");
        for (what, changed) in changed(&sent) {
            let fault = match changed.believed_by(&house, NOW).await {
                Ok(_) => panic!("{name}, {what}: it was believed"),
                Err(fault) => fault,
            };
            assert!(NAMES.contains(&fault.name), "{name}, {what}: {fault:?}");
            assert_eq!(fault.status, 400, "{name}, {what}");
            *refused.entry(fault.name).or_default() += 1;
        }
    }
    let count: usize = refused.values().sum();
    assert!(count >= REFUSED_AT_LEAST, "only {count} changes were tried: {refused:?}");
    // A change in the access key's name makes it an unknown one; most others are a mismatch.
    assert!(NAMES[..2].iter().chain(&NAMES[3..]).all(|name| refused.contains_key(name)), "{refused:?}");
}

#[tokio::test]
async fn what_leaves_a_request_what_it_was_is_believed() {
    let house = house().await;
    for (name, sent) in requests(KEY_ID) {
        let authorization = sent.text("authorization").to_owned();
        let (algorithm, parameters) = authorization.split_once(' ').expect("it is signed");
        let mut reversed: Vec<&str> = parameters.split(", ").collect();
        reversed.reverse();
        let host = sent.text("host").to_owned();
        let cases = [
            ("another header", sent.and("accept", "*/*")),
            ("the one x-amz- header that SDKs leave unsigned", sent.and("x-amz-user-agent", "sdk/3")),
            ("headers in another order", sent.changed(|sent| sent.headers.reverse())),
            ("space around a value", sent.with_value("host", format!("  {host}\t "))),
            ("no space after commas", sent.with_value("authorization", authorization.replace(", ", ","))),
            ("more space after commas", sent.with_value("authorization", authorization.replace(", ", " ,   "))),
            (
                "parameters in another order",
                sent.with_value("authorization", format!("{algorithm} {}", reversed.join(", "))),
            ),
            ("an empty path", sent.changed(|sent| sent.path.clear())),
            ("empty segments", sent.changed(|sent| sent.path = "//./a/..".to_owned())),
            ("empty pairs in the query", sent.changed(|sent| sent.query = "&&".to_owned())),
        ];
        for (what, changed) in cases {
            let result = changed.believed_by(&house, NOW).await;
            assert!(result.is_ok(), "{name}, {what}: {result:?}");
        }
    }
}

#[tokio::test]
async fn a_date_counts_for_five_minutes_either_way() {
    let house = house().await;
    for (seconds, believed) in [
        (-86_400, false),
        (-901, false),
        (-302, false),
        (-301, false),
        (-300, true),
        (-299, true),
        (0, true),
        (299, true),
        (300, true),
        (301, false),
        (302, false),
        (901, false),
        (86_400, false),
    ] {
        for scope in [Scope::Kms, Scope::Iam, Scope::Sts] {
            let date = sigv4::format_amz_date(NOW.0 + seconds * 1000);
            let scoped = format!("{}/{REGION}/{}/aws4_request", &date[..8], scope.as_str());
            let sent = Sent::new(scope, &[("host", "localhost"), ("x-amz-date", &date)], "{}");
            let result = sent.signed(KEY_ID, SECRET, &scoped, "host;x-amz-date").believed_by(&house, NOW).await;
            assert_eq!(result.is_ok(), believed, "{seconds} s off for {scope:?}: {result:?}");
            if let Err(fault) = result {
                let words = if seconds < 0 { "Signature expired: " } else { "Signature not yet current: " };
                assert_eq!(fault.name, "InvalidSignatureException");
                assert!(fault.message.as_deref().unwrap_or_default().starts_with(words), "{fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn dates_that_are_none_are_refused() {
    let house = house().await;
    let date = "20250615T150640Z";
    let sent = || Sent::new(Scope::Kms, &[("host", "localhost"), ("x-amz-date", date)], "{}");
    let signed = sent().signed(KEY_ID, SECRET, &credential_scope(Scope::Kms), "host;x-amz-date");
    assert!(signed.believed_by(&house, NOW).await.is_ok());
    for other in [
        "",
        "0",
        "2025-06-15T15:06:40Z",
        "20250615T150640",
        "20250615T150640+0000",
        "20250615t150640z",
        "20250615 150640Z",
        "20250632T150640Z",
        "20250615T250640Z",
        "20250615T156000Z",
        "20250615T150660Z",
        "-0250615T150640Z",
        "99999999T999999Z",
        "Sun, 15 Jun 2025 15:06:40 GMT",
        "1750000000",
        "20250615T150640Z20250615T150640Z",
        "\u{FF12}0250615T150640Z",
    ] {
        let fault = signed.with_value("x-amz-date", other).believed_by(&house, NOW).await.expect_err(other);
        assert_eq!(fault.name, "IncompleteSignatureException", "{other}");
    }
}

#[tokio::test]
async fn a_huge_authorization_is_refused() {
    let house = house().await;
    let (_, sent) = requests(KEY_ID).remove(0);
    let good = sent.text("authorization").to_owned();
    let many = |part: &str| part.repeat(HUGE_BYTES / part.len() + 1);
    let names: String = (0..HUGE_BYTES / 7).map(|n| format!(";z{n:05}")).collect();
    for (what, huge) in [
        ("letters", many("A")),
        ("spaces", many(" ")),
        ("commas", format!("AWS4-HMAC-SHA256 {}", many(","))),
        ("equal signs", format!("AWS4-HMAC-SHA256 {}", many("="))),
        ("slashes", good.replace("Credential=", &format!("Credential={}", many("/")))),
        ("an access key id", good.replace("Credential=", &format!("Credential={}", many("A")))),
        ("a Region", good.replace(REGION, &many("eu-"))),
        ("signed headers that are not there", good.replace("x-amz-target", &format!("x-amz-target{names}"))),
        (
            "one signed header over and over",
            good.replace("SignedHeaders=", &format!("SignedHeaders={}", many("host;"))),
        ),
        ("a signature", good.clone() + &many("0")),
        ("parameters", good.clone() + &many(", Signature=0")),
        ("unknown parameters", good.clone() + &many(", a=b")),
        ("the same header again and again", many(&format!("{good}, "))),
    ] {
        assert!(huge.len() >= HUGE_BYTES, "{what}: {}", huge.len());
        let fault = sent.with_value("authorization", huge).believed_by(&house, NOW).await.expect_err(what);
        assert!(NAMES.contains(&fault.name), "{what}: {}", fault.name);
    }
}

#[tokio::test]
async fn a_signature_in_the_query_is_refused_by_name() {
    let house = house().await;
    let presigned = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={KEY_ID}%2F{TODAY}%2F{REGION}%2Fkms%2Faws4_request&\
         X-Amz-Date=20250615T150640Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature={}",
        "0".repeat(64)
    );
    for (name, sent) in requests(KEY_ID) {
        for query in [presigned.as_str(), "x-amz-signature=1", "a&X%2DAmz%2DSignature", "&&X-AMZ-SIGNATURE=&&"] {
            let asked = sent.changed(|sent| sent.query = query.to_owned());
            let bare = asked.changed(|sent| sent.headers.retain(|(name, _)| name != "authorization"));
            for asked in [asked, bare] {
                let fault = asked.believed_by(&house, NOW).await.expect_err(query);
                assert_eq!(fault.name, "IncompleteSignatureException", "{name}");
                let text = fault.message.unwrap_or_default();
                assert!(text.contains("A signature in the query string is not supported"), "{name}: {text}");
            }
        }
    }
}

/// The two differ in the one thing that AWS says of them, and only where a request is well formed at all.
#[tokio::test]
async fn an_unknown_access_key_and_a_wrong_secret_differ_in_awss_words_alone() {
    let house = house().await;
    let unrecognized =
        Fault::client("UnrecognizedClientException", "The security token included in the request is invalid.");
    let mismatch = Fault::client(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access \
         Key and signing method. Consult the service documentation for details.",
    );
    for ((name, known), (_, unknown)) in requests(KEY_ID).into_iter().zip(requests(UNKNOWN_ID)) {
        let wrong = known.with("authorization", "Signature=", "Signature=0");
        assert_eq!(wrong.believed_by(&house, NOW).await.expect_err(name), mismatch);
        assert_eq!(unknown.believed_by(&house, NOW).await.expect_err(name), unrecognized);
        let mut compared = 0;
        for ((what, known), (_, unknown)) in changed(&known).into_iter().zip(changed(&unknown)).step_by(7) {
            let (told, other) = (known.believed_by(&house, NOW).await, unknown.believed_by(&house, NOW).await);
            let (told, other) = (told.expect_err(&what), other.expect_err(&what));
            compared += 1;
            if other == unrecognized {
                assert_ne!(told.name, "IncompleteSignatureException", "{name}, {what}: {told:?}");
                continue;
            }
            // What is malformed is malformed whoever sent it: nothing was looked up.
            let text = other.message.unwrap_or_default().replace(UNKNOWN_ID, KEY_ID);
            assert_eq!(told.name, other.name, "{name}, {what}");
            assert_eq!(
                without_signatures(&told.message.unwrap_or_default()),
                without_signatures(&text),
                "{name}, {what}"
            );
        }
        assert!(compared > 500, "{name}: only {compared} pairs");
    }
}

/// A text without the hexadecimal in it, which two signatures do not share.
fn without_signatures(text: &str) -> String {
    text.split(|c: char| c.is_ascii_hexdigit()).collect()
}

#[tokio::test]
async fn a_key_that_is_not_active_is_as_unknown_as_one_that_never_was() {
    let house = house().await;
    let key = json!({ "v": 1, "account": OWN, "secret": SECRET, "created": NOW.0, "active": false });
    house.plant(&["ia", UNKNOWN_ID], key).await;
    for (name, sent) in requests(UNKNOWN_ID) {
        let fault = sent.believed_by(&house, NOW).await.expect_err(name);
        assert_eq!(fault.name, "UnrecognizedClientException", "{name}");
    }
}

#[tokio::test]
async fn names_that_no_access_key_has_are_unknown_ones() {
    let house = house().await;
    let (_, sent) = requests(KEY_ID).remove(0);
    for id in ["A", "a\\0b", "root", "111122223333", "..", "AKIAIOSFODNN7EXAMPLEx", "akiaiosfodnn7example", "%41"] {
        let fault = sent.with("authorization", KEY_ID, id).believed_by(&house, NOW).await.expect_err(id);
        assert_eq!(fault.name, "UnrecognizedClientException", "{id}");
    }
    let long = "A".repeat(10_000);
    let fault = sent.with("authorization", KEY_ID, &long).believed_by(&house, NOW).await.expect_err("too long");
    assert_eq!(fault.name, "UnrecognizedClientException");
}

#[tokio::test]
async fn a_session_is_believed_with_its_own_token_alone() {
    let house = house().await;
    let (ann, bob) = (session(&house, "ann").await, session(&house, "bob").await);
    let token = ann.token.clone().expect("a session has a token");
    let caller = of_session(&ann, Some(&token)).believed_by(&house, NOW).await.expect("it is Ann's session");
    assert_eq!(caller.arn(), format!("arn:aws:sts::{OWN}:assumed-role/anns-role/ann"));

    let long_term = Keys { id: KEY_ID.to_owned(), secret: SECRET.to_owned(), token: None };
    let nobody = Keys { id: "ASIAIOSFODNN7EXAMPLE".to_owned(), secret: SECRET.to_owned(), token: None };
    let bobs = bob.token.clone();
    let cases = [
        ("no token", of_session(&ann, None)),
        ("an empty token", of_session(&ann, Some(""))),
        ("another session's token", of_session(&ann, bobs.as_deref())),
        ("another session's id and secret", of_session(&bob, Some(&token))),
        ("another session's secret", of_session(&Keys { secret: bob.secret.clone(), ..ann.clone() }, Some(&token))),
        ("another session's id", of_session(&Keys { id: bob.id.clone(), ..ann.clone() }, Some(&token))),
        ("the token of a session with an access key that has none", of_session(&long_term, Some(&token))),
        ("a session that never was", of_session(&nobody, Some(&token))),
        ("a session that never was, without a token", of_session(&nobody, None)),
        ("the token twice", of_session(&ann, Some(&format!("{token}{token}")))),
        ("the token with a space in it", of_session(&ann, Some(&format!("{} {}", &token[..9], &token[9..])))),
        ("a token that is none", of_session(&ann, Some("FwoGZXIvYXdzE"))),
        ("a huge token", of_session(&ann, Some(&"A".repeat(HUGE_BYTES)))),
    ];
    for (what, sent) in cases {
        let fault = sent.believed_by(&house, NOW).await.expect_err(what);
        let name = if what == "another session's secret" {
            "InvalidSignatureException"
        } else {
            "UnrecognizedClientException"
        };
        assert_eq!(fault.name, name, "{what}: {fault:?}");
    }
}

/// The signature is right each time: it is the token itself that nobody can write.
#[tokio::test]
async fn no_byte_of_a_token_can_be_changed_though_it_is_signed_anew() {
    let house = house().await;
    let keys = session(&house, "ann").await;
    let token = keys.token.clone().expect("a session has a token");
    let mut changed: Vec<(String, Vec<u8>)> = of_each_byte(token.as_bytes(), |_| false);
    changed.retain(|(_, bytes)| bytes.iter().all(|byte| byte.is_ascii_graphic()) && bytes != token.as_bytes());
    assert!(changed.len() > 1_000, "only {} changes", changed.len());
    for (what, bytes) in changed {
        let text = String::from_utf8(bytes).expect("it is ASCII");
        let fault = of_session(&keys, Some(&text)).believed_by(&house, NOW).await.expect_err(&what);
        assert_eq!(fault.name, "UnrecognizedClientException", "{what}");
    }
}

#[tokio::test]
async fn a_session_that_is_over_is_expired_and_nothing_else() {
    let house = house().await;
    let keys = session(&house, "ann").await;
    let signed_at = |at: Time| {
        let date = sigv4::format_amz_date(at.0);
        let token = keys.token.clone().unwrap_or_default();
        let headers = [("host", "localhost"), ("x-amz-date", date.as_str()), ("x-amz-security-token", token.as_str())];
        let scope = credential_scope(Scope::Kms);
        Sent::new(Scope::Kms, &headers, "{}").signed(
            &keys.id,
            &keys.secret,
            &scope,
            "host;x-amz-date;x-amz-security-token",
        )
    };
    let before = Time(AFTER_THE_SESSION.0 - 1_000);
    assert!(signed_at(before).believed_by(&house, before).await.is_ok());
    for at in [AFTER_THE_SESSION, AFTER_THE_SESSION.plus_days(1)] {
        let fault = signed_at(AFTER_THE_SESSION).believed_by(&house, at).await.expect_err("it is over");
        let expired = Fault::client("ExpiredTokenException", "The security token included in the request is expired");
        assert_eq!(fault, expired);
    }
}

/// Signing keys are kept by the name of the access key, so that name must never mean another secret.
#[tokio::test]
async fn an_access_key_that_was_deleted_is_nobodys_and_its_id_never_gets_another_secret() {
    let house = house().await;
    house.user(OWN, "ann", None).await;
    let given = |id: &str, secret: &str| json!({ "UserName": "ann", "AccessKeyId": id, "SecretAccessKey": secret });
    let manage = |verb: &'static str, body: serde_json::Value| {
        let service = house.service.clone();
        async move {
            let verb = Verb::parse(verb).expect("there is such a verb");
            service.at_start(OWN, verb, body.to_string().as_bytes(), NOW).await
        }
    };
    let old = Keys { id: UNKNOWN_ID.to_owned(), secret: SECRET.to_owned(), token: None };
    manage("CreateAccessKey", given(&old.id, &old.secret)).await.expect("it is made");
    let asked = of_session(&old, None);
    for _ in 0..3 {
        assert_eq!(
            asked.believed_by(&house, NOW).await.expect("it is Ann's").arn(),
            format!("arn:aws:iam::{OWN}:user/ann")
        );
    }
    manage("DeleteAccessKey", json!({ "UserName": "ann", "AccessKeyId": old.id })).await.expect("it is deleted");
    assert_eq!(asked.believed_by(&house, NOW).await.expect_err("it is nobody's").name, "UnrecognizedClientException");
    let again = manage("CreateAccessKey", given(&old.id, "another/secret+of+40+characters/in+all/x")).await;
    assert_eq!(again.expect_err("its id was somebody's").name, "EntityAlreadyExists");
    assert_eq!(asked.believed_by(&house, NOW).await.expect_err("it stays so").name, "UnrecognizedClientException");
}
