//! What things have come to, after a step.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files::{Files, Inode};
use crate::observe::lock::{listed, listing};
use crate::orders::{File, Label, Object, changed};

/// Larger files are not read: whatever is in one then counts as never seen before.
const MUCH: u64 = 1 << 20;

/// What a step has changed, and to what. `pids` are the actors'. What cannot be told counts as never seen before: it is
/// the step's own.
pub(super) fn values(
    label: &Label,
    files: &Files,
    pids: &[i32],
    event: u64,
) -> io::Result<Vec<(Object, u64)>> {
    let mut locks = None;
    let mut values = Vec::new();
    for object in changed(label) {
        let value = match object {
            Object::Name(name) => files.at(name).map(|path| named(&path, files)),
            Object::Entries(dir) => files.at(dir).and_then(|path| entries(&path)),
            Object::Inode(file) => look(*file, files)
                .map(|(_, found)| digest((found.mode(), found.uid(), found.gid(), found.nlink()))),
            Object::Content(file) => content(*file, files),
            Object::Lock(file) => {
                let text = match &mut locks {
                    Some(text) => text,
                    none => none.insert(listing()?),
                };
                files.inode(*file).map(|inode| held(text, inode, pids))
            }
            Object::Process(_) => None,
        };
        values.push((object.clone(), value.unwrap_or(event)));
    }
    Ok(values)
}

/// Never 0, which stands for what was there at first.
fn digest(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish() | 1
}

/// Which file has the name.
fn named(path: &Path, files: &Files) -> u64 {
    let found = path.symlink_metadata().ok();
    digest(found.map(|found| files.known((found.dev(), found.ino()))))
}

fn entries(dir: &Path) -> Option<u64> {
    let names: io::Result<Vec<_>> = fs::read_dir(dir)
        .ok()?
        .map(|entry| Ok(entry?.file_name()))
        .collect();
    let mut names = names.ok()?;
    names.sort_unstable();
    Some(digest(names))
}

/// A file that still has the name it is known by.
fn look(file: File, files: &Files) -> Option<(&Path, fs::Metadata)> {
    let path = files.path(file)?;
    let found = path.symlink_metadata().ok()?;
    (files.inode(file)? == (found.dev(), found.ino())).then_some((path, found))
}

fn content(file: File, files: &Files) -> Option<u64> {
    let (path, found) = look(file, files)?;
    if found.is_symlink() {
        return Some(digest(fs::read_link(path).ok()?));
    }
    let is_read = found.is_file() && found.len() <= MUCH;
    is_read.then(|| fs::read(path).ok().map(digest))?
}

/// The lines of a file's locks, in their order, with the actors' numbers for their pids.
fn held(locks: &str, inode: Inode, pids: &[i32]) -> u64 {
    let name = listed(inode);
    let line = |line: &str| {
        // The number of the line says nothing.
        let mut words: Vec<String> = line.split_whitespace().skip(1).map(Into::into).collect();
        let at = words.iter().position(|word| *word == name)?;
        words.remove(at);
        let pid = words.get_mut(at.checked_sub(1)?)?;
        let of_actor = |known: &i32| known.to_string() == *pid;
        if let Some(actor) = pids.iter().position(of_actor) {
            *pid = format!("actor {actor}");
        }
        Some(words)
    };
    digest(locks.lines().filter_map(line).collect::<Vec<_>>())
}
