//! Rights that are taken away while they are used: a call that begins after the change was answered finds them gone,
//! whatever gave them and whatever takes them, and however many calls are on their way.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use common::identities::{Keys, allow};
use common::{House, OWN, Refusal, base64, text_at};
use kms::{Caller, Scope};
use serde_json::{Value, json};
use wire::Op;

/// How many races each of the ways to lose a right is run in, and how many clients run.
const ROUNDS: usize = 72;
const CLIENTS: usize = 8;

/// How many calls each client begins after the change.
const LATE_CALLS: usize = 4;

/// What gives somebody the right to encrypt, and what takes it away.
#[derive(Clone, Copy, Debug)]
enum Taking {
    RevokeGrant,
    RetireGrant,
    KeyPolicyDenies,
    KeyPolicyForgets,
    UserPolicyDenies,
    UserPolicyGoes,
    RolePolicyGoes,
    AccessKeyInactive,
    AccessKeyGoes,
    UserGoes,
    RoleGoes,
    KeyDisabled,
    KeyDeleted,
    AliasMoves,
}

/// Each with what a call that comes too late is told.
const TAKINGS: [(Taking, &str); 14] = [
    (Taking::RevokeGrant, "AccessDeniedException"),
    (Taking::RetireGrant, "AccessDeniedException"),
    (Taking::KeyPolicyDenies, "AccessDeniedException"),
    (Taking::KeyPolicyForgets, "AccessDeniedException"),
    (Taking::UserPolicyDenies, "AccessDeniedException"),
    (Taking::UserPolicyGoes, "AccessDeniedException"),
    (Taking::RolePolicyGoes, "AccessDeniedException"),
    (Taking::AccessKeyInactive, "UnrecognizedClientException"),
    (Taking::AccessKeyGoes, "UnrecognizedClientException"),
    (Taking::UserGoes, "UnrecognizedClientException"),
    (Taking::RoleGoes, "UnrecognizedClientException"),
    (Taking::KeyDisabled, "DisabledException"),
    (Taking::KeyDeleted, "KMSInvalidStateException"),
    (Taking::AliasMoves, "AccessDeniedException"),
];

/// How a client proves who it is: anew for each call, or once long before.
enum Proof {
    Keys(Keys),
    Believed(Caller),
}

/// One race: who calls, for what, and the change.
struct Race {
    proof: Proof,
    /// What the key is called.
    key: String,
    change: Change,
}

enum Change {
    Op(Op, Value),
    Verb(&'static str, Value),
}

fn encrypt_on(principal: &str, effect: &str) -> Value {
    json!({ "Effect": effect, "Principal": { "AWS": principal }, "Action": "kms:Encrypt", "Resource": "*" })
}

/// A key policy that says this beside letting the account.
fn key_policy(more: Option<Value>) -> String {
    let root = format!("arn:aws:iam::{OWN}:root");
    let account = json!({ "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" });
    let statements: Vec<Value> = [account].into_iter().chain(more).collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

impl Race {
    /// Somebody new with a new key, who may encrypt under it until the change.
    async fn arrange(house: &House, trusted: &Caller, taking: Taking, number: usize) -> Race {
        let name = format!("u{}-{number}", taking as usize);
        let user = format!("arn:aws:iam::{OWN}:user/{name}");
        let made = |policy: String| house.ok(Op::CreateKey, json!({ "Policy": policy }));
        let key_with = async |policy| text_at(&made(key_policy(policy)).await, "/KeyMetadata/KeyId");
        let all = || Some(allow(json!("kms:Encrypt")));
        let own_policy = json!({ "UserName": name, "PolicyName": "mine" });
        let role = async |policy| {
            let role = house.role(OWN, &name, json!(format!("arn:aws:iam::{OWN}:user/trusted")), policy).await;
            (house.assume(trusted, &role, "session", "").await.expect("it is trusted"), role)
        };
        match taking {
            Taking::RevokeGrant | Taking::RetireGrant => {
                let (keys, key) = (house.user(OWN, &name, None).await, key_with(None).await);
                let grant = json!({ "KeyId": key, "GranteePrincipal": user, "Operations": ["Encrypt"] });
                let granted = house.ok(Op::CreateGrant, grant).await;
                let change = match taking {
                    Taking::RevokeGrant => (Op::RevokeGrant, json!({ "KeyId": key, "GrantId": granted["GrantId"] })),
                    _ => (Op::RetireGrant, json!({ "GrantToken": granted["GrantToken"] })),
                };
                Race { proof: Proof::Keys(keys), key, change: Change::Op(change.0, change.1) }
            }
            Taking::KeyPolicyDenies => {
                let (keys, key) = (house.user(OWN, &name, all()).await, key_with(None).await);
                let policy = key_policy(Some(encrypt_on(&user, "Deny")));
                let change = Change::Op(Op::PutKeyPolicy, json!({ "KeyId": key, "Policy": policy }));
                Race { proof: Proof::Keys(keys), key, change }
            }
            Taking::KeyPolicyForgets => {
                let keys = house.user(OWN, &name, None).await;
                let key = key_with(Some(encrypt_on(&user, "Allow"))).await;
                let change = Change::Op(Op::PutKeyPolicy, json!({ "KeyId": key, "Policy": key_policy(None) }));
                Race { proof: Proof::Keys(keys), key, change }
            }
            Taking::UserPolicyDenies => {
                let keys = house.user(OWN, &name, None).await;
                let key = key_with(Some(encrypt_on(&user, "Allow"))).await;
                let deny = json!({ "Version": "2012-10-17", "Statement": [
                    { "Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*" },
                ] });
                let body = common::with(own_policy, json!({ "PolicyDocument": deny.to_string() }));
                Race { proof: Proof::Keys(keys), key, change: Change::Verb("PutUserPolicy", body) }
            }
            Taking::UserPolicyGoes => {
                let (keys, key) = (house.user(OWN, &name, all()).await, key_with(None).await);
                Race { proof: Proof::Keys(keys), key, change: Change::Verb("DeleteUserPolicy", own_policy) }
            }
            Taking::RolePolicyGoes => {
                let (keys, _) = role(all()).await;
                let change = Change::Verb("DeleteRolePolicy", json!({ "RoleName": name, "PolicyName": "mine" }));
                Race { proof: Proof::Keys(keys), key: key_with(None).await, change }
            }
            Taking::AccessKeyInactive => {
                let keys = house.user(OWN, &name, all()).await;
                let body = json!({ "UserName": name, "AccessKeyId": keys.id, "Status": "Inactive" });
                let change = Change::Verb("UpdateAccessKey", body);
                Race { proof: Proof::Keys(keys), key: key_with(None).await, change }
            }
            Taking::AccessKeyGoes => {
                let keys = house.user(OWN, &name, all()).await;
                let change = Change::Verb("DeleteAccessKey", json!({ "UserName": name, "AccessKeyId": keys.id }));
                Race { proof: Proof::Keys(keys), key: key_with(None).await, change }
            }
            Taking::UserGoes => {
                // Only who has neither keys nor policies can be deleted: who was believed before still calls.
                let keys = house.user(OWN, &name, None).await;
                let key = key_with(Some(encrypt_on(&user, "Allow"))).await;
                let believed = house.sign_in(&keys).await;
                house.manage(OWN, "DeleteAccessKey", json!({ "UserName": name, "AccessKeyId": keys.id })).await;
                let change = Change::Verb("DeleteUser", json!({ "UserName": name }));
                Race { proof: Proof::Believed(believed), key, change }
            }
            Taking::RoleGoes => {
                let (keys, role) = role(None).await;
                let key = key_with(Some(encrypt_on(&role, "Allow"))).await;
                Race { proof: Proof::Keys(keys), key, change: Change::Verb("DeleteRole", json!({ "RoleName": name })) }
            }
            Taking::KeyDisabled | Taking::KeyDeleted => {
                let (keys, key) = (house.user(OWN, &name, all()).await, key_with(None).await);
                let op = if matches!(taking, Taking::KeyDisabled) { Op::DisableKey } else { Op::ScheduleKeyDeletion };
                let change = Change::Op(op, json!({ "KeyId": key }));
                Race { proof: Proof::Keys(keys), key, change }
            }
            Taking::AliasMoves => {
                let keys = house.user(OWN, &name, None).await;
                let (first, second) = (key_with(Some(encrypt_on(&user, "Allow"))).await, key_with(None).await);
                let alias = format!("alias/{name}");
                house.ok(Op::CreateAlias, json!({ "AliasName": alias, "TargetKeyId": first })).await;
                let change = Change::Op(Op::UpdateAlias, json!({ "AliasName": alias, "TargetKeyId": second }));
                Race { proof: Proof::Keys(keys), key: alias, change }
            }
        }
    }

    /// One call, from its proof on.
    async fn call(&self, house: &House) -> Result<Value, Refusal> {
        let caller = match &self.proof {
            Proof::Keys(keys) => house.try_sign_in(keys, Scope::Kms).await?,
            Proof::Believed(caller) => caller.clone(),
        };
        house.call_as(&caller, Op::Encrypt, json!({ "KeyId": self.key, "Plaintext": base64("p") })).await
    }

    async fn change(&self, house: &House) {
        match &self.change {
            Change::Op(op, body) => drop(house.ok(*op, body.clone()).await),
            Change::Verb(verb, body) => drop(house.manage(OWN, verb, body.clone()).await),
        }
    }
}

/// How many calls were on their way when the right went, and how many began after.
#[derive(Default)]
struct Counts {
    early: AtomicUsize,
    late: AtomicUsize,
}

/// Runs one race to its end.
async fn run(house: &Arc<House>, race: Race, what: (Taking, &'static str), counts: &Arc<Counts>) {
    let first = race.call(house).await;
    assert!(first.is_ok(), "{what:?}: before the change it is allowed: {first:?}");
    let (race, is_over, started) = (Arc::new(race), Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let clients = (0..CLIENTS).map(|_| {
        let (house, race, is_over, started) = (house.clone(), race.clone(), is_over.clone(), started.clone());
        let counts = counts.clone();
        tokio::spawn(async move {
            let mut late = 0;
            while late < LATE_CALLS {
                let is_late = is_over.load(Ordering::SeqCst);
                let told = race.call(&house).await;
                started.fetch_add(1, Ordering::SeqCst);
                match told {
                    _ if !is_late => drop(counts.early.fetch_add(1, Ordering::SeqCst)),
                    Ok(_) => panic!("{what:?}: a call that began after the change was answered is let through"),
                    Err(refused) => {
                        assert_eq!(refused.0, what.1, "{what:?}: {refused:?}");
                        late += 1;
                        counts.late.fetch_add(1, Ordering::SeqCst);
                    }
                }
                tokio::task::yield_now().await;
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    while started.load(Ordering::SeqCst) < CLIENTS {
        tokio::task::yield_now().await;
    }
    race.change(house).await;
    is_over.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("no right outlives the answer that took it");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_that_begins_after_a_right_was_taken_away_still_has_it() {
    let counts = Arc::new(Counts::default());
    for what in TAKINGS {
        // A house for each, so that none grows large.
        let house = Arc::new(House::new().await);
        house.own_account().await;
        let trusted = house.user(OWN, "trusted", None).await;
        let trusted = house.sign_in(&trusted).await;
        for number in 0..ROUNDS {
            let race = Race::arrange(&house, &trusted, what.0, number).await;
            run(&house, race, what, &counts).await;
        }
    }
    let races = TAKINGS.len() * ROUNDS;
    let (early, late) = (counts.early.load(Ordering::SeqCst), counts.late.load(Ordering::SeqCst));
    assert_eq!(late, races * CLIENTS * LATE_CALLS);
    assert!(early >= races * CLIENTS, "the changes raced with too few calls: {early}");
}
