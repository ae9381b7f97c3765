//! Going on with an exploration that was ended early.

use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::args::Explore;
use crate::cli::Failure;
use crate::cli::out::say;
use crate::explore::Summary;
use crate::orders::Limits;
use crate::scenario::model::Case;
use crate::subject::Subject;

/// An exploration that was ended early, as a file.
#[derive(Serialize, Deserialize)]
pub(super) struct State<S = Summary> {
    exploration: String,
    subject: String,
    limits: Limits,
    part: Option<(usize, usize)>,
    pub(super) summary: Option<S>,
}

impl State {
    /// What the file says, if there is one, and it is of the same exploration.
    pub(super) fn read(
        args: &Explore,
        subject: &Subject,
        case: &Case,
        limits: Limits,
    ) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.state else {
            return Ok(None);
        };
        let fresh = Self {
            exploration: case.id.clone(),
            subject: subject.name.clone(),
            limits,
            part: args.part,
            summary: None,
        };
        let bad = |why: String| Failure::BadSchedule {
            path: path.display().to_string(),
            why,
        };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Some(fresh)),
            Err(e) => return Err(bad(e.to_string())),
        };
        let known: Self = serde_json::from_slice(&text)
            .map_err(|e| bad(format!("this is no state of an exploration: {e}")))?;
        let same = (&known.exploration, &known.subject, known.limits, known.part)
            == (&fresh.exploration, &fresh.subject, fresh.limits, fresh.part);
        if !same {
            return Err(bad(format!(
                "it is of {} on {}, or of other limits or another part: remove it, or name another file",
                known.exploration, known.subject
            )));
        }
        Ok(Some(known))
    }

    /// Keeps what is left, whole or not at all.
    pub(super) fn write(self, path: &Path, summary: &Summary) -> Result<(), Failure> {
        let failed =
            |e: std::io::Error| Failure::CannotJudge(format!("writing {}: {e}", path.display()));
        if summary.left == 0 {
            return match std::fs::remove_file(path) {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(failed(e)),
                _ => Ok(()),
            };
        }
        let whole = State {
            exploration: self.exploration,
            subject: self.subject,
            limits: self.limits,
            part: self.part,
            summary: Some(summary),
        };
        let text = serde_json::to_vec(&whole).map_err(|e| failed(e.into()))?;
        let beside = path.with_extension("new");
        std::fs::write(&beside, text)
            .and_then(|()| std::fs::rename(&beside, path))
            .map_err(failed)?;
        say(format_args!(
            "  what is left is in {}; the same command goes on with it",
            path.display()
        ));
        Ok(())
    }
}
