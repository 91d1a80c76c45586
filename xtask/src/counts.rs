//! How many tests ran, and how they ended: read from what libtest prints and from what the conformance run writes.
//! It runs nothing itself.

use serde_json::Value;

/// Results of one part or of many. A test that was ignored did not hold its claim and counts as failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Count {
    pub const PASSED: Count = Count { passed: 1, failed: 0, skipped: 0 };
    pub const FAILED: Count = Count { passed: 0, failed: 1, skipped: 0 };
    pub const SKIPPED: Count = Count { passed: 0, failed: 0, skipped: 1 };

    /// Both together.
    pub fn and(self, other: Count) -> Count {
        Count {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }

    /// The same, with at least one failure: for what failed in a way that no test could tell.
    pub fn or_failed(self) -> Count {
        Count { failed: self.failed.max(1), ..self }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// The sum of every `test result:` line in what `cargo test` printed.
pub fn of_libtest(output: &str) -> Count {
    let mut count = Count::default();
    for result in output.lines().filter_map(|line| line.trim_start().strip_prefix("test result: ")) {
        count.passed += before(result, " passed");
        count.failed += before(result, " failed") + before(result, " ignored");
    }
    count
}

/// The figures of a conformance result: an object with `passed`, `failed` and `skipped`, each a number.
pub fn of_conformance(json: &str) -> Result<Count, String> {
    let result: Value = serde_json::from_str(json).map_err(|error| format!("its result is no JSON: {error}"))?;
    let figure = |name: &str| match result[name].as_u64() {
        Some(figure) => Ok(figure as usize),
        None => Err(format!("its result has no number called {name}")),
    };
    Ok(Count { passed: figure("passed")?, failed: figure("failed")?, skipped: figure("skipped")? })
}

/// The number that stands right before `label`, 0 if there is none.
fn before(text: &str, label: &str) -> usize {
    let digits = |head: &str| head.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|word| word.parse().ok());
    text.split_once(label).and_then(|(head, _)| digits(head)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_line_is_counted_and_an_ignored_test_is_a_failure() {
        let output = "\
running 3 tests
test a ... ok
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s

   Doc-tests kms
test result: FAILED. 3 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 1.00s
";
        assert_eq!(of_libtest(output), Count { passed: 15, failed: 3, skipped: 0 });
        assert_eq!(of_libtest("error: could not compile `kms`"), Count::default());
    }

    #[test]
    fn a_conformance_result_without_its_figures_is_refused() {
        let whole = r#"{"passed": 40, "failed": 1, "skipped": 2, "cases": []}"#;
        assert_eq!(of_conformance(whole), Ok(Count { passed: 40, failed: 1, skipped: 2 }));
        assert!(of_conformance(r#"{"passed": 40, "failed": 1}"#).is_err());
        assert!(of_conformance("").is_err());
    }
}
