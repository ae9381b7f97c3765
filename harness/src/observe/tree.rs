//! Files as facts: one path, or a whole tree at one moment.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use crate::scenario::model::FileKind;

/// Content up to this size is kept; beyond it a hash stands for it.
const KEEP: u64 = 64 * 1024;

/// What is at a path, by lstat(2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its type.
    pub kind: FileKind,
    /// All twelve mode bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Device and inode.
    pub inode: (u64, u64),
    /// Size; 0 for directories, whose size is the file system's own affair.
    pub size: u64,
    /// Time of last change of content, in seconds and nanoseconds.
    pub mtime: (i64, i64),
    /// Time of last change of the inode, likewise.
    pub ctime: (i64, i64),
    /// Target of a symlink.
    pub target: Option<PathBuf>,
    /// Content of a regular file.
    pub content: Option<Content>,
}

/// Content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes.
    Bytes(Vec<u8>),
    /// A hash of too many bytes.
    Hash(u64),
    /// It could not be read.
    Unreadable(String),
}

/// All entries below some directories.
pub type Tree = BTreeMap<PathBuf, Entry>;

/// The entry at a path, or `None` where there is nothing.
///
/// # Errors
/// What lstat(2) says, other than that nothing is there.
pub fn entry(path: &Path) -> io::Result<Option<Entry>> {
    let meta = match fs::symlink_metadata(path) {
        Ok(meta) => meta,
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    let kind = kind(&meta);
    Ok(Some(Entry {
        kind,
        mode: meta.mode() & 0o7777,
        uid: meta.uid(),
        gid: meta.gid(),
        inode: (meta.dev(), meta.ino()),
        size: if kind == FileKind::Directory {
            0
        } else {
            meta.size()
        },
        mtime: (meta.mtime(), meta.mtime_nsec()),
        ctime: (meta.ctime(), meta.ctime_nsec()),
        target: (kind == FileKind::Symlink)
            .then(|| fs::read_link(path).ok())
            .flatten(),
        content: (kind == FileKind::File).then(|| content(path, meta.len())),
    }))
}

fn kind(meta: &fs::Metadata) -> FileKind {
    let t = meta.file_type();
    if t.is_dir() {
        FileKind::Directory
    } else if t.is_symlink() {
        FileKind::Symlink
    } else if t.is_fifo() {
        FileKind::Fifo
    } else if t.is_socket() {
        FileKind::Socket
    } else if t.is_file() {
        FileKind::File
    } else {
        FileKind::Device
    }
}

fn content(path: &Path, size: u64) -> Content {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::options()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(path)?
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) if size <= KEEP => Content::Bytes(bytes),
        Ok(bytes) => {
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            Content::Hash(hasher.finish())
        }
        Err(e) => Content::Unreadable(e.to_string()),
    }
}

/// Everything below `roots`, the roots included, without crossing into another mount.
///
/// # Errors
/// What the system says. A path that goes away while it is looked at is left out.
pub fn tree(roots: &[PathBuf]) -> io::Result<Tree> {
    let mut tree = Tree::new();
    for root in roots {
        let device = entry(root)?.map(|e| e.inode.0);
        let mut todo = vec![root.clone()];
        while let Some(path) = todo.pop() {
            let Some(found) = entry(&path)? else { continue };
            if Some(found.inode.0) != device {
                continue;
            }
            if found.kind == FileKind::Directory {
                match fs::read_dir(&path) {
                    Ok(list) => {
                        for item in list {
                            todo.push(item?.path());
                        }
                    }
                    Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                    // Its own line still tells that it is there, and with which mode.
                    Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {}
                    Err(e) => return Err(e),
                }
            }
            tree.insert(path, found);
        }
    }
    Ok(tree)
}

/// The names in a directory.
///
/// # Errors
/// What the system says.
pub fn names(path: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names = fs::read_dir(path)?
        .map(|item| item.map(|i| i.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

impl Entry {
    /// A line as `ls` would show it.
    pub fn line(&self) -> String {
        let mut line = format!(
            "{:9} {:04o} uid {} inode {}",
            self.kind.word(),
            self.mode,
            self.uid,
            self.inode.1
        );
        if let Some(target) = &self.target {
            line.push_str(&format!(" -> {}", target.display()));
        }
        match &self.content {
            Some(Content::Bytes(bytes)) => {
                let shown: String = bytes
                    .iter()
                    .take(60)
                    .copied()
                    .collect::<Vec<u8>>()
                    .escape_ascii()
                    .to_string();
                let more = if bytes.len() > 60 { "..." } else { "" };
                line.push_str(&format!(" {} bytes \"{shown}{more}\"", self.size));
            }
            Some(Content::Hash(_)) => line.push_str(&format!(" {} bytes", self.size)),
            Some(Content::Unreadable(why)) => line.push_str(&format!(" unreadable: {why}")),
            None => {}
        }
        line
    }
}
