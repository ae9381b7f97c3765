//! What is judged: the built-in reference, a release from a registry, or a server of one's own.
//!
//! A name becomes a profile without touching anything but its file (`spec`); only [`find`] provisions.

mod asking;
mod beside;
mod builtin;
mod cache;
mod deviations;
pub mod digest;
mod direct;
mod error;
mod health;
pub mod known;
mod own;
mod package;
mod pip;
mod prefix;
mod profile;
mod provision;
mod pypi;
mod python;
mod registry;
mod several;
#[rustfmt::skip] // A table, a key a line.
pub mod shape;
mod shown;
mod spec;

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::engine::Commands;
use crate::scenario::deviation::Deviations;
use crate::scenario::matrix::Values;
use crate::scenario::reach::Reach;
use crate::scenario::version;

pub use beside::{find_beside, is_at_hand, programs};
pub use builtin::{builtin, defective};
pub use direct::direct;
pub use error::SubjectError;
pub use health::{Line, health};
pub use several::{Had, Releases, have, releases};
pub(crate) use shown::hides_nothing;

use package::Registry;
use profile::Profile;
use spec::{Asked, LATEST, wrong};
use version::Version;

/// Who hears, a line at a time, of what takes long.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// A subject, ready to be started.
#[derive(Debug, Clone)]
pub struct Subject {
    /// As typed after `--subject`, or `reference`.
    pub name: String,
    /// How to start it.
    pub commands: Commands,
    /// The contract's parameters as it fills them in.
    pub parameters: Values,
    /// How much of the contract can be asked of it.
    pub reach: Reach,
    /// The words that name it on a command line, where it is no `--subject`; they come last.
    pub typed: Vec<String>,
    /// Which release, where it has any.
    pub version: Option<Version>,
    /// What is known of it, and pinned.
    pub deviations: Deviations,
    /// What a person should know about how it was set up.
    pub notes: Vec<String>,
}

/// Finds a subject by what was typed. Provisions a release where it must.
///
/// # Errors
/// Why there is no such subject here.
pub fn find(spec: &str) -> Result<Subject, SubjectError> {
    let tell = |line: &str| anstream::eprintln!("pidproof: {line}");
    match Asked::parse(spec)? {
        Asked::Reference => Ok(builtin()),
        Asked::Defect(name) => Ok(defective(&name)),
        Asked::Release {
            profile,
            registry,
            version,
        } => release(spec, *profile, &registry, &version),
        Asked::Latest(package) => {
            let version = registry::latest(&package.registry, &var)?;
            let spec = package.spec(&version);
            tell(&format!(
                "the latest release of {} is {version}",
                package.name
            ));
            release(&spec, *package.profile, &package.registry, &version)
        }
        Asked::Own(profile) => {
            let deviations = deviations::read(&profile, None, &var)?;
            Ok(Subject {
                name: spec.to_owned(),
                commands: own::commands(&profile, &var)?,
                parameters: profile.parameters,
                reach: profile.reach,
                typed: Vec::new(),
                version: None,
                notes: deviations.warnings(),
                deviations,
            })
        }
    }
}

/// What listing needs to know of a subject, without provisioning.
#[derive(Debug)]
pub struct Outline {
    /// The contract's parameters as it fills them in.
    pub parameters: Values,
    /// How much of the contract can be asked of it.
    pub reach: Reach,
    /// What is known of it.
    pub deviations: Deviations,
}

/// What a subject's profile says of it.
///
/// # Errors
/// That there is no such subject, or what is wrong with its files.
pub fn outline(spec: &str) -> Result<Outline, SubjectError> {
    let (profile, version) = match Asked::parse(spec)? {
        Asked::Reference | Asked::Defect(_) => {
            return Ok(Outline {
                parameters: Vec::new(),
                reach: Reach::all(),
                deviations: Deviations::default(),
            });
        }
        Asked::Release {
            profile, version, ..
        } => (profile, Some(version)),
        // Listing asks nobody.
        Asked::Latest(package) => {
            let why = format!(
                "only the registry knows which release `{LATEST}` is; `pidproof provision --list {spec}` asks it, and \
                 then {}",
                spec::release_hint(&package.name)
            );
            return Err(wrong(spec, why));
        }
        Asked::Own(profile) => (profile, None),
    };
    Ok(Outline {
        deviations: deviations::read(&profile, version.as_ref(), &var)?,
        parameters: profile.parameters,
        reach: profile.reach,
    })
}

/// What the profile of a package says of all its releases: of deviations nothing.
///
/// # Errors
/// That there is no such package, or what is wrong with its files.
pub fn outline_of_all(name: &str) -> Result<Outline, SubjectError> {
    let profile = spec::Package::named(name)?.profile;
    Ok(Outline {
        deviations: Deviations::default(),
        parameters: profile.parameters,
        reach: profile.reach,
    })
}

fn release(
    spec: &str,
    profile: Profile,
    registry: &Registry,
    version: &Version,
) -> Result<Subject, SubjectError> {
    let deviations = deviations::read(&profile, Some(version), &var)?;
    let tell = |line: &str| anstream::eprintln!("pidproof: {line}");
    let start = std::time::Instant::now();
    let ready =
        recipe(&profile, registry, version, &tell).have(&cache::Cache::locate(&var)?, &var)?;
    if !ready.was_there {
        let took = start.elapsed().as_secs_f64();
        tell(&format!("{spec} is set up, after {took:.1} s"));
    }
    let no_text = || SubjectError::Cache {
        what: format!("using {}", ready.venv.display()),
        source: std::io::Error::other("its path is no UTF-8"),
    };
    let places = [(registry.place(), ready.venv.to_str().ok_or_else(no_text)?)];
    let fill = |text: &String| profile::fill(text, &places);
    let mut shown = ready.marker.shown.clone();
    shown.extend(profile.shown.iter().map(|path| fill(path).into()));
    Ok(Subject {
        name: spec.to_owned(),
        commands: Commands {
            server: profile.server.iter().map(fill).collect(),
            cli: profile.cli.iter().map(fill).collect(),
            env: profile
                .env
                .iter()
                .map(|(k, v)| (k.clone(), fill(v)))
                .collect(),
            shown,
            ready: profile.ready,
        },
        parameters: profile.parameters,
        notes: [ready.marker.notes, deviations.warnings()].concat(),
        deviations,
        version: Some(version.clone()),
        reach: profile.reach,
        typed: Vec::new(),
    })
}

/// How a release of a package is to be set up.
fn recipe<'a>(
    profile: &Profile,
    registry: &'a Registry,
    version: &'a Version,
    tell: Tell<'a>,
) -> provision::Recipe<'a> {
    let programs = [&profile.server, &profile.cli];
    provision::Recipe {
        registry,
        version,
        programs: programs.iter().filter_map(|c| c.first().cloned()).collect(),
        tell,
    }
}

/// Where releases and what else outlives a run are kept, if the variables say where.
pub fn cache_dir() -> Option<std::path::PathBuf> {
    Some(cache::Cache::locate(&var).ok()?.root)
}

/// This process's own variables; everything below takes a function, so that tests need not set any.
fn var(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// No variables.
fn no_env() -> BTreeMap<String, String> {
    BTreeMap::new()
}
