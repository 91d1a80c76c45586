//! Is every form read as what it says, or refused? Forms at random: whatever a client encodes is read back, and what
//! is no form ends in a fault with a name of the Query protocol.

use proptest::prelude::*;
use wire::query::{AssumeRole, Call, Tag};

const CASES: u32 = 256;

/// The names with which a body can be refused.
const REFUSALS: [&str; 4] = ["InvalidAction", "MalformedQueryString", "MissingAction", "ValidationError"];

/// As clients encode: every byte but the unreserved ones of RFC 3986, or a plus for a space as browsers do.
fn encoded(text: &str, plus: bool) -> String {
    let byte = |byte: u8| match byte {
        b' ' if plus => "+".to_owned(),
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// The pairs of a call, in no order that matters.
fn pairs(call: &AssumeRole) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("Action".to_owned(), "AssumeRole".to_owned()),
        ("Version".to_owned(), "2011-06-15".to_owned()),
        ("RoleArn".to_owned(), call.role_arn.clone()),
        ("RoleSessionName".to_owned(), call.role_session_name.clone()),
    ];
    let mut optional = |name: &str, value: Option<String>| pairs.extend(value.map(|value| (name.to_owned(), value)));
    optional("Policy", call.policy.clone());
    optional("DurationSeconds", call.duration_seconds.map(|seconds| seconds.to_string()));
    optional("ExternalId", call.external_id.clone());
    optional("SourceIdentity", call.source_identity.clone());
    for (index, Tag { key, value }) in call.tags.iter().enumerate() {
        pairs.push((format!("Tags.member.{}.Key", index + 1), key.clone()));
        pairs.push((format!("Tags.member.{}.Value", index + 1), value.clone()));
    }
    for (index, key) in call.transitive_tag_keys.iter().enumerate() {
        pairs.push((format!("TransitiveTagKeys.member.{}", index + 1), key.clone()));
    }
    pairs
}

fn body(pairs: &[(String, String)], plus: bool) -> String {
    let pairs = pairs.iter().map(|(name, value)| format!("{}={}", encoded(name, plus), encoded(value, plus)));
    pairs.collect::<Vec<_>>().join("&")
}

prop_compose! {
    fn tag()(key in "[a-zA-Zä日0-9 _.:/=+@-]{1,20}", value in "[a-zA-Zß本0-9 _.:/=+@-]{0,30}") -> Tag {
        Tag { key, value }
    }
}

prop_compose! {
    fn any_call()(
        role_arn in "arn:aws:iam::[0-9]{12}:role/[a-z &=%+/ü]{1,40}",
        role_session_name in "[a-zA-Z0-9_+=,.@-]{2,64}",
        policy in proptest::option::of("[ -~\\n\\tÿ]{1,200}"),
        duration_seconds in proptest::option::of(900_u32..=43_200),
        tags in proptest::collection::vec(tag(), 0..=11),
        transitive_tag_keys in proptest::collection::vec("[a-zA-Z ]{1,20}", 0..=11),
        external_id in proptest::option::of("[a-zA-Z0-9_+=,.@:/-]{2,100}"),
        source_identity in proptest::option::of("[a-zA-Z0-9_+=,.@-]{2,64}"),
    ) -> AssumeRole {
        AssumeRole {
            role_arn,
            role_session_name,
            policy,
            duration_seconds,
            tags,
            transitive_tag_keys,
            external_id,
            source_identity,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_client_encodes_is_read_back(call in any_call(), plus in any::<bool>(), turn in any::<prop::sample::Index>()) {
        let mut pairs = pairs(&call);
        let turn = turn.index(pairs.len());
        pairs.rotate_left(turn);
        prop_assert_eq!(Call::read(body(&pairs, plus).as_bytes()), Ok(Call::AssumeRole(call)));
    }

    #[test]
    fn a_parameter_twice_is_refused_whatever_it_is(call in any_call(), at in any::<prop::sample::Index>()) {
        let mut pairs = pairs(&call);
        let again = pairs[at.index(pairs.len())].clone();
        pairs.push(again);
        let fault = Call::read(body(&pairs, false).as_bytes()).expect_err("one of the two would be overlooked");
        prop_assert_eq!(fault.name, "MalformedQueryString");
    }

    #[test]
    fn a_list_with_an_element_left_out_is_refused(call in any_call(), at in any::<prop::sample::Index>()) {
        let keys = call.transitive_tag_keys.len();
        prop_assume!(keys >= 2);
        let gone = format!("TransitiveTagKeys.member.{}", 1 + at.index(keys - 1));
        let mut pairs = pairs(&call);
        pairs.retain(|(name, _)| *name != gone);
        let fault = Call::read(body(&pairs, false).as_bytes()).expect_err("there is a gap");
        prop_assert_eq!(fault.name, "MalformedQueryString");
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Err(fault) = Call::read(&bytes) {
            prop_assert!(REFUSALS.contains(&fault.name) && fault.status == 400, "{:?}", fault);
        }
    }

    #[test]
    fn a_changed_body_is_read_or_refused(
        call in any_call(),
        at in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"&=%+.0A\xff\0 ".to_vec()),
    ) {
        let mut bytes = body(&pairs(&call), false).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Err(fault) = Call::read(&bytes) {
            prop_assert!(REFUSALS.contains(&fault.name), "{:?}", fault);
        }
    }
}

#[test]
fn a_body_of_a_mebibyte_is_refused_soon() {
    for part in ["&", "a=b&", "Tags.member.1.Key=a&", "%", "%25", "TransitiveTagKeys.member."] {
        let body = part.repeat((1 << 20) / part.len());
        let fault = Call::read(body.as_bytes()).expect_err(part);
        assert!(REFUSALS.contains(&fault.name), "{part}: {}", fault.name);
    }
    let elements: String = (1..=500).map(|n| format!("&TransitiveTagKeys.member.{n}=k")).collect();
    let body =
        format!("Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::1:role/r&RoleSessionName=ann{elements}");
    let fault = Call::read(body.as_bytes()).expect_err("at most 50");
    assert_eq!(fault.name, "ValidationError");
}
