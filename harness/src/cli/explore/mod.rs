//! `pidproof explore`.

mod args;
mod audit;
mod state;
mod told;

use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(super) use self::args::Explore;
use self::state::State;
use self::told::{alike, told};
use super::out::say;
use super::run::{judged, on_interrupt};
use super::{Exit, Failure, beside};
use crate::engine::Job;
use crate::explore::{By, Found, How, Random, Summary, explore as try_orders, shrink};
use crate::orders::{Limits, Schedule, columns, switches};
use crate::scenario::deviation::Deviations;
use crate::scenario::load::Library;
use crate::scenario::model::{Case, Tier};
use crate::subject::{self, Subject};
use crate::suite::line::{Turns, Worker};
use crate::suite::{Interrupt, Subjects, find_host, job};
use crate::supervise::Scope;
use crate::world::Host;

/// A process that waits for a time only keeps its order waiting, and nobody else.
const ORDERS_PER_CORE: usize = 12;
const TELL_EACH: Duration = Duration::from_secs(5);

pub(super) fn explore(args: &Explore) -> Result<Exit, Failure> {
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let subject = subject::find(&args.subject)?;
    let library = super::library(&subject, args.scenarios.as_deref())?;
    let all: Vec<&Case> = explorations(&library).collect();
    if args.exploration.is_empty() {
        for case in &all {
            say(format_args!("{:40} {}", case.id, case.title));
        }
        return Ok(if all.is_empty() {
            Exit::Nothing
        } else {
            Exit::AsExpected
        });
    }
    let chosen = choose(&all, &args.exploration)?;
    let host = find_host();
    let subjects = Subjects {
        judged: judged(&subject, &host, &interrupt)?,
        beside: beside::have(chosen.iter().copied(), &host, &interrupt)?,
        // What an order breaks is found anew each time.
        known: Deviations::default(),
    };
    let mut exit = Exit::AsExpected;
    for case in chosen {
        let of_case = one(args, &subject, case, &host, &subjects, &interrupt)?;
        exit = match (exit, of_case) {
            (Exit::AsExpected, other) => other,
            (first, Exit::Broken) if first != Exit::Interrupted => Exit::Broken,
            (first, _) => first,
        };
        if interrupt.asked() {
            return Ok(Exit::Interrupted);
        }
    }
    Ok(exit)
}

/// All explorations of a library.
pub(super) fn explorations(library: &Library) -> impl Iterator<Item = &Case> {
    library
        .explorations
        .iter()
        .flat_map(|scenario| &scenario.cases)
}

/// Those whose ids have one of these parts.
fn choose<'a>(all: &[&'a Case], parts: &[String]) -> Result<Vec<&'a Case>, Failure> {
    let mut chosen: Vec<&Case> = Vec::new();
    for part in parts {
        let whole = |case: &&Case| {
            case.id == *part || case.id.strip_prefix("explore.") == Some(part.as_str())
        };
        let has = |case: &&Case| case.id.contains(part.as_str());
        let mut found: Vec<&Case> = all.iter().copied().filter(whole).collect();
        if found.is_empty() {
            found.extend(all.iter().copied().filter(has));
        }
        if found.is_empty() {
            return Err(Failure::NoExploration {
                name: part.clone(),
                hint: "`pidproof explore` lists them".to_owned(),
            });
        }
        chosen.extend(found);
    }
    chosen.sort_by(|a, b| a.id.cmp(&b.id));
    chosen.dedup_by(|a, b| a.id == b.id);
    Ok(chosen)
}

/// What it takes to run orders of a case, or why it cannot be done here.
pub(super) fn stage(case: &Case, host: &Host, subjects: &Subjects) -> Result<(Job, Tier), Failure> {
    let cannot = |why: String| Failure::CannotJudge(format!("{}: {why}", case.id));
    let tier = host
        .place(case)
        .map_err(|unfit| cannot(unfit.to_string()))?;
    let job = job(case, Some(Scope::Orders), subjects).map_err(cannot)?;
    Ok((job, tier))
}

fn one(
    args: &Explore,
    subject: &Subject,
    case: &Case,
    host: &Host,
    subjects: &Subjects,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let (job, tier) = stage(case, host, subjects)?;
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let how = How {
        limits: Limits {
            preemptions: args.preemptions,
            kills: args.kills,
            run_all: args.run_all,
            // Orders by chance give each its own name.
            alike: args.audit.is_none(),
            ..Limits::default()
        },
        by: match (args.random, args.at_once) {
            (Some(many), _) => By::Chance(Random {
                seed: args.seed,
                many,
                changes: args.changes,
            }),
            (None, Some(many)) => By::Nobody(many),
            (None, None) => By::Turn,
        },
        workers: args.jobs.unwrap_or(cores * ORDERS_PER_CORE),
        turns: cores + 1,
        time: args.time.map(Duration::from_secs),
        findings: args.findings,
        part: args.part,
    };
    say(format_args!(
        "{}: {}, on {}",
        case.id, case.title, subject.name
    ));
    let mut state = State::read(args, subject, case, how.limits)?;
    let before = state.as_mut().and_then(|state| state.summary.take());
    let summary = try_all(&job, tier, &how, before, interrupt);
    let names = names(case);
    for (found, n) in summary.found.iter().zip(1..) {
        tell(
            args,
            subject,
            case,
            &names,
            found,
            (&job, tier, how.limits),
            n,
        )?;
    }
    if matches!(how.by, By::Turn)
        && let Some(alike) = alike(case, &names)
    {
        say(format_args!("{alike}"));
    }
    say(format_args!("{}", told(&summary, &how, interrupt)));
    if let (Some(state), Some(path)) = (state, &args.state) {
        state.write(path, &summary)?;
    }
    if let Some(why) = &summary.broken {
        return Err(Failure::CannotJudge(format!("{}: {why}", case.id)));
    }
    if let Some(which) = args.audit
        && summary.is_whole()
    {
        audit::audit(
            &job,
            tier,
            (which, args.seed),
            how,
            &summary.graph,
            interrupt,
        )?;
    }
    Ok(if !summary.found.is_empty() {
        Exit::Broken
    } else if interrupt.asked() {
        Exit::Interrupted
    } else if !summary.lost.is_empty() || summary.orders == 0 {
        Exit::CannotJudge
    } else {
        Exit::AsExpected
    })
}

/// Explores, and tells now and then how far it is.
fn try_all(
    job: &Job,
    tier: Tier,
    how: &How,
    before: Option<Summary>,
    interrupt: &Interrupt,
) -> Summary {
    let last = Mutex::new(Instant::now());
    let start = Instant::now();
    try_orders(job, tier, how, before, interrupt, |summary, left| {
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() > TELL_EACH {
            *last = Instant::now();
            let rate = summary.orders as f64 / start.elapsed().as_secs_f64();
            let bound = summary
                .by_preemptions
                .last_key_value()
                .map_or(0, |(bound, _)| *bound);
            say(format_args!(
                "  {} orders, {left} known to be left, {rate:.0} a second, {bound} preemptions, {} findings",
                summary.orders,
                summary.found.len()
            ));
        }
    })
}

/// The names of an exploration's actors.
pub(super) fn names(case: &Case) -> Vec<String> {
    let actors = case.explore.iter().flat_map(|explore| &explore.actors);
    actors.map(|actor| actor.spawn.handle.clone()).collect()
}

/// A finding with the plainest order that shows it.
fn tell(
    args: &Explore,
    subject: &Subject,
    case: &Case,
    names: &[String],
    found: &Found,
    (job, tier, limits): (&Job, Tier, Limits),
    n: usize,
) -> Result<(), Failure> {
    let rule = &found.finding.rule;
    say(format_args!(
        "\n  {rule}: {}\n  order {}, after {:.2} s; {} orders show it",
        found.finding.what,
        found.nth,
        found.after.as_secs_f64(),
        found.times
    ));
    if args.at_once.is_some() {
        let findings = std::slice::from_ref(&found.finding);
        say(format_args!(
            "\n{}\n  nobody chose this order, so nobody can run it again; without --at-once there are others",
            columns(names, &found.lines, findings)
        ));
        return Ok(());
    }
    let mut worker = Worker::start(job, tier, limits).map_err(Failure::CannotJudge)?;
    let plain = shrink(&found.steps, rule, |task| worker.run(task, &Turns::new(1)))
        .map_err(Failure::CannotJudge)?;
    let (steps, lines, findings) = match plain {
        Some(ran) => (ran.steps, ran.lines, ran.findings),
        None => (
            found.steps.clone(),
            found.lines.clone(),
            vec![found.finding.clone()],
        ),
    };
    say(format_args!(
        "  {} steps with {} switches; {} steps with {} switches after shrinking\n",
        found.steps.len(),
        switches(&found.steps),
        steps.len(),
        switches(&steps)
    ));
    say(format_args!("{}", columns(names, &lines, &findings)));
    let schedule = Schedule {
        exploration: case.id.clone(),
        subject: subject.name.clone(),
        rule: Some(rule.clone()),
        what: findings
            .iter()
            .find(|f| f.rule == *rule)
            .map(|f| f.what.clone()),
        steps: Schedule::lines(&steps, names),
    };
    if let Some(dir) = &args.write {
        let name = format!("{}-{n}.toml", case.id.replace([':', '='], "-"));
        let path = dir.join(name);
        let wrote = write(dir, &path, &schedule.text());
        wrote.map_err(|e| Failure::CannotJudge(format!("writing {}: {e}", path.display())))?;
        say(format_args!("  replay: pidproof replay {}", path.display()));
    } else {
        say(format_args!(
            "  --write DIR writes the order to a file, for `pidproof replay`"
        ));
    }
    Ok(())
}

fn write(dir: &Path, path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    std::fs::write(path, text)
}
