//! `pidproof verify`: whether a claim is so, here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args as ClapArgs;
use sha2::{Digest, Sha256};

use super::args::{Direct, Select, Source};
use super::out::say;
use super::run::{judged, on_interrupt, workers};
use super::select::{Also, is_point_of, select};
use super::sweeps::{self, Swept};
use super::{Exit, Failure, beside, out, which};
use crate::report::claim::{Claim, Compared, compare};
use crate::report::n_cases;
use crate::report::record::CaseRecord;
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::subject::{self, Subject};
use crate::suite::{CaseResult, Interrupt, Subjects, find_host, run_all, run_one};

#[derive(Debug, ClapArgs)]
pub(super) struct Verify {
    /// The claim, as `run --claim` wrote it
    file: PathBuf,
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    direct: Direct,
    /// Run only so many of its cases again, chosen by the seed
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// The same seed chooses the same cases; printed where it is not said
    #[arg(long, value_name = "S", requires = "sample")]
    seed: Option<u64>,
    /// How many cases run at once; two a core by default
    #[arg(short, long, value_name = "N")]
    jobs: Option<usize>,
}

/// How many things were found that speak against a claim, and that leave it open.
#[derive(Debug, Default)]
struct Found {
    differ: usize,
    open: usize,
}

impl Found {
    fn differs(&mut self, what: impl std::fmt::Display) {
        self.differ += 1;
        say(format_args!("differs: {what}"));
    }

    fn open(&mut self, what: impl std::fmt::Display) {
        self.open += 1;
        say(format_args!("cannot tell: {what}"));
    }

    fn exit(&self) -> Exit {
        match self {
            Self { differ: 1.., .. } => Exit::Broken,
            Self { open: 1.., .. } => Exit::CannotJudge,
            Self { .. } => Exit::AsExpected,
        }
    }
}

pub(super) fn verify(args: &Verify) -> Result<Exit, Failure> {
    let interrupt = Arc::new(Interrupt::default());
    on_interrupt(&interrupt);
    let not = |why: String| Failure::NotAClaim {
        path: args.file.clone(),
        why,
    };
    let text = std::fs::read_to_string(&args.file).map_err(|e| not(e.to_string()))?;
    let claim = Claim::parse(&text).map_err(|e| not(e.to_string()))?;
    let mut found = Found::default();
    for contradiction in claim.contradictions() {
        found.differs(format_args!("the claim from itself: {contradiction}"));
    }
    let source = Source {
        subject: args.source.subject.clone().or_else(|| named(args, &claim)),
        scenarios: args.source.scenarios.clone(),
    };
    let subject = which::find(&source, &args.direct)?;
    let library = super::library(&subject, source.scenarios.as_deref())?;
    super::hold_against(&subject.deviations, &library, source.scenarios.is_none())?;
    for note in &subject.notes {
        anstream::eprintln!("pidproof: {note}");
    }
    suite(&claim, &library, &mut found);
    complete(&claim, &library, &mut found);
    parts(args, &claim, &subject, &mut found)?;
    if found.differ > 0 {
        say("it speaks of something else, so nothing was run");
        return Ok(found.exit());
    }
    again(args, &claim, &subject, &library, &interrupt, &mut found)
}

/// The subject that the claim names, where nothing else is named here.
fn named(args: &Verify, claim: &Claim) -> Option<String> {
    let direct = args.direct.cli.is_some() || !args.direct.server.is_empty();
    let known = claim.run.subject == "reference" || claim.run.subject_version.is_some();
    (known && !direct).then(|| claim.run.subject.clone())
}

/// The claim's rules and scenarios are those of this suite.
fn suite(claim: &Claim, library: &Library, found: &mut Found) {
    let here = library.all_digests();
    for (name, digest) in &claim.scenarios {
        match here.get(name) {
            Some(own) if own == digest => {}
            Some(_) => found.differs(format_args!("{name} is another one in this suite")),
            None => found.differs(format_args!("{name} is not in this suite")),
        }
    }
    let names: BTreeSet<&str> = claim.scenarios.keys().map(String::as_str).collect();
    if found.differ == 0 && library.digest_of(&names) != claim.run.scenarios {
        found.differs("its digest of the suite is not that of the scenarios it names");
    }
}

/// A claim of all has all.
fn complete(claim: &Claim, library: &Library, found: &mut Found) {
    let ids: BTreeSet<&str> = claim.cases.iter().map(|case| case.id.as_str()).collect();
    let known: BTreeSet<&str> = library.cases().map(|case| case.id.as_str()).collect();
    let sweeps: Vec<&Case> = library.cases().filter(|c| c.sweep.is_some()).collect();
    for id in &ids {
        let is_point = || sweeps.iter().any(|sweep| is_point_of(sweep, id));
        if !known.contains(id) && !is_point() {
            found.differs(format_args!("{id} is no case of this suite"));
        }
    }
    if !claim.selection.is_empty() {
        say(format_args!(
            "it is of a part of the suite: {}",
            claim.selection.join(" ")
        ));
        return;
    }
    let usual = library
        .cases()
        .filter(|case| case.sweep.is_none() && !case.needs_releases());
    let missing: Vec<&str> = usual
        .map(|case| case.id.as_str())
        .filter(|id| !ids.contains(id))
        .collect();
    if let Some(first) = missing.first() {
        found.differs(format_args!(
            "it claims to be of all, and lacks {}: {first}, ...",
            n_cases(missing.len())
        ));
    }
}

/// The subject here consists of the same bytes.
fn parts(
    args: &Verify,
    claim: &Claim,
    subject: &Subject,
    found: &mut Found,
) -> Result<(), Failure> {
    let here = subject::digest::parts(subject, &args.file)
        .map_err(|e| Failure::CannotJudge(format!("what {} consists of: {e}", subject.name)))?;
    let names: BTreeSet<&String> = claim.subject.keys().chain(here.keys()).collect();
    for name in names {
        match (claim.subject.get(name), here.get(name)) {
            (Some(was), Some(is)) if was == is => {}
            (Some(_), Some(_)) => {
                found.differs(format_args!("the subject: `{name}` is another one here"));
            }
            (Some(_), None) => found.differs(format_args!("the subject: no `{name}` here")),
            (None, _) => {
                found.differs(format_args!("the subject: the claim knows no `{name}`"));
            }
        }
    }
    Ok(())
}

/// Runs the cases again, or a sample of them.
fn again(
    args: &Verify,
    claim: &Claim,
    subject: &Subject,
    library: &Library,
    interrupt: &Interrupt,
    found: &mut Found,
) -> Result<Exit, Failure> {
    let chosen = sample(args, claim);
    let filter = chosen.iter().map(|case| case.id.clone()).collect();
    let chosen_ids = Select {
        filter,
        exact: true,
        ..Select::default()
    };
    let also = Also {
        releases: true,
        sweeps: true,
    };
    let selected = select(library, &chosen_ids, also)?.cases;
    let host = find_host();
    if host.tier.word() != claim.run.tier {
        say(format_args!(
            "the claim was made in tier {}, and this host has {}",
            claim.run.tier,
            host.tier.word()
        ));
    }
    let mut claimed: BTreeMap<&str, &CaseRecord> = chosen
        .iter()
        .map(|case| (case.id.as_str(), *case))
        .collect();
    let mut agreed = 0;
    let mut hear = |result: CaseResult<'_>| {
        let here = CaseRecord::new(&result, "", None);
        // A sweep that leads to no points here is heard of itself, and was not claimed as such.
        let Some(claimed) = claimed.remove(here.id.as_str()) else {
            return;
        };
        match compare(claimed, &here) {
            Compared::Agrees => agreed += 1,
            Compared::Differs(why) => found.differs(format_args!("{}: {why}", here.id)),
            Compared::CannotTell(why) => found.open(format_args!("{}: {why}", here.id)),
        }
        out::one_more(found.differ);
    };
    let (inside, outside): (Vec<&Case>, Vec<&Case>) = selected
        .into_iter()
        .partition(|case| subject.reach.leaves_out(case).is_none());
    for case in &outside {
        let why = subject.reach.leaves_out(case).unwrap_or_default();
        hear(CaseResult {
            case,
            verdict: crate::judge::Verdict::Skip(why),
            evidence: crate::engine::Evidence::default(),
            took: std::time::Duration::ZERO,
        });
    }
    let ready = judged(subject, &host, interrupt);
    if interrupt.asked() {
        return Ok(Exit::Interrupted);
    }
    let subjects = Subjects {
        judged: ready?,
        beside: beside::have(inside.iter().copied(), &host, interrupt)?,
        known: subject.deviations.clone(),
    };
    let workers = workers(args.jobs);
    let swept = sweeps::find(&inside, &host, &subjects, workers, interrupt, &chosen_ids);
    let Some(Swept { points, not }) = swept else {
        return Ok(Exit::Interrupted);
    };
    let cases: Vec<&Case> = inside
        .into_iter()
        .filter(|case| case.sweep.is_none())
        .chain(&points)
        .collect();
    out::begin(cases.len());
    for result in not {
        hear(result);
    }
    run_all(run_one, &cases, &host, &subjects, workers, interrupt, hear);
    out::over();
    if interrupt.asked() {
        say("interrupted: the claim was not looked at to the end");
        return Ok(Exit::Interrupted);
    }
    for id in claimed.keys() {
        found.open(format_args!("{id}: no such point of a sweep here"));
    }
    say(format_args!(
        "{agreed} of {} cases agree, {} differ, {} are open; {} of the claim's {} were looked at",
        chosen.len(),
        found.differ,
        found.open,
        chosen.len(),
        claim.cases.len()
    ));
    Ok(found.exit())
}

/// The cases that are run again: by the digest of seed and id, so that a seed means the same everywhere.
fn sample<'a>(args: &Verify, claim: &'a Claim) -> Vec<&'a CaseRecord> {
    let mut cases: Vec<&CaseRecord> = claim.cases.iter().collect();
    let Some(count) = args.sample.filter(|count| *count < cases.len()) else {
        return cases;
    };
    let now = || SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = args
        .seed
        .or_else(|| u64::try_from(now().ok()?.as_nanos() & 0xffff_ffff).ok())
        .unwrap_or_default();
    cases.sort_by_cached_key(|case| Sha256::digest(format!("{seed} {}", case.id)).to_vec());
    cases.truncate(count);
    let sample = n_cases(count);
    say(format_args!("a sample of {sample}, --seed {seed}"));
    cases
}
