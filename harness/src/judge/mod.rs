//! Deciding: facts in, mismatches out. Nothing here starts a process or touches a file.

pub mod calls;
pub mod deviation;
pub mod fs;
pub mod lock;
pub mod process;
pub mod steady;

use serde::{Deserialize, Serialize};

/// One thing that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// The rule it breaks.
    pub rule: String,
    /// The line of the scenario that asked.
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

/// What a case came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Every check held.
    Pass,
    /// The subject broke a rule: every mismatch, not the first.
    Fail(Vec<Mismatch>),
    /// The subject did not do in time what it had to.
    TimedOut(Vec<Mismatch>),
    /// A known deviation, pinned, and still the same.
    Deviates(String),
    /// A known deviation that happens no longer, or differently.
    Stale(String),
    /// This host cannot run the case, or it is not for a subject like this.
    Skip(String),
    /// The suite or the host failed; nothing is known about the subject.
    Broken(String),
}

impl Verdict {
    /// The verdict on what an engine found.
    pub fn of(mismatches: Vec<Mismatch>) -> Self {
        if mismatches.is_empty() {
            Self::Pass
        } else if mismatches.iter().all(|m| m.timed_out) {
            Self::TimedOut(mismatches)
        } else {
            Self::Fail(mismatches)
        }
    }

    /// Whether a run with it is not as expected.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Pass | Self::Deviates(_) | Self::Skip(_) => false,
            Self::Fail(_) | Self::TimedOut(_) | Self::Stale(_) | Self::Broken(_) => true,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "FAIL",
            Self::TimedOut(_) => "TIMED OUT",
            Self::Deviates(_) => "deviates",
            Self::Stale(_) => "STALE",
            Self::Skip(_) => "skip",
            Self::Broken(_) => "BROKEN",
        }
    }
}

/// An expectation and what was found instead; the engine adds rule and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What was asked, in words.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl Gap {
    /// A gap.
    pub fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// Bytes as a person can read them, in full where they are short.
pub fn quote(bytes: &[u8]) -> String {
    const SHOWN: usize = 2000;
    let text = bytes.get(..SHOWN).unwrap_or(bytes);
    let shown = text
        .escape_ascii()
        .to_string()
        .replace("\\n", "\n")
        .replace("\\'", "'")
        .replace("\\\"", "\"");
    if bytes.len() > SHOWN {
        format!("{shown}... ({} bytes)", bytes.len())
    } else {
        shown
    }
}

/// How much is shown of what stands before, and from the beginning of, something in a long text.
const BEFORE: usize = 300;
const FROM: usize = 1500;

/// The part of a text around `length` bytes at `at`, as [`quote`] shows it, with how much was left out.
pub fn around(bytes: &[u8], at: usize, length: usize) -> String {
    let mut from = at.saturating_sub(BEFORE);
    if from > 0
        && let Some(line) = bytes[from..at].iter().position(|b| *b == b'\n')
    {
        // A line is shown whole or not at all.
        from += line + 1;
    }
    let to = bytes.len().min(at + length.max(FROM));
    let left_out = |n: usize| match n {
        0 => String::new(),
        n => format!("({n} bytes left out)"),
    };
    let (head, tail) = (left_out(from), left_out(bytes.len() - to));
    let gap = |said: &str| if said.is_empty() { "" } else { " " };
    format!(
        "{head}{}{}{}{tail}",
        gap(&head),
        quote(&bytes[from..to]),
        gap(&tail)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_text_the_part_around_is_shown() {
        assert_eq!(around(b"all of it", 4, 2), "all of it");
        let text = format!(
            "{}\nbefore\nTraceback\n{}",
            "x".repeat(5000),
            "y".repeat(5000)
        );
        let at = text.find("Traceback").unwrap_or_default();
        let shown = around(text.as_bytes(), at, 9);
        assert!(
            shown.starts_with("(5001 bytes left out) before\nTraceback\nyyy"),
            "{shown}"
        );
        assert!(shown.ends_with("y (3510 bytes left out)"), "{shown}");
        assert!(shown.len() < 2000, "{}", shown.len());
    }

    fn mismatch(timed_out: bool) -> Mismatch {
        Mismatch {
            rule: "R-1".into(),
            line: 1,
            step: String::new(),
            expected: String::new(),
            found: String::new(),
            timed_out,
        }
    }

    #[test]
    fn a_wrong_fact_outweighs_a_missed_deadline() {
        assert_eq!(Verdict::of(vec![]), Verdict::Pass);
        assert!(matches!(
            Verdict::of(vec![mismatch(true)]),
            Verdict::TimedOut(_)
        ));
        assert!(matches!(
            Verdict::of(vec![mismatch(true), mismatch(false)]),
            Verdict::Fail(_)
        ));
    }
}
