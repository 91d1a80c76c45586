//! Do `policy` and the reference engine, which another hand wrote from AWS's pages, give the same answers? A million
//! random cases; and the laws that no answer may break, whatever the documents say.

mod common;
mod random;
mod reference;

use std::collections::{BTreeMap, HashMap};

use common::subject::{Compiled, policy_kind};
use common::{Documents, Kind, Question, ResourcePolicy};
use policy::Document;
use random::{Chance, deny_statement, documents, fact, focussed, mutilated, question, session_policy, value};
use reference::{Answer, Reason};
use serde_json::{Value as Json, json};

/// Questions that are made once; each set of documents is asked some of them.
const QUESTIONS: usize = 5_000;

/// Together with the focussed ones at least a million.
const DOCUMENT_SETS: usize = 14_000;
const FOCUSSED_SETS: usize = 14_000;
const QUESTIONS_PER_SET: usize = 40;
const _: () = assert!((DOCUMENT_SETS + FOCUSSED_SETS) * QUESTIONS_PER_SET >= 1_000_000);

#[test]
fn both_engines_answer_alike() -> Result<(), String> {
    let mut chance = Chance::seeded(5);
    let questions: Vec<Question> = (0..QUESTIONS).map(|_| question(&mut chance)).collect();
    let mut answers: HashMap<Answer, usize> = HashMap::new();
    for _ in 0..DOCUMENT_SETS {
        let documents = documents(&mut chance);
        let compiled = Compiled::of(&documents)?;
        for _ in 0..QUESTIONS_PER_SET {
            let answer = agreed(&documents, &compiled, chance.pick(&questions))?;
            *answers.entry(answer).or_default() += 1;
        }
    }
    let all = DOCUMENT_SETS * QUESTIONS_PER_SET;
    let allows = |answer: &Answer| matches!(answer, Answer::Allow(_));
    let allowed: usize = answers.iter().filter(|(answer, _)| allows(answer)).map(|(_, count)| count).sum();
    if allowed * 5 < all || allowed * 5 > all * 4 {
        return Err(format!("{allowed} of {all} were allowed: let random/ make them more even"));
    }
    // Three voices allow and root; three deny; three are missed; and another account's key.
    let rare: Vec<_> = answers.iter().filter(|(_, count)| **count < 1_000).collect();
    if answers.len() != 11 || !rare.is_empty() {
        return Err(format!("not every answer came up a thousand times: {answers:?}"));
    }
    Ok(())
}

#[test]
fn both_engines_agree_on_every_operator() -> Result<(), String> {
    let mut chance = Chance::seeded(55);
    let questions: Vec<Question> = (0..QUESTIONS).map(|_| own_key(question(&mut chance))).collect();
    let (mut operators, mut forms) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..FOCUSSED_SETS {
        let (documents, tested) = focussed(&mut chance);
        let compiled = Compiled::of(&documents)?;
        for _ in 0..QUESTIONS_PER_SET {
            let held = matches!(agreed(&documents, &compiled, chance.pick(&questions))?, Answer::Allow(_));
            let count = |counts: &mut [usize; 2]| counts[usize::from(held)] += 1;
            count(operators.entry(tested.base).or_default());
            count(forms.entry(tested.written.clone()).or_default());
        }
    }
    let rare: Vec<_> = operators.iter().filter(|(_, counts)| counts.iter().any(|count| *count < 1_000)).collect();
    if operators.len() != 27 || !rare.is_empty() {
        return Err(format!("operators that did not come out true and false a thousand times: {rare:?}"));
    }
    let rare: Vec<_> = forms.iter().filter(|(_, counts)| counts.iter().any(|count| *count < 50)).collect();
    if forms.len() != 26 * 6 + 1 || !rare.is_empty() {
        return Err(format!("{} forms; too rarely true or false: {rare:?}", forms.len()));
    }
    Ok(())
}

#[test]
fn both_engines_refuse_the_same_documents() -> Result<(), String> {
    let mut chance = Chance::seeded(555);
    let mut refused = 0;
    const TEXTS: usize = 40_000;
    for _ in 0..TEXTS {
        let kind = *chance.pick(&[Kind::Key, Kind::Trust, Kind::Identity, Kind::Session]);
        let text = mutilated(&mut chance, kind).to_string();
        // Which of AWS's two errors a text gets is in the corpus, for those for which it is known.
        let expected = reference::check(&text, kind);
        let actual = Document::compile(&text, policy_kind(kind)).map(|_| ());
        if actual.is_ok() != expected.is_ok() {
            return Err(format!(
                "policy says {actual:?}, the reference says {expected:?} to this {kind:?} policy: {text}"
            ));
        }
        refused += usize::from(expected.is_err());
    }
    if refused * 5 < TEXTS || refused * 5 > TEXTS * 4 {
        return Err(format!("{refused} of {TEXTS} were refused: let random/ make them more even"));
    }
    Ok(())
}

/// Numbers, dates, addresses, patterns and variables at their limits: both refuse the same, and compare the rest alike.
#[test]
fn both_engines_read_the_same_values() -> Result<(), String> {
    let mut chance = Chance::seeded(5555);
    let mut questions: Vec<Question> = (0..QUESTIONS).map(|_| own_key(question(&mut chance))).collect();
    let mut answers: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for _ in 0..40_000 {
        let (operator, value) = value(&mut chance);
        let mut document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}});
        document["Statement"]["Condition"] = json!({ operator: { "aws:PrincipalTag/x": value.as_str() } });
        let counts = answers.entry(operator).or_default();
        let documents = Documents { resource_policy: Some(key_policy(document)), ..Documents::default() };
        let compiled = match (Compiled::of(&documents), reference::check(&shown_policy(&documents), Kind::Key)) {
            (Ok(compiled), Ok(())) => compiled,
            (Err(_), Err(_)) => {
                counts[2] += 1;
                continue;
            }
            (policy, reference) => {
                return Err(format!("{operator} {value:?}: policy {:?}, the reference {reference:?}", policy.err()));
            }
        };
        for _ in 0..5 {
            let question = &mut questions[chance.below(QUESTIONS)];
            question.facts.0.insert("aws:principaltag/x".to_owned(), fact(&mut chance, operator, &value));
            let held = matches!(agreed(&documents, &compiled, question)?, Answer::Allow(_));
            counts[usize::from(held)] += 1;
        }
    }
    let rare: Vec<_> = answers.iter().filter(|(_, counts)| counts[..2].iter().any(|count| *count < 300)).collect();
    if answers.len() != 9 || !rare.is_empty() {
        return Err(format!("too rarely true, false or refused: {answers:?}"));
    }
    Ok(())
}

#[test]
fn a_deny_for_all_denies_everybody_wherever_it_stands() -> Result<(), String> {
    each_law(6, |chance, documents, question| {
        let everything = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
        let everybody = json!({"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"});
        let alone = |statement: Json| json!({"Version": "2012-10-17", "Statement": statement});
        let mut documents = documents.clone();
        match (chance.below(3), &mut documents.resource_policy) {
            (0, Some(policy)) => {
                // Only a key's statements have resources.
                policy.kind = Kind::Key;
                push(&mut policy.document, everybody);
            }
            (0, none) => *none = Some(key_policy(alone(everybody))),
            (1, _) => documents.identity_policies.push(("deny".to_owned(), alone(everything))),
            _ => documents.session_policy = Some(alone(everything)),
        }
        match Compiled::of(&documents)?.decide(question) {
            Answer::Deny(Reason::ExplicitDeny(_)) => Ok(()),
            other => Err(format!("{other:?} in spite of a Deny for all")),
        }
    })
}

#[test]
fn a_further_deny_adds_no_right() -> Result<(), String> {
    each_law(7, |chance, documents, question| {
        let mut more = documents.clone();
        match (&mut more.resource_policy, chance.percent(50)) {
            (Some(policy), true) => push(&mut policy.document, deny_statement(chance, policy.kind)),
            _ => {
                let statement = deny_statement(chance, Kind::Identity);
                let document = json!({"Version": "2012-10-17", "Statement": statement});
                more.identity_policies.push(("more".to_owned(), document));
            }
        }
        no_more_than(documents, &more, question)
    })
}

#[test]
fn a_session_policy_adds_no_right() -> Result<(), String> {
    each_law(8, |chance, documents, question| {
        let without = Documents { session_policy: None, ..documents.clone() };
        let with = Documents { session_policy: Some(session_policy(chance)), ..documents.clone() };
        no_more_than(&without, &with, question)
    })
}

#[test]
fn a_grant_takes_no_right_away() -> Result<(), String> {
    each_law(9, |_, documents, question| {
        let without = Documents { grants: Vec::new(), ..documents.clone() };
        no_more_than(documents, &without, question)
    })
}

#[test]
fn identity_policies_alone_open_no_key() -> Result<(), String> {
    each_law(10, |_, documents, question| {
        let nobody = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "kms:*", "Resource": "*"}});
        let closed = Documents { resource_policy: Some(key_policy(nobody)), grants: Vec::new(), ..documents.clone() };
        match Compiled::of(&closed)?.decide(question) {
            Answer::Allow(_) if question.resource.is_some() => Err("allowed without the key's policy".to_owned()),
            _ => Ok(()),
        }
    })
}

#[test]
fn the_order_of_statements_documents_and_grants_does_not_matter() -> Result<(), String> {
    each_law(11, |chance, documents, question| {
        let mut shuffled = documents.clone();
        chance.shuffle(&mut shuffled.identity_policies);
        chance.shuffle(&mut shuffled.grants);
        let policies = shuffled.resource_policy.iter_mut().map(|policy| &mut policy.document);
        let policies = policies.chain(shuffled.identity_policies.iter_mut().map(|(_, document)| document));
        for document in policies.chain(shuffled.session_policy.iter_mut()) {
            if let Some(statements) = document["Statement"].as_array_mut() {
                chance.shuffle(statements);
            }
        }
        let (before, after) = (Compiled::of(documents)?.decide(question), Compiled::of(&shuffled)?.decide(question));
        if before == after { Ok(()) } else { Err(format!("{before:?} became {after:?} in another order")) }
    })
}

/// What both say, or an error that shows the case.
fn agreed(documents: &Documents, compiled: &Compiled<'_>, question: &Question) -> Result<Answer, String> {
    let (actual, expected) = (compiled.decide(question), reference::decide(question, documents));
    if actual == expected {
        return Ok(actual);
    }
    Err(format!("policy says {actual:?}, the reference says {expected:?}\n{}\n{question:?}", shown(documents)))
}

/// Asks a law of a few questions about each of many sets of documents.
fn each_law(seed: u64, law: impl Fn(&mut Chance, &Documents, &Question) -> Result<(), String>) -> Result<(), String> {
    const SETS: usize = 4_000;
    const QUESTIONS: usize = 5;
    let mut chance = Chance::seeded(seed);
    for _ in 0..SETS {
        let documents = documents(&mut chance);
        for _ in 0..QUESTIONS {
            let question = question(&mut chance);
            law(&mut chance, &documents, &question)
                .map_err(|broken| format!("{broken}\n{question:?}\n{}", shown(&documents)))?;
        }
    }
    Ok(())
}

/// Whoever is allowed by the second documents, is allowed by the first.
fn no_more_than(most: &Documents, documents: &Documents, question: &Question) -> Result<(), String> {
    let (most, now) = (Compiled::of(most)?.decide(question), Compiled::of(documents)?.decide(question));
    match (most, now) {
        (Answer::Deny(_), Answer::Allow(_)) => Err(format!("{most:?} became {now:?}")),
        _ => Ok(()),
    }
}

/// The question about a key of the caller's own account.
fn own_key(mut question: Question) -> Question {
    let account = question.caller.account.clone();
    question.resource = Some(common::Resource { arn: format!("arn:aws:kms:eu-central-1:{account}:key/one"), account });
    question.action = "kms:Encrypt".to_owned();
    question
}

fn key_policy(document: Json) -> ResourcePolicy {
    ResourcePolicy { kind: Kind::Key, document, pins: BTreeMap::new() }
}

/// One more statement at the end.
fn push(document: &mut Json, statement: Json) {
    match &mut document["Statement"] {
        Json::Array(statements) => statements.push(statement),
        one => *one = json!([one.take(), statement]),
    }
}

fn shown_policy(documents: &Documents) -> String {
    documents.resource_policy.as_ref().map(|policy| policy.document.to_string()).unwrap_or_default()
}

fn shown(documents: &Documents) -> String {
    let policy = documents.resource_policy.as_ref();
    let mut text = policy.map_or("no resource policy\n".to_owned(), |policy| {
        format!("{:?} policy, pins {:?}: {}\n", policy.kind, policy.pins, policy.document)
    });
    for (name, document) in &documents.identity_policies {
        text.push_str(&format!("identity policy {name}: {document}\n"));
    }
    if let Some(document) = &documents.session_policy {
        text.push_str(&format!("session policy: {document}\n"));
    }
    format!("{text}grants: {:?}", documents.grants)
}
