//! The patterns of the model, each with a matcher written by hand: they are few and simple, and so the words of an
//! error text and the check behind it stand in one line. Java's `matches` is meant: the whole text, ASCII classes.

/// One pattern.
pub(crate) struct Pattern {
    /// As error texts show it.
    pub(crate) text: &'static str,
    /// Whether a text matches it as a whole.
    pub(crate) matches: fn(&str) -> bool,
}

pub(crate) static ASCII: Pattern = Pattern { text: r"^\p{ASCII}+$", matches: |text| some(text, |c| c.is_ascii()) };

pub(crate) static ACCOUNT_ID: Pattern = Pattern { text: r"[0-9]{12}", matches: is_account_id };

pub(crate) static ALIAS_NAME: Pattern = Pattern {
    text: r"^[a-zA-Z0-9:/_-]+$",
    matches: |text| some(text, |c| c.is_ascii_alphanumeric() || ":/_-".contains(c)),
};

pub(crate) static LOWER_HEX: Pattern =
    Pattern { text: r"^[a-f0-9]+$", matches: |text| some(text, |c| matches!(c, 'a'..='f' | '0'..='9')) };

pub(crate) static CLUSTER_ID: Pattern = Pattern {
    text: r"cluster-[2-7a-zA-Z]{11,16}",
    matches: |text| {
        text.strip_prefix("cluster-").is_some_and(|id| {
            (11..=16).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphabetic() || matches!(c, '2'..='7'))
        })
    },
};

pub(crate) static SOURCE_ARN: Pattern =
    Pattern { text: r"^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$", matches: is_source_arn };

pub(crate) static MATERIAL_DESCRIPTION: Pattern = Pattern {
    text: r"^[a-zA-Z0-9:/_\s.-]+$",
    matches: |text| some(text, |c| c.is_ascii_alphanumeric() || ":/_.-".contains(c) || is_space(c)),
};

pub(crate) static MARKER: Pattern =
    Pattern { text: r"[\u0020-\u00FF]*", matches: |text| text.chars().all(|c| matches!(c, ' '..='\u{FF}')) };

pub(crate) static POLICY_NAME: Pattern = Pattern { text: r"[\w]+", matches: |text| some(text, is_word) };

pub(crate) static POLICY: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u00FF]+",
    matches: |text| some(text, |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FF}')),
};

pub(crate) static PRINCIPAL: Pattern =
    Pattern { text: r"^[\w+=,.@:/-]+$", matches: |text| some(text, |c| is_word(c) || "+=,.@:/-".contains(c)) };

pub(crate) static REGION: Pattern = Pattern { text: r"^([a-z]+-){2,3}\d+$", matches: is_region };

pub(crate) static SERVICE_PRINCIPAL: Pattern =
    Pattern { text: r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$", matches: is_service_principal };

pub(crate) static XKS_KEY_ID: Pattern = Pattern {
    text: r"^[a-zA-Z0-9-_.]+$",
    matches: |text| some(text, |c| c.is_ascii_alphanumeric() || "-_.".contains(c)),
};

pub(crate) static BASE32: Pattern =
    Pattern { text: r"^[A-Z2-7]+$", matches: |text| some(text, |c| matches!(c, 'A'..='Z' | '2'..='7')) };

pub(crate) static BASE64: Pattern = Pattern {
    text: r"^[a-zA-Z0-9\/+=]+$",
    matches: |text| some(text, |c| c.is_ascii_alphanumeric() || "/+=".contains(c)),
};

pub(crate) static HTTPS_ENDPOINT: Pattern = Pattern {
    text: r"^https://[a-zA-Z0-9.-]+$",
    matches: |text| {
        text.strip_prefix("https://").is_some_and(|host| some(host, |c| c.is_ascii_alphanumeric() || ".-".contains(c)))
    },
};

pub(crate) static XKS_PATH: Pattern =
    Pattern { text: r"^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$", matches: is_xks_path };

pub(crate) static VPC_ENDPOINT_SERVICE: Pattern = Pattern {
    text: r"^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$",
    matches: is_vpc_endpoint_service,
};

/// `arnType` of STS: what XML can hold.
pub(crate) static STS_ARN: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    matches: |text| some(text, is_in_xml),
};

pub(crate) static SESSION_NAME: Pattern =
    Pattern { text: r"[\w+=,.@-]*", matches: |text| text.chars().all(|c| is_word(c) || "+=,.@-".contains(c)) };

pub(crate) static EXTERNAL_ID: Pattern =
    Pattern { text: r"[\w+=,.@:\/-]*", matches: |text| text.chars().all(|c| is_word(c) || "+=,.@:/-".contains(c)) };

pub(crate) static TAG_KEY: Pattern =
    Pattern { text: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+", matches: |text| some(text, is_in_tags) };

pub(crate) static TAG_VALUE: Pattern =
    Pattern { text: r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", matches: |text| text.chars().all(is_in_tags) };

/// One character or more, all of this class.
fn some(text: &str, class: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(class)
}

/// `\w`
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// `\s`
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0B' | '\x0C' | '\r')
}

/// What `.` does not match (java.util.regex.Pattern, "Line terminators").
fn ends_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_in_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// `[\p{L}\p{Z}\p{N}_.:/=+\-@]`. Letters are what Unicode calls alphabetic, so that vowel signs are among them.
fn is_in_tags(c: char) -> bool {
    let separates = matches!(
        c,
        ' ' | '\u{A0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200A}' | '\u{2028}' | '\u{2029}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    );
    c.is_alphanumeric() || separates || "_.:/=+-@".contains(c)
}

fn is_digits(text: &str) -> bool {
    some(text, |c| c.is_ascii_digit())
}

fn is_account_id(text: &str) -> bool {
    text.len() == 12 && is_digits(text)
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let Some((number, words)) = parts.split_last() else { return false };
    (2..=3).contains(&words.len())
        && words.iter().all(|word| some(word, |c| c.is_ascii_lowercase()))
        && is_digits(number)
}

fn is_source_arn(text: &str) -> bool {
    let is_slug = |text: &str| text.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'));
    let mut parts = text.splitn(6, ':');
    let mut part = || parts.next().unwrap_or_default();
    part() == "arn"
        && part().strip_prefix("aws").is_some_and(is_slug)
        && Some(part()).is_some_and(|service| !service.is_empty() && is_slug(service))
        && is_slug(part())
        && is_account_id(part())
        && some(part(), |c| !ends_line(c))
}

fn is_service_principal(text: &str) -> bool {
    text.split('.').count() >= 3 && text.split('.').all(|label| some(label, |c| c.is_ascii_alphanumeric() || c == '-'))
}

fn is_xks_path(text: &str) -> bool {
    let Some((prefix, version)) = text.rsplit_once("/kms/xks/v") else { return false };
    let is_prefix = prefix.is_empty()
        || prefix.strip_prefix('/').is_some_and(|rest| some(rest, |c| c.is_ascii_alphanumeric() || "/_-".contains(c)));
    is_prefix && version.len() <= 2 && is_digits(version)
}

fn is_vpc_endpoint_service(text: &str) -> bool {
    let rest = text.strip_prefix("com").or_else(|| text.strip_prefix("eu"));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix(".amazonaws.vpce.")) else { return false };
    rest.split_once(".vpce-svc-")
        .is_some_and(|(region, id)| is_region(region) && some(id, |c| matches!(c, '0'..='9' | 'a'..='z')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &Pattern, matching: &[&str], other: &[&str]) {
        for text in matching {
            assert!((pattern.matches)(text), "{text:?} matches {}", pattern.text);
        }
        for text in other {
            assert!(!(pattern.matches)(text), "{text:?} does not match {}", pattern.text);
        }
    }

    #[test]
    fn matchers_do_what_their_patterns_say() {
        check(&ASCII, &["a", "\0\n\x7f", "alias/ x"], &["", "ä", "a\u{80}"]);
        check(&ACCOUNT_ID, &["123456789012"], &["", "12345678901", "1234567890123", "12345678901a", "１23456789012"]);
        check(&ALIAS_NAME, &["alias/a:b_c-D9"], &["", "a b", "a!", "ä", "a\n"]);
        check(&LOWER_HEX, &["09af"], &["", "AF", "g", "0a "]);
        let eleven = "cluster-abcdefgh234";
        check(&CLUSTER_ID, &[eleven, "cluster-aBcdefgh234aaaaa"], &["", "cluster-", "cluster-abcdefgh23"]);
        check(&CLUSTER_ID, &[], &["cluster-abcdefgh23aaaaaaa", "cluster-abcdefgh231", "Cluster-abcdefgh234"]);
        check(&SOURCE_ARN, &["arn:aws:s3:eu-west-1:123456789012:b", "arn:aws-cn:s3::123456789012:b:c/ü :"], &[]);
        check(&SOURCE_ARN, &[], &["arn:aws:s3:::b", "arn:aws:s3::123456789012:", "arn:aws:s3::123456789012"]);
        check(
            &SOURCE_ARN,
            &[],
            &["arn:aws::x:123456789012:b", "arn:AWS:s3::123456789012:b", "arn:az:s3::123456789012:b"],
        );
        check(&SOURCE_ARN, &[], &["xarn:aws:s3::123456789012:b", "arn:aws:s3::123456789012:a\nb", ""]);
        check(&MATERIAL_DESCRIPTION, &["a b\t:/_.-9"], &["", "a,b", "ä", "a\u{a0}"]);
        check(&MARKER, &["", " aÿ~", "\u{80}"], &["\n", "\u{100}", "a\u{1f}"]);
        check(&POLICY_NAME, &["default", "AWS_RAM", "9"], &["", "invalid-name", "a b", "ä"]);
        check(&POLICY, &["{\r\n\t\"a\": \"ÿ\"}"], &["", "\0", "\u{100}", "“"]);
        check(&PRINCIPAL, &["arn:aws:iam::1:root", "a+=,.@:/-_"], &["", "a b", "*", "ä"]);
        check(
            &STS_ARN,
            &["arn:aws:iam::1:role/r", "\t\n\r ~\u{85}\u{a0}ü\u{fffd}\u{10000}"],
            &["", "\0", "\u{7f}", "\u{9f}"],
        );
        check(&STS_ARN, &[], &["\u{fffe}", "\u{ffff}", "a\u{1b}"]);
        check(&SESSION_NAME, &["", "ann+=,.@-_9"], &["a b", "a/b", "a:b", "ä"]);
        check(&EXTERNAL_ID, &["", "ann+=,.@:/-_9"], &["a b", "ä", "a\n"]);
        check(&TAG_KEY, &["a", "käse brot_.:/=+-@9", "日本\u{3000}²"], &["", "a&b", "a\n", "a,b", "a\t"]);
        check(&TAG_VALUE, &["", "a b", "ß"], &["a&b", "\"", "\0"]);
        check(&REGION, &["us-east-1", "us-gov-west-1", "ap-southeast-12"], &["", "us-1", "us-east-", "us-east-1a"]);
        check(&REGION, &[], &["US-east-1", "a-b-c-d-1", "us--1", "-east-1", "us-east-1\n"]);
        check(
            &SERVICE_PRINCIPAL,
            &["rds.amazonaws.com", "a.b.c-D.9"],
            &["", "a.b", "a..b.c", ".a.b.c", "a.b.c.", "a_b.c.d"],
        );
        check(&XKS_KEY_ID, &["a-_.9"], &["", "a/b", "a b"]);
        check(&BASE32, &["A2Z7"], &["", "a", "1", "8"]);
        check(&BASE64, &["aZ9/+="], &["", "-", "_", " "]);
        check(&HTTPS_ENDPOINT, &["https://a.b-c9"], &["", "https://", "http://a", "https://a:1", "https://a/b"]);
        check(&XKS_PATH, &["/kms/xks/v1", "/kms/xks/v12", "/a/b_c-/kms/xks/v1", "/kms/xks/v1/kms/xks/v2"], &[]);
        check(&XKS_PATH, &[], &["", "kms/xks/v1", "/kms/xks/v", "/kms/xks/v123", "//kms/xks/va", "/a.b/kms/xks/v1"]);
        check(&XKS_PATH, &["///kms/xks/v1"], &["//kms/xks/v1", "/kms/xks/v1/", "a/kms/xks/v1"]);
        let service = "com.amazonaws.vpce.us-east-1.vpce-svc-0ab";
        check(&VPC_ENDPOINT_SERVICE, &[service, "eu.amazonaws.vpce.eu-central-1.vpce-svc-z9"], &[]);
        check(
            &VPC_ENDPOINT_SERVICE,
            &[],
            &["", "org.amazonaws.vpce.us-east-1.vpce-svc-0", "com.amazonaws.vpce.us-1.vpce-svc-0"],
        );
        check(
            &VPC_ENDPOINT_SERVICE,
            &[],
            &["com.amazonaws.vpce.us-east-1.vpce-svc-", "com.amazonaws.vpce.us-east-1.vpce-svc-A"],
        );
    }
}
