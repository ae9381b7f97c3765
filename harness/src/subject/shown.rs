//! Which host paths a subject has to see.

use std::fs;
use std::path::{Path, PathBuf};

/// The host paths an environment needs: itself, its base, and each link on the way to the interpreter.
pub(super) fn shown(venv: &Path, base_prefix: &Path) -> Vec<PathBuf> {
    let mut all = vec![venv.to_path_buf(), base_prefix.to_path_buf()];
    all.extend(fs::canonicalize(base_prefix));
    let mut at = venv.join("bin/python");
    // The kernel follows 40 links at most.
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&at) else {
            break;
        };
        at = at.parent().map(|dir| dir.join(&target)).unwrap_or(target);
        all.push(at.clone());
    }
    all.extend(fs::canonicalize(&at));
    all
}

/// The directories that a world makes itself. To show one of the host's over them, or above them, would hide them.
const OF_THE_WORLD: [&str; 4] = ["/home/user", "/run/user/1000", "/tmp/session", "/work"];
/// What of an installation a program needs to run: not what else lies beside it, such as a user's settings.
const INSTALLED: [&str; 5] = ["bin", "lib", "lib64", "libexec", "pyvenv.cfg"];

/// Whether a directory of the host can be shown and hides nothing of the world.
pub(crate) fn hides_nothing(dir: &Path) -> bool {
    !OF_THE_WORLD
        .iter()
        .any(|own| Path::new(own).starts_with(dir))
}

/// What a program was likely installed with: what stands beside `bin` in `bin/program`, for it and all that it is
/// a link to. So interpreters outside of the system's directories find their libraries: of a virtual environment, pyenv, nvm.
pub(super) fn installed_with(program: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut at = program.to_path_buf();
    // The kernel follows 40 links at most.
    for _ in 0..40 {
        if let Some(bin) = at.parent().filter(|dir| dir.ends_with("bin"))
            && let Some(prefix) = bin.parent()
        {
            all.extend(INSTALLED.map(|name| prefix.join(name)));
        }
        let Ok(target) = fs::read_link(&at) else {
            break;
        };
        at = at.parent().map(|dir| dir.join(&target)).unwrap_or(target);
        all.push(at.clone());
    }
    all.extend(fs::canonicalize(&at));
    all.retain(|path| path.exists() && hides_nothing(path));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interpreter_brings_what_it_was_installed_with_and_no_more() {
        let root = tempfile::tempdir().unwrap();
        let at = |p: &str| root.path().join(p);
        for dir in ["venv/bin", "base/bin", "base/lib", "base/settings"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        fs::write(at("venv/pyvenv.cfg"), "").unwrap();
        fs::write(at("base/bin/python3"), "").unwrap();
        std::os::unix::fs::symlink(at("base/bin/python3"), at("venv/bin/python")).unwrap();
        let found = installed_with(&at("venv/bin/python"));
        for path in [
            "venv/bin",
            "venv/pyvenv.cfg",
            "base/bin/python3",
            "base/lib",
        ] {
            assert!(found.contains(&at(path)), "{path}: {found:?}");
        }
        for path in ["base", "base/settings", "venv/lib"] {
            assert!(!found.contains(&at(path)), "{path}: {found:?}");
        }
    }

    #[test]
    fn nothing_is_laid_over_what_the_world_makes() {
        for dir in ["/", "/tmp", "/home", "/home/user", "/run", "/work"] {
            assert!(!hides_nothing(Path::new(dir)), "{dir}");
        }
        assert!(hides_nothing(Path::new("/tmp/checkout")));
    }

    #[test]
    fn every_link_on_the_way_to_the_interpreter_is_shown() {
        let root = tempfile::tempdir().unwrap();
        let at = |p: &str| root.path().join(p);
        for dir in ["venv/bin", "base/bin", "links"] {
            fs::create_dir_all(at(dir)).unwrap();
        }
        fs::write(at("base/bin/python3.12"), "").unwrap();
        std::os::unix::fs::symlink("../base/bin/python3.12", at("links/python3")).unwrap();
        std::os::unix::fs::symlink(at("links/python3"), at("venv/bin/python")).unwrap();
        let shown = shown(&at("venv"), &at("base"));
        for path in ["venv", "base", "links/python3"] {
            assert!(shown.contains(&at(path)), "{path}: {shown:?}");
        }
    }
}
