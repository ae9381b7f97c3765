//! What was found in an order, and how an order is shown.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::Step;

/// A rule that an order broke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// What happened.
    pub what: String,
    /// After so many steps.
    pub after: usize,
    /// By what it can be seen again.
    pub ask: Ask,
}

/// What has to hold where a rule was broken, and does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// This actor is the primary.
    Primary(u8),
    /// One of these is the primary, in the end.
    OneOf(Vec<u8>),
    /// This path, by the names of the world, is there, and is a directory or a file; this actor lives.
    Stays(String, bool, u8),
    /// The state was never made.
    NoState,
    /// No pidfile is left.
    NoPidfile,
    /// This actor ends with status 0.
    EndsWell(u8),
    /// This is seen in no other way than by an exploration.
    Nothing,
}

/// A call as a scenario names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// By what it does.
    pub call: String,
    /// On what, by the names of the world.
    pub path: String,
    /// The how manieth such call of its process, from 1.
    pub nth: u32,
}

/// One line of what happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Whose it is.
    pub actor: u8,
    /// After so many steps; a step itself is the last of its own.
    pub after: usize,
    /// Whether it was a step, and not something that could not wait.
    pub is_step: bool,
    /// What.
    pub text: String,
    /// Where a scenario can hold it; nothing for what it cannot be held at.
    pub place: Option<Place>,
}

/// The calls in columns, an actor each, with a mark where a rule was broken.
#[must_use]
pub fn columns(names: &[String], lines: &[Line], findings: &[Finding]) -> String {
    const WIDTH: usize = 58;
    let mut out = String::new();
    // Writing to a String cannot fail.
    let heads: Vec<String> = names.iter().map(|name| format!("{name:WIDTH$}")).collect();
    let _: std::fmt::Result = writeln!(out, "         {}", heads.concat().trim_end());
    for (at, line) in lines.iter().enumerate() {
        let number = if line.is_step {
            format!("{:>5}", line.after)
        } else {
            "     ".to_owned()
        };
        let gap = WIDTH * usize::from(line.actor);
        let _: std::fmt::Result = writeln!(out, "  {number}  {:gap$}{}", "", line.text);
        let is_last = lines.get(at + 1).is_none_or(|next| next.after > line.after);
        for finding in findings {
            if is_last && finding.after == line.after {
                let _: std::fmt::Result =
                    writeln!(out, "  >>>>>  {}: {}", finding.rule, finding.what);
            }
        }
    }
    out
}

/// How often another process goes on than before.
#[must_use]
pub fn switches(steps: &[Step]) -> usize {
    let pairs = steps.iter().zip(steps.iter().skip(1));
    pairs.filter(|(a, b)| a.unit.actor != b.unit.actor).count()
}
