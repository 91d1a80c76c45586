//! Every error that AWS's model lists for an operation: it is raised here, in AWS's words where they are known, or there
//! is a reason why it cannot be. `docs/errors.md` is printed from the two lists.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod never;
mod page;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::sample::{With, sample};
use common::{House, OWN, REGION, Refusal, caller};
use kms::{Answerable, Mode, Plan};
use wire::Op;
use wire::fault_names::{DEPENDENCY_TIMEOUT_EXCEPTION, KEY_UNAVAILABLE_EXCEPTION, KMS_INTERNAL_EXCEPTION};

use cases::{Asked, CASES};
use never::NEVER;
use stage::Stage;

/// An operation and an error that the model lists for it.
type Pair = (Op, &'static str);

/// What AWS's model lists.
const PAIRS: usize = 410;

/// Those of them that come of a failure, and are planned.
const FAILURES: usize = 113;

/// The errors that say that something failed; no request asks for them. They are planned at `/_trent/faults`.
const FAILED: [&str; 3] = [DEPENDENCY_TIMEOUT_EXCEPTION, KMS_INTERNAL_EXCEPTION, KEY_UNAVAILABLE_EXCEPTION];

fn modelled() -> impl Iterator<Item = Pair> {
    Op::ALL.into_iter().flat_map(|op| op.faults().iter().map(move |error| (op, *error)))
}

fn is_failure(pair: &Pair) -> bool {
    FAILED.contains(&pair.1)
}

/// The pairs that the cases raise, with when.
fn raised() -> BTreeMap<Pair, Vec<&'static str>> {
    let mut raised: BTreeMap<Pair, Vec<&'static str>> = BTreeMap::new();
    for case in CASES {
        for op in case.ops() {
            raised.entry((op, case.error)).or_default().push(case.when);
        }
    }
    raised
}

/// The pairs that cannot be raised, with why.
fn excused() -> BTreeMap<Pair, &'static str> {
    NEVER.iter().flat_map(|never| never.ops.iter().map(|op| ((*op, never.error), never.because))).collect()
}

#[test]
fn every_error_of_the_model_is_raised_or_has_its_reason() {
    let (modelled, raised, excused): (BTreeSet<Pair>, _, _) = (modelled().collect(), raised(), excused());
    assert_eq!(modelled.len(), PAIRS);
    assert_eq!(modelled.iter().filter(|pair| is_failure(pair)).count(), FAILURES);
    for pair in &modelled {
        let ways = [is_failure(pair), raised.contains_key(pair), excused.contains_key(pair)];
        let known = ways.iter().filter(|way| **way).count();
        assert_eq!(
            known, 1,
            "{pair:?}: planned, raised, excused are {ways:?}; raise it in cases.rs or excuse it in never.rs"
        );
    }
    let strange: Vec<_> = raised.keys().chain(excused.keys()).filter(|pair| !modelled.contains(pair)).collect();
    assert_eq!(strange, Vec::<&Pair>::new(), "the model does not list these");
    let told: usize = NEVER.iter().map(|never| never.ops.len()).sum();
    assert_eq!(told, excused.len(), "an error has two reasons");
}

#[tokio::test]
async fn every_case_raises_its_error_in_its_words() {
    let stage = Stage::set().await;
    let mut wrong = Vec::new();
    for case in CASES {
        for op in case.ops() {
            let Asked { house, region, body, message } = (case.ask)(&stage, op);
            let told = house.call_as(&caller(OWN, region), op, body.clone()).await;
            let is_right = told.as_ref().is_err_and(|Refusal(name, said)| {
                name == case.error && message.as_ref().is_none_or(|message| message == said)
            });
            if !is_right {
                wrong.push(format!(
                    "{op:?}, {}, {}: {body}\n  is told {told:?}\n  and not {message:?}",
                    case.error, case.when
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As the door of `dev` has it.
#[tokio::test]
async fn every_failure_can_be_planned_and_is_recorded() {
    let house = House::with(Mode::Dev, |store| store).await;
    let plans = house.service.plans().expect("dev has plans");
    let (key, blob, caller) = (house.key().await, common::base64("a ciphertext"), caller(OWN, REGION));
    for (op, name) in modelled().filter(is_failure) {
        let error = Answerable::named(op, name);
        assert!(error.is_some(), "{op:?} can answer {name}");
        let plan = Plan { op, error, delay: Duration::ZERO, is_lost: false, times: Some(1) };
        plans.add(plan).expect("it is taken");
        let planned = plans.next(op).expect("it is met");
        let body = sample(op, &With { key: &key, blob: &blob });
        let before = house.records().len();
        let _ = house.call(op, body.clone()).await;
        let (body, origin, itself) =
            (body.to_string().into_bytes(), house.origin(), house.records_from(before).remove(0));
        let before = house.records().len();
        let told = house.service.call_as_planned(&planned, op, caller.clone(), origin, body, house.now()).await;
        let fault = told.expect_err("it fails");
        assert_eq!((fault.name, fault.status), (name, 500), "{op:?}");
        let records = house.records_from(before);
        assert_eq!(records.len(), 1, "{op:?} {name}: {records:?}");
        assert_eq!((&records[0]["eventName"], &records[0]["errorCode"]), (&op.name().into(), &name.into()));
        assert_eq!(records[0]["requestParameters"], itself["requestParameters"], "{op:?}: as of the call itself");
    }
}

#[test]
fn the_page_of_errors_is_what_is_raised_and_what_is_not() {
    page::compare(&raised(), &excused());
}
