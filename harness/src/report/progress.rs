//! A line a scenario as its last case ends, and the counts.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};

use crate::judge::Verdict;
use crate::scenario::model::Case;
use crate::suite::CaseResult;

/// How many cases came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// As expected.
    pub passed: usize,
    /// Not as expected: a broken rule, a missed deadline or a stale deviation.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
    /// The suite or the host failed.
    pub broken: usize,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Pass | Verdict::Deviates(_) => self.passed += 1,
            Verdict::Fail(_) | Verdict::TimedOut(_) | Verdict::Stale(_) => self.failed += 1,
            Verdict::Skip(_) => self.skipped += 1,
            Verdict::Broken(_) => self.broken += 1,
        }
    }

    /// The last line of a run. What is broken counts as failed: nothing is green by accident.
    pub fn line(&self) -> String {
        format!(
            "{} passed, {} failed, {} skipped",
            self.passed,
            self.failed + self.broken,
            self.skipped
        )
    }
}

/// What is still awaited of each scenario.
#[derive(Debug)]
pub struct Progress {
    awaited: BTreeMap<String, usize>,
    counts: BTreeMap<String, Counts>,
}

impl Progress {
    /// Of the cases that will run.
    pub fn new(cases: &[&Case]) -> Self {
        let mut awaited = BTreeMap::new();
        for case in cases {
            *awaited.entry(case.file.clone()).or_default() += 1;
        }
        Self {
            awaited,
            counts: BTreeMap::new(),
        }
    }

    /// Hears of a case, and returns a line when it was the last of its scenario.
    pub fn hear(&mut self, result: &CaseResult<'_>) -> Option<String> {
        let file = &result.case.file;
        let counts = self.counts.entry(file.clone()).or_default();
        counts.add(&result.verdict);
        let left = self.awaited.get_mut(file)?;
        *left = left.saturating_sub(1);
        if *left > 0 {
            return None;
        }
        let Counts {
            passed,
            failed,
            skipped,
            broken,
        } = *counts;
        let all = passed + failed + skipped + broken;
        let (word, colour) = match (failed, broken, skipped) {
            (0, 0, 0) => ("pass", AnsiColor::Green),
            (0, 0, n) if n == all => ("skip", AnsiColor::Yellow),
            (0, 0, _) => ("pass", AnsiColor::Green),
            (0, _, _) => ("BROKEN", AnsiColor::Magenta),
            (_, _, _) => ("FAIL", AnsiColor::Red),
        };
        let style = Style::new().fg_color(Some(colour.into()));
        let cases = if all == passed {
            format!("{all}")
        } else {
            format!("{passed} of {all}")
        };
        Some(format!(
            "{style}{word:6}{style:#} {cases:>9}  {}  [{}]",
            result.case.title,
            result.case.rules.join(" ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_counts_as_failed() {
        let mut counts = Counts::default();
        counts.add(&Verdict::Pass);
        counts.add(&Verdict::Broken("x".into()));
        counts.add(&Verdict::Skip("x".into()));
        assert_eq!(counts.line(), "1 passed, 1 failed, 1 skipped");
    }
}
