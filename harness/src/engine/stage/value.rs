//! What things have come to, after a step.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::hash::Hash;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::files::{Files, Inode};
use crate::observe::lock::listed;
use crate::orders::{self, File, Label, Object, Value, changed};

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
) -> io::Result<Vec<(Object, Value)>> {
    let value = |object: &Object| -> io::Result<Option<Value>> {
        Ok(match object {
            Object::Name(name) => files.at(name).and_then(|path| named(name, &path, files)),
            Object::Entries(dir) => files.at(dir).and_then(|path| {
                let first = files.first.lists.get(dir).copied();
                let first = first.unwrap_or_else(|| digest(Vec::<OsString>::new()));
                Some(Value::plain(unless(first, entries(&path)?)))
            }),
            Object::Inode(file) => files.find(*file).map(|(_, found)| {
                let first = files.born(*file).map_or(0, digest);
                Value::plain(unless(first, digest(access(&found))))
            }),
            Object::Links(file) => Some(Value::plain(links(*file, files))),
            Object::Content(file) => content(*file, files, pids).map(Value::plain),
            Object::Lock(file) => {
                let now = files.listing()?;
                files.inode(*file).map(|inode| {
                    let [now, first] =
                        [&now, &files.first.locks].map(|text| held(text, inode, pids));
                    Value {
                        is: unless(first.is, now.is),
                        shows: unless(first.shows, now.shows),
                    }
                })
            }
            // It was killed.
            Object::Process(_) => Some(Value::plain(digest(()))),
        })
    };
    changed(label)
        .map(|object| {
            let value = value(object)?.unwrap_or(Value::plain(event));
            Ok((object.clone(), value))
        })
        .collect()
}

/// Never 0, which stands for what was there at first.
fn digest(value: impl Hash) -> u64 {
    orders::digest(value) | 1
}

/// What is as it was at first is 0.
fn unless(first: u64, now: u64) -> u64 {
    if now == first { 0 } else { now }
}

/// Who may do what with a file, and what kind it is.
pub(super) fn access(found: &Metadata) -> (u32, u32, u32) {
    (found.mode(), found.uid(), found.gid())
}

/// How many names a file has.
fn links(file: File, files: &Files) -> u64 {
    match files.find(file) {
        // Those of a directory are changed by whoever makes one in it, and that touches its list of names.
        Some((_, found)) if found.is_dir() || found.nlink() == 1 => 0,
        Some((_, found)) => digest(found.nlink()),
        // Which names a file has, the names tell too: one that is not found by its last has none.
        None => digest(0u64),
    }
}

/// Which file has the name, and how many had it before: the next one is known by that, but nobody can see it.
fn named(name: &str, path: &Path, files: &Files) -> Option<Value> {
    let file = match files.look(path) {
        Some(found) => Some(files.known((found.dev(), found.ino()))?),
        None => None,
    };
    let (first, made) = (files.first.names.get(name).copied(), files.makes(name));
    Some(Value {
        is: unless(digest((first, 0u32)), digest((file, made))),
        shows: unless(digest(first), digest(file)),
    })
}

/// What stands for the names in a directory.
pub(super) fn entries(dir: &Path) -> Option<u64> {
    let names: io::Result<Vec<OsString>> = fs::read_dir(dir)
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
    if found.len() == 0 && !files.first.files.contains(&file) {
        return Some(0);
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
fn held(locks: &str, inode: Inode, pids: &[Pids]) -> Value {
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
    let holders: Vec<_> = each.iter().filter_map(|each| each.first()).collect();
    // Who waits is seen by nobody who tries.
    Value {
        is: digest(&each),
        shows: digest(holders),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_core_comes_first_says_nothing() {
        let pids = [41, 42].map(|outside| Pids { outside, own: 0 });
        let value = |text: &str| held(text, (0, 7), &pids).is;
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
    #[test]
    fn who_waits_for_a_lock_is_seen_by_nobody() {
        let pids = [41, 42].map(|outside| Pids { outside, own: 0 });
        let value = |text: &str| held(text, (0, 7), &pids);
        let one = "1: FLOCK ADVISORY WRITE 41 00:00:7 0 EOF\n";
        let other = "1: FLOCK ADVISORY WRITE 42 00:00:7 0 EOF\n";
        let waits = "1: -> FLOCK ADVISORY WRITE 42 00:00:7 0 EOF\n";
        let waited_for = value(&format!("{one}{waits}"));
        assert_ne!(waited_for.is, value(one).is);
        assert_eq!(waited_for.shows, value(one).shows);
        assert_ne!(value(one).shows, value(other).shows);
        assert_ne!(value(one).shows, value("").shows);
    }

    /// A world with a directory and a file in it, and what one of its things has come to.
    struct Small {
        root: tempfile::TempDir,
        files: Files,
    }

    impl Small {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir(root.path().join("dir")).unwrap();
            fs::write(root.path().join("dir/there"), "x").unwrap();
            let files = Files::of_world(&[root.path().to_owned()]).unwrap();
            Self { root, files }
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.root.path().join(name)
        }

        fn make(&mut self, name: &str, mode: u32) -> File {
            use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
            let path = self.path(name);
            let mut options = fs::File::options();
            options.write(true).create_new(true).mode(mode);
            options.open(&path).unwrap();
            // Whatever the umask of a test is.
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            self.files.forget();
            self.files.made(&path, true);
            self.file(name)
        }

        fn remove(&self, name: &str) {
            fs::remove_file(self.path(name)).unwrap();
            self.files.forget();
        }

        fn file(&self, name: &str) -> File {
            let found = self.path(name).metadata().unwrap();
            self.files.known((found.dev(), found.ino())).unwrap()
        }

        fn value(&self, object: Object) -> Value {
            let mut label = Label::default();
            label.add(object, orders::Access::Write);
            values(&label, &self.files, &[], 5).unwrap().remove(0).1
        }
    }

    #[test]
    fn a_name_that_is_gone_again_shows_nothing() {
        let mut small = Small::new();
        let value = |small: &Small| small.value(Object::Name("0/dir/new".into()));
        assert_eq!(value(&small), Value::default());
        let first = small.make("dir/new", 0o600);
        let there = value(&small);
        assert!(there.is != 0 && there.shows != 0);
        small.remove("dir/new");
        // The next one is another file.
        let gone = value(&small);
        assert!(gone.is != 0 && gone.shows == 0);
        assert_ne!(small.make("dir/new", 0o600), first);
        assert_ne!(value(&small).shows, there.shows);
        let there = |small: &Small| small.value(Object::Name("0/dir/there".into()));
        assert_eq!(there(&small), Value::default());
        small.remove("dir/there");
        assert!(there(&small).shows != 0);
    }

    #[test]
    fn files_made_with_other_modes_are_others() {
        let (mut one, mut other) = (Small::new(), Small::new());
        let made = one.make("dir/new", 0o600);
        assert_eq!(Small::new().make("dir/new", 0o600), made);
        assert_ne!(other.make("dir/new", 0o644), made);
    }

    #[test]
    fn what_is_as_it_was_is_as_at_first() {
        use std::os::unix::fs::PermissionsExt;
        let mut small = Small::new();
        let list = || Object::Entries("0/dir".into());
        let file = small.make("dir/new", 0o600);
        assert!(small.value(list()).is != 0);
        let change = |mode: u32, small: &Small| {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(small.path("dir/new"), mode).unwrap();
            small.files.forget();
            small.value(Object::Inode(file)).is
        };
        assert!(change(0o640, &small) != 0);
        assert_eq!(change(0o600, &small), 0);
        assert_eq!(small.value(Object::Content(file)).is, 0);
        fs::write(small.path("dir/new"), "1").unwrap();
        small.files.forget();
        assert!(small.value(Object::Content(file)).is != 0);
        assert_eq!(small.value(Object::Links(file)).is, 0);
        let lock = || Object::Lock(file);
        let open = fs::File::open(small.path("dir/new")).unwrap();
        open.lock().unwrap();
        small.files.forget();
        assert!(small.value(lock()).is != 0);
        open.unlock().unwrap();
        small.files.forget();
        assert_eq!(small.value(lock()), Value::default());
        small.remove("dir/new");
        assert!(small.value(Object::Links(file)).is != 0);
        assert_eq!(small.value(list()).is, 0);
    }

    /// Who has it open finds the same in it, whether it has lost its name by then or not.
    #[test]
    fn what_is_in_a_file_has_nothing_to_do_with_its_name() {
        use std::os::fd::AsRawFd;
        let mut small = Small::new();
        let file = small.make("dir/new", 0o600);
        let mut open_it = || {
            let open = fs::File::open(small.path("dir/new")).unwrap();
            let found = open.metadata().unwrap();
            let path = format!("/proc/self/fd/{}", open.as_raw_fd());
            small.files.is_open((found.dev(), found.ino()), path.into());
            open
        };
        let (open, others) = (open_it(), open_it());
        fs::write(small.path("dir/new"), "1").unwrap();
        small.files.forget();
        let named = small.value(Object::Content(file));
        assert!(named.is != 0);
        small.remove("dir/new");
        drop(others);
        assert_eq!(small.value(Object::Content(file)), named);
        drop(open);
        // Then nobody can tell, and the step's own is what stands for it.
        assert_eq!(small.value(Object::Content(file)), Value::plain(5));
    }

    #[test]
    fn what_was_there_and_is_emptied_is_not_as_at_first() {
        let small = Small::new();
        let content = Object::Content(small.file("dir/there"));
        fs::write(small.path("dir/there"), "").unwrap();
        small.files.forget();
        assert!(small.value(content).is != 0);
    }
}
