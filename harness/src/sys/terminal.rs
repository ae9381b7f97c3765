//! Pseudo terminals: the suite's side of one, and how a child makes the other its own.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{
    LocalModes, OptionalActions, OutputModes, Winsize, tcgetattr, tcsetattr, tcsetwinsize,
};

/// No line is wrapped: as wide as the world's `COLUMNS`.
const SIZE: Winsize = Winsize {
    ws_row: 50,
    ws_col: 1000,
    ws_xpixel: 0,
    ws_ypixel: 0,
};

/// A new terminal, seen from its keyboard and screen.
///
/// It is a terminal as a shell leaves it (line by line, with the control characters), but for two things:
/// what is typed is not shown and a line feed stays one byte, so what comes out is what a process wrote.
///
/// # Errors
/// What the kernel says of /dev/ptmx or the settings.
pub fn open() -> io::Result<OwnedFd> {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    unlockpt(&terminal)?;
    let mut settings = tcgetattr(&terminal)?;
    settings.local_modes.remove(LocalModes::ECHO);
    settings.output_modes.remove(OutputModes::ONLCR);
    tcsetattr(&terminal, OptionalActions::Now, &settings)?;
    tcsetwinsize(&terminal, SIZE)?;
    Ok(terminal)
}

/// Opens the other side and makes it the controlling terminal of this session leader, and its owner's
/// where one is named, as login(1) does.
///
/// In the child and not before the fork: a terminal that two processes have is hung up when the session's
/// leader ends, and what it wrote last may be lost then.
///
/// # Errors
/// What the kernel says.
pub(super) fn take(terminal: impl AsFd, owner: Option<(u32, u32)>) -> Result<OwnedFd, Errno> {
    let errno = |e: rustix::io::Errno| Errno::from_raw(e.raw_os_error());
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let side = ioctl_tiocgptpeer(terminal, flags).map_err(errno)?;
    rustix::process::ioctl_tiocsctty(&side).map_err(errno)?;
    if let Some((uid, gid)) = owner {
        let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
        nix::unistd::fchown(&side, Some(uid), Some(gid))?;
    }
    Ok(side)
}
