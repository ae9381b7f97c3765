//! Waiting for a lock with a deadline, or without one, on a thread of its own.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::lock_error::LockFileError;
use crate::lock_file::{Kind, LockFile};

/// A lock that a thread of its own waits for: `flock` knows no deadline, a channel does.
///
/// Dropping this does not end the wait. The thread sleeps in the kernel until the lock falls free,
/// finds nobody listening, and closes the file, which frees the lock again.
#[derive(Debug)]
pub(crate) struct LockWait {
    arrival: Receiver<Result<LockFile, LockFileError>>,
}

impl LockWait {
    pub(crate) fn start(lock_file: LockFile, kind: Kind) -> Result<Self, LockFileError> {
        let (sender, arrival) = mpsc::channel();
        let path = lock_file.path();
        let wait = move || {
            let outcome = lock_file.lock(kind).map(|()| lock_file);
            // A failed send hands the file back to be dropped, which is the cancelling.
            drop(sender.send(outcome));
        };
        thread::Builder::new()
            .name("lock-wait".to_owned())
            .spawn(wait)
            .map_err(|source| LockFileError::Failed {
                doing: "start a thread to wait for its lock",
                path,
                source,
            })?;
        Ok(Self { arrival })
    }

    /// Waits for the lock until `limit` has passed; `None` if it has.
    pub(crate) fn within(&self, limit: Duration) -> Option<Result<LockFile, LockFileError>> {
        // The thread sends before it ends, so there is no other failure than the timeout.
        self.arrival.recv_timeout(limit).ok()
    }

    /// Waits for the lock; `None` if the waiting thread is gone.
    pub(crate) fn arrival(&self) -> Option<Result<LockFile, LockFileError>> {
        self.arrival.recv().ok()
    }
}
