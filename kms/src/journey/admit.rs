//! Admission: one row of the table, read from left to right, for every operation on a key, reading ones included.
//! The table itself is `keys::admission`.

use crate::error::Error;
use crate::keys::admission::{Subject, admit};
use crate::keys::lifecycle::RegionPart;

use super::act::Usable;
use super::cx::Stage;
use super::permit::Permitted;

impl<'r> Permitted<'r> {
    /// Asks whether the key's usage, origin, state and spec admit the operation. Where requests have quotas, those that
    /// are counted by their key are counted here, before that: nobody else may learn what the key is.
    ///
    /// Errors: `Throttled`; `Refused`, with the reason that AWS tells first.
    pub fn admit(self) -> Result<Usable<'r>, Error> {
        let part = self.key.part();
        self.admit_as(part)
    }

    /// The same for a key that is to have this part in its set.
    pub(super) fn admit_as(self, part: RegionPart) -> Result<Usable<'r>, Error> {
        let Permitted { permit, key } = self;
        let cx = permit.cx;
        cx.enter(Stage::Admit)?;
        let record = key.record();
        cx.count(record.spec)?;
        let subject = Subject {
            facts: &record.facts,
            spec: record.spec,
            usage: record.usage,
            part,
            algorithm: permit.algorithm,
            asked_to: permit.action.word(),
        };
        admit(cx.sheet().op, &subject, cx.now()).map_err(|refusal| Error::Refused { arn: key.arn(), refusal })?;
        cx.note_use(&key);
        Ok(Usable::admitted(permit, key))
    }
}
