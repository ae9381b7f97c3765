//! What may be typed after `--subject`, and the profile it means. Touches no network.

use std::path::Path;

use include_dir::{Dir, include_dir};

use super::SubjectError;
use super::deviations::ENDING;
use super::package::{Pypi, Registry};
use super::profile::Profile;
use super::version::Version;
use crate::scenario::diag::nearest;

/// The profiles that come with pidproof, each named after its file.
static PROFILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../fixtures/profiles");
/// As printed.
pub(super) const EMBEDDED: &str = "fixtures/profiles";
/// The name of the built-in reference.
const REFERENCE: &str = "reference";
/// What stands before the name of a defect.
const DEFECT: &str = "defect:";

/// What was asked for.
#[derive(Debug)]
pub(super) enum Asked {
    /// The built-in reference.
    Reference,
    /// The reference with one thing wrong.
    Defect(String),
    /// A release from a registry.
    Release {
        /// Its profile.
        profile: Box<Profile>,
        /// Its package.
        registry: Box<Registry>,
        /// Which one.
        version: Version,
    },
    /// The newest release in a registry, which only the registry knows.
    Latest(Package),
    /// A server of one's own.
    Own(Box<Profile>),
}

/// A package whose releases are subjects.
#[derive(Debug, Clone)]
pub(super) struct Package {
    /// As typed, before the `@`.
    pub(super) name: String,
    /// Its profile.
    pub(super) profile: Box<Profile>,
    /// Where its releases come from.
    pub(super) registry: Box<Registry>,
}

/// What stands after the `@` for the newest release.
pub(super) const LATEST: &str = "latest";

impl Package {
    /// By the name of its profile, or by its path.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub(super) fn named(name: &str) -> Result<Self, SubjectError> {
        if name == REFERENCE || name.starts_with(DEFECT) {
            return Err(wrong(name, "it has no releases to choose from"));
        }
        let profile = profile(name)?;
        match profile.registry.clone() {
            Some(registry) => Ok(Self {
                name: name.to_owned(),
                profile: Box::new(profile),
                registry: Box::new(registry),
            }),
            None => Err(no_releases(name, &profile)),
        }
    }

    /// What stands after `--subject` for one of its releases.
    pub(super) fn spec(&self, version: &Version) -> String {
        format!("{}@{version}", self.name)
    }
}

/// What was typed, as what stands before the last `@` and after it. A path may hold an `@` of its own.
pub(super) fn split(spec: &str) -> (&str, Option<&str>) {
    match spec.rsplit_once('@') {
        Some((_, after)) if after.ends_with(".toml") => (spec, None),
        Some((name, version)) => (name, Some(version)),
        None => (spec, None),
    }
}

impl Asked {
    /// Understands what was typed, and reads the profile.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub(super) fn parse(spec: &str) -> Result<Self, SubjectError> {
        if let Some(name) = spec.strip_prefix(DEFECT) {
            return defect(spec, name);
        }
        let (name, version) = split(spec);
        if name == REFERENCE && version.is_none() {
            return Ok(Self::Reference);
        }
        if name == REFERENCE {
            return Err(wrong(spec, "the reference has no releases: `reference`"));
        }
        let profile = profile(name)?;
        match (profile.registry.clone(), version) {
            (None, None) => Ok(Self::Own(Box::new(profile))),
            (None, Some(_)) => Err(no_releases(spec, &profile)),
            (Some(registry), Some(LATEST)) => Ok(Self::Latest(Package {
                name: name.to_owned(),
                profile: Box::new(profile),
                registry: Box::new(registry),
            })),
            (Some(_), None) => Err(wrong(spec, release_hint(name))),
            (Some(registry), Some(version)) => {
                let version = version
                    .parse()
                    .map_err(|e| wrong(spec, format!("{e}; {}", release_hint(name))))?;
                Ok(Self::Release {
                    profile: Box::new(profile),
                    registry: Box::new(registry),
                    version,
                })
            }
        }
    }
}

fn defect(spec: &str, name: &str) -> Result<Asked, SubjectError> {
    let mut known: Vec<&str> = pidproof_defects::ALL.iter().map(|d| d.name).collect();
    known.push(pidproof_defects::CONTROL);
    if known.contains(&name) {
        return Ok(Asked::Defect(name.to_owned()));
    }
    let near = nearest(name, &known)
        .map(|near| format!("did you mean `{DEFECT}{near}`? "))
        .unwrap_or_default();
    Err(wrong(
        spec,
        format!("{near}`pidproof self-test --list` shows the defects"),
    ))
}

/// The built-in profiles of packages that need a Python.
pub(super) fn packages() -> Vec<Pypi> {
    names()
        .into_iter()
        .filter_map(|name| match built_in(name).ok()?.registry? {
            Registry::Pypi(pypi) => Some(pypi),
            Registry::Npm(_) | Registry::Cargo(_) => None,
        })
        .collect()
}

/// The built-in profiles by name, each with the package that its releases are of.
pub(super) fn released() -> Vec<(&'static str, String)> {
    let package = |name| {
        let registry = built_in(name).ok()?.registry?;
        Some((name, registry.package().to_owned()))
    };
    names().into_iter().filter_map(package).collect()
}

/// By the name of one that comes with pidproof, or by a path.
fn profile(name: &str) -> Result<Profile, SubjectError> {
    if name.ends_with(".toml") {
        from_file(Path::new(name))
    } else {
        built_in(name)
    }
}

fn no_releases(spec: &str, profile: &Profile) -> SubjectError {
    let why = format!(
        "{} names no package such as [pypi], so there are no releases to choose from",
        profile.path
    );
    wrong(spec, why)
}

pub(super) fn wrong(spec: &str, why: impl Into<String>) -> SubjectError {
    SubjectError::Spec {
        spec: spec.to_owned(),
        why: why.into(),
    }
}

pub(super) fn release_hint(name: &str) -> String {
    format!("say which release, for instance `{name}@0.1.25`")
}

fn names() -> Vec<&'static str> {
    PROFILES
        .files()
        .filter_map(|file| file.path().file_name()?.to_str())
        .filter(|name| !name.ends_with(ENDING))
        .filter_map(|name| name.strip_suffix(".toml"))
        .collect()
}

/// The text of a file beside the profiles that come with pidproof.
pub(super) fn embedded(file: &str) -> Option<&'static str> {
    PROFILES
        .files()
        .find(|f| f.path().as_os_str() == file)
        .and_then(|f| f.contents_utf8())
}

fn built_in(name: &str) -> Result<Profile, SubjectError> {
    let file = format!("{name}.toml");
    match embedded(&file).filter(|_| names().contains(&name)) {
        Some(text) => {
            let mut profile = Profile::parse(&format!("{EMBEDDED}/{file}"), text)?;
            profile.built_in = true;
            Ok(profile)
        }
        None => {
            let mut known = vec![REFERENCE];
            known.extend(names());
            let near = nearest(name, &known)
                .map(|near| format!("did you mean `{near}`? "))
                .unwrap_or_default();
            let mut list = vec![format!("`{REFERENCE}`")];
            list.extend(names().iter().map(|n| format!("`{n}@RELEASE`")));
            list.push("the path of a profile (*.toml)".into());
            Err(SubjectError::Unknown {
                name: name.to_owned(),
                hint: format!("{near}there are {}", list.join(", ")),
            })
        }
    }
}

fn from_file(path: &Path) -> Result<Profile, SubjectError> {
    let text = std::fs::read_to_string(path).map_err(|source| SubjectError::Unreadable {
        path: path.to_path_buf(),
        source,
    })?;
    Ok(Profile::parse(&path.display().to_string(), &text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(spec: &str) -> String {
        let error = Asked::parse(spec).unwrap_err();
        assert!(error.is_usage(), "{error}");
        error.to_string()
    }

    #[test]
    fn a_release_is_a_profile_and_a_version() {
        match Asked::parse("memtomem@0.1.25").unwrap() {
            Asked::Release {
                registry, version, ..
            } => {
                assert_eq!(registry.package(), "memtomem");
                assert_eq!(version.to_string(), "0.1.25");
            }
            other @ (Asked::Reference | Asked::Defect(_) | Asked::Latest(_) | Asked::Own(_)) => {
                panic!("{other:?}")
            }
        }
    }

    #[test]
    fn every_built_in_profile_is_good_and_names_its_package() {
        for name in names() {
            built_in(name).unwrap();
        }
        assert!(packages().iter().any(|p| p.package == "memtomem"));
    }

    #[test]
    fn what_names_nothing_is_told_with_what_would() {
        for spec in ["memtomem", "memtomem@", "memtomem@x y", "memtomem@newest"] {
            assert!(refusal(spec).contains("memtomem@0.1.25"), "{spec}");
        }
        let text = refusal("memtomen@0.1.25");
        assert!(text.contains("did you mean `memtomem`?"), "{text}");
        assert!(refusal("reference@1").contains("no releases"));
        assert!(refusal("nowhere/at-all.toml").contains("nowhere/at-all.toml"));
        assert!(refusal("").contains("`reference`"));
    }

    #[test]
    fn ones_own_server_has_no_releases() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("own@home.toml");
        std::fs::write(&path, "server = [\"./s\"]\ncli = [\"./c\"]\n").unwrap();
        let spec = path.to_str().unwrap();
        assert!(matches!(Asked::parse(spec).unwrap(), Asked::Own(_)));
        assert!(refusal(&format!("{spec}@1.0")).contains("no releases"));
    }
}
