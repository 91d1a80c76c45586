//! What a stranger can send before anybody knows who it is: a head and a body, as text.
//! The head goes through the reading of signatures, the body through the decoding of the operation that the head
//! names and of one that the body's length picks, so that every operation is reached from any seed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::sigv4::{self, Head};
use wire::{Malformed, Op, Request};

fuzz_target!(|request: &[u8]| {
    let (head, body) = split(request);
    let Some(head) = Sent::read(head) else { return };
    signature(&head.view());
    let picked = Op::ALL[body.len() % Op::COUNT];
    for op in [head.operation().unwrap_or(picked), picked] {
        decoded(op, body);
    }
});

/// What is said of a signature can be written down again, and refusing it names one of three faults.
fn signature(head: &Head<'_>) {
    match sigv4::parse(head) {
        Ok(signed) => {
            let canonical = sigv4::canonical_request(head, &signed, EMPTY);
            assert!(canonical.ends_with(EMPTY.as_bytes()));
            let to_sign = sigv4::string_to_sign(&signed, EMPTY);
            assert_eq!(to_sign.lines().count(), 4, "a header broke out of its line: {to_sign:?}");
            let millis = sigv4::parse_amz_date(signed.amz_date).expect("parse accepts only dates it can read");
            assert_eq!(sigv4::format_amz_date(millis), signed.amz_date);
        }
        Err(fault) => {
            let known =
                ["MissingAuthenticationTokenException", "IncompleteSignatureException", "InvalidSignatureException"];
            assert!(known.contains(&fault.name) && fault.status == 400, "{} {}", fault.name, fault.status);
            assert!(serde_json::from_slice::<serde_json::Value>(&fault.body()).is_ok());
        }
    }
}

fn decoded(op: Op, body: &[u8]) {
    macro_rules! read {
        ($($name:ident: $request:ident,)*) => {
            match op { $(Op::$name => one::<wire::$request>(body),)* }
        };
    }
    read! {
        CancelKeyDeletion: CancelKeyDeletionRequest, ConnectCustomKeyStore: ConnectCustomKeyStoreRequest,
        CreateAlias: CreateAliasRequest, CreateCustomKeyStore: CreateCustomKeyStoreRequest,
        CreateGrant: CreateGrantRequest, CreateKey: CreateKeyRequest, Decapsulate: DecapsulateRequest,
        Decrypt: DecryptRequest, DeleteAlias: DeleteAliasRequest, DeleteCustomKeyStore: DeleteCustomKeyStoreRequest,
        DeleteImportedKeyMaterial: DeleteImportedKeyMaterialRequest, DeriveSharedSecret: DeriveSharedSecretRequest,
        DescribeCustomKeyStores: DescribeCustomKeyStoresRequest, DescribeKey: DescribeKeyRequest,
        DisableKey: DisableKeyRequest, DisableKeyRotation: DisableKeyRotationRequest,
        DisconnectCustomKeyStore: DisconnectCustomKeyStoreRequest, EnableKey: EnableKeyRequest,
        EnableKeyRotation: EnableKeyRotationRequest, Encapsulate: EncapsulateRequest, Encrypt: EncryptRequest,
        GenerateDataKey: GenerateDataKeyRequest, GenerateDataKeyPair: GenerateDataKeyPairRequest,
        GenerateDataKeyPairWithoutPlaintext: GenerateDataKeyPairWithoutPlaintextRequest,
        GenerateDataKeyWithoutPlaintext: GenerateDataKeyWithoutPlaintextRequest, GenerateMac: GenerateMacRequest,
        GenerateRandom: GenerateRandomRequest, GetKeyLastUsage: GetKeyLastUsageRequest,
        GetKeyPolicy: GetKeyPolicyRequest, GetKeyRotationStatus: GetKeyRotationStatusRequest,
        GetParametersForImport: GetParametersForImportRequest, GetPublicKey: GetPublicKeyRequest,
        ImportKeyMaterial: ImportKeyMaterialRequest, ListAliases: ListAliasesRequest, ListGrants: ListGrantsRequest,
        ListKeyPolicies: ListKeyPoliciesRequest, ListKeyRotations: ListKeyRotationsRequest, ListKeys: ListKeysRequest,
        ListResourceTags: ListResourceTagsRequest, ListRetirableGrants: ListRetirableGrantsRequest,
        PutKeyPolicy: PutKeyPolicyRequest, ReEncrypt: ReEncryptRequest, ReplicateKey: ReplicateKeyRequest,
        RetireGrant: RetireGrantRequest, RevokeGrant: RevokeGrantRequest, RotateKeyOnDemand: RotateKeyOnDemandRequest,
        ScheduleKeyDeletion: ScheduleKeyDeletionRequest, Sign: SignRequest, TagResource: TagResourceRequest,
        UntagResource: UntagResourceRequest, UpdateAlias: UpdateAliasRequest,
        UpdateCustomKeyStore: UpdateCustomKeyStoreRequest, UpdateKeyDescription: UpdateKeyDescriptionRequest,
        UpdatePrimaryRegion: UpdatePrimaryRegionRequest, Verify: VerifyRequest, VerifyMac: VerifyMacRequest,
    }
}

/// A body becomes a request whose record can be written, or is refused in AWS's words.
fn one<R: Request>(body: &[u8]) {
    match R::decode(body) {
        Ok(request) => {
            let _ = (request.dry_run(), request.has_recipient());
            assert!(request.grant_tokens().len() <= 10, "the model allows ten grant tokens");
            assert!(serde_json::to_string(&request.recorded()).is_ok_and(|line| !line.contains('\n')));
        }
        Err(Malformed::Serialization) => {}
        Err(Malformed::Constraint(text)) => {
            assert!(text.contains(" validation error") && text.contains("failed to satisfy constraint: "), "{text}");
        }
    }
}

/// A head as `wire` takes it.
struct Sent {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, Vec<u8>)>,
}

impl Sent {
    /// Reads lines without judging them: what the HTTP library would refuse is only more to try here.
    fn read(head: &[u8]) -> Option<Sent> {
        let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = std::str::from_utf8(lines.next()?).ok()?;
        let mut words = first.split(' ');
        let (method, target) = (words.next()?, words.next()?);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let headers = lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = std::str::from_utf8(&line[..colon]).ok()?.to_ascii_lowercase();
            Some((name, line[colon + 1..].trim_ascii().to_vec()))
        });
        Some(Sent {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.collect(),
        })
    }

    fn view(&self) -> Head<'_> {
        Head { method: &self.method, path: &self.path, query: &self.query, headers: &self.headers }
    }

    fn operation(&self) -> Option<Op> {
        let (_, target) = self.headers.iter().find(|(name, _)| name == "x-amz-target")?;
        Op::from_name(std::str::from_utf8(target).ok()?.strip_prefix("TrentService.")?)
    }
}

fn split(request: &[u8]) -> (&[u8], &[u8]) {
    match request.windows(END.len()).position(|window| window == END) {
        Some(at) => (&request[..at], &request[at + END.len()..]),
        None => (request, b""),
    }
}

const END: &[u8] = b"\r\n\r\n";

/// SHA-256 of nothing.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
