//! Two verifiers and one signer that do not know each other: AWS's own code signs requests at random, most are then
//! changed at random, and Trent says of each what `scratchstack-aws-signature` says of it. Where the two differ by
//! choice, the choice is in a list with its reason, and nothing else may differ.

mod request;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kms::home::{self, Home, Terms};
use kms::{Enforcement, Mode, Quotas, Scope, Service};
use request::{Chance, NOW, Request, SERVICE};
use scratchstack_aws_signature::{
    ConstSignedHeaderRequirements, GetSigningKeyRequest, GetSigningKeyResponse, KSecretKey, SignatureError,
    SignatureOptions, principal::Principal, service_for_signing_key_fn, sigv4_validate_request,
};
use wire::sigv4;

/// Of the requests and of the store's secrets, so that every run judges the same.
const SEED: u64 = 20_261_125;

/// How many requests are judged, and of how many both verifiers have to say the same.
const REQUESTS: usize = 24_000;
const SAME_AT_LEAST: usize = 20_000;
const BELIEVED_AT_LEAST: usize = 4_000;

/// The Region that both expect.
const REGION: &str = "eu-central-1";

/// Trent refuses `x-amz-` headers that are not signed, so the other is told to.
const PREFIXES: &[Cow<'static, str>] = &[Cow::Borrowed("x-amz-")];
const REQUIRED: ConstSignedHeaderRequirements = ConstSignedHeaderRequirements::new(&[], &[], PREFIXES);

/// Where the two differ by choice: what it is about a request, and why Trent does otherwise. Each is looked for in the
/// request alone, never in the answers.
type Choice = (&'static str, fn(&Request) -> bool);

/// Refused here, believed there.
const STRICTER: [Choice; 10] = [
    ("KMS allows five minutes, the other fifteen", |request| {
        let minutes = request.minutes_off();
        minutes.is_some_and(|minutes| (5.0..=15.0).contains(&minutes))
    }),
    ("a date in another of ISO 8601's forms, or in Date: every client sends X-Amz-Date in the basic form", |request| {
        let date = request.first("x-amz-date").map(|value| String::from_utf8_lossy(value).trim().to_owned());
        date.is_none_or(|date| sigv4::parse_amz_date(&date).is_none())
    }),
    ("a header twice that decides something: the other takes the first of them", |request| {
        ["authorization", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "x-amz-target"]
            .iter()
            .any(|name| request.headers.iter().filter(|(sent, _)| sent == name).count() > 1)
    }),
    ("a declared hash of another body: the other does not look at it", |request| {
        let declared = request.first("x-amz-content-sha256");
        declared.is_some_and(|declared| declared.trim_ascii() != hex::encode(crypto::sha256(&request.body)).as_bytes())
    }),
    (
        "parameters of Authorization that are unknown, empty or there twice: the other takes the last and skips the rest",
        |request| {
            let names: Vec<String> = request.parameters().into_iter().map(|(name, _)| name).collect();
            names != ["Credential", "SignedHeaders", "Signature"]
        },
    ),
    ("names in SignedHeaders out of order or there twice: the other sorts them", |request| {
        let names = request.signed_headers();
        !names.windows(2).all(|pair| pair[0] < pair[1])
    }),
    ("a signed header that was not received: the other signs nothing for it", |request| {
        request.signed_headers().iter().any(|name| request.first(name).is_none())
    }),
    ("a signature in the query, which the other drops from what is signed", |request| {
        request.query.to_ascii_lowercase().contains("x-amz-signature")
    }),
    ("Authorization with what is not printable ASCII", |request| {
        let value = request.first("authorization").unwrap_or_default();
        !value.iter().all(|byte| *byte == b' ' || byte.is_ascii_graphic())
    }),
    (
        "a path that is sent encoded: it is encoded once more, as by all services but S3; the other encodes it once",
        |request| request.path.contains('%'),
    ),
];

/// Believed here, refused there.
const MILDER: [Choice; 5] = [
    ("x-amz-user-agent may be unsigned, since browsers' SDKs leave it so", |request| {
        request.first("x-amz-user-agent").is_some()
            && !request.signed_headers().iter().any(|name| name == "x-amz-user-agent")
    }),
    (
        "a path that is sent encoded: it is encoded once more, as by all services but S3; the other encodes it once",
        |request| request.path.contains('%'),
    ),
    ("tabs in a value are white space as spaces are", |request| {
        request.headers.iter().any(|(_, value)| value.contains(&b'\t'))
    }),
    ("a percent sign in the query that begins no escape stands for itself", |request| {
        request
            .query
            .split('%')
            .skip(1)
            .any(|rest| !rest.bytes().take(2).eq(rest.bytes().filter(u8::is_ascii_hexdigit).take(2)) || rest.len() < 2)
    }),
    ("a path that leads above the root is the root", |request| request.path.contains("..")),
];

/// The verifier under test, as the server calls it, with the access key that the first start made.
struct House {
    service: Arc<Service>,
    _place: tempfile::TempDir,
    key_id: String,
    secret: String,
}

impl House {
    async fn new() -> House {
        let place = tempfile::tempdir().expect("a directory");
        let at = Home { data: place.path().join("data"), secrets: place.path().join("secrets") };
        let terms = Terms { mode: Mode::Serve, create: true, account: None, region: REGION.into(), endpoint: None };
        let random = Arc::new(crypto::testing::Seeded::new(SEED));
        let opened = home::open(&at, &terms, &*random, NOW).await.expect("a store is made");
        let service =
            Service::start(opened, Mode::Serve, Enforcement::On, Quotas::default(), REGION.into(), random, NOW)
                .await
                .expect("the service starts");
        let credentials = std::fs::read_to_string(at.credentials()).expect("the first start wrote them");
        let value = |name: &str| {
            let line = credentials.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='));
            line.expect("the file has it").trim().to_owned()
        };
        let (key_id, secret) = (value("aws_access_key_id"), value("aws_secret_access_key"));
        House { service, _place: place, key_id, secret }
    }

    /// Whether it believes a request for the Region that both expect.
    async fn believes(&self, request: &Request) -> bool {
        let head = sigv4::Head {
            method: &request.method,
            path: &request.path,
            query: &request.query,
            headers: &request.headers,
        };
        let caller = self.service.authenticate(&head, &request.body, Scope::Kms, NOW).await;
        caller.is_ok_and(|caller| caller.region() == REGION)
    }

    /// What the other one says, which is given the same secret; nothing if the request is none that HTTP can carry.
    async fn other_believes(&self, request: &Request) -> Option<bool> {
        let request = request.as_http()?;
        let (known, secret) = (self.key_id.clone(), self.secret.clone());
        let answer = move |asked| ready(key_of(&known, &secret, &asked));
        let mut service = service_for_signing_key_fn(answer);
        let now = DateTime::<Utc>::from_timestamp_millis(NOW.0).expect("a date");
        let options = SignatureOptions::default();
        let result = sigv4_validate_request(request, REGION, SERVICE, &mut service, now, &REQUIRED, options).await;
        Some(result.is_ok())
    }
}

/// What the other verifier asks for. An access key that is not a session's has no token.
fn key_of(known: &str, secret: &str, asked: &GetSigningKeyRequest) -> Result<GetSigningKeyResponse, Failure> {
    if asked.access_key() != known || asked.session_token().is_some() {
        return Err(SignatureError::InvalidClientTokenId("unknown".to_owned()).into());
    }
    let secret: KSecretKey = secret.parse().expect("a secret of 40 characters");
    let key = secret.to_ksigning(asked.request_date(), asked.region(), asked.service());
    Ok(GetSigningKeyResponse::builder().principal(Principal::new(Vec::new())).signing_key(key).build()?)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Default)]
struct Tally {
    both_believe: usize,
    both_refuse: usize,
    no_http: usize,
    by_choice: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
}

impl Tally {
    fn count(&mut self, request: &Request, ours: bool, theirs: Option<bool>) {
        let choices: &[Choice] = match (ours, theirs) {
            (true, Some(true)) => return self.both_believe += 1,
            (false, Some(false)) => return self.both_refuse += 1,
            (_, None) => return self.no_http += 1,
            (false, Some(true)) => &STRICTER,
            (true, Some(false)) => &MILDER,
        };
        match choices.iter().find(|(_, applies)| applies(request)) {
            Some((why, _)) => *self.by_choice.entry(why).or_default() += 1,
            None => self.unexplained.push(format!("Trent believes: {ours}. {request}")),
        }
    }
}

#[tokio::test]
async fn trent_and_another_verifier_say_the_same_of_random_requests() {
    let house = House::new().await;
    let mut chance = Chance::new(SEED);
    let mut tally = Tally::default();
    for _ in 0..REQUESTS {
        let mut request = Request::signed(&mut chance, &house.key_id, &house.secret, REGION);
        for _ in 0..chance.changes() {
            request.change(&mut chance, &house.secret);
        }
        tally.count(&request, house.believes(&request).await, house.other_believes(&request).await);
    }
    let Tally { both_believe, both_refuse, no_http, by_choice, unexplained } = tally;
    let told = format!("{both_believe} believed, {both_refuse} refused, {no_http} no HTTP, by choice {by_choice:#?}");
    assert!(
        unexplained.is_empty(),
        "{} differ without a reason, the first: {}\n{told}",
        unexplained.len(),
        unexplained[0]
    );
    assert!(both_believe + both_refuse >= SAME_AT_LEAST && both_believe >= BELIEVED_AT_LEAST, "{told}");
    for (why, _) in STRICTER.iter().chain(&MILDER) {
        assert!(by_choice.contains_key(why), "no request shows any more: {why}\n{told}");
    }
}
