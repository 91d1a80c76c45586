//! Is this file a store of ours, and how is a new one made? Every check comes before SQLite may change a byte.
//! It reads the header, the schema and the head row, and never a row: what a row holds is checked when it is read.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{OpenError, Revision};

/// "TRNT", at offset 68 of the file (<https://sqlite.org/fileformat2.html#the_database_header>).
const APPLICATION_ID: u32 = 0x5452_4e54;

/// The layout below, at offset 60. A change of it is a new number, and code that opens the old one for ever.
const FORMAT: u32 = 1;

/// A rowid table: beside one without rowids, commits cost two thirds of the CPU and loading a third of the time.
/// The head row spares opening the search for the newest revision, and survives the deletion of the newest row.
const SCHEMA: [&str; 2] = [
    "CREATE TABLE rows (key BLOB NOT NULL UNIQUE, value BLOB NOT NULL, revision INTEGER NOT NULL) STRICT",
    "CREATE TABLE head (revision INTEGER NOT NULL) STRICT",
];

const HEADER_BYTES: usize = 100;

const PAGE_BYTES: u64 = 4096;

const OWNER_ONLY: u32 = 0o600;

/// Another process at the file (a shell, a backup) is waited for so long before it costs a `Busy`.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file for the writer, made if it is absent, and says its revision.
pub(super) fn open(path: &Path) -> Result<(Connection, Revision), OpenError> {
    match fs::metadata(path) {
        Ok(_) => check_header(path)?,
        Err(error) if error.kind() == ErrorKind::NotFound => create(path)?,
        Err(error) => return Err(denied(path, &error)),
    }
    open_writer(path).map_err(|error| explain(path, error))
}

/// Opens the file for a reader. The writer's connection must be open already: it makes the files that a reader needs.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let open = || {
        let file =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        file.busy_timeout(BUSY)?;
        distrust(&file)?;
        Ok(file)
    };
    open().map_err(|error| explain(path, error))
}

fn check_header(path: &Path) -> Result<(), OpenError> {
    let header = read_header(path).map_err(|error| denied(path, &error))?;
    let Some(header) = header else { return Err(damaged(path, "it is cut short")) };
    if !header.starts_with(b"SQLite format 3\0") || number(&header, 68) != APPLICATION_ID {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    match number(&header, 60) {
        FORMAT => check_length(path),
        0 => Err(damaged(path, "it has no format number")),
        format => Err(OpenError::Newer { path: path.to_owned(), format }),
    }
}

/// SQLite itself notices missing pages, but reads the missing part of a page as zeroes. Beside a log, that part may
/// rightly be missing: it is written anew from there.
fn check_length(path: &Path) -> Result<(), OpenError> {
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    if length(path) % PAGE_BYTES != 0 && length(&companion(path, "-wal")) == 0 {
        return Err(damaged(path, "it is cut short"));
    }
    Ok(())
}

fn read_header(path: &Path) -> std::io::Result<Option<[u8; HEADER_BYTES]>> {
    let mut header = [0; HEADER_BYTES];
    match File::open(path)?.read_exact(&mut header) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn number(header: &[u8; HEADER_BYTES], offset: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&header[offset..offset + 4]);
    u32::from_be_bytes(bytes)
}

/// Makes the file under another name first: a store that is there at all is there as a whole, so an empty or short
/// file is always a damaged one and never a start that was interrupted.
fn create(path: &Path) -> Result<(), OpenError> {
    if companion(path, "-wal").exists() {
        return Err(OpenError::Missing { path: path.to_owned() });
    }
    let unfinished = companion(path, ".new");
    for left_over in ["", "-journal", "-wal", "-shm"] {
        match fs::remove_file(companion(&unfinished, left_over)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(denied(path, &error)),
        }
    }
    make_empty(&unfinished).map_err(|error| denied(path, &error))?;
    fill(&unfinished).map_err(|error| explain(path, error))?;
    publish(&unfinished, path).map_err(|error| denied(path, &error))
}

/// SQLite gives the companions of a file the file's own mode.
fn make_empty(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(path)?;
    // An umask may have taken bits away even from these.
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    file.execute_batch(&format!(
        "PRAGMA page_size = {PAGE_BYTES};
         PRAGMA synchronous = FULL;
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {FORMAT};
         BEGIN; {}; {}; INSERT INTO head VALUES (0); COMMIT;",
        SCHEMA[0], SCHEMA[1]
    ))?;
    file.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    file.close().map_err(|(_, error)| error)
}

fn publish(unfinished: &Path, path: &Path) -> std::io::Result<()> {
    File::open(unfinished)?.sync_all()?;
    fs::rename(unfinished, path)?;
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

fn open_writer(path: &Path) -> rusqlite::Result<(Connection, Revision)> {
    let file = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    file.busy_timeout(BUSY)?;
    // Asked to write, SQLite is content with reading where the file's mode says so.
    if file.is_readonly("main")? {
        return Err(sqlite_error(rusqlite::ffi::SQLITE_READONLY, "it may only be read"));
    }
    distrust(&file)?;
    // FULL: the log is synced at every commit. `secure_delete` zeroes what a row leaves behind in its page.
    file.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")?;
    let mode: String = file.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    if mode != "wal" {
        return Err(unexpected(&format!("its journal mode is {mode}")));
    }
    check_schema(&file)?;
    let revision = head(&file)?;
    Ok((file, revision))
}

/// What the file says is data: pages are checked when they are loaded, and nothing in its schema is run.
fn distrust(file: &Connection) -> rusqlite::Result<()> {
    file.execute_batch("PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF;")
}

fn check_schema(file: &Connection) -> rusqlite::Result<()> {
    let mut statement = file.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")?;
    let found: Vec<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    if found == SCHEMA { Ok(()) } else { Err(unexpected("its tables are not those of a store")) }
}

fn head(file: &Connection) -> rusqlite::Result<Revision> {
    let revisions: Vec<i64> = file
        .prepare("SELECT revision FROM head LIMIT 2")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    match revisions.as_slice() {
        [revision] if *revision >= 0 => Ok(revision.cast_unsigned()),
        _ => Err(unexpected("its head row is not there once")),
    }
}

/// SQLite's own word for a file that is not what it should be, with our finding.
fn unexpected(finding: &str) -> rusqlite::Error {
    sqlite_error(rusqlite::ffi::SQLITE_CORRUPT, finding)
}

fn sqlite_error(code: i32, finding: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), Some(finding.to_owned()))
}

fn explain(path: &Path, error: rusqlite::Error) -> OpenError {
    match error.sqlite_error_code() {
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::SystemIoFailure
            | ErrorCode::DiskFull,
        ) => OpenError::Denied { path: path.to_owned(), detail: error.to_string() },
        _ => damaged(path, &error.to_string()),
    }
}

fn denied(path: &Path, error: &std::io::Error) -> OpenError {
    OpenError::Denied { path: path.to_owned(), detail: error.to_string() }
}

fn damaged(path: &Path, detail: &str) -> OpenError {
    OpenError::Damaged { path: path.to_owned(), detail: detail.to_owned() }
}

fn companion(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
