//! Runs one command to its end, quietly: what it printed is the answer, or the reason.
//! It judges the exit status alone.

use crate::tree;
use std::borrow::BorrowMut;
use std::fs::File;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The longest that one command may take: the slowest, a cold build of every client on two busy cores, takes a third.
const LIMIT: Duration = Duration::from_secs(40 * 60);

/// How often a running command is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// How much of a failed command's output is told, in lines: a compiler's worst, not a whole log.
const TOLD_LINES: usize = 300;

/// A command that did not succeed: all that it printed, and its end.
pub struct Failed {
    pub output: String,
    end: String,
}

/// Runs the command without input and gives what it printed.
pub fn run(mut command: impl BorrowMut<Command>) -> Result<String, Failed> {
    let command = command.borrow_mut();
    let name = name(command);
    match ended(command) {
        Ok((status, output)) if status.success() => Ok(output),
        Ok((status, output)) => Err(Failed { output, end: format!("{name}: {status}") }),
        Err(error) => Err(Failed { output: String::new(), end: format!("{name}: {error}") }),
    }
}

impl From<Failed> for String {
    /// The last of what it printed, and its end.
    fn from(Failed { output, end }: Failed) -> String {
        let lines: Vec<&str> = output.lines().filter(|line| tells(line)).collect();
        let last = &lines[lines.len().saturating_sub(TOLD_LINES)..];
        format!("{}\n{end}", last.join("\n"))
    }
}

/// Whether a line of a failed command says something: not that a crate was built, nor that a test passed.
fn tells(line: &str) -> bool {
    let built = ["Compiling ", "Checking ", "Documenting ", "Running ", "test result: ok."];
    let words = line.trim_start();
    !words.is_empty() && !line.ends_with(" ... ok") && !built.iter().any(|built| words.starts_with(built))
}

/// Both streams go to one file, in the order written: a pipe would stay open as long as any grandchild lives.
fn ended(command: &mut Command) -> std::io::Result<(ExitStatus, String)> {
    std::fs::create_dir_all(tree::target())?;
    let path = tree::target().join("check.log");
    let log = File::create(&path)?;
    let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
    let status = within_limit(child)?;
    Ok((status, String::from_utf8_lossy(&std::fs::read(&path)?).into_owned()))
}

fn within_limit(mut child: Child) -> std::io::Result<ExitStatus> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            return Err(std::io::Error::other(format!("took more than {} s and was ended", LIMIT.as_secs())));
        }
        std::thread::sleep(LOOK);
    }
}

/// The command as one could type it.
fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
