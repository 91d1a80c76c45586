//! `docs/errors.md`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use kms::ops::Sheet;
use wire::Op;

use super::{Pair, is_failure};

/// With this variable set the printed page is written instead of compared.
const BLESS: &str = "TRENT_BLESS";

pub fn compare(raised: &BTreeMap<Pair, Vec<&'static str>>, excused: &BTreeMap<Pair, &'static str>) {
    let page = page(raised, excused);
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/errors.md");
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &page).expect("the page is written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == page, "docs/errors.md is not what is tested: run `{BLESS}=1 cargo test -p kms --test errors`");
}

fn page(raised: &BTreeMap<Pair, Vec<&'static str>>, excused: &BTreeMap<Pair, &'static str>) -> String {
    let failures =
        Op::ALL.iter().flat_map(|op| op.faults()).filter(|error| is_failure(&(Op::Encrypt, **error))).count();
    let pairs: usize = Op::ALL.iter().map(|op| op.faults().len()).sum();
    let mut page = format!(
        "# Errors\n\nPrinted by a test from what it raises, `kms/tests/errors/`. Do not edit this page: run \
         `{BLESS}=1 cargo test -p kms --test errors`.\n\nThe errors that AWS's model lists for each operation: {pairs} \
         in all. {} are raised by a request, in the situation that stands beside them. {failures}, marked ⚙, come of a \
         failure: of this server, of what it depends on, of a key's material; a test plans each of them at \
         [`/_trent/faults`](testing.md#failures), as any test can. Of those, Trent by itself answers KMSInternalException alone, \
         where its store fails or it made a mistake: all material lies in its store, and it waits for nobody else. {} \
         cannot be, marked –, with the reason.\n\nEvery \
         operation can also answer the errors that AWS's model does not list: AccessDeniedException, \
         ValidationException, SerializationException, ThrottlingException, those of signatures. In which states of a key \
         an operation is refused stands in [key-states.md](key-states.md).\n",
        raised.len(),
        excused.len(),
    );
    for op in Op::ALL {
        let _ = write!(
            page,
            "\n## {}\n\n[AWS's page]({})\n\n| Error | When |\n| --- | --- |\n",
            op.name(),
            Sheet::of(op).page()
        );
        let mut errors = op.faults().to_vec();
        errors.sort_unstable();
        for error in errors {
            let pair = (op, error);
            let when = match (raised.get(&pair), excused.get(&pair)) {
                (Some(when), _) => when.join("; "),
                (None, Some(because)) => format!("– {because}"),
                (None, None) => "⚙".to_owned(),
            };
            let _ = writeln!(page, "| {error} | {when} |");
        }
    }
    page
}
