//! The claim file of a run: what it is about is known before the first case, and written is it after the last.

use std::io;
use std::path::{Path, PathBuf};

use super::args::Run;
use super::out::say;
use super::target::Target;
use super::{Failure, run};
use crate::report::claim::{Claim, Known};
use crate::report::n_cases;
use crate::report::record::{CaseRecord, EndRecord, RunRecord};
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::subject::{self, Subject};

/// Where the claim of a run goes.
pub(super) struct ClaimFile {
    /// As typed.
    path: PathBuf,
    target: Target,
    selection: Vec<String>,
    known: Option<Known>,
}

impl ClaimFile {
    /// Looks whether it could be written.
    pub(super) fn find(path: &Path, args: &Run) -> Result<Self, Failure> {
        Ok(Self {
            path: path.to_owned(),
            target: Target::find(path)?,
            selection: selection(args),
            known: None,
        })
    }

    /// What will be judged is known. The subject's bytes are those before the first case.
    pub(super) fn begin(
        &mut self,
        subject: &Subject,
        library: &Library,
        cases: &[&Case],
    ) -> Result<(), Failure> {
        let parts = subject::digest::parts(subject, &self.path)
            .map_err(|e| Failure::CannotJudge(format!("what {} consists of: {e}", subject.name)))?;
        self.known = Some(Known {
            selection: self.selection.clone(),
            scenarios: library.digests(cases),
            subject: parts,
        });
        Ok(())
    }

    /// The run is over. A claim is of all that was selected, or there is none: what is there stays as it was.
    pub(super) fn end(
        self,
        run: &RunRecord,
        cases: &[CaseRecord],
        end: &EndRecord,
    ) -> Result<(), (PathBuf, io::Error)> {
        let Some(known) = self.known else {
            return Ok(());
        };
        let judged = end.passed + end.failed + end.skipped + end.broken;
        if end.interrupted || end.why.is_some() || judged < end.selected {
            anstream::eprintln!(
                "pidproof: no claim was written to {}: not all that was selected was judged",
                self.path.display()
            );
            return Ok(());
        }
        let part = match known.selection.as_slice() {
            [] => String::new(),
            words => format!(", a part of the suite: {}", words.join(" ")),
        };
        let claim = Claim::new(known, run.clone(), cases, end.clone());
        let fail = |e| (self.path.clone(), e);
        let text = claim.text().map_err(io::Error::other).map_err(fail)?;
        self.target.write(text.as_bytes()).map_err(fail)?;
        say(format_args!(
            "claim of {} in {}{part}",
            n_cases(end.selected),
            self.path.display()
        ));
        Ok(())
    }
}

/// What a run was narrowed to, as typed.
fn selection(args: &Run) -> Vec<String> {
    let select = &args.select;
    let (files, filters) = run::files(select);
    let mut words: Vec<String> = files.iter().map(|f| f.display().to_string()).collect();
    words.extend(filters.filter);
    for (option, values) in [("--rule", &select.rule), ("--family", &select.family)] {
        words.extend(values.iter().map(|value| format!("{option} {value}")));
    }
    if let Some(level) = select.level {
        let level = crate::scenario::model::Level::from(level);
        words.push(format!("--level {}", level.word()));
    }
    if args.failed {
        words.push("--failed".to_owned());
    }
    words
}
