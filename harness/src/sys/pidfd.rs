//! Processes by descriptor: no pid is ever signalled after somebody else could have got it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By exit, with this status.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// A child of this process.
#[derive(Debug)]
pub struct PidFd {
    fd: OwnedFd,
}

impl PidFd {
    /// Opens a child that has not been waited for, so that its pid cannot be somebody else's.
    ///
    /// # Errors
    /// What pidfd_open(2) says.
    pub fn open(child: Pid) -> io::Result<Self> {
        // SAFETY: the call takes two integers and touches no memory of ours.
        #[expect(unsafe_code, reason = "no safe wrapper in nix")]
        let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, child.as_raw(), 0) };
        let raw = i32::try_from(raw).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
        #[expect(unsafe_code, reason = "a raw descriptor becomes an owned one")]
        let fd = unsafe { OwnedFd::from_raw_fd(raw) };
        Ok(Self { fd })
    }

    /// A copy of one of its descriptors, with the same offset.
    ///
    /// # Errors
    /// What pidfd_getfd(2) says.
    pub fn descriptor(&self, number: i32) -> io::Result<OwnedFd> {
        // SAFETY: the call takes three integers and touches no memory of ours.
        #[expect(unsafe_code, reason = "no safe wrapper in nix")]
        let raw = unsafe { libc::syscall(libc::SYS_pidfd_getfd, self.fd.as_raw_fd(), number, 0) };
        let raw = i32::try_from(raw).map_err(io::Error::other)?;
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given us this descriptor, and nobody else has it.
        #[expect(unsafe_code, reason = "a raw descriptor becomes an owned one")]
        let fd = unsafe { OwnedFd::from_raw_fd(raw) };
        Ok(fd)
    }

    /// Sends a signal; a process that has ended is no error.
    ///
    /// # Errors
    /// What pidfd_send_signal(2) says.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        // SAFETY: the info pointer may be null, the other arguments are integers.
        #[expect(unsafe_code, reason = "no safe wrapper in nix")]
        let result = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.fd.as_raw_fd(),
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() == Some(libc::ESRCH) {
            return Ok(());
        }
        Err(error)
    }

    /// How the process ended, if it has; it is reaped then.
    ///
    /// # Errors
    /// What waitid(2) says.
    pub fn try_wait(&self) -> io::Result<Option<End>> {
        self.wait_with(WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG)
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// What waitid(2) says.
    pub fn wait(&self) -> io::Result<Option<End>> {
        self.wait_with(WaitPidFlag::WEXITED)
    }

    fn wait_with(&self, flags: WaitPidFlag) -> io::Result<Option<End>> {
        match waitid(Id::PIDFd(self.fd.as_fd()), flags)? {
            WaitStatus::Exited(_, code) => Ok(Some(End::Code(code))),
            WaitStatus::Signaled(_, signal, _) => Ok(Some(End::Signal(signal as i32))),
            WaitStatus::Stopped(..)
            | WaitStatus::PtraceEvent(..)
            | WaitStatus::PtraceSyscall(_)
            | WaitStatus::Continued(_)
            | WaitStatus::StillAlive => Ok(None),
        }
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether a thread is one of a process, as far as this process sees both.
#[must_use]
pub fn is_thread_of(tid: i32, pid: i32) -> bool {
    // SAFETY: the call takes three integers, and signal 0 is sent to nobody.
    #[expect(unsafe_code, reason = "no safe wrapper in nix")]
    let result = unsafe { libc::syscall(libc::SYS_tgkill, pid, tid, 0) };
    // It is looked for before it is asked whether we may.
    matches!(Errno::result(result), Ok(_) | Err(Errno::EPERM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_of_one_process() {
        let pid = Pid::this().as_raw();
        let other = std::thread::spawn(nix::unistd::gettid).join();
        assert!(is_thread_of(nix::unistd::gettid().as_raw(), pid));
        assert!(!is_thread_of(other.unwrap().as_raw(), pid), "it has ended");
        assert!(!is_thread_of(pid, Pid::parent().as_raw()));
    }
}
