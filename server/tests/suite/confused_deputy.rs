//! What a client writes into its headers decides nothing: every header that another server, a proxy or a service might
//! believe, against every condition that it would turn, signed and unsigned, on all three kinds of request.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html>

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use crypto::{SecretBytes, SigningKey};
use serde_json::{Value, json};
use server::Clock;
use wire::sigv4::{self, Head};

use crate::signed::first_start;
use crate::support::{Answer, Running};

/// A condition, and whether the truth satisfies it: a caller without a second factor, at 127.0.0.1, over plain HTTP,
/// with the tag `real`, for whom nobody acts.
type Condition = (&'static str, &'static str, &'static str, bool);

const CONDITIONS: [Condition; 36] = [
    ("IpAddress", "aws:SourceIp", "127.0.0.1/32", true),
    ("IpAddress", "aws:SourceIp", "203.0.113.0/24", false),
    ("IpAddress", "aws:SourceIp", "10.0.0.0/8", false),
    ("IpAddress", "aws:SourceIp", "2001:db8::/32", false),
    ("NotIpAddress", "aws:SourceIp", "127.0.0.0/8", false),
    ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24", true),
    ("IpAddress", "aws:VpcSourceIp", "203.0.113.0/24", false),
    ("StringEquals", "aws:SourceVpc", "vpc-11111111", false),
    ("StringEquals", "aws:SourceVpce", "vpce-11111111", false),
    ("StringEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com", false),
    ("StringNotEquals", "kms:ViaService", "s3.us-east-1.amazonaws.com", true),
    ("Null", "kms:ViaService", "false", false),
    ("Bool", "aws:ViaAWSService", "true", false),
    ("Bool", "aws:ViaAWSService", "false", true),
    ("ForAnyValue:StringEquals", "aws:CalledVia", "s3.amazonaws.com", false),
    ("ArnLike", "aws:SourceArn", "arn:aws:s3:::bucket*", false),
    ("Null", "aws:SourceArn", "true", true),
    ("StringEquals", "aws:SourceAccount", "111122223333", false),
    ("Null", "aws:SourceAccount", "true", true),
    ("StringEquals", "aws:PrincipalTag/team", "red", false),
    ("StringEquals", "aws:PrincipalTag/real", "yes", true),
    ("StringEquals", "aws:PrincipalAccount", "111122223333", false),
    ("StringEquals", "aws:PrincipalOrgID", "o-1111111111", false),
    ("StringEquals", "aws:username", "admin", false),
    ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::111122223333:*", false),
    ("StringEquals", "aws:PrincipalType", "Account", false),
    ("Bool", "aws:SecureTransport", "true", false),
    ("Bool", "aws:SecureTransport", "false", true),
    ("StringLike", "aws:UserAgent", "*amazonaws.com*", false),
    ("Null", "aws:UserAgent", "true", true),
    ("StringLike", "aws:Referer", "*trusted.example*", false),
    ("Null", "aws:Referer", "true", true),
    ("Bool", "aws:MultiFactorAuthPresent", "true", false),
    ("NumericLessThan", "aws:MultiFactorAuthAge", "3600", false),
    ("StringEquals", "aws:RequestedRegion", "eu-west-1", false),
    ("DateLessThan", "aws:CurrentTime", "2001-01-01T00:00:00Z", false),
];

/// Headers that claim what the conditions ask for. Each line is one request's.
const CLAIMS: [&[(&str, &str)]; 74] = [
    &[("X-Forwarded-For", "203.0.113.9")],
    &[("x-forwarded-for", "203.0.113.9")],
    &[("X-FORWARDED-FOR", "203.0.113.9, 127.0.0.1")],
    &[("X-Forwarded-For", "127.0.0.1, 203.0.113.9")],
    &[("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "10.0.0.1")],
    &[("X-Forwarded-For", "203.0.113.9:443")],
    &[("X-Forwarded-For", "[2001:db8::1]:443")],
    &[("X-Forwarded-For", "2001:db8::1")],
    &[("X-Forwarded-For", "::ffff:203.0.113.9")],
    &[("X-Forwarded-For", "\"203.0.113.9\"")],
    &[("X-Forwarded-For", "unknown, 203.0.113.9")],
    &[("X-Forwarded-For", ",,203.0.113.9")],
    &[("X-Forwarded-For", "")],
    &[("X_Forwarded_For", "203.0.113.9")],
    &[("X-Forwarded", "for=203.0.113.9")],
    &[("Forwarded", "for=203.0.113.9")],
    &[("Forwarded", "for=\"[2001:db8::1]:4711\";proto=https;by=203.0.113.43")],
    &[("Forwarded", "For=203.0.113.9;Proto=https, for=127.0.0.1")],
    &[("Forwarded-For", "203.0.113.9")],
    &[("X-Real-IP", "203.0.113.9")],
    &[("X-Client-IP", "203.0.113.9")],
    &[("Client-IP", "203.0.113.9")],
    &[("True-Client-IP", "203.0.113.9")],
    &[("CF-Connecting-IP", "203.0.113.9")],
    &[("Fastly-Client-IP", "203.0.113.9")],
    &[("X-Cluster-Client-IP", "203.0.113.9")],
    &[("X-Original-Forwarded-For", "203.0.113.9")],
    &[("X-Envoy-External-Address", "203.0.113.9")],
    &[("X-Remote-Addr", "203.0.113.9")],
    &[("Remote-Addr", "203.0.113.9")],
    &[("X-Originating-IP", "[203.0.113.9]")],
    &[("X-Azure-ClientIP", "203.0.113.9")],
    &[("CloudFront-Viewer-Address", "203.0.113.9:443")],
    &[("X-Amz-Source-Ip", "203.0.113.9")],
    &[("aws-SourceIp", "203.0.113.9")],
    &[("aws", "SourceIp: 203.0.113.9")],
    &[("X-Amz-Vpc-Source-Ip", "203.0.113.9")],
    &[("X-Amzn-Vpc-Id", "vpc-11111111"), ("X-Amzn-Vpce-Id", "vpce-11111111")],
    &[("X-Amz-Source-Vpc", "vpc-11111111"), ("X-Amz-Source-Vpce", "vpce-11111111")],
    &[("X-Forwarded-Proto", "https")],
    &[("X-Forwarded-Scheme", "https"), ("X-Forwarded-Ssl", "on"), ("Front-End-Https", "on")],
    &[("X-Url-Scheme", "https"), ("X-Forwarded-Port", "443")],
    &[("X-Amz-Secure-Transport", "true")],
    &[("Via", "1.1 s3.us-east-1.amazonaws.com")],
    &[("Via", "1.1 s3.us-east-1.amazonaws.com"), ("Via", "2 s3.amazonaws.com (CloudFront)")],
    &[("X-Amz-Via-Service", "s3.us-east-1.amazonaws.com")],
    &[("x-amz-via-aws-service", "true")],
    &[("X-Amz-Called-Via", "s3.amazonaws.com")],
    &[("kms-ViaService", "s3.us-east-1.amazonaws.com")],
    &[("X-Amz-Invoked-By", "s3.amazonaws.com")],
    &[("X-Amz-Source-Arn", "arn:aws:s3:::bucket")],
    &[("x-amz-source-account", "111122223333")],
    &[("X-AMZ-SOURCE-ARN", "arn:aws:s3:::bucket"), ("X-AMZ-SOURCE-ACCOUNT", "111122223333")],
    &[("aws-SourceArn", "arn:aws:s3:::bucket"), ("aws-SourceAccount", "111122223333")],
    &[("X-Amz-Principal-Tag-team", "red")],
    &[("x-amz-principal-tag", "team=red")],
    &[("X-Amz-Tagging", "team=red")],
    &[("X-Amz-Principal-Arn", "arn:aws:iam::111122223333:root")],
    &[("X-Amz-Account-Id", "111122223333")],
    &[("X-Amz-Principal-Account", "111122223333"), ("X-Amz-Principal-Type", "Account")],
    &[("X-Amz-Principal-Org-Id", "o-1111111111")],
    &[("X-Forwarded-User", "admin"), ("X-Remote-User", "admin"), ("Remote-User", "admin")],
    &[("X-Forwarded-Email", "admin@trusted.example"), ("X-Auth-Request-User", "admin")],
    &[("X-SSL-Client-Verify", "SUCCESS"), ("X-SSL-Client-S-DN", "CN=admin")],
    &[("X-Forwarded-Client-Cert", "Subject=\"CN=admin\";URI=spiffe://admin")],
    &[("X-Amz-Mfa", "arn:aws:iam::111122223333:mfa/admin 123456")],
    &[("X-Amz-Multi-Factor-Auth-Present", "true"), ("X-Amz-Multi-Factor-Auth-Age", "1")],
    &[("User-Agent", "s3.us-east-1.amazonaws.com")],
    &[("User-Agent", "AWS Internal/3 cloudformation.amazonaws.com"), ("X-Amz-User-Agent", "s3.amazonaws.com")],
    &[("Referer", "https://trusted.example/page")],
    &[("Referrer", "https://trusted.example/page"), ("Referer", "trusted.example")],
    &[("X-Amz-Region", "eu-west-1"), ("X-Amz-Requested-Region", "eu-west-1")],
    &[("Date", "Mon, 01 Jan 2000 00:00:00 GMT"), ("X-Amz-Current-Time", "2000-01-01T00:00:00Z")],
    &[("X-Forwarded-Host", "kms.eu-west-1.amazonaws.com"), ("X-Original-Host", "kms.eu-west-1.amazonaws.com")],
];

/// Headers that are no claims but a second word about what was said: whoever may nothing is told so, and whoever may
/// something may nothing with them.
const SPOILERS: [(&str, &str); 9] = [
    ("Host", "kms.us-east-1.amazonaws.com"),
    ("X-Amz-Date", "20260101T000000Z"),
    ("X-Amz-Security-Token", "open"),
    ("x-amz-security-token", ""),
    ("Authorization", "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/kms/aws4_request"),
    ("X-Amz-Target", "TrentService.ListKeys"),
    ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"),
    ("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
    ("Origin", "https://trusted.example"),
];

struct Keys {
    id: String,
    secret: SecretBytes,
}

/// What is asked, and in whose words.
struct Question {
    service: &'static str,
    /// The target, or the type of a form.
    own: (&'static str, String),
    body: String,
}

/// Whether the headers of a claim are signed too. Those of `x-amz-` always are, or the door refuses them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Signing {
    All,
    AsFewAsPossible,
}

const REGION: &str = "us-east-1";

fn when((operator, name, value, _): Condition) -> Value {
    json!({ operator: { name: value } })
}

fn key_question(operation: &str, body: Value) -> Question {
    let own = ("x-amz-target", format!("TrentService.{operation}"));
    Question { service: "kms", own, body: body.to_string() }
}

fn identity_question(verb: &str, body: Value) -> Question {
    let own = ("x-amz-target", format!("TrentIdentity.{verb}"));
    Question { service: "iam", own, body: body.to_string() }
}

fn role_question(role: &str) -> Question {
    let role = role.replace(':', "%3A").replace('/', "%2F");
    Question {
        service: "sts",
        own: ("content-type", "application/x-www-form-urlencoded".to_owned()),
        body: format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=deputy"),
    }
}

impl Keys {
    /// The bytes of a request with these headers besides its own.
    fn ask(&self, question: &Question, more: &[(&str, &str)], signing: Signing) -> Vec<u8> {
        let Question { service, own, body } = question;
        let date = sigv4::format_amz_date(Clock::start().wall().0);
        let mut headers = vec![("host", "localhost"), ("x-amz-date", &*date), (own.0, &*own.1)];
        headers.extend(more);
        let lower = |name: &str| name.to_ascii_lowercase();
        let is_signed = |name: &str| {
            let own = ["host", "x-amz-date", own.0].contains(&name);
            let must = name.starts_with("x-amz-") && name != "x-amz-user-agent";
            own || must || signing == Signing::All && !["date", "authorization"].contains(&name)
        };
        let names: BTreeSet<String> =
            headers.iter().map(|(name, _)| lower(name)).filter(|name| is_signed(name)).collect();
        let names = names.into_iter().collect::<Vec<_>>().join(";");
        let authorization = |signature: &str| {
            let scope = format!("{}/{}/{REGION}/{service}/aws4_request", self.id, &date[..8]);
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}")
        };
        let received: Vec<(String, Vec<u8>)> = headers
            .iter()
            .filter(|(name, _)| lower(name) != "authorization")
            .map(|(name, value)| (lower(name), value.as_bytes().to_vec()))
            .chain([("authorization".to_owned(), authorization("0").into_bytes())])
            .collect();
        let head = Head { method: "POST", path: "/", query: "", headers: &received };
        // A head that says a thing twice is not even parsed: then nothing signs it either.
        let signature = sigv4::parse(&head).map_or_else(
            |_| "0".repeat(64),
            |signed| {
                let canonical = sigv4::canonical_request(&head, &signed, &hex::encode(crypto::sha256(body.as_bytes())));
                let text = sigv4::string_to_sign(&signed, &hex::encode(crypto::sha256(&canonical)));
                SigningKey::derive(&self.secret, &date[..8], REGION, service).sign_hex(&text)
            },
        );
        let authorization = authorization(&signature);
        headers.push(("authorization", &authorization));
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("POST / HTTP/1.1\r\n{lines}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }
}

/// What is told, but for what is of the one request alone: its id, the second it was answered in, and the secrets of a
/// new session.
fn told(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let id = answer.header("x-amzn-requestid").expect("every answer has an id");
    let is_new = answer.status == 200 && answer.body.contains("<SecretAccessKey>");
    let body = if is_new { "a session".to_owned() } else { answer.body.replace(id, "<id>") };
    let passing = |name: &str| ["x-amzn-requestid", "date"].contains(&name) || is_new && name == "content-length";
    (answer.status, answer.headers.iter().filter(|(name, _)| !passing(name)).cloned().collect(), body)
}

/// What one of the deputies is let by one condition, and where that stands.
struct Case {
    place: &'static str,
    deputy: usize,
    question: Question,
    condition: Condition,
}

/// A house, the users that may what the conditions let them, and what each of them asks.
struct Scene {
    serve: Running,
    account: String,
    root: Keys,
    deputies: Vec<Keys>,
    cases: Vec<Case>,
    directory: tempfile::TempDir,
}

/// How many conditions stand in the policies of one user, so that they have room there.
const CONDITIONS_A_DEPUTY: usize = 12;

impl Scene {
    async fn new() -> Scene {
        let directory = tempfile::tempdir().expect("a directory");
        let (serve, credentials) = first_start(directory.path()).await;
        let root = Keys { id: credentials.id, secret: credentials.secret };
        let (account, deputies, cases) = (String::new(), Vec::new(), Vec::new());
        let mut scene = Scene { serve, account, root, deputies, cases, directory };
        for (deputy, conditions) in CONDITIONS.chunks(CONDITIONS_A_DEPUTY).enumerate() {
            let name = format!("deputy{deputy}");
            let body = json!({ "UserName": name, "Tags": [{ "Key": "real", "Value": "yes" }] });
            let made = scene.by_root(&identity_question("CreateUser", body)).await;
            let arn = made["User"]["Arn"].as_str().expect("an ARN").to_owned();
            scene.account = arn.split(':').nth(4).expect("an account").to_owned();
            let keys = scene.by_root(&identity_question("CreateAccessKey", json!({ "UserName": name }))).await;
            let text = |member: &str| keys["AccessKey"][member].as_str().expect("a key").to_owned();
            let secret = text("SecretAccessKey").into_bytes().into();
            scene.deputies.push(Keys { id: text("AccessKeyId"), secret });
            let mut statements = Vec::new();
            for condition in conditions {
                scene.by_key_policy(&arn, *condition).await;
                statements.extend(scene.by_identity_policy(*condition).await);
                scene.by_trust_policy(&arn, *condition).await;
            }
            let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
            let body = json!({ "UserName": name, "PolicyName": "own", "PolicyDocument": document });
            scene.by_root(&identity_question("PutUserPolicy", body)).await;
        }
        scene
    }

    /// One call of the root, which must succeed.
    async fn by_root(&self, question: &Question) -> Value {
        let answer = self.serve.ask(self.root.ask(question, &[], Signing::All)).await;
        assert_eq!(answer.status, 200, "{} {}: {}", question.own.1, question.body, answer.body);
        serde_json::from_str(&answer.body).unwrap_or_default()
    }

    /// A key that lets its account, and in this statement somebody more.
    async fn key(&self, more: Option<Value>) -> String {
        let account = json!({
            "Effect": "Allow", "Principal": { "AWS": self.account }, "Action": "kms:*", "Resource": "*"
        });
        let statements: Vec<Value> = [account].into_iter().chain(more).collect();
        let policy = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let made = self.by_root(&key_question("CreateKey", json!({ "Policy": policy }))).await;
        made["KeyMetadata"]["KeyId"].as_str().expect("an id").to_owned()
    }

    fn push(&mut self, place: &'static str, question: Question, condition: Condition) {
        let deputy = self.deputies.len() - 1;
        self.cases.push(Case { place, deputy, question, condition });
    }

    /// A key whose policy lets the deputy on this condition.
    async fn by_key_policy(&mut self, deputy: &str, condition: Condition) {
        let lets = json!({
            "Effect": "Allow", "Principal": { "AWS": deputy }, "Action": "kms:GetKeyRotationStatus",
            "Resource": "*", "Condition": when(condition),
        });
        let key = self.key(Some(lets)).await;
        let question = key_question("GetKeyRotationStatus", json!({ "KeyId": key }));
        self.push("a key policy", question, condition);
    }

    /// A key and a user, and the statements of a deputy's own policy by which it may see them on this condition.
    async fn by_identity_policy(&mut self, condition: Condition) -> [Value; 2] {
        let (key, user) = (self.key(None).await, format!("u{}", self.cases.len()));
        self.by_root(&identity_question("CreateUser", json!({ "UserName": user }))).await;
        let question = key_question("GetKeyRotationStatus", json!({ "KeyId": key }));
        self.push("an identity policy", question, condition);
        let question = identity_question("GetUser", json!({ "UserName": user }));
        self.push("an identity policy, of a verb", question, condition);
        let allow = |action: &str, resource: String| {
            let condition = when(condition);
            json!({ "Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition })
        };
        [
            allow("kms:GetKeyRotationStatus", format!("arn:aws:kms:{REGION}:{}:key/{key}", self.account)),
            allow("iam:GetUser", format!("arn:aws:iam::{}:user/{user}", self.account)),
        ]
    }

    /// A role that trusts the deputy on this condition.
    async fn by_trust_policy(&mut self, deputy: &str, condition: Condition) {
        let trust = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": { "AWS": deputy }, "Action": "sts:AssumeRole", "Condition": when(condition),
        }] });
        let role = format!("r{}", self.cases.len());
        let body = json!({ "RoleName": role, "AssumeRolePolicyDocument": trust.to_string() });
        self.by_root(&identity_question("CreateRole", body)).await;
        let question = role_question(&format!("arn:aws:iam::{}:role/{role}", self.account));
        self.push("a trust policy", question, condition);
    }

    async fn ask(&self, case: &Case, more: &[(&str, &str)], signing: Signing) -> Answer {
        self.serve.ask(self.deputies[case.deputy].ask(&case.question, more, signing)).await
    }

    /// Where the audit trail says that calls came from.
    fn recorded_addresses(&self) -> BTreeSet<String> {
        let audit: &Path = &self.directory.path().join("data/audit");
        let files = std::fs::read_dir(audit).expect("the trail").map(|entry| entry.expect("a file").path());
        let text: String = files.map(|file| std::fs::read_to_string(file).unwrap_or_default()).collect();
        let record = |line: &str| serde_json::from_str::<Value>(line).ok();
        let address = |record: Value| record["sourceIPAddress"].as_str().map(str::to_owned);
        text.lines().filter_map(record).filter_map(address).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_header_that_a_client_writes_turns_a_condition() {
    let scene = Scene::new().await;
    let (mut let_in, mut kept_out) = (0, 0);
    for case in &scene.cases {
        let Case { place, condition, .. } = case;
        let without = told(&scene.ask(case, &[], Signing::All).await);
        let is_true = condition.3;
        assert_eq!(without.0 == 200, is_true, "{condition:?} in {place}: {without:?}");
        *(if is_true { &mut let_in } else { &mut kept_out }) += 1;
        for (number, claim) in CLAIMS.iter().enumerate() {
            let signing = if number % 2 == 0 { Signing::All } else { Signing::AsFewAsPossible };
            let with = told(&scene.ask(case, claim, signing).await);
            assert_eq!(with, without, "{claim:?}, signed: {signing:?}, turns {condition:?} in {place}");
        }
    }
    assert!(let_in >= 40 && kept_out >= 80, "{let_in} conditions hold and {kept_out} do not: the cases are too alike");
    assert_eq!(scene.recorded_addresses(), BTreeSet::from([Ipv4Addr::LOCALHOST.to_string()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_worth_the_same_whether_or_not_it_is_signed() {
    let scene = Scene::new().await;
    for about in [("IpAddress", "aws:SourceIp"), ("Bool", "aws:SecureTransport")] {
        for case in scene.cases.iter().filter(|case| (case.condition.0, case.condition.1) == about) {
            let without = told(&scene.ask(case, &[], Signing::All).await);
            for claim in CLAIMS {
                for signing in [Signing::All, Signing::AsFewAsPossible] {
                    let with = told(&scene.ask(case, claim, signing).await);
                    assert_eq!(with, without, "{claim:?}, signed: {signing:?}, turns {:?}", case.condition);
                }
            }
        }
    }
}

/// A second word about who asks, when, where or what is refused, whatever is asked.
#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_says_again_what_was_said_opens_nothing() {
    let scene = Scene::new().await;
    for case in &scene.cases {
        for spoiler in SPOILERS {
            let answer = scene.ask(case, &[spoiler], Signing::All).await;
            let (place, condition) = (case.place, case.condition);
            assert_ne!(answer.status, 200, "{spoiler:?} with {condition:?} in {place}: {}", answer.body);
        }
    }
}

/// The truth decides: the address that the connection comes from.
#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_the_connection_turns_its_conditions() {
    let scene = Scene::new().await;
    let elsewhere = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
    let mut turned = 0;
    for case in &scene.cases {
        let (operator, name, value, at_home) = case.condition;
        let expected = at_home && (operator, name, value) != ("IpAddress", "aws:SourceIp", "127.0.0.1/32");
        let claim = [("X-Forwarded-For", "127.0.0.1")];
        let request = scene.deputies[case.deputy].ask(&case.question, &claim, Signing::All);
        let answer = scene.serve.ask_from(elsewhere, &request).await;
        assert_eq!(answer.status == 200, expected, "{:?} in {}: {}", case.condition, case.place, answer.body);
        turned += usize::from(expected != at_home);
    }
    assert_eq!(turned, 4, "one condition is about this address, in four places");
    assert!(scene.recorded_addresses().contains(&elsewhere.to_string()));
}
