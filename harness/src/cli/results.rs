//! Where the results of a run go beside the terminal.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use chrono::{SecondsFormat, Utc};
use clap::Args as ClapArgs;

use super::args::Run;
use super::claim::ClaimFile;
use super::github::GitHub;
use super::last::Last;
use super::run::files;
use super::target::Target;
use super::{Exit, Failure, out, which};
use crate::report::Counts;
use crate::report::record::{self, CaseRecord, EndRecord, Record, RunRecord};
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::subject::Subject;
use crate::suite::{CaseResult, find_host};
use crate::world::{Host, file_system, kernel, subject_uid};

/// Stands for standard output.
const STDOUT: &str = "-";

/// Where results go.
#[derive(Debug, Default, ClapArgs)]
pub(super) struct Reports {
    /// Write the results as JSON lines, each case as it ends; `-` is standard output, and what people read then
    /// goes to standard error
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write the results as JUnit XML, when the run is over
    #[arg(long, value_name = "FILE")]
    pub(super) junit: Option<PathBuf>,
    /// Write what the subject came to as a claim that `pidproof verify` checks, when all that was selected was judged
    #[arg(long, value_name = "FILE")]
    pub(super) claim: Option<PathBuf>,
    /// Annotate what is not as expected as GitHub Actions reads it, and append a summary to the file that
    /// GITHUB_STEP_SUMMARY names; the default where GITHUB_ACTIONS is set
    #[arg(long)]
    pub(super) github: bool,
}

/// The results of a run on their way.
pub(super) struct Results {
    json: Option<Sink>,
    junit: Option<Target>,
    github: Option<GitHub>,
    claim: Option<ClaimFile>,
    /// The first thing that could not be written; nothing more is written there then.
    failed: Option<(PathBuf, io::Error)>,
    last: Last,
    /// What is to be judged, as it was asked for.
    asked: String,
    run: Option<RunRecord>,
    cases: Vec<CaseRecord>,
    end: EndRecord,
}

struct Sink {
    path: PathBuf,
    out: Box<dyn Write>,
}

impl Results {
    /// Opens all files, so that one that cannot be written is known before anything runs.
    pub(super) fn open(args: &Run) -> Result<Self, Failure> {
        let reports = &args.reports;
        let json = reports.json.as_deref().map(Sink::open).transpose()?;
        let junit = reports.junit.as_deref().map(Target::find).transpose()?;
        let github = (reports.github || set("GITHUB_ACTIONS").is_some()).then(|| {
            let own = args.source.scenarios.is_some() || !files(&args.select).0.is_empty();
            GitHub::new(own)
        });
        let claim = reports.claim.as_deref();
        let claim = claim.map(|path| ClaimFile::find(path, args)).transpose()?;
        Ok(Self {
            json,
            claim,
            junit,
            github,
            failed: None,
            last: Last::of(args),
            asked: which::asked_for(&args.source, &args.direct),
            run: None,
            cases: Vec::new(),
            end: EndRecord::default(),
        })
    }

    /// What will be judged is known.
    pub(super) fn begin(
        &mut self,
        subject: &Subject,
        library: &Library,
        cases: &[&Case],
        host: &Host,
    ) -> Result<(), Failure> {
        if let Some(claim) = &mut self.claim {
            claim.begin(subject, library, cases)?;
        }
        self.end.selected = cases.len();
        self.run = Some(self.head(&subject.name, library.digest(cases), host));
        Ok(())
    }

    /// Writes the first record.
    fn head(&mut self, subject: &str, scenarios: String, host: &Host) -> RunRecord {
        let run = RunRecord {
            format: record::FORMAT.to_owned(),
            version: record::VERSION,
            suite: env!("CARGO_PKG_VERSION").to_owned(),
            scenarios,
            subject: subject.to_owned(),
            subject_version: version(subject),
            kernel: kernel().unwrap_or_else(|e| format!("unknown: {e}")),
            file_system: file_system(host.tier),
            tier: host.tier.word().to_owned(),
            uid: subject_uid(host.tier),
            started: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
        };
        self.write(&Record::Run(run.clone()));
        if let Some(github) = &self.github {
            github.begin();
        }
        run
    }

    /// Whether anybody asked for results in a file.
    fn is_asked_for(&self) -> bool {
        self.json.is_some() || self.junit.is_some() || self.github.is_some()
    }

    /// A case has ended.
    pub(super) fn case(&mut self, result: &CaseResult<'_>, rerun: &str, log: Option<&str>) {
        let case = CaseRecord::new(result, rerun, log);
        self.write(&Record::Case(Box::new(case.clone())));
        if let Some(github) = &self.github {
            github.annotate(&case);
        }
        self.cases.push(case);
    }

    /// All cases that will be judged were.
    pub(super) fn counted(&mut self, selected: usize, counts: Counts) {
        self.end = EndRecord::new(selected, counts);
        if let Some(github) = &mut self.github {
            github.over();
        }
    }

    /// The run is over, however it came to that.
    pub(super) fn end(mut self, done: Result<Exit, Failure>) -> Result<Exit, Failure> {
        let exit = match &done {
            Ok(exit) => *exit,
            Err(failure) => failure.exit(),
        };
        self.end.exit = exit.status();
        self.end.interrupted = exit == Exit::Interrupted;
        self.end.why = done.as_ref().err().map(Failure::to_string);
        let run = match self.run.take() {
            Some(run) => run,
            // Machines are told as people are, why nothing was judged: a release that cannot be had, for one.
            None if self.is_asked_for() => {
                let asked = self.asked.clone();
                self.head(&asked, String::new(), &find_host())
            }
            None => return done,
        };
        let end = self.end.clone();
        self.write(&Record::End(end.clone()));
        if let Err(why) = self.last.remember(&self.cases) {
            anstream::eprintln!(
                "pidproof: which cases failed is not kept for `run --failed`: {why}"
            );
        }
        if let Some(target) = self.junit.take()
            && let Err(e) = target.write_junit(&run, &self.cases, &end)
        {
            self.failed.get_or_insert((target.path, e));
        }
        if let Some(github) = self.github.take()
            && let Err(failed) = github.end(&run, &self.cases, &end)
        {
            self.failed.get_or_insert(failed);
        }
        if let Some(claim) = self.claim.take()
            && let Err(failed) = claim.end(&run, &self.cases, &end)
        {
            self.failed.get_or_insert(failed);
        }
        match self.failed {
            // Whoever reads the file would take it for the whole.
            Some((path, source)) if exit != Exit::Interrupted => {
                Err(Failure::Unwritable { path, source })
            }
            Some(_) | None => done,
        }
    }

    fn write(&mut self, record: &Record) {
        if let (Some(sink), None) = (&mut self.json, &self.failed)
            && let Err(e) = record::write(&mut sink.out, record)
        {
            if sink.path.as_os_str() == STDOUT && e.kind() == ErrorKind::BrokenPipe {
                out::nobody_reads();
            }
            self.failed = Some((sink.path.clone(), e));
        }
    }
}

impl Sink {
    fn open(path: &Path) -> Result<Self, Failure> {
        let out: Box<dyn Write> = if path.as_os_str() == STDOUT {
            out::people_read_stderr();
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).map_err(|source| Failure::Unopened {
                path: path.to_owned(),
                source,
            })?)
        };
        let path = path.to_owned();
        Ok(Self { path, out })
    }
}

/// A variable of this process that is not empty.
pub(super) fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// What is known of a subject's version by what it is called.
fn version(subject: &str) -> Option<String> {
    if subject == "reference" {
        return Some(env!("CARGO_PKG_VERSION").to_owned());
    }
    let (_, version) = subject.rsplit_once('@')?;
    (!version.ends_with(".toml")).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_its_version() {
        assert_eq!(version("memtomem@0.1.25").as_deref(), Some("0.1.25"));
        assert_eq!(version("own/fork.toml@1.2").as_deref(), Some("1.2"));
        assert_eq!(version("own@home/mine.toml"), None);
        assert_eq!(version("defect:x"), None);
        assert!(version("reference").is_some());
    }
}
