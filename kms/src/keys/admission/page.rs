//! The table as a page for people, `docs/key-states.md`: printed from the code, so that it cannot say anything else.

use std::collections::BTreeMap;

use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use wire::{Fault, KeyState, Op};

use super::tests::STATES;
use super::{Cell, Check, Checks, Row, Subject, row};
use crate::keys::lifecycle::samples::in_state;
use crate::keys::lifecycle::{KeyOrigin, RegionPart};
use crate::keys::refusal::Refusal;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/key-states.md");
const BLESS: &str = "TRENT_BLESS";

const HEAD: &str = "\
# Key states and operations

Printed by a test from the table that decides, `kms/src/keys/admission.rs`. Do not edit this page: change the table,
then run `TRENT_BLESS=1 cargo test -p kms key_states`.

Whether an operation may use a key is asked from left to right: what comes before the state, the state itself, what
comes after it. The first no is the answer. Whether the caller may use the key at all was asked before any of this.

✓ allowed · ✗ refused · – cannot occur, and is refused as Unavailable · a number is that of a footnote of
[AWS's page](https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html), told below.
";

#[test]
fn key_states_are_printed_as_the_code_has_them() {
    let page = page();
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(PAGE, &page).expect("docs/key-states.md can be written");
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        kept == page,
        "docs/key-states.md differs from the table in the code. If the table is right, write the page anew: \
         {BLESS}=1 cargo test -p kms key_states"
    );
}

fn page() -> String {
    let rows: Vec<(Op, Row)> = Op::ALL.into_iter().filter_map(|op| row(op).map(|row| (op, row))).collect();
    let keyless: Vec<&str> = Op::ALL.into_iter().filter(|op| row(*op).is_none()).map(Op::name).collect();
    let operations = table(
        ["Operation", "Before"].into_iter().chain(STATES.map(state_name)).chain(["After"]),
        rows.iter().map(|(op, row)| {
            let cells = STATES.map(|state| mark(row.cell(state)));
            [op.name().to_owned(), names(row.before)].into_iter().chain(cells).chain([names(row.after)]).collect()
        }),
    );
    let footnotes = table(
        ["Footnote", "Exception", "Message"].into_iter(),
        footnotes(&rows).map(|(number, fault)| vec![number.to_string(), fault.name.to_owned(), message(&fault)]),
    );
    let checks = table(
        ["Check", "The key", "Otherwise", "For example"].into_iter(),
        checks(&rows).map(|(name, check)| {
            let fault = refusal(check).fault("<key ARN>");
            vec![name, meaning(check).to_owned(), fault.name.to_owned(), message(&fault)]
        }),
    );
    format!(
        "{HEAD}\n{operations}\nNo key's state has a part in {}.\n\n## Footnotes\n\n{footnotes}\n\
         12: allowed, and the key stays Unavailable until its custom store is connected again. 10: the key that an alias \
         is to name; the one it named before may be in any state.\n\n## Checks before and after the state\n\n{checks}",
        keyless.join(", ")
    )
}

fn table<'a>(head: impl Iterator<Item = &'a str>, rows: impl Iterator<Item = Vec<String>>) -> String {
    let head: Vec<String> = head.map(str::to_owned).collect();
    let rule = vec!["---".to_owned(); head.len()];
    [head, rule].into_iter().chain(rows).map(|cells| format!("| {} |\n", cells.join(" | "))).collect()
}

fn state_name(state: KeyState) -> &'static str {
    match state {
        KeyState::Enabled => "Enabled",
        KeyState::Disabled => "Disabled",
        KeyState::PendingDeletion => "Pending Deletion",
        KeyState::PendingReplicaDeletion => "Pending Replica Deletion",
        KeyState::PendingImport => "Pending Import",
        KeyState::Unavailable => "Unavailable",
        KeyState::Creating => "Creating",
        KeyState::Updating => "Updating",
    }
}

fn mark(cell: Cell) -> String {
    match (footnote(cell), cell) {
        (_, Cell::Never) => "–".to_owned(),
        (None, _) => "✓".to_owned(),
        (Some(number), Cell::Yes12) => format!("✓{number}"),
        (Some(number), _) => format!("✗{number}"),
    }
}

fn footnote(cell: Cell) -> Option<u8> {
    match cell {
        Cell::Yes | Cell::Never => None,
        Cell::Disabled1 => Some(1),
        Cell::Pending3 => Some(3),
        Cell::NotPending4 => Some(4),
        Cell::Import5 => Some(5),
        Cell::External6 => Some(6),
        Cell::Store7 => Some(7),
        Cell::Origin9 => Some(9),
        Cell::Pending10 => Some(10),
        Cell::Unavailable11 => Some(11),
        Cell::Yes12 => Some(12),
        Cell::Creating14 => Some(14),
        Cell::Updating15 => Some(15),
    }
}

/// The footnotes that refuse, in their order, with what a client is told.
fn footnotes(rows: &[(Op, Row)]) -> impl Iterator<Item = (u8, Fault)> {
    let cells = rows.iter().flat_map(|(_, row)| row.cells);
    let told = cells.filter_map(|cell| {
        let origin = if cell == Cell::External6 { KeyOrigin::External } else { KeyOrigin::ExternalKeyStore };
        let refusal = with_subject(origin, KeyUsage::SignVerify, |subject| cell.ask(subject)).err()?;
        Some((footnote(cell)?, refusal.fault("<key ARN>")))
    });
    told.collect::<BTreeMap<_, _>>().into_iter()
}

/// Every check of the table, by its name.
fn checks(rows: &[(Op, Row)]) -> impl Iterator<Item = (String, Check)> {
    let all = rows.iter().flat_map(|(_, row)| row.before.iter().chain(row.after));
    all.map(|check| (name(*check), *check)).collect::<BTreeMap<_, _>>().into_iter()
}

/// What a key is told that fails this check.
fn refusal(check: Check) -> Refusal {
    let (origin, usage) = match check {
        Check::Usage(KeyUsage::SignVerify) => (KeyOrigin::AwsKms, KeyUsage::EncryptDecrypt),
        Check::NoImport => (KeyOrigin::External, KeyUsage::SignVerify),
        Check::NoStore => (KeyOrigin::ExternalKeyStore, KeyUsage::SignVerify),
        Check::Usage(_) | Check::Origin(_) | Check::Algorithm | Check::Symmetric => {
            (KeyOrigin::AwsKms, KeyUsage::SignVerify)
        }
        Check::Asymmetric | Check::DataKey | Check::Primary | Check::NoReplica => {
            (KeyOrigin::AwsKms, KeyUsage::SignVerify)
        }
    };
    with_subject(origin, usage, |subject| check.ask(subject)).expect_err("a key that fails the check")
}

fn with_subject<T>(origin: KeyOrigin, usage: KeyUsage, ask: impl Fn(&Subject<'_>) -> T) -> T {
    ask(&Subject {
        facts: &in_state(origin, KeyState::Enabled).expect("every origin has it"),
        spec: KeySpec::Hmac256,
        usage,
        part: RegionPart::Replica,
        algorithm: Some(Algorithm::RsaesOaepSha256),
        asked_to: "<operation>",
    })
}

fn names(checks: Checks) -> String {
    checks.iter().map(|check| name(*check)).collect::<Vec<_>>().join(", ")
}

fn name(check: Check) -> String {
    match check {
        Check::Usage(usage) => format!("usage {}", usage.as_str()),
        Check::Origin(origin) => format!("origin {}", origin.as_str()),
        Check::NoStore => "no store".to_owned(),
        Check::NoImport => "no import".to_owned(),
        Check::Algorithm => "algorithm".to_owned(),
        Check::Symmetric => "symmetric".to_owned(),
        Check::Asymmetric => "asymmetric".to_owned(),
        Check::DataKey => "data key".to_owned(),
        Check::Primary => "primary".to_owned(),
        Check::NoReplica => "no replica".to_owned(),
    }
}

fn meaning(check: Check) -> &'static str {
    match check {
        Check::Usage(_) => "is for this",
        Check::Origin(_) => "has its material from there",
        Check::NoStore => "does not live in a custom store",
        Check::NoImport => "has no imported material",
        Check::Algorithm => "is of a spec that knows the algorithm, for its usage",
        Check::Symmetric => "is a symmetric encryption key",
        Check::Asymmetric => "has a public half",
        Check::DataKey => "can encrypt a data key: it is a symmetric encryption key",
        Check::Primary => "is the primary of a multi-Region key",
        Check::NoReplica => "is not a replica of a multi-Region key",
    }
}

fn message(fault: &Fault) -> String {
    fault.message.as_ref().map_or("none".to_owned(), |message| format!("`{message}`"))
}
