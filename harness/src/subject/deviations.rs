//! A subject's deviations file: found from its profile, and read.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;

use super::SubjectError;
use super::profile::Profile;
use super::spec::{EMBEDDED, embedded};
use super::version::Version;
use crate::scenario::deviation::Deviations;

/// How the names of deviations files end where they stand among profiles.
pub(super) const ENDING: &str = ".deviations.toml";

/// What the profile's files say of this release, or of a subject that has none. None is named, none is known.
///
/// # Errors
/// That one cannot be read, or all its mistakes.
pub(super) fn read(
    profile: &Profile,
    version: Option<&Version>,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Deviations, SubjectError> {
    // Where nobody reads along, what nobody has explained must not pass.
    let strict = var("CI").is_some_and(|value| !value.is_empty());
    let one = |name: &String| {
        let (path, text) = text(profile, name)?;
        Ok(Deviations::parse(&path, &text, version, strict)?)
    };
    let all: Result<Vec<Deviations>, SubjectError> = profile.deviations.iter().map(one).collect();
    Ok(Deviations::join(all?))
}

/// A file that the profile names, with where it is.
fn text(profile: &Profile, name: &str) -> Result<(String, Cow<'static, str>), SubjectError> {
    let beside = Path::new(&profile.path).with_file_name(name);
    let unreadable = |source| SubjectError::NoDeviations {
        path: beside.clone(),
        profile: profile.path.clone(),
        source,
    };
    if profile.built_in {
        let text = embedded(name).ok_or_else(|| unreadable(std::io::ErrorKind::NotFound.into()))?;
        return Ok((format!("{EMBEDDED}/{name}"), text.into()));
    }
    let text = std::fs::read_to_string(&beside).map_err(unreadable)?;
    Ok((beside.display().to_string(), text.into()))
}
