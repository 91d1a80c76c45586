//! How many decisions a second one core takes: `cargo run --release --example decide -p policy`. What they say is tested
//! elsewhere.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{self, Write as _};
use std::time::Instant;

use policy::{
    Arity, Attached, Because, Constraint, Document, Facts, Grant, Kind, Principal, Request, Resource, Value, Voice,
    Voices, Who, decide, default_key_policy,
};

const OURS: &str = "111122223333";
const ANN: &str = "arn:aws:iam::111122223333:user/team/ann";
const ROLE: &str = "arn:aws:iam::111122223333:role/app";
const SESSION: &str = "arn:aws:sts::111122223333:assumed-role/app/one";
const SESSION_POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:Encrypt","Resource":"*",
    "Condition":{"StringEquals":{"kms:EncryptionContext:app":"app-ann-7"}}}}"#;
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const DECISIONS: u32 = 1_000_000;

struct Circumstances;

impl Facts for Circumstances {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        match key {
            "aws:username" => visit(Value::Text("ann")),
            "aws:principalarn" => visit(Value::Text(ANN)),
            "aws:sourceip" => visit(Value::Address([203, 0, 113, 7].into())),
            "aws:currenttime" => visit(Value::Time(1_767_323_045_000)),
            "kms:encryptioncontext:app" => visit(Value::Text("app-ann-7")),
            _ => return Arity::Absent,
        }
        Arity::One
    }
}

fn main() -> io::Result<()> {
    let root_key = compile(&default_key_policy("aws", OURS), Kind::Key);
    let ann = compile(r#"{"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#, Kind::Identity);
    let conditions = compile(&ten_statements(), Kind::Key);
    let attached = [Attached { name: "ann", document: &ann }];
    let default = Voices { resource_policy: Some(&root_key), identity_policies: &attached, ..Voices::default() };
    let conditional = Voices { resource_policy: Some(&conditions), ..Voices::default() };
    measure("the default key policy, its root", Who::Root, &default, Voice::Resource)?;
    let user = Who::User { arn: ANN, id: "AIDAANN" };
    measure("the default key policy, a user and a policy", user, &default, Voice::Identity)?;
    measure("a key policy of ten statements with conditions", user, &conditional, Voice::Resource)?;
    let limit = compile(SESSION_POLICY, Kind::Session);
    let limited = Voices { session_policy: Some(&limit), ..conditional };
    let session = Who::Session { role_arn: ROLE, role_id: "AROAAPP", arn: SESSION };
    measure("the same and a session's policy", session, &limited, Voice::Resource)?;
    let context = context();
    let operations = ["Decrypt".to_owned(), "Encrypt".to_owned()];
    let constraint = Some(Constraint::Subset(&context));
    let grant = Grant {
        id: "g",
        grantee: ANN,
        grantee_id: Some("AIDAANN"),
        operations: &operations,
        constraint,
        source_arn: None,
    };
    let granted = Voices { resource_policy: Some(&root_key), grants: &[grant], ..Voices::default() };
    measure("the default key policy, a user with a grant", user, &granted, Voice::Grant)
}

fn compile(text: &str, kind: Kind) -> Document {
    Document::compile(text, kind).expect("the policies of this file compile")
}

/// Nine statements that do not apply, for their last condition, and one that does.
fn ten_statements() -> String {
    let statement = |number: usize| {
        format!(
            r#"{{"Effect":"Allow","Principal":{{"AWS":["{ANN}","{ROLE}"]}},"Action":["kms:Decrypt","kms:GenerateDataKey*","kms:Enc*"],
            "Resource":"arn:aws:kms:*:*:key/*","Condition":{{
            "ArnLike":{{"aws:PrincipalArn":"arn:aws:iam::*:user/team/*"}},
            "IpAddress":{{"aws:SourceIp":["10.0.0.0/8","203.0.113.0/24"]}},
            "DateGreaterThan":{{"aws:CurrentTime":"2026-01-01T00:00:00Z"}},
            "StringLike":{{"kms:EncryptionContext:app":"app-${{aws:username}}-{number}"}}}}}}"#
        )
    };
    let statements: Vec<_> = [0, 1, 2, 3, 4, 5, 6, 8, 9, 7].map(statement).into();
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn context() -> BTreeMap<String, String> {
    BTreeMap::from([("app".to_owned(), "app-ann-7".to_owned())])
}

fn measure(what: &str, who: Who<'_>, voices: &Voices<'_>, allowed_by: Voice) -> io::Result<()> {
    let context = context();
    let request = Request {
        principal: Principal { account: OURS, partition: "aws", who },
        action: "kms:Encrypt",
        resource: Some(Resource { account: OURS, arn: KEY }),
        across_accounts: true,
        context: Some(&context),
        facts: &Circumstances,
    };
    let start = Instant::now();
    for _ in 0..DECISIONS {
        let decision = decide(black_box(&request), black_box(voices));
        assert_eq!(decision.because(), Because::Allowed(allowed_by), "{what}");
    }
    let each = start.elapsed() / DECISIONS;
    let per_second = 1_000_000_000 / each.as_nanos().max(1);
    writeln!(io::stdout(), "{per_second:>10} decisions/s, {:>5} ns each: {what}", each.as_nanos())
}
