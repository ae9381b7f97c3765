//! Whoever answers the calls of a case's processes: writes them down, and does at a call what a scenario asks.
//!
//! A call waits until it is answered, so what is read of its process and of the files is as it was when the
//! call was entered. Its result is never told: where the files leave only one, that one is noted.

mod decode;
mod deeds;
mod rule;
mod subject;
mod watched;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub use decode::{is_unnamed, look_again};
pub use rule::{Deed, Rule};
pub use subject::bytes as memory;
pub use watched::{Scope, filter, told};

use crate::calls::table::{self, Standing};
use crate::calls::{Call, Fate};
use crate::process::{Attend, Gate};
use crate::sys::seccomp::Waiting;

/// Paths of the world and what they are called.
#[derive(Debug, Default)]
pub struct Places {
    /// From the innermost outwards.
    named: Vec<(PathBuf, String)>,
    /// What of the host is shown in the world.
    shown: Vec<PathBuf>,
}

impl Places {
    /// Each directory or file with its name. What lies in none of them is not of the world.
    pub fn new(mut named: Vec<(PathBuf, String)>) -> Self {
        named.sort_by(|(a, a_name), (b, b_name)| {
            let depth = |p: &PathBuf| std::cmp::Reverse(p.components().count());
            (depth(a), a_name).cmp(&(depth(b), b_name))
        });
        Self {
            named,
            shown: Vec::new(),
        }
    }

    /// These are the host's, though they may lie where the world has something too: a checkout in a home. An interpreter
    /// that reads its own thousand files there does nothing to the world.
    #[must_use]
    pub fn but(mut self, shown: impl IntoIterator<Item = PathBuf>) -> Self {
        self.shown.extend(shown);
        self
    }

    /// A path by the names of the world, if it lies there.
    pub fn show(&self, path: &std::path::Path) -> Option<String> {
        use std::os::unix::ffi::OsStrExt;
        if self.shown.iter().any(|shown| path.starts_with(shown)) {
            return None;
        }
        self.named.iter().find_map(|(place, name)| {
            let rest = path.strip_prefix(place).ok()?;
            let rest = rest.as_os_str().as_bytes().escape_ascii().to_string();
            Some(match &*rest {
                "" => name.clone(),
                rest => format!("{name}/{rest}"),
            })
        })
    }
}

/// A process that was started, and all that it starts.
#[derive(Debug)]
struct Caller {
    who: String,
    pid: i32,
    /// Until nobody is left who could call.
    gate: Option<Rc<dyn Gate>>,
    counts: BTreeMap<&'static str, usize>,
}

/// A call that is kept waiting.
#[derive(Debug)]
struct Held {
    gate: Rc<dyn Gate>,
    id: u64,
    /// Where it stands in the log.
    at: usize,
    /// When it goes on by itself.
    until: Option<Instant>,
    /// The pause that is to end it.
    rule: Option<String>,
}

/// Answers the calls of all processes of a case.
#[derive(Debug)]
pub struct Supervisor {
    callers: Vec<Caller>,
    places: Places,
    start: Instant,
    rules: Vec<Rule>,
    log: Vec<Call>,
    held: Vec<Held>,
    reached: Vec<String>,
    struck: Vec<(String, i32)>,
    refused: BTreeSet<(String, &'static str)>,
    threads: subject::Threads,
}

impl Supervisor {
    /// Answers nobody yet.
    pub fn new(places: Places, start: Instant) -> Self {
        Self {
            callers: Vec::new(),
            places,
            start,
            rules: Vec::new(),
            log: Vec::new(),
            held: Vec::new(),
            reached: Vec::new(),
            struck: Vec::new(),
            refused: BTreeSet::new(),
            threads: subject::Threads::default(),
        }
    }

    /// A process that was started, and where it calls.
    pub fn add(&mut self, who: &str, pid: i32, gate: Rc<dyn Gate>) {
        self.callers.push(Caller {
            who: who.to_owned(),
            pid,
            gate: Some(gate),
            counts: BTreeMap::new(),
        });
    }

    /// Something to be done at a call, from now on.
    pub fn plan(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// A path by the names of the world.
    pub fn shown(&self, path: &std::path::Path) -> Option<String> {
        self.places.show(path)
    }

    /// What is planned, and what came of it.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The calls so far, in the order in which they were entered.
    pub fn log(&self) -> &[Call] {
        &self.log
    }

    /// How often each call was made, those that do not concern the world among them: handle, name, times.
    pub fn counts(&self) -> impl Iterator<Item = (&str, &'static str, usize)> {
        self.callers.iter().flat_map(|caller| {
            let counts = caller.counts.iter();
            counts.map(|(name, times)| (&*caller.who, *name, *times))
        })
    }

    /// Calls that were refused because what they have done is never told: by handle and name.
    pub fn refused(&self) -> &BTreeSet<(String, &'static str)> {
        &self.refused
    }

    /// The next pause that a process has come to; it stays there until [`Self::resume`].
    pub fn next_reached(&mut self) -> Option<String> {
        (!self.reached.is_empty()).then(|| self.reached.remove(0))
    }

    /// The processes that got a signal at a call since this was last asked.
    pub fn take_struck(&mut self) -> Vec<(String, i32)> {
        std::mem::take(&mut self.struck)
    }

    /// Lets a paused call go on.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn resume(&mut self, rule: &str) -> io::Result<()> {
        let held = std::mem::take(&mut self.held);
        let (ours, others) = held
            .into_iter()
            .partition(|held| held.rule.as_deref() == Some(rule));
        self.held = others;
        ours.into_iter().try_for_each(|held| self.let_go(&held))
    }

    fn let_go(&mut self, held: &Held) -> io::Result<()> {
        let made = held.gate.go_on(held.id)?;
        if let Some(call) = self.log.get_mut(held.at) {
            call.fate = if made { Fate::Held } else { Fate::Gone };
        }
        Ok(())
    }

    fn caller(&mut self, gate: &Rc<dyn Gate>) -> Option<&mut Caller> {
        self.callers.iter_mut().find(|caller| {
            let its = caller.gate.as_ref();
            its.is_some_and(|its| Rc::ptr_eq(its, gate))
        })
    }

    /// What is to be written down of a call. `None` where it is none of the world's.
    fn enter(&mut self, gate: &Rc<dyn Gate>, waiting: &Waiting) -> Option<Call> {
        let row = match table::standing(waiting.number) {
            Some(Standing::Watched(row)) => row,
            Some(Standing::Refused(_) | Standing::Harmless(_)) | None => return None,
        };
        let caller = self.caller(gate)?;
        *caller.counts.entry(row.name).or_default() += 1;
        let (who, pid) = (caller.who.clone(), caller.pid);
        let call = decode::call(row, waiting, &self.places, decode::is_there)?;
        Some(Call {
            at: self.start.elapsed(),
            who,
            pid: self.threads.process(waiting.tid, pid),
            ..call
        })
    }

    /// The deed that is due at this call, and whose it is. Each rule counts it.
    fn due_at(&mut self, call: &Call) -> Option<(String, Deed)> {
        let mut due = None;
        for rule in &mut self.rules {
            if rule.meets(call) && due.is_none() {
                due = rule.deed.map(|deed| (rule.name.clone(), deed));
            }
        }
        due
    }
}

impl Attend for Supervisor {
    fn gates(&self) -> Vec<Rc<dyn Gate>> {
        let gates = self.callers.iter();
        gates.filter_map(|caller| caller.gate.clone()).collect()
    }

    fn attend(&mut self, gate: &Rc<dyn Gate>) -> io::Result<bool> {
        let Some(waiting) = gate.next()? else {
            return Ok(false);
        };
        if let Some(Standing::Refused(_)) = table::standing(waiting.number) {
            gate.fail(waiting.id, libc::ENOSYS)?;
            let name = table::name(waiting.number).unwrap_or("?");
            if let Some(caller) = self.caller(gate) {
                *caller.counts.entry(name).or_default() += 1;
                let who = caller.who.clone();
                self.refused.insert((who, name));
            }
            return Ok(false);
        }
        let Some(call) = self.enter(gate, &waiting) else {
            gate.go_on(waiting.id)?;
            return Ok(false);
        };
        // A thread that is gone may have left its number, and so what was read, to another: only what still
        // waits counts. An answer that is taken says so as well as a question does.
        if !self.rules.is_empty() && !gate.waits(waiting.id) {
            return Ok(false);
        }
        match self.due_at(&call) {
            None => {
                if gate.go_on(waiting.id)? {
                    self.log.push(call);
                }
                Ok(false)
            }
            Some((rule, deed)) => self.deed(gate, &waiting, call, rule, deed),
        }
    }

    fn closed(&mut self, gate: &Rc<dyn Gate>) {
        if let Some(caller) = self.caller(gate) {
            caller.gate = None;
        }
        self.held.retain(|held| !Rc::ptr_eq(&held.gate, gate));
        self.threads = subject::Threads::default();
    }

    fn due(&self) -> Option<Instant> {
        self.held.iter().filter_map(|held| held.until).min()
    }

    fn let_due_go(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let held = std::mem::take(&mut self.held);
        let (due, others) = held
            .into_iter()
            .partition(|held| held.until.is_some_and(|until| until <= now));
        self.held = others;
        due.into_iter()
            .try_for_each(|held: Held| self.let_go(&held))
    }
}

/// What a waiting call is.
#[derive(Debug)]
pub enum Seen {
    /// It is to be answered with ENOSYS.
    Refused,
    /// It is none of the world's.
    Nothing,
    /// It is this; who and when are not filled in.
    Call(Box<Call>),
}

/// Whether a waiting call writes something, wherever that goes.
pub fn writes(waiting: &Waiting) -> bool {
    match table::standing(waiting.number) {
        Some(Standing::Watched(row)) => row.family == table::Family::Write,
        Some(Standing::Refused(_) | Standing::Harmless(_)) | None => false,
    }
}

/// Reads a waiting call, as things are now.
pub fn read(waiting: &Waiting, places: &Places, is_there: impl Fn(&Path) -> bool) -> Seen {
    match table::standing(waiting.number) {
        Some(Standing::Refused(_)) => Seen::Refused,
        Some(Standing::Watched(row)) => decode::call(row, waiting, places, is_there)
            .map_or(Seen::Nothing, |call| Seen::Call(Box::new(call))),
        Some(Standing::Harmless(_)) | None => Seen::Nothing,
    }
}

/// How long a call may be held for a stop to come about; it always comes, unless the host stands still.
const STOP: Duration = Duration::from_secs(10);

/// Binds this process, and so all that it starts, to the core that it runs on: an answer from another core
/// takes ten times as long.
///
/// # Errors
/// What the kernel says.
pub fn stay_on_this_core() -> io::Result<()> {
    let mut here = nix::sched::CpuSet::new();
    here.set(nix::sched::sched_getcpu()?)?;
    Ok(nix::sched::sched_setaffinity(
        nix::unistd::Pid::from_raw(0),
        &here,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_of_the_host_is_none_of_the_world() {
        let at = |path: &str, name: &str| (PathBuf::from(path), name.to_owned());
        let named = vec![at("/home", "/home"), at("/home/user", "${home}")];
        let places = Places::new(named).but([PathBuf::from("/home/runner/checkout")]);
        let show = |path: &str| places.show(path.as_ref());
        assert_eq!(show("/home/user/.memtomem").unwrap(), "${home}/.memtomem");
        assert_eq!(show("/home/runner/other").unwrap(), "/home/runner/other");
        assert_eq!(show("/home/runner/checkout/lib/site.py"), None);
        assert_eq!(show("/etc/passwd"), None);
    }
}
