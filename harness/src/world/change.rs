//! The changes a scenario makes to its world: exact modes and owners, whatever the umask.

use std::fs::{self, File, Permissions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use nix::fcntl::{AT_FDCWD, OFlag};
use nix::sys::stat::{Mode, UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;

use crate::scenario::model::ChangeKind;

/// A change with its templates filled in.
pub struct Filled<'a> {
    /// What is changed.
    pub path: &'a Path,
    /// `to`, `content` or nothing.
    pub bytes: &'a [u8],
    /// Owner and group of what is made.
    pub ids: (u32, u32),
    /// Mode of what is made.
    pub mode: Option<u32>,
}

/// Makes the change.
///
/// # Errors
/// What the system says.
pub fn apply(kind: &ChangeKind, filled: &Filled<'_>) -> io::Result<()> {
    let Filled {
        path,
        bytes,
        ids: (uid, gid),
        mode,
    } = *filled;
    let to = || super::path_of(bytes.to_vec());
    let own = || lchown(path, Some(uid), Some(gid));
    let set_mode =
        |default: u32| fs::set_permissions(path, Permissions::from_mode(mode.unwrap_or(default)));
    match kind {
        ChangeKind::Write { repeat, .. } => {
            let existed = fs::symlink_metadata(path).is_ok();
            let mut file = File::options()
                .write(true)
                .create(true)
                .truncate(false)
                .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
                .open(path)?;
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&bytes.repeat(*repeat))?;
            if !existed {
                own()?;
            }
            if !existed || mode.is_some() {
                set_mode(0o600)?;
            }
            Ok(())
        }
        ChangeKind::Mkdir => {
            fs::create_dir(path)?;
            own()?;
            set_mode(0o700)
        }
        ChangeKind::Symlink { .. } => {
            symlink(to(), path)?;
            own()
        }
        ChangeKind::Hardlink { .. } => fs::hard_link(to(), path),
        ChangeKind::Mkfifo => {
            nix::unistd::mkfifo(path, Mode::S_IRUSR)?;
            own()?;
            set_mode(0o600)
        }
        ChangeKind::Mksock => {
            drop(UnixListener::bind(path)?);
            own()?;
            set_mode(0o600)
        }
        ChangeKind::Chmod => set_mode(0o600),
        ChangeKind::Chown => lchown(path, Some(uid), None),
        ChangeKind::Remove { if_there } => match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(e) if *if_there && e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
        },
        ChangeKind::Rename { if_there, .. } => match fs::rename(path, to()) {
            Err(e) if *if_there && e.kind() == io::ErrorKind::NotFound => Ok(()),
            renamed => renamed,
        },
        ChangeKind::Touch { time } => {
            let time = TimeSpec::new(*time, 0);
            Ok(utimensat(
                AT_FDCWD,
                path,
                &time,
                &time,
                UtimensatFlags::NoFollowSymlink,
            )?)
        }
    }
}
