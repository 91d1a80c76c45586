//! What does a file of the corpus say? Its form is explained in `corpus/README.md`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::common::{
    Caller, Constraint, Datum, Documents, Fact, Facts, Grant, Kind, Question, Resource, ResourcePolicy, Who,
};
use crate::reference::grammar::Refusal;
use crate::reference::{Answer, Reason, Voice};

pub struct CorpusFile {
    pub about: String,
    /// For every case that has none of its own.
    documents: Option<Written>,
    /// Cases that ask for a decision.
    pub asked: Vec<Asked>,
    /// Cases that ask whether a text is a policy.
    pub texts: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenFile {
    about: String,
    documents: Option<Written>,
    cases: Vec<Json>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    pub name: String,
    pub source: String,
    documents: Option<Written>,
    principal: String,
    /// The role of a session, where it has a path.
    role: Option<String>,
    /// The unique id of a user or of a session's role, where it matters.
    principal_id: Option<String>,
    action: String,
    resource: Option<String>,
    encryption_context: Option<BTreeMap<String, String>>,
    facts: Map<String, Json>,
    pub expect: String,
    because: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub name: String,
    pub source: String,
    kind: String,
    document: Option<Json>,
    text: Option<String>,
    expect: String,
    #[serde(default)]
    because: String,
    pub message: Option<String>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    key_policy: Option<Json>,
    trust_policy: Option<Json>,
    #[serde(default)]
    pins: BTreeMap<String, String>,
    #[serde(default)]
    identity_policies: BTreeMap<String, Json>,
    session_policy: Option<Json>,
    #[serde(default)]
    grants: Vec<WrittenGrant>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGrant {
    id: String,
    grantee: String,
    grantee_id: Option<String>,
    operations: Vec<String>,
    encryption_context_equals: Option<BTreeMap<String, String>>,
    encryption_context_subset: Option<BTreeMap<String, String>>,
    source_arn: Option<String>,
}

/// Every file of the folder with its name behind the prefix.
pub fn read_folder(folder: &Path, prefix: &str) -> Result<Vec<(String, CorpusFile)>, String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
            let text = fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?;
            let file = read(&text).map_err(|error| format!("{name}: {error}"))?;
            files.push((name, file));
        }
    }
    Ok(files)
}

fn read(text: &str) -> Result<CorpusFile, String> {
    let written: WrittenFile = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let (mut asked, mut texts) = (Vec::new(), Vec::new());
    for case in written.cases {
        let shown = case["name"].to_string();
        let at = |error: serde_json::Error| format!("{shown}: {error}");
        if case.get("kind").is_some() {
            texts.push(serde_json::from_value(case).map_err(at)?);
        } else {
            asked.push(serde_json::from_value(case).map_err(at)?);
        }
    }
    Ok(CorpusFile { about: written.about, documents: written.documents, asked, texts })
}

impl Asked {
    /// The case's documents, or its file's.
    pub fn documents(&self, file: &CorpusFile) -> Result<Documents, String> {
        let written = self.documents.clone().or_else(|| file.documents.clone()).ok_or("no documents")?;
        let resource_policy = match (written.key_policy, written.trust_policy) {
            (None, None) => None,
            (Some(document), None) => Some(ResourcePolicy { kind: Kind::Key, document, pins: written.pins }),
            (None, Some(document)) => Some(ResourcePolicy { kind: Kind::Trust, document, pins: written.pins }),
            (Some(_), Some(_)) => return Err("a resource has one policy".to_owned()),
        };
        Ok(Documents {
            resource_policy,
            identity_policies: written.identity_policies.into_iter().collect(),
            session_policy: written.session_policy,
            grants: written.grants.into_iter().map(Grant::from).collect(),
        })
    }

    /// What is asked, with the encryption context among the facts.
    pub fn question(&self) -> Result<Question, String> {
        let mut facts = BTreeMap::new();
        for (name, value) in self.encryption_context.iter().flatten() {
            let key = format!("kms:encryptioncontext:{}", name.to_lowercase());
            facts.insert(key, Fact::One(Datum::Text(value.clone())));
        }
        if let Some(context) = &self.encryption_context {
            let names = context.keys().cloned().map(Datum::Text).collect();
            facts.insert("kms:encryptioncontextkeys".to_owned(), Fact::Many(names));
        }
        for (key, value) in &self.facts {
            facts.insert(key.to_lowercase(), fact(value)?);
        }
        Ok(Question {
            caller: self.caller()?,
            action: self.action.clone(),
            resource: self.resource.as_deref().map(resource).transpose()?,
            across_accounts: ACROSS_ACCOUNTS.iter().any(|action| self.action.eq_ignore_ascii_case(action)),
            context: self.encryption_context.clone(),
            facts: Facts(facts),
        })
    }

    fn caller(&self) -> Result<Caller, String> {
        let parts: Vec<&str> = self.principal.splitn(6, ':').collect();
        let ["arn", "aws", service, "", account, entity] = parts[..] else {
            return Err(format!("no principal: {}", self.principal));
        };
        let id = |name: &str, prefix: &str| {
            self.principal_id.clone().unwrap_or_else(|| format!("{prefix}{}", name.to_ascii_uppercase()))
        };
        let names: Vec<&str> = entity.split('/').collect();
        let who = match (service, &names[..]) {
            ("iam", ["root"]) => Who::Root,
            ("iam", ["user", .., name]) => Who::User { arn: self.principal.clone(), id: id(name, "AIDA") },
            ("sts", ["assumed-role", role, _]) => Who::Session {
                role_arn: self.role.clone().unwrap_or_else(|| format!("arn:aws:iam::{account}:role/{role}")),
                role_id: id(role, "AROA"),
                arn: self.principal.clone(),
            },
            _ => return Err(format!("nobody calls as {}", self.principal)),
        };
        Ok(Caller { account: account.to_owned(), who })
    }

    pub fn expected(&self) -> Result<Answer, String> {
        let voice = |word: &str| match word {
            "resource" => Ok(Voice::Resource),
            "identity" => Ok(Voice::Identity),
            "session" => Ok(Voice::Session),
            "grant" => Ok(Voice::Grant),
            _ => Err(format!("no voice: {word}")),
        };
        Ok(match (self.expect.as_str(), self.because.split_once(':')) {
            ("allow", None) if self.because == "root" => Answer::Allow(Reason::RootOfTheAccount),
            ("allow", None) => Answer::Allow(Reason::Allowed(voice(&self.because)?)),
            ("deny", None) if self.because == "another-account" => Answer::Deny(Reason::AnotherAccount),
            ("deny", Some(("deny", word))) => Answer::Deny(Reason::ExplicitDeny(voice(word)?)),
            ("deny", Some(("nothing", word))) => Answer::Deny(Reason::NothingAllows(voice(word)?)),
            _ => return Err(format!("{} because {}?", self.expect, self.because)),
        })
    }

    /// The key of the only fact that the case has, so that its answer is due to it; none if it has several.
    pub fn only_fact(&self) -> Option<String> {
        let key = self.facts.keys().next()?.to_lowercase();
        (self.facts.len() == 1 && self.encryption_context.is_none()).then_some(key)
    }

    /// Everything about the case but its facts and answer.
    pub fn setting(&self) -> String {
        let documents = self.documents.as_ref().map(|written| {
            format!("{:?} {:?} {:?}", written.key_policy, written.identity_policies, written.session_policy)
        });
        format!("{} {} {:?} {documents:?} {}", self.principal, self.action, self.resource, self.source)
    }
}

impl Documents {
    /// Whether a condition of a document names the key.
    pub fn mention(&self, key: &str) -> bool {
        let policies = self.resource_policy.iter().map(|policy| &policy.document);
        let policies = policies.chain(self.identity_policies.iter().map(|(_, document)| document));
        policies
            .chain(&self.session_policy)
            .any(|document| document.to_string().to_ascii_lowercase().contains(&format!("\"{key}\":")))
    }
}

impl Text {
    pub fn text(&self) -> String {
        self.text.clone().unwrap_or_else(|| self.document.clone().unwrap_or_default().to_string())
    }

    pub fn kind(&self) -> Result<Kind, String> {
        match self.kind.as_str() {
            "key" => Ok(Kind::Key),
            "trust" => Ok(Kind::Trust),
            "identity" => Ok(Kind::Identity),
            "session" => Ok(Kind::Session),
            other => Err(format!("no kind of policy: {other}")),
        }
    }

    pub fn expected(&self) -> Result<Result<(), Refusal>, String> {
        match (self.expect.as_str(), self.because.as_str()) {
            ("accept", "") => Ok(Ok(())),
            ("refuse", "MalformedPolicyDocument") => Ok(Err(Refusal::Malformed)),
            ("refuse", "InvalidArn") => Ok(Err(Refusal::InvalidArn)),
            (expect, because) => Err(format!("{expect} because {because}?")),
        }
    }
}

impl From<WrittenGrant> for Grant {
    fn from(written: WrittenGrant) -> Grant {
        let equals = written.encryption_context_equals.map(Constraint::Equals);
        Grant {
            id: written.id,
            grantee: written.grantee,
            grantee_id: written.grantee_id,
            operations: written.operations,
            constraint: equals.or(written.encryption_context_subset.map(Constraint::Subset)),
            source_arn: written.source_arn,
        }
    }
}

fn resource(arn: &str) -> Result<Resource, String> {
    let account = arn.split(':').nth(4).ok_or_else(|| format!("no ARN: {arn}"))?;
    Ok(Resource { account: account.to_owned(), arn: arn.to_owned() })
}

fn fact(value: &Json) -> Result<Fact, String> {
    match value {
        Json::Array(values) => Ok(Fact::Many(values.iter().map(datum).collect::<Result<_, _>>()?)),
        one => datum(one).map(Fact::One),
    }
}

fn datum(value: &Json) -> Result<Datum, String> {
    let bad = || format!("no fact: {value}");
    if let Some(text) = value.as_str() {
        return Ok(Datum::Text(text.to_owned()));
    }
    let (kind, value) = value.as_object().and_then(|members| members.iter().next()).ok_or_else(bad)?;
    match kind.as_str() {
        "number" => value.as_i64().map(Datum::Number),
        "bool" => value.as_bool().map(Datum::Bool),
        "time" => value.as_str().and_then(crate::reference::readings::date).map(Datum::Time),
        "ip" => value.as_str().and_then(|text| text.parse().ok()).map(Datum::Address),
        _ => None,
    }
    .ok_or_else(bad)
}

/// <https://docs.aws.amazon.com/kms/latest/developerguide/kms-api-permissions-reference.html>, column "Cross-account use",
/// and for roles sts:AssumeRole.
const ACROSS_ACCOUNTS: [&str; 23] = [
    "kms:CreateGrant",
    "kms:Decapsulate",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:DescribeKey",
    "kms:Encapsulate",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListGrants",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RetireGrant",
    "kms:RevokeGrant",
    "kms:Sign",
    "kms:Verify",
    "kms:VerifyMac",
    "sts:AssumeRole",
];
