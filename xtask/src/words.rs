//! Words that no file of the project holds: one machine's paths, registries' hosts, what was left unfinished.
//! It reads text and knows no language; what Rust itself can tell is clippy's.

use crate::tree;

/// What is looked for, and what to do instead. Written in halves, so that this file passes.
const FORBIDDEN: [(&str, &str); 13] = [
    (concat!("/wo", "rk/"), "a path of one machine: name it relative to the root"),
    (concat!("/ro", "ot/"), "a path of one machine: name it relative to the root"),
    (concat!("../sha", "red"), "a path outside the project: only CI's script may look there"),
    (concat!("crates", ".io"), "a registry's host: name the package, the client knows where"),
    (concat!("pypi", ".org"), "a registry's host: name the package, the client knows where"),
    (concat!("pythonhosted", ".org"), "a registry's host: name the package, the client knows where"),
    (concat!("npmjs", "."), "a registry's host: name the package, the client knows where"),
    (concat!("proxy.golang", ".org"), "a registry's host: name the package, the client knows where"),
    (concat!("maven", ".org"), "a registry's host: name the package, the client knows where"),
    (concat!("deb.debian", ".org"), "a registry's host: name the package, the client knows where"),
    (concat!("FIX", "ME"), "unfinished: finish it, or say in ARCHITECTURE.md that it is absent"),
    (concat!("XX", "X:"), "unfinished: finish it, or say in ARCHITECTURE.md that it is absent"),
    (concat!("#[ign", "ore"), "a test that does not run claims nothing: assert the refusal instead"),
];

/// Files that others write: cargo names its registry in the lock file, and CI's script knows where CI runs.
const EXEMPT: [&str; 5] =
    ["Cargo.lock", "conformance/rust/Cargo.lock", "conformance/signatures/Cargo.lock", "fuzz/Cargo.lock", ".ci/run"];

/// Fails with every place where a forbidden word stands.
pub fn check() -> Result<(), String> {
    let texts = tree::texts()?;
    let found: Vec<String> = texts
        .iter()
        .filter(|(name, _)| !EXEMPT.contains(&name.as_str()))
        .flat_map(|(name, text)| places(name, text))
        .collect();
    if found.is_empty() { Ok(()) } else { Err(found.join("\n")) }
}

fn places(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (word, instead) in FORBIDDEN.iter().filter(|(word, _)| line.contains(word)) {
            found.push(format!("{name}:{}: `{word}`: {instead}", number + 1));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forbidden_word_is_found_with_its_place() {
        let text = format!("fine\nsee {}x\n", FORBIDDEN[0].0);
        assert_eq!(places("a.md", &text).len(), 1);
        assert!(places("a.md", &text)[0].starts_with("a.md:2: "));
        assert!(places("a.md", "fine\n").is_empty());
    }
}
