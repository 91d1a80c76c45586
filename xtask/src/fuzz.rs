//! Do the fuzz targets still compile, and hold for every input that was kept? Finding new inputs is `fuzz/run`'s.

use crate::run::run;
use crate::tree;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the targets as plain programs and runs each once over every one of its seeds.
pub fn check() -> Result<(), String> {
    run(tree::cargo("build --locked").current_dir(tree::root().join("fuzz")).env("CARGO_TARGET_DIR", tree::target()))?;
    let seeds = tree::root().join("fuzz/seeds");
    // The targets are the folders of seeds; beside them lies the program that makes them.
    let targets: Vec<PathBuf> = listed(&seeds)?.into_iter().filter(|path| path.is_dir()).collect();
    for target in &targets {
        over_seeds(target)?;
    }
    if targets.is_empty() { Err(format!("{}: no target has seeds", seeds.display())) } else { Ok(()) }
}

/// Files that are named one by one are run one by one, whatever they reach.
fn over_seeds(seeds: &Path) -> Result<(), String> {
    let target = seeds.file_name().unwrap_or_default();
    run(Command::new(tree::target().join("debug").join(target)).args(listed(seeds)?))?;
    Ok(())
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let unread = |error| format!("{}: {error}", folder.display());
    let entries: Result<Vec<_>, _> = std::fs::read_dir(folder).map_err(unread)?.collect();
    let mut paths: Vec<PathBuf> = entries.map_err(unread)?.iter().map(|entry| entry.path()).collect();
    paths.sort();
    Ok(paths)
}
