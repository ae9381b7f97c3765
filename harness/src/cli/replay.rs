//! `pidproof replay`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;

use super::explore::{explorations, names, stage};
use super::out::say;
use super::run::{judged, on_interrupt};
use super::{Exit, Failure, beside};
use crate::explore::script;
use crate::orders::{End, Finding, Limits, Ran, Schedule, Task, What, columns};
use crate::subject;
use crate::suite::line::{Turns, Worker};
use crate::suite::{Interrupt, Subjects, find_host};

#[derive(Debug, ClapArgs)]
pub(super) struct Replay {
    /// A file that `explore` wrote
    pub(super) file: PathBuf,
    /// What to judge, if not the subject that the file names
    #[arg(long, value_name = "SUBJECT")]
    pub(super) subject: Option<String>,
    /// Explorations of one's own instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    pub(super) scenarios: Option<PathBuf>,
    /// How often
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(super) times: u32,
    /// Write what happens as a scenario in which one process is held while others go on, for `pidproof run`
    #[arg(long, value_name = "FILE")]
    pub(super) scenario: Option<PathBuf>,
}

pub(super) fn replay(args: &Replay) -> Result<Exit, Failure> {
    let bad = |why: String| Failure::BadSchedule {
        path: args.file.display().to_string(),
        why,
    };
    let text = std::fs::read_to_string(&args.file).map_err(|e| bad(e.to_string()))?;
    let schedule = Schedule::parse(&text).map_err(|e| bad(e.to_string()))?;
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let subject = subject::find(args.subject.as_deref().unwrap_or(&schedule.subject))?;
    let library = super::library(&subject, args.scenarios.as_deref())?;
    let case = explorations(&library).find(|case| case.id == schedule.exploration);
    let case = case.ok_or_else(|| Failure::NoExploration {
        name: schedule.exploration.clone(),
        hint: "`pidproof explore` lists them".to_owned(),
    })?;
    let names = names(case);
    let prefix = schedule.steps(&names).map_err(|e| bad(e.to_string()))?;
    let host = find_host();
    let subjects = Subjects {
        judged: judged(&subject, &host, &interrupt)?,
        beside: beside::have(std::iter::once(case), &host, &interrupt)?,
        // What an order breaks is found anew each time.
        known: crate::scenario::deviation::Deviations::default(),
    };
    let (job, tier) = stage(case, &host, &subjects)?;
    let killed = prefix.iter().filter(|step| step.unit.what == What::Kill);
    let limits = Limits {
        kills: u32::try_from(killed.count()).unwrap_or(u32::MAX),
        ..Limits::default()
    };
    let task = Task {
        prefix,
        ..Task::default()
    };
    let mut worker = Worker::start(&job, tier, limits).map_err(Failure::CannotJudge)?;
    let (mut broken, mut other) = (0u32, 0u32);
    for n in 0..args.times {
        if interrupt.asked() {
            return Ok(Exit::Interrupted);
        }
        let ran = worker
            .run(&task, &Turns::new(1))
            .map_err(Failure::CannotJudge)?;
        if n == 0 {
            say(format_args!(
                "{}",
                columns(&names, &ran.lines, &ran.findings)
            ));
            if let (Some(to), End::Finished | End::Mirrored) = (&args.scenario, &ran.end) {
                let text = library.text(&case.id).unwrap_or_default();
                write(to, &schedule, text, &names, &ran)?;
            }
        }
        match &ran.end {
            End::Finished | End::Mirrored => broken += u32::from(!ran.findings.is_empty()),
            End::Diverged(at, why) => {
                other += 1;
                say(format_args!("step {} is not as it was: {why}", at + 1));
            }
            End::Broken(why) => return Err(Failure::CannotJudge(why.clone())),
        }
    }
    say(format_args!(
        "{} times: {broken} broke a rule, {other} went another way",
        args.times
    ));
    Ok(match (broken, other) {
        (_, 1..) => Exit::CannotJudge,
        (1.., _) => Exit::Broken,
        (0, 0) => Exit::AsExpected,
    })
}

/// Writes what was found as a scenario.
fn write(
    to: &Path,
    schedule: &Schedule,
    exploration: &str,
    names: &[String],
    ran: &Ran,
) -> Result<(), Failure> {
    let cannot = |why: String| Failure::CannotJudge(format!("no scenario is written: {why}"));
    let of_rule = |finding: &&Finding| Some(&finding.rule) == schedule.rule.as_ref();
    let finding = ran.findings.iter().find(of_rule).or(ran.findings.first());
    let finding = finding.ok_or_else(|| cannot("this order breaks no rule".to_owned()))?;
    let text = script(exploration, names, ran, finding).map_err(|e| cannot(e.to_string()))?;
    std::fs::write(to, text).map_err(|e| cannot(format!("{}: {e}", to.display())))?;
    say(format_args!(
        "  see it without this order: pidproof run {} --subject {}",
        to.display(),
        schedule.subject
    ));
    Ok(())
}
