//! How can a store say no? Each enum is one kind of question; the sentences are for the operator, never for a client.
//! What a client is told is decided above the store.

use std::fmt;
use std::path::PathBuf;

use crate::Revision;

/// How a commit that was taken up ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a commit may have conflicted, or its end may be unknown"]
pub enum Outcome {
    /// Every write is durable, at this revision.
    Committed {
        /// The revision of the commit; the rows it wrote carry it.
        revision: Revision,
    },
    /// Nothing was written, because these expectations (by their place in the batch) did not hold.
    Conflict {
        /// Ascending, at least one.
        which: Vec<usize>,
    },
    /// It happened, did not happen, or may still happen. Run again with the same ids: a row that the batch expects
    /// absent and puts tells the two apart.
    Unknown,
}

/// Why a commit was not taken up. Certainly nothing happened, and nothing will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The caller's mistake: engines would understand this batch differently, or not at all.
    Malformed(&'static str),
    /// The batch is over a limit of [`crate::limits`].
    TooBig(&'static str),
    /// Too many commits wait already, or another process holds the file: try again later.
    Busy,
    /// The disk is full. The engine goes on by itself when there is room again.
    Full,
    /// The disk failed. If that was while committing, every later commit is refused too, and only a restart helps.
    Stopped(String),
}

/// Why a read has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unread {
    /// The snapshot is older than what the engine remembers: run again on a fresh revision.
    Expired {
        /// The oldest revision that can still be read.
        oldest: Revision,
    },
    /// The engine cannot read now, or cannot read this row; the text says why and what to do.
    Unavailable(String),
}

/// Why a store's file was not opened. Nothing was changed in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenError {
    /// The file is not a store of ours.
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file has a format that this version does not know yet.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The file is a store of ours, but damaged or cut short.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        detail: String,
    },
    /// The file is absent, but its write-ahead log is there: something removed the one without the other.
    Missing {
        /// The file that is missing.
        path: PathBuf,
    },
    /// The file system or another process does not let us.
    Denied {
        /// The file.
        path: PathBuf,
        /// What was said.
        detail: String,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::Malformed(rule) | Refused::TooBig(rule) => write!(f, "the store refuses this batch: {rule}"),
            Refused::Busy => write!(f, "too many commits are waiting for the store: try again"),
            Refused::Full => write!(f, "the disk is full: make room, the store then goes on by itself"),
            Refused::Stopped(why) => write!(f, "the store takes no commit ({why}): check the disk, then restart"),
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::Expired { oldest } => write!(f, "this snapshot has expired, the oldest is {oldest}: read again"),
            Unread::Unavailable(why) => write!(f, "the store cannot be read: {why}"),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Foreign { path } => write!(
                f,
                "{} is not a Trent store: name the directory that holds the store, or an empty one to make a new one",
                path.display()
            ),
            OpenError::Newer { path, format } => write!(
                f,
                "{} was made by a newer version of Trent (store format {format}): start that version or a later one",
                path.display()
            ),
            OpenError::Damaged { path, detail } => write!(
                f,
                "{} is damaged ({detail}): keep a copy of the whole directory, then restore it from a backup",
                path.display()
            ),
            OpenError::Missing { path } => write!(
                f,
                "{} is missing, but its write-ahead log is there: restore the whole directory from a backup, \
                 or put the file back beside its log",
                path.display()
            ),
            OpenError::Denied { path, detail } => write!(
                f,
                "{} cannot be opened ({detail}): check that the directory exists, belongs to this user and is not \
                 in use by another process",
                path.display()
            ),
        }
    }
}

impl std::error::Error for Refused {}
impl std::error::Error for Unread {}
impl std::error::Error for OpenError {}
