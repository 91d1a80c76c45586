//! Names for keys: made, moved, listed, removed, and gone with their keys.

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::{House, MINUTE, NOBODY, OWN, REGION, Refusal, STRANGER, arn, arn_of, caller, name_of, refusal, text_at};
use kms::{Mode, Quotas};
use serde_json::{Value, json};
use store::testing::Held;
use wire::Op;

fn alias_arn(name: &str) -> String {
    format!("arn:aws:kms:{REGION}:{OWN}:{name}")
}

fn named(name: &str, key: &str) -> Value {
    json!({ "AliasName": name, "TargetKeyId": key })
}

async fn make(house: &House, name: &str, key: &str) {
    house.ok(Op::CreateAlias, named(name, key)).await;
}

fn absent(name: &str) -> Result<Value, Refusal> {
    refusal("NotFoundException", format!("Alias {} is not found.", alias_arn(name)))
}

fn full() -> Result<Value, Refusal> {
    refusal("LimitExceededException", "The limit of aliases of this key has been reached.")
}

/// The customer's names and keys that ListAliases tells with these members, from page to page.
async fn listed(house: &House, members: Value) -> Vec<(String, String)> {
    let (mut all, mut body) = (Vec::new(), members.clone());
    loop {
        let page = house.ok(Op::ListAliases, body).await;
        let entries = page["Aliases"].as_array().expect("a list");
        assert_eq!(page["AliasCount"], entries.len());
        assert_eq!(
            page["Truncated"].as_bool(),
            Some(page.get("NextMarker").is_some()),
            "a marker only where more follow"
        );
        // AWS's own, which are in every list, are in `managed.rs`.
        let customers = entries.iter().filter(|entry| !text_at(entry, "/AliasName").starts_with("alias/aws/"));
        all.extend(customers.map(|entry| (text_at(entry, "/AliasName"), text_at(entry, "/TargetKeyId"))));
        match page.get("NextMarker") {
            Some(marker) => body = common::with(members.clone(), json!({ "Marker": marker })),
            None => return all,
        }
    }
}

/// The key that an operation on `name` is about.
async fn leads_to(house: &House, name: &str) -> String {
    text_at(&house.ok(Op::DescribeKey, json!({ "KeyId": name })).await, "/KeyMetadata/KeyId")
}

#[tokio::test]
async fn an_alias_is_told_with_the_recorded_members_in_awss_order() {
    let house = House::new().await;
    let empty = r#"{"AliasCount":0,"Aliases":[],"Truncated":false}"#;
    let (key, other) = (house.key().await, house.key().await);
    let (of_key, of_other) = (json!({ "KeyId": arn(&key) }), json!({ "KeyId": other }));
    assert_eq!(house.text(Op::ListAliases, of_key.clone()).await, empty, "an empty list is told");
    let entry = |key: &str, updated: &str| {
        format!(
            r#"{{"AliasCount":1,"Aliases":[{{"AliasArn":"{}","AliasName":"alias/app","CreationDate":1.75E9,"LastUpdatedDate":{updated},"TargetKeyId":"{key}"}}],"Truncated":false}}"#,
            alias_arn("alias/app")
        )
    };
    assert_eq!(house.text(Op::CreateAlias, named("alias/app", &key)).await, "", "no output is an empty body");
    assert_eq!(house.text(Op::ListAliases, of_key.clone()).await, entry(&key, "1.75E9"));
    house.advance_days(1);
    assert_eq!(house.text(Op::UpdateAlias, named("alias/app", &arn(&other))).await, "");
    assert_eq!(house.text(Op::ListAliases, of_other.clone()).await, entry(&other, "1.7500864E9"));
    house.advance_days(1);
    house.ok(Op::UpdateAlias, named("alias/app", &other)).await;
    let same = entry(&other, "1.7501728E9");
    assert_eq!(house.text(Op::ListAliases, of_other.clone()).await, same, "to the key that it has: its date moves");
    assert_eq!(house.text(Op::ListAliases, of_key).await, empty, "it has left the first key");
    assert_eq!(house.text(Op::DeleteAlias, json!({ "AliasName": "alias/app" })).await, "");
    assert_eq!(house.text(Op::ListAliases, of_other).await, empty);
    let gone = house.call(Op::DeleteAlias, json!({ "AliasName": "alias/app" })).await;
    assert_eq!(gone, absent("alias/app"), "twice is once too often");
}

#[tokio::test]
async fn a_name_that_no_alias_can_have_is_refused_before_a_key_is_looked_for() {
    let house = House::new().await;
    let key = house.key().await;
    let invalid = |text: &str| refusal("ValidationException", text);
    let prefix = || {
        invalid(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )
    };
    let pattern = |name: &str| {
        invalid(&format!(
            "1 validation error detected: Value '{name}' at 'aliasName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"
        ))
    };
    let reserved = || refusal("NotAuthorizedException", "");
    let colon = |name: &str| invalid(&format!("{name} contains invalid characters for an alias"));
    let cases = [
        ("app", prefix()),
        ("Alias/app", prefix()),
        ("alias", prefix()),
        (&alias_arn("alias/app"), prefix()),
        ("alias/my:alias", colon("alias/my:alias")),
        ("alias/aws/s3", reserved()),
        ("alias/aws/", reserved()),
        ("alias/my-alias!", pattern("alias/my-alias!")),
        ("alias/my alias", pattern("alias/my alias")),
        ("alias/é", pattern("alias/é")),
    ];
    for (name, told) in cases {
        for target in [key.as_str(), NOBODY, "no key id", "alias/none"] {
            for op in [Op::CreateAlias, Op::UpdateAlias, Op::DeleteAlias] {
                assert_eq!(house.call(op, named(name, target)).await, told, "{op:?} {name} {target}");
            }
        }
    }
    let bytes = house.bytes(&caller(OWN, REGION), Op::CreateAlias, named("alias/aws/x", &key).to_string()).await;
    assert_eq!(
        bytes,
        Err(wire::Fault::silent("NotAuthorizedException")),
        "the reserved names are refused without a word"
    );
    let nameless = house.call(Op::CreateAlias, named("alias/", &key)).await;
    assert_eq!(nameless, refusal("InvalidAliasNameException", "The alias must have a name after alias/"));
    assert_eq!(house.call(Op::DeleteAlias, json!({ "AliasName": "alias/" })).await, absent("alias/"));
    assert_eq!(house.call(Op::UpdateAlias, named("alias/", &key)).await, absent("alias/"));

    let longest = format!("alias/{}", "x".repeat(250));
    let names = ["alias/my-alias_/", "alias/a", "alias/A", "alias/aws", "alias/aws-x", "alias/alias/aws/", &longest];
    for name in names {
        make(&house, name, &key).await;
        assert_eq!(leads_to(&house, name).await, key, "{name}");
    }
    let told = house.call(Op::CreateAlias, named(&format!("{longest}x"), &key)).await;
    assert_eq!(name_of(&told), "ValidationException");
    let mut sorted = names.map(str::to_owned);
    sorted.sort();
    let told: Vec<String> = listed(&house, json!({})).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(told, sorted, "and nothing of the rest was made");
}

#[tokio::test]
async fn what_an_alias_is_to_lead_to_is_a_key_of_the_same_world() {
    let house = House::new().await;
    let (key, theirs) = (house.key().await, house.key_of(&caller(STRANGER, REGION)).await);
    make(&house, "alias/app", &key).await;
    let elsewhere = format!("arn:aws:kms:eu-west-1:{OWN}:key/{key}");
    let denied = |op: Op| {
        let text = format!(
            "User: arn:aws:iam::{OWN}:root is not authorized to perform: kms:{} on this resource because the resource \
             does not exist in this Region, no resource-based policies allow access, or a resource-based policy \
             explicitly denies access",
            op.name()
        );
        refusal("AccessDeniedException", text)
    };
    for op in [Op::CreateAlias, Op::UpdateAlias] {
        let no_alias = || refusal("ValidationException", "Aliases must refer to keys. Not aliases");
        let not_found = |text: String| refusal("NotFoundException", text);
        for (target, told) in [
            ("alias/app", no_alias()),
            ("alias/none", no_alias()),
            (&alias_arn("alias/app"), no_alias()),
            (NOBODY, not_found(format!("Key '{}' does not exist", arn(NOBODY)))),
            ("no key id", not_found("Invalid keyId 'no key id'".into())),
            (&elsewhere, not_found("Invalid arn eu-west-1".into())),
            (&arn_of(STRANGER, &theirs), denied(op)),
            (&arn_of(STRANGER, NOBODY), denied(op)),
        ] {
            assert_eq!(house.call(op, named("alias/app", target)).await, told, "{op:?} {target}");
        }
    }
    let taken = format!("An alias with the name {} already exists", alias_arn("alias/app"));
    for target in [key.clone(), house.key().await] {
        let told = house.call(Op::CreateAlias, named("alias/app", &target)).await;
        assert_eq!(told, refusal("AlreadyExistsException", taken.clone()), "not even for the key that it has");
    }
    assert_eq!(house.call(Op::UpdateAlias, named("alias/none", &key)).await, absent("alias/none"));
    assert_eq!(listed(&house, json!({})).await, [("alias/app".to_owned(), key)]);
}

#[tokio::test]
async fn every_world_has_its_own_aliases() {
    let house = House::new().await;
    for (account, region) in [(OWN, REGION), (OWN, "eu-west-1"), (STRANGER, REGION)] {
        let there = caller(account, region);
        let key = house.key_of(&there).await;
        house.call_as(&there, Op::CreateAlias, named("alias/app", &key)).await.expect("it is free there");
        let told =
            house.call_as(&there, Op::DescribeKey, json!({ "KeyId": "alias/app" })).await.expect("it leads there");
        assert_eq!(text_at(&told, "/KeyMetadata/KeyId"), key);
        let told = house.call_as(&there, Op::ListAliases, json!({ "KeyId": key })).await.expect("a list");
        assert_eq!(told["AliasCount"], 1);
    }
}

#[tokio::test]
async fn an_alias_that_moves_leads_to_its_new_key_at_once() {
    let house = House::new().await;
    let (old, new) = (house.key().await, house.key().await);
    make(&house, "alias/app", &old).await;
    let before = house.encrypt("alias/app", "eA==").await;
    house.ok(Op::UpdateAlias, named("alias/app", &new)).await;
    let after = house.encrypt("alias/app", "eA==").await;
    for (blob, key) in [(&before, &old), (&after, &new)] {
        assert_eq!(house.ok(Op::Decrypt, json!({ "CiphertextBlob": blob })).await["KeyId"], arn(key));
    }
    let told = house.call(Op::Decrypt, json!({ "CiphertextBlob": before, "KeyId": "alias/app" })).await;
    assert_eq!(name_of(&told), "IncorrectKeyException", "what was sealed before names the old key");
}

#[tokio::test]
async fn aliases_are_made_for_all_keys_but_those_that_are_going_and_are_taken_from_all() {
    let house = House::new().await;
    let (key, off, doomed) = (house.key().await, house.disabled_key().await, house.key().await);
    let n = ["alias/0", "alias/1", "alias/2"];
    for (name, key) in n.iter().zip([&key, &off, &doomed]) {
        make(&house, name, key).await;
    }
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": doomed })).await;
    let pending = || refusal("KMSInvalidStateException", format!("{} is pending deletion.", arn(&doomed)));
    assert_eq!(house.call(Op::CreateAlias, named("alias/x", &doomed)).await, pending());
    for name in n {
        assert_eq!(house.call(Op::UpdateAlias, named(name, &doomed)).await, pending(), "{name}");
    }
    assert_eq!(leads_to(&house, "alias/2").await, doomed, "what it had it keeps");
    house.ok(Op::UpdateAlias, named("alias/2", &off)).await;
    assert_eq!(leads_to(&house, "alias/2").await, off, "away from a key that is going");
    house.ok(Op::CancelKeyDeletion, json!({ "KeyId": doomed })).await;
    house.ok(Op::UpdateAlias, named("alias/2", &doomed)).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": doomed })).await;
    for name in n {
        house.ok(Op::DeleteAlias, json!({ "AliasName": name })).await;
        assert_eq!(house.call(Op::DescribeKey, json!({ "KeyId": name })).await, absent(name));
    }
}

/// Keys of other kinds cannot be made here yet, so that one is written into the store.
#[tokio::test]
async fn an_alias_goes_only_between_keys_of_one_kind_and_one_use() {
    let house = House::new().await;
    let key = house.key().await;
    make(&house, "alias/app", &key).await;
    let record = house.row(&["k", OWN, REGION, &key]).await.expect("the key's record");
    let unlike = |what: &str, from: &str, to: &str| {
        let text = format!(
            "Alias alias/app cannot be changed from a CMK with {what} {from} to a CMK with {what} {to}. The {what} of \
             the current CMK and the new CMK must be the same."
        );
        refusal("ValidationException", text)
    };
    let kinds = [
        ("RSA_2048", "ENCRYPT_DECRYPT", "ASYMMETRIC"),
        ("RSA_2048", "SIGN_VERIFY", "ASYMMETRIC"),
        ("HMAC_256", "GENERATE_VERIFY_MAC", "HMAC"),
    ];
    for (n, (spec, usage, kind)) in kinds.into_iter().enumerate() {
        let id = format!("00000000-0000-4000-8000-{n:012}");
        let record = common::with(record.clone(), json!({ "key_id": id, "spec": spec, "usage": usage }));
        house.plant(&["k", OWN, REGION, &id], json!({ "v": 1, "r": record })).await;
        house.plant_policy(&id).await;
        let told = house.call(Op::UpdateAlias, named("alias/app", &id)).await;
        assert_eq!(told, unlike("key type", "SYMMETRIC", kind), "{spec} {usage}");
    }
    house.ok(Op::DeleteAlias, json!({ "AliasName": "alias/app" })).await;
    let [encrypts, signs] = [0, 1].map(|n| format!("00000000-0000-4000-8000-{n:012}"));
    make(&house, "alias/app", &signs).await;
    let told = house.call(Op::UpdateAlias, named("alias/app", &encrypts)).await;
    assert_eq!(told, unlike("key usage", "SIGN_VERIFY", "ENCRYPT_DECRYPT"));
    assert_eq!(leads_to(&house, "alias/app").await, signs, "nothing was changed");
}

#[tokio::test]
async fn a_key_has_fifty_aliases_and_not_one_more() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    for n in 0..50 {
        make(&house, &format!("alias/{n}"), &key).await;
    }
    make(&house, "alias/other", &other).await;
    assert_eq!(house.call(Op::CreateAlias, named("alias/50", &key)).await, full());
    assert_eq!(house.call(Op::UpdateAlias, named("alias/other", &key)).await, full());
    assert_eq!(leads_to(&house, "alias/other").await, other, "nothing was changed");
    house.ok(Op::UpdateAlias, named("alias/7", &key)).await;
    house.ok(Op::UpdateAlias, named("alias/7", &other)).await;
    make(&house, "alias/50", &key).await;
    assert_eq!(house.call(Op::UpdateAlias, named("alias/7", &key)).await, full());
    house.ok(Op::DeleteAlias, json!({ "AliasName": "alias/8" })).await;
    house.ok(Op::UpdateAlias, named("alias/7", &key)).await;
    assert_eq!(house.call(Op::CreateAlias, named("alias/8", &key)).await, full());
    assert_eq!(listed(&house, json!({ "KeyId": key })).await.len(), 50);
}

/// A house whose commits can be held back.
async fn held() -> (Arc<House>, Arc<Held>) {
    let mut held = None;
    let house = House::with(Mode::Serve, |store| held.insert(Held::new(store)).clone()).await;
    (Arc::new(house), held.expect("an engine that can be held"))
}

#[tokio::test]
async fn of_a_hundred_clients_that_name_one_key_at_once_exactly_fifty_succeed() {
    let (house, held) = held().await;
    let key = house.key().await;
    held.hold();
    let clients: Vec<_> = (0..100)
        .map(|n| {
            let (house, key) = (house.clone(), key.clone());
            tokio::spawn(async move { house.call(Op::CreateAlias, named(&format!("alias/{n:02}"), &key)).await })
        })
        .collect();
    // Each has seen a key without aliases.
    held.waiting(100).await;
    held.release();
    let mut made = 0;
    for client in clients {
        match client.await.expect("a client") {
            Ok(_) => made += 1,
            told => assert_eq!(told, full()),
        }
    }
    assert_eq!(made, 50);
    assert_eq!(listed(&house, json!({})).await.len(), 50);
    assert_eq!(listed(&house, json!({ "KeyId": key })).await, listed(&house, json!({})).await);
}

#[tokio::test]
async fn of_many_clients_that_want_one_name_exactly_one_gets_it_and_moves_lose_nothing() {
    let (house, held) = held().await;
    let mut keys = Vec::new();
    for _ in 0..8 {
        keys.push(house.key().await);
    }
    let all = |op: Op, name: fn(usize) -> String| {
        let clients = (0..40).map(|n| {
            let (house, key) = (house.clone(), keys[n % keys.len()].clone());
            tokio::spawn(async move { house.call(op, named(&name(n), &key)).await })
        });
        clients.collect::<Vec<_>>()
    };
    held.hold();
    let clients = all(Op::CreateAlias, |_| "alias/app".into());
    held.waiting(40).await;
    held.release();
    let mut made = 0;
    for client in clients {
        let told = client.await.expect("a client");
        made += usize::from(told.is_ok());
        assert!(told.is_ok() || name_of(&told) == "AlreadyExistsException", "{told:?}");
    }
    assert_eq!(made, 1);
    for n in 0..4 {
        make(&house, &format!("alias/{n}"), &keys[0]).await;
    }
    for client in all(Op::UpdateAlias, |n| format!("alias/{}", n % 4)) {
        client.await.expect("a client").expect("every move succeeds");
    }
    let names = listed(&house, json!({})).await;
    assert_eq!(names.len(), 5);
    let mut by_key = Vec::new();
    for key in &keys {
        by_key.extend(listed(&house, json!({ "KeyId": key })).await);
    }
    by_key.sort();
    assert_eq!(by_key, names, "the keys' lists and the aliases tell the same");
}

#[tokio::test]
async fn an_alias_is_gone_with_its_key_and_its_name_is_free_before_anything_is_swept() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, other) = (house.key().await, house.key().await);
    for name in ["alias/a", "alias/b", "alias/c"] {
        make(&house, name, &key).await;
    }
    make(&house, "alias/d", &other).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    assert_eq!(listed(&house, json!({})).await.len(), 4, "until then they are there");
    house.advance_days(7);
    assert_eq!(listed(&house, json!({})).await, [("alias/d".to_owned(), other.clone())]);
    let told = house.call(Op::ListAliases, json!({ "KeyId": key })).await;
    assert_eq!(told, refusal("NotFoundException", format!("Key '{}' does not exist", arn(&key))));
    for (op, body) in [
        (Op::DescribeKey, json!({ "KeyId": "alias/a" })),
        (Op::Encrypt, json!({ "KeyId": "alias/a", "Plaintext": "eA==" })),
        (Op::UpdateAlias, named("alias/a", &other)),
        (Op::DeleteAlias, json!({ "AliasName": "alias/a" })),
    ] {
        assert_eq!(house.call(op, body).await, absent("alias/a"), "{op:?}");
    }
    make(&house, "alias/b", &other).await;
    let list = ["x", OWN, REGION, &key, "aliases"];
    let names = house.row(&list).await.expect("the list of the key that is gone");
    assert_eq!(names["names"], json!(["alias/a", "alias/c"]), "what it does not lead to any more is not on its list");
    // Were it on the list all the same, the sweep would see where it leads.
    house.plant(&list, json!({ "v": 1, "r": { "names": ["alias/a", "alias/b", "alias/c", "alias/none"] } })).await;
    house.turn(MINUTE).await;
    assert_eq!(house.ids().await, std::slice::from_ref(&other));
    let left = [("alias/b".to_owned(), other.clone()), ("alias/d".to_owned(), other.clone())];
    assert_eq!(listed(&house, json!({})).await, left, "the sweep takes no name that leads elsewhere by now");
    assert_eq!(house.rows(b"a\0").await.len(), 2, "and what was swept is gone from the store");
    let rows = house.everything().await;
    assert!(!rows.keys().any(|name| name.contains(&key)), "{:?}", rows.keys());
    make(&house, "alias/a", &other).await;
}

#[tokio::test]
async fn a_key_with_more_aliases_than_a_commit_can_take_is_swept_whole() {
    let house = House::with(Mode::Dev, |store| store).await;
    let house = house.again_with(Quotas { aliases_per_key: 1000, ..Quotas::default() }).await;
    let (key, other) = (house.key().await, house.key().await);
    // The longest names there are: all have to fit a row.
    let name = |n: usize| format!("alias/{n:0>250}");
    for n in 0..200 {
        make(&house, &name(n), &key).await;
    }
    assert_eq!(house.call(Op::CreateAlias, named(&name(200), &key)).await, full(), "no row holds more");
    make(&house, "alias/other", &other).await;
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": key, "PendingWindowInDays": 7 })).await;
    house.advance_days(7);
    house.turn(MINUTE).await;
    assert_eq!(house.ids().await, [other]);
    assert_eq!(house.rows(b"a\0").await.len(), 1);
    assert!(!house.everything().await.keys().any(|name| name.contains(&key)));
    assert_eq!(house.count("DeleteKey"), 1);
}

#[tokio::test]
async fn a_lowered_quota_takes_nothing_away_and_lets_nothing_in() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    for n in 0..3 {
        make(&house, &format!("alias/{n}"), &key).await;
    }
    let house = house.again_with(Quotas { aliases_per_key: 2, ..Quotas::default() }).await;
    assert_eq!(house.call(Op::CreateAlias, named("alias/3", &key)).await, full());
    house.ok(Op::UpdateAlias, named("alias/0", &key)).await;
    house.ok(Op::DeleteAlias, json!({ "AliasName": "alias/0" })).await;
    assert_eq!(house.call(Op::CreateAlias, named("alias/3", &key)).await, full());
    house.ok(Op::UpdateAlias, named("alias/1", &other)).await;
    make(&house, "alias/3", &key).await;
}

#[tokio::test]
async fn aliases_are_listed_whole_and_by_name_whatever_the_page() {
    let house = House::with(Mode::Dev, |store| store).await;
    let house = house.again_with(Quotas { aliases_per_key: 200, ..Quotas::default() }).await;
    let (key, other) = (house.key().await, house.key().await);
    let mut names = BTreeMap::new();
    for n in 0..130 {
        let target = if n % 4 == 0 { &other } else { &key };
        let name = format!("alias/{:03}", n * 7 % 130);
        make(&house, &name, target).await;
        names.insert(name, target.clone());
    }
    let all: Vec<_> = names.clone().into_iter().collect();
    let keys: Vec<_> = names.into_iter().filter(|(_, target)| *target == key).collect();
    for limit in [1, 7, 97, 98, 99, 100, 101, 1000] {
        assert_eq!(listed(&house, json!({ "Limit": limit })).await, all, "Limit {limit}");
        assert_eq!(listed(&house, json!({ "Limit": limit, "KeyId": key })).await, keys, "Limit {limit}");
    }
    for (body, told) in [
        (json!({}), 50),
        (json!({ "KeyId": key }), 50),
        (json!({ "Limit": 99 }), 99),
        (json!({ "Limit": 1000 }), 100),
        (json!({ "Limit": 500, "KeyId": arn(&key) }), 97),
    ] {
        assert_eq!(house.ok(Op::ListAliases, body.clone()).await["AliasCount"], told, "{body}");
    }
    for limit in [0, 1001] {
        assert_eq!(name_of(&house.call(Op::ListAliases, json!({ "Limit": limit })).await), "ValidationException");
    }
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_paged_tells_whoever_was_always_there_exactly_once() {
    let house = House::with(Mode::Dev, |store| store).await;
    let (key, other, doomed) = (house.key().await, house.key().await, house.key().await);
    for n in 0..40 {
        make(&house, &format!("alias/{n:02}"), if n % 4 == 0 { &doomed } else { &key }).await;
    }
    house.ok(Op::ScheduleKeyDeletion, json!({ "KeyId": doomed, "PendingWindowInDays": 7 })).await;
    let (mut told, mut body) = (Vec::new(), json!({ "Limit": 6 }));
    for step in 0.. {
        let page = house.ok(Op::ListAliases, body).await;
        let entries = page["Aliases"].as_array().expect("a list");
        told.extend(entries.iter().map(|entry| text_at(entry, "/AliasName")));
        let Some(marker) = page.get("NextMarker") else { break };
        body = json!({ "Limit": 6, "Marker": marker });
        // The last of the page goes, one before it comes, one far behind it moves, and a key takes its aliases along.
        let last = told.last().expect("an alias").clone();
        if !last.ends_with('5') && !last.starts_with("alias/aws/") {
            house.ok(Op::DeleteAlias, json!({ "AliasName": last })).await;
            make(&house, &format!("{last}-again"), &key).await;
        }
        make(&house, &format!("alias/-{step}"), &key).await;
        house.ok(Op::UpdateAlias, named("alias/35", &other)).await;
        if step == 2 {
            house.advance_days(7);
            house.turn(MINUTE).await;
        }
    }
    let mut once = told.clone();
    once.dedup();
    assert_eq!(once, told, "in order, and nobody twice: {told:?}");
    let stayed = (0..40).filter(|n| n % 4 != 0).map(|n| format!("alias/{n:02}"));
    for name in stayed {
        assert!(told.contains(&name), "{name} was always there or was told before it went: {told:?}");
    }
}

#[tokio::test]
async fn a_marker_is_good_for_its_own_list_of_aliases_only() {
    let house = House::new().await;
    let (key, other) = (house.key().await, house.key().await);
    for n in 0..3 {
        make(&house, &format!("alias/{n}"), &key).await;
    }
    let bad = refusal("InvalidMarkerException", "The marker is not valid.");
    let all = house.ok(Op::ListAliases, json!({ "Limit": 1 })).await["NextMarker"].clone();
    let keys = house.ok(Op::ListAliases, json!({ "Limit": 1, "KeyId": key })).await["NextMarker"].clone();
    let by_arn = house.ok(Op::ListAliases, json!({ "Marker": keys, "KeyId": arn(&key) })).await;
    assert_eq!(by_arn["AliasCount"], 2, "an id and an ARN name the same list");
    for body in [
        json!({ "Marker": all, "KeyId": key }),
        json!({ "Marker": keys }),
        json!({ "Marker": keys, "KeyId": other }),
        json!({ "Marker": "x" }),
        json!({ "Marker": "alias/1" }),
        json!({ "Marker": "\u{ff}".repeat(1024) }),
    ] {
        assert_eq!(house.call(Op::ListAliases, body.clone()).await, bad, "{body}");
    }
    assert_eq!(house.call(Op::ListKeys, json!({ "Marker": all })).await, bad);
    let elsewhere = caller(OWN, "eu-west-1");
    assert_eq!(house.call_as(&elsewhere, Op::ListAliases, json!({ "Marker": all })).await, bad);
}
