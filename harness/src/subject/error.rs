//! Why a subject cannot be had.

use std::path::PathBuf;

use crate::scenario::diag::BadFile;

/// Why a subject cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// No profile has this name.
    #[error("no subject is called `{name}`; {hint}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        hint: String,
    },
    /// What was typed names no subject.
    #[error("`{spec}` names no subject: {why}")]
    Spec {
        /// What was typed.
        spec: String,
        /// What is wrong with it, and what would be right.
        why: String,
    },
    /// The registry has no such release.
    #[error("{package} has no release {version}; it has {known}")]
    Version {
        /// The package.
        package: String,
        /// The release asked for.
        version: String,
        /// The releases there are.
        known: String,
    },
    /// The registry did not say which releases there are.
    #[error(
        "which releases {package} has could not be found out: {why}\na release that was set up before is used without \
         asking where its version is named"
    )]
    Registry {
        /// The package.
        package: String,
        /// The last that its client said.
        why: String,
    },
    /// A profile with mistakes.
    #[error(transparent)]
    Profile(#[from] BadFile),
    /// A profile that cannot be read.
    #[error("cannot read the profile {path}: {source}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A deviations file that cannot be read.
    #[error(
        "cannot read {path}, the deviations that {profile} names: {source}; an empty file will do"
    )]
    NoDeviations {
        /// Which.
        path: PathBuf,
        /// The profile that names it.
        profile: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something that a profile names is not there.
    #[error("{profile}: {what}")]
    NotHere {
        /// The profile.
        profile: String,
        /// What it names, under which key.
        what: String,
    },
    /// No interpreter is new enough.
    #[error(
        "{package} needs Python {minimum} or later; {found}; install one, or name one with PIDPROOF_PYTHON"
    )]
    NoPython {
        /// The package.
        package: String,
        /// The oldest that will do.
        minimum: String,
        /// What there is instead.
        found: String,
    },
    /// Setting up a release failed.
    #[error("cannot set up {what}: {why}")]
    Provision {
        /// The release.
        what: String,
        /// Which step failed, and the last it said.
        why: String,
    },
    /// The cache cannot be used.
    #[error("{what}: {source}; PIDPROOF_CACHE can name another place for what is installed")]
    Cache {
        /// What was tried.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Nothing says where a cache may be.
    #[error("nowhere to keep releases: set PIDPROOF_CACHE, XDG_CACHE_HOME or HOME")]
    NoCache,
}

impl SubjectError {
    /// Whether what was typed is wrong, rather than right and not to be had here.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Unknown { .. }
            | Self::Spec { .. }
            | Self::Version { .. }
            | Self::Profile(_)
            | Self::Unreadable { .. }
            | Self::NoDeviations { .. } => true,
            Self::NotHere { .. }
            | Self::NoPython { .. }
            | Self::Registry { .. }
            | Self::Provision { .. }
            | Self::Cache { .. }
            | Self::NoCache => false,
        }
    }

    /// For `map_err` on what is done in the cache.
    pub(super) fn cache(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Cache { what, source }
    }
}
