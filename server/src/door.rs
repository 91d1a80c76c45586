//! One request at the door: who may knock, what is asked for, who is asking, and the answer, in that order.
//! What the operation does is `kms`'s business.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crypto::SystemRandom;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use kms::{Caller, Mode, Origin, Planned, Plans, Scope, Service};
use tokio::sync::{Mutex, Semaphore, watch};
use tracing::{debug, error, info};
use wire::fault_names::{ACCESS_DENIED_EXCEPTION, INTERNAL_FAILURE, UNKNOWN_OPERATION_EXCEPTION, VALIDATION_EXCEPTION};
use wire::{Fault, query, sigv4};

use crate::answer::{Answer, Lost};
use crate::head::{self, Head, Kind, Target};
use crate::origin::{self, Page};
use crate::run::{Config, InHand};
use crate::{Clock, Limits, body, control, faults};

/// Everything a request needs that outlives it.
pub(crate) struct Door {
    config: Config,
    service: Arc<Service>,
    clock: Clock,
    /// Held while the clock is turned or what became due happens: one at a time.
    turning: Mutex<()>,
    room: Arc<Semaphore>,
    /// Whether the process was told to stop: then no answer is late any more.
    stopped: watch::Receiver<bool>,
}

/// What stands at a path.
#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Api,
    Health,
    Ready,
    Clock,
    /// It cannot be where there are no plans, and in `serve` there are none.
    Faults(&'a Plans),
    Nowhere,
}

/// A request whose head was read, without its body.
struct Asked<'a> {
    parts: Parts,
    place: Place<'a>,
    /// Of a request to the API: elsewhere its headers mean nothing.
    kind: Kind,
    page: Page,
    origin: Origin,
}

impl Asked<'_> {
    /// Whether a page sent it that may not: the control endpoints take no page's word, named or not.
    fn is_from_a_foreign_page(&self) -> bool {
        let is_control = self.parts.uri.path().starts_with(CONTROL);
        self.page == Page::Foreign || (is_control && origin::is_from_a_page(&self.parts.headers))
    }

    /// The refusal, in the protocol that was spoken.
    fn refusal(&self, fault: Fault) -> Answer {
        match self.kind {
            Kind::Form => Answer::xml_fault(fault, &self.origin.request_id),
            Kind::Target(_) | Kind::Nothing => Answer::fault(&fault),
        }
    }
}

impl Door {
    pub(crate) fn new(config: Config, service: Arc<Service>, clock: Clock, stopped: watch::Receiver<bool>) -> Door {
        let room = Arc::new(Semaphore::new(config.limits.bodies_kib));
        Door { config, service, clock, turning: Mutex::new(()), room, stopped }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.config.limits
    }

    /// Answers one request. It runs in a task of its own to its end, even when the client is gone; should that task
    /// panic, the answer is InternalFailure, and nothing else is touched.
    ///
    /// Errors: for an answer that was planned to be lost.
    pub(crate) async fn respond(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        in_hand: InHand,
    ) -> Result<Response<Full<Bytes>>, Lost> {
        let request_id = kms::uuid(&SystemRandom);
        let id = request_id.clone();
        let answer = to_its_end(&request_id, async move {
            let answer = self.answer(request, peer, id).await;
            drop(in_hand);
            answer
        });
        let answer = answer.await;
        if answer.is_lost() { Err(Lost) } else { Ok(answer.into_response(&request_id)) }
    }

    /// What is due by now happens. Errors are logged here: there is nobody else to tell but who turned the clock.
    pub(crate) async fn turn(&self) -> Result<(), kms::Error> {
        let _one_at_a_time = self.turning.lock().await;
        self.turn_alone().await
    }

    async fn turn_alone(&self) -> Result<(), kms::Error> {
        let turned = self.service.turn(self.clock.now(), self.clock.uptime()).await;
        turned.inspect_err(|cause| error!(?cause, "what became due did not happen; it is tried again"))
    }

    /// Answers the request and logs it: one line, with nothing in it that the client wrote.
    async fn answer(&self, request: Request<Incoming>, peer: IpAddr, request_id: String) -> Answer {
        let started = Instant::now();
        let (parts, body) = request.into_parts();
        let place = Place::of(parts.uri.path(), self.config.mode, self.service.plans());
        let kind = if matches!(place, Place::Api) { Kind::of(&parts) } else { Kind::Nothing };
        let page = Page::of(&parts.headers, &self.config.cors);
        let user_agent = head::user_agent(&parts);
        let origin = Origin { request_id: request_id.clone(), source_ip: peer.to_canonical().to_string(), user_agent };
        let answer = self.checked(Asked { parts, place, kind, page, origin }, body).await;
        let operation = answer.operation().or(kind.name()).unwrap_or(place.name());
        let (status, micros) = (answer.status(), started.elapsed().as_micros() as u64);
        // Of calls that went well there are too many, and the audit trail has each of them.
        match answer.error() {
            _ if answer.is_lost() => info!(request_id, operation, status, micros, "lost, as it was planned"),
            None => debug!(request_id, operation, status, micros, "answered"),
            Some(error) => info!(request_id, operation, status, error, micros, "refused"),
        }
        answer
    }

    async fn checked(&self, asked: Asked<'_>, body: Incoming) -> Answer {
        if asked.is_from_a_foreign_page() {
            let fault = foreign_page();
            self.service.refused_at_door(&asked.origin, Scope::Kms, None, &fault, self.clock.now()).await;
            return asked.refusal(fault).and_close();
        }
        if let Err(fault) = head::refuse_ambiguous(&asked.parts) {
            return asked.refusal(fault).and_close();
        }
        let grants = asked.page.grants();
        // A body with both a length and chunks is read by its chunks, and then nothing more may follow on that
        // connection (RFC 9112 section 6.1). The HTTP library hides the length, so every chunked body ends it.
        let is_last = asked.parts.headers.contains_key(TRANSFER_ENCODING);
        let answer = self.routed(asked, body).await.with(grants);
        if is_last { answer.and_close() } else { answer }
    }

    async fn routed(&self, asked: Asked<'_>, body: Incoming) -> Answer {
        let method = &asked.parts.method;
        let is_delete = method == Method::DELETE;
        let (is_read, is_post) = (matches!(*method, Method::GET | Method::HEAD), method == Method::POST);
        match asked.place {
            Place::Api if is_post => self.api(asked, body).await,
            Place::Api if is_read && head::names_action_in_url(&asked.parts) => {
                Answer::xml_fault(head::parameters_in_url(), &asked.origin.request_id)
            }
            Place::Api if is_read => Answer::text(StatusCode::OK, HTML, PAGE.to_owned()),
            Place::Api if method == Method::OPTIONS && matches!(asked.page, Page::Named(_)) => {
                Answer::output(Vec::new()).with(origin::preflight(&asked.parts.headers))
            }
            Place::Api => not_allowed("GET, HEAD, POST"),
            Place::Health if is_read => Answer::text(StatusCode::OK, PLAIN, "alive\n".to_owned()),
            Place::Ready if is_read => readiness(self.service.ready()),
            Place::Health | Place::Ready => not_allowed("GET, HEAD"),
            Place::Clock if is_read => Answer::text(StatusCode::OK, JSON, control::reading(&self.clock)),
            Place::Clock if is_post => self.turn_the_clock(body).await,
            Place::Clock => not_allowed("GET, HEAD, POST"),
            Place::Faults(plans) if is_read => Answer::text(StatusCode::OK, JSON, faults::listing(plans)),
            Place::Faults(plans) if is_post => self.plan(plans, faults::plan, body).await,
            Place::Faults(plans) if is_delete => self.plan(plans, faults::take_back, body).await,
            Place::Faults(_) => not_allowed("GET, HEAD, POST, DELETE"),
            Place::Nowhere => Answer::fault(&unknown_operation(StatusCode::NOT_FOUND)),
        }
    }

    async fn api(&self, asked: Asked<'_>, body: Incoming) -> Answer {
        let held = match body::read(body, &self.room, self.limits()).await {
            Ok(held) => held,
            Err(fault) => return asked.refusal(fault).and_close(),
        };
        match asked.kind {
            Kind::Target(target) => {
                self.targeted(target, asked, held).await.unwrap_or_else(|fault| Answer::fault(&fault))
            }
            Kind::Form => self.form(asked, held).await,
            Kind::Nothing => Answer::fault(&unknown_operation(StatusCode::BAD_REQUEST)),
        }
    }

    /// A request whose target says what it asks for, in JSON.
    async fn targeted(&self, target: Target, asked: Asked<'_>, held: body::Held) -> Result<Answer, Fault> {
        let body::Held { bytes, _room } = held;
        let Asked { parts, origin, .. } = asked;
        head::refuse_two_questions(&parts, &bytes)?;
        let head = Head::of(&parts);
        match target {
            Target::Operation(operation) => {
                let caller = self.believed(&head, &bytes, Scope::Kms, &origin).await?;
                let now = self.clock.now();
                match self.service.plans().and_then(|plans| plans.next(operation)) {
                    None => self.service.call(operation, caller, origin, bytes, now).await.map(Answer::output),
                    Some(planned) => {
                        let told = self.service.call_as_planned(&planned, operation, caller, origin, bytes, now).await;
                        // A late answer keeps no room from other bodies.
                        drop(_room);
                        Ok(self.as_planned(&planned, told).await)
                    }
                }
            }
            Target::Verb(verb) => {
                let caller = self.believed(&head, &bytes, Scope::Iam, &origin).await?;
                self.service.administer(verb, caller, origin, bytes, self.clock.now()).await.map(Answer::output)
            }
        }
    }

    /// An answer that meets a plan: late, or lost. What it tells of has happened by then, and other calls go on.
    async fn as_planned(&self, planned: &Planned, told: Result<Vec<u8>, Fault>) -> Answer {
        let mut stopped = self.stopped.clone();
        tokio::select! {
            () = tokio::time::sleep(planned.delay()) => {}
            _ = stopped.wait_for(|stopped| *stopped) => {}
        }
        let answer = told.map_or_else(|fault| Answer::fault(&fault), Answer::output);
        if planned.is_lost() { answer.and_lost() } else { answer }
    }

    /// A request of the Query protocol, which is STS's here.
    async fn form(&self, asked: Asked<'_>, held: body::Held) -> Answer {
        let body::Held { bytes, _room } = held;
        let read = head::refuse_parameters_in_url(&asked.parts).and_then(|()| query::Call::read(&bytes));
        let action = read.as_ref().map_or("form", query::Call::action);
        let answer = match self.answer_form(&asked, &bytes, read).await {
            Ok(answer) => Answer::xml(answer),
            Err(fault) => asked.refusal(fault),
        };
        answer.to(action)
    }

    async fn answer_form(
        &self,
        asked: &Asked<'_>,
        body: &[u8],
        read: Result<query::Call, Fault>,
    ) -> Result<Vec<u8>, Fault> {
        // What names no action is told so before anybody is asked who they are, as a target that names nothing is.
        if let Err(fault) = &read
            && fault.name != query::VALIDATION_ERROR
        {
            return Err(fault.clone());
        }
        let origin = asked.origin.clone();
        let caller = self.believed(&Head::of(&asked.parts), body, Scope::Sts, &origin).await?;
        let now = self.clock.now();
        match (read, query::Call::named(body)) {
            (Ok(call), _) => self.service.sts(call, caller, origin, now, self.clock.wall()).await,
            (Err(fault), Some(action)) => Err(self.service.refused_sts(action, caller, origin, fault, now).await),
            (Err(fault), None) => Err(fault),
        }
    }

    /// Who sent it, if they prove it; who does not leaves a record.
    async fn believed(&self, head: &Head, body: &[u8], scope: Scope, origin: &Origin) -> Result<Caller, Fault> {
        let believed = self.service.authenticate(&head.view(), body, scope, self.clock.wall()).await;
        let believed = believed.map_err(|fault| match scope {
            Scope::Sts => query::fault(fault),
            Scope::Kms | Scope::Iam => fault,
        });
        if let Err(fault) = &believed {
            let claimed = sigv4::parse(&head.view()).ok().map(|signed| signed.access_key_id.to_owned());
            self.service.refused_at_door(origin, scope, claimed.as_deref(), fault, self.clock.now()).await;
        }
        believed
    }

    /// Changes what is planned, and tells what is then.
    async fn plan(
        &self,
        plans: &Plans,
        change: impl FnOnce(&Plans, &[u8]) -> Result<(), String>,
        body: Incoming,
    ) -> Answer {
        let held = match body::read(body, &self.room, self.limits()).await {
            Ok(held) => held,
            Err(fault) => return Answer::fault(&fault).and_close(),
        };
        match change(plans, &held.bytes) {
            Ok(()) => Answer::text(StatusCode::OK, JSON, faults::listing(plans)),
            Err(usage) => Answer::fault(&Fault::client(VALIDATION_EXCEPTION, usage)),
        }
    }

    async fn turn_the_clock(&self, body: Incoming) -> Answer {
        let held = match body::read(body, &self.room, self.limits()).await {
            Ok(held) => held,
            Err(fault) => return Answer::fault(&fault).and_close(),
        };
        let usage = || Answer::fault(&Fault::client(VALIDATION_EXCEPTION, control::USAGE));
        let Some(turn) = control::turn(&held.bytes) else { return usage() };
        let _one_at_a_time = self.turning.lock().await;
        if self.clock.turn(turn).is_err() {
            return usage();
        }
        match self.turn_alone().await {
            Ok(()) => Answer::text(StatusCode::OK, JSON, control::reading(&self.clock)),
            Err(_) => Answer::fault(&Fault::server(
                INTERNAL_FAILURE,
                "The clock was turned, but what became due did not happen; see the log.",
            )),
        }
    }
}

/// Runs `answering` in a task of its own, which whoever stops waiting for it does not stop.
async fn to_its_end(request_id: &str, answering: impl Future<Output = Answer> + Send + 'static) -> Answer {
    tokio::spawn(answering).await.unwrap_or_else(|_| {
        error!(request_id, "the request's task panicked");
        Answer::fault(&Fault::server(INTERNAL_FAILURE, "An internal error occurred."))
    })
}

impl<'a> Place<'a> {
    fn of(path: &str, mode: Mode, plans: Option<&'a Plans>) -> Place<'a> {
        match (path, mode, plans) {
            ("/", _, _) => Place::Api,
            ("/healthz", _, _) => Place::Health,
            ("/readyz", _, _) => Place::Ready,
            ("/_trent/clock", Mode::Dev, _) => Place::Clock,
            ("/_trent/faults", _, Some(plans)) => Place::Faults(plans),
            (_, Mode::Dev | Mode::Serve, _) => Place::Nowhere,
        }
    }

    /// What the log calls a request that names no operation.
    fn name(self) -> &'static str {
        match self {
            Place::Api => "/",
            Place::Health => "/healthz",
            Place::Ready => "/readyz",
            Place::Clock => "/_trent/clock",
            Place::Faults(_) => "/_trent/faults",
            Place::Nowhere => "?",
        }
    }
}

/// AWS's answer to a target it does not know has no message (recorded); so has ours to a path and a method.
fn unknown_operation(status: StatusCode) -> Fault {
    Fault { name: UNKNOWN_OPERATION_EXCEPTION, message: None, status: status.as_u16() }
}

fn readiness(is_ready: bool) -> Answer {
    if is_ready {
        return Answer::text(StatusCode::OK, PLAIN, "ready\n".to_owned());
    }
    let why =
        "not ready: a commit ended in an I/O error; see the log; it is ready again after a commit that does not\n";
    Answer::text(StatusCode::SERVICE_UNAVAILABLE, PLAIN, why.to_owned())
}

fn not_allowed(methods: &'static str) -> Answer {
    let fault = unknown_operation(StatusCode::METHOD_NOT_ALLOWED);
    Answer::fault(&fault).with([(ALLOW, HeaderValue::from_static(methods))])
}

fn foreign_page() -> Fault {
    let message = "Requests from web pages are refused, unless --cors names the page's origin.".to_owned();
    Fault { name: ACCESS_DENIED_EXCEPTION, message: Some(message), status: 403 }
}

/// Under it lies what only `dev` has, and no page may touch.
const CONTROL: &str = "/_trent/";

const PAGE: &str = include_str!("page.html");
const HTML: &str = "text/html; charset=utf-8";
pub(crate) const PLAIN: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

#[cfg(test)]
mod tests {
    use crypto::Random;

    use super::*;

    struct Ones;

    impl Random for Ones {
        fn fill(&self, out: &mut [u8]) {
            out.fill(0xff);
        }
    }

    #[test]
    fn a_request_id_is_a_random_uuid() {
        assert_eq!(kms::uuid(&Ones), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_ne!(kms::uuid(&SystemRandom), kms::uuid(&SystemRandom));
    }

    #[test]
    fn a_service_that_is_not_well_is_not_ready() {
        assert_eq!([readiness(true).status(), readiness(false).status()], [200, 503]);
    }

    #[tokio::test]
    async fn a_panic_is_answered_with_internal_failure() {
        let answer = to_its_end("id", async { panic!("a defect") }).await;
        assert_eq!((answer.status(), answer.error()), (500, Some("InternalFailure")));
    }

    #[tokio::test]
    async fn a_request_goes_on_when_nobody_waits_for_its_answer() {
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let (go_on, may_go_on) = tokio::sync::oneshot::channel::<()>();
        let (finish, finished) = tokio::sync::oneshot::channel();
        let waiting = tokio::spawn(to_its_end("id", async move {
            begun.send(()).unwrap();
            may_go_on.await.unwrap();
            finish.send(()).unwrap();
            Answer::output(Vec::new())
        }));
        has_begun.await.unwrap();
        waiting.abort();
        assert!(waiting.await.err().unwrap().is_cancelled());
        go_on.send(()).unwrap();
        finished.await.unwrap();
    }

    #[test]
    fn only_the_exact_paths_stand_for_something() {
        for mode in [Mode::Serve, Mode::Dev] {
            for path in
                ["", "//", "/.", "/%2F", "/x", "/healthz/", "/HEALTHZ", "/_trent", "/_trent/", "/_trent/clock/", "*"]
            {
                assert!(matches!(Place::of(path, mode, None), Place::Nowhere), "{path}");
            }
        }
        assert!(matches!(Place::of("/_trent/clock", Mode::Dev, None), Place::Clock));
        assert!(matches!(Place::of("/_trent/clock", Mode::Serve, None), Place::Nowhere));
        assert!(matches!(Place::of("/_trent/faults", Mode::Dev, None), Place::Nowhere));
    }
}
