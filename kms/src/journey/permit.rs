//! Permitting: the policies are asked, once for every key, and what they said is carried in the token. A token holds
//! the algorithm and the encryption context that its permit was asked about: what was decided is what is done.

use std::sync::LazyLock;

use crypto::spec::Algorithm;
use policy::{Effect, Principal, Request, Resource, Voices};
use wire::Response;

use crate::error::{Because, Error};
use crate::ops::Action;

use super::change::Done;
use super::cx::{Ask, Context, Cx, Stage};
use super::find::{By, Found};
use super::view::Key;

/// The proof that the caller may, and what it was asked about.
///
/// Nobody else can make one:
///
/// ```
/// # use kms::journey::Permit;
/// fn forge<'r>(permit: Permit<'r>) -> Permit<'r> {
///     permit
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use kms::journey::Permit;
/// fn forge<'r>(permit: Permit<'r>) -> Permit<'r> {
///     Permit { algorithm: None, ..permit }
/// }
/// ```
///
/// And it is spent once:
///
/// ```compile_fail,E0382
/// # use kms::journey::{Cx, Done};
/// fn twice<'r>(cx: &'r Cx, permit: kms::journey::Permit<'r>) -> (Done<wire::Empty>, Done<wire::Empty>) {
///     (permit.done(wire::Empty), permit.done(wire::Empty))
/// }
/// ```
///
/// ```
/// # use kms::journey::{Cx, Done};
/// fn once<'r>(cx: &'r Cx, permit: kms::journey::Permit<'r>) -> Done<wire::Empty> {
///     permit.done(wire::Empty)
/// }
/// ```
pub struct Permit<'r> {
    pub(super) cx: &'r Cx,
    pub(super) action: Action,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) context: &'r Context,
}

/// A key that the caller may use in this way, if its usage and its state admit it. The only way on is
/// [`Permitted::admit`].
pub struct Permitted<'r> {
    pub(super) permit: Permit<'r>,
    pub(super) key: Key,
}

static NO_CONTEXT: LazyLock<Context> = LazyLock::new(Context::new);
static NO_FACTS: LazyLock<policy::Facts> = LazyLock::new(policy::Facts::new);

impl<'r> Found<'r> {
    /// Asks whether the caller may do this to the key.
    ///
    /// Errors: `Denied`, in the same words for a key of another account that is there and one that is not; then, for
    /// those who may, `IncorrectKey` and `InvalidGrantToken`.
    pub async fn permit(self, ask: Ask<'r>) -> Result<Permitted<'r>, Error> {
        self.cx.enter(Stage::Permit)?;
        let Found { cx, key, by } = self;
        let denied = match by {
            By::Ciphertext => Error::CiphertextOfNoKey,
            By::Name | By::WrongName => refusal(cx, ask.action, Because::NothingAllowsOrNotThere),
        };
        let Some(key) = key else { return Err(denied) };
        let arn = key.arn();
        if !allows(cx, &ask, Resource { account: &key.world.account, arn: &arn }) {
            return Err(denied);
        }
        if by == By::WrongName {
            return Err(Error::IncorrectKey);
        }
        if cx.has_tokens() {
            // There are no grants yet, so that no token is of one.
            return Err(Error::InvalidGrantToken);
        }
        Ok(Permitted { permit: Permit::granted(cx, ask), key })
    }
}

impl Cx {
    /// Asks whether the caller may do something that has no resource.
    ///
    /// Errors: `Denied`; `Internal` for an action that has one.
    pub async fn permit<'r>(&'r self, ask: Ask<'r>) -> Result<Permit<'r>, Error> {
        self.enter(Stage::Permit)?;
        for action in std::iter::once(ask.action).chain(ask.also) {
            if !action.has_no_resource() {
                return Err(Error::internal(format!("{} was asked without its resource", action.name())));
            }
            if decide(self, action, None) == Effect::Deny {
                return Err(refusal(self, action, Because::NoIdentityPolicy));
            }
        }
        Ok(Permit::granted(self, ask))
    }
}

impl<'r> Permit<'r> {
    pub(super) fn granted(cx: &'r Cx, ask: Ask<'r>) -> Permit<'r> {
        Permit { cx, action: ask.action, algorithm: ask.algorithm, context: ask.context.unwrap_or(&NO_CONTEXT) }
    }

    /// Every act passes here: the permit must speak of this act, and a dry run ends.
    pub(super) fn begin(&self, acts: &[Action]) -> Result<(), Error> {
        self.cx.enter(Stage::Act)?;
        if !acts.contains(&self.action) {
            return Err(Error::internal(format!("{} was permitted, but not this act", self.action.name())));
        }
        if self.cx.dry_run() { Err(Error::DryRun) } else { Ok(()) }
    }

    /// An answer that changes nothing.
    pub fn done<R: Response>(self, answer: R) -> Done<R> {
        Done::unchanged(answer)
    }
}

/// Whether everything that is asked may be done to this resource.
pub(super) fn allows(cx: &Cx, ask: &Ask<'_>, resource: Resource<'_>) -> bool {
    std::iter::once(ask.action).chain(ask.also).all(|action| decide(cx, action, Some(resource)) == Effect::Allow)
}

fn decide(cx: &Cx, action: Action, resource: Option<Resource<'_>>) -> Effect {
    let caller = cx.caller();
    let arn = caller.arn();
    let request = Request {
        principal: Principal { account: caller.account(), arn: &arn, is_root: true },
        action: &action.name(),
        resource,
        facts: &NO_FACTS,
    };
    policy::decide(&request, &Voices::default()).effect()
}

pub(super) fn refusal(cx: &Cx, action: Action, because: Because) -> Error {
    Error::Denied { caller: cx.caller().arn(), action: action.name(), because }
}
