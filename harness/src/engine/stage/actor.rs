//! One of the processes whose calls are ordered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::files::Inode;
use super::quiet::Threads;
use super::touch;
use super::value::Pids;
use crate::calls::table::Family;
use crate::calls::{Call, Word};
use crate::orders::{Label, Object, Place};
use crate::process::{Child, Gate};
use crate::scenario::model::{Actor as Part, Role, Until};
use crate::supervise::Places;
use crate::sys::seccomp::Waiting;

/// A thread that waits in a call.
#[derive(Debug)]
pub(super) struct Parked {
    /// The thread's number among those of its process that were ever held; only when the process stands still.
    pub(super) thread: u8,
    pub(super) waiting: Waiting,
    pub(super) call: Call,
    /// The file of the descriptor that the call names, if it names one.
    pub(super) names: Option<Inode>,
    pub(super) label: Label,
    /// Where a scenario can hold it.
    pub(super) place: Option<Place>,
    /// Something was changed since it was asked what the call touches.
    pub(super) is_stale: bool,
}

impl Parked {
    /// The call, by which it is known again. Its descriptor's file is named by what it was `called` at first.
    pub(super) fn text(&self, called: Option<&Path>, places: &Places) -> String {
        let Some(shown) = called.and_then(|path| places.show(path)) else {
            return self.call.text();
        };
        let call = Call {
            path: Some(shown),
            ..self.call.clone()
        };
        call.text()
    }
}

/// A thread that has asked for a lock, and has called nothing since, as far as was told.
#[derive(Debug)]
struct Wait {
    locks: Vec<Object>,
    /// It was seen to be at it when all stood still.
    slept: bool,
    /// It has called again.
    woke: bool,
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
    /// Its threads that may sleep until a lock falls free, or did so since its last step.
    waits: BTreeMap<i32, Wait>,
    /// All of them.
    pub(super) still: Threads,
    /// The thread that was let go since, if it is only one.
    pub(super) let_go: Option<i32>,
    /// It sleeps for a time only, or one of its threads does: until then at most.
    pub(super) wakes: Option<Instant>,
    /// The same before its last calls.
    slept_until: Option<Instant>,
    /// Its time has come, and it made no call.
    pub(super) idles: bool,
    /// How many calls it has told.
    pub(super) told: u64,
    /// The same by what they do and on what.
    places: HashMap<(Word, String), u32>,
    /// It has written something that may be an answer, and nobody has listened since.
    pub(super) spoke: bool,
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
            waits: BTreeMap::new(),
            still: Threads::default(),
            let_go: None,
            wakes: None,
            slept_until: None,
            idles: false,
            told: 0,
            places: HashMap::new(),
            spoke: false,
            answered: false,
            told_to_end: false,
            killed: false,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.part.spawn.handle
    }

    pub(super) fn pids(&self) -> Pids {
        Pids {
            outside: self.child.pid,
            own: self.child.own_pid,
        }
    }

    pub(super) fn is_alive(&self) -> bool {
        self.child.end.is_none()
    }

    pub(super) fn is_server(&self) -> bool {
        match &self.part.spawn.role {
            Role::Server => true,
            Role::Fixture(name) => pidproof_fixtures::servers().contains(&name.as_str()),
            Role::Cli | Role::Tool(_) => false,
        }
    }

    pub(super) fn held_threads(&self) -> Vec<i32> {
        self.parked
            .iter()
            .map(|parked| parked.waiting.tid)
            .collect()
    }

    /// All stand still.
    pub(super) fn rests(&mut self) {
        self.number();
        self.waits.values_mut().for_each(|wait| wait.slept = true);
    }

    /// A call is about to be made.
    pub(super) fn goes_on(&mut self, parked: &Parked) {
        self.let_go = Some(parked.waiting.tid);
        self.waits.retain(|_, wait| !wait.woke);
        if touch::asks_for_lock(&parked.call) {
            let wait = Wait {
                locks: parked.label.locks().cloned().collect(),
                slept: false,
                woke: false,
            };
            self.waits.insert(parked.waiting.tid, wait);
        }
    }

    /// A thread has called.
    pub(super) fn called(&mut self, tid: i32) {
        self.told += 1;
        self.slept_until = self.wakes.take().or(self.slept_until);
        self.idles = false;
        match self.waits.get_mut(&tid) {
            Some(wait) if wait.slept => wait.woke = true,
            // It has the lock, or was refused, and nobody saw it wait.
            Some(_) => drop(self.waits.remove(&tid)),
            None => {}
        }
    }

    /// Where a scenario can hold a call that it has made now.
    pub(super) fn place(&mut self, call: &Call) -> Option<Place> {
        let words = [Word::Unlock, Word::Truncate, Word::Family(call.family)];
        let mut place = None;
        for word in words.into_iter().filter(|word| call.is(*word)) {
            let Some(path) = call.subject(word) else {
                continue;
            };
            let nth = self.places.entry((word, path.to_owned())).or_default();
            *nth += 1;
            // Of these there are too many to be told to anybody but an exploration. That an open truncates is its second name.
            let is_told = !matches!(call.family, Family::Read | Family::Dup | Family::Fcntl);
            if is_told && (word != Word::Truncate || call.family == Family::Truncate) {
                place.get_or_insert_with(|| Place {
                    call: word.to_string(),
                    path: path.to_owned(),
                    nth: *nth,
                });
            }
        }
        place
    }

    /// The locks that decide what it does next.
    pub(super) fn waits_for(&self) -> Vec<Object> {
        let locks = self.waits.values().flat_map(|wait| &wait.locks);
        locks.cloned().collect()
    }

    /// Numbers the threads that are held for the first time, the older before the younger: which of them was the
    /// first to come to its call is chance.
    fn number(&mut self) {
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

    /// Now it is its turn to wake.
    pub(super) fn wakes_now(&mut self) {
        (self.wakes, self.slept_until) = (None, None);
    }

    /// The thread that called is held again, and the others sleep on.
    pub(super) fn sleeps_on(&mut self) {
        self.wakes = self.slept_until.take().or(self.wakes);
    }

    /// It stands still; its first sleep that ends by itself ends in so long at most.
    pub(super) fn sleeps(&mut self, wakes: Option<Duration>) {
        self.slept_until = None;
        let now = Instant::now();
        // Of some sleeps it is known how long they are and not when they began: what was seen first is nearest to that.
        let before = self.wakes.filter(|at| *at > now);
        self.wakes = wakes.map(|left| before.map_or(now + left, |at| at.min(now + left)));
    }

    /// Whether its time is something that can come before or after what others do. What is left of it when its part is done
    /// is nobody's: an idle thread that goes home.
    pub(super) fn may_wake(&self) -> bool {
        self.wakes.is_some() && !self.idles && !self.is_through()
    }

    /// Until when it sleeps, or one of its threads did before others of them called: who calls by then was not to wake yet.
    pub(super) fn sleeps_until(&self) -> Option<Instant> {
        let until = self.wakes.or(self.slept_until);
        until.filter(|_| !self.idles && !self.is_through())
    }

    /// Whether it has done all that is asked of it.
    pub(super) fn is_through(&self) -> bool {
        match self.part.until {
            Until::Answered => self.answered || !self.is_alive(),
            Until::Terminated | Until::Hung | Until::Ended => !self.is_alive(),
        }
    }

    /// Whether it serves, and neither what others do nor a time that passes will wake it: nobody asks it anything more.
    pub(super) fn sleeps_for_ever(&self) -> bool {
        let is_at_rest = self.parked.is_empty() && self.waits.is_empty() && self.wakes.is_none();
        is_at_rest && self.part.until == Until::Answered && self.is_through()
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
