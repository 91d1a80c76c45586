//! The text of SigV4 in its header form: what a request says of its signature, and the two texts that are signed.
//! It computes no hash and knows no key or clock; whether the signature is right is decided elsewhere.
//!
//! The rules are those of "Create a signed AWS API request" (IAM User Guide) for services other than S3. Clients
//! differ in which headers they sign, so the list is always the request's own, within the bounds of [`parse`].

use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};

use crate::{Fault, fault_names};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// Headers that decide something: two of them would let two readers see two requests.
const ONCE: [&str; 6] =
    ["authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target"];

/// Sent unsigned by the .NET and browser SDKs; it decides nothing.
const MAY_BE_UNSIGNED: &str = "x-amz-user-agent";

/// Seconds of 0000-01-01 and 9999-12-31T23:59:59Z, between which a date has the eight digits it needs.
const SECONDS: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// The head of a request as it was received.
pub struct Head<'a> {
    /// In upper case.
    pub method: &'a str,
    /// Without the query, still percent-encoded.
    pub path: &'a str,
    /// Without its question mark; empty if there is none.
    pub query: &'a str,
    /// Names in lower case, in the order received, duplicates kept.
    pub headers: &'a [(String, Vec<u8>)],
}

/// What a request says of its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<'a> {
    /// First element of the credential.
    pub access_key_id: &'a str,
    /// The date of the scope, as sent.
    pub scope_date: &'a str,
    /// The Region of the scope; some clients leave it empty.
    pub region: &'a str,
    /// The service of the scope.
    pub service: &'a str,
    /// In order, each of them present in the request, `host` among them.
    pub signed_headers: Vec<&'a str>,
    /// As sent, of any length and alphabet.
    pub signature: &'a str,
    /// The `X-Amz-Date` as sent; [`parse_amz_date`] can read it.
    pub amz_date: &'a str,
    /// The `X-Amz-Security-Token`, signed.
    pub security_token: Option<&'a str>,
    /// The `X-Amz-Content-Sha256`, signed. What is hashed is the body, whatever stands here.
    pub content_sha256: Option<&'a str>,
}

/// Reads what a request says of its signature.
///
/// # Errors
/// - MissingAuthenticationTokenException without an `Authorization`;
/// - IncompleteSignatureException for an `Authorization` or `X-Amz-Date` that cannot be read, for a header sent
///   twice that decides something, and for a signature in the query string;
/// - InvalidSignatureException for a signature that leaves out `host` or an `x-amz-` header.
pub fn parse<'a>(head: &'a Head<'a>) -> Result<Signed<'a>, Fault> {
    not_in_query(head)?;
    each_once(head)?;
    if header(head, "authorization").is_none() {
        return Err(Fault::client(fault_names::MISSING_AUTHENTICATION_TOKEN_EXCEPTION, "Missing Authentication Token"));
    }
    let authorization = text(head, "authorization")?.unwrap_or_default();
    let amz_date = text(head, "x-amz-date")?;
    let parameters = parameters(authorization)?;
    let (credential, signed_headers, signature, amz_date) = complete(&parameters, amz_date, authorization)?;
    let [access_key_id, scope_date, region, service] = scope(credential)?;
    if parse_amz_date(amz_date).is_none() {
        return Err(incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{amz_date}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )));
    }
    let signed_headers: Vec<&str> = signed_headers.split(';').collect();
    well_formed(head, &signed_headers)?;
    all_covered(head, &signed_headers)?;
    let security_token = text(head, "x-amz-security-token")?;
    let content_sha256 = text(head, "x-amz-content-sha256")?;
    Ok(Signed {
        access_key_id,
        scope_date,
        region,
        service,
        signed_headers,
        signature,
        amz_date,
        security_token,
        content_sha256,
    })
}

/// The canonical request, whose hash the string to sign holds.
pub fn canonical_request(head: &Head<'_>, signed: &Signed<'_>, payload_sha256_hex: &str) -> Vec<u8> {
    let mut request = Vec::with_capacity(1024);
    for line in [head.method, &canonical_path(head.path), &canonical_query(head.query)] {
        request.extend_from_slice(line.as_bytes());
        request.push(b'\n');
    }
    for name in &signed.signed_headers {
        request.extend_from_slice(name.as_bytes());
        request.push(b':');
        canonical_value(head, name, &mut request);
        request.push(b'\n');
    }
    request.push(b'\n');
    request.extend_from_slice(signed.signed_headers.join(";").as_bytes());
    request.push(b'\n');
    request.extend_from_slice(payload_sha256_hex.as_bytes());
    request
}

/// The string to sign.
pub fn string_to_sign(signed: &Signed<'_>, canonical_request_sha256_hex: &str) -> String {
    let Signed { amz_date, scope_date, region, service, .. } = signed;
    format!("{ALGORITHM}\n{amz_date}\n{scope_date}/{region}/{service}/{TERMINATOR}\n{canonical_request_sha256_hex}")
}

/// `20260901T120000Z` in milliseconds since the epoch; nothing for any other form.
pub fn parse_amz_date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)?
            .iter()
            .try_fold(0_u16, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u16::from(digit - b'0')))
    };
    if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
        return None;
    }
    let two = |range| digits(range).and_then(|number| u8::try_from(number).ok());
    let month = Month::try_from(two(4..6)?).ok()?;
    let date = Date::from_calendar_date(i32::from(digits(0..4)?), month, two(6..8)?).ok()?;
    let time = Time::from_hms(two(9..11)?, two(11..13)?, two(13..15)?).ok()?;
    Some(PrimitiveDateTime::new(date, time).assume_utc().unix_timestamp() * 1000)
}

/// The other way round, milliseconds cut off; what lies outside of the years 0 to 9999 is moved to their ends.
pub fn format_amz_date(millis: i64) -> String {
    let seconds = millis.div_euclid(1000).clamp(*SECONDS.start(), *SECONDS.end());
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second())
}

// ---- reading ----

fn incomplete(message: impl Into<String>) -> Fault {
    Fault::client(fault_names::INCOMPLETE_SIGNATURE_EXCEPTION, message)
}

/// The query form of SigV4 is not supported, and must not be overlooked.
fn not_in_query(head: &Head<'_>) -> Result<(), Fault> {
    let signs = |pair: &str| {
        let name = pair.split('=').next().unwrap_or_default();
        percent_decoded(name).eq_ignore_ascii_case(b"x-amz-signature")
    };
    if head.query.split('&').any(signs) {
        return Err(incomplete(
            "A signature in the query string is not supported. Sign with the Authorization header instead.",
        ));
    }
    Ok(())
}

fn each_once(head: &Head<'_>) -> Result<(), Fault> {
    for name in ONCE {
        if head.headers.iter().filter(|(sent, _)| sent == name).count() > 1 {
            return Err(incomplete(format!("The header '{name}' was sent more than once.")));
        }
    }
    Ok(())
}

fn header<'a>(head: &'a Head<'a>, name: &str) -> Option<&'a [u8]> {
    head.headers.iter().find(|(sent, _)| sent == name).map(|(_, value)| value.as_slice())
}

/// A header in printable ASCII, which is all that signing clients put into these.
fn text<'a>(head: &'a Head<'a>, name: &str) -> Result<Option<&'a str>, Fault> {
    let Some(value) = header(head, name) else { return Ok(None) };
    let printable = |text: &&str| text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    let text = std::str::from_utf8(value).ok().filter(printable).map(str::trim);
    text.map(Some).ok_or_else(|| incomplete(format!("The header '{name}' is not printable ASCII.")))
}

#[derive(Default)]
struct Parameters<'a> {
    credential: Option<&'a str>,
    signed_headers: Option<&'a str>,
    signature: Option<&'a str>,
}

/// The parameters behind the algorithm; none of them if the algorithm is another.
fn parameters(authorization: &str) -> Result<Parameters<'_>, Fault> {
    let mut found = Parameters::default();
    let Some((ALGORITHM, rest)) = authorization.split_once(' ') else { return Ok(found) };
    for pair in rest.split(',').map(str::trim) {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            incomplete(format!(
                "'{pair}' not a valid key=value pair (missing equal-sign) in Authorization header: '{authorization}'."
            ))
        })?;
        let place = match name {
            "Credential" => &mut found.credential,
            "SignedHeaders" => &mut found.signed_headers,
            "Signature" => &mut found.signature,
            _ => return Err(incomplete(format!("The Authorization header has the unknown parameter '{name}'."))),
        };
        if place.replace(value).is_some() {
            return Err(incomplete(format!("The Authorization header has the parameter '{name}' more than once.")));
        }
    }
    Ok(found)
}

/// All four things a signature needs, or a fault that lists what is missing.
fn complete<'a>(
    parameters: &Parameters<'a>,
    amz_date: Option<&'a str>,
    authorization: &str,
) -> Result<(&'a str, &'a str, &'a str, &'a str), Fault> {
    let given = |parameter: Option<&'a str>| parameter.filter(|value| !value.is_empty());
    let (credential, signature) = (given(parameters.credential), given(parameters.signature));
    let signed_headers = given(parameters.signed_headers);
    if let (Some(credential), Some(signed_headers), Some(signature), Some(amz_date)) =
        (credential, signed_headers, signature, amz_date)
    {
        return Ok((credential, signed_headers, signature, amz_date));
    }
    let mut message = String::new();
    for (name, value) in [("Credential", credential), ("Signature", signature), ("SignedHeaders", signed_headers)] {
        if value.is_none() {
            message.push_str(&format!("Authorization header requires '{name}' parameter. "));
        }
    }
    if amz_date.is_none() {
        // AWS would take a Date header as well; we insist on X-Amz-Date, which every client sends and signs.
        message.push_str("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ");
    }
    Err(incomplete(format!("{message}Authorization={}", echo(authorization))))
}

/// The header as a fault may show it. Of another scheme only the name: `Basic` would show a password.
fn echo(authorization: &str) -> &str {
    let scheme = authorization.split(' ').next().unwrap_or_default();
    if scheme == ALGORITHM { authorization } else { scheme }
}

fn scope(credential: &str) -> Result<[&str; 4], Fault> {
    let parts: Vec<&str> = credential.split('/').collect();
    let &[access_key_id, date, region, service, terminator] = parts.as_slice() else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{credential}'"
        )));
    };
    if access_key_id.is_empty() {
        return Err(incomplete("Credential must begin with an access key id."));
    }
    if terminator != TERMINATOR {
        return Err(incomplete(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
        )));
    }
    Ok([access_key_id, date, region, service])
}

/// In lower case, in order, none twice, and all there: a name without a header would sign nothing.
fn well_formed(head: &Head<'_>, signed_headers: &[&str]) -> Result<(), Fault> {
    let ordered = signed_headers.windows(2).all(|pair| pair[0] < pair[1]);
    let lower =
        signed_headers.iter().all(|name| !name.is_empty() && !name.bytes().any(|byte| byte.is_ascii_uppercase()));
    if !ordered || !lower {
        return Err(incomplete("SignedHeaders must be lower-case names in order, each once."));
    }
    match signed_headers.iter().find(|name| header(head, name).is_none()) {
        Some(absent) => Err(incomplete(format!("The header '{absent}' is in SignedHeaders and was not received."))),
        None => Ok(()),
    }
}

fn all_covered(head: &Head<'_>, signed_headers: &[&str]) -> Result<(), Fault> {
    let unsigned = |message: String| Err(Fault::client(fault_names::INVALID_SIGNATURE_EXCEPTION, message));
    if !signed_headers.contains(&"host") {
        return unsigned("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned());
    }
    let uncovered = head.headers.iter().map(|(name, _)| name.as_str()).find(|name| {
        name.starts_with("x-amz-") && *name != MAY_BE_UNSIGNED && signed_headers.binary_search(name).is_err()
    });
    match uncovered {
        Some(name) => unsigned(format!("'{name}' must be a 'SignedHeader' in the AWS Authorization.")),
        None => Ok(()),
    }
}

// ---- canonical forms ----

/// Dot segments and empty segments removed (RFC 3986 §5.2.4), then encoded once more, as all services but S3 do.
fn canonical_path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(percent_encoded(segment.as_bytes())),
        }
    }
    let ends_open = path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    let end = if ends_open && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// Names and values in one encoding, sorted by their bytes.
fn canonical_query(query: &str) -> String {
    let canonical = |text: &str| percent_encoded(&percent_decoded(text));
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (canonical(name), canonical(value)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Appends the values of a header in the order received, white space trimmed and runs of it made one space.
fn canonical_value(head: &Head<'_>, name: &str, out: &mut Vec<u8>) {
    let values = head.headers.iter().filter(|(sent, _)| sent == name);
    for (index, (_, value)) in values.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        let words = value.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word);
        }
    }
}

/// All but the unreserved characters (RFC 3986 §2.3), in upper-case hexadecimal.
fn percent_encoded(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// A percent sign without two hexadecimal digits stands for itself.
fn percent_decoded(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        let hex = if *first == b'%' { after.get(..2).and_then(hex_byte) } else { None };
        decoded.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { &after[2..] } else { after };
    }
    decoded
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    u8::try_from(value(digits[0])? * 16 + value(digits[1])?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: (&str, &str) = ("host", "127.0.0.1:4599");
    const DATE: (&str, &str) = ("x-amz-date", "20260901T120000Z");
    const TARGET: (&str, &str) = ("x-amz-target", "TrentService.Encrypt");

    fn headers(list: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
    }

    fn head<'a>(headers: &'a [(String, Vec<u8>)], query: &'a str) -> Head<'a> {
        Head { method: "POST", path: "/", query, headers }
    }

    fn authorization(signed_headers: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=AKID/20260901/us-east-1/kms/aws4_request, SignedHeaders={signed_headers}, Signature=abc"
        )
    }

    /// Parses a request with these headers and this `Authorization`, and gives the fault as its two texts.
    fn refusal(authorization: &str, list: &[(&str, &str)], query: &str) -> Option<(&'static str, String)> {
        let list = headers(&[list, &[("authorization", authorization)]].concat());
        let fault = parse(&head(&list, query)).err()?;
        assert_eq!(fault.status, 400);
        Some((fault.name, fault.message.unwrap_or_default()))
    }

    #[test]
    fn a_signed_request_says_all_of_its_signature() {
        let list = headers(&[
            HOST,
            ("content-type", "application/x-amz-json-1.1"),
            DATE,
            ("x-amz-security-token", "token+/="),
            TARGET,
            ("authorization", &authorization("content-type;host;x-amz-date;x-amz-security-token;x-amz-target")),
        ]);
        let head = head(&list, "");
        let signed = parse(&head).expect("it is complete");
        assert_eq!(
            signed,
            Signed {
                access_key_id: "AKID",
                scope_date: "20260901",
                region: "us-east-1",
                service: "kms",
                signed_headers: vec!["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"],
                signature: "abc",
                amz_date: "20260901T120000Z",
                security_token: Some("token+/="),
                content_sha256: None,
            }
        );
    }

    #[test]
    fn every_known_client_signs_enough() {
        let optional = [
            ("amz-sdk-invocation-id", "1"),
            ("amz-sdk-request", "attempt=1"),
            ("content-length", "2"),
            ("content-type", "application/x-amz-json-1.1"),
            ("user-agent", "x"),
            ("x-amz-api-version", "2014-11-01"),
            ("x-amz-content-sha256", "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
            ("x-amz-user-agent", "x"),
        ];
        let sdk = "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-target";
        // What is signed, and what is sent unsigned beside it.
        let clients = [
            ("content-type;host;x-amz-date;x-amz-target", "user-agent content-length amz-sdk-invocation-id"),
            ("content-type;host;user-agent;x-amz-date;x-amz-target", ""),
            ("host;x-amz-date;x-amz-target", "content-type content-length"),
            ("host;x-amz-content-sha256;x-amz-date;x-amz-target", "x-amz-user-agent"),
            (&format!("{sdk};x-amz-user-agent"), ""),
            (sdk, "user-agent"),
            ("amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target", ""),
            ("content-length;content-type;host;x-amz-date;x-amz-target", ""),
            ("content-length;content-type;host;x-amz-date;x-amz-target;x-amz-user-agent", "user-agent"),
            ("content-length;content-type;host;user-agent;x-amz-date;x-amz-target", ""),
            (
                "content-type;host;x-amz-api-version;x-amz-content-sha256;x-amz-date;x-amz-target",
                "amz-sdk-invocation-id amz-sdk-request user-agent x-amz-user-agent",
            ),
        ];
        for (signed, unsigned) in clients {
            let sent: Vec<&str> = signed.split(';').chain(unsigned.split(' ')).collect();
            let list: Vec<(&str, &str)> = [HOST, DATE, TARGET].into_iter().chain(optional).collect();
            let list: Vec<(&str, &str)> = list.into_iter().filter(|(name, _)| sent.contains(name)).collect();
            assert_eq!(refusal(&authorization(signed), &list, ""), None, "{signed}");
        }
    }

    #[test]
    fn a_request_without_authorization_is_told_so() {
        let list = headers(&[HOST, DATE, TARGET]);
        let fault = parse(&head(&list, "")).expect_err("it is not signed");
        assert_eq!(
            fault.body(),
            br#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#
        );
    }

    #[test]
    fn what_an_authorization_lacks_is_listed() {
        let (credential, signature) = (
            "Authorization header requires 'Credential' parameter. ",
            "Authorization header requires 'Signature' parameter. ",
        );
        let signed_headers = "Authorization header requires 'SignedHeaders' parameter. ";
        let date = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
        let all = format!("{credential}{signature}{signed_headers}");
        let whole = authorization("host;x-amz-date;x-amz-target");
        let cases = [
            (
                "AWS4-HMAC-SHA256 Credential=a",
                true,
                format!("{signature}{signed_headers}Authorization=AWS4-HMAC-SHA256 Credential=a"),
            ),
            (
                "AWS4-HMAC-SHA256 Signature=a, Credential=",
                true,
                format!("{credential}{signed_headers}Authorization=AWS4-HMAC-SHA256 Signature=a, Credential="),
            ),
            (&whole, false, format!("{date}Authorization={whole}")),
            ("AWS4-HMAC-SHA256", false, format!("{all}{date}Authorization=AWS4-HMAC-SHA256")),
            ("AWS4-ECDSA-P256-SHA256 Credential=a", true, format!("{all}Authorization=AWS4-ECDSA-P256-SHA256")),
            // A password of another scheme is not echoed.
            ("Basic dXNlcjpwYXNz", true, format!("{all}Authorization=Basic")),
            ("", false, format!("{all}{date}Authorization=")),
        ];
        for (authorization, dated, message) in cases {
            let list = if dated { vec![HOST, DATE, TARGET] } else { vec![HOST, TARGET] };
            let wanted = Some(("IncompleteSignatureException", message));
            assert_eq!(refusal(authorization, &list, ""), wanted, "{authorization}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_authorization_is_named() {
        let signed = |list: &str| authorization(list);
        let incomplete = "IncompleteSignatureException";
        let invalid = "InvalidSignatureException";
        let scope = |credential: &str| {
            format!("AWS4-HMAC-SHA256 Credential={credential},SignedHeaders=host;x-amz-date;x-amz-target,Signature=a")
        };
        let good = signed("host;x-amz-date;x-amz-target");
        let cases = [
            (scope("AKID/20260901/us-east-1/aws4_request"), incomplete, "exactly 5 slash-delimited elements"),
            (scope("AKID/x/20260901/us-east-1/kms/aws4_request"), incomplete, "exactly 5 slash-delimited elements"),
            (scope("/20260901/us-east-1/kms/aws4_request"), incomplete, "begin with an access key id"),
            (scope("AKID/20260901/us-east-1/kms/aws4"), incomplete, "valid terminator: 'aws4_request', not 'aws4'"),
            (format!("{good},"), incomplete, "'' not a valid key=value pair"),
            (format!("{good}, x"), incomplete, "'x' not a valid key=value pair"),
            (format!("{good}, Signature=b"), incomplete, "'Signature' more than once"),
            (format!("{good}, Extra=b"), incomplete, "unknown parameter 'Extra'"),
            (signed("x-amz-date;host;x-amz-target"), incomplete, "in order, each once"),
            (signed("host;host;x-amz-date;x-amz-target"), incomplete, "in order, each once"),
            (signed("Host;x-amz-date;x-amz-target"), incomplete, "lower-case"),
            (signed(";host;x-amz-date;x-amz-target"), incomplete, "in order, each once"),
            (
                signed("content-md5;host;x-amz-date;x-amz-target"),
                incomplete,
                "'content-md5' is in SignedHeaders and was",
            ),
            (signed("x-amz-date;x-amz-target"), invalid, "'Host' or ':authority' must be a 'SignedHeader'"),
            (signed("host;x-amz-target"), invalid, "'x-amz-date' must be a 'SignedHeader'"),
            (signed("host;x-amz-date"), invalid, "'x-amz-target' must be a 'SignedHeader'"),
        ];
        for (authorization, name, part) in cases {
            let (found, message) = refusal(&authorization, &[HOST, DATE, TARGET], "").expect(&authorization);
            assert!(found == name && message.contains(part), "{authorization}: {found}: {message}");
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let list = [HOST, DATE, TARGET, ("x-amz-security-token", "t")];
        let (name, message) = refusal(&authorization("host;x-amz-date;x-amz-target"), &list, "").expect("not signed");
        assert_eq!(name, "InvalidSignatureException");
        assert_eq!(message, "'x-amz-security-token' must be a 'SignedHeader' in the AWS Authorization.");
    }

    #[test]
    fn headers_that_decide_something_come_once() {
        let good = authorization("host;x-amz-date;x-amz-target");
        for name in ["host", "x-amz-date", "x-amz-target", "x-amz-security-token", "x-amz-content-sha256"] {
            let list = [HOST, DATE, TARGET, (name, "a"), (name, "a")];
            let wanted = format!("The header '{name}' was sent more than once.");
            assert_eq!(refusal(&good, &list, ""), Some(("IncompleteSignatureException", wanted)));
        }
        let list = [HOST, DATE, TARGET, ("authorization", good.as_str())];
        let (name, message) = refusal(&good, &list, "").expect("two of them");
        assert_eq!((name, message.contains("'authorization'")), ("IncompleteSignatureException", true));
    }

    #[test]
    fn a_signature_in_the_query_is_refused_by_name() {
        for query in ["X-Amz-Signature=a", "a=b&X-Amz-Signature=a", "x-amz-signature", "X%2DAmz-Signature=a"] {
            let list = headers(&[HOST, DATE, TARGET]);
            let fault = parse(&head(&list, query)).expect_err(query);
            assert_eq!(fault.name, "IncompleteSignatureException");
            assert!(fault.message.is_some_and(|message| message.contains("query string is not supported")), "{query}");
        }
        assert_eq!(
            refusal(&authorization("host;x-amz-date;x-amz-target"), &[HOST, DATE, TARGET], "a=X-Amz-Signature"),
            None
        );
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let good = authorization("host;x-amz-date;x-amz-target");
        for value in [&b"\xff"[..], b"a\x00b", "ä".as_bytes(), b"a\tb"] {
            let mut list = headers(&[HOST, TARGET, ("authorization", &good)]);
            list.push(("x-amz-date".to_owned(), value.to_vec()));
            let fault = parse(&head(&list, "")).expect_err("no date");
            assert_eq!(fault.message.as_deref(), Some("The header 'x-amz-date' is not printable ASCII."));
        }
        for date in ["", "2026-09-01", "20260901T120000", "20261301T120000Z", "Tue, 01 Sep 2026 12:00:00 GMT"] {
            let (name, message) = refusal(&good, &[HOST, ("x-amz-date", date), TARGET], "").expect(date);
            assert_eq!((name, message.contains("ISO-8601 'basic format'")), ("IncompleteSignatureException", true));
        }
    }

    // The worked example of AWS's "Signature Version 4 signing process", ListUsers of IAM.
    #[test]
    fn the_worked_example_of_aws_comes_out_the_same() {
        let list = headers(&[
            ("host", "iam.amazonaws.com"),
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("x-amz-date", "20150830T123600Z"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        ]);
        let head = Head { method: "GET", path: "/", query: "Action=ListUsers&Version=2010-05-08", headers: &list };
        let signed = parse(&head).expect("it is complete");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let request = canonical_request(&head, &signed, empty);
        assert_eq!(
            String::from_utf8_lossy(&request),
            "GET\n/\nAction=ListUsers&Version=2010-05-08\n\
             content-type:application/x-www-form-urlencoded; charset=utf-8\nhost:iam.amazonaws.com\n\
             x-amz-date:20150830T123600Z\n\ncontent-type;host;x-amz-date\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        // The hash that the example gives for that text.
        let hash = "f536975d06c0309214f805bb90ccff089219ecd68b2577efef23edd43b7e1a59";
        assert_eq!(
            string_to_sign(&signed, hash),
            format!("AWS4-HMAC-SHA256\n20150830T123600Z\n20150830/us-east-1/iam/aws4_request\n{hash}")
        );
    }

    #[test]
    fn paths_queries_and_values_have_one_form() {
        let paths = [
            ("/", "/"),
            ("", "/"),
            ("//", "/"),
            ("/./", "/"),
            ("/a/../", "/"),
            ("/a/..", "/"),
            ("/../a", "/a"),
            ("/a//b/./c", "/a/b/c"),
            ("/a/b/..", "/a/"),
            ("/a/", "/a/"),
            ("/a%20b/ü", "/a%2520b/%C3%BC"),
            ("/-._~", "/-._~"),
        ];
        for (path, wanted) in paths {
            assert_eq!(canonical_path(path), wanted, "{path}");
        }
        let queries = [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("a", "a="),
            ("&a=1&", "a=1"),
            ("a=%7e%41&a=b/c", "a=b%2Fc&a=~A"),
            ("a=b=c", "a=b%3Dc"),
            ("a=%zz%4", "a=%25zz%254"),
            ("A=1&a=1", "A=1&a=1"),
        ];
        for (query, wanted) in queries {
            assert_eq!(canonical_query(query), wanted, "{query}");
        }
        let list = headers(&[("a", "  x   y\t z  "), ("b", "1"), ("a", "2"), ("a", "")]);
        let mut value = Vec::new();
        canonical_value(&head(&list, ""), "a", &mut value);
        assert_eq!(String::from_utf8_lossy(&value), "x y z,2,");
    }

    #[test]
    fn dates_read_and_write_the_same() {
        for (text, millis) in [
            ("19700101T000000Z", 0),
            ("20260901T120000Z", 1_788_264_000_000),
            ("20240229T235959Z", 1_709_251_199_000),
            ("00000101T000000Z", -62_167_219_200_000),
            ("99991231T235959Z", 253_402_300_799_000),
        ] {
            assert_eq!(parse_amz_date(text), Some(millis), "{text}");
            assert_eq!(format_amz_date(millis), text);
        }
        assert_eq!(format_amz_date(1_788_264_000_999), "20260901T120000Z");
        assert_eq!(format_amz_date(-1), "19691231T235959Z");
        assert_eq!(format_amz_date(i64::MAX), "99991231T235959Z");
        assert_eq!(format_amz_date(i64::MIN), "00000101T000000Z");
        for text in ["20230229T000000Z", "20260901t120000z", "20260901T240000Z", "20260901T126000Z", "2026 901T120000Z"]
        {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
        for text in ["20260901T120060Z", "20260901T120000Z ", "+2026901T120000Z", "２0260901T1200Z", "20261232T120000Z"]
        {
            assert_eq!(parse_amz_date(text), None, "{text}");
        }
    }
}
