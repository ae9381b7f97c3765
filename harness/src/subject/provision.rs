//! Setting up a release: a virtual environment of its own, once.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use serde::Deserialize;

use super::cache::{self, Cache, Marker, Ready, Wanted};
use super::pip::{interpreter, pip_install, releases, tail};
use super::profile::{Cure, Pypi};
use super::python::{self, Python};
use super::shown::shown;
use super::version::Version;
use super::{SubjectError, Tell};

/// Raised where the layout below or the way of installing changes, so that old releases are left alone.
const LAYOUT: &str = "1";
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

/// How a release is to be set up.
pub(super) struct Recipe<'a> {
    /// Its package.
    pub(super) pypi: &'a Pypi,
    /// Which release.
    pub(super) version: &'a Version,
    /// Programs below the environment that must be there in the end.
    pub(super) programs: Vec<String>,
    /// Who hears of what takes long.
    pub(super) tell: Tell<'a>,
}

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

impl Recipe<'_> {
    /// The release, from the cache or set up now.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub(super) fn have(
        &self,
        cache: &Cache,
        var: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Ready, SubjectError> {
        let mut wanted = self.wanted(python::named(var));
        if let Some(ready) = cache.ready(&wanted) {
            return Ok(ready);
        }
        let interruptible = Interruptible::begin();
        let lock = cache.lock(&wanted, self.tell)?;
        // Somebody else may have set it up while this process waited.
        if let Some(ready) = cache.ready(&wanted) {
            return Ok(ready);
        }
        cache.wipe_unfinished(&wanted)?;
        let all = python::discover(var);
        let fit = python::choose(&all, &self.pypi.python);
        if let (Some(_), [one]) = (&wanted.python, fit.as_slice()) {
            // What was named may have been a stand-in; now it has told what it stands for.
            wanted.python = fs::canonicalize(&one.executable).ok();
            if let Some(ready) = cache.ready(&wanted) {
                return Ok(ready);
            }
        }
        let mut without_cure = None;
        for python in &fit {
            match self.build(cache, &wanted, python, &lock) {
                Ok(ready) => {
                    drop(interruptible);
                    return Ok(ready);
                }
                Err(Attempt::NoCure(error)) => without_cure = Some(error),
                Err(Attempt::Failed(error)) => return Err(error),
            }
        }
        Err(without_cure.unwrap_or_else(|| no_python(self.pypi, &all, var)))
    }

    fn wanted(&self, python: Option<PathBuf>) -> Wanted {
        let requirements = self.pypi.requirements(self.version);
        let cure = self.pypi.sqlite.as_ref();
        let cure = cure.map(|c| [c.package.as_str(), &c.module, SITECUSTOMIZE]);
        let minimum = self.pypi.python.to_string();
        let texts = [LAYOUT, &minimum]
            .into_iter()
            .chain(requirements.iter().map(String::as_str))
            .chain(cure.into_iter().flatten());
        Wanted {
            package: self.pypi.package.clone(),
            version: self.version.to_string(),
            key: cache::key(texts),
            python,
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.pypi.package, self.version)
    }

    fn build(
        &self,
        cache: &Cache,
        wanted: &Wanted,
        python: &Python,
        lock: &File,
    ) -> Result<Ready, Attempt> {
        let dir = cache.dir(wanted, &python.version.to_string());
        (self.tell)(&format!(
            "setting up {} on Python {} in {}, once",
            self.name(),
            python.version,
            dir.display()
        ));
        let made = self.install(&dir, python, lock);
        if made.is_err() {
            // The next attempt wipes it too; a disk should not have to wait for that.
            drop(fs::remove_dir_all(&dir));
        }
        let marker = made?;
        Ok(Ready {
            venv: cache::venv(&dir),
            marker,
            was_there: false,
        })
    }

    fn install(&self, dir: &Path, python: &Python, lock: &File) -> Result<Marker, Attempt> {
        let venv = cache::venv(dir);
        fs::create_dir_all(dir)
            .map_err(SubjectError::cache(format!("making {}", dir.display())))?;
        let mut command = interpreter(&python.executable);
        command.args(["-m", "venv"]).arg(&venv);
        self.run("making a virtual environment", command, lock)?;

        let mut notes = Vec::new();
        let cure = self
            .pypi
            .sqlite
            .as_ref()
            .filter(|_| !python.loads_extensions);
        if let Some(cure) = cure {
            self.cure(&venv, cure, lock)?;
            notes.push(format!(
                "the sqlite3 of Python {} cannot load extensions; {} stands in for it",
                python.version, cure.package
            ));
        }
        let mut command = pip_install(&venv);
        command.args(self.pypi.requirements(self.version));
        self.run("pip install", command, lock)
            .map_err(|failed| self.no_release(&failed).unwrap_or(failed))?;

        self.check(&venv, lock)?;
        let marker = Marker {
            package: self.pypi.package.clone(),
            version: self.version.to_string(),
            python: python.version.to_string(),
            executable: python.executable.clone(),
            shown: shown(&venv, &python.base_prefix),
            notes,
        };
        cache::complete(dir, &marker)
            .map_err(SubjectError::cache(format!("completing {}", dir.display())))?;
        Ok(marker)
    }

    /// Puts a module in sqlite3's place. A binary or nothing: a build from source would use the SQLite
    /// of the host, or none.
    fn cure(&self, venv: &Path, cure: &Cure, lock: &File) -> Result<(), Attempt> {
        let mut command = pip_install(venv);
        command.args(["--only-binary=:all:", &cure.package]);
        self.run("curing sqlite3: pip install", command, lock)
            .map_err(Attempt::NoCure)?;
        let mut command = interpreter(&venv.join("bin/python"));
        command.args([
            "-c",
            "import sysconfig; print(sysconfig.get_path('purelib'))",
        ]);
        let place = self.run("asking for site-packages", command, lock)?;
        let file = Path::new(place.trim_end()).join("sitecustomize.py");
        fs::write(&file, SITECUSTOMIZE.replace("@module@", &cure.module))
            .map_err(SubjectError::cache(format!("writing {}", file.display())))?;
        Ok(())
    }

    /// Looks at what was made, rather than trusting that no step failed.
    fn check(&self, venv: &Path, lock: &File) -> Result<(), SubjectError> {
        let mut command = interpreter(&venv.join("bin/python"));
        command.args(["-c", CHECK, &self.pypi.package]);
        let answer = self.run("checking the installation", command, lock)?;
        let last = answer.trim_end().lines().last().unwrap_or_default();
        let checked: Checked = serde_json::from_str(last)
            .map_err(|e| self.failed(format!("checking the installation: {e}: {answer}")))?;
        if checked.version.parse().ok().as_ref() != Some(self.version) {
            return Err(self.failed(format!("{} was installed instead", checked.version)));
        }
        if self.pypi.sqlite.is_some() && !checked.loads_extensions {
            return Err(
                self.failed("its sqlite3 cannot load extensions, and the cure did not take".into())
            );
        }
        for program in &self.programs {
            let path =
                super::profile::fill(program, &[(super::profile::VENV, &venv.to_string_lossy())]);
            if !python::is_program(Path::new(&path)) {
                return Err(self.failed(format!("the release brings no {program}")));
            }
        }
        Ok(())
    }

    /// Runs one step. Its standard input is the lock: should this process be killed, the lock is held
    /// until the step has ended too, and nobody else builds in the same place meanwhile.
    fn run(&self, step: &str, mut command: Command, lock: &File) -> Result<String, SubjectError> {
        let lock = lock
            .try_clone()
            .map_err(SubjectError::cache("sharing the lock"))?;
        let out = command
            .stdin(Stdio::from(lock))
            .output()
            .map_err(|e| self.failed(format!("{step}: {e}")))?;
        let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
        if out.status.success() {
            return Ok(stdout);
        }
        let stderr = String::from_utf8_lossy(&out.stderr);
        Err(self.failed(format!(
            "{step} ended with {}\n{}",
            out.status,
            tail(&stdout, &stderr)
        )))
    }

    fn failed(&self, why: String) -> SubjectError {
        SubjectError::Provision {
            what: self.name(),
            why,
        }
    }

    /// Whether pip failed because there is no such release, and which there are.
    fn no_release(&self, failed: &SubjectError) -> Option<SubjectError> {
        let text = failed.to_string();
        let known = releases(&text, &self.pypi.package)?;
        Some(SubjectError::Version {
            package: self.pypi.package.clone(),
            version: self.version.to_string(),
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

/// While it lives, Ctrl-C and SIGTERM end this process as they end any other: the run that wants to
/// hear of them in order has not begun, and pip inherits the mask of the thread that starts it.
struct Interruptible(Option<SigSet>);

impl Interruptible {
    fn begin() -> Self {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        Self(signals.thread_swap_mask(SigmaskHow::SIG_UNBLOCK).ok())
    }
}

impl Drop for Interruptible {
    fn drop(&mut self) {
        if let Some(before) = self.0.take() {
            // It was in force a moment ago, so it is a valid one.
            let _restored = before.thread_set_mask();
        }
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
            let recipe = Recipe {
                pypi,
                version: &version,
                programs: Vec::new(),
                tell: &|_| (),
            };
            recipe.wanted(None).key
        };
        assert_eq!(key(&pypi("a")), key(&pypi("a")));
        assert_ne!(key(&pypi("a")), key(&pypi("b")));
    }
}
