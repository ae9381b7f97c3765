//! Why a step could not be done.

/// Why a step could not be done.
#[derive(Debug)]
pub(super) enum Stop {
    /// The suite or the host failed.
    Broken(String),
    /// The subject made it impossible; the mismatch is noted, and what follows would only repeat it.
    Subject,
    /// The step speaks of what is not there, or not yet. [`super::Engine::all`] says what that means.
    NotThere(Missing),
}

/// What a step speaks of that is not there: a process, an inode kept open, a moment.
#[derive(Debug)]
pub(super) struct Missing {
    /// Its handle or label.
    pub(super) name: String,
    /// What is to be said of it.
    pub(super) why: String,
}

impl Stop {
    pub(super) fn not_there(name: &str, why: String) -> Self {
        Self::NotThere(Missing {
            name: name.to_owned(),
            why,
        })
    }

    pub(super) fn not_started(who: &str) -> Self {
        Self::not_there(who, format!("no process `{who}` was started"))
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

pub(super) type Done = Result<(), Stop>;
