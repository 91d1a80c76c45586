//! A world is one account in one Region: keys of two worlds never meet. This file names worlds and what lies in them;
//! which partition a Region belongs to is `place.rs`.

use crate::place::partition;

/// One account in one Region of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    /// Twelve digits.
    pub account: String,
    /// A Region's name, such as `us-east-1`.
    pub region: String,
}

impl World {
    /// Where in this account lies what belongs to a set of Regions: a world of no Region, as none can be called so.
    pub fn of_all_regions(&self) -> World {
        World { account: self.account.clone(), region: "*".to_owned() }
    }

    /// The same account in another Region.
    pub fn in_region(&self, region: &str) -> World {
        World { account: self.account.clone(), region: region.to_owned() }
    }

    /// `arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`.
    pub fn key_arn(&self, key_id: &str) -> String {
        self.arn("key/", key_id)
    }

    /// The ARN of an alias, given with its prefix `alias/`.
    pub fn alias_arn(&self, alias: &str) -> String {
        self.arn("", alias)
    }

    /// In one piece of memory: every call needs some.
    fn arn(&self, kind: &str, name: &str) -> String {
        ["arn:", partition(&self.region), ":kms:", &self.region, ":", &self.account, ":", kind, name].concat()
    }
}
