//! Starting interpreters and pip, and understanding what pip says.

use std::path::Path;
use std::process::Command;

/// The releases pip names when it finds none that fits; nothing where it could not ask, or where a
/// release was left out for the sake of this Python.
pub(super) fn releases<'a>(text: &'a str, package: &str) -> Option<&'a str> {
    if text.contains("require a different python version") {
        return None;
    }
    let (_, after) = text.split_once(&format!("satisfies the requirement {package}=="))?;
    let (_, after) = after.split_once("(from versions: ")?;
    let (known, _) = after.split_once(')')?;
    (known != "none").then_some(known)
}

/// The last lines that say something. That pip tries again says nothing that its last line does not.
pub(super) fn tail(stdout: &str, stderr: &str) -> String {
    let both: Vec<&str> = stdout
        .lines()
        .chain(stderr.lines())
        .map(str::trim_end)
        .filter(|line| !line.is_empty() && !line.starts_with("WARNING: Retrying"))
        .collect();
    let lines = both.len().saturating_sub(8);
    both[lines..]
        .iter()
        .map(|line| format!("  {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What to look at first where pip found nothing at all: it says the same of a package that is not there and of an index that
/// it could not ask.
pub(super) fn unreached(stderr: &str) -> &'static str {
    let says = |text: &str| stderr.contains(text);
    if says("(from versions: none)") || says("NewConnectionError") || says("Temporary failure") {
        "\n  Can the package index be reached from here? PIP_INDEX_URL names another one."
    } else {
        ""
    }
}

/// An interpreter that neither the caller's directory nor variables meant for another one can lead astray.
pub(super) fn interpreter(path: &Path) -> Command {
    let mut command = Command::new(path);
    command.arg("-I");
    for name in [
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONDONTWRITEBYTECODE",
        "PIP_PREFIX",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_USER",
    ] {
        command.env_remove(name);
    }
    command
}

pub(super) fn pip_install(venv: &Path) -> Command {
    let mut command = interpreter(&venv.join("bin/python"));
    command.args([
        "-m",
        "pip",
        "--no-input",
        "--disable-pip-version-check",
        "install",
    ]);
    command.args(["--progress-bar=off", "--no-warn-script-location"]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_tells_which_releases_there_are() {
        let text = "ERROR: Could not find a version that satisfies the requirement thing==9 (from versions: 0.1.0, 0.1.1)\n";
        assert_eq!(releases(text, "thing"), Some("0.1.0, 0.1.1"));
        assert_eq!(releases(text, "other"), None);
        assert_eq!(
            releases(&text.replace("0.1.0, 0.1.1", "none"), "thing"),
            None
        );
    }

    #[test]
    fn an_index_that_told_nothing_may_not_have_been_reached() {
        assert!(unreached("ERROR: ... thing==9 (from versions: none)").contains("be reached"));
        assert_eq!(unreached("ERROR: ... thing==9 (from versions: 0.1.0)"), "");
    }

    #[test]
    fn a_failure_shows_its_last_lines() {
        let many: String = (0..20).map(|n| format!("{n}\n\n")).collect();
        let told = tail(
            &many,
            "WARNING: Retrying (Retry(total=4)) after ...\nthe end\n",
        );
        assert!(told.ends_with("  19\n  the end"), "{told}");
        assert_eq!(told.lines().count(), 8);
    }
}
