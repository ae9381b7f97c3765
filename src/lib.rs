//! A pidfile that means what it says.
//!
//! A pidfile answers two questions: is one running, and which? The usual way to write it (look,
//! then create; or open with truncation, then lock) answers the first wrongly under a race and
//! destroys the answer to the second. Here the lock is the answer and the text is a courtesy:
//!
//! * whoever holds `flock` exclusively on the inode *that the path names* is the primary; after
//!   every lock the path is looked at again;
//! * nothing is written, truncated or unlinked by anybody else;
//! * the kernel drops the lock with the process, so a crash leaves nothing to repair;
//! * the directory is private, made with its mode under every umask, and never repaired.
//!
//! ```
//! use pidkeep::{Acquired, Environment, PidfileSite, RuntimeDir};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let scratch = tempfile::tempdir()?;
//! # let environment = Environment { tmpdir: Some(scratch.path().into()), ..Environment::of_process() };
//! # let environment = Environment { xdg_runtime_dir: None, ..environment };
//! let dir = RuntimeDir::resolve("exampled", &environment);
//! match PidfileSite::new(dir, "exampled.pid").acquire()? {
//!     Acquired::Primary(pidfile) => {
//!         println!("mine: {}", pidfile.path().display());
//!         pidfile.release()?; // at the end: unlinks it, if it still is ours
//!     }
//!     Acquired::Secondary(waiting) => println!("another holds {}", waiting.path().display()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | the place of the file, and whether to trust it | [`RuntimeDir`] |
//! | being the one, or waiting for it | [`PidfileSite`], [`Pidfile`], [`Waiting`] |
//! | keeping out a program that locks an older file | [`SharedHold`] |
//! | asking from outside, without a trace | [`probe()`] |
//! | paths in messages and commands | [`shell`] |
//!
//! The rule ids in this documentation (such as PID-7) are those of the pidfile contract. With the
//! feature `memtomem` (on by default) the crate also holds a small MCP server and its `mm` command,
//! which show the library at work.
//!
//! Linux, and local file systems: `flock` over a network file system is as good as that system.

#![forbid(unsafe_code)]

mod dir_handle;
mod dir_verdict;
mod lock_error;
mod lock_file;
mod lock_wait;
mod pidfile;
pub mod probe;
mod runtime_dir;
mod shared_hold;
pub mod shell;
mod umask;

#[cfg(feature = "memtomem")]
pub mod memtomem;

pub use dir_handle::DirHandle;
pub use dir_verdict::{DirError, Unsafe, Verdict};
pub use lock_error::LockFileError;
pub use lock_file::Released;
pub use pidfile::{Acquired, Pidfile, PidfileError, PidfileSite, Waiting, Woken};
pub use probe::{Holding, probe};
pub use runtime_dir::{Environment, Form, PassedOver, RuntimeDir, SafeDir};
pub use shared_hold::{BusyHold, Hold, SharedHold};
