//! What all orders have in common that differ in nothing anybody could see.

use super::{Label, Step};

/// The normal form of an order (Foata's): each step at the earliest round in which nothing that it depends on is left.
#[must_use]
pub fn class(steps: &[Step], labels: &[Label]) -> String {
    let mut rounds: Vec<usize> = Vec::with_capacity(steps.len());
    let mut words = Vec::with_capacity(steps.len());
    for (at, (step, label)) in steps.iter().zip(labels).enumerate() {
        let before = steps.iter().zip(labels).zip(&rounds).take(at);
        let round = before
            .filter(|((other, touched), _)| {
                other.unit.actor == step.unit.actor || touched.conflicts(label)
            })
            .map(|(_, round)| round + 1)
            .max()
            .unwrap_or(0);
        rounds.push(round);
        words.push((round, step.unit, &*step.text));
    }
    words.sort_unstable();
    format!("{words:?}")
}
