//! Which cases were not as expected the last time: kept for each subject and source of scenarios, in the cache.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::args::{Run, Select};
use super::run::files;
use super::select::{is_point_of, matching};
use super::target::Target;
use super::{Failure, SelectionError, which};
use crate::report::record::CaseRecord;
use crate::scenario::load::Library;
use crate::scenario::model::Case;
use crate::subject;

const FILE: &str = "last-failed.json";
const LOCK: &str = "last-failed.lock";
/// The source of who names none.
const BUILT_IN: &str = "built-in";

/// Subject, source of scenarios, ids.
type Memory = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What is remembered of one subject and source.
#[derive(Debug)]
pub(super) struct Last {
    dir: Option<PathBuf>,
    subject: String,
    source: String,
}

impl Last {
    /// Of what is asked for.
    pub(super) fn of(args: &Run) -> Self {
        let (scenarios, _) = files(&args.select);
        let source = match (&args.source.scenarios, scenarios.as_slice()) {
            (Some(dir), _) => absolute(dir),
            (None, []) => BUILT_IN.to_owned(),
            (None, files) => {
                let all: Vec<String> = files.iter().map(|file| absolute(file)).collect();
                all.join("\n")
            }
        };
        let direct = &args.direct;
        let spec = match (direct.server.as_slice(), &direct.cli) {
            ([], None) => which::spec(&args.source).to_owned(),
            (server, cli) => format!("{} -- {}", cli.as_deref().unwrap_or(""), server.join(" ")),
        };
        let subject = match spec.find(".toml") {
            Some(at) if direct.server.is_empty() && direct.cli.is_none() => {
                let (path, version) = spec.split_at(at + ".toml".len());
                format!("{}{version}", absolute(Path::new(path)))
            }
            _ => spec,
        };
        Self {
            dir: subject::cache_dir(),
            subject,
            source,
        }
    }

    /// The selection, of what was not as expected the last time.
    pub(super) fn only(&self, library: &Library, chosen: Select) -> Result<Select, Failure> {
        let all: Vec<&Case> = library.cases().collect();
        let cases = matching(&all, &chosen.filter, chosen.exact)?;
        let failed = self.failed();
        let filter: Vec<String> = failed
            .into_iter()
            .filter(|id| {
                let mut cases = cases.iter();
                cases.any(|case| case.id == *id || is_point_of(case, id))
            })
            .collect();
        if filter.is_empty() {
            return Err(SelectionError::NothingFailed(self.subject.clone()).into());
        }
        Ok(Select {
            filter,
            exact: true,
            ..chosen
        })
    }

    fn failed(&self) -> BTreeSet<String> {
        let Some(dir) = &self.dir else {
            return BTreeSet::new();
        };
        let mut memory = read(&dir.join(FILE));
        let mut of_subject = memory.remove(&self.subject).unwrap_or_default();
        of_subject.remove(&self.source).unwrap_or_default()
    }

    /// Remembers what cases came to; of those that were not judged now, what is known stays. Says why where it cannot.
    pub(super) fn remember(&self, cases: &[CaseRecord]) -> Result<(), String> {
        let mut failed = self.failed();
        let before = failed.clone();
        for case in cases {
            failed.remove(&case.id);
            if case.verdict.is_failure() {
                failed.insert(case.id.clone());
            }
        }
        if failed == before {
            return Ok(());
        }
        let Some(dir) = &self.dir else {
            return Err("there is no cache directory".to_owned());
        };
        self.write(dir, failed)
            .map_err(|e| format!("{}: {e}", dir.display()))
    }

    fn write(&self, dir: &Path, failed: BTreeSet<String>) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        // Two runs may end at once, and each knows of its own subject only.
        let lock = File::create(dir.join(LOCK))?;
        lock.lock()?;
        let path = dir.join(FILE);
        let mut memory = read(&path);
        let of_subject = memory.entry(self.subject.clone()).or_default();
        of_subject.insert(self.source.clone(), failed);
        forget_what_is_gone(&mut memory);
        let text = serde_json::to_vec_pretty(&memory)?;
        Target::at(&path).write(&text)
    }
}

/// What is no such file is as if there were none: it is only a help.
fn read(path: &Path) -> Memory {
    let text = fs::read(path).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Scenarios and profiles that are no longer there will not be asked for again.
fn forget_what_is_gone(memory: &mut Memory) {
    for sources in memory.values_mut() {
        sources.retain(|source, failed| {
            let there = source == BUILT_IN || source.lines().all(|path| Path::new(path).exists());
            there && !failed.is_empty()
        });
    }
    memory.retain(|subject, sources| {
        let profile = subject.rsplit_once(".toml").map(|(path, _)| path);
        let there = profile.is_none_or(|path| Path::new(&format!("{path}.toml")).exists());
        there && !sources.is_empty()
    });
}

fn absolute(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.display().to_string()
}
