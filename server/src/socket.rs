//! The bytes of a connection, with two things added: when the client last began to speak, and a JSON body for the
//! refusals that the HTTP library answers by itself, before any request of ours exists.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::{io, mem};

use crypto::SystemRandom;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tracing::info;
use wire::fault_names::SERIALIZATION_EXCEPTION;

use crate::answer::{AMZ_JSON, RECORDED, REQUEST_ID};
use crate::limits::{HEAD_AT_MOST, HEADERS_AT_MOST};

/// What a connection is doing, and since when; shared by its socket, its service and its timer, which are one task.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<Phase>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing came yet.
    Fresh(Instant),
    /// The last request was answered, as far as we are concerned.
    Idle(Instant),
    /// A head began.
    Head(Instant),
    /// A request is being answered: it has limits of its own.
    Busy,
}

impl Pulse {
    pub(crate) fn new() -> Pulse {
        Pulse(Arc::new(Mutex::new(Phase::Fresh(Instant::now()))))
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn enter(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }

    fn bytes_came(&self) {
        match self.phase() {
            Phase::Fresh(_) | Phase::Idle(_) => self.enter(Phase::Head(Instant::now())),
            Phase::Head(_) | Phase::Busy => {}
        }
    }
}

/// A connection's stream.
pub(crate) struct Socket {
    stream: TcpStream,
    pulse: Pulse,
    /// What goes out instead of the library's own refusal, and how much of it has gone.
    instead: Option<(Vec<u8>, usize)>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, pulse: Pulse) -> Socket {
        Socket { stream, pulse, instead: None }
    }

    /// The stream, once HTTP is over.
    pub(crate) fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, sent)) = &mut self.instead {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &bytes[*sent..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                more => *sent += more,
            }
            if *sent == bytes.len() {
                self.instead = None;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            self.pulse.bytes_came();
        }
        Poll::Ready(Ok(()))
    }
}

/// It offers no vectored write, so the library hands over head and body in one piece.
impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.instead.is_none() {
            let Some(bytes) = dressed(buf) else { return Pin::new(&mut self.stream).poll_write(cx, buf) };
            self.instead = Some((bytes, 0));
        }
        ready!(self.poll_instead(cx))?;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// The library's own refusal with our headers and a body, if `written` is one: a bare 4xx head that has no request
/// id, which every answer of ours has. No body of ours ends in an empty line, so none is taken for one.
fn dressed(written: &[u8]) -> Option<Vec<u8>> {
    let head = str::from_utf8(written.strip_suffix(b"\r\n\r\n")?).ok()?;
    let (first, headers) = head.split_once("\r\n")?;
    let status = first.strip_prefix("HTTP/1.1 ")?.get(..3)?;
    if !status.starts_with('4') || headers.split("\r\n").any(|line| has_name(line, REQUEST_ID.as_str())) {
        return None;
    }
    let request_id = kms::uuid(&SystemRandom);
    info!(request_id, status, "a request that is no HTTP was refused");
    let body = json!({ "__type": SERIALIZATION_EXCEPTION, "message": refusal(status) }).to_string();
    let mut lines = vec![first.to_owned()];
    lines.extend(headers.split("\r\n").filter(|line| !has_name(line, CONTENT_LENGTH.as_str())).map(str::to_owned));
    lines.extend(RECORDED.iter().map(|(name, value)| format!("{}: {value}", in_title_case(name.as_str()))));
    lines.push(format!("{}: {AMZ_JSON}", in_title_case(CONTENT_TYPE.as_str())));
    lines.push(format!("{}: {}", in_title_case(CONTENT_LENGTH.as_str()), body.len()));
    lines.push(format!("{}: {request_id}", in_title_case(REQUEST_ID.as_str())));
    Some(format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes())
}

fn has_name(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(written, _)| written.eq_ignore_ascii_case(name))
}

/// A header's name as AWS writes it, and as the library writes those of our answers.
fn in_title_case(name: &str) -> String {
    let mut begins = true;
    let letter =
        |letter: char| if mem::replace(&mut begins, letter == '-') { letter.to_ascii_uppercase() } else { letter };
    name.chars().map(letter).collect()
}

fn refusal(status: &str) -> String {
    match status {
        "431" => {
            format!("The request's head is larger than {HEAD_AT_MOST} bytes or has over {HEADERS_AT_MOST} headers.")
        }
        "414" => "The request's target is too long.".to_owned(),
        _ => "The request is no valid HTTP/1.1.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_librarys_own_refusal_is_dressed() {
        let own = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\nDate: x\r\n\r\n";
        let dressed_text = String::from_utf8(dressed(own).unwrap()).unwrap();
        let (head, body) = dressed_text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.starts_with("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nDate: x\r\nCache-Control: "),
            "{head}"
        );
        assert_eq!(head.matches("Content-Length").count(), 1);
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{head}");
        assert_eq!(body, r#"{"__type":"SerializationException","message":"The request is no valid HTTP/1.1."}"#);

        let others: [&[u8]; 5] = [
            b"HTTP/1.1 400 Bad Request\r\nX-Amzn-Requestid: 1\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 100 Continue\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}",
            b"",
        ];
        for written in others {
            assert_eq!(dressed(written), None, "{}", String::from_utf8_lossy(written));
        }
    }
}
