//! Which releases a package has, as its registry's own client tells: so that whatever registry is configured here
//! is the one that is asked.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use super::SubjectError;
use super::package::{Named, Pypi, Registry};
use super::pip::{interpreter, tail};
use super::pypi::no_python;
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
    registry: &Registry,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Vec<Version>, SubjectError> {
    match registry {
        Registry::Pypi(pypi) => of_pip(pypi, var),
        Registry::Npm(named) => of_npm(named),
        Registry::Cargo(named) => Err(SubjectError::Registry {
            package: named.package.clone(),
            why: "cargo has no command that lists them; name one, or `latest`".to_owned(),
        }),
    }
}

fn of_pip(
    pypi: &Pypi,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Vec<Version>, SubjectError> {
    let all = python::discover(var);
    let chosen = python::choose(&all, &pypi.python);
    let python = chosen.first().ok_or_else(|| no_python(pypi, &all, var))?;
    let fail = |why: String| failed(&pypi.package, why);
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
    registry: &Registry,
    var: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Version, SubjectError> {
    let newest = match registry {
        Registry::Cargo(named) => {
            let said = said(
                // Not in a workspace, which has it tell of what is used there.
                Command::new("cargo")
                    .args(["info", "--quiet", &named.package])
                    .current_dir("/"),
            );
            said.map(|text| version_line(&text))
                .map_err(|why| failed(&named.package, why))?
        }
        Registry::Pypi(_) | Registry::Npm(_) => releases(registry, var)?.pop(),
    };
    newest.ok_or_else(|| failed(registry.package(), "it has none".to_owned()))
}

fn failed(package: &str, why: String) -> SubjectError {
    SubjectError::Registry {
        package: package.to_owned(),
        why,
    }
}

/// npm tells a list, or a text where there is one only. Pre-releases are left out where there is anything else.
fn of_npm(named: &Named) -> Result<Vec<Version>, SubjectError> {
    let mut command = Command::new("npm");
    command.args(["view", "--json", &named.package, "versions"]);
    let text = said(&mut command).map_err(|why| failed(&named.package, why))?;
    let one_or_more: Result<OneOrMore, _> = serde_json::from_str(&text);
    let all = match one_or_more {
        Ok(OneOrMore::One(version)) => vec![version],
        Ok(OneOrMore::More(all)) => all,
        Err(error) => return Err(failed(&named.package, error.to_string())),
    };
    let mut all: Vec<Version> = all.iter().filter_map(|v| v.parse().ok()).collect();
    if all.iter().any(|version| !version.is_pre()) {
        all.retain(|version| !version.is_pre());
    }
    all.sort();
    Ok(all)
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

/// What a client says on standard output, or the last that it says where it fails.
fn said(command: &mut Command) -> Result<String, String> {
    let client = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|e| format!("{client}: {e}"))?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(stdout),
        false => {
            let stderr = String::from_utf8_lossy(&output.stderr);
            Err(format!("{client} said\n{}", tail(&stdout, &stderr)))
        }
    }
}

/// Of what `cargo info` says; where an older one is at hand it may add which is the latest.
fn version_line(text: &str) -> Option<Version> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("version:"))?;
    let latest = line.split_once("(latest ").map(|(_, after)| after);
    let word = latest.unwrap_or(line).trim();
    word.split([' ', ')']).next()?.parse().ok()
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
        let version = |text| version_line(text).map(|v| v.to_string());
        assert_eq!(version("x\nversion: 1.2.3\nlicense: y\n").unwrap(), "1.2.3");
        assert_eq!(version("version: 1.0.0 (latest 1.2.0)\n").unwrap(), "1.2.0");
        assert!(understand("ERROR: No matching distribution found for thing\n").is_none());
    }
}
