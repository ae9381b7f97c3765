//! The subjects of a run: the judged one, and those that cases start beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::Commands;
use crate::scenario::deviation::Deviations;
use crate::scenario::model::Case;
use crate::scenario::reach::lacks;

/// A subject that was found and has been started once.
#[derive(Debug, Clone)]
pub struct Ready {
    /// How it is started.
    pub commands: Commands,
    /// How long to wait for it before it counts as never.
    pub patience: Duration,
}

/// All subjects of a run.
#[derive(Debug)]
pub struct Subjects {
    /// The judged one.
    pub judged: Ready,
    /// The others, by what their scenarios call them after `--subject`; or why one cannot be had here.
    pub beside: BTreeMap<String, Result<Ready, String>>,
    /// What is known of the judged one.
    pub known: Deviations,
}

/// What one case needs of them.
#[derive(Debug)]
pub(super) struct Cast {
    /// The others, by their names in the case.
    pub(super) beside: BTreeMap<String, Commands>,
    /// As long as the slowest of the case needs.
    pub(super) patience: Duration,
}

impl Subjects {
    /// Nobody beside the judged one.
    pub fn alone(judged: Ready) -> Self {
        Self {
            judged,
            beside: BTreeMap::new(),
            known: Deviations::default(),
        }
    }

    /// Those of a case.
    ///
    /// # Errors
    /// Which cannot be had here, and why: then nothing can be said of the judged one.
    pub(super) fn of(&self, case: &Case) -> Result<Cast, String> {
        let Commands { server, cli, .. } = &self.judged.commands;
        if let Some(why) = lacks(case, !server.is_empty(), !cli.is_empty()) {
            return Err(why.to_owned());
        }
        let mut cast = Cast {
            beside: BTreeMap::new(),
            patience: self.judged.patience,
        };
        for (name, beside) in &case.beside {
            let spec = &beside.spec;
            let ready = match self.beside.get(spec) {
                Some(Ok(ready)) => ready,
                Some(Err(why)) => return Err(format!("no {spec} here: {why}")),
                None => return Err(format!("no {spec} here: nobody set it up")),
            };
            cast.beside.insert(name.clone(), ready.commands.clone());
            cast.patience = cast.patience.max(ready.patience);
        }
        Ok(cast)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::beside::{Beside, Programs};
    use crate::scenario::file::{Frame, Shared, parse};
    use crate::scenario::rules::Rules;

    const TEXT: &str = "title = \"x\"\nrules = []\n[subjects]\nother = \"slow\"\n[[step]]\n\
        spawn = \"a\"\nrole = \"server\"\nsubject = \"other\"\n[[step]]\nhandshake = \"a\"\n";

    fn case() -> Case {
        let frame = Frame {
            rules: &Rules::default(),
            shared: &Shared::default(),
            parameters: &Vec::new(),
            programs: Programs {
                fixtures: &[],
                subject: |spec| {
                    Ok(Beside {
                        spec: spec.to_owned(),
                        release: true,
                        has_cli: true,
                    })
                },
            },
        };
        let mut scenario = parse("x", "x.toml", TEXT, &frame).unwrap();
        scenario.cases.remove(0)
    }

    fn ready(program: &str, seconds: u64) -> Ready {
        Ready {
            commands: Commands {
                server: vec![program.to_owned()],
                cli: Vec::new(),
                ..Commands::default()
            },
            patience: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn a_case_waits_as_long_as_its_slowest_subject_needs() {
        let mut subjects = Subjects::alone(ready("judged", 10));
        subjects.beside.insert("slow".into(), Ok(ready("slow", 50)));
        let cast = subjects.of(&case()).unwrap();
        assert_eq!(cast.patience, Duration::from_secs(50));
        assert_eq!(cast.beside["other"].server, ["slow"]);
        subjects.judged.patience = Duration::from_secs(90);
        assert_eq!(subjects.of(&case()).unwrap().patience.as_secs(), 90);
    }

    #[test]
    fn what_cannot_be_had_is_a_reason() {
        let mut subjects = Subjects::alone(ready("judged", 10));
        assert!(subjects.of(&case()).unwrap_err().contains("no slow here"));
        subjects
            .beside
            .insert("slow".into(), Err("no network".into()));
        assert!(subjects.of(&case()).unwrap_err().contains("no network"));
    }
}
