//! What changed between two runs.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{CaseRecord, Results, Word};

/// A case that came to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its id.
    pub id: String,
    /// What it came to before; none where it was not judged.
    pub from: Option<Word>,
    /// What it came to after.
    pub to: Option<Word>,
    /// The rules it judges.
    pub rules: Vec<String>,
}

/// All that changed, each list by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// As expected before, and not after.
    pub regressions: Vec<Change>,
    /// Not as expected before; passes or deviates after.
    pub fixed: Vec<Change>,
    /// Another verdict, or another rule or step that it fails at.
    pub other: Vec<Change>,
    /// Only in the first.
    pub gone: Vec<Change>,
    /// Only in the second.
    pub new: Vec<Change>,
    /// How many cases are the same in both.
    pub same: usize,
}

impl Diff {
    /// From one run to another.
    pub fn new(before: &Results, after: &Results) -> Self {
        let (before, after) = (by_id(before), by_id(after));
        let mut diff = Self::default();
        for id in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
            let (was, is) = (before.get(id).copied(), after.get(id).copied());
            let list = match (was, is) {
                (Some(was), Some(is)) if same(was, is) => {
                    diff.same += 1;
                    continue;
                }
                (Some(was), Some(is)) => match (was.verdict.is_failure(), is.verdict) {
                    (false, to) if to.is_failure() => &mut diff.regressions,
                    // What is skipped is not known to be fixed.
                    (true, Word::Pass | Word::Deviates) => &mut diff.fixed,
                    (_, _) => &mut diff.other,
                },
                (Some(_), None) => &mut diff.gone,
                (None, _) => &mut diff.new,
            };
            list.push(Change {
                id: (*id).to_owned(),
                from: was.map(|case| case.verdict),
                to: is.map(|case| case.verdict),
                rules: is.or(was).map(|c| c.rules.clone()).unwrap_or_default(),
            });
        }
        diff
    }
}

/// Why the two cannot simply be compared, each in a line.
pub fn caveats(before: &Results, after: &Results) -> Vec<String> {
    let (a, b) = (&before.run, &after.run);
    let mut all = Vec::new();
    let both_asked = !a.scenarios.is_empty() && !b.scenarios.is_empty();
    if both_asked && a.scenarios != b.scenarios {
        all.push("the two did not ask the same: their rules or scenarios differ".to_owned());
    }
    for (what, was, is) in [("kernel", &a.kernel, &b.kernel), ("tier", &a.tier, &b.tier)] {
        if was != is {
            all.push(format!("another {what}: {was}, then {is}"));
        }
    }
    for (which, results) in [("first", before), ("second", after)] {
        match &results.end {
            None => all.push(format!("the {which} is of a run that was killed")),
            Some(end) if end.interrupted => {
                all.push(format!("the {which} is of a run that was interrupted"));
            }
            Some(end) => {
                if let Some(why) = &end.why {
                    all.push(format!("the {which} did not judge all: {why}"));
                }
            }
        }
    }
    all
}

fn by_id(results: &Results) -> BTreeMap<&str, &CaseRecord> {
    let pair = |case| {
        let case: &CaseRecord = case;
        (case.id.as_str(), case)
    };
    results.cases.iter().map(pair).collect()
}

/// What was found may differ from run to run, as a pid does; where it failed may not.
fn same(was: &CaseRecord, is: &CaseRecord) -> bool {
    let places = |case: &CaseRecord| -> BTreeSet<(String, String)> {
        let place = |m: &super::record::Mismatch| (m.rule.clone(), m.step.clone());
        case.mismatches.iter().map(place).collect()
    };
    was.verdict == is.verdict && places(was) == places(is)
}
