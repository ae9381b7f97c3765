//! What system calls do, in one word for all forms of a call.

use serde::{Deserialize, Serialize};

/// One line a family: its word, its meaning, its variant. The words are written once and are what scenarios say.
macro_rules! families {
    ($($(#[$meaning:meta])* $family:ident = $word:literal,)*) => {
        /// What a call does, in one word for all its forms: `openat2` is an `open`, `mkdirat` a `mkdir`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum Family {
            $($(#[$meaning])* #[serde(rename = $word)] $family,)*
        }

        impl Family {
            /// All of them, in the order of this file.
            pub const ALL: &[Self] = &[$(Self::$family),*];

            /// Its word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {
                    $(Self::$family => $word,)*
                }
            }
        }
    };
}

families! {
    /// Opens a file; it may make or empty it too.
    Open = "open",
    /// Makes a directory.
    Mkdir = "mkdir",
    /// Removes a directory.
    Rmdir = "rmdir",
    /// Removes a name.
    Unlink = "unlink",
    /// Gives another name, or swaps two.
    Rename = "rename",
    /// Gives one more name.
    Link = "link",
    /// Makes a symbolic link.
    Symlink = "symlink",
    /// Makes a fifo, a device, a socket or a file without opening it.
    Mknod = "mknod",
    /// Sets permission bits.
    Chmod = "chmod",
    /// Sets owner and group.
    Chown = "chown",
    /// Sets the length.
    Truncate = "truncate",
    /// Takes or gives back room, and what was in it.
    Allocate = "allocate",
    /// Takes, gives back or asks for a lock: `flock`, and the locks and leases of `fcntl`.
    Lock = "lock",
    /// The rest of `fcntl`: neither a lock nor a copy of a descriptor.
    Fcntl = "fcntl",
    /// Whatever a driver or a file system offers; some of it changes files.
    Ioctl = "ioctl",
    /// Gets content.
    Read = "read",
    /// Puts content, its own or that of another descriptor.
    Write = "write",
    /// Has the disk hold what was written.
    Sync = "sync",
    /// Extended attributes, the lists of access rights among them.
    Xattr = "xattr",
    /// Flags of an inode, as `chattr` sets them.
    Attr = "attr",
    /// Sets times.
    Times = "times",
    /// Mounts, moves and unmounts, by the old call and by the new ones.
    Mount = "mount",
    /// Changes what `/` is.
    Root = "root",
    /// Enters other namespaces, and so another tree of files or other pids.
    Namespace = "namespace",
    /// Gives a socket its address, which may be a file that comes to be.
    Bind = "bind",
    /// Connects to an address, which may be a file.
    Connect = "connect",
    /// Kind, owner, mode, size and times of a file; size and kind of a file system.
    Stat = "stat",
    /// Asks whether a file may be used.
    Access = "access",
    /// Gets the text of a symbolic link.
    Readlink = "readlink",
    /// Lists a directory.
    List = "list",
    /// Asks to be told of changes.
    Notify = "notify",
    /// Gets a handle: a name for an inode that needs no path.
    Handle = "handle",
    /// Changes the directory that relative paths start from.
    Chdir = "chdir",
    /// Closes descriptors.
    Close = "close",
    /// Makes one more descriptor of what another one stands for.
    Dup = "dup",
    /// Sends a signal.
    Signal = "signal",
    /// Ends the thread or the process.
    Exit = "exit",
    /// Limits of disk space.
    Quota = "quota",
    /// Gives a file to the kernel to page to, or takes it back.
    Swap = "swap",
    /// Has the kernel write down each process that ends.
    Acct = "acct",
}

impl Family {
    /// The family of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|f| f.word() == word)
    }
}
