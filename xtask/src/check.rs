//! What must hold before a commit, part by part: what `cargo xtask check` runs, here and in CI.
//! Quick parts come first; each is told on one line with its seconds, and what it printed only if it failed.

use crate::counts::{self, Count};
use crate::run::run;
use crate::tree::{self, cargo};
use crate::{arrows, deny, fuzz, generate, links, words};
use std::borrow::BorrowMut;
use std::io::Write;
use std::process::{Command, ExitCode};
use std::time::Instant;

type Part = fn() -> Verdict;

/// Each part by its name. What is no test counts as one.
const PARTS: [(&str, Part); 15] = [
    ("words", || words::check().into()),
    ("links", || links::check().into()),
    ("arrows", || arrows::check().into()),
    ("generated", || generate::check().into()),
    ("format", || format().into()),
    ("clippy", || run(cargo("clippy --workspace --all-targets --locked -- -D warnings")).into()),
    ("tests", || tests(cargo("test --workspace --all-targets --locked --no-fail-fast"))),
    ("doctests", doctests),
    ("docs", docs),
    ("licences", || deny::rules().into()),
    ("advisories", advisories),
    ("fuzz", || fuzz::check().into()),
    ("signatures", signatures),
    ("release", || run(cargo("build --release --locked")).into()),
    ("conformance", conformance),
];

/// How a part ended: its count, and what went wrong or was left out, in words for whoever has to mend it.
struct Verdict {
    count: Count,
    because: Option<String>,
}

impl<T, E: Into<String>> From<Result<T, E>> for Verdict {
    fn from(result: Result<T, E>) -> Self {
        match result {
            Ok(_) => Verdict { count: Count::PASSED, because: None },
            Err(because) => Verdict { count: Count::FAILED, because: Some(because.into()) },
        }
    }
}

/// Runs the parts named, or all, and tells the sum on the last line.
pub fn check(names: &[&str]) -> ExitCode {
    if let Some(unknown) = names.iter().find(|name| PARTS.iter().all(|(part, _)| part != *name)) {
        eprintln!("no part is called {unknown}; there are: {}", PARTS.map(|(name, _)| name).join(" "));
        return ExitCode::FAILURE;
    }
    let mut total = Count::default();
    for (name, part) in PARTS.iter().filter(|(name, _)| names.is_empty() || names.contains(name)) {
        total = total.and(told(name, *part));
    }
    println!("{total}");
    if total.failed == 0 && total.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn told(name: &str, part: Part) -> Count {
    print!("{name:<12}");
    // Lost progress is not a lost result.
    let _ = std::io::stdout().flush();
    let start = Instant::now();
    let Verdict { count, because } = part();
    println!("{count}, {:.1} s", start.elapsed().as_secs_f64());
    if let Some(because) = because {
        println!("{because}\n{name}: see above");
    }
    count
}

/// Our own sources, and those of the packages that stand apart from the workspace.
fn format() -> Result<(), String> {
    run(cargo("fmt --all --check -- --color=never"))?;
    for apart in ["conformance/rust", "conformance/signatures", "fuzz"] {
        run(cargo("fmt --check -- --color=never").current_dir(tree::root().join(apart)))?;
    }
    Ok(())
}

/// The sum of what libtest told. A build that failed, or a run without a test, is a failure too.
fn tests(cargo: impl BorrowMut<Command>) -> Verdict {
    let result = run(cargo);
    let count = match &result {
        Ok(output) => counts::of_libtest(output),
        Err(failed) => counts::of_libtest(&failed.output),
    };
    let because = match result {
        Err(failed) => Some(failed.into()),
        Ok(_) if count.failed > 0 => Some("an ignored test claims nothing: assert the refusal instead".to_string()),
        Ok(_) if count.passed == 0 => Some("no test ran".to_string()),
        Ok(_) => None,
    };
    Verdict { count: if because.is_some() { count.or_failed() } else { count }, because }
}

/// Stable rustdoc runs a `compile_fail,E0451` example without comparing the code; `xtask/rustdoc` makes it compare.
/// Setting `RUSTC_BOOTSTRAP` for all of cargo would do that as well, and build every proc macro's users again.
fn doctests() -> Verdict {
    tests(cargo("test --workspace --doc --locked --no-fail-fast").env("RUSTDOC", tree::root().join("xtask/rustdoc")))
}

/// Of private items too, and links to them are fine: who reads these pages works on the project.
fn docs() -> Verdict {
    let arguments = "doc --workspace --no-deps --document-private-items --locked --keep-going";
    run(cargo(arguments).env("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links")).into()
}

fn advisories() -> Verdict {
    match std::env::var_os(deny::ADVISORY_DB) {
        Some(database) => deny::advisories(database.as_ref()).into(),
        None => Verdict {
            count: Count::SKIPPED,
            because: Some(format!("skipped: {} names no copy of the RustSec database", deny::ADVISORY_DB)),
        },
    }
}

/// Our verifier of signatures beside AWS's test suite and another verifier, whose libraries are no business of Trent's.
fn signatures() -> Verdict {
    let apart = tree::root().join("conformance/signatures");
    let mut cargo = cargo("test --all-targets --locked --no-fail-fast");
    tests(cargo.current_dir(apart).env("CARGO_TARGET_DIR", tree::target()))
}

/// Real clients against the release build.
fn conformance() -> Verdict {
    let target = tree::target();
    let result = target.join("conformance.json");
    let _ = std::fs::remove_file(&result);
    let mut clients = Command::new(tree::root().join("conformance/run"));
    clients.arg("--trent").arg(target.join("release/trent")).arg("--result").arg(&result);
    let output = run(clients).unwrap_or_else(String::from);
    let written = std::fs::read_to_string(&result).map_err(|error| format!("{}: {error}", result.display()));
    match written.and_then(|json| counts::of_conformance(&json)) {
        Ok(count) if count.failed == 0 && count.passed > 0 => Verdict { count, because: None },
        Ok(count) => Verdict { count: count.or_failed(), because: Some(output) },
        Err(unread) => Err::<(), _>(format!("{output}\n{unread}")).into(),
    }
}
