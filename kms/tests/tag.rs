//! Labels on keys: added, replaced, taken off, listed.

mod common;

use std::sync::Arc;

use common::{House, OWN, REGION, Refusal, arn, name_of, refusal, text_at};
use kms::Mode;
use serde_json::{Value, json};
use store::testing::Held;
use wire::Op;

fn tag(key: &str, value: &str) -> Value {
    json!({ "TagKey": key, "TagValue": value })
}

fn tagged(key: &str, tags: &[Value]) -> Value {
    json!({ "KeyId": key, "Tags": tags })
}

fn untagged(key: &str, keys: &[&str]) -> Value {
    json!({ "KeyId": key, "TagKeys": keys })
}

fn many(from: usize, to: usize) -> Vec<Value> {
    (from..to).map(|n| tag(&format!("{n:02}"), "")).collect()
}

fn wrong(text: &str) -> Result<Value, Refusal> {
    refusal("TagException", text)
}

/// The tags that ListResourceTags tells, in pages of `limit`.
async fn listed(house: &House, key: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut body) = (Vec::new(), json!({ "KeyId": key, "Limit": limit }));
    loop {
        let page = house.ok(Op::ListResourceTags, body).await;
        let tags = page["Tags"].as_array().expect("always a list");
        assert_eq!(
            page["Truncated"].as_bool(),
            Some(page.get("NextMarker").is_some()),
            "a marker only where more follow"
        );
        assert!(tags.len() == limit.min(50) || page["Truncated"] == false);
        all.extend(tags.clone());
        match page.get("NextMarker") {
            Some(marker) => body = json!({ "KeyId": arn(key), "Limit": limit, "Marker": marker }),
            None => return all,
        }
    }
}

/// Keys and values, as a list tells them.
type Told<'a> = &'a [(&'a str, &'a str)];

#[tokio::test]
async fn tags_are_added_replaced_taken_off_and_told_in_the_order_of_their_keys() {
    let house = House::new().await;
    let key = house.key().await;
    let this = json!({ "KeyId": key });
    assert_eq!(house.text(Op::ListResourceTags, this.clone()).await, r#"{"Tags":[],"Truncated":false}"#);
    let steps: [(Op, Value, Told<'_>); 8] = [
        (Op::TagResource, tagged(&key, &[tag("b", "1"), tag("a", "")]), &[("a", ""), ("b", "1")]),
        (Op::TagResource, tagged(&arn(&key), &[tag("b", "2"), tag("B", "3")]), &[("B", "3"), ("a", ""), ("b", "2")]),
        (Op::TagResource, tagged(&key, &[]), &[("B", "3"), ("a", ""), ("b", "2")]),
        (Op::UntagResource, untagged(&key, &["none", "a", "none"]), &[("B", "3"), ("b", "2")]),
        (Op::UntagResource, untagged(&key, &["aws:none"]), &[("B", "3"), ("b", "2")]),
        (Op::UntagResource, untagged(&key, &[]), &[("B", "3"), ("b", "2")]),
        (Op::UntagResource, untagged(&key, &["B", "b"]), &[]),
        (Op::UntagResource, untagged(&key, &["B"]), &[]),
    ];
    for (op, body, tags) in steps {
        assert_eq!(house.text(op, body.clone()).await, "", "no output is an empty body");
        let tags: Vec<String> =
            tags.iter().map(|(key, value)| format!(r#"{{"TagKey":"{key}","TagValue":"{value}"}}"#)).collect();
        let told = format!(r#"{{"Tags":[{}],"Truncated":false}}"#, tags.join(","));
        assert_eq!(house.text(Op::ListResourceTags, this.clone()).await, told, "{op:?} {body}");
    }
}

#[tokio::test]
async fn a_key_is_made_with_tags_and_keeps_them() {
    let house = House::new().await;
    let made = house.ok(Op::CreateKey, json!({ "Tags": [tag("b", "1"), tag("a", "2")] })).await;
    let key = text_at(&made, "/KeyMetadata/KeyId");
    house.ok(Op::TagResource, tagged(&key, &[tag("c", "3")])).await;
    assert_eq!(listed(&house, &key, 50).await, [tag("a", "2"), tag("b", "1"), tag("c", "3")]);
}

#[tokio::test]
async fn tags_that_break_the_rules_are_refused_in_awss_words_and_change_nothing() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::TagResource, tagged(&key, &many(0, 49))).await;
    let (reserved, twice, too_many) = ("Tags beginning with aws: are reserved", "Duplicate tag keys", "Too many tags");
    for (tags, text) in [
        (vec![tag("aws:x", "")], reserved),
        (vec![tag("x", ""), tag("AWS:x", "")], reserved),
        (vec![tag("aWs:", "")], reserved),
        (vec![tag("x", "1"), tag("x", "1")], twice),
        (vec![tag("00", "1"), tag("x", ""), tag("00", "2")], twice),
        (many(60, 111), too_many),
        (many(60, 62), too_many),
        (many(48, 51), too_many),
    ] {
        assert_eq!(house.call(Op::TagResource, tagged(&key, &tags)).await, wrong(text), "{tags:?}");
        assert_eq!(listed(&house, &key, 50).await, many(0, 49), "{tags:?}");
    }
    house.ok(Op::TagResource, tagged(&key, &many(0, 50))).await;
    assert_eq!(house.call(Op::TagResource, tagged(&key, &many(50, 51))).await, wrong(too_many));
    house.ok(Op::TagResource, tagged(&key, &[tag("00", "of those that are there one may always be replaced")])).await;
    house.ok(Op::UntagResource, untagged(&key, &["00"])).await;
    house.ok(Op::TagResource, tagged(&key, &many(50, 51))).await;

    let detected = |rule: &str| refusal("ValidationException", format!("1 validation error detected: {rule}"));
    let null = "Value null at 'tags' failed to satisfy constraint: Member must not be null";
    assert_eq!(house.call(Op::TagResource, json!({ "KeyId": key })).await, detected(null));
    let empty = "Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1";
    assert_eq!(house.call(Op::TagResource, tagged(&key, &[tag("x", ""), tag("", "")])).await, detected(empty));
    assert_eq!(listed(&house, &key, 50).await, many(1, 51));
}

#[tokio::test]
async fn tags_are_read_of_every_key_and_changed_of_all_but_those_that_are_going() {
    let house = House::new().await;
    let (off, doomed) = (house.disabled_key().await, house.key().await);
    for key in [&off, &doomed] {
        house.ok(Op::TagResource, tagged(key, &[tag("a", "b")])).await;
    }
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": doomed })).await;
    let pending = refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&doomed)));
    assert_eq!(house.call(Op::TagResource, tagged(&doomed, &[tag("a", "c")])).await, pending);
    assert_eq!(house.call(Op::UntagResource, untagged(&doomed, &["a"])).await, pending);
    assert_eq!(listed(&house, &doomed, 1).await, [tag("a", "b")]);
}

#[tokio::test]
async fn tags_are_listed_whole_whatever_the_page_and_a_marker_is_good_for_its_key_only() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    // A zero byte, the longest keys of the longest characters, and one that begins like another.
    let odd = ["\u{0}", "a", "a\u{0}b", "ab", &"\u{10ffff}".repeat(128), &format!("{}x", "\u{10ffff}".repeat(127))];
    let mut tags: Vec<Value> = odd.iter().map(|key| tag(key, "v")).collect();
    house.ok(Op::TagResource, tagged(&key, &tags)).await;
    tags.sort_by_key(|tag| text_at(tag, "/TagKey"));
    for limit in [1, 2, 5, 6, 7, 50, 1000] {
        assert_eq!(listed(&house, &key, limit).await, tags, "Limit {limit}");
    }
    house.ok(Op::TagResource, tagged(&other, &many(0, 50))).await;
    for limit in [1, 3, 49, 50, 51, 1000] {
        assert_eq!(listed(&house, &other, limit).await, many(0, 50), "Limit {limit}");
    }
    let bad = refusal("InvalidMarkerException", "The marker is not valid.");
    let marker = house.ok(Op::ListResourceTags, json!({ "KeyId": key, "Limit": 1 })).await["NextMarker"].clone();
    for (key, marker) in [(&other, marker), (&key, json!("x")), (&key, json!("\u{ff}"))] {
        assert_eq!(house.call(Op::ListResourceTags, json!({ "KeyId": key, "Marker": marker })).await, bad, "{marker}");
    }
    for limit in [0, 1001] {
        let told = house.call(Op::ListResourceTags, json!({ "KeyId": key, "Limit": limit })).await;
        assert_eq!(name_of(&told), "ValidationException");
    }
}

#[tokio::test]
async fn tags_that_come_and_go_between_pages_leave_the_others_told_exactly_once() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::TagResource, tagged(&key, &many(0, 40))).await;
    let (mut told, mut body) = (Vec::new(), json!({ "KeyId": key, "Limit": 7 }));
    loop {
        let page = house.ok(Op::ListResourceTags, body).await;
        told.extend(page["Tags"].as_array().expect("a list").iter().map(|tag| text_at(tag, "/TagKey")));
        let Some(marker) = page.get("NextMarker") else { break };
        body = json!({ "KeyId": key, "Limit": 7, "Marker": marker });
        let last = told.last().expect("a tag").clone();
        house.ok(Op::UntagResource, untagged(&key, &[&last])).await;
        house.ok(Op::TagResource, tagged(&key, &[tag("-", ""), tag(&format!("{last}-"), "")])).await;
    }
    let mut once = told.clone();
    once.dedup();
    assert_eq!(once, told, "in order, and none twice");
    assert!((0..40).all(|n| told.contains(&format!("{n:02}"))), "{told:?}");
}

#[tokio::test]
async fn clients_that_tag_one_key_at_once_lose_nothing_and_never_pass_the_limit() {
    let mut held = None;
    let house = House::with(Mode::Serve, |store| held.insert(Held::new(store)).clone()).await;
    let (house, held) = (Arc::new(house), held.expect("an engine that can be held"));
    let key = house.key().await;
    held.hold();
    let clients: Vec<_> = (0..80)
        .map(|n| {
            let (house, key) = (house.clone(), key.clone());
            tokio::spawn(async move { house.call(Op::TagResource, tagged(&key, &[tag(&format!("{n:02}"), "")])).await })
        })
        .collect();
    // Each has seen a key without tags.
    held.waiting(80).await;
    held.release();
    let mut made = Vec::new();
    for (n, client) in clients.into_iter().enumerate() {
        match client.await.expect("a client") {
            Ok(_) => made.push(tag(&format!("{n:02}"), "")),
            told => assert_eq!(told, wrong("Too many tags")),
        }
    }
    assert_eq!(made.len(), 50);
    assert_eq!(listed(&house, &key, 50).await, made);
}

#[tokio::test]
async fn all_tags_of_a_key_share_one_row_which_goes_with_it() {
    let house = House::new().await;
    let key = house.key().await;
    house.ok(Op::TagResource, tagged(&key, &[tag("a", "b")])).await;
    house.ok(Op::TagResource, tagged(&key, &[tag("c", "d")])).await;
    let row = house.row(&["x", OWN, REGION, &key, "tags"]).await.expect("the tags' row");
    assert_eq!(row["tags"], json!({ "a": "b", "c": "d" }));
    let long = |n: usize| tag(&format!("{n:02}{}", "\u{10ffff}".repeat(126)), &"\u{10ffff}".repeat(256));
    let tags: Vec<Value> = (0..45).map(long).collect();
    let told = house.call(Op::TagResource, tagged(&key, &tags)).await;
    let text = "The tags of the key are together longer than 61440 bytes.";
    assert_eq!(told, refusal("LimitExceededException", text));
}
