//! The project as files: where its root is, which files belong to it, which crates it has.
//! It judges nothing; the checks beside it do.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the work tree.
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).parent().expect("xtask is a folder of the root").to_path_buf()
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).unwrap_or_else(|| root().join("target"))
}

/// Cargo with these arguments, at the root.
pub fn cargo(arguments: &str) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).current_dir(root());
    command
}

/// The manifest of one of our crates.
pub fn manifest(krate: &str) -> Result<toml::Table, String> {
    let path = root().join(krate).join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    text.parse().map_err(|error| format!("{}: {error}", path.display()))
}

/// Every text file that is, or would be, committed: its path from the root, and its text.
pub fn texts() -> Result<Vec<(String, String)>, String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git ls-files: {error}"))?;
    if !listed.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr)));
    }
    let names = String::from_utf8(listed.stdout).map_err(|_| "a file's name is not UTF-8".to_string())?;
    let text = |name: &str| Some((name.to_string(), std::fs::read_to_string(root().join(name)).ok()?));
    Ok(names.split('\0').filter_map(text).collect())
}
