//! What the documents say of the operations is what the list of operations says.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use kms::Names;
use kms::ops::{OPERATIONS, Sheet};

/// With this variable set the printed page is written instead of compared.
const BLESS: &str = "TRENT_BLESS";

fn document(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

#[test]
fn the_page_of_operations_is_the_list_of_operations() {
    let page = page();
    let path = document("docs/operations.md");
    if std::env::var_os(BLESS).is_some() {
        fs::write(&path, &page).expect("the page is written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "docs/operations.md is not what the list says: run `{BLESS}=1 cargo test -p kms --test docs`"
    );
}

#[test]
fn the_readme_names_exactly_the_operations_that_work() {
    let readme = fs::read_to_string(document("README.md")).expect("there is a README");
    let listed = readme.split_once("and these operations:").expect("the README lists operations").1;
    let (listed, rest) = listed.split_once("The other ").expect("the README tells how many do not work yet");
    let listed: BTreeSet<&str> = listed.split('`').filter(|word| !word.trim().is_empty()).collect();
    let working: BTreeSet<&str> = sheets().map(|sheet| sheet.op.name()).collect();
    assert_eq!(listed, working);
    let others = rest.split(' ').next().and_then(|number| number.parse().ok());
    assert_eq!(others, Some(OPERATIONS.len() - working.len()), "the number of those that do not work yet");
}

fn sheets() -> impl Iterator<Item = &'static Sheet> {
    OPERATIONS.iter().filter_map(|entry| entry.sheet)
}

fn page() -> String {
    let mut page = format!(
        "# Operations\n\nPrinted by a test from the list that dispatches, `kms/src/ops/mod.rs`. Do not edit this page: \
         run `{BLESS}=1 cargo test -p kms --test docs`.\n\nEach name leads to AWS's page. Which states of a key an \
         operation takes stands in [key-states.md](key-states.md), where it differs from AWS in \
         [deviations.md](deviations.md).\n\n## That work\n\n| Operation | Permissions | Takes | Keys of other accounts \
         | Grants | DryRun | CloudTrail |\n| --- | --- | --- | --- | --- | --- | --- |\n"
    );
    for sheet in sheets() {
        let permissions: Vec<_> = sheet.actions.iter().map(|action| format!("`{}`", action.name())).collect();
        let _ = writeln!(
            page,
            "| [{}]({}) | {} | {} | {} | {} | {} | {} |",
            sheet.op.name(),
            sheet.page(),
            permissions.join(", "),
            names(sheet.names),
            yes(sheet.cross_account),
            yes(sheet.grantable),
            yes(sheet.dry_run),
            if sheet.read_only { "read-only" } else { "writes" },
        );
    }
    let others: Vec<_> = OPERATIONS.iter().filter(|entry| entry.sheet.is_none()).map(|entry| entry.op.name()).collect();
    let _ = write!(
        page,
        "\n## That refuse\n\nTheir input is checked as AWS checks it; then they answer UnsupportedOperationException.\n\n{}\n",
        others.join(", ")
    );
    page
}

fn names(names: Names) -> &'static str {
    match names {
        Names::None => "",
        Names::KeyOnly => "key id, key ARN",
        Names::KeyOrAlias => "key id, key ARN, alias, alias ARN",
    }
}

fn yes(yes: bool) -> &'static str {
    if yes { "yes" } else { "" }
}
