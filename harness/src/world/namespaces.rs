//! Entering private namespaces, as root or as an ordinary user.

use std::io;

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use super::{BuildError, SUBJECT_UID};

/// Puts this process into fresh namespaces; its next child is the first of the pid namespace.
///
/// Root needs no user namespace, so its files can belong to anybody. An ordinary user becomes
/// [`SUBJECT_UID`] in one, with all capabilities there, which its subjects lose on exec.
///
/// # Errors
/// Which step the kernel refused.
pub fn enter() -> Result<(), BuildError> {
    let mut flags = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWUTS;
    let (uid, gid) = (geteuid(), getegid());
    if !uid.is_root() {
        flags |= CloneFlags::CLONE_NEWUSER;
    }
    unshare(flags).map_err(BuildError::nix("unshare"))?;
    if !uid.is_root() {
        let write = |file: &'static str, text: String| {
            std::fs::write(file, text).map_err(BuildError::io(file))
        };
        // An unprivileged process may map its groups only after giving setgroups up.
        write("/proc/self/setgroups", "deny".into())?;
        write("/proc/self/uid_map", format!("{SUBJECT_UID} {uid} 1"))?;
        write("/proc/self/gid_map", format!("{SUBJECT_UID} {gid} 1"))?;
    }
    Ok(())
}

impl BuildError {
    pub(super) fn nix(what: impl Into<String>) -> impl FnOnce(nix::Error) -> Self {
        let what = what.into();
        move |errno| Self {
            what,
            source: errno.into(),
        }
    }

    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self { what, source }
    }
}
