//! The subjects of a run: the judged one, and those that cases start beside it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::Commands;
use crate::scenario::model::Case;

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
        }
    }

    /// Those of a case.
    ///
    /// # Errors
    /// Which cannot be had here, and why: then nothing can be said of the judged one.
    pub(super) fn of(&self, case: &Case) -> Result<Cast, String> {
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
