//! System calls as data: which there are, and what was seen of one. Nothing here touches a process.

pub mod record;
pub mod table;
pub mod word;

pub use record::{Call, Fate, Locking};
pub use word::{Moment, Word};
