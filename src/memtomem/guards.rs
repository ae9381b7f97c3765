//! The locks that `mm uninstall` holds while it works: nobody can start to use what is being
//! removed (UNI-14).

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use super::console::warn;
use super::database_lock::{self, Guard};
use super::paths::{LEGACY_PIDFILE, PIDFILE, Paths};
use super::survey::{Live, StateDir, Survey};
use crate::dir_handle::{ATTEMPTS, DirHandle, Links};
use crate::lock_error::LockFileError;
use crate::lock_file::{Access, Kind, LockFile};
use crate::lock_wait::LockWait;
use crate::probe::recorded_pid;
use crate::runtime_dir::SafeDir;
use crate::shared_hold::create_marked;
use crate::shell::printable;

/// How long a held lock is waited for: another `mm` probes for an instant.
const PATIENCE: Duration = Duration::from_millis(100);

/// A pidfile that is held, in the directory it was found in. The file is `None` where `--force`
/// goes ahead without the lock.
#[derive(Debug)]
pub(super) struct HeldPidfile {
    pub(super) dir: Arc<DirHandle>,
    pub(super) name: &'static str,
    pub(super) file: Option<LockFile>,
    /// Whether the file was made here, to have something to lock.
    pub(super) made: bool,
}

impl HeldPidfile {
    /// Removes a file that was made for the lock, under the lock. Failing that, it carries the
    /// mark by which the next server knows it.
    pub(super) fn unmake(&self) {
        if let (true, Some(file)) = (self.made, &self.file) {
            let _left_behind_marked = file.unlink();
        }
    }
}

/// All that is held.
#[derive(Debug)]
pub(super) struct Guards {
    pub(super) pidfiles: Vec<HeldPidfile>,
    pub(super) runtime_dirs: Vec<SafeDir>,
    /// The state dir, if there is one to work in, and the legacy pidfile in it.
    pub(super) state: Option<(Arc<DirHandle>, HeldPidfile)>,
    _database: Option<Guard>,
}

/// Why the work cannot begin.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// A server is alive.
    Live(Live),
    /// It cannot be told whether one is.
    Unclear(String),
}

/// The outcome of asking for one lock.
enum Asked {
    Absent,
    Mine {
        file: LockFile,
        /// Whether it was made here.
        made: bool,
    },
    Theirs(Option<u32>),
}

impl Guards {
    /// Takes an exclusive lock on every pidfile there is, on the legacy pidfile (which is made for
    /// that if it is missing from a state dir), and on the database. With
    /// `force`, what cannot be had is done without.
    ///
    /// A file made here goes again if the work cannot begin.
    pub(super) fn take(paths: &Paths, survey: &Survey, force: bool) -> Result<Self, Obstacle> {
        let mut guards = Self {
            pidfiles: Vec::new(),
            runtime_dirs: Vec::new(),
            state: None,
            _database: None,
        };
        for place in &survey.places {
            if !place.is_removable() {
                continue;
            }
            let dir = match place.dir.existing() {
                Ok(Some(dir)) => dir,
                Ok(None) => continue,
                Err(error) if force => {
                    warn(format_args!("warning: {error}"));
                    continue;
                }
                Err(error) => return Err(Obstacle::Unclear(error.to_string())),
            };
            if let Some(pidfile) = hold(&dir, PIDFILE, force, |_| Ok(None))? {
                guards.pidfiles.push(pidfile);
            }
            guards.runtime_dirs.push(dir);
        }
        if matches!(survey.state_dir, StateDir::Directory) {
            guards.guard_state(paths, force)?;
        }
        Ok(guards)
    }

    fn guard_state(&mut self, paths: &Paths, force: bool) -> Result<(), Obstacle> {
        let dir = match DirHandle::open(&paths.state_dir, Links::Refused) {
            Ok(dir) => Arc::new(dir),
            Err(nix::errno::Errno::ENOENT) => return Ok(()),
            Err(errno) => {
                let place = printable(&paths.state_dir);
                return Err(Obstacle::Unclear(format!(
                    "cannot open {place}: {}",
                    errno.desc()
                )));
            }
        };
        let name = OsStr::new(LEGACY_PIDFILE);
        let make = |dir: &Arc<DirHandle>| create_marked(dir, name, Kind::Exclusive);
        let legacy = hold(&dir, LEGACY_PIDFILE, force, make)?.unwrap_or(HeldPidfile {
            dir: Arc::clone(&dir),
            name: LEGACY_PIDFILE,
            file: None,
            made: false,
        });
        let database = match database_lock::guard(&paths.database()) {
            Ok(Guard::Open(pid)) if !force => {
                let what = format!("the database {} is open", printable(&paths.database()));
                Err(Obstacle::Live(Live { pid, what }))
            }
            Err(error) if !force => Err(Obstacle::Unclear(error.to_string())),
            Ok(guard) => Ok(Some(guard)),
            Err(_) => Ok(None),
        };
        match database {
            Ok(database) => self._database = database,
            Err(obstacle) => {
                legacy.unmake();
                return Err(obstacle);
            }
        }
        self.state = Some((dir, legacy));
        Ok(())
    }
}

fn hold(
    dir: &Arc<DirHandle>,
    name: &'static str,
    force: bool,
    make: impl FnMut(&Arc<DirHandle>) -> Result<Option<LockFile>, LockFileError>,
) -> Result<Option<HeldPidfile>, Obstacle> {
    let held = |file, made| {
        Some(HeldPidfile {
            dir: Arc::clone(dir),
            name,
            file,
            made,
        })
    };
    match ask(dir, OsStr::new(name), make) {
        Ok(Asked::Absent) => Ok(None),
        Ok(Asked::Mine { file, made }) => Ok(held(Some(file), made)),
        Ok(Asked::Theirs(_)) | Err(_) if force => Ok(held(None, false)),
        Ok(Asked::Theirs(pid)) => {
            let what = format!(
                "the pidfile {} is locked",
                printable(&dir.path().join(name))
            );
            Err(Obstacle::Live(Live { pid, what }))
        }
        Err(error) => Err(Obstacle::Unclear(format!("pidfile {error}"))),
    }
}

/// Locks a pidfile exclusively, the way every server does: the lock counts if the path names the
/// locked file afterwards.
fn ask(
    dir: &Arc<DirHandle>,
    name: &OsStr,
    mut make: impl FnMut(&Arc<DirHandle>) -> Result<Option<LockFile>, LockFileError>,
) -> Result<Asked, LockFileError> {
    for _ in 0..ATTEMPTS {
        let (file, made) = match LockFile::open(dir, name, Access::Look)? {
            Some(file) => (file, false),
            None => match make(dir)? {
                Some(file) => (file, true),
                None if matches!(dir.entry(name), Ok(None)) => return Ok(Asked::Absent),
                None => continue,
            },
        };
        let file = if file.try_lock(Kind::Exclusive)? {
            file
        } else {
            let recorded = recorded_pid(&file.head(64).unwrap_or_default());
            match LockWait::start(file, Kind::Exclusive)?.within(PATIENCE) {
                Some(file) => file?,
                None => return Ok(Asked::Theirs(recorded)),
            }
        };
        if file.is_named()? {
            return Ok(Asked::Mine { file, made });
        }
    }
    Err(LockFileError::Unsettled {
        path: dir.path().join(name),
    })
}
