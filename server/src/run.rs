//! The server's life: accept until told to stop, finish what is in hand, and say how it ended.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;

use kms::{Mode, Service};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::MissedTickBehavior;
use tracing::{info, warn};

use crate::connection;
use crate::door::Door;
use crate::limits::{ACCEPT_REST, OTHER_FILES, TURN_EVERY};
use crate::{Clock, Limits, Listener};

/// What the door is told by its owner.
#[derive(Clone, Debug)]
pub struct Config {
    /// Whether the control endpoints exist.
    pub mode: Mode,
    /// The origins whose pages may call, exactly as a browser sends them (`https://app.example`), or `*` for all.
    pub cors: Vec<String>,
    /// The door's bounds: [`Limits::default`].
    pub limits: Limits,
}

/// How the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitKind {
    /// Every request in hand was answered, and the service is closed: exit with 0.
    Finished,
    /// Time was up, or a second signal came: requests in hand may be unanswered. What was acknowledged is kept.
    Cut,
}

/// Resolves at the next SIGTERM or SIGINT. It listens from this call on, not from its first poll; call it inside the
/// runtime.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Serves until `stop`, then finishes the requests in hand: at most [`Limits::stop_timeout`], and not beyond a
/// second signal. Idle connections are closed at once.
pub async fn run(
    listener: Listener,
    config: Config,
    service: Arc<Service>,
    clock: Clock,
    stop: impl Future<Output = ()>,
) -> ExitKind {
    let limits = config.limits.clone();
    let (stopping, stopped) = watch::channel(false);
    let door = Arc::new(Door::new(config, Arc::clone(&service), clock, stopped.clone()));
    // Nothing is ever sent: every request, connection and turn holds a sender, and the receiver sees the last one go.
    let (in_hand, mut all_done) = mpsc::channel::<Infallible>(1);
    tokio::spawn(turn_every_second(Arc::clone(&door), stopped.clone(), in_hand.clone()));
    accept_until(pin!(stop), &listener.tcp, &door, &stopped, &in_hand).await;

    drop(listener);
    stopping.send_replace(true);
    drop(in_hand);
    info!("stopping: requests in hand are finished");
    let finished = async {
        all_done.recv().await;
        service.close().await;
    };
    let kind = tokio::select! {
        () = finished => ExitKind::Finished,
        () = tokio::time::sleep(limits.stop_timeout) => ExitKind::Cut,
        () = second_signal() => ExitKind::Cut,
    };
    match kind {
        ExitKind::Finished => info!("stopped"),
        ExitKind::Cut => warn!("stopped with requests in hand"),
    }
    kind
}

/// What a request, a connection or a turn holds as long as the process should wait for it.
pub(crate) type InHand = mpsc::Sender<Infallible>;

async fn accept_until(
    mut stop: Pin<&mut impl Future<Output = ()>>,
    tcp: &TcpListener,
    door: &Arc<Door>,
    stopped: &watch::Receiver<bool>,
    in_hand: &InHand,
) {
    let room = Arc::new(Semaphore::new(connections_at_most(door.limits())));
    loop {
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, tcp.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.as_mut() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                let serving = connection::serve(stream, peer.ip(), Arc::clone(door), stopped.clone(), in_hand.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(permit);
                });
            }
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

/// Errors of one connection that was gone before it was accepted: the next one may be fine.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// As many connections as the limits allow and the process may have descriptors for, once it has asked for all.
fn connections_at_most(limits: &Limits) -> usize {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // A refusal leaves the limit as it was, and that is read again.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize);
    limits.connections.min(files.saturating_sub(OTHER_FILES)).max(1)
}

async fn turn_every_second(door: Arc<Door>, mut stopped: watch::Receiver<bool>, in_hand: InHand) {
    let mut ticks = tokio::time::interval(TURN_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => break,
            _ = ticks.tick() => {}
        }
        // A task of its own, so that one that panics is not the last one. The door has logged what went wrong.
        let door = Arc::clone(&door);
        let _ = tokio::spawn(async move { door.turn().await }).await;
    }
    drop(in_hand);
}

async fn second_signal() {
    match stop_signal() {
        Ok(signal) => signal.await,
        Err(error) => {
            warn!(%error, "a second signal will not be heard");
            std::future::pending().await
        }
    }
}
