//! What the door lets through, what it says to whom, and in which form.

use crate::support::{Answer, Running, call, read_one};
use kms::Mode;
use server::{Config, Limits};
use tokio::io::AsyncWriteExt;

const JSON: &str = "application/x-amz-json-1.1";

fn request(method: &str, path: &str, headers: &[&str]) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn in_dev_a_target_and_a_body_are_enough() {
    let dev = Running::start(Mode::Dev).await;
    for content_type in ["", "Content-Type: application/json; charset=latin1\r\n", "Content-Type: text/plain\r\n"] {
        let asked = call("ListKeys", "{}").replacen("Host", &format!("{content_type}Host"), 1);
        let answer = dev.ask(&asked).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(JSON)), "{content_type}");
        assert!(answer.body.contains("\"Keys\":[]"), "{}", answer.body);
        answer.assert_has_the_recorded_headers(content_type);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_serve_an_unsigned_request_is_told_so() {
    let serve = Running::start(Mode::Serve).await;
    let answer = serve.ask(call("ListKeys", "{}")).await;
    assert_eq!((answer.status, answer.error().as_str()), (400, "MissingAuthenticationTokenException"));
    answer.assert_has_the_recorded_headers("unsigned");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_target_is_looked_up_before_anybody_is_asked_who_they_are() {
    for mode in [Mode::Dev, Mode::Serve] {
        let server = Running::start(mode).await;
        let none = request("POST", "/", &["Content-Length: 2"]) + "{}";
        let two =
            call("ListKeys", "{}").replacen("X-Amz-Target", "X-Amz-Target: TrentService.ListKeys\r\nx-amz-target", 1);
        let cases = [
            call("Nope", "{}"),
            call("listKeys", "{}"),
            call("ListKeys ListKeys", "{}"),
            call("", "{}"),
            call("ListKeys", "{}").replacen("TrentService.", "", 1),
            call("ListKeys", "{}").replacen("TrentService.", "trentservice.", 1),
            call("ListKeys", "{}").replacen("TrentService.", "DynamoDB_20120810.", 1),
            none,
            two,
        ];
        for asked in cases {
            let answer = server.ask(&asked).await;
            assert_eq!(answer.body, r#"{"__type":"UnknownOperationException"}"#, "{asked}");
            assert_eq!((answer.status, answer.header("content-type")), (400, Some(JSON)), "{asked}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_place_answers_its_own_methods_and_no_other() {
    for (mode, clock) in [(Mode::Dev, [200, 400, 405]), (Mode::Serve, [404, 404, 404])] {
        let server = Running::start(mode).await;
        for (path, read, post, other) in [
            ("/", 200, 400, 405),
            ("/healthz", 200, 405, 405),
            ("/readyz", 200, 405, 405),
            ("/_trent/clock", clock[0], clock[1], clock[2]),
            ("/_trent/faults", clock[0], clock[1], clock[2]),
            ("/_trent/", 404, 404, 404),
            ("/_trent/CLOCK", 404, 404, 404),
            ("/metrics", 404, 404, 404),
            ("//", 404, 404, 404),
            ("/x/..", 404, 404, 404),
            ("/%2e", 404, 404, 404),
            ("/index.html", 404, 404, 404),
        ] {
            for (method, expected) in [
                ("GET", read),
                ("POST", post),
                ("PUT", other),
                ("DELETE", if path == "/_trent/faults" { read } else { other }),
                ("PATCH", other),
                ("OPTIONS", other),
                ("TRACE", other),
                ("BREW", other),
            ] {
                let what = format!("{method} {path} in {mode:?}");
                let answer = server.ask(request(method, path, &[])).await;
                assert_eq!(answer.status, expected, "{what}");
                answer.assert_has_the_recorded_headers(&what);
                if expected >= 400 {
                    assert_eq!(answer.header("content-type"), Some(JSON), "{what}");
                    assert!(!answer.error().is_empty(), "{what}: {}", answer.body);
                } else {
                    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{what}");
                }
                assert_eq!(answer.header("allow").is_some(), expected == 405, "{what}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_request_gets_the_head_alone() {
    let dev = Running::start(Mode::Dev).await;
    for path in ["/", "/healthz", "/readyz", "/_trent/clock", "/_trent/faults"] {
        let said = String::from_utf8(dev.say(request("HEAD", path, &[]).as_bytes()).await).unwrap();
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n") && said.ends_with("\r\n\r\n"), "{path}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_is_answered_without_a_host_and_closed() {
    let dev = Running::start(Mode::Dev).await;
    let answer = dev.ask("GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "alive\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_a_page_that_loads_nothing() {
    let server = Running::start(Mode::Serve).await;
    let answer = server.ask(request("GET", "/", &["Accept: text/html"])).await;
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.body.contains("AWS KMS API"), "{}", answer.body);
    for loads in ["src=", "href=", "<script", "<style", "url("] {
        assert!(!answer.body.contains(loads), "the page has {loads}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_a_request_id_of_its_own() {
    let dev = Running::start(Mode::Dev).await;
    let mut ids = std::collections::HashSet::new();
    for asked in [call("ListKeys", "{}"), call("ListKeys", "{}"), call("Nope", ""), request("GET", "/healthz", &[])] {
        let answer = dev.ask(&asked).await;
        assert!(ids.insert(answer.header("x-amzn-requestid").unwrap().to_owned()), "an id came twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_their_order() {
    let dev = Running::start(Mode::Dev).await;
    let said = dev.say((call("ListKeys", "{}") + &call("Nope", "{}") + &call("ListKeys", "")).as_bytes()).await;
    let (first, rest) = Answer::split(&said).unwrap();
    let (second, rest) = Answer::split(rest).unwrap();
    let (third, rest) = Answer::split(rest).unwrap();
    assert_eq!([first.status, second.status, third.status], [200, 400, 200]);
    assert!(rest.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_one_request_after_the_other() {
    let dev = Running::start(Mode::Dev).await;
    let mut stream = dev.connect().await;
    for _ in 0..100 {
        stream.write_all(call("ListKeys", "{}").as_bytes()).await.unwrap();
        assert_eq!(read_one(&mut stream).await.status, 200);
    }
}

/// Only the origins that `--cors` names may call; whatever the host, and whatever the path.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cors_does_not_name_is_refused_before_routing() {
    let app = "https://app.example";
    for (cors, origin, allowed) in [
        (vec![], app, false),
        (vec![app], app, true),
        (vec![app], "https://evil.example", false),
        (vec![app], "null", false),
        (vec!["*"], "https://evil.example", true),
        (vec![], "http://localhost", false),
    ] {
        let cors = cors.into_iter().map(str::to_owned).collect();
        let dev = Running::with(Config { mode: Mode::Dev, cors, limits: Limits::default() }).await;
        let header = format!("Origin: {origin}");
        let with_origin = |asked: String| asked.replacen("Host", &format!("{header}\r\nHost"), 1);
        for (asked, expected) in [
            (call("ListKeys", "{}"), 200),
            (call("Nope", "{}"), 400),
            (request("GET", "/healthz", &[]), 200),
            (request("OPTIONS", "/", &["Access-Control-Request-Method: POST"]), 200),
            (request("GET", "/nowhere", &[]), 404),
            (request("GET", "/_trent/clock", &[]), 403),
            (request("POST", "/_trent/clock", &["Content-Length: 14"]) + r#"{"reset":true}"#, 403),
            (request("POST", "/_trent/faults", &["Content-Length: 2"]) + "{}", 403),
            (request("GET", "/_trent/nowhere", &[]), 403),
        ] {
            for host in ["localhost", "127.0.0.1:4599", "localhost.evil.example:4599"] {
                let asked = with_origin(asked.replacen("Host: localhost", &format!("Host: {host}"), 1));
                let answer = dev.ask(&asked).await;
                let expected = if allowed { expected } else { 403 };
                assert_eq!(answer.status, expected, "{asked}");
                let granted = answer.header("access-control-allow-origin");
                assert_eq!(granted, (expected != 403).then_some(origin), "{asked}");
                if expected == 403 {
                    assert_eq!(answer.error(), "AccessDeniedException");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_of_a_named_page_is_granted_what_it_asks_for() {
    let cors = vec!["https://app.example".to_owned()];
    let serve = Running::with(Config { mode: Mode::Serve, cors, limits: Limits::default() }).await;
    let asked = "Access-Control-Request-Headers: authorization,x-amz-target,x-new";
    let answer = serve
        .ask(request("OPTIONS", "/", &["Origin: https://app.example", "Access-Control-Request-Method: POST", asked]))
        .await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,x-amz-target,x-new"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(answer.header("vary"), Some("Origin"));
    assert!(answer.header("access-control-expose-headers").unwrap().contains("x-amzn-RequestId"));
}

/// An image or a frame of another page sends no `Origin`, but browsers say where it stands.
#[tokio::test(flavor = "multi_thread")]
async fn the_clock_is_silent_to_what_a_foreign_page_embeds() {
    let dev = Running::start(Mode::Dev).await;
    for (site, expected) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)] {
        let answer = dev.ask(request("GET", "/_trent/clock", &[&format!("Sec-Fetch-Site: {site}")])).await;
        assert_eq!(answer.status, expected, "{site}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_dev_can_be_read_and_turned() {
    let dev = Running::start(Mode::Dev).await;
    let post = |body: &str| request("POST", "/_trent/clock", &[&format!("Content-Length: {}", body.len())]) + body;
    let offset = |answer: &Answer| {
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", answer.body);
        serde_json::from_str::<serde_json::Value>(&answer.body).unwrap()["offset"].as_f64().unwrap()
    };
    assert_eq!(offset(&dev.ask(request("GET", "/_trent/clock", &[])).await), 0.0);
    assert_eq!(offset(&dev.ask(post(r#"{"advance": 86400}"#)).await), 86_400.0);
    assert_eq!(offset(&dev.ask(post(r#"{"advance": 0.5}"#)).await), 86_400.5);
    let set = dev.ask(post(r#"{"set": "2100-01-01T00:00:00Z"}"#)).await;
    assert!(set.body.contains("\"now\":\"2100-01-01T00:00:0"), "{}", set.body);
    for wrong in ["", "{}", r#"{"advance": "1"}"#, r#"{"advance": 1e18}"#, r#"{"set": -1}"#] {
        let answer = dev.ask(post(wrong)).await;
        assert_eq!((answer.status, answer.error().as_str()), (400, "ValidationException"), "{wrong}");
        assert!(answer.body.contains("advance"), "the usage is told: {}", answer.body);
    }
    assert_eq!(offset(&dev.ask(post(r#"{"reset": true}"#)).await), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_a_query_signature_is_refused_by_name() {
    let serve = Running::start(Mode::Serve).await;
    let answer = serve.ask(call("ListKeys", "{}").replacen(" / ", " /?X-Amz-Signature=0 ", 1)).await;
    assert_eq!((answer.status, answer.error().as_str()), (400, "IncompleteSignatureException"));
}
