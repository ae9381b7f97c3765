//! Which way to go on at a node, and which ways are left for later.
//!
//! Sleep sets: of two orders that differ only in who came first of two calls that do not conflict, one is enough. After
//! the orders that begin with `a` are taken care of, those that begin with `b` need not try `a` again before something
//! comes that conflicts with it.

use serde::{Deserialize, Serialize};

use super::{Label, Step, Task, Unit, What};

/// Somebody who could go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Who.
    pub unit: Unit,
    /// The call.
    pub text: String,
    /// What it touches, as things are now.
    pub label: Label,
}

/// A state in which somebody must be chosen.
#[derive(Debug)]
pub struct Node<'a> {
    /// How it was come to.
    pub steps: &'a [Step],
    /// Who sleeps.
    pub sleep: &'a [Unit],
    /// Preemptions so far.
    pub preemptions: u32,
    /// Everybody who could go on.
    pub choices: &'a [Choice],
}

/// How much is tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// At most so many preemptions; then every order within them is tried. Without, every class of orders is.
    pub preemptions: Option<u32>,
    /// So many processes may be killed in an order.
    pub kills: u32,
    /// Every order, not one of each class: to see that the classes are all.
    pub full: bool,
    /// Of two orders that differ only in which of two actors that are alike is which, one.
    pub alike: bool,
}

/// Where to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The choice, by its place among the node's.
    pub chosen: usize,
    /// Who sleeps after it.
    pub sleep: Vec<Unit>,
    /// Preemptions after it.
    pub preemptions: u32,
    /// What is left for later.
    pub others: Vec<Task>,
}

/// The way to go on; `None` where everything has been or will be tried in another place.
#[must_use]
pub fn next(node: &Node<'_>, limits: Limits) -> Option<Way> {
    let last = node.steps.last().map(|step| step.unit);
    // Whoever went last goes on: a switch that nobody asks for comes late.
    let mut order: Vec<usize> = (0..node.choices.len()).collect();
    order.sort_by_key(|at| {
        let unit = node.choices[*at].unit;
        let is_forced = !matches!(unit.what, What::Thread(_));
        (
            is_forced,
            Some(unit.actor) != last.map(|last| last.actor),
            unit,
        )
    });
    // When time passes it passes for all: the first of those who wait for it stands for them.
    let is_timer = |at: &usize| node.choices[*at].unit.what == What::Timer;
    let first = order.iter().copied().find(is_timer);
    order.retain(|at| !is_timer(at) || Some(*at) == first);
    // It counts as tried before all others: see `stays`.
    let mut tried = order.clone();
    tried.sort_by_key(|at| !is_timer(at));
    let all = limits.full || limits.preemptions.is_some();
    let mut sleep: Vec<Unit> = if all { Vec::new() } else { node.sleep.to_vec() };
    let mut ways = Vec::new();
    for at in tried {
        let choice = &node.choices[at];
        let made = together(node.choices, at);
        // Of all who wait for a time; if somebody else waits by now, it is another thing that it passes.
        if made.iter().all(|made| sleep.contains(&made.unit)) {
            continue;
        }
        let preemptions = node.preemptions + u32::from(preempts(node, last, choice.unit));
        if limits.preemptions.is_some_and(|most| preemptions > most) {
            continue;
        }
        // What anybody does may end in his waiting too, which only shows when it is done: then time passes for him as well.
        // So nobody sleeps on when it passes, and that it passes is asleep until somebody else waits.
        let stays = |unit: &Unit| {
            if is_timer(&at) {
                return false;
            }
            let asleep = node.choices.iter().position(|other| other.unit == *unit);
            let asleep = asleep.map(|asleep| together(node.choices, asleep));
            asleep.is_some_and(|asleep| {
                let depends_on = |choice: &&Choice| asleep.iter().any(|it| depends(it, choice));
                !made.iter().any(depends_on)
            })
        };
        ways.push((
            at,
            sleep.iter().copied().filter(stays).collect(),
            preemptions,
        ));
        if !all {
            sleep.extend(made.iter().map(|made| made.unit));
        }
    }
    ways.sort_by_key(|(at, ..)| order.iter().position(|next| next == at));
    let mut ways = ways.into_iter();
    let (chosen, sleep, preemptions) = ways.next()?;
    let others = ways.map(|(at, sleep, preemptions)| {
        let Choice { unit, text, .. } = &node.choices[at];
        let step = Step {
            unit: *unit,
            text: text.clone(),
        };
        Task {
            prefix: [node.steps, &[step]].concat(),
            known: node.steps.len(),
            sleep,
            preemptions,
            ..Task::default()
        }
    });
    Some(Way {
        chosen,
        sleep,
        preemptions,
        others: others.collect(),
    })
}

/// What is done by a choice: when time passes for one, it passes for all who wait for a time. Nobody can make one of them
/// wait longer than another who began before it; and that one's time came before another began to wait, is an order of its
/// own. The one that was chosen comes first.
#[must_use]
pub fn together(choices: &[Choice], chosen: usize) -> Vec<&Choice> {
    let is_timer = |choice: &&Choice| choice.unit.what == What::Timer;
    let Some(choice) = choices.get(chosen) else {
        return Vec::new();
    };
    let others = choices
        .iter()
        .filter(is_timer)
        .filter(|_| is_timer(&choice));
    let others = others.filter(|other| other.unit != choice.unit);
    [choice].into_iter().chain(others).collect()
}

/// Two units of one process are never told apart from outside: memory is theirs together.
fn depends(a: &Choice, b: &Choice) -> bool {
    a.unit.actor == b.unit.actor || a.label.conflicts(&b.label)
}

/// Whether a process that could have gone on has to wait.
fn preempts(node: &Node<'_>, last: Option<Unit>, unit: Unit) -> bool {
    last.is_some_and(|last| {
        let could = |choice: &Choice| {
            choice.unit.actor == last.actor && matches!(choice.unit.what, What::Thread(_))
        };
        unit.actor != last.actor && node.choices.iter().any(could)
    })
}
