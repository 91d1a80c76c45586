//! Records as stores have them. The bytes here are never edited: a later version adds its own beside them, and all of
//! them stay readable for ever.

mod common;

use std::collections::BTreeMap;

use crypto::SecretBytes;
use iam::Stored;
use iam::record::{AccessKey, AccessKeyFacts, Account, Holder, Owner, Policy, Role, Trust, User};

const ACCOUNT_V1: &str = r#"{"v":1,"created":1700000000000}"#;
const ACCOUNT_V2: &str = r#"{"v":2,"r":{"created":1700000000000,"name":"prod","management":false,"access_keys":{"AKIAIOSFODNN7EXAMPLE":{"active":true,"created":1700000001000}}}}"#;
const KEY_V1: &str = r#"{"v":1,"account":"111122223333","secret":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY","created":1700000000000,"active":true}"#;
const KEY_V2_ROOT: &str = r#"{"v":2,"r":{"account":"111122223333","owner":"root","secret":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY","created":1700000000000,"active":true}}"#;
const KEY_V2_USER: &str = r#"{"v":2,"r":{"account":"111122223333","owner":{"user":{"name":"ann","id":"AIDACKCEVSQ6C2EXAMPLE"}},"secret":"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY","created":1700000000000,"active":false}}"#;
const USER_V1: &str = r#"{"v":1,"r":{"name":"Ann","path":"/eng/","id":"AIDACKCEVSQ6C2EXAMPLE","created":1700000000000,"tags":{"team":"a"},"policies":{"use-keys":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}]}"},"access_keys":{"AKIAIOSFODNN7EXAMPLE":{"active":false,"created":1700000001000}}}}"#;
const ROLE_V1: &str = r#"{"v":1,"r":{"name":"ops","path":"/","id":"AROACKCEVSQ6C2EXAMPLE","created":1700000000000,"description":"operators","trust":{"text":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::111122223333:user/ann\"},\"Action\":\"sts:AssumeRole\"}]}","pins":{"arn:aws:iam::111122223333:user/ann":"AIDACKCEVSQ6C2EXAMPLE"}},"max_session_seconds":7200,"tags":{},"policies":{}}}"#;
const HOLDERS_V1: [&str; 3] = [
    r#"{"v":1,"r":{"user":{"name":"Ann"}}}"#,
    r#"{"v":1,"r":{"role":{"name":"ops"}}}"#,
    r#"{"v":1,"r":{"key":{"account":"111122223333"}}}"#,
];

const SECRET: &[u8] = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const MADE: i64 = 1_700_000_000_000;

fn read<T: Stored>(text: &str) -> T {
    T::decode(text.as_bytes()).unwrap_or_else(|why| panic!("{text} {why}"))
}

fn written<T: Stored>(record: &T) -> String {
    String::from_utf8(record.encode().expose().to_vec()).expect("records are text")
}

#[test]
fn an_account_of_the_first_version_is_the_managing_one_without_keys() {
    let first: Account = read(ACCOUNT_V1);
    let now = Account { created: MADE, name: None, management: true, access_keys: BTreeMap::new() };
    assert!(first == now);
    assert_eq!(written(&first), r#"{"v":2,"r":{"created":1700000000000,"management":true,"access_keys":{}}}"#);
}

#[test]
fn an_access_key_of_the_first_version_is_the_roots() {
    let key: AccessKey = read(KEY_V1);
    assert_eq!(
        (key.account.as_str(), key.owner.clone(), key.created, key.active),
        (common::OWN, Owner::Root, MADE, true)
    );
    assert!(key.secret.same_as(&SecretBytes::from(SECRET.to_vec())));
    assert_eq!(written(&key), KEY_V2_ROOT);
}

#[test]
fn a_record_is_written_as_it_was_on_the_first_day() {
    let facts = |active| AccessKeyFacts { active, created: MADE + 1000 };
    let id = || "AKIAIOSFODNN7EXAMPLE".to_owned();
    let account = Account {
        created: MADE,
        name: Some("prod".to_owned()),
        management: false,
        access_keys: BTreeMap::from([(id(), facts(true))]),
    };
    let key = |owner, active| AccessKey {
        account: common::OWN.to_owned(),
        owner,
        secret: SecretBytes::from(SECRET.to_vec()),
        created: MADE,
        active,
    };
    let ann = || Owner::User { name: "ann".to_owned(), id: "AIDACKCEVSQ6C2EXAMPLE".to_owned() };
    let user = User {
        name: "Ann".to_owned(),
        path: "/eng/".to_owned(),
        id: "AIDACKCEVSQ6C2EXAMPLE".to_owned(),
        created: MADE,
        tags: BTreeMap::from([("team".to_owned(), "a".to_owned())]),
        policies: BTreeMap::from([(
            "use-keys".to_owned(),
            Policy::compile(common::ALLOW.to_owned()).expect("a policy"),
        )]),
        access_keys: BTreeMap::from([(id(), facts(false))]),
    };
    let arn = "arn:aws:iam::111122223333:user/ann";
    let pins = BTreeMap::from([(arn.to_owned(), "AIDACKCEVSQ6C2EXAMPLE".to_owned())]);
    let role = Role {
        name: "ops".to_owned(),
        path: "/".to_owned(),
        id: "AROACKCEVSQ6C2EXAMPLE".to_owned(),
        created: MADE,
        description: "operators".to_owned(),
        trust: Trust::pinned(common::trusting(arn), pins).expect("a trust policy"),
        max_session_seconds: 7200,
        tags: BTreeMap::new(),
        policies: BTreeMap::new(),
    };
    let holders = [
        Holder::User { name: "Ann".to_owned() },
        Holder::Role { name: "ops".to_owned() },
        Holder::Key { account: common::OWN.to_owned() },
    ];
    assert_eq!(written(&account), ACCOUNT_V2);
    assert_eq!(written(&key(Owner::Root, true)), KEY_V2_ROOT);
    assert_eq!(written(&key(ann(), false)), KEY_V2_USER);
    assert_eq!(written(&user), USER_V1);
    assert_eq!(written(&role), ROLE_V1);
    assert_eq!(holders.map(|holder| written(&holder)), HOLDERS_V1);
}

#[test]
fn every_record_ever_written_reads_and_is_written_the_same_again() {
    fn same<T: Stored>(text: &str) {
        assert_eq!(written(&read::<T>(text)), text);
    }
    same::<Account>(ACCOUNT_V2);
    same::<AccessKey>(KEY_V2_ROOT);
    same::<AccessKey>(KEY_V2_USER);
    same::<User>(USER_V1);
    same::<Role>(ROLE_V1);
    HOLDERS_V1.into_iter().for_each(same::<Holder>);
}

#[test]
fn what_is_not_exactly_a_record_does_not_read_and_says_why() {
    fn why<T: Stored>(text: &str) -> String {
        T::decode(text.as_bytes()).err().unwrap_or_else(|| panic!("{text} reads"))
    }
    let newer = "was written by a newer version of Trent";
    let cases = [
        (why::<User>(&USER_V1.replacen("\"v\":1", "\"v\":2", 1)), newer),
        (why::<Role>(&ROLE_V1.replacen("\"v\":1", "\"v\":9", 1)), newer),
        (why::<Account>(&ACCOUNT_V2.replacen("\"v\":2", "\"v\":3", 1)), newer),
        (why::<AccessKey>(&KEY_V2_ROOT.replacen("\"v\":2", "\"v\":3", 1)), newer),
        (why::<User>(&USER_V1.replacen("\"v\":1", "\"v\":0", 1)), "has no version"),
        (why::<User>("{}"), "has no version"),
        (why::<User>(""), "has no version"),
        (why::<User>(&USER_V1.replacen("\"path\"", "\"road\"", 1)), "is no such record"),
        (why::<User>(&USER_V1.replacen("Allow", "Perhaps", 1)), "holds a policy use-keys that does not read"),
        (why::<Role>(&ROLE_V1.replacen("Allow", "Perhaps", 1)), "holds a trust policy that does not read"),
        (why::<Account>(&ACCOUNT_V1.replacen("}", ",\"management\":true}", 1)), "is no such record"),
        (why::<AccessKey>(&KEY_V1.replacen("111122223333", "1111", 1)), "names no account"),
        (why::<AccessKey>(&KEY_V2_ROOT.replacen("root", "rood", 1)), "is no access key"),
        (why::<AccessKey>(USER_V1), "is no access key"),
        (why::<Holder>(USER_V1), "is no such record"),
    ];
    for (said, expected) in cases {
        assert!(said.starts_with(expected), "{said} is not {expected}");
    }
}

#[test]
fn no_error_of_an_access_key_tells_its_secret() {
    for text in [KEY_V1, KEY_V2_ROOT, KEY_V2_USER] {
        for broken in [
            text.replacen("\"active\":", "\"active\":\"wJalrXUtnFEMI\",\"x\":", 1),
            text.replacen("\"secret\":\"", "\"secret\":\"\\u0041wJalrXUtnFEMI", 1),
            text.replacen("\"created\":", "\"wJalrXUtnFEMI\":1,\"created\":", 1),
        ] {
            let why = AccessKey::decode(broken.as_bytes()).err().expect("it does not read");
            assert!(!why.contains("wJalr"), "{why}");
        }
    }
}
