//! What somebody says a subject came to, in a file that can be checked: with what was asked, of which bytes, and where.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use super::matrix::Matrix;
use super::record::{CaseRecord, EndRecord, Results, RunRecord, Word};
use crate::scenario::rules::Rules;

/// The name of the format.
pub const FORMAT: &str = "pidproof-claim";
/// Its version: raised when the meaning of a field changes or one goes. Fields may come without that.
pub const VERSION: u32 = 1;

/// What a subject came to, so that somebody else can see whether it is so. It is no signature: it says what was found and
/// by what, and is worth what running it again shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "pidproof claim")]
pub struct Claim {
    /// `pidproof-claim`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The architecture of the host, such as `x86_64`.
    pub architecture: String,
    /// What the run was narrowed to, as typed; empty where all was selected that a run selects by itself.
    pub selection: Vec<String>,
    /// What was judged, with what, and where: the first record of the run's results.
    pub run: RunRecord,
    /// Digests of the rules, the names and each scenario that was selected, by name.
    pub scenarios: BTreeMap<String, String>,
    /// Digests of what the subject consists of, by part.
    pub subject: BTreeMap<String, String>,
    /// Each case and what it came to, by id; without what is only for the eye.
    pub cases: Vec<CaseRecord>,
    /// What that says of each rule.
    pub rules: BTreeMap<String, RuleClaim>,
    /// The counts: the last record of the run's results.
    pub end: EndRecord,
}

/// How many cases say what of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RuleClaim {
    /// It holds.
    pub held: usize,
    /// It does not, or deviates as is known.
    pub broken: usize,
    /// There was no answer in time.
    pub timed_out: usize,
    /// Nothing.
    pub untold: usize,
}

/// What is known of a run before its cases are.
#[derive(Debug, Clone)]
pub struct Known {
    /// What it was narrowed to.
    pub selection: Vec<String>,
    /// Digests of what was asked.
    pub scenarios: BTreeMap<String, String>,
    /// Digests of the subject's parts.
    pub subject: BTreeMap<String, String>,
}

/// Why a text is no claim.
#[derive(Debug, thiserror::Error)]
pub enum NoClaim {
    /// It is something else.
    #[error("no claim of pidproof: it does not say `\"format\": \"{FORMAT}\"`")]
    NotOurs,
    /// It is of another version of the format.
    #[error("a claim of version {0}; this pidproof reads version {VERSION}")]
    Version(u64),
    /// A field is not as it must be.
    #[error("no claim: {0}")]
    Form(String),
}

impl Claim {
    /// Of a run in which all that was selected was judged.
    pub fn new(known: Known, run: RunRecord, cases: &[CaseRecord], end: EndRecord) -> Self {
        let mut cases: Vec<CaseRecord> = cases.iter().cloned().map(bare).collect();
        cases.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            architecture: std::env::consts::ARCH.to_owned(),
            selection: known.selection,
            scenarios: known.scenarios,
            subject: known.subject,
            rules: rules(&run, &cases),
            run,
            cases,
            end,
        }
    }

    /// As it stands in a file.
    ///
    /// # Errors
    /// None that anybody has seen.
    pub fn text(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads a claim back.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, NoClaim> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| NoClaim::NotOurs)?;
        if value["format"] != FORMAT {
            return Err(NoClaim::NotOurs);
        }
        match value["version"].as_u64() {
            Some(version) if version == u64::from(VERSION) => {}
            other => return Err(NoClaim::Version(other.unwrap_or_default())),
        }
        serde_json::from_value(value).map_err(|e| NoClaim::Form(e.to_string()))
    }

    /// What in it contradicts the rest: whoever changes a verdict has to change more than that.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        for pair in self.cases.windows(2) {
            if pair[0].id >= pair[1].id {
                found.push(format!("case {} stands twice or out of order", pair[1].id));
            }
        }
        let count = |words: &[Word]| {
            let cases = self.cases.iter();
            cases.filter(|case| words.contains(&case.verdict)).count()
        };
        let EndRecord {
            selected,
            passed,
            failed,
            skipped,
            broken,
            ..
        } = self.end;
        for (what, said, counted) in [
            ("selected", selected, self.cases.len()),
            ("passed", passed, count(&[Word::Pass, Word::Deviates])),
            (
                "failed",
                failed,
                count(&[Word::Fail, Word::TimedOut, Word::Stale]),
            ),
            ("skipped", skipped, count(&[Word::Skip])),
            ("broken", broken, count(&[Word::Broken])),
        ] {
            if said != counted {
                found.push(format!("it says {said} {what}, and has {counted}"));
            }
        }
        for case in &self.cases {
            let fits = match case.verdict {
                Word::Pass | Word::Skip | Word::Broken => case.gaps().next().is_none(),
                Word::Fail | Word::TimedOut => !case.mismatches.is_empty(),
                Word::Deviates => case.mismatches.is_empty() && !case.pinned.is_empty(),
                Word::Stale => case.mismatches.is_empty(),
            };
            if !fits {
                let word = case.verdict.text();
                found.push(format!("{}: {word}, and not what goes with that", case.id));
            }
        }
        let counted = rules(&self.run, &self.cases);
        for rule in counted.keys().chain(self.rules.keys()) {
            if counted.get(rule) != self.rules.get(rule) {
                let text = format!("what it says of {rule} does not follow from its cases");
                if !found.contains(&text) {
                    found.push(text);
                }
            }
        }
        found
    }
}

/// A case without what differs from run to run and place to place.
fn bare(case: CaseRecord) -> CaseRecord {
    CaseRecord { log: None, ..case }
}

/// What cases say of each rule: as the matrix has it.
fn rules(run: &RunRecord, cases: &[CaseRecord]) -> BTreeMap<String, RuleClaim> {
    let results = Results {
        run: run.clone(),
        cases: cases.to_vec(),
        end: None,
    };
    let rows = Matrix::new(&[results], &Rules::default()).rows;
    let of_row = |row: &super::matrix::Row| {
        let cell = row.cells.first()?;
        let counts = RuleClaim {
            held: cell.held,
            broken: cell.broken,
            timed_out: cell.timed_out,
            untold: cell.untold,
        };
        Some((row.rule.clone(), counts))
    };
    rows.iter().filter_map(of_row).collect()
}

/// How what a case came to here compares with what is claimed of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// The same.
    Agrees,
    /// Something else.
    Differs(String),
    /// It could not be seen here, or did not come in time on one of the two hosts.
    CannotTell(String),
}

/// Compares what is claimed of a case with what it came to here.
pub fn compare(claimed: &CaseRecord, here: &CaseRecord) -> Compared {
    let silent = |case: &CaseRecord| matches!(case.verdict, Word::Skip | Word::Broken);
    let late = |case: &CaseRecord| case.verdict == Word::TimedOut;
    let (was, is) = (claimed.verdict.text(), here.verdict.text());
    let told = || match here.in_a_line() {
        why if why.is_empty() => format!("the claim says {was}, here it is {is}"),
        why => format!("the claim says {was}, here it is {is}: {why}"),
    };
    if silent(here) && silent(claimed) {
        Compared::Agrees
    } else if silent(here) {
        Compared::CannotTell(told())
    } else if silent(claimed) {
        // Nothing is said of it, and nothing can be hidden by that.
        match here.verdict.is_failure() {
            true => Compared::Differs(told()),
            false => Compared::Agrees,
        }
    } else if claimed.verdict != here.verdict {
        match late(claimed) || late(here) {
            true => Compared::CannotTell(told()),
            false => Compared::Differs(told()),
        }
    } else if gaps(claimed) == gaps(here) {
        Compared::Agrees
    } else {
        Compared::Differs(format!(
            "both say {is}, of other checks; the claim: {}; here: {}",
            claimed.in_a_line(),
            here.in_a_line()
        ))
    }
}

/// Which checks failed, without what was found: a pid or a path may differ.
fn gaps(case: &CaseRecord) -> Vec<(&str, usize)> {
    case.gaps()
        .map(|gap| (gap.rule.as_str(), gap.line))
        .collect()
}

/// The JSON Schema of a claim.
pub fn schema() -> Schema {
    schema_for!(Claim)
}

#[cfg(test)]
mod tests;
