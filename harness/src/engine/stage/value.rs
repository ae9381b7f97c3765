//! What things have come to, after a step.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files::{Files, Inode};
use crate::observe::lock::listed;
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
    let mut values = Vec::new();
    for object in changed(label) {
        let value = match object {
            Object::Name(name) => files.at(name).map(|path| named(&path, files)),
            Object::Entries(dir) => files.at(dir).and_then(|path| entries(&path)),
            Object::Inode(file) => look(*file, files)
                .map(|(_, found)| digest((found.mode(), found.uid(), found.gid(), found.nlink()))),
            Object::Content(file) => content(*file, files),
            Object::Lock(file) => {
                let text = files.listing()?;
                files.inode(*file).map(|inode| held(&text, inode, pids))
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
    let found = files.look(path);
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
    let found = files.look(path)?;
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

/// The lines of a file's locks, each with those who wait for it, and the actors' numbers for their pids.
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
    let lines: Vec<Vec<String>> = locks.lines().filter_map(line).collect();
    // Those who wait stand below, in their turn. Of the holders of a shared lock the order is that of the cores on which
    // they took it.
    let waits = |line: &Vec<String>| line.first().is_some_and(|word| word == "->");
    let mut each: Vec<&[Vec<String>]> = lines.chunk_by(|_, next| waits(next)).collect();
    each.sort_unstable();
    digest(each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_core_comes_first_says_nothing() {
        let value = |text: &str| held(text, (0, 7), &[41, 42]);
        let one = "1: FLOCK ADVISORY READ 41 00:00:7 0 EOF\n";
        let waits = "1: -> FLOCK ADVISORY WRITE 9 00:00:7 0 EOF\n";
        let two = "2: FLOCK ADVISORY READ 42 00:00:7 0 EOF\n";
        let other = "3: FLOCK ADVISORY READ 42 00:00:8 0 EOF\n";
        assert_eq!(
            value(&format!("{one}{waits}{two}{other}")),
            value(&format!("{two}{one}{waits}"))
        );
        assert_ne!(
            value(&format!("{one}{waits}{two}")),
            value(&format!("{one}{two}"))
        );
        assert_ne!(value(one), value(two));
    }
}
