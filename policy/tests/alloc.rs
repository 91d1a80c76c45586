//! That a decision allocates nothing, whatever the documents ask: it is on the way of every request.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use policy::{
    Arity, Attached, Because, Constraint, Document, Facts, Grant, Kind, Principal, Request, Resource, Value, Voice,
    Voices, Who, decide, default_key_policy,
};

struct Everything;

impl Facts for Everything {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        match key {
            "aws:username" => visit(Value::Text("ann")),
            "aws:principalarn" => visit(Value::Text(ANN)),
            "aws:sourceip" => visit(Value::Address(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)))),
            "aws:currenttime" => visit(Value::Time(1_767_323_045_000)),
            "aws:securetransport" => visit(Value::Bool(true)),
            "kms:rotationperiodindays" => visit(Value::Number(90)),
            "kms:encryptioncontextkeys" => {
                visit(Value::Text("app"));
                visit(Value::Text("user"));
                return Arity::Many;
            }
            "kms:encryptioncontext:user" => visit(Value::Text("ann")),
            _ => return Arity::Absent,
        }
        Arity::One
    }
}

const OURS: &str = "111122223333";
const ANN: &str = "arn:aws:iam::111122223333:user/team/ann";

/// Every operator, wildcard and kind of variable in one statement that applies.
const EVERYTHING: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Deny","NotAction":"kms:*","Resource":"*"},
  {"Effect":"Deny","Action":"*","NotResource":["arn:*:kms:*:*:key/${aws:nobody, 'k'}*","arn:aws:s3:::${aws:username}/*"]},
  {"Effect":"Allow","Action":["kms:D*","kms:?nc*pt"],"Resource":"arn:aws:kms:*:111122223333:key/*","Condition":{
    "StringEquals":{"aws:username":"${aws:username}","aws:CurrentTime":"2026-01-02T03:04:05Z","kms:RotationPeriodInDays":90},
    "StringEqualsIgnoreCase":{"aws:username":["BOB","ANN"]},
    "StringLike":{"kms:EncryptionContext:User":"*${aws:username}*","aws:SourceIp":"203.0.*"},
    "StringNotLikeIfExists":{"aws:PrincipalTag/team":"${aws:username}*"},
    "ArnLike":{"aws:PrincipalArn":["arn:aws:iam::*:user/*/ann","${aws:PrincipalArn}"]},
    "ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:role/${aws:username}"},
    "NumericLessThanEquals":{"kms:RotationPeriodInDays":"90.5"},
    "DateGreaterThan":{"aws:CurrentTime":"2026-01-01"},
    "Bool":{"aws:SecureTransport":"true"},
    "BinaryEquals":{"aws:username":"YW5u"},
    "IpAddress":{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]},
    "NotIpAddress":{"aws:SourceIp":"2001:db8::/32"},
    "Null":{"aws:PrincipalTag/team":"true"},
    "ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["app","user","time"]},
    "ForAnyValue:StringNotEquals":{"kms:EncryptionContextKeys":"app"}}}]}"#;

const KEY_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Deny","NotPrincipal":{"AWS":["111122223333","arn:aws:iam::111122223333:user/team/ann"]},"Action":"*","Resource":"*"},
  {"Effect":"Allow","Principal":{"AWS":["AIDABOB","arn:aws:sts::111122223333:assumed-role/app/one","111122223333"],
    "Service":"s3.amazonaws.com"},"Action":"kms:*","Resource":"*"}]}"#;

#[test]
fn no_decision_allocates() {
    let compile = |text: &str, kind| Document::compile(text, kind).expect("it compiles");
    let default = compile(&default_key_policy("aws", OURS), Kind::Key);
    let policy = compile(KEY_POLICY, Kind::Key);
    let everything = compile(EVERYTHING, Kind::Identity);
    let nothing = compile(r#"{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#, Kind::Identity);
    let context =
        BTreeMap::from([("app", "a"), ("user", "ann")].map(|(name, value)| (name.to_owned(), value.to_owned())));
    let operations = ["Encrypt".to_owned(), "Decrypt".to_owned()];
    let grant = Grant {
        id: "g",
        grantee: ANN,
        grantee_id: Some("AIDAANN"),
        operations: &operations,
        constraint: Some(Constraint::Subset(&context)),
        source_arn: None,
    };
    let attached = |document| [Attached { name: "p", document }];
    let (all, none) = (attached(&everything), attached(&nothing));
    let policies = Voices {
        resource_policy: Some(&policy),
        identity_policies: &all,
        session_policy: Some(&everything),
        grants: &[],
    };
    let grants =
        Voices { resource_policy: Some(&default), identity_policies: &none, session_policy: None, grants: &[grant] };
    let refusing = Voices { grants: &[], ..grants };
    for (action, voices, because) in [
        ("kms:Encrypt", &policies, Because::Allowed(Voice::Identity)),
        ("KMS:decrypt", &policies, Because::Allowed(Voice::Identity)),
        ("kms:Sign", &policies, Because::NothingAllows(Voice::Identity)),
        ("s3:GetObject", &policies, Because::ExplicitDeny(Voice::Identity)),
        ("kms:Encrypt", &grants, Because::Allowed(Voice::Grant)),
        ("kms:Encrypt", &refusing, Because::NothingAllows(Voice::Identity)),
    ] {
        let request = Request {
            principal: Principal { account: OURS, partition: "aws", who: Who::User { arn: ANN, id: "AIDAANN" } },
            action,
            resource: Some(Resource { account: OURS, arn: "arn:aws:kms:us-east-1:111122223333:key/k1" }),
            across_accounts: true,
            context: Some(&context),
            facts: &Everything,
        };
        let mut settled = None;
        let counted = allocation_counter::measure(|| settled = Some(decide(&request, voices).because()));
        assert_eq!(settled, Some(because), "{action}");
        assert_eq!(counted.count_total, 0, "{action} allocated {} bytes", counted.bytes_total);
    }
}

#[test]
fn what_allocates_is_counted() {
    assert_eq!(allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 16]))).count_total, 1);
}
