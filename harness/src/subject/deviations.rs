//! A subject's deviations file: found from its profile, and read.

use std::ffi::OsString;
use std::path::Path;

use super::SubjectError;
use super::profile::Profile;
use super::spec::{EMBEDDED, embedded};
use super::version::Version;
use crate::scenario::deviation::Deviations;

/// How the names of deviations files end where they stand among profiles.
pub(super) const ENDING: &str = ".deviations.toml";

/// What the profile's file says of this release, or of a subject that has none. None is named, none is known.
///
/// # Errors
/// That it cannot be read, or all its mistakes.
pub(super) fn read(
    profile: &Profile,
    version: Option<&Version>,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Deviations, SubjectError> {
    let Some(name) = &profile.deviations else {
        return Ok(Deviations::default());
    };
    // Where nobody reads along, what nobody has explained must not pass.
    let strict = var("CI").is_some_and(|value| !value.is_empty());
    let beside = Path::new(&profile.path).with_file_name(name);
    let unreadable = |source| SubjectError::NoDeviations {
        path: beside.clone(),
        profile: profile.path.clone(),
        source,
    };
    let text = if profile.built_in {
        let text = embedded(name).ok_or_else(|| unreadable(std::io::ErrorKind::NotFound.into()))?;
        return Ok(Deviations::parse(
            &format!("{EMBEDDED}/{name}"),
            text,
            version,
            strict,
        )?);
    } else {
        std::fs::read_to_string(&beside).map_err(unreadable)?
    };
    let path = beside.display().to_string();
    Ok(Deviations::parse(&path, &text, version, strict)?)
}
