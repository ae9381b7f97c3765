//! Holding calls, and seeing that a process has come to rest.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use super::actor::Parked;
use super::quiet::Stillness;
use super::{Order, Stop, touch};
use crate::calls::table::Family;
use crate::orders::Line;
use crate::supervise::{self, Seen};

/// How long a poll waits before it is asked whether the process sleeps: most calls are followed by the next at once.
const SOON: Duration = Duration::from_micros(150);
/// Who calls so short before the end of a sleep has woken by its time.
const CLOSE: Duration = Duration::from_millis(20);
/// So much longer time passes than anybody waits, so that whoever began to wait a little later has waited for long too.
const LONGER: Duration = Duration::from_millis(50);
/// How long a timer of a process may take.
const TIMER: Duration = Duration::from_secs(3);

impl Order<'_, '_> {
    /// Waits for processes that sleep for a time to go on by themselves, which they do by a call. One that makes none, as
    /// an idle thread that looks now and then whether there is work, is not waited for again.
    pub(super) fn pass_time(&mut self, whose: &[usize]) -> Result<(), Stop> {
        let deadline = Instant::now() + TIMER;
        // Now it is their turn.
        whose.iter().for_each(|at| self.actors[*at].wakes_now());
        let before: Vec<u64> = self.actors.iter().map(|actor| actor.told).collect();
        loop {
            let actors = &mut self.actors;
            let sleeps = |at: &&usize| actors[**at].told == before[**at] && actors[**at].is_alive();
            let asleep: Vec<usize> = whose.iter().filter(sleeps).copied().collect();
            let left = deadline.saturating_duration_since(Instant::now());
            if asleep.is_empty() {
                break;
            }
            if left.is_zero() {
                asleep.iter().for_each(|at| actors[*at].idles = true);
                return Ok(());
            }
            self.listen(left)?;
        }
        let deadline = Instant::now() + LONGER;
        while let left = deadline.saturating_duration_since(Instant::now())
            && !left.is_zero()
        {
            self.listen(left)?;
        }
        Ok(())
    }

    pub(super) fn let_go(&mut self, at: usize, parked: &Parked) -> Result<(), Stop> {
        let actor = &mut self.actors[at];
        if touch::asks_for_lock(&parked.call) {
            actor.tried.extend(parked.names);
        }
        self.files.forget();
        actor.goes_on(parked);
        if let Some(gate) = &actor.gate {
            gate.go_on(parked.waiting.id)?;
        }
        Ok(())
    }

    /// Waits until a process is held, sleeps or has ended, with all its threads.
    pub(super) fn settle(&mut self, at: usize) -> Result<(), Stop> {
        let deadline = Instant::now() + self.stage.engine.job.patience;
        while self.actors[at].is_alive() {
            let happened = self.listen(SOON)?;
            if !self.actors[at].is_alive() {
                break;
            }
            if happened && self.actors[at].parked.is_empty() {
                continue;
            }
            if self.is_held_again(at) {
                self.actors[at].sleeps_on();
                break;
            }
            let still = self.stillness(at);
            self.looks += 1;
            if let Stillness::Waits { wakes } = still
                && !self.listen(Duration::ZERO)?
            {
                self.actors[at].sleeps(wakes);
                break;
            }
            if Instant::now() > deadline {
                let name = self.actors[at].name().to_owned();
                return Err(Stop::Broken(format!("{name} never stands still")));
            }
        }
        self.files.forget();
        Ok(())
    }

    pub(super) fn settle_others(&mut self, than: usize) -> Result<(), Stop> {
        for other in 0..self.actors.len() {
            if other != than {
                self.settle(other)?;
            }
        }
        Ok(())
    }

    /// Whether the one thread that was let go is held again, and nobody else of its process has done anything.
    fn is_held_again(&self, at: usize) -> bool {
        let actor = &self.actors[at];
        actor.let_go.is_some_and(|tid| {
            actor.held_threads().contains(&tid) && actor.still.are_as_before(tid)
        })
    }

    pub(super) fn stillness(&mut self, at: usize) -> Stillness {
        let actor = &mut self.actors[at];
        let held = actor.held_threads();
        actor.still.look(actor.child.pid, &held)
    }

    /// Answers or holds what waits, of anybody, and sees who has ended. Returns whether there was anything.
    pub(super) fn listen(&mut self, most: Duration) -> Result<bool, Stop> {
        let mut whose = Vec::new();
        let mut fds = Vec::new();
        for (at, actor) in self.actors.iter().enumerate() {
            if let Some(gate) = &actor.gate {
                whose.push((at, true));
                fds.push(PollFd::new(gate.as_fd(), PollFlags::POLLIN));
            }
            if actor.is_alive() {
                whose.push((at, false));
                fds.push(PollFd::new(actor.child.pidfd(), PollFlags::POLLIN));
            }
        }
        match ppoll(&mut fds, Some(TimeSpec::from_duration(most)), None) {
            Ok(0) | Err(Errno::EINTR) => return Ok(false),
            other => other.map_err(io::Error::from)?,
        };
        let ready: Vec<(usize, bool, PollFlags)> = whose
            .into_iter()
            .zip(&fds)
            .filter_map(|((at, gate), fd)| {
                let flags = fd.revents().unwrap_or(PollFlags::empty());
                (!flags.is_empty()).then_some((at, gate, flags))
            })
            .collect();
        drop(fds);
        for (at, is_gate, flags) in ready {
            match (is_gate, flags.contains(PollFlags::POLLIN)) {
                (true, true) => self.attend(at)?,
                (true, false) => self.actors[at].gate = None,
                (false, _) => {
                    self.actors[at].child.look()?;
                    self.actors[at].parked.clear();
                }
            }
        }
        Ok(true)
    }

    fn attend(&mut self, at: usize) -> Result<(), Stop> {
        let Some(gate) = self.actors[at].gate.clone() else {
            return Ok(());
        };
        let Some(waiting) = gate.next()? else {
            return Ok(());
        };
        let actor = &mut self.actors[at];
        if actor
            .sleeps_until()
            .is_some_and(|at| at <= Instant::now() + CLOSE)
        {
            self.early = Some(actor.name().to_owned());
        }
        actor.called(waiting.tid);
        // Others of its threads may have gone on since.
        self.files.forget();
        let is_there = |path: &Path| self.files.is_there(path);
        let call = match supervise::read(&waiting, &self.stage.places, is_there) {
            Seen::Refused => {
                gate.fail(waiting.id, libc::ENOSYS)?;
                return Ok(());
            }
            Seen::Nothing => {
                // It may be an answer, on a copy of the descriptor.
                actor.spoke |= supervise::writes(&waiting);
                gate.go_on(waiting.id)?;
                return Ok(());
            }
            Seen::Call(call) => *call,
        };
        actor.spoke |= call.family == Family::Write;
        let named = touch::descriptor(&call, &waiting);
        let names = named.as_ref().map(|(inode, _)| *inode);
        let caller = touch::Caller {
            names,
            tried: &actor.tried,
            actor: u8::try_from(at).unwrap_or(u8::MAX),
        };
        let label = touch::label(&call, &mut self.files, &caller);
        if let Some((inode, path)) = named {
            self.files.is_open(inode, path);
        }
        let place = self.actors[at].place(&call);
        let parked = Parked {
            thread: 0,
            waiting,
            call,
            names,
            label,
            place,
            is_stale: false,
        };
        if parked.label.is_empty() {
            self.lines.push(Line {
                actor: u8::try_from(at).unwrap_or(u8::MAX),
                after: self.steps.len(),
                is_step: false,
                text: parked.call.text(),
                place: parked.place,
            });
            gate.go_on(parked.waiting.id)?;
        } else {
            self.actors[at].parked.push(parked);
        }
        Ok(())
    }
}
