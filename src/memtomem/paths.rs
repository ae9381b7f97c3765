//! The names and places of memtomem, in one place for the server and for `mm` (RUN-7).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{User, geteuid};

use crate::runtime_dir::{Environment, RuntimeDir};
use crate::shell::printable;

/// The application, as in the name of the runtime dir.
pub(super) const APP: &str = "memtomem";
/// The pidfile, in the runtime dir.
pub(super) const PIDFILE: &str = "server.pid";
/// The pidfile of old servers, in the state dir.
pub(super) const LEGACY_PIDFILE: &str = ".server.pid";
/// The state dir, in the home directory.
const STATE_DIR: &str = ".memtomem";
/// The database, in the state dir.
pub(super) const DATABASE: &str = "memtomem.db";

/// Why there is no home directory.
#[derive(Debug, thiserror::Error)]
pub(super) enum HomeError {
    #[error("HOME is a relative path ({}); set it to your home directory", printable(.0))]
    Relative(PathBuf),
    #[error("HOME is not set and uid {0} has no home directory in the user database; set HOME")]
    Unknown(u32),
}

/// Where everything is, for one environment. Finding out makes nothing.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) environment: Environment,
    pub(super) runtime_dir: RuntimeDir,
    pub(super) state_dir: PathBuf,
}

impl Paths {
    pub(super) fn of_process() -> Result<Self, HomeError> {
        let environment = Environment::of_process();
        let runtime_dir = RuntimeDir::resolve(APP, &environment);
        let state_dir = home(std::env::var_os("HOME"))?.join(STATE_DIR);
        Ok(Self {
            environment,
            runtime_dir,
            state_dir,
        })
    }

    pub(super) fn legacy_pidfile(&self) -> PathBuf {
        self.state_dir.join(LEGACY_PIDFILE)
    }

    pub(super) fn database(&self) -> PathBuf {
        self.state_dir.join(DATABASE)
    }
}

/// `$HOME`, else what the user database says. A relative one would mean another state dir for each
/// working directory.
fn home(variable: Option<OsString>) -> Result<PathBuf, HomeError> {
    if let Some(home) = variable.filter(|home| !home.is_empty()) {
        let home: PathBuf = Path::new(&home).components().collect();
        return if home.is_absolute() {
            Ok(home)
        } else {
            Err(HomeError::Relative(home))
        };
    }
    let euid = geteuid();
    match User::from_uid(euid) {
        Ok(Some(user)) if user.dir.is_absolute() => Ok(user.dir),
        Ok(_) | Err(_) => Err(HomeError::Unknown(euid.as_raw())),
    }
}
