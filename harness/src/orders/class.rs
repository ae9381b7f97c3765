//! What all orders have in common that differ in nothing anybody could see.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::alike::renamings;
use super::{Access, Label, Object, Step, Unit};

/// What stands for all orders that differ only in who came first of calls that do not conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Class(u64);

/// The class of an order; the same for two that differ only in which of two actors that are alike is which.
#[must_use]
pub fn class(steps: &[Step], labels: &[Label], alike: &[(u8, u8)]) -> Class {
    let rounds = rounds(steps, labels);
    let form = |names: Vec<u8>| {
        let name = |actor: u8| names.get(usize::from(actor)).copied().unwrap_or(actor);
        let word = |(step, round): (&'_ Step, &usize)| {
            let unit = Unit {
                actor: name(step.unit.actor),
                ..step.unit
            };
            (*round, unit)
        };
        let mut words: Vec<_> = steps
            .iter()
            .zip(&rounds)
            .map(|at| (word(at), &*at.0.text))
            .collect();
        words.sort_unstable();
        // With fixed keys: an exploration that goes on on another day has to agree.
        let mut hasher = DefaultHasher::new();
        words.hash(&mut hasher);
        Class(hasher.finish())
    };
    let forms = renamings(alike).into_iter().map(form);
    forms.min().unwrap_or(Class(0))
}

/// The first round that is free for what comes after, by how it was touched.
#[derive(Debug, Default)]
struct Free {
    read: usize,
    share: usize,
    write: usize,
}

/// Foata's normal form: each step's round is the earliest in which nothing that it depends on is left.
fn rounds(steps: &[Step], labels: &[Label]) -> Vec<usize> {
    let mut objects: HashMap<&Object, Free> = HashMap::new();
    let mut actors: HashMap<u8, usize> = HashMap::new();
    let mut rounds = Vec::with_capacity(steps.len());
    for (step, label) in steps.iter().zip(labels) {
        let free = |(object, access): &(Object, Access)| {
            objects.get(object).map_or(0, |free| match access {
                Access::Read => free.share.max(free.write),
                Access::Share => free.read.max(free.write),
                Access::Write => free.read.max(free.share).max(free.write),
            })
        };
        let its_own = actors.get(&step.unit.actor).copied().unwrap_or(0);
        let round = label.iter().map(free).max().unwrap_or(0).max(its_own);
        for (object, access) in label.iter() {
            let free = objects.entry(object).or_default();
            let which = match access {
                Access::Read => &mut free.read,
                Access::Share => &mut free.share,
                Access::Write => &mut free.write,
            };
            *which = (*which).max(round + 1);
        }
        actors.insert(step.unit.actor, round + 1);
        rounds.push(round);
    }
    rounds
}
