//! Where the releases of a package come from, as a profile says it.

use std::str::FromStr;

use super::profile::owned;
use super::shape;
use super::version::Version;
use crate::scenario::diag::Diags;
use crate::scenario::fields::{self, Fields};
use crate::scenario::node::Node;

/// Where a release from PyPI stands, for `${venv}`.
pub(super) const VENV: &str = "venv";
/// Where one from npm's registry stands, for `${npm}`; its programs are in `bin` there.
const NPM: &str = "npm";
/// Where one that cargo built stands, for `${cargo}`, likewise.
const CARGO: &str = "cargo";

/// A registry, and what is special to it.
#[derive(Debug, Clone)]
pub(super) enum Registry {
    /// PyPI: a virtual environment a release.
    Pypi(Pypi),
    /// npm's: a prefix a release.
    Npm(Named),
    /// Cargo's: a root a release.
    Cargo(Named),
}

/// A package of which nothing more need be known.
#[derive(Debug, Clone)]
pub(super) struct Named {
    /// Its name there.
    pub(super) package: String,
}

impl Registry {
    /// The package's name there.
    pub(super) fn package(&self) -> &str {
        match self {
            Self::Pypi(pypi) => &pypi.package,
            Self::Npm(named) | Self::Cargo(named) => &named.package,
        }
    }

    /// What stands for its place in a profile.
    pub(super) fn place(&self) -> &'static str {
        match self {
            Self::Pypi(_) => VENV,
            Self::Npm(_) => NPM,
            Self::Cargo(_) => CARGO,
        }
    }
}

/// A package on PyPI, installed into a virtual environment for each release.
#[derive(Debug, Clone)]
pub(super) struct Pypi {
    /// Its name there.
    pub(super) package: String,
    /// The oldest Python it runs on.
    pub(super) python: Version,
    /// What some releases need beside what they ask for.
    pub(super) constraints: Vec<Constraint>,
    /// What to do about a `sqlite3` that cannot load extensions; without it that does not matter.
    pub(super) sqlite: Option<Cure>,
}

/// What releases before one need beside what they ask for.
#[derive(Debug, Clone)]
pub(super) struct Constraint {
    before: Version,
    requires: Vec<String>,
}

/// A package whose module takes the place of `sqlite3`.
#[derive(Debug, Clone)]
pub(super) struct Cure {
    /// Its name on PyPI.
    pub(super) package: String,
    /// The module it brings.
    pub(super) module: String,
}

impl Pypi {
    /// What is installed for a release.
    pub(super) fn requirements(&self, version: &Version) -> Vec<String> {
        let mut all = vec![format!("{}=={version}", self.package)];
        for constraint in &self.constraints {
            if *version < constraint.before {
                all.extend(constraint.requires.iter().cloned());
            }
        }
        all
    }
}

/// The registry that a profile names, if it names any, with what its place is called; a bad one has only that.
pub(super) fn registry(
    top: &mut Fields<'_>,
    diags: &mut Diags,
) -> Option<(&'static str, Option<Registry>)> {
    let mut found = Vec::new();
    if let Some(table) = top.table("pypi", diags) {
        found.push((VENV, pypi(table, diags).map(Registry::Pypi)));
    }
    for (key, shape, make) in [
        (NPM, &shape::NPM, Registry::Npm as fn(Named) -> Registry),
        (CARGO, &shape::CARGO, Registry::Cargo),
    ] {
        let Some(node) = top.take(key) else { continue };
        let Some(entries) = node.entries() else {
            fields::wrong(node, &node.value, "a table", diags);
            found.push((key, None));
            continue;
        };
        if !found.is_empty() {
            diags.push(
                node.span.clone(),
                "a package has one registry",
                "and another is named above",
            );
        }
        let table = Fields::new(entries, node.span.clone(), shape);
        found.push((key, named(table, diags).map(make)));
    }
    found.into_iter().next()
}

fn named(mut table: Fields<'_>, diags: &mut Diags) -> Option<Named> {
    let package = table.need_text("package", diags);
    table.finish(diags);
    let (name, span) = package?;
    // A path, an address or an option would be something else to an installer.
    let bare = name.strip_prefix('@').unwrap_or(name);
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let parts: Vec<&str> = bare.split('/').collect();
    if parts.len() != 1 + usize::from(name.starts_with('@')) || !parts.into_iter().all(word) {
        diags.push(
            span,
            format!("`{name}` names no package"),
            "for instance \"server\"",
        );
    }
    Some(Named {
        package: name.to_owned(),
    })
}

fn pypi(mut table: Fields<'_>, diags: &mut Diags) -> Option<Pypi> {
    let package = table.need_text("package", diags).map(owned);
    let python = need_version(&mut table, "python", diags);
    let constraints = match table.take("constraint") {
        Some(node) => fields::list(node, diags)
            .iter()
            .filter_map(|item| constraint(item, diags))
            .collect(),
        None => Vec::new(),
    };
    let sqlite = table.table("sqlite", diags).map(|mut table| {
        let package = table.need_text("package", diags).map(owned);
        let module = table.need_text("module", diags);
        if let Some((name, span)) = &module
            && !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            diags.push(span.clone(), format!("`{name}` is no module"), "here");
        }
        table.finish(diags);
        Some(Cure {
            package: package?,
            module: module.map(owned)?,
        })
    });
    table.finish(diags);
    Some(Pypi {
        package: package?,
        python: python?,
        constraints,
        sqlite: match sqlite {
            Some(cure) => Some(cure?),
            None => None,
        },
    })
}

fn constraint(node: &Node, diags: &mut Diags) -> Option<Constraint> {
    let Some(entries) = node.entries() else {
        fields::wrong(node, &node.value, "a table", diags);
        return None;
    };
    let mut table = Fields::new(entries, node.span.clone(), &shape::CONSTRAINT);
    let before = need_version(&mut table, "before", diags);
    let requires = table.texts("requires", diags);
    for (text, span) in &requires {
        // What begins with a hyphen would be an option of the installer.
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            diags.push(
                span.clone(),
                format!("`{text}` is no requirement"),
                "for instance \"name<2\"",
            );
        }
    }
    table.finish(diags);
    Some(Constraint {
        before: before?,
        requires: requires.into_iter().map(owned).collect(),
    })
}

fn need_version(table: &mut Fields<'_>, key: &'static str, diags: &mut Diags) -> Option<Version> {
    let (text, span) = table.need_text(key, diags)?;
    match Version::from_str(text) {
        Ok(version) => Some(version),
        Err(error) => {
            diags.push(span, error.to_string(), "for instance \"3.12\"");
            None
        }
    }
}
