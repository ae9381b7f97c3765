//! The states that orders come to, and the steps from one to the next.
//!
//! A state is what each process could know and what everything has come to ([`Past`]). What comes after it is the same,
//! however it was come to: so from a state each way is gone once. Most steps are made in thought ([`Memory`]). What is
//! not known has to be seen in an order that is run, and so has all that is judged: each step, once with all by which it
//! is judged, and each end.

mod stand;
mod thought;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use self::stand::Stand;
#[cfg(test)]
use super::Unit;
use super::memory::{Memory, Rest};
use super::{Choice, Effect, Limits, Object, Past, Ran, Way, digest, together, ways};

/// A state as it was seen in a run, and how that went on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Each process.
    pub actors: Vec<Rest>,
    /// What stands for all of it by which a step is judged that leads here or from here.
    pub view: u64,
    /// Who went on, by place among the choices of all; nobody at the end.
    pub chosen: Option<usize>,
    /// What that came to: of the chosen step, and of each that was made by the same choice.
    pub effects: Vec<Effect>,
}

/// A step that is still to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Edge {
    /// From this state.
    node: usize,
    /// The choice.
    chosen: usize,
    /// So many preemptions are made with it.
    pub preemptions: u32,
}

#[derive(Debug)]
struct Node {
    /// How it was first come to: from which node, by which choice.
    via: Option<(usize, usize)>,
    choices: Box<[u64]>,
    /// The fewest with which it was come to.
    preemptions: u32,
    /// How many nodes lead to it.
    depth: usize,
    /// Kept at some of the nodes, so that those behind them need not be gone to from the start.
    stand: Option<Box<Stand>>,
}

/// A stand is kept at one of so many nodes: it weighs a kilobyte or two.
const EACH: usize = 8;

/// All that was seen of an exploration, and what follows from it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Graph {
    limits: Limits,
    /// Each actor with its next of those that are alike.
    pairs: Vec<(u8, u8)>,
    actors: u8,
    memory: Memory,
    /// Steps that were judged, each with the views before and after it.
    judged: HashSet<u64>,
    /// The view that goes with all that can be seen in one: see [`Past::outlook`].
    views: HashMap<u64, u64>,
    /// Ends that were judged.
    ended: HashSet<u64>,
    /// What stands for the names that are looked at by whoever judges: see [`Ran::places`].
    places: Vec<u64>,
    /// What is known follows from the rest.
    #[serde(skip)]
    nodes: Vec<Node>,
    /// Nodes by what stands for their states.
    #[serde(skip)]
    known: HashMap<u64, usize>,
    /// The states of those nodes, where each order has nodes of its own.
    #[serde(skip)]
    of_orders: HashSet<u64>,
    /// Steps made in thought.
    #[serde(skip)]
    thought: u64,
    /// Steps after which two actors that are alike have changed places.
    #[serde(skip)]
    mirrored: u64,
}

impl Graph {
    /// Nothing has been seen.
    #[must_use]
    pub fn new(limits: Limits, actors: u8, pairs: &[(u8, u8)]) -> Self {
        let pairs = if limits.alike { pairs } else { &[] };
        Self {
            limits,
            actors,
            pairs: pairs.to_vec(),
            ..Self::default()
        }
    }

    /// Whether a state is known, come to by a step of `last` where that matters.
    #[cfg(test)]
    pub(super) fn knows(&self, past: &Past, last: Option<Unit>) -> bool {
        let stand = Stand {
            past: past.clone(),
            last,
            ..self.start()
        };
        self.known.contains_key(&self.key(&stand))
    }

    /// How many states are known.
    #[must_use]
    pub fn states(&self) -> usize {
        self.nodes.len()
    }

    /// How many steps between them were made in thought alone.
    #[must_use]
    pub fn thought(&self) -> u64 {
        self.thought
    }

    /// How many steps were left, as two actors that are alike have changed places after them.
    #[must_use]
    pub fn mirrored(&self) -> u64 {
        self.mirrored
    }

    /// What was not as it was before, with nothing to show for it, and how often: what the suite takes for all that matters
    /// is not all then.
    #[must_use]
    pub fn odd(&self) -> &BTreeMap<String, u64> {
        self.memory.odd()
    }

    /// How many states, judged steps and ends of another are in this one, and how many are not. Only of two that were made
    /// without a bound, and take no two actors to be alike.
    #[must_use]
    pub fn compare(&self, other: &Self) -> (usize, usize) {
        let known = other.known.keys().filter(|_| !other.limits.full);
        let states = known
            .chain(&other.of_orders)
            .map(|state| self.known.contains_key(state) || self.of_orders.contains(state));
        let steps = other.judged.iter().map(|step| self.judged.contains(step));
        let ends = other.ended.iter().map(|end| self.ended.contains(end));
        let (inside, outside): (Vec<bool>, Vec<bool>) =
            states.chain(steps).chain(ends).partition(|is| *is);
        (inside.len(), outside.len())
    }

    /// What choices are, by which a run tells its states: one that was left in the midst has told them too.
    pub fn hear(&mut self, choices: &[Choice]) {
        self.memory.hear(choices);
    }

    /// An order was run that begins with a step, or the very first. The steps besides it from what it came to.
    pub fn take(&mut self, from: Option<Edge>, ran: &Ran) -> Vec<Edge> {
        let places = ran.places.iter().cloned().map(Object::Name);
        self.places = places.map(digest).collect();
        let mut found = Vec::new();
        let mut stand = match from {
            Some(edge) => self.stand(edge.node),
            None => self.start(),
        };
        let mut via = None;
        let mut before: Option<(u64, u64)> = None;
        for (seen, nth) in ran.seen.iter().zip(0..) {
            let outlook = stand.past.outlook(&self.places);
            let view = *self.views.entry(outlook).or_insert(seen.view);
            if view != seen.view {
                self.memory
                    .is_odd("what is judged is another thing".to_owned());
            }
            if let Some((step, before)) = before {
                self.judged.insert(digest((step, before, view)));
            }
            for (actor, rest) in (0..).zip(&seen.actors) {
                self.memory.keep(actor, &stand.past, rest);
            }
            let choices = seen.actors.iter().flat_map(|rest| rest.choices.iter());
            let choices: Box<[u64]> = choices.copied().collect();
            let Some(chosen) = seen.chosen else {
                self.ended.insert(stand.past.state());
                self.arrive(&stand, via, &choices);
                break;
            };
            let begun = from.filter(|_| nth == 0).map(|edge| edge.node);
            let new = begun.is_none().then(|| self.arrive(&stand, via, &choices));
            let node = match new.flatten() {
                Some(node) => {
                    found.extend(self.edges(node, &stand, &choices, Some(chosen)));
                    node
                }
                None => match begun.or_else(|| self.known.get(&self.key(&stand)).copied()) {
                    Some(node) if self.nodes[node].choices == choices => node,
                    // It is not as it was: what can be done here is another thing.
                    other => {
                        self.changed(other, &choices);
                        let via = begun.map_or(via, |node| self.nodes[node].via);
                        let node = self.add(&stand, via, choices);
                        let choices = self.nodes[node].choices.clone();
                        found.extend(self.edges(node, &stand, &choices, Some(chosen)));
                        node
                    }
                },
            };
            let ways = self.ways(&stand, &self.nodes[node].choices);
            let way = ways.iter().find(|way| way.chosen == chosen);
            let by_way = way.map_or(stand.preemptions, |way| way.preemptions);
            let by_edge = from.filter(|_| nth == 0).map(|edge| edge.preemptions);
            let preemptions = by_edge.unwrap_or(by_way);
            self.learn(&stand.past, node, chosen, &seen.effects);
            let choices = self.nodes[node].choices.clone();
            let changes = self.changes(&choices, chosen);
            let Some(step) = self.make(&mut stand, &choices, chosen) else {
                self.memory
                    .is_odd("a step that was made is not known".to_owned());
                break;
            };
            stand.preemptions = preemptions;
            before = changes.then_some((step, view));
            via = Some((node, chosen));
        }
        found
    }

    /// What can be done in a state is not what could be done.
    fn changed(&mut self, node: Option<usize>, choices: &[u64]) {
        let was = node.map_or(&[][..], |node| &self.nodes[node].choices);
        let only = |some: &[u64], others: &[u64]| {
            let some = some.iter().filter(|choice| !others.contains(choice));
            let told = some.filter_map(|choice| {
                let Choice { unit, text, label } = self.memory.choice(*choice)?;
                Some(format!("actor {}: {text} {label:?}", unit.actor))
            });
            told.collect::<Vec<String>>().join(", ")
        };
        let (was, now) = (only(was, choices), only(choices, was));
        self.memory
            .is_odd(format!("in a state there was {was}; now there is {now}"));
    }

    /// The node of a state, if more is to be done from there than was.
    fn arrive(
        &mut self,
        stand: &Stand,
        via: Option<(usize, usize)>,
        choices: &[u64],
    ) -> Option<usize> {
        let key = self.key(stand);
        match self.known.get(&key).copied() {
            Some(node) if self.is_better(node, stand.preemptions) => {
                self.nodes[node].preemptions = stand.preemptions;
                self.nodes[node].via = via;
                (*self.nodes[node].choices == *choices).then_some(node)
            }
            Some(_) => None,
            None => {
                let node = self.add(stand, via, choices.into());
                self.known.insert(key, node);
                Some(node)
            }
        }
    }

    /// Within a bound more can be done from a state with fewer preemptions.
    fn is_better(&self, node: usize, preemptions: u32) -> bool {
        self.limits.preemptions.is_some() && preemptions < self.nodes[node].preemptions
    }

    fn add(&mut self, stand: &Stand, via: Option<(usize, usize)>, choices: Box<[u64]>) -> usize {
        let depth = via.map_or(0, |(before, _)| self.nodes[before].depth + 1);
        if self.limits.full {
            self.of_orders.insert(self.state_of(stand));
        }
        self.nodes.push(Node {
            via,
            choices,
            preemptions: stand.preemptions,
            depth,
            stand: depth.is_multiple_of(EACH).then(|| Box::new(stand.clone())),
        });
        self.nodes.len() - 1
    }

    /// The steps from a node, but for one that is made already. The last is tried first.
    fn edges(&self, node: usize, stand: &Stand, choices: &[u64], made: Option<usize>) -> Vec<Edge> {
        let ways = self.ways(stand, choices).into_iter();
        let edge = |way: Way| Edge {
            node,
            chosen: way.chosen,
            preemptions: way.preemptions,
        };
        let others = ways.filter(|way| Some(way.chosen) != made);
        others.map(edge).rev().collect()
    }

    fn ways(&self, stand: &Stand, choices: &[u64]) -> Vec<Way> {
        let choices = self.choices(choices);
        ways(stand.last, &choices, stand.preemptions, self.limits)
    }

    /// What steps have come to.
    fn learn(&mut self, past: &Past, node: usize, chosen: usize, effects: &[Effect]) {
        let mut past = past.clone();
        let choices: Vec<Choice> = self
            .choices(&self.nodes[node].choices)
            .into_iter()
            .cloned()
            .collect();
        for (choice, effect) in together(&choices, chosen).into_iter().zip(effects) {
            let event = past.event(choice.unit, &choice.text, &choice.label);
            self.memory.learn(choice, event, &past, effect);
            if let Some(effect) = self.memory.effect(event, &past, &choice.label) {
                past.push(choice.unit, event, &effect);
            }
        }
    }
}
