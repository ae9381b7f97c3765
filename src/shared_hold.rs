//! A shared lock on a file that an older program locks exclusively.
//!
//! A program that has moved its pidfile still has to keep its own older releases out. Each new
//! process holds `LOCK_SH` on the old file: an old process, which asks for `LOCK_EX`, finds it
//! taken (LEG-4), while new ones do not disturb each other (LEG-8). The file is never truncated or
//! written if it was there before (LEG-5); one that was made for the hold carries a mark, by which
//! the last one out knows that it may be removed (LEG-10).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::dir_handle::{ATTEMPTS, DirHandle, Links};
use crate::lock_error::LockFileError;
use crate::lock_file::{Access, Kind, LockFile, Released};
use crate::lock_wait::LockWait;
use crate::probe::recorded_pid;

/// The outcome of asking for a hold.
#[derive(Debug)]
#[must_use = "dropping a hold gives it up"]
pub enum Hold {
    /// The lock is held, on the inode that the path names.
    Held(SharedHold),
    /// There is no directory to hold anything in.
    NoDirectory,
    /// Somebody holds the lock exclusively, and went on doing so.
    Busy(BusyHold),
}

/// A shared lock on a file, for the life of a process.
///
/// Dropping it gives the lock up and leaves the file; [`SharedHold::release`] also cleans up.
#[derive(Debug)]
pub struct SharedHold {
    file: LockFile,
    /// Whether the file was made for holds like this one, by this process or another.
    made_for_holds: bool,
}

/// A hold that could not be had in time, and is still waited for.
#[derive(Debug)]
pub struct BusyHold {
    path: PathBuf,
    wait: LockWait,
}

impl BusyHold {
    /// The file that somebody holds exclusively.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the holder lets go within `limit`. Asking anew is then worth while.
    #[must_use]
    pub fn falls_free_within(&self, limit: Duration) -> bool {
        self.wait.within(limit).is_some()
    }
}

impl SharedHold {
    /// Takes a hold on the file `name` in the directory `dir`, which is never made; a symbolic
    /// link in place of `dir` is followed, since where a user keeps a directory is the user's
    /// choice. A missing file is made with mode `0600` and a mark.
    ///
    /// Waits for `patience` if somebody holds the lock exclusively: a probe does so for an instant,
    /// an older server for life (PID-12).
    ///
    /// # Errors
    ///
    /// [`LockFileError`] if the file is a link, no regular file or hard-linked (LEG-9), or if a
    /// system call fails, which is not the same as [`Hold::Busy`] (PID-11).
    pub fn take(dir: &Path, name: &str, patience: Duration) -> Result<Hold, LockFileError> {
        let deadline = Instant::now() + patience;
        let name = OsStr::new(name);
        for _ in 0..ATTEMPTS {
            let Some(dir) = open_dir(dir)? else {
                return Ok(Hold::NoDirectory);
            };
            let file = match LockFile::open(&dir, name, Access::Shared)? {
                Some(file) => file,
                None => {
                    if let Some(file) = create_marked(&dir, name, Kind::Shared)? {
                        let hold = Self {
                            file,
                            made_for_holds: true,
                        };
                        match hold.is_named() {
                            Ok(true) => return Ok(Hold::Held(hold)),
                            Ok(false) => {}
                            Err(error) => {
                                let _second = hold.release();
                                return Err(error);
                            }
                        }
                    }
                    continue;
                }
            };
            let file = if file.try_lock(Kind::Shared)? {
                file
            } else {
                let path = file.path();
                let wait = LockWait::start(file, Kind::Shared)?;
                match wait.within(deadline.saturating_duration_since(Instant::now())) {
                    Some(file) => file?,
                    None => return Ok(Hold::Busy(BusyHold { path, wait })),
                }
            };
            if file.is_named()? {
                let made_for_holds = is_marked(&file)?;
                return Ok(Hold::Held(Self {
                    file,
                    made_for_holds,
                }));
            }
        }
        Err(LockFileError::Unsettled {
            path: dir.join(name),
        })
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.file.path()
    }

    /// Whether the path still names the file that is held. If not, the hold keeps nobody out, and
    /// a new one has to be taken (LEG-7).
    ///
    /// # Errors
    ///
    /// [`LockFileError::Failed`] if that cannot be found out.
    pub fn is_named(&self) -> Result<bool, LockFileError> {
        self.file.is_named()
    }

    /// Gives the hold up. The last one out removes a file that was made for holds, under an
    /// exclusive lock, so never under another process's hold (LEG-10).
    ///
    /// # Errors
    ///
    /// [`LockFileError::Failed`] if a system call failed; the hold is given up all the same.
    pub fn release(self) -> Result<Released, LockFileError> {
        if !self.made_for_holds || !self.file.try_lock(Kind::Exclusive)? || !self.file.is_named()? {
            return Ok(Released::LeftAlone);
        }
        // An old server that found the file taken has emptied it all the same; one that got it
        // has written its own pid, and then it is that server's file.
        if self.file.head(1)?.is_empty() || is_marked(&self.file)? {
            self.file.unlink()
        } else {
            Ok(Released::LeftAlone)
        }
    }
}

fn open_dir(dir: &Path) -> Result<Option<Arc<DirHandle>>, LockFileError> {
    match DirHandle::open(dir, Links::Followed) {
        Ok(handle) => Ok(Some(Arc::new(handle))),
        Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(None),
        Err(errno) => Err(LockFileError::Failed {
            doing: "look into it",
            path: dir.to_owned(),
            source: errno.into(),
        }),
    }
}

/// The text of a file made for holds: the maker's pid with a plus sign. Whoever reads the file as
/// a number still reads the pid; no server ever wrote its pid that way.
fn mark() -> String {
    format!("+{}\n", std::process::id())
}

fn is_marked(file: &LockFile) -> Result<bool, LockFileError> {
    let head = file.head(16)?;
    Ok(head.starts_with(b"+") && recorded_pid(&head).is_some())
}

/// Makes a marked, locked file; `None` if the name is taken by now, or the directory gone.
pub(crate) fn create_marked(
    dir: &Arc<DirHandle>,
    name: &OsStr,
    kind: Kind,
) -> Result<Option<LockFile>, LockFileError> {
    LockFile::create(dir, name, kind, &mark())
}
