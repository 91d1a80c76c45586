//! What an operation hands to the pipeline: its answer, and the changes that make it true. Neither can be made
//! elsewhere, and a change that was made and not handed over is found.

use crypto::SecretBytes;
use serde_json::{Map, Value};
use wire::{Op, Request, Response};

use crate::error::Error;
use crate::records::{OutboxRecord, Record};
use crate::rows::RowKey;
use crate::usage::Used;

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
    beside: Option<Beside>,
}

/// What a change leaves in the audit trail beside the record of its call.
pub(crate) enum Beside {
    /// The record of what it sets going.
    Event(OutboxRecord),
    /// The record of the call in another Region.
    Echo(Echo),
}

/// A call as another Region records it that it concerns, too.
pub(crate) struct Echo {
    pub op: Op,
    pub region: String,
    pub parameters: Map<String, Value>,
    /// The key there: who owns it, and its ARN.
    pub resource: (String, String),
}

impl Echo {
    /// As if this had been asked about this key in its own Region.
    pub fn of<R: Request>(key: &Key, request: &R) -> Echo {
        let resource = (key.world.account.clone(), key.arn());
        Echo { op: R::OP, region: key.world.region.clone(), parameters: request.recorded(), resource }
    }
}

impl<'r> Change<'r> {
    pub(super) fn new(cx: &'r Cx, key: Key, writes: Vec<Write>) -> Change<'r> {
        cx.note_change(&key);
        Change { cx, key, writes, beside: None }
    }

    pub(super) fn with_event(self, event: OutboxRecord) -> Change<'r> {
        Change { beside: Some(Beside::Event(event)), ..self }
    }

    pub(super) fn echoed(self, echo: Echo) -> Change<'r> {
        Change { beside: Some(Beside::Echo(echo)), ..self }
    }

    /// The key's ARN.
    pub fn arn(&self) -> String {
        self.key.arn()
    }

    /// The key as it will be.
    pub fn metadata(&self) -> wire::KeyMetadata {
        self.key.metadata(self.cx.now())
    }

    /// The answer, true once the change is.
    pub fn done<R: Response>(self, answer: R) -> Done<R> {
        Done { answer, writes: self.writes, changes: 1, beside: self.beside }
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
    beside: Option<Beside>,
}

/// What the pipeline commits and answers.
pub(crate) struct Parts {
    pub answer: Vec<u8>,
    pub writes: Vec<Write>,
    pub beside: Option<Beside>,
    /// The keys whose material it used.
    pub used: Vec<Used>,
}

impl<R: Response> Done<R> {
    /// An answer that changes nothing.
    pub(super) fn unchanged(answer: R) -> Done<R> {
        Done { answer, writes: Vec::new(), changes: 0, beside: None }
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
        let used = cx.take_used();
        if !used.is_empty() && !self.writes.is_empty() {
            return Err(Error::internal("a call that uses a key would change something, too"));
        }
        Ok(Parts { answer: self.answer.encode(), writes: self.writes, beside: self.beside, used })
    }
}
