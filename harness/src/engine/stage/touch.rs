//! What a waiting call touches, as things are now.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many families each match concerns a few"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::calls::table::{self, Family, Place};
use crate::calls::{Call, Locking};
use crate::orders::{Access, Label, Object};
use crate::sys::seccomp::Waiting;

/// A file, by device and number.
pub(super) type Inode = (u64, u64);

/// What a call touches. `roots` hold the world; `tried` are the files whose locks its process has asked for.
pub(super) fn label(
    call: &Call,
    waiting: &Waiting,
    roots: &[PathBuf],
    tried: &BTreeSet<Inode>,
) -> Label {
    let mut label = Label::default();
    match call.family {
        Family::Exit if call.name == "exit_group" => {
            for (dev, ino) in tried {
                label.add(Object::Lock(*dev, *ino), Access::Write);
            }
            return label;
        }
        // What others could tell by it does not change what they do.
        Family::Exit | Family::Dup | Family::Fcntl | Family::Sync | Family::Chdir => return label,
        Family::Write if matches!(call.path.as_deref(), Some("stdout" | "stderr")) => return label,
        _ => {}
    }
    let of_descriptor = descriptor(call, waiting);
    let in_world = |path: &Option<String>| {
        let path = PathBuf::from(path.as_deref()?);
        roots
            .iter()
            .any(|root| path.starts_with(root))
            .then_some(path)
    };
    if let Some((dev, ino)) = of_descriptor {
        match (call.family, call.lock) {
            (Family::Close, _) => {
                if tried.contains(&(dev, ino)) {
                    label.add(Object::Lock(dev, ino), Access::Write);
                }
                return label;
            }
            (Family::Lock, None) => label.add(Object::Lock(dev, ino), Access::Read),
            (_, Some(_)) => label.add(Object::Lock(dev, ino), Access::Write),
            (Family::List, _) => {
                if let Some(dir) = in_world(&call.real) {
                    label.add(Object::Entries(text(&dir)), Access::Read);
                }
            }
            (family, _) => file(&mut label, (dev, ino), family, false),
        }
        if call.family != Family::Link {
            return label;
        }
    }
    if call.family == Family::Close {
        return label;
    }
    if let Some(path) = in_world(&call.real).filter(|_| of_descriptor.is_none()) {
        name(&mut label, &path, first(call, &path));
        for inode in inodes(&path) {
            file(&mut label, inode, call.family, call.truncates);
        }
    }
    if let Some(path) = in_world(&call.real_to) {
        name(&mut label, &path, Access::Write);
        for inode in inodes(&path) {
            file(&mut label, inode, call.family, false);
        }
    }
    label
}

/// What is done to the first name.
fn first(call: &Call, path: &Path) -> Access {
    let is_there = path.symlink_metadata().is_ok();
    let changes = match call.family {
        Family::Open | Family::Mkdir | Family::Mknod | Family::Bind | Family::Symlink => {
            call.creates
        }
        Family::Unlink | Family::Rmdir | Family::Rename => is_there,
        _ => false,
    };
    if changes { Access::Write } else { Access::Read }
}

/// A name, the directory it is listed in, and the names on the way to it.
fn name(label: &mut Label, path: &Path, access: Access) {
    for ancestor in path.ancestors().skip(1) {
        label.add(Object::Name(text(ancestor)), Access::Read);
    }
    label.add(Object::Name(text(path)), access);
    if let (Access::Write, Some(dir)) = (access, path.parent()) {
        label.add(Object::Entries(text(dir)), Access::Share);
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// What is done to the file itself.
fn file(label: &mut Label, (dev, ino): Inode, family: Family, truncates: bool) {
    let (itself, content) = match family {
        Family::Open if truncates => (Some(Access::Read), Some(Access::Write)),
        // Who may look, and what kind it is, decides; what is in it does not.
        Family::Open | Family::Access | Family::Connect => (Some(Access::Read), None),
        Family::Stat => (Some(Access::Read), Some(Access::Read)),
        Family::Read | Family::Readlink | Family::List => (None, Some(Access::Read)),
        Family::Write | Family::Truncate | Family::Allocate => (None, Some(Access::Write)),
        // That something is there is read by its name.
        Family::Mkdir | Family::Mknod | Family::Symlink | Family::Bind | Family::Notify => {
            (None, None)
        }
        // The number of its names is one of the things that can be asked of a file.
        Family::Unlink | Family::Rmdir | Family::Rename | Family::Link => {
            (Some(Access::Write), None)
        }
        _ => (Some(Access::Write), Some(Access::Write)),
    };
    if let Some(access) = itself {
        label.add(Object::Inode(dev, ino), access);
    }
    if let Some(access) = content {
        label.add(Object::Content(dev, ino), access);
    }
}

/// The file at a path, and the one behind it where it is a link.
fn inodes(path: &Path) -> impl Iterator<Item = Inode> {
    let itself = path.symlink_metadata().ok();
    let is_link = itself.as_ref().is_some_and(|found| found.is_symlink());
    let behind = is_link.then(|| path.metadata().ok()).flatten();
    [itself, behind]
        .into_iter()
        .flatten()
        .map(|found| (found.dev(), found.ino()))
}

/// The file that a call names by a descriptor.
pub(super) fn descriptor(call: &Call, waiting: &Waiting) -> Option<Inode> {
    let row = table::call(waiting.number)?;
    let number = match row.places.first()? {
        Place::Fd(at) => waiting.args.get(usize::from(*at))?,
        // A path that says nothing: `real` is where the descriptor leads, and no name was given.
        Place::At(dir, ..) if call.by_descriptor => waiting.args.get(usize::from(*dir))?,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "the kernel does so too")]
    let number = *number as u32;
    let found = std::fs::metadata(format!("/proc/{}/fd/{number}", waiting.tid)).ok()?;
    Some((found.dev(), found.ino()))
}

/// Whether a call asks for a lock, and does not let one go.
pub(super) fn asks_for_lock(call: &Call) -> bool {
    matches!(call.lock, Some(Locking::Exclusive | Locking::Shared))
}
