//! Events of the world's directories, so that what was there for a moment only is seen too.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

/// The name of the file by which a watch is tried out.
const SENTINEL: &str = ".pidproof-watch";

/// One event.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When it was read, which is a little after it happened.
    pub at: Instant,
    /// What it concerns.
    pub path: PathBuf,
    /// What happened.
    pub what: What,
}

/// What happened to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It appeared, by whatever call.
    Created,
    /// It went away.
    Removed,
    /// Its mode, owner, times or links changed.
    Attributes,
    /// Its content changed.
    Written,
}

impl What {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Removed => "removed",
            Self::Attributes => "attributes changed",
            Self::Written => "written",
        }
    }
}

/// A watch on directories and on those made in them later.
#[derive(Debug)]
pub struct Watch {
    inotify: Inotify,
    dirs: HashMap<WatchDescriptor, PathBuf>,
    /// What is not watched, with what is below it.
    forgotten: Vec<PathBuf>,
    log: Vec<Seen>,
    overflow: bool,
}

impl Watch {
    /// Watches `roots` and every directory below them.
    ///
    /// # Errors
    /// What inotify(7) says.
    pub fn new(roots: &[PathBuf]) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
        let mut watch = Self {
            inotify,
            dirs: HashMap::new(),
            forgotten: Vec::new(),
            log: Vec::new(),
            overflow: false,
        };
        for root in roots {
            watch.add_below(root)?;
        }
        Ok(watch)
    }

    /// Stops watching what is at and below `path`; what is made there later is not watched either.
    ///
    /// # Errors
    /// What inotify(7) says.
    pub fn forget(&mut self, path: &Path) -> io::Result<()> {
        self.read()?;
        self.forgotten.push(path.to_path_buf());
        let gone: Vec<WatchDescriptor> = self
            .dirs
            .iter()
            .filter(|(_, dir)| dir.starts_with(path))
            .map(|(wd, _)| *wd)
            .collect();
        for wd in gone {
            self.dirs.remove(&wd);
            // One whose directory is gone has ended by itself.
            let _ended_already = self.inotify.rm_watch(wd);
        }
        Ok(())
    }

    /// Watches a file system that was mounted on `root`, too.
    ///
    /// # Errors
    /// What inotify(7) says.
    pub fn cover(&mut self, root: &Path) -> io::Result<()> {
        self.add_below(root)
    }

    fn add_below(&mut self, dir: &Path) -> io::Result<()> {
        if self.forgotten.iter().any(|path| dir.starts_with(path)) {
            return Ok(());
        }
        let flags = AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_ATTRIB
            | AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_ONLYDIR
            | AddWatchFlags::IN_DONT_FOLLOW;
        match self.inotify.add_watch(dir, flags) {
            Ok(wd) => {
                self.dirs.insert(wd, dir.to_path_buf());
            }
            // Gone again, no directory, or closed to us: its parent's events still tell of it.
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EACCES | Errno::ELOOP) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
        let (Ok(list), Ok(here)) = (std::fs::read_dir(dir), std::fs::metadata(dir)) else {
            return Ok(());
        };
        for item in list.flatten() {
            // As in the tree, other mounts are no part of it: a subject shown read-only below /home
            // or /tmp may be thousands of directories.
            if item
                .metadata()
                .is_ok_and(|m| m.is_dir() && m.dev() == here.dev())
            {
                self.add_below(&item.path())?;
            }
        }
        Ok(())
    }

    /// Reads what has happened so far.
    ///
    /// # Errors
    /// What inotify(7) says.
    pub fn read(&mut self) -> io::Result<()> {
        loop {
            let events = match self.inotify.read_events() {
                Ok(events) => events,
                Err(Errno::EAGAIN) => return Ok(()),
                Err(errno) => return Err(errno.into()),
            };
            for event in events {
                if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                    self.overflow = true;
                    continue;
                }
                let Some(dir) = self.dirs.get(&event.wd) else {
                    continue;
                };
                let path = event
                    .name
                    .as_ref()
                    .map_or_else(|| dir.clone(), |name| dir.join(name));
                let Some(what) = what(event.mask) else {
                    continue;
                };
                let is_dir = event.mask.contains(AddWatchFlags::IN_ISDIR);
                self.note(path.clone(), what);
                if what == What::Created && is_dir {
                    self.add_below(&path)?;
                    self.note_below(&path);
                }
            }
        }
    }

    /// What was made in a new directory before it was watched is told by looking.
    fn note_below(&mut self, dir: &Path) {
        for item in std::fs::read_dir(dir).into_iter().flatten().flatten() {
            self.note(item.path(), What::Created);
            if item.file_type().is_ok_and(|t| t.is_dir()) {
                self.note_below(&item.path());
            }
        }
    }

    fn note(&mut self, path: PathBuf, what: What) {
        self.log.push(Seen {
            at: Instant::now(),
            path,
            what,
        });
    }

    /// What has been read, without the watch's own trials.
    pub fn log(&self) -> impl Iterator<Item = &Seen> {
        self.log.iter()
    }

    /// How much has been read: a moment to which [`Watch::created_since`] refers.
    pub fn mark(&self) -> usize {
        self.log.len()
    }

    /// The first time `path` appeared after `mark`.
    pub fn created_since(&self, mark: usize, path: &Path) -> Option<&Seen> {
        self.log
            .iter()
            .skip(mark)
            .find(|seen| seen.what == What::Created && seen.path == path)
    }

    /// Where in the order of what was seen `path` went away last.
    pub fn removed_at(&self, path: &Path) -> Option<usize> {
        self.log
            .iter()
            .rposition(|seen| seen.what == What::Removed && seen.path == path)
    }

    /// Shows that an entry of `dir` is seen when it is made, by making one. The directory's times are
    /// put back. Everything that happened before is read when this returns.
    ///
    /// # Errors
    /// That the watch is blind, or what the system says.
    pub fn prove(&mut self, dir: &Path) -> io::Result<()> {
        self.read()?;
        let mark = self.mark();
        let before = std::fs::metadata(dir)?;
        let sentinel = dir.join(SENTINEL);
        std::fs::File::create_new(&sentinel)?;
        std::fs::remove_file(&sentinel)?;
        utimensat(
            nix::fcntl::AT_FDCWD,
            dir,
            &TimeSpec::new(before.atime(), before.atime_nsec()),
            &TimeSpec::new(before.mtime(), before.mtime_nsec()),
            UtimensatFlags::NoFollowSymlink,
        )?;
        self.read()?;
        if self.overflow {
            return Err(io::Error::other(
                "the watch lost events: its queue overflowed",
            ));
        }
        let seen = self.created_since(mark, &sentinel).is_some();
        // The trial is no event of the case.
        let mut at = 0;
        self.log.retain(|seen| {
            at += 1;
            let of_trial =
                seen.path == sentinel || (seen.path == dir && seen.what == What::Attributes);
            at <= mark || !of_trial
        });
        if seen {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "the watch on {} is blind: it did not see a file made there",
            dir.display()
        )))
    }
}

impl AsFd for Watch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }
}

fn what(mask: AddWatchFlags) -> Option<What> {
    if mask.intersects(AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO) {
        Some(What::Created)
    } else if mask.intersects(AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM) {
        Some(What::Removed)
    } else if mask.contains(AddWatchFlags::IN_ATTRIB) {
        Some(What::Attributes)
    } else if mask.contains(AddWatchFlags::IN_MODIFY) {
        Some(What::Written)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_for_a_moment_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(&[dir.path().to_path_buf()]).unwrap();
        watch.prove(dir.path()).unwrap();
        let mark = watch.mark();
        let path = dir.path().join("brief");
        std::fs::create_dir(&path).unwrap();
        std::fs::remove_dir(&path).unwrap();
        watch.prove(dir.path()).unwrap();
        assert!(watch.created_since(mark, &path).is_some());
        assert!(
            watch
                .created_since(mark, &dir.path().join("other"))
                .is_none()
        );
    }

    #[test]
    fn a_watch_that_looks_elsewhere_is_blind() {
        let dir = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(&[dir.path().to_path_buf()]).unwrap();
        assert!(watch.prove(other.path()).is_err());
    }

    #[test]
    fn a_directory_made_later_is_watched_too() {
        let dir = tempfile::tempdir().unwrap();
        let mut watch = Watch::new(&[dir.path().to_path_buf()]).unwrap();
        let sub = dir.path().join("sub");
        std::fs::create_dir(&sub).unwrap();
        watch.read().unwrap();
        watch.prove(&sub).unwrap();
    }
}
