//! A file that is written as a whole, when all that goes into it is known.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::Failure;
use crate::report::junit;
use crate::report::record::{CaseRecord, EndRecord, RunRecord};

/// Where it will be.
pub(super) struct Target {
    /// Its path, with links followed: what is replaced is the file, and not a link to it.
    pub(super) path: PathBuf,
    /// It is no ordinary file, such as a terminal or a pipe, and can only be written to.
    special: bool,
}

impl Target {
    /// At a path that nobody else chose.
    pub(super) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            special: false,
        }
    }

    /// Looks whether it could be written now.
    pub(super) fn find(path: &Path) -> Result<Self, Failure> {
        let target = Self {
            path: path.canonicalize().unwrap_or_else(|_| path.to_owned()),
            special: path.metadata().is_ok_and(|facts| !facts.is_file()),
        };
        let fail = |source| Failure::Unopened {
            path: path.to_owned(),
            source,
        };
        if path.is_dir() {
            return Err(fail(io::Error::from(io::ErrorKind::IsADirectory)));
        }
        if !target.special {
            drop(target.temporary().map_err(fail)?);
        }
        Ok(target)
    }

    /// Writes the JUnit report of a run.
    pub(super) fn write_junit(
        &self,
        run: &RunRecord,
        cases: &[CaseRecord],
        end: &EndRecord,
    ) -> io::Result<()> {
        let text = junit(run, cases, end).map_err(io::Error::other)?;
        self.write(text.as_bytes())
    }

    /// Puts all of it there at once: a reader finds what was there before, or this.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if self.special {
            return std::fs::write(&self.path, bytes);
        }
        let mut file = self.temporary()?;
        file.write_all(bytes)?;
        file.persist(&self.path)?;
        Ok(())
    }

    fn temporary(&self) -> io::Result<NamedTempFile> {
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty());
        Builder::new()
            .prefix(".pidproof-")
            // As any file that is made here, less what the umask takes.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(dir.unwrap_or(Path::new(".")))
    }
}
