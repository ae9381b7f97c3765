//! Several releases at once: which are meant by what was typed, and having each.

use std::time::{Duration, Instant};

use super::spec::{LATEST, Package, release_hint, split, wrong};
use super::version::Version;
use super::{SubjectError, Tell, cache, recipe, registry, var};

/// Releases of a package that were asked for in one word.
#[derive(Debug, Clone)]
pub struct Releases {
    package: Package,
    /// The oldest first.
    versions: Vec<Version>,
}

/// How a release was had.
#[derive(Debug, Clone, Copy)]
pub enum Had {
    /// It was in the cache.
    Before,
    /// It was set up now, in so long.
    Now(Duration),
}

/// Understands `memtomem@0.1.25`, `memtomem@latest`, a range such as `memtomem@0.1.22..0.1.30`, of which either end may
/// be missing, and `memtomem` for all. But for the first the registry is asked.
///
/// # Errors
/// What names no releases, or why the registry does not say which there are.
pub fn releases(spec: &str) -> Result<Releases, SubjectError> {
    let (name, which) = split(spec);
    let package = Package::named(name)?;
    let version = |text: &str| -> Result<Option<Version>, SubjectError> {
        let no = |e| wrong(spec, format!("{e}; {}", release_hint(name)));
        (!text.is_empty())
            .then(|| text.parse().map_err(no))
            .transpose()
    };
    let all = || registry::releases(&package.registry, &var);
    let versions = match which {
        None => all()?,
        Some(LATEST) => vec![registry::latest(&package.registry, &var)?],
        Some(range) => match range.split_once("..") {
            None => vec![version(range)?.ok_or_else(|| wrong(spec, release_hint(name)))?],
            Some((from, to)) => {
                let (from, to) = (version(from)?, version(to)?);
                if from
                    .as_ref()
                    .zip(to.as_ref())
                    .is_some_and(|(from, to)| from > to)
                {
                    return Err(wrong(spec, "the older release stands first"));
                }
                let mut all = all()?;
                all.retain(|v| {
                    from.as_ref().is_none_or(|f| f <= v) && to.as_ref().is_none_or(|t| v <= t)
                });
                all
            }
        },
    };
    Ok(Releases { package, versions })
}

impl Releases {
    /// What would stand after `--subject` for each, the oldest first.
    pub fn specs(&self) -> Vec<String> {
        self.versions.iter().map(|v| self.package.spec(v)).collect()
    }

    /// Which they are, the oldest first.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// That this release is none of them.
    pub fn no_release(&self, version: &Version) -> SubjectError {
        let known: Vec<String> = self.versions.iter().map(ToString::to_string).collect();
        SubjectError::Version {
            package: self.package.registry.package().to_owned(),
            version: version.to_string(),
            known: known.join(", "),
        }
    }
}

/// Has a release: from the cache, or set up now.
///
/// # Errors
/// Why it cannot be had.
pub fn have(spec: &str, tell: Tell<'_>) -> Result<Had, SubjectError> {
    let start = Instant::now();
    let Releases { package, versions } = releases(spec)?;
    let [version] = versions.as_slice() else {
        return Err(wrong(spec, release_hint(&package.name)));
    };
    let recipe = recipe(&package.profile, &package.registry, version, tell);
    let ready = recipe.have(&cache::Cache::locate(&var)?, &var)?;
    Ok(match ready.was_there {
        true => Had::Before,
        false => Had::Now(start.elapsed()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_release_is_itself_and_asks_nobody() {
        assert_eq!(
            releases("memtomem@0.1.25").unwrap().specs(),
            ["memtomem@0.1.25"]
        );
    }

    #[test]
    fn what_names_no_releases_is_told_before_anybody_is_asked() {
        let refusal = |spec: &str| {
            let error = releases(spec).unwrap_err();
            assert!(error.is_usage(), "{error}");
            error.to_string()
        };
        assert!(refusal("memtomem@").contains("memtomem@0.1.25"));
        assert!(refusal("memtomem@new").contains("`new` is no version"));
        assert!(refusal("memtomem@0.1.22..x").contains("`x` is no version"));
        assert!(refusal("memtomem@0.1.30..0.1.22").contains("the older release stands first"));
        assert!(refusal("memtomen@0.1.25").contains("did you mean `memtomem`?"));
        assert!(refusal("reference").contains("no releases"));
    }
}
