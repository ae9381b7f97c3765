//! Doing at a call what a scenario asks.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::Pid;

use super::rule::Deed;
use super::{Held, STOP, Supervisor, subject};
use crate::calls::table::Family;
use crate::calls::{Call, Fate, Moment};
use crate::process::{Attend, Gate};
use crate::sys::pidfd::PidFd;
use crate::sys::seccomp::Waiting;

impl Supervisor {
    /// Returns whether whoever waits for the process should look.
    pub(super) fn deed(
        &mut self,
        gate: &Rc<dyn Gate>,
        waiting: &Waiting,
        call: Call,
        rule: String,
        deed: Deed,
    ) -> io::Result<bool> {
        match deed {
            Deed::Fail(errno) => {
                let answered = gate.fail(waiting.id, errno)?;
                let fate = if answered {
                    Fate::Failed(errno)
                } else {
                    Fate::Gone
                };
                self.log.push(Call { fate, ..call });
                Ok(false)
            }
            Deed::Delay(time) => {
                let until = Some(Instant::now() + time);
                self.hold(gate, waiting, call, until, None);
                Ok(true)
            }
            Deed::Pause => {
                self.hold(gate, waiting, call, None, Some(rule.clone()));
                self.reached.push(rule);
                Ok(true)
            }
            Deed::Signal(signal, moment) => {
                self.struck.push((call.who.clone(), signal));
                let process = PidFd::open(Pid::from_raw(call.pid))?;
                let fate = Fate::Signalled(signal);
                self.log.push(Call {
                    fate,
                    ..call.clone()
                });
                match (signal, moment) {
                    (libc::SIGKILL, Moment::After) => {
                        self.stop_after(gate, waiting, &process, call.pid)?;
                    }
                    // Nothing keeps back what ends the process: it would never make the call.
                    (_, Moment::After) if is_deadly(call.pid, signal) => {
                        self.stop_after(gate, waiting, &process, call.pid)?;
                        process.signal(signal)?;
                        process.signal(libc::SIGCONT)?;
                        return Ok(true);
                    }
                    // Not let go on: it would be made after all, if the answer came before the end.
                    (_, Moment::Before) => {}
                    (_, Moment::Within) => write_half(&process, &call, waiting)?,
                    // While the call waits, a signal that has a handler is kept back until it is done.
                    (_, Moment::After) => {
                        process.signal(signal)?;
                        gate.go_on(waiting.id)?;
                        return Ok(true);
                    }
                }
                process.signal(signal)?;
                Ok(true)
            }
        }
    }

    fn hold(
        &mut self,
        gate: &Rc<dyn Gate>,
        waiting: &Waiting,
        call: Call,
        until: Option<Instant>,
        rule: Option<String>,
    ) {
        self.held.push(Held {
            gate: gate.clone(),
            id: waiting.id,
            at: self.log.len(),
            until,
            rule,
        });
        let fate = Fate::Held;
        self.log.push(Call { fate, ..call });
    }

    /// Has the call made and stops the process before it does anything else: SIGSTOP is kept back until the
    /// call is done. A process stops with all its threads, so the calls of the others are answered meanwhile.
    fn stop_after(
        &mut self,
        gate: &Rc<dyn Gate>,
        waiting: &Waiting,
        process: &PidFd,
        pid: i32,
    ) -> io::Result<()> {
        process.signal(libc::SIGSTOP)?;
        gate.go_on(waiting.id)?;
        let deadline = Instant::now() + STOP;
        while !is_stopped(pid) {
            if Instant::now() > deadline {
                return Err(io::Error::other("a process did not stop after its call"));
            }
            let mut fds = [PollFd::new(gate.as_fd(), PollFlags::POLLIN)];
            // No event tells that a process has stopped: a millisecond, then it is looked at again.
            match poll(&mut fds, PollTimeout::from(1u8)) {
                Ok(0) | Err(Errno::EINTR) => continue,
                other => other?,
            };
            if fds[0].revents() != Some(PollFlags::POLLIN) {
                return Ok(());
            }
            self.attend(gate)?;
        }
        Ok(())
    }
}

/// Whether a signal would do to a process what it does where nobody has provided for it.
fn is_deadly(pid: i32, signal: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    // Blocked, ignored and caught signals, a bit each, in hexadecimal.
    let has = |field: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let bits = line.and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
        bits.is_some_and(|bits| bits >> (signal - 1) & 1 == 1)
    };
    !["SigBlk:", "SigIgn:", "SigCgt:"].into_iter().any(has)
}

/// Whether all threads of a process have stopped, or it is gone.
fn is_stopped(pid: i32) -> bool {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    tasks.flatten().all(|task| {
        let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
        // The name in the brackets may hold anything; the state follows the last of them.
        let state = stat
            .rsplit(") ")
            .next()
            .and_then(|rest| rest.chars().next());
        matches!(state, None | Some('T' | 'Z' | 'X'))
    })
}

/// Makes the first half of a write, through a copy of the writer's own descriptor.
fn write_half(process: &PidFd, call: &Call, waiting: &Waiting) -> io::Result<()> {
    if call.family != Family::Write || call.name != "write" {
        return Err(io::Error::other(format!(
            "only a write can be cut in the middle, not {}",
            call.name
        )));
    }
    let [fd, at, length, ..] = waiting.args;
    let half = usize::try_from(length / 2).map_err(io::Error::other)?;
    let bytes = subject::bytes(waiting.tid, at, half)?;
    let fd = i32::try_from(fd).map_err(io::Error::other)?;
    let mut file = std::fs::File::from(process.descriptor(fd)?);
    file.write_all(&bytes)
}
