//! File systems that a scenario puts into its private world.

use std::io;
use std::path::Path;

use crate::sys::mount;

/// A file system of its own, in memory.
#[derive(Debug, Clone, Copy)]
pub struct Tmpfs {
    /// Bytes it has room for.
    pub size: Option<u64>,
    /// Files it has room for.
    pub inodes: Option<u64>,
    /// Mode of its root.
    pub mode: u32,
    /// Owner and group of its root.
    pub ids: (u32, u32),
}

/// Mounts a fresh file system.
///
/// # Errors
/// What mount(2) says.
pub fn mount_tmpfs(at: &Path, made: &Tmpfs, read_only: bool) -> io::Result<()> {
    let (uid, gid) = made.ids;
    let mut options = format!("mode={:04o},uid={uid},gid={gid}", made.mode);
    if let Some(size) = made.size {
        options += &format!(",size={size}");
    }
    if let Some(inodes) = made.inodes {
        options += &format!(",nr_inodes={inodes}");
    }
    mount::tmpfs(at, &options)?;
    if read_only {
        mount::set_read_only(at)?;
    }
    Ok(())
}

/// Shows a directory at another path too.
///
/// # Errors
/// What open(2) and mount(2) say.
pub fn mount_bind(from: &Path, at: &Path, read_only: bool) -> io::Result<()> {
    let source = super::build::open(from).map_err(io::Error::other)?;
    mount::bind(&source, at, read_only)
}

/// Takes the uppermost mount away at once, whoever uses it.
///
/// # Errors
/// What umount2(2) says.
pub fn umount(at: &Path) -> io::Result<()> {
    Ok(mount::detach(at)?)
}
