//! `cargo xtask`: the project's chores, one subcommand each. What a chore does stands in the module of its name;
//! nothing here is part of the program.

mod arrows;
mod check;
mod counts;
mod deny;
mod fuzz;
mod generate;
mod links;
mod run;
mod soak;
mod tree;
mod words;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask check [PART...]      everything that must hold before a commit, or only the parts named
cargo xtask generate [--check]   write wire's shapes from model/, or fail if that would change a file
cargo xtask soak clients [SUITE...]   whole tools with keys in Trent, which take an hour and 10 GB to build at first";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["check", parts @ ..] => check::check(parts),
        ["generate"] => told(generate::write()),
        ["generate", "--check"] => told(generate::check()),
        ["soak", "clients", suites @ ..] => told(soak::clients(suites)),
        _ => told(Err(USAGE.to_string())),
    }
}

fn told(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
