//! Two accounts that share some keys and not others, and calls at random: nobody does what nobody allowed them, and who
//! may not learns nothing from the refusal. What is allowed is told here in a few plain rules, not by policies.

mod common;

use std::collections::BTreeMap;

use common::identities::allow;
use common::sample::{With, sample};
use common::{House, NOBODY, OWN, REGION, Refusal, STRANGER, arn_of, base64, caller, name_of, text_at, unbase64};
use crypto::Random;
use crypto::testing::Seeded;
use kms::ops::{OPERATIONS, Sheet};
use kms::{Caller, Names};
use serde_json::{Value, json};
use wire::Op;

/// How many calls are made.
const CALLS: usize = 100_000;

/// Who calls, in each of the two accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Root,
    /// Whose policy allows everything.
    Trusted,
    /// Who has no policy.
    Nobody,
    /// A session of a role that may everything, which its own policy limits to two operations.
    Limited,
}

const WHO: [Who; 4] = [Who::Root, Who::Trusted, Who::Nobody, Who::Limited];

/// Whom a key's policy lets use it, beside the account that it leaves everything to: its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shared {
    /// Nobody.
    ItsAccount,
    /// Everything is left to the other account too.
    BothAccounts,
    /// The trusted user of the other account may encrypt and decrypt.
    OneOfTheOthers,
    /// The trusted users of both accounts may nothing.
    AllButTheTrusted,
    /// The one who has no policy may describe it.
    OneOfItsOwn,
}

const SHARED: [Shared; 5] =
    [Shared::ItsAccount, Shared::BothAccounts, Shared::OneOfTheOthers, Shared::AllButTheTrusted, Shared::OneOfItsOwn];

/// A key, if it is there, and a ciphertext that names it.
struct Subject {
    account: &'static str,
    key: String,
    blob: String,
    /// None: it is not there.
    shared: Option<Shared>,
}

/// Whether somebody's own policies let them do this.
fn is_trusted_with(who: Who, op: Op) -> bool {
    match who {
        Who::Root | Who::Trusted => true,
        Who::Nobody => false,
        Who::Limited => matches!(op, Op::DescribeKey | Op::Encrypt),
    }
}

/// The rules: the key's side, and the caller's.
fn may(who: Who, own: bool, shared: Shared, sheet: &Sheet) -> bool {
    if !own && !sheet.cross_account {
        return false;
    }
    let named = match shared {
        Shared::AllButTheTrusted if who == Who::Trusted => return false,
        Shared::OneOfTheOthers => !own && who == Who::Trusted && matches!(sheet.op, Op::Encrypt | Op::Decrypt),
        Shared::OneOfItsOwn => own && who == Who::Nobody && sheet.op == Op::DescribeKey,
        Shared::ItsAccount | Shared::BothAccounts | Shared::AllButTheTrusted => false,
    };
    let left_to_the_account = own || matches!(shared, Shared::BothAccounts | Shared::AllButTheTrusted);
    match own {
        true => named || (left_to_the_account && is_trusted_with(who, sheet.op)),
        false => (named || left_to_the_account) && is_trusted_with(who, sheet.op),
    }
}

fn other(account: &str) -> &'static str {
    if account == OWN { STRANGER } else { OWN }
}

fn policy(account: &str, shared: Shared) -> String {
    let statement = |effect: &str, principals: Value, action: Value| json!({ "Effect": effect, "Principal": { "AWS": principals }, "Action": action, "Resource": "*" });
    let user = |account: &str, name: &str| format!("arn:aws:iam::{account}:user/{name}");
    let both = json!([account, other(account)]);
    let trusted = json!([user(account, "trusted"), user(other(account), "trusted")]);
    let statements = match shared {
        Shared::ItsAccount => json!([statement("Allow", json!(account), json!("kms:*"))]),
        Shared::BothAccounts => json!([statement("Allow", both, json!("kms:*"))]),
        Shared::OneOfTheOthers => json!([
            statement("Allow", json!(account), json!("kms:*")),
            statement("Allow", json!(user(other(account), "trusted")), json!(["kms:Encrypt", "kms:Decrypt"])),
        ]),
        Shared::AllButTheTrusted => {
            json!([statement("Allow", both, json!("kms:*")), statement("Deny", trusted, json!("kms:*"))])
        }
        Shared::OneOfItsOwn => json!([
            statement("Allow", json!(account), json!("kms:*")),
            statement("Allow", json!(user(account, "nobody")), json!("kms:DescribeKey")),
        ]),
    };
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

async fn callers(house: &House, account: &'static str) -> Vec<(Who, &'static str, Caller)> {
    let trusted = house.user(account, "trusted", Some(allow(json!(["kms:*", "sts:*"])))).await;
    let nobody = house.user(account, "nobody", None).await;
    let trusted = house.sign_in(&trusted).await;
    let role = house.role(account, "role", json!(account), Some(allow(json!("kms:*")))).await;
    let limit = allow(json!(["kms:DescribeKey", "kms:Encrypt"])).to_string();
    let limit: String = limit.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let session = house.assume(&trusted, &role, "limited", &format!("&Policy={limit}")).await.expect("a session");
    vec![
        (Who::Root, account, caller(account, REGION)),
        (Who::Trusted, account, trusted),
        (Who::Nobody, account, house.sign_in(&nobody).await),
        (Who::Limited, account, house.sign_in(&session).await),
    ]
}

async fn subjects(house: &House, account: &'static str) -> Vec<Subject> {
    let root = caller(account, REGION);
    let mut subjects = Vec::new();
    for shared in SHARED {
        for change in [None, Some(Op::DisableKey), Some(Op::ScheduleKeyDeletion)] {
            let made = house.call_as(&root, Op::CreateKey, json!({ "Policy": policy(account, shared) })).await;
            let key = text_at(&made.expect("a key"), "/KeyMetadata/KeyId");
            let sealed = json!({ "KeyId": key, "Plaintext": base64("p") });
            let blob = house.call_as(&root, Op::Encrypt, sealed).await.expect("a ciphertext");
            let blob = text_at(&blob, "/CiphertextBlob");
            if let Some(op) = change {
                house.call_as(&root, op, json!({ "KeyId": key })).await.expect("another state");
            }
            subjects.push(Subject { account, key, blob, shared: Some(shared) });
        }
    }
    // A ciphertext in which another key id stands: 1 byte of version and 12 of account come before it.
    let mut blob = unbase64(&subjects[0].blob);
    blob[13..49].copy_from_slice(NOBODY.as_bytes());
    subjects.push(Subject { account, key: NOBODY.to_owned(), blob: base64(blob), shared: None });
    subjects
}

fn one_of<'a, T>(list: &'a [T], random: &Seeded) -> &'a T {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    &list[(u64::from_le_bytes(bytes) % list.len() as u64) as usize]
}

#[tokio::test]
async fn of_a_hundred_thousand_calls_none_does_what_nobody_allowed_and_no_refusal_tells_anything() {
    let house = House::new().await;
    house.own_account().await;
    house.another_account(STRANGER).await;
    let mut all = callers(&house, OWN).await;
    all.extend(callers(&house, STRANGER).await);
    let mut keys = subjects(&house, OWN).await;
    keys.extend(subjects(&house, STRANGER).await);
    // Naming a key, and about nothing else: aliases and grants have tests of their own.
    let sheets: Vec<&Sheet> = OPERATIONS.iter().filter_map(|entry| entry.sheet).collect();
    let on_keys = |sheet: &&&Sheet| {
        sheet.names != Names::None
            && !matches!(sheet.op, Op::ListAliases | Op::RetireGrant | Op::CreateAlias | Op::UpdateAlias)
    };
    let sheets: Vec<&Sheet> = sheets.iter().filter(on_keys).copied().collect();
    let (random, before) = (Seeded::new(5), house.everything().await);
    let mut told_to: BTreeMap<(String, &str), Refusal> = BTreeMap::new();
    let (mut calls, mut refused) = (0, 0);
    while calls < CALLS {
        let (who, account, as_whom) = one_of(&all, &random);
        let (subject, sheet) = (one_of(&keys, &random), one_of(&sheets, &random));
        let own = *account == subject.account;
        let allowed = subject.shared.is_some_and(|shared| may(*who, own, shared, sheet));
        if allowed && !sheet.read_only {
            continue; // it would change what the rules are about
        }
        calls += 1;
        let arn = arn_of(subject.account, &subject.key);
        let body = sample(sheet.op, &With { key: &arn, blob: &subject.blob });
        let told = house.call_as(as_whom, sheet.op, body).await;
        let what = format!("{:?} by {who:?} of {account} on {arn} shared {:?}", sheet.op, subject.shared);
        match (allowed, own, subject.shared) {
            (true, _, _) => assert_ne!(name_of(&told), "AccessDeniedException", "{what}: {told:?}"),
            (false, true, None) => assert_eq!(name_of(&told), "NotFoundException", "{what}: {told:?}"),
            (false, true, Some(_)) => assert_eq!(name_of(&told), "AccessDeniedException", "{what}: {told:?}"),
            (false, false, _) => {
                let told = told.expect_err("nobody allowed it");
                assert_eq!(told.0, "AccessDeniedException", "{what}: {told:?}");
                let first = told_to
                    .entry((format!("{who:?} {account}"), sheet.op.name()))
                    .or_insert(Refusal(told.0.clone(), told.1.clone()));
                assert_eq!(told, *first, "{what}: it is told from other keys");
                refused += 1;
            }
        }
    }
    assert_eq!(house.everything().await, before, "nothing was changed");
    assert!(refused > CALLS / 4, "most of these calls are refused: {refused}");
    assert_eq!(told_to.len(), 2 * WHO.len() * sheets.len(), "everybody was refused everything once");
}
