//! Whether a directory can be trusted, and how to say so.

use std::io;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::{FileStat, SFlag, lstat};

use crate::dir_handle::{kind_of, retry};
use crate::shell::{Target, printable, removal};

/// What is wrong with a path that should be a private directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unsafe {
    /// A symbolic link, wherever it leads (DIR-4).
    Symlink,
    /// Something else that is no directory: the kind, as in "fifo" (DIR-7).
    NotADirectory(&'static str),
    /// Owned by this uid, not by the effective one (DIR-5).
    ForeignOwner {
        /// Who owns it.
        uid: u32,
        /// The effective uid.
        expected: u32,
    },
    /// A group or world bit is set; the permission bits, `0o7777` at most (DIR-6).
    Permissions(u32),
    /// It could not be looked at, and why.
    CannotLook(Errno),
}

impl std::fmt::Display for Unsafe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Symlink => f.write_str("is a symlink; refusing to follow"),
            Self::NotADirectory(_) => f.write_str("is not a directory"),
            Self::ForeignOwner { uid, expected } => {
                write!(f, "is owned by uid {uid} (expected {expected})")
            }
            Self::Permissions(mode) => write!(f, "has unsafe permissions 0o{mode:o}"),
            Self::CannotLook(errno) => write!(f, "cannot be looked at: {}", errno.desc()),
        }
    }
}

/// What [`crate::RuntimeDir::judge`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing is there.
    Missing,
    /// A real directory, of the effective uid, with no group or world bit.
    Safe,
    /// Anything else.
    Unsafe(Unsafe),
}

#[cfg(feature = "memtomem")]
impl Verdict {
    /// Whether it could not be looked at, as opposed to being seen and found unsafe.
    pub(crate) fn cannot_look(&self) -> bool {
        matches!(self, Self::Unsafe(Unsafe::CannotLook(_)))
    }

    /// The verdict as a predicate, to follow a path.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Missing => "does not exist".to_owned(),
            Self::Safe => "is safe".to_owned(),
            Self::Unsafe(why) => why.to_string(),
        }
    }
}

/// Why there is no usable runtime dir. Each message names the path, says what is wrong, and ends
/// with the command that gets one unstuck, where there is one (DIR-9).
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// What is there is refused (DIR-4 to DIR-7).
    #[error("runtime dir {} {why}{}", printable(path), remedy(path, why))]
    Refused {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        why: Unsafe,
    },
    /// A system call failed while it was made or opened.
    #[error("cannot {doing} runtime dir {}: {source}", printable(path))]
    Failed {
        /// "make" or "open".
        doing: &'static str,
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It kept changing between the look and the use.
    #[error(
        "runtime dir {} keeps changing; stop whatever removes or replaces it and retry",
        printable(path)
    )]
    Unsettled {
        /// The directory.
        path: PathBuf,
    },
}

fn remedy(path: &Path, why: &Unsafe) -> String {
    let target = match why {
        Unsafe::Symlink | Unsafe::NotADirectory(_) => Target::Entry,
        Unsafe::ForeignOwner { .. } | Unsafe::Permissions(_) => Target::Directory,
        Unsafe::CannotLook(_) => return String::new(),
    };
    format!(". Remove it and retry: {}", removal(path, target))
}

/// Looks at a path with `lstat` and nothing else.
pub(crate) fn judge(path: &Path, euid: u32) -> Verdict {
    match retry(|| lstat(path)) {
        Ok(found) => judge_stat(&found, euid),
        // A path that is too long, or goes in a circle, leads to nothing either.
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG | Errno::ELOOP) => {
            Verdict::Missing
        }
        Err(errno) => Verdict::Unsafe(Unsafe::CannotLook(errno)),
    }
}

/// Judges what was looked at.
pub(crate) fn judge_stat(found: &FileStat, euid: u32) -> Verdict {
    let kind = SFlag::from_bits_truncate(found.st_mode & SFlag::S_IFMT.bits());
    let mode = found.st_mode & 0o7777;
    if kind == SFlag::S_IFLNK {
        Verdict::Unsafe(Unsafe::Symlink)
    } else if kind != SFlag::S_IFDIR {
        Verdict::Unsafe(Unsafe::NotADirectory(kind_of(found)))
    } else if found.st_uid != euid {
        Verdict::Unsafe(Unsafe::ForeignOwner {
            uid: found.st_uid,
            expected: euid,
        })
    } else if mode & 0o077 != 0 {
        Verdict::Unsafe(Unsafe::Permissions(mode))
    } else {
        Verdict::Safe
    }
}
