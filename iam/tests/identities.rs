//! The declarative file: what it takes, what it refuses and where, and that applying it leaves nothing to do.

mod common;

use std::collections::BTreeSet;

use common::{ALLOW, House, OTHER, OWN, STRANGE, block_on, trusting};
use iam::identities_toml::{Desired, Refused, Step, Verbs, plan};
use iam::record::{Role, User};
use iam::rows;
use iam::verb::{Asked, Speaker, Verb};
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

const FILE: &str = r#"
[[account]]

[[account.access_key]]
id = "AKIAROOTROOTROOTROOT"
secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

[[account.user]]
name = "ann"
path = "/eng/"
tags = { team = "a", cost = "1" }
policies.use-keys = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}'''
policies.more = { file = "more.json" }

[[account.user.access_key]]
id = "AKIAIOSFODNN7EXAMPLE"
secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

[[account.user.access_key]]
id = "AKIAIOSFODNN8EXAMPLE"
secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
status = "Inactive"

[[account.user]]
name = "bob"

[[account.role]]
name = "ops"
description = "operators"
max_session_duration = 7200
tags.team = "a"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":["arn:aws:iam::111122223333:user/eng/ann","arn:aws:iam::777788889999:role/audit"]}}]}'''

[[account]]
id = "777788889999"
name = "audit"

[[account.role]]
name = "audit"
trust = '''{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:sts::111122223333:assumed-role/ops/nightly"}}]}'''
policies.p = { file = "more.json" }
"#;

fn read(text: &str) -> Result<Desired, String> {
    Desired::parse(text, &mut |name| match name {
        "more.json" => Ok(ALLOW.to_owned()),
        _ => Err("no such file".to_owned()),
    })
}

impl Verbs for House {
    async fn ask(&self, account: &str, verb: Verb, body: &[u8]) -> Result<Value, Refused> {
        assert!(verb.is_read_only(), "a plan changes nothing");
        let refused = |refusal: iam::Refusal| Refused { name: refusal.name.to_owned(), message: refusal.message };
        let body = serde_json::from_slice(body).expect("a body");
        // A thread of its own, since this one is in a runtime already.
        std::thread::scope(|scope| scope.spawn(|| House::ask(self, account, verb, body)).join().expect("it ends"))
            .map_err(refused)
    }
}

fn steps(house: &House, text: &str) -> Vec<Step> {
    block_on(plan(&read(text).expect("a file"), OWN, house)).expect("a plan")
}

fn lines(steps: &[Step]) -> Vec<String> {
    steps.iter().map(Step::to_string).collect()
}

fn apply(house: &House, steps: &[Step]) {
    for step in steps {
        let asked = Asked::parse(step.verb, step.body.expose(), Speaker::Root);
        let asked = asked.unwrap_or_else(|refusal| panic!("{step}: {refusal}"));
        if let Err(refusal) = house.run(&asked, &step.account) {
            panic!("{step}: {refusal}");
        }
    }
}

#[test]
fn a_plan_says_all_that_it_would_do_in_an_order_in_which_it_can() {
    let house = House::new(1);
    let before = house.rows();
    let steps = steps(&house, FILE);
    assert_eq!(
        lines(&steps),
        [
            "+ account 777788889999",
            "+ user ann in 111122223333",
            "+ user bob in 111122223333",
            "+ role ops in 111122223333",
            "+ role audit in 777788889999",
            "~ trust policy of role ops in 111122223333",
            "~ trust policy of role audit in 777788889999",
            "+ policy more of user ann in 111122223333",
            "+ policy use-keys of user ann in 111122223333",
            "+ policy p of role audit in 777788889999",
            "+ access key AKIAROOTROOTROOTROOT of the root in 111122223333",
            "+ access key AKIAIOSFODNN7EXAMPLE of user ann in 111122223333",
            "+ access key AKIAIOSFODNN8EXAMPLE of user ann in 111122223333",
            "~ access key AKIAIOSFODNN8EXAMPLE of user ann in 111122223333: Inactive",
        ]
    );
    assert_eq!(house.rows(), before, "a plan changes nothing");
    apply(&house, &steps);
    assert_eq!(lines(&self::steps(&house, FILE)), [""; 0], "and nothing is left to do");
    let role = house.get::<Role>(rows::role(OWN, "ops")).expect("ops");
    assert_eq!((role.max_session_seconds, role.trust.pins().len()), (7200, 2));
    assert_eq!(house.secret("AKIAIOSFODNN7EXAMPLE").as_deref(), Some(SECRET.as_bytes()));
}

#[test]
fn what_changed_is_changed_and_nothing_else() {
    let house = House::new(1);
    apply(&house, &steps(&house, FILE));
    let ann = || house.get::<User>(rows::user(OWN, "ann")).expect("ann");
    let id = ann().id.clone();
    let cases = [
        ("team = \"a\", cost", "Team = \"b\", cost", vec!["~ tags of user ann in 111122223333: Team"]),
        ("max_session_duration = 7200\n", "", vec!["~ role ops in 111122223333"]),
        ("\"operators\"", "\"those\"", vec!["~ role ops in 111122223333"]),
        ("\"Action\":\"kms:*\"", "\"Action\":\"kms:Encrypt\"", vec!["~ policy use-keys of user ann in 111122223333"]),
        (
            "status = \"Inactive\"",
            "status = \"Active\"",
            vec!["~ access key AKIAIOSFODNN8EXAMPLE of user ann in 111122223333: Active"],
        ),
        (":assumed-role/ops/nightly", ":assumed-role/ops/daily", vec!["~ trust policy of role audit in 777788889999"]),
        // What the file no longer has stays, unless it says prune.
        ("policies.more = { file = \"more.json\" }\n", "", vec![]),
        ("[[account.user]]\nname = \"bob\"\n", "", vec![]),
    ];
    for (was, is, expected) in cases {
        let changed = FILE.replacen(was, is, 1);
        assert_ne!(changed, FILE, "{was}");
        let steps = steps(&house, &changed);
        assert_eq!(lines(&steps), expected, "{was} -> {is}");
        apply(&house, &steps);
        assert_eq!(lines(&self::steps(&house, &changed)), [""; 0], "{was} -> {is}");
        apply(&house, &self::steps(&house, FILE));
        assert_eq!(ann().id, id, "ann stays ann");
    }
}

#[test]
fn pruning_leaves_what_the_file_has() {
    let house = House::new(1);
    apply(&house, &steps(&house, FILE));
    house.ask(OTHER, Verb::CreateUser, json!({ "UserName": "zoe" })).expect("zoe");
    house.ask(OWN, Verb::CreateAccessKey, json!({ "UserName": "bob" })).expect("a key");
    let key = house.get::<User>(rows::user(OWN, "bob")).expect("bob").access_keys.keys().next().expect("a key").clone();
    house.ask(OWN, Verb::TagUser, json!({ "UserName": "bob", "Tags": [{ "Key": "k", "Value": "" }] })).expect("a tag");
    let extra = json!({ "RoleName": "extra", "AssumeRolePolicyDocument": trusting(OWN) });
    house.ask(OWN, Verb::CreateRole, extra).expect("a role");

    let less = FILE.replacen("[[account.user]]\nname = \"bob\"\n", "", 1);
    let less = less.replacen("cost = \"1\"", "", 1).replacen(", }", " }", 1);
    let less = less.replacen("policies.more = { file = \"more.json\" }\n", "", 1);
    assert_eq!(lines(&steps(&house, &less)), [""; 0]);
    let pruned = format!("prune = true\n{less}");
    let steps = steps(&house, &pruned);
    assert_eq!(
        lines(&steps),
        [
            "- tags of user ann in 111122223333: cost".to_owned(),
            "- policy more of user ann in 111122223333".to_owned(),
            format!("- access key {key} of user bob in 111122223333"),
            "- user bob in 111122223333".to_owned(),
            "- role extra in 111122223333".to_owned(),
        ]
    );
    apply(&house, &steps);
    assert_eq!(lines(&self::steps(&house, &pruned)), [""; 0]);
    assert!(house.get::<User>(rows::user(OTHER, "zoe")).is_some(), "no account that the file does not name is touched");
}

#[test]
fn access_keys_that_were_made_without_the_file_stay() {
    let house = House::new(1);
    let file = "prune = true\n[[account]]\n[[account.user]]\nname = \"ann\"\n";
    apply(&house, &steps(&house, file));
    house.ask(OWN, Verb::CreateAccessKey, json!({ "UserName": "ann" })).expect("a key");
    house.ask(OWN, Verb::CreateAccessKey, json!({})).expect("a key");
    assert_eq!(lines(&steps(&house, file)), [""; 0]);
}

#[test]
fn what_cannot_change_is_said() {
    let house = House::new(1);
    apply(&house, &steps(&house, FILE));
    let moved = read(&FILE.replacen("/eng/", "/ops/", 1)).expect("a file");
    let why = block_on(plan(&moved, OWN, &house)).err().expect("it cannot");
    assert!(why.starts_with("the path of user ann in 111122223333 is /eng/ and cannot become /ops/"), "{why}");
    let twice = read("[[account]]\n[[account]]\nid = \"111122223333\"\n").expect("a file");
    let why = block_on(plan(&twice, OWN, &house)).err().expect("it is one account");
    assert_eq!(why, "the account 111122223333 is declared twice: once by its id, once without one");
    let other = read("[[account]]\nid = \"777788889999\"\n[[account]]\nid = \"999900001111\"\n").expect("a file");
    let why = block_on(plan(&other, OTHER, &house)).err().expect("it does not manage");
    assert!(why.starts_with("ListAccounts in account 444455556666: AccessDenied"), "{why}");
}

#[test]
fn a_principal_who_came_again_is_trusted_again_when_the_file_is_applied() {
    let house = House::new(1);
    let trust = trusting("arn:aws:iam::111122223333:user/ann");
    let file =
        format!("[[account]]\n[[account.user]]\nname = \"ann\"\n[[account.role]]\nname = \"ops\"\ntrust = '{trust}'\n");
    apply(&house, &steps(&house, &file));
    house.ask(OWN, Verb::DeleteUser, json!({ "UserName": "ann" })).expect("she goes");
    let steps = steps(&house, &file);
    assert_eq!(lines(&steps), ["+ user ann in 111122223333", "~ trust policy of role ops in 111122223333"]);
    apply(&house, &steps);
    let ann = house.get::<User>(rows::user(OWN, "ann")).expect("ann").id.clone();
    let role = house.get::<Role>(rows::role(OWN, "ops")).expect("ops");
    assert!(role.trust.pins().values().eq([&ann]));
}

#[test]
fn a_file_says_which_accounts_and_whether_it_has_secrets() {
    let file = read(FILE).expect("a file");
    assert_eq!(file.accounts(), [None, Some(STRANGE)]);
    assert!(file.has_secrets());
    let keys = "[[account.access_key]]\nid = \"AKIAROOTROOTROOTROOT\"\nsecret = \"";
    for (text, has_secrets) in [
        ("", false),
        ("[[account]]\n[[account.user]]\nname = \"ann\"\n", false),
        (&format!("[[account]]\n{keys}{SECRET}\"\n"), true),
    ] {
        assert_eq!(read(text).expect("a file").has_secrets(), has_secrets, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    let user = "[[account]]\n[[account.user]]\nname = \"ann\"\n";
    let cases = [
        ("x = 1\n".to_owned(), "line 1: unknown field `x`"),
        ("\n\nprune = 1\n".to_owned(), "line 3: invalid type: integer `1`, expected a boolean"),
        ("[[account]]\nid = \"12\"\n".to_owned(), "line 1: 1 validation error detected: Value '12' at 'accountId'"),
        ("[[account]]\n[[account.user]]\n".to_owned(), "line 2: missing field `name`"),
        ("[[account]]\n\n[[account.user]]\nname = \"a b\"\n".to_owned(), "line 3: The specified value for userName"),
        (format!("{user}path = \"eng\"\n"), "line 2: The specified value for path is invalid"),
        (format!("{user}tags = {{ k = \"a\", K = \"b\" }}\n"), "line 2: Duplicate tag keys found."),
        (format!("{user}policies.p = \"{{}}\"\n"), "line 2: the policy p of ann: "),
        (format!("{user}policies.\"a b\" = '{ALLOW}'\n"), "line 2: The specified value for policyName"),
        (format!("{user}policies.p = {{ file = \"x\" }}\n"), "line 2: the file x cannot be read: no such file"),
        (format!("{user}policies.p = {{ fail = \"x\" }}\n"), "line 4: unknown field `fail`"),
        (format!("{user}policies.p = 1\n"), "line 4: invalid type: integer `1`, expected a policy as text, or"),
        (format!("{user}[[account.user]]\nname = \"ANN\"\n"), "line 4: the user ANN is declared twice"),
        ("[[account]]\n[[account.role]]\nname = \"r\"\n".to_owned(), "line 2: missing field `trust`"),
        (
            format!("[[account]]\n[[account.role]]\nname = \"r\"\ntrust = '{ALLOW}'\n"),
            "line 2: the trust policy of the role r: ",
        ),
        (
            format!(
                "[[account]]\n[[account.role]]\nname = \"r\"\ntrust = '{}'\nmax_session_duration = 1\n",
                trusting(OWN)
            ),
            "line 2: 1 validation error detected: Value '1' at 'maxSessionDuration'",
        ),
        ("[[account]]\n[[account]]\n".to_owned(), "line 2: this account is declared twice"),
        ("[[account]\n".to_owned(), "line 1: "),
    ];
    for (text, expected) in cases {
        let why = read(&text).err().unwrap_or_else(|| panic!("{text} is taken"));
        assert!(why.starts_with(expected), "{text}\n{why}\nis not\n{expected}");
    }
}

#[test]
fn nothing_that_is_said_of_a_file_tells_its_secrets() {
    let secret = "wJalr31415926";
    let key = |rest: &str| format!("[[account]]\n[[account.access_key]]\n{rest}\n");
    let id = "id = \"AKIAROOTROOTROOTROOT\"";
    for text in [
        key(&format!("{id}\nsecret = \"{secret}\"")),
        key(&format!("{id}\nsecret = \"{secret}")),
        key(&format!("{id}\nsecret = {secret}")),
        key(&format!("{id}\nsecret = 31415926")),
        key(&format!("{id}\nsecret = 3.1415926")),
        key(&format!("{id}\nsecret = [\"{secret}\"]")),
        key(&format!("{id}\nsecret = {{ file = \"{secret}\" }}")),
        key(&format!("{id}\nsecret = \"{secret}\"\nstatus = \"x\"")),
        key(&format!("secret = \"{secret}\"")),
    ] {
        let why = read(&text).err().unwrap_or_else(|| panic!("{text} is taken"));
        assert!(!why.contains("wJalr") && !why.contains("1415926"), "{why}");
    }
    let house = House::new(1);
    for step in steps(&house, FILE) {
        assert!(!step.to_string().contains("wJalr"), "{step}");
    }
}

fn any_file() -> impl Strategy<Value = String> {
    let policy = prop::sample::select(vec!["kms:*", "kms:Encrypt"]).prop_map(|action| ALLOW.replace("kms:*", action));
    let policies = prop::collection::btree_map("[pq]", policy, 0..3);
    let tags = prop::collection::btree_map("[kl]", "[vw]", 0..3);
    let entity = (tags, policies).prop_map(|(tags, policies)| {
        let tags: Vec<String> = tags.iter().map(|(key, value)| format!("tags.{key} = \"{value}\"\n")).collect();
        let policies: Vec<String> =
            policies.iter().map(|(name, text)| format!("policies.{name} = '{text}'\n")).collect();
        tags.concat() + &policies.concat()
    });
    let users = prop::collection::btree_map("[abc]", entity.clone(), 0..4);
    let principal = prop::sample::select(vec![
        "111122223333",
        "arn:aws:iam::111122223333:role/r",
        "arn:aws:sts::111122223333:assumed-role/s/x",
    ]);
    let roles = prop::collection::btree_map("[rs]", (entity, principal, 3600..3602_i64), 2..=2);
    (users, roles, any::<bool>()).prop_map(|(users, roles, prune)| {
        let mut text = format!("prune = {prune}\n[[account]]\n");
        for (name, rest) in users {
            text += &format!("[[account.user]]\nname = \"{name}\"\n{rest}");
        }
        for (name, (rest, principal, seconds)) in roles {
            let trust = trusting(principal);
            text += &format!(
                "[[account.role]]\nname = \"{name}\"\nmax_session_duration = {seconds}\ntrust = '{trust}'\n{rest}"
            );
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn after_any_file_is_applied_nothing_is_left_to_do(files in prop::collection::vec(any_file(), 1..4)) {
        let house = House::new(1);
        let mut made = BTreeSet::new();
        for file in files {
            let steps = steps(&house, &file);
            apply(&house, &steps);
            prop_assert_eq!(lines(&self::steps(&house, &file)), Vec::<String>::new(), "{}", file);
            let names = file.lines().filter_map(|line| line.strip_prefix("name = ")).map(str::to_owned);
            let users: BTreeSet<String> = names.collect();
            if file.starts_with("prune = true") { made = users } else { made.extend(users) }
            let there = house.rows().keys().filter(|row| row.starts_with(b"i\0")).count();
            prop_assert_eq!(there, made.len(), "{}", file);
        }
    }

    #[test]
    fn no_text_makes_reading_a_file_panic(text in any::<String>(), lines in prop::collection::vec(0..40_usize, 0..12)) {
        let _ = read(&text);
        // Lines of a good file in any order get further.
        let all: Vec<&str> = FILE.lines().collect();
        let shuffled: Vec<&str> = lines.iter().map(|at| all[at % all.len()]).collect();
        let _ = read(&shuffled.join("\n"));
    }
}

#[test]
fn the_file_in_the_manual_is_taken_and_applied() {
    let manual = include_str!("../../docs/identities.md");
    let (_, rest) = manual.split_once("```toml\n").expect("the manual has a file");
    let (file, _) = rest.split_once("```\n").expect("the file ends");
    let house = House::new(1);
    let desired = Desired::parse(file, &mut |_| Ok(ALLOW.to_owned())).unwrap_or_else(|why| panic!("{why}"));
    let steps = block_on(plan(&desired, OWN, &house)).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(steps.len(), 7, "{:?}", lines(&steps));
    apply(&house, &steps);
    assert!(block_on(plan(&desired, OWN, &house)).is_ok_and(|steps| steps.is_empty()));
}
