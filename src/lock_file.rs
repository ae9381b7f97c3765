//! The one way a lock file is opened, locked, recognised and removed.
//!
//! Three rules, which [`crate::Pidfile`], [`crate::SharedHold`] and [`crate::probe()`] share:
//!
//! 1. Opening neither truncates nor follows a link nor waits, and what is opened must be a regular
//!    file with one name.
//! 2. A lock counts only if, *after* it was taken, the path still names the locked inode. `flock`
//!    belongs to an inode, and a name can be moved to another one between `open` and `flock`.
//! 3. Only who holds the lock on the named inode may unlink the name.

use std::ffi::{OsStr, OsString};
use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat};
use nix::sys::uio::{pread, pwrite};
use nix::unistd::{UnlinkatFlags, ftruncate, geteuid, linkat, unlinkat};

use crate::dir_handle::{ATTEMPTS, DirHandle, FileId, kind_of, retry};
use crate::lock_error::LockFileError;
use crate::umask;

/// Mode of every lock file made here: no one else may read it, since who can read can lock.
pub(crate) const LOCK_FILE_MODE: Mode = Mode::S_IRUSR.union(Mode::S_IWUSR);

/// What became of a lock file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Released {
    /// It was unlinked.
    Removed,
    /// It was left: it is gone already, another file stands there, or it is not ours to remove.
    LeftAlone,
}

/// What the opener needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read and write, and the file must be the effective user's.
    Owned,
    /// Read and write if permitted, else read: enough for a lock.
    Shared,
    /// Read only.
    Look,
}

/// The two kinds of `flock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Exclusive,
    Shared,
}

/// An open lock file. Closing it gives up the lock.
#[derive(Debug)]
pub(crate) struct LockFile {
    file: File,
    id: FileId,
    dir: Arc<DirHandle>,
    name: OsString,
}

impl LockFile {
    /// Opens an existing lock file; `None` if there is none, or it went while it was opened.
    pub(crate) fn open(
        dir: &Arc<DirHandle>,
        name: &OsStr,
        access: Access,
    ) -> Result<Option<Self>, LockFileError> {
        let path = dir.path().join(name);
        // Looking before opening keeps the open from waking the other end of a fifo or rewinding a
        // tape; what was opened is judged again.
        let Some(found) = dir
            .entry(name)
            .map_err(|errno| failed("look at it", &path, errno))?
        else {
            return Ok(None);
        };
        acceptable(&found, access, &path)?;
        let fd = match open_flags(dir, name, access) {
            Ok(fd) => fd,
            Err(Errno::ENOENT | Errno::ELOOP | Errno::ENXIO) => return Ok(None),
            Err(errno @ (Errno::EACCES | Errno::EPERM)) => {
                return Err(LockFileError::Denied {
                    path,
                    source: errno.into(),
                });
            }
            Err(errno) => return Err(failed("open it", &path, errno)),
        };
        let found =
            retry(|| fstat(fd.as_fd())).map_err(|errno| failed("look at it", &path, errno))?;
        if found.st_nlink == 0 {
            return Ok(None);
        }
        acceptable(&found, access, &path)?;
        Ok(Some(Self::assemble(fd, &found, dir, name)))
    }

    /// Makes a lock file with mode `0600` under every umask, which holds `text` and is locked
    /// *before* it has its name. So nobody ever sees it empty or free, and a kill or a failure at
    /// any point leaves nothing. `None` if the name is taken by now, or the directory gone.
    pub(crate) fn create(
        dir: &Arc<DirHandle>,
        name: &OsStr,
        kind: Kind,
        text: &str,
    ) -> Result<Option<Self>, LockFileError> {
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        let open = || openat(dir.fd(), ".", flags, LOCK_FILE_MODE);
        let Ok(fd) = umask::private(|| retry(open)) else {
            // Not every file system knows unnamed files, and one answers EPERM where the directory
            // is gone: the plain way works or says why not.
            return Self::create_named(dir, name, kind, text);
        };
        let unnamed = Self::adopt(fd, dir, name)?;
        unnamed.write(text)?;
        if !unnamed.try_lock(kind)? {
            // Nobody else can have it, unless the file system answers anything.
            return Err(unnamed.failed("lock it", Errno::EWOULDBLOCK));
        }
        let source = OsString::from(format!("/proc/self/fd/{}", unnamed.file.as_raw_fd()));
        let link = || {
            linkat(
                AT_FDCWD,
                source.as_os_str(),
                dir.fd(),
                name,
                AtFlags::AT_SYMLINK_FOLLOW,
            )
        };
        match retry(link) {
            Ok(()) => Ok(Some(unnamed)),
            Err(Errno::EEXIST) => Ok(None),
            // No /proc, the directory went, or a sandbox forbids links.
            Err(_) => Self::create_named(dir, name, kind, text),
        }
    }

    /// As [`LockFile::create`], with the name first. Somebody else may lock the file before this
    /// process does; then it is theirs, and the answer is `None`.
    fn create_named(
        dir: &Arc<DirHandle>,
        name: &OsStr,
        kind: Kind,
        text: &str,
    ) -> Result<Option<Self>, LockFileError> {
        let flags =
            OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = match umask::private(|| retry(|| openat(dir.fd(), name, flags, LOCK_FILE_MODE)))
        {
            Ok(fd) => Self::adopt(fd, dir, name)?,
            Err(Errno::EEXIST | Errno::ENOENT) => return Ok(None),
            Err(errno) => return Err(failed("create it", &dir.path().join(name), errno)),
        };
        if !file.try_lock(kind)? {
            return Ok(None);
        }
        if let Err(error) = file.write(text) {
            if file.try_lock(Kind::Exclusive)? {
                // The first failure is the one to tell.
                let _second = file.unlink();
            }
            return Err(error);
        }
        Ok(Some(file))
    }

    /// Takes a descriptor of a file that was made here.
    fn adopt(fd: OwnedFd, dir: &Arc<DirHandle>, name: &OsStr) -> Result<Self, LockFileError> {
        let found = retry(|| fstat(fd.as_fd()))
            .map_err(|errno| failed("look at it", &dir.path().join(name), errno))?;
        Ok(Self::assemble(fd, &found, dir, name))
    }

    fn assemble(fd: OwnedFd, found: &FileStat, dir: &Arc<DirHandle>, name: &OsStr) -> Self {
        Self {
            file: File::from(fd),
            id: FileId::of(found),
            dir: Arc::clone(dir),
            name: name.to_owned(),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join(&self.name)
    }

    pub(crate) fn failed(
        &self,
        doing: &'static str,
        source: impl Into<io::Error>,
    ) -> LockFileError {
        LockFileError::Failed {
            doing,
            path: self.path(),
            source: source.into(),
        }
    }

    /// Takes the lock if that needs no waiting. A lock held in the other kind is converted, which
    /// gives it up first: on `false` nothing is held any more.
    pub(crate) fn try_lock(&self, kind: Kind) -> Result<bool, LockFileError> {
        for _ in 0..ATTEMPTS {
            let outcome = match kind {
                Kind::Exclusive => self.file.try_lock(),
                Kind::Shared => self.file.try_lock_shared(),
            };
            match outcome {
                Ok(()) => return Ok(true),
                Err(TryLockError::WouldBlock) => return Ok(false),
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(self.failed("lock it", error)),
            }
        }
        Err(self.failed("lock it", Errno::EINTR))
    }

    /// Takes the lock, however long that takes.
    pub(crate) fn lock(&self, kind: Kind) -> Result<(), LockFileError> {
        for _ in 0..ATTEMPTS {
            let outcome = match kind {
                Kind::Exclusive => self.file.lock(),
                Kind::Shared => self.file.lock_shared(),
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed("lock it", error)),
            }
        }
        Err(self.failed("lock it", Errno::EINTR))
    }

    /// Whether the path still names this inode, by the same directory. The question to ask after
    /// every lock, and before every unlink (PID-7, END-6).
    pub(crate) fn is_named(&self) -> Result<bool, LockFileError> {
        let named = self
            .dir
            .is_named()
            .and_then(|dir| Ok(dir && self.is_entry()?));
        named.map_err(|errno| self.failed("look at it", errno))
    }

    fn is_entry(&self) -> nix::Result<bool> {
        Ok(self
            .dir
            .entry(&self.name)?
            .is_some_and(|found| FileId::of(&found) == self.id))
    }

    /// Puts `text` in place of the content, and gives the file the mode of one made here (PID-9).
    /// The caller holds the lock.
    pub(crate) fn write(&self, text: &str) -> Result<(), LockFileError> {
        let found = retry(|| fstat(self.file.as_fd())).map_err(|e| self.failed("look at it", e))?;
        if found.st_mode & 0o7777 != LOCK_FILE_MODE.bits() {
            retry(|| fchmod(self.file.as_fd(), LOCK_FILE_MODE))
                .map_err(|errno| self.failed("change its mode", errno))?;
        }
        // First the new text, then the new length: a reader never finds the file empty once it
        // has had content. A few bytes are written whole or not at all. Where the text is as long
        // as what it replaces, the file is done once it reads right.
        let written = retry(|| pwrite(self.file.as_fd(), text.as_bytes(), 0))
            .map_err(|errno| self.failed("write it", errno))?;
        if written != text.len() {
            return Err(self.failed("write it", Errno::ENOSPC));
        }
        // A pid is a few digits: its length fits whatever `off_t` is.
        let length = written as i64;
        if found.st_size > length {
            retry(|| ftruncate(self.file.as_fd(), length))
                .map_err(|errno| self.failed("truncate it", errno))?;
        }
        Ok(())
    }

    /// The first bytes of the file, `limit` at most.
    pub(crate) fn head(&self, limit: usize) -> Result<Vec<u8>, LockFileError> {
        let mut bytes = vec![0; limit];
        let count = retry(|| pread(self.file.as_fd(), &mut bytes, 0))
            .map_err(|errno| self.failed("read it", errno))?;
        bytes.truncate(count);
        Ok(bytes)
    }

    /// Unlinks the name if it still is this inode's. The caller holds the lock exclusively, so no
    /// process that keeps to the protocol moves the name between the look and the unlink.
    pub(crate) fn unlink(&self) -> Result<Released, LockFileError> {
        if !self
            .is_entry()
            .map_err(|errno| self.failed("look at it", errno))?
        {
            return Ok(Released::LeftAlone);
        }
        match retry(|| {
            unlinkat(
                self.dir.fd(),
                self.name.as_os_str(),
                UnlinkatFlags::NoRemoveDir,
            )
        }) {
            Ok(()) => Ok(Released::Removed),
            Err(Errno::ENOENT) => Ok(Released::LeftAlone),
            Err(errno) => Err(self.failed("remove it", errno)),
        }
    }
}

fn open_flags(dir: &DirHandle, name: &OsStr, access: Access) -> nix::Result<OwnedFd> {
    let common = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let open = |mode| retry(|| openat(dir.fd(), name, common | mode, Mode::empty()));
    match access {
        Access::Owned => open(OFlag::O_RDWR),
        Access::Look => open(OFlag::O_RDONLY),
        Access::Shared => match open(OFlag::O_RDWR) {
            Err(Errno::EACCES | Errno::EPERM | Errno::EROFS) => open(OFlag::O_RDONLY),
            opened => opened,
        },
    }
}

fn acceptable(found: &FileStat, access: Access, path: &Path) -> Result<(), LockFileError> {
    let path = || path.to_owned();
    let kind = kind_of(found);
    if kind != "regular file" {
        return Err(LockFileError::NotRegular { path: path(), kind });
    }
    if found.st_nlink > 1 {
        return Err(LockFileError::HardLinked {
            path: path(),
            links: found.st_nlink,
        });
    }
    let expected = geteuid().as_raw();
    if access == Access::Owned && found.st_uid != expected {
        return Err(LockFileError::ForeignOwner {
            path: path(),
            uid: found.st_uid,
            expected,
        });
    }
    Ok(())
}

fn failed(doing: &'static str, path: &Path, errno: Errno) -> LockFileError {
    LockFileError::Failed {
        doing,
        path: path.to_owned(),
        source: errno.into(),
    }
}
