//! Removing what a directory holds, without following a link out of it (UNI-13).
//!
//! Everything is done relative to an open directory: a name that is swapped for a link in between
//! is removed as a link.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::{UnlinkatFlags, unlinkat};

use crate::dir_handle::retry;
use crate::shell::printable;

/// What could not be removed.
#[derive(Debug, thiserror::Error)]
#[error("cannot remove {}: {}", printable(path), errno.desc())]
pub(super) struct RemovalError {
    pub(super) path: PathBuf,
    pub(super) errno: Errno,
}

/// Removes the entry `name` of the open directory `dir`, whatever it is, with all it holds. One
/// that is not there is fine. `path` is for the message.
pub(super) fn remove(dir: impl AsFd, name: &OsStr, path: &Path) -> Result<(), RemovalError> {
    let fail = |errno| RemovalError {
        path: path.to_owned(),
        errno,
    };
    match retry(|| unlinkat(&dir, name, UnlinkatFlags::NoRemoveDir)) {
        Ok(()) | Err(Errno::ENOENT) => return Ok(()),
        // POSIX says EPERM for a directory, Linux says EISDIR.
        Err(errno @ (Errno::EISDIR | Errno::EPERM)) => {
            let Some(inner) = open_dir(&dir, name).map_err(|_| fail(errno))? else {
                return Ok(());
            };
            empty(inner, path)?;
        }
        Err(errno) => return Err(fail(errno)),
    }
    match retry(|| unlinkat(&dir, name, UnlinkatFlags::RemoveDir)) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(errno) => Err(fail(errno)),
    }
}

fn empty(inner: OwnedFd, path: &Path) -> Result<(), RemovalError> {
    let fail = |errno| RemovalError {
        path: path.to_owned(),
        errno,
    };
    let mut inner = Dir::from_fd(inner).map_err(fail)?;
    let mut names: Vec<OsString> = Vec::new();
    for entry in inner.iter() {
        let entry = match entry {
            Ok(entry) => entry,
            // Somebody else has removed the directory: then it is empty.
            Err(Errno::ENOENT) => break,
            Err(errno) => return Err(fail(errno)),
        };
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name != "." && name != ".." {
            names.push(name.to_owned());
        }
    }
    for name in names {
        remove(&inner, &name, &path.join(&name))?;
    }
    Ok(())
}

/// Opens a directory for listing, if that is what the name stands for; `None` if it is gone.
fn open_dir(dir: impl AsFd, name: &OsStr) -> nix::Result<Option<OwnedFd>> {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match retry(|| openat(&dir, name, flags, Mode::empty())) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::ENOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Removes a directory if it is empty; true if it is gone.
pub(super) fn remove_if_empty(path: &Path) -> Result<bool, RemovalError> {
    match retry(|| nix::unistd::unlinkat(nix::fcntl::AT_FDCWD, path, UnlinkatFlags::RemoveDir)) {
        Ok(()) | Err(Errno::ENOENT) => Ok(true),
        Err(Errno::ENOTEMPTY | Errno::EEXIST) => Ok(false),
        Err(errno) => Err(RemovalError {
            path: path.to_owned(),
            errno,
        }),
    }
}
