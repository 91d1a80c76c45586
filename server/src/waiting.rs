//! Before the store is open: the port is ours, and whoever asks is told that it is too early.
//! `run` takes over the same port once there is a service.

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;

use crypto::SystemRandom;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wire::Fault;
use wire::fault_names::SERVICE_UNAVAILABLE_EXCEPTION;

use crate::Listener;
use crate::answer::Answer;
use crate::door::PLAIN;
use crate::limits::EARLY_TIMEOUT;

/// Waits for `opening`, and meanwhile answers `/healthz` with 200 and everything else with 503, one request a
/// connection.
pub async fn while_opening<T>(listener: &Listener, opening: impl Future<Output = T>) -> T {
    let mut opening = pin!(opening);
    loop {
        tokio::select! {
            opened = opening.as_mut() => return opened,
            accepted = listener.tcp.accept() => match accepted {
                Ok((stream, _)) => drop(tokio::spawn(timeout(EARLY_TIMEOUT, answer_one(stream)))),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::task::yield_now().await;
                }
            },
        }
    }
}

async fn answer_one(stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async move { Ok::<_, Infallible>(too_early(&request)) });
    let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection broke");
    }
}

fn too_early(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let answer = match request.uri().path() {
        "/healthz" => Answer::text(StatusCode::OK, PLAIN, "alive\n".to_owned()),
        "/readyz" => {
            Answer::text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, "not ready: the store is not open yet\n".into())
        }
        _ => Answer::fault(&Fault {
            name: SERVICE_UNAVAILABLE_EXCEPTION,
            message: Some("The store is not open yet. Try again.".to_owned()),
            status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
        }),
    };
    answer.and_close().into_response(&kms::uuid(&SystemRandom))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn status(address: SocketAddr, head: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(format!("{head} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    }

    #[tokio::test]
    async fn until_the_store_is_open_it_is_alive_and_not_ready() {
        let listener = crate::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.address();
        let (open, opened) = tokio::sync::oneshot::channel();
        let asking = async move {
            let told = [
                status(address, "GET /healthz").await,
                status(address, "GET /readyz").await,
                status(address, "POST /").await,
            ];
            open.send(()).unwrap();
            told
        };
        let (told, opened) = tokio::join!(asking, while_opening(&listener, opened));
        assert_eq!(told, ["200", "503", "503"]);
        assert_eq!(opened, Ok(()));
    }
}
