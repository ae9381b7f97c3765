//! Waiting: one poll over every process of a case, its calls, and whatever else can wake it, with a deadline.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::Child;
use super::gate::{Attend, Gate};

/// What a wait ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// Something happened: look again.
    Event,
    /// The deadline passed.
    Deadline,
}

/// Waits until a process does anything, `other` is readable, or the deadline passes. Meanwhile `calls` answers
/// the processes; that is no event, unless it says so.
///
/// # Errors
/// What poll(2), read(2), write(2) and waitid(2) say.
pub fn pump<'a>(
    children: impl Iterator<Item = &'a mut Child>,
    other: Option<BorrowedFd<'_>>,
    calls: &mut dyn Attend,
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
    let gates = calls.gates();
    let mut fds: Vec<PollFd<'_>> = gates.iter().map(|gate| readable(gate.as_fd())).collect();
    for child in &children {
        let (read, write) = child.interests();
        fds.extend(read.into_iter().map(readable));
        fds.extend(write.map(|fd| PollFd::new(fd, PollFlags::POLLOUT)));
    }
    fds.extend(other.map(readable));
    loop {
        let until = calls.due().map_or(deadline, |due| due.min(deadline));
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            if until == deadline {
                return Ok(Ready::Deadline);
            }
            calls.let_due_go()?;
            continue;
        }
        // Rounded up, so that the last millisecond is waited for and not spun through.
        let ms = u16::try_from(left.as_millis() + 1).unwrap_or(u16::MAX);
        match poll(&mut fds, PollTimeout::from(ms)) {
            Ok(0) | Err(Errno::EINTR) => continue,
            Ok(_) => {}
            Err(errno) => return Err(errno.into()),
        }
        let (at_gates, elsewhere) = fds.split_at_mut(gates.len());
        let mut wake = elsewhere.iter().any(|fd| fd.any().unwrap_or(true));
        for (gate, fd) in gates.iter().zip(at_gates) {
            wake |= answer(gate, fd, calls)?;
        }
        if wake {
            break;
        }
    }
    drop(fds);
    for child in children {
        child.advance()?;
    }
    Ok(Ready::Event)
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

/// Returns whether whoever waits should look.
fn answer(gate: &Rc<dyn Gate>, fd: &PollFd<'_>, calls: &mut dyn Attend) -> io::Result<bool> {
    let happened = fd.revents().unwrap_or(PollFlags::empty());
    if happened.contains(PollFlags::POLLIN) {
        calls.attend(gate)
    } else if happened.is_empty() {
        Ok(false)
    } else {
        // Hung up: its process has just ended, which its own descriptor is about to tell.
        calls.closed(gate);
        Ok(true)
    }
}
