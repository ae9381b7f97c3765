//! A guard that runs one order of an exploration after another.

use std::io;
use std::process::{Child, ChildStdin, ChildStdout};

use super::guard::Order;
use super::{frames, launch};
use crate::engine::Job;
use crate::orders::{Limits, Ran, Task};
use crate::scenario::model::Tier;

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

    /// Has it run an order.
    ///
    /// # Errors
    /// The guard has ended.
    pub fn run(&mut self, task: &Task) -> Result<Ran, String> {
        let asked = match &mut self.to {
            Some(to) => frames::send(to, task),
            None => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
        };
        let answered = asked.and_then(|()| frames::receive(&mut self.from));
        match answered {
            Ok(Some(ran)) => Ok(ran),
            Ok(None) => Err(self.why("it ended without a word")),
            Err(e) => Err(self.why(&e.to_string())),
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
