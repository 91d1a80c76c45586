//! Circumstances: what the condition keys of a policy say of one call. Every value comes from what was verified: the
//! caller's proof, the peer's address, the clock, the request as it will be carried out, the key's own record. What a
//! client only claims (`User-Agent`, `Referer`, any header that names a source) is no fact and stays absent. What is told
//! of every call alike is [`crate::facts`]'.
//!
//! <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html>
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::{BTreeMap, BTreeSet};

use crypto::spec::{Algorithm, KeySpec, KeyUsage};
use policy::{Arity, Facts, Value};
use wire::Op;

use crate::Time;
use crate::facts::{Situation, many, maybe, one, pairs, text};
use crate::grants::Child;
use crate::keys::lifecycle::{KeyOrigin, RegionPart};
use crate::ops::Action;

use super::create::NewKey;
use super::cx::{Ask, Context};
use super::view::Key;
use super::voices::Named;

/// What a request says beyond the key, the algorithm and the encryption context, as far as a condition can ask about
/// it. `None`: the operation has no such member, or AWS counts it as unsaid.
#[derive(Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub new_key: Option<AskedKey>,
    pub tags: Option<&'a BTreeMap<String, String>>,
    pub tag_keys: Option<&'a [String]>,
    pub policy_name: Option<&'a str>,
    /// Said to be true; AWS counts false as unsaid.
    pub bypass_policy_lockout_safety_check: bool,
    pub expiration_model: Option<&'a str>,
    pub valid_to: Option<Time>,
    pub wrapping_algorithm: Option<&'a str>,
    pub wrapping_key_spec: Option<&'a str>,
    pub rotation_period_in_days: Option<u16>,
    pub pending_window_in_days: Option<u16>,
    pub data_key_pair_spec: Option<&'a str>,
    pub message_type: Option<&'a str>,
    pub primary_region: Option<&'a str>,
    pub replica_region: Option<&'a str>,
    pub grant: Option<AskedGrant<'a>>,
}

/// The key that is to be made.
#[derive(Clone, Copy)]
pub(crate) struct AskedKey {
    pub spec: KeySpec,
    pub usage: KeyUsage,
    pub origin: KeyOrigin,
    pub part: RegionPart,
}

impl AskedKey {
    /// What is asked for where this key is made.
    pub fn of(new: &NewKey) -> AskedKey {
        AskedKey { spec: new.spec, usage: new.usage, origin: new.origin, part: new.part }
    }
}

/// The grant that is to be made.
#[derive(Clone, Copy)]
pub(crate) struct AskedGrant<'a> {
    pub grantee_principal: Option<&'a str>,
    pub grantee_service_principal: Option<&'a str>,
    pub retiring_principal: Option<&'a str>,
    pub retiring_service_principal: Option<&'a str>,
    /// Its operations and constraints.
    pub child: &'a Child,
}

impl<'a> AskedGrant<'a> {
    /// Which constraint on encryption contexts it has, and the context in that. An empty subset is none: every context
    /// has it.
    fn constraint(&self) -> Option<(&'static str, &'a Context)> {
        let terms = &self.child.terms;
        let equals = terms.equals.as_ref().map(|context| ("EncryptionContextEquals", context));
        let subset = terms.subset.as_ref().filter(|context| !context.is_empty());
        equals.or(subset.map(|context| ("EncryptionContextSubset", context)))
    }
}

/// The circumstances of one question.
pub(crate) struct Circumstances<'a> {
    pub situation: Situation<'a>,
    pub ask: &'a Ask<'a>,
    /// The one of its actions that is asked about.
    pub action: Action,
    /// What outweighs all that is known: only questions that nobody acts on have it.
    pub given: Option<&'a BTreeMap<String, Vec<String>>>,
    /// None where the question is about an alias, or about no resource.
    pub key: Option<&'a Key>,
    pub named: Named<'a>,
    /// All aliases of the key, if a document asks.
    pub aliases: Option<&'a BTreeSet<String>>,
    /// The tags of the key, if a document asks.
    pub tags: Option<&'a BTreeMap<String, String>>,
    /// Since when the key has not been used, for the operations that AWS tells it of.
    pub idle_since: Option<Time>,
}

impl Facts for Circumstances<'_> {
    fn values(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        if let Some(given) = self.given(key) {
            return told(key, given, visit);
        }
        let Some((service, name)) = key.split_once(':') else { return Arity::Absent };
        match service {
            "kms" => match name.split_once(':') {
                Some(("encryptioncontext", name)) => pairs(self.context(), name, visit),
                Some(_) => Arity::Absent,
                None => self.kms(name, visit),
            },
            _ => self.situation.fact(key, visit).unwrap_or_else(|| self.global(key, visit)),
        }
    }
}

impl Circumstances<'_> {
    fn given(&self, key: &str) -> Option<&[String]> {
        let given = self.given?.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        given.map(|(_, values)| values.as_slice())
    }

    /// The keys of KMS by what follows `kms:`.
    fn kms(&self, name: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        let (asked, grant) = (&self.ask.asked, self.ask.asked.grant.as_ref());
        let (spec, usage, origin, part) = self.key_facts();
        match name {
            "calleraccount" => one(Value::Text(self.situation.identity.account()), visit),
            "keyspec" | "customermasterkeyspec" => text(spec.map(KeySpec::as_str), visit),
            "keyusage" | "customermasterkeyusage" => text(usage.map(KeyUsage::as_str), visit),
            "keyorigin" => text(origin.map(KeyOrigin::as_str), visit),
            "multiregion" => maybe(part.map(|part| Value::Bool(part != RegionPart::SingleRegion)), visit),
            "multiregionkeytype" => text(part.and_then(RegionPart::as_str), visit),
            "encryptioncontextkeys" => many(self.context().into_iter().flat_map(BTreeMap::keys), visit),
            "encryptionalgorithm" => self.algorithm(Family::Encryption, visit),
            "signingalgorithm" => self.algorithm(Family::Signing, visit),
            "macalgorithm" => self.algorithm(Family::Mac, visit),
            "keyagreementalgorithm" => self.algorithm(Family::Agreement, visit),
            "messagetype" => text(asked.message_type, visit),
            "datakeypairspec" => text(asked.data_key_pair_spec, visit),
            "reencryptonsamekey" => maybe(self.named.on_same_key.map(Value::Bool), visit),
            "requestalias" => text(self.named.alias, visit),
            "resourcealiases" => many(self.aliases.into_iter().flatten(), visit),
            "policyname" => text(asked.policy_name, visit),
            "bypasspolicylockoutsafetycheck" => {
                maybe(asked.bypass_policy_lockout_safety_check.then_some(Value::Bool(true)), visit)
            }
            "expirationmodel" => text(asked.expiration_model, visit),
            "validto" => maybe(asked.valid_to.map(|date| Value::Time(date.0)), visit),
            "wrappingalgorithm" => text(asked.wrapping_algorithm, visit),
            "wrappingkeyspec" => text(asked.wrapping_key_spec, visit),
            "rotationperiodindays" => number(asked.rotation_period_in_days, visit),
            "schedulekeydeletionpendingwindowindays" => number(asked.pending_window_in_days, visit),
            "trailingdayswithoutkeyusage" => maybe(self.trailing_days().map(Value::Number), visit),
            "primaryregion" => text(asked.primary_region, visit),
            "replicaregion" => text(asked.replica_region, visit),
            "granteeprincipal" => text(grant.and_then(|grant| grant.grantee_principal), visit),
            "granteeserviceprincipal" => text(grant.and_then(|grant| grant.grantee_service_principal), visit),
            "retiringprincipal" => text(grant.and_then(|grant| grant.retiring_principal), visit),
            "retiringserviceprincipal" => text(grant.and_then(|grant| grant.retiring_service_principal), visit),
            "grantoperations" => many(grant.into_iter().flat_map(|grant| &grant.child.operations), visit),
            "grantconstrainttype" => text(grant.and_then(AskedGrant::constraint).map(|(kind, _)| kind), visit),
            "grantconstraintsourcearn" => text(grant.and_then(|grant| grant.child.terms.source_arn.as_deref()), visit),
            "grantisforawsresource" => maybe(self.is_for_aws_resource().map(Value::Bool), visit),
            _ => Arity::Absent,
        }
    }

    /// The global keys about what is asked for, whole.
    fn global(&self, key: &str, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        let asked = &self.ask.asked;
        if let Some(name) = key.strip_prefix("aws:requesttag/") {
            return pairs(asked.tags, name, visit);
        }
        if let Some(name) = key.strip_prefix("aws:resourcetag/") {
            return pairs(self.tags, name, visit);
        }
        match key {
            "aws:resourceaccount" => text(self.key.map(|key| key.world.account.as_str()), visit),
            "aws:tagkeys" => match asked.tags {
                Some(tags) => many(tags.keys(), visit),
                None => many(asked.tag_keys.into_iter().flatten(), visit),
            },
            _ => Arity::Absent,
        }
    }

    /// Of the key, or of the one that is to be made.
    fn key_facts(&self) -> (Option<KeySpec>, Option<KeyUsage>, Option<KeyOrigin>, Option<RegionPart>) {
        match (self.key, self.ask.asked.new_key) {
            (Some(key), _) => {
                let record = key.record();
                (Some(record.spec), Some(record.usage), Some(record.facts.origin()), Some(key.part()))
            }
            (None, Some(new)) => (Some(new.spec), Some(new.usage), Some(new.origin), Some(new.part)),
            (None, None) => (None, None, None, None),
        }
    }

    /// The encryption context of the call, or the one that a grant is to be bound to.
    fn context(&self) -> Option<&Context> {
        let constraint = self.ask.asked.grant.as_ref().and_then(AskedGrant::constraint);
        self.ask.context.or(constraint.map(|(_, context)| context))
    }

    fn algorithm(&self, family: Family, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
        let algorithm = self.ask.algorithm.filter(|algorithm| Family::of(*algorithm) == family);
        text(algorithm.map(Algorithm::as_str), visit)
    }

    /// How many whole days the key was not used. After a clock was set back it counts as used today, so that whoever
    /// lets only idle keys go lets it not go.
    fn trailing_days(&self) -> Option<i64> {
        let asks = matches!(self.action, Action::Of(Op::DisableKey | Op::ScheduleKeyDeletion));
        self.idle_since.filter(|_| asks).map(|since| self.situation.now.days_since(since).max(0))
    }

    /// Only an AWS service would make a grant for a resource of its own.
    fn is_for_aws_resource(&self) -> Option<bool> {
        matches!(self.action, Action::Of(Op::CreateGrant | Op::ListGrants | Op::RevokeGrant)).then_some(false)
    }
}

/// Which condition key an algorithm belongs to.
#[derive(PartialEq, Eq)]
enum Family {
    Encryption,
    Signing,
    Mac,
    Agreement,
    /// AWS has no key for it.
    Encapsulation,
}

impl Family {
    fn of(algorithm: Algorithm) -> Family {
        use Algorithm as A;
        match algorithm {
            A::SymmetricDefault | A::RsaesOaepSha1 | A::RsaesOaepSha256 | A::Sm2Pke => Family::Encryption,
            A::RsassaPkcs1V15Sha256 | A::RsassaPkcs1V15Sha384 | A::RsassaPkcs1V15Sha512 => Family::Signing,
            A::RsassaPssSha256 | A::RsassaPssSha384 | A::RsassaPssSha512 => Family::Signing,
            A::EcdsaSha256 | A::EcdsaSha384 | A::EcdsaSha512 => Family::Signing,
            A::Ed25519Sha512 | A::Ed25519PhSha512 | A::Sm2Dsa | A::MlDsaShake256 => Family::Signing,
            A::HmacSha224 | A::HmacSha256 | A::HmacSha384 | A::HmacSha512 => Family::Mac,
            A::Ecdh => Family::Agreement,
            A::MlKem => Family::Encapsulation,
        }
    }
}

/// Values that somebody wrote down for a question, as a call would have them: dates and addresses are more than texts,
/// and what can have several values is never a variable.
fn told(key: &str, given: &[String], visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    for value in given {
        let typed = match key {
            "aws:sourceip" => value.parse().ok().map(Value::Address),
            "aws:currenttime" | "aws:tokenissuetime" | "kms:validto" => Value::time(value),
            _ => None,
        };
        visit(typed.unwrap_or(Value::Text(value)));
    }
    if given.len() == 1 && !SEVERAL.contains(&key) { Arity::One } else { Arity::Many }
}

fn number(value: Option<u16>, visit: &mut dyn FnMut(Value<'_>)) -> Arity {
    maybe(value.map(|value| Value::Number(value.into())), visit)
}

/// The condition keys that may have several values in one call.
const SEVERAL: [&str; 9] = [
    "aws:calledvia",
    "aws:principalorgpaths",
    "aws:principalservicenameslist",
    "aws:resourceorgpaths",
    "aws:sourceorgpaths",
    "aws:tagkeys",
    "kms:encryptioncontextkeys",
    "kms:grantoperations",
    "kms:resourcealiases",
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crypto::testing::Seeded;

    use super::*;
    use crate::identity::Identity;
    use crate::journey::View;
    use crate::keys::lifecycle::{Facts as Lifecycle, Set};
    use crate::records::{GrantTerms, KeyRecord, SetRecord};
    use crate::rows::Row;
    use crate::world::World;
    use crate::{Enforcement, Mode, Quotas, Service, home};

    /// AWS's pages of condition keys, KMS's and the global ones, in lower case; `app`, `a` and the like stand for any
    /// name. What Identity answers is in its own test.
    const PUBLISHED: [&str; 83] = [
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:chatbotsourcearn",
        "aws:currenttime",
        "aws:ec2instancesourceprivateipv4",
        "aws:ec2instancesourcevpc",
        "aws:epochtime",
        "aws:assumedroot",
        "aws:federatedprovider",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:referer",
        "aws:requestedregion",
        "aws:requesttag/a",
        "aws:resourceaccount",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:resourcetag/a",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:tagkeys",
        "aws:useragent",
        "aws:viaawsservice",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
        "kms:bypasspolicylockoutsafetycheck",
        "kms:calleraccount",
        "kms:customermasterkeyspec",
        "kms:customermasterkeyusage",
        "kms:datakeypairspec",
        "kms:encryptionalgorithm",
        "kms:encryptioncontext:app",
        "kms:encryptioncontextkeys",
        "kms:expirationmodel",
        "kms:grantconstraintsourcearn",
        "kms:grantconstrainttype",
        "kms:granteeprincipal",
        "kms:granteeserviceprincipal",
        "kms:grantisforawsresource",
        "kms:grantoperations",
        "kms:keyagreementalgorithm",
        "kms:keyorigin",
        "kms:keyspec",
        "kms:keyusage",
        "kms:macalgorithm",
        "kms:messagetype",
        "kms:multiregion",
        "kms:multiregionkeytype",
        "kms:policyname",
        "kms:primaryregion",
        "kms:recipientattestation:imagesha384",
        "kms:recipientattestation:nitrotpmpcr4",
        "kms:recipientattestation:pcr0",
        "kms:reencryptonsamekey",
        "kms:replicaregion",
        "kms:requestalias",
        "kms:resourcealiases",
        "kms:retiringprincipal",
        "kms:retiringserviceprincipal",
        "kms:rotationperiodindays",
        "kms:schedulekeydeletionpendingwindowindays",
        "kms:signingalgorithm",
        "kms:trailingdayswithoutkeyusage",
        "kms:validto",
        "kms:viaservice",
        "kms:wrappingalgorithm",
        "kms:wrappingkeyspec",
        "kms:nosuchkey",
    ];

    /// The condition keys that no call to this server has, and why. A positive operator on one of them never matches.
    const ABSENT: [(&str, &str); 33] = [
        ("kms:viaservice", "no AWS service calls on a user's behalf"),
        ("kms:recipientattestation:imagesha384", NO_RECIPIENT),
        ("kms:recipientattestation:pcr0", NO_RECIPIENT),
        ("kms:recipientattestation:nitrotpmpcr4", NO_RECIPIENT),
        ("aws:calledvia", NO_SERVICE),
        ("aws:calledviafirst", NO_SERVICE),
        ("aws:calledvialast", NO_SERVICE),
        ("aws:principalservicename", NO_SERVICE),
        ("aws:principalservicenameslist", NO_SERVICE),
        ("aws:sourceaccount", NO_SERVICE),
        ("aws:sourcearn", NO_SERVICE),
        ("aws:sourceorgid", NO_SERVICE),
        ("aws:sourceorgpaths", NO_SERVICE),
        ("aws:chatbotsourcearn", NO_SERVICE),
        ("aws:sourcevpc", NO_VPC),
        ("aws:sourcevpcarn", NO_VPC),
        ("aws:sourcevpce", NO_VPC),
        ("aws:vpcsourceip", NO_VPC),
        ("aws:vpceaccount", NO_VPC),
        ("aws:vpceorgid", NO_VPC),
        ("aws:vpceorgpaths", NO_VPC),
        ("aws:ec2instancesourcevpc", NO_VPC),
        ("aws:ec2instancesourceprivateipv4", NO_VPC),
        ("ec2:roledelivery", NO_VPC),
        ("ec2:sourceinstancearn", NO_VPC),
        ("aws:principalorgid", NO_ORGANIZATION),
        ("aws:principalorgpaths", NO_ORGANIZATION),
        ("aws:resourceorgid", NO_ORGANIZATION),
        ("aws:resourceorgpaths", NO_ORGANIZATION),
        ("aws:federatedprovider", "nobody signs in through another identity provider"),
        ("aws:assumedroot", "nobody becomes the root of another account"),
        ("aws:useragent", CLAIMED),
        ("aws:referer", CLAIMED),
    ];

    const NO_RECIPIENT: &str = "an answer for an enclave only is refused before a policy is asked";
    const NO_SERVICE: &str = "the caller is never an AWS service, and none stands between";
    const NO_VPC: &str = "there are no VPC endpoints and no EC2 instances";
    const NO_ORGANIZATION: &str = "accounts are in no organization";
    const CLAIMED: &str = "the client writes it: it proves nothing";

    const ACCOUNT: &str = "000000000000";

    #[expect(clippy::disallowed_methods, reason = "no door stands before this call")]
    async fn caller() -> (Arc<Service>, Identity, View) {
        let random = Arc::new(Seeded::new(1));
        let opened = home::in_memory(&*random);
        let region = "us-east-1".to_owned();
        let service =
            Service::start(opened, Mode::Dev, Enforcement::Off, Quotas::default(), region, random, Time(0)).await;
        let service = service.expect("it starts");
        let head = wire::sigv4::Head { method: "POST", path: "/", query: "", headers: &[] };
        let view = View::newest(service.core(), Time(1_750_000_000_000)).await.expect("a snapshot");
        let identity = Identity::of(&view, &crate::caller::open(&head, "us-east-1")).await.expect("somebody");
        (service, identity, view)
    }

    /// The primary of a set that is in one Region.
    fn key() -> Key {
        let record = KeyRecord {
            key_id: "1234abcd-12ab-34cd-56ef-1234567890ab".into(),
            description: String::new(),
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            multi_region: true,
            created: Time(0),
            facts: Lifecycle::born(KeyOrigin::AwsKms, Some([1; 32]), Time(0)),
            counter: 0,
            destroy_at_uptime: None,
            doomed_by: None,
            managed_by: None,
        };
        let world = World { account: ACCOUNT.into(), region: "us-east-1".into() };
        let set = Set::born(&world.region, &record.facts);
        let set = Arc::new(SetRecord { spec: record.spec, usage: record.usage, set });
        let row = Row { value: Arc::new(record), version: 1, revision: 1 };
        Key { world, row, set: Some(Row { value: set, version: 1, revision: 1 }) }
    }

    fn pairs_of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn values(circumstances: &Circumstances<'_>, key: &str) -> (Arity, Vec<String>) {
        let mut values = Vec::new();
        let arity = circumstances.values(key, &mut |value| values.push(format!("{value:?}")));
        (arity, values)
    }

    /// Circumstances in which everything is said that a request can say.
    struct Full {
        asks: Vec<(Action, Option<Algorithm>)>,
        context: Context,
        tags: BTreeMap<String, String>,
        aliases: BTreeSet<String>,
        child: Child,
        key: Key,
    }

    impl Full {
        fn new() -> Full {
            use Algorithm as A;
            Full {
                asks: vec![
                    (Action::Of(Op::Encrypt), Some(A::SymmetricDefault)),
                    (Action::Of(Op::Sign), Some(A::EcdsaSha256)),
                    (Action::Of(Op::VerifyMac), Some(A::HmacSha256)),
                    (Action::Of(Op::DeriveSharedSecret), Some(A::Ecdh)),
                    (Action::Of(Op::Encapsulate), Some(A::MlKem)),
                    (Action::Of(Op::CreateGrant), None),
                    (Action::Of(Op::DisableKey), None),
                ],
                context: pairs_of(&[("App", "x"), ("other", "y")]),
                tags: pairs_of(&[("A", "1"), ("b", "2")]),
                aliases: ["alias/one".to_owned(), "alias/two".to_owned()].into(),
                child: Child {
                    operations: vec!["Encrypt".into(), "Decrypt".into()],
                    terms: GrantTerms {
                        subset: Some(pairs_of(&[("in", "grant")])),
                        source_arn: Some("arn:aws:s3:::bucket".into()),
                        ..GrantTerms::default()
                    },
                },
                key: key(),
            }
        }

        fn asked(&self) -> Asked<'_> {
            Asked {
                new_key: None,
                tags: Some(&self.tags),
                tag_keys: None,
                policy_name: Some("default"),
                bypass_policy_lockout_safety_check: true,
                expiration_model: Some("KEY_MATERIAL_EXPIRES"),
                valid_to: Some(Time(5_000)),
                wrapping_algorithm: Some("RSAES_OAEP_SHA_256"),
                wrapping_key_spec: Some("RSA_2048"),
                rotation_period_in_days: Some(365),
                pending_window_in_days: Some(7),
                data_key_pair_spec: Some("RSA_2048"),
                message_type: Some("RAW"),
                primary_region: Some("eu-west-1"),
                replica_region: Some("eu-west-2"),
                grant: Some(AskedGrant {
                    grantee_principal: Some("arn:aws:iam::111122223333:user/ann"),
                    grantee_service_principal: Some("x.amazonaws.com"),
                    retiring_principal: Some("arn:aws:iam::111122223333:user/bob"),
                    retiring_service_principal: Some("y.amazonaws.com"),
                    child: &self.child,
                }),
            }
        }

        /// What each of the asks answers under `key`.
        fn answers(&self, identity: &Identity, key: &str) -> Vec<(Arity, Vec<String>)> {
            let answer = |(action, algorithm): &(Action, Option<Algorithm>)| {
                let context = algorithm.map(|_| &self.context);
                let ask = Ask { algorithm: *algorithm, context, asked: self.asked(), ..Ask::about(*action) };
                let circumstances = Circumstances {
                    situation: Situation {
                        identity,
                        source_ip: "192.0.2.7".parse().ok(),
                        now: Time(1_750_000_000_000),
                        region: "us-east-1",
                    },
                    ask: &ask,
                    action: *action,
                    given: None,
                    key: Some(&self.key),
                    named: Named { alias: Some("alias/one"), on_same_key: Some(false) },
                    aliases: Some(&self.aliases),
                    tags: Some(&self.tags),
                    idle_since: Some(Time(1_750_000_000_000).plus_days(-42).plus_seconds(1)),
                };
                values(&circumstances, key)
            };
            self.asks.iter().map(answer).collect()
        }
    }

    #[tokio::test]
    async fn every_published_condition_key_has_a_value_or_a_reason_to_have_none() {
        let (_service, identity, _view) = caller().await;
        let full = Full::new();
        for key in PUBLISHED {
            let absent = full.answers(&identity, key).iter().all(|(arity, _)| *arity == Arity::Absent);
            let reason = ABSENT.iter().find(|(name, _)| *name == key).map(|(_, reason)| *reason);
            let expected = reason.is_some() || key == "kms:nosuchkey";
            assert_eq!(absent, expected, "{key}: give it its value, or its reason in ABSENT ({reason:?})");
        }
        for (key, _) in ABSENT {
            assert!(PUBLISHED.contains(&key), "{key} is on none of AWS's pages");
        }
    }

    #[tokio::test]
    async fn each_condition_key_has_its_own_value() {
        let (_service, identity, _view) = caller().await;
        let full = Full::new();
        let text = |value: &str| format!("Text({value:?})");
        for (key, arity, expected) in [
            ("kms:calleraccount", Arity::One, vec![text(ACCOUNT)]),
            ("kms:keyspec", Arity::One, vec![text("SYMMETRIC_DEFAULT")]),
            ("kms:customermasterkeyspec", Arity::One, vec![text("SYMMETRIC_DEFAULT")]),
            ("kms:keyusage", Arity::One, vec![text("ENCRYPT_DECRYPT")]),
            ("kms:keyorigin", Arity::One, vec![text("AWS_KMS")]),
            ("kms:multiregion", Arity::One, vec!["Bool(true)".into()]),
            ("kms:multiregionkeytype", Arity::One, vec![text("PRIMARY")]),
            ("kms:encryptionalgorithm", Arity::One, vec![text("SYMMETRIC_DEFAULT")]),
            ("kms:signingalgorithm", Arity::One, vec![text("ECDSA_SHA_256")]),
            ("kms:macalgorithm", Arity::One, vec![text("HMAC_SHA_256")]),
            ("kms:keyagreementalgorithm", Arity::One, vec![text("ECDH")]),
            ("kms:encryptioncontext:app", Arity::One, vec![text("x")]),
            ("kms:encryptioncontext:in", Arity::One, vec![text("grant")]),
            ("kms:encryptioncontextkeys", Arity::Many, vec![text("App"), text("other")]),
            ("kms:requestalias", Arity::One, vec![text("alias/one")]),
            ("kms:resourcealiases", Arity::Many, vec![text("alias/one"), text("alias/two")]),
            ("kms:reencryptonsamekey", Arity::One, vec!["Bool(false)".into()]),
            ("kms:validto", Arity::One, vec!["Time(5000)".into()]),
            ("kms:rotationperiodindays", Arity::One, vec!["Number(365)".into()]),
            ("kms:schedulekeydeletionpendingwindowindays", Arity::One, vec!["Number(7)".into()]),
            ("kms:trailingdayswithoutkeyusage", Arity::One, vec!["Number(41)".into()]),
            ("kms:grantisforawsresource", Arity::One, vec!["Bool(false)".into()]),
            ("kms:grantoperations", Arity::Many, vec![text("Encrypt"), text("Decrypt")]),
            ("kms:grantconstrainttype", Arity::One, vec![text("EncryptionContextSubset")]),
            ("kms:grantconstraintsourcearn", Arity::One, vec![text("arn:aws:s3:::bucket")]),
            ("aws:requesttag/a", Arity::One, vec![text("1")]),
            ("aws:resourcetag/b", Arity::One, vec![text("2")]),
            ("aws:tagkeys", Arity::Many, vec![text("A"), text("b")]),
            ("aws:sourceip", Arity::One, vec!["Address(192.0.2.7)".into()]),
            ("aws:currenttime", Arity::One, vec!["Time(1750000000000)".into()]),
            ("aws:epochtime", Arity::One, vec!["Number(1750000000)".into()]),
            ("aws:requestedregion", Arity::One, vec![text("us-east-1")]),
            ("aws:resourceaccount", Arity::One, vec![text(ACCOUNT)]),
            ("aws:securetransport", Arity::One, vec!["Bool(false)".into()]),
        ] {
            let answers = full.answers(&identity, key);
            let told = answers.into_iter().find(|(_, values)| *values == expected);
            assert_eq!(told, Some((arity, expected)), "{key}: {:?}", full.answers(&identity, key));
        }
    }

    #[test]
    fn a_grant_that_binds_nobody_has_no_constraint() {
        let kind = |equals: Option<&[(&str, &str)]>, subset: Option<&[(&str, &str)]>| {
            let (equals, subset) = (equals.map(pairs_of), subset.map(pairs_of));
            let child = Child { operations: vec![], terms: GrantTerms { equals, subset, ..GrantTerms::default() } };
            let grant = AskedGrant {
                grantee_principal: None,
                grantee_service_principal: None,
                retiring_principal: None,
                retiring_service_principal: None,
                child: &child,
            };
            grant.constraint().map(|(kind, _)| kind)
        };
        assert_eq!(kind(None, None), None);
        assert_eq!(kind(None, Some(&[])), None);
        assert_eq!(kind(None, Some(&[("a", "1")])), Some("EncryptionContextSubset"));
        assert_eq!(kind(Some(&[]), None), Some("EncryptionContextEquals"), "only calls without a context");
    }

    #[test]
    fn what_is_given_is_told_as_a_call_would_have_it() {
        for (key, given, arity, expected) in [
            ("aws:sourceip", vec!["192.0.2.7"], Arity::One, vec!["Address(192.0.2.7)"]),
            ("aws:sourceip", vec!["here"], Arity::One, vec!["Text(\"here\")"]),
            ("aws:currenttime", vec!["2026-07-01T12:00:00Z"], Arity::One, vec!["Time(1782907200000)"]),
            ("kms:validto", vec!["1782907200"], Arity::One, vec!["Time(1782907200000)"]),
            ("aws:currenttime", vec!["soon"], Arity::One, vec!["Text(\"soon\")"]),
            ("kms:viaservice", vec!["192.0.2.7"], Arity::One, vec!["Text(\"192.0.2.7\")"]),
            ("aws:tagkeys", vec!["alice"], Arity::Many, vec!["Text(\"alice\")"]),
            ("aws:tagkeys", vec![], Arity::Many, vec![]),
            ("aws:principaltag/dept", vec!["a", "b"], Arity::Many, vec!["Text(\"a\")", "Text(\"b\")"]),
        ] {
            let given: Vec<String> = given.into_iter().map(str::to_owned).collect();
            let mut values = Vec::new();
            let told = told(key, &given, &mut |value| values.push(format!("{value:?}")));
            assert_eq!((told, values), (arity, expected.into_iter().map(str::to_owned).collect()), "{key}: {given:?}");
        }
    }
}
