//! Why: the decision that a call would meet, with the statement or the grant that settles it. Nothing is done and
//! nobody signs; whether the asker may ask this is for whoever answers them to see.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::spec::{KeySpec, KeyUsage};
use policy::{Because, Decision, Effect, Voice};
use serde::Serialize;
use wire::Op;

use crate::Time;
use crate::error::{Error, Invalid};
use crate::facts::Situation;
use crate::identity::Identity;
use crate::keys::lifecycle::{KeyOrigin, RegionPart};
use crate::names::{KeyName, Names};
use crate::ops::{Action, OPERATIONS, Sheet};
use crate::service::Core;
use crate::world::World;

use super::cx::{Ask, Context};
use super::facts::{Asked, AskedKey};
use super::find::named;
use super::key_policy::DEFAULT_POLICY;
use super::view::{Key, View};
use super::voices::{Hearing, Named, Parties};

/// A question about a call that nobody makes.
pub(crate) struct Question {
    /// Where names without an ARN are looked up.
    pub world: World,
    /// The ARN of a root, a user, a role or a session.
    pub principal: String,
    /// With or without its prefix: `kms:Decrypt`, `ReEncryptFrom`.
    pub action: String,
    /// Id, ARN or alias; none for what has no key.
    pub key: Option<String>,
    /// The encryption context.
    pub context: Context,
    /// What else conditions are to find, by their keys: they outweigh what is known.
    pub facts: BTreeMap<String, Vec<String>>,
}

/// The answer.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Explained {
    pub allowed: bool,
    /// One sentence.
    pub because: String,
    /// `KeyPolicy`, `IdentityPolicy`, `SessionPolicy` or `Grant`: what settled it, if something written did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// The name of an identity policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_name: Option<String>,
    /// The statement's place in its document, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant_id: Option<String>,
}

/// Decides as for a call and says why.
///
/// Errors: `InvalidPrincipal` for one that is not here; `NotYet` and `Invalid` for an action that cannot be asked
/// about; what [`KeyName::parse`] refuses; `NoSuchKey`, `NoSuchAlias`.
pub(crate) async fn explain(core: &Arc<Core>, question: &Question, now: Time) -> Result<Explained, Error> {
    let (action, sheet) = action(&question.action)?;
    let view = View::newest(core, now).await?;
    let identity = Identity::imagine(&view, &question.principal).await?;
    let identity = identity.ok_or_else(|| Error::InvalidPrincipal { arn: question.principal.clone() })?;
    let situation = Situation { identity: &identity, source_ip: None, now, region: &question.world.region };
    let of = Parties { view: &view, situation, sheet, given: Some(&question.facts) };
    let Some(name) = question.key.as_deref().filter(|_| is_about_a_key(action, sheet)) else {
        // What CreateKey makes if nobody says otherwise.
        let new = AskedKey {
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            origin: KeyOrigin::AwsKms,
            part: RegionPart::SingleRegion,
        };
        let new_key = (sheet.op == Op::CreateKey).then_some(new);
        let ask = Ask { asked: Asked { new_key, ..Asked::default() }, ..Ask::about(action) };
        return Hearing::about(of, None).decide(&ask, action, |decision| told(decision, false)).await;
    };
    let name = KeyName::parse(name, &question.world, Names::KeyOrAlias)?;
    let (key, alias) = named(&view, &name).await?;
    let key = key.ok_or_else(|| name.missing())?;
    let (arn, ask) = (key.arn(), defaults(action, sheet, &key, &question.context));
    let named = Named { alias: alias.as_deref(), on_same_key: None };
    let foreign = key.world.account != identity.account();
    if sheet.op != Op::RetireGrant {
        let hearing = Hearing::about_key(of, &key, &arn, named).await?;
        return hearing.decide(&ask, action, |decision| told(decision, foreign)).await;
    }
    // Key policies have no say in it, and which grant is meant is not known.
    let hearing = Hearing::about_key_alone(of, &key, &arn).await?;
    let explained = hearing.decide_with(&ask, &[], |decision| told(decision, foreign));
    let settled = explained.allowed || explained.source.is_some();
    Ok(if settled { explained } else { Explained { because: BY_GRANT_ALONE.to_owned(), ..explained } })
}

const BY_GRANT_ALONE: &str = "No policy of the principal allows it. Those whom a grant itself lets retire it, and the \
                              root of the account that made it, may retire that grant all the same.";

/// What a request says that says no more than it must.
fn defaults<'q>(action: Action, sheet: &Sheet, key: &Key, context: &'q Context) -> Ask<'q> {
    let record = key.record();
    let uses_material = sheet.names == Names::KeyOrAlias && !matches!(sheet.op, Op::DescribeKey | Op::GetPublicKey);
    let only = match record.spec.algorithms(record.usage) {
        [only] if uses_material => Some(*only),
        _ => None,
    };
    let asked = Asked {
        message_type: matches!(sheet.op, Op::Sign | Op::Verify).then_some(wire::MessageType::Raw.as_str()),
        policy_name: matches!(sheet.op, Op::GetKeyPolicy | Op::PutKeyPolicy).then_some(DEFAULT_POLICY),
        pending_window_in_days: (sheet.op == Op::ScheduleKeyDeletion).then_some(30),
        rotation_period_in_days: (sheet.op == Op::EnableKeyRotation).then_some(365),
        ..Asked::default()
    };
    Ask { algorithm: only, context: Some(context), asked, ..Ask::about(action) }
}

/// Whether a key has a say. That of DeleteAlias is the alias's: the operation names none itself.
fn is_about_a_key(action: Action, sheet: &Sheet) -> bool {
    let named = sheet.names != Names::None && !action.has_no_resource();
    named || matches!(sheet.op, Op::TagResource | Op::DeleteAlias)
}

/// The action of this name and what is true of its operation.
fn action(name: &str) -> Result<(Action, &'static Sheet), Error> {
    let word = name.strip_prefix("kms:").unwrap_or(name);
    let sheets = OPERATIONS.iter().filter_map(|entry| entry.sheet);
    let asked = sheets.flat_map(|sheet| sheet.actions.iter().map(move |action| (*action, sheet)));
    // CreateKey asks for TagResource too.
    let found = asked.filter(|(action, _)| action.word() == word).max_by_key(|(_, sheet)| sheet.op.name() == word);
    found.ok_or_else(|| match OPERATIONS.iter().find(|entry| entry.sheet.is_none() && entry.op.name() == word) {
        Some(later) => Error::NotYet(later.op),
        None => Error::Invalid(Invalid::Action { given: name.to_owned() }),
    })
}

fn told(decision: &Decision<'_>, foreign: bool) -> Explained {
    let source = decision.source();
    let statement = source.filter(|source| source.voice != Voice::Grant);
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Explained {
        allowed: decision.effect() == Effect::Allow,
        because: sentence(decision, foreign),
        source: source.map(|source| match source.voice {
            Voice::Resource => "KeyPolicy",
            Voice::Identity => "IdentityPolicy",
            Voice::Session => "SessionPolicy",
            Voice::Grant => "Grant",
        }),
        policy_name: statement.and_then(|source| text(source.document)),
        statement: statement.map(|source| source.statement + 1),
        sid: statement.and_then(|source| source.sid).and_then(text),
        grant_id: source.filter(|source| source.voice == Voice::Grant).and_then(|source| text(source.document)),
    }
}

fn sentence(decision: &Decision<'_>, foreign: bool) -> String {
    let place = place(decision);
    match decision.because() {
        Because::Allowed(_) => format!("{place} allows it, and nothing that has a say forbids it."),
        Because::RootOfTheAccount => {
            "The root of an account may do what the account may do, and nothing that has a say forbids it.".to_owned()
        }
        Because::ExplicitDeny(_) => format!("{place} denies it: a Deny outweighs every Allow."),
        Because::NothingAllows(Voice::Resource | Voice::Grant) => {
            "The key policy neither allows it nor leaves it to the policies of the principal's account, and no grant \
             allows it."
                .to_owned()
        }
        Because::NothingAllows(Voice::Identity) if foreign => {
            "The account of the key allows it, but no policy of the principal does: in another account both are needed."
                .to_owned()
        }
        Because::NothingAllows(Voice::Identity) => "No policy of the principal allows it.".to_owned(),
        Because::NothingAllows(Voice::Session) => "The session's policy does not allow it.".to_owned(),
        Because::AnotherAccount => {
            "The key is another account's, and this operation works only on keys of one's own.".to_owned()
        }
    }
}

/// What settled a decision, as the beginning of a sentence.
fn place(decision: &Decision<'_>) -> String {
    let Some(source) = decision.source() else { return "Nothing that is written".to_owned() };
    let sid = source.sid.map(|sid| format!(" ({sid})")).unwrap_or_default();
    let statement = format!("Statement {}{sid}", source.statement + 1);
    match source.voice {
        Voice::Resource => format!("{statement} of the key policy"),
        Voice::Identity => format!("{statement} of the principal's policy {}", source.document),
        Voice::Session => format!("{statement} of the session's policy"),
        Voice::Grant => format!("The grant {}", source.document),
    }
}
