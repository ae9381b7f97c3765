//! One of the processes whose calls are ordered.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::files::Inode;
use super::quiet::Threads;
use crate::calls::Call;
use crate::orders::Label;
use crate::process::{Child, Gate};
use crate::scenario::model::{Actor as Part, Role, Until};
use crate::sys::seccomp::Waiting;

/// A thread that waits in a call.
#[derive(Debug)]
pub(super) struct Parked {
    /// The thread's number among those of its process that were ever held; only when the process stands still.
    pub(super) thread: u8,
    pub(super) waiting: Waiting,
    pub(super) call: Call,
    pub(super) label: Label,
}

/// A process and how far it is.
#[derive(Debug)]
pub(super) struct Actor<'a> {
    pub(super) part: &'a Part,
    pub(super) child: Child,
    pub(super) gate: Option<Rc<dyn Gate>>,
    pub(super) parked: Vec<Parked>,
    /// Threads, as they were first held.
    pub(super) threads: Vec<i32>,
    /// The files whose locks it has asked for.
    pub(super) tried: BTreeSet<Inode>,
    /// All of them.
    pub(super) still: Threads,
    /// The thread that was let go since, if it is only one.
    pub(super) let_go: Option<i32>,
    /// It sleeps for a time only.
    pub(super) timed: bool,
    /// Its time has come, and it made no call.
    pub(super) idles: bool,
    /// How many calls it has told.
    pub(super) told: u64,
    pub(super) answered: bool,
    /// It was told to end, or was killed.
    pub(super) told_to_end: bool,
    pub(super) killed: bool,
}

impl<'a> Actor<'a> {
    pub(super) fn new(part: &'a Part, mut child: Child) -> Self {
        Self {
            part,
            gate: child.take_gate(),
            child,
            parked: Vec::new(),
            threads: Vec::new(),
            tried: BTreeSet::new(),
            still: Threads::default(),
            let_go: None,
            timed: false,
            idles: false,
            told: 0,
            answered: false,
            told_to_end: false,
            killed: false,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.part.spawn.handle
    }

    pub(super) fn is_alive(&self) -> bool {
        self.child.end.is_none()
    }

    pub(super) fn is_server(&self) -> bool {
        !matches!(self.part.spawn.role, Role::Cli | Role::Tool(_))
    }

    pub(super) fn held_threads(&self) -> Vec<i32> {
        self.parked
            .iter()
            .map(|parked| parked.waiting.tid)
            .collect()
    }

    /// Numbers the threads that are held for the first time, the older before the younger: which of them was the
    /// first to come to its call is chance.
    pub(super) fn number(&mut self) {
        self.parked.sort_by_key(|parked| parked.waiting.tid);
        for parked in &mut self.parked {
            let tid = parked.waiting.tid;
            let at = self.threads.iter().position(|known| *known == tid);
            let at = at.unwrap_or_else(|| {
                self.threads.push(tid);
                self.threads.len() - 1
            });
            parked.thread = u8::try_from(at).unwrap_or(u8::MAX);
        }
        self.parked.sort_by_key(|parked| parked.thread);
    }

    /// Whether it has done all that is asked of it.
    pub(super) fn is_through(&self) -> bool {
        match self.part.until {
            Until::Answered => self.answered || !self.is_alive(),
            Until::Terminated | Until::Hung | Until::Ended => !self.is_alive(),
        }
    }

    /// Takes note of what it has said.
    pub(super) fn hear(&mut self) {
        self.answered = self.answered
            || self
                .child
                .stdout()
                .split(|byte| *byte == b'\n')
                .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
                .any(|line| line.get("id") == Some(&1.into()) && line.get("result").is_some());
    }
}
