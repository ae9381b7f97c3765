//! Subjects that a scenario starts beside the judged one: what may be named, and finding it.

use super::spec::{Asked, release_hint};
use super::{Subject, SubjectError, cache, find, no_env, var};
use crate::engine::{Commands, Readiness};
use crate::scenario::beside::{Beside, Programs};
use crate::scenario::deviation::Deviations;
use crate::scenario::reach::Reach;
use crate::suite::ROLE;

/// What scenarios may start beside the judged subject.
pub fn programs() -> Programs {
    Programs {
        fixtures: pidproof_fixtures::names(),
        subject: understand,
    }
}

/// Finds what `[subjects]` names: a fixture that is a server, or a subject like any. Provisions a release.
///
/// # Errors
/// Why there is no such subject here.
pub fn find_beside(spec: &str) -> Result<Subject, SubjectError> {
    if !is_fixture(spec) {
        return find(spec);
    }
    Ok(Subject {
        name: spec.to_owned(),
        commands: Commands {
            server: ["@self", ROLE, spec].map(str::to_owned).into(),
            cli: Vec::new(),
            env: no_env(),
            shown: Vec::new(),
            ready: Readiness::Initialize,
        },
        parameters: Vec::new(),
        reach: Reach::all(),
        typed: Vec::new(),
        version: None,
        deviations: Deviations::default(),
        notes: Vec::new(),
    })
}

/// Whether a subject could be started without setting anything up first, as far as the cache's own notes
/// tell. For listing, which asks no network and no interpreter.
pub fn is_at_hand(spec: &str) -> bool {
    if is_fixture(spec) {
        return true;
    }
    match Asked::parse(spec) {
        Ok(Asked::Reference | Asked::Defect(_) | Asked::Own(_)) => true,
        Ok(Asked::Release {
            registry, version, ..
        }) => cache::Cache::locate(&var).is_ok_and(|cache| {
            let mut kept = cache.list().into_iter().filter_map(|(_, marker)| marker);
            kept.any(|m| m.package == registry.package() && m.version == version.to_string())
        }),
        Ok(Asked::Latest(_)) | Err(_) => false,
    }
}

fn is_fixture(spec: &str) -> bool {
    pidproof_fixtures::servers().contains(&spec)
}

fn understand(spec: &str) -> Result<Beside, String> {
    let beside = |release, has_cli| Beside {
        spec: spec.to_owned(),
        release,
        has_cli,
    };
    if is_fixture(spec) {
        return Ok(beside(false, false));
    }
    match Asked::parse(spec) {
        Ok(Asked::Reference | Asked::Defect(_)) => Ok(beside(false, true)),
        Ok(Asked::Own(profile)) => Ok(beside(false, profile.reach.cli)),
        Ok(Asked::Release { profile, .. }) => Ok(beside(true, profile.reach.cli)),
        // A case must mean the same on every day.
        Ok(Asked::Latest(package)) => Err(format!(
            "`{spec}` is another release from time to time; {}",
            release_hint(&package.name)
        )),
        Err(error @ SubjectError::Unknown { .. }) => Err(format!(
            "{error}, or a server of the suite: `{}`",
            pidproof_fixtures::servers().join("`, `")
        )),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_understood_can_be_found() {
        for spec in ["reference", "old-server"] {
            let beside = understand(spec).unwrap();
            let found = find_beside(spec).unwrap();
            assert_eq!(beside.has_cli, !found.commands.cli.is_empty(), "{spec}");
            assert!(!beside.release && is_at_hand(spec));
        }
        assert!(understand("memtomem@0.1.24").unwrap().release);
        assert!(!is_at_hand("memtomem@0.0.0"));
    }

    #[test]
    fn what_names_nothing_is_told_with_what_would() {
        let why = understand("old-serve").unwrap_err();
        assert!(why.contains("`old-server`"), "{why}");
        let why = understand("memtomem").unwrap_err();
        assert!(why.contains("memtomem@0.1.25"), "{why}");
    }
}
