//! The world a case runs in: its own HOME, XDG_RUNTIME_DIR, TMPDIR and working directory, made fresh.

mod build;
mod change;
mod facts;
mod mounts;
mod namespaces;
mod tier;

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

pub use build::BuildError;
pub use change::{Filled, apply};
pub use facts::{file_system, kernel, subject_uid};
pub use mounts::{Tmpfs, mount_bind, mount_tmpfs, umount};
pub use namespaces::enter;
pub use tier::{Host, PATH, Unfit, find_tool, is_program};

use crate::scenario::model::Tier;
use crate::scenario::template::WorldVar;

/// The uid subjects run as in a private world and under root.
pub const SUBJECT_UID: u32 = 1000;
/// A uid that is neither the subject's nor root's.
pub const OTHER_UID: u32 = 1001;

/// A world, as the processes in it see it.
#[derive(Debug, Clone)]
pub struct World {
    /// How it is isolated.
    pub tier: Tier,
    /// HOME.
    pub home: PathBuf,
    /// A usable XDG_RUNTIME_DIR.
    pub xdg: PathBuf,
    /// TMPDIR.
    pub tmp: PathBuf,
    /// `/tmp`.
    pub system_tmp: PathBuf,
    /// Working directory.
    pub cwd: PathBuf,
    /// The directories that hold all of these: what "the whole world" means to a check.
    pub roots: Vec<PathBuf>,
    /// The executable of the suite, for its own roles.
    pub exe: PathBuf,
    /// uid of the subjects.
    pub uid: u32,
    /// gid of the subjects.
    pub gid: u32,
    /// Whether a child has to change its uid to become a subject.
    pub drops_ids: bool,
}

impl World {
    /// The bytes a place in a template stands for.
    pub fn value(&self, var: WorldVar) -> Vec<u8> {
        let path = |p: &Path| p.as_os_str().as_bytes().to_vec();
        match var {
            WorldVar::Home => path(&self.home),
            WorldVar::Xdg => path(&self.xdg),
            WorldVar::Tmp => path(&self.tmp),
            WorldVar::SystemTmp => path(&self.system_tmp),
            WorldVar::Cwd => path(&self.cwd),
            WorldVar::Uid => self.uid.to_string().into_bytes(),
            WorldVar::OtherUid => OTHER_UID.to_string().into_bytes(),
        }
    }

    /// The environment of every process, before the scenario's own.
    pub fn env(&self) -> Vec<(String, OsString)> {
        let path = |p: &Path| p.as_os_str().to_owned();
        vec![
            ("PATH".into(), tier::PATH.into()),
            ("HOME".into(), path(&self.home)),
            ("USER".into(), "user".into()),
            ("LOGNAME".into(), "user".into()),
            ("XDG_RUNTIME_DIR".into(), path(&self.xdg)),
            ("TMPDIR".into(), path(&self.tmp)),
            ("COLUMNS".into(), "1000".into()),
            ("LC_ALL".into(), "C.UTF-8".into()),
        ]
    }

    /// A path shown by the names of the world where it lies in one of its directories.
    pub fn show(&self, path: &Path) -> String {
        let named = [
            (&self.home, "${home}"),
            (&self.xdg, "${xdg}"),
            (&self.tmp, "${tmp}"),
            (&self.cwd, "${cwd}"),
            (&self.system_tmp, "${system_tmp}"),
        ];
        for (dir, name) in named {
            if let Ok(rest) = path.strip_prefix(dir) {
                let rest = rest.as_os_str().as_bytes().escape_ascii().to_string();
                return if rest.is_empty() {
                    name.to_owned()
                } else {
                    format!("{name}/{rest}")
                };
            }
        }
        path.as_os_str().as_bytes().escape_ascii().to_string()
    }
}

/// Bytes as a path.
pub fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}
