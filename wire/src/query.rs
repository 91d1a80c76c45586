//! The Query protocol, in which clients talk to STS: the body of a request becomes a [`Call`], and faults get the
//! names and statuses that this protocol has for them. How the answers are written is `xml`'s.
//!
//! Nothing is overlooked: a parameter that nobody here knows is refused, since the next one that AWS adds may be one
//! that narrows what a session can do, as `PolicyArns` does.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::shape::{List, Member, Range, Shape, Structure, Text};
use crate::value::{FromSlots, Listed, Slots, Value, structure};
use crate::{Fault, check, fault_names, pattern};

/// What STS is asked for here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Who am I?
    GetCallerIdentity,
    /// Credentials of a role, for a while.
    AssumeRole(AssumeRole),
}

impl Call {
    /// Reads a body of `application/x-www-form-urlencoded`.
    ///
    /// # Errors
    /// In the words of the Query protocol already, for [`fault`] leaves them as they are: MalformedQueryString for
    /// what is no such body, MissingAction, InvalidAction for other actions and versions than STS's two, and
    /// ValidationError for a parameter that violates STS's model, is unknown, or is known and not supported.
    pub fn read(body: &[u8]) -> Result<Call, Fault> {
        let form = Form::read(body)?;
        let action = form.take(ACTION).ok_or_else(|| Fault::client(MISSING_ACTION, "The request names no Action."))?;
        let version = form.take(VERSION).unwrap_or("");
        let call = match (action, version) {
            (GET_CALLER_IDENTITY, STS_VERSION) => Call::GetCallerIdentity,
            (ASSUME_ROLE, STS_VERSION) => Call::AssumeRole(AssumeRole::read(&form)?),
            _ => return Err(unknown_action(action, version)),
        };
        form.all_known(&call)?;
        Ok(call)
    }

    /// The action that a body names, if it is one of these: also where its parameters are refused.
    pub fn named(body: &[u8]) -> Option<&'static str> {
        let form = Form::read(body).ok()?;
        let named = form.take(ACTION)?;
        [GET_CALLER_IDENTITY, ASSUME_ROLE].into_iter().find(|action| *action == named)
    }

    /// The action, as it is written in requests.
    pub fn action(&self) -> &'static str {
        match self {
            Call::GetCallerIdentity => GET_CALLER_IDENTITY,
            Call::AssumeRole(_) => ASSUME_ROLE,
        }
    }

    /// The parameters that it takes beside `Action` and `Version`.
    fn parameters(&self) -> &'static Structure {
        match self {
            Call::GetCallerIdentity => &Structure { members: &[] },
            Call::AssumeRole(_) => &ASSUME_ROLE_PARAMETERS,
        }
    }
}

/// The parameters of AssumeRole, within the constraints of STS's model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssumeRole {
    /// 20 to 2,048 characters; whether it is the ARN of a role is not decided here.
    pub role_arn: String,
    /// 2 to 64 characters of `[\w+=,.@-]`.
    pub role_session_name: String,
    /// The session policy, 1 to 2,048 characters.
    pub policy: Option<String>,
    /// 900 to 43,200.
    pub duration_seconds: Option<u32>,
    /// At most 50, in the order sent; that a key comes once is not decided here.
    pub tags: Vec<Tag>,
    /// At most 50.
    pub transitive_tag_keys: Vec<String>,
    /// 2 to 1,224 characters.
    pub external_id: Option<String>,
    /// 2 to 64 characters of `[\w+=,.@-]`.
    pub source_identity: Option<String>,
}

/// A session tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// At most 256 characters.
    pub value: String,
}

/// A fault as the Query protocol tells it: another name for most faults of authentication, another text for one, and
/// 403 for whatever is about who the caller is. What has no other name there is left as it is.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
pub fn fault(fault: Fault) -> Fault {
    let (name, status) = match fault.name {
        fault_names::MISSING_AUTHENTICATION_TOKEN_EXCEPTION => {
            return Fault { status: 403, ..Fault::client(MISSING_AUTHENTICATION_TOKEN, MISSING_TOKEN_TEXT) };
        }
        fault_names::UNRECOGNIZED_CLIENT_EXCEPTION => ("InvalidClientTokenId", 403),
        fault_names::EXPIRED_TOKEN_EXCEPTION => ("ExpiredToken", 403),
        fault_names::INVALID_SIGNATURE_EXCEPTION => ("SignatureDoesNotMatch", 403),
        fault_names::INCOMPLETE_SIGNATURE_EXCEPTION => ("IncompleteSignature", 400),
        fault_names::ACCESS_DENIED_EXCEPTION => ("AccessDenied", 403),
        fault_names::SERIALIZATION_EXCEPTION => (MALFORMED_QUERY_STRING, 400),
        fault_names::THROTTLING_EXCEPTION => ("Throttling", 400),
        fault_names::SERVICE_UNAVAILABLE_EXCEPTION => ("ServiceUnavailable", 503),
        fault_names::UNKNOWN_OPERATION_EXCEPTION => (INVALID_ACTION, 400),
        fault_names::VALIDATION_EXCEPTION => (VALIDATION_ERROR, 400),
        fault_names::MALFORMED_POLICY_DOCUMENT_EXCEPTION => ("MalformedPolicyDocument", 400),
        // Named alike in both protocols: InternalFailure, RequestEntityTooLarge, and what STS and IAM say themselves.
        other => (other, fault.status),
    };
    Fault { name, status, ..fault }
}

fn unknown_action(action: &str, version: &str) -> Fault {
    Fault::client(
        INVALID_ACTION,
        format!(
            "Could not find operation {action} for version {version}. \
             Of the Query protocol this server speaks STS's {GET_CALLER_IDENTITY} and {ASSUME_ROLE}, version {STS_VERSION}."
        ),
    )
}

fn malformed(message: impl Into<String>) -> Fault {
    Fault::client(MALFORMED_QUERY_STRING, message)
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::client(VALIDATION_ERROR, message)
}

// ---- the parameters of a call ----

impl AssumeRole {
    fn read(form: &Form) -> Result<AssumeRole, Fault> {
        for name in UNSUPPORTED {
            if form.holds(name) {
                return Err(invalid(format!("The parameter '{name}' is not supported.")));
            }
        }
        let mut slots = form.slots(&ASSUME_ROLE_PARAMETERS)?;
        if let Some(text) = check::violations(&ASSUME_ROLE_PARAMETERS, &slots) {
            return Err(invalid(text));
        }
        // What the check let pass fits: table and struct have their members in one order.
        AssumeRole::from_slots(&mut slots).ok_or_else(|| malformed("A parameter is of another type."))
    }
}

impl FromSlots for AssumeRole {
    fn from_slots(slots: &mut Slots<'_>) -> Option<AssumeRole> {
        Some(AssumeRole {
            role_arn: slots.take(0)?,
            role_session_name: slots.take(1)?,
            policy: slots.take(2),
            duration_seconds: slots.take::<i32>(3).and_then(|seconds| u32::try_from(seconds).ok()),
            tags: slots.take(4).unwrap_or_default(),
            transitive_tag_keys: slots.take(5).unwrap_or_default(),
            external_id: slots.take(6),
            source_identity: slots.take(7),
        })
    }
}

impl FromSlots for Tag {
    fn from_slots(slots: &mut Slots<'_>) -> Option<Tag> {
        Some(Tag { key: slots.take(0)?, value: slots.take(1)? })
    }
}

impl Listed for Tag {}
structure!(Tag);

// ---- the body ----

/// The pairs of a body, each name once.
struct Form(BTreeMap<String, String>);

impl Form {
    fn read(body: &[u8]) -> Result<Form, Fault> {
        let mut pairs = BTreeMap::new();
        if body.is_empty() {
            return Ok(Form(pairs));
        }
        for (index, pair) in body.split(|byte| *byte == b'&').enumerate() {
            if index == PAIRS_MAX {
                return Err(malformed(format!("The body has more than {PAIRS_MAX} parameters.")));
            }
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &pair[pair.len()..]),
            };
            let (name, value) = (decoded(name)?, decoded(value)?);
            if name.is_empty() {
                return Err(malformed("The body has a parameter without a name."));
            }
            if let Some(twice) = pairs.insert(name, value).and(Some(pair)) {
                let name = String::from_utf8_lossy(twice.split(|byte| *byte == b'=').next().unwrap_or_default());
                return Err(malformed(format!("The parameter '{name}' was sent more than once.")));
            }
        }
        Ok(Form(pairs))
    }

    fn take(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether there is such a parameter or a part of one; `Name=` is how clients write an empty list.
    fn holds(&self, name: &str) -> bool {
        self.0.iter().any(|(sent, value)| parameter(sent) == name && !(sent == name && value.is_empty()))
    }

    /// Every parameter is one that the call has. Parts of one were looked at when the slots were made.
    fn all_known(&self, call: &Call) -> Result<(), Fault> {
        let known = |name: &str| {
            let of_the_call = call.parameters().members.iter().any(|member| member.name == name);
            let empty = UNSUPPORTED.contains(&name) && matches!(call, Call::AssumeRole(_));
            name == ACTION || name == VERSION || of_the_call || empty
        };
        match self.0.keys().find(|name| !known(parameter(name))) {
            Some(unknown) => Err(invalid(format!("The parameter '{unknown}' is not supported."))),
            None => Ok(()),
        }
    }

    /// The parameters as the checker reads them.
    fn slots(&self, of: &'static Structure) -> Result<Slots<'_>, Fault> {
        of.members.iter().map(|member| self.value(member)).collect::<Result<_, _>>().map(Slots)
    }

    fn value(&self, member: &'static Member) -> Result<Value<'_>, Fault> {
        if let Shape::List(list) = member.shape {
            return self.list(member.name, list);
        }
        if let Some(part) = self.0.keys().find(|sent| parameter(sent) == member.name && *sent != member.name) {
            return Err(malformed(format!("The parameter '{part}' is no list.")));
        }
        self.scalar(member.name, member.shape)
    }

    fn scalar(&self, name: &str, shape: &'static Shape) -> Result<Value<'_>, Fault> {
        let Some(text) = self.take(name) else { return Ok(Value::Absent) };
        match shape {
            Shape::Integer(_) => {
                let digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = if digits { text.parse().ok() } else { None };
                number.map(Value::Integer).ok_or_else(|| invalid(format!("The parameter '{name}' is no whole number.")))
            }
            Shape::Text(_)
            | Shape::Choice(_)
            | Shape::Blob(_)
            | Shape::Boolean
            | Shape::Timestamp
            | Shape::List(_)
            | Shape::Map(_)
            | Shape::Structure(_) => Ok(Value::Text(Cow::Borrowed(text))),
        }
    }

    /// `Name.member.1`, `Name.member.2` and so on without a gap, or `Name=` for an empty list.
    fn list(&self, name: &str, list: &'static List) -> Result<Value<'_>, Fault> {
        let mut sent: Vec<&String> = self.0.keys().filter(|sent| parameter(sent) == name).collect();
        if sent.is_empty() {
            return Ok(Value::Absent);
        }
        if sent == [name] && self.take(name) == Some("") {
            return Ok(Value::List(Vec::new()));
        }
        let mut elements = Vec::new();
        while !sent.is_empty() {
            let element = format!("{name}.member.{}", elements.len() + 1);
            let before = sent.len();
            sent.retain(|part| !part_of(part, &element, list.element));
            if sent.len() == before {
                return Err(malformed(format!("The parameter '{}' is no element of a list '{name}'.", sent[0])));
            }
            elements.push(match list.element {
                Shape::Structure(structure) => Value::Structure(self.fields(&element, structure)?),
                element_shape => self.scalar(&element, element_shape)?,
            });
        }
        Ok(Value::List(elements))
    }

    fn fields(&self, element: &str, of: &'static Structure) -> Result<Slots<'_>, Fault> {
        let field = |member: &Member| self.scalar(&format!("{element}.{}", member.name), member.shape);
        of.members.iter().map(field).collect::<Result<_, _>>().map(Slots)
    }
}

/// The parameter that a name is a part of: `Tags` for `Tags.member.1.Key`.
fn parameter(name: &str) -> &str {
    name.split('.').next().unwrap_or_default()
}

/// Whether a name is this element, or a field that elements of this shape have.
fn part_of(name: &str, element: &str, shape: &Shape) -> bool {
    let Some(rest) = name.strip_prefix(element) else { return false };
    match shape {
        Shape::Structure(structure) => {
            rest.strip_prefix('.').is_some_and(|field| structure.members.iter().any(|member| member.name == field))
        }
        Shape::Text(_)
        | Shape::Choice(_)
        | Shape::Blob(_)
        | Shape::Integer(_)
        | Shape::Boolean
        | Shape::Timestamp
        | Shape::List(_)
        | Shape::Map(_) => rest.is_empty(),
    }
}

/// `+` is a space, `%XX` a byte, and the whole has to be UTF-8 (WHATWG URL, "urlencoded parsing", but strict).
fn decoded(text: &[u8]) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = rest.next().zip(rest.next()).and_then(|(high, low)| Some(hex(*high)? * 16 + hex(*low)?));
                digits.ok_or_else(|| malformed("The body has a '%' without two hexadecimal digits."))?
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|_| malformed("The body is not UTF-8."))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

// ---- STS's model ----

const ACTION: &str = "Action";
const VERSION: &str = "Version";
const STS_VERSION: &str = "2011-06-15";
const GET_CALLER_IDENTITY: &str = "GetCallerIdentity";
const ASSUME_ROLE: &str = "AssumeRole";

const INVALID_ACTION: &str = "InvalidAction";
const MALFORMED_QUERY_STRING: &str = "MalformedQueryString";
const MISSING_ACTION: &str = "MissingAction";
const MISSING_AUTHENTICATION_TOKEN: &str = "MissingAuthenticationToken";
const MISSING_TOKEN_TEXT: &str = "Request is missing Authentication Token";
/// The name of a fault in a parameter: the request named an action, and only then is it checked.
pub const VALIDATION_ERROR: &str = "ValidationError";

/// 50 tags of two fields each, 50 keys and a dozen others: AssumeRole has no use for more.
const PAIRS_MAX: usize = 512;

/// Parameters of AssumeRole that would narrow a session by things that do not exist here (managed policies, devices
/// for multi-factor authentication, identity providers). They may be empty.
const UNSUPPORTED: [&str; 4] = ["PolicyArns", "SerialNumber", "TokenCode", "ProvidedContexts"];

static ASSUME_ROLE_PARAMETERS: Structure = Structure {
    members: &[
        parameter_of("RoleArn", "roleArn", true, &ARN),
        parameter_of("RoleSessionName", "roleSessionName", true, &SESSION_NAME),
        parameter_of("Policy", "policy", false, &POLICY),
        parameter_of("DurationSeconds", "durationSeconds", false, &DURATION),
        parameter_of("Tags", "tags", false, &TAGS),
        parameter_of("TransitiveTagKeys", "transitiveTagKeys", false, &TAG_KEYS),
        parameter_of("ExternalId", "externalId", false, &EXTERNAL_ID),
        parameter_of("SourceIdentity", "sourceIdentity", false, &SESSION_NAME),
    ],
};

static TAG: Structure = Structure {
    members: &[parameter_of("Key", "key", true, &TAG_KEY), parameter_of("Value", "value", true, &TAG_VALUE)],
};

const fn parameter_of(name: &'static str, shown: &'static str, required: bool, shape: &'static Shape) -> Member {
    Member { name, shown, required, shape }
}

const fn text(min: u32, max: u32, pattern: &'static pattern::Pattern) -> Shape {
    Shape::Text(Text { length: Range { min: Some(min), max: Some(max) }, pattern: Some(pattern), secret: false })
}

const fn at_most_50(element: &'static Shape) -> Shape {
    Shape::List(List { length: Range { min: None, max: Some(50) }, element })
}

static ARN: Shape = text(20, 2048, &pattern::STS_ARN);
static SESSION_NAME: Shape = text(2, 64, &pattern::SESSION_NAME);
static POLICY: Shape = text(1, 2048, &pattern::POLICY);
static DURATION: Shape = Shape::Integer(Range { min: Some(900), max: Some(43_200) });
static TAGS: Shape = at_most_50(&Shape::Structure(&TAG));
static TAG_KEYS: Shape = at_most_50(&TAG_KEY);
static TAG_KEY: Shape = text(1, 128, &pattern::TAG_KEY);
static TAG_VALUE: Shape = text(0, 256, &pattern::TAG_VALUE);
static EXTERNAL_ID: Shape = text(2, 1224, &pattern::EXTERNAL_ID);

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Freader&RoleSessionName=ann";

    fn assume(rest: &str) -> Result<AssumeRole, (&'static str, String)> {
        match Call::read(format!("Action=AssumeRole&Version=2011-06-15&{ROLE}{rest}").as_bytes()) {
            Ok(Call::AssumeRole(parameters)) => Ok(parameters),
            Ok(Call::GetCallerIdentity) => panic!("another call was read"),
            Err(fault) => {
                assert_eq!(fault.status, 400);
                Err((fault.name, fault.message.unwrap_or_default()))
            }
        }
    }

    #[test]
    fn a_caller_may_ask_who_they_are() {
        for body in ["Action=GetCallerIdentity&Version=2011-06-15", "Version=2011%2D06-15&Action=%47etCallerIdentity"] {
            let call = Call::read(body.as_bytes());
            assert_eq!(call, Ok(Call::GetCallerIdentity), "{body}");
            assert_eq!(call.map(|call| call.action()), Ok("GetCallerIdentity"));
        }
    }

    #[test]
    fn every_parameter_of_assume_role_is_read() {
        let rest = "&Policy=%7B%22Version%22%3A+%222012-10-17%22%7D&DurationSeconds=3600\
            &Tags.member.1.Key=team&Tags.member.1.Value=k%C3%A4se+%26+brot\
            &Tags.member.2.Value=&Tags.member.2.Key=empty\
            &TransitiveTagKeys.member.1=team&ExternalId=a%2Fb&SourceIdentity=ann%40example.com";
        let tag = |key: &str, value: &str| Tag { key: key.to_owned(), value: value.to_owned() };
        // An ampersand is no character of a tag, so the value is refused; without it, it is read.
        assert!(assume(rest).is_err_and(|(_, message)| message.contains("'tags.1.member.value'")));
        assert_eq!(
            assume(&rest.replace("+%26+", "+")),
            Ok(AssumeRole {
                role_arn: "arn:aws:iam::123456789012:role/reader".to_owned(),
                role_session_name: "ann".to_owned(),
                policy: Some(r#"{"Version": "2012-10-17"}"#.to_owned()),
                duration_seconds: Some(3600),
                tags: vec![tag("team", "käse brot"), tag("empty", "")],
                transitive_tag_keys: vec!["team".to_owned()],
                external_id: Some("a/b".to_owned()),
                source_identity: Some("ann@example.com".to_owned()),
            })
        );
        let plain = assume("").expect("the rest may be absent");
        assert_eq!(
            (plain.policy, plain.duration_seconds, plain.tags, plain.transitive_tag_keys.len()),
            (None, None, vec![], 0)
        );
    }

    #[test]
    fn more_than_nine_elements_keep_their_order() {
        let keys: String = (1..=50).rev().map(|n| format!("&TransitiveTagKeys.member.{n}=k{n}")).collect();
        let wanted: Vec<String> = (1..=50).map(|n| format!("k{n}")).collect();
        assert_eq!(assume(&keys).map(|parameters| parameters.transitive_tag_keys), Ok(wanted));
    }

    #[test]
    fn an_empty_list_may_be_written() {
        let plain = assume("&Tags=&TransitiveTagKeys=&PolicyArns=&ProvidedContexts=").expect("clients write it so");
        assert_eq!((plain.tags, plain.transitive_tag_keys), (vec![], vec![]));
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let many = (0..=PAIRS_MAX).map(|n| format!("a{n}=")).collect::<Vec<_>>().join("&");
        let cases: [(&[u8], &str); 13] = [
            (b"Action=%", "without two hexadecimal"),
            (b"Action=%4", "without two hexadecimal"),
            (b"Action=%4x", "without two hexadecimal"),
            (b"Action=%+1", "without two hexadecimal"),
            (b"Action=%C3%28", "not UTF-8"),
            (b"Action=\xff", "not UTF-8"),
            (b"\xff=1", "not UTF-8"),
            (b"Action=a&&b=c", "without a name"),
            (b"&Action=a", "without a name"),
            (b"Action=a&", "without a name"),
            (b"=a", "without a name"),
            (b"Action=AssumeRole&Action=AssumeRole", "'Action' was sent more than once"),
            (many.as_bytes(), "more than 512 parameters"),
        ];
        for (body, part) in cases {
            let fault = Call::read(body).expect_err("it is no form");
            let message = fault.message.unwrap_or_default();
            assert!(fault.name == "MalformedQueryString" && message.contains(part), "{body:?}: {message}");
        }
        let (name, message) = assume("&%52oleArn=x").expect_err("one of the two is overlooked");
        assert!(name == "MalformedQueryString" && message.contains("more than once"), "{message}");
    }

    #[test]
    fn other_actions_and_versions_are_named() {
        for (body, wanted) in [
            ("Action=ListUsers&Version=2010-05-08", "Could not find operation ListUsers for version 2010-05-08. "),
            ("Action=AssumeRole&Version=2010-05-08", "Could not find operation AssumeRole for version 2010-05-08. "),
            ("Action=AssumeRole", "Could not find operation AssumeRole for version . "),
            ("Action=assumeRole&Version=2011-06-15", "Could not find operation assumeRole for version 2011-06-15. "),
            ("Action=GetSessionToken&Version=2011-06-15", "Could not find operation GetSessionToken for version"),
        ] {
            let fault = Call::read(body.as_bytes()).expect_err(body);
            let message = fault.message.unwrap_or_default();
            assert!(fault.name == "InvalidAction" && message.starts_with(wanted), "{body}: {message}");
            assert!(message.contains("STS's GetCallerIdentity and AssumeRole, version 2011-06-15"), "{message}");
        }
        for body in ["", "Version=2011-06-15"] {
            assert_eq!(Call::read(body.as_bytes()).map_err(|fault| fault.name), Err("MissingAction"), "{body}");
        }
        assert_eq!(Call::read(b"Action").map_err(|fault| fault.name), Err("InvalidAction"));
    }

    #[test]
    fn no_parameter_is_overlooked() {
        for rest in [
            "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess",
            "&SerialNumber=arn%3Aaws%3Aiam%3A%3A123456789012%3Amfa%2Fann",
            "&TokenCode=123456",
            "&ProvidedContexts.member.1.ProviderArn=x",
            "&Narrower=1",
            "&rolearn=1",
        ] {
            let (name, message) = assume(rest).expect_err(rest);
            assert!(name == "ValidationError" && message.ends_with("' is not supported."), "{rest}: {message}");
        }
        let fault = Call::read(b"Action=GetCallerIdentity&Version=2011-06-15&RoleArn=x").expect_err("it takes none");
        assert_eq!(fault.name, "ValidationError");
    }

    #[test]
    fn a_list_has_no_gaps_and_no_odd_elements() {
        for rest in [
            "&Tags.member.2.Key=a&Tags.member.2.Value=b",
            "&Tags.member.0.Key=a&Tags.member.0.Value=b",
            "&Tags.member.01.Key=a&Tags.member.01.Value=b",
            "&Tags.member.1.Key=a&Tags.member.1.Value=b&Tags.member.3.Key=c&Tags.member.3.Value=d",
            "&Tags.1.Key=a&Tags.1.Value=b",
            "&Tags.member.1.key=a&Tags.member.1.Value=b",
            "&Tags.member.1.Key.x=a",
            "&Tags.member.1=a",
            "&Tags=a",
            "&Tags=&Tags.member.1.Key=a&Tags.member.1.Value=b",
            "&TransitiveTagKeys.member.1.Key=a",
            "&TransitiveTagKeys.member.-1=a",
            "&TransitiveTagKeys.member.18446744073709551617=a",
            "&RoleArn.member.1=a",
            "&DurationSeconds.x=1",
        ] {
            let result = assume(rest);
            assert!(result.as_ref().is_err_and(|(name, _)| *name == "MalformedQueryString"), "{rest}: {result:?}");
        }
    }

    #[test]
    fn violations_are_told_in_awss_words() {
        let read = |body: &str| Call::read(format!("Action=AssumeRole&Version=2011-06-15{body}").as_bytes());
        assert_eq!(
            read("").map_err(|fault| fault.message.unwrap_or_default()),
            Err("2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be \
                 null; Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null"
                .to_owned())
        );
        let arn = "&RoleArn=arn:aws:iam::123456789012:role/reader";
        assert_eq!(
            read(&format!("{arn}&RoleSessionName=PowerUser/hjacobs"))
                .map_err(|fault| fault.message.unwrap_or_default()),
            Err("1 validation error detected: Value 'PowerUser/hjacobs' at 'roleSessionName' failed to satisfy \
                 constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
                .to_owned())
        );
        let long = "x".repeat(2049);
        for (rest, part) in [
            (
                "&DurationSeconds=899".to_owned(),
                "'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
            ),
            ("&DurationSeconds=43201".to_owned(), "Member must have value less than or equal to 43200"),
            ("&DurationSeconds=".to_owned(), "'DurationSeconds' is no whole number"),
            ("&DurationSeconds=-900".to_owned(), "is no whole number"),
            ("&DurationSeconds=%2B900".to_owned(), "is no whole number"),
            ("&DurationSeconds=900.0".to_owned(), "is no whole number"),
            ("&DurationSeconds=4294968196".to_owned(), "is no whole number"),
            (
                format!("&Policy={long}"),
                "'policy' failed to satisfy constraint: Member must have length less than or equal to 2048",
            ),
            ("&Policy=".to_owned(), "Member must have length greater than or equal to 1"),
            ("&ExternalId=a".to_owned(), "Member must have length greater than or equal to 2"),
            ("&SourceIdentity=a%20b".to_owned(), "'sourceIdentity' failed to satisfy constraint"),
            (
                "&Tags.member.1.Key=a".to_owned(),
                "Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null",
            ),
            ("&Tags.member.1.Key=&Tags.member.1.Value=".to_owned(), "Value '' at 'tags.1.member.key'"),
            (
                "&TransitiveTagKeys.member.1=".to_owned(),
                "at 'transitiveTagKeys' failed to satisfy constraint: Member must satisfy constraint",
            ),
            (
                (1..=51).map(|n| format!("&TransitiveTagKeys.member.{n}=k{n}")).collect(),
                "Member must have length less than or equal to 50",
            ),
        ] {
            let (name, message) = assume(&rest).expect_err(&rest);
            assert!(name == "ValidationError" && message.contains(part), "{rest}: {message}");
        }
    }

    #[test]
    fn every_fault_that_any_call_can_have_is_translated() {
        for (name, status) in fault_names::COMMON {
            let told = fault(Fault { name, message: Some("x".to_owned()), status: *status });
            assert!(!told.name.ends_with("Exception"), "{name} has no name in the Query protocol yet");
            assert_eq!(fault(told.clone()), told, "a translation stays");
            let text = if told.name == MISSING_AUTHENTICATION_TOKEN { MISSING_TOKEN_TEXT } else { "x" };
            assert_eq!(told.message.as_deref(), Some(text));
        }
        for (name, wanted, status) in [
            ("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403),
            ("UnrecognizedClientException", "InvalidClientTokenId", 403),
            ("ExpiredTokenException", "ExpiredToken", 403),
            ("InvalidSignatureException", "SignatureDoesNotMatch", 403),
            // As STS was seen to answer it.
            ("IncompleteSignatureException", "IncompleteSignature", 400),
            ("AccessDeniedException", "AccessDenied", 403),
            ("ValidationException", "ValidationError", 400),
            ("InternalFailure", "InternalFailure", 500),
            ("ServiceUnavailableException", "ServiceUnavailable", 503),
            ("NoSuchEntity", "NoSuchEntity", 404),
        ] {
            let told = fault(Fault { name, message: None, status: if status == 403 { 400 } else { status } });
            assert_eq!((told.name, told.status), (wanted, status));
        }
    }
}
