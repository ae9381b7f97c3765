//! The known deviations that a run has met.

use std::collections::BTreeMap;

use crate::judge::Verdict;

/// Each with how many cases it was seen in.
#[derive(Debug, Default)]
pub struct Deviating(BTreeMap<String, usize>);

impl Deviating {
    /// Hears of a verdict.
    pub fn hear(&mut self, verdict: &Verdict) {
        if let Verdict::Deviates(why) = verdict {
            for line in why.lines() {
                *self.0.entry(line.to_owned()).or_default() += 1;
            }
        }
    }

    /// A line for each.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let line = |(why, cases): (&String, &usize)| format!("deviates ({cases}): {why}");
        self.0.iter().map(line)
    }
}
