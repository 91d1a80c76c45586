//! Encrypt, Decrypt and ReEncrypt.

use std::collections::BTreeMap;

use crypto::SecretBytes;
use crypto::blob::Blob;
use wire::{DryRunModifierType, EncryptionAlgorithmSpec, Op};

use super::{Action, Operation, Sheet, algorithm, plain, within_limit};
use crate::error::{Error, Invalid};
use crate::journey::{Ask, Cx, Done, Found, Usable};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
pub struct Encrypt;

impl Operation for Encrypt {
    const SHEET: Sheet = Sheet::of(Op::Encrypt).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::EncryptRequest;
    type Response = wire::EncryptResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ask = under(cx.ask(), request.encryption_algorithm, &request.encryption_context)?;

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let encrypted = key.encrypt(request.plaintext.expose()).await?;
        let answer = wire::EncryptResponse {
            ciphertext_blob: Some(encrypted.ciphertext),
            encryption_algorithm: Some(request.encryption_algorithm),
            key_id: Some(key.arn()),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
pub struct Decrypt;

impl Operation for Decrypt {
    const SHEET: Sheet = Sheet::of(Op::Decrypt).takes(Names::KeyOrAlias).cross_account().grantable().dry_run();
    type Request = wire::DecryptRequest;
    type Response = wire::DecryptResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let ciphertext = ciphertext(request.ciphertext_blob.as_deref(), &request.dry_run_modifiers, request.dry_run)?;
        let ask = under(cx.ask(), request.encryption_algorithm, &request.encryption_context)?;
        let named = Named { key: request.key_id.as_deref(), member: "keyId" };
        let source = Source::of(ciphertext, request.encryption_algorithm, named)?;

        let key = source.find(cx).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let plaintext = source.decrypt(&key).await?;
        let answer = wire::DecryptResponse {
            encryption_algorithm: Some(request.encryption_algorithm),
            key_id: Some(key.arn()),
            key_material_id: source.material_id(),
            key_origin: key.metadata().origin,
            plaintext: plain(&plaintext),
            ..wire::DecryptResponse::default()
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>
pub struct ReEncrypt;

impl Operation for ReEncrypt {
    const SHEET: Sheet = Sheet::of(Op::ReEncrypt)
        .needs(&[Action::ReEncryptFrom, Action::ReEncryptTo])
        .takes(Names::KeyOrAlias)
        .cross_account()
        .grantable()
        .dry_run();
    type Request = wire::ReEncryptRequest;
    type Response = wire::ReEncryptResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        let (from_algorithm, to_algorithm) =
            (request.source_encryption_algorithm, request.destination_encryption_algorithm);
        let (from_context, to_context) = (&request.source_encryption_context, &request.destination_encryption_context);
        let ciphertext = ciphertext(request.ciphertext_blob.as_deref(), &request.dry_run_modifiers, request.dry_run)?;
        let may_decrypt = under(cx.ask_to(Action::ReEncryptFrom), from_algorithm, from_context)?;
        let may_encrypt = under(cx.ask_to(Action::ReEncryptTo), to_algorithm, to_context)?;
        let named = Named { key: request.source_key_id.as_deref(), member: "sourceKeyId" };
        let source = Source::of(ciphertext, from_algorithm, named)?;

        let from = source.find(cx).await?;
        let to = cx.find(&request.destination_key_id).await?;
        let (from, to) = from.beside(to);
        let from = from.permit(may_decrypt).await?;
        let to = to.permit(may_encrypt).await?;
        let from = from.admit()?;
        let to = to.admit()?;

        let plaintext = source.decrypt(&from).await?;
        let encrypted = to.encrypt(plaintext.expose()).await?;
        let answer = wire::ReEncryptResponse {
            ciphertext_blob: Some(encrypted.ciphertext),
            destination_encryption_algorithm: Some(to_algorithm),
            destination_key_material_id: encrypted.material_id,
            key_id: Some(to.arn()),
            source_encryption_algorithm: Some(from_algorithm),
            source_key_id: Some(from.arn()),
            source_key_material_id: source.material_id(),
        };
        Ok(to.done(answer))
    }
}

/// Where a ciphertext comes from: a blob of ours says so itself; one made with an asymmetric key's public half does
/// not, and its key must be named, as where no ciphertext is looked at.
enum Source<'a> {
    Ours { blob: Blob<'a>, named: Option<&'a str> },
    Foreign { ciphertext: &'a [u8], named: &'a str },
    None { named: &'a str },
}

/// The member that names the ciphertext's key, and what it is called.
struct Named<'a> {
    key: Option<&'a str>,
    member: &'static str,
}

impl<'a> Source<'a> {
    fn of(
        ciphertext: Option<&'a [u8]>,
        algorithm: EncryptionAlgorithmSpec,
        Named { key: named, member }: Named<'a>,
    ) -> Result<Source<'a>, Error> {
        let Some(ciphertext) = ciphertext else {
            return Ok(Source::None { named: named.ok_or(Error::Invalid(Invalid::Missing(member)))? });
        };
        match (algorithm, named) {
            (EncryptionAlgorithmSpec::SymmetricDefault, named) => {
                Ok(Source::Ours { blob: Blob::parse(ciphertext)?, named })
            }
            (
                EncryptionAlgorithmSpec::RsaesOaepSha1
                | EncryptionAlgorithmSpec::RsaesOaepSha256
                | EncryptionAlgorithmSpec::Sm2pke,
                named,
            ) => Ok(Source::Foreign { ciphertext, named: named.ok_or(Error::InvalidCiphertext)? }),
        }
    }

    async fn find<'r>(&self, cx: &'r Cx) -> Result<Found<'r>, Error> {
        match self {
            Source::Ours { blob, named } => cx.find_source(blob, *named).await,
            Source::Foreign { named, .. } | Source::None { named } => cx.find(named).await,
        }
    }

    /// What the ciphertext says, once its key is admitted. Without a ciphertext the call ends here.
    async fn decrypt(&self, key: &Usable<'_>) -> Result<SecretBytes, Error> {
        match self {
            Source::Ours { blob, .. } => key.open(blob).await,
            Source::Foreign { ciphertext, .. } => key.decrypt(ciphertext).await,
            Source::None { .. } => Err(key.opens_nothing()),
        }
    }

    /// The id of the material, as far as a ciphertext tells.
    fn material_id(&self) -> Option<String> {
        match self {
            Source::Ours { blob, .. } => Some(hex::encode(blob.material_id())),
            Source::Foreign { .. } | Source::None { .. } => None,
        }
    }
}

/// What is asked for where something is encrypted or decrypted by this algorithm under this context, which only the
/// symmetric one knows.
fn under<'a>(
    ask: Ask<'a>,
    by: EncryptionAlgorithmSpec,
    context: &'a BTreeMap<String, String>,
) -> Result<Ask<'a>, Error> {
    within_limit(context)?;
    if by != EncryptionAlgorithmSpec::SymmetricDefault && !context.is_empty() {
        return Err(Error::Invalid(Invalid::ContextOfAlgorithm { algorithm: by.as_str() }));
    }
    Ok(ask.algorithm(algorithm(by.as_str())?).context(context))
}

/// The ciphertext that is looked at: none where a dry run says so, which then asks for the permission alone.
fn ciphertext<'a>(
    given: Option<&'a [u8]>,
    modifiers: &[DryRunModifierType],
    dry_run: bool,
) -> Result<Option<&'a [u8]>, Error> {
    match (modifiers, dry_run) {
        ([], _) => given.map(Some).ok_or(Error::Invalid(Invalid::Missing("ciphertextBlob"))),
        (_, false) => Err(Error::Invalid(Invalid::ModifiersWithoutDryRun)),
        ([DryRunModifierType::IgnoreCiphertext, ..], true) => Ok(None),
    }
}
