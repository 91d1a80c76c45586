//! Quotas: how much one account, or one key, may have. Three can be set; the others are those that AWS adjusts for nobody.
//! How much may be asked a second is `requests`.
//! They are AWS's by default: <https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html>

mod requests;

use std::collections::BTreeMap;

pub(crate) use requests::{Charge, Meter};
pub use requests::{CountedBy, RequestGroup, RequestQuotas};

use crate::error::{Error, Quota, TagRule};

/// The quotas that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Keys of one account in one Region, in every state.
    pub keys: u32,
    /// Aliases of one key. More than [`Quotas::MOST_ALIASES_PER_KEY`] count as that many.
    pub aliases_per_key: u32,
    /// Grants of one key.
    pub grants_per_key: u32,
    /// Requests a second.
    pub requests: RequestQuotas,
}

/// AWS's: 100,000 keys, 50 aliases and 50,000 grants a key. Requests are not counted.
impl Default for Quotas {
    fn default() -> Self {
        Quotas { keys: 100_000, aliases_per_key: 50, grants_per_key: 50_000, requests: RequestQuotas::Off }
    }
}

impl Quotas {
    /// The names of a key's aliases share a row, and more of the longest would not fit.
    pub const MOST_ALIASES_PER_KEY: u32 = 200;

    /// What one of a world's sixteen counters may count: they share the quota to the last key.
    pub(crate) fn keys_of_counter(&self, counter: u8) -> u32 {
        self.keys / COUNTERS + u32::from(u32::from(counter) < self.keys % COUNTERS)
    }

    /// Whether there may be more keys than the quota allows, because it was once higher.
    pub(crate) fn keys_were_lowered(&self) -> bool {
        self.keys < Quotas::default().keys
    }

    /// The aliases of one key.
    pub(crate) fn aliases(&self) -> usize {
        self.aliases_per_key.min(Quotas::MOST_ALIASES_PER_KEY) as usize
    }
}

/// A world's keys are counted by so many counters, so that as many can be made at once.
pub(crate) const COUNTERS: u32 = 16;

/// The longest key policy, in bytes.
const POLICY_BYTES: usize = 32 * 1024;

/// The tags of one key.
const TAGS: usize = 50;

/// All tags of a key together, in bytes of JSON: they share a row. Fifty of the longest fit unless nearly every
/// character of theirs takes four bytes or an escape.
const TAG_BYTES: usize = 60 * 1024;

/// Whether a key can have this policy.
///
/// Errors: `LimitExceeded`.
pub(crate) fn policy_fits(document: &str) -> Result<(), Error> {
    if document.len() > POLICY_BYTES { Err(Error::LimitExceeded(Quota::PolicyLength)) } else { Ok(()) }
}

/// Whether a key can have all of these tags.
///
/// Errors: the `TooMany` of `Tag`; `LimitExceeded` for tags that are too long together.
pub(crate) fn tags_fit(tags: &BTreeMap<String, String>) -> Result<(), Error> {
    if tags.len() > TAGS {
        return Err(Error::Tag(TagRule::TooMany));
    }
    if serde_json::json!(tags).to_string().len() > TAG_BYTES {
        return Err(Error::LimitExceeded(Quota::TagLength));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixteen_counters_share_any_quota_to_the_last_key() {
        for keys in [0, 1, 15, 16, 17, 100, 99_999, 100_000, u32::MAX] {
            let quotas = Quotas { keys, ..Quotas::default() };
            let shares: Vec<u32> = (0..COUNTERS as u8).map(|counter| quotas.keys_of_counter(counter)).collect();
            assert_eq!(shares.iter().map(|share| u64::from(*share)).sum::<u64>(), u64::from(keys));
            assert!(shares[0] - shares[15] <= 1, "{keys}: {shares:?}");
        }
    }

    #[test]
    fn no_setting_asks_for_more_aliases_than_a_row_can_name() {
        for (asked, counts) in [(0, 0), (50, 50), (200, 200), (201, 200), (u32::MAX, 200)] {
            assert_eq!(Quotas { aliases_per_key: asked, ..Quotas::default() }.aliases(), counts);
        }
    }
}
