//! What the door does not let through: what is too big, too slow, or no HTTP; and how it closes.

use std::time::Duration;

use crate::support::{Answer, Running, call, read_one, read_to_end};
use kms::Mode;
use server::{Config, ExitKind, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const MIB: usize = 1024 * 1024;

fn with_limits(limits: Limits) -> Config {
    Config { mode: Mode::Dev, cors: Vec::new(), limits }
}

fn chunked(body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: TrentService.ListKeys\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
    )
}

/// A whole request that would be answered with 200, with one thing done to it.
fn spoiled(from: &str, to: &str) -> Vec<u8> {
    let asked = call("ListKeys", "{}");
    assert!(asked.contains(from), "{from:?} is not in the request");
    asked.replacen(from, to, 1).into_bytes()
}

/// Requests that no two readers need agree on, that are broken, or that are no HTTP at all.
fn corpus() -> Vec<(String, Vec<u8>)> {
    let mut cases = Vec::new();
    let mut case = |what: &str, bytes: Vec<u8>| cases.push((what.to_owned(), bytes));

    // Where a body ends (RFC 9112 section 6.3).
    let length = |value: &str| spoiled("Content-Length: 2", &format!("Content-Length: {value}"));
    for value in
        ["", "-1", "+2", "2,2", "2, 3", "0x2", "2 2", "two", "2.0", "99999999999999999999999", "2\u{b}", "\u{ff12}"]
    {
        case(&format!("length {value:?}"), length(value));
    }
    case("two lengths", spoiled("Content-Length: 2", "Content-Length: 2\r\nContent-Length: 3"));
    case("two lengths, one odd", spoiled("Content-Length: 2", "Content-Length: 2\r\nContent-Length: x"));
    case("a space before the colon", spoiled("Content-Length:", "Content-Length :"));
    case("a tab before the colon", spoiled("Content-Length:", "Content-Length\t:"));
    for coding in
        ["gzip", "identity", "chunked, gzip", "xchunked", "chunked;q=1", "\u{b}chunked", "chunked, chunked, x", ""]
    {
        case(&format!("coding {coding:?}"), spoiled("Content-Length: 2", &format!("Transfer-Encoding: {coding}")));
    }
    case("chunked in HTTP/1.0", chunked("2\r\n{}\r\n0\r\n\r\n").replacen("HTTP/1.1", "HTTP/1.0", 1).into_bytes());
    for body in [
        "2\r\n{}",
        "2\r\n{}\r\n",
        "2\r\n{}0\r\n\r\n",
        "x\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n",
        "ffffffffffffffff\r\n{}",
        "10000000000000000\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}\r\n0\r\nX: \u{1}\r\n\r\n",
        "\r\n",
        "",
    ] {
        case(&format!("chunks {body:?}"), chunked(body).into_bytes());
    }
    case("a body shorter than its length", spoiled("\r\n\r\n{}", "\r\n\r\n{"));

    // Lines and names (RFC 9112 sections 2 to 5).
    case("a folded header", spoiled("Host: localhost", "Host: localhost\r\n more"));
    case("a folded header with a tab", spoiled("Host: localhost", "Host: localhost\r\n\tmore"));
    case("a folded first header", spoiled("Host: localhost", " Host: localhost"));
    case("a header without a colon", spoiled("Host: localhost", "Host: localhost\r\nBroken"));
    case("a header without a name", spoiled("Host: localhost", "Host: localhost\r\n: broken"));
    for byte in [0_u8, 1, 7, 11, 12, 13, 127] {
        let mut bytes = spoiled("localhost", "local?host");
        let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
        bytes[at] = byte;
        case(&format!("byte {byte} in a value"), bytes.clone());
        let mut bytes = spoiled("X-Amz-Target", "X-Amz?Target");
        let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
        bytes[at] = byte;
        case(&format!("byte {byte} in a name"), bytes);
    }
    for name in ["X Amz", "X(Amz", "X{Amz", "X\u{e9}", "\"X\"", "X@", "X[", "X,"] {
        case(&format!("the name {name:?}"), spoiled("Host: localhost", &format!("Host: localhost\r\n{name}: 1")));
    }
    for line in [
        "POST  / HTTP/1.1",
        " POST / HTTP/1.1",
        "POST / HTTP/1.1 ",
        "POST /",
        "POST / HTTP/2.0",
        "POST / HTTP/0.9",
        "POST / HTTP/1.2",
        "POST / HTTP/11",
        "POST / http/1.1",
        "POST / HTTP/1.1\0",
        "POST\t/ HTTP/1.1",
        "/ HTTP/1.1",
        "P(ST / HTTP/1.1",
        "POST /\u{e9} HTTP/1.1",
        "POST /\u{1} HTTP/1.1",
        "POST / / HTTP/1.1",
        "POST \\ HTTP/1.1",
        "",
        "POST x HTTP/1.1",
        "POST ? HTTP/1.1",
        "POST http:// HTTP/1.1",
        "POST //localhost/ HTTP/1.1",
    ] {
        case(&format!("the line {line:?}"), spoiled("POST / HTTP/1.1", line));
    }
    case("HTTP/2 without asking", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec());
    case("TLS", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec());
    case(
        "a proxy's greeting",
        [b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".to_vec(), call("ListKeys", "{}").into_bytes()].concat(),
    );
    case("nothing but zeros", vec![0; 4096]);
    case("nothing but line ends", b"\r\n".repeat(64));

    // Whom it is for (RFC 9112 section 3.2).
    case("no host", spoiled("Host: localhost\r\n", ""));
    case("two hosts", spoiled("Host: localhost", "Host: localhost\r\nHost: localhost"));
    case("two hosts in two cases", spoiled("Host: localhost", "Host: localhost\r\nhOST: evil.example"));
    case("another host in the target", spoiled("POST / ", "POST http://evil.example/ "));
    case("a proxy's target", spoiled("POST / ", "CONNECT evil.example:443 "));
    case("a target without a path", spoiled("POST / ", "POST * "));

    // What decides must be said once.
    for name in ["Authorization", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256"] {
        case(&format!("two {name}"), spoiled("Host", &format!("{name}: a\r\n{}: a\r\nHost", name.to_lowercase())));
    }
    case("two targets", spoiled("X-Amz-Target", "X-Amz-Target: TrentService.ListKeys\r\nX-Amz-Target"));
    case("a target that is no text", {
        let mut bytes = spoiled("ListKeys", "ListKey?");
        let at = bytes.iter().position(|byte| *byte == b'?').unwrap();
        bytes[at] = 0xff;
        bytes
    });

    // Too much of it.
    case("a long value", spoiled("Host", &format!("X: {}\r\nHost", "a".repeat(20_000))));
    case("a long name", spoiled("Host", &format!("{}: 1\r\nHost", "a".repeat(20_000))));
    case("a long target", spoiled("POST / ", &format!("POST /{} ", "a".repeat(20_000))));
    case("a long line without an end", vec![b'a'; 100_000]);
    case("many headers", spoiled("Host", &("X: 1\r\n".repeat(64) + "Host")));
    case("very many headers", spoiled("Host", &("X: 1\r\n".repeat(2_000) + "Host")));
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_gets_a_refusal_in_json_or_a_closed_connection() {
    let dev = Running::start(Mode::Dev).await;
    let cases = corpus();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    let mut silent = Vec::new();
    for (what, bytes) in cases {
        let said = dev.say(&bytes).await;
        if said.is_empty() {
            silent.push(what);
            continue;
        }
        let (answer, rest) = Answer::split(&said).unwrap_or_else(|| panic!("{what}: half an answer"));
        assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.body);
        assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"), "{what}");
        assert!(!answer.error().is_empty(), "{what}: {}", answer.body);
        answer.assert_has_the_recorded_headers(&what);
        assert!(rest.is_empty(), "{what}: what followed was taken for another request");
    }
    assert_eq!(silent, ["HTTP/2 without asking", "nothing but line ends"], "everybody else is told why");
    assert_eq!(dev.ask(call("ListKeys", "{}")).await.status, 200, "the server lives on");
}

/// A length that the chunks contradict is ignored, and nothing that follows is read as a request.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_chunked_body_the_connection_ends() {
    let dev = Running::start(Mode::Dev).await;
    let body = "2\r\n{}\r\n0\r\n\r\n";
    for headers in ["", "Content-Length: 4\r\n", "Content-Length: 400\r\n"] {
        for before in [true, false] {
            let (from, to) =
                if before { ("Host", format!("{headers}Host")) } else { ("\r\n\r\n", format!("\r\n{headers}\r\n")) };
            let smuggled = call("Nope", "{}");
            let said = dev.say((chunked(body).replacen(from, &to, 1) + &smuggled).as_bytes()).await;
            let (answer, rest) = Answer::split(&said).unwrap();
            assert_eq!((answer.status, answer.header("connection")), (200, Some("close")), "{headers}");
            assert!(rest.is_empty(), "{headers}: {}", String::from_utf8_lossy(rest));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_one_mebibyte_is_read_and_one_byte_more_is_not() {
    let dev = Running::start(Mode::Dev).await;
    let padded = |size: usize| format!("{{{}}}", " ".repeat(size - 2));
    let in_chunks = |size: usize| {
        let chunk = " ".repeat(MIB / 4);
        let whole = format!("{:x}\r\n{chunk}\r\n", chunk.len()).repeat(4);
        chunked(&format!("1\r\n{{\r\n{}1\r\n}}\r\n0\r\n\r\n", if size > MIB { whole } else { String::new() }))
    };
    assert_eq!(dev.ask(call("ListKeys", &padded(MIB))).await.status, 200);
    assert_eq!(dev.ask(in_chunks(2)).await.status, 200);
    for too_big in [call("ListKeys", &padded(MIB + 1)), call("ListKeys", &padded(6 * MIB)), in_chunks(MIB + 2)] {
        let answer = dev.ask(&too_big).await;
        assert_eq!((answer.status, answer.error().as_str()), (413, "RequestEntityTooLarge"));
        assert_eq!(answer.header("connection"), Some("close"));
        answer.assert_has_the_recorded_headers("too big");
    }
    // Whoever asks first is told before they send.
    let asked =
        call("ListKeys", "").replacen("Content-Length: 0", "Expect: 100-continue\r\nContent-Length: 2000000", 1);
    assert_eq!(dev.ask(asked).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_whether_to_send_the_body_is_told_to() {
    let dev = Running::start(Mode::Dev).await;
    let mut stream = dev.connect().await;
    let asked = call("ListKeys", "").replacen("Content-Length: 0", "Expect: 100-continue\r\nContent-Length: 2", 1);
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{}").await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_does_not_end_and_a_silent_connection_are_closed() {
    let limits =
        Limits { head_timeout: Duration::from_millis(50), idle_timeout: Duration::from_secs(1), ..Limits::default() };
    let dev = Running::with(with_limits(limits)).await;
    for beginning in ["", "P", "POST / HTTP/1.1\r\nHost: local"] {
        let mut stream = dev.connect().await;
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert_eq!(read_to_end(stream).await, b"", "after {beginning:?}");
    }
    // One that was answered before, too.
    let mut stream = dev.connect().await;
    stream.write_all(call("ListKeys", "{}").as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut stream).await.status, 200);
    assert_eq!(read_to_end(stream).await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_does_not_end_is_told_that_it_is_late() {
    let limits = Limits { body_timeout: Duration::from_millis(50), ..Limits::default() };
    let dev = Running::with(with_limits(limits)).await;
    let mut stream = dev.connect().await;
    stream.write_all(call("ListKeys", "{}").replacen("{}", "{", 1).as_bytes()).await.unwrap();
    let answer = read_one(&mut stream).await;
    assert_eq!((answer.status, answer.error().as_str()), (408, "RequestTimeout"));
    assert_eq!(read_to_end(stream).await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_waits_until_another_is_gone() {
    let dev = Running::with(with_limits(Limits { connections: 1, ..Limits::default() })).await;
    let mut first = dev.connect().await;
    first.write_all(call("ListKeys", "{}").as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut first).await.status, 200);
    let mut second = dev.connect().await;
    second.write_all(call("ListKeys", "{}").as_bytes()).await.unwrap();
    drop(first);
    assert_eq!(read_one(&mut second).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_wait_for_room_and_small_ones_do_not() {
    let dev = Running::with(with_limits(Limits { bodies_kib: 1024, ..Limits::default() })).await;
    let large = call("ListKeys", &format!("{{{}}}", " ".repeat(MIB - 2)));
    let (begin, end) = large.split_at(large.len() - 1);
    let mut first = dev.connect().await;
    first.write_all(begin.as_bytes()).await.unwrap();
    let mut second = dev.connect().await;
    second.write_all(begin.as_bytes()).await.unwrap();
    assert_eq!(dev.ask(call("ListKeys", "{}")).await.status, 200);
    first.write_all(end.as_bytes()).await.unwrap();
    second.write_all(end.as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut first).await.status, 200);
    assert_eq!(read_one(&mut second).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_hand_is_finished_and_the_rest_is_let_go() {
    let dev = Running::start(Mode::Dev).await;
    let mut silent = dev.connect().await;
    let mut idle = dev.connect().await;
    idle.write_all(call("ListKeys", "{}").as_bytes()).await.unwrap();
    assert_eq!(read_one(&mut idle).await.status, 200);
    let asked = call("ListKeys", "{}").replacen("Host", "Expect: 100-continue\r\nHost", 1);
    let (head, body) = asked.split_at(asked.len() - 2);
    let mut in_hand = dev.connect().await;
    in_hand.write_all(head.as_bytes()).await.unwrap();
    // That the server asks for the body shows that the request is in its hand.
    let mut told = [0; 25];
    in_hand.read_exact(&mut told).await.unwrap();

    let ending = dev.tell_to_stop();
    assert_eq!(silent.read(&mut told).await.unwrap(), 0, "a connection that asked nothing is closed");
    assert_eq!(idle.read(&mut told).await.unwrap(), 0, "an idle connection is closed");
    assert!(!ending.is_finished(), "a request is in hand");
    in_hand.write_all(body.as_bytes()).await.unwrap();
    let answer = read_one(&mut in_hand).await;
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(ending.await.unwrap(), ExitKind::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nothing_in_hand_it_ends_by_itself() {
    let dev = Running::start(Mode::Dev).await;
    assert_eq!(dev.ask(call("ListKeys", "{}")).await.status, 200);
    assert_eq!(dev.tell_to_stop().await.unwrap(), ExitKind::Finished);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_does_not_end_holds_the_process_only_so_long() {
    let dev = Running::with(with_limits(Limits { stop_timeout: Duration::from_millis(50), ..Limits::default() })).await;
    let asked = call("ListKeys", "{}").replacen("Host", "Expect: 100-continue\r\nHost", 1);
    let mut in_hand = dev.connect().await;
    in_hand.write_all(&asked.as_bytes()[..asked.len() - 2]).await.unwrap();
    let mut told = [0; 25];
    in_hand.read_exact(&mut told).await.unwrap();
    assert_eq!(dev.tell_to_stop().await.unwrap(), ExitKind::Cut);
}
