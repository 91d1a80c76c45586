//! The story of `../story.md`: one method per step, in its order, each using what the steps before it left.

use crate::{Held, blob, same, unexpected};
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::operation::RequestId;
use aws_sdk_kms::operation::import_key_material::{ImportKeyMaterialError, ImportKeyMaterialOutput};
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{
    AlgorithmSpec, DataKeySpec, ExpirationModelType, KeyMetadata, KeyState, OriginType, Tag, WrappingKeySpec,
};
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use std::error::Error;
use std::fmt::Debug;
use std::time::{Duration, SystemTime};

const SECRET: &[u8] = b"the secret";
const NOBODY: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
const DAY: Duration = Duration::from_secs(86_400);
use ExpirationModelType::KeyMaterialDoesNotExpire as Forever;

/// What one step leaves for those after it; a step whose own input is missing says so by its broken claim.
struct Story<'a> {
    kms: &'a Client,
    material: [u8; 32],
    key: String,
    arn: String,
    material_id: Option<String>,
    token: Option<Blob>,
    wrapped: Vec<u8>,
    sealed: Blob,
    date: Option<DateTime>,
    own: String,
    own_arn: String,
    names: Vec<String>,
}

/// Every step's name and whether it holds.
pub async fn told(kms: &Client) -> Vec<(&'static str, Held)> {
    let nothing = String::new;
    let mut s = Story {
        kms,
        material: rand::random(),
        key: nothing(),
        arn: nothing(),
        material_id: None,
        token: None,
        wrapped: Vec::new(),
        sealed: blob(b""),
        date: None,
        own: nothing(),
        own_arn: nothing(),
        names: Vec::new(),
    };
    vec![
        ("create", s.create().await),
        ("encrypt_before_import", s.encrypt_before_import().await),
        ("parameters", s.parameters().await),
        ("import", s.import().await),
        ("encrypt_and_decrypt", s.encrypt_and_decrypt().await),
        ("delete_material", s.delete_material().await),
        ("decrypt_without_material", s.decrypt_without_material().await),
        ("import_other_material", s.import_other_material().await),
        ("import_again", s.import_again().await),
        ("decrypt_again", s.decrypt_again().await),
        ("schedule_deletion", s.schedule_deletion().await),
        ("delete_material_while_pending", s.delete_material_while_pending().await),
        ("cancel", s.cancel().await),
        ("enable_refused", s.enable_refused().await),
        ("cancel_twice", s.cancel_twice().await),
        ("import_after_cancel", s.import_after_cancel().await),
        ("own_key", s.own_key().await),
        ("own_material", s.own_material().await),
        ("not_found", s.not_found().await),
        ("invalid_arn", s.invalid_arn().await),
        ("aliases", s.aliases().await),
        ("paginator", s.paginator().await),
        ("cancelled_call", s.cancelled_call().await),
    ]
}

impl Story<'_> {
    async fn create(&mut self) -> Held {
        let tag = Tag::builder().tag_key("client").tag_value("rust").build().map_err(unexpected)?;
        let made = self.kms.create_key().origin(OriginType::External).description("story").tags(tag);
        let made = made.send().await.map_err(unexpected)?.key_metadata.ok_or("no KeyMetadata")?;
        (self.key, self.arn) = (made.key_id().to_owned(), made.arn().unwrap_or_default().to_owned());
        let account = made.aws_account_id().unwrap_or_default();
        same("the ARN", self.arn.as_str(), &format!("arn:aws:kms:us-east-1:{account}:key/{}", self.key))?;
        same("the origin", made.origin(), Some(&OriginType::External))?;
        let told = self.told(KeyState::PendingImport).await?;
        same("the metadata", &told, &made)?;
        same("CurrentKeyMaterialId", told.current_key_material_id(), None)?;
        same("ExpirationModel and ValidTo", (told.expiration_model(), told.valid_to()), (None, None))
    }

    async fn encrypt_before_import(&self) -> Held {
        let answer = self.kms.encrypt().key_id(&self.key).plaintext(blob(b"x")).send().await;
        refused(answer, "KmsInvalidState", Some(&pending_import(&self.arn)), |e| e.is_kms_invalid_state_exception())
    }

    async fn parameters(&mut self) -> Held {
        let got = self.kms.get_parameters_for_import().key_id(&self.key);
        let got = got.wrapping_algorithm(AlgorithmSpec::RsaesOaepSha256).wrapping_key_spec(WrappingKeySpec::Rsa2048);
        let got = got.send().await.map_err(unexpected)?;
        same("KeyId", got.key_id(), Some(self.arn.as_str()))?;
        let public = got.public_key().ok_or("no PublicKey")?.as_ref();
        let bits = rsa::PublicKey::from_public_key_der(public).map_err(unexpected)?.size() * 8;
        same("the size of the public key", bits, 2048)?;
        let token = got.import_token().ok_or("no ImportToken")?;
        same("whether the token has 1 to 6144 bytes", (1..=6144).contains(&token.as_ref().len()), true)?;
        near("ParametersValidTo", got.parameters_valid_to(), DAY)?;
        (self.token, self.wrapped) = (Some(token.clone()), wrap(public, &self.material)?);
        Ok(())
    }

    async fn import(&mut self) -> Held {
        let token = self.token.clone().ok_or("no token")?;
        let sent = self.kms.import_key_material().key_id(&self.key).import_token(token);
        let sent = sent.encrypted_key_material(blob(&self.wrapped)).expiration_model(Forever);
        let got = sent.send().await.map_err(unexpected)?;
        same("KeyId", got.key_id(), Some(self.arn.as_str()))?;
        let id = got.key_material_id().unwrap_or_default();
        let hex = id.len() == 64 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        same("whether the material's id is 64 hex digits", hex, true)?;
        self.material_id = Some(id.to_owned());
        let told = self.told(KeyState::Enabled).await?;
        same("ExpirationModel and ValidTo", (told.expiration_model(), told.valid_to()), (Some(&Forever), None))?;
        same("CurrentKeyMaterialId", told.current_key_material_id(), Some(id))
    }

    async fn encrypt_and_decrypt(&mut self) -> Held {
        let sealed = self.kms.encrypt().key_id(&self.arn).plaintext(blob(SECRET));
        let sealed = sealed.encryption_context("a", "1").encryption_context("ключ", "значение");
        let sealed = sealed.send().await.map_err(unexpected)?;
        same("KeyId", sealed.key_id(), Some(self.arn.as_str()))?;
        self.sealed = sealed.ciphertext_blob.ok_or("no CiphertextBlob")?;
        self.opens().await?;
        let answer = self.kms.decrypt().ciphertext_blob(self.sealed.clone()).encryption_context("a", "1").send().await;
        refused(answer, "InvalidCiphertext", None, |e| e.is_invalid_ciphertext_exception())
    }

    async fn delete_material(&self) -> Held {
        self.deletes_material().await?;
        let told = self.told(KeyState::PendingImport).await?;
        same("CurrentKeyMaterialId", told.current_key_material_id(), self.material_id.as_deref())?;
        same("ExpirationModel", told.expiration_model(), None)
    }

    async fn decrypt_without_material(&self) -> Held {
        let answer = self.decrypt().send().await;
        refused(answer, "KmsInvalidState", Some(&pending_import(&self.arn)), |e| e.is_kms_invalid_state_exception())
    }

    async fn import_other_material(&self) -> Held {
        let before = self.described(&self.key).await?;
        let answer = self.imports(&rand::random::<[u8; 32]>(), Some(Forever), None).await?;
        refused(answer, "IncorrectKeyMaterial", ANY, |e| e.is_incorrect_key_material_exception())?;
        same("the metadata", self.described(&self.key).await?, before)
    }

    async fn import_again(&self) -> Held {
        let end = DateTime::from_secs(DateTime::from(SystemTime::now() + 2 * DAY).secs());
        let got = self.imports(&self.material, None, Some(end)).await?.map_err(unexpected)?;
        same("KeyMaterialId", got.key_material_id(), self.material_id.as_deref())?;
        let told = self.told(KeyState::Enabled).await?;
        same("ExpirationModel", told.expiration_model(), Some(&ExpirationModelType::KeyMaterialExpires))?;
        same("ValidTo", told.valid_to(), Some(&end))
    }

    async fn decrypt_again(&self) -> Held {
        self.opens().await
    }

    async fn schedule_deletion(&mut self) -> Held {
        let got = self.kms.schedule_key_deletion().key_id(&self.key).pending_window_in_days(7);
        let got = got.send().await.map_err(unexpected)?;
        same("KeyId", got.key_id(), Some(self.arn.as_str()))?;
        let state = (got.key_state(), got.pending_window_in_days());
        same("state and window", state, (Some(&KeyState::PendingDeletion), Some(7)))?;
        self.date = got.deletion_date().copied();
        near("DeletionDate", got.deletion_date(), 7 * DAY)
    }

    async fn delete_material_while_pending(&self) -> Held {
        self.deletes_material().await?;
        same("DeletionDate", self.told(KeyState::PendingDeletion).await?.deletion_date, self.date)
    }

    async fn cancel(&self) -> Held {
        let got = self.kms.cancel_key_deletion().key_id(&self.key).send().await.map_err(unexpected)?;
        same("KeyId", got.key_id(), Some(self.arn.as_str()))?;
        same("DeletionDate", self.told(KeyState::PendingImport).await?.deletion_date, None)
    }

    async fn enable_refused(&self) -> Held {
        let answer = self.kms.enable_key().key_id(&self.key).send().await;
        refused(answer, "KmsInvalidState", Some(&pending_import(&self.arn)), |e| e.is_kms_invalid_state_exception())?;
        self.told(KeyState::PendingImport).await.map(|_| ())
    }

    async fn cancel_twice(&self) -> Held {
        let answer = self.kms.cancel_key_deletion().key_id(&self.key).send().await;
        let text = format!("{} is not pending deletion.", self.arn);
        refused(answer, "KmsInvalidState", Some(&text), |e| e.is_kms_invalid_state_exception())
    }

    async fn import_after_cancel(&self) -> Held {
        self.imports(&self.material, Some(Forever), None).await?.map_err(unexpected)?;
        self.told(KeyState::Enabled).await?;
        self.opens().await
    }

    async fn own_key(&mut self) -> Held {
        let made = self.kms.create_key().send().await.map_err(unexpected)?.key_metadata.ok_or("no KeyMetadata")?;
        (self.own, self.own_arn) = (made.key_id().to_owned(), made.arn().unwrap_or_default().to_owned());
        let got = self.kms.schedule_key_deletion().key_id(&self.own).send().await.map_err(unexpected)?;
        same("the window", got.pending_window_in_days(), Some(30))?;
        let got = self.kms.cancel_key_deletion().key_id(&self.own).send().await.map_err(unexpected)?;
        same("KeyId", got.key_id(), Some(self.own_arn.as_str()))?;
        same("the state", self.described(&self.own).await?.key_state(), Some(&KeyState::Disabled))?;
        let data_key = || self.kms.generate_data_key().key_id(&self.own).key_spec(DataKeySpec::Aes256).send();
        let text = format!("{} is disabled.", self.own_arn);
        refused(data_key().await, "Disabled", Some(&text), |e| e.is_disabled_exception())?;
        self.kms.enable_key().key_id(&self.own).send().await.map_err(unexpected)?;
        same("the state", self.described(&self.own).await?.key_state(), Some(&KeyState::Enabled))?;
        let got = data_key().await.map_err(unexpected)?;
        same("the data key's length", got.plaintext().map(|p| p.as_ref().len()), Some(32))
    }

    async fn own_material(&self) -> Held {
        let text = format!("{} origin is AWS_KMS which is not valid for this operation.", self.own_arn);
        let answer = self.kms.delete_imported_key_material().key_id(&self.own).send().await;
        refused(answer, "UnsupportedOperation", Some(&text), |e| e.is_unsupported_operation_exception())?;
        let answer = self.kms.get_parameters_for_import().key_id(&self.own);
        let answer =
            answer.wrapping_algorithm(AlgorithmSpec::RsaesOaepSha256).wrapping_key_spec(WrappingKeySpec::Rsa2048);
        refused(answer.send().await, "UnsupportedOperation", Some(&text), |e| e.is_unsupported_operation_exception())
    }

    async fn not_found(&self) -> Held {
        let text = format!("Key '{}' does not exist", self.arn.replace(&self.key, NOBODY));
        let answer = self.kms.cancel_key_deletion().key_id(NOBODY).send().await;
        refused(answer, "NotFound", Some(&text), |e| e.is_not_found_exception())?;
        let answer = self.kms.delete_imported_key_material().key_id("no-such-key").send().await;
        refused(answer, "NotFound", Some("Invalid keyId 'no-such-key'"), |e| e.is_not_found_exception())
    }

    async fn invalid_arn(&self) -> Held {
        let text = Some("Key Aliases are not supported for this operation.");
        let answer = self.kms.cancel_key_deletion().key_id("alias/rust-missing").send().await;
        refused(answer, "InvalidArn", text, |e| e.is_invalid_arn_exception())?;
        let answer = self.kms.delete_imported_key_material().key_id("alias/rust-missing").send().await;
        refused(answer, "InvalidArn", text, |e| e.is_invalid_arn_exception())
    }

    async fn aliases(&mut self) -> Held {
        self.names = (0..7).map(|n| format!("alias/rust-{n}-{}", self.own)).collect();
        let create = |name: &str| self.kms.create_alias().alias_name(name).target_key_id(&self.own).send();
        for name in &self.names {
            create(name).await.map_err(unexpected)?;
        }
        let arn = self.own_arn.replace(&format!("key/{}", self.own), &self.names[0]);
        let text = format!("An alias with the name {arn} already exists");
        refused(create(&self.names[0]).await, "AlreadyExists", Some(&text), |e| e.is_already_exists_exception())
    }

    async fn paginator(&self) -> Held {
        let pages = self.kms.list_aliases().key_id(&self.own).into_paginator().page_size(2).send();
        let pages: Vec<_> = pages.collect::<Result<_, _>>().await.map_err(unexpected)?;
        let names: Vec<_> = pages.iter().flat_map(|p| p.aliases()).filter_map(|a| a.alias_name()).collect();
        same("the names", names, self.names.iter().map(String::as_str).collect())?;
        same("the number of pages", pages.len(), 4)
    }

    /// A future that is dropped before it is polled to its end is a call that was cancelled.
    async fn cancelled_call(&self) -> Held {
        let call = self.kms.describe_key().key_id(&self.own).send();
        // It is begun and dropped at once: no timer, which a fast answer could be before.
        let stopped = tokio::select! { biased; _ = call => false, () = std::future::ready(()) => true };
        same("whether the call was cancelled", stopped, true)?;
        self.described(&self.own).await.map(|_| ())
    }

    async fn described(&self, key: &str) -> Result<KeyMetadata, String> {
        let got = self.kms.describe_key().key_id(key).send().await.map_err(unexpected)?;
        got.key_metadata.ok_or_else(|| "no KeyMetadata".to_owned())
    }

    /// The metadata, if the key is in this state.
    async fn told(&self, state: KeyState) -> Result<KeyMetadata, String> {
        let told = self.described(&self.key).await?;
        let enabled = state == KeyState::Enabled;
        same("KeyState and Enabled", (told.key_state(), told.enabled()), (Some(&state), enabled))?;
        Ok(told)
    }

    fn decrypt(&self) -> aws_sdk_kms::operation::decrypt::builders::DecryptFluentBuilder {
        let opened = self.kms.decrypt().ciphertext_blob(self.sealed.clone());
        opened.encryption_context("ключ", "значение").encryption_context("a", "1")
    }

    async fn opens(&self) -> Held {
        let got = self.decrypt().send().await.map_err(unexpected)?;
        same("the plaintext", got.plaintext(), Some(&blob(SECRET)))?;
        same("KeyId", got.key_id(), Some(self.arn.as_str()))?;
        same("KeyMaterialId", got.key_material_id(), self.material_id.as_deref())
    }

    async fn deletes_material(&self) -> Held {
        let got = self.kms.delete_imported_key_material().key_id(&self.key).send().await.map_err(unexpected)?;
        same("KeyId", got.key_id(), Some(self.arn.as_str()))?;
        same("KeyMaterialId", got.key_material_id(), self.material_id.as_deref())
    }

    // docs: import
    /// Fetches a wrapping key and a token, wraps the material, and imports it.
    async fn imports(
        &self,
        material: &[u8],
        expires: Option<ExpirationModelType>,
        end: Option<DateTime>,
    ) -> Result<Result<ImportKeyMaterialOutput, SdkError<ImportKeyMaterialError>>, String> {
        let asked = self.kms.get_parameters_for_import().key_id(&self.key);
        let asked =
            asked.wrapping_algorithm(AlgorithmSpec::RsaesOaepSha256).wrapping_key_spec(WrappingKeySpec::Rsa2048);
        let got = asked.send().await.map_err(unexpected)?;
        let wrapped = wrap(got.public_key().ok_or("no PublicKey")?.as_ref(), material)?;
        let import = self.kms.import_key_material().key_id(&self.key).encrypted_key_material(Blob::new(wrapped));
        let import = import.set_import_token(got.import_token).set_expiration_model(expires).set_valid_to(end);
        Ok(import.send().await)
    }
    // docs: end
}

// docs: wrap
/// RSAES_OAEP_SHA_256: the same hash for OAEP and MGF1, and no label.
fn wrap(public_key: &[u8], material: &[u8]) -> Result<Vec<u8>, String> {
    let key = rsa::PublicKey::from_public_key_der(public_key).map_err(unexpected)?;
    key.encrypt(&mut rand::rng(), rsa::Oaep::<sha2::Sha256>::new(), material).map_err(unexpected)
}
// docs: end

/// No claim about a message.
const ANY: Option<&str> = Some("*");

/// Holds if the call failed with the SDK's own type and this message, and the error tells its request.
fn refused<T, E, R>(answer: Result<T, SdkError<E, R>>, name: &str, text: Option<&str>, is: impl Fn(&E) -> bool) -> Held
where
    E: Error + ProvideErrorMetadata + RequestId + 'static,
    R: Debug,
{
    match answer {
        Ok(_) => Err(format!("expected {name}, but the call succeeded")),
        Err(SdkError::ServiceError(e)) if is(e.err()) => {
            same("the length of the request id", e.err().request_id().map(str::len), Some(36))?;
            if text == ANY { Ok(()) } else { same("the message", e.err().message(), text) }
        }
        Err(e) => Err(format!("expected {name}, got {:?}: {}", e.code(), e.message().unwrap_or("no message"))),
    }
}

fn pending_import(arn: &str) -> String {
    format!("{arn} is pending import.")
}

fn near(what: &str, got: Option<&DateTime>, ahead: Duration) -> Held {
    let wanted = DateTime::from(SystemTime::now() + ahead).secs();
    match got {
        Some(time) if (time.secs() - wanted).abs() < 60 => Ok(()),
        other => Err(format!("{what} is {other:?}, not about {wanted}")),
    }
}
