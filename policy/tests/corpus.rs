//! Does `policy`, and the reference engine beside it, decide every case of the corpus as the case says? How cases are
//! written is in `corpus/README.md`.

mod common;
mod corpus_file;
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::Documents;
use common::subject::{Compiled, policy_kind};
use corpus_file::{Asked, CorpusFile, read_folder};
use policy::{Document, DocumentError};
use reference::grammar::Refusal;

#[test]
fn every_case_is_decided_as_it_says() -> Result<(), String> {
    let mut wrong = Vec::new();
    for_each_decision(|file, asked, documents| {
        let said = asked.expected()?;
        let question = asked.question()?;
        let by_policy = Compiled::of(documents).map(|compiled| compiled.decide(&question));
        let by_reference = reference::decide(&question, documents);
        if by_policy.as_ref() != Ok(&said) || by_reference != said {
            wrong.push(format!(
                "{file}: {}: it says {said:?}, policy {by_policy:?}, the reference {by_reference:?}",
                asked.name
            ));
        }
        Ok(())
    })?;
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

#[test]
fn every_text_is_accepted_or_refused_as_it_says() -> Result<(), String> {
    let mut wrong = Vec::new();
    let mut refused = 0;
    for (file, CorpusFile { texts, .. }) in corpus()? {
        for case in texts {
            let (said, kind) = (case.expected()?, case.kind()?);
            let compiled = Document::compile(&case.text(), policy_kind(kind)).map(|_| ());
            let message = compiled.as_ref().err().map(ToString::to_string).unwrap_or_default();
            let by_policy = compiled.map_err(|error| match error {
                DocumentError::Malformed(_) => Refusal::Malformed,
                DocumentError::InvalidArn(_) => Refusal::InvalidArn,
            });
            let by_reference = reference::check(&case.text(), kind);
            if by_policy != said || by_reference != said {
                wrong.push(format!(
                    "{file}: {}: it says {said:?}, policy {by_policy:?} {message:?}, the reference {by_reference:?}",
                    case.name
                ));
            }
            if !case.message.as_ref().is_none_or(|part| message.contains(part)) {
                wrong.push(format!("{file}: {}: the refusal reads {message:?}", case.name));
            }
            refused += usize::from(said.is_err());
        }
    }
    if refused < 150 {
        wrong.push(format!("only {refused} refusals: some of them were lost"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// A pair of cases that differ in the value of the key alone shows that the key decides.
#[test]
fn every_condition_key_decides_an_allow_and_a_deny() -> Result<(), String> {
    let mut decided: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for_each_decision(|_, asked, documents| {
        if let Some(key) = asked.only_fact().filter(|key| documents.mention(key)) {
            let answers = decided.entry(key).or_default().entry(asked.setting()).or_default();
            answers.insert(asked.expect.clone());
        }
        Ok(())
    })?;
    let both = |key: &str| {
        let settings = decided.get(&key.to_lowercase());
        settings.is_some_and(|settings| settings.values().any(|answers| answers.len() == 2))
    };
    let missing: Vec<&str> = CONDITION_KEYS.iter().copied().filter(|key| !both(key)).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("write an allow and a deny case for {missing:?}")) }
}

#[test]
fn the_corpus_is_whole() -> Result<(), String> {
    let corpus = corpus()?;
    let (published, own): (Vec<_>, Vec<_>) = corpus.iter().partition(|(name, _)| name.starts_with("published/"));
    let own_cases: usize = own.iter().map(|(_, file)| file.asked.len() + file.texts.len()).sum();
    if own_cases < 1_300 || published.len() < 45 {
        return Err(format!("{own_cases} cases and {} published policies: some were lost", published.len()));
    }
    let mut claims = BTreeSet::new();
    for (name, file) in &corpus {
        if file.about.is_empty() {
            return Err(format!("{name} does not say what it is about"));
        }
        let cases = file.asked.iter().map(|case| (&case.name, &case.source));
        for (claim, source) in cases.chain(file.texts.iter().map(|case| (&case.name, &case.source))) {
            if !claims.insert(claim.clone()) {
                return Err(format!("{name}: two cases claim: {claim}"));
            }
            if !source.starts_with("https://docs.aws.amazon.com/") {
                return Err(format!("{name}: {claim}: name the page that says so"));
            }
        }
    }
    Ok(())
}

/// A published policy opens something and keeps something closed, and its cases are from one page.
#[test]
fn every_published_policy_has_both_sides() -> Result<(), String> {
    for (name, file) in corpus()?.iter().filter(|(name, _)| name.starts_with("published/")) {
        let answers: BTreeSet<&str> = file.asked.iter().map(|asked| asked.expect.as_str()).collect();
        let pages: BTreeSet<_> = file.asked.iter().map(|asked| asked.source.split('#').next()).collect();
        if answers.len() != 2 || pages.len() != 1 || file.asked.len() < 3 {
            return Err(format!("{name}: three cases at least, an allow and a deny among them, from one page"));
        }
    }
    Ok(())
}

fn for_each_decision(mut visit: impl FnMut(&str, &Asked, &Documents) -> Result<(), String>) -> Result<(), String> {
    for (name, file) in corpus()? {
        for asked in &file.asked {
            let at = |error: String| format!("{name}: {}: {error}", asked.name);
            let documents = asked.documents(&file).map_err(at)?;
            visit(&name, asked, &documents).map_err(at)?;
        }
    }
    Ok(())
}

fn corpus() -> Result<Vec<(String, CorpusFile)>, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files = read_folder(&folder, "")?;
    files.extend(read_folder(&folder.join("published"), "published/")?);
    Ok(files)
}

/// KMS's own keys and the global ones that a call of KMS can know, each family with a member.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>,
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const CONDITION_KEYS: [&str; 67] = [
    "kms:BypassPolicyLockoutSafetyCheck",
    "kms:CallerAccount",
    "kms:CustomerMasterKeySpec",
    "kms:CustomerMasterKeyUsage",
    "kms:DataKeyPairSpec",
    "kms:EncryptionAlgorithm",
    "kms:EncryptionContext:app",
    "kms:EncryptionContextKeys",
    "kms:ExpirationModel",
    "kms:GrantConstraintSourceArn",
    "kms:GrantConstraintType",
    "kms:GranteePrincipal",
    "kms:GranteeServicePrincipal",
    "kms:GrantIsForAWSResource",
    "kms:GrantOperations",
    "kms:KeyAgreementAlgorithm",
    "kms:KeyOrigin",
    "kms:KeySpec",
    "kms:KeyUsage",
    "kms:MacAlgorithm",
    "kms:MessageType",
    "kms:MultiRegion",
    "kms:MultiRegionKeyType",
    "kms:PolicyName",
    "kms:PrimaryRegion",
    "kms:RecipientAttestation:ImageSha384",
    "kms:RecipientAttestation:PCR0",
    "kms:ReEncryptOnSameKey",
    "kms:ReplicaRegion",
    "kms:RequestAlias",
    "kms:ResourceAliases",
    "kms:RetiringPrincipal",
    "kms:RetiringServicePrincipal",
    "kms:RotationPeriodInDays",
    "kms:ScheduleKeyDeletionPendingWindowInDays",
    "kms:SigningAlgorithm",
    "kms:TrailingDaysWithoutKeyUsage",
    "kms:ValidTo",
    "kms:ViaService",
    "kms:WrappingAlgorithm",
    "kms:WrappingKeySpec",
    "aws:RequestTag/cost-center",
    "aws:TagKeys",
    "aws:ResourceTag/stage",
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalType",
    "aws:PrincipalTag/team",
    "aws:userid",
    "aws:username",
    "aws:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:SourceArn",
    "aws:SourceAccount",
    "aws:SecureTransport",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:RequestedRegion",
    "aws:CalledVia",
    "aws:ViaAWSService",
    "aws:MultiFactorAuthPresent",
    "aws:MultiFactorAuthAge",
    "aws:TokenIssueTime",
    "aws:UserAgent",
    "aws:Referer",
];
