//! Why a key may not be used as asked, and how AWS says so.
//! The reasons are meanings with data; the sentences, which clients compare, are written once, in [`Refusal::fault`].

use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use wire::{Fault, Op, fault_names};

use super::lifecycle::KeyOrigin;

/// Why a key may not be used as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its owner disabled it.
    Disabled,
    /// It will be deleted, on a date or once its replicas are gone.
    PendingDeletion,
    /// There is no deletion to cancel.
    NotPendingDeletion,
    /// Material that its owner has to import is not here.
    PendingImport,
    /// Its custom store is not connected.
    Unavailable,
    /// Its set of Regions is still creating it.
    Creating,
    /// Its set of Regions is changing its primary.
    Updating,
    /// The operation is not for keys whose material comes from there.
    OriginNotValid {
        /// Where this key's comes from.
        origin: KeyOrigin,
    },
    /// The operation is not for keys of this usage.
    UsageNotValid {
        /// What the key is for.
        usage: KeyUsage,
        /// What was to be done with it.
        operation: &'static str,
    },
    /// The key's spec does not know the algorithm.
    AlgorithmIncompatible {
        /// The algorithm asked for.
        algorithm: Algorithm,
        /// The key's spec.
        spec: KeySpec,
    },
    /// Only symmetric encryption keys can do this.
    NotSymmetric,
    /// Only keys with a public half can do this.
    NotAsymmetric,
    /// Only symmetric keys encrypt data keys.
    DataKeyFromAsymmetric,
    /// Only the primary of a multi-Region key can do this.
    NotPrimary,
    /// A bug of ours: the operation uses an algorithm and did not say which.
    NoAlgorithm,
    /// A bug of ours: the operation has no key, so no key can be admitted to it.
    NoRow {
        /// The operation.
        op: Op,
    },
}

impl Refusal {
    /// What the client is told about the key whose ARN is `arn`.
    /// <https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html#key-state-table>; the footnotes there say
    /// DisabledException in some cells where AWS answers KMSInvalidStateException, and so do we.
    pub fn fault(self, arn: &str) -> Fault {
        match self {
            Refusal::Disabled => Fault::client(fault_names::DISABLED_EXCEPTION, format!("{arn} is disabled.")),
            Refusal::PendingDeletion => invalid_state(format!("{arn} is pending deletion.")),
            Refusal::NotPendingDeletion => invalid_state(format!("{arn} is not pending deletion.")),
            Refusal::PendingImport => invalid_state(format!("{arn} is pending import.")),
            Refusal::Unavailable => invalid_state(format!("{arn} is unavailable.")),
            Refusal::Creating => invalid_state(format!("{arn} is creating.")),
            Refusal::Updating => invalid_state(format!("{arn} is updating.")),
            Refusal::OriginNotValid { origin } => {
                unsupported(format!("{arn} origin is {} which is not valid for this operation.", origin.as_str()))
            }
            Refusal::UsageNotValid { usage, operation } => {
                invalid_usage(format!("{arn} key usage is {} which is not valid for {operation}.", usage.as_str()))
            }
            Refusal::AlgorithmIncompatible { algorithm, spec } => invalid_usage(format!(
                "Algorithm {} is incompatible with key spec {}.",
                algorithm.as_str(),
                spec.as_str()
            )),
            Refusal::NotSymmetric | Refusal::NotAsymmetric => {
                Fault::silent(fault_names::UNSUPPORTED_OPERATION_EXCEPTION)
            }
            Refusal::DataKeyFromAsymmetric => {
                invalid_usage("You cannot generate a data key with an asymmetric CMK".to_owned())
            }
            Refusal::NotPrimary => unsupported(format!("{arn} is not a multi-region primary key.")),
            Refusal::NoAlgorithm => bug("the operation did not say which algorithm it uses".to_owned()),
            Refusal::NoRow { op } => bug(format!("{} was asked of a key and has none", op.name())),
        }
    }
}

fn invalid_state(message: String) -> Fault {
    Fault::client(fault_names::KMS_INVALID_STATE_EXCEPTION, message)
}

fn invalid_usage(message: String) -> Fault {
    Fault::client(fault_names::INVALID_KEY_USAGE_EXCEPTION, message)
}

fn unsupported(message: String) -> Fault {
    Fault::client(fault_names::UNSUPPORTED_OPERATION_EXCEPTION, message)
}

fn bug(what: String) -> Fault {
    Fault::server(fault_names::KMS_INTERNAL_EXCEPTION, format!("A mistake of this server, please report it: {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn every_refusal_says_what_aws_says() {
        let (state, usage, unsupported) =
            ("KMSInvalidStateException", "InvalidKeyUsageException", "UnsupportedOperationException");
        let origin = |origin| Refusal::OriginNotValid { origin };
        let cases = [
            (Refusal::Disabled, "DisabledException", Some("<arn> is disabled.")),
            (Refusal::PendingDeletion, state, Some("<arn> is pending deletion.")),
            (Refusal::NotPendingDeletion, state, Some("<arn> is not pending deletion.")),
            (Refusal::PendingImport, state, Some("<arn> is pending import.")),
            (Refusal::Unavailable, state, Some("<arn> is unavailable.")),
            (Refusal::Creating, state, Some("<arn> is creating.")),
            (Refusal::Updating, state, Some("<arn> is updating.")),
            (
                origin(KeyOrigin::AwsKms),
                unsupported,
                Some("<arn> origin is AWS_KMS which is not valid for this operation."),
            ),
            (
                origin(KeyOrigin::External),
                unsupported,
                Some("<arn> origin is EXTERNAL which is not valid for this operation."),
            ),
            (
                origin(KeyOrigin::AwsCloudhsm),
                unsupported,
                Some("<arn> origin is AWS_CLOUDHSM which is not valid for this operation."),
            ),
            (
                origin(KeyOrigin::ExternalKeyStore),
                unsupported,
                Some("<arn> origin is EXTERNAL_KEY_STORE which is not valid for this operation."),
            ),
            (
                Refusal::UsageNotValid { usage: KeyUsage::SignVerify, operation: "DeriveSharedSecret" },
                usage,
                Some("<arn> key usage is SIGN_VERIFY which is not valid for DeriveSharedSecret."),
            ),
            (
                Refusal::AlgorithmIncompatible { algorithm: Algorithm::SymmetricDefault, spec: KeySpec::Rsa2048 },
                usage,
                Some("Algorithm SYMMETRIC_DEFAULT is incompatible with key spec RSA_2048."),
            ),
            (Refusal::DataKeyFromAsymmetric, usage, Some("You cannot generate a data key with an asymmetric CMK")),
            (Refusal::NotPrimary, unsupported, Some("<arn> is not a multi-region primary key.")),
            (Refusal::NotSymmetric, unsupported, None),
            (Refusal::NotAsymmetric, unsupported, None),
        ];
        for (refusal, name, message) in cases {
            let message = message.map(|text| text.replace("<arn>", ARN));
            assert_eq!(refusal.fault(ARN), Fault { name, message, status: 400 }, "{refusal:?}");
        }
    }

    #[test]
    fn our_own_mistakes_are_told_as_ours() {
        let cases = [
            (Refusal::NoAlgorithm, "the operation did not say which algorithm it uses."),
            (Refusal::NoRow { op: Op::CreateKey }, "CreateKey was asked of a key and has none."),
        ];
        for (refusal, what) in cases {
            let message = Some(format!("A mistake of this server, please report it: {what}"));
            assert_eq!(refusal.fault(ARN), Fault { name: "KMSInternalException", message, status: 500 });
        }
    }
}
