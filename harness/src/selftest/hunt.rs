//! Running wrong servers until they are caught.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

use crate::engine::Commands;
use crate::judge::Verdict;
use crate::scenario::deviation::Deviations;
use crate::scenario::file::Scenario;
use crate::scenario::model::Case;
use crate::suite::{Interrupt, Ready, Subjects, run_one};
use crate::world::Host;

/// A wrong server and command.
#[derive(Debug, Clone)]
pub struct Prey {
    /// What it is called.
    pub name: String,
    /// How it is started.
    pub commands: Commands,
    /// The rules it breaks.
    pub breaks: Vec<String>,
}

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Scenarios of the rules that a defect breaks, as long as there is something to learn: until each of
    /// its rules has caught it and the scenario has caught somebody. A sweep only where a rule has not.
    Enough,
    /// Every scenario, whatever the defect is said to break, until it catches or has no more cases.
    All,
    /// Whatever catches it first, by any rule, of the first case of each scenario.
    First,
    /// The same, of all cases.
    Any,
}

/// Where the hunts are held.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The scenarios.
    pub scenarios: &'a [Scenario],
    /// What this machine can do.
    pub host: &'a Host,
    /// How much is run.
    pub effort: Effort,
    /// How long a wrong server is waited for.
    pub patience: Duration,
    /// What cases start beside the wrong server.
    pub beside: &'a BTreeMap<String, Result<Ready, String>>,
}

/// What became of one wrong server.
#[derive(Debug, Clone, Default)]
pub struct Hunt {
    /// Its name.
    pub name: String,
    /// The rules it is said to break.
    pub breaks: Vec<String>,
    /// Each rule that caught it, with the cases that did.
    pub caught: BTreeMap<String, BTreeSet<String>>,
    /// How many cases were run.
    pub cases: usize,
    /// Cases in which the suite itself failed, and how.
    pub trouble: Vec<String>,
}

impl Hunt {
    /// Whether one of the rules that it is said to break caught it.
    pub fn is_caught(&self) -> bool {
        self.breaks
            .iter()
            .any(|rule| self.caught.contains_key(rule))
    }

    /// The rules that it is said to break and that did not catch it.
    pub fn missed(&self) -> impl Iterator<Item = &String> {
        self.breaks
            .iter()
            .filter(|rule| !self.caught.contains_key(*rule))
    }
}

/// The scenario that makes a case.
pub(super) fn scenario_of(case: &str) -> &str {
    case.split(':').next().unwrap_or(case)
}

/// Hunts all of them on `workers` threads; `heard` hears of each as it is done. A hunt that was interrupted is not
/// told.
pub fn hunt(
    prey: &[Prey],
    ground: Ground<'_>,
    workers: usize,
    interrupt: &Interrupt,
    mut heard: impl FnMut(Hunt),
) {
    let next = AtomicUsize::new(0);
    let useful = Mutex::new(BTreeSet::new());
    let pack = Pack {
        ground,
        interrupt,
        useful: &useful,
    };
    let (tell, hear) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            let (tell, next, pack) = (tell.clone(), &next, &pack);
            scope.spawn(move || {
                while let Some(prey) = prey.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Some(hunt) = pack.hunt(prey) else { break };
                    if tell.send(hunt).is_err() {
                        break;
                    }
                }
            });
        }
        drop(tell);
        for hunt in hear {
            heard(hunt);
        }
    });
}

/// What all hunts share.
struct Pack<'a> {
    ground: Ground<'a>,
    interrupt: &'a Interrupt,
    /// The scenarios that have caught somebody, by a rule that was to be broken.
    useful: &'a Mutex<BTreeSet<String>>,
}

impl Pack<'_> {
    fn hunt(&self, prey: &Prey) -> Option<Hunt> {
        let mut hunt = Hunt {
            name: prey.name.clone(),
            breaks: prey.breaks.clone(),
            ..Hunt::default()
        };
        let once = matches!(self.ground.effort, Effort::First | Effort::Any);
        // Most mistakes show in the first case of some scenario.
        let rounds: &[(usize, usize)] = match self.ground.effort {
            Effort::First => &[(0, 1)],
            Effort::Any => &[(0, 1), (1, usize::MAX)],
            Effort::Enough | Effort::All => &[(0, usize::MAX)],
        };
        for (skip, take) in rounds {
            for scenario in self.ground.scenarios {
                if !scenario
                    .cases
                    .first()
                    .is_some_and(|case| self.worth_while(&hunt, case))
                {
                    continue;
                }
                for case in scenario.cases.iter().skip(*skip).take(*take) {
                    if self.ground.host.place(case).is_err() {
                        continue;
                    }
                    if self.judge(prey, case, &mut hunt)? {
                        break;
                    }
                }
                if once && !hunt.caught.is_empty() {
                    return Some(hunt);
                }
            }
        }
        Some(hunt)
    }

    /// Runs a case; true if its scenario has done its work, nothing if the run was interrupted.
    fn judge(&self, prey: &Prey, case: &Case, hunt: &mut Hunt) -> Option<bool> {
        let Ground {
            host,
            patience,
            beside,
            ..
        } = self.ground;
        let judged = Ready {
            commands: prey.commands.clone(),
            patience,
        };
        let subjects = Subjects {
            judged,
            beside: beside.clone(),
            known: Deviations::default(),
        };
        let result = run_one(case, host, &subjects, self.interrupt)?;
        hunt.cases += 1;
        Some(self.note(hunt, case, &result.verdict))
    }

    /// Whether a scenario can still teach something about this server or about itself.
    fn worth_while(&self, hunt: &Hunt, case: &Case) -> bool {
        if self.ground.effort != Effort::Enough {
            return true;
        }
        let mut claimed = case.rules.iter().filter(|r| hunt.breaks.contains(r));
        let news = claimed.clone().any(|rule| !hunt.caught.contains_key(rule));
        if case.sweep.is_some() {
            return news;
        }
        let useful = self.useful.lock().unwrap_or_else(PoisonError::into_inner);
        news || (claimed.next().is_some() && !useful.contains(scenario_of(&case.id)))
    }

    /// Notes what a case came to; true if its scenario has done its work.
    fn note(&self, hunt: &mut Hunt, case: &Case, verdict: &Verdict) -> bool {
        let mismatches = match verdict {
            Verdict::Fail(mismatches) | Verdict::TimedOut(mismatches) => mismatches,
            Verdict::Broken(why) => {
                hunt.trouble.push(format!("{}: {why}", case.id));
                return false;
            }
            Verdict::Pass | Verdict::Deviates(_) | Verdict::Stale(_) | Verdict::Skip(_) => {
                return false;
            }
        };
        let mut as_claimed = false;
        for mismatch in mismatches {
            as_claimed |= hunt.breaks.contains(&mismatch.rule);
            hunt.caught
                .entry(mismatch.rule.clone())
                .or_default()
                .insert(case.id.clone());
        }
        if as_claimed {
            self.useful
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(scenario_of(&case.id).to_owned());
        }
        as_claimed || matches!(self.ground.effort, Effort::First | Effort::Any)
    }
}
