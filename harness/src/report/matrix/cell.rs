//! What a run says of a rule.

use serde::Serialize;

use crate::report::record::{CaseRecord, Results, Word};

/// What a run says of a rule.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Cell {
    /// In short.
    pub state: State,
    /// Cases that pass.
    pub held: usize,
    /// Cases that fail at this rule, or deviate from it as is known.
    pub broken: usize,
    /// Cases that had no answer in time.
    pub timed_out: usize,
    /// Cases that say nothing of the rule: skipped, stale, not as expected at another rule only, or the suite failed.
    pub untold: usize,
    /// The cases that do not hold, and why.
    pub cases: Vec<Untold>,
}

/// What it comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In every case that tells.
    Holds,
    /// In some case it does not.
    Broken,
    /// There were cases, and none tells; or one had no answer in time.
    Unclear,
    /// There was no case.
    #[default]
    NotJudged,
}

/// A case that did not pass.
#[derive(Debug, Clone, Serialize)]
pub struct Untold {
    /// Its id.
    pub id: String,
    /// What it came to.
    pub verdict: Word,
    /// Why, in a line.
    pub why: String,
    /// What a person is told of it; of what is known no log is kept, so what was seen.
    pub log: Option<String>,
    /// The command that runs it again.
    pub rerun: String,
}

/// What a case says of a rule.
enum Says {
    Holds,
    Broken,
    TimedOut,
    Nothing,
}

impl Cell {
    /// Of a rule, by all cases of a run.
    pub(super) fn new(rule: &str, run: &Results) -> Self {
        let mut cell = Self::default();
        for case in &run.cases {
            let judges = case.rules.iter().any(|r| r == rule);
            if !judges && !case.gaps().any(|gap| gap.rule == rule) {
                continue;
            }
            match says(case, rule) {
                Says::Holds => {
                    cell.held += 1;
                    continue;
                }
                Says::Broken => cell.broken += 1,
                Says::TimedOut => cell.timed_out += 1,
                Says::Nothing => cell.untold += 1,
            }
            cell.cases.push(Untold {
                id: case.id.clone(),
                verdict: case.verdict,
                why: case.in_a_line(),
                log: case.log.clone().or_else(|| case.seen()),
                rerun: rerun(case),
            });
        }
        cell.state = match &cell {
            Self { broken: 1.., .. } => State::Broken,
            Self { timed_out: 1.., .. } => State::Unclear,
            Self { held: 1.., .. } => State::Holds,
            Self { untold: 1.., .. } => State::Unclear,
            Self { .. } => State::NotJudged,
        };
        cell
    }

    /// As it stands in a table.
    pub fn text(&self) -> String {
        let told = self.held + self.broken + self.timed_out;
        match self.state {
            State::Holds => "ok".to_owned(),
            State::NotJudged => "-".to_owned(),
            State::Unclear if self.held == 0 => "?".to_owned(),
            State::Broken | State::Unclear => format!("{}/{told}", self.held),
        }
    }
}

/// The command that shows it again: what is known of the subject is no failure unless it is asked for.
fn rerun(case: &CaseRecord) -> String {
    match case.verdict {
        Word::Deviates => format!("{} --no-deviations", case.rerun),
        Word::Pass | Word::Fail | Word::TimedOut | Word::Stale | Word::Skip | Word::Broken => {
            case.rerun.clone()
        }
    }
}

/// What was seen counts, and not whether it is known: the same looks the same for a release that somebody has gone through
/// and for one that nobody has.
fn says(case: &CaseRecord, rule: &str) -> Says {
    let mut gaps = case.gaps().filter(|gap| gap.rule == rule).peekable();
    if gaps.peek().is_none() {
        return match case.verdict {
            Word::Pass => Says::Holds,
            Word::Fail
            | Word::TimedOut
            | Word::Deviates
            | Word::Stale
            | Word::Skip
            | Word::Broken => Says::Nothing,
        };
    }
    // Where something else of the case was plainly wrong, what did not come in time is wrong too: a server that has answered
    // has not refused to start.
    if gaps.all(|gap| gap.timed_out) && case.gaps().all(|gap| gap.timed_out) {
        Says::TimedOut
    } else {
        Says::Broken
    }
}
