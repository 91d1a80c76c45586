//! Which crate may use which, where `unsafe` may stand and who may name a cryptographic library.
//! It reads manifests and sources as text; that they compile is cargo's business.

use crate::tree;

/// The arrows of the house: `cli → server → kms → {iam, policy, crypto, store, wire}`, from iam to policy and crypto,
/// and from server and cli to wire and crypto. The four feet know nobody. A test's dependency is an arrow like any other.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("wire", &[]),
    ("policy", &[]),
    ("crypto", &[]),
    ("store", &[]),
    ("iam", &["policy", "crypto"]),
    ("kms", &["iam", "policy", "crypto", "store", "wire"]),
    ("server", &["kms", "wire", "crypto"]),
    ("cli", &["server", "wire", "crypto"]),
    ("xtask", &[]),
    ("bench", &["wire", "crypto"]),
];

/// The only files that may lift the ban on `unsafe`, which the workspace's lints pronounce.
const UNSAFE: [&str; 2] = ["crypto/src/aws_lc.rs", "store/tests/disk/vfs.rs"];

/// The ban's name, in halves, so that this file does not seem to lift it.
const BAN: &str = concat!("unsafe", "_code");

/// Cryptographic libraries, the one we use and those we decided against: `crypto` alone may name one.
const CRYPTOGRAPHY: [&str; 31] = [
    "aes",
    "aes-gcm",
    "argon2",
    "aws-lc-rs",
    "aws-lc-sys",
    "blake2",
    "blake3",
    "chacha20poly1305",
    "ctr",
    "curve25519-dalek",
    "ecdsa",
    "ed25519-dalek",
    "elliptic-curve",
    "hkdf",
    "hmac",
    "k256",
    "md-5",
    "ml-dsa",
    "ml-kem",
    "openssl",
    "p256",
    "p384",
    "p521",
    "ring",
    "rsa",
    "scrypt",
    "sha1",
    "sha2",
    "sha3",
    "sm2",
    "sm3",
];

/// Fails with everything that is not as the tables above have it.
pub fn check() -> Result<(), String> {
    let workspace = tree::manifest("")?;
    let mut wrong = members(&workspace);
    for (krate, allowed) in MAY_USE {
        wrong.extend(manifest(krate, allowed, &tree::manifest(krate)?));
    }
    for (name, text) in tree::texts()? {
        if name.ends_with(".rs") && lifts(&text) && !UNSAFE.contains(&name.as_str()) {
            wrong.push(format!("{name}: `unsafe` is for {UNSAFE:?} alone"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// The workspace forbids `unsafe`, and has the crates of the table and no other.
fn members(workspace: &toml::Table) -> Vec<String> {
    let mut wrong = Vec::new();
    if workspace["workspace"]["lints"]["rust"][BAN].as_str() != Some("forbid") {
        wrong.push("the workspace's lints no longer forbid `unsafe`".to_string());
    }
    let members = workspace["workspace"]["members"].as_array().into_iter().flatten();
    let known = |krate: &&str| MAY_USE.iter().any(|(name, _)| name == krate);
    for krate in members.filter_map(|member| member.as_str()).filter(|krate| !known(krate)) {
        wrong.push(format!("{krate}: a crate exists to forbid an arrow: give it its row in xtask/src/arrows.rs"));
    }
    wrong
}

/// Whether a line speaks of the ban other than to pronounce it.
fn lifts(text: &str) -> bool {
    let pronounced = format!("#![forbid({BAN})]");
    text.lines().any(|line| line.contains(BAN) && line.trim() != pronounced)
}

/// A crate that lifts the ban somewhere has lints of its own, which must still deny it elsewhere.
fn denies_unsafe(manifest: &toml::Table) -> bool {
    let lints = &manifest.get("lints");
    let workspace = lints.and_then(|lints| lints.get("workspace")).and_then(|inherited| inherited.as_bool());
    let own = lints.and_then(|lints| lints.get("rust")?.get(BAN)?.as_str());
    workspace == Some(true) || own == Some("deny")
}

fn manifest(krate: &str, allowed: &[&str], manifest: &toml::Table) -> Vec<String> {
    let ours = |name: &str| MAY_USE.iter().any(|(other, _)| *other == name);
    let mut wrong = Vec::new();
    if !denies_unsafe(manifest) {
        wrong.push(format!("{krate}: its lints neither inherit the workspace's nor deny `unsafe`"));
    }
    for name in dependencies(manifest) {
        let itself = name == krate; // for its own tests, with other features: no arrow
        if ours(&name) && !itself && !allowed.contains(&name.as_str()) {
            wrong.push(format!("{krate} -> {name}: not an arrow of the house; {krate} may use {allowed:?}"));
        }
        if krate != "crypto" && CRYPTOGRAPHY.contains(&name.as_str()) {
            wrong.push(format!("{krate} -> {name}: only `crypto` names a cryptographic library; ask it instead"));
        }
    }
    wrong
}

/// Every package that a manifest names, under its own name, for any purpose and any target.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let mut names = Vec::new();
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let table = manifest.get(section).and_then(|value| value.as_table());
        for (key, value) in table.into_iter().flatten() {
            let renamed = value.get("package").and_then(|package| package.as_str());
            names.push(renamed.unwrap_or(key).to_string());
        }
    }
    let targets = manifest.get("target").and_then(|value| value.as_table());
    let tables = targets.into_iter().flatten().filter_map(|(_, target)| target.as_table());
    names.extend(tables.flat_map(dependencies));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(krate: &str, allowed: &[&str], text: &str) -> usize {
        let text = format!("[lints]\nworkspace = true\n{text}");
        manifest(krate, allowed, &text.parse().expect("a manifest")).len()
    }

    #[test]
    fn every_arrow_that_is_not_in_the_table_is_refused_wherever_it_stands() {
        let kms = ["policy", "crypto", "store", "wire"];
        assert_eq!(faults("kms", &kms, "[dependencies]\nwire.workspace = true\nserde = '1'"), 0);
        assert_eq!(faults("kms", &kms, "[dependencies]\nserver.workspace = true"), 1);
        assert_eq!(faults("kms", &kms, "[dev-dependencies]\nserver.workspace = true"), 1);
        assert_eq!(faults("wire", &[], "[dependencies]\nmine = { package = 'crypto', path = '../crypto' }"), 1);
        assert_eq!(faults("wire", &[], "[target.'cfg(unix)'.dependencies]\nstore = { path = '../store' }"), 1);
    }

    #[test]
    fn only_crypto_names_a_cryptographic_library() {
        assert_eq!(faults("crypto", &[], "[dependencies]\naws-lc-rs.workspace = true"), 0);
        assert_eq!(faults("server", &["kms"], "[dependencies]\naws-lc-rs.workspace = true"), 1);
        assert_eq!(faults("wire", &[], "[dev-dependencies]\nsha2 = '0.10'"), 1);
    }

    #[test]
    fn a_crate_without_the_ban_on_unsafe_is_refused() {
        let denied = |text: &str| denies_unsafe(&text.parse().expect("a manifest"));
        assert!(denied("[lints]\nworkspace = true"));
        assert!(denied(&format!("[lints.rust]\n{BAN} = 'deny'")));
        assert!(!denied(&format!("[lints.rust]\n{BAN} = 'allow'")));
        assert!(!denied("[package]\nname = 'kms'"));
    }

    #[test]
    fn a_file_that_lifts_the_ban_is_found_and_one_that_repeats_it_is_not() {
        assert!(lifts(&format!("#![expect({BAN}, reason = \"C\")]")));
        assert!(lifts(&format!("    #[allow(dead_code, {BAN})]")));
        assert!(!lifts(&format!("//! Bytes.\n\n#![forbid({BAN})]")));
    }
}
