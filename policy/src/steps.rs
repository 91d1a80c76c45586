//! How much work matching is. It is counted in tests alone, so that what is claimed of its growth rests on no clock.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static TAKEN: Cell<usize> = const { Cell::new(0) };
}

/// Notes that at most so many characters, words of bits or values are looked at.
#[inline]
pub(crate) fn took(steps: usize) {
    #[cfg(test)]
    TAKEN.with(|taken| taken.set(taken.get().saturating_add(steps)));
    #[cfg(not(test))]
    let _ = steps;
}

/// How many steps `work` took.
#[cfg(test)]
pub(crate) fn of<R>(work: impl FnOnce() -> R) -> (R, usize) {
    let before = TAKEN.get();
    let result = work();
    (result, TAKEN.get() - before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::of;
    use crate::circumstances::Circumstances;
    use crate::decide::{Effect, decide};
    use crate::document::{Document, Kind};
    use crate::request::{Principal, Request, Who};
    use crate::text::{Case, Dialect, Pattern, Wildcards};
    use crate::voice::{Attached, Voices};

    /// A long text, and the value that variables have.
    const TEXT_BYTES: usize = 4_096;
    const VALUE_BYTES: usize = 1_024;

    fn facts() -> Circumstances {
        let text = |length| -> &'static str { "a".repeat(length).leak() };
        Circumstances::default()
            .with("t:text", text(TEXT_BYTES))
            .with("t:arn", format!("arn:a:b:c:d:{}", text(TEXT_BYTES - 12)).leak())
            .with("t:v", text(VALUE_BYTES))
            .with("t:s", text(VALUE_BYTES / 4))
    }

    /// How many steps a decision takes with so many of these values in its one condition.
    fn steps(operator: &str, key: &str, value: &str, times: usize, facts: &Circumstances) -> usize {
        let values = vec![format!("\"{value}\""); times].join(",");
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{{"{operator}":{{"{key}":[{values}]}}}}}}}}"#
        );
        let document = Document::compile(&text, Kind::Identity).expect("it compiles");
        let attached = [Attached { name: "p", document: &document }];
        let voices = Voices { identity_policies: &attached, ..Voices::default() };
        let ann = Who::User { arn: "arn:aws:iam::111122223333:user/ann", id: "AIDAANN" };
        let request = Request {
            principal: Principal { account: "111122223333", partition: "aws", who: ann },
            action: "kms:Encrypt",
            resource: None,
            across_accounts: false,
            context: None,
            facts,
        };
        let (effect, steps) = of(|| decide(&request, &voices).effect());
        assert_eq!(effect, Effect::Deny, "nothing of {value} is found, so that all of it is sought");
        steps
    }

    /// Twice the policy is twice the work, whatever stands in it, up to the 32 KiB that a policy may have.
    #[test]
    fn the_work_grows_with_a_policy_and_no_faster() {
        let facts = facts();
        for (operator, key, value) in [
            ("StringLike", "t:text", "*ab*"),
            ("StringLike", "t:text", "*a*a*a*b"),
            ("StringLike", "t:text", "*aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab*"),
            ("StringLike", "t:text", "*?a?b*"),
            ("StringLike", "t:text", "*${t:v}b*"),
            ("StringLike", "t:text", "*?${t:v}b?*"),
            ("StringLike", "t:text", "*${t:v}*${t:v}*?b"),
            ("StringLike", "t:text", "*${t:none, 'a'}*${t:none, 'a'}*b"),
            ("StringEquals", "t:text", "${t:v}${t:v}b"),
            ("StringEqualsIgnoreCase", "t:text", "${t:v}A${t:v}b"),
            ("ArnLike", "t:arn", "arn:a:b:c:d:*a*ab"),
            ("ArnLike", "t:arn", "arn:a:b:c:d:*${t:s}b"),
            ("ArnLike", "t:arn", "arn:a:b:c:d:*?${t:s}?b*"),
        ] {
            let all = 32_000 / (value.len() + 3);
            let [quarter, half, whole] =
                [all / 4, all / 2, all].map(|times| steps(operator, key, value, times, &facts));
            assert!(
                half <= 2 * quarter + quarter / 8 && whole <= 2 * half + half / 8,
                "{value}: {quarter}, {half}, {whole}"
            );
            assert!(whole >= 3 * quarter, "{value}: the last of the values are not looked at");
            // Each value goes through the text some few times, and where a `?` is sought once for each 64 letters beside it.
            let most = all * TEXT_BYTES * (VALUE_BYTES / 64 + 8);
            assert!(whole <= most, "{value}: {} steps for each of {all}", whole / all);
        }
    }

    #[test]
    fn one_pattern_of_32_kib_is_held_against_a_text_in_bounded_steps() {
        for text in [2_048, TEXT_BYTES].map(|length| "a".repeat(length)) {
            for pattern in [
                "*a".repeat(16_384),
                "*a".repeat(1_000) + "b",
                "*a".repeat(1_000) + "*b",
                "*".repeat(32_768),
                "?*".repeat(16_384),
                "*a?".repeat(10_000),
                "*".to_owned() + &"?a".repeat(900) + "b*",
                "*?a?b".repeat(6_500),
                "a".repeat(32_768),
                "?".repeat(32_768),
            ] {
                bounded(&pattern, &text);
            }
        }
    }

    #[track_caller]
    fn bounded(pattern: &str, text: &str) {
        let dialect = Dialect { kind: Kind::Identity, variables: false };
        let read = Pattern::read(pattern, Wildcards::Special, Case::Exact, dialect).expect("it has no variables");
        let (_, steps) = of(|| read.matches(text, &Circumstances::default()));
        let longest = pattern.split('*').filter(|part| part.contains('?')).map(str::len).max().unwrap_or(0);
        let words = if longest > 64 { 512 + text.len() * longest.div_ceil(64) } else { text.len() };
        let most = 2 * (pattern.len() + text.len()) + words;
        assert!(steps <= most, "{steps} steps instead of {most} for {} bytes in {}", pattern.len(), text.len());
    }

    proptest! {
        #[test]
        fn any_pattern_is_held_against_any_text_in_bounded_steps(pattern in "[ab?*]{0,300}", text in "[ab]{0,300}") {
            bounded(&pattern, &text);
        }
    }

    #[test]
    fn steps_are_counted() {
        let dialect = Dialect { kind: Kind::Identity, variables: false };
        let steps = |pattern: &str, text: &str| {
            let read = Pattern::read(pattern, Wildcards::Special, Case::Exact, dialect).expect("it has no variables");
            of(|| read.matches(text, &Circumstances::default())).1
        };
        assert_eq!((steps("abc", "abc"), steps("*c*", "abc"), steps("*?c*", "abc")), (4, 3, 4));
    }
}
