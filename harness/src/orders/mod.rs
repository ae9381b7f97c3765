//! Orders of calls, as data: what calls touch, which states they lead to, which steps are left to be tried, and what was found.
//! Nothing here starts a process or touches a file.

mod alike;
mod chance;
mod finding;
mod graph;
mod label;
mod memory;
mod next;
mod past;
mod schedule;
#[cfg(test)]
mod small;

use serde::{Deserialize, Serialize};

pub use alike::Alike;
pub use chance::{Chance, Draw, Priorities};
pub use finding::{Ask, Finding, Line, Place, columns, switches};
pub use graph::{Edge, Graph, Seen};
pub use label::{Access, File, Label, Object};
pub use memory::Rest;
pub use next::{Choice, Limits, Way, together, ways};
pub use past::{Done, Effect, Effects, Past, Value, changed, digest};
pub use schedule::{BadSchedule, Schedule};

/// What can go on next: a thread with the call that it waits in, or something that happens to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Unit {
    /// Which actor, in the order of the file.
    pub actor: u8,
    /// What of it.
    pub what: What,
}

/// What of an actor can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum What {
    /// A thread makes the call that it waits in; threads are numbered as they were first seen.
    Thread(u8),
    /// The time passes that the process waits at most, and that of all others who wait for a time.
    Timer,
    /// The process is killed.
    Kill,
}

/// One choice of an order: who, and what it was about to do.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Step {
    /// Who.
    pub unit: Unit,
    /// Its call as it is shown, by which a repetition sees that it is the same.
    pub text: String,
}

/// An order to be tried: the steps that it begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// These, and no others before they are made.
    pub prefix: Vec<Step>,
    /// So many of them were made in another order too, and what could be seen after them was seen there.
    pub known: usize,
    /// How chance decides from there on; else the first of each node is taken.
    pub chance: Option<Chance>,
    /// The steps say who goes on and not what it does; one that cannot be is passed over.
    pub loose: bool,
    /// Nobody is held: all make their calls as they come to them.
    pub at_once: bool,
}

/// What became of an order.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ran {
    /// What it came to.
    pub end: End,
    /// The steps, those of the task among them.
    pub steps: Vec<Step>,
    /// What broke a rule.
    pub findings: Vec<Finding>,
    /// All calls, those among them that were not held, and what else happened.
    pub lines: Vec<Line>,
    /// Who has answered, and after how many steps.
    pub answered: Vec<(u8, usize)>,
    /// How often it was asked whether a process stands still.
    pub looks: u64,
    /// The states that it came to, from the last one on that was known before.
    pub seen: Vec<Seen>,
    /// What their choices are, as far as that was not told of an order before.
    pub choices: Vec<Choice>,
    /// The names that are looked at by whoever judges.
    pub places: Vec<String>,
}

/// What an order came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Nobody had anything left to do.
    Finished,
    /// Two actors that are alike have changed places: it is tried with their names the other way round.
    Mirrored,
    /// A process did not do what it had done before after the same steps: at this step.
    Diverged(usize, String),
    /// The suite or the host failed.
    Broken(String),
}

impl Ran {
    /// An order that the suite or the host could not run.
    #[must_use]
    pub fn broken(why: String) -> Self {
        Self {
            end: End::Broken(why),
            steps: Vec::new(),
            findings: Vec::new(),
            lines: Vec::new(),
            answered: Vec::new(),
            looks: 0,
            seen: Vec::new(),
            choices: Vec::new(),
            places: Vec::new(),
        }
    }
}
