//! Who is asking: the one door through which a request's sender becomes a [`Caller`], by a verified signature
//! (`serve`) or by their bare word (`dev`). It does not say what the caller may do, and reads no clock.
//!
//! The text of Signature Version 4 is `wire::sigv4`'s, its arithmetic `crypto::SigningKey`'s; the rules are here.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crypto::{SecretBytes, SigningKey};
use iam::record::User;
use wire::Fault;
use wire::fault_names::{EXPIRED_TOKEN_EXCEPTION, INVALID_SIGNATURE_EXCEPTION, UNRECOGNIZED_CLIENT_EXCEPTION};
use wire::sigv4::{self, Head, Signed};

use crate::Time;
use crate::home::OPEN_ACCOUNT;
use crate::identities::Session;
use crate::place::{partition, well_formed_region};

/// A proven sender of one request. It exists only where [`verify`] or [`open`] made it, so whoever is handed one
/// need not ask again.
///
/// ```
/// let head = wire::sigv4::Head { method: "POST", path: "/", query: "", headers: &[] };
/// let caller: kms::Caller = kms::caller::open(&head, "us-east-1");
/// assert_eq!(caller.account(), "000000000000");
/// ```
///
/// Nobody else can name an account and be believed:
///
/// ```compile_fail,E0451
/// # let head = wire::sigv4::Head { method: "POST", path: "/", query: "", headers: &[] };
/// # let mine: kms::Caller = kms::caller::open(&head, "us-east-1");
/// let caller = kms::Caller { account: "111122223333".to_string(), ..mine };
/// assert_eq!(caller.account(), "111122223333");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    account: String,
    region: String,
    access_key_id: Option<String>,
    who: Who,
    open: bool,
}

/// Which principal of its account a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The account itself.
    Root,
    /// A user, of whom there may be another one by the same name later.
    User { arn: String, name: String, id: String },
    /// Whoever starts the program on this machine and has the seal key.
    Operator,
    /// Somebody who has assumed a role; the session's own ARN and its role's.
    Session { arn: String, role_arn: String, session: Arc<Session> },
}

impl Caller {
    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The Region the caller signed for, always well formed.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The ARN partition of that Region.
    pub fn partition(&self) -> &'static str {
        partition(&self.region)
    }

    /// `arn:aws:iam::123456789012:root`, `…:user/path/name`, or a session's
    /// `arn:aws:sts::123456789012:assumed-role/role/session`.
    pub fn arn(&self) -> String {
        match &self.who {
            Who::Root | Who::Operator => format!("arn:{}:iam::{}:root", self.partition(), self.account),
            Who::User { arn, .. } => arn.clone(),
            Who::Session { arn, .. } => arn.clone(),
        }
    }

    pub(crate) fn who(&self) -> &Who {
        &self.who
    }

    /// The access key id that was used; none where `dev` was asked without credentials.
    pub fn access_key_id(&self) -> Option<&str> {
        self.access_key_id.as_deref()
    }

    /// Whether the caller was taken at their word (`dev`), so that every account is theirs for the asking.
    pub fn is_open(&self) -> bool {
        self.open
    }
}

/// The service that a request's credential must be scoped to: one kind of request for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The operations on keys.
    Kms,
    /// The verbs of identities.
    Iam,
    /// Sessions, and who one is.
    Sts,
}

impl Scope {
    /// As it stands in a credential scope.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Kms => "kms",
            Scope::Iam => "iam",
            Scope::Sts => "sts",
        }
    }
}

/// A credential: long-term, as the store keeps it, or of a session, as its token says.
pub struct AccessKey {
    /// What the caller names, for instance `AKIAIOSFODNN7EXAMPLE`. It never gets a second secret.
    pub id: String,
    /// The account it belongs to, 12 digits.
    pub account: String,
    /// What the caller signs with.
    pub secret: SecretBytes,
    /// Whose it is.
    pub owner: Owner,
}

/// Whose a credential is.
#[derive(Clone, Debug)]
pub enum Owner {
    /// The account's own.
    Root,
    /// A user's.
    User {
        /// The user's name.
        name: String,
        /// The user's unique id: another user of that name has another one.
        id: String,
    },
    /// Of somebody who has assumed a role.
    Session(Arc<Session>),
}

/// Believes the signature of a request, or says with AWS's words why not.
///
/// `signed` is what [`sigv4::parse`] read from `head`, `key` the credential it names if there is one (of a session: as
/// its token says), and `wall` the wall clock (never the clock that `dev` can turn). Whatever is wrong with a request, an
/// unknown access key included, a signature is computed and compared (only deriving the key for it is saved where it was
/// derived before); then the first fault is told, in this order: the key
/// (UnrecognizedClientException), the session's end (ExpiredTokenException), the date, the scope, the signature
/// (InvalidSignatureException). That the signature covers whatever could change the request's meaning, the parser has
/// seen to.
pub fn verify(
    head: &Head<'_>,
    body: &[u8],
    key: Option<&AccessKey>,
    signed: &Signed<'_>,
    scope: Scope,
    wall: Time,
    keys: &SigningKeyCache,
) -> Result<Believed, Fault> {
    // A token is a session's, and a session comes with its token.
    let key = key.filter(|key| signed.security_token.is_some() == matches!(key.owner, Owner::Session(_)));
    let purpose = Purpose::of(signed);
    let signing_key = match key {
        Some(key) => keys.find(&purpose).unwrap_or_else(|| Arc::new(purpose.derive(&key.secret))),
        None => Arc::new(purpose.derive(&SecretBytes::from(vec![0; SECRET_LENGTH]))),
    };
    let payload = hex::encode(crypto::sha256(body));
    let canonical = hex::encode(crypto::sha256(&sigv4::canonical_request(head, signed, &payload)));
    let fits = signing_key.verify(&sigv4::string_to_sign(signed, &canonical), signed.signature);

    let key = key.ok_or_else(unrecognized)?;
    if let Owner::Session(session) = &key.owner
        && session.token.is_over(wall.0)
    {
        return Err(Fault::client(EXPIRED_TOKEN_EXCEPTION, "The security token included in the request is expired"));
    }
    refuse_other_days(signed.amz_date, wall)?;
    refuse_other_scopes(signed, scope)?;
    let declared = signed.content_sha256.is_none_or(|declared| declared == payload);
    if !(fits && declared) {
        return Err(mismatch());
    }
    keys.keep(&purpose, signing_key);
    Ok(Believed {
        account: key.account.clone(),
        region: signed.region.to_owned(),
        access_key_id: key.id.clone(),
        owner: key.owner.clone(),
    })
}

/// A request whose signature is right. Who sent it is a [`Caller`] if they are still there.
#[derive(Debug)]
pub struct Believed {
    account: String,
    region: String,
    access_key_id: String,
    owner: Owner,
}

impl Believed {
    /// The row of the user whose credential it was; none of the account's own and of sessions.
    pub(crate) fn user_row(&self) -> Option<Vec<u8>> {
        match &self.owner {
            Owner::User { name, .. } => Some(iam::rows::user(&self.account, name)),
            Owner::Root | Owner::Session(_) => None,
        }
    }

    /// The caller, with what stands in [`Believed::user_row`].
    ///
    /// Errors: UnrecognizedClientException for a user who is gone, even if there is another one by that name.
    pub(crate) fn caller(self, user: Option<&User>) -> Result<Caller, Fault> {
        let who = match self.owner {
            Owner::Root => Who::Root,
            Owner::Session(session) => {
                let partition = partition(&self.region);
                Who::Session { arn: session.token.arn(partition), role_arn: session.token.role_arn(partition), session }
            }
            Owner::User { name, id } => {
                let user = user.filter(|user| user.id == id).ok_or_else(unrecognized)?;
                Who::User { arn: user.arn(&self.account, partition(&self.region)), name, id }
            }
        };
        let (account, region, access_key_id) = (self.account, self.region, Some(self.access_key_id));
        Ok(Caller { account, region, access_key_id, who, open: false })
    }
}

/// Takes the sender of a request at their word (`dev`): any credentials, and none.
///
/// The account is the access key id if that is 12 digits, else 000000000000; the Region is the credential scope's
/// if it has a well-formed one, else `default_region`. A malformed Authorization header is no error.
pub fn open(head: &Head<'_>, default_region: &str) -> Caller {
    let mut scope = claimed_credential(head).unwrap_or_default().split('/');
    let access_key_id = scope.next().filter(|id| printable_id(id)).map(str::to_owned);
    let region = scope.nth(1).filter(|region| well_formed_region(region)).unwrap_or(default_region);
    let account = access_key_id.as_deref().filter(|id| is_account(id)).unwrap_or(OPEN_ACCOUNT);
    Caller { account: account.to_owned(), region: region.to_owned(), access_key_id, who: Who::Root, open: true }
}

/// What records call the program where it acts itself, for whoever started it on its machine.
pub(crate) const OPERATOR: &str = "trent";

/// Whoever runs the program itself, in place of an account's root.
pub(crate) fn operator(account: &str, region: &str) -> Caller {
    let (account, region) = (account.to_owned(), region.to_owned());
    Caller { account, region, access_key_id: None, who: Who::Operator, open: false }
}

/// Derived signing keys of callers that were believed before, so that a request costs one HMAC instead of five.
///
/// Bounded, and nobody but the holder of a secret can put anything in or push anything out.
pub struct SigningKeyCache {
    /// One stripe a thread, as far as they go: no request waits for another one's look-up.
    stripes: [Mutex<VecDeque<Derived>>; STRIPES],
}

struct Derived {
    access_key_id: String,
    date: String,
    region: String,
    service: String,
    key: Arc<SigningKey>,
}

impl SigningKeyCache {
    /// An empty cache.
    pub fn new() -> SigningKeyCache {
        SigningKeyCache { stripes: std::array::from_fn(|_| Mutex::default()) }
    }

    fn find(&self, purpose: &Purpose<'_>) -> Option<Arc<SigningKey>> {
        let stripe = self.stripe().lock().unwrap_or_else(PoisonError::into_inner);
        stripe.iter().find(|derived| purpose.made(derived)).map(|derived| Arc::clone(&derived.key))
    }

    fn keep(&self, purpose: &Purpose<'_>, key: Arc<SigningKey>) {
        let mut stripe = self.stripe().lock().unwrap_or_else(PoisonError::into_inner);
        if stripe.iter().any(|derived| purpose.made(derived)) {
            return;
        }
        if stripe.len() == KEYS_A_STRIPE {
            stripe.pop_front();
        }
        stripe.push_back(Derived {
            access_key_id: purpose.access_key_id.to_owned(),
            date: purpose.date.to_owned(),
            region: purpose.region.to_owned(),
            service: purpose.service.to_owned(),
            key,
        });
    }

    fn stripe(&self) -> &Mutex<VecDeque<Derived>> {
        &self.stripes[STRIPE.with(Cell::get)]
    }
}

impl Default for SigningKeyCache {
    fn default() -> Self {
        SigningKeyCache::new()
    }
}

thread_local! {
    static STRIPE: Cell<usize> = Cell::new(NEXT_STRIPE.fetch_add(1, Ordering::Relaxed) % STRIPES);
}

static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

/// What a signing key is derived for.
struct Purpose<'a> {
    access_key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
}

impl<'a> Purpose<'a> {
    fn of(signed: &Signed<'a>) -> Purpose<'a> {
        Purpose {
            access_key_id: signed.access_key_id,
            date: signed.scope_date,
            region: signed.region,
            service: signed.service,
        }
    }

    fn derive(&self, secret: &SecretBytes) -> SigningKey {
        #[cfg(test)]
        tests::DERIVED.with(|count| count.set(count.get() + 1));
        SigningKey::derive(secret, self.date, self.region, self.service)
    }

    fn made(&self, derived: &Derived) -> bool {
        derived.access_key_id == self.access_key_id
            && derived.date == self.date
            && derived.region == self.region
            && derived.service == self.service
    }
}

fn refuse_other_days(amz_date: &str, wall: Time) -> Result<(), Fault> {
    let requested = sigv4::parse_amz_date(amz_date).ok_or_else(mismatch)?;
    let (earliest, latest) = (wall.0.saturating_sub(SKEW_MS), wall.0.saturating_add(SKEW_MS));
    let now = sigv4::format_amz_date(wall.0);
    if requested < earliest {
        let earliest = sigv4::format_amz_date(earliest);
        return Err(invalid(format!("Signature expired: {amz_date} is now earlier than {earliest} ({now} - 5 min.)")));
    }
    if requested > latest {
        let latest = sigv4::format_amz_date(latest);
        return Err(invalid(format!(
            "Signature not yet current: {amz_date} is still later than {latest} ({now} + 5 min.)"
        )));
    }
    Ok(())
}

/// AWS tells every fault of a scope in one message; each sentence but the last brings the space that parts it from
/// the next, which is why the first two end in one.
fn refuse_other_scopes(signed: &Signed<'_>, scope: Scope) -> Result<(), Fault> {
    let mut faults = String::new();
    if !well_formed_region(signed.region) {
        faults.push_str("Credential should be scoped to a valid region. ");
    }
    if signed.service != scope.as_str() {
        faults.push_str(&format!("Credential should be scoped to correct service: '{}'. ", scope.as_str()));
    }
    let day = signed.amz_date.get(..8).unwrap_or_default();
    if signed.scope_date != day {
        faults.push_str(&format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
             '{}' != '{day}', from '{}'.",
            signed.scope_date, signed.amz_date
        ));
    }
    if faults.is_empty() { Ok(()) } else { Err(invalid(faults)) }
}

/// What stands behind `Credential=` in the Authorization header, however odd the rest of it is.
fn claimed_credential<'a>(head: &Head<'a>) -> Option<&'a str> {
    let (_, value) = head.headers.iter().find(|(name, _)| name == "authorization")?;
    let (_, rest) = str::from_utf8(value).ok()?.split_once("Credential=")?;
    rest.split([',', ' ', '\t']).next()
}

fn printable_id(id: &str) -> bool {
    (1..=ACCESS_KEY_ID_AT_MOST).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_account(id: &str) -> bool {
    id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn unrecognized() -> Fault {
    Fault::client(UNRECOGNIZED_CLIENT_EXCEPTION, "The security token included in the request is invalid.")
}

fn mismatch() -> Fault {
    invalid(MISMATCH.to_owned())
}

fn invalid(message: String) -> Fault {
    Fault::client(INVALID_SIGNATURE_EXCEPTION, message)
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
    Secret Access Key and signing method. Consult the service documentation for details.";

/// How far a request's date may lie from the wall clock, either way.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// AWS's own bound (`accessKeyIdType`), in bytes.
const ACCESS_KEY_ID_AT_MOST: usize = 128;

/// The length of AWS's secrets, in bytes: an unknown key is tried against a secret as long as a known one's.
const SECRET_LENGTH: usize = 40;

/// As many as a large machine has cores that do nothing but verify.
const STRIPES: usize = 16;

/// Callers × Regions × the two days around midnight; a look-up compares them in turn, about a microsecond when full.
const KEYS_A_STRIPE: usize = 64;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these are their tests")]
mod tests {
    use super::*;

    thread_local! {
        /// How many signing keys this thread has derived, by far the most of a verification's work.
        pub(super) static DERIVED: Cell<usize> = const { Cell::new(0) };
    }

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    const BODY: &[u8] = br#"{"KeyId":"alias/mine"}"#;
    /// 2026-11-25T21:10:00Z, and the text of it that clients sign.
    const NOW: Time = Time(1_795_641_000_000);
    const NOW_TEXT: &str = "20261125T211000Z";

    /// A request that a client made, which a case may then spoil.
    struct Sent {
        method: String,
        path: String,
        query: String,
        headers: Vec<(String, Vec<u8>)>,
        body: Vec<u8>,
    }

    impl Sent {
        /// With every header that any client sends, before it is signed.
        fn unsigned(amz_date: &str) -> Sent {
            let headers = [
                ("host", "127.0.0.1:4599"),
                ("content-type", "application/x-amz-json-1.1"),
                ("content-length", "22"),
                ("x-amz-target", "TrentService.DescribeKey"),
                ("x-amz-date", amz_date),
                ("user-agent", "some/1.0  client"),
                ("accept-encoding", "gzip"),
                ("amz-sdk-invocation-id", "3f1d2a6e-6ee4-4b0c-8d1b-3c1a7f1d8b11"),
                ("amz-sdk-request", "attempt=1; max=3"),
                ("amz-sdk-retry", "0/0/500"),
            ];
            Sent {
                method: "POST".to_owned(),
                path: "/".to_owned(),
                query: String::new(),
                headers: headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).to_vec(),
                body: BODY.to_vec(),
            }
        }

        fn with(mut self, name: &str, value: &str) -> Sent {
            self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
            self
        }

        fn head(&self) -> Head<'_> {
            Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
        }

        /// Signs as a client does that knows `secret`.
        fn sign(mut self, scope: &str, signed_headers: &str, secret: &str) -> Sent {
            let header = |signature: &str| {
                format!(
                    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/{scope}, SignedHeaders={signed_headers}, Signature={signature}"
                )
            };
            let unsigned = self.with("authorization", &header(&"0".repeat(64)));
            let signature = {
                let head = unsigned.head();
                let signed = sigv4::parse(&head).expect("the request is well formed");
                let payload = hex::encode(crypto::sha256(&unsigned.body));
                let canonical = sigv4::canonical_request(&head, &signed, &payload);
                let text = sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)));
                Purpose::of(&signed).derive(&SecretBytes::from(secret.as_bytes().to_vec())).sign_hex(&text)
            };
            self = unsigned;
            self.headers.last_mut().unwrap().1 = header(&signature).into_bytes();
            self
        }

        fn value_mut(&mut self, name: &str) -> &mut Vec<u8> {
            &mut self.headers.iter_mut().find(|(sent, _)| sent == name).unwrap().1
        }

        fn replace(&mut self, name: &str, from: &str, to: &str) {
            let value = self.value_mut(name);
            let text = String::from_utf8(value.clone()).unwrap();
            assert!(text.contains(from), "{name} is {text}");
            *value = text.replacen(from, to, 1).into_bytes();
        }

        fn verify_at(&self, wall: Time, keys: &SigningKeyCache) -> Result<Caller, Fault> {
            let head = self.head();
            let signed = sigv4::parse(&head)?;
            let key = AccessKey {
                id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
                account: "123456789012".to_owned(),
                secret: SecretBytes::from(SECRET.as_bytes().to_vec()),
                owner: Owner::Root,
            };
            let known = (signed.access_key_id == key.id).then_some(&key);
            verify(&head, &self.body, known, &signed, super::Scope::Kms, wall, keys)?.caller(None)
        }

        fn verify(&self) -> Result<Caller, Fault> {
            self.verify_at(NOW, &SigningKeyCache::new())
        }
    }

    const SCOPE: &str = "20261125/eu-central-1/kms/aws4_request";
    const BOTO3: &str = "content-type;host;x-amz-date;x-amz-target";

    fn good() -> Sent {
        Sent::unsigned(NOW_TEXT).sign(SCOPE, BOTO3, SECRET)
    }

    fn told(result: Result<Caller, Fault>) -> (&'static str, String) {
        let fault = result.expect_err("the request was believed");
        assert_eq!(fault.status, 400);
        (fault.name, fault.message.unwrap_or_default())
    }

    #[test]
    fn a_verified_caller_is_the_credentials_account_in_the_signed_region() {
        let caller = good().verify().unwrap();
        assert_eq!(caller.account(), "123456789012");
        assert_eq!(caller.region(), "eu-central-1");
        assert_eq!(caller.arn(), "arn:aws:iam::123456789012:root");
        assert_eq!(caller.access_key_id(), Some("AKIAIOSFODNN7EXAMPLE"));
        assert!(!caller.is_open());
        let china = Sent::unsigned(NOW_TEXT).sign("20261125/cn-north-1/kms/aws4_request", BOTO3, SECRET).verify();
        assert_eq!(china.unwrap().arn(), "arn:aws-cn:iam::123456789012:root");
    }

    #[test]
    fn what_each_client_signs_is_enough() {
        let payload = hex::encode(crypto::sha256(BODY));
        for (client, signed_headers) in [
            ("boto3", BOTO3),
            ("boto3 1.0.0", "content-type;host;user-agent;x-amz-date;x-amz-target"),
            ("boto 2", "host;x-amz-date;x-amz-target"),
            ("JS v2", "host;x-amz-content-sha256;x-amz-date;x-amz-target"),
            (
                "JS v3",
                "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;\
                 x-amz-date;x-amz-target;x-amz-user-agent",
            ),
            (
                "Java v2",
                "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;\
                 x-amz-date;x-amz-target",
            ),
            ("Go v2", "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target"),
            ("Go v1", "content-length;content-type;host;x-amz-date;x-amz-target"),
            ("Rust", "content-length;content-type;host;x-amz-date;x-amz-target;x-amz-user-agent"),
            ("Java v1 1.9.6", "content-length;content-type;host;user-agent;x-amz-date;x-amz-target"),
            (
                "Java v1",
                "amz-sdk-invocation-id;amz-sdk-request;amz-sdk-retry;content-length;content-type;host;user-agent;\
                 x-amz-date;x-amz-target",
            ),
            (".NET", "content-type;host;x-amz-api-version;x-amz-content-sha256;x-amz-date;x-amz-target"),
        ] {
            let mut sent = Sent::unsigned(NOW_TEXT).with("x-amz-user-agent", "sdk/3");
            if signed_headers.contains("x-amz-content-sha256") {
                sent = sent.with("x-amz-content-sha256", &payload);
            }
            if signed_headers.contains("x-amz-api-version") {
                sent = sent.with("x-amz-api-version", "2014-11-01");
            }
            let result = sent.sign(SCOPE, signed_headers, SECRET).verify();
            assert!(result.is_ok(), "{client}: {result:?}");
        }
    }

    #[test]
    fn a_host_without_its_port_is_verified_as_it_came() {
        let mut sent = Sent::unsigned(NOW_TEXT);
        *sent.value_mut("host") = b"127.0.0.1".to_vec();
        assert!(sent.sign(SCOPE, BOTO3, SECRET).verify().is_ok());
    }

    #[test]
    fn the_date_may_be_five_minutes_off() {
        for (seconds, believed) in [
            (-299, true),
            (-300, true),
            (-301, false),
            (-360, false),
            (-86_400, false),
            (0, true),
            (299, true),
            (300, true),
            (301, false),
            (86_400, false),
        ] {
            let date = sigv4::format_amz_date(NOW.0 + seconds * 1000);
            let scope = format!("{}/eu-central-1/kms/aws4_request", &date[..8]);
            let result = Sent::unsigned(&date).sign(&scope, BOTO3, SECRET).verify();
            assert_eq!(result.is_ok(), believed, "{seconds} s off: {result:?}");
        }
    }

    #[test]
    fn a_date_off_is_told_in_awss_words() {
        let sign = |date: &str| Sent::unsigned(date).sign(SCOPE, BOTO3, SECRET).verify();
        assert_eq!(
            told(sign("20261125T210459Z")),
            (
                "InvalidSignatureException",
                "Signature expired: 20261125T210459Z is now earlier than 20261125T210500Z (20261125T211000Z - 5 min.)"
                    .to_owned()
            )
        );
        assert_eq!(
            told(sign("20261125T211501Z")),
            (
                "InvalidSignatureException",
                "Signature not yet current: 20261125T211501Z is still later than 20261125T211500Z \
                 (20261125T211000Z + 5 min.)"
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_wrong_scope_is_told_fault_by_fault() {
        let region = "Credential should be scoped to a valid region. ";
        let service = "Credential should be scoped to correct service: 'kms'. ";
        let date = "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: \
                    '20261124' != '20261125', from '20261125T211000Z'.";
        for (scope, expected) in [
            ("20261125/eu-central-1a/kms/aws4_request", region.to_owned()),
            ("20261125/local/kms/aws4_request", region.to_owned()),
            ("20261125/eu-central-1/s3/aws4_request", service.to_owned()),
            ("20261125/eu-central-1/KMS/aws4_request", service.to_owned()),
            ("20261124/eu-central-1/kms/aws4_request", date.to_owned()),
            ("20261124/x/sts/aws4_request", format!("{region}{service}{date}")),
        ] {
            let result = Sent::unsigned(NOW_TEXT).sign(scope, BOTO3, SECRET).verify();
            assert_eq!(told(result), ("InvalidSignatureException", expected), "{scope}");
        }
    }

    #[test]
    fn an_unknown_key_and_a_session_token_are_unrecognized_whatever_else_is_wrong() {
        let expected =
            ("UnrecognizedClientException", "The security token included in the request is invalid.".to_owned());
        let mut unknown = good();
        unknown.replace("authorization", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN8EXAMPLE");
        assert_eq!(told(unknown.verify()), expected);
        assert_eq!(told(unknown.verify_at(NOW.plus_days(1), &SigningKeyCache::new())), expected);
        let session = Sent::unsigned(NOW_TEXT).with("x-amz-security-token", "FwoGZXIvYXdzE");
        let signed = session.sign(SCOPE, "content-type;host;x-amz-date;x-amz-security-token;x-amz-target", SECRET);
        assert_eq!(told(signed.verify()), expected);
    }

    #[test]
    fn every_refusal_costs_the_work_of_one_whole_verification() {
        let mut unknown = good();
        unknown.replace("authorization", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN8EXAMPLE");
        let sign = |sent: Sent, scope: &str, secret: &str| sent.sign(scope, BOTO3, secret);
        let token = Sent::unsigned(NOW_TEXT).with("x-amz-security-token", "FwoGZXIvYXdzE");
        for (what, sent) in [
            ("an unknown access key", unknown),
            ("another secret", sign(Sent::unsigned(NOW_TEXT), SCOPE, "another secret")),
            ("another day", sign(Sent::unsigned("20261124T211000Z"), "20261124/eu-central-1/kms/aws4_request", SECRET)),
            ("another service", sign(Sent::unsigned(NOW_TEXT), "20261125/eu-central-1/s3/aws4_request", SECRET)),
            (
                "a token that the access key does not have",
                token.sign(SCOPE, "content-type;host;x-amz-date;x-amz-security-token;x-amz-target", SECRET),
            ),
        ] {
            let before = DERIVED.with(Cell::get);
            assert!(sent.verify().is_err(), "{what}");
            assert_eq!(DERIVED.with(Cell::get) - before, 1, "{what}");
        }
    }

    #[test]
    fn another_secret_is_a_mismatch() {
        let wrong = Sent::unsigned(NOW_TEXT).sign(SCOPE, BOTO3, "another secret");
        assert_eq!(told(wrong.verify()), ("InvalidSignatureException", MISMATCH.to_owned()));
    }

    /// Every way to touch one part of a signed request.
    fn spoiled() -> Vec<(String, Sent)> {
        let signed_headers = "content-type;host;user-agent;x-amz-content-sha256;x-amz-date;x-amz-target";
        let make = || {
            Sent::unsigned(NOW_TEXT).with("x-amz-content-sha256", &hex::encode(crypto::sha256(BODY))).sign(
                SCOPE,
                signed_headers,
                SECRET,
            )
        };
        assert!(make().verify().is_ok(), "unspoiled, it is believed");
        let mut cases = Vec::new();
        let mut case = |what: String, spoil: &dyn Fn(&mut Sent)| {
            let mut sent = make();
            spoil(&mut sent);
            cases.push((what, sent));
        };
        for name in signed_headers.split(';') {
            for at in 0..make().value_mut(name).len() {
                case(format!("{name}, byte {at}"), &|sent| sent.value_mut(name)[at] ^= 1);
            }
            case(format!("{name} missing"), &|sent| sent.headers.retain(|(sent, _)| sent != name));
            case(format!("{name} doubled"), &|sent| {
                let again = (name.to_owned(), sent.value_mut(name).clone());
                sent.headers.push(again);
            });
            case(format!("{name} longer"), &|sent| sent.value_mut(name).push(b'x'));
            case(format!("{name} no longer signed"), &|sent| {
                let text = String::from_utf8(sent.value_mut("authorization").clone()).unwrap();
                let shorter = signed_headers.split(';').filter(|signed| *signed != name).collect::<Vec<_>>().join(";");
                *sent.value_mut("authorization") = text.replacen(signed_headers, &shorter, 1).into_bytes();
            });
        }
        for at in 0..make().value_mut("authorization").len() {
            case(format!("authorization, byte {at}"), &|sent| sent.value_mut("authorization")[at] ^= 1);
            case(format!("authorization cut at {at}"), &|sent| sent.value_mut("authorization").truncate(at));
        }
        for (from, to) in [
            ("20261125/", "20261126/"),
            ("eu-central-1", "eu-central-2"),
            ("/kms/", "/s3/"),
            ("aws4_request", "aws4_requests"),
            ("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
            ("AWS4-HMAC-SHA256", "AWS3-HMAC-SHA256"),
        ] {
            case(format!("{from} for {to}"), &|sent| sent.replace("authorization", from, to));
        }
        case("signature in capitals".to_owned(), &|sent| {
            let text = String::from_utf8(sent.value_mut("authorization").clone()).unwrap();
            let (start, signature) = text.split_once("Signature=").unwrap();
            *sent.value_mut("authorization") = format!("{start}Signature={}", signature.to_uppercase()).into_bytes();
        });
        for at in 0..BODY.len() {
            case(format!("body, byte {at}"), &|sent| sent.body[at] ^= 1);
        }
        case("body longer".to_owned(), &|sent| sent.body.push(b' '));
        case("body empty".to_owned(), &|sent| sent.body.clear());
        case("method".to_owned(), &|sent| sent.method = "PUT".to_owned());
        case("path".to_owned(), &|sent| sent.path = "/x".to_owned());
        case("query".to_owned(), &|sent| sent.query = "x=1".to_owned());
        cases
    }

    #[test]
    fn no_part_of_a_signed_request_can_be_touched() {
        let cases = spoiled();
        assert!(cases.len() > 500, "only {} cases", cases.len());
        let names = ["InvalidSignatureException", "IncompleteSignatureException", "UnrecognizedClientException"];
        for (what, sent) in cases {
            let (name, _) = match sent.verify() {
                Ok(_) => panic!("{what}: the request was believed"),
                refused => told(refused),
            };
            assert!(names.contains(&name) || name == "MissingAuthenticationTokenException", "{what}: {name}");
        }
    }

    #[test]
    fn a_declared_payload_that_is_not_the_body_is_a_mismatch_though_it_was_signed() {
        let signed_headers = "host;x-amz-content-sha256;x-amz-date;x-amz-target";
        for declared in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "", &"0".repeat(64)] {
            let sent = Sent::unsigned(NOW_TEXT).with("x-amz-content-sha256", declared);
            let result = sent.sign(SCOPE, signed_headers, SECRET).verify();
            assert_eq!(told(result), ("InvalidSignatureException", MISMATCH.to_owned()), "{declared:?}");
        }
    }

    #[test]
    fn the_cache_changes_no_answer_and_keeps_only_what_was_believed() {
        let keys = SigningKeyCache::new();
        let kept = || keys.stripes.iter().map(|stripe| stripe.lock().unwrap().len()).sum::<usize>();
        let wrong = Sent::unsigned(NOW_TEXT).sign(SCOPE, BOTO3, "another secret");
        assert!(wrong.verify_at(NOW, &keys).is_err());
        assert_eq!(kept(), 0);
        for _ in 0..3 {
            assert!(good().verify_at(NOW, &keys).is_ok());
            assert_eq!(kept(), 1);
            assert!(wrong.verify_at(NOW, &keys).is_err());
        }
        for number in 0..10 * KEYS_A_STRIPE {
            let scope = format!("20261125/eu-central-{number}/kms/aws4_request");
            assert!(Sent::unsigned(NOW_TEXT).sign(&scope, BOTO3, SECRET).verify_at(NOW, &keys).is_ok());
        }
        assert_eq!(kept(), KEYS_A_STRIPE, "the cache is bounded");
        assert!(good().verify_at(NOW, &keys).is_ok());
    }

    #[test]
    fn dev_takes_any_word_and_none() {
        for (authorization, account, region, id) in [
            (None, "000000000000", "us-east-1", None),
            (Some(""), "000000000000", "us-east-1", None),
            (Some("Basic dXNlcjpwYXNz"), "000000000000", "us-east-1", None),
            (Some("AWS4-HMAC-SHA256"), "000000000000", "us-east-1", None),
            (Some("Credential="), "000000000000", "us-east-1", None),
            (Some("Credential=////"), "000000000000", "us-east-1", None),
            (
                Some(
                    "AWS4-HMAC-SHA256 Credential=test/20261125/eu-west-1/kms/aws4_request, SignedHeaders=host, Signature=0",
                ),
                "000000000000",
                "eu-west-1",
                Some("test"),
            ),
            (
                Some("Credential=123456789012/20261125/cn-north-1/kms/aws4_request,Signature=0"),
                "123456789012",
                "cn-north-1",
                Some("123456789012"),
            ),
            (Some("Credential=123456789012"), "123456789012", "us-east-1", Some("123456789012")),
            (
                Some("Credential=123456789012/20261125//kms/aws4_request"),
                "123456789012",
                "us-east-1",
                Some("123456789012"),
            ),
            (
                Some("Credential=123456789012/20261125/nowhere/kms/aws4_request"),
                "123456789012",
                "us-east-1",
                Some("123456789012"),
            ),
            (Some("Credential=12345678901/20261125/eu-west-1/s3/x"), "000000000000", "eu-west-1", Some("12345678901")),
            (
                Some("Credential=1234567890123/20261125/eu-west-1/kms/aws4_request"),
                "000000000000",
                "eu-west-1",
                Some("1234567890123"),
            ),
        ] {
            let headers: Vec<_> =
                authorization.iter().map(|value| ("authorization".to_owned(), value.as_bytes().to_vec())).collect();
            let caller = open(&Head { method: "POST", path: "/", query: "", headers: &headers }, "us-east-1");
            assert_eq!(caller.account(), account, "{authorization:?}");
            assert_eq!(caller.region(), region, "{authorization:?}");
            assert_eq!(caller.access_key_id(), id, "{authorization:?}");
            assert!(caller.is_open());
        }
        let odd = [b"Credential=\xff\xfe/20261125/eu-west-1/kms/aws4_request".to_vec(), vec![b'x'; 20_000], {
            let mut long = b"Credential=".to_vec();
            long.extend([b'A'; 5_000]);
            long
        }];
        for value in odd {
            let headers = [("authorization".to_owned(), value)];
            let caller = open(&Head { method: "POST", path: "/", query: "", headers: &headers }, "us-east-1");
            assert_eq!((caller.account(), caller.access_key_id()), ("000000000000", None));
        }
    }
}
