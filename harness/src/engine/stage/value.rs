//! What things have come to, after a step.

use std::fs;
use std::hash::Hash;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files::{Files, Inode};
use crate::observe::lock::listed;
use crate::orders::{self, File, Label, Object, changed};

/// Larger files are not read: whatever is in one then counts as never seen before.
const MUCH: u64 = 1 << 20;

/// The pids of an actor, which are others in each order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pids {
    /// As the suite knows it.
    pub(super) outside: i32,
    /// As it knows itself.
    pub(super) own: i32,
}

/// What a step has changed, and to what. `pids` are the actors'. What cannot be told counts as never seen before: it is
/// the step's own.
pub(super) fn values(
    label: &Label,
    files: &Files,
    pids: &[Pids],
    event: u64,
) -> io::Result<Vec<(Object, u64)>> {
    let mut values = Vec::new();
    for object in changed(label) {
        let value = match object {
            Object::Name(name) => files.at(name).map(|path| named(name, &path, files)),
            Object::Entries(dir) => files.at(dir).and_then(|path| entries(&path)),
            Object::Inode(file) => files
                .find(*file)
                .map(|(_, found)| digest((found.mode(), found.uid(), found.gid(), found.nlink()))),
            Object::Content(file) => content(*file, files, pids),
            Object::Lock(file) => {
                let text = files.listing()?;
                files.inode(*file).map(|inode| held(&text, inode, pids))
            }
            // It was killed.
            Object::Process(_) => Some(digest(())),
        };
        values.push((object.clone(), value.unwrap_or(event)));
    }
    Ok(values)
}

/// Never 0, which stands for what was there at first.
fn digest(value: impl Hash) -> u64 {
    orders::digest(value) | 1
}

/// Which file has the name, and how many had it before: the next one is known by that.
fn named(name: &str, path: &Path, files: &Files) -> u64 {
    let found = files.look(path);
    let file = found.map(|found| files.known((found.dev(), found.ino())));
    digest((file, files.makes(name)))
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

fn content(file: File, files: &Files, pids: &[Pids]) -> Option<u64> {
    let (path, found) = files.find(file)?;
    if found.is_symlink() {
        return Some(digest(fs::read_link(path).ok()?));
    }
    let is_read = found.is_file() && found.len() <= MUCH;
    is_read.then(|| Some(said(&fs::read(path).ok()?, pids)))?
}

/// What stands for a text, whatever pids the actors have.
pub(super) fn said(text: &[u8], pids: &[Pids]) -> u64 {
    let word = |word: &[u8]| {
        let number = std::str::from_utf8(word)
            .ok()
            .and_then(|word| word.parse::<i32>().ok());
        let actor = pids.iter().position(|pids| Some(pids.own) == number);
        actor.map_or_else(
            || word.to_vec(),
            |actor| format!("actor {actor}").into_bytes(),
        )
    };
    let words = text.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit());
    digest(words.map(word).collect::<Vec<_>>())
}

/// The lines of a file's locks, each with those who wait for it, and the actors' numbers for their pids.
fn held(locks: &str, inode: Inode, pids: &[Pids]) -> u64 {
    let name = listed(inode);
    let line = |line: &str| {
        // The number of the line says nothing.
        let mut words: Vec<String> = line.split_whitespace().skip(1).map(Into::into).collect();
        let at = words.iter().position(|word| *word == name)?;
        words.remove(at);
        let pid = words.get_mut(at.checked_sub(1)?)?;
        let of_actor = |known: &Pids| known.outside.to_string() == *pid;
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
        let pids = [41, 42].map(|outside| Pids { outside, own: 0 });
        let value = |text: &str| held(text, (0, 7), &pids);
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
