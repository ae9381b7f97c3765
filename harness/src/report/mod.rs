//! Telling what came of a run: to people, and to machines.

mod baseline;
pub mod claim;
mod deviating;
pub mod diff;
mod failure;
pub mod github;
mod junit;
mod keep;
pub mod matrix;
mod progress;
pub mod record;

pub use baseline::{Baseline, Entry, Pinned};
pub use deviating::Deviating;
pub use failure::failure;
pub use junit::junit;
pub use keep::{keep, kept_dir};
pub use progress::{Counts, Progress};

/// So many cases, in words.
pub fn n_cases(n: usize) -> String {
    match n {
        1 => "1 case".to_owned(),
        n => format!("{n} cases"),
    }
}
