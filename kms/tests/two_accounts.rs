//! Two accounts full of users, roles, keys, policies and grants, and a hundred thousand calls by chance. A small model
//! of who may what, written from AWS's pages and from nothing of ours, says of each call what may come of it; and a key
//! of another account that the caller may not use must be answered like one that is not there, to the byte.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use common::sample::{self, GRANT, With, sample};
use common::{House, NOBODY, OWN, REGION, STRANGER, base64, caller, text_at, unbase64, with, without};
use kms::Caller;
use serde_json::{Value, json};
use wire::{Fault, Op};

/// How many calls there are, and in how many houses, each with a seed of its own.
const CALLS: usize = 100_000;
const HOUSES: usize = 8;

/// How often each kind of outcome must have come up: fewer, and the calls no longer test it.
const PLENTY: usize = 100;

const ACCOUNTS: [&str; 2] = [OWN, STRANGER];

/// Whom a key policy or a grant can name. The number is the account's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Who {
    Everybody,
    Account(usize),
    /// The root user by a condition, and through it nobody else of its account.
    RootAlone(usize),
    User(usize, &'static str),
    Role(usize, &'static str),
    Session(usize, &'static str, &'static str),
}

impl Who {
    fn arn(self) -> String {
        match self {
            Who::Everybody => "*".to_owned(),
            Who::Account(account) | Who::RootAlone(account) => format!("arn:aws:iam::{}:root", ACCOUNTS[account]),
            Who::User(account, name) => format!("arn:aws:iam::{}:user/{name}", ACCOUNTS[account]),
            Who::Role(account, name) => format!("arn:aws:iam::{}:role/{name}", ACCOUNTS[account]),
            Who::Session(account, role, name) => {
                format!("arn:aws:sts::{}:assumed-role/{role}/{name}", ACCOUNTS[account])
            }
        }
    }
}

/// One statement of a document: in a key policy it is about somebody.
#[derive(Clone, Debug)]
struct Rule {
    allows: bool,
    who: Option<Who>,
    actions: &'static [&'static str],
    resources: Vec<String>,
}

impl Rule {
    fn json(&self) -> Value {
        let effect = if self.allows { "Allow" } else { "Deny" };
        let mut statement = json!({ "Effect": effect, "Action": self.actions, "Resource": self.resources });
        if let Some(who) = self.who {
            statement = with(statement, json!({ "Principal": { "AWS": who.arn() } }));
        }
        if let Some(Who::RootAlone(_)) = self.who {
            let condition = json!({ "ArnEquals": { "aws:PrincipalArn": self.who.map(Who::arn) } });
            statement = with(statement, json!({ "Condition": condition }));
        }
        statement
    }

    fn is_about(&self, action: &str, resource: &str) -> bool {
        self.actions.iter().any(|pattern| matches(pattern, action))
            && self.resources.iter().any(|pattern| matches(pattern, resource))
    }
}

/// Whether the text is the pattern's, in which one `*` may stand for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
    }
}

fn document(rules: &[Rule]) -> String {
    let statements: Vec<Value> = rules.iter().map(Rule::json).collect();
    json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
}

fn rule(allows: bool, who: Option<Who>, actions: &'static [&'static str]) -> Rule {
    Rule { allows, who, actions, resources: vec!["*".to_owned()] }
}

fn may(who: Who, actions: &'static [&'static str]) -> Rule {
    rule(true, Some(who), actions)
}

fn may_not(who: Who, actions: &'static [&'static str]) -> Rule {
    rule(false, Some(who), actions)
}

const ALL: &[&str] = &["kms:*"];
const KEY_POLICIES: usize = 10;

/// The key policies of an account, seen from it.
fn key_policy(kind: usize, own: usize) -> Vec<Rule> {
    let other = 1 - own;
    let ours = may(Who::Account(own), ALL);
    let closed = may(Who::RootAlone(own), ALL);
    let some: &[&str] = &["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:DisableKey", "kms:ListGrants"];
    match kind {
        0 => vec![ours],
        1 => vec![ours, may(Who::Account(other), ALL)],
        2 => vec![ours, may(Who::User(other, "plain"), some), may(Who::User(other, "all"), some)],
        3 => vec![closed],
        4 => vec![ours, may(Who::Everybody, ALL)],
        5 => vec![closed, may(Who::User(own, "plain"), &["kms:Describe*", "kms:Encrypt", "kms:*Tags", "kms:*Key"])],
        6 => vec![
            ours,
            may(Who::Account(other), ALL),
            may_not(Who::Account(other), &["kms:Decrypt", "kms:Describe*"]),
            may_not(Who::User(own, "all"), &["kms:Encrypt", "kms:List*", "kms:Gen*"]),
            may_not(Who::Role(own, "worker"), &["kms:ReEncrypt*", "kms:Describe*"]),
            may_not(Who::User(own, "narrow"), ALL),
        ],
        7 => vec![
            closed,
            may(Who::Session(own, "worker", "limited"), ALL),
            may(Who::Session(other, "worker", "free"), ALL),
            may(Who::Session(other, "worker", "limited"), ALL),
        ],
        8 => vec![
            closed,
            may(Who::Role(own, "worker"), ALL),
            may(Who::Role(other, "idle"), ALL),
            may(Who::Role(other, "worker"), &["kms:Gen*", "kms:ReEncryptFrom", "kms:CreateGrant"]),
        ],
        _ => vec![ours, may(Who::Account(other), &["kms:Describe*", "kms:ReEncrypt*", "kms:RetireGrant"])],
    }
}

/// A grant on a key, made by its account.
#[derive(Clone, Debug)]
struct Grant {
    id: String,
    grantee: Who,
    operations: &'static [&'static str],
    retirer: Option<Who>,
    /// The encryption context that it wants, and whether more may be in it.
    context: Option<(bool, usize)>,
}

impl Grant {
    /// The request that makes it.
    fn body(&self, key: &str) -> Value {
        let mut body = json!({ "KeyId": key, "GranteePrincipal": self.grantee.arn(), "Operations": self.operations });
        if let Some((more, wanted)) = self.context {
            let kind = if more { "EncryptionContextSubset" } else { "EncryptionContextEquals" };
            body = with(body, json!({ "Constraints": { kind: context(wanted) } }));
        }
        if let Some(retirer) = self.retirer {
            body = with(body, json!({ "RetiringPrincipal": retirer.arn() }));
        }
        body
    }
}

/// The encryption contexts of the calls.
fn context(which: usize) -> BTreeMap<&'static str, &'static str> {
    [("a", "1"), ("b", "2")].into_iter().take(which).collect()
}

const CONTEXTS: usize = 3;

/// The grants of the key of this number, of an account that others see as `own`.
fn grants(number: usize, own: usize) -> Vec<Grant> {
    let other = 1 - own;
    let grant =
        |grantee, operations, retirer, context| Grant { id: String::new(), grantee, operations, retirer, context };
    match number % 4 {
        1 => vec![
            grant(Who::User(other, "plain"), &["Encrypt", "DescribeKey", "RetireGrant"], None, None),
            grant(Who::Account(other), &["Decrypt", "GenerateDataKey", "RetireGrant"], None, Some((true, 1))),
        ],
        2 => vec![
            grant(
                Who::User(own, "plain"),
                &["Decrypt", "DescribeKey", "ReEncryptFrom", "ReEncryptTo"],
                Some(Who::User(other, "narrow")),
                None,
            ),
            grant(Who::Role(own, "idle"), &["CreateGrant", "Encrypt", "Decrypt", "GenerateDataKey"], None, None),
            grant(Who::Role(other, "worker"), &["CreateGrant", "Encrypt", "Decrypt"], None, Some((true, 1))),
        ],
        3 => vec![
            grant(
                Who::Session(other, "worker", "limited"),
                &["DescribeKey", "GenerateDataKeyWithoutPlaintext", "CreateGrant", "Encrypt"],
                None,
                None,
            ),
            grant(
                Who::Role(other, "idle"),
                &["ReEncryptFrom", "GenerateDataKey"],
                Some(Who::Account(other)),
                Some((false, 1)),
            ),
            grant(Who::User(other, "plain"), &["CreateGrant", "Encrypt", "Decrypt"], None, None),
        ],
        _ => Vec::new(),
    }
}

/// What a grant on a key for `op` can be of, beside what all keys do.
fn done_with(op: Op) -> &'static [&'static str] {
    match op {
        Op::Sign => &["Sign", "Verify", "GetPublicKey"],
        Op::GenerateMac => &["GenerateMac", "VerifyMac", "DescribeKey"],
        Op::DeriveSharedSecret => &["DeriveSharedSecret", "CreateGrant", "GetPublicKey"],
        Op::Decapsulate => &["Decapsulate", "Encapsulate"],
        _ => panic!("no key is made for {op:?}"),
    }
}

struct Person {
    account: usize,
    me: Who,
    caller: Caller,
    policies: Vec<Vec<Rule>>,
    session: Option<Vec<Rule>>,
}

impl Person {
    /// Whether what a key policy or a grant names is this one: itself, not its account.
    fn is(&self, who: Who) -> bool {
        match (who, self.me) {
            (Who::Everybody, _) => true,
            (Who::RootAlone(of), Who::Account(account)) => of == account,
            (Who::Role(of, name), Who::Session(account, role, _)) => (of, name) == (account, role),
            (Who::User(..) | Who::Session(..), me) => who == me,
            (Who::Account(_) | Who::RootAlone(_) | Who::Role(..), _) => false,
        }
    }

    fn is_root(&self) -> bool {
        matches!(self.me, Who::Account(_))
    }

    fn account_is(&self, who: Who) -> bool {
        who == Who::Account(self.account)
    }

    /// A Deny that is about somebody's account is about everybody in it.
    fn is_hit_by(&self, who: Who) -> bool {
        self.is(who) || self.account_is(who)
    }

    fn own_rules(&self) -> impl Iterator<Item = &Rule> {
        self.policies.iter().chain(&self.session).flatten()
    }

    /// Whether its own account lets it.
    fn identity(&self, action: &str, resource: &str) -> bool {
        self.is_root() || self.policies.iter().flatten().any(|rule| rule.allows && rule.is_about(action, resource))
    }

    fn session_lets(&self, action: &str, resource: &str) -> bool {
        let Some(session) = &self.session else { return true };
        session.iter().any(|rule| rule.allows && rule.is_about(action, resource))
    }

    fn denies_itself(&self, action: &str, resource: &str) -> bool {
        self.own_rules().any(|rule| !rule.allows && rule.is_about(action, resource))
    }

    /// What has no policy but the caller's own.
    fn may_without_a_key(&self, action: &str, resource: &str) -> bool {
        !self.denies_itself(action, resource) && self.identity(action, resource) && self.session_lets(action, resource)
    }
}

struct Key {
    account: usize,
    id: String,
    alias: String,
    state: State,
    policy: Vec<Rule>,
    grants: Vec<Grant>,
    /// One ciphertext for each encryption context.
    blobs: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Enabled,
    Disabled,
    PendingDeletion,
    PendingImport,
}

impl Key {
    fn arn(&self) -> String {
        common::arn_of(ACCOUNTS[self.account], &self.id)
    }
}

/// Why somebody may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Because {
    NamedByThePolicy,
    OfTheAccount,
    GrantedAtHome,
    SharedAbroad,
    GrantedAbroad,
    OwnPolicies,
}

/// The operations that may be used on keys of other accounts, of those that are here.
const ACROSS: [&str; 22] = [
    "kms:CreateGrant",
    "kms:Decapsulate",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:DescribeKey",
    "kms:Encapsulate",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListGrants",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:Sign",
    "kms:Verify",
    "kms:VerifyMac",
];

/// Who may do this to a key. `given` is the request's encryption context.
fn may_use(person: &Person, action: &str, key: &Key, given: usize) -> Option<Because> {
    let arn = key.arn();
    let spoken = |allows: bool| key.policy.iter().filter(move |rule| rule.allows == allows);
    let denied =
        spoken(false).any(|rule| rule.is_about(action, &arn) && rule.who.is_some_and(|who| person.is_hit_by(who)));
    if denied || person.denies_itself(action, &arn) {
        return None;
    }
    let (identity, session) = (person.identity(action, &arn), person.session_lets(action, &arn));
    let named =
        |is: &dyn Fn(Who) -> bool| spoken(true).any(|rule| rule.is_about(action, &arn) && rule.who.is_some_and(is));
    let granted =
        |is: &dyn Fn(Who) -> bool| key.grants.iter().any(|grant| covers(grant, action, given) && is(grant.grantee));
    let itself = |who: Who| person.is(who);
    let this_session = |who: Who| matches!(who, Who::Session(..)) && person.is(who);
    let account = |who: Who| person.account_is(who);
    if person.account == key.account {
        if named(&this_session) || named(&itself) && session {
            return Some(Because::NamedByThePolicy);
        }
        if named(&account) && identity && session {
            return Some(Because::OfTheAccount);
        }
        return (granted(&this_session) || granted(&itself) && session).then_some(Because::GrantedAtHome);
    }
    if !ACROSS.contains(&action) {
        return None;
    }
    if (named(&itself) || named(&account)) && identity && session {
        return Some(Because::SharedAbroad);
    }
    let granted = granted(&this_session) || granted(&itself) && session || granted(&account) && identity && session;
    granted.then_some(Because::GrantedAbroad)
}

/// Whether a grant is for this. The grant that the calls ask for is of Encrypt and Decrypt, without a constraint.
fn covers(grant: &Grant, action: &str, given: usize) -> bool {
    let holds = |word: &str| grant.operations.contains(&word);
    let word = action.strip_prefix("kms:").unwrap_or_default();
    let context = match grant.context {
        None => true,
        Some(_) if word == "DescribeKey" => true,
        Some(_) if word == "CreateGrant" => false,
        Some((more, wanted)) => given == wanted || more && given > wanted,
    };
    // Who may list or take back grants is for policies to say, and retiring has rules of its own.
    let by_grant = !["ListGrants", "RevokeGrant", "RetireGrant"].contains(&word);
    let child = word != "CreateGrant" || holds("Encrypt") && holds("Decrypt");
    by_grant && holds(word) && context && child
}

/// Who may retire a grant: who the grant says, and whom the key's account lets.
fn may_retire(person: &Person, key: &Key, grant: &Grant) -> Option<Because> {
    const ACTION: &str = "kms:RetireGrant";
    let arn = key.arn();
    if person.denies_itself(ACTION, &arn) {
        return None;
    }
    let (identity, session) = (person.identity(ACTION, &arn), person.session_lets(ACTION, &arn));
    let retirers = grant.retirer.into_iter().chain(grant.operations.contains(&"RetireGrant").then_some(grant.grantee));
    let named = retirers.clone().any(|who| person.is(who) && (session || matches!(who, Who::Session(..))));
    let through_account = retirers.clone().any(|who| person.account_is(who)) && identity && session;
    let home = person.account == key.account && identity && session;
    match (named || through_account, home) {
        (_, true) => Some(Because::OfTheAccount),
        (true, false) if person.account == key.account => Some(Because::GrantedAtHome),
        (true, false) => Some(Because::GrantedAbroad),
        (false, false) => None,
    }
}

/// What the model expects of a call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Verdict {
    May(Because),
    MayNot,
    /// Not there, in the caller's own account.
    NotThere,
    /// Not allowed and not there: either may be told.
    Neither,
    /// The ciphertext is of another key than the one that is named beside it, and may be used.
    Mistaken,
    NotYet,
}

/// How a key is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Naming {
    Id,
    Arn,
    Alias,
    AliasArn,
}

/// A key that a call is about: none of its account's, if there is no number.
#[derive(Clone, Copy, Debug)]
struct Target {
    account: usize,
    key: Option<usize>,
    naming: Naming,
}

#[derive(Debug)]
struct Case {
    person: usize,
    op: Op,
    target: Target,
    /// The destination of a ReEncrypt, or the key that an alias leads to now.
    other: Target,
    /// Whether the ciphertext's key is named beside it, and whether the name is that of another key.
    named: bool,
    mistaken: bool,
    context: usize,
    /// Which of the key's grants, or one that is not there.
    grant: usize,
    dry: bool,
}

struct World {
    house: House,
    people: Vec<Person>,
    keys: Vec<Key>,
}

/// Chance: SplitMix64, so that a seed says it all.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }

    fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// The operations that take a key by its alias too.
const BY_ALIAS: [Op; 16] = [
    Op::Encrypt,
    Op::Decrypt,
    Op::ReEncrypt,
    Op::GenerateDataKey,
    Op::GenerateDataKeyPair,
    Op::GenerateDataKeyPairWithoutPlaintext,
    Op::GenerateDataKeyWithoutPlaintext,
    Op::DescribeKey,
    Op::DeriveSharedSecret,
    Op::Decapsulate,
    Op::Encapsulate,
    Op::GenerateMac,
    Op::GetPublicKey,
    Op::Sign,
    Op::Verify,
    Op::VerifyMac,
];

/// The operations that are asked for more often: those that a stranger may hope for.
const OFTEN: [Op; 14] = [
    Op::CreateGrant,
    Op::Decrypt,
    Op::Decrypt,
    Op::DescribeKey,
    Op::DescribeKey,
    Op::Encrypt,
    Op::Encrypt,
    Op::GenerateDataKey,
    Op::GenerateDataKeyWithoutPlaintext,
    Op::GetKeyRotationStatus,
    Op::ListGrants,
    Op::ReEncrypt,
    Op::ReEncrypt,
    Op::RetireGrant,
];

const DRY: [Op; 17] = [
    Op::CreateGrant,
    Op::Decapsulate,
    Op::Decrypt,
    Op::DeriveSharedSecret,
    Op::Encapsulate,
    Op::Encrypt,
    Op::GenerateDataKey,
    Op::GenerateDataKeyPair,
    Op::GenerateDataKeyPairWithoutPlaintext,
    Op::GenerateDataKeyWithoutPlaintext,
    Op::GenerateMac,
    Op::ReEncrypt,
    Op::RetireGrant,
    Op::RevokeGrant,
    Op::Sign,
    Op::Verify,
    Op::VerifyMac,
];

/// The operations whose behaviour is not here yet: they refuse everybody alike.
fn is_here(op: Op) -> bool {
    kms::ops::OPERATIONS.iter().any(|entry| entry.op == op && entry.sheet.is_some())
}

fn takes_a_key(op: Op) -> bool {
    let none = [Op::CreateKey, Op::GenerateRandom, Op::ListKeys, Op::ListRetirableGrants];
    is_here(op) && !none.contains(&op)
}

impl World {
    async fn new() -> World {
        let house = House::new().await;
        house.own_account().await;
        house.another_account(STRANGER).await;
        let mut people = Vec::new();
        for account in 0..2 {
            people.extend(population(&house, account).await);
        }
        let mut world = World { house, people, keys: Vec::new() };
        for account in 0..2 {
            for kind in 0..KEY_POLICIES {
                for state in [State::Enabled, State::Disabled, State::PendingDeletion] {
                    world.make(account, kind, state).await;
                }
            }
            world.make(account, 0, State::PendingImport).await;
            world.make(account, 1, State::PendingImport).await;
            for op in [Op::Sign, Op::GenerateMac, Op::DeriveSharedSecret, Op::Decapsulate] {
                for policy in [0, 1, 4] {
                    world.make_for(account, policy, op).await;
                }
            }
        }
        for account in 0..2 {
            world.narrow(account).await;
        }
        world
    }

    /// A key with its alias, grants and ciphertexts, which is then brought into its state.
    async fn make(&mut self, account: usize, kind: usize, state: State) {
        let (house, root, number) = (&self.house, caller(ACCOUNTS[account], REGION), self.keys.len());
        let ask = async |op, body: Value| {
            let told = house.call_as(&root, op, body.clone()).await;
            told.unwrap_or_else(|told| panic!("{op:?} {body}: {told:?}"))
        };
        let policy = key_policy(kind, account);
        let imported = state == State::PendingImport;
        let origin = if imported { "EXTERNAL" } else { "AWS_KMS" };
        let made = ask(Op::CreateKey, json!({ "Origin": origin, "Policy": document(&policy) })).await;
        let id = text_at(&made, "/KeyMetadata/KeyId");
        let alias = format!("alias/k{number:03}");
        ask(Op::CreateAlias, json!({ "AliasName": alias, "TargetKeyId": id })).await;
        let mut key = Key { account, id: id.clone(), alias, state, policy, grants: Vec::new(), blobs: Vec::new() };
        for mut grant in grants(if imported { 0 } else { number }, account) {
            grant.id = text_at(&ask(Op::CreateGrant, grant.body(&id)).await, "/GrantId");
            key.grants.push(grant);
        }
        for which in 0..CONTEXTS {
            let blob = if imported {
                let near = self.keys.iter().rfind(|key| key.account == account).expect("a key was made before");
                as_if_of(&near.blobs[which], &id)
            } else {
                let body = json!({ "KeyId": id, "Plaintext": base64("p"), "EncryptionContext": context(which) });
                text_at(&ask(Op::Encrypt, body).await, "/CiphertextBlob")
            };
            key.blobs.push(blob);
        }
        match state {
            State::Enabled | State::PendingImport => {}
            State::Disabled => drop(ask(Op::DisableKey, json!({ "KeyId": id })).await),
            State::PendingDeletion => drop(ask(Op::ScheduleKeyDeletion, json!({ "KeyId": id })).await),
        }
        self.keys.push(key);
    }

    /// A key of the kind that `op` wants, with its alias and a grant of what such keys do. Ciphertexts that name it are
    /// of another.
    async fn make_for(&mut self, account: usize, policy: usize, op: Op) {
        let (root, number, policy) = (caller(ACCOUNTS[account], REGION), self.keys.len(), key_policy(policy, account));
        let ask = async |op, body: Value| {
            let told = self.house.call_as(&root, op, body.clone()).await;
            told.unwrap_or_else(|told| panic!("{op:?} {body}: {told:?}"))
        };
        let made = ask(Op::CreateKey, with(sample::key_for(op), json!({ "Policy": document(&policy) }))).await;
        let id = text_at(&made, "/KeyMetadata/KeyId");
        let alias = format!("alias/k{number:03}");
        ask(Op::CreateAlias, json!({ "AliasName": alias, "TargetKeyId": id })).await;
        let grantee = Who::User(1 - account, "plain");
        let mut grant = Grant { id: String::new(), grantee, operations: done_with(op), retirer: None, context: None };
        grant.id = text_at(&ask(Op::CreateGrant, grant.body(&id)).await, "/GrantId");
        let near = self.keys.iter().rfind(|key| key.account == account).expect("a key was made before");
        let blobs = near.blobs.iter().map(|blob| as_if_of(blob, &id)).collect();
        self.keys.push(Key { account, id, alias, state: State::Enabled, policy, grants: vec![grant], blobs });
    }

    /// Gives the user `narrow` some actions on some keys of both accounts, and on the aliases of its own.
    async fn narrow(&mut self, account: usize) {
        let some = self.keys.iter().enumerate().filter(|(number, _)| number % 3 != 0).map(|(_, key)| key.arn());
        let aliases = format!("arn:aws:kms:{REGION}:{}:alias/*", ACCOUNTS[account]);
        let mut narrow = rule(true, None, &["kms:Encrypt", "kms:Describe*", "kms:*Alias", "kms:ReEncryptTo"]);
        narrow.resources = some.chain([aliases]).collect();
        let body = json!({ "UserName": "narrow", "PolicyName": "p", "PolicyDocument": document(&[narrow.clone()]) });
        self.house.manage(ACCOUNTS[account], "PutUserPolicy", body).await;
        let me = Who::User(account, "narrow");
        self.people.iter_mut().find(|person| person.me == me).expect("narrow").policies = vec![vec![narrow]];
    }

    fn case(&self, dice: &mut Dice) -> Case {
        let op = if dice.one_in(2) { dice.of(&OFTEN) } else { dice.of(&Op::ALL) };
        let person = dice.below(self.people.len());
        let target = self.target(dice, op, self.people[person].account);
        let mut other = self.target(dice, op, self.people[person].account);
        if matches!(op, Op::UpdateAlias | Op::DeleteAlias) {
            // Names of aliases are of the caller's account.
            other = Target { account: self.people[person].account, ..other };
            other.key = other.key.filter(|key| self.keys[*key].account == other.account);
        }
        Case {
            person,
            op,
            target,
            other,
            named: dice.one_in(2),
            mistaken: dice.one_in(8),
            context: dice.below(CONTEXTS),
            grant: dice.below(4),
            dry: matches!(op, Op::CreateGrant | Op::RetireGrant | Op::RevokeGrant) || dice.one_in(2),
        }
    }

    fn target(&self, dice: &mut Dice, op: Op, own: usize) -> Target {
        let account = if dice.one_in(2) { own } else { 1 - own };
        let absent = dice.one_in(10);
        let of_account: Vec<usize> = (0..self.keys.len()).filter(|key| self.keys[*key].account == account).collect();
        let key = Some(dice.of(&of_account)).filter(|_| !absent);
        let naming = match (account == own, BY_ALIAS.contains(&op)) {
            (true, true) => dice.of(&[Naming::Id, Naming::Arn, Naming::Alias, Naming::AliasArn]),
            (true, false) => dice.of(&[Naming::Id, Naming::Arn]),
            // An id alone is of the caller's own account, but beside a ciphertext, which names its own.
            (false, _) if dice.one_in(8) && ![Op::Decrypt, Op::ReEncrypt].contains(&op) => Naming::Id,
            (false, true) => dice.of(&[Naming::Arn, Naming::AliasArn]),
            (false, false) => Naming::Arn,
        };
        Target { account, key, naming }
    }

    fn name(&self, target: Target) -> String {
        let (account, key) = (ACCOUNTS[target.account], target.key.map(|key| &self.keys[key]));
        let id = key.map_or_else(|| nobody(target.account), |key| key.id.clone());
        let alias = key.map_or("alias/none", |key| &key.alias);
        match target.naming {
            Naming::Id => id,
            Naming::Arn => common::arn_of(account, &id),
            Naming::Alias => alias.to_owned(),
            Naming::AliasArn => format!("arn:aws:kms:{REGION}:{account}:{alias}"),
        }
    }

    /// The ciphertext that a call reads: of this key, or one that says so of a key that is not there.
    fn blob(&self, target: Target, which: usize) -> String {
        match target.key {
            Some(key) => self.keys[key].blobs[which].clone(),
            None => {
                let near = self.keys.iter().find(|key| key.account == target.account).expect("a key");
                as_if_of(&near.blobs[which], &nobody(target.account))
            }
        }
    }

    fn body(&self, case: &Case) -> Value {
        let person = &self.people[case.person];
        let key = self.name(case.target);
        let read = if case.mistaken && case.named { case.other } else { case.target };
        let blob = self.blob(read, case.context);
        let mut body = sample(case.op, &With { key: &key, blob: &blob });
        let given = json!(context(case.context));
        let encryption_context = match case.op {
            Op::Encrypt
            | Op::Decrypt
            | Op::GenerateDataKey
            | Op::GenerateDataKeyPair
            | Op::GenerateDataKeyPairWithoutPlaintext
            | Op::GenerateDataKeyWithoutPlaintext => json!({ "EncryptionContext": given }),
            Op::ReEncrypt => json!({
                "SourceEncryptionContext": given,
                "DestinationEncryptionContext": given,
                "DestinationKeyId": self.name(case.other),
            }),
            Op::ListRetirableGrants => {
                json!({ "RetiringPrincipal": format!("arn:aws:iam::{}:role/idle", ACCOUNTS[person.account]) })
            }
            Op::RetireGrant | Op::RevokeGrant => {
                json!({ "GrantId": self.grant(case).map_or(GRANT, |grant| &grant.id) })
            }
            Op::CreateAlias => json!({ "AliasName": "alias/new" }),
            Op::DeleteAlias | Op::UpdateAlias => {
                let alias = case.other.key.map_or("alias/none", |key| &self.keys[key].alias);
                json!({ "AliasName": alias })
            }
            Op::PutKeyPolicy => {
                let policy =
                    case.target.key.map_or_else(|| document(&key_policy(0, 0)), |key| document(&self.keys[key].policy));
                json!({ "Policy": policy, "BypassPolicyLockoutSafetyCheck": true })
            }
            _ => json!({}),
        };
        body = with(body, encryption_context);
        match case.op {
            Op::Decrypt if case.named => body = with(body, json!({ "KeyId": key })),
            Op::Decrypt => body = without(body, "KeyId"),
            Op::ReEncrypt if !case.named => body = without(body, "SourceKeyId"),
            _ => {}
        }
        if case.dry && DRY.contains(&case.op) {
            body = with(body, json!({ "DryRun": true }));
        }
        body
    }

    /// The key that is meant: by an id alone, one of the caller's own account.
    fn meant(&self, case: &Case) -> Target {
        let (own, target) = (self.people[case.person].account, case.target);
        match target.naming {
            Naming::Id if target.account != own => Target { account: own, key: None, ..target },
            Naming::Id | Naming::Arn | Naming::Alias | Naming::AliasArn => target,
        }
    }

    fn grant(&self, case: &Case) -> Option<&Grant> {
        self.keys[case.target.key?].grants.get(case.grant)
    }

    /// What the model expects.
    fn verdict(&self, case: &Case) -> Verdict {
        let person = &self.people[case.person];
        let case = &Case { target: self.meant(case), ..*case };
        let action = format!("kms:{}", case.op.name());
        let on_key = |target: Target, action: &str| match target.key {
            Some(key) => may_use(person, action, &self.keys[key], case.context).map_or(Verdict::MayNot, Verdict::May),
            None if target.account == person.account => Verdict::NotThere,
            None => Verdict::MayNot,
        };
        let own = |resource: &str| match person.may_without_a_key(&action, resource) {
            true => Verdict::May(Because::OwnPolicies),
            false => Verdict::MayNot,
        };
        let alias = |name: &str| own(&format!("arn:aws:kms:{REGION}:{}:{name}", ACCOUNTS[person.account]));
        match case.op {
            op if !is_here(op) => Verdict::NotYet,
            Op::CreateKey => match person.may_without_a_key("kms:TagResource", "*") {
                true => own("*"),
                false => Verdict::MayNot,
            },
            // A replica is a new key.
            Op::ReplicateKey => {
                let made = person.may_without_a_key("kms:CreateKey", "*");
                both(
                    on_key(case.target, &action),
                    if made { Verdict::May(Because::OwnPolicies) } else { Verdict::MayNot },
                )
            }
            Op::GenerateRandom | Op::ListKeys => own("*"),
            Op::ListRetirableGrants => own(&format!("arn:aws:iam::{}:role/idle", ACCOUNTS[person.account])),
            Op::ListAliases => match (case.target.key, case.target.account == person.account) {
                (None, true) => both(own("*"), Verdict::NotThere),
                (Some(_), true) => own("*"),
                (_, false) => Verdict::MayNot,
            },
            // A ciphertext names its key; one that names no key of the account's is nobody's.
            Op::Decrypt => mistaken(by_blob(on_key(case.target, &action), case.named), case),
            Op::ReEncrypt => {
                let from = by_blob(on_key(case.target, "kms:ReEncryptFrom"), case.named);
                match mistaken(from, case) {
                    Verdict::Mistaken => Verdict::Mistaken,
                    from => both(from, on_key(case.other, "kms:ReEncryptTo")),
                }
            }
            Op::CreateAlias => both(alias("alias/new"), on_key(case.target, &action)),
            Op::DeleteAlias | Op::UpdateAlias => {
                let name = case.other.key.map_or("alias/none", |key| &self.keys[key].alias);
                let leaving = both(alias(name), on_key(case.other, &action));
                if case.op == Op::DeleteAlias { leaving } else { both(leaving, on_key(case.target, &action)) }
            }
            Op::RetireGrant => match (case.target.key, self.grant(case)) {
                (Some(key), Some(grant)) => {
                    may_retire(person, &self.keys[key], grant).map_or(Verdict::MayNot, Verdict::May)
                }
                _ if case.target.account == person.account => Verdict::NotThere,
                _ => Verdict::MayNot,
            },
            _ => on_key(case.target, &action),
        }
    }

    /// The same call about keys that are not there, in place of those of the other account.
    fn about_nothing(&self, case: &Case) -> Option<Case> {
        let own = self.people[case.person].account;
        let forgotten = |target: Target| Target { key: target.key.filter(|_| target.account == own), ..target };
        let (target, other) = (forgotten(case.target), forgotten(case.other));
        // The other key of a ReEncrypt that the caller may use stays.
        let person = &self.people[case.person];
        let usable = |target: Target, action: &str| {
            target.key.is_some_and(|key| may_use(person, action, &self.keys[key], case.context).is_some())
        };
        let (target, other) = match case.op {
            Op::ReEncrypt => (
                if usable(case.target, "kms:ReEncryptFrom") { case.target } else { target },
                if usable(case.other, "kms:ReEncryptTo") { case.other } else { other },
            ),
            _ => (target, other),
        };
        (target.key.is_none() && case.target.key.is_some() || other.key.is_none() && case.other.key.is_some())
            .then_some(Case { target, other, ..*case })
    }

    /// An answer without the id of the key that was asked about, be it there or not. All ids are of one length.
    fn but_for_the_id(&self, case: &Case, answer: &Result<Vec<u8>, Fault>) -> (u16, String) {
        let id = case.target.key.map_or_else(|| nobody(case.target.account), |key| self.keys[key].id.clone());
        let (status, body) = match answer {
            Ok(body) => (200, body.clone()),
            Err(fault) => (fault.status, fault.body()),
        };
        let text = String::from_utf8(body).expect("an answer is text");
        (status, text.replace(&id, "<key>").replace(&nobody(case.target.account), "<key>"))
    }

    /// Puts everything back as the model has it.
    async fn undo(&self, case: &Case) {
        let root = caller(ACCOUNTS[self.people[case.person].account], REGION);
        let key = case.target.key.map(|key| &self.keys[key]);
        let other = case.other.key.map(|key| &self.keys[key]);
        let steps: Vec<(Op, Value)> = match (case.op, key, other) {
            (Op::DisableKey, Some(key), _) if key.state == State::Enabled => {
                vec![(Op::EnableKey, json!({ "KeyId": key.id }))]
            }
            (Op::EnableKey, Some(key), _) if key.state == State::Disabled => {
                vec![(Op::DisableKey, json!({ "KeyId": key.id }))]
            }
            (Op::ScheduleKeyDeletion, Some(key), _) => {
                let mut steps = vec![(Op::CancelKeyDeletion, json!({ "KeyId": key.id }))];
                if key.state == State::Enabled {
                    steps.push((Op::EnableKey, json!({ "KeyId": key.id })));
                }
                steps
            }
            (Op::CancelKeyDeletion, Some(key), _) => vec![(Op::ScheduleKeyDeletion, json!({ "KeyId": key.id }))],
            (Op::CreateAlias, ..) => vec![(Op::DeleteAlias, json!({ "AliasName": "alias/new" }))],
            (Op::UpdateAlias | Op::DeleteAlias, _, Some(old)) => {
                let again = if case.op == Op::UpdateAlias { Op::UpdateAlias } else { Op::CreateAlias };
                let again = (again, json!({ "AliasName": old.alias, "TargetKeyId": old.id }));
                match old.state {
                    State::Enabled | State::Disabled | State::PendingImport => vec![again],
                    State::PendingDeletion => {
                        let id = json!({ "KeyId": old.id });
                        vec![(Op::CancelKeyDeletion, id.clone()), again, (Op::ScheduleKeyDeletion, id)]
                    }
                }
            }
            _ => Vec::new(),
        };
        for (op, body) in steps {
            let told = self.house.call_as(&root, op, body.clone()).await;
            told.unwrap_or_else(|told| panic!("undoing {case:?} by {op:?} {body}: {told:?}"));
        }
    }

    /// The states, policies, aliases and grants of the keys, as the root of their accounts sees them.
    async fn seen(&self) -> Vec<String> {
        let mut seen = Vec::new();
        for key in &self.keys {
            let root = caller(ACCOUNTS[key.account], REGION);
            let mut text = String::new();
            for (op, part) in [
                (Op::DescribeKey, "/KeyMetadata/KeyState"),
                (Op::GetKeyPolicy, "/Policy"),
                (Op::ListAliases, "/Aliases/0/AliasName"),
            ] {
                let told = self.house.call_as(&root, op, json!({ "KeyId": key.id })).await;
                let _ = write!(text, "{} ", text_at(&told.expect("the root may"), part));
            }
            if key.state != State::PendingDeletion {
                let told =
                    self.house.call_as(&root, Op::ListGrants, json!({ "KeyId": key.id })).await.expect("the root may");
                let ids: BTreeSet<String> =
                    told["Grants"].as_array().expect("a list").iter().map(|grant| text_at(grant, "/GrantId")).collect();
                assert_eq!(ids, key.grants.iter().map(|grant| grant.id.clone()).collect());
            }
            seen.push(text);
        }
        seen
    }
}

/// A key that is not there, of each account its own: beside a ciphertext of another account, an id alone means the key
/// of that id there.
fn nobody(account: usize) -> String {
    format!("{}{account}", &NOBODY[..NOBODY.len() - 1])
}

/// A ciphertext with another key's id in it: 1 byte of version and 12 of account come before it.
fn as_if_of(blob: &str, id: &str) -> String {
    let mut bytes = unbase64(blob);
    bytes[13..49].copy_from_slice(id.as_bytes());
    base64(bytes)
}

/// A key that only its ciphertext names is refused and not missed, even at home.
fn by_blob(verdict: Verdict, named: bool) -> Verdict {
    if verdict == Verdict::NotThere && !named { Verdict::MayNot } else { verdict }
}

/// That the ciphertext is of another key is told to those alone who may use the named one.
fn mistaken(verdict: Verdict, case: &Case) -> Verdict {
    let other = (case.other.account, case.other.key) != (case.target.account, case.target.key);
    match verdict {
        Verdict::May(_) if case.named && case.mistaken && other => Verdict::Mistaken,
        verdict => verdict,
    }
}

/// Both must be allowed.
fn both(one: Verdict, other: Verdict) -> Verdict {
    match (one, other) {
        (Verdict::May(_), other) => other,
        (one, Verdict::May(_)) => one,
        (one, other) if one == other => one,
        _ => Verdict::Neither,
    }
}

/// The root, the users and the sessions of one account. Names are the same in both.
async fn population(house: &House, account: usize) -> Vec<Person> {
    let id = ACCOUNTS[account];
    let own = |allows, actions| rule(allows, None, actions);
    let mut people = vec![Person {
        account,
        me: Who::Account(account),
        caller: caller(id, REGION),
        policies: Vec::new(),
        session: None,
    }];
    let users: [(&'static str, Vec<Vec<Rule>>); 5] = [
        ("plain", vec![]),
        ("narrow", vec![]),
        ("all", vec![vec![own(true, ALL)]]),
        ("denied", vec![vec![own(true, &["*"]), own(false, &["kms:Decrypt", "kms:Put*", "kms:*Grants"])]]),
        (
            "split",
            vec![
                vec![own(true, &["kms:Decrypt", "kms:GenerateDataKey*", "kms:Disable*"])],
                vec![own(true, &["kms:*Grant", "kms:Describe*", "kms:ReEncrypt*"])],
            ],
        ),
    ];
    for (name, policies) in users {
        let keys = house.user(id, name, None).await;
        for (number, policy) in policies.iter().enumerate() {
            let (name_of_it, text) = (format!("p{number}"), document(policy));
            let body = json!({ "UserName": name, "PolicyName": name_of_it, "PolicyDocument": text });
            house.manage(id, "PutUserPolicy", body).await;
        }
        let me = Who::User(account, name);
        people.push(Person { account, me, caller: house.sign_in(&keys).await, policies, session: None });
    }
    let trusted = people.iter().find(|person| person.me == Who::User(account, "plain")).expect("plain").caller.clone();
    let worker = vec![own(true, ALL)];
    let limits = vec![
        own(true, &["kms:Describe*", "kms:Encrypt", "kms:List*", "kms:RetireGrant"]),
        own(false, &["kms:ListGrants"]),
    ];
    for (role, name, policies, session) in [
        ("worker", "free", vec![worker.clone()], None),
        ("worker", "limited", vec![worker], Some(limits)),
        ("idle", "one", vec![], None),
    ] {
        if name != "limited" {
            let policy = policies.first().map(|policy| serde_json::from_str(&document(policy)).expect("JSON"));
            house.role(id, role, json!(Who::User(account, "plain").arn()), policy).await;
        }
        let more = session.as_deref().map(document).unwrap_or_default();
        let more: String = more.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let more = if more.is_empty() { more } else { format!("&Policy={more}") };
        let keys = house.assume(&trusted, &Who::Role(account, role).arn(), name, &more).await.expect("it is trusted");
        let me = Who::Session(account, role, name);
        people.push(Person { account, me, caller: house.sign_in(&keys).await, policies, session });
    }
    people
}

/// What was seen how often.
type Tally = BTreeMap<String, usize>;

async fn told(world: &World, case: &Case) -> Result<Vec<u8>, Fault> {
    let person = &world.people[case.person];
    world.house.bytes(&person.caller, case.op, world.body(case).to_string()).await
}

/// So many calls in a house of this seed. Whatever fails says which.
async fn calls(seed: u64, count: usize) -> Tally {
    let world = World::new().await;
    let before = world.seen().await;
    let mut dice = Dice(seed);
    let mut tally = Tally::new();
    for number in 0..count {
        let case = world.case(&mut dice);
        let verdict = world.verdict(&case);
        let answer = told(&world, &case).await;
        let which = || {
            let me = world.people[case.person].me;
            format!("seed {seed}, call {number}: {me:?} asks {:?} {}: {case:?}: {answer:?}", case.op, world.body(&case))
        };
        let name = answer.as_ref().map_or_else(|fault| fault.name, |_| "");
        let fits = match verdict {
            Verdict::May(_) => name != "AccessDeniedException",
            Verdict::MayNot => name == "AccessDeniedException",
            Verdict::NotThere => name == "NotFoundException",
            Verdict::Neither => ["AccessDeniedException", "NotFoundException"].contains(&name),
            Verdict::Mistaken => ["IncorrectKeyException", "NotFoundException"].contains(&name),
            Verdict::NotYet => name == "UnsupportedOperationException",
        };
        assert!(fits, "the model expects {verdict:?}; {}", which());
        let nothing = world.about_nothing(&case).filter(|_| takes_a_key(case.op) && is_secret(verdict, &case));
        if let Some(nothing) = nothing {
            let told = (&answer, &told(&world, &nothing).await);
            let told = (world.but_for_the_id(&case, told.0), world.but_for_the_id(&case, told.1));
            assert_eq!(told.0, told.1, "a key that is not there is told apart; {}", which());
            *tally.entry("another account's key, refused as if it were not there".to_owned()).or_default() += 1;
        }
        if name.is_empty() {
            world.undo(&case).await;
        }
        *tally.entry(kind(verdict, &answer)).or_default() += 1;
        *tally.entry(format!("{:?}", case.op)).or_default() += 1;
    }
    assert_eq!(world.seen().await, before, "seed {seed}: the keys are not as the model has them");
    tally
}

/// Whether nothing of a key of another account may be told.
fn is_secret(verdict: Verdict, case: &Case) -> bool {
    match verdict {
        Verdict::MayNot | Verdict::Neither | Verdict::NotThere => true,
        Verdict::May(_) => case.op == Op::ListAliases,
        Verdict::Mistaken | Verdict::NotYet => false,
    }
}

/// What sort of an answer it is: a success by its reason, a refusal by its words.
fn kind(verdict: Verdict, answer: &Result<Vec<u8>, Fault>) -> String {
    const WORDS: [&str; 8] = [
        "because no resource-based policy allows",
        "because no identity-based policy allows",
        "because no session policy allows",
        "with an explicit deny in a resource-based policy",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a session policy",
        "because the resource does not exist in this Region",
        "The ciphertext refers to a customer master key that does not exist",
    ];
    match answer {
        Ok(_) => format!("success: {verdict:?}"),
        Err(fault) if fault.name == "DryRunOperationException" => format!("success: {verdict:?}"),
        Err(fault) => {
            let message = fault.message.as_deref().unwrap_or_default();
            let words = WORDS.iter().find(|words| message.contains(*words)).copied().unwrap_or_default();
            format!("{}: {words}", fault.name)
        }
    }
}

/// Every kind of outcome that the calls must have met.
const MET: [&str; 18] = [
    "another account's key, refused as if it were not there",
    "success: May(NamedByThePolicy)",
    "success: May(OfTheAccount)",
    "success: May(GrantedAtHome)",
    "success: May(SharedAbroad)",
    "success: May(GrantedAbroad)",
    "success: May(OwnPolicies)",
    "DisabledException: ",
    "KMSInvalidStateException: ",
    "NotFoundException: ",
    "AccessDeniedException: because no resource-based policy allows",
    "AccessDeniedException: because no identity-based policy allows",
    "AccessDeniedException: because no session policy allows",
    "AccessDeniedException: with an explicit deny in a resource-based policy",
    "AccessDeniedException: with an explicit deny in an identity-based policy",
    "AccessDeniedException: with an explicit deny in a session policy",
    "AccessDeniedException: because the resource does not exist in this Region",
    "AccessDeniedException: The ciphertext refers to a customer master key that does not exist",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_does_what_they_may_not_or_learns_which_keys_others_have() {
    let houses = (0..HOUSES as u64).map(|seed| tokio::spawn(calls(seed, CALLS / HOUSES)));
    let mut tally = Tally::new();
    for house in houses.collect::<Vec<_>>() {
        for (what, times) in house.await.expect("every call is as the model says") {
            *tally.entry(what).or_default() += times;
        }
    }
    for what in MET.map(str::to_owned).into_iter().chain(Op::ALL.map(|op| format!("{op:?}"))) {
        let times = tally.get(&what).copied().unwrap_or(0);
        assert!(times >= PLENTY, "{what}: {times} times are not enough: {tally:#?}");
    }
}
