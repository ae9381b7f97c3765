//! Telling what came of a run, to people.

mod failure;
mod keep;
mod progress;

pub use failure::failure;
pub use keep::{keep, kept_dir};
pub use progress::{Counts, Progress};
