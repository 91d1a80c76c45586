//! The way back in, for whoever has the directories and the seal key while no server runs: a new access key for an
//! account's root, and the default policy for a key whose own one locks everybody out. What was done stands in the audit
//! trail, as what the program did for its operator.

use std::sync::Arc;

use crypto::{Random, SecretBytes};
use wire::Fault;

use crate::home::{self, Home, Refusal, Terms};
use crate::service::{NotStarted, Service};
use crate::{Enforcement, Mode, Quotas, Time};

/// Why nothing was recovered, in a sentence for whoever asked.
#[derive(Debug)]
pub enum NotRecovered {
    /// The directories are not what they should be, or a server runs on them.
    Home(Refusal),
    /// The store opened, and its records do not.
    NotStarted(NotStarted),
    /// There is no such account or key, or the store takes nothing.
    Refused(Fault),
}

impl std::fmt::Display for NotRecovered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotRecovered::Home(refusal) => refusal.fmt(f),
            NotRecovered::NotStarted(why) => why.fmt(f),
            NotRecovered::Refused(fault) => f.write_str(fault.message.as_deref().unwrap_or(fault.name)),
        }
    }
}

impl std::error::Error for NotRecovered {}

/// A new access key of this account's root: its id and its secret, which nobody can tell again. Where the root has two
/// already, the older one is deleted.
///
/// # Errors
/// A home that does not open, above all while a server runs on it; an account that is not there.
pub async fn root_access_key(
    home: &Home,
    account: &str,
    random: Arc<dyn Random>,
    now: Time,
) -> Result<(String, SecretBytes), NotRecovered> {
    let service = open(home, random, now).await?;
    let recovered = service.recover_root(account, now).await.map_err(NotRecovered::Refused);
    service.close().await;
    recovered
}

/// Puts the policy that a new key has in place of the policy of the key of this ARN.
///
/// # Errors
/// A home that does not open, above all while a server runs on it; a key that is not there.
pub async fn default_key_policy(
    home: &Home,
    key_arn: &str,
    random: Arc<dyn Random>,
    now: Time,
) -> Result<(), NotRecovered> {
    let service = open(home, random, now).await?;
    let recovered = service.recover_policy(key_arn, now).await.map_err(NotRecovered::Refused);
    service.close().await;
    recovered
}

async fn open(home: &Home, random: Arc<dyn Random>, now: Time) -> Result<Arc<Service>, NotRecovered> {
    let terms = |mode| Terms { mode, create: false, account: None, region: String::new(), endpoint: None };
    // Whichever command made the store: what is recovered is the same.
    let (mode, opened) = match home::open(home, &terms(Mode::Serve), &*random, now).await {
        Err(Refusal::OtherMode { made_by, .. }) => (made_by, home::open(home, &terms(made_by), &*random, now).await),
        opened => (Mode::Serve, opened),
    };
    let opened = opened.map_err(NotRecovered::Home)?;
    Service::start(opened, mode, Enforcement::On, Quotas::default(), REGION.to_owned(), random, now)
        .await
        .map_err(NotRecovered::NotStarted)
}

/// The Region of what has none.
const REGION: &str = "us-east-1";
