//! Files and directories that are closed to others under any umask, and the lock that names who holds a data directory.
//! What is created here is on the disk, with its name, when the call returns; nothing here overwrites a file.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crypto::SecretBytes;

use super::Refusal;

const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// Makes a directory, and those above it that are missing, mode 0700. One that exists is closed to others as well.
pub(super) fn make_dir(path: &Path) -> Result<(), Refusal> {
    let failed = |error| Refusal::io("make", path, error);
    let Some(parent) = path.parent() else { return Ok(()) };
    if !exists(parent)? {
        make_dir(parent)?;
    }
    match DirBuilder::new().mode(DIRECTORY_MODE).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
        Err(error) => return Err(failed(error)),
    }
    // The umask may have taken bits away from a new directory, and an empty one may have been made by hand.
    std::fs::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE)).map_err(failed)?;
    sync_dir(parent)
}

/// Writes a file that must not exist yet, mode 0600. Its bytes and its name are on the disk when this returns.
pub(super) fn create_new(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
        file.set_permissions(Permissions::from_mode(FILE_MODE))?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| Refusal::io("write", path, error))?;
    sync_dir(parent(path))
}

/// Gives a finished file its name. Whoever calls it has just seen that the name is free, under a lock or after
/// `create_new`.
pub(super) fn publish(from: &Path, to: &Path) -> Result<(), Refusal> {
    if exists(to)? {
        return Err(Refusal::InTheWay { path: to.to_path_buf() });
    }
    std::fs::rename(from, to).map_err(|error| Refusal::io("name", to, error))?;
    sync_dir(parent(to))
}

/// Removes an unfinished file, if there is one.
pub(super) fn remove_if_there(path: &Path) -> Result<(), Refusal> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Refusal::io("remove", path, error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Whether there is something of that name, be it a link to nowhere.
pub(super) fn exists(path: &Path) -> Result<bool, Refusal> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(Refusal::io("look for", path, error)),
    }
}

/// The permission bits of a file or directory.
pub(super) fn mode(path: &Path) -> Result<u32, Refusal> {
    let metadata = path.metadata().map_err(|error| Refusal::io("look at", path, error))?;
    Ok(metadata.permissions().mode() & 0o7777)
}

/// A small file's bytes, which wipe themselves.
pub(super) fn read(path: &Path) -> Result<SecretBytes, Refusal> {
    /// Far more than a seal key or a credentials file has, so that a wrong path is not read into memory whole.
    const LIMIT_BYTES: usize = 64 * 1024;
    let read = || {
        // One allocation: growing would leave copies of a secret behind.
        let mut bytes = Vec::with_capacity(LIMIT_BYTES);
        File::open(path)?.take(LIMIT_BYTES as u64).read_to_end(&mut bytes)?;
        Ok(SecretBytes::from(bytes))
    };
    read().map_err(|error| Refusal::io("read", path, error))
}

/// Puts the names in a directory on the disk.
pub(super) fn sync_dir(path: &Path) -> Result<(), Refusal> {
    File::open(path).and_then(|directory| directory.sync_all()).map_err(|error| Refusal::io("sync", path, error))
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}

/// Keeps every other process out of a data directory; the kernel ends it with the process, however that ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock if its file is there: a directory that somebody holds is not even looked at.
    pub(super) fn if_there(path: &Path, data: &Path) -> Result<Option<Lock>, Refusal> {
        if exists(path)? { Lock::take(path, data).map(Some) } else { Ok(None) }
    }

    /// Takes the lock of the data directory and writes this process's id into it.
    pub(super) fn take(path: &Path, data: &Path) -> Result<Lock, Refusal> {
        let failed = |error| Refusal::io("lock", path, error);
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let mut file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held_by(&mut file, data)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_permissions(Permissions::from_mode(FILE_MODE)).map_err(failed)?;
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Lock(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only the lock counts; an empty file just misleads nobody who looks into it. Closing the file lets go.
        let _ = self.0.set_len(0);
    }
}

fn held_by(file: &mut File, data: &Path) -> Refusal {
    let mut pid = String::new();
    let _ = file.take(32).read_to_string(&mut pid);
    let pid = pid.trim();
    let pid = if pid.is_empty() { "of unknown id".to_owned() } else { pid.to_owned() };
    Refusal::Held { data: data.to_path_buf(), pid }
}
