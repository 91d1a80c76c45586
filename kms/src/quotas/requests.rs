//! How many requests a second an account may send to a Region, where that is limited: the groups that AWS counts
//! together, their rates, and what has been counted. When a request is counted is the pipeline's and admission's business.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/requests-per-second.html>

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use crypto::spec::KeySpec;
use wire::{DataKeyPairSpec, Op};

use crate::Time;
use crate::caller::Caller;
use crate::error::Error;

/// How many requests a second are answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestQuotas {
    /// As many as come.
    #[default]
    Off,
    /// AWS's default of each group.
    Aws,
    /// So many of each group.
    Each(NonZeroU32),
}

/// Requests that are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RequestGroup {
    /// Cryptography under symmetric encryption keys and HMAC keys, and random bytes.
    Symmetric,
    /// Cryptography under RSA keys.
    Rsa,
    /// Cryptography under keys on elliptic curves, SM2's among them.
    Ecc,
    /// Cryptography under ML-DSA keys.
    MlDsa,
    /// Cryptography under ML-KEM keys.
    MlKem,
    /// Data key pairs of one spec.
    Pair(DataKeyPairSpec),
    /// One operation by itself, which AWS allows so often.
    Alone {
        /// The operation.
        op: Op,
        /// AWS's rate, a second.
        rate: u32,
    },
}

/// What decides in which group a request to an operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedBy {
    /// The operation itself.
    Operation(RequestGroup),
    /// The spec of the key that is used.
    Key,
    /// The spec of the data key pair that is asked for.
    Pair,
}

impl CountedBy {
    /// How requests to `op` are counted.
    pub const fn of(op: Op) -> CountedBy {
        let rate = match op {
            Op::Decapsulate
            | Op::Decrypt
            | Op::DeriveSharedSecret
            | Op::Encapsulate
            | Op::Encrypt
            | Op::GenerateDataKey
            | Op::GenerateDataKeyWithoutPlaintext
            | Op::GenerateMac
            | Op::ReEncrypt
            | Op::Sign
            | Op::Verify
            | Op::VerifyMac => return CountedBy::Key,
            Op::GenerateDataKeyPair | Op::GenerateDataKeyPairWithoutPlaintext => return CountedBy::Pair,
            Op::GenerateRandom => return CountedBy::Operation(RequestGroup::Symmetric),
            Op::GetParametersForImport => 1,
            Op::CancelKeyDeletion
            | Op::ConnectCustomKeyStore
            | Op::CreateAlias
            | Op::CreateCustomKeyStore
            | Op::CreateKey
            | Op::DeleteCustomKeyStore
            | Op::DescribeCustomKeyStores
            | Op::DisableKey
            | Op::DisableKeyRotation
            | Op::DisconnectCustomKeyStore
            | Op::EnableKey
            | Op::GetKeyLastUsage
            | Op::ReplicateKey
            | Op::RotateKeyOnDemand
            | Op::UntagResource
            | Op::UpdateAlias
            | Op::UpdateCustomKeyStore
            | Op::UpdateKeyDescription
            | Op::UpdatePrimaryRegion => 5,
            Op::TagResource => 10,
            Op::DeleteAlias
            | Op::DeleteImportedKeyMaterial
            | Op::EnableKeyRotation
            | Op::ImportKeyMaterial
            | Op::PutKeyPolicy
            | Op::ScheduleKeyDeletion => 15,
            Op::CreateGrant | Op::RetireGrant | Op::RevokeGrant => 50,
            Op::ListGrants | Op::ListKeyPolicies | Op::ListKeyRotations | Op::ListRetirableGrants => 100,
            Op::ListAliases | Op::ListKeys => 500,
            Op::GetKeyPolicy | Op::GetKeyRotationStatus => 1_000,
            Op::DescribeKey | Op::GetPublicKey | Op::ListResourceTags => 2_000,
        };
        CountedBy::Operation(RequestGroup::Alone { op, rate })
    }
}

impl RequestGroup {
    /// The group of cryptography under keys of this spec.
    pub const fn of_key(spec: KeySpec) -> RequestGroup {
        match spec {
            KeySpec::SymmetricDefault | KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => {
                RequestGroup::Symmetric
            }
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => RequestGroup::Rsa,
            KeySpec::EccNistP256
            | KeySpec::EccNistP384
            | KeySpec::EccNistP521
            | KeySpec::EccSecgP256k1
            | KeySpec::EccNistEdwards25519
            | KeySpec::Sm2 => RequestGroup::Ecc,
            KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => RequestGroup::MlDsa,
            KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => RequestGroup::MlKem,
        }
    }

    /// How many a second AWS answers by default.
    pub fn rate_on_aws(self, region: &str) -> u32 {
        match self {
            RequestGroup::Symmetric if LARGEST_REGIONS.contains(&region) => 100_000,
            RequestGroup::Symmetric if LARGE_REGIONS.contains(&region) => 20_000,
            RequestGroup::Symmetric => 10_000,
            // For ML-KEM no rate is published: as for the other keys with two halves.
            RequestGroup::Rsa | RequestGroup::Ecc | RequestGroup::MlDsa | RequestGroup::MlKem => 1_000,
            RequestGroup::Pair(spec) => match spec {
                DataKeyPairSpec::Rsa2048 => 20,
                DataKeyPairSpec::Rsa3072 => 4,
                DataKeyPairSpec::Rsa4096 => 1,
                DataKeyPairSpec::Sm2 => 25,
                DataKeyPairSpec::EccNistP256
                | DataKeyPairSpec::EccNistP384
                | DataKeyPairSpec::EccNistP521
                | DataKeyPairSpec::EccSecgP256k1
                | DataKeyPairSpec::EccNistEdwards25519
                | DataKeyPairSpec::MlKem512
                | DataKeyPairSpec::MlKem768
                | DataKeyPairSpec::MlKem1024 => 100,
            },
            RequestGroup::Alone { rate, .. } => rate,
        }
    }
}

/// What a request counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    group: RequestGroup,
    /// Where it is counted, if not in the Region that was asked.
    region: Option<String>,
    /// How many requests it is.
    requests: u32,
}

impl Charge {
    /// One request of this group.
    pub fn one(group: RequestGroup) -> Charge {
        Charge { group, region: None, requests: 1 }
    }

    /// What every request to `op` counts for, before its key is known.
    pub fn of(op: Op) -> Option<Charge> {
        match CountedBy::of(op) {
            CountedBy::Operation(group) => Some(Charge::one(group)),
            CountedBy::Key | CountedBy::Pair => None,
        }
    }

    /// So many requests to `op` in another Region.
    pub fn elsewhere(op: Op, region: &str, requests: u32) -> Option<Charge> {
        Charge::of(op).map(|charge| Charge { region: Some(region.to_owned()), requests, ..charge })
    }
}

/// What has been counted of late.
pub(crate) struct Meter {
    quotas: RequestQuotas,
    buckets: Mutex<HashMap<Counted, Bucket>>,
}

/// Account, Region and group.
type Counted = (String, String, RequestGroup);

/// How many requests there may be at once, in thousandths: one more a thousandth of a second for each that may be a
/// second, up to a second's worth.
#[derive(Clone, Copy)]
struct Bucket {
    level: u64,
    at: Time,
}

impl Meter {
    pub fn new(quotas: RequestQuotas) -> Meter {
        Meter { quotas, buckets: Mutex::default() }
    }

    /// Whether anything is counted.
    pub fn counts(&self) -> bool {
        self.quotas != RequestQuotas::Off
    }

    /// Counts a request of this caller, for all that it counts for or for nothing.
    ///
    /// Errors: `Throttled` where it is one too many.
    pub fn count(&self, caller: &Caller, charges: &[Charge], now: Time) -> Result<(), Error> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() + charges.len() > BUCKETS_AT_MOST {
            // A bucket that nobody took from for a second is full, as one is that is not there.
            buckets.retain(|_, bucket| bucket.at.0.abs_diff(now.0) < ONE_SECOND_MS);
        }
        let mut counted = Vec::with_capacity(charges.len());
        for charge in charges {
            let region = charge.region.as_deref().unwrap_or(caller.region());
            let Some(rate) = self.rate(charge.group, region) else { continue };
            let name = (caller.account().to_owned(), region.to_owned(), charge.group);
            let level = buckets.get_mut(&name).map_or(rate * ONE_REQUEST, |bucket| bucket.level_at(now, rate));
            // What is more than a second's worth takes all there is.
            let taken = u64::from(charge.requests).min(rate) * ONE_REQUEST;
            let level = level.checked_sub(taken).ok_or(Error::Throttled)?;
            counted.push((name, Bucket { level, at: now }));
        }
        if buckets.len() + counted.len() > BUCKETS_AT_MOST {
            return Err(Error::Throttled);
        }
        buckets.extend(counted);
        Ok(())
    }

    fn rate(&self, group: RequestGroup, region: &str) -> Option<u64> {
        match self.quotas {
            RequestQuotas::Off => None,
            RequestQuotas::Aws => Some(group.rate_on_aws(region).into()),
            RequestQuotas::Each(rate) => Some(rate.get().into()),
        }
    }
}

impl Bucket {
    /// What is in it by now. A clock that was turned back fills nothing, and it fills on from there.
    fn level_at(&mut self, now: Time, rate: u64) -> u64 {
        self.at = self.at.min(now);
        let passed = now.0.abs_diff(self.at.0);
        self.level.saturating_add(passed.saturating_mul(rate)).min(rate * ONE_REQUEST)
    }
}

/// A request in the unit of [`Bucket`].
const ONE_REQUEST: u64 = 1_000;

const ONE_SECOND_MS: u64 = 1_000;

/// So many accounts, Regions and groups are counted within a second, in at most 20 MiB; what comes beyond that is one too
/// many.
const BUCKETS_AT_MOST: usize = 100_000;

/// The Regions with the highest rate of symmetric cryptography.
const LARGEST_REGIONS: [&str; 3] = ["us-east-1", "us-west-2", "eu-west-1"];

/// Those with the next.
const LARGE_REGIONS: [&str; 6] =
    ["us-east-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "eu-central-1", "eu-west-2"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::operator;

    const REGION: &str = "us-east-1";

    fn meter(each: u32) -> Meter {
        Meter::new(RequestQuotas::Each(NonZeroU32::new(each).expect("a quota")))
    }

    fn one(op: Op) -> Vec<Charge> {
        vec![Charge::of(op).expect("the operation alone decides")]
    }

    #[test]
    fn a_second_brings_back_a_second_and_no_more() {
        let (meter, caller) = (meter(4), operator("111122223333", REGION));
        let asked = one(Op::ListKeys);
        let so_many = |from: i64| (0..100).take_while(|_| meter.count(&caller, &asked, Time(from)).is_ok()).count();
        for (at, answered) in [(0, 4), (0, 0), (249, 0), (250, 1), (499, 0), (500, 1), (1_500, 4), (900_000, 4)] {
            assert_eq!(so_many(at), answered, "at {at} ms");
        }
        // Turned back: nothing comes of it, and time goes on from there.
        for (at, answered) in [(1_000, 0), (1_250, 1), (2_250, 4)] {
            assert_eq!(so_many(at), answered, "at {at} ms after the clock was turned back");
        }
    }

    #[test]
    fn a_request_that_counts_twice_counts_wholly_or_not_at_all() {
        let (meter, caller) = (meter(3), operator("111122223333", REGION));
        let replicate: Vec<_> =
            Charge::of(Op::ReplicateKey).into_iter().chain(Charge::elsewhere(Op::CreateKey, "eu-west-1", 2)).collect();
        let there = operator("111122223333", "eu-west-1");
        assert_eq!(meter.count(&caller, &replicate, Time(0)), Ok(()));
        for _ in 0..9 {
            assert_eq!(meter.count(&caller, &replicate, Time(0)), Err(Error::Throttled));
        }
        // One key can still be made there, and two replicas asked for here.
        assert_eq!(meter.count(&there, &one(Op::CreateKey), Time(0)), Ok(()));
        assert_eq!(meter.count(&there, &one(Op::CreateKey), Time(0)), Err(Error::Throttled));
        for told in [Ok(()), Ok(()), Err(Error::Throttled)] {
            assert_eq!(meter.count(&caller, &one(Op::ReplicateKey), Time(0)), told);
        }
    }

    #[test]
    fn the_smallest_quota_lets_everything_through_once_a_second() {
        let (meter, caller) = (meter(1), operator("111122223333", REGION));
        let two: Vec<_> = Charge::elsewhere(Op::CreateKey, "eu-west-1", 2).into_iter().collect();
        for (at, told) in [(0, Ok(())), (999, Err(Error::Throttled)), (1_000, Ok(()))] {
            assert_eq!(meter.count(&caller, &two, Time(at)), told, "at {at} ms");
        }
    }

    #[test]
    fn what_is_counted_has_a_bound_and_is_forgotten_after_a_second() {
        let (meter, asked) = (meter(1), one(Op::ListKeys));
        let count = |n: usize, at: i64| meter.count(&operator(&format!("{n:012}"), REGION), &asked, Time(at));
        for n in 0..BUCKETS_AT_MOST {
            assert_eq!(count(n, 0), Ok(()));
        }
        assert_eq!(count(BUCKETS_AT_MOST, 999), Err(Error::Throttled));
        assert_eq!(count(BUCKETS_AT_MOST, 1_000), Ok(()));
        assert_eq!(meter.buckets.lock().expect("a lock").len(), 1);
    }
}
