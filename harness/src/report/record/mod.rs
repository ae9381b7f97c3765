//! Results for machines: one record a line, as JSON. The types here are the published format; what they say in
//! their comments is what the schema says.

use std::io::{self, BufRead, Write};

use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};

use super::Counts;
use crate::judge::{self, Verdict};
use crate::scenario::model::Level;
use crate::suite::CaseResult;

/// The name of the format.
pub const FORMAT: &str = "pidproof-results";
/// Its version: raised when the meaning of a field changes or one goes. Fields may come without that.
pub const VERSION: u32 = 1;

/// A line of a pidproof results file. The first is of type `run`, the last of type `end`, and each between them a
/// `case`, in the order in which the cases ended. A file without an `end` is of a run that was killed. Fields that a reader does
/// not know are to be passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
#[schemars(title = "pidproof results")]
pub enum Record {
    /// What was judged, with what, and where.
    Run(RunRecord),
    /// A case and what it came to.
    Case(Box<CaseRecord>),
    /// What the run came to.
    End(EndRecord),
}

/// What was judged, with what, and where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// `pidproof-results`.
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The version of pidproof.
    pub suite: String,
    /// Stands for the rules, the names and the text of all selected scenarios: runs with the same digest asked the same.
    /// Empty where the run ended before it was known what to ask.
    pub scenarios: String,
    /// The subject as it was asked for, such as `reference` or `memtomem@0.1.25`.
    pub subject: String,
    /// Its version, where that is known.
    pub subject_version: Option<String>,
    /// Name and release of the kernel.
    pub kernel: String,
    /// The type of the file system on which the worlds lay.
    pub file_system: Option<String>,
    /// The best tier of isolation of the run: `plain`, `namespaces` or `ids`.
    pub tier: String,
    /// The uid that the subject ran as.
    pub uid: u32,
    /// When it started, in UTC, as RFC 3339 has it.
    pub started: String,
}

/// What a case came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Every check held.
    Pass,
    /// The subject broke a rule.
    Fail,
    /// The subject did not do in time what it had to.
    TimedOut,
    /// A known deviation, pinned, and still the same.
    Deviates,
    /// A known deviation that happens no longer, or differently.
    Stale,
    /// This host cannot run the case, or it is not for a subject like this.
    Skip,
    /// The suite or the host failed; nothing is known about the subject.
    Broken,
}

impl Word {
    /// Whether a run with it is not as expected.
    pub fn is_failure(self) -> bool {
        match self {
            Self::Pass | Self::Deviates | Self::Skip => false,
            Self::Fail | Self::TimedOut | Self::Stale | Self::Broken => true,
        }
    }

    /// As it stands in the file.
    pub fn text(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TimedOut => "timed-out",
            Self::Deviates => "deviates",
            Self::Stale => "stale",
            Self::Skip => "skip",
            Self::Broken => "broken",
        }
    }
}

/// A case and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseRecord {
    /// Its id, the same for every subject; a point of a sweep has its sweep's id before the first colon.
    pub id: String,
    /// The scenario file it is of, as printed.
    pub file: String,
    /// What the scenario shows.
    pub title: String,
    /// The rules it judges.
    pub rules: Vec<String>,
    /// `core` or `hardened`: hardened where one of its rules is.
    pub level: String,
    /// What it came to.
    pub verdict: Word,
    /// All that was not as it must be; empty but for `fail` and `timed-out`.
    pub mismatches: Vec<Mismatch>,
    /// What was not as it must be, and is as a known deviation has it; of `deviates`, and beside what fails.
    pub pinned: Vec<Mismatch>,
    /// Why it was skipped, is broken, deviates or is stale.
    pub reason: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The command that runs just this case again.
    pub rerun: String,
    /// What a person is told of it: for what is not as expected, with timeline, output, files and locks.
    pub log: Option<String>,
}

/// One thing that was not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mismatch {
    /// The rule it breaks.
    pub rule: String,
    /// The line of the scenario file that asked.
    pub line: usize,
    /// What stands there.
    pub step: String,
    /// What was asked, in words.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// It was not seen within the deadline, which is not the same as having been seen wrong.
    pub timed_out: bool,
}

/// What the run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EndRecord {
    /// How many cases were selected.
    pub selected: usize,
    /// As expected: `pass` and `deviates`.
    pub passed: usize,
    /// Not as expected: `fail`, `timed-out` and `stale`.
    pub failed: usize,
    /// Not run.
    pub skipped: usize,
    /// The suite or the host failed.
    pub broken: usize,
    /// Whether somebody ended the run early; then fewer cases than selected have a record.
    pub interrupted: bool,
    /// The exit status of pidproof.
    pub exit: i32,
    /// Why nothing could be judged, such as a subject that does not start.
    pub why: Option<String>,
}

impl From<&judge::Mismatch> for Mismatch {
    fn from(mismatch: &judge::Mismatch) -> Self {
        let judge::Mismatch {
            rule,
            line,
            step,
            expected,
            found,
            timed_out,
        } = mismatch.clone();
        Self {
            rule,
            line,
            step,
            expected,
            found,
            timed_out,
        }
    }
}

impl CaseRecord {
    /// Of a result, with the line that runs it again and what a person is told.
    pub fn new(result: &CaseResult<'_>, rerun: &str, log: Option<&str>) -> Self {
        let (verdict, gaps, reason) = match &result.verdict {
            Verdict::Pass => (Word::Pass, None, None),
            Verdict::Fail(gaps) => (Word::Fail, Some(gaps), None),
            Verdict::TimedOut(gaps) => (Word::TimedOut, Some(gaps), None),
            Verdict::Deviates(why) => (Word::Deviates, None, Some(why)),
            Verdict::Stale(why) => (Word::Stale, None, Some(why)),
            Verdict::Skip(why) => (Word::Skip, None, Some(why)),
            Verdict::Broken(why) => (Word::Broken, None, Some(why)),
        };
        let case = result.case;
        Self {
            id: case.id.clone(),
            file: case.file.clone(),
            title: case.title.clone(),
            rules: case.rules.clone(),
            level: case.level.word().to_owned(),
            verdict,
            mismatches: gaps.into_iter().flatten().map(Mismatch::from).collect(),
            pinned: result.evidence.pinned.iter().map(Mismatch::from).collect(),
            reason: reason.cloned(),
            took_ms: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
            rerun: rerun.to_owned(),
            log: log.map(str::to_owned),
        }
    }

    /// All that was seen not to be as it must be, known or not.
    pub fn gaps(&self) -> impl Iterator<Item = &Mismatch> {
        self.mismatches.iter().chain(&self.pinned)
    }

    /// What was seen not to be as it must be, and what should have been; nothing, where all was.
    pub fn seen(&self) -> Option<String> {
        let one = |gap: &Mismatch| {
            let Mismatch {
                rule,
                line,
                step,
                expected,
                found,
                ..
            } = gap;
            format!("{rule}, line {line}: {step}\nexpected: {expected}\nfound:    {found}\n")
        };
        let all: Vec<String> = self.gaps().map(one).collect();
        (!all.is_empty()).then(|| all.join("\n"))
    }

    /// What is wrong with it, in a line: the first mismatch, how many more there are, or the reason.
    pub fn in_a_line(&self) -> String {
        let text = match self.mismatches.as_slice() {
            [] => self.reason.clone().unwrap_or_default(),
            [first, more @ ..] => {
                let more = match more.len() {
                    0 => String::new(),
                    n => format!(" (and {n} more)"),
                };
                format!(
                    "{}: expected {}; found {}{more}",
                    first.rule, first.expected, first.found
                )
            }
        };
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether it is of this level.
    pub fn is_of(&self, level: Level) -> bool {
        self.level == level.word()
    }
}

impl EndRecord {
    /// Of the counts of a run.
    pub fn new(selected: usize, counts: Counts) -> Self {
        let Counts {
            passed,
            failed,
            skipped,
            broken,
        } = counts;
        Self {
            selected,
            passed,
            failed,
            skipped,
            broken,
            ..Self::default()
        }
    }
}

/// Writes a record as a line, at once: what was written is whole whatever happens next.
///
/// # Errors
/// What the file says.
pub fn write(out: &mut dyn Write, record: &Record) -> io::Result<()> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// The JSON Schema of a line.
pub fn schema() -> Schema {
    schema_for!(Record)
}

/// A results file that was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Results {
    /// What was judged.
    pub run: RunRecord,
    /// The cases that were, in the order in which they ended.
    pub cases: Vec<CaseRecord>,
    /// What it came to; none where the run was killed.
    pub end: Option<EndRecord>,
}

/// Why results could not be read. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("reading results: {0}")]
    Io(#[from] io::Error),
    /// There is nothing in it.
    #[error("no results: nothing in it")]
    Empty,
    /// It is something else.
    #[error("no results of pidproof: line 1 does not say `\"format\":\"{FORMAT}\"`")]
    NotOurs,
    /// It is of another version of the format.
    #[error("results of version {found}; this pidproof reads version {VERSION}")]
    Version {
        /// Which.
        found: u64,
    },
    /// A line that is no record.
    #[error("line {line} is no record: {why}")]
    Line {
        /// Which.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
    /// A record that cannot stand where it does.
    #[error("line {line}: {why}")]
    Order {
        /// Where.
        line: usize,
        /// Why not.
        why: &'static str,
    },
}

/// Reads results back. A last line that was cut off, as by a kill, is as if it had not been begun.
///
/// # Errors
/// The first line that is not as it must be.
pub fn read(mut from: impl BufRead) -> Result<Results, ReadError> {
    let mut text = String::new();
    let mut number = 0;
    let mut next = |text: &mut String| -> Result<Option<usize>, ReadError> {
        text.clear();
        number += 1;
        Ok((from.read_line(text)? > 0).then_some(number))
    };
    let run = match next(&mut text)? {
        None => return Err(ReadError::Empty),
        Some(_) => head(&text)?,
    };
    let mut results = Results {
        run,
        cases: Vec::new(),
        end: None,
    };
    while let Some(line) = next(&mut text)? {
        if results.end.is_some() {
            let why = "a record after the end of the run";
            return Err(ReadError::Order { line, why });
        }
        match serde_json::from_str(&text) {
            Ok(Record::Case(case)) => results.cases.push(*case),
            Ok(Record::End(end)) => results.end = Some(end),
            Ok(Record::Run(_)) => {
                let why = "a second run in one file";
                return Err(ReadError::Order { line, why });
            }
            Err(_) if !text.ends_with('\n') => {}
            Err(e) => {
                let why = e.to_string();
                return Err(ReadError::Line { line, why });
            }
        }
    }
    Ok(results)
}

/// The first line. Its version is looked at before anything else in it.
fn head(text: &str) -> Result<RunRecord, ReadError> {
    let line = |e: serde_json::Error| ReadError::Line {
        line: 1,
        why: e.to_string(),
    };
    let value: serde_json::Value = serde_json::from_str(text).map_err(|_| ReadError::NotOurs)?;
    if value["format"] != FORMAT {
        return Err(ReadError::NotOurs);
    }
    match value["version"].as_u64() {
        Some(version) if version == u64::from(VERSION) => {}
        other => {
            let found = other.unwrap_or_default();
            return Err(ReadError::Version { found });
        }
    }
    match serde_json::from_value(value).map_err(line)? {
        Record::Run(run) => Ok(run),
        Record::Case(_) | Record::End(_) => Err(ReadError::Order {
            line: 1,
            why: "the first record must be of type `run`",
        }),
    }
}

#[cfg(test)]
mod tests;
