//! Where an order is, and steps in thought from there.

use super::Graph;
use crate::orders::{Alike, Choice, Past, Unit, digest, together};

/// Where an order is.
#[derive(Debug, Clone)]
pub(super) struct Stand {
    pub(super) past: Past,
    pub(super) alike: Alike,
    pub(super) last: Option<Unit>,
    pub(super) preemptions: u32,
    /// Stands for all steps, in their order.
    pub(super) trail: u64,
}

impl Graph {
    /// Makes a step in thought. What stands for it, whatever its process knows; nothing if it is not known what it comes to.
    pub(super) fn make(&self, stand: &mut Stand, choices: &[u64], chosen: usize) -> Option<u64> {
        let choices = self.choices(choices);
        let (mut events, mut deeds) = (Vec::new(), Vec::new());
        for Choice { unit, text, label } in together(&choices, chosen) {
            let event = stand.past.event(*unit, text, label);
            let effect = self.memory.effect(event, &stand.past, label)?;
            deeds.push(stand.past.deed(*unit, text, label));
            stand.past.push(*unit, event, &effect);
            stand.alike.push(unit.actor, label);
            stand.last = Some(*unit);
            events.push(event);
        }
        stand.trail = digest((stand.trail, &events));
        Some(digest(deeds))
    }

    /// The view of a state, if it was ever seen.
    pub(super) fn view(&self, stand: &Stand) -> Option<u64> {
        let outlook = stand.past.outlook(&self.places);
        self.views.get(&outlook).copied()
    }

    /// Whether a step changes anything: only then it is judged.
    pub(super) fn changes(&self, choices: &[u64], chosen: usize) -> bool {
        let choice = choices.get(chosen).and_then(|it| self.memory.choice(*it));
        choice.is_some_and(|choice| choice.label.changes())
    }

    pub(super) fn key(&self, stand: &Stand) -> u64 {
        let state = self.state_of(stand);
        if self.limits.full {
            digest((state, stand.trail))
        } else {
            state
        }
    }

    /// A state, however it was come to.
    pub(super) fn state_of(&self, stand: &Stand) -> u64 {
        let last = self.limits.preemptions.and(stand.last);
        let last = last.map(|unit| unit.actor);
        digest((stand.past.state(), stand.alike.state(), last))
    }

    pub(super) fn choices(&self, choices: &[u64]) -> Vec<&Choice> {
        let choice = |it: &u64| self.memory.choice(*it);
        choices.iter().filter_map(choice).collect()
    }

    pub(super) fn start(&self) -> Stand {
        Stand {
            past: Past::default(),
            alike: Alike::new(&self.pairs),
            last: None,
            preemptions: 0,
            trail: 0,
        }
    }

    /// Goes to a node in thought.
    pub(super) fn stand(&self, node: usize) -> Stand {
        let mut way = Vec::new();
        let mut at = node;
        let mut stand = loop {
            match (&self.nodes[at].stand, self.nodes[at].via) {
                (Some(stand), _) => break Stand::clone(stand),
                (None, Some(via)) => {
                    way.push(via);
                    at = via.0;
                }
                (None, None) => break self.start(),
            }
        };
        for (node, chosen) in way.into_iter().rev() {
            // Of the steps between nodes it is known what they came to.
            self.make(&mut stand, &self.nodes[node].choices, chosen);
        }
        stand.preemptions = self.nodes[node].preemptions;
        stand
    }

    /// The choices that lead to a node, each with where it is made.
    pub(super) fn way_to(&self, node: usize) -> Vec<(usize, usize)> {
        let mut way = Vec::new();
        let mut at = node;
        while let Some((before, chosen)) = self.nodes[at].via {
            way.push((before, chosen));
            at = before;
        }
        way.reverse();
        way
    }
}
