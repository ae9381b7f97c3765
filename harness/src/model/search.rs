//! Making sequences, running them, and shrinking what is found.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::action::{Action, actions};
use super::walk::{Loser, script};
use crate::engine::{Commands, Evidence};
use crate::judge::{Mismatch, Verdict};
use crate::scenario::beside::Programs;
use crate::scenario::load::{Library, LoadError};
use crate::scenario::matrix::Values;
use crate::scenario::model::Case;
use crate::suite::{Interrupt, Ready, Subjects, run_all, run_one};
use crate::world::Host;

/// How many times a finding is run to make it smaller, at most.
const SHRINKING_RUNS: usize = 400;
/// While a finding is made smaller, a wait takes a part of the time it may take otherwise: what is found by a
/// missed deadline misses it many times. The smallest one is then run with all of it.
const HASTE: u32 = 5;
/// How many sequences are run between two looks at what was found.
const BATCH: usize = 50;

/// What is searched, and in what.
#[derive(Debug)]
pub struct Search<'a> {
    /// How the subject is started.
    pub commands: &'a Commands,
    /// The contract's parameters as it fills them in.
    pub parameters: &'a Values,
    /// What it does without the lock.
    pub loser: Loser,
    /// Programs the suite has.
    pub programs: Programs,
    /// Where it runs.
    pub host: &'a Host,
    /// How long anything may take.
    pub patience: Duration,
    /// How many run at once.
    pub workers: usize,
    /// How it is ended early.
    pub interrupt: &'a Interrupt,
    /// By this the same sequences are made again.
    pub seed: u64,
    /// How many.
    pub sequences: usize,
    /// How many actions in each, in the middle.
    pub length: usize,
    /// After so many different findings it stops.
    pub findings: usize,
}

/// A sequence after which something does not hold, made as small as it could be.
#[derive(Debug)]
pub struct Finding {
    /// Which sequence, counted from 1.
    pub sequence: usize,
    /// How many actions it had.
    pub found_with: usize,
    /// How many were needed.
    pub needed: usize,
    /// The scenario that shows it.
    pub text: String,
    /// Its case.
    pub case: Case,
    /// What it came to.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: Evidence,
    /// It came to that each time it was run; otherwise a second run passed.
    pub steady: bool,
}

/// What a search came to.
#[derive(Debug, Default)]
pub struct Searched {
    /// How many sequences were judged.
    pub judged: usize,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// A scenario that the model wrote and the parser read.
struct Written {
    text: String,
    case: Case,
    done: usize,
}

impl Search<'_> {
    /// Runs all sequences, or those up to the findings that end it. `heard` is told now and then how many were
    /// judged and how many of them failed.
    ///
    /// # Errors
    /// That the parser refused what the model wrote: a defect of pidproof.
    pub fn run(&self, mut heard: impl FnMut(usize, usize)) -> Result<Searched, LoadError> {
        let mut searched = Searched::default();
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut failed = 0;
        let mut from = 0;
        while from < self.sequences && !self.interrupt.asked() {
            let to = self.sequences.min(from + BATCH);
            let mut written = Vec::new();
            for index in from..to {
                written.push((index, self.write(index, &self.make(index).current())?));
            }
            let some = || written.iter().filter_map(|(_, w)| w.as_ref());
            let cases: Vec<&Case> = some().map(|w| &w.case).collect();
            let mut failures = Vec::new();
            run_all(
                run_one,
                &cases,
                self.host,
                &self.subjects(self.patience),
                self.workers,
                self.interrupt,
                |result| {
                    searched.judged += 1;
                    if result.verdict.is_failure() || matches!(result.verdict, Verdict::Skip(_)) {
                        failures.push((result.case.id.clone(), result.verdict, result.evidence));
                    }
                },
            );
            failed += failures.len();
            heard(searched.judged, failed);
            let number = |id: &str| written.iter().find(|(index, _)| name(*index) == id);
            failures.sort_by_key(|(id, ..)| number(id).map(|(index, _)| *index));
            for (id, verdict, evidence) in failures {
                let enough = searched.findings.len() >= self.findings || self.interrupt.asked();
                let Some((index, Some(first))) = number(&id) else {
                    continue;
                };
                if enough || known.contains(&kind(&verdict)) {
                    continue;
                }
                let seen = (verdict, evidence);
                let finding = self.shrink(*index, first, seen)?;
                known.insert(kind(&finding.verdict));
                searched.findings.push(finding);
            }
            if searched.findings.len() >= self.findings {
                break;
            }
            from = to;
        }
        Ok(searched)
    }

    /// The sequence of this number: the first made for it that leaves something to judge.
    fn make(&self, index: usize) -> impl ValueTree<Value = Vec<Action>> + use<> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_le_bytes());
        seed[8..16].copy_from_slice(&(index as u64).to_le_bytes());
        loop {
            let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
            let mut runner = TestRunner::new_with_rng(Config::default(), rng);
            let tree = actions(self.length)
                .new_tree(&mut runner)
                .unwrap_or_else(|e| unreachable!("nothing is filtered out of sequences: {e}"));
            if seed[16] == u8::MAX || script("", &tree.current(), self.loser).is_some() {
                return tree;
            }
            seed[16] += 1;
        }
    }

    fn write(&self, index: usize, actions: &[Action]) -> Result<Option<Written>, LoadError> {
        let title = format!(
            "what the contract says holds all along (seed {}, sequence {})",
            self.seed,
            index + 1
        );
        let Some(script) = script(&title, actions, self.loser) else {
            return Ok(None);
        };
        let name = name(index);
        let library = Library::of_text(&name, &script.text, self.parameters, self.programs)?;
        let case = library.cases().next().cloned();
        Ok(case.map(|case| Written {
            text: script.text,
            case,
            done: script.done,
        }))
    }

    /// Nobody but the judged one: the model knows no releases.
    fn subjects(&self, patience: Duration) -> Subjects {
        Subjects::alone(Ready {
            commands: self.commands.clone(),
            patience,
        })
    }

    fn judge(&self, case: &Case, patience: Duration) -> Option<(Verdict, Evidence)> {
        let result = run_one(case, self.host, &self.subjects(patience), self.interrupt)?;
        Some((result.verdict, result.evidence))
    }

    /// Looks for the smallest sequence that breaks the same rule.
    fn shrink(
        &self,
        index: usize,
        first: &Written,
        seen: (Verdict, Evidence),
    ) -> Result<Finding, LoadError> {
        let mut tree = self.make(index);
        let found_with = first.done;
        let rule = rule_of(&seen.0);
        let again = self.judge(&first.case, self.patience);
        let steady = again.is_none_or(|(verdict, _)| rule_of(&verdict) == rule);
        let mut finding = Finding {
            sequence: index + 1,
            found_with,
            needed: first.done,
            text: first.text.clone(),
            case: first.case.clone(),
            verdict: seen.0,
            evidence: seen.1,
            steady,
        };
        let mut smaller = Smaller {
            search: self,
            index,
            rule: &rule,
            runs: 0,
            judged: BTreeMap::from([(first.text.clone(), true)]),
            smallest: None,
        };
        let mut going = steady && tree.simplify();
        while going && smaller.runs < SHRINKING_RUNS {
            let Some(still) = smaller.fails(&tree.current())? else {
                break;
            };
            going = if still {
                tree.simplify()
            } else {
                tree.complicate()
            };
        }
        smaller.thin_out()?;
        let smallest = smaller.smallest.map(|(_, written)| written);
        if let Some(written) = smallest
            && let Some((verdict, evidence)) = self.judge(&written.case, self.patience)
            && rule_of(&verdict) == rule
        {
            finding = Finding {
                needed: written.done,
                text: written.text,
                case: written.case,
                verdict,
                evidence,
                ..finding
            };
        }
        Ok(finding)
    }
}

/// Looking for a smaller sequence that breaks the same rule.
struct Smaller<'a> {
    search: &'a Search<'a>,
    index: usize,
    rule: &'a str,
    runs: usize,
    /// Many a smaller list does the same: what makes no sense where it stands does nothing.
    judged: BTreeMap<String, bool>,
    smallest: Option<(Vec<Action>, Written)>,
}

impl Smaller<'_> {
    /// Whether it breaks the rule as well; `None` where the run was interrupted.
    fn fails(&mut self, actions: &[Action]) -> Result<Option<bool>, LoadError> {
        let Some(written) = self.search.write(self.index, actions)? else {
            return Ok(Some(false));
        };
        let fails = match self.judged.get(&written.text) {
            Some(known) => *known,
            None => {
                self.runs += 1;
                let patience = self.search.patience / HASTE;
                let Some((verdict, _)) = self.search.judge(&written.case, patience) else {
                    return Ok(None);
                };
                rule_of(&verdict) == self.rule
            }
        };
        self.judged.insert(written.text.clone(), fails);
        if fails {
            self.smallest = Some((actions.to_vec(), written));
        }
        Ok(Some(fails))
    }

    /// An action that was needed may no longer be, now that others are simpler.
    fn thin_out(&mut self) -> Result<(), LoadError> {
        let mut actions = match &self.smallest {
            Some((actions, _)) => actions.clone(),
            None => return Ok(()),
        };
        let mut at = actions.len();
        while at > 0 && self.runs < SHRINKING_RUNS {
            at -= 1;
            let mut fewer = actions.clone();
            fewer.remove(at);
            match self.fails(&fewer)? {
                // What stood before may be needless without it: from the end again.
                Some(true) => {
                    actions = fewer;
                    at = actions.len();
                }
                Some(false) => {}
                None => break,
            }
        }
        Ok(())
    }
}

fn name(index: usize) -> String {
    format!("sequence-{}", index + 1)
}

fn mismatches(verdict: &Verdict) -> &[Mismatch] {
    match verdict {
        Verdict::Fail(mismatches) | Verdict::TimedOut(mismatches) => mismatches,
        Verdict::Pass
        | Verdict::Deviates(_)
        | Verdict::Stale(_)
        | Verdict::Skip(_)
        | Verdict::Broken(_) => &[],
    }
}

/// What a smaller sequence must come to as well: the first rule that is broken, or the verdict.
fn rule_of(verdict: &Verdict) -> String {
    let first = mismatches(verdict).first();
    first.map_or_else(|| verdict.word().to_owned(), |m| m.rule.clone())
}

/// By what two findings are told apart: the rule, and what was asked.
fn kind(verdict: &Verdict) -> String {
    let first = mismatches(verdict).first();
    let verb = |m: &Mismatch| {
        m.step
            .split('=')
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    first.map_or_else(
        || verdict.word().to_owned(),
        |m| format!("{} {}", m.rule, verb(m)),
    )
}
