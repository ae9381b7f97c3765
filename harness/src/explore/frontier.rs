//! The orders that are still to be tried.

use std::collections::{BTreeMap, HashMap};

use crate::orders::{Chance, Edge};

/// An order to be tried, by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Todo {
    /// The very first.
    First,
    /// With this step, after those that lead to it.
    Edge(Edge),
    /// By chance.
    Chance(Chance),
    /// As it comes, for the how manieth time.
    AtOnce(u64),
}

impl Todo {
    fn preemptions(&self) -> u32 {
        match self {
            Self::Edge(edge) => edge.preemptions,
            Self::First | Self::Chance(_) | Self::AtOnce(_) => 0,
        }
    }
}

/// What a worker is to do.
pub(super) enum Next {
    /// This.
    Todo(Todo),
    /// Nothing yet.
    Wait,
    /// Nothing more.
    None,
}

/// Orders to be tried: those with the fewest preemptions first, and of those the one that was found last, so that few are
/// known at a time.
#[derive(Debug)]
pub(super) struct Frontier {
    todo: BTreeMap<u32, Vec<Todo>>,
    at_work: usize,
    stopped: bool,
    /// How often one was begun anew.
    again: HashMap<Todo, u32>,
}

impl Frontier {
    pub(super) fn new(first: Vec<Todo>) -> Self {
        let mut frontier = Self {
            todo: BTreeMap::new(),
            at_work: 0,
            stopped: false,
            again: HashMap::new(),
        };
        frontier.add(first);
        frontier
    }

    fn add(&mut self, todo: impl IntoIterator<Item = Todo>) {
        for todo in todo {
            self.todo.entry(todo.preemptions()).or_default().push(todo);
        }
    }

    pub(super) fn next(&mut self) -> Next {
        if self.stopped {
            return Next::None;
        }
        while let Some(mut few) = self.todo.first_entry() {
            match few.get_mut().pop() {
                Some(todo) => {
                    self.at_work += 1;
                    return Next::Todo(todo);
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
    pub(super) fn done(&mut self, others: Vec<Edge>) {
        self.at_work = self.at_work.saturating_sub(1);
        self.add(others.into_iter().map(Todo::Edge));
    }

    /// An order is to be begun anew. Not for ever: returns whether it will be.
    pub(super) fn again(&mut self, todo: Todo, most: u32) -> bool {
        self.at_work = self.at_work.saturating_sub(1);
        let times = self.again.entry(todo).or_default();
        *times += 1;
        if *times > most {
            return false;
        }
        self.add([todo]);
        true
    }

    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// How many are known to be left, those at work among them.
    pub(super) fn left(&self) -> usize {
        self.todo.values().map(Vec::len).sum::<usize>() + self.at_work
    }
}
