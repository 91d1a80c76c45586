//! When a key was last used, as those are told who ask: what is noted and not written yet counts like what is.

use std::sync::Arc;

use wire::Op;

use crate::Time;
use crate::error::Error;
use crate::ops::Action;
use crate::records::UseRecord;
use crate::rows;

use super::act::Usable;
use super::view::{Key, View};

/// What is known of a key's last use.
pub struct LastUsage {
    /// Since when every use of this key has been noted.
    pub tracked_since: Time,
    /// None for a key that was not used.
    pub last: Option<wire::KeyLastUsageData>,
}

impl Usable<'_> {
    /// When and by what the key was last used.
    pub async fn last_usage(&self) -> Result<LastUsage, Error> {
        self.permit.begin(&[Action::Of(Op::GetKeyLastUsage)])?;
        let view = self.permit.cx.view();
        let last = view.last_use(&self.key).await?.map(|last| wire::KeyLastUsageData {
            operation: Some(last.operation),
            timestamp: Some(last.at.into()),
            cloud_trail_event_id: Some(last.event_id.clone()),
            kms_request_id: Some(last.request_id.clone()),
        });
        Ok(LastUsage { tracked_since: view.tracked_since(&self.key), last })
    }
}

impl View {
    /// Since when the key has not been used: since its last use, or since its uses have been noted.
    pub async fn idle_since(&self, key: &Key) -> Result<Time, Error> {
        let last = self.last_use(key).await?;
        let since = self.tracked_since(key);
        Ok(last.map_or(since, |last| last.at.max(since)))
    }

    fn tracked_since(&self, key: &Key) -> Time {
        key.record().created.max(self.core.uses.began())
    }

    async fn last_use(&self, key: &Key) -> Result<Option<Arc<UseRecord>>, Error> {
        let row = rows::use_row(&key.world, &key.record().key_id);
        if let Some(unwritten) = self.core.uses.unwritten(&row) {
            return Ok(Some(Arc::new(unwritten)));
        }
        // It may have been written since this snapshot was taken, and is forgotten only after that.
        let newest = self.core.rows.newest().await?;
        let kept = self.core.rows.get::<UseRecord>(newest, &row).await?;
        self.note(row, kept.as_ref().map_or(0, |kept| kept.revision));
        Ok(kept.map(|kept| kept.value))
    }
}
