//! Answers that somebody planned, to see how a client takes them: which operation answers which error, how late, or not
//! at all. How a plan is written down, and how an answer comes late or never, is the door's business.
//!
//! A list of plans is made for [`Mode::Dev`](crate::Mode::Dev) alone, and only a list gives a [`Planned`]: in `serve`
//! nothing can be planned.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wire::fault_names::{COMMON, MODELLED, SERIALIZATION_EXCEPTION, UNKNOWN_OPERATION_EXCEPTION};
use wire::{Fault, Op};

use crate::caller::Caller;
use crate::error::{Because, Document, Error};
use crate::ops::Action;

/// What was planned, in the order in which it was.
///
/// It is a service's, if the service is one of `dev`:
///
/// ```
/// fn plans(service: &kms::Service) -> Option<&kms::Plans> {
///     service.plans()
/// }
/// ```
///
/// Nobody else can make one:
///
/// ```compile_fail,E0624
/// fn plans(_: &kms::Service) -> Option<kms::Plans> {
///     Some(kms::Plans::new())
/// }
/// ```
#[derive(Debug)]
pub struct Plans(Mutex<Vec<Plan>>);

/// One plan: how an operation answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The operation.
    pub op: Op,
    /// What it answers instead of doing what it was asked to; none where it does that.
    pub error: Option<Answerable>,
    /// How much later than it could its answer goes out.
    pub delay: Duration,
    /// Whether its answer is lost on the way.
    pub is_lost: bool,
    /// How often; none until it is taken back.
    pub times: Option<u32>,
}

/// An error that an operation can answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answerable {
    name: &'static str,
    status: u16,
}

/// What was planned for one call.
#[derive(Debug)]
pub struct Planned(Plan);

/// Why a plan was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unplannable {
    /// An earlier plan for this operation has no end.
    NeverReached,
    /// There are [`Plans::AT_MOST`] already.
    TooMany,
}

impl Plans {
    /// So many plans there can be at once: every call looks through them.
    pub const AT_MOST: usize = 100;

    /// None yet.
    pub(crate) fn new() -> Plans {
        Plans(Mutex::new(Vec::new()))
    }

    /// Adds one, to come after those that there are for its operation.
    ///
    /// Errors: for one that would never be reached, and one too many.
    pub fn add(&self, plan: Plan) -> Result<(), Unplannable> {
        self.with(|plans| {
            if plans.iter().any(|earlier| earlier.op == plan.op && earlier.times.is_none()) {
                return Err(Unplannable::NeverReached);
            }
            if plans.len() >= Plans::AT_MOST {
                return Err(Unplannable::TooMany);
            }
            plans.push(plan);
            Ok(())
        })
    }

    /// Takes back what is left for this operation, or for all.
    pub fn take_back(&self, op: Option<Op>) {
        self.with(|plans| plans.retain(|plan| op.is_some_and(|op| plan.op != op)));
    }

    /// What is left.
    pub fn list(&self) -> Vec<Plan> {
        self.with(|plans| plans.clone())
    }

    /// What the next call of `op` meets. It is one time less after that.
    pub fn next(&self, op: Op) -> Option<Planned> {
        self.with(|plans| {
            let at = plans.iter().position(|plan| plan.op == op)?;
            let planned = Planned(plans[at].clone());
            if let Some(times) = &mut plans[at].times {
                *times = times.saturating_sub(1);
            }
            plans.retain(|plan| plan.times != Some(0));
            Some(planned)
        })
    }

    fn with<R>(&self, change: impl FnOnce(&mut Vec<Plan>) -> R) -> R {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Answerable {
    /// The errors that `op` can answer: those of its model, then those that every operation has.
    pub fn all(op: Op) -> impl Iterator<Item = Answerable> {
        let modelled = MODELLED.iter().filter(move |(name, _)| op.faults().contains(name));
        modelled.chain(COMMON).map(|(name, status)| Answerable { name, status: *status })
    }

    /// The one of this name.
    pub fn named(op: Op, name: &str) -> Option<Answerable> {
        Answerable::all(op).find(|error| error.name == name)
    }

    /// AWS's name of it.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The answer: in AWS's words where they are the same for every call, else in ours.
    fn fault(self, op: Op, caller: &Caller) -> Fault {
        let said = same_for_every_call(op, caller).into_iter().find(|fault| fault.name == self.name);
        said.unwrap_or_else(|| Fault { name: self.name, message: Some(PLANNED.to_owned()), status: self.status })
    }
}

impl Planned {
    /// What is answered instead of doing what was asked for.
    pub(crate) fn fault(&self, op: Op, caller: &Caller) -> Option<Fault> {
        self.0.error.map(|error| error.fault(op, caller))
    }

    /// How much later than it could the answer goes out.
    pub fn delay(&self) -> Duration {
        self.0.delay
    }

    /// Whether the answer is lost on the way.
    pub fn is_lost(&self) -> bool {
        self.0.is_lost
    }
}

/// The faults whose words rest on nothing that a planned one lacks.
fn same_for_every_call(op: Op, caller: &Caller) -> Vec<Fault> {
    let denied = Error::Denied {
        caller: caller.arn(),
        action: Action::Of(op).name(),
        resource: None,
        because: Because::NothingAllows(Document::Identity),
    };
    let errors = [
        denied,
        Error::Throttled,
        Error::NoSuchCaller,
        Error::IncorrectKey,
        Error::DryRun,
        Error::InvalidCiphertext,
        Error::InvalidSignature,
        Error::InvalidMac,
    ];
    let silent = [SERIALIZATION_EXCEPTION, UNKNOWN_OPERATION_EXCEPTION].map(Fault::silent);
    errors.iter().map(|error| error.to_fault(op)).chain(silent).collect()
}

/// What a planned fault says for itself, so that nobody looks for its cause.
const PLANNED: &str = "This error was planned at /_trent/faults.";

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(op: Op, name: &str, times: Option<u32>) -> Plan {
        let error = Some(Answerable::named(op, name).expect("the operation can answer it"));
        Plan { op, error, delay: Duration::ZERO, is_lost: false, times }
    }

    fn next(plans: &Plans, op: Op) -> Option<&'static str> {
        plans.next(op).map(|planned| planned.0.error.expect("an error").name())
    }

    #[test]
    fn plans_come_one_after_another_each_as_often_as_it_was_asked_for() {
        let plans = Plans::new();
        let asked = [
            (Op::Encrypt, "ThrottlingException", 2),
            (Op::Sign, "InternalFailure", 1),
            (Op::Encrypt, "KMSInternalException", 1),
        ];
        for (op, name, times) in asked {
            plans.add(plan(op, name, Some(times))).expect("it is taken");
        }
        assert_eq!(next(&plans, Op::Decrypt), None);
        let met: Vec<_> = std::iter::from_fn(|| next(&plans, Op::Encrypt)).collect();
        assert_eq!(met, ["ThrottlingException", "ThrottlingException", "KMSInternalException"]);
        assert_eq!(plans.list(), [plan(Op::Sign, "InternalFailure", Some(1))]);
    }

    #[test]
    fn one_without_an_end_is_met_until_it_is_taken_back() {
        let plans = Plans::new();
        for op in [Op::Encrypt, Op::Decrypt] {
            plans.add(plan(op, "ThrottlingException", None)).expect("it is taken");
        }
        assert_eq!(plans.add(plan(Op::Encrypt, "KMSInternalException", Some(1))), Err(Unplannable::NeverReached));
        for _ in 0..1000 {
            assert_eq!(next(&plans, Op::Encrypt), Some("ThrottlingException"));
        }
        plans.take_back(Some(Op::Encrypt));
        assert_eq!((next(&plans, Op::Encrypt), plans.list().len()), (None, 1));
        plans.take_back(None);
        assert_eq!(plans.list(), []);
    }

    #[test]
    fn there_is_a_bound_of_plans() {
        let plans = Plans::new();
        for _ in 0..Plans::AT_MOST {
            plans.add(plan(Op::Encrypt, "InternalFailure", Some(1))).expect("it is taken");
        }
        assert_eq!(plans.add(plan(Op::Decrypt, "InternalFailure", Some(1))), Err(Unplannable::TooMany));
    }

    #[test]
    fn an_operation_answers_its_own_errors_and_every_operations() {
        assert!(Answerable::named(Op::Decrypt, "IncorrectKeyException").is_some());
        assert!(Answerable::named(Op::Encrypt, "IncorrectKeyException").is_none());
        assert!(Answerable::named(Op::Encrypt, "encrypt").is_none());
        for op in Op::ALL {
            assert_eq!(Answerable::all(op).count(), op.faults().len() + COMMON.len(), "{op:?}");
            assert!(COMMON.iter().all(|(name, _)| Answerable::named(op, name).is_some()), "{op:?}");
        }
    }
}
