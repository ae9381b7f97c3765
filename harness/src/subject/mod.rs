//! What is judged: the built-in reference, or a server that somebody else wrote.

mod builtin;

use std::collections::BTreeMap;

use crate::engine::Commands;
use crate::scenario::matrix::Values;

pub use builtin::builtin;

/// A subject, ready to be started.
#[derive(Debug, Clone)]
pub struct Subject {
    /// As typed after `--subject`, or `reference`.
    pub name: String,
    /// How to start it.
    pub commands: Commands,
    /// The contract's parameters as it fills them in.
    pub parameters: Values,
    /// What a person should know about how it was set up.
    pub notes: Vec<String>,
}

/// Why a subject cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// No profile has this name.
    #[error("no subject is called `{name}`; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

/// Finds a subject by what was typed. Provisions a release where it must.
///
/// # Errors
/// Why there is no such subject here.
pub fn find(spec: &str) -> Result<Subject, SubjectError> {
    match spec {
        "reference" => Ok(builtin()),
        other => Err(SubjectError::Unknown {
            name: other.to_owned(),
            known: "reference".into(),
        }),
    }
}

/// No variables.
fn no_env() -> BTreeMap<String, String> {
    BTreeMap::new()
}

/// The contract's parameters as a subject fills them in: what listing needs, without provisioning.
///
/// # Errors
/// That there is no such subject.
pub fn parameters(spec: &str) -> Result<Values, SubjectError> {
    find(spec).map(|subject| subject.parameters)
}

/// Tells what this host has for subjects from a registry.
pub fn doctor() {}

impl SubjectError {
    /// The exit status for it.
    pub fn exit(&self) -> crate::cli::Exit {
        match self {
            Self::Unknown { .. } => crate::cli::Exit::Usage,
        }
    }
}
