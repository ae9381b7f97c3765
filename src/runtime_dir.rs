//! Where runtime files go, and whether that place can be trusted.
//!
//! [`RuntimeDir::resolve`] only looks (RUN-5). [`RuntimeDir::judge`] only looks. Only
//! [`RuntimeDir::ensure`] makes something, and it never changes what it finds (DIR-8).

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::{geteuid, mkdir};

use crate::dir_handle::{ATTEMPTS, DirHandle, Links, retry};
use crate::dir_verdict::{DirError, Unsafe, Verdict, judge, judge_stat};
use crate::shell::printable;
use crate::umask;

/// What the choice of a runtime dir depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// `XDG_RUNTIME_DIR`, if set.
    pub xdg_runtime_dir: Option<OsString>,
    /// `TMPDIR`, if set.
    pub tmpdir: Option<OsString>,
    /// The effective uid: the owner a safe directory must have, and the number in the name of the
    /// temp form (RUN-4).
    pub euid: u32,
}

impl Environment {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self {
            xdg_runtime_dir: std::env::var_os("XDG_RUNTIME_DIR"),
            tmpdir: std::env::var_os("TMPDIR"),
            euid: geteuid().as_raw(),
        }
    }

    /// `$TMPDIR` where it is an absolute path, else `/tmp`. A relative one would mean another
    /// place for each working directory.
    fn temp_base(&self) -> PathBuf {
        match &self.tmpdir {
            Some(dir) if Path::new(dir).is_absolute() => tidy(dir),
            Some(_) | None => PathBuf::from("/tmp"),
        }
    }
}

/// Why `XDG_RUNTIME_DIR` was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassedOver {
    /// It is not set.
    Unset,
    /// It is set to nothing.
    Empty,
    /// It is a relative path, which the XDG Base Directory Specification tells to ignore (RUN-6).
    Relative(PathBuf),
    /// Nothing is there.
    Missing(PathBuf),
    /// Something is there that must not be trusted (RUN-3).
    Unsafe(PathBuf, Unsafe),
}

impl std::fmt::Display for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unset => f.write_str("XDG_RUNTIME_DIR is not set"),
            Self::Empty => f.write_str("XDG_RUNTIME_DIR is empty"),
            Self::Relative(dir) => {
                write!(f, "XDG_RUNTIME_DIR ({}) is a relative path", printable(dir))
            }
            Self::Missing(dir) => write!(f, "XDG_RUNTIME_DIR ({}) does not exist", printable(dir)),
            Self::Unsafe(dir, why) => write!(f, "XDG_RUNTIME_DIR ({}) {why}", printable(dir)),
        }
    }
}

/// How a runtime dir came by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// `$XDG_RUNTIME_DIR/<app>` (RUN-1).
    Xdg,
    /// `<temp base>/<app>-<euid>` (RUN-2), and why the other form was not taken.
    Temp(PassedOver),
    /// Not this environment's place, but one that a process of this user may use (UNI-15).
    Elsewhere,
}

/// A directory that was found safe, and is held open: what is done in it is done in the directory
/// that was judged, wherever its name leads by then.
pub type SafeDir = Arc<DirHandle>;

/// The place of an application's runtime files: a path, and how it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeDir {
    path: PathBuf,
    form: Form,
    euid: u32,
    /// The directory whose safety this place rests on, if it has to be safe as well.
    base: Option<PathBuf>,
}

impl RuntimeDir {
    /// Chooses the runtime dir of `app` (RUN-1 to RUN-4, RUN-6). Makes nothing and never fails: an
    /// unusable `XDG_RUNTIME_DIR` is passed over, with the reason kept in [`RuntimeDir::form`].
    #[must_use]
    pub fn resolve(app: &str, environment: &Environment) -> Self {
        let euid = environment.euid;
        let passed_over = match xdg_base(environment) {
            Ok(base) => {
                let path = base.join(app);
                return Self {
                    path,
                    form: Form::Xdg,
                    euid,
                    base: Some(base),
                };
            }
            Err(why) => why,
        };
        let path = environment.temp_base().join(format!("{app}-{euid}"));
        Self {
            path,
            form: Form::Temp(passed_over),
            euid,
            base: None,
        }
    }

    /// Every place where a process of this user may keep the runtime files of `app`, the one of
    /// this environment first (UNI-15): both forms of this environment, `/run/user/<euid>/<app>`
    /// and `/tmp/<app>-<euid>`. Makes nothing.
    #[must_use]
    pub fn candidates(app: &str, environment: &Environment) -> Vec<Self> {
        let euid = environment.euid;
        let mut found = vec![Self::resolve(app, environment)];
        let mut add = |path: PathBuf, base: Option<PathBuf>| {
            if !found.iter().any(|known| known.path == path) {
                found.push(Self {
                    path,
                    form: Form::Elsewhere,
                    euid,
                    base,
                });
            }
        };
        if let Some(xdg) = &environment.xdg_runtime_dir {
            let base = tidy(xdg);
            // One of another owner was passed over by every server of this user (RUN-3), and may
            // not even be looked into, as after `su` without a login.
            let foreign = matches!(
                judge(&base, euid),
                Verdict::Unsafe(Unsafe::ForeignOwner { .. })
            );
            if base.is_absolute() && !foreign {
                add(base.join(app), Some(base));
            }
        }
        let temp_name = format!("{app}-{euid}");
        add(environment.temp_base().join(&temp_name), None);
        let session = PathBuf::from(format!("/run/user/{euid}"));
        add(session.join(app), Some(session));
        add(Path::new("/tmp").join(&temp_name), None);
        found
    }

    /// The path, which may or may not exist.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the path was chosen.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// Whether the directory above is safe, where the form asks for that.
    #[must_use]
    pub fn base_is_safe(&self) -> bool {
        self.base
            .as_deref()
            .is_none_or(|base| judge(base, self.euid) == Verdict::Safe)
    }

    /// Looks at the path with `lstat` and nothing else.
    #[must_use]
    pub fn judge(&self) -> Verdict {
        judge(&self.path, self.euid)
    }

    /// Opens the directory, which is made with mode `0700` if it is missing (DIR-1, DIR-2). What
    /// is there is used as it is or refused (DIR-3 to DIR-8), also if it appeared only after the
    /// first look (DIR-12).
    ///
    /// # Errors
    ///
    /// [`DirError::Refused`] for what is there but not safe, [`DirError::Failed`] if it cannot be
    /// made or opened, [`DirError::Unsettled`] if it changes too often.
    pub fn ensure(&self) -> Result<SafeDir, DirError> {
        for _ in 0..ATTEMPTS {
            match self.judge() {
                Verdict::Safe => {
                    if let Some(dir) = self.open()? {
                        return Ok(dir);
                    }
                }
                Verdict::Unsafe(why) => return Err(self.refused(why)),
                Verdict::Missing => {
                    match umask::private(|| retry(|| mkdir(&self.path, Mode::S_IRWXU))) {
                        // Whoever made it, it is judged like what was there before.
                        Ok(()) | Err(Errno::EEXIST) => {}
                        Err(errno) => return Err(self.failed("make", errno)),
                    }
                }
            }
        }
        Err(DirError::Unsettled {
            path: self.path.clone(),
        })
    }

    /// Opens the directory if it is there and safe; makes nothing. `None` if nothing is there.
    ///
    /// # Errors
    ///
    /// As [`RuntimeDir::ensure`].
    pub fn existing(&self) -> Result<Option<SafeDir>, DirError> {
        for _ in 0..ATTEMPTS {
            match self.judge() {
                Verdict::Missing => return Ok(None),
                Verdict::Unsafe(why) => return Err(self.refused(why)),
                Verdict::Safe => {
                    if let Some(dir) = self.open()? {
                        return Ok(Some(dir));
                    }
                }
            }
        }
        Err(DirError::Unsettled {
            path: self.path.clone(),
        })
    }

    /// Opens what was just judged safe, and judges what was opened. `None`: it changed meanwhile.
    fn open(&self) -> Result<Option<SafeDir>, DirError> {
        let dir = match DirHandle::open(&self.path, Links::Refused) {
            Ok(dir) => dir,
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(None),
            Err(errno) => return Err(self.failed("open", errno)),
        };
        match dir.stat().map(|found| judge_stat(&found, self.euid)) {
            Ok(Verdict::Safe) => Ok(Some(Arc::new(dir))),
            Ok(Verdict::Missing | Verdict::Unsafe(_)) => Ok(None),
            Err(errno) => Err(self.failed("open", errno)),
        }
    }

    fn refused(&self, why: Unsafe) -> DirError {
        DirError::Refused {
            path: self.path.clone(),
            why,
        }
    }

    fn failed(&self, doing: &'static str, errno: Errno) -> DirError {
        DirError::Failed {
            doing,
            path: self.path.clone(),
            source: errno.into(),
        }
    }
}

/// The path without trailing slashes: `lstat` of `link/` would look at what the link leads to.
fn tidy(path: &OsStr) -> PathBuf {
    Path::new(path).components().collect()
}

fn xdg_base(environment: &Environment) -> Result<PathBuf, PassedOver> {
    let Some(value) = &environment.xdg_runtime_dir else {
        return Err(PassedOver::Unset);
    };
    if value.is_empty() {
        return Err(PassedOver::Empty);
    }
    let base = tidy(value);
    if !base.is_absolute() {
        return Err(PassedOver::Relative(base));
    }
    match judge(&base, environment.euid) {
        Verdict::Safe => Ok(base),
        Verdict::Missing => Err(PassedOver::Missing(base)),
        Verdict::Unsafe(why) => Err(PassedOver::Unsafe(base, why)),
    }
}
