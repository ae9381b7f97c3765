//! The database's own witness that somebody has it open.
//!
//! SQLite locks a range of bytes at one gigabyte into the file. A connection in WAL mode keeps a
//! read lock there for as long as it is open, whatever became of any pidfile (PID-13, UNI-14). A
//! write lock over the range, asked for or taken, meets every such lock. It is an open file
//! description lock, which conflicts with SQLite's process locks and, unlike them, is not lost
//! when another descriptor of the file is closed.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::libc;
use nix::sys::stat::{Mode, fstat, stat};

use crate::dir_handle::{kind_of, retry};
use crate::shell::printable;

/// Where SQLite's locks begin (`PENDING_BYTE`), and how many bytes they take.
const FIRST: libc::off_t = 0x4000_0000;
const COUNT: libc::off_t = 512;

/// Why it cannot be told whether the database is open.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} the database {}: {source}", printable(path))]
pub(super) struct DatabaseError {
    doing: &'static str,
    path: PathBuf,
    source: std::io::Error,
}

/// Whether somebody has the database open.
#[derive(Debug)]
pub(super) enum Usage {
    /// There is no database.
    Absent,
    /// Nobody has it open.
    Closed,
    /// Somebody has, with the pid if the system tells it.
    Open(Option<u32>),
}

/// A write lock on the database, or proof that nobody needs to be kept out.
#[derive(Debug)]
pub(super) enum Guard {
    /// Held until dropped; absent where there is no database.
    Held {
        /// The descriptor that carries the lock.
        _file: Option<File>,
    },
    /// Somebody has the database open.
    Open(Option<u32>),
}

/// Asks; opens the file for reading and takes no lock.
pub(super) fn usage(path: &Path) -> Result<Usage, DatabaseError> {
    match open_database(path, OFlag::O_RDONLY)? {
        None => Ok(Usage::Absent),
        Some(file) => Ok(match holder(&file, path)? {
            Some(pid) => Usage::Open(pid),
            None => Usage::Closed,
        }),
    }
}

/// Keeps every SQLite connection out until the guard is dropped.
pub(super) fn guard(path: &Path) -> Result<Guard, DatabaseError> {
    let file = match open_database(path, OFlag::O_RDWR) {
        Ok(None) => return Ok(Guard::Held { _file: None }),
        Ok(Some(file)) => file,
        // A database that may only be read can be asked about and not locked.
        Err(_) => {
            return Ok(match usage(path)? {
                Usage::Open(pid) => Guard::Open(pid),
                Usage::Absent | Usage::Closed => Guard::Held { _file: None },
            });
        }
    };
    let lock = write_lock();
    match retry(|| fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&lock))) {
        Ok(_) => Ok(Guard::Held { _file: Some(file) }),
        Err(Errno::EAGAIN | Errno::EACCES) => Ok(Guard::Open(holder(&file, path)?.flatten())),
        Err(errno) => Err(failed("lock", path, errno)),
    }
}

/// Opens what the path leads to, through a link as SQLite does; `None` where nothing is that
/// SQLite could have open.
fn open_database(path: &Path, mode: OFlag) -> Result<Option<File>, DatabaseError> {
    // O_NONBLOCK: a fifo there must not hang anybody.
    let flags = mode | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    match retry(|| stat(path)) {
        Ok(found) if kind_of(&found) == "regular file" => {}
        Ok(_) | Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(None),
        Err(errno) => return Err(failed("look at", path, errno)),
    }
    let fd = match retry(|| open(path, flags, Mode::empty())) {
        Ok(fd) => fd,
        Err(Errno::ENOENT) => return Ok(None),
        Err(errno) => return Err(failed("open", path, errno)),
    };
    let found = retry(|| fstat(fd.as_fd())).map_err(|errno| failed("look at", path, errno))?;
    Ok((kind_of(&found) == "regular file").then(|| File::from(fd)))
}

/// Who has a lock in the range: `Some(None)` for somebody whose pid the system does not tell.
fn holder(file: &File, path: &Path) -> Result<Option<Option<u32>>, DatabaseError> {
    let mut lock = write_lock();
    retry(|| fcntl(file.as_fd(), FcntlArg::F_OFD_GETLK(&mut lock)))
        .map_err(|errno| failed("ask for locks on", path, errno))?;
    if i32::from(lock.l_type) == libc::F_UNLCK {
        return Ok(None);
    }
    Ok(Some(u32::try_from(lock.l_pid).ok().filter(|&pid| pid > 0)))
}

fn write_lock() -> libc::flock {
    libc::flock {
        // The constants are small, their type in the C library is wider than the field.
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: FIRST,
        l_len: COUNT,
        // Has to be zero for an open file description lock.
        l_pid: 0,
    }
}

fn failed(doing: &'static str, path: &Path, errno: Errno) -> DatabaseError {
    DatabaseError {
        doing,
        path: path.to_owned(),
        source: errno.into(),
    }
}
