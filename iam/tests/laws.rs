//! Laws over any sequence of verbs.

mod common;

use std::collections::BTreeSet;

use common::{ALLOW, House, OTHER, OWN, trusting};
use crypto::testing::Stuck;
use iam::record::{AccessKey, Account, Holder, Owner, Role, User};
use iam::verb::{Asked, Speaker, Verb, run};
use iam::{Draw, Halt, rows};
use proptest::prelude::*;
use serde_json::{Value, json};

/// One verb of few names, so that they meet.
fn any_call() -> impl Strategy<Value = (&'static str, Verb, Value)> {
    let account = prop::sample::select(vec![OWN, OTHER]);
    let name = prop::sample::select(vec!["ann", "Ann", "bob"]);
    let verbs = prop::sample::select(vec![
        Verb::CreateUser,
        Verb::DeleteUser,
        Verb::CreateRole,
        Verb::DeleteRole,
        Verb::UpdateAssumeRolePolicy,
        Verb::CreateAccessKey,
        Verb::DeleteAccessKey,
        Verb::UpdateAccessKey,
        Verb::PutUserPolicy,
        Verb::DeleteUserPolicy,
        Verb::TagRole,
        Verb::CreateAccount,
    ]);
    (account, verbs, name, any::<prop::sample::Index>()).prop_map(|(account, verb, name, which)| {
        let body = match verb {
            Verb::CreateUser | Verb::DeleteUser => json!({ "UserName": name }),
            Verb::CreateRole => {
                let principal = ["111122223333", "arn:aws:iam::111122223333:user/ann"][which.index(2)];
                json!({ "RoleName": name, "AssumeRolePolicyDocument": trusting(principal) })
            }
            Verb::UpdateAssumeRolePolicy => {
                let principal = ["111122223333", "arn:aws:iam::111122223333:user/ann"][which.index(2)];
                json!({ "RoleName": name, "PolicyDocument": trusting(principal) })
            }
            Verb::DeleteRole => json!({ "RoleName": name }),
            Verb::CreateAccessKey => match which.index(3) {
                0 => json!({}),
                1 => json!({ "UserName": name }),
                _ => json!({
                    "UserName": name,
                    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
                    "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                }),
            },
            Verb::PutUserPolicy => json!({ "UserName": name, "PolicyName": "p", "PolicyDocument": ALLOW }),
            Verb::DeleteUserPolicy => json!({ "UserName": name, "PolicyName": "p" }),
            Verb::TagRole => json!({ "RoleName": name, "Tags": [{ "Key": "k", "Value": "v" }] }),
            // The keys to change are taken from what is there: see `with_a_key`.
            Verb::DeleteAccessKey | Verb::UpdateAccessKey => {
                json!({ "UserName": name, "Which": which.index(8), "Status": "Inactive" })
            }
            _ => json!({}),
        };
        (account, verb, body)
    })
}

/// Puts one of the ids that are there into a body that asks for one.
fn with_a_key(house: &House, verb: Verb, mut body: Value) -> Value {
    let Some(which) = body.get("Which").and_then(Value::as_u64) else { return body };
    let ids = all(house, b"ia\0");
    let id = ids.get(which as usize % ids.len().max(1)).cloned().unwrap_or_else(|| "AKIAIOSFODNN7EXAMPLE".to_owned());
    let members = body.as_object_mut().expect("a body");
    members.remove("Which");
    members.insert("AccessKeyId".to_owned(), json!(id));
    if verb == Verb::DeleteAccessKey {
        members.remove("Status");
    }
    body
}

/// The last parts of all rows that begin so.
fn all(house: &House, prefix: &[u8]) -> Vec<String> {
    let rows = house.rows();
    rows.keys()
        .filter(|row| row.starts_with(prefix))
        .map(|row| rows::last_part(row).expect("a name").to_owned())
        .collect()
}

/// Every id of a user, role or access key that an answer gives.
fn given(verb: Verb, answer: &Value) -> Option<String> {
    let id = match verb {
        Verb::CreateUser => &answer["User"]["UserId"],
        Verb::CreateRole => &answer["Role"]["RoleId"],
        Verb::CreateAccessKey | Verb::CreateAccount => &answer["AccessKey"]["AccessKeyId"],
        _ => &Value::Null,
    };
    id.as_str().map(str::to_owned)
}

/// Every access key is known to its owner and every owner's key is there, as active; every id has its holder.
fn consistent(house: &House) {
    let mut known = BTreeSet::new();
    for account in all(house, b"y\0account\0") {
        let record = house.get::<Account>(rows::account(&account)).expect("an account");
        let root = record.access_keys.iter().map(|(id, facts)| (id.clone(), Owner::Root, *facts));
        let mut keys: Vec<_> = root.collect();
        for name in all(house, &rows::users(&account)) {
            let user = house.get::<User>(rows::user(&account, &name)).expect("a user");
            let owner = Owner::User { name: user.name.clone(), id: user.id.clone() };
            keys.extend(user.access_keys.iter().map(|(id, facts)| (id.clone(), owner.clone(), *facts)));
            let holder = house.get::<Holder>(rows::by_id(&account, &user.id)).expect("a holder");
            assert_eq!(*holder, Holder::User { name: user.name.clone() });
            assert!(user.access_keys.len() <= 2);
        }
        for name in all(house, &rows::roles(&account)) {
            let role = house.get::<Role>(rows::role(&account, &name)).expect("a role");
            let holder = house.get::<Holder>(rows::by_id(&account, &role.id)).expect("a holder");
            assert_eq!(*holder, Holder::Role { name: role.name.clone() });
        }
        for (id, owner, facts) in keys {
            let key = house.get::<AccessKey>(rows::access_key(&id)).expect("a key");
            assert_eq!((&key.account, &key.owner), (&account, &owner), "{id}");
            assert_eq!((key.active, key.created), (facts.active, facts.created), "{id}");
            known.insert(id);
        }
    }
    assert_eq!(known, all(house, b"ia\0").into_iter().collect(), "no access key is without its owner");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_sequence_of_verbs_gives_an_id_twice_or_loses_a_key(
        seed in any::<u64>(),
        calls in prop::collection::vec(any_call(), 1..60),
    ) {
        let house = House::new(seed);
        let mut ids = BTreeSet::new();
        for (account, verb, body) in calls {
            let before = house.rows();
            let body = with_a_key(&house, verb, body);
            match house.ask(account, verb, body) {
                Ok(answer) => {
                    if let Some(id) = given(verb, &answer) {
                        prop_assert!(ids.insert(id.clone()), "{} was given twice", id);
                    }
                }
                Err(_) => prop_assert_eq!(house.rows(), before, "{} was refused, and edited", verb.name()),
            }
            consistent(&house);
        }
    }

    #[test]
    fn no_body_makes_a_verb_panic(
        verb in prop::sample::select(Verb::ALL.to_vec()),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Asked::parse(verb, &body, Speaker::Root);
    }

    #[test]
    fn no_text_in_a_members_place_makes_a_verb_panic(
        verb in prop::sample::select(Verb::ALL.to_vec()),
        members in prop::collection::btree_map(
            prop::sample::select(vec![
                "UserName", "RoleName", "Path", "PathPrefix", "PolicyName", "PolicyDocument",
                "AssumeRolePolicyDocument", "AccessKeyId", "SecretAccessKey", "Status", "Marker", "Description", "AccountId", "AccountName",
            ]),
            any::<String>(),
            0..5,
        ),
    ) {
        let house = House::new(1);
        let before = house.rows();
        if house.ask(OWN, verb, json!(members)).is_err() {
            prop_assert_eq!(house.rows(), before);
        }
    }
}

/// A generator that repeats itself must not make two users one.
#[test]
fn an_id_that_is_drawn_again_is_not_given_again() {
    let house = House::new(1);
    let create = |name: &str| {
        let body = json!({ "UserName": name }).to_string();
        let asked = Asked::parse(Verb::CreateUser, body.as_bytes(), Speaker::Root).expect("it is asked");
        let draw = Draw { random: &Stuck(7), now_ms: 0 };
        common::block_on(run(&asked, &house.memory, OWN, "aws", draw)).map(|(_, edits)| edits)
    };
    let Ok(edits) = create("ann") else { panic!("the first id is new") };
    for edit in edits {
        let iam::Edit::Put { row, version, encoded } = edit else { panic!("a creation deletes nothing") };
        house.memory.rows.lock().unwrap().insert(row, (version, encoded.expose().to_vec()));
    }
    match create("bob") {
        Err(Halt::Refused(refusal)) => assert_eq!((refusal.name, refusal.status), ("ServiceFailure", 500)),
        Err(Halt::Unreadable(why)) => panic!("{why}"),
        Ok(_) => panic!("bob got ann's id"),
    }
}

#[test]
fn a_row_that_is_damaged_ends_every_verb_that_reads_it() {
    let house = House::new(1);
    house.ask(OWN, Verb::CreateUser, json!({ "UserName": "ann" })).expect("ann");
    house.memory.rows.lock().unwrap().insert(rows::user(OWN, "ann"), (1, b"{}".to_vec()));
    for (verb, body) in [
        (Verb::GetUser, json!({ "UserName": "ann" })),
        (Verb::CreateUser, json!({ "UserName": "ann" })),
        (Verb::DeleteUser, json!({ "UserName": "ann" })),
        (Verb::ListUsers, json!({})),
        (Verb::CreateAccessKey, json!({ "UserName": "ann" })),
    ] {
        let asked = Asked::parse(verb, body.to_string().as_bytes(), Speaker::Root).expect("it is asked");
        let ended = common::block_on(run(&asked, &house.memory, OWN, "aws", house.draw()));
        assert!(matches!(ended, Err(Halt::Unreadable(_))), "{}", verb.name());
    }
}
