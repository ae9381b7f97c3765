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

#[cfg(test)]
mod tests {
    use super::*;

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
