//! Requests at random: signed by AWS's own code, and the ways to change one.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use crypto::{SecretBytes, SigningKey};
use kms::Time;
use wire::sigv4::{self, Head, Signed};

/// 2026-11-25T21:10:00Z.
pub const NOW: Time = Time(1_795_641_000_000);
pub const SERVICE: &str = "kms";

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers at every run.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).expect("it is below a usize")
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }

    /// How often a request is changed: a third of them never, most others once.
    pub fn changes(&mut self) -> usize {
        [0, 0, 1, 1, 1, 2][self.below(6)]
    }

    /// Printable ASCII, with single spaces inside at most.
    fn text(&mut self, longest: usize) -> String {
        let length = 1 + self.below(longest);
        let letters = (0..length).map(|_| char::from(b'!' + self.below(94) as u8)).collect::<String>();
        if length > 4 && self.one_in(3) { format!("{} {}", &letters[..2], &letters[2..]) } else { letters }
    }

    fn bytes(&mut self, longest: usize) -> Vec<u8> {
        let length = self.below(longest + 1);
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// A request as it is received.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Request {
    /// One that AWS's code signed, within the fifteen minutes around [`NOW`], mostly within five.
    pub fn signed(chance: &mut Chance, key_id: &str, secret: &str, region: &str) -> Request {
        let mut request = Request::unsigned(chance);
        let seconds = if chance.one_in(10) { chance.below(1_900) } else { chance.below(300) } as u64;
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0 as u64);
        let time =
            if chance.one_in(2) { now - Duration::from_secs(seconds) } else { now + Duration::from_secs(seconds) };
        let mut settings = SigningSettings::default();
        if chance.one_in(2) {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let region = if chance.one_in(12) { chance.of(&["us-east-1", "local", "", "EU-CENTRAL-1"]) } else { region };
        let service = if chance.one_in(12) { chance.of(&["s3", "iam", "sts", "KMS", ""]) } else { SERVICE };
        let (id, secret) = match chance.below(20) {
            0 => ("AKIAIOSFODNN7EXAMPLE", secret),
            1 => (key_id, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            _ => (key_id, secret),
        };
        let token = chance.one_in(20).then(|| "FwoGZXIvYXdzE".to_owned());
        let identity = Credentials::new(id, secret, token, None, "test").into();
        let parameters = SigningParams::builder().identity(&identity).region(region).name(service).time(time);
        let parameters = parameters.settings(settings).build().expect("all are given").into();
        request.sign(&parameters);
        request
    }

    /// With the headers that a client sends, some of them, and some that none does.
    fn unsigned(chance: &mut Chance) -> Request {
        let mut headers = vec![("host".to_owned(), b"127.0.0.1:4599".to_vec())];
        for (name, value) in [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", "TrentService.DescribeKey"),
            ("user-agent", "Boto3/1.43.1 md/Botocore#1.43.1"),
            ("accept-encoding", "identity"),
            ("amz-sdk-invocation-id", "3f1d2a6e-6ee4-4b0c-8d1b-3c1a7f1d8b11"),
            ("amz-sdk-request", "attempt=1; max=3"),
            ("x-amz-api-version", "2014-11-01"),
        ] {
            if !chance.one_in(3) {
                headers.push((name.to_owned(), value.as_bytes().to_vec()));
            }
        }
        for name in ["a", "x-amz-meta", "zz-top", "cache-control"] {
            if chance.one_in(5) {
                headers.push((name.to_owned(), chance.text(40).into_bytes()));
            }
        }
        let path = match chance.below(10) {
            0 => chance.of(&["/a", "/a/b", "/a/", "//a", "/./a", "/a/../b", "/a//b/", "/-._~"]),
            1 => chance.of(&["/%20", "/a%2Fb", "/%7Ea"]),
            _ => "/",
        };
        let query = match chance.below(8) {
            0 => chance.of(&["a=1", "b=2&a=1", "a", "a=&b", "A=1&a=2", "a=%20&a=b", "a=2&a=1", "x=%7E-._"]),
            _ => "",
        };
        let method = if chance.one_in(10) { chance.of(&["GET", "PUT", "DELETE"]) } else { "POST" };
        let body = if chance.one_in(8) { Vec::new() } else { chance.bytes(200) };
        Request { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), headers, body }
    }

    fn sign(&mut self, parameters: &aws_sigv4::http_request::SigningParams<'_>) {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let uri = format!("http://127.0.0.1:4599{}{query}", self.path);
        let text = |value: &'_ [u8]| String::from_utf8(value.to_vec()).expect("text");
        let headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(&self.method, uri, headers, SignableBody::Bytes(&self.body));
        let output = sign(signable.expect("it can be signed"), parameters).expect("it is signed");
        for (name, value) in output.output().headers() {
            self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        }
    }

    /// As HTTP carries it, if it can.
    pub fn as_http(&self) -> Option<http::Request<Vec<u8>>> {
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let mut builder = http::Request::builder().method(self.method.as_str()).uri(format!("{}{query}", self.path));
        for (name, value) in &self.headers {
            builder = builder.header(name.as_str(), value.as_slice());
        }
        builder.body(self.body.clone()).ok()
    }

    /// The first header of this name.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_slice())
    }

    fn first_mut(&mut self, name: &str) -> Option<&mut Vec<u8>> {
        self.headers.iter_mut().find(|(sent, _)| sent == name).map(|(_, value)| value)
    }

    fn authorization(&self) -> String {
        String::from_utf8_lossy(self.first("authorization").unwrap_or_default()).into_owned()
    }

    /// What Authorization says, in its order.
    pub fn parameters(&self) -> Vec<(String, String)> {
        let authorization = self.authorization();
        let (_, rest) = authorization.trim().split_once(' ').unwrap_or_default();
        let pair = |pair: &str| pair.trim().split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        rest.split(',').map(|part| pair(part).unwrap_or_default()).collect()
    }

    fn parameter(&self, name: &str) -> String {
        self.parameters().into_iter().rfind(|(given, _)| given == name).map(|(_, value)| value).unwrap_or_default()
    }

    /// The names in SignedHeaders, in its order.
    pub fn signed_headers(&self) -> Vec<String> {
        self.parameter("SignedHeaders").split(';').map(str::to_owned).collect()
    }

    /// How far its date is from [`NOW`].
    pub fn minutes_off(&self) -> Option<f64> {
        let date = sigv4::parse_amz_date(std::str::from_utf8(self.first("x-amz-date")?).ok()?.trim())?;
        Some((date - NOW.0).abs() as f64 / 60_000.0)
    }

    // ---- changes ----

    /// Changes one thing, which may be one that does not count.
    pub fn change(&mut self, chance: &mut Chance, secret: &str) {
        match chance.below(16) {
            0..=2 => self.change_a_byte(chance),
            3 => {
                let at = chance.below(self.headers.len());
                self.headers.remove(at);
            }
            4 => {
                let mut again = self.headers[chance.below(self.headers.len())].clone();
                if chance.one_in(2) {
                    again.1 = chance.text(20).into_bytes();
                }
                self.headers.insert(chance.below(self.headers.len() + 1), again);
            }
            5 => {
                let name = chance.of(&[
                    "x-amz-user-agent",
                    "x-amz-other",
                    "x-amz-security-token",
                    "accept",
                    "date",
                    "x-amz-date",
                ]);
                self.headers.push((name.to_owned(), b"20261125T211000Z".to_vec()));
            }
            6 => self.body = chance.bytes(50),
            7 => self.method = chance.of(&["GET", "POST", "PUT", "post"]).to_owned(),
            8 => self.path = chance.of(&["/", "//", "/.", "/a/..", "/..", "/x", "/%2e", "/a b"]).to_owned(),
            9 => {
                self.query = chance
                    .of(&["", "&", "a", "a=1&&", "%", "X-Amz-Signature=0", "X-Amz-Algorithm=AWS4-HMAC-SHA256"])
                    .to_owned()
            }
            10 => self.change_white_space(chance),
            11..=12 => self.change_authorization(chance),
            _ => self.sign_otherwise(chance, secret),
        }
    }

    /// A bit the other way, a byte gone or one more, in a header or the body.
    fn change_a_byte(&mut self, chance: &mut Chance) {
        let at = chance.below(self.headers.len() + 1);
        let bytes = self.headers.get_mut(at).map(|(_, value)| value).unwrap_or(&mut self.body);
        let place = chance.below(bytes.len());
        match chance.below(3) {
            0 if !bytes.is_empty() => bytes[place] ^= 1 << chance.below(8),
            1 if !bytes.is_empty() => drop(bytes.remove(place)),
            _ => bytes.insert(place, b'!' + chance.below(94) as u8),
        }
    }

    fn change_white_space(&mut self, chance: &mut Chance) {
        let at = chance.below(self.headers.len());
        let value = &mut self.headers[at].1;
        let more = chance.of(&[" ", "  ", "\t", " \t"]).as_bytes();
        let place = match chance.below(3) {
            0 => 0,
            1 => value.len(),
            _ => value.iter().position(|byte| *byte == b' ').unwrap_or(0),
        };
        value.splice(place..place, more.iter().copied());
    }

    fn change_authorization(&mut self, chance: &mut Chance) {
        let text = self.authorization();
        let (signature, headers) = (self.parameter("Signature"), self.parameter("SignedHeaders"));
        let changed = match chance.below(14) {
            0 => text.replace(", ", ","),
            1 => text.replace(", ", " ,  "),
            2 => text.replace(
                "AWS4-HMAC-SHA256",
                chance.of(&["AWS4-HMAC-SHA512", "aws4-hmac-sha256", "AWS4-HMAC-SHA256 ", ""]),
            ),
            3 => text.replace(&signature, &signature.to_uppercase()),
            4 => text.replace(&signature, signature.get(..chance.below(64)).unwrap_or_default()),
            5 => format!("{text}, Signature={signature}"),
            6 => text.replace("Signature=", "Signature=0, Signature="),
            7 => format!("{text}, Unknown=1"),
            8 => format!("{text}{}", chance.of(&[",", ", ,", ", x"])),
            9 => text.replace("aws4_request", chance.of(&["aws4_Request", "aws4_request/", ""])),
            10 => text.replace("/eu-central-1/", chance.of(&["/eu-central-2/", "/x/", "//"])),
            11 => text.replace("/2026", "/2025"),
            12 => text.replace(&headers, &headers.to_uppercase()),
            _ => text.replace(&headers, &headers.split(';').rev().collect::<Vec<_>>().join(";")),
        };
        if let Some(value) = self.first_mut("authorization") {
            *value = changed.into_bytes();
        }
    }

    /// Signs it anew in a way that AWS's code never would: the texts are the ones that both verifiers agree on, so
    /// only their rules are left to differ.
    fn sign_otherwise(&mut self, chance: &mut Chance, secret: &str) {
        let id = self.parameter("Credential").split('/').next().unwrap_or_default().to_owned();
        self.headers.retain(|(name, _)| name != "authorization");
        match chance.below(8) {
            0 => self.headers.push(("host".to_owned(), b"other".to_vec())),
            1 => self.headers.push(("x-amz-target".to_owned(), b"TrentService.Encrypt".to_vec())),
            2 => self.headers.push(("x-amz-content-sha256".to_owned(), b"UNSIGNED-PAYLOAD".to_vec())),
            3 => {
                let other = chance.of(&["2026-11-25T21:10:00Z", "20261125T211000+0000", "20261125"]);
                self.headers.retain(|(name, _)| name != "x-amz-date");
                self.headers.push(("x-amz-date".to_owned(), other.as_bytes().to_vec()));
            }
            4 => self.headers.push(("b".to_owned(), b"1\t2".to_vec())),
            5 => self.query = "X-Amz-Signature=0".to_owned(),
            _ => {}
        }
        let mut names: Vec<String> = self.headers.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names.dedup();
        match chance.below(6) {
            0 => names.push("zzz".to_owned()),
            1 => drop(names.remove(chance.below(names.len()))),
            2 => names.push(names[names.len() - 1].clone()),
            _ => {}
        }
        let signature = self.signature_over(&names, secret);
        if chance.one_in(5) {
            names.reverse();
        }
        let scope = format!("20261125/eu-central-1/{SERVICE}/aws4_request");
        let names = names.join(";");
        let value = format!("AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
        self.headers.push(("authorization".to_owned(), value.into_bytes()));
    }

    fn signature_over(&self, names: &[String], secret: &str) -> String {
        let head = Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers };
        // The other leaves a header out that is not there, and a signature in the query.
        let present: Vec<&str> = names.iter().map(String::as_str).collect();
        let date = self.first("x-amz-date").map(|value| String::from_utf8_lossy(value).trim().to_owned());
        let signed = Signed {
            access_key_id: "",
            scope_date: "20261125",
            region: "eu-central-1",
            service: SERVICE,
            signed_headers: present,
            signature: "",
            amz_date: &as_signed(&date.unwrap_or_default()),
            security_token: None,
            content_sha256: None,
        };
        let canonical = sigv4::canonical_request(&head, &signed, &hex::encode(crypto::sha256(&self.body)));
        let canonical = without_absent(&canonical, names, self);
        let text = sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)));
        let secret = SecretBytes::from(secret.as_bytes().to_vec());
        SigningKey::derive(&secret, signed.scope_date, signed.region, signed.service).sign_hex(&text)
    }
}

/// A date in another form is signed in the basic one.
fn as_signed(date: &str) -> String {
    match date {
        "2026-11-25T21:10:00Z" | "20261125T211000+0000" => "20261125T211000Z".to_owned(),
        other => other.to_owned(),
    }
}

/// The other verifier has no line for a signed header that is not there, and none for a signature in the query.
fn without_absent(canonical: &[u8], names: &[String], request: &Request) -> Vec<u8> {
    let mut text = String::from_utf8_lossy(canonical).replacen("X-Amz-Signature=0\n", "\n", 1);
    for name in names.iter().filter(|name| request.first(name).is_none()) {
        text = text.replacen(&format!("\n{name}:\n"), "\n", 1);
    }
    text.into_bytes()
}

impl fmt::Display for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{} {}?{} ({} bytes)", self.method, self.path, self.query, self.body.len())?;
        for (name, value) in &self.headers {
            writeln!(out, "{name}: {:?}", String::from_utf8_lossy(value))?;
        }
        Ok(())
    }
}
