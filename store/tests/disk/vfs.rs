//! What if the disk hangs, fails or fills up? A file system for SQLite that does so when told, over the real one.
//! It changes nothing but the answers of `xRead`, `xWrite` and `xSync` under the directories it is asked to watch.
//!
//! One of the files where `unsafe` may stand (`xtask/src/arrows.rs`): SQLite's file systems are tables of C functions
//! (<https://sqlite.org/vfs.html>). Nothing but tests of this crate can reach it.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Condvar, Mutex, Once, OnceLock};

use rusqlite::ffi;

/// What the files under one directory meet.
pub struct Disk {
    directory: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    hold_syncs: bool,
    held_syncs: usize,
    /// Syncs that still succeed before all fail.
    good_syncs: Option<usize>,
    full: bool,
    broken: bool,
    counts: Counts,
}

/// What was asked of the disk so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub reads: usize,
    pub writes: usize,
    pub syncs: usize,
}

static DISKS: Mutex<Vec<&'static Disk>> = Mutex::new(Vec::new());

impl Disk {
    /// Watches all files that SQLite opens under `directory` from now on.
    pub fn under(directory: &Path) -> &'static Disk {
        register();
        let directory = directory.to_owned();
        let disk = Box::leak(Box::new(Disk { directory, state: Mutex::default(), changed: Condvar::new() }));
        DISKS.lock().unwrap().push(disk);
        disk
    }

    /// Every sync waits inside the disk, as long as the answer lives: a test that fails lets go of the disk, too.
    pub fn hold_syncs(&'static self) -> Held {
        self.change(|state| state.hold_syncs = true);
        Held(self)
    }

    /// Blocks until a sync waits.
    pub fn wait_for_a_held_sync(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.held_syncs == 0).unwrap());
    }

    /// After `good` more, every sync fails with EIO.
    pub fn fail_syncs_after(&self, good: usize) {
        self.change(|state| state.good_syncs = Some(good));
    }

    /// Every write fails with ENOSPC, or no longer.
    pub fn fill(&self, full: bool) {
        self.change(|state| state.full = full);
    }

    /// Every read fails with EIO, or no longer.
    pub fn break_reads(&self, broken: bool) {
        self.change(|state| state.broken = broken);
    }

    /// What was asked so far.
    pub fn counts(&self) -> Counts {
        self.state.lock().unwrap().counts
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    /// The error that a read meets, or `SQLITE_OK`.
    fn read(&self) -> c_int {
        let mut state = self.state.lock().unwrap();
        state.counts.reads += 1;
        if state.broken { ffi::SQLITE_IOERR_READ } else { ffi::SQLITE_OK }
    }

    fn write(&self) -> c_int {
        let mut state = self.state.lock().unwrap();
        state.counts.writes += 1;
        if state.full { ffi::SQLITE_FULL } else { ffi::SQLITE_OK }
    }

    fn sync(&self) -> c_int {
        let mut state = self.state.lock().unwrap();
        state.counts.syncs += 1;
        state.held_syncs += 1;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| state.hold_syncs).unwrap();
        state.held_syncs -= 1;
        match &mut state.good_syncs {
            None => ffi::SQLITE_OK,
            Some(0) => ffi::SQLITE_IOERR_FSYNC,
            Some(good) => {
                *good -= 1;
                ffi::SQLITE_OK
            }
        }
    }
}

/// Syncs that are held back. Dropping it lets them all return.
pub struct Held(&'static Disk);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.change(|state| state.hold_syncs = false);
    }
}

/// A file of ours; the file of the real file system lies behind it in the same allocation.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    disk: Option<&'static Disk>,
}

/// Both the addresses of the real file system and of ours; neither is ever changed or freed.
struct Registered {
    real: *mut ffi::sqlite3_vfs,
}
// SAFETY: the pointed-to table is SQLite's own, constant after initialisation and used by all threads anyway.
unsafe impl Send for Registered {}
// SAFETY: as above.
unsafe impl Sync for Registered {}

static REAL: OnceLock<Registered> = OnceLock::new();
static ONCE: Once = Once::new();

fn register() {
    ONCE.call_once(|| {
        // SAFETY: a null name asks for the default file system, which is there for the life of the process. The copy
        // is leaked, so SQLite may keep its address.
        unsafe {
            let real = ffi::sqlite3_vfs_find(ptr::null());
            assert!(!real.is_null(), "SQLite has a file system");
            assert!(REAL.set(Registered { real }).is_ok(), "registered once");
            let mut shim = *real;
            shim.szOsFile += c_int::try_from(size_of::<File>()).unwrap();
            shim.pNext = ptr::null_mut();
            shim.zName = c"faulty".as_ptr();
            shim.xOpen = Some(open);
            assert_eq!(ffi::sqlite3_vfs_register(Box::leak(Box::new(shim)), 1), ffi::SQLITE_OK);
        }
    });
}

/// The real file behind one of ours.
///
/// SAFETY: `file` must have been opened by [`open`], in an allocation of the size that [`register`] announced.
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: by the contract, the real file begins right behind ours.
    unsafe { file.cast::<File>().add(1).cast() }
}

/// The real file's functions. SAFETY: as for [`real`].
unsafe fn methods(file: *mut ffi::sqlite3_file) -> &'static ffi::sqlite3_io_methods {
    // SAFETY: an open file's table is a constant of its file system.
    unsafe { &*(*real(file)).pMethods }
}

/// SAFETY: as for [`real`].
unsafe fn disk(file: *mut ffi::sqlite3_file) -> Option<&'static Disk> {
    // SAFETY: `open` has filled this in.
    unsafe { (*file.cast::<File>()).disk }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives us room for both files, and a name that is null or ends in 0.
    unsafe {
        let disk = if name.is_null() { None } else { disk_of(CStr::from_ptr(name)) };
        ptr::write(file.cast(), File { base: ffi::sqlite3_file { pMethods: ptr::null() }, disk });
        let vfs = REAL.get().expect("registered").real;
        let code = (*vfs).xOpen.expect("a file system opens")(vfs, name, real(file), flags, out_flags);
        if !(*real(file)).pMethods.is_null() {
            (*file).pMethods = &METHODS;
        }
        code
    }
}

fn disk_of(name: &CStr) -> Option<&'static Disk> {
    let name = Path::new(name.to_str().expect("tests have plain paths"));
    DISKS.lock().unwrap().iter().copied().find(|disk| name.starts_with(&disk.directory))
}

/// Functions that only pass on. SAFETY, for each: SQLite calls them for files that [`open`] opened, with the
/// arguments that the real function takes.
macro_rules! pass_on {
    ($($name:ident as $method:ident ( $($arg:ident : $type:ty),* ) $(-> $out:ty)?;)*) => {$(
        unsafe extern "C" fn $name(file: *mut ffi::sqlite3_file $(, $arg: $type)*) $(-> $out)? {
            // SAFETY: see the macro.
            unsafe { methods(file).$method.expect("the real file system has it")(real(file) $(, $arg)*) }
        }
    )*};
}

pass_on! {
    close as xClose() -> c_int;
    truncate as xTruncate(size: ffi::sqlite3_int64) -> c_int;
    file_size as xFileSize(size: *mut ffi::sqlite3_int64) -> c_int;
    lock as xLock(level: c_int) -> c_int;
    unlock as xUnlock(level: c_int) -> c_int;
    check_reserved_lock as xCheckReservedLock(out: *mut c_int) -> c_int;
    file_control as xFileControl(op: c_int, arg: *mut c_void) -> c_int;
    sector_size as xSectorSize() -> c_int;
    device_characteristics as xDeviceCharacteristics() -> c_int;
    shm_map as xShmMap(page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int;
    shm_lock as xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier as xShmBarrier();
    shm_unmap as xShmUnmap(delete: c_int) -> c_int;
    fetch as xFetch(offset: ffi::sqlite3_int64, amount: c_int, out: *mut *mut c_void) -> c_int;
    unfetch as xUnfetch(offset: ffi::sqlite3_int64, page: *mut c_void) -> c_int;
    real_read as xRead(out: *mut c_void, amount: c_int, offset: ffi::sqlite3_int64) -> c_int;
    real_write as xWrite(from: *const c_void, amount: c_int, offset: ffi::sqlite3_int64) -> c_int;
    real_sync as xSync(flags: c_int) -> c_int;
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    out: *mut c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: as for the functions that pass on.
    unsafe {
        match disk(file).map_or(ffi::SQLITE_OK, Disk::read) {
            ffi::SQLITE_OK => real_read(file, out, amount, offset),
            error => error,
        }
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: as for the functions that pass on.
    unsafe {
        match disk(file).map_or(ffi::SQLITE_OK, Disk::write) {
            ffi::SQLITE_OK => real_write(file, from, amount, offset),
            error => error,
        }
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: as for the functions that pass on.
    unsafe {
        match disk(file).map_or(ffi::SQLITE_OK, Disk::sync) {
            ffi::SQLITE_OK => real_sync(file, flags),
            error => error,
        }
    }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 3,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: Some(fetch),
    xUnfetch: Some(unfetch),
};
