//! Waiting: one poll over every process of a case and whatever else can wake it, with a deadline.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::Child;

/// What a wait ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// Something happened: look again.
    Event,
    /// The deadline passed.
    Deadline,
}

/// Waits until a process does anything, `other` is readable, or the deadline passes.
///
/// # Errors
/// What poll(2), read(2), write(2) and waitid(2) say.
pub fn pump<'a>(
    children: impl Iterator<Item = &'a mut Child>,
    other: Option<BorrowedFd<'_>>,
    deadline: Instant,
) -> io::Result<Ready> {
    let mut children: Vec<&mut Child> = children.collect();
    let mut happened = false;
    for child in &mut children {
        happened |= child.advance()?;
    }
    if happened {
        return Ok(Ready::Event);
    }
    let mut fds: Vec<PollFd<'_>> = Vec::new();
    for child in &children {
        let (read, write) = child.interests();
        fds.extend(
            read.into_iter()
                .map(|fd| PollFd::new(fd, PollFlags::POLLIN)),
        );
        fds.extend(write.map(|fd| PollFd::new(fd, PollFlags::POLLOUT)));
    }
    if let Some(fd) = &other {
        fds.push(PollFd::new(fd.as_fd(), PollFlags::POLLIN));
    }
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(Ready::Deadline);
        }
        // Rounded up, so that the last millisecond is waited for and not spun through.
        let ms = u16::try_from(left.as_millis() + 1).unwrap_or(u16::MAX);
        match poll(&mut fds, PollTimeout::from(ms)) {
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => break,
            Err(errno) => return Err(errno.into()),
        }
    }
    drop(fds);
    for child in children {
        child.advance()?;
    }
    Ok(Ready::Event)
}
