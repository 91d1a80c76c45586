//! The `trent` program: what a person typed becomes settings, the settings become a running service. It decides nothing
//! about keys or requests; every sentence that a person reads at the start or the end is written in this crate.

mod admin;
mod client;
mod credentials;
mod explain;
mod file;
mod hardening;
mod identities;
mod options;
mod say;
mod secret_file;
mod settings;
mod start;

use std::process::ExitCode;

use clap::Parser;
use crypto::{Random, SystemRandom};

use options::{Command, Options};
use settings::Settings;

fn main() -> ExitCode {
    // The library gathers entropy for 20 to 30 ms at its first draw: that begins first, beside all that a start does.
    std::thread::spawn(|| SystemRandom.fill(&mut [0; 1]));
    if let Err(error) = hardening::harden() {
        return say::refusal(&error);
    }
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(error) => return say::usage(&error),
    };
    match options.command {
        Command::Serve(serve) => start(Settings::serve(serve)),
        Command::Dev(dev) => start(Settings::dev(dev)),
        Command::Admin(admin) => admin::run(admin),
        Command::Explain(explain) => admin::ended(explain::run(explain)),
    }
}

fn start(settings: Result<Settings, String>) -> ExitCode {
    match settings {
        Ok(settings) => start::start(settings).unwrap_or_else(|sentence| say::refusal(&sentence)),
        Err(error) => say::unusable(&error),
    }
}
