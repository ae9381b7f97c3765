//! `pidproof run`.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use nix::sys::signal::{SigSet, Signal};

use super::args::{Run, Select};
use super::last::Last;
use super::out::say;
use super::results::Results;
use super::select::{Also, matching, select};
use super::sweeps::{self, Swept};
use super::{Exit, Failure, Selection, beside, out, which};
use crate::judge::Verdict;
use crate::report::{Counts, Deviating, Progress, failure, keep, kept_dir, n_cases};
use crate::scenario::deviation::Deviations;
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::subject::{self, Subject};
use crate::suite::{
    CaseResult, Interrupt, Ready, Subjects, find_host, patience, run_all, run_and_explain,
};
use crate::world::Host;

/// Half of a case is waiting for the kernel: closing an inotify instance and ending a namespace take grace
/// periods in which nothing runs. Two cases a core fill them.
const CASES_PER_CORE: usize = 2;

pub(super) fn run(args: &Run) -> Result<Exit, Failure> {
    let mut results = Results::open(args)?;
    let done = judge(args, &mut results);
    results.end(done)
}

fn judge(args: &Run, results: &mut Results) -> Result<Exit, Failure> {
    // Before any thread exists, so that all inherit it and only the waiting one gets the signal.
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);

    let mut subject = which::find(&args.source, &args.direct)?;
    if args.no_deviations {
        subject.deviations = Deviations::default();
    }
    let (files, chosen) = files(&args.select);
    let library = match (files.as_slice(), &args.source.scenarios) {
        ([], dir) => super::library(&subject, dir.as_deref())?,
        (files, None) => Library::of_files(files, &subject.parameters, subject::programs())?,
        (_, Some(_)) => return Err(Failure::FilesAndDir),
    };
    let chosen = match args.failed {
        true => Last::of(args).only(&library, chosen)?,
        false => chosen,
    };
    let also = Also {
        releases: args.releases || args.failed,
        sweeps: args.sweeps || args.failed,
    };
    let Selection {
        cases,
        left_out,
        sweeps_left_out,
    } = select(&library, &chosen, also)?;
    let built_in = files.is_empty() && args.source.scenarios.is_none();
    super::hold_against(&subject.deviations, &library, built_in)?;
    let asked = which::asked(cases, &subject.reach, &library)?;
    let cases = asked.cases.clone();
    let all: Vec<_> = library.cases().collect();
    let may_skip = if args.may_skip.is_empty() {
        Vec::new()
    } else {
        matching(&all, &args.may_skip, false)?
    };
    let mut host = find_host();
    if let Some(tier) = args.tier {
        host = host.at_most(tier.into());
    }
    for note in &subject.notes {
        anstream::eprintln!("pidproof: {note}");
    }
    results.begin(&subject, &library, &cases, &host)?;
    let judged = judged(&subject, &host, &interrupt);
    if interrupt.asked() {
        return Ok(interrupted_early(cases.len()));
    }
    let judged = judged?;
    let subjects = Subjects {
        judged,
        beside: beside::have(cases.iter().copied(), &host, &interrupt)?,
        known: subject.deviations.clone(),
    };
    if interrupt.asked() {
        return Ok(interrupted_early(cases.len()));
    }
    let workers = workers(args.jobs);
    let sweeps = cases.iter().filter(|case| case.sweep.is_some()).count();
    let swept = sweeps::find(&cases, &host, &subjects, workers, &interrupt, &chosen);
    let Some(Swept { points, not }) = swept else {
        return Ok(interrupted_early(cases.len()));
    };
    let cases: Vec<&Case> = cases
        .into_iter()
        .filter(|case| case.sweep.is_none())
        .chain(&points)
        .collect();
    if cases.is_empty() && not.is_empty() && sweeps > 0 {
        return Err(Failure::NoPoint(chosen.filter.join(", ")));
    }
    let in_sweeps = match sweeps {
        0 => String::new(),
        _ => format!(" ({} of {sweeps} sweeps)", points.len()),
    };
    say(format_args!(
        "judging {} with {}{in_sweeps}, tier {}",
        subject.name,
        n_cases(cases.len() + not.len()),
        host.tier.word()
    ));

    let must_run = args.must_run || std::env::var_os("CI").is_some_and(|v| !v.is_empty());
    let of_sweeps: Vec<&Case> = not.iter().map(|result| result.case).collect();
    let out: Vec<&Case> = asked.out.iter().map(|(case, _)| *case).collect();
    let mut told = Told {
        args,
        subject: &subject,
        library: &library,
        left_out: (left_out, sweeps_left_out),
        host: &host,
        unfit: 0,
        progress: Progress::new(&[cases.as_slice(), of_sweeps.as_slice(), &out].concat()),
        not_judged: asked.not_judged(),
        results,
        counts: Counts::default(),
        failures: Vec::new(),
        skips: BTreeMap::new(),
        deviating: Deviating::default(),
    };
    let selected = cases.len() + not.len() + out.len();
    for result in asked.skips() {
        told.hear(&result);
    }
    let mut hear = |mut result: CaseResult<'_>| {
        let named = may_skip
            .iter()
            .any(|case| result.case.id.starts_with(&case.id));
        if let Verdict::Skip(why) = &result.verdict
            && must_run
            && !named
        {
            result.verdict = Verdict::Broken(format!(
                "{why}; and nothing may be skipped but what --may-skip names"
            ));
        }
        told.hear(&result);
    };
    out::begin(cases.len() + not.len());
    for result in not {
        hear(result);
    }
    run_all(
        run_and_explain,
        &cases,
        &host,
        &subjects,
        workers,
        &interrupt,
        hear,
    );
    out::over();
    Ok(told.end(selected, &interrupt))
}

/// Somebody has ended the run before its first case: the subject's first start, or finding a sweep's points, can take long.
fn interrupted_early(cases: usize) -> Exit {
    say(format_args!("interrupted: 0 of {cases} cases were judged"));
    Exit::Interrupted
}

/// The subject, once it has been started.
pub(super) fn judged(
    subject: &Subject,
    host: &Host,
    interrupt: &Interrupt,
) -> Result<Ready, Failure> {
    let patience = patience(&subject.commands, host, interrupt).map_err(|why| {
        Failure::CannotJudge(format!(
            "{} does not start here, so there is nothing to judge\n{why}",
            subject.name
        ))
    })?;
    Ok(Ready {
        patience,
        commands: subject.commands.clone(),
    })
}

/// How many cases run at once.
pub(super) fn workers(asked: Option<usize>) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    asked.unwrap_or(cores * CASES_PER_CORE)
}

/// The scenario files among the filters, and the selection without them. No case's id ends like a file's name.
pub(super) fn files(select: &Select) -> (Vec<PathBuf>, Select) {
    let is_file = |filter: &String| filter.ends_with(".toml");
    let (files, filter): (Vec<_>, Vec<_>) = select.filter.iter().cloned().partition(is_file);
    let chosen = Select {
        filter,
        ..select.clone()
    };
    (files.into_iter().map(PathBuf::from).collect(), chosen)
}

/// What has been told of a run so far.
struct Told<'a> {
    args: &'a Run,
    subject: &'a Subject,
    library: &'a Library,
    /// Cases that were not asked for: with releases, and sweeps.
    left_out: (usize, usize),
    host: &'a Host,
    /// Cases that were skipped for what the host lacks, and not for what the subject is or does.
    unfit: usize,
    progress: Progress,
    /// What was left out because of what the subject is.
    not_judged: Vec<String>,
    results: &'a mut Results,
    counts: Counts,
    failures: Vec<String>,
    /// Why cases were skipped, and how many for each reason.
    skips: BTreeMap<String, usize>,
    deviating: Deviating,
}

impl Told<'_> {
    fn hear(&mut self, result: &CaseResult<'_>) {
        self.counts.add(&result.verdict);
        self.deviating.hear(&result.verdict);
        out::one_more(self.counts.failed + self.counts.broken);
        if let Some(line) = self.progress.hear(result) {
            say(format_args!("{line}"));
        }
        if let Verdict::Skip(why) = &result.verdict {
            *self.skips.entry(why.clone()).or_default() += 1;
            self.unfit += usize::from(self.host.place(result.case).is_err());
        }
        let rerun = rerun(self.subject, self.args, result.case);
        if !result.verdict.is_failure() {
            self.results.case(result, &rerun, None);
            return;
        }
        let text = failure(result, &self.library.rules, &rerun, None);
        let text = if self.args.keep {
            match keep(&kept_dir(), result, &text) {
                Ok(dir) => {
                    let dir = dir.display().to_string();
                    failure(result, &self.library.rules, &rerun, Some(&dir))
                }
                Err(e) => format!("{text}  keeping it failed: {e}\n"),
            }
        } else {
            text
        };
        say(format_args!("\n{text}"));
        self.results.case(result, &rerun, Some(&text));
        self.failures.push(result.case.id.clone());
    }

    fn end(self, selected: usize, interrupt: &Interrupt) -> Exit {
        let Self {
            counts,
            failures,
            args,
            left_out,
            skips,
            not_judged,
            unfit,
            deviating,
            results,
            ..
        } = self;
        results.counted(selected, counts);
        let done = counts.passed + counts.failed + counts.skipped + counts.broken;
        if !failures.is_empty() {
            say(format_args!("not as expected:"));
            for id in &failures {
                say(format_args!("  {id}"));
            }
        }
        for line in deviating.lines() {
            say(format_args!("{line}"));
        }
        for (why, cases) in &skips {
            say(format_args!("skipped ({cases}): {why}"));
        }
        for line in &not_judged {
            say(format_args!("{line}"));
        }
        if unfit > 0 && args.tier.is_none() {
            say(format_args!(
                "`pidproof doctor` says what this host lacks for the skipped cases"
            ));
        }
        if interrupt.asked() {
            say(format_args!(
                "interrupted: {done} of {selected} cases were judged"
            ));
        }
        let (releases, sweeps) = left_out;
        if sweeps > 0 {
            say(format_args!(
                "{sweeps} sweeps over the subject's system calls were not run; --sweeps adds them"
            ));
        }
        if releases > 0 {
            say(format_args!(
                "{releases} more cases start releases beside the subject and were not run; --releases adds them"
            ));
        }
        say(format_args!("{}", counts.line()));
        if interrupt.asked() {
            Exit::Interrupted
        } else if done < selected {
            let left = n_cases(selected - done);
            anstream::eprintln!("pidproof: {left} got no verdict");
            Exit::CannotJudge
        } else if counts.failed > 0 {
            Exit::Broken
        } else if counts.broken > 0 {
            Exit::CannotJudge
        } else {
            Exit::AsExpected
        }
    }
}

/// The line that runs just this case again.
pub(super) fn rerun(subject: &Subject, args: &Run, case: &Case) -> String {
    let mut words = vec!["pidproof".to_owned(), "run".into(), "--exact".into()];
    let (files, _) = files(&args.select);
    words.extend(files.iter().map(|file| file.display().to_string()));
    words.push(case.id.clone());
    if case.needs_releases() {
        words.push("--releases".into());
    }
    if args.no_deviations {
        words.push("--no-deviations".into());
    }
    if subject.name != "reference" && subject.typed.is_empty() {
        words.extend(["--subject".into(), subject.name.clone()]);
    }
    if let Some(dir) = &args.source.scenarios {
        words.extend(["--scenarios".into(), dir.display().to_string()]);
    }
    words.extend(subject.typed.iter().cloned());
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

/// SIGINT and SIGTERM end the run in order, from a thread that waits for nothing else.
pub(super) fn on_interrupt(interrupt: &Arc<Interrupt>) {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    if signals.thread_block().is_err() {
        return;
    }
    let interrupt = Arc::clone(interrupt);
    std::thread::spawn(move || {
        if signals.wait().is_ok() {
            interrupt.now();
        }
    });
}
