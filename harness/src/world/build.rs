//! Making a world's directories, and under namespaces its mounts.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::{SUBJECT_UID, World};
use crate::scenario::model::Tier;
use crate::sys::mount;

/// Why a world could not be made: the suite or the host failed, not the subject.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
pub struct BuildError {
    pub(super) what: String,
    pub(super) source: io::Error,
}

/// What of the host a subject needs to see: programs and libraries, read-only. Not /home, /root, /run,
/// /tmp, /var, /sys or /mnt.
const SHOWN: [&str; 10] = [
    "usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "opt", "nix",
];
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Where the suite's executable is seen in a private world.
const EXE: &str = "/pidproof";

impl World {
    /// A world below `root`, isolated by its environment only.
    ///
    /// # Errors
    /// The directory that could not be made.
    pub fn plain(root: &Path, exe: &Path) -> Result<Self, BuildError> {
        let is_root = geteuid().is_root();
        let uid = if is_root {
            SUBJECT_UID
        } else {
            geteuid().as_raw()
        };
        let gid = if is_root {
            SUBJECT_UID
        } else {
            nix::unistd::getegid().as_raw()
        };
        let world = Self::at(root, Tier::Plain, exe.to_path_buf(), (uid, gid), is_root);
        world.make_dirs()?;
        Ok(world)
    }

    /// A world of its own, in the namespaces this process has entered. `shown` are further host paths
    /// the subject needs to see, at the same paths, read-only.
    ///
    /// # Errors
    /// The step the kernel refused.
    pub fn private(tier: Tier, exe: &Path, shown: &[PathBuf]) -> Result<Self, BuildError> {
        mount::make_private().map_err(BuildError::nix("making mounts private"))?;
        let exe_fd = open(exe)?;
        // Whether each is a directory is asked now: below /tmp it is out of sight in a moment.
        let shown = outermost(shown);
        let extra: Vec<(&PathBuf, bool, OwnedFd)> = shown
            .iter()
            .filter(|path| {
                !SHOWN
                    .iter()
                    .any(|dir| path.starts_with(Path::new("/").join(dir)))
            })
            .map(|path| Ok((path, path.is_dir(), open(path)?)))
            .collect::<Result<_, BuildError>>()?;
        let host: Vec<(&str, OwnedFd)> = SHOWN
            .iter()
            .filter(|dir| is_real_dir(&Path::new("/").join(dir)))
            .map(|dir| Ok((*dir, open(&Path::new("/").join(dir))?)))
            .collect::<Result<_, BuildError>>()?;
        let links: Vec<(&str, PathBuf)> = SHOWN
            .iter()
            .filter_map(|dir| Some((*dir, fs::read_link(Path::new("/").join(dir)).ok()?)))
            .collect();
        let devices: Vec<(&str, OwnedFd)> = DEVICES
            .iter()
            .map(|name| Ok((*name, open(&Path::new("/dev").join(name))?)))
            .collect::<Result<_, BuildError>>()?;

        // Mounted over a directory every host has; nothing is left on disk when the namespace ends.
        let root = Path::new("/tmp");
        mount::tmpfs(root, "mode=0755").map_err(BuildError::nix("mounting the world's root"))?;
        let bind = |fd: &OwnedFd, at: &Path, read_only: bool| {
            mount::bind(fd, at, read_only)
                .map_err(BuildError::io(format!("showing {}", at.display())))
        };
        for (dir, fd) in &host {
            let at = root.join(dir);
            mkdir(&at, 0o755)?;
            bind(fd, &at, true)?;
        }
        for (dir, target) in &links {
            symlink(target, root.join(dir)).map_err(BuildError::io(format!("linking /{dir}")))?;
        }
        mkdir(&root.join("dev"), 0o755)?;
        for (name, fd) in &devices {
            let at = root.join("dev").join(name);
            File::create(&at).map_err(BuildError::io(format!("making /dev/{name}")))?;
            bind(fd, &at, false)?;
        }
        mkdir(&root.join("dev/pts"), 0o755)?;
        mount::terminals(&root.join("dev/pts")).map_err(BuildError::nix("mounting /dev/pts"))?;
        symlink("pts/ptmx", root.join("dev/ptmx")).map_err(BuildError::io("linking /dev/ptmx"))?;
        mkdir(&root.join("proc"), 0o755)?;
        mount::proc(&root.join("proc")).map_err(BuildError::nix("mounting /proc"))?;
        let exe_at = root.join(&EXE[1..]);
        File::create(&exe_at)
            .map_err(BuildError::io("making the place of the suite's executable"))?;
        bind(&exe_fd, &exe_at, true)?;

        let drops_ids = geteuid().is_root();
        let world = Self::at(
            root,
            tier,
            PathBuf::from(EXE),
            (SUBJECT_UID, SUBJECT_UID),
            drops_ids,
        );
        world.make_dirs()?;
        for (path, is_dir, fd) in &extra {
            let at = root.join(path.strip_prefix("/").unwrap_or(path));
            if *is_dir {
                make_parents(root, &at)?;
                mkdir(&at, 0o755)?;
            } else {
                make_parents(root, &at)?;
                File::create(&at).map_err(BuildError::io(format!("making {}", path.display())))?;
            }
            bind(fd, &at, true)?;
        }
        mount::pivot(root).map_err(BuildError::nix("pivot_root"))?;
        nix::unistd::sethostname("world").map_err(BuildError::nix("sethostname"))?;
        mount::loopback_up().map_err(BuildError::io("bringing loopback up"))?;
        Ok(Self::at(
            Path::new("/"),
            tier,
            PathBuf::from(EXE),
            (SUBJECT_UID, SUBJECT_UID),
            drops_ids,
        ))
    }

    fn at(root: &Path, tier: Tier, exe: PathBuf, ids: (u32, u32), drops_ids: bool) -> Self {
        let (uid, gid) = ids;
        let roots = ["home", "run/user", "tmp", "work"].map(|dir| root.join(dir));
        Self {
            tier,
            home: root.join("home/user"),
            xdg: root.join(format!("run/user/{uid}")),
            tmp: root.join("tmp/session"),
            system_tmp: root.join("tmp"),
            cwd: root.join("work"),
            roots: roots.into(),
            exe,
            uid,
            gid,
            drops_ids,
        }
    }

    /// Makes the world anew: whatever was made in it is gone.
    ///
    /// # Errors
    /// What could not be removed or made.
    pub fn renew(&self) -> Result<(), BuildError> {
        for root in &self.roots {
            let what = || format!("emptying {}", root.display());
            for entry in fs::read_dir(root).map_err(BuildError::io(what()))? {
                let entry = entry.map_err(BuildError::io(what()))?;
                let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let removed = if is_dir {
                    fs::remove_dir_all(entry.path())
                } else {
                    fs::remove_file(entry.path())
                };
                removed.map_err(BuildError::io(what()))?;
            }
        }
        self.make_dirs()
    }

    fn make_dirs(&self) -> Result<(), BuildError> {
        let parent = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
        let run_user = parent(&self.xdg);
        for (path, mode, owned) in [
            (&parent(&self.home), 0o755, false),
            (&self.home, 0o755, true),
            (&parent(&run_user), 0o755, false),
            (&run_user, 0o755, false),
            (&self.xdg, 0o700, true),
            (&self.system_tmp, 0o1777, false),
            (&self.tmp, 0o755, true),
            (&self.cwd, 0o755, true),
        ] {
            mkdir(path, mode)?;
            if owned && self.drops_ids {
                chown(path, Some(self.uid), Some(self.gid))
                    .map_err(BuildError::io(format!("chown {}", path.display())))?;
            }
        }
        Ok(())
    }
}

/// Without those that lie within others, which a read-only mount would leave no room for, and each once.
fn outermost(shown: &[PathBuf]) -> Vec<PathBuf> {
    let mut all = shown.to_vec();
    all.sort();
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in all {
        if !kept.iter().any(|k| path.starts_with(k)) {
            kept.push(path);
        }
    }
    kept
}

/// Under any umask of the suite's own.
fn mkdir(path: &Path, mode: u32) -> Result<(), BuildError> {
    match fs::create_dir(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        made => made.map_err(BuildError::io(format!("mkdir {}", path.display())))?,
    }
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(BuildError::io(format!("chmod {}", path.display())))
}

fn make_parents(root: &Path, path: &Path) -> Result<(), BuildError> {
    let mut at = root.to_path_buf();
    let Some(parent) = path.parent().and_then(|p| p.strip_prefix(root).ok()) else {
        return Ok(());
    };
    for part in parent {
        at.push(part);
        mkdir(&at, 0o755)?;
    }
    Ok(())
}

pub(super) fn open(path: &Path) -> Result<OwnedFd, BuildError> {
    File::options()
        .read(true)
        .custom_flags((OFlag::O_PATH | OFlag::O_CLOEXEC).bits())
        .open(path)
        .map(OwnedFd::from)
        .map_err(BuildError::io(format!("opening {}", path.display())))
}

fn is_real_dir(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_within_another_is_left_out() {
        let paths = ["/a/b", "/a", "/ab", "/a"].map(PathBuf::from);
        assert_eq!(outermost(&paths), [PathBuf::from("/a"), "/ab".into()]);
    }
}
