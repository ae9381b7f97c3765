//! The chosen sweeps become their points.

use std::sync::Arc;

use super::args::{List, Select};
use super::out::say;
use super::run::{judged, on_interrupt, workers};
use super::select::is_point_of;
use super::{Exit, Failure, beside, which};
use crate::judge::{Mismatch, Verdict};
use crate::scenario::model::Case;
use crate::subject;
use crate::suite::{CaseResult, Found, Interrupt, Subjects, find_all, find_host};
use crate::world::Host;

/// What the chosen sweeps lead to.
#[derive(Debug, Default)]
pub(super) struct Swept<'a> {
    /// Their points, as far as they are chosen.
    pub(super) points: Vec<Case>,
    /// Sweeps whose steps alone did not pass.
    pub(super) not: Vec<CaseResult<'a>>,
}

/// Finds the points of all sweeps among the cases, on several workers. `None` where that was interrupted.
pub(super) fn find<'a>(
    cases: &[&'a Case],
    host: &Host,
    subjects: &Subjects,
    workers: usize,
    interrupt: &Interrupt,
    chosen: &Select,
) -> Option<Swept<'a>> {
    let sweeps: Vec<&Case> = cases
        .iter()
        .copied()
        .filter(|case| case.sweep.is_some())
        .collect();
    let found = find_all(&sweeps, host, subjects, workers, interrupt)?;
    let mut swept = Swept::default();
    for (sweep, found) in sweeps.into_iter().zip(found) {
        let points = match found {
            Found::Points(points) => points,
            Found::Not(result) => {
                swept.not.push(*result);
                continue;
            }
        };
        // A filter that names points of this sweep means these and no others.
        let named: Vec<&String> = chosen
            .filter
            .iter()
            .filter(|filter| is_point_of(sweep, filter))
            .collect();
        swept.points.extend(
            points
                .into_iter()
                .filter(|point| named.is_empty() || named.iter().any(|n| point.id.starts_with(*n))),
        );
    }
    Some(swept)
}

/// `pidproof list --points`.
pub(super) fn list(args: &List, cases: &[&Case]) -> Result<Exit, Failure> {
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let subject = subject::find(which::spec(&args.source))?;
    let host = find_host();
    let sweeps: Vec<&Case> = cases
        .iter()
        .copied()
        .filter(|case| case.sweep.is_some())
        .collect();
    let subjects = Subjects {
        judged: judged(&subject, &host, &interrupt)?,
        beside: beside::have(sweeps.iter().copied(), &host, &interrupt)?,
        known: subject.deviations.clone(),
    };
    let workers = workers(None);
    let found = find(&sweeps, &host, &subjects, workers, &interrupt, &args.select);
    let Some(Swept { points, not }) = found else {
        return Ok(Exit::Interrupted);
    };
    for point in &points {
        say(format_args!("{}", point.id));
    }
    for result in &not {
        anstream::eprintln!("pidproof: {}", no_points(result));
    }
    Ok(if not.is_empty() {
        Exit::AsExpected
    } else {
        Exit::CannotJudge
    })
}

/// Why a sweep has no points: which of its checks did not hold with nothing done at any call, where that stands, and
/// what was seen.
fn no_points(result: &CaseResult<'_>) -> String {
    let CaseResult { case, verdict, .. } = result;
    let mut text = format!("{} leads to no points: {}", case.id, verdict.word());
    match verdict {
        Verdict::Fail(mismatches) | Verdict::TimedOut(mismatches) => {
            for mismatch in mismatches {
                let Mismatch {
                    rule,
                    line,
                    step,
                    expected,
                    found,
                    ..
                } = mismatch;
                let shown = |text: &str| text.replace('\n', "\n      ");
                text += &format!(
                    "\n  {}:{line}: {step}  [{rule}]\n    expected: {}\n    found: {}",
                    case.file,
                    shown(expected),
                    shown(found)
                );
            }
        }
        Verdict::Deviates(why)
        | Verdict::Stale(why)
        | Verdict::Skip(why)
        | Verdict::Broken(why) => {
            text += &format!("\n  {}", why.replace('\n', "\n  "));
        }
        Verdict::Pass => {}
    }
    text
}
