//! Where the calls of a process are asked for, and who answers while others wait.

use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::Instant;

use crate::sys::seccomp::{Listener, Waiting};

/// A way to be asked before a process makes a call. seccomp user notification is one; ptrace would be another.
pub trait Gate: AsFd + std::fmt::Debug {
    /// The next call that waits; to be asked for when the descriptor is readable.
    ///
    /// # Errors
    /// What the kernel says.
    fn next(&self) -> io::Result<Option<Waiting>>;
    /// Lets it be made. Whether it still waited.
    ///
    /// # Errors
    /// What the kernel says.
    fn go_on(&self, id: u64) -> io::Result<bool>;
    /// Has it fail unmade. Whether it still waited.
    ///
    /// # Errors
    /// What the kernel says.
    fn fail(&self, id: u64, errno: i32) -> io::Result<bool>;
    /// Whether it still waits: what was read of its thread until now was that thread's.
    fn waits(&self, id: u64) -> bool;
}

impl Gate for Listener {
    fn next(&self) -> io::Result<Option<Waiting>> {
        Self::next(self)
    }

    fn go_on(&self, id: u64) -> io::Result<bool> {
        Self::go_on(self, id)
    }

    fn fail(&self, id: u64, errno: i32) -> io::Result<bool> {
        Self::fail(self, id, errno)
    }

    fn waits(&self, id: u64) -> bool {
        Self::waits(self, id)
    }
}

/// Who answers at the gates.
pub trait Attend {
    /// All gates where somebody may still call.
    fn gates(&self) -> Vec<Rc<dyn Gate>>;
    /// A call waits at a gate. Returns whether whoever waits for the processes should look.
    ///
    /// # Errors
    /// What the kernel says.
    fn attend(&mut self, gate: &Rc<dyn Gate>) -> io::Result<bool>;
    /// Nobody is left who could call.
    fn closed(&mut self, gate: &Rc<dyn Gate>);
    /// When a call that is held for a time is to go on.
    fn due(&self) -> Option<Instant>;
    /// Lets go on what is due.
    ///
    /// # Errors
    /// What the kernel says.
    fn let_due_go(&mut self) -> io::Result<()>;
}
