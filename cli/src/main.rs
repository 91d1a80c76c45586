//! The `trent` program: what a person typed becomes settings, the settings become a running service. It decides nothing
//! about keys or requests; every sentence that a person reads at the start or the end is written in this crate.

mod file;
mod hardening;
mod options;
mod say;
mod settings;
mod start;

use std::process::ExitCode;

use clap::Parser;
use crypto::{Random, SystemRandom};

use options::Options;
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
    let settings = match Settings::of(options) {
        Ok(settings) => settings,
        Err(error) => return say::unusable(&error),
    };
    match start::start(settings) {
        Ok(code) => code,
        Err(sentence) => say::refusal(&sentence),
    }
}
