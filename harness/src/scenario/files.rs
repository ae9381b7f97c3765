//! What a step does to the world's files.

use serde::{Deserialize, Serialize};

use super::template::Template;

/// A file system to mount.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mount {
    /// Where.
    pub path: Template,
    /// What.
    pub what: FileSystem,
    /// Nothing can be changed through it.
    pub read_only: bool,
}

/// What can be mounted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum FileSystem {
    /// A fresh one, whose root belongs to the subject's uid.
    Tmpfs {
        /// Bytes it has room for.
        size: Option<u64>,
        /// Files it has room for, its root among them.
        inodes: Option<u64>,
        /// Mode of its root.
        mode: u32,
    },
    /// A directory that is there already.
    Bind {
        /// The directory.
        from: Template,
    },
}

/// A change to the world's files, made as the world's owner.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Change {
    /// What is changed.
    pub path: Template,
    /// How.
    pub how: ChangeKind,
    /// Owner of what is made; the subject's uid otherwise.
    pub uid: Option<u32>,
    /// Mode of what is made, whatever the umask.
    pub mode: Option<u32>,
}

/// How files change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum ChangeKind {
    /// Writes a file in place, keeping the inode of one that is there.
    Write {
        /// The content.
        content: Template,
        /// How often it is repeated.
        repeat: usize,
    },
    /// Makes a directory.
    Mkdir,
    /// Makes a symlink.
    Symlink {
        /// What it points at.
        to: Template,
    },
    /// Makes a hard link.
    Hardlink {
        /// The existing file.
        to: Template,
    },
    /// Makes a fifo.
    Mkfifo,
    /// Makes a unix socket.
    Mksock,
    /// Changes the mode to `mode`.
    Chmod,
    /// Changes the owner to `uid`.
    Chown,
    /// Removes a file or a tree.
    Remove {
        /// Nothing there is no failure.
        if_there: bool,
    },
    /// Renames.
    Rename {
        /// The new name.
        to: Template,
        /// Nothing there is no failure.
        if_there: bool,
    },
    /// Sets the times of access and of change of content.
    Touch {
        /// Seconds since 1970.
        time: i64,
    },
}
