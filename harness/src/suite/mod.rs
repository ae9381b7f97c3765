//! Running many cases: each in its own world, kept by its own guard, so that nothing of a case outlives it.

pub mod guard;
mod host;
mod launch;
mod run;
mod smoke;

pub use host::find_host;
pub use launch::{Lifelines, launch};
pub use smoke::patience;
pub use run::{CaseResult, Interrupt, run_all, run_one};
