//! What each operation asks of a key before it may touch it: one row of one table, read from left to right.
//! It does not ask who may (that came before), nor anything about the request's own content (that comes after).
//!
//! The middle is AWS's table with its footnotes
//! (<https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html#key-state-table>); the checks before and
//! after it stand where AWS was measured to make them: a key's usage before its state, its algorithm after, the origin
//! of an import before, the kind of key that a rotation or GetPublicKey needs after. `docs/key-states.md` is this table, printed.

use crypto::spec::{Algorithm, KeySpec, KeyUsage, Kind};
use wire::{KeyState, Op};

use super::lifecycle::{Facts, KeyOrigin, RegionPart};
use super::refusal::Refusal;
use crate::Time;

/// The key an operation wants to use, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The facts of its life.
    pub facts: &'a Facts,
    /// What kind of key it is.
    pub spec: KeySpec,
    /// What it is for.
    pub usage: KeyUsage,
    /// Its part in a set of Regions.
    pub part: RegionPart,
    /// The algorithm it is to be used with; `None` for operations that have none.
    pub algorithm: Option<Algorithm>,
    /// The operation in the words of a refusal: its name, but `ReEncryptFrom` or `ReEncryptTo` for the two keys of ReEncrypt.
    pub asked_to: &'static str,
}

/// Whether `op` may use this key at `now`. A key past its deletion date is no subject: it does not exist.
///
/// # Errors
/// The first refusal of the row from left to right; [`Refusal::NoRow`] for an operation that has no key.
pub fn admit(op: Op, subject: &Subject<'_>, now: Time) -> Result<(), Refusal> {
    let row = row(op).ok_or(Refusal::NoRow { op })?;
    row.before.iter().try_for_each(|check| check.ask(subject))?;
    row.cell(subject.facts.state(now)).ask(subject)?;
    row.after.iter().try_for_each(|check| check.ask(subject))
}

/// What one operation asks, in this order.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Checks that come before the state.
    before: Checks,
    cells: [Cell; 8],
    /// Checks that come after the state.
    after: Checks,
}

type Checks = &'static [Check];

impl Row {
    /// The cell of one state. Taking the array apart by name makes a ninth state a compile error, and so does one less.
    fn cell(&self, state: KeyState) -> Cell {
        let [enabled, disabled, pending_deletion, pending_replicas, pending_import, unavailable, creating, updating] =
            self.cells;
        match state {
            KeyState::Enabled => enabled,
            KeyState::Disabled => disabled,
            KeyState::PendingDeletion => pending_deletion,
            KeyState::PendingReplicaDeletion => pending_replicas,
            KeyState::PendingImport => pending_import,
            KeyState::Unavailable => unavailable,
            KeyState::Creating => creating,
            KeyState::Updating => updating,
        }
    }
}

/// What the table says about one operation in one state. The number is that of AWS's footnote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cell {
    /// It may.
    Yes,
    Disabled1,
    Pending3,
    NotPending4,
    Import5,
    External6,
    Store7,
    Origin9,
    /// The target that an alias is to name; the one it named before may be in any state.
    Pending10,
    Unavailable11,
    /// It may, and the key stays Unavailable until its store is connected again.
    Yes12,
    Creating14,
    Updating15,
    /// AWS's table has no entry, since no key for which AWS has the operation lives in a custom store: refused by its state.
    Never,
}

impl Cell {
    fn ask(self, subject: &Subject<'_>) -> Result<(), Refusal> {
        match self {
            Cell::Yes | Cell::Yes12 => Ok(()),
            Cell::Disabled1 => Err(Refusal::Disabled),
            Cell::Pending3 | Cell::Pending10 => Err(Refusal::PendingDeletion),
            Cell::NotPending4 => Err(Refusal::NotPendingDeletion),
            Cell::Import5 => Err(Refusal::PendingImport),
            Cell::External6 | Cell::Store7 | Cell::Origin9 => Err(subject.origin_not_valid()),
            Cell::Unavailable11 | Cell::Never => Err(Refusal::Unavailable),
            Cell::Creating14 => Err(Refusal::Creating),
            Cell::Updating15 => Err(Refusal::Updating),
        }
    }
}

/// One question about a key that has nothing to do with its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// It is for this.
    Usage(KeyUsage),
    /// Its material comes from here.
    Origin(KeyOrigin),
    /// It does not live in a custom store.
    NoStore,
    /// Its material is not imported.
    NoImport,
    /// Its spec knows the algorithm, for its usage.
    Algorithm,
    /// It is a symmetric encryption key.
    Symmetric,
    /// It has a public half.
    Asymmetric,
    /// It can encrypt a data key.
    DataKey,
    /// It is the primary of a set of Regions.
    Primary,
    /// It is no replica.
    NoReplica,
}

impl Check {
    fn ask(self, subject: &Subject<'_>) -> Result<(), Refusal> {
        let Subject { spec, usage, asked_to, .. } = *subject;
        let origin = subject.facts.origin();
        let (holds, refusal) = match self {
            Check::Usage(wanted) => (usage == wanted, Refusal::UsageNotValid { usage, operation: asked_to }),
            Check::Origin(wanted) => (origin == wanted, subject.origin_not_valid()),
            Check::NoStore => (!origin.in_custom_store(), subject.origin_not_valid()),
            Check::NoImport => (origin != KeyOrigin::External, subject.origin_not_valid()),
            Check::Algorithm => return subject.algorithm_fits(),
            Check::Symmetric => (spec.kind() == Kind::Symmetric, Refusal::NotSymmetric),
            Check::Asymmetric => (spec.kind() == Kind::Asymmetric, Refusal::NotAsymmetric),
            Check::DataKey => (spec.kind() == Kind::Symmetric, Refusal::DataKeyFromAsymmetric),
            Check::Primary => (subject.part == RegionPart::Primary, Refusal::NotPrimary),
            Check::NoReplica => (subject.part != RegionPart::Replica, Refusal::NotPrimary),
        };
        if holds { Ok(()) } else { Err(refusal) }
    }
}

impl Subject<'_> {
    fn origin_not_valid(&self) -> Refusal {
        Refusal::OriginNotValid { origin: self.facts.origin() }
    }

    fn algorithm_fits(&self) -> Result<(), Refusal> {
        let algorithm = self.algorithm.ok_or(Refusal::NoAlgorithm)?;
        let fits = self.spec.algorithms(self.usage).contains(&algorithm);
        if fits { Ok(()) } else { Err(Refusal::AlgorithmIncompatible { algorithm, spec: self.spec }) }
    }
}

const NOTHING: Checks = &[];
const ENCRYPTS: Checks = &[Check::Usage(KeyUsage::EncryptDecrypt)];
const SIGNS: Checks = &[Check::Usage(KeyUsage::SignVerify)];
const MACS: Checks = &[Check::Usage(KeyUsage::GenerateVerifyMac)];
const AGREES: Checks = &[Check::Usage(KeyUsage::KeyAgreement)];
const ENCAPSULATES: Checks = &[Check::Usage(KeyUsage::EncapsulateDecapsulate)];
const IMPORTED: Checks = &[Check::Origin(KeyOrigin::External)];
const ALGORITHM: Checks = &[Check::Algorithm];
const DATA_KEY: Checks = &[Check::DataKey];
const DATA_KEY_PAIR: Checks = &[Check::NoStore, Check::DataKey];
const ASYMMETRIC: Checks = &[Check::Asymmetric];
const PRIMARY: Checks = &[Check::Primary];
/// Automatic rotation; a key whose type never rotates may be told not to, and may be asked.
const ROTATES: Checks = &[Check::NoStore, Check::NoImport, Check::Symmetric, Check::NoReplica];
const ROTATES_NOT: Checks = &[Check::NoStore, Check::NoImport, Check::NoReplica];
const ROTATION_SHOWN: Checks = &[Check::NoStore, Check::NoImport];
/// On demand, imported keys rotate too.
const ROTATES_ON_DEMAND: Checks = &[Check::NoStore, Check::Symmetric, Check::NoReplica];
const ROTATIONS_LISTED: Checks = &[Check::NoStore, Check::Symmetric];

/// The row of an operation; `None` if no key's state has a part in it.
#[rustfmt::skip]
pub const fn row(op: Op) -> Option<Row> {
    use Cell::*;
    use Op::*;
    let (before, cells, after) = match op {
        //                                               Enabled      Disabled     PendingDeletion, -Replica-  PendingImport Unavailable    Creating     Updating
        CancelKeyDeletion              => (NOTHING,      [NotPending4, NotPending4, Yes,       Yes,       NotPending4, NotPending4,   NotPending4, NotPending4], NOTHING),
        CreateAlias                    => (NOTHING,      [Yes,         Yes,         Pending3,  Pending3,  Yes,         Yes,           Yes,         Yes],         NOTHING),
        CreateGrant                    => (NOTHING,      [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Yes,           Creating14,  Yes],         NOTHING),
        Decapsulate | Encapsulate      => (ENCAPSULATES, [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Never,         Creating14,  Yes],         ALGORITHM),
        Decrypt | Encrypt | ReEncrypt  => (ENCRYPTS,     [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Unavailable11, Creating14,  Yes],         ALGORITHM),
        DeleteImportedKeyMaterial      => (IMPORTED,     [Yes,         Yes,         Yes,       Yes,       Yes,         Never,         Creating14,  Updating15],  NOTHING),
        DeriveSharedSecret             => (AGREES,       [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Never,         Creating14,  Yes],         ALGORITHM),
        DeleteAlias | DescribeKey | GetKeyLastUsage | GetKeyPolicy | ListAliases | ListGrants | ListKeyPolicies |
        ListResourceTags | PutKeyPolicy | RetireGrant | RevokeGrant
                                       => (NOTHING,      [Yes,         Yes,         Yes,       Yes,       Yes,         Yes,           Yes,         Yes],         NOTHING),
        DisableKey | EnableKey         => (NOTHING,      [Yes,         Yes,         Pending3,  Pending3,  Import5,     Yes12,         Creating14,  Updating15],  NOTHING),
        DisableKeyRotation             => (NOTHING,      [Yes,         Disabled1,   Pending3,  Pending3,  External6,   Store7,        Creating14,  Yes],         ROTATES_NOT),
        EnableKeyRotation              => (NOTHING,      [Yes,         Disabled1,   Pending3,  Pending3,  External6,   Store7,        Creating14,  Yes],         ROTATES),
        GenerateDataKey | GenerateDataKeyWithoutPlaintext
                                       => (ENCRYPTS,     [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Unavailable11, Creating14,  Yes],         DATA_KEY),
        GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext
                                       => (ENCRYPTS,     [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Store7,        Creating14,  Yes],         DATA_KEY_PAIR),
        GenerateMac | VerifyMac        => (MACS,         [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Never,         Creating14,  Yes],         ALGORITHM),
        GetKeyRotationStatus           => (NOTHING,      [Yes,         Yes,         Yes,       Yes,       External6,   Store7,        Yes,         Yes],         ROTATION_SHOWN),
        GetParametersForImport         => (IMPORTED,     [Yes,         Yes,         Pending3,  Pending3,  Yes,         Origin9,       Creating14,  Updating15],  NOTHING),
        GetPublicKey                   => (NOTHING,      [Yes,         Yes,         Pending3,  Pending3,  Import5,     Never,         Creating14,  Yes],         ASYMMETRIC),
        ImportKeyMaterial              => (IMPORTED,     [Yes,         Yes,         Pending3,  Pending3,  Yes,         Origin9,       Creating14,  Yes],         NOTHING),
        ListKeyRotations               => (NOTHING,      [Yes,         Yes,         Yes,       Yes,       Yes,         Store7,        Yes,         Yes],         ROTATIONS_LISTED),
        ReplicateKey                   => (NOTHING,      [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Never,         Creating14,  Updating15],  PRIMARY),
        RotateKeyOnDemand              => (NOTHING,      [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Store7,        Creating14,  Yes],         ROTATES_ON_DEMAND),
        ScheduleKeyDeletion            => (NOTHING,      [Yes,         Yes,         Pending3,  Pending3,  Yes,         Yes,           Yes,         Updating15],  NOTHING),
        Sign | Verify                  => (SIGNS,        [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Never,         Creating14,  Yes],         ALGORITHM),
        TagResource | UntagResource | UpdateKeyDescription
                                       => (NOTHING,      [Yes,         Yes,         Pending3,  Pending3,  Yes,         Yes,           Yes,         Yes],         NOTHING),
        UpdateAlias                    => (NOTHING,      [Yes,         Yes,         Pending10, Pending10, Yes,         Yes,           Yes,         Yes],         NOTHING),
        UpdatePrimaryRegion            => (NOTHING,      [Yes,         Disabled1,   Pending3,  Pending3,  Import5,     Never,         Creating14,  Yes],         PRIMARY),
        ConnectCustomKeyStore | CreateCustomKeyStore | CreateKey | DeleteCustomKeyStore | DescribeCustomKeyStores |
        DisconnectCustomKeyStore | GenerateRandom | ListKeys | ListRetirableGrants | UpdateCustomKeyStore
                                       => return None,
    };
    Some(Row { before, cells, after })
}

#[cfg(test)]
mod page;
#[cfg(test)]
mod tests;
