//! One connection from its first byte to its last: HTTP/1.1 within the door's limits, closed when it is silent for
//! too long, and let go when the process stops. What is asked over it is the door's business.

use std::future::{Future, poll_fn};
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::debug;

use crate::Limits;
use crate::door::Door;
use crate::limits::{HEAD_AT_MOST, HEADERS_AT_MOST, LINGER_AT_MOST, LINGER_TIMEOUT};
use crate::run::InHand;
use crate::socket::{Phase, Pulse, Socket};

/// Why a connection is over.
enum End {
    /// HTTP came to its end, of its own or because the process stops.
    Done,
    /// What came was no HTTP, or broke off.
    Broken,
    /// Nothing came for too long.
    Silent,
}

/// Serves `stream` until it ends. While it holds `in_hand`, the process waits for it.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    door: Arc<Door>,
    stopped: watch::Receiver<bool>,
    in_hand: InHand,
) {
    // An answer is one write, and must not wait for the client's acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let (stream, end) = converse(stream, peer, &door, stopped.clone(), &in_hand).await;
    // All that was to be said is with the kernel: the process need not wait for what follows.
    drop(in_hand);
    let is_stopping = *stopped.borrow();
    match end {
        End::Done | End::Broken if !is_stopping => linger(stream).await,
        End::Done | End::Broken | End::Silent => {}
    }
}

async fn converse(
    stream: TcpStream,
    peer: IpAddr,
    door: &Arc<Door>,
    mut stopped: watch::Receiver<bool>,
    in_hand: &InHand,
) -> (TcpStream, End) {
    let pulse = Pulse::new();
    let service = service_fn(|request| {
        pulse.enter(Phase::Busy);
        let responding = Arc::clone(door).respond(request, peer, in_hand.clone());
        let pulse = pulse.clone();
        Box::pin(async move {
            let response = responding.await;
            pulse.enter(Phase::Idle(Instant::now()));
            response
        })
    });
    let socket = TokioIo::new(Socket::new(stream, pulse.clone()));
    let mut http = http1().serve_connection(socket, service);

    let mut stop = pin!(stopped.wait_for(|stopped| *stopped));
    let mut is_stopping = false;
    let mut timer = pin!(sleep_until(deadline(pulse.phase(), door.limits())));
    let end = poll_fn(|cx| {
        if !is_stopping && stop.as_mut().poll(cx).is_ready() {
            is_stopping = true;
            if matches!(pulse.phase(), Phase::Fresh(_)) {
                return Poll::Ready(End::Done);
            }
            Pin::new(&mut http).graceful_shutdown();
        }
        match http.poll_without_shutdown(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(End::Done),
            Poll::Ready(Err(error)) => {
                debug!(%error, "a connection broke");
                return Poll::Ready(End::Broken);
            }
            Poll::Pending => {}
        }
        // The timer is moved only where it would ring too late; ringing too early, it is set anew.
        let due = deadline(pulse.phase(), door.limits());
        if due < timer.deadline() {
            timer.as_mut().reset(due);
        }
        while timer.as_mut().poll(cx).is_ready() {
            let due = deadline(pulse.phase(), door.limits());
            if due <= Instant::now() {
                return Poll::Ready(End::Silent);
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    })
    .await;
    (http.into_parts().io.into_inner().into_stream(), end)
}

fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .max_buf_size(HEAD_AT_MOST)
        .max_header_size(HEAD_AT_MOST)
        .max_headers(HEADERS_AT_MOST)
        // Its timer would count the pause between two requests as a slow head; ours tells the two apart.
        .header_read_timeout(None)
        // Whoever has said all they have to say may still read the answer.
        .half_close(true)
        // As AWS writes them. Names mean the same in any case, but libmongocrypt reads `Content-Length` in this one only.
        .title_case_headers(true);
    builder
}

/// When a connection in this phase has been silent for too long.
fn deadline(phase: Phase, limits: &Limits) -> Instant {
    match phase {
        Phase::Fresh(since) | Phase::Idle(since) => since + limits.idle_timeout,
        Phase::Head(since) => since + limits.head_timeout,
        Phase::Busy => Instant::now() + limits.idle_timeout,
    }
}

/// Says that no more will be said, and reads on for a while, so that a client that is still sending gets to read
/// what it was told: closing at once would reset the connection (RFC 9112 section 9.6).
async fn linger(mut stream: TcpStream) {
    let reading = async {
        stream.shutdown().await?;
        let mut thrown_away = 0;
        let mut buffer = [0; 4096];
        while thrown_away < LINGER_AT_MOST {
            match stream.read(&mut buffer).await? {
                0 => break,
                more => thrown_away += more,
            }
        }
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(LINGER_TIMEOUT, reading).await;
}
