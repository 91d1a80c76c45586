//! Permitting: the policies are asked, once for every key, and what they said is carried in the token. A token holds
//! the algorithm and the encryption context that its permit was asked about: what was decided is what is done.

use std::sync::LazyLock;

use crypto::spec::Algorithm;
use policy::{Because as Reason, Decision, Grant, Resource, Voice};
use wire::{Op, Response};

use crate::Enforcement;
use crate::error::{Because, Document, Error};
use crate::grants;
use crate::managed;
use crate::ops::Action;

use super::change::Done;
use super::cx::{Ask, Context, Cx, Stage};
use super::find::{By, Found};
use super::view::Key;
use super::voices::{Hearing, Named, Parties};

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

impl<'r> Found<'r> {
    /// Asks whether the caller may do this to the key: its policy, the caller's own policies, its grants.
    ///
    /// Errors: `Denied`, in the same words for a key of another account that is there and one that is not; then, for
    /// those who may, `IncorrectKey` and `InvalidGrantToken`.
    pub async fn permit(self, ask: Ask<'r>) -> Result<Permitted<'r>, Error> {
        self.cx.enter(Stage::Permit)?;
        let Found { cx, key, by, alias, on_same_key } = self;
        let told = |denied| match (by, denied) {
            (By::Ciphertext, Error::Denied { .. }) => Error::CiphertextOfNoKey,
            (By::Ciphertext | By::Name | By::WrongName, other) => other,
        };
        let Some(key) = key else { return Err(told(not_there(cx, ask.action))) };
        let named = Named { alias: alias.as_deref(), on_same_key };
        ask_key(cx, &ask, &key, named).await.map_err(told)?;
        if by == By::WrongName {
            return Err(Error::IncorrectKey);
        }
        grants::check_tokens(&cx.view().core, cx.tokens())?;
        Ok(Permitted { permit: Permit::granted(cx, ask), key })
    }
}

impl Cx {
    /// Asks whether the caller may do something that has no resource: only the caller's own policies say so.
    ///
    /// Errors: `Denied`; `Internal` for an action that has one.
    pub async fn permit<'r>(&'r self, ask: Ask<'r>) -> Result<Permit<'r>, Error> {
        self.enter(Stage::Permit)?;
        ask_without_resource(self, &ask, self.caller().region()).await?;
        Ok(Permit::granted(self, ask))
    }
}

/// Asks whether the caller may do something in this Region that has no resource.
///
/// Errors: `Denied`; `Internal` for an action that has one.
pub(super) async fn ask_without_resource(cx: &Cx, ask: &Ask<'_>, region: &str) -> Result<(), Error> {
    let hearing = Hearing::about(Parties::of(cx).in_region(region), None);
    for action in ask.actions() {
        if !action.has_no_resource() {
            return Err(Error::internal(format!("{} was asked without its resource", action.name())));
        }
        // AWS names no resource where CreateKey lacks the permission to tag.
        let on = if action == Action::Of(Op::TagResource) { On::Unnamed } else { On::Everything };
        if cx.enforcement() != Enforcement::Off {
            hearing.decide(ask, action, |decision| settle(cx, action, on, decision)).await??;
        }
    }
    Ok(())
}

/// Asks about a resource that has no policy of its own: an alias, or a principal.
///
/// Errors: `Denied`.
pub(super) fn ask_policies(cx: &Cx, ask: &Ask<'_>, resource: Resource<'_>) -> Result<(), Error> {
    if cx.enforcement() == Enforcement::Off {
        return Ok(());
    }
    let on = On::of(cx, resource.account, resource.arn);
    let hearing = Hearing::about(Parties::of(cx), Some(resource));
    hearing.decide_with(ask, &[], |decision| settle(cx, ask.action, on, decision))
}

/// Asks about a key for something that its policy has no say in, only these grants and the caller's own policies.
///
/// Errors: `Denied`.
pub(super) async fn ask_grants(cx: &Cx, ask: &Ask<'_>, key: &Key, grants: &[Grant<'_>]) -> Result<(), Error> {
    if cx.enforcement() == Enforcement::Off {
        return Ok(());
    }
    let arn = key.arn();
    let on = On::of(cx, &key.world.account, &arn);
    let hearing = Hearing::about_key_alone(Parties::of(cx), key, &arn).await?;
    hearing.decide_with(ask, grants, |decision| settle(cx, ask.action, on, decision))
}

/// Asks whether everything of this may be done to this key.
async fn ask_key(cx: &Cx, ask: &Ask<'_>, key: &Key, named: Named<'_>) -> Result<(), Error> {
    let arn = key.arn();
    let on = On::of(cx, &key.world.account, &arn);
    if matches!(on, On::Foreign) && !cx.sheet().cross_account {
        return Err(not_there(cx, ask.action));
    }
    if cx.enforcement() != Enforcement::Off {
        let parties = Parties::of(cx).in_region(&key.world.region);
        let hearing = Hearing::about_key(parties, key, &arn, named).await?;
        for action in ask.actions() {
            hearing.decide(ask, action, |decision| settle(cx, action, on, decision)).await??;
        }
    }
    // What the policy of such a key says to everybody holds where nobody asks it, too.
    if key.record().is_aws_managed() && !managed::may_be_asked(cx.sheet()) {
        let (caller, because) = (cx.identity().arn().to_owned(), Because::NothingAllows(Document::Resource));
        return Err(Error::Denied { caller, action: ask.action.name(), resource: on.name(), because });
    }
    Ok(())
}

/// Asks about a key that is made if this is allowed. A refusal names it by its alias: there is no other name yet.
///
/// Errors: `Denied`; `InvalidGrantToken`.
pub(super) async fn ask_unmade(
    cx: &Cx,
    ask: &Ask<'_>,
    key: &Key,
    alias: &str,
    policy: &policy::Document,
) -> Result<(), Error> {
    if cx.enforcement() != Enforcement::Off {
        let (arn, alias_arn) = (key.arn(), key.world.alias_arn(alias));
        let hearing = Hearing::about_unmade(Parties::of(cx), key, &arn, alias, policy).await?;
        hearing.decide(ask, ask.action, |decision| settle(cx, ask.action, On::Own(&alias_arn), decision)).await??;
    }
    grants::check_tokens(&cx.view().core, cx.tokens())
}

/// What a refusal may name.
#[derive(Clone, Copy)]
enum On<'a> {
    /// No resource, and none is named.
    Unnamed,
    /// No resource: `*`.
    Everything,
    /// A resource of the caller's own account.
    Own(&'a str),
    /// A resource of another account: of that nothing is told, not even that it is there.
    Foreign,
}

/// What comes of a decision: nothing, a refusal, or, where refusals are only logged, a line of the log.
fn settle(cx: &Cx, action: Action, on: On<'_>, decision: &Decision<'_>) -> Result<(), Error> {
    let (resource, because) = match (on, decision.because()) {
        (_, Reason::Allowed(_) | Reason::RootOfTheAccount) => return Ok(()),
        (On::Foreign, _) | (_, Reason::AnotherAccount) => (None, Because::NothingAllowsOrNotThere),
        (on, Reason::ExplicitDeny(voice)) => (on.name(), Because::ExplicitDeny(of(voice))),
        (on, Reason::NothingAllows(voice)) => (on.name(), Because::NothingAllows(of(voice))),
    };
    let denied = Error::Denied { caller: cx.identity().arn().to_owned(), action: action.name(), resource, because };
    match cx.enforcement() {
        Enforcement::Off | Enforcement::On => Err(denied),
        Enforcement::Log => {
            let source = decision.source();
            tracing::warn!(
                request_id = cx.request_id(),
                error = denied.to_fault(cx.sheet().op).message,
                document = source.map(|source| source.document),
                statement = source.map(|source| source.statement),
                "a call would have been refused"
            );
            Ok(())
        }
    }
}

impl<'a> On<'a> {
    fn of(cx: &Cx, account: &str, arn: &'a str) -> On<'a> {
        if account == cx.caller().account() { On::Own(arn) } else { On::Foreign }
    }

    fn name(self) -> Option<String> {
        match self {
            On::Unnamed | On::Foreign => None,
            On::Everything => Some("*".to_owned()),
            On::Own(arn) => Some(arn.to_owned()),
        }
    }
}

/// The kind of document that a refusal blames. Grants never deny, and AWS does not name them.
fn of(voice: Voice) -> Document {
    match voice {
        Voice::Resource | Voice::Grant => Document::Resource,
        Voice::Identity => Document::Identity,
        Voice::Session => Document::Session,
    }
}

/// The words for another account's key, there or not.
pub(super) fn not_there(cx: &Cx, action: Action) -> Error {
    let (caller, because) = (cx.identity().arn().to_owned(), Because::NothingAllowsOrNotThere);
    Error::Denied { caller, action: action.name(), resource: None, because }
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
