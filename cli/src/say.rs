//! Every sentence for the person who started the program. All of it goes to standard error but the ready line of a
//! service, which is all that standard output sees of one, and the answers of commands; nothing here fails, because a
//! service does not end when nobody listens to it.

use std::fmt::Display;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use server::kms::Enforcement;
use server::kms::home::Home;

use crate::client::Endpoint;

/// The start was refused, or what ran was cut short.
pub(crate) fn refusal(sentence: &dyn Display) -> ExitCode {
    to_stderr(&format!("trent: {sentence}\n"));
    ExitCode::from(1)
}

/// The exit code of a dry run that found something to change.
pub(crate) const DIFFERENT: u8 = 3;

/// A setting is not understood.
pub(crate) fn unusable(sentence: &dyn Display) -> ExitCode {
    to_stderr(&format!("trent: {sentence}\n"));
    ExitCode::from(2)
}

/// What clap has to say: help and version, which were asked for, or what it did not understand.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() {
        let text = error.render().to_string();
        to_stderr(&text.strip_prefix("error: ").map_or_else(|| text.clone(), |rest| format!("trent: {rest}")));
        return ExitCode::from(2);
    }
    // Asked for, so it goes where the answer to a question goes.
    let _ = error.print();
    ExitCode::SUCCESS
}

/// What was asked for.
pub(crate) fn answer(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// A command talks to another machine.
pub(crate) fn on_the_way(endpoint: &Endpoint) {
    to_stderr(&format!("trent: nothing is encrypted on the way to {endpoint}: what it answers can be read there\n"));
}

/// The one line on standard output of a service.
pub(crate) fn ready(url: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "trent: listening on {url}").and_then(|()| out.flush());
}

/// What the first start made, what must be copied, and what to try. It comes before the ready line, so that whoever
/// sees that has seen this.
pub(crate) fn first_start(home: &Home, account: &str, url: &str) {
    to_stderr(&format!(
        "\
trent: this is the first start, and account {account} was made
    store        {store}
    seal key     {seal_key}
    credentials  {credentials}
Without the seal key nothing in the store can ever be read: copy it to another place now.
Try first:
    export AWS_SHARED_CREDENTIALS_FILE={file}
    aws --endpoint-url {url} kms list-keys
",
        store = home.store().display(),
        seal_key = home.seal_key().display(),
        credentials = home.credentials().display(),
        file = quoted(&home.credentials()),
    ));
}

/// `dev` is open, and says where its keys are.
pub(crate) fn dev_is_open(home: Option<&Home>, url: &str, region: &str) {
    to_stderr(&format!(
        "\
trent: dev is open to everybody who reaches it, with any credentials or none; {place}
    export AWS_ENDPOINT_URL_KMS={url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
    export AWS_REGION={region} AWS_DEFAULT_REGION={region}
    aws kms list-keys
",
        place = place(home),
    ));
}

/// `dev` asks who asks, or would ask; and where the credentials are that may do everything.
pub(crate) fn dev_enforces(enforcement: Enforcement, home: Option<&Home>, credentials: &Path, url: &str) {
    let what = match enforcement {
        Enforcement::On => "dev enforces signatures and policies, as serve does",
        Enforcement::Log | Enforcement::Off => {
            "dev lets every call pass, whoever sends it, and logs what would have been refused"
        }
    };
    to_stderr(&format!(
        "\
trent: {what}; {place}
    credentials  {credentials}
    export AWS_SHARED_CREDENTIALS_FILE={file}
    aws --endpoint-url {url} kms list-keys
",
        place = place(home),
        credentials = credentials.display(),
        file = quoted(credentials),
    ));
}

fn place(home: Option<&Home>) -> String {
    match home {
        None => "its keys are in memory and gone when it ends".to_owned(),
        Some(home) => format!(
            "its keys are in {}, and without the seal key {} they can never be read",
            home.store().display(),
            home.seal_key().display()
        ),
    }
}

/// What a start changed, because a file says so.
pub(crate) fn identities(lines: &str, sentence: &str) {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    to_stderr(&format!("trent: {sentence}\n{lines}"));
}

/// Everything that is sent can be read on the way.
pub(crate) fn reachable(address: SocketAddr) {
    to_stderr(&format!(
        "trent: {address} is reachable from other machines, and nothing is encrypted on the way: plaintexts and \
         data keys can be read there\n"
    ));
}

/// Where this machine's clients reach `address`.
pub(crate) fn url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// A path that a shell reads as one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn to_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_can_be_pasted_into_a_shell() {
        for (path, word) in [
            ("/home/me/trent-secrets/credentials", "/home/me/trent-secrets/credentials"),
            ("/home/my files/credentials", "'/home/my files/credentials'"),
            ("/it's/$HOME", r"'/it'\''s/$HOME'"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }

    #[test]
    fn clients_are_told_an_address_that_they_can_reach() {
        for (address, expected) in [
            ("127.0.0.1:4599", "http://127.0.0.1:4599"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:4599", "http://[::1]:4599"),
            ("192.0.2.1:4599", "http://192.0.2.1:4599"),
        ] {
            assert_eq!(url(address.parse().unwrap()), expected);
        }
    }
}
