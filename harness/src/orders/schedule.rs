//! An order as a file that a person can read, and that can be run again.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::{Step, Unit, What};

/// An order of an exploration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The exploration, by its id.
    pub exploration: String,
    /// The subject.
    pub subject: String,
    /// The rule that it breaks, if it does.
    pub rule: Option<String>,
    /// What happens.
    pub what: Option<String>,
    /// Who makes which call, in order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Line>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The actor, by its name.
    pub actor: String,
    /// Its thread, where it is not the first that was seen.
    #[serde(default)]
    pub thread: u8,
    /// The call, `time passes`, or `is killed`.
    pub does: String,
}

const TIMER: &str = "time passes";
const KILL: &str = "is killed";

/// Why a file is no schedule.
#[derive(Debug, thiserror::Error)]
pub enum BadSchedule {
    /// It cannot be read.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// It speaks of somebody the exploration does not have.
    #[error("step {step}: there is no actor `{name}`; the exploration has {known}")]
    Actor {
        /// Which step, from 1.
        step: usize,
        /// Who.
        name: String,
        /// Who there is.
        known: String,
    },
}

impl Schedule {
    /// Reads a file.
    ///
    /// # Errors
    /// What is wrong with it, with its place.
    pub fn parse(text: &str) -> Result<Self, BadSchedule> {
        Ok(toml::from_str(text)?)
    }

    /// The steps as lines.
    #[must_use]
    pub fn lines(steps: &[Step], names: &[String]) -> Vec<Line> {
        let line = |step: &Step| Line {
            actor: names
                .get(usize::from(step.unit.actor))
                .cloned()
                .unwrap_or_default(),
            thread: match step.unit.what {
                What::Thread(thread) => thread,
                What::Timer | What::Kill => 0,
            },
            does: match step.unit.what {
                What::Thread(_) => step.text.clone(),
                What::Timer => TIMER.to_owned(),
                What::Kill => KILL.to_owned(),
            },
        };
        steps.iter().map(line).collect()
    }

    /// The steps, for actors of these names.
    ///
    /// # Errors
    /// A step of somebody else.
    pub fn steps(&self, names: &[String]) -> Result<Vec<Step>, BadSchedule> {
        let step = |(line, at): (&Line, usize)| {
            let actor = names.iter().position(|name| *name == line.actor);
            let actor = actor.and_then(|at| u8::try_from(at).ok());
            let what = match &*line.does {
                TIMER => What::Timer,
                KILL => What::Kill,
                _ => What::Thread(line.thread),
            };
            match actor {
                Some(actor) => Ok(Step {
                    unit: Unit { actor, what },
                    text: line.does.clone(),
                }),
                None => Err(BadSchedule::Actor {
                    step: at,
                    name: line.actor.clone(),
                    known: names.join(", "),
                }),
            }
        };
        self.steps.iter().zip(1..).map(step).collect()
    }

    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut out = String::new();
        // Writing to a String cannot fail.
        let mut say = |key: &str, value: &str| {
            let _: std::fmt::Result = writeln!(out, "{key} = {}", quoted(value));
        };
        say("exploration", &self.exploration);
        say("subject", &self.subject);
        if let Some(rule) = &self.rule {
            say("rule", rule);
        }
        if let Some(what) = &self.what {
            say("what", what);
        }
        out.push('\n');
        if self.steps.is_empty() {
            out.push_str("step = []\n");
            return out;
        }
        for line in &self.steps {
            let thread = match line.thread {
                0 => String::new(),
                thread => format!("thread = {thread}\n"),
            };
            let _: std::fmt::Result = write!(
                out,
                "[[step]]\nactor = {}\n{thread}does = {}\n\n",
                quoted(&line.actor),
                quoted(&line.does)
            );
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let names = ["one".to_owned(), "two".to_owned()];
        let unit = |actor, what| Unit { actor, what };
        let steps = vec![
            Step {
                unit: unit(0, What::Thread(0)),
                text: "mkdir \"a\\b\"".into(),
            },
            Step {
                unit: unit(1, What::Thread(2)),
                text: "flock ${pidfile}".into(),
            },
            Step {
                unit: unit(1, What::Timer),
                text: TIMER.into(),
            },
            Step {
                unit: unit(0, What::Kill),
                text: KILL.into(),
            },
        ];
        let schedule = Schedule {
            exploration: "explore.two".into(),
            subject: "reference".into(),
            rule: Some("PID-7".into()),
            what: None,
            steps: Schedule::lines(&steps, &names),
        };
        let read = Schedule::parse(&schedule.text()).unwrap();
        assert_eq!(read, schedule);
        assert_eq!(read.steps(&names).unwrap(), steps);
        let empty = Schedule {
            steps: Vec::new(),
            ..schedule
        };
        assert_eq!(Schedule::parse(&empty.text()).unwrap(), empty);
        assert!(
            read.steps(&names[..1])
                .unwrap_err()
                .to_string()
                .contains("`two`")
        );
    }
}
