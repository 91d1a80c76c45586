//! Acts: what can be done with a key that may be used, or without one; a family of acts that is larger has a file of its
//! own. An act consumes or borrows the token that allows it, takes algorithm and encryption context from there, and
//! returns; nothing here writes.

use std::sync::Arc;

use crypto::SecretBytes;
use crypto::blob::Blob;
use crypto::spec::{KeySpec, Kind};
use wire::{Op, Response};

use crate::Time;
use crate::error::Error;
use crate::keys::lifecycle::Facts;
use crate::ops::Action;
use crate::records::{KeyRecord, KeyRow};
use crate::rows::{self, Row};

use super::change::{Change, Done, Write};
use super::permit::Permit;
use super::view::Key;

/// A key that the caller may use and that may be used: everything starts here.
///
/// It does not outlive its request:
///
/// ```compile_fail,E0521
/// # use kms::journey::Usable;
/// # use std::sync::Mutex;
/// static KEPT: Mutex<Option<Usable<'static>>> = Mutex::new(None);
/// fn keep<'r>(key: Usable<'r>) {
///     *KEPT.lock().unwrap() = Some(key);
/// }
/// ```
///
/// ```
/// # use kms::journey::Usable;
/// # use std::sync::Mutex;
/// static KEPT: Mutex<Option<String>> = Mutex::new(None);
/// fn keep<'r>(key: Usable<'r>) {
///     *KEPT.lock().unwrap() = Some(key.arn());
/// }
/// ```
///
/// And an edit consumes it:
///
/// ```
/// # use kms::journey::{Change, Usable};
/// async fn twice<'r>(key: Usable<'r>, other: Usable<'r>) -> Result<(Change<'r>, Change<'r>), kms::Error> {
///     Ok((key.disable().await?, other.enable().await?))
/// }
/// ```
///
/// ```compile_fail,E0382
/// # use kms::journey::{Change, Usable};
/// async fn twice<'r>(key: Usable<'r>) -> Result<(Change<'r>, Change<'r>), kms::Error> {
///     Ok((key.disable().await?, key.enable().await?))
/// }
/// ```
pub struct Usable<'r> {
    pub(super) permit: Permit<'r>,
    pub(super) key: Key,
}

/// A ciphertext, and the id of the material that sealed it, as 64 hexadecimal digits.
pub struct Sealed {
    /// The blob, [`crypto::blob::OVERHEAD`] bytes longer than its plaintext.
    pub blob: Vec<u8>,
    /// The material's id.
    pub material_id: String,
}

/// A ciphertext of either kind of key. The material's id, as 64 hexadecimal digits, is told of symmetric ones alone.
pub struct Encrypted {
    /// A blob, or what the asymmetric algorithm makes.
    pub ciphertext: Vec<u8>,
    /// The id of the material that sealed a blob.
    pub material_id: Option<String>,
}

/// Reading.
impl<'r> Usable<'r> {
    pub(super) fn admitted(permit: Permit<'r>, key: Key) -> Usable<'r> {
        Usable { permit, key }
    }

    /// The key's ARN.
    pub fn arn(&self) -> String {
        self.key.arn()
    }

    pub(super) fn spec(&self) -> KeySpec {
        self.key.record().spec
    }

    /// What DescribeKey tells of it.
    pub fn metadata(&self) -> wire::KeyMetadata {
        self.key.metadata(self.now())
    }

    /// An answer that changes nothing.
    pub fn done<R: Response>(self, answer: R) -> Done<R> {
        Done::unchanged(answer)
    }
}

/// Using the material.
impl Usable<'_> {
    /// Encrypts `plaintext`: with the current material under the encryption context that was permitted, or, by an
    /// asymmetric algorithm, under the public half.
    ///
    /// Errors: `Invalid` for more than an asymmetric algorithm encrypts.
    pub async fn encrypt(&self, plaintext: &[u8]) -> Result<Encrypted, Error> {
        match self.spec().kind() {
            Kind::Symmetric => {
                let Sealed { blob, material_id } = self.seal(plaintext).await?;
                Ok(Encrypted { ciphertext: blob, material_id: Some(material_id) })
            }
            Kind::Asymmetric | Kind::Hmac => {
                let ciphertext = self.encrypt_under_public_half(plaintext).await?;
                Ok(Encrypted { ciphertext, material_id: None })
            }
        }
    }

    /// Seals `plaintext` with the current material, under the encryption context that was permitted.
    pub async fn seal(&self, plaintext: &[u8]) -> Result<Sealed, Error> {
        const ACTS: [Action; 6] = [
            Action::Of(Op::Encrypt),
            Action::ReEncryptTo,
            Action::Of(Op::GenerateDataKey),
            Action::Of(Op::GenerateDataKeyWithoutPlaintext),
            Action::Of(Op::GenerateDataKeyPair),
            Action::Of(Op::GenerateDataKeyPairWithoutPlaintext),
        ];
        self.permit.begin(&ACTS)?;
        let (record, id) = (self.key.record(), self.current_material()?);
        let wrapped = self.wrapped(&id).await?;
        let place = crypto::blob::Place { account: &self.key.world.account, key_id: &record.key_id, material_id: id };
        let blob = self.backend().seal(&wrapped, &place, self.permit.context, plaintext).await?;
        Ok(Sealed { blob, material_id: hex::encode(id) })
    }

    /// Opens a ciphertext with the material that it names, under the encryption context that was permitted.
    ///
    /// Errors: `InvalidCiphertext`, whatever is wrong with it.
    pub async fn open(&self, blob: &Blob<'_>) -> Result<SecretBytes, Error> {
        self.permit.begin(&[Action::Of(Op::Decrypt), Action::ReEncryptFrom])?;
        let id = blob.material_id();
        let known = self.key.record().facts.material(&id).is_some_and(|material| material.is_here(self.now()));
        if !known {
            return Err(Error::InvalidCiphertext);
        }
        let wrapped = self.wrapped(&id).await?;
        self.backend().open(&wrapped, blob, self.permit.context).await
    }

    /// How a call ends that brings no ciphertext because it is a dry run.
    pub fn opens_nothing(&self) -> Error {
        match self.permit.begin(&[Action::Of(Op::Decrypt), Action::ReEncryptFrom]) {
            Err(end) => end,
            Ok(()) => Error::internal("a ciphertext was left out of what was no dry run"),
        }
    }

    /// A new data key of `length` bytes.
    pub fn draw_data_key(&self, length: usize) -> Result<SecretBytes, Error> {
        self.permit.begin(&[Action::Of(Op::GenerateDataKey), Action::Of(Op::GenerateDataKeyWithoutPlaintext)])?;
        Ok(SecretBytes::random(length, self.permit.cx.random()))
    }

    pub(super) fn backend(&self) -> &dyn crate::backend::Backend {
        &*self.permit.cx.view().core.backend
    }

    pub(super) fn now(&self) -> Time {
        self.permit.cx.now()
    }
}

/// The edits. Each consumes the token and gives the change to that key alone.
impl<'r> Usable<'r> {
    /// The key may be used again.
    pub async fn enable(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::EnableKey)])?;
        self.edit_facts(|facts, _| facts.enable()).await
    }

    /// The key may not be used until it is enabled.
    pub async fn disable(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::DisableKey)])?;
        self.edit_facts(|facts, _| facts.disable()).await
    }

    /// Another description, of at most 8192 characters.
    pub fn describe(self, description: &str) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::UpdateKeyDescription)])?;
        let after = KeyRecord { description: description.to_owned(), ..self.key.record().clone() };
        let name = rows::key_row(&self.key.world, &after.key_id);
        let writes = vec![Write::put(name, self.key.row.version + 1, &KeyRow::of(&after))?];
        Ok(self.changed(after, writes))
    }

    /// The key is deleted `days` days from now.
    pub async fn schedule_deletion(self, days: u16) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::ScheduleKeyDeletion)])?;
        self.edit_facts(|facts, now| facts.schedule_deletion(now, days)).await
    }

    /// The key is not deleted; it comes back disabled.
    pub async fn cancel_deletion(self) -> Result<Change<'r>, Error> {
        self.permit.begin(&[Action::Of(Op::CancelKeyDeletion)])?;
        self.edit_facts(|facts, _| facts.cancel_deletion()).await
    }

    /// An edit of the facts, and with them of what is due when.
    pub(super) async fn edit_facts(self, edit: impl FnOnce(Facts, Time) -> Facts) -> Result<Change<'r>, Error> {
        let after = edit(self.key.record().facts.clone(), self.now());
        self.with_facts(after, Vec::new()).await
    }

    /// The key with these facts: its record, its row in the index of what is due, and these other rows.
    pub(super) async fn with_facts(self, facts: Facts, others: Vec<Write>) -> Result<Change<'r>, Error> {
        let after = self.key.record().with_facts(facts, self.now());
        let mut writes = self.permit.cx.view().rewrite(Some(&self.key), &self.key.world, &after).await?;
        writes.extend(others);
        Ok(self.changed(after, writes))
    }

    fn changed(self, after: KeyRecord, writes: Vec<Write>) -> Change<'r> {
        let Key { world, row, set } = self.key;
        Change::new(self.permit.cx, Key { world, row: Row { value: Arc::new(after), ..row }, set }, writes)
    }
}

/// What is done without a key.
impl<'r> Permit<'r> {
    /// `length` random bytes.
    pub fn random_bytes(&self, length: usize) -> Result<SecretBytes, Error> {
        self.begin(&[Action::Of(Op::GenerateRandom)])?;
        Ok(SecretBytes::random(length, self.cx.random()))
    }

    /// The ids of the world's keys after `after`, in order, at most `limit`, and whether more follow.
    pub async fn key_ids(&self, after: Option<&str>, limit: usize) -> Result<(Vec<String>, bool), Error> {
        self.begin(&[Action::Of(Op::ListKeys)])?;
        let (view, world) = (self.cx.view(), self.cx.world());
        let within = rows::prefix(&["k", &world.account, &world.region]);
        let mut last = after.map(|id| rows::key_row(&world, id));
        let mut ids = Vec::new();
        loop {
            let page = view.core.rows.store().scan(view.at, &within, last.as_deref(), store::limits::PAGE_ROWS).await;
            let page = page.map_err(rows::unreadable)?;
            for entry in &page.entries {
                let row = view.core.rows.open::<KeyRow>(&entry.key, &entry.value, entry.revision)?;
                let Some(id) = view.id_of_what_is_there(&world, &row.value).await? else { continue };
                if ids.len() == limit {
                    return Ok((ids, true));
                }
                ids.push(id);
            }
            last = page.entries.last().map(|entry| entry.key.clone());
            if !page.more {
                return Ok((ids, false));
            }
        }
    }
}
