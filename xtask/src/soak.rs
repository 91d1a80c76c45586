//! What takes too long for every commit, and is run by hand: told while it happens, without a limit.

use crate::tree;
use std::process::Command;

/// Whole tools against the release build: sops, cosign, Ansible, step-ca, OpenTofu. `suites` names some of them.
pub fn clients(suites: &[&str]) -> Result<(), String> {
    shown(&mut tree::cargo("build --release --locked --package trent-kms"))?;
    let mut clients = Command::new(tree::root().join("conformance/run"));
    clients
        .arg("--trent")
        .arg(tree::target().join("release/trent"))
        .arg("--soak")
        .args(suites.iter().map(|name| format!("soak.{name}")));
    shown(&mut clients)
}

/// Somebody is watching.
fn shown(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: {status}")),
        Err(error) => Err(format!("{name}: {error}")),
    }
}
