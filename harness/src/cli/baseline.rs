//! `pidproof baseline`: today's failures as deviations, for a person to explain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::args::Baseline as Args;
use super::out::say;
use super::run::{judged, on_interrupt, workers};
use super::select::{Also, select};
use super::{Exit, Failure, Selection, beside, which, whole};
use crate::judge::Verdict;
use crate::judge::deviation::known;
use crate::report::{Baseline, Pinned, Progress, n_cases};
use crate::scenario::date::Date;
use crate::scenario::deviation::Deviations;
use crate::scenario::load::LoadError;
use crate::scenario::model::Case;
use crate::subject::Subject;
use crate::suite::{CaseResult, Interrupt, Subjects, find_host, run_all, run_one};

pub(super) fn baseline(args: &Args) -> Result<Exit, Failure> {
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let subject = which::find(&args.source, &args.direct)?;
    let library = super::library(&subject, args.source.scenarios.as_deref())?;
    let (others, file) = files(&subject, args.write.as_deref())?;
    for known in [&others, &file] {
        super::hold_against(known, &library, args.source.scenarios.is_none())?;
    }
    let all_known = Deviations::join([others.clone(), file.clone()]);
    let also = Also {
        releases: args.releases,
        sweeps: false,
    };
    let Selection { cases, .. } = select(&library, &args.select, also)?;
    let asked = which::asked(cases, &subject.reach, &library)?;
    let (sweeps, cases): (Vec<&Case>, Vec<&Case>) = asked
        .cases
        .iter()
        .copied()
        .partition(|case| case.sweep.is_some());
    let mut host = find_host();
    if let Some(tier) = args.tier {
        host = host.at_most(tier.into());
    }
    let ready = judged(&subject, &host, &interrupt);
    if interrupt.asked() {
        return Ok(Exit::Interrupted);
    }
    let subjects = Subjects {
        judged: ready?,
        beside: beside::have(cases.iter().copied(), &host, &interrupt)?,
        // What is known must not hide what is seen.
        known: Deviations::default(),
    };
    let mut seen = Seen {
        skipped: asked.out.len(),
        ..Seen::default()
    };
    let mut progress = Progress::new(&cases);
    let hear = |result: CaseResult<'_>| {
        if let Some(line) = progress.hear(&result) {
            anstream::eprintln!("{line}");
        }
        seen.hear(result.case, result.verdict, &all_known);
    };
    run_all(
        run_one,
        &cases,
        &host,
        &subjects,
        workers(args.jobs),
        &interrupt,
        hear,
    );
    if interrupt.asked() {
        anstream::eprintln!("pidproof: interrupted; nothing was written");
        return Ok(Exit::Interrupted);
    }
    let all: Vec<&Case> = library.cases().collect();
    let mut pinned = seen.pinned(&all);
    let version = subject.version.as_ref().map(ToString::to_string);
    // What was written is held against what was seen before anybody relies on it.
    let (made, text) = loop {
        let made = Baseline::of(&file, &others, &pinned, &all);
        let text = made
            .text(file.text(), version.as_deref())
            .map_err(|e| Failure::CannotJudge(format!("{}: {e}", file.path())))?;
        let not = not_held(&text, &made, (&others, &file), &subject, &pinned)?;
        if not.is_empty() {
            break (made, text);
        }
        pinned.retain(|pinned| !not.contains(&pinned.case.id));
        seen.odd.extend(not);
    };
    tell(&made, &seen, sweeps.len());
    match &args.write {
        None => say(text.trim_end()),
        Some(path) => {
            whole::write(path, &text)?;
            say(format_args!(
                "{}: entries: {} kept, {} new",
                path.display(),
                made.kept + made.fewer.len(),
                made.new.len()
            ));
            if subject.deviations.path().is_empty() {
                say(
                    "no run reads it yet: its name belongs into the profile, as `deviations = \"...\"`",
                );
            } else if !made.new.is_empty() {
                say(
                    "say of each new one what kind it is and why: with `TODO` it fails where CI is set",
                );
            }
        }
    }
    Ok(if seen.broken > 0 {
        Exit::CannotJudge
    } else if !(seen.late.is_empty() && seen.odd.is_empty() && made.unclear.is_empty()) {
        Exit::Broken
    } else {
        Exit::AsExpected
    })
}

/// What came of the cases.
#[derive(Debug, Default)]
struct Seen {
    /// Those that came to a verdict, with what was not as it must be.
    judged: BTreeMap<String, Vec<crate::judge::Mismatch>>,
    /// Those that missed a deadline, and are not known to.
    late: Vec<String>,
    /// Those of which what was found cannot be pinned.
    odd: Vec<String>,
    skipped: usize,
    broken: usize,
}

impl Seen {
    fn hear(&mut self, case: &Case, verdict: Verdict, file: &Deviations) {
        let id = case.id.clone();
        match verdict {
            Verdict::Pass => {
                self.judged.insert(id, Vec::new());
            }
            Verdict::Fail(mismatches) => {
                self.judged.insert(id, mismatches);
            }
            // A person may pin that something never comes; a machine cannot tell it from a slow host.
            Verdict::TimedOut(mismatches) => {
                let late = Verdict::TimedOut(mismatches.clone());
                match known(late, &id, &case.rules, file, Date::today()).verdict {
                    Verdict::Deviates(_) => {
                        self.judged.insert(id, mismatches);
                    }
                    Verdict::Pass
                    | Verdict::Fail(_)
                    | Verdict::TimedOut(_)
                    | Verdict::Stale(_)
                    | Verdict::Skip(_)
                    | Verdict::Broken(_) => self.late.push(id),
                }
            }
            Verdict::Skip(_) => self.skipped += 1,
            Verdict::Deviates(_) | Verdict::Stale(_) | Verdict::Broken(_) => self.broken += 1,
        }
    }

    fn pinned<'a>(&self, all: &[&'a Case]) -> Vec<Pinned<'a>> {
        all.iter()
            .filter_map(|case| {
                Some(Pinned {
                    case,
                    mismatches: self.judged.get(&case.id)?.clone(),
                })
            })
            .collect()
    }
}

/// The other files that the profile names, and the file that is written, or else the last that it names; none yet is an
/// empty one.
fn files(subject: &Subject, write: Option<&Path>) -> Result<(Deviations, Deviations), Failure> {
    let Some(path) = write else {
        return Ok(subject.deviations.clone().split_last());
    };
    let others = subject.deviations.clone().without(path);
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(source) => {
            return Err(Failure::Load(LoadError::Unreadable {
                path: path.to_path_buf(),
                source,
            }));
        }
    };
    Ok((others, read(&path.display().to_string(), &text, subject)?))
}

fn read(path: &str, text: &str, subject: &Subject) -> Result<Deviations, Failure> {
    Deviations::parse(path, text, subject.version.as_ref(), false)
        .map_err(|bad| Failure::Load(LoadError::Bad(vec![bad])))
}

/// The cases that a run with this text would not find as it says.
fn not_held(
    text: &str,
    made: &Baseline,
    (others, file): (&Deviations, &Deviations),
    subject: &Subject,
    pinned: &[Pinned<'_>],
) -> Result<BTreeSet<String>, Failure> {
    let again = Deviations::join([others.clone(), read(file.path(), text, subject)?]);
    let today = Date::today();
    let fails = |Pinned { case, mismatches }: &&Pinned<'_>| {
        let verdict = Verdict::of(mismatches.clone());
        let then = known(verdict, &case.id, &case.rules, &again, today).verdict;
        // What is unclear, and what is over its time, is for a person to think about.
        let left = matches!(then, Verdict::Stale(_))
            && (!made.unclear.is_empty()
                || again
                    .of(&case.id, &case.rules)
                    .any(|entry| entry.expires.is_some_and(|date| date < today)));
        then.is_failure() && !left
    };
    let ids = pinned.iter().filter(fails).map(|p| p.case.id.clone());
    Ok(ids.collect())
}

/// What is not in the file, and what left it.
fn tell(made: &Baseline, seen: &Seen, sweeps: usize) {
    let tell = |line: std::fmt::Arguments<'_>| anstream::eprintln!("pidproof: {line}");
    for (_, place) in &made.gone {
        tell(format_args!("{place}: is so no longer, and was taken out"));
    }
    for (_, place, cases) in &made.fewer {
        tell(format_args!(
            "{place}: is so in fewer cases, now {}",
            cases.len()
        ));
    }
    for place in &made.unclear {
        tell(format_args!(
            "{place}: is not so in this release; it speaks of others too, and was left: narrow its `versions`"
        ));
    }
    for id in &seen.late {
        tell(format_args!("not in the file: {id} missed its deadline"));
    }
    for id in &seen.odd {
        tell(format_args!(
            "not in the file: {id}; what it finds cannot be pinned, which is a defect of pidproof"
        ));
    }
    if seen.broken > 0 {
        let n = n_cases(seen.broken);
        tell(format_args!("not in the file: {n} came to no verdict"));
    }
    if seen.skipped > 0 {
        let n = n_cases(seen.skipped);
        tell(format_args!("not in the file: {n} skipped"));
    }
    if sweeps > 0 {
        tell(format_args!(
            "not in the file: {sweeps} sweeps, which are not run here; their points can be pinned by hand"
        ));
    }
}
