//! The orders that are still to be tried.

use std::collections::{BTreeMap, HashMap};

use crate::orders::{Step, Task};

/// What a worker is to do.
pub(super) enum Next {
    /// This.
    Task(Task),
    /// Nothing yet.
    Wait,
    /// Nothing more.
    None,
}

/// Orders to be tried: those with the fewest preemptions first, and of those the one that was found last, so that few are
/// known at a time.
#[derive(Debug)]
pub(super) struct Frontier {
    tasks: BTreeMap<u32, Vec<Task>>,
    at_work: usize,
    stopped: bool,
    /// How often one was begun anew, by its steps or its seed.
    again: HashMap<(Vec<Step>, Option<u64>), u32>,
}

impl Frontier {
    pub(super) fn new(first: Vec<Task>) -> Self {
        let mut frontier = Self {
            tasks: BTreeMap::new(),
            at_work: 0,
            stopped: false,
            again: HashMap::new(),
        };
        frontier.add(first);
        frontier
    }

    fn add(&mut self, tasks: Vec<Task>) {
        for task in tasks {
            self.tasks.entry(task.preemptions).or_default().push(task);
        }
    }

    pub(super) fn next(&mut self) -> Next {
        if self.stopped {
            return Next::None;
        }
        while let Some(mut few) = self.tasks.first_entry() {
            match few.get_mut().pop() {
                Some(task) => {
                    self.at_work += 1;
                    return Next::Task(task);
                }
                None => drop(few.remove()),
            }
        }
        if self.at_work > 0 {
            Next::Wait
        } else {
            Next::None
        }
    }

    /// An order was tried, and these part from it.
    pub(super) fn done(&mut self, others: Vec<Task>) {
        self.at_work = self.at_work.saturating_sub(1);
        self.add(others);
    }

    /// An order is to be begun anew. Not for ever: returns whether it will be.
    pub(super) fn again(&mut self, task: Task, most: u32) -> bool {
        self.at_work = self.at_work.saturating_sub(1);
        let seed = task.chance.map(|chance| chance.seed);
        let key = (task.prefix.clone(), seed);
        let times = self.again.entry(key).or_default();
        *times += 1;
        if *times > most {
            return false;
        }
        self.add(vec![task]);
        true
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// How many are known to be left, those at work among them.
    pub(super) fn left(&self) -> usize {
        self.tasks.values().map(Vec::len).sum::<usize>() + self.at_work
    }

    /// Those that are left.
    pub(super) fn rest(self) -> Vec<Task> {
        self.tasks.into_values().flatten().collect()
    }
}
