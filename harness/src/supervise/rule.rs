//! What is to be done at which call.

use std::time::Duration;

use crate::calls::{Call, Moment, Word};

/// An injection, with nothing left to fill in.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its handle in the scenario.
    pub name: String,
    /// The process whose calls it concerns.
    pub of: String,
    /// Which calls.
    pub call: Word,
    /// On what, by the names of the world; anything, where nothing is said.
    pub path: Option<String>,
    /// The first time, the second time...
    pub nth: usize,
    /// Whether it is done at each from that one on.
    pub lasting: bool,
    /// Whether a process that never makes the call is none that this is for.
    pub if_called: bool,
    /// What is done; nothing, where it is only counted whether it is made at all.
    pub deed: Option<Deed>,
    /// How many such calls there were by now.
    pub seen: usize,
}

/// What can be done at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It fails with this errno and is not made.
    Fail(i32),
    /// It is held for this long.
    Delay(Duration),
    /// The process gets a signal.
    Signal(i32, Moment),
    /// It is held until it is let go.
    Pause,
}

impl Rule {
    /// Takes note of a call. Returns whether it is the one.
    pub(super) fn meets(&mut self, call: &Call) -> bool {
        if self.of != call.who || !call.is(self.call) {
            return false;
        }
        if let Some(path) = &self.path
            && call.subject(self.call) != Some(path)
        {
            return false;
        }
        self.seen += 1;
        self.seen == self.nth || self.lasting && self.fired()
    }

    /// Whether it has been met.
    pub fn fired(&self) -> bool {
        self.seen >= self.nth
    }
}
