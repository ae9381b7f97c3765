//! Why a lock file cannot be used.

use std::io;
use std::path::PathBuf;

use crate::shell::{Target, printable, removal};

/// Why a lock file cannot be used. The messages name the path and say what to do.
#[derive(Debug, thiserror::Error)]
pub enum LockFileError {
    /// Not a regular file: never followed, opened or written (PID-8, LEG-9).
    #[error("{} is a {kind}, not a regular file; refusing to use it. Remove it and retry: {}",
        printable(path), removal(path, if *kind == "directory" { Target::Directory } else { Target::Entry }))]
    NotRegular {
        /// The lock file.
        path: PathBuf,
        /// What is there instead, as in "symlink".
        kind: &'static str,
    },
    /// It has a second name, so a lock or a write would reach another path as well.
    #[error(
        "{} has {links} hard links; refusing to use it. Remove it and retry: {}",
        printable(path),
        removal(path, Target::Entry)
    )]
    HardLinked {
        /// The lock file.
        path: PathBuf,
        /// The number of its names.
        links: u64,
    },
    /// It belongs to somebody else, in a place where only the user's own files belong.
    #[error(
        "{} is owned by uid {uid} (expected {expected}); refusing to use it. Remove it and retry: {}",
        printable(path),
        removal(path, Target::Entry)
    )]
    ForeignOwner {
        /// The lock file.
        path: PathBuf,
        /// Who owns it.
        uid: u32,
        /// The effective uid.
        expected: u32,
    },
    /// It may not be opened, which says nothing about whether somebody holds it.
    #[error(
        "{} cannot be opened: {source}. Make it readable and writable, or, if nothing is running, remove it: {}",
        printable(path),
        removal(path, Target::Entry)
    )]
    Denied {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A system call failed, which says nothing about whether somebody holds the lock (PID-11).
    #[error("{}: cannot {doing}: {source}", printable(path))]
    Failed {
        /// What was tried, as in "lock it".
        doing: &'static str,
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The name kept moving to another file.
    #[error(
        "{} keeps changing; stop whatever removes or replaces it and retry",
        printable(path)
    )]
    Unsettled {
        /// The lock file.
        path: PathBuf,
    },
}
