//! Going through orders in thought, as far as all is known.

use super::stand::Stand;
use super::{Edge, Graph};
use crate::orders::{Choice, Step, Task, digest, together};

/// A state that a step leads to in thought, and from which it goes on.
struct Ahead {
    stand: Stand,
    /// From which node, by which choice.
    via: (usize, usize),
    choices: Box<[u64]>,
}

impl Graph {
    /// Goes on in thought from a step as far as all is known. Nothing, if that step has to be seen in a run; else the steps
    /// that have to be seen after it, or come later because they are preemptions.
    pub fn think(&mut self, edge: Edge) -> Option<Vec<Edge>> {
        let mut later = Vec::new();
        let mut ahead = Vec::new();
        let stand = self.stand(edge.node);
        self.foresee(&stand, edge, &mut ahead)?;
        while let Some(next) = ahead.pop() {
            let Ahead {
                stand,
                via,
                choices,
            } = next;
            let Some(node) = self.arrive(&stand, Some(via), &choices) else {
                continue;
            };
            for edge in self.edges(node, &stand, &choices, None) {
                let waits =
                    self.limits.preemptions.is_some() && edge.preemptions > stand.preemptions;
                if waits || self.foresee(&stand, edge, &mut ahead).is_none() {
                    later.push(edge);
                }
            }
        }
        Some(later)
    }

    /// The order that begins with a step.
    #[must_use]
    pub fn task(&self, edge: Edge) -> Task {
        let mut prefix = Vec::new();
        for (node, chosen) in self.way_to(edge.node) {
            let choices = self.choices(&self.nodes[node].choices);
            prefix.extend(together(&choices, chosen).into_iter().map(step));
        }
        let known = prefix.len();
        let choices = self.choices(&self.nodes[edge.node].choices);
        let made = together(&choices, edge.chosen);
        prefix.extend(made.first().map(|choice| step(choice)));
        Task {
            prefix,
            known,
            ..Task::default()
        }
    }

    /// Makes a step in thought, and puts what it comes to to those from which it goes on. Nothing, if it has to be seen.
    fn foresee(&mut self, stand: &Stand, edge: Edge, ahead: &mut Vec<Ahead>) -> Option<()> {
        if self.limits.run_all {
            return None;
        }
        let before = self.view(stand);
        let mut stand = stand.clone();
        stand.preemptions = edge.preemptions;
        let choices = self.nodes[edge.node].choices.clone();
        let is_judged = self.changes(&choices, edge.chosen);
        let step = self.make(&mut stand, &choices, edge.chosen)?;
        if stand.alike.is_mirrored() {
            self.mirrored += 1;
            return Some(());
        }
        if is_judged {
            let step = digest((step, before?, self.view(&stand)?));
            self.judged.get(&step)?;
        }
        let known = self.known.get(&self.key(&stand));
        if let Some(known) = known
            && !self.is_better(*known, stand.preemptions)
        {
            self.thought += 1;
            return Some(());
        }
        let mut next = Vec::new();
        for actor in 0..self.actors {
            next.extend_from_slice(self.memory.next(actor, &stand.past)?);
        }
        if next.is_empty() && !self.ended.contains(&stand.past.state()) {
            return None;
        }
        self.thought += 1;
        ahead.push(Ahead {
            stand,
            via: (edge.node, edge.chosen),
            choices: next.into(),
        });
        Some(())
    }
}

fn step(choice: &Choice) -> Step {
    Step {
        unit: choice.unit,
        text: choice.text.clone(),
    }
}
