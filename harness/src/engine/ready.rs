//! Readiness of a server that does not speak MCP: a text that it says.

use serde::{Deserialize, Serialize};

use super::{Done, Engine, Stop};
use crate::judge::{Gap, process::say, quote};
use crate::process::Child;
use crate::scenario::model::Step;

/// How a server shows that it serves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Readiness {
    /// It answers MCP's opening.
    #[default]
    Initialize,
    /// It says this on standard output.
    Stdout(String),
    /// It says this on standard error.
    Stderr(String),
}

impl Readiness {
    /// Whether it has been shown.
    fn shown(&self, child: &Child) -> bool {
        let (said, text) = match self {
            Self::Initialize => return false,
            Self::Stdout(text) => (child.stdout(), text),
            Self::Stderr(text) => (child.stderr(), text),
        };
        let text = text.as_bytes();
        said.windows(text.len().max(1)).any(|part| part == text)
    }

    fn describe(&self) -> String {
        let (stream, text) = match self {
            Self::Initialize => return "answers MCP's opening".to_owned(),
            Self::Stdout(text) => ("stdout", text),
            Self::Stderr(text) => ("stderr", text),
        };
        format!("says \"{}\" on {stream}", quote(text.as_bytes()))
    }
}

impl Engine<'_> {
    /// What takes the place of a handshake: the server is ready, or with `refused` it ends before it is.
    pub(super) fn readiness(
        &mut self,
        step: &Step,
        who: &str,
        ready: &Readiness,
        refused: bool,
    ) -> Done {
        let in_time = self.wait_until(|engine| {
            let child = engine.child(who)?;
            Ok(ready.shown(child) || child.end.is_some())
        })?;
        let child = self.child(who)?;
        // What it said last may come after the word of its end.
        child.look()?;
        let (shown, ended) = (ready.shown(child), child.end.is_some());
        let state = format!("{}; stderr: {}", say(child.end), quote(child.stderr()));
        let what = ready.describe();
        let gap = match (shown, refused) {
            (true, false) => {
                self.note(format!("{who}: ready"));
                return Ok(());
            }
            (false, true) if ended => return Ok(()),
            (true, true) => Gap::new(
                format!("{who} ends before it {what}"),
                format!("it did; {state}"),
            ),
            (false, true) => Gap::new(format!("{who} ends before it {what}"), state),
            (false, false) => Gap::new(format!("{who} {what}"), state),
        };
        self.mismatch(step, gap, !in_time);
        if !refused {
            return Err(Stop::Subject);
        }
        self.wait_a_little_for_end(who)
    }
}
