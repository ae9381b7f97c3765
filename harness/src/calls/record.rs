//! One system call of a process, as it was seen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::table::Family;
use super::word::Word;

/// A call that concerns the world: what it names lies there, or it ends or signals a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// When it was entered, since the start of the case.
    pub at: Duration,
    /// The handle of the process, or of the one that started it.
    pub who: String,
    /// Its pid in the world.
    pub pid: i32,
    /// The thread.
    pub tid: i32,
    /// The call, in the form that was used: `openat`.
    pub name: String,
    /// What all its forms do.
    pub family: Family,
    /// What it works on, by the names of the world: a path, or where a descriptor leads.
    pub path: Option<String>,
    /// The second path of a rename or a link.
    pub to: Option<String>,
    /// The first path as it is, where it is one.
    pub real: Option<String>,
    /// The second path as it is.
    pub real_to: Option<String>,
    /// It says what it works on by a descriptor, not by a name.
    pub by_descriptor: bool,
    /// Flags, a lock's kind, a mode, a signal.
    pub how: String,
    /// It asks for a lock of flock(2) or fcntl(2).
    pub lock: Option<Locking>,
    /// What would come into being by it: it was not there when the call was entered.
    pub creates: bool,
    /// It asks for content to be thrown away.
    pub truncates: bool,
    /// It opens for looking, or looks.
    pub looks: bool,
    /// What the supervisor did with it.
    pub fate: Fate,
    /// What it must have come to, where the state of the files when it was entered leaves only that.
    pub comes_to: Option<i32>,
}

/// What a call wants of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Locking {
    /// For itself alone.
    Exclusive,
    /// With others.
    Shared,
    /// To let it go.
    Unlock,
}

/// What was done with a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It was made.
    Made,
    /// It failed with this errno and was not made.
    Failed(i32),
    /// It was held for a while, then made.
    Held,
    /// A signal came with it; by this injection.
    Signalled(i32),
    /// The process was gone before it was answered.
    Gone,
}

impl Call {
    /// Whether a word of a scenario means this call.
    pub fn is(&self, word: Word) -> bool {
        match word {
            Word::Family(family) => {
                self.family == family && !matches!(self.lock, Some(Locking::Unlock))
            }
            Word::Unlock => self.lock == Some(Locking::Unlock),
            Word::Create => self.creates,
            Word::Truncate => self.truncates || self.family == Family::Truncate,
        }
    }

    /// The path that a word is about: what is created by a rename or a link is its second.
    pub fn subject(&self, word: Word) -> Option<&str> {
        match word {
            Word::Create if self.to.is_some() => self.to.as_deref(),
            Word::Create | Word::Family(_) | Word::Unlock | Word::Truncate => self.path.as_deref(),
        }
    }

    /// One line for a timeline.
    pub fn line(&self) -> String {
        format!("{}: {}", self.who, self.text())
    }

    /// The call, whoever makes it.
    pub fn text(&self) -> String {
        use std::fmt::Write as _;
        let mut line = self.name.clone();
        for part in [self.path.as_deref(), self.to.as_deref(), Some(&*self.how)]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
        {
            // Writing to a string cannot fail.
            let _ok = write!(line, " {part}");
        }
        match &self.fate {
            Fate::Made => {
                if let Some(errno) = self.comes_to {
                    line += &format!(" = {}", errno_name(errno));
                }
            }
            Fate::Failed(errno) => line += &format!(" = {} (injected)", errno_name(*errno)),
            Fate::Held => line += " (held)",
            Fate::Signalled(signal) => {
                line += &format!(" (with signal {signal}, injected)");
            }
            Fate::Gone => line += " (the process ended in it)",
        }
        line
    }
}

/// `ENOENT` for 2.
pub fn errno_name(errno: i32) -> String {
    format!("{:?}", nix::errno::Errno::from_raw(errno))
}
