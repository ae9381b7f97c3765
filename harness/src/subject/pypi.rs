//! A release from PyPI: a virtual environment of its own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::SubjectError;
use super::cache::{self, Cache, Marker, Ready, Wanted};
use super::package::{Cure, Pypi};
use super::pip::{interpreter, pip_install, releases};
use super::provision::{LAYOUT, Recipe};
use super::python::{self, Python};
use super::shown::shown;

const SITECUSTOMIZE: &str = include_str!("sitecustomize.py");

/// What the finished environment is asked: whether it holds the release, and whether the cure took.
const CHECK: &str = r#"
import importlib.metadata, json, sys
try:
    import sqlite3
    sqlite3.connect(":memory:").enable_load_extension(True)
    loads = True
except (ImportError, AttributeError):
    loads = False
print(json.dumps({
    "version": importlib.metadata.version(sys.argv[1]),
    "loads_extensions": loads,
}))
"#;

#[derive(Deserialize)]
struct Checked {
    version: String,
    loads_extensions: bool,
}

/// Why an interpreter did not do.
enum Attempt {
    /// There is no cure for its `sqlite3`; another interpreter may do better.
    NoCure(SubjectError),
    /// Another would do no better.
    Failed(SubjectError),
}

impl From<SubjectError> for Attempt {
    fn from(error: SubjectError) -> Self {
        Self::Failed(error)
    }
}

/// What is looked for in the cache.
pub(super) fn wanted(recipe: &Recipe<'_>, pypi: &Pypi, python: Option<PathBuf>) -> Wanted {
    let requirements = pypi.requirements(recipe.version);
    let cure = pypi.sqlite.as_ref();
    let cure = cure.map(|c| [c.package.as_str(), &c.module, SITECUSTOMIZE]);
    let minimum = pypi.python.to_string();
    let texts = [LAYOUT, &minimum]
        .into_iter()
        .chain(requirements.iter().map(String::as_str))
        .chain(cure.into_iter().flatten());
    Wanted {
        package: pypi.package.clone(),
        version: recipe.version.to_string(),
        tool: "py",
        key: cache::key(texts),
        python,
    }
}

/// Sets it up on the best interpreter that will do.
pub(super) fn set_up(
    recipe: &Recipe<'_>,
    pypi: &Pypi,
    cache: &Cache,
    mut wanted: Wanted,
    lock: &File,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Ready, SubjectError> {
    let all = python::discover(var);
    let fit = python::choose(&all, &pypi.python);
    if let (Some(_), [one]) = (&wanted.python, fit.as_slice()) {
        // What was named may have been a stand-in; now it has told what it stands for.
        wanted.python = fs::canonicalize(&one.executable).ok();
        if let Some(ready) = cache.ready(&wanted) {
            return Ok(ready);
        }
    }
    let pip = Pip { recipe, pypi, lock };
    let mut without_cure = None;
    for python in &fit {
        let version = python.version.to_string();
        let install = |dir: &Path| pip.install(dir, python);
        match recipe.build(cache, &wanted, ("on Python", &version), install) {
            Ok(ready) => return Ok(ready),
            Err(Attempt::NoCure(error)) => without_cure = Some(error),
            Err(Attempt::Failed(error)) => return Err(error),
        }
    }
    Err(without_cure.unwrap_or_else(|| no_python(pypi, &all, var)))
}

/// What its steps need.
struct Pip<'a> {
    recipe: &'a Recipe<'a>,
    pypi: &'a Pypi,
    lock: &'a File,
}

impl Pip<'_> {
    fn run(&self, step: &str, command: std::process::Command) -> Result<String, SubjectError> {
        self.recipe.run(step, command, self.lock)
    }

    fn install(&self, dir: &Path, python: &Python) -> Result<Marker, Attempt> {
        let venv = cache::venv(dir);
        let mut command = interpreter(&python.executable);
        command.args(["-m", "venv"]).arg(&venv);
        self.run("making a virtual environment", command)?;

        let mut notes = Vec::new();
        let cure = self
            .pypi
            .sqlite
            .as_ref()
            .filter(|_| !python.loads_extensions);
        if let Some(cure) = cure {
            self.cure(&venv, cure)?;
            notes.push(format!(
                "the sqlite3 of Python {} cannot load extensions; {} stands in for it",
                python.version, cure.package
            ));
        }
        let mut command = pip_install(&venv);
        command.args(self.pypi.requirements(self.recipe.version));
        self.run("pip install", command)
            .map_err(|failed| self.no_release(&failed).unwrap_or(failed))?;

        self.check(&venv)?;
        let marker = Marker {
            package: self.pypi.package.clone(),
            version: self.recipe.version.to_string(),
            tool: "py".to_owned(),
            python: python.version.to_string(),
            executable: python.executable.clone(),
            shown: shown(&venv, &python.base_prefix),
            notes,
        };
        Ok(marker)
    }

    /// Puts a module in sqlite3's place. A binary or nothing: a build from source would use the SQLite
    /// of the host, or none.
    fn cure(&self, venv: &Path, cure: &Cure) -> Result<(), Attempt> {
        let mut command = pip_install(venv);
        command.args(["--only-binary=:all:", &cure.package]);
        self.run("curing sqlite3: pip install", command)
            .map_err(Attempt::NoCure)?;
        let mut command = interpreter(&venv.join("bin/python"));
        command.args([
            "-c",
            "import sysconfig; print(sysconfig.get_path('purelib'))",
        ]);
        let place = self.run("asking for site-packages", command)?;
        let file = Path::new(place.trim_end()).join("sitecustomize.py");
        fs::write(&file, SITECUSTOMIZE.replace("@module@", &cure.module))
            .map_err(SubjectError::cache(format!("writing {}", file.display())))?;
        Ok(())
    }

    /// Looks at what was made, rather than trusting that no step failed.
    fn check(&self, venv: &Path) -> Result<(), SubjectError> {
        let mut command = interpreter(&venv.join("bin/python"));
        command.args(["-c", CHECK, &self.pypi.package]);
        let answer = self.run("checking the installation", command)?;
        let last = answer.trim_end().lines().last().unwrap_or_default();
        let checked: Checked = serde_json::from_str(last).map_err(|e| {
            self.recipe
                .failed(format!("checking the installation: {e}: {answer}"))
        })?;
        if checked.version.parse().ok().as_ref() != Some(self.recipe.version) {
            return Err(self
                .recipe
                .failed(format!("{} was installed instead", checked.version)));
        }
        if self.pypi.sqlite.is_some() && !checked.loads_extensions {
            return Err(self
                .recipe
                .failed("its sqlite3 cannot load extensions, and the cure did not take".into()));
        }
        self.recipe.check_programs(venv)
    }

    /// Whether pip failed because there is no such release, and which there are.
    fn no_release(&self, failed: &SubjectError) -> Option<SubjectError> {
        let text = failed.to_string();
        let known = releases(&text, &self.pypi.package)?;
        Some(SubjectError::Version {
            package: self.pypi.package.clone(),
            version: self.recipe.version.to_string(),
            known: known.to_owned(),
        })
    }
}

/// That no interpreter will do, and what there is instead.
pub(super) fn no_python(
    pypi: &Pypi,
    all: &[Python],
    var: &dyn Fn(&str) -> Option<OsString>,
) -> SubjectError {
    SubjectError::NoPython {
        package: pypi.package.clone(),
        minimum: pypi.python.to_string(),
        found: found(all, var),
    }
}

fn found(all: &[Python], var: &dyn Fn(&str) -> Option<OsString>) -> String {
    let versions: Vec<String> = all
        .iter()
        .map(|p| format!("{} ({})", p.version, p.executable.display()))
        .collect();
    match (python::named(var), versions.as_slice()) {
        (Some(path), []) => format!(
            "{}={} does not answer as a Python does",
            python::PYTHON,
            path.display()
        ),
        (None, []) => "none was found".into(),
        (_, some) => format!("found {}", some.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_profile_or_cure_is_another_release() {
        let pypi = |module: &str| Pypi {
            package: "thing".into(),
            python: "3.12".parse().unwrap(),
            constraints: Vec::new(),
            sqlite: Some(Cure {
                package: "cure".into(),
                module: module.into(),
            }),
        };
        let key = |pypi: &Pypi| {
            let version = "0.1.2".parse().unwrap();
            let registry = super::super::package::Registry::Pypi(pypi.clone());
            let recipe = Recipe {
                registry: &registry,
                version: &version,
                programs: Vec::new(),
                tell: &|_| (),
            };
            wanted(&recipe, pypi, None).key
        };
        assert_eq!(key(&pypi("a")), key(&pypi("a")));
        assert_ne!(key(&pypi("a")), key(&pypi("b")));
    }
}
