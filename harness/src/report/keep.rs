//! Keeping the evidence of a failed case on disk.

use std::io;
use std::path::{Path, PathBuf};

use crate::suite::CaseResult;

/// Where kept evidence goes, below the working directory.
pub fn kept_dir() -> PathBuf {
    Path::new("target").join("pidproof-kept")
}

/// Writes `text` and what each process wrote below `dir`, and returns the directory of the case.
///
/// # Errors
/// What the file system says.
pub fn keep(dir: &Path, result: &CaseResult<'_>, text: &str) -> io::Result<PathBuf> {
    let at = dir.join(result.case.id.replace(':', "_"));
    std::fs::create_dir_all(&at)?;
    std::fs::write(at.join("report.txt"), text)?;
    for process in &result.evidence.processes {
        std::fs::write(
            at.join(format!("{}.stdout", process.handle)),
            &process.stdout,
        )?;
        std::fs::write(
            at.join(format!("{}.stderr", process.handle)),
            &process.stderr,
        )?;
    }
    Ok(at)
}
