//! What a client of STS can send as a form, and what it is told in XML.
//! A form is one of two calls within STS's model, or refused by a name of the Query protocol; whatever a fault echoes,
//! the XML stays one element in another.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::query::{self, AssumeRole, Call};
use wire::xml;

fuzz_target!(|body: &[u8]| match Call::read(body) {
    Ok(Call::GetCallerIdentity) => {}
    Ok(Call::AssumeRole(call)) => within_the_model(&call),
    Err(fault) => {
        let names = ["InvalidAction", "MalformedQueryString", "MissingAction", "ValidationError"];
        assert!(names.contains(&fault.name) && fault.status == 400, "{} {}", fault.name, fault.status);
        assert_eq!(query::fault(fault.clone()), fault, "it is in the protocol's words already");
        well_formed(&xml::error(&fault, "id"));
    }
});

fn within_the_model(call: &AssumeRole) {
    let length = |text: &str| text.chars().count();
    assert!((20..=2048).contains(&length(&call.role_arn)));
    assert!((2..=64).contains(&length(&call.role_session_name)));
    assert!(call.policy.as_deref().is_none_or(|policy| (1..=2048).contains(&length(policy))));
    assert!(call.duration_seconds.is_none_or(|seconds| (900..=43_200).contains(&seconds)));
    assert!(call.tags.len() <= 50 && call.transitive_tag_keys.len() <= 50);
    assert!(call.tags.iter().all(|tag| (1..=128).contains(&length(&tag.key)) && length(&tag.value) <= 256));
}

/// The message alone is what a client can fill, and nothing of it breaks out of its element.
fn well_formed(body: &[u8]) {
    let text = std::str::from_utf8(body).expect("XML is UTF-8");
    let (start, rest) = text.split_once("    <Message>").expect("there is a message");
    let (message, end) = rest.split_once("</Message>\n").expect("it ends");
    assert!(
        start.ends_with("</Code>\n") && end == "  </Error>\n  <RequestId>id</RequestId>\n</ErrorResponse>\n",
        "{text}"
    );
    assert!(!message.contains(['<', '>']), "{message}");
    assert!(message.chars().all(|c| c >= ' ' || matches!(c, '\t' | '\n')), "{message:?}");
}
