//! Encrypt, Decrypt and ReEncrypt.

use crypto::blob::Blob;
use crypto::spec::Algorithm;
use wire::{EncryptionAlgorithmSpec, Op, Sensitive};

use super::{Action, Operation, Sheet, within_limit};
use crate::error::{Error, Invalid};
use crate::journey::{Cx, Done, Found};
use crate::names::Names;

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>
pub struct Encrypt;

impl Operation for Encrypt {
    const SHEET: Sheet = Sheet::of(Op::Encrypt, &[Action::Of(Op::Encrypt)])
        .takes(Names::KeyOrAlias)
        .cross_account()
        .grantable()
        .dry_run();
    type Request = wire::EncryptRequest;
    type Response = wire::EncryptResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        within_limit(&request.encryption_context)?;
        let ask = cx.ask().algorithm(algorithm(request.encryption_algorithm)?).context(&request.encryption_context);

        let key = cx.find(&request.key_id).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let sealed = key.seal(request.plaintext.expose()).await?;
        let answer = wire::EncryptResponse {
            ciphertext_blob: Some(sealed.blob),
            encryption_algorithm: Some(request.encryption_algorithm),
            key_id: Some(key.arn()),
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
pub struct Decrypt;

impl Operation for Decrypt {
    const SHEET: Sheet = Sheet::of(Op::Decrypt, &[Action::Of(Op::Decrypt)])
        .takes(Names::KeyOrAlias)
        .cross_account()
        .grantable()
        .dry_run();
    type Request = wire::DecryptRequest;
    type Response = wire::DecryptResponse;

    async fn run(cx: &Cx, request: &Self::Request) -> Result<Done<Self::Response>, Error> {
        refuse_modifiers(!request.dry_run_modifiers.is_empty(), request.dry_run)?;
        within_limit(&request.encryption_context)?;
        let ask = cx.ask().algorithm(algorithm(request.encryption_algorithm)?).context(&request.encryption_context);
        let source =
            Source::of(request.ciphertext_blob.as_deref(), request.encryption_algorithm, request.key_id.as_deref())?;

        let key = source.find(cx).await?;
        let key = key.permit(ask).await?;
        let key = key.admit()?;

        let blob = source.blob()?;
        let plaintext = key.open(blob).await?;
        let answer = wire::DecryptResponse {
            encryption_algorithm: Some(request.encryption_algorithm),
            key_id: Some(key.arn()),
            key_material_id: Some(hex::encode(blob.material_id())),
            key_origin: key.metadata().origin,
            plaintext: Some(Sensitive::from(plaintext.expose().to_vec())),
            ..wire::DecryptResponse::default()
        };
        Ok(key.done(answer))
    }
}

/// <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>
pub struct ReEncrypt;

impl Operation for ReEncrypt {
    const SHEET: Sheet = Sheet::of(Op::ReEncrypt, &[Action::ReEncryptFrom, Action::ReEncryptTo])
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
        refuse_modifiers(!request.dry_run_modifiers.is_empty(), request.dry_run)?;
        within_limit(from_context)?;
        within_limit(to_context)?;
        let may_open = cx.ask_to(Action::ReEncryptFrom).algorithm(algorithm(from_algorithm)?).context(from_context);
        let may_seal = cx.ask_to(Action::ReEncryptTo).algorithm(algorithm(to_algorithm)?).context(to_context);
        let source = Source::of(request.ciphertext_blob.as_deref(), from_algorithm, request.source_key_id.as_deref())?;

        let from = source.find(cx).await?;
        let to = cx.find(&request.destination_key_id).await?;
        let from = from.permit(may_open).await?;
        let to = to.permit(may_seal).await?;
        let from = from.admit()?;
        let to = to.admit()?;

        let blob = source.blob()?;
        let plaintext = from.open(blob).await?;
        let sealed = to.seal(plaintext.expose()).await?;
        let answer = wire::ReEncryptResponse {
            ciphertext_blob: Some(sealed.blob),
            destination_encryption_algorithm: Some(to_algorithm),
            destination_key_material_id: Some(sealed.material_id),
            key_id: Some(to.arn()),
            source_encryption_algorithm: Some(from_algorithm),
            source_key_id: Some(from.arn()),
            source_key_material_id: Some(hex::encode(blob.material_id())),
        };
        Ok(to.done(answer))
    }
}

/// Where a ciphertext comes from: a blob of ours says so itself; one made with an asymmetric key's public half does
/// not, and its key must be named.
enum Source<'a> {
    Ours { blob: Blob<'a>, named: Option<&'a str> },
    Foreign { named: &'a str },
}

impl<'a> Source<'a> {
    fn of(
        ciphertext: Option<&'a [u8]>,
        algorithm: EncryptionAlgorithmSpec,
        named: Option<&'a str>,
    ) -> Result<Source<'a>, Error> {
        let ciphertext = ciphertext.ok_or(Error::Invalid(Invalid::Missing("ciphertextBlob")))?;
        match (algorithm, named) {
            (EncryptionAlgorithmSpec::SymmetricDefault, named) => {
                Ok(Source::Ours { blob: Blob::parse(ciphertext)?, named })
            }
            (
                EncryptionAlgorithmSpec::RsaesOaepSha1
                | EncryptionAlgorithmSpec::RsaesOaepSha256
                | EncryptionAlgorithmSpec::Sm2pke,
                named,
            ) => Ok(Source::Foreign { named: named.ok_or(Error::InvalidCiphertext)? }),
        }
    }

    async fn find<'r>(&self, cx: &'r Cx) -> Result<Found<'r>, Error> {
        match self {
            Source::Ours { blob, named } => cx.find_source(blob, *named).await,
            Source::Foreign { named } => cx.find(named).await,
        }
    }

    /// The blob, once the key is admitted: no key that takes foreign ciphertexts can be made yet, so that none of
    /// those is ever admitted with another algorithm than the symmetric one.
    fn blob(&self) -> Result<&Blob<'a>, Error> {
        match self {
            Source::Ours { blob, .. } => Ok(blob),
            Source::Foreign { .. } => Err(Error::internal("a symmetric key was admitted for an asymmetric algorithm")),
        }
    }
}

fn algorithm(of: EncryptionAlgorithmSpec) -> Result<Algorithm, Error> {
    Algorithm::parse(of.as_str()).ok_or_else(|| Error::internal(format!("no algorithm is called {}", of.as_str())))
}

/// `IGNORE_CIPHERTEXT` is a question to the policies without a ciphertext; it comes when they decide.
fn refuse_modifiers(modifiers: bool, dry_run: bool) -> Result<(), Error> {
    match (modifiers, dry_run) {
        (false, _) => Ok(()),
        (true, false) => Err(Error::Invalid(Invalid::ModifiersWithoutDryRun)),
        (true, true) => Err(Error::Unsupported("DryRunModifiers is not supported by this version of Trent.".into())),
    }
}
