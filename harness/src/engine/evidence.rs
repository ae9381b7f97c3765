//! What is kept of a case for its report.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::calls::Call;
use crate::judge::{Mismatch, process::say, quote};

/// One moment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// Since the start of the case.
    pub at: Duration,
    /// What happened.
    pub text: String,
}

/// What was seen of a process.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProcessRecord {
    /// Its handle.
    pub handle: String,
    /// Its pid in the world.
    pub pid: i32,
    /// How it had ended when the case was over.
    pub end: String,
    /// Standard output, as text.
    pub stdout: String,
    /// Standard error, as text.
    pub stderr: String,
    /// What its terminal showed, as text.
    pub terminal: String,
    /// Bytes that came beyond what is kept.
    pub dropped: usize,
}

/// What was seen of a case.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// In order: what the suite did, and what the file system told.
    pub timeline: Vec<Line>,
    /// Its processes.
    pub processes: Vec<ProcessRecord>,
    /// The world's files at the end, before anything was torn down.
    pub files: Vec<String>,
    /// `/proc/locks` at the end.
    pub locks: Vec<String>,
    /// The system calls that concern the world, if they were told, in the order in which they were entered.
    pub calls: Vec<Call>,
    /// How often each process made each call that was told, by handle and call.
    pub counts: BTreeMap<String, BTreeMap<String, usize>>,
    /// The point of a sweep that all this is of.
    pub point: Option<String>,
    /// Of a sweep: how many of its points this host cannot run, and why, a line a reason.
    pub passed_over: Vec<String>,
    /// The scenario file that makes just this case, where no file does.
    pub scenario: Option<String>,
    /// What was not as it must be and is known of the subject, just so.
    pub pinned: Vec<Mismatch>,
}

impl Engine<'_> {
    /// What is there now. Gathering it must not fail a case, so what cannot be read says so itself.
    pub(super) fn evidence(&mut self) -> Evidence {
        let files = match self.tree() {
            Ok(tree) => tree
                .iter()
                .map(|(path, entry)| format!("{}  {}", self.world.show(path), entry.line()))
                .collect(),
            Err(e) => vec![format!("could not be read: {e}")],
        };
        let locks = match crate::observe::lock::listing() {
            Ok(text) => text.lines().map(str::to_owned).collect(),
            Err(e) => vec![format!("could not be read: {e}")],
        };
        let processes = self
            .children
            .iter()
            .map(|(handle, child)| ProcessRecord {
                handle: handle.clone(),
                pid: child.pid,
                end: say(child.end),
                stdout: quote(child.stdout()),
                stderr: quote(child.stderr()),
                terminal: quote(child.terminal()),
                dropped: child.dropped(),
            })
            .collect();
        Evidence {
            timeline: Vec::new(),
            processes,
            files,
            locks,
            calls: Vec::new(),
            counts: BTreeMap::new(),
            point: None,
            passed_over: Vec::new(),
            scenario: self.job.case.text.clone(),
            pinned: Vec::new(),
        }
    }

    /// The calls that were told, and how often each was made.
    pub(super) fn tell_calls(&mut self, evidence: &mut Evidence) {
        let supervisor = &self.calls.supervisor;
        evidence.calls = supervisor.log().to_vec();
        for (who, name, times) in supervisor.counts() {
            let of = evidence.counts.entry(who.to_owned()).or_default();
            *of.entry(name.to_owned()).or_default() += times;
        }
    }

    /// What the suite did and what the file system told, by time.
    pub(super) fn timeline(&mut self) -> Vec<Line> {
        let mut lines = std::mem::take(&mut self.timeline);
        lines.extend(self.watch.log().map(|seen| Line {
            at: seen.at.saturating_duration_since(self.start),
            text: format!("{} {}", self.world.show(&seen.path), seen.what.word()),
        }));
        lines.extend(self.calls.supervisor.log().iter().map(|call| Line {
            at: call.at,
            text: call.line(),
        }));
        let refused = self.calls.supervisor.refused().iter();
        lines.extend(refused.map(|(who, name)| Line {
            at: Duration::ZERO,
            text: format!("{who}: {name} is refused (ENOSYS): what it has done is never told"),
        }));
        lines.sort_by_key(|line| line.at);
        fold(lines)
    }
}

/// The same event many times in a row is one line: a database writes its log some hundred times.
fn fold(lines: Vec<Line>) -> Vec<Line> {
    let mut folded: Vec<(Line, usize)> = Vec::new();
    for line in lines {
        match folded.last_mut() {
            Some((last, times)) if last.text == line.text => *times += 1,
            Some(_) | None => folded.push((line, 1)),
        }
    }
    folded
        .into_iter()
        .map(|(line, times)| match times {
            1 => line,
            _ => Line {
                text: format!("{} ({times} times)", line.text),
                ..line
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_events_are_one_line() {
        let line = |text: &str| Line {
            at: Duration::ZERO,
            text: text.into(),
        };
        let folded = fold(vec![line("a"), line("b"), line("b"), line("a")]);
        let texts: Vec<&str> = folded.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(texts, ["a", "b (2 times)", "a"]);
    }
}
