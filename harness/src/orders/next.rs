//! Which way to go on at a node, and which ways are left for later.
//!
//! Sleep sets: of two orders that differ only in who came first of two calls that do not conflict, one is enough. After
//! the orders that begin with `a` are taken care of, those that begin with `b` need not try `a` again before something
//! comes that conflicts with it.

use serde::{Deserialize, Serialize};

use super::{Label, Step, Task, Unit, What};

/// Somebody who could go on.
#[derive(Debug, Clone)]
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
    let all = limits.full || limits.preemptions.is_some();
    let mut sleep: Vec<Unit> = if all { Vec::new() } else { node.sleep.to_vec() };
    let mut ways = Vec::new();
    for at in order {
        let choice = &node.choices[at];
        if sleep.contains(&choice.unit) {
            continue;
        }
        let preemptions = node.preemptions + u32::from(preempts(node, last, choice.unit));
        if limits.preemptions.is_some_and(|most| preemptions > most) {
            continue;
        }
        let stays = |unit: &Unit| {
            let asleep = node.choices.iter().find(|other| other.unit == *unit);
            asleep.is_some_and(|asleep| !depends(asleep, choice))
        };
        ways.push((
            at,
            sleep.iter().copied().filter(stays).collect(),
            preemptions,
        ));
        if !all {
            sleep.push(choice.unit);
        }
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Access, Object, class};
    use super::*;

    /// Actors that each make their calls in order, none of which ever blocks.
    fn explore(programs: &[&[(&str, Access)]], limits: Limits) -> (usize, BTreeSet<String>) {
        let mut tasks = vec![Task::default()];
        let (mut orders, mut classes) = (0, BTreeSet::new());
        while let Some(task) = tasks.pop() {
            let mut steps: Vec<Step> = Vec::new();
            let mut labels: Vec<Label> = Vec::new();
            let (mut sleep, mut preemptions) = (task.sleep, task.preemptions);
            loop {
                let choices: Vec<Choice> = programs
                    .iter()
                    .zip(0u8..)
                    .filter_map(|(calls, actor)| {
                        let done = steps.iter().filter(|s| s.unit.actor == actor).count();
                        let (name, access) = calls.get(done)?;
                        let mut label = Label::default();
                        label.add(Object::Name((*name).into()), *access);
                        let what = What::Thread(0);
                        let unit = Unit { actor, what };
                        let text = format!("{name}{done}{access:?}");
                        Some(Choice { unit, text, label })
                    })
                    .collect();
                let chosen = if let Some(step) = task.prefix.get(steps.len()) {
                    choices.iter().position(|c| c.unit == step.unit).unwrap()
                } else if choices.is_empty() {
                    orders += 1;
                    classes.insert(class(&steps, &labels));
                    break;
                } else {
                    let node = Node {
                        steps: &steps,
                        sleep: &sleep,
                        preemptions,
                        choices: &choices,
                    };
                    let Some(way) = next(&node, limits) else {
                        break;
                    };
                    tasks.extend(way.others);
                    (sleep, preemptions) = (way.sleep, way.preemptions);
                    way.chosen
                };
                let Choice { unit, text, label } = choices[chosen].clone();
                steps.push(Step { unit, text });
                labels.push(label);
            }
        }
        (orders, classes)
    }

    const A: &[(&str, Access)] = &[
        ("x", Access::Read),
        ("y", Access::Write),
        ("x", Access::Write),
    ];
    const B: &[(&str, Access)] = &[
        ("y", Access::Read),
        ("z", Access::Write),
        ("x", Access::Write),
    ];
    const C: &[(&str, Access)] = &[("z", Access::Share), ("x", Access::Read)];

    #[test]
    fn sleep_sets_lose_no_class() {
        let full = Limits {
            full: true,
            ..Limits::default()
        };
        for programs in [
            &[A, B][..],
            &[A, A],
            &[B, C],
            &[A, B, C],
            &[C, C, C],
            &[A, B, B],
        ] {
            let (orders, all) = explore(programs, full);
            let (few, reached) = explore(programs, Limits::default());
            assert_eq!(all, reached);
            assert!(few <= orders);
            // No class twice, where nothing blocks.
            assert_eq!(few, reached.len());
        }
    }

    #[test]
    fn all_interleavings_are_as_many_as_there_are() {
        let full = Limits {
            full: true,
            ..Limits::default()
        };
        assert_eq!(explore(&[A, B], full).0, 20);
        assert_eq!(explore(&[A, B, C], full).0, 560);
    }

    #[test]
    fn a_bound_tries_all_within_it() {
        let within = |n| {
            explore(
                &[A, B],
                Limits {
                    preemptions: Some(n),
                    ..Limits::default()
                },
            )
            .0
        };
        // One after the other, both ways; then each place to switch once.
        assert_eq!(within(0), 2);
        assert_eq!(within(1), 6);
        assert_eq!(within(9), 20);
    }
}
