//! Which file is which, in every world and every order alike.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::observe::lock::Listing;
use crate::orders::File;

/// A file, by device and number.
pub(super) type Inode = (u64, u64);

/// The files of a world, each with what stands for it.
#[derive(Debug, Default)]
pub(super) struct Files {
    roots: Vec<PathBuf>,
    known: HashMap<Inode, File>,
    /// Where each was last seen.
    places: HashMap<File, (Inode, Option<PathBuf>)>,
    /// Who met one last that nobody had named, and how many so far.
    met: (u64, u32),
    /// What was found at each path since anybody last went on: the same path is asked for several times a step.
    found: RefCell<HashMap<OsString, Option<Metadata>>>,
    locks: Option<Listing>,
    /// What the kernel listed since.
    listed: RefCell<Option<Rc<str>>>,
}

impl Files {
    /// What is there at first, each by its name.
    pub(super) fn of_world(roots: &[PathBuf]) -> io::Result<Self> {
        let mut files = Self {
            roots: roots.to_vec(),
            locks: Some(Listing::open()?),
            ..Self::default()
        };
        for root in roots {
            files.survey(root);
        }
        Ok(files)
    }

    /// What is at a path, a link itself.
    pub(super) fn look(&self, path: &Path) -> Option<Metadata> {
        let mut found = self.found.borrow_mut();
        if let Some(known) = found.get(path.as_os_str()) {
            return known.clone();
        }
        let now = path.symlink_metadata().ok();
        found.insert(path.into(), now.clone());
        now
    }

    pub(super) fn is_there(&self, path: &Path) -> bool {
        self.look(path).is_some()
    }

    /// Who holds which locks, by the kernel.
    pub(super) fn listing(&self) -> io::Result<Rc<str>> {
        let mut listed = self.listed.borrow_mut();
        if let Some(text) = &*listed {
            return Ok(text.clone());
        }
        let text = self.locks.as_ref().map(Listing::read).transpose()?;
        Ok(listed.insert(text.unwrap_or_default().into()).clone())
    }

    /// Somebody has gone on, and what was found may be so no more.
    pub(super) fn forget(&self) {
        self.found.borrow_mut().clear();
        self.listed.borrow_mut().take();
    }

    fn survey(&mut self, path: &Path) {
        let Ok(found) = path.symlink_metadata() else {
            return;
        };
        let inode = (found.dev(), found.ino());
        if !self.known.contains_key(&inode) {
            self.add(inode, file(("there", self.name(path))), Some(path));
        }
        if !found.is_dir() {
            return;
        }
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            self.survey(&entry.path());
        }
    }

    fn add(&mut self, inode: Inode, id: File, path: Option<&Path>) {
        self.known.insert(inode, id);
        self.places.insert(id, (inode, path.map(Into::into)));
    }

    /// A path below one of the world's roots, by which; nothing for one elsewhere.
    pub(super) fn name(&self, path: &Path) -> Option<String> {
        let inside = |(at, root): (usize, &PathBuf)| {
            let rest = path.strip_prefix(root).ok()?;
            Some(format!("{at}/{}", rest.to_string_lossy()))
        };
        self.roots.iter().enumerate().find_map(inside)
    }

    /// The path of such a name; nothing, if it cannot be told from it.
    pub(super) fn at(&self, name: &str) -> Option<PathBuf> {
        let (root, rest) = name.split_once('/')?;
        let root = self.roots.get(root.parse::<usize>().ok()?)?;
        (!rest.contains(char::REPLACEMENT_CHARACTER)).then(|| root.join(rest))
    }

    /// A step has made a file at a path, or given it that name.
    pub(super) fn made(&mut self, path: &Path, event: u64, is_new: bool) {
        let Some(found) = self.look(path) else {
            return;
        };
        let inode = (found.dev(), found.ino());
        // The number may have been another file's before.
        let known = self.known.get(&inode).copied().filter(|_| !is_new);
        self.add(
            inode,
            known.unwrap_or_else(|| file(("made", event))),
            Some(path),
        );
    }

    /// A file that a call touches. One that never had a name is known by who met it first: that is who made it.
    pub(super) fn of(&mut self, inode: Inode, knows: u64) -> File {
        if let Some(known) = self.known.get(&inode) {
            return *known;
        }
        let (last, times) = self.met;
        self.met = (knows, if last == knows { times + 1 } else { 0 });
        let id = file(("met", self.met));
        self.add(inode, id, None);
        id
    }

    pub(super) fn known(&self, inode: Inode) -> Option<File> {
        self.known.get(&inode).copied()
    }

    pub(super) fn inode(&self, file: File) -> Option<Inode> {
        self.places.get(&file).map(|(inode, _)| *inode)
    }

    pub(super) fn path(&self, file: File) -> Option<&Path> {
        self.places.get(&file)?.1.as_deref()
    }
}

fn file(by: impl Hash) -> File {
    // With fixed keys: guards have to agree.
    let mut hasher = DefaultHasher::new();
    by.hash(&mut hasher);
    File(hasher.finish())
}
