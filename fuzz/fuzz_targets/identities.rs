//! Identities, as whoever manages them can write them: the body of any verb, the file that declares them, and the parameters
//! that ask for a session. What is taken keeps its bounds, and neither a refusal nor a record repeats a secret.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crypto::StoreKey;
use crypto::session::{MAX_SESSION_LEN, SessionKey};
use crypto::testing::Seeded;
use iam::identities_toml::Desired;
use iam::record::{Role, Trust};
use iam::sts::{AssumeRole, Parameters, Session};
use iam::verb::{Asked, Speaker, Verb};
use iam::{Draw, Refusal};
use libfuzzer_sys::fuzz_target;

static RANDOM: LazyLock<Seeded> = LazyLock::new(|| Seeded::new(1));
static SESSIONS: LazyLock<SessionKey> = LazyLock::new(|| StoreKey::generate(&*RANDOM).sessions());

/// As a policy document that the input names by a file.
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"sts:*"}}"#;
/// Shorter ones stand in a text by chance.
const SECRET_AT_LEAST: usize = 16;

fuzz_target!(|input: &[u8]| {
    for speaker in [Speaker::Root, Speaker::User("ann"), Speaker::Session] {
        Verb::ALL.into_iter().for_each(|verb| asked(verb, input, speaker));
    }
    let Ok(text) = std::str::from_utf8(input) else { return };
    declared(text);
    assumed(text);
});

/// A body asks for something within IAM's bounds, or is refused in a sentence.
fn asked(verb: Verb, body: &[u8], speaker: Speaker<'_>) {
    let secret = secret_of(body);
    match Asked::parse(verb, body, speaker) {
        Ok(asked) => {
            assert_eq!(asked.verb(), verb);
            assert_eq!(asked.actions().first(), Some(&verb.action()), "its own action comes first");
            assert!(asked.request_tags().is_none_or(|tags| tags.len() <= 50) && asked.tag_keys().len() <= 50);
            let recorded = asked.recorded().to_string();
            assert!(!recorded.contains('\n') && !holds(&recorded, &secret), "{recorded}");
        }
        Err(refusal) => refused(&refusal, &secret),
    }
}

fn refused(refusal: &Refusal, secret: &Option<String>) {
    assert!((400..500).contains(&refusal.status), "{refusal}");
    assert!(refusal.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !refusal.message.is_empty());
    assert!(!holds(&refusal.message, secret), "{refusal}");
}

/// A file declares identities, or is refused by one of its lines.
fn declared(text: &str) {
    let mut file = |name: &str| if name.len() % 2 == 0 { Ok(POLICY.to_owned()) } else { Err("no file".to_owned()) };
    match Desired::parse(text, &mut file) {
        Ok(desired) => {
            let (accounts, mut once) = (desired.accounts(), desired.accounts());
            once.sort_unstable();
            once.dedup();
            assert_eq!(accounts.len(), once.len(), "no account is declared twice");
            assert!(accounts.iter().flatten().all(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())));
            assert!(!desired.has_secrets() || text.contains("secret"));
        }
        Err(why) => {
            let line = why.strip_prefix("line ").and_then(|why| why.split_once(": ")).map(|(line, _)| line.parse());
            let lines = 1 + text.matches('\n').count();
            assert!(line.is_some_and(|line| line.is_ok_and(|line: usize| (1..=lines).contains(&line))), "{why}");
            let secret = text.split_once("secret = \"").and_then(|(_, rest)| rest.split_once('"')).map(|(it, _)| it);
            let secret = secret.filter(|it| is_told_apart(it, text));
            assert!(secret.is_none_or(|it| !why.contains(it)), "the secret stands in a refusal");
        }
    }
}

/// Parameters ask for a session, by themselves and from the session that they got; or are refused.
fn assumed(text: &str) {
    let given = parameters(text);
    let mut caller: Option<Session> = None;
    for _ in 0..2 {
        let asked = match AssumeRole::check(given.clone(), caller.as_ref()) {
            Ok(asked) => asked,
            Err(refusal) => return refused(&refusal, &None),
        };
        assert_eq!(asked.role_arn(), given.role_arn);
        assert_eq!(asked.actions().first(), Some(&"sts:AssumeRole"));
        assert!(asked.packed_percent().is_none_or(|percent| percent <= 100));
        assert!(!asked.recorded().to_string().contains('\n'));
        match asked.session(&role(&asked), Draw { random: &*RANDOM, now_ms: 0 }) {
            Ok(session) => caller = Some(carried(&session)),
            Err(refusal) => return refused(&refusal, &None),
        }
    }
}

/// Parameters by their names, a tag by any other; `wire` reads those of a client.
fn parameters(text: &str) -> Parameters {
    let mut given = Parameters::default();
    for (name, value) in text.split('&').filter_map(|member| member.split_once('=')) {
        let value = value.to_owned();
        match name {
            "RoleArn" => given.role_arn = value,
            "RoleSessionName" => given.role_session_name = value,
            "DurationSeconds" => given.duration_seconds = value.parse().ok(),
            "Policy" => given.policy = Some(value),
            "ExternalId" => given.external_id = Some(value),
            "SourceIdentity" => given.source_identity = Some(value),
            "TransitiveTagKeys" => given.transitive_tag_keys.push(value),
            tag => given.tags.push((tag.to_owned(), value)),
        }
    }
    given
}

/// Every session fits into a token, and comes back out of it.
fn carried(session: &Session) -> Session {
    assert!(!session.is_over(0) && session.is_over(43_200_000));
    let token = session.seal(&SESSIONS, &*RANDOM);
    assert!(token.len() <= (MAX_SESSION_LEN + 49).div_ceil(3) * 4);
    let opened = Session::open(&token, &SESSIONS).expect("a session opens");
    assert!(opened.arn("aws") == session.arn("aws") && opened.role_arn("aws") == session.role_arn("aws"));
    assert!(opened.policy == session.policy && opened.tags == session.tags && opened.transitive == session.transitive);
    assert_eq!(opened.source_identity, session.source_identity);
    opened
}

/// The role that is asked for.
fn role(asked: &AssumeRole) -> Role {
    Role {
        name: asked.role_name().to_owned(),
        path: "/".to_owned(),
        id: "AROAEXAMPLE".to_owned(),
        created: 0,
        description: String::new(),
        trust: Trust::compile(TRUST.to_owned()).expect("it compiles"),
        max_session_seconds: 43_200,
        tags: BTreeMap::new(),
        policies: BTreeMap::new(),
    }
}

/// The secret that a body holds and says nowhere else.
fn secret_of(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    let secret = json.get("SecretAccessKey")?.as_str()?.to_owned();
    let text = std::str::from_utf8(body).ok()?;
    is_told_apart(&secret, text).then_some(secret)
}

/// Whether nothing but the secret itself could put these letters into a sentence.
fn is_told_apart(secret: &str, text: &str) -> bool {
    let is_word = secret.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_word && secret.contains('7') && secret.len() >= SECRET_AT_LEAST && text.matches(secret).count() == 1
}

fn holds(text: &str, secret: &Option<String>) -> bool {
    secret.as_deref().is_some_and(|secret| text.contains(secret))
}
