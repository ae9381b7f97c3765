//! Which ways there are to go on from a node.

use std::borrow::Borrow;

use serde::{Deserialize, Serialize};

use super::{Label, Unit, What};

/// Somebody who could go on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Choice {
    /// Who.
    pub unit: Unit,
    /// The call.
    pub text: String,
    /// What it touches, as things are now.
    pub label: Label,
}

/// How much is tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// At most so many preemptions.
    pub preemptions: Option<u32>,
    /// So many processes may be killed in an order.
    pub kills: u32,
    /// Every order, though others have come to the same state: to see that nothing is lost by that.
    pub full: bool,
    /// Of two orders that differ only in which of two actors that are alike is which, one.
    pub alike: bool,
    /// Each step is made in a run, though it is known what it comes to.
    pub run_all: bool,
}

/// A way to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The choice, by its place among the node's.
    pub chosen: usize,
    /// Preemptions after it.
    pub preemptions: u32,
}

/// All ways to go on after a step of `last`, with so many preemptions by then; the first is the one without a switch, if
/// there is one: a switch that nobody asks for comes late.
#[must_use]
pub fn ways<C: Borrow<Choice>>(
    last: Option<Unit>,
    choices: &[C],
    preemptions: u32,
    limits: Limits,
) -> Vec<Way> {
    let last = last.map(|last| last.actor);
    let unit = |at: usize| choices.get(at).map(|choice| choice.borrow().unit);
    let is_timer = |at: &usize| unit(*at).is_some_and(|unit| unit.what == What::Timer);
    let mut order: Vec<usize> = (0..choices.len()).collect();
    order.sort_by_key(|at| {
        let unit = unit(*at);
        let is_forced = !unit.is_some_and(|unit| matches!(unit.what, What::Thread(_)));
        (is_forced, unit.map(|unit| unit.actor) != last, unit)
    });
    // Nobody has a thread that could go on wait for so long. But when time passes it passes for all: the first of those who
    // only wait stands for them.
    let could_go = |of: Option<Unit>| {
        let units = choices.iter().map(|choice| choice.borrow().unit);
        let threads = units.filter(|unit| matches!(unit.what, What::Thread(_)));
        of.is_some_and(|of| {
            threads
                .map(|unit| unit.actor)
                .any(|actor| actor == of.actor)
        })
    };
    let waits = |at: &usize| is_timer(at) && !could_go(unit(*at));
    let first = order.iter().copied().find(waits);
    order.retain(|at| !is_timer(at) || Some(*at) == first);
    let could_go_on = choices.iter().any(|choice| {
        let unit = choice.borrow().unit;
        Some(unit.actor) == last && matches!(unit.what, What::Thread(_))
    });
    let way = |chosen: usize| {
        let switches = unit(chosen).map(|unit| unit.actor) != last;
        let preemptions = preemptions + u32::from(could_go_on && switches);
        Way {
            chosen,
            preemptions,
        }
    };
    let is_within = |way: &Way| {
        limits
            .preemptions
            .is_none_or(|most| way.preemptions <= most)
    };
    order.into_iter().map(way).filter(is_within).collect()
}

/// What is done by a choice: when time passes for one, it passes for all who wait for a time. Nobody can make one of them
/// wait longer than another who began before it; and that one's time came before another began to wait, is an order of its
/// own.
#[must_use]
pub fn together<C: Borrow<Choice>>(choices: &[C], chosen: usize) -> Vec<&Choice> {
    let is_timer = |choice: &&Choice| choice.unit.what == What::Timer;
    let mut all = choices.iter().map(Borrow::borrow);
    match all.clone().nth(chosen) {
        Some(choice) if is_timer(&choice) => all.filter(is_timer).collect(),
        _ => all.nth(chosen).into_iter().collect(),
    }
}
