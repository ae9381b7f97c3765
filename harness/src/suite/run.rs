//! Running cases on several workers, and hearing of each as it ends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::guard::{Order, Report};
use super::launch::{Lifelines, launch};
use super::subjects::Subjects;
use crate::engine::shell::StopAt;
use crate::engine::{Evidence, Job, Line};
use crate::judge::Verdict;
use crate::scenario::model::{Action, Case, Step, Tier, When};
use crate::supervise::Scope;
use crate::world::Host;

/// A case and what became of it.
#[derive(Debug)]
pub struct CaseResult<'a> {
    /// The case.
    pub case: &'a Case,
    /// The verdict.
    pub verdict: Verdict,
    /// What was seen.
    pub evidence: Evidence,
    /// How long it took, its guard included.
    pub took: Duration,
}

/// How a run is ended early.
#[derive(Debug, Default)]
pub struct Interrupt {
    lifelines: Lifelines,
    asked: AtomicBool,
}

impl Interrupt {
    /// Ends the run: what has not been judged by now is not.
    pub fn now(&self) {
        self.asked.store(true, Ordering::SeqCst);
        self.lifelines.close();
    }

    /// Whether the run was ended early.
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Runs one case here and now; of a sweep all points, until one is not as expected. `None` where the run was
/// interrupted.
pub fn run_one<'a>(
    case: &'a Case,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<CaseResult<'a>> {
    if case.sweep.is_some() {
        super::sweep::run_sweep(case, host, subjects, interrupt)
    } else {
        run_known(case, host, subjects, interrupt)
    }
}

/// Runs one case, and holds what it came to against what is known of the subject.
pub(super) fn run_known<'a>(
    case: &'a Case,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<CaseResult<'a>> {
    let result = run_plain(case, scope(case), host, subjects, interrupt)?;
    Some(result.in_the_light_of(subjects))
}

/// Which calls must be told for this case: all, where it may look at any of them; else no more than it has something
/// done at, since each call that is told takes its time.
pub(super) fn scope(case: &Case) -> Option<Scope> {
    let of_step = |step: &Step| {
        let looks = matches!(step.action, Action::ExpectCalls(_))
            || matches!(step.when, Some(When::Made { .. }));
        if let (Action::Inject(injection), false) = (&step.action, looks) {
            Some(Scope::of(injection.call))
        } else {
            looks.then_some(Scope::Everything)
        }
    };
    let asked = case.steps.iter().filter_map(of_step).max();
    let all = case.sweep.as_ref().map(|_| Scope::Everything);
    case.calls
        .then(|| all.or(asked).unwrap_or(Scope::Everything))
}

/// As [`run_one`], and where the case fails once more with its system calls told: the same failure with them in
/// its timeline says more.
pub fn run_and_explain<'a>(
    case: &'a Case,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<CaseResult<'a>> {
    let mut result = run_one(case, host, subjects, interrupt)?;
    let failed = matches!(result.verdict, Verdict::Fail(_) | Verdict::TimedOut(_));
    if !failed || scope(case) == Some(Scope::Everything) {
        return Some(result);
    }
    let everything = Some(Scope::Everything);
    let again = run_plain(case, everything, host, subjects, interrupt)?;
    if matches!(again.verdict, Verdict::Fail(_) | Verdict::TimedOut(_)) {
        result.evidence = again.evidence;
    } else {
        // The first run is the one that counts; that the second one differs is worth knowing.
        let text = format!(
            "run again with its system calls told, this case came to: {}",
            again.verdict.word()
        );
        let at = result
            .evidence
            .timeline
            .last()
            .map_or(Duration::ZERO, |line| line.at);
        result.evidence.timeline.push(Line { at, text });
    }
    Some(result)
}

/// Runs one case with these of its system calls told; of a sweep the steps, with nothing done at any call.
pub(super) fn run_plain<'a>(
    case: &'a Case,
    calls: Option<Scope>,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<CaseResult<'a>> {
    run_job(case, calls, None, host, subjects, interrupt)
}

/// Runs one case that stops before a step, with a shell on the streams of this process.
pub fn run_with_shell<'a>(
    case: &'a Case,
    stop: StopAt,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<CaseResult<'a>> {
    run_job(case, scope(case), Some(stop), host, subjects, interrupt)
}

fn run_job<'a>(
    case: &'a Case,
    calls: Option<Scope>,
    stop: Option<StopAt>,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Option<CaseResult<'a>> {
    let start = Instant::now();
    let place = host.place(case).map_err(|unfit| unfit.to_string());
    let ready = place.and_then(|tier| Ok((tier, job(case, calls, subjects)?)));
    let (verdict, evidence) = match ready {
        Err(why) => (Verdict::Skip(why), Evidence::default()),
        Ok((tier, job)) => controlled(Job { stop, ..job }, tier, interrupt)?,
    };
    Some(CaseResult {
        case,
        verdict,
        evidence,
        took: start.elapsed(),
    })
}

/// A case with all that it takes to run it.
///
/// # Errors
/// Which of its subjects cannot be had here.
pub fn job(case: &Case, calls: Option<Scope>, subjects: &Subjects) -> Result<Job, String> {
    let cast = subjects.of(case)?;
    Ok(Job {
        case: case.clone(),
        commands: subjects.judged.commands.clone(),
        beside: cast.beside,
        fixture: ["@self", super::ROLE].map(str::to_owned).into(),
        patience: cast.patience,
        calls,
        control: false,
        stop: None,
    })
}

/// Runs a job; one that has something done at calls first without, to see that it is this that makes the
/// difference.
fn controlled(job: Job, tier: Tier, interrupt: &Interrupt) -> Option<(Verdict, Evidence)> {
    if job.case.injects() && !job.case.controlled {
        let control = Job {
            control: true,
            stop: None,
            ..job.clone()
        };
        let (verdict, evidence) = run(control, tier, interrupt)?;
        let verdict = match verdict {
            Verdict::Pass => return run(job, tier, interrupt),
            Verdict::Broken(why) => {
                Verdict::Broken(format!("with nothing done at any call: {why}"))
            }
            Verdict::Fail(mut mismatches) | Verdict::TimedOut(mut mismatches) => {
                for mismatch in &mut mismatches {
                    mismatch.expected += ", with nothing done at any call";
                }
                Verdict::Fail(mismatches)
            }
            other @ (Verdict::Deviates(_) | Verdict::Stale(_) | Verdict::Skip(_)) => other,
        };
        return Some((verdict, evidence));
    }
    run(job, tier, interrupt)
}

fn run(job: Job, tier: Tier, interrupt: &Interrupt) -> Option<(Verdict, Evidence)> {
    let nothing = Evidence::default;
    Some(
        match launch(&Order::Run(Box::new(job), tier), &interrupt.lifelines) {
            Ok(Some(Report::Ran(outcome))) => (outcome.verdict, outcome.evidence),
            Ok(Some(Report::Unfit(why))) | Err(why) => (Verdict::Broken(why), nothing()),
            Ok(Some(Report::Fit(_))) => (
                Verdict::Broken("the guard answered another question".into()),
                nothing(),
            ),
            Ok(None) => return None,
        },
    )
}

/// How one case is run: [`run_one`] or [`run_and_explain`].
pub type HowToRun = for<'a> fn(&'a Case, &Host, &Subjects, &Interrupt) -> Option<CaseResult<'a>>;

/// Runs cases on `workers` threads; `heard` hears of each as it ends, in no order.
pub fn run_all<'a>(
    how: HowToRun,
    cases: &[&'a Case],
    host: &Host,
    subjects: &Subjects,
    workers: usize,
    interrupt: &Interrupt,
    mut heard: impl FnMut(CaseResult<'a>),
) {
    let one = |_, case: &'a Case| how(case, host, subjects, interrupt);
    on_workers(cases, workers, interrupt, one, |_, result| heard(result));
}

/// Does something for each of the cases on several threads, until one is interrupted; `heard` gets the number of the
/// case with what was made of it, in no order.
pub(super) fn on_workers<'a, T: Send>(
    cases: &[&'a Case],
    workers: usize,
    interrupt: &Interrupt,
    one: impl Fn(usize, &'a Case) -> Option<T> + Sync,
    mut heard: impl FnMut(usize, T),
) {
    let next = AtomicUsize::new(0);
    let (tell, hear) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, cases.len().max(1)) {
            let (tell, next, one) = (tell.clone(), &next, &one);
            scope.spawn(move || {
                while !interrupt.asked() {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { break };
                    let Some(made) = one(at, case) else {
                        break;
                    };
                    if tell.send((at, made)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(tell);
        for (at, made) in hear {
            heard(at, made);
        }
    });
}
