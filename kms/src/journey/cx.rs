//! One attempt at one request: its snapshot, its caller, what it may ask, and the notes that its audit record is
//! written from. An attempt that met another's change is thrown away whole, and the next begins anew.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crypto::spec::{Algorithm, KeySpec};
use crypto::{Material, Random};
use tokio::sync::OnceCell;

use crate::Enforcement;
use crate::Time;
use crate::caller::Caller;
use crate::error::Error;
use crate::identity::Identity;
use crate::ids::as_uuid;
use crate::keys::lifecycle::MaterialId;
use crate::ops::{Action, Sheet};
use crate::quotas::{Charge, CountedBy, RequestGroup};
use crate::rows;
use crate::service::{Core, Origin};
use crate::usage::{Used, tracked};
use crate::world::World;

use super::facts::Asked;
use super::view::{Key, View};

/// An encryption context.
pub(crate) type Context = BTreeMap<String, String>;

/// What stays the same over all attempts at one request.
pub(crate) struct Call {
    pub caller: Arc<Caller>,
    pub origin: Origin,
    pub now: Time,
}

/// What is drawn once per request, so that all its attempts are attempts at the same thing.
#[derive(Clone)]
pub(crate) struct Drawn {
    /// The request's place in the audit outbox.
    pub sequence: u64,
    /// The place of what the request may set going.
    pub event_sequence: u64,
    pub event_id: String,
    /// The id of the key that the request may make.
    pub key_id: String,
    /// The id of the grant that the request may make.
    pub grant_id: String,
    /// Which counter a new key tries first, below 16.
    pub counter: u8,
    /// The groups of requests that the request has been counted in.
    counted: Arc<Mutex<Vec<RequestGroup>>>,
    /// The material of the key, or of the data key pair, that the request may make, once it is needed.
    material: Arc<OnceCell<Material>>,
}

impl Drawn {
    pub fn new(core: &Core) -> Drawn {
        // The price of a draw is the same for one byte and for all of them.
        let mut bytes = [0; 80];
        core.random.fill(&mut bytes);
        let (parts, _) = bytes.as_chunks::<16>();
        Drawn {
            sequence: core.next_sequence(),
            event_sequence: core.next_sequence(),
            event_id: as_uuid(parts[0]),
            key_id: as_uuid(parts[1]),
            counter: parts[2][0] % 16,
            grant_id: hex::encode([parts[3], parts[4]].concat()),
            counted: Arc::default(),
            material: Arc::default(),
        }
    }

    /// Material for the key, or the data key pair, that the request makes: the same for all its attempts, since some takes
    /// seconds to draw.
    pub async fn material(&self, core: &Core, spec: KeySpec) -> Result<&Material, Error> {
        self.material.get_or_try_init(|| core.backend.draw(spec)).await
    }
}

/// One attempt at one request.
pub struct Cx {
    view: View,
    caller: Arc<Caller>,
    identity: Identity,
    source_ip: Option<IpAddr>,
    sheet: &'static Sheet,
    dry_run: bool,
    /// The grant tokens that came with the request.
    tokens: Vec<String>,
    drawn: Drawn,
    /// Joins what is logged on the way with the answer.
    request_id: String,
    notes: Mutex<Notes>,
}

/// How far the attempt has come: find all, permit all, admit all, act. Never backwards.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) enum Stage {
    #[default]
    Find,
    Permit,
    Admit,
    Act,
}

/// What the audit record and the checks at the end need to know.
#[derive(Default)]
struct Notes {
    stage: Stage,
    resources: Vec<(String, String)>,
    changes: usize,
    changed: Option<String>,
    material: Option<String>,
    grant: Option<GrantNote>,
    used: Vec<Used>,
}

/// A grant of which a record may tell.
#[derive(Clone)]
pub(crate) struct GrantNote {
    /// The ARN of its key.
    pub key: String,
    pub id: String,
}

impl Cx {
    pub(crate) async fn begin<R: wire::Request>(
        core: &Arc<Core>,
        call: &Call,
        sheet: &'static Sheet,
        request: &R,
        drawn: &Drawn,
    ) -> Result<Cx, Error> {
        let view = View::newest(core, call.now).await?;
        Ok(Cx {
            identity: Identity::of(&view, &call.caller).await?,
            view,
            caller: call.caller.clone(),
            source_ip: call.origin.source_ip.parse().ok(),
            sheet,
            dry_run: request.dry_run(),
            tokens: request.grant_tokens().to_vec(),
            drawn: drawn.clone(),
            request_id: call.origin.request_id.clone(),
            notes: Mutex::default(),
        })
    }

    /// What the operation asks for by itself: its own action.
    pub fn ask(&self) -> Ask<'static> {
        self.ask_to(self.sheet.actions[0])
    }

    /// One of the operation's actions, where it has several.
    pub fn ask_to(&self, action: Action) -> Ask<'static> {
        Ask::about(action)
    }

    /// The time that this request is answered at.
    pub fn now(&self) -> Time {
        self.view.now
    }

    pub(super) fn view(&self) -> &View {
        &self.view
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The caller, as the policies see them.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The peer's address, if it is one.
    pub(super) fn source_ip(&self) -> Option<IpAddr> {
        self.source_ip
    }

    pub(super) fn enforcement(&self) -> Enforcement {
        self.view.core.enforcement
    }

    pub(crate) fn sheet(&self) -> &'static Sheet {
        self.sheet
    }

    pub(super) fn request_id(&self) -> &str {
        &self.request_id
    }

    pub(super) fn drawn(&self) -> &Drawn {
        &self.drawn
    }

    pub(super) fn random(&self) -> &dyn Random {
        &*self.view.core.random
    }

    pub(crate) fn into_expectations(self) -> BTreeMap<crate::rows::RowKey, store::Revision> {
        self.view.into_expectations()
    }

    pub(crate) fn dry_run(&self) -> bool {
        self.dry_run
    }

    /// The grant tokens that came with the request.
    pub(super) fn tokens(&self) -> &[String] {
        &self.tokens
    }

    /// The account and Region of the caller: where names without an ARN are looked up.
    pub(crate) fn world(&self) -> World {
        World { account: self.caller.account().to_owned(), region: self.caller.region().to_owned() }
    }

    /// Counts the request by a key of this spec, once for all its attempts and for all keys of that group.
    ///
    /// Errors: `Throttled`.
    pub(super) fn count(&self, spec: KeySpec) -> Result<(), Error> {
        let meter = &self.view.core.meter;
        if !meter.counts() || CountedBy::of(self.sheet.op) != CountedBy::Key {
            return Ok(());
        }
        let group = RequestGroup::of_key(spec);
        let mut counted = self.drawn.counted.lock().unwrap_or_else(PoisonError::into_inner);
        if !counted.contains(&group) {
            meter.count(&self.caller, &[Charge::one(group)], self.now())?;
            counted.push(group);
        }
        Ok(())
    }

    /// Notes the stage, which never goes backwards: what was decided may not be decided again after it was used.
    pub(super) fn enter(&self, stage: Stage) -> Result<(), Error> {
        self.noting(|notes| {
            if stage < notes.stage {
                return Err(Error::internal(format!("{stage:?} after {:?}", notes.stage)));
            }
            notes.stage = stage;
            Ok(())
        })
    }

    /// Notes a key for the audit record, denied calls included.
    pub(super) fn note_resource(&self, key: &Key) {
        self.note(key.world.account.clone(), key.arn());
    }

    /// Notes what the record names by this owner and ARN.
    pub(super) fn note(&self, owner: String, arn: String) {
        let resource = (owner, arn);
        self.noting(|notes| {
            if !notes.resources.contains(&resource) {
                notes.resources.push(resource);
            }
        });
    }

    pub(super) fn note_change(&self, key: &Key) {
        self.note_resource(key);
        self.noting(|notes| {
            notes.changes += 1;
            notes.changed = Some(key.arn());
        });
    }

    /// Notes that the operation uses this key, if it is one that uses keys: it counts if the call succeeds.
    pub(super) fn note_use(&self, key: &Key) {
        if let Some(operation) = tracked(self.sheet.op) {
            let row = rows::use_row(&key.world, &key.record().key_id);
            self.noting(|notes| notes.used.push(Used { row, operation }));
        }
    }

    /// Notes the material that came to the changed key or left it.
    pub(super) fn note_material(&self, id: &MaterialId) {
        self.noting(|notes| notes.material = Some(hex::encode(id)));
    }

    /// Notes the grant that was made, was there already, or goes.
    pub(super) fn note_grant(&self, key: &Key, id: &str) {
        self.noting(|notes| notes.grant = Some(GrantNote { key: key.arn(), id: id.to_owned() }));
    }

    pub(crate) fn changes_made(&self) -> usize {
        self.noting(|notes| notes.changes)
    }

    /// Owner and ARN of every key and alias that the attempt came to know.
    pub(crate) fn resources(&self) -> Vec<(String, String)> {
        self.noting(|notes| notes.resources.clone())
    }

    /// The ARN of the key that was changed.
    pub(crate) fn changed(&self) -> Option<String> {
        self.noting(|notes| notes.changed.clone())
    }

    /// The id of the material that came or went.
    pub(crate) fn material(&self) -> Option<String> {
        self.noting(|notes| notes.material.clone())
    }

    /// The grant that was made, was there already, or goes.
    pub(crate) fn grant(&self) -> Option<GrantNote> {
        self.noting(|notes| notes.grant.clone())
    }

    /// The keys that the operation uses.
    pub(super) fn take_used(&self) -> Vec<Used> {
        self.noting(|notes| std::mem::take(&mut notes.used))
    }

    fn noting<R>(&self, note: impl FnOnce(&mut Notes) -> R) -> R {
        note(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A question to the policies: may the caller do this, with this algorithm, under this encryption context, and with
/// what else the request says?
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    pub(super) action: Action,
    pub(super) also: Option<Action>,
    pub(super) algorithm: Option<Algorithm>,
    pub(super) context: Option<&'a Context>,
    pub(super) asked: Asked<'a>,
}

impl<'a> Ask<'a> {
    /// About this action alone.
    pub(super) fn about(action: Action) -> Ask<'a> {
        Ask { action, also: None, algorithm: None, context: None, asked: Asked::default() }
    }

    /// With this algorithm; what is permitted is then done with it.
    pub fn algorithm(self, algorithm: Algorithm) -> Self {
        Ask { algorithm: Some(algorithm), ..self }
    }

    /// Under this encryption context; what is permitted is then done under it.
    pub fn context<'b>(self, context: &'b Context) -> Ask<'b>
    where
        'a: 'b,
    {
        Ask { context: Some(context), ..self }
    }

    /// With what else the request says, for conditions.
    pub(crate) fn with<'b>(self, asked: Asked<'b>) -> Ask<'b>
    where
        'a: 'b,
    {
        Ask { asked, ..self }
    }

    /// And, where `when` holds, this action too.
    pub fn also_if(self, when: bool, action: Action) -> Self {
        Ask { also: when.then_some(action), ..self }
    }

    /// Everything that has to be allowed.
    pub(super) fn actions(&self) -> impl Iterator<Item = Action> + use<> {
        std::iter::once(self.action).chain(self.also)
    }
}
