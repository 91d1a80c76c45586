//! Identities as a file declares them, and the verbs that make them so. The file is read in `read`, what there is and
//! what is to change is found in `plan`; nothing is done here, and no file is opened.
//!
//! ```toml
//! # prune = true              # users, roles, policies and tags that the file does not have are deleted
//!
//! [[account]]
//! # id = "111122223333"       # no id: the account of whoever applies the file
//!
//! [[account.user]]
//! name = "ann"
//! path = "/eng/"
//! tags = { team = "a" }
//! policies.use-keys = '''{"Version": "2012-10-17", "Statement": …}'''   # or { file = "use-keys.json" }
//!
//! [[account.user.access_key]] # its file must be readable for its owner alone
//! id = "AKIA…"
//! secret = "…"
//!
//! [[account.role]]
//! name = "ops"
//! trust = { file = "ops-trust.json" }
//! max_session_duration = 7200
//! ```

mod plan;
mod read;
mod step;

pub use plan::{Refused, Verbs, plan};
pub use step::Step;

use std::collections::BTreeMap;

use crypto::SecretBytes;

/// What a file declares.
pub struct Desired {
    prune: bool,
    accounts: Vec<Account>,
}

impl Desired {
    /// What `text` declares. `file` reads the files that it names policies by.
    ///
    /// Everything that can be checked without knowing what there is, is checked: names, paths, tags, policies, and that
    /// nothing is declared twice.
    ///
    /// # Errors
    /// A sentence with its line. It repeats no secret.
    pub fn parse(text: &str, file: &mut dyn FnMut(&str) -> Result<String, String>) -> Result<Desired, String> {
        read::read(text, file)
    }

    /// The accounts that are declared; `None` is that of whoever applies the file.
    pub fn accounts(&self) -> Vec<Option<&str>> {
        self.accounts.iter().map(|account| account.id.as_deref()).collect()
    }

    /// Whether there is a secret in the file.
    pub fn has_secrets(&self) -> bool {
        let of_user = |account: &Account| account.users.iter().any(|user| !user.access_keys.is_empty());
        self.accounts.iter().any(|account| !account.access_keys.is_empty() || of_user(account))
    }
}

/// An account as it should be.
struct Account {
    id: Option<String>,
    name: Option<String>,
    access_keys: Vec<AccessKey>,
    users: Vec<User>,
    roles: Vec<Role>,
}

/// A user as it should be.
struct User {
    common: Common,
    access_keys: Vec<AccessKey>,
}

/// A role as it should be.
struct Role {
    common: Common,
    description: String,
    trust: String,
    max_session_seconds: i64,
}

/// What users and roles have in common.
struct Common {
    name: String,
    path: String,
    tags: BTreeMap<String, String>,
    policies: BTreeMap<String, String>,
}

/// An access key that the file gives.
struct AccessKey {
    id: String,
    secret: SecretBytes,
    active: bool,
}
