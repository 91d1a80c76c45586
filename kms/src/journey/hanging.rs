//! What hangs on a key: a row for its tags, one for its policy, one for its aliases. The acts that read and replace its
//! tags; the others have files of their own.

use std::collections::BTreeMap;

use wire::Op;

use crate::error::Error;
use crate::ops::Action;
use crate::quotas::tags_fit;
use crate::records::{Record, TagsRecord};
use crate::rows::{self, RowKey};

use super::act::Usable;
use super::change::{Change, Write};

/// Reading.
impl Usable<'_> {
    /// All tags, in the order of their keys.
    pub async fn tags(&self) -> Result<BTreeMap<String, String>, Error> {
        self.permit.begin(&[Action::Of(Op::ListResourceTags)])?;
        let row = self.permit.cx.view().get::<TagsRecord>(self.hanging("tags")).await?;
        Ok(row.map_or_else(BTreeMap::new, |row| row.value.tags.clone()))
    }

    pub(super) fn hanging(&self, what: &str) -> RowKey {
        rows::hanging_row(&self.key.world, &self.key.record().key_id, what)
    }
}

/// The edits.
impl<'r> Usable<'r> {
    /// Adds these tags; those that the key has get their new values.
    ///
    /// Errors: as [`tags_fit`] for all tags that the key would have.
    pub async fn tag(self, new: &BTreeMap<String, String>) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::TagResource)])?;
        self.retag(|tags| tags.extend(new.clone())).await
    }

    /// Removes the tags of these keys, as far as they are there.
    pub async fn untag(self, keys: &[String]) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::UntagResource)])?;
        self.retag(|tags| tags.retain(|key, _| !keys.contains(key))).await
    }

    async fn retag(self, edit: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<Change<'r>, Error> {
        let name = self.hanging("tags");
        let row = self.permit.cx.view().get::<TagsRecord>(name.clone()).await?;
        let (mut tags, version) = row.map_or_else(Default::default, |row| (row.value.tags.clone(), row.version));
        edit(&mut tags);
        tags_fit(&tags)?;
        let write = Write::put(name, version + 1, &TagsRecord { tags })?;
        Ok(Change::new(self.permit.cx, self.key, vec![write]))
    }

    /// How often the row was written; 0 if it is absent.
    pub(super) async fn version<T: Record>(&self, what: &str) -> Result<u64, Error> {
        let row = self.permit.cx.view().get::<T>(self.hanging(what)).await?;
        Ok(row.map_or(0, |row| row.version))
    }
}
