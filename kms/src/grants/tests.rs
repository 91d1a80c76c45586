//! What a grant may hold, whom it may name, and that no tree of grants ever widens.

use std::collections::BTreeSet;

use crypto::testing::Seeded;
use policy::{Arity, Facts, Principal, Value};
use proptest::prelude::*;
use wire::Op;

use super::*;
use crate::records::GrantPrincipal;
use crate::{Enforcement, Mode, Origin, Quotas, Service, Time, home};

const REGION: &str = "us-east-1";
const ANN: &str = "arn:aws:iam::111122223333:user/ann";

type Context = BTreeMap<String, String>;

fn context(pairs: &[(&str, &str)]) -> Context {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn grant(operations: &[&str], terms: GrantTerms) -> GrantRecord {
    GrantRecord {
        grant_id: "ab".repeat(32),
        name: Some("name".to_owned()),
        grantee: GrantPrincipal { arn: ANN.to_owned(), id: Some("AIDAANN".to_owned()) },
        retirer: None,
        operations: operations.iter().map(|word| (*word).to_owned()).collect(),
        terms,
        issuer: "111122223333".to_owned(),
        created: Time(0),
    }
}

fn equals(pairs: &[(&str, &str)]) -> GrantTerms {
    GrantTerms { equals: Some(context(pairs)), ..GrantTerms::default() }
}

fn subset(pairs: &[(&str, &str)]) -> GrantTerms {
    GrantTerms { subset: Some(context(pairs)), ..GrantTerms::default() }
}

fn source(arn: &str) -> GrantTerms {
    GrantTerms { source_arn: Some(arn.to_owned()), ..GrantTerms::default() }
}

struct NoFacts;

impl Facts for NoFacts {
    fn values(&self, _: &str, _: &mut dyn FnMut(Value<'_>)) -> Arity {
        Arity::Absent
    }
}

/// Whether the grant lets ann do this under this encryption context.
fn speaks(grant: &GrantRecord, operation: &str, context: &Context) -> bool {
    let request = Request {
        principal: Principal { account: "111122223333", partition: "aws", who: Who::User { arn: ANN, id: "AIDAANN" } },
        action: &format!("kms:{operation}"),
        resource: None,
        across_accounts: true,
        context: Some(context),
        facts: &NoFacts,
    };
    grant.as_voice().speaks_for(&request)
}

#[test]
fn a_child_has_no_operation_that_its_parent_has_not_and_no_constraint_less() {
    let (one, two, other) = (&[("a", "1")][..], &[("a", "1"), ("b", "2")][..], &[("a", "2")][..]);
    let (arn, another) = ("arn:aws:s3:us-east-1:111122223333:x", "arn:aws:s3:us-east-1:111122223333:y");
    let free = GrantTerms::default;
    let cases = [
        ("nothing asked, nothing to keep", free(), free(), true),
        ("nothing asked, anything may be", free(), subset(one), true),
        ("nothing asked, anything may be", free(), equals(one), true),
        ("a subset stays", subset(one), subset(one), true),
        ("a subset gains pairs", subset(one), subset(two), true),
        ("a subset becomes whole", subset(one), equals(one), true),
        ("a subset becomes whole with more pairs", subset(one), equals(two), true),
        ("a subset loses a pair", subset(two), subset(one), false),
        ("a subset loses a pair and becomes whole", subset(two), equals(one), false),
        ("a subset gets another value", subset(one), subset(other), false),
        ("a subset gets another value in another case", subset(&[("a", "x")]), subset(&[("a", "X")]), false),
        ("a subset gets another key in another case", subset(&[("a", "x")]), subset(&[("A", "x")]), false),
        ("a subset goes", subset(one), free(), false),
        ("an empty subset asks nothing, and stays", subset(&[]), subset(&[]), true),
        ("an empty subset asks nothing, and may not go unsaid", subset(&[]), free(), false),
        ("a whole one stays", equals(one), equals(one), true),
        ("a whole one gains a pair", equals(one), equals(two), false),
        ("a whole one loses a pair", equals(two), equals(one), false),
        ("a whole one becomes a subset", equals(one), subset(one), false),
        ("a whole one goes", equals(one), free(), false),
        ("an empty whole one stays", equals(&[]), equals(&[]), true),
        ("an empty whole one gains a pair", equals(&[]), equals(one), false),
        ("a source stays", source(arn), source(arn), true),
        ("a source becomes another", source(arn), source(another), false),
        ("a source goes", source(arn), free(), false),
        ("a source goes for a context", source(arn), subset(one), false),
        ("a source comes", free(), source(arn), true),
        ("a context goes for a source", subset(one), source(arn), false),
    ];
    for (what, parent, child, may) in cases {
        let parent = grant(&["Encrypt", "Decrypt", "CreateGrant"], parent);
        for (operations, may) in [
            (&["Encrypt"][..], may),
            (&["Encrypt", "Decrypt", "CreateGrant"], may),
            (&["Encrypt", "DescribeKey"], false),
            (&["RetireGrant"], false),
        ] {
            let operations: Vec<String> = operations.iter().map(|word| (*word).to_owned()).collect();
            let child = Child { operations: operations.clone(), terms: child.clone() };
            assert_eq!(parent.may_have_child(&child), may, "{what}: {operations:?}");
        }
    }
}

/// The operations of the trees, of which the last two know no encryption context.
const OPERATIONS: [&str; 5] = ["Encrypt", "Decrypt", "GenerateDataKey", "DescribeKey", "CreateGrant"];

/// Every encryption context over two keys and two values.
fn contexts() -> Vec<Context> {
    let values = [None, Some("1"), Some("2")];
    let pairs = |a: &Option<&'static str>, b: &Option<&'static str>| {
        let pairs = [("a", *a), ("b", *b)].into_iter().filter_map(|(key, value)| value.map(|value| (key, value)));
        context(&pairs.collect::<Vec<_>>())
    };
    values.iter().flat_map(|a| values.iter().map(move |b| pairs(a, b))).collect()
}

/// Rights as a set of everything that may be done, from AWS's words about constraints, and by nothing that the service
/// itself uses.
fn rights(operations: &BTreeSet<usize>, terms: &GrantTerms) -> BTreeSet<(usize, usize)> {
    let mut rights = BTreeSet::new();
    for (at, context) in contexts().iter().enumerate() {
        let holds = match (&terms.equals, &terms.subset) {
            (None, None) => true,
            (Some(whole), _) => whole.iter().eq(context.iter()),
            (None, Some(part)) => part.iter().filter(|(key, value)| context.get(*key) != Some(value)).count() == 0,
        };
        let allowed = operations.iter().filter(|operation| holds || **operation >= 3);
        rights.extend(allowed.map(|operation| (*operation, at)));
    }
    rights
}

fn any_terms() -> impl Strategy<Value = GrantTerms> {
    let any_context = proptest::sample::select(contexts());
    prop_oneof![
        1 => Just(GrantTerms::default()),
        2 => any_context.clone().prop_map(|pairs| GrantTerms { equals: Some(pairs), ..GrantTerms::default() }),
        3 => any_context.prop_map(|pairs| GrantTerms { subset: Some(pairs), ..GrantTerms::default() }),
    ]
}

/// A wish for a grant: below which one, which operations, which constraint.
fn any_wish() -> impl Strategy<Value = (usize, BTreeSet<usize>, GrantTerms)> {
    (0..100_usize, proptest::collection::btree_set(0..OPERATIONS.len(), 1..=OPERATIONS.len()), any_terms())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Of what is wished for below each grant, only that is made which a caller who has that grant alone may make. What
    /// comes of it never exceeds any grant above it, whoever holds it.
    #[test]
    fn in_a_tree_of_grants_nobody_holds_more_than_the_grants_above(
        root in (proptest::collection::btree_set(0..OPERATIONS.len(), 1..=OPERATIONS.len()), any_terms()),
        wishes in proptest::collection::vec(any_wish(), 1..12),
    ) {
        let words = |operations: &BTreeSet<usize>| operations.iter().map(|at| OPERATIONS[*at]).collect::<Vec<_>>();
        let contexts = contexts();
        let mut tree = vec![(grant(&words(&root.0), root.1.clone()), rights(&root.0, &root.1))];
        for (above, operations, terms) in wishes {
            let (parent, most) = tree[above % tree.len()].clone();
            let wished = Child {
                operations: words(&operations).into_iter().map(str::to_owned).collect(),
                terms: terms.clone(),
            };
            let may_make_grants = speaks(&parent, "CreateGrant", &Context::new());
            if !(may_make_grants && parent.may_have_child(&wished)) {
                continue;
            }
            let child = grant(&words(&operations), terms.clone());
            let held = rights(&operations, &terms);
            prop_assert!(held.is_subset(&most), "{child:?} widens {parent:?}");
            for (at, context) in contexts.iter().enumerate() {
                for (index, operation) in OPERATIONS.iter().enumerate() {
                    let speaks_now = speaks(&child, operation, context);
                    prop_assert_eq!(speaks_now, held.contains(&(index, at)), "{} under {:?}", operation, context);
                    prop_assert!(!speaks_now || speaks(&parent, operation, context));
                }
            }
            tree.push((child, held));
        }
    }

    /// The other side: what holds no more, and keeps the kind of its constraint, is never refused for another reason.
    #[test]
    fn a_child_that_holds_no_more_is_refused_only_where_a_constraint_changes_its_kind(
        parent in (proptest::collection::btree_set(0..OPERATIONS.len(), 1..=OPERATIONS.len()), any_terms()),
        child in (proptest::collection::btree_set(0..OPERATIONS.len(), 1..=OPERATIONS.len()), any_terms()),
    ) {
        let words = |operations: &BTreeSet<usize>| operations.iter().map(|at| OPERATIONS[*at]).collect::<Vec<_>>();
        let above = grant(&words(&parent.0), parent.1.clone());
        let wished =
            Child { operations: words(&child.0).into_iter().map(str::to_owned).collect(), terms: child.1.clone() };
        let fewer = child.0.is_subset(&parent.0);
        let same_kind = parent.1.equals.is_some() == child.1.equals.is_some()
            && parent.1.subset.is_some() == child.1.subset.is_some();
        // With an operation that knows a context, rights tell all about a constraint.
        let context_matters = child.0.iter().any(|operation| *operation < 3);
        if fewer && same_kind && context_matters {
            let no_more = rights(&child.0, &child.1).is_subset(&rights(&parent.0, &parent.1));
            prop_assert_eq!(above.may_have_child(&wished), no_more);
        }
    }
}

#[test]
fn a_grant_names_roots_users_roles_and_sessions_and_nobody_else() {
    for (arn, account) in [
        ("arn:aws:iam::111122223333:root", "111122223333"),
        ("arn:aws:iam::111122223333:user/ann", "111122223333"),
        ("arn:aws:iam::111122223333:user/division/ann", "111122223333"),
        ("arn:aws:iam::444455556666:role/app", "444455556666"),
        ("arn:aws:iam::444455556666:role/service-role/app", "444455556666"),
        ("arn:aws:sts::444455556666:assumed-role/app/session", "444455556666"),
    ] {
        assert_eq!(principal_account(arn, REGION), Ok(account), "{arn}");
    }
    for arn in [
        "111122223333",
        "AIDACKCEVSQ6C2EXAMPLE",
        "*",
        "kms.amazonaws.com",
        "arn:aws:iam::111122223333",
        "arn:aws:iam::111122223333:",
        "arn:aws:iam::111122223333:Root",
        "arn:aws:iam::111122223333:root/x",
        "arn:aws:iam::111122223333:user",
        "arn:aws:iam::111122223333:user/",
        "arn:aws:iam::111122223333:user/path/",
        "arn:aws:iam::111122223333:group/admins",
        "arn:aws:iam::111122223333:policy/x",
        "arn:aws:iam::111122223333:user/a:b",
        "arn:aws:iam:us-east-1:111122223333:user/ann",
        "arn:aws:iam::11112222333:user/ann",
        "arn:aws:iam::11112222333x:user/ann",
        "arn:aws:iam:::user/ann",
        "arn:aws-cn:iam::111122223333:user/ann",
        "arn:aws:sts::111122223333:assumed-role/app",
        "arn:aws:sts::111122223333:assumed-role/app/",
        "arn:aws:sts::111122223333:federated-user/bob",
        "arn:aws:sts::111122223333:role/app",
        "arn:aws:iam::111122223333:assumed-role/app/session",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    ] {
        let refused = Err(Error::InvalidPrincipal { arn: arn.to_owned() });
        assert_eq!(principal_account(arn, REGION), refused, "{arn}");
    }
    assert_eq!(principal_account("arn:aws-cn:iam::111122223333:root", "cn-north-1"), Ok("111122223333"));
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations>
#[test]
fn each_kind_of_key_has_its_own_operations_to_grant() {
    let always = ["CreateGrant", "DescribeKey", "RetireGrant"];
    let encrypts = ["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo"];
    let draws = [
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
    ];
    for spec in KeySpec::ALL.iter().copied() {
        for usage in spec.usages() {
            let mut expected: BTreeSet<&str> = match usage {
                KeyUsage::EncryptDecrypt if spec == KeySpec::SymmetricDefault => {
                    encrypts.into_iter().chain(draws).collect()
                }
                KeyUsage::EncryptDecrypt => encrypts.into_iter().chain(["GetPublicKey"]).collect(),
                KeyUsage::SignVerify => ["Sign", "Verify", "GetPublicKey"].into(),
                KeyUsage::GenerateVerifyMac => ["GenerateMac", "VerifyMac"].into(),
                KeyUsage::KeyAgreement => ["DeriveSharedSecret", "GetPublicKey"].into(),
                KeyUsage::EncapsulateDecapsulate => ["Encapsulate", "Decapsulate", "GetPublicKey"].into(),
            };
            expected.extend(always);
            let told: BTreeSet<&str> = grantable(spec, usage).into_iter().map(GrantOperation::as_str).collect();
            assert_eq!(told, expected, "{spec} for {usage}");
        }
    }
}

#[test]
fn the_hash_of_a_name_depends_on_every_property_and_not_on_the_order_of_operations() {
    let keys = GrantKeys::of(&StoreKey::generate(&Seeded::new(1)));
    let first = grant(&["Encrypt", "Decrypt"], subset(&[("a", "1")]));
    let hash = keys.properties(&first).expect("it has a name");
    let alike = [
        GrantRecord { operations: vec!["Decrypt".into(), "Encrypt".into()], ..first.clone() },
        GrantRecord { grant_id: "cd".repeat(32), created: Time(7), ..first.clone() },
    ];
    for same in alike {
        assert_eq!(keys.properties(&same), Some(hash.clone()), "{same:?}");
    }
    let root = || GrantPrincipal { arn: "arn:aws:iam::111122223333:root".into(), id: None };
    let others = [
        GrantRecord { name: Some("other".into()), ..first.clone() },
        GrantRecord { grantee: root(), ..first.clone() },
        GrantRecord {
            grantee: GrantPrincipal { id: Some("AIDANEW".into()), ..first.grantee.clone() },
            ..first.clone()
        },
        GrantRecord { retirer: Some(root()), ..first.clone() },
        GrantRecord { operations: vec!["Encrypt".into()], ..first.clone() },
        GrantRecord { terms: equals(&[("a", "1")]), ..first.clone() },
        GrantRecord { terms: GrantTerms::default(), ..first.clone() },
        GrantRecord { issuer: "444455556666".into(), ..first.clone() },
    ];
    for other in others {
        assert_ne!(keys.properties(&other), Some(hash.clone()), "{other:?}");
    }
    assert_eq!(keys.properties(&GrantRecord { name: None, ..first }), None);
    let other = GrantKeys::of(&StoreKey::generate(&Seeded::new(2)));
    assert_ne!(keys.principal(ANN), other.principal(ANN), "whoever lacks the store key learns nothing from an index");
}

/// A service in memory that asks nobody who he is, and calls of it.
struct Open(Arc<Service>);

impl Open {
    async fn new() -> Open {
        let random = Arc::new(Seeded::new(1));
        let opened = home::in_memory(&*random);
        let rules = (Mode::Dev, Enforcement::Off, Quotas::default());
        let started = Service::start(opened, rules.0, rules.1, rules.2, REGION.into(), random, Time(0)).await;
        Open(started.expect("it starts"))
    }

    #[expect(clippy::disallowed_methods, reason = "no door stands before these calls")]
    async fn call(&self, op: Op, body: serde_json::Value) -> serde_json::Value {
        let head = wire::sigv4::Head { method: "POST", path: "/", query: "", headers: &[] };
        let caller = crate::caller::open(&head, REGION);
        let origin = Origin { request_id: "r".into(), source_ip: "127.0.0.1".into(), user_agent: None };
        let answer = self.0.call(op, caller, origin, body.to_string().into_bytes(), Time(0)).await;
        let answer = answer.unwrap_or_else(|fault| panic!("{op:?} {body}: {}", fault.name));
        serde_json::from_slice(&answer).unwrap_or_default()
    }

    /// What is there now, and the key in it.
    async fn view(&self, key_id: &str) -> (View, Key) {
        let view = View::newest(self.0.core(), Time(0)).await.expect("a snapshot");
        let world = World { account: home::OPEN_ACCOUNT.into(), region: REGION.into() };
        let key = view.key(world, key_id).await.expect("it is read").expect("it is there");
        (view, key)
    }
}

/// The grants to [`OPEN_ROOT`] in this snapshot, in the order in which they are asked.
async fn asked((view, key): &(View, Key)) -> Vec<String> {
    let count = count(view, key).await.expect("it is read");
    let asked = std::sync::Mutex::new(Vec::new());
    let notes = |grant: &GrantRecord| {
        asked.lock().expect("no panic").push(grant.grant_id.clone());
        false
    };
    let found = first(view, key, OPEN_ROOT, count.map_or(0, |count| count.revision), &notes).await;
    assert!(found.expect("it is read").is_none(), "none suits");
    asked.into_inner().expect("no panic")
}

const OPEN_ROOT: &str = "arn:aws:iam::000000000000:root";

/// Lists are kept from call to call, but never from snapshot to snapshot: not backwards, and not forwards.
#[tokio::test]
async fn every_snapshot_is_told_its_own_grants_whichever_was_asked_before() {
    let open = Open::new().await;
    let made = open.call(Op::CreateKey, serde_json::json!({})).await;
    let key_id = made["KeyMetadata"]["KeyId"].as_str().expect("an id").to_owned();
    let body = serde_json::json!({ "KeyId": key_id, "GranteePrincipal": OPEN_ROOT, "Operations": ["Encrypt"] });
    let mut there = BTreeSet::new();
    let mut snapshots = vec![(open.view(&key_id).await, there.clone())];
    for comes in [true, true, false, true, false, false] {
        if comes {
            let grant = open.call(Op::CreateGrant, body.clone()).await;
            there.insert(grant["GrantId"].as_str().expect("an id").to_owned());
        } else {
            let id = there.pop_first().expect("one is there");
            open.call(Op::RevokeGrant, serde_json::json!({ "KeyId": key_id, "GrantId": id })).await;
        }
        snapshots.push((open.view(&key_id).await, there.clone()));
    }
    let twice = snapshots.iter().chain(snapshots.iter().rev()).chain(snapshots.iter());
    for (at, (view, grants)) in twice.enumerate() {
        for again in [false, true] {
            let told: BTreeSet<String> = asked(view).await.into_iter().collect();
            assert_eq!(told, *grants, "question {at}, again: {again}");
        }
    }
}
