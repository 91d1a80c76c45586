//! A server on a port of its own, on a service in memory, and a client that sends exactly the bytes it is told to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crypto::SystemRandom;
use kms::home::Opened;
use kms::{Mode, Service};
use server::{Clock, Config, ExitKind, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server; it stops when it is told to, or with the test.
pub struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<ExitKind>,
}

impl Running {
    /// With the program's own limits and no `--cors`.
    pub async fn start(mode: Mode) -> Running {
        Running::with(Config { mode, cors: Vec::new(), limits: Limits::default() }).await
    }

    pub async fn with(config: Config) -> Running {
        Running::on(kms::home::in_memory(&SystemRandom), config).await
    }

    pub async fn on(opened: Opened, config: Config) -> Running {
        let listener = server::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let (address, clock, random) = (listener.address(), Clock::start(), Arc::new(SystemRandom));
        let quotas = kms::Quotas::default();
        let enforcement = config.mode.enforcement();
        let service =
            Service::start(opened, config.mode, enforcement, quotas, "us-east-1".to_owned(), random, clock.now()).await;
        let (stop, stopped) = oneshot::channel();
        let service = service.unwrap_or_else(|error| panic!("the service did not start: {error:?}"));
        let running = tokio::spawn(server::run(listener, config, service, clock, async {
            let _ = stopped.await;
        }));
        Running { address, stop, running }
    }

    /// Sends these bytes and nothing more, and reads until the server has no more to say.
    pub async fn say(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.connect().await;
        // The server may have hung up before the last byte: that is an answer too.
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        read_to_end(stream).await
    }

    /// The same, where there must be exactly one answer.
    pub async fn ask(&self, bytes: impl AsRef<[u8]>) -> Answer {
        let said = self.say(bytes.as_ref()).await;
        let (answer, rest) = Answer::split(&said).unwrap_or_else(|| {
            panic!("no answer to {:?}", String::from_utf8_lossy(&bytes.as_ref()[..bytes.as_ref().len().min(300)]))
        });
        assert!(rest.is_empty(), "more than one answer: {}", String::from_utf8_lossy(rest));
        answer
    }

    /// The same from another address of this machine.
    pub async fn ask_from(&self, address: IpAddr, bytes: &[u8]) -> Answer {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((address, 0))).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        read_one(&mut stream).await
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    pub fn tell_to_stop(self) -> JoinHandle<ExitKind> {
        self.stop.send(()).expect("the server runs until it is told to stop");
        self.running
    }
}

pub async fn read_to_end(mut stream: TcpStream) -> Vec<u8> {
    let mut said = Vec::new();
    // A reset after the last byte is an end as well.
    let _ = stream.read_to_end(&mut said).await;
    said
}

/// Reads one answer and leaves the connection open.
pub async fn read_one(stream: &mut TcpStream) -> Answer {
    let mut said = Vec::new();
    loop {
        if let Some((answer, rest)) = Answer::split(&said) {
            assert!(rest.is_empty(), "more than one answer: {}", String::from_utf8_lossy(rest));
            return answer;
        }
        let more = stream.read_buf(&mut said).await.unwrap();
        assert_ne!(more, 0, "the connection was closed in the middle of {}", String::from_utf8_lossy(&said));
    }
}

/// What the server said, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The first answer in `said`, and what follows it; none if it is not complete.
    pub fn split(said: &[u8]) -> Option<(Answer, &[u8])> {
        let end = said.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = str::from_utf8(&said[..end]).expect("heads are ASCII");
        let (first, lines) = head.split_once("\r\n").expect("every answer has headers");
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let headers: Vec<_> = lines
            .split("\r\n")
            .map(|line| line.split_once(": ").expect("a header"))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let answer = Answer { status, headers, body: String::new() };
        let length = answer.header("content-length").map_or(0, |length| length.parse().expect("a length"));
        let rest = &said[end + 4..];
        let body = rest.get(..length)?;
        Some((Answer { body: String::from_utf8(body.to_vec()).expect("bodies are UTF-8"), ..answer }, &rest[length..]))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(sent, _)| sent == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} was sent twice");
        value
    }

    /// The name of the fault, of whatever case its message is.
    pub fn error(&self) -> String {
        let body: serde_json::Value =
            serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("the body is no JSON: {}", self.body));
        body["__type"].as_str().unwrap_or_default().to_owned()
    }

    /// The headers that AWS KMS was recorded with, on this answer.
    pub fn assert_has_the_recorded_headers(&self, what: &str) {
        for (name, expected) in [
            ("cache-control", "no-cache, no-store, must-revalidate, private"),
            ("expires", "0"),
            ("pragma", "no-cache"),
        ] {
            assert_eq!(self.header(name), Some(expected), "{what}: {name}");
        }
        let id = self.header("x-amzn-requestid").unwrap_or_default();
        assert_eq!(id.len(), 36, "{what}: the request id is {id:?}");
        assert!(self.header("date").is_some_and(|date| date.ends_with(" GMT")), "{what}: no date");
        assert_eq!(self.header("x-amzn-errortype"), None, "{what}");
    }
}

/// A request that `dev` answers, with a body of this text.
pub fn call(operation: &str, body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: TrentService.{operation}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A form of the Query protocol.
pub fn form(body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
