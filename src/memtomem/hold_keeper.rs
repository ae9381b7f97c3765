//! The server's hold on the legacy pidfile: taken at the start if there is a state dir, else
//! before the database is first opened, and renewed if the file has been removed since.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::mkdir;

use super::paths::{LEGACY_PIDFILE, Paths};
use crate::dir_handle::retry;
use crate::lock_error::LockFileError;
use crate::shared_hold::{BusyHold, Hold, SharedHold};
use crate::shell::printable;
use crate::umask;

/// How long an exclusive lock is waited for. A probe lets go long before; an old server never does.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often the state dir may vanish between its making and the hold.
const ATTEMPTS: usize = 10;

/// Why the legacy pidfile cannot be held.
#[derive(Debug, thiserror::Error)]
pub(super) enum HoldError {
    #[error("another memtomem-server holds a lock at {} (an older release, or `mm uninstall` at work). \
        Stop it and start again", printable(.0))]
    Busy(PathBuf),
    #[error("legacy pidfile {0}")]
    File(#[from] LockFileError),
    #[error("cannot make the state dir {}: {source}", printable(path))]
    StateDir { path: PathBuf, source: io::Error },
    #[error("the state dir {} is no directory, or keeps disappearing; remove what is there, or stop whatever \
        removes it, and retry", printable(.0))]
    Unsettled(PathBuf),
    #[error("the server is shutting down")]
    Closed,
}

/// Whether a missing state dir is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StateDir {
    Make,
    Leave,
}

#[derive(Debug, Default)]
struct Held {
    hold: Option<SharedHold>,
    /// A hold asked for in vain; kept, so that each further try does not add a waiting thread.
    busy: Option<BusyHold>,
    closed: bool,
}

/// Keeps the hold.
#[derive(Debug)]
pub(super) struct HoldKeeper {
    state_dir: PathBuf,
    held: Mutex<Held>,
}

impl HoldKeeper {
    pub(super) fn new(paths: &Paths) -> Self {
        Self {
            state_dir: paths.state_dir.clone(),
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that the legacy pidfile is held. False if there is no state dir and none is to
    /// be made (LEG-3).
    pub(super) fn ensure(&self, state_dir: StateDir) -> Result<bool, HoldError> {
        let mut held = self.held();
        if held.closed {
            return Err(HoldError::Closed);
        }
        if let Some(hold) = &held.hold {
            if hold.is_named()? {
                return Ok(true);
            }
            held.hold = None;
        }
        if let Some(busy) = held.busy.take()
            && !busy.falls_free_within(PATIENCE)
        {
            let path = busy.path().to_owned();
            held.busy = Some(busy);
            return Err(HoldError::Busy(path));
        }
        for _ in 0..ATTEMPTS {
            match SharedHold::take(&self.state_dir, LEGACY_PIDFILE, PATIENCE)? {
                Hold::Held(hold) => {
                    held.hold = Some(hold);
                    return Ok(true);
                }
                Hold::Busy(busy) => {
                    let path = busy.path().to_owned();
                    held.busy = Some(busy);
                    return Err(HoldError::Busy(path));
                }
                Hold::NoDirectory if state_dir == StateDir::Leave => return Ok(false),
                Hold::NoDirectory => self.make_state_dir()?,
            }
        }
        Err(HoldError::Unsettled(self.state_dir.clone()))
    }

    fn make_state_dir(&self) -> Result<(), HoldError> {
        match umask::private(|| retry(|| mkdir(&self.state_dir, Mode::S_IRWXU))) {
            // Whoever made it, and whatever it is: the hold judges it.
            Ok(()) | Err(Errno::EEXIST) => Ok(()),
            Err(errno) => Err(HoldError::StateDir {
                path: self.state_dir.clone(),
                source: errno.into(),
            }),
        }
    }

    /// Gives the hold up for good; the last one out removes a file made for it (LEG-10).
    pub(super) fn close(&self) -> Result<(), LockFileError> {
        let mut held = self.held();
        held.closed = true;
        if let Some(hold) = held.hold.take() {
            let _removed_or_left = hold.release()?;
        }
        Ok(())
    }
}
