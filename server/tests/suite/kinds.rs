//! The kinds of request that share `POST /`: a target of keys, a target of identities, a form; each in its own words.

use kms::Mode;
use server::{Config, Limits};

use crate::support::{Answer, Running, form};

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const XML: &str = "text/xml";
const WHO: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// A POST with these header lines.
fn post(headers: &[String], body: &str) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("POST / HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn target(target: &str, body: &str) -> String {
    post(&[format!("X-Amz-Target: {target}")], body)
}

/// The text of an element of an XML answer.
fn element<'a>(answer: &'a Answer, name: &str) -> &'a str {
    assert_eq!(answer.header("content-type"), Some(XML), "{}", answer.body);
    let (_, rest) = answer.body.split_once(&format!("<{name}>")).unwrap_or_default();
    rest.split_once(&format!("</{name}>")).unwrap_or_default().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_a_target_is_answered_in_xml() {
    let dev = Running::start(Mode::Dev).await;
    for content_type in [FORM, "application/x-www-form-urlencoded", "Application/X-WWW-Form-urlencoded ;a=b"] {
        let answer = dev.ask(post(&[format!("Content-Type: {content_type}")], WHO)).await;
        assert_eq!((answer.status, element(&answer, "Account")), (200, "000000000000"), "{}", answer.body);
        assert_eq!(Some(element(&answer, "RequestId")), answer.header("x-amzn-requestid"));
        answer.assert_has_the_recorded_headers(content_type);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_names_nothing_of_ours_is_told_so_before_anybody_is_asked_who_they_are() {
    for mode in [Mode::Dev, Mode::Serve] {
        let server = Running::start(mode).await;
        for (body, code, words) in [
            ("", "MissingAction", ""),
            ("a=b", "MissingAction", ""),
            (
                "Action=ListUsers&Version=2010-05-08",
                "InvalidAction",
                "Could not find operation ListUsers for version 2010-05-08",
            ),
            ("Action=GetCallerIdentity&Version=2010-05-08", "InvalidAction", "for version 2010-05-08"),
            ("Action=SendMessage&Version=2012-11-05", "InvalidAction", "GetCallerIdentity and AssumeRole"),
            ("Action=GetCallerIdentity&Action=AssumeRole&Version=2011-06-15", "MalformedQueryString", ""),
            ("Action=%zz", "MalformedQueryString", ""),
            ("{\"KeyId\":\"Action=\"}", "MissingAction", ""),
        ] {
            let answer = server.ask(form(body)).await;
            assert_eq!((answer.status, element(&answer, "Code")), (400, code), "{mode:?} {body}: {}", answer.body);
            assert_eq!(element(&answer, "Type"), "Sender", "{body}");
            assert!(element(&answer, "Message").contains(words), "{body}: {}", answer.body);
        }
        let in_url = form("").replacen(" / ", &format!(" /?{WHO} "), 1);
        let answer = server.ask(in_url).await;
        assert_eq!((answer.status, element(&answer, "Code")), (400, "MalformedQueryString"), "{}", answer.body);
    }
}

/// Some tools prove who they are by a signed URL that others fetch. It must not be answered with a page.
#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_names_an_action_is_refused_and_any_other_is_the_page() {
    let serve = Running::start(Mode::Serve).await;
    for (query, status) in
        [(WHO, 400), ("X-Amz-Signature=0&Action=GetCallerIdentity", 400), ("", 200), ("q=Action", 200)]
    {
        let answer = serve.ask(format!("GET /?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
        if status == 400 {
            assert_eq!(element(&answer, "Code"), "MalformedQueryString", "{query}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_nobody_signed_is_told_so_in_xml() {
    let serve = Running::start(Mode::Serve).await;
    for body in
        [WHO, "Action=AssumeRole&Version=2011-06-15", "Action=AssumeRole&Version=2011-06-15&RoleArn=x&Unknown=y"]
    {
        let answer = serve.ask(form(body)).await;
        assert_eq!((answer.status, element(&answer, "Code")), (403, "MissingAuthenticationToken"), "{body}");
        assert_eq!(Some(element(&answer, "RequestId")), answer.header("x-amzn-requestid"));
    }
    let signed_oddly = format!("Content-Type: {FORM}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=a");
    let answer = serve.ask(post(&[signed_oddly], WHO)).await;
    assert_eq!((answer.status, element(&answer, "Code")), (400, "IncompleteSignature"), "{}", answer.body);
}

/// `curl -d` calls every body a form, and a target still says what is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_target_counts_whatever_its_body_is_called() {
    let dev = Running::start(Mode::Dev).await;
    for body in ["{}", "", "  {\"Limit\":1}", "{\"x\":\"&Action=AssumeRole&\"}"] {
        let header = ["X-Amz-Target: TrentService.ListKeys".to_owned(), format!("Content-Type: {FORM}")];
        let answer = dev.ask(post(&header, body)).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_asks_in_two_ways_is_refused() {
    for mode in [Mode::Dev, Mode::Serve] {
        let server = Running::start(mode).await;
        for name in ["TrentService.ListKeys", "TrentIdentity.ListUsers"] {
            for body in [WHO, "x=y&Action=GetCallerIdentity"] {
                let answer =
                    server.ask(post(&[format!("X-Amz-Target: {name}"), format!("Content-Type: {FORM}")], body)).await;
                assert_eq!((answer.status, answer.error().as_str()), (400, "SerializationException"), "{name} {body}");
                assert!(answer.body.contains("X-Amz-Target and Action"), "{}", answer.body);
            }
        }
        let two = [
            "X-Amz-Target: TrentService.ListKeys",
            "X-Amz-Target: TrentService.ListKeys",
            "Content-Type: application/x-www-form-urlencoded",
        ];
        let answer = server.ask(post(&two.map(str::to_owned), WHO)).await;
        assert_eq!(answer.error(), "UnknownOperationException", "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verb_of_identities_is_looked_up_before_anybody_is_asked_who_they_are() {
    for mode in [Mode::Dev, Mode::Serve] {
        let server = Running::start(mode).await;
        for name in [
            "TrentIdentity.Nope",
            "TrentIdentity.",
            "TrentIdentity.listUsers",
            "TrentIdentity.Encrypt",
            "TrentService.ListUsers",
            "trentidentity.ListUsers",
        ] {
            let answer = server.ask(target(name, "{}")).await;
            assert_eq!(answer.body, r#"{"__type":"UnknownOperationException"}"#, "{name}");
            assert_eq!(answer.status, 400, "{name}");
        }
    }
    let serve = Running::start(Mode::Serve).await;
    for name in ["TrentIdentity.ListUsers", "TrentIdentity.CreateUser", "TrentIdentity.Explain"] {
        let answer = serve.ask(target(name, "{}")).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, "MissingAuthenticationTokenException"), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doors_bounds_hold_for_forms_in_their_own_words() {
    let dev = Running::start(Mode::Dev).await;
    let large = format!("{WHO}&x={}", "y".repeat(1024 * 1024));
    let with = |header: &str| post(&[format!("Content-Type: {FORM}"), header.to_owned()], WHO);
    for (asked, status, code) in [
        (form(&large), 413, "RequestEntityTooLarge"),
        (with("Origin: https://evil.example"), 403, "AccessDenied"),
        (with("Host: other"), 400, "MalformedQueryString"),
        (with("Authorization: a\r\nAuthorization: b"), 400, "MalformedQueryString"),
    ] {
        let answer = dev.ask(&asked).await;
        assert_eq!((answer.status, element(&answer, "Code")), (status, code), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_page_may_send_a_form_and_read_the_answer() {
    let cors = vec!["https://app.example".to_owned()];
    let dev = Running::with(Config { mode: Mode::Dev, cors, limits: Limits::default() }).await;
    let answer = dev.ask(post(&[format!("Content-Type: {FORM}"), "Origin: https://app.example".to_owned()], WHO)).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, Some("https://app.example")));
}
