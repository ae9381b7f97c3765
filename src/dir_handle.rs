//! Directories held open, and what their entries are.

use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat, lstat, stat};

/// How often an operation begins anew because something changed under it. Each time another
/// process has made a step, so this is no busy loop; a bound turns a malicious one into an error.
pub(crate) const ATTEMPTS: usize = 100;

/// Repeats a call that a signal interrupted; bounded, so that a call that is always interrupted is
/// an error and no hang.
pub(crate) fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    for _ in 0..ATTEMPTS {
        match call() {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
    Err(Errno::EINTR)
}

/// What a directory entry is, in words.
pub(crate) fn kind_of(found: &FileStat) -> &'static str {
    let kind = SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits());
    match kind {
        SFlag::S_IFREG => "regular file",
        SFlag::S_IFDIR => "directory",
        SFlag::S_IFLNK => "symlink",
        SFlag::S_IFIFO => "fifo",
        SFlag::S_IFSOCK => "socket",
        _ => "device",
    }
}

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(crate) fn of(found: &FileStat) -> Self {
        Self {
            device: found.st_dev,
            inode: found.st_ino,
        }
    }
}

/// Whether the last component of a directory's path may be a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Links {
    Followed,
    Refused,
}

/// A directory held open, so that what was judged and what is used are the same.
#[derive(Debug)]
pub struct DirHandle {
    path: PathBuf,
    fd: OwnedFd,
    links: Links,
}

impl DirHandle {
    pub(crate) fn open(path: &Path, links: Links) -> nix::Result<Self> {
        // O_PATH asks for no permission on the directory itself: one without read permission
        // still serves.
        let mut flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        if links == Links::Refused {
            flags |= OFlag::O_NOFOLLOW;
        }
        let fd = retry(|| nix::fcntl::open(path, flags, Mode::empty()))?;
        Ok(Self {
            path: path.to_owned(),
            fd,
            links,
        })
    }

    /// The path it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    pub(crate) fn stat(&self) -> nix::Result<FileStat> {
        retry(|| fstat(self.fd.as_fd()))
    }

    /// `lstat` of an entry; `None` if there is none.
    pub(crate) fn entry(&self, name: &OsStr) -> nix::Result<Option<FileStat>> {
        match retry(|| fstatat(self.fd.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW)) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    /// Whether the path still leads to this directory.
    pub(crate) fn is_named(&self) -> nix::Result<bool> {
        let found = retry(|| match self.links {
            Links::Followed => stat(&self.path),
            Links::Refused => lstat(&self.path),
        });
        match found {
            Ok(found) => Ok(FileId::of(&found) == FileId::of(&self.stat()?)),
            Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(false),
            Err(errno) => Err(errno),
        }
    }
}
