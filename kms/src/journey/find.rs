//! Finding: a name or a ciphertext leads to a key, once, on one snapshot. What is found can only be asked about:
//! another account's key is found whether or not it is there, so that nobody learns which.

use crate::error::Error;
use crate::names::{KeyName, is_alias};
use crate::records::AliasRecord;
use crate::rows;
use crate::world::World;

use super::cx::{Cx, Stage};
use super::elsewhere;
use super::view::{Key, View};

/// A key that was named. The only way on is [`Found::permit`]:
///
/// ```
/// # use kms::journey::{Cx, Found, Permitted};
/// async fn go_on<'r>(cx: &'r Cx, found: Found<'r>) -> Result<Permitted<'r>, kms::Error> {
///     found.permit(cx.ask()).await
/// }
/// ```
///
/// Nothing is read from it:
///
/// ```compile_fail,E0616
/// # use kms::journey::Found;
/// fn peek(found: &Found<'_>) -> bool {
///     found.key.is_some()
/// }
/// ```
pub struct Found<'r> {
    pub(super) cx: &'r Cx,
    /// None: another account's key that is not there, or the key of a ciphertext that is not there.
    pub(super) key: Option<Key>,
    pub(super) by: By,
    /// The alias that it was called by, with its prefix.
    pub(super) alias: Option<String>,
    /// Whether the other key of a ReEncrypt is this one.
    pub(super) on_same_key: Option<bool>,
}

/// How a key was named, for the words of a refusal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Name,
    /// By the ciphertext alone.
    Ciphertext,
    /// By name, and the ciphertext is of another key: told only to those who may use the named one.
    WrongName,
}

impl Cx {
    /// Finds the key that the caller calls `name`.
    ///
    /// Errors: what [`KeyName::parse`] refuses; `NoSuchKey` and `NoSuchAlias` in the caller's own account.
    pub async fn find(&self, name: &str) -> Result<Found<'_>, Error> {
        self.enter(Stage::Find)?;
        let name = KeyName::parse(name, &self.world(), self.sheet().names)?;
        self.find_name(name).await
    }

    /// The key that the caller calls `name`, for who only wants to know which it is. None: another account's, which is
    /// not there.
    ///
    /// Errors: as [`Cx::find`].
    pub(super) async fn look(&self, name: &str) -> Result<Option<Key>, Error> {
        self.enter(Stage::Find)?;
        let name = KeyName::parse(name, &self.world(), self.sheet().names)?;
        Ok(self.look_up(name).await?.0)
    }

    /// Finds the key of a ciphertext, which the caller may have named too.
    ///
    /// Errors: as [`Cx::find`] for the name. A name of another key than the ciphertext's is told after the permit.
    pub async fn find_source(&self, blob: &crypto::blob::Blob<'_>, named: Option<&str>) -> Result<Found<'_>, Error> {
        self.enter(Stage::Find)?;
        let world = World { account: blob.account().to_owned(), ..self.world() };
        let Some(name) = named else {
            let key = self.view().key(world, blob.key_id()).await?;
            return Ok(self.found(key, By::Ciphertext));
        };
        let name = match KeyName::parse(name, &self.world(), self.sheet().names)? {
            // The ciphertext names its account, so that a bare id is enough for a key of another one.
            KeyName::Key { id, bare: true, .. } if id == blob.key_id() => KeyName::Key { world, id, bare: true },
            other => other,
        };
        let mut found = self.find_name(name).await?;
        let is_source = |key: &Key| key.record().key_id == blob.key_id() && key.world.account == blob.account();
        if found.key.as_ref().is_some_and(|key| !is_source(key)) {
            found.by = By::WrongName;
        }
        Ok(found)
    }

    pub(super) async fn find_name(&self, name: KeyName) -> Result<Found<'_>, Error> {
        let (key, alias) = self.look_up(name).await?;
        Ok(Found { alias, ..self.found(key, By::Name) })
    }

    /// The key of this name, and the alias if it is called by one.
    async fn look_up(&self, name: KeyName) -> Result<(Option<Key>, Option<String>), Error> {
        let (key, alias) = named(self.view(), &name).await?;
        if key.is_some() || *name.world() != self.world() {
            return Ok((key, alias));
        }
        if let KeyName::Key { id, .. } = &name {
            elsewhere::hint(self, id).await;
        }
        Err(name.missing())
    }

    pub(super) fn found(&self, key: Option<Key>, by: By) -> Found<'_> {
        if let Some(key) = &key {
            self.note_resource(key);
        }
        Found { cx: self, key, by, alias: None, on_same_key: None }
    }
}

/// The key of this name, if it is there, and the alias if it is called by one. An alias whose key is gone is gone with
/// it, whether or not anybody has written so.
pub(super) async fn named(view: &View, name: &KeyName) -> Result<(Option<Key>, Option<String>), Error> {
    match name {
        KeyName::Key { world, id, .. } => Ok((view.key(world.clone(), id).await?, None)),
        KeyName::Alias { world, alias } => {
            let key = match target(view, world, alias).await? {
                Some(id) => view.key(world.clone(), &id).await?,
                None => None,
            };
            Ok((key, Some(alias.clone())))
        }
    }
}

/// The id of the key that this alias points to.
async fn target(view: &View, world: &World, alias: &str) -> Result<Option<String>, Error> {
    if !is_alias(alias) {
        return Ok(None);
    }
    let target = view.get::<AliasRecord>(rows::alias_row(world, alias)).await?;
    Ok(target.map(|target| target.value.key_id.clone()))
}

impl<'r> Found<'r> {
    /// This key and the other one of a ReEncrypt, each with the knowledge of whether they are one.
    pub fn beside(self, other: Found<'r>) -> (Found<'r>, Found<'r>) {
        let arn = |found: &Found<'_>| found.key.as_ref().map(Key::arn);
        let on_same_key = Some(self.key.is_some() && arn(&self) == arn(&other));
        (Found { on_same_key, ..self }, Found { on_same_key, ..other })
    }
}
