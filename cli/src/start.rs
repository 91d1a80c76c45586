//! From settings to a running service, and to its end. The order is the promise: the port is taken before a file is
//! made, so that a port in use leaves nothing behind, and nothing is answered before the store is open.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crypto::SystemRandom;
use server::kms::home::{self, FirstStart, Home, Opened, Terms};
use server::kms::{Mode, Service, Time};
use server::{Clock, Config, ExitKind, Limits};
use tracing_subscriber::EnvFilter;

use crate::say;
use crate::settings::Settings;

/// Runs until the service was told to stop.
///
/// # Errors
/// The sentence why it did not start.
pub(crate) fn start(settings: Settings) -> Result<ExitCode, String> {
    refuse_to_be_reached(&settings)?;
    log_to_stderr(&settings.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}; raise the limit of processes and start again"))?;
    let ended = runtime.block_on(run(settings));
    match ended {
        Ok(ExitKind::Finished) => {
            // Tasks that have nothing more to do let go of the store, so that its file is closed and whole by itself.
            runtime.shutdown_timeout(CLOSE_TIMEOUT);
            Ok(ExitCode::SUCCESS)
        }
        Ok(ExitKind::Cut) => {
            // What was cut is not waited for a second time.
            runtime.shutdown_background();
            Err("stopped before every request in hand was answered; nothing acknowledged is lost".to_owned())
        }
        Err(refused) => Err(refused),
    }
}

/// Closing a store takes milliseconds; a disk that hangs must not keep the process.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Without TLS an address that other machines reach gives away every plaintext.
fn refuse_to_be_reached(settings: &Settings) -> Result<(), String> {
    if is_loopback(settings.listen) || settings.insecure_listen {
        return Ok(());
    }
    Err(format!(
        "{} is reachable from other machines, and TLS is still to come: listen on 127.0.0.1, or add --insecure-listen \
        to send everything unencrypted",
        settings.listen
    ))
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn log_to_stderr(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| format!("--log: {error}"))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // It would complain on standard error that standard error takes nothing, and panic over that.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| format!("cannot log: {error}"))
}

async fn run(settings: Settings) -> Result<ExitKind, String> {
    let listener = server::bind(settings.listen).await.map_err(|error| error.to_string())?;
    let clock = Clock::start();
    let config = Config { mode: settings.mode, cors: settings.cors.clone(), limits: Limits::default() };
    // A task of its own: opening may wait for the disk, and whoever asks meanwhile is told that it is too early.
    let opening = tokio::spawn(begin(settings, say::url(listener.address()), clock.wall()));
    let opened = server::while_opening(&listener, opening).await;
    let service = opened.map_err(|error| format!("opening the store failed: {error}; the log says where"))??;
    // Before the ready line, so that whoever waits for that may stop the process in order.
    let stop = server::stop_signal().map_err(|error| format!("cannot listen to signals: {error}"))?;
    say::ready(&format!("http://{}", listener.address()));
    Ok(server::run(listener, config, service, clock, stop).await)
}

/// From the directories to a service that can be asked.
async fn begin(settings: Settings, url: String, now: Time) -> Result<Arc<Service>, String> {
    let home = settings.home.as_ref().map(Home::absolute).transpose().map_err(|refusal| refusal.to_string())?;
    let opened = open(&settings, home.as_ref(), &url, now).await?;
    tell(&settings, home.as_ref(), &opened, &url);
    let (mode, quotas, region) = (settings.mode, settings.quotas, settings.region.clone());
    Service::start(opened, mode, quotas, region, Arc::new(SystemRandom), now).await.map_err(|error| error.to_string())
}

async fn open(settings: &Settings, home: Option<&Home>, url: &str, now: Time) -> Result<Opened, String> {
    let terms = Terms {
        mode: settings.mode,
        create: !settings.no_create,
        account: settings.account.clone(),
        region: settings.region.clone(),
        // A port that the system chose is another one next time.
        endpoint: (settings.listen.port() != 0).then(|| url.to_owned()),
    };
    match home {
        None => Ok(home::in_memory(&SystemRandom)),
        Some(home) => home::open(home, &terms, &SystemRandom, now).await.map_err(|refusal| refusal.to_string()),
    }
}

/// What every start says, and what only the first one does.
fn tell(settings: &Settings, home: Option<&Home>, opened: &Opened, url: &str) {
    match (settings.mode, home, &opened.first_start) {
        (Mode::Serve, Some(home), Some(FirstStart { access_key_id: _ })) => {
            say::first_start(home, &opened.account, url);
            say::serve_decides_by_account();
        }
        (Mode::Serve, _, _) => say::serve_decides_by_account(),
        (Mode::Dev, home, _) => say::dev_is_open(home, url, &settings.region),
    }
    if !is_loopback(settings.listen) {
        say::reachable(settings.listen);
    }
}
