//! Telling what came of a run, to people.

mod baseline;
mod deviating;
mod failure;
mod keep;
mod progress;

pub use baseline::{Baseline, Entry, Pinned};
pub use deviating::Deviating;
pub use failure::failure;
pub use keep::{keep, kept_dir};
pub use progress::{Counts, Progress};
