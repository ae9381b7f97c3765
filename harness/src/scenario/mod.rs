//! Scenario files: read, wholly checked, and turned into cases before any process starts.
//!
//! The way of a file: text -> [`node::Node`] -> (matrix) -> [`model::Case`]. [`load::Library`] is where it begins.

pub mod beside;
mod change;
mod crowd;
pub mod date;
pub mod deviation;
pub mod diag;
mod digest;
mod expect;
mod expectation;
pub mod explore;
pub(crate) mod fields;
pub mod file;
mod files;
mod holder;
mod hostile;
pub mod injection;
pub mod load;
pub mod matrix;
pub mod model;
pub mod node;
pub mod reach;
pub mod rules;
pub mod shape;
mod spawn;
mod step;
pub mod sweep;
pub mod template;
mod terminal;
pub mod version;
pub mod versions;
pub mod when;

pub use step::SIGNALS;
