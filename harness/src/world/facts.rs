//! What a result depends on beside the subject: which kernel, which file system, whose files.

use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use super::SUBJECT_UID;
use crate::scenario::model::Tier;

/// Name and release of the kernel.
///
/// # Errors
/// What the system says.
pub fn kernel() -> nix::Result<String> {
    let names = nix::sys::utsname::uname()?;
    Ok(format!(
        "{} {}",
        names.sysname().display(),
        names.release().display()
    ))
}

/// The uid that subjects run as in worlds of this tier.
pub fn subject_uid(tier: Tier) -> u32 {
    let own = geteuid();
    if own.is_root() || tier != Tier::Plain {
        SUBJECT_UID
    } else {
        own.as_raw()
    }
}

/// The type of the file system on which worlds of this tier lie, as the kernel calls it.
pub fn file_system(tier: Tier) -> Option<String> {
    if tier != Tier::Plain {
        return Some("tmpfs".to_owned());
    }
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let place = std::fs::canonicalize(std::env::temp_dir()).ok()?;
    type_of(&mounts, &place)
}

/// The type of the mount that a path is on: the longest mount point above it, and of those the last.
fn type_of(mounts: &str, path: &Path) -> Option<String> {
    let mut found: Option<(usize, &str)> = None;
    for line in mounts.lines() {
        let (before, after) = line.split_once(" - ")?;
        let point = PathBuf::from(unescaped(before.split(' ').nth(4)?));
        let depth = point.components().count();
        if path.starts_with(&point) && found.is_none_or(|(most, _)| depth >= most) {
            found = Some((depth, after.split(' ').next()?));
        }
    }
    found.map(|(_, kind)| kind.to_owned())
}

/// A mount point as the kernel writes it has blanks and backslashes in octal.
fn unescaped(text: &str) -> String {
    let escapes = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    escapes
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_nearest_above_a_path_counts_and_of_two_there_the_last() {
        let mounts = "20 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
            21 20 0:5 / /tmp rw shared:1 - xfs none rw\n\
            22 20 0:6 / /tmp rw - tmpfs none rw\n\
            23 20 0:7 / /tmp/with\\040blank rw - btrfs none rw\n";
        let of = |path| type_of(mounts, Path::new(path));
        assert_eq!(of("/home").as_deref(), Some("ext4"));
        assert_eq!(of("/tmp/x").as_deref(), Some("tmpfs"));
        assert_eq!(of("/tmpfs").as_deref(), Some("ext4"));
        assert_eq!(of("/tmp/with blank/x").as_deref(), Some("btrfs"));
    }
}
