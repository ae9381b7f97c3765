//! What a waiting call touches, as things are now.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many families each match concerns a few"
)]

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::files::{Files, Inode};
use crate::calls::table::{self, Family, Place};
use crate::calls::{Call, Locking};
use crate::orders::{Access, File, Label, Object};
use crate::supervise::is_unnamed;
use crate::sys::seccomp::Waiting;

/// Who makes a call.
pub(super) struct Caller<'a> {
    /// The file of the descriptor that the call names, if it names one.
    pub(super) names: Option<Inode>,
    /// The files whose locks its process has asked for.
    pub(super) tried: &'a BTreeSet<Inode>,
    /// Which of the actors it is.
    pub(super) actor: u8,
}

/// What a call touches.
pub(super) fn label(call: &Call, files: &mut Files, caller: &Caller<'_>) -> Label {
    let mut label = Label::default();
    match call.family {
        Family::Exit if call.name == "exit_group" => return locks(files, caller, Access::Set),
        // What others could tell by it does not change what they do.
        Family::Exit | Family::Dup | Family::Fcntl | Family::Sync | Family::Chdir => return label,
        Family::Write if matches!(call.path.as_deref(), Some("stdout" | "stderr")) => return label,
        _ => {}
    }
    let of_descriptor = caller.names;
    if let Some(inode) = of_descriptor {
        let id = files.of(inode, caller.actor);
        match (call.family, call.lock) {
            (Family::Close, _) => {
                if caller.tried.contains(&inode) {
                    label.add(Object::Lock(id), Access::Set);
                }
                return label;
            }
            (Family::Lock, None) => label.add(Object::Lock(id), Access::Read),
            (_, Some(_)) => label.add(Object::Lock(id), Access::Write),
            (Family::List, _) => {
                if let Some(dir) = path(call.real.as_ref()).and_then(|dir| files.name(dir)) {
                    label.add(Object::Entries(dir), Access::Read);
                }
            }
            (family, _) => file(&mut label, id, family, false),
        }
        if call.family != Family::Link {
            return label;
        }
    }
    if call.family == Family::Close {
        return label;
    }
    let at = path(call.real.as_ref()).filter(|_| of_descriptor.is_none());
    // A file that is made without a name only asks something of its directory.
    let is_unnamed = call.family == Family::Open && at.is_some_and(is_unnamed);
    let at = if is_unnamed {
        at.and_then(Path::parent)
    } else {
        at
    };
    if let Some(at) = at
        && name(&mut label, files, at, first(call, files, at, is_unnamed))
    {
        for inode in inodes(files, at) {
            let id = files.of(inode, caller.actor);
            file(&mut label, id, call.family, call.truncates);
        }
        // Only an empty directory can be removed.
        let removes = matches!(call.family, Family::Unlink | Family::Rmdir);
        if removes && let Some(dir) = files.name(at) {
            label.add(Object::Entries(dir), Access::Read);
        }
    }
    if let Some(at) = path(call.real_to.as_ref())
        && name(&mut label, files, at, Access::Write)
    {
        for inode in inodes(files, at) {
            let id = files.of(inode, caller.actor);
            file(&mut label, id, call.family, false);
        }
    }
    label
}

fn path(text: Option<&String>) -> Option<&Path> {
    text.map(Path::new)
}

/// All locks that a process may have or wait for: its end lets them go, and that its time comes is another thing before
/// somebody lets them go than after it.
pub(super) fn locks(files: &mut Files, caller: &Caller<'_>, access: Access) -> Label {
    let mut label = Label::default();
    let of = |inode: &Inode| files.of(*inode, caller.actor);
    let mut tried: Vec<File> = caller.tried.iter().map(of).collect();
    // Not by their numbers, which are others in each order: what is the same has to look the same.
    tried.sort_unstable();
    for id in tried {
        label.add(Object::Lock(id), access);
    }
    label
}

/// The names that a call has just made or changed, if it has: a file has them from now on.
pub(super) fn note_made(files: &mut Files, call: &Call) {
    let makes = matches!(
        call.family,
        Family::Open | Family::Mkdir | Family::Mknod | Family::Bind | Family::Symlink
    );
    if let Some(at) = path(call.real.as_ref()).filter(|_| makes && call.creates) {
        files.made(at, true);
    }
    if let Some(at) = path(call.real_to.as_ref()) {
        files.made(at, false);
    }
}

/// What is done to the first name.
fn first(call: &Call, files: &Files, path: &Path, is_unnamed: bool) -> Access {
    let is_there = files.is_there(path);
    let changes = match call.family {
        Family::Open | Family::Mkdir | Family::Mknod | Family::Bind | Family::Symlink => {
            call.creates && !is_unnamed
        }
        Family::Unlink | Family::Rmdir | Family::Rename => is_there,
        _ => false,
    };
    if changes { Access::Write } else { Access::Read }
}

/// A name, the directory it is listed in, and the names on the way to it. False for one that is not in the world.
fn name(label: &mut Label, files: &Files, path: &Path, access: Access) -> bool {
    let Some(itself) = files.name(path) else {
        return false;
    };
    for dir in above(&itself) {
        label.add(Object::Name(dir.to_owned()), Access::Read);
    }
    if let (Access::Write, Some(dir)) = (access, above(&itself).next()) {
        label.add(Object::Entries(dir.to_owned()), Access::Share);
    }
    label.add(Object::Name(itself), access);
    true
}

/// A name, and those of the directories on the way to it.
pub(super) fn with_above(name: &str) -> Vec<String> {
    let itself = std::iter::once(name);
    itself.chain(above(name)).map(str::to_owned).collect()
}

/// The names of the directories on the way to one, the innermost first, its root's last.
fn above(name: &str) -> impl Iterator<Item = &str> {
    let root = name.find('/').map_or(name.len(), |slash| slash + 1);
    let mut left = name;
    std::iter::from_fn(move || {
        let rest = left.get(root..).filter(|rest| !rest.is_empty())?;
        left = &name[..root + rest.rfind('/').unwrap_or(0)];
        Some(left)
    })
}

/// What is done to the file itself.
fn file(label: &mut Label, id: File, family: Family, truncates: bool) {
    if matches!(family, Family::Stat) {
        label.add(Object::Links(id), Access::Read);
    }
    let (itself, content) = match family {
        // The number of its names is one of the things that can be asked of a file.
        Family::Unlink | Family::Rmdir | Family::Rename | Family::Link => {
            label.add(Object::Links(id), Access::Write);
            return;
        }
        Family::Open if truncates => (Some(Access::Read), Some(Access::Set)),
        // Who may look, and what kind it is, decides; what is in it does not.
        Family::Open | Family::Access | Family::Connect => (Some(Access::Read), None),
        Family::Stat => (Some(Access::Read), Some(Access::Read)),
        Family::Read | Family::Readlink | Family::List => (None, Some(Access::Read)),
        Family::Write | Family::Truncate | Family::Allocate => (None, Some(Access::Set)),
        // That something is there is read by its name.
        Family::Mkdir | Family::Mknod | Family::Symlink | Family::Bind | Family::Notify => {
            (None, None)
        }
        _ => (Some(Access::Write), Some(Access::Write)),
    };
    if let Some(access) = itself {
        label.add(Object::Inode(id), access);
    }
    if let Some(access) = content {
        label.add(Object::Content(id), access);
    }
}

/// The file at a path, and the one behind it where it is a link.
fn inodes(files: &Files, path: &Path) -> impl Iterator<Item = Inode> + use<> {
    let itself = files.look(path);
    let is_link = itself.as_ref().is_some_and(|found| found.is_symlink());
    let behind = is_link.then(|| path.metadata().ok()).flatten();
    [itself, behind]
        .into_iter()
        .flatten()
        .map(|found| (found.dev(), found.ino()))
}

/// The file that a call names by a descriptor, and where it can be read while that is open.
pub(super) fn descriptor(call: &Call, waiting: &Waiting) -> Option<(Inode, PathBuf)> {
    let row = table::call(waiting.number)?;
    let number = match row.places.first()? {
        Place::Fd(at) => waiting.args.get(usize::from(*at))?,
        // A path that says nothing: `real` is where the descriptor leads, and no name was given.
        Place::At(dir, ..) if call.by_descriptor => waiting.args.get(usize::from(*dir))?,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "the kernel does so too")]
    let number = *number as u32;
    let path = PathBuf::from(format!("/proc/{}/fd/{number}", waiting.tid));
    let found = path.metadata().ok()?;
    Some(((found.dev(), found.ino()), path))
}

/// Whether a call asks for a lock, and does not let one go.
pub(super) fn asks_for_lock(call: &Call) -> bool {
    matches!(call.lock, Some(Locking::Exclusive | Locking::Shared))
}
