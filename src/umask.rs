//! Making files and directories with the mode that was asked for, under every umask.
//!
//! `mkdir` followed by `chmod` leaves a window in which another process sees a directory it must
//! refuse (mode `0000` under umask `0777`). So the umask itself is set for the length of the call:
//! the entry is born with its mode.

use std::sync::{Mutex, PoisonError};

use nix::sys::stat::{Mode, umask};

/// The umask belongs to the process, so only one thread at a time may have it changed.
static TURN: Mutex<()> = Mutex::new(());

struct Restore(Mode);

impl Drop for Restore {
    fn drop(&mut self) {
        umask(self.0);
    }
}

/// Runs `make` under umask `0077` and puts the former umask back.
///
/// A file that another thread makes meanwhile gets a *narrower* mode than it asked for, never a
/// wider one.
pub(crate) fn private<T>(make: impl FnOnce() -> T) -> T {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let _restore = Restore(umask(Mode::S_IRWXG | Mode::S_IRWXO));
    make()
}
