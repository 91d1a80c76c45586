//! A key as its metadata tells it. What a set of Regions adds is `replica`'s.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html>

use crypto::spec::{Algorithm, KeySpec, KeyUsage, Kind};

use crate::Time;
use crate::keys::lifecycle::Expiration;

use super::replica;
use super::view::Key;

impl Key {
    /// What DescribeKey tells of it.
    pub(super) fn metadata(&self, now: Time) -> wire::KeyMetadata {
        let record = self.record();
        let state = self.state(now);
        let expiration = record.facts.expiration(now);
        let spec = wire::KeySpec::parse(record.spec.as_str());
        let algorithms = Algorithms::of(record.spec, record.usage);
        // A replica shows its material once it has been created.
        let shows_material = record.spec.kind() == Kind::Symmetric && state != wire::KeyState::Creating;
        let manager = if record.is_aws_managed() { wire::KeyManagerType::Aws } else { wire::KeyManagerType::Customer };
        let window = record.facts.deletion_window_days().filter(|_| state == wire::KeyState::PendingReplicaDeletion);
        wire::KeyMetadata {
            aws_account_id: Some(self.world.account.clone()),
            arn: Some(self.arn()),
            creation_date: Some(record.created.into()),
            current_key_material_id: record.facts.current_material().filter(|_| shows_material).map(hex::encode),
            customer_master_key_spec: spec,
            deletion_date: record.facts.deletion_date().map(Into::into),
            description: Some(record.description.clone()),
            enabled: Some(state == wire::KeyState::Enabled),
            encapsulation_algorithms: algorithms.encapsulation,
            encryption_algorithms: algorithms.encryption,
            expiration_model: expiration.map(expiration_model),
            key_agreement_algorithms: algorithms.key_agreement,
            key_id: Some(record.key_id.clone()),
            key_manager: Some(manager),
            key_spec: spec,
            key_state: Some(state),
            key_usage: wire::KeyUsageType::parse(record.usage.as_str()),
            mac_algorithms: algorithms.mac,
            multi_region: Some(record.multi_region),
            multi_region_configuration: replica::configuration(self, now),
            origin: wire::OriginType::parse(record.facts.origin().as_str()),
            pending_deletion_window_in_days: window.map(i32::from),
            signing_algorithms: algorithms.signing,
            valid_to: expiration.and_then(valid_to),
            ..wire::KeyMetadata::default()
        }
    }
}

/// The algorithms of a key in the one member of an answer that goes with its usage, in AWS's order.
#[derive(Default)]
struct Algorithms {
    encryption: Option<Vec<wire::EncryptionAlgorithmSpec>>,
    signing: Option<Vec<wire::SigningAlgorithmSpec>>,
    mac: Option<Vec<wire::MacAlgorithmSpec>>,
    key_agreement: Option<Vec<wire::KeyAgreementAlgorithmSpec>>,
    encapsulation: Option<Vec<wire::EncapsulationAlgorithmSpec>>,
}

impl Algorithms {
    fn of(spec: KeySpec, usage: KeyUsage) -> Algorithms {
        fn all<T>(names: &[Algorithm], parse: fn(&str) -> Option<T>) -> Option<Vec<T>> {
            Some(names.iter().filter_map(|name| parse(name.as_str())).collect())
        }
        let names = spec.algorithms(usage);
        let none = Algorithms::default();
        match usage {
            KeyUsage::EncryptDecrypt => {
                Algorithms { encryption: all(names, wire::EncryptionAlgorithmSpec::parse), ..none }
            }
            KeyUsage::SignVerify => Algorithms { signing: all(names, wire::SigningAlgorithmSpec::parse), ..none },
            KeyUsage::GenerateVerifyMac => Algorithms { mac: all(names, wire::MacAlgorithmSpec::parse), ..none },
            KeyUsage::KeyAgreement => {
                Algorithms { key_agreement: all(names, wire::KeyAgreementAlgorithmSpec::parse), ..none }
            }
            KeyUsage::EncapsulateDecapsulate => {
                Algorithms { encapsulation: all(names, wire::EncapsulationAlgorithmSpec::parse), ..none }
            }
        }
    }
}

/// How long material lasts, in AWS's word for it.
pub(super) fn expiration_model(expiration: Expiration) -> wire::ExpirationModelType {
    match expiration {
        Expiration::Never => wire::ExpirationModelType::KeyMaterialDoesNotExpire,
        Expiration::On(_) => wire::ExpirationModelType::KeyMaterialExpires,
    }
}

/// The date on which material expires, if it does.
pub(super) fn valid_to(expiration: Expiration) -> Option<wire::Timestamp> {
    match expiration {
        Expiration::Never => None,
        Expiration::On(date) => Some(date.into()),
    }
}
