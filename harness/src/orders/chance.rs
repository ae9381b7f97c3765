//! Orders by chance.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Choice, Unit};

/// How chance decides, from a seed: the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chance {
    /// Not 0.
    pub seed: u64,
    /// By priorities; else each step is drawn on its own.
    pub priorities: Option<Priorities>,
}

/// Everybody has a priority by chance, and the highest goes on, but at some steps, by chance, whoever would go falls behind
/// all others: PCT, of Burckhardt and others (ASPLOS 2010). A mistake that takes `d` steps in a certain order is met by one
/// of `n * k^(d-1)` orders at least, of `n` processes with `k` steps and `d-1` changes, however rare it is otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Priorities {
    /// At how many steps.
    pub changes: u32,
    /// Among how many.
    pub within: u32,
}

/// Chance at work in one order.
#[derive(Debug)]
pub struct Draw {
    dice: Dice,
    /// The steps at which somebody falls behind, if it goes by priorities.
    falls: Option<BTreeSet<usize>>,
    priorities: BTreeMap<Unit, i64>,
    /// Below everybody's.
    lowest: i64,
}

impl Draw {
    /// Before the first step.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        let mut dice = Dice(chance.seed);
        let falls = chance.priorities.map(|by| {
            let within = usize::try_from(by.within).unwrap_or(usize::MAX);
            (0..by.changes).map(|_| dice.below(within)).collect()
        });
        Self {
            dice,
            falls,
            priorities: BTreeMap::new(),
            lowest: 0,
        }
    }

    /// Who makes this step, by place among those who could.
    pub fn choose<C: Borrow<Choice>>(&mut self, step: usize, choices: &[C]) -> usize {
        let unit = |choice: &C| choice.borrow().unit;
        let Some(falls) = &mut self.falls else {
            return self.dice.below(choices.len());
        };
        for choice in choices {
            let drawn = || i64::try_from(self.dice.next() >> 2).unwrap_or(i64::MAX);
            self.priorities.entry(unit(choice)).or_insert_with(drawn);
        }
        let priorities = &mut self.priorities;
        let highest = |priorities: &BTreeMap<Unit, i64>| {
            let at = (0..choices.len()).max_by_key(|at| priorities.get(&unit(&choices[*at])));
            at.unwrap_or(0)
        };
        let chosen = highest(priorities);
        if !falls.remove(&step) {
            return chosen;
        }
        if let Some(choice) = choices.get(chosen) {
            self.lowest -= 1;
            priorities.insert(unit(choice), self.lowest);
        }
        highest(priorities)
    }
}

/// xorshift.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, many: usize) -> usize {
        usize::try_from(self.next() % many.max(1) as u64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orders::{Label, What};

    fn choices(actors: &[u8]) -> Vec<Choice> {
        let choice = |actor: &u8| Choice {
            unit: Unit {
                actor: *actor,
                what: What::Thread(0),
            },
            text: String::new(),
            label: Label::default(),
        };
        actors.iter().map(choice).collect()
    }

    /// Who goes in twenty steps, where all can always go.
    fn order(seed: u64, changes: u32) -> Vec<usize> {
        let mut draw = Draw::new(Chance {
            seed,
            priorities: Some(Priorities {
                changes,
                within: 20,
            }),
        });
        let all = choices(&[0, 1, 2]);
        (0..20).map(|step| draw.choose(step, &all)).collect()
    }

    fn switches(order: &[usize]) -> usize {
        order.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    #[test]
    fn by_priorities_there_are_as_many_switches_as_changes() {
        let mut most = 0;
        let mut first = BTreeSet::new();
        for seed in 1..200 {
            assert_eq!(order(seed, 2), order(seed, 2));
            assert_eq!(switches(&order(seed, 0)), 0);
            assert!(switches(&order(seed, 2)) <= 2);
            most = most.max(switches(&order(seed, 2)));
            first.insert(order(seed, 2)[0]);
        }
        assert_eq!((most, first.len()), (2, 3));
    }

    #[test]
    fn who_has_the_highest_priority_goes_when_it_can() {
        let mut draw = Draw::new(Chance {
            seed: 9,
            priorities: Some(Priorities {
                changes: 0,
                within: 1,
            }),
        });
        let all = choices(&[0, 1]);
        let highest = draw.choose(0, &all);
        let other = &all[1 - highest..=1 - highest];
        assert_eq!(draw.choose(1, other), 0);
        assert_eq!(draw.choose(2, &all), highest);
    }

    #[test]
    fn without_them_each_step_is_drawn() {
        let mut draw = Draw::new(Chance {
            seed: 3,
            priorities: None,
        });
        let all = choices(&[0, 1, 2]);
        let order: Vec<usize> = (0..50).map(|step| draw.choose(step, &all)).collect();
        assert!(switches(&order) > 20);
    }
}
