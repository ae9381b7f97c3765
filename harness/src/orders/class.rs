//! What all orders have in common that differ in nothing anybody could see.

use super::alike::renamed;
use super::{Label, Step};

/// What stands for a class; the same for two that differ only in which of two actors that are alike is which.
#[must_use]
pub fn class(steps: &[Step], labels: &[Label], alike: &[(u8, u8)]) -> String {
    let named = renamed(steps, alike);
    let forms = named.iter().map(|steps| normal_form(steps, labels));
    forms.min().unwrap_or_default()
}

/// Foata's: each step at the earliest round in which nothing that it depends on is left.
fn normal_form(steps: &[Step], labels: &[Label]) -> String {
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
