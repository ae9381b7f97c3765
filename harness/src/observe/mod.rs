//! What can be seen from outside: files, locks, and events of the file system.

pub mod lock;
pub mod tree;
pub mod watch;
