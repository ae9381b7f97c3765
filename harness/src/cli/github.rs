//! What GitHub Actions shows of a run, where that is where it runs.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::out::say;
use super::results::set;
use crate::report::github::{annotations, heed, pass_over, summary};
use crate::report::record::{CaseRecord, EndRecord, RunRecord};

/// The log and the summary of a step.
pub(super) struct GitHub {
    /// The root of the repository, where the scenarios are of one's own and may lie in it.
    repository: Option<PathBuf>,
    summary: Option<PathBuf>,
    /// What no subject can guess; between it and itself nothing in the log is a command.
    token: Option<String>,
}

impl GitHub {
    /// `own` says whether the scenarios are the user's and not the built-in ones, which lie in no repository of theirs.
    pub(super) fn new(own: bool) -> Self {
        Self {
            repository: own.then(repository).flatten(),
            summary: set("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            token: token().ok(),
        }
    }

    /// From here on a subject's output stands in the log.
    pub(super) fn begin(&self) {
        if let Some(token) = &self.token {
            say(pass_over(token));
        }
    }

    /// Annotates a case that is not as expected.
    pub(super) fn annotate(&self, case: &CaseRecord) {
        let file = self
            .repository
            .as_ref()
            .and_then(|repository| within(repository, Path::new(&case.file)));
        let commands = annotations(case, file.as_deref());
        if !commands.is_empty() {
            self.heeded(|| commands.iter().for_each(say));
        }
    }

    /// No subject's output stands in the log from here on.
    pub(super) fn over(&mut self) {
        if let Some(token) = self.token.take() {
            say(heed(&token));
        }
    }

    /// Appends the summary.
    pub(super) fn end(
        mut self,
        run: &RunRecord,
        cases: &[CaseRecord],
        end: &EndRecord,
    ) -> Result<(), (PathBuf, io::Error)> {
        self.over();
        let Some(path) = self.summary else {
            return Ok(());
        };
        let text = summary(run, cases, end);
        File::options()
            .append(true)
            .create(true)
            .open(&path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|e| (path, e))
    }

    fn heeded(&self, tell: impl FnOnce()) {
        if let Some(token) = &self.token {
            say(heed(token));
        }
        tell();
        self.begin();
    }
}

/// The root of the repository that is built.
fn repository() -> Option<PathBuf> {
    if let Some(named) = set("GITHUB_WORKSPACE") {
        return PathBuf::from(named).canonicalize().ok();
    }
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    let root = here.ancestors().find(|dir| dir.join(".git").exists())?;
    Some(root.to_owned())
}

/// Where a file lies in the repository, if it does.
fn within(repository: &Path, file: &Path) -> Option<String> {
    let file = file.canonicalize().ok()?;
    Some(file.strip_prefix(repository).ok()?.to_str()?.to_owned())
}

fn token() -> io::Result<String> {
    let mut bytes = [0u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
