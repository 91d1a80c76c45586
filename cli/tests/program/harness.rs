//! Starts and stops the program. Waiting is for a line or for the end of the process, never for a time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// A working directory.
pub struct Place(TempDir);

/// A program that printed its ready line. It is killed when dropped, so that no test leaves one behind.
pub struct Running {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
    /// The ready line, without its end.
    pub ready: String,
}

/// How a start that must not succeed ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Everything in a directory: modes and bytes.
pub type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

impl Place {
    pub fn new() -> Place {
        Place(TempDir::with_prefix("trent-test-").unwrap())
    }

    /// One where `serve` was started and stopped.
    pub fn used() -> Place {
        let place = Place::new();
        assert_eq!(place.serve(&[]).stop(), Some(0));
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program with these words, in this directory, with no variable of its own and nobody's credentials.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trent"));
        for (name, _) in std::env::vars_os() {
            if ["TRENT", "AWS"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.args(words).current_dir(self.0.path()).env("HOME", self.0.path());
        command
    }

    /// A command that asks a running service, to its end.
    pub fn ask(&self, running: &Running, words: &[&str]) -> Ended {
        self.ended(self.command(words).env("TRENT_ENDPOINT_URL", running.url()))
    }

    /// The same, which must succeed: what it answered.
    pub fn asked(&self, running: &Running, words: &[&str]) -> String {
        let ended = self.ask(running, words);
        assert_eq!(ended.code, Some(0), "{words:?}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stderr, "", "{words:?}");
        ended.stdout
    }

    /// The same, which must be refused with these words, in one sentence and with no answer.
    pub fn refused(&self, running: &Running, words: &[&str], said: &[&str]) {
        let ended = self.ask(running, words);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{words:?}: {}", ended.stderr);
        assert!(ended.stderr.starts_with("trent: ") && ended.stderr.matches('\n').count() == 1, "{}", ended.stderr);
        for part in said {
            assert!(ended.stderr.contains(part), "{words:?}: {part:?} is not in: {}", ended.stderr);
        }
    }

    /// `serve` on a free port.
    pub fn serve(&self, words: &[&str]) -> Running {
        self.start(&mut self.command(&[&["serve", "--listen", "127.0.0.1:0"], words].concat()))
    }

    /// `dev` on a free port.
    pub fn dev(&self, words: &[&str]) -> Running {
        self.start(&mut self.command(&[&["dev", "--listen", "127.0.0.1:0"], words].concat()))
    }

    /// Starts and waits for the ready line.
    pub fn start(&self, command: &mut Command) -> Running {
        let stderr = tempfile::NamedTempFile::new().unwrap().into_temp_path().keep().unwrap();
        let mut child =
            command.stdout(Stdio::piped()).stderr(File::create(&stderr).unwrap()).stdin(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        stdout.read_line(&mut ready).unwrap();
        let running = Running { child, stdout, stderr, ready: ready.trim_end().to_owned() };
        assert!(!ready.is_empty(), "it ended before its ready line: {}", running.stderr());
        running
    }

    /// Waits for the end of a start that must be refused; one that begins to serve is a failure.
    pub fn ended(&self, command: &mut Command) -> Ended {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut stdout = String::new();
        reader.read_line(&mut stdout).unwrap();
        if stdout.contains("listening") {
            child.kill().unwrap();
        }
        reader.read_to_string(&mut stdout).unwrap();
        let output = child.wait_with_output().unwrap();
        Ended { code: output.status.code(), stdout, stderr: String::from_utf8(output.stderr).unwrap() }
    }

    /// Everything that lies here but what a look at a store may change without changing the store.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        walk(self.0.path(), &mut tree);
        tree.retain(|path, (_, bytes)| {
            let name = path.to_string_lossy();
            let passing =
                name.ends_with("/lock") || name.ends_with("-shm") || (name.ends_with("-wal") && bytes.is_empty());
            !passing
        });
        tree
    }
}

fn walk(directory: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let mode = path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
        let bytes = if path.is_dir() { Vec::new() } else { fs::read(&path).unwrap() };
        if path.is_dir() {
            walk(&path, tree);
        }
        tree.insert(path, (mode, bytes));
    }
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The port in the ready line.
    pub fn port(&self) -> u16 {
        self.ready.rsplit(':').next().unwrap().parse().unwrap()
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// What it has written to standard error so far.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    pub fn signal(&mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it by SIGTERM and gives its exit code; what it wrote to standard output after the ready line must be
    /// nothing.
    pub fn stop(mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.end()
    }

    /// Waits for its end.
    pub fn end(&mut self) -> Option<i32> {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "standard output is for the ready line alone");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.stderr);
    }
}

/// A line `name = value` of a credentials file.
pub fn credential(file: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).unwrap();
    let value =
        |line: &str| line.strip_prefix(name)?.trim_start().strip_prefix('=').map(|value| value.trim().to_owned());
    text.lines().find_map(value)
}
