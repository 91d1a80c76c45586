//! How fast does a server answer one request sent over and over, and what does an answer cost it? Some connections that
//! stay open each send the request, signed once, wait for the answer and send it again. The generator's own cost is no
//! part of the figures; it is one thread, so that a small machine has something left for the server.

mod credentials;

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use clap::Parser;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use wire::sigv4::{self, Head};

use credentials::Credentials;

/// Sends one request over and over and prints, as one line of JSON, how it was answered.
///
/// The request is signed once, which holds for five minutes.
#[derive(Parser)]
struct Options {
    /// Where the server listens
    #[arg(long)]
    address: SocketAddr,
    /// Who signs: the file that `trent serve` wrote, or one like it
    #[arg(long)]
    credentials: PathBuf,
    /// What a session sends along
    #[arg(long)]
    session_token: Option<String>,
    /// For instance Encrypt
    #[arg(long)]
    operation: String,
    /// The request's JSON
    #[arg(long)]
    body: String,
    /// How many connections ask at a time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// For how long
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// How often, instead of for how long
    #[arg(long)]
    requests: Option<u64>,
    /// The server's process, whose CPU time is told
    #[arg(long)]
    pid: Option<u32>,
    /// Send it once and print the answer's body
    #[arg(long)]
    once: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let request: Arc<[u8]> = signed(&options, &Credentials::read(&options.credentials)?)?.into();
    if options.once {
        let mut connection = Connection::open(options.address).await?;
        let status = connection.ask(&request).await?;
        println!("{}", String::from_utf8_lossy(connection.body()));
        return if status == 200 { Ok(()) } else { Err(format!("the server answered {status}").into()) };
    }
    println!("{}", measured(&options, request).await?);
    Ok(())
}

/// When to stop.
struct End {
    at: Option<Instant>,
    left: AtomicU64,
}

impl End {
    fn new(options: &Options) -> End {
        match options.requests {
            Some(requests) => End { at: None, left: AtomicU64::new(requests) },
            None => {
                let at = Instant::now() + Duration::from_secs_f64(options.seconds);
                End { at: Some(at), left: AtomicU64::new(u64::MAX) }
            }
        }
    }

    /// Whether one more may be sent.
    fn takes_one(&self, now: Instant) -> bool {
        match self.at {
            Some(at) => now < at,
            None => self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok(),
        }
    }
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    micros: Vec<u32>,
    errors: u64,
}

async fn measured(options: &Options, request: Arc<[u8]>) -> Result<serde_json::Value, Box<dyn Error>> {
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(Connection::open(options.address).await?);
    }
    let cpu_before = options.pid.map(cpu_ticks).transpose()?;
    let began = Instant::now();
    let end = Arc::new(End::new(options));
    let mut asking = JoinSet::new();
    for connection in connections {
        asking.spawn(ask_until(connection, Arc::clone(&request), Arc::clone(&end)));
    }
    let mut all = Seen::default();
    while let Some(seen) = asking.join_next().await {
        let seen = seen??;
        all.micros.extend(seen.micros);
        all.errors += seen.errors;
    }
    let seconds = began.elapsed().as_secs_f64();
    let cpu_after = options.pid.map(cpu_ticks).transpose()?;
    all.micros.sort_unstable();
    let requests = all.micros.len();
    let part = |percent: usize| all.micros.get(requests * percent / 100).copied();
    let cpu = cpu_before.zip(cpu_after).map(|(before, after)| (after - before) as f64 * MICROS_A_TICK);
    Ok(json!({
        "operation": options.operation,
        "requests": requests,
        "errors": all.errors,
        "seconds": seconds,
        "per_second": requests as f64 / seconds,
        "p50_us": part(50),
        "p99_us": part(99),
        "cpu_us_per_request": cpu.map(|cpu| cpu / requests as f64),
    }))
}

async fn ask_until(mut connection: Connection, request: Arc<[u8]>, end: Arc<End>) -> std::io::Result<Seen> {
    let mut seen = Seen::default();
    let mut now = Instant::now();
    while end.takes_one(now) {
        let status = connection.ask(&request).await?;
        let answered = Instant::now();
        seen.micros.push((answered - now).as_micros() as u32);
        seen.errors += u64::from(status != 200);
        now = answered;
    }
    Ok(seen)
}

/// A connection and the answer it received last.
struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    body_at: usize,
}

impl Connection {
    async fn open(address: SocketAddr) -> std::io::Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, received: Vec::with_capacity(16 * 1024), body_at: 0 })
    }

    /// Sends the request and waits for the whole answer; its status.
    async fn ask(&mut self, request: &[u8]) -> std::io::Result<u16> {
        self.stream.write_all(request).await?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let Some(end) = self.received.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
            let (status, length) = status_and_length(&self.received[..end]).ok_or(std::io::ErrorKind::InvalidData)?;
            self.body_at = end + 4;
            if self.received.len() >= self.body_at + length {
                return Ok(status);
            }
        }
    }

    fn body(&self) -> &[u8] {
        &self.received[self.body_at..]
    }
}

/// What an answer's head says, if it gives a length.
fn status_and_length(head: &[u8]) -> Option<(u16, usize)> {
    let mut lines = str::from_utf8(head).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = lines.filter_map(|line| line.split_once(':'));
    let (_, length) = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?;
    Some((status, length.trim().parse().ok()?))
}

/// The request as it goes over the wire, with the headers that the AWS SDKs send.
fn signed(options: &Options, credentials: &Credentials) -> Result<Vec<u8>, Box<dyn Error>> {
    let now = sigv4::format_amz_date(SystemTime::UNIX_EPOCH.elapsed()?.as_millis() as i64);
    let day = &now[..8];
    let mut headers: Vec<(String, Vec<u8>)> = [
        ("host", options.address.to_string()),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-date", now.clone()),
        ("x-amz-target", format!("TrentService.{}", options.operation)),
        ("accept-encoding", "identity".to_owned()),
        ("user-agent", "Boto3/1.40.1 md/Botocore#1.40.1 ua/2.1 os/linux#6.1 lang/python#3.11".to_owned()),
        ("amz-sdk-invocation-id", "5b1d1c0e-6f1c-4b0e-8f53-2a7d3f0c9d11".to_owned()),
        ("amz-sdk-request", "attempt=1".to_owned()),
        ("content-length", options.body.len().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value.into_bytes()))
    .into();
    let token = options.session_token.as_ref().map(|token| ("x-amz-security-token".to_owned(), token.clone().into()));
    let signed_headers = if token.is_some() { SIGNED_BY_A_SESSION } else { SIGNED };
    headers.extend(token);
    let authorization = |signature: &str| {
        let credential = credentials.credential(day);
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={signed_headers}, Signature={signature}")
    };
    // What is signed does not hold the signature, so that the head may be read with any.
    headers.push(("authorization".to_owned(), authorization("0").into_bytes()));
    let signature = {
        let head = Head { method: "POST", path: "/", query: "", headers: &headers };
        let claimed = sigv4::parse(&head).map_err(|fault| format!("our own request does not parse: {}", fault.name))?;
        let payload = hex::encode(crypto::sha256(options.body.as_bytes()));
        let canonical = hex::encode(crypto::sha256(&sigv4::canonical_request(&head, &claimed, &payload)));
        credentials.signing_key(day).sign_hex(&sigv4::string_to_sign(&claimed, &canonical))
    };
    headers.pop();
    headers.push(("authorization".to_owned(), authorization(&signature).into_bytes()));
    let mut request = b"POST / HTTP/1.1\r\n".to_vec();
    for (name, value) in headers {
        request.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
    }
    request.extend(b"\r\n");
    request.extend(options.body.as_bytes());
    Ok(request)
}

/// The CPU time that a process and its threads, ended ones too, have taken, user and system: fields 14 and 15 of
/// proc_pid_stat(5).
fn cpu_ticks(pid: u32) -> Result<u64, Box<dyn Error>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("no process name in stat")?;
    let taken = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(taken.sum::<Result<u64, _>>()?)
}

/// What boto3 signs.
const SIGNED: &str = "content-type;host;x-amz-date;x-amz-target";
const SIGNED_BY_A_SESSION: &str = "content-type;host;x-amz-date;x-amz-security-token;x-amz-target";

/// Linux tells it in hundredths of a second, whatever its own clock does: USER_HZ, see times(2).
const MICROS_A_TICK: f64 = 10_000.0;
