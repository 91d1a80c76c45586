//! What an operation hands to the pipeline: its answer, and the changes that make it true. Neither can be made
//! elsewhere, and a change that was made and not handed over is found.

use crypto::SecretBytes;
use wire::Response;

use crate::error::Error;
use crate::records::{OutboxRecord, Record};
use crate::rows::RowKey;

use super::act::metadata;
use super::cx::Cx;
use super::view::Key;

/// One row to be written or deleted.
pub(crate) enum Write {
    /// The row's record, written for the `version`th time; 1 for a row that was absent.
    Put { name: RowKey, version: u64, encoded: SecretBytes },
    /// The row is to go. It was read before, so that the commit expects it.
    Delete { name: RowKey },
}

impl Write {
    pub fn put<T: Record>(name: RowKey, version: u64, record: &T) -> Result<Write, Error> {
        Ok(Write::Put { name, version, encoded: record.encode()?.into() })
    }

    pub fn name(&self) -> &RowKey {
        match self {
            Write::Put { name, .. } | Write::Delete { name } => name,
        }
    }

    /// Whether the row was there before. Those who rewrite a row take turns.
    pub fn rewrites(&self) -> bool {
        match self {
            Write::Put { version, .. } => *version > 1,
            Write::Delete { .. } => true,
        }
    }
}

/// A change to one key, as an edit made it: to that key alone, with what it relies on noted in its view.
///
/// It is handed over with the answer:
///
/// ```
/// #![deny(unused_must_use)]
/// # use kms::journey::{Done, Usable};
/// async fn disable(key: Usable<'_>) -> Result<Done<wire::Empty>, kms::Error> {
///     Ok(key.disable().await?.done(wire::Empty))
/// }
/// ```
///
/// Dropping it is refused, by a lint that has no code:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # use kms::journey::{Done, Usable};
/// async fn disable<'r>(key: Usable<'r>, other: Usable<'r>) -> Result<Done<wire::Empty>, kms::Error> {
///     key.disable().await?;
///     Ok(other.disable().await?.done(wire::Empty))
/// }
/// ```
///
/// ```
/// #![deny(unused_must_use)]
/// # use kms::journey::{Done, Usable};
/// async fn disable<'r>(key: Usable<'r>, other: Usable<'r>) -> Result<Done<wire::Empty>, kms::Error> {
///     let _change = key.disable().await?;
///     Ok(other.disable().await?.done(wire::Empty))
/// }
/// ```
///
/// (which the pipeline then finds: every change that was made has to be handed over.)
///
/// Nobody turns it to another key:
///
/// ```compile_fail,E0616
/// # use kms::journey::Change;
/// fn turn<'r>(change: &mut Change<'r>, other: &mut Change<'r>) {
///     std::mem::swap(&mut change.key, &mut other.key);
/// }
/// ```
///
/// ```
/// # use kms::journey::Change;
/// fn turn<'r>(change: &mut Change<'r>, other: &mut Change<'r>) {
///     std::mem::swap(change, other);
/// }
/// ```
///
/// And nobody else makes one:
///
/// ```
/// # use kms::journey::Change;
/// fn forge<'r>(change: Change<'r>) -> Change<'r> {
///     change
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use kms::journey::Change;
/// fn forge<'r>(change: Change<'r>) -> Change<'r> {
///     Change { writes: Vec::new(), ..change }
/// }
/// ```
#[must_use = "a change that is not handed over with the answer never happens"]
pub struct Change<'r> {
    cx: &'r Cx,
    key: Key,
    writes: Vec<Write>,
    /// What it sets going, for the audit trail.
    event: Option<OutboxRecord>,
}

impl<'r> Change<'r> {
    pub(super) fn new(cx: &'r Cx, key: Key, writes: Vec<Write>) -> Change<'r> {
        cx.note_change(&key);
        Change { cx, key, writes, event: None }
    }

    pub(super) fn with_event(self, event: OutboxRecord) -> Change<'r> {
        Change { event: Some(event), ..self }
    }

    /// The key's ARN.
    pub fn arn(&self) -> String {
        self.key.arn()
    }

    /// The key as it will be.
    pub fn metadata(&self) -> wire::KeyMetadata {
        metadata(&self.key, self.cx.now())
    }

    /// The answer, true once the change is.
    pub fn done<R: Response>(self, answer: R) -> Done<R> {
        Done { answer, writes: self.writes, changes: 1, event: self.event }
    }
}

/// An operation's end: what it answers, and what has to happen before that is true. Nobody else makes one:
///
/// ```
/// # use kms::journey::Done;
/// fn forge(done: Done<wire::Empty>) -> Done<wire::Empty> {
///     done
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use kms::journey::Done;
/// fn forge(done: Done<wire::Empty>) -> Done<wire::Empty> {
///     Done { answer: wire::Empty, ..done }
/// }
/// ```
#[must_use]
pub struct Done<R> {
    answer: R,
    writes: Vec<Write>,
    changes: usize,
    event: Option<OutboxRecord>,
}

/// What the pipeline commits and answers.
pub(crate) struct Parts {
    pub answer: Vec<u8>,
    pub writes: Vec<Write>,
    pub event: Option<OutboxRecord>,
}

impl<R: Response> Done<R> {
    /// An answer that changes nothing.
    pub(super) fn unchanged(answer: R) -> Done<R> {
        Done { answer, writes: Vec::new(), changes: 0, event: None }
    }

    /// The encoded answer and its writes, if every change that was made is among them and no row is written twice.
    pub(crate) fn into_parts(self, cx: &Cx) -> Result<Parts, Error> {
        if cx.dry_run() {
            return Err(Error::internal("a dry run came to its end without an act"));
        }
        if self.changes != cx.changes_made() {
            return Err(Error::internal("an edit was made and not handed over"));
        }
        let mut names: Vec<_> = self.writes.iter().map(Write::name).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(Error::internal("one row would be written twice"));
        }
        Ok(Parts { answer: self.answer.encode(), writes: self.writes, event: self.event })
    }
}
