//! Files that hold a secret: made for their owner alone, never over another file, and on the disk when that is said.
//! What stands in them is the caller's business.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crypto::{Random, SecretBytes, SystemRandom};

/// A file that was made and is still empty: whoever gets a secret afterwards has a place for it. Dropped before it is
/// filled, it is removed.
pub(crate) struct Reserved {
    path: PathBuf,
    file: Option<File>,
}

impl Reserved {
    /// Makes the file, mode 0600, and its directory, mode 0700, if that is absent.
    ///
    /// # Errors
    /// A sentence: a file of that name is there, or the system refuses.
    pub(crate) fn at(path: &Path) -> Result<Reserved, String> {
        let path = std::path::absolute(path).map_err(|error| cannot("find", path, &error))?;
        if let Some(parent) = path.parent() {
            make_dir(parent)?;
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(FILE_MODE).open(&path);
        let file = file.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => format!("{} exists and is not overwritten: name another file", path.display()),
            _ => cannot("make", &path, &error),
        })?;
        let reserved = Reserved { path, file: Some(file) };
        reserved.make_private()?;
        Ok(reserved)
    }

    /// One in this directory, of a name that nobody else has.
    ///
    /// # Errors
    /// As [`Reserved::at`].
    pub(crate) fn within(directory: &Path) -> Result<Reserved, String> {
        Reserved::at(&directory.join(format!(".new-{}.credentials", unique())))
    }

    /// Writes the secret. It is on the disk when this returns.
    ///
    /// # Errors
    /// A sentence, if the system refuses; the file stays, with what of it was written.
    pub(crate) fn fill(mut self, bytes: &SecretBytes) -> Result<PathBuf, String> {
        let path = std::mem::take(&mut self.path);
        let Some(mut file) = self.file.take() else { return Ok(path) };
        let written = file.write_all(bytes.expose()).and_then(|()| file.sync_all());
        written.and_then(|()| sync_parent(&path)).map_err(|error| cannot("write", &path, &error))?;
        Ok(path)
    }

    fn make_private(&self) -> Result<(), String> {
        // The umask may have taken the owner's own bits away.
        let Some(file) = &self.file else { return Ok(()) };
        file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(|error| cannot("close", &self.path, &error))
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Gives a filled file the first of these names that is free; `from` itself, if none is.
pub(crate) fn name(from: PathBuf, names: &[PathBuf]) -> PathBuf {
    // A link fails where a name is taken; renaming would replace what has it.
    let Some(taken) = names.iter().find(|to| std::fs::hard_link(&from, to).is_ok()) else { return from };
    let _ = std::fs::remove_file(&from);
    let _ = sync_parent(taken);
    taken.clone()
}

/// A directory of the process's own among the system's temporary files, removed with what is in it when this is
/// dropped.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// Makes it, mode 0700, of a name that nobody can guess.
    ///
    /// # Errors
    /// A sentence, if the system refuses.
    pub(crate) fn make() -> Result<Temporary, String> {
        let path = std::env::temp_dir().join(format!("trent-dev-{}", unique()));
        DirBuilder::new().mode(DIRECTORY_MODE).create(&path).map_err(|error| cannot("make", &path, &error))?;
        let made = Temporary(path);
        std::fs::set_permissions(&made.0, Permissions::from_mode(DIRECTORY_MODE))
            .map_err(|error| cannot("close", &made.0, &error))?;
        Ok(made)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Refuses a file that others can read, since it holds secrets.
///
/// # Errors
/// A sentence that says what to do.
pub(crate) fn refuse_open(path: &Path) -> Result<(), String> {
    let metadata = path.metadata().map_err(|error| cannot("read", path, &error))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!(
        "{path} holds secrets and is open to others (mode {mode:04o}): chmod 600 {path}",
        path = path.display()
    ))
}

fn make_dir(path: &Path) -> Result<(), String> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
        .map_err(|error| cannot("make", path, &error))?;
    std::fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))
        .map_err(|error| cannot("close", path, &error))
}

fn sync_parent(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

fn cannot(act: &str, path: &Path, error: &std::io::Error) -> String {
    format!("cannot {act} {}: {error}", path.display())
}

/// 16 hexadecimal digits that nobody can guess.
fn unique() -> String {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    hex::encode(bytes)
}

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    fn secret(text: &str) -> SecretBytes {
        SecretBytes::from(text.as_bytes().to_vec())
    }

    #[test]
    fn a_secrets_file_is_its_owners_alone() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("secrets/ann");
        let written = Reserved::at(&path).unwrap().fill(&secret("s")).unwrap();
        assert_eq!(written, path);
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(std::fs::read(&path).unwrap(), b"s");
    }

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ann");
        std::fs::write(&path, "old").unwrap();
        assert!(Reserved::at(&path).err().unwrap().contains("not overwritten"));
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn a_place_that_was_not_needed_is_given_back() {
        let place = tempfile::tempdir().unwrap();
        drop(Reserved::at(&place.path().join("ann")).unwrap());
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_name_that_is_taken_leaves_the_next_one() {
        let place = tempfile::tempdir().unwrap();
        let names = ["a", "b"].map(|name| place.path().join(name));
        let mut taken = Vec::new();
        for text in ["1", "2", "3"] {
            let filled = Reserved::within(place.path()).unwrap().fill(&secret(text)).unwrap();
            taken.push(name(filled, &names));
        }
        assert_eq!(taken[..2], names);
        for (path, text) in taken.iter().zip(["1", "2", "3"]) {
            assert_eq!((std::fs::read_to_string(path).unwrap().as_str(), mode(path)), (text, 0o600));
        }
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_temporary_directory_is_private_and_goes_with_its_owner() {
        let made = Temporary::make().unwrap();
        let path = made.path().to_owned();
        assert_eq!(mode(&path), 0o700);
        Reserved::at(&path.join("credentials")).unwrap().fill(&secret("s")).unwrap();
        drop(made);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_of_secrets_that_others_read_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("identities.toml");
        std::fs::write(&path, "").unwrap();
        for (mode, is_refused) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true), (0o666, true)] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = refuse_open(&path);
            assert_eq!(refused.is_err(), is_refused, "{mode:o}");
            assert!(refused.err().is_none_or(|said| said.contains("chmod 600")));
        }
    }
}
