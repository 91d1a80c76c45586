//! Does every link from one of our documents to another lead somewhere?
//! Addresses of others' pages are not asked for: a check that needs the network tells about the network.

use crate::tree;
use std::path::Path;

/// Fails with every relative link of a Markdown file that names no file of the tree.
pub fn check() -> Result<(), String> {
    let mut dead = Vec::new();
    for (name, text) in tree::texts()?.iter().filter(|(name, _)| name.ends_with(".md")) {
        let folder = tree::root().join(name).parent().map(Path::to_path_buf).unwrap_or_default();
        dead.extend(
            targets(text).filter(|target| !folder.join(target).exists()).map(|target| format!("{name}: {target}")),
        );
    }
    if dead.is_empty() { Ok(()) } else { Err(format!("these links lead nowhere:\n{}", dead.join("\n"))) }
}

/// The files that a text links to: `](target)`, without the place in it, addresses of the web left out.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files =
        linked.filter(|target| !target.contains("://")).map(|target| target.split('#').next().unwrap_or_default());
    files.filter(|file| !file.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_files_are_found_and_those_to_the_web_are_not() {
        let text = "see [a](docs/a.md#part), [b](https://example.org/b) and [below](#below); `f(x)` is no link";
        assert_eq!(targets(text).collect::<Vec<_>>(), ["docs/a.md"]);
    }
}
