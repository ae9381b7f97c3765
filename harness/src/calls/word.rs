//! How scenarios speak of calls: by what they do, whatever form a libc picks.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::table::Family;

/// A word for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// All forms of one call. A lock is asked for, not let go.
    Family(Family),
    /// A lock is let go.
    Unlock,
    /// Anything by which the path comes into being: mkdir, an open that creates, the target of a rename.
    Create,
    /// Anything that asks for content to be thrown away, opening with `O_TRUNC` too.
    Truncate,
}

impl Word {
    /// As scenarios write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Family(family) => family.word(),
            Self::Unlock => "unlock",
            Self::Create => "create",
            Self::Truncate => "truncate",
        }
    }

    /// All words there are.
    pub fn all() -> Vec<(&'static str, Self)> {
        let own = [Self::Unlock, Self::Create, Self::Truncate];
        Family::ALL
            .iter()
            .filter(|family| **family != Family::Truncate)
            .map(|family| Self::Family(*family))
            .chain(own)
            .map(|word| (word.word(), word))
            .collect()
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// When a signal comes that a scenario sends at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Before the call is made. Only SIGKILL can: of any other the handler would run, and the call be made.
    Before,
    /// After it was made, before the process does anything else.
    After,
    /// In a write, after the first half of its bytes.
    Within,
}
