//! Why a start is refused. Each sentence says what is wrong and what to do; nothing of what a file holds is ever in
//! one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::Mode;

/// A start that did not happen. Its `Display` is one sentence for the person who started the program.
#[derive(Debug)]
pub enum Refusal {
    /// Another process holds the data directory.
    Held {
        /// The directory.
        data: PathBuf,
        /// Who holds it, as written in its lock.
        pid: String,
    },
    /// A seal key without its store.
    StoreMissing {
        /// Where the store should be.
        data: PathBuf,
        /// The key that is there.
        seal_key: PathBuf,
    },
    /// A store without its seal key.
    SealKeyMissing {
        /// The store's file.
        store: PathBuf,
        /// Where its key should be.
        seal_key: PathBuf,
    },
    /// The seal key is another store's, or what it sealed was changed.
    DoesNotFit {
        /// The store's file.
        store: PathBuf,
        /// The key that does not open it.
        seal_key: PathBuf,
    },
    /// The data directory holds something else.
    NotEmpty {
        /// The directory.
        data: PathBuf,
        /// One name in it.
        entry: String,
    },
    /// A file stands where a first start would write one.
    InTheWay {
        /// That file.
        path: PathBuf,
    },
    /// There is no store and none may be made.
    NoCreate {
        /// The directory without a store.
        data: PathBuf,
    },
    /// A first start was cut before its store was made.
    CutShort {
        /// The data directory.
        data: PathBuf,
        /// What it left.
        remove: Vec<PathBuf>,
    },
    /// A store's file in which nothing was ever written.
    Empty {
        /// That file.
        store: PathBuf,
    },
    /// A store's file in which nothing was ever written, beside a seal key.
    EmptyBesideSealKey {
        /// That file.
        store: PathBuf,
        /// The key of what should be in it.
        seal_key: PathBuf,
    },
    /// `dev` on a store of `serve`, or the other way round.
    OtherMode {
        /// The store's file.
        store: PathBuf,
        /// The command that made it.
        made_by: Mode,
    },
    /// The store's format is not known here.
    Newer {
        /// The store's file.
        store: PathBuf,
        /// Its format.
        format: u64,
    },
    /// Another account was asked for than the store has.
    OtherAccount {
        /// The store's file.
        store: PathBuf,
        /// Its account.
        stored: String,
        /// The one asked for.
        asked: String,
    },
    /// Others may read the seal key.
    Readable {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The seal key's file is damaged.
    SealKeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        because: String,
    },
    /// The engine cannot open or read its file; the sentence is the engine's, which names the file.
    Store(String),
    /// A record does not read as what it must be.
    Damaged {
        /// The store's file.
        store: PathBuf,
        /// The record's name.
        record: String,
    },
    /// The store did not take its first rows.
    NotMade {
        /// The store's file.
        store: PathBuf,
        /// Why.
        because: String,
    },
    /// Two first starts met.
    Raced {
        /// The directory that changed meanwhile.
        data: PathBuf,
    },
    /// One directory lies in the other.
    NotApart {
        /// The data directory.
        data: PathBuf,
        /// The secrets directory.
        secrets: PathBuf,
    },
    /// The file system said no.
    Io {
        /// What was tried, as in "cannot … `path`".
        act: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system answered.
        error: io::Error,
    },
    /// A test cut the first start here.
    #[cfg(test)]
    Cut,
}

impl Refusal {
    pub(super) fn io(act: &'static str, path: &Path, error: io::Error) -> Refusal {
        Refusal::Io { act, path: path.to_path_buf(), error }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Held { data, pid } => {
                write!(
                    f,
                    "{} is in use by process {pid}: stop that one, or give this one another --data",
                    data.display()
                )
            }
            Refusal::StoreMissing { data, seal_key } => write!(
                f,
                "there is a seal key, {}, but no store in {}: its volume may not be mounted; mount it or put the \
                store back from a copy (a new KMS needs another --secrets)",
                seal_key.display(),
                data.display()
            ),
            Refusal::SealKeyMissing { store, seal_key } => write!(
                f,
                "the seal key of {} is missing: put it back as {} from its copy, because nothing else opens this store",
                store.display(),
                seal_key.display()
            ),
            Refusal::DoesNotFit { store, seal_key } => write!(
                f,
                "the seal key {} does not open {}: put back the key that was made with this store, or the store that \
                was made with this key",
                seal_key.display(),
                store.display()
            ),
            Refusal::NotEmpty { data, entry } => write!(
                f,
                "{} holds no store and is not empty (it has {entry:?}): a store is only made in an absent or empty \
                directory, so name another --data",
                data.display()
            ),
            Refusal::InTheWay { path } => write!(
                f,
                "{} exists, and no secret is ever overwritten: move it away, or name another --secrets",
                path.display()
            ),
            Refusal::NoCreate { data } => write!(
                f,
                "there is no store in {} and --no-create forbids making one: mount or put back its directory, or \
                start without --no-create",
                data.display()
            ),
            Refusal::CutShort { data, remove } => write!(
                f,
                "a first start was cut short before it had made a store in {}: if its volume is not mounted, mount \
                it; otherwise nothing is lost, so remove {} and start again",
                data.display(),
                remove.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" and ")
            ),
            Refusal::Empty { store } => write!(
                f,
                "the store {} is empty: put it back from a copy, or, if it was never used, remove it and start again",
                store.display()
            ),
            Refusal::EmptyBesideSealKey { store, seal_key } => write!(
                f,
                "the store {} is empty although there is a seal key, {}: it was cut short or its volume is not \
                mounted, so put it back from a copy",
                store.display(),
                seal_key.display()
            ),
            Refusal::OtherMode { store, made_by } => write!(f, "{} {}", store.display(), other_mode(*made_by)),
            Refusal::Newer { store, format } => write!(
                f,
                "{} was made by a newer version of Trent (format {format}; this one reads {}): upgrade",
                store.display(),
                super::rows::FORMAT
            ),
            Refusal::OtherAccount { store, stored, asked } => write!(
                f,
                "the account of {} is {stored}, not {asked}, and never changes: leave --account out",
                store.display()
            ),
            Refusal::Readable { path, mode } => write!(
                f,
                "the seal key {} is open to others (mode {mode:04o}): chmod 600 it, and ask who may have read it",
                path.display()
            ),
            Refusal::SealKeyFile { path, because } => write!(f, "{}: {because}", path.display()),
            Refusal::Store(sentence) => f.write_str(sentence),
            Refusal::Damaged { store, record } => {
                write!(f, "the record {record} of {} is damaged: put the store back from a copy", store.display())
            }
            Refusal::NotMade { store, because } => {
                write!(f, "the first start could not write {}: {because}", store.display())
            }
            Refusal::Raced { data } => {
                write!(f, "another first start is at work in {}: wait for it, or start again", data.display())
            }
            Refusal::NotApart { data, secrets } => write!(
                f,
                "{} and {} lie in one another, so that one copy would take both: name two directories apart with \
                --data and --secrets",
                data.display(),
                secrets.display()
            ),
            Refusal::Io { act, path, error } => write!(f, "cannot {act} {}: {error}{}", path.display(), hint(error)),
            #[cfg(test)]
            Refusal::Cut => write!(f, "cut by a test"),
        }
    }
}

impl std::error::Error for Refusal {}

fn other_mode(made_by: Mode) -> &'static str {
    match made_by {
        Mode::Serve => {
            "was made by `trent serve`, and `trent dev` is open to everybody: start `trent serve`, or name another \
             --data"
        }
        Mode::Dev => "was made by `trent dev`, which was open to everybody: start `trent dev`, or name another --data",
    }
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "; start as the user who owns it, or give it to this user",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room and start again",
        io::ErrorKind::ReadOnlyFilesystem => "; mount it for writing, or name another directory",
        // Not ours to list: the system's own words have to do.
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_comes_with_what_to_do() {
        for (kind, words) in [
            (io::ErrorKind::PermissionDenied, "user who owns it"),
            (io::ErrorKind::StorageFull, "make room"),
            (io::ErrorKind::ReadOnlyFilesystem, "mount it for writing"),
        ] {
            let said = Refusal::io("write", Path::new("/keys/seal.key.new"), kind.into()).to_string();
            assert!(said.starts_with("cannot write /keys/seal.key.new: ") && said.contains(words), "{said}");
        }
    }
}
