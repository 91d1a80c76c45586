//! The table against what is published and what was measured, typed here a second time, independently of the code.

use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use wire::{KeyState, Op};

use super::{Subject, admit, row};
use crate::keys::lifecycle::samples::{BORN, in_state};
use crate::keys::lifecycle::{Facts, KeyOrigin, RegionPart};
use crate::keys::refusal::Refusal;

pub(super) const STATES: [KeyState; 8] = [
    KeyState::Enabled,
    KeyState::Disabled,
    KeyState::PendingDeletion,
    KeyState::PendingReplicaDeletion,
    KeyState::PendingImport,
    KeyState::Unavailable,
    KeyState::Creating,
    KeyState::Updating,
];

/// AWS's page of 2025-26: Enabled, Disabled, PendingDeletion and PendingReplicaDeletion, PendingImport, Unavailable,
/// Creating, Updating. `y` allowed, a number refused with that footnote, `?` depends on it, `-` cannot occur.
/// Corrected by measurement: GetPublicKey is refused while PendingImport. Inferred: ImportKeyMaterial while pending
/// deletion (the page has 9, the one before had 8 or 9), Encapsulate and Decapsulate as DeriveSharedSecret, and
/// GetKeyLastUsage, which the page does not have.
const PUBLISHED: &str = "
CancelKeyDeletion                   | 4  | 4   | y   | 4 | 4,13 | 4  | 4
CreateAlias                         | y  | y   | 3   | y | y    | y  | y
CreateGrant                         | y  | 1   | 2/3 | 5 | y    | 14 | y
Decapsulate                         | y  | 1   | 2/3 | 5 | -    | 14 | y
Decrypt                             | y  | 1   | 2/3 | 5 | 11   | 14 | y
DeleteAlias                         | y  | y   | y   | y | y    | y  | y
DeleteImportedKeyMaterial           | y9 | y9  | y9  | y | -    | 14 | 15
DeriveSharedSecret                  | y  | 1   | 2/3 | 5 | -    | 14 | y
DescribeKey                         | y  | y   | y   | y | y    | y  | y
DisableKey                          | y  | y   | 3   | 5 | y12  | 14 | 15
DisableKeyRotation                  | ?7 | 1/7 | 3/7 | 6 | 7    | 14 | ?7
EnableKey                           | y  | y   | 3   | 5 | y12  | 14 | 15
EnableKeyRotation                   | ?7 | 1/7 | 3/7 | 6 | 7    | 14 | ?7
Encapsulate                         | y  | 1   | 2/3 | 5 | -    | 14 | y
Encrypt                             | y  | 1   | 2/3 | 5 | 11   | 14 | y
GenerateDataKey                     | y  | 1   | 2/3 | 5 | 11   | 14 | y
GenerateDataKeyPair                 | y  | 1   | 2/3 | 5 | 7    | 14 | y
GenerateDataKeyPairWithoutPlaintext | y  | 1   | 2/3 | 5 | 7    | 14 | y
GenerateDataKeyWithoutPlaintext     | y  | 1   | 2/3 | 5 | 11   | 14 | y
GenerateMac                         | y  | 1   | 2/3 | 5 | -    | 14 | y
GetKeyLastUsage                     | y  | y   | y   | y | y    | y  | y
GetKeyPolicy                        | y  | y   | y   | y | y    | y  | y
GetKeyRotationStatus                | ?7 | ?7  | ?7  | 6 | 7    | ?7 | ?7
GetParametersForImport              | ?9 | ?9  | 8/9 | y | 9    | 14 | 15
GetPublicKey                        | y  | y   | 2/3 | 5 | -    | 14 | y
ImportKeyMaterial                   | ?9 | ?9  | 8/9 | y | 9    | 14 | y
ListAliases                         | y  | y   | y   | y | y    | y  | y
ListGrants                          | y  | y   | y   | y | y    | y  | y
ListKeyPolicies                     | y  | y   | y   | y | y    | y  | y
ListKeyRotations                    | ?7 | ?7  | ?7  | y | 7    | ?7 | ?7
ListResourceTags                    | y  | y   | y   | y | y    | y  | y
PutKeyPolicy                        | y  | y   | y   | y | y    | y  | y
ReEncrypt                           | y  | 1   | 2/3 | 5 | 11   | 14 | y
ReplicateKey                        | y  | 1   | 2/3 | 5 | -    | 14 | 15
RetireGrant                         | y  | y   | y   | y | y    | y  | y
RevokeGrant                         | y  | y   | y   | y | y    | y  | y
RotateKeyOnDemand                   | ?7 | 1/7 | 3/7 | 5 | 7    | 14 | ?7
ScheduleKeyDeletion                 | y  | y   | 3   | y | y    | y  | 15
Sign                                | y  | 1   | 2/3 | 5 | -    | 14 | y
TagResource                         | y  | y   | 3   | y | y    | y  | y
UntagResource                       | y  | y   | 3   | y | y    | y  | y
UpdateAlias                         | y  | y   | ?10 | y | y    | y  | y
UpdateKeyDescription                | y  | y   | 3   | y | y    | y  | y
UpdatePrimaryRegion                 | y  | 1   | 2/3 | 5 | -    | 14 | y
Verify                              | y  | 1   | 2/3 | 5 | -    | 14 | y
VerifyMac                           | y  | 1   | 2/3 | 5 | -    | 14 | y
";

const KEYLESS: [Op; 10] = [
    Op::ConnectCustomKeyStore,
    Op::CreateCustomKeyStore,
    Op::CreateKey,
    Op::DeleteCustomKeyStore,
    Op::DescribeCustomKeyStores,
    Op::DisconnectCustomKeyStore,
    Op::GenerateRandom,
    Op::ListKeys,
    Op::ListRetirableGrants,
    Op::UpdateCustomKeyStore,
];

/// The published rows, with the column of pending deletion once for each of its two states.
fn published() -> impl Iterator<Item = (Op, [&'static str; 8])> {
    PUBLISHED.trim().lines().map(|line| {
        let [name, enabled, disabled, deletion, import, unavailable, creating, updating] =
            line.split('|').map(str::trim).collect::<Vec<_>>().try_into().expect("a name and seven cells");
        let op = Op::ALL.into_iter().find(|op| op.name() == name).expect(name);
        (op, [enabled, disabled, deletion, deletion, import, unavailable, creating, updating])
    })
}

/// The kind of key that an operation is for.
fn kind_for(op: Op) -> (KeySpec, KeyUsage, Option<Algorithm>) {
    let (spec, usage, algorithm) = match op {
        Op::Sign | Op::Verify => (KeySpec::EccNistP256, KeyUsage::SignVerify, Algorithm::EcdsaSha256),
        Op::GenerateMac | Op::VerifyMac => (KeySpec::Hmac256, KeyUsage::GenerateVerifyMac, Algorithm::HmacSha256),
        Op::DeriveSharedSecret => (KeySpec::EccNistP384, KeyUsage::KeyAgreement, Algorithm::Ecdh),
        Op::Encapsulate | Op::Decapsulate => (KeySpec::MlKem768, KeyUsage::EncapsulateDecapsulate, Algorithm::MlKem),
        Op::Encrypt | Op::Decrypt | Op::ReEncrypt => {
            (KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt, Algorithm::SymmetricDefault)
        }
        Op::GetPublicKey => return (KeySpec::Rsa2048, KeyUsage::EncryptDecrypt, None),
        _ => return (KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt, None),
    };
    (spec, usage, Some(algorithm))
}

/// The origin that an operation is for, where keys of it can be in the state at all.
fn origin_for(op: Op, state: KeyState) -> KeyOrigin {
    let imports = matches!(op, Op::DeleteImportedKeyMaterial | Op::GetParametersForImport | Op::ImportKeyMaterial);
    match state {
        KeyState::PendingImport => KeyOrigin::External,
        KeyState::Unavailable => KeyOrigin::ExternalKeyStore,
        _ if imports => KeyOrigin::External,
        _ => KeyOrigin::AwsKms,
    }
}

fn ask(op: Op, facts: &Facts, kind: (KeySpec, KeyUsage, Option<Algorithm>)) -> Result<(), Refusal> {
    let (spec, usage, algorithm) = kind;
    let part = RegionPart::Primary;
    admit(op, &Subject { facts, spec, usage, part, algorithm, asked_to: op.name() }, BORN)
}

#[test]
fn every_cell_says_what_is_published_or_was_measured() {
    let mut cells = 0;
    for (op, marks) in published() {
        for (state, mark) in STATES.into_iter().zip(marks) {
            let origin = origin_for(op, state);
            let facts = in_state(origin, state).expect("an origin that has this state");
            let answer = ask(op, &facts, kind_for(op));
            let expected = match mark {
                "y" | "y9" | "y12" | "?7" | "?9" => Ok(()),
                "1" | "1/7" => Err(Refusal::Disabled),
                "2/3" | "3" | "3/7" | "8/9" | "?10" => Err(Refusal::PendingDeletion),
                "4" | "4,13" => Err(Refusal::NotPendingDeletion),
                "5" => Err(Refusal::PendingImport),
                "6" | "7" | "9" => Err(Refusal::OriginNotValid { origin }),
                "11" => Err(Refusal::Unavailable),
                "14" => Err(Refusal::Creating),
                "15" => Err(Refusal::Updating),
                // "Cannot occur" names no answer, but it must be a no.
                "-" => Err(answer.expect_err("a cell that cannot occur")),
                unknown => panic!("{}: what does {unknown} mean?", op.name()),
            };
            assert_eq!(answer, expected, "{} in {state:?}", op.name());
            cells += 1;
        }
    }
    assert_eq!(cells, 46 * 8);
}

#[test]
fn an_operation_has_a_row_or_no_key() {
    let published: Vec<Op> = published().map(|(op, _)| op).collect();
    for op in Op::ALL {
        let (listed, keyless) = (published.contains(&op), KEYLESS.contains(&op));
        assert_eq!((row(op).is_some(), !listed), (listed, keyless), "{}", op.name());
    }
    for op in KEYLESS {
        let facts = in_state(KeyOrigin::AwsKms, KeyState::Enabled).expect("enabled");
        assert_eq!(ask(op, &facts, kind_for(op)), Err(Refusal::NoRow { op }));
    }
}

/// One key, asked once.
struct Case(Op, KeySpec, KeyUsage, KeyOrigin, KeyState, Option<Algorithm>, Result<(), Refusal>);

fn check(cases: &[Case]) {
    for Case(op, spec, usage, origin, state, algorithm, expected) in cases {
        let facts = in_state(*origin, *state).expect("an origin that has this state");
        let answer = ask(*op, &facts, (*spec, *usage, *algorithm));
        assert_eq!(answer, *expected, "{} of {spec:?} {usage:?} {origin:?} {state:?} {algorithm:?}", op.name());
    }
}

#[test]
fn cryptographic_operations_ask_for_usage_then_state_then_algorithm() {
    use KeyOrigin::{AwsKms, External, ExternalKeyStore};
    use KeySpec::*;
    use KeyState::*;
    use KeyUsage::*;
    let not_for = |usage, operation| Err(Refusal::UsageNotValid { usage, operation });
    let misfit = |algorithm, spec| Err(Refusal::AlgorithmIncompatible { algorithm, spec });
    let symmetric = Some(Algorithm::SymmetricDefault);
    let oaep = Some(Algorithm::RsaesOaepSha256);
    check(&[
        Case(
            Op::Encrypt,
            Hmac256,
            GenerateVerifyMac,
            AwsKms,
            Disabled,
            symmetric,
            not_for(GenerateVerifyMac, "Encrypt"),
        ),
        Case(Op::Sign, Rsa2048, EncryptDecrypt, External, PendingImport, symmetric, not_for(EncryptDecrypt, "Sign")),
        Case(Op::Encrypt, Rsa2048, EncryptDecrypt, AwsKms, Disabled, symmetric, Err(Refusal::Disabled)),
        Case(
            Op::Encrypt,
            Rsa2048,
            EncryptDecrypt,
            AwsKms,
            Enabled,
            symmetric,
            misfit(Algorithm::SymmetricDefault, Rsa2048),
        ),
        Case(Op::Encrypt, Rsa2048, EncryptDecrypt, AwsKms, Enabled, oaep, Ok(())),
        Case(
            Op::Decrypt,
            SymmetricDefault,
            EncryptDecrypt,
            AwsKms,
            Updating,
            oaep,
            misfit(Algorithm::RsaesOaepSha256, SymmetricDefault),
        ),
        Case(Op::Sign, Rsa2048, SignVerify, AwsKms, Enabled, symmetric, misfit(Algorithm::SymmetricDefault, Rsa2048)),
        Case(Op::Sign, Rsa2048, SignVerify, AwsKms, Enabled, oaep, misfit(Algorithm::RsaesOaepSha256, Rsa2048)),
        Case(Op::Encrypt, SymmetricDefault, EncryptDecrypt, AwsKms, Enabled, None, Err(Refusal::NoAlgorithm)),
        Case(
            Op::GenerateDataKey,
            EccNistP256,
            SignVerify,
            AwsKms,
            Disabled,
            None,
            not_for(SignVerify, "GenerateDataKey"),
        ),
        Case(Op::GenerateDataKey, Rsa2048, EncryptDecrypt, AwsKms, Disabled, None, Err(Refusal::Disabled)),
        Case(Op::GenerateDataKey, Rsa2048, EncryptDecrypt, AwsKms, Enabled, None, Err(Refusal::DataKeyFromAsymmetric)),
        Case(
            Op::GenerateDataKeyPair,
            Rsa4096,
            EncryptDecrypt,
            AwsKms,
            Enabled,
            None,
            Err(Refusal::DataKeyFromAsymmetric),
        ),
        Case(Op::GenerateDataKey, SymmetricDefault, EncryptDecrypt, ExternalKeyStore, Enabled, None, Ok(())),
        Case(
            Op::GenerateDataKeyPair,
            SymmetricDefault,
            EncryptDecrypt,
            ExternalKeyStore,
            Disabled,
            None,
            Err(Refusal::Disabled),
        ),
        Case(
            Op::GenerateDataKeyPair,
            SymmetricDefault,
            EncryptDecrypt,
            ExternalKeyStore,
            Enabled,
            None,
            Err(Refusal::OriginNotValid { origin: ExternalKeyStore }),
        ),
    ]);
}

#[test]
fn a_usage_refusal_says_which_half_of_a_re_encryption_it_means() {
    let facts = in_state(KeyOrigin::AwsKms, KeyState::Enabled).expect("enabled");
    let (spec, usage, algorithm) = kind_for(Op::Sign);
    let subject =
        Subject { facts: &facts, spec, usage, part: RegionPart::SingleRegion, algorithm, asked_to: "ReEncryptTo" };
    assert_eq!(admit(Op::ReEncrypt, &subject, BORN), Err(Refusal::UsageNotValid { usage, operation: "ReEncryptTo" }));
}

#[test]
fn get_public_key_asks_for_the_state_then_for_the_type() {
    use KeyOrigin::{AwsKms, External};
    use KeySpec::*;
    use KeyState::*;
    use KeyUsage::*;
    check(&[
        Case(
            Op::GetPublicKey,
            SymmetricDefault,
            EncryptDecrypt,
            External,
            PendingImport,
            None,
            Err(Refusal::PendingImport),
        ),
        Case(
            Op::GetPublicKey,
            Hmac256,
            GenerateVerifyMac,
            AwsKms,
            PendingDeletion,
            None,
            Err(Refusal::PendingDeletion),
        ),
        Case(Op::GetPublicKey, SymmetricDefault, EncryptDecrypt, AwsKms, Enabled, None, Err(Refusal::NotAsymmetric)),
        Case(Op::GetPublicKey, SymmetricDefault, EncryptDecrypt, AwsKms, Disabled, None, Err(Refusal::NotAsymmetric)),
        Case(Op::GetPublicKey, Hmac512, GenerateVerifyMac, AwsKms, Enabled, None, Err(Refusal::NotAsymmetric)),
        Case(Op::GetPublicKey, MlKem768, EncapsulateDecapsulate, AwsKms, Disabled, None, Ok(())),
    ]);
}

#[test]
fn rotation_asks_for_disabled_and_pending_deletion_then_for_the_type() {
    use KeyOrigin::{AwsCloudhsm, AwsKms, External};
    use KeySpec::*;
    use KeyState::*;
    use KeyUsage::*;
    let origin = |origin| Err(Refusal::OriginNotValid { origin });
    for op in [Op::EnableKeyRotation, Op::DisableKeyRotation, Op::RotateKeyOnDemand] {
        for (spec, usage) in [(Rsa2048, SignVerify), (Hmac256, GenerateVerifyMac), (MlDsa44, SignVerify)] {
            let of_a_type_that_never_rotates =
                if op == Op::DisableKeyRotation { Ok(()) } else { Err(Refusal::NotSymmetric) };
            check(&[
                Case(op, spec, usage, AwsKms, Disabled, None, Err(Refusal::Disabled)),
                Case(op, spec, usage, AwsKms, PendingDeletion, None, Err(Refusal::PendingDeletion)),
                Case(op, spec, usage, AwsKms, PendingReplicaDeletion, None, Err(Refusal::PendingDeletion)),
                Case(op, spec, usage, AwsKms, Enabled, None, of_a_type_that_never_rotates),
            ]);
        }
        check(&[Case(op, SymmetricDefault, EncryptDecrypt, AwsCloudhsm, Enabled, None, origin(AwsCloudhsm))]);
    }
    check(&[
        Case(Op::EnableKeyRotation, SymmetricDefault, EncryptDecrypt, External, Enabled, None, origin(External)),
        Case(Op::EnableKeyRotation, SymmetricDefault, EncryptDecrypt, External, PendingImport, None, origin(External)),
        Case(Op::EnableKeyRotation, Rsa2048, SignVerify, External, PendingImport, None, origin(External)),
        Case(Op::EnableKeyRotation, Rsa2048, SignVerify, External, Enabled, None, origin(External)),
        Case(Op::DisableKeyRotation, SymmetricDefault, EncryptDecrypt, External, Enabled, None, origin(External)),
        Case(Op::DisableKeyRotation, Rsa2048, SignVerify, External, Enabled, None, origin(External)),
        Case(
            Op::RotateKeyOnDemand,
            SymmetricDefault,
            EncryptDecrypt,
            External,
            PendingImport,
            None,
            Err(Refusal::PendingImport),
        ),
        Case(Op::RotateKeyOnDemand, SymmetricDefault, EncryptDecrypt, External, Enabled, None, Ok(())),
        Case(Op::GetKeyRotationStatus, SymmetricDefault, EncryptDecrypt, External, Enabled, None, origin(External)),
        Case(
            Op::GetKeyRotationStatus,
            SymmetricDefault,
            EncryptDecrypt,
            AwsCloudhsm,
            Disabled,
            None,
            origin(AwsCloudhsm),
        ),
        Case(Op::GetKeyRotationStatus, Rsa2048, SignVerify, AwsKms, PendingDeletion, None, Ok(())),
        Case(Op::ListKeyRotations, SymmetricDefault, EncryptDecrypt, External, PendingImport, None, Ok(())),
        Case(Op::ListKeyRotations, Hmac256, GenerateVerifyMac, AwsKms, Enabled, None, Err(Refusal::NotSymmetric)),
    ]);
}

#[test]
fn imports_ask_for_the_origin_before_the_state() {
    for op in [Op::DeleteImportedKeyMaterial, Op::GetParametersForImport, Op::ImportKeyMaterial] {
        for origin in [KeyOrigin::AwsKms, KeyOrigin::AwsCloudhsm, KeyOrigin::ExternalKeyStore] {
            for facts in STATES.into_iter().filter_map(|state| in_state(origin, state)) {
                assert_eq!(ask(op, &facts, kind_for(op)), Err(Refusal::OriginNotValid { origin }), "{}", op.name());
            }
        }
    }
}

#[test]
fn what_belongs_to_the_primary_is_refused_to_other_parts_after_the_state() {
    use RegionPart::{Primary, Replica, SingleRegion};
    let cases = [
        (Op::ReplicateKey, [(SingleRegion, false), (Primary, true), (Replica, false)]),
        (Op::UpdatePrimaryRegion, [(SingleRegion, false), (Primary, true), (Replica, false)]),
        (Op::EnableKeyRotation, [(SingleRegion, true), (Primary, true), (Replica, false)]),
        (Op::DisableKeyRotation, [(SingleRegion, true), (Primary, true), (Replica, false)]),
        (Op::RotateKeyOnDemand, [(SingleRegion, true), (Primary, true), (Replica, false)]),
        (Op::GetKeyRotationStatus, [(SingleRegion, true), (Primary, true), (Replica, true)]),
        (Op::Encrypt, [(SingleRegion, true), (Primary, true), (Replica, true)]),
    ];
    let enabled = in_state(KeyOrigin::AwsKms, KeyState::Enabled).expect("enabled");
    let creating = in_state(KeyOrigin::AwsKms, KeyState::Creating).expect("creating");
    for (op, parts) in cases {
        let (spec, usage, algorithm) = kind_for(op);
        for (part, allowed) in parts {
            let subject = Subject { facts: &enabled, spec, usage, part, algorithm, asked_to: op.name() };
            let expected = if allowed { Ok(()) } else { Err(Refusal::NotPrimary) };
            assert_eq!(admit(op, &subject, BORN), expected, "{} of {part:?}", op.name());
            if !allowed {
                let subject = Subject { facts: &creating, ..subject };
                assert_eq!(admit(op, &subject, BORN), Err(Refusal::Creating), "{} of {part:?}", op.name());
            }
        }
    }
}

#[test]
fn material_is_used_in_no_state_but_enabled_and_updating() {
    let uses_material = |op: &Op| kind_for(*op).2.is_some() || op.name().starts_with("GenerateDataKey");
    let operations: Vec<Op> = Op::ALL.into_iter().filter(uses_material).collect();
    assert_eq!(operations.len(), 14, "{operations:?}");
    for op in operations {
        for state in STATES {
            for facts in KeyOrigin::ALL.into_iter().filter_map(|origin| in_state(origin, state)) {
                let usable = matches!(state, KeyState::Enabled | KeyState::Updating);
                let pair_in_store = op.name().contains("Pair") && facts.origin().in_custom_store();
                let answer = ask(op, &facts, kind_for(op));
                assert_eq!(answer.is_ok(), usable && !pair_in_store, "{} in {state:?}: {answer:?}", op.name());
            }
        }
    }
}
