//! Releases from npm's and from cargo's registry: programs in a directory of their own, by the host's own installer.

use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::cache::{self, Cache, Marker, Ready, Wanted};
use super::package::Named;
use super::provision::{LAYOUT, Recipe};
use super::python::on_path;
use super::shown::installed_with;
use super::{SubjectError, registry};

/// What is looked for in the cache.
pub(super) fn wanted(recipe: &Recipe<'_>) -> Wanted {
    let (package, tool) = (recipe.registry.package(), recipe.registry.place());
    let version = recipe.version.to_string();
    Wanted {
        // A scope is no directory here.
        package: package.replace('/', "+"),
        tool,
        key: cache::key([LAYOUT, tool, package, &version]),
        version,
        python: None,
    }
}

/// By npm, with the Node.js of this host: a link to it stands beside the programs, so that a world needs no PATH to it.
pub(super) fn npm(
    recipe: &Recipe<'_>,
    named: &Named,
    cache: &Cache,
    wanted: &Wanted,
    lock: &File,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Ready, SubjectError> {
    let (npm, node) = (program("npm", recipe, var)?, program("node", recipe, var)?);
    let mut asked = Command::new(&node);
    asked.arg("--version");
    let version = recipe.run("asking for the version of node", asked, lock)?;
    let version = version.trim().trim_start_matches('v');
    recipe.build(cache, wanted, ("on Node.js", version), |dir| {
        let prefix = cache::venv(dir);
        let bin = prefix.join("bin");
        fs::create_dir_all(&bin)
            .and_then(|()| symlink(&node, bin.join("node")))
            .map_err(SubjectError::cache(format!("making {}", bin.display())))?;
        let mut command = Command::new(&npm);
        command.args([
            "install",
            "--global",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]);
        command.arg("--prefix").arg(&prefix);
        command.arg(format!("{}@{}", named.package, recipe.version));
        recipe
            .run("npm install", command, lock)
            .map_err(|failed| no_release(recipe, &failed, var).unwrap_or(failed))?;
        recipe.check_programs(&prefix)?;
        let mut shown = vec![prefix];
        shown.extend(installed_with(&node));
        shown.push(node.clone());
        Ok(marker(recipe, version, &node, shown))
    })
}

/// Whether npm failed because there is no such release, and which there are.
fn no_release(
    recipe: &Recipe<'_>,
    failed: &SubjectError,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Option<SubjectError> {
    failed.to_string().contains("code ETARGET").then_some(())?;
    let known = registry::releases(recipe.registry, var).ok()?;
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    Some(SubjectError::Version {
        package: recipe.registry.package().to_owned(),
        version: recipe.version.to_string(),
        known: known.join(", "),
    })
}

/// By cargo, built here with what its own lock file names, where it has one.
pub(super) fn cargo(
    recipe: &Recipe<'_>,
    named: &Named,
    cache: &Cache,
    wanted: &Wanted,
    lock: &File,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Ready, SubjectError> {
    let cargo = program("cargo", recipe, var)?;
    let mut asked = Command::new(&cargo);
    asked.arg("--version");
    let said = recipe.run("asking for the version of cargo", asked, lock)?;
    let version = said.split_whitespace().nth(1).unwrap_or("unknown");
    recipe.build(cache, wanted, ("with cargo", version), |dir| {
        let root = cache::venv(dir);
        let mut command = Command::new(&cargo);
        command.args(["install", "--locked", "--quiet", "--no-track"]);
        command.arg("--root").arg(&root);
        command.arg("--version").arg(format!("={}", recipe.version));
        // What is built belongs to nobody's workspace, and is not kept.
        command.arg("--target-dir").arg(dir.join("build"));
        command.arg(&named.package).current_dir(dir);
        recipe.run("cargo install", command, lock)?;
        drop(fs::remove_dir_all(dir.join("build")));
        recipe.check_programs(&root)?;
        // It needs nothing of cargo any more.
        let shown = vec![root.clone()];
        Ok(marker(recipe, version, &root, shown))
    })
}

/// An installer of this host.
fn program(
    name: &str,
    recipe: &Recipe<'_>,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, SubjectError> {
    let found = on_path(&name.into(), &var("PATH").unwrap_or_default());
    let first = found.into_iter().next();
    first.ok_or_else(|| recipe.failed(format!("there is no {name} on PATH")))
}

fn marker(recipe: &Recipe<'_>, tool: &str, executable: &Path, shown: Vec<PathBuf>) -> Marker {
    Marker {
        package: recipe.registry.package().to_owned(),
        version: recipe.version.to_string(),
        tool: recipe.registry.place().to_owned(),
        python: tool.to_owned(),
        executable: executable.to_path_buf(),
        shown,
        notes: Vec::new(),
    }
}
