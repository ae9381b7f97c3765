//! Looking wherever a server of this user may hold something (UNI-15). Makes and writes nothing.

use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::sys::stat::lstat;

use super::database_lock::{self, DatabaseError, Usage};
use super::paths::{APP, LEGACY_PIDFILE, PIDFILE, Paths};
use crate::dir_handle::{kind_of, retry};
use crate::dir_verdict::{DirError, Unsafe, Verdict};
use crate::lock_error::LockFileError;
use crate::probe::{Holding, probe};
use crate::runtime_dir::RuntimeDir;
use crate::shell::printable;

/// One place where a pidfile may be.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) dir: RuntimeDir,
    /// Whether a server started in this environment would use it.
    pub(super) own: bool,
    pub(super) verdict: Verdict,
    /// `None` where no server of this user can have put a pidfile.
    pub(super) holding: Option<Holding>,
}

impl Place {
    fn look(dir: RuntimeDir, own: bool) -> Self {
        let verdict = dir.judge();
        let holding = match &verdict {
            Verdict::Missing => Some(Holding::Absent),
            // A dir that is only too open may have been safe when a server started.
            Verdict::Safe | Verdict::Unsafe(Unsafe::Permissions(_)) => {
                Some(probe(dir.path(), PIDFILE))
            }
            Verdict::Unsafe(_) => None,
        };
        Self {
            dir,
            own,
            verdict,
            holding,
        }
    }

    /// The pidfile's path.
    pub(super) fn pidfile(&self) -> PathBuf {
        self.dir.path().join(PIDFILE)
    }

    /// Whether `mm` may remove things here: as strict as the server, and stricter with a place
    /// that rests on a directory no server would accept now (UNI-13).
    pub(super) fn is_removable(&self) -> bool {
        self.verdict == Verdict::Safe && self.dir.base_is_safe()
    }

    /// The server's own refusal of this directory.
    pub(super) fn refusal(&self) -> Option<DirError> {
        match &self.verdict {
            Verdict::Unsafe(why) => Some(DirError::Refused {
                path: self.dir.path().to_owned(),
                why: why.clone(),
            }),
            Verdict::Missing | Verdict::Safe => None,
        }
    }
}

/// What is at the path of the state dir.
#[derive(Debug)]
pub(super) enum StateDir {
    Absent,
    Directory,
    /// A symbolic link: used by the server, looked through and left alone by `mm` (UNI-13).
    Link,
    /// Something no server can keep state in.
    NotADirectory,
    CannotLook(Errno),
}

/// Evidence that a server is alive.
#[derive(Debug)]
pub(super) struct Live {
    /// For people; the lock is what counts (UNI-3).
    pub(super) pid: Option<u32>,
    pub(super) what: String,
}

/// Everything there is to be seen.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) places: Vec<Place>,
    pub(super) state_dir: StateDir,
    pub(super) legacy: Holding,
    pub(super) database: Result<Usage, DatabaseError>,
}

impl Survey {
    pub(super) fn take(paths: &Paths) -> Self {
        let candidates = RuntimeDir::candidates(APP, &paths.environment);
        let places = candidates
            .into_iter()
            .enumerate()
            .map(|(rank, dir)| Place::look(dir, rank == 0))
            .collect();
        Self {
            places,
            state_dir: look_at_state_dir(&paths.state_dir),
            legacy: probe(&paths.state_dir, LEGACY_PIDFILE),
            database: database_lock::usage(&paths.database()),
        }
    }

    /// Each lock that says that a server is alive.
    pub(super) fn live(&self, paths: &Paths) -> Vec<Live> {
        let mut live = Vec::new();
        let pidfiles = self
            .places
            .iter()
            .filter_map(|place| Some((place.pidfile(), place.holding.as_ref()?)))
            .chain([(paths.legacy_pidfile(), &self.legacy)]);
        for (path, holding) in pidfiles {
            if let Holding::Held { recorded, .. } = holding {
                let what = format!("the pidfile {} is locked", printable(&path));
                live.push(Live {
                    pid: *recorded,
                    what,
                });
            }
        }
        if let Ok(Usage::Open(pid)) = &self.database {
            let what = format!("the database {} is open", printable(&paths.database()));
            live.push(Live { pid: *pid, what });
        }
        live
    }

    /// What cannot be judged and has to be treated as alive, and why (UNI-16).
    pub(super) fn unclear(&self) -> Vec<String> {
        let mut unclear = Vec::new();
        for place in &self.places {
            if let Some(Holding::CannotTell(error)) = &place.holding {
                unclear.push(format!("pidfile {error}"));
            } else if let Some(refusal) = place.refusal()
                && (place.own || place.verdict.cannot_look())
            {
                unclear.push(refusal.to_string());
            }
        }
        if let Holding::CannotTell(error) = &self.legacy {
            unclear.push(legacy_unclear(error));
        }
        if let Err(error) = &self.database {
            unclear.push(error.to_string());
        }
        if let StateDir::CannotLook(errno) = &self.state_dir {
            unclear.push(format!("cannot look at the state dir: {}", errno.desc()));
        }
        unclear
    }

    /// What is passed over, and why.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        for place in &self.places {
            match (place.refusal(), &place.holding) {
                (Some(_), _) if place.own => {}
                (Some(_), None) => notes.push(format!(
                    "passed over {}, where no server of yours can be: it {}",
                    printable(place.dir.path()),
                    place.verdict.reason()
                )),
                (Some(_), Some(_)) => notes.push(format!(
                    "left alone {}: it {}",
                    printable(place.dir.path()),
                    place.verdict.reason()
                )),
                (None, _) => {}
            }
        }
        notes
    }
}

fn legacy_unclear(error: &LockFileError) -> String {
    format!("legacy pidfile {error}")
}

fn look_at_state_dir(path: &Path) -> StateDir {
    match retry(|| lstat(path)) {
        Ok(found) => match kind_of(&found) {
            "directory" => StateDir::Directory,
            "symlink" => StateDir::Link,
            _ => StateDir::NotADirectory,
        },
        Err(Errno::ENOENT | Errno::ENOTDIR) => StateDir::Absent,
        Err(errno) => StateDir::CannotLook(errno),
    }
}
