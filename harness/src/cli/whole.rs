//! Files that a person has work in are written as a whole or not at all.

use std::path::Path;

use super::Failure;

/// Writes a file.
///
/// # Errors
/// What the file system says; the file is then as it was.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text).map_err(|source| Failure::Unwritten {
        path: path.to_path_buf(),
        source,
    })
}

/// The whole file or none of it.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    // A link stays one.
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    let mode = std::fs::metadata(&path).map_or(0o666, |meta| meta.permissions().mode());
    let mut file = tempfile::Builder::new()
        .permissions(std::fs::Permissions::from_mode(mode))
        .tempfile_in(dir.unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
