//! Trying orders: which there are still to try, by several workers at once, and what came of them all.

mod frontier;
mod script;
mod shrink;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use script::{NoScript, script};
pub use shrink::shrink;

use self::frontier::{Frontier, Next, Todo};
use crate::engine::Job;
use crate::orders::{Chance, End, Finding, Graph, Limits, Line, Priorities, Ran, Step, Task};
use crate::scenario::model::{Explore, Tier};
use crate::suite::Interrupt;
use crate::suite::line::{Turns, Worker};

/// How often an order is begun anew whose beginning was not as before. Time passes while a process is held, and one that
/// waits for a time may wake before its turn on a host with much to do.
const AGAIN: u32 = 20;

/// How to explore.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Which orders.
    pub limits: Limits,
    /// Chosen by whom.
    pub by: By,
    /// In how many worlds.
    pub workers: usize,
    /// So many of them at work at once: the others wait until time has passed.
    pub turns: usize,
    /// When to stop.
    pub time: Option<Duration>,
    /// Stop after so many different findings.
    pub findings: usize,
    /// Of all orders but the first only each so manieth part: which, from 0, and of how many.
    pub part: Option<(usize, usize)>,
}

/// By whom orders are chosen.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// All are tried in turn.
    Turn,
    /// By chance.
    Chance(Random),
    /// By nobody: so often all make their calls at once.
    Nobody(u64),
}

/// Orders by chance.
#[derive(Debug, Clone, Copy)]
pub struct Random {
    /// From this seed.
    pub seed: u64,
    /// So many.
    pub many: u64,
    /// By priorities, which change so often; else each step is drawn on its own.
    pub changes: Option<u32>,
}

impl Random {
    /// The orders. How long they are, one that is drawn by nobody tells.
    fn todo(self, length: usize) -> Vec<Todo> {
        let within = u32::try_from(length).unwrap_or(u32::MAX);
        let priorities = self.changes.map(|changes| Priorities { changes, within });
        let chance = |n: u64| Chance {
            // Never zero, which would stay zero.
            seed: (self.seed ^ (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1,
            priorities,
        };
        (0..self.many).map(chance).map(Todo::Chance).collect()
    }
}

/// A finding, and an order that shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    /// What.
    pub finding: Finding,
    /// The order.
    pub steps: Vec<Step>,
    /// What happened in it.
    pub lines: Vec<Line>,
    /// The how manieth order it was, from 1.
    pub nth: u64,
    /// How long after the start.
    pub after: Duration,
    /// How many orders showed it.
    pub times: u64,
}

/// What came of an exploration.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Orders run to their end.
    pub orders: u64,
    /// Orders that were not run to their end, as two actors that are alike have changed places in them.
    pub mirrored: u64,
    /// Orders by the number of their preemptions.
    pub by_preemptions: BTreeMap<u32, u64>,
    /// Steps of all.
    pub steps: u64,
    /// Steps of the longest.
    pub longest: usize,
    /// How often it was asked whether a process stands still.
    pub looks: u64,
    /// Orders that were begun anew, as their beginning was not as before.
    pub again: u64,
    /// Orders that never began as before: of these and what would follow nothing is known.
    pub lost: Vec<String>,
    /// What broke a rule, each once.
    pub found: Vec<Found>,
    /// All that was seen.
    pub graph: Graph,
    /// So many orders were known to be left to be tried.
    pub left: usize,
    /// How long it took.
    pub took: Duration,
    /// Why it could not go on.
    pub broken: Option<String>,
}

impl Summary {
    /// Whether nothing was left out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.left == 0 && self.lost.is_empty() && self.broken.is_none()
    }
}

struct Shared {
    frontier: Frontier,
    summary: Summary,
}

/// Explores, or goes on where another time ended. `hear` is told of the progress now and then.
pub fn explore(
    job: &Job,
    tier: Tier,
    how: &How,
    before: Option<Summary>,
    interrupt: &Interrupt,
    hear: impl Fn(&Summary, usize) + Sync,
) -> Summary {
    let start = Instant::now();
    let alike = job.case.explore.as_ref().map(Explore::alike);
    let actors = job.case.explore.iter().flat_map(|explore| &explore.actors);
    let actors = u8::try_from(actors.count()).unwrap_or(u8::MAX);
    // Chance gives each actor its own name.
    let limits = Limits {
        alike: how.limits.alike && matches!(how.by, By::Turn),
        ..how.limits
    };
    let mut summary = before.unwrap_or_else(|| Summary {
        graph: Graph::new(limits, actors, &alike.unwrap_or_default()),
        ..Summary::default()
    });
    let took = summary.took;
    let turns = Turns::new(how.turns);
    let first = match how.by {
        // What is left follows from what was seen.
        By::Turn => vec![Todo::First],
        By::Nobody(many) => (0..many).map(Todo::AtOnce).collect(),
        By::Chance(random) => {
            let length = random.changes.map(|_| {
                let mut worker = Worker::start(job, tier, how.limits)?;
                worker.run(&Task::default(), &turns)
            });
            match length.transpose() {
                Ok(ran) => random.todo(ran.map_or(0, |ran| ran.steps.len())),
                Err(why) => {
                    summary.broken = Some(why);
                    return summary;
                }
            }
        }
    };
    let shared = Mutex::new(Shared {
        frontier: Frontier::new(first),
        summary,
    });
    let more = std::sync::Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..how.workers.max(1) {
            scope.spawn(|| {
                let done = work(
                    job,
                    tier,
                    how,
                    (interrupt, start, &turns),
                    (&shared, &more),
                    &hear,
                );
                if let Err(why) = done {
                    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
                    shared.summary.broken = Some(why);
                    shared.frontier.stop();
                }
                more.notify_all();
            });
        }
    });
    let Shared {
        frontier,
        mut summary,
    } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.left = frontier.left();
    summary.took = took + start.elapsed();
    summary
}

fn work(
    job: &Job,
    tier: Tier,
    how: &How,
    (interrupt, start, turns): (&Interrupt, Instant, &Turns),
    (shared, more): (&Mutex<Shared>, &std::sync::Condvar),
    hear: &(impl Fn(&Summary, usize) + Sync),
) -> Result<(), String> {
    let lock = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let mut worker = None;
    loop {
        let mut guard = lock();
        let (todo, task) = loop {
            if interrupt.asked() || how.time.is_some_and(|most| start.elapsed() > most) {
                guard.frontier.stop();
            }
            let Shared { frontier, summary } = &mut *guard;
            match frontier.next() {
                Next::Todo(Todo::First) => break (Todo::First, Task::default()),
                Next::Todo(todo @ Todo::Chance(chance)) => {
                    let chance = Some(chance);
                    let task = Task {
                        chance,
                        ..Task::default()
                    };
                    break (todo, task);
                }
                Next::Todo(todo @ Todo::AtOnce(_)) => {
                    let task = Task {
                        at_once: true,
                        ..Task::default()
                    };
                    break (todo, task);
                }
                Next::Todo(todo @ Todo::Edge(edge)) => match summary.graph.think(edge) {
                    None => break (todo, summary.graph.task(edge)),
                    Some(later) => frontier.done(later),
                },
                Next::None => return Ok(()),
                // Others are at work, and what they find may be more to do.
                Next::Wait => {
                    guard = more
                        .wait_timeout(guard, Duration::from_millis(100))
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
            }
        };
        drop(guard);
        let running = match &mut worker {
            Some(running) => running,
            none => none.insert(Worker::start(job, tier, how.limits)?),
        };
        let ran = running.run(&task, turns)?;
        let mut shared = lock();
        take(&mut shared, todo, ran, how, start);
        hear(&shared.summary, shared.frontier.left());
        drop(shared);
        more.notify_all();
    }
}

/// Takes note of what came of an order.
fn take(shared: &mut Shared, todo: Todo, ran: Ran, how: &How, start: Instant) {
    let Shared { frontier, summary } = shared;
    summary.steps += ran.steps.len() as u64;
    summary.looks += ran.looks;
    summary.longest = summary.longest.max(ran.steps.len());
    summary.graph.hear(&ran.choices);
    let from = match todo {
        Todo::Edge(edge) => Some(edge),
        Todo::First | Todo::Chance(_) | Todo::AtOnce(_) => None,
    };
    match &ran.end {
        End::Finished => {
            summary.orders += 1;
            let preemptions = from.map_or(0, |edge| edge.preemptions);
            *summary.by_preemptions.entry(preemptions).or_default() += 1;
        }
        End::Mirrored => summary.mirrored += 1,
        End::Diverged(at, why) => {
            summary.again += 1;
            if !frontier.again(todo, AGAIN) {
                summary.lost.push(format!("step {}: {why}", at + 1));
            }
            return;
        }
        End::Broken(why) => {
            summary.broken = Some(why.clone());
            frontier.stop();
            return;
        }
    }
    let mut others = summary.graph.take(from, &ran);
    if !matches!(how.by, By::Turn) {
        others.clear();
    }
    if let (Some((part, of)), Todo::First) = (how.part, todo) {
        // What parts from the very first order, each with all that comes of it.
        let mut at = 0..;
        others.retain(|_| at.next().is_some_and(|at: usize| at % of.max(1) == part));
    }
    frontier.done(others);
    for finding in ran.findings {
        let same = |found: &&mut Found| {
            (&found.finding.rule, &found.finding.what) == (&finding.rule, &finding.what)
        };
        if let Some(known) = summary.found.iter_mut().find(same) {
            known.times += 1;
            continue;
        }
        summary.found.push(Found {
            finding,
            steps: ran.steps.clone(),
            lines: ran.lines.clone(),
            nth: summary.orders,
            after: start.elapsed(),
            times: 1,
        });
    }
    if summary.found.len() >= how.findings {
        frontier.stop();
    }
}
