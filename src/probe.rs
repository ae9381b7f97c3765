//! Asking whether a lock file is held, without a trace.
//!
//! A probe makes nothing and writes nothing (RUN-5, UNI-4). It has to take the lock for an instant
//! to learn that it is free; whoever starts in that instant has to wait that long, which
//! [`crate::PidfileSite::acquire`] and [`crate::SharedHold::take`] do (PID-12).

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nix::errno::Errno;

use crate::dir_handle::{ATTEMPTS, DirHandle, Links};
use crate::lock_error::LockFileError;
use crate::lock_file::{Access, Kind, LockFile};
use crate::lock_wait::LockWait;

/// How long a held lock is waited for before it counts as held: two probes that meet must not take
/// each other for a server.
const GRACE: Duration = Duration::from_millis(100);

/// No decimal pid is longer, with sign, white space and newline to spare.
const HEAD: usize = 64;

/// What a probe found.
#[derive(Debug)]
pub enum Holding {
    /// There is no such file.
    Absent,
    /// The file is there and nobody holds a lock on it: it is stale, whatever it says (UNI-3).
    Free {
        /// The pid it records, if it reads as one.
        recorded: Option<u32>,
    },
    /// Somebody holds a lock on it.
    Held {
        /// Whether the lock is exclusive, as a primary's is, or shared.
        exclusive: bool,
        /// The pid it records, if it reads as one. For people only: the lock is what counts.
        recorded: Option<u32>,
    },
    /// It could not be found out. Not the same as held, and to be treated with the same care
    /// (UNI-16).
    CannotTell(LockFileError),
}

/// Asks whether the lock file `name` in `dir` is held. A symbolic link in place of `dir` is
/// followed, one in place of the file is not. Waits 100 ms at most.
#[must_use]
pub fn probe(dir: &Path, name: &str) -> Holding {
    let handle = match DirHandle::open(dir, Links::Followed) {
        Ok(handle) => Arc::new(handle),
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Holding::Absent,
        Err(errno) => {
            return Holding::CannotTell(LockFileError::Failed {
                doing: "look into it",
                path: dir.to_owned(),
                source: errno.into(),
            });
        }
    };
    probe_in(&handle, OsStr::new(name)).unwrap_or_else(Holding::CannotTell)
}

/// As [`probe()`], in a directory that is open already.
pub(crate) fn probe_in(dir: &Arc<DirHandle>, name: &OsStr) -> Result<Holding, LockFileError> {
    for _ in 0..ATTEMPTS {
        let Some(lock_file) = LockFile::open(dir, name, Access::Look)? else {
            if dir.entry(name).is_ok_and(|found| found.is_none()) {
                return Ok(Holding::Absent);
            }
            continue;
        };
        // The file may not be readable as a pid while it is held and judged all the same.
        let recorded = recorded_pid(&lock_file.head(HEAD).unwrap_or_default());
        if lock_file.try_lock(Kind::Exclusive)? {
            if lock_file.is_named()? {
                return Ok(Holding::Free { recorded });
            }
            continue;
        }
        let exclusive = !lock_file.try_lock(Kind::Shared)?;
        let named = lock_file.is_named()?;
        let arrived = LockWait::start(lock_file, Kind::Exclusive)?.within(GRACE);
        if arrived.transpose()?.is_none() && named {
            return Ok(Holding::Held {
                exclusive,
                recorded,
            });
        }
        // It fell free, or was the lock of a file that no longer has the name: look again.
    }
    Err(LockFileError::Unsettled {
        path: dir.path().join(name),
    })
}

/// Reads a recorded pid: decimal, positive, within what Linux can give, white space around it and
/// a plus sign before it allowed. `None` for anything else.
#[must_use]
pub fn recorded_pid(bytes: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let pid: i32 = text.parse().ok()?;
    u32::try_from(pid).ok().filter(|&pid| pid > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_is_a_positive_number_and_nothing_else() {
        for (bytes, expected) in [
            (&b"17\n"[..], Some(17)),
            (b"+17\n", Some(17)),
            (b" 17 \r\n", Some(17)),
            (b"2147483647", Some(2_147_483_647)),
            (b"2147483648", None),
            (b"-1", None),
            (b"0", None),
            (b"", None),
            (b"abc", None),
            (b"1 7", None),
            (b"1\x007", None),
            (b"\xff\xfe1\x007\x00", None),
        ] {
            assert_eq!(recorded_pid(bytes), expected, "{bytes:?}");
        }
    }
}
