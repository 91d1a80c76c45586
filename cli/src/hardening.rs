//! What the process takes from itself before it holds a secret: core files, and being read by other processes of the
//! same user. Root can still read it; memory that is locked and kept out of swap is not its business.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Leaves no core file whatever happens, and lets no process of the same user attach or read `/proc/self/mem`.
///
/// # Errors
/// A sentence, if the system does not allow it: a service that cannot keep its memory to itself does not start.
pub(crate) fn harden() -> Result<(), String> {
    let failed = |error: rustix::io::Errno| {
        format!(
            "the system does not let this process forbid core dumps ({error}): start it without the filter that \
             forbids prctl or setrlimit"
        )
    };
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(failed)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{dumpable_behavior, getrlimit};

    #[test]
    fn a_hardened_process_leaves_no_core_and_is_not_read() {
        harden().unwrap();
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    }
}
