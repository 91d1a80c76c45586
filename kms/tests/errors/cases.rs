//! The situations in which an operation answers an error of its model. What concerns many operations is written once.

use kms::Names;
use kms::ops::OPERATIONS;
use serde_json::{Value, json};
use wire::Op;

use super::common::import::Envelope;
use super::common::sample::{MATERIAL, TOKEN, policy, policy_of};
use super::common::{House, NOBODY, OWN, REGION, arn, base64, with, without};
use super::stage::{ALIAS, ELSEWHERE, Full, MATERIAL as IMPORTED, Stage, State};

/// One situation.
pub struct Case {
    pub error: &'static str,
    /// What is so when it is answered, in words for the page.
    pub when: &'static str,
    of: Of,
    pub ask: for<'s> fn(&'s Stage, Op) -> Asked<'s>,
}

/// Which operations a situation is about.
enum Of {
    /// Those that model the error and pass.
    Those(fn(Op) -> bool),
    /// Those that model the error, without these.
    AllBut(&'static [Op]),
    Only(&'static [Op]),
}

/// What is asked, and what is told of it where the words are known.
pub struct Asked<'s> {
    pub house: &'s House,
    pub region: &'static str,
    pub body: Value,
    pub message: Option<String>,
}

impl Case {
    /// The operations that are asked.
    pub fn ops(&self) -> Vec<Op> {
        let modelled = Op::ALL.into_iter().filter(|op| op.faults().contains(&self.error));
        match self.of {
            Of::Those(those) => modelled.filter(|op| those(*op)).collect(),
            Of::AllBut(others) => modelled.filter(|op| !others.contains(op)).collect(),
            Of::Only(ops) => ops.to_vec(),
        }
    }
}

fn asked(stage: &Stage, body: Value) -> Asked<'_> {
    Asked { house: &stage.house, region: REGION, body, message: None }
}

impl<'s> Asked<'s> {
    /// And this is told.
    fn told(self, message: impl Into<String>) -> Asked<'s> {
        Asked { message: Some(message.into()), ..self }
    }

    /// And this is told: nothing.
    fn silently(self) -> Asked<'s> {
        self.told("")
    }
}

/// An operation that names its key only by id or ARN.
fn takes_no_alias(op: Op) -> bool {
    OPERATIONS[op as usize].sheet.is_some_and(|sheet| sheet.names == Names::KeyOnly)
}

fn takes_an_alias(op: Op) -> bool {
    OPERATIONS[op as usize].sheet.is_some_and(|sheet| sheet.names == Names::KeyOrAlias)
}

/// A policy that names a principal by an ARN that is none.
const NO_ARN: &str =
    r#"{"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:no:arn"},"Action":"kms:*","Resource":"*"}}"#;

/// One byte more than a key policy can have.
const TOO_LONG: usize = 32 * 1024 + 1;
const TOO_LONG_TOLD: &str = "The key policy is longer than 32768 bytes.";

/// A Region in which no key of the stage is.
const NEW_REGION: &str = "eu-west-3";

/// A letter of four bytes.
const LONGEST: &str = "\u{10ffff}";

/// A policy that leaves everything to the account and to one principal more.
fn policy_for(arn: &str) -> String {
    policy("two").replace(r#""*","Action"#, &format!(r#"{{"AWS":["{OWN}","{arn}"]}},"Action"#))
}

/// A request that nothing is wrong with but perhaps its tags.
fn tagged<'s>(stage: &'s Stage, op: Op, keys: &[&str]) -> Asked<'s> {
    let tags: Vec<_> = keys.iter().map(|key| json!({ "TagKey": key, "TagValue": "x" })).collect();
    good_but(stage, op, json!({ "Tags": tags, "ReplicaRegion": NEW_REGION }))
}

/// Operations, the member that names their algorithm, one that their keys here do not know, and what these are.
const OTHER_ALGORITHMS: [(&[Op], &str, &str, &str); 4] = [
    (&[Op::Sign, Op::Verify], "SigningAlgorithm", "ECDSA_SHA_512", "ECC_NIST_P256"),
    (&[Op::GenerateMac, Op::VerifyMac], "MacAlgorithm", "HMAC_SHA_512", "HMAC_256"),
    (&[Op::Decrypt, Op::Encrypt], "EncryptionAlgorithm", "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT"),
    (&[Op::ReEncrypt], "DestinationEncryptionAlgorithm", "RSAES_OAEP_SHA_256", "SYMMETRIC_DEFAULT"),
];

/// Members put into a request that nothing is wrong with.
fn good_but(stage: &Stage, op: Op, members: Value) -> Asked<'_> {
    asked(stage, with(stage.good(op), members))
}

/// All of them, by error.
pub const CASES: &[Case] = &[
    Case {
        error: "AlreadyExistsException",
        when: "there is an alias of this name",
        of: Of::Only(&[Op::CreateAlias]),
        ask: |stage, op| {
            let there = format!("arn:aws:kms:{REGION}:{OWN}:{ALIAS}");
            good_but(stage, op, json!({ "AliasName": ALIAS }))
                .told(format!("An alias with the name {there} already exists"))
        },
    },
    Case {
        error: "AlreadyExistsException",
        when: "the key is in that Region already",
        of: Of::Only(&[Op::ReplicateKey]),
        ask: |stage, op| {
            let there = format!("arn:aws:kms:{ELSEWHERE}:{OWN}:key/{}", stage.key(op, State::Enabled));
            let told = format!("A key with the ARN {there} already exists");
            good_but(stage, op, json!({ "ReplicaRegion": ELSEWHERE })).told(told)
        },
    },
    Case {
        error: "AlreadyExistsException",
        when: "the Region is the key's own",
        of: Of::Only(&[Op::ReplicateKey]),
        ask: |stage, op| {
            let told = format!("A key with the ARN {} already exists", stage.arn(op, State::Enabled));
            good_but(stage, op, json!({ "ReplicaRegion": REGION })).told(told)
        },
    },
    Case {
        error: "DisabledException",
        when: "the key is disabled",
        of: Of::AllBut(&[Op::GetPublicKey]),
        ask: |stage, op| {
            let body = stage.ask(op, stage.key(op, State::Disabled));
            asked(stage, body).told(format!("{} is disabled.", stage.arn(op, State::Disabled)))
        },
    },
    Case {
        error: "DryRunOperationException",
        when: "`DryRun` is set, and the call would have succeeded",
        of: Of::AllBut(&[]),
        ask: |stage, op| {
            good_but(stage, op, json!({ "DryRun": true }))
                .told("The request would have succeeded, but the DryRun option is set.")
        },
    },
    Case {
        error: "ExpiredImportTokenException",
        when: "the import token is more than a day old",
        of: Of::Only(&[Op::ImportKeyMaterial]),
        ask: |stage, _| {
            let (key, envelope) = &stage.late;
            let told = format!("Parameters for key material import have expired. Key '{}'", arn(key));
            asked(stage, envelope.around(key, &IMPORTED)).told(told)
        },
    },
    Case {
        error: "IncorrectKeyException",
        when: "the ciphertext is of another key than the one that was named",
        of: Of::AllBut(&[]),
        ask: |stage, op| {
            let (other, mine) = (stage.symmetric(State::Disabled), stage.symmetric(State::Enabled));
            let named = json!({ "KeyId": mine, "SourceKeyId": mine });
            asked(stage, with(stage.ask(op, other), named))
                .told("The key ID in the request does not identify a CMK that can perform this operation.")
        },
    },
    Case {
        error: "IncorrectKeyMaterialException",
        when: "the material is not of the length that the key takes",
        of: Of::Only(&[Op::ImportKeyMaterial]),
        ask: |stage, _| import(stage, |envelope, key| envelope.around(key, &IMPORTED[1..])),
    },
    Case {
        error: "IncorrectKeyMaterialException",
        when: "it is not the material that is to be imported again",
        of: Of::Only(&[Op::ImportKeyMaterial]),
        ask: |stage, _| import(stage, |envelope, key| envelope.around(key, &[8; 32])),
    },
    Case {
        error: "InvalidAliasNameException",
        when: "nothing follows `alias/`",
        of: Of::Only(&[Op::CreateAlias]),
        ask: |stage, op| {
            good_but(stage, op, json!({ "AliasName": "alias/" })).told("The alias must have a name after alias/")
        },
    },
    Case {
        error: "InvalidArnException",
        when: "an alias is given, and only a key id or a key ARN is taken",
        of: Of::Those(takes_no_alias),
        ask: |stage, op| {
            good_but(stage, op, json!({ "KeyId": ALIAS })).told("Key Aliases are not supported for this operation.")
        },
    },
    Case {
        error: "InvalidArnException",
        when: "the ARN is none of AWS KMS",
        of: Of::Those(takes_an_alias),
        ask: |stage, op| {
            let body = with(stage.good(op), json!({ "KeyId": "arn:aws:s3:::bucket" }));
            asked(stage, body).told("Invalid arn arn:aws:s3:::bucket")
        },
    },
    Case {
        error: "InvalidArnException",
        when: "a grantee or a retiring principal is none that there can be",
        of: Of::Only(&[Op::CreateGrant, Op::ListRetirableGrants]),
        ask: |stage, op| {
            let nobody = "arn:aws:iam::111122223333:nobody/ann";
            let member = if op == Op::CreateGrant { "GranteePrincipal" } else { "RetiringPrincipal" };
            good_but(stage, op, json!({ member: nobody }))
                .told(format!("ARN does not refer to a valid principal: {nobody}"))
        },
    },
    Case {
        error: "InvalidArnException",
        when: "an ARN in the policy is none",
        of: Of::Only(&[Op::CreateKey, Op::PutKeyPolicy, Op::ReplicateKey]),
        ask: |stage, op| good_but(stage, op, json!({ "Policy": NO_ARN, "ReplicaRegion": NEW_REGION })),
    },
    Case {
        error: "InvalidCiphertextException",
        when: "the ciphertext is garbled, or cut",
        of: Of::Only(&[Op::Decrypt, Op::ReEncrypt]),
        ask: |stage, op| {
            let body = with(stage.good(op), json!({ "CiphertextBlob": base64("garbled") }));
            asked(stage, without(without(body, "KeyId"), "SourceKeyId")).silently()
        },
    },
    Case {
        error: "InvalidCiphertextException",
        when: "the encryption context is not the one that it was encrypted under",
        of: Of::Only(&[Op::Decrypt, Op::ReEncrypt]),
        ask: |stage, op| {
            let member = if op == Op::Decrypt { "EncryptionContext" } else { "SourceEncryptionContext" };
            good_but(stage, op, json!({ member: { "another": "context" } })).silently()
        },
    },
    Case {
        error: "InvalidCiphertextException",
        when: "the ciphertext is not of the length that the key's have",
        of: Of::Only(&[Op::Decapsulate]),
        ask: |stage, op| good_but(stage, op, json!({ "SharedSecretCiphertextBlob": base64([7; 767]) })).silently(),
    },
    Case {
        error: "InvalidCiphertextException",
        when: "the material cannot be unwrapped",
        of: Of::Only(&[Op::ImportKeyMaterial]),
        ask: |stage, _| {
            import(stage, |envelope, key| {
                let body = envelope.around(key, &IMPORTED);
                with(body, json!({ "EncryptedKeyMaterial": base64(MATERIAL) }))
            })
            .silently()
        },
    },
    Case {
        error: "InvalidGrantIdException",
        when: "the grant id is not of the form that grant ids have",
        of: Of::AllBut(&[]),
        ask: |stage, _| {
            let body = json!({ "KeyId": stage.symmetric(State::Enabled), "GrantId": "bogus" });
            asked(stage, body).told("The grant ID is not valid.")
        },
    },
    Case {
        error: "InvalidGrantTokenException",
        when: "a grant token is garbled, or of another store or Region",
        of: Of::AllBut(&[Op::RetireGrant]),
        ask: |stage, op| good_but(stage, op, json!({ "GrantTokens": [TOKEN] })).told("The grant token is not valid."),
    },
    Case {
        error: "InvalidGrantTokenException",
        when: "the grant token is garbled, or of another store or Region",
        of: Of::Only(&[Op::RetireGrant]),
        ask: |stage, _| asked(stage, json!({ "GrantToken": TOKEN })).told("The grant token is not valid."),
    },
    Case {
        error: "InvalidImportTokenException",
        when: "the import token is garbled, or another key's",
        of: Of::Only(&[Op::ImportKeyMaterial]),
        ask: |stage, _| {
            import(stage, |envelope, key| {
                with(envelope.around(key, &IMPORTED), json!({ "ImportToken": base64(TOKEN) }))
            })
        },
    },
    Case {
        error: "InvalidKeyUsageException",
        when: "the key is for something else",
        of: Of::AllBut(&[Op::Decrypt, Op::GetPublicKey, Op::ReEncrypt]),
        ask: |stage, op| {
            let (key, usage) = match stage.key(op, State::Enabled) == stage.symmetric(State::Enabled) {
                true => (stage.signing(), "SIGN_VERIFY"),
                false => (stage.symmetric(State::Enabled), "ENCRYPT_DECRYPT"),
            };
            let told = format!("{} key usage is {usage} which is not valid for {}.", arn(key), op.name());
            asked(stage, stage.ask(op, key)).told(told)
        },
    },
    Case {
        error: "InvalidKeyUsageException",
        when: "the key is for something else",
        of: Of::Only(&[Op::Decrypt]),
        ask: |stage, op| {
            let key = stage.signing();
            let told = format!("{} key usage is SIGN_VERIFY which is not valid for Decrypt.", arn(key));
            asked(stage, with(stage.ask(op, key), json!({ "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" }))).told(told)
        },
    },
    Case {
        error: "InvalidKeyUsageException",
        when: "one of the keys is for something else",
        of: Of::Only(&[Op::ReEncrypt]),
        ask: |stage, op| {
            let key = stage.signing();
            let told = format!("{} key usage is SIGN_VERIFY which is not valid for ReEncryptTo.", arn(key));
            good_but(stage, op, json!({ "DestinationKeyId": key })).told(told)
        },
    },
    Case {
        error: "InvalidKeyUsageException",
        when: "the key's spec does not know the algorithm",
        of: Of::Those(|op| OTHER_ALGORITHMS.iter().any(|(ops, ..)| ops.contains(&op))),
        ask: |stage, op| {
            let row = OTHER_ALGORITHMS.iter().find(|(ops, ..)| ops.contains(&op));
            let (_, member, algorithm, spec) = row.expect("a row of the operation's");
            good_but(stage, op, json!({ *member: algorithm }))
                .told(format!("Algorithm {algorithm} is incompatible with key spec {spec}."))
        },
    },
    Case {
        error: "InvalidKeyUsageException",
        when: "the key has two halves: only symmetric ones encrypt data keys",
        of: Of::Only(&[
            Op::GenerateDataKey,
            Op::GenerateDataKeyPair,
            Op::GenerateDataKeyPairWithoutPlaintext,
            Op::GenerateDataKeyWithoutPlaintext,
        ]),
        ask: |stage, op| {
            asked(stage, stage.ask(op, &stage.rsa)).told("You cannot generate a data key with an asymmetric CMK")
        },
    },
    Case {
        error: "InvalidMarkerException",
        when: "the marker is none that this operation gave out for this list",
        of: Of::AllBut(&[Op::DescribeCustomKeyStores]),
        ask: |stage, op| good_but(stage, op, json!({ "Marker": "bogus" })).told("The marker is not valid."),
    },
    Case {
        error: "KMSInvalidMacException",
        when: "the MAC is not the message's under this key",
        of: Of::Only(&[Op::VerifyMac]),
        ask: |stage, op| asked(stage, stage.good(op)).silently(),
    },
    Case {
        error: "KMSInvalidSignatureException",
        when: "the signature is not the message's under this key",
        of: Of::Only(&[Op::Verify]),
        ask: |stage, op| asked(stage, stage.good(op)).silently(),
    },
    Case {
        error: "KMSInvalidStateException",
        when: "the key waits for its deletion",
        of: Of::AllBut(&[
            Op::CancelKeyDeletion,
            Op::DeleteAlias,
            Op::DeleteImportedKeyMaterial,
            Op::GetKeyPolicy,
            Op::GetKeyRotationStatus,
            Op::ListGrants,
            Op::ListKeyPolicies,
            Op::ListKeyRotations,
            Op::PutKeyPolicy,
            Op::RetireGrant,
            Op::RevokeGrant,
        ]),
        ask: |stage, op| {
            let body = stage.ask(op, stage.key(op, State::Pending));
            asked(stage, body).told(format!("{} is pending deletion.", stage.arn(op, State::Pending)))
        },
    },
    Case {
        error: "KMSInvalidStateException",
        when: "the key waits for material that has to be imported",
        of: Of::Only(&[
            Op::CreateGrant,
            Op::DisableKey,
            Op::EnableKey,
            Op::Encrypt,
            Op::GenerateDataKey,
            Op::GenerateDataKeyPair,
            Op::GenerateDataKeyPairWithoutPlaintext,
            Op::GenerateDataKeyWithoutPlaintext,
            Op::RotateKeyOnDemand,
        ]),
        ask: |stage, op| {
            let key = &stage.late.0;
            asked(stage, stage.ask(op, key)).told(format!("{} is pending import.", arn(key)))
        },
    },
    Case {
        error: "KMSInvalidStateException",
        when: "the key does not wait for its deletion",
        of: Of::Only(&[Op::CancelKeyDeletion]),
        ask: |stage, op| {
            asked(stage, stage.good(op)).told(format!("{} is not pending deletion.", stage.arn(op, State::Enabled)))
        },
    },
    Case {
        error: "KMSInvalidStateException",
        when: "the key is being replicated, or its primary changed",
        of: Of::Only(&[Op::DeleteImportedKeyMaterial]),
        ask: |stage, _| {
            let told = format!("arn:aws:kms:{ELSEWHERE}:{OWN}:key/{} is creating.", stage.creating);
            Asked { region: ELSEWHERE, ..asked(stage, json!({ "KeyId": stage.creating })) }.told(told)
        },
    },
    Case {
        error: "LimitExceededException",
        when: "the key has as many aliases as it may have",
        of: Of::Only(&[Op::CreateAlias, Op::UpdateAlias]),
        ask: |stage, op| {
            let Full { house, one, .. } = &stage.full;
            let name = if op == Op::CreateAlias { "alias/three" } else { "alias/two" };
            Asked { house, ..asked(stage, json!({ "AliasName": name, "TargetKeyId": one })) }
                .told("The limit of aliases of this key has been reached.")
        },
    },
    Case {
        error: "LimitExceededException",
        when: "the key has as many grants as it may have",
        of: Of::Only(&[Op::CreateGrant]),
        ask: |stage, op| {
            let Full { house, one, .. } = &stage.full;
            let body = with(stage.ask(op, one), json!({ "Name": "another" }));
            Asked { house, ..asked(stage, body) }.told("The limit of grants of this key has been reached.")
        },
    },
    Case {
        error: "LimitExceededException",
        when: "the policy is longer than 32 KiB",
        of: Of::Only(&[Op::PutKeyPolicy]),
        ask: |stage, op| good_but(stage, op, json!({ "Policy": policy_of(TOO_LONG) })).told(TOO_LONG_TOLD),
    },
    Case {
        error: "LimitExceededException",
        when: "the policy is longer than 32 KiB",
        of: Of::Only(&[Op::CreateKey, Op::ReplicateKey]),
        ask: |stage, op| {
            let members = json!({ "Policy": policy_of(TOO_LONG), "ReplicaRegion": NEW_REGION });
            good_but(stage, op, members).told(TOO_LONG_TOLD)
        },
    },
    Case {
        error: "LimitExceededException",
        when: "the account has as many keys in the Region as it may have",
        of: Of::Only(&[Op::CreateKey, Op::ReplicateKey]),
        ask: |stage, op| {
            let Full { house, multi_region, .. } = &stage.full;
            Asked { house, ..asked(stage, stage.ask(op, multi_region)) }
                .told("The limit of keys in this account and Region has been reached.")
        },
    },
    Case {
        error: "LimitExceededException",
        when: "the key was rotated on demand 25 times",
        of: Of::Only(&[Op::RotateKeyOnDemand]),
        ask: |stage, op| {
            let told = format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be \
                 performed for this key: {}",
                arn(&stage.rotated)
            );
            asked(stage, stage.ask(op, &stage.rotated)).told(told)
        },
    },
    Case {
        error: "LimitExceededException",
        when: "the key's tags would together be longer than a record can be",
        of: Of::Only(&[Op::CreateKey, Op::ReplicateKey, Op::TagResource]),
        ask: |stage, op| {
            let long =
                |n| json!({ "TagKey": format!("{n:02}{}", LONGEST.repeat(126)), "TagValue": LONGEST.repeat(256) });
            let tags: Vec<_> = (0..50).map(long).collect();
            good_but(stage, op, json!({ "Tags": tags, "ReplicaRegion": NEW_REGION }))
                .told("The tags of the key are together longer than 61440 bytes.")
        },
    },
    Case {
        error: "MalformedPolicyDocumentException",
        when: "the policy is no policy document",
        of: Of::AllBut(&[]),
        ask: |stage, op| good_but(stage, op, json!({ "Policy": "{}", "ReplicaRegion": NEW_REGION })),
    },
    Case {
        error: "MalformedPolicyDocumentException",
        when: "the policy names somebody who is not there",
        of: Of::AllBut(&[]),
        ask: |stage, op| {
            let policy = policy_for(&format!("arn:aws:iam::{OWN}:user/nobody"));
            good_but(stage, op, json!({ "Policy": policy, "ReplicaRegion": NEW_REGION }))
                .told("Policy contains a statement with one or more invalid principals.")
        },
    },
    Case {
        error: "MalformedPolicyDocumentException",
        when: "its giver could never change the policy again",
        of: Of::AllBut(&[]),
        ask: |stage, op| {
            let policy = policy("locked").replace("kms:*", "kms:Encrypt");
            good_but(stage, op, json!({ "Policy": policy, "ReplicaRegion": NEW_REGION }))
                .told("The new key policy will not allow you to update the key policy in the future.")
        },
    },
    Case {
        error: "NotFoundException",
        when: "there is no such key",
        of: Of::AllBut(&[Op::DeleteAlias, Op::ListRetirableGrants]),
        ask: |stage, op| asked(stage, stage.ask(op, NOBODY)).told(format!("Key '{}' does not exist", arn(NOBODY))),
    },
    Case {
        error: "NotFoundException",
        when: "there is no such alias",
        of: Of::Only(&[Op::DeleteAlias, Op::UpdateAlias]),
        ask: |stage, op| {
            let nobody = "alias/nobody";
            let told = format!("Alias arn:aws:kms:{REGION}:{OWN}:{nobody} is not found.");
            let key = stage.symmetric(State::Enabled);
            asked(stage, with(stage.ask(op, key), json!({ "AliasName": nobody }))).told(told)
        },
    },
    Case {
        error: "NotFoundException",
        when: "the key has no such grant",
        of: Of::Only(&[Op::RetireGrant, Op::RevokeGrant]),
        ask: |stage, _| {
            let id = "ab".repeat(32);
            let told = format!("Grant ID {id} not found");
            asked(stage, json!({ "KeyId": stage.symmetric(State::Enabled), "GrantId": id })).told(told)
        },
    },
    Case {
        error: "NotFoundException",
        when: "the policy has another name than default",
        of: Of::Only(&[Op::GetKeyPolicy, Op::PutKeyPolicy]),
        ask: |stage, op| good_but(stage, op, json!({ "PolicyName": "other" })).told("No such policy exists"),
    },
    Case {
        error: "TagException",
        when: "two tags have the same key",
        of: Of::AllBut(&[Op::UntagResource]),
        ask: |stage, op| tagged(stage, op, &["a", "b", "a"]).told("Duplicate tag keys"),
    },
    Case {
        error: "TagException",
        when: "a tag's key begins with `aws:`",
        of: Of::AllBut(&[Op::UntagResource]),
        ask: |stage, op| tagged(stage, op, &["AWS:a"]).told("Tags beginning with aws: are reserved"),
    },
    Case {
        error: "TagException",
        when: "there are more than 50 tags",
        of: Of::AllBut(&[Op::UntagResource]),
        ask: |stage, op| {
            let keys: Vec<_> = (0..51).map(|n| format!("tag {n}")).collect();
            tagged(stage, op, &keys.iter().map(String::as_str).collect::<Vec<_>>()).told("Too many tags")
        },
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the Regions of this partition do not have the spec",
        of: Of::Only(&[Op::CreateKey]),
        ask: |stage, op| {
            good_but(stage, op, json!({ "KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY" }))
                .told("KeySpec SM2 is not supported in this Region")
        },
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the key is to lie in a custom key store: they are not here yet",
        of: Of::Only(&[Op::CreateKey]),
        ask: |stage, op| {
            good_but(stage, op, json!({ "Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0" }))
        },
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the Regions of this partition do not have the spec",
        of: Of::Only(&[Op::GenerateDataKeyPair, Op::GenerateDataKeyPairWithoutPlaintext]),
        ask: |stage, op| {
            good_but(stage, op, json!({ "KeyPairSpec": "SM2" })).told("KeyPairSpec SM2 is not supported in this Region")
        },
    },
    Case {
        error: "UnsupportedOperationException",
        when: "a custom key store is named: they are not here yet",
        of: Of::Only(&[Op::GenerateRandom]),
        ask: |stage, op| good_but(stage, op, json!({ "CustomKeyStoreId": "cks-1234567890abcdef0" })),
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the key's material is not imported",
        of: Of::Only(&[Op::DeleteImportedKeyMaterial, Op::GetParametersForImport, Op::ImportKeyMaterial]),
        ask: |stage, op| {
            let key = stage.symmetric(State::Enabled);
            let told = format!("{} origin is AWS_KMS which is not valid for this operation.", arn(key));
            asked(stage, stage.ask(op, key)).told(told)
        },
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the key's material is imported",
        of: Of::Only(&[Op::DisableKeyRotation, Op::EnableKeyRotation, Op::GetKeyRotationStatus]),
        ask: |stage, op| {
            let key = &stage.imported.0;
            let told = format!("{} origin is EXTERNAL which is not valid for this operation.", arn(key));
            asked(stage, stage.ask(op, key)).told(told)
        },
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the key has no public half",
        of: Of::Only(&[Op::GetPublicKey]),
        ask: |stage, op| asked(stage, stage.ask(op, stage.symmetric(State::Enabled))).silently(),
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the key is no symmetric encryption key",
        of: Of::Only(&[Op::EnableKeyRotation, Op::ListKeyRotations, Op::RotateKeyOnDemand]),
        ask: |stage, op| asked(stage, stage.ask(op, stage.signing())).silently(),
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the key is not the primary of a multi-Region key",
        of: Of::Only(&[Op::ReplicateKey, Op::UpdatePrimaryRegion]),
        ask: |stage, op| {
            let key = stage.symmetric(State::Enabled);
            let told = format!("{} is not a multi-region primary key.", arn(key));
            asked(stage, stage.ask(op, key)).told(told)
        },
    },
    Case {
        error: "UnsupportedOperationException",
        when: "the key is a replica: its primary decides",
        of: Of::Only(&[
            Op::DisableKeyRotation,
            Op::EnableKeyRotation,
            Op::ReplicateKey,
            Op::RotateKeyOnDemand,
            Op::UpdatePrimaryRegion,
        ]),
        ask: |stage, op| {
            let key = &stage.replica;
            let told = format!("arn:aws:kms:{ELSEWHERE}:{OWN}:key/{key} is not a multi-region primary key.");
            let body = with(stage.ask(op, key), json!({ "ReplicaRegion": NEW_REGION, "PrimaryRegion": REGION }));
            Asked { region: ELSEWHERE, ..asked(stage, body) }.told(told)
        },
    },
];

/// An import into the key that has material already.
fn import<'s>(stage: &'s Stage, body: fn(&Envelope, &str) -> Value) -> Asked<'s> {
    let (key, envelope) = &stage.imported;
    asked(stage, body(envelope, key))
}
