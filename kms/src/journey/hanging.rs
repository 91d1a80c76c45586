//! What hangs on a key: its tags and its policy, a row each. The acts that read and replace them.

use std::collections::BTreeMap;

use wire::Op;

use crate::error::Error;
use crate::ops::Action;
use crate::quotas::tags_fit;
use crate::records::{PolicyRecord, Record, TagsRecord};
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

    /// The policy document as it was given, or the default one.
    pub async fn policy(&self) -> Result<String, Error> {
        self.permit.begin(&[Action::Of(Op::GetKeyPolicy)])?;
        let row = self.permit.cx.view().get::<PolicyRecord>(self.hanging("policy")).await?;
        let row =
            row.ok_or_else(|| Error::internal(format!("the policy of {} is missing from the store", self.arn())))?;
        Ok(row.value.document.clone())
    }

    fn hanging(&self, what: &str) -> RowKey {
        rows::hanging_row(&self.key.world, &self.key.record().key_id, what)
    }
}

/// The edits.
impl<'r> Usable<'r> {
    /// Adds these tags; those that the key has get their new values.
    ///
    /// Errors: as [`tags_fit`] for all tags that the key would have.
    pub async fn tag(self, new: BTreeMap<String, String>) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::TagResource)])?;
        self.retag(|tags| tags.extend(new)).await
    }

    /// Removes the tags of these keys, as far as they are there.
    pub async fn untag(self, keys: &[String]) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::UntagResource)])?;
        self.retag(|tags| tags.retain(|key, _| !keys.contains(key))).await
    }

    /// Another policy in the place of the one that the key has: a document that was checked before.
    pub async fn put_policy(self, document: String) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::PutKeyPolicy)])?;
        let version = self.version::<PolicyRecord>("policy").await?;
        let write = Write::put(self.hanging("policy"), version + 1, &PolicyRecord { document })?;
        Ok(Change::new(self.permit.cx, self.key, vec![write]))
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
    async fn version<T: Record>(&self, what: &str) -> Result<u64, Error> {
        let row = self.permit.cx.view().get::<T>(self.hanging(what)).await?;
        Ok(row.map_or(0, |row| row.version))
    }
}
