//! Telling what came of a run, to people.

mod deviating;
mod failure;
mod keep;
mod progress;

pub use deviating::Deviating;
pub use failure::failure;
pub use keep::{keep, kept_dir};
pub use progress::{Counts, Progress};
