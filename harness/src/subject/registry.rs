//! Which releases a package has, as its registry's own client tells: so that whatever registry is configured here
//! is the one that is asked.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;

use super::SubjectError;
use super::pip::{interpreter, tail};
use super::profile::Pypi;
use super::provision::no_python;
use super::python;
use super::version::Version;

/// What pip says where an interpreter came without it, as Debian's does.
const NO_PIP: &str = "No module named pip";

/// All releases, the oldest first. Pre-releases are not among them, unless there is nothing else.
///
/// Those that want another Python are: that such a one cannot be had here is for its own installation to say.
///
/// # Errors
/// Why nothing is known of them.
pub(super) fn releases(
    pypi: &Pypi,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Vec<Version>, SubjectError> {
    let all = python::discover(var);
    let chosen = python::choose(&all, &pypi.python);
    let python = chosen.first().ok_or_else(|| no_python(pypi, &all, var))?;
    let fail = |why: String| SubjectError::Registry {
        package: pypi.package.clone(),
        why,
    };
    let mut answer = ask(&python.executable, &pypi.package).map_err(&fail)?;
    if answer.is_err_and_contains(NO_PIP) {
        let own = tempfile::tempdir().map_err(|e| fail(e.to_string()))?;
        let mut command = interpreter(&python.executable);
        let made = command.args(["-m", "venv"]).arg(own.path()).output();
        let made = made.map_err(|e| fail(e.to_string()))?;
        if !made.status.success() {
            return Err(fail(Answer::of(&made).told()));
        }
        answer = ask(&own.path().join("bin/python"), &pypi.package).map_err(&fail)?;
    }
    understand(&answer.stdout).ok_or_else(|| fail(answer.told()))
}

/// The newest release.
///
/// # Errors
/// Why it is not known.
pub(super) fn latest(
    pypi: &Pypi,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Version, SubjectError> {
    let newest = releases(pypi, var)?.pop();
    newest.ok_or_else(|| SubjectError::Registry {
        package: pypi.package.clone(),
        why: "it has none".to_owned(),
    })
}

/// What pip said.
struct Answer {
    good: bool,
    stdout: String,
    stderr: String,
}

impl Answer {
    fn of(output: &std::process::Output) -> Self {
        Self {
            good: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn is_err_and_contains(&self, text: &str) -> bool {
        !self.good && self.stderr.contains(text)
    }

    fn told(&self) -> String {
        // That the command may change one day helps nobody here.
        let lines = self
            .stderr
            .lines()
            .filter(|line| !line.contains("experimental"));
        let stderr: Vec<&str> = lines.collect();
        format!("pip said\n{}", tail(&self.stdout, &stderr.join("\n")))
    }
}

fn ask(python: &Path, package: &str) -> Result<Answer, String> {
    let mut command = interpreter(python);
    command.args(["-m", "pip", "--no-input", "--disable-pip-version-check"]);
    command.args(["index", "versions", "--ignore-requires-python", package]);
    let output = command.stdin(Stdio::null()).output();
    output.map(|o| Answer::of(&o)).map_err(|e| e.to_string())
}

/// The line with the versions, which pip gives newest first. What is no version to us is no release to choose.
fn understand(stdout: &str) -> Option<Vec<Version>> {
    let line = |line: &'_ str| Some(line.strip_prefix("Available versions: ")?.to_owned());
    let line = stdout.lines().find_map(line)?;
    let mut all: Vec<Version> = line
        .split(',')
        .rev()
        .filter_map(|v| v.trim().parse().ok())
        .collect();
    // Stable: what this order does not tell apart stays as pip had it.
    all.sort();
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pip_lists_is_read_oldest_first() {
        let text = "thing (0.6.12)\nAvailable versions: 0.6.12, 0.6.9, 0.1.0.post1, 0.1.0\n  INSTALLED: 0.1.0\n";
        let all: Vec<String> = understand(text)
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(all, ["0.1.0", "0.1.0.post1", "0.6.9", "0.6.12"]);
        assert!(understand("ERROR: No matching distribution found for thing\n").is_none());
    }
}
