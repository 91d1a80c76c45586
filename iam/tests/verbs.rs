//! What the verbs do, as claims: what they answer, what they refuse, and in which words.

mod common;

use std::collections::BTreeMap;

use common::{ALLOW, House, OTHER, OWN, STRANGE, block_on, trusting};
use iam::record::{AccessKey, Account, Holder, Owner, Role, User};
use iam::verb::{Asked, Speaker, Verb, subject};
use iam::{Refusal, rows};
use serde_json::{Value, json};

use Verb::*;

fn ok(house: &House, verb: Verb, body: Value) -> Value {
    house.ask(OWN, verb, body.clone()).unwrap_or_else(|refusal| panic!("{} {body}: {refusal}", verb.name()))
}

/// A house with the user ann, who has a policy and an access key, and the role ops, which trusts her.
fn furnished() -> (House, String) {
    let house = House::new(1);
    ok(&house, CreateUser, json!({ "UserName": "ann", "Path": "/eng/", "Tags": [{ "Key": "Team", "Value": "a" }] }));
    ok(&house, PutUserPolicy, json!({ "UserName": "ann", "PolicyName": "use-keys", "PolicyDocument": ALLOW }));
    let key = ok(&house, CreateAccessKey, json!({ "UserName": "ann" }));
    let trust = trusting("arn:aws:iam::111122223333:user/eng/ann");
    ok(&house, CreateRole, json!({ "RoleName": "ops", "AssumeRolePolicyDocument": trust }));
    ok(&house, PutRolePolicy, json!({ "RoleName": "ops", "PolicyName": "p", "PolicyDocument": ALLOW }));
    (house, key["AccessKey"]["AccessKeyId"].as_str().expect("an id").to_owned())
}

#[test]
fn verbs_have_their_names_and_actions() {
    for verb in Verb::ALL {
        assert_eq!(Verb::parse(verb.name()), Some(verb));
        let (service, action) = verb.action().split_once(':').expect("a service");
        assert_eq!(action, verb.name());
        assert_eq!(service == "organizations", verb.name().contains("Account"), "{action}");
        assert_eq!(verb.is_read_only(), action.starts_with("Get") || action.starts_with("List"), "{action}");
    }
    assert_eq!(Verb::parse("createuser"), None);
}

#[test]
fn a_user_is_answered_as_iam_answers_it() {
    let (house, _) = furnished();
    let id = house.get::<User>(rows::user(OWN, "ann")).expect("ann").id.clone();
    let user = json!({
        "Path": "/eng/",
        "UserName": "ann",
        "UserId": id,
        "Arn": "arn:aws:iam::111122223333:user/eng/ann",
        "CreateDate": "2023-11-14T22:13:20Z",
        "Tags": [{ "Key": "Team", "Value": "a" }],
    });
    assert_eq!(ok(&house, GetUser, json!({ "UserName": "ann" })), json!({ "User": user }));
    assert_eq!(ok(&house, ListUserTags, json!({ "UserName": "ann" }))["Tags"], user["Tags"]);
    let policy = json!({ "UserName": "ann", "PolicyName": "use-keys" });
    assert_eq!(
        ok(&house, GetUserPolicy, policy),
        json!({ "UserName": "ann", "PolicyName": "use-keys", "PolicyDocument": ALLOW })
    );
    assert_eq!(
        ok(&house, ListUserPolicies, json!({ "UserName": "ann" })),
        json!({ "PolicyNames": ["use-keys"], "IsTruncated": false })
    );
}

#[test]
fn a_role_is_answered_as_iam_answers_it() {
    let (house, _) = furnished();
    let answer = ok(&house, GetRole, json!({ "RoleName": "ops" }));
    let role = &answer["Role"];
    assert_eq!(role["Arn"], "arn:aws:iam::111122223333:role/ops");
    assert_eq!(role["MaxSessionDuration"], 3600);
    assert_eq!(role["AssumeRolePolicyDocument"], trusting("arn:aws:iam::111122223333:user/eng/ann"));
    assert_eq!(role["Description"], Value::Null);
    ok(&house, UpdateRole, json!({ "RoleName": "ops", "Description": "operators", "MaxSessionDuration": 7200 }));
    let answer = ok(&house, GetRole, json!({ "RoleName": "ops" }));
    assert_eq!(
        (&answer["Role"]["Description"], &answer["Role"]["MaxSessionDuration"]),
        (&json!("operators"), &json!(7200))
    );
    ok(&house, UpdateRole, json!({ "RoleName": "ops" }));
    assert_eq!(ok(&house, GetRole, json!({ "RoleName": "ops" })), answer, "an update of nothing changes nothing");
}

#[test]
fn a_new_access_key_tells_its_secret_once() {
    let (house, id) = furnished();
    let answer = ok(&house, CreateAccessKey, json!({ "UserName": "ann" }));
    let key = &answer["AccessKey"];
    let second = key["AccessKeyId"].as_str().expect("an id");
    assert_eq!((&key["UserName"], &key["Status"]), (&json!("ann"), &json!("Active")));
    assert_eq!(key["SecretAccessKey"].as_str().map(str::as_bytes), house.secret(second).as_deref());
    let list = ok(&house, ListAccessKeys, json!({ "UserName": "ann" }));
    let listed = list["AccessKeyMetadata"].as_array().expect("a list");
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|key| key.get("SecretAccessKey").is_none()), "{list}");
    assert!(listed.iter().any(|key| key["AccessKeyId"] == json!(id)), "{list}");
}

#[test]
fn what_is_recorded_of_a_call_has_no_secret() {
    let (house, _) = furnished();
    let body = json!({ "UserName": "ann", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "s".repeat(40) });
    let asked = Asked::parse(CreateAccessKey, body.to_string().as_bytes(), Speaker::Root).expect("it is asked");
    assert_eq!(asked.recorded(), &json!({ "userName": "ann", "accessKeyId": "AKIAIOSFODNN7EXAMPLE" }));
    let answer = house.run(&asked, OWN).expect("it is answered");
    assert_eq!(
        answer.recorded(),
        json!({ "AccessKey": {
            "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "UserName": "ann",
            "Status": "Active",
            "CreateDate": "2023-11-14T22:13:25Z",
        } })
    );
    let body = json!({ "UserName": "ann", "PolicyName": "p", "PolicyDocument": ALLOW });
    let asked = Asked::parse(PutUserPolicy, body.to_string().as_bytes(), Speaker::Root).expect("it is asked");
    assert_eq!(asked.recorded(), &json!({ "userName": "ann", "policyName": "p", "policyDocument": ALLOW }));
}

#[test]
fn rotation_is_a_second_key_then_the_first_inactive_then_gone() {
    let (house, first) = furnished();
    let second = ok(&house, CreateAccessKey, json!({ "UserName": "ann" }))["AccessKey"]["AccessKeyId"].clone();
    ok(&house, UpdateAccessKey, json!({ "UserName": "ann", "AccessKeyId": first, "Status": "Inactive" }));
    let record = house.get::<AccessKey>(rows::access_key(&first)).expect("the first");
    let user = house.get::<User>(rows::user(OWN, "ann")).expect("ann");
    assert!(!record.active && !user.access_keys[&first].active, "both rows say so");
    ok(&house, DeleteAccessKey, json!({ "UserName": "ann", "AccessKeyId": first }));
    assert!(house.get::<AccessKey>(rows::access_key(&first)).is_none());
    let list = ok(&house, ListAccessKeys, json!({ "UserName": "ann" }));
    assert_eq!(list["AccessKeyMetadata"].as_array().expect("a list").len(), 1);
    assert_eq!(list["AccessKeyMetadata"][0]["AccessKeyId"], second);
}

#[test]
fn an_access_key_is_whoever_it_was_made_for() {
    let (house, id) = furnished();
    let user = house.get::<User>(rows::user(OWN, "ann")).expect("ann");
    let key = house.get::<AccessKey>(rows::access_key(&id)).expect("a key");
    assert_eq!(key.owner, Owner::User { name: "ann".to_owned(), id: user.id.clone() });
    assert_eq!(key.account, OWN);
}

#[test]
fn who_names_no_user_means_themselves() {
    let (house, id) = furnished();
    let list = |speaker| house.ask_as(speaker, OWN, ListAccessKeys, json!({}));
    assert_eq!(list(Speaker::User("ann")).expect("ann's")["AccessKeyMetadata"][0]["AccessKeyId"], json!(id));
    assert_eq!(list(Speaker::Root).expect("the root's")["AccessKeyMetadata"], json!([]));
    let refusal = list(Speaker::Session).expect_err("nobody's");
    assert_eq!(refusal.message, "Must specify userName when calling with non-User credentials");

    let root = ok(&house, CreateAccessKey, json!({}));
    let root = root["AccessKey"]["AccessKeyId"].as_str().expect("an id");
    assert_eq!(house.get::<AccessKey>(rows::access_key(root)).expect("a key").owner, Owner::Root);
    assert!(house.get::<Account>(rows::account(OWN)).expect("the account").access_keys.contains_key(root));
    ok(&house, UpdateAccessKey, json!({ "AccessKeyId": root, "Status": "Inactive" }));
    ok(&house, DeleteAccessKey, json!({ "AccessKeyId": root }));
    assert!(house.get::<Account>(rows::account(OWN)).expect("the account").access_keys.is_empty());

    let user = house.ask_as(Speaker::User("ann"), OWN, GetUser, json!({})).expect("ann");
    assert_eq!(user["User"]["UserName"], "ann");
    let user = ok(&house, GetUser, json!({}));
    assert_eq!(user["User"]["Arn"], "arn:aws:iam::111122223333:root");
    assert_eq!(user["User"]["UserId"], OWN);
}

#[test]
fn an_access_key_belongs_to_one_user_and_no_other() {
    let (house, id) = furnished();
    ok(&house, CreateUser, json!({ "UserName": "bob" }));
    house.ask(OTHER, CreateUser, json!({ "UserName": "ann" })).expect("another ann");
    let before = house.rows();
    let of = |user: Value| {
        let mut members = json!({ "AccessKeyId": id });
        if !user.is_null() {
            members["UserName"] = user;
        }
        members
    };
    for (account, user) in [(OWN, json!("bob")), (OWN, Value::Null), (OTHER, json!("ann")), (OTHER, Value::Null)] {
        let mut update = of(user.clone());
        update["Status"] = json!("Inactive");
        for (verb, body) in [(DeleteAccessKey, of(user.clone())), (UpdateAccessKey, update)] {
            let refusal = house.ask(account, verb, body).expect_err("it is not theirs");
            assert_eq!(refusal.message, format!("The Access Key with id {id} cannot be found."), "{account} {user}");
        }
    }
    assert_eq!(house.rows(), before);
}

#[test]
fn an_access_key_that_its_owner_does_not_list_cannot_be_changed() {
    let house = House::new(1);
    let key = AccessKey {
        account: OWN.to_owned(),
        owner: Owner::Root,
        secret: crypto::SecretBytes::from(vec![b'x'; 40]),
        created: 0,
        active: true,
    };
    house.put(rows::access_key("AKIAIOSFODNN7EXAMPLE"), &key);
    let before = house.rows();
    let body = json!({ "AccessKeyId": "AKIAIOSFODNN7EXAMPLE" });
    assert_eq!(house.ask(OWN, DeleteAccessKey, body).expect_err("it is not listed").name, "NoSuchEntity");
    let body = json!({ "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Inactive" });
    assert_eq!(house.ask(OWN, UpdateAccessKey, body).expect_err("it is not listed").name, "NoSuchEntity");
    assert_eq!(house.rows(), before);
}

#[test]
fn a_user_who_comes_again_is_somebody_else() {
    let (house, key) = furnished();
    let id = |house: &House| house.get::<User>(rows::user(OWN, "ann")).expect("ann").id.clone();
    let first = id(&house);
    ok(&house, DeleteAccessKey, json!({ "UserName": "ann", "AccessKeyId": key }));
    ok(&house, DeleteUserPolicy, json!({ "UserName": "ann", "PolicyName": "use-keys" }));
    ok(&house, DeleteUser, json!({ "UserName": "ann" }));
    assert!(house.get::<User>(rows::user(OWN, "ann")).is_none());
    ok(&house, CreateUser, json!({ "UserName": "ann", "Path": "/eng/" }));
    assert_ne!(id(&house), first);
    let holder = house.get::<Holder>(rows::by_id(OWN, &first));
    assert_eq!(holder.as_deref(), Some(&Holder::User { name: "ann".to_owned() }), "the id stays given");
    let user = house.get::<User>(rows::user(OWN, "ann")).expect("ann");
    assert!(user.policies.is_empty() && user.access_keys.is_empty() && user.tags.is_empty());

    // The role trusted the first ann, and still means her alone.
    let role = house.get::<Role>(rows::role(OWN, "ops")).expect("ops");
    let arn = "arn:aws:iam::111122223333:user/eng/ann";
    assert_eq!(role.trust.pins(), &BTreeMap::from([(arn.to_owned(), first.clone())]));
    ok(&house, UpdateAssumeRolePolicy, json!({ "RoleName": "ops", "PolicyDocument": trusting(arn) }));
    let role = house.get::<Role>(rows::role(OWN, "ops")).expect("ops");
    assert_eq!(role.trust.pins(), &BTreeMap::from([(arn.to_owned(), id(&house))]));
}

#[test]
fn a_trust_policy_shows_the_id_of_who_is_no_more() {
    let (house, key) = furnished();
    let id = house.get::<User>(rows::user(OWN, "ann")).expect("ann").id.clone();
    ok(&house, DeleteAccessKey, json!({ "UserName": "ann", "AccessKeyId": key }));
    ok(&house, DeleteUserPolicy, json!({ "UserName": "ann", "PolicyName": "use-keys" }));
    ok(&house, DeleteUser, json!({ "UserName": "ann" }));
    for again in [false, true] {
        if again {
            ok(&house, CreateUser, json!({ "UserName": "ann", "Path": "/eng/" }));
        }
        let role = ok(&house, GetRole, json!({ "RoleName": "ops" }));
        let trust = role["Role"]["AssumeRolePolicyDocument"].as_str().expect("a policy").to_owned();
        assert!(trust.contains(&format!("\"{id}\"")) && !trust.contains("user/eng/ann"), "{trust}");
    }
}

#[test]
fn principals_of_accounts_held_here_must_be_there() {
    let (house, _) = furnished();
    house.ask(OTHER, CreateUser, json!({ "UserName": "Zoe" })).expect("zoe");
    let id = house.get::<User>(rows::user(OWN, "ann")).expect("ann").id.clone();
    let zoe = house.get::<User>(rows::user(OTHER, "zoe")).expect("zoe").id.clone();
    let ops = house.get::<Role>(rows::role(OWN, "ops")).expect("ops").id.clone();
    let cases = [
        ("111122223333".to_owned(), Ok(None)),
        (format!("arn:aws:iam::{OWN}:root"), Ok(None)),
        (format!("arn:aws:iam::{STRANGE}:root"), Ok(None)),
        (format!("arn:aws:iam::{STRANGE}:user/any"), Ok(None)),
        (format!("arn:aws:iam::{OWN}:user/eng/ann"), Ok(Some(&id))),
        (format!("arn:aws:iam::{OWN}:user/ann"), Err(())),
        (format!("arn:aws:iam::{OWN}:user/eng/Ann"), Err(())),
        (format!("arn:aws:iam::{OWN}:user/eng/bob"), Err(())),
        (format!("arn:aws:iam::{OTHER}:user/Zoe"), Ok(Some(&zoe))),
        (format!("arn:aws:iam::{OTHER}:user/eng/ann"), Err(())),
        (format!("arn:aws:iam::{OWN}:role/ops"), Ok(Some(&ops))),
        (format!("arn:aws:iam::{OWN}:role/none"), Err(())),
        (format!("arn:aws:sts::{OWN}:assumed-role/ops/session"), Ok(Some(&ops))),
        (format!("arn:aws:sts::{OWN}:assumed-role/none/session"), Err(())),
        (id.clone(), Ok(None)),
        (zoe.clone(), Err(())),
        ("AIDACKCEVSQ6C2EXAMPLE".to_owned(), Err(())),
    ];
    for (principal, expected) in cases {
        let before = house.rows();
        let body = json!({ "RoleName": "new", "AssumeRolePolicyDocument": trusting(&principal) });
        match (house.ask(OWN, CreateRole, body), expected) {
            (Ok(_), Ok(pin)) => {
                let role = house.get::<Role>(rows::role(OWN, "new")).expect("new");
                assert_eq!(role.trust.pins().get(&principal), pin, "{principal}");
                ok(&house, DeleteRole, json!({ "RoleName": "new" }));
            }
            (Err(refusal), Err(())) => {
                assert_eq!(refusal.name, "MalformedPolicyDocument", "{principal}");
                assert_eq!(refusal.message, format!("Invalid principal in policy: \"AWS\":\"{principal}\""));
                assert_eq!(house.rows(), before, "{principal}");
            }
            (answer, _) => panic!("{principal}: {answer:?}"),
        }
    }
}

#[test]
fn a_deleted_user_is_no_principal_even_by_its_id() {
    let house = House::new(1);
    let id = ok(&house, CreateUser, json!({ "UserName": "ann" }))["User"]["UserId"].as_str().expect("an id").to_owned();
    ok(&house, DeleteUser, json!({ "UserName": "ann" }));
    for again in [false, true] {
        if again {
            ok(&house, CreateUser, json!({ "UserName": "ann" }));
        }
        let body = json!({ "RoleName": "r", "AssumeRolePolicyDocument": trusting(&id) });
        assert_eq!(house.ask(OWN, CreateRole, body).expect_err("she is gone").name, "MalformedPolicyDocument");
    }
}

#[test]
fn accounts_are_made_from_the_managing_one_alone() {
    let house = House::new(1);
    let answer = ok(&house, CreateAccount, json!({ "AccountId": STRANGE, "AccountName": "new" }));
    assert_eq!((&answer["Account"]["Id"], &answer["Account"]["Name"]), (&json!(STRANGE), &json!("new")));
    let id = answer["AccessKey"]["AccessKeyId"].as_str().expect("an id");
    assert_eq!(answer["AccessKey"]["SecretAccessKey"].as_str().map(str::as_bytes), house.secret(id).as_deref());
    let key = house.get::<AccessKey>(rows::access_key(id)).expect("a key");
    assert_eq!((key.account.as_str(), &key.owner), (STRANGE, &Owner::Root));
    let account = house.get::<Account>(rows::account(STRANGE)).expect("an account");
    assert!(!account.management && account.access_keys.contains_key(id));
    let list = ok(&house, ListAccounts, json!({}));
    let ids: Vec<&Value> = list["Accounts"].as_array().expect("a list").iter().map(|account| &account["Id"]).collect();
    assert_eq!(ids, [OWN, OTHER, STRANGE]);

    for (account, body) in [(OTHER, json!({})), (STRANGE, json!({ "AccountId": "999900001111" }))] {
        assert_eq!(house.ask(account, CreateAccount, body).expect_err("it does not manage").name, "AccessDenied");
        assert_eq!(house.ask(account, ListAccounts, json!({})).expect_err("it does not manage").name, "AccessDenied");
    }
    let refusal = house.ask(OWN, CreateAccount, json!({ "AccountId": OTHER })).expect_err("it is there");
    assert_eq!((refusal.name, refusal.status), ("EntityAlreadyExists", 409));

    let none = ok(&house, CreateAccount, json!({ "AccountId": "999900001111", "RootAccessKey": false }));
    assert_eq!(none.get("AccessKey"), None);
    let drawn = ok(&house, CreateAccount, json!({}))["Account"]["Id"].as_str().expect("an id").to_owned();
    assert!(drawn.len() == 12 && drawn.bytes().all(|byte| byte.is_ascii_digit()), "{drawn}");
}

#[test]
fn an_access_key_can_be_given_once() {
    let (house, _) = furnished();
    let given = json!({
        "UserName": "ann",
        "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    });
    let answer = ok(&house, CreateAccessKey, given.clone());
    assert_eq!(answer["AccessKey"]["AccessKeyId"], "AKIAIOSFODNN7EXAMPLE");
    assert_eq!(house.secret("AKIAIOSFODNN7EXAMPLE").as_deref(), Some(&b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"[..]));
    house.ask(OTHER, CreateUser, json!({ "UserName": "ann" })).expect("another ann");
    let refused = |house: &House| {
        let refusal = house.ask(OTHER, CreateAccessKey, given.clone()).expect_err("it was given");
        assert_eq!(refusal.message, "Access Key with id AKIAIOSFODNN7EXAMPLE already exists.");
    };
    refused(&house);
    ok(&house, DeleteAccessKey, json!({ "UserName": "ann", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE" }));
    refused(&house);
}

#[test]
fn tags_differ_by_more_than_the_case_of_their_keys() {
    let (house, _) = furnished();
    let tag = |key: &str, value: &str| json!({ "UserName": "ann", "Tags": [{ "Key": key, "Value": value }] });
    ok(&house, TagUser, tag("TEAM", "b"));
    ok(&house, TagUser, tag("Cost", ""));
    let tags = || ok(&house, ListUserTags, json!({ "UserName": "ann" }))["Tags"].clone();
    assert_eq!(tags(), json!([{ "Key": "Cost", "Value": "" }, { "Key": "TEAM", "Value": "b" }]));
    ok(&house, UntagUser, json!({ "UserName": "ann", "TagKeys": ["team", "none"] }));
    assert_eq!(tags(), json!([{ "Key": "Cost", "Value": "" }]));
    for at in 0..49 {
        ok(&house, TagUser, tag(&format!("k{at}"), "v"));
    }
    let refusal = house.ask(OWN, TagUser, tag("one more", "v")).expect_err("they are fifty");
    assert_eq!(refusal.message, "Cannot exceed quota for TagsPerUser: 50");
    ok(&house, TagUser, tag("K0", "another value of the same"));
}

#[test]
fn lists_come_in_pages_that_hold_everything_once() {
    let house = House::new(1);
    let mut names: Vec<String> = (0..7).map(|at| format!("{}{at}", if at % 2 == 0 { "u" } else { "U" })).collect();
    for name in &names {
        ok(&house, CreateUser, json!({ "UserName": name, "Path": if name.ends_with('3') { "/x/" } else { "/" } }));
    }
    house.ask(OTHER, CreateUser, json!({ "UserName": "u9" })).expect("another account's");
    names.sort_by_key(|name| name.to_lowercase());
    for size in 1..=8 {
        let (mut seen, mut marker) = (Vec::new(), None);
        loop {
            let mut body = json!({ "MaxItems": size });
            if let Some(marker) = marker.take() {
                body["Marker"] = marker;
            }
            let page = ok(&house, ListUsers, body);
            let users = page["Users"].as_array().expect("a list");
            assert!(users.len() <= size && !users.is_empty());
            seen.extend(users.iter().map(|user| user["UserName"].as_str().expect("a name").to_owned()));
            assert_eq!(page["IsTruncated"] == true, page.get("Marker").is_some());
            match page.get("Marker") {
                Some(next) => marker = Some(next.clone()),
                None => break,
            }
        }
        assert_eq!(seen, names, "pages of {size}");
    }
    let page = ok(&house, ListUsers, json!({ "PathPrefix": "/x" }));
    assert_eq!(page["Users"].as_array().expect("a list").len(), 1);
    let tags: Vec<Value> = (0..5).map(|at| json!({ "Key": format!("k{at}"), "Value": "" })).collect();
    ok(&house, TagUser, json!({ "UserName": "u0", "Tags": tags }));
    let page = ok(&house, ListUserTags, json!({ "UserName": "u0", "MaxItems": 2, "Marker": "k1" }));
    assert_eq!(page["Tags"], json!([{ "Key": "k2", "Value": "" }, { "Key": "k3", "Value": "" }]));
    assert_eq!((&page["IsTruncated"], &page["Marker"]), (&json!(true), &json!("k3")));
}

#[test]
fn what_is_asked_about_is_called_by_its_arn_and_tags() {
    let (house, _) = furnished();
    let cases = [
        (CreateAccount, json!({}), "*"),
        (ListAccounts, json!({}), "*"),
        (CreateUser, json!({ "UserName": "bob", "Path": "/a/" }), "arn:aws:iam::111122223333:user/a/bob"),
        (GetUser, json!({ "UserName": "ann" }), "arn:aws:iam::111122223333:user/eng/ann"),
        (GetUser, json!({ "UserName": "nobody" }), "arn:aws:iam::111122223333:user/nobody"),
        (GetUser, json!({}), "arn:aws:iam::111122223333:root"),
        (ListUsers, json!({}), "arn:aws:iam::111122223333:user/"),
        (ListRoles, json!({ "PathPrefix": "/x/" }), "arn:aws:iam::111122223333:role/x/"),
        (DeleteRole, json!({ "RoleName": "ops" }), "arn:aws:iam::111122223333:role/ops"),
        (CreateAccessKey, json!({ "UserName": "ann" }), "arn:aws:iam::111122223333:user/eng/ann"),
        (
            PutRolePolicy,
            json!({ "RoleName": "ops", "PolicyName": "p", "PolicyDocument": ALLOW }),
            "arn:aws:iam::111122223333:role/ops",
        ),
    ];
    for (verb, body, arn) in cases {
        let asked = Asked::parse(verb, body.to_string().as_bytes(), Speaker::Root).expect("it is asked");
        let about = block_on(subject(&asked, &house.memory, OWN, "aws")).expect("it is readable");
        assert_eq!(about.arn, arn, "{} {body}", verb.name());
        assert_eq!(about.tags.contains_key("Team"), arn.ends_with("ann"), "{} {body}", verb.name());
    }
}

#[test]
fn making_something_with_tags_is_tagging_too() {
    let actions = |verb, body: Value| {
        let asked = Asked::parse(verb, body.to_string().as_bytes(), Speaker::Root).expect("it is asked");
        let keys: Vec<String> = asked.tag_keys().into_iter().map(str::to_owned).collect();
        (asked.actions(), keys)
    };
    let tags = json!([{ "Key": "k", "Value": "v" }]);
    let trust = trusting(OWN);
    assert_eq!(actions(CreateUser, json!({ "UserName": "a" })), (vec!["iam:CreateUser"], vec![]));
    assert_eq!(
        actions(CreateUser, json!({ "UserName": "a", "Tags": tags })),
        (vec!["iam:CreateUser", "iam:TagUser"], vec!["k".to_owned()])
    );
    assert_eq!(
        actions(CreateRole, json!({ "RoleName": "a", "AssumeRolePolicyDocument": trust, "Tags": tags })),
        (vec!["iam:CreateRole", "iam:TagRole"], vec!["k".to_owned()])
    );
    assert_eq!(actions(TagUser, json!({ "UserName": "a", "Tags": tags })), (vec!["iam:TagUser"], vec!["k".to_owned()]));
    assert_eq!(
        actions(UntagRole, json!({ "RoleName": "a", "TagKeys": ["x"] })),
        (vec!["iam:UntagRole"], vec!["x".to_owned()])
    );
}

/// Every refusal, in IAM's name and text. Each is asked of the furnished house, and leaves it as it was.
#[test]
fn what_is_refused_is_refused_in_the_words_of_iam() {
    let (house, key) = furnished();
    let before = house.rows();
    let long = |letters: usize| "x".repeat(letters);
    let constraint = |value: &str, member: &str, rest: &str| {
        format!(
            "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: Member must {rest}"
        )
    };
    let document = |size: usize| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"kms:{}","Resource":"*"}}]}}"#,
            long(size)
        )
    };
    let letters = |member: &str| {
        format!(
            "The specified value for {member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
        )
    };
    let path = "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.";
    let cases: Vec<(Verb, Value, &str, u16, String)> = vec![
        (GetUser, json!({ "UserName": "bob" }), "NoSuchEntity", 404, "The user with name bob cannot be found.".into()),
        (GetUser, json!({ "UserName": "Ann" }), "NoSuchEntity", 404, "The user with name Ann cannot be found.".into()),
        (
            DeleteUser,
            json!({ "UserName": "bob" }),
            "NoSuchEntity",
            404,
            "The user with name bob cannot be found.".into(),
        ),
        (GetRole, json!({ "RoleName": "x" }), "NoSuchEntity", 404, "The role with name x cannot be found.".into()),
        (UpdateRole, json!({ "RoleName": "x" }), "NoSuchEntity", 404, "The role with name x cannot be found.".into()),
        (
            GetUserPolicy,
            json!({ "UserName": "ann", "PolicyName": "x" }),
            "NoSuchEntity",
            404,
            "The user policy with name x cannot be found.".into(),
        ),
        (
            DeleteUserPolicy,
            json!({ "UserName": "ann", "PolicyName": "x" }),
            "NoSuchEntity",
            404,
            "The user policy with name x cannot be found.".into(),
        ),
        (
            GetRolePolicy,
            json!({ "RoleName": "ops", "PolicyName": "x" }),
            "NoSuchEntity",
            404,
            "The role policy with name x cannot be found.".into(),
        ),
        (
            DeleteAccessKey,
            json!({ "UserName": "ann", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE" }),
            "NoSuchEntity",
            404,
            "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.".into(),
        ),
        (
            UpdateAccessKey,
            json!({ "AccessKeyId": key, "Status": "Active" }),
            "NoSuchEntity",
            404,
            format!("The Access Key with id {key} cannot be found."),
        ),
        (
            CreateUser,
            json!({ "UserName": "ann" }),
            "EntityAlreadyExists",
            409,
            "User with name ann already exists.".into(),
        ),
        (
            CreateUser,
            json!({ "UserName": "ANN" }),
            "EntityAlreadyExists",
            409,
            "User with name ANN already exists.".into(),
        ),
        (
            CreateRole,
            json!({ "RoleName": "Ops", "AssumeRolePolicyDocument": trusting(OWN) }),
            "EntityAlreadyExists",
            409,
            "Role with name Ops already exists.".into(),
        ),
        (
            DeleteUser,
            json!({ "UserName": "ann" }),
            "DeleteConflict",
            409,
            "Cannot delete entity, must delete policies first.".into(),
        ),
        (
            DeleteRole,
            json!({ "RoleName": "ops" }),
            "DeleteConflict",
            409,
            "Cannot delete entity, must delete policies first.".into(),
        ),
        (CreateUser, json!({}), "ValidationError", 400, constraint("null", "userName", "not be null")),
        (
            CreateUser,
            json!({ "UserName": "" }),
            "ValidationError",
            400,
            constraint("''", "userName", "have length greater than or equal to 1"),
        ),
        (
            CreateUser,
            json!({ "UserName": long(65) }),
            "ValidationError",
            400,
            constraint(&format!("'{}'", long(64)), "userName", "have length less than or equal to 64"),
        ),
        (CreateUser, json!({ "UserName": "a b" }), "ValidationError", 400, letters("userName")),
        (CreateUser, json!({ "UserName": "a/b" }), "ValidationError", 400, letters("userName")),
        (CreateUser, json!({ "UserName": "ä" }), "ValidationError", 400, letters("userName")),
        (CreateRole, json!({ "RoleName": "a\u{0}b" }), "ValidationError", 400, letters("roleName")),
        (
            PutUserPolicy,
            json!({ "UserName": "ann", "PolicyName": "a b", "PolicyDocument": ALLOW }),
            "ValidationError",
            400,
            letters("policyName"),
        ),
        (CreateUser, json!({ "UserName": "b", "Path": "eng/" }), "ValidationError", 400, path.into()),
        (CreateUser, json!({ "UserName": "b", "Path": "/eng" }), "ValidationError", 400, path.into()),
        (CreateUser, json!({ "UserName": "b", "Path": "/e g/" }), "ValidationError", 400, path.into()),
        (CreateUser, json!({ "UserName": "b", "Path": "/*/" }), "ValidationError", 400, path.into()),
        (CreateUser, json!({ "UserName": "b", "Path": "//" }), "ValidationError", 400, path.into()),
        (
            CreateRole,
            json!({ "RoleName": "r", "AssumeRolePolicyDocument": trusting(OWN), "MaxSessionDuration": 3599 }),
            "ValidationError",
            400,
            constraint("'3599'", "maxSessionDuration", "have value greater than or equal to 3600"),
        ),
        (
            UpdateRole,
            json!({ "RoleName": "ops", "MaxSessionDuration": 43201 }),
            "ValidationError",
            400,
            constraint("'43201'", "maxSessionDuration", "have value less than or equal to 43200"),
        ),
        (
            UpdateRole,
            json!({ "RoleName": "ops", "MaxSessionDuration": -1 }),
            "ValidationError",
            400,
            constraint("'-1'", "maxSessionDuration", "have value greater than or equal to 3600"),
        ),
        (
            UpdateRole,
            json!({ "RoleName": "ops", "MaxSessionDuration": 1_i64 << 40 }),
            "ValidationError",
            400,
            constraint("'1099511627776'", "maxSessionDuration", "have value less than or equal to 43200"),
        ),
        (
            ListUsers,
            json!({ "MaxItems": 0 }),
            "ValidationError",
            400,
            constraint("'0'", "maxItems", "have value greater than or equal to 1"),
        ),
        (
            ListUsers,
            json!({ "MaxItems": 1001 }),
            "ValidationError",
            400,
            constraint("'1001'", "maxItems", "have value less than or equal to 1000"),
        ),
        (ListUsers, json!({ "Marker": "ü".repeat(300) }), "ValidationError", 400, "Invalid Marker.".into()),
        (ListUsers, json!({ "Marker": "a\u{0}b" }), "ValidationError", 400, "Invalid Marker.".into()),
        (
            UpdateAccessKey,
            json!({ "UserName": "ann", "AccessKeyId": key, "Status": "Off" }),
            "ValidationError",
            400,
            constraint("'Off'", "status", "satisfy enum value set: [Active, Inactive]"),
        ),
        (
            UpdateAccessKey,
            json!({ "UserName": "ann", "AccessKeyId": "short", "Status": "Active" }),
            "ValidationError",
            400,
            constraint("'short'", "accessKeyId", "have length greater than or equal to 16"),
        ),
        (
            CreateUser,
            json!({ "UserName": "b", "RoleName": "r" }),
            "ValidationError",
            400,
            "CreateUser has no parameter RoleName".into(),
        ),
        (
            GetUser,
            json!({ "UserName": "ann", "SecretAccessKey": "x" }),
            "ValidationError",
            400,
            "GetUser has no parameter SecretAccessKey".into(),
        ),
        (
            UntagUser,
            json!({ "UserName": "ann", "TagKeys": ["k", ""] }),
            "ValidationError",
            400,
            constraint("''", "tagKeys.2.member", "have length greater than or equal to 1"),
        ),
        (
            UpdateRole,
            json!({ "RoleName": "ops", "Description": "日" }),
            "ValidationError",
            400,
            constraint(
                "'日'",
                "description",
                r"satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
            ),
        ),
        (TagUser, json!({ "UserName": "ann" }), "ValidationError", 400, constraint("null", "tags", "not be null")),
        (
            TagUser,
            json!({ "UserName": "ann", "Tags": [{ "Key": "", "Value": "" }] }),
            "ValidationError",
            400,
            constraint("''", "tags.1.member.key", "have length greater than or equal to 1"),
        ),
        (
            TagUser,
            json!({ "UserName": "ann", "Tags": [{ "Key": "k", "Value": long(257) }] }),
            "ValidationError",
            400,
            constraint(&format!("'{}'", long(256)), "tags.1.member.value", "have length less than or equal to 256"),
        ),
        (
            TagUser,
            json!({ "UserName": "ann", "Tags": [{ "Key": "k*", "Value": "" }] }),
            "ValidationError",
            400,
            constraint("'k*'", "tags.1.member.key", r"satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"),
        ),
        (
            TagUser,
            json!({ "UserName": "ann", "Tags": [{ "Key": "k", "Value": "" }, { "Key": "K", "Value": "" }] }),
            "InvalidInput",
            400,
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.".into(),
        ),
        (
            TagUser,
            json!({ "UserName": "ann", "Tags": [{ "Key": "AWS:x", "Value": "" }] }),
            "InvalidInput",
            400,
            "Tag keys that begin with aws: are reserved for AWS's own use.".into(),
        ),
        (
            PutUserPolicy,
            json!({ "UserName": "ann", "PolicyName": "p", "PolicyDocument": document(10_240) }),
            "LimitExceeded",
            409,
            "Maximum policy size of 10240 bytes exceeded for user ann".into(),
        ),
        (
            UpdateAssumeRolePolicy,
            json!({ "RoleName": "ops", "PolicyDocument": format!("{}{}", trusting(OWN), long(4096)) }),
            "LimitExceeded",
            409,
            "Cannot exceed quota for ACLSizePerRole: 4096".into(),
        ),
        (
            CreateAccount,
            json!({ "AccountId": "1234" }),
            "ValidationError",
            400,
            constraint("'1234'", "accountId", r"satisfy regular expression pattern: ^\d{12}$"),
        ),
        (
            CreateAccessKey,
            json!({ "UserName": "ann", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE" }),
            "ValidationError",
            400,
            constraint("null", "secretAccessKey", "not be null"),
        ),
        (
            CreateAccessKey,
            json!({ "UserName": "ann", "SecretAccessKey": long(40) }),
            "ValidationError",
            400,
            constraint("null", "accessKeyId", "not be null"),
        ),
        (
            CreateAccessKey,
            json!({ "UserName": "ann", "AccessKeyId": "ASIAIOSFODNN7EXAMPLE", "SecretAccessKey": long(40) }),
            "ValidationError",
            400,
            "AccessKeyId must be AKIA and 16 of A-Z and 0-9".into(),
        ),
        (
            CreateAccessKey,
            json!({ "UserName": "ann", "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": long(39) }),
            "ValidationError",
            400,
            "SecretAccessKey must be 40 of A-Z, a-z, 0-9, + and /".into(),
        ),
    ];
    for (verb, body, name, status, message) in cases {
        let refusal = house.ask(OWN, verb, body.clone()).expect_err("it is refused");
        assert_eq!(refusal, Refusal { name, message, status }, "{} {body}", verb.name());
        assert_eq!(house.rows(), before, "{} {body}", verb.name());
    }
}

#[test]
fn a_document_that_is_no_policy_is_malformed() {
    let (house, _) = furnished();
    let before = house.rows();
    let no_principal = ALLOW;
    let principal = trusting(OWN);
    for (verb, member, document) in [
        (PutUserPolicy, "UserName", "{}"),
        (PutUserPolicy, "UserName", "no JSON"),
        (PutUserPolicy, "UserName", principal.as_str()),
        (PutRolePolicy, "RoleName", principal.as_str()),
    ] {
        let name = if member == "UserName" { "ann" } else { "ops" };
        let body = json!({ member: name, "PolicyName": "p", "PolicyDocument": document });
        assert_eq!(house.ask(OWN, verb, body).expect_err("it is none").name, "MalformedPolicyDocument", "{document}");
    }
    for document in ["{}", no_principal] {
        let body = json!({ "RoleName": "ops", "PolicyDocument": document });
        let refusal = house.ask(OWN, UpdateAssumeRolePolicy, body).expect_err("it is none");
        assert_eq!(refusal.name, "MalformedPolicyDocument", "{document}");
    }
    assert_eq!(house.rows(), before);
}

#[test]
fn the_third_access_key_is_one_too_many() {
    let (house, _) = furnished();
    ok(&house, CreateAccessKey, json!({ "UserName": "ann" }));
    let refusal = house.ask(OWN, CreateAccessKey, json!({ "UserName": "ann" })).expect_err("two are enough");
    assert_eq!(
        (refusal.name, refusal.message.as_str()),
        ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    );
    ok(&house, CreateAccessKey, json!({}));
    ok(&house, CreateAccessKey, json!({}));
    let refusal = house.ask(OWN, CreateAccessKey, json!({})).expect_err("two are enough for a root, too");
    assert_eq!(refusal.name, "LimitExceeded");
    ok(&house, DeleteUserPolicy, json!({ "UserName": "ann", "PolicyName": "use-keys" }));
    let refusal = house.ask(OWN, DeleteUser, json!({ "UserName": "ann" })).expect_err("she has keys");
    assert_eq!(refusal.message, "Cannot delete entity, must delete access keys first.");
}

#[test]
fn a_body_that_is_no_object_of_parameters_is_refused_without_its_secret() {
    let bodies: [&[u8]; 9] = [
        b"",
        b"null",
        b"[]",
        br#"["ann"]"#,
        br#"{"UserName":5}"#,
        br#"{"UserNam":"ann"}"#,
        br#"{"UserName":"ann","UserName":"bob"}"#,
        br#"{"UserName":"ann","SecretAccessKey":31415926}"#,
        b"{\"UserName\":\"\xff\"}",
    ];
    for body in bodies {
        let refusal = Asked::parse(CreateAccessKey, body, Speaker::Root).err().expect("it is refused");
        assert_eq!(refusal.name, "SerializationException", "{}", body.escape_ascii());
        assert!(!refusal.message.contains("31415926"), "{refusal}");
    }
}

#[test]
fn a_record_too_large_for_its_row_is_refused() {
    let (house, _) = furnished();
    // White space is free in the quota, and yet takes room.
    let document = ALLOW.replacen(',', &format!(",{}", "\n".repeat(32 * 1024)), 1);
    let refusal = house
        .ask(OWN, PutUserPolicy, json!({ "UserName": "ann", "PolicyName": "p", "PolicyDocument": document }))
        .expect_err("it has no room");
    assert_eq!(refusal.message, "The policies and tags of user ann take more than 61440 bytes");
}

#[test]
fn a_trust_policy_names_at_most_fifty_principals() {
    let house = House::new(1);
    let names =
        |count: usize| (0..count).map(|at| format!("\"arn:aws:iam::{STRANGE}:role/r{at}\"")).collect::<Vec<_>>();
    let policy = |count: usize| {
        let names = names(count).join(",");
        trusting("NAMES").replace("\"NAMES\"", &format!("[{names}]"))
    };
    let create =
        |count| house.ask(OWN, CreateRole, json!({ "RoleName": "r", "AssumeRolePolicyDocument": policy(count) }));
    assert_eq!(create(51).expect_err("too many").message, "Cannot exceed quota for PrincipalsPerTrustPolicy: 50");
    create(50).expect("just enough");
}
