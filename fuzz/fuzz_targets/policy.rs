//! A policy document, as whoever may write one can write it: it compiles in a sentence or a decision follows from it,
//! asking for no more facts than its length allows. A Deny that is added lets nobody in, and laying a document out
//! changes nothing of what it says. What it has to say is judged by the second engine in `policy/tests/`.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use libfuzzer_sys::fuzz_target;
use policy::{
    Arity, Attached, Constraint, Document, Effect, Facts, Grant, Kind, Principal, Request, Resource, Value, Voices,
    Who, decide, default_key_policy, lay_out, lay_out_with,
};

const OURS: &str = "111122223333";
const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ANN: Who<'_> = Who::User { arn: "arn:aws:iam::111122223333:user/team/ann", id: "AIDAANN" };
const SESSION: Who<'_> = Who::Session {
    role_arn: "arn:aws:iam::111122223333:role/app",
    role_id: "AROAAPP",
    arn: "arn:aws:sts::111122223333:assumed-role/app/one",
};
const EVERYTHING: &str = r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

static DEFAULT: LazyLock<Document> = LazyLock::new(|| compiled(&default_key_policy("aws", OURS), Kind::Key));
static ALL: LazyLock<Document> = LazyLock::new(|| compiled(EVERYTHING, Kind::Identity));

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let laid_out = lay_out(text);
    let _ = lay_out_with(text, &|name| Some(name.to_owned()));
    for kind in [Kind::Key, Kind::Trust, Kind::Identity, Kind::Session] {
        match Document::compile(text, kind) {
            Ok(document) => {
                let read_again = compiled(&laid_out, kind);
                assert_eq!(lay_out(&laid_out), laid_out, "laid out again it stays");
                every_question(text, kind, &document, &read_again);
            }
            Err(why) => assert!(!why.to_string().is_empty()),
        }
    }
});

fn compiled(text: &str, kind: Kind) -> Document {
    Document::compile(text, kind).unwrap_or_else(|why| panic!("{why}: {text}"))
}

fn every_question(text: &str, kind: Kind, document: &Document, read_again: &Document) {
    let words: Vec<&str> = text.split('"').filter(|word| word.len() <= 512).take(64).collect();
    let denies = with_a_deny(text, kind);
    let ids = document.principals().map(|name| (name.to_owned(), "AIDANOBODY".to_owned())).collect();
    let pinned = document.clone().pinned(&ids);
    for turn in 0..4 {
        let facts = Circumstances { words: &words, turn, asked: AtomicUsize::new(0) };
        for who in [Who::Root, ANN, SESSION] {
            for resource in [None, Some(resource(kind)), Some(abroad(kind))] {
                let request = Request {
                    principal: Principal { account: OURS, partition: "aws", who },
                    action: action(kind, &words, turn),
                    resource,
                    across_accounts: turn % 2 == 0,
                    context: None,
                    facts: &facts,
                };
                one_question(&request, kind, document, read_again, &denies);
                let _ = asked(&request, kind, &pinned);
            }
        }
        // Each question asks three documents at most; in each, a name of at least four letters (`${a}`) can be asked for
        // once for every value there is, and once more to see whether it has one.
        let bound = 9 * (3 + usize::from(denies.is_some())) * (VALUES_AT_MOST + 2) * text.len();
        assert!(facts.asked.into_inner() <= bound, "more facts were asked for than {} bytes can name", text.len());
    }
}

fn one_question(
    request: &Request<'_>,
    kind: Kind,
    document: &Document,
    read_again: &Document,
    with_a_deny: &Option<Document>,
) {
    let before = asked(request, kind, document);
    assert_eq!(asked(request, kind, read_again), before, "a document that was laid out says something else");
    let Some(denying) = with_a_deny else { return };
    assert!(before.0 == Effect::Allow || asked(request, kind, denying).0 == Effect::Deny, "a Deny has let somebody in");
}

/// What follows from a document where it stands: what is decided, and why.
fn asked(request: &Request<'_>, kind: Kind, document: &Document) -> (Effect, String) {
    let context = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    let operations = ["Encrypt".to_owned()];
    let grants = [Grant {
        id: "g",
        grantee: "arn:aws:iam::111122223333:role/app",
        grantee_id: Some("AROAAPP"),
        operations: &operations,
        constraint: Some(Constraint::Subset(&context)),
        source_arn: None,
    }];
    let attached = |document| [Attached { name: "p", document }];
    let (mine, all) = (attached(document), attached(&*ALL));
    let voices = match kind {
        Kind::Key | Kind::Trust => Voices { resource_policy: Some(document), grants: &grants, ..Voices::default() },
        Kind::Identity => Voices { resource_policy: Some(&DEFAULT), identity_policies: &mine, ..Voices::default() },
        Kind::Session => Voices {
            resource_policy: Some(&DEFAULT),
            identity_policies: &all,
            session_policy: Some(document),
            ..Voices::default()
        },
    };
    let decision = decide(request, &voices);
    let source = decision.source().map(|source| (source.voice, source.statement, source.sid.map(str::to_owned)));
    (decision.effect(), format!("{:?} {source:?}", decision.because()))
}

/// The document, and behind its statements its first one as a Deny; `None` where that is none.
fn with_a_deny(text: &str, kind: Kind) -> Option<Document> {
    let mut json: serde_json::Value = serde_json::from_str(text).ok()?;
    let statements = json.get_mut("Statement")?;
    if statements.is_object() {
        *statements = serde_json::Value::Array(vec![statements.take()]);
    }
    let statements = statements.as_array_mut()?;
    let mut deny = statements.first()?.clone();
    let members = deny.as_object_mut()?;
    members.insert("Effect".to_owned(), "Deny".into());
    members.remove("Sid");
    statements.push(deny);
    Document::compile(&json.to_string(), kind).ok()
}

fn resource(kind: Kind) -> Resource<'static> {
    match kind {
        Kind::Key | Kind::Identity | Kind::Session => Resource { account: OURS, arn: KEY },
        Kind::Trust => Resource { account: OURS, arn: "arn:aws:iam::111122223333:role/app" },
    }
}

fn abroad(kind: Kind) -> Resource<'static> {
    Resource { account: "444455556666", ..resource(kind) }
}

/// An action that the document names, or one of everyday.
fn action<'a>(kind: Kind, words: &[&'a str], turn: usize) -> &'a str {
    let named = words.iter().filter(|word| word.contains(':') && !word.contains(['*', '?', '$', '/']));
    match kind {
        Kind::Trust if turn == 0 => "sts:AssumeRole",
        Kind::Key | Kind::Identity | Kind::Session if turn == 0 => "kms:Encrypt",
        Kind::Key | Kind::Trust | Kind::Identity | Kind::Session => {
            named.copied().nth(turn - 1).unwrap_or("kms:Decrypt")
        }
    }
}

/// Facts out of the document's own words, so that conditions can hold: which and how many, the key's name decides.
struct Circumstances<'a> {
    words: &'a [&'a str],
    turn: usize,
    asked: AtomicUsize,
}

const VALUES_AT_MOST: usize = 3;

impl Facts for Circumstances<'_> {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let seed = key.bytes().fold(self.turn, |seed, byte| seed.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let word = |place: usize| self.words.get((seed / 8 + place) % self.words.len().max(1)).copied().unwrap_or("");
        match seed % 8 {
            0 => return Arity::Absent,
            1 => visit(Value::Bool(seed % 16 > 8)),
            2 => visit(Value::Number(i64::try_from(seed % 1000).unwrap_or(0))),
            3 => visit(Value::Time(i64::try_from(seed >> 8).unwrap_or(i64::MAX))),
            4 => visit(Value::Address([203, 0, 113, 7].into())),
            5 | 6 => visit(Value::Text(word(0))),
            _ => {
                (0..seed / 8 % (VALUES_AT_MOST + 1)).for_each(|place| visit(Value::Text(word(place))));
                return Arity::Many;
            }
        }
        Arity::One
    }
}
