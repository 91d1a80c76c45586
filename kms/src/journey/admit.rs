//! Admission: one row of the table, read from left to right, for every operation on a key, reading ones included.
//! The table itself is `keys::admission`.

use crate::error::Error;
use crate::keys::admission::{RegionPart, Subject, admit};

use super::act::Usable;
use super::cx::Stage;
use super::permit::Permitted;

impl<'r> Permitted<'r> {
    /// Asks whether the key's usage, origin, state and spec admit the operation.
    ///
    /// Errors: `Refused`, with the reason that AWS tells first.
    pub fn admit(self) -> Result<Usable<'r>, Error> {
        let Permitted { permit, key } = self;
        let cx = permit.cx;
        cx.enter(Stage::Admit)?;
        let record = key.record();
        let subject = Subject {
            facts: &record.facts,
            spec: record.spec,
            usage: record.usage,
            part: if record.multi_region { RegionPart::Primary } else { RegionPart::SingleRegion },
            algorithm: permit.algorithm,
            asked_to: permit.action.word(),
        };
        admit(cx.sheet().op, &subject, cx.now()).map_err(|refusal| Error::Refused { arn: key.arn(), refusal })?;
        Ok(Usable::admitted(permit, key))
    }
}
