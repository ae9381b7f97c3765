//! Sweeps: the calls are found by running the steps once, and each point of what is found is a case.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::run::{CaseResult, Interrupt, on_workers, run_known, run_plain, scope};
use super::subjects::Subjects;
use crate::engine::{Evidence, Line};
use crate::judge::Verdict;
use crate::scenario::model::Case;
use crate::sweep::points;
use crate::world::Host;

/// What the run that looks for the calls of a sweep came to.
#[derive(Debug)]
pub enum Found<'a> {
    /// The points.
    Points(Vec<Case>),
    /// It did not pass, so nothing done at a call would show anything; or this host cannot run it.
    Not(Box<CaseResult<'a>>),
}

/// The points of a sweep on this subject. `None` where the run was interrupted.
fn find_points<'a>(
    case: &'a Case,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<Found<'a>> {
    let mut result = run_plain(case, scope(case), host, subjects, interrupt)?;
    let (Some(sweep), Verdict::Pass) = (&case.sweep, &result.verdict) else {
        return Some(Found::Not(Box::new(result.in_the_light_of(subjects))));
    };
    let made = match &sweep.origin {
        Some(origin) => points(sweep, &result.evidence.calls)
            .into_iter()
            .map(|point| origin.case(&point.id, origin.with(&point.step, point.needs)))
            .collect(),
        None => Err("a sweep that has lost its file".to_owned()),
    };
    let why = match made {
        Ok(cases) if !Vec::is_empty(&cases) => return Some(Found::Points(cases)),
        Ok(_) => "the steps lead to no call that something can be done at".to_owned(),
        Err(why) => why,
    };
    result.verdict = Verdict::Broken(why);
    Some(Found::Not(Box::new(result)))
}

/// The points of several sweeps, in the order of the sweeps. `None` where that was interrupted.
pub fn find_all<'a>(
    sweeps: &[&'a Case],
    host: &Host,
    subjects: &Subjects,
    workers: usize,
    interrupt: &Interrupt,
) -> Option<Vec<Found<'a>>> {
    let mut found: BTreeMap<usize, Found<'a>> = BTreeMap::new();
    let one = |_, case: &'a Case| find_points(case, host, subjects, interrupt);
    on_workers(sweeps, workers, interrupt, one, |at, of| {
        found.insert(at, of);
    });
    (found.len() == sweeps.len()).then(|| found.into_values().collect())
}

/// So many points of one sweep run at once: one mostly waits for its processes.
const AT_ONCE: usize = 4;

/// Runs a sweep as one case: until a point is not as expected, whose verdict and evidence it then has. Of several it is the
/// first in the order of the points.
pub(super) fn run_sweep<'a>(
    case: &'a Case,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<CaseResult<'a>> {
    let start = Instant::now();
    let cases = match find_points(case, host, subjects, interrupt)? {
        Found::Points(cases) => cases,
        Found::Not(result) => return Some(*result),
    };
    let mut out: BTreeMap<String, usize> = BTreeMap::new();
    let mut fit = Vec::new();
    for point in &cases {
        match host.place(point) {
            Ok(_) => fit.push(point),
            Err(unfit) => *out.entry(unfit.to_string()).or_default() += 1,
        }
    }
    let ran = run_points(&fit, host, subjects, interrupt)?;
    let Some((point, verdict, mut evidence)) = ran else {
        let why = out.into_keys().next().unwrap_or_default();
        return Some(CaseResult {
            case,
            verdict: Verdict::Skip(why),
            evidence: Evidence::default(),
            took: start.elapsed(),
        });
    };
    evidence.passed_over = out
        .into_iter()
        .map(|(why, points)| format!("{points} of {} points: {why}", cases.len()))
        .collect();
    let end = evidence
        .timeline
        .last()
        .map_or(Duration::ZERO, |line| line.at);
    let lines: Vec<Line> = evidence
        .passed_over
        .iter()
        .map(|text| Line {
            at: end,
            text: format!("not run: {text}"),
        })
        .collect();
    evidence.timeline.extend(lines);
    if verdict.is_failure() {
        evidence.point = Some(point.id.clone());
        evidence.scenario = point.text.clone();
    }
    Some(CaseResult {
        case,
        verdict,
        evidence,
        took: start.elapsed(),
    })
}

/// The first point that was not as expected, or else the last. `None` where that was interrupted; nothing, where there is no
/// point.
fn run_points<'p>(
    points: &[&'p Case],
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<Option<(&'p Case, Verdict, Evidence)>> {
    let failed = AtomicUsize::new(usize::MAX);
    let one = |at: usize, point: &'p Case| {
        // Only what comes after a point that failed is left out: an earlier one, begun or not, may fail too.
        if failed.load(Ordering::Relaxed) < at {
            return None;
        }
        let result = run_known(point, host, subjects, interrupt)?;
        if result.verdict.is_failure() {
            failed.fetch_min(at, Ordering::Relaxed);
        }
        Some(result)
    };
    let (mut heard, mut told) = (0, None);
    on_workers(points, AT_ONCE, interrupt, one, |at, result| {
        heard += 1;
        let rank = if result.verdict.is_failure() {
            (0, at)
        } else {
            (1, points.len() - at)
        };
        if told.as_ref().is_none_or(|(known, _)| rank < *known) {
            told = Some((rank, result));
        }
    });
    if heard < points.len() && failed.into_inner() == usize::MAX {
        return None;
    }
    Some(told.map(|(_, result)| (result.case, result.verdict, result.evidence)))
}
