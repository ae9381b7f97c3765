//! `pidproof shell`.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args as ClapArgs;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

use super::args::{Source, TierArg};
use super::out::say;
use super::repro::{library, one};
use super::results::set;
use super::run::{judged, on_interrupt};
use super::{Exit, Failure, beside, which};
use crate::engine::shell::StopAt;
use crate::judge::Verdict;
use crate::report::failure;
use crate::scenario::model::Case;
use crate::subject;
use crate::suite::{Interrupt, Subjects, find_host, run_with_shell};

#[derive(Debug, ClapArgs)]
pub(super) struct Shell {
    /// The case's whole id; a scenario file (*.toml) before it is where it comes from
    #[arg(required = true, value_name = "CASE")]
    pub(super) case: Vec<String>,
    /// Stop before this step: its line in the scenario file, or its label, such as spawn:server or its id; after the
    /// last one where nothing is said
    #[arg(long, value_name = "STEP")]
    pub(super) at: Option<String>,
    /// End the case with the shell, instead of going on
    #[arg(long)]
    pub(super) stop: bool,
    #[command(flatten)]
    pub(super) source: Source,
    /// Use no more than this tier of isolation
    #[arg(long, value_name = "TIER")]
    pub(super) tier: Option<TierArg>,
}

pub(super) fn shell(args: &Shell) -> Result<Exit, Failure> {
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let subject = subject::find(which::spec(&args.source))?;
    let (library, chosen) = library(&args.source, &args.case, &subject.parameters)?;
    let case = one(&library, &chosen.filter)?;
    which::asked(vec![case], &subject.reach, &library)?;
    if case.sweep.is_some() {
        let why = format!("{} is a sweep: its points are cases of their own", case.id);
        return Err(Failure::CannotJudge(why));
    }
    let stop = StopAt {
        step: step(case, args.at.as_deref())?,
        shell: set("SHELL").map_or_else(|| PathBuf::from("/bin/sh"), PathBuf::from),
        term: std::env::var("TERM").ok(),
        ends: args.stop,
    };
    let mut host = find_host();
    if let Some(tier) = args.tier {
        host = host.at_most(tier.into());
    }
    let subjects = Subjects {
        judged: judged(&subject, &host, &interrupt)?,
        beside: beside::have([case], &host, &interrupt)?,
        known: subject.deviations.clone(),
    };
    let stop_at_all = args.stop;
    let terminal = tcgetattr(std::io::stdin()).ok();
    let result = run_with_shell(case, stop, &host, &subjects, &interrupt);
    restore(terminal);
    let Some(result) = result else {
        return Ok(Exit::Interrupted);
    };
    let rerun = format!("pidproof run --exact {}", case.id);
    match &result.verdict {
        Verdict::Pass if stop_at_all => say("torn down"),
        Verdict::Pass => say(format_args!("pass {}", case.id)),
        Verdict::Fail(_)
        | Verdict::TimedOut(_)
        | Verdict::Deviates(_)
        | Verdict::Stale(_)
        | Verdict::Skip(_)
        | Verdict::Broken(_) => say(failure(&result, &library.rules, &rerun, None)),
    }
    Ok(match &result.verdict {
        Verdict::Pass | Verdict::Deviates(_) => Exit::AsExpected,
        Verdict::Fail(_) | Verdict::TimedOut(_) | Verdict::Stale(_) => Exit::Broken,
        Verdict::Skip(_) | Verdict::Broken(_) => Exit::CannotJudge,
    })
}

/// A shell that was ended leaves the terminal as it had set it for its own line editing.
fn restore(terminal: Option<Termios>) {
    if let Some(settings) = terminal {
        // A terminal that is gone needs no settings.
        let _: Result<_, _> = tcsetattr(std::io::stdin(), OptionalActions::Drain, &settings);
    }
}

/// The place of a step by its line or label.
fn step(case: &Case, at: Option<&str>) -> Result<usize, Failure> {
    let Some(at) = at else {
        return Ok(case.steps.len());
    };
    let line: Option<usize> = at.parse().ok();
    case.steps
        .iter()
        .position(|step| step.label == at || Some(step.line) == line)
        .ok_or_else(|| {
            let all: Vec<String> = case
                .steps
                .iter()
                .map(|step| format!("  {:4}  {}", step.line, step.label))
                .collect();
            Failure::NoStep {
                step: at.to_owned(),
                known: all.join("\n"),
            }
        })
}
