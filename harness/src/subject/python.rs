//! Finding Python interpreters, by asking each candidate what it is.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use super::version::Version;

/// Names one interpreter, and then only that one counts.
pub(super) const PYTHON: &str = "PIDPROOF_PYTHON";

/// What each candidate is asked. `_base_executable` sees through a virtual environment that happens to be active.
const QUESTION: &str = r#"
import json, platform, sys
try:
    import sqlite3
    loads = hasattr(sqlite3.Connection, "enable_load_extension")
except ImportError:
    loads = False
print(json.dumps({
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "version": platform.python_version(),
    "base_prefix": sys.base_prefix,
    "loads_extensions": loads,
}))
"#;

/// An interpreter, by its own account.
#[derive(Debug, Clone)]
pub(super) struct Python {
    /// What to start.
    pub(super) executable: PathBuf,
    /// Its version.
    pub(super) version: Version,
    /// Where its library is.
    pub(super) base_prefix: PathBuf,
    /// Whether its `sqlite3` can load extensions.
    pub(super) loads_extensions: bool,
}

#[derive(Deserialize)]
struct Answer {
    executable: PathBuf,
    version: String,
    base_prefix: PathBuf,
    loads_extensions: bool,
}

/// All interpreters here. What does not run, or is none, is left out: a version manager's stand-ins
/// (pyenv's shims) fail for every version that is not chosen.
pub(super) fn discover(var: &dyn Fn(&str) -> Option<OsString>) -> Vec<Python> {
    // All at once: an interpreter takes some tens of milliseconds to start.
    let asked: Vec<_> = candidates(var)
        .iter()
        .filter_map(|path| ask(path).ok())
        .collect();
    let answers = asked
        .into_iter()
        .filter_map(|child| child.wait_with_output().ok())
        .filter(|out| out.status.success())
        .filter_map(|out| understand(&out.stdout));
    let mut pythons: Vec<Python> = Vec::new();
    for python in answers {
        if !pythons
            .iter()
            .any(|p| p.base_prefix == python.base_prefix && p.version == python.version)
        {
            pythons.push(python);
        }
    }
    if is_named(var) {
        // Of several with this name on PATH the first that runs is meant, as a shell would find it.
        pythons.truncate(1);
    }
    pythons
}

fn is_named(var: &dyn Fn(&str) -> Option<OsString>) -> bool {
    var(PYTHON).is_some_and(|named| !named.is_empty())
}

/// The interpreter that was named, so that a release that runs on it is found without starting it.
pub(super) fn named(var: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    is_named(var).then_some(())?;
    let first = candidates(var).into_iter().next()?;
    Some(fs::canonicalize(&first).unwrap_or(first))
}

/// Whether one was named that is not there: then a release that was set up on another is none.
pub(super) fn is_named_in_vain(var: &dyn Fn(&str) -> Option<OsString>) -> bool {
    is_named(var) && candidates(var).is_empty()
}

/// Those that will do, the best first: one that needs no cure, then the newest, pre-releases last.
pub(super) fn choose(pythons: &[Python], minimum: &Version) -> Vec<Python> {
    let mut fit: Vec<Python> = pythons
        .iter()
        .filter(|p| p.version >= *minimum)
        .cloned()
        .collect();
    fit.sort_by(|a, b| {
        let rank = |p: &Python| (p.version.is_pre(), !p.loads_extensions);
        rank(a).cmp(&rank(b)).then(b.version.cmp(&a.version))
    });
    fit
}

fn ask(path: &Path) -> io::Result<std::process::Child> {
    Command::new(path)
        .args(["-I", "-c", QUESTION])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// The last line is the answer; what an interpreter's own start-up files print stands before it.
fn understand(stdout: &[u8]) -> Option<Python> {
    let text = std::str::from_utf8(stdout).ok()?;
    let answer: Answer = serde_json::from_str(text.trim_end().lines().last()?).ok()?;
    Some(Python {
        executable: answer.executable,
        version: answer.version.parse().ok()?,
        base_prefix: answer.base_prefix,
        loads_extensions: answer.loads_extensions,
    })
}

/// Executables that may be interpreters, each once.
fn candidates(var: &dyn Fn(&str) -> Option<OsString>) -> Vec<PathBuf> {
    let path = var("PATH").unwrap_or_default();
    if let Some(named) = var(PYTHON).filter(|v| !v.is_empty()) {
        return on_path(&named, &path);
    }
    let mut found: Vec<PathBuf> = [
        "python3.14",
        "python3.13",
        "python3.12",
        "python3",
        "python",
    ]
    .iter()
    .flat_map(|name| on_path(&OsString::from(name), &path))
    .collect();
    let home = var("HOME").map(PathBuf::from);
    let pyenv = var("PYENV_ROOT").map(|root| PathBuf::from(root).join("versions"));
    let homes = [".pyenv/versions", ".local/share/uv/python"];
    let homes = homes
        .iter()
        .filter_map(|below| Some(home.as_ref()?.join(below)));
    for dir in pyenv.into_iter().chain(homes) {
        let mut versions: Vec<PathBuf> = fs::read_dir(dir)
            .into_iter()
            .flatten()
            .filter_map(|item| Some(item.ok()?.path().join("bin/python3")))
            .filter(|path| is_program(path))
            .collect();
        versions.sort();
        found.append(&mut versions);
    }
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.clone())));
    found
}

/// A program by its path, or all of its name on PATH: the first may be a stand-in that does not run.
pub(super) fn on_path(name: &OsString, path: &OsString) -> Vec<PathBuf> {
    if Path::new(name).components().count() > 1 {
        return vec![name.into()];
    }
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .filter(|path| is_program(path))
        .collect()
}

/// Whether this is a file that may be executed.
pub(super) fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn python(version: &str, loads_extensions: bool) -> Python {
        Python {
            executable: "/x/python".into(),
            version: version.parse().unwrap(),
            base_prefix: "/x".into(),
            loads_extensions,
        }
    }

    #[test]
    fn an_answer_is_the_last_line() {
        let text = b"hello\n{\"executable\": \"/p/bin/python\", \"version\": \"3.12.1\", \"base_prefix\": \"/p\", \"loads_extensions\": false}\n";
        let python = understand(text).unwrap();
        assert_eq!(python.version.to_string(), "3.12.1");
        assert!(!python.loads_extensions);
        assert!(understand(b"pyenv: no such command\n").is_none());
        assert!(understand(b"").is_none());
    }

    #[test]
    fn one_that_needs_no_cure_comes_first_and_an_old_one_not_at_all() {
        let all = [
            python("3.11.2", true),
            python("3.12.1", true),
            python("3.13.0", false),
            python("3.12.9", false),
            python("3.15.0a1", true),
        ];
        let order: Vec<String> = choose(&all, &"3.12".parse().unwrap())
            .iter()
            .map(|p| p.version.to_string())
            .collect();
        assert_eq!(order, ["3.12.1", "3.13.0", "3.12.9", "3.15.0a1"]);
    }

    /// A tree of executables, and the variables that lead there.
    fn host(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in files {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "#!/bin/sh\nexit 127\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir
    }

    #[test]
    fn candidates_come_from_path_and_from_version_managers() {
        let host = host(&[
            "shims/python3.13",
            "bin/python3.13",
            "bin/python3",
            "home/.pyenv/versions/3.12.1/bin/python3",
            "home/.local/share/uv/python/cpython-3.14/bin/python3",
        ]);
        let root = host.path();
        let var = |name: &str| match name {
            "PATH" => Some(std::env::join_paths([root.join("shims"), root.join("bin")]).unwrap()),
            "HOME" => Some(root.join("home").into()),
            _ => None,
        };
        let found: Vec<PathBuf> = candidates(&var)
            .iter()
            .map(|p| p.strip_prefix(root).unwrap().to_path_buf())
            .collect();
        let expected = [
            "shims/python3.13",
            "bin/python3.13",
            "bin/python3",
            "home/.pyenv/versions/3.12.1/bin/python3",
            "home/.local/share/uv/python/cpython-3.14/bin/python3",
        ];
        assert_eq!(found, expected.map(PathBuf::from));
        // None of them is an interpreter, and that is no failure.
        assert!(discover(&var).is_empty());
    }

    #[test]
    fn of_several_with_the_name_the_first_that_runs_is_meant() {
        let host = host(&["shims/python3", "a/python3", "b/python3"]);
        let root = host.path();
        for (dir, minor) in [("a", 12), ("b", 13)] {
            let answer = format!(
                r#"{{"executable": "/{dir}/python3", "version": "3.{minor}.0", "base_prefix": "/{dir}", "loads_extensions": true}}"#
            );
            let script = format!("#!/bin/sh\necho '{answer}'\n");
            fs::write(root.join(dir).join("python3"), script).unwrap();
        }
        let dirs = ["shims", "a", "b"].map(|dir| root.join(dir));
        let found = |named: &'static str| {
            let var = |name: &str| match name {
                "PATH" => Some(std::env::join_paths(&dirs).unwrap()),
                PYTHON => Some(named.into()),
                _ => None,
            };
            let versions = discover(&var).into_iter().map(|p| p.version.to_string());
            versions.collect::<Vec<_>>()
        };
        assert_eq!(found("python3"), ["3.12.0"]);
        assert_eq!(found(""), ["3.12.0", "3.13.0"]);
    }

    #[test]
    fn a_named_interpreter_is_the_only_one() {
        let host = host(&["bin/python3"]);
        let var = |name: &str| match name {
            "PATH" => Some(host.path().join("bin").into()),
            PYTHON => Some("/opt/py/bin/python".into()),
            _ => None,
        };
        assert_eq!(candidates(&var), [PathBuf::from("/opt/py/bin/python")]);
    }
}
