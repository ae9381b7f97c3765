//! A guard that runs one order of an exploration after another.

use std::io;
use std::process::{Child, ChildStdin, ChildStdout};
use std::sync::{Condvar, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::guard::Order;
use super::{frames, launch};
use crate::engine::Job;
use crate::orders::{Limits, Ran, Task};
use crate::scenario::model::Tier;

/// What a guard says while it runs an order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// Time has to pass in its world, and it does nothing until then.
    Waits,
    /// It has, and it wants to go on.
    Wakes,
    /// What came of the order.
    Ran(Box<Ran>),
}

/// How many worlds are at work at once. A process that waits for 100 ms wakes when these are over, whatever anybody chose:
/// so an order that is at work is not to stand behind many others. One whose time passes needs no core.
#[derive(Debug)]
pub struct Turns {
    free: Mutex<usize>,
    more: Condvar,
}

/// The turn of one, until this is dropped.
struct Turn<'a>(&'a Turns);

impl Turns {
    /// So many.
    #[must_use]
    pub fn new(many: usize) -> Self {
        Self {
            free: Mutex::new(many.max(1)),
            more: Condvar::new(),
        }
    }

    fn take(&self) -> Turn<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.more.wait_while(free, |free| *free == 0);
        *free.unwrap_or_else(PoisonError::into_inner) -= 1;
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.more.notify_one();
    }
}

/// A world with an engine that waits for orders. It ends, with all in it, when this is dropped or this process ends.
#[derive(Debug)]
pub struct Worker {
    guard: Child,
    to: Option<ChildStdin>,
    from: ChildStdout,
}

impl Worker {
    /// Starts one.
    ///
    /// # Errors
    /// Why the guard could not be started.
    pub fn start(job: &Job, tier: Tier, limits: Limits) -> Result<Self, String> {
        let mut guard = launch::start()?;
        let (Some(mut to), Some(from)) = (guard.stdin.take(), guard.stdout.take()) else {
            return Err("a pipe is missing".to_owned());
        };
        let order = Order::Explore(Box::new(job.clone()), tier, limits);
        frames::send(&mut to, &order).map_err(|e| format!("talking to a guard: {e}"))?;
        Ok(Self {
            guard,
            to: Some(to),
            from,
        })
    }

    /// Has it run an order, when it is its turn.
    ///
    /// # Errors
    /// The guard has ended.
    pub fn run(&mut self, task: &Task, turns: &Turns) -> Result<Ran, String> {
        let mut turn = Some(turns.take());
        let mut asked = self.say(task);
        loop {
            match asked.and_then(|()| frames::receive(&mut self.from)) {
                Ok(Some(Word::Ran(ran))) => return Ok(*ran),
                Ok(Some(Word::Waits)) => {
                    turn = None;
                    asked = Ok(());
                }
                Ok(Some(Word::Wakes)) => {
                    turn.get_or_insert_with(|| turns.take());
                    asked = self.say(&());
                }
                Ok(None) => return Err(self.why("it ended without a word")),
                Err(e) => return Err(self.why(&e.to_string())),
            }
        }
    }

    fn say(&mut self, what: &impl Serialize) -> io::Result<()> {
        match &mut self.to {
            Some(to) => frames::send(to, what),
            None => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
        }
    }

    /// What a guard said last.
    fn why(&mut self, how: &str) -> String {
        use std::io::Read;
        let mut said = String::new();
        self.to = None;
        if let Some(mut stderr) = self.guard.stderr.take() {
            // Best effort: the reason counts more than what was said of it.
            drop(stderr.read_to_string(&mut said));
        }
        format!("the guard of a world: {how}: {}", said.trim())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Its end of input ends it; it is waited for, so that nothing of its world is left when we go on.
        self.to = None;
        drop(self.guard.wait());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn no_more_are_at_work_than_have_a_turn() {
        const MANY: usize = 2;
        let turns = Turns::new(MANY);
        let (at_work, most, done) = (
            AtomicUsize::new(0),
            AtomicUsize::new(0),
            AtomicUsize::new(0),
        );
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let turn = turns.take();
                        let now = at_work.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        std::thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        done.fetch_add(1, Ordering::SeqCst);
                        drop(turn);
                    }
                });
            }
        });
        assert_eq!(done.into_inner(), 8 * 200);
        assert!(most.into_inner() <= MANY);
        // All have been given back.
        let turns = (0..MANY).map(|_| turns.take()).collect::<Vec<_>>();
        assert_eq!(turns.len(), MANY);
    }
}
