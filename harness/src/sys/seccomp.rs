//! seccomp user notification: a child puts a filter on itself, and whoever holds its listener is asked
//! before each call that the filter names.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};

pub use super::filter::{Filter, When};

impl Filter {
    /// Puts the filter on this process for good, and hands the listener over. What comes after must make no
    /// call that the filter tells of, except where somebody already answers.
    pub(super) fn put_on(&self, hand_over: BorrowedFd<'_>) -> nix::Result<()> {
        // Else only root may have a filter. It costs set-uid programs their uid.
        nix::sys::prctl::set_no_new_privs()?;
        let program = libc::sock_fprog {
            len: u16::try_from(self.program().len()).map_err(|_| Errno::E2BIG)?,
            filter: self.program().as_ptr().cast_mut(),
        };
        let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
            // A signal whose handler would run in the midst of a held call waits until the call is done;
            // else the call would come back and be counted twice.
            | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        // SAFETY: the kernel copies the program, which lives through the call, and writes nothing.
        #[expect(unsafe_code, reason = "no safe wrapper")]
        let listener = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                flags,
                &raw const program,
            )
        };
        let listener = RawFd::try_from(Errno::result(listener)?).map_err(|_| Errno::EBADF)?;
        let fds = [listener];
        sendmsg::<()>(
            hand_over.as_raw_fd(),
            &[IoSlice::new(b"l")],
            &[ControlMessage::ScmRights(&fds)],
            MsgFlags::MSG_NOSIGNAL,
            None,
        )?;
        // Our own copy closes at exec: close(2) may be told of, and nobody answers yet.
        Ok(())
    }
}

/// A call that waits for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    /// What the answer is addressed to.
    pub id: u64,
    /// The thread, as this process sees it.
    pub tid: i32,
    /// The call's number.
    pub number: i64,
    /// Its arguments.
    pub args: [u64; 6],
}

/// Where the calls of a process and of all it starts are told.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Listener {
    /// Takes what [`Filter::put_on`] hands over; `None` where the other end was closed without.
    pub(super) fn take(from: &UnixStream) -> io::Result<Option<Self>> {
        let mut byte = [0u8; 1];
        let mut data = [IoSliceMut::new(&mut byte)];
        let mut space = nix::cmsg_space!([RawFd; 1]);
        let message = recvmsg::<()>(
            from.as_raw_fd(),
            &mut data,
            Some(&mut space),
            MsgFlags::MSG_CMSG_CLOEXEC,
        )?;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(fds) = control
                && let Some(raw) = fds.first()
            {
                // SAFETY: the kernel has just put this descriptor into our table, for us alone.
                #[expect(unsafe_code, reason = "a raw descriptor becomes an owned one")]
                let fd = unsafe { OwnedFd::from_raw_fd(*raw) };
                return Ok(Some(Self { fd }));
            }
        }
        Ok(None)
    }

    /// The next call that waits. `None` where it has gone meanwhile, with its thread. To be called when poll(2)
    /// says that one waits.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn next(&self) -> io::Result<Option<Waiting>> {
        // SAFETY: all fields are integers, and the kernel asks for zeroes.
        #[expect(unsafe_code, reason = "a plain structure of the kernel's")]
        let mut seen: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel fills a structure of its own that lives through the call.
        #[expect(unsafe_code, reason = "no safe wrapper")]
        let result = unsafe {
            libc::ioctl(
                self.fd.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV,
                &raw mut seen,
            )
        };
        match Errno::result(result) {
            Ok(_) => Ok(Some(Waiting {
                id: seen.id,
                tid: seen.pid.cast_signed(),
                number: i64::from(seen.data.nr),
                args: seen.data.args,
            })),
            Err(Errno::ENOENT | Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Lets the call be made. Whether it still waited.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn go_on(&self, id: u64) -> io::Result<bool> {
        const CONTINUE: u32 = 1;
        self.answer(id, 0, CONTINUE)
    }

    /// Has the call fail without being made. Whether it still waited.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn fail(&self, id: u64, errno: i32) -> io::Result<bool> {
        self.answer(id, -errno, 0)
    }

    fn answer(&self, id: u64, error: i32, flags: u32) -> io::Result<bool> {
        let answer = libc::seccomp_notif_resp {
            id,
            val: 0,
            error,
            flags,
        };
        // SAFETY: the kernel reads a structure of its own that lives through the call.
        #[expect(unsafe_code, reason = "no safe wrapper")]
        let result = unsafe {
            libc::ioctl(
                self.fd.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SEND,
                &raw const answer,
            )
        };
        match Errno::result(result) {
            Ok(_) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Whether a call still waits, so that what was read of its thread was that thread's.
    pub fn waits(&self, id: u64) -> bool {
        const ID_VALID: libc::Ioctl = 0x4008_2102;
        // SAFETY: the kernel reads eight bytes that live through the call.
        #[expect(unsafe_code, reason = "no safe wrapper")]
        let result = unsafe { libc::ioctl(self.fd.as_raw_fd(), ID_VALID, &raw const id) };
        result == 0
    }
}
