//! A child that fork(2) cannot make: one with a certain pid, or the first of a pid namespace.

use std::io;

use nix::mount::{MsFlags, mount};
use nix::unistd::{ForkResult, Pid};

/// What is asked of a new child. Nothing, most of the time: then fork(2) makes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Birth {
    /// The very pid it gets, in the pid namespace of its parent.
    pub pid: Option<i32>,
    /// It is pid 1 of a pid namespace of its own, with a /proc of its own.
    pub own_namespace: bool,
}

/// Splits this process, which has one thread.
///
/// # Errors
/// What fork(2) or clone3(2) says; `EEXIST` where the pid is somebody's.
pub(super) fn fork(birth: Birth) -> io::Result<ForkResult> {
    if birth == Birth::default() {
        // SAFETY: this process has one thread, so the child may use everything its parent could.
        #[expect(unsafe_code, reason = "fork")]
        return unsafe { nix::unistd::fork() }.map_err(io::Error::from);
    }
    let pids: Vec<i32> = birth.pid.into_iter().collect();
    let flags = if birth.own_namespace {
        libc::CLONE_NEWPID | libc::CLONE_NEWNS
    } else {
        0
    };
    // SAFETY: all fields are integers, for which zero says that nothing is asked.
    #[expect(unsafe_code, reason = "a plain structure of the kernel's")]
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = u64::from(flags.cast_unsigned());
    args.exit_signal = u64::from(libc::SIGCHLD.cast_unsigned());
    if !pids.is_empty() {
        args.set_tid = pids.as_ptr() as u64;
        args.set_tid_size = pids.len() as u64;
    }
    // SAFETY: `args` and `pids` live through the call. Without CLONE_VM and without a stack this is
    // fork(2): the child goes on here, on a copy of everything, and there is one thread to copy.
    #[expect(unsafe_code, reason = "no safe wrapper")]
    let child = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            &raw const args,
            size_of::<libc::clone_args>(),
        )
    };
    match child {
        0 => Ok(ForkResult::Child),
        pid if pid > 0 => Ok(ForkResult::Parent {
            child: Pid::from_raw(i32::try_from(pid).map_err(io::Error::other)?),
        }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// In the first process of a pid namespace: shows it its own processes, and nobody else.
pub(super) fn own_proc() -> nix::Result<()> {
    mount(
        Some("proc"),
        "/proc",
        Some("proc"),
        MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC,
        None::<&str>,
    )
}
