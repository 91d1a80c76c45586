//! Who may? One pure function over a request and the voices that speak about it, without I/O and without a clock.
//! It does not find keys, check their state or word refusals.
//!
//! [`decide()`] follows AWS's evaluation logic
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>):
//!
//! 1. **A Deny wins.** A statement that denies, in any document, settles it. Grants cannot deny.
//! 2. **Nobody's yes is a no.** What no rule below allows is denied.
//! 3. **In the owner's account** one of these is enough:
//!    - the resource's policy allows the principal: the user, the role of the session, the session, or everybody;
//!    - the resource's policy allows the account (its root's ARN, or its 12 digits), and with that hands the question to
//!      it: a policy of the principal has to allow too. The account's root needs none;
//!    - a grant for the principal; or one for its account, and a policy of the principal;
//!    - the resource is of a kind without a policy (an alias, a user), and a policy of the principal allows. The root
//!      needs none.
//! 4. **From another account**, only if the operation may be used across accounts: the resource's policy has to allow the
//!    principal, its account or everybody, **and** a policy of the principal has to allow; or a grant, as above.
//! 5. **What has no resource** (`kms:CreateKey`) is decided by the principal's policies alone; the root may.
//! 6. **A session's policy** has to allow too. Only what names the session by its own ARN is free of it: a grant, and the
//!    policy of a resource of the same account.
//!
//! **A statement applies** if it speaks of the principal, of the action and of the resource, and all its conditions
//! hold. A key policy's statement without an action or a resource applies to nothing. Actions and the names of condition
//! keys have no case; everything else has, but for the operators that ignore it. `*` and `?` cross every border but that
//! of an ARN's first five parts in ARN conditions.
//!
//! **A Deny for all but some** (`NotPrincipal`) spares only those who are listed whole: a user and its account; a
//! session, its role and its account.
//!
//! **A condition** compares one key's values with those it lists. Listed values are alternatives; a negated operator
//! holds where its opposite does not. A key that is not there, or has no value, does not satisfy an operator and
//! satisfies a negated one, `IfExists` and `ForAllValues:`; never `ForAnyValue:`. A value that the operator cannot read
//! is none of those listed.
//!
//! **Variables** (`${aws:username}`, `${key, 'default'}`) exist since version 2012-10-17. Their value is text, never a
//! wildcard. One without a value is held against the caller: in an Allow, what compares with it does not hold, negated or
//! not; in a Deny, it is a value that nothing equals.

mod arn;
#[cfg(test)]
mod circumstances;
mod condition;
mod date;
mod decide;
mod default;
mod document;
mod filled;
mod grammar;
mod grant;
mod json;
mod key;
mod layout;
mod network;
mod number;
mod operator;
mod patience;
mod principal;
mod request;
mod search;
mod statement;
mod steps;
mod text;
mod voice;

pub use decide::{Because, Decision, Effect, Source, Voice, decide};
pub use default::default_key_policy;
pub use document::{Document, DocumentError, Kind};
pub use layout::{lay_out, lay_out_with};
pub use request::{Arity, Facts, Principal, Request, Resource, Value, Who};
pub use voice::{Attached, Constraint, Grant, Voices};
