//! Which file is which, in every world and every order alike.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::value::{access, entries};
use crate::observe::lock::Listing;
use crate::orders::File;

/// A file, by device and number.
pub(super) type Inode = (u64, u64);

/// The files of a world, each with what stands for it.
#[derive(Debug, Default)]
pub(super) struct Files {
    roots: Vec<PathBuf>,
    known: HashMap<Inode, File>,
    /// How many were made with each name.
    makes: HashMap<String, u32>,
    /// Where each was last seen.
    places: HashMap<File, (Inode, Option<PathBuf>)>,
    /// The first name of each. A descriptor is called by that: by what others call its file later, nobody knows it.
    called: HashMap<File, PathBuf>,
    /// Where one that has no name can be read, as long as somebody has it open there.
    open: HashMap<File, BTreeSet<PathBuf>>,
    /// How many that nobody had named each actor has met.
    met: HashMap<u8, u32>,
    /// What was found at each path since anybody last went on: the same path is asked for several times a step.
    found: RefCell<HashMap<OsString, Option<Metadata>>>,
    /// As it was at first.
    pub(super) first: First,
    /// Mode and owner that each was made with.
    born: HashMap<File, (u32, u32, u32)>,
    locks: Option<Listing>,
    /// What the kernel listed since.
    listed: RefCell<Option<Rc<str>>>,
}

/// What was there at first: what is so again is as if nobody had touched it.
#[derive(Debug, Default)]
pub(super) struct First {
    pub(super) files: HashSet<File>,
    pub(super) names: HashMap<String, File>,
    /// What stands for the names in each directory.
    pub(super) lists: HashMap<String, u64>,
    pub(super) locks: Rc<str>,
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
        files.first.files = files.places.keys().copied().collect();
        files.first.locks = files.listing()?;
        files.forget();
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
        let name = self.name(path);
        if !self.known.contains_key(&inode) {
            self.add(&found, file(("there", &name)), Some(path));
        }
        if let (Some(name), Some(known)) = (&name, self.known(inode)) {
            self.first.names.insert(name.clone(), known);
        }
        if !found.is_dir() {
            return;
        }
        if let (Some(name), Some(list)) = (name, entries(path)) {
            self.first.lists.insert(name, list);
        }
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            self.survey(&entry.path());
        }
    }

    fn add(&mut self, found: &Metadata, id: File, path: Option<&Path>) {
        self.born.entry(id).or_insert_with(|| access(found));
        self.set((found.dev(), found.ino()), id, path);
    }

    fn set(&mut self, inode: Inode, id: File, path: Option<&Path>) {
        self.known.insert(inode, id);
        self.places.insert(id, (inode, path.map(Into::into)));
        if let Some(path) = path {
            self.called.entry(id).or_insert_with(|| path.into());
        }
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

    /// A step has made a file at a path, or given it that name. A new one is known by the name it was made with, and how
    /// many were before it: whoever made it, and after whatever, it is the same to all who come to it.
    pub(super) fn made(&mut self, path: &Path, is_new: bool) {
        let Some(found) = self.look(path) else {
            return;
        };
        let inode = (found.dev(), found.ino());
        // The number may have been another file's before.
        let known = self.known.get(&inode).copied().filter(|_| !is_new);
        let id = known.unwrap_or_else(|| {
            let name = self.name(path).unwrap_or_default();
            let times = self.makes.entry(name.clone()).or_default();
            *times += 1;
            // Who made it is nothing that matters, but what it is.
            let target = found.is_symlink().then(|| fs::read_link(path).ok());
            file(("made", name, *times, access(&found), target))
        });
        self.add(&found, id, Some(path));
    }

    /// How many files were made with a name.
    pub(super) fn makes(&self, name: &str) -> u32 {
        self.makes.get(name).copied().unwrap_or(0)
    }

    /// A file that a call touches. One that never had a name is known by who met it first: that is who made it.
    pub(super) fn of(&mut self, inode: Inode, actor: u8) -> File {
        if let Some(known) = self.known.get(&inode) {
            return *known;
        }
        let times = self.met.entry(actor).or_default();
        *times += 1;
        let id = file(("met", actor, *times));
        self.set(inode, id, None);
        id
    }

    pub(super) fn known(&self, inode: Inode) -> Option<File> {
        self.known.get(&inode).copied()
    }

    /// Mode and owner that a file was made with; nothing for one that never had a name.
    pub(super) fn born(&self, file: File) -> Option<(u32, u32, u32)> {
        self.born.get(&file).copied()
    }

    pub(super) fn inode(&self, file: File) -> Option<Inode> {
        self.places.get(&file).map(|(inode, _)| *inode)
    }

    /// Somebody has it open here.
    pub(super) fn is_open(&mut self, inode: Inode, path: PathBuf) {
        if let Some(file) = self.known(inode) {
            self.open.entry(file).or_default().insert(path);
        }
    }

    /// The first name of a file, if it ever had one.
    pub(super) fn called(&self, inode: Inode) -> Option<&Path> {
        let path = self.called.get(&self.known(inode)?);
        path.map(PathBuf::as_path)
    }

    /// What a file is by now, and where it can be read: under its name or, where it has none, where somebody has it open.
    pub(super) fn find(&self, file: File) -> Option<(&Path, Metadata)> {
        let (inode, named) = self.places.get(&file)?;
        let is_it = |found: &Metadata| *inode == (found.dev(), found.ino());
        let by_name = named.as_deref().and_then(|path| {
            let found = self.look(path).filter(is_it)?;
            Some((path, found))
        });
        by_name.or_else(|| {
            self.open.get(&file)?.iter().find_map(|path| {
                let found = path.metadata().ok().filter(is_it)?;
                Some((path.as_path(), found))
            })
        })
    }
}

fn file(by: impl Hash) -> File {
    // With fixed keys: guards have to agree.
    let mut hasher = DefaultHasher::new();
    by.hash(&mut hasher);
    File(hasher.finish())
}
