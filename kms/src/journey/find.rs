//! Finding: a name or a ciphertext leads to a key, once, on one snapshot. What is found can only be asked about:
//! another account's key is found whether or not it is there, so that nobody learns which.

use crate::error::Error;
use crate::names::{KeyName, is_alias};
use crate::records::AliasRecord;
use crate::rows;
use crate::world::World;

use super::cx::{Cx, Stage};
use super::elsewhere;
use super::view::Key;

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
        self.look_up(name).await
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

    async fn find_name(&self, name: KeyName) -> Result<Found<'_>, Error> {
        Ok(self.found(self.look_up(name).await?, By::Name))
    }

    async fn look_up(&self, name: KeyName) -> Result<Option<Key>, Error> {
        let (world, id, missing) = match name {
            KeyName::Key { world, id, .. } => {
                let missing = Error::NoSuchKey { arn: world.key_arn(&id) };
                (world, Some(id), missing)
            }
            // An alias whose key is gone is gone with it, whether or not anybody has written so.
            KeyName::Alias { world, alias } => {
                let missing = Error::NoSuchAlias { arn: world.alias_arn(&alias) };
                (world.clone(), self.target(&world, &alias).await?, missing)
            }
        };
        let key = match &id {
            Some(id) => self.view().key(world.clone(), id).await?,
            None => None,
        };
        if key.is_some() || world != self.world() {
            return Ok(key);
        }
        if let Some(id) = &id {
            elsewhere::hint(self, id).await;
        }
        Err(missing)
    }

    /// The id of the key that this alias points to.
    async fn target(&self, world: &World, alias: &str) -> Result<Option<String>, Error> {
        if !is_alias(alias) {
            return Ok(None);
        }
        let target = self.view().get::<AliasRecord>(rows::alias_row(world, alias)).await?;
        Ok(target.map(|target| target.value.key_id.clone()))
    }

    pub(super) fn found(&self, key: Option<Key>, by: By) -> Found<'_> {
        if let Some(key) = &key {
            self.note_resource(key);
        }
        Found { cx: self, key, by }
    }
}
