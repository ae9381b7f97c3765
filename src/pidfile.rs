//! The pidfile: being the one, waiting to be it, and leaving.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::dir_handle::ATTEMPTS;
use crate::dir_verdict::DirError;
use crate::lock_error::LockFileError;
use crate::lock_file::{Access, Kind, LockFile, Released};
use crate::lock_wait::LockWait;
use crate::runtime_dir::RuntimeDir;

/// Why a pidfile could not be acquired. None of these means that somebody holds it: that is
/// [`Acquired::Secondary`].
#[derive(Debug, thiserror::Error)]
pub enum PidfileError {
    /// The directory is refused or cannot be made.
    #[error(transparent)]
    Dir(#[from] DirError),
    /// The file is refused, or a system call failed.
    #[error("pidfile {0}")]
    File(#[from] LockFileError),
}

/// Which pidfile: a directory, not necessarily there yet, and a file name.
#[derive(Clone, Debug)]
pub struct PidfileSite {
    dir: RuntimeDir,
    name: OsString,
}

/// The outcome of trying to be the primary.
#[derive(Debug)]
#[must_use = "dropping a primary gives the pidfile up; dropping a secondary stops waiting for it"]
pub enum Acquired {
    /// This process holds the lock on the pidfile, which holds its pid.
    Primary(Pidfile),
    /// Another process holds the lock.
    Secondary(Waiting),
}

impl PidfileSite {
    /// Names a pidfile; touches nothing.
    #[must_use]
    pub fn new(dir: RuntimeDir, name: impl Into<OsString>) -> Self {
        Self {
            dir,
            name: name.into(),
        }
    }

    /// The path of the pidfile.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.path().join(&self.name)
    }

    /// Tries to be the primary. Makes the directory (mode `0700`) and the file (mode `0600`) as
    /// needed, takes over a file that nobody locks whatever it says (PID-3), and changes nothing
    /// in a file that somebody does lock (PID-4). Does not wait for a holder.
    ///
    /// # Errors
    ///
    /// [`PidfileError::Dir`] if the directory is refused; [`PidfileError::File`] if the file is a
    /// link, no regular file, hard-linked or another's (PID-8), or if a system call fails
    /// (PID-11). A file whose pid could not be written is removed again.
    pub fn acquire(&self) -> Result<Acquired, PidfileError> {
        for _ in 0..ATTEMPTS {
            let dir = self.dir.ensure()?;
            let Some(file) = LockFile::open(&dir, &self.name, Access::Owned)? else {
                if let Some(file) =
                    LockFile::create(&dir, &self.name, Kind::Exclusive, &pid_text())?
                {
                    let pidfile = Pidfile {
                        file,
                        released: false,
                    };
                    if pidfile.is_named()? {
                        return Ok(Acquired::Primary(pidfile));
                    }
                }
                continue;
            };
            let locked = file.try_lock(Kind::Exclusive)?;
            if !file.is_named()? {
                // A lock on an unlinked inode is no lock, whoever holds it.
                continue;
            }
            return if locked {
                Ok(Acquired::Primary(Pidfile::claim(file)?))
            } else {
                Ok(Acquired::Secondary(Waiting::start(self.clone(), file)?))
            };
        }
        Err(LockFileError::Unsettled { path: self.path() }.into())
    }
}

fn pid_text() -> String {
    format!("{}\n", std::process::id())
}

/// The pidfile of this process: locked, named, and holding its pid.
///
/// Dropping it releases it as [`Pidfile::release`] does, without telling about a failure. A process
/// that ends without either leaves the file behind unlocked, which is stale and harmless (PID-6).
#[derive(Debug)]
pub struct Pidfile {
    file: LockFile,
    released: bool,
}

impl Pidfile {
    /// Takes over a file that was just locked. On failure the file is removed (END-7): a pidfile
    /// with half a pid helps nobody.
    fn claim(file: LockFile) -> Result<Self, LockFileError> {
        let pidfile = Self {
            file,
            released: false,
        };
        pidfile.file.write(&pid_text())?;
        Ok(pidfile)
    }

    /// The path of the pidfile.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.file.path()
    }

    /// Whether the path still names this pidfile. It does not if somebody removed or replaced the
    /// file or its directory (PID-13).
    ///
    /// # Errors
    ///
    /// [`LockFileError::Failed`] if that cannot be found out.
    pub fn is_named(&self) -> Result<bool, LockFileError> {
        self.file.is_named()
    }

    /// Unlinks the pidfile if it still is this one (END-6), then gives up the lock, in this order:
    /// the other way round a successor's file could be unlinked.
    ///
    /// # Errors
    ///
    /// [`LockFileError::Failed`] if the file could not be removed. The lock is given up in any
    /// case, so what is left is stale (END-7).
    pub fn release(mut self) -> Result<Released, LockFileError> {
        self.released = true;
        self.file.unlink()
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        if !self.released {
            // There is nobody to tell; the lock goes with the descriptor.
            let _unheard = self.file.unlink();
        }
    }
}

/// A secondary's place in the queue for the lock.
///
/// The wait takes a thread that sleeps in `flock`, and no polling. Dropping this cancels it: the
/// thread stays asleep until the lock falls free or the process ends, and then lets go at once.
#[derive(Debug)]
pub struct Waiting {
    site: PidfileSite,
    wait: LockWait,
}

impl Waiting {
    fn start(site: PidfileSite, file: LockFile) -> Result<Self, LockFileError> {
        let wait = LockWait::start(file, Kind::Exclusive)?;
        Ok(Self { site, wait })
    }

    /// The path of the pidfile.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.site.path()
    }

    /// Waits until the holder lets go or `limit` has passed; in that case the place in the queue
    /// is handed back.
    ///
    /// # Errors
    ///
    /// [`PidfileError::File`] if the lock cannot be waited for.
    pub fn within(self, limit: Duration) -> Result<Result<Woken, Self>, PidfileError> {
        match self.wait.within(limit) {
            Some(file) => Ok(Ok(Woken {
                site: self.site,
                file: file?,
            })),
            None => Ok(Err(self)),
        }
    }

    /// Waits until the holder lets go, however long that takes.
    ///
    /// # Errors
    ///
    /// [`PidfileError::File`] if the lock cannot be waited for.
    pub fn block(self) -> Result<Woken, PidfileError> {
        match self.wait.arrival() {
            Some(file) => Ok(Woken {
                site: self.site,
                file: file?,
            }),
            None => Err(LockFileError::Failed {
                doing: "wait for its lock",
                path: self.site.path(),
                source: std::io::Error::other("the waiting thread ended"),
            }
            .into()),
        }
    }
}

/// The lock fell to this process. Whether it is worth anything is still open: the former holder
/// has probably unlinked the file. Dropping this gives the lock up and changes nothing, which is
/// what a process does that is about to end (END-3).
#[derive(Debug)]
#[must_use = "call `promote` to become the primary; dropping gives the lock up"]
pub struct Woken {
    site: PidfileSite,
    file: LockFile,
}

impl Woken {
    /// Becomes the primary (PID-12): of the file that was waited for if it still has the name,
    /// else by trying anew, which may find yet another holder.
    ///
    /// # Errors
    ///
    /// As [`PidfileSite::acquire`].
    pub fn promote(self) -> Result<Acquired, PidfileError> {
        if self.file.is_named()? {
            return Ok(Acquired::Primary(Pidfile::claim(self.file)?));
        }
        drop(self.file);
        self.site.acquire()
    }
}
