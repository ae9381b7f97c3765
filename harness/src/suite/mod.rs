//! Running many cases: each in its own world, kept by its own guard, so that nothing of a case outlives it.

mod frames;
pub mod guard;
mod host;
mod known;
mod launch;
pub mod line;
mod run;
mod smoke;
mod subjects;
mod sweep;

/// The argument before a role's name. Not in the command's help: nobody types it.
pub const ROLE: &str = "role";
/// The role that shows whether calls are told here.
pub const TRIAL: &str = "trial";
/// The role that keeps a case's world.
pub const GUARD: &str = "guard";

pub use host::find_host;
pub use launch::{Lifelines, launch};
pub use run::{
    CaseResult, HowToRun, Interrupt, job, run_all, run_and_explain, run_one, run_with_shell,
};
pub use smoke::patience;
pub use subjects::{Ready, Subjects};
pub use sweep::{Found, find_all};
